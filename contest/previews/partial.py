"""Files that break off: whether one does, and what of it decoders can still be made to read."""

from __future__ import annotations

import struct
from typing import Any

_MOST_BLOCKS = 1_000_000
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
#: Flags of VP8X that say what follows: a profile, alpha, and an animation.
_PROFILE, _ALPHA, _ANIMATION = 0x20, 0x10, 0x02
#: How much of a WebP may be missing.
_MOST_MISSING = 50_000_000


def breaks_off(data: Any) -> bool:
    """Whether a WebP, TIFF, AVIF or HEIC ends before what its head announces; False if nothing tells."""
    try:
        if data[:4] == b"RIFF":
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        if data[4:8] == b"ftyp":
            return _boxes_end(data) > len(data)
        if data[:4] in (b"II*\0", b"MM\0*"):
            return bool(struct.unpack("<I" if data[:2] == b"II" else ">I", data[4:8])[0] >= len(data))
    except struct.error:
        return True
    return False


def _boxes_end(data: Any) -> int:
    at = 0
    for _ in range(1000):
        if at + 8 > len(data):
            break
        length = int(struct.unpack(">I", data[at : at + 4])[0])
        if length == 1:
            length = int(struct.unpack(">Q", data[at + 8 : at + 16])[0])
        if length < 8:
            return len(data)  # to the end of the file, or nonsense
        at += length
    return at


def gif_frames(data: Any) -> tuple[int, bool]:
    """How many frames of a GIF are there in full, and whether it ends where it should: with or without a trailer."""
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 12 and data[10] & 0x80 else 0)
    frames = 0
    try:
        for _ in range(_MOST_BLOCKS):
            if at == len(data) or data[at] == _TRAILER:
                return frames, at <= len(data)
            if data[at] == _IMAGE:
                flags = data[at + 9]
                at = _behind_blocks(data, at + 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0))
                frames += 1
            elif data[at] == _EXTENSION:
                at = _behind_blocks(data, at + 2)
            else:
                return frames, frames > 0  # some writers leave a few bytes behind the last frame
    except IndexError:
        return frames, False
    return frames, False


def _behind_blocks(data: Any, at: int) -> int:
    while length := data[at]:
        at += 1 + length
    return at + 1


def completed_webp(data: Any) -> bytes | None:
    """A still WebP that breaks off within its pixels, with zeros for what is missing; None for any other file.

    libwebp decodes nothing of a shorter one, and of this all that is there.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or int.from_bytes(data[4:8], "little") + 8 <= len(data):
        return None
    chunks = b""
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack("<4sI", data[at : at + 8])
        body = bytes(data[at + 8 : at + 8 + length])
        missing = length - len(body)
        if name == b"VP8X" and length == 10 and not missing and not body[0] & _ANIMATION:
            body = bytes([body[0] & (_PROFILE | _ALPHA)]) + body[1:]
        elif name in (b"VP8 ", b"VP8L"):
            if missing > _MOST_MISSING:
                return None
            body += bytes(missing + (length & 1))
            chunks += struct.pack("<4sI", name, length) + body
            return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
        elif name not in (b"ICCP", b"ALPH") or missing:
            return None
        chunks += struct.pack("<4sI", name, length) + body + bytes(length & 1)
        at += 8 + length + (length & 1)
    return None
