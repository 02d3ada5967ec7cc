"""A picture in some 25 bytes, to stand where it will appear: the format known as ThumbHash.

`encode` needs numpy and runs in the confined child; `decode` needs nothing and runs where pages are made.
Written from the format's public description: luminance, two colour differences and alpha as low frequencies
of a discrete cosine transform, four bits each.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

#: The largest hash: header, averages, and 4 bits for each of 27 + 5 + 5 frequencies.
MOST_BYTES = 30


def encode(width: int, height: int, rgba: Any) -> bytes:
    """The hash of `rgba`, `width` × `height` × 4 bytes, at most 100 on each side."""
    import numpy

    if not (0 < width <= 100 and 0 < height <= 100):
        raise ValueError("a placeholder is made of a small picture")
    pixels = numpy.frombuffer(rgba, dtype=numpy.uint8).reshape(height, width, 4) / 255.0
    alpha = pixels[..., 3]
    shown = alpha.sum()
    average = (pixels[..., :3] * alpha[..., None]).sum((0, 1)) / shown if shown else numpy.zeros(3)
    has_alpha = bool(shown < width * height)
    limit = 5 if has_alpha else 7
    longest = max(width, height)
    across = max(1, round(limit * width / longest))
    down = max(1, round(limit * height / longest))
    red, green, blue = (average * (1 - alpha[..., None]) + pixels[..., :3] * alpha[..., None]).transpose(2, 0, 1)
    channels = [
        ((red + green + blue) / 3, max(3, across), max(3, down)),
        ((red + green) / 2 - blue, 3, 3),
        (red - green, 3, 3),
    ]
    if has_alpha:
        channels.append((alpha, 5, 5))
    found = [_frequencies(numpy, *channel) for channel in channels]
    (l_dc, _, l_scale), (p_dc, _, p_scale), (q_dc, _, q_scale) = found[:3]
    landscape = width > height
    head = round(63 * l_dc) | round(31.5 + 31.5 * p_dc) << 6 | round(31.5 + 31.5 * q_dc) << 12
    head |= round(31 * l_scale) << 18 | has_alpha << 23
    side = (down if landscape else across) | round(63 * p_scale) << 3 | round(63 * q_scale) << 9 | landscape << 15
    out = bytearray(struct.pack("<I", head)[:3] + struct.pack("<H", side))
    if has_alpha:
        a_dc, _, a_scale = found[3]
        out.append(round(15 * a_dc) | round(15 * a_scale) << 4)
    nibbles = [round(15 * value) for _, ac, _ in found for value in ac]
    nibbles += [0] * (len(nibbles) % 2)
    out += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes(out)


def _frequencies(numpy: Any, channel: Any, across: int, down: int) -> tuple[float, list[float], float]:
    """Mean, the other low frequencies in 0…1, and their scale."""
    height, width = channel.shape
    x = numpy.cos(numpy.pi / width * numpy.outer(numpy.arange(across), numpy.arange(width) + 0.5))
    y = numpy.cos(numpy.pi / height * numpy.outer(numpy.arange(down), numpy.arange(height) + 0.5))
    table = y @ channel @ x.T / (width * height)
    ac = [
        float(table[cy, cx]) for cy in range(down) for cx in range(across) if (cx or cy) and _kept(cx, cy, across, down)
    ]
    scale = max((abs(value) for value in ac), default=0.0)
    if scale:
        ac = [0.5 + 0.5 / scale * value for value in ac]
    return float(table[0, 0]), ac, scale


def _kept(cx: int, cy: int, across: int, down: int) -> bool:
    """Whether a frequency is in the triangle that is stored."""
    return cx * down < across * (down - cy)


def size_of(data: bytes, longest: int = 16) -> tuple[int, int]:
    """Width and height in pixels at which `decode` draws. Raises ValueError for what is no hash."""
    across, down = _counts(data)
    ratio = across / down
    return (longest, max(1, round(longest / ratio))) if ratio > 1 else (max(1, round(longest * ratio)), longest)


def _counts(data: bytes) -> tuple[int, int]:
    if not 5 < len(data) <= MOST_BYTES:
        raise ValueError("not a placeholder")
    side = struct.unpack_from("<H", data, 3)[0]
    full = 5 if data[2] & 0x80 else 7
    short = side & 7
    across, down = (full, short) if side & 0x8000 else (short, full)
    return max(1, across), max(1, down)


@lru_cache(maxsize=512)
def decode(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and RGBA pixels of a hash, 16 pixels long. Raises ValueError for what is no hash."""
    across, down = _counts(data)
    head = int.from_bytes(data[:3], "little")
    side = struct.unpack_from("<H", data, 3)[0]
    has_alpha = bool(head >> 23)
    means = [(head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1]
    scales = [(head >> 18 & 31) / 31, (side >> 3 & 63) / 63 * 1.25, (side >> 9 & 63) / 63 * 1.25]
    counts = [(max(3, across), max(3, down)), (3, 3), (3, 3)]
    at = 5
    if has_alpha:
        means.append((data[5] & 15) / 15)
        scales.append((data[5] >> 4) / 15)
        counts.append((5, 5))
        at = 6
    nibbles = [value for byte in data[at:] for value in (byte & 15, byte >> 4)]
    tables: list[list[tuple[int, int, float]]] = []
    for (wide, high), scale in zip(counts, scales, strict=True):
        places = [(cx, cy) for cy in range(high) for cx in range(wide) if (cx or cy) and _kept(cx, cy, wide, high)]
        values, nibbles = nibbles[: len(places)], nibbles[len(places) :]
        if len(values) < len(places):
            raise ValueError("not a placeholder")
        tables.append([(cx, cy, (v / 7.5 - 1) * scale) for (cx, cy), v in zip(places, values, strict=True)])
    width, height = size_of(data)
    cos_x = [[math.cos(math.pi / width * (x + 0.5) * n) for n in range(7)] for x in range(width)]
    cos_y = [[math.cos(math.pi / height * (y + 0.5) * n) for n in range(7)] for y in range(height)]
    out = bytearray()
    for y in range(height):
        for x in range(width):
            light, warm, green, *rest = (
                mean + sum(2 * value * cos_x[x][cx] * cos_y[y][cy] for cx, cy, value in table)
                for mean, table in zip(means, tables, strict=True)
            )
            out += _pixel(light, warm, green, rest[0] if rest else 1.0)
    return width, height, bytes(out)


def _pixel(light: float, warm: float, green: float, alpha: float) -> bytes:
    blue = light - 2 / 3 * warm
    red = (3 * light - blue + green) / 2
    return bytes(max(0, min(255, round(255 * value))) for value in (red, red - green, blue, alpha))


def png(data: bytes) -> bytes:
    """The placeholder as a small PNG. Raises ValueError for what is no hash."""
    width, height, pixels = decode(data)
    rows = b"".join(b"\0" + pixels[4 * width * y : 4 * width * (y + 1)] for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, body)
        for name, body in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def average(data: Sequence[int]) -> str:
    """The mean colour as #rrggbb."""
    head = int.from_bytes(bytes(data[:3]), "little")
    light, warm, green = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    return "#" + _pixel(light, warm, green, 1.0)[:3].hex()
