"""The second host of the web process: click-through prototypes, member by member, and nothing else.

What is served here was written by entrants and runs in judges' browsers. So this is a WSGI application of its
own, before the site's: it knows no session, sets no cookie, asks no database, and serves only what a sealed word
in the address stands for (see services.prototypes). Every answer is sandboxed and may reach only what lies under
the same word; it shows in a frame of our pages, whose `frame-src` keeps the frame from going elsewhere.
"""

from __future__ import annotations

import functools
import time
import unicodedata
from collections.abc import Callable, Iterable
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.wrappers import Request, Response

from contest import i18n, ranges, web
from contest.errors import NotFound
from contest.services import prototypes
from contest.services.packs import Pack, Packs
from contest.settings import Settings
from contest.storage import ObjectMissing, StorageDown
from contest.vocabulary import DEFAULT_LOCALE

log = structlog.get_logger(__name__)

#: By extension; whatever else there is comes as bytes that no browser runs.
MEDIA_TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "woff": "font/woff",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "vtt": "text/vtt",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
}
#: Powers of the browser that no prototype gets.
_POWERS = (
    "accelerometer, autoplay, bluetooth, browsing-topics, camera, "
    "clipboard-read, clipboard-write, compute-pressure, display-capture, encrypted-media, gamepad, geolocation, "
    "gyroscope, hid, identity-credentials-get, idle-detection, local-fonts, magnetometer, microphone, midi, "
    "otp-credentials, payment, picture-in-picture, publickey-credentials-create, publickey-credentials-get, "
    "screen-wake-lock, serial, storage-access, usb, web-share, window-management, xr-spatial-tracking"
)
_POLICY = (
    "sandbox allow-scripts allow-forms; default-src 'none'; "
    "script-src {own} 'unsafe-inline' 'unsafe-eval' blob:; style-src {own} 'unsafe-inline'; "
    "img-src {own} data: blob:; font-src {own} data:; media-src {own} data: blob:; connect-src {own} data: blob:; "
    "worker-src {own} blob:; form-action {own}; base-uri 'none'; object-src 'none'; frame-src 'none'; "
    "frame-ancestors {site}"
)
#: What a browser asks for with these is not in a frame of ours: a window of its own, or a browser too old to say.
_OUTSIDE = frozenset({"document", "object", "embed", "serviceworker", ""})
#: Bytes at the start of a page in which it must name its encoding.
_HEAD = 1024
#: Requests for one opened prototype, and from one network, counted by each web process for itself: a page may ask
#: for hundreds of files, and a room full of judges for as many pages.
PER_WORD, PER_NETWORK = parse("1200 per minute"), parse("6000 per minute")

Start = Callable[..., Any]


