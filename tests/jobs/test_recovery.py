"""Nothing acknowledged is lost: the queue is emptied and workers are killed while they work.

Real worker processes, the real queue, the real store. What is owed stands in the database and
arrives after recovery, each effect once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest import outbox
from contest.db import Database
from contest.models import EntryFile, MailMessage, OutboxItem, Preview
from contest.services import codes
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import CodePurpose
from tests.factories import Make
from tests.pictures import noise
from tests.samples.video import film
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return (
        kept
        | {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
        | {"PYTHONPATH": str(ROOT)}
    )


def _children(pid: int) -> list[int]:
    """All processes below `pid`, by what the kernel says now."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children") if Path(f"/proc/{parent}").exists() else []:
            try:
                below = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            found += below
            todo += below
    return found


@pytest.fixture
def worker(
    settings: Settings, database: Database, queue_server: outbox.QueueServer
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, str(ROOT / "worker.py")], env=_environment(settings), cwd=ROOT)
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(10)


def _owed(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(OutboxItem.done_at.is_(None))) or 0


def _state(session: Session) -> Callable[[], object]:
    return lambda: session.execute(
        select(
            OutboxItem.job,
            OutboxItem.fence,
            OutboxItem.not_before,
            OutboxItem.lease_until,
            OutboxItem.failed_at,
            OutboxItem.error,
        ).where(OutboxItem.done_at.is_(None))
    ).all()


def test_flushed_queue_and_killed_workers_lose_nothing(
    worker: subprocess.Popen[bytes],
    database: Database,
    session: Session,
    make: Make,
    settings: Settings,
    storage: Storage,
    queue_server: outbox.QueueServer,
) -> None:
    contest = make.contest()
    entry = make.entry(contest, state="draft", files=0)
    picture = noise(2400, 1600)
    files = [make.file(entry, body=picture, storage=storage, previews=False, preview_state="pending") for _ in range(4)]
    moving = film("mov", "mjpeg", pixels="yuvj420p")
    video = make.file(entry, body=moving, storage=storage, kind="mov", previews=False, preview_state="ready")
    people = [make.account() for _ in range(6)]
    session.commit()
    with outbox.unit_of_work(database, queue_server) as own:
        for row in files:
            outbox.add(own, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))
        outbox.add(own, "make_clip", queue="clips", share=entry.account_id, file_id=str(video.id))
        for person in people:
            codes.request_code(own, email=person.email, purpose=CodePurpose.SIGN_IN, locale="en")

    # A preview is under way: its lease is taken. Now everything that is not the database goes.
    until(
        lambda: bool(
            session.rollback()
            or session.scalar(
                select(func.count()).where(
                    OutboxItem.job == "make_previews", OutboxItem.lease_until.is_not(None), OutboxItem.done_at.is_(None)
                )
            )
        ),
        120,
        _state(session),
    )
    for pid in _children(worker.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    queue_server.connection.flushdb()
    assert _owed(session) > 0

    until(lambda: _owed(session) == 0, 150, _state(session))

    session.expire_all()
    assert session.scalar(select(func.count()).select_from(OutboxItem).where(OutboxItem.failed_at.is_not(None))) == 0
    assert {row.preview_state for row in session.scalars(select(EntryFile))} == {"ready"}
    made = session.execute(select(Preview.file_id, func.count()).group_by(Preview.file_id)).all()
    assert sorted(count for _, count in made) == [1, 3, 3, 3, 3]
    session.refresh(video)
    assert video.preview_facts["clip_ms"] == 3000
    addresses = session.scalars(select(MailMessage.address)).all()
    assert sorted(addresses) == sorted(person.email for person in people)
    for key in session.scalars(select(Preview.key).where(Preview.file_id != video.id)):
        assert storage.read(key)[8:12] == b"WEBP"


def test_a_dead_worker_is_replaced(
    worker: subprocess.Popen[bytes], session: Session, make: Make, database: Database, queue_server: outbox.QueueServer
) -> None:
    until(lambda: len(_children(worker.pid)) >= 4, 30, lambda: _children(worker.pid))
    before = set(_children(worker.pid))
    for pid in before:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    person = make.account()
    session.commit()

    with outbox.unit_of_work(database, queue_server) as own:
        codes.request_code(own, email=person.email, purpose=CodePurpose.SIGN_IN, locale="en")

    until(lambda: _owed(session) == 0, 90, _state(session))
    assert worker.poll() is None
    assert before.isdisjoint(_children(worker.pid))


def test_what_fails_for_good_is_kept_in_the_open(
    session: Session, database: Database, settings: Settings, make: Make
) -> None:
    from contest import jobs

    with database.unit_of_work() as own:
        outbox.add(own, "send_mail", queue="mail", mail_id="not an id")
    for _ in range(outbox.MAX_ATTEMPTS):
        with database.unit_of_work() as own:
            own.execute(update(OutboxItem).values(not_before=func.clock_timestamp()))
            item_id = own.scalars(select(OutboxItem.id)).one()
        assert jobs.perform(item_id, settings) == "failed"

    row = session.scalars(select(OutboxItem)).one()
    assert row.failed_at is not None
    assert row.error.startswith("ValueError")
    assert jobs.perform(row.id, settings) == "not wanted"
