"""What can go wrong with the store, and the one place where boto3's errors become ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

MISSING = {"NoSuchKey", "NoSuchUpload", "NotFound", "404"}
# AWS answers 409 when two conditional writes of one key overlap: the other writer was there.
EXISTS = {"PreconditionFailed", "412", "ConditionalRequestConflict"}
UNSUPPORTED = {"NotImplemented", "501", "InvalidArgument", "InvalidRequest", "MethodNotAllowed"}
_OTHER_CAUSES = {"NoSuchBucket", "InvalidAccessKeyId", "RequestTimeTooSkewed", "BadDigest"}
_HINTS = {
    "AccessDenied": "the key may not do this",
    "InternalError": "the store's own fault: see its log, and whether its disk is full",
    "InvalidAccessKeyId": "check S3_ACCESS_KEY",
    "NoSuchBucket": "run `contest setup`, or check S3_BUCKET",
    "RequestTimeTooSkewed": "the clocks of this host and of the store differ; run NTP on both",
    "SignatureDoesNotMatch": "check S3_SECRET_KEY, S3_REGION and any proxy that rewrites Host",
}


class ObjectMissing(Exception):
    """There is no object at this key. `args[0]` is the key."""


class ObjectExists(Exception):
    """The key is taken and the call was told not to overwrite. `args[0]` is the key.

    It can also mean that an earlier try of the same call did land and its answer was lost.
    """


class StorageDown(Exception):
    """The store did not answer, or refused what it should have done (keys, bucket, clock)."""


@contextlib.contextmanager
def mapped(what: str, key: str = "") -> Iterator[None]:
    """Turns what boto3 raises into our three exceptions, and misuse into ValueError."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in MISSING:
            raise ObjectMissing(key) from error
        if code in EXISTS:
            raise ObjectExists(key) from error
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        raise StorageDown(f"{what} {key}: {error}{hint}") from error
    except ParamValidationError as error:
        raise ValueError(str(error)) from error
    except BotoCoreError as error:
        raise StorageDown(f"{what} {key}: {error}") from error


def no_bucket(bucket: str) -> str:
    """The sentence for a bucket that is not there (a HEAD's 404 has no text of its own)."""
    return f"there is no bucket {bucket} ({_HINTS['NoSuchBucket']})"


def code_of(error: ClientError) -> str:
    """The store's word for the error, such as NoSuchKey; a bare status for a HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))


def may_be_checksum_trouble(error: ClientError) -> bool:
    """Whether a refused put is worth one more try without checksum headers.

    Stores word this in many ways (NotImplemented, InvalidArgument, XAmzContentSHA256Mismatch,
    AuthorizationHeaderMalformed, SignatureDoesNotMatch, ...), so only clear other causes are out.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) in _OTHER_CAUSES:
        return False
    return status in {400, 403, 411, 501}
