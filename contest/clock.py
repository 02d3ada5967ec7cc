"""Time: the database's clock, phases, deadlines and the zones in which they are read.

Every comparison with a deadline uses the database's clock, read after the row is locked, so that
web hosts with wrong clocks cannot let an entry in or keep one out. Intervals are half open:
`opens_at <= now < closes_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest.vocabulary import Phase


class Dated(Protocol):
    """What of a contest decides its phase."""

    @property
    def announced_at(self) -> datetime | None: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def grace_seconds(self) -> int: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def cancelled_at(self) -> datetime | None: ...


def read(session: Session) -> datetime:
    """The database's clock now, not the transaction's start: call it after taking the lock."""
    value: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return value.astimezone(UTC)


def phase_of(contest: Dated, now: datetime) -> Phase:
    """The phase of a contest at `now` (aware). The only place that compares its dates."""
    if contest.announced_at is None or contest.opens_at is None or contest.closes_at is None:
        return Phase.DRAFT
    if contest.cancelled_at is not None:
        return Phase.CANCELLED
    if contest.published_at is not None:
        return Phase.PUBLISHED
    if now < contest.opens_at:
        return Phase.ANNOUNCED
    if now < contest.closes_at:
        return Phase.OPEN
    if now < grace_end(contest.closes_at, contest.grace_seconds):
        return Phase.GRACE
    return Phase.JUDGING


def grace_end(closes_at: datetime, grace_seconds: int) -> datetime:
    """Until when an upload begun before the deadline may finish and be sealed."""
    return closes_at + timedelta(seconds=grace_seconds)


_ZONES = frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone such as Asia/Tokyo."""
    return name in _ZONES


def zone(name: str) -> ZoneInfo:
    """The IANA zone `name`, or UTC where a stored name has become unknown."""
    return ZoneInfo(name if name in _ZONES else "UTC")


@cache
def places() -> tuple[str, ...]:
    """The zones to choose from: one for each place that tzdata lists, under the name that it has today."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    return tuple(sorted({line.split("\t")[2] for line in lines if line and not line.startswith("#")} & _ZONES))


def name_today(name: str) -> str:
    """What a zone is called today: Asia/Kolkata for Asia/Calcutta. Browsers and old rows know the old names."""
    today: str = get_global("zone_aliases").get(name, name)
    return today


@cache
def names_before(name: str) -> Sequence[str]:
    """The old names of a zone that bears its name of today."""
    return tuple(sorted(old for old, today in get_global("zone_aliases").items() if today == name))


def from_local(naive: datetime, zone_name: str) -> datetime:
    """Local wall time in a zone → UTC. A time that the zone skips or repeats takes its first reading."""
    return naive.replace(tzinfo=zone(zone_name), fold=0).astimezone(UTC)


def wall_time(naive: datetime, zone_name: str) -> str:
    """How often a zone's clocks show this wall time: "plain" (once), "skipped" (never), "repeated" (twice)."""
    first, second = (naive.replace(tzinfo=zone(zone_name), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return "plain"
    # Through UTC and back, a time that exists comes out as it went in.
    back = first.astimezone(UTC).astimezone(zone(zone_name)).replace(tzinfo=None)
    return "repeated" if back == naive.replace(fold=0) else "skipped"


def to_local(moment: datetime, zone_name: str) -> datetime:
    return moment.astimezone(zone(zone_name))
