"""Palettes and type manners: one theme for each entry, as if each came from another designer.

Text colours are chosen so that every pair in `Theme.text_pairs()` reaches 4.5 : 1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """How one designer works.

    `family` names the layout family; `lang` which language leads on screen ("en", "ja", "en+ja" with
    Japanese second, "ja+en" the other way round); `extra` holds the colours of pictures, never of text.
    """

    family: str
    lang: str
    bg: str
    surface: str
    ink: str
    muted: str
    line: str
    primary: str
    on_primary: str
    accent: str
    on_accent: str
    extra: tuple[str, ...]
    face: str = "sans"
    display: str = "sans"
    radius: float = 12

    def text_pairs(self) -> tuple[tuple[str, str], ...]:
        """(text, ground) for each pair in which the screens set words."""
        return (
            (self.ink, self.bg),
            (self.ink, self.surface),
            (self.muted, self.bg),
            (self.muted, self.surface),
            (self.on_primary, self.primary),
            (self.on_accent, self.accent),
        )


def _channel(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return 0.2126 * _channel(r) + 0.7152 * _channel(g) + 0.0722 * _channel(b)


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(ground: str, *choices: str) -> str:
    """The choice that stands out most from the ground; black and white are always tried last."""
    for choice in choices:
        if contrast(choice, ground) >= 4.5:
            return choice
    return max(("#ffffff", "#111111"), key=lambda c: contrast(c, ground))


def mix(one: str, other: str, share: float) -> str:
    """`share` of `other` in `one`, channel by channel."""
    pairs = zip((one[1:3], one[3:5], one[5:7]), (other[1:3], other[3:5], other[5:7]), strict=True)
    return "#" + "".join(f"{round(int(a, 16) * (1 - share) + int(b, 16) * share):02x}" for a, b in pairs)


THEMES: dict[str, Theme] = {
    # A: the ferry app
    "tide-line": Theme(
        "map", "en", "#d7e9e5", "#ffffff", "#0b3b43", "#3c6066", "#b3d0cc", "#0b3b43", "#eef7f5", "#c2401a", "#ffffff",
        ("#b9dcd7", "#f3e7cf", "#e8c98f", "#e8552d", "#8fc3bd", "#0a2b31"), radius=16,
    ),
    "kamome": Theme(
        "dark", "ja", "#1d1a3d", "#2c2760", "#f4f2ec", "#cfcaf0", "#4a4488", "#ff8a5c", "#1d1a3d", "#5fd0c5", "#12302e",
        ("#4a4488", "#ff8a5c", "#5fd0c5", "#f6d06f", "#37316f", "#f4f2ec"), radius=20,
    ),
    "four-boats": Theme(
        "diagram", "en", "#fbfaf4", "#ffffff", "#1b1b1b", "#57564f", "#d8d6ca", "#1b1b1b", "#ffffff", "#c62b22", "#ffffff",
        ("#d9342b", "#0a6ab6", "#f2a900", "#2b8a57", "#6b4fa0", "#d5e8f2"), radius=0,
    ),
    "eyes-up": Theme(
        "bigtype", "en", "#0d0d0d", "#1c1c1c", "#ffffff", "#d0d0d0", "#555555", "#ffe14d", "#0d0d0d", "#7fd0ff", "#0d0d0d",
        ("#ffe14d", "#7fd0ff", "#ffffff", "#0d0d0d", "#ffe14d", "#1c1c1c"), radius=0,
    ),
    # B: the evacuation app
    "higher-ground": Theme(
        "map", "en+ja", "#f4efe4", "#fffdf8", "#22302b", "#55635c", "#d9d0bd", "#1f5c3f", "#f6fff8", "#b3261e", "#ffffff",
        ("#a9cfe0", "#e7eed3", "#c4d8a4", "#b3261e", "#8db46b", "#dfd3b8"), face="sans", radius=6,
    ),
    "seven-lines": Theme(
        "list", "en", "#ffffff", "#ffffff", "#111111", "#5c5c5c", "#d4d4d4", "#d0021b", "#ffffff", "#111111", "#ffffff",
        ("#d0021b", "#111111", "#f2f2f2", "#9b9b9b", "#ffd9d9", "#e6e6e6"), radius=0,
    ),
    "pocket-shelter": Theme(
        "card", "en", "#fff3ea", "#ffffff", "#3a1f3d", "#6d5270", "#e8d3c9", "#6a2c70", "#ffffff", "#ffd166", "#3a1f3d",
        ("#f08a8a", "#ffd166", "#9ad5ca", "#b8c0ff", "#f4b6d2", "#6a2c70"), radius=24,
    ),
    "one-word": Theme(
        "bigtype", "en+ja", "#ff6a2b", "#ffffff", "#140a05", "#2b1509", "#c24a14", "#140a05", "#fff3ec", "#ffffff", "#140a05",
        ("#140a05", "#ffffff", "#ffc7ad", "#ff6a2b", "#3a1b0d", "#ffe3d6"), radius=0,
    ),
    "lantern": Theme(
        "dark", "en", "#101418", "#1b2229", "#f6efe2", "#bdb6a8", "#39424c", "#ffb545", "#201400", "#7bd389", "#0c2411",
        ("#39424c", "#ffb545", "#7bd389", "#e8846b", "#242d36", "#f6efe2"), radius=10, display="serif",
    ),
    "heron": Theme(
        "illustration", "en", "#fdf3e3", "#ffffff", "#15383c", "#4a6468", "#e6d6bb", "#0f6b6b", "#ffffff", "#f4b860", "#3a2407",
        ("#bfe0d8", "#f6c9a8", "#e2725b", "#0f6b6b", "#f4b860", "#7fb7a6"), radius=28, display="serif",
    ),
    "shelter-desk": Theme(
        "table", "ja", "#eef2f8", "#ffffff", "#16233a", "#516079", "#d5dce8", "#2f5bd8", "#ffffff", "#b4400f", "#ffffff",
        ("#2f5bd8", "#1f8a5b", "#e2a400", "#c8452a", "#b9c2d0", "#16233a"), radius=6,
    ),
    "twelve-signs": Theme(
        "picto", "en+ja", "#ffffff", "#f3f4f1", "#10201a", "#4c5a53", "#cfd5d1", "#00713d", "#ffffff", "#c1121f", "#ffffff",
        ("#00713d", "#c1121f", "#0057a8", "#ffc400", "#10201a", "#5b3a8c"), radius=10,
    ),
    "if-then-go": Theme(
        "diagram", "en", "#0f2f57", "#17406f", "#f2f7ff", "#c3d6ef", "#4d78a8", "#ffd84d", "#1c2a10", "#7ff0d0", "#062b22",
        ("#ffd84d", "#7ff0d0", "#ff9aa2", "#f2f7ff", "#9ec5ff", "#1b4a80"), face="mono", display="mono", radius=2,
    ),
    "ask-simply": Theme(
        "chat", "en+ja", "#efeafd", "#ffffff", "#231942", "#5c5378", "#d6cdf0", "#5b2fc9", "#ffffff", "#c8f169", "#1d2b05",
        ("#c8f169", "#5b2fc9", "#ffb4a2", "#b8a9ee", "#fff1c9", "#231942"), radius=22,
    ),
    "seventy-two": Theme(
        "dial", "en", "#f7f7f2", "#ffffff", "#141414", "#5a5a55", "#d9d9d0", "#c42138", "#ffffff", "#1c3f95", "#ffffff",
        ("#c42138", "#f46036", "#f6ae2d", "#1b998b", "#1c3f95", "#e4e4da"), face="sans", display="mono", radius=4,
    ),
    "takadai": Theme(
        "vertical", "ja", "#f6f1e5", "#fbf8f0", "#1f1b16", "#5d554a", "#d8cdb8", "#b7371f", "#fffaf2", "#20385c", "#ffffff",
        ("#20385c", "#b7371f", "#8aa1b5", "#c9b98f", "#5f7a5a", "#e6dcc6"), face="serif", display="serif", radius=0,
    ),
    # C: the guide to rubbish
    "nine-bins": Theme(
        "picto", "en", "#fdfcff", "#ffffff", "#14213d", "#525c73", "#dcdde8", "#14213d", "#ffffff", "#ffd6e0", "#14213d",
        ("#a8e6cf", "#ffd3b6", "#ffe680", "#b5d8ff", "#d9c8ff", "#ffb7c5"), radius=99,
    ),
    "what-day": Theme(
        "illustration", "ja", "#fffdf5", "#ffffff", "#1d2b53", "#525f83", "#e8e2cc", "#1d5fbf", "#ffffff", "#ffd23f", "#1d2b53",
        ("#bfe6f5", "#ffd23f", "#ef6f53", "#1d5fbf", "#5fb878", "#f7efd8"), radius=18,
    ),
    "eight-oclock": Theme(
        "dial", "en", "#0d1b2a", "#16293d", "#f5f3ea", "#b9c5d1", "#33495f", "#ffb703", "#1d1400", "#8ecae6", "#0b2230",
        ("#ffb703", "#fb8500", "#8ecae6", "#52b788", "#e5989b", "#24394f"), display="serif", radius=14,
    ),
    "sort-swipe": Theme(
        "card", "en", "#0c3b2e", "#12513f", "#fdf7e7", "#cfe3d4", "#2d6b57", "#ffba08", "#2a1d00", "#fdf7e7", "#0c3b2e",
        ("#ffba08", "#f79d84", "#cde7b0", "#a2d6f9", "#fdf7e7", "#e0bbe4"), radius=30,
    ),
    "a-to-z": Theme(
        "list", "en", "#faf7f0", "#faf7f0", "#2b2118", "#6b5c4c", "#ddd3c2", "#7a3b1d", "#fffaf2", "#2f5d50", "#ffffff",
        ("#7a3b1d", "#2f5d50", "#efe6d5", "#b89b72", "#e7cdb9", "#cfdcd3"), face="serif", display="serif", radius=0,
    ),
    "this-one-where": Theme(
        "chat", "en", "#e8f3ec", "#ffffff", "#10291d", "#48604f", "#c9dfd1", "#146c43", "#ffffff", "#ffe08a", "#2b2200",
        ("#ffe08a", "#146c43", "#f2a65a", "#b7e0c6", "#9cc9e3", "#10291d"), radius=10,
    ),
    "wakeru": Theme(
        "vertical", "ja", "#eef0e2", "#f8f9f0", "#26301f", "#56604b", "#cfd4bb", "#3f6224", "#ffffff", "#a63d2f", "#ffffff",
        ("#3f6224", "#a63d2f", "#9db17c", "#d9c27c", "#6d8fa3", "#dfe3cb"), face="serif", display="serif", radius=0,
    ),
    "yellow-tuesday": Theme(
        "bigtype", "en", "#ffd400", "#ffffff", "#0b1320", "#3f3a10", "#b89900", "#0b1320", "#ffffff", "#0b4fd6", "#ffffff",
        ("#c92a1e", "#ffd400", "#ffffff", "#0b4fd6", "#c9ccd0", "#0b1320"), radius=0,
    ),
}  # fmt: skip
