"""Rounds: opening, closing, reopening, and who may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Denied, NotFound
from contest.models import (
    Account,
    AuditEvent,
    Contest,
    OutboxItem,
    Recusal,
)
from contest.services import judging
from contest.vocabulary import Role
from tests.factories import Make, both


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE)


def test_a_round_opens_when_entries_have_closed_and_judges_are_assigned(
    session: Session, make: Make, contest: Contest
) -> None:
    organiser = make.actor(session.get(Account, contest.created_by))
    with pytest.raises(Denied, match="no_entries"):
        judging.open_round(session, organiser, contest.slug)
    entry = make.entry(contest)
    judges = [make.member(contest, Role.JUDGE) for _ in range(3)]
    first = make.assignment(entry, judges[0])
    make.assignment(entry, judges[1])
    session.add(Recusal(assignment_id=first.id, kind="other", reason="x", created_at=datetime.now(UTC)))
    make.assignment(entry, judges[2], removed_at=datetime.now(UTC))
    session.flush()
    with pytest.raises(Denied) as short:
        judging.open_round(session, organiser, contest.slug)
    assert (short.value.reason, short.value.facts) == ("assignments_short", {"short": 1})
    make.assignment(entry, judges[2])

    round_ = judging.open_round(session, organiser, contest.slug)

    assert (round_.state, round_.opened_at is not None) == ("open", True)
    owed = session.scalars(select(OutboxItem).where(OutboxItem.job == "mail_assignments")).all()
    assert {item.args["judge_id"] for item in owed} == {str(judge.id) for judge in judges}
    with pytest.raises(Denied, match="round_not_planned"):
        judging.open_round(session, organiser, contest.slug)


def test_a_round_does_not_open_while_entries_come_in(session: Session, make: Make) -> None:
    contest = make.contest("grace")

    with pytest.raises(Denied, match="entries_still_open"):
        judging.open_round(session, make.actor(session.get(Account, contest.created_by)), contest.slug)


@pytest.mark.parametrize("role", [Role.CHAIR, Role.PUBLISHER, Role.JUDGE, None])
def test_only_the_organiser_runs_the_round(session: Session, make: Make, contest: Contest, role: Role | None) -> None:
    person = make.member(contest, role) if role else make.account()

    for act in (judging.open_round, judging.close_round, judging.reopen_round):
        with pytest.raises((Denied, NotFound)) as refused:
            act(session, make.actor(person), contest.slug)
        assert refused.type is (Denied if role in (Role.CHAIR, Role.PUBLISHER) else NotFound)


def test_closing_owes_a_tally_and_reopening_keeps_it(session: Session, make: Make, contest: Contest) -> None:
    organiser = make.actor(session.get(Account, contest.created_by))
    make.open_round(contest)

    round_ = judging.close_round(session, organiser, contest.slug)

    assert (round_.state, round_.closed_at is not None) == ("closed", True)
    owed = session.scalars(select(OutboxItem).where(OutboxItem.job == "make_tally")).one()
    assert (owed.queue, owed.args) == ("default", {"round_id": str(round_.id), "account_id": str(organiser.account_id)})
    with pytest.raises(Denied, match="round_not_open"):
        judging.close_round(session, organiser, contest.slug)

    round_ = judging.reopen_round(session, organiser, contest.slug)

    assert (round_.state, round_.closed_at) == ("open", None)
    with pytest.raises(Denied, match="round_not_closed"):
        judging.reopen_round(session, organiser, contest.slug)
    acts = session.scalars(select(AuditEvent.act).where(AuditEvent.act.like("round.%")).order_by(AuditEvent.id)).all()
    assert acts == ["round.closed", "round.reopened"]


@pytest.mark.parametrize("state", ["draft", "published", "retracted", "superseded"])
def test_no_round_is_reopened_under_a_publication(session: Session, make: Make, contest: Contest, state: str) -> None:
    organiser, second = session.get(Account, contest.created_by), make.account()
    make.close_round(contest)
    make.proposal(contest, state=state, approved_by=second.id, approved_at=datetime.now(UTC))

    if state == "superseded":
        assert judging.reopen_round(session, make.actor(organiser), contest.slug).state == "open"
    else:
        with pytest.raises(Denied, match="proposal_waits" if state == "draft" else "publication_exists"):
            judging.reopen_round(session, make.actor(organiser), contest.slug)
