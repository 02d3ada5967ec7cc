"""Collect texts from code and templates into the catalogues: what is new comes untranslated, what is gone goes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "contest" / "translations"
#: Language → rule of its plurals. English is the source and needs no catalogue.
LANGUAGES = {"ja": "nplurals=1; plural=0;"}


def extract(target: Path) -> None:
    """Write a template of every text. File places are left out, so that moving code changes no catalogue."""
    subprocess.run(
        [
            sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "-F", "babel.cfg",
            "-k", "_l", "-k", "gettext", "-k", "ngettext:1,2", "--no-location", "--sort-output", "--omit-header",
            "-o", str(target), "contest",
        ],
        cwd=ROOT, check=True,
    )  # fmt: skip


def merge(template: polib.POFile, old: polib.POFile | None, language: str) -> polib.POFile:
    """The catalogue for `template`, with the translations that `old` has for it, in the order of the texts."""
    made = polib.POFile(wrapwidth=110)
    made.metadata = {
        "Project-Id-Version": "Contest",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": LANGUAGES[language],
    }
    known = {entry.msgid: entry for entry in old or [] if not entry.obsolete}
    for wanted in sorted(template, key=lambda entry: entry.msgid):
        found = known.get(wanted.msgid)
        entry = polib.POEntry(
            msgid=wanted.msgid,
            msgid_plural=wanted.msgid_plural,
            flags=[flag for flag in wanted.flags if flag != "fuzzy"],
        )
        if wanted.msgid_plural:
            entry.msgstr_plural = dict(found.msgstr_plural) if found else {0: ""}
        elif found:
            entry.msgstr = found.msgstr
        made.append(entry)
    return made


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        extract(target)
        template = polib.pofile(str(target))
    for language in LANGUAGES:
        path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        merged = merge(template, polib.pofile(str(path)) if path.exists() else None, language)
        merged.save(str(path))
        print(f"{language}: {len(merged)} texts, {len(merged.untranslated_entries())} to translate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
