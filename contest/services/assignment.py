"""Assignments: who judges what. Drawn by lot under a kept seed; judges never choose, nor see others' codes."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from sqlalchemy import Row, Select, SQLColumnExpression, case, exists, func, insert, select, update
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox
from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, Assignment, Contest, Entry, Membership, Recusal, Round, Scorecard
from contest.permissions import Actor, goes_on, may_organise
from contest.services import contests, draw
from contest.services.listing import by_name
from contest.settings import Settings
from contest.vocabulary import EntryState, Role, RoundState, ScorecardState

#: First letters of a judge's codes: none that reads like a digit or like another.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_lots = SystemRandom()


@dataclass(frozen=True)
class Drawn:
    """What a draw did: new assignments, judges who got some, and entries that still have too few judges."""

    made: int
    judges: int
    short: int


def commitment(seed: str) -> str:
    """What is recorded when the contest is announced: it fixes the seed without telling it."""
    return hashlib.sha256(seed.encode()).hexdigest()


# What is there ------------------------------------------------------------------------------------


def judges_of(contest_id: uuid.UUID | SQLColumnExpression[uuid.UUID]) -> Select[uuid.UUID]:
    """Accounts that may be given entries: live judges that are not suspended. A column: of that row's contest."""
    return (
        select(Membership.account_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.contest_id == contest_id,
            Membership.role == Role.JUDGE,
            Membership.removed_at.is_(None),
            Account.suspended_at.is_(None),
        )
    )


def standing(*round_ids: uuid.UUID) -> Select[uuid.UUID, int]:
    """entry_id, judges: live assignments from which nobody stepped back, per entry."""
    return (
        select(Assignment.entry_id, func.count().label("judges"))
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(Assignment.round_id.in_(round_ids), Assignment.removed_at.is_(None), Recusal.id.is_(None))
        .group_by(Assignment.entry_id)
    )


def short_entries(
    session: Session, contest: Contest, *, limit: int = 20
) -> tuple[int, Sequence[Row[*tuple[Any, ...]]]]:
    """How many submitted entries have too few judges, and the first of them: number, judges."""
    have = standing(contest.round.id).subquery()
    judges = func.coalesce(have.c.judges, 0)
    rows = session.execute(
        select(Entry.number, judges.label("judges"), func.count().over().label("total"))
        .outerjoin(have, have.c.entry_id == Entry.id)
        .where(
            Entry.contest_id == contest.id,
            Entry.state == EntryState.SUBMITTED,
            judges < contest.round.judges_per_entry,
        )
        .order_by(Entry.number)
        .limit(limit)
    ).all()
    return (rows[0].total if rows else 0), rows


