"""Entries: start one, word it, seal a revision, withdraw.

An act takes the entry's row FOR UPDATE and the contest's FOR SHARE, and only then reads the clock: acts on
one entry follow each other, and the dates that decide stay as they are until the act has committed.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import audit, clock, outbox, permissions
from contest.errors import Conflict, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest, Entry, Membership, Revision, RevisionFile, TermsAcceptance
from contest.permissions import Actor
from contest.services import contests, receipts
from contest.services.drafts import (
    CREDIT_MOST,
    DECLARATION_MOST,
    DETAIL_FIELDS,
    STATEMENT_MOST,
    TITLE_MOST,
    CategoryRow,
    Details,
    FileRow,
    Missing,
    Slot,
    TermsState,
    categories_of,
    details_of,
    files_of,
    find_missing,
    slots_of,
    terms_of,
)
from contest.settings import Settings
from contest.vocabulary import ENTRY_TRANSITIONS, EntryState, FileState, Phase, Role, check_transition

__all__ = [
    "Details",
    "RevisionRow",
    "Workspace",
    "check_enter",
    "details_of",
    "enter",
    "find_own",
    "get_own",
    "hold",
    "save_details",
    "submit",
    "withdraw",
    "workspace",
]


@dataclass(frozen=True)
class RevisionRow:
    number: int
    sealed_at: datetime
    files: int
    grace_used: int


@dataclass(frozen=True)
class Workspace:
    """All that the entry's page shows."""

    contest: Contest
    entry: Entry
    details: Details
    slots: tuple[Slot, ...]
    categories: tuple[CategoryRow, ...]
    terms: TermsState
    revisions: tuple[RevisionRow, ...]
    missing: tuple[Missing, ...]
    #: Whether the draft differs from the newest revision, or there is none.
    changed: bool
    may_edit: permissions.Decision
    may_submit: permissions.Decision
    now: datetime
    #: Why the organiser took it out of the contest; "" if it was not.
    why_out: str

    @property
    def grace_end(self) -> datetime:
        """Until when an upload begun in time may finish and be sealed."""
        assert self.contest.closes_at is not None
        return clock.grace_end(self.contest.closes_at, self.contest.grace_seconds)

    @property
    def files(self) -> list[FileRow]:
        return [file for slot in self.slots for file in slot.files]

    @property
    def pending(self) -> bool:
        return any(file.pending for file in self.files)

    @property
    def lost(self) -> list[Missing]:
        """What was missing at the close and cannot be put right in the grace, which is for uploads only."""
        if self.may_edit or not self.may_submit:
            return []
        return [each for each in self.missing if each.code == "slot_empty" or each.field in DETAIL_FIELDS]

    @property
    def open(self) -> bool:
        """Whether there is something left to do that can lead to a revision."""
        return self.may_edit.allowed or (self.may_submit.allowed and not self.lost)


# Loading --------------------------------------------------------------------------------------------


def find_own(session: Session, actor: Actor, contest: Contest, *, lock: bool = False) -> Entry | None:
    """The actor's entry in the contest: the live one, else the newest that was withdrawn."""
    found = (
        select(Entry)
        .where(Entry.contest_id == contest.id, Entry.account_id == actor.account_id)
        .order_by(Entry.state == EntryState.WITHDRAWN, Entry.created_at.desc())
        .limit(1)
    )
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).first()


def get_own(session: Session, actor: Actor, slug: str, *, lock: bool = False) -> Entry:
    """The actor's own entry, with its contest loaded; `lock` takes both rows. Raises NotFound."""
    contest = contests.get_public(session, actor, slug)
    entry = find_own(session, actor, contest, lock=lock)
    if entry is None:
        raise NotFound
    if lock:
        hold(session, contest)
    return entry


