"""What every page shares: the request's session and actor, guards, units of work, headers and errors.

A view turns HTTP into arguments and a result into a page. It states its guard (`public`, `signed_in`)
and whether it writes (`writes`); a request that does not write cannot: its transaction is read-only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from ipaddress import IPv6Address, IPv6Network
from typing import Any, TypeVar
from uuid import UUID

import structlog
from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask_limiter import Limiter
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from contest import clock, db, i18n, texts
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account
from contest.permissions import ANONYMOUS, Actor
from contest.services import accounts
from contest.settings import Settings
from contest.storage import ObjectMissing, Storage, StorageDown
from contest.vocabulary import LOCALES

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
logins = LoginManager()
limiter = Limiter(key_func=lambda: network(), default_limits=[], headers_enabled=False)

#: Bytes of a request that is not a plain upload, and the views that take plain uploads.
SMALL_FORM = 2 * 1024 * 1024
LARGE_FORMS = frozenset({"submission.send_files"})
#: Shared limit of requests that mail a code or try a password, per network address.
SIGN_IN_LIMIT = "60 per 10 minutes"
#: Uploads begun per network address: far above what people behind one address need at a deadline.
UPLOAD_LIMIT = "1200 per hour"

# Browsers hold `form-action` against redirects too: the form that downloads an original ends at the store.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'{connect}; form-action 'self'{connect}; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'; manifest-src 'self'"
)


# The request -------------------------------------------------------------------------------------


def settings() -> Settings:
    found: Settings = current_app.extensions["contest.settings"]
    return found


def storage() -> Storage:
    found: Storage = current_app.extensions["contest.storage"]
    return found


def session() -> Session:
    """The request's database session; read-only unless the view is marked with `writes`."""
    if "db_session" not in g:
        g.db_session = current_app.extensions["contest.db"].sessions()
        g.db_session.info["queue_server"] = current_app.extensions["contest.queue"]
        if not g.get("writing"):
            g.db_session.connection(execution_options={"postgresql_readonly": True})
    opened: Session = g.db_session
    return opened


def actor() -> Actor:
    """Who asks. Looked up once per request, from the session's row."""
    if "actor" not in g:
        g.actor = ANONYMOUS
        token = cookie.get("_user_id")
        if token:
            found = accounts.load_actor(session(), token)
            if found is None:
                # The row is the truth: a cookie that outlived its session says nothing. The form that the
                # visitor has open keeps its token, so that it can still be sent after signing in.
                for name in ("_user_id", "_fresh", "_id"):
                    cookie.pop(name, None)
            else:
                g.actor, stale = found
                if stale:
                    _touch(g.actor)
    who: Actor = g.actor
    return who


def _touch(who: Actor) -> None:
    """Note the use of a session, outside the request's own unit of work, at most once a minute."""
    with current_app.extensions["contest.db"].unit_of_work() as own:
        accounts.touch(own, who)


def now() -> datetime:
    """The database's clock, read once per request. Acts at a deadline read it again under their lock."""
    if "now" not in g:
        g.now = clock.read(session())
    moment: datetime = g.now
    return moment


def locale() -> str:
    """Language of this page: the address, then the account, the cookie, the browser, English."""
    if "page_locale" not in g:
        in_path = (request.view_args or {}).get("lang") if request else None
        if in_path in LOCALES:
            g.page_locale = in_path
        else:
            try:
                account_locale = actor().locale if actor().signed_in else None
            except (OperationalError, PoolTimeout):
                account_locale = None
            g.page_locale = i18n.pick(
                request.headers.get("Accept-Language"), account_locale, request.cookies.get("lang")
            )
    return str(g.page_locale)


def viewer_zone() -> str:
    return actor().zone if actor().signed_in else ""


# Guards and units of work ------------------------------------------------------------------------


def public(view: View) -> View:
    """Anyone may ask; the service decides what exists for them."""
    view.__guard__ = "public"  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Signed in and verified; others are sent to sign in. The service decides the rest."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not actor().signed_in:
            if wants_json():
                return jsonify(error="sign_in", message=texts.denial("sign_in")), 401
            keep_return_path()
            return redirect(url_for("auth.sign_in"))
        return view(*args, **kwargs)

    guarded.__guard__ = "signed_in"  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def writes(view: View) -> View:
    """One unit of work: commit on return, roll back on error. What must follow the commit waits."""

    @wraps(view)
    def unit(*args: Any, **kwargs: Any) -> Any:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return view(*args, **kwargs)
        if "db_session" in g:
            # Opened read-only before the view said that it writes (e.g. to find the language).
            g.pop("db_session").close()
        g.writing = True
        result = view(*args, **kwargs)
        db.commit(session())
        for act in g.pop("after_commit", []):
            act()
        return result

    unit.__writes__ = True  # type: ignore[attr-defined]
    if hasattr(view, "__guard__"):
        unit.__guard__ = view.__guard__  # type: ignore[attr-defined]
    return unit  # type: ignore[return-value]


def after_commit(act: Callable[[], None]) -> None:
    """Run `act` in this request once its unit of work has committed: where cookies are set."""
    g.setdefault("after_commit", []).append(act)


