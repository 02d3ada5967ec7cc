"""Contests: who may load one, and the acts that create it, word it, date it and announce it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import Row, case, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from contest import audit, clock, outbox
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Assignment, Contest, Entry, Membership, Recusal, Round, Scorecard, Terms, Texts
from contest.permissions import (
    Actor,
    may_change_structure,
    may_create_contest,
    may_manage,
    may_move_dates,
    may_organise,
    may_see_contest,
)
from contest.services import invitations
from contest.services.checklist import checklist as checklist
from contest.services.checklist import problems_of
from contest.vocabulary import LOCALES, STAFF_ROLES, EntryState, Phase, Role, RoundKind, RoundState, ScorecardState

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Addresses below /manage/ that are pages already.
_RESERVED = frozenset({"new"})
#: Years that a date may have; outside them arithmetic with zones and grace could overflow.
_YEARS = range(2000, 2200)
_FINAL_NAME = {"en": "Final round", "ja": "最終審査"}


# Loading -----------------------------------------------------------------------------------------


def get_public(session: Session, actor: Actor, slug: str) -> Contest:
    """A contest that the actor may know of: announced, or managed by them. Raises NotFound."""
    contest = session.scalars(select(Contest).where(Contest.slug == slug)).first()
    if contest is None or not may_see_contest(actor, contest):
        raise NotFound
    return contest


def get_managed(session: Session, actor: Actor, slug: str, *, lock: bool = False) -> Contest:
    """A contest of whose app team the actor is. `lock` takes its row FOR UPDATE. Raises NotFound."""
    found = select(Contest).where(Contest.slug == slug)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    contest = session.scalars(found).first()
    if contest is None or not may_manage(actor, contest):
        raise NotFound
    return contest


def get_for_change(session: Session, actor: Actor, slug: str, version: int | None = None) -> Contest:
    """The locked contest for an organiser's act. Raises NotFound, Denied, or Conflict("stale").

    `version` is what the form was made from; None for acts that cannot overwrite another's words.
    """
    contest = get_managed(session, actor, slug, lock=True)
    may_organise(actor, contest).require()
    if version is not None and contest.version != version:
        raise Conflict("stale", version=contest.version)
    return contest


def own_language(session: Session, slug: str) -> str | None:
    """The main language of an announced contest: what its pages speak where the reader has no wish."""
    return session.scalar(select(Contest.default_locale).where(Contest.slug == slug, Contest.announced_at.is_not(None)))


def touch(contest: Contest) -> None:
    """Count a change of a part (category, criterion …) as a change of its contest."""
    flag_modified(contest, "slug")


# Creating and wording ----------------------------------------------------------------------------


def create(session: Session, actor: Actor, *, slug: str, title: Texts, default_locale: str, zone: str) -> Contest:
    """A new contest with its final round; the creator becomes its organiser. Raises Denied or Invalid."""
    may_create_contest(actor).require()
    assert actor.account_id is not None
    problems: dict[str, str] = {}
    if not 3 <= len(slug) <= 60 or _SLUG.fullmatch(slug) is None:
        problems["slug"] = "slug_invalid"
    elif slug in _RESERVED:
        problems["slug"] = "slug_taken"
    if default_locale not in LOCALES:
        problems["default_locale"] = "invalid"
    elif not title.get(default_locale):
        problems[f"title_{default_locale}"] = f"text_missing_{default_locale}"
    if not clock.is_zone(zone):
        problems["zone"] = "zone_unknown"
    if problems:
        raise Invalid(problems)
    contest = Contest(slug=slug, title=title, default_locale=default_locale, zone=zone, created_by=actor.account_id)
    try:
        with session.begin_nested():
            session.add(contest)
            session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == "uq_contest_slug":
            raise Invalid("slug", "slug_taken") from error
        raise
    session.add(Round(contest_id=contest.id, kind=RoundKind.FINAL, name=dict(_FINAL_NAME), position=1))
    invitations.grant_role(session, contest.id, actor.account_id, Role.ORGANISER)
    audit.record(session, actor, "contest.created", contest, slug=slug, zone=zone)
    return contest


def change_texts(
    session: Session,
    actor: Actor,
    slug: str,
    *,
    title: Texts,
    summary: Texts,
    brief: Texts,
    host: Texts,
    contact: str,
    version: int | None = None,
) -> Contest:
    """Change what the contest says of itself. An announced one keeps every text in every language."""
    contest = get_for_change(session, actor, slug, version)
    texts = {"title": title, "summary": summary, "brief": brief, "host": host}
    wanted = {(name, locale) for name in texts for locale in LOCALES} if contest.announced_at else set()
    wanted.add(("title", contest.default_locale))
    problems = {
        f"{name}_{locale}": f"text_missing_{locale}"
        for name in texts
        for locale in LOCALES
        if (name, locale) in wanted and not texts[name].get(locale)
    }
    if contest.announced_at and not contact:
        problems["contact"] = "required"
    if problems:
        raise Invalid(problems)
    changed = _set(contest, {**texts, "contact": contact})
    if changed:
        session.flush()
        audit.record(session, actor, "contest.changed", contest, fields=changed)
    return contest


def _set(contest: Contest, values: Mapping[str, Any]) -> list[str]:
    """Set what differs; returns the names of what did."""
    changed = [name for name, value in values.items() if getattr(contest, name) != value]
    for name in changed:
        setattr(contest, name, values[name])
    return changed


def change_terms(session: Session, actor: Actor, slug: str, *, text: Texts, version: int | None = None) -> Terms:
    """Store the terms. A changed text is a new version, the same text none. Raises Invalid."""
    contest = get_for_change(session, actor, slug, version)
    missing = {f"text_{locale}": f"text_missing_{locale}" for locale in LOCALES if not text.get(locale)}
    if missing:
        raise Invalid(missing)
    newest = contest.terms[-1] if contest.terms else None
    if newest is not None and newest.text == text:
        return newest
    made = Terms(contest=contest, version=newest.version + 1 if newest else 1, text=text)
    session.add(made)
    touch(contest)
    session.flush()
    audit.record(session, actor, "terms.changed", made, version=made.version)
    return made


# Dates -------------------------------------------------------------------------------------------


def change_dates(
    session: Session,
    actor: Actor,
    slug: str,
    *,
    zone: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    grace_minutes: int,
    due_at: datetime | None,
    winners_at: datetime | None = None,
    version: int | None = None,
) -> Contest:
    """Move the dates; all are local wall times in `zone`, without tzinfo.

    `due_at`: judging is due. `winners_at`: when the winners are to be announced, a plan and no switch.
    Raises Denied where the rules of moving forbid it, Invalid where the dates make no sense.
    """
    contest = get_for_change(session, actor, slug, version)
    round_ = lock_round(session, contest)
    now = clock.read(session)
    if not clock.is_zone(zone):
        raise Invalid("zone", "zone_unknown")
    opens = _moment("opens_at", opens_at, zone, contest.opens_at, contest.zone)
    closes = _moment("closes_at", closes_at, zone, contest.closes_at, contest.zone)
    due = _moment("due_at", due_at, zone, round_.due_at, contest.zone)
    winners = _moment("winners_at", winners_at, zone, contest.winners_at, contest.zone)
    if contest.announced_at is not None:
        missing = {name: "required" for name, value in (("opens_at", opens), ("closes_at", closes)) if value is None}
        if missing:
            raise Invalid(missing)
        assert opens is not None and closes is not None
        may_move_dates(contest, opens, closes, now, failed=closed_empty(session, contest, now)).require()
        if closes != contest.closes_at and closes <= now:
            raise Invalid("closes_at", "date_past")
    if (zone, grace_minutes * 60) != (contest.zone, contest.grace_seconds):
        may_change_structure(actor, contest, now).require()
    if opens is not None and closes is not None and closes <= opens:
        raise Invalid("closes_at", "dates_order")
    _check_due(round_, due, closes, grace_minutes * 60)
    _check_winners(contest, winners, now, after=(closes, due))
    _check_midnight("closes_at", closes, contest.closes_at, zone)
    _check_midnight("due_at", due, round_.due_at, zone)
    _store_dates(
        session,
        actor,
        contest,
        round_,
        due=due,
        values={
            "zone": zone,
            "opens_at": opens,
            "closes_at": closes,
            "grace_seconds": grace_minutes * 60,
            "winners_at": winners,
        },
    )
    return contest


def closed_empty(session: Session, contest: Contest, now: datetime) -> bool:
    """Whether the contest closed without an entry in it, so that there is nothing to judge."""
    if clock.phase_of(contest, now) is not Phase.JUDGING or contest.round.state != RoundState.PLANNED:
        return False
    # One that was taken out counts: who could disqualify all entries must not thereby move the deadline.
    there = (EntryState.SUBMITTED, EntryState.DISQUALIFIED)
    submitted = exists().where(Entry.contest_id == contest.id, Entry.state.in_(there))
    return not session.scalar(select(submitted))


def _moment(
    field: str, local: datetime | None, zone: str, stored: datetime | None, stored_zone: str
) -> datetime | None:
    """Local time → UTC. The stored moment stays as it is if `local` is what a form shows of it.

    A form shows whole seconds, and the second reading of a repeated hour looks like the first.
    """
    if local is None:
        return None
    if local.year not in _YEARS:
        raise Invalid(field, "date_invalid")
    if stored is not None and zone == stored_zone:
        shown = clock.to_local(stored, stored_zone).replace(tzinfo=None)
        if local in (shown, shown.replace(microsecond=0)):
            return stored
    kind = clock.wall_time(local, zone)
    if kind != "plain":
        raise Invalid(field, f"time_{kind}")
    return clock.from_local(local, zone)


def _check_due(round_: Round, due: datetime | None, closes: datetime | None, grace_seconds: int) -> None:
    if due != round_.due_at and round_.state not in (RoundState.PLANNED, RoundState.OPEN):
        raise Denied("due_fixed")
    if due is not None and closes is not None and due <= clock.grace_end(closes, grace_seconds):
        raise Invalid("due_at", "due_order")


def _check_winners(
    contest: Contest, winners: datetime | None, now: datetime, *, after: Sequence[datetime | None]
) -> None:
    if winners != contest.winners_at and contest.published_at is not None:
        raise Denied("published_fixed")
    if winners is None:
        return
    if any(moment is not None and winners <= moment for moment in after):
        raise Invalid("winners_at", "winners_order")
    if winners != contest.winners_at and winners <= now:
        raise Invalid("winners_at", "date_past")


def _check_midnight(field: str, moment: datetime | None, stored: datetime | None, zone: str) -> None:
    """A deadline at midnight is read as the end of either day; the last second of the day is not."""
    if moment is None or moment == stored:
        return
    local = clock.to_local(moment, zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        instead = (local.replace(tzinfo=None) - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
        raise Invalid(field, "time_midnight", instead=instead)


def _store_dates(
    session: Session,
    actor: Actor,
    contest: Contest,
    round_: Round,
    *,
    due: datetime | None,
    values: Mapping[str, Any],
) -> None:
    """Store and audit each changed date with its old and new value."""
    before = {**{name: getattr(contest, name) for name in values}, "due_at": round_.due_at}
    changed = _set(contest, values)
    if due != round_.due_at:
        round_.due_at = due
        touch(contest)
        changed.append("due_at")
    if not changed:
        return
    session.flush()
    after = {**values, "due_at": due}
    facts: dict[str, Any] = {name: [before[name], after[name]] for name in changed}
    moved = not {"opens_at", "closes_at"}.isdisjoint(changed)
    audit.record(session, actor, "contest.deadline_moved" if moved else "contest.changed", contest, **facts)
    if "closes_at" in changed and contest.announced_at is not None:
        outbox.add(session, "mail_extension", queue="mail", contest_id=str(contest.id))


def lock_round(session: Session, contest: Contest) -> Round:
    """The contest's round, FOR UPDATE: acts that touch what judges score take it, as scoring does.

    The contest's row is held before, lightly: what these acts write refers to it, and a lock that came
    with that reference would come after the round's, against the order in which other acts take the two.
    It is read anew: who waited here for the act that calls the contest off finds it called off.
    """
    round_id = contest.round.id
    session.scalars(
        select(Contest)
        .where(Contest.id == contest.id)
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    return session.scalars(
        select(Round).where(Round.id == round_id).with_for_update().execution_options(populate_existing=True)
    ).one()


# Announcing --------------------------------------------------------------------------------------


def announce(session: Session, actor: Actor, slug: str, *, seed_digest: str = "") -> Contest:
    """Make the contest public. Raises Invalid with every problem; announcing it again does nothing.

    `seed_digest` commits the server to the seed of the later draw of judges, before any entry is seen.
    """
    contest = get_for_change(session, actor, slug)
    if contest.announced_at is not None:
        return contest
    now = clock.read(session)
    found = problems_of(contest, now)
    if found:
        facts: dict[str, Any] = {}
        for problem in found:
            facts.update(problem.facts)
        raise Invalid({f"{problem.section}.{problem.field}": problem.code for problem in found}, **facts)
    contest.announced_at = now
    session.flush()
    committed: dict[str, Any] = {"seed_digest": seed_digest} if seed_digest else {}
    audit.record(
        session,
        actor,
        "contest.announced",
        contest,
        opens_at=contest.opens_at,
        closes_at=contest.closes_at,
        terms=contest.terms[-1].version,
        rubric=contest.round.rubric_version,
        **committed,
    )
    return contest


# The desk ----------------------------------------------------------------------------------------


def managed_by(session: Session, actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Contests of whose app team the actor is (all for admins), newest first.

    Rows: id, slug, title, zone, the dates that make a phase, round (state), entries (submitted).
    """
    mine = [contest_id for contest_id, roles in actor.roles.items() if not STAFF_ROLES.isdisjoint(roles)]
    entries = (
        select(func.count())
        .where(Entry.contest_id == Contest.id, Entry.state == EntryState.SUBMITTED)
        .correlate(Contest)
        .scalar_subquery()
    )
    query = (
        select(
            Contest.id,
            Contest.slug,
            Contest.title,
            Contest.zone,
            Contest.announced_at,
            Contest.opens_at,
            Contest.closes_at,
            Contest.grace_seconds,
            Contest.published_at,
            Contest.cancelled_at,
            Round.state.label("round"),
            entries.label("entries"),
        )
        .join(Round, Round.contest_id == Contest.id)
        .order_by(Contest.created_at.desc(), Contest.slug)
        .limit(200)
    )
    return session.execute(query if actor.is_admin else query.where(Contest.id.in_(mine))).all()


