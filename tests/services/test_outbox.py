"""Owed jobs: rung for after the commit, taken in turn, fenced, given back, never flooding the queue."""

from __future__ import annotations

import contextlib
import socket
from datetime import timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.db import Database
from contest.models import OutboxItem
from contest.services import codes
from contest.settings import Settings
from contest.vocabulary import CodePurpose
from tests.factories import Make


def _owe(database: Database, server: outbox.QueueServer | None = None, **options: object) -> OutboxItem:
    with outbox.unit_of_work(database, server) as session:
        outbox.add(session, "send_mail", **({"queue": "mail", "mail_id": "x"} | options))  # type: ignore[arg-type]
        session.flush()
        return session.scalars(select(OutboxItem).order_by(OutboxItem.id.desc())).first()  # type: ignore[return-value]


def _relay(database: Database, server: outbox.QueueServer) -> list[str]:
    with database.unit_of_work() as session:
        return outbox.relay(session, server)


def test_a_commit_rings_the_doorbell_and_a_rollback_does_not(
    database: Database, queue_server: outbox.QueueServer
) -> None:
    with pytest.raises(ZeroDivisionError), outbox.unit_of_work(database, queue_server) as session:
        outbox.add(session, "send_mail", queue="mail", mail_id="x")
        raise ZeroDivisionError
    assert queue_server.queue("mail").count == 0

    with outbox.unit_of_work(database, queue_server) as session:
        outbox.add(session, "send_mail", queue="mail", mail_id="x")
        session.rollback()
        outbox.add(session, "make_tally", round_id="x", account_id="x")
    assert queue_server.waiting() == {"default": 1, "thumbnails": 0, "previews": 0, "clips": 0, "mail": 0}

    _owe(database, queue_server)

    (rung,) = queue_server.queue("mail").jobs
    assert (rung.func_name, rung.args) == ("contest.jobs.run", ["mail"])


def test_one_live_row_per_key(database: Database, session: Session) -> None:
    _owe(database, key="k")
    _owe(database, key="k")
    assert len(session.scalars(select(OutboxItem)).all()) == 1

    session.execute(update(OutboxItem).values(done_at=text("clock_timestamp()")))
    session.commit()
    _owe(database, key="k")

    assert len(session.scalars(select(OutboxItem)).all()) == 2


def test_the_relay_rings_where_no_doorbell_does(database: Database, queue_server: outbox.QueueServer) -> None:
    _owe(database)

    assert _relay(database, queue_server) == ["mail"]
    assert _relay(database, queue_server) == []

    assert queue_server.queue("mail").count == 1


def test_what_the_queue_lost_is_rung_for_again(database: Database, queue_server: outbox.QueueServer) -> None:
    _owe(database, queue_server)
    queue_server.connection.flushdb()

    assert _relay(database, queue_server) == ["mail"]

    assert queue_server.queue("mail").count == 1


def test_what_is_done_leased_or_paused_is_not_rung_for(
    database: Database, session: Session, queue_server: outbox.QueueServer
) -> None:
    _owe(database)
    with database.unit_of_work() as own:
        taken = outbox.claim_next(own, "mail", timedelta(minutes=1))
        assert taken is not None
        item_id, fence = taken.id, taken.fence
    assert _relay(database, queue_server) == []

    with database.unit_of_work() as own:
        outbox.give_back(own, item_id, fence, "ValueError: no")
    assert _relay(database, queue_server) == []

    session.execute(update(OutboxItem).values(not_before=text("clock_timestamp() - interval '1 second'")))
    session.commit()
    assert _relay(database, queue_server) == ["mail"]
    queue_server.connection.flushdb()

    session.execute(update(OutboxItem).values(done_at=text("clock_timestamp()")))
    session.commit()
    assert _relay(database, queue_server) == []


def test_a_lease_that_ran_out_is_rung_for(
    database: Database, session: Session, queue_server: outbox.QueueServer
) -> None:
    _owe(database)
    with database.unit_of_work() as own:
        assert outbox.claim_next(own, "mail", timedelta(minutes=1)) is not None
    session.execute(update(OutboxItem).values(lease_until=text("clock_timestamp() - interval '1 second'")))
    session.commit()

    assert _relay(database, queue_server) == ["mail"]


def test_a_long_queue_has_few_doorbells(database: Database, queue_server: outbox.QueueServer) -> None:
    for _ in range(outbox.MOST_RINGS + 5):
        _owe(database, queue_server)

    assert queue_server.queue("mail").count == outbox.MOST_RINGS


def _order(database: Database, queue: str) -> list[str]:
    """What a worker takes, in its order, until nothing is left."""
    taken = []
    while True:
        with database.unit_of_work() as session:
            item = outbox.claim_next(session, queue, timedelta(minutes=1))
            if item is None:
                return taken
            taken.append(str(item.args["name"]))
            outbox.finish(session, item.id, item.fence)


