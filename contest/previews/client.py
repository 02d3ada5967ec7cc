"""The worker's side: starts the rendering process, hands it files, and trusts nothing that it makes."""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from contest.previews.collect import Collector, Progress
from contest.previews.confine import Limits
from contest.previews.kinds import Kind
from contest.previews.outcome import FONTS_FILE, PRESETS, NoRoom, Output, RendererAway, RendererGone, Result

__all__ = ["Limits", "NoRoom", "Output", "PreviewServer", "Progress", "RendererGone", "Result", "Unconfined", "render"]

#: How long the server may say nothing at all: its own wall clock for one file, and a short queue before it.
_SILENCE_S, _CLIP_SILENCE_S = 180.0, 420.0
_START_S = 60.0
#: What of our environment the server sees. Anything else could be a secret.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "FONTCONFIG_PATH")


class Unconfined(Exception):
    """This host lacks a layer of confinement (see `confine.layers`), and nobody allowed to do without."""


class PreviewServer:
    """The rendering process: started once per worker by its main thread, and never alive without it.

    A context manager. Survives what happens to single files; if it is ever found dead, `start` again
    (the address changes). `allow_unconfined` lets it work where the kernel lacks a layer. `wall_s` and
    `limits` bound one file.
    """

    def __init__(self, *, allow_unconfined: bool = False, wall_s: float = 40.0, limits: Limits | None = None) -> None:
        self._options = {"allow_unconfined": allow_unconfined, "wall_s": wall_s, "limits": asdict(limits or Limits())}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: str | None = None
        self._owner = 0
        #: Which layers of confinement hold on this host; empty until started.
        self.layers: dict[str, bool] = {}
        #: The unix socket to give to `render`; empty until started.
        self.address = ""

    @property
    def pid(self) -> int | None:
        """The server's process id while it is started."""
        return self._process.pid if self._process else None

    def start(self) -> str:
        """Start the process unless it lives, and return the address of its socket once it serves.

        Raises `Unconfined`, `RendererGone` if it does not come up, and RuntimeError off the main thread:
        the kernel ends the server with the *thread* that started it.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the preview server from the main thread")
        if self.alive():
            return self.address
        self.stop()
        self._owner = os.getpid()
        self._folder = _short_folder()
        try:
            self._process = self._spawn(self._folder)
            ready = self._await_ready(self._process)
        except BaseException:
            self.stop()
            raise
        self.layers = ready.get("layers", {})
        if "layers" not in ready or "error" in ready:
            self.stop()
            if ready.get("error") == "unconfined":
                missing = ", ".join(sorted(name for name, works in self.layers.items() if not works))
                raise Unconfined(f"this host does not offer: {missing}")
            raise RendererGone("the preview server did not start")
        self.address = os.path.join(self._folder, "s")
        return self.address

    def stop(self) -> None:
        """End the process and remove its folder. Does nothing in a fork of the process that started it."""
        if self._owner != os.getpid():
            return
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def alive(self) -> bool:
        """Whether the process runs, as seen by the process that started it."""
        return self._owner == os.getpid() and self._process is not None and self._process.poll() is None

    def __enter__(self) -> PreviewServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, folder: str) -> subprocess.Popen[bytes]:
        settings = {**self._options, "folder": folder, "parent": self._owner}
        return subprocess.Popen(
            [sys.executable, "-E", "-s", "-m", "contest.previews.server", json.dumps(settings)],
            # Where the package lies, wherever we were started; the server leaves this folder at once.
            cwd=Path(__file__).resolve().parents[2],
            env=self._environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # So that a Ctrl-C, or a signal to the worker's group, reaches the worker alone.
            start_new_session=True,
        )

    @staticmethod
    def _environment(folder: str) -> dict[str, str]:
        return {
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "VIPS_BLOCK_UNTRUSTED": "1",
            "VIPS_CONCURRENCY": "1",
            "MALLOC_ARENA_MAX": "2",
            # Threads would not survive the fork.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "TMPDIR": folder,
            "FONTCONFIG_FILE": os.path.join(folder, FONTS_FILE),
        }

    @staticmethod
    def _await_ready(process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        with process.stdout as pipe:
            readable, _, _ = select.select([pipe], [], [], _START_S)
            line = pipe.readline() if readable else b""
        ready: dict[str, Any] = json.loads(line) if line else {}
        return ready


def render(
    file: BinaryIO,
    kind: Kind,
    *,
    address: str,
    presets: Sequence[str] = tuple(PRESETS),
    quick: bool = False,
    clips: bool = False,
    keep: Callable[[Output], None] | None = None,
    told: Callable[[Progress], None] | None = None,
    member: Callable[[int, BinaryIO], None] | None = None,
) -> Result:
    """Previews of `file`, made by the server at `address`.

    `file` is an open regular file; its position does not matter, and the renderer gets it read-only.
    `presets`: those of PRESETS, CARDS and EXTRAS that are wanted. `quick`: the first picture only. `clips`: of a
    video its clip only, for which `presets` holds "mp4".
    Each output is checked as it comes and handed to `keep` while the others are still being made; without
    `keep` they stand in the result, with their bytes. `told` hears how far it is; `member` takes the open
    files of a package by their number in the tree. What one of the three raises ends the rendering.
    A verdict may still turn what was kept into nothing: the result names the outputs that count.

    Raises `RendererAway` if the server cannot be asked, `RendererGone` if it ends or falls silent over the file,
    `NoRoom` if its disk is full: none says anything of the file, so try again later.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        connection.settimeout(_CLIP_SILENCE_S if clips else _SILENCE_S)
        descriptor = _read_only(file)
        stack.callback(os.close, descriptor)
        try:
            connection.connect(address)
            header = json.dumps({"kind": kind.value, "presets": list(presets), "quick": quick, "clips": clips}).encode()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))
            connection.sendmsg([header], [rights])
        except OSError as error:
            raise RendererAway(str(error)) from error
        collector = Collector(os.path.dirname(address), presets, keep=keep, told=told, member=member)
        stack.callback(collector.close)
        for event in _events(connection):
            if event == {"event": "full"}:
                raise NoRoom("the disk of the renderer is full")
            if (result := collector.hear(event)) is not None:
                return result
        raise RendererGone("the preview server did not finish")


def _read_only(file: BinaryIO) -> int:
    """A second, read-only opening of `file`: its own position, and no right to write for the renderer."""
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise ValueError("a preview needs a regular file")
    file.flush()
    return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)


def _events(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """What the server says, line by line, to its last word."""
    try:
        with connection.makefile("rb") as lines:
            for line in lines:
                event = json.loads(line)
                yield event
                if event["event"] == "done":
                    return
    except (OSError, ValueError) as error:
        raise RendererGone(str(error)) from error
    raise RendererGone("the preview server went away")


def _short_folder() -> str:
    """A folder for us alone, with room for a socket's name: the kernel takes 107 bytes."""
    base = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="contest-", dir=base if len(os.fsencode(base)) <= 70 else "/tmp")  # noqa: S108
