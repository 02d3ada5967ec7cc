"""Jobs: name → function. Each is an id and one call of a service; running one twice is dull.

RQ calls `run` with the name of a queue, and `run` takes rows in turn. A row says what to do; a lease with a
fencing token lets one worker count, and the job's effects commit together with `done_at`.
"""

from __future__ import annotations

import errno
import os
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from contest import db, mail, outbox
from contest.models import OutboxItem
from contest.outbox import QueueServer
from contest.previews.outcome import NoRoom, RendererAway, RendererGone
from contest.services import (
    admissions,
    analysis,
    announcements,
    assignment,
    cancelling,
    cards,
    checks,
    codes,
    covers,
    extensions,
    flags,
    invitations,
    letters,
    notices,
    previews,
    receipts,
    reminders,
    results,
    similar,
)
from contest.settings import Settings
from contest.storage import Storage, StorageDown

log = structlog.get_logger(__name__)

Function = Callable[..., None]
_registry: dict[str, Function] = {}
#: A lease is short and renewed while its job runs, so that work of a killed worker is soon taken up again.
LEASE, RENEW = timedelta(seconds=30), 10.0
#: A service is away: no fault of the job, so it is tried again for longer.
OUTAGES = (
    StorageDown,
    OperationalError,
    ConnectionError,
    TimeoutError,
    mail.ServerAway,
    smtplib.SMTPServerDisconnected,
    NoRoom,
    RendererAway,
)


#: Jobs that open a stranger's file: one that cannot be got through is parked soon, so that others are not held up.
OPENS_A_FILE = frozenset({"make_thumbnail", "make_previews", "make_clip"})


#: Set when this process is to end: it takes no further row.
ending = threading.Event()
#: Set when it was told so by others, and does not end over the job that it has.
_told_to_stop = threading.Event()
#: The job that is being done.
_at_hand = ""


class LostTooOften(Exception):
    """Each worker that took the job ended over it."""


class Stopped(BaseException):
    """Ends a job because this process was told to stop. Not an Exception: nothing on the way may take it for one."""


def stop() -> None:
    """Take no further row, and leave one that may take long to the next worker. For a signal's handler.

    Raises Stopped in the main thread, where jobs are done. Other jobs are so short that they are finished.
    """
    ending.set()
    _told_to_stop.set()
    if _at_hand in OPENS_A_FILE:
        raise Stopped


@dataclass
class Work:
    """What a job has at hand: its row's id and fence, and the services of this process."""

    settings: Settings
    database: db.Database
    server: QueueServer
    storage: Storage
    item_id: int
    fence: int

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        with outbox.unit_of_work(self.database, self.server) as session:
            yield session

    @contextmanager
    def finishing(self) -> Iterator[Session]:
        """The unit of work of the effects: `done_at` commits with them, or nothing does."""
        with self.unit_of_work() as session:
            yield session
            outbox.finish(session, self.item_id, self.fence)


def job(function: Function) -> Function:
    """Register a job under its function's name."""
    _registry[function.__name__] = function
    return function


def names() -> list[str]:
    return sorted(_registry)


def function(name: str) -> Function:
    return _registry[name]


@job
def send_code(work: Work, email_key: str, purpose: str, locale: str, new_email: str = "") -> None:
    """Make a one-time code and mail it, if the address has an account."""
    with work.finishing() as session:
        codes.make_code(
            session, work.settings, email_key, purpose, locale, nonce=f"{work.item_id}", new_email=new_email
        )


@job
def mail_notice(work: Work, account_id: str, about: str, address: str, network: str, at: str) -> None:
    """Tell somebody what happened to their account."""
    with work.finishing() as session:
        notices.mail_notice(
            session,
            work.settings,
            UUID(account_id),
            about=about,
            address=address,
            network=network,
            at=datetime.fromisoformat(at),
            nonce=f"{work.item_id}",
        )


@job
def send_invitation(work: Work, invitation_id: str) -> None:
    with work.finishing() as session:
        invitations.mail_invitation(session, work.settings, UUID(invitation_id), nonce=f"{work.item_id}")


@job
def send_mail(work: Work, mail_id: str) -> None:
    """Hand one mail to the mail server; sent twice at worst, lost never."""
    with work.finishing() as session:
        letters.send_mail(session, work.settings, UUID(mail_id))


@job
def check_file(work: Work, file_id: str) -> None:
    """Check an upload (size, type by content, SHA-256) and copy it to its write-once key."""
    checks.check_file(work.unit_of_work, work.finishing, work.storage, UUID(file_id))


@job
def make_thumbnail(work: Work, file_id: str) -> None:
    """The first picture alone, soon; `make_previews` makes it again with all others and decides."""
    previews.make_thumbnail(work.unit_of_work, work.finishing, work.storage, UUID(file_id))


