"""Family "vertical": Japanese columns from right to left, ink on paper, one seal.

Where only Latin letters can be set, a column turns on its side.
"""

from __future__ import annotations

from contest.demo.art_canvas import is_cjk
from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_themes import mix
from contest.demo.art_worlds import Pair, World

KANJI = "一二三四五六七八九十"
TURNED = "ー〜（）「」"
CORNER = "、。"
SMALL = "っゃゅょァィゥェォッャュョ"


def column(h: Hand, x: float, y: float, pair: Pair | str, size: float, fill: str, bold: bool = False, lead: float = 1.1,
           max_h: float | None = None) -> float:  # fmt: skip
    """Set one column with its middle at x and its head at y; give its foot. Two digits share a square."""
    word = h.say(pair).replace("|", "")
    face = h.t.display
    if not is_cjk(word):
        with h.c.group(x - size * 0.34, y, 1, 90):
            wide = h.c.text(0, 0, word, size, fill, bold, face=face, max_w=max_h)
        return y + wide
    cells: list[str] = []
    for char in word:
        if (
            cells
            and char.isascii()
            and char.isalnum()
            and cells[-1].isascii()
            and cells[-1].isalnum()
            and len(cells[-1]) < 3
        ):
            cells[-1] += char
        elif char != " ":
            cells.append(char)
    if max_h and len(cells) * size * lead > max_h:
        size = max_h / len(cells) / lead
    for index, cell in enumerate(cells):
        top = y + index * size * lead
        base = top + size * 0.88
        if cell in TURNED:
            with h.c.group(x, top + size / 2, 1, 90):
                h.c.text(0, size * 0.38, cell, size, fill, bold, "middle", face)
        elif cell in CORNER:
            h.c.text(x + size * 0.62, base - size * 0.62, cell, size, fill, bold, "middle", face, bleed=True)
        elif cell in SMALL:
            h.c.text(x + size * 0.1, base - size * 0.1, cell, size, fill, bold, "middle", face)
        else:
            h.c.text(x, base, cell, size * (1, 0.86, 0.7)[len(cell) - 1], fill, bold, "middle", face, max_w=size * 1.25)
    return y + len(cells) * size * lead


def seal(h: Hand, x: float, y: float, side: float, char: Pair) -> None:
    h.c.rect(x, y, side, side, h.t.primary if h.w.key == "shelter" else h.t.accent, side * 0.08)
    ground = h.t.primary if h.w.key == "shelter" else h.t.accent
    h.c.rect(
        x + side * 0.08, y + side * 0.08, side * 0.84, side * 0.84, None, side * 0.05, mix(ground, "#ffffff", 0.75), 1.6
    )
    h.text(x + side / 2, y + side * 0.69, char, side * 0.54, "#ffffff", True, "middle", h.t.display, max_w=side * 0.76)


def _waves(h: Hand, x: float, y: float, w: float, height: float, r: float) -> None:
    """Seigaiha: scales of water."""
    sea = h.t.extra[0]
    pale = mix(sea, h.t.bg, 0.72)
    with h.c.group(0, 0, clip=(x, y, w, height, 0)):
        rows = int(height / (r * 0.5)) + 3
        for row in range(rows):
            for col in range(int(w / (2 * r)) + 2):
                cx, cy = x + col * 2 * r + (r if row % 2 else 0), y + r * 0.9 + row * r * 0.5
                for share, colour in ((1, sea), (0.86, pale), (0.62, sea), (0.48, pale), (0.24, sea)):
                    h.c.circle(cx, cy, r * share, colour)


def _hills(h: Hand, y: float) -> None:
    """Three ranges in thinning ink, a red sun, and water below."""
    t = h.t
    h.c.circle(112, y + 96, 58, t.extra[1])
    h.c.path(
        f"M0 {y + 190}C50 {y + 120} 90 {y + 150} 130 {y + 116}S230 {y + 40} 280 {y + 90}S360 {y + 120} 390 {y + 100}V{y + 330}H0Z",
        t.extra[2],
    )
    h.c.path(
        f"M0 {y + 250}C60 {y + 210} 120 {y + 236} 180 {y + 176}S290 {y + 120} 390 {y + 180}V{y + 330}H0Z",
        mix(t.extra[0], t.extra[2], 0.45),
    )
    h.c.path(
        f"M0 {y + 300}C80 {y + 270} 130 {y + 290} 220 {y + 240}S340 {y + 210} 390 {y + 236}V{y + 330}H0Z", t.extra[0]
    )


