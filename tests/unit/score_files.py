"""Files of scores for tests of reading, and what reading them comes to."""

from __future__ import annotations

from fractions import Fraction

import pytest

from contest.scoring import table
from contest.scoring.cards import Ballot, Ballots, Cards
from contest.scoring.reading import read

SCORES = """\
entry,judge,criterion,score
Bridge,Aoi,Idea,4
Bridge,Aoi,Craft,2.5
Bridge,Ben,Idea,5
Bridge,Ben,Craft,3
Tower,Aoi,Idea,1
Tower,Aoi,Craft,0.5
Tower,Ben,Idea,3
"""
WEIGHTS = "criterion,weight\nIdea,3\nCraft,1\n"


def scores(text: str | bytes, weights: str | None = None, **options: object) -> Cards:
    found = read(encoded(text), weights=None if weights is None else weights.encode(), **options).value  # type: ignore[arg-type]
    assert isinstance(found, Cards)
    return found


def ballots(text: str) -> tuple[Ballot, ...]:
    found = read(text.encode()).value
    assert isinstance(found, Ballots)
    return found.ballots


def encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def refusal(text: str | bytes, weights: str | bytes | None = None, **options: object) -> tuple[str, str]:
    """The code and sentence of a file that is refused."""
    with pytest.raises(table.Unreadable) as refused:
        read(encoded(text), weights=None if weights is None else encoded(weights), **options)  # type: ignore[arg-type]
    return refused.value.code, str(refused.value)


def exact(found: Cards) -> dict[tuple[str, str], Fraction]:
    return {
        (found.entries[entry], found.judges[judge]): found.score(card)
        for card, (entry, judge) in enumerate(zip(found.entry, found.judge, strict=True))
    }
