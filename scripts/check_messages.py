"""Check the catalogues: every text is there, translated, not fuzzy, with the same placeholders."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import polib
from messages import CATALOGUES, LANGUAGES, extract

_HOLES = re.compile(r"%\(\w+\)[sd]")


def problems(language: str, template: polib.POFile) -> list[str]:
    """What is wrong with one language's catalogue."""
    catalogue = polib.pofile(str(CATALOGUES / language / "LC_MESSAGES" / "messages.po"))
    known = {entry.msgid: entry for entry in catalogue if not entry.obsolete}
    found = []
    for wanted in template:
        entry = known.pop(wanted.msgid, None)
        if entry is None:
            found.append(f"missing: {wanted.msgid!r}")
            continue
        if entry.fuzzy:
            found.append(f"fuzzy: {wanted.msgid!r}")
        said = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if not all(said):
            found.append(f"not translated: {wanted.msgid!r}")
        holes = set(_HOLES.findall(entry.msgid_plural or entry.msgid))
        for text in said:
            if text and set(_HOLES.findall(text)) != holes:
                found.append(f"placeholders differ: {wanted.msgid!r}")
    return found + [f"no longer used: {msgid!r}" for msgid in known]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        extract(target)
        template = polib.pofile(str(target))
    found = [f"{language}: {problem}" for language in LANGUAGES for problem in problems(language, template)]
    for line in found:
        print(line)
    print(f"{len(template)} texts, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
