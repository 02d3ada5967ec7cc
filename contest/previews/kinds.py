"""What a file is, by its content: never by its name or by what the browser said.

Standard library only, because the web process and the verify job import it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from enum import StrEnum

from contest.previews.archives import ZIP_REASONS, check_zip

__all__ = ["EXTENSIONS", "HEAD_BYTES", "MEDIA_TYPES", "PREVIEWABLE", "ZIP_REASONS", "Kind", "check_zip", "sniff"]

#: How much of a file's start `sniff` likes to see; with less it may not find the root of a commented SVG.
HEAD_BYTES = 64 * 1024


class Kind(StrEnum):
    """A kind of file that the house knows. Everything else is unknown: `None`."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    SVG = "svg"
    SVGZ = "svgz"
    PDF = "pdf"
    #: A ZIP archive, and every format that is one inside (Sketch, XD, PPTX and so on).
    ZIP = "zip"


MEDIA_TYPES: Mapping[Kind, str] = {
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.WEBP: "image/webp",
    Kind.GIF: "image/gif",
    Kind.SVG: "image/svg+xml",
    Kind.SVGZ: "image/svg+xml",
    Kind.PDF: "application/pdf",
    Kind.ZIP: "application/zip",
}

#: Extensions without the dot, the usual one first.
EXTENSIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PNG: ("png", "apng"),
    Kind.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    Kind.WEBP: ("webp",),
    Kind.GIF: ("gif",),
    Kind.SVG: ("svg",),
    Kind.SVGZ: ("svgz",),
    Kind.PDF: ("pdf",),
    Kind.ZIP: ("zip",),
}

#: Kinds of which pictures can be made; `render.RENDERERS` has a function for each (a test compares them).
PREVIEWABLE = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.SVG, Kind.SVGZ, Kind.PDF})

_PDF_WITHIN = 1024  # the header may stand anywhere in the first 1024 bytes (Adobe's reader, and so all others)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.\-]*:)?svg(?=[\s/>])")


def sniff(head: bytes, *, size: int) -> Kind | None:
    """The kind of a file of `size` bytes that starts with `head` (give `HEAD_BYTES` of it), or None if unknown.

    A signature at the very start wins over one that stands later, so a picture with a PDF hidden in
    its comment is a picture.
    """
    head = head[:size]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Kind.SVGZ if _is_svg(_inflate(head)) else None
    if _is_svg(head):
        return Kind.SVG
    if b"%PDF-" in head[: _PDF_WITHIN + 4]:
        return Kind.PDF
    return None


def _inflate(head: bytes) -> bytes:
    """The first 64 KiB inside a gzip stream of which `head` is the start; empty if it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _is_svg(head: bytes) -> bool:
    """Whether the first element of the XML document that `head` begins is an svg."""
    text = _decode(head[:HEAD_BYTES]).lstrip()
    while text.startswith("<"):
        if text.startswith("<?"):
            end = _after(text, "?>", 2)
        elif text.startswith("<!--"):
            end = _after(text, "-->", 4)
        elif text[:9].upper() == "<!DOCTYPE":
            end = _after_doctype(text)
        else:
            return _ROOT.match(text) is not None
        text = text[end:].lstrip() if end else ""
    return False


def _decode(head: bytes) -> str:
    """Text of `head` as far as markup goes: UTF-16 by its mark or its first "<", anything else as UTF-8."""
    if head.startswith(b"\xff\xfe") or head.startswith(b"<\x00"):
        encoding = "utf-16-le"
    elif head.startswith(b"\xfe\xff") or head.startswith(b"\x00<"):
        encoding = "utf-16-be"
    else:
        encoding = "utf-8"
    return head.decode(encoding, errors="replace").removeprefix("\ufeff")


def _after(text: str, mark: str, start: int) -> int:
    """The index behind the first `mark` at or after `start`, or 0 if there is none."""
    found = text.find(mark, start)
    return 0 if found < 0 else found + len(mark)


def _after_doctype(text: str) -> int:
    """The index behind a document type declaration, or 0 if it does not end here.

    Its internal subset may hold ">" within brackets, quotes and comments: Illustrator writes entities
    there, so a search for the first ">" would miss real files.
    """
    position, brackets = 9, 0
    while position < len(text):
        letter = text[position]
        if letter in "\"'":
            position = _after(text, letter, position + 1)
        elif text.startswith("<!--", position):
            position = _after(text, "-->", position + 4)
        elif letter == ">" and brackets == 0:
            return position + 1
        else:
            brackets += {"[": 1, "]": -1}.get(letter, 0)
            position += 1
        if position == 0:
            return 0
    return 0
