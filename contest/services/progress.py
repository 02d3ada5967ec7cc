"""How far a contest is: the one next thing to do, and who has scored what. States only, never a score or a note.

Every function reads Core rows in a number of statements that does not grow with the contest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from contest.clock import phase_of
from contest.models import (
    Account,
    Assignment,
    Contest,
    Entry,
    Invitation,
    Membership,
    Publication,
    Recusal,
    Round,
    Scorecard,
)
from contest.services import assignment, failures, flags
from contest.services.checklist import checklist, rubric_problems
from contest.services.listing import Listing, by_name, finds_entry, newest_title, total
from contest.vocabulary import EntryState, Phase, PublicationState, Role, RoundState, ScorecardState

#: Orders of the lists of judges and of entries.
JUDGE_SORTS = ("name", "judged", "assigned", "drafts", "recused", "typical", "last", "state")
ENTRY_SORTS = ("number", "title", "assigned", "submitted")
#: An unfinished judge who saved nothing for so long is silent.
SILENT = timedelta(days=3)
#: Scorecards and time that a pace needs before it says anything.
_PACE_CARDS, _PACE_TIME = 5, timedelta(hours=12)


@dataclass(frozen=True)
class Counts:
    """Numbers of a contest: entries, people, and scorecards of entries that are in the contest."""

    drafts: int
    entries: int
    disqualified: int
    judges: int
    deciders: int
    invited: int
    short: int
    assigned: int
    submitted: int
    scorecard_drafts: int
    recused: int
    #: Recusals on entries that lack a judge because of them.
    waiting: int
    #: Files whose previews somebody should look at.
    failed_previews: int = 0
    #: What judges told the app team and nobody has answered.
    flags: int = 0
    #: Proposed publications that nobody has approved yet, and approved ones that are not out yet: one at most.
    proposed: int = 0
    approved: int = 0

    @property
    def missing(self) -> int:
        return self.assigned - self.submitted


@dataclass(frozen=True)
class Step:
    """The one next thing to do: a code with a sentence in contest.texts, and the page where it is done."""

    code: str
    endpoint: str = ""


@dataclass(frozen=True)
class EntryRow:
    """An entry on the progress page. `cells`: judge → (assignment's id, state, name), by name."""

    number: int
    title: str
    assigned: int
    submitted: int
    cells: dict[UUID, tuple[UUID, str, str]]


@dataclass(frozen=True)
class Standing:
    """What the judges' rows say together: how many have finished, have not begun, are silent."""

    judging: int
    finished: int
    not_begun: int
    silent: int
    #: When the last scorecard comes in if judges go on as so far; None where that says nothing.
    complete_at: datetime | None


def count(session: Session, contest: Contest) -> Counts:
    """All numbers of a contest, in two statements."""
    return count_all(session, [contest])[contest.id]


def count_all(session: Session, contests: Sequence[Contest]) -> dict[UUID, Counts]:
    """All numbers of each contest, in two statements however many there are."""
    rounds = [contest.round.id for contest in contests]
    have = assignment.standing(*rounds).subquery()
    short = func.coalesce(have.c.judges, 0) < Round.judges_per_entry
    submitted = Entry.state == EntryState.SUBMITTED
    entries = (
        select(
            Round.contest_id,
            func.count().filter(Entry.state == EntryState.DRAFT).label("drafts"),
            func.count().filter(submitted).label("entries"),
            func.count().filter(Entry.state == EntryState.DISQUALIFIED).label("disqualified"),
            func.count().filter(submitted, short).label("short"),
        )
        .join_from(Round, Entry, Entry.contest_id == Round.contest_id)
        .outerjoin(have, have.c.entry_id == Entry.id)
        .where(Round.id.in_(rounds))
        .group_by(Round.contest_id)
        .subquery()
    )
    judges = assignment.judges_of(Contest.id).with_only_columns(func.count())
    deciders = select(func.count(Membership.account_id.distinct())).where(
        Membership.contest_id == Contest.id,
        Membership.removed_at.is_(None),
        Membership.role.in_([Role.CHAIR, Role.PUBLISHER]),
    )
    invited = select(func.count()).where(
        Invitation.contest_id == Contest.id, Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)
    )
    drafts = select(func.count()).where(
        Publication.contest_id == Contest.id, Publication.state == PublicationState.DRAFT
    )
    first = session.execute(
        select(
            Contest.id,
            *(func.coalesce(entries.c[name], 0).label(name) for name in ("drafts", "entries", "disqualified", "short")),
            *(
                query.correlate(Contest).scalar_subquery().label(name)
                for name, query in (
                    ("judges", judges),
                    ("deciders", deciders),
                    ("invited", invited),
                    ("failed_previews", failures.counting(Contest.id)),
                    ("flags", flags.waiting(Contest.id)),
                    ("proposed", drafts.where(Publication.approved_at.is_(None))),
                    ("approved", drafts.where(Publication.approved_at.is_not(None))),
                )
            ),
        )
        .outerjoin(entries, entries.c.contest_id == Contest.id)
        .where(Contest.id.in_([contest.id for contest in contests]))
    )
    numbers = {row.id: row._asdict() for row in first}
    not_recused = Recusal.id.is_(None)
    second = session.execute(
        select(
            Round.contest_id.label("id"),
            func.count(Entry.id).filter(not_recused).label("assigned"),
            func.count(Entry.id).filter(not_recused, Scorecard.state == ScorecardState.SUBMITTED).label("submitted"),
            func.count(Entry.id).filter(not_recused, Scorecard.state == ScorecardState.DRAFT).label("scorecard_drafts"),
            func.count(Entry.id).filter(Recusal.id.is_not(None)).label("recused"),
            func.count(Entry.id).filter(Recusal.id.is_not(None), short).label("waiting"),
        )
        .select_from(Round)
        .outerjoin(Assignment, (Assignment.round_id == Round.id) & Assignment.removed_at.is_(None))
        .outerjoin(Entry, (Entry.id == Assignment.entry_id) & submitted)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .outerjoin(have, have.c.entry_id == Assignment.entry_id)
        .where(Round.id.in_(rounds))
        .group_by(Round.contest_id)
    )
    for row in second:
        numbers[row.id] |= row._asdict()
    return {key: Counts(**{name: found[name] for name in found if name != "id"}) for key, found in numbers.items()}


