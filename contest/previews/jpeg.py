"""A strict reader of JPEG files: the last look at the cards that a confined process made."""

from __future__ import annotations

import struct

_START, _END = b"\xff\xd8", b"\xff\xd9"
_APP0, _TABLES, _SCAN = 0xE0, frozenset({0xDB, 0xC4, 0xDD}), 0xDA
#: Baseline and progressive; nothing else is written by us.
_FRAMES = frozenset({0xC0, 0xC2})
_MOST_SEGMENTS = 200


def measure(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of `data`, one JPEG picture and nothing else.

    Raises ValueError for anything that our renderer never writes: comments, metadata (only a bare JFIF
    head may stand), several pictures, or bytes behind the end, in which another format could hide.
    """
    if not data.startswith(_START):
        raise ValueError("not a JPEG")
    size: tuple[int, int] | None = None
    position = 2
    for _ in range(_MOST_SEGMENTS):
        if data[position : position + 2] == _END:
            if size is None or position + 2 != len(data):
                raise ValueError("bytes missing or left over")
            return size
        if len(data) < position + 4 or data[position] != 0xFF:
            raise ValueError("no segment where one must be")
        marker, length = struct.unpack_from(">xBH", data, position)
        body = data[position + 4 : position + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise ValueError("a segment is cut off")
        if marker in _FRAMES and size is None and len(body) >= 6:
            height, width = struct.unpack_from(">xHH", body)
            size = width, height
        elif marker == _APP0:
            # 14 bytes: the head without a thumbnail in it.
            if not body.startswith(b"JFIF\0") or len(body) != 14:
                raise ValueError("metadata")
        elif marker not in _TABLES and marker != _SCAN:
            raise ValueError(f"segment {marker:#x}")
        position += 2 + length
        if marker == _SCAN:
            position = _behind_scan(data, position)
    raise ValueError("too many segments")


def _behind_scan(data: bytes, position: int) -> int:
    """Where the coded bytes end: at the first marker that is neither stuffing nor a restart."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise ValueError("the picture is cut off")
        following = data[position + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return position
        position += 2
