"""Fonts of a few plain shapes, built for the occasion."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&?!"
KANA = "あいうえおアイウエオ永東国"
UNITS = 1000


def _outline(pen: Any, number: int) -> None:
    """A bar whose height and foot tell the glyph."""
    top = 300 + 37 * number % 500
    pen.moveTo((60, 0))
    pen.lineTo((60, top))
    pen.lineTo((440, top))
    pen.lineTo((440, 0))
    pen.closePath()


def builder(letters: Iterable[str], *, cff: bool = False, name: str = "Ferry") -> FontBuilder:
    """A font with a bar for each letter, and a space. `name` stands in every entry of its name table."""
    codes = [ord(letter) for letter in dict.fromkeys([" ", *letters])]
    order = [".notdef", *(f"g{code:X}" for code in codes)]
    font = FontBuilder(UNITS, isTTF=not cff)
    font.setupGlyphOrder(order)
    font.setupCharacterMap({code: f"g{code:X}" for code in codes})
    shapes: dict[str, Any] = {}
    for number, glyph in enumerate(order):
        pen = T2CharStringPen(500, None) if cff else TTGlyphPen(None)
        if glyph != "g20":
            _outline(pen, number)
        shapes[glyph] = pen.getCharString() if cff else pen.glyph()
    if cff:
        font.setupCFF("Ferry", {}, shapes, {})
    else:
        font.setupGlyf(shapes)
    font.setupHorizontalMetrics(dict.fromkeys(order, (500, 60)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    entries = ("familyName", "fullName", "manufacturer", "designer", "description", "vendorURL", "designerURL")
    texts = ("copyright", "trademark", "licenseDescription", "sampleText", "uniqueFontIdentifier")
    font.setupNameTable({"styleName": "Regular", "psName": "Ferry"} | dict.fromkeys((*entries, *texts), name))
    font.setupOS2(sTypoAscender=800, achVendID=name[:4])
    font.setupPost()
    return font


def saved(font: TTFont, flavor: str | None = None) -> bytes:
    font.flavor = flavor
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def typeface(letters: Iterable[str] = LATIN, *, flavor: str | None = None, **options: Any) -> bytes:
    """A font file with a bar for each letter; `options` as of `builder`."""
    return saved(builder(letters, **options).font, flavor)


def coloured(letters: str = LATIN, colour: tuple[float, float, float] = (1, 0, 0)) -> bytes:
    """The same with each bar in one colour of its own."""
    font = builder(letters)
    font.setupCPAL([[(*colour, 1.0)]])
    font.setupCOLR({f"g{ord(letter):X}": [(f"g{ord(letter):X}", 0)] for letter in letters})
    return saved(font.font)


def emoji(letters: str, picture: bytes) -> bytes:
    """A font of pixels: `picture`, a PNG of 136 × 128, for each letter, at 109 pixels an em and no other size."""
    font = builder(letters).font
    del font["glyf"], font["loca"]
    names = [f"g{ord(letter):X}" for letter in letters]
    first, last = font.getGlyphID(names[0]), font.getGlyphID(names[-1])
    line = "".join(f'<{name} value="{value}"/>' for name, value in _LINE.items())
    sides = "".join(f'<sbitLineMetrics direction="{side}">{line}</sbitLineMetrics>' for side in ("hori", "vert"))
    size = f'<startGlyphIndex value="{first}"/><endGlyphIndex value="{last}"/><ppemX value="109"/><ppemY value="109"/>'
    places = "".join(f'<glyphLoc name="{name}"/>' for name in names)
    metrics = "".join(f'<{name} value="{value}"/>' for name, value in _SMALL.items())
    shapes = "".join(
        f'<cbdt_bitmap_format_17 name="{name}"><SmallGlyphMetrics>{metrics}</SmallGlyphMetrics>'
        f"<rawimagedata>{picture.hex()}</rawimagedata></cbdt_bitmap_format_17>"
        for name in names
    )
    font.importXML(
        io.StringIO(
            '<?xml version="1.0"?><ttFont><CBLC><header version="3.0"/><strike index="0"><bitmapSizeTable>'
            f'{sides}<colorRef value="0"/>{size}<bitDepth value="32"/><flags value="1"/></bitmapSizeTable>'
            f'<eblc_index_sub_table_1 imageFormat="17" firstGlyphIndex="{first}" lastGlyphIndex="{last}">{places}'
            "</eblc_index_sub_table_1></strike></CBLC>"
            f'<CBDT><header version="3.0"/><strikedata index="0">{shapes}</strikedata></CBDT></ttFont>'
        )
    )
    return saved(font)


_SMALL = {"height": 128, "width": 136, "BearingX": 0, "BearingY": 101, "Advance": 136}
_LINE = {"ascender": 101, "descender": -27, "widthMax": 136, "caretSlopeNumerator": 0, "caretSlopeDenominator": 0}
_LINE |= dict.fromkeys(("caretOffset", "minOriginSB", "minAdvanceSB", "maxBeforeBL", "minAfterBL", "pad1", "pad2"), 0)


def collection(*faces: str) -> bytes:
    """A collection with a face for each set of letters."""
    made = TTCollection()
    made.fonts = [builder(letters).font for letters in faces]
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_data(data: bytes, notes: Mapping[str, str]) -> bytes:
    """The font with metadata beside its tables, as WOFF has it: XML and whatever a program likes."""
    font = TTFont(io.BytesIO(data))
    assert font.flavorData is not None
    font.flavorData.metaData = notes["metaData"].encode()
    font.flavorData.privData = notes["privData"].encode()
    return saved(font, font.flavor)


def _marked(flavor: str | None = None, *, cff: bool = False) -> bytes:
    data = typeface(flavor=flavor, cff=cff, name=CANARY.decode())
    return with_data(data, dict.fromkeys(("metaData", "privData"), CANARY.decode())) if flavor else data


SAMPLES: dict[Kind, Maker] = {
    Kind.TTF: typeface,
    Kind.OTF: lambda: typeface(cff=True),
    Kind.WOFF: lambda: typeface(flavor="woff"),
    Kind.WOFF2: lambda: typeface(flavor="woff2"),
}

MARKED: dict[Kind, Maker] = {
    Kind.TTF: _marked,
    Kind.OTF: lambda: _marked(cff=True),
    Kind.WOFF: lambda: _marked("woff"),
    Kind.WOFF2: lambda: _marked("woff2"),
}
