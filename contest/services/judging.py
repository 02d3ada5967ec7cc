"""Judging: a judge's queue and sheets, saving scores, stepping back; opening and closing the round.

Every score is written under a share lock on the round's row, and closing takes that row for itself: a
score that lost the race is refused, and none is counted that came after. Locks are taken in one order:
round, assignment, scorecard.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import audit, clock
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Assignment, Criterion, Entry, Recusal, Revision, Score, Scorecard
from contest.permissions import Actor
from contest.scoring import rubric
from contest.services import flags, pictures, queues
from contest.services.rounds import close_round, open_round, reopen_round
from contest.services.sheets import (
    QUEUE_STATES,
    CardView,
    JudgeSheet,
    Queue,
    QueueRow,
    Scored,
    ScoredRow,
)
from contest.vocabulary import (
    SCORECARD_TRANSITIONS,
    EntryState,
    RecusalKind,
    RoundState,
    ScorecardState,
    check_transition,
)

__all__ = [
    "close_round",
    "open_round",
    "picture_key",
    "queue",
    "recuse",
    "reopen",
    "reopen_round",
    "revision_for_judge",
    "save",
    "scores",
    "sheet",
]

#: Longest note, comment and reason, in characters.
MOST_TEXT = 5000
#: Rows of a judge's queue on one page.
QUEUE_PAGE = 50

# Reading -----------------------------------------------------------------------------------------


def queue(session: Session, actor: Actor, slug: str, *, show: str = "all", page: int = 1) -> Queue:
    """The judge's own entries in their own order. Raises NotFound unless the actor judges this contest.

    A page beyond the last is the last.
    """
    contest, round_ = queues.judged(session, actor, slug)
    rows = queues.rows_of(session, actor, round_)
    show = show if show in QUEUE_STATES else "all"
    listed = [row for row in rows if show in ("all", row.state)]
    page = min(max(page, 1), max(1, -(-len(listed) // QUEUE_PAGE)))
    wanted = listed[(page - 1) * QUEUE_PAGE : page * QUEUE_PAGE]
    looks = pictures.first_looks(session, [row.revision_id for row in wanted if row.state != "conflict"])
    nothing = pictures.FirstLook(0, 0, None)
    cards = [row.card_id for row in wanted if row.card_id is not None]
    counted = select(Score.scorecard_id, func.count()).where(Score.scorecard_id.in_(cards)).group_by(Score.scorecard_id)
    scored: dict[uuid.UUID | None, int] = dict(iter(session.execute(counted))) if cards else {}
    told = flags.told(session, actor, round_, [row.code for row in wanted if row.state != "conflict"])
    criteria = session.scalar(select(func.count()).where(Criterion.round_id == round_.id)) or 0
    shown = []
    for row in wanted:
        look = looks.get(row.revision_id, nothing)
        shown.append(
            QueueRow(
                code=row.code,
                state=row.state,
                scored=scored.get(row.card_id, 0),
                criteria=criteria,
                saved_at=row.saved_at,
                pictures=look.pictures,
                files=look.files,
                thumb=look.thumb,
                conflict=row.conflict,
                told=told.get(row.code, ()),
            )
        )
    return Queue(
        head=queues.head(contest, round_),
        progress=queues.progress(rows),
        show=show,
        rows=tuple(shown),
        total=len(listed),
        page=page,
        per=QUEUE_PAGE,
        next_open=queues.next_open(rows),
    )


def scores(session: Session, actor: Actor, slug: str) -> Scored:
    """The judge's own submitted scorecards, the highest first. Raises NotFound unless the actor judges this contest."""
    contest, round_ = queues.judged(session, actor, slug)
    rows = queues.rows_of(session, actor, round_)
    judged = {row.card_id: row for row in rows if row.state == "judged" and row.card_id is not None}
    levels: dict[uuid.UUID, dict[str, int]] = {card_id: {} for card_id in judged}
    given = (
        select(Score.scorecard_id, Criterion.key, Score.points).join(Criterion).where(Score.scorecard_id.in_(judged))
    )
    for card_id, key, points in session.execute(given):
        levels[card_id][key] = points
    looks = pictures.first_looks(session, [row.revision_id for row in judged.values()])
    nothing = pictures.FirstLook(0, 0, None)
    found = []
    for card_id, row in judged.items():
        # A submitted card has a level for each criterion, and so a total.
        found.append(ScoredRow(row.code, levels[card_id], row.share or 0, looks.get(row.revision_id, nothing).thumb))
    found.sort(key=lambda row: -row.share)
    return Scored(
        queues.head(contest, round_), queues.progress(rows), queues.criteria_of(session, round_), tuple(found)
    )


