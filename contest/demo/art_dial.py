"""Family "dial": time as a circle; the day, the week or the first seventy-two hours."""

from __future__ import annotations

import math

from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_themes import mix
from contest.demo.art_worlds import Pair, World

#: from hour, to hour, colour, what
HOURS: dict[str, tuple[tuple[float, float, int, Pair], ...]] = {
    "shelter": (
        (0, 3, 0, ("Get up high", "高い所へ")),
        (3, 12, 1, ("Tell your family", "家族に知らせる")),
        (12, 30, 2, ("Rest, drink", "休む、飲む")),
        (30, 54, 3, ("Ask for help", "助けを求める")),
        (54, 72, 4, ("Plan the way home", "帰り道を考える")),
    ),
    "waste": (
        (0, 5, 5, ("Night: nothing out", "夜は出さない")),
        (5, 8, 0, ("Put it out", "ごみ出し")),
        (8, 11, 1, ("The lorry comes", "収集車が来る")),
        (11, 19, 3, ("Rinse and dry", "洗って乾かす")),
        (19, 24, 2, ("Sort for tomorrow", "あしたの準備")),
    ),
}
HOURS["ferry"] = HOURS["waste"]


def _whole(h: Hand) -> float:
    return 72 if h.w.key == "shelter" else 24


