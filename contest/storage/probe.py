"""What `contest doctor` asks of a store: does it keep each promise that the app relies on?

Everything is tried with a canary over the same wire that browsers use, because stores accept
settings and headers that they then ignore.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from contest.storage.bucket import Storage, proxies_for
from contest.storage.errors import ObjectExists, ObjectMissing, StorageDown
from contest.storage.values import Check, Grant

FOREIGN = "https://foreign.invalid"  # RFC 2606 keeps this name from ever being anybody's
_BODY = b"canary 0123456789"
_TYPE = "text/plain"
_UPLOAD_HEADERS = {"content-type", "if-none-match", "x-amz-checksum-sha256"}


class _Failed(Exception):
    """A guard is missing; the text says what was seen."""


@dataclass(frozen=True)
class _Reply:
    """An answer over plain HTTP; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"status {self.status}"


_GUARDS: list[tuple[str, Callable[[Probe], str], str]] = []


def _guard(name: str, fix: str) -> Callable[[Callable[[Probe], str]], Callable[[Probe], str]]:
    """Enters a method as the check `name`, with what to do when it fails; order is run order."""

    def enter(test: Callable[[Probe], str]) -> Callable[[Probe], str]:
        _GUARDS.append((name, test, fix))
        return test

    return enter


class Probe:
    """One run of all checks on one bucket, under a random prefix that it empties at the end."""

    def __init__(self, storage: Storage, origins: Sequence[str]) -> None:
        self._storage = storage
        self._origins = tuple(origins)
        self._prefix = f"canary/{secrets.token_hex(16)}/"
        self._http = URLLib3Session(
            verify=os.environ.get("AWS_CA_BUNDLE") or True,  # as boto3 does
            proxies=proxies_for(storage.public_endpoint),
            timeout=(2.0, 20.0),
        )

    def run(self) -> list[Check]:
        """All checks in a fixed order; only the first if the bucket cannot even be written."""
        first, *others, last = _GUARDS
        checks = [self._check(*first)]
        if checks[0].ok:
            checks += [self._check(*guard) for guard in others]
            checks.append(self._check(*last))
        return checks

    def _check(self, name: str, test: Callable[[Probe], str], fix: str) -> Check:
        try:
            return Check(name, True, test(self), "")
        except _Failed as error:
            return Check(name, False, str(error), fix)
        except (StorageDown, ObjectMissing, ObjectExists, BotoCoreError, ValueError) as error:
            return Check(name, False, f"{type(error).__name__}: {error}", fix)

    # ---- the checks: each returns what it saw, or raises _Failed --------------------------

    @_guard(
        "write",
        "Check that the store runs and has room, then S3_ENDPOINT, S3_BUCKET, S3_REGION and the keys; if there is no "
        "bucket, run `contest setup`.",
    )
    def write(self) -> str:
        self._storage.put(self._prefix + "read", _BODY, content_type=_TYPE)
        return f"wrote {len(_BODY)} bytes to {self._storage.bucket}"

    @_guard(
        "read",
        "The store does not return what was written: do not use it.",
    )
    def read(self) -> str:
        key = self._prefix + "read"
        _expect(self._storage.read(key) == _BODY, "the bytes came back changed")
        _expect(self._storage.read_range(key, 3, 9) == _BODY[3:9], "a range came back changed")
        return "whole and in part"

    @_guard(
        "presigned",
        "Let browsers and this host reach S3_PUBLIC_ENDPOINT, and let its proxy keep the Host header, which is signed.",
    )
    def presigned(self) -> str:
        reply = self._upload(self._grant("presigned"))
        _expect(reply.status == 200, f"a correct presigned PUT was refused with {reply}")
        link = self._storage.link(self._prefix + "presigned", filename="canary.txt")
        reply = self._send("GET", link)
        _expect(reply.text == _BODY.decode(), f"a presigned GET answered {reply}")
        sent = reply.headers.get("content-disposition", "")
        _expect(sent.startswith("attachment"), f"Content-Disposition was {sent!r}")
        return "PUT and GET through the public endpoint"

    @_guard(
        "signature",
        "The store does not verify presigned URLs: do not use it.",
    )
    def signature(self) -> str:
        grant = self._grant("signature")
        other = urlsplit(self._grant("elsewhere").url)  # its signature, on a foreign path
        url = urlunsplit(other._replace(path=urlsplit(grant.url).path))
        return self._refused(self._send("PUT", url, grant.headers, _BODY), "a forged grant")

    @_guard(
        "checksum",
        "The store ignores the signed SHA-256. Wrong bytes are refused only after the upload, by the verify job.",
    )
    def checksum(self) -> str:
        reply = self._upload(self._grant("checksum"), _BODY[::-1])
        return self._refused(reply, "a body with another SHA-256")

    @_guard(
        "length",
        "The store ignores the signed Content-Length: a grant does not bound what is "
        "uploaded. Set a quota on the bucket.",
    )
    def length(self) -> str:
        reply = self._upload(self._grant("length", length=len(_BODY) + 1))
        return self._refused(reply, "a body of another length")

    @_guard(
        "no-overwrite",
        "The store ignores If-None-Match on PUT; only random keys guard against "
        "overwriting. Update the store, or switch versioning on.",
    )
    def no_overwrite(self) -> str:
        grant = self._grant("once")
        _expect(self._upload(grant).status == 200, "the first PUT failed")
        return self._refused(self._upload(grant), "a second PUT with If-None-Match")

    @_guard(
        "parts",
        "Files over 8 MiB cannot be uploaded: the store must know multipart uploads, and the key needs "
        "s3:AbortMultipartUpload, s3:ListMultipartUploadParts and s3:ListBucketMultipartUploads.",
    )
    def parts(self) -> str:
        key, store = self._prefix + "parts", self._storage.parts
        upload = store.begin(key, content_type=_TYPE)
        try:
            grant = store.grant(key, upload, 1, length=len(_BODY), sha256=hashlib.sha256(_BODY).digest())
            self._refused(self._upload(grant, _BODY[::-1]), "a part with another SHA-256")
            reply = self._upload(grant)
            _expect(reply.status == 200, f"a correct part was refused with {reply}")
            _expect(upload in {left.upload for left in store.unfinished(key)}, "an unfinished upload is not listed")
            there = store.arrived(key, upload)
            _expect([part.size for part in there.values()] == [len(_BODY)], f"{len(there)} parts were listed for one")
            store.join(key, upload, there, {1: hashlib.sha256(_BODY).digest()})
        finally:
            store.give_up(key, upload)
        _expect(self._storage.read(key) == _BODY, "the joined parts came back changed")
        return "sent, listed and joined"

    @_guard(
        "copy",
        "The store ignores If-None-Match on copies; only random keys guard against overwriting. Update the store.",
    )
    def copy(self) -> str:
        source, target = self._prefix + "read", self._prefix + "copy"
        self._storage.copy_if_absent(source, target, content_type=_TYPE)
        _expect(self._storage.copies_conditionally(source, target), "a second copy overwrote the first")
        return "a second copy was refused"

    @_guard(
        "anonymous",
        "Anybody may read: remove the bucket's public policy or ACL and block public access.",
    )
    def anonymous(self) -> str:
        for key in (self._prefix + "read", ""):
            link = urlsplit(self._storage.link(key or "x"))
            path = link.path if key else link.path.removesuffix("x")
            reply = self._send("GET", urlunsplit(link._replace(query="", path=path)))
            what = "the object" if key else "the bucket's list"
            self._refused(reply, f"an anonymous GET of {what}")
        return "object and list refused"

    @_guard(
        "cors",
        "Browsers on the site cannot upload: run `contest setup` with a key that may "
        "administer the bucket, and check the site's public URL.",
    )
    def cors(self) -> str:
        _expect(bool(self._origins), "no origin was given")
        for origin in self._origins:
            reply = self._preflight(origin)
            _expect(
                reply.status in {200, 204} and _allows(reply, origin),
                f"a preflight from {origin} was answered with {reply}",
            )
            _expect(
                "PUT" in _words(reply, "methods") and _words(reply, "headers") >= _UPLOAD_HEADERS,
                f"PUT with {', '.join(sorted(_UPLOAD_HEADERS))} is not allowed to {origin}",
            )
            reply = self._send("GET", self._storage.link(self._prefix + "read"), _from(origin))
            exposed = reply.headers.get("access-control-expose-headers", "").lower()
            _expect("etag" in exposed, f"ETag is not exposed to {origin}")
        return f"{', '.join(self._origins)} may upload"

    @_guard(
        "cors-foreign",
        "Any site may use a leaked grant: allow only the site's own origin in the bucket's "
        "CORS rules, and look for a global CORS setting of the store.",
    )
    def cors_foreign(self) -> str:
        reply = self._preflight(FOREIGN)
        _expect(not _allows(reply, FOREIGN), f"{FOREIGN} may upload too")
        return f"refused with {reply}"

    @_guard(
        "delete",
        "Give the key s3:DeleteObject and s3:ListBucket.",
    )
    def delete(self) -> str:
        for found in list(self._storage.list(self._prefix)):
            self._storage.delete(found.key)
        left = [found.key for found in self._storage.list(self._prefix)]
        _expect(not left, f"{len(left)} canaries are still listed under {self._prefix}")
        return "all canaries are gone"

    # ---- the wire -------------------------------------------------------------------------

    def _grant(self, name: str, *, length: int = len(_BODY)) -> Grant:
        return self._storage.grant_put(
            self._prefix + name,
            length=length,
            sha256=hashlib.sha256(_BODY).digest(),
            content_type=_TYPE,
        )

    def _upload(self, grant: Grant, body: bytes = _BODY) -> _Reply:
        return self._send(grant.method, grant.url, grant.headers, body)

    def _preflight(self, origin: str) -> _Reply:
        asked = {
            **_from(origin),
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": ",".join(sorted(_UPLOAD_HEADERS)),
        }
        return self._send("OPTIONS", self._grant("cors").url, asked)

    def _refused(self, reply: _Reply, what: str) -> str:
        _expect(400 <= reply.status < 500, f"{what} was answered with {reply}")
        return f"{what} was refused with {reply}"

    def _send(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> _Reply:
        request = AWSRequest(method=method, url=url, headers=dict(headers or {}), data=body)
        answer = self._http.send(request.prepare())
        names = {str(name).lower(): str(value) for name, value in answer.headers.items()}
        return _Reply(answer.status_code, names, answer.content.decode("utf-8", "replace"))


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise _Failed(otherwise)


def _from(origin: str) -> dict[str, str]:
    return {"Origin": origin}


def _allows(reply: _Reply, origin: str) -> bool:
    return reply.headers.get("access-control-allow-origin") in {origin, "*"}


def _words(reply: _Reply, what: str) -> set[str]:
    """The methods or headers that a preflight allows; "*" stands for all of ours."""
    text = reply.headers.get(f"access-control-allow-{what}", "")
    words = {word.strip() for word in text.split(",")}
    if what == "headers":
        words = {word.lower() for word in words}
    return words | _UPLOAD_HEADERS | {"PUT"} if "*" in words else words
