"""What a file is, by its content: never by its name or by what the browser said.

Standard library only, because the web process and the verify job import it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import BinaryIO

from contest.previews.archives import ZIP_REASONS, check_zip, is_extra, member_names

__all__ = [
    "ARCHIVES",
    "EXTENSIONS",
    "HEAD_BYTES",
    "MEDIA_TYPES",
    "NOT_SUPPORTED",
    "PREVIEWABLE",
    "ZIP_REASONS",
    "Kind",
    "check_zip",
    "identify",
    "sniff",
    "takes",
]

#: How much of a file's start `sniff` likes to see; with less it may not find the root of a commented SVG.
HEAD_BYTES = 64 * 1024


class Kind(StrEnum):
    """A kind of file that the house knows. Everything else is unknown: `None`."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    TIFF = "tiff"
    AVIF = "avif"
    HEIC = "heic"
    SVG = "svg"
    SVGZ = "svgz"
    PDF = "pdf"
    #: Illustrator's own file with a PDF inside.
    AI = "ai"
    #: PostScript, encapsulated or not.
    EPS = "eps"
    PSD = "psd"
    PSB = "psb"
    #: Packages of design programs, ZIP archives inside; `FIG` may also be bare.
    SKETCH = "sketch"
    FIG = "fig"
    XD = "xd"
    PPTX = "pptx"
    KEYNOTE = "keynote"
    MP4 = "mp4"
    MOV = "mov"
    WEBM = "webm"
    AVI = "avi"
    #: Lottie as bare JSON, and in its package.
    LOTTIE = "lottie"
    DOTLOTTIE = "dotlottie"
    TTF = "ttf"
    OTF = "otf"
    WOFF = "woff"
    WOFF2 = "woff2"
    GLB = "glb"
    GLTF = "gltf"
    STL = "stl"
    OBJ = "obj"
    STEP = "step"
    THREEMF = "3mf"
    #: A ZIP archive with an index.html: a click-through prototype.
    PROTOTYPE = "prototype"
    #: Any other ZIP archive, and every other format that is one inside.
    ZIP = "zip"
    #: Known so that we can say what to send instead; never decoded.
    INDD = "indd"
    ICO = "ico"
    JPEG2000 = "jp2"


MEDIA_TYPES: Mapping[Kind, str] = {
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.WEBP: "image/webp",
    Kind.GIF: "image/gif",
    Kind.TIFF: "image/tiff",
    Kind.AVIF: "image/avif",
    Kind.HEIC: "image/heic",
    Kind.SVG: "image/svg+xml",
    Kind.SVGZ: "image/svg+xml",
    Kind.PDF: "application/pdf",
    Kind.AI: "application/illustrator",
    Kind.EPS: "application/postscript",
    Kind.PSD: "image/vnd.adobe.photoshop",
    Kind.PSB: "image/vnd.adobe.photoshop",
    Kind.SKETCH: "application/x-sketch",
    Kind.FIG: "application/x-figma",
    Kind.XD: "application/vnd.adobe.xd",
    Kind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Kind.KEYNOTE: "application/vnd.apple.keynote",
    Kind.MP4: "video/mp4",
    Kind.MOV: "video/quicktime",
    Kind.WEBM: "video/webm",
    Kind.AVI: "video/x-msvideo",
    Kind.LOTTIE: "application/json",
    Kind.DOTLOTTIE: "application/zip+dotlottie",
    Kind.TTF: "font/ttf",
    Kind.OTF: "font/otf",
    Kind.WOFF: "font/woff",
    Kind.WOFF2: "font/woff2",
    Kind.GLB: "model/gltf-binary",
    Kind.GLTF: "model/gltf+json",
    Kind.STL: "model/stl",
    Kind.OBJ: "model/obj",
    Kind.STEP: "model/step",
    Kind.THREEMF: "model/3mf",
    Kind.PROTOTYPE: "application/zip",
    Kind.ZIP: "application/zip",
    Kind.INDD: "application/x-indesign",
    Kind.ICO: "image/vnd.microsoft.icon",
    Kind.JPEG2000: "image/jp2",
}

