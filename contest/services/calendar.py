"""The dates of a contest as a calendar file (RFC 5545) to which calendars may subscribe.

Every moment is in UTC, so that each calendar shows its owner's own time. A date keeps its UID while it
moves, and SEQUENCE and LAST-MODIFIED tell a calendar that it did. Of a contest that was called off every date
stays in the file as cancelled, so that calendars which have it strike it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event, vDuration, vText
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import clock, i18n
from contest.errors import NotFound
from contest.models import AuditEvent, Contest
from contest.permissions import Actor
from contest.services import contests

#: How long before the close a calendar reminds.
REMINDERS = (timedelta(days=7), timedelta(hours=24), timedelta(hours=3))
#: How often a calendar that subscribes is asked to look.
REFRESH = timedelta(hours=6)
#: Acts that move a date or change how it is told.
_ACTS = ("contest.created", "contest.changed", "contest.deadline_moved", "contest.announced", "contest.cancelled")


@dataclass(frozen=True)
class Happening:
    """One date. `name` makes the UID; `planned`: it may still move without anybody's promise broken."""

    name: str
    at: datetime
    summary: str
    note: str = ""
    reminders: tuple[timedelta, ...] = ()
    planned: bool = False


def contest_calendar(session: Session, actor: Actor, slug: str, *, locale: str, base_url: str) -> bytes:
    """The calendar in one language, for whoever may see the contest's page. Raises NotFound."""
    contest = contests.get_public(session, actor, slug)
    found = list(_happenings(contest, locale))
    if not found:
        raise NotFound
    title = i18n.say(contest.title, locale, contest.default_locale).text
    calendar = Calendar()
    calendar.add("prodid", f"-//Contest//{urlsplit(base_url).hostname}//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    # One name is the standard's (RFC 7986), the other what many calendars read.
    calendar["name"] = _text(title, locale)
    calendar["x-wr-calname"] = vText(title)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    changed = _changed_at(session, contest)
    page = f"{base_url}/{locale}/contests/{contest.slug}"
    for happening in found:
        event = _event(happening, contest, title, locale, page)
        event["uid"] = vText(f"{contest.id}-{happening.name}@{urlsplit(base_url).hostname}")
        event.add("dtstamp", changed)
        event.add("last-modified", changed)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _happenings(contest: Contest, locale: str) -> Iterator[Happening]:
    t = i18n.gettext(locale)
    if contest.opens_at is not None:
        yield Happening("opens", contest.opens_at, t.gettext("Entries open"))
    if contest.closes_at is not None:
        end = clock.grace_end(contest.closes_at, contest.grace_seconds)
        yield Happening(
            "closes", contest.closes_at, t.gettext("Entries close"), t.gettext("The server’s clock decides."), REMINDERS
        )
        if contest.grace_seconds:
            yield Happening(
                "grace",
                end,
                t.gettext("Grace ends"),
                t.gettext("An upload that began before the close may finish by now."),
            )
    if contest.round.due_at is not None:
        yield Happening("due", contest.round.due_at, t.gettext("Judging is due"), planned=True)
    if contest.published_at is not None:
        yield Happening("winners", contest.published_at, t.gettext("Winners are announced"))
    elif contest.winners_at is not None:
        yield Happening(
            "winners",
            contest.winners_at,
            t.gettext("Winners are announced"),
            t.gettext("This date is planned."),
            planned=True,
        )


def _event(happening: Happening, contest: Contest, title: str, locale: str, page: str) -> Event:
    """One date as an event without length: it takes nobody's time, it is a line that passes."""
    t = i18n.gettext(locale)
    summary = t.gettext("%(what)s: %(contest)s") % {"what": happening.summary, "contest": title}
    cancelled = contest.cancelled_at is not None
    if cancelled:
        # Also in the words: not every calendar shows a status.
        summary = t.gettext("Called off: %(title)s") % {"title": summary}
    told = [i18n.time_label(happening.at, contest.zone, locale), "" if cancelled else happening.note, page]
    event = Event()
    event["summary"] = _text(summary, locale)
    event["description"] = _text("\n".join(part for part in told if part), locale)
    event.add("dtstart", happening.at.replace(microsecond=0))
    event.add("sequence", contest.version)
    event.add("status", "CANCELLED" if cancelled else "TENTATIVE" if happening.planned else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("url", page)
    for before in () if cancelled else happening.reminders:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -before)
        alarm["description"] = _text(summary, locale)
        event.add_component(alarm)
    return event


def _text(text: str, locale: str) -> vText:
    said = vText(text)
    said.params["LANGUAGE"] = locale
    return said


def _changed_at(session: Session, contest: Contest) -> datetime:
    """When what the calendar says was last changed."""
    newest = session.scalar(
        select(func.max(AuditEvent.at)).where(AuditEvent.contest_id == contest.id, AuditEvent.act.in_(_ACTS))
    )
    return max(filter(None, (newest, contest.created_at, contest.published_at)))
