"""The database: engine, sessions, and one unit of work per act.

A unit of work commits once, at the edge (view, job, command). Whatever must leave the building
waits in `after_commit` until then; a rollback forgets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import DateTime, Engine, Interval, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

log = structlog.get_logger(__name__)


_OPTIONS = "-c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC"

#: What an operator can mend, by the beginning of PostgreSQL's code of the error; the longer code comes first.
_MENDED = {
    "25006": "The database only reads. Let DATABASE_URL lead to the primary server.",
    "3D000": "There is no such database. Create it, or check DATABASE_URL.",
    "42501": "The database does not allow this. The role of DATABASE_URL must own its database.",
    "42703": "The schema is not of this release. Run contest migrate.",
    "42P01": "The schema is not of this release. Run contest migrate.",
    "53100": "The disk of the database is full. Make room there.",
    "53300": "The database has no connection left. Raise max_connections, or lower DATABASE_POOL.",
    "53": "The database lacks memory or another resource. Look into its log.",
    "55P03": "Something else holds what this needs. Stop web and worker, then run it again.",
    "57014": "The database ended this because it took too long. Look what keeps it busy, then run it again.",
    "57P03": "The database is starting or stopping. Run it again in a moment.",
    "58": "The host of the database has a fault. Look into its log and at its disk.",
    "28": "The database refuses the sign-in. Check the user and the password in DATABASE_URL.",
}
#: The same where there was no connection, and so no code: words of PostgreSQL's own text.
_REFUSED = {
    "too many clients": "53300",
    "too many connections": "53300",
    "remaining connection slots": "53300",
    'role "': "28",
    "does not exist": "3D000",
    "password authentication failed": "28",
    "no pg_hba.conf entry": "28",
    "is starting up": "57P03",
    "is shutting down": "57P03",
}


class UTCDateTime(TypeDecorator[datetime]):
    """timestamptz that accepts aware datetimes only and always returns UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored time needs a zone")
        return value

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """A length of time added to a moment is sent as an interval."""
        return Interval() if isinstance(value, timedelta) else self

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class Database:
    """Engine and session factory of one process.

    `pool=0` opens a connection per unit of work: for worker children, which are forked.
    """

    def __init__(self, url: str, *, pool: int = 8) -> None:
        options: dict[str, Any] = (
            {"poolclass": NullPool}
            if pool == 0
            else {"pool_size": pool, "max_overflow": 2, "pool_pre_ping": True, "pool_timeout": 10}
        )
        self.engine: Engine = create_engine(
            url,
            # Names and lengths of waits: a stuck lock becomes an error that a person sees, not a hung page.
            connect_args={"connect_timeout": 5, "options": _OPTIONS},
            **options,
        )
        self.sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=True)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """One transaction: commits on leaving, rolls back on error, then runs what waits for the commit."""
        session = self.sessions()
        try:
            yield session
            commit(session)
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose transaction PostgreSQL itself keeps from writing."""
        session = self.sessions()
        try:
            session.connection(execution_options={"postgresql_readonly": True})
            yield session
        finally:
            session.rollback()
            session.close()

    def close(self) -> None:
        self.engine.dispose()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Run `act` once the session's unit of work has committed; never if it rolls back."""
    session.info.setdefault("after_commit", []).append(act)


def commit(session: Session) -> None:
    """Commit, then run what waited. A failure of what waited is logged: the act itself is done."""
    session.commit()
    waiting: list[Callable[[], None]] = session.info.pop("after_commit", [])
    for act in waiting:
        try:
            act()
        except Exception:
            log.exception("after_commit_failed")


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("after_commit", None)


def advice(error: DBAPIError) -> str:
    """What an operator can do about an error of the database, in a sentence or two; "" for a fault of our own."""
    code = getattr(error.orig, "sqlstate", None)
    if code is None:  # there was no connection, or there is none any more
        said = str(error.orig)
        code = next((known for words, known in _REFUSED.items() if words in said), None)
    if code is None or code.startswith(("08", "57P01")):
        return "The database does not answer. Check DATABASE_URL." if isinstance(error, OperationalError) else ""
    return next((text for begin, text in _MENDED.items() if code.startswith(begin)), "")
