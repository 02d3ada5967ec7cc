"""Everything is killed at once, services and workers, while previews and mail are under way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from contest import outbox, schema
from contest.db import Database
from contest.embedded import Embedded
from contest.models import EntryFile, MailMessage, OutboxItem, Preview
from contest.services import codes
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import CodePurpose
from tests.factories import Make
from tests.pictures import noise
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    """Services of this test's own: what it kills is nobody else's."""
    made = Embedded(tmp_path / "data")
    yield made
    made.stop()


def _settings(embedded: Embedded) -> Settings:
    addresses = embedded.start()
    made = Settings(
        contest_env="test",
        secret_key="power-cut-key-of-thirty-two-chars!!",
        base_url="http://localhost:5000",
        database_url=addresses.database_url,
        redis_url=addresses.redis_url,
        s3_endpoint=addresses.s3_endpoint,
        s3_access_key=addresses.s3_access_key,
        s3_secret_key=addresses.s3_secret_key,
        s3_bucket=addresses.s3_bucket,
        log_level="ERROR",
    )
    schema.migrate(made.database_url)
    return made


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = kept | {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
    return subprocess.Popen([sys.executable, str(ROOT / "worker.py")], env=environment, cwd=ROOT)


def _count(database: Database, *conditions: object) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(OutboxItem).where(*conditions)) or 0  # type: ignore[arg-type]


def test_what_was_acknowledged_survives_and_what_is_owed_arrives(embedded: Embedded) -> None:
    settings = _settings(embedded)
    storage = Storage.from_settings(settings)
    database = Database(settings.database_url, pool=0)
    picture = noise(2000, 1500)
    with outbox.unit_of_work(database, outbox.QueueServer(settings.redis_url)) as session:
        make = Make(session, settings)
        entry = make.entry(make.contest(), state="draft", files=0)
        for _ in range(3):
            row = make.file(entry, body=picture, storage=storage, previews=False, preview_state="pending")
            outbox.add(session, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))
        people = [make.account().email for _ in range(3)]
        session.flush()
        for address in people:
            codes.request_code(session, email=address, purpose=CodePurpose.SIGN_IN, locale="en")
    worker = _worker(settings)
    try:
        until(lambda: _count(database, OutboxItem.job == "make_previews", OutboxItem.lease_until.is_not(None)) > 0, 30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(5)
    database.close()
    for child in json.loads((embedded.data / "pids.json").read_text("utf-8"))["children"]:
        os.kill(child["pid"], signal.SIGKILL)
    embedded.stop()

    settings = _settings(embedded)
    database = Database(settings.database_url, pool=0)
    worker = _worker(settings)
    try:
        until(lambda: _count(database, OutboxItem.done_at.is_(None)) == 0, 120)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(10)

    with database.reading() as session:
        assert set(session.scalars(select(EntryFile.preview_state))) == {"ready"}
        assert len(session.scalars(select(Preview.key)).all()) == 9
        assert sorted(session.scalars(select(MailMessage.address))) == sorted(people)
        for key in session.scalars(select(EntryFile.key)):
            assert storage.read(key) == picture
    database.close()
