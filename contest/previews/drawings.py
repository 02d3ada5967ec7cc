"""Drawings of vectors (SVG, SVGZ), by librsvg in libvips."""

from __future__ import annotations

import re
import zlib

import pyvips

from contest.previews.canvas import Canvas, GiveUp, Renderer, plain
from contest.previews.kinds import Kind

#: Of markup; with more, reading alone would eat all memory.
_MAX_SVG_BYTES = 64 * 1024**2
#: Up to here libxml2's own limits suffice; above, they would refuse drawings with a photograph inside.
_PLAIN_SVG_BYTES = 9_000_000
_SVG_AT_LEAST = 1280
_PROBE_EDGE = 16
_SVG_BOMB = re.compile(r"amplification|entity loop|referenced elements|nested layers|too many|limit exceeded", re.I)


def draw_svg(data: bytes, canvas: Canvas) -> None:
    """Previews of a drawing, between 1280 and 2560 pixels long however small or large it calls itself.

    Loaded from memory, where librsvg resolves no outside reference; and the process has neither files nor net.
    """
    if len(data) > _MAX_SVG_BYTES:
        raise GiveUp("refused", "too_large")
    data = bytes(data)
    unlimited = len(data) > _PLAIN_SVG_BYTES
    try:
        head = pyvips.Image.svgload_buffer(data, unlimited=unlimited)
        native = max(head.width, head.height)
        # Bombs of <use> cost by the pixel. At this size they show what they are before they eat all the time.
        pyvips.Image.svgload_buffer(data, scale=_PROBE_EDGE / native, unlimited=unlimited).copy_memory()
        edge = min(max(native, _SVG_AT_LEAST), canvas.edge())
        image = plain(pyvips.Image.svgload_buffer(data, scale=edge / native, unlimited=unlimited))
    except pyvips.Error as error:
        if _SVG_BOMB.search(str(error)):
            raise GiveUp("refused", "bomb") from error
        raise
    clear = image.hasalpha() and image.extract_band(image.bands - 1).min() < 255
    canvas.source(pages=1, width=head.width, height=head.height, alpha=int(clear))
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


RENDERERS: dict[Kind, Renderer] = {Kind.SVG: draw_svg, Kind.SVGZ: draw_svgz}
