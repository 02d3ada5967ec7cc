"""What a large upload costs on a sound line and on one that breaks: `python benchmarks/uploads.py`.

A real browser sends a source package through the entrant's page to the embedded store. Between them stands a
line of our own on the loopback, which counts the bytes and, where asked, cuts every connection now and then.

- `sound`: seconds of the page's whole way (digests, grants, parts, joining) against one bare PUT of the same
  bytes from the same browser through the same line. Target: ratio ≤ 3.
- `broken`: bytes that went over a line that breaks each 24 MB, against the file's size. A break costs half of two
  parts in the mean, so 1.5 and what lies in buffers; one PUT of a larger file would never arrive. Target: ratio ≤ 2.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from chromium import find
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from benchmarks.pages import gunicorn
from contest import create_app, db, schema
from contest.embedded import Embedded
from contest.models import Account, EntryFile
from contest.services import accounts
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make

MB = 1_000_000
SOUND, BROKEN = 3.0, 2.0
LONGEST = 600.0
_PUT = """async ([url, headers, field]) => {
  const file = document.querySelector(field).files[0];
  const began = performance.now();
  const answer = await fetch(url, { method: "PUT", headers, body: file });
  if (!answer.ok) throw new Error(`the bare PUT was answered with ${answer.status}`);
  return (performance.now() - began) / 1000;
}"""


class Line:
    """A way to the store that counts what is sent; each `every` bytes it cuts all connections."""

    def __init__(self, port: int, store: int) -> None:
        self.every = self.sent = self.breaks = 0
        self._store = store
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ear = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self._listen, daemon=True).start()

    def reset(self, every: int) -> None:
        with self._lock:
            self.every, self.sent, self.breaks = every, 0, 0

    def close(self) -> None:
        self._ear.close()
        self._cut()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._ear.accept()
                far = socket.create_connection(("127.0.0.1", self._store))
                with self._lock:
                    self._open |= {near, far}
                threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
                if up and self._counted(len(data)):
                    self._cut()
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {here, there}

    def _counted(self, size: int) -> bool:
        """Whether the line breaks with these bytes."""
        with self._lock:
            before, self.sent = self.sent, self.sent + size
            broken = bool(self.every) and before // self.every != self.sent // self.every
            self.breaks += broken
            return broken

    def _cut(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def package(folder: Path, size: int, seed: int) -> Path:
    """A ZIP of so many bytes that do not compress, as a file, since gigabytes do not go over the browser's own wire."""
    made = folder / f"package-{seed}.zip"
    noise = random.Random(seed)
    with zipfile.ZipFile(made, "w") as archive, archive.open("design.bin", "w") as member:
        for _ in range(0, size, MB):
            member.write(noise.randbytes(MB))
    return made


def cookie_of(settings: Settings, database: db.Database, account: Account) -> dict[str, str]:
    """The cookie of a browser in which the account is signed in."""
    with database.unit_of_work() as session:
        token = accounts.start_session(session, session.get_one(Account, account.id), address="", agent="")
    app = create_app(settings)
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    value = serializer.dumps({"_user_id": token, "_fresh": True, "_permanent": True, "csrf_token": "b" * 40})
    app.extensions["contest.db"].close()
    return {"name": "session", "value": str(value), "url": settings.base_url}


def send(page: Page, database: db.Database, file: Path) -> float:
    """Seconds from the choice until the server has noted that the whole file has arrived."""
    began = time.perf_counter()
    page.locator('form[data-slot="package"] input[type=file]').first.set_input_files(file)
    while time.perf_counter() - began < LONGEST:
        with database.reading() as session:
            states = session.scalars(select(EntryFile.state).where(EntryFile.name == file.name)).all()
        if states == ["received"]:
            return time.perf_counter() - began
        page.wait_for_timeout(100)
    raise SystemExit(f"{file.name} did not arrive within {LONGEST} s: {page.locator('li.file').all_inner_texts()}")


def bare_put(page: Page, storage: Storage, file: Path) -> float:
    """Seconds of one PUT of the file from the same page."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    grant = storage.grant_put(
        f"incoming/bare-{file.stem}", length=file.stat().st_size, sha256=digest, content_type="application/octet-stream"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input type=file id=bare>')")
    page.locator("#bare").set_input_files(file)
    took: float = page.evaluate(_PUT, [grant.url, grant.headers, "#bare"])
    return took


@contextmanager
def site(folder: Path) -> Iterator[tuple[Settings, Line, db.Database]]:
    """The application under gunicorn, its services, and the line between browser and store."""
    embedded = Embedded(folder)
    try:
        addresses = embedded.start()
        # Each asking gives another free port.
        web, near = embedded.port("web"), embedded.port("line")
        line = Line(near, int(addresses.s3_endpoint.rpartition(":")[2]))
        settings = Settings(
            contest_env="test",
            secret_key="benchmark-key-of-thirty-two-chars!",
            base_url=f"http://localhost:{web}",
            database_url=addresses.database_url,
            redis_url=addresses.redis_url,
            s3_endpoint=addresses.s3_endpoint,
            s3_public_endpoint=f"http://127.0.0.1:{near}",
            s3_access_key=addresses.s3_access_key,
            s3_secret_key=addresses.s3_secret_key,
            s3_bucket=addresses.s3_bucket,
            log_level="ERROR",
        )
        schema.migrate(settings.database_url)
        Storage.from_settings(settings).prepare([settings.base_url])
        database = db.Database(settings.database_url)
        environment = os.environ | {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
        environment |= {"PYTHONPATH": str(ROOT)}
        with gunicorn("contest:create_app()", web, environment, "/healthz"):
            yield settings, line, database
        database.close()
        line.close()
    finally:
        embedded.stop()


def run(size: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="contest-bench-"))
    try:
        files = [package(folder, size, seed) for seed in (1, 2)]
        with site(folder / "data") as (settings, line, database):
            with database.unit_of_work() as session:
                make = Make(session, settings)
                slot = {"key": "package", "kinds": ["zip"], "max_bytes": 5 * 10**9, "max_files": 3}
                contest = make.contest("open", slug="line", deliverables=[slot])
                entrant = make.entry(contest, state="draft", files=0).account
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
                context = browser.new_context(base_url=settings.base_url)
                context.add_cookies([cookie_of(settings, database, entrant)])  # type: ignore[list-item]
                page = context.new_page()
                page.goto("/contests/line/entry")
                ours = send(page, database, files[0])
                bare = bare_put(page, Storage.from_settings(settings), files[0])
                line.reset(24 * MB)
                slow = send(page, database, files[1])
                sent, breaks = line.sent, line.breaks
                browser.close()
        weight = files[1].stat().st_size
        return {
            "sound": {"s": round(ours, 2), "bare_s": round(bare, 2), "ratio": round(ours / bare, 2)},
            "broken": {"s": round(slow, 1), "breaks": breaks, "bytes": sent, "ratio": round(sent / weight, 2)},
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=200, help="MB of a file (default 200)")
    found = run(parser.parse_args().size * MB)
    kept = found["sound"]["ratio"] <= SOUND and found["broken"]["ratio"] <= BROKEN
    targets = {"sound": SOUND, "broken": BROKEN}
    print(json.dumps({**found, "targets": targets, "kept": kept, "cores": os.cpu_count()}, indent=1))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
