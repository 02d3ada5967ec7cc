"""What an installation must still hold after a move or a restore: each file as it was handed in, each receipt valid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from contest.models import EntryFile, Preview, Receipt, RevisionFile
from contest.services import receipts
from contest.storage import ObjectMissing, Storage, StorageDown
from contest.vocabulary import FileState

_CHUNK = 1024 * 1024
#: A store that answers to so many in a row no more is away: the others are not asked for, which would take hours.
_PATIENCE = 5


@dataclass(frozen=True)
class Held:
    """How many things of a kind there should be, and the keys or numbers of those that are not as they should be.

    `unknown`: of these the store did not answer, which says neither that they are there nor that they are not.
    """

    looked_at: int
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.missing and not self.changed and not self.unknown


def originals(session: Session, storage: Storage) -> Held:
    """Read each file that an entry or a revision holds, and compare its SHA-256."""
    sealed = exists().where(RevisionFile.file_id == EntryFile.id)
    rows = session.execute(
        select(EntryFile.key, EntryFile.sha256)
        .where(EntryFile.state == FileState.ACCEPTED, or_(EntryFile.removed_at.is_(None), sealed))
        .order_by(EntryFile.accepted_at)
    )
    wanted = {row.key: row.sha256 for row in rows if row.key is not None}
    # The store may take hours: no transaction waits for it.
    session.rollback()
    missing, changed, unknown, in_vain = [], [], [], 0
    for key, digest in wanted.items():
        if in_vain >= _PATIENCE:
            unknown.append(key)
            continue
        in_vain += 1
        try:
            if _sha256(storage, key) != digest:
                changed.append(key)
        except ObjectMissing:
            missing.append(key)
        except StorageDown:
            unknown.append(key)
            continue
        in_vain = 0
    return Held(len(wanted), tuple(missing), tuple(changed), tuple(unknown))


def _sha256(storage: Storage, key: str) -> bytes:
    digest = hashlib.sha256()
    with storage.open(key) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def previews(session: Session, storage: Storage) -> Held:
    """Compare the pictures that rows name with the store's own list, by size."""
    wanted: dict[str, int] = {row.key: row.size for row in session.execute(select(Preview.key, Preview.size))}
    session.rollback()
    try:
        there = {found.key: found.size for found in storage.list("previews/") if found.key in wanted}
    except StorageDown:
        return Held(len(wanted), unknown=tuple(wanted))
    changed = tuple(key for key, size in there.items() if size != wanted[key])
    return Held(len(wanted), tuple(key for key in wanted if key not in there), changed)


def signed(session: Session) -> Held:
    """Check each receipt as anybody can on the page for it."""
    changed, number = [], 0
    for receipt in session.scalars(select(Receipt).order_by(Receipt.created_at)).yield_per(500):
        number += 1
        if receipts.check(session, receipts.document(receipt).decode()).outcome != "valid":
            changed.append(receipt.number)
    return Held(number, (), tuple(changed))
