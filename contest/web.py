"""What every page shares: the request's session and actor, guards, units of work and headers.

A view turns HTTP into arguments and a result into a page. It states its guard (`public`, `signed_in`)
and whether it writes (`writes`); a request that does not write cannot: its transaction is read-only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from ipaddress import IPv6Address, IPv6Network
from typing import Any, TypeVar

import structlog
from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    g,
    has_request_context,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask_babel import Babel, Domain
from flask_limiter import Limiter
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from contest import clock, db, i18n, texts
from contest.errors import Denied
from contest.models import Account
from contest.permissions import ANONYMOUS, Actor
from contest.received import typed
from contest.services import accounts, contests
from contest.services.addresses import email_key
from contest.services.packs import Packs
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import DEFAULT_LOCALE

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
logins = LoginManager()
limiter = Limiter(key_func=lambda: network(), default_limits=[], headers_enabled=False)

YEAR = 365 * 86400
#: Bytes of a request that is not a plain upload; the views that take plain uploads, with a limit below the site's or 0.
SMALL_FORM = 2 * 1024 * 1024
LARGE_FORMS = {
    "submission.send_files": 0,
    # Without JavaScript each button of the entry's page sends the files that were chosen too.
    "submission.save_entry": 0,
    "submission.describe_file": 0,
    "submission.remove_file": 0,
    "submission.submit": 0,
    "manage.do_picture": 21_000_000,
}
#: Limit of requests that mail a code or try a password: of each page, and per network or known browser (`place`).
SIGN_IN_LIMIT = "60 per 10 minutes"
#: Uploads begun per network address: far above what people behind one address need at a deadline.
UPLOAD_LIMIT = "1200 per hour"

# Browsers hold `form-action` against redirects too: the form that downloads an original ends at the store.
_POLICY = (
    "default-src 'none'; script-src 'self'{script}; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'{connect}; form-action 'self'{connect}; base-uri 'none'; frame-ancestors 'none'; "
    "object-src 'none'; manifest-src 'self'; media-src 'self'"
)


# The request -------------------------------------------------------------------------------------


def settings() -> Settings:
    found: Settings = current_app.extensions["contest.settings"]
    return found


def storage() -> Storage:
    found: Storage = current_app.extensions["contest.storage"]
    return found


def packs() -> Packs:
    found: Packs = current_app.extensions["contest.packs"]
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
            # The row is the truth: a cookie that outlived its session says nothing. It stays as it is all the same:
            # another tab may have got a new token meanwhile, which an answer that sets the cookie would undo.
            g.token_over = found is None
            if found is not None:
                g.actor, stale = found
                if stale and not _only_asks():
                    g.actor = _touch(g.actor)
    who: Actor = g.actor
    return who


def _only_asks() -> bool:
    """Whether a script asks how long the session lasts, or what is new by now: asking is not using."""
    # A poll names what its page has seen (`living_region`). A link may carry a word of that name too, and is used.
    polls = request.endpoint == "manage.progress" and "seen" in request.args
    return polls or request.endpoint == "about.session_state"


def _touch(who: Actor) -> Actor:
    """Note the use of a session, outside the request's own unit of work, at most once a minute."""
    with current_app.extensions["contest.db"].unit_of_work() as own:
        accounts.touch(own, who)
    return replace(who, session_unused=timedelta())


def now() -> datetime:
    """The database's clock, read once per request. Acts at a deadline read it again under their lock."""
    if "now" not in g:
        g.now = clock.read(session())
    moment: datetime = g.now
    return moment


def locale() -> str:
    """Language of this page: the address, the account, the cookie, the browser, the contest's own, English."""
    if "page_locale" not in g:
        named = request.view_args or {}
        first = request.path.split("/", 2)[1:2]
        # Also where nothing is: a page that says so speaks the language of the address.
        found = named.get("lang") or next((part for part in first if part in i18n.languages()), None)
        try:
            if not found:
                wishes = (actor().locale if actor().signed_in else None, request.cookies.get("lang"))
                found = i18n.pick(request.headers.get("Accept-Language"), *wishes)
            if not found and "slug" in named:
                found = contests.own_language(session(), named["slug"])
        except (OperationalError, PoolTimeout):
            found = i18n.pick(request.headers.get("Accept-Language"), request.cookies.get("lang"))
        g.page_locale = found or DEFAULT_LOCALE
    return str(g.page_locale)


class LanguageConverter(BaseConverter):
    """`<lang:lang>` in an address: one of the languages of the interface."""

    def __init__(self, url_map: Any) -> None:
        super().__init__(url_map)
        self.regex = f"(?:{'|'.join(re.escape(language) for language in i18n.languages())})"


