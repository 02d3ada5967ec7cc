"""Pictures of pixels (PNG, JPEG, WebP, GIF), by libvips."""

from __future__ import annotations

import pyvips

from contest.previews.canvas import Canvas, GiveUp, Renderer, plain
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


def _out_of_memory(error: pyvips.Error) -> bool:
    return "out of memory" in str(error) or "unable to allocate" in str(error)


RENDERERS: dict[Kind, Renderer] = dict.fromkeys((Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF), draw_raster)
