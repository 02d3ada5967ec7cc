"""Family "bigtype": one fact on a screen, as large as the screen allows."""

from __future__ import annotations

from contest.demo.art_canvas import wrap
from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_metrics import width
from contest.demo.art_worlds import Pair, World


def fill(h: Hand, x: float, y: float, pair: Pair | str, w: float, colour: str, most: float, least: float = 24) -> float:
    """Set a word so that it fills the width, at most `most` high; `y` is the top. Gives the baseline."""
    word = h.say(pair).replace("|", "")
    size = max(least, min(most, w * 100 / width(word, 100, "sans", True)))
    base = y + size * 0.78
    h.c.text(x, base, word, size, colour, True, max_w=w)
    return base


def _bags(h: Hand, i: int) -> str:
    """Block colours: by bag in the guide to rubbish, by order elsewhere."""
    if h.w.key == "waste":
        return h.t.extra[(0, 1, 2, 0, 3, 4)[i]]
    return h.t.extra[i % 5]


def one(h: Hand) -> None:
    t, w = h.t, h.w
    base = fill(h, 24, 64, w.hero_label, 342, t.ink, 46)
    h.second(24, base + 34, w.hero_label, 20, t.ink)
    colour = t.primary if w.key == "ferry" else t.ink
    base = fill(h, 24, 196, w.hero_value, 342, colour, 150)
    fill(h, 24, base + 34, w.hero_unit, 342, t.ink, 46)
    h.c.rect(24, 446, 342, 6, t.ink)
    base = fill(h, 24, 486, w.hero_target, 342, t.ink, 66)
    h.second(24, base + 38, w.hero_target, 24, t.ink)
    fill(h, 24, base + (64 if h.also(w.hero_target) else 30), w.hero_note, 342, t.ink, 34)
    h.c.rect(0, 732, 390, 112, t.primary if t.primary != t.bg else t.ink)
    fill(h, 24, 766, w.action, 290, t.on_primary, 38)
    h.icon("arrow", 322, 764, 44, t.on_primary, t.primary)


def blocks(h: Hand) -> None:
    w = h.w
    count = 6 if w.key == "waste" else 4
    height = 844 / count
    for i in range(count):
        ground = _bags(h, i)
        ink = h.on(ground)
        y = i * height
        h.c.rect(0, y, 390, height + 1, ground)
        if w.key == "waste":
            row = w.rows[i]
            h.text(24, y + 86, row.lead, 60, ink, True, max_w=150)
            h.text(366, y + 66, row.name, 19, ink, True, "end", max_w=176)
            h.text(366, y + 94, row.sub, 16, ink, anchor="end", max_w=176)
        else:
            choice = w.choices[i]
            h.icon(choice.icon, 24, y + 34, 64, ink, ground)
            base = fill(h, 24, y + 118, choice.label, 342, ink, 52)
            h.second(366, y + 74, choice.label, 20, ink, "end", max_w=240)
            h.text(24, base + 34, choice.rule, 19, ink, max_w=342)


def arrow(h: Hand) -> None:
    t, w = h.t, h.w
    ground = t.accent
    h.c.rect(0, 0, 390, 844, ground)
    ink = t.on_accent
    big = {"ferry": "arrow", "shelter": "up", "waste": "box"}[w.key]
    h.icon(big, 45, 56, 300, ink, ground)
    words: tuple[Pair, Pair] = {
        "ferry": (("Pier 3", "3番桟橋"), ("Along the quay, 120 m", "岸壁を120 m")),
        "shelter": (("Uphill", "坂を上へ"), ("Hama-dori, 350 m", "浜通りを350 m")),
        "waste": (("Blue crate", "青いかご"), ("Cans, glass, PET: Friday", "缶、びん、PETは金曜日")),
    }[w.key]
    base = fill(h, 24, 420, words[0], 342, ink, 110)
    h.second(24, base + 60, words[0], 28, ink)
    fill(h, 24, base + (84 if h.also(words[0]) else 36), words[1], 342, ink, 36)
    h.c.rect(24, 690, 342, 6, ink)
    h.text(24, 756, w.steps[2].label, 30, ink, True, max_w=342)
    h.text(24, 796, w.steps[2].rule, 20, ink, max_w=342)


