"""Child processes that never outlive the process that started them.

Four guards, since each covers what the others cannot: the kernel's PR_SET_PDEATHSIG (Linux, direct
children), the watchdog (grandchildren; macOS), `pids.json` (whatever both missed, at the next
start), and a session per child, so that Ctrl-C reaches only us and a whole tree can be ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from contest.embedded import watchdog
from contest.embedded.state import EmbeddedError, read_json, write_json

_PR_SET_PDEATHSIG = 1
_MAX_LOG = 5_000_000  # bytes; a larger log is set aside at the next start
_LIBC = ctypes.CDLL(None) if watchdog.LINUX else None


@dataclass
class Child:
    """A running child, which leads a session of its own. `gentle` asks it to end."""

    name: str
    process: Popen[bytes]
    gentle: signal.Signals
    started: str
    program: str

    def alive(self) -> bool:
        """Whether the child itself still runs."""
        return self.process.poll() is None

    def session(self) -> list[int]:
        """The living processes of its session, itself included."""
        pid = self.process.pid
        if watchdog.start_time(pid) not in {self.started, None}:
            return []  # the child is long gone and its number is somebody else's by now
        return watchdog.members(pid)

    def ask(self) -> None:
        """Asks the child to end."""
        if self.alive():
            watchdog.kill(self.process.pid, self.gentle)

    def kill(self) -> None:
        """SIGKILL to all in its session."""
        for pid in self.session():
            watchdog.kill(pid, signal.SIGKILL)

    def gone(self) -> bool:
        """Whether nothing of its session is left."""
        return not self.alive() and not self.session()


class Children:
    """Starts and ends children; keeps `pids.json` and the logs of one data folder."""

    def __init__(self, data: Path) -> None:
        self._record = data / "pids.json"
        self._logs = data / "log"
        self._children: dict[str, Child] = {}
        self._watchdog: Popen[str] | None = None
        self.run: Path | None = None

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._logs / f"{name}.log"

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines of a child's log, for an error's text."""
        with contextlib.suppress(OSError):
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def get(self, name: str) -> Child | None:
        return self._children.get(name)

    # ---- before and after -----------------------------------------------------------------

    def open(self, run: Path) -> None:
        """Begins a life: `run` is the folder for sockets, removed at the end or at next start."""
        self.run = run
        self._logs.mkdir(mode=0o700, exist_ok=True)
        for log in self._logs.glob("*.log"):
            if log.stat().st_size > _MAX_LOG:
                log.replace(log.with_suffix(".log.1"))
        program = Path(watchdog.__file__).resolve()
        self._watchdog = Popen(
            [sys.executable, "-I", "-S", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            cwd="/",
        )
        self._write()

    def close(self) -> None:
        """Ends the life, after `end` for all children: no traces but the logs."""
        if self.run is None:
            return  # never opened: the record may be that of another supervisor
        if self._watchdog is not None:
            self._tell("bye")
            with contextlib.suppress(OSError):
                if self._watchdog.stdin is not None:
                    self._watchdog.stdin.close()
            self._watchdog.kill()  # it has nothing left to do, and we must not wait for it
            self._watchdog.wait()
            self._watchdog = None
        self._record.unlink(missing_ok=True)
        shutil.rmtree(self.run, ignore_errors=True)
        self.run = None

    def clear_leftovers(self) -> None:
        """Ends children that outlived an earlier supervisor of this folder, and only those.

        A process is ours if its number, its start time, its program and the boot all match.
        Raises EmbeddedError if one cannot be ended.
        """
        record = read_json(self._record)
        left = []
        if record.get("boot") == _boot():
            for child in record.get("children", ()):
                pid = int(child["pid"])
                if watchdog.start_time(pid) == child["started"] and _program(pid) == child["exe"]:
                    left.append((pid, signal.Signals(child["gentle"])))
        for pid, number in left:
            watchdog.kill(pid, number)
        # They may be ending already, told so by the kernel: let the database write its checkpoint.
        pids = [pid for pid, _ in left]
        if not wait_until(lambda: not _sessions_left(pids), 3.0):
            for pid in _sessions_left(pids):
                watchdog.kill(pid, signal.SIGKILL)
            if not wait_until(lambda: not _sessions_left(pids), 5.0):
                raise EmbeddedError(f"processes {_sessions_left(pids)} do not end; end them first")
        run = record.get("run")
        if run and Path(run).name.startswith("emb-") and not Path(run).is_symlink():
            shutil.rmtree(run, ignore_errors=True)
        self._record.unlink(missing_ok=True)

    # ---- one child ------------------------------------------------------------------------

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        gentle: signal.Signals = signal.SIGTERM,
        on_death: signal.Signals = signal.SIGTERM,
        owner: tuple[int, int] | None = None,
        program: str | None = None,
    ) -> Child:
        """Starts `argv` with exactly `env`; its output goes to `log(name)`.

        `owner` is a (uid, gid) to run as. `program` is the executable that the process ends up
        as, where argv[0] only leads to it. Raises EmbeddedError if it cannot be started, and in
        any thread but the main one, since the kernel ties PR_SET_PDEATHSIG to the thread.
        """
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedError("children must be started from the main thread")
        uid, gid = owner or (None, None)
        log = os.open(self.log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Safe enough: it only calls into a library that is loaded already.
                preexec_fn=_die_with_parent(on_death),
                user=uid,
                group=gid,
                extra_groups=None if owner is None else [],
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedError(f"cannot start {argv[0]}: {error}") from error
        finally:
            os.close(log)
        started = watchdog.start_time(process.pid) or ""
        child = Child(name, process, gentle, started, program or _program(process.pid))
        self._children[name] = child
        self._tell(f"+ {process.pid} {started} {int(gentle)}")
        self._write()
        return child

    def end(self, names: Iterable[str], grace: float, *, harsh: bool = False) -> None:
        """Ends children within about `grace` seconds: gently, then with SIGKILL to the session.

        With `harsh` SIGKILL comes first. They are signalled in the order given, waited for
        together, and forgotten.
        """
        children = [self._children[name] for name in names if name in self._children]
        try:
            for child in children:
                if harsh:
                    child.kill()
                else:
                    child.ask()
            wait_until(lambda: all(child.gone() for child in children), grace)
        finally:  # a second Ctrl-C may have cut the wait short
            for child in children:
                child.kill()
            wait_until(lambda: all(child.gone() for child in children), 1.0)
            for child in children:
                self.forget(child.name)

    def forget(self, name: str) -> None:
        """Drops a child that has ended."""
        child = self._children.pop(name, None)
        if child is not None:
            self._tell(f"- {child.process.pid}")
            self._write()

    # ---- the record -----------------------------------------------------------------------

    def _write(self) -> None:
        children = [
            {
                "name": child.name,
                "pid": child.process.pid,
                "started": child.started,
                "exe": child.program,
                "gentle": int(child.gentle),
            }
            for child in self._children.values()
        ]
        write_json(self._record, {"boot": _boot(), "run": str(self.run), "children": children})

    def _tell(self, line: str) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with contextlib.suppress(OSError):  # it may be dead; the other guards remain
                self._watchdog.stdin.write(line + "\n")
                self._watchdog.stdin.flush()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true within the time; it is tried at least once."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What the forked child runs before its program: have the kernel signal it when we die."""
    if _LIBC is None:
        return None
    prctl, parent = _LIBC.prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # we died in between, and no signal will ever come
            os._exit(1)

    return bind


def _sessions_left(pids: Sequence[int]) -> list[int]:
    return [member for pid in pids for member in watchdog.members(pid)]


def _program(pid: int) -> str:
    """The executable that a process runs; "" if it is gone."""
    if watchdog.LINUX:
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{pid}/exe")
        return ""
    command = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _boot() -> str:
    """A word that changes with each boot, since pids and start times begin anew then."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
