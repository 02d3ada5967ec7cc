"""contest doctor: test each dependency by using it, name what is wrong and say the fix."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import redis
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from contest import audit, clock, db, mail, outbox, schema, sweeper
from contest.db import Database
from contest.models import AuditSeal, OutboxItem, Periodic
from contest.previews import tools
from contest.previews.confine import layers
from contest.services import holdings
from contest.settings import Settings
from contest.storage import Check, Storage, StorageDown

#: More skew than this between web host and database is a fault: receipts and pages would disagree.
SKEW_SECONDS = 1.0
#: A job that nobody has taken up for so long, or no round of the relay's: no worker runs, or far too few.
IDLE = timedelta(minutes=10)
#: So many of what is missing are named; the backup has the others.
_NAMED = 10
#: A plain form with a picture; more than the bodies that nginx lets through unless it is told.
_FORM = 1_500_000


def checks(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend things."""
    found = [*_database(settings), *_queue(settings), *_bucket(settings), *_mail(settings)]
    # A library of the worker's, and of no other part: a host without it makes no previews.
    if find_spec("pyvips") is None:
        found.append(Check("previews", True, "not made on this host (a web host makes none)", ""))
    else:
        found += [*_previews(settings), *_programs(settings)]
    return [*found, *_site(settings), *_prototypes(settings)]


def _database(settings: Settings) -> list[Check]:
    database = Database(settings.database_url, pool=0)
    try:
        with database.unit_of_work() as session:
            version = int(session.execute(text("SHOW server_version_num")).scalar_one())
            there = clock.read(session)
            here = datetime.now(UTC)
            current = schema.is_current(session)
            durable = session.execute(text("SHOW fsync")).scalar_one()
            session.execute(text("CREATE TEMPORARY TABLE doctor (n int) ON COMMIT DROP"))
            session.execute(text("INSERT INTO doctor VALUES (1)"))
            known = [_chain(session), *_work(session, settings)] if current else []
    except DBAPIError as error:
        said = str(error.orig).strip().split("\n")[0]
        return [Check("database", False, said, db.advice(error) or "Start PostgreSQL and check DATABASE_URL.")]
    finally:
        database.close()
    skew = abs((here - there).total_seconds())
    return [
        Check("database", version >= 150000, f"PostgreSQL {version // 10000}", "Use PostgreSQL 15 or newer."),
        Check("migrations", current, "newest" if current else "missing", "Run contest migrate."),
        Check(
            "fsync",
            durable == "on" or not settings.production,
            durable,
            "Turn fsync on: what is acknowledged must survive a power cut.",
        ),
        Check("clock", skew <= SKEW_SECONDS, f"{skew:.3f} s from the database's", "Run an NTP client on both hosts."),
        *known,
    ]


def _chain(session: Session) -> Check:
    """Whether every sealed event of the audit log is as it was. The newest seal, kept elsewhere, proves it later."""
    broken = audit.verify(session)
    newest = session.scalars(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1)).first()
    if broken is not None:
        fix = "Compare the events of this seal and after with a backup: somebody changed them behind the application."
        return Check("audit log", False, f"seal {broken} does not hold", fix)
    told = f"holds up to event {newest.last_id}, seal {newest.digest}" if newest else "nothing is sealed yet"
    return Check("audit log", True, told, "")


def _work(session: Session, settings: Settings) -> list[Check]:
    """Whether somebody does what is owed: the relay by its last round, the workers by what waits."""
    now = func.clock_timestamp()
    every, _ = sweeper.TASKS["seal_audit"]
    rested = session.scalar(select(now - Periodic.last_run_at).where(Periodic.name == "seal_audit"))
    told = "has never run" if rested is None else f"ran {_minutes(rested)} ago"
    runs = rested is not None and rested < every + IDLE
    open_ = OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None)
    waits = select(func.count(), now - func.min(OutboxItem.not_before)).where(*open_, OutboxItem.not_before < now)
    number, longest = session.execute(waits.where(OutboxItem.queue != "clips")).one()
    # Clips may wait for hours behind each other: what matters is that one is being made.
    clips, eldest = session.execute(waits.where(OutboxItem.queue == "clips")).one()
    made = session.scalar(select(func.count()).where(*open_, OutboxItem.queue == "clips", OutboxItem.lease_until > now))
    given_up = session.scalar(select(func.count()).where(OutboxItem.failed_at > now - timedelta(days=1)))
    owed = f"{number} wait" + (f", the first for {_minutes(longest)}" if number else "")
    done = not number or longest < IDLE
    return [
        Check("relay", runs or not settings.production, told, "Start contest worker, or contest worker --relay."),
        Check(
            "jobs",
            done or not settings.production,
            f"{owed}; {given_up} given up in the last day",
            "Start more workers (contest worker --queue NAME). The column error of the table outbox says what failed.",
        ),
        Check(
            "clips",
            not clips or bool(made) or eldest < IDLE or not settings.production,
            f"{clips} wait" + (f", the first for {_minutes(eldest)}; {made} being made" if clips else ""),
            "Start contest worker --queue clips.",
        ),
    ]


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:.0f} min"


