"""Entries as the organiser sees them: the list, one entry with its revisions, and taking one out of the contest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox
from contest.clock import phase_of
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import (
    Account,
    AuditEvent,
    Category,
    Contest,
    Deliverable,
    Entry,
    EntryFile,
    MailMessage,
    Preview,
    Receipt,
    Revision,
    RevisionFile,
)
from contest.permissions import Actor, goes_on, may_organise
from contest.services import awards, contests, drafts, entries, pictures
from contest.services.drafts import ALT_MOST
from contest.services.listing import Listing, by_name, finds_entry, newest_revision, newest_title, total
from contest.settings import Settings
from contest.vocabulary import ENTRY_TRANSITIONS, EntryState, Phase, RoundState, check_transition

#: Orders of the list of entries.
SORTS = ("number", "title", "entrant", "category", "state", "revision", "sealed", "files")


@dataclass(frozen=True)
class Detail:
    """One entry: its row with the entrant, its sealed revisions (newest first) and their files."""

    entry: Row[*tuple[Any, ...]]
    revisions: Sequence[Row[*tuple[Any, ...]]]
    files: dict[UUID, list[Row[*tuple[Any, ...]]]]
    #: Pages with previews of each file, in order.
    pages: Mapping[UUID, Sequence[drafts.PageRow]]
    #: (file's id, entrant's words) → the words that an organiser wrote in their place.
    reworded: Mapping[tuple[str, str], str]
    #: Why it was disqualified; "" if it is not.
    reason: str


def states(session: Session, contest: Contest) -> dict[str, int]:
    """How many entries there are in each state."""
    rows = session.execute(
        select(Entry.state, func.count()).where(Entry.contest_id == contest.id).group_by(Entry.state)
    )
    return dict(rows.all())


def listed(session: Session, contest: Contest, listing: Listing) -> tuple[Listing, Sequence[Row[*tuple[Any, ...]]]]:
    """One page of entries: id, number, state, entrant, category, title, revision, sealed_at, files.

    Title and category are those of the newest sealed revision, or of the draft while there is none.
    Filters: `state`, and `category` by its key.
    """
    newest = newest_revision()
    files = select(func.count()).where(RevisionFile.revision_id == Revision.id).correlate(Revision).scalar_subquery()
    title = func.coalesce(Revision.title, Entry.title)
    query = (
        select(
            Entry.id,
            Entry.number,
            Entry.state,
            Account.name.label("entrant"),
            Category.name.label("category"),
            title.label("title"),
            Revision.number.label("revision"),
            Revision.sealed_at,
            files.label("files"),
        )
        .join(Account, Account.id == Entry.account_id)
        .outerjoin(Revision, Revision.id == newest)
        .outerjoin(Category, Category.id == func.coalesce(Revision.category_id, Entry.category_id))
        .where(Entry.contest_id == contest.id)
    )
    if listing.filters.get("state"):
        query = query.where(Entry.state == listing.filters["state"])
    if listing.filters.get("category"):
        query = query.where(Category.key == listing.filters["category"])
    if listing.q:
        query = query.where(finds_entry(listing.q, title, Account.name))
    listing = listing.counted(total(session, query.with_only_columns(Entry.id)))
    orders = {
        "number": (Entry.number,),
        "title": (func.lower(func.nullif(title, "")),),
        "entrant": (by_name(),),
        "category": (Category.position,),
        "state": (Entry.state,),
        "revision": (Revision.number,),
        "sealed": (Revision.sealed_at,),
        "files": (files,),
    }
    return listing, session.execute(listing.apply(query, orders, Entry.number)).all()


def detail(session: Session, contest: Contest, number: int) -> Detail:
    """One entry of the contest, in six statements. Raises NotFound.

    entry: the stored draft with name, latin_name, email, country and locale of the entrant.
    revisions: id, number, sealed_at, title, statement, declaration, credit, category, grace_used, receipt.
    files, by revision: id, name, slot, kind, size, sha256, alt, preview_state, preview_reason, preview_pages,
    preview_facts, tree and members (see drafts.tree_columns), extras, thumb.
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
    ids = {file.id for held in files.values() for file in held}
    pages, reworded = drafts.pages_of(session, list(ids)), pictures.reworded(session, ids)
    return Detail(entry, revisions, files, pages, reworded, entries.why_out(session, contest.id, entry.id, entry.state))


def _files(session: Session, revision_ids: Sequence[UUID]) -> dict[UUID, list[Row[*tuple[Any, ...]]]]:
    thumb = (
        select(Preview.id)
        .where(Preview.file_id == EntryFile.id, Preview.page == 1, Preview.preset == "320")
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
            EntryFile.preview_pages,
            EntryFile.preview_facts,
            *drafts.tree_columns(),
            drafts.extras_column(),
            thumb.label("thumb"),
        )
        .join(EntryFile, EntryFile.id == RevisionFile.file_id)
        .join(Deliverable, Deliverable.id == EntryFile.deliverable_id)
        .where(RevisionFile.revision_id.in_(revision_ids))
        .order_by(RevisionFile.revision_id, RevisionFile.position)
    ):
        found[row.revision_id].append(row)
    return found


