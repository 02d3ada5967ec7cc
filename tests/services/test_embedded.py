"""The embedded services: they start, keep what they were given, and leave nothing running.

Each test owns its data folder and ends only processes of its own.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from contest.embedded import Addresses, AlreadyRunning, Embedded, EmbeddedError
from contest.storage import ObjectMissing, StorageDown
from tests.services.supervising import (
    LINUX,
    ONE_WORD,
    STUBBORN,
    pid_of,
    postgres,
    processes,
    read_everywhere,
    storage_of,
    supervisor,
    write_everywhere,
)
from tests.waiting import until

# ---- one set of services, running ---------------------------------------------------------------


@dataclasses.dataclass
class Running:
    data: Path
    embedded: Embedded
    addresses: Addresses
    seconds: float


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("running")
    with Embedded(data, throwaway=True) as embedded:
        begun = time.monotonic()
        addresses = embedded.start(["http://localhost:5000"])
        yield Running(data, embedded, addresses, time.monotonic() - begun)


def test_one_start_and_all_work(running: Running) -> None:
    write_everywhere(running.addresses, "one")

    assert read_everywhere(running.addresses) == ONE_WORD
    assert running.seconds < 20


def test_postgres_is_18_in_utf8_and_utc(running: Running) -> None:
    with postgres(running.addresses) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, "
            "current_setting('server_encoding'), current_setting('TimeZone'), "
            "current_setting('data_checksums'), upper('é')"
        ).fetchone()

    assert row == (18, "UTF8", "UTC", "on", "É")


def test_a_second_start_on_the_folder_is_refused(running: Running) -> None:
    (running.data / "demo.json").write_text('{"base_url": "http://localhost:5000"}')
    before = (running.data / "pids.json").read_text()

    with (
        pytest.raises(AlreadyRunning, match=f"{os.getpid()} at http://localhost:5000") as caught,
        Embedded(running.data) as second,
    ):
        second.start()

    assert caught.value.address == "http://localhost:5000"
    assert (running.data / "pids.json").read_text() == before
    running.embedded.port("web")  # the first goes on undisturbed
    storage_of(running.addresses).ping()


def test_nothing_private_is_readable_by_others(running: Running) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((running.data / name).stat().st_mode)

    assert {name: mode(name) for name in ("secrets.json", "sw/s3.json", "pids.json")} == {
        "secrets.json": 0o600,
        "sw/s3.json": 0o600,
        "pids.json": 0o600,
    }
    assert mode("log/weed.log") == 0o600
    run = Path(json.loads((running.data / "pids.json").read_text())["run"])
    assert stat.S_IMODE(run.stat().st_mode) == 0o700


def test_secrets_are_kept_and_in_no_command_line(running: Running) -> None:
    first = running.embedded.secret("SECRET_KEY")

    assert running.embedded.secret("SECRET_KEY") == first
    assert running.embedded.secret("OTHER") != first
    assert len(running.embedded.secret("LONG", 64)) == 86
    known = json.loads((running.data / "secrets.json").read_text())
    assert known["SECRET_KEY"] == first
    shown = " ".join(processes(running.data).values())
    assert shown.count("weed") >= 1
    assert [name for name, secret in known.items() if secret in shown] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/buckets/contest/"), ("PUT", "/junk"), ("DELETE", "/buckets/contest")],
)
def test_the_filer_refuses_the_anonymous(running: Running, method: str, path: str) -> None:
    port = json.loads((running.data / "ports.json").read_text())["weed.filer"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, b"junk" if method == "PUT" else None)

    assert connection.getresponse().status == 401
    connection.close()


def test_an_unknown_bucket_is_not_made_on_the_fly(running: Running) -> None:
    storage = storage_of(dataclasses.replace(running.addresses, s3_bucket="typo"))

    with pytest.raises(StorageDown, match="NoSuchBucket"):
        storage.put("x", b"x", content_type="text/plain")


def test_passwords_are_asked_for(running: Running) -> None:
    addresses = running.addresses
    wrong = addresses.database_url.replace("contest:", "contest:x", 1)
    with pytest.raises(psycopg.OperationalError, match="password"):
        postgres(dataclasses.replace(addresses, database_url=wrong))
    port = addresses.redis_url.rpartition(":")[2]
    with (
        pytest.raises(redis.AuthenticationError),
        redis.Redis.from_url(f"redis://127.0.0.1:{port}") as queue,
    ):
        queue.ping()


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_everything_listens_on_the_loopback_only(running: Running) -> None:
    ports = set(json.loads((running.data / "ports.json").read_text()).values())
    ours: dict[str, set[int]] = {}
    inodes = {
        os.readlink(handle)
        for pid in processes(running.data)
        if pid != os.getpid()
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if handle.is_symlink()
    }
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:  # listening, and ours
                address, port = fields[1].split(":")
                ours.setdefault(address, set()).add(int(port, 16))

    assert set(ours) == {"0100007F"}  # 127.0.0.1
    assert ours["0100007F"] <= ports  # and nothing at a port that we did not give


def test_the_worker_of_seaweedfs_meets_its_own_admin_server(running: Running) -> None:
    ports = json.loads((running.data / "ports.json").read_text())
    assert ports["weed.admin.grpc"] == ports["weed.admin"] + 10000

    until(lambda: "Worker registered" in running.embedded.log("weed").read_text())


def test_a_port_is_kept_while_it_is_free(running: Running) -> None:
    first = running.embedded.port("web")
    assert running.embedded.port("web") == first

    with socket.create_server(("127.0.0.1", first)):
        second = running.embedded.port("web")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        third = running.embedded.port("web", taken.getsockname()[1])

    assert first != second
    assert third == second
    assert running.embedded.port("web", first) == first
    assert running.embedded.port("other", first) != first


def test_it_starts_in_the_main_thread_only(tmp_path: Path) -> None:
    caught: list[Exception] = []

    def start() -> None:
        try:
            Embedded(tmp_path).start()
        except EmbeddedError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert [str(error) for error in caught] == ["start the embedded services from the main thread"]
    assert processes(tmp_path) == {}


def test_production_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTEST_ENV", "production")

    with pytest.raises(EmbeddedError, match="not for production"):
        Embedded(tmp_path / "data")

    assert not (tmp_path / "data").exists()


# ---- stop and start again -----------------------------------------------------------------------


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedError, match="cannot be the folder of the data: Not a directory"):
        Embedded(tmp_path / "file" / "data")


def test_what_was_written_survives_a_stop(tmp_path: Path) -> None:
    with Embedded(tmp_path) as embedded:
        first = embedded.start()
        write_everywhere(first, "one")
        begun = time.monotonic()
        embedded.stop()
        assert time.monotonic() - begun < 5
        assert processes(tmp_path) == {}
        assert not (tmp_path / "pids.json").exists()

        second = embedded.start()

        assert (second, read_everywhere(second)) == (first, ONE_WORD)


def test_ports_taken_meanwhile_are_replaced(tmp_path: Path) -> None:
    with Embedded(tmp_path) as embedded:
        first = embedded.start()
        write_everywhere(first, "one")
        embedded.stop()
        ports = json.loads((tmp_path / "ports.json").read_text())
        takers = [socket.create_server(("127.0.0.1", port)) for port in ports.values()]
        try:
            second = embedded.start()
        finally:
            for taker in takers:
                taker.close()

        assert read_everywhere(second) == ONE_WORD
        now = json.loads((tmp_path / "ports.json").read_text())
        assert set(now) == set(ports)
        assert not set(now.values()) & set(ports.values())


def test_a_service_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with Embedded(tmp_path, throwaway=True) as embedded:
        embedded.start()
    (tmp_path / "pg" / "18" / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedError, match="initialized by PostgreSQL version 16"):
        Embedded(tmp_path, throwaway=True).start()

    assert processes(tmp_path) == {}
    (tmp_path / "pg" / "18" / "PG_VERSION").write_text("18\n")
    with Embedded(tmp_path, throwaway=True) as embedded:
        embedded.start()


@pytest.mark.skipif(not LINUX, reason="elsewhere PostgreSQL has to be trusted with its pid file")
def test_a_pid_file_with_a_strangers_number_is_stale(tmp_path: Path) -> None:
    with Embedded(tmp_path) as embedded:
        write_everywhere(embedded.start(), "one")
        pid_file = tmp_path / "pg" / "18" / "postmaster.pid"
        lines = pid_file.read_text().split("\n")
        embedded.stop()
        stranger = subprocess.Popen(["sleep", "600"])
        try:
            pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
            pid_file.chmod(0o600)

            assert read_everywhere(embedded.start()) == ONE_WORD
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_leftovers_end_only_if_all_three_marks_match(tmp_path: Path) -> None:
    sleepers = [subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(3)]
    try:
        with Embedded(tmp_path, throwaway=True) as embedded:
            embedded.start()
            for number, sleeper in enumerate(sleepers):
                embedded._children.start(f"s{number}", ["sleep", "600"], env=dict(os.environ))
                record = json.loads((tmp_path / "pids.json").read_text())
                ours = record["children"][-1]
                ours["pid"] = sleeper.pid
                (tmp_path / f"{number}.json").write_text(json.dumps(ours))
            embedded._children.end([f"s{number}" for number in range(3)], 1.0)
            record = json.loads((tmp_path / "pids.json").read_text())
        from contest.embedded import watchdog

        children = [json.loads((tmp_path / f"{n}.json").read_text()) for n in range(3)]
        for child, sleeper in zip(children, sleepers, strict=True):
            child["started"] = watchdog.start_time(sleeper.pid)
        children[1]["started"] += "0"
        children[2]["exe"] = "/usr/bin/other"
        (tmp_path / "pids.json").write_text(json.dumps({**record, "children": children}))

        with Embedded(tmp_path, throwaway=True) as embedded:
            embedded.start()

            assert sleepers[0].wait(5) == -signal.SIGTERM
            assert [sleeper.poll() for sleeper in sleepers[1:]] == [None, None]
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_without_user_namespaces_runs_postgres_as_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bare = Path(tempfile.mkdtemp(prefix="no-unshare-"))
    data = Path(tempfile.mkdtemp(prefix="nobody-"))  # pytest's own folders let nobody through
    try:
        monkeypatch.setenv("PATH", str(bare))
        with Embedded(data) as embedded:
            write_everywhere(embedded.start(), "one")
            owner = Path(f"/proc/{pid_of(data, 'postgres')}").stat().st_uid
            assert pwd.getpwuid(owner).pw_name == "nobody"
            assert stat.S_IMODE((data / "secrets.json").stat().st_mode) == 0o600
        monkeypatch.undo()
        with Embedded(data) as embedded:  # the folder stays its owner's
            assert read_everywhere(embedded.start()) == ONE_WORD
        assert processes(data) == {}
    finally:
        shutil.rmtree(bare)
        shutil.rmtree(data)


# ---- the supervisor ends, one way or another ----------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    with supervisor(tmp_path, worker=STUBBORN) as it:
        write_everywhere(it.addresses, "one")
        until((tmp_path / "horse").exists)
        run = json.loads((tmp_path / "pids.json").read_text())["run"]
        it.process.send_signal(number)

        assert it.reason() == number.name
        assert it.process.returncode == 0
    assert processes(tmp_path) == {}
    assert not Path(run).exists()


def test_a_killed_supervisor_leaves_no_process_and_no_loss(tmp_path: Path) -> None:
    with supervisor(tmp_path, worker=STUBBORN) as it:
        write_everywhere(it.addresses, "one")
        until((tmp_path / "horse").exists)
        assert len(processes(tmp_path)) >= 5
        it.process.kill()
        it.process.wait()

        until(lambda: not processes(tmp_path), 5)

    with Embedded(tmp_path) as embedded:
        assert read_everywhere(embedded.start()) == ONE_WORD


def test_a_start_right_after_a_kill_recovers(tmp_path: Path) -> None:
    with supervisor(tmp_path) as it:
        write_everywhere(it.addresses, "one")
        run = json.loads((tmp_path / "pids.json").read_text())["run"]
        it.process.kill()
        it.process.wait()

        with Embedded(tmp_path) as embedded:
            assert read_everywhere(embedded.start()) == ONE_WORD
    assert processes(tmp_path) == {}
    assert not Path(run).exists()


def test_services_killed_with_their_supervisor_recover(tmp_path: Path) -> None:
    with supervisor(tmp_path) as it:
        write_everywhere(it.addresses, "one")
        for pid in (it.process.pid, *processes(tmp_path)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # a child of one that is gone already
                continue
        it.process.wait()

    with Embedded(tmp_path) as embedded:
        assert read_everywhere(embedded.start()) == ONE_WORD


@pytest.mark.parametrize("name", ["postgres", "valkey", "weed"])
def test_a_dead_service_ends_the_watch_and_loses_nothing(tmp_path: Path, name: str) -> None:
    with supervisor(tmp_path) as it:
        write_everywhere(it.addresses, "one")
        os.kill(pid_of(tmp_path, name), signal.SIGKILL)

        assert it.reason().startswith(f"{name} ended with -9")
    assert processes(tmp_path) == {}
    with Embedded(tmp_path) as embedded:
        assert read_everywhere(embedded.start()) == ONE_WORD


def test_a_spawned_child_is_started_again(tmp_path: Path) -> None:
    once = """
