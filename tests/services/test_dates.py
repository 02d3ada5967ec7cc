"""Dates that are easy to misread, and the plan for announcing the winners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock, permissions
from contest.errors import Denied, Invalid
from contest.models import Account, AuditEvent, Contest
from contest.services import contests, entries
from tests.factories import Make

DATES: dict[str, Any] = {
    "opens_at": datetime(2030, 9, 1, 9),
    "closes_at": datetime(2030, 11, 30, 23, 59, 59),
    "grace_minutes": 30,
    "due_at": None,
    "winners_at": None,
}


@pytest.fixture
def organiser(make: Make) -> Account:
    return make.account(is_staff=True)


@pytest.fixture
def draft(make: Make, organiser: Account) -> Contest:
    return make.contest("draft", organiser=organiser, zone="Europe/Vienna")


def _change(session: Session, make: Make, organiser: Account, contest: Contest, **changes: Any) -> Contest:
    dates = {**DATES, "zone": contest.zone, **changes}
    return contests.change_dates(session, make.actor(organiser), contest.slug, **dates)


@pytest.mark.parametrize("field", ["closes_at", "due_at"])
def test_a_deadline_at_midnight_is_offered_as_the_second_before(
    session: Session, make: Make, organiser: Account, draft: Contest, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _change(session, make, organiser, draft, **{field: datetime(2030, 12, 24)})
    assert (refused.value.problems, refused.value.facts) == (
        {field: "time_midnight"},
        {"instead": "2030-12-23 23:59:59"},
    )

    _change(session, make, organiser, draft, **{field: datetime(2030, 12, 23, 23, 59, 59)})
    _change(session, make, organiser, draft, opens_at=datetime(2030, 10, 1))
    assert draft.opens_at == datetime(2030, 9, 30, 22, tzinfo=UTC)


def test_a_midnight_that_is_stored_already_stays_until_it_is_moved(
    session: Session, make: Make, organiser: Account
) -> None:
    midnight = datetime(2030, 11, 30, 15, tzinfo=UTC)
    contest = make.contest("draft", organiser=organiser, closes_at=midnight, zone="Asia/Tokyo")

    _change(session, make, organiser, contest, closes_at=datetime(2030, 12, 1), grace_minutes=10)

    assert (contest.closes_at, contest.grace_seconds) == (midnight, 600)


@pytest.mark.parametrize(
    ("closes", "problem"),
    [(datetime(2031, 3, 30, 2, 30), "time_skipped"), (datetime(2030, 10, 27, 2, 30), "time_repeated")],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_refused(
    session: Session, make: Make, organiser: Account, draft: Contest, closes: datetime, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        _change(session, make, organiser, draft, closes_at=closes)

    assert refused.value.problems == {"closes_at": problem}


def test_the_plan_for_the_winners_is_kept_and_logged(
    session: Session, make: Make, organiser: Account, draft: Contest
) -> None:
    _change(session, make, organiser, draft, due_at=datetime(2030, 12, 16, 17))

    _change(session, make, organiser, draft, due_at=datetime(2030, 12, 16, 17), winners_at=datetime(2031, 1, 20, 11))
    session.flush()

    assert draft.winners_at == datetime(2031, 1, 20, 10, tzinfo=UTC)
    newest = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (newest.act, newest.facts) == ("contest.changed", {"winners_at": [None, "2031-01-20T10:00:00+00:00"]})


@pytest.mark.parametrize(
    ("winners", "due"),
    [
        (DATES["closes_at"], None),
        (DATES["closes_at"] - timedelta(days=1), None),
        (datetime(2030, 12, 10, 12), datetime(2030, 12, 16, 17)),
    ],
)
def test_winners_come_after_the_close_and_the_judging(
    session: Session, make: Make, organiser: Account, draft: Contest, winners: datetime, due: datetime | None
) -> None:
    with pytest.raises(Invalid) as refused:
        _change(session, make, organiser, draft, winners_at=winners, due_at=due)

    assert refused.value.problems == {"winners_at": "winners_order"}


def test_a_plan_is_for_the_future_and_ends_with_the_publication(
    session: Session, make: Make, organiser: Account
) -> None:
    contest = make.contest("judging", organiser=organiser)
    shown = {name: _local(getattr(contest, name)) for name in ("opens_at", "closes_at")}

    with pytest.raises(Invalid) as past:
        _change(session, make, organiser, contest, **shown, winners_at=_local(datetime.now(UTC) - timedelta(minutes=1)))
    contest.published_at = datetime.now(UTC)
    session.flush()
    with pytest.raises(Denied) as late:
        _change(session, make, organiser, contest, **shown, winners_at=datetime(2031, 1, 20, 11))

    assert (past.value.problems, late.value.reason) == ({"winners_at": "date_past"}, "published_fixed")


def _local(moment: datetime | None) -> datetime:
    assert moment is not None
    return (moment + timedelta(hours=9)).replace(tzinfo=None, microsecond=0)


def test_a_contest_that_closed_without_an_entry_takes_entries_again(
    session: Session, make: Make, organiser: Account
) -> None:
    contest = make.contest("judging", organiser=organiser)
    opens, entrant = contest.opens_at, make.account()
    make.entry(contest, entrant, state="draft")
    shown = _shown(contest)

    with pytest.raises(Denied, match="opening_fixed"):
        _change(session, make, organiser, contest, **shown | {"opens_at": datetime(2020, 1, 1, 9)})
    with pytest.raises(Invalid) as past:
        _change(session, make, organiser, contest, **shown | {"closes_at": shown["closes_at"] + timedelta(hours=1)})
    _change(session, make, organiser, contest, **shown | {"closes_at": datetime(2031, 1, 31, 23, 59, 59)})

    assert past.value.problems == {"closes_at": "date_past"}
    assert (contest.opens_at, contest.closes_at) == (opens, datetime(2031, 1, 31, 14, 59, 59, tzinfo=UTC))
    assert entries.get_own(session, make.actor(entrant), contest.slug).state == "draft"
    assert permissions.accepts_entries(contest, clock.read(session))


@pytest.mark.parametrize(
    "phase, state", [("grace", ""), ("judging", "submitted"), ("judging", "disqualified"), ("judging", "round open")]
)
def test_the_deadline_stays_where_somebody_may_have_kept_it(
    session: Session, make: Make, organiser: Account, phase: str, state: str
) -> None:
    contest = make.contest(phase, organiser=organiser)
    if state in ("submitted", "disqualified"):
        make.entry(contest, files=0, state=state)
    elif state:
        make.open_round(contest)

    with pytest.raises(Denied, match="dates_fixed"):
        _change(session, make, organiser, contest, **_shown(contest) | {"closes_at": datetime(2031, 1, 31, 23, 59, 59)})


def _shown(contest: Contest) -> dict[str, Any]:
    """What the form shows of the dates of entries."""
    return {
        name: clock.to_local(getattr(contest, name), contest.zone).replace(tzinfo=None)
        for name in ("opens_at", "closes_at")
    }
