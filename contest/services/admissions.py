"""Entries as the organiser sees them: the list, one entry with its revisions, and taking one out of the contest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from contest import audit, clock, outbox
from contest.clock import phase_of
from contest.errors import Denied, Invalid, NotFound
from contest.models import (
    Account,
    AuditEvent,
    Category,
    Contest,
    Deliverable,
    Entry,
    EntryFile,
    Preview,
    Receipt,
    Revision,
    RevisionFile,
)
from contest.permissions import Actor, may_organise
from contest.services import contests, entries
from contest.vocabulary import ENTRY_TRANSITIONS, EntryState, Phase, RoundState, check_transition

#: Entries on one page of the list.
PAGE = 50


@dataclass(frozen=True)
class Detail:
    """One entry: its row with the entrant, its sealed revisions (newest first) and their files."""

    entry: Row[*tuple[Any, ...]]
    revisions: Sequence[Row[*tuple[Any, ...]]]
    files: dict[UUID, list[Row[*tuple[Any, ...]]]]
    #: Why it was disqualified; "" if it is not.
    reason: str


def states(session: Session, contest: Contest) -> dict[str, int]:
    """How many entries there are in each state."""
    rows = session.execute(
        select(Entry.state, func.count()).where(Entry.contest_id == contest.id).group_by(Entry.state)
    )
    return dict(rows.all())


def listed(session: Session, contest: Contest, *, state: str = "", page: int = 1) -> Sequence[Row[*tuple[Any, ...]]]:
    """One page of entries by number: id, number, state, entrant, category, title, revision, sealed_at, files.

    Title and category are those of the newest sealed revision, or of the draft while there is none.
    """
    newest = (
        select(Revision.id)
        .where(Revision.entry_id == Entry.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .correlate(Entry)
        .scalar_subquery()
    )
    files = select(func.count()).where(RevisionFile.revision_id == Revision.id).correlate(Revision).scalar_subquery()
    query = (
        select(
            Entry.id,
            Entry.number,
            Entry.state,
            Account.name.label("entrant"),
            Category.name.label("category"),
            func.coalesce(Revision.title, Entry.title).label("title"),
            Revision.number.label("revision"),
            Revision.sealed_at,
            files.label("files"),
        )
        .join(Account, Account.id == Entry.account_id)
        .outerjoin(Revision, Revision.id == newest)
        .outerjoin(Category, Category.id == func.coalesce(Revision.category_id, Entry.category_id))
        .where(Entry.contest_id == contest.id)
        .order_by(Entry.number)
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    )
    return session.execute(query.where(Entry.state == state) if state else query).all()


def detail(session: Session, contest: Contest, number: int) -> Detail:
    """One entry of the contest, in four statements. Raises NotFound.

    entry: the stored draft with name, latin_name, email, country and locale of the entrant.
    revisions: id, number, sealed_at, title, statement, declaration, credit, category, grace_used, receipt.
    files, by revision: id, name, slot, kind, size, sha256, alt, preview_state, preview_reason, thumb.
    """
    entry = session.execute(
        select(
            Entry.id,
            Entry.number,
            Entry.state,
            Entry.title,
            Entry.credit,
            Entry.changed_at,
            Entry.submitted_at,
            Entry.created_at,
            Entry.withdrawn_at,
            Account.id.label("account_id"),
            Account.name,
            Account.latin_name,
            Account.email,
            Account.country,
            Account.locale,
        )
        .join(Account, Account.id == Entry.account_id)
        .where(Entry.contest_id == contest.id, Entry.number == number)
    ).first()
    if entry is None:
        raise NotFound
    revisions = session.execute(
        select(
            Revision.id,
            Revision.number,
            Revision.sealed_at,
            Revision.title,
            Revision.statement,
            Revision.declaration,
            Revision.credit,
            Category.name.label("category"),
            Revision.grace_used,
            Receipt.number.label("receipt"),
        )
        .outerjoin(Category, Category.id == Revision.category_id)
        .outerjoin(Receipt, Receipt.revision_id == Revision.id)
        .where(Revision.entry_id == entry.id)
        .order_by(Revision.number.desc())
    ).all()
    files = _files(session, [row.id for row in revisions])
    return Detail(entry, revisions, files, _reason(session, contest, entry))


def _files(session: Session, revision_ids: Sequence[UUID]) -> dict[UUID, list[Row[*tuple[Any, ...]]]]:
    thumb = (
        select(Preview.id)
        .where(Preview.file_id == EntryFile.id, Preview.page == 1)
        .order_by(Preview.width)
        .limit(1)
        .correlate(EntryFile)
        .scalar_subquery()
    )
    found: dict[UUID, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in session.execute(
        select(
            RevisionFile.revision_id,
            EntryFile.id,
            EntryFile.name,
            Deliverable.name.label("slot"),
            EntryFile.kind,
            EntryFile.size,
            EntryFile.sha256,
            RevisionFile.alt,
            EntryFile.preview_state,
            EntryFile.preview_reason,
            thumb.label("thumb"),
        )
        .join(EntryFile, EntryFile.id == RevisionFile.file_id)
        .join(Deliverable, Deliverable.id == EntryFile.deliverable_id)
        .where(RevisionFile.revision_id.in_(revision_ids))
        .order_by(RevisionFile.revision_id, RevisionFile.position)
    ):
        found[row.revision_id].append(row)
    return found


def _reason(session: Session, contest: Contest, entry: Row[*tuple[Any, ...]]) -> str:
    """The reason stands in the audit event, where nobody can change it afterwards."""
    if entry.state != EntryState.DISQUALIFIED:
        return ""
    facts = session.scalar(
        select(AuditEvent.facts)
        .where(
            AuditEvent.contest_id == contest.id,
            AuditEvent.act == "entry.disqualified",
            AuditEvent.subject_id == str(entry.id),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return str((facts or {}).get("reason", ""))


def disqualify(session: Session, actor: Actor, slug: str, number: int, *, reason: str) -> Entry:
    """Take a submitted entry out of the contest, with the reason. Raises Denied or Invalid("reason")."""
    entry = _load(session, actor, slug, number)
    if not reason.strip():
        raise Invalid("reason", "reason_missing")
    if entry.state == EntryState.DISQUALIFIED:
        return entry
    if entry.state != EntryState.SUBMITTED:
        raise Denied("not_submitted")
    return _change(session, actor, entry, EntryState.DISQUALIFIED, "entry.disqualified", reason=reason.strip())


def reinstate(session: Session, actor: Actor, slug: str, number: int) -> Entry:
    """Take a disqualified entry back into the contest. Raises Denied."""
    entry = _load(session, actor, slug, number)
    if entry.state != EntryState.DISQUALIFIED:
        return entry
    return _change(session, actor, entry, EntryState.SUBMITTED, "entry.reinstated")


def _load(session: Session, actor: Actor, slug: str, number: int) -> Entry:
    """The locked entry, for an organiser, until the winners are published."""
    contest = contests.get_managed(session, actor, slug)
    may_organise(actor, contest).require()
    # The entry before its contest, as the entrant's own acts lock them.
    entry = session.scalars(
        select(Entry)
        .where(Entry.contest_id == contest.id, Entry.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if entry is None:
        raise NotFound
    entries.hold(session, contest)
    if phase_of(contest, clock.read(session)) is Phase.PUBLISHED:
        raise Denied("published_fixed")
    return entry


def _change(session: Session, actor: Actor, entry: Entry, state: EntryState, act: str, **facts: Any) -> Entry:
    check_transition(ENTRY_TRANSITIONS, entry.state, state)
    entry.state = state
    session.flush()
    audit.record(session, actor, act, entry, number=entry.number, **facts)
    round_ = entry.contest.round
    if round_.state in (RoundState.CLOSED, RoundState.TALLIED):
        # The scores were counted with the entry (or without it): they are counted anew.
        outbox.add(session, "make_tally", round_id=str(round_.id), account_id=str(actor.account_id))
    return entry
