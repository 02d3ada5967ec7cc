"""Flat pictures for the illustrated family: a hill above the sea and a morning street."""

from __future__ import annotations

from contest.demo.art_hand import Hand
from contest.demo.art_themes import mix


def heron(h: Hand, x: float, y: float, scale: float, turn: float = 0) -> None:
    """A white heron in flight, beak to the right."""
    ink = h.t.ink
    with h.c.group(x, y, scale, turn):
        h.c.path("M-58 8L-104 22M-58 12L-102 32", None, "#d98e04", 3)
        h.c.path(
            "M-64 6C-40 -8 10 -10 44 -2C60 -14 66 -30 82 -32C92 -34 98 -28 100 -24C90 -26 84 -22 78 -10C70 6 44 18 10 18C-20 18 -46 16 -64 6Z",
            "#ffffff",
            ink,
            2.2,
        )
        h.c.path("M98 -28L128 -22L99 -21Z", "#e0a12b")
        h.c.circle(90, -27, 2.4, ink)
        h.c.path("M-30 2C-60 -40 -52 -92 -20 -118C-16 -84 6 -70 30 -52C44 -40 40 -14 24 0Z", "#ffffff", ink, 2.2)
        h.c.path("M-34 -60C-22 -46 -6 -38 14 -34M-32 -38C-20 -26 -4 -20 16 -18", None, mix(ink, "#ffffff", 0.55), 2)
        h.c.path("M-20 -118C-30 -92 -32 -66 -22 -34", None, mix(ink, "#ffffff", 0.55), 2)


def cloud(h: Hand, x: float, y: float, scale: float) -> None:
    with h.c.group(x, y, scale):
        h.c.path("M0 0C-4 -18 14 -28 26 -18C32 -38 66 -36 68 -14C84 -18 92 -6 88 0Z", "#ffffff", opacity=0.85)


def house(h: Hand, x: float, y: float, w: float, height: float, wall: str, roof: str) -> None:
    """Foot at y."""
    h.c.rect(x, y - height, w, height, wall)
    h.c.poly([(x - w * 0.1, y - height), (x + w / 2, y - height - w * 0.42), (x + w * 1.1, y - height)], roof)
    pane = mix(wall, h.t.ink, 0.72)
    if w > 40:
        h.c.rect(x + w * 0.14, y - height * 0.74, w * 0.28, height * 0.26, pane, 2)
        h.c.rect(x + w * 0.58, y - height * 0.74, w * 0.28, height * 0.26, pane, 2)
        h.c.rect(x + w * 0.36, y - height * 0.38, w * 0.28, height * 0.38, mix(wall, roof, 0.75), 2)
    else:
        h.c.rect(x + w * 0.3, y - height * 0.7, w * 0.4, height * 0.3, pane, 1)


def hill(
    h: Hand,
    height: float,
    *,
    lift: float = 0,
    evening: bool = False,
    bird: tuple[float, float, float, float] | None = None,
) -> None:
    """Sea at the left, a hill with steps and a school at the right; drawn for a width of 390."""
    t = h.t
    sky, dawn, coral, deep, gold, leaf = t.extra[:6]
    with h.c.group(0, 0, clip=(0, 0, 390, height, 0)), h.c.group(0, height - 520 - lift):
        h.c.rect(0, -400, 390, 1000, mix(dawn, sky, 0.1 if evening else 0.85))
        h.c.rect(0, 150, 390, 160, mix(dawn, "#ffffff", 0.3 if not evening else 0.05), opacity=0.6)
        h.c.circle(104, 214, 58, coral if evening else gold)
        cloud(h, 24, 92, 1.0)
        cloud(h, 244, 40, 0.8)
        far = mix(leaf, sky, 0.55)
        h.c.path("M-10 300C60 250 110 262 160 282S260 230 400 250V400H-10Z", far)
        h.c.rect(-10, 292, 410, 240, mix(deep, sky, 0.45))
        for k in range(5):
            h.c.path(
                f"M{20 + k * 24} {316 + k * 18}h{60 - k * 6}M{150 - k * 18} {326 + k * 18}h40",
                None,
                mix(deep, "#ffffff", 0.62),
                3,
            )
        h.c.path("M40 330l34 0l-6 12h-22Z", "#ffffff")
        h.c.path("M56 328V302L74 326Z", coral)
        h.c.path("M120 760V540C150 420 200 330 262 268C300 230 350 214 400 212V760Z", leaf)
        h.c.path("M60 760V540C130 470 220 440 280 400S370 350 400 346V760Z", mix(leaf, deep, 0.35))
        h.c.path("M-10 760V470C60 452 140 470 210 500S340 500 400 470V760Z", mix(leaf, deep, 0.62))
        # The way up
        h.c.path(
            "M150 520C190 486 250 474 236 446S160 430 196 402S290 380 276 350S262 316 300 286", None, "#fff8e8", 13
        )
        for k in range(7):
            h.c.path(f"M{270 + k * 4.6} {322 - k * 5.6}h18", None, mix(leaf, deep, 0.7), 2)
        # The school on top
        h.c.rect(290, 190, 92, 62, "#fffaf0")
        h.c.poly([(284, 190), (336, 160), (388, 190)], coral)
        h.c.rect(329, 138, 3, 28, t.ink)
        h.c.path("M332 138L352 145L332 152Z", coral)
        for k in range(4):
            h.c.rect(299 + k * 21, 202, 12, 14, mix(deep, "#ffffff", 0.3), 1.5)
        h.c.rect(326, 226, 20, 26, deep, 2)
        for x, y, s in (
            (250, 300, 16),
            (268, 286, 20),
            (60, 492, 20),
            (86, 500, 26),
            (330, 430, 26),
            (360, 412, 20),
            (312, 448, 18),
        ):
            h.c.rect(x - 2, y, 4, s * 0.9, mix(t.ink, leaf, 0.3))
            h.c.circle(x, y - s * 0.3, s * 0.72, mix(leaf, deep, 0.5))
        for x, y, wall, roof in (
            (164, 500, "#fff3dd", coral),
            (206, 516, "#fdf6ea", deep),
            (112, 522, "#fff8ee", gold),
        ):
            house(h, x, y, 34, 30, wall, roof)
    if bird:
        heron(h, *bird)


