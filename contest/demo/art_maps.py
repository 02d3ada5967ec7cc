"""Two drawn maps: the bay with its ferries and the town with its hill."""

from __future__ import annotations

from contest.demo.art_hand import Hand
from contest.demo.art_metrics import width
from contest.demo.art_themes import mix
from contest.demo.art_worlds import Pair

PIERS: dict[str, tuple[float, float, Pair, str]] = {
    # name: x, y, label, side on which the label stands
    "old": (104, 236, ("Old Pier", "旧桟橋"), "up"),
    "kojima": (236, 330, ("Kojima", "小島"), "right"),
    "uminaka": (322, 214, ("Uminaka", "海中"), "up"),
    "hama": (132, 506, ("Hama", "浜"), "down"),
    "airport": (316, 462, ("Airport", "空港"), "down"),
}
BAY_NORTH = "M-400 -200H900V236C780 250 700 120 600 130C540 136 500 150 440 182C400 214 366 190 330 204C286 222 262 168 214 186C168 204 150 242 104 236C66 230 50 196 -40 214C-120 230 -240 150 -400 170Z"
BAY_SOUTH = "M-400 600C-260 560 -120 620 -40 560C10 520 60 548 100 520C128 498 158 506 190 520C236 540 262 476 312 466C352 458 380 480 440 452C520 416 600 500 700 470S840 420 900 440V1200H-400Z"
ISLAND = "M214 316C230 288 276 282 294 306C310 330 292 366 258 370C226 374 200 346 214 316Z"


def bay(h: Hand, x: float, y: float, w: float, height: float, *, scale: float = 1, shift: tuple[float, float] = (0, 0),
        route: str | None = "kojima", labels: bool = True, rx: float = 0, face: str = "sans") -> None:  # fmt: skip
    """The bay, 390 units wide, cut to a window; `route` is the pier to which the live route leads."""
    c, t = h.c, h.t
    sea, land, sand, live, iso, ink = t.extra[:6]
    with c.group(0, 0, clip=(x, y, w, height, rx)), c.group(x + shift[0], y + shift[1], scale):
        c.rect(-400, -400, 1400, 1800, sea)
        for step, alpha in ((30, 0.55), (20, 0.75), (10, 1)):
            for d, move in ((BAY_NORTH, step), (BAY_SOUTH, -step)):
                with c.group(0, move):
                    c.path(d, mix(sea, iso, 0.35 * alpha))
        c.path(BAY_NORTH, land, mix(land, ink, 0.35), 1.5)
        c.path(BAY_SOUTH, land, mix(land, ink, 0.35), 1.5)
        with c.group(-13, -16, 1.05):
            c.path(ISLAND, mix(sea, iso, 0.5))
        c.path(ISLAND, land, mix(land, ink, 0.35), 1.5)
        # Roads and a park, so that the land is not a blank
        for d in ("M-20 120C80 90 150 150 230 110S360 90 420 110", "M104 236C100 190 130 150 120 20", "M322 208C330 160 300 120 320 0",
                  "M-20 620C90 590 180 640 260 590S380 560 430 600", "M132 510C150 560 140 640 170 800", "M316 466C330 520 320 600 350 760"):  # fmt: skip
            c.path(d, None, mix(land, "#ffffff", 0.75), 7)
        for cx, cy, r in ((196, 70, 30), (60, 66, 22), (250, 660, 34), (70, 700, 26), (258, 322, 13)):
            c.circle(cx, cy, r, sand, opacity=0.55)
        lines = {
            "kojima": "M104 236C140 300 180 330 236 330",
            "uminaka": "M104 236C170 270 250 250 322 214",
            "hama": "M104 236C90 330 96 430 132 506",
            "airport": "M236 330C270 370 270 430 316 462",
        }
        for name, d in lines.items():
            if name != route:
                c.path(d, None, ink, 3.5, dash=(1, 8))
        if route:
            c.path(lines[route], None, "#ffffff", 11)
            c.path(lines[route], None, live, 6.5)
        for name, (px, py, label, side) in PIERS.items():
            on = name in ("old", route)
            c.circle(px, py, 9 if on else 7, "#ffffff", live if on else ink, 4)
            if labels:
                dx, dy, anchor = {"up": (0, -18, "middle"), "down": (0, 28, "middle"), "right": (18, 2, "start")}[side]
                c.text(px + dx, py + dy, h.say(label), 14.5, ink, True, anchor, face, bleed=True)
        if route:
            boat(h, 168, 306, live, "#ffffff")


def boat(h: Hand, x: float, y: float, ground: str, colour: str) -> None:
    """The boat's place now: a disc with a ring."""
    h.c.circle(x, y, 21, "#ffffff")
    h.c.circle(x, y, 18, ground)
    h.icon("boat", x - 11, y - 12, 22, colour, ground)


def point(col: float, row: float) -> tuple[float, float]:
    """A crossing of the town's grid, which leans by 7 degrees: 92 units a block."""
    return 70 + col * 92 + row * 11, 70 + row * 92 - col * 11


