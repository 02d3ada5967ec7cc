"""The picture of each contest: a bay with its ferries, a hill above a harbour, and a week of things.

Wide, without any word, so that they need no font and no language. The two maps are drawn as a surveyor
would: a field of heights or depths, and lines along which it is equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from contest.demo.art_canvas import Canvas, num

SIZE = (2304, 872)
_STEP = 16
Field = Callable[[float, float], float]
Point = tuple[float, float]


def picture(subject: str) -> bytes:
    """The picture of the contest about `subject`, as SVG."""
    return {"ferry": _bay, "shelter": _hill, "waste": _week}[subject]().svg("").encode()


# Lines of equal height ------------------------------------------------------------------------------


def _survey(field: Field) -> list[list[float]]:
    """The field at every corner of a grid over the picture."""
    columns, rows = SIZE[0] // _STEP + 2, SIZE[1] // _STEP + 2
    return [[field(x * _STEP, y * _STEP) for x in range(columns)] for y in range(rows)]


def _contour(survey: list[list[float]], level: float) -> str:
    """Path data of the lines along which the surveyed field is `level`."""
    grid = [[value - level for value in row] for row in survey]
    columns, rows = len(grid[0]), len(grid)
    follow: dict[Point, list[Point]] = {}
    for y in range(rows - 1):
        upper, lower = grid[y], grid[y + 1]
        for x in range(columns - 1):
            # Most cells lie on one side altogether.
            if (upper[x] < 0) == (upper[x + 1] < 0) == (lower[x] < 0) == (lower[x + 1] < 0):
                continue
            for a, b in _crossed(grid, x, y):
                follow.setdefault(a, []).append(b)
                follow.setdefault(b, []).append(a)
    parts = []
    # Open lines from their ends first; what is left then are rings.
    for start in [*(each for each, next_ in follow.items() if len(next_) == 1), *follow]:
        line = [start]
        while follow.get(line[-1]):
            following = follow[line[-1]].pop()
            follow[following].remove(line[-1])
            line.append(following)
        if len(line) > 2:
            parts.append("M" + "L".join(f"{num(px)} {num(py)}" for px, py in line))
    return "".join(parts)


def _crossed(grid: list[list[float]], x: int, y: int) -> Iterator[tuple[Point, Point]]:
    """The pieces of the line within one cell: none, one or two."""
    corners = ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1))
    found = []
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        # Both cells at an edge must find the same point, so the edge is read in one direction.
        (ax, ay), (bx, by) = sorted(((ax, ay), (bx, by)))
        a, b = grid[ay][ax], grid[by][bx]
        if (a < 0) != (b < 0):
            part = a / (a - b)
            found.append((round((ax + part * (bx - ax)) * _STEP, 2), round((ay + part * (by - ay)) * _STEP, 2)))
    for at in range(0, len(found) - 1, 2):
        yield found[at], found[at + 1]


def _bump(x: float, y: float, cx: float, cy: float, rx: float, ry: float) -> float:
    return math.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)


# The bay --------------------------------------------------------------------------------------------

#: Units within which two shores bend each other's lines.
_SOFT = 50
_SEA, _LAND, _LINE, _ROUTE = "#dbe7e6", "#f4f1e8", "#16333b", "#0b3fb3"


def _north(x: float) -> float:
    return (
        214
        + 150 * _bump(x, 0, 300, 0, 190, 1)
        - 60 * _bump(x, 0, 900, 0, 260, 1)
        - 20 * math.sin(x / 170)
        + 150 * _bump(x, 0, 1420, 0, 120, 1)
        - 60 * _bump(x, 0, 2000, 0, 300, 1)
    )


def _south(x: float) -> float:
    return 800 - 46 * _bump(x, 0, 560, 0, 200, 1) - 18 * math.sin(x / 130 + 1) - 120 * _bump(x, 0, 2040, 0, 330, 1)


def _depth(x: float, y: float) -> float:
    """Roughly the way to the nearest shore; below nought on land."""
    island = (math.hypot((x - 980) / 150, (y - 616) / 74) - 1) * 96
    shores = (y - _north(x), _south(x) - y, island)
    low = min(shores)
    if low < 0:
        return low
    # A soft smallest, so that lines of two shores flow into one another.
    return -_SOFT * math.log(sum(math.exp(-each / _SOFT) for each in shores))


def _bay() -> Canvas:
    c = Canvas(*SIZE, ground=_LAND)
    edge = [(x, _north(x)) for x in range(-20, SIZE[0] + 21, 8)]
    edge += [(x, _south(x)) for x in range(SIZE[0] + 20, -21, -8)]
    c.poly(edge, _SEA)
    c.path(_ring(980, 616, 150, 74), _LAND)
    survey = _survey(_depth)
    for depth, opacity in ((16, 0.75), (40, 0.6), (70, 0.48), (106, 0.36), (150, 0.27), (200, 0.2), (250, 0.14)):
        c.path(_contour(survey, depth), None, _LINE, 2, opacity=opacity)
    c.path(_line([(x, _north(x)) for x in range(-20, SIZE[0] + 21, 8)]), None, _LINE, 5)
    c.path(_line([(x, _south(x)) for x in range(-20, SIZE[0] + 21, 8)]), None, _LINE, 5)
    c.path(_ring(980, 616, 150, 74), None, _LINE, 5)
    old, castle, uminaka = ((x, _north(x)) for x in (300, 1150, 1420))
    hama, airport = ((x, _south(x)) for x in (560, 1900))
    kojima, strand = (831, 610), (1128, 600)
    for route in (
        _way(old, (430, 480), (640, 610), kojima),
        _way(strand, (1230, 570), (1380, 500), uminaka),
        _way(old, (330, 540), (430, 690), hama),
        _way(uminaka, (1560, 460), (1780, 560), airport),
        _way(castle, (1170, 330), (1160, 480), strand),
    ):
        c.path(route, None, _ROUTE, 6, dash=(1, 15), round_ends=True)
    for px, py in (old, castle, uminaka, hama, airport, kojima, strand):
        c.circle(px, py, 15, "#ffffff", _LINE, 5)
    # A ferry on its way, with its wake.
    c.path("M470 494C540 540 590 566 640 582", None, "#ffffff", 9, round_ends=True, opacity=0.95)
    with c.group(650, 566, turn=14):
        c.path("M0 0H76L62 30H8Z", _LINE)
        c.path("M14 0V-22H46V0Z", "#ffffff", _LINE, 4)
    return c


def _way(start: Point, first: Point, second: Point, end: Point) -> str:
    """A bend from one pier to another."""
    return f"M{num(start[0])} {num(start[1])}C" + " ".join(f"{num(x)} {num(y)}" for x, y in (first, second, end))


def _ring(cx: float, cy: float, rx: float, ry: float) -> str:
    points = [(cx + rx * math.cos(a * math.pi / 60), cy + ry * math.sin(a * math.pi / 60)) for a in range(120)]
    return _line(points) + "Z"


def _line(points: list[Point]) -> str:
    return "M" + "L".join(f"{num(x)} {num(y)}" for x, y in points)


# The hill -------------------------------------------------------------------------------------------

_NIGHT, _PALE, _LAMP = "#10212e", "#cfe0e4", "#ffcf5c"


def _height(x: float, y: float) -> float:
    return (
        150 * _bump(x, y, 1660, 270, 420, 250)
        + 74 * _bump(x, y, 1180, 120, 380, 230)
        + 60 * _bump(x, y, 2200, 640, 300, 260)
        + 34 * _bump(x, y, 620, 40, 420, 190)
        + (x - 700) / 46
        - (y - 300) / 26
        + 5 * math.sin(x / 90) * math.cos(y / 110)
    )


def _hill() -> Canvas:
    c = Canvas(*SIZE, ground=_NIGHT)
    survey = _survey(_height)
    for level in range(-20, 176, 10):
        shore = level == 0
        strength = 0.16 if level < 0 else 0.3 + 0.35 * level / 176
        path = _contour(survey, level)
        c.path(path, None, _PALE, 5 if shore else 2, opacity=0.9 if shore else strength)
    way = "M420 640C560 600 700 640 830 560S1040 430 1160 470S1370 480 1440 400S1560 300 1660 270"
    c.path(way, None, _LAMP, 7, dash=(1, 16), round_ends=True)
    # Six minutes, each nearer to the light.
    for at, (px, py) in enumerate(((420, 640), (690, 612), (900, 516), (1160, 470), (1390, 446), (1500, 340))):
        c.circle(px, py, 11 + 2 * at, _NIGHT, _LAMP, 5)
    for radius, opacity in ((150, 0.08), (104, 0.13), (66, 0.24)):
        c.circle(1660, 270, radius, _LAMP, opacity=opacity)
    c.circle(1660, 270, 36, _LAMP)
    return c


# The week -------------------------------------------------------------------------------------------

_INK = "#22201c"
_DAYS = ("#e9d8a6", "#e2cf97", "#f2b632", "#e2cf97", "#e9d8a6", "#dccf9f", "#d2c79d")


def _week() -> Canvas:
    """Seven days, on each its thing; today's stands forward in its bag."""
    c = Canvas(*SIZE, ground=_DAYS[0])
    wide = SIZE[0] / 7
    for at, colour in enumerate(_DAYS):
        c.rect(at * wide, 0, wide + 1, SIZE[1], colour)
    c.rect(0, 690, SIZE[0], SIZE[1] - 690, _INK)
    for at, thing in enumerate((_papers, _bottle, _bag, _can, _box, _leaf, _bulb)):
        with c.group(at * wide + wide / 2, 690):
            thing(c)
    return c