@job
def make_previews(work: Work, file_id: str) -> None:
    previews.make(work.unit_of_work, work.finishing, work.storage, UUID(file_id))


@job
def make_clip(work: Work, file_id: str) -> None:
    """A copy for viewing of a video that browsers do not play, after all pictures that are owed."""
    previews.make_clip(work.unit_of_work, work.finishing, work.storage, UUID(file_id))


@job
def compare_pages(work: Work, file_id: str) -> None:
    with work.finishing() as session:
        similar.compare(session, UUID(file_id))


@job
def draw_cover(work: Work, picture_id: str, original_key: str) -> None:
    covers.draw(work.unit_of_work, work.finishing, work.storage, UUID(picture_id), original_key)


@job
def draw_card(work: Work, publication_id: str) -> None:
    cards.draw(work.unit_of_work, work.finishing, work.storage, UUID(publication_id))


@job
def send_receipt(work: Work, revision_id: str) -> None:
    with work.finishing() as session:
        receipts.mail_receipt(session, work.settings, UUID(revision_id))


@job
def mail_assignments(work: Work, round_id: str, judge_id: str) -> None:
    with work.finishing() as session:
        assignment.mail_assignments(session, work.settings, UUID(round_id), UUID(judge_id), nonce=f"{work.item_id}")


@job
def mail_reminder(work: Work, round_id: str, judge_id: str) -> None:
    with work.finishing() as session:
        reminders.mail_reminder(session, work.settings, UUID(round_id), UUID(judge_id), nonce=f"{work.item_id}")


@job
def mail_flags(work: Work, contest_id: str) -> None:
    with work.finishing() as session:
        flags.mail_flags(session, work.settings, UUID(contest_id), nonce=f"{work.item_id}")


@job
def mail_flag_answer(work: Work, flag_id: str) -> None:
    with work.finishing() as session:
        flags.mail_flag_answer(session, work.settings, UUID(flag_id))


@job
def mail_admission(work: Work, event_id: int) -> None:
    with work.finishing() as session:
        admissions.mail_admission(session, work.settings, event_id)


@job
def mail_extension(work: Work, contest_id: str) -> None:
    with work.finishing() as session:
        extensions.mail_extension(session, work.settings, UUID(contest_id))


@job
def mail_cancelled(work: Work, contest_id: str) -> None:
    with work.finishing() as session:
        cancelling.mail_cancelled(session, work.settings, UUID(contest_id))


@job
def make_tally(work: Work, round_id: str, account_id: str) -> None:
    with work.finishing() as session:
        results.make_tally(session, UUID(round_id), UUID(account_id))


@job
def analyse_tally(work: Work, tally_id: str) -> None:
    """Tell how reliable a tally is, beside the result and after it."""
    analysis.analyse(work.unit_of_work, work.finishing, UUID(tally_id))


@job
def mail_proposal(work: Work, publication_id: str) -> None:
    with work.finishing() as session:
        announcements.mail_proposal(session, work.settings, UUID(publication_id))


@job
def mail_published(work: Work, publication_id: str) -> None:
    with work.finishing() as session:
        announcements.mail_published(session, work.settings, UUID(publication_id))


#: What to note on the subject when a job has failed for good.
GIVEN_UP: dict[str, Callable[[Session, dict[str, Any]], None]] = {
    "make_previews": lambda session, args: previews.give_up(session, UUID(args["file_id"])),
    "make_clip": lambda session, args: previews.give_up_clip(session, UUID(args["file_id"])),
    "draw_cover": lambda session, args: covers.give_up(session, UUID(args["picture_id"]), args["original_key"]),
    "analyse_tally": lambda session, args: analysis.give_up(session, UUID(args["tally_id"])),
    "check_file": lambda session, args: checks.give_up_check(session, UUID(args["file_id"])),
}

Parts = tuple[Settings, db.Database, QueueServer, Storage]
_process: dict[int, Parts] = {}


def parts(settings: Settings | None = None, *, pool: int = 0) -> Parts:
    """The connections of this process; a forked child has its own. `pool`: as in `db.Database`, at the first call."""
    made = _process.get(os.getpid())
    if made is None:
        made = _process[os.getpid()] = _make(settings or Settings(), pool)
    return made


def _make(settings: Settings, pool: int) -> Parts:
    return (
        settings,
        db.Database(settings.database_url, pool=pool),
        QueueServer(settings.redis_url),
        Storage.from_settings(settings),
    )


def run(queue: str) -> str:
    """What RQ calls for a doorbell: do what is owed in a queue, in turn, until nothing is or it has taken a while.

    Returns how much that was, for the log.
    """
    if queue not in outbox.QUEUES:
        return "no such queue"
    settings, database, server, storage = parts()
    until, tried = time.monotonic() + outbox.DOORBELL_S, 0
    while not ending.is_set():
        if time.monotonic() >= until:
            server.ring(queue)
            break
        claimed = _next(database, server, queue)
        if claimed is None:
            break
        tried += 1
        outcome = _do(Work(settings, database, server, storage, claimed.item_id, claimed.fence), claimed)
        if outcome == "away":
            # The next job would fare no better. The relay rings again soon.
            break
        if outcome != "done":
            # It may be this worker that is out of order, or its renderer: that is looked at between doorbells.
            server.ring(queue)
            break
    return f"{tried} tried"