def sheet(session: Session, actor: Actor, slug: str, code: str) -> JudgeSheet:
    """One entry to judge. Raises NotFound unless it is assigned to this judge and not given back."""
    contest, round_ = queues.judged(session, actor, slug)
    rows = queues.rows_of(session, actor, round_)
    place, row = queues.find(rows, code)
    written = session.execute(
        select(Revision.title, Revision.statement, Revision.declaration).where(Revision.id == row.revision_id)
    ).one()
    seen, plain = pictures.of_revision(session, row.revision_id)
    before, after = queues.beside(rows[:place][::-1]), queues.beside(rows[place + 1 :])
    return JudgeSheet(
        head=queues.head(contest, round_),
        code=row.code,
        title=written.title,
        statement=written.statement,
        declaration=written.declaration,
        pictures=seen,
        files=plain,
        criteria=queues.criteria_of(session, round_),
        card=queues.card_of(session, row.card_id),
        progress=queues.progress(rows),
        place=place + 1,
        before=before,
        after=after,
        shares={each.code: each.share for each in rows if each.code in (before, after) and each.share is not None},
        next_open=queues.next_open(rows, place),
        told=flags.told(session, actor, round_, [row.code]).get(row.code, ()),
    )


def picture_key(session: Session, actor: Actor, slug: str, code: str, number: int, page: int, preset: str) -> str:
    """The object behind a picture of a sheet. Raises NotFound wherever the sheet itself is not shown."""
    return pictures.key_of(session, revision_for_judge(session, actor, slug, code), number, page, preset)


def revision_for_judge(session: Session, actor: Actor, slug: str, code: str) -> uuid.UUID:
    """The revision that a sheet shows. Raises NotFound wherever the sheet itself is not shown."""
    _, round_ = queues.judged(session, actor, slug)
    if round_.state == RoundState.PLANNED:
        raise NotFound
    revision_id: uuid.UUID | None = session.scalar(
        select(func.coalesce(Scorecard.revision_id, queues.LAST_REVISION))
        .select_from(Assignment)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == round_.id,
            Assignment.judge_id == actor.account_id,
            Assignment.code == code,
            Assignment.removed_at.is_(None),
            Entry.state == EntryState.SUBMITTED,
            ~select(Recusal.id).where(Recusal.assignment_id == Assignment.id).exists(),
        )
    )
    if revision_id is None:
        raise NotFound
    return revision_id


# Writing -----------------------------------------------------------------------------------------


def save(
    session: Session,
    actor: Actor,
    slug: str,
    code: str,
    *,
    version: int,
    levels: Mapping[str, int | None],
    note: str,
    comment: str,
    submit: bool = False,
) -> CardView:
    """Store the judge's own scorecard; returns what is stored now.

    `version` is the one that the judge saw, 0 before the first saving. `levels`: criterion key → level,
    None or absent for one without. Sending again what is stored already is fine with any version.

    Raises NotFound; Denied("round_closed" | "already_submitted"); Invalid (fields `level-KEY`, `note`,
    `comment`); Conflict("stale") with `stored`, a CardView, when another tab saved meanwhile.
    """
    held = queues.hold(session, actor, slug, code)
    stored = queues.card_of(session, held.card.id if held.card else None)
    same = stored.version > 0 and stored.same_as(levels, note, comment)
    if same and (not submit or stored.state == ScorecardState.SUBMITTED):
        return stored
    if version != stored.version and not same:
        raise Conflict("stale", stored=stored)
    if stored.state == ScorecardState.SUBMITTED:
        raise Denied("already_submitted")
    criteria = session.execute(
        select(Criterion.id, Criterion.key, Criterion.weight, Criterion.points)
        .where(Criterion.round_id == held.round.id)
        .order_by(Criterion.position)
    ).all()
    total = _check(criteria, levels, note, comment, submit=submit)
    now = clock.read(session)
    card = held.card
    if card is None:
        card = Scorecard(
            assignment_id=held.assignment.id,
            round_id=held.round.id,
            entry_id=held.assignment.entry_id,
            judge_id=held.assignment.judge_id,
            revision_id=held.revision_id,
            version=0,
            state=ScorecardState.DRAFT,
        )
        session.add(card)
    if held.round.rubric_frozen_at is None:
        held.round.rubric_frozen_at = now
    card.version, card.total, card.note, card.comment, card.updated_at = stored.version + 1, total, note, comment, now
    if submit:
        check_transition(SCORECARD_TRANSITIONS, card.state, ScorecardState.SUBMITTED)
        card.state, card.submitted_at = ScorecardState.SUBMITTED, now
    session.flush()
    _store(session, card.id, {row.id: levels.get(row.key) for row in criteria})
    if submit:
        audit.record(
            session, actor, "scorecard.submitted", card, contest_id=held.contest.id, code=code, version=card.version
        )
    kept = {key: level for key, level in levels.items() if level is not None}
    return CardView(card.version, card.state, now, kept, note, comment)


