"""How fast previews get through the queue: `python benchmarks/preview_queue.py [--entries 500] [--workers 1 2]`.

Services of its own (or `--data` to keep them), a contest with so many entries of one file each: screens as PNG and
JPEG, drawings, documents, an animation, a package. First a single process does what is owed (check, first picture,
all previews), one job after the other, without a queue. Then the same files anew through real worker processes, with
each number of preview workers (PREVIEW_WORKERS). Prints JSON: files per minute, their ratio to the single process,
and the time from the upload to the first picture when one file is sent every `--pace` seconds.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("CONTEST_ENV", "development")

from PIL import Image, ImageDraw
from sqlalchemy import delete, func, select, update

from contest import jobs, outbox, schema
from contest.db import Database
from contest.embedded import Embedded
from contest.models import EntryFile, OutboxItem, Preview, PreviewPage
from contest.previews.client import PreviewServer
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pictures import pdf, svg

TARGET = 1.7
#: A picture is due so often while single files come in.
_LOOK_S = 0.02


def screen(rng: random.Random, width: int, height: int) -> Image.Image:
    """Something like a screen of an app: a gradient, cards, lines of text."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = rng.randrange(width), rng.randrange(height)
        colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        draw.rounded_rectangle((x, y, x + rng.randrange(40, 400), y + rng.randrange(20, 200)), 12, fill=colour)
    for line in range(0, height, 40):
        draw.text((20, line), "Harbour station, platform 2, next ferry in 12 minutes", fill=(20, 20, 20))
    return picture


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def package(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(3):
            made.writestr(f"screens/{number}.png", encoded(screen(rng, 780, 1200), "PNG", compress_level=1))
        made.writestr("read me.txt", "Three screens.")
    return out.getvalue()


def animation(rng: random.Random) -> bytes:
    frames = [screen(rng, 320, 240) for _ in range(6)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


#: Kind, what makes one, and how many of twenty are such.
MIX: tuple[tuple[str, Callable[[random.Random], bytes], int], ...] = (
    ("png", lambda rng: encoded(screen(rng, 1170, 2532), "PNG", compress_level=1), 8),
    ("jpeg", lambda rng: encoded(screen(rng, 4000, 3000), "JPEG", quality=90), 5),
    ("pdf", lambda rng: pdf(6), 3),
    ("svg", lambda rng: svg("Harbour"), 2),
    ("gif", animation, 1),
    ("zip", package, 1),
)


def mixed(count: int) -> Iterator[tuple[str, bytes]]:
    """So many files in one order; a few of each kind are made and sent again and again."""
    rng = random.Random(1)
    made = {kind: [make(rng) for _ in range(3)] for kind, make, _ in MIX}
    kinds = [kind for kind, _, share in MIX for _ in range(share)]
    rng.shuffle(kinds)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield kind, made[kind][number % 3]


SLOTS = [{"key": "files", "kinds": [kind for kind, _, _ in MIX], "max_files": 1, "max_bytes": 50_000_000}]


class House:
    """A running installation without a web process, and the files in it."""

    def __init__(self, data: Path) -> None:
        self.services = Embedded(data, throwaway=True)
        found = self.services.start()
        self.settings = Settings(
            contest_env="test", secret_key="benchmark-key-of-thirty-two-chars!", base_url="http://localhost:5000",
            database_url=found.database_url, redis_url=found.redis_url, s3_endpoint=found.s3_endpoint,
            s3_access_key=found.s3_access_key, s3_secret_key=found.s3_secret_key, s3_bucket=found.s3_bucket,
            log_level="ERROR",
        )  # fmt: skip
        schema.migrate(self.settings.database_url)
        self.database = Database(self.settings.database_url, pool=4)
        self.queue = outbox.QueueServer(self.settings.redis_url)
        self.storage: Storage = jobs.parts(self.settings, pool=2)[3]
        self.files: list[uuid.UUID] = []
        self.bodies: list[bytes] = []

    def fill(self, count: int) -> None:
        with self.database.unit_of_work() as session:
            make = Make(session, self.settings)
            contest = make.contest(deliverables=SLOTS)
            for _, body in mixed(count):
                entry = make.entry(contest, state="draft", files=0)
                row = make.file(entry, "files", state="received", previews=False, preview_state="none")
                row.declared_size = len(body)
                self.files.append(row.id)
                self.bodies.append(body)

    def reset(self) -> None:
        """As if no file had been sent yet."""
        with self.database.unit_of_work() as session:
            for model in (Preview, PreviewPage, OutboxItem):
                session.execute(delete(model))
            session.execute(
                update(EntryFile).values(
                    state="received", key=None, kind=None, size=None, sha256=None, preview_state="none",
                    preview_reason=None, preview_done=0, preview_pages=0,
                )
            )  # fmt: skip
        self.queue.connection.flushdb()

    def send(self, which: Sequence[int]) -> None:
        """Put files as a browser does, and owe their checks."""
        with outbox.unit_of_work(self.database, self.queue) as session:
            for index in which:
                row = session.get_one(EntryFile, self.files[index])
                row.staging_key = f"incoming/{uuid.uuid4()}"
                self.storage.put(row.staging_key, self.bodies[index], content_type="application/octet-stream")
                outbox.add(session, "check_file", key=f"check:{row.id}", share=row.entry_id, file_id=str(row.id))

    def pending(self) -> int:
        with self.database.reading() as session:
            wanted = OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None)
            return session.scalar(select(func.count()).select_from(OutboxItem).where(*wanted)) or 0

    def verdicts(self) -> dict[str, int]:
        with self.database.reading() as session:
            rows = session.execute(select(EntryFile.preview_state, func.count()).group_by(EntryFile.preview_state))
            return {str(state): count for state, count in rows.all()}

    def first_seen(self) -> dict[uuid.UUID, float]:
        """The files that have a first picture by now."""
        with self.database.reading() as session:
            return dict.fromkeys(session.scalars(select(Preview.file_id).where(Preview.page == 1)), time.monotonic())

    @contextmanager
    def workers(self, previews: int) -> Iterator[None]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        given = {name.upper(): str(getattr(self.settings, name)) for name in Settings.model_fields}
        environment = kept | given | {"PREVIEW_WORKERS": str(previews)}
        process = subprocess.Popen([sys.executable, str(ROOT / "worker.py")], env=environment, cwd=ROOT)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)