def judges_of_entry(session: Session, contest: Contest, entry_id: uuid.UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """Live assignments of an entry: id, judge_id, name, code, state, recusal (kind), reason of the recusal."""
    return session.execute(
        select(
            Assignment.id,
            Assignment.judge_id,
            Account.name,
            Assignment.code,
            state_of().label("state"),
            Recusal.kind.label("recusal"),
            Recusal.reason,
        )
        .join(Account, Account.id == Assignment.judge_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == contest.round.id, Assignment.entry_id == entry_id, Assignment.removed_at.is_(None)
        )
        .order_by(by_name(), Assignment.id)
    ).all()


def free_judges(session: Session, contest: Contest, entry_id: uuid.UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """Judges who may be given an entry: account_id, name, load; those with the least to do first."""
    round_id = contest.round.id
    load = (
        select(func.count())
        .select_from(Assignment)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == round_id,
            Assignment.judge_id == Account.id,
            Assignment.removed_at.is_(None),
            Recusal.id.is_(None),
        )
        .correlate(Account)
        .scalar_subquery()
    )
    on_it = exists().where(
        Assignment.round_id == round_id,
        Assignment.entry_id == entry_id,
        Assignment.judge_id == Account.id,
        (Assignment.removed_at.is_(None)) | exists().where(Recusal.assignment_id == Assignment.id),
    )
    own = exists().where(Entry.id == entry_id, Entry.account_id == Account.id)
    return session.execute(
        select(Account.id.label("account_id"), Account.name, load.label("load"))
        .where(Account.id.in_(judges_of(contest.id)), ~on_it, ~own)
        .order_by(load, by_name(), Account.id)
    ).all()


def state_of() -> Any:
    """State of an assignment as a word, over assignment ⟕ recusal ⟕ scorecard."""
    return case((Recusal.id.is_not(None), "recused"), (Scorecard.id.is_(None), "not_started"), else_=Scorecard.state)


def waiting(round_id: uuid.UUID) -> Select[uuid.UUID, int, int]:
    """judge_id, entries, drafts: what is left to submit, per judge who has something left; drafts are part of it."""
    return (
        select(
            Account.id.label("judge_id"),
            func.count().label("entries"),
            func.count(Scorecard.id).label("drafts"),
        )
        .join(Assignment, Assignment.judge_id == Account.id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == round_id,
            Assignment.removed_at.is_(None),
            Entry.state == EntryState.SUBMITTED,
            state_of().in_(["not_started", "draft"]),
        )
        .group_by(Account.id)
    )


# The draw ----------------------------------------------------------------------------------------


def assign_balanced(session: Session, actor: Actor, slug: str, *, seed: str) -> Drawn:
    """Give every submitted entry the judges it still needs, by lot under `seed`.

    Never the entrant, never a judge who stepped back from that entry; loads as even as these allow.
    What is assigned stays. Where nothing is missing, nothing happens. Raises Denied or Invalid.
    """
    contest, round_ = _load(session, actor, slug)
    need = round_.judges_per_entry
    judges = list(session.scalars(judges_of(contest.id).order_by(Membership.account_id)))
    entries = session.execute(
        select(Entry.id, Entry.number, Entry.account_id)
        .where(Entry.contest_id == contest.id, Entry.state == EntryState.SUBMITTED)
        .order_by(Entry.number)
    ).all()
    held, barred = _held_and_barred(session, round_)
    barred |= {(entry.id, entry.account_id) for entry in entries}
    have = {entry.id: len(held.get(entry.id, ())) for entry in entries}
    if len(judges) < need and any(count < need for count in have.values()):
        raise Invalid("judges", "too_few_judges")
    ids: list[uuid.UUID] = [entry.id for entry in entries]
    pairs = draw.balanced(ids, judges, need, held, barred, seed)
    numbers: dict[uuid.UUID, int] = {entry.id: entry.number for entry in entries}
    for entry_id, _ in pairs:
        have[entry_id] += 1
    chosen = {judge_id for _, judge_id in pairs}
    if pairs:
        _store(session, round_, pairs, numbers)
        audit.record(
            session,
            actor,
            "assignment.made",
            round_,
            seed=seed,
            method=draw.METHOD,
            made=len(pairs),
            judges=len(chosen),
            entries=len(entries),
            each=need,
        )
    return Drawn(made=len(pairs), judges=len(chosen), short=sum(count < need for count in have.values()))


def _load(session: Session, actor: Actor, slug: str) -> tuple[Contest, Round]:
    """Contest and locked round for an act on assignments: until the round closes."""
    contest = contests.get_managed(session, actor, slug)
    round_ = contests.lock_round(session, contest)
    may_organise(actor, contest).require()
    if round_.state not in (RoundState.PLANNED, RoundState.OPEN):
        raise Denied("round_closed", closed_at=round_.closed_at)
    return contest, round_


def _held_and_barred(
    session: Session, round_: Round
) -> tuple[dict[uuid.UUID, list[uuid.UUID]], set[tuple[uuid.UUID, uuid.UUID]]]:
    """Judges on each entry, and pairs in which the judge stepped back (also if taken back since)."""
    held: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    barred: set[tuple[uuid.UUID, uuid.UUID]] = set()
    rows = session.execute(
        select(
            Assignment.entry_id,
            Assignment.judge_id,
            Assignment.removed_at.is_(None).label("live"),
            Recusal.id.is_not(None).label("recused"),
        )
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(Assignment.round_id == round_.id)
        .order_by(Assignment.entry_id, Assignment.judge_id)
    )
    for row in rows:
        if row.recused:
            barred.add((row.entry_id, row.judge_id))
        elif row.live:
            held[row.entry_id].append(row.judge_id)
    return held, barred


def _store(
    session: Session, round_: Round, pairs: Iterable[tuple[uuid.UUID, uuid.UUID]], numbers: Mapping[uuid.UUID, int]
) -> None:
    """Insert assignments with random codes and places in each judge's own order, and owe the mails."""
    new: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for entry_id, judge_id in pairs:
        new[judge_id].append(entry_id)
    taken: dict[uuid.UUID, set[str]] = defaultdict(set)
    last: dict[uuid.UUID, int] = defaultdict(int)
    for judge_id, code, position in session.execute(
        select(Assignment.judge_id, Assignment.code, Assignment.position).where(
            Assignment.round_id == round_.id, Assignment.judge_id.in_(list(new))
        )
    ):
        taken[judge_id].add(code)
        last[judge_id] = max(last[judge_id], position)
    rows = []
    for judge_id, entry_ids in new.items():
        # The order is a lot of its own, not the seed's: a published seed must not tell who saw what when.
        _lots.shuffle(entry_ids)
        for place, entry_id in enumerate(entry_ids, last[judge_id] + 1):
            rows.append(
                {
                    "round_id": round_.id,
                    "entry_id": entry_id,
                    "judge_id": judge_id,
                    "position": place,
                    "code": _code(taken[judge_id], numbers[entry_id]),
                }
            )
    session.execute(insert(Assignment), rows)
    for judge_id in new:
        owe_mail(session, round_.id, judge_id)


def owe_mail(session: Session, round_id: uuid.UUID, judge_id: uuid.UUID) -> None:
    """Ask for the mail that tells a judge what waits: one, however often it is asked for before it goes."""
    outbox.add(
        session,
        "mail_assignments",
        queue="mail",
        key=f"assign:{round_id}:{judge_id}",
        round_id=str(round_id),
        judge_id=str(judge_id),
    )


def _code(taken: set[str], number: int) -> str:
    """A code such as B-1180 that this judge does not have yet; never the entry's number, not even by chance."""
    while True:
        digits = 1000 + secrets.randbelow(9000)
        code = f"{secrets.choice(_LETTERS)}-{digits}"
        if code not in taken and digits != number:
            taken.add(code)
            return code


# One by one --------------------------------------------------------------------------------------


def assign_one(session: Session, actor: Actor, slug: str, *, entry_id: uuid.UUID, judge_id: uuid.UUID) -> None:
    """Give one entry to one judge. Having it already is fine.

    Raises NotFound for an entry or judge of another contest, Invalid("judge_id") for a conflict of interest.
    """
    contest, round_ = _load(session, actor, slug)
    entry = session.execute(
        select(Entry.id, Entry.number, Entry.account_id).where(
            Entry.id == entry_id, Entry.contest_id == contest.id, Entry.state == EntryState.SUBMITTED
        )
    ).first()
    if entry is None or session.scalar(judges_of(contest.id).where(Membership.account_id == judge_id)) is None:
        raise NotFound
    if entry.account_id == judge_id:
        raise Invalid("judge_id", "judge_is_entrant")
    held, barred = _held_and_barred(session, round_)
    if (entry_id, judge_id) in barred:
        raise Invalid("judge_id", "judge_conflict")
    if judge_id in held.get(entry_id, ()):
        return
    _store(session, round_, [(entry_id, judge_id)], {entry.id: entry.number})
    audit.record(session, actor, "assignment.made", round_, entry=entry.number, judge=judge_id, made=1)


def remove_one(session: Session, actor: Actor, slug: str, assignment_id: uuid.UUID) -> Assignment:
    """Take one assignment back. Raises NotFound, or Denied once its scorecard is submitted."""
    _, round_ = _load(session, actor, slug)
    found = session.scalars(
        select(Assignment).where(Assignment.id == assignment_id, Assignment.round_id == round_.id).with_for_update()
    ).first()
    if found is None:
        raise NotFound
    if found.removed_at is not None:
        return found
    submitted = session.scalar(
        select(Scorecard.id).where(Scorecard.assignment_id == found.id, Scorecard.state == ScorecardState.SUBMITTED)
    )
    if submitted is not None:
        raise Denied("scorecard_submitted")
    found.removed_at = clock.read(session)
    session.flush()
    audit.record(
        session,
        actor,
        "assignment.removed",
        round_,
        assignment=found.id,
        entry=found.entry.number,
        judge=found.judge_id,
        removed=1,
    )
    return found


def take_back_all(session: Session, actor: Actor, contest: Contest, judge_id: uuid.UUID) -> int:
    """Take back what a removed judge has not submitted; returns how many. Submitted scorecards count on."""
    round_ = contests.lock_round(session, contest)
    if round_.state not in (RoundState.PLANNED, RoundState.OPEN):
        return 0
    submitted = exists().where(Scorecard.assignment_id == Assignment.id, Scorecard.state == ScorecardState.SUBMITTED)
    removed = session.scalars(
        update(Assignment)
        .where(
            Assignment.round_id == round_.id,
            Assignment.judge_id == judge_id,
            Assignment.removed_at.is_(None),
            ~submitted,
        )
        .values(removed_at=func.clock_timestamp())
        .returning(Assignment.id)
        .execution_options(synchronize_session="fetch")
    ).all()
    if removed:
        audit.record(session, actor, "assignment.removed", round_, judge=judge_id, removed=len(removed))
    return len(removed)


# Mail --------------------------------------------------------------------------------------------


def mail_assignments(
    session: Session, settings: Settings, round_id: uuid.UUID, judge_id: uuid.UUID, *, nonce: str
) -> None:
    """The job: tell a judge how many entries wait, until when, and where. Nothing to judge any more: no mail."""
    round_ = session.get(Round, round_id)
    judge = session.get(Account, judge_id)
    if round_ is None or judge is None or judge.suspended_at is not None:
        return
    left = session.execute(waiting(round_id).where(Account.id == judge_id)).first()
    contest = round_.contest
    if left is None or round_.state not in (RoundState.PLANNED, RoundState.OPEN) or not goes_on(contest):
        return
    mail.queue_for(
        session,
        settings,
        "assignments",
        judge,
        key=f"assignments:{round_id}:{judge_id}:{nonce}",
        contest=dict(contest.title),
        waiting=left.entries,
        open=round_.state == RoundState.OPEN,
        due_at=round_.due_at,
        zone=contest.zone,
        own_zone=judge.zone,
        link=f"{settings.base_url}/judge/{contest.slug}",
    )
