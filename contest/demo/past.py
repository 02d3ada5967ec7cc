"""A database whose clock stands in the past: so that the demo's weeks pass in a minute.

The services ask the database for the time. Here `clock_timestamp()` is found in a schema of our own
first, which answers with a moment that we set. Only the demo's own connections see that schema, and
it goes when the demo is filled. Embedded databases only: it needs a superuser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from contest import db, jobs
from contest.models import Base

_CREATE = """
CREATE SCHEMA IF NOT EXISTS demo_past;
CREATE OR REPLACE FUNCTION demo_past.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT current_setting('demo.now')::timestamptz
        + (pg_catalog.clock_timestamp() - current_setting('demo.since')::timestamptz)
$$;
"""


class PastDatabase(db.Database):
    """A Database whose sessions live at a moment that `at` sets."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, poolclass=NullPool)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._now: datetime | None = None
        with self.engine.begin() as connection:
            connection.execute(text(_CREATE))
        event.listen(self.engine, "connect", self._enter)

    def _enter(self, connection: object, _record: object) -> None:
        assert self._now is not None, "set a moment with `at` first"
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("SET search_path TO demo_past, pg_catalog, public")
            cursor.execute("SELECT set_config('demo.now', %s, false)", [self._now.isoformat()])
            cursor.execute("SELECT set_config('demo.since', pg_catalog.clock_timestamp()::text, false)")
        connection.commit()  # type: ignore[attr-defined]

    @contextmanager
    def at(self, moment: datetime) -> Iterator[Session]:
        """One unit of work at that moment."""
        self._now = moment
        with self.again() as session:
            yield session

    @contextmanager
    def again(self) -> Iterator[Session]:
        """One more unit of work at the moment that was set last."""
        with self.unit_of_work() as session:
            yield session
            session.flush()
            _date_back(session)

    def close(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA demo_past CASCADE"))
        self.engine.dispose()


class PastWork(jobs.Work):
    """A job's work at the moment of its act; its default times are dated back too."""

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        assert isinstance(self.database, PastDatabase)
        with self.database.again() as session:
            yield session


def _date_back(session: Session) -> None:
    """Columns that default to the clock were filled by the real one: give this unit's rows its moment."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    since = "current_setting('demo.since')::timestamptz"
    for table in Base.metadata.sorted_tables:
        columns = [column.name for column in table.columns if "clock_timestamp" in str(_default(column))]
        for name in columns:
            session.execute(
                text(
                    f'UPDATE "{table.name}" SET "{name}" = clock_timestamp() WHERE "{name}" >= {since}'  # noqa: S608
                )
            )
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.expire_all()


def _default(column: object) -> object:
    given = getattr(column, "server_default", None)
    return getattr(given, "arg", "")
