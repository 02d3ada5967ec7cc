"""Family "dark": for the eyes at night; light only where something is to be done."""

from __future__ import annotations

from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_themes import mix
from contest.demo.art_worlds import Pair, World

#: start, end, note, parts of the ribbon (kind, share of the width)
WAYS: dict[str, tuple[tuple[Pair, Pair, Pair, tuple[tuple[str, float], ...]], ...]] = {
    "ferry": (
        (("08:40", "08:40"), ("09:02", "09:02"), ("Pier 3, leave now", "3番桟橋、今すぐ"), (("walk", 0.16), ("boat", 0.84))),
        (("08:46", "08:46"), ("09:17", "09:17"), ("Tram 2, then pier 3", "電車2番のち3番桟橋"), (("tram", 0.34), ("walk", 0.14), ("boat", 0.52))),
        (("09:10", "09:10"), ("09:32", "09:32"), ("Pier 3, bicycles", "3番桟橋、自転車可"), (("walk", 0.16), ("boat", 0.84))),
    ),
    "shelter": (
        (("Now", "今"), ("6 min", "6分"), ("Lit street, no steps", "明るい道、段差なし"), (("walk", 0.7), ("people", 0.3))),
        (("Now", "今"), ("5 min", "5分"), ("64 steps, handrail", "階段64段、手すり"), (("walk", 0.4), ("stairs", 0.6))),
        (("Now", "今"), ("11 min", "11分"), ("To the hill, dark path", "城山へ、暗い道"), (("walk", 0.45), ("hill", 0.55))),
    ),
}  # fmt: skip


def ways(h: Hand) -> None:
    t, w = h.t, h.w
    h.c.rect(0, 0, 390, 232, t.surface)
    h.status(t.ink)
    title = (f"To {w.hero_target[0]}", f"{w.hero_target[1]}へ")
    h.text(24, 128, title, 40, bold=t.display == "sans", face=t.display, max_w=232)
    h.text(24, 162, (f"{w.today[0]}, from {w.place[0]}", f"{w.today[1]}　{w.place[1]}から"), 15, t.muted, max_w=342)
    if w.key == "ferry":
        h.c.path("M284 100q19-32 45-4 22-29 48 0-28-14-47 14-22-26-46-10Z", t.ink)
    else:
        lantern(h, 316, 60, 0.7)
    h.c.rect(24, 188, 342, 44, t.bg, 0)
    h.c.rect(24, 184, 342, 48, mix(t.surface, t.ink, 0.08), min(t.radius, 24))
    for i, (label, on) in enumerate(
        (
            (("Soonest", "早い"), True),
            (("No steps", "段差なし"), False),
            (("Cheapest", "安い") if w.key == "ferry" else ("Lit", "明るい"), False),
        )
    ):
        x = 24 + i * 114
        if on:
            h.c.rect(x, 184, 114, 48, t.accent, min(t.radius, 24))
        h.text(x + 57, 214, label, 15, t.on_accent if on else t.ink, on, "middle", max_w=98)
    for i, (start, end, note, parts) in enumerate(WAYS[w.key]):
        y = 268 + i * 156
        h.text(24, y + 32, start, 30, bold=True, max_w=110)
        h.text(366, y + 32, end, 30, bold=True, anchor="end", max_w=140)
        at = 24.0
        for kind, share in parts:
            wide = 342 * share - 6
            ground = {
                "boat": t.primary,
                "tram": t.accent,
                "people": t.accent,
                "hill": t.accent,
                "stairs": t.primary,
            }.get(kind, t.extra[0])
            h.c.rect(at, y + 48, wide, 50, ground, min(t.radius, 25))
            h.icon(kind, at + wide / 2 - 15, y + 58, 30, h.on(ground) if ground != t.extra[0] else t.ink, ground)
            at += wide + 6
        h.text(24, y + 124, note, 15, t.muted, max_w=342)
    h.button(24, 752, 342, w.action, 60)