def next_steps(session: Session, ids: Collection[UUID], now: datetime) -> dict[UUID, tuple[Step, Counts]]:
    """The one next thing of each contest and its numbers, in a number of statements that does not grow."""
    if not ids:
        return {}
    rubric = selectinload(Contest.rounds).selectinload(Round.criteria)
    found = session.scalars(select(Contest).where(Contest.id.in_(ids)).options(rubric)).all()
    # Only a draft's checklist looks at the rest.
    session.scalars(
        select(Contest)
        .where(Contest.id.in_([contest.id for contest in found if contest.announced_at is None]))
        .options(
            selectinload(Contest.rounds).selectinload(Round.deliverables),
            selectinload(Contest.categories),
            selectinload(Contest.prizes),
            selectinload(Contest.terms),
        )
    ).all()
    counts = count_all(session, found)
    return {each.id: (next_step(each, counts[each.id], now), counts[each.id]) for each in found}


def next_step(contest: Contest, counts: Counts, now: datetime) -> Step:
    """The one next thing for the organiser. Pure over a loaded contest."""
    phase = phase_of(contest, now)
    if phase is Phase.DRAFT:
        open_items = [item for item in checklist(contest, now) if not item.done]
        return Step("complete", open_items[0].endpoint) if open_items else Step("announce", "manage.announce")
    if phase is Phase.PUBLISHED:
        return Step("see_winners", "results.winners_any")
    if phase is Phase.CANCELLED:
        return Step("cancelled", "submission.contest_any")
    if phase is not Phase.JUDGING:
        if counts.judges < contest.round.judges_per_entry:
            return Step("invite_judges", "manage.people")
        return {
            Phase.ANNOUNCED: Step("wait_opening", "submission.contest_any"),
            Phase.OPEN: Step("wait_close", "manage.entries"),
            Phase.GRACE: Step("wait_grace", "manage.entries"),
        }[phase]
    return _judging_step(contest, counts)