def _leaf(h: Hand, x: float, y: float, scale: float, turn: float, colour: str) -> None:
    with h.c.group(x, y, scale, turn):
        h.c.path("M0 0C24 -40 24 -100 0 -150C-24 -100 -24 -40 0 0Z", colour)
        h.c.line(0, 24, 0, -128, h.t.bg, 2.5)
        for k in range(4):
            h.c.path(f"M0 {-20 - k * 26}L12 {-36 - k * 26}M0 {-20 - k * 26}L-12 {-36 - k * 26}", None, h.t.bg, 2)


def poster(h: Hand) -> None:
    t, w = h.t, h.w
    if w.key == "shelter":
        _hills(h, 300)
        _waves(h, 0, 612, 390, 76, 26)
    else:
        for x, y, s, turn, i in (
            (84, 600, 1.9, -20, 0),
            (196, 640, 1.5, 14, 2),
            (70, 664, 1.2, -62, 3),
            (282, 640, 1.2, 34, 0),
            (150, 690, 1.0, 72, 4),
            (330, 700, 1.1, -14, 2),
            (12, 690, 1.0, -8, 2),
        ):
            _leaf(h, x, y, s, turn, t.extra[i])
    column(
        h,
        318,
        52,
        ("High ground", "高台へ") if w.key == "shelter" else ("Sort it well", "分ける"),
        92,
        t.ink,
        True,
        max_h=340,
    )
    column(
        h,
        226,
        60,
        ("Your feet know the way", "足が道を覚えています")
        if w.key == "shelter"
        else ("Every morning has a name", "朝ごとに、名前がある"),
        21,
        t.ink,
        max_h=300,
    )
    seal(h, 24, 52, 56, ("S", "汐"))
    h.c.rect(0, 688, 390, 156, t.surface)
    h.c.line(0, 688, 390, 688, t.ink, 2)
    h.text(24, 728, w.hero_label, 15, t.muted, max_w=220)
    h.text(24, 768, w.hero_target, 29, bold=True, max_w=200, face=t.display)
    h.text(24, 800, w.hero_note, 16, t.muted, max_w=220)
    h.text(366, 768, w.hero_value, 36, h.hue(t.surface), True, "end", max_w=126, face=t.display)
    h.text(366, 800, w.hero_unit, 16, t.muted, anchor="end", max_w=126)


def strips(h: Hand) -> None:
    t, w = h.t, h.w
    h.text(24, 84, w.place, 17, t.muted)
    h.text(366, 84, w.today, 17, t.muted, anchor="end")
    h.c.line(24, 104, 366, 104, t.ink, 2)
    step = 342 / 6
    for i, row in enumerate(w.rows):
        right = 366 - i * step
        middle = right - step / 2
        hot = i == (0 if w.key == "shelter" else 1)
        stop = row.tone == "stop"
        ink = t.on_primary if hot else (t.muted if stop else t.ink)
        if hot:
            h.c.rect(right - step, 104, step, 620, t.primary)
        h.text(middle, 144, row.lead, 17, ink, True, "middle", max_w=step - 8)
        h.icon(row.icon, middle - 16, 164, 32, ink, t.primary if hot else t.bg)
        column(h, middle, 222, row.name, 33, ink, True, 1.16, max_h=296)
        column(h, middle, 540, row.state, 19, ink, False, 1.12, max_h=168)
        if i:
            h.c.line(right, 104, right, 724, t.line, 1)
    h.c.line(24, 724, 366, 724, t.ink, 2)
    h.text(24, 778, w.rows_title, 24, bold=True, face=t.display, max_w=280)
    seal(h, 318, 746, 48, ("S", "汐"))


