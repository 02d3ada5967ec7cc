"""The dates of a contest in people's own calendars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar, Event
from sqlalchemy.orm import Session

from contest import i18n
from contest.models import Contest
from contest.services import contests
from tests.factories import Make, both
from tests.pages import Pages

CLOSES = datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC)


@pytest.fixture
def contest(make: Make) -> Contest:
    made = make.contest(
        "open",
        slug="ferry",
        title={"en": "A ferry, an app; for\\all", "ja": "渡船アプリ、みんなの" + "長い名前" * 12},
        closes_at=CLOSES,
        grace_seconds=1800,
        winners_at=datetime(2031, 1, 20, 2, tzinfo=UTC),
    )
    made.round.due_at = datetime(2030, 12, 16, 8, tzinfo=UTC)
    return made


def _read(pages: Pages, lang: str = "en") -> tuple[Any, dict[str, Event]]:
    """The response, and the events by what they are."""
    response = pages.open(f"/{lang}/contests/ferry/dates.ics")
    assert response.status_code == 200
    parsed = Calendar.from_ical(response.get_data())
    assert not parsed.errors
    events = parsed.walk("VEVENT")
    assert not [error for event in events for error in event.errors]
    return response, {str(event["uid"]).rsplit("@", 1)[0].rsplit("-", 1)[1]: event for event in events}


def test_every_date_is_an_event_in_utc(pages: Pages, contest: Contest) -> None:
    response, events = _read(pages)

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert {name: event.decoded("dtstart") for name, event in events.items()} == {
        "opens": contest.opens_at and contest.opens_at.replace(microsecond=0),
        "closes": CLOSES,
        "grace": CLOSES + timedelta(minutes=30),
        "due": datetime(2030, 12, 16, 8, tzinfo=UTC),
        "winners": datetime(2031, 1, 20, 2, tzinfo=UTC),
    }
    assert b"DTSTART:20301130T145959Z\r\n" in response.get_data()
    assert {str(event["uid"]) for event in events.values()} == {
        f"{contest.id}-{name}@localhost" for name in ("opens", "closes", "grace", "due", "winners")
    }
    assert {name: str(event["status"]) for name, event in events.items() if event["status"] != "CONFIRMED"} == {
        "due": "TENTATIVE",
        "winners": "TENTATIVE",
    }


def test_the_close_reminds_three_times_and_says_its_zone(pages: Pages, contest: Contest) -> None:
    _, events = _read(pages)
    close = events["closes"]

    assert [alarm.decoded("trigger") for alarm in close.walk("VALARM")] == [
        timedelta(days=-7),
        timedelta(hours=-24),
        timedelta(hours=-3),
    ]
    assert str(close["summary"]) == "Entries close: A ferry, an app; for\\all"
    assert str(close["description"]).splitlines() == [
        "Sat 30 Nov 2030 23:59:59, Tokyo (UTC+09:00)",
        "The server’s clock decides.",
        "http://localhost:5000/en/contests/ferry",
    ]
    assert close["url"] == "http://localhost:5000/en/contests/ferry"
    assert [len(event.walk("VALARM")) for name, event in events.items() if name != "closes"] == [0, 0, 0, 0]


def test_the_file_is_as_the_standard_wants(pages: Pages, contest: Contest) -> None:
    lines = _read(pages, "ja")[0].get_data().split(b"\r\n")

    assert (lines[0], lines[-2:]) == (b"BEGIN:VCALENDAR", [b"END:VCALENDAR", b""])
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line for line in lines)
    assert b"VERSION:2.0" in lines
    assert not any(line.startswith(b"METHOD") for line in lines)


def test_it_speaks_the_language_of_its_address(pages: Pages, contest: Contest) -> None:
    _, english = _read(pages)
    _, japanese = _read(pages, "ja")

    summary = japanese["closes"]["summary"]
    assert contest.title["ja"] in str(summary) and contest.title["en"] not in str(summary)
    assert (summary.params["LANGUAGE"], english["closes"]["summary"].params["LANGUAGE"]) == ("ja", "en")
    assert i18n.time_label(CLOSES, "Asia/Tokyo", "ja") in str(japanese["closes"]["description"])
    # One event in two languages is one event: a calendar that changes its language keeps no twin.
    assert english["closes"]["uid"] == japanese["closes"]["uid"]


def test_a_date_that_moves_keeps_its_identity_and_says_that_it_moved(
    pages: Pages, make: Make, session: Session, contest: Contest
) -> None:
    organiser = make.account(is_staff=True)
    make.member(contest, "organiser", organiser)
    first, before = _read(pages)
    assert (
        pages.open("/en/contests/ferry/dates.ics", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    )

    local = {
        name: (moment + timedelta(hours=9)).replace(tzinfo=None, microsecond=0) if moment else None
        for name, moment in (
            ("opens_at", contest.opens_at),
            ("due_at", contest.round.due_at),
            ("winners_at", None),
        )
    }
    contests.change_dates(
        session,
        make.actor(organiser),
        "ferry",
        zone="Asia/Tokyo",
        closes_at=datetime(2030, 12, 3, 23, 59, 59),
        grace_minutes=30,
        **local,  # type: ignore[arg-type]
    )
    session.commit()
    second, after = _read(pages)

    assert after["closes"]["uid"] == before["closes"]["uid"]
    assert after["closes"].decoded("dtstart") == datetime(2030, 12, 3, 14, 59, 59, tzinfo=UTC)
    assert after["closes"]["sequence"] > before["closes"]["sequence"]
    assert after["closes"].decoded("last-modified") >= before["closes"].decoded("last-modified")
    assert set(after) == {"opens", "closes", "grace", "due"}
    assert first.headers["ETag"] != second.headers["ETag"]


def test_published_winners_are_no_plan_any_more(pages: Pages, contest: Contest) -> None:
    contest.published_at = datetime(2031, 1, 21, 3, tzinfo=UTC)

    _, events = _read(pages)

    assert (events["winners"].decoded("dtstart"), str(events["winners"]["status"])) == (
        contest.published_at,
        "CONFIRMED",
    )


def test_a_contest_without_grace_or_plans_has_two_dates(pages: Pages, make: Make) -> None:
    make.contest("open", slug="ferry", grace_seconds=0)

    assert set(_read(pages)[1]) == {"opens", "closes"}


def test_what_is_not_announced_is_there_for_its_team_only(pages: Pages, make: Make) -> None:
    organiser = make.account(is_staff=True)
    make.contest("draft", slug="ferry", organiser=organiser)
    make.contest("draft", slug="undated", organiser=organiser, opens_at=None, closes_at=None)

    assert pages.open("/en/contests/ferry/dates.ics").status_code == 404
    assert pages.open("/en/contests/nothing/dates.ics").status_code == 404
    assert set(_read(pages.as_(organiser))[1]) == {"opens", "closes", "grace"}
    assert pages.as_(organiser).open("/en/contests/undated/dates.ics").status_code == 404


def test_hostile_words_stay_words(pages: Pages, make: Make) -> None:
    make.contest("open", slug="ferry", title=both("X\r\nBEGIN:VALARM\r\nATTACH:http://evil.example\r\n;,:\\"))

    body = _read(pages)[0].get_data()

    assert b"\nATTACH" not in body
    assert body.count(b"\r\nBEGIN:VALARM\r\n") == 3