def _papers(c: Canvas) -> None:
    for at, colour in enumerate(("#fbf7ea", "#e6dfca", "#fbf7ea", "#d9d0b6", "#fbf7ea")):
        c.rect(-104 + at % 2 * 10, -36 * (at + 1), 200, 36, colour)
    c.rect(-18, -180, 22, 180, "#c2452d")
    c.rect(-104, -82, 210, 18, "#c2452d")


def _bottle(c: Canvas) -> None:
    c.path("M-58 0V-190C-58 -236 -24 -250 -24 -300V-352H24V-300C24 -250 58 -236 58 -190V0Z", "#2f7f79")
    c.rect(-30, -384, 60, 36, _INK, 6)
    c.rect(-58, -170, 116, 96, "#f6f0dc")
    c.path("M-36 -226C-36 -244 -14 -262 -8 -290", None, "#bfe0d8", 9, round_ends=True)


def _bag(c: Canvas) -> None:
    c.path("M-128 0C-160 -90 -150 -250 -92 -330C-70 -360 -50 -372 -34 -392H34C50 -372 70 -360 92 -330C150 -250 160 -90 128 0Z", "#fffdf4")  # fmt: skip
    c.path("M-34 -392C-70 -430 -96 -470 -104 -506C-60 -500 -24 -470 0 -430C24 -470 60 -500 104 -506C96 -470 70 -430 34 -392Z", "#fffdf4")  # fmt: skip
    c.rect(-42, -408, 84, 24, "#c2452d", 12)
    for d in ("M-70 -310C-96 -230 -104 -130 -92 -40", "M70 -310C96 -230 104 -130 92 -40", "M0 -360V-230"):
        c.path(d, None, "#d8cfae", 7, round_ends=True)


