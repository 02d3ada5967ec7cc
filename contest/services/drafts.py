"""A draft: its words, its files in their slots, and what is missing. Values, and the statements that read them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Label, case, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session, aliased

from contest.models import (
    Category,
    Contest,
    Deliverable,
    Entry,
    EntryFile,
    Preview,
    PreviewPage,
    RevisionFile,
    Round,
    Terms,
    TermsAcceptance,
)
from contest.permissions import Actor
from contest.previews.kinds import MODELS, PICTURES, VIDEOS, Kind
from contest.vocabulary import FileState, PreviewState

#: Longest texts, in characters after normalising.
TITLE_MOST, STATEMENT_MOST, DECLARATION_MOST, CREDIT_MOST, ALT_MOST = 120, 3000, 3000, 120, 300

#: Kinds that show one thing: each needs a sentence for those who cannot see it. Documents, packages and fonts
#: hold many, and say in their own words what they are.
DESCRIBED = (
    PICTURES | VIDEOS | MODELS | {Kind.PSD, Kind.PSB, Kind.SKETCH, Kind.FIG, Kind.XD, Kind.LOTTIE, Kind.DOTLOTTIE}
)

#: Fields of the form of details, as `find_missing` names them.
DETAIL_FIELDS = ("title", "category", "statement", "declaration", "credit")

#: Members of a package that a page lists.
TREE_MOST = 200
#: States in which a file's previews are as whole as they will be.
WITH_PAGES = frozenset({PreviewState.READY, PreviewState.DAMAGED})


@dataclass(frozen=True)
class Details:
    """The words of a draft."""

    title: str = ""
    statement: str = ""
    declaration: str = ""
    credit: str = ""
    category_id: uuid.UUID | None = None


@dataclass(frozen=True)
class PageRow:
    """A page with a preview: one of previews.outcome.LABELS with its number, and the ids of two of its sizes."""

    page: int
    label: str
    number: int
    small: uuid.UUID
    #: Pixels of the small one.
    width: int
    height: int
    large: uuid.UUID


@dataclass(frozen=True)
class FileRow:
    """One file of the draft. `sealed`: a revision holds it. `thumb`: the id of its smallest preview."""

    id: uuid.UUID
    deliverable_id: uuid.UUID
    name: str
    state: str
    reason: str | None
    kind: str | None
    size: int
    sha256: bytes | None
    alt: str
    begun_at: datetime
    received_at: datetime | None
    preview_state: str
    preview_reason: str | None
    preview_pages: int
    preview_done: int
    preview_facts: Mapping[str, int]
    #: The first members of a package, at most TREE_MOST: (path, bytes, page that shows it or 0); of how many.
    tree: Sequence[tuple[str, int, int]] | None
    members: int | None
    #: Ids of what plays or opens beside the pictures of the first page, by preset; None where there is nothing.
    extras: Mapping[str, str] | None
    sealed: bool
    thumb: uuid.UUID | None
    thumb_width: int | None
    thumb_height: int | None
    #: Its place in the entry. A file that shall replace another stands at the same place, after it.
    position: int = 0
    #: Its pages in order, once all previews are made.
    pages: tuple[PageRow, ...] = ()

    @property
    def is_picture(self) -> bool:
        """Whether it is one thing to look at, of which there is something to see."""
        return self.kind in DESCRIBED and self.preview_state != PreviewState.ICON

    @property
    def pending(self) -> bool:
        """Whether something will still happen to it without the entrant."""
        return self.state == FileState.RECEIVED or self.preview_state == PreviewState.PENDING

    @property
    def needs_text(self) -> bool:
        """Whether the sentence for those who cannot see the picture is missing."""
        return self.state == FileState.ACCEPTED and self.is_picture and not self.alt

    @property
    def needs_care(self) -> bool:
        """Whether the entrant should look at it."""
        return self.state == FileState.REJECTED or self.preview_state in (
            PreviewState.DAMAGED,
            PreviewState.FAILED,
            PreviewState.REFUSED,
        )


@dataclass(frozen=True)
class Slot:
    """A deliverable with the draft's files for it."""

    id: uuid.UUID
    key: str
    name: dict[str, str]
    hint: dict[str, str]
    required: bool
    kinds: tuple[str, ...]
    max_bytes: int
    max_files: int
    files: tuple[FileRow, ...] = ()

    @property
    def ready(self) -> int:
        """How many files have passed their check."""
        return sum(file.state == FileState.ACCEPTED for file in self.files)

    @property
    def taken(self) -> int:
        """How many places are in order or under way; a refused file takes none, two at one place take one."""
        return len({file.position for file in self.files if file.state != FileState.REJECTED})

    @property
    def to_fix(self) -> int:
        """How many files the entrant should look at."""
        return sum(file.needs_care or file.needs_text for file in self.files)

    def replaced(self, file: FileRow) -> FileRow | None:
        """The file whose place this one takes once it has passed its check."""
        before = [each for each in self.files[: self.files.index(file)] if each.position == file.position]
        return before[0] if before and file.state != FileState.ACCEPTED else None

    def replacing(self, file: FileRow) -> FileRow | None:
        """The file that takes the place of this one once it has passed its check."""
        after = [
            each
            for each in self.files[self.files.index(file) + 1 :]
            if each.position == file.position and each.state in (FileState.EXPECTED, FileState.RECEIVED)
        ]
        return after[-1] if after else None


