"""Draws what the demo's entrants hand in: screens, presentation and source package.

    screens(entry)     3 to 6 pictures, cover first, each with a file name, alt texts and its SVG; of some a large board
    encode(screen)     the picture's bytes in the format of its file name
    png(svg, width), jpeg(...), webp(...)
    pdf(entry)         a vector presentation of entry.pdf_pages pages, or b"" for none
    film(entry)        an MP4 in which the screens pass, or b"" for none
    source_zip(entry)  README.txt, tokens.json and the SVGs; of some a prototype to click through
    cover_alt(entry)   alt texts of the cover
    cjk_at_hand()      whether this host can set Japanese; if not, draw with latin=True

Everything but the bytes of PNG, JPEG, WebP and MP4 (which depend on the host's fonts) is the same on every
host. pyvips is imported only by the functions that make those.
"""

from __future__ import annotations

import importlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from contest.demo import art_board, art_cover, art_film, art_pages, art_pdf, prototype
from contest.demo.art_canvas import Canvas
from contest.demo.art_hand import Hand, Plate
from contest.demo.art_themes import THEMES, Theme
from contest.demo.art_worlds import WORLDS, World
from contest.demo.content import CONTEST
from contest.demo.content_shapes import Entry, Text

MEDIA_TYPES = {
    "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml",
    "pdf": "application/pdf", "zip": "application/zip",
}  # fmt: skip
SUFFIX = {"png": "png", "jpeg": "jpg", "webp": "webp", "svg": "svg"}


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture of an entry. `kind` is png, jpeg, webp or svg; `width` and `height` are those of the file."""

    file_name: str
    kind: str
    alt: Text
    svg: str
    width: int
    height: int

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.kind]


def _theme(entry: Entry) -> Theme:
    return THEMES[entry.key]


def _world(entry: Entry) -> World:
    return WORLDS[CONTEST[entry.contest].subject]


def _plates(entry: Entry) -> tuple[Plate, ...]:
    family = importlib.import_module(f"contest.demo.art_{_theme(entry).family}")
    plates: tuple[Plate, ...] = family.plates(_world(entry))
    return plates


def _draw(entry: Entry, plate: Plate, lang: str | None) -> Canvas:
    theme = _theme(entry)
    canvas = Canvas(*plate.size, face=theme.face, ground=theme.bg)
    plate.draw(Hand(canvas, theme, _world(entry), entry.key, lang))
    return canvas


def _cover(entry: Entry, canvases: list[Canvas], latin: bool) -> Canvas:
    theme = _theme(entry)
    canvas = Canvas(*art_cover.SIZE, face=theme.face)
    hand = Hand(canvas, theme, _world(entry), entry.key, "latin" if latin else None)
    japanese = hand.japanese
    title = entry.title_latin if latin else _settable(entry)
    art_cover.draw(hand, entry.key, title, entry.line["ja" if japanese else "en"], canvases)
    return canvas


def _board(entry: Entry, drawn: list[tuple[Plate, Canvas]], latin: bool) -> tuple[tuple[str, str], Text, Canvas]:
    """Name, alt texts and drawing of the board with all screens."""
    theme = _theme(entry)
    canvas = Canvas(*art_board.size([screen for _, screen in drawn]), face=theme.face)
    hand = Hand(canvas, theme, _world(entry), entry.key, "latin" if latin else None)
    art_board.draw(hand, entry.key, entry.title_latin if latin else _settable(entry), drawn)
    en, ja = art_board.alt([plate for plate, _ in drawn])
    return art_board.NAME, {"en": en, "ja": ja}, canvas


def _settable(entry: Entry) -> str:
    """The title, or its Latin form where it has letters for which a host seldom has a font."""
    rare = re.search(r"[\u0600-\u06ff\u0b80-\u0bff\u0e00-\u0e7f]", entry.title)
    return entry.title_latin if rare else entry.title


def canvases(entry: Entry, *, latin: bool = False) -> list[tuple[Plate, Canvas]]:
    """The screens without the cover, drawn but not yet written."""
    return [(plate, _draw(entry, plate, "latin" if latin else None)) for plate in _plates(entry)]


def cover_alt(entry: Entry) -> Text:
    """What the cover shows, in both languages."""
    words = art_cover.WORDS[art_cover.MANNERS[entry.key]]
    first = _plates(entry)[0].alt
    return {
        "en": f"Cover of “{entry.title_latin}”: title beside {words[0]}. First screen: {first[0]}",
        "ja": f"「{entry.title}」の表紙。題名と{words[1]}。最初の画面は、{first[1]}",
    }


def screens(entry: Entry, *, latin: bool = False) -> list[Screen]:
    """The pictures that the entrant uploads, cover first. `latin` draws without Japanese letters."""
    drawn = canvases(entry, latin=latin)
    cover = _cover(entry, [canvas for _, canvas in drawn], latin)
    rows = [(("cover", "表紙"), cover_alt(entry), cover)]
    rows += [(plate.name, {"en": plate.alt[0], "ja": plate.alt[1]}, canvas) for plate, canvas in drawn]
    if entry.board:
        rows.append(_board(entry, drawn, latin))
    zoom = {"number": 2.0, "plain": 2.0, "japanese": 3.0, "final": 2.0, "kebab": 1.5, "shot": 3.0}[entry.names]
    out = []
    for index, (name, alt, canvas) in enumerate(rows):
        kind = entry.formats[index % len(entry.formats)]
        factor = 1.0 if kind == "svg" else (1.5 if canvas.w > canvas.h else zoom)
        if name == art_board.NAME:
            factor = art_board.WIDTH / canvas.w
        out.append(
            Screen(
                file_name(entry, index, name, kind),
                kind,
                alt,
                canvas.svg(alt["en"]),
                round(canvas.w * factor),
                round(canvas.h * factor),
            )
        )
    return out


def file_name(entry: Entry, index: int, name: tuple[str, str], kind: str) -> str:
    """A name as people give it: with numbers, spaces, Japanese, or the word FINAL."""
    en, ja = name
    slug = re.sub(r"[^a-z0-9]+", "-", en.lower()).strip("-")
    stem = {
        "number": f"{index:02d}_{slug}",
        "plain": en[:1].upper() + en[1:],
        "japanese": f"{index:02d}_{ja}",
        "final": f"{entry.title_latin} - {en} FINAL" + (f" ({index})" if index else ""),
        "kebab": f"{entry.key}-{slug}",
        "shot": f"Screenshot 2026-11-20 at 18.{40 + index}.{(index * 17 + 7) % 60:02d}",
    }[entry.names]
    return f"{stem}.{SUFFIX[kind]}"


def _image(svg: str, width: int):  # type: ignore[no-untyped-def]  # pyvips has no types
    import pyvips

    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found, "not one of our SVGs"
    image = pyvips.Image.svgload_buffer(svg.encode(), scale=width / float(found[1]))
    image = image.flatten(background=[255, 255, 255])
    height = round(float(found[2]) * width / float(found[1]))
    return (
        image
        if (image.width, image.height) == (width, height)
        else image.gravity("north-west", width, height, extend="copy")
    )


def png(svg: str, width: int) -> bytes:
    return bytes(_image(svg, width).pngsave_buffer(compression=6, keep="none"))


def jpeg(svg: str, width: int) -> bytes:
    return bytes(_image(svg, width).jpegsave_buffer(Q=90, keep="none"))


def webp(svg: str, width: int) -> bytes:
    return bytes(_image(svg, width).webpsave_buffer(Q=90, keep="none"))


def encode(screen: Screen) -> bytes:
    """The file's bytes."""
    if screen.kind == "svg":
        return screen.svg.encode()
    return {"png": png, "jpeg": jpeg, "webp": webp}[screen.kind](screen.svg, screen.width)


