"""The presentation: three to five pages of A4 across, in English, with the entry's screens as vectors."""

from __future__ import annotations

from zlib import adler32

from contest.demo.art_canvas import Canvas
from contest.demo.art_hand import Hand
from contest.demo.art_themes import contrast, readable
from contest.demo.content_shapes import Entry

A4 = (842, 595)


def _head(h: Hand, entry: Entry, number: int, title: str) -> None:
    c, t = h.c, h.t
    c.text(48, 62, title, 26, t.ink, t.display == "sans", face=t.display)
    c.line(48, 78, 794, 78, t.ink, 1)
    c.text(48, 566, entry.title_latin, 10, t.muted)
    c.text(794, 566, str(number), 10, t.muted, anchor="end")


def _slot(c: Canvas, screen: Canvas, x: float, y: float, w: float, h: float, edge: str) -> None:
    """Fit a screen into a box with a hairline around it."""
    scale = min(w / screen.w, h / screen.h)
    wide, high = screen.w * scale, screen.h * scale
    left = x + (w - wide) / 2
    c.paste(screen, left, y, scale, 18)
    c.rect(left, y, wide, high, None, 18 * scale, edge, 0.8)


def cover(h: Hand, entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    c, t = h.c, h.t
    c.rect(0, 0, *A4, t.primary)
    ink = readable(t.primary, t.on_primary)
    c.para(48, 116, entry.title_latin, 46, 52, 350, ink, t.display == "sans", face=t.display, balance=True, max_lines=3)
    c.para(48, 300, entry.line["en"], 16, 25, 330, ink, max_lines=6)
    c.text(
        48,
        547,
        {
            "ferry": "A ferry app that anyone can read",
            "shelter": "A safe place in six minutes",
            "waste": "What goes out today?",
        }[h.w.key],
        11,
        ink,
    )
    phones = [s for s in screens if s.h > s.w]
    for i, screen in enumerate(phones[:2]):
        _slot(c, screen, 400 + i * 214, 60 + i * 52, 196, 440, ink)


def idea(h: Hand, entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    c, t = h.c, h.t
    _head(h, entry, 2, "The idea")
    y = c.para(
        48, 122, entry.line["en"], 18, 26, 400, t.ink, t.display == "sans", face=t.display, balance=True, max_lines=4
    )
    if entry.locale == "en":
        c.para(48, y + 12, entry.statement, 12.5, 19.5, 410, t.ink, max_lines=19)
    else:
        for i, step in enumerate(h.w.steps):
            h.disc(step.icon, 68, y + 30 + i * 66, 20, t.primary, t.on_primary)
            c.text(106, y + 26 + i * 66, step.label[0], 15, t.ink, True)
            c.text(106, y + 46 + i * 66, step.rule[0], 12.5, t.muted)
    _slot(c, screens[0], 510, 104, 284, 430, t.line)


def journey(h: Hand, entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    c, t = h.c, h.t
    _head(h, entry, 3, "One journey")
    shown = [pair for pair in zip(screens, names, strict=True) if pair[0].h > pair[0].w][:4]
    if len(shown) < 3:
        shown = list(zip(screens, names, strict=True))[:2]
    step = 746 / len(shown)
    for i, (screen, name) in enumerate(shown):
        x = 48 + i * step
        c.circle(x + 9, 104, 9, t.primary)
        c.text(x + 9, 108, str(i + 1), 11, t.on_primary, True, "middle")
        c.text(x + 26, 108, name.capitalize(), 12, t.ink, True, max_w=step - 40)
        _slot(c, screen, x, 128, step - 16, 396, t.line)


def _swatches(h: Hand, x: float, y: float, columns: int, step: float) -> None:
    """The colours of a screen: rows of 130 points, and the colours of pictures in a row below them."""
    c, t = h.c, h.t
    swatches = (
        ("ground", t.bg),
        ("surface", t.surface),
        ("text", t.ink),
        ("quiet text", t.muted),
        ("primary", t.primary),
        ("accent", t.accent),
    )
    for i, (name, colour) in enumerate(swatches):
        at, top = x + (i % columns) * step, y + (i // columns) * 130
        c.rect(at, top, step - 12, 70, colour, min(t.radius, 12), t.line, 1)
        c.text(at, top + 88, name, 11, t.ink, True)
        c.text(at, top + 104, colour, 10.5, t.muted, face="mono")
    below = y + (6 // columns) * 130 + 8
    wide = (step * columns - 8) / 6
    for i, colour in enumerate(t.extra):
        c.rect(x + i * wide, below, wide - 4, 44, colour, min(t.radius, 8), t.line, 0.6)
    c.text(x, below + 64, "Colours of pictures", 11, t.muted)


def _type(h: Hand, x: float, y: float, width: float) -> None:
    """The sizes of text, 200 points high."""
    c, t = h.c, h.t
    c.text(x, y + 36, "Aa 08:40", 58, t.ink, t.display == "sans", face=t.display)
    for i, (size, use) in enumerate(((28, "Title"), (18, "Name of a place"), (14, "Sentence"), (11, "Note"))):
        at = y + 92 + i * 42
        c.text(x, at, use, size, t.ink, i < 2, face=t.face)
        c.text(x + width, at, f"{size} pt", 10.5, t.muted, anchor="end")
        c.line(x, at + 12, x + width, at + 12, t.line, 0.8)


def _contrasts(h: Hand, x: float, y: float, width: float) -> None:
    """How readable text is, 114 points high."""
    c, t = h.c, h.t
    c.text(x, y, "Contrast", 14, t.ink, True)
    pairs = (
        ("text on ground", t.ink, t.bg),
        ("quiet text on ground", t.muted, t.bg),
        ("on primary", t.on_primary, t.primary),
        ("on accent", t.on_accent, t.accent),
    )
    for i, (name, one, two) in enumerate(pairs):
        at = y + 24 + i * 30
        c.rect(x, at - 15, 34, 22, two, 3, t.line, 0.8)
        c.text(x + 17, at + 1, "Aa", 11, one, True, "middle")
        c.text(x + 46, at, name, 11.5, t.ink)
        c.text(x + width, at, f"{contrast(one, two):.1f} : 1", 11.5, t.ink, True, "end")


def system(h: Hand, entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    """Five ways to lay out one sheet, because not all designers think alike."""
    c, t = h.c, h.t
    _head(h, entry, 4, "Colour and type")
    phones = [screen for screen in screens if screen.h > screen.w] or screens
    way = adler32(entry.key.encode()) % 5
    if way == 0:
        _swatches(h, 48, 104, 3, 124)
        _type(h, 440, 104, 354)
        _contrasts(h, 440, 388, 354)
    elif way == 1:
        _type(h, 48, 104, 354)
        _contrasts(h, 48, 388, 354)
        _swatches(h, 436, 104, 3, 124)
    elif way == 2:
        _swatches(h, 48, 96, 6, 126)
        _type(h, 48, 320, 330)
        _contrasts(h, 464, 356, 330)
    elif way == 3:
        _slot(c, phones[0], 48, 104, 224, 430, t.line)
        _swatches(h, 296, 104, 2, 100)
        _type(h, 520, 104, 274)
        _contrasts(h, 520, 388, 274)
    else:
        _type(h, 48, 104, 250)
        _contrasts(h, 48, 388, 250)
        _slot(c, phones[-1], 326, 104, 230, 430, t.line)
        _swatches(h, 590, 104, 2, 108)


def handover(h: Hand, entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    c, t = h.c, h.t
    _head(h, entry, 5, "What the files hold")
    for i, (screen, name) in enumerate(zip(screens, names, strict=True)):
        y = 112 + i * 44
        c.text(48, y, f"{i + 1}", 12, t.ink, True)
        c.text(76, y, name.capitalize(), 12, t.ink)
        c.text(330, y, f"{screen.w:g} x {screen.h:g} px", 11, t.muted, anchor="end")
        c.line(48, y + 14, 330, y + 14, t.line, 0.8)
    rows = (
        ("Source", "tokens.json and one SVG for each screen"),
        ("States", "empty, busy, late, gone wrong"),
        ("Fonts", "open licences, named in the declaration"),
        ("Rights", "CC BY 4.0 for a prize winner"),
    )
    for i, (name, what) in enumerate(rows):
        y = 380 + i * 36
        c.text(48, y, name, 12, t.ink, True)
        c.text(112, y, what, 11, t.ink, max_w=250)
    _slot(c, screens[-1], 400, 104, 394, 430, t.line)


def pages(hands: list[Hand], entry: Entry, screens: list[Canvas], names: list[str]) -> None:
    """Draw one page on each hand, in order."""
    for h, page in zip(hands, (cover, idea, journey, system, handover), strict=False):
        page(h, entry, screens, names)
