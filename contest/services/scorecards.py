"""The scorecards of one entry side by side, for organisers who ask why a judge stands out.

Levels and scores only: what a judge wrote to the designer goes out without the judge's name, and the note is the
judge's own.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import permissions
from contest.errors import Denied, NotFound
from contest.models import Account, Analysis, Assignment, Contest, Criterion, Entry, Recusal, Score, Scorecard
from contest.permissions import Actor
from contest.scoring import rubric
from contest.services import analysis, contests, results
from contest.services.listing import by_name, newest_title
from contest.vocabulary import RoundState, ScorecardState


@dataclass(frozen=True)
class Card:
    """A judge's scorecard: points by the criterion's key, and the exact share of full marks that they make."""

    judge: str
    name: str
    points: Mapping[str, int]
    total: int
    #: Whether the analysis found it far above (True) or below (False) what was expected; None if neither.
    above: bool | None


@dataclass(frozen=True)
class View:
    """An entry's scorecards in the order of the judges' names; `full` is the total of full marks."""

    contest: Contest
    number: int
    title: str
    criteria: Sequence[Criterion]
    cards: Sequence[Card]
    full: int

    @property
    def means(self) -> dict[str, Fraction]:
        """The mean of the points of each criterion; none without a scorecard."""
        if not self.cards:
            return {}
        return {
            one.key: Fraction(sum(card.points[one.key] for card in self.cards), len(self.cards))
            for one in self.criteria
        }


def of_entry(session: Session, actor: Actor, slug: str, number: int) -> View:
    """The scorecards of an entry that count, once they are tallied.

    Raises NotFound; Denied("organiser_only" | "no_tally_yet" | "scores_changed").
    """
    contest = contests.get_managed(session, actor, slug)
    permissions.organises(actor, contest).require()
    round_ = contest.round
    entry = session.execute(
        select(Entry.id, func.coalesce(newest_title(), "").label("title")).where(
            Entry.contest_id == contest.id, Entry.number == number, Entry.submitted_at.is_not(None)
        )
    ).one_or_none()
    if entry is None:
        raise NotFound
    tally = results.latest_tally(session, round_.id)
    if tally is None:
        raise Denied("no_tally_yet")
    if round_.state == RoundState.OPEN:
        raise Denied("scores_changed")
    stored = session.get(Analysis, tally.id)
    above = {
        judge["judge"]: one["residual"] > 0
        for judge in (stored.judges if stored else ())
        for one in analysis.outlying_of(judge)
        if one["entry"] == str(entry.id)
    }
    rows = session.execute(
        select(Scorecard.id, Scorecard.judge_id, Scorecard.total, Account.name)
        .join(Assignment, Assignment.id == Scorecard.assignment_id)
        .join(Account, Account.id == Scorecard.judge_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Scorecard.round_id == round_.id,
            Scorecard.entry_id == entry.id,
            Scorecard.state == ScorecardState.SUBMITTED,
            Assignment.removed_at.is_(None),
            Recusal.id.is_(None),
        )
        .order_by(by_name(), Account.id)
    ).all()
    points = _points(session, [row.id for row in rows])
    cards = [Card(str(row.judge_id), row.name, points[row.id], row.total, above.get(str(row.judge_id))) for row in rows]
    return View(contest, number, entry.title, round_.criteria, cards, rubric.FULL)


def _points(session: Session, cards: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    """The points of each scorecard by the criterion's key."""
    found: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for card, key, points in session.execute(
        select(Score.scorecard_id, Criterion.key, Score.points)
        .join(Criterion, Criterion.id == Score.criterion_id)
        .where(Score.scorecard_id.in_(cards))
    ):
        found[card][key] = points
    return found
