"""From a file of a known kind to preview files. Runs only in the confined child of `server`."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyvips

from contest.previews import documents, drawings, images
from contest.previews.canvas import Canvas, Emit, GiveUp, Renderer
from contest.previews.images import allow_loader
from contest.previews.kinds import NOT_SUPPORTED, Kind
from contest.previews.outcome import PRESETS


def _unsupported(_data: Any, _canvas: Canvas) -> None:
    raise GiveUp("refused", "not_supported")


#: What draws each kind: takes the file's bytes (or a mapping of them) and a canvas, raises `GiveUp` or
#: pyvips.Error. The door for further kinds.
RENDERERS: Mapping[Kind, Renderer] = {
    **images.RENDERERS,
    **drawings.RENDERERS,
    **documents.RENDERERS,
    **dict.fromkeys(NOT_SUPPORTED, _unsupported),
}


def render(
    data: bytes | int,
    kind: Kind,
    out: Path,
    presets: Iterable[str] = tuple(PRESETS),
    emit: Emit = lambda _event: None,
    *,
    quick: bool = False,
) -> dict[str, Any]:
    """Write previews of `data` (bytes, or the descriptor of a regular file) into the folder `out`.

    `quick`: the first picture only. Returns verdict, reason, pages, width, height (as in `outcome.Result`)
    and outputs, each with page, preset, width and height, in the file that `outcome.file_name` names; and a
    note for operators, ASCII,
    which may quote the file. `emit` is told of each step (see `canvas.Emit`). Never raises for what is
    wrong with the file. Changes this process for good: blocks the other loaders of libvips and its cache.
    """
    pyvips.cache_set_max(0)
    allow_loader(kind)
    canvas = Canvas(out, presets, emit, quick=quick)
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