def _check(
    criteria: Sequence[Any], levels: Mapping[str, int | None], note: str, comment: str, *, submit: bool
) -> int | None:
    """The card's total, None while incomplete. Raises Invalid for what is missing or out of its scale."""
    problems = {name: "too_long" for name, text in (("note", note), ("comment", comment)) if len(text) > MOST_TEXT}
    points = {row.key: row.points for row in criteria}
    for key, level in levels.items():
        if key not in points or (level is not None and not 1 <= level <= points[key]):
            problems[f"level-{key}"] = "invalid"
    known = [rubric.Criterion(row.key, row.weight, row.points) for row in criteria]
    if submit:
        problems.update({f"level-{key}": "criterion_missing" for key in rubric.missing(known, levels)})
    if problems:
        raise Invalid(problems)
    return rubric.total(known, levels)


def _store(session: Session, card_id: uuid.UUID, levels: Mapping[uuid.UUID, int | None]) -> None:
    """All scores of a card in two statements at most, however many criteria there are."""
    cleared = [criterion_id for criterion_id, level in levels.items() if level is None]
    given = [
        {"scorecard_id": card_id, "criterion_id": criterion_id, "points": level}
        for criterion_id, level in levels.items()
        if level is not None
    ]
    if cleared:
        session.execute(delete(Score).where(Score.scorecard_id == card_id, Score.criterion_id.in_(cleared)))
    if given:
        statement = insert(Score).values(given)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["scorecard_id", "criterion_id"], set_={"points": statement.excluded.points}
            )
        )


def reopen(session: Session, actor: Actor, slug: str, code: str) -> None:
    """Make the judge's own submitted scorecard a draft again, until the round closes.

    Reopening a draft does nothing. Raises NotFound or Denied("round_closed").
    """
    held = queues.hold(session, actor, slug, code)
    card = held.card
    if card is None:
        raise NotFound
    if card.state == ScorecardState.DRAFT:
        return
    check_transition(SCORECARD_TRANSITIONS, card.state, ScorecardState.DRAFT)
    card.state, card.submitted_at = ScorecardState.DRAFT, None
    card.version, card.updated_at = card.version + 1, clock.read(session)
    audit.record(
        session, actor, "scorecard.reopened", card, contest_id=held.contest.id, code=code, version=card.version
    )


def recuse(session: Session, actor: Actor, slug: str, code: str, *, kind: str, reason: str) -> None:
    """Step back from an entry: it is hidden from the judge at once, and whatever they scored is not counted.

    The reason is for the organiser. Raises NotFound, Denied("round_closed") or Invalid.
    """
    held = queues.hold(session, actor, slug, code)
    problems = {}
    if kind not in set(RecusalKind):
        problems["kind"] = "kind_of_conflict"
    if not reason.strip():
        problems["reason"] = "reason_missing"
    elif len(reason) > MOST_TEXT:
        problems["reason"] = "too_long"
    if problems:
        raise Invalid(problems)
    session.add(Recusal(assignment_id=held.assignment.id, kind=kind, reason=reason, created_at=clock.read(session)))
    audit.record(
        session, actor, "assignment.recused", held.assignment, contest_id=held.contest.id, kind=kind, code=code
    )
