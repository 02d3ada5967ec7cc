"""Links of prototypes that begin at the top of a host, turned to begin where their page lies.

What programs build for a host of its own asks for `/assets/app.js`. A prototype lies below a word (see
`prototype_host`) and is photographed from a folder, where that is nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote_to_bytes

#: Ends of names of what is read for such links, and how large it may be.
READ, MOST_READ = (".html", ".htm", ".css"), 2_000_000
#: Bytes of a link that may name a member. Composing marks costs the square of how many there are.
_LONGEST = 3_000

# An attribute of markup or a `url()` of styles; two slashes begin the name of another host.
_LINK = re.compile(
    rb"""((?:\s(?:src|href|poster|data|action)\s*=\s*|\burl\(\s*)["']?)/(?!/)([^"'\s<>()?\#]*)""", re.IGNORECASE
)


def relative(body: bytes, path: str, names: Collection[str]) -> bytes:
    """`body` of the member `path`, whose links to other members (`names`) begin at `path` and not at the top."""
    up = b"../" * path.count("/") or b"./"

    def turned(link: re.Match[bytes]) -> bytes:
        before, there = link.groups()
        if len(there) > _LONGEST:
            return link.group()
        name = unicodedata.normalize("NFC", unquote_to_bytes(there).decode("utf-8", "replace"))
        known = name in names or f"{name.rstrip('/')}/index.html".lstrip("/") in names
        return before + up + there if known else link.group()

    return _LINK.sub(turned, body)
