"""Many at once: one code, one place, one revision, one close. And jobs on a bad day."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.db import Database
from contest.errors import Conflict, Denied, Invalid
from contest.models import Account, Code, Entry, EntryFile, MailMessage, Membership, OutboxItem, Receipt, Revision
from contest.services import accounts, codes, contests, entries, invitations, people, rounds, uploads
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import CodePurpose, Role
from tests.factories import Make
from tests.waiting import until

Run = Callable[[], list[str]]


def _at_once(database: Database, times: int, act: Callable[[Session], Any]) -> Counter[str]:
    """Run `act` in so many units of work at the same moment; how often each outcome came."""
    barrier = threading.Barrier(times)
    outcomes: list[str] = []

    def one() -> None:
        barrier.wait()
        try:
            with database.unit_of_work() as own:
                act(own)
            outcomes.append("done")
        except (Invalid, Denied, Conflict) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def test_twenty_uses_of_one_code_succeed_once(database: Database, session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    codes.request_code(session, email=account.email, purpose=CodePurpose.SIGN_IN, locale="en")
    session.commit()
    run_jobs()
    found = re.search(r"\d{4} \d{4}", session.scalars(select(MailMessage.text)).one())
    assert found
    askers = iter(range(20))

    outcomes = _at_once(
        database,
        20,
        lambda own: codes.use_code(
            own,
            email=account.email,
            code=found.group(0),
            purposes=(CodePurpose.SIGN_IN,),
            asker=f"browser {next(askers)}",
        ),
    )

    assert outcomes == {"done": 1, "Invalid": 19}


def test_twenty_enters_start_one_entry(database: Database, session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = make.actor(make.account())
    session.commit()

    outcomes = _at_once(database, 20, lambda own: entries.enter(own, actor, contest.slug, accepted_version=1))

    assert outcomes == {"done": 1, "Conflict": 19}
    assert session.scalar(select(func.count()).select_from(Entry)) == 1


def test_twenty_uploads_for_the_last_place_get_it_once(
    database: Database, session: Session, make: Make, storage: Storage
) -> None:
    contest = make.contest("open", deliverables=[{"key": "screens", "kinds": ["png"], "max_files": 2}])
    entrant = make.account()
    entry = make.entry(contest, entrant, state="draft", files=1)
    actor = make.actor(entrant)
    session.commit()
    numbers = iter(range(20))

    def begin(own: Session) -> None:
        number = next(numbers)
        uploads.grant(
            own,
            actor,
            storage,
            entry_id=entry.id,
            slot_key="screens",
            name=f"{number}.png",
            size=100,
            sha256=hashlib.sha256(str(number).encode()).digest(),
        )

    assert _at_once(database, 20, begin) == {"done": 1, "Invalid": 19}
    assert session.scalar(select(func.count()).select_from(EntryFile)) == 2


def test_twenty_submissions_seal_one_revision(
    database: Database, session: Session, make: Make, settings: Settings
) -> None:
    contest = make.contest("open")
    entrant = make.account()
    entry = make.entry(contest, entrant, state="draft")
    actor = make.actor(entrant)
    session.commit()

    outcomes = _at_once(database, 20, lambda own: entries.submit(own, actor, contest.slug, settings=settings))

    assert outcomes == {"done": 1, "Invalid": 19}
    assert session.scalar(select(func.count()).where(Revision.entry_id == entry.id)) == 1
    assert session.scalar(select(func.count()).select_from(Receipt)) == 1
    assert session.scalar(select(func.count()).where(OutboxItem.job == "send_receipt")) == 1


def test_two_organisers_close_a_round_once(database: Database, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    make.entry(contest)
    make.open_round(contest)
    actor = make.actor(session.get_one(Account, contest.created_by))
    session.commit()

    outcomes = _at_once(database, 8, lambda own: rounds.close_round(own, actor, contest.slug))

    assert outcomes == {"done": 1, "Denied": 7}
    assert session.scalar(select(func.count()).where(OutboxItem.job == "make_tally")) == 1


def test_nobody_enters_a_contest_and_judges_it_in_the_same_second(
    database: Database, session: Session, make: Make
) -> None:
    """Each act is held open while the other asks: the second waits, and is refused."""
    contest = make.contest("open")
    first, second = make.account(), make.account()
    actors = make.actor(first), make.actor(second)
    session.commit()

    def enter(own: Session, actor: Any) -> object:
        return entries.enter(own, actor, contest.slug, accepted_version=1)

    def judge(own: Session, actor: Any) -> object:
        return invitations.grant_role(own, contest.id, actor.account_id, Role.JUDGE)

    def outcome(actor: Any, before: Callable[..., object], after: Callable[..., object]) -> str:
        told: list[str] = []

        def ask() -> None:
            try:
                with database.unit_of_work() as own:
                    after(own, actor)
                told.append("done")
            except (Denied, Invalid) as error:
                told.append(str(getattr(error, "reason", "") or dict(error.problems)))  # type: ignore[union-attr]

        other = threading.Thread(target=ask)
        with database.unit_of_work() as own:
            before(own, actor)
            own.flush()
            other.start()
            until(lambda: told or _waiting(session))
        other.join()
        return told[0]

    assert outcome(actors[0], enter, judge) == "{'email': 'entrant_conflict'}"
    assert outcome(actors[1], judge, enter) == "team_may_not_enter"
    assert session.scalar(select(func.count()).select_from(Entry)) == 1


def _code(session: Session, account: Account, purpose: CodePurpose, run_jobs: Run) -> str:
    """A code that was mailed for the purpose."""
    codes.request_code(session, email=account.email, purpose=purpose, locale="en")
    session.commit()
    run_jobs()
    newest = session.scalars(select(MailMessage.text).order_by(MailMessage.created_at.desc()).limit(1)).one()
    found = re.search(r"\d{4} \d{4}", newest)
    assert found
    return found.group(0)


def test_a_code_is_used_while_the_account_gets_another_address(
    database: Database, session: Session, make: Make, run_jobs: Run
) -> None:
    """Both want the account and its codes: one waits for the other, and neither dies of it."""
    account = make.account(email="old@example.org")
    code = _code(session, account, CodePurpose.SIGN_IN, run_jobs)
    outcomes: list[str] = []

    def use() -> None:
        try:
            with database.unit_of_work() as own:
                codes.use_code(own, email="old@example.org", code=code, purposes=(CodePurpose.SIGN_IN,))
            outcomes.append("signed in")
        except Invalid as error:
            outcomes.append(error.problems["code"])

    other = threading.Thread(target=use)
    with database.unit_of_work() as own:
        own.execute(select(Account).where(Account.id == account.id).with_for_update())
        other.start()
        until(lambda: _waiting(session))
        accounts.change_address(own, "old@example.org", "new@example.org")
    other.join()

    assert outcomes == ["code_wrong"]


def test_a_code_that_is_being_mailed_dies_with_the_old_address(
    database: Database, session: Session, settings: Settings, make: Make
) -> None:
    account = make.account(email="old@example.org")
    session.commit()
    done: list[bool] = []

    def mail() -> None:
        with database.unit_of_work() as own:
            codes.make_code(own, settings, account.email_key, CodePurpose.SIGN_IN, "en", nonce="1")
        done.append(True)

    other = threading.Thread(target=mail)
    with database.unit_of_work() as own:
        accounts.change_address(own, "old@example.org", "new@example.org")
        own.flush()
        other.start()
        until(lambda: done or _waiting(session))
    other.join()

    assert session.scalar(select(func.count()).select_from(Code).where(Code.used_at.is_(None))) == 0


def test_an_invitation_is_accepted_while_it_is_sent_again(
    database: Database, session: Session, make: Make, settings: Settings
) -> None:
    contest = make.contest("open")
    organiser = make.actor(session.get_one(Account, contest.created_by))
    account = make.account(email="judge@example.org")
    invitation = invitations.invite(
        session, organiser, contest, email="judge@example.org", name="Judge", role=Role.JUDGE, locale="en"
    )
    session.flush()
    invitations.mail_invitation(session, settings, invitation.id, nonce="1")
    link = re.search(r"/invitations/(\S+)", session.scalars(select(MailMessage.text)).one())
    assert link
    session.commit()

    def accept() -> None:
        with database.unit_of_work() as own:
            invitations.accept_invitation(own, link.group(1), name="Judge")

    other = threading.Thread(target=accept)
    with database.unit_of_work() as own:
        contests.get_for_change(own, organiser, contest.slug)
        other.start()
        until(lambda: _waiting(session))
        people.send_again(own, organiser, contest.slug, invitation.id)
    other.join()

    assert session.scalars(select(Membership.role).where(Membership.account_id == account.id)).all() == ["judge"]


def _waiting(session: Session) -> bool:
    """Whether an act of this database waits for another's lock."""
    session.rollback()
    return bool(
        session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
    )


