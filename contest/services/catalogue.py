"""What the public reads: the list of contests, and one contest's page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, true
from sqlalchemy.orm import Session

from contest import clock, permissions
from contest.models import Contest, ContestPicture, Criterion, Entry, Prize, Round
from contest.permissions import Actor
from contest.services import contests, covers
from contest.services.covers import Cover
from contest.services.drafts import CategoryRow, Slot, TermsState, categories_of, slots_of, terms_of
from contest.vocabulary import STAFF_ROLES, EntryState, Phase, RoundState

#: Contests that are over and that the list shows, newest first: so many with winners, so many that were called off.
OVER_MOST = 50
#: The phases in the order of the list: what one can act on comes first.
ORDER = (
    Phase.OPEN,
    Phase.GRACE,
    Phase.ANNOUNCED,
    Phase.JUDGING,
    Phase.PUBLISHED,
    Phase.CANCELLED,
    Phase.DRAFT,
)


@dataclass(frozen=True)
class ContestRow:
    """One contest in the list. `entry_state`: that of the reader's own entry."""

    slug: str
    title: dict[str, str]
    summary: dict[str, str]
    host: dict[str, str]
    default_locale: str
    zone: str
    opens_at: datetime | None
    closes_at: datetime | None
    grace_seconds: int
    announced_at: datetime | None
    winners_at: datetime | None
    published_at: datetime | None
    cancelled_at: datetime | None
    entry_state: str | None
    cover: Cover | None


@dataclass(frozen=True)
class Listing:
    """The contests by phase, in the order in which the page shows them; phases without one are left out."""

    groups: tuple[tuple[Phase, tuple[ContestRow, ...]], ...]
    now: datetime


def listing(session: Session, actor: Actor) -> Listing:
    """Announced contests for everybody, and for the app team those that it prepares."""
    visible = true() if actor.signed_in and actor.is_admin else Contest.announced_at.is_not(None)
    managed = [contest_id for contest_id, roles in actor.roles.items() if roles & STAFF_ROLES]
    rows = session.execute(
        select(
            Contest.slug,
            Contest.title,
            Contest.summary,
            Contest.host,
            Contest.default_locale,
            Contest.zone,
            Contest.opens_at,
            Contest.closes_at,
            Contest.grace_seconds,
            Contest.announced_at,
            Contest.winners_at,
            Contest.published_at,
            Contest.cancelled_at,
            ContestPicture.alt,
            ContestPicture.caption,
            ContestPicture.sizes,
            Entry.state.label("entry_state"),
        )
        .outerjoin(ContestPicture, ContestPicture.contest_id == Contest.id)
        .outerjoin(
            Entry,
            and_(
                Entry.contest_id == Contest.id,
                Entry.account_id == actor.account_id,
                Entry.state != EntryState.WITHDRAWN,
            ),
        )
        .where(or_(visible, Contest.id.in_(managed)))
        .order_by(Contest.closes_at.nulls_last(), Contest.slug)
    )
    now = clock.read(session)
    found: dict[Phase, list[ContestRow]] = {phase: [] for phase in ORDER}
    for row in rows:
        given = dict(row._mapping)
        cover = covers.made_of(*(given.pop(name) for name in ("alt", "caption", "sizes")))
        each = ContestRow(**given, cover=cover)
        found[clock.phase_of(each, now)].append(each)
    found[Phase.JUDGING].reverse()
    for phase in (Phase.PUBLISHED, Phase.CANCELLED):
        found[phase].sort(key=lambda each: each.published_at or each.cancelled_at or now, reverse=True)
        del found[phase][OVER_MOST:]
    return Listing(tuple((phase, tuple(group)) for phase, group in found.items() if group), now)


@dataclass(frozen=True)
class ContestPage:
    """One contest's page. `step` names the one next thing for this reader (see `next_step`)."""

    contest: Contest
    slots: tuple[Slot, ...]
    criteria: tuple[Any, ...]
    prizes: tuple[Any, ...]
    categories: tuple[CategoryRow, ...]
    terms: TermsState
    judges_per_entry: int
    judging_until: datetime | None
    #: Whether the judges have finished, so that what remains is to decide.
    judged: bool
    cover: Cover | None
    entry_state: str | None
    step: str
    phase: Phase
    now: datetime

    @property
    def grace_end(self) -> datetime | None:
        """Until when an upload begun in time may finish; None if the contest grants no grace."""
        if self.contest.closes_at is None or self.contest.grace_seconds == 0:
            return None
        return clock.grace_end(self.contest.closes_at, self.contest.grace_seconds)

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.contest.grace_seconds)


def contest_page(session: Session, actor: Actor, slug: str) -> ContestPage:
    """Everything that a contest says of itself. Raises NotFound for one that the actor may not know of."""
    contest = contests.get_public(session, actor, slug)
    round_ = session.execute(
        select(Round.id, Round.judges_per_entry, Round.due_at, Round.state)
        .where(Round.contest_id == contest.id)
        .order_by(Round.position.desc())
        .limit(1)
    ).one()
    criteria = session.execute(
        select(Criterion.key, Criterion.name, Criterion.question, Criterion.weight, Criterion.points, Criterion.levels)
        .where(Criterion.round_id == round_.id)
        .order_by(Criterion.position)
    ).all()
    prizes = session.execute(
        select(Prize.key, Prize.name, Prize.amount, Prize.quantity)
        .where(Prize.contest_id == contest.id)
        .order_by(Prize.position)
    ).all()
    entry_state = _entry_state(session, actor, contest.id)
    now = clock.read(session)
    phase = clock.phase_of(contest, now)
    return ContestPage(
        contest=contest,
        slots=slots_of(session, contest),
        criteria=tuple(criteria),
        prizes=tuple(prizes),
        categories=categories_of(session, contest),
        terms=terms_of(session, actor, contest),
        judges_per_entry=round_.judges_per_entry,
        judging_until=round_.due_at,
        judged=round_.state in (RoundState.CLOSED, RoundState.TALLIED, RoundState.CONFIRMED),
        cover=covers.of(contest.picture),
        entry_state=entry_state,
        step=next_step(actor, contest, phase, entry_state),
        phase=phase,
        now=now,
    )


def _entry_state(session: Session, actor: Actor, contest_id: uuid.UUID) -> str | None:
    """The state of the actor's entry: of the live one, else of one that was withdrawn."""
    if not actor.signed_in:
        return None
    return session.scalar(
        select(Entry.state)
        .where(Entry.contest_id == contest_id, Entry.account_id == actor.account_id)
        .order_by(Entry.state == EntryState.WITHDRAWN)
        .limit(1)
    )


def next_step(actor: Actor, contest: Contest, phase: Phase, entry_state: str | None) -> str:
    """The one next thing: "manage", "register", "start", "go_on", "look", "winners" or "" for nothing."""
    live = entry_state not in (None, EntryState.WITHDRAWN)
    if phase is Phase.PUBLISHED:
        return "winners"
    if permissions.may_manage(actor, contest):
        return "manage"
    if phase is Phase.ANNOUNCED:
        return "" if actor.signed_in else "register"
    if live:
        return "go_on" if phase is Phase.OPEN else "look"
    if phase is Phase.OPEN and not actor.roles.get(contest.id):
        return "start"
    return ""
