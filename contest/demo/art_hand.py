"""What every family of screens is drawn with: a canvas, a theme, a subject and a language."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from contest.demo import art_icons
from contest.demo.art_canvas import Canvas, is_cjk
from contest.demo.art_themes import Theme, mix, readable
from contest.demo.art_worlds import Pair, World

PHONE = (390, 844)
DESKTOP = (1280, 800)


@dataclass(frozen=True, slots=True)
class Plate:
    """One screen before it is drawn. `name` becomes the file name; `alt` says what is seen."""

    name: Pair
    alt: Pair
    size: tuple[int, int]
    draw: Callable[[Hand], None]


class Hand:
    """Draws for one entry. `lang` is the theme's, or "en" where only Latin letters can be set."""

    def __init__(self, canvas: Canvas, theme: Theme, world: World, seed: str, lang: str | None = None) -> None:
        self.c, self.t, self.w = canvas, theme, world
        self.lang = lang or theme.lang
        self.rng = random.Random(f"{seed}/{canvas.w}")

    # Words
    def say(self, pair: Pair | str) -> str:
        """The leading language."""
        if isinstance(pair, str):
            return pair
        return pair[1] if self.lang.startswith("ja") else pair[0]

    def also(self, pair: Pair | str) -> str:
        """The second language, or nothing."""
        if isinstance(pair, str) or "+" not in self.lang or pair[0] == pair[1]:
            return ""
        return pair[0] if self.lang.startswith("ja") else pair[1]

    @property
    def japanese(self) -> bool:
        return self.lang.startswith("ja")

    def text(
        self, x: float, y: float, pair: Pair | str, size: float, fill: str | None = None, bold: bool = False,
        anchor: str = "start", face: str | None = None, max_w: float | None = None, spacing: float = 0,
        bleed: bool = False,
    ) -> float:  # fmt: skip
        return self.c.text(
            x, y, self.say(pair), size, fill or self.t.ink, bold, anchor, face or self.t.face, spacing, max_w,
            bleed=bleed,
        )  # fmt: skip

    def second(
        self, x: float, y: float, pair: Pair | str, size: float, fill: str | None = None, anchor: str = "start",
        max_w: float | None = None, bold: bool = False,
    ) -> None:  # fmt: skip
        """The other language, if this designer sets two."""
        word = self.also(pair).replace("|", "")
        if word:
            self.c.text(x, y, word, size, fill or self.t.muted, bold, anchor, "sans", max_w=max_w)

    def para(
        self, x: float, y: float, pair: Pair | str, size: float, max_w: float, fill: str | None = None,
        bold: bool = False, lead: float | None = None, anchor: str = "start", face: str | None = None,
        balance: bool = False, max_lines: int | None = None,
    ) -> float:  # fmt: skip
        word = self.say(pair)
        lead = lead or size * (1.6 if is_cjk(word) else 1.45)
        return self.c.para(
            x, y, word, size, lead, max_w, fill or self.t.ink, bold, anchor, face or self.t.face, balance, max_lines
        )

    # Parts
    def icon(self, name: str, x: float, y: float, size: float, colour: str, ground: str) -> None:
        art_icons.icon(self.c, name, x, y, size, colour, ground)

    def disc(self, name: str, cx: float, cy: float, r: float, ground: str, colour: str | None = None) -> None:
        """An icon on a disc."""
        self.c.circle(cx, cy, r, ground)
        side = r * 1.16
        self.icon(name, cx - side / 2, cy - side / 2, side, colour or readable(ground, self.t.ink), ground)

    def status(self, fill: str, y: float = 30) -> None:
        """Clock and battery of the phone."""
        self.c.text(24, y, "9:41", 14, fill, True)
        right = self.c.w - 24
        self.c.rect(right - 25, y - 11, 22, 11, None, 3, fill, 1.4)
        self.c.rect(right - 23, y - 9, 14, 7, fill, 1.5)
        self.c.rect(right - 2.4, y - 7.5, 2, 4, fill, 1)
        for index in range(4):
            height = 4 + index * 2.2
            self.c.rect(right - 50 + index * 5, y - height, 3.2, height, fill, 1)

    def button(
        self, x: float, y: float, w: float, pair: Pair | str, h: float = 56, fill: str | None = None,
        colour: str | None = None, rx: float | None = None, outline: bool = False, size: float = 17,
    ) -> None:  # fmt: skip
        ground = fill or self.t.primary
        rx = min(self.t.radius, h / 2) if rx is None else rx
        if outline:
            self.c.rect(x + 1, y + 1, w - 2, h - 2, None, rx, colour or self.t.ink, 2)
        else:
            self.c.rect(x, y, w, h, ground, rx)
        ink = colour or (self.t.ink if outline else readable(ground, self.t.on_primary, self.t.ink))
        self.text(x + w / 2, y + h / 2 + size * 0.36, pair, size, ink, True, "middle", max_w=w - 24)

    def chip(
        self, x: float, y: float, w: float, pair: Pair | str, fill: str, colour: str | None = None, h: float = 30,
        size: float = 13, rx: float | None = None, bold: bool = True,
    ) -> None:  # fmt: skip
        self.c.rect(x, y, w, h, fill, h / 2 if rx is None else rx)
        ink = colour or readable(fill, self.t.ink)
        self.text(x + w / 2, y + h / 2 + size * 0.36, pair, size, ink, bold, "middle", max_w=w - 14)

    def bits(self) -> list[bool]:
        return [self.rng.random() < 0.48 for _ in range(625)]

    # Colours
    def on(self, ground: str) -> str:
        """A text colour that reads on `ground`."""
        return readable(ground, self.t.ink, self.t.bg)

    def hue(self, ground: str) -> str:
        """The most coloured of the theme's text colours that reads on `ground`."""
        return readable(ground, self.t.primary, self.t.accent, self.t.ink)

    def soft(self, share: float = 0.12) -> str:
        """The ground with a breath of the primary colour."""
        return mix(self.t.surface, self.t.primary, share)

    def tone(self, tone: str) -> str:
        """Colour of a sign of state; a word always stands beside it."""
        return {"ok": "#1f8a5b", "warn": "#d98e04", "stop": "#c8321f"}[tone]
