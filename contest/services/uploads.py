"""Uploads: grant one, finish it, describe it, remove it, download it.

The browser sends a file straight to the store, to a staging key that we choose and that nothing else uses.
It is attached to nothing until `checks.check_file` has read it and copied it to a key that no grant named.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from contest import audit, clock, db, outbox, permissions
from contest.errors import Conflict, Invalid, NotFound
from contest.models import Entry, EntryFile, RevisionFile
from contest.permissions import Actor
from contest.services import entries, parts
from contest.services.drafts import ALT_MOST, files_of, slots_of
from contest.services.filenames import clean_name, fits_name
from contest.storage import Grant, ObjectMissing, Storage
from contest.vocabulary import FILE_TRANSITIONS, FileState, check_transition

#: All that a store keeps under: what a file is, a browser never learns from the store.
STORED_TYPE = "application/octet-stream"
#: In a day an entry may begin uploads of so many times what all its slots hold together.
QUOTA_TIMES, QUOTA_WINDOW = 4, timedelta(days=1)
#: Seconds in which a granted PUT must begin.
GRANT_LIFE = 900
#: Most parts that are granted in one answer.
PARTS_AT_ONCE = 8
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Incoming:
    """One file of a plain form: its name as typed, and its bytes, seekable."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True)
class Refused:
    """A file of a plain form that was not taken, and why (a code of texts.field_error)."""

    name: str
    code: str


@dataclass(frozen=True)
class Arrived:
    """What became of the files of a plain form. `vacant`: the one that was to be replaced was gone by then."""

    refused: tuple[Refused, ...]
    vacant: bool = False


# Granting -------------------------------------------------------------------------------------------


def grant(
    session: Session,
    actor: Actor,
    storage: Storage,
    *,
    entry_id: uuid.UUID,
    slot_key: str,
    name: str,
    size: int,
    sha256: bytes,
    media_type: str = "",
    replaces: uuid.UUID | None = None,
    part_digests: bytes | None = None,
) -> tuple[EntryFile, Grant | None]:
    """Allow one PUT of exactly these bytes, for 15 minutes. Raises NotFound, Denied and Invalid.

    With `part_digests`, the SHA-256 of each part one after the other, the file comes in parts: there is no grant
    yet, see `open_parts` and `grant_parts`.

    The same file again, while its upload has not arrived, goes on with that upload: after a lost answer or
    a reload one chooses the file anew, and its start still counts. `replaces`: the file whose place it shall
    take; that one stays until the new one has passed its check. Where it is gone by now, the new one gets a
    place all the same while there is one.
    """
    entry = _own_entry(session, actor, entry_id)
    name = clean_name(name)
    if part_digests is not None and not parts.fits(size, part_digests):
        raise Invalid("parts", "digest_invalid")
    now = clock.read(session)
    begun = _same(session, entry, slot_key, name, size, sha256, FileState.EXPECTED)
    old = _replaceable(session, entry, slot_key, replaces)
    if begun is not None and old is not None and begun.position != old.position:
        begun = None
    if begun is not None:
        permissions.may_finish_upload(actor, entry, begun.created_at, now).require()
        if begun.part_digests != part_digests:
            # Another browser sends it in another way: what came in parts is of no use for one piece.
            if begun.parts_id is not None:
                db.after_commit(session, partial(storage.parts.give_up, begun.staging_key, begun.parts_id))
            begun.part_digests, begun.parts_id, begun.parts_at = part_digests, None, None
        return begun, _put(storage, begun)
    permissions.may_edit_entry(actor, entry, now).require()
    row = _begin(session, entry, slot_key, name, size, sha256, now, media_type, old)
    row.part_digests = part_digests
    session.flush()
    audit.record(session, actor, "file.granted", row, contest_id=entry.contest_id, entry=entry.number, size=size)
    return row, _put(storage, row)


def _same(
    session: Session, entry: Entry, slot_key: str, name: str, size: int, sha256: bytes, *states: FileState
) -> EntryFile | None:
    """The draft's file of this slot, in one of these states, that was announced as just this one."""
    rows = session.scalars(
        select(EntryFile).where(
            EntryFile.entry_id == entry.id,
            EntryFile.state.in_(states),
            EntryFile.removed_at.is_(None),
            EntryFile.declared_sha256 == sha256,
        )
    )
    same = (row for row in rows if (row.deliverable.key, row.name, row.declared_size) == (slot_key, name, size))
    return next(same, None)


