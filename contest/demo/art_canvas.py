"""A drawing surface that remembers what was drawn.

`Canvas` keeps shapes, texts and groups as values. `svg()` writes them as one SVG document; the PDF
writer reads the same values, so a screen is drawn once and leaves the house in both forms.

Unit: CSS pixels, origin at the top left, y downwards. Colours are `#rrggbb`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from contest.demo.art_metrics import is_wide, width

FAMILIES = {
    "sans": "Noto Sans JP, Noto Sans CJK JP, DejaVu Sans, sans-serif",
    "serif": "Noto Serif JP, Noto Serif CJK JP, DejaVu Serif, serif",
    "mono": "Noto Sans Mono CJK JP, DejaVu Sans Mono, monospace",
}
NO_START = "、。，．・：；？！）」』】〉》ーっゃゅょァィゥェォッャュョ々%"
NO_END = "（「『【〈《"
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle `(x, y, w, h, rx)`, a circle `(cx, cy, r)` or a path, whose data is `d`."""

    kind: str
    geometry: tuple[float, ...]
    fill: str | None
    stroke: str | None = None
    stroke_width: float = 1
    dash: tuple[float, ...] = ()
    round_ends: bool = False
    opacity: float = 1
    d: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """One line. `anchor` is start, middle or end; `width` is the widest it can become."""

    x: float
    y: float
    value: str
    size: float
    fill: str
    face: str
    bold: bool
    anchor: str
    spacing: float
    opacity: float
    width: float
    bleed: bool

    @property
    def left(self) -> float:
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width


@dataclass(slots=True)
class Group:
    """Items under one transform, cut to the rounded rectangle `clip` (x, y, w, h, rx) if there is one."""

    matrix: Matrix = IDENTITY
    clip: tuple[float, float, float, float, float] | None = None
    items: list[Item] = field(default_factory=list)


Item = Shape | Text | Group


def num(value: float) -> str:
    """Two decimals at most, no trailing zeros, no minus zero."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def times(a: Matrix, b: Matrix) -> Matrix:
    """The transform that applies `b` first and then `a`."""
    return (
        a[0] * b[0] + a[2] * b[1],
        a[1] * b[0] + a[3] * b[1],
        a[0] * b[2] + a[2] * b[3],
        a[1] * b[2] + a[3] * b[3],
        a[0] * b[4] + a[2] * b[5] + a[4],
        a[1] * b[4] + a[3] * b[5] + a[5],
    )


def flatten(items: Sequence[Item], matrix: Matrix = IDENTITY) -> Iterator[tuple[Matrix, Shape | Text]]:
    """Every shape and text in painting order, each with its full transform."""
    for item in items:
        if isinstance(item, Group):
            yield from flatten(item.items, times(matrix, item.matrix))
        else:
            yield matrix, item


def is_cjk(text: str) -> bool:
    return any(is_wide(c) for c in text)


def wrap(
    text: str, size: float, max_width: float, face: str = "sans", bold: bool = False, balance: bool = False
) -> list[str]:
    """Break into lines no wider than `max_width`.

    Latin breaks at spaces; Japanese breaks at `|` (a phrase border, never printed) and, where a
    phrase is too long by itself, between characters by the usual rules. Without `|` phrases are guessed. `balance` makes the lines of
    a heading about equally long.
    """
    lines = [line for part in text.split("\n") for line in _wrap(part, size, max_width, face, bold)]
    if not balance or len(lines) < 2 or "\n" in text:
        return lines
    low, high = max_width / len(lines), max_width
    while high - low > 2:
        middle = (low + high) / 2
        tried = _wrap(text, size, middle, face, bold)
        whole = all(width(line, size, face, bold) <= middle for line in tried)
        low, high = (low, middle) if whole and len(tried) <= len(lines) else (middle, high)
    return _wrap(text, size, high, face, bold)


def _wrap(text: str, size: float, max_width: float, face: str, bold: bool) -> list[str]:
    def fits(line: str) -> bool:
        return width(line.rstrip(), size, face, bold) <= max_width

    if "|" in text:
        tokens = text.split("|")
    elif is_cjk(text):
        tokens = _phrases(text)
    else:
        tokens = re.findall(r"\S+\s*", text)
    tokens = [
        part for token in tokens for part in ([token] if fits(token) or not is_cjk(token) else _characters(token))
    ]
    lines, line = [], ""
    for token in tokens:
        if line and not fits(line + token):
            lines.append(line.rstrip())
            line = ""
        line += token
    return [*lines, line.rstrip()]


def _hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u309f"


def _phrases(text: str) -> list[str]:
    """Japanese breaks best after a mark, and where kana of an ending give way to the next word's kanji."""
    tokens: list[str] = []
    for char in text:
        last = tokens[-1][-1] if tokens else ""
        opens = (
            last in "、。・？！」』）" or (_hiragana(last) and not _hiragana(char) and last not in "おご")
            if last
            else True
        )
        if tokens and (char in NO_START or not opens or last in NO_END):
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _characters(text: str) -> list[str]:
    """Single characters, with the marks that may not begin or end a line held to their neighbour."""
    tokens: list[str] = []
    for char in text:
        last = tokens[-1][-1] if tokens else ""
        latin = last and not is_wide(char) and not is_wide(last) and " " not in (char, last)
        if last and (char in NO_START or last in NO_END or latin):
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