def hold(session: Session, contest: Contest) -> None:
    """Read the contest's dates anew and keep them from changing until this act has committed."""
    session.scalars(
        select(Contest)
        .where(Contest.id == contest.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()


def workspace(session: Session, actor: Actor, slug: str) -> Workspace:
    """The entry's page: its draft, its files, what is missing, its revisions. Raises NotFound."""
    entry = get_own(session, actor, slug)
    contest, now = entry.contest, clock.read(session)
    slots = slots_of(session, contest, files_of(session, entry))
    categories, terms = categories_of(session, contest), terms_of(session, actor, contest)
    revisions = session.execute(
        select(
            Revision.number,
            Revision.sealed_at,
            Revision.grace_used,
            select(func.count()).where(RevisionFile.revision_id == Revision.id).scalar_subquery().label("files"),
        )
        .where(Revision.entry_id == entry.id)
        .order_by(Revision.number.desc())
    )
    return Workspace(
        contest=contest,
        entry=entry,
        details=details_of(entry),
        slots=slots,
        categories=categories,
        terms=terms,
        revisions=tuple(RevisionRow(**row._mapping) for row in revisions),
        missing=tuple(find_missing(details_of(entry), slots, terms, categories)),
        changed=_sealed_as(session, entry, _in_order(slots)) is None,
        may_edit=permissions.may_edit_entry(actor, entry, now),
        may_submit=permissions.may_submit(actor, entry, _begun(slots), now),
        now=now,
        why_out=why_out(session, contest.id, entry.id, entry.state),
    )


def why_out(session: Session, contest_id: uuid.UUID, entry_id: uuid.UUID, state: str) -> str:
    """Why an entry in this state is disqualified; "" if it is not.

    The reason stands in the audit event, where nobody can change it afterwards.
    """
    if state != EntryState.DISQUALIFIED:
        return ""
    facts = session.scalar(
        select(AuditEvent.facts)
        .where(
            AuditEvent.contest_id == contest_id,
            AuditEvent.act == "entry.disqualified",
            AuditEvent.subject_id == str(entry_id),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return str((facts or {}).get("reason", ""))


# Starting -------------------------------------------------------------------------------------------


def enter(
    session: Session, actor: Actor, slug: str, *, accepted_version: int | None, category_id: uuid.UUID | None = None
) -> Entry:
    """Accept the newest terms and start an entry; with an entry already, accept the changed terms for it.

    `accepted_version` is the version that was shown and ticked, None without the tick. Raises Denied,
    Invalid, and Conflict("already_in_contest") if there is nothing left to do.
    """
    contest = contests.get_public(session, actor, slug)
    # One start at a time in a contest, so that numbers follow each other.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"contest.entry.number:{contest.id}"}
    )
    actor = _with_roles_of_now(session, actor, contest)
    entry = find_own(session, actor, contest, lock=True)
    hold(session, contest)
    now = clock.read(session)
    terms = terms_of(session, actor, contest)
    check_enter(actor, contest, terms, entry.state if entry else None, now)
    if accepted_version is None:
        raise Invalid("accept", "terms_tick")
    if terms.id is None or accepted_version != terms.version:
        raise Invalid("accept", "terms_changed")
    _accept(session, actor, contest, terms, now)
    if entry is not None and entry.state != EntryState.WITHDRAWN:
        return entry
    categories = categories_of(session, contest)
    if len(categories) == 1:
        category_id = categories[0].id
    _check_category(category_id, categories)
    number = session.scalar(select(func.coalesce(func.max(Entry.number), 0) + 1).where(Entry.contest_id == contest.id))
    started = Entry(
        contest_id=contest.id, account_id=actor.account_id, category_id=category_id, number=number, changed_at=now
    )
    session.add(started)
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        raise Conflict("already_in_contest") from error
    audit.record(session, actor, "entry.started", started, number=number)
    return started


def _with_roles_of_now(session: Session, actor: Actor, contest: Contest) -> Actor:
    """The actor with the roles that they hold in the contest now, which no other act can add to until this one is done.

    Whoever gives a role takes the same lock: see invitations.grant_role.
    """
    session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update(key_share=True))
    roles = session.scalars(
        select(Membership.role).where(
            Membership.contest_id == contest.id,
            Membership.account_id == actor.account_id,
            Membership.removed_at.is_(None),
        )
    )
    return replace(actor, roles={**actor.roles, contest.id: frozenset(map(Role, roles))})


def check_enter(actor: Actor, contest: Contest, terms: TermsState, entry_state: str | None, now: datetime) -> None:
    """Whether the page of entering has anything to offer. Raises Denied, or Conflict as `enter` does."""
    if entry_state in (None, EntryState.WITHDRAWN):
        permissions.may_enter(actor, contest, now).require()
    elif terms.current:
        raise Conflict("already_in_contest")
    else:
        permissions.may_accept_terms(contest, now).require()


def _accept(session: Session, actor: Actor, contest: Contest, terms: TermsState, now: datetime) -> None:
    made = session.execute(
        insert(TermsAcceptance)
        .values(id=uuid.uuid4(), terms_id=terms.id, account_id=actor.account_id, accepted_at=now)
        .on_conflict_do_nothing()
        .returning(TermsAcceptance)
    ).scalar()
    if made is not None:
        audit.record(session, actor, "terms.accepted", made, contest_id=contest.id, version=terms.version)


def _check_category(category_id: uuid.UUID | None, categories: Sequence[CategoryRow]) -> None:
    if category_id is not None and category_id not in {category.id for category in categories}:
        raise Invalid("category", "category_missing")


# Wording --------------------------------------------------------------------------------------------


def save_details(session: Session, actor: Actor, slug: str, details: Details, *, version: int) -> bool:
    """Keep the words of the draft, complete or not; whether any were new.

    `version` is the one that the form was opened with. Raises Conflict("stale") with `stored` (Details) and
    `version` if others were saved meanwhile; the same words a second time are fine.
    """
    entry = get_own(session, actor, slug, lock=True)
    stored = details_of(entry)
    if stored == details:
        # Every button of the page sends the details too, also after the close: what is kept already is nobody's change.
        return False
    now = clock.read(session)
    permissions.may_edit_entry(actor, entry, now).require()
    _check_lengths(details)
    _check_category(details.category_id, categories_of(session, entry.contest))
    if entry.version != version:
        raise Conflict("stale", stored=stored, version=entry.version)
    changed = sorted(name for name, value in asdict(details).items() if value != getattr(stored, name))
    for name in changed:
        setattr(entry, name, getattr(details, name))
    entry.version += 1
    entry.changed_at = now
    audit.record(session, actor, "entry.changed", entry, fields=changed)
    return True


def _check_lengths(details: Details) -> None:
    most = {"title": TITLE_MOST, "statement": STATEMENT_MOST, "declaration": DECLARATION_MOST, "credit": CREDIT_MOST}
    long = {name: "too_long" for name, limit in most.items() if len(getattr(details, name)) > limit}
    if long:
        raise Invalid(long)


# Sealing --------------------------------------------------------------------------------------------


def submit(session: Session, actor: Actor, slug: str, *, settings: Settings) -> Revision:
    """Seal the draft as the next revision, with its receipt, by the clock read under the entry's lock.

    Raises Denied with the reason and the time, Invalid with everything that is missing, and
    Invalid("entry", "nothing_changed") with `number`, that of the revision which holds the draft already.
    """
    entry = get_own(session, actor, slug, lock=True)
    slots = slots_of(session, entry.contest, files_of(session, entry))
    kept = _in_order(slots)
    now = clock.read(session)
    decision = permissions.may_submit(actor, entry, _begun(slots), now)
    same = _sealed_as(session, entry, kept)
    # In the grace a second click finds no unsealed upload: it is told of its revision, not of the deadline.
    if same is not None and (decision or clock.phase_of(entry.contest, now) is Phase.GRACE):
        raise Invalid("entry", "nothing_changed", number=same)
    decision.require()
    terms, categories = terms_of(session, actor, entry.contest), categories_of(session, entry.contest)
    missing = find_missing(details_of(entry), slots, terms, categories)
    if missing:
        raise Invalid({each.field: each.code for each in missing})
    revision = _seal(session, entry, kept, now)
    receipt = receipts.issue(session, settings, entry, revision, kept)
    check_transition(ENTRY_TRANSITIONS, entry.state, EntryState.SUBMITTED)
    entry.state, entry.submitted_at, entry.changed_at = EntryState.SUBMITTED, now, None
    audit.record(
        session,
        actor,
        "entry.submitted",
        entry,
        revision=revision.number,
        receipt=receipt.number,
        grace_used=revision.grace_used,
    )
    outbox.add(session, "send_receipt", queue="mail", revision_id=str(revision.id))
    return revision


def _seal(session: Session, entry: Entry, kept: Sequence[tuple[Slot, FileRow]], now: datetime) -> Revision:
    closes_at = entry.contest.closes_at
    assert closes_at is not None
    late = (now - closes_at).total_seconds()
    newest = select(func.coalesce(func.max(Revision.number), 0)).where(Revision.entry_id == entry.id)
    revision = Revision(
        entry_id=entry.id,
        number=session.scalars(newest).one() + 1,
        sealed_at=now,
        grace_used=max(1, math.ceil(late)) if late >= 0 else 0,
        **asdict(details_of(entry)),
    )
    session.add(revision)
    session.flush()
    session.add_all(
        RevisionFile(revision_id=revision.id, file_id=file.id, position=position, alt=file.alt)
        for position, (_, file) in enumerate(kept, 1)
    )
    session.flush()
    return revision


def _in_order(slots: Sequence[Slot]) -> list[tuple[Slot, FileRow]]:
    """The files that count, slot by slot."""
    return [(slot, file) for slot in slots for file in slot.files if file.state == FileState.ACCEPTED]


def _begun(slots: Sequence[Slot]) -> list[datetime]:
    """When the uploads began that no revision holds yet; refused ones give no claim to the grace."""
    return [
        file.begun_at for slot in slots for file in slot.files if not file.sealed and file.state != FileState.REJECTED
    ]


def _sealed_as(session: Session, entry: Entry, kept: Sequence[tuple[Slot, FileRow]]) -> int | None:
    """The number of the newest revision if it holds just this draft."""
    if entry.state != EntryState.SUBMITTED:
        return None
    pairs = aggregate_order_by(func.jsonb_build_array(RevisionFile.file_id, RevisionFile.alt), RevisionFile.position)
    held = select(func.jsonb_agg(pairs)).where(RevisionFile.revision_id == Revision.id).scalar_subquery()
    row = session.execute(
        select(
            Revision.number,
            Revision.title,
            Revision.statement,
            Revision.declaration,
            Revision.credit,
            Revision.category_id,
            held.label("held"),
        )
        .where(Revision.entry_id == entry.id)
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    sealed = Details(row.title, row.statement, row.declaration, row.credit, row.category_id)
    same_files = [list(pair) for pair in row.held or []] == [[str(file.id), file.alt] for _, file in kept]
    return row.number if same_files and sealed == details_of(entry) else None


# Leaving --------------------------------------------------------------------------------------------


def withdraw(session: Session, actor: Actor, slug: str) -> Entry:
    """Take the entry out of the contest, until the deadline. Its revisions and receipts stay."""
    entry = get_own(session, actor, slug, lock=True)
    now = clock.read(session)
    permissions.may_withdraw(actor, entry, now).require()
    check_transition(ENTRY_TRANSITIONS, entry.state, EntryState.WITHDRAWN)
    entry.state, entry.withdrawn_at = EntryState.WITHDRAWN, now
    audit.record(session, actor, "entry.withdrawn", entry)
    return entry
