"""Many at once: one code, one place, one revision, one close. And jobs on a bad day."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.db import Database
from contest.errors import Conflict, Denied, Invalid
from contest.models import Account, Entry, EntryFile, MailMessage, OutboxItem, Receipt, Revision
from contest.services import accounts, entries, rounds, uploads
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import CodePurpose
from tests.factories import Make

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
    accounts.request_code(session, email=account.email, purpose=CodePurpose.SIGN_IN, locale="en")
    session.commit()
    run_jobs()
    found = re.search(r"\d{4} \d{4}", session.scalars(select(MailMessage.text)).one())
    assert found
    askers = iter(range(20))

    outcomes = _at_once(
        database,
        20,
        lambda own: accounts.use_code(
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