def until(done: Callable[[], bool], pause: float = 0.5) -> None:
    while not done():
        time.sleep(pause)


def processor_s() -> float:
    """Processor seconds of this process and of all that it started and that has ended."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def single(house: House) -> tuple[float, float]:
    """Seconds, and processor seconds, that one process takes for everything, job after job."""
    house.reset()
    used = processor_s()
    with PreviewServer(allow_unconfined=True) as renderer:
        os.environ["CONTEST_RENDERER"] = renderer.address
        house.send(range(len(house.files)))
        house.queue.connection.flushdb()
        began = time.monotonic()
        while True:
            with house.database.reading() as session:
                wanted = OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None)
                owed = session.scalars(select(OutboxItem.id).where(*wanted).order_by(OutboxItem.id)).all()
            if not owed:
                break
            for item in owed:
                jobs.perform(item, house.settings)
        took = time.monotonic() - began
        del os.environ["CONTEST_RENDERER"]
    return took, processor_s() - used


def through_the_queue(house: House, previews: int, pace: float, paced: int) -> dict[str, Any]:
    """One burst of all files, then some one by one with the same workers."""
    house.reset()
    used = processor_s()
    count = len(house.files)
    with house.workers(previews):
        # The workers are up once one file is through.
        house.send([0])
        until(lambda: house.pending() == 0)
        house.reset()
        house.send(range(count))
        began = time.monotonic()
        until(lambda: house.pending() == 0)
        took = time.monotonic() - began
        states = house.verdicts()
        house.reset()
        waits = _waits(house, pace, paced)
    return {
        "preview_workers": previews,
        "seconds": round(took, 1),
        "files_per_minute": round(60 * count / took, 1),
        "verdicts": states,
        "first_picture_s": {"p50": round(statistics.median(waits), 2), "p95": round(_p95(waits), 2)},
        "cpu_s_with_starts_and_paced": round(processor_s() - used, 1),
    }


def _waits(house: House, pace: float, paced: int) -> list[float]:
    """Seconds from each upload's end to its first picture, one upload every `pace` seconds."""
    sent: dict[uuid.UUID, float] = {}
    seen: dict[uuid.UUID, float] = {}
    count = min(paced, len(house.files))
    while len(seen) < count:
        if len(sent) < count and (not sent or time.monotonic() >= max(sent.values()) + pace):
            index = len(sent)
            house.send([index])
            sent[house.files[index]] = time.monotonic()
        for file_id, at in house.first_seen().items():
            seen.setdefault(file_id, at)
        time.sleep(_LOOK_S)
    return [seen[file_id] - at for file_id, at in sent.items()]


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=500)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--paced", type=int, default=40)
    parser.add_argument("--data", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="contest-queue-") as folder:
        house = House(chosen.data or Path(folder))
        try:
            house.fill(chosen.entries)
            alone, spent = single(house)
            states = house.verdicts()
            runs = [through_the_queue(house, each, chosen.pace, chosen.paced) for each in chosen.workers]
        finally:
            house.database.close()
            house.services.stop()
    rate = 60 * chosen.entries / alone
    for run in runs:
        run["ratio"] = round(run["files_per_minute"] / rate, 2)
    told = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()},
        "entries": chosen.entries,
        "single_process": {
            "seconds": round(alone, 1),
            "cpu_s": round(spent, 1),
            "files_per_minute": round(rate, 1),
            "verdicts": states,
        },
        "queue": runs,
        "target_ratio_with_2": TARGET,
    }
    print(json.dumps(told, indent=2))
    two = [run["ratio"] for run in runs if run["preview_workers"] == 2]
    return 0 if all(ratio >= TARGET for ratio in two) else 1


if __name__ == "__main__":
    sys.exit(main())
