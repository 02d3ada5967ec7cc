"""RQ workers, the outbox relay and the sweeper. No logic of contests lives here.

    python worker.py                  everything: one worker process per queue, and the relay
    python worker.py --queue NAME     one RQ worker on one queue
    python worker.py --relay          the relay and the periodic work only

One queue per worker process: RQ pops from several queues with a window in which a job is lost.
The supervisor restarts children that end: an RQ worker ends when the queue is away at a heartbeat.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from contest import i18n, jobs, logs, outbox, sweeper
from contest.previews import tools
from contest.previews.client import PreviewServer
from contest.settings import Settings

log = structlog.get_logger("worker")
#: Queues whose workers decode uploads; each such worker has a renderer of its own.
RENDERING = ("thumbnails", "previews", "clips")
#: How much less than others the workers of a queue ask of the processor (nice): pages and pictures come first.
NICE = {"clips": 5}
#: After so many doorbells a worker is replaced by a new one, with whatever its libraries have gathered.
DOORBELLS_OF_A_WORKER = 500
#: Set when this worker ends over what happened to it, and not because it was told to: its job then counts as tried.
_ill = threading.Event()
#: How long after its time-out a job may take to notice.
GRACE_S = 30.0


def run_queue(name: str) -> int:
    """One RQ worker on one queue, until it is told to stop. Only those that render decode uploads."""
    settings = Settings()
    server = outbox.QueueServer(settings.redis_url)
    _await(server)
    # Before the renderer is started, which then is the same.
    os.nice(NICE.get(name, 0))
    renderer = None
    if name in RENDERING:
        # Started before anything else runs here: it must be forked by the main thread and hold no secret.
        renderer = PreviewServer(allow_unconfined=settings.preview_unconfined or not settings.production)
        os.environ["CONTEST_RENDERER"] = renderer.start()
        if (found := tools.find(settings.tools)) is not None:
            os.environ[tools.VARIABLE] = found.encode()
        threading.Thread(target=_end_without, args=(renderer,), name="renderer", daemon=True).start()
    # Connections of its own: RQ gives those that it makes itself a longer time-out, which it waits by.
    attending = outbox.QueueServer(settings.redis_url), name
    threading.Thread(target=_attend, args=attending, name="attending", daemon=True).start()
    try:
        jobs.parts(settings, pool=2)
        worker = _Worker(
            [server.queue(name)],
            connection=server.connection,
            serializer=JSONSerializer,
            worker_ttl=60,
            maintenance_interval=30,
            job_monitoring_interval=10,
            log_job_description=False,
        )
        worker.renderer = renderer
        threading.Thread(target=worker.end_the_endless, name="clock", daemon=True).start()
        worker.work(with_scheduler=False, logging_level="WARNING", max_jobs=DOORBELLS_OF_A_WORKER)
    finally:
        if renderer is not None:
            renderer.stop()
    return 0


class _Worker(SimpleWorker):
    """All jobs in this process: a fork for each would cost more than most jobs do, and than a small preview.

    What is dangerous in them is done by the renderer's children; the supervisor replaces a worker that ended.
    """

    renderer: PreviewServer | None = None
    #: When the job at hand must be over, by the monotonic clock.
    due: float | None = None

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.due = time.monotonic() + float(job.timeout or outbox.JOB_S) + GRACE_S
        try:
            super().execute_job(job, queue)
        finally:
            self.due = None
        if self.renderer is not None and not self.renderer.alive():
            os.kill(os.getpid(), signal.SIGTERM)  # it takes no further job

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        jobs.ending.set()
        # Raises where there is no job at hand.
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ gives it no types
        if not _ill.is_set():
            jobs.stop()

    def set_shutdown_requested_date(self) -> None:
        """Note nothing in the queue server: nobody reads it, and this is a signal's handler.

        A host that goes down ends both at once: waiting for the server, or its error, would be charged to the job.
        """

    def end_the_endless(self) -> None:
        """End this process over a job whose own time-out could not interrupt it, stuck in a library."""
        while (due := self.due) is None or time.monotonic() < due:
            time.sleep(1)
        log.error("job_endless")
        os.kill(os.getpid(), signal.SIGKILL)


def _await(server: outbox.QueueServer) -> None:
    """Wait until the queue server answers: a worker would end over its silence, and be started again and again."""
    while True:
        try:
            return server.ping()
        except redis.RedisError as error:
            log.warning("queue_awaited", error=type(error).__name__)
            time.sleep(2)


def _attend(server: outbox.QueueServer, name: str) -> None:
    """Say again and again that this worker listens, also during a long job and after the queue server lost all."""
    while True:
        try:
            server.attend(name)
        except redis.RedisError as error:
            log.warning("not_attending", error=type(error).__name__)
        time.sleep(outbox.ATTENDED_S / 4)


def _end_without(renderer: PreviewServer) -> None:
    """End this worker when its renderer has ended: the supervisor starts both anew, on a new address."""
    while renderer.alive():
        time.sleep(2)
    log.error("renderer_ended")
    _ill.set()
    os.kill(os.getpid(), signal.SIGTERM)


def run_relay(stop: threading.Event) -> int:
    """Ring for what is owed every second and do the periodic work, until told to stop."""
    settings = Settings()
    _, database, server, storage = jobs.parts(settings)
    while not stop.is_set():
        try:
            with database.unit_of_work() as session:
                outbox.relay(session, server)
            sweeper.run_due(database, server, storage)
        except (redis.RedisError, SQLAlchemyError) as error:
            log.warning("relay_waits", error=type(error).__name__)
        stop.wait(1)
    return 0


def supervise() -> int:
    """One child per queue and the relay; a child that ends is started again."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    settings = Settings()
    times = {"previews": settings.preview_workers, "clips": settings.clip_workers}
    wanted = [["--queue", name] for name in outbox.QUEUES for _ in range(times.get(name, 1))] + [["--relay"]]
    running: dict[int, tuple[list[str], subprocess.Popen[bytes], float]] = {}
    pause: dict[int, float] = {}
    while not stop.is_set():
        for slot, arguments in enumerate(wanted):
            known = running.get(slot)
            if known is not None and known[1].poll() is not None:
                lived = time.monotonic() - known[2]
                pause[slot] = time.monotonic() + (0.2 if lived > 10 else 1.0)
                log.warning("child_ended", child=arguments, code=known[1].returncode)
                del running[slot]
                known = None
            if known is None and time.monotonic() >= pause.get(slot, 0):
                child = subprocess.Popen(
                    [sys.executable, os.path.abspath(__file__), *arguments],
                    preexec_fn=_end_with_parent,
                )
                running[slot] = (arguments, child, time.monotonic())
        stop.wait(0.2)
    for _, child, _ in running.values():
        child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 3
    for _, child, _ in running.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
    return 0


def _end_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, by)  # PR_SET_PDEATHSIG


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queue", choices=outbox.QUEUES)
    parser.add_argument("--relay", action="store_true")
    chosen = parser.parse_args(argv)
    logs.configure(Settings().log_level)
    i18n.use(Settings().translations)
    if chosen.queue:
        return run_queue(chosen.queue)
    if chosen.relay:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        return run_relay(stop)
    return supervise()


if __name__ == "__main__":
    sys.exit(main())
