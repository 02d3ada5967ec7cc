"""What the demo says: contests, people, entries, scores and awards, in English and Japanese.

Pure values, the same on every call; nothing is read or written here. The shapes are in
`content_shapes`; the seeder needs only this module:

    CONTESTS    the three contests: open, in judging, published
    PEOPLE      key → Person: STAFF, JUDGES and ENTRANTS
    ENTRIES     all entries; entries_of(slug) in the order in which they were begun
    scores_of(slug), FLAGS, RECUSALS, awards_of(slug), TIED
    total(contest, score)   a sheet's weighted total in thousandths of a level
"""

from __future__ import annotations

from contest.demo.content_contests import CONTESTS
from contest.demo.content_entries import FERRY_ENTRIES, WASTE_ENTRIES
from contest.demo.content_people import ENTRANTS, JUDGES, PEOPLE, STAFF
from contest.demo.content_scores import FLAGS, RECUSALS, SHELTER_SCORES, TIED, WASTE_AWARDS, WASTE_SCORES
from contest.demo.content_shapes import (
    Award,
    Category,
    Contest,
    Criterion,
    Declaration,
    Deliverable,
    Entry,
    Flag,
    Moment,
    Person,
    Prize,
    Recusal,
    Schedule,
    Score,
    Text,
)
from contest.demo.content_shelter import SHELTER_ENTRIES

ENTRIES: tuple[Entry, ...] = (*FERRY_ENTRIES, *SHELTER_ENTRIES, *WASTE_ENTRIES)
ENTRY = {entry.key: entry for entry in ENTRIES}
CONTEST = {contest.slug: contest for contest in CONTESTS}
_SCORES = {"safe-place": SHELTER_SCORES, "sorting-guide": WASTE_SCORES}
_AWARDS = {"sorting-guide": WASTE_AWARDS}


def entries_of(slug: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in ENTRIES if entry.contest == slug)


def scores_of(slug: str) -> tuple[Score, ...]:
    return _SCORES.get(slug, ())


def awards_of(slug: str) -> tuple[Award, ...]:
    return _AWARDS.get(slug, ())


def total(contest: Contest, score: Score) -> int:
    """The weighted total of a complete sheet: level × weight, in thousandths of a level."""
    return sum(score.levels[criterion.key] * criterion.weight for criterion in contest.rubric)


__all__ = [
    "CONTEST",
    "CONTESTS",
    "ENTRANTS",
    "ENTRIES",
    "ENTRY",
    "FLAGS",
    "JUDGES",
    "PEOPLE",
    "RECUSALS",
    "STAFF",
    "TIED",
    "Award",
    "Category",
    "Contest",
    "Criterion",
    "Declaration",
    "Deliverable",
    "Entry",
    "Flag",
    "Moment",
    "Person",
    "Prize",
    "Recusal",
    "Schedule",
    "Score",
    "Text",
    "awards_of",
    "entries_of",
    "scores_of",
    "total",
]
