"""The rubric: criteria with weights and levels, and how many judges see each entry. Frozen by the first score."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from contest import audit
from contest.errors import Denied, Invalid
from contest.models import Contest, Criterion, Texts
from contest.permissions import Actor
from contest.services import contests, setup
from contest.services.checklist import WHOLE, percent
from contest.vocabulary import LOCALES, RoundState

POINTS = range(3, 11)


def save_criterion(
    session: Session,
    actor: Actor,
    slug: str,
    criterion_id: uuid.UUID | None,
    *,
    name: Texts,
    question: Texts,
    weight: int,
    points: int,
    levels: Sequence[Texts],
    version: int | None = None,
) -> Criterion:
    """Add a criterion or change one.

    `weight` in thousandths, `levels` one text per level, lowest first. An announced contest keeps a
    sentence for each level in every language. Raises Denied("rubric_frozen") or Invalid.
    """
    contest = setup.load(session, actor, slug, "rubric", version)
    if points not in POINTS:
        raise Invalid("points", "points_range")
    if not 1 <= weight <= WHOLE:
        raise Invalid("weight", "weight_invalid")
    setup.check_name(contest, "rubric", name, criterion_id)
    setup.check_optional(contest, "question", question)
    filled = [dict(levels[number]) if number < len(levels) else {} for number in range(points)]
    _check_levels(contest, filled)
    old = setup.get(contest, "rubric", criterion_id) if criterion_id else None
    criterion: Criterion = old or setup.add(contest, "rubric", Criterion(), name)
    criterion.name, criterion.question, criterion.weight = name, question, weight
    criterion.points, criterion.levels = points, filled
    setup.record(session, actor, contest, "rubric", criterion)
    return criterion


def _check_levels(contest: Contest, levels: Sequence[Texts]) -> None:
    if contest.announced_at is None:
        return
    missing = {
        f"level_{number}_{locale}": "levels_missing"
        for number, level in enumerate(levels, 1)
        for locale in LOCALES
        if not level.get(locale)
    }
    if missing:
        raise Invalid(missing)


def set_weights(
    session: Session, actor: Actor, slug: str, weights: Mapping[uuid.UUID, int], *, version: int | None = None
) -> Contest:
    """Set the weights of all criteria at once, in thousandths. An announced contest wants 1,000 together."""
    contest = setup.load(session, actor, slug, "rubric", version)
    criteria = contest.round.criteria
    wrong = {
        f"weight_{criterion.id.hex}": "weight_invalid"
        for criterion in criteria
        if not 1 <= weights.get(criterion.id, criterion.weight) <= WHOLE
    }
    if wrong:
        raise Invalid(wrong)
    changed = [criterion for criterion in criteria if weights.get(criterion.id, criterion.weight) != criterion.weight]
    for criterion in changed:
        criterion.weight = weights[criterion.id]
    total = sum(criterion.weight for criterion in criteria)
    if contest.announced_at is not None and total != WHOLE:
        raise Invalid("weights", "weights_sum", now=percent(total))
    if changed:
        contest.round.rubric_version += 1
        contests.touch(contest)
        session.flush()
        audit.record(
            session,
            actor,
            "rubric.changed",
            contest,
            part="weights",
            version=contest.round.rubric_version,
            weights={criterion.key: criterion.weight for criterion in criteria},
        )
    return contest


def set_judges_per_entry(
    session: Session, actor: Actor, slug: str, number: int, *, version: int | None = None
) -> Contest:
    """How many judges see each entry; fixed once judging opens. Raises Denied or Invalid."""
    contest = contests.get_for_change(session, actor, slug, version)
    round_ = contests.lock_round(session, contest)
    if round_.state != RoundState.PLANNED:
        raise Denied("round_not_planned")
    if not 1 <= number <= 50:
        raise Invalid("judges_per_entry", "judges_range")
    if number != round_.judges_per_entry:
        old, round_.judges_per_entry = round_.judges_per_entry, number
        contests.touch(contest)
        session.flush()
        audit.record(session, actor, "contest.changed", contest, judges_per_entry=[old, number])
    return contest
