"""The values that go in and out of the store."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contest.storage.errors import mapped


class StoreSettings(Protocol):
    """What Storage needs of the settings (contest.settings.Settings), which lie above it."""

    @property
    def s3_endpoint(self) -> str: ...
    @property
    def public_endpoint(self) -> str: ...
    @property
    def s3_access_key(self) -> str: ...
    @property
    def s3_secret_key(self) -> str: ...
    @property
    def s3_bucket(self) -> str: ...
    @property
    def s3_region(self) -> str: ...
    @property
    def s3_path_style(self) -> bool: ...


@dataclass(frozen=True)
class Grant:
    """Permission for one upload: what the browser must send, and where.

    `headers` are those that the script sets itself; the browser adds the signed Content-Length.
    """

    url: str
    method: str
    headers: dict[str, str]


@dataclass(frozen=True)
class ObjectInfo:
    """What the store says of an object.

    `size` in bytes; `etag` without its quotes, an opaque version tag and never a hash of the
    content; `modified` aware, UTC; `content_type` is "" in listings, where S3 does not tell it.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    content_type: str


@dataclass(frozen=True)
class Check:
    """One line of `contest doctor`. `fix` says what to do and is "" when `ok`."""

    name: str
    ok: bool
    detail: str
    fix: str


class ObjectStream(io.RawIOBase):
    """The bytes of one object, read forward only. Use as a context manager, or close it.

    `read` raises StorageDown when the line breaks or the bytes fail the store's own checksum.
    """

    def __init__(self, body: Any, what: str) -> None:
        super().__init__()
        self._body = body
        self._what = what

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, all that is left for -1 or None; b"" at the end."""
        with mapped(self._what):
            return bytes(self._body.read(None if size is None or size < 0 else size))

    def readall(self) -> bytes:
        return self.read(-1)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()
