"""Attempts: how often somebody guesses or asks, and where. What is too often is refused for a while.

Where: from a network and, because one can guess from many, from everywhere together. A place of a person's own
(a session, a browser in which they signed in before) is counted for itself, and then nothing else counts there:
otherwise a stranger who knows an address could shut its owner out by guessing. The counts live in the database,
so that they hold while the queue server is away.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import clock
from contest.errors import Denied
from contest.models import Attempt

WINDOW = timedelta(minutes=10)
#: Guesses per account in a window: in one place, and from everywhere.
TRIES, TRIES_EVERYWHERE = 10, 50
#: Codes asked for per account in a window: in one place, and from everywhere. Each is a mail to somebody who may not
#: have asked. More would help nobody, because every code that was mailed works until its time is over.
ASKS, ASKS_EVERYWHERE = 3, 6


def count_attempt(session: Session, key: str, limit: int) -> None:
    """Count one attempt under `key` in the current window. Raises Denied("too_many_tries") past `limit`."""
    seconds = int(WINDOW.total_seconds())
    start = datetime.fromtimestamp(int(clock.read(session).timestamp()) // seconds * seconds, UTC)
    counted = session.execute(
        insert(Attempt)
        .values(key=key, window_start=start, count=1)
        .on_conflict_do_update(index_elements=["key", "window_start"], set_={"count": Attempt.count + 1})
        .returning(Attempt.count)
    ).scalar_one()
    if counted > limit:
        raise Denied("too_many_tries", minutes=int(WINDOW.total_seconds() // 60))


def guess(session: Session, key: str, *, network: str, own: str = "", limit: int = TRIES) -> None:
    """Count a guess at the account `key`; `own` names a place of its owner's. Raises Denied past `limit` there."""
    _count_at(session, f"guess:{key}", network, own, limit, TRIES_EVERYWHERE)


def ask(session: Session, key: str, *, network: str, own: str = "") -> None:
    """Count a code asked for the account `key`; `own` names a place of its owner's. Raises Denied."""
    _count_at(session, f"code:{key}", network, own, ASKS, ASKS_EVERYWHERE)


def _count_at(session: Session, key: str, network: str, own: str, limit: int, everywhere: int) -> None:
    count_attempt(session, f"{key}:{own or network}", limit)
    if not own:
        count_attempt(session, key, everywhere)
