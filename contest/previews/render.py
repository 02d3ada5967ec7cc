"""From a file of a known kind to preview files. Runs only in the confined child of `server`."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyvips

from contest.previews import (
    animations,
    clip,
    documents,
    drawings,
    images,
    models,
    motion,
    packages,
    photoshop,
    typefaces,
    video,
)
from contest.previews.canvas import Canvas, Emit, GiveUp, Renderer
from contest.previews.images import allow_loader
from contest.previews.kinds import NOT_SUPPORTED, Kind
from contest.previews.outcome import PRESETS, NoRoom


def _unsupported(_data: Any, _canvas: Canvas) -> None:
    raise GiveUp("refused", "not_supported")


#: How libraries say that there is no memory left; a thread needs some for its stack.
_NO_MEMORY = ("out of memory", "unable to allocate", "creating thread")


def _nothing(_data: Any, _canvas: Canvas) -> None:
    raise GiveUp("icon", "kind")


def _needs_program(_data: Any, _canvas: Canvas) -> None:
    """For a kind that only a started program reads (see `started`): there was none, or it came to nothing."""
    raise GiveUp("icon", "no_tool")


#: What draws each kind: takes the file's bytes (or a mapping of them) and a canvas, raises `GiveUp` or
#: pyvips.Error. The door for further kinds.
RENDERERS: Mapping[Kind, Renderer] = {
    Kind.EPS: _needs_program,
    **images.RENDERERS,
    **animations.RENDERERS,
    **drawings.RENDERERS,
    **documents.RENDERERS,
    **photoshop.RENDERERS,
    **typefaces.RENDERERS,
    **packages.RENDERERS,
    **motion.RENDERERS,
    **video.RENDERERS,
    **models.RENDERERS,
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
    clips: bool = False,
) -> dict[str, Any]:
    """Write previews of `data` (bytes, or the descriptor of a regular file) into the folder `out`.

    `quick`: the first picture only. `clips`: of a video its clip only, as `mp4` (see `clip`). Returns verdict,
    reason, pages, width, height (as in `outcome.Result`) and outputs, each with page, preset, width and height,
    in the file that `outcome.file_name` names; and a note for operators, ASCII, which may quote the file. `emit`
    is told of each step (see `canvas.Emit`). Never raises for what is wrong with the file; raises NoRoom for a
    full disk, and PermissionError. Changes
    this process for good: blocks the other loaders of libvips and its cache.
    """
    pyvips.cache_set_max(0)
    allow_loader(kind)
    canvas = Canvas(out, presets, emit, quick=quick)
    verdict, reason, note = "ready", None, ""
    draw = (clip.RENDERERS if clips else RENDERERS).get(kind, _nothing)
    try:
        draw(_bytes_of(data), canvas)
    except GiveUp as end:
        verdict, reason = end.verdict, end.reason
    except Exception as error:  # what a parser raises over a broken file is anybody's guess
        # What was whole by then is worth showing.
        verdict, reason = "damaged" if canvas.outputs else "failed", _reason(error)
        note = ascii(f"{type(error).__name__}: {error}")[:400]
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
    if isinstance(error, MemoryError) or any(sign in text for sign in _NO_MEMORY):
        return "memory"
    number = error.errno if isinstance(error, OSError) else None
    # libvips tells of errors of the system in words alone.
    if number in (errno.ENOSPC, errno.EDQUOT) or "no space left" in text or "quota exceeded" in text:
        raise NoRoom(text) from error
    if number == errno.ENOMEM:
        return "memory"
    if number == errno.EFBIG or "file too large" in text:
        return "bomb"
    if isinstance(error, PermissionError):
        raise error  # something wanted out: of interest to the operator, and no fault of a usual file
    return "unreadable"
