"""What the tests of the pages of results do: give the awards."""

from __future__ import annotations

from typing import Any

from contest.models import (
    Entry,
)
from tests.pages import Pages

WORDS = {"en": "Clear and kind.", "ja": "分かりやすく、親切です。"}
DECIDE = "/manage/ferry/results"


def award(desk: Pages, entries: list[Entry], **changes: Any) -> Any:
    """Give the first prize to the first entry and a second prize to the second."""
    page = desk.get(DECIDE)
    values = {
        "entry-0": str(entries[0].number),
        "statement-0_en": WORDS["en"],
        "statement-0_ja": WORDS["ja"],
        "entry-1": str(entries[1].number),
        "statement-1_en": "Also good.",
        "statement-1_ja": "これも良い。",
    }
    return desk.submit(page, "Save the awards", values | changes)
