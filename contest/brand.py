"""An operator's colours and logo: checked when the site starts, so that no page can become unreadable.

Colours are pairs "light,dark" of hexadecimal colours. What stands on them must have a contrast of 4.5:1
(WCAG 2.2, 1.4.3), and they themselves against the page and its sheets.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

#: Least contrast of text (WCAG 2.2, success criterion 1.4.3).
CONTRAST = 4.5
LOGO_MOST = 100_000
#: The sheet's own values, in the order light, dark (tests hold them against the style sheet).
GROUNDS = {"paper": ("#fbfbf9", "#131413"), "sheet": ("#ffffff", "#1b1c1b")}
OWN = {
    "link": ("#0017c1", "#9db7f9"),
    "on-link": ("#ffffff", "#0b1020"),
    "warm": ("#b5330b", "#ff9b73"),
    "on-warm": ("#ffffff", "#2a0d02"),
}
_KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Logo:
    data: bytes
    kind: str
    name: str


def pair(text: str) -> Pair:
    """A "light,dark" pair as two colours of six digits. Raises ValueError."""
    parts = [part.strip().lower() for part in text.split(",")]
    if len(parts) != 2 or not all(_HEX.fullmatch(part) for part in parts):
        raise ValueError("two hexadecimal colours are needed, light and dark, such as #0017c1,#9db7f9")
    light, dark = (part if len(part) == 7 else "#" + "".join(2 * digit for digit in part[1:]) for part in parts)
    return light, dark


def contrast(one: str, other: str) -> float:
    """Contrast of two colours of six digits, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def problems(given: dict[str, str]) -> list[str]:
    """Why these colours (token name → "light,dark", "" for our own) may not be used; empty when they may."""
    found, chosen = [], {}
    for name, text in given.items():
        setting = f"BRAND_{name.upper().replace('-', '_')}"
        try:
            chosen[name] = pair(text) if text else OWN[name]
        except ValueError as error:
            found.append(f"{setting}: {error}")
    if found:
        return found
    for name in ("link", "warm"):
        against = [("BRAND_ON_" + name.upper(), chosen[f"on-{name}"]), *((each, GROUNDS[each]) for each in GROUNDS)]
        for label, other in against:
            for theme, one, two in zip(("light", "dark"), chosen[name], other, strict=True):
                ratio = contrast(one, two)
                if ratio < CONTRAST:
                    found.append(
                        f"BRAND_{name.upper()} {one} against {label} {two} ({theme}) has a contrast of "
                        f"{ratio:.1f}:1; at least {CONTRAST}:1 is needed"
                    )
    return found


def css(given: dict[str, str]) -> str:
    """The style sheet of the colours that are set; "" when none is."""
    rules = [f"--{name}: light-dark({', '.join(pair(text))});" for name, text in given.items() if text]
    return f"@layer tokens {{ :root {{ {' '.join(rules)} }} }}\n" if rules else ""


def logo(path: str) -> Logo:
    """The logo's bytes, its media type, and a name that changes with them. Raises ValueError."""
    kind = _KINDS.get(Path(path).suffix.lower())
    if kind is None:
        raise ValueError("BRAND_LOGO must be an .svg, .png or .webp file")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"BRAND_LOGO cannot be read: {error.strerror}") from None
    if len(data) > LOGO_MOST:
        raise ValueError(f"BRAND_LOGO has {len(data):,} bytes; at most {LOGO_MOST:,} are taken")
    looks = {
        "image/svg+xml": b"<svg" in data[:2000],
        "image/png": data.startswith(b"\x89PNG\r\n\x1a\n"),
        "image/webp": data[:4] == b"RIFF" and data[8:12] == b"WEBP",
    }
    if not looks[kind]:
        raise ValueError("BRAND_LOGO does not hold what its name says")
    return Logo(data, kind, digest(data) + Path(path).suffix.lower())


def digest(data: bytes) -> str:
    """What changes when the bytes do: for addresses that may be cached for long."""
    return hashlib.sha256(data).hexdigest()[:12]


@dataclass(frozen=True)
class Brand:
    """What an operator set: a sheet of colours ("" for none) with its digest, and a logo."""

    sheet: str
    sheet_digest: str
    logo: Logo | None


def load(colours: dict[str, str], logo_path: str) -> Brand:
    """Read the brand once, when the site starts. Raises ValueError for a logo that cannot be served."""
    sheet = css(colours)
    return Brand(sheet, digest(sheet.encode()), logo(logo_path) if logo_path else None)
