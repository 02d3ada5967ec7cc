"""What it costs to compare one file with all others: `python benchmarks/similar.py`.

10,000 entries with five pages each = 50,000 pages with hashes at random, made with plain SQL in a throw-away
PostgreSQL. In the same run, alternately: (a) the floor, the database reading every page's hashes once;
(b) the whole job for a file of one page, of five and of sixty. Prints JSON; `ratio` is (b) over (a).
"""

from __future__ import annotations

import json
import statistics
import sys
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg
from sqlalchemy import text

from benchmarks.tally import clocked, throwaway
from contest import schema
from contest.db import Database
from contest.services import similar

ENTRIES, PAGES = 10_000, 5
REPEATS = 5

FILL = (
    "SET session_replication_role = replica",
    """INSERT INTO account (id, email, email_key, name)
       SELECT gen_random_uuid(), 'a' || i, 'a' || i, 'Person ' || i FROM generate_series(1, %(entries)s) i""",
    """INSERT INTO contest (id, slug, title, created_by, opens_at, closes_at, announced_at)
       SELECT %(contest)s, 'benchmark', '{"en": "Benchmark"}', id, now() - interval '9 d', now() - interval '2 d',
              now() - interval '9 d' FROM account LIMIT 1""",
    """INSERT INTO entry (id, contest_id, account_id, number, state, submitted_at, title)
       SELECT gen_random_uuid(), %(contest)s, id, row_number() OVER (), 'submitted', now(), 'Entry' FROM account""",
    """INSERT INTO entry_file (id, entry_id, deliverable_id, state, name, declared_size, staging_key, key, kind, size,
                               sha256, accepted_at, preview_state)
       SELECT gen_random_uuid(), id, %(contest)s, 'accepted', 'a.png', 9, 's' || number, 'k' || number, 'png', 9,
              decode(repeat('00', 32), 'hex'), now(), 'ready' FROM entry""",
    """INSERT INTO preview_page (file_id, page, label, number, width, height, turned, tiles)
       SELECT f.id, p, 'page', p, 9, 9,
              ARRAY(SELECT (random() * 9e18)::bigint + p * 0 FROM generate_series(1, 8)),
              ARRAY(SELECT (random() * 9e18)::bigint + p * 0 FROM generate_series(1, 9))
       FROM entry_file f CROSS JOIN generate_series(1, %(pages)s) p""",
    "SET session_replication_role = origin",
)


def measure(url: str) -> dict[str, Any]:
    database = Database(url, pool=1)
    with database.sessions() as session:
        ids = list(session.scalars(text("SELECT id FROM entry_file LIMIT 3")))
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DELETE FROM preview_page WHERE file_id = %s AND page > 1", [ids[0]])
        connection.execute(
            "INSERT INTO preview_page (file_id, page, label, number, width, height, turned, tiles)"
            " SELECT %s, n + 5, 'page', n, 9, 9, turned, tiles FROM (SELECT row_number() OVER () AS n, *"
            " FROM preview_page LIMIT 55) p",
            [ids[2]],
        )
        connection.execute("VACUUM ANALYZE")

    def floor() -> None:
        with database.sessions() as session:
            session.execute(text("SELECT sum(bit_count(turned[1]::bit(64))) FROM preview_page")).scalar_one()

    def job(file_id: uuid.UUID) -> None:
        with database.sessions() as session:
            similar.compare(session, file_id)
            session.rollback()

    acts = {"floor": floor, **{f"{n} pages": lambda at=at: job(ids[at]) for at, n in enumerate((1, 5, 60))}}
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(REPEATS):
        for name, act in acts.items():
            times[name].append(clocked(act))
    database.close()
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "pages": ENTRIES * PAGES,
        "seconds": {name: round(taken, 3) for name, taken in medians.items()},
        "ratio": {name: round(taken / medians["floor"], 1) for name, taken in medians.items()},
    }


def main() -> int:
    with throwaway() as url:
        schema.migrate(url)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            values = {"entries": ENTRIES, "pages": PAGES, "contest": uuid.uuid4()}
            for statement in FILL:
                connection.execute(statement, values if "%(" in statement else None)
        print(json.dumps(measure(url), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