class Canvas:
    """One screen or page being drawn. `face` is the type family unless a text says another."""

    def __init__(self, w: float, h: float, *, face: str = "sans", ground: str | None = None) -> None:
        self.w, self.h, self.face = w, h, face
        self.root = Group()
        self._open = [self.root]
        if ground:
            self.rect(0, 0, w, h, ground)

    # Shapes
    def rect(
        self, x: float, y: float, w: float, h: float, fill: str | None, rx: float = 0,
        stroke: str | None = None, sw: float = 1, dash: tuple[float, ...] = (), opacity: float = 1,
    ) -> None:  # fmt: skip
        self._add(Shape("rect", (x, y, w, h, min(rx, w / 2, h / 2)), fill, stroke, sw, dash, False, opacity))

    def circle(
        self, cx: float, cy: float, r: float, fill: str | None,
        stroke: str | None = None, sw: float = 1, dash: tuple[float, ...] = (), opacity: float = 1,
    ) -> None:  # fmt: skip
        self._add(Shape("circle", (cx, cy, r), fill, stroke, sw, dash, False, opacity))

    def path(
        self, d: str, fill: str | None = None, stroke: str | None = None, sw: float = 1,
        dash: tuple[float, ...] = (), round_ends: bool = True, opacity: float = 1,
    ) -> None:  # fmt: skip
        self._add(Shape("path", (), fill, stroke, sw, dash, round_ends, opacity, d))

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str, sw: float = 1,
        dash: tuple[float, ...] = (), round_ends: bool = False, opacity: float = 1,
    ) -> None:  # fmt: skip
        d = f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}"
        self._add(Shape("path", (), None, stroke, sw, dash, round_ends, opacity, d))

    def poly(self, points: Sequence[tuple[float, float]], fill: str | None, **more: object) -> None:
        self.path("M" + "L".join(f"{num(x)} {num(y)}" for x, y in points) + "Z", fill, **more)  # type: ignore[arg-type]

    def arc(
        self, cx: float, cy: float, r: float, start: float, end: float, stroke: str, sw: float, **more: object
    ) -> None:
        """Stroke part of a circle; angles in degrees, clockwise from twelve o'clock."""
        self.path(arc_path(cx, cy, r, start, end), None, stroke, sw, **more)  # type: ignore[arg-type]

    def wedge(self, cx: float, cy: float, r1: float, r2: float, start: float, end: float, fill: str) -> None:
        """Fill a part of a ring between the radii r1 and r2."""
        back = arc_path(cx, cy, r1, end, start)
        self.path(arc_path(cx, cy, r2, start, end) + "L" + back[1:] + "Z", fill)

    # Text
    def text(
        self, x: float, y: float, value: str, size: float, fill: str, bold: bool = False, anchor: str = "start",
        face: str | None = None, spacing: float = 0, max_w: float | None = None, opacity: float = 1,
        bleed: bool = False,
    ) -> float:  # fmt: skip
        """Draw one line with its baseline at y, smaller if it would pass `max_w`; give its width."""
        face = face or self.face
        value = value.replace("|", "")
        wide = width(value, size, face, bold, spacing)
        if max_w and wide > max_w:
            size, spacing = size * max_w / wide, spacing * max_w / wide
            wide = max_w
        self._add(Text(x, y, value, size, fill, face, bold, anchor, spacing, opacity, wide, bleed))
        return wide

    def para(
        self, x: float, y: float, value: str, size: float, lead: float, max_w: float, fill: str,
        bold: bool = False, anchor: str = "start", face: str | None = None, balance: bool = False,
        max_lines: int | None = None,
    ) -> float:  # fmt: skip
        """Draw wrapped lines, the first baseline at y; give the baseline that would come next.

        `max_lines` makes the type smaller until the text fits in so many lines.
        """
        face = face or self.face
        lines = wrap(value, size, max_w, face, bold, balance)
        while max_lines and len(lines) > max_lines and size > 9:
            size, lead = size * 0.96, lead * 0.96
            lines = wrap(value, size, max_w, face, bold, balance)
        for line in lines:
            self.text(x, y, line, size, fill, bold, anchor, face, max_w=max_w)
            y += lead
        return y

    # Groups
    @contextmanager
    def group(
        self, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0,
        clip: tuple[float, float, float, float, float] | None = None,
    ) -> Iterator[None]:  # fmt: skip
        """Draw inside a moved, scaled and turned (degrees, clockwise) system, cut to `clip` in it."""
        a = math.radians(turn)
        matrix = (scale * math.cos(a), scale * math.sin(a), -scale * math.sin(a), scale * math.cos(a), x, y)
        group = Group(matrix, clip)
        self._add(group)
        self._open.append(group)
        try:
            yield
        finally:
            self._open.pop()

    def paste(self, other: Canvas, x: float, y: float, scale: float, rx: float = 0, crop: float | None = None) -> None:
        """Put a finished canvas inside this one, cut to its (rounded) edge or to the height `crop`."""
        matrix = (scale, 0.0, 0.0, scale, x, y)
        self._add(Group(matrix, (0, 0, other.w, crop or other.h, rx), other.root.items))

    def _add(self, item: Item) -> None:
        self._open[-1].items.append(item)

    def texts(self) -> list[tuple[Matrix, Text]]:
        return [(m, i) for m, i in flatten(self.root.items) if isinstance(i, Text)]

    def svg(self, title: str) -> str:
        """One stand-alone SVG document that refers to nothing outside itself."""
        out: list[str] = []
        clips = [0]
        _write(self.root.items, out, clips)
        size = f'width="{num(self.w)}" height="{num(self.h)}" viewBox="0 0 {num(self.w)} {num(self.h)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FAMILIES["sans"]}">'
            f"<title>{escape(title)}</title>{''.join(out)}</svg>\n"
        )


