"""The pictures of sealed revisions: which there are, in which sizes, and under which key each is stored.

Judging and publications show the same pictures under numbers of their own; neither learns a file's
name, nor any id or key of ours.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Account, AuditEvent, Deliverable, Entry, EntryFile, Membership, Preview, RevisionFile
from contest.services.sheets import Picture, PictureSize, PlainFile
from contest.vocabulary import PreviewState, Role

#: Previews of a damaged file show what could be read of it.
SHOWN = (PreviewState.READY, PreviewState.DAMAGED)
SMALLEST = "320"


@dataclass(frozen=True)
class FirstLook:
    """A revision in one line of a list: how many files it has, and its first picture."""

    pictures: int
    files: int
    thumb: Picture | None


_File = Select[uuid.UUID, uuid.UUID, str, str | None, int | None, str, str | None]


def _files(revision_ids: Iterable[uuid.UUID]) -> _File:
    """The files of revisions in the order in which everybody sees them."""
    return (
        select(
            RevisionFile.revision_id,
            EntryFile.id.label("file_id"),
            RevisionFile.alt,
            EntryFile.kind,
            EntryFile.size,
            EntryFile.preview_state,
            EntryFile.preview_reason,
        )
        .join(EntryFile, EntryFile.id == RevisionFile.file_id)
        .join(Deliverable, Deliverable.id == EntryFile.deliverable_id)
        .where(RevisionFile.revision_id.in_(list(revision_ids)))
        .order_by(RevisionFile.revision_id, Deliverable.position, RevisionFile.position, EntryFile.id)
    )


def reworded(session: Session, file_ids: Iterable[uuid.UUID]) -> Mapping[tuple[str, str], str]:
    """What organisers wrote in the place of entrants' words: (file's id, the entrant's words) → the words shown.

    What was sealed and signed stays as it is; the newest `entry.alt_edited` event says what is shown instead,
    and only as long as the entrant's words are those that were reworded. Organisers' events are found by
    their actors, of whom there are few: the log of a large contest is entrants' events.
    """
    ids = [str(file_id) for file_id in file_ids]
    if not ids:
        return {}
    contest_id = (
        select(Entry.contest_id)
        .join(EntryFile, EntryFile.entry_id == Entry.id)
        .where(EntryFile.id == uuid.UUID(ids[0]))
        .scalar_subquery()
    )
    organisers = select(Membership.account_id).where(
        Membership.contest_id == contest_id, Membership.role == Role.ORGANISER
    )
    admins = select(Account.id).where(Account.is_admin)
    rows = session.execute(
        select(AuditEvent.subject_id, AuditEvent.facts)
        .where(
            or_(AuditEvent.actor_id.in_(organisers), AuditEvent.actor_id.in_(admins)),
            AuditEvent.act == "entry.alt_edited",
            AuditEvent.subject_type == "entry_file",
            AuditEvent.subject_id.in_(ids),
        )
        .order_by(AuditEvent.id)
    )
    return {(row.subject_id, str(row.facts["original"])): str(row.facts["after"]) for row in rows}


def of_revision(session: Session, revision_id: uuid.UUID) -> tuple[tuple[Picture, ...], tuple[PlainFile, ...]]:
    """The pages of all picture files, and the files without pictures, each numbered from 1."""
    rows = session.execute(
        _files([revision_id])
        .add_columns(Preview.page, Preview.preset, Preview.width, Preview.height)
        .outerjoin(Preview, and_(Preview.file_id == EntryFile.id, EntryFile.preview_state.in_(SHOWN)))
        # A small picture has one width in several presets; the order must not hang on the database's.
        .order_by(Preview.page, Preview.width, func.length(Preview.preset), Preview.preset)
    ).all()
    pictures: list[Picture] = []
    plain: list[PlainFile] = []
    files: dict[uuid.UUID, dict[int, list[PictureSize]]] = {}
    facts = {row.file_id: row for row in rows}
    for row in rows:
        pages = files.setdefault(row.file_id, {})
        if row.page is not None:
            pages.setdefault(row.page, []).append(PictureSize(row.preset, row.width, row.height))
    shown = reworded(session, [row.file_id for row in rows if row.page is not None])
    number = 0
    for file_id, pages in files.items():
        row = facts[file_id]
        if not pages:
            name = f"file-{len(plain) + 1}.{row.kind}"
            plain.append(PlainFile(name, row.kind or "", row.size or 0, row.preview_state, row.preview_reason or ""))
            continue
        number += 1
        alt = shown.get((str(file_id), row.alt), row.alt)
        for page, sizes in sorted(pages.items()):
            pictures.append(Picture(number, page, len(pages), alt, tuple(sizes)))
    return tuple(pictures), tuple(plain)


def first_looks(session: Session, revision_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, FirstLook]:
    """For a list: the number of files and the first picture of each revision, in two statements."""
    wanted = list(revision_ids)
    if not wanted:
        return {}
    rows = session.execute(
        _files(wanted)
        .add_columns(Preview.width, Preview.height)
        .outerjoin(
            Preview,
            and_(
                Preview.file_id == EntryFile.id,
                Preview.page == 1,
                Preview.preset == SMALLEST,
                EntryFile.preview_state.in_(SHOWN),
            ),
        )
    ).all()
    shown = reworded(session, {row.file_id for row in rows if row.width is not None})
    found: dict[uuid.UUID, FirstLook] = {}
    for row in rows:
        look = found.get(row.revision_id, FirstLook(0, 0, None))
        if row.width is None:
            found[row.revision_id] = FirstLook(look.pictures, look.files + 1, look.thumb)
        else:
            alt = shown.get((str(row.file_id), row.alt), row.alt)
            thumb = look.thumb or Picture(1, 1, 1, alt, (PictureSize(SMALLEST, row.width, row.height),))
            found[row.revision_id] = FirstLook(look.pictures + 1, look.files, thumb)
    return found


def key_of(session: Session, revision_id: uuid.UUID, number: int, page: int, preset: str) -> str:
    """The object that holds a picture. Raises NotFound if the revision has no such picture."""
    shown = (
        _files([revision_id])
        .join(Preview, and_(Preview.file_id == EntryFile.id, EntryFile.preview_state.in_(SHOWN)))
        .add_columns(Preview.page, Preview.preset, Preview.key)
    )
    files: dict[uuid.UUID, None] = {}
    for row in session.execute(shown):
        files[row.file_id] = None
        if len(files) == number and (row.page, row.preset) == (page, preset):
            return str(row.key)
    raise NotFound
