"""Objects of the store over HTTP, whole or the one range that was asked for (RFC 9110, section 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from werkzeug.wrappers import Request, Response

#: An answer to a range is no longer than this: a player asks for the next, and no worker is held for an hour.
MOST = 4 * 1024 * 1024
_CHUNK = 1024 * 1024

Read = Callable[[int, int], bytes]
Answer = TypeVar("Answer", bound=Response)


def fill(response: Answer, request: Request, read: Read, size: int) -> Answer:
    """Give `response` its status, its body and the headers of a range; `read(start, end)` gives bytes of `size`.

    An ETag that the response has already is what If-Range is held against. A range may come back shorter than asked.
    Several ranges at once, and what is no range, count as none. What `read` raises for the first bytes is raised
    here, before anything is sent: a store that is away gets its page.
    """
    response.headers["Accept-Ranges"] = "bytes"
    wanted = _wanted(request, response.headers.get("ETag"), size)
    start, end = wanted or (0, size)
    if start >= end and wanted:
        response.status_code, response.response = 416, ()
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    if wanted:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    response.response = () if request.method == "HEAD" else _pieces(read, start, end)
    return response


def _wanted(request: Request, etag: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (excluded) of the range that is asked for; None for all; an empty one for what is not there."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or request.method != "GET":
        return None
    # Parts of two editions do not make one.
    if request.headers.get("If-Range") not in (None, etag):
        return None
    # Not `range_for_length`: it refuses the last 500 bytes of a file that has 400, which are all of it.
    start, end = asked.ranges[0]
    start = start if start >= 0 else max(0, size + start)
    return start, min(size if end is None else end, size, start + MOST)


def _pieces(read: Read, start: int, end: int) -> Iterator[bytes]:
    """The bytes in pieces, of which the first is read at once."""
    first = read(start, min(start + _CHUNK, end))

    def pieces() -> Iterator[bytes]:
        yield first
        for at in range(start + _CHUNK, end, _CHUNK):
            yield read(at, min(at + _CHUNK, end))

    return pieces()
