"""The outcome for an entrant: where their own entry stands in what is published, and what judges wrote to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, defer

from contest.errors import NotFound
from contest.models import (
    Assignment,
    Criterion,
    Entry,
    Publication,
    Recusal,
    Round,
    Score,
    Scorecard,
    Standing,
    Tally,
)
from contest.permissions import Actor
from contest.services import announcements, entries
from contest.vocabulary import EntryState, PublicationState, ScorecardState


@dataclass(frozen=True)
class Outcome:
    """What the publication in force says of one entry; the ranks of all entries are public under their numbers."""

    entry: Entry
    #: Number of the publication, for its file.
    publication: int
    method: str
    entries: int
    #: How many scorecards an entry needs to be ranked.
    minimum: int
    #: rank, tied, numerator, denominator, score, tie_rule, scorecards; None if the tally does not know the entry.
    standing: Row[*tuple[Any, ...]] | None
    #: The prize's name in the languages that it has; None without a prize.
    prize: dict[str, str] | None
    #: Without names, in the order of the mail that brought them.
    comments: list[str]
    #: What the snapshot says of the published scores; None if they are not public.
    scores: Mapping[str, Any] | None
    #: Of each criterion, where the scores are public: name, weight, points (the highest), and the mean of this entry.
    means: Sequence[Row[*tuple[Any, ...]]]


def own(session: Session, actor: Actor, slug: str) -> Outcome:
    """The outcome of the actor's own entry. Raises NotFound without an entry in the contest or anything in force."""
    entry = entries.get_own(session, actor, slug)
    if entry.state != EntryState.SUBMITTED:
        raise NotFound
    row = session.execute(
        select(
            Publication,
            Tally,
            Round.id.label("round_id"),
            Publication.snapshot["awards"].label("awards"),
            Publication.snapshot["scores"].label("scores"),
        )
        .join(Tally, Tally.id == Publication.tally_id)
        .join(Round, Round.id == Tally.round_id)
        .where(Publication.contest_id == entry.contest_id, Publication.state == PublicationState.PUBLISHED)
        # All entrants come at once, and the standings of all are most of it.
        .options(defer(Publication.snapshot))
    ).first()
    if row is None:
        raise NotFound
    standing = session.execute(
        select(
            Standing.rank,
            Standing.tied,
            Standing.numerator,
            Standing.denominator,
            Standing.score,
            Standing.tie_rule,
            Standing.scorecards,
        ).where(Standing.tally_id == row.Tally.id, Standing.entry_id == entry.id)
    ).first()
    won = [award["prize"]["name"] for award in row.awards if award["entry"] == entry.number]
    return Outcome(
        entry=entry,
        publication=row.Publication.number,
        method=row.Tally.method,
        entries=row.Tally.n_entries,
        minimum=row.Tally.params["minimum"],
        standing=standing,
        prize=won[0] if won else None,
        scores=row.scores,
        means=_means(session, row.round_id, entry.id) if row.scores else (),
        comments=announcements.comments_of(session, row.Publication, row.round_id, entry.id).get(entry.id, []),
    )


def _means(session: Session, round_id: uuid.UUID, entry_id: uuid.UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """What the judges gave for each criterion, on average, from the scorecards that count."""
    return session.execute(
        select(Criterion.name, Criterion.weight, Criterion.points, func.avg(Score.points).label("mean"))
        .join(Score, Score.criterion_id == Criterion.id)
        .join(Scorecard, Scorecard.id == Score.scorecard_id)
        .join(Assignment, Assignment.id == Scorecard.assignment_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Scorecard.round_id == round_id,
            Scorecard.entry_id == entry_id,
            Scorecard.state == ScorecardState.SUBMITTED,
            Assignment.removed_at.is_(None),
            Recusal.id.is_(None),
        )
        .group_by(Criterion.id)
        .order_by(Criterion.position, Criterion.key)
    ).all()
