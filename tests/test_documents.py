"""What the developers' pages name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def missing(text: str) -> list[str]:
    """Files that a page names and that are nowhere."""
    named = re.findall(r"`([\w./*-]+\.(?:py|html|md|js|css|toml))`", text)
    return [name for name in named if not any(_found(name))]


def _found(name: str) -> Iterator[Path]:
    yield from ROOT.glob(name)
    for folder in ("contest", "docs", "tests"):
        yield from (ROOT / folder).rglob(name)


@pytest.mark.parametrize("page", ["changing.md", "decisions/0015-the-renderer.md", "../CONTRIBUTING.md"])
def test_named_files_are_there(page: str) -> None:
    assert missing((DOCS / page).read_text("utf-8")) == []


def test_a_file_that_is_gone_is_found() -> None:
    assert missing("`models/entries.py`, `services/gone.py` and `tests/unit/test_scoring_*.py`") == ["services/gone.py"]


def test_every_script_of_pages_has_its_row() -> None:
    table = (DOCS / "front-end.md").read_text("utf-8").partition("## Files")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w.]+\.(?:js|css))`", "".join(re.findall(r"^\| (`[^|]*) \|", table, re.M)))

    static = ROOT / "contest" / "static"
    assert sorted(named) == sorted(path.name for path in static.iterdir() if path.suffix in (".js", ".css"))
