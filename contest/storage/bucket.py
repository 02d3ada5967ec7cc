"""The bucket itself: every call to boto3 but the errors' mapping."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import cached_property
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from contest.storage.breaker import Breaker
from contest.storage.errors import (
    MISSING,
    UNSUPPORTED,
    ObjectExists,
    ObjectMissing,
    StorageDown,
    code_of,
    mapped,
    may_be_checksum_trouble,
    no_bucket,
)
from contest.storage.headers import checked_type, disposition
from contest.storage.parts import PartUploads
from contest.storage.values import Check, Grant, ObjectInfo, ObjectStream, StoreSettings

MAX_SINGLE = 5 * 1024**3  # one PutObject or CopyObject; more would need multipart calls
ABORT_RULE = "contest-abort-multipart"
ABORT_DAYS = 7  # our own sweep is sooner; a slow line may take days
EXPOSED_HEADERS = ("ETag", "x-amz-checksum-sha256")
Checks = list[Check]  # inside the class, `list` is the method


class Storage:
    """One bucket. Thread-safe; cheap to make, since its clients are made at first use.

    Make it after a fork (gunicorn without preload), because connection pools must not be shared.
    `attempts` is how often one call is tried in all when the store fails or does not answer. `patience` is for
    those behind whom somebody waits for a page: a read waits for so many seconds, and see `Breaker`.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        public_endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str = "us-east-1",
        path_style: bool = True,
        attempts: int = 3,
        patience: float | None = None,
    ) -> None:
        self.bucket = bucket
        self.region = region
        self.endpoint = endpoint
        self.public_endpoint = public_endpoint or endpoint
        self._keys = (access_key, secret_key)
        self._style = "path" if path_style else "virtual"
        self._attempts = attempts
        self._patience = patience
        self._breaker = Breaker()
        # Some stores refuse the checksum headers that boto3 adds by default. We try with them,
        # since they protect the way to the store, and do without after the first such refusal.
        self._checksums = True
        self._clients: dict[tuple[str, bool], Any] = {}
        self._lock = threading.Lock()
        self.parts = PartUploads(bucket, self._client, self._sign)

    @classmethod
    def from_settings(cls, settings: StoreSettings, *, patience: float | None = None) -> Storage:
        """The bucket that the settings name."""
        return cls(
            endpoint=settings.s3_endpoint,
            public_endpoint=settings.public_endpoint,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            bucket=settings.s3_bucket,
            region=settings.s3_region,
            path_style=settings.s3_path_style,
            attempts=3 if patience is None else 2,
            patience=patience,
        )

    def __repr__(self) -> str:
        return f"<Storage {self.bucket} at {self.endpoint}>"

    # ---- what a browser may do ------------------------------------------------------------

    @cached_property
    def public_origin(self) -> str:
        """Where presigned URLs lead, as a Content-Security-Policy names it."""
        if self._style == "path":
            return self.public_endpoint
        # The bucket stands in the host name, by boto3's own rules.
        url = urlsplit(self.link("x"))
        return f"{url.scheme}://{url.netloc}"

    def grant_put(self, key: str, *, length: int, sha256: bytes, content_type: str, expires: int = 900) -> Grant:
        """Permission to PUT exactly these bytes once, for `expires` seconds.

        `length` in bytes and `sha256` (the 32 raw bytes of the digest) are signed, with the
        content type and `If-None-Match: *`: the store refuses other bytes, and refuses to
        overwrite. Nothing is sent to the store here. Raises ValueError for impossible arguments.
        """
        if len(sha256) != 32:
            raise ValueError("sha256 must be the 32 raw bytes of the digest")
        if not 0 <= length <= MAX_SINGLE:
            raise ValueError(f"length must be between 0 and {MAX_SINGLE} bytes")
        digest = base64.b64encode(sha256).decode("ascii")
        url = self._sign(
            "put_object",
            expires,
            Key=key,
            ContentLength=length,
            ContentType=checked_type(content_type),
            ChecksumSHA256=digest,
            IfNoneMatch="*",
        )
        headers = {
            "Content-Type": content_type,
            "If-None-Match": "*",
            "x-amz-checksum-sha256": digest,
        }
        return Grant(url=url, method="PUT", headers=headers)

    def link(
        self,
        key: str,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        attachment: bool = True,
        expires: int = 60,
    ) -> str:
        """A URL that reads the object for `expires` seconds, with no look at whether it exists.

        `filename` may be anything that a user typed: it is cleaned and encoded by RFC 6266. An
        attachment is served as application/octet-stream unless `content_type` says otherwise, so
        that no browser renders what somebody uploaded; inline it keeps its stored type.
        """
        if content_type is None and attachment:
            content_type = "application/octet-stream"
        more = {"ResponseContentDisposition": disposition(filename, attachment)}
        if content_type is not None:
            more["ResponseContentType"] = checked_type(content_type)
        return self._sign("get_object", expires, Key=key, **more)

    def _sign(self, operation: str, expires: int, **parameters: Any) -> str:
        if not 1 <= expires <= 7 * 86400:
            raise ValueError("expires must be between 1 second and 7 days")
        with mapped(operation):
            url: str = self._client("public").generate_presigned_url(
                operation, Params={"Bucket": self.bucket, **parameters}, ExpiresIn=expires
            )
        return url

    # ---- what the server does -------------------------------------------------------------

    def put(self, key: str, body: bytes | BinaryIO, *, content_type: str, if_absent: bool = False) -> None:
        """Writes an object; with `if_absent`, raises ObjectExists when the key is taken.

        `body` is bytes or a seekable binary file, written from where it stands to its end. Its SHA-256 goes
        along, so that the store itself refuses other bytes: nobody has to ask afterwards what arrived.
        """
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        if not stream.seekable():
            raise ValueError("a streamed body must be seekable")
        parameters: dict[str, Any] = {"Key": key, "ContentType": checked_type(content_type)}
        if if_absent:
            parameters["IfNoneMatch"] = "*"
        start = stream.tell()
        with mapped("put", key):
            try:
                self._put_once(stream, parameters)
            except ClientError as error:
                if not self._checksums or not may_be_checksum_trouble(error):
                    raise
                stream.seek(start)
                self._client("server", checksums=False).put_object(Bucket=self.bucket, Body=stream, **parameters)
                self._checksums = False  # remembered only because doing without did help

    def _put_once(self, stream: BinaryIO, parameters: Mapping[str, Any]) -> None:
        # SHA-256 rather than boto3's CRC32: the store keeps it and a scrub can ask for it.
        more = {"ChecksumAlgorithm": "SHA256"} if self._checksums else {}
        self._client("server").put_object(Bucket=self.bucket, Body=stream, **more, **parameters)

    def open(self, key: str) -> ObjectStream:
        """The object as a stream. Raises ObjectMissing."""
        with mapped("get", key):
            answer = self._client("reading").get_object(Bucket=self.bucket, Key=key)
        return ObjectStream(answer["Body"], f"get {key}")

    def read(self, key: str, *, limit: int | None = None) -> bytes:
        """The whole object. Raises ObjectMissing, and ValueError if it has over `limit` bytes.

        `limit` guards memory; to look at the first bytes only, use `read_range`.
        """
        with self.open(key) as stream:
            data = stream.read(-1 if limit is None else limit + 1)
        if limit is not None and len(data) > limit:
            raise ValueError(f"{key} has more than {limit} bytes")
        return data

    def read_range(self, key: str, start: int, end: int, *, etag: str | None = None) -> bytes:
        """Bytes `start` to `end`, the end excluded, as a slice would give them.

        What lies past the object's end is left out, so b"" may come back. `etag` pins the object to the version
        that `head` told. Raises ObjectMissing when it is not there (any more, in that version).
        """
        if start < 0 or end < start:
            raise ValueError("0 <= start <= end is required")
        if start == end:
            return b""
        with mapped("get", key):
            try:
                answer = self._client("reading").get_object(
                    Bucket=self.bucket, Key=key, Range=f"bytes={start}-{end - 1}"
                )
            except ClientError as error:
                if code_of(error) in {"InvalidRange", "416"} and etag is None:
                    return b""
                if code_of(error) in {"InvalidRange", "416"}:  # shorter than the version that was meant
                    raise ObjectMissing(key) from error
                raise
        with ObjectStream(answer["Body"], f"get {key}") as stream:
            # Asked here and not by If-Match, which not every store heeds.
            if etag is not None and answer["ETag"].strip('"') != etag:
                raise ObjectMissing(key)
            # A store that ignores Range sends everything from byte 0: never take that for ours.
            if answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
                return stream.read(end)[start:]
            return stream.read()

    def head(self, key: str) -> ObjectInfo:
        """What the store says of the object. Raises ObjectMissing."""
        with mapped("head", key):
            answer = self._client("reading").head_object(Bucket=self.bucket, Key=key)
        return ObjectInfo(
            key=key,
            size=answer["ContentLength"],
            etag=answer["ETag"].strip('"'),
            modified=answer["LastModified"].astimezone(UTC),
            content_type=answer.get("ContentType", ""),
        )

    def copy_if_absent(self, source: str, target: str, *, content_type: str, etag: str | None = None) -> None:
        """Copies inside the store to a key that must be free.

        `etag` pins the source to the version that was checked. Raises ObjectExists when `target`
        is taken and ObjectMissing when the source is not there (any more, in that version).

        A store without conditional copies is asked first whether the key is free. That leaves a
        moment between question and copy, so the target's random key is the guard there.
        """
        with contextlib.suppress(ObjectMissing):
            self.head(target)
            raise ObjectExists(target)
        parameters = self._copy_parameters(source, target, content_type)
        if etag is not None:
            parameters["CopySourceIfMatch"] = f'"{etag}"'
        copy = self._client("slow").copy_object
        try:
            with mapped("copy", target):
                try:
                    copy(IfNoneMatch="*", **parameters)
                except ClientError as error:
                    if code_of(error) not in UNSUPPORTED:
                        raise
                    copy(**parameters)
        except ObjectMissing:
            raise ObjectMissing(source) from None
        except ObjectExists:
            if etag is not None:  # one status for both conditions: see which of them failed
                try:
                    self.head(target)
                except ObjectMissing:
                    raise ObjectMissing(source) from None
            raise

    def copies_conditionally(self, source: str, target: str) -> bool:
        """Whether the store itself refuses to copy `source` over the existing `target`.

        For the probe, on canaries: on a store that lacks the guard, `target` is overwritten.
        """
        parameters = self._copy_parameters(source, target, "application/octet-stream")
        try:
            with mapped("copy", target):
                self._client("slow").copy_object(IfNoneMatch="*", **parameters)
        except ObjectExists:
            return True
        return False

    def _copy_parameters(self, source: str, target: str, content_type: str) -> dict[str, Any]:
        return {
            "Bucket": self.bucket,
            "Key": target,
            "CopySource": {"Bucket": self.bucket, "Key": source},
            "ContentType": checked_type(content_type),
            "MetadataDirective": "REPLACE",
        }

    def delete(self, key: str) -> None:
        """Deletes the object; that it is not there is no error."""
        with contextlib.suppress(ObjectMissing), mapped("delete", key):
            self._client("server").delete_object(Bucket=self.bucket, Key=key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in pages of 1000, keys ascending."""
        with mapped("list", prefix):
            pages = self._client("server").get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    yield ObjectInfo(
                        key=item["Key"],
                        size=item["Size"],
                        etag=item["ETag"].strip('"'),
                        modified=item["LastModified"].astimezone(UTC),
                        content_type="",
                    )

    # ---- set-up and health ----------------------------------------------------------------

    def prepare(self, origins: Sequence[str]) -> None:
        """Set-up, as often as you like: the bucket, its CORS rules and its lifecycle.

        Needs a key that may administer the bucket; the app's own key need not. `origins` are the
        only ones that browsers may come from; without any, the CORS rules are left as they are.
        A store that knows no lifecycle rules is no error, since our sweeper aborts stale uploads.
        """
        client = self._client("server")
        with mapped("prepare"):
            try:
                client.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                if code_of(error) not in MISSING | {"NoSuchBucket"}:
                    raise
                self._create_bucket(client)
            if origins:
                rule = {
                    "AllowedOrigins": list(origins),
                    "AllowedMethods": ["PUT", "GET"],
                    "AllowedHeaders": ["*"],
                    "ExposeHeaders": list(EXPOSED_HEADERS),
                    "MaxAgeSeconds": 600,
                }
                client.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [rule]})
            self._abort_stale_uploads(client)

    def _create_bucket(self, client: Any) -> None:
        more: dict[str, Any] = {}
        if self.region != "us-east-1":  # AWS refuses to be told its default region
            more["CreateBucketConfiguration"] = {"LocationConstraint": self.region}
        try:
            client.create_bucket(Bucket=self.bucket, **more)
        except ClientError as error:  # two set-ups at once: the other one made it
            if code_of(error) != "BucketAlreadyOwnedByYou":
                raise

    def _abort_stale_uploads(self, client: Any) -> None:
        """Puts our lifecycle rule beside the operator's own, which the call would replace."""
        rules: list[dict[str, Any]] = []
        try:
            answer = client.get_bucket_lifecycle_configuration(Bucket=self.bucket)
            rules = answer.get("Rules", [])
        except ClientError as error:
            if code_of(error) in UNSUPPORTED:
                return
            if code_of(error) not in MISSING | {"NoSuchLifecycleConfiguration"}:
                raise
        ours = {
            "ID": ABORT_RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS},
        }
        days = [rule.get("AbortIncompleteMultipartUpload") for rule in rules if rule.get("ID") == ABORT_RULE]
        if days == [ours["AbortIncompleteMultipartUpload"]]:
            return
        others = [rule for rule in rules if rule.get("ID") != ABORT_RULE]
        try:
            client.put_bucket_lifecycle_configuration(
                Bucket=self.bucket, LifecycleConfiguration={"Rules": [*others, ours]}
            )
        except ClientError as error:
            if code_of(error) not in UNSUPPORTED:
                raise

    def ping(self) -> None:
        """One quick question, without retries: is the bucket there? Raises StorageDown."""
        try:
            with mapped("ping"):
                self._client("quick").head_bucket(Bucket=self.bucket)
        except ObjectMissing:
            raise StorageDown(no_bucket(self.bucket)) from None

    def probe(self, origins: Sequence[str]) -> Checks:
        """Tries each guard with a canary and names those that the store lacks.

        Never raises for a store's fault: that is a Check with ok False. The canary goes to both
        endpoints, so this host must reach the public one too.
        """
        from contest.storage.probe import Probe  # it needs this module

        return Probe(self, origins).run()

    # ---- clients --------------------------------------------------------------------------

    def _client(self, kind: str, *, checksums: bool | None = None) -> Any:
        """The client for `kind`: server, reading, quick (health), slow (copies) or public (signs only)."""
        checksums = self._checksums if checksums is None else checksums
        with self._lock:
            client = self._clients.get((kind, checksums))
            if client is None:
                client = self._clients[kind, checksums] = self._make_client(kind, checksums)
        return client

    def _make_client(self, kind: str, checksums: bool) -> Any:
        # Copying 5 GB happens inside the store while we wait for one answer.
        read_timeout = {"quick": 3.0, "slow": 600.0, "reading": self._patience or 20.0}.get(kind, 20.0)
        mode = "when_supported" if checksums else "when_required"
        endpoint = self.public_endpoint if kind == "public" else self.endpoint
        config = Config(
            # boto3 may presign with SigV2 for such endpoints, which ignores signed headers.
            signature_version="s3v4",
            s3={"addressing_style": self._style},
            connect_timeout=2.0,
            read_timeout=read_timeout,
            retries={
                "mode": "standard",
                "total_max_attempts": 1 if kind == "quick" else self._attempts,
            },
            max_pool_connections=32,
            request_checksum_calculation=mode,
            response_checksum_validation=mode,
            proxies=proxies_for(endpoint),
        )
        # A session of our own: boto3's default one is shared, and not safe to share.
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=self.region,
            aws_access_key_id=self._keys[0],
            aws_secret_access_key=self._keys[1],
            config=config,
        )
        if self._patience is not None and kind in ("server", "reading"):
            self._breaker.watch(client)
        return client


def proxies_for(endpoint: str) -> dict[str, str] | None:
    """No proxy for the loopback, whatever the environment says; else boto3's own reading of it."""
    return {} if urlsplit(endpoint).hostname in {"localhost", "127.0.0.1", "::1"} else None
