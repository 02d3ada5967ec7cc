"""Archives, prototypes, and the packages of design programs."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker

Content = bytes | str

PAGE = (
    "<!doctype html><title>Ferry</title><link rel=stylesheet href=css/look.css><h1>Ferry</h1><a href=two.html>Next</a>"
)


def zipped(members: dict[str, Content], *, comment: bytes = b"", extra: bytes = b"") -> bytes:
    """An archive with a fixed date; `comment` stands at its end and at each member, `extra` in each member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2026, 11, 1, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.comment, info.extra = comment, extra
            archive.writestr(info, content)
        archive.comment = comment
    return out.getvalue()


def png(width: int = 160, height: int = 90, colour: tuple[int, int, int] = (200, 40, 30), text: bytes = b"") -> bytes:
    """A PNG with a white frame around one colour; `text` stands in a comment of it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    edge = b"\0" + b"\xff" * 3 * width
    row = b"\0" + b"\xff" * 12 + bytes(colour) * (width - 8) + b"\xff" * 12
    rows = edge * 4 + row * (height - 8) + edge * 4
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
            chunk(b"tEXt", b"Author\0" + text) if text else b"",
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def jpeg(text: bytes = b"") -> bytes:
    """A JPEG of the same picture; `text` stands in a comment of it."""
    import pyvips

    data: bytes = pyvips.Image.new_from_buffer(png(), "").jpegsave_buffer(Q=90, keep="none")
    comment = b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text if text else b""
    return data[:2] + comment + data[2:]


def sketch(text: bytes = b"") -> bytes:
    said = text.decode()
    members = {
        "document.json": f'{{"_class":"document","author":"{said}"}}',
        "meta.json": '{"app":"com.bohemiancoding.sketch3"}',
        "pages/1.json": "{}",
        "previews/preview.png": png(320, 200, text=text),
    }
    return _packed(members, text)


def fig(text: bytes = b"") -> bytes:
    members = {
        "canvas.fig": b"fig-kiwi" + bytes(40) + text,
        "meta.json": f'{{"file_name":"{text.decode()}"}}',
        "thumbnail.png": png(400, 300, text=text),
    }
    return _packed(members, text)


def xd(text: bytes = b"") -> bytes:
    members = {
        "mimetype": "application/vnd.adobe.sparkler.project+dcxucf",
        "manifest": f'{{"name":"{text.decode()}"}}',
        "artwork/artboard-1/graphics/graphicContent.agc": "{}",
        "thumbnail.png": png(96, 60, text=text),
        "preview.png": png(320, 200, text=text),
    }
    return _packed(members, text)


def pptx(text: bytes = b"") -> bytes:
    members = {
        "[Content_Types].xml": "<Types/>",
        "docProps/core.xml": f"<creator>{text.decode()}</creator>",
        "ppt/presentation.xml": "<presentation/>",
        "docProps/thumbnail.jpeg": jpeg(text),
    }
    return _packed(members, text)


def slides(count: int, linked: Sequence[str] = ()) -> bytes:
    """A presentation that an office opens, of green slides; the first one links to pictures outside of the file."""
    office = "http://schemas.openxmlformats.org"
    names = (
        f'xmlns:a="{office}/drawingml/2006/main" xmlns:p="{office}/presentationml/2006/main" '
        f'xmlns:r="{office}/officeDocument/2006/relationships"'
    )

    outside = ' TargetMode="External"'

    def relations(*rows: tuple[str, str, str]) -> str:
        each = "".join(
            f'<Relationship Id="{name}" Type="{office}/officeDocument/2006/relationships/{kind}" Target="{target}"'
            f"{outside if ':' in target else ''}/>"
            for name, kind, target in rows
        )
        return f'<Relationships xmlns="{office}/package/2006/relationships">{each}</Relationships>'

    picture = (
        '<p:pic><p:nvPicPr><p:cNvPr id="{0}" name="x"/><p:cNvPicPr/><p:nvPr/></p:nvPicPr><p:blipFill>'
        '<a:blip r:link="p{0}"/><a:stretch><a:fillRect/></a:stretch></p:blipFill><p:spPr><a:xfrm><a:off x="0" y="0"/>'
        '<a:ext cx="9144000" cy="6858000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>'
    )
    slide = (
        f'<p:sld {names}><p:cSld><p:bg><p:bgPr><a:solidFill><a:srgbClr val="00AA00"/></a:solidFill><a:effectLst/>'
        '</p:bgPr></p:bg><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
        "<p:grpSpPr/>{0}</p:spTree></p:cSld></p:sld>"
    )
    numbers = range(1, count + 1)
    types = "".join(
        f'<Override PartName="/ppt/{part}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        f'presentationml.{kind}+xml"/>'
        for part, kind in [("presentation", "presentation.main"), *((f"slides/slide{n}", "slide") for n in numbers)]
    )
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in numbers)
    members = {
        "[Content_Types].xml": (
            f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" ContentType="application/'
            f'vnd.openxmlformats-package.relationships+xml"/>{types}</Types>'
        ),
        "_rels/.rels": relations(("r", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": (
            f'<p:presentation {names}><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>'
            '<p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
        ),
        "ppt/_rels/presentation.xml.rels": relations(*((f"s{n}", "slide", f"slides/slide{n}.xml") for n in numbers)),
    }
    for number in numbers:
        shown = tuple(enumerate(linked, 2)) if number == 1 else ()
        members[f"ppt/slides/slide{number}.xml"] = slide.format("".join(picture.format(at) for at, _ in shown))
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(
            *((f"p{at}", "image", target) for at, target in shown)
        )
    return zipped(members)


def keynote(text: bytes = b"") -> bytes:
    members = {
        "Index/Document.iwa": b"\0" * 20 + text,
        "Index/Slide-1.iwa": bytes(20),
        "preview-micro.jpg": jpeg(),
        "preview-web.jpg": jpeg(text),
        "preview.jpg": jpeg(text),
    }
    return _packed(members, text)


def mixed(text: bytes = b"") -> bytes:
    """A ZIP as entrants pack it: pictures at the top and below, a note, and what macOS adds."""
    said = text.decode() or "notes"
    members = {
        "board 10.png": png(300, 200, (20, 60, 160), text),
        "board 2.png": png(300, 200, (30, 140, 60), text),
        "screens/ホーム.png": png(90, 160, text=text),
        f"{said}.txt": b"What we meant. " + text,
        "__MACOSX/._board 2.png": b"\0\x05\x16\x07" + text,
        ".DS_Store": b"\0\0\0\1Bud1" + text,
    }
    return _packed(members, text)


def prototype(text: bytes = b"") -> bytes:
    """Two pages in a folder, with style and script."""
    members = {
        "ferry/index.html": f"{PAGE}<!-- {text.decode()} -->",
        "ferry/two.html": "<!doctype html><title>Two</title><script src=js/app.js></script>",
        "ferry/css/look.css": "h1 { color: #b5330b }",
        "ferry/js/app.js": "document.title += '!'",
        "ferry/img/船.png": png(text=text),
        "__MACOSX/ferry/._index.html": b"\0\x05\x16\x07" + text,
    }
    return _packed(members, text)


def _packed(members: dict[str, Content], text: bytes) -> bytes:
    return zipped(members, comment=text, extra=struct.pack("<HH", 0xCAFE, len(text)) + text if text else b"")


_MAKERS = {
    Kind.SKETCH: sketch,
    Kind.FIG: fig,
    Kind.XD: xd,
    Kind.PPTX: pptx,
    Kind.KEYNOTE: keynote,
    Kind.ZIP: mixed,
    Kind.PROTOTYPE: prototype,
}
SAMPLES: dict[Kind, Maker] = {**_MAKERS}
MARKED: dict[Kind, Maker] = {kind: lambda make=make: make(CANARY) for kind, make in _MAKERS.items()}  # type: ignore[misc]
