"""The rendering process as a process: secrets, crashes, limits, many clients, hostile words, its end."""

from __future__ import annotations

import array
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from contest.previews import client
from contest.previews.client import Limits, Output, PreviewServer, Progress, RendererGone, Result
from contest.previews.kinds import Kind
from tests.samples.documents import pdf, use_bomb
from tests.samples.pictures import SAMPLES, flat, noise
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "CANARY-postgresql://user:password@host"
LONG = pdf(*[(0.2, 0.4, 0.6)] * 60)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", SECRET)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("PYTHONSTARTUP", SECRET)
        with PreviewServer() as running:
            yield running


def preview(address: str, data: bytes, kind: Kind, first: Callable[[Progress], object] | None = None) -> Result:
    """What becomes of `data`; `first` is called once, when the first picture is there."""
    waiting = [first] if first else []

    def told(progress: Progress) -> None:
        while waiting:
            waiting.pop()(progress)

    path = Path(address).with_name(f"input-{threading.get_ident()}")
    path.write_bytes(data)
    with path.open("rb") as file:
        return client.render(file, kind, address=address, told=told)


def child_of(server: PreviewServer) -> psutil.Process:
    """The one renderer at work; asked within `first`, when it has most of its work before it."""
    (child,) = psutil.Process(server.pid).children()
    return child


def works(server: PreviewServer) -> bool:
    return preview(server.address, SAMPLES[Kind.PNG](), Kind.PNG).verdict == "ready"


def peek(look: Callable[[], Any]) -> Any:
    """What root sees of a child at work; another user, even its own, is refused, as it cannot be dumped."""
    if os.getuid() == 0:
        return look()
    with pytest.raises((PermissionError, psutil.AccessDenied)):
        look()
    return None


def test_neither_server_nor_child_holds_a_secret(server: PreviewServer) -> None:
    environments = [psutil.Process(server.pid).environ()]

    def look(_: Progress) -> None:
        environments.append(peek(child_of(server).environ) or {})

    preview(server.address, LONG, Kind.PDF, first=look)
    allowed = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "TMPDIR"}
    assert len(environments) == 2
    for environment in environments:
        assert SECRET not in " ".join(environment.values())
        assert set(environment) <= allowed | {
            "VIPS_BLOCK_UNTRUSTED",
            "VIPS_CONCURRENCY",
            "MALLOC_ARENA_MAX",
            "OPENBLAS_NUM_THREADS",
            "OMP_NUM_THREADS",
        }
    assert environments[0]["VIPS_BLOCK_UNTRUSTED"] == "1"


def test_a_child_at_work_is_confined_and_holds_nothing_but_its_file(server: PreviewServer) -> None:
    seen: dict[str, Any] = {}

    def look(_: Progress) -> None:
        child = child_of(server)
        child.suspend()
        place = Path(f"/proc/{child.pid}")
        seen["status"] = dict(re.findall(r"^(\w+):\t(.*)$", (place / "status").read_text(), re.M))
        seen["limits"] = (place / "limits").read_text()
        seen["files"] = peek(lambda: {os.readlink(link) for link in (place / "fd").iterdir()})
        seen["folder"] = peek(lambda: os.readlink(place / "cwd"))
        seen["session"] = os.getsid(child.pid) == child.pid
        child.resume()

    assert preview(server.address, LONG, Kind.PDF, first=look).verdict == "ready"
    status = seen["status"]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert re.search(r"Max cpu time\s+20\s+21", seen["limits"])
    assert re.search(rf"Max address space\s+{3 * 1024**3}", seen["limits"])
    assert re.search(r"Max core file size\s+0", seen["limits"])
    home = os.path.dirname(server.address)
    own = seen["folder"] or home
    assert own.startswith(home)
    kinds = {re.sub(r":\[\d+\]$", "", name) for name in seen["files"] or () if not name.startswith(own)}
    assert kinds <= {"/dev/null", "pipe", f"{home}/input-{threading.get_ident()}"}
    assert seen["session"]


def test_the_server_itself_never_gets_threads_or_leftovers(server: PreviewServer) -> None:
    assert works(server)
    process = psutil.Process(server.pid)
    for _ in range(5):
        assert works(server)
    # The next connection is served after the last one was cleared away.
    preview(server.address, b"", Kind.PNG)
    assert process.num_threads() == 1
    assert len(list(Path(server.address).parent.glob("job-*"))) <= 1
    assert len(process.children()) == 0


