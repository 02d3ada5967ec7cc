"""The first picture of an entry: its title beside its own screens."""

from __future__ import annotations

from contest.demo.art_canvas import Canvas
from contest.demo.art_hand import Hand
from contest.demo.art_metrics import width
from contest.demo.art_themes import mix, readable
from contest.demo.art_worlds import Pair

SIZE = (1280, 800)
#: How each entry lays out its cover; those with a wide screen may show it.
MANNERS = {
    "tide-line": "wall", "kamome": "wall", "four-boats": "lean", "eyes-up": "row",
    "higher-ground": "lean", "seven-lines": "pair", "pocket-shelter": "lean", "one-word": "giant",
    "lantern": "pair", "heron": "giant", "shelter-desk": "wall", "twelve-signs": "wall",
    "if-then-go": "wall", "ask-simply": "row", "seventy-two": "pair", "takadai": "row",
    "nine-bins": "pair", "what-day": "giant", "eight-oclock": "lean", "sort-swipe": "row",
    "a-to-z": "giant", "this-one-where": "lean", "wakeru": "pair", "yellow-tuesday": "row",
}  # fmt: skip
WORDS: dict[str, Pair] = {
    "wall": ("a large display and a phone", "大きな画面とスマートフォン"),
    "lean": ("a row of leaning phones", "斜めに並ぶスマートフォン"),
    "pair": ("two phones, one higher than the other", "高さの違う2台のスマートフォン"),
    "giant": ("one very large phone and a smaller one", "とても大きな1台と小さな1台のスマートフォン"),
    "row": ("a row of phones", "横1列に並ぶスマートフォン"),
}


def wall(h: Hand, key: str) -> str:
    """The wall on which the screens hang: another colour than theirs."""
    t = h.t
    return {
        "tide-line": t.bg, "kamome": mix(t.bg, "#000000", 0.25), "four-boats": t.extra[5], "eyes-up": t.primary,
        "higher-ground": t.extra[2], "seven-lines": "#f2f2f2", "pocket-shelter": t.extra[1], "one-word": "#140a05",
        "lantern": mix(t.bg, "#000000", 0.4), "heron": t.extra[1], "shelter-desk": "#d5dce8", "twelve-signs": t.extra[3],
        "if-then-go": mix(t.bg, "#000000", 0.3), "ask-simply": t.accent, "seventy-two": t.extra[5], "takadai": t.extra[5],
        "nine-bins": t.extra[2], "what-day": t.extra[1], "eight-oclock": t.extra[0], "sort-swipe": t.extra[1],
        "a-to-z": t.extra[4], "this-one-where": t.extra[3], "wakeru": t.extra[3], "yellow-tuesday": t.accent,
    }[key]  # fmt: skip


def _phone(c: Canvas, screen: Canvas, x: float, y: float, scale: float, body: str) -> None:
    """A screen in a thin body; x, y is the corner of the glass."""
    edge = 11 * scale
    c.rect(x - edge, y - edge, screen.w * scale + 2 * edge, screen.h * scale + 2 * edge, body, 44 * scale)
    c.paste(screen, x, y, scale, 34)


def _display(c: Canvas, screen: Canvas, x: float, y: float, w: float, body: str) -> None:
    scale = w / screen.w
    c.rect(x - 14, y - 14, w + 28, screen.h * scale + 28, body, 16)
    c.paste(screen, x, y, scale, 4)


def _title(
    h: Hand,
    title: str,
    line: str,
    x: float,
    y: float,
    w: float,
    ink: str,
    most: float = 84,
    lines: int = 3,
    line_w: float | None = None,
) -> float:
    """Title and one sentence from the top y; give the y below."""
    t = h.t
    bold = t.display == "sans"
    longest = max((width(word, 100, t.display, bold) for word in title.split()), default=1)
    size = min(most, w * 100 / longest)
    if len(title) <= 12 and width(title, 100, t.display, bold) * most / 100 <= w * 1.25:
        size = min(size, w * 100 / width(title, 100, t.display, bold))
    y = h.c.para(
        x, y + size * 0.8, title, size, size * 1.14, w, ink, bold, face=t.display, balance=True, max_lines=lines
    )
    y += 4 - size * 0.34
    return h.para(x, y + 24, line, 23, line_w or w, ink, lead=36, max_lines=5)


def draw(h: Hand, key: str, title: str, line: str, screens: list[Canvas]) -> None:
    c, t = h.c, h.t
    ground = wall(h, key)
    c.rect(0, 0, 1280, 800, ground)
    ink = readable(ground, t.ink, t.bg)
    body = "#15171a" if readable(ground, "#15171a") == "#15171a" else "#3a3f46"
    phones = [s for s in screens if s.h > s.w]
    wide = [s for s in screens if s.w > s.h]
    manner = MANNERS[key]
    if manner == "wall":
        _display(c, wide[0], 72, 232, 768, body)
        _phone(c, phones[0], 912, 74, 0.772, body)
        _title_row(h, title, line, ink)
    elif manner == "lean":
        with c.group(720, 180, 1, 12):
            for i, screen in enumerate(phones[:3]):
                _phone(c, screen, -60 + i * 320, -120 + (i % 2) * 110 - i * 70, 0.76, body)
        _title(h, title, line, 72, 88, 470, ink)
    elif manner == "pair":
        _phone(c, phones[1], 632, 132, 0.76, body)
        _phone(c, phones[0], 956, 44, 0.76, body)
        _title(h, title, line, 72, 132, 480, ink)
    elif manner == "giant":
        _phone(c, phones[-1], 560, 300, 0.5, body)
        _phone(c, phones[0], 800, 72, 1.02, body)
        _title(h, title, line, 72, 88, 660 if len(title) < 14 else 690, ink, 92, 2, 440)
    else:
        shown = phones[:5]
        scale = 0.53
        step = 1136 / len(shown)
        gap = (step - 390 * scale) / 2
        for i, screen in enumerate(shown):
            _phone(c, screen, 72 + i * step + gap, 296, scale, body)
        bold = t.display == "sans"
        c.text(72, 150, title, 84, ink, bold, face=t.display, max_w=1136)
        h.para(72, 210, line, 23, 1136, ink, lead=34, max_lines=1)


def _title_row(h: Hand, title: str, line: str, ink: str) -> None:
    """Title and sentence above the display, no wider than it."""
    bold = h.t.display == "sans"
    h.c.text(72, 118, title, 64, ink, bold, face=h.t.display, max_w=768)
    h.para(72, 162, line, 20, 768, ink, lead=28, balance=True, max_lines=2)