def _can(c: Canvas) -> None:
    c.rect(-66, -220, 132, 220, "#8c9aa3", 10)
    c.rect(-66, -176, 132, 118, "#c2452d")
    c.rect(-56, -236, 112, 22, "#5b676e", 8)
    c.circle(0, -117, 34, "#f6f0dc")


def _box(c: Canvas) -> None:
    c.rect(-118, -196, 236, 196, "#b98a55")
    c.path("M-118 -196L-84 -244H84L118 -196Z", "#9c7244")
    c.rect(-20, -196, 40, 196, "#d9b585")
    c.path("M-20 -196L-14 -244H14L20 -196Z", "#c39f70")


def _leaf(c: Canvas) -> None:
    c.path("M0 0C-8 -60 -10 -110 0 -170", None, "#3f6f3a", 10, round_ends=True)
    c.path("M0 -96C-96 -110 -150 -190 -140 -290C-50 -280 10 -210 0 -96Z", "#4f8a48")
    c.path("M0 -150C76 -166 126 -226 120 -320C40 -312 -8 -246 0 -150Z", "#6fa85f")


def _bulb(c: Canvas) -> None:
    c.circle(0, -190, 104, "#fffdf4")
    c.path("M-58 -108H58L44 -62H-44Z", "#fffdf4")
    c.rect(-44, -66, 88, 66, "#8c9aa3", 8)
    for y in (-48, -26):
        c.rect(-44, y, 88, 8, "#5b676e")
    c.path("M-34 -190L-14 -150L14 -190L34 -150", None, "#f2b632", 9, round_ends=True)