def _dial(h: Hand, cx: float, cy: float, r: float, thick: float) -> None:
    t, whole = h.t, _whole(h)
    for start, end, colour, _ in HOURS[h.w.key]:
        h.c.wedge(cx, cy, r - thick, r, start / whole * 360 + 0.8, end / whole * 360 - 0.8, t.extra[colour])
    marks = 12 if whole == 72 else 24
    for i in range(marks):
        a = math.radians(i / marks * 360 - 90)
        long = i % (marks // 4) == 0
        r1, r2 = r - thick - 8, r - thick - (20 if long else 14)
        h.c.line(
            cx + r1 * math.cos(a),
            cy + r1 * math.sin(a),
            cx + r2 * math.cos(a),
            cy + r2 * math.sin(a),
            t.ink if long else t.muted,
            2 if long else 1.2,
        )
    for i in range(4):
        a = math.radians(i * 90 - 90)
        word = str(int(whole / 4 * i)) if i else ("0" if whole == 72 else "24")
        rr = r - thick - 36
        h.text(cx + rr * math.cos(a), cy + rr * math.sin(a) + 6, word, 16, t.muted, anchor="middle", face=t.display)


def clock(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    title: Pair = ("Seventy-two hours", "72時間") if w.key == "shelter" else w.hero_label
    h.text(24, 104, title, 30, bold=t.display != "serif", face=t.display, max_w=342)
    h.text(24, 132, w.place, 16, t.muted)
    cx, cy, r = 195, 326, 164
    _dial(h, cx, cy, r, 42)
    now = 2.1 if w.key == "shelter" else 6.8
    a = math.radians(now / _whole(h) * 360 - 90)
    h.c.line(
        cx + (r - 62) * math.cos(a),
        cy + (r - 62) * math.sin(a),
        cx + (r + 12) * math.cos(a),
        cy + (r + 12) * math.sin(a),
        t.ink,
        5,
        round_ends=True,
    )
    h.c.circle(cx + (r + 12) * math.cos(a), cy + (r + 12) * math.sin(a), 8, t.ink)
    big: Pair = ("2:05", "2:05") if w.key == "shelter" else ("1 h 12", "1:12")
    h.text(cx, cy + 10, big, 44, bold=True, anchor="middle", face=t.display, max_w=150)
    h.text(
        cx,
        cy + 38,
        ("since the quake", "地震から") if w.key == "shelter" else ("left to put it out", "ごみ出しまで"),
        14,
        t.muted,
        anchor="middle",
        max_w=140,
    )
    for i, (start, end, colour, what) in enumerate(HOURS[w.key]):
        y = 532 + i * 50
        live = start <= now < end
        if live:
            h.c.rect(16, y - 6, 358, 46, t.surface if t.surface != t.bg else t.line, t.radius, t.line, 1)
        h.c.rect(28, y + 7, 20, 20, t.extra[colour], 3)
        h.text(64, y + 24, what, 18, bold=live, max_w=180)
        h.text(362, y + 24, f"{start:g}–{end:g} h", 16, t.muted, anchor="end", face=t.display, max_w=110)


def week(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    if w.key == "shelter":
        _bars(h)
        return
    h.text(24, 104, ("December", "12月"), 34, bold=t.display != "serif", face=t.display)
    h.text(366, 104, "2026", 20, t.muted, anchor="end", face=t.display)
    days: tuple[Pair, ...] = (("M", "月"), ("T", "火"), ("W", "水"), ("T", "木"), ("F", "金"), ("S", "土"), ("S", "日"))
    icons = ("apple", "wrap", "box", "apple", "bottle", "", "")
    colours = (1, 0, 3, 1, 2)
    for i, day in enumerate(days):
        h.text(48 + i * 49, 148, day, 15, t.muted, anchor="middle")
    for number in range(1, 32):
        col, line = number % 7, number // 7  # 1 December 2026 is a Tuesday
        x, y = 26 + col * 49, 164 + line * 86
        today = number == 1
        ground = t.primary if today else t.surface
        h.c.rect(x, y, 44, 78, ground, min(t.radius, 10))
        ink = t.on_primary if today else (t.muted if col > 4 else t.ink)
        h.text(x + 22, y + 24, str(number), 17, ink, today, "middle", t.display)
        if col < 5 and number != 3:
            fill = t.on_primary if today else t.extra[colours[col]]
            h.icon(icons[col], x + 10, y + 40, 24, fill, ground)
        elif number == 3:
            h.icon("close", x + 13, y + 43, 18, t.muted, ground)
    y = 164 + 5 * 86 + 12
    h.c.line(24, y, 366, y, t.line, 2)
    for i, row in enumerate((w.rows[0], w.rows[1], w.rows[2], w.rows[4])):
        x, top = 24 + (i % 2) * 175, y + 24 + (i // 2) * 56
        h.icon(row.icon, x, top, 32, t.extra[colours[(0, 1, 2, 4)[i]]], t.bg)
        h.text(x + 44, top + 14, row.name, 14.5, bold=True, max_w=122)
        h.text(x + 44, top + 33, row.sub, 13, t.muted, max_w=122)
    h.text(24, 806, ("Thu 3: no collection", "3日(木)は収集がありません"), 15, t.ink, max_w=342)


def _bars(h: Hand) -> None:
    """Three days as bars of what is open when."""
    t = h.t
    h.text(24, 104, ("What is open, when", "いつ、何が開くか"), 28, bold=True, face=t.display, max_w=342)
    for i, word in enumerate(("0 h", "24 h", "48 h", "72 h")):
        at = 132 + i * 76
        h.text(at, 148, word, 14, t.muted, anchor="middle" if i < 3 else "end", face=t.display)
        h.c.line(at, 160, at, 740, t.line, 1.5, (2, 5))
    rows: tuple[tuple[Pair, float, float, int], ...] = (
        (("Shelter", "避難所"), 1, 72, 0), (("Water", "水"), 3, 72, 4), (("Toilets", "トイレ"), 2, 60, 3), (("Food", "食事"), 8, 72, 1), (("Doctor", "医師"), 6, 48, 2),
        (("Charging", "充電"), 12, 72, 4), (("Wi-Fi", "Wi-Fi"), 20, 72, 3), (("Interpreter", "通訳"), 24, 72, 0), (("Bath", "入浴"), 50, 72, 1),
    )  # fmt: skip
    for i, (name, start, end, colour) in enumerate(rows):
        y = 176 + i * 62
        h.text(24, y + 26, name, 16, bold=True, max_w=100)
        x = 132 + start / 72 * 228
        h.c.rect(x, y + 6, (end - start) / 72 * 228, 28, t.extra[colour], t.radius)
    x = 132 + 2.1 / 72 * 228
    h.c.line(x, 160, x, 748, t.ink, 3)
    h.text(24, 790, ("The black line is now.", "黒い線が今です。"), 15, t.muted, max_w=342)


def checks(h: Hand) -> None:
    t, w = h.t, h.w
    live = HOURS[w.key][0 if w.key == "shelter" else 1]
    ground = t.extra[live[2]]
    ink = h.on(ground)
    h.c.rect(0, 0, 390, 236, ground)
    h.status(ink)
    h.text(24, 120, live[3], 36, ink, True, face=t.display, max_w=342)
    h.text(24, 154, f"{live[0]:g}–{live[1]:g} h", 19, ink, face=t.display)
    whole = 342
    h.c.rect(24, 188, whole, 10, mix(ground, t.bg, 0.55), 5)
    h.c.rect(24, 188, whole * (0.7 if w.key == "shelter" else 0.6), 10, ink, 5)
    for i, step in enumerate(w.steps):
        y = 256 + i * 112
        done = i < 2
        h.c.rect(24, y + 14, 38, 38, t.ink if done else t.bg, min(t.radius, 19), t.ink, 2.5)
        if done:
            h.icon("check", 31, y + 21, 24, t.bg, t.ink)
        h.text(84, y + 30, step.label, 20, bold=not done, max_w=230)
        h.text(84, y + 58, step.rule, 14.5, t.muted, max_w=230)
        h.icon(step.icon, 328, y + 14, 38, t.ink, t.bg)
        h.c.line(84, y + 92, 366, y + 92, t.line)
    h.text(24, 738, ("2 of 4 done", "4つのうち2つ完了"), 16, t.muted)
    h.button(24, 756, 342, w.other_action, 58)


def remind(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(195, 104, w.done_title, 26, bold=t.display != "serif", anchor="middle", face=t.display, max_w=342)
    h.text(195, 132, w.done_kicker, 16, t.muted, anchor="middle", max_w=342)
    cx, cy, r = 195, 318, 140
    h.c.circle(cx, cy, r, t.surface, t.line, 2)
    for i in range(60):
        a = math.radians(i * 6)
        long = i % 5 == 0
        r1, r2 = r - 10, r - (26 if long else 16)
        h.c.line(
            cx + r1 * math.sin(a),
            cy - r1 * math.cos(a),
            cx + r2 * math.sin(a),
            cy - r2 * math.cos(a),
            t.ink if long else t.muted,
            3 if long else 1,
        )
    hour, minute = (2 + 52 / 60, 52) if w.key == "shelter" else (7.5, 30)
    for angle, length, wide, colour in ((hour * 30, 74, 9, t.ink), (minute * 6, 108, 5, h.hue(t.surface))):
        a = math.radians(angle)
        h.c.line(cx, cy, cx + length * math.sin(a), cy - length * math.cos(a), colour, wide, round_ends=True)
    h.c.circle(cx, cy, 9, h.hue(t.surface))
    h.text(195, 552, w.done_big, 84, bold=t.display != "serif", anchor="middle", face=t.display, max_w=342)
    h.text(195, 592, w.done_sub, 18, anchor="middle", max_w=342)
    names: tuple[Pair, ...] = (
        ("M", "月"),
        ("T", "火"),
        ("W", "水"),
        ("T", "木"),
        ("F", "金"),
        ("S", "土"),
        ("S", "日"),
    )
    for i, day in enumerate(names):
        on = i == (5 if w.key == "shelter" else 1)
        h.c.circle(51 + i * 48, 656, 21, t.primary if on else t.surface, None if on else t.line, 1.5)
        h.text(51 + i * 48, 662, day, 16, t.on_primary if on else t.ink, on, "middle")
    h.button(24, 724, 342, w.done_action, 60)


def plates(w: World) -> tuple[Plate, ...]:
    shelter = w.key == "shelter"
    return (
        Plate(("dial", "時計"),
              ("A ring of seventy-two hours in five coloured parts; a hand stands at two hours and five minutes." if shelter else "A ring of twenty-four hours in five coloured parts; a hand stands before eight in the morning.",
               "72時間を5色に分けた輪。針は2時間5分を指す。" if shelter else "24時間を5色に分けた輪。針は朝8時の手前を指す。"), PHONE, clock),
        Plate(("open hours" if shelter else "month", "開く時間" if shelter else "1か月"),
              ("Nine services as bars over three days: shelter, water, toilets, food and more; a black line is now." if shelter else "Calendar of December with a pictogram on each day of collection; the third is crossed out.",
               "3日間の9つのサービスを帯で示す。避難所、水、トイレ、食事など。黒い線が今。" if shelter else "12月の暦。収集日に絵記号があり、3日は×印。"), PHONE, week),
        Plate(("check list", "チェック"),
              (f"Check list with four acts, two of them done: {w.steps[0].label[0]}, {w.steps[1].label[0]}.",
               f"4つの手順のチェック表。{w.steps[0].label[1]}、{w.steps[1].label[1]}の2つが済んでいる。"), PHONE, checks),
        Plate(("reminder" if not shelter else "safe at", "お知らせ" if not shelter else "無事の時刻"),
              (f"Clock face and the time {w.done_big[0]} in large figures: {w.done_title[0]}.",
               f"時計の文字盤と大きな数字の{w.done_big[1]}。「{w.done_title[1]}」。"), PHONE, remind),
    )  # fmt: skip
