"""Closing a round against scores that are being submitted: none is counted after the close, none is half there."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from contest.db import Database
from contest.errors import Denied, NotFound
from contest.models import Account, Contest, Invitation, Score, Scorecard, Tally
from contest.services import contests, invitations, judging, results
from contest.services.sheets import CardView
from contest.vocabulary import Role
from tests.factories import Make

TRIES, JUDGES = 200, 8
LEVELS = {"clarity": 5, "fit": 4, "craft": 2}


def test_two_hundred_submissions_against_the_close(database: Database, session: Session, make: Make) -> None:
    """In each of 25 rounds, eight judges submit at the moment at which the organiser closes."""
    outcomes: dict[str, int] = {"counted": 0, "refused": 0}
    mixed = 0
    for number in range(TRIES // JUDGES):
        # Once the rubric is frozen, judges hold the round in share mode; before, one at a time.
        saved, refused, late = _one_round(database, session, make, frozen=number % 2 == 0)
        outcomes["counted"] += saved
        outcomes["refused"] += refused
        mixed += 0 < saved < JUDGES
        assert saved + refused == JUDGES
        assert late == 0
    assert sum(outcomes.values()) == TRIES
    # The barrier gave both sides a chance: otherwise nothing was raced.
    assert outcomes["counted"] > 0
    assert outcomes["refused"] > 0
    assert mixed > 0


def _one_round(database: Database, session: Session, make: Make, *, frozen: bool) -> tuple[int, int, int]:
    """How many scorecards were saved, refused, and submitted after the time of the close."""
    contest = make.contest("judging", judges_per_entry=1)
    contest.round.rubric_frozen_at = contest.opens_at if frozen else None
    judges = [make.member(contest, Role.JUDGE) for _ in range(JUDGES)]
    entry = make.entry(contest, files=0)
    codes = {judge.id: make.assignment(entry, judge).code for judge in judges}
    organiser = make.actor(session.get_one(Account, contest.created_by))
    actors = [make.actor(judge) for judge in judges]
    make.open_round(contest)
    session.commit()
    barrier = threading.Barrier(JUDGES + 1)
    answers: dict[Any, Any] = {}

    def submit(actor: Any) -> None:
        try:
            with database.unit_of_work() as own:
                own.connection()
                barrier.wait()
                judging.save(
                    own,
                    actor,
                    contest.slug,
                    codes[actor.account_id],
                    version=0,
                    levels=LEVELS,
                    note="",
                    comment="",
                    submit=True,
                )
            answers[actor.account_id] = "saved"
        except Denied as error:
            answers[actor.account_id] = error

    def close() -> None:
        with database.unit_of_work() as own:
            own.connection()
            barrier.wait()
            judging.close_round(own, organiser, contest.slug)
        # The snapshot, at once after the close.
        with database.unit_of_work() as own:
            results.make_tally(own, contest.round.id, organiser.account_id)

    threads = [threading.Thread(target=submit, args=(actor,)) for actor in actors] + [threading.Thread(target=close)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()

    session.rollback()
    session.expire_all()
    saved = {judge for judge, answer in answers.items() if answer == "saved"}
    refusals = [answer for answer in answers.values() if answer != "saved"]
    assert {error.reason for error in refusals} <= {"round_closed"}
    assert all(error.facts["closed_at"] == contest.round.closed_at for error in refusals)
    cards = session.scalars(select(Scorecard).where(Scorecard.round_id == contest.round.id)).all()
    assert {card.judge_id for card in cards} == saved
    assert all(card.state == "submitted" for card in cards)
    scores = session.scalars(select(Score).where(Score.scorecard_id.in_([card.id for card in cards]))).all()
    assert len(scores) == 3 * len(cards)
    tally = session.scalars(select(Tally).where(Tally.round_id == contest.round.id)).one()
    assert tally.n_scorecards == len(saved)
    late = [card for card in cards if card.submitted_at > contest.round.closed_at]
    return len(saved), len(refusals), len(late)


def test_judges_who_begin_at_once_do_not_block_each_other(database: Database, session: Session, make: Make) -> None:
    """The first scorecards of a round freeze the rubric: eight at once, no deadlock, one freeze."""
    contest = make.contest("judging", judges_per_entry=1)
    judges = [make.member(contest, Role.JUDGE) for _ in range(JUDGES)]
    entry = make.entry(contest, files=0)
    codes = {judge.id: make.assignment(entry, judge).code for judge in judges}
    actors = [make.actor(judge) for judge in judges]
    make.open_round(contest)
    session.commit()
    barrier = threading.Barrier(JUDGES)
    failed: list[BaseException] = []

    def begin(actor: Any) -> None:
        try:
            barrier.wait()
            with database.unit_of_work() as own:
                judging.save(
                    own, actor, contest.slug, codes[actor.account_id], version=0, levels={}, note="n", comment=""
                )
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    session.rollback()
    session.expire_all()
    assert failed == []
    assert contest.round.rubric_frozen_at is not None
    assert len(session.scalars(select(Scorecard)).all()) == JUDGES


def test_one_judge_in_many_tabs_gets_one_card_and_one_winner(database: Database, session: Session, make: Make) -> None:
    contest = make.contest("judging", judges_per_entry=1)
    judge = make.member(contest, Role.JUDGE)
    code = make.assignment(make.entry(contest, files=0), judge).code
    actor = make.actor(judge)
    make.open_round(contest)
    session.commit()
    barrier = threading.Barrier(JUDGES)
    answers: list[str] = []

    def save(place: int) -> None:
        try:
            barrier.wait()
            with database.unit_of_work() as own:
                judging.save(own, actor, contest.slug, code, version=0, levels={}, note=f"tab {place}", comment="")
            answers.append(f"tab {place}")
        except Exception as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=save, args=(place,)) for place in range(JUDGES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    session.rollback()
    session.expire_all()
    card = session.scalars(select(Scorecard)).one()
    assert sorted(answers) == sorted(["Conflict"] * (JUDGES - 1) + [card.note])
    assert card.version == 1


@pytest.mark.parametrize("frozen", [True, False])
def test_a_score_and_an_organisers_act_never_wait_for_each_other(
    database: Database, session: Session, make: Make, frozen: bool
) -> None:
    """The organiser has the contest and wants the round, while a judge submits: the judge waits, both succeed."""
    contest = make.contest("judging", judges_per_entry=1)
    contest.round.rubric_frozen_at = contest.opens_at if frozen else None
    judge = make.member(contest, Role.JUDGE)
    code = make.assignment(make.entry(contest, files=0), judge).code
    organiser, actor = make.actor(session.get_one(Account, contest.created_by)), make.actor(judge)
    make.open_round(contest)
    session.commit()
    waiter: list[int] = []
    done: list[CardView] = []

    def submit() -> None:
        with database.unit_of_work() as own:
            waiter.append(own.execute(text("SELECT pg_backend_pid()")).scalar_one())
            done.append(
                judging.save(own, actor, contest.slug, code, version=0, levels=LEVELS, note="", comment="", submit=True)
            )

    thread = threading.Thread(target=submit)
    with database.unit_of_work() as own:
        held = contests.get_managed(own, organiser, contest.slug, lock=True)
        thread.start()
        _until_waiting(database, waiter)
        round_ = contests.lock_round(own, held)
        assert round_.state == "open"
        assert done == []
    thread.join(60)

    assert [card.state for card in done] == ["submitted"]


def test_an_invitation_that_is_withdrawn_while_it_is_accepted_gives_nothing(
    database: Database, session: Session, make: Make
) -> None:
    contest, token = make.contest(), "a token that was mailed"
    invitation = Invitation(
        contest_id=contest.id,
        role="judge",
        email="j@example.org",
        email_key="j@example.org",
        token_hash=hashlib.sha256(token.encode()).digest(),
        invited_by=contest.created_by,
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )
    session.add(invitation)
    organiser = make.actor(session.get_one(Account, contest.created_by))
    session.commit()
    waiter: list[int] = []
    refused: list[bool] = []

    def accept() -> None:
        try:
            with database.unit_of_work() as own:
                waiter.append(own.execute(text("SELECT pg_backend_pid()")).scalar_one())
                invitations.accept_invitation(own, token, name="J")
        except NotFound:
            refused.append(True)

    thread = threading.Thread(target=accept)
    with database.unit_of_work() as own:
        invitations.revoke_invitation(own, organiser, own.get_one(Contest, contest.id), invitation.id)
        own.flush()
        thread.start()
        _until_waiting(database, waiter)
    thread.join(60)

    assert refused == [True]
    assert session.scalars(select(Account).where(Account.email == "j@example.org")).all() == []


def _until_waiting(database: Database, waiter: list[int]) -> None:
    """Return once that connection waits for a lock."""
    deadline = time.monotonic() + 20
    with database.reading() as looking:
        while time.monotonic() < deadline:
            if (
                waiter
                and looking.execute(
                    text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid"), {"pid": waiter[0]}
                ).scalar()
            ):
                return
            looking.execute(text("SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)"))
    raise AssertionError("nobody waits")