def _judging_step(contest: Contest, counts: Counts) -> Step:
    round_ = contest.round
    if round_.state == RoundState.CLOSED:
        return Step("wait_tally", "manage.progress")
    if round_.state in (RoundState.TALLIED, RoundState.CONFIRMED):
        if counts.approved:
            return Step("publish", "results.decide")
        if counts.proposed:
            return Step("wait_approval", "results.decide")
        return Step("decide", "results.decide") if counts.deciders else Step("invite_publisher", "manage.people")
    if not counts.entries:
        # As `contests.closed_empty`, which lets the deadline move.
        empty = round_.state == RoundState.PLANNED and not counts.disqualified
        return Step("no_entries", "manage.dates") if empty else Step("none_left", "manage.entries")
    if round_.state == RoundState.PLANNED and list(rubric_problems(round_)):
        return Step("fix_rubric", "manage.rubric")
    if counts.short:
        few = counts.judges < round_.judges_per_entry
        return Step("invite_judges", "manage.people") if few else Step("assign", "manage.assignments")
    if round_.state == RoundState.PLANNED:
        return Step("open_judging", "manage.progress")
    return Step("watch", "manage.progress") if counts.missing else Step("close_judging", "manage.progress")


def bars(contest: Contest, counts: Counts) -> list[tuple[str, int]]:
    """What stands between now and a fair close: (code, how many); an empty list: nothing."""
    found = [("cards_missing", counts.missing), ("entries_short", counts.short), ("recusals_waiting", counts.waiting)]
    return [(code, number) for code, number in found if number]


def judges(session: Session, contest: Contest) -> Sequence[Row[*tuple[Any, ...]]]:
    """Judges by name: account_id, name, email, live, assigned, submitted, drafts, recused, last_at, typical.

    `typical` is the middle time from a scorecard's first score to its submission; None until there is one.
    `live` is False for one whose role was taken back but whose submitted scorecards count.
    """
    members = assignment.judges_of(contest.id).subquery()
    not_recused = Recusal.id.is_(None)
    held = (
        select(
            Assignment.judge_id,
            func.count().filter(not_recused).label("assigned"),
            func.count().filter(not_recused, Scorecard.state == ScorecardState.SUBMITTED).label("submitted"),
            func.count().filter(not_recused, Scorecard.state == ScorecardState.DRAFT).label("drafts"),
            func.count().filter(Recusal.id.is_not(None)).label("recused"),
            func.max(Scorecard.updated_at).label("last_at"),
            func.percentile_cont(0.5)
            .within_group(Scorecard.submitted_at - Scorecard.created_at)
            .filter(not_recused, Scorecard.submitted_at > Scorecard.created_at)
            .label("typical"),
        )
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == contest.round.id,
            Assignment.removed_at.is_(None),
            Entry.state == EntryState.SUBMITTED,
        )
        .group_by(Assignment.judge_id)
        .subquery()
    )
    return session.execute(
        select(
            Account.id.label("account_id"),
            Account.name,
            Account.email,
            members.c.account_id.is_not(None).label("live"),
            *(func.coalesce(held.c[name], 0).label(name) for name in ("assigned", "submitted", "drafts", "recused")),
            held.c.last_at,
            held.c.typical,
        )
        .outerjoin(members, members.c.account_id == Account.id)
        .outerjoin(held, held.c.judge_id == Account.id)
        .where(or_(members.c.account_id.is_not(None), held.c.judge_id.is_not(None)))
        .order_by(by_name(), Account.id)
    ).all()


def state_of(judge: Row[*tuple[Any, ...]], contest: Contest, now: datetime) -> str:
    """Where a judge is: finished, silent, under_way, not_started or nothing_assigned."""
    if not judge.assigned:
        return "nothing_assigned"
    if judge.submitted == judge.assigned:
        return "finished"
    begun = judge.last_at or contest.round.opened_at
    if contest.round.state == RoundState.OPEN and begun is not None and now - begun >= SILENT:
        return "silent"
    return "under_way" if judge.submitted or judge.drafts else "not_started"


def unfinished(judged: Sequence[Row[*tuple[Any, ...]]], contest: Contest) -> list[Row[*tuple[Any, ...]]]:
    """Judges who may still submit and have not submitted all, while judging is open. Pure."""
    if contest.round.state != RoundState.OPEN:
        return []
    return [judge for judge in judged if judge.live and judge.submitted < judge.assigned]


