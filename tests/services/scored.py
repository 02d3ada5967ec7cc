"""Rounds that were judged, for tests of methods and of their analysis."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from contest.models import Account, Analysis, Contest, Entry, Tally
from contest.services import analysis, results
from contest.vocabulary import Role
from tests.factories import Make


def judged_contest(make: Make, *, judges: int = 4) -> tuple[Contest, Account, list[Account]]:
    """A contest that is being judged, its organiser and its judges."""
    contest = make.contest("judging")
    make.open_round(contest)
    people = [make.member(contest, Role.JUDGE, make.account(f"Judge {number}")) for number in range(judges)]
    return contest, make.session.get_one(Account, contest.created_by), people


def score(make: Make, contest: Contest, levels: dict[int, Sequence[int]], judges: list[Account]) -> Entry:
    """An entry with a submitted scorecard of the judges with these numbers."""
    entry = make.entry(contest, files=0)
    for number, given in levels.items():
        make.scorecard(make.assignment(entry, judges[number]), list(given))
    return entry


def scattered(
    make: Make, contest: Contest, judges: list[Account], *, entries: int = 12, each: int = 3, seed: int = 3
) -> list[Entry]:
    """Entries that judges of different severity scored, in a linked and incomplete design."""
    lot = random.Random(seed)
    severity = [lot.choice((-1, 0, 0, 1)) for _ in judges]
    made = []
    for number in range(entries):
        quality = lot.randint(2, 4)
        seen = {(number + step) % len(judges) for step in range(each)}
        levels = {
            judge: [min(5, max(1, quality + severity[judge] + lot.randint(-1, 1))) for _ in range(3)] for judge in seen
        }
        made.append(score(make, contest, levels, judges))
    return made


def unlinked(make: Make, contest: Contest, judges: list[Account]) -> tuple[list[Entry], list[Entry]]:
    """Two panels that share no entry: judges 0 and 1, and judges 2 and 3."""
    panels: list[list[Entry]] = []
    for first, count in ((0, 3), (2, 2)):
        panels.append(
            [
                score(make, contest, {first: [3 + n % 2, 3, 4], first + 1: [2, 3 + n % 3, 4]}, judges)
                for n in range(count)
            ]
        )
    return panels[0], panels[1]


def close_and_tally(session: Session, make: Make, contest: Contest) -> Tally:
    make.close_round(contest)
    made = results.make_tally(session, contest.round.id, contest.created_by)
    assert made is not None
    session.flush()
    session.expire_all()
    return made


def analyse(session: Session, made: Tally) -> Analysis | None:
    """Run the job of the analysis within the test's own transaction."""

    @contextmanager
    def within() -> Iterator[Session]:
        yield session
        session.flush()

    analysis.analyse(within, within, made.id)
    session.expire_all()
    return session.get(Analysis, made.id)
