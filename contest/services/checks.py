"""The check of an upload: whether it is what was announced, and its copy to a key that no grant ever named.

Object first, row second: the copy is made before the row says `accepted`. The row names the key before the
copy is made, so that a check that was killed in between finds its own copy and goes on.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import BinaryIO

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from contest import audit, clock, db
from contest.models import Contest, ContestPicture, Entry, EntryFile, Preview, RevisionFile
from contest.previews.kinds import (
    HEAD_BYTES,
    NOT_SUPPORTED,
    PREVIEWABLE,
    Kind,
    check_zip,
    identify,
    sniff,
    takes,
)
from contest.services import previews
from contest.services.uploads import STORED_TYPE
from contest.storage import ObjectExists, ObjectMissing, Storage
from contest.vocabulary import FILE_TRANSITIONS, FileState, PictureState, PreviewState, check_transition

UnitOfWork = Callable[[], AbstractContextManager[Session]]

#: A staged object, a grant and a removed file that nobody sealed are kept so long.
KEEP = timedelta(days=1)
_CHUNK = 1024 * 1024
#: Keys that are looked up at once, and outputs without a row that one run deletes.
_PAGE, MOST_SWEPT = 1000, 20_000


@dataclass(frozen=True)
class _Wanted:
    """What the check needs of the row."""

    staging_key: str
    key: str
    declared_size: int
    declared_sha256: bytes | None
    kinds: frozenset[str]
    max_bytes: int


@dataclass(frozen=True)
class _Found:
    """What an upload turned out to be; `reason` is None for one that is accepted."""

    reason: str | None
    kind: Kind | None = None
    size: int = 0
    sha256: bytes = b""
    etag: str = ""


def check_file(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, file_id: uuid.UUID) -> None:
    """The job: check one received upload; accept it or refuse it with a reason. Running it twice is dull.

    Raises StorageDown while the store is away; the job then comes again.
    """
    with unit_of_work() as session:
        wanted = _prepare(session, file_id)
    if wanted is None:
        with finishing():
            return
    found = _examine(storage, wanted)
    if found.reason is None:
        found = _keep(storage, wanted, found)
    with finishing() as session:
        row = _lock(session, file_id)
        if row is None:
            # Removed meanwhile: the copy is in nobody's entry.
            db.after_commit(session, partial(storage.delete, wanted.key))
            return
        _decide(session, row, found)
        db.after_commit(session, partial(storage.delete, wanted.staging_key))


def _lock(session: Session, file_id: uuid.UUID) -> EntryFile | None:
    """The row if its check is still wanted."""
    return session.scalars(
        select(EntryFile)
        .where(EntryFile.id == file_id, EntryFile.state == FileState.RECEIVED, EntryFile.removed_at.is_(None))
        .with_for_update()
    ).first()


def _prepare(session: Session, file_id: uuid.UUID) -> _Wanted | None:
    """Choose the key of the copy, once, and say what to check; None if nobody waits for it."""
    row = _lock(session, file_id)
    if row is None:
        return None
    if row.key is None:
        row.key = f"entries/{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}"
    slot = row.deliverable
    return _Wanted(
        row.staging_key, row.key, row.declared_size, row.declared_sha256, frozenset(slot.kinds), slot.max_bytes
    )


def _examine(storage: Storage, wanted: _Wanted) -> _Found:
    """Read the staged object once: size, SHA-256, type by content, and what an archive holds."""
    try:
        info = storage.head(wanted.staging_key)
        if info.size != wanted.declared_size:
            return _Found("size")
        if info.size == 0:
            return _Found("empty")
        if info.size > wanted.max_bytes:
            return _Found("too_large")
        with tempfile.TemporaryFile() as spool:
            digest, kind = _read(storage, wanted.staging_key, info.size, spool)
            if wanted.declared_sha256 is not None and digest != wanted.declared_sha256:
                return _Found("digest")
            archive = kind is Kind.ZIP
            if archive:
                kind = identify(spool, size=info.size)
            if kind is None or not takes(wanted.kinds, kind):
                return _Found("kind")
            if archive:
                spool.seek(0)
                if (reason := check_zip(spool)) is not None:
                    return _Found(reason)
    except ObjectMissing:
        return _Found("missing")
    return _Found(None, kind, info.size, digest, info.etag)


def _read(storage: Storage, key: str, size: int, spool: BinaryIO) -> tuple[bytes, Kind | None]:
    """SHA-256 and kind of an object, in constant memory. An archive is also written to `spool`."""
    hasher = hashlib.sha256()
    with storage.open(key) as stream:
        head = b""
        while len(head) < HEAD_BYTES and (chunk := stream.read(HEAD_BYTES - len(head))):
            head += chunk
        kind = sniff(head, size=size)
        chunk = head
        while chunk:
            hasher.update(chunk)
            if kind is Kind.ZIP:
                spool.write(chunk)
            chunk = stream.read(_CHUNK)
    return hasher.digest(), kind


def _keep(storage: Storage, wanted: _Wanted, found: _Found) -> _Found:
    """Copy the checked version to its own key. A copy that is there already must be ours."""
    try:
        storage.copy_if_absent(wanted.staging_key, wanted.key, content_type=STORED_TYPE, etag=found.etag)
    except ObjectMissing:
        return _Found("missing")
    except ObjectExists:
        with tempfile.TemporaryFile() as spool:
            digest, _ = _read(storage, wanted.key, found.size, spool)
        if digest != found.sha256:
            raise RuntimeError(f"{wanted.key} holds other bytes than were checked") from None
    return found


def _decide(session: Session, row: EntryFile, found: _Found) -> None:
    contest_id, number = session.execute(select(Entry.contest_id, Entry.number).where(Entry.id == row.entry_id)).one()
    if found.reason is not None:
        reject(session, row, found.reason, contest_id=contest_id)
        return
    check_transition(FILE_TRANSITIONS, row.state, FileState.ACCEPTED)
    row.state, row.accepted_at = FileState.ACCEPTED, clock.read(session)
    row.kind, row.size, row.sha256 = found.kind, found.size, found.sha256
    _take_place(session, row, contest_id, number)
    audit.record(
        session,
        None,
        "file.accepted",
        row,
        contest_id=contest_id,
        entry=number,
        kind=found.kind,
        size=found.size,
        sha256=found.sha256.hex(),
    )
    assert found.kind is not None
    if found.kind in PREVIEWABLE or found.kind in NOT_SUPPORTED:
        previews.owe(session, row)
    else:
        row.preview_state, row.preview_reason = PreviewState.ICON, "kind"


def _take_place(session: Session, row: EntryFile, contest_id: uuid.UUID, number: int) -> None:
    """Take what stood at this file's place out of the draft. Revisions that hold it keep it."""
    replaced = session.scalars(
        select(EntryFile)
        .where(
            EntryFile.entry_id == row.entry_id,
            EntryFile.deliverable_id == row.deliverable_id,
            EntryFile.position == row.position,
            EntryFile.id != row.id,
            EntryFile.created_at <= row.created_at,
            EntryFile.removed_at.is_(None),
        )
        .with_for_update()
    )
    for old in replaced:
        old.removed_at = row.accepted_at
        audit.record(session, None, "file.removed", old, contest_id=contest_id, entry=number, replaced_by=row.id)


