"""A strict reader of WebP containers: the last look at what a confined process made."""

from __future__ import annotations

import struct

# VP8X flags: ICC profile, EXIF, XMP and animation must be off; only alpha (0x10) may be on.
_ALPHA_ONLY, _ANIMATION = 0x10, 0x02
_MOST_FRAMES = 1000


def measure(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of `data`, one still WebP picture and nothing else.

    Raises ValueError for anything that our renderer never writes: metadata of any kind, animation,
    unknown chunks, or bytes behind the end, in which another format could hide.
    """
    if len(data) < 20 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("not a WebP")
    if struct.unpack_from("<I", data, 4)[0] + 8 != len(data):
        raise ValueError("bytes missing or left over")
    chunks = _chunks(data)
    names = [name for name, _ in chunks]
    if names in (["VP8X", "ALPH", "VP8 "], ["VP8X", "VP8L"], ["VP8X", "VP8 "]):
        head = chunks[0][1]
        if len(head) != 10 or head[0] & ~_ALPHA_ONLY:
            raise ValueError("metadata or animation")
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if names == ["VP8 "]:
        body = chunks[0][1]
        if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a":
            raise ValueError("no key frame")
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if names == ["VP8L"]:
        body = chunks[0][1]
        if len(body) < 5 or body[0] != 0x2F:
            raise ValueError("no lossless signature")
        bits = struct.unpack_from("<I", body, 1)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise ValueError(f"chunks {names}")


def measure_animation(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of `data`, one animated WebP picture and nothing else.

    Raises ValueError as `measure` does, and for a frame that lies outside of the picture.
    """
    if len(data) < 30 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise ValueError("not a WebP")
    if struct.unpack_from("<I", data, 4)[0] + 8 != len(data):
        raise ValueError("bytes missing or left over")
    (name, head), *rest = _chunks(data, most=_MOST_FRAMES + 2)
    if name != "VP8X" or len(head) != 10 or head[0] & ~(_ALPHA_ONLY | _ANIMATION) or not head[0] & _ANIMATION:
        raise ValueError("metadata, or no animation")
    width, height = _three(head, 4) + 1, _three(head, 7) + 1
    if len(rest) < 2 or rest[0][0] != "ANIM" or len(rest[0][1]) != 6:
        raise ValueError("no frames")
    for name, body in rest[1:]:
        if name != "ANMF" or len(body) < 16:
            raise ValueError(f"chunk {name} among the frames")
        left, top, wide, high = 2 * _three(body, 0), 2 * _three(body, 3), _three(body, 6) + 1, _three(body, 9) + 1
        if left + wide > width or top + high > height:
            raise ValueError("a frame outside of the picture")
        if [name for name, _ in _chunks(body, start=16)] not in (["VP8 "], ["VP8L"], ["ALPH", "VP8 "]):
            raise ValueError("a frame with more than pixels")
    return width, height


def _three(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _chunks(data: bytes, *, start: int = 12, most: int = 4) -> list[tuple[str, bytes]]:
    chunks: list[tuple[str, bytes]] = []
    position = start
    while position < len(data):
        if position + 8 > len(data) or len(chunks) == most:
            raise ValueError("odd chunks")
        name = data[position : position + 4].decode("latin-1")
        length = struct.unpack_from("<I", data, position + 4)[0]
        body = data[position + 8 : position + 8 + length]
        if len(body) != length:
            raise ValueError("a chunk is cut off")
        chunks.append((name, body))
        position += 8 + length + (length & 1)
    return chunks
