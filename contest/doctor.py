"""contest doctor: test each dependency by using it, name what is wrong and say the fix."""

from __future__ import annotations

import smtplib
import urllib.error
import urllib.request
from datetime import UTC, datetime

import redis
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox, schema
from contest.db import Database
from contest.models import AuditSeal
from contest.previews import tools
from contest.settings import Settings
from contest.storage import Check, Storage, StorageDown

#: More skew than this between web host and database is a fault: receipts and pages would disagree.
SKEW_SECONDS = 1.0


def checks(settings: Settings) -> list[Check]:
    """Every check, in the order in which one would mend things."""
    found = [*_database(settings), *_queue(settings), *_bucket(settings), *_mail(settings)]
    return [*found, *_previews(settings), *_programs(settings), *_prototypes(settings)]


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
            chain = [_chain(session)] if current else []
    except SQLAlchemyError as error:
        said = str(error.__cause__ or error).strip().split("\n")[0]
        return [Check("database", False, said, "Start PostgreSQL and check DATABASE_URL.")]
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
        *chain,
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
    try:
        from contest.previews.confine import layers
    except ImportError:
        return [Check("previews", True, "not installed on this host (a web host needs none)", "")]
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


def setup() -> int:
    """Create the bucket with its guards. Needs a key that may do so; the app's own key need not."""
    settings = Settings()
    Storage.from_settings(settings).prepare([settings.base_url])
    print(f"The bucket {settings.s3_bucket} is ready for {settings.base_url}.")
    return 0


def main() -> int:
    """Print every check; exit 1 if one failed."""
    found = checks(Settings())
    for check in found:
        print(f"{'ok ' if check.ok else 'BAD'}  {check.name}: {check.detail}")
        if not check.ok:
            print(f"     {check.fix}")
    bad = sum(not check.ok for check in found)
    print("Everything works." if not bad else f"{bad} to mend.")
    return 1 if bad else 0
