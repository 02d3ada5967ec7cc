"""Entries, their files, sealed revisions, previews and receipts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.models.accounts import Account
from contest.models.base import Base, Created, Id, one_of, ref
from contest.models.contests import Category, Contest, Deliverable
from contest.previews.outcome import EXTRAS, PRESETS
from contest.vocabulary import EntryState, FileState, PreviewState


class Entry(Base):
    """What an entrant puts in. The text columns are the draft; judges see sealed revisions only."""

    __tablename__ = "entry"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    account_id: Mapped[uuid.UUID] = ref("account.id")
    category_id: Mapped[uuid.UUID | None] = ref("category.id")
    #: Number that the entrant and the organiser use, such as 0127; unique in its contest, never shown to judges.
    number: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=EntryState.DRAFT)
    title: Mapped[str] = mapped_column(server_default="")
    statement: Mapped[str] = mapped_column(server_default="")
    declaration: Mapped[str] = mapped_column(server_default="")
    credit: Mapped[str] = mapped_column(server_default="")
    #: Counts changes of the draft; a form that carries an old one is refused with both values.
    version: Mapped[int] = mapped_column(server_default="1")
    #: Set when anything in the draft changes, cleared by sealing.
    changed_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    submitted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    contest: Mapped[Contest] = relationship()
    account: Mapped[Account] = relationship()
    category: Mapped[Category | None] = relationship()
    files: Mapped[list[EntryFile]] = relationship(
        back_populates="entry", order_by="EntryFile.position, EntryFile.created_at"
    )
    revisions: Mapped[list[Revision]] = relationship(back_populates="entry", order_by="Revision.number")
    __table_args__ = (
        one_of("state", EntryState, "state"),
        UniqueConstraint("contest_id", "number"),
        Index(
            "uq_entry_one_per_entrant",
            "contest_id",
            "account_id",
            unique=True,
            postgresql_where=text("state IN ('draft', 'submitted', 'disqualified')"),
        ),
        CheckConstraint("(state IN ('submitted', 'disqualified')) <= (submitted_at IS NOT NULL)", name="submitted"),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
    )


class EntryFile(Base):
    """One uploaded original. It counts once `accepted`; its object's key is then write-once and random."""

    __tablename__ = "entry_file"
    id: Mapped[Id]
    entry_id: Mapped[uuid.UUID] = ref("entry.id")
    deliverable_id: Mapped[uuid.UUID] = ref("deliverable.id")
    state: Mapped[str] = mapped_column(server_default=FileState.EXPECTED)
    #: Code of the reason for `rejected`, with a sentence in contest.texts.
    reason: Mapped[str | None]
    name: Mapped[str]
    declared_size: Mapped[int]
    declared_sha256: Mapped[bytes | None]
    staging_key: Mapped[str] = mapped_column(unique=True)
    #: SHA-256 of each part, one after the other, of an upload in parts; the store's name for it, once it has begun;
    #: and when a part was last granted.
    part_digests: Mapped[bytes | None]
    parts_id: Mapped[str | None]
    parts_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[bytes | None]
    alt: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(server_default="0")
    #: The upload's start by the database's clock: what the grace after the deadline asks for.
    created_at: Mapped[Created]
    received_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    preview_state: Mapped[str] = mapped_column(server_default=PreviewState.NONE)
    preview_reason: Mapped[str | None]
    preview_pages: Mapped[int] = mapped_column(server_default="0")
    #: Pages that have their first picture, while the state is `pending`.
    preview_done: Mapped[int] = mapped_column(server_default="0")
    #: Measures and facts of the original: width, height and the names of previews.outcome.FACTS.
    preview_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    #: Members of a package: [path, bytes, page that shows it or 0]. For the entrant and the app team only.
    preview_tree: Mapped[list[Any] | None] = mapped_column(JSONB)
    entry: Mapped[Entry] = relationship(back_populates="files")
    deliverable: Mapped[Deliverable] = relationship()
    previews: Mapped[list[Preview]] = relationship(order_by="Preview.page, Preview.width", back_populates="file")
    pages: Mapped[list[PreviewPage]] = relationship(order_by="PreviewPage.page")
    __table_args__ = (
        one_of("state", FileState, "state"),
        one_of("preview_state", PreviewState, "preview_state"),
        CheckConstraint(
            "(state = 'accepted') <= (key IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL"
            " AND accepted_at IS NOT NULL)",
            name="accepted_is_whole",
        ),
        CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name="rejected_with_reason"),
        CheckConstraint("sha256 IS NULL OR length(sha256) = 32", name="sha256"),
        CheckConstraint("declared_size >= 0", name="declared_size"),
        CheckConstraint("length(part_digests) % 32 = 0", name="part_digests"),
        CheckConstraint("(parts_id IS NULL) = (parts_at IS NULL)", name="parts_at"),
        CheckConstraint("parts_id IS NULL OR part_digests IS NOT NULL", name="parts_id"),
    )


