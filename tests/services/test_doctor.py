"""contest doctor: every dependency is used; what is wrong is named with its fix."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from contest import audit, doctor, outbox
from contest.models import OutboxItem, Periodic
from contest.settings import Settings
from contest.storage import Storage


def test_all_is_well_on_the_embedded_services(settings: Settings, storage: Storage) -> None:
    found = doctor.checks(settings.model_copy(update={"base_url": "http://localhost:5000"}))

    assert [(check.name, check.detail) for check in found if not check.ok] == []
    assert {"database", "migrations", "clock", "queue", "mail", "preview confinement"} <= {
        check.name for check in found
    }
    assert len(found) > 10


@pytest.mark.parametrize(
    "away, name, said",
    [
        ({"database_url": "postgresql+psycopg://u:p@127.0.0.1:1/x"}, "database", "DATABASE_URL"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, "queue", "REDIS_URL"),
        ({"mail_url": "smtp://127.0.0.1:1"}, "mail", "MAIL_URL"),
        ({"s3_bucket": "no-such-bucket"}, "", "contest setup"),
        ({"base_url": "https://elsewhere.example"}, "", "contest setup"),
        ({"prototype_url": "http://127.0.0.1:1"}, "prototypes", "does not answer"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(
    settings: Settings, storage: Storage, away: dict[str, str], name: str, said: str
) -> None:
    bad = [check for check in doctor.checks(settings.model_copy(update=away)) if not check.ok]

    assert bad
    assert name in {check.name for check in bad} | {""}
    assert any(said in check.fix + check.detail + check.name for check in bad), [(c.name, c.detail, c.fix) for c in bad]


def test_an_audit_log_that_was_changed_is_named(settings: Settings, storage: Storage, session: Session) -> None:
    audit.record(session, None, "contest.changed", number=1)
    session.commit()
    sealed = audit.seal(session, settle=timedelta(0))
    session.commit()
    assert sealed is not None
    before = next(check for check in doctor.checks(settings) if check.name == "audit log")
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("UPDATE audit_event SET facts = '{}'"))
    session.commit()

    after = next(check for check in doctor.checks(settings) if check.name == "audit log")

    assert (before.ok, sealed.digest in before.detail) == (True, True)
    assert (after.ok, after.detail) == (False, f"seal {sealed.id} does not hold")


def test_an_old_schema_is_named(settings: Settings, addresses: object, worker_id: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url

    name = f"empty_{worker_id}"
    engine = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)

    found = {check.name: check for check in doctor.checks(settings.model_copy(update={"database_url": url}))}

    assert (found["migrations"].ok, found["migrations"].fix) == (False, "Run contest migrate.")


def test_programs_are_started_and_the_second_host_is_asked(settings: Settings, storage: Storage) -> None:
    import threading
    from wsgiref.simple_server import WSGIServer, make_server

    from contest.previews import tools
    from contest.prototype_host import PrototypeHost
    from contest.services.packs import Packs

    def site(_environ: object, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b"the site"]

    server: WSGIServer = make_server("127.0.0.1", 0, site)
    url = f"http://127.0.0.1:{server.server_port}"
    chosen = settings.model_copy(update={"prototype_url": url, "preview_tools": "ghostscript"})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        wrong = {check.name: check for check in doctor.checks(chosen)}
        server.set_app(PrototypeHost(site, chosen, Packs(storage)))
        right = {check.name: check for check in doctor.checks(chosen)}
    finally:
        server.shutdown()
        server.server_close()

    assert (wrong["prototypes"].ok, right["prototypes"].ok) == (False, True)
    here = tools.find(["ghostscript"])
    said = right["preview program ghostscript"].detail if here else "none"
    assert said[:1].isdigit() if here else said == "none"


def test_a_relay_that_does_not_run_and_jobs_that_wait_are_named(session: Session, settings: Settings) -> None:
    def found() -> dict[str, doctor.Check]:
        chosen = settings.model_copy(update={"contest_env": "production"})
        return {check.name: check for check in doctor._work(session, chosen)}

    never = found()
    session.add(Periodic(name="seal_audit", last_run_at=func.clock_timestamp()))
    outbox.add(session, "send_mail", queue="mail", mail_id="1")
    session.flush()
    fresh = found()
    session.execute(update(Periodic).values(last_run_at=Periodic.last_run_at - timedelta(minutes=20)))
    session.execute(update(OutboxItem).values(not_before=OutboxItem.not_before - timedelta(minutes=15)))
    late = found()
    session.execute(update(OutboxItem).values(failed_at=func.clock_timestamp()))
    parked = found()

    assert [never["relay"].ok, never["relay"].detail, never["jobs"].ok] == [False, "has never run", True]
    assert [fresh["relay"].ok, fresh["jobs"].ok] == [True, True]
    assert [late["relay"].ok, late["jobs"].ok, late["jobs"].detail] == [
        False,
        False,
        "1 wait, the first for 15 min; 0 given up in the last day",
    ]
    assert [parked["jobs"].ok, parked["jobs"].detail] == [True, "0 wait; 1 given up in the last day"]


def test_clips_may_wait_as_long_as_one_is_made(session: Session, settings: Settings) -> None:
    chosen = settings.model_copy(update={"contest_env": "production"})
    for number in range(2):
        outbox.add(session, "make_clip", queue="clips", share=uuid4(), file_id=str(number))
    session.execute(update(OutboxItem).values(not_before=OutboxItem.not_before - timedelta(minutes=90)))

    idle = {check.name: check for check in doctor._work(session, chosen)}
    assert outbox.claim_next(session, "clips", timedelta(minutes=1))
    busy = {check.name: check for check in doctor._work(session, chosen)}

    assert (idle["jobs"].ok, idle["jobs"].detail) == (True, "0 wait; 0 given up in the last day")
    assert (idle["clips"].ok, idle["clips"].detail) == (False, "2 wait, the first for 90 min; 0 being made")
    assert (busy["clips"].ok, busy["clips"].detail) == (True, "2 wait, the first for 90 min; 1 being made")


def test_the_site_is_asked_through_its_public_address(settings: Settings) -> None:
    import threading
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_words: object) -> None:
            pass

    most = [1_000_000]
    encoding: list[tuple[str, str]] = []

    def proxy(environ: dict[str, Any], start: Any) -> list[bytes]:
        """A proxy with a limit on bodies, and our process behind it."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"].read(length)
        if environ["PATH_INFO"] == "/static/contest.css" and "gzip" in environ["HTTP_ACCEPT_ENCODING"]:
            start("200 OK", encoding)
            return [b"small"]
        if environ["PATH_INFO"] != "/healthz":
            start("404 Not Found", [])
            return [b""]
        if environ["REQUEST_METHOD"] == "POST":
            start("413 Too Large" if length > most[0] else "405 Method Not Allowed", [])
            return [b""]
        start("200 OK", [("Content-Type", "application/json")])
        return [b'{"status":"ok"}']

    server: WSGIServer = make_server("127.0.0.1", 0, proxy, handler_class=Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    chosen = settings.model_copy(update={"contest_env": "production", "base_url": url})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        small = {check.name: check for check in doctor._site(chosen)}
        most[0] = 10_000_000
        encoding.append(("Content-Encoding", "gzip"))
        large = [check.ok for check in doctor._site(chosen)]
        elsewhere = doctor._site(chosen.model_copy(update={"base_url": f"{url}/other"}))
    finally:
        server.shutdown()
        server.server_close()
    away = doctor._site(chosen)

    assert (small["site"].ok, small["forms"].ok, small["compression"].ok) == (True, False, False)
    assert large == [True, True, True]
    assert "client_max_body_size" in small["forms"].fix
    assert [(check.name, check.ok) for check in elsewhere] == [("site", False)]
    assert [(check.name, check.ok) for check in away] == [("site", False)] and "does not answer" in away[0].detail
