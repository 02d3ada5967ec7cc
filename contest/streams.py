"""What plays, what zooms, what is taken home: our own videos, animations, tiles and packages, from the store.

Whoever may see a page's pictures may see these; the views ask first, as for pictures.
"""

from __future__ import annotations

from functools import partial

from flask import Response, request

from contest import ranges, web

#: Extras that a browser plays as they are, by preset. What else there is never goes out in one piece.
MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "moving": "image/webp"}
#: Their presets in an address.
MEDIA = f"any({', '.join(MEDIA_TYPES)}):preset"
#: The address of one tile below that of its page.
TILE = "tiles/<int(max=63):level>/<int(max=9999):column>_<int(max=9999):row>"

#: Nothing may run beside a video that is opened by itself. No `sandbox`: there the player would be a stranger
#: without a session, and get nothing.
_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def stream(key: str, *, size: int, preset: str, etag: str, public_cache: bool) -> Response:
    """Serve the object `key` of `size` bytes, one of MEDIA_TYPES: whole, or the one range that was asked for.

    Raises StorageDown and ObjectMissing before anything is sent.
    """
    if request.if_none_match.contains(etag):
        return _ours(Response(status=304), etag, public_cache)
    response = _ours(Response(mimetype=MEDIA_TYPES[preset]), etag, public_cache)
    return ranges.fill(response, request, partial(web.storage().read_range, key), size)


def tile(key: str, *, level: int, column: int, row: int, etag: str, public_cache: bool) -> Response:
    """Serve one tile of the pyramid in the object `key`. Raises NotFound, and as `stream`."""
    if request.if_none_match.contains(etag):
        return _ours(Response(status=304), etag, public_cache)
    data, media_type = web.packs().tile(key, level, column, row)
    return _ours(Response(data, mimetype=media_type), etag, public_cache)


def package(key: str, *, etag: str, name: str, public_cache: bool) -> Response:
    """Serve the object `key`, a ZIP of ours, as a download. Raises StorageDown and ObjectMissing."""
    same = request.if_none_match.contains(etag)
    response = Response(status=304) if same else Response(web.storage().read(key), mimetype="application/zip")
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, max-age=60" if public_cache else "private, no-cache"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _ours(response: Response, etag: str, public_cache: bool) -> Response:
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, max-age=300" if public_cache else "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
