"""Family "map": the map is the page, everything else lies on it as a sheet."""

from __future__ import annotations

from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_icons import qr
from contest.demo.art_maps import bay, town
from contest.demo.art_worlds import World


def _ground(h: Hand, x: float, y: float, w: float, height: float, *, rx: float = 0, close: bool = False) -> None:
    """The map of the subject in a window; `close` shows the way from nearer by."""
    tall = height > 500
    if h.w.key == "ferry":
        scale, shift = (1.0, (0, 6 if tall else -60))
        if close:
            scale, shift = 1.5, (-60, -200)
        elif w > 700:
            scale, shift = 1.7, (120, -120)
        bay(h, x, y, w, height, scale=scale, shift=shift, rx=rx, labels=not close)
    else:
        scale, shift = (0.62, (-50, 150 if tall else 70))
        if close:
            scale, shift = 0.92, (-66, 20)
        elif w > 700:
            scale, shift = 0.95, (60, 60)
        town(h, x, y, w, height, scale=scale, shift=shift, rx=rx)


def _sheet(h: Hand, top: float) -> None:
    rx = h.t.radius * 1.5
    h.c.rect(0, top, 390, 844 - top + rx, h.t.surface, rx)
    h.c.rect(171, top + 10, 48, 5, h.t.line, 2.5)


def home(h: Hand) -> None:
    t, w = h.t, h.w
    _ground(h, 0, 0, 390, 640)
    h.status(t.ink)
    h.c.rect(16, 52, 358, 52, t.surface, min(t.radius * 2, 26), t.line, 1)
    h.icon("search", 34, 67, 22, t.ink, t.surface)
    h.text(70, 84, w.ask, 16, t.muted, max_w=240)
    h.disc("menu", 346, 78, 18, t.bg, t.ink)
    _sheet(h, 560)
    two = bool(h.also(w.hero_label))
    h.text(24, 606, w.hero_label, 15, t.muted, max_w=220)
    h.second(366, 606, w.hero_label, 13, anchor="end", max_w=140)
    h.text(24, 664, w.hero_value, 54, bold=True, face=t.display, max_w=200)
    h.chip(366 - 124, 624, 124, w.hero_unit, t.accent, t.on_accent, 38, 15)
    h.text(24, 704 if not two else 698, w.hero_target, 20, bold=True, max_w=200)
    h.text(366, 704 if not two else 698, w.hero_note, 14, t.muted, anchor="end", max_w=150)
    h.second(24, 722, w.hero_target, 13)
    h.button(24, 750, 342, w.action, 60)


def route(h: Hand) -> None:
    t, w = h.t, h.w
    _ground(h, 0, 0, 390, 560, close=True)
    h.status(t.ink)
    h.disc("back", 44, 76, 22, t.surface, t.ink)
    _sheet(h, 470)
    h.text(24, 516, w.steps_title, 20, bold=True, face=t.display)
    h.second(366, 516, w.steps_title, 13, anchor="end")
    y = 536.0
    for index, step in enumerate(w.steps[:3]):
        live = index == 0
        ground = t.primary if live else t.bg
        h.c.rect(24, y + 6, 48, 48, ground, min(t.radius, 24))
        h.icon(step.icon, 33, y + 15, 30, t.on_primary if live else t.ink, ground)
        h.text(90, y + 26, step.label, 17, bold=True, max_w=270)
        h.text(90, y + 48, step.rule, 13.5, t.muted, max_w=276)
        if index < 2:
            h.c.line(90, y + 67, 366, y + 67, t.line)
        y += 74
    h.button(24, 772, 342, w.done_action, 52)