def standing(judged: Sequence[Row[*tuple[Any, ...]]], contest: Contest, counts: Counts, now: datetime) -> Standing:
    """All judges' rows in five numbers. Pure."""
    states = [state_of(judge, contest, now) for judge in judged]
    return Standing(
        judging=len(states) - states.count("nothing_assigned"),
        finished=states.count("finished"),
        not_begun=sum(judge.assigned > 0 and not judge.submitted and not judge.drafts for judge in judged),
        silent=states.count("silent"),
        complete_at=_complete_at(contest, counts, now),
    )


def _complete_at(contest: Contest, counts: Counts, now: datetime) -> datetime | None:
    opened = contest.round.opened_at
    if contest.round.state != RoundState.OPEN or opened is None or not counts.missing:
        return None
    if counts.submitted < _PACE_CARDS or now - opened < _PACE_TIME:
        return None
    wanted = (now - opened) / counts.submitted * counts.missing
    return now + wanted if wanted < timedelta(days=365) else None


def arrange_judges(
    judged: Sequence[Row[*tuple[Any, ...]]], contest: Contest, listing: Listing, now: datetime
) -> tuple[Listing, list[Row[*tuple[Any, ...]]]]:
    """One page of judges' rows, which come by name. Judges are hundreds at most, so they are read at once."""
    ranks = ("silent", "not_started", "under_way", "finished", "nothing_assigned")
    words = listing.q.casefold()
    return listing.arrange(
        [judge for judge in judged if words in judge.name.casefold()],
        {
            "name": lambda _: 0,
            "judged": lambda judge: judge.submitted / judge.assigned if judge.assigned else None,
            "assigned": lambda judge: judge.assigned,
            "drafts": lambda judge: judge.drafts,
            "recused": lambda judge: judge.recused,
            "typical": lambda judge: judge.typical,
            "last": lambda judge: judge.last_at,
            "state": lambda judge: ranks.index(state_of(judge, contest, now)),
        },
    )


def entries(session: Session, contest: Contest, listing: Listing) -> tuple[Listing, list[EntryRow]]:
    """One page of submitted entries with the state of each assignment, in three statements."""
    title = func.coalesce(newest_title(), Entry.title)
    have, done = assignment.standing(contest.round.id).subquery(), _submitted(contest.round.id).subquery()
    query = (
        select(
            Entry.id,
            Entry.number,
            title.label("title"),
            func.coalesce(have.c.judges, 0).label("assigned"),
            func.coalesce(done.c.cards, 0).label("submitted"),
        )
        .outerjoin(have, have.c.entry_id == Entry.id)
        .outerjoin(done, done.c.entry_id == Entry.id)
        .where(Entry.contest_id == contest.id, Entry.state == EntryState.SUBMITTED)
    )
    if listing.q:
        query = query.where(finds_entry(listing.q, title))
    listing = listing.counted(total(session, query.with_only_columns(Entry.id)))
    orders = {
        "number": (Entry.number,),
        "title": (func.lower(title),),
        "assigned": (func.coalesce(have.c.judges, 0),),
        "submitted": (func.coalesce(done.c.cards, 0),),
    }
    rows = session.execute(listing.apply(query, orders, Entry.number)).all()
    cells: dict[UUID, dict[UUID, tuple[UUID, str, str]]] = defaultdict(dict)
    for row in session.execute(
        select(
            Assignment.entry_id,
            Assignment.judge_id,
            Assignment.id,
            assignment.state_of().label("state"),
            Account.name,
        )
        .join(Account, Account.id == Assignment.judge_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .outerjoin(Scorecard, Scorecard.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == contest.round.id,
            Assignment.removed_at.is_(None),
            Assignment.entry_id.in_([row.id for row in rows]),
        )
        .order_by(by_name(), Account.id)
    ):
        cells[row.entry_id][row.judge_id] = (row.id, row.state, row.name)
    return listing, [EntryRow(row.number, row.title, row.assigned, row.submitted, cells[row.id]) for row in rows]


def _submitted(round_id: UUID) -> Select[UUID, int]:
    """entry_id, cards: submitted scorecards of live assignments, per entry."""
    return (
        select(Assignment.entry_id, func.count().label("cards"))
        .join(Scorecard, Scorecard.assignment_id == Assignment.id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Assignment.round_id == round_id,
            Assignment.removed_at.is_(None),
            Recusal.id.is_(None),
            Scorecard.state == ScorecardState.SUBMITTED,
        )
        .group_by(Assignment.entry_id)
    )