def _replaceable(session: Session, entry: Entry, slot_key: str, file_id: uuid.UUID | None) -> EntryFile | None:
    """The file at whose place a new one shall stand; None for none, or one that is not of this entry and slot.

    Another tab may have been first. What took the place meanwhile is replaced instead, so that the newest file
    counts; a place that was given up is taken again, as long as the slot has one left.
    """
    row = session.get(EntryFile, file_id, populate_existing=True) if file_id else None
    if row is None or row.entry_id != entry.id or row.deliverable.key != slot_key:
        return None
    if row.removed_at is None:
        return row
    standing = session.scalars(
        select(EntryFile)
        .where(
            EntryFile.entry_id == entry.id,
            EntryFile.deliverable_id == row.deliverable_id,
            EntryFile.position == row.position,
            EntryFile.removed_at.is_(None),
        )
        .order_by(EntryFile.created_at.desc())
        .limit(1)
    ).first()
    return standing or row


def grant_again(session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID) -> tuple[EntryFile, Grant | None]:
    """Sign a grant anew for an upload that has not arrived: its start still counts. Raises NotFound, Conflict."""
    _entry, row, _now = _unarrived(session, actor, file_id)
    return row, _put(storage, row)


def open_parts(session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID) -> tuple[EntryFile, list[int]]:
    """The numbers of the parts that have arrived. One whose parts the store does not know begins anew.

    Raises NotFound, Denied after the deadline and its grace, and Conflict.
    """
    staged = get_own(session, actor, file_id)
    permissions.may_finish_upload(actor, staged.entry, staged.created_at, clock.read(session)).require()
    _expect(staged)
    if staged.part_digests is None:
        raise Conflict("grant_used")
    # The store is asked before any row is locked; of what two tabs begin at once, one is given up.
    known, begun = staged.parts_id, None
    try:
        there = sorted(parts.arrived(storage, staged))
    except ObjectMissing:
        if _size_at(storage, staged.staging_key) == staged.declared_size:
            # Joined already, and only the answer was lost.
            return staged, list(range(1, parts.count(staged.declared_size) + 1))
        there, begun = [], storage.parts.begin(staged.staging_key, content_type=STORED_TYPE)
    _entry, row, now = _unarrived(session, actor, file_id)
    if begun is not None and row.parts_id == known:
        row.parts_id, row.parts_at = begun, now
    elif begun is not None:
        db.after_commit(session, partial(storage.parts.give_up, row.staging_key, begun))
    return row, there


def grant_parts(
    session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID, numbers: Collection[int]
) -> tuple[EntryFile, dict[int, Grant]]:
    """Allow a PUT of each of these parts, for 15 minutes. Raises NotFound, Denied, Invalid and Conflict."""
    _entry, row, now = _unarrived(session, actor, file_id)
    if row.parts_id is None:
        raise Conflict("grant_used")
    if not 0 < len(numbers) <= PARTS_AT_ONCE or not all(1 <= n <= parts.count(row.declared_size) for n in numbers):
        raise Invalid("parts", "invalid")
    row.parts_at = now
    return row, {
        number: storage.parts.grant(
            row.staging_key,
            row.parts_id,
            number,
            length=parts.size_of(row, number),
            sha256=parts.digest_of(row, number),
            expires=GRANT_LIFE,
        )
        for number in numbers
    }


def _unarrived(session: Session, actor: Actor, file_id: uuid.UUID) -> tuple[Entry, EntryFile, datetime]:
    """A file of the actor's own draft that may still arrive, and the time by the database's clock."""
    entry, row = _own_file(session, actor, file_id)
    now = clock.read(session)
    permissions.may_finish_upload(actor, entry, row.created_at, now).require()
    _expect(row)
    return entry, row, now


def _expect(row: EntryFile) -> None:
    """Raises Conflict for a file that has arrived, and NotFound for an upload that was given up or refused."""
    if row.state == FileState.REJECTED:
        raise NotFound
    if row.state != FileState.EXPECTED or row.declared_sha256 is None:
        raise Conflict("grant_used")


def _size_at(storage: Storage, key: str) -> int:
    """Bytes of the object; -1 if there is none."""
    try:
        return storage.head(key).size
    except ObjectMissing:
        return -1


