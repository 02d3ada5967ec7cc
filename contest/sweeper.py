"""Periodic work: what a person would otherwise have to remember. The database says when it last ran.

Each task runs on one host at a time, in its own unit of work, and may be run again at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import audit, outbox
from contest.db import Database
from contest.models import Attempt, Code, LoginSession, OutboxItem, Periodic
from contest.outbox import QueueServer
from contest.services import checks, covers, unproven
from contest.storage import Storage

log = structlog.get_logger(__name__)


def seal_audit(session: Session, storage: Storage) -> None:
    """Seal settled audit events into the chain."""
    audit.seal(session)


def forget_old(session: Session, storage: Storage) -> None:
    """Remove what has served: dead sessions, used codes, old counts and finished jobs."""
    now = func.clock_timestamp()
    session.execute(delete(Attempt).where(Attempt.window_start < now - timedelta(days=1)))
    session.execute(delete(Code).where(Code.expires_at < now - timedelta(days=1)))
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now - timedelta(days=30)))
    session.execute(delete(OutboxItem).where(OutboxItem.done_at < now - timedelta(days=7)))


def forget_unproven(session: Session, storage: Storage) -> None:
    """Remove accounts whose address nobody has proven."""
    unproven.forget(session)


def sweep_staging(session: Session, storage: Storage) -> None:
    """Delete staged uploads older than a day that nothing waits for, and give up grants never used."""
    checks.sweep_staging(session, storage)


def sweep_previews(session: Session, storage: Storage) -> None:
    """Delete outputs of the renderer that no row names."""
    checks.sweep_previews(session, storage)


def sweep_pictures(session: Session, storage: Storage) -> None:
    """Delete pictures of contests, cards and scores of publications that no row names."""
    covers.sweep(session, storage)


#: Name → (how often, task).
TASKS: dict[str, tuple[timedelta, Callable[[Session, Storage], None]]] = {
    "seal_audit": (timedelta(seconds=60), seal_audit),
    "forget_old": (timedelta(hours=6), forget_old),
    "forget_unproven": (timedelta(hours=6), forget_unproven),
    "sweep_staging": (timedelta(hours=1), sweep_staging),
    "sweep_pictures": (timedelta(hours=1), sweep_pictures),
    "sweep_previews": (timedelta(hours=24), sweep_previews),
}


def run_due(database: Database, server: QueueServer, storage: Storage) -> list[str]:
    """Run each task that is due and that no other host runs now; returns their names."""
    # One look for all: the relay asks every second.
    with database.reading() as session:
        since = func.clock_timestamp() - Periodic.last_run_at
        rested: dict[str, timedelta] = dict(session.execute(select(Periodic.name, since)).all())
    ran = []
    for name, (every, task) in TASKS.items():
        if (ago := rested.get(name)) is not None and ago <= every:
            continue
        with outbox.unit_of_work(database, server) as session:
            if not session.execute(
                text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": f"contest.periodic.{name}"}
            ).scalar():
                continue
            due = session.execute(
                select(Periodic.last_run_at < func.clock_timestamp() - every).where(Periodic.name == name)
            ).scalar()
            if due is False:
                continue
            task(session, storage)
            session.execute(
                insert(Periodic)
                .values(name=name, last_run_at=func.clock_timestamp())
                .on_conflict_do_update(index_elements=["name"], set_={"last_run_at": func.clock_timestamp()})
            )
            ran.append(name)
    return ran