@dataclass(frozen=True)
class Missing:
    """One thing that keeps an entry from being submitted: where it is put right, and a code of texts.field_error."""

    field: str
    code: str
    slot: Slot | None = None
    file: FileRow | None = None


@dataclass(frozen=True)
class TermsState:
    """The newest version of the terms, and the newest that the entrant has accepted (0: none)."""

    id: uuid.UUID | None
    version: int
    text: dict[str, str]
    created_at: datetime | None
    accepted: int

    @property
    def current(self) -> bool:
        return self.accepted == self.version


@dataclass(frozen=True)
class CategoryRow:
    id: uuid.UUID
    name: dict[str, str]


# Reading --------------------------------------------------------------------------------------------


def details_of(entry: Entry) -> Details:
    return Details(entry.title, entry.statement, entry.declaration, entry.credit, entry.category_id)


def terms_of(session: Session, actor: Actor, contest: Contest) -> TermsState:
    """The newest terms of a contest and what the actor has accepted of them."""
    accepted = (
        select(func.coalesce(func.max(Terms.version), 0))
        .join(TermsAcceptance, TermsAcceptance.terms_id == Terms.id)
        .where(Terms.contest_id == contest.id, TermsAcceptance.account_id == actor.account_id)
        .scalar_subquery()
    )
    row = session.execute(
        select(Terms.id, Terms.version, Terms.text, Terms.created_at, accepted.label("accepted"))
        .where(Terms.contest_id == contest.id)
        .order_by(Terms.version.desc())
        .limit(1)
    ).first()
    if row is None:
        return TermsState(None, 0, {}, None, 0)
    return TermsState(row.id, row.version, row.text, row.created_at, row.accepted)


def categories_of(session: Session, contest: Contest) -> tuple[CategoryRow, ...]:
    rows = session.execute(
        select(Category.id, Category.name).where(Category.contest_id == contest.id).order_by(Category.position)
    )
    return tuple(CategoryRow(row.id, row.name) for row in rows)


def files_of(session: Session, entry: Entry) -> list[FileRow]:
    """The draft's files in order, removed ones left out."""
    sealed = select(RevisionFile.file_id).where(RevisionFile.file_id == EntryFile.id).exists()
    rows = session.execute(
        select(
            EntryFile.id,
            EntryFile.deliverable_id,
            EntryFile.name,
            EntryFile.state,
            EntryFile.reason,
            EntryFile.kind,
            func.coalesce(EntryFile.size, EntryFile.declared_size).label("size"),
            EntryFile.sha256,
            EntryFile.alt,
            EntryFile.created_at.label("begun_at"),
            EntryFile.received_at,
            EntryFile.preview_state,
            EntryFile.preview_reason,
            EntryFile.preview_pages,
            EntryFile.preview_done,
            EntryFile.preview_facts,
            *tree_columns(),
            extras_column(),
            sealed.label("sealed"),
            Preview.id.label("thumb"),
            Preview.width.label("thumb_width"),
            Preview.height.label("thumb_height"),
            EntryFile.position,
        )
        .outerjoin(Preview, (Preview.file_id == EntryFile.id) & (Preview.page == 1) & (Preview.preset == "320"))
        .where(EntryFile.entry_id == entry.id, EntryFile.removed_at.is_(None))
        .order_by(EntryFile.position, EntryFile.created_at, EntryFile.id)
    )
    found = [FileRow(**row._mapping) for row in rows]
    pages = pages_of(session, [file.id for file in found if file.preview_state in WITH_PAGES])
    return [replace(file, pages=tuple(pages.get(file.id, ()))) for file in found]