# Jobs on a bad day ----------------------------------------------------------------------------------


def _owed(database: Database, fence: int) -> int:
    with database.unit_of_work() as own:
        outbox.add(own, "send_mail", queue="mail", mail_id="not an id")
        own.flush()
        own.execute(update(OutboxItem).values(fence=fence))
        return own.scalars(select(OutboxItem.id)).one()


def test_an_outage_of_some_hours_loses_no_job(database: Database, session: Session) -> None:
    item = _owed(database, outbox.MAX_ATTEMPTS)

    with database.unit_of_work() as own:
        assert outbox.give_back(own, item, outbox.MAX_ATTEMPTS, "StorageDown: away", outage=True) is False
    session.execute(update(OutboxItem).values(created_at=func.clock_timestamp() - outbox.OUTAGE - timedelta(seconds=1)))
    session.commit()
    with database.unit_of_work() as own:
        assert outbox.give_back(own, item, outbox.MAX_ATTEMPTS, "StorageDown: away", outage=True) is True


def test_a_job_that_ends_its_worker_each_time_is_given_up(
    database: Database, session: Session, settings: Settings
) -> None:
    item = _owed(database, outbox.MOST_LOST + 1)

    assert jobs.perform(item, settings) == "failed"

    row = session.scalars(select(OutboxItem)).one()
    assert (row.failed_at is not None, row.error) == (True, "LostTooOften: its worker was lost too often")
    assert jobs.perform(item, settings) == "not wanted"


def test_an_invitation_is_accepted_while_the_account_gets_another_address(
    database: Database, session: Session, make: Make, settings: Settings
) -> None:
    """Both want the invitation and the account, in this order: neither dies of the other, and the part is not lost."""
    contest = make.contest("open")
    organiser = make.actor(session.get_one(Account, contest.created_by))
    account = make.account(email="old@example.org")
    invitation = invitations.invite(
        session, organiser, contest, email="old@example.org", name="Judge", role=Role.JUDGE, locale="en"
    )
    session.flush()
    invitations.mail_invitation(session, settings, invitation.id, nonce="1")
    link = re.search(r"/invitations/(\S+)", session.scalars(select(MailMessage.text)).one())
    assert link
    session.commit()
    took: list[Any] = []

    def accept() -> None:
        with database.unit_of_work() as own:
            took.append(invitations.accept_invitation(own, link.group(1), name="Whoever reads the old mailbox").id)

    other = threading.Thread(target=accept)
    with database.unit_of_work() as own:
        accounts.change_address(own, "old@example.org", "new@example.org")
        own.flush()
        other.start()
        until(lambda: took or _waiting(session))
    other.join()

    assert took == [account.id]
