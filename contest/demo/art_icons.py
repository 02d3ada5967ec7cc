"""Pictograms on a grid of 48 units, drawn for the demo.

Each is a tuple of strokes of the pen: `f` fills a path, `k` knocks one out in the ground's colour,
`s<width>` and `n<width>` stroke in either colour; `o`, `h` and `r<width>` are a filled, a knocked-out
and a stroked circle (cx cy r).
"""

from __future__ import annotations

from contest.demo.art_canvas import Canvas, num

ICONS: dict[str, tuple[str, ...]] = {
    # Water and boats
    "boat": ("f M4 27H44L38 39H10Z", "f M13 17H35V25H13Z", "f M25 8H31V16H25Z", "h 18 21 2", "h 24 21 2", "h 30 21 2"),
    "anchor": ("s4 M24 16V42", "s4 M15 21H33", "s4 M8 29C9 38 16 42 24 42S39 38 40 29", "r4 24 11 5"),
    "ramp": ("f M4 38L30 22H44V38Z", "s4 M4 30L27 15H44", "o 36 8 4"),
    "ticket": ("f M5 13H43V20C38 20 38 28 43 28V35H5V28C10 28 10 20 5 20Z", "n3 M29 16V32"),
    "wave": (
        "s4 M4 16Q9 10 14 16T24 16 34 16 44 16",
        "s4 M4 26Q9 20 14 26T24 26 34 26 44 26",
        "s4 M4 36Q9 30 14 36T24 36 34 36 44 36",
    ),
    "tsunami": (
        "f M4 40C6 20 18 8 30 10C38 11 42 17 40 23C38 28 31 28 30 23C24 24 24 34 34 36H44V40Z",
        "n3 M10 40C12 28 17 20 24 17",
    ),
    # Getting about
    "walk": ("o 27 8 4.5", "s5 M25 17L22 28L28 33L29 43", "s5 M22 28L17 35L12 41", "s4 M15 25L18 18L26 16L30 22L35 24"),
    "run": ("o 31 8 4.5", "s5 M28 16L21 27L29 32L25 42", "s5 M21 27L17 34H8", "s4 M12 20L19 15L28 16L33 23L40 22"),
    "wheelchair": ("o 20 8 4", "s4 M20 15V27H31L36 39H41", "s4 M21 20H30", "r4 20 32 11"),
    "tram": (
        "f M12 10H36C38 10 39 11 39 13V34C39 36 38 37 36 37H12C10 37 9 36 9 34V13C9 11 10 10 12 10Z",
        "k M13 15H23V25H13Z",
        "k M25 15H35V25H25Z",
        "h 16 31 2.4",
        "h 32 31 2.4",
        "s3 M24 10V4M17 4H31",
        "s3 M14 42L17 38M34 42L31 38",
    ),
    "bus": (
        "f M8 10H40V36H8Z",
        "k M12 15H36V24H12Z",
        "h 15 30 2.4",
        "h 33 30 2.4",
        "f M11 36H17V41H11Z",
        "f M31 36H37V41H31Z",
    ),
    "bike": (
        "r3.5 11 33 8",
        "r3.5 37 33 8",
        "s3.5 M12 33L20 20H32L36 33",
        "s3.5 M20 20L26 33H12",
        "s3.5 M17 15H22M32 20L30 13H35",
    ),
    "arrow": ("f M6 20H26V9L43 24L26 39V28H6Z",),
    "up": ("f M24 4L42 24H31V44H17V24H6Z",),
    "pin": ("f M24 4C33 4 39 10 39 18C39 28 28 37 24 45C20 37 9 28 9 18C9 10 15 4 24 4Z", "h 24 18 6"),
    "stairs": ("f M4 42V34H14V26H24V18H34V10H44V42Z",),
    # Danger
    "quake": ("f M8 24L24 9L40 24V42H8Z", "n3 M26 14L20 23L28 28L21 42", "s3 M2 34L5 38M46 34L43 38"),
    "hill": ("f M2 42L18 14L27 29L32 22L46 42Z", "s3.5 M18 14V4", "f M18 3L29 7L18 11Z"),
    "typhoon": ("o 24 24 9", "h 24 24 4", "s4 M24 9C34 5 43 11 44 21", "s4 M24 39C14 43 5 37 4 27"),
    "flood": (
        "f M10 18L24 6L38 18V26H10Z",
        "s4 M3 33Q8.25 28 13.5 33T24 33 34.5 33 45 33",
        "s4 M3 42Q8.25 37 13.5 42T24 42 34.5 42 45 42",
        "k M20 18H28V26H20Z",
    ),
    "slide": ("f M3 42L21 12L34 24L28 30L45 42Z", "o 36 13 4", "o 42 22 3", "o 29 7 2.5"),
    "fire": (
        "f M25 3C27 12 38 18 38 30C38 39 32 45 24 45S10 39 10 30C10 23 14 19 16 14C18 18 19 20 21 21C24 16 25 10 25 3Z",
        "k M24 27C28 31 30 34 30 37C30 41 27 43 24 43S18 41 18 37C18 34 21 31 24 27Z",
    ),
    "alert": ("f M24 4L46 43H2Z", "n4 M24 17V29", "h 24 36 2.6"),
    # At the shelter
    "shelter": ("f M3 24L24 6L45 24H39V42H9V24Z", "h 24 22 3.4", "k M18 42V32C18 28 20 27 24 27S30 28 30 32V42Z"),
    "school": (
        "f M4 42V20H17V12L24 7L31 12V20H44V42Z",
        "h 24 17 2.6",
        "k M21 42V33H27V42Z",
        "k M8 25H13V30H8Z",
        "k M35 25H40V30H35Z",
        "k M8 34H13V38H8Z",
        "k M35 34H40V38H35Z",
    ),
    "house": ("f M3 25L24 6L45 25H39V42H28V30H20V42H9V25Z",),
    "drop": (
        "f M24 4C31 14 38 21 38 30C38 38 32 44 24 44S10 38 10 30C10 21 17 14 24 4Z",
        "n3 M17 31C17 35 20 38 24 38",
    ),
    "rice": (
        "f M5 24H43C43 33 38 38 32 40V43H16V40C10 38 5 33 5 24Z",
        "f M11 21C12 14 18 11 24 11S36 14 37 21Z",
        "s3 M36 4L28 12",
    ),
    "toilet": (
        "o 14 8 4.5",
        "o 34 8 4.5",
        "f M8 15H20V30H18V43H10V30H8Z",
        "f M34 14L43 32H38V43H30V32H25Z",
        "s2 M24 4V44",
    ),
    "cross": ("f M17 5H31V17H43V31H31V43H17V31H5V17H17Z",),
    "plug": ("s4 M17 5V15M31 5V15", "f M11 15H37V23C37 31 31 35 24 35S11 31 11 23Z", "s4 M24 35V44"),
    "paw": (
        "f M24 23C31 23 37 30 37 36C37 41 33 42 30 41C26 40 22 40 18 41C15 42 11 41 11 36C11 30 17 23 24 23Z",
        "o 10 21 4.5",
        "o 18 11 4.8",
        "o 30 11 4.8",
        "o 38 21 4.5",
    ),
    "bed": ("f M4 12H9V28H44V40H39V35H9V40H4Z", "f M20 17H38C42 17 44 20 44 25H20Z", "o 14.5 21.5 4"),
    "people": (
        "o 24 11 6",
        "f M13 34C13 24 18 20 24 20S35 24 35 34V42H13Z",
        "o 9 17 4.4",
        "f M2 38V32C2 26 5 24 10 24C9 28 9 33 9 38Z",
        "o 39 17 4.4",
        "f M46 38V32C46 26 43 24 38 24C39 28 39 33 39 38Z",
    ),
    "globe": ("r3.5 24 24 18", "s3 M24 6C32 14 32 34 24 42C16 34 16 14 24 6", "s3 M7 18H41M7 30H41"),
    "shoe": (
        "f M5 14C9 18 14 18 17 13L33 26C42 28 45 31 45 36H5Z",
        "f M5 38H45V42H5Z",
        "n2.5 M20 20L24 16M25 24L29 20",
    ),
    "bagpack": (
        "s3.5 M17 12C17 5 31 5 31 12",
        "f M12 14C12 11 15 11 18 11H30C33 11 36 11 36 14V42H12Z",
        "k M16 27H32V37H16Z",
        "f M19 30H29V33H19Z",
        "f M6 24H10V38H6Z",
        "f M38 24H42V38H38Z",
    ),
    "radio": (
        "f M5 16H43V42H5Z",
        "s3 M10 16L32 5",
        "h 16 29 7",
        "o 16 29 3",
        "k M28 23H38V26H28Z",
        "k M28 31H38V34H28Z",
    ),
    "torch": ("f M15 5H33V14L29 20V43H19V20L15 14Z", "h 24 28 2.6"),
    # At home, and what is thrown away
    "bottle": (
        "f M19 3H29V11C29 15 34 17 34 23V42C34 44 33 45 31 45H17C15 45 14 44 14 42V23C14 17 19 15 19 11Z",
        "k M14 25H34V35H14Z",
    ),
    "can": ("f M12 9L15 4H33L36 9V39L33 44H15L12 39Z", "n2.5 M12 11H36M12 37H36"),
    "glass": ("f M20 3H28V14C28 18 35 21 35 29V45H13V29C13 21 20 18 20 14Z", "k M18 31H30V39H18Z"),
    "apple": (
        "f M24 15C30 10 42 12 41 24C40 36 33 45 28 43C25 42 23 42 20 43C15 45 8 36 7 24C6 12 18 10 24 15Z",
        "s3.5 M24 15C24 9 27 6 31 4",
        "k M36 16C30 19 30 26 37 30L44 26V16Z",
    ),
    "fish": (
        "f M3 15L12 24L3 33Z",
        "s3.5 M10 24H32",
        "s3 M17 17V31M24 15V33",
        "f M30 14C38 15 43 19 45 24C43 29 38 33 30 34Z",
        "h 37 21 2",
    ),
    "paper": ("f M9 4H30L39 13V44H9Z", "k M30 4L39 13H30Z", "n2.6 M15 21H33M15 28H33M15 35H27"),
    "box": ("f M4 15L24 6L44 15V36L24 45L4 36Z", "n2.6 M4 15L24 24L44 15M24 24V45"),
    "tray": ("f M3 16H45L39 38H9Z", "n2.6 M12 24H36M14 31H34"),
    "wrap": (
        "f M10 8L14 12L18 8L22 12L26 8L30 12L34 8L38 12V36L34 40L30 36L26 40L22 36L18 40L14 36L10 40Z",
        "h 24 24 6",
    ),
    "cap": ("f M8 18C8 12 40 12 40 18V30C40 36 8 36 8 30Z", "n2.6 M14 22V33M20 23V34M28 23V34M34 22V33"),
    "battery": ("f M18 4H30V9H36V45H12V9H18Z", "n3.5 M24 17V29M18 23H30", "n3.5 M18 37H30"),
    "bulb": (
        "f M24 3C33 3 39 9 39 17C39 24 34 27 32 33H16C14 27 9 24 9 17C9 9 15 3 24 3Z",
        "f M17 36H31V40H17Z",
        "f M20 42H28V46H20Z",
    ),
    "fridge": ("f M11 3H37V45H11Z", "n2.6 M11 19H37M17 9V14M17 24V32"),
    "shirt": ("f M16 5C19 10 29 10 32 5L45 12L40 23L35 21V44H13V21L8 23L3 12Z",),
    "pan": ("f M3 17H33V27C33 34 28 37 18 37S3 34 3 27Z", "s5 M33 20H46", "s3 M12 6V12M20 6V12"),
    "chair": ("s4 M14 5V43M14 27H36V43M14 8H30L32 27", "f M14 24H36V30H14Z"),
    "bin": ("f M9 14H39L36 45H12Z", "f M6 8H42V12H6Z", "f M18 3H30V7H18Z", "n3 M18 20L19 39M30 20L29 39M24 20V39"),
    "bag": ("f M20 14C8 20 5 32 8 45H40C43 32 40 20 28 14Z", "f M15 3L24 7L33 3L29 13H19Z"),
    "recycle": (
        "s4.5 M15 19L23 6L31 18",
        "s4.5 M36 25L43 37H29",
        "s4.5 M21 37H6L13 26",
        "f M34 8L33 20L23 16Z",
        "f M33 31V43L25 37Z",
        "f M7 30L16 21L19 32Z",
    ),
    "tap": (
        "f M6 12H26C33 12 37 17 37 24H29C29 21 28 20 25 20H6Z",
        "f M14 4H22V12H14Z",
        "f M33 30C36 35 38 37 38 40C38 43 36 45 33 45S28 43 28 40C28 37 30 35 33 30Z",
    ),
    # The interface
    "clock": ("r4 24 24 19", "s4 M24 13V25L32 30"),
    "bell": (
        "f M24 4C33 5 36 11 36 19C36 28 38 31 41 36H7C10 31 12 28 12 19C12 11 15 5 24 4Z",
        "f M18 38H30C30 42 27 45 24 45S18 42 18 38Z",
    ),
    "calendar": (
        "f M6 9H42V43H6Z",
        "k M10 18H38V39H10Z",
        "s4 M15 4V12M33 4V12",
        "f M14 22H20V27H14Z",
        "f M28 22H34V27H28Z",
        "f M14 31H20V36H14Z",
    ),
    "search": ("r4.5 20 20 14", "s5 M30 30L43 43"),
    "camera": ("f M4 13H14L18 7H30L34 13H44V41H4Z", "h 24 26 9", "o 24 26 4.5"),
    "speak": ("f M4 8H44V34H24L14 44V34H4Z", "n3 M12 17H36M12 25H28"),
    "sound": ("f M4 18H13L25 7V41L13 30H4Z", "s3.5 M31 17C34 21 34 27 31 31M36 11C43 18 43 30 36 37"),
    "check": ("s6 M7 25L19 37L42 11",),
    "close": ("s5 M10 10L38 38M38 10L10 38",),
    "plus": ("s5 M24 8V40M8 24H40",),
    "menu": ("s4 M7 13H41M7 24H41M7 35H41",),
    "chevron": ("s5 M17 8L33 24L17 40",),
    "back": ("s5 M31 8L15 24L31 40",),
    "down": ("s5 M8 17L24 33L40 17",),
    "star": ("f M24 4L30 18L45 19L34 29L37 44L24 36L11 44L14 29L3 19L18 18Z",),
    "moon": ("f M30 5C20 8 14 15 14 24S22 41 34 42C30 45 26 46 22 45C11 43 5 34 6 23C7 12 17 3 30 5Z",),
    "sun": ("o 24 24 9", "s4 M24 3V9M24 39V45M3 24H9M39 24H45M9 9L13 13M35 35L39 39M39 9L35 13M13 35L9 39"),
    "home": ("f M4 23L24 6L44 23V43H30V30H18V43H4Z",),
}