#: Extensions without the dot, the usual one first.
EXTENSIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PNG: ("png", "apng"),
    Kind.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    Kind.WEBP: ("webp",),
    Kind.GIF: ("gif",),
    Kind.TIFF: ("tif", "tiff"),
    Kind.AVIF: ("avif", "avifs"),
    Kind.HEIC: ("heic", "heif"),
    Kind.SVG: ("svg",),
    Kind.SVGZ: ("svgz",),
    Kind.PDF: ("pdf",),
    Kind.AI: ("ai",),
    Kind.EPS: ("eps", "ps"),
    Kind.PSD: ("psd",),
    Kind.PSB: ("psb",),
    Kind.SKETCH: ("sketch",),
    Kind.FIG: ("fig",),
    Kind.XD: ("xd",),
    Kind.PPTX: ("pptx", "potx", "ppsx"),
    Kind.KEYNOTE: ("key",),
    Kind.MP4: ("mp4", "m4v"),
    Kind.MOV: ("mov",),
    Kind.WEBM: ("webm", "mkv"),
    Kind.AVI: ("avi",),
    Kind.LOTTIE: ("json",),
    Kind.DOTLOTTIE: ("lottie",),
    Kind.TTF: ("ttf", "ttc"),
    Kind.OTF: ("otf",),
    Kind.WOFF: ("woff",),
    Kind.WOFF2: ("woff2",),
    Kind.GLB: ("glb",),
    Kind.GLTF: ("gltf",),
    Kind.STL: ("stl",),
    Kind.OBJ: ("obj",),
    Kind.STEP: ("step", "stp"),
    Kind.THREEMF: ("3mf",),
    Kind.PROTOTYPE: ("zip",),
    Kind.ZIP: ("zip",),
    Kind.INDD: ("indd",),
    Kind.ICO: ("ico",),
    Kind.JPEG2000: ("jp2", "j2k", "jpf", "jpx"),
}

#: Formats that are ZIP archives inside; all of them get the check of an archive.
ARCHIVES = frozenset(
    {Kind.ZIP, Kind.PROTOTYPE, Kind.SKETCH, Kind.FIG, Kind.XD, Kind.PPTX, Kind.KEYNOTE, Kind.DOTLOTTIE, Kind.THREEMF}
)
PICTURES = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.TIFF, Kind.AVIF, Kind.HEIC, Kind.SVG, Kind.SVGZ})
VIDEOS = frozenset({Kind.MP4, Kind.MOV, Kind.WEBM, Kind.AVI})
FONTS = frozenset({Kind.TTF, Kind.OTF, Kind.WOFF, Kind.WOFF2})
MODELS = frozenset({Kind.GLB, Kind.GLTF, Kind.STL, Kind.OBJ, Kind.STEP, Kind.THREEMF})

#: A slot that takes the first also takes the others, because they are its special cases.
INCLUDES: Mapping[Kind, frozenset[Kind]] = {
    Kind.ZIP: ARCHIVES,
    Kind.PDF: frozenset({Kind.PDF, Kind.AI}),
    Kind.PSD: frozenset({Kind.PSD, Kind.PSB}),
    Kind.SVG: frozenset({Kind.SVG, Kind.SVGZ}),
    Kind.LOTTIE: frozenset({Kind.LOTTIE, Kind.DOTLOTTIE}),
}

#: Kinds that are refused with a word on what to send instead: their decoders are not worth the risk.
NOT_SUPPORTED = frozenset({Kind.ICO, Kind.JPEG2000})
#: Kinds of which pictures may be made; `render.RENDERERS` has a function for each (a test compares them).
#: All others have an icon from the start.
PREVIEWABLE = frozenset(Kind) - NOT_SUPPORTED - {Kind.INDD}


def takes(kinds: Iterable[str], kind: Kind) -> bool:
    """Whether a slot for `kinds` takes a file of this kind."""
    return any(kind in INCLUDES.get(Kind(each), frozenset({Kind(each)})) for each in kinds)


def called(kind: str, name: str) -> str:
    """The kind by which its owner knows a file called `name`: what Illustrator saved as a PDF is a PDF to people."""
    return Kind.PDF if kind == Kind.AI and not name.lower().endswith(".ai") else kind


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
    if head.startswith(b"RIFF") and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.ZIP
    if head.startswith(b"\x1f\x8b"):
        return Kind.SVGZ if _is_svg(_inflate(head)) else None
    if (kind := _by_signature(head)) is not None:
        return kind
    if len(head) >= 84 and size == 84 + 50 * int.from_bytes(head[80:84], "little") > 84:
        return Kind.STL
    if _is_svg(head):
        return Kind.SVG
    if b"%PDF-" in head[: _PDF_WITHIN + 4]:
        # Its own data beside the PDF, or what it calls itself; a mere export by Illustrator is a PDF like any other.
        own = b"AIPrivateData" in head or b"application/vnd.adobe.illustrator" in head
        return Kind.AI if own else Kind.PDF
    return _by_text(head)


