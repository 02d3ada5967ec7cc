"""What the tests of the store share: plain HTTP as a browser speaks it, and sibling stores."""

from __future__ import annotations

import hashlib
import http.client
from typing import Any
from urllib.parse import urlsplit

from contest.storage import Grant, Storage

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


def grant_for(storage: Storage, key: str, body: bytes = BODY) -> Grant:
    return storage.grant_put(
        key,
        length=len(body),
        sha256=hashlib.sha256(body).digest(),
        content_type="application/pdf",
    )
