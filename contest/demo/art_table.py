"""Family "table": the other side of the desk; what the staff of a shelter see."""

from __future__ import annotations

from dataclasses import replace

from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_maps import town
from contest.demo.art_themes import mix
from contest.demo.art_worlds import Pair, World

MENU: tuple[tuple[str, Pair], ...] = (
    ("home", ("Today", "今日")), ("people", ("People", "避難者")), ("bed", ("Rooms", "部屋")),
    ("rice", ("Supplies", "物資")), ("speak", ("Interpreters", "通訳")), ("bell", ("Notices", "お知らせ")),
)  # fmt: skip
TABLE: tuple[tuple[Pair, int, int, Pair, str, Pair], ...] = (
    (("Minami School", "みなみ小学校"), 180, 300, ("en zh vi", "英 中 ベ"), "ok", ("Open", "開設中")),
    (("Castle Hill Park", "城山公園"), 95, 400, ("en", "英"), "ok", ("Open", "開設中")),
    (("City Gymnasium", "市民体育館"), 561, 600, ("en zh pt", "英 中 ポ"), "warn", ("Nearly full", "残りわずか")),
    (("Kita School", "きた中学校"), 122, 350, ("zh", "中"), "ok", ("Open", "開設中")),
    (("Temple Terrace", "高台寺"), 48, 120, ("en ko", "英 韓"), "ok", ("Open", "開設中")),
    (("Nishi Hall", "西町会館"), 80, 80, ("en", "英"), "stop", ("Full", "満員")),
    (("Port Hall", "港会館"), 0, 200, ("", ""), "stop", ("Closed", "閉鎖")),
)  # fmt: skip


def _frame(h: Hand, title: Pair, active: int) -> None:
    t = h.t
    h.c.rect(0, 0, 208, 800, t.ink)
    h.text(28, 56, ("Shelter desk", "避難所の机"), 20, "#ffffff", True, max_w=160)
    for i, (name, label) in enumerate(MENU):
        y = 92 + i * 56
        if i == active:
            h.c.rect(12, y, 184, 46, t.primary, t.radius)
        ground = t.primary if i == active else t.ink
        h.icon(name, 28, y + 12, 22, "#ffffff", ground)
        h.text(64, y + 29, label, 16, "#ffffff", i == active, max_w=124)
    h.text(28, 764, ("Sat 28 Nov 16:40", "11月28日(土) 16:40"), 14, "#ffffff", max_w=160)
    h.text(240, 62, title, 28, bold=True, max_w=620)
    h.c.rect(956, 32, 292, 44, t.surface, t.radius, t.line, 1)
    h.icon("search", 972, 44, 20, t.muted, t.surface)
    h.text(1004, 60, ("Name, room, language", "名前、部屋、ことば"), 14, t.muted, max_w=228)


def overview(h: Hand) -> None:
    t = h.t
    _frame(h, ("Seven shelters", "7か所の避難所"), 0)
    figures: tuple[tuple[str, Pair], ...] = (
        ("1,086", ("people tonight", "今夜の避難者")),
        ("964", ("places left", "空き")),
        ("9", ("languages spoken", "使われている言語")),
        ("3", ("requests open", "未対応の要望")),
    )
    for i, (number, label) in enumerate(figures):
        x = 240 + i * 256
        h.c.rect(x, 100, 240, 96, t.surface, t.radius)
        h.text(x + 20, 150, number, 36, bold=True)
        h.text(x + 20, 178, label, 14.5, t.muted, max_w=200)
    h.c.rect(240, 212, 1008, 564, t.surface, t.radius)
    heads: tuple[tuple[float, Pair], ...] = (
        (264, ("Shelter", "避難所")),
        (500, ("People and room", "人数と定員")),
        (846, ("Languages", "ことば")),
        (1030, ("State", "状態")),
    )
    for left, label in heads:
        h.text(left, 250, label, 14, t.muted)
    h.c.line(240, 268, 1248, 268, t.line, 1.5)
    for i, (name, people, room, tongues, tone, state) in enumerate(TABLE):
        y = 268 + i * 72
        h.text(264, y + 44, name, 18, bold=True, max_w=220)
        h.c.rect(500, y + 26, 220, 20, t.bg, 4)
        share = people / room
        if people:
            h.c.rect(500, y + 26, 220 * share, 20, t.primary if share < 0.9 else t.extra[3], 4)
        h.text(738, y + 43, f"{people} / {room}", 16, max_w=96)
        h.text(846, y + 43, tongues, 16, max_w=160)
        h.c.circle(1036, y + 37, 6, h.tone(tone))
        h.text(1054, y + 43, state, 16, max_w=100)
        h.icon("chevron", 1208, y + 26, 20, t.muted, t.surface)
        if i < len(TABLE) - 1:
            h.c.line(264, y + 72, 1224, y + 72, t.line)


