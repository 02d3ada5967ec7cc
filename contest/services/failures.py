"""Files whose previews did not come out well: the organiser's list of them, and trying again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, func, or_, select, update
from sqlalchemy.orm import Session

from contest import audit
from contest.errors import Denied, NotFound
from contest.models import Contest, Deliverable, Entry, EntryFile, OutboxItem, Preview, RevisionFile
from contest.permissions import Actor, organises
from contest.previews.kinds import VIDEOS
from contest.services import contests, previews
from contest.services.listing import Listing, finds_entry, total
from contest.vocabulary import EntryState, FileState, PreviewState

#: Orders of the list.
SORTS = ("accepted", "number", "name", "size")
#: What the list may be narrowed to: a verdict, files that wait for too long, or files that no program here opens.
VERDICTS = ("damaged", "failed", "refused", "waiting", "no_tool")
#: A preview that is not there after so long is a failure too.
TOO_LONG = timedelta(minutes=10)
#: Files that one press tries again.
MOST_AGAIN = 500
#: The jobs of one file, by the first word of their key in the outbox.
_JOBS = ("thumbnail", "preview")


def _owed(*keys: str) -> ColumnElement[bool]:
    """Live jobs of a file."""
    return and_(
        OutboxItem.key.in_([func.concat(f"{key}:", cast(EntryFile.id, String)) for key in keys]),
        OutboxItem.done_at.is_(None),
        OutboxItem.failed_at.is_(None),
    )


def _waiting() -> ColumnElement[bool]:
    """Files that wait for their previews for too long: accepted long ago, and not asked for again just now."""
    since = func.clock_timestamp() - TOO_LONG
    young = select(OutboxItem.id).where(_owed("preview"), OutboxItem.created_at > since).correlate(EntryFile).exists()
    return and_(EntryFile.preview_state == PreviewState.PENDING, EntryFile.accepted_at < since, ~young)


def _asked() -> ColumnElement[bool]:
    """Damaged files that are being tried again: they keep their verdict until then."""
    live = select(OutboxItem.id).where(_owed("preview")).correlate(EntryFile).exists()
    return and_(EntryFile.preview_state == PreviewState.DAMAGED, live)


def _conditions() -> Mapping[str, ColumnElement[bool]]:
    """Each of VERDICTS as a condition."""
    return {
        "damaged": EntryFile.preview_state == PreviewState.DAMAGED,
        "failed": EntryFile.preview_state == PreviewState.FAILED,
        "refused": EntryFile.preview_state == PreviewState.REFUSED,
        "waiting": _waiting(),
        "no_tool": and_(EntryFile.preview_state == PreviewState.ICON, EntryFile.preview_reason == "no_tool"),
    }


def _failed() -> ColumnElement[bool]:
    """What needs somebody. That no program opens a file is how the site is set up, and is asked for by name."""
    found = _conditions()
    return or_(*(found[name] for name in ("damaged", "failed", "refused", "waiting")))


def _files(contest_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Files of the contest that count: in a draft or sealed, of an entry that was not withdrawn."""
    sealed = select(RevisionFile.file_id).where(RevisionFile.file_id == EntryFile.id).correlate(EntryFile).exists()
    return (
        Entry.contest_id == contest_id,
        Entry.state != EntryState.WITHDRAWN,
        EntryFile.state == FileState.ACCEPTED,
        or_(EntryFile.removed_at.is_(None), sealed),
    )


def counting(contest_id: Any) -> Select[int]:
    """The statement that counts a contest's files whose previews failed, are damaged, were refused or wait too long.

    `contest_id`: an id, or the column of a larger statement.
    """
    return _counted(contest_id, _failed())


def making(contest_id: uuid.UUID) -> Select[int]:
    """The statement that counts the files whose previews are being made, and have not taken too long for it."""
    return _counted(contest_id, and_(EntryFile.preview_state == PreviewState.PENDING, ~_waiting()))


def _counted(contest_id: Any, which: ColumnElement[bool]) -> Select[int]:
    files = select(func.count()).select_from(EntryFile).join(Entry, Entry.id == EntryFile.entry_id)
    return files.where(*_files(contest_id), which)