def reject(session: Session, row: EntryFile, reason: str, *, contest_id: uuid.UUID) -> None:
    """Refuse an upload with a code of texts.rejection."""
    check_transition(FILE_TRANSITIONS, row.state, FileState.REJECTED)
    row.state, row.reason, row.key = FileState.REJECTED, reason, None
    audit.record(session, None, "file.rejected", row, contest_id=contest_id, reason=reason)


def give_up_check(session: Session, file_id: uuid.UUID) -> None:
    """Note that a check failed for good, so that the entrant can send the file again."""
    row = _lock(session, file_id)
    if row is not None:
        contest_id = session.scalars(select(Entry.contest_id).where(Entry.id == row.entry_id)).one()
        reject(session, row, "unchecked", contest_id=contest_id)


# Sweeping -------------------------------------------------------------------------------------------


def sweep_staging(session: Session, storage: Storage) -> None:
    """Periodic: give up grants that were never used, forget removed files, delete what nothing waits for.

    Rows go first and objects after the commit; an object that this run misses is found by the next.
    """
    _give_up_grants(session)
    gone = _forget_removed(session)
    waiting = set(
        session.scalars(
            select(EntryFile.staging_key).where(
                EntryFile.state.in_((FileState.EXPECTED, FileState.RECEIVED)), EntryFile.removed_at.is_(None)
            )
        )
    )

    # What comes in parts is no object yet.
    coming = set(
        session.scalars(
            select(EntryFile.parts_id).where(
                EntryFile.state == FileState.EXPECTED, EntryFile.removed_at.is_(None), EntryFile.parts_id.is_not(None)
            )
        )
    )
    # A contest's picture waits under the name that its own key will have.
    waiting |= {
        f"incoming/{key.removeprefix('covers/')}"
        for key in session.scalars(
            select(ContestPicture.original_key).where(ContestPicture.state == PictureState.PENDING)
        )
    }

    def delete_objects() -> None:
        for key in gone:
            storage.delete(key)
        # The store's own clock stamped them; a day is longer than any two clocks differ.
        before = datetime.now(UTC) - KEEP
        for found in storage.list("incoming/"):
            if found.modified < before and found.key not in waiting:
                storage.delete(found.key)
        for left in storage.parts.unfinished("incoming/"):
            if left.begun < before and left.upload not in coming:
                storage.parts.give_up(left.key, left.upload)

    db.after_commit(session, delete_objects)


