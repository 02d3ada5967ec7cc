"""A tally that takes seconds is counted before the round is locked, and never of scores that changed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from contest.db import Database
from contest.models import Account, Contest, Scorecard, Standing, Tally
from contest.services import results
from tests.factories import Make
from tests.services.scored import judged_contest, scattered

Judged = tuple[Contest, Account, list[Account]]


@pytest.fixture
def closed(session: Session, make: Make) -> Contest:
    """A contest whose scores are closed, by a method that the database cannot add up and that always has a note."""
    contest, _, judges = judged_contest(make)
    scattered(make, contest, judges, entries=6)
    contest.round.method = "borda"
    make.close_round(contest)
    session.commit()
    return contest


def tallied(database: Database, contest: Contest, between: Any) -> list[str]:
    """Make the tally; what it did, in order: "outcome", "lock". `between` runs before it takes the lock."""
    told: list[str] = []

    def watch(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said = " ".join(statement.split())
        if said.startswith("SELECT entry.id, entry.number FROM entry"):
            # The names for the notes: the method has come to its end.
            told.append("outcome")
        elif said.startswith("SELECT round") and said.endswith("FOR UPDATE") and "lock" not in told:
            between()
            told.append("lock")

    with database.unit_of_work() as own:
        # Only this connection: what happens between is another's.
        event.listen(own.connection(), "before_cursor_execute", watch)
        results.make_tally(own, contest.round.id, contest.created_by)
    return told


def standings(session: Session) -> list[Any]:
    session.expire_all()
    made = session.scalars(select(Tally)).one()
    return list(
        session.execute(
            select(Standing.entry_id, Standing.rank, Standing.score, Standing.numerator).where(
                Standing.tally_id == made.id
            )
        )
    )


def test_the_round_is_free_while_the_method_counts(database: Database, closed: Contest) -> None:
    def lockable() -> None:
        with database.unit_of_work() as other:
            other.execute(text("SELECT FROM round WHERE id = :id FOR UPDATE NOWAIT"), {"id": closed.round.id})

    assert tallied(database, closed, lockable) == ["outcome", "lock"]


def test_what_changed_before_the_lock_is_counted_anew(
    session: Session, make: Make, database: Database, closed: Contest
) -> None:
    card = session.scalars(select(Scorecard).order_by(Scorecard.total).limit(1)).one()
    best = max(total or 0 for total in session.scalars(select(Scorecard.total)))

    def change() -> None:
        with database.unit_of_work() as other:
            other.execute(text("UPDATE scorecard SET total = :best WHERE id = :id"), {"best": best, "id": card.id})

    told = tallied(database, closed, change)

    assert told == ["outcome", "lock", "outcome"]
    raced = standings(session)
    for table in ("standing", "tally"):
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(f"DELETE FROM {table}"))
    session.commit()
    assert tallied(database, closed, lambda: None) == ["outcome", "lock"]
    assert sorted(map(tuple, standings(session))) == sorted(map(tuple, raced))


def test_a_round_reopened_before_the_lock_gets_no_tally(session: Session, database: Database, closed: Contest) -> None:
    def reopen() -> None:
        with database.unit_of_work() as other:
            other.execute(
                text("UPDATE round SET state = 'open', closed_at = NULL WHERE id = :id"), {"id": closed.round.id}
            )

    tallied(database, closed, reopen)

    assert session.scalars(select(Tally)).all() == []