def test_many_clients_are_served_at_once(server: PreviewServer) -> None:
    wanted = [(kind, make()) for kind, make in SAMPLES.items()] * 3
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda sample: preview(server.address, sample[1], sample[0]).verdict, wanted))
    assert results == ["ready"] * len(wanted)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_a_child_that_dies_midway_is_a_crash_and_no_more(server: PreviewServer, blow: signal.Signals) -> None:
    pid = server.pid
    result = preview(server.address, LONG, Kind.PDF, first=lambda _: child_of(server).send_signal(blow))
    assert (result.verdict, result.reason, result.outputs) == ("failed", "crashed", ())
    assert works(server)
    assert server.pid == pid


def test_the_clock_on_the_wall_ends_a_rendering() -> None:
    with PreviewServer(wall_s=1) as server:
        result = preview(server.address, use_bomb(), Kind.SVG)
        assert (result.verdict, result.reason, result.outputs) == ("failed", "timeout", ())
        assert psutil.Process(server.pid).children() == []
        # What was whole by then is kept.
        result = preview(server.address, LONG, Kind.PDF, first=lambda _: child_of(server).suspend())
        assert (result.verdict, result.reason, result.pages) == ("damaged", "timeout", 60)
        assert 1 <= len(result.outputs) < 140
        assert works(server)


def test_processor_time_ends_a_rendering() -> None:
    with PreviewServer(limits=Limits(cpu_s=1)) as server:
        result = preview(server.address, use_bomb(), Kind.SVG)
        assert (result.verdict, result.reason) == ("failed", "timeout")
        assert works(server)


def test_memory_ends_a_rendering() -> None:
    hungry = noise(8000, 8000).pngsave_buffer(interlace=True, compression=1)
    with PreviewServer() as server:
        libraries = psutil.Process(server.pid).memory_info().vms
    with PreviewServer(limits=Limits(address_space=libraries + 200 * 1024**2)) as server:
        result = preview(server.address, hungry, Kind.PNG)
        assert (result.verdict, result.reason) == ("failed", "memory")
        assert works(server)


def test_too_much_on_the_disk_ends_a_rendering() -> None:
    with PreviewServer(limits=Limits(file_size=1000)) as server:
        result = preview(server.address, SAMPLES[Kind.PNG](), Kind.PNG)
        assert result.verdict in {"failed", "refused"}
        assert result.outputs == ()
        assert preview(server.address, flat(9, 9, (1, 2, 3)).pngsave_buffer(), Kind.PNG).verdict == "ready"


def test_a_client_that_gives_up_ends_its_rendering(server: PreviewServer) -> None:
    children: list[psutil.Process] = []

    class Enough(Exception):
        pass

    def give_up(_: Progress) -> None:
        children.append(child_of(server))
        raise Enough

    with pytest.raises(Enough):
        preview(server.address, LONG, Kind.PDF, first=give_up)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert works(server)


def test_odd_clients_do_no_harm(server: PreviewServer) -> None:
    with open("/etc/hostname", "rb") as file:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))]
        header = json.dumps({"kind": "png", "presets": ["320"]}).encode()
        for data, ancillary in (
            (b"", []),
            (b"nonsense", rights),
            (b"nonsense", []),
            (header, []),
            (header, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()] * 3))]),
            (b'{"kind": "docx", "presets": ["320"]}', rights),
            (b'{"kind": ["png"], "presets": ["320"]}', rights),
            (b'{"kind": "png", "presets": ["../../x"]}', rights),
            (b'{"kind": "png"}', rights),
            (b"[" * 4000, rights),
        ):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(20)
                connection.connect(server.address)
                if data:
                    connection.sendmsg([data], ancillary)
                    assert connection.recv(10) == b""
    idle = [socket.socket(socket.AF_UNIX) for _ in range(1)]
    for connection in idle:
        connection.connect(server.address)
    assert works(server)
    for connection in idle:
        connection.close()


def test_fonts_are_looked_through_once_and_not_by_each_child(server: PreviewServer) -> None:
    def caches() -> dict[str, int]:
        # Empty on a host whose own cache is of the right version.
        return {path.name: path.stat().st_mtime_ns for path in Path(server.address).with_name("fonts").iterdir()}

    before = caches()
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><text y="50" font-family="serif">a</text></svg>'
    assert preview(server.address, drawing, Kind.SVG).verdict == "ready"
    assert caches() == before


def test_the_socket_is_for_its_owner_alone(server: PreviewServer) -> None:
    assert os.stat(os.path.dirname(server.address)).st_mode & 0o777 == 0o700
    assert len(server.address) < 108


# The end of the server.


def test_without_a_server_the_file_is_not_blamed(server: PreviewServer, tmp_path: Path) -> None:
    with PreviewServer() as other:
        gone = other.address
    picture = tmp_path / "picture.png"
    picture.write_bytes(SAMPLES[Kind.PNG]())
    with picture.open("rb") as file:
        for address in (gone, str(tmp_path / "nobody")):
            with pytest.raises(RendererGone):
                client.render(file, Kind.PNG, address=address)


