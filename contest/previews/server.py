"""The warm fork server: a process that never held a secret, and forks one confined child per file.

    python -m contest.previews.server '{"folder": …, "parent": …, …}'     (started by `client.PreviewServer`)

It imports the media libraries once and never uses them itself, because their threads would not survive
a fork. Per connection on its unix socket it takes one message, a JSON header with the file's descriptor,
forks a child, passes on what the child reports line by line, and answers with a verdict even if the
child is killed. One loop serves all connections; nothing in it waits for a client or a child.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import gc
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from contest.previews import confine
from contest.previews.kinds import ARCHIVES, MODELS, VIDEOS, Kind
from contest.previews.outcome import (
    CARDS,
    EXTRAS,
    FONTS_FILE,
    MAX_EXTRA_BYTES,
    MAX_MEMBERS,
    MAX_OUTPUTS,
    MAX_PAGES,
    PRESETS,
    NoRoom,
)

#: Where fonts and their configuration lie: all that a child can read besides the file that it is given.
FONT_PATHS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts", "/etc/fonts",
    "/usr/share/fontconfig", "/var/cache/fontconfig",
)  # fmt: skip

#: Where the host's OpenGL finds its drivers, which it loads only once there is something to draw. For models only.
_OPENGL = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/glvnd", "/etc/glvnd", "/usr/share/drirc.d")

_FONT_CACHE = "fonts"
_FONT_FILES = (FONTS_FILE, _FONT_CACHE)
#: The host's own configuration, but with a cache of ours before all others: the system's may be out of
#: reach, or of another version than the library in the wheel writes.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <cachedir>{cache}</cachedir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <include ignore_missing="yes">fonts.conf</include>
</fontconfig>
"""

_PR_SET_PDEATHSIG = 1
_MAX_HEADER = 4096
_MAX_LINE = 1024
_WORDS = frozenset({"source", "page", "output", "tree", "member", "done"})
_MAX_LINES = MAX_OUTPUTS + MAX_PAGES + MAX_MEMBERS + 3
#: What a child may leave on the disk in all: its limit on one file does not bound their sum.
_MAX_FOLDER_BYTES = 600_000_000
#: Kinds of which an extra is about as large as the file itself.
_LARGE = VIDEOS | {Kind.PROTOTYPE}
#: A clip of a video may take so many times what pictures may, of the processor and on the wall.
_CLIP_TIMES, _CLIP_WALL_TIMES = 4, 10
#: How a child ends that found the disk full.
_NO_ROOM = 75
_PATIENCE_S = 60.0  # for a client that sends no header, or does not fetch what it asked for
_TICK_S = 0.5


@dataclass
class Settings:
    """What the starter passes on the command line, as JSON."""

    folder: str
    #: Process id of the starter; the server ends when that ends.
    parent: int
    wall_s: float = 40.0
    allow_unconfined: bool = False
    limits: dict[str, int] = field(default_factory=lambda: asdict(confine.Limits()))
    #: Children at a time; further connections wait in the socket's backlog.
    children: int = field(default_factory=lambda: max(2, os.cpu_count() or 1))


@dataclass(eq=False)
class _Job:
    """One connection, and its child once there is one."""

    client: socket.socket
    deadline: float
    folder: str = ""
    kind: Kind | None = None
    pid: int = 0
    #: Readable when the child has ended.
    pidfd: int = -1
    #: The child's reports come from here.
    pipe: int = -1
    unread: bytes = b""
    lines: int = 0
    outputs: int = 0
    #: The child's own last word.
    done: dict[str, Any] | None = None
    #: Why we killed the child.
    killed: str | None = None
    #: Whether all has been said, and only the client's leaving is awaited.
    answered: bool = False
    #: What the client has not taken yet; bounded by the lines that a child may write.
    unsent: bytes = b""


