"""Pages of PDF documents, and of Illustrator files that have a PDF inside, by pdfium.

Not thread-safe: one document per process. The library is built without a JavaScript engine, so no script of
a document can run; forms are opened for nothing but to draw what is filled in.
"""

from __future__ import annotations

import ctypes
import encodings.utf_16_le  # noqa: F401  of pdfium's text, which cannot be imported once the child is shut in
import math
from typing import Any

import pypdfium2
import pypdfium2.raw
import pyvips

from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_LARGE_PAGES, MAX_PAGES

#: Past these, no further page is begun: what is drawn is worth more than a rendering that is cut down.
_BUDGET_CPU_S, _BUDGET_WALL_S = 12.0, 24.0
#: Past these, further pages go without the largest preset, so that more of them fit.
_HURRY_CPU_S, _HURRY_WALL_S = 6.0, 12.0

#: What stands on the one page of an Illustrator file that was saved without its PDF. Nobody wants to see it.
_NOTICES = ("without PDF Content", "PDF Compatible File", "PDF 互換ファイル")
_NOTICE_LENGTH = 2000


#: A side of a page in points: beyond 350 m it is damage.
_MOST_POINTS = 1_000_000


def draw_pdf(data: Any, canvas: Canvas) -> None:
    """Previews of the first pages of a PDF on white: the largest preset for fewer of them.

    Ends as `damaged` if some of these pages cannot be read, or if it takes long, and keeps the pages that
    it has got; as `failed` if there are none. `pages` says how many the document has.
    """
    _draw(_load(data), canvas)


def draw_illustrator(data: Any, canvas: Canvas) -> None:
    """The same for the PDF inside an Illustrator file; ends as `icon` if it was saved without one."""
    document = _load(data)
    if _is_notice(document):
        raise GiveUp("icon", "nothing_inside")
    _draw(document, canvas)


def _draw(document: pypdfium2.PdfDocument, canvas: Canvas) -> None:
    pages = len(document)
    drawn = skipped = 0
    for index in range(1 if canvas.quick else min(pages, MAX_PAGES)):
        if drawn and canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S):
            raise GiveUp("damaged", "timeout")
        hurry = canvas.late(cpu_s=_HURRY_CPU_S, wall_s=_HURRY_WALL_S)
        largest = "2560" if index < MAX_LARGE_PAGES and not hurry else "1280"
        try:
            page = document[index]
            width, height = page.get_size()
            if max(width, height) > _MOST_POINTS:
                raise ValueError("no page is so large")
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
        document = pypdfium2.PdfDocument(held)
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
            raise GiveUp("refused", "encrypted") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SUCCESS:
            # It was opened, and there is nothing in it.
            raise GiveUp("failed", "no_pages") from error
        raise GiveUp("failed", "unreadable") from error
    return document


def _is_notice(document: pypdfium2.PdfDocument) -> bool:
    """Whether all there is to see is Illustrator's word that there is nothing to see."""
    if len(document) != 1:
        return False
    try:
        words = document[0].get_textpage()
        if not 0 < words.count_chars() <= _NOTICE_LENGTH:
            return False
        text = words.get_text_bounded()
    except pypdfium2.PdfiumError:
        return False
    plain = " ".join(text.split())
    return "Illustrator" in plain and any(notice in plain for notice in _NOTICES)


RENDERERS: dict[Kind, Renderer] = {Kind.PDF: draw_pdf, Kind.AI: draw_illustrator}