@dataclass(frozen=True)
class Words:
    """What is said of a picture to those who cannot see it: the entrant's words, and those shown instead."""

    file: Row[*tuple[Any, ...]]
    number: int
    original: str
    shown: str


def words_of(session: Session, contest: Contest, number: int, file_id: UUID) -> Words:
    """A picture of an entry's newest revision and its words. Raises NotFound, also for what is no picture.

    file: id, name, thumb (id of its largest first page).
    """
    newest = (
        select(Revision.id)
        .join(Entry, Entry.id == Revision.entry_id)
        .where(Entry.contest_id == contest.id, Entry.number == number)
        .order_by(Revision.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = session.execute(
        select(EntryFile.id, EntryFile.name, RevisionFile.alt, Preview.id.label("thumb"))
        .join(EntryFile, EntryFile.id == RevisionFile.file_id)
        .join(Preview, (Preview.file_id == EntryFile.id) & (Preview.page == 1))
        .where(RevisionFile.revision_id == newest, EntryFile.id == file_id)
        .order_by(Preview.width.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotFound
    shown = pictures.reworded(session, [row.id]).get((str(row.id), row.alt), row.alt)
    return Words(row, number, row.alt, shown)


def reword(session: Session, actor: Actor, slug: str, number: int, file_id: UUID, *, was: str, alt: str) -> None:
    """Say in other words what a picture shows, for judges and on winners' pages. Nothing sealed changes.

    `was` is what the form was opened with. Raises NotFound, Denied, Invalid("alt") and Conflict("stale").
    """
    entry = _load(session, actor, slug, number)
    found = words_of(session, entry.contest, number, file_id)
    if len(alt) > ALT_MOST:
        raise Invalid("alt", "too_long")
    if alt == found.shown:
        return
    if found.shown != was:
        raise Conflict("stale", stored=found.shown)
    audit.record(
        session,
        actor,
        "entry.alt_edited",
        session.get_one(EntryFile, found.file.id),
        contest_id=entry.contest_id,
        entry=entry.number,
        original=found.original,
        before=found.shown,
        after=alt,
    )


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
    goes_on(contest).require()
    if phase_of(contest, clock.read(session)) is Phase.PUBLISHED:
        raise Denied("published_fixed")
    return entry


def _change(session: Session, actor: Actor, entry: Entry, state: EntryState, act: str, **facts: Any) -> Entry:
    check_transition(ENTRY_TRANSITIONS, entry.state, state)
    entry.state = state
    session.flush()
    event = audit.record(session, actor, act, entry, number=entry.number, **facts)
    session.flush()
    outbox.add(session, "mail_admission", queue="mail", event_id=event.id)
    round_ = entry.contest.round
    # What waits for approval shows standings that are no longer so: it must be proposed anew.
    awards.take_back_draft(session, entry.contest)
    if round_.state in (RoundState.CLOSED, RoundState.TALLIED, RoundState.CONFIRMED):
        # The scores were counted with the entry (or without it): they are counted anew.
        outbox.add(session, "make_tally", round_id=str(round_.id), account_id=str(actor.account_id))
    return entry


def mail_admission(session: Session, settings: Settings, event_id: int) -> None:
    """The job: tell an entrant that their entry is out, why and whom to answer; or that it is in again.

    What was undone before its mail was written needs none, and neither does the undoing.
    """
    event = session.get_one(AuditEvent, event_id)
    entry = session.get_one(Entry, UUID(event.subject_id))
    turns = _turns(session, entry)
    if turns[-1] != event.id or entry.account.suspended_at is not None:
        return
    if event.act == "entry.reinstated" and not session.scalar(
        select(exists().where(MailMessage.key == f"admission:{turns[-2]}"))
    ):
        return
    account, contest = entry.account, entry.contest
    mail.queue_for(
        session,
        settings,
        event.act.removeprefix("entry."),
        account,
        key=f"admission:{event.id}",
        contest=dict(contest.title),
        title=session.scalar(select(newest_title()).where(Entry.id == entry.id)) or entry.title,
        number=f"{entry.number:04d}",
        reason=event.facts.get("reason", ""),
        organiser=contest.contact,
        link=f"{settings.base_url}/contests/{contest.slug}/entry",
    )


def _turns(session: Session, entry: Entry) -> Sequence[int]:
    """Events by which an entry was taken out and back in, in order."""
    return session.scalars(
        select(AuditEvent.id)
        .where(
            AuditEvent.contest_id == entry.contest_id,
            AuditEvent.act.in_(["entry.disqualified", "entry.reinstated"]),
            AuditEvent.subject_id == str(entry.id),
        )
        .order_by(AuditEvent.id)
    ).all()