import os, sys, time
path = sys.argv[1] + "/starts"
with open(path, "a") as file:
    file.write(f"{os.getpid()} {os.getppid()}\\n")
print("hello", flush=True)
if len(open(path).readlines()) == 3:
    time.sleep(600)
"""
    with supervisor(tmp_path, worker=once) as it:
        starts = tmp_path / "starts"
        until(lambda: starts.exists() and len(starts.read_text().splitlines()) == 3)
        lines = starts.read_text().splitlines()

        assert len({line.split()[0] for line in lines}) == 3
        assert {line.split()[1] for line in lines} == {str(it.process.pid)}
        assert pid_of(tmp_path, "worker") == int(lines[-1].split()[0])
        assert (tmp_path / "log" / "worker.log").read_text() == "hello\n" * 3
        it.process.terminate()
        assert it.reason() == "SIGTERM"
    assert processes(tmp_path) == {}


def test_spawned_children_end_before_the_services(tmp_path: Path) -> None:
    last_words = """
import signal, socket, sys, time, pathlib, json
data = pathlib.Path(sys.argv[1])
port = json.loads((data / "ports.json").read_text())["postgres"]
def end(*_):
    socket.create_connection(("127.0.0.1", port)).close()
    (data / "last").write_text("the database still answered")
    raise SystemExit
