"""Draw our mark, an exhibition label beside a work, for where an SVG is not taken.

Writes favicon.ico, apple-touch-icon.png and the icons of the manifest into contest/static. They are a few
rectangles on whole pixels, so the standard library draws them. Run it after a change of the mark.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

STATIC = Path(__file__).parent.parent / "contest" / "static"
PAPER, INK, WARM, CLEAR = b"\xfb\xfb\xf9\xff", b"\x18\x19\x18\xff", b"\xb5\x33\x0b\xff", b"\0\0\0\0"
#: The mark on a field of 16 by 16: (left, top, right, bottom, colour); later ones lie on earlier ones.
MARK = ((2, 2, 10, 14, INK), (3, 3, 9, 13, PAPER), (11, 9, 14, 14, WARM))


def png(size: int, *, inset: int = 0, ground: bytes = CLEAR) -> bytes:
    """The mark as a PNG of `size` pixels, `inset` pixels from each edge."""
    scale = (size - 2 * inset) / 16
    rows = [[ground] * size for _ in range(size)]
    for left, top, right, bottom, colour in MARK:
        for y in range(inset + round(top * scale), inset + round(bottom * scale)):
            for x in range(inset + round(left * scale), inset + round(right * scale)):
                rows[y][x] = colour
    raw = b"".join(b"\0" + b"".join(row) for row in rows)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def ico(*sizes: int) -> bytes:
    """An icon file that holds the mark as a PNG of each size."""
    images = [png(size) for size in sizes]
    offset = 6 + 16 * len(sizes)
    entries = b""
    for size, image in zip(sizes, images, strict=True):
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return struct.pack("<HHH", 0, 1, len(sizes)) + entries + b"".join(images)


def main() -> None:
    files = {
        "favicon.ico": ico(16, 32, 48),
        "apple-touch-icon.png": png(180, inset=26, ground=PAPER),
        "icon-192.png": png(192, inset=32, ground=PAPER),
        "icon-512.png": png(512, inset=80, ground=PAPER),
    }
    for name, data in files.items():
        (STATIC / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
