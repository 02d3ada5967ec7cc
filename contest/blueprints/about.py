"""The house itself: its theme, brand, manifest, statement on accessibility, and the visitor's session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from contest import brand, i18n, web
from contest.errors import NotFound
from contest.services import accounts, profiles
from contest.web import actor, page, public, session, signed_in, writes

bp = Blueprint("about", __name__)

#: When the pages were last tested as the statement on accessibility says.
TESTED = datetime(2026, 11, 22, tzinfo=UTC)
#: From when a page says that the session ends (WCAG 2.2, 2.2.1 asks for 20 s; people need more to save).
WARN = timedelta(minutes=15)
#: Icons for where an SVG is not taken: name of the file, pixels.
ICONS = (("icon-192.png", 192), ("icon-512.png", 512))


def _brand() -> brand.Brand:
    found: brand.Brand = current_app.extensions["contest.brand"]
    return found


@bp.app_context_processor
def _shared() -> dict[str, Any]:
    """What every page's frame shows."""
    who = actor()
    return {
        "theme": web.theme(),
        "paper": brand.GROUNDS["paper"],
        "brand": _brand(),
        "session_left": int(who.session_left.total_seconds()),
        "session_most": int(who.session_most.total_seconds()),
        "session_warn": int(WARN.total_seconds()),
        "session_who": _who(),
    }


# Theme and brand -----------------------------------------------------------------------------------


@bp.post("/theme")
@public
@writes
def set_theme() -> Any:
    """Keep light, dark or as the system says: in the account and in a cookie, as for the language."""
    wanted = request.form.get("theme", "")
    if wanted not in ("", "light", "dark"):
        raise NotFound
    if actor().signed_in:
        profiles.set_theme(session(), actor(), wanted)
    response = redirect(web.own_page(request.form.get("back", ""), web.locale()))
    if wanted:
        secure = web.settings().secure
        response.set_cookie("theme", wanted, max_age=web.YEAR, samesite="Lax", httponly=True, secure=secure)
    else:
        response.delete_cookie("theme")
    return response


@bp.get("/brand.css")
@public
def sheet() -> Any:
    """The operator's colours; its address changes with them."""
    own = _brand()
    if not own.sheet:
        raise NotFound
    return _lasting(Response(own.sheet, mimetype="text/css"), request.args.get("v") == own.sheet_digest)


@bp.get("/brand/<name>")
@public
def logo(name: str) -> Any:
    """The operator's logo. Opened as a page of its own it can run and fetch nothing."""
    found = _brand().logo
    if found is None or name != found.name:
        raise NotFound
    response = Response(found.data, mimetype=found.kind)
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return _lasting(response, True)


def _lasting(response: Response, same: bool) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={web.YEAR}, immutable" if same else "no-cache"
    return response


@bp.get("/site.webmanifest")
@public
def manifest() -> Any:
    """Name and icons for a home screen. It stays a web site: nothing is installed or kept offline."""
    light = brand.GROUNDS["paper"][0]
    response = jsonify(
        name=web.settings().site_name,
        start_url="/",
        display="browser",
        background_color=light,
        theme_color=light,
        icons=[
            {"src": url_for("static", name="mark.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(
                {"src": url_for("static", name=name), "sizes": f"{size}x{size}", "type": "image/png"}
                for name, size in ICONS
            ),
        ],
    )
    response.mimetype = "application/manifest+json"
    return response


@bp.get("/favicon.ico")
@public
def favicon() -> Any:
    """Where browsers look for a mark without being told."""
    return redirect(url_for("static", name="favicon.ico"), 301)


# Accessibility -------------------------------------------------------------------------------------


@bp.get("/<lang:lang>/accessibility")
@public
def accessibility(lang: str) -> Any:
    return page("about/accessibility.html", tested=i18n.day(TESTED, "UTC", lang))


@bp.get("/accessibility")
@public
def accessibility_any() -> Any:
    return web.negotiated(".accessibility")


# The session ---------------------------------------------------------------------------------------


def _who() -> str:
    """Tells two accounts apart, and nothing else of them."""
    return web.opaque("session", actor().account_id) if actor().signed_in else ""


def _state(left: timedelta, most: timedelta) -> Any:
    response = jsonify(
        who=_who(), left=int(left.total_seconds()), most=int(most.total_seconds()), csrf_token=generate_csrf()
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/session")
@public
def session_state() -> Any:
    """For a page that stayed open: whether its reader is still signed in, and the token its forms now need."""
    return _state(actor().session_left, actor().session_most)


@bp.post("/session")
@signed_in
@writes
def stay() -> Any:
    """Stay signed in, within the whole length of the session. Sending it twice does the same."""
    left = accounts.stay(session(), actor())
    if web.wants_json():
        return _state(left, actor().session_most)
    web.flash_said(
        _(
            "You stay signed in. Without a click this session ends in %(span)s.",
            span=i18n.duration(left.total_seconds(), web.locale()),
        )
    )
    return redirect(web.own_page(request.form.get("back", ""), web.locale()))