signal.signal(signal.SIGTERM, end)
(data / "first").touch()
time.sleep(600)
"""
    with supervisor(tmp_path, web=last_words) as it:
        until((tmp_path / "first").exists)
        it.process.terminate()
        it.reason()

    assert (tmp_path / "last").read_text() == "the database still answered"


def test_a_child_has_exactly_its_environment_and_one_name(running: Running) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    running.embedded.spawn("printer", [sys.executable, "-c", code], {"ONLY": "this"})
    log = running.embedded.log("printer")
    until(lambda: log.read_text().endswith("\n"))

    assert json.loads(log.read_text()).items() >= {"ONLY": "this"}.items()
    assert "PATH" not in json.loads(log.read_text())
    for name in ("printer", "postgres"):
        with pytest.raises(EmbeddedError, match=f"a child named {name}"):
            running.embedded.spawn(name, ["true"], {})
    with pytest.raises(EmbeddedError, match="cannot start"):
        running.embedded.spawn("nothing", ["/no/such/program"], {})


def test_throwaway_services_stop_at_once(tmp_path: Path) -> None:
    with Embedded(tmp_path, throwaway=True) as embedded:
        addresses = embedded.start()
        with pytest.raises(ObjectMissing):
            storage_of(addresses).head("nothing")
        begun = time.monotonic()
        embedded.stop()
        embedded.stop()

        assert time.monotonic() - begun < 2
    assert processes(tmp_path) == {}
