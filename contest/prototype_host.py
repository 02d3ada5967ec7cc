"""The second host of the web process: click-through prototypes, member by member, and nothing else.

What is served here was written by entrants and runs in judges' browsers. So this is a WSGI application of its
own, before the site's: it knows no session, sets no cookie, asks no database, and serves only what a sealed word
in the address stands for (see services.prototypes). Every answer is sandboxed and may reach only what lies under
the same word; it shows in a frame of our pages, whose `frame-src` keeps the frame from going elsewhere.
"""

from __future__ import annotations

import functools
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from werkzeug.wrappers import Request, Response

from contest import i18n
from contest.errors import NotFound
from contest.previews import pack
from contest.services import prototypes
from contest.settings import Settings
from contest.storage import ObjectMissing, Storage, StorageDown
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
    "webm": "video/webm",
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
_CHUNK = 1024 * 1024
#: Bytes at the start of a page in which it must name its encoding.
_HEAD = 1024
_KEPT = 32

Start = Callable[..., Any]


def _host_name(header: str) -> str | None:
    """The name in a Host header; None for what is none, which the site refuses."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


class PrototypeHost:
    """Answers for the host of PROTOTYPE_URL, and passes every other request on to `site`."""

    def __init__(self, site: Callable[..., Iterable[bytes]], settings: Settings, storage: Storage) -> None:
        self._site, self._settings, self._storage = site, settings, storage
        self._host = urlsplit(settings.prototype_url).hostname
        self._indexes: OrderedDict[str, pack.Index] = OrderedDict()
        self._lock = threading.Lock()

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
        self._guard(response, word)
        return response(environ, start)

    def _answer(self, request: Request, word: str, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status=405, headers={"Allow": "GET, HEAD"})
        if request.headers.get("Sec-Fetch-Dest", "") in _OUTSIDE:
            return self._told(request, 403)
        key = prototypes.unseal(self._settings.secret_key, word, time.time())
        members = self._index(key).members
        name = unicodedata.normalize("NFC", path)
        if name == "" or name.endswith("/"):
            name += "index.html"
        elif name not in members and f"{name}/index.html" in members:
            return Response(status=308, headers={"Location": f"/{word}/{quote(name)}/"})
        if name not in members:
            raise NotFound
        start, length = members[name]
        return self._member(request, key, name, start, length)

    def _member(self, request: Request, key: str, name: str, start: int, length: int) -> Response:
        """One member, or the range of it that was asked for: a player of videos asks for no less."""
        media_type = MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
        if media_type == "text/html":
            head = self._storage.read_range(key, start, start + min(length, _HEAD))
            # Named in the page, it may be another; a page that names none is of today.
            media_type += "" if b"charset" in head.lower() else "; charset=utf-8"
        wanted = request.range.range_for_length(length) if request.range is not None else None
        if request.range is not None and wanted is None:
            return Response(status=416, headers={"Content-Range": f"bytes */{length}"})
        first, end = wanted or (0, length)
        body = () if request.method == "HEAD" else self._bytes(key, start + first, start + end)
        response = Response(body, status=206 if wanted else 200, content_type=media_type)
        response.headers["Content-Length"] = str(end - first)
        response.headers["Accept-Ranges"] = "bytes"
        if wanted:
            response.headers["Content-Range"] = f"bytes {first}-{end - 1}/{length}"
        return response

    def _bytes(self, key: str, start: int, end: int) -> Iterator[bytes]:
        first = self._storage.read_range(key, start, min(start + _CHUNK, end))

        def rest() -> Iterator[bytes]:
            yield first
            for at in range(start + _CHUNK, end, _CHUNK):
                yield self._storage.read_range(key, at, min(at + _CHUNK, end))

        return rest()

    def _index(self, key: str) -> pack.Index:
        """The members of a prototype; those that were asked for last are kept."""
        with self._lock:
            if key in self._indexes:
                self._indexes.move_to_end(key)
                return self._indexes[key]
        found = pack.read_index(functools.partial(self._storage.read_range, key))
        with self._lock:
            self._indexes[key] = found
            while len(self._indexes) > _KEPT:
                self._indexes.popitem(last=False)
        return found

    def _guard(self, response: Response, word: str) -> None:
        own = f"{self._settings.prototype_url}/{quote(word)}/" if word else "'none'"
        response.headers.update(
            {
                "Content-Security-Policy": _POLICY.format(own=own, site=self._settings.base_url),
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

    def _told(self, request: Request, status: int) -> Response:
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
        return Response(page, status=status, content_type="text/html; charset=utf-8")