def detail(h: Hand) -> None:
    t, w = h.t, h.w
    h.c.rect(0, 0, 390, 844, t.surface)
    _ground(h, 0, 0, 390, 300)
    h.disc("back", 44, 60, 22, t.surface, t.ink)
    h.c.rect(0, 300, 390, 6, t.primary)
    h.text(24, 358, w.hero_target, 32, bold=True, face=t.display, max_w=300)
    h.second(24, 384, w.hero_target, 16)
    y = 416 if h.also(w.hero_target) else 392
    row = w.rows[0]
    h.c.circle(32, y - 5, 6, h.tone("ok"))
    h.text(48, y, row.state, 15, bold=True)
    h.text(366, y, row.sub, 15, t.muted, anchor="end", max_w=210)
    top = y + 28
    for index, (label, value, name) in enumerate(w.facts):
        left, upper = 24 + (index % 2) * 175, top + (index // 2) * 108
        h.c.rect(left, upper, 167, 100, t.bg, t.radius)
        h.icon(name, left + 14, upper + 14, 26, h.hue(t.bg), t.bg)
        h.text(left + 50, upper + 32, label, 13.5, t.muted, max_w=106)
        h.text(left + 14, upper + 78, value, 21, bold=True, max_w=140)
    h.button(24, 700, 342, w.action, 56)
    h.button(24, 768, 342, w.other_action, 52, outline=True)


def done(h: Hand) -> None:
    t, w = h.t, h.w
    ground = t.accent
    h.c.rect(0, 0, 390, 844, ground)
    h.status(t.on_accent)
    h.disc("close", 44, 84, 20, t.surface, t.ink)
    h.c.rect(32, 128, 326, 560, t.surface, t.radius * 1.25)
    h.text(56, 184, w.done_title, 30, bold=True, face=t.display, max_w=278)
    h.text(56, 214, w.done_kicker, 15, t.muted, max_w=278)
    if w.key == "ferry":
        qr(h.c, h.bits(), 95, 246, 8, t.ink)
    else:
        h.c.circle(195, 346, 92, t.bg)
        h.c.circle(195, 346, 70, t.primary)
        h.icon("check", 153, 304, 84, t.on_primary, t.primary)
    h.c.circle(32, 482, 12, ground)
    h.c.circle(358, 482, 12, ground)
    h.c.line(56, 482, 334, 482, t.line, 2, (5, 6))
    h.text(56, 528, w.done_sub, 16, t.muted, max_w=278)
    h.text(56, 596, w.done_big, 62, bold=True, face=t.display)
    h.text(56, 644, w.today, 17, max_w=160)
    h.text(334, 644, w.place, 17, anchor="end", max_w=120)
    h.text(195, 750, w.done_action, 20, t.on_accent, True, "middle", max_w=330)
    h.second(195, 778, w.done_action, 14, t.on_accent, "middle")


def desk(h: Hand) -> None:
    t, w = h.t, h.w
    _ground(h, 400, 0, 880, 800)
    h.c.rect(0, 0, 400, 800, t.surface)
    h.c.rect(0, 0, 400, 116, t.primary)
    h.text(32, 56, w.rows_title, 26, t.on_primary, True, face=t.display, max_w=330)
    h.text(32, 90, w.place, 16, t.on_primary)
    h.text(368, 90, w.today, 16, t.on_primary, anchor="end")
    for index, row in enumerate(w.rows):
        y = 116 + index * 100
        if index == 0:
            h.c.rect(0, y, 400, 100, t.bg)
            h.c.rect(0, y, 6, 100, t.accent)
        h.text(32, y + 45, row.lead, 25, bold=True, max_w=96)
        h.text(140, y + 44, row.name, 19, bold=True, max_w=228)
        h.text(140, y + 70, row.sub, 14, t.muted, max_w=136)
        h.c.circle(288, y + 65, 5, h.tone(row.tone))
        h.text(300, y + 70, row.state, 14, max_w=78)
        h.c.line(32, y + 100, 368, y + 100, t.line)
    h.button(32, 736, 336, w.action, 48)


def plates(w: World) -> tuple[Plate, ...]:
    ferry = w.key == "ferry"
    place = ("the bay", "湾") if ferry else ("the town", "まち")
    goal = (
        ("Kojima, 08:40 from pier 3", "小島行き、3番桟橋08:40発")
        if ferry
        else ("Minami School, 350 m away", "350 m先のみなみ小学校")
    )
    mark = ("a square code", "四角いコード") if ferry else ("a large tick", "大きなチェック印")
    last = ("Day ticket", "一日乗船券") if ferry else ("“I am safe” card", "「私は無事です」カード")
    return (
        Plate(("home map", "ホーム 地図"),
              (f"Map of {place[0]} with the way drawn as one thick line; a sheet below says {goal[0]}.",
               f"{place[1]}の地図に道が太い線で1本引かれ、下のシートに{goal[1]}とある。"), PHONE, home),
        Plate(("the way", "道順"),
              (f"Map of {place[0]} close up, above three numbered acts with pictograms: {w.steps[0].label[0]}, {w.steps[1].label[0]}, {w.steps[2].label[0]}.",
               f"拡大した{place[1]}の地図の下に、絵記号つきの3つの手順。{w.steps[0].label[1]}、{w.steps[1].label[1]}、{w.steps[2].label[1]}。"), PHONE, route),
        Plate(("place", "行き先"),
              (f"Page of {w.hero_target[0]} under a strip of map, with four facts in tiles and two buttons.",
               f"地図の帯の下に{w.hero_target[1]}の情報。4つの事実のタイルとボタン2つ。"), PHONE, detail),
        Plate(("last screen", "完了"),
              (f"{last[0]} on a coloured ground: white slip with {mark[0]} and the time {w.done_big[0]}.",
               f"色地に白い札の{last[1]}。{mark[1]}と時刻{w.done_big[1]}。"), PHONE, done),
        Plate(("wide view", "広い画面"),
              (f"Desktop view: list of six lines at the left, map of {place[0]} at the right.",
               f"パソコンの画面。左に6行の一覧、右に{place[1]}の地図。"), DESKTOP, desk),
    )  # fmt: skip
