"""Steps to a result: judged entries, a tally and its standings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    Contest,
    Entry,
    Standing,
    Tally,
)
from contest.services import awards, results
from tests.factories import Make

WORDS = {"en": "Clear and kind.", "ja": "分かりやすく、親切です。"}


def judge_entry(make: Make, contest: Contest, judges: list[Account], *levels: list[int | None], **values: Any) -> Entry:
    """An entry with one submitted scorecard for each list of levels."""
    entry = make.entry(contest, **values)
    for judge, given in zip(judges, levels, strict=False):
        make.scorecard(make.assignment(entry, judge), given)
    return entry


def tally(session: Session, make: Make, contest: Contest, organiser: Account) -> Tally:
    make.close_round(contest)
    made = results.make_tally(session, contest.round.id, organiser.id)
    assert made is not None
    session.flush()
    session.expire_all()
    return made


def standings(session: Session, made: Tally) -> dict[int, tuple[Any, ...]]:
    rows = session.execute(
        select(
            Entry.number, Standing.rank, Standing.tied, Standing.numerator, Standing.denominator, Standing.scorecards
        )
        .join(Entry, Entry.id == Standing.entry_id)
        .where(Standing.tally_id == made.id)
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def live_awards(session: Session, contest: Contest) -> list[tuple[str, int, str]]:
    return [(row.Prize.key, row.number, row.Award.state) for row in awards.live(session, contest.id)]
