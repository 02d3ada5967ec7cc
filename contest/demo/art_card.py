"""Family "card": large coloured cards, one thought on each, turned like a deck."""

from __future__ import annotations

from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_icons import qr
from contest.demo.art_themes import contrast, mix
from contest.demo.art_worlds import Pair, World


def _ink(h: Hand, ground: str) -> str:
    dark = h.t.ink if contrast(h.t.ink, ground) >= 4.5 else h.t.on_accent
    return dark if contrast(dark, ground) >= 4.5 else h.on(ground)


def stack(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 104, w.rows_title, 30, bold=True, face=t.display, max_w=342)
    h.text(24, 134, w.place, 16, t.muted)
    top = 166
    for i, row in enumerate(w.rows[:5]):
        ground = t.extra[i]
        y = top + i * 112
        ink = _ink(h, ground)
        h.c.rect(16, y, 358, 300, ground, t.radius)
        h.text(40, y + 48, row.lead, 26, ink, True, max_w=104)
        h.text(152, y + 42, row.name, 20, ink, True, max_w=150)
        h.text(152, y + 66, row.sub, 14, ink, max_w=150)
        h.icon(row.icon, 318, y + 20, 36, ink, ground)
    h.c.rect(0, 760, 390, 84, t.bg)
    for i, name in enumerate(("home", "search", "bell", "people")):
        x = 24 + i * 91
        if i == 0:
            h.c.rect(x, 778, 69, 44, t.accent, 22)
        h.icon(name, x + 22, 787, 26, t.on_accent if i == 0 else t.ink, t.accent if i == 0 else t.bg)


