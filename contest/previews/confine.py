"""Shuts a process in before it reads a stranger's file: limits, privileges, file system, system calls.

The layers do not depend on each other, and each is enough against some attacks. None needs root or a
helper program; all hold in Docker as an ordinary user. `layers` tells which of them this kernel has.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from contest.previews import landlock, seccomp

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 4, 38, 39
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Limits:
    """What one rendering may use."""

    #: Of memory in its address space, which is more than it ever touches.
    address_space: int = 3 * 1024**3
    cpu_s: int = 20
    #: The largest file that it may write.
    file_size: int = 200_000_000
    open_files: int = 64
    #: The kernel counts all threads of the same user here, so a small number would fail on a busy host.
    #: The seccomp filter is what forbids processes; root is exempt from this limit, but not from the filter.
    tasks: int = 4096


def confine(
    *,
    readable: Iterable[Path] = (),
    writable: Iterable[Path] = (),
    limits: Limits | None = None,
    wanted: Collection[str] | None = None,
) -> None:
    """Confine this process and its threads for good; it must have only one thread.

    `wanted` names the layers (see `layers`) to apply, all by default; raises OSError if one of them fails.
    """
    steps: dict[str, Callable[[], None]] = {
        "rlimits": lambda: _limit(limits or Limits()),
        "no_new_privs": _forbid_privileges,
        "capabilities": _drop_capabilities,
        "landlock": lambda: landlock.restrict(readable=readable, writable=writable),
        # Last, since it denies what the others need.
        "seccomp": seccomp.restrict,
    }
    for name, step in steps.items():
        if wanted is None or name in wanted:
            step()


def layers() -> dict[str, bool]:
    """Which layers work on this host: each is applied in a forked child, which then tries to break out."""
    return {name: _holds(name, attempt) for name, attempt in _ATTEMPTS.items()}


def _limit(limits: Limits) -> None:
    for what, soft, hard in (
        (resource.RLIMIT_AS, limits.address_space, limits.address_space),
        # The soft limit ends the process by SIGXCPU, which tells it from a crash.
        (resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1),
        (resource.RLIMIT_FSIZE, limits.file_size, limits.file_size),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_NPROC, limits.tasks, limits.tasks),
    ):
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))


def _forbid_privileges() -> None:
    # Not dumpable either: a core piped to a crash reporter would hold the entrant's file, whatever the
    # limit on core files says.
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _drop_capabilities() -> None:
    """Give up what root may do beyond owning files. Does nothing to an ordinary user."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    none = ctypes.create_string_buffer(bytes(24))
    if libc.capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.prctl(option, value, 0, 0, 0)
    if result < 0:
        raise OSError(ctypes.get_errno(), "prctl")
    return result


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False


def _try_rlimits() -> bool:
    _limit(Limits(open_files=0))
    try:
        os.open("/", os.O_RDONLY)
    except OSError:
        return resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    return False


def _try_no_new_privs() -> bool:
    _forbid_privileges()
    return _prctl(_PR_GET_NO_NEW_PRIVS, 0) == 1


def _try_capabilities() -> bool:
    _drop_capabilities()
    return _refused(lambda: os.chroot("/"))


def _try_landlock() -> bool:
    _forbid_privileges()
    landlock.restrict(readable=(), writable=())
    return _refused(lambda: os.open("/", os.O_RDONLY))


def _try_seccomp() -> bool:
    _forbid_privileges()
    seccomp.restrict()
    return _refused(socket.socket) and _refused(os.fork)


_ATTEMPTS: dict[str, Callable[[], bool]] = {
    "rlimits": _try_rlimits,
    "no_new_privs": _try_no_new_privs,
    "capabilities": _try_capabilities,
    "landlock": _try_landlock,
    "seccomp": _try_seccomp,
}


def _holds(name: str, attempt: Callable[[], bool]) -> bool:
    """Whether `attempt` returns True in a child of its own, which dies with what it did to itself."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if attempt() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
