"""What pages cost against a bare Flask page with as many rows: `python benchmarks/pages.py`.

A published contest with 8 winners among 40 entries and a contest in judging with 40 entries per judge,
on throw-away embedded services. The application and the floor run under gunicorn (2 workers, 4 threads)
side by side and are asked in turn, over one kept connection each, so that the machine's moods hit both.
Prints JSON: medians in ms, their ratio, and SQL statements per page, counted with 10 and with 40 entries.
Targets: ratio ≤ 8, statements ≤ 12 and the same for both sizes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psycopg
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import Engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from contest import create_app, db, schema
from contest.embedded import Embedded
from contest.models import Account, Assignment, Contest
from contest.services import accounts, awards, publications, results, rounds
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make, both

RATIO, STATEMENTS = 8.0, 12


def fill(session: Session, settings: Settings, *, slug: str, entries: int, winners: int) -> tuple[Account, str]:
    """A contest in judging with one judge on every entry, and a published one; returns the judge and a code."""
    make = Make(session, settings)
    organiser, publisher, judge = (make.account(name, is_staff=name == "O") for name in ("O", "P", "J"))
    judged = make.contest("judging", organiser=organiser, slug=f"{slug}-judged")
    make.member(judged, "judge", judge)
    make.open_round(judged)
    for number in range(entries):
        card = make.assignment(make.entry(judged), judge)
        if number % 2:
            make.scorecard(card, [3, 4, 5])
    code = session.scalars(
        select(Assignment.code).where(Assignment.judge_id == judge.id).order_by(Assignment.position)
    ).first()
    done = make.contest("judging", organiser=organiser, slug=f"{slug}-done", judges_per_entry=1)
    make.member(done, "publisher", publisher)
    make.open_round(done)
    entered = [make.entry(done) for _ in range(entries)]
    for number, entry in enumerate(entered):
        make.scorecard(make.assignment(entry, judge), [1 + number % 5, 3, 4])
    done.prizes[1].quantity = max(2, winners - 1)
    session.flush()
    rounds.close_round(session, make.actor(organiser), done.slug)
    session.flush()
    results.make_tally(session, done.round.id, organiser.id)
    session.flush()
    picks = [
        awards.Pick("first" if place == 0 else "second", entry.number, both("Clear and kind."))
        for place, entry in enumerate(entered[:winners])
    ]
    awards.propose(session, make.actor(organiser), done.slug, picks)
    draft = publications.propose(session, make.actor(organiser), done.slug)
    session.flush()
    actor = make.actor(publisher)
    publications.approve(session, actor, done.slug, draft.number, digest=draft.digest)
    publications.publish(session, actor, done.slug, draft.number, digest=draft.digest)
    db.commit(session)
    return judge, str(code)


class Client:
    """One kept connection to one server."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Host": f"localhost:{port}", "Cookie": cookie, "Accept": "text/html"}

    def ask(
        self, method: str, path: str, body: str = "", wanted: tuple[int, ...] = (200,), **headers: str
    ) -> tuple[float, str]:
        """Seconds until the whole answer, and the answer."""
        began = time.perf_counter()
        self.connection.request(method, path, body or None, {**self.headers, **headers})
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        took = time.perf_counter() - began
        if answer.status not in wanted:
            raise SystemExit(f"{method} {path}: {answer.status}\n{text[:500]}")
        return took, text


@contextmanager
def gunicorn(target: str, port: int, environment: dict[str, str], ready: str) -> Iterator[None]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            target,
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "2",
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--log-level",
            "error",
        ],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}{ready}", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def count_statements(settings: Settings, requests: dict[str, tuple[str, Account | None]]) -> dict[str, int]:
    """SQL statements of each page, counted at the driver in this process; the second asking, warm."""
    app = create_app(settings)
    counted: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted.append(statement)

    found = {}
    database = db.Database(settings.database_url, pool=0)
    for name, (path, account) in requests.items():
        client = app.test_client()
        if account is not None:
            with database.unit_of_work() as session:
                token = accounts.start_session(session, account, address="", agent="")
            with client.session_transaction() as cookie:
                cookie["_user_id"], cookie["_fresh"] = token, True
        for _ in range(2):
            counted.clear()
            answer = client.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code}")
        found[name] = len(counted)
    event.remove(Engine, "before_cursor_execute", note)
    app.extensions["contest.db"].close()
    return found


def prepare_floor(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE floor_row (number int PRIMARY KEY, title text, name text, state text, score int)"
        )
        connection.execute(
            "INSERT INTO floor_row"
            " SELECT n, 'Entry number ' || n, 'Person ' || n, 'submitted', n FROM generate_series(1, 1000) n"
        )


