"""Uploads in parts: what a line broke off goes on with the part that was missing.

The browser may only PUT parts that were granted. Beginning, listing and joining are the server's.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from contest.storage.errors import ObjectMissing, mapped, may_be_checksum_trouble
from contest.storage.headers import checked_type
from contest.storage.values import Grant

SMALLEST = 5 * 1024**2  # S3 refuses to join smaller ones; the last part may be smaller
MOST = 10_000


@dataclass(frozen=True)
class Part:
    """A part that has arrived: its bytes, and the store's tag, which is needed to join it."""

    size: int
    etag: str


@dataclass(frozen=True)
class Unfinished:
    """An upload in parts that was neither joined nor given up. `begun`: aware, UTC."""

    key: str
    upload: str
    begun: datetime


class PartUploads:
    """The uploads in parts of one bucket; `Storage.parts` is one."""

    def __init__(self, bucket: str, client: Callable[..., Any], sign: Callable[..., str]) -> None:
        self._bucket = bucket
        self._client = client
        self._sign = sign

    def begin(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts; gives the store's name for it. Nothing is at the key until it is joined."""
        parameters = {"Bucket": self._bucket, "Key": key, "ContentType": checked_type(content_type)}
        create = self._client("server").create_multipart_upload
        with mapped("begin parts", key):
            try:
                answer = create(ChecksumAlgorithm="SHA256", **parameters)
            except ClientError as error:
                if not may_be_checksum_trouble(error):
                    raise
                answer = self._client("server", checksums=False).create_multipart_upload(**parameters)
        return str(answer["UploadId"])

    def grant(self, key: str, upload: str, number: int, *, length: int, sha256: bytes, expires: int = 900) -> Grant:
        """Permission to PUT these bytes as part `number`, from 1, for `expires` seconds; see `Storage.grant_put`.

        The same part may be sent again, with the same bytes. Raises ValueError for impossible arguments.
        """
        if len(sha256) != 32:
            raise ValueError("sha256 must be the 32 raw bytes of the digest")
        if not 1 <= number <= MOST or length < 1:
            raise ValueError(f"a part has a number from 1 to {MOST} and at least one byte")
        digest = base64.b64encode(sha256).decode("ascii")
        url = self._sign(
            "upload_part",
            expires,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            ContentLength=length,
            ChecksumSHA256=digest,
        )
        return Grant(url=url, method="PUT", headers={"x-amz-checksum-sha256": digest})

    def arrived(self, key: str, upload: str) -> dict[int, Part]:
        """The parts that the store holds, by number. Raises ObjectMissing if the upload was joined or given up."""
        found = {}
        with mapped("list parts", key):
            pages = self._client("reading").get_paginator("list_parts")
            for page in pages.paginate(Bucket=self._bucket, Key=key, UploadId=upload):
                for part in page.get("Parts", ()):
                    found[int(part["PartNumber"])] = Part(part["Size"], part["ETag"])
        return found

    def join(self, key: str, upload: str, parts: Mapping[int, Part], digests: Mapping[int, bytes]) -> None:
        """Make one object of the parts, in the order of their numbers. `digests`: the SHA-256 of each.

        Raises ObjectMissing if the upload was joined or given up meanwhile.
        """
        named = [
            {
                "PartNumber": number,
                "ETag": part.etag,
                # The store does not tell them; it asks for them, since they were signed.
                "ChecksumSHA256": base64.b64encode(digests[number]).decode("ascii"),
            }
            for number, part in sorted(parts.items())
        ]
        with mapped("join parts", key):
            try:
                self._complete(key, upload, named)
            except ClientError as error:
                if not may_be_checksum_trouble(error):
                    raise
                for part in named:
                    del part["ChecksumSHA256"]
                self._complete(key, upload, named)

    def _complete(self, key: str, upload: str, parts: list[dict[str, Any]]) -> None:
        self._client("server").complete_multipart_upload(
            Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
        )

    def give_up(self, key: str, upload: str) -> None:
        """Delete the parts; that there are none any more is no error."""
        with contextlib.suppress(ObjectMissing), mapped("give up parts", key):
            self._client("server").abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """Every upload in parts under the prefix that is neither joined nor given up."""
        with mapped("list unfinished parts", prefix):
            pages = self._client("server").get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Uploads", ()):
                    yield Unfinished(found["Key"], found["UploadId"], found["Initiated"].astimezone(UTC))