def test_who_sends_much_waits_behind_who_sends_little(database: Database) -> None:
    much, little, other = uuid4(), uuid4(), uuid4()
    for number in range(6):
        _owe(database, queue="previews", share=much, name=f"much {number}")
    for number in range(2):
        _owe(database, queue="previews", share=little, name=f"little {number}")
    _owe(database, queue="previews", share=other, name="other")
    _owe(database, queue="previews", name="of the house")

    assert _order(database, "previews") == [
        "of the house", "much 0", "little 0", "other", "much 1", "little 1", "much 2", "much 3", "much 4", "much 5",
    ]  # fmt: skip


def test_a_newcomer_comes_after_one_of_those_that_wait_long(database: Database) -> None:
    much, newcomer = uuid4(), uuid4()
    for number in range(20):
        _owe(database, queue="previews", share=much, name=f"much {number}")
    for _ in range(10):
        with database.unit_of_work() as session:
            item = outbox.claim_next(session, "previews", timedelta(minutes=1))
            assert item is not None
            outbox.finish(session, item.id, item.fence)
    _owe(database, queue="previews", share=newcomer, name="new 0")
    _owe(database, queue="previews", share=newcomer, name="new 1")

    assert _order(database, "previews")[:5] == ["much 10", "new 0", "much 11", "new 1", "much 12"]