SHELTERS: tuple[tuple[float, float, Pair, str], ...] = (
    (3, 2, ("Minami School", "みなみ小学校"), "ok"),
    (7.5, 1.4, ("Castle Hill", "城山公園"), "ok"),
    (1, 1.6, ("Gymnasium", "体育館"), "warn"),
    (5.6, 5.2, ("Port Hall", "港会館"), "stop"),
)
WAY = ((1, 5), (1, 4), (2, 4), (2, 3), (3, 3), (3, 2))


def town(h: Hand, x: float, y: float, w: float, height: float, *, scale: float = 1, shift: tuple[float, float] = (0, 0),
         way: bool = True, labels: bool = True, rx: float = 0) -> None:  # fmt: skip
    """The town, 1000 x 800 units and more, cut to a window: sea below, hill at the upper right."""
    c, t = h.c, h.t
    sea, land, park, live, hill, sand = t.extra[:6]
    with c.group(0, 0, clip=(x, y, w, height, rx)), c.group(x + shift[0], y + shift[1], scale):
        c.rect(-600, -600, 2600, 2400, sand)
        c.path("M520 -700C470 40 560 150 660 250C760 330 900 360 1060 300S1400 200 1800 260V-700Z", land)
        c.path("M600 -700C560 60 640 130 720 210C800 270 900 290 1010 240S1300 160 1800 190V-700Z", park)
        c.path("M690 -700C640 80 700 120 770 160C830 200 900 210 970 180S1200 120 1800 130V-700Z", mix(park, hill, 0.5))
        c.path("M760 -700C720 90 770 100 800 120C850 140 890 140 930 120S1100 80 1800 70V-700Z", hill)
        # Streets: main ones wider
        for row in range(-4, 10):
            (x1, y1), (x2, y2) = point(-6, row), point(18, row)
            c.line(x1, y1, x2, y2, "#ffffff", 20 if row == 3 else 9)
        for col in range(-6, 18):
            (x1, y1), (x2, y2) = point(col, -6), point(col, 10)
            c.line(x1, y1, x2, y2, "#ffffff", 20 if col == 2 else 9)
        for col, row, wide, deep in ((4, 3, 1, 1), (-1, 0, 1, 2), (2, 0, 1, 1), (3, 4, 2, 1), (6, 3, 1, 1)):
            corners = [point(col, row), point(col + wide, row), point(col + wide, row + deep), point(col, row + deep)]
            mx, my = sum(p[0] for p in corners) / 4, sum(p[1] for p in corners) / 4
            inner = [(px + (mx - px) * 0.14, py + (my - py) * 0.14) for px, py in corners]
            c.poly(inner, park if (col, row) != (3, 4) else mix(sand, "#000000", 0.08))
        # Low ground that water may reach, and the sea
        c.path("M-600 520C-200 470 60 470 260 500S640 520 900 450S1400 470 1900 420V1900H-600Z", sea, opacity=0.45)
        c.path(
            "M-600 640C-200 600 60 590 260 610S560 640 700 590L690 560L760 548L772 582C900 560 1400 590 1900 540V1900H-600Z",
            sea,
        )
        c.path("M-60 -600C20 40 -60 200 -20 330S-60 520 -40 640", None, sea, 34)
        for dy in (40, 74, 108):
            c.path(f"M-600 {660 + dy}C-200 {620 + dy} 60 {610 + dy} 260 {630 + dy}S700 {640 + dy} 900 {590 + dy}S1400 {610 + dy} 1900 {560 + dy}",
                   None, mix(sea, "#ffffff", 0.35), 2.5)  # fmt: skip
        if way:
            d = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in (point(*node) for node in WAY))
            c.path(d, None, "#ffffff", 18)
            c.path(d, None, t.primary, 10)
            here = point(*WAY[0])
            c.circle(*here, 30, live, opacity=0.2)
            c.circle(*here, 13, "#ffffff")
            c.circle(*here, 9, live)
        for column, line, label, tone in SHELTERS:
            px, py = point(column, line)
            shelter_pin(h, px, py, tone)
            if labels:
                size = 15 / scale if scale < 0.8 else 17
                plate = width(h.say(label), size, "sans", True) + 14
                c.rect(px - plate / 2, py - 72 - size * 1.7, plate, size * 1.6, "#ffffff", 4)
                c.text(px, py - 72 - size * 0.55, h.say(label), size, "#1b1b1b", True, "middle", "sans", bleed=True)


def shelter_pin(h: Hand, x: float, y: float, tone: str) -> None:
    """A pin whose foot stands at x, y; a place not to go to is crossed."""
    ground = h.t.primary if tone == "ok" else h.tone(tone)
    c = h.c
    c.path(f"M{x:.1f} {y:.1f}L{x - 14:.1f} {y - 20:.1f}H{x + 14:.1f}Z", ground)
    c.rect(x - 24, y - 62, 48, 46, ground, 8, "#ffffff", 2.5)
    h.icon("close" if tone == "stop" else "shelter", x - 15, y - 54, 30, "#ffffff", ground)
