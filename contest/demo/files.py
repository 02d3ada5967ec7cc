"""The files that the demo's entrants hand in, drawn by two processes at once."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from contest.demo import art, content

_PDF_ALT = {
    "en": "Slides that explain the idea and one journey through the screens.",
    "ja": "考え方と、画面をたどる1つの利用場面を説明する資料。",
}
_FILM_ALT = {
    "en": "The screens pass from right to left in the order of their use, each for about a second. There is no sound.",
    "ja": "画面が使う順に、右から左へ1秒ほどずつ流れます。音はありません。",
}


class Drawing(NamedTuple):
    """One file: the slot that it is for by its key in the content, its name, what it shows, its bytes."""

    slot: str
    name: str
    alt: str
    body: bytes


def _draw(key: str) -> list[Drawing]:
    """One entry's files, in the order in which they are handed in."""
    entry = content.ENTRY[key]
    # A host without Japanese fonts draws the same screens with Latin labels.
    latin = not art.cjk_at_hand()
    shown = art.screens(entry, latin=latin)
    drawn = [Drawing("screens", each.file_name, each.alt[entry.locale], art.encode(each)) for each in shown]
    if entry.pdf_pages:
        drawn.append(Drawing("presentation", art.pdf_name(entry), _PDF_ALT[entry.locale], art.pdf(entry)))
    if entry.source:
        drawn.append(Drawing("source", art.source_name(entry), "", art.source_zip(entry, latin=latin)))
    if entry.film:
        drawn.append(Drawing("film", f"{entry.key}-film.mp4", _FILM_ALT[entry.locale], art.film(entry, latin=latin)))
    return drawn


def drawings_of_all() -> dict[str, list[Drawing]]:
    """The files of every entry, by its key."""
    keys = [entry.key for entry in content.ENTRIES]
    with ProcessPoolExecutor(2) as pool:
        return dict(zip(keys, pool.map(_draw, keys), strict=True))