class Catalogues(Domain):
    """Pages take their texts where mails and jobs do, also in a variety of a language that CLDR does not know."""

    def get_translations(self) -> Any:
        return i18n.gettext(locale() if has_request_context() else DEFAULT_LOCALE)


class Languages(Babel):
    @property
    def domain_instance(self) -> Domain:
        return Catalogues()


def theme() -> str:
    """ "light" or "dark" as the reader chose, in the account or this browser; "" as the system says."""
    chosen = actor().theme or request.cookies.get("theme", "")
    return chosen if chosen in ("light", "dark") else ""


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
            if typed():
                # A session that ended under an open form: its texts are shown once more, not thrown away.
                raise Denied("signed_out")
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


def after_commit(act: Callable[[], object]) -> None:
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
    know_browser(account.email)


def know_browser(email: str) -> None:
    """Let the account of `email` know this browser from the commit on."""
    known = known_browser(email) or secrets.token_urlsafe(12)

    def remember(response: Response) -> Response:
        value = f"{known}.{_browser_of(email, known)}"
        response.set_cookie("known", value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings().secure)
        return response

    after_commit(lambda: after_this_request(remember))


def known_browser(email: str) -> str:
    """The name of this browser if the account of `email` was the last to sign in here; "" otherwise.

    It outlives sessions and lets nobody in: only guesses are counted apart, see `services.attempts`.
    """
    name, _, proof = request.cookies.get("known", "").partition(".")
    return name if name and hmac.compare_digest(proof.encode(), _browser_of(email, name).encode()) else ""


def place() -> str:
    """Whose tries to sign in are limited together: a browser that the typed account knows, or else a network.

    Many people may stand behind one address; a neighbour's tries are not to shut out those who were here before.
    """
    asked = cookie.get("code_for")
    email = request.form.get("email") or (asked.get("email", "") if isinstance(asked, dict) else "")
    known = known_browser(email)
    return f"browser:{known}" if known else network()


def _browser_of(email: str, name: str) -> str:
    return opaque("browser", email_key(email), name, length=32)


def renew(token: str) -> None:
    """Go on in the same session under its new token, from the commit on. Pages that are open stay usable."""
    after_commit(lambda: login_user(_Visitor(token)))


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
    """The visitor's network."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """The network of an address: an IPv4 address, or the /64 of an IPv6 one."""
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


def picture(key: str, *, etag: str, public_cache: bool, media_type: str = "image/webp") -> Response:
    """Serve a preview's bytes with headers of our own: no key, no time of upload, no store's ETag."""
    response = (
        Response(status=304)
        if request.if_none_match.contains(etag)
        else Response(storage().read(key), mimetype=media_type)
    )
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, max-age=300" if public_cache else "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    return response


def document(body: bytes, name: str) -> Response:
    """A PDF of the reader's own, to be saved as `name`."""
    response = Response(body, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "private, no-cache"
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


# Headers -----------------------------------------------------------------------------------------


def register_requests(app: Flask) -> None:
    """Check input before any view sees it, and put the same headers on every response."""
    chosen: Settings = app.extensions["contest.settings"]
    hidden = secrets.token_hex(2)

    @app.before_request
    def check() -> None:
        g.request_number = f"{hidden}{secrets.token_hex(4)}".upper()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_number)
        if any("\0" in value for value in (request.path, *request.args.values())):
            abort(400)
        # Only a signed-in person's plain upload may be large; this is settled before a byte is read.
        most = SMALL_FORM
        if request.endpoint in LARGE_FORMS and actor().signed_in:
            most = min(chosen.max_form_bytes, LARGE_FORMS[request.endpoint] or chosen.max_form_bytes)
        request.max_content_length = most
        if (request.content_length or 0) > most:
            abort(413)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy())
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
        if g.get("token_over") and request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "empty":
            cookie.modified = False  # what a script fetched; see `actor`
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        opened = g.pop("db_session", None)
        if opened is not None:
            opened.close()


def policy(*, frame: str = "") -> str:
    """The Content-Security-Policy of a page; `frame` is what it shows in frames, as CSP writes sources."""
    script = f" 'nonce-{g.nonce}'" if "nonce" in g else ""
    common = _POLICY.format(connect=f" {storage().public_origin}", script=script)
    return f"{common}; frame-src {frame}" if frame else common


def nonce() -> str:
    """This response's nonce, made when a page first asks for it: what htmx wants on all that it may touch."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    made: str = g.nonce
    return made