def _next(database: db.Database, server: QueueServer, queue: str) -> _Claimed | None:
    """The row of a queue whose turn it is; where it owes nothing, one of a queue that nobody else attends."""
    with database.unit_of_work() as session:
        claimed = _Claimed.of(outbox.claim_next(session, queue, LEASE))
    if claimed is not None:
        return claimed
    for other in server.stood_in_for(queue):
        with database.unit_of_work() as session:
            if (claimed := _Claimed.of(outbox.claim_next(session, other, LEASE))) is not None:
                return claimed
    return None


def perform(item_id: int, settings: Settings | None = None) -> str:
    """Do one owed job in this process, whosever turn it is. Returns what became of it."""
    settings, database, server, storage = parts(settings)
    with database.unit_of_work() as session:
        claimed = _Claimed.of(outbox.claim(session, item_id, LEASE))
    if claimed is None:
        return "not wanted"
    return _do(Work(settings, database, server, storage, item_id, claimed.fence), claimed)


@dataclass(frozen=True)
class _Claimed:
    """What a claimed row says, kept past its transaction."""

    item_id: int
    job: str
    args: dict[str, Any]
    fence: int
    #: How many workers were lost over it before.
    lost: int

    @classmethod
    def of(cls, item: OutboxItem | None) -> _Claimed | None:
        return None if item is None else cls(item.id, item.job, dict(item.args), item.fence, outbox.lost(item))


def _do(work: Work, claimed: _Claimed) -> str:
    """Call the job's function, and note what became of it: `done`, `superseded`, `failed`, `stopped` (this process
    was told to stop), or `away` for a service."""
    name, fence, item_id, database = claimed.job, claimed.fence, claimed.item_id, work.database
    try:
        if claimed.lost >= (outbox.TRIES_OF_A_FILE if name in OPENS_A_FILE else outbox.MOST_LOST):
            raise LostTooOften("its worker was lost too often")
        with _stoppable(name), _renewing(database, item_id, fence):
            function(name)(work, **claimed.args)
    except Stopped:
        return _hand_back(work, name)
    except outbox.Superseded:
        log.warning("job_superseded", job=name, item=item_id)
        return "superseded"
    except Exception as error:
        if _told_to_stop.is_set() and isinstance(error, RendererGone):
            # The renderer was told so too, and heard it first.
            return _hand_back(work, name)
        log.exception("job_failed", job=name, item=item_id, attempt=fence)
        away = _is_outage(error)
        with database.unit_of_work() as session:
            if isinstance(error, LostTooOften):
                most = 0
            elif mail.asks_to_wait(error):
                most = outbox.TRIES_OF_A_DAY
            else:
                # A file has few tries for what it does itself; a service's absence is no such thing.
                most = outbox.TRIES_OF_A_FILE if name in OPENS_A_FILE and not away else outbox.MAX_ATTEMPTS
            last = outbox.give_back(
                session,
                item_id,
                fence,
                f"{type(error).__name__}: {error}",
                outage=away,
                most=most,
            )
            if last and name in GIVEN_UP:
                GIVEN_UP[name](session, claimed.args)
        return "away" if away else "failed"
    return "done"


def _hand_back(work: Work, name: str) -> str:
    with work.database.unit_of_work() as session:
        outbox.hand_back(session, work.item_id, work.fence)
    log.info("job_handed_back", job=name, item=work.item_id)
    return "stopped"


@contextmanager
def _stoppable(name: str) -> Iterator[None]:
    """Let `stop` end the job from now on, and see to it that it was not told so just before."""
    global _at_hand
    _at_hand = name
    try:
        if _told_to_stop.is_set() and name in OPENS_A_FILE:
            raise Stopped
        yield
    finally:
        _at_hand = ""


def _is_outage(error: Exception) -> bool:
    """Whether it passes without anybody changing the job; a full disk of this host is such a thing."""
    return isinstance(error, OUTAGES) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))


@contextmanager
def _renewing(database: db.Database, item_id: int, fence: int) -> Iterator[None]:
    """Keep the lease alive from a thread while the job runs; a process that dies stops renewing."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(RENEW):
            try:
                with database.unit_of_work() as session:
                    outbox.renew(session, item_id, fence, LEASE)
            except SQLAlchemyError:
                # The next renewal may succeed; if none does, the fence keeps the effects from counting twice.
                log.warning("lease_not_renewed", item=item_id)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