def cjk_at_hand() -> bool:
    """Whether a font for Japanese is installed: the character for "one" is a flat stroke, a substitute box is not."""
    import pyvips

    canvas = Canvas(200, 200, ground="#ffffff")
    canvas.text(100, 140, "一", 100, "#000000", anchor="middle")
    image = pyvips.Image.svgload_buffer(canvas.svg("probe").encode()).flatten(background=[255, 255, 255])
    _, _, wide, high = image.find_trim()
    return bool(0 < high * 3 < wide)


def pdf_name(entry: Entry) -> str:
    if entry.names == "japanese":
        return f"説明資料_{entry.title}.pdf"
    return {"final": "presentation FINAL v2.pdf", "plain": f"{entry.title_latin}, presentation.pdf"}.get(
        entry.names, f"{entry.key}-presentation.pdf"
    )


def pdf(entry: Entry) -> bytes:
    """The presentation: vectors and standard fonts, `entry.pdf_pages` pages of A4 across."""
    if not entry.pdf_pages:
        return b""
    theme, world = _theme(entry), _world(entry)
    drawn = canvases(entry, latin=True)
    pages = [Canvas(*art_pages.A4, face=theme.face, ground=theme.bg) for _ in range(entry.pdf_pages)]
    hands = [Hand(page, theme, world, entry.key, "latin") for page in pages]
    art_pages.pages(hands, entry, [canvas for _, canvas in drawn], [plate.name[0] for plate, _ in drawn])
    return art_pdf.document(pages, entry.title_latin)


def film(entry: Entry, *, latin: bool = False) -> bytes:
    """The screens that stand upright, one after the other; b"" for none."""
    if not entry.film:
        return b""
    tall = [canvas for _, canvas in canvases(entry, latin=latin) if canvas.h > canvas.w]
    pictures = [_image(canvas.svg(entry.key), art_film.WIDTH).extract_band(0, n=3) for canvas in tall]
    return art_film.film([image.crop(0, 0, art_film.WIDTH, art_film.HEIGHT).numpy() for image in pictures])


def source_name(entry: Entry) -> str:
    return f"{entry.title}_ソース一式.zip" if entry.names == "japanese" else f"{entry.key} source.zip"


def source_zip(entry: Entry, *, latin: bool = False) -> bytes:
    """The source package; stored without compression and dated 1980, so that its bytes never change."""
    theme = asdict(_theme(entry))
    tokens = {"colour": {k: v for k, v in theme.items() if str(v).startswith("#")}, "picture": list(theme["extra"]),
              "radius": theme["radius"], "face": theme["face"], "display": theme["display"]}  # fmt: skip
    readme = f"{entry.title_latin}\n\n{entry.line['en']}\n\n{entry.declaration.text}\n\nscreens/  one SVG for each screen\ntokens.json  colours, corners, faces\n"
    if entry.key in prototype.ENTRIES:
        readme += "index.html  the screens to click through\n"
    files: list[tuple[str, str]] = [
        ("README.txt", readme),
        ("tokens.json", json.dumps(tokens, indent=2, sort_keys=True) + "\n"),
    ]
    shown = screens(entry, latin=latin)
    for index, screen in enumerate(shown):
        files.append((f"screens/{index:02d}.svg", screen.svg))
    if entry.key in prototype.ENTRIES:
        files += prototype.pages(entry.title, [screen.alt for screen in shown], entry.locale)
    return _zip(files)


def _zip(files: Sequence[tuple[str, str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, text in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, text.encode())
    return out.getvalue()
