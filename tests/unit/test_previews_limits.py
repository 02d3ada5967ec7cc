"""What ends a rendering that is no fault of its file, and what its file is blamed for."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from contest import jobs
from contest.previews import client, command, confine, server
from contest.previews.client import Limits, NoRoom, PreviewServer, RendererGone, Result
from contest.previews.kinds import ARCHIVES, VIDEOS, Kind
from contest.previews.outcome import MAX_EXTRA_BYTES, RendererAway
from contest.previews.pipeline import Order
from tests.pictures import pdf, png, svg

ROOT = Path(__file__).resolve().parents[2]

#: A server whose children can make no file: the kernel answers "no space left" to each try.
FULL = """
import errno, os, platform, sys
from contest.previews import seccomp, server

class Child(server._Child):
    def run(self, *arguments, **named):
        openat = {"x86_64": 257, "aarch64": 56}[platform.machine()]
        program = [(0x20, 0, 0, 0), (0x15, 0, 3, openat), (0x20, 0, 0, 32), (0x45, 0, 1, os.O_CREAT),
                   (0x06, 0, 0, 0x50000 | errno.ENOSPC), (0x06, 0, 0, 0x7FFF0000)]
        server.confine._forbid_privileges()
        seccomp.install(program)
        super().run(*arguments, **named)

server._Child = Child
if sys.argv[2] == "full":
    server._MAX_FOLDER_BYTES = 2**62  # whatever is free here, it is not enough
server.main(sys.argv[1])
"""


def preview(address: str, data: bytes, kind: Kind) -> Result:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return client.render(file, kind, address=address)  # type: ignore[arg-type]


@contextmanager
def full(tmp_path: Path, state: str) -> Iterator[str]:
    place = tmp_path / "s"
    place.mkdir()
    settings = json.dumps({"folder": str(place), "parent": os.getpid()})
    with subprocess.Popen([sys.executable, "-c", FULL, settings, state], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert "layers" in json.loads(process.stdout.readline())
            yield str(place / "s")
        finally:
            process.terminate()


@pytest.mark.parametrize(("data", "kind"), [(png(), Kind.PNG), (pdf(2), Kind.PDF), (svg(), Kind.SVG)])
def test_a_full_disk_is_not_the_files_fault(tmp_path: Path, data: bytes, kind: Kind) -> None:
    with full(tmp_path, "full") as address, pytest.raises(NoRoom):
        preview(address, data, kind)


def test_on_the_command_line_neither(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    with full(tmp_path, "full") as address:
        started = SimpleNamespace(start=lambda: address)
        answer = command._answer(started, str(tmp_path / "a.png"), None, Order(""))  # type: ignore[arg-type]
    assert (answer.result, answer.error) == (None, "the disk of the renderer is full")


def test_a_child_that_only_says_so_is_not_believed(tmp_path: Path) -> None:
    with full(tmp_path, "roomy") as address:
        result = preview(address, png(), Kind.PNG)
        assert (result.verdict, result.reason, result.outputs) == ("failed", "crashed", ())


def test_what_passes_by_itself_is_tried_for_longer() -> None:
    for error in (NoRoom(), RendererAway(), OSError(errno.ENOSPC, ""), OSError(errno.EDQUOT, "")):
        assert jobs._is_outage(error)
    for error in (RendererGone(), OSError(errno.EIO, ""), ValueError()):
        assert not jobs._is_outage(error)


def test_who_cannot_be_asked_is_told_from_who_ends_over_a_file() -> None:
    with PreviewServer() as running:
        address = running.address
        with tempfile.TemporaryFile() as file:
            file.write(pdf(60))
            file.flush()

            def kill(_: object) -> None:
                psutil.Process(running.pid).kill()

            with pytest.raises(RendererGone) as over:
                client.render(file, Kind.PDF, address=address, told=kill)  # type: ignore[arg-type]
            assert not isinstance(over.value, RendererAway)
            psutil.Process(running.pid).wait(10)
            with pytest.raises(RendererAway):
                client.render(file, Kind.PDF, address=address)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "kind", "reasons"),
    [
        (pdf(1), Kind.PDF, {"memory"}),
        (png(4000, 4000), Kind.PNG, {"memory"}),
        # GLib ends the process where it gets none.
        (svg(), Kind.SVG, {"memory", "crashed"}),
    ],
)
def test_too_little_memory_is_a_verdict(data: bytes, kind: Kind, reasons: set[str]) -> None:
    with PreviewServer() as running:
        size = psutil.Process(running.pid).memory_info().vms
    # Enough to begin, and not for the pixels.
    with PreviewServer(limits=Limits(address_space=size + 24 * 1024**2)) as running:
        result = preview(running.address, data, kind)
        assert (result.verdict, result.outputs) == ("failed", ())
        assert result.reason in reasons
        assert running.alive()


def test_kinds_of_which_copies_are_made_may_write_more() -> None:
    given = {"file_size": 1000, "cpu_s": 7}
    for kind in Kind:
        limits = server.limits_of(kind, given, 5000)
        large = kind in (Kind.MP4, Kind.MOV, Kind.WEBM, Kind.AVI, Kind.PROTOTYPE)
        assert limits.file_size == (MAX_EXTRA_BYTES if large else 1000)
        assert limits.cpu_s == 7
        mapped = kind in VIDEOS | ARCHIVES  # may be larger than what a child has, and are read a part at a time
        assert limits.address_space == confine.Limits().address_space + (5000 if mapped else 0)
        assert server._room(kind) >= server._room(None)
