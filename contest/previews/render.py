"""From a file of a known kind to preview files. Runs only in the confined child of `server`."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyvips

from contest.previews.canvas import Canvas, Emit, GiveUp
from contest.previews.documents import draw_pdf
from contest.previews.images import allow_loader, draw_raster, draw_svg, draw_svgz
from contest.previews.kinds import Kind
from contest.previews.outcome import PRESETS

#: What draws each kind: takes the file's bytes (or a mapping of them) and a canvas, raises `GiveUp` or
#: pyvips.Error. The door for further kinds.
RENDERERS: Mapping[Kind, Callable[[Any, Canvas], None]] = {
    Kind.PNG: draw_raster,
    Kind.JPEG: draw_raster,
    Kind.WEBP: draw_raster,
    Kind.GIF: draw_raster,
    Kind.SVG: draw_svg,
    Kind.SVGZ: draw_svgz,
    Kind.PDF: draw_pdf,
}


def render(
    data: bytes | int,
    kind: Kind,
    out: Path,
    presets: Iterable[str] = tuple(PRESETS),
    emit: Emit = lambda _event: None,
) -> dict[str, Any]:
    """Write previews of `data` (bytes, or the descriptor of a regular file) into the folder `out`.

    Returns verdict, reason, pages, width, height (as in `outcome.Result`) and outputs, each with page,
    preset, width and height, in the file that `canvas.file_name` names; and a note for operators, ASCII,
    which may quote the file. `emit` is told of each step (see `canvas.Emit`). Never raises for what is
    wrong with the file. Changes this process for good: blocks the other loaders of libvips and its cache.
    """
    pyvips.cache_set_max(0)
    allow_loader(kind)
    canvas = Canvas(out, presets, emit)
    verdict, reason, note = "ready", None, ""
    try:
        RENDERERS[kind](_bytes_of(data), canvas)
    except GiveUp as end:
        verdict, reason = end.verdict, end.reason
    except (MemoryError, OSError, pyvips.Error) as error:
        verdict, reason = "failed", _reason(error)
        note = ascii(str(error))[:400]
    if verdict in ("failed", "refused"):
        canvas.outputs.clear()
    return {
        "verdict": verdict,
        "reason": reason,
        "pages": canvas.pages,
        "width": canvas.width,
        "height": canvas.height,
        "outputs": canvas.outputs,
        "note": note,
    }


def _bytes_of(data: bytes | int) -> Any:
    if isinstance(data, bytes):
        return data
    if os.fstat(data).st_size == 0:
        raise GiveUp("failed", "unreadable")
    # Private and writable, because ctypes views nothing else; pages that nobody writes are not copied.
    return mmap.mmap(data, 0, access=mmap.ACCESS_COPY)


def _reason(error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, MemoryError) or "out of memory" in text or "unable to allocate" in text:
        return "memory"
    if isinstance(error, OSError):
        if error.errno == errno.ENOMEM:
            return "memory"
        if error.errno == errno.EFBIG:
            return "bomb"
        raise error
    return "unreadable"
