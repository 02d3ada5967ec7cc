"""Languages: which there are, which to speak, texts in several of them, and times as people read them.

The languages of the interface are those with a catalogue, and English, the source: a new one is one
file, `LANGUAGE/LC_MESSAGES/messages.po`. Pages, mails and jobs read the same catalogues from here.
The languages in which organisers write (`vocabulary.LOCALES`) are another matter: each must be complete.
Outside this module a language is a tag such as `ja`, `zh-Hant` or `pt-BR`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from babel.core import Locale, UnknownLocaleError, get_global
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from contest import clock
from contest.vocabulary import DEFAULT_LOCALE, LOCALES

CATALOGUES = Path(__file__).parent / "translations"
_folders: tuple[Path, ...] = (CATALOGUES,)


# Catalogues --------------------------------------------------------------------------------------


def use(folder: str | Path = "") -> None:
    """Read catalogues of `folder` too, before our own; "" for ours alone. Holds for this process."""
    global _folders
    _folders = (Path(folder), CATALOGUES) if folder else (CATALOGUES,)
    languages.cache_clear()
    gettext.cache_clear()


def _files(folder: Path) -> dict[str, Path]:
    """Language → its catalogue in one folder; the compiled one where both are there."""
    found = {}
    for name in ("messages.po", "messages.mo"):
        for path in folder.glob(f"*/LC_MESSAGES/{name}"):
            found[path.parent.parent.name.replace("_", "-")] = path
    return found


@lru_cache
def languages() -> tuple[str, ...]:
    """The languages of the interface, always in the same order: those of the contests, then by tag."""
    found = {language for folder in _folders for language in _files(folder)}
    return (*LOCALES, *sorted(found.difference(LOCALES)))


@lru_cache
def gettext(locale: str) -> NullTranslations:
    """The catalogue of a language; what it does not hold is said in English, the source."""
    found = [_read(files[locale]) for files in map(_files, _folders) if locale in files]
    for better, worse in pairwise(found):
        better.add_fallback(worse)
    return found[0] if found else NullTranslations()


def _read(path: Path) -> Translations:
    if path.suffix == ".mo":
        with path.open("rb") as compiled:
            return Translations(compiled)
    made = BytesIO()
    with path.open("rb") as source:
        write_mo(made, read_po(source, locale=None))
    made.seek(0)
    return Translations(made)


# Languages ---------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def cldr(language: str) -> Locale:
    """What CLDR knows of a language; of a variety that it does not know, what it knows of the language."""
    parts = language.split("-")
    for known in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:known]))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def name(language: str, reader: str) -> str:
    """What a language is called in the reader's language: Japanese; 英語."""
    found = cldr(language)
    said = found.get_display_name(cldr(reader)) or language
    # A variety that CLDR does not know keeps its own mark, so that no two names are alike.
    rest = "-".join(language.split("-")[len(str(found).split("_")) :])
    return f"{said} ({rest})" if rest else said


@lru_cache(maxsize=256)
def endonym(language: str) -> str:
    """What a language calls itself, as the switcher shows it: English, 日本語, Português."""
    said = name(language, language)
    return said[:1].upper() + said[1:]


def direction(language: str) -> str:
    """Where the language's script begins: "ltr" or "rtl"."""
    return str(cldr(language).text_direction)


def accepted(header: str | None, offered: Iterable[str]) -> str | None:
    """The best of `offered` for an Accept-Language header (RFC 9110, RFC 4647 lookup); None if none is wanted.

    A longer tag also takes the language that it narrows (ja-JP takes ja), and a shorter one any variety
    of it; Han characters tell languages apart by script (zh-TW takes zh-Hant). Weight 0 refuses.
    """
    wishes: list[tuple[float, int, str]] = []
    for number, part in enumerate((header or "").split(",")[:32]):
        tag, _, rest = part.strip().partition(";")
        typed = rest.partition(";")[0].strip().lower().removeprefix("q=") if rest else "1"
        try:
            wishes.append((-min(float(typed), 1.0), number, tag.strip().lower()))
        except ValueError:
            continue
    refused = {tag for weight, _, tag in wishes if weight == 0}
    left = [language for language in offered if language.lower() not in refused]
    for weight, _, tag in sorted(wishes):
        if not tag or not weight < 0:
            continue
        if tag == "*":
            return left[0] if left else None
        by_nearness = ((language, _nearness(tag, language.lower())) for language in left)
        near = [(closeness, -place) for place, (_, closeness) in enumerate(by_nearness) if closeness]
        if near:
            return left[-max(near)[1]]
    return None


def _nearness(tag: str, language: str) -> int:
    """How well a language serves a wished tag; 0 is not at all."""
    if tag == language:
        return 4
    if tag.startswith(f"{language}-"):
        return 3 if "-" in language or _script(tag) == _script(language) else 1
    if tag.partition("-")[0] != language.partition("-")[0]:
        return 0
    return 2 if _script(tag) == _script(language) else 1