_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
    (b"8BPS\0\1", Kind.PSD),
    (b"8BPS\0\2", Kind.PSB),
    (b"%!", Kind.EPS),
    (b"\xc5\xd0\xd3\xc6", Kind.EPS),
    (b"fig-kiwi", Kind.FIG),
    (b"fig-jam.", Kind.FIG),
    (b"\x1aE\xdf\xa3", Kind.WEBM),
    (b"\0\1\0\0\0", Kind.TTF),
    (b"true\0", Kind.TTF),
    (b"ttcf", Kind.TTF),
    (b"OTTO", Kind.OTF),
    (b"wOFF", Kind.WOFF),
    (b"wOF2", Kind.WOFF2),
    (b"glTF\2\0\0\0", Kind.GLB),
    (b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d", Kind.INDD),
    (b"\0\0\1\0", Kind.ICO),
    (b"\xff\x4f\xff\x51", Kind.JPEG2000),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Kind.JPEG2000),
)
_RIFF = {b"WEBP": Kind.WEBP, b"AVI ": Kind.AVI}
_STILL = {b"avif": Kind.AVIF, b"avis": Kind.AVIF}
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def _by_signature(head: bytes) -> Kind | None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return Kind.MOV  # QuickTime before there were brands
    return None


def _by_brands(head: bytes) -> Kind | None:
    """The kind of an ISO base media file by its brands, the major one first."""
    length = min(int.from_bytes(head[:4], "big"), 4096)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head) - 3), 4))]
    for brand in brands:
        if brand in _STILL:
            return _STILL[brand]
    if brands[0] in _HEIC:
        return Kind.HEIC
    return Kind.MOV if brands[0] == b"qt  " else Kind.MP4


# Two, so that no byte is looked at again from each place where the first may begin.
_ASSET, _VERSION = re.compile(rb'"asset"\s*:\s*\{[^}]*'), re.compile(rb'"version"\s*:\s*"\d')
_OBJ_BEFORE = (b"#", b"mtllib ", b"usemtl ", b"o ", b"g ", b"s ")


def _by_text(head: bytes) -> Kind | None:
    """Kinds that are text, by what only they begin with."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"ISO-10303-21;"):
        return Kind.STEP
    if text.startswith(b"{"):
        if any(_VERSION.search(found.group()) for found in _ASSET.finditer(text)):
            return Kind.GLTF
        if re.search(rb'"(?:ip|op|fr)"\s*:\s*[-\d.]', text) and b'"v"' in text:
            return Kind.LOTTIE
        return None
    if text.startswith(b"solid") and b"facet" in text:
        return Kind.STL
    return Kind.OBJ if _is_obj(text) else None


def _is_obj(text: bytes) -> bool:
    """Whether the first line that is no remark and names nothing is a vertex.

    Line by line: one pattern for all lines would need exponential time for blank lines without an end.
    """
    for line in text.split(b"\n"):
        if line.strip() and not line.startswith(_OBJ_BEFORE):
            return re.match(rb"v\s+-?[\d.]", line) is not None
    return False


def identify(file: BinaryIO, *, size: int) -> Kind | None:
    """The kind of a whole file that can be sought in: `sniff`, and for an archive what its members make it.

    An archive whose directory cannot be read is a ZIP; `check_zip` says what is wrong with it.
    """
    file.seek(0)
    kind = sniff(file.read(HEAD_BYTES), size=size)
    if kind is not Kind.ZIP:
        return kind
    names = member_names(file)
    return kind if names is None else _package(names)


def _package(names: Sequence[str]) -> Kind:
    """What an archive with such members is."""
    held = set(names)
    if "[Content_Types].xml" in held:
        if "ppt/presentation.xml" in held:
            return Kind.PPTX
        if any(name.startswith("3D/") and name.lower().endswith(".model") for name in held):
            return Kind.THREEMF
        return Kind.ZIP
    if {"document.json", "meta.json"} <= held:
        return Kind.SKETCH
    if "canvas.fig" in held:
        return Kind.FIG
    if "mimetype" in held and "manifest" in held and any(name.startswith("artwork/") for name in held):
        return Kind.XD
    if any(name.startswith("Index/Slide") for name in held) and "Index/Document.iwa" in held:
        return Kind.KEYNOTE
    if held & {"index.apxl", "index.apxl.gz"}:  # Keynote before 2013
        return Kind.KEYNOTE
    if "manifest.json" in held and any(name.startswith(("animations/", "a/")) for name in held):
        return Kind.DOTLOTTIE
    if site_root(names) is not None:
        return Kind.PROTOTYPE
    return Kind.ZIP


def site_root(names: Iterable[str]) -> str | None:
    """Where in an archive a prototype begins: "" or "folder/" with the index.html in it; None if it is none.

    One folder around everything is what most programs pack. What macOS adds beside it does not count.
    """
    real = [name for name in names if not is_extra(name)]
    if "index.html" in real:
        return ""
    tops = {name.partition("/")[0] for name in real}
    if len(tops) == 1:
        root = next(iter(tops)) + "/"
        if root + "index.html" in real:
            return root
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
