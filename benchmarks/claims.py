"""What taking and owing a job cost while many rows are in a pause: `python benchmarks/claims.py [--paused 19000]`.

Services of its own. An outage leaves so many rows that wait for their next try. Prints JSON: how long a `claim_next`
and an `add` take in a queue with a single row, the same with the paused rows before it, and their ratios. Of many runs
the twentieth part that was quickest counts, so that what else the machine does says little. Ends with 1 if taking a
job costs more than TARGET times what it does without them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import text
from sqlalchemy.orm import Session

from contest import outbox, schema
from contest.db import Database
from contest.embedded import Embedded

TARGET = 3.0
_TIMES = 200


def _claim(session: Session) -> None:
    assert outbox.claim_next(session, "previews", timedelta(seconds=30)) is not None


def _add(session: Session) -> None:
    outbox.add(session, "make_previews", queue="previews", share=uuid.uuid4(), file_id="x")
    session.flush()


def quick_ms(database: Database, act: Callable[[Session], None]) -> float:
    taken = []
    for _ in range(_TIMES):
        with database.unit_of_work() as session:
            session.execute(text("SELECT 1"))  # the connection is begun
            began = perf_counter()
            act(session)
            taken.append(1000 * (perf_counter() - began))
            session.rollback()
    return statistics.quantiles(taken, n=20)[0]


def both(database: Database) -> dict[str, float]:
    return {name: quick_ms(database, act) for name, act in (("claim_ms", _claim), ("add_ms", _add))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paused", type=int, default=19_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="contest-claims-") as folder:
        services = Embedded(Path(folder), throwaway=True)
        url = services.start().database_url
        try:
            schema.migrate(url)
            database = Database(url, pool=1)
            with database.unit_of_work() as session:
                outbox.add(session, "make_previews", queue="previews", share=uuid.uuid4(), file_id="x")
            alone = both(database)
            with database.unit_of_work() as session:
                session.execute(
                    text(
                        "INSERT INTO outbox (job, queue, args, share, turn, not_before) SELECT 'make_previews',"
                        " 'previews', '{}', gen_random_uuid(), each, clock_timestamp() + interval '1 hour'"
                        " FROM generate_series(1, :count) AS each"
                    ),
                    {"count": chosen.paused},
                )
                session.execute(
                    text("UPDATE outbox SET turn = :last WHERE not_before < clock_timestamp()"),
                    {"last": chosen.paused + 1},
                )
                session.execute(text("ANALYZE outbox"))
            paused = both(database)
            database.close()
        finally:
            services.stop()
    ratios = {name.replace("_ms", "_ratio"): round(paused[name] / alone[name], 2) for name in alone}
    print(json.dumps({"paused_rows": chosen.paused, "alone": alone, "paused": paused, **ratios}, indent=2))
    return 0 if ratios["claim_ratio"] <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