def cat(h: Hand, x: float, y: float, scale: float, colour: str) -> None:
    """A cat that sits and looks; foot at y."""
    with h.c.group(x, y, scale):
        h.c.path("M-16 0C-20 -24 -12 -38 0 -40C12 -38 20 -24 16 0Z", colour)
        h.c.circle(0, -48, 14, colour)
        h.c.path("M-13 -52L-12 -70L-3 -60ZM13 -52L12 -70L3 -60Z", colour)
        h.c.path("M14 -4C34 -2 34 -24 26 -30", None, colour, 6)
        h.c.circle(-5, -49, 2, "#ffffff")
        h.c.circle(5, -49, 2, "#ffffff")


def sack(h: Hand, x: float, y: float, scale: float, colour: str) -> None:
    """A tied bag; foot at y."""
    with h.c.group(x - 24 * scale, y - 45 * scale, scale):
        h.c.path("M20 14C8 20 3 32 6 45H42C45 32 40 20 28 14Z", colour)
        h.c.path("M15 2L24 7L33 2L28 14H20Z", colour)
        h.c.path("M19 14H29", None, mix(colour, h.t.ink, 0.45), 2.5)
        h.c.path("M14 26C11 31 10 36 11 41", None, mix(colour, "#ffffff", 0.5), 2.5)


def street(h: Hand, height: float, *, lift: float = 0, sacks: tuple[str, ...] = (), night: bool = False) -> None:
    """A street down to the sea in the morning, with a collection point; drawn for a width of 390."""
    t = h.t
    sky, sun, coral, blue, leaf, sand = t.extra[:6]
    top = mix(t.ink, blue, 0.25) if night else sky
    with h.c.group(0, 0, clip=(0, 0, 390, height, 0)), h.c.group(0, height - 460 - lift):
        h.c.rect(0, -400, 390, 900, top)
        if night:
            for x, y in ((40, 40), (96, 96), (150, 30), (230, 70), (330, 30), (360, 110), (250, 140), (60, 150)):
                h.c.circle(x, y, 2.2, "#ffffff")
            h.c.circle(300, 128, 34, "#fff4cf")
            h.c.circle(286, 120, 30, top)
        else:
            h.c.circle(292, 96, 44, sun)
            cloud(h, 40, 92, 1.1)
            cloud(h, 196, 44, 0.7)
        dim = 0.45 if night else 0.0

        def shade(colour: str) -> str:
            return mix(colour, t.ink, dim)

        h.c.path("M-10 270L70 190L120 232L190 160L290 250L330 226L400 272V330H-10Z", shade(mix(leaf, sky, 0.5)))
        h.c.path("M190 160L166 185L184 182L196 192L214 182Z", shade("#ffffff"))
        h.c.rect(-10, 268, 410, 60, shade(mix(blue, sky, 0.35)))
        for k in range(4):
            h.c.path(f"M{150 + k * 24} {282 + k * 9}h{34}", None, shade(mix(blue, "#ffffff", 0.7)), 2.5)
        # Two rows of houses that meet at the sea
        for x, w, tall, wall, roof in (
            (-26, 104, 150, sand, coral),
            (84, 62, 96, "#ffffff", blue),
            (250, 56, 90, sand, leaf),
            (308, 110, 160, "#ffffff", coral),
        ):
            house(h, x, 396, w, tall, shade(wall), shade(roof))
        h.c.path("M150 330H240L330 470L500 740H-200L40 470Z", shade(mix(sand, t.ink, 0.14)))
        h.c.path("M194 336L192 360M196 372L193 400M194 414L188 450", None, shade("#ffffff"), 4)
        h.c.path("M-10 396H118L40 470L-120 720ZM400 396H282L330 470L480 720Z", shade(mix(leaf, sand, 0.45)))
        # Pole and wires
        h.c.rect(118, 120, 8, 290, shade(mix(t.ink, sand, 0.35)))
        h.c.rect(96, 140, 52, 6, shade(mix(t.ink, sand, 0.35)))
        h.c.path(
            "M-10 120C40 150 80 150 122 143C200 170 300 160 400 110M-10 134C40 164 80 162 122 143",
            None,
            shade(mix(t.ink, sand, 0.3)),
            1.6,
        )
        # The collection point
        h.c.rect(270, 350, 104, 66, shade(mix(leaf, "#ffffff", 0.25)), 4)
        for k in range(1, 6):
            h.c.line(270 + k * 17.3, 350, 270 + k * 17.3, 416, shade(mix(leaf, t.ink, 0.25)), 1.4)
        for k in range(1, 4):
            h.c.line(270, 350 + k * 16.5, 374, 350 + k * 16.5, shade(mix(leaf, t.ink, 0.25)), 1.4)
        h.c.rect(310, 322, 26, 26, shade("#ffffff"), 3)
        h.icon("recycle", 313, 325, 20, shade(leaf), shade("#ffffff"))
        for k, colour in enumerate(sacks):
            sack(h, 258 + k * 38, 444 + (k % 2) * 8, 1.15, shade(colour))
        cat(h, 78, 446, 0.9, shade(t.ink))
