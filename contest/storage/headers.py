"""Header values made of what a user typed."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_NAME_BYTES = 240  # of a download's file name: file systems take 255, browsers append " (1)"
_CONTENT_TYPE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


def checked_type(content_type: str) -> str:
    """The content type as given; ValueError if it could not stand in a header."""
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise ValueError("a content type is printable ASCII")
    return content_type


def disposition(filename: str | None, attachment: bool) -> str:
    """A Content-Disposition for any file name, by RFC 6266 with the encoding of RFC 8187."""
    kind = "attachment" if attachment else "inline"
    name = _clean_name(filename or "")
    if not name:
        return kind
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r'["\\%;]', "_", plain).strip()
    stem, dot, extension = plain.rpartition(".") if "." in plain else (plain, "", "")
    if not stem.strip("_ "):  # nothing is left of a Japanese name but its extension
        plain = "download" + dot + extension
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _clean_name(filename: str) -> str:
    """The name without what could split a header, leave a folder or disguise its extension."""
    name = unicodedata.normalize("NFC", filename.encode("utf-8", "ignore").decode("utf-8"))
    # Categories: Cc are controls, Cf holds the bidirectional overrides that turn "gpj.exe" round,
    # Zl and Zp are line ends. ZWJ and ZWNJ are Cf too, but letters and emoji need them.
    name = "".join(c for c in name if c in "\u200c\u200d" or unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"})
    name = re.sub(r"[/\\:]", "_", name).strip(" .")
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + dot + extension
