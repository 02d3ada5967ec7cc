"""Specimens of fonts, through the real rendering process, and the reading of what characters they have."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import brotli
import pytest
from fontTools.ttLib import TTFont

from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import HEAD_BYTES, Kind, sniff
from contest.previews.typefaces import _Characters, _faces
from tests.rendering import has_colour, pixels, preview
from tests.samples import CANARY
from tests.samples.packages import png
from tests.samples.typefaces import KANA, LATIN, SAMPLES, collection, coloured, emoji, typeface

BLACK = (17, 17, 17)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def specimen(server: PreviewServer, data: bytes) -> Result:
    return preview(server, data, Kind.TTF, presets=("1280",))


def ink(result: Result, top: float, bottom: float) -> float:
    """The share of ink between two heights of a specimen, both from 0 to 1."""
    sheet = pixels(result.outputs[-1])
    part = sheet.crop(0, int(sheet.height * top), sheet.width, int(sheet.height * (bottom - top)))
    return float((part.colourspace("b-w") < 128).avg()) / 255


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_font_of_each_format_gets_a_specimen(server: PreviewServer, kind: Kind) -> None:
    data = SAMPLES[kind]()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is kind
    result = preview(server, data, kind)
    assert (result.verdict, result.pages, dict(result.facts)) == ("ready", 1, {"glyphs": len(LATIN) + 2})
    assert [(page.label, page.width, page.height) for page in result.page_list] == [("specimen", 2560, 1920)]
    sheet = pixels(result.outputs[2])
    assert (sheet.width, sheet.height, sheet.bands) == (2560, 1920, 3)
    assert has_colour(sheet, BLACK)
    assert ink(result, 0.1, 0.45) > 0.1, "the large sample"
    assert ink(result, 0.5, 0.95) > 0.02, "the lines"
    assert ink(result, 0, 0.05) == ink(result, 0.96, 1) == 0, "the margins"


def test_the_same_letters_look_the_same_in_each_format(server: PreviewServer) -> None:
    sheets = [
        preview(server, SAMPLES[kind](), kind, presets=("320",)).outputs[0].data
        for kind in (Kind.TTF, Kind.WOFF, Kind.WOFF2)
    ]
    assert len(set(sheets)) == 1


def test_no_name_of_the_font_stands_on_its_specimen(server: PreviewServer) -> None:
    named, nameless = (specimen(server, typeface(name=name)) for name in (CANARY.decode(), "x"))
    assert [output.data for output in named.outputs] == [output.data for output in nameless.outputs]


def test_specimens_are_compared_with_nothing(server: PreviewServer) -> None:
    """They are laid out alike, so two fonts would look like one entry sent twice."""
    (page,) = preview(server, typeface(), Kind.TTF).page_list
    assert (page.turned, page.tiles) == ((), ())
    assert page.placeholder


def test_a_script_is_shown_only_where_the_font_has_it(server: PreviewServer) -> None:
    latin, both, kana = (specimen(server, typeface(letters)) for letters in (LATIN, LATIN + KANA, KANA))
    assert all(result.verdict == "ready" for result in (latin, both, kana))
    assert len({result.outputs[0].data for result in (latin, both, kana)}) == 3
    # Three lines of kana and kanji come before three of Latin; alone, either leaves the foot of the sheet empty.
    assert ink(both, 0.85, 0.95) > 0
    assert ink(latin, 0.85, 0.95) == 0


def test_a_font_of_ornaments_shows_its_first_characters(server: PreviewServer) -> None:
    few, many = (specimen(server, typeface(map(chr, range(0xE000, 0xE000 + n)))) for n in (3, 200))
    assert (few.verdict, many.verdict) == ("ready", "ready")
    # Six cells for three, seventy for two hundred.
    assert ink(few, 0.15, 0.4) > 0.05
    assert ink(few, 0.5, 1) == 0
    assert ink(many, 0.8, 0.95) > 0
    assert ink(many, 0.95, 1) == 0


def test_a_font_with_colours_of_its_own_shows_them(server: PreviewServer) -> None:
    sheet = pixels(specimen(server, coloured(colour=(1, 0, 0))).outputs[0])
    assert has_colour(sheet, (255, 0, 0))
    assert not has_colour(sheet, BLACK)


def test_a_font_of_pixels_is_shown_although_it_has_one_size(server: PreviewServer) -> None:
    result = specimen(server, emoji("\U0001f600\U0001f601\U0001f602", png(136, 128, (240, 180, 20))))
    assert (result.verdict, dict(result.facts)) == ("ready", {"glyphs": 5})
    sheet = pixels(result.outputs[0])
    assert has_colour(sheet, (240, 180, 20))
    assert not has_colour(sheet, BLACK)


def test_each_face_of_a_collection_is_a_page(server: PreviewServer) -> None:
    data = collection(LATIN, KANA, "", LATIN)
    assert sniff(data[:HEAD_BYTES], size=len(data)) is Kind.TTF
    result = preview(server, data, Kind.TTF, presets=("320",))
    assert (result.verdict, result.pages) == ("ready", 4)
    assert [page.page for page in result.page_list] == [1, 2, 4], "the third has nothing to show"
    assert result.outputs[0].data == result.outputs[2].data != result.outputs[1].data
    quick = preview(server, data, Kind.TTF, presets=("320",), quick=True)
    assert (quick.pages, len(quick.outputs)) == (4, 1)


def test_a_font_without_characters_has_nothing_to_show(server: PreviewServer) -> None:
    font = TTFont(io.BytesIO(typeface()))
    del font["cmap"]
    out = io.BytesIO()
    font.save(out)
    for data in (out.getvalue(), typeface("")):
        result = preview(server, data, Kind.TTF)
        assert (result.verdict, result.reason, result.outputs) == ("icon", "nothing_inside", ())


# What is too large, or broken.


def woff(*tables: tuple[bytes, bytes, int]) -> bytes:
    """A WOFF of tables, each with its packed content and the size that it claims."""
    head = struct.pack(">4sIIHHIHHIIIII", b"wOFF", 0x10000, 0, len(tables), 0, 0, 1, 0, 0, 0, 0, 0, 0)
    at, entries = 44 + 20 * len(tables), b""
    for tag, body, size in tables:
        entries += struct.pack(">4sIIII", tag, at, len(body), size, 0)
        at += len(body)
    return head + entries + b"".join(body for _, body, _ in tables)


def woff2(claimed: int, stream: bytes) -> bytes:
    """A WOFF2 of one table, `cmap`, that claims to be `claimed` bytes long."""
    digits = [claimed >> shift & 0x7F for shift in (28, 21, 14, 7, 0)]
    while len(digits) > 1 and not digits[0]:
        del digits[0]
    length = bytes([digit | 0x80 for digit in digits[:-1]] + digits[-1:])
    head = struct.pack(">4sIIHHIIHHIIIII", b"wOF2", 0x10000, 0, 1, 0, 0, len(stream), 1, 0, 0, 0, 0, 0, 0)
    return head + b"\0" + length + stream


BOMB = b"\0" * 150_000_000


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.WOFF, woff((b"cmap", b"x" * 20, 4_000_000_000))),
        (Kind.WOFF, woff(*[(b"tab%d" % n, b"x" * 20, 60_000_000) for n in range(3)])),
        (Kind.WOFF2, woff2(4_000_000_000, brotli.compress(b"x"))),
        (Kind.WOFF2, woff2(100, brotli.compress(BOMB, quality=1))),
    ],
)
def test_a_font_that_inflates_beyond_measure_is_refused(server: PreviewServer, kind: Kind, data: bytes) -> None:
    result = preview(server, data, kind)
    assert (result.verdict, result.reason, result.outputs) == ("refused", "bomb", ())
    assert result.peak_mb < 150


def test_a_table_that_inflates_to_more_than_it_says_is_not_inflated(server: PreviewServer) -> None:
    result = preview(server, woff((b"cmap", zlib.compress(BOMB, 9), 300), (b"maxp", b"\0\1\0\0\0\5", 6)), Kind.WOFF)
    assert result.verdict in {"failed", "icon"}
    assert result.peak_mb < 150


@pytest.mark.parametrize("kind", SAMPLES)
def test_half_a_font_fails_or_shows_what_there_is(server: PreviewServer, kind: Kind) -> None:
    data = SAMPLES[kind]()
    for size in (8, 40, len(data) // 2):
        result = preview(server, data[:size], kind)
        assert (result.verdict, result.reason) in {
            ("failed", "unreadable"),
            ("damaged", "unreadable"),
            ("icon", "nothing_inside"),
            ("ready", None),
        }


def test_letters_of_a_monstrous_size_do_no_harm(server: PreviewServer) -> None:
    font = TTFont(io.BytesIO(typeface()))
    font["head"].unitsPerEm = 16
    out = io.BytesIO()
    font.save(out)
    result = preview(server, out.getvalue(), Kind.TTF)
    assert (result.verdict, result.reason) in {("ready", None), ("refused", "bomb"), ("failed", "unreadable")}
    assert result.peak_mb < 300


# Which characters there are.


@pytest.mark.parametrize(
    "letters", [LATIN, KANA, "a", "ab" + "\U0001f600\U0001f601\U00020000", "".join(map(chr, range(0x3000, 0x3100, 3)))]
)
def test_characters_are_read_as_others_read_them(letters: str) -> None:
    data = typeface(letters)
    font = TTFont(io.BytesIO(data))
    meant = {code: font.getGlyphID(name) for code, name in font.getBestCmap().items()}
    (tables,) = _faces(data)
    characters = _Characters(tables[b"cmap"])
    assert {code: characters.glyph(code) for code in meant} == meant
    assert list(characters.first(1000)) == sorted(meant)
    assert not any(characters.glyph(code) for code in (0, 0x7F, 0xFFFF, 0x10FFFF, max(meant) + 1, min(meant) - 1))


def test_a_range_of_millions_costs_nothing() -> None:
    groups = [(0, 0xFFFFFFFF, 1)] * 50
    body = b"".join(struct.pack(">3I", *group) for group in groups)
    table = struct.pack(">HH", 0, 1) + struct.pack(">HHI", 3, 10, 12)
    table += struct.pack(">HHIII", 12, 0, 16 + len(body), 0, len(groups)) + body
    characters = _Characters(table)
    assert characters.glyph(0x41) == 0x42
    assert len(list(characters.first(300))) <= 300 * 50


def test_glyphs_that_are_listed_one_by_one_are_found() -> None:
    # Form 4 with a list of glyphs, which the fonts of the tests above do without.
    ends, starts, deltas, offsets, glyphs = (0x43, 0xFFFF), (0x41, 0xFFFF), (5, 1), (4, 0), (7, 0, 9)
    columns = struct.pack(">2H", *ends) + b"\0\0" + struct.pack(">6H", *starts, *deltas, *offsets)
    body = columns + struct.pack(">3H", *glyphs)
    form = struct.pack(">7H", 4, 14 + len(body), 0, 4, 4, 1, 0) + body
    characters = _Characters(struct.pack(">HHHHI", 0, 1, 3, 1, 12) + form)
    assert [characters.glyph(code) for code in (0x40, 0x41, 0x42, 0x43, 0x44)] == [0, 12, 0, 14, 0]
