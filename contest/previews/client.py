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

from contest.previews import jpeg, webp
from contest.previews.confine import Limits
from contest.previews.kinds import Kind
from contest.previews.outcome import (
    CARDS,
    FONTS_FILE,
    MAX_OUTPUT_BYTES,
    MAX_OUTPUTS,
    MAX_PAGES,
    PRESETS,
    REASONS,
    VERDICTS,
    Output,
    RendererGone,
    Result,
)

__all__ = ["Limits", "Output", "PreviewServer", "RendererGone", "Result", "Unconfined", "render"]

#: How long the server may say nothing at all: its own wall clock for one file, and a short queue before it.
_SILENCE_S = 180.0
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
    first: Callable[[Output], None] | None = None,
) -> Result:
    """Previews of `file`, made by the server at `address`.

    `file` is an open regular file; its position does not matter, and the renderer gets it read-only.
    `first` is called once with the first picture, the smallest of the first page, while the others are
    still being made; what it raises ends the rendering. Raises `RendererGone` if the server is away or
    falls silent: the file is not to blame then, so try again later.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        connection.settimeout(_SILENCE_S)
        descriptor = _read_only(file)
        stack.callback(os.close, descriptor)
        try:
            connection.connect(address)
            header = json.dumps({"kind": kind.value, "presets": list(presets)}).encode()
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))
            connection.sendmsg([header], [rights])
        except OSError as error:
            raise RendererGone(str(error)) from error
        return _collect(_events(connection), os.path.dirname(address), first)


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


def _collect(events: Iterator[dict[str, Any]], parent: str, first: Callable[[Output], None] | None) -> Result:
    """The result of one rendering. A picture that is not as we make them turns the whole into a failure."""
    pages = width = height = 0
    outputs: dict[tuple[int, str], Output] = {}
    folder = -1
    try:
        for event in events:
            try:
                if event["event"] == "folder":
                    path = os.path.join(parent, os.path.basename(event["name"]))
                    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                elif event["event"] == "source":
                    pages, width, height = (_natural(event[name]) for name in ("pages", "width", "height"))
                elif event["event"] == "output":
                    page, preset = _natural(event["page"]), event["preset"]
                    if not 1 <= page <= MAX_PAGES or preset not in (*PRESETS, *CARDS) or (page, preset) in outputs:
                        raise ValueError("an output that nobody asked for")
                    if len(outputs) == MAX_OUTPUTS:
                        raise ValueError("too many outputs")
                    outputs[page, preset] = _fetch(folder, page, preset)
                else:
                    verdict, reason = event["verdict"], event["reason"]
                    spent = float(event["cpu_s"]), float(event["peak_mb"])
                    if verdict not in VERDICTS or (reason is None) != (verdict == "ready"):
                        raise ValueError("a verdict that we do not know")
                    if reason is not None and reason not in REASONS:
                        raise ValueError("a reason that we do not know")
                    if verdict in ("ready", "damaged") and not outputs:
                        raise ValueError("a preview without a picture")
                    kept = tuple(outputs.values()) if verdict in ("ready", "damaged") else ()
                    return Result(verdict, reason, pages, width, height, kept, *spent)
            except (ValueError, KeyError, TypeError, OSError):
                # Said by a child in a stranger's hands, or by a bug of ours. The file gets no previews.
                return Result("failed", "crashed", 0, 0, 0, (), 0.0, 0.0)
            if first is not None and outputs:
                first(next(iter(outputs.values())))
                first = None
    finally:
        if folder >= 0:
            os.close(folder)
    raise RendererGone("the preview server did not finish")


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 10**9:
        raise ValueError("not a count")
    return value


def _fetch(folder: int, page: int, preset: str) -> Output:
    """Read one picture of the child's folder. The name is ours, links are not followed, the bytes are measured."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(f"{page}-{preset}.{'jpeg' if preset in CARDS else 'webp'}", flags, dir_fd=folder)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a file")
        data = file.read(MAX_OUTPUT_BYTES + 1)
    if len(data) > MAX_OUTPUT_BYTES:
        raise ValueError("too large")
    if preset in CARDS:
        if jpeg.measure(data) != CARDS[preset]:
            raise ValueError("not of the size that we asked for")
        return Output(preset, page, *CARDS[preset], data)
    width, height = webp.measure(data)
    if not (0 < width <= PRESETS[preset] and 0 < height <= PRESETS[preset]):
        raise ValueError("not of the size that we asked for")
    return Output(preset, page, width, height, data)


def _short_folder() -> str:
    """A folder for us alone, with room for a socket's name: the kernel takes 107 bytes."""
    base = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="contest-", dir=base if len(os.fsencode(base)) <= 70 else "/tmp")  # noqa: S108