def _paused(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(update(OutboxItem).values(not_before=text("clock_timestamp() + interval '30 minutes'")))


@pytest.mark.parametrize("who", ["house", "sick"])
def test_neither_a_pause_nor_the_house_turns_the_time_back(database: Database, who: str) -> None:
    much, newcomer = uuid4(), uuid4()
    if who == "sick":
        _owe(database, queue="previews", share=uuid4(), name="sick")
        _paused(database)
    for number in range(20):
        _owe(database, queue="previews", share=much, name=f"much {number}")
    for _ in range(10):
        with database.unit_of_work() as session:
            item = outbox.claim_next(session, "previews", timedelta(minutes=1))
            assert item is not None
            outbox.finish(session, item.id, item.fence)
    if who == "house":
        _owe(database, queue="previews", name="house")
    for number in range(12):
        _owe(database, queue="previews", share=newcomer, name=f"new {number}")

    order = [name for name in _order(database, "previews") if name != "house"]
    assert order[:6] == ["much 10", "new 0", "much 11", "new 1", "much 12", "new 2"]


def test_one_act_asks_a_server_that_is_away_once(database: Database) -> None:
    """It may not answer at all, and somebody waits for the page."""
    asked = []

    def hear(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                asked.append(1)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=hear, args=(listening,))
        thread.start()
        server = outbox.QueueServer(f"redis://127.0.0.1:{listening.getsockname()[1]}/0")
        with outbox.unit_of_work(database, server) as session:
            for number in range(20):
                outbox.add(session, "send_mail", queue="mail", mail_id=f"{number}")
            outbox.add(session, "make_tally", round_id="x", account_id="x")
        once = len(asked)
        with outbox.unit_of_work(database, server) as session:
            outbox.add(session, "send_mail", queue="mail", mail_id="another")
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()

    # The client itself tries again a few times; a second act does the same once more.
    assert 0 < once == len(asked) - once


def test_tries_during_an_outage_are_not_the_jobs(database: Database) -> None:
    item = _owe(database)
    for outage, last in ((True, False), (True, False), (True, False), (False, False), (True, False), (False, True)):
        with database.unit_of_work() as own:
            claimed = outbox.claim(own, item.id, timedelta(minutes=1))
            assert claimed is not None
            fence = claimed.fence
        with database.unit_of_work() as own:
            assert outbox.give_back(own, item.id, fence, "no", outage=outage, most=2) is last


def test_a_stop_is_no_try_of_the_job(database: Database) -> None:
    item = _owe(database)
    for _ in range(3):
        with database.unit_of_work() as own:
            claimed = outbox.claim(own, item.id, timedelta(minutes=1))
            assert claimed is not None
            assert outbox.lost(claimed) == 0
            outbox.hand_back(own, item.id, claimed.fence)
    with database.unit_of_work() as own:
        claimed = outbox.claim(own, item.id, timedelta(minutes=1))
        assert claimed is not None
        # Of another worker that took longer to hear of it.
        outbox.hand_back(own, item.id, claimed.fence - 1)
        assert not outbox.give_back(own, item.id, claimed.fence, "no", most=2)


def test_a_queue_that_nobody_attends_is_done_by_others(
    database: Database,
    session: Session,
    queue_server: outbox.QueueServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Clips, on hosts that were told to start workers of the other queues only: after all pictures."""
    done: list[object] = []

    def note(work: jobs.Work, **arguments: object) -> None:
        done.append(arguments["file_id"])
        with work.finishing():
            return

    for name in ("make_clip", "make_previews"):
        monkeypatch.setitem(jobs._registry, name, note)
    jobs.parts(settings)
    _owe(database, queue="clips", share=uuid4(), file_id="clip")
    session.execute(update(OutboxItem).values(job="make_clip"))
    session.commit()

    queue_server.attend("clips")
    assert _relay(database, queue_server) == ["clips"]
    assert (jobs.run("previews"), done) == ("0 tried", [])

    # The doorbell that nobody hears stays.
    queue_server.connection.delete("contest:attended:clips")
    assert _relay(database, queue_server) == ["previews"]
    _owe(database, queue="previews", share=uuid4(), file_id="pictures")
    session.execute(update(OutboxItem).where(OutboxItem.queue == "previews").values(job="make_previews"))
    session.commit()
    assert (jobs.run("previews"), done) == ("2 tried", ["pictures", "clip"])
    queue_server.connection.flushdb()
    assert _relay(database, queue_server) == []


def test_a_pause_is_passed_over_within_the_index(database: Database, session: Session) -> None:
    """However many rows are in their pause, taking the next one reads none of them."""
    session.execute(
        text(
            "INSERT INTO outbox (job, queue, args, turn, not_before) SELECT 'make_previews', 'previews', '{}', 1,"
            " clock_timestamp() + interval '1 hour' FROM generate_series(1, 2000)"
        )
    )
    session.execute(text("ANALYZE outbox"))
    session.commit()
    ready = _owe(database, queue="previews", share=uuid4())
    asked: list[tuple[str, dict[str, object]]] = []

    def note(_connection: object, _cursor: object, sql: str, given: dict[str, object], *_: object) -> None:
        asked.append((sql, given))

    event.listen(database.engine, "before_cursor_execute", note)
    found = outbox.claim_next(session, "previews", timedelta(minutes=1))
    event.remove(database.engine, "before_cursor_execute", note)

    assert found is not None
    assert found.id == ready.id
    session.rollback()
    sql, given = next(each for each in asked if each[0].startswith("UPDATE outbox"))
    # So few rows are read as fast in any order and then sorted.
    for way in ("seqscan", "bitmapscan", "sort"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    plan = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE) {sql}", given).scalars().all()
    assert any("Index Cond" in line and "not_before" in line for line in plan), plan
    assert not any("Rows Removed by Filter" in line for line in plan), plan


def test_a_doorbell_is_answered_until_nothing_is_owed(database: Database, make: Make, settings: Settings) -> None:
    jobs.parts(settings)
    people = [make.account() for _ in range(3)]
    make.session.commit()
    with database.unit_of_work() as own:
        for person in people:
            codes.request_code(own, email=person.email, purpose=CodePurpose.SIGN_IN, locale="en")

    assert jobs.run("mail") == "6 tried"
    assert jobs.run("mail") == "0 tried"
    assert jobs.run("of an older version") == "no such queue"


def test_no_further_row_is_taken_while_a_service_is_away(database: Database, make: Make, settings: Settings) -> None:
    """Each would fail like the first, and lose a try or a pause by it."""
    unreachable = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:1"})
    entry = make.entry(make.contest(), state="draft", files=0)
    rows = [make.file(entry, state="received") for _ in range(3)]
    make.session.commit()
    with database.unit_of_work() as own:
        for row in rows:
            outbox.add(own, "check_file", share=entry.account_id, file_id=str(row.id))

    kept = dict(jobs._process)
    jobs._process.clear()
    try:
        jobs.parts(unreachable)
        assert jobs.run("default") == "1 tried"
    finally:
        jobs._process.clear()
        jobs._process.update(kept)

    with database.reading() as session:
        assert sorted(session.scalars(select(OutboxItem.fence))) == [0, 0, 1]


@pytest.mark.parametrize(("error", "parked"), [(ConnectionError("away"), False), (ValueError("odd"), True)])
def test_a_short_outage_does_not_park_a_file_that_waited_for_days(
    database: Database,
    session: Session,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    error: Exception,
    parked: bool,
) -> None:
    def fail(_work: jobs.Work, **_arguments: object) -> None:
        raise error

    monkeypatch.setitem(jobs._registry, "make_clip", fail)
    with outbox.unit_of_work(database, None) as own:
        outbox.add(own, "make_clip", queue="clips", share=uuid4(), file_id=str(uuid4()))
    session.execute(update(OutboxItem).values(created_at=text("clock_timestamp() - interval '3 days'")))
    session.commit()
    item = session.scalars(select(OutboxItem)).one()
    for _ in range(outbox.TRIES_OF_A_FILE):
        jobs.perform(item.id, settings)

    session.refresh(item)
    assert (item.fence, item.failed_at is not None) == (outbox.TRIES_OF_A_FILE, parked)


def test_a_worker_that_was_told_to_stop_takes_nothing_further(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.parts(settings)
    _owe(database)
    told = Event()
    told.set()
    monkeypatch.setattr(jobs, "ending", told)

    assert jobs.run("mail") == "0 tried"


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
