"""PostgreSQL, Valkey and SeaweedFS from wheels, for the demo, development and the tests.

    with Embedded(Path("var/demo")) as embedded:
        addresses = embedded.start()
        embedded.spawn("web", [...], env)
        reason = embedded.watch()

One supervisor (this process, its main thread) owns a data folder: a lock keeps others out, and no
child outlives it, not even after kill -9. Everything listens on the loopback only, with passwords
made at the first start. Never for production: one disk, no replicas, no TLS.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import Any, Self

from contest.embedded.processes import Children, wait_until
from contest.embedded.services import (
    BUCKET,
    House,
    Postgres,
    SeaweedFS,
    Service,
    Valkey,
)
from contest.embedded.state import (
    AlreadyRunning,
    EmbeddedError,
    Lock,
    Ports,
    Secrets,
)

__all__ = ["Addresses", "AlreadyRunning", "Embedded", "EmbeddedError"]

START_TIMEOUT = 30.0  # seconds for one try; about 1 is usual
CHILD_GRACE = 2.0  # seconds for spawned children at stop
SERVICE_GRACE = 2.2  # seconds for services at stop; SeaweedFS takes about 1.2
_FIRST_DELAY, _MAX_DELAY, _STEADY = 0.5, 30.0, 60.0  # seconds; restarts of spawned children


@dataclass(frozen=True)
class Addresses:
    """Where the services are, with their passwords: for the environment, never for a log.

    `database_url` is for SQLAlchemy with psycopg 3. The S3 endpoint is also the public one.
    """

    database_url: str
    redis_url: str
    s3_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    s3_bucket: str


@dataclass
class _Spawned:
    """A child that is started again when it ends: how, when last, and when next."""

    argv: list[str]
    env: dict[str, str]
    since: float
    delay: float = _FIRST_DELAY
    due: float | None = None


class Embedded:
    """The embedded services of one data folder, and the children that live with them.

    `throwaway` is for tests: nothing is synced to disk, and `stop` kills. The folder stays; its
    maker removes it. Raises EmbeddedError where CONTEST_ENV is production, and if the folder cannot be made.
    """

    def __init__(self, data: Path, *, throwaway: bool = False) -> None:
        if os.environ.get("CONTEST_ENV") == "production":
            raise EmbeddedError(
                "embedded services are not for production: give it DATABASE_URL, REDIS_URL and S3_ENDPOINT of real ones"
            )
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(f"{data} cannot be the folder of the data: {error.strerror}") from error
        self.data = data.resolve()
        self._throwaway = throwaway
        self._secrets = Secrets(self.data / "secrets.json")
        self._ports = Ports(self.data / "ports.json")
        self._lock = Lock(self.data)
        self._children = Children(self.data)
        self._services: list[Service] = []
        self._spawned: dict[str, _Spawned] = {}

    # ---- life -----------------------------------------------------------------------------

    def start(self, origins: Sequence[str] = ()) -> Addresses:
        """Starts everything at once and returns when each service has done real work.

        `origins` are those whose pages may upload; `Storage.prepare` sets them later as well.
        Call it in the main thread. Raises AlreadyRunning if another process has the folder, and
        EmbeddedError, with the end of a log, if a service does not come up.
        """
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedError("start the embedded services from the main thread")
        if self._services:
            raise EmbeddedError("the embedded services are started already")
        self._lock.take()
        try:
            self._children.clear_leftovers()
            # Short, because the full path of a Unix socket may have about 100 bytes; 0700.
            run = Path(tempfile.mkdtemp(prefix="emb-"))
            self._children.open(run)
            house = House(self.data, run, self._children, self._secrets, self._ports, self._throwaway)
            postgres, valkey = Postgres(house), Valkey(house)
            weed = SeaweedFS(house, origins)
            # The slowest first, since there may be fewer processors than services.
            self._services = [weed, postgres, valkey]
            self._bring_up()
        except BaseException:
            self.stop()
            raise
        return Addresses(
            database_url=postgres.url(),
            redis_url=valkey.url(),
            s3_endpoint=weed.endpoint,
            s3_access_key=weed.access_key,
            s3_secret_key=weed.secret_key,
            s3_bucket=BUCKET,
        )

    def _bring_up(self) -> None:
        """Starts the services; anew on other ports if somebody was quicker to take one."""
        for _ in range(3):
            try:
                for service in self._services:
                    service.start()
                self._wait_ready()
                return
            except EmbeddedError:
                self._end_services()
                if self._ports.all_free():
                    raise  # not the ports' fault
        raise EmbeddedError(f"ports are taken again and again; see {self.data / 'log'}")

    def _wait_ready(self) -> None:
        waiting = list(self._services)

        def all_ready() -> bool:
            for service in list(waiting):
                service.check_alive()
                if service.ready():
                    waiting.remove(service)
            return not waiting

        if not wait_until(all_ready, START_TIMEOUT):
            names = [name for service in waiting for name in service.names]
            logs = "\n".join(self._children.tail(name) for name in names)
            raise EmbeddedError(f"not ready after {START_TIMEOUT:.0f} s: {names}\n{logs}")

    def stop(self) -> None:
        """Ends all children, spawned ones first, within 5 s; as often as you like."""
        try:
            self._children.end(list(reversed(self._spawned)), CHILD_GRACE)
        finally:
            self._spawned.clear()
            try:
                self._end_services()
            finally:
                self._services = []
                self._children.close()
                self._lock.drop()

    def _end_services(self) -> None:
        names = [name for service in self._services for name in service.names]
        if self._throwaway:
            harsh = [name for name in names if name != "postgres"]
            self._children.end(harsh, 1.0, harsh=True)
        self._children.end(names, SERVICE_GRACE)
        for service in self._services:
            service.tidy()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- other children -------------------------------------------------------------------

    def spawn(self, name: str, argv: list[str], env: dict[str, str]) -> Popen[bytes]:
        """Starts one more child (a web server, a worker) that ends with us.

        `env` is its whole environment. Its output goes to `log(name)`. `watch` starts it anew
        when it ends, so the Popen returned is the first one only. Main thread only.
        """
        if name in self._spawned or any(name in service.names for service in self._services):
            raise EmbeddedError(f"there is a child named {name} already")
        process = self._children.start(name, argv, env=env).process
        self._spawned[name] = _Spawned(list(argv), dict(env), time.monotonic())
        return process

    def log(self, name: str) -> Path:
        """The file with the output of a child: weed, postgres, valkey, or a spawned one."""
        return self._children.log(name)

    def watch(self) -> str:
        """Blocks until SIGTERM, SIGINT or SIGHUP comes or a service ends; says which.

        Spawned children that end meanwhile are started again, after 0.5 to 30 s. It does not
        stop anything itself. Main thread only.
        """
        with _wakeups() as (wake, received):
            while True:
                if received:
                    return signal.Signals(received[0]).name
                for service in self._services:
                    try:
                        service.check_alive()
                    except EmbeddedError as error:
                        return str(error)
                _drain(wake, self._restart_ended())

    def _restart_ended(self) -> float:
        """Starts again what has ended and is due; returns the seconds until the next look."""
        now = time.monotonic()
        pause = 1.0
        for name, spawned in self._spawned.items():
            child = self._children.get(name)
            if child is not None and child.alive():
                continue
            if spawned.due is None:  # it has just ended
                self._children.end([name], 0.0)  # and leaves nobody behind
                if now - spawned.since > _STEADY:
                    spawned.delay = _FIRST_DELAY
                spawned.due = now + spawned.delay
                spawned.delay = min(2 * spawned.delay, _MAX_DELAY)
            if spawned.due <= now:
                self._children.start(name, spawned.argv, env=spawned.env)
                spawned.since, spawned.due = now, None
            else:
                pause = min(pause, spawned.due - now)
        return pause

    # ---- the folder's secrets and ports ---------------------------------------------------

    def secret(self, name: str, nbytes: int = 32) -> str:
        """A random word of this folder, the same at each start; URL-safe, of `nbytes` bytes.

        Kept in secrets.json, mode 0600. Call it after `start`, which has the folder's lock.
        """
        return self._secrets.get(name, nbytes)

    def port(self, name: str, wanted: int | None = None) -> int:
        """A free port of the loopback, the same at each start while it is free.

        `wanted` comes first if nobody listens there. Call it before starting the listener.
        """
        return self._ports.get(name, wanted)


@contextmanager
def _wakeups() -> Iterator[tuple[socket.socket, list[int]]]:
    """A socket that becomes readable at each signal, and the stop signals that came, in order."""
    received: list[int] = []
    read, write = socket.socketpair()
    read.setblocking(False)
    write.setblocking(False)

    def note(number: int, _frame: Any) -> None:
        if number != signal.SIGCHLD:
            received.append(number)

    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD]
    # What is ignored stays ignored: nohup and a shell's `&` mean it so.
    before = {
        number: signal.signal(number, note)
        for number in numbers
        if number == signal.SIGCHLD or signal.getsignal(number) != signal.SIG_IGN
    }
    old = signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    try:
        yield read, received
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        read.close()
        write.close()


def _drain(wake: socket.socket, timeout: float) -> None:
    """Waits for a signal, at most `timeout` seconds."""
    wake.settimeout(max(timeout, 0.001))
    with suppress(TimeoutError):
        wake.recv(4096)
