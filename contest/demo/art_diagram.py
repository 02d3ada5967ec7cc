"""Family "diagram": lines at right angles and 45 degrees; a network of boats, or a way of deciding."""

from __future__ import annotations

from contest.demo.art_canvas import wrap
from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_worlds import Pair, World

NETWORK = (  # path in a field of 480 x 600, index of the colour
    ("M40 60H200L290 150V330L360 400H480", 0),
    ("M90 600V340L170 260H330L400 190V20", 1),
    ("M0 150H130L210 230V430L270 490H480", 2),
    ("M250 20V110L170 190V260", 3),
    ("M400 90H300L250 140V210L330 290H480", 4),
)
STOPS: tuple[tuple[float, float, Pair | None, str], ...] = (
    (90, 60, ("Old Pier", "旧桟橋"), "up"),
    (200, 60, None, ""),
    (250, 60, ("Market", "市場"), "up-right"),
    (400, 90, ("Castle", "城下"), "up-left"),
    (60, 150, ("West", "西町"), "up"),
    (290, 210, ("Kojima", "小島"), "right"),
    (330, 260, None, ""),
    (430, 290, ("School", "学校"), "down"),
    (290, 330, None, ""),
    (90, 410, ("Hama", "浜"), "right"),
    (210, 350, ("Uminaka", "海中"), "left"),
    (420, 400, ("Airport", "空港"), "up"),
    (340, 490, ("Stadium", "球場"), "up"),
)


def network(h: Hand, x: float, y: float, scale: float, size: float) -> None:
    """The bay as a diagram; `size` of the names before scaling."""
    t = h.t
    with h.c.group(x, y, scale):
        h.c.path("M0 210H150L230 290V380L320 470H480V640H0Z", t.extra[5])
        for d, colour in NETWORK:
            h.c.path(d, None, t.extra[colour], 14, round_ends=False)
        for sx, sy, name, side in STOPS:
            h.c.circle(sx, sy, 10.5, t.surface, t.ink, 4)
            if name:
                dx, dy, anchor = {
                    "up": (0, -22, "middle"),
                    "right": (20, 6, "start"),
                    "left": (-20, 6, "end"),
                    "down": (0, 34, "middle"),
                    "up-right": (16, -16, "start"),
                    "up-left": (-18, -16, "end"),
                }[side]
                h.text(sx + dx, sy + dy, name, size, bold=True, anchor=anchor)


def poster(h: Hand) -> None:
    t = h.t
    h.para(24, 92, ("Four boats, five trams", "四つの船、五つの電車"), 40, 340, bold=True, lead=46)
    network(h, 0, 212, 390 / 480, 16)
    for i, (number, name) in enumerate(
        (("1", ("Airport", "空港")), ("2", ("Hama", "浜")), ("3", ("Stadium", "球場")), ("4", ("Market", "市場")))
    ):
        x = 24 + i * 87
        h.c.rect(x, 752, 81, 68, t.surface, 0)
        h.c.rect(x, 752, 81, 6, t.extra[i])
        h.text(x + 10, 790, number, 24, bold=True)
        h.text(x + 10, 810, name, 13, max_w=66)


def line(h: Hand) -> None:
    t, w = h.t, h.w
    red = t.accent
    h.c.rect(0, 0, 390, 176, red)
    h.status(t.on_accent)
    h.c.rect(24, 72, 72, 72, t.surface)
    h.text(60, 128, "1", 52, bold=True, anchor="middle")
    h.text(116, 104, ("Old Pier to Airport", "旧桟橋から空港"), 22, t.on_accent, True, max_w=250)
    h.text(116, 134, ("Every 30 minutes", "30分ごと"), 16, t.on_accent)
    stops: tuple[tuple[str, Pair, Pair], ...] = (
        ("08:40", ("Old Pier", "旧桟橋"), ("Tram 2, 5", "電車2、5")), ("08:47", ("Custom House", "税関前"), ("Steps: 12", "階段12段")), ("09:02", ("Kojima", "小島"), ("You get off here", "ここで降ります")),
        ("09:16", ("Lighthouse", "灯台"), ("Tram 5", "電車5")), ("09:37", ("Airport", "空港"), ("Bus to the hall", "空港バス")),
    )  # fmt: skip
    h.c.line(124, 224, 124, 468, red, 14)
    h.c.line(124, 468, 124, 712, t.line, 14)
    for i, (clock, name, note) in enumerate(stops):
        y = 224 + i * 122
        here = i == 2
        h.text(24, y + 7, clock, 19, bold=here, max_w=78)
        h.c.circle(124, y, 16 if here else 11, t.surface if not here else t.ink, t.ink, 4)
        h.text(156, y + 2, name, 21, bold=True, max_w=210)
        h.text(156, y + 27, note, 15, t.muted, max_w=210)
    h.button(24, 764, 342, w.action, 56, rx=0)


