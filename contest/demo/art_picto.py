"""Family "picto": a system of signs first, words second."""

from __future__ import annotations

from contest.demo.art_hand import DESKTOP, PHONE, Hand, Plate
from contest.demo.art_worlds import Pair, World


def _colour(h: Hand, i: int) -> str:
    if h.w.key == "shelter":
        return h.t.extra[(3, 3, 3, 3, 3, 1, 0, 2, 2, 2, 0, 2)[i]]
    return h.t.extra[(0, 2, 3, 4, 1, 5)[i % 6]]


def tile(h: Hand, i: int, x: float, y: float, side: float) -> None:
    """Danger is a yellow diamond field, help is green, need is blue; in the other manner all are discs."""
    ground = _colour(h, i)
    ink = h.on(ground) if h.w.key != "shelter" else ("#10201a" if ground == h.t.extra[3] else "#ffffff")
    if h.t.radius > 40:
        h.c.circle(x + side / 2, y + side / 2, side / 2, ground)
        inner = side * 0.58
    else:
        h.c.rect(x, y, side, side, ground, h.t.radius * side / 110)
        inner = side * 0.68
    h.icon(h.w.signs[i].icon, x + (side - inner) / 2, y + (side - inner) / 2, inner, ink, ground)


def grid(h: Hand) -> None:
    t, w = h.t, h.w
    many = 12 if w.key == "shelter" else 9
    h.status(t.ink)
    h.text(24, 104, w.signs_title, 30, bold=True, max_w=342)
    h.second(24, 132, w.signs_title, 16)
    rows = many // 3
    top = 156 if rows == 4 else 148
    step = (820 - top) / rows
    for i in range(many):
        x, y = 24 + (i % 3) * 119, top + (i // 3) * step
        tile(h, i, x, y, 104)
        h.text(x + 52, y + 129, w.signs[i].label, 15, bold=True, anchor="middle", max_w=112)
        h.second(x + 52, y + 149, w.signs[i].label, 12.5, anchor="middle", max_w=112)
        if rows == 3:
            h.text(x + 52, y + 152, w.signs[i].rule, 13, t.muted, anchor="middle", max_w=112)


def single(h: Hand) -> None:
    t, w = h.t, h.w
    index = 1
    sign = w.signs[index]
    ground = _colour(h, index)
    ink = h.on(ground) if w.key != "shelter" else "#10201a"
    h.c.rect(0, 0, 390, 844, ground)
    h.status(ink)
    h.icon(sign.icon, 55, 96, 280, ink, ground)
    rx = 0 if t.radius < 40 else 36
    h.c.rect(0, 440, 390, 404 + rx, t.surface, rx)
    h.text(24, 514, sign.label, 46, bold=True, max_w=342)
    h.second(24, 556, sign.label, 26)
    y = 604 if h.also(sign.label) else 566
    h.c.line(24, y - 24, 366, y - 24, t.line, 2)
    h.text(24, y + 16, sign.rule, 26, max_w=342)
    h.second(24, y + 46, sign.rule, 18)
    h.button(24, 756, 342, w.action, 60, rx=min(t.radius, 30))
    if not h.also(sign.label):
        h.text(24, y + 56, w.hero_label, 17, t.muted, max_w=200)
        h.text(
            24,
            y + 88,
            (f"{w.hero_value[0]} {w.hero_unit[0]}", f"{w.hero_value[1]} {w.hero_unit[1]}"),
            22,
            bold=True,
            max_w=342,
        )


SUMS: dict[str, tuple[tuple[tuple[str, str, str], Pair], ...]] = {
    "shelter": (
        (("quake", "tsunami", "hill"), ("Quake by the sea: go up", "海の近くの地震は、高い所へ")),
        (("typhoon", "flood", "house"), ("Storm and water: leave early", "台風と大雨は、早めに移動")),
        (("fire", "run", "shelter"), ("Fire: out, then the shelter", "火事は外へ、そして避難所へ")),
        (("quake", "house", "radio"), ("House is whole: stay, listen", "家が無事なら、情報を聞く")),
    ),
    "waste": (
        (("bottle", "cap", "box"), ("Cap off, then the blue crate", "ふたを取って、青いかごへ")),
        (("tray", "tap", "bag"), ("Rinse, then the yellow bag", "洗って、黄色い袋へ")),
        (("glass", "paper", "bin"), ("Broken: in paper, marked", "割れたら、紙に包んで")),
        (("battery", "plug", "box"), ("Tape the ends, to the shop", "端子にテープ、お店の箱へ")),
    ),
    "ferry": (
        (("walk", "ticket", "boat"), ("Walk, touch, board", "歩く、タッチ、乗る")),
        (("bike", "ramp", "boat"), ("Bicycles by the ramp", "自転車はスロープから")),
        (("wave", "clock", "bus"), ("High waves: take the bus", "波が高い日はバス")),
        (("anchor", "arrow", "tram"), ("Pier to tram, 2 minutes", "桟橋から電車へ2分")),
    ),
}


def sums(h: Hand) -> None:
    t, w = h.t, h.w
    h.status(t.ink)
    h.text(24, 104, ("Read it like a sum", "たし算のように読む"), 28, bold=True, max_w=342)
    h.second(24, 132, ("Read it like a sum", "たし算のように読む"), 16)
    for i, (icons, words) in enumerate(SUMS[w.key]):
        y = 156 + i * 166
        for j, name in enumerate(icons):
            x = 24 + j * 126
            last = j == 2
            ground = (
                t.primary
                if last
                else (
                    t.extra[3]
                    if w.key == "shelter" and j == 0
                    else t.extra[(i + j) % 6]
                    if w.key != "shelter"
                    else t.surface
                )
            )
            ink = t.on_primary if last else ("#10201a" if w.key == "shelter" else h.on(ground))
            if t.radius > 40:
                h.c.circle(x + 45, y + 45, 45, ground)
            else:
                h.c.rect(x, y, 90, 90, ground, t.radius)
            h.icon(name, x + 18, y + 18, 54, ink, ground)
            if j < 2:
                h.icon("plus" if j == 0 else "arrow", x + 97, y + 34, 22, t.ink, t.bg)
        h.text(24, y + 118, words, 18, bold=True, max_w=342)
        h.second(24, y + 140, words, 13.5, max_w=342)


PHRASES: dict[str, tuple[tuple[str, Pair], ...]] = {
    "shelter": (
        ("drop", ("Water, please.", "水をください。")),
        ("cross", ("I need a doctor.", "お医者さんが必要です。")),
        ("rice", ("I cannot eat pork.", "豚肉は食べられません。")),
        ("bed", ("Where may I sleep?", "どこで寝られますか。")),
        ("people", ("I look for my child.", "子どもをさがしています。")),
        ("plug", ("May I charge this?", "充電してもいいですか。")),
    ),
    "waste": (
        ("calendar", ("What day is this?", "これは何曜日ですか。")),
        ("bag", ("Where are the bags?", "袋はどこで買えますか。")),
        ("pin", ("Where do I put it?", "どこに出しますか。")),
        ("chair", ("This is too large.", "大きくて運べません。")),
        ("cap", ("With or without cap?", "ふたは取りますか。")),
        ("check", ("Thank you!", "ありがとうございます。")),
    ),
}
PHRASES["ferry"] = PHRASES["shelter"]


def point(h: Hand) -> None:
    t, w = h.t, h.w
    h.c.rect(0, 0, 390, 150, t.primary)
    h.status(t.on_primary)
    h.text(24, 100, ("Point and show", "指でさして見せる"), 30, t.on_primary, True, max_w=342)
    h.second(24, 128, ("Point and show", "指でさして見せる"), 16, t.on_primary)
    for i, (name, words) in enumerate(PHRASES[w.key]):
        y = 150 + i * 114
        ground = t.extra[(0, 2, 3, 4, 1, 5)[i]] if t.radius > 40 else t.surface
        if t.radius > 40:
            h.c.circle(66, y + 57, 40, ground)
        else:
            h.c.rect(24, y + 15, 84, 84, ground, t.radius)
        h.icon(name, 40, y + 31, 52, h.on(ground), ground)
        # The reader and the person opposite each need their own tongue here, in every manner
        h.text(130, y + 52, words, 19, bold=True, max_w=236)
        if h.lang != "latin":
            h.c.text(130, y + 80, words[0] if h.japanese else words[1], 16, t.muted, max_w=236)
        if i < 5:
            h.c.line(130, y + 114, 366, y + 114, t.line)


def _title(w: World) -> Pair:
    return ("Nine kinds, and three rare ones", "9つの分け方と、まれな3つ") if w.key == "waste" else w.signs_title


def poster(h: Hand) -> None:
    t, w = h.t, h.w
    title = _title(w)
    h.text(64, 108, title, 48, bold=True, max_w=860)
    h.second(1216, 108, title, 24, anchor="end")
    for i, sign in enumerate(w.signs):
        x, y = 64 + (i % 6) * 195, 160 + (i // 6) * 310
        tile(h, i, x, y, 177)
        h.text(x + 88, y + 214, sign.label, 20, bold=True, anchor="middle", max_w=180)
        h.text(x + 88, y + 242, sign.rule, 16, t.muted, anchor="middle", max_w=180)
        h.second(x + 88, y + 268, sign.label, 16, t.ink, "middle")


def plates(w: World) -> tuple[Plate, ...]:
    many = 12 if w.key == "shelter" else 9
    form = ("squares", "角丸の四角") if w.key == "shelter" else ("discs", "丸")
    sign = w.signs[1]
    return (
        Plate(("sign grid", "記号の一覧"),
              (f"{many} pictograms on coloured {form[0]}, three in a row, each with its word.",
               f"色のついた{form[1]}に絵記号が{many}個、3列に並び、それぞれに言葉がつく。"), PHONE, grid),
        Plate(("one sign", "ひとつの記号"),
              (f"One very large sign, “{sign.label[0]}”, with its rule: {sign.rule[0]}.",
               f"とても大きな記号「{sign.label[1]}」と、その決まり「{sign.rule[1]}」。"), PHONE, single),
        Plate(("signs as sums", "記号のたし算"),
              ("Four rows of signs that read like a sum: one sign plus another, then an arrow to what to do.",
               "記号をたし算のように読む4行。記号と記号、矢印の先に行動がある。"), PHONE, sums),
        Plate(("point and show", "指さし"),
              ("Six phrases to point at, each with a pictogram, in English and Japanese.",
               "指でさして見せる6つの言葉。絵記号つき、英語と日本語。"), PHONE, point),
        Plate(("poster", "ポスター"),
              (f"Wide poster “{_title(w)[0]}”: twelve pictograms in two rows, with word and rule.",
               f"横長のポスター「{_title(w)[1]}」。絵記号12個が2段に並び、言葉と決まりがつく。"), DESKTOP, poster),
    )  # fmt: skip