def swipe(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.para(195, 96, w.question, 26, 330, bold=True, anchor="middle", lead=34, face=t.display, max_lines=1)
    one, two, three = t.extra[2], t.extra[1], t.extra[0]
    with h.c.group(195, 400, 1, 7):
        h.c.rect(-150, -240, 300, 470, one, t.radius)
    with h.c.group(195, 400, 1, -4):
        h.c.rect(-155, -245, 310, 480, two, t.radius)
    h.c.rect(35, 150, 320, 490, three, t.radius)
    ink = _ink(h, three)
    choice = w.choices[0]
    h.c.circle(195, 318, 112, mix(three, "#ffffff", 0.45))
    h.icon(choice.icon, 115, 238, 160, ink, mix(three, "#ffffff", 0.45))
    h.text(195, 506, choice.label, 32, ink, True, "middle", t.display, max_w=280)
    h.text(195, 542, choice.rule, 18, ink, anchor="middle", max_w=280)
    for i in range(4):
        h.c.circle(165 + i * 20, 600, 5, ink, opacity=1 if i == 0 else 0.35)
    for x, name, ground in ((115, "close", t.surface), (275, "check", t.accent)):
        h.c.circle(x, 724, 46, ground, t.line if name == "close" else None, 2)
        h.icon(name, x - 20, 704, 40, t.ink if name == "close" else t.on_accent, ground)
    h.text(115, 802, ("No", "いいえ"), 16, anchor="middle")
    h.text(275, 802, ("Yes", "はい"), 16, anchor="middle")


def answer(h: Hand) -> None:
    t, w = h.t, h.w
    ground = t.extra[1]
    ink = _ink(h, ground)
    h.c.rect(0, 0, 390, 844, ground)
    h.status(ink)
    h.disc("back", 44, 84, 22, t.surface, t.ink)
    h.icon(w.hero_icon, 24, 132, 104, ink, ground)
    h.text(24, 294, w.hero_target, 38, ink, True, face=t.display, max_w=342)
    h.text(24, 330, w.hero_note, 18, ink, max_w=342)
    h.c.rect(0, 372, 390, 520, t.surface, t.radius)
    for i, (label, value, name) in enumerate(w.facts):
        y = 404 + i * 72
        h.c.rect(24, y, 52, 52, t.extra[i % 4], min(t.radius, 18))
        h.icon(name, 36, y + 12, 28, _ink(h, t.extra[i % 4]), t.extra[i % 4])
        h.text(94, y + 22, label, 14, t.muted, max_w=220)
        h.text(94, y + 46, value, 19, bold=True, max_w=270)
    h.button(24, 720, 342, w.action, 60)
    h.text(195, 816, w.other_action, 16, bold=True, anchor="middle", max_w=320)


def wallet(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    ground = t.extra[3]
    ink = _ink(h, ground)
    h.text(24, 104, w.done_kicker, 17, t.muted, max_w=342)
    h.text(24, 146, w.done_title, 34, bold=True, face=t.display, max_w=342)
    h.c.rect(24, 184, 342, 480, ground, t.radius)
    h.text(48, 274, w.done_big, 76, ink, True, face=t.display, max_w=294)
    h.text(48, 312, w.done_sub, 18, ink, max_w=294)
    h.c.line(48, 344, 342, 344, ink, 2, (2, 7), True)
    if w.key == "waste":
        for i, row in enumerate(w.rows):
            x = 48 + (i % 3) * 102
            y = 368 + (i // 3) * 140
            on = i == 1
            cell = t.accent if on else mix(ground, "#ffffff", 0.5)
            shade = _ink(h, cell)
            h.c.rect(x, y, 90, 124, cell, 20)
            h.text(x + 45, y + 34, row.lead, 18, shade, True, "middle")
            h.icon(row.icon, x + 23, y + 54, 44, shade, cell)
    else:
        h.c.rect(85, 372, 220, 220, "#ffffff", 16)
        qr(h.c, h.bits(), 102.5, 389.5, 7.4, t.ink if contrast(t.ink, "#ffffff") > 7 else "#111111")
        h.text(195, 632, w.place, 17, ink, True, "middle", max_w=290)
    h.button(24, 704, 342, w.done_action, 60)
    h.text(195, 804, w.today, 16, t.muted, anchor="middle")


def _kinds_title(w: World) -> Pair:
    return ("Most of the week", "よく出る6つ") if w.key == "waste" else w.signs_title


def kinds(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 104, _kinds_title(w), 30, bold=True, face=t.display, max_w=342)
    signs = w.signs[6:12] if w.key == "shelter" else w.signs[:6]
    for i, sign in enumerate(signs):
        x, y = 24 + (i % 2) * 175, 132 + (i // 2) * 230
        ground = t.extra[(0, 2, 3, 1, 4, 0)[i]]
        ink = _ink(h, ground)
        h.c.rect(x, y, 167, 218, ground, t.radius)
        h.icon(sign.icon, x + 22, y + 26, 72, ink, ground)
        h.text(x + 22, y + 156, sign.label, 20, ink, True, max_w=126)
        h.text(x + 22, y + 184, sign.rule, 14, ink, max_w=130)


def plates(w: World) -> tuple[Plate, ...]:
    return (
        Plate(("deck", "山札"),
              (f"Five coloured cards overlap like a deck; each carries one line of “{w.rows_title[0]}”.",
               f"色の違う5枚のカードが重なり、それぞれに「{w.rows_title[1]}」の1行がある。"), PHONE, stack),
        Plate(("yes or no", "はい・いいえ"),
              (f"One card, “{w.choices[0].label[0]}”, on two others, with a cross and a tick below.",
               f"重なったカードのいちばん上に「{w.choices[0].label[1]}」。下に×とチェックのボタン。"), PHONE, swipe),
        Plate(("answer", "答え"),
              (f"Answer card: {w.hero_target[0]} with a large pictogram, four facts and one button.",
               f"答えのカード。大きな絵記号と「{w.hero_target[1]}」、4つの事実、ボタン1つ。"), PHONE, answer),
        Plate(("kept card", "しまったカード"),
              (f"Card to keep: {w.done_title[0]}, {w.done_big[0]}, {w.done_sub[0]}.",
               f"手元に残すカード。{w.done_title[1]}、{w.done_big[1]}、{w.done_sub[1]}。"), PHONE, wallet),
        Plate(("all kinds", "一覧"),
              (f"Six coloured cards with pictograms, “{_kinds_title(w)[0]}”.",
               f"絵記号のついた6枚の色カード「{_kinds_title(w)[1]}」。"), PHONE, kinds),
    )  # fmt: skip
