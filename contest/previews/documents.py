"""Pages of PDF documents, by pdfium. Not thread-safe: one document per process."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pypdfium2
import pypdfium2.raw
import pyvips

from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_LARGE_PAGES, MAX_PAGES

#: Past these, no further page is begun: what is drawn is worth more than a rendering that is cut down.
_BUDGET_CPU_S = 12.0
_BUDGET_WALL_S = 24.0


def draw_pdf(data: Any, canvas: Canvas) -> None:
    """Previews of the first pages of a PDF on white: the largest preset for fewer of them.

    Ends as `damaged` if some of these pages cannot be read, as `failed` if none can. A document that
    takes long keeps the pages that it has got; `pages` says how many there are.
    """
    document = _load(data)
    pages = len(document)
    drawn = skipped = 0
    for index in range(1 if canvas.quick else min(pages, MAX_PAGES)):
        if drawn and canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S):
            break
        largest = "2560" if index < MAX_LARGE_PAGES else "1280"
        try:
            page = document[index]
            width, height = page.get_size()
            # The hair less keeps the rounding up inside from making one pixel too many.
            bitmap = page.render(
                scale=(canvas.edge(largest) - 0.01) / max(width, height), rev_byteorder=True, prefer_bgrx=True
            )
        except (pypdfium2.PdfiumError, ValueError, ZeroDivisionError, OverflowError):
            skipped += 1
            continue
        if drawn == 0:
            canvas.source(pages=pages, width=math.ceil(width), height=math.ceil(height))
        pixels = pyvips.Image.new_from_memory(bitmap.buffer, bitmap.width, bitmap.height, 4, "uchar")
        image = pixels.extract_band(0, n=3).copy(interpretation="srgb").copy_memory()
        canvas.draw(
            image,
            page=index + 1,
            largest=largest,
            label="page",
            original=(math.ceil(width), math.ceil(height)),
        )
        drawn += 1
        bitmap.close()
        page.close()
    if not drawn:
        raise GiveUp("failed", "unreadable")
    if skipped:
        raise GiveUp("damaged", "unreadable")


def _load(data: Any) -> pypdfium2.PdfDocument:
    # A view, not a copy, where the file is mapped; pdfium wants an array or bytes.
    held = data if isinstance(data, bytes) else (ctypes.c_ubyte * len(data)).from_buffer(data)
    try:
        return pypdfium2.PdfDocument(held)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise GiveUp("refused", "encrypted") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SUCCESS:
            # It was opened, and there is nothing in it.
            raise GiveUp("failed", "no_pages") from error
        raise GiveUp("failed", "unreadable") from error


RENDERERS: dict[Kind, Renderer] = {Kind.PDF: draw_pdf, Kind.AI: draw_pdf}