def _queue(settings: Settings) -> list[Check]:
    server = outbox.QueueServer(settings.redis_url)
    try:
        server.ping()
        server.connection.set("contest:doctor", "1", ex=10)
        answered = server.connection.getdel("contest:doctor") == b"1"
        policy = str(server.connection.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except redis.ResponseError:
        return [Check("queue", True, "answers; its settings cannot be read", "")]
    except redis.RedisError as error:
        return [Check("queue", False, type(error).__name__, "Start Valkey or Redis and check REDIS_URL.")]
    return [
        Check("queue", answered, "keeps and returns a value", "Check the user's rights on the queue server."),
        Check("queue memory", policy in ("noeviction", ""), policy, "Set maxmemory-policy to noeviction."),
    ]


def _bucket(settings: Settings) -> list[Check]:
    try:
        return Storage.from_settings(settings).probe([settings.base_url])
    except StorageDown as error:
        return [Check("bucket", False, str(error), "Start the S3 store and check S3_ENDPOINT and the keys.")]


def _mail(settings: Settings) -> list[Check]:
    if not settings.mail_url:
        return [Check("mail", not settings.production, "caught, nothing is sent", "Set MAIL_URL.")]
    try:
        with mail.connect(settings) as server:
            code, _ = server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return [Check("mail", False, type(error).__name__, "Check MAIL_URL: host, port, user and password.")]
    return [Check("mail", code == 250, f"answers {code}", "Ask the mail server's operator.")]


def _previews(settings: Settings) -> list[Check]:
    """Which layers confine the renderer here; production wants every one of them, as the worker does."""
    active = layers()
    named = ", ".join(name for name, works in active.items() if works) or "none"
    enough = all(active.values())
    return [
        Check(
            "preview confinement",
            enough or settings.preview_unconfined or not settings.production,
            named,
            "Use a kernel with Landlock and seccomp, or set PREVIEW_UNCONFINED=true and accept the risk.",
        )
    ]


def _programs(settings: Settings) -> list[Check]:
    """The programs of PREVIEW_TOOLS: each is started as it would be for a file, and says its version."""
    if not settings.tools:
        return [Check("preview programs", True, "none (PREVIEW_TOOLS is empty)", "")]
    bwrap = tools.find_bwrap()
    if bwrap is None:
        told = "bubblewrap does not work here, so no program is started"
        fix = "Install bubblewrap and allow user namespaces, or empty PREVIEW_TOOLS."
        return [Check("preview programs", not settings.production, told, fix)]
    found = tools.find(settings.tools)
    checks = []
    for name in settings.tools:
        said = tools.version(name, found) if found and name in found else ""
        fix = f"Install {name} on this host, or take it out of PREVIEW_TOOLS: its files then get an icon."
        checks.append(Check(f"preview program {name}", bool(said) or not settings.production, said or "not found", fix))
    return checks


def _site(settings: Settings) -> list[Check]:
    """Whether BASE_URL leads to a web process of ours, and lets a form with a picture through."""
    if not settings.production:
        return []
    address = f"{settings.base_url}/healthz"
    fix = "Start contest web, and let the proxy for BASE_URL lead to it with the Host header as it came."
    try:
        status, body = _ask(address)
        refused, _ = _ask(address, data=bytes(_FORM))
    except OSError as error:
        return [Check("site", False, f"{settings.base_url} does not answer: {error}", fix)]
    ours = status == 200 and body == {"status": "ok"}
    found = [Check("site", ours, f"{settings.base_url} answers {status}", fix)]
    if ours:
        if refused == 413:
            fix = f"Let the proxy pass bodies of {settings.max_form_bytes} bytes (nginx: client_max_body_size)."
        # 405 is ours: the address takes no form, but nobody before us minded its length.
        found.append(Check("forms", refused == 405, f"one of {_FORM / 1e6} MB is answered with {refused}", fix))
        found.append(_compressed(f"{settings.base_url}/static/contest.css"))
    return found


def _compressed(address: str) -> Check:
    """Whether something before us compresses: we do not, and pages would weigh three times as much."""
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310 - ours
    fix = "Let the proxy compress HTML, CSS, scripts, JSON and SVG (nginx: gzip on, and gzip_types)."
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - ours
            how, size = answer.headers.get("Content-Encoding", ""), len(answer.read())
    except OSError as error:
        return Check("compression", False, f"the style sheet does not come: {error}", fix)
    return Check("compression", bool(how), f"the style sheet comes as {size} bytes, {how or 'not compressed'}", fix)


def _ask(address: str, data: bytes | None = None) -> tuple[int, object]:
    """The status and the JSON of an answer; None for what is no JSON. Raises OSError if there is none."""
    try:
        with urllib.request.urlopen(address, data, timeout=20) as answer:  # noqa: S310 - ours
            return answer.status, json.loads(answer.read(10_000))
    except urllib.error.HTTPError as error:
        return error.code, None
    except ValueError:
        return 200, None


def _prototypes(settings: Settings) -> list[Check]:
    """Whether the second host leads to this site's web process: it must answer as only that does."""
    if not settings.prototype_url:
        return [Check("prototypes", True, "not served (PROTOTYPE_URL is empty)", "")]
    fix = "Let PROTOTYPE_URL's host lead to the web process, with the Host header as it came, and start it anew."
    try:
        with urllib.request.urlopen(f"{settings.prototype_url}/", timeout=5) as answer:  # noqa: S310 - ours
            status, headers = answer.status, answer.headers
    except urllib.error.HTTPError as error:
        status, headers = error.code, error.headers
    except OSError as error:
        return [Check("prototypes", False, f"{settings.prototype_url} does not answer: {error}", fix)]
    own = status == 403 and headers.get("Content-Security-Policy", "").startswith("sandbox ")
    if own and headers.get("Set-Cookie"):
        fix = "Something before the web process sets cookies there: turn that off."
        return [Check("prototypes", False, "its host sets cookies", fix)]
    return [Check("prototypes", own, f"{settings.prototype_url} answers {status}", fix)]


def files(settings: Settings) -> list[Check]:
    """What a restored copy is asked: each file by its SHA-256, each preview by its size, each receipt by its key."""
    database, storage = Database(settings.database_url, pool=0), Storage.from_settings(settings)
    try:
        with database.reading() as session:
            return [
                _held("files", holdings.originals(session, storage), "Bring them back from the backup of the bucket."),
                _held("previews kept", holdings.previews(session, storage), "Let them be made again (page Previews)."),
                _held("receipts", holdings.signed(session), "Compare the table receipt with a backup."),
            ]
    finally:
        database.close()


def _held(name: str, held: holdings.Held, fix: str) -> Check:
    bad = [f"missing: {key}" for key in held.missing] + [f"changed: {key}" for key in held.changed]
    told = f"{held.looked_at - len(held.unknown)} looked at, {len(held.missing)} missing, {len(held.changed)} changed"
    if held.unknown:
        told += f"; {len(held.unknown)} could not be asked for"
        bad += [f"no answer: {key}" for key in held.unknown]
        fix = f"{fix} Where the store did not answer, mend it and run this again."
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return Check(name, held.whole, told + "".join(f"; {one}" for one in bad[:_NAMED]) + more, fix)


def setup() -> int:
    """Create the bucket with its guards. Needs a key that may do so; the app's own key need not."""
    settings = Settings()
    Storage.from_settings(settings).prepare([settings.base_url])
    print(f"The bucket {settings.s3_bucket} is ready for {settings.base_url}.")
    return 0


def main(*, with_files: bool = False) -> int:
    """Print every check; exit 1 if one failed. `with_files` reads every file of every entry besides."""
    settings = Settings()
    found = checks(settings)
    if with_files:
        found += files(settings)
    for check in found:
        print(f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.detail}")
        if not check.ok:
            print(f"     {check.fix}")
    bad = sum(not check.ok for check in found)
    print("Everything works." if not bad else f"{bad} to mend.")
    return 1 if bad else 0