def test_a_server_that_dies_takes_its_children_along_and_can_be_started_again() -> None:
    with PreviewServer() as server:
        children: list[psutil.Process] = []

        def kill(_: Progress) -> None:
            children.append(child_of(server))
            os.kill(server.pid or 0, signal.SIGKILL)

        with pytest.raises(RendererGone):
            preview(server.address, LONG, Kind.PDF, first=kill)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
        psutil.Process(server.pid).wait(10)
        assert not server.alive()
        old = server.address
        assert server.start() != old
        assert not os.path.exists(os.path.dirname(old))
        assert works(server)
    assert not server.alive()


ORPHAN = """
import os, signal
from contest.previews.client import PreviewServer
server = PreviewServer()
server.start()
print(server.pid, server.address, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_never_outlives_the_process_that_started_it() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == -signal.SIGKILL
    pid, address = done.stdout.split()
    try:
        psutil.Process(int(pid)).wait(10)
    except psutil.NoSuchProcess:
        pass  # it has gone already
    assert not psutil.pid_exists(int(pid))
    assert not os.path.exists(os.path.dirname(address))


def test_only_the_main_thread_may_start_it() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="main thread"):
        pool.submit(PreviewServer().start).result()


def test_a_fork_of_the_starter_cannot_stop_it(server: PreviewServer) -> None:
    child = os.fork()
    if child == 0:
        try:
            server.stop()
        finally:
            os._exit(7 if server.alive() else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert server.alive()
    assert works(server)


# A server whose child is in a stranger's hands: it says and leaves on the disk what it likes.


def hear(folder: Path, *events: dict[str, Any] | bytes) -> Result:
    """What the client makes of these words and of what lies in `folder`."""
    said = [{"event": "folder", "name": folder.name}, {"event": "source", "pages": 1, "width": 9, "height": 9}, *events]
    lines = b"".join(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in said)
    address = str(folder.with_name("s"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recvmsg(4096, 64)
                connection.sendall(lines)

        with ThreadPoolExecutor(1) as pool, open(__file__, "rb") as file:
            serving = pool.submit(serve)
            try:
                return client.render(file, Kind.PNG, address=address)
            finally:
                serving.result()
                os.unlink(address)


def output(page: Any = 1, preset: Any = "320") -> dict[str, Any]:
    return {"event": "output", "page": page, "preset": preset, "width": 9, "height": 9}


DONE = {"event": "done", "verdict": "ready", "reason": None, "cpu_s": 0.1, "peak_mb": 10.0}
PICTURE = flat(9, 9, (1, 2, 3)).webpsave_buffer(keep="none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "job-x"
    folder.mkdir()
    (folder / "1-320.webp").write_bytes(PICTURE)
    return folder


def test_honest_words_are_believed(folder: Path) -> None:
    result = hear(folder, output(), DONE)
    assert result == Result("ready", None, 1, 9, 9, (Output("320", 1, 9, 9, len(PICTURE), PICTURE),), 0.1, 10.0)


@pytest.mark.parametrize(
    "words",
    [
        [b"[1]\n"],
        [output(page=0)],
        [output(page=61)],
        [output(page="../../etc/passwd")],
        [output(page=True)],
        [output(page=1.0)],
        [output(preset="../1-320")],
        [output(preset="640")],
        [output(preset=["320"])],
        [output(page=2)],
        [output(), output()],
        [{"event": "output"}],
        [{"event": "source", "pages": -1, "width": 1, "height": 1}],
        [{"event": "source", "pages": 1, "width": "1", "height": 1}],
        [{"event": "folder", "name": "../elsewhere"}],
        [DONE],
        [output(), DONE | {"verdict": "wonderful"}],
        [output(), DONE | {"verdict": ["ready"]}],
        [output(), DONE | {"reason": "truncated"}],
        [output(), DONE | {"verdict": "damaged", "reason": None}],
        [output(), DONE | {"verdict": "damaged", "reason": "<script>"}],
        [output(), DONE | {"cpu_s": "much"}],
        [output(), {"event": "done"}],
    ],
)
def test_words_that_make_no_sense_make_no_preview(folder: Path, words: list[Any]) -> None:
    result = hear(folder, *words, DONE)
    assert (result.verdict, result.reason, result.outputs) == ("failed", "crashed", ())


@pytest.mark.parametrize("words", [[b"not json\n"], [b'{"event":'], [], [output()]])
def test_a_server_that_breaks_off_is_gone(folder: Path, words: list[Any]) -> None:
    with pytest.raises(RendererGone):
        hear(folder, *words)


def test_files_that_are_not_as_we_make_them_make_no_preview(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.webp"
    secret.write_bytes(PICTURE)
    place = folder / "1-320.webp"

    def link() -> None:
        place.symlink_to(secret)

    def fifo() -> None:
        os.mkfifo(place)

    def sparse() -> None:
        with place.open("wb") as file:
            file.write(PICTURE)
            file.truncate(31_000_000)

    plans: list[Callable[[], object]] = [
        link,
        fifo,
        place.mkdir,
        sparse,
        lambda: place.write_bytes(b""),
        lambda: place.write_bytes(noise(9, 9).pngsave_buffer()),
        lambda: place.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        lambda: place.write_bytes(PICTURE + b"<script>alert(1)</script>"),
        lambda: place.write_bytes(noise(400, 400).webpsave_buffer(keep="none")),
    ]
    for plan in plans:
        if place.is_dir():
            place.rmdir()
        place.unlink(missing_ok=True)
        plan()
        result = hear(folder, output(), DONE)
        assert (result.verdict, result.reason, result.outputs) == ("failed", "crashed", ()), plan


# The real server, with a child that does as it likes.

HOSTILE = """
import os, signal, sys
from contest.previews import server

