"""Specimens of typefaces (TTF, OTF, collections, WOFF, WOFF2): what a font looks like, without a word of its own.

FreeType draws. Which characters a font has is read here, because nothing else tells: range by range, since
a few bytes may claim millions of them. No name in the font is shown: it may be its designer's.
"""

from __future__ import annotations

import io
import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import brotli
import pyvips
from PIL import Image, ImageChops, ImageDraw, ImageFont

from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_LARGE_PAGES, MAX_PAGES

#: All tables of a compressed font together, inflated.
_MAX_BYTES = 128_000_000
_MAX_TABLES = 1000
#: Past these, no further face of a collection is begun.
_BUDGET_CPU_S, _BUDGET_WALL_S = 12.0, 24.0

#: The sheet and what is on it: pixels of the largest preset.
_WIDTH, _HEIGHT, _MARGIN = 2560, 1920, 160
_SAMPLE_HEIGHT, _RULE_AT, _TEXT_TOP = 660, 920, 1010
_LARGEST_TEXT, _LINE_GAP = 140, 0.4
_PAPER, _INK, _HAIRLINE = (255, 255, 255), (17, 17, 17), (205, 205, 203)
#: Columns and rows for characters one by one, by how many there are; and the share of a cell that one fills.
_GRIDS, _CELL_INK = ((2, 1), (3, 2), (5, 4), (10, 7)), 0.62
#: A line that would need more pixels is no line of type.
_MAX_LINE_PIXELS = 24_000_000
#: At this size lines are measured.
_RULER = 100
#: Sizes at which fonts of pixels are made; the first are the usual ones of emoji.
_STRIKES = (109, 160, 136, 128, 96, 72, 64, 48, 32, 24, 20, 16, 14, 13, 12, 11, 10, 9, 8)

#: By script: its part of the large sample, and its lines. The first ones that a font has are shown.
_KANA = ("あいうえおかきくけこさしすせそたちつてと", "アイウエオカキクケコサシスセソタチツテト")
_SCRIPTS: Sequence[tuple[str, Sequence[str]]] = (
    ("永あア", (*_KANA, "永東国語書道春夏秋冬日月火水木金土山川雨")),
    ("Aag", ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789 &?!@%(){}")),
    ("Жжя", ("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЭЮЯ", "абвгдежзийклмнопрстуфхцчшщэюя")),
    ("Ωαβ", ("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", "αβγδεζηθικλμνξοπρστυφχψω")),
    ("한글", ("가나다라마바사아자차카타파하",)),
    ("汉字", ("永东国语书道春夏秋冬日月火水木金土山川雨",)),
    ("أبج", ("ا ب ت ث ج ح خ د ذ ر ز س ش ص ض ط ع غ ف ق ك ل م ن ه و ي",)),
    ("אבג", ("אבגדהוזחטיכלמנסעפצקרשת",)),
    ("กขค", ("กขคงจฉชซญดตถทธนบปผฝพฟมยรลวสหอฮ",)),
    ("कखग", ("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह",)),
)  # fmt: skip
_MOST_LINES = 6


def draw_typeface(data: Any, canvas: Canvas) -> None:
    """A specimen of each face of a font, black on white; only of the scripts that it has.

    A font of none of them (icons, ornaments) shows its first characters. Ends as `icon` if it has no
    characters at all, as `refused` if it inflates beyond all measure. Of what is broken, whatever its
    reading raises goes up: OSError, ValueError, IndexError, and the errors of struct, zlib and brotli.
    """
    data = bytes(data)
    try:
        drawn = _draw_faces(data, canvas)
    except Image.DecompressionBombError as error:
        raise GiveUp("refused", "bomb") from error
    if not drawn:
        raise GiveUp("icon", "nothing_inside")


def _draw_faces(data: bytes, canvas: Canvas) -> int:
    """Draw the specimen of each face, and return how many had anything to show."""
    faces = _faces(data)
    drawn = 0
    for index, tables in enumerate(faces[: 1 if canvas.quick else MAX_PAGES]):
        if drawn and canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S):
            raise GiveUp("damaged", "timeout")
        if not drawn:
            (glyphs,) = struct.unpack_from(">H", tables.get(b"maxp", b""), 4)
            canvas.source(pages=len(faces), width=0, height=0, glyphs=glyphs)
        largest = "2560" if index < MAX_LARGE_PAGES else "1280"
        scale = max(canvas.edge(largest), 1280) / _WIDTH
        sheet = _specimen(_Face(data, index), _Characters(tables.get(b"cmap", b"")), scale)
        if sheet is None:
            continue
        image = pyvips.Image.new_from_memory(sheet.tobytes(), sheet.width, sheet.height, 3, "uchar")
        canvas.draw(
            image.copy(interpretation="srgb"),
            page=index + 1,
            largest=largest,
            label="specimen",
            original=(_WIDTH, _HEIGHT),
        )
        drawn += 1
    return drawn