def rooms(h: Hand) -> None:
    """Plan of one shelter, with what each room is for."""
    t = h.t
    _frame(h, ("Minami School, ground floor", "みなみ小学校 1階"), 2)
    h.c.rect(240, 100, 700, 676, t.surface, t.radius)
    plan: tuple[tuple[float, float, float, float, str, Pair, Pair], ...] = (
        (264, 124, 420, 300, "bed", ("Hall: sleeping", "体育館：就寝"), ("112 of 160", "112 / 160")),
        (700, 124, 216, 142, "cross", ("First aid", "手当て"), ("1-2", "1年2組")),
        (700, 282, 216, 142, "paw", ("With pets", "ペット"), ("6 of 10", "6 / 10")),
        (264, 500, 150, 252, "toilet", ("Toilets", "トイレ"), ("2 of 3 work", "3か所中2")),
        (430, 500, 254, 118, "rice", ("Food", "配食"), ("18:00", "18:00")),
        (430, 634, 254, 118, "plug", ("Charging", "充電"), ("30 min each", "1人30分")),
        (700, 500, 216, 252, "speak", ("Interpreter", "通訳"), ("until 21:00", "21時まで")),
    )
    tints = (mix(t.primary, "#ffffff", 0.82), "#e3f1ea", "#fbf0d6")
    for i, (x, y, w, height, name, label, note) in enumerate(plan):
        ground = tints[(0, 1, 2, 2, 1, 0, 1)[i]]
        h.c.rect(x, y, w, height, ground, 0, t.ink, 2)
        h.icon(name, x + 16, y + 16, 36, t.ink, ground)
        h.text(x + 16, y + height - 36, label, 17, bold=True, max_w=w - 30)
        h.text(x + 16, y + height - 14, note, 14.5, t.ink, max_w=w - 30)
    h.text(590, 470, ("Corridor, lit all night", "廊下（終夜点灯）"), 15, t.muted, anchor="middle")
    for x in (540, 780):
        h.c.rect(x, 420, 44, 8, t.surface)
    h.c.rect(956, 100, 292, 676, t.surface, t.radius)
    h.text(980, 142, ("Requests", "要望"), 20, bold=True)
    wishes: tuple[tuple[Pair, Pair, str], ...] = (
        (("Insulin, cool box", "インスリン、保冷"), ("Room 1-2, Portuguese", "1年2組、ポルトガル語"), "stop"), (("Halal meals, four", "ハラール食 4人分"), ("Hall, English", "体育館、英語"), "warn"), (("Baby milk", "粉ミルク"), ("Hall, Vietnamese", "体育館、ベトナム語"), "warn"),
        (("Quiet corner", "静かな場所"), ("Done 15:10", "15:10完了"), "ok"), (("Wheelchair ramp", "車いすのスロープ"), ("Done 14:20", "14:20完了"), "ok"),
    )  # fmt: skip
    for i, (what, where, tone) in enumerate(wishes):
        y = 164 + i * 92
        h.c.rect(980, y + 14, 6, 60, h.tone(tone))
        h.text(1000, y + 40, what, 17, bold=tone != "ok", max_w=226)
        h.text(1000, y + 66, where, 14.5, t.muted, max_w=226)
        h.c.line(980, y + 90, 1224, y + 90, t.line)
    h.button(980, 704, 244, ("Add a request", "要望を加える"), 48, size=16)


def spread(h: Hand) -> None:
    """Map of the town at the left, arrivals by hour at the right."""
    t = h.t
    _frame(h, ("Where people are", "人の動き"), 1)
    own = t.extra
    h.t = replace(t, extra=("#bcd3ea", "#e6ecdf", "#d2dfc6", t.extra[3], "#b9cda6", "#e2e5ec"))
    town(h, 240, 100, 620, 676, scale=0.82, shift=(24, 90), rx=t.radius)
    h.t = t
    h.c.rect(876, 100, 372, 420, t.surface, t.radius)
    h.text(900, 142, ("Arrivals by hour", "時間ごとの到着"), 18, bold=True)
    values = (4, 12, 186, 342, 208, 96, 61, 44, 30, 18)
    for i, value in enumerate(values):
        x = 904 + i * 33
        height = value * 0.74
        h.c.rect(x, 450 - height, 22, height, own[3] if value == max(values) else t.primary, 2)
        h.text(x + 11, 476, str(12 + i), 14, t.muted, anchor="middle")
    h.c.line(900, 450, 1228, 450, t.ink, 1.5)
    h.text(1014, 186, "342", 16, bold=True, anchor="middle")
    h.text(900, 504, ("Hour of the day", "時"), 14, t.muted)
    h.c.rect(876, 536, 372, 240, t.surface, t.radius)
    h.text(900, 578, ("On foot, not yet arrived", "移動中"), 18, bold=True)
    h.text(900, 648, "57", 56, bold=True)
    h.para(
        900,
        690,
        (
            "Seen by their phones, shared by choice. Deleted after 72 hours.",
            "本人が位置を|共有した人だけです。|72時間後に|消します。",
        ),
        14.5,
        320,
        t.muted,
        lead=24,
        max_lines=3,
    )


