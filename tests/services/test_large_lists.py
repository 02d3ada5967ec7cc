"""Lists of a contest with 10,000 entries: the same few statements as of a small one, and quick enough for a table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from contest.db import Database
from contest.models import Contest
from contest.services import admissions, progress
from contest.services.listing import read
from contest.vocabulary import Role
from tests.factories import Make

#: Seconds for one page of a list of 10,000, on a busy machine; unindexed subqueries would take minutes.
QUICK = 10.0


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def contest(make: Make, session: Session) -> Contest:
    """10,000 submitted entries with a revision each, and a judge on every one."""
    made = make.contest("judging", judges_per_entry=1)
    judge = make.member(made, Role.JUDGE)
    make.open_round(made)
    values = {"contest": made.id, "category": made.categories[0].id, "round": made.round.id, "judge": judge.id}
    for statement in (
        "INSERT INTO account (id, email, email_key, name) SELECT gen_random_uuid(), 'e' || n || '@example.org',"
        " 'e' || n || '@example.org', 'Entrant ' || n FROM generate_series(1, 10000) n",
        "INSERT INTO entry (id, contest_id, account_id, category_id, number, state, title, submitted_at)"
        " SELECT gen_random_uuid(), :contest, id, :category, 100000 + row_number() OVER (ORDER BY id), 'submitted',"
        " 'Work ' || name, now() FROM account WHERE name LIKE 'Entrant %' AND email_key LIKE 'e%@example.org'",
        "INSERT INTO revision (id, entry_id, number, sealed_at, title, statement, declaration, credit)"
        " SELECT gen_random_uuid(), id, 1, now(), title, '', '', '' FROM entry WHERE contest_id = :contest",
        "INSERT INTO assignment (id, round_id, entry_id, judge_id, position, code)"
        " SELECT gen_random_uuid(), :round, id, :judge, row_number() OVER (), 'B-' || number"
        " FROM entry WHERE contest_id = :contest",
        "ANALYZE entry, revision, assignment, account",
    ):
        session.execute(text(statement), values)
    session.commit()
    return made


def test_one_page_of_ten_thousand(database: Database, contest: Contest) -> None:
    for sort in ("number", "-title", "entrant", "-sealed"):
        for words in ("", "work"):
            asked = {"sort": sort, "q": words, "page": "200"}
            with database.reading() as reading, _statements(database) as seen:
                found = reading.get_one(Contest, contest.id)
                assert found.round
                seen.clear()
                begun = time.monotonic()
                listing, rows = admissions.listed(reading, found, read(asked, sorts=admissions.SORTS))
                took = time.monotonic() - begun
            assert (listing.total, listing.page, len(rows), len(seen)) == (10_000, 200, 50, 2)
            assert took < QUICK, f"{asked}: {took:.1f} s"


def test_one_page_of_the_matrix(database: Database, contest: Contest) -> None:
    for sort in progress.ENTRY_SORTS:
        with database.reading() as reading, _statements(database) as seen:
            found = reading.get_one(Contest, contest.id)
            assert found.round
            seen.clear()
            begun = time.monotonic()
            listing, rows = progress.entries(reading, found, read({"sort": sort}, sorts=progress.ENTRY_SORTS))
            took = time.monotonic() - begun
        assert (listing.total, len(rows), len(seen), len(rows[0].cells)) == (10_000, 50, 3, 1)
        assert took < QUICK, f"{sort}: {took:.1f} s"