def lantern(h: Hand, x: float, y: float, scale: float) -> None:
    t = h.t
    with h.c.group(x, y, scale):
        h.c.circle(0, 40, 64, t.primary, opacity=0.12)
        h.c.circle(0, 40, 46, t.primary, opacity=0.2)
        h.c.rect(-14, -6, 28, 8, t.ink, 2)
        h.c.path("M-22 4H22C34 20 34 60 22 76H-22C-34 60 -34 20 -22 4Z", t.primary)
        for dy in (20, 36, 52):
            h.c.path(f"M-29 {dy}C-12 {dy + 6} 12 {dy + 6} 29 {dy}", None, t.on_primary, 2, opacity=0.5)
        h.c.rect(-14, 78, 28, 8, t.ink, 2)


def ring(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(195, 104, w.hero_target, 26, bold=True, anchor="middle", face=t.display, max_w=320)
    h.text(195, 132, w.hero_note, 16, t.muted, anchor="middle", max_w=320)
    cx, cy, r = 195, 320, 138
    h.c.circle(cx, cy, r + 24, t.surface)
    h.c.circle(cx, cy, r, None, t.extra[0], 14)
    h.c.arc(cx, cy, r, 0, 252, t.primary, 14)
    for minute in range(0, 60, 5):
        h.c.arc(
            cx, cy, r - 22, minute * 6 - 0.4, minute * 6 + 0.4, t.muted, 8 if minute % 15 == 0 else 4, round_ends=False
        )
    h.text(cx, cy + 34, str(w.minutes), 108, bold=t.display == "sans", anchor="middle", face=t.display)
    h.text(cx, cy + 74, ("minutes", "分"), 19, t.muted, anchor="middle")
    for i, (label, value, name) in enumerate(w.facts[:3]):
        y = 520 + i * 72
        h.disc(name, 50, y + 26, 24, t.surface, t.primary)
        h.text(92, y + 33, label, 17, t.muted, max_w=120)
        h.text(366, y + 33, value, 19, bold=True, anchor="end", max_w=160)
        h.c.line(92, y + 62, 366, y + 62, t.line)
    h.button(24, 758, 342, w.other_action, 54, outline=True, colour=t.ink)


def night(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 112, w.rows_title, 32, bold=t.display == "sans", face=t.display, max_w=342)
    h.text(24, 142, w.place, 16, t.muted)
    h.c.line(46, 196, 46, 780, t.line, 3)
    for i, row in enumerate(w.rows):
        y = 200 + i * 104
        stop = row.tone == "stop"
        colour = t.extra[3] if stop else (t.extra[1] if row.tone == "warn" else t.accent)
        h.c.circle(46, y + 8, 20, colour, opacity=0.2 if not stop else 0.1)
        h.c.circle(46, y + 8, 9, t.bg if stop else colour, colour, 3)
        h.text(84, y + 2, row.lead, 15, t.muted, max_w=120)
        h.text(84, y + 30, row.name, 22, t.muted if stop else t.ink, True, max_w=180)
        h.text(84, y + 56, row.sub, 15, t.muted, max_w=180)
        h.chip(278, y + 2, 88, row.state, t.surface, t.ink, 34, 13, min(t.radius, 17))


def settings(h: Hand) -> None:
    t = h.t
    h.status(t.ink)
    h.text(24, 112, ("Language", "ことば"), 32, bold=t.display == "sans", face=t.display)
    names: tuple[Pair, ...] = (
        ("English", "English"),
        ("日本語", "日本語"),
        ("Tiếng Việt", "Tiếng Việt"),
        ("Português", "Português"),
        ("中文", "中文"),
    )
    latin = ("English", "Japanese", "Vietnamese", "Portuguese", "Chinese")
    h.c.rect(24, 140, 342, 340, t.surface, t.radius)
    for i, pair in enumerate(names):
        y = 140 + i * 68
        on = i == (1 if h.japanese else 0)
        word = pair[0] if h.lang != "latin" else latin[i]
        h.text(48, y + 42, word, 19, bold=on, max_w=220)
        h.c.circle(334, y + 34, 12, None, t.primary if on else t.muted, 2)
        if on:
            h.c.circle(334, y + 34, 6.5, t.primary)
        if i:
            h.c.line(48, y, 342, y, t.line)
    h.text(24, 536, ("At night", "夜の設定"), 24, bold=t.display == "sans", face=t.display)
    h.c.rect(24, 560, 342, 216, t.surface, t.radius)
    rows: tuple[tuple[Pair, bool], ...] = (
        (("Dim the screen", "画面を暗くする"), True),
        (("Speak aloud", "音声で伝える"), True),
        (("Save the battery", "電池を節約する"), False),
    )
    for i, (label, on) in enumerate(rows):
        y = 560 + i * 72
        h.text(48, y + 43, label, 18, max_w=210)
        h.c.rect(286, y + 20, 56, 32, t.accent if on else t.extra[0], 16)
        h.c.circle(326 if on else 302, y + 36, 12, t.on_accent if on else t.muted)
        if i:
            h.c.line(48, y, 342, y, t.line)


def board(h: Hand) -> None:
    t, w = h.t, h.w
    h.text(64, 112, w.place, 52, bold=t.display == "sans", face=t.display)
    h.text(1216, 112, ("08:36", "08:36") if w.key == "ferry" else ("14:41", "14:41"), 52, t.primary, True, "end")
    for i, row in enumerate(w.rows[:5]):
        y = 160 + i * 118
        hot = i == 0
        ground = t.primary if hot else t.surface
        ink = t.on_primary if hot else t.ink
        quiet = t.on_primary if hot else t.muted
        h.c.rect(64, y, 1152, 106, ground, t.radius)
        h.text(96, y + 70, row.lead, 46, ink, True, max_w=200)
        h.icon(row.icon, 312, y + 31, 46, ink, ground)
        h.text(384, y + 67, row.name, 38, ink, max_w=360)
        h.text(770, y + 66, row.sub, 25, quiet, max_w=230)
        h.text(1184, y + 66, row.state, 27, ink, hot, "end", max_w=180)


def plates(w: World) -> tuple[Plate, ...]:
    ferry = w.key == "ferry"
    return (
        Plate(("three ways", "三つの道"),
              (f"Dark screen “To {w.hero_target[0]}”: three ways as ribbons of coloured parts with start and end.",
               f"暗い画面「{w.hero_target[1]}へ」。3つの道が色分けした帯で、始まりと終わりとともに並ぶ。"), PHONE, ways),
        Plate(("countdown", "残り時間"),
              (f"A glowing ring around {w.minutes} minutes, with three facts below.",
               f"「{w.minutes}分」を囲む光る輪と、その下の3つの事実。"), PHONE, ring),
        Plate(("night list", "夜の一覧"),
              (f"“{w.rows_title[0]}” on a vertical line with six points of light, each with its state in words.",
               f"縦線に6つの光の点が並ぶ「{w.rows_title[1]}」。それぞれに状態の言葉がある。"), PHONE, night),
        Plate(("languages", "ことばと設定"),
              ("Settings: choice of five languages, and three switches for the night.",
               "設定画面。5つの言語の選択と、夜のための3つのスイッチ。"), PHONE, settings),
        Plate(("board", "表示板"),
              ("Large dark display board: five departures, the first lit in orange." if ferry else "Large dark display board: five shelters with distance and state, the first lit in amber.",
               "大きな暗い表示板。5つの便のうち、最初の1行が橙色に光る。" if ferry else "大きな暗い表示板。5つの避難所の距離と状態のうち、最初の1行が灯の色に光る。"), DESKTOP, board),
    )  # fmt: skip