def _put(storage: Storage, row: EntryFile) -> Grant | None:
    """The grant of an upload in one piece; None for one in parts."""
    if row.part_digests is not None:
        return None
    assert row.declared_sha256 is not None
    return storage.grant_put(
        row.staging_key,
        length=row.declared_size,
        sha256=row.declared_sha256,
        content_type=STORED_TYPE,
        expires=GRANT_LIFE,
    )


def _own_entry(session: Session, actor: Actor, entry_id: uuid.UUID) -> Entry:
    """The actor's entry, locked, with the contest's dates held. Raises NotFound for anyone else's."""
    entry = session.scalars(
        select(Entry)
        .where(Entry.id == entry_id, Entry.account_id == actor.account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if entry is None or not permissions.may_see_contest(actor, entry.contest):
        raise NotFound
    entries.hold(session, entry.contest)
    return entry


def _own_file(session: Session, actor: Actor, file_id: uuid.UUID, *, removed: bool = False) -> tuple[Entry, EntryFile]:
    """A file of the actor's own draft, entry and file locked in this order. Raises NotFound.

    `removed`: one that was taken out of it will do too.
    """
    entry_id = session.scalar(select(EntryFile.entry_id).where(EntryFile.id == file_id))
    if entry_id is None:
        raise NotFound
    entry = _own_entry(session, actor, entry_id)
    row = session.get_one(EntryFile, file_id, with_for_update=True, populate_existing=True)
    if row.removed_at is not None and not removed:
        raise NotFound
    return entry, row


def _begin(
    session: Session,
    entry: Entry,
    slot_key: str,
    name: str,
    size: int,
    sha256: bytes,
    now: datetime,
    media_type: str = "",
    old: EntryFile | None = None,
) -> EntryFile:
    """The row of a new upload, after every check that needs no bytes; at the place of `old`. Raises Invalid."""
    slots = slots_of(session, entry.contest, files_of(session, entry))
    slot = next((slot for slot in slots if slot.key == slot_key), None)
    if slot is None:
        raise Invalid("slot", "slot_unknown")
    if size <= 0:
        raise Invalid("file", "file_empty")
    if size > slot.max_bytes:
        raise Invalid("file", "file_too_large")
    if not fits_name(name, media_type, slot):
        raise Invalid("file", "file_type")
    # After a broken line people choose all their files once more: what has arrived is not sent twice.
    if old is None and _same(session, entry, slot_key, name, size, sha256, FileState.RECEIVED, FileState.ACCEPTED):
        raise Invalid("file", "file_here")
    # What replaces a file that counts needs no place of its own; what replaces a refused one does.
    places = {file.position for file in slot.files if file.state != FileState.REJECTED}
    if old is not None:
        places.discard(old.position)
    if len(places) >= slot.max_files:
        raise Invalid("file", "slot_full")
    # What is on its way counts however long ago it began: a slow line may take days.
    coming = and_(EntryFile.state == FileState.EXPECTED, EntryFile.removed_at.is_(None))
    begun = session.scalar(
        select(func.coalesce(func.sum(EntryFile.declared_size), 0)).where(
            EntryFile.entry_id == entry.id, or_(EntryFile.created_at > now - QUOTA_WINDOW, coming)
        )
    )
    if (begun or 0) + size > QUOTA_TIMES * sum(slot.max_bytes * slot.max_files for slot in slots):
        raise Invalid("file", "quota_used")
    if old is None:
        position = session.scalars(
            select(func.coalesce(func.max(EntryFile.position), 0) + 1).where(EntryFile.entry_id == entry.id)
        ).one()
    else:
        position = old.position
    row = EntryFile(
        entry_id=entry.id,
        deliverable_id=slot.id,
        name=name,
        declared_size=size,
        declared_sha256=sha256,
        position=position,
        # A new version of a picture mostly shows the same; its sentence can be changed.
        alt=old.alt if old is not None else "",
        staging_key=f"incoming/{uuid.uuid4()}",
        created_at=now,
    )
    session.add(row)
    entry.changed_at = now
    return row


# Finishing ------------------------------------------------------------------------------------------


def check_own(session: Session, actor: Actor, slug: str, file_ids: Collection[uuid.UUID]) -> None:
    """Whether each is a file of the actor's entry in the contest, taken out of it or not. Raises NotFound.

    Asked before the bytes of a form move: what is refused afterwards leaves them in the store without a row.
    """
    entry = entries.get_own(session, actor, slug)
    found = select(func.count()).where(EntryFile.entry_id == entry.id, EntryFile.id.in_(file_ids))
    if session.scalars(found).one() < len(file_ids):
        raise NotFound


def get_own(session: Session, actor: Actor, file_id: uuid.UUID) -> EntryFile:
    """A file of the actor's own draft, to be told of its state. Raises NotFound."""
    row = session.scalars(
        select(EntryFile)
        .join(Entry)
        .where(EntryFile.id == file_id, Entry.account_id == actor.account_id, EntryFile.removed_at.is_(None))
    ).first()
    if row is None:
        raise NotFound
    return row


def complete(session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID) -> EntryFile:
    """Note that an upload has arrived, and owe its check. A second call changes nothing.

    Raises NotFound, Denied after the deadline and its grace, and Conflict("not_received").
    """
    staged = get_own(session, actor, file_id)
    arrived = -1
    if staged.state == FileState.EXPECTED:
        # The store is asked before any row is locked, so that a slow one holds nobody up.
        if staged.part_digests is not None:
            permissions.may_finish_upload(actor, staged.entry, staged.created_at, clock.read(session)).require()
            parts.join(storage, staged)
        arrived = _size_at(storage, staged.staging_key)
    entry, row = _own_file(session, actor, file_id)
    if row.state != FileState.EXPECTED:
        return row
    now = clock.read(session)
    permissions.may_finish_upload(actor, entry, row.created_at, now).require()
    if arrived != row.declared_size:
        raise Conflict("not_received")
    _received(session, actor, entry, row, now)
    return row


def _received(session: Session, actor: Actor, entry: Entry, row: EntryFile, now: datetime) -> None:
    check_transition(FILE_TRANSITIONS, row.state, FileState.RECEIVED)
    row.state, row.received_at = FileState.RECEIVED, now
    entry.changed_at = now
    audit.record(session, actor, "file.received", row, contest_id=entry.contest_id, entry=entry.number)
    outbox.add(session, "check_file", key=f"check:{row.id}", share=entry.account_id, file_id=str(row.id))


@dataclass(frozen=True)
class Staged:
    """A file of a plain form whose bytes are in the store and whose row is not made yet."""

    name: str
    key: str
    size: int
    sha256: bytes


def receive(
    session: Session,
    actor: Actor,
    storage: Storage,
    slug: str,
    slot_key: str,
    incoming: Sequence[Incoming],
    *,
    replaces: uuid.UUID | None = None,
) -> Arrived:
    """Take the files of a plain form with one slot: `stage`, then `attach`."""
    if not incoming:
        raise Invalid("file", "file_missing")
    staged = stage(session, actor, storage, slug, incoming)
    return attach(session, actor, storage, slug, slot_key, staged, replaces=replaces)


def stage(
    session: Session, actor: Actor, storage: Storage, slug: str, incoming: Sequence[Incoming]
) -> list[Staged | Refused]:
    """Put the files of a plain form into the store; each stands for itself. Raises NotFound and Denied.

    No row is locked while the bytes move: all files of a form are staged before the first one is attached.
    """
    entry = entries.get_own(session, actor, slug)
    # Asked before the bytes move, and again under the lock.
    permissions.may_edit_entry(actor, entry, clock.read(session)).require()
    staged: list[Staged | Refused] = []
    for each in incoming:
        try:
            name = clean_name(each.name)
            size, digest = _measure(each.stream)
            if size == 0:
                raise Invalid("file", "file_empty")
        except Invalid as error:
            staged.append(Refused(each.name, next(iter(error.problems.values()))))
            continue
        key = f"incoming/{uuid.uuid4()}"
        # Object first, row second; an object that gets no row is swept after a day.
        storage.put(key, each.stream, content_type=STORED_TYPE)
        staged.append(Staged(name, key, size, digest))
    return staged


def attach(
    session: Session,
    actor: Actor,
    storage: Storage,
    slug: str,
    slot_key: str,
    staged: Sequence[Staged | Refused],
    *,
    replaces: uuid.UUID | None = None,
) -> Arrived:
    """Give staged files their rows, and owe their checks.

    What counts for the deadline is when the whole form had arrived. `replaces`: as in `grant`, for the first
    file. Raises NotFound and Denied.
    """
    entry = _own_entry(session, actor, entries.get_own(session, actor, slug).id)
    old = _replaceable(session, entry, slot_key, replaces)
    vacant = replaces is not None and (old is None or old.removed_at is not None)
    refused: list[Refused] = []
    for each in staged:
        if isinstance(each, Refused):
            refused.append(each)
            continue
        now = clock.read(session)
        permissions.may_edit_entry(actor, entry, now).require()
        try:
            row = _begin(session, entry, slot_key, each.name, each.size, each.sha256, now, old=old)
        except Invalid as error:
            refused.append(Refused(each.name, next(iter(error.problems.values()))))
            db.after_commit(session, partial(storage.delete, each.key))
            continue
        row.staging_key = each.key
        session.flush()
        audit.record(
            session, actor, "file.granted", row, contest_id=entry.contest_id, entry=entry.number, size=each.size
        )
        _received(session, actor, entry, row, now)
        session.flush()
        old = None
    return Arrived(tuple(refused), vacant)


def _measure(stream: BinaryIO) -> tuple[int, bytes]:
    """Size and SHA-256 of a stream, read in pieces; it stands at its start again afterwards."""
    stream.seek(0)
    hasher, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        hasher.update(chunk)
        size += len(chunk)
    stream.seek(0)
    return size, hasher.digest()


# Describing and removing ----------------------------------------------------------------------------


def describe(session: Session, actor: Actor, file_id: uuid.UUID, *, alt: str, was: str) -> EntryFile:
    """Set the sentence for those who cannot see the picture. `was` is the one that the form was opened with.

    Describing is part of sending a file: it goes on as long as the file's upload may be finished. Raises
    NotFound, Denied, Invalid("alt"), Conflict("stale") with `stored`, and Conflict("file_gone").
    """
    entry, row = _own_file(session, actor, file_id, removed=True)
    if row.removed_at is not None:
        raise Conflict("file_gone")
    now = clock.read(session)
    if _is_sealed(session, row):
        permissions.may_edit_entry(actor, entry, now).require()
    permissions.may_finish_upload(actor, entry, row.created_at, now).require()
    if len(alt) > ALT_MOST:
        raise Invalid("alt", "too_long")
    if alt == row.alt:
        return row
    if row.alt != was:
        raise Conflict("stale", stored=row.alt)
    row.alt, entry.changed_at = alt, now
    audit.record(session, actor, "entry.changed", entry, fields=["alt"], file=row.id)
    return row


def remove(session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID) -> EntryFile:
    """Take a file out of the draft, or cancel its upload. Revisions that hold it keep it. Raises NotFound, Denied.

    One that is out already, by another tab or a second click, is as it was wanted: nothing is changed.
    """
    entry, row = _own_file(session, actor, file_id, removed=True)
    if row.removed_at is not None:
        return row
    now = clock.read(session)
    if row.state in (FileState.EXPECTED, FileState.REJECTED):
        # What never counted may go as long as its upload could have been finished.
        permissions.may_finish_upload(actor, entry, row.created_at, now).require()
    else:
        permissions.may_edit_entry(actor, entry, now).require()
    row.removed_at = entry.changed_at = now
    audit.record(session, actor, "file.removed", row, contest_id=entry.contest_id, entry=entry.number)
    if row.state != FileState.ACCEPTED:
        db.after_commit(session, partial(parts.discard, storage, row.staging_key, row.parts_id))
    return row


def _is_sealed(session: Session, row: EntryFile) -> bool:
    return session.scalar(select(RevisionFile.file_id).where(RevisionFile.file_id == row.id).limit(1)) is not None


# Downloading ----------------------------------------------------------------------------------------


def original(session: Session, actor: Actor, storage: Storage, file_id: uuid.UUID) -> str:
    """A link that downloads an original for 60 seconds: for its entrant and the app team. Raises NotFound."""
    row = session.scalars(
        select(EntryFile).where(EntryFile.id == file_id, EntryFile.state == FileState.ACCEPTED)
    ).first()
    if row is None or row.key is None:
        raise NotFound
    entry = row.entry
    own = permissions.owns(actor, entry) and permissions.may_see_contest(actor, entry.contest)
    if not own and not permissions.may_manage(actor, entry.contest):
        raise NotFound
    audit.record(session, actor, "file.downloaded", row, contest_id=entry.contest_id, entry=entry.number)
    return storage.link(row.key, filename=row.name)
