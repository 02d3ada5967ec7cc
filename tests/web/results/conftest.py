"""A contest that was judged and tallied, its people at their pages, and its winners published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    Contest,
    Entry,
)
from contest.services import results
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.pictures import png
from tests.web.results.steps import DECIDE, award


@pytest.fixture
def contest(make: Make, storage: Storage) -> Contest:
    """Three judged entries; the round is closed and tallied."""
    contest = make.contest("judging", slug="ferry", title=both("Ferry app"), judges_per_entry=1)
    judge = make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))
    make.open_round(contest)
    for place, level in enumerate((5, 4, 4)):
        entry = make.entry(
            contest,
            make.account(f"Entrant of {level}", email=f"secret{place}@entrant.example"),
            title=f"Work {level}",
            credit=f"Maker {level}",
            files=0,
            state="draft",
        )
        make.file(entry, body=png(), storage=storage, alt=f"A picture of work {level}")
        make.file(entry, body=png(), storage=storage, alt="")
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        make.session.flush()
        make.revision(entry)
        make.scorecard(make.assignment(entry, judge), [level] * 3).comment = f"To the maker of {level}."
    make.close_round(contest)
    results.make_tally(make.session, contest.round.id, contest.created_by)
    make.session.flush()
    return contest


@pytest.fixture
def entries(session: Session, contest: Contest) -> list[Entry]:
    return list(session.scalars(select(Entry).where(Entry.contest_id == contest.id).order_by(Entry.number)))


@pytest.fixture
def organiser(pages: Pages, session: Session, contest: Contest) -> Pages:
    return pages.as_(session.get_one(Account, contest.created_by))


@pytest.fixture
def publisher(pages: Pages, make: Make, contest: Contest) -> Pages:
    return pages.as_(make.member(contest, Role.PUBLISHER, make.account("Okada Jun")))


@pytest.fixture
def published(organiser: Pages, publisher: Pages, entries: list[Entry]) -> Pages:
    """The winners are out; returns the organiser."""
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")
    return organiser
