"""What a request carries, checked and cleaned before anything else reads it: forms, texts, JSON, ids."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any
from uuid import UUID

from flask import Request, abort, request
from werkzeug.exceptions import HTTPException

from contest import i18n
from contest.errors import NotFound

#: Fields that hold no text of a person's own, and those that no page may ever show.
_NOT_TYPED = frozenset({"csrf_token", "back", "next", "was", "version", "terms", "email", "password", "code"})
#: Fields whose text is shown however short it is.
_NAMES = frozenset({"title", "credit", "name"})


class ContestRequest(Request):
    """Limits on what a form may hold, so that a hostile one is a 413 and not a full memory."""

    max_form_memory_size = 2 * 1024 * 1024
    max_form_parts = 2000


def clean(text: str, *, lines: bool = False) -> str:
    """Normalise typed text: NFC, few marks on a letter, no control characters; line breaks only where `lines`."""
    text = unicodedata.normalize("NFC", i18n.few_marks(text)).replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(ch for ch in text if ch == "\n" or unicodedata.category(ch) not in ("Cc", "Cs"))
    return (kept if lines else " ".join(kept.split())).strip()


def json_body(limit: int = 64 * 1024) -> dict[str, Any]:
    """The request's JSON object. Too large, too deep, not an object, or NaN: 400."""
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
    """An id in an address or a body; what is none names nothing that exists."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def typed() -> list[str]:
    """The texts of the request's form, for a page that refuses it; [] unless a page of ours sent it."""
    if request.method != "POST" or not _own_form():
        return []
    try:
        sent = list(request.form.items(multi=True))
    except HTTPException:
        return []
    sent = [(name.rpartition(".")[2], text) for name, text in sent]
    return [text for name, text in sent if text and name not in _NOT_TYPED and (name in _NAMES or _is_typed(text))]


def _is_typed(text: str) -> bool:
    """Whether it is more than a word that may have been chosen of a list. A sentence in Japanese may be short."""
    return (len(text) > 8 and re.search(r"\s", text) is not None) or (len(text) > 1 and not text.isascii())


def _own_form() -> bool:
    """Whether the browser says that the form stood on a page of this site: a stranger's text is never shown."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    sender = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return bool(sender) and sender.split("/")[2:3] == [request.host]
