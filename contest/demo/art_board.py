"""All screens of an entry on one board, in the order of their use: large enough to be looked at from near."""

from __future__ import annotations

from collections.abc import Sequence

from contest.demo.art_canvas import Canvas
from contest.demo.art_cover import wall
from contest.demo.art_hand import Hand, Plate
from contest.demo.art_themes import readable
from contest.demo.art_worlds import Pair

NAME: Pair = ("whole flow", "全体の流れ")
#: Pixels across the file, beyond what a preview shows whole.
WIDTH = 5_200
_TALL, _GAP, _EDGE, _TOP = 844, 120, 140, 230


def size(screens: Sequence[Canvas]) -> tuple[float, float]:
    """Of the board: every screen at the same height, side by side."""
    across = sum(_across(screen) for screen in screens)
    return across + _GAP * (len(screens) - 1) + 2 * _EDGE, _TOP + _TALL + _EDGE


def _across(screen: Canvas) -> float:
    return screen.w * _TALL / screen.h


def alt(plates: Sequence[Plate]) -> Pair:
    names = [plate.name for plate in plates]
    return (
        f"All {len(names)} screens side by side on one board, joined by arrows: {', '.join(en for en, _ in names)}.",
        f"{len(names)}枚の画面を矢印でつなぎ、1枚に並べた図。{'、'.join(ja for _, ja in names)}。",
    )


def draw(h: Hand, key: str, title: str, screens: Sequence[tuple[Plate, Canvas]]) -> None:
    """Number, name and screen of each plate from left to right, and an arrow to the next."""
    c, t = h.c, h.t
    ground = wall(h, key)
    c.rect(0, 0, c.w, c.h, ground)
    ink = readable(ground, t.ink, t.bg)
    c.text(_EDGE, 116, title, 56, ink, t.display == "sans", face=t.display)
    x, middle = float(_EDGE), _TOP + _TALL / 2
    for number, (plate, screen) in enumerate(screens, 1):
        wide = _across(screen)
        h.text(x, _TOP - 26, (f"{number}  {plate.name[0]}", f"{number}　{plate.name[1]}"), 26, ink, True, max_w=wide)
        c.paste(screen, x, _TOP, _TALL / screen.h, 12)
        x += wide
        if number < len(screens):
            c.rect(x + 24, middle - 3, _GAP - 66, 6, ink)
            c.poly(((x + _GAP - 48, middle - 18), (x + _GAP - 20, middle), (x + _GAP - 48, middle + 18)), ink)
        x += _GAP
