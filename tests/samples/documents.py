"""Documents and drawings: PDF, AI, SVG and PSD, by hand."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Sequence

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker

NAME = CANARY.decode()

# PDF and AI.


def pdf(
    *pages: tuple[float, ...],
    box: str = "0 0 200 100",
    encrypted: bool = False,
    kids: str | None = None,
    page: str = "",
    content: str = "",
    objects: dict[int, str] | None = None,
    catalog: str = "",
    trailer: str = "",
) -> bytes:
    """A PDF by hand: each page is one flat colour, given as red, green and blue between 0 and 1.

    `page` and `catalog` stand in these dictionaries too, `content` is drawn above the colour, `objects` are
    further ones, to be numbered from 500.
    """
    body = {1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>", **(objects or {})}
    for index, colour in enumerate(pages):
        number = 3 + 2 * index
        drawn = f"{' '.join(map(str, colour))} rg 0 0 99999 99999 re f {content}"
        body[number] = f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {number + 1} 0 R {page} >>"
        body[number + 1] = stream(drawn)
    names = kids if kids is not None else " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    body[2] = f"<< /Type /Pages /Kids [{names}] /Count {len(names.split()) // 3} >>"
    if encrypted:
        owner, user = "4f" * 32, "55" * 32
        body[900] = f"<< /Filter /Standard /V 1 /R 2 /O <{owner}> /U <{user}> /P -4 >>"
        trailer += f"/Encrypt 900 0 R /ID [<{'ab' * 16}> <{'ab' * 16}>]"
    made, places = b"%PDF-1.4\n", {}
    for number, text in sorted(body.items()):
        places[number] = len(made)
        made += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{number} 1\n{place:010} 00000 n \n" for number, place in sorted(places.items()))
    end = f"trailer\n<< /Root 1 0 R /Size 901 {trailer} >>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n0 1\n0000000000 65535 f \n{table}{end}".encode()


def stream(content: str, entries: str = "") -> str:
    """An object with content."""
    return f"<< /Length {len(content.encode())} {entries} >>\nstream\n{content}\nendstream"


def illustrator(content: str = "0 0 1 rg 20 20 60 60 re f", **options: str) -> bytes:
    """An Illustrator file with a PDF inside: a white page of 200 × 100 points with its own data beside."""
    return pdf(
        (1, 1, 1),
        content=content,
        page="/PieceInfo << /Illustrator << /Private 500 0 R /LastModified (D:20261101120000) >> >> "
        "/Resources << /Font << /F 502 0 R >> >>",
        objects={
            500: "<< /AIMetaData 501 0 R /AIPrivateData1 501 0 R /NumBlock 1 /ContainerVersion 11 >>",
            501: stream(f"%!PS-Adobe-3.0 %%Creator: Adobe Illustrator(R) 24.0 %%For: ({NAME})"),
            502: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        },
        **options,  # type: ignore[arg-type]
    )


def illustrator_without_pdf() -> bytes:
    """What Illustrator writes when "Create PDF Compatible File" is off: a page that says so."""
    said = ("This is an Adobe Illustrator File that was", "saved without PDF Content.", "To Place or open this file")
    return illustrator("0 g BT /F 8 Tf 10 80 Td 10 TL " + " ".join(f"({line}) Tj T*" for line in said) + " ET")


def marked_pdf(make: Callable[..., bytes]) -> bytes:
    """The same with a name in its information, its XMP, a note on the page, a script and a file inside."""
    xmp = f'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{NAME}</dc:creator></x:xmpmeta>'
    page = f"/Annots [<< /Type /Annot /Subtype /Text /Rect [9 9 9 9] /T ({NAME}) /Contents ({NAME}) /NM ({NAME}) >>]"
    script = f"/OpenAction << /S /JavaScript /JS (app.alert('{NAME}')) >>"
    catalog = f"/Metadata 600 0 R {script} /Names << /EmbeddedFiles << /Names [({NAME}) 601 0 R] >> >>"
    objects = {
        600: stream(xmp, "/Type /Metadata /Subtype /XML"),
        601: f"<< /Type /Filespec /F ({NAME}.txt) /EF << /F 602 0 R >> >>",
        602: stream(NAME, "/Type /EmbeddedFile"),
    }
    info = f"/Info << /Author ({NAME}) /Title ({NAME}) /Creator ({NAME}) /Producer ({NAME}) >>"
    return make(page=page, catalog=catalog, objects=objects, trailer=info)


# SVG.


def svg(content: str, *, size: str = 'width="200" height="100"', before: str = "") -> bytes:
    root = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>'
    return f"{before}{root}{content}</svg>".encode()


def entity_bomb() -> bytes:
    doubled = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return svg("<text>&e9;</text>", before=f'<!DOCTYPE svg [<!ENTITY e0 "lol">{doubled}]>')


def use_bomb(depth: int = 9) -> bytes:
    groups = "".join(
        f'<g id="g{n}">{f"""<use xlink:href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, depth)
    )  # fmt: skip
    return svg(f'<defs><rect id="g0" width="9" height="9"/>{groups}</defs><use xlink:href="#g{depth - 1}"/>')


