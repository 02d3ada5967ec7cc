"""The files that the demo's entrants hand in, drawn by two processes at once."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

from contest.demo import art, content

_PDF_ALT = {
    "en": "Slides that explain the idea and one journey through the screens.",
    "ja": "考え方と、画面をたどる1つの利用場面を説明する資料。",
}


def _draw(key: str) -> list[tuple[str, str, str, bytes]]:
    """(slot, file name, alternative text, bytes) of one entry's files."""
    entry = content.ENTRY[key]
    # A host without Japanese fonts draws the same screens with Latin labels.
    latin = not art.cjk_at_hand()
    shown = art.screens(entry, latin=latin)
    drawn = [("screens", each.file_name, each.alt[entry.locale], art.encode(each)) for each in shown]
    if entry.pdf_pages:
        drawn.append(("presentation", art.pdf_name(entry), _PDF_ALT[entry.locale], art.pdf(entry)))
    if entry.source:
        drawn.append(("source", art.source_name(entry), "", art.source_zip(entry, latin=latin)))
    return drawn


def drawings_of_all() -> dict[str, list[tuple[str, str, str, bytes]]]:
    keys = [entry.key for entry in content.ENTRIES]
    with ProcessPoolExecutor(2) as pool:
        return dict(zip(keys, pool.map(_draw, keys), strict=True))
