"""Owed work: a row written with the act, handed to RQ after the commit, done at least once.

The row is the truth and the queue a doorbell. `add` writes the row; a nudge after the commit and
`relay` hand it over under a job id that carries the attempt's number; `relay` also re-derives what
the queue lost, but only while the queue is short, so that it never floods it with its own copies.
A job takes a lease with a fencing token and sets `done_at` in the transaction of its effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import redis
import structlog
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import clock, db
from contest.models import OutboxItem

log = structlog.get_logger(__name__)

QUEUES = ("default", "thumbnails", "previews", "mail")
#: The function that RQ calls; a string, because web hosts never import jobs.
ENTRY_POINT = "contest.jobs.run"
#: While so many jobs wait, nothing lost is handed over again.
BACK_PRESSURE = 20
#: A handed-over job that nobody took for so long is taken for lost.
LOST_AFTER = timedelta(seconds=45)
#: The nudge after a commit gets so long before the relay repeats it.
NUDGED = timedelta(seconds=3)
MAX_ATTEMPTS = 6
#: While a service is away, a job is tried again for so long: an upload that arrived in time must not be
#: lost, nor a receipt's mail, because the store or the mail server was down for an hour.
OUTAGE = timedelta(days=1)
#: A job that ends its worker each time gives nothing back; after so many lost workers it is given up.
MOST_LOST = 60
#: The same for jobs that open a stranger's file: after so many tries, lost or failed, the file is parked.
TRIES_OF_A_FILE = 3
_BACK_OFF = (2, 10, 60, 300, 1800)


class QueueServer:
    """Connection to Valkey or Redis and its queues. Short time-outs: an act never waits for it."""

    def __init__(self, url: str) -> None:
        self.connection = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5)

    def queue(self, name: str) -> Queue:
        return Queue(name, connection=self.connection, serializer=JSONSerializer)

    def ping(self) -> None:
        """Raise redis.RedisError if the server is away."""
        self.connection.ping()

    def hand_over(self, item_id: int, attempt: int, job: str, queue: str) -> None:
        """Ring the doorbell for one attempt. Ringing twice for the same attempt is dull."""
        try:
            self.queue(queue).enqueue(
                ENTRY_POINT,
                item_id,
                job_id=f"{job}-{item_id}-{attempt}",
                unique=True,
                job_timeout=600,
                result_ttl=60,
                failure_ttl=86400,
            )
        except DuplicateJobError:
            pass


def add(
    session: Session,
    job: str,
    *,
    queue: str = "default",
    key: str | None = None,
    delay: timedelta | None = None,
    **args: Any,
) -> None:
    """Owe a job: written in the act's transaction, handed over after its commit.

    `key`: at most one live row per key. `args` must be JSON; ids go in as strings.
    """
    if queue not in QUEUES:
        raise KeyError(queue)
    values: dict[str, Any] = {"job": job, "queue": queue, "args": args, "key": key}
    if delay is not None:
        values["not_before"] = func.clock_timestamp() + delay
    made = session.execute(
        insert(OutboxItem)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=["key"],
            index_where=text("key IS NOT NULL AND done_at IS NULL AND failed_at IS NULL"),
        )
        .returning(OutboxItem.id)
    ).scalar()
    server: QueueServer | None = session.info.get("queue_server")
    if made is None or delay is not None or server is None:
        return
    item_id = made

    def nudge() -> None:
        try:
            server.hand_over(item_id, 0, job, queue)
        except redis.RedisError as error:
            # The relay hands it over as soon as the queue is back; the act itself is done.
            log.warning("queue_away", job=job, item=item_id, error=type(error).__name__)

    db.after_commit(session, nudge)


def relay(session: Session, server: QueueServer, queue: str, *, limit: int = 100) -> int:
    """Hand over what is owed and not under way; returns how many. One unit of work per call.

    New rows go out at once. Rows handed over before go out again only when they look lost: no live
    lease, and nobody took them for LOST_AFTER, and the queue is short.
    """
    now = func.clock_timestamp()
    waiting = server.queue(queue).count
    # A row just written was handed over by its act's nudge; only if that failed is it still untouched soon after.
    fresh = and_(
        OutboxItem.handed_at.is_(None),
        or_(OutboxItem.attempts > 0, OutboxItem.fence > 0, OutboxItem.created_at < now - NUDGED),
    )
    lost = OutboxItem.handed_at < now - LOST_AFTER
    rows = session.scalars(
        select(OutboxItem)
        .where(
            OutboxItem.queue == queue,
            OutboxItem.done_at.is_(None),
            OutboxItem.failed_at.is_(None),
            OutboxItem.not_before <= now,
            or_(OutboxItem.lease_until.is_(None), OutboxItem.lease_until < now),
            fresh if waiting >= BACK_PRESSURE else or_(fresh, lost),
        )
        .order_by(OutboxItem.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for item in rows:
        # A new attempt number: a kept finished or failed job id must not block it.
        item.attempts += 1
        server.hand_over(item.id, item.attempts, item.job, queue)
        item.handed_at = now
    return len(rows)


def lost(item: OutboxItem) -> int:
    """How often the worker of a claimed row was lost before: it neither finished nor gave the row back."""
    return item.fence - 1 - item.returned


def claim(session: Session, item_id: int, lease: timedelta) -> OutboxItem | None:
    """Take the lease on a row with a new fencing token; None if it is done, failed or leased."""
    now = func.clock_timestamp()
    return session.scalars(
        update(OutboxItem)
        .where(
            OutboxItem.id == item_id,
            OutboxItem.done_at.is_(None),
            OutboxItem.failed_at.is_(None),
            or_(OutboxItem.lease_until.is_(None), OutboxItem.lease_until < now),
        )
        .values(lease_until=now + lease, fence=OutboxItem.fence + 1, handed_at=now)
        .returning(OutboxItem)
    ).first()


class Superseded(Exception):
    """Another worker holds the lease by now: what this one did must not count."""


def finish(session: Session, item_id: int, fence: int) -> None:
    """Mark a row done in the transaction of its effects. Raises Superseded if the fence has moved on."""
    done = session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.fence == fence, OutboxItem.done_at.is_(None))
        .values(done_at=func.clock_timestamp(), lease_until=None, error="")
        .returning(OutboxItem.id)
    ).first()
    if done is None:
        raise Superseded(str(item_id))


def give_back(
    session: Session, item_id: int, fence: int, error: str, *, outage: bool = False, most: int = MAX_ATTEMPTS
) -> bool:
    """Give up one attempt; returns True if it was the last of `most`. The back-off grows with each.

    `outage`: the attempt failed because a service was away.
    """
    item = session.scalars(
        select(OutboxItem).where(OutboxItem.id == item_id, OutboxItem.fence == fence).with_for_update()
    ).first()
    if item is None or item.done_at is not None:
        return False
    item.error = error[:2000]
    item.returned += 1
    item.lease_until = None
    waits = outage and clock.read(session) < item.created_at + OUTAGE
    if item.fence >= most and not waits:
        item.failed_at = func.clock_timestamp()
        return True
    pause = _BACK_OFF[min(item.fence - 1, len(_BACK_OFF) - 1)]
    item.not_before = func.clock_timestamp() + timedelta(seconds=pause)
    item.handed_at = None
    return False


@contextmanager
def unit_of_work(database: db.Database, server: QueueServer | None) -> Iterator[Session]:
    """A unit of work whose owed jobs are handed over after its commit."""
    with database.unit_of_work() as session:
        session.info["queue_server"] = server
        yield session


def renew(session: Session, item_id: int, fence: int, lease: timedelta) -> None:
    """Lengthen a lease that is still ours."""
    session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.fence == fence, OutboxItem.done_at.is_(None))
        .values(lease_until=func.clock_timestamp() + lease)
    )