class Preview(Base):
    """A file that we derived from an original. `id` is random and stands in no link to a judge.

    `preset`: a long edge in pixels, or one of previews.outcome.EXTRAS.
    """

    __tablename__ = "preview"
    id: Mapped[Id]
    file_id: Mapped[uuid.UUID] = ref("entry_file.id", index=False)
    preset: Mapped[str]
    page: Mapped[int]
    key: Mapped[str] = mapped_column(unique=True)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    file: Mapped[EntryFile] = relationship(back_populates="previews")
    __table_args__ = (
        UniqueConstraint("file_id", "page", "preset"),
        one_of("preset", (*PRESETS, *EXTRAS), "preset"),
    )


class PreviewPage(Base):
    """A page, frame or member that has previews: what it is, its size, and hashes that compare it with others."""

    __tablename__ = "preview_page"
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entry_file.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    #: One of previews.outcome.LABELS, and its number as a person counts.
    label: Mapped[str]
    number: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    placeholder: Mapped[bytes] = mapped_column(server_default=text("''"))
    #: Perceptual hashes as signed 64-bit numbers (previews.likeness): eight orientations, the first as it is;
    #: nine tiles, 0 for one that is too plain. Empty where there is nothing to compare.
    turned: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()), server_default=text("'{}'"))
    tiles: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()), server_default=text("'{}'"))


class Similarity(Base):
    """Two pages of different entrants that look alike: evidence for a person, never acted on.

    `file_id` came later than `other_id`.
    """

    __tablename__ = "similarity"
    id: Mapped[Id]
    #: The contest of the later file, whose organisers are shown the pair.
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    file_id: Mapped[uuid.UUID] = ref("entry_file.id", ondelete="CASCADE", index=False)
    page: Mapped[int]
    other_id: Mapped[uuid.UUID] = ref("entry_file.id", ondelete="CASCADE")
    other_page: Mapped[int]
    #: `whole`, `turned` (mirrored or rotated) or `part` (some tiles are the same).
    way: Mapped[str]
    #: Bits that differ, of 64; of a part the mean of its tiles.
    distance: Mapped[int]
    found_at: Mapped[Created]
    #: When an organiser put the pair aside, and who.
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[uuid.UUID | None] = ref("account.id", index=False)
    __table_args__ = (
        UniqueConstraint("file_id", "page", "other_id", "other_page"),
        one_of("way", ("whole", "turned", "part"), "way"),
        CheckConstraint("file_id <> other_id", name="two_files"),
        CheckConstraint("distance BETWEEN 0 AND 64", name="distance"),
        CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen"),
    )


class Revision(Base):
    """A sealed, numbered state of an entry. Triggers refuse any change."""

    __tablename__ = "revision"
    id: Mapped[Id]
    entry_id: Mapped[uuid.UUID] = ref("entry.id")
    number: Mapped[int]
    sealed_at: Mapped[datetime]
    category_id: Mapped[uuid.UUID | None] = ref("category.id")
    title: Mapped[str]
    statement: Mapped[str]
    declaration: Mapped[str]
    credit: Mapped[str]
    #: Seconds of the visible grace that this sealing used; 0 before the deadline.
    grace_used: Mapped[int] = mapped_column(server_default="0")
    entry: Mapped[Entry] = relationship(back_populates="revisions")
    files: Mapped[list[RevisionFile]] = relationship(order_by="RevisionFile.position", back_populates="revision")
    receipt: Mapped[Receipt] = relationship(back_populates="revision", uselist=False)
    __table_args__ = (UniqueConstraint("entry_id", "number"), CheckConstraint("number > 0", name="number"))


class RevisionFile(Base):
    """That a revision holds a file, with the alternative text as it was when sealed."""

    __tablename__ = "revision_file"
    revision_id: Mapped[uuid.UUID] = ref("revision.id", primary_key=True, index=False)
    file_id: Mapped[uuid.UUID] = ref("entry_file.id", primary_key=True)
    position: Mapped[int]
    alt: Mapped[str]
    revision: Mapped[Revision] = relationship(back_populates="files")
    file: Mapped[EntryFile] = relationship()


class Receipt(Base):
    """The signed record of a sealed revision: `payload` is the canonical JSON that was signed."""

    __tablename__ = "receipt"
    id: Mapped[Id]
    revision_id: Mapped[uuid.UUID] = ref("revision.id", unique=True)
    #: Such as R-0127-3: entry and revision. Unique within its contest, because entries are numbered there.
    number: Mapped[str]
    payload: Mapped[str]
    signature: Mapped[bytes]
    key_id: Mapped[str] = ref("signing_key.id")
    created_at: Mapped[datetime]
    revision: Mapped[Revision] = relationship(back_populates="receipt")


class SigningKey(Base):
    """A public key that has signed receipts. Kept for ever, so that old receipts verify."""

    __tablename__ = "signing_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes]
    created_at: Mapped[Created]
