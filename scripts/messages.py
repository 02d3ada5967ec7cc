"""Collect texts from code and templates into the catalogues: extract, then update each language."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "contest" / "translations"


def extract(target: Path) -> None:
    """Write a template of every text. File places are left out, so that moving code changes no catalogue."""
    subprocess.run(
        [
            sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "-F", "babel.cfg",
            "-k", "_l", "-k", "gettext", "-k", "ngettext:1,2", "--no-location", "--sort-output", "--omit-header",
            "-o", str(target), "contest",
        ],
        cwd=ROOT, check=True,
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        extract(template)
        for language in ("ja",):
            catalogue = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
            verb = "update" if catalogue.exists() else "init"
            options = ["--no-fuzzy-matching", "--ignore-obsolete", "--omit-header"] if verb == "update" else []
            subprocess.run(
                [
                    sys.executable, "-m", "babel.messages.frontend", "--quiet", verb, "-i", str(template),
                    "-d", str(CATALOGUES), "-l", language, "--no-wrap", *options,
                ],
                cwd=ROOT, check=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