# The sheet.


class _Face:
    """One face of a font at any size."""

    def __init__(self, data: bytes, index: int) -> None:
        self._data, self._index = data, index
        self._last: ImageFont.FreeTypeFont | None = None
        #: The one size of a font of pixels, or 0.
        self._strike = 0
        try:
            self._ruler = self._open(_RULER)
        except OSError:
            self._strike = next((size for size in _STRIKES if self._opens(size)), 0)
            self._ruler = self._open(self._strike or _RULER)

    def line(self, text: str, size: float, scale: float = 1.0) -> tuple[Image.Image, int] | None:
        """`text` set in one line, cut to its ink, at `size` × `scale` pixels an em, and how far it rises above
        its baseline; None if it leaves no ink.
        """
        wanted = size * scale
        font = self._at(max(1, round(wanted)))
        left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
        if right <= left or bottom <= top:
            return None
        if (right - left) * (bottom - top) > _MAX_LINE_PIXELS:
            raise GiveUp("refused", "bomb")
        image = Image.new("RGB", (right - left, bottom - top), _PAPER)
        draw = ImageDraw.Draw(image)
        draw.text((-left, -top), text, fill=_INK, font=font, anchor="ls", embedded_color=True)
        if (ink := ImageChops.invert(image).getbbox()) is None:
            return None
        image, above = image.crop(ink), -top - ink[1]
        if self._strike:
            ratio = wanted / self._strike
            above = round(above * ratio)
            image = image.resize((max(1, round(image.width * ratio)), max(1, round(image.height * ratio))))
        return image, above

    def extent(self, text: str) -> tuple[float, float, float]:
        """How wide the ink of `text` is, how far it rises above its baseline and sinks below it, in ems."""
        left, top, right, bottom = self._ruler.getbbox(text, anchor="ls")
        size = self._ruler.size
        return max(right - left, 1) / size, -top / size, max(bottom, 1 + top) / size

    def inks(self, letter: str) -> bool:
        """Whether a character leaves any ink."""
        left, top, right, bottom = self._ruler.getbbox(letter, anchor="ls")
        return right > left and bottom > top

    def _at(self, size: int) -> ImageFont.FreeTypeFont:
        """The face at this size, in pixels. Of a font of pixels, at its own."""
        if self._strike:
            return self._ruler
        if self._last is None or self._last.size != size:
            # Each holds a copy of the file, so only the last is kept.
            self._last = self._open(size)
        return self._last

    def _open(self, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(io.BytesIO(self._data), size, index=self._index)

    def _opens(self, size: int) -> bool:
        try:
            self._open(size)
        except OSError:
            return False
        return True


def _specimen(face: _Face, characters: _Characters, scale: float) -> Image.Image | None:
    """The sheet of one face; None if the face has nothing to show."""
    shown = [(sample, lines) for sample, lines in _SCRIPTS if all(characters.glyph(ord(letter)) for letter in sample)]
    page = Image.new("RGB", (round(_WIDTH * scale), round(_HEIGHT * scale)), _PAPER)
    if not shown:
        return page if _all_sorts(face, characters, page, scale) else None
    sample = shown[0][0]
    if len(shown) > 1 and shown[1][0] == "Aag":
        sample += "Ag"
    lines = [
        "".join(each for each in line if each == " " or characters.glyph(ord(each))) for _, t in shown for line in t
    ]
    lines = lines[:_MOST_LINES]
    inner = _WIDTH - 2 * _MARGIN

    width, above, below = face.extent(sample)
    if (set_line := face.line(sample, min(inner / width, _SAMPLE_HEIGHT / (above + below)), scale)) is not None:
        # On the rule's side of its room, so that what is low and wide does not hang in the air.
        large, _ = set_line
        page.paste(large, (round(_MARGIN * scale), round((_MARGIN + _SAMPLE_HEIGHT) * scale) - large.height))
    rule = tuple(round(edge * scale) for edge in (_MARGIN, _RULE_AT, _WIDTH - _MARGIN, _RULE_AT + 3))
    ImageDraw.Draw(page).rectangle(rule, fill=_HAIRLINE)

    extents = [face.extent(line) for line in lines]
    rise, sink = max(above for _, above, _ in extents), max(below for _, _, below in extents)
    step = rise + sink + _LINE_GAP
    room = (_HEIGHT - _MARGIN - _TEXT_TOP) / (len(lines) * step - _LINE_GAP)
    size = min(_LARGEST_TEXT, room, *(inner / width for width, _, _ in extents))
    for number, line in enumerate(lines):
        if (set_line := face.line(line, size, scale)) is not None:
            image, above_baseline = set_line
            baseline = _TEXT_TOP + size * (number * step + rise)
            page.paste(image, (round(_MARGIN * scale), round(baseline * scale) - above_baseline))
    return page


def _all_sorts(face: _Face, characters: _Characters, page: Image.Image, scale: float) -> bool:
    """The first characters of a font in rows, each in the middle of its cell; whether there was any."""
    most = _GRIDS[-1][0] * _GRIDS[-1][1]
    letters = (chr(code) for code in islice(characters.first(4 * most), 4 * most) if _is_shown(code))
    shown = list(islice((letter for letter in letters if face.inks(letter)), most))
    columns, rows = next(grid for grid in _GRIDS if len(shown) <= grid[0] * grid[1])
    width, height = (_WIDTH - 2 * _MARGIN) / columns, (_HEIGHT - 2 * _MARGIN) / rows
    for number, letter in enumerate(shown):
        wide, above, below = face.extent(letter)
        size = min(_CELL_INK * width / wide, _CELL_INK * height / (above + below), _CELL_INK * height)
        if (set_line := face.line(letter, size, scale)) is not None:
            image, _ = set_line
            across, down = _MARGIN + width * (number % columns + 0.5), _MARGIN + height * (number // columns + 0.5)
            page.paste(image, (round(across * scale) - image.width // 2, round(down * scale) - image.height // 2))
    return bool(shown)


def _is_shown(code: int) -> bool:
    """Whether a character is one of those that stand on paper: no space, no control, no half of a pair."""
    return not (chr(code).isspace() or code < 33 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000)


# What a font is made of.


def _faces(data: bytes) -> list[dict[bytes, bytes]]:
    """The tables that matter to us, by tag, of each face. Raises GiveUp, and what bytes that end early raise."""
    if data.startswith(b"wOFF"):
        return [_woff(data)]
    if data.startswith(b"wOF2"):
        return [_woff2(data)]
    if not data.startswith(b"ttcf"):
        return [_sfnt(data, 0)]
    (count,) = struct.unpack_from(">I", data, 8)
    if not 0 < count <= _MAX_TABLES:
        raise ValueError("no faces")
    return [_sfnt(data, at) for at in struct.unpack_from(f">{count}I", data, 12)]


def _sfnt(data: bytes, start: int) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">H", data, start + 4)
    tables = {}
    for number in range(count):
        tag, _, at, size = struct.unpack_from(">4s3I", data, start + 12 + 16 * number)
        if tag in (b"cmap", b"maxp"):
            tables[tag] = data[at : at + size]
    return tables


def _woff(data: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">H", data, 12)
    entries = [struct.unpack_from(">4s4I", data, 44 + 20 * number) for number in range(count)]
    _check_size(entry[3] for entry in entries)
    tables = {}
    for tag, at, packed, size, _ in entries:
        if tag in (b"cmap", b"maxp"):
            body = data[at : at + packed]
            tables[tag] = body if packed == size else zlib.decompressobj().decompress(body, size)
    return tables


_WOFF2_CMAP, _WOFF2_MAXP, _WOFF2_GLYF, _WOFF2_LOCA, _WOFF2_OTHER = 0, 4, 10, 11, 63


def _woff2(data: bytes) -> dict[bytes, bytes]:
    """Inflates the whole, which is one stream, within the size that its directory gives."""
    (count,) = struct.unpack_from(">H", data, 12)
    (packed,) = struct.unpack_from(">I", data, 20)
    at, places, size = 48, {}, 0
    for _ in range(count):
        number, transform = data[at] & 63, data[at] >> 6
        at += 5 if number == _WOFF2_OTHER else 1
        length, at = _base128(data, at)
        # Outlines and their index are rearranged unless said otherwise; of all others it is the reverse.
        if transform != 3 if number in (_WOFF2_GLYF, _WOFF2_LOCA) else transform != 0:
            length, at = _base128(data, at)
        places[number] = (size, length)
        size += length
    _check_size([size])
    inflater, inflated = brotli.Decompressor(), bytearray()
    inflated += inflater.process(data[at : at + packed], output_buffer_limit=size + 1)
    while not inflater.is_finished() and len(inflated) <= size:
        if not (more := inflater.process(b"", output_buffer_limit=size + 1 - len(inflated))):
            raise ValueError("it ends early")
        inflated += more
    if len(inflated) > size:
        raise GiveUp("refused", "bomb")
    tables = {}
    for tag, number in ((b"cmap", _WOFF2_CMAP), (b"maxp", _WOFF2_MAXP)):
        begin, length = places.get(number, (0, 0))
        tables[tag] = bytes(inflated[begin : begin + length])
    return tables


def _check_size(sizes: Any) -> None:
    if sum(sizes) > _MAX_BYTES:
        raise GiveUp("refused", "bomb")


def _base128(data: bytes, at: int) -> tuple[int, int]:
    """A number of the form of WOFF2, and where the next byte is."""
    value = 0
    for byte in data[at : at + 5]:
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise ValueError("no number")


class _Characters:
    """Which characters a font has: its table `cmap`, of the forms that fonts of this century use."""

    #: Platform and encoding, the best first: all of Unicode, then its first 65,536 characters.
    _BEST = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))

    def __init__(self, table: bytes) -> None:
        self._ends: list[int] = []
        #: First character, first glyph, and where the glyphs stand one by one, or 0.
        self._ranges: list[tuple[int, int, int]] = []
        self._table = table
        (count,) = struct.unpack_from(">H", table, 2) if len(table) >= 4 else (0,)
        places = {}
        for number in range(count):
            platform, encoding, at = struct.unpack_from(">2HI", table, 4 + 8 * number)
            places[platform, encoding] = at
        for which in self._BEST:
            if which in places and self._read(places[which]):
                break

    def glyph(self, code: int) -> int:
        """The number of the glyph of a character; 0 if it has none."""
        at = bisect_left(self._ends, code)
        if at == len(self._ends):
            return 0
        start, glyph, place = self._ranges[at]
        if code < start:
            return 0
        if not place:
            return (glyph + code - start) & 0xFFFF
        place += 2 * (code - start)
        listed = int.from_bytes(self._table[place : place + 2], "big")
        return (listed + glyph) & 0xFFFF if listed else 0

    def first(self, most: int) -> Iterator[int]:
        """The first characters that have a glyph, at most so many."""
        for end, (start, _, _) in zip(self._ends, self._ranges, strict=True):
            for code in range(start, min(end + 1, start + most, 0x110000)):
                if self.glyph(code):
                    yield code

    def _read(self, at: int) -> bool:
        (form,) = struct.unpack_from(">H", self._table, at)
        if form == 4:
            self._read_short(at)
        elif form == 12:
            (count,) = struct.unpack_from(">I", self._table, at + 12)
            count = min(count, len(self._table) // 12)
            groups = struct.iter_unpack(">3I", self._table[at + 16 : at + 16 + 12 * count])
            self._keep((end, (start, glyph, 0)) for start, end, glyph in groups)
        else:
            return False
        return bool(self._ends)

    def _read_short(self, at: int) -> None:
        (double,) = struct.unpack_from(">H", self._table, at + 6)
        count = double // 2
        columns = [struct.unpack_from(f">{count}H", self._table, at + 14 + n * double + 2 * (n > 0)) for n in range(4)]
        offsets_at = at + 16 + 3 * double
        ranges = []
        for number, (end, start, delta, offset) in enumerate(zip(*columns, strict=True)):
            # A range that lists its glyphs adds `delta` to each; one that does not, to the character itself.
            listed = offsets_at + 2 * number + offset if offset else 0
            ranges.append((end, (start, delta if offset else delta + start, listed)))
        self._keep(ranges)

    def _keep(self, ranges: Any) -> None:
        ordered = sorted((end, which) for end, which in ranges if which[0] <= end)
        self._ends = [end for end, _ in ordered]
        self._ranges = [which for _, which in ordered]


RENDERERS: dict[Kind, Renderer] = dict.fromkeys((Kind.TTF, Kind.OTF, Kind.WOFF, Kind.WOFF2), draw_typeface)
