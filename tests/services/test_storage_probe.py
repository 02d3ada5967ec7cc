"""Set-up, CORS, health and the doctor's checks of an S3 store; stores with habits of their own."""

from __future__ import annotations

import http.client
import io
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from contest.storage import Check, ObjectExists, Storage, StorageDown
from tests.services.wire import BODY, ORIGIN, Reply, grant_for, send, sibling

GUARDS = [
    *("write", "read", "presigned", "signature", "checksum", "length", "no-overwrite", "parts", "copy"),
    *("anonymous", "cors", "cors-foreign", "delete"),
]


@pytest.fixture
def key() -> str:
    return f"tests/{secrets.token_hex(8)}"


# ---- browsers of other origins ----------------------------------------------------------------


def preflight(storage: Storage, origin: str, method: str = "PUT") -> Reply:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,if-none-match,x-amz-checksum-sha256",
    }
    return send("OPTIONS", grant_for(storage, "tests/cors").url, asked)


def test_our_origin_may_upload_and_see_the_etag(storage: Storage, key: str) -> None:
    reply = preflight(storage, ORIGIN)
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)

    grant = grant_for(storage, key)
    reply = send("PUT", grant.url, grant.headers | {"Origin": ORIGIN}, BODY)

    exposed = reply.headers["Access-Control-Expose-Headers"].lower().replace(" ", "").split(",")
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert set(exposed) >= {"etag", "x-amz-checksum-sha256"}


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:5001", "https://localhost:5000", "null"])
def test_foreign_origins_may_not(storage: Storage, origin: str) -> None:
    reply = preflight(storage, origin)

    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (403, None)


def test_our_origin_may_not_delete(storage: Storage) -> None:
    allowed = preflight(storage, ORIGIN, "DELETE").headers["Access-Control-Allow-Methods"]

    assert "DELETE" not in (allowed or "")


# ---- set-up, health, doctor -------------------------------------------------------------------


@pytest.fixture
def other(storage: Storage) -> Storage:
    """A bucket of its own, not made yet."""
    return sibling(storage, bucket=f"other-{secrets.token_hex(8)}")


def test_prepare_makes_the_bucket_once(other: Storage) -> None:
    with pytest.raises(StorageDown, match="there is no bucket"):
        other.ping()

    other.prepare(["https://old.example"])
    other.put("kept", b"x", content_type="text/plain")
    other.prepare([ORIGIN])

    other.ping()
    assert other.read("kept") == b"x"
    assert preflight(other, ORIGIN).status == 200
    assert preflight(other, "https://old.example").status == 403


def test_prepare_without_origins_leaves_the_rules(other: Storage) -> None:
    other.prepare([ORIGIN])
    other.prepare([])

    assert preflight(other, ORIGIN).status == 200


def test_prepare_keeps_the_operators_own_lifecycle(other: Storage) -> None:
    other.prepare([])
    client = other._client("server")
    theirs = {
        "ID": "theirs",
        "Status": "Enabled",
        "Filter": {"Prefix": "tmp/"},
        "Expiration": {"Days": 7},
    }
    client.put_bucket_lifecycle_configuration(Bucket=other.bucket, LifecycleConfiguration={"Rules": [theirs]})

    other.prepare([])
    other.prepare([])

    rules = client.get_bucket_lifecycle_configuration(Bucket=other.bucket)["Rules"]
    assert sorted(rule["ID"] for rule in rules) == ["contest-abort-multipart", "theirs"]


def test_prepare_gives_slow_lines_the_days_that_older_releases_did_not(other: Storage) -> None:
    other.prepare([])
    client = other._client("server")
    old = {
        "ID": "contest-abort-multipart",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    }
    client.put_bucket_lifecycle_configuration(Bucket=other.bucket, LifecycleConfiguration={"Rules": [old]})

    other.prepare([])

    rules = client.get_bucket_lifecycle_configuration(Bucket=other.bucket)["Rules"]
    assert [rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules] == [7]


def test_the_embedded_store_passes_every_check(storage: Storage) -> None:
    checks = storage.probe([ORIGIN])

    assert [(check.name, check.ok, check.fix) for check in checks] == [(name, True, "") for name in GUARDS], checks
    assert list(storage.list("canary/")) == []