def arc_path(cx: float, cy: float, r: float, start: float, end: float) -> str:
    """Cubic curves along a circle, at most 45 degrees each."""
    steps = max(1, math.ceil(abs(end - start) / 45))
    part = math.radians((end - start) / steps)
    k = 4 / 3 * math.tan(part / 4) * r
    angle = math.radians(start - 90)
    x, y = cx + r * math.cos(angle), cy + r * math.sin(angle)
    d = [f"M{num(x)} {num(y)}"]
    for _ in range(steps):
        x1, y1 = x - k * math.sin(angle), y + k * math.cos(angle)
        angle += part
        x, y = cx + r * math.cos(angle), cy + r * math.sin(angle)
        x2, y2 = x + k * math.sin(angle), y - k * math.cos(angle)
        d.append("C" + " ".join(num(v) for v in (x1, y1, x2, y2, x, y)))
    return "".join(d)


def _paint(shape: Shape) -> str:
    out = f' fill="{shape.fill or "none"}"'
    if shape.stroke:
        out += f' stroke="{shape.stroke}" stroke-width="{num(shape.stroke_width)}"'
        if shape.round_ends:
            out += ' stroke-linecap="round" stroke-linejoin="round"'
        if shape.dash:
            out += f' stroke-dasharray="{" ".join(num(v) for v in shape.dash)}"'
    if shape.opacity != 1:
        out += f' opacity="{num(shape.opacity)}"'
    return out


def _write(items: Sequence[Item], out: list[str], clips: list[int]) -> None:
    for item in items:
        if isinstance(item, Group):
            attributes = ""
            if item.matrix != IDENTITY:
                attributes = f' transform="matrix({" ".join(f"{v:.5g}" for v in item.matrix)})"'
            inner = ""
            if item.clip:
                clips[0] += 1
                name = f"k{clips[0]}"
                x, y, w, h, rx = item.clip
                box = f'x="{num(x)}" y="{num(y)}" width="{num(w)}" height="{num(h)}"'
                box += f' rx="{num(rx)}"' if rx else ""
                out.append(f'<g{attributes}><clipPath id="{name}"><rect {box}/></clipPath>')
                inner = f'<g clip-path="url(#{name})">'
            else:
                out.append(f"<g{attributes}>")
            out.append(inner)
            _write(item.items, out, clips)
            out.append("</g></g>" if item.clip else "</g>")
        elif isinstance(item, Text):
            out.append(_text(item))
        elif item.kind == "rect":
            x, y, w, h, rx = item.geometry
            corner = f' rx="{num(rx)}"' if rx else ""
            out.append(f'<rect x="{num(x)}" y="{num(y)}" width="{num(w)}" height="{num(h)}"{corner}{_paint(item)}/>')
        elif item.kind == "circle":
            cx, cy, r = item.geometry
            out.append(f'<circle cx="{num(cx)}" cy="{num(cy)}" r="{num(r)}"{_paint(item)}/>')
        else:
            out.append(f'<path d="{item.d}"{_paint(item)}/>')


def _text(text: Text) -> str:
    more = ' font-weight="700"' if text.bold else ""
    if text.anchor != "start":
        more += f' text-anchor="{text.anchor}"'
    if text.face != "sans":
        more += f' font-family="{FAMILIES[text.face]}"'
    if text.spacing:
        more += f' letter-spacing="{num(text.spacing)}"'
    if text.opacity != 1:
        more += f' opacity="{num(text.opacity)}"'
    x, y, size = num(text.x), num(text.y), num(text.size)
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{text.fill}"{more}>{escape(text.value)}</text>'