def pier(h: Hand) -> None:
    t = h.t
    h.status(t.ink)
    h.text(24, 116, ("Old Pier", "旧桟橋"), 44, bold=True)
    h.text(24, 146, ("Four lines meet here", "四つの路線が集まる駅"), 17, t.muted)
    rows: tuple[tuple[str, int, Pair, Pair, str], ...] = (
        ("1", 0, ("Kojima, Airport", "小島、空港"), ("Pier 3", "3番桟橋"), "boat"),
        ("2", 1, ("Hama", "浜"), ("Pier 2", "2番桟橋"), "boat"),
        ("4", 3, ("Market", "市場"), ("Stop A", "のりばA"), "tram"),
        ("5", 4, ("Castle", "城下"), ("Stop B", "のりばB"), "tram"),
    )
    minutes = ("4", "9", "2", "6")
    for i, (number, colour, goal, stand, kind) in enumerate(rows):
        y = 184 + i * 148
        ground = t.extra[colour]
        h.c.rect(24, y, 342, 132, t.surface, 0, t.line, 1)
        h.c.rect(24, y, 92, 132, ground)
        h.text(70, y + 66, number, 48, h.on(ground), True, "middle")
        h.icon(kind, 54, y + 82, 32, h.on(ground), ground)
        h.text(136, y + 42, goal, 19, bold=True, max_w=220)
        h.text(136, y + 68, stand, 15, t.muted)
        h.text(136, y + 114, minutes[i], 36, bold=True)
        h.text(166, y + 114, ("min", "分"), 16, t.muted)
    h.text(24, 806, ("Live at 08:36", "08:36現在"), 14, t.muted)


def wide_network(h: Hand) -> None:
    t = h.t
    h.para(64, 124, ("Four boats, five trams", "四つの船、五つの電車"), 56, 420, bold=True, lead=64)
    h.text(64, 270, ("Shiosaki Bay, main lines", "汐崎湾の主な路線"), 20, t.muted)
    names: tuple[tuple[str, Pair, Pair], ...] = (
        ("1", ("Old Pier to Airport", "旧桟橋から空港"), ("every 30 min", "30分ごと")), ("2", ("Hama to Castle", "浜から城下"), ("every 20 min", "20分ごと")),
        ("3", ("West to Stadium", "西町から球場"), ("every 40 min", "40分ごと")), ("4", ("Market to Centre", "市場から中央"), ("every 6 min", "6分ごと")), ("5", ("Castle to School", "城下から学校"), ("every 8 min", "8分ごと")),
    )  # fmt: skip
    for i, (number, name, often) in enumerate(names):
        y = 316 + i * 84
        ground = t.extra[i]
        h.c.rect(64, y, 60, 60, ground)
        h.text(94, y + 42, number, 32, h.on(ground), True, "middle")
        h.text(144, y + 27, name, 20, bold=True, max_w=320)
        h.text(144, y + 53, often, 16, t.muted)
    with h.c.group(0, 0, clip=(560, 0, 720, 800, 0)):
        h.c.rect(560, 0, 720, 800, t.surface)
        network(h, 568, 28, 1.46, 15)


# The way of deciding
NODES: dict[str, tuple[float, float, str, Pair]] = {
    "start": (390, 60, "ask", ("Strong shaking, or a siren?", "強い揺れ、またはサイレン？")),
    "sea": (390, 210, "ask", ("Near the sea or a river?", "海や川の近く？")),
    "rest": (110, 210, "end", ("Stay. Listen.", "動かず聞く")),
    "up": (670, 210, "go", ("GO UP. Do not wait.", "高い所へ。待たない")),
    "house": (390, 370, "ask", ("Is the house damaged?", "家はこわれた？")),
    "hall": (670, 450, "go", ("Go to the shelter", "避難所へ")),
    "gas": (390, 530, "ask", ("Water, power, gas gone?", "水・電気・ガスがない？")),
    "home": (110, 530, "end", ("Stay at home", "家にいる")),
}
EDGES = (
    ("M390 100V170", "yes", 406, 142),
    ("M290 60H140L110 90V170", "no", 196, 50),
    ("M490 210H570", "yes", 508, 200),
    ("M390 250V330", "no", 406, 298),
    ("M490 370H640L670 400V410", "yes", 508, 360),
    ("M390 410V490", "no", 406, 458),
    ("M490 530H640L670 500V490", "yes", 508, 520),
    ("M290 530H210", "no", 236, 520),
)


