"""Periodic work: due once in its time, on one host at a time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from contest import outbox, sweeper
from contest.db import Database
from contest.models import Periodic
from contest.storage import Storage


def test_each_task_runs_when_it_is_due_and_not_before(
    session: Session, database: Database, queue_server: outbox.QueueServer, storage: Storage
) -> None:
    session.commit()

    assert sweeper.run_due(database, queue_server, storage) == list(sweeper.TASKS)
    assert sweeper.run_due(database, queue_server, storage) == []

    every, _ = sweeper.TASKS["seal_audit"]
    ago = func.clock_timestamp() - every - timedelta(seconds=1)
    session.execute(update(Periodic).values(last_run_at=ago))
    session.commit()
    assert sweeper.run_due(database, queue_server, storage) == ["seal_audit"]


def test_what_another_host_is_doing_is_left_to_it(
    session: Session, database: Database, queue_server: outbox.QueueServer, storage: Storage
) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('contest.periodic.forget_old'))"))

    assert sweeper.run_due(database, queue_server, storage) == [name for name in sweeper.TASKS if name != "forget_old"]
    session.commit()
    assert sweeper.run_due(database, queue_server, storage) == ["forget_old"]