def measure(ours: Any, floor: Any, times: int) -> dict[str, float]:
    """Ask both in turn; medians in ms and their ratio."""
    for _ in range(10):
        ours(), floor()
    pairs = [(ours(), floor()) for _ in range(times)]
    mine, bare = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    return {"ms": round(mine, 2), "floor_ms": round(bare, 2), "ratio": round(mine / bare, 2)}


def run(times: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="contest-bench-"))
    embedded = Embedded(folder)
    try:
        addresses = embedded.start()
        port, floor_port = embedded.port("web"), embedded.port("floor")
        settings = Settings(
            contest_env="test",
            secret_key="benchmark-key-of-thirty-two-chars!",
            base_url=f"http://localhost:{port}",
            database_url=addresses.database_url,
            redis_url=addresses.redis_url,
            s3_endpoint=addresses.s3_endpoint,
            s3_access_key=addresses.s3_access_key,
            s3_secret_key=addresses.s3_secret_key,
            s3_bucket=addresses.s3_bucket,
            log_level="ERROR",
        )
        schema.migrate(settings.database_url)
        Storage.from_settings(settings).prepare([settings.base_url])
        plain = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        prepare_floor(plain)
        database = db.Database(settings.database_url)
        with database.unit_of_work() as session:
            small_judge, small_code = fill(session, settings, slug="small", entries=10, winners=8)
            judge, code = fill(session, settings, slug="large", entries=40, winners=8)
        few = count_statements(settings, requests_of("small", small_judge, small_code))
        many = count_statements(settings, requests_of("large", judge, code))
        environment = os.environ | {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
        environment |= {"FLOOR_DATABASE_URL": plain, "PYTHONPATH": str(ROOT)}
        with (
            gunicorn("contest:create_app()", port, environment, "/healthz"),
            gunicorn("benchmarks.floor:app", floor_port, environment, "/rows/1"),
        ):
            pages = time_pages(settings, database, judge, code, port, floor_port, times)
        for name in many:
            pages[name] |= {"statements": many[name], "constant": few[name] == many[name]}
        database.close()
        return pages
    finally:
        embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


def requests_of(slug: str, judge: Account, code: str) -> dict[str, tuple[str, Account | None]]:
    return {
        "gallery": (f"/en/contests/{slug}-done/winners", None),
        "queue": (f"/judge/{slug}-judged", judge),
        "sheet": (f"/judge/{slug}-judged/{code}", judge),
    }


def time_pages(
    settings: Settings, database: db.Database, judge: Account, code: str, port: int, floor_port: int, times: int
) -> dict[str, dict[str, Any]]:
    with database.unit_of_work() as session:
        token = accounts.start_session(session, session.get_one(Account, judge.id), address="", agent="")
        criteria = session.scalars(select(Contest).where(Contest.slug == "large-judged")).one().round.criteria
        keys = [criterion.key for criterion in criteria]
    app = create_app(settings)
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    ours, bare = Client(port), Client(floor_port)
    held = {"_user_id": token, "_fresh": True, "_permanent": True, "csrf_token": "b" * 40}
    signed = Client(port, f"session={serializer.dumps(held)}")
    found: dict[str, dict[str, Any]] = {}
    for name, (path, account) in requests_of("large", judge, code).items():
        client = signed if account else ours
        html = client.ask("GET", path)[1]
        rows = {"gallery": 8, "queue": html.count('class="code"'), "sheet": len(re.findall(r'type="radio"', html))}[
            name
        ]
        found[name] = {"rows": rows} | measure(
            lambda client=client, path=path: client.ask("GET", path)[0],
            lambda rows=rows: bare.ask("GET", f"/rows/{rows}")[0],
            times,
        )
    path = f"/judge/large-judged/{code}"
    html = signed.ask("GET", path)[1]
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert csrf
    state = {"version": 0, "level": 1}

    def save() -> float:
        state["level"] = state["level"] % 5 + 1
        body = {"version": state["version"], "levels": dict.fromkeys(keys, state["level"]), "note": "", "comment": ""}
        took, answer = signed.ask(
            "POST",
            path,
            json.dumps(body),
            **{"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": csrf[1]},
        )
        state["version"] = json.loads(answer)["version"]
        return took

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    found["save"] = {"rows": len(keys)} | measure(
        save, lambda: bare.ask("POST", f"/save/{len(keys)}", "score=4", (204,), **form)[0], times
    )
    app.extensions["contest.db"].close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200, help="askings of each page (default 200)")
    chosen = parser.parse_args()
    pages = run(chosen.times)
    kept = all(page["ratio"] <= RATIO for page in pages.values()) and all(
        page.get("statements", 0) <= STATEMENTS and page.get("constant", True) for page in pages.values()
    )
    print(
        json.dumps(
            {
                "pages": pages,
                "targets": {"ratio": RATIO, "statements": STATEMENTS},
                "kept": kept,
                "python": platform.python_version(),
                "cores": os.cpu_count(),
            },
            indent=1,
        )
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
