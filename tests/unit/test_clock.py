"""Phases at their edges, zones and the words for time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from contest import clock, i18n
from contest.vocabulary import Phase

OPEN = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
CLOSE = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@dataclass
class Dates:
    announced_at: datetime | None = OPEN - timedelta(days=9)
    opens_at: datetime | None = OPEN
    closes_at: datetime | None = CLOSE
    grace_seconds: int = 1800
    published_at: datetime | None = None
    cancelled_at: datetime | None = None


@pytest.mark.parametrize(
    "now, phase",
    [
        (OPEN - TICK, Phase.ANNOUNCED),
        (OPEN, Phase.OPEN),
        (CLOSE - TICK, Phase.OPEN),
        (CLOSE, Phase.GRACE),
        (CLOSE + timedelta(seconds=1800) - TICK, Phase.GRACE),
        (CLOSE + timedelta(seconds=1800), Phase.JUDGING),
    ],
)
def test_phase_is_half_open_at_every_edge(now: datetime, phase: Phase) -> None:
    assert clock.phase_of(Dates(), now) is phase


def test_without_grace_the_close_is_the_end() -> None:
    assert clock.phase_of(Dates(grace_seconds=0), CLOSE) is Phase.JUDGING


def test_not_announced_is_a_draft_whatever_the_dates() -> None:
    assert clock.phase_of(Dates(announced_at=None), CLOSE) is Phase.DRAFT


def test_published_ends_every_phase() -> None:
    assert clock.phase_of(Dates(published_at=CLOSE + timedelta(days=9)), CLOSE + timedelta(days=10)) is Phase.PUBLISHED


@pytest.mark.parametrize("now", [OPEN - TICK, OPEN, CLOSE, CLOSE + timedelta(days=9)])
def test_called_off_ends_every_phase(now: datetime) -> None:
    assert clock.phase_of(Dates(cancelled_at=OPEN - timedelta(days=1)), now) is Phase.CANCELLED


def test_local_time_is_read_in_the_contests_zone() -> None:
    assert clock.from_local(datetime(2026, 12, 1, 0, 0), "Asia/Tokyo") == CLOSE


def test_a_repeated_local_time_takes_its_first_reading() -> None:
    assert clock.from_local(datetime(2026, 10, 25, 2, 30), "Europe/Vienna") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_time_is_told_with_weekday_city_and_offset_in_both_languages() -> None:
    said = [i18n.time_label(CLOSE - timedelta(seconds=1), "Asia/Tokyo", locale) for locale in ("en", "ja")]

    assert said == ["Mon 30 Nov 2026 23:59:59, Tokyo (UTC+09:00)", "2026年11月30日(月) 23:59:59（東京、UTC+09:00）"]


@pytest.mark.parametrize(
    "seconds, said",
    [
        (3, "less than 1 minute"),
        (61, "1 min"),
        (3 * 3600 + 60, "3 h 1 min"),
        (86400, "1 day 0 h"),
        (200_000, "2 days 7 h"),
    ],
)
def test_durations_are_coarse_and_honest(seconds: int, said: str) -> None:
    assert i18n.duration(seconds, "en") == said


def test_a_missing_language_falls_back_and_says_so() -> None:
    assert i18n.say({"ja": "船"}, "en") == i18n.Said("船", "ja")
    assert i18n.say({"en": " ", "ja": ""}, "ja") == i18n.Said("", "ja")


def test_each_zone_is_offered_once() -> None:
    places = clock.places()

    assert len(places) > 400
    assert {"Asia/Kolkata", "Europe/Kyiv", "Europe/Amsterdam", "Africa/Accra"} <= set(places)
    assert [name for name in places if clock.name_today(name) != name or not clock.is_zone(name)] == []
    cities = [i18n.city(name, "en") for name in places]
    assert len(set(cities)) == len(cities)


@pytest.mark.parametrize(
    "today, before, english, japanese",
    [
        ("Asia/Kolkata", "Asia/Calcutta", "Kolkata", "コルカタ"),
        ("Europe/Kyiv", "Europe/Kiev", "Kyiv", "キーウ"),
        ("America/Argentina/Buenos_Aires", "America/Buenos_Aires", "Buenos Aires", "ブエノスアイレス"),
        ("America/Los_Angeles", "US/Pacific", "Los Angeles", "ロサンゼルス"),
    ],
)
def test_a_zone_is_told_alike_by_its_old_name_and_by_that_of_today(
    today: str, before: str, english: str, japanese: str
) -> None:
    assert (clock.name_today(before), clock.name_today(today)) == (today, today)
    assert before in clock.names_before(today)
    for name in (today, before):
        assert (i18n.city(name, "en"), i18n.city(name, "ja")) == (english, japanese)
