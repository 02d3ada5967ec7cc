"""Puts the web application together: settings, connections, blueprints, languages, static files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from contest import brand, db, failures, i18n, logs, outbox, templating, web
from contest.blueprints import (
    about,
    api,
    auth,
    files,
    health,
    judging,
    kit,
    manage,
    prototypes,
    results,
    share,
    submission,
)
from contest.prototype_host import PrototypeHost
from contest.received import ContestRequest
from contest.services.packs import Packs
from contest.settings import Settings
from contest.storage import Storage

STATIC = Path(__file__).parent / "static"
#: How long a page's picture waits for the store, in seconds; what takes longer is given up, and looks as one missing.
PATIENCE_S = 5.0


def make(settings: Settings | None = None) -> Flask:
    settings = settings or Settings()
    logs.configure(settings.log_level)
    app = Flask("contest", static_folder=None)
    app.request_class = ContestRequest
    i18n.use(settings.translations)
    app.url_map.converters["lang"] = web.LanguageConverter
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=settings.max_form_bytes,
        TRUSTED_HOSTS=settings.hosts,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.secure,
        BABEL_DEFAULT_LOCALE="en",
        RATELIMIT_STORAGE_URI=settings.redis_url,
        RATELIMIT_ENABLED=settings.rate_limits,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_KEY_PREFIX="contest",
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 1, "socket_timeout": 1},
    )
    app.url_map.strict_slashes = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["contest.settings"] = settings
    app.extensions["contest.db"] = db.Database(settings.database_url, pool=settings.database_pool)
    app.extensions["contest.brand"] = brand.load(settings.brand_colours, settings.brand_logo)
    app.extensions["contest.queue"] = outbox.QueueServer(settings.redis_url)
    app.extensions["contest.storage"] = Storage.from_settings(settings, patience=PATIENCE_S)
    app.extensions["contest.packs"] = Packs(app.extensions["contest.storage"])
    # Before the CSRF check, which reads the whole form.
    web.register_requests(app)
    web.csrf.init_app(app)
    web.logins.init_app(app)
    web.logins.session_protection = None
    web.limiter.init_app(app)
    web.Languages(app, locale_selector=lambda: str(i18n.cldr(web.locale())))
    failures.register(app)
    templating.register(app, settings)
    for module in (about, auth, submission, judging, results, manage, api, files, prototypes, health, kit, share):
        app.register_blueprint(module.bp)
    app.add_url_rule("/static/<path:name>", "static", _static, build_only=True)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix="/static/",
        autorefresh=not settings.production,
        max_age=60,
        add_headers_function=_static_headers,
    )
    if settings.prototype_url:
        app.wsgi_app = PrototypeHost(  # type: ignore[method-assign, assignment]
            app.wsgi_app, settings, app.extensions["contest.packs"]
        )
    if settings.proxy_hops:
        # Exact hop counts; the Host header is never taken from a proxy's word.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxy_hops, x_proto=settings.proxy_hops, x_host=0
        )
    return app


def _static(name: str) -> Any:
    raise AssertionError(f"{name} is served before the application")  # pragma: no cover


def _static_headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Referrer-Policy"] = "same-origin"
