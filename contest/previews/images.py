"""Pictures of pixels (PNG, JPEG, WebP, GIF) and of vectors (SVG), by libvips."""

from __future__ import annotations

import re
import zlib

import pyvips

from contest.previews.canvas import Canvas, GiveUp, plain
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_PIXELS

#: The one loader that each kind may use. Subclasses are named on purpose: nothing here opens a path.
LOADERS = {
    Kind.PNG: "VipsForeignLoadPngSource",
    Kind.JPEG: "VipsForeignLoadJpegSource",
    Kind.WEBP: "VipsForeignLoadWebpSource",
    Kind.GIF: "VipsForeignLoadNsgifSource",
    Kind.SVG: "VipsForeignLoadSvgBuffer",
    Kind.SVGZ: "VipsForeignLoadSvgBuffer",
}

_MAX_SVG_BYTES = 64 * 1024**2
#: Up to here libxml2's own limits suffice; above, they would refuse drawings with a photograph inside.
_PLAIN_SVG_BYTES = 9_000_000
_SVG_AT_LEAST = 1280
_PROBE_EDGE = 16
_SVG_BOMB = re.compile(r"amplification|entity loop|referenced elements|nested layers|too many|limit exceeded", re.I)
#: Colours that need no transform to sRGB unless a profile says so.
_PLAIN_COLOURS = frozenset({"srgb", "rgb16", "b-w", "grey16"})


def allow_loader(kind: Kind | None) -> None:
    """Block every loader of libvips in this process but that of `kind`; all of them for None or a PDF.

    Cannot be relied on after other code used libvips here: call it first, in a process of its own.
    """
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    if kind in LOADERS:
        # SVG counts as untrusted, so this must come after the general block.
        pyvips.operation_block_set(LOADERS[kind], False)


def draw_raster(data: bytes, canvas: Canvas) -> None:
    """Previews of a picture of pixels: its first frame, turned as its EXIF says, in sRGB.

    A picture that ends in the middle is drawn as far as it goes, and then ends as `damaged`.
    """
    head = _open(data, strict=False)
    if head.width * head.height > MAX_PIXELS:
        raise GiveUp("refused", "too_many_pixels")
    width, height = head.width, head.height
    if head.get_typeof("orientation") and head.get("orientation") in (5, 6, 7, 8):
        width, height = height, width
    canvas.source(pages=1, width=width, height=height)
    try:
        image = _decode(data, canvas.edge(), strict=True)
    except pyvips.Error as error:
        if _out_of_memory(error):
            raise
        image = _decode(data, canvas.edge(), strict=False)
        canvas.draw(image)
        raise GiveUp("damaged", "truncated") from error
    canvas.draw(image)


def _decode(data: bytes, edge: int, *, strict: bool) -> pyvips.Image:
    """The whole picture read once, shrunk to `edge`, in sRGB, in memory. Strictly: raises if data are missing."""
    # `thumbnail_buffer` would take truncated files at every level of fail_on; loading with fail_on and
    # shrinking after it tells them apart, in one pass. That forgoes only the shrinking within the JPEG
    # decoder, which is therefore asked for by hand.
    image = _open(data, strict=strict)
    if image.get("vips-loader").startswith("jpegload"):
        shrink = max((n for n in (1, 2, 4, 8) if max(image.width, image.height) // n >= edge), default=1)
        if shrink > 1:
            image = _open(data, strict=strict, shrink=shrink)
    profiled = image.get_typeof("icc-profile-data") != 0
    if profiled or image.interpretation not in _PLAIN_COLOURS:
        # Costs as much as all the rest, so only where colours would come out wrong without it.
        try:
            return plain(image.thumbnail_image(edge, height=edge, size="down", output_profile="srgb"))
        except pyvips.Error as error:
            if not profiled or "icc" not in str(error).lower():
                raise
        # A broken profile is no reason to show nothing: the same again as if there were none.
        image = _open(data, strict=strict).copy()
        image.remove("icc-profile-data")
    return plain(image.thumbnail_image(edge, height=edge, size="down"))


def _open(data: bytes, *, strict: bool, shrink: int = 1) -> pyvips.Image:
    options = {"shrink": shrink} if shrink > 1 else {}
    source = pyvips.Source.new_from_memory(data)
    return pyvips.Image.new_from_source(
        source, "", access="sequential", fail_on="truncated" if strict else "none", **options
    )


def draw_svg(data: bytes, canvas: Canvas) -> None:
    """Previews of a drawing, between 1280 and 2560 pixels long however small or large it calls itself.

    Loaded from memory, where librsvg resolves no outside reference; and the process has neither files nor net.
    """
    data = bytes(data)
    unlimited = len(data) > _PLAIN_SVG_BYTES
    try:
        head = pyvips.Image.svgload_buffer(data, unlimited=unlimited)
        native = max(head.width, head.height)
        canvas.source(pages=1, width=head.width, height=head.height)
        # Bombs of <use> cost by the pixel. At this size they show what they are before they eat all the time.
        pyvips.Image.svgload_buffer(data, scale=_PROBE_EDGE / native, unlimited=unlimited).copy_memory()
        edge = min(max(native, _SVG_AT_LEAST), canvas.edge())
        image = plain(pyvips.Image.svgload_buffer(data, scale=edge / native, unlimited=unlimited))
    except pyvips.Error as error:
        if _SVG_BOMB.search(str(error)):
            raise GiveUp("refused", "bomb") from error
        raise
    canvas.draw(image)


def draw_svgz(data: bytes, canvas: Canvas) -> None:
    """Previews of a compressed drawing; inflated here, so that the sum of bytes is ours to limit."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        drawing = inflater.decompress(data, _MAX_SVG_BYTES)
    except zlib.error as error:
        raise GiveUp("failed", "unreadable") from error
    if inflater.unconsumed_tail:
        raise GiveUp("refused", "bomb")
    draw_svg(drawing, canvas)


def _out_of_memory(error: pyvips.Error) -> bool:
    return "out of memory" in str(error) or "unable to allocate" in str(error)
