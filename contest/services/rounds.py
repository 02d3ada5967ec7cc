"""Opening, closing and reopening a round. Closing takes the round's row for itself: see `judging`."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from contest import audit, clock, outbox, permissions
from contest.errors import Denied
from contest.models import Assignment, Contest, Entry, Publication, Round
from contest.permissions import Actor
from contest.services import assignment, contests
from contest.services.checklist import rubric_problems
from contest.vocabulary import (
    ROUND_TRANSITIONS,
    EntryState,
    PublicationState,
    RoundState,
    check_transition,
)


def hold(session: Session, actor: Actor, slug: str) -> tuple[Contest, Round]:
    """The contest and its round, whose row this act has for itself. Raises NotFound."""
    contest = contests.get_managed(session, actor, slug)
    return contest, contests.lock_round(session, contest)


def open_round(session: Session, actor: Actor, slug: str) -> Round:
    """Let the judges begin. Each gets a mail with the way to their queue.

    Raises NotFound; Denied("entries_still_open" | "round_not_planned" | "no_entries" | "assignments_short" |
    "rubric_incomplete").
    """
    contest, round_ = hold(session, actor, slug)
    now = clock.read(session)
    permissions.may_open_round(actor, contest, round_, now).require()
    _require_assignments(session, contest)
    if list(rubric_problems(round_)):
        raise Denied("rubric_incomplete")
    check_transition(ROUND_TRANSITIONS, round_.state, RoundState.OPEN)
    round_.state, round_.opened_at = RoundState.OPEN, now
    audit.record(session, actor, "round.opened", round_, contest_id=contest.id)
    judges = select(Assignment.judge_id).where(Assignment.round_id == round_.id, Assignment.removed_at.is_(None))
    for judge_id in session.scalars(judges.distinct().order_by(Assignment.judge_id)):
        assignment.owe_mail(session, round_.id, judge_id)
    return round_


def _require_assignments(session: Session, contest: Contest) -> None:
    """Every submitted entry needs as many judges as were promised; one who stepped back does not count."""
    if not session.scalar(select(exists().where(Entry.contest_id == contest.id, Entry.state == EntryState.SUBMITTED))):
        raise Denied("no_entries")
    short, _ = assignment.short_entries(session, contest, limit=1)
    if short:
        raise Denied("assignments_short", short=short)


def close_round(session: Session, actor: Actor, slug: str) -> Round:
    """Take no more scores, and owe the tally. Raises NotFound or Denied("round_not_open")."""
    contest, round_ = hold(session, actor, slug)
    permissions.may_close_round(actor, contest, round_).require()
    check_transition(ROUND_TRANSITIONS, round_.state, RoundState.CLOSED)
    round_.state, round_.closed_at = RoundState.CLOSED, clock.read(session)
    audit.record(session, actor, "round.closed", round_, contest_id=contest.id)
    # No key: a round closed twice owes two tallies, and the later one must not be swallowed by the first.
    outbox.add(session, "make_tally", round_id=str(round_.id), account_id=str(actor.account_id))
    return round_


def may_reopen(session: Session, actor: Actor, contest: Contest, round_: Round) -> permissions.Decision:
    """Whether scores may be taken again: not once a publication stands on them, nor while one is proposed."""
    if not (organise := permissions.may_organise(actor, contest)):
        return organise
    if round_.state not in (RoundState.CLOSED, RoundState.TALLIED):
        return permissions.no("round_not_closed")
    states = set(session.scalars(select(Publication.state).where(Publication.contest_id == contest.id)))
    if states & {PublicationState.PUBLISHED, PublicationState.RETRACTED}:
        return permissions.no("publication_exists")
    return permissions.no("proposal_waits") if PublicationState.DRAFT in states else permissions.YES


def reopen_round(session: Session, actor: Actor, slug: str) -> Round:
    """Take scores again. The tallies made so far stay; closing makes a new one.

    Raises NotFound; Denied("organiser_only" | "round_not_closed" | "publication_exists" | "proposal_waits").
    """
    contest, round_ = hold(session, actor, slug)
    may_reopen(session, actor, contest, round_).require()
    check_transition(ROUND_TRANSITIONS, round_.state, RoundState.OPEN)
    round_.state, round_.closed_at = RoundState.OPEN, None
    audit.record(session, actor, "round.reopened", round_, contest_id=contest.id)
    return round_