def failing(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.fix for check in checks if not check.ok}


def test_the_probe_names_missing_cors_rules(other: Storage) -> None:
    other.prepare([])

    found = failing(other.probe([ORIGIN]))

    assert list(found) == ["cors"]
    assert "contest setup" in found["cors"]


def test_the_probe_names_rules_for_everybody(other: Storage) -> None:
    other.prepare(["*"])

    assert list(failing(other.probe([ORIGIN]))) == ["cors-foreign"]


def test_the_probe_names_a_wrong_origin(storage: Storage) -> None:
    found = [check for check in storage.probe(["https://moved.example"]) if not check.ok]

    assert [check.name for check in found] == ["cors"]
    assert "https://moved.example" in found[0].detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bucket": "no-such-bucket"}, "contest setup"),
        ({"secret_key": "wrong"}, "S3_SECRET_KEY"),
        ({"access_key": "WRONG"}, "S3_ACCESS_KEY"),
    ],
)
def test_the_probe_stops_at_a_store_that_it_cannot_write(storage: Storage, changes: dict[str, str], words: str) -> None:
    (check,) = sibling(storage, **changes).probe([ORIGIN])

    assert (check.name, check.ok) == ("write", False)
    assert words in check.detail + check.fix


def test_the_probe_names_an_unreachable_public_endpoint(storage: Storage) -> None:
    found = failing(sibling(storage, public_endpoint="http://127.0.0.1:9").probe([ORIGIN]))

    assert "presigned" in found
    assert not {"write", "read", "copy", "delete"} & set(found)


def test_ping_is_quick_about_a_dead_store(storage: Storage) -> None:
    storage.ping()
    dead = sibling(storage, endpoint="http://127.0.0.1:9")
    begun = time.monotonic()

    with pytest.raises(StorageDown):
        dead.ping()

    assert time.monotonic() - begun < 3


# ---- stores with habits of their own ------------------------------------------------------------


@contextmanager
def between(storage: Storage, habit: str) -> Iterator[tuple[Storage, list[str]]]:
    """The real store behind a forwarder with a habit, and the requests that it refused.

    `no-checksums` answers 501 to checksum headers, `cut` breaks off each body half way.
    """
    target = urlsplit(storage.endpoint)
    refused: list[str] = []

    class Forwarder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # boto3 waits for "100 Continue"

        def log_message(self, format: str, *arguments: object) -> None:
            pass

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if habit == "no-checksums" and "x-amz-sdk-checksum-algorithm" in self.headers:
                refused.append(self.command)
                text = b"<Error><Code>NotImplemented</Code><Message>?</Message></Error>"
                self.answer(501, {"Content-Type": "application/xml"}, text)
                return
            assert target.hostname
            upstream = http.client.HTTPConnection(target.hostname, target.port, timeout=20)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            reply = upstream.getresponse()
            headers = {k: v for k, v in reply.headers.items() if k != "Transfer-Encoding"}
            self.answer(reply.status, headers, reply.read())
            upstream.close()

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in {**headers, "Connection": "close"}.items():
                if name != "Content-Length":
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", f"{length or 0}")
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if habit == "cut" else body)
            self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_DELETE = forward

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sibling(storage, endpoint=f"http://127.0.0.1:{server.server_port}"), refused
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_store_that_refuses_checksum_headers_is_served_without(storage: Storage, key: str) -> None:
    with between(storage, "no-checksums") as (picky, refused):
        body = io.BytesIO(b"xx" + BODY)
        body.seek(2)
        picky.put(key + "/1", body, content_type="text/plain")
        picky.put(key + "/2", BODY, content_type="text/plain", if_absent=True)
        with pytest.raises(ObjectExists):
            picky.put(key + "/2", BODY, content_type="text/plain", if_absent=True)

    assert {storage.read(key + "/1"), storage.read(key + "/2")} == {BODY}
    assert set(refused) == {"PUT"}
    assert len(refused) <= 3  # the first put, with its retries; then it is known


def test_a_line_that_breaks_is_not_a_short_object(storage: Storage, key: str) -> None:
    storage.put(key, BODY * 1000, content_type="text/plain")

    with between(storage, "cut") as (broken, _), pytest.raises(StorageDown):
        broken.read(key)