def _host_name(header: str) -> str | None:
    """The name in a Host header; None for what is none, which the site refuses."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


class PrototypeHost:
    """Answers for the host of PROTOTYPE_URL, and passes every other request on to `site`."""

    def __init__(self, site: Callable[..., Iterable[bytes]], settings: Settings, packs: Packs) -> None:
        self._site, self._settings, self._packs = site, settings, packs
        self._host = urlsplit(settings.prototype_url).hostname
        # In memory: a shared count would cost as much as the file that it is about.
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if _host_name(environ.get("HTTP_HOST", "")) != self._host:
            return self._site(environ, start)
        request = Request(environ)
        word, _, path = request.path.lstrip("/").partition("/")
        try:
            response = self._answer(request, word, path)
        except (NotFound, ObjectMissing):
            response = self._told(request, 404)
        except (StorageDown, ValueError) as error:
            log.warning("prototype_not_served", error=type(error).__name__)
            response = self._told(request, 503)
        self._guard(response, word, chromium="Sec-CH-UA" in request.headers)
        return response(environ, start)

    def _answer(self, request: Request, word: str, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status=405, headers={"Allow": "GET, HEAD"})
        if seconds := self._must_wait(PER_NETWORK, web.network_of(request.remote_addr or "")):
            return self._told(request, 429, seconds)
        if request.headers.get("Sec-Fetch-Dest", "") in _OUTSIDE:
            return self._told(request, 403)
        key = prototypes.unseal(self._settings.secret_key, word, time.time())
        # Only words that are ours are counted: others could fill the memory.
        if seconds := self._must_wait(PER_WORD, word):
            return self._told(request, 429, seconds)
        return self._packs.use(key, functools.partial(self._member, request, word, path))

    def _must_wait(self, limit: RateLimitItem, who: str) -> int:
        """Count a request; how many seconds to wait if there were too many, else 0."""
        if not self._settings.rate_limits or self._counts.hit(limit, who):
            return 0
        return max(1, round(self._counts.get_window_stats(limit, who).reset_time - time.time()))

    def _member(self, request: Request, word: str, path: str, prototype: Pack) -> Response:
        """One member, or the range of it that was asked for: a player of videos asks for no less."""
        members = prototype.members
        name = unicodedata.normalize("NFC", path)
        if name == "" or name.endswith("/"):
            name += "index.html"
        elif name not in members and f"{name}/index.html" in members:
            return Response(status=308, headers={"Location": f"/{word}/{quote(name)}/"})
        if name not in members:
            raise NotFound
        start, length = members[name]
        media_type = MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        if media_type == "text/html":
            head = prototype.read(start, start + min(length, _HEAD))
            # Named in the page, it may be another; a page that names none is of today.
            media_type += "" if b"charset" in head.lower() else "; charset=utf-8"

        def read(first: int, end: int) -> bytes:
            return prototype.read(start + first, start + end)

        return ranges.fill(Response(content_type=media_type), request, read, length)

    def _guard(self, response: Response, word: str, *, chromium: bool) -> None:
        own = f"{self._settings.prototype_url}/{quote(word)}/" if word else "'none'"
        policy = _POLICY.format(own=own, site=self._settings.base_url)
        # Chromium does not know it, would complain of it, and has Connection-Allowlist instead.
        policy += "" if chromium else "; webrtc 'block'"
        response.headers.update(
            {
                "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "X-DNS-Prefetch-Control": "off",
                "X-Robots-Tag": "noindex",
                "Permissions-Policy": ", ".join(f"{name.strip()}=()" for name in _POWERS.split(",")),
                # What runs in a sandbox has no origin: scripts as modules, fonts and fetch ask across.
                "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
        )
        good = response.status_code in (200, 206, 308)
        if good:
            # What a CSP does not hear of: calls between browsers, and connections made ahead of a request.
            response.headers["Connection-Allowlist"] = f'("{own}*")'
        response.headers["Cache-Control"] = "private, max-age=3600" if good else "no-store"

    def _told(self, request: Request, status: int, seconds: int = 0) -> Response:
        """A plain page that says what to do, in the reader's language."""
        language = i18n.pick(request.headers.get("Accept-Language")) or DEFAULT_LOCALE
        _ = i18n.gettext(language).gettext
        title, sentence = {
            403: (
                _("This address only works inside the site"),
                _("Go back to the page of the entry. Open the prototype there."),
            ),
            404: (
                _("This page of the prototype is not there"),
                _("The address may be too old. Go back to the page of the entry. Open the prototype there again."),
            ),
            429: (
                _("The prototype asks for too much at once"),
                _("Wait a minute, then load the page again."),
            ),
            503: (
                _("The prototype cannot be shown now"),
                _("The file store does not answer. Wait a minute, then load the page again."),
            ),
        }[status]
        # In a window of its own it can lead on; in a frame it could not.
        home = f'<p><a href="{escape(self._settings.base_url)}">{escape(self._settings.site_name)}</a></p>'
        home = home if request.headers.get("Sec-Fetch-Dest") == "document" else ""
        page = (
            f'<!doctype html><html lang="{language}" dir="{i18n.direction(language)}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(sentence)}</p>{home}</html>"
        )
        headers = {"Retry-After": str(seconds)} if seconds else {}
        return Response(page, status=status, headers=headers, content_type="text/html; charset=utf-8")