def _node(
    h: Hand, x: float, y: float, kind: str, pair: Pair, w: float = 200, height: float = 80, size: float = 18
) -> None:
    t = h.t
    ground = {"ask": t.surface, "go": t.primary, "end": t.accent}[kind]
    ink = {"ask": t.ink, "go": t.on_primary, "end": t.on_accent}[kind]
    left, top = x - w / 2, y - height / 2
    if kind == "ask":
        d = f"M{left + 18} {top}H{left + w - 18}L{left + w} {y}L{left + w - 18} {top + height}H{left + 18}L{left} {y}Z"
        h.c.path(d, ground, t.ink, 2, round_ends=False)
    else:
        h.c.rect(left, top, w, height, ground, t.radius)
    from_top = y + size * 0.36
    words = h.say(pair)
    lines = wrap(words, size, w - 40, h.t.face, True, True)
    if len(lines) > 1:
        from_top -= (len(lines) - 1) * size * 0.62
    for i, one in enumerate(lines):
        h.text(x, from_top + i * size * 1.24, one, size, ink, True, "middle", max_w=w - 24)


def flow(h: Hand, x: float, y: float, scale: float) -> None:
    t = h.t
    with h.c.group(x, y, scale):
        for d, word, wx, wy in EDGES:
            live = word == "yes"
            h.c.path(d, None, t.primary if live else t.extra[4], 4, () if live else (8, 6), round_ends=False)
            h.text(wx, wy, ("yes", "はい") if live else ("no", "いいえ"), 16, t.ink)
        for nx, ny, kind, pair in NODES.values():
            _node(h, nx, ny, kind, pair)


