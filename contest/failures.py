"""Errors as pages: what happened, what is safe, and the one next thing. Each class of error has one status.

A failure page never throws away what somebody typed: it shows the texts of the refused form, so that they
can be copied. It does so only for a form that this site itself sent (see `received.typed`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, current_app, g, jsonify, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from contest import logs, received, texts, web
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Contest
from contest.permissions import ANONYMOUS
from contest.services import closing
from contest.storage import ObjectMissing, StorageDown

log = structlog.get_logger(__name__)

#: How long a client that asks on its own should wait, in seconds.
RETRY_AFTER = {429: "600", 503: "60"}


@dataclass(frozen=True)
class Told:
    """What a failure page says. `safe` is what is not lost; `links` the next things, the first one foremost."""

    title: str
    sentence: str
    safe: str = ""
    links: Sequence[tuple[str, str]] = ()
    #: A deadline that passed, when the request came, and the contest's zone.
    closed_at: datetime | None = None
    came_at: datetime | None = None
    zone: str = "UTC"
    #: Whether a sealed revision of the reader is in the contest all the same.
    counts: bool = False


def problem(status: int, told: Told, *, code: str = "") -> Any:
    """One page (or JSON) for everything that went wrong."""
    number = g.get("request_number", "")
    if web.wants_json():
        response = current_app.make_response(jsonify(error=code or str(status), message=told.sentence, number=number))
        response.status_code = status
    else:
        response = _page(status, told, number)
    if status in RETRY_AFTER:
        response.headers.setdefault("Retry-After", RETRY_AFTER[status])
    return response


def _page(status: int, told: Told, number: str) -> Any:
    try:
        return web.page("error.html", status, told=told, number=number, status=status, typed=received.typed())
    except Exception:
        # The page itself may need what is away; without it a plain page still says what to do.
        log.exception("error_page_failed")
        g.actor = ANONYMOUS
        return plain(status, told, number)


def plain(status: int, told: Told, number: str) -> Any:
    """The page for when nothing else works: no database, no session, no catalogue but what it finds."""
    return web.page("error_plain.html", status, told=told, number=number, lang=web.locale())


def _of(code: str, **more: Any) -> Told:
    title, sentence = texts.problem(code)
    return Told(title, sentence, safe=texts.safe(code), **more)


def _sign_in() -> tuple[str, str]:
    return url_for("auth.sign_in"), _("Sign in")


def _start() -> tuple[str, str]:
    return url_for("submission.start"), _("Go to the contests")


def _back() -> tuple[str, str]:
    """The page from which the request came, where it is one of ours; else the list of contests."""
    try:
        here = urlsplit(request.referrer or "").netloc == request.host
    except ValueError:
        return _start()  # anybody may send anything as a Referer
    path = _own_path(request.referrer or "")
    return (path, _("Go back")) if here and path != request.full_path.rstrip("?") else _start()


def _roll_back() -> None:
    opened = g.get("db_session")
    if opened is not None:
        opened.rollback()
    g.pop("after_commit", None)


def register(app: Flask) -> None:
    """Map each class of error to a status once."""

    @app.errorhandler(NotFound)
    @app.errorhandler(404)
    def not_found(_error: Exception) -> Any:
        _roll_back()
        links = [_start()] if web.actor().signed_in else [_start(), _sign_in()]
        if web.actor().signed_in:
            links.append((url_for("auth.account"), _("See which account this is")))
        return problem(404, _of("not_found", links=links), code="not_found")

    @app.errorhandler(Denied)
    def denied(error: Denied) -> Any:
        _roll_back()
        if error.reason == "fresh_sign_in_needed" and not web.wants_json():
            cookie["next"] = _own_path(request.referrer) if request.referrer else "/"
            return redirect(url_for("auth.confirm"))
        status = 429 if error.reason == "too_many_tries" else 403
        return problem(status, _denied(error), code=error.reason)

    @app.errorhandler(Conflict)
    def conflict(error: Conflict) -> Any:
        _roll_back()
        told = Told(texts.problem("conflict")[0], texts.conflict(error.reason), texts.safe("conflict"), [_back()])
        return problem(409, told, code=error.reason)

    @app.errorhandler(StaleDataError)
    def overtaken(_error: StaleDataError) -> Any:
        # A version column moved between reading and writing the row: nothing of this act is stored.
        _roll_back()
        return problem(409, _of("conflict", links=[_back()]), code="stale")

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> Any:
        _roll_back()
        sentence = " ".join(texts.field_error(code, error.facts) for code in error.problems.values())
        told = Told(texts.problem("invalid")[0], sentence, texts.safe("invalid"), [_back()])
        return problem(422, told, code=next(iter(error.problems.values())))

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Any:
        log.info("form_refused", reason=error.description, path=logs.without_secrets(request.path))
        _roll_back()
        links = [_back()] if web.actor().signed_in else [_back(), _sign_in()]
        return problem(400, _of("csrf", links=links), code="csrf")

    @app.errorhandler(ObjectMissing)
    def object_missing(error: ObjectMissing) -> Any:
        # A row without its object is an alarm for the operator and a 404 for the visitor.
        log.error("object_missing", error=str(error)[:200])
        return not_found(error)

    @app.errorhandler(StorageDown)
    def storage_down(error: StorageDown) -> Any:
        _roll_back()
        log.warning("storage_away", error=str(error)[:200])
        return problem(503, _of("storage_away", links=[_again()]), code="storage_away")

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_down(error: Exception) -> Any:
        log.warning("database_away", error=str(error)[:200])
        opened = g.pop("db_session", None)
        if opened is not None:
            opened.invalidate()
        g.actor = ANONYMOUS
        return problem(503, _of("database_away", links=[_again()]), code="database_away")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        _roll_back()
        if error.code is None or error.code < 400:
            return error
        if isinstance(error, SecurityError):
            # A host that is not ours: no address can be built, so the plain page says it.
            return plain(400, _of("bad_request"), g.get("request_number", ""))
        known = {400: "bad_request", 405: "method", 413: "too_large", 429: "too_many"}.get(error.code)
        told = _of(known or "bad_request", links=[_back()])
        response = current_app.make_response(problem(error.code, told, code=known or str(error.code)))
        if error.code == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Any:
        _roll_back()
        log.exception("request_failed", path=logs.without_secrets(request.path), number=g.get("request_number"))
        return problem(500, _of("failed", links=[_again()]), code="failed")


def _again() -> tuple[str, str]:
    """The same page once more; what was sent by a form cannot be asked for, so that goes back."""
    if request.method != "GET":
        return _back()
    return request.full_path.rstrip("?"), _("Try again")


def _denied(error: Denied) -> Told:
    """A refusal; where a deadline passed, with what the entrant has in the contest all the same."""
    zone = web.viewer_zone() or "UTC"
    title, sentence = texts.denied_page(error.reason, error.facts, zone=zone, locale=web.locale())
    if error.reason == "signed_out":
        cookie["next"] = _own_path(request.referrer) if request.referrer else "/"
        return Told(title, sentence, texts.safe("signed_out"), [_sign_in()])
    if error.reason in ("sign_in", "fresh_sign_in_needed"):
        return Told(title, sentence, links=[_sign_in()])
    slug = (request.view_args or {}).get("slug")
    if error.reason == "deadline_passed" and slug and "now" in error.facts:
        return _closed(title, sentence, error, str(slug))
    return Told(title, sentence, links=[_back()])


def _closed(title: str, sentence: str, error: Denied, slug: str) -> Told:
    """The deadline passed: when, by whose clock, what stays in the contest, and where its proof is."""
    closes_at, now = error.facts["closes_at"], error.facts["now"]
    try:
        contest, kept = closing.kept(web.session(), web.actor(), slug)
    except NotFound:
        return Told(title, sentence, links=[_start()])
    links, safe = [], ""
    if kept is not None:
        safe = texts.kept(kept.number, kept.sealed_at, counts=kept.counts, zone=contest.zone, locale=web.locale())
        if kept.number is not None:
            links.append(_receipt(slug, kept.number))
    links.append((url_for("submission.contest", lang=web.locale(), slug=slug), _("Go to the contest")))
    if kept is not None:
        links.append((url_for("submission.entry", slug=slug), _("See my entry as it is")))
    if address := _contact(contest):
        links.append((address, _("Ask the organiser")))
    return Told(
        texts.ago(now - closes_at, web.locale()),
        texts.closed_sentence(closes_at, now, contest.grace_seconds, web.locale()),
        safe,
        links,
        closes_at,
        now,
        contest.zone,
        kept is not None and kept.counts,
    )


def _receipt(slug: str, number: int) -> tuple[str, str]:
    words = _("See the receipt of revision %(number)s", number=number)
    return url_for("submission.receipt", slug=slug, number=number), words


def _contact(contest: Contest) -> str:
    """A link to the contest's contact, which organisers type as an address of mail or of a page."""
    given = contest.contact.strip()
    if re.fullmatch(r"https?://\S+", given):
        return given
    return f"mailto:{given}" if re.fullmatch(r"[^\s@?&]+@[^\s@?&]+\.[^\s@?&]+", given) else ""


def _own_path(address: str) -> str:
    """The path and query of an address. It begins with one slash: with two it would name another host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    return "/" + parts.path.lstrip("/\\") + (f"?{parts.query}" if parts.query else "")