def listed(session: Session, contest: Contest, listing: Listing) -> tuple[Listing, Sequence[Row[*tuple[Any, ...]]]]:
    """One page of them: id, number, title, slot, name, kind, size, preview_state, preview_reason, accepted_at, asked.

    `asked`: whether it is being tried again.

    Filter: `verdict`, one of VERDICTS. The newest first unless another order is chosen.
    """
    query = (
        select(
            EntryFile.id,
            Entry.number,
            Entry.title,
            Deliverable.name.label("slot"),
            EntryFile.name,
            EntryFile.kind,
            EntryFile.size,
            EntryFile.preview_state,
            EntryFile.preview_reason,
            EntryFile.accepted_at,
            _asked().label("asked"),
        )
        .join(Entry, Entry.id == EntryFile.entry_id)
        .join(Deliverable, Deliverable.id == EntryFile.deliverable_id)
        .where(*_files(contest.id), _conditions().get(listing.filters.get("verdict", ""), _failed()))
    )
    if listing.q:
        query = query.where(finds_entry(listing.q, EntryFile.name))
    listing = listing.counted(total(session, query.with_only_columns(EntryFile.id)))
    orders = {
        "accepted": (EntryFile.accepted_at,),
        "number": (Entry.number,),
        "name": (func.lower(EntryFile.name),),
        "size": (EntryFile.size,),
    }
    return listing, session.execute(listing.apply(query, orders, EntryFile.id)).all()


def retry(session: Session, actor: Actor, slug: str, file_id: uuid.UUID) -> EntryFile:
    """Ask for the previews of one file again. Raises NotFound, and Denied("preview_fine") where nothing failed.

    A damaged file keeps its pictures, which judges may be looking at, unless the new ones show as much.
    """
    contest = _organised(session, actor, slug)
    # The lock is the file's alone; whether it failed is asked once it is held.
    row = session.scalars(_of(contest).where(EntryFile.id == file_id).with_for_update(of=EntryFile)).first()
    if row is None:
        raise NotFound
    found = _conditions()
    again = or_(*(found[name] for name in VERDICTS)) & ~_asked()
    if session.scalar(select(EntryFile.id).where(EntryFile.id == file_id, again)) is None:
        raise Denied("preview_fine")
    _owe_again(session, [row])
    audit.record(session, actor, "previews.retried", row, contest_id=contest.id, entry=row.entry.number, file=row.id)
    return row


def retry_all(session: Session, actor: Actor, slug: str) -> int:
    """Ask again for what failed or waits too long, MOST_AGAIN files at most; returns how many.

    What was refused or is damaged comes out the same most times, so it is left to be tried one by one.
    """
    contest = _organised(session, actor, slug)
    found = _conditions()
    rows = session.scalars(
        _of(contest)
        .where(or_(found["failed"], found["waiting"]))
        .order_by(EntryFile.accepted_at.desc(), EntryFile.id)
        .limit(MOST_AGAIN)
        .with_for_update(of=EntryFile, skip_locked=True)
    ).all()
    _owe_again(session, rows)
    if rows:
        audit.record(session, actor, "previews.retried", contest, made=len(rows))
    return len(rows)


def owe_clips(session: Session, slug: str | None = None) -> tuple[int, int]:
    """Owe the clips that videos lack which browsers do not play: of one contest, or of all. Raises NotFound.

    Returns how many are owed by now, and how many of these were not before. Asked for again are those, too, that were
    made before clips had the sound of every film.
    """
    which: Any = Entry.contest_id
    if slug is not None:
        which = session.scalar(select(Contest.id).where(Contest.slug == slug))
        if which is None:
            raise NotFound
    facts = EntryFile.preview_facts
    plays = select(Preview.id).where(Preview.file_id == EntryFile.id, Preview.preset.in_(("mp4", "webm")))
    silent = and_(facts.has_key("clip_ms"), ~facts.has_key("mute"), facts["sound"].as_integer() == 1)
    asked = select(OutboxItem.id).where(_owed("clip")).correlate(EntryFile).exists()
    rows = session.execute(
        select(EntryFile, asked)
        .join(Entry, Entry.id == EntryFile.entry_id)
        .where(
            *_files(which),
            EntryFile.kind.in_(VIDEOS),
            EntryFile.preview_state.in_((PreviewState.READY, PreviewState.DAMAGED)),
            # One frame is a picture.
            EntryFile.preview_done > 1,
            or_(~plays.correlate(EntryFile).exists(), silent),
        )
        .order_by(EntryFile.accepted_at, EntryFile.id)
    ).all()
    new = [row for row, is_asked in rows if not is_asked]
    for row in new:
        previews.owe_clip(session, row)
    return len(rows), len(new)


def _organised(session: Session, actor: Actor, slug: str) -> Contest:
    contest = contests.get_managed(session, actor, slug)
    organises(actor, contest).require()
    return contest


def _of(contest: Contest) -> Select[EntryFile]:
    return select(EntryFile).join(Entry, Entry.id == EntryFile.entry_id).where(*_files(contest.id))


def _owe_again(session: Session, rows: Sequence[EntryFile]) -> None:
    """Owe the jobs of these files. One that is owed already and waits for its next try is due now."""
    for row in rows:
        previews.owe_again(session, row)
    keys = [f"{job}:{row.id}" for row in rows for job in _JOBS]
    session.execute(
        update(OutboxItem)
        .where(OutboxItem.key.in_(keys), OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None))
        .values(not_before=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
