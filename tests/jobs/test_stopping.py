"""A worker that is told to stop over a long rendering leaves its row to the next one, however often that happens.

Real workers, started by a script whose first rendering does not end by itself; only crashes count against a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import redis
from rq.worker import WorkerStatus
from sqlalchemy import select
from sqlalchemy.orm import Session

import worker
from contest import jobs, outbox
from contest.db import Database
from contest.models import EntryFile, OutboxItem
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pictures import pdf
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent

#: One worker on one queue, with one try for a file and leases that end soon. Once it has begun to render it writes a
#: mark; if that was not there before, it waits.
WORKER = """
import sys, threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import worker
from contest import jobs, outbox
from contest.previews import pipeline

outbox.TRIES_OF_A_FILE = 1
jobs.LEASE, jobs.RENEW = timedelta(seconds=1.5), 0.3
mark = Path(sys.argv[0] + ".begun")
first = not mark.exists()
sound = pipeline.preview

def told(progress):
    mark.touch()
    if first:
        threading.Event().wait(60)

pipeline.preview = lambda file, kind, order: sound(file, kind, replace(order, told=told))
sys.exit(worker.main(["--queue", "previews"]))
"""


def test_a_stop_uses_up_no_try(
    session: Session,
    database: Database,
    make: Make,
    settings: Settings,
    storage: Storage,
    queue_server: outbox.QueueServer,
    tmp_path: Path,
) -> None:
    script, begun = tmp_path / "worker_script.py", tmp_path / "worker_script.py.begun"
    script.write_text(WORKER)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    given = {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
    environment = kept | given | {"PYTHONPATH": str(ROOT)}
    entry = make.entry(make.contest(), state="draft", files=0)
    row = make.file(entry, body=pdf(2), kind="pdf", storage=storage, previews=False, preview_state="pending")
    session.commit()
    with outbox.unit_of_work(database, queue_server) as own:
        outbox.add(own, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))

    with subprocess.Popen([sys.executable, str(script)], env=environment, cwd=ROOT) as stopped:
        try:
            until(begun.exists, 60)
            stopped.send_signal(signal.SIGTERM)
            # Its supervisor would kill it soon after.
            code = stopped.wait(10)
        finally:
            stopped.kill()
    assert code == 0
    item = session.scalars(select(OutboxItem).where(OutboxItem.job == "make_previews")).one()
    assert (item.fence, item.returned, item.lease_until, item.failed_at) == (1, 1, None, None)

    with subprocess.Popen([sys.executable, str(script)], env=environment, cwd=ROOT) as other:
        try:
            seen = select(EntryFile.preview_state)
            until(lambda: session.rollback() or session.scalar(seen) != "pending", 60, lambda: session.scalar(seen))
        finally:
            other.send_signal(signal.SIGTERM)
            other.wait(10)
    assert session.scalar(seen) == "ready"


def test_a_stop_is_heard_while_the_queue_server_is_away(
    queue_server: outbox.QueueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that goes down ends both at once."""
    for name in ("ending", "_told_to_stop"):
        monkeypatch.setattr(jobs, name, threading.Event())
    monkeypatch.setattr(jobs, "_at_hand", "make_previews")
    busy = worker._Worker([queue_server.queue("previews")], connection=queue_server.connection)
    busy.set_state(WorkerStatus.BUSY)
    busy.connection = redis.Redis(port=1)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(jobs.Stopped):
            busy.request_stop(signal.SIGTERM, None)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
