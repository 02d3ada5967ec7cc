"""Family "list": type, hairlines and numbers on a grid of four columns; nothing else."""

from __future__ import annotations

from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_worlds import World

#: For the guide to rubbish: the index is an alphabet.
LETTERS = (
    ("B", ("Battery", "電池"), ("Box at the shop", "お店の箱")),
    ("C", ("Cap of a bottle", "ふた"), ("Plastic, Tue", "プラ、火曜")),
    ("D", ("Diaper", "おむつ"), ("Burnable, Mon, Thu", "燃やす、月木")),
    ("E", ("Egg box", "卵パック"), ("Plastic, Tue", "プラ、火曜")),
    ("F", ("Frying pan", "フライパン"), ("Metal, first Fri", "金属、第1金曜")),
    ("G", ("Glass, broken", "割れたガラス"), ("In paper, Fri", "紙に包む、金曜")),
)


def _number(h: Hand) -> str:
    """The colour of large numbers: the accent of the house style."""
    return h.hue(h.t.bg)


def index(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 92, w.place, 14, t.muted)
    h.text(366, 92, w.today, 14, t.muted, anchor="end")
    title = ("From A to Z", "あいうえお") if w.key == "waste" else w.rows_title
    h.para(24, 144, title, 40, 342, bold=t.face == "sans", lead=44, face=t.display, max_lines=2)
    top = 226 if w.key != "waste" else 190
    h.c.line(24, top, 366, top, t.ink, 2)
    step = (812 - top) / 6
    for i in range(6):
        y = top + i * step
        middle = y + step / 2
        if w.key == "waste":
            letter, name, sub = LETTERS[i]
            h.text(24, middle + 20, letter, 56, _number(h), face=t.display)
            h.text(104, middle - 3, name, 20, max_w=262)
            h.text(104, middle + 23, sub, 14.5, t.muted, max_w=262)
        else:
            row = w.rows[i]
            stop = row.tone == "stop"
            h.text(24, middle + 9, row.lead, 26, t.muted if stop else _number(h), True, max_w=92)
            h.text(128, middle - 3, row.name, 18, bold=True, max_w=238)
            h.text(128, middle + 21, row.sub, 14, t.muted, max_w=150)
            h.text(366, middle + 21, row.state, 14, t.ink if stop else t.muted, stop, "end", max_w=84)
        h.c.line(24, y + step, 366, y + step, t.line)


