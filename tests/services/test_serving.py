"""What gunicorn refuses before the application sees it is answered in our words and with our headers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest

from tests.pages import check_headers
from tests.waiting import until

ROOT = Path(__file__).parents[2]
#: A site of one word; what is asked here never gets so far, but for one request.
SITE = """
def site(environ, start):
    if environ["PATH_INFO"] == "/broken":
        start("200 OK", [("X-Odd", "a\\nb")])
    start("200 OK", [("Content-Length", "5")])
    return [b"there"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of gunicorn with our worker class."""
    folder = tmp_path_factory.mktemp("g")
    (folder / "one_word.py").write_text(SITE)
    bound = folder / "s"
    command = ["gunicorn", "one_word:site", "--bind", f"unix:{bound}", "--worker-class", "contest.serving.Worker"]
    limits = ["--limit-request-line", "4094", "--limit-request-field_size", "8190", "--no-control-socket"]
    environment = os.environ | {
        "PYTHONPATH": f"{folder}:{ROOT}",
        "CONTEST_ENV": "test",
        "BASE_URL": "https://a.example",
    }
    process = subprocess.Popen([sys.executable, "-m", *command, *limits], env=environment, cwd=folder)

    def listens() -> bool:
        try:
            return b"there" in _ask(bound, b"GET / HTTP/1.0\r\n\r\n")
        except OSError:
            return False

    try:
        until(listens, 60)
        yield bound
    finally:
        process.terminate()
        process.wait(60)


def _ask(bound: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(60)
        wire.connect(str(bound))
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65536), b""))


class _Answer:
    def __init__(self, answer: bytes) -> None:
        head, _, self.body = answer.partition(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        self.status = int(line.split()[1])
        self.headers = BytesHeaderParser().parsebytes(rest)


@pytest.mark.parametrize(
    "request_, status, words",
    [
        (b"GET /?q=%b HTTP/1.1\r\nHost: a.example\r\n\r\n" % (b"a" * 5000), 414, "The address is too long"),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nCookie: %b\r\n\r\n" % (b"a" * 9000), 431, "Delete the cookies"),
        (b"<script> HTTP/1.1\r\n\r\n", 400, "The browser sent something that we cannot read"),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nOdd header: x\r\n\r\n", 400, "Go back"),
        (b"GET /broken HTTP/1.1\r\nHost: a.example\r\n\r\n", 500, "Something went wrong on our side"),
    ],
)
def test_a_refusal_of_the_server_itself_is_a_page_of_ours(
    server: Path, request_: bytes, status: int, words: str
) -> None:
    answer = _Answer(_ask(server, request_))

    said = answer.body.decode()
    assert (answer.status, int(answer.headers["Content-Length"])) == (status, len(answer.body))
    check_headers(answer, str(status))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert words in said and 'lang="en" dir="ltr"' in said and 'lang="ja" dir="ltr"' in said
    assert "script" not in said and "aaaa" not in said and "Odd" not in said
