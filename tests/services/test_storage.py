"""The contract that the app has with an S3 store: grants, links, objects, copies.

All of it over the real wire; set-up, CORS and the doctor's checks are in test_storage_probe.py.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from contest.settings import Settings
from contest.storage import ObjectExists, ObjectInfo, ObjectMissing, Storage
from tests.services.wire import BODY, at_once, grant_for, send, sibling


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def key() -> str:
    return f"tests/{secrets.token_hex(8)}"


# ---- grants ---------------------------------------------------------------------------------


def test_a_grant_accepts_exactly_the_promised_bytes(storage: Storage, key: str) -> None:
    grant = grant_for(storage, key)

    reply = send(grant.method, grant.url, grant.headers, BODY)

    assert (reply.status, storage.read(key)) == (200, BODY)
    assert storage.head(key).content_type == "application/pdf"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(BODY[::-1], {}, 400, id="other bytes"),
        pytest.param(BODY[:-1], {}, 403, id="too short"),
        pytest.param(BODY + b"!", {}, 403, id="too long"),
        pytest.param(b"", {}, 403, id="empty"),
        pytest.param(BODY, {"Content-Type": "text/html"}, 403, id="other type"),
        pytest.param(BODY, {"Content-Type": None}, 403, id="no type"),
        pytest.param(BODY, {"x-amz-checksum-sha256": None}, 403, id="no checksum"),
        pytest.param(BODY, {"If-None-Match": None}, 403, id="may overwrite"),
    ],
)
def test_a_grant_refuses_anything_else(
    storage: Storage, key: str, body: bytes, headers: dict[str, str | None], status: int
) -> None:
    grant = grant_for(storage, key)
    sent = {name: value for name, value in (grant.headers | headers).items() if value is not None}

    reply = send("PUT", grant.url, sent, body)

    assert reply.status == status
    with pytest.raises(ObjectMissing):
        storage.head(key)


def test_a_grant_works_once(storage: Storage, key: str) -> None:
    grant = grant_for(storage, key)
    send("PUT", grant.url, grant.headers, BODY)
    before = storage.head(key)

    reply = send("PUT", grant.url, grant.headers, BODY)

    assert (reply.status, storage.head(key)) == (412, before)


def test_a_grant_never_overwrites_what_is_there(storage: Storage, key: str) -> None:
    storage.put(key, b"judged", content_type="text/plain")
    grant = grant_for(storage, key)

    reply = send("PUT", grant.url, grant.headers, BODY)

    assert (reply.status, storage.read(key)) == (412, b"judged")


def test_a_grant_is_not_valid_for_another_key(storage: Storage, key: str) -> None:
    grant = grant_for(storage, key)

    reply = send("PUT", grant.url.replace(key, key + "-other"), grant.headers, BODY)

    assert reply.status == 403


def test_a_grant_signs_for_the_public_endpoint(storage: Storage) -> None:
    public = sibling(storage, public_endpoint="https://files.example.org:8443")

    grant = public.grant_put("a/b", length=3, sha256=b"\0" * 32, content_type="image/png")

    url = urlsplit(grant.url)
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == (f"https://files.example.org:8443/{storage.bucket}/a/b")
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host;if-none-match;x-amz-checksum-sha256"]
    assert (grant.method, grant.headers) == (
        "PUT",
        {
            "Content-Type": "image/png",
            "If-None-Match": "*",
            "x-amz-checksum-sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        },
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": b"short"},
        {"length": -1},
        {"length": 5 * 1024**3 + 1},
        {"content_type": "image/png\r\nx: y"},
        {"content_type": ""},
        {"expires": 0},
        {"expires": 8 * 86400},
    ],
    ids=str,
)
def test_an_impossible_grant_is_a_value_error(storage: Storage, wrong: dict[str, Any]) -> None:
    right = {"length": 1, "sha256": b"\0" * 32, "content_type": "image/png", "expires": 60}
    with pytest.raises(ValueError, match=r"."):
        storage.grant_put("a", **{**right, **wrong})


# ---- links ----------------------------------------------------------------------------------


def disposition_of(storage: Storage, key: str, **how: Any) -> tuple[str, str]:
    """The header as received (kind and fallback), and the name that a browser would save."""
    reply = send("GET", storage.link(key, **how))
    assert reply.status == 200
    assert reply.headers.get_all("Set-Cookie") is None
    (value,) = reply.headers.get_all("Content-Disposition") or [""]
    plain, _, encoded = value.partition("; filename*=UTF-8''")
    return plain, unquote(encoded, errors="strict")


@pytest.mark.parametrize(
    ("name", "fallback", "saved"),
    [
        ("poster.png", "poster.png", "poster.png"),
        ("a\r\nSet-Cookie: x=1\r\n\r\nb.png", "aSet-Cookie_ x=1b.png", "aSet-Cookie_ x=1b.png"),
        ('say "hi"; x.png', "say _hi__ x.png", 'say "hi"; x.png'),
        ("100%41.png", "100_41.png", "100%41.png"),
        ("デザイン案 最終.png", "download.png", "デザイン案 最終.png"),
        ("応募作品", "download", "応募作品"),
        ("Café.pdf", "Cafe.pdf", "Café.pdf"),
        ("../../etc/passwd", "_.._etc_passwd", "_.._etc_passwd"),
        ("C:\\me\\a.psd", "C__me_a.psd", "C__me_a.psd"),
        ("cod\u202egpj.exe", "codgpj.exe", "codgpj.exe"),
        ("\ud800.png", "png", "png"),
        ("👩\u200d🎨.svg", "download.svg", "👩\u200d🎨.svg"),
        ("é" * 150 + ".pdf", "e" * 118 + ".pdf", "é" * 118 + ".pdf"),
        ("案" * 100 + ".psd", "download.psd", "案" * 78 + ".psd"),
    ],
)
def test_a_link_carries_any_file_name(storage: Storage, key: str, name: str, fallback: str, saved: str) -> None:
    storage.put(key, b"x", content_type="image/png")

    seen = disposition_of(storage, key, filename=name)

    assert seen == (f'attachment; filename="{fallback}"', saved)


@pytest.mark.parametrize("name", [None, "", "\r\n", " . ", "\u202e"])
def test_a_link_without_a_usable_name_names_none(storage: Storage, key: str, name: str | None) -> None:
    storage.put(key, b"x", content_type="image/png")

    assert disposition_of(storage, key, filename=name) == ("attachment", "")


@pytest.mark.parametrize(
    ("how", "kind", "served"),
    [
        ({}, "attachment", "application/octet-stream"),
        ({"content_type": "image/png"}, "attachment", "image/png"),
        ({"attachment": False}, "inline", "text/html"),
        ({"attachment": False, "content_type": "text/plain"}, "inline", "text/plain"),
    ],
)
def test_a_link_decides_how_it_is_shown(
    storage: Storage, key: str, how: dict[str, Any], kind: str, served: str
) -> None:
    storage.put(key, b"<script>", content_type="text/html")

    reply = send("GET", storage.link(key, **how))

    assert (reply.headers["Content-Disposition"], reply.headers["Content-Type"]) == (kind, served)


def test_a_link_lasts_a_minute_and_then_is_refused(storage: Storage, key: str) -> None:
    storage.put(key, b"x", content_type="image/png")
    short = storage.link(key, expires=1)

    assert parse_qs(urlsplit(storage.link(key)).query)["X-Amz-Expires"] == ["60"]
    until(lambda: send("GET", short).status == 403, 10)


def test_a_link_cannot_be_turned_into_another(storage: Storage, key: str) -> None:
    storage.put(key, b"x", content_type="image/png")
    storage.put(key + "-other", b"secret", content_type="image/png")
    link = storage.link(key)

    assert send("GET", link.replace(key, key + "-other")).status == 403
    assert send("GET", link.replace("attachment", "inline")).status == 403
    assert send("DELETE", link).status == 403
    assert send("GET", link.partition("?")[0]).status == 403


# ---- the server's own calls -----------------------------------------------------------------


def test_head_describes_what_put_wrote(storage: Storage, key: str) -> None:
    before = datetime.now(UTC)

    storage.put(key, BODY, content_type="application/pdf")
    info = storage.head(key)

    assert info == ObjectInfo(key, len(BODY), info.etag, info.modified, "application/pdf")
    assert info.etag
    assert '"' not in info.etag
    assert info.modified.tzinfo is UTC
    assert abs(info.modified - before) < timedelta(minutes=1)


def test_put_takes_a_file_from_where_it_stands(storage: Storage, key: str) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)

    storage.put(key, file, content_type="text/plain")

    assert storage.read(key) == b"456789"


def test_put_refuses_a_body_that_cannot_be_sent_again(storage: Storage, key: str) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(ValueError, match="seekable"):
        storage.put(key, Pipe(b"x"), content_type="text/plain")


def test_put_overwrites_unless_told_not_to(storage: Storage, key: str) -> None:
    storage.put(key, b"one", content_type="text/plain")
    storage.put(key, b"two", content_type="text/plain")

    with pytest.raises(ObjectExists) as caught:
        storage.put(key, b"three", content_type="text/plain", if_absent=True)

    assert (caught.value.args, storage.read(key)) == ((key,), b"two")


def test_one_of_sixteen_writers_wins(storage: Storage, key: str) -> None:
    def write(number: int) -> int:
        storage.put(key, f"{number}".encode(), content_type="text/plain", if_absent=True)
        return number

    results = at_once(write, 16)

    (winner,) = [number for number in results if isinstance(number, int)]
    assert results.count(ObjectExists) == 15
    assert storage.read(key) == f"{winner}".encode()


def test_a_large_object_streams(storage: Storage, key: str) -> None:
    body = secrets.token_bytes(1 << 20) * 20
    storage.put(key, io.BytesIO(body), content_type="application/zip")
    digest = hashlib.sha256()

    with storage.open(key) as stream:
        first = stream.read(10)
        digest.update(first)
        while piece := stream.read(1 << 16):
            digest.update(piece)
        assert stream.read(1) == b""

    assert (first, digest.digest()) == (body[:10], hashlib.sha256(body).digest())
    assert stream.closed


def test_a_stream_can_be_left_early_and_buffered(storage: Storage, key: str) -> None:
    storage.put(key, b"first line\nsecond line\n" * 9999, content_type="text/plain")

    with storage.open(key) as stream:
        assert io.BufferedReader(stream).readline() == b"first line\n"

    assert storage.read_range(key, 0, 5) == b"first"


def test_read_has_a_limit(storage: Storage, key: str) -> None:
    storage.put(key, b"12345", content_type="text/plain")

    assert storage.read(key, limit=5) == b"12345"
    with pytest.raises(ValueError, match="more than 4 bytes"):
        storage.read(key, limit=4)


@pytest.mark.parametrize(("start", "end"), [(0, 10), (0, 1), (3, 7), (9, 10), (5, 99), (4, 4), (10, 12), (50, 60)])
def test_a_range_is_a_slice(storage: Storage, key: str, start: int, end: int) -> None:
    storage.put(key, b"0123456789", content_type="text/plain")

    assert storage.read_range(key, start, end) == b"0123456789"[start:end]


def test_an_empty_object_is_an_object(storage: Storage, key: str) -> None:
    storage.put(key, b"", content_type="text/plain")
    assert storage.head(key).size == 0
    assert (storage.read(key), storage.read_range(key, 0, 5)) == (b"", b"")


@pytest.mark.parametrize(
    "act",
    [
        lambda storage, key: storage.head(key),
        lambda storage, key: storage.open(key),
        lambda storage, key: storage.read(key),
        lambda storage, key: storage.read_range(key, 0, 1),
        lambda storage, key: storage.copy_if_absent(key, key + "-2", content_type="text/plain"),
    ],
    ids=["head", "open", "read", "read_range", "copy"],
)
def test_a_missing_object_is_named(storage: Storage, key: str, act: Callable[[Storage, str], object]) -> None:
    with pytest.raises(ObjectMissing) as caught:
        act(storage, key)

    assert caught.value.args == (key,)


def test_delete_is_quiet(storage: Storage, key: str) -> None:
    storage.put(key, b"x", content_type="text/plain")

    storage.delete(key)
    storage.delete(key)

    with pytest.raises(ObjectMissing):
        storage.head(key)


def test_list_goes_by_prefix(storage: Storage, key: str) -> None:
    for name in ("b", "a", "c/d"):
        storage.put(f"{key}/{name}", name.encode(), content_type="text/plain")
    storage.put(f"{key}-other", b"x", content_type="text/plain")

    found = list(storage.list(f"{key}/"))

    assert [(item.key, item.size) for item in found] == [
        (f"{key}/a", 1),
        (f"{key}/b", 1),
        (f"{key}/c/d", 3),
    ]
    head = storage.head(f"{key}/a")
    assert (found[0].etag, found[0].content_type) == (head.etag, "")
    assert abs(found[0].modified - head.modified) < timedelta(seconds=1)
    assert list(storage.list(key + "-none")) == []


def test_list_goes_on_after_a_page(storage: Storage, key: str) -> None:
    def write(number: int) -> None:
        storage.put(f"{key}/{number:04}", b"", content_type="text/plain")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1003)))

    assert [item.key for item in storage.list(key)] == [f"{key}/{n:04}" for n in range(1003)]


# ---- copies ---------------------------------------------------------------------------------


def test_a_copy_has_its_own_type_and_life(storage: Storage, key: str) -> None:
    storage.put(key, BODY, content_type="text/html")

    storage.copy_if_absent(key, key + "-copy", content_type="application/pdf")
    storage.delete(key)
    info = storage.head(key + "-copy")

    assert (info.key, info.size, info.content_type) == (
        key + "-copy",
        len(BODY),
        "application/pdf",
    )
    assert storage.read(key + "-copy") == BODY


def test_a_copy_never_overwrites(storage: Storage, key: str) -> None:
    storage.put(key, b"new", content_type="text/plain")
    storage.put(key + "-copy", b"judged", content_type="text/plain")

    with pytest.raises(ObjectExists) as caught:
        storage.copy_if_absent(key, key + "-copy", content_type="text/plain")

    assert (caught.value.args, storage.read(key + "-copy")) == ((key + "-copy",), b"judged")


def test_one_of_sixteen_copies_wins(storage: Storage, key: str) -> None:
    for number in range(16):
        storage.put(f"{key}/{number}", f"{number}".encode(), content_type="text/plain")

    def copy(number: int) -> int:
        storage.copy_if_absent(f"{key}/{number}", f"{key}/final", content_type="text/plain")
        return number

    results = at_once(copy, 16)

    (winner,) = [number for number in results if isinstance(number, int)]
    assert results.count(ObjectExists) == 15
    assert storage.read(f"{key}/final") == f"{winner}".encode()


def test_a_copy_can_be_pinned_to_what_was_checked(storage: Storage, key: str) -> None:
    storage.put(key, b"checked", content_type="text/plain")
    checked = storage.head(key)
    storage.copy_if_absent(key, key + "-1", content_type="text/plain", etag=checked.etag)
    storage.put(key, b"changed", content_type="text/plain")

    with pytest.raises(ObjectMissing) as caught:
        storage.copy_if_absent(key, key + "-2", content_type="text/plain", etag=checked.etag)

    assert (storage.head(key + "-1").size, caught.value.args) == (7, (key,))
    with pytest.raises(ObjectMissing):
        storage.head(key + "-2")


# ---- from the settings ----------------------------------------------------------------------


def test_it_is_made_as_the_settings_say() -> None:
    made = Storage.from_settings(
        Settings(
            contest_env="test",
            s3_endpoint="http://store.internal:9000",
            s3_public_endpoint="https://files.example.org",
            s3_region="eu-central-1",
            s3_bucket="works",
            s3_access_key="an-id",
            s3_secret_key="a-secret",
            s3_path_style=False,
        )
    )

    link = urlsplit(made.link("entries/one"))

    # What browsers get is signed for the public host, with the bucket in its name and the region in the signature.
    assert (link.scheme, link.hostname, link.path) == ("https", "works.files.example.org", "/entries/one")
    assert made.public_origin == "https://works.files.example.org"
    assert "/eu-central-1/s3/aws4_request" in parse_qs(link.query)["X-Amz-Credential"][0]
    assert (made.endpoint, made.bucket, made.region) == ("http://store.internal:9000", "works", "eu-central-1")