def detail(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.icon("back", 18, 66, 26, t.ink, t.bg)
    h.text(366, 84, w.rows_title, 14, t.muted, anchor="end", max_w=250)
    h.text(24, 196, w.hero_value, 96, _number(h), t.face == "sans", face=t.display, max_w=342)
    h.text(24, 232, w.hero_unit, 19, t.muted, max_w=342)
    h.c.line(24, 264, 366, 264, t.ink, 2)
    h.text(24, 312, w.hero_target, 32, bold=t.face == "sans", face=t.display, max_w=342)
    h.text(24, 342, w.hero_note, 17, t.muted, max_w=342)
    y = 376.0
    for label, value, _ in w.facts:
        h.c.line(24, y, 366, y, t.line)
        h.text(24, y + 37, label, 16, t.muted, max_w=150)
        h.text(366, y + 37, value, 18, bold=True, anchor="end", max_w=180)
        y += 60
    h.c.line(24, y, 366, y, t.line)
    h.button(24, 664, 342, w.action, 60, rx=0)
    wide = h.text(195, 772, w.other_action, 17, bold=True, anchor="middle", max_w=300)
    h.c.line(195 - wide * 0.42, 781, 195 + wide * 0.42, 781, t.ink, 2)


def search(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 104, w.ask, 17, t.muted, max_w=342)
    typed = {"waste": ("bott", "ボト"), "shelter": ("school", "学校"), "ferry": ("Ko", "こ")}[w.key]
    h.text(24, 156, typed, 44, bold=t.face == "sans", face=t.display)
    h.icon("close", 338, 126, 28, t.muted, t.bg)
    h.c.line(24, 176, 366, 176, t.ink, 2)
    found = {
        "waste": ((("PET bottle", "ペットボトル"), ("Friday, blue crate, no cap", "金曜、青いかご、ふたなし")), (("Bottle cap", "ボトルのふた"), ("Tuesday, yellow bag", "火曜、黄色い袋")),
                  (("Bottle of glass", "ガラスびん"), ("Friday, by colour", "金曜、色で分ける")), (("Baby bottle", "哺乳びん"), ("Glass Friday, teat Monday", "びん金曜、乳首月曜"))),
        "shelter": ((("Minami School", "みなみ小学校"), ("350 m, open, pets welcome", "350 m、開設中")), (("Kita School", "きた中学校"), ("1.1 km, open", "1.1 km、開設中")),
                    (("Port School", "港小学校"), ("Too low. Do not go.", "低いので行かない")), (("School of Art", "美術大学"), ("2.4 km, opens tonight", "2.4 km、夜に開設"))),
    }[w.key if w.key != "ferry" else "shelter"]  # fmt: skip
    y = 176.0
    for i, (name, sub) in enumerate(found):
        ground = t.extra[2] if i == 0 else t.bg
        if i == 0:
            h.c.rect(24, y + 1, 342, 91, ground)
        inset = 16 if i == 0 else 0
        h.text(24 + inset, y + 42, name, 21, bold=i == 0 or t.face == "sans", max_w=290)
        h.text(24 + inset, y + 70, sub, 15, t.ink if i == 0 else t.muted, max_w=300)
        h.icon("chevron", 338, y + 36, 20, t.ink, ground)
        h.c.line(24, y + 92, 366, y + 92, t.line)
        y += 92
    h.c.rect(0, 576, 390, 268, t.extra[5])
    for r, keys in enumerate(("qwertyuiop", "asdfghjkl", "zxcvbnm")):
        left = 195 - len(keys) * 19 + 2
        for i, key in enumerate(keys):
            h.c.rect(left + i * 38, 596 + r * 58, 34, 48, t.surface, 3)
            h.c.text(left + i * 38 + 17, 627 + r * 58, key, 20, t.ink, anchor="middle")
    h.c.rect(92, 770, 206, 48, t.surface, 3)


def steps(h: Hand) -> None:
    t, w = h.t, h.w
    dark = t.accent
    h.c.rect(0, 0, 390, 844, dark)
    h.status(t.on_accent)
    h.para(24, 116, w.steps_title, 38, 342, t.on_accent, t.face == "sans", lead=44, face=t.display, max_lines=2)
    y = 176.0
    for i, step in enumerate(w.steps):
        h.c.line(24, y, 366, y, t.on_accent, 1, opacity=0.5)
        h.text(24, y + 74, str(i + 1), 64, t.on_accent, face=t.display)
        h.text(104, y + 50, step.label, 22, t.on_accent, True, max_w=262)
        h.para(104, y + 80, step.rule, 15.5, 258, t.on_accent, max_lines=2)
        y += 146
    h.c.line(24, y, 366, y, t.on_accent, 1, opacity=0.5)
    h.text(24, 800, w.done_action, 17, t.on_accent, True, max_w=280)
    h.icon("arrow", 336, 780, 28, t.on_accent, dark)


def wide(h: Hand) -> None:
    t, w = h.t, h.w
    h.text(64, 128, w.rows_title, 64, bold=t.face == "sans", face=t.display, max_w=860)
    h.text(1216, 100, w.place, 18, t.muted, anchor="end")
    h.text(1216, 128, w.today, 18, t.muted, anchor="end")
    for i, row in enumerate(w.rows):
        left, top = 64 + (i % 3) * 392, 200 + (i // 3) * 286
        stop = row.tone == "stop"
        h.c.line(left, top, left + 368, top, t.ink, 2)
        h.text(
            left, top + 92, row.lead, 68, t.muted if stop else _number(h), t.face == "sans", face=t.display, max_w=368
        )
        h.text(left, top + 140, row.name, 26, bold=True, max_w=368)
        h.text(left, top + 174, row.sub, 18, t.muted, max_w=368)
        h.text(left, top + 216, row.state, 18, bold=stop, max_w=368)


def plates(w: World) -> tuple[Plate, ...]:
    shelter = w.key == "shelter"
    first = (
        ("Typographic list of six places: distance in large red figures, name and state beside it.",
         "文字だけの一覧。6か所の距離が赤い大きな数字で、名前と状態が横に並ぶ。")
        if shelter
        else ("An index set in serif type: six large letters, each with one thing and the day it is collected.",
              "明朝体の索引。大きな6つの頭文字に、物の名前と収集の曜日が添えられている。")
    )  # fmt: skip
    return (
        Plate(("Index", "一覧"), first, PHONE, index),
        Plate(("Detail", "詳細"),
              (f"One value fills the width, {w.hero_value[0]}, above {w.hero_target[0]} and four facts between hairlines.",
               f"幅いっぱいの{w.hero_value[1]}の下に「{w.hero_target[1]}」と、細い罫線で区切られた4つの事実。"), PHONE, detail),
        Plate(("Search", "検索"),
              ("Search: a few typed letters, four results between hairlines and a keyboard below.",
               "検索画面。入力した数文字と、罫線で区切られた4つの結果、下にキーボード。"), PHONE, search),
        Plate(("Steps", "手順"),
              (f"Dark page “{w.steps_title[0]}” with four numbered steps in white.",
               f"濃い地に白い文字で「{w.steps_title[1]}」と4つの番号つきの手順。"), PHONE, steps),
        Plate(("Desktop", "パソコン"),
              (f"Desktop page “{w.rows_title[0]}”: six items in three columns under black rules.",
               f"パソコンの画面「{w.rows_title[1]}」。黒い罫線の下に3列で6項目。"), DESKTOP, wide),
    )  # fmt: skip