class Server:
    """The loop. `serve` returns when the process is told to end."""

    def __init__(self, settings: Settings, layers: dict[str, bool], listener: socket.socket) -> None:
        self._settings = settings
        self._layers = [name for name, works in layers.items() if works]
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._jobs: set[_Job] = set()
        self._listening = False

    def serve(self) -> None:
        """Serve until SystemExit is raised by the signal's handler."""
        try:
            while True:
                self._listen(len(self._jobs) < self._settings.children)
                for key, ready in self._selector.select(_TICK_S if self._jobs else None):
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.data in self._jobs:
                        self._guarded(key.data, key.fileobj, ready)
                for job in list(self._jobs):
                    self._watch(job)
        finally:
            for job in list(self._jobs):
                self._drop(job)

    def _listen(self, wanted: bool) -> None:
        if wanted and not self._listening:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._listening and not wanted:
            self._selector.unregister(self._listener)
        self._listening = wanted

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # it has gone again
            return
        client.setblocking(False)
        uid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (os.getuid(), 0):
            client.close()
            return
        job = _Job(client, time.monotonic() + _PATIENCE_S)
        self._jobs.add(job)
        self._selector.register(client, selectors.EVENT_READ, job)

    def _guarded(self, job: _Job, source: Any, ready: int) -> None:
        """One event of one job; what goes wrong with it concerns no other job."""
        try:
            if source is job.client:
                if ready & selectors.EVENT_WRITE:
                    self._send(job)
                elif job.pid or job.answered:
                    self._drop(job)  # a client says nothing after its header, so this is its end
                else:
                    self._begin(job)
            elif source == job.pipe:
                self._report(job)
            elif source == job.pidfd:
                self._finish(job)
            # Else an event from before a descriptor was closed, in the same round.
        except Exception as error:
            traceback.print_exc()
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._tell(job, {"event": "full"})
            self._drop(job)

    def _watch(self, job: _Job) -> None:
        if time.monotonic() > job.deadline:
            if job.pid:
                self._kill(job, "timeout")
            else:
                self._drop(job)
        elif job.pid and _folder_bytes(job.folder) > _room(job.kind):
            self._kill(job, "bomb")

    # From the header to the child.

    def _begin(self, job: _Job) -> None:
        header, descriptors = _receive(job.client)
        try:
            if not header or len(descriptors) != 1:
                self._drop(job)
                return
            wanted = json.loads(header)
            job.kind = Kind(wanted["kind"])
            presets = [preset for preset in (*PRESETS, *CARDS, *EXTRAS) if preset in wanted["presets"]]
            clips = bool(wanted.get("clips"))
            if not presets or (clips and job.kind not in VIDEOS):
                raise ValueError("nothing to do")
            job.folder = tempfile.mkdtemp(dir=self._settings.folder, prefix="job-")
            self._tell(job, {"event": "folder", "name": os.path.basename(job.folder)})
            if job not in self._jobs:
                return
            job.pipe, child_end = os.pipe()
            child = _Child(self._settings, self._layers, job.folder)
            # Until the child has its own way with it, our handler of the signal must not run there.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            job.pid = os.fork()
            if job.pid == 0:
                try:
                    quick = bool(wanted.get("quick"))
                    child.run(descriptors[0], child_end, job.kind, presets, quick=quick, clips=clips)
                finally:  # whatever happens there, two servers must never come of one
                    os._exit(1)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            os.close(child_end)
            job.deadline = time.monotonic() + self._settings.wall_s * (_CLIP_WALL_TIMES if clips else 1)
            os.set_blocking(job.pipe, False)
            job.pidfd = os.pidfd_open(job.pid)
            self._selector.register(job.pipe, selectors.EVENT_READ, job)
            self._selector.register(job.pidfd, selectors.EVENT_READ, job)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    # From the child to the client.

    def _report(self, job: _Job) -> bool:
        """Pass on what the child wrote, and return whether there may be more.

        It may be in a stranger's hands: count, and understand before repeating.
        """
        try:
            data = os.read(job.pipe, 65536)
        except BlockingIOError:
            return False
        if not data:
            self._close_pipe(job)
            return False
        *whole, job.unread = (job.unread + data).split(b"\n")
        for line in whole:
            job.lines += 1
            if job.killed or job.done is not None:
                continue
            try:
                event = json.loads(line)
                name = event["event"]
            except (ValueError, TypeError, KeyError, RecursionError):
                name = None
            if name not in _WORDS or job.lines > _MAX_LINES or len(line) > _MAX_LINE:
                self._kill(job, "crashed")
            elif name == "done":
                job.done = event
            else:
                job.outputs += name == "output"
                self._tell(job, event)
        if len(job.unread) > _MAX_LINE:
            job.unread = b""
            self._kill(job, "crashed")
        return job.pipe >= 0

    def _finish(self, job: _Job) -> None:
        """The child has ended: read the rest of what it wrote, and answer."""
        while job.pipe >= 0 and self._report(job):
            pass
        if job not in self._jobs:
            return
        # Where the filter is missing it may have left others behind. Not yet reaped, its number is still its own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        _, status, usage = os.wait4(job.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._forget_child(job)
        # Only said where it can be true: a child in a stranger's hands must not have its file tried for ever.
        if code == _NO_ROOM and job.killed is None and _free_bytes(job.folder) < _MAX_FOLDER_BYTES:
            sys.stderr.write(f"preview of a {job.kind}: no room left in {self._settings.folder}\n")
            self._answer(job, {"event": "full"})
            return
        verdict, reason = self._verdict(job, code)
        note = str((job.done or {}).get("note", ""))
        if verdict not in ("ready", "icon"):
            size = f"exit {code}, {usage.ru_utime + usage.ru_stime:.1f} s, {usage.ru_maxrss // 1024} MB"
            sys.stderr.write(f"preview of a {job.kind}: {verdict}, {reason} ({size}) {ascii(note)[:500]}\n")
        answer = {"event": "done", "verdict": verdict, "reason": reason}
        answer |= {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
        self._answer(job, answer)

    def _verdict(self, job: _Job, code: int) -> tuple[Any, Any]:
        if job.killed is None and code == 0 and job.done is not None:
            return job.done.get("verdict"), job.done.get("reason")
        if job.killed == "timeout" or (job.killed is None and code == -signal.SIGXCPU):
            # The pages that were whole by then are worth showing.
            return ("damaged" if job.outputs else "failed"), "timeout"
        return ("refused", "bomb") if job.killed == "bomb" else ("failed", "crashed")

    def _answer(self, job: _Job, event: dict[str, Any]) -> None:
        """Say the last word, and wait for the client to leave."""
        job.answered = True
        job.deadline = time.monotonic() + _PATIENCE_S
        self._tell(job, event)

    def _tell(self, job: _Job, event: dict[str, Any]) -> None:
        job.unsent += json.dumps(event).encode() + b"\n"
        self._send(job)

    def _send(self, job: _Job) -> None:
        """Send what the socket takes. A worker that has no processor for a while reads late: the rest waits."""
        try:
            job.unsent = job.unsent[job.client.send(job.unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # it left
            self._drop(job)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if job.unsent else 0)
        if self._selector.get_key(job.client).events != wanted:
            self._selector.modify(job.client, wanted, job)

    # The end.

    def _kill(self, job: _Job, reason: str) -> None:
        """Ask the kernel to end the child; `_finish` follows when it has."""
        if job.killed is None and job.pid:
            job.killed = reason
            _end(job.pid)

    def _forget_child(self, job: _Job) -> None:
        self._close_pipe(job)
        if job.pidfd >= 0:
            self._selector.unregister(job.pidfd)
            os.close(job.pidfd)
        job.pid, job.pidfd = 0, -1

    def _close_pipe(self, job: _Job) -> None:
        if job.pipe >= 0:
            with contextlib.suppress(KeyError):
                self._selector.unregister(job.pipe)
            os.close(job.pipe)
            job.pipe = -1

    def _drop(self, job: _Job) -> None:
        """Leave nothing of a job: process, descriptors, files."""
        if job not in self._jobs:
            return
        self._jobs.discard(job)
        if job.pid:
            _end(job.pid)
            os.waitpid(job.pid, 0)
        self._forget_child(job)
        self._selector.unregister(job.client)
        job.client.close()
        if job.folder:
            shutil.rmtree(job.folder, ignore_errors=True)


class _Child:
    """The forked child: confines itself, renders, reports, ends. Made before the fork."""

    def __init__(self, settings: Settings, layers: list[str], folder: str) -> None:
        self._settings = settings
        self._layers = layers
        self._folder = Path(folder)
        self._server = os.getpid()

    def run(
        self, file: int, pipe: int, kind: Kind, presets: list[str], *, quick: bool = False, clips: bool = False
    ) -> NoReturn:
        """Everything after the fork; never returns into the server's loop."""
        code = 1
        try:
            self._separate(file, pipe)
            confine.confine(
                readable=[*readable_paths(self._settings.folder), *map(Path, _OPENGL if kind in MODELS else ())],
                writable=[self._folder],
                limits=limits_of(kind, self._settings.limits, os.fstat(file).st_size, clips=clips),
                wanted=self._layers,
            )
            from contest.previews import render  # imported by `main` long before

            def emit(event: dict[str, Any]) -> None:
                os.write(pipe, json.dumps(event).encode() + b"\n")

            result = render.render(file, kind, self._folder, presets, emit, quick=quick, clips=clips)
            emit({"event": "done"} | {key: result[key] for key in ("verdict", "reason", "note")})
            code = 0
        except NoRoom:
            code = _NO_ROOM
        except BaseException as error:  # nothing may unwind into the server's stack
            note = ascii(f"{type(error).__name__}: {error}")[:400]
            line = {"event": "done", "verdict": "failed", "reason": "crashed", "note": note}
            os.write(pipe, json.dumps(line).encode() + b"\n")
        finally:
            os._exit(code)

    def _separate(self, file: int, pipe: int) -> None:
        os.setsid()
        end_with_parent(signal.SIGKILL, self._server)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        kept = sorted({file, pipe})
        for low, high in zip([2, *kept], [*kept, resource.getrlimit(resource.RLIMIT_NOFILE)[0]], strict=True):
            os.closerange(low + 1, high)
        os.environ["TMPDIR"] = str(self._folder)
        os.chdir(self._folder)


def limits_of(kind: Kind, given: Mapping[str, int], size: int, *, clips: bool = False) -> confine.Limits:
    """What the rendering of one file of this kind and of `size` bytes may use."""
    limits = confine.Limits(**given)
    if clips:
        limits = replace(limits, cpu_s=limits.cpu_s * _CLIP_TIMES)
    if kind in VIDEOS | ARCHIVES:
        # These may have gigabytes, of which a rendering reads a part at a time: mapped, they fill address
        # space and no memory.
        limits = replace(limits, address_space=limits.address_space + size)
    return replace(limits, file_size=max(limits.file_size, MAX_EXTRA_BYTES)) if kind in _LARGE else limits


def _room(kind: Kind | None) -> int:
    return _MAX_FOLDER_BYTES + (MAX_EXTRA_BYTES if kind in _LARGE else 0)


def readable_paths(folder: str) -> list[Path]:
    """What a child may read by name: fonts, and our configuration and cache of them in the server's `folder`."""
    named = os.environ.get("FONTCONFIG_PATH", "").split(":")
    return [Path(path) for path in (*FONT_PATHS, *filter(None, named), *(os.path.join(folder, n) for n in _FONT_FILES))]


def end_with_parent(signal_number: int, parent: int) -> None:
    """Have the kernel send this process `signal_number` when `parent` ends; exits at once if it has already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def main(argument: str) -> None:
    """Prepare, say so in one JSON line on standard output, and serve until told to end."""
    settings = Settings(**json.loads(argument))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the starter, which then ends us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        end_with_parent(signal.SIGTERM, settings.parent)
        _prepare_and_serve(settings)
    finally:
        # The starter may be gone, and then nobody else would.
        shutil.rmtree(settings.folder, ignore_errors=True)


def _prepare_and_serve(settings: Settings) -> None:
    os.umask(0o077)
    from contest.previews import render

    os.chdir("/")
    layers = confine.layers()
    if not (settings.allow_unconfined or all(layers.values())):
        _say({"error": "unconfined", "layers": layers})
        return
    _warm_fonts(render, settings)
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("an import started threads: they would be lost, with what they hold, in each child")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.path.join(settings.folder, "s"))
    listener.listen(128)
    listener.setblocking(False)
    _say({"layers": layers})
    os.dup2(2, 1)
    gc.collect()
    gc.freeze()  # the children share these pages as long as nobody writes to them
    Server(settings, layers, listener).serve()


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _warm_fonts(render: Any, settings: Settings) -> None:
    """Let a child draw one word, so that fontconfig's cache is written where all later ones only read.

    Not confined, as the word and the fonts are the host's own. Without it, each drawing with text would
    look through every font file again.
    """
    cache = Path(settings.folder, _FONT_CACHE)
    cache.mkdir()
    Path(settings.folder, FONTS_FILE).write_text(_FONTS.format(cache=cache))
    out = tempfile.mkdtemp(dir=settings.folder)
    child = os.fork()
    if child == 0:
        try:
            word = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>\xe5\xad\x97a</text></svg>'
            render.render(word, Kind.SVG, Path(out), ["320"])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    shutil.rmtree(out)


def _receive(client: socket.socket) -> tuple[bytes, list[int]]:
    """The header, sent as one short message, and the descriptors that came with it."""
    descriptors = array.array("i")
    room = socket.CMSG_SPACE(4 * descriptors.itemsize)
    data, ancillary, _, _ = client.recvmsg(_MAX_HEADER, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, body in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(body[: len(body) - len(body) % descriptors.itemsize])
    return data, list(descriptors)


def _end(pid: int) -> None:
    """Kill a child, and with it whatever it managed to start in its process group."""
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):  # it was killed before it had a group of its own
        os.killpg(pid, signal.SIGKILL)


def _free_bytes(folder: str) -> int:
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize if room.f_favail or not room.f_files else 0


def _folder_bytes(folder: str) -> int:
    try:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder))
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    main(sys.argv[1])
