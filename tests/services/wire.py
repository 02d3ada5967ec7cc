"""What the tests of the store share: plain HTTP as a browser speaks it, sibling stores, acts at the same moment."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from contest.storage import Grant, ObjectExists, ObjectMissing, Storage, StorageDown

ORIGIN = "http://localhost:5000"
BODY = b"%PDF-1.7 a poster"


class Reply:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()


def send(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body or None, headers or {})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def sibling(storage: Storage, **changes: Any) -> Storage:
    """The same store seen with another bucket, endpoint or key."""
    access_key, secret_key = storage._keys
    return Storage(
        **{
            "endpoint": storage.endpoint,
            "public_endpoint": storage.public_endpoint,
            "access_key": access_key,
            "secret_key": secret_key,
            "bucket": storage.bucket,
            **changes,
        }
    )


def at_once(act: Callable[[int], object], count: int) -> list[object]:
    """What `act(0)` to `act(count - 1)` return or raise, all started at the same moment."""
    gate = threading.Barrier(count)

    def run(number: int) -> object:
        gate.wait()
        try:
            return act(number)
        except (ObjectExists, ObjectMissing, StorageDown) as error:
            return type(error)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def grant_for(storage: Storage, key: str, body: bytes = BODY) -> Grant:
    return storage.grant_put(
        key,
        length=len(body),
        sha256=hashlib.sha256(body).digest(),
        content_type="application/pdf",
    )
