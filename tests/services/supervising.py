"""What the tests of the embedded services share: a supervisor of their own, and looks at it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from contest.embedded import Addresses
from contest.storage import Storage

ROOT = Path(__file__).parents[2]
LINUX = sys.platform == "linux"

# A supervisor of its own: starts everything, tells the addresses, watches, tells why it ends.
SUPERVISOR = """
import dataclasses, json, os, sys
from pathlib import Path
from contest.embedded import Embedded

with Embedded(Path(sys.argv[1])) as embedded:
    addresses = embedded.start()
    for name, code in json.loads(sys.argv[2]).items():
        embedded.spawn(name, [sys.executable, "-c", code, sys.argv[1]], dict(os.environ))
    print(json.dumps(dataclasses.asdict(addresses)), flush=True)
    print(embedded.watch(), flush=True)
"""

# As a worker does with its work-horse: a grandchild in a process group of its own. Neither
# heeds SIGTERM. `sys.argv[1]`, the data folder, is how the tests find them.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
horse = "import sys, time; open(sys.argv[1] + '/horse', 'w').close(); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", horse, sys.argv[1]], preexec_fn=os.setpgrp)
time.sleep(600)
"""


def processes(data: Path) -> dict[int, str]:
    """The living processes that belong to a data folder, by their command lines."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in listing.splitlines():
        pid, state, command = line.split(None, 2)
        if str(data) in command and not state.startswith("Z"):
            found[int(pid)] = command
    if LINUX:  # PostgreSQL's children change their command lines
        for process in Path("/proc").iterdir():
            try:
                inside = Path(os.readlink(process / "cwd")).is_relative_to(data)
            except (OSError, ValueError):
                continue
            if process.name.isdigit() and inside:
                found.setdefault(int(process.name), "in the data folder")
    return found


def pid_of(data: Path, name: str) -> int:
    children = json.loads((data / "pids.json").read_text())["children"]
    (pid,) = [child["pid"] for child in children if child["name"] == name]
    return int(pid)


def storage_of(addresses: Addresses) -> Storage:
    return Storage(
        endpoint=addresses.s3_endpoint,
        public_endpoint=addresses.s3_endpoint,
        access_key=addresses.s3_access_key,
        secret_key=addresses.s3_secret_key,
        bucket=addresses.s3_bucket,
    )


def postgres(addresses: Addresses) -> psycopg.Connection[tuple[object, ...]]:
    url = addresses.database_url.replace("postgresql+psycopg://", "postgresql://")
    return psycopg.connect(url, autocommit=True)


def write_everywhere(addresses: Addresses, word: str) -> None:
    with postgres(addresses) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])
    with redis.Redis.from_url(addresses.redis_url) as queue:
        queue.rpush("words", word)
        if queue.config_get("appendonly")["appendonly"] == "yes":
            queue.execute_command("WAITAOF", 1, 0, 5000)  # it syncs once a second only
    storage_of(addresses).put(f"words/{word}", word.encode(), content_type="text/plain")


def read_everywhere(addresses: Addresses) -> tuple[list[object], list[bytes], list[bytes]]:
    with postgres(addresses) as connection:
        rows = [row[0] for row in connection.execute("SELECT word FROM words ORDER BY word")]
    with redis.Redis.from_url(addresses.redis_url) as queue:
        queued = sorted(queue.lrange("words", 0, -1))
    storage = storage_of(addresses)
    return rows, queued, [storage.read(item.key) for item in storage.list("words/")]


ONE_WORD: tuple[list[object], list[bytes], list[bytes]] = (["one"], [b"one"], [b"one"])


@dataclasses.dataclass
class Supervisor:
    process: subprocess.Popen[str]
    addresses: Addresses

    def reason(self) -> str:
        """What `watch` returned, once the supervisor has ended."""
        output, _ = self.process.communicate(timeout=60)  # how long it takes is the machine's
        return output.strip()


@contextmanager
def supervisor(data: Path, **spawned: str) -> Iterator[Supervisor]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(data), json.dumps(spawned)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert line, "the supervisor ended before it was ready"
        yield Supervisor(process, Addresses(**json.loads(line)))
    finally:
        process.kill()  # no children are left behind: the tests below say so
        process.wait()
        process.stdout.close()
