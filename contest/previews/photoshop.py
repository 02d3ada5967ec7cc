"""Photoshop documents (PSD, PSB), by the composite picture that most of them carry at their end.

Layers are stepped over and never read: that is what keeps memory within the pixels of one picture, and most
of the format out of reach. Channels are decoded one by one, each to a byte a pixel.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy
import pyvips
from numpy.typing import NDArray
from psd_tools.compression import decode_rle

from contest.previews import colours, tiles
from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_PIXELS

_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
#: Channels that make the colour, by mode; what follows them is transparency or a mask.
_COLOURS = {_BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _MULTICHANNEL: 1, _DUOTONE: 1, _LAB: 3}
_DEPTHS = {_BITMAP: (1,), _GREY: (8, 16, 32), _INDEXED: (8,), _RGB: (8, 16, 32)}
_ICC, _ALPHA_IDENTIFIERS, _TRANSPARENT_INDEX, _VERSION = 1039, 1053, 1047, 1057
#: Blocks whose length has eight bytes in a PSB.
_WIDE_BLOCKS = frozenset(
    {b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph"}
    | {b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD"}
)
_MOST_BLOCKS = 10_000
#: Pixels that are decoded at a time.
_STRIP = 1 << 20

Plane = NDArray[numpy.uint8]


@dataclass
class _Document:
    """What stands before the pixels."""

    width: int
    height: int
    channels: int
    depth: int
    mode: int
    #: Lengths are of eight bytes.
    large: bool
    palette: bytes = b""
    resources: dict[int, bytes] = field(default_factory=dict)
    #: Negative if the first channel after the colours is the transparency of the whole.
    layers: int = 0
    #: Where the pixels begin.
    pixels: int = 0

    @property
    def row_bytes(self) -> int:
        return (self.width * self.depth + 7) // 8


def draw_photoshop(data: Any, canvas: Canvas) -> None:
    """Previews of the composite, in sRGB, with its transparency.

    Ends as `icon` if the document was saved without a composite, as `damaged` if the pixels end early.
    """
    view = memoryview(data)
    try:
        document = _read(view)
    except (struct.error, IndexError) as error:
        raise GiveUp("failed", "truncated" if bytes(view[:4]) == b"8BPS" else "unreadable") from error
    if document.resources.get(_VERSION, b"\0\0\0\1\1")[4:5] == b"\0":
        raise GiveUp("icon", "nothing_inside")
    if document.pixels + 2 >= len(view):
        raise GiveUp("failed", "truncated")
    image, whole = _composite(view, document)
    small = colours.without_idle_alpha(colours.shrunk(image, canvas.edge()))
    facts = {"alpha": int(small.hasalpha()), "hdr": int(document.depth == 32)}
    canvas.source(pages=1, width=document.width, height=document.height, **facts)
    canvas.draw(small)
    if not whole:
        raise GiveUp("damaged", "truncated")
    if tiles.wanted(canvas, document.width, document.height):
        tiles.write(image, canvas, cicp=None, alpha=small.hasalpha())


# What stands before the pixels.


def _read(view: memoryview) -> _Document:
    """Raises GiveUp, struct.error or IndexError for what is no such document."""
    signature, version, channels, height, width, depth, mode = struct.unpack_from(">4sH6xHIIHH", view)
    if signature != b"8BPS" or version not in (1, 2) or mode not in _COLOURS:
        raise GiveUp("failed", "unreadable")
    if depth not in _DEPTHS.get(mode, (8, 16)) or not (_COLOURS[mode] <= channels <= 56):
        raise GiveUp("failed", "unreadable")
    limit = 300_000 if version == 2 else 30_000
    if not (0 < width <= limit and 0 < height <= limit):
        raise GiveUp("failed", "unreadable")
    if width * height > MAX_PIXELS:
        raise GiveUp("refused", "too_many_pixels")
    document = _Document(width, height, channels, depth, mode, large=version == 2)
    at, size = _section(view, 26)
    document.palette = bytes(view[at : at + min(size, 768)])
    at, size = _section(view, at + size)
    document.resources = _resources(view[at : at + size])
    at, size = _section(view, at + size, wide=document.large)
    document.layers = _layers(view[at : at + size], document.large)
    document.pixels = at + size
    return document


def _section(view: memoryview, at: int, *, wide: bool = False) -> tuple[int, int]:
    """Where the section at `at` has its content, and how many bytes."""
    (size,) = struct.unpack_from(">Q" if wide else ">I", view, at)
    return at + (8 if wide else 4), size


def _resources(view: memoryview) -> dict[int, bytes]:
    """The few resources that matter to us."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 12 <= len(view):
        (number,) = struct.unpack_from(">H", view, at + 4)
        at += 6 + (view[at + 6] // 2 + 1) * 2  # a name, padded with its length byte to an even count
        at, size = _section(view, at)
        if number in (_ICC, _ALPHA_IDENTIFIERS, _TRANSPARENT_INDEX, _VERSION):
            found[number] = bytes(view[at : at + size])
        at += size + size % 2
    return found


def _layers(view: memoryview, large: bool) -> int:
    """The count of layers: negative if the composite has transparency, 0 if there are none."""
    if len(view) < 8:
        return 0
    at, size = _section(view, 0, wide=large)
    count = int(struct.unpack_from(">h", view, at)[0]) if size >= 2 else 0
    at += size
    if at + 4 > len(view):
        return count
    at, size = _section(view, at)
    at += size
    # Documents of 16 and 32 bits keep their layers in a block behind.
    for _ in range(_MOST_BLOCKS):
        if at + 12 > len(view) or bytes(view[at : at + 4]) not in (b"8BIM", b"8B64"):
            break
        key = bytes(view[at + 4 : at + 8])
        at, size = _section(view, at + 8, wide=large and key in _WIDE_BLOCKS)
        if key in (b"Mtrn", b"Mt16", b"Mt32"):
            return -max(1, abs(count))
        if key in (b"Lr16", b"Lr32") and size >= 2 and at + 2 <= len(view):
            count = int(struct.unpack_from(">h", view, at)[0])
        at += (size + 3) // 4 * 4
    return count


def _names_transparency(document: _Document) -> bool:
    """Whether the channel behind the colours of a flat picture is transparency, and not a saved selection."""
    named = document.resources.get(_ALPHA_IDENTIFIERS, b"")
    numbers = struct.unpack(f">{len(named) // 4}I", named[: len(named) // 4 * 4])
    if numbers:
        return bool(numbers[0] == 0)
    return document.layers == 0


# The pixels.


def _planes(view: memoryview, document: _Document, wanted: int) -> tuple[list[Plane], bool]:
    """The first `wanted` channels, height × width, and whether all of them was there. What is missing is white.

    Raises GiveUp if nothing of the first was there.
    """
    (compression,) = struct.unpack_from(">H", view, document.pixels)
    if compression not in (0, 1):
        raise GiveUp("failed", "codec")
    planes: list[Plane] = []
    tops: list[int] = []
    for channel in range(wanted):
        rows = _raw_rows(view, document, channel) if compression == 0 else _packed_rows(view, document, channel)
        plane = numpy.full((document.height, document.width), 255, dtype=numpy.uint8)
        top = 0
        for strip in rows:
            pixels = _to_bytes(strip, document, linear=channel < _COLOURS[document.mode])
            plane[top : top + len(pixels)] = pixels
            top += len(pixels)
            if isinstance(view.obj, mmap.mmap):
                # What has been read of a mapped file would count as this process's memory.
                view.obj.madvise(mmap.MADV_DONTNEED)
        if not planes and not top:
            raise GiveUp("failed", "truncated")
        planes.append(plane)
        tops.append(top)
    if document.mode == _RGB and min(tops[:3]) < document.height:
        # Channels follow each other, so it is the later ones that are missing: grey shows more than a wrong colour.
        for plane in planes[1:3]:
            plane[min(tops[:3]) :] = planes[0][min(tops[:3]) :]
    return planes, min(tops) == document.height


def _raw_rows(view: memoryview, document: _Document, channel: int) -> Iterator[bytes]:
    """Whole rows of a channel as they lie there, a strip at a time."""
    size = document.row_bytes
    begin = document.pixels + 2 + channel * document.height * size
    end = min(begin + document.height * size, len(view))
    step = max(1, _STRIP // document.width) * size
    for at in range(begin, end, step):
        rows = (min(at + step, end) - at) // size
        if rows:
            yield bytes(view[at : at + rows * size])


def _packed_rows(view: memoryview, document: _Document, channel: int) -> Iterator[bytes]:
    """The same of packed rows, whose lengths stand before all of them."""
    begin = document.pixels + 2
    kind = numpy.dtype(">u4" if document.large else ">u2")
    count = document.height * document.channels
    if begin + count * kind.itemsize > len(view):
        return
    lengths = numpy.frombuffer(view, kind, count, begin)
    ends = begin + count * kind.itemsize + numpy.cumsum(lengths, dtype=numpy.int64)
    first = channel * document.height
    last = first + int(numpy.searchsorted(ends[first : first + document.height], len(view), side="right"))
    step = max(1, _STRIP // document.width)
    for top in range(first, last, step):
        bottom = min(top + step, last)
        packed = view[int(ends[top]) - int(lengths[top]) : int(ends[bottom - 1])]
        strip = lengths[top:bottom].tobytes() + packed
        yield decode_rle(strip, document.width, bottom - top, document.depth, 2 if document.large else 1)


def _to_bytes(strip: bytes, document: _Document, *, linear: bool) -> Plane:
    """Rows of whatever depth as a byte a pixel. 32 bits are light, which `linear` has turned to sRGB's curve."""
    if document.depth == 1:
        bits = numpy.unpackbits(numpy.frombuffer(strip, numpy.uint8).reshape(-1, document.row_bytes), axis=1)
        return numpy.where(bits[:, : document.width] == 1, 0, 255).astype(numpy.uint8)
    if document.depth == 8:
        return numpy.frombuffer(strip, numpy.uint8).reshape(-1, document.width)
    if document.depth == 16:
        return numpy.frombuffer(strip, numpy.uint8).reshape(-1, document.width, 2)[:, :, 0]
    light = numpy.nan_to_num(numpy.frombuffer(strip, ">f4").astype(numpy.float32)).clip(0, 1)
    if linear:
        light = numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (light * 255 + 0.5).astype(numpy.uint8).reshape(-1, document.width)


def _band(plane: Plane) -> pyvips.Image:
    height, width = plane.shape
    return pyvips.Image.new_from_memory(plane.data, width, height, 1, "uchar")


def _composite(view: memoryview, document: _Document) -> tuple[pyvips.Image, bool]:
    """The picture with its profile and transparency, not computed yet, and whether all of it was there."""
    count = _COLOURS[document.mode]
    if document.mode == _MULTICHANNEL and document.channels >= 4:
        count = 4  # most of them were CMYK once
    matted = document.layers < 0
    transparent = document.channels > count and (matted or _names_transparency(document))
    planes, whole = _planes(view, document, count + transparent)
    bands = [_band(plane) for plane in planes]
    image = bands[0].bandjoin(bands[1:count]) if count > 1 else bands[0]
    alpha = bands[count] if transparent else None
    if document.mode == _INDEXED:
        image, alpha = _looked_up(document, image)
    elif alpha is not None and matted and document.mode in (_GREY, _RGB):
        # Photoshop lays the composite on white before it writes it.
        image = ((image - 255) * 255 / (alpha > 0).ifthenelse(alpha, 255) + 255).cast("uchar")
    if document.mode == _LAB:
        image, meaning = (image * [100 / 255, 1, 1] - [0, 128, 128]).cast("float"), "lab"
    elif count == 4:
        image, meaning = image.invert(), "cmyk"  # inks are stored upside down
    else:
        meaning = "srgb" if image.bands == 3 else "b-w"
    if alpha is not None:
        image = image.bandjoin(alpha.cast(image.format))
    image = image.copy(interpretation=meaning)
    profile = document.resources.get(_ICC)
    if profile and document.depth != 32:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image, whole


def _looked_up(document: _Document, image: pyvips.Image) -> tuple[pyvips.Image, pyvips.Image | None]:
    """The colours of an indexed picture, and its transparency if one of them is clear."""
    channels = (document.palette.ljust(768, b"\0")[at : at + 256] for at in (0, 256, 512))
    table = bytes(level for colour in zip(*channels, strict=True) for level in colour)
    clear = document.resources.get(_TRANSPARENT_INDEX, b"")
    alpha = image != clear[1] if len(clear) == 2 and clear[0] == 0 else None
    return image.maplut(pyvips.Image.new_from_memory(table, 256, 1, 3, "uchar")), alpha


RENDERERS: dict[Kind, Renderer] = {Kind.PSD: draw_photoshop, Kind.PSB: draw_photoshop}
