"""What every template may use beside the values of its view: filters, tests, functions and shared values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.core import get_global
from flask import Flask
from markupsafe import Markup

from contest import clock, i18n, permissions, texts, web
from contest.scoring.tally import percent as score
from contest.services.checklist import checklist, completeness, lacking, percent
from contest.settings import Settings
from contest.vocabulary import LOCALES


def register(app: Flask, settings: Settings) -> None:
    """Give the application's templates their vocabulary."""
    for made in FILTERS:
        app.add_template_filter(made)
    app.add_template_filter(score, "score")
    app.add_template_test(upright)
    for function in (checklist, completeness, lacking, srcset, web.nonce):
        app.add_template_global(function)

    @app.context_processor
    def shared() -> dict[str, Any]:
        return {
            "actor": web.actor(),
            "locale": web.locale(),
            "locales": LOCALES,
            "languages": i18n.languages(),
            "endonyms": {language: i18n.endonym(language) for language in i18n.languages()},
            "direction": i18n.direction(web.locale()),
            "site": settings,
            "now": web.now,
            "texts": texts,
            "phase_of": clock.phase_of,
            "may": permissions,
        }


# Words -------------------------------------------------------------------------------------------


def say(value: Any) -> i18n.Said:
    return i18n.say(value, web.locale())


def paragraphs(value: Any) -> list[str]:
    return [part for part in str(value).split("\n\n") if part.strip()]


def file_name(name: str) -> str:
    """A file's name as pages may show it."""
    return i18n.safe_name(name)


def size(value: int) -> str:
    return i18n.file_size(value, web.locale())


def digest(value: bytes | str) -> list[str]:
    """A digest in groups of four, as people compare it."""
    text = value.hex() if isinstance(value, bytes) else value
    return [text[i : i + 4] for i in range(0, len(text), 4)]


# Times and places --------------------------------------------------------------------------------


def when(value: datetime, zone: str = "UTC") -> str:
    return i18n.time_label(value, zone, web.locale())


def day(value: datetime, zone: str = "UTC") -> str:
    return i18n.day(value, zone, web.locale())


def clock_time(value: datetime, zone: str = "UTC") -> str:
    return i18n.clock_label(value, zone, web.locale())


def hms(value: datetime, zone: str = "UTC") -> str:
    """The clock in a zone, to the second."""
    return f"{clock.to_local(value, zone):%H:%M:%S}"


def utc_offset(value: datetime, zone: str = "UTC") -> str:
    """The offset of a zone at a moment, such as UTC+09:00."""
    return i18n.offset(clock.to_local(value, zone))


def span(value: timedelta) -> str:
    return i18n.duration(value.total_seconds(), web.locale())


def instant(text: str) -> datetime:
    """A time of a snapshot, for the filters that say it in a zone."""
    return datetime.fromisoformat(text)


def territory(code: str) -> str:
    return i18n.territory(code, web.locale())


def city(zone: str) -> str:
    return i18n.city(zone, web.locale())


def og_locale(code: str) -> str:
    """A language as links tell it, with its likeliest territory: en_US, ja_JP."""
    parsed = i18n.cldr(code)
    if parsed.territory:
        return f"{parsed.language}_{parsed.territory}"
    likely = str(get_global("likely_subtags").get(parsed.language, parsed.language)).split("_")
    return f"{parsed.language}_{likely[-1]}" if len(likely) > 1 else parsed.language


# Pictures ----------------------------------------------------------------------------------------


def upright(size: Sequence[Any]) -> bool:
    """Whether a picture of this size (preset, width, height) is higher than wide."""
    return bool(size and size[2] > size[1])


def middle(sizes: Sequence[Any]) -> Any:
    """Of a picture's sizes (preset, width, height) the one for a page, or the largest that there is."""
    return next((size for size in sizes if size[0] == "1280"), sizes[-1])


def srcset(sizes: Iterable[Iterable[Any]], caller: Callable[[str], str]) -> Markup:
    """The widths of a picture (preset, width, height) for a browser to choose from: `call(preset)` says an address.

    A small picture is as wide in several presets; each width counts once.
    """
    found: dict[int, str] = {}
    for preset, width, _height in sizes:
        if width not in found:
            found[width] = caller(preset)
    return Markup(", ").join(Markup("{} {}w").format(address, width) for width, address in found.items())


#: Under their own names.
FILTERS: tuple[Callable[..., Any], ...] = (
    say,
    paragraphs,
    file_name,
    size,
    digest,
    when,
    day,
    clock_time,
    hms,
    utc_offset,
    span,
    instant,
    territory,
    city,
    og_locale,
    middle,
    percent,
)
