"""Owed work: a row written with the act, done at least once by whichever worker comes first.

The row is the truth and the queue a doorbell: it says that something is owed in a queue, not what. `add` writes
the row and rings after the commit; `relay` rings again where work waits and no doorbell does. A worker that hears
one takes rows in turn, so that whoever sends much waits behind whoever sends little. A job takes a lease with a
fencing token and sets `done_at` in the transaction of its effects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import redis
import structlog
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import ColumnElement, event, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import clock, db
from contest.models import OutboxItem

log = structlog.get_logger(__name__)

QUEUES = ("default", "thumbnails", "previews", "clips", "mail")
#: Where no worker attends a queue, the workers of another do its work when they have none of their own.
STAND_IN = {"clips": "previews"}
#: So long a worker counts as attending its queue after it said so; seconds.
ATTENDED_S = 60
#: The function that RQ calls; a string, because web hosts never import jobs.
ENTRY_POINT = "contest.jobs.run"
#: So many doorbells in a queue wake all workers that there may be; each then works through what is owed.
MOST_RINGS = 8
#: What one job may take, and how long a worker goes on for one doorbell before it hears the next; seconds.
JOB_S, DOORBELL_S = 600, 5
MAX_ATTEMPTS = 6
#: While a service is away, a job is tried again for so long: an upload that arrived in time must not be
#: lost, nor a receipt's mail, because the store or the mail server was down for an hour.
OUTAGE = timedelta(days=1)
#: A job that ends its worker each time gives nothing back; after so many lost workers it is given up.
MOST_LOST = 60
#: The same for jobs that open a stranger's file: after so many tries, lost or failed, the file is parked.
TRIES_OF_A_FILE = 3
_BACK_OFF = (2, 10, 60, 300, 1800)
#: While a service is away a job pauses for no longer than this, so that all goes on soon when it is back; seconds.
_AWAY_S = 60
#: The tries of a mail that its server does not want just now: with the back-off about a day of them.
TRIES_OF_A_DAY = 50


class QueueServer:
    """Connection to Valkey or Redis and its queues. Short time-outs: an act never waits for it."""

    def __init__(self, url: str) -> None:
        self.connection = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5)

    def queue(self, name: str) -> Queue:
        return Queue(name, connection=self.connection, serializer=JSONSerializer)

    def waiting(self) -> dict[str, int]:
        """How many jobs wait in each queue. Raises redis.RedisError if the server is away."""
        with self.connection.pipeline(transaction=False) as pipeline:
            for name in QUEUES:
                pipeline.llen(self.queue(name).key)
            return dict(zip(QUEUES, pipeline.execute(), strict=True))

    def attend(self, queue: str) -> None:
        """Say that a worker listens to a queue, for the next ATTENDED_S. Raises redis.RedisError."""
        self.connection.set(f"contest:attended:{queue}", "1", ex=ATTENDED_S)

    def stood_in_for(self, queue: str) -> list[str]:
        """The queues without a worker of their own whose work falls to those of `queue`; none if nobody can say."""
        found = [name for name, by in STAND_IN.items() if by == queue]
        try:
            return [name for name in found if not self.connection.exists(f"contest:attended:{name}")]
        except redis.RedisError as error:
            log.warning("queue_away", queue=queue, error=type(error).__name__)
            return []

    def ping(self) -> None:
        """Raise redis.RedisError if the server is away."""
        self.connection.ping()

    def ring(self, queue: str, times: int = 1) -> bool:
        """Say that something is owed in a queue, to as many workers. Ringing twice is dull.

        Returns whether the server heard it; if not, the relay rings as soon as it is back, and the act is done.
        """
        try:
            found = self.queue(queue)
            for _ in range(min(times, MOST_RINGS - found.count)):
                # The row says what became of a job: nothing is kept of a doorbell that was heard.
                found.enqueue(ENTRY_POINT, queue, job_timeout=JOB_S + DOORBELL_S, result_ttl=0, failure_ttl=3600)
        except redis.RedisError as error:
            log.warning("queue_away", queue=queue, error=type(error).__name__)
            return False
        return True


def add(
    session: Session,
    job: str,
    *,
    queue: str = "default",
    key: str | None = None,
    delay: timedelta | None = None,
    share: UUID | None = None,
    **args: Any,
) -> None:
    """Owe a job: written in the act's transaction, rung for after its commit.

    `key`: at most one live row per key. `share`: whose work it is; the rows of one share come one by one between
    those of others. Without it a row comes before all that have one.
    `args` must be JSON; ids go in as strings.
    """
    if queue not in QUEUES:
        raise KeyError(queue)
    values: dict[str, Any] = {"job": job, "queue": queue, "args": args, "key": key}
    if share is not None:
        values |= {"share": share, "turn": _turn(queue, share)}
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
    if made is not None and delay is None and server is not None:
        if "rings" not in session.info:
            session.info["rings"] = Counter()
            db.after_commit(session, partial(_ring, session, server))
        session.info["rings"][queue] += 1


def _ring(session: Session, server: QueueServer) -> None:
    """Ring for all that one act owes; a server that is away is asked once, because somebody waits for the page."""
    rings: Counter[str] = session.info.pop("rings", Counter())
    for queue, times in rings.items():
        if not server.ring(queue, times):
            return


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("rings", None)


def _turn(queue: str, share: UUID) -> ColumnElement[int]:
    """The turn of a new row: after the share's own last one, and with the first of what waits.

    Start-time fair queueing (Goyal, Vin and Cheng 1996) with jobs of one length: the first of what waits stands
    for the virtual time. A row in its pause does not, or the time would stand still with it; nor does one of the house.
    """
    waits = (
        OutboxItem.queue == queue,
        OutboxItem.done_at.is_(None),
        OutboxItem.failed_at.is_(None),
        OutboxItem.turn > 0,
    )
    now = OutboxItem.not_before <= func.statement_timestamp()
    first = select(func.min(OutboxItem.turn)).where(*waits, now).scalar_subquery()
    own = select(func.max(OutboxItem.turn) + 1).where(*waits, OutboxItem.share == share).scalar_subquery()
    return func.greatest(1, first, own)


def _free() -> tuple[ColumnElement[bool], ...]:
    """What is neither over nor in a worker's hands."""
    return (
        OutboxItem.done_at.is_(None),
        OutboxItem.failed_at.is_(None),
        or_(OutboxItem.lease_until.is_(None), OutboxItem.lease_until < func.clock_timestamp()),
    )


