"""How long a tally takes, against the floor of fetching the scores: `python benchmarks/tally.py`.

10,000 entries × 10 judges × 6 criteria = 600,000 scores, made with plain SQL in a throw-away PostgreSQL
(or with `--database URL` in an empty, migrated database of your own, which is left filled). In the same
run, alternately and several times: (a) the floor, a plain psycopg cursor that fetches every score;
(b) the whole `results.make_tally`: counting, digests, ranking, storing the tally and its 10,000 standings.
The tally is rolled back after each time. Prints JSON; `ratio` is the median of (b) over that of (a).

There is no one floor: psycopg makes a Python object of every UUID, which costs more than the fetching.
`floor` is a cursor as anyone would write it; `floor_text` asks the server for the ids as text.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("CONTEST_ENV", "development")

import psycopg
from sqlalchemy import text

from contest import schema
from contest.db import Database
from contest.embedded import Embedded
from contest.services import results

ENTRIES, JUDGES_PER_ENTRY, CRITERIA, JUDGES = 10_000, 10, 6, 300
TARGET = 0.3

FILL = (
    "SET session_replication_role = replica",
    """INSERT INTO account (id, email, email_key, name)
       SELECT gen_random_uuid(), 'a' || i, 'a' || i, 'Person ' || i FROM generate_series(1, %(people)s) i""",
    """INSERT INTO contest (id, slug, title, created_by, opens_at, closes_at, announced_at)
       SELECT %(contest)s, 'benchmark', '{"en": "Benchmark"}', id, now() - interval '9 d', now() - interval '2 d',
              now() - interval '9 d' FROM account LIMIT 1""",
    """INSERT INTO round (id, contest_id, state, judges_per_entry, opened_at, closed_at)
       VALUES (%(round)s, %(contest)s, 'closed', %(each)s, now(), now())""",
    """INSERT INTO criterion (id, round_id, key, name, weight, points, levels, position)
       SELECT gen_random_uuid(), %(round)s, 'c' || i, '{}', CASE WHEN i = 1 THEN 250 ELSE 150 END, 5,
              '[{}, {}, {}, {}, {}]', i FROM generate_series(1, %(criteria)s) i""",
    """INSERT INTO entry (id, contest_id, account_id, number, state, submitted_at, title)
       SELECT gen_random_uuid(), %(contest)s, id, n, 'submitted', now(), 'Entry ' || n
       FROM (SELECT id, row_number() OVER () AS n FROM account) a WHERE n <= %(entries)s""",
    """INSERT INTO revision (id, entry_id, number, sealed_at, title, statement, declaration, credit)
       SELECT gen_random_uuid(), id, 1, now(), title, '', '', '' FROM entry""",
    """INSERT INTO assignment (id, round_id, entry_id, judge_id, code, position)
       SELECT gen_random_uuid(), %(round)s, e.id, j.id, 'B-' || e.number || '-' || k, e.number
       FROM entry e CROSS JOIN generate_series(0, %(each)s - 1) k
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM account ORDER BY id LIMIT %(judges)s) j
         ON j.n = (e.number * 7 + k * 31) %% %(judges)s""",
    """INSERT INTO scorecard (id, assignment_id, round_id, entry_id, judge_id, revision_id, state, total, updated_at,
                              submitted_at)
       SELECT gen_random_uuid(), a.id, a.round_id, a.entry_id, a.judge_id, r.id, 'submitted', 0, now(), now()
       FROM assignment a JOIN revision r ON r.entry_id = a.entry_id""",
    """INSERT INTO score (scorecard_id, criterion_id, points)
       SELECT s.id, c.id, 1 + (random() * 4)::int FROM scorecard s CROSS JOIN criterion c""",
    # The totals are those of the scores, in the unit of contest.scoring.rubric.
    """UPDATE scorecard SET total = given.total
       FROM (SELECT s.scorecard_id, sum(c.weight * s.points * (2520 / c.points)) AS total
             FROM score s JOIN criterion c ON c.id = s.criterion_id GROUP BY s.scorecard_id) given
       WHERE given.scorecard_id = scorecard.id""",
    "SET session_replication_role = origin",
)


def fill(url: str, values: dict[str, Any]) -> None:
    with psycopg.connect(url) as connection:
        for statement in FILL:
            connection.execute(statement, values if "%(" in statement else None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM FULL scorecard")
        connection.execute("VACUUM ANALYZE")


def clocked(act: Callable[[], Any]) -> float:
    """Seconds that an act takes, with the garbage of the one before collected first."""
    gc.collect()
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(sqlalchemy_url: str, round_id: uuid.UUID, account_id: uuid.UUID, repeats: int) -> dict[str, Any]:
    database = Database(sqlalchemy_url, pool=1)
    plain = psycopg.connect(sqlalchemy_url.replace("+psycopg", ""))
    wanted = ENTRIES * JUDGES_PER_ENTRY * CRITERIA
    outcome: dict[str, Any] = {}

    def floor(ids: str) -> None:
        rows = plain.execute(f"SELECT {ids}, points FROM score").fetchall()
        assert len(rows) == wanted
        plain.rollback()

    def group() -> None:
        plain.execute("SELECT entry_id, sum(total), count(*) FROM scorecard GROUP BY entry_id").fetchall()
        plain.rollback()

    def tally() -> None:
        with database.sessions() as session:
            made = results.make_tally(session, round_id, account_id)
            session.flush()
            assert made is not None
            stored = session.execute(text("SELECT count(*) FROM standing WHERE tally_id = :id"), {"id": made.id})
            outcome.update(
                entries=stored.scalar_one(),
                scorecards=made.n_scorecards,
                judges=made.n_judges,
                input_digest=made.input_digest,
                result_digest=made.result_digest,
            )
            session.rollback()

    acts: dict[str, Callable[[], None]] = {
        "floor": lambda: floor("scorecard_id, criterion_id"),
        "floor_text": lambda: floor("scorecard_id::text, criterion_id::text"),
        "group_by": group,
        "tally": tally,
    }
    times: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        act()
    digests = set()
    for _ in range(repeats):
        for name, act in acts.items():
            times[name].append(clocked(act))
        digests.add((outcome["input_digest"], outcome["result_digest"]))
    assert len(digests) == 1, "the same input gave two results"
    plain.close()
    database.close()
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "scores": wanted,
        "repeats": repeats,
        "machine": f"{os.cpu_count()} CPUs, Python {platform.python_version()}",
        "seconds": {name: round(taken, 4) for name, taken in medians.items()},
        "fastest": {name: round(min(taken), 4) for name, taken in times.items()},
        "slowest": {name: round(max(taken), 4) for name, taken in times.items()},
        "ratio": round(medians["tally"] / medians["floor"], 3),
        "ratio_to_floor_text": round(medians["tally"] / medians["floor_text"], 3),
        "target": TARGET,
        "outcome": outcome,
    }


@contextlib.contextmanager
def throwaway() -> Iterator[str]:
    """A PostgreSQL of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="contest-bench-"))
    try:
        with Embedded(folder, throwaway=True) as services:
            yield services.start().database_url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a tally of 600,000 scores against fetching them.")
    parser.add_argument("--database", help="SQLAlchemy URL of an empty database, instead of a throw-away one")
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    with contextlib.nullcontext(chosen.database) if chosen.database else throwaway() as url:
        schema.migrate(url)
        ids = {"contest": uuid.uuid4(), "round": uuid.uuid4()}
        plain_url = url.replace("+psycopg", "")
        fill(
            plain_url,
            {
                **ids,
                "entries": ENTRIES,
                "people": ENTRIES + JUDGES,
                "each": JUDGES_PER_ENTRY,
                "criteria": CRITERIA,
                "judges": JUDGES,
            },
        )
        with psycopg.connect(plain_url) as connection:
            found = connection.execute("SELECT created_by FROM contest WHERE id = %s", [ids["contest"]]).fetchone()
        assert found is not None
        measured = measure(url, ids["round"], found[0], chosen.repeats)
    print(json.dumps(measured, indent=2))
    return 0 if measured["ratio"] <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
