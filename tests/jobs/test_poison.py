"""Files that end whoever opens them: each is parked after three tries, and the queue moves on.

Real workers, started by a script that adds the poison: one file kills its worker, one its renderer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import outbox
from contest.db import Database
from contest.models import EntryFile, OutboxItem, Preview
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pictures import png
from tests.samples.documents import pdf
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent

#: The same program with short leases and one queue, and with the poison.
POISONED = """
import os, signal, sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import worker
from contest import jobs, outbox
from contest.previews import pipeline

worker.__file__ = __file__
outbox.QUEUES = ("previews",)
outbox._BACK_OFF = (0,)
jobs.LEASE, jobs.RENEW = timedelta(seconds=1.5), 0.3
sound = pipeline.preview

def poisoned(file, kind, order):
    file.seek(0)
    body = file.read()
    for poison, victim in ((b"kills its worker", os.getpid), (b"kills its renderer", renderer)):
        if poison in body:
            order = replace(order, told=Killer(poison, victim))
    return sound(file, kind, order)

class Killer:
    # Once the renderer has the file: one that ends before is away, which blames no file.
    def __init__(self, poison, victim):
        self.poison, self.victim = poison, victim

    def __call__(self, progress):
        if self.victim:
            victim, self.victim = self.victim(), None
            with open(sys.argv[0] + ".log", "ab") as log:
                log.write(self.poison + b"\\n")
            os.kill(victim, signal.SIGKILL)

def renderer():
    below = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return next(int(pid) for pid in below if b"previews.server" in Path(f"/proc/{pid}/cmdline").read_bytes())

pipeline.preview = poisoned
if __name__ == "__main__":
    sys.exit(worker.main())
"""


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    given = {name.upper(): str(getattr(settings, name)) for name in Settings.model_fields}
    return kept | given | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Start the workers; returns the list of what they opened."""
    script = tmp_path / "poisoned.py"
    script.write_text(POISONED)
    started: list[subprocess.Popen[bytes]] = []

    def begin() -> Path:
        started.append(subprocess.Popen([sys.executable, str(script)], env=_environment(settings), cwd=ROOT))
        return tmp_path / "poisoned.py.log"

    yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_a_poison_file_is_parked_after_three_tries(
    start: Callable[[], Path],
    session: Session,
    database: Database,
    make: Make,
    storage: Storage,
    queue_server: outbox.QueueServer,
) -> None:
    entry = make.entry(make.contest(), state="draft", files=0)
    # So many pages that the renderer is still at work when it is killed after the first.
    long = pdf(*[(0.2, 0.4, 0.6)] * 60)
    bodies = {long + b"kills its worker": "pdf", long + b"kills its renderer": "pdf", png(): "png", png(64, 64): "png"}
    rows = [
        make.file(entry, body=body, kind=kind, storage=storage, previews=False, preview_state="pending")
        for body, kind in bodies.items()
    ]
    session.commit()
    with outbox.unit_of_work(database, queue_server) as own:
        for row in rows:
            outbox.add(own, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))

    opened = start()
    owed = select(OutboxItem.args, OutboxItem.fence, OutboxItem.returned, OutboxItem.error).where(
        OutboxItem.job == "make_previews", OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None)
    )
    until(lambda: session.rollback() or not session.execute(owed).all(), 240, lambda: session.execute(owed).all())

    session.expire_all()
    found = [session.get_one(EntryFile, row.id) for row in rows]
    assert [(row.preview_state, row.preview_reason) for row in found] == [
        ("failed", "crashed"),
        ("failed", "crashed"),
        ("ready", None),
        ("ready", None),
    ]
    assert sorted(opened.read_text().splitlines()) == ["kills its renderer"] * 3 + ["kills its worker"] * 3
    made = session.execute(select(Preview.file_id, func.count()).group_by(Preview.file_id)).all()
    assert {row.id for row in rows[2:]} == {file_id for file_id, _ in made}
    failed = session.scalars(select(OutboxItem).where(OutboxItem.failed_at.is_not(None))).all()
    assert sorted(item.error.split(":")[0] for item in failed) == ["LostTooOften", "RendererGone"]
