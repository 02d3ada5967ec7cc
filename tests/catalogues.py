"""Catalogues made for tests: Arabic, which runs from the right and has six plurals, and a pseudo-language.

The pseudo-language `en-XA` is English that anybody can read and nobody writes: each text in brackets, with
accents, and about a third longer. What a page shows without brackets did not come through a catalogue.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from messages import extract, merge, place, plurals  # noqa: E402

__all__ = ["begin", "place", "plurals", "pseudo", "pseudo_catalogue", "template"]

_HOLES = re.compile(r"(%\(\w+\)[sd]|%%)")
_ACCENTS = str.maketrans(
    "aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ",
    "áÁƀɃćĆđĐéÉƒƑĝĜĥĤíÍĵĴķĶĺĹɱṀńŃóÓṕṔɋɊŕŔśŚţŢúÚṽṼŵŴẋẊýÝžŽ",
)


def template(folder: Path) -> polib.POFile:
    """Every text of the interface as it is in the code now."""
    target = folder / "messages.pot"
    extract(target)
    return polib.pofile(str(target))


def pseudo(text: str) -> str:
    """A text in the pseudo-language; its placeholders stay."""
    parts = [part if _HOLES.fullmatch(part) else part.translate(_ACCENTS) for part in _HOLES.split(text)]
    return "⟦" + "".join(parts) + " ·" * max(1, len(text) // 7) + "⟧"


def begin(texts: polib.POFile, language: str, folder: Path) -> polib.POFile:
    """An empty catalogue of a language, as `scripts/messages.py LANGUAGE` begins one; save it at `place`."""
    place(language, folder).parent.mkdir(parents=True, exist_ok=True)
    return merge(texts, None, language)


def pseudo_catalogue(texts: polib.POFile, folder: Path) -> None:
    """Write the whole interface in the pseudo-language."""
    made = begin(texts, "en-XA", folder)
    for entry in made:
        if entry.msgid_plural:
            entry.msgstr_plural = {0: pseudo(entry.msgid), 1: pseudo(entry.msgid_plural)}
        else:
            entry.msgstr = pseudo(entry.msgid)
    made.save(str(place("en-XA", folder)))
