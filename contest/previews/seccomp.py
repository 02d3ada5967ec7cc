"""A seccomp filter by hand: the system calls that a renderer may not make. Linux on x86-64 and arm64.

A list of what is denied, not of what is allowed: image libraries and the C library change what they
call with each release, and the file system is closed by Landlock, new programs and processes by the
first lines here, power over the machine by dropped capabilities.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable

# Name → number on x86-64, number on arm64 (None: no such call there). From the kernel's tables.
_Numbers = dict[str, tuple[int | None, int | None]]

#: Always refused with EPERM.
DENIED: _Numbers = {
    # The network, and local sockets.
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "connect": (42, 203), "sendto": (44, 206),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # Other programs and processes.
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # Memory and queues shared by name: PostgreSQL on the same host has such a segment.
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190),
    "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # Who owns a file and who may read it: Landlock does not guard these, and we may own much.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88),
    # Names that lead elsewhere, and files by handle.
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
    "mknod": (133, None), "mknodat": (259, 33), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    # Mounts, roots and namespaces (for clone see below).
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "open_tree_attr": (467, 467), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "unshare": (272, 97), "setns": (308, 268),
    # Parts of the kernel that were the way out more often than others.
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_setup": (206, 0), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "fanotify_init": (300, 262),
    "memfd_secret": (447, 447), "modify_ldt": (154, None), "personality": (135, 92),
    # The machine.
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "iopl": (172, None), "ioperm": (173, None), "syslog": (103, 116),
    "vhangup": (153, 58), "sethostname": (170, 161), "setdomainname": (171, 162),
}  # fmt: skip

#: Of those, what a browser or an office has no use for either, inside namespaces of its own.
FOREIGN = (
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "open_by_handle_at",
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "unshare", "setns",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "bpf", "perf_event_open", "userfaultfd",
    "keyctl", "add_key", "request_key", "fanotify_init", "memfd_secret", "modify_ldt",
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "iopl",
    "ioperm", "syslog", "vhangup", "sethostname", "setdomainname",
)  # fmt: skip

#: Allowed only if the first argument is this process: abort() needs the second.
_SELF: _Numbers = {"kill": (62, 129), "tgkill": (234, 131)}

#: Allowed if the first argument is this process, or 0, which means the caller.
_SELF_OR_ZERO: _Numbers = {
    "prlimit64": (302, 261), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274),
}  # fmt: skip

#: Refused with these as its second argument: to whom a signal goes that tells of a file, and which, up to SIGKILL.
_FCNTL: tuple[int, int] = (72, 25)
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15

_CLONE: tuple[int, int] = (56, 220)
_CLONE3 = 435
_CLONE_THREAD = 0x00010000
# Mount, cgroup, UTS, IPC, user, PID and network namespaces.
_CLONE_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

# Classic BPF: code, and what it does to the accumulator A.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# Offsets in struct seccomp_data; the low half of an argument comes first on both architectures.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

#: Code, skip if true, skip if false, operand.
Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def restrict() -> None:
    """Put the filter on this process, for good. Needs PR_SET_NO_NEW_PRIVS. Raises OSError where it cannot."""
    install(assemble(platform.machine(), os.getpid()))


def install(program: Iterable[Instruction]) -> None:
    """Hand a filter to the kernel, for this process and what it forks."""
    code = encode(program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def encode(program: Iterable[Instruction]) -> bytes:
    """A filter as the kernel reads it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def assemble(machine: str, pid: int) -> list[Instruction]:
    """The filter for process `pid`. Each rule is a test that skips its own few lines, so no far jumps arise."""
    column = _column_of(machine)
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    program = _begin(machine)
    program += [
        # A thread is fine, a process or a namespace is not. clone3 hides its flags in memory: "not
        # there" makes the C library fall back to clone.
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_EQUAL, 0, 5, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 2, 0, _CLONE_NAMESPACES),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        refuse,
        (_EQUAL, 0, 6, _FCNTL[column]),
        (_LOAD, 0, 0, _SECOND_ARGUMENT),
        (_EQUAL, 2, 0, _F_SETOWN),
        (_EQUAL, 1, 0, _F_SETSIG),
        (_EQUAL, 0, 1, _F_SETOWN_EX),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
    ]
    for number in _column(_SELF, column):
        program += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 0, 1, pid)]
        program += [(_RETURN, 0, 0, _ALLOW), refuse]
    for number in _column(_SELF_OR_ZERO, column):
        program += [(_EQUAL, 0, 5, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 1, 0, pid)]
        program += [(_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW), refuse]
    for number in _column(DENIED, column):
        program += [(_EQUAL, 0, 1, number), refuse]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def assemble_for_programs(machine: str) -> list[Instruction]:
    """The filter for programs that need processes and sockets: only what no program of ours has a use for."""
    column = _column_of(machine)
    program = _begin(machine)
    for number in _column({name: DENIED[name] for name in FOREIGN}, column):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _column_of(machine: str) -> int:
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}")
    return _ARCHITECTURES[machine][0]


def _begin(machine: str) -> list[Instruction]:
    program: list[Instruction] = [
        # Numbers mean other calls in other modes of the same processor: whoever enters one is up to no good.
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine][1]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    return program


def _column(numbers: _Numbers, column: int) -> list[int]:
    return [number for pair in numbers.values() if (number := pair[column]) is not None]
