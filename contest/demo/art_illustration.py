"""Family "illustration": a picture tells, a short sentence confirms."""

from __future__ import annotations

from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_scenes import cat, heron, hill, sack, street
from contest.demo.art_themes import mix
from contest.demo.art_worlds import World


def _scene(h: Hand, height: float, **more: object) -> None:
    if h.w.key == "waste":
        street(h, height, **more)  # type: ignore[arg-type]
    else:
        hill(h, height, **more)  # type: ignore[arg-type]


def _sheet(h: Hand, top: float) -> None:
    h.c.rect(0, top, 390, 844 - top + h.t.radius, h.t.surface, h.t.radius)


def welcome(h: Hand) -> None:
    t, w = h.t, h.w
    if w.key == "waste":
        _scene(h, 540, sacks=(t.extra[2], t.extra[1]))
    else:
        _scene(h, 540, bird=(196, 172, 0.95, -8))
    h.status(t.ink)
    _sheet(h, 512)
    y = h.para(
        24, 572, w.welcome, 32, 342, bold=t.display == "sans", lead=41, face=t.display, balance=True, max_lines=3
    )
    h.para(24, max(y + 6, 646), w.welcome_body, 16.5, 342, t.muted, lead=27, max_lines=3)
    for i in range(3):
        h.c.rect(24 + (0 if i == 0 else 22 + i * 14), 724, 28 if i == 0 else 8, 8, t.primary if i == 0 else t.line, 4)
    h.button(24, 756, 342, ("Let us go", "はじめる"), 60)


def home(h: Hand) -> None:
    t, w = h.t, h.w
    _scene(h, 300, lift=-140 if w.key == "shelter" else -30)
    h.status(t.ink)
    _sheet(h, 268)
    h.text(24, 320, w.hero_label, 16, t.muted, max_w=220)
    h.text(24, 362, w.hero_target, 32, bold=t.display == "sans", face=t.display, max_w=214)
    h.chip(250, 330, 116, w.hero_value, t.accent, t.on_accent, 44, 21)
    h.text(24, 394, w.hero_note, 16, t.muted, max_w=220)
    h.text(366, 394, w.hero_unit, 16, t.muted, anchor="end", max_w=116)
    tints = (t.extra[0], t.extra[1], t.extra[4], t.extra[5])
    for i, choice in enumerate(w.choices):
        x, y = 24 + (i % 2) * 175, 424 + (i // 2) * 158
        ground = mix(tints[i], "#ffffff", 0.35)
        h.c.rect(x, y, 167, 146, ground, t.radius)
        h.icon(choice.icon, x + 20, y + 20, 50, t.ink, ground)
        h.text(x + 20, y + 104, choice.label, 18, bold=True, max_w=132)
        h.text(x + 20, y + 126, choice.rule, 13.5, h.t.ink, max_w=132)
    h.button(24, 756, 342, w.action, 60)


def step(h: Hand) -> None:
    t, w = h.t, h.w
    ground = mix(t.extra[1] if w.key == "shelter" else t.extra[0], "#ffffff", 0.3)
    h.c.rect(0, 0, 390, 844, ground)
    h.status(t.ink)
    sign = w.steps[1]
    for i in range(4):
        h.c.rect(24 + i * 87, 60, 81, 6, t.primary if i < 2 else mix(ground, t.ink, 0.18), 3)
    h.text(24, 116, ("2 of 4", "2 / 4"), 17)
    h.para(24, 166, sign.label, 38, 342, bold=t.display == "sans", lead=46, face=t.display, max_lines=2)
    h.para(24, 226, sign.rule, 18, 342, lead=29, max_lines=2)
    h.c.circle(195, 472, 168, mix(ground, "#ffffff", 0.6))
    if w.key == "shelter":
        h.icon("bagpack", 85, 352, 220, t.extra[3], mix(ground, "#ffffff", 0.6))
        for x, y, name, colour in (
            (40, 330, "drop", t.extra[3]),
            (286, 320, "radio", t.extra[2]),
            (40, 560, "torch", t.ink),
            (292, 566, "cross", t.extra[2]),
        ):
            h.c.circle(x + 33, y + 33, 38, "#ffffff")
            h.icon(name, x + 11, y + 11, 44, colour, "#ffffff")
        heron(h, 300, 690, 0.6, -6)
    else:
        h.icon("tap", 70, 330, 150, t.extra[3], mix(ground, "#ffffff", 0.6))
        h.icon("bottle", 176, 470, 130, t.extra[4], mix(ground, "#ffffff", 0.6))
        cat(h, 90, 646, 1.3, t.ink)
    h.button(24, 756, 342, ("Done, next", "できました"), 60)


def done(h: Hand) -> None:
    t, w = h.t, h.w
    if w.key == "waste":
        _scene(h, 844, night=True, lift=110)
    else:
        _scene(h, 844, evening=True, lift=70, bird=(160, 470, 0.8, -12))
    ink = "#ffffff" if w.key == "waste" else t.ink
    h.status(ink)
    h.c.rect(24, 72, 342, 284, t.surface, t.radius)
    h.disc("check", 74, 124, 28, t.primary, t.on_primary)
    h.text(118, 133, w.done_kicker, 16, t.muted, max_w=224)
    h.text(48, 204, w.done_title, 32, bold=t.display == "sans", face=t.display, max_w=294)
    h.text(48, 272, w.done_big, 52, h.hue(t.surface), True, face=t.display)
    h.text(48, 322, w.done_sub, 17, max_w=294)
    h.button(24, 756, 342, w.done_action, 60, fill=t.accent, colour=t.on_accent)


def calendar(h: Hand) -> None:
    """The week as six small pictures."""
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 104, w.rows_title, 32, bold=t.display == "sans", face=t.display, max_w=342)
    h.text(24, 132, w.place, 16, t.muted)
    tints = (t.extra[2], t.extra[1], t.extra[5], t.extra[2], t.extra[3], t.extra[0])
    for i, row in enumerate(w.rows):
        y = 156 + i * 112
        hot = i == (1 if w.key == "waste" else 0)
        ground = t.surface if not hot else mix(t.extra[1], "#ffffff", 0.55)
        h.c.rect(24, y, 342, 100, ground, t.radius, t.line if not hot else t.ink, 1 if not hot else 2)
        h.c.circle(80, y + 50, 36, mix(tints[i], "#ffffff", 0.45))
        if w.key == "waste" and i in (0, 1, 3):
            sack(h, 80, y + 76, 1.1, tints[i])
        else:
            h.icon(row.icon, 58, y + 28, 44, t.ink, mix(tints[i], "#ffffff", 0.45))
        h.text(134, y + 36, row.lead, 16, t.muted if not hot else t.ink, max_w=100)
        h.text(134, y + 62, row.name, 20, bold=True, max_w=216)
        h.text(134, y + 84, row.sub, 14, t.muted if not hot else t.ink, max_w=130)
        h.text(346, y + 36, row.state, 14, anchor="end", bold=hot, max_w=110)


