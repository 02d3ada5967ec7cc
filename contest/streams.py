"""What plays and what zooms: our own videos, animations and tiles, served by range from the store.

Whoever may see a page's pictures may see these; the views ask first, as for pictures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from flask import Response, current_app, request

from contest import web
from contest.services.tiles import Tiles

#: Extras that a browser plays as they are, by preset. What else there is never goes out in one piece.
MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "moving": "image/webp"}
#: Their presets in an address.
MEDIA = f"any({', '.join(MEDIA_TYPES)}):preset"
#: The address of one tile below that of its page.
TILE = "tiles/<int(max=63):level>/<int(max=9999):column>_<int(max=9999):row>"

#: Nothing may run beside a video that is opened by itself. No `sandbox`: there the player would be a stranger
#: without a session, and get nothing.
_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
#: An answer to a range is no longer than this: a player asks for the next, and no worker is held for an hour.
_MOST = 4 * 1024 * 1024
_CHUNK = 1024 * 1024


def stream(key: str, *, size: int, preset: str, etag: str, public_cache: bool) -> Response:
    """Serve the object `key` of `size` bytes, one of MEDIA_TYPES: whole, or the one range that was asked for.

    A range may come back shorter than asked. Several ranges at once, and what is no range, count as none.
    Raises StorageDown and ObjectMissing before anything is sent.
    """
    if request.if_none_match.contains(etag):
        return _ours(Response(status=304), etag, public_cache)
    wanted = _range(size, etag)
    if wanted is not None and wanted[0] >= wanted[1]:
        response = Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        return _ours(response, etag, public_cache)
    start, end = wanted or (0, size)
    body = () if request.method == "HEAD" else _bytes(key, start, end)
    response = Response(body, status=206 if wanted else 200, mimetype=MEDIA_TYPES[preset])
    response.content_length = end - start
    if wanted:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return _ours(response, etag, public_cache)


def tile(key: str, *, size: int, level: int, column: int, row: int, etag: str, public_cache: bool) -> Response:
    """Serve one tile of the pyramid in the object `key` of `size` bytes. Raises NotFound, and as `stream`."""
    if request.if_none_match.contains(etag):
        return _ours(Response(status=304), etag, public_cache)
    tiles: Tiles = current_app.extensions.setdefault("contest.tiles", Tiles(web.storage()))
    data, media_type = tiles.read(key, size, level, column, row)
    response = _ours(Response(data, mimetype=media_type), etag, public_cache)
    response.headers.remove("Accept-Ranges")
    return response


def _range(size: int, etag: str) -> tuple[int, int] | None:
    """Start and end (excluded) of the range that is asked for; None for all; an empty one for what is not there."""
    header = request.headers.get("Range")
    if header is None or request.method != "GET" or not _still_the_same(etag):
        return None
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    return (start, min(end, start + _MOST)) if start < end else (0, 0)


def _still_the_same(etag: str) -> bool:
    """Whether If-Range, if sent, names what we have: parts of two files do not make one."""
    return request.headers.get("If-Range") in (None, f'"{etag}"')


def _bytes(key: str, start: int, end: int) -> Iterator[bytes]:
    """The bytes in pieces. The first is read at once, so that a store that is away gets its page."""
    read: Callable[[str, int, int], bytes] = web.storage().read_range
    first = read(key, start, min(start + _CHUNK, end))

    def pieces() -> Iterator[bytes]:
        yield first
        for at in range(start + _CHUNK, end, _CHUNK):
            yield read(key, at, min(at + _CHUNK, end))

    return pieces()


def _ours(response: Response, etag: str, public_cache: bool) -> Response:
    response.set_etag(etag)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "public, max-age=300" if public_cache else "private, max-age=3600"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = _POLICY
    return response
