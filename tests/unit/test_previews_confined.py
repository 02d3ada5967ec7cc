"""What a renderer in a stranger's hands can do: nothing. Tried from the inside, on this kernel."""

from __future__ import annotations

import errno
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contest.previews import confine, seccomp
from contest.previews.client import PreviewServer

ROOT = Path(__file__).resolve().parents[2]
LAYERS = {"rlimits", "no_new_privs", "capabilities", "landlock", "seccomp"}

PROBE = """
import ctypes, errno, fcntl, json, os, resource, signal, socket, sys, threading
from pathlib import Path
from contest.previews import confine, seccomp
from contest.previews.server import readable_paths

own, outside, limits = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
already_open = os.open(outside / "secret", os.O_RDONLY)
confine.confine(readable=readable_paths(str(own)), writable=[own], limits=confine.Limits(**limits))
answers = {}

def attempt(name, act):
    try:
        act()
    except (MemoryError, ValueError) as error:
        answers[name] = type(error).__name__
    except OSError as error:
        answers[name] = errno.errorcode[error.errno]
    else:
        answers[name] = "done"

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def finish():
    os.write(1, json.dumps(answers).encode())
    os._exit(0)
"""


def probe(tmp_path: Path, code: str, **limits: int) -> tuple[dict[str, Any], int]:
    """What `code` achieves after confining itself as a renderer does, and how its process ended."""
    own, outside = tmp_path / "own", tmp_path / "outside"
    for folder in (own, outside):
        folder.mkdir(exist_ok=True)
    (outside / "secret").write_text("planted")
    command = [sys.executable, "-c", PROBE + code + "\nfinish()\n", str(own), str(outside), json.dumps(limits)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
    return (json.loads(done.stdout) if done.stdout else {"": done.stderr.decode()}), done.returncode


def test_every_layer_is_active_on_this_host() -> None:
    assert confine.layers() == dict.fromkeys(LAYERS, True)


def test_files_outside_cannot_be_read_written_or_changed(tmp_path: Path) -> None:
    answers, _ = probe(
        tmp_path,
        """
attempt("own", lambda: (own / "1.webp").write_bytes(b"x"))
attempt("read", lambda: (outside / "secret").read_bytes())
attempt("list", lambda: os.listdir(outside))
attempt("list_root", lambda: os.listdir("/"))
attempt("passwd", lambda: open("/etc/passwd").read())
attempt("proc", lambda: open("/proc/self/environ").read())
attempt("proc_parent", lambda: open(f"/proc/{os.getppid()}/environ").read())
attempt("write", lambda: (outside / "new").write_bytes(b"x"))
attempt("append", lambda: open(outside / "secret", "ab"))
attempt("truncate", lambda: os.truncate(outside / "secret", 0))
attempt("remove", lambda: os.unlink(outside / "secret"))
attempt("folder", lambda: os.mkdir(own / "folder"))
attempt("leave", lambda: os.rename(own / "1.webp", outside / "1.webp"))
attempt("symlink", lambda: os.symlink(outside / "secret", own / "2.webp"))
attempt("hard_link", lambda: os.link(outside / "secret", own / "3.webp"))
attempt("fifo", lambda: os.mkfifo(own / "4.webp"))
attempt("chmod", lambda: os.chmod(outside / "secret", 0o666))
attempt("chown", lambda: os.chown(outside / "secret", 1, 1))
attempt("utime", lambda: os.utime(outside / "secret"))
attempt("xattr", lambda: os.setxattr(outside / "secret", "user.x", b"x"))
attempt("reopen", lambda: open(f"/proc/self/fd/{already_open}").read())
attempt("held", lambda: os.read(already_open, 10))
attempt("tmp", lambda: open("/tmp/contest-probe", "wb"))
attempt("shm", lambda: open("/dev/shm/contest-probe", "wb"))
""",
    )
    assert answers.pop("own") == answers.pop("held") == "done"
    assert set(answers.values()) <= {"EACCES", "EPERM", "EXDEV"}, answers
    assert (tmp_path / "outside" / "secret").read_text() == "planted"


def test_the_network_and_other_processes_are_out_of_reach(tmp_path: Path) -> None:
    answers, _ = probe(
        tmp_path,
        """
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt("pair", socket.socketpair)
attempt("exec", lambda: os.execv("/bin/true", ["true"]))
attempt("exec_python", lambda: os.execv(sys.executable, ["python"]))
attempt("fork", os.fork)
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("signal_parent", lambda: os.kill(os.getppid(), 0))
attempt("signal_init", lambda: os.kill(1, signal.SIGTERM))
attempt("signal_all", lambda: os.kill(-1, 0))
attempt("signal_group", lambda: os.kill(0, 0))
attempt("signal_by_file", lambda: fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid()))
attempt("signal_of_file", lambda: fcntl.fcntl(1, fcntl.F_SETSIG, signal.SIGKILL))
attempt("pidfd", lambda: os.pidfd_open(os.getppid()))
attempt("limit_of_parent", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE))
attempt("raise_limit", lambda: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6)))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 5))
attempt("affinity", lambda: os.sched_setaffinity(os.getppid(), {0}))
attempt("chroot", lambda: os.chroot(own))
attempt("user_namespace", lambda: call(272 if os.uname().machine == "x86_64" else 97, 0x10000000))
attempt("self", lambda: os.kill(os.getpid(), 0))
attempt("own_flags", lambda: fcntl.fcntl(1, fcntl.F_GETFL))
attempt("own_affinity", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)))
def threads():
    seen = []
    workers = [threading.Thread(target=seen.append, args=(n,)) for n in range(3)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert len(seen) == 3
attempt("threads", threads)
""",
    )
    assert {answers.pop(name) for name in ("self", "own_flags", "own_affinity", "threads")} == {"done"}
    assert set(answers.values()) <= {"EPERM", "EACCES", "ValueError", "ENOSYS"}
    assert (answers["socket"], answers["exec"], answers["fork"]) == ("EPERM", "EPERM", "EPERM")


def test_every_call_on_the_list_is_refused_by_the_kernel(tmp_path: Path) -> None:
    answers, _ = probe(
        tmp_path,
        """
attempt("socket", socket.socket)
assert answers["socket"] == "EPERM"  # without the filter, what follows is not to be tried
column = 0 if os.uname().machine == "x86_64" else 1
for name, numbers in seccomp.DENIED.items():
    if numbers[column] is not None:
        attempt(name, lambda number=numbers[column]: call(number, -1, -1, -1, -1, -1, -1))
attempt("clone_process", lambda: call((56, 220)[column], 17, 0, 0, 0, 0))
attempt("clone3", lambda: call(435, 0, 0))
""",
    )
    assert answers.pop("clone3") == "ENOSYS"
    assert len(answers) > 100 if platform.machine() == "x86_64" else len(answers) > 80
    assert set(answers.values()) == {"EPERM"}


def test_memory_and_files_have_an_end(tmp_path: Path) -> None:
    answers, code = probe(
        tmp_path,
        """
attempt("memory", lambda: bytearray(4 * 1024**3))
attempt("file", lambda: (own / "large").write_bytes(bytes(1_000_001)))
attempt("descriptors", lambda: [os.dup(0) for _ in range(200)])
attempt("core", lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)))
""",
        file_size=1_000_000,
    )
    assert code == 0
    assert answers["memory"] == "MemoryError"
    assert answers["file"] == "EFBIG"
    assert answers["descriptors"] == "EMFILE"
    assert answers["core"] == "ValueError"  # that is what Python makes of a refusal


def test_processor_time_has_an_end(tmp_path: Path) -> None:
    _, code = probe(tmp_path, "while True: pass", cpu_s=1)
    assert code == -signal.SIGXCPU


# The filter itself, read by an interpreter of our own: also for the processor that we are not on.


def run(program: list[seccomp.Instruction], *, arch: int, number: int, first: int = 0, second: int = 0) -> int:
    """What the kernel would answer to one call."""
    fields = {0: number, 4: arch, 16: first & 0xFFFFFFFF, 24: second & 0xFFFFFFFF}
    accumulator = position = 0
    while True:
        code, yes, no, operand = program[position]
        if code == 0x20:
            accumulator, step = fields[operand], 0
        elif code == 0x06:
            return operand
        else:
            true = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[code]
            step = yes if true else no
        position += 1 + step


ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


@pytest.mark.parametrize(
    ("machine", "arch", "read", "clone", "kill", "prlimit", "connect", "fcntl", "other"),
    [
        ("x86_64", 0xC000003E, 0, 56, 62, 302, 42, 72, 0x40000003),
        ("aarch64", 0xC00000B7, 63, 220, 129, 261, 203, 25, 0x40000028),
    ],
)
def test_the_filter_says_what_we_mean(
    machine: str, arch: int, read: int, clone: int, kill: int, prlimit: int, connect: int, fcntl: int, other: int
) -> None:
    program = seccomp.assemble(machine, 4711)

    def asked(number: int, first: int = 0, of: int = arch, second: int = 0) -> int:
        return run(program, arch=of, number=number, first=first, second=second)

    assert asked(read) == ALLOW
    assert asked(read, of=0x40000003) == asked(read, of=0x40000028) == KILL
    assert asked(read, of=other) == KILL
    assert asked(clone, 0x00010000 | 0x100) == ALLOW
    assert asked(clone, 17) == asked(clone, 0) == EPERM
    assert asked(clone, 0x00010000 | 0x10000000) == asked(clone, 0x20000000) == EPERM
    assert asked(435) == ENOSYS
    assert asked(kill, 4711) == ALLOW
    assert asked(kill, 0) == asked(kill, -1) == asked(kill, 1) == EPERM
    assert asked(prlimit, 4711) == asked(prlimit, 0) == ALLOW
    assert asked(prlimit, 1) == EPERM
    assert asked(connect) == EPERM
    assert [asked(fcntl, second=command) for command in (8, 10, 15)] == [EPERM] * 3
    assert [asked(fcntl, second=command) for command in (0, 1, 2, 3, 4, 9, 11, 1030)] == [ALLOW] * 8
    assert len(program) < 4096


def test_numbers_of_the_other_mode_of_the_processor_end_the_process() -> None:
    assert run(seccomp.assemble("x86_64", 1), arch=0xC000003E, number=0x40000000) == KILL


def test_an_unknown_processor_has_no_filter() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.assemble("riscv64", 1)


# A host that lacks a layer.

LACKING = """
import json, sys
from contest.previews import confine, seccomp
from contest.previews.client import PreviewServer, Unconfined, render
from contest.previews.kinds import Kind

confine._forbid_privileges()
# This "kernel" knows nothing of Landlock.
seccomp.install([(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7FFF0000)])
answers = {"layers": confine.layers()}
try:
    PreviewServer().start()
except Unconfined as refusal:
    answers["refusal"] = str(refusal)
with PreviewServer(allow_unconfined=True) as server, open(sys.argv[1], "rb") as file:
    answers["verdict"] = render(file, Kind.SVG, address=server.address).verdict
    answers["server"] = server.layers
print(json.dumps(answers))
"""


def test_a_host_without_a_layer_is_told_so_and_must_be_allowed(tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.svg"
    drawing.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    done = subprocess.run([sys.executable, "-c", LACKING, str(drawing)], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    expected = {**dict.fromkeys(LAYERS, True), "landlock": False}
    assert json.loads(done.stdout) == {
        "layers": expected,
        "refusal": "this host does not offer: landlock",
        "verdict": "ready",
        "server": expected,
    }


def test_a_server_knows_its_layers() -> None:
    with PreviewServer() as server:
        assert server.layers == confine.layers()
    assert os.path.exists(server.address) is False