def detail(h: Hand) -> None:
    t, w = h.t, h.w
    if w.key == "shelter":
        _waves(h, 0, 0, 390, 150, 28)
    else:
        h.c.rect(0, 0, 390, 150, mix(t.extra[0], t.bg, 0.82))
        for i in range(6):
            _leaf(h, 30 + i * 70, 150, 0.7, -24 + i * 11, t.extra[(0, 2, 4)[i % 3]])
    h.c.rect(0, 150, 390, 694, t.surface)
    h.c.line(0, 150, 390, 150, t.ink, 2)
    column(h, 326, 184, w.hero_target, 52, t.ink, True, 1.12, max_h=400)
    note: Pair = ("18 m above the sea", "海抜十八メートル") if w.key == "shelter" else w.hero_note
    column(h, 258, 188, note, 22, t.muted, False, 1.15, max_h=380)
    for i, (label, value, name) in enumerate(w.facts):
        y = 196 + i * 106
        h.icon(name, 24, y - 4, 30, h.hue(t.surface), t.surface)
        h.text(24, y + 54, label, 15, t.muted, max_w=180)
        h.text(24, y + 82, value, 22, bold=True, max_w=190)
        h.c.line(24, y + 92, 214, y + 92, t.line)
    h.button(24, 664, 342, w.action, 64, rx=0)
    h.button(24, 744, 342, w.other_action, 60, rx=0, outline=True)


def steps(h: Hand) -> None:
    t, w = h.t, h.w
    ground = t.accent
    h.c.rect(0, 0, 390, 844, ground)
    ink = t.on_accent
    column(h, 340, 56, w.steps_title, 38, ink, True, 1.16, max_h=420)
    step = 70
    for i, sign in enumerate(w.steps):
        x = 268 - i * step
        h.text(x, 88, str(i + 1) if not h.japanese else KANJI[i], 30, ink, True, "middle", t.display)
        h.c.line(x - 18, 106, x + 18, 106, ink, 1.5)
        column(h, x, 124, sign.label, 27, ink, True, 1.16, max_h=330)
        h.c.circle(x, 512, 30, t.surface)
        h.icon(sign.icon, x - 19, 493, 38, t.ink, t.surface)
    h.c.line(24, 586, 366, 586, ink, 1.5)
    y = 630.0
    for i, sign in enumerate(w.steps):
        h.text(24, y, str(i + 1) if not h.japanese else KANJI[i], 17, ink, True)
        h.text(58, y, sign.rule, 16, ink, max_w=308)
        y += 38
    h.text(24, 806, w.place, 15, ink)
    h.text(366, 806, w.today, 15, ink, anchor="end")


def plates(w: World) -> tuple[Plate, ...]:
    shelter = w.key == "shelter"
    return (
        Plate(("title page", "題字"),
              ("Tall Japanese title in vertical brush-like type over blue hills, a red sun and scales of water." if shelter else "Tall Japanese title in vertical type over large green and ochre leaves.",
               "青い山並みと赤い日、青海波の上に縦書きの大きな題字「高台へ」。" if shelter else "緑と黄土色の大きな葉の上に、縦書きの題字「分ける」。"), PHONE, poster),
        Plate(("strips", "木札"),
              (f"Six vertical strips from right to left, “{w.rows_title[0]}”; one strip is coloured.",
               f"右から左へ並ぶ6本の縦の札「{w.rows_title[1]}」。1本に色がつく。"), PHONE, strips),
        Plate(("detail", "詳しく"),
              (f"{w.hero_target[0]} in one vertical column, with four facts at the left and two buttons.",
               f"縦書き1行の「{w.hero_target[1]}」。左に4つの事実、下に2つのボタン。"), PHONE, detail),
        Plate(("four acts", "四つの手順"),
              (f"Coloured page “{w.steps_title[0]}”: four vertical lines with a pictogram at the foot of each.",
               f"色地の「{w.steps_title[1]}」。縦書きの4つの手順と、それぞれの下の絵記号。"), PHONE, steps),
    )  # fmt: skip
