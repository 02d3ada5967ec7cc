"""Family "chat": the service as a conversation in short sentences."""

from __future__ import annotations

from dataclasses import replace

from contest.demo.art_canvas import num, wrap
from contest.demo.art_hand import PHONE, Hand, Plate
from contest.demo.art_maps import town
from contest.demo.art_metrics import width
from contest.demo.art_themes import Theme
from contest.demo.art_worlds import Pair, World


def _head(h: Hand, name: Pair) -> None:
    t = h.t
    h.c.rect(0, 0, 390, 112, t.surface)
    h.status(t.ink)
    h.icon("back", 16, 60, 24, t.ink, t.surface)
    h.disc(h.w.hero_icon, 78, 74, 22, t.primary, t.on_primary)
    h.text(114, 71, name, 18, bold=True, max_w=180)
    h.text(114, 92, ("Answers at once", "すぐに答えます"), 13, t.muted, max_w=180)
    h.icon("sound", 340, 60, 26, t.ink, t.surface)
    h.c.line(0, 112, 390, 112, t.line)


def _name(h: Hand) -> Pair:
    return {
        "shelter": ("Simple Safety", "かんたん防災"),
        "waste": ("This One Where?", "これ、どこ？"),
        "ferry": ("Pier Helper", "桟橋案内"),
    }[h.w.key]


def _outline(x: float, y: float, w: float, height: float, r: float, mine: bool) -> str:
    """A rounded rectangle with one square foot on the speaker's side."""
    k = r * 0.45
    right, bottom = x + w, y + height
    d = f"M{num(x + r)} {num(y)}H{num(right - r)}C{num(right - k)} {num(y)} {num(right)} {num(y + k)} {num(right)} {num(y + r)}"
    if mine:
        d += f"V{num(bottom)}H{num(x + r)}C{num(x + k)} {num(bottom)} {num(x)} {num(bottom - k)} {num(x)} {num(bottom - r)}"
    else:
        d += f"V{num(bottom - r)}C{num(right)} {num(bottom - k)} {num(right - k)} {num(bottom)} {num(right - r)} {num(bottom)}H{num(x)}"
    return d + f"V{num(y + r)}C{num(x)} {num(y + k)} {num(x + k)} {num(y)} {num(x + r)} {num(y)}Z"


def bubble(h: Hand, y: float, pair: Pair, who: str, size: float = 18) -> float:
    """A speech bubble from the top y; gives the y below it."""
    t = h.t
    two = h.also(pair)
    lines = wrap(h.say(pair), size, 246, t.face, balance=True)
    more = wrap(two, 14, 246, t.face) if two else []
    height = 28 + len(lines) * size * 1.4 + len(more) * 21 + (4 if more else 0)
    wide = max([width(line, size, t.face) for line in lines] + [width(line, 14, t.face) for line in more]) + 40
    mine = who == "me"
    x = 366 - wide if mine else 24
    ground, ink = (t.primary, t.on_primary) if mine else (t.surface, t.ink)
    h.c.path(_outline(x, y, wide, height, min(t.radius, 22), mine), ground)
    base = y + 14 + size
    for one in lines:
        h.text(x + 20, base, one, size, ink, max_w=wide - 36)
        base += size * 1.4
    base += 2
    for one in more:
        h.c.text(x + 20, base, one, 14, ink if mine else t.muted, max_w=wide - 36)
        base += 21
    return y + height + 14


def _reply(h: Hand, y: float, pair: Pair, x: float = 24, w: float = 342, strong: bool = False) -> float:
    t = h.t
    ground = t.accent if strong else t.bg
    height = 54
    h.c.rect(x + 1, y, w - 2, height, ground, min(t.radius, 27), None if strong else t.primary, 2)
    h.text(
        x + w / 2,
        y + (24 if h.also(pair) else 33),
        pair,
        17,
        t.on_accent if strong else h.hue(t.bg),
        True,
        "middle",
        max_w=w - 30,
    )
    h.second(x + w / 2, y + 43, pair, 12.5, t.on_accent if strong else t.muted, "middle", max_w=w - 30)
    return y + height + 12


def _field(h: Hand) -> None:
    t = h.t
    h.c.rect(0, 766, 390, 78, t.surface)
    h.c.rect(24, 780, 282, 48, t.bg, min(t.radius, 24))
    h.text(44, 810, ("Say it or write it", "話すか書いてください"), 15, t.muted, max_w=240)
    h.disc("speak", 342, 804, 24, t.primary, t.on_primary)


