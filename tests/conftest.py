"""Fixtures: real PostgreSQL, Valkey and SeaweedFS, started once; a clean database for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from contest import create_app, jobs, outbox, schema
from contest.db import Database
from contest.embedded import Addresses, Embedded
from contest.models import Base, OutboxItem
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pages import Pages

ORIGIN = "http://localhost:5000"
_running: dict[str, Any] = {}


def _start() -> Addresses:
    """Start the services in memory where the host has room for it."""
    shm = Path("/dev/shm")
    roomy = shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 1 << 30
    folder = Path(tempfile.mkdtemp(prefix="contest-test-", dir=shm if roomy else None))
    services = Embedded(folder, throwaway=True)
    _running["services"], _running["folder"] = services, folder
    addresses = services.start()
    return addresses


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives a real browser")
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        return
    _running["addresses"] = _start()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their argument: archives hold the time, and both workers must collect the same names."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["addresses"] = _running["addresses"].__dict__


def pytest_unconfigure(config: pytest.Config) -> None:
    services = _running.pop("services", None)
    if services is not None:
        services.stop()
        shutil.rmtree(_running.pop("folder"), ignore_errors=True)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    given = getattr(request.config, "workerinput", None)
    return given["workerid"] if given else "main"


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> Addresses:
    given = getattr(request.config, "workerinput", None)
    if given:
        return Addresses(**given["addresses"])
    if "addresses" not in _running:
        _running["addresses"] = _start()
    return _running["addresses"]


@pytest.fixture(scope="session")
def database_url(addresses: Addresses, worker_id: str) -> str:
    """A migrated database of this worker's own."""
    name = f"t_{worker_id}"
    engine = create_engine(addresses.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)
    schema.migrate(url)
    return url


@pytest.fixture(scope="session")
def settings(addresses: Addresses, database_url: str, worker_id: str) -> Settings:
    number = 0 if worker_id == "main" else 1 + int(worker_id.removeprefix("gw"))
    redis_url = addresses.redis_url
    redis_url = redis_url.rsplit("/", 1)[0] + f"/{number}" if redis_url.startswith("redis") else redis_url
    return Settings(
        contest_env="test",
        secret_key="test-key-of-thirty-two-characters!!",
        base_url=ORIGIN,
        database_url=database_url,
        redis_url=redis_url,
        s3_endpoint=addresses.s3_endpoint,
        s3_access_key=addresses.s3_access_key,
        s3_secret_key=addresses.s3_secret_key,
        s3_bucket=f"test-{worker_id}",
        rate_limits=False,
        log_level="ERROR",
        database_pool=20,
    )


@pytest.fixture(scope="session")
def storage(settings: Settings) -> Storage:
    made = Storage.from_settings(settings)
    made.prepare([ORIGIN])
    return made


@pytest.fixture(scope="session")
def _database(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database_url, pool=20)
    yield made
    made.close()


@pytest.fixture
def database(_database: Database) -> Iterator[Database]:
    """The worker's database; every row that the test committed is removed after it."""
    yield _database
    for last in (False, False, True):
        # A page that was closed may still have sent its last words: the server's act and the cleaning can deadlock.
        try:
            _clean(_database)
            return
        except OperationalError:
            if last:
                raise


def _clean(database: Database) -> None:
    with database.engine.begin() as connection:
        # Triggers that guard sealed rows rest for the cleaning; nothing else may do this.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def session(database: Database, settings: Settings) -> Iterator[Session]:
    """A session for arranging and asserting. `session.commit()` makes rows visible to the application."""
    with database.sessions() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def make(session: Session, settings: Settings) -> Make:
    return Make(session, settings)


@pytest.fixture(scope="session")
def _app(settings: Settings, storage: Storage) -> Iterator[Any]:
    made = create_app(settings)
    yield made
    made.extensions["contest.db"].close()


@pytest.fixture
def app(_app: Any, database: Database) -> Any:
    return _app


@pytest.fixture
def pages(app: Any, session: Session) -> Pages:
    """A browser without JavaScript that checks every page it is shown. `pages.as_(account)` for others."""
    return Pages(app, session)


@pytest.fixture
def run_jobs(database: Database, settings: Settings, storage: Storage) -> Callable[[], list[str]]:
    """Do everything that is owed now, in this process; returns the names of the jobs done."""

    def run() -> list[str]:
        done: list[str] = []
        while True:
            with database.reading() as reading:
                owed = reading.execute(
                    select(OutboxItem.id, OutboxItem.job)
                    .where(
                        OutboxItem.done_at.is_(None),
                        OutboxItem.failed_at.is_(None),
                        OutboxItem.lease_until.is_(None),
                        OutboxItem.not_before <= text("clock_timestamp()"),
                    )
                    .order_by(OutboxItem.id)
                ).all()
            if not owed:
                return done
            for item_id, name in owed:
                if jobs.perform(item_id, settings) == "done":
                    done.append(name)

    return run


@pytest.fixture
def queue_server(settings: Settings) -> Iterator[outbox.QueueServer]:
    server = outbox.QueueServer(settings.redis_url)
    server.connection.flushdb()
    yield server
    server.connection.flushdb()