def keep_and_roll_back() -> None:
    """Undo the unit of work of a refused form, so that the page is rendered over what is stored."""
    session().rollback()


# Signing in --------------------------------------------------------------------------------------


class _Visitor(UserMixin):
    """What Flask-Login keeps: the session's token. The account itself is read from its row."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        return self.token


@logins.user_loader
def _load_visitor(token: str) -> _Visitor | None:
    return _Visitor(token) if actor().signed_in else None


def sign_in(account: Account) -> None:
    """Open a session now and set its cookie after the commit, under a new id and a new CSRF token."""
    token = accounts.start_session(
        session(), account, address=request.remote_addr or "", agent=request.headers.get("User-Agent", "")
    )

    def set_cookie() -> None:
        kept = cookie.get("next")
        cookie.clear()
        if kept:
            cookie["next"] = kept
        cookie.permanent = True
        login_user(_Visitor(token))

    after_commit(set_cookie)


def sign_out() -> None:
    """Drop the cookie after the commit; the CSRF token dies with it."""

    def drop() -> None:
        logout_user()
        cookie.clear()

    after_commit(drop)


def keep_return_path() -> None:
    """Remember where a visitor wanted to go, on our side, never as a link."""
    if request.method == "GET" and request.endpoint:
        cookie["next"] = request.full_path.rstrip("?")


def return_path(default: str) -> str:
    """Where to go after signing in: only a page of ours, matched against the routes and rebuilt."""
    wanted = str(cookie.pop("next", "") or "")
    if not wanted:
        return default
    path, _, query = wanted.partition("?")
    try:
        endpoint, arguments = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return default
    rebuilt = url_for(endpoint, **arguments)
    return f"{rebuilt}?{query}" if re.fullmatch(r"[\w=&.%-]+", query) else rebuilt


def own_page(path: str, lang: str) -> str:
    """A page of ours at `path`, rebuilt from the routes and in `lang` where its address names a language."""
    try:
        endpoint, arguments = current_app.url_map.bind("").match(path.partition("?")[0] or "/", method="GET")
    except HTTPException:
        return "/"
    if "lang" in arguments:
        arguments = {**arguments, "lang": lang}
    return url_for(endpoint, **arguments)


def network() -> str:
    """The visitor's network: an IPv4 address, or the /64 of an IPv6 one."""
    address = request.remote_addr or ""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


# Pages -------------------------------------------------------------------------------------------


def page(template: str, status: int = 200, /, **values: Any) -> Response:
    """Render a page. Signed-in pages are never kept by a cache."""
    response = current_app.make_response(render_template(template, **values))
    response.status_code = status
    return response


def flash_said(message: str) -> None:
    """One sentence for the status region of the next page."""
    flash(message)


