"""Objects in an S3 bucket. This is the only package that imports boto3.

One class, `Storage`, speaks to one bucket through two endpoints: `endpoint` is where this server
reaches the store; `public_endpoint` is what a browser reaches and is therefore what presigned URLs
are signed for (the host name is part of the signature). Keys are chosen by the caller, random and
written once; a user's file name never becomes a key.

Sizes are bytes, times are aware UTC datetimes, lifetimes are seconds. Every call may raise
`StorageDown`; the others say which of `ObjectMissing` and `ObjectExists` they raise.

A streamed body must be seekable, and no single object or copy may pass 5 GiB (S3's own limit for
one PutObject or CopyObject).
"""

from contest.storage.bucket import Storage
from contest.storage.errors import ObjectExists, ObjectMissing, StorageDown
from contest.storage.parts import Part, PartUploads, Unfinished
from contest.storage.values import Check, Grant, ObjectInfo, ObjectStream

__all__ = [
    "Check",
    "Grant",
    "ObjectExists",
    "ObjectInfo",
    "ObjectMissing",
    "ObjectStream",
    "Part",
    "PartUploads",
    "Storage",
    "StorageDown",
    "Unfinished",
]
