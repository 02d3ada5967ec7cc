"""Check the catalogues: every text is there, translated, not fuzzy, with the same placeholders."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import polib
from messages import extract, languages, place, plurals

_HOLES = re.compile(r"%\(\w+\)[sd]")


def problems(language: str, template: polib.POFile) -> list[str]:
    """What is wrong with one language's catalogue."""
    catalogue = polib.pofile(str(place(language)))
    forms, rule = plurals(language)
    known = {entry.msgid: entry for entry in catalogue if not entry.obsolete}
    found = []
    if catalogue.metadata.get("Plural-Forms") != rule:
        found.append(f"its plural rule is not {rule}")
    for wanted in template:
        entry = known.pop(wanted.msgid, None)
        if entry is None:
            found.append(f"missing: {wanted.msgid!r}")
            continue
        if entry.fuzzy:
            found.append(f"fuzzy: {wanted.msgid!r}")
        said = [text for _, text in sorted(entry.msgstr_plural.items())] if entry.msgid_plural else [entry.msgstr]
        if not all(said):
            found.append(f"not translated: {wanted.msgid!r}")
        if entry.msgid_plural and set(entry.msgstr_plural) != set(range(forms)):
            found.append(f"not {forms} plural forms: {wanted.msgid!r}")
        holes = set(_HOLES.findall(entry.msgid_plural or entry.msgid))
        for number, text in enumerate(said):
            told = set(_HOLES.findall(text))
            # A form for one or two may say the number in words; the last form is for all the rest.
            fits = told <= holes if number < len(said) - 1 else told == holes
            if text and not fits:
                found.append(f"placeholders differ: {wanted.msgid!r}")
    return found + [f"no longer used: {msgid!r}" for msgid in known]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        extract(target)
        template = polib.pofile(str(target))
    found = [f"{language}: {problem}" for language in languages() for problem in problems(language, template)]
    for line in found:
        print(line)
    print(f"{len(template)} texts, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
