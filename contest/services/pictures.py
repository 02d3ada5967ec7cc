"""The pictures of sealed revisions: which there are, in which sizes, and under which key each is stored.

Judging and publications show the same pictures under numbers of their own; neither learns a file's
name, nor any id or key of ours.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import (
    Account,
    AuditEvent,
    Deliverable,
    Entry,
    EntryFile,
    Membership,
    Preview,
    PreviewPage,
    RevisionFile,
)
from contest.previews.extras import OVERLAP, TILE
from contest.previews.kinds import EXTENSIONS, Kind, called
from contest.previews.outcome import EXTRAS, PRESETS
from contest.services.sheets import Members, Picture, PictureSize, PlainFile, Tiles
from contest.vocabulary import PreviewState, Role

#: Previews of a damaged file show what could be read of it.
SHOWN = (PreviewState.READY, PreviewState.DAMAGED)
SMALLEST = "320"
#: Labels whose numbers count up to that of the file's pages.
_COUNTED = ("picture", "page", "slide", "artboard", "view", "screen")
_KINDS = {extension: kind.value for kind, extensions in EXTENSIONS.items() for extension in extensions}
#: An end of many kinds' names.
del _KINDS["json"]
#: The preset under which the members of a click-through prototype lie.
SITE = "site"


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
    """The pages of all picture files, and the files without pictures."""
    files = session.execute(
        _files([revision_id]).add_columns(
            EntryFile.name, EntryFile.preview_pages, EntryFile.preview_facts, EntryFile.preview_tree
        )
    ).all()
    drawn = _drawn(session, [row.file_id for row in files if row.preview_state in SHOWN])
    clickable = sites(session, revision_id) if any(row.kind == Kind.PROTOTYPE for row in files) else ()
    prototypes = {file_id: at for at, file_id in enumerate(clickable, 1)}
    shown = reworded(session, drawn)
    pictures: list[Picture] = []
    plain: list[PlainFile] = []
    nth = 0
    for number, row in enumerate(files, 1):
        pages = drawn.get(row.file_id)
        if not pages:
            name = f"file-{len(plain) + 1}.{EXTENSIONS[Kind(row.kind)][0]}"
            plain.append(
                PlainFile(
                    name,
                    row.kind or "",
                    row.size or 0,
                    row.preview_state,
                    row.preview_reason or "",
                    _members(row.preview_tree or ()),
                    prototypes.get(row.file_id, 0),
                )
            )
            continue
        nth += 1
        alt = shown.get((str(row.file_id), row.alt), row.alt)
        for page, made in pages.items():
            pictures.append(_picture(number, nth, page, alt, row, made, len(pages), prototypes.get(row.file_id, 0)))
    return tuple(pictures), tuple(plain)


def _drawn(session: Session, file_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[int, list[Any]]]:
    """What was made of each page that has a picture: file → page → rows, in order of pages and sizes."""
    rows = session.execute(
        select(
            Preview.file_id,
            Preview.page,
            Preview.preset,
            Preview.width,
            Preview.height,
            PreviewPage.label,
            PreviewPage.number,
            PreviewPage.placeholder,
        )
        .outerjoin(PreviewPage, and_(PreviewPage.file_id == Preview.file_id, PreviewPage.page == Preview.page))
        .where(Preview.file_id.in_(file_ids))
        # A small picture has one width in several presets; the order must not hang on the database's.
        .order_by(Preview.file_id, Preview.page, Preview.width, func.length(Preview.preset), Preview.preset)
    )
    found: dict[uuid.UUID, dict[int, list[Any]]] = {}
    for row in rows:
        found.setdefault(row.file_id, {}).setdefault(row.page, []).append(row)
    return {
        file_id: whole
        for file_id, pages in found.items()
        if (whole := {page: made for page, made in pages.items() if any(row.preset in PRESETS for row in made)})
    }


def _picture(
    number: int, nth: int, page: int, alt: str, file: Any, made: list[Any], pages: int, prototype: int
) -> Picture:
    first, presets = made[0], {row.preset: row for row in made}
    # Files that were drawn before pages had labels.
    label = first.label or ("page" if pages > 1 else "picture")
    tiles = presets.get("tiles")
    return Picture(
        number,
        page,
        pages,
        alt,
        tuple(PictureSize(row.preset, row.width, row.height) for row in made if row.preset in PRESETS),
        nth=nth,
        label=label,
        place=first.number or page,
        of=max(file.preview_pages, pages) if label in _COUNTED else 0,
        kind=called(file.kind, file.name),
        facts={name: value for name, value in file.preview_facts.items() if type(value) is int},
        placeholder=(first.placeholder or b"").hex(),
        tiles=Tiles(tiles.width, tiles.height, TILE, OVERLAP) if tiles else None,
        moving="moving" in presets,
        video=next((preset for preset in ("mp4", "webm") if preset in presets), ""),
        prototype=prototype,
    )


def _members(tree: Iterable[tuple[str, int, int]]) -> tuple[Members, ...]:
    """Kinds by the ends of names, as far as we know them: any other end might be somebody's word."""
    counted = Counter(_KINDS.get(path.rpartition(".")[2].lower(), "") for path, _, _ in tree if path[-1:] != "/")
    return tuple(Members(kind, count) for kind, count in sorted(counted.items(), key=_known_first))


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
            number = look.pictures + look.files + 1
            thumb = look.thumb or Picture(number, 1, 1, alt, (PictureSize(SMALLEST, row.width, row.height),))
            found[row.revision_id] = FirstLook(look.pictures + 1, look.files, thumb)
    return found


def _known_first(counted: tuple[str, int]) -> tuple[bool, int, str]:
    kind, count = counted
    return not kind, -count, kind


def key_of(session: Session, revision_id: uuid.UUID, number: int, page: int, preset: str) -> str:
    """The object that holds a picture. Raises NotFound if the revision has no such picture."""
    if preset not in PRESETS:
        raise NotFound
    return str(_stored(session, revision_id, number, page, preset).key)


def extra_of(session: Session, revision_id: uuid.UUID, number: int, page: int, preset: str) -> tuple[str, int]:
    """The object that holds one of `outcome.EXTRAS` of a picture, and its size in bytes. Raises NotFound."""
    if preset not in EXTRAS or preset == SITE:
        raise NotFound
    found = _stored(session, revision_id, number, page, preset)
    return found.key, found.size


def _stored(session: Session, revision_id: uuid.UUID, number: int, page: int, preset: str) -> Row[str, int]:
    """Key and size in bytes of what was made of a page. Raises NotFound."""
    files = session.execute(_files([revision_id])).all()
    if not 0 < number <= len(files) or files[number - 1].preview_state not in SHOWN:
        raise NotFound
    found = session.execute(
        select(Preview.key, Preview.size).where(
            Preview.file_id == files[number - 1].file_id, Preview.page == page, Preview.preset == preset
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def originals(session: Session, revision_id: uuid.UUID) -> list[str]:
    """SHA-256 of each original of a revision, hexadecimal, in the order in which its files are counted from 1."""
    rows = session.execute(_files([revision_id]).add_columns(EntryFile.sha256))
    return [row.sha256.hex() for row in rows]


def sites(session: Session, revision_id: uuid.UUID) -> Mapping[uuid.UUID, str]:
    """The click-through prototypes of a revision, in the order in which they are counted from 1: file → its object."""
    rows = session.execute(
        _files([revision_id])
        .join(Preview, and_(Preview.file_id == EntryFile.id, Preview.preset == SITE))
        .add_columns(Preview.key)
    )
    return {row.file_id: row.key for row in rows}