def talk(h: Hand) -> None:
    w = h.w
    _head(h, _name(h))
    y = 140.0
    for who, words in w.talk:
        y = bubble(h, y, words, who)
    y = max(y + 8, 766 - 3 * 66 - 20)
    for i, one in enumerate(w.answers):
        y = _reply(h, y, one, strong=i == 0)
    _field(h)


def choose(h: Hand) -> None:
    t, w = h.t, h.w
    _head(h, _name(h))
    y = bubble(h, 136, w.question, "app", 22)
    y += 6
    step = (752 - y) / 2
    for i, choice in enumerate(w.choices):
        x, top = 24 + (i % 2) * 175, y + (i // 2) * step
        height = step - 16
        ground = t.extra[(0, 3, 2, 4)[i]]
        ink = h.on(ground)
        h.c.rect(x, top, 167, height, ground, t.radius)
        h.icon(choice.icon, x + 53, top + height / 2 - 66, 62, ink, ground)
        h.text(x + 83, top + height / 2 + 36, choice.label, 18, ink, True, "middle", max_w=148)
        if h.also(choice.label):
            h.second(x + 83, top + height / 2 + 60, choice.label, 14, ink, "middle", max_w=148)
        else:
            h.text(x + 83, top + height / 2 + 60, choice.rule, 14, ink, anchor="middle", max_w=148)
    _field(h)


def answer(h: Hand) -> None:
    t, w = h.t, h.w
    _head(h, _name(h))
    asked: Pair = ("Plastic wrap: when?", "プラスチックは|いつですか。") if w.key == "waste" else w.answers[0]
    y = bubble(h, 136, asked, "me")
    h.c.rect(24, y, 318, 412, t.surface, t.radius)
    if w.key == "shelter":
        own, h.t = h.t, _map_theme(h)
        town(h, 40, y + 16, 286, 180, scale=0.42, shift=(60, 20), rx=12, labels=False)
        h.t = own
    else:
        h.c.rect(40, y + 16, 286, 180, t.extra[0], 8)
        h.icon(w.hero_icon, 133, y + 56, 100, h.on(t.extra[0]), t.extra[0])
    h.text(44, y + 238, w.hero_target, 25, bold=True, max_w=280)
    h.text(44, y + 266, w.hero_note, 16, t.muted, max_w=280)
    for i, (label, value, _) in enumerate(w.facts[1:3]):
        line = y + 306 + i * 34
        h.text(44, line, label, 15, t.muted, max_w=120)
        h.text(322, line, value, 16, bold=True, anchor="end", max_w=150)
    h.button(44, y + 354, 278, w.action, 44, rx=min(t.radius, 22), size=15)
    y = bubble(h, y + 428, ("Anything else?", "ほかにありますか。"), "app", 16)
    _field(h)


def _map_theme(h: Hand) -> Theme:
    """The same theme with a map's colours for pictures."""
    return replace(h.t, extra=("#a9cfe0", "#e7eed3", "#c4d8a4", "#b3261e", "#8db46b", "#e5dfcf"))


def last(h: Hand) -> None:
    t, w = h.t, h.w
    if w.key == "waste":
        _finder(h)
        return
    h.c.rect(0, 0, 390, 844, t.primary)
    h.status(t.on_primary)
    h.text(24, 108, w.done_action, 17, t.on_primary, max_w=342)
    h.c.rect(24, 136, 342, 560, t.surface, t.radius)
    h.icon("people", 48, 168, 64, t.primary, t.surface)
    h.para(
        48,
        290,
        (
            "I do not speak Japanese well. Please use short sentences.",
            "日本語が|あまり|分かりません。|短い文で|話してください。",
        ),
        25,
        294,
        bold=True,
        lead=36,
        max_lines=5,
    )
    y = 470
    h.c.line(48, y - 30, 342, y - 30, t.line, 2)
    words = (
        ("日本語があまり分かりません。", "短い文で話してください。")
        if h.lang != "latin"
        else ("Nihongo ga amari wakarimasen.", "Mijikai bun de onegai shimasu.")
    )
    for i, line in enumerate(words):
        h.c.text(48, y + 6 + i * 34, line, 19, t.ink, max_w=294)
    h.button(48, 612, 294, ("Say it aloud", "声に出す"), 58, fill=t.accent, colour=t.on_accent, rx=min(t.radius, 29))
    h.text(195, 760, w.done_title, 22, t.on_primary, True, "middle")
    h.text(195, 790, w.done_sub, 16, t.on_primary, anchor="middle", max_w=330)


def _finder(h: Hand) -> None:
    """Camera view: the thing is outlined and named."""
    t = h.t
    ground = "#26332c"
    h.c.rect(0, 0, 390, 844, ground)
    h.c.rect(0, 520, 390, 180, "#3a4a40")
    h.status("#ffffff")
    h.text(195, 92, ("Hold it in the frame", "枠の中に入れてください"), 18, "#ffffff", anchor="middle", max_w=330)
    with h.c.group(195, 402, 1, -8):
        h.c.poly([(-110, -60), (110, -60), (130, 90), (-130, 90)], "#c99a62")
        h.c.poly([(-110, -60), (110, -60), (96, -150), (-96, -150)], "#e0b77e")
        h.c.poly([(-92, -48), (92, -48), (108, 78), (-108, 78)], "#dcb27a")
        h.c.circle(-30, 30, 26, "#efd36d")
        h.c.circle(36, 44, 18, "#efd36d")
        h.c.circle(10, -6, 12, "#efd36d")
        h.c.line(-96, -60, 96, -60, "#8a6238", 3)
    for x, y, dx, dy in ((34, 132, 1, 1), (356, 132, -1, 1), (34, 546, 1, -1), (356, 546, -1, -1)):
        h.c.path(f"M{x} {y + dy * 44}V{y}H{x + dx * 44}", None, t.accent, 5)
    for y, words, kind, ground2 in (
        (172, ("Lid: paper", "ふた：紙"), "paper", t.accent),
        (486, ("Base: burnable", "底：燃やすごみ"), "apple", "#f2a65a"),
    ):
        h.c.line(160, y + 22, 176, 290 if y < 300 else 430, ground2, 3)
        h.c.circle(176, 290 if y < 300 else 430, 7, ground2)
        h.c.rect(56, y, 208, 44, ground2, min(t.radius, 22))
        h.icon(kind, 68, y + 10, 24, "#2b2200", ground2)
        h.text(102, y + 29, words, 16, "#2b2200", True, max_w=152)
    h.c.rect(0, 600, 390, 244, t.surface, t.radius * 2)
    h.c.rect(0, 700, 390, 144, t.surface)
    h.text(24, 650, ("Pizza box", "ピザの箱"), 26, bold=True, max_w=220)
    h.text(366, 650, ("two parts", "2つに分ける"), 16, t.muted, anchor="end", max_w=130)
    for i, (words, day) in enumerate(
        (
            (("Lid, clean", "きれいなふた"), ("Wed, tied", "水曜、しばる")),
            (("Base, with cheese", "チーズのついた底"), ("Thu, red bag", "木曜、赤い袋")),
        )
    ):
        h.text(24, 692 + i * 34, words, 17, max_w=190)
        h.text(366, 692 + i * 34, day, 17, bold=True, anchor="end", max_w=150)
    h.button(24, 762, 342, ("Remind me of both", "両方を知らせる"), 56)


def plates(w: World) -> tuple[Plate, ...]:
    card = ("a small map", "小さな地図") if w.key == "shelter" else ("a large pictogram", "大きな絵記号")
    final = (
        Plate(("camera", "カメラ"),
              ("Camera view of a pizza box in a yellow frame; lid and base carry two labels, paper and burnable.",
               "黄色い枠に入ったピザの箱のカメラ画面。ふたに「紙」、底に「燃やすごみ」の札。"), PHONE, last)
        if w.key == "waste"
        else Plate(("show to staff", "係の人へ"),
                   ("Card to show to staff: I do not speak Japanese well, please use short sentences, in two languages.",
                    "係の人に見せるカード。「日本語があまり分かりません。短い文で話してください」を2言語で。"), PHONE, last)
    )  # fmt: skip
    return (
        Plate(("conversation", "会話"),
              (f"Conversation in bubbles that ends with three large answers to press, the first “{w.answers[0][0]}”.",
               f"ふきだしの会話。最後に大きな答えが3つ並び、1つ目は「{w.answers[0][1]}」。"), PHONE, talk),
        Plate(("four choices", "4つの選択"),
              (f"The question “{w.question[0]}” and four coloured fields with pictograms.",
               f"「{w.question[1].replace('|', '')}」という質問と、絵記号つきの4つの色面。"), PHONE, choose),
        Plate(("answer card", "答えのカード"),
              (f"An answer as a card in the conversation: {card[0]}, {w.hero_target[0]}, two facts and a button.",
               f"会話の中の答えのカード。{card[1]}、「{w.hero_target[1]}」、2つの事実、ボタン。"), PHONE, answer),
        final,
    )  # fmt: skip
