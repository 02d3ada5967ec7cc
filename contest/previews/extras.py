"""Strict readers of what is made beside pictures (`outcome.EXTRAS`): the last look before it is stored."""

from __future__ import annotations

import os
from typing import BinaryIO

from contest.previews import boxes, jpeg, pack, webp
from contest.previews.outcome import MAX_OUTPUT_BYTES, MAX_PIXELS

#: Edge of a tile without its overlap, in pixels, and the overlap on each inner side.
TILE, OVERLAP = 510, 1
#: The largest pyramid, which is what its kinds may write into one file, and tile: bytes.
_MOST_PYRAMID, _MOST_TILE = 200_000_000, 4_000_000
_MOST_MOVING = 640


def measure(preset: str, file: BinaryIO, size: int) -> tuple[int, int]:
    """Width and height in pixels (0 of a `site`) of an extra of `size` bytes.

    Raises ValueError for anything that our renderers never write.
    """
    return _READERS[preset](file, size)


def _tiles(file: BinaryIO, size: int) -> tuple[int, int]:
    """A pack of levels from 1 pixel up, each cut in tiles that are still JPEG or WebP without anything else."""
    if size > _MOST_PYRAMID:
        raise ValueError("too large")
    index = _pack(file, size)
    if set(index.info) != {"width", "height"}:
        raise ValueError("not a pyramid")
    width, height = index.info["width"], index.info["height"]
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError("not a pyramid that we make")
    wanted = set(tile_sizes(width, height))
    if wanted != index.members.keys():
        raise ValueError("tiles missing or left over")
    expected = tile_sizes(width, height)
    for name, (start, length) in index.members.items():
        if length > _MOST_TILE:
            raise ValueError("a tile too large")
        file.seek(start)
        data = file.read(length)
        found = jpeg.measure(data) if data.startswith(b"\xff\xd8") else webp.measure(data)
        if found != expected[name]:
            raise ValueError("a tile of another size")
    return width, height


def tile_sizes(width: int, height: int) -> dict[str, tuple[int, int]]:
    """Of a whole pyramid: "level/column_row" → the size of that tile in pixels."""
    top = max(width - 1, height - 1).bit_length()
    found = {}
    for level in range(top + 1):
        shrink = top - level
        wide, high = (max(1, -(-edge >> shrink)) for edge in (width, height))
        for column in range(-(-wide // TILE)):
            for row in range(-(-high // TILE)):
                found[f"{level}/{column}_{row}"] = (_span(column, wide), _span(row, high))
    return found


def _span(at: int, edge: int) -> int:
    start = max(0, at * TILE - OVERLAP)
    return min(edge, (at + 1) * TILE + OVERLAP) - start


def _site(file: BinaryIO, size: int) -> tuple[int, int]:
    """A pack of a prototype's members. What they hold is an entrant's, and served on an origin of its own."""
    index = _pack(file, size)
    if index.info or "index.html" not in index.members:
        raise ValueError("not a prototype")
    return 0, 0


def _pack(file: BinaryIO, size: int) -> pack.Index:
    return pack.read_index(lambda start, end: os.pread(file.fileno(), end - start, start), size)


def _moving(file: BinaryIO, size: int) -> tuple[int, int]:
    if size > MAX_OUTPUT_BYTES:
        raise ValueError("too large")
    width, height = webp.measure_animation(file.read(size + 1))
    if not (0 < width <= _MOST_MOVING and 0 < height <= _MOST_MOVING):
        raise ValueError("not of the size that we make")
    return width, height


_READERS = {"tiles": _tiles, "site": _site, "moving": _moving, "mp4": boxes.measure_mp4, "webm": boxes.measure_webm}