def tree_columns() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """`tree` and `members` of a file, cut by the database: a package may hold a hundred thousand files."""
    first = cast(f"$[0 to {TREE_MOST - 1}]", JSONPATH)
    listed = func.jsonb_typeof(EntryFile.preview_tree) == "array"
    return (
        case((listed, func.jsonb_path_query_array(EntryFile.preview_tree, first, type_=JSONB))).label("tree"),
        case((listed, func.jsonb_array_length(EntryFile.preview_tree))).label("members"),
    )


def extras_column() -> Label[Any]:
    """`extras` of a file: preset → id of its preview."""
    return (
        select(func.jsonb_object_agg(Preview.preset, Preview.id, type_=JSONB))
        .where(
            Preview.file_id == EntryFile.id, Preview.page == 1, Preview.preset.in_(("mp4", "webm", "moving", "site"))
        )
        .correlate(EntryFile)
        .scalar_subquery()
        .label("extras")
    )


def pages_of(session: Session, file_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[PageRow]]:
    """The pages of these files that have previews, in order; in one statement."""
    small, large = aliased(Preview), aliased(Preview)
    rows = session.execute(
        select(
            PreviewPage.file_id,
            PreviewPage.page,
            PreviewPage.label,
            PreviewPage.number,
            small.id.label("small"),
            small.width,
            small.height,
            func.coalesce(large.id, small.id).label("large"),
        )
        .join(
            small, (small.file_id == PreviewPage.file_id) & (small.page == PreviewPage.page) & (small.preset == "320")
        )
        .outerjoin(
            large, (large.file_id == PreviewPage.file_id) & (large.page == PreviewPage.page) & (large.preset == "1280")
        )
        .where(PreviewPage.file_id.in_(file_ids))
        .order_by(PreviewPage.file_id, PreviewPage.page)
    )
    found: dict[uuid.UUID, list[PageRow]] = defaultdict(list)
    for row in rows:
        found[row.file_id].append(PageRow(row.page, row.label, row.number, row.small, row.width, row.height, row.large))
    return found


def slots_of(session: Session, contest: Contest, files: Sequence[FileRow] = ()) -> tuple[Slot, ...]:
    """What the contest asks for, in order, with these files put into their slots."""
    rounds = select(Round.id).where(Round.contest_id == contest.id).order_by(Round.position.desc())
    rows = session.execute(
        select(
            Deliverable.id,
            Deliverable.key,
            Deliverable.name,
            Deliverable.hint,
            Deliverable.required,
            Deliverable.kinds,
            Deliverable.max_bytes,
            Deliverable.max_files,
        )
        .where(Deliverable.round_id == rounds.limit(1).scalar_subquery())
        .order_by(Deliverable.position)
    )
    return tuple(
        Slot(
            row.id,
            row.key,
            row.name,
            row.hint,
            row.required,
            tuple(row.kinds),
            row.max_bytes,
            row.max_files,
            tuple(file for file in files if file.deliverable_id == row.id),
        )
        for row in rows
    )


def find_missing(
    details: Details, slots: Sequence[Slot], terms: TermsState, categories: Sequence[CategoryRow]
) -> list[Missing]:
    """Everything that keeps a draft from being sealed, in the order of the page."""
    found = [
        Missing(field, code)
        for field, code, given in (
            ("terms", "terms_not_accepted", terms.current),
            ("title", "title_missing", details.title),
            ("category", "category_missing", details.category_id or not categories),
            ("statement", "statement_missing", details.statement),
            ("declaration", "declaration_missing", details.declaration),
            ("credit", "credit_missing", details.credit),
        )
        if not given
    ]
    for slot in slots:
        for file in slot.files:
            if file.state == FileState.EXPECTED:
                found.append(Missing(f"file-{file.id}", "upload_unfinished", slot, file))
            elif file.state == FileState.RECEIVED:
                found.append(Missing(f"file-{file.id}", "files_unchecked", slot, file))
            elif file.needs_text:
                found.append(Missing(f"alt-{file.id}", "alt_missing", slot, file))
        if slot.required and slot.taken == 0:
            found.append(Missing(f"slot-{slot.key}", "slot_empty", slot))
    return found
