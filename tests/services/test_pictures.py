"""The pictures of a revision are told in one order, whatever order the database keeps its rows in."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest.services import pictures
from tests.factories import Make


@pytest.mark.parametrize("moved", ["320", "1280", "2560"])
def test_sizes_of_a_small_picture_keep_their_order(make: Make, session: Session, moved: str) -> None:
    # A picture smaller than the presets is as wide in each of them, and a digest is taken over their list.
    entry = make.entry(make.contest("judging"))
    session.execute(text("UPDATE preview SET width = 200, height = 100"))
    # An updated row moves to the end of its table.
    session.execute(text("UPDATE preview SET size = size + 1 WHERE preset = :moved"), {"moved": moved})

    (picture,), _ = pictures.of_revision(session, entry.revisions[-1].id)

    assert [size.preset for size in picture.sizes] == ["320", "1280", "2560"]
