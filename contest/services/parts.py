"""Uploads in parts: of which parts a file consists, and what the store is asked about them.

A large file is sent in parts of one size, each with its own signed digest. A line that breaks costs what was on its
way of one part or two, not the file; also after the page was closed and the file chosen again.
"""

from __future__ import annotations

from contest.models import EntryFile
from contest.storage import ObjectMissing, Part, Storage

#: Bytes of a part but the last. A file that is no larger is sent in one piece.
PART = 8 * 1024**2
_DIGEST = 32


def count(size: int) -> int:
    """Of how many parts a file of so many bytes consists."""
    return -(-size // PART)


def fits(size: int, digests: bytes) -> bool:
    """Whether there is just one digest for each part of a file that is sent in parts."""
    return size > PART and len(digests) == count(size) * _DIGEST


def size_of(row: EntryFile, number: int) -> int:
    """Bytes of a part of the file; the numbers are 1 to `count`."""
    return min(PART, row.declared_size - (number - 1) * PART)


def digest_of(row: EntryFile, number: int) -> bytes:
    """The SHA-256 that the browser told of a part before it sent any."""
    assert row.part_digests is not None
    return row.part_digests[(number - 1) * _DIGEST : number * _DIGEST]


def arrived(storage: Storage, row: EntryFile) -> dict[int, Part]:
    """The parts that are whole in the store. Raises ObjectMissing if it knows of no such upload (any more)."""
    if row.parts_id is None:
        raise ObjectMissing(row.staging_key)
    found = storage.parts.arrived(row.staging_key, row.parts_id)
    most = count(row.declared_size)
    return {number: part for number, part in found.items() if number <= most and part.size == size_of(row, number)}


def join(storage: Storage, row: EntryFile) -> None:
    """Make one object of the parts if all have arrived. What was joined before, or cannot be, is left as it is."""
    try:
        there = arrived(storage, row)
        if len(there) == count(row.declared_size):
            assert row.parts_id is not None
            digests = {number: digest_of(row, number) for number in there}
            storage.parts.join(row.staging_key, row.parts_id, there, digests)
    except ObjectMissing:
        return


def discard(storage: Storage, key: str, upload: str | None) -> None:
    """Delete what stands at a staging key, joined or not."""
    if upload is not None:
        storage.parts.give_up(key, upload)
    storage.delete(key)
