"""Many small files in one object: tiles of a pyramid, members of a prototype. Standard library only.

A pack is the magic, the length of its index (8 bytes, big-endian), the index, then the bytes of all members
one after the other. The index is JSON: {"info": {name: number}, "members": {path: [offset, length]}}, with
offsets from the first byte behind the index. A member is read by its range, without the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"CPACK\x00\x01\n"
HEAD = len(MAGIC) + 8
MAX_INDEX = 2_000_000
_COPY = 1024 * 1024


@dataclass(frozen=True)
class Index:
    """What a pack holds: `members` path → (offset in the object, length)."""

    info: Mapping[str, int]
    members: Mapping[str, tuple[int, int]]


def write(out: BinaryIO, info: Mapping[str, int], members: Iterable[tuple[str, BinaryIO, int]]) -> None:
    """Write a pack of (path, open file, length in bytes); each file is read once, from where it stands."""
    listed = list(members)
    offset, places = 0, {}
    for path, _, length in listed:
        places[path] = [offset, length]
        offset += length
    index = json.dumps({"info": dict(info), "members": places}, ensure_ascii=False).encode()
    out.write(MAGIC + len(index).to_bytes(8, "big") + index)
    for path, file, length in listed:
        left = length
        while left and (chunk := file.read(min(left, _COPY))):
            out.write(chunk)
            left -= len(chunk)
        if left:
            raise ValueError(f"{path} is shorter than announced")


def read_index(read: Callable[[int, int], bytes], size: int | None = None) -> Index:
    """The index of a pack; `read(start, end)` gives its bytes. Raises ValueError for anything but a sound pack.

    With `size` the members must fill the object to its end without a gap or an overlap.
    """
    head = read(0, HEAD)
    length = int.from_bytes(head[len(MAGIC) :], "big")
    if head[: len(MAGIC)] != MAGIC or len(head) != HEAD or length > MAX_INDEX:
        raise ValueError("not a pack")
    try:
        told = json.loads(read(HEAD, HEAD + length))
        info, members = told["info"], told["members"]
        values = list(info.values())
        items = [(path, offset, count) for path, (offset, count) in members.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not an index") from error
    if not all(_natural(value) for value in values):
        raise ValueError("odd facts")
    expected = 0
    for path, offset, count in items:
        if not _natural(offset) or not _natural(count) or offset != expected or not path:
            raise ValueError("odd members")
        expected += count
    start = HEAD + length
    if size is not None and start + expected != size:
        raise ValueError("bytes missing or left over")
    return Index(info, {path: (start + offset, count) for path, offset, count in items})


def _natural(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53
