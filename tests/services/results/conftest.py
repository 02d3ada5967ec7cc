"""A contest that was judged, its awards, and a proposal to publish them."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    Contest,
    Entry,
    Publication,
)
from contest.services import awards, publications
from contest.services.awards import Pick
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.services.results.steps import WORDS, judge_entry, tally


@pytest.fixture
def contest(make: Make) -> Contest:
    contest = make.contest("judging", title=both("Ferry app"), judges_per_entry=2)
    make.open_round(contest)
    return contest


@pytest.fixture
def organiser(session: Session, contest: Contest) -> Account:
    return session.get_one(Account, contest.created_by)


@pytest.fixture
def judges(make: Make, contest: Contest) -> list[Account]:
    return [make.member(contest, Role.JUDGE) for _ in range(3)]


@pytest.fixture
def decided(session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]) -> list[Entry]:
    """Three ranked entries of a tallied round, the best first."""
    entries = [
        judge_entry(make, contest, judges, [level] * 3, [level] * 3, title=f"Work {level}", credit=f"Maker {level}")
        for level in (5, 4, 3)
    ]
    tally(session, make, contest, organiser)
    return entries


@pytest.fixture
def publisher(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.PUBLISHER, make.account("Okada Jun", locale="ja"))


@pytest.fixture
def proposed(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, decided: list[Entry]
) -> Publication:
    actor = make.actor(organiser)
    awards.propose(
        session,
        actor,
        contest.slug,
        [Pick("first", decided[0].number, WORDS), Pick("second", decided[1].number, WORDS)],
    )
    return publications.propose(session, actor, contest.slug)