def compressed_bomb() -> bytes:
    return gzip.compress(svg("<!--" + " " * 70_000_000 + "-->"))


def marked_svg() -> bytes:
    """A drawing that names its designer in each place that drawing programs use."""
    return svg(
        f"<title>{NAME}</title><desc>{NAME}</desc><metadata><rdf:RDF xmlns:rdf='http://r'>{NAME}</rdf:RDF></metadata>"
        f'<!-- {NAME} --><g id="{NAME}" data-name="{NAME}" inkscape:label="{NAME}"><path d="M0 0h90v50z"/></g>',
        size='width="200" height="100" xmlns:inkscape="http://i" xmlns:sodipodi="http://s" '
        f'inkscape:export-filename="/home/{NAME}/logo.png" sodipodi:docname="{NAME}.svg"',
        before=f'<?xml version="1.0"?><!-- {NAME} -->',
    )


# PSD and PSB.

BITMAP, GREY, INDEXED, RGB, CMYK, MULTICHANNEL, DUOTONE, LAB = 0, 1, 2, 3, 4, 7, 8, 9


def packbits(row: bytes) -> bytes:
    """The row in runs of one byte, which is how most of them compress."""
    packed = b""
    at = 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 128 and row[at + run] == row[at]:
            run += 1
        packed += bytes([(257 - run) % 256, row[at]])
        at += run
    return packed


def photoshop(
    planes: Sequence[bytes],
    width: int,
    height: int,
    *,
    mode: int = RGB,
    depth: int = 8,
    large: bool = False,
    packed: bool = False,
    layers: int = 0,
    resources: dict[int, bytes] | None = None,
    palette: bytes = b"",
    compression: int | None = None,
) -> bytes:
    """A document with only its composite: `planes` are the channels, rows one after the other, big-endian.

    `layers` is the count of layers as it stands there; nothing of them follows.
    """

    def sized(body: bytes, form: str = ">I") -> bytes:
        return struct.pack(form, len(body)) + body

    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, len(planes), height, width, depth, mode)
    blocks = b"".join(
        b"8BIM" + struct.pack(">H", number) + b"\0\0" + sized(body) + b"\0" * (len(body) % 2)
        for number, body in (resources or {}).items()
    )
    wide = ">Q" if large else ">I"
    counted = sized(struct.pack(">h", layers) + b"\0\0", wide) + sized(b"") if layers else b""
    row = (width * depth + 7) // 8
    if packed:
        rows = [packbits(plane[at : at + row]) for plane in planes for at in range(0, row * height, row)]
        pixels = b"".join(struct.pack(">I" if large else ">H", len(each)) for each in rows) + b"".join(rows)
    else:
        pixels = b"".join(planes)
    method = struct.pack(">H", int(packed) if compression is None else compression)
    return head + sized(palette) + sized(blocks) + sized(counted, wide) + method + pixels


def flat_planes(width: int, height: int, *levels: int) -> list[bytes]:
    """Channels of one level each, 8 bits deep."""
    return [bytes([level]) * (width * height) for level in levels]


def marked_photoshop(*, large: bool = False) -> bytes:
    """A document with a name in its XMP, EXIF, caption, URL, paths and the history of its program."""
    named = dict.fromkeys((1060, 1058, 1028, 1035, 1000, 1006, 2000, 1070), CANARY)
    named[1057] = struct.pack(">IB", 1, 1) + b"\0\0\0\x12" + (NAME.encode("utf-16-be")[:36]) + bytes(8)
    return photoshop(flat_planes(40, 30, 200, 40, 30), 40, 30, large=large, resources=named)


SAMPLES: dict[Kind, Maker] = {
    Kind.PDF: lambda: pdf((1, 0, 0)),
    Kind.AI: illustrator,
    Kind.SVG: lambda: svg('<rect width="90" height="50" fill="#f00"/>'),
    Kind.SVGZ: lambda: gzip.compress(svg('<rect width="90" height="50" fill="#f00"/>')),
    Kind.PSD: lambda: photoshop(flat_planes(300, 200, 200, 40, 30), 300, 200, packed=True),
    Kind.PSB: lambda: photoshop(flat_planes(300, 200, 200, 40, 30), 300, 200, packed=True, large=True),
}

MARKED: dict[Kind, Maker] = {
    Kind.PDF: lambda: marked_pdf(lambda **more: pdf((1, 0, 0), **more)),
    Kind.AI: illustrator,
    Kind.SVG: marked_svg,
    Kind.SVGZ: lambda: gzip.compress(marked_svg()),
    Kind.PSD: marked_photoshop,
    Kind.PSB: lambda: marked_photoshop(large=True),
}
