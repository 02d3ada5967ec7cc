"""Collect texts from code and templates into the catalogues: what is new comes untranslated, what is gone goes.

python scripts/messages.py              every language that is there
python scripts/messages.py pt-BR        begin a language: an empty catalogue to fill in
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import polib
from babel.messages.plurals import get_plural

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from contest import i18n  # noqa: E402

CATALOGUES = i18n.CATALOGUES


def languages(folder: Path = CATALOGUES) -> list[str]:
    """Every language with a catalogue. English is the source and needs none."""
    return sorted(path.parent.parent.name.replace("_", "-") for path in folder.glob("*/LC_MESSAGES/messages.po"))


def place(language: str, folder: Path = CATALOGUES) -> Path:
    """Where the catalogue of a language is."""
    return folder / language.replace("-", "_") / "LC_MESSAGES" / "messages.po"


def plurals(language: str) -> tuple[int, str]:
    """How many forms a counted text has in a language, and the rule that chooses one, as CLDR says."""
    rule = get_plural(i18n.cldr(language))
    return rule.num_plurals, f"nplurals={rule.num_plurals}; plural={rule.plural_expr};"


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
        "Plural-Forms": plurals(language)[1],
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
            said = dict(found.msgstr_plural) if found else {}
            entry.msgstr_plural = {form: said.get(form, "") for form in range(plurals(language)[0])}
        elif found:
            entry.msgstr = found.msgstr
        made.append(entry)
    return made


def main(begun: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        extract(target)
        template = polib.pofile(str(target))
    for language in sorted({*languages(), *begun}):
        path = place(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        merged = merge(template, polib.pofile(str(path)) if path.exists() else None, language)
        merged.save(str(path))
        print(f"{language}: {len(merged)} texts, {len(merged.untranslated_entries())} to translate")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
