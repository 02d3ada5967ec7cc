"""Owed jobs: handed over after the commit, fenced, given back, never flooding the queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from contest import outbox
from contest.db import Database
from contest.models import OutboxItem


def _owe(database: Database, server: outbox.QueueServer | None = None, **options: object) -> OutboxItem:
    with outbox.unit_of_work(database, server) as session:
        outbox.add(session, "send_mail", queue="mail", mail_id="x", **options)  # type: ignore[arg-type]
        session.flush()
        return session.scalars(select(OutboxItem).order_by(OutboxItem.id.desc())).first()  # type: ignore[return-value]


def _age(session: Session, seconds: int) -> None:
    session.execute(
        update(OutboxItem).values(
            created_at=OutboxItem.created_at - timedelta(seconds=seconds),
            handed_at=OutboxItem.handed_at - timedelta(seconds=seconds),
        )
    )
    session.commit()


def test_a_commit_rings_the_doorbell_and_a_rollback_does_not(
    database: Database, queue_server: outbox.QueueServer
) -> None:
    with pytest.raises(ZeroDivisionError), outbox.unit_of_work(database, queue_server) as session:
        outbox.add(session, "send_mail", queue="mail", mail_id="x")
        raise ZeroDivisionError
    assert queue_server.queue("mail").count == 0

    item = _owe(database, queue_server)

    assert queue_server.queue("mail").job_ids == [f"send_mail-{item.id}-0"]


def test_one_live_row_per_key(database: Database, session: Session) -> None:
    _owe(database, key="k")
    _owe(database, key="k")
    assert len(session.scalars(select(OutboxItem)).all()) == 1

    session.execute(update(OutboxItem).values(done_at=text("clock_timestamp()")))
    session.commit()
    _owe(database, key="k")

    assert len(session.scalars(select(OutboxItem)).all()) == 2


def test_the_relay_hands_over_what_no_nudge_did(
    database: Database, session: Session, queue_server: outbox.QueueServer
) -> None:
    _owe(database)
    _age(session, 10)

    with database.unit_of_work() as own:
        assert outbox.relay(own, queue_server, "mail") == 1
    with database.unit_of_work() as own:
        assert outbox.relay(own, queue_server, "mail") == 0

    assert queue_server.queue("mail").count == 1


def test_what_the_queue_lost_is_handed_over_again(
    database: Database, session: Session, queue_server: outbox.QueueServer
) -> None:
    _owe(database)
    _age(session, 10)
    with database.unit_of_work() as own:
        outbox.relay(own, queue_server, "mail")
    queue_server.connection.flushdb()
    _age(session, 120)

    with database.unit_of_work() as own:
        assert outbox.relay(own, queue_server, "mail") == 1

    assert queue_server.queue("mail").count == 1


def test_a_long_queue_gets_no_copies_of_its_own(
    database: Database, session: Session, queue_server: outbox.QueueServer
) -> None:
    for _ in range(outbox.BACK_PRESSURE + 5):
        _owe(database)
    _age(session, 10)
    with database.unit_of_work() as own:
        outbox.relay(own, queue_server, "mail")
    _age(session, 120)

    with database.unit_of_work() as own:
        assert outbox.relay(own, queue_server, "mail") == 0


def test_a_lease_holds_others_off_and_its_fence_decides(database: Database) -> None:
    item = _owe(database)
    with database.unit_of_work() as own:
        first = outbox.claim(own, item.id, timedelta(minutes=1))
        assert first is not None
        old_fence = first.fence
    with database.unit_of_work() as own:
        assert outbox.claim(own, item.id, timedelta(minutes=1)) is None

    with database.unit_of_work() as own:
        own.execute(update(OutboxItem).values(lease_until=text("clock_timestamp() - interval '1 second'")))
    with database.unit_of_work() as own:
        second = outbox.claim(own, item.id, timedelta(minutes=1))
        assert second is not None and second.fence == old_fence + 1

    with pytest.raises(outbox.Superseded), database.unit_of_work() as own:
        outbox.finish(own, item.id, old_fence)
    with database.unit_of_work() as own:
        outbox.finish(own, item.id, old_fence + 1)


def test_failing_backs_off_and_ends_in_the_open(database: Database, session: Session) -> None:
    item = _owe(database)
    for attempt in range(1, outbox.MAX_ATTEMPTS + 1):
        with database.unit_of_work() as own:
            claimed = outbox.claim(own, item.id, timedelta(minutes=1))
            assert claimed is not None and claimed.fence == attempt
            fence = claimed.fence
        with database.unit_of_work() as own:
            last = outbox.give_back(own, item.id, fence, "ValueError: no")
        assert last is (attempt == outbox.MAX_ATTEMPTS)

    row = session.get_one(OutboxItem, item.id)
    assert (row.failed_at is not None, row.error, row.done_at) == (True, "ValueError: no", None)


def test_an_act_goes_through_while_the_queue_is_away(database: Database, session: Session) -> None:
    nowhere = outbox.QueueServer("redis://127.0.0.1:1/0")

    _owe(database, nowhere)

    assert session.scalars(select(OutboxItem)).one().done_at is None


def test_only_known_queues(session: Session) -> None:
    with pytest.raises(KeyError):
        outbox.add(session, "send_mail", queue="nowhere")
