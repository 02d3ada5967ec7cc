"""A tiny process that ends our children when the supervisor dies without saying goodbye.

On Linux the kernel already signals each direct child (PR_SET_PDEATHSIG), but not what a child
started in turn, such as the work-horse of a killed RQ worker; macOS has no such signal at all.
So this program reads a pipe whose only writer is the supervisor. When the pipe closes without
`bye`, it ends every session that it was told of: first gently, then with SIGKILL.

It is run by path with `python -I -S` and must import nothing but the standard library.

Lines: `+ PID START SIGNAL` a child (and session) was started; `- PID` it is gone; `bye`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

GRACE = 2.5  # seconds between the gentle signal and SIGKILL
LINUX = sys.platform == "linux"


def start_time(pid: int) -> str | None:
    """When a process started, in the system's own words; None if it is gone (or a zombie).

    Together with the pid this names one process until the next boot.
    """
    if LINUX:
        fields = _stat(pid)
        return None if fields is None or fields[0] in "ZX" else fields[19]
    answer = _ps("-o", "stat=,lstart=", "-p", str(pid)).strip()
    state, _, started = answer.partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def members(session: int) -> list[int]:
    """The living processes of a session that we made (on macOS: of its process group)."""
    found = []
    if LINUX:
        for name in os.listdir("/proc"):
            fields = _stat(int(name)) if name.isdigit() else None
            if fields is not None and fields[0] not in "ZX" and fields[3] == str(session):
                found.append(int(name))
    else:
        for line in _ps("-ax", "-o", "pid=,pgid=,stat=").splitlines():
            pid, group, state = line.split()
            if group == str(session) and not state.startswith("Z"):
                found.append(int(pid))
    return found


def kill(pid: int, number: int) -> None:
    """Sends a signal; that the process is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat after the name: state, ppid, group, session at 0 to 3, start time at 19."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def _ps(*arguments: str) -> str:
    environment = {"PATH": "/bin:/usr/bin", "LC_ALL": "C"}
    return subprocess.run(["ps", *arguments], env=environment, capture_output=True, text=True, check=False).stdout


def _is_ours(pid: int, started: str) -> bool:
    """False once the number belongs to somebody else; a leader that is gone is no proof of that."""
    return start_time(pid) in {started, None}


def _end(children: dict[int, tuple[str, int]]) -> None:
    ours = {pid: number for pid, (started, number) in children.items() if _is_ours(pid, started)}
    for pid, number in ours.items():
        kill(pid, number)
    deadline = time.monotonic() + GRACE
    while ours and time.monotonic() < deadline:
        ours = {pid: number for pid, number in ours.items() if members(pid)}
        time.sleep(0.05)
    for session in ours:
        for pid in members(session):
            kill(pid, signal.SIGKILL)


def main() -> None:
    """Reads the pipe to its end, then acts."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    children: dict[int, tuple[str, int]] = {}
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "bye":
            return
        if word == "+":
            # A start time of several words (macOS) stands between pid and signal.
            children[int(rest[0])] = (" ".join(rest[1:-1]), int(rest[-1]))
        elif word == "-":
            children.pop(int(rest[0]), None)
    _end(children)


if __name__ == "__main__":
    main()