def _paper(h: Hand) -> None:
    """Squared paper."""
    for i in range(1, int(h.c.w // 26) + 1):
        h.c.line(i * 26, 0, i * 26, h.c.h, h.t.extra[5], 1)
    for i in range(1, int(h.c.h // 26) + 1):
        h.c.line(0, i * 26, h.c.w, i * 26, h.t.extra[5], 1)


def question(h: Hand) -> None:
    t = h.t
    _paper(h)
    h.status(t.ink)
    h.text(26, 104, ("1 of 3", "1 / 3"), 16, t.muted)
    for i in range(3):
        h.c.rect(26 + i * 115, 122, 108, 6, t.primary if i == 0 else t.line)
    h.para(
        26,
        186,
        ("IF the ground shook, or a siren sounds", "もし|大きく揺れたか、|サイレンが|鳴ったら"),
        30,
        338,
        bold=True,
        lead=42,
        max_lines=4,
    )
    h.c.path("M195 350V402L104 470V520", None, t.primary, 4, round_ends=False)
    h.c.path("M195 402L286 470V520", None, t.extra[4], 4, (8, 6), round_ends=False)
    h.c.circle(195, 402, 9, t.bg, t.ink, 3)
    for x, word, ground, ink in (
        (104, ("YES", "はい"), t.primary, t.on_primary),
        (286, ("NO", "いいえ"), t.surface, t.ink),
    ):
        h.c.rect(x - 78, 520, 156, 130, ground, t.radius)
        h.text(x, 600, word, 40, ink, True, "middle", max_w=130)
    h.icon("quake", 26, 700, 64, t.ink, t.bg)
    h.para(
        112,
        726,
        ("Not sure? Choose YES. Going up is never wrong.", "迷ったら|「はい」。|高い所へ行くのは|いつも正解です。"),
        16,
        252,
        t.muted,
        lead=25,
        max_lines=4,
    )


def overview(h: Hand) -> None:
    t = h.t
    _paper(h)
    h.status(t.ink)
    h.text(26, 104, ("The whole rule", "決まりの全体"), 28, bold=True)
    steps: tuple[tuple[Pair, Pair, str], ...] = (
        (("Shaking? Siren?", "揺れ？サイレン？"), ("no: listen", "いいえ：聞く"), "end"), (("Near the sea?", "海の近く？"), ("yes: GO UP", "はい：高い所へ"), "go"),
        (("House damaged?", "家がこわれた？"), ("yes: shelter", "はい：避難所へ"), "go"), (("No water, power?", "水や電気がない？"), ("yes: shelter", "はい：避難所へ"), "go"),
    )  # fmt: skip
    for i, (ask, then, kind) in enumerate(steps):
        y = 178 + i * 146
        h.c.path(f"M118 {y + 38}V{y + 108}", None, t.extra[4], 4, (8, 6), round_ends=False)
        h.c.path(f"M208 {y}H244", None, t.primary if kind == "go" else t.accent, 4, round_ends=False)
        _node(h, 118, y, "ask", ask, 184, 76, 15)
        _node(h, 305, y, kind, then, 122, 76, 15)
    _node(h, 118, 762, "end", ("Stay at home", "家にいる"), 184, 76, 16)


def go(h: Hand) -> None:
    t, w = h.t, h.w
    h.c.rect(0, 0, 390, 844, t.primary)
    ink = t.on_primary
    h.status(ink)
    h.text(26, 104, ("THEN", "それなら"), 18, ink)
    h.text(26, 172, ("GO UP", "高い所へ"), 64, ink, True, max_w=338)
    h.c.path("M60 230V560L130 630V730", None, ink, 12, round_ends=False)
    stops: tuple[tuple[float, float, Pair, Pair], ...] = (
        (60, 250, ("You are here", "今いる所"), ("2 m above the sea", "海抜2 m")),
        (60, 370, ("Fish market", "魚市場"), ("120 m, turn left", "120 m、左へ")),
        (60, 490, ("Stone steps", "石段"), ("64 steps, or the ramp", "64段、横に坂道")),
    )
    for x, y, name, note in stops:
        h.c.circle(x, y, 15, t.primary, ink, 5)
        h.text(x + 42, y + 2, name, 20, ink, True, max_w=260)
        h.text(x + 42, y + 28, note, 15, ink, max_w=260)
    h.c.circle(130, 730, 34, ink)
    h.icon("shelter", 108, 706, 44, t.primary, ink)
    h.text(182, 722, w.hero_target, 21, ink, True, max_w=184)
    h.text(182, 750, w.hero_note, 15, ink, max_w=184)
    h.text(26, 812, ("350 m, 6 minutes", "350 m、6分"), 15, ink)


def wide_flow(h: Hand) -> None:
    t = h.t
    _paper(h)
    h.text(52, 88, ("If, then, go", "もし、なら、行く"), 44, bold=True)
    h.text(1228, 88, ("One sheet for the wall of a kitchen", "台所の壁に貼る1枚"), 18, t.muted, anchor="end")
    flow(h, 140, 150, 1.1)
    for i, (kind, word) in enumerate(
        (("ask", ("a question", "質問")), ("go", ("move", "移動")), ("end", ("stay", "とどまる")))
    ):
        _node(h, 1140, 300 + i * 130, kind, word, 160, 76, 16)


def plates(w: World) -> tuple[Plate, ...]:
    if w.key == "shelter":
        return (
            Plate(("first question", "最初の質問"),
                  ("Question on squared blue paper: if the ground shook, or a siren sounds; two paths lead to YES and NO.",
                   "青い方眼紙の上の質問「もし大きく揺れたか、サイレンが鳴ったら」。2本の線が「はい」と「いいえ」へ。"), PHONE, question),
            Plate(("whole rule", "全体"),
                  ("The whole rule on one phone screen: four questions, one under the other, with what to do beside each.",
                   "1画面に決まりの全体。縦に並ぶ4つの質問と、その横の行動。"), PHONE, overview),
            Plate(("then go", "行く"),
                  ("Yellow screen GO UP: a bent line with three stops that ends at Minami School.",
                   "黄色い画面「高い所へ」。3つの点を通る折れ線が、みなみ小学校で終わる。"), PHONE, go),
            Plate(("kitchen sheet", "台所の1枚"),
                  ("Wide flow chart: four questions in hexagons, solid lines for yes, dashed for no, four ends.",
                   "横長の流れ図。六角形の4つの質問、「はい」は実線、「いいえ」は破線、4つの結論。"), DESKTOP, wide_flow),
        )  # fmt: skip
    return (
        Plate(("network", "路線図"),
              ("Diagram of ferry and tram lines as five coloured bands at right angles and 45 degrees.",
               "渡船と電車の路線図。直角と45度の5色の帯。"), PHONE, poster),
        Plate(("line 1", "1号線"),
              ("Line 1 as one vertical band with five stops and times; Kojima is marked.",
               "1号線を縦の帯で示し、5つの停まる所と時刻が並ぶ。小島に印。"), PHONE, line),
        Plate(("old pier", "旧桟橋"),
              ("Old Pier: four lines as coloured blocks with number, stand and minutes to wait.",
               "旧桟橋の画面。4路線の色の枠に、番号、のりば、待ち時間。"), PHONE, pier),
        Plate(("wall map", "壁の路線図"),
              ("Wall map: a key of five lines at the left, the diagram at the right.",
               "壁に貼る路線図。左に5路線の凡例、右に大きな図。"), DESKTOP, wide_network),
    )  # fmt: skip