def plates(w: World) -> tuple[Plate, ...]:
    shelter = w.key != "waste"
    day, night = (
        (("a hill above the sea with a school on top, and a white heron in flight", "海を見下ろす丘と学校、飛ぶ白いさぎ"), ("the same hill in the evening", "夕方の同じ丘"))
        if shelter
        else (("a street down to the sea, a collection point, two bags and a cat", "海へ下る道、ごみ置場、2つの袋と猫"), ("the same street under the moon", "月の下の同じ道"))
    )  # fmt: skip
    picture = (
        (
            "a rucksack with water, radio, torch and first aid around it",
            "水、ラジオ、懐中電灯、救急箱に囲まれたリュック",
        )
        if shelter
        else ("a tap, a bottle and a cat", "蛇口とボトルと猫")
    )
    return (
        Plate(("welcome", "はじめに"),
              (f"Illustration: {day[0]}. Below: {w.welcome[0]}", f"絵：{day[1]}。下に「{w.welcome[1].replace('|', '')}」。"), PHONE, welcome),
        Plate(("home", "ホーム"),
              (f"Strip of landscape above {w.hero_target[0]} and four soft tiles with pictograms.",
               f"風景の帯の下に「{w.hero_target[1]}」と、絵記号つきの淡い4つのタイル。"), PHONE, home),
        Plate(("step two", "手順2"),
              (f"Step two of four, {w.steps[1].label[0]}, with a picture of {picture[0]}.",
               f"4つのうち2つ目の手順「{w.steps[1].label[1]}」。絵は{picture[1]}。"), PHONE, step),
        Plate(("week" if not shelter else "places", "今週" if not shelter else "場所"),
              (f"“{w.rows_title[0]}” as six cards with small pictures; one card is marked.",
               f"小さな絵のついた6枚のカード「{w.rows_title[1]}」。1枚に印。"), PHONE, calendar),
        Plate(("done", "できました"),
              (f"Full picture of {night[0]}, with a card: {w.done_title[0]}, {w.done_big[0]}.",
               f"{night[1]}の絵の上に、「{w.done_title[1]}、{w.done_big[1]}」のカード。"), PHONE, done),
    )  # fmt: skip
