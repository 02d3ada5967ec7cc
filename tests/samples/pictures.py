"""Pictures of pixels, by libvips, Pillow and libheif: still and moving, plain and with names in every place."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import pillow_heif
import pyvips
from PIL import Image, TiffImagePlugin

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker

NAME = CANARY.decode()
RED, BLUE = (255, 0, 0), (0, 0, 255)


def flat(width: int, height: int, colour: tuple[int, ...]) -> pyvips.Image:
    """One colour, of three bands or four."""
    black = pyvips.Image.black(width, height, bands=len(colour))
    return (black + list(colour)).cast("uchar").copy(interpretation="srgb")


def two_colours(width: int = 400, height: int = 200) -> pyvips.Image:
    """Red on the left, blue on the right."""
    return flat(width // 2, height, RED).join(flat(width - width // 2, height, BLUE), "horizontal")


def noise(width: int = 700, height: int = 500, seed: int = 1) -> pyvips.Image:
    """Grain that compresses badly."""
    grey = pyvips.Image.gaussnoise(width, height, mean=128, sigma=40, seed=seed).cast("uchar")
    return grey.bandjoin([grey.rot180(), grey.flip("horizontal")]).copy(interpretation="srgb")


def clouds(width: int = 700, height: int = 500, seed: int = 1) -> pyvips.Image:
    """Light and dark areas of several sizes, as a photograph has them; no two seeds look alike."""
    wide = pyvips.Image.gaussnoise(9, 9, mean=128, sigma=50, seed=seed).resize(width / 6, vscale=height / 6)
    fine = pyvips.Image.gaussnoise(40, 40, mean=0, sigma=16, seed=seed + 1000).resize(width / 36, vscale=height / 36)
    grey = (wide.crop(0, 0, width, height) + fine.crop(0, 0, width, height)).cast("uchar")
    return grey.bandjoin([grey.invert(), grey]).copy(interpretation="srgb")


def roll(frames: Sequence[pyvips.Image], delays: Sequence[int] | int = 100) -> pyvips.Image:
    """Frames of an animation as libvips saves them; `delays` in milliseconds."""
    joined = pyvips.Image.arrayjoin(list(frames), across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    each = [delays] * len(frames) if isinstance(delays, int) else list(delays)
    joined.set_type(pyvips.GValue.array_int_type, "delay", each)
    return joined


def marching(count: int, width: int = 120, height: int = 80, *, blank: int = 0) -> list[pyvips.Image]:
    """Frames in which a red square marches to the right on blue; the first `blank` of them are white."""
    step = max(1, (width - 20) // count)
    return [
        flat(width, height, (255, 255, 255))
        if index < blank
        else flat(width, height, BLUE).draw_rect(list(RED), step * index, 20, 20, 40, fill=True)
        for index in range(count)
    ]


def by_pillow(frames: Sequence[pyvips.Image], form: str, **options: Any) -> bytes:
    """Frames as a file of a format that libvips does not write."""
    first, *others = [Image.fromarray(frame.numpy()) for frame in frames]
    out = io.BytesIO()
    first.save(out, form, save_all=bool(others), append_images=others, **options)
    return out.getvalue()


def heic(image: pyvips.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(image.numpy())).save(out, quality=90, **options)
    return out.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *more: bytes, rows: bytes = b"") -> bytes:
    """A PNG by hand: `more` are chunks before its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + body + png_chunk(b"IEND", b"")


SAMPLES: dict[Kind, Maker] = {
    Kind.PNG: lambda: noise().pngsave_buffer(),
    Kind.JPEG: lambda: noise().jpegsave_buffer(),
    Kind.WEBP: lambda: noise().webpsave_buffer(effort=0),
    Kind.GIF: lambda: roll(marching(4)).gifsave_buffer(),
    Kind.TIFF: lambda: noise(200, 150).tiffsave_buffer(),
    Kind.AVIF: lambda: noise(200, 150).heifsave_buffer(compression="av1", effort=0),
    Kind.HEIC: lambda: heic(noise(200, 150)),
}


# The same with a name in each place.


def exif(orientation: int = 1) -> bytes:
    """Names, a serial number, and words beside a place."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x013C, 0x8298):
        tags[tag] = NAME
    tags[0x9C9D] = NAME.encode("utf-16-le")
    photograph = tags.get_ifd(0x8769)
    photograph |= {0x9286: b"ASCII\0\0\0" + CANARY, 0xA420: NAME, 0xA430: NAME, 0xA431: NAME, 0xA435: NAME}
    place = tags.get_ifd(0x8825)
    place |= {1: "N", 2: (35.0, 41.0, 22.0), 3: "E", 4: (139.0, 41.0, 30.0), 27: b"ASCII\0\0\0" + CANARY, 28: CANARY}
    return tags.tobytes()


def xmp() -> bytes:
    return (
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
        b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/'
        b'elements/1.1/" dc:creator="' + CANARY + b'"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def iptc() -> bytes:
    line = b"\x1c\x02\x50" + struct.pack(">H", len(CANARY)) + CANARY
    return b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(line)) + line + bytes(len(line) & 1)


def named(form: str) -> bytes:
    """A wide picture with EXIF, XMP and a profile of its own."""
    wide = two_colours().icc_transform("p3", input_profile="srgb")
    return by_pillow([wide], form, exif=exif(), xmp=xmp(), icc_profile=wide.get("icc-profile-data"))


def marked_jpeg() -> bytes:
    data = named("JPEG")
    comment = b"\xff\xfe" + struct.pack(">H", len(CANARY) + 2) + CANARY
    photoshop = b"\xff\xed" + struct.pack(">H", len(iptc()) + 2) + iptc()
    return data[:2] + comment + photoshop + data[2:]


def marked_png() -> bytes:
    return png(
        10,
        10,
        png_chunk(b"tEXt", b"Author\0" + CANARY),
        png_chunk(b"zTXt", b"Title\0\0" + zlib.compress(CANARY)),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp()),
        png_chunk(b"eXIf", exif().removeprefix(b"Exif\0\0")),
        rows=(b"\0" + bytes(range(30))) * 10,
    )


def marked_gif() -> bytes:
    data: bytes = roll(marching(3)).gifsave_buffer()
    line = bytes([len(CANARY)]) + CANARY + b"\0"
    application = b"\x21\xff\x0bXMP DataXMP" + line
    return data[:-1] + b"\x21\xfe" + line + application + data[-1:]


def marked_tiff() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (0x010D, 0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x013C, 0x8298):
        tags[tag] = NAME
    tags[0x02BC] = xmp()
    tags.tagtype[0x02BC] = 1
    return by_pillow([two_colours()], "TIFF", tiffinfo=tags)


MARKED: dict[Kind, Maker] = {
    Kind.PNG: marked_png,
    Kind.JPEG: marked_jpeg,
    Kind.WEBP: lambda: named("WEBP"),
    Kind.GIF: marked_gif,
    Kind.TIFF: marked_tiff,
    Kind.AVIF: lambda: named("AVIF"),
    Kind.HEIC: lambda: heic(two_colours(), exif=exif(), xmp=xmp()),
}