def icon(c: Canvas, name: str, x: float, y: float, size: float, colour: str, ground: str) -> None:
    """Draw an icon with its top left corner at x, y; `ground` shows through its holes."""
    with c.group(x, y, size / 48):
        for stroke in ICONS[name]:
            pen, _, rest = stroke.partition(" ")
            paint = ground if pen[0] in "knh" else colour
            if pen[0] in "ohr":
                cx, cy, r = (float(v) for v in rest.split())
                if pen[0] == "r":
                    c.circle(cx, cy, r, None, paint, float(pen[1:]))
                else:
                    c.circle(cx, cy, r, paint)
            elif pen[0] in "fk":
                c.path(rest, paint)
            else:
                c.path(rest, None, paint, float(pen[1:]))


def qr(c: Canvas, bits: list[bool], x: float, y: float, cell: float, colour: str) -> None:
    """A square code of 25 modules that looks like a ticket's and carries nothing."""
    finder = {(0, 0), (18, 0), (0, 18)}
    d = []
    for index in range(625):
        col, row = index % 25, index // 25
        if any(fx - 1 <= col <= fx + 7 and fy - 1 <= row <= fy + 7 for fx, fy in finder):
            continue
        if bits[index]:
            d.append(f"M{num(x + col * cell)} {num(y + row * cell)}h{num(cell)}v{num(cell)}h-{num(cell)}z")
    c.path("".join(d), colour)
    for fx, fy in sorted(finder):
        left, top = x + fx * cell, y + fy * cell
        c.rect(left + cell / 2, top + cell / 2, cell * 6, cell * 6, None, stroke=colour, sw=cell)
        c.rect(left + cell * 2, top + cell * 2, cell * 3, cell * 3, colour)