def alert(h: Hand) -> None:
    t, w = h.t, h.w
    ground, ink = (t.ink, t.bg) if h.on(t.ink) == t.bg else ("#111111", "#ffffff")
    h.c.rect(0, 0, 390, 844, ground)
    h.icon(w.alert_icon, 24, 56, 150, ink, ground)
    word = h.say(w.alert)
    y = 250.0
    for line in wrap(word, 40, 150, "sans", True) if not h.japanese else [word]:
        y = fill(h, 24, y, line, 342, ink, 84) + 18
    h.second(24, y + 36, w.alert, 28, ink)
    y = max(y + 96, 500)
    h.para(24, y, w.alert_body, 25, 342, ink, lead=36, max_lines=5)
    h.c.rect(24, 744, 342, 68, ink)
    h.text(195, 787, ("I have understood", "わかりました"), 23, ground, True, "middle", max_w=310)


def letters(h: Hand) -> None:
    t = h.t
    y = fill(h, 24, 64, ("How large?", "文字の大きさ"), 342, t.ink, 56)
    h.second(24, y + 34, ("How large?", "文字の大きさ"), 20, t.ink)
    h.c.rect(24, 176, 342, 6, t.ink)
    sample: Pair = ("A", "あ")
    for i, (size, label) in enumerate(
        ((36, ("Small", "小")), (60, ("Middle", "中")), (92, ("Large", "大")), (132, ("Largest", "特大")))
    ):
        top = (182, 274, 396, 548)[i]
        height = (92, 122, 152, 188)[i]
        on = i == 2
        if on:
            h.c.rect(24, top, 342, height, t.primary)
        ink = t.on_primary if on else t.ink
        h.text(44, top + height / 2 + size * 0.36, sample, size, ink, True)
        h.text(346 if not on else 300, top + height / 2 + 9, label, 24, ink, on, "end", max_w=150)
        if on:
            h.icon("check", 312, top + height / 2 - 16, 34, ink, t.primary)
        h.c.rect(24, top + height, 342, 3, t.ink)
    h.c.rect(24, 762, 342, 58, t.ink)
    h.text(195, 800, ("Read it to me", "読み上げる"), 22, h.on(t.ink) if h.on(t.ink) != t.ink else t.bg, True, "middle")


def plates(w: World) -> tuple[Plate, ...]:
    big = {
        "ferry": ("an arrow", "矢印"),
        "shelter": ("an arrow upwards", "上向きの矢印"),
        "waste": ("a box", "箱の絵"),
    }[w.key]
    rows = (
        ("Six full-width blocks in the colours of the bags, one for each day, Monday to Saturday.",
         "袋の色で塗られた6つの帯。月曜日から土曜日まで1日に1つ。")
        if w.key == "waste"
        else (f"Four full-width blocks with a pictogram and one large word each: {', '.join(c.label[0] for c in w.choices)}.",
              f"絵記号と大きな言葉が1つずつある4つの帯。{'、'.join(c.label[1] for c in w.choices)}。")
    )  # fmt: skip
    return (
        Plate(("one fact", "ひとつの事実"),
              (f"Very large type: {w.hero_label[0]}, {w.hero_value[0]}, {w.hero_target[0]}.",
               f"とても大きな文字で「{w.hero_label[1]}、{w.hero_value[1]}、{w.hero_target[1]}」。"), PHONE, one),
        Plate(("choose", "選ぶ"), rows, PHONE, blocks),
        Plate(("go", "行く"),
              (f"{big[0].capitalize()} fills the upper half; one large word and one instruction below.",
               f"上半分いっぱいの{big[1]}。下に大きな言葉と指示が1つずつ。"), PHONE, arrow),
        Plate(("warning", "警報"),
              (f"Dark warning screen: {w.alert[0]}. {w.alert_body[0]}",
               f"暗い地の警報画面。{w.alert[1]}。{w.alert_body[1].replace('|', '')}"), PHONE, alert),
        Plate(("type size", "文字の大きさ"),
              ("Choice of four type sizes, each shown by a letter of that size; the third is chosen.",
               "文字の大きさを4段階から選ぶ画面。実際の大きさの文字が並び、3つ目が選ばれている。"), PHONE, letters),
    )  # fmt: skip