def sweep_previews(session: Session, storage: Storage) -> None:
    """Periodic: delete outputs of the renderer that no row names, a day after they were stored.

    A job that was killed between the object and the row leaves one, and so does a second rendering that made less.
    The store is listed in pages, of which only one is in memory, and each page is looked up in one statement.
    """

    def delete_objects() -> None:
        before, deleted = datetime.now(UTC) - KEEP, 0
        old = (found.key for found in storage.list("previews/") if found.modified < before)
        while deleted < MOST_SWEPT and (keys := list(islice(old, _PAGE))):
            known = set(session.scalars(select(Preview.key).where(Preview.key.in_(keys))))
            # No transaction stays open while the store is asked.
            session.rollback()
            for key in keys:
                # The same key is written again when its file is rendered again: what is new by now stays.
                with suppress(ObjectMissing):
                    if key not in known and storage.head(key).modified < before:
                        storage.delete(key)
                        deleted += 1

    db.after_commit(session, delete_objects)


def _give_up_grants(session: Session) -> None:
    """Refuse uploads that were granted a day ago, or before a grace that is over, and never arrived."""
    now = clock.read(session)
    closed = Contest.closes_at + func.make_interval(0, 0, 0, 0, 0, 0, Contest.grace_seconds) <= now
    over = or_(closed, Contest.cancelled_at.is_not(None))
    rows = session.execute(
        select(EntryFile, Entry.contest_id, over.label("late"))
        .join(Entry, EntryFile.entry_id == Entry.id)
        .join(Contest, Entry.contest_id == Contest.id)
        .where(
            EntryFile.state == FileState.EXPECTED,
            EntryFile.removed_at.is_(None),
            # A slow line may take days, as long as parts arrive.
            or_(func.coalesce(EntryFile.parts_at, EntryFile.created_at) < now - KEEP, over),
        )
        .limit(1000)
        .with_for_update(of=EntryFile, skip_locked=True)
    )
    for row, contest_id, late in rows:
        reject(session, row, "late" if late else "missing", contest_id=contest_id)


def _forget_removed(session: Session) -> list[str]:
    """Drop the rows of files that were removed a day ago and that no revision holds; returns their keys."""
    now = clock.read(session)
    sealed = select(RevisionFile.file_id).where(RevisionFile.file_id == EntryFile.id).exists()
    rows = session.execute(
        select(EntryFile.id, EntryFile.key, EntryFile.staging_key)
        .where(EntryFile.removed_at < now - KEEP, ~sealed)
        .limit(1000)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [row.id for row in rows]
    keys = [key for row in rows for key in (row.key, row.staging_key) if key]
    keys += session.scalars(delete(Preview).where(Preview.file_id.in_(ids)).returning(Preview.key))
    session.execute(delete(EntryFile).where(EntryFile.id.in_(ids)))
    return keys