def opaque(*parts: object, length: int = 16) -> str:
    """A keyed digest: an ETag or a code that tells nothing of what it stands for."""
    text = "\0".join(str(part) for part in parts)
    return hmac.new(settings().secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()[:length]


def picture(key: str, *, etag: str, public_cache: bool) -> Response:
    """Serve a preview's bytes with headers of our own: no key, no time of upload, no store's ETag."""
    response = (
        Response(status=304)
        if request.if_none_match.contains(etag)
        else Response(storage().read(key), mimetype="image/webp")
    )
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, max-age=300" if public_cache else "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    return response


def wants_json() -> bool:
    """Whether the answer goes to a script: the API, or an upload that is not sent by a plain form."""
    if request.path.startswith("/api/"):
        return True
    accepts = request.accept_mimetypes
    if request.path.startswith("/uploads"):
        return "text/html" not in accepts.to_header()
    return accepts.best_match(["text/html", "application/json"]) == "application/json"


def negotiated(lang_endpoint: str, **arguments: Any) -> Any:
    """Redirect an address without a language to the reader's."""
    return redirect(url_for(lang_endpoint, lang=locale(), **arguments))


# Errors ------------------------------------------------------------------------------------------


def problem(status: int, title: str, sentence: str, *, code: str = "", next_url: str = "", next_label: str = "") -> Any:
    """One page (or JSON) for everything that went wrong: what happened and what to do."""
    number = g.get("request_number", "")
    if wants_json():
        return jsonify(error=code or str(status), message=sentence, number=number), status
    try:
        return page(
            "error.html",
            status,
            title=title,
            sentence=sentence,
            number=number,
            status=status,
            next_url=next_url,
            next_label=next_label,
        )
    except Exception:
        # The page itself needs the database for the mast; without it a plain page still says what to do.
        log.exception("error_page_failed")
        g.actor = ANONYMOUS
        return page("error_plain.html", status, title=title, sentence=sentence, number=number)


def _roll_back() -> None:
    opened = g.get("db_session")
    if opened is not None:
        opened.rollback()
    g.pop("after_commit", None)


def register_errors(app: Flask) -> None:
    """Map each class of error to a status once."""

    @app.errorhandler(NotFound)
    @app.errorhandler(404)
    def not_found(_error: Exception) -> Any:
        _roll_back()
        return problem(404, *texts.problem("not_found"), code="not_found")

    @app.errorhandler(Denied)
    def denied(error: Denied) -> Any:
        _roll_back()
        status = 429 if error.reason == "too_many_tries" else 403
        if error.reason == "fresh_sign_in_needed" and not wants_json():
            cookie["next"] = _own_path(request.referrer) if request.referrer else "/"
            return redirect(url_for("auth.confirm"))
        title, sentence = texts.denied_page(error.reason, error.facts, zone=_zone_of_page(), locale=locale())
        return problem(status, title, sentence, code=error.reason)

    @app.errorhandler(Conflict)
    def conflict(error: Conflict) -> Any:
        _roll_back()
        return problem(409, texts.problem("conflict")[0], texts.conflict(error.reason), code=error.reason)

    @app.errorhandler(StaleDataError)
    def overtaken(_error: StaleDataError) -> Any:
        # A version column moved between reading and writing the row: nothing of this act is stored.
        _roll_back()
        return problem(409, *texts.problem("conflict"), code="stale")

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> Any:
        _roll_back()
        sentence = " ".join(texts.field_error(code, error.facts) for code in error.problems.values())
        return problem(422, texts.problem("invalid")[0], sentence, code=next(iter(error.problems.values())))

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> Any:
        _roll_back()
        return problem(400, *texts.problem("csrf"), code="csrf")

    @app.errorhandler(ObjectMissing)
    def object_missing(error: ObjectMissing) -> Any:
        # A row without its object is an alarm for the operator and a 404 for the visitor.
        log.error("object_missing", error=str(error)[:200])
        return not_found(error)

    @app.errorhandler(StorageDown)
    def storage_down(error: StorageDown) -> Any:
        _roll_back()
        log.warning("storage_away", error=str(error)[:200])
        return problem(503, *texts.problem("storage_away"), code="storage_away")

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_down(error: Exception) -> Any:
        log.warning("database_away", error=str(error)[:200])
        opened = g.pop("db_session", None)
        if opened is not None:
            opened.invalidate()
        g.actor = ANONYMOUS
        return problem(503, *texts.problem("database_away"), code="database_away")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        _roll_back()
        if error.code is None or error.code < 400:
            return error
        known = {400: "bad_request", 405: "method", 413: "too_large", 429: "too_many"}.get(error.code)
        title, sentence = texts.problem(known or "bad_request")
        response = current_app.make_response(problem(error.code, title, sentence, code=known or str(error.code)))
        if error.code == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return response

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Any:
        _roll_back()
        log.exception("request_failed", path=request.path, number=g.get("request_number"))
        return problem(500, *texts.problem("failed"), code="failed")


def _own_path(address: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _zone_of_page() -> str:
    return viewer_zone() or "UTC"


# Headers and input -------------------------------------------------------------------------------


def register_requests(app: Flask) -> None:
    """Check input before any view sees it, and put the same headers on every response."""
    chosen: Settings = app.extensions["contest.settings"]
    store = chosen.public_endpoint
    policy = POLICY.format(connect=f" {store}")
    hidden = secrets.token_hex(2)

    @app.before_request
    def check() -> None:
        g.request_number = f"{hidden}{secrets.token_hex(4)}".upper()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_number)
        if any("\0" in value for value in (request.path, *request.args.values())):
            abort(400)
        # Only a signed-in entrant's plain upload may be large; this is settled before a byte is read.
        large = request.endpoint in LARGE_FORMS and actor().signed_in
        request.max_content_length = chosen.max_form_bytes if large else SMALL_FORM
        if (request.content_length or 0) > (chosen.max_form_bytes if large else SMALL_FORM):
            abort(413)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        response.headers["X-Request-ID"] = g.get("request_number", "")
        if chosen.secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store" if response.mimetype == "text/html" else "no-cache"
        response.vary.add("Accept-Language")
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        opened = g.pop("db_session", None)
        if opened is not None:
            opened.close()


class ContestRequest(Request):
    """Limits on what a form may hold, so that a hostile one is a 413 and not a full memory."""

    max_form_memory_size = 2 * 1024 * 1024
    max_form_parts = 2000


def clean(text: str, *, lines: bool = False) -> str:
    """Normalise typed text: NFC, no control characters; line breaks only where `lines`."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(ch for ch in text if ch == "\n" or unicodedata.category(ch) not in ("Cc", "Cs"))
    return (kept if lines else " ".join(kept.split())).strip()


def json_body(limit: int = 64 * 1024) -> dict[str, Any]:
    """The request's JSON object. Too large, too deep, not an object, or NaN: 400."""
    import json

    body = request.get_data(cache=False)
    if len(body) > limit:
        abort(413)
    # Depth is checked on the bytes, because a parser that recurses is what a deep body attacks.
    if _depth(body) > 32:
        abort(400)
    try:
        parsed = json.loads(body, parse_constant=lambda _: abort(400), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError):
        abort(400)
    if not isinstance(parsed, dict):
        abort(400)
    return parsed


def _depth(body: bytes) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
            continue
        if byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("duplicate key")
    return dict(pairs)


def uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
