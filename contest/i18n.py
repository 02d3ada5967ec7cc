"""Languages: gettext outside a request, texts in several languages, and times as people read them.

Pages use the same catalogues through Flask-Babel; mails and jobs use `gettext(locale)` from here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel.core import Locale
from babel.dates import format_date, format_skeleton
from babel.support import Translations

from contest import clock
from contest.vocabulary import DEFAULT_LOCALE, LOCALES

CATALOGUES = Path(__file__).parent / "translations"

#: How a language calls itself: what the switcher shows.
ENDONYMS = {"en": "English", "ja": "日本語"}


@lru_cache
def gettext(locale: str) -> NullTranslations:
    """The catalogue of a locale; English is the source and needs none."""
    return Translations.load(str(CATALOGUES), [locale])


@dataclass(frozen=True)
class Said:
    """A text in the language found. `lang` differs from the one asked for when it is a fallback."""

    text: str
    lang: str

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


def say(texts: Mapping[str, str] | None, locale: str, default: str = DEFAULT_LOCALE) -> Said:
    """The text for `locale`; else the contest's default language; else any. Never raises."""
    texts = texts or {}
    for lang in (locale, default, *LOCALES, *texts):
        if found := (texts.get(lang) or "").strip():
            return Said(found, lang)
    return Said("", locale)


def pick(offered: str | None, *wishes: str | None) -> str:
    """The first wish that is a language of ours; then the best match of an Accept-Language header."""
    for wish in wishes:
        if wish in LOCALES:
            return str(wish)
    for part in (offered or "").split(","):
        lang = part.split(";")[0].strip().lower()[:2]
        if lang in LOCALES:
            return lang
    return DEFAULT_LOCALE


def city(zone_name: str, locale: str) -> str:
    """The exemplar city of a zone, such as Tokyo or 東京; UTC stays UTC."""
    if zone_name in ("UTC", "Etc/UTC"):
        return "UTC"
    return _exemplar(zone_name, locale)


@lru_cache(maxsize=1024)
def _exemplar(zone_name: str, locale: str) -> str:
    known = Locale.parse(locale).time_zones.get(zone_name, {})
    return str(known.get("city") or zone_name.rsplit("/", 1)[-1].replace("_", " "))


def offset(moment: datetime) -> str:
    """The offset of an aware local time as UTC+09:00."""
    delta = moment.utcoffset()
    minutes = int(delta.total_seconds() // 60) if delta else 0
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def day(moment: datetime, zone_name: str, locale: str) -> str:
    """Date with weekday: Mon 30 Nov 2026; 2026年11月30日(月)."""
    local = clock.to_local(moment, zone_name)
    if locale == "ja":
        return format_skeleton("yMMMdE", local, locale="ja", fuzzy=True)
    return format_date(local, "EEE d MMM y", locale=locale)


def time_label(moment: datetime, zone_name: str, locale: str) -> str:
    """Date with weekday, clock to the second, city and offset, in one zone."""
    local = clock.to_local(moment, zone_name)
    said, place = f"{day(moment, zone_name, locale)} {local:%H:%M:%S}", city(zone_name, locale)
    return f"{said}（{place}、{offset(local)}）" if locale == "ja" else f"{said}, {place} ({offset(local)})"


def duration(seconds: float, locale: str) -> str:
    """A coarse, honest length: 2 days 3 h, 5 h 12 min, 4 min, less than 1 minute."""
    t = gettext(locale)
    minutes = int(abs(seconds) // 60)
    days, rest = divmod(minutes, 1440)
    hours, mins = divmod(rest, 60)
    if days:
        said = t.ngettext("%(days)d day %(hours)d h", "%(days)d days %(hours)d h", days)
        return said % {"days": days, "hours": hours}
    if hours:
        return t.gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": mins}
    if mins:
        return t.gettext("%(minutes)d min") % {"minutes": mins}
    return t.gettext("less than 1 minute")


def file_size(size: int, locale: str) -> str:
    """Bytes as people read them, in powers of 1,000: 2.3 MB, 20 MB."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            said = f"{value:,.0f}" if unit == "B" or value >= 100 else f"{value:,.1f}".removesuffix(".0")
            return f"{said} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


#: Marks that turn the direction of what follows, so that "exe.png" may read as "gnp.exe".
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe_name(name: str) -> str:
    """A file's name as it may be shown: marks that turn the direction, and line ends, become visible."""
    return "".join(
        "\ufffd" if letter in _TURNING or unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in name
    )