def _script(tag: str) -> str:
    """The script of a tag, the likely one where it names none."""
    parts = tag.split("-")
    named = [part for part in parts[1:] if len(part) == 4 and part.isalpha()]
    if named:
        return named[0].title()
    likely = get_global("likely_subtags")
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    full = likely.get(f"{parts[0]}_{region}") or likely.get(parts[0]) or ""
    return next((part for part in full.split("_") if len(part) == 4), "")


def pick(offered: str | None, *wishes: str | None) -> str | None:
    """The first wish that is a language of ours; then the best match of an Accept-Language header; else None."""
    known = languages()
    for wish in wishes:
        if wish in known:
            return wish
    return accepted(offered, known)


# Texts in several languages ----------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A text in the language found. `lang` differs from the one asked for when it is a fallback."""

    text: str
    lang: str

    @property
    def dir(self) -> str:
        return direction(self.lang)

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


# What people type -----------------------------------------------------------------------------------

#: Marks on one letter, as in the Stream-Safe Text Format of Unicode (UAX #15).
_MOST_MARKS = 30
#: Letters of half width that become marks.
_KANA_MARKS = "\uff9e\uff9f"


def few_marks(text: str) -> str:
    """`text` without the marks that one letter has more of than any writing needs.

    To be called before what strangers typed is normalised: that costs the square of how many marks stand in a row,
    and the whole process waits meanwhile.
    """
    if text.isascii():
        return text
    kept, marks = [], 0
    for letter in text:
        # By category: some marks show that they are put into order only when they are taken apart.
        marks = marks + 1 if letter in _KANA_MARKS or unicodedata.category(letter).startswith("M") else 0
        if marks <= _MOST_MARKS:
            kept.append(letter)
    return "".join(kept)


# Names -------------------------------------------------------------------------------------------

_SMALL_KANA = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")


def collation(said: str) -> tuple[str, str]:
    """A key by which people find a name in a list, as well as it goes without ICU.

    Case, accents and the difference between the two kana do not count, except to settle a tie.
    """
    kept = [
        letter for letter in unicodedata.normalize("NFKD", said) if not unicodedata.category(letter).startswith("M")
    ]
    kana = (chr(ord(letter) + 0x60) if "ぁ" <= letter <= "ゖ" else letter for letter in kept)
    return "".join(kana).casefold().translate(_SMALL_KANA).replace("ー", "").replace("・", ""), said


#: Codes of CLDR that are no place of a person: unions, pseudo-territories, the unknown.
_NO_TERRITORY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


@lru_cache(maxsize=32)
def territories(locale: str) -> tuple[tuple[str, str], ...]:
    """Countries and regions as (ISO 3166 code, name), in the order in which a reader looks for them."""
    names = {**cldr("en").territories, **cldr(locale).territories}
    found = [(code, str(said)) for code, said in names.items() if len(code) == 2 and code not in _NO_TERRITORY]
    return tuple(sorted(found, key=lambda each: collation(each[1])))


def territory(code: str, locale: str) -> str:
    """The name of a country or region; what is no code is said as it is."""
    return dict(territories(locale)).get(code, code)


# Times -------------------------------------------------------------------------------------------


def city(zone_name: str, locale: str) -> str:
    """The exemplar city of a zone, such as Tokyo or 東京; UTC stays UTC."""
    if zone_name in ("UTC", "Etc/UTC"):
        return "UTC"
    return _exemplar(zone_name, locale)


@lru_cache(maxsize=1024)
def _exemplar(zone_name: str, locale: str) -> str:
    known, english = cldr(locale).time_zones, cldr("en").time_zones
    today = clock.name_today(zone_name)
    plain = _last(today)
    for name in (zone_name, today):
        if city := known.get(name, {}).get("city"):
            return str(city)
    # CLDR keeps a zone under its first name; the city that bears today's name is the one that is meant.
    for name in clock.names_before(today):
        said = str(english.get(name, {}).get("city") or _last(name))
        if collation(said[: len(plain)])[0] == collation(plain)[0]:
            return str(known.get(name, {}).get("city") or said)
    return plain


def _last(zone_name: str) -> str:
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")


def clock_label(moment: datetime, zone_name: str, locale: str) -> str:
    """The clock to the second with city and offset, for a moment of today."""
    local, place = clock.to_local(moment, zone_name), city(zone_name, locale)
    if place == "UTC":
        return f"{local:%H:%M:%S} UTC"
    if locale == "ja":
        return f"{local:%H:%M:%S}（{place}、{offset(local)}）"
    return f"{local:%H:%M:%S}, {place} ({offset(local)})"


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
    if locale.partition("-")[0] != "en":
        return format_skeleton("yMMMEd", local, locale=cldr(locale), fuzzy=True)
    return format_date(local, "EEE d MMM y", locale="en")


def date(local: datetime, locale: str) -> str:
    """The date of a local time in full, as a document says it: 30 November 2026; 2026年11月30日."""
    if locale.partition("-")[0] == "en":
        return format_date(local, "d MMMM y", locale="en")
    return format_date(local, "long", locale=cldr(locale))


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
