"""Calling a contest off: who may, what it ends, whom it tells, and what it cannot overtake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import clock, permissions
from contest.db import Database
from contest.errors import Denied, Invalid, NotFound
from contest.models import (
    Account,
    Assignment,
    AuditEvent,
    Contest,
    MailMessage,
    OutboxItem,
    Publication,
    Revision,
    Scorecard,
    Tally,
)
from contest.permissions import Actor
from contest.services import (
    admissions,
    assignment,
    awards,
    cancelling,
    contests,
    entries,
    exports,
    flags,
    invitations,
    judging,
    people,
    publications,
    reminders,
    results,
    rounds,
    rubric,
    scoring,
    setup,
)
from contest.services.awards import Pick
from contest.settings import Settings
from contest.vocabulary import Phase, Role
from tests.factories import Make, both
from tests.waiting import until

Run = Callable[[], list[str]]
REASON = both("The building burned down.")
LEVELS = {"clarity": 5, "fit": 4, "craft": 2}


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def _call_off(session: Session, make: Make, contest: Contest) -> Contest:
    found = cancelling.cancel(session, _organiser(session, make, contest), contest.slug, reason=REASON, sure=True)
    session.flush()
    return found


# The act -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["announced", "open", "grace", "judging"])
def test_an_announced_contest_is_called_off_once_and_for_good(session: Session, make: Make, phase: str) -> None:
    contest = make.contest(phase)
    version = contest.version

    _call_off(session, make, contest)
    first = contest.cancelled_at
    cancelling.cancel(
        session, _organiser(session, make, contest), contest.slug, reason=both("Another word."), sure=True
    )

    assert clock.phase_of(contest, clock.read(session)) is Phase.CANCELLED
    assert (contest.cancelled_at, contest.cancelled_reason, contest.version) == (first, REASON, version + 1)
    [event] = session.scalars(select(AuditEvent).where(AuditEvent.act == "contest.cancelled"))
    assert (event.contest_id, event.facts) == (contest.id, {"reason": REASON})


@pytest.mark.parametrize(
    "role, stale, reason",
    [
        (Role.CHAIR, False, ""),
        (Role.PUBLISHER, False, "organiser_or_chair_only"),
        (Role.ORGANISER, True, "fresh_sign_in_needed"),
    ],
)
def test_an_organiser_or_the_chair_does_it_freshly_signed_in(
    session: Session, make: Make, role: Role, stale: bool, reason: str
) -> None:
    contest = make.contest("open")
    actor = make.actor(make.member(contest, role), fresh=not stale)

    if reason:
        with pytest.raises(Denied, match=reason):
            cancelling.cancel(session, actor, contest.slug, reason=REASON, sure=True)
    else:
        cancelling.cancel(session, actor, contest.slug, reason=REASON, sure=True)

    assert (contest.cancelled_at is None) == bool(reason)


def test_who_judges_it_or_has_no_part_in_it_cannot(session: Session, make: Make) -> None:
    contest = make.contest("open")
    for account in (make.member(contest, Role.JUDGE), make.account(is_staff=True)):
        with pytest.raises(NotFound):
            cancelling.cancel(session, make.actor(account), contest.slug, reason=REASON, sure=True)


def test_a_draft_and_a_published_contest_cannot_be_called_off(session: Session, make: Make) -> None:
    draft, published = make.contest("draft"), make.contest("judging")
    published.published_at = clock.read(session)
    session.flush()

    for contest, code in ((draft, "nothing_to_cancel"), (published, "published_fixed")):
        with pytest.raises(Denied, match=code):
            _call_off(session, make, contest)
        with pytest.raises(IntegrityError, match="cancelled_in_time"), session.begin_nested():
            contest.cancelled_at, contest.cancelled_reason = clock.read(session), REASON
            session.flush()
        session.refresh(contest)


@pytest.mark.parametrize(
    "reason, sure, problems",
    [
        ({"en": "Why."}, True, {"reason_ja": "text_missing_ja"}),
        ({"en": " ", "ja": "理由"}, False, {"reason_en": "text_missing_en", "sure": "cancel_tick"}),
        ({"en": "x" * 2001, "ja": "理由"}, True, {"reason_en": "too_long"}),
    ],
)
def test_the_reason_is_given_in_both_languages_by_one_who_is_sure(
    session: Session, make: Make, reason: dict[str, str], sure: bool, problems: dict[str, str]
) -> None:
    contest = make.contest("open")

    with pytest.raises(Invalid) as refused:
        cancelling.cancel(session, _organiser(session, make, contest), contest.slug, reason=reason, sure=sure)

    assert refused.value.problems == problems
    assert contest.cancelled_at is None


# What it ends ------------------------------------------------------------------------------------


def test_entrants_change_nothing_any_more_and_read_on(session: Session, make: Make, settings: Settings) -> None:
    contest, entrant = make.contest("open"), make.account()
    entry = make.entry(contest, entrant)
    invitation = invitations.invite(
        session,
        _organiser(session, make, contest),
        contest,
        email="guest@example.org",
        name="Guest",
        role=Role.JUDGE,
        locale="en",
    )
    _call_off(session, make, contest)
    actor, newcomer = make.actor(entrant), make.actor(make.account())
    details = replace(entries.details_of(entry), title="Another title")

    acts: dict[str, Callable[[], Any]] = {
        "enter": lambda: entries.enter(session, newcomer, contest.slug, accepted_version=1),
        "save": lambda: entries.save_details(session, actor, contest.slug, details, version=entry.version),
        "submit": lambda: entries.submit(session, actor, contest.slug, settings=settings),
        "withdraw": lambda: entries.withdraw(session, actor, contest.slug),
    }
    for name, act in acts.items():
        with pytest.raises(Denied) as refused:
            act()
        assert (refused.value.reason, refused.value.facts) == ("cancelled", {"cancelled_at": contest.cancelled_at}), (
            name
        )
    now = clock.read(session)
    assert permissions.may_finish_upload(actor, entry, contest.opens_at or now, now).reason == "cancelled"
    assert permissions.may_submit(actor, entry, [contest.opens_at or now], now).reason == "cancelled"
    read = entries.workspace(session, actor, contest.slug)
    assert [row.number for row in read.revisions] == [1]
    assert not read.open
    invitations.mail_invitation(session, settings, invitation.id, nonce="0")
    assert session.scalars(select(MailMessage)).all() == []


def _judged(session: Session, make: Make, **values: Any) -> tuple[Contest, Account, str]:
    """A contest whose round is open, a judge of it, and the code of what the judge has to judge."""
    contest = make.contest("judging", judges_per_entry=1, **values)
    judge = make.member(contest, Role.JUDGE)
    code = make.assignment(make.entry(contest), judge).code
    make.open_round(contest)
    session.flush()
    return contest, judge, code


def _save(session: Session, actor: Actor, contest: Contest, code: str) -> Any:
    return judging.save(session, actor, contest.slug, code, version=0, levels=LEVELS, note="", comment="")


def test_judges_are_asked_for_nothing_any_more(session: Session, make: Make, settings: Settings) -> None:
    contest, judge, code = _judged(session, make)
    organiser, actor = _organiser(session, make, contest), make.actor(judge)
    _call_off(session, make, contest)

    for act in (
        lambda: _save(session, actor, contest, code),
        lambda: judging.reopen(session, actor, contest.slug, code),
        lambda: judging.recuse(session, actor, contest.slug, code, kind="personal", reason="My sister made it."),
        lambda: reminders.remind(session, organiser, contest.slug),
    ):
        with pytest.raises(Denied, match="cancelled"):
            act()
    reminders.mail_reminder(session, settings, contest.round.id, judge.id, nonce="0")
    assignment.mail_assignments(session, settings, contest.round.id, judge.id, nonce="0")
    head = judging.queue(session, actor, contest.slug).head
    assert (head.open, head.reason, head.cancelled_at) == (False, "cancelled", contest.cancelled_at)
    assert session.scalars(select(MailMessage)).all() == []
    assert session.scalars(select(Scorecard)).all() == []


def test_the_team_changes_nothing_any_more(session: Session, make: Make) -> None:
    contest, judge, _ = _judged(session, make)
    actor, slug = _organiser(session, make, contest), contest.slug
    criterion = contest.round.criteria[0]
    _call_off(session, make, contest)

    acts: dict[str, Callable[[], Any]] = {
        "texts": lambda: contests.change_texts(
            session, actor, slug, title=both("T"), summary=both("S"), brief=both("B"), host=both("H"), contact="c"
        ),
        "terms": lambda: contests.change_terms(session, actor, slug, text=both("Other terms.")),
        "dates": lambda: contests.change_dates(
            session, actor, slug, zone=contest.zone, opens_at=None, closes_at=None, grace_minutes=30, due_at=None
        ),
        "prize": lambda: setup.save_prize(session, actor, slug, None, name=both("P"), amount={}, quantity=1),
        "weights": lambda: rubric.set_judges_per_entry(session, actor, slug, 2),
        "rubric": lambda: setup.remove(session, actor, slug, "rubric", criterion.id),
        "method": lambda: scoring.set_method(session, actor, slug, method="borda", options={}),
        "invite": lambda: people.invite(session, actor, slug, email="a@b.example", name="", role="judge", locale="en"),
        "draw": lambda: assignment.assign_balanced(session, actor, slug, seed="seed"),
        "disqualify": lambda: admissions.disqualify(session, actor, slug, 1, reason="Rule 4 forbids it."),
        "close": lambda: rounds.close_round(session, actor, slug),
        "reopen": lambda: rounds.reopen_round(session, actor, slug),
        "awards": lambda: awards.propose(session, actor, slug, []),
        "propose": lambda: publications.propose(session, actor, slug),
    }
    for name, act in acts.items():
        with pytest.raises(Denied) as refused:
            act()
        assert refused.value.reason == "cancelled", name
    # What somebody may read or was given can still be taken back.
    people.remove_role(session, actor, slug, judge.id, Role.JUDGE)


def _proposed(session: Session, make: Make) -> tuple[Contest, Publication]:
    contest, judge, _ = _judged(session, make)
    given = session.scalars(select(Assignment).where(Assignment.judge_id == judge.id)).one()
    make.scorecard(given, [5, 5, 5])
    organiser = _organiser(session, make, contest)
    rounds.close_round(session, organiser, contest.slug)
    session.flush()
    results.make_tally(session, contest.round.id, contest.created_by)
    session.flush()
    awards.propose(session, organiser, contest.slug, [Pick("first", given.entry.number, both("Clear and kind."))])
    publication = publications.propose(session, organiser, contest.slug)
    session.flush()
    return contest, publication


def test_a_proposal_is_taken_back_and_nothing_is_published_or_counted(
    session: Session, make: Make, settings: Settings
) -> None:
    contest, publication = _proposed(session, make)
    chair = make.actor(make.member(contest, Role.CHAIR))
    organiser, digest = _organiser(session, make, contest), publication.digest
    tallies = session.scalars(select(Tally)).all()

    _call_off(session, make, contest)

    assert publication.state == "superseded"
    with pytest.raises(Denied, match="cancelled"):
        publications.approve(session, chair, contest.slug, publication.number, digest=digest)
    with pytest.raises(Denied, match="cancelled"):
        publications.publish(session, organiser, contest.slug, publication.number, digest=digest)
    # A tally that was owed before counts nothing more; what was counted may still be read.
    assert results.make_tally(session, contest.round.id, contest.created_by) is None
    assert session.scalars(select(Tally)).all() == tallies
    assert len(exports.export_scores(session, organiser, contest.slug)) == 2


# Whom it tells -----------------------------------------------------------------------------------


def test_everyone_with_a_part_gets_one_mail_in_their_language(
    session: Session, make: Make, run_jobs: Run, settings: Settings
) -> None:
    contest = make.contest("open")
    told = {
        "submitted": make.account("Adaeze", locale="en"),
        "draft": make.account("青木 遥", locale="ja"),
        "judge": make.member(contest, Role.JUDGE, make.account("Emeka", locale="ja")),
        "team": make.member(contest, Role.CHAIR, make.account("Bela", locale="en")),
    }
    make.member(contest, Role.PUBLISHER, told["team"])
    make.entry(contest, told["submitted"])
    make.entry(contest, told["draft"], state="draft", files=0)
    make.entry(contest, state="withdrawn")
    former, suspended = make.member(contest, Role.JUDGE), make.member(contest, Role.JUDGE)
    suspended.suspended_at = clock.read(session)
    session.flush()
    people.remove_role(session, _organiser(session, make, contest), contest.slug, former.id, Role.JUDGE)
    session.commit()

    counted = cancelling.affected(session, contest)
    _call_off(session, make, contest)
    session.commit()
    run_jobs()
    cancelling.mail_cancelled(session, settings, contest.id)

    mails = {row.address: row for row in session.scalars(select(MailMessage))}
    team = [session.get_one(Account, contest.created_by), told["team"]]
    everyone = [told["submitted"], told["draft"], told["judge"], *team]
    assert sorted(mails) == sorted(account.email for account in everyone)
    for account in everyone:
        assert REASON[account.locale] in mails[account.email].text
        assert REASON["ja" if account.locale == "en" else "en"] not in mails[account.email].text.replace(
            REASON[account.locale], ""
        )
    assert f"/contests/{contest.slug}/entry" in mails[told["draft"].email].text
    assert f"/contests/{contest.slug}/entry" not in mails[told["judge"].email].text
    # The suspended judge is one of the judges, and gets no mail.
    assert (counted.submitted, counted.drafts, counted.judges) == (1, 1, 2)


def test_a_contest_that_goes_on_sends_no_such_mail(session: Session, make: Make, settings: Settings) -> None:
    contest = make.contest("open")
    make.entry(contest)

    cancelling.mail_cancelled(session, settings, contest.id)

    assert session.scalars(select(OutboxItem).where(OutboxItem.job == "mail_cancelled")).all() == []
    assert session.scalars(select(MailMessage)).all() == []


# Races -------------------------------------------------------------------------------------------


def _overtaken(database: Database, session: Session, contest: Contest, organiser: Actor, act: Any) -> list[str]:
    """What `act` says that begins while the contest is being called off, and ends after it."""
    said: list[str] = []

    def late() -> None:
        try:
            with database.unit_of_work() as own:
                act(own)
            said.append("done")
        except Denied as error:
            said.append(error.reason)

    with database.unit_of_work() as first:
        cancelling.cancel(first, organiser, contest.slug, reason=REASON, sure=True)
        thread = threading.Thread(target=late)
        thread.start()
        until(lambda: _waiting(session))
    thread.join(60)
    assert not thread.is_alive()
    return said


def _waiting(session: Session) -> bool:
    found = session.execute(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).scalar_one()
    session.rollback()
    return bool(found)


def test_a_submit_that_waited_for_the_act_is_refused(
    database: Database, session: Session, make: Make, settings: Settings
) -> None:
    contest, entrant = make.contest("open"), make.account()
    make.entry(contest, entrant, state="draft")
    organiser, actor = _organiser(session, make, contest), make.actor(entrant)
    session.commit()

    said = _overtaken(
        database, session, contest, organiser, lambda own: entries.submit(own, actor, contest.slug, settings=settings)
    )

    assert said == ["cancelled"]
    assert session.scalars(select(Revision)).all() == []


@pytest.mark.parametrize("frozen", [True, False])
def test_scores_that_waited_for_the_act_are_refused(
    database: Database, session: Session, make: Make, frozen: bool
) -> None:
    contest, judge, code = _judged(session, make)
    contest.round.rubric_frozen_at = contest.opens_at if frozen else None
    organiser, actor = _organiser(session, make, contest), make.actor(judge)
    session.commit()

    said = _overtaken(database, session, contest, organiser, lambda own: _save(own, actor, contest, code))

    assert said == ["cancelled"]
    assert session.scalars(select(Scorecard)).all() == []


@pytest.mark.parametrize("act", ["close", "draw", "answer", "tally"])
def test_what_the_team_or_a_job_began_before_is_refused_after_the_act(
    database: Database, session: Session, make: Make, act: str
) -> None:
    contest, _, _ = _judged(session, make)
    organiser = _organiser(session, make, contest)
    if act == "tally":
        make.close_round(contest)
    flag = make.flag(session.scalars(select(Assignment)).one(), "discuss")
    slug, flag_id, round_id, account_id = contest.slug, flag.id, contest.round.id, contest.created_by
    session.commit()

    def begun(own: Session) -> None:
        if act == "close":
            rounds.close_round(own, organiser, slug)
        elif act == "draw":
            assignment.assign_balanced(own, organiser, slug, seed="seed")
        elif act == "answer":
            flags.answer(own, organiser, slug, flag_id, "We talk of it.")
        else:
            assert results.make_tally(own, round_id, account_id) is None

    said = _overtaken(database, session, contest, organiser, begun)

    assert said == ["done" if act == "tally" else "cancelled"]
    assert session.scalars(select(Tally)).all() == []
    session.refresh(flag)
    assert flag.answered_at is None


def test_a_proposal_that_waited_for_the_act_is_refused(database: Database, session: Session, make: Make) -> None:
    contest, publication = _proposed(session, make)
    organiser = _organiser(session, make, contest)
    session.commit()

    said = _overtaken(
        database, session, contest, organiser, lambda own: publications.propose(own, organiser, contest.slug)
    )

    assert said == ["cancelled"]
    session.expire_all()
    assert [row.state for row in session.scalars(select(Publication))] == ["superseded"]
    assert publication.published_at is None


def test_a_submit_that_was_first_is_kept(database: Database, session: Session, make: Make, settings: Settings) -> None:
    contest, entrant = make.contest("open"), make.account()
    make.entry(contest, entrant, state="draft")
    organiser, actor = _organiser(session, make, contest), make.actor(entrant)
    session.commit()
    done: list[str] = []

    def call_off() -> None:
        with database.unit_of_work() as own:
            cancelling.cancel(own, organiser, contest.slug, reason=REASON, sure=True)
        done.append("cancelled")

    with database.unit_of_work() as first:
        entries.submit(first, actor, contest.slug, settings=settings)
        thread = threading.Thread(target=call_off)
        thread.start()
        until(lambda: _waiting(session))
    thread.join(60)

    session.expire_all()
    [revision] = session.scalars(select(Revision))
    assert done == ["cancelled"]
    assert contest.cancelled_at is not None
    assert revision.sealed_at < contest.cancelled_at