class Hostile(server._Child):
    def run(self, file, pipe, kind, presets, *, quick, clips):
        try:
            os.setsid()
            self.act(pipe, sys.argv[2])
        finally:
            os._exit(0)

    def act(self, pipe, way):
        said = b'{"event": "done", "verdict": "ready", "reason": null}\\n'
        if way == "no newline":
            os.write(pipe, b"x" * 5000)
        elif way == "no json":
            os.write(pipe, b"nonsense\\n")
        elif way == "deep":
            os.write(pipe, b"[" * 1000 + b"\\n")
        elif way == "list":
            os.write(pipe, b"[]\\n")
        elif way == "folder":
            os.write(pipe, b'{"event": "folder", "name": "elsewhere"}\\n')
        elif way == "many":
            os.write(pipe, b'{"event": "source", "pages": 1, "width": 1, "height": 1}\\n' * 400)
        elif way == "chatty":
            os.write(pipe, b'{"event": "page", "page": 1}\\n' * 360)
            os.write(pipe, said)
            (self._folder / "over").touch()
            os._exit(0)
        elif way == "disk":
            os.truncate(os.open(self._folder / "1-320.webp", os.O_CREAT | os.O_RDWR), 700_000_000)
        elif way == "silent":
            os._exit(0)
        elif way == "lie":
            os.write(pipe, said)
            os._exit(0)
        elif way == "exit":
            os.write(pipe, said)
            os._exit(3)
        elif way == "leave one behind":
            if os.fork():
                os._exit(0)
        signal.pause()

server._Child = Hostile
server.main(sys.argv[1])
"""


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize(
    ("way", "verdict"),
    [
        *((way, ("failed", "crashed")) for way in ("no newline", "no json", "deep", "list", "folder", "many")),
        *((way, ("failed", "crashed")) for way in ("silent", "lie", "exit", "leave one behind")),
        ("disk", ("refused", "bomb")),
    ],
)
def test_a_child_that_does_as_it_likes_is_ended(tmp_path: Path, way: str, verdict: tuple[str, str]) -> None:
    place = tmp_path / "s"
    place.mkdir()
    settings = json.dumps({"folder": str(place), "parent": os.getpid()})
    command = [sys.executable, "-c", HOSTILE, settings, way]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert "layers" in json.loads(process.stdout.readline())
            watched: list[psutil.Process] = []
            for _ in range(2):
                result = preview(str(place / "s"), b"x", Kind.PNG)
                assert (result.verdict, result.reason, result.outputs) == (*verdict, ())
                # Whatever was forked there shows the same command.
                watched += [
                    one for one in psutil.process_iter() if settings in _command(one) and one.pid != process.pid
                ]
            _, alive = psutil.wait_procs(watched, timeout=10)
            assert alive == []
        finally:
            process.terminate()
    assert process.returncode == 0
    assert not place.exists()


def test_a_client_that_reads_late_misses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "s"
    place.mkdir()
    settings = json.dumps({"folder": str(place), "parent": os.getpid()})
    command = [sys.executable, "-c", HOSTILE, settings, "chatty"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert "layers" in json.loads(process.stdout.readline())
            with socket.socket(socket.AF_UNIX) as connection, open(__file__, "rb") as file:
                connection.connect(str(place / "s"))
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))
                connection.sendmsg([b'{"kind": "png", "presets": ["320"]}'], [rights])
                server = psutil.Process(process.pid)
                until(lambda: list(place.glob("job-*/over")) and not server.children(), 20)
                with connection.makefile("rb") as lines:
                    heard = [json.loads(next(lines))["event"] for _ in range(362)]
            assert heard == ["folder", *["page"] * 360, "done"]
        finally:
            process.terminate()
