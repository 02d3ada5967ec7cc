"""Mails that an organiser's act sends: to the entrant whose entry is out or in again, to judges who are late."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock, outbox
from contest.db import Database
from contest.errors import Denied, NotFound
from contest.models import Account, AuditEvent, Contest, MailMessage, Membership, Recusal
from contest.permissions import Actor
from contest.services import admissions, assignment, contests, reminders
from contest.vocabulary import Role
from tests.factories import Make

Run = Callable[[], list[str]]


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def _mails(session: Session) -> list[MailMessage]:
    session.expire_all()
    return list(session.scalars(select(MailMessage).order_by(MailMessage.created_at, MailMessage.id)))


# An entry that is taken out ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "subject", "parts"),
    [
        ("en", "Your entry was taken out: ", ["name entry ", "team@example.org"]),
        ("ja", "", ["team@example.org"]),
    ],
)
def test_the_entrant_gets_the_reason_and_whom_to_answer(
    session: Session, make: Make, run_jobs: Run, locale: str, subject: str, parts: list[str]
) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest, title="Tide Line")
    entry.account.locale = locale
    session.flush()

    admissions.disqualify(
        session, _organiser(session, make, contest), contest.slug, entry.number, reason="A logo.\nRule 4."
    )
    session.commit()
    run_jobs()

    [mail] = _mails(session)
    assert (mail.address, mail.locale) == (entry.account.email, locale)
    assert mail.subject.startswith(subject) and contest.title[locale] in mail.subject
    for part in (*parts, "Tide Line", f"{entry.number:04d}", f"/contests/{contest.slug}/entry"):
        assert part in mail.text and part in mail.html
    assert "> A logo.\n> Rule 4." in mail.text and "A logo.<" not in mail.text


def test_each_turn_is_told_once_and_an_undone_one_never(session: Session, make: Make, run_jobs: Run) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    actor = _organiser(session, make, contest)

    admissions.disqualify(session, actor, contest.slug, entry.number, reason="A slip.")
    admissions.reinstate(session, actor, contest.slug, entry.number)
    session.commit()
    assert run_jobs() == ["mail_admission"] * 2
    assert _mails(session) == []

    admissions.disqualify(session, actor, contest.slug, entry.number, reason="Late.")
    admissions.disqualify(session, actor, contest.slug, entry.number, reason="Late, once more.")
    session.commit()
    run_jobs()
    admissions.reinstate(session, actor, contest.slug, entry.number)
    session.commit()
    run_jobs()

    out, back = _mails(session)
    assert "> Late.\n" in out.text and "once more" not in out.text
    assert back.subject == f"Your entry takes part again: {contest.title['en']}"


# Judges who are late -----------------------------------------------------------------------------


def _late(session: Session, make: Make) -> tuple[Contest, dict[str, Account]]:
    """Four judges: one has finished, one has a draft, one has not begun, one stepped back from all."""
    contest = make.contest("judging", judges_per_entry=4)
    make.open_round(contest)
    contest.round.due_at = datetime.now(UTC) - timedelta(days=1)
    judges = {name: make.member(contest, Role.JUDGE, make.account(name)) for name in ("done", "draft", "new", "away")}
    entry = make.entry(contest)
    made = {name: make.assignment(entry, judge) for name, judge in judges.items()}
    make.scorecard(made["done"], [5, 4, 3])
    make.scorecard(made["draft"], [5, None, None], state="draft")
    session.add(
        Recusal(assignment_id=made["away"].id, kind="personal", reason="A friend.", created_at=datetime.now(UTC))
    )
    # An entry that is out asks nothing of anybody.
    make.assignment(make.entry(contest, state="disqualified"), judges["done"])
    session.flush()
    return contest, judges


def test_who_has_something_left_is_reminded_once_a_day(session: Session, make: Make, run_jobs: Run) -> None:
    contest, judges = _late(session, make)
    actor = _organiser(session, make, contest)

    assert reminders.remind(session, actor, contest.slug, judges["draft"].id) == 1
    assert reminders.remind(session, actor, contest.slug) == 1
    assert reminders.remind(session, actor, contest.slug) == 0
    session.commit()
    run_jobs()

    mails = {mail.address: mail.text for mail in _mails(session)}
    assert set(mails) == {judges["draft"].email, judges["new"].email}
    for text in mails.values():
        assert "1 entry of" in text and "Your scorecards were due by" in text and f"/judge/{contest.slug}" in text
    assert "1 of them is a draft." in mails[judges["draft"].email]
    assert "draft" not in mails[judges["new"].email]
    facts = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "assignment.reminded")).all()
    assert facts == [{"made": 1, "left": {str(judges[name].id): 1}} for name in ("draft", "new")]
    later = datetime.now(UTC) + reminders.PEACE
    assert set(reminders.last_reminded(session, contest, datetime.now(UTC))) == {
        judges["draft"].id,
        judges["new"].id,
    }
    assert reminders.last_reminded(session, contest, later) == {}


def test_two_organisers_at_once_remind_once(database: Database, session: Session, make: Make, run_jobs: Run) -> None:
    contest, _ = _late(session, make)
    actor = _organiser(session, make, contest)
    session.commit()
    counts: list[int] = []

    def press() -> None:
        with database.unit_of_work() as own:
            counts.append(reminders.remind(own, actor, contest.slug))

    threads = [threading.Thread(target=press) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_jobs()

    assert sorted(counts) == [0, 0, 2]
    assert len(_mails(session)) == 2


def test_what_was_submitted_or_closed_meanwhile_is_not_mailed(session: Session, make: Make, run_jobs: Run) -> None:
    contest, judges = _late(session, make)
    reminders.remind(session, _organiser(session, make, contest), contest.slug)
    membership = session.scalars(select(Membership).where(Membership.account_id == judges["new"].id)).one()
    membership.removed_at = datetime.now(UTC)
    session.flush()
    assignment.take_back_all(session, _organiser(session, make, contest), contest, judges["draft"].id)
    session.commit()

    assert run_jobs().count("mail_reminder") == 2

    assert _mails(session) == []


def test_who_may_remind_whom_and_when(session: Session, make: Make) -> None:
    contest, judges = _late(session, make)
    actor = _organiser(session, make, contest)

    for name in ("done", "away"):
        with pytest.raises(NotFound):
            reminders.remind(session, actor, contest.slug, judges[name].id)
    with pytest.raises(NotFound):
        reminders.remind(session, make.actor(judges["new"]), contest.slug)
    with pytest.raises(Denied, match="organiser_only"):
        reminders.remind(session, make.actor(make.member(contest, Role.CHAIR)), contest.slug)
    make.close_round(contest)
    with pytest.raises(Denied, match="round_not_open"):
        reminders.remind(session, actor, contest.slug)


# More time ---------------------------------------------------------------------------------------


def _move(session: Session, make: Make, contest: Contest, **later: timedelta) -> None:
    assert contest.opens_at is not None and contest.closes_at is not None
    wall = {
        name: clock.to_local(getattr(contest, name), contest.zone).replace(tzinfo=None) + later.get(name, timedelta())
        for name in ("opens_at", "closes_at")
    }
    grace = contest.grace_seconds // 60
    contests.change_dates(
        session,
        _organiser(session, make, contest),
        contest.slug,
        zone=contest.zone,
        grace_minutes=grace,
        due_at=None,
        **wall,
    )
    session.commit()


def test_everyone_with_an_entry_or_a_draft_hears_once_of_each_later_deadline(
    session: Session, make: Make, run_jobs: Run
) -> None:
    contest = make.contest("open")
    draft, entered = make.entry(contest, state="draft"), make.entry(contest, files=0)
    for state in ("withdrawn", "disqualified"):
        make.entry(contest, state=state, files=0)
    make.entry(contest, files=0).account.suspended_at = datetime.now(UTC)
    make.entry(make.contest("open"), files=0)
    draft.account.locale = "ja"
    session.commit()

    _move(session, make, contest, closes_at=timedelta(days=2))
    _move(session, make, contest)
    jobs_done = run_jobs()
    again = [run_jobs(), _move(session, make, contest, closes_at=timedelta(hours=1)), run_jobs()]

    mails = _mails(session)
    assert jobs_done.count("mail_extension") == 1 and again[0] == []
    assert sorted(mail.address for mail in mails) == sorted([draft.account.email, entered.account.email] * 2)
    [to_draft, _] = [mail for mail in mails if mail.address == draft.account.email]
    [to_entered, _] = [mail for mail in mails if mail.address == entered.account.email]
    assert to_draft.subject.startswith("締切") and "下書き" in to_draft.text
    assert to_entered.subject.startswith("More time") and "you need not do anything" in to_entered.text


def test_a_deadline_of_before_the_announcement_or_one_that_is_over_is_no_news(
    session: Session, make: Make, run_jobs: Run
) -> None:
    planned, over = make.contest("draft"), make.contest("judging")
    make.entry(over, files=0)
    _move(session, make, planned, closes_at=timedelta(days=1))
    outbox.add(session, "mail_extension", queue="mail", contest_id=str(over.id))
    session.commit()

    assert run_jobs() == ["mail_extension"]
    assert _mails(session) == []