def _ready(queue: str) -> tuple[ColumnElement[bool], ...]:
    """What may be taken from a queue now: free, and not in a pause after a failure.

    Of the clocks this one: it stands still during a statement, so that an index can tell who is in a pause.
    """
    return (OutboxItem.queue == queue, OutboxItem.not_before <= func.statement_timestamp(), *_free())


def relay(session: Session, server: QueueServer) -> list[str]:
    """Ring where work waits and no doorbell does; returns those queues. One statement per call.

    Whatever was lost is rung for anew: a doorbell that the queue server forgot or that a worker took with it, a
    lease that ran out, a row given back whose pause is over. Raises redis.RedisError while the server is away.
    """
    silent = [name for name, waiting in server.waiting().items() if not waiting]
    # Who would answer, and what for.
    asked = [(name, owing) for name in silent for owing in (name, *server.stood_in_for(name))]
    if not asked:
        return []
    owed = session.execute(select(*(exists().where(*_ready(owing)) for _, owing in asked))).one()
    found = list(dict.fromkeys(name for (name, _), waits in zip(asked, owed, strict=True) if waits))
    for name in found:
        server.ring(name)
    return found


def lost(item: OutboxItem) -> int:
    """How often the worker of a claimed row was lost before: it neither finished nor gave the row back."""
    return item.fence - 1 - item.returned


def claim(session: Session, item_id: int, lease: timedelta) -> OutboxItem | None:
    """Take the lease on a row with a new fencing token; None if it is done, failed or leased."""
    return _take(session, (OutboxItem.id == item_id, *_free()), lease)


def claim_next(session: Session, queue: str, lease: timedelta) -> OutboxItem | None:
    """The same for the row of a queue whose turn it is; None if nothing in it may be taken now."""
    return _take(session, _ready(queue), lease)


def _take(session: Session, which: tuple[ColumnElement[bool], ...], lease: timedelta) -> OutboxItem | None:
    found = (
        select(OutboxItem.id)
        .where(*which)
        .order_by(OutboxItem.turn, OutboxItem.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(
        update(OutboxItem)
        .where(OutboxItem.id == found.scalar_subquery())
        .values(lease_until=func.clock_timestamp() + lease, fence=OutboxItem.fence + 1)
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
    item.outages += outage
    item.lease_until = None
    waits = outage and clock.read(session) < item.created_at + OUTAGE
    # What a service's absence took is not counted against the job: the next real failure is not its last by that.
    tries = item.fence if outage else item.fence - item.outages
    if tries >= most and not waits:
        item.failed_at = func.clock_timestamp()
        return True
    pause = _BACK_OFF[min(item.fence - 1, len(_BACK_OFF) - 1)]
    if outage:
        pause = min(pause, _AWAY_S)
    item.not_before = func.clock_timestamp() + timedelta(seconds=pause)
    return False


def hand_back(session: Session, item_id: int, fence: int) -> None:
    """Leave a row to the next worker at once, because this one was told to stop: no try of the job is used up."""
    session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.fence == fence, OutboxItem.done_at.is_(None))
        .values(lease_until=None, returned=OutboxItem.returned + 1, outages=OutboxItem.outages + 1)
    )


@contextmanager
def unit_of_work(database: db.Database, server: QueueServer | None) -> Iterator[Session]:
    """A unit of work whose owed jobs are rung for after its commit."""
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