def judged_by(session: Session, actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Contests that the actor judges: slug, title, zone, cancelled_at, round (state), due_at, assigned, submitted."""
    live = func.count(Assignment.id).filter(Recusal.id.is_(None))
    done = func.count(Scorecard.id).filter(Scorecard.state == ScorecardState.SUBMITTED, Recusal.id.is_(None))
    return session.execute(
        select(
            Contest.slug,
            Contest.title,
            Contest.zone,
            Contest.cancelled_at,
            Round.state.label("round"),
            Round.due_at,
            live.label("assigned"),
            done.label("submitted"),
        )
        .join(Round, Round.contest_id == Contest.id)
        .join(Membership, Membership.contest_id == Contest.id)
        .outerjoin(
            Assignment,
            (Assignment.round_id == Round.id)
            & (Assignment.judge_id == Membership.account_id)
            & Assignment.removed_at.is_(None),
        )
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Membership.account_id == actor.account_id,
            Membership.role == Role.JUDGE,
            Membership.removed_at.is_(None),
            or_(Contest.announced_at.is_not(None), Round.state != RoundState.PLANNED),
        )
        .group_by(Contest.id, Round.id)
        .order_by(
            case((Contest.cancelled_at.is_not(None), 2), (Round.state == RoundState.OPEN, 0), else_=1),
            Round.due_at.nulls_last(),
            Contest.slug,
        )
    ).all()
