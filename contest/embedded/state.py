"""What the embedded services keep in the data folder: secrets, ports, the lock, leftovers' pids."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import secrets
import socket
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
# Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing
# connections, so that a port of ours is still free at the next start.
_EPHEMERAL = 32768
_PORTS = range(20000, _EPHEMERAL)


class EmbeddedError(Exception):
    """The embedded services cannot start or were used wrongly; the text says what to do."""


class AlreadyRunning(EmbeddedError):
    """Another process holds this data folder. `address` is its base URL, where it left one."""

    def __init__(self, message: str, address: str | None) -> None:
        super().__init__(message)
        self.address = address


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; {} if the file is missing or was cut off."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Replaces a file at once, readable by its owner only; `durable` waits for the disk."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)  # O_EXCL: an old one could have other permissions
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: dict[str, Any], *, durable: bool = False) -> None:
    """As write_private, for a JSON object."""
    write_private(path, json.dumps(value, indent=1, sort_keys=True) + "\n", durable=durable)


def is_free(port: int) -> bool:
    """Whether nobody listens at this port of the loopback (connections in TIME_WAIT are fine)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


class Secrets:
    """Random words by name, made at first use and kept in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str, nbytes: int = 32) -> str:
        """The secret, made of `nbytes` random bytes if it is new; safe in URLs and conf files."""
        known = read_json(self._path)
        if name not in known:
            known[name] = secrets.token_urlsafe(nbytes)
            write_json(self._path, known, durable=True)
        return str(known[name])


class Ports:
    """Loopback ports by name, kept from start to start as long as they are free."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self, name: str) -> int | None:
        """The port that the name had last, taken or not."""
        port = read_json(self._path).get(name)
        return None if port is None else int(port)

    def all_free(self) -> bool:
        """Whether nobody listens on any of the ports."""
        return all(is_free(port) for port in read_json(self._path).values())

    def get(self, name: str, wanted: int | None = None) -> int:
        """`wanted` if it is free, else the last one of this name if free, else a new one.

        Call it before starting what will listen: a port in use by its own service counts as
        taken.
        """
        known = read_json(self._path)
        for port in (wanted, known.get(name), *random.sample(_PORTS, 200)):
            if port is not None and self._take(known, {name: port}):
                return int(port)
        raise _no_port()

    def pair(self, name: str, second: str, offset: int) -> tuple[int, int]:
        """Two ports that stand `offset` apart, for programs that compute one from the other."""
        known = read_json(self._path)
        candidates = range(_PORTS.start, _EPHEMERAL - offset)
        for port in (known.get(name, 0), *random.sample(candidates, 200)):
            if port in candidates and self._take(known, {name: port, second: port + offset}):
                return int(port), int(port + offset)
        raise _no_port()

    def _take(self, known: dict[str, int], wanted: dict[str, int]) -> bool:
        """Notes the ports if all are free and none is meant for another name."""
        others = {port for name, port in known.items() if name not in wanted}
        if any(port in others or not is_free(port) for port in wanted.values()):
            return False
        if not wanted.items() <= known.items():
            write_json(self._path, {**known, **wanted})
        return True


def _no_port() -> EmbeddedError:
    return EmbeddedError(f"no free port between {_PORTS.start} and {_EPHEMERAL} on the loopback")


class Lock:
    """An exclusive lock on the data folder that the kernel drops when its holder dies."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._handle: int | None = None

    def take(self) -> None:
        """Raises AlreadyRunning if another process has it."""
        handle = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            address = read_json(self._data / "demo.json").get("base_url")
            where = f" at {address}" if address else ""
            raise AlreadyRunning(f"{self._data} is in use by process {holder or '?'}{where}", address) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle

    def drop(self) -> None:
        """Gives it back; nothing if it is not held."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
