"""A judge's own assignments, in their own order: what queue, sheet, comparison and saving begin with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import permissions
from contest.errors import NotFound
from contest.models import Assignment, Contest, Criterion, Entry, Recusal, Round, Score, Scorecard
from contest.permissions import Actor
from contest.scoring import rubric
from contest.services.listing import newest_revision
from contest.services.sheets import CardView, Head, Progress, SheetCriterion
from contest.vocabulary import EntryState, Role, RoundState, ScorecardState

#: The newest sealed revision of `Entry`, as a part of a statement.
LAST_REVISION = newest_revision()


@dataclass(frozen=True)
class Row:
    """An assignment of the judge, as the queue needs it."""

    code: str
    state: str
    saved_at: datetime | None
    conflict: str
    revision_id: uuid.UUID
    card_id: uuid.UUID | None
    #: The judge's own marks in thousandths of full ones; None while a level is missing.
    share: int | None


def judged(session: Session, actor: Actor, slug: str, *, hold: bool = False) -> tuple[Contest, Round]:
    """The contest that the actor judges, and its round. Raises NotFound for anybody else.

    A judge's access ends when the winners are published: what was blind is not looked up afterwards.
    `hold` keeps the contest's row from being locked by others: see `hold`.
    """
    wanted = select(Contest, Round).join(Round).where(Contest.slug == slug).order_by(Round.position.desc()).limit(1)
    if hold:
        wanted = wanted.with_for_update(read=True, key_share=True, of=Contest)
    row = session.execute(wanted.execution_options(populate_existing=hold)).first()
    if row is None or not actor.has(row.Contest.id, Role.JUDGE):
        raise NotFound
    if row.Contest.published_at is not None or row.Round.state == RoundState.CONFIRMED:
        raise NotFound
    return row.Contest, row.Round


@dataclass(frozen=True)
class Held:
    """A sheet under its locks."""

    contest: Contest
    round: Round
    assignment: Assignment
    card: Scorecard | None
    revision_id: uuid.UUID


def hold(session: Session, actor: Actor, slug: str, code: str) -> Held:
    """Lock round, assignment and scorecard, in this order, and ask whether scores are still taken.

    The contest's row comes before them all: scorecards and events refer to it, and the lock that comes with
    a reference would come last, while the organiser's acts take the contest first and then the round.
    The round is held in share mode, so that judges do not wait for each other, but for the first scorecard
    of all: that one freezes the rubric and so takes the row for itself from the start, because two share
    locks that both want to write would wait for each other for ever. Raises NotFound or Denied.
    """
    contest, seen = judged(session, actor, slug, hold=True)
    frozen = seen.rubric_frozen_at is not None
    round_ = session.get_one(Round, seen.id, with_for_update={"read": True} if frozen else True, populate_existing=True)
    assignment = session.scalars(
        select(Assignment)
        .where(
            Assignment.round_id == round_.id,
            Assignment.judge_id == actor.account_id,
            Assignment.code == code,
            Assignment.removed_at.is_(None),
        )
        .with_for_update()
    ).first()
    if assignment is None or round_.state == RoundState.PLANNED:
        raise NotFound
    # Asked only now that the assignment is held: a recusal that committed while we waited is seen.
    entry = session.execute(
        select(
            Entry.state,
            LAST_REVISION.label("revision_id"),
            select(Recusal.id).where(Recusal.assignment_id == assignment.id).scalar_subquery().label("recusal"),
        ).where(Entry.id == assignment.entry_id)
    ).one()
    if entry.state != EntryState.SUBMITTED or entry.recusal is not None:
        raise NotFound
    permissions.may_score(round_).require()
    card = session.scalars(
        select(Scorecard)
        .where(Scorecard.assignment_id == assignment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    return Held(contest, round_, assignment, card, entry.revision_id)


def head(contest: Contest, round_: Round) -> Head:
    decision = permissions.may_score(round_)
    return Head(
        slug=contest.slug,
        contest=dict(contest.title),
        round=dict(round_.name),
        zone=contest.zone,
        due_at=round_.due_at,
        open=decision.allowed,
        reason=decision.reason,
        closed_at=round_.closed_at,
        cancelled_at=contest.cancelled_at,
    )


def rows_of(session: Session, actor: Actor, round_: Round) -> list[Row]:
    """The judge's assignments in their own random order. Entries that left the contest are gone here too."""
    if round_.state == RoundState.PLANNED:
        return []
    found = session.execute(
        select(
            Assignment.code,
            Scorecard.id.label("card_id"),
            Scorecard.state,
            Scorecard.total,
            Scorecard.updated_at,
            Recusal.kind.label("conflict"),
            func.coalesce(Scorecard.revision_id, LAST_REVISION).label("revision_id"),
        )
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == round_.id,
            Assignment.judge_id == actor.account_id,
            Assignment.removed_at.is_(None),
            Entry.state == EntryState.SUBMITTED,
        )
        .order_by(Assignment.position, Assignment.code)
    ).all()
    # Passed over: nothing saved here, but something further down in the judge's order.
    last = max((place for place, row in enumerate(found) if row.card_id is not None), default=-1)
    rows = []
    for place, row in enumerate(found):
        if row.conflict is not None:
            state = "conflict"
        elif row.card_id is None:
            state = "skipped" if place < last else "open"
        else:
            state = "judged" if row.state == ScorecardState.SUBMITTED else "draft"
        share = None if row.total is None else (row.total * 2000 + rubric.FULL) // (2 * rubric.FULL)
        rows.append(Row(row.code, state, row.updated_at, row.conflict or "", row.revision_id, row.card_id, share))
    return rows


def progress(rows: Sequence[Row]) -> Progress:
    states = [row.state for row in rows]
    return Progress(len(rows), *(states.count(state) for state in ("judged", "draft", "skipped", "conflict", "open")))


def next_open(rows: Sequence[Row], after: int = -1) -> str | None:
    """The next entry to judge behind a place, then from the top; what was passed over comes last."""
    turned = [*rows[after + 1 :], *rows[: max(after, 0)]]
    for states in (("draft", "open"), ("skipped",)):
        for row in turned:
            if row.state in states:
                return row.code
    return None


def find(rows: Sequence[Row], code: str) -> tuple[int, Row]:
    for place, row in enumerate(rows):
        if row.code == code and row.state != "conflict":
            return place, row
    raise NotFound


def beside(rows: Sequence[Row]) -> str | None:
    return next((row.code for row in rows if row.state != "conflict"), None)


def criteria_of(session: Session, round_: Round) -> tuple[SheetCriterion, ...]:
    rows = session.execute(
        select(Criterion.key, Criterion.name, Criterion.question, Criterion.weight, Criterion.levels)
        .where(Criterion.round_id == round_.id)
        .order_by(Criterion.position)
    )
    return tuple(
        SheetCriterion(row.key, dict(row.name), dict(row.question), row.weight, tuple(row.levels)) for row in rows
    )


def card_of(session: Session, card_id: uuid.UUID | None) -> CardView:
    if card_id is None:
        return CardView()
    card = session.execute(
        select(Scorecard.version, Scorecard.state, Scorecard.updated_at, Scorecard.note, Scorecard.comment).where(
            Scorecard.id == card_id
        )
    ).one()
    levels = session.execute(
        select(Criterion.key, Score.points).join(Criterion).where(Score.scorecard_id == card_id)
    ).all()
    return CardView(card.version, card.state, card.updated_at, dict(levels), card.note, card.comment)