def reception(h: Hand) -> None:
    """Phone of the person at the gate."""
    t = h.t
    h.c.rect(0, 0, 390, 112, t.ink)
    h.status("#ffffff")
    h.text(24, 88, ("At the gate", "受付"), 24, "#ffffff", True, max_w=180)
    h.text(366, 88, ("Minami School", "みなみ小学校"), 15, "#ffffff", anchor="end", max_w=160)
    fields: tuple[tuple[Pair, Pair], ...] = (
        (("Name, any script", "名前（どの文字でも）"), ("Marisol Aguinaldo", "Marisol Aguinaldo")),
        (("Language", "ことば"), ("Tagalog, English", "タガログ語、英語")),
    )
    for i, (label, value) in enumerate(fields):
        y = 140 + i * 102
        h.text(24, y + 14, label, 15, t.muted, max_w=340)
        h.c.rect(24, y + 26, 342, 54, t.surface, t.radius, t.muted, 1.5)
        h.text(42, y + 60, value, 18, max_w=300)
    h.text(24, 366, ("How many come with you?", "何人で来ましたか"), 15, t.muted, max_w=340)
    for i in range(5):
        on = i == 2
        x = 24 + i * 70
        h.c.rect(x, 380, 62, 58, t.primary if on else t.surface, t.radius, None if on else t.muted, 1.5)
        h.text(x + 31, 418, str(i + 1) if i < 4 else "5+", 21, t.on_primary if on else t.ink, on, "middle")
    h.text(24, 482, ("What do you need?", "必要なもの"), 15, t.muted, max_w=340)
    needs: tuple[tuple[str, Pair, bool], ...] = (
        ("cross", ("Medicine", "薬"), True),
        ("wheelchair", ("No steps", "段差なし"), False),
        ("rice", ("Food rules", "食事の決まり"), True),
        ("paw", ("A pet", "ペット"), False),
    )
    for i, (name, label, on) in enumerate(needs):
        x, y = 24 + (i % 2) * 175, 496 + (i // 2) * 82
        ground = mix(t.primary, "#ffffff", 0.84) if on else t.surface
        h.c.rect(x, y, 167, 72, ground, t.radius, t.primary if on else t.muted, 2.5 if on else 1.5)
        h.icon(name, x + 16, y + 20, 32, t.ink, ground)
        h.text(x + 62, y + 43, label, 17, bold=on, max_w=94)
    h.text(24, 694, ("No papers are needed.", "身分証はいりません。"), 16, max_w=342)
    h.button(24, 756, 342, ("Give a place", "場所を決める"), 60)


def plates(w: World) -> tuple[Plate, ...]:
    return (
        Plate(("overview", "一覧"),
              ("Staff view: four large figures, and a table of seven shelters with bars for people and room.",
               "職員の画面。4つの大きな数字と、人数と定員の棒がある7か所の表。"), DESKTOP, overview),
        Plate(("floor plan", "平面図"),
              ("Floor plan of a school with the use of seven rooms, and a list of five requests.",
               "学校の平面図に7つの部屋の使いみち。右に5つの要望。"), DESKTOP, rooms),
        Plate(("movement", "人の動き"),
              ("Map of the town beside a bar chart of arrivals by hour, highest at three in the afternoon.",
               "まちの地図と、時間ごとの到着の棒グラフ。午後3時がいちばん多い。"), DESKTOP, spread),
        Plate(("reception", "受付"),
              ("Phone form for the gate: name in any script, language, how many, and four needs with pictograms.",
               "受付のスマートフォン画面。どの文字でも書ける名前、ことば、人数、絵記号つきの4つの必要。"), PHONE, reception),
    )  # fmt: skip
