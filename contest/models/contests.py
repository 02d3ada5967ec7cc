"""A contest: its dates, texts, terms, categories, rounds, deliverables, rubric and prizes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.models.base import Base, Created, Id, Texts, one_of, ref
from contest.vocabulary import PictureState, RoundKind, RoundState


class Contest(Base):
    """One competition. Its phase is derived from these dates by `clock.phase_of`."""

    __tablename__ = "contest"
    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[Texts] = mapped_column(JSONB)
    summary: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    brief: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    host: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    contact: Mapped[str] = mapped_column(server_default="")
    #: What the jury says of the contest as a whole, and who it was; public with the winners.
    jury_statement: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    jury: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    default_locale: Mapped[str] = mapped_column(server_default="en")
    zone: Mapped[str] = mapped_column(server_default="Asia/Tokyo")
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    #: When the winners are to be announced; a plan that the public sees, not a switch.
    winners_at: Mapped[datetime | None]
    grace_seconds: Mapped[int] = mapped_column(server_default="1800")
    announced_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    #: The host called the contest off, and why; public, and for good.
    cancelled_at: Mapped[datetime | None]
    cancelled_reason: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    created_by: Mapped[uuid.UUID] = ref("account.id")
    created_at: Mapped[Created]
    version: Mapped[int] = mapped_column(server_default="1")

    terms: Mapped[list[Terms]] = relationship(order_by="Terms.version", back_populates="contest")
    categories: Mapped[list[Category]] = relationship(order_by="Category.position", cascade="all, delete-orphan")
    rounds: Mapped[list[Round]] = relationship(order_by="Round.position", back_populates="contest")
    prizes: Mapped[list[Prize]] = relationship(order_by="Prize.position", cascade="all, delete-orphan")
    picture: Mapped[ContestPicture | None] = relationship(back_populates="contest")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) BETWEEN 3 AND 60", name="slug"),
        CheckConstraint("closes_at > opens_at", name="dates_in_order"),
        CheckConstraint("winners_at > closes_at", name="winners_after_close"),
        CheckConstraint("grace_seconds BETWEEN 0 AND 86400", name="grace"),
        CheckConstraint(
            "announced_at IS NULL OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)", name="announced_with_dates"
        ),
        CheckConstraint("published_at IS NULL OR announced_at IS NOT NULL", name="published_after_announced"),
        CheckConstraint(
            "cancelled_at IS NULL OR (announced_at IS NOT NULL AND published_at IS NULL)", name="cancelled_in_time"
        ),
        CheckConstraint("(cancelled_at IS NOT NULL) = (cancelled_reason <> '{}')", name="cancelled_with_reason"),
    )

    @property
    def round(self) -> Round:
        """The round that decides the contest; every contest is created with it."""
        return self.rounds[-1]


class ContestPicture(Base):
    """The picture on a contest's page, in words for those who cannot see it, and what we made of it."""

    __tablename__ = "contest_picture"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("contest.id", ondelete="RESTRICT"), unique=True)
    state: Mapped[str] = mapped_column(server_default=PictureState.PENDING)
    #: Why it failed: a code of the renderer.
    reason: Mapped[str] = mapped_column(server_default="")
    original_key: Mapped[str]
    kind: Mapped[str]
    alt: Mapped[Texts] = mapped_column(JSONB)
    caption: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    #: [{"preset", "key", "width", "height"}], smallest first; empty until ready.
    sizes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    changed_at: Mapped[datetime]
    contest: Mapped[Contest] = relationship(back_populates="picture")
    __table_args__ = (one_of("state", PictureState, "state"),)


class Terms(Base):
    """A version of the terms. Entrants accept a version; a changed text is a new version."""

    __tablename__ = "terms"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    version: Mapped[int]
    text: Mapped[Texts] = mapped_column(JSONB)
    created_at: Mapped[Created]
    contest: Mapped[Contest] = relationship(back_populates="terms")
    __table_args__ = (UniqueConstraint("contest_id", "version"),)


class TermsAcceptance(Base):
    """That an account accepted a version, and when. Never changed."""

    __tablename__ = "terms_acceptance"
    id: Mapped[Id]
    terms_id: Mapped[uuid.UUID] = ref("terms.id")
    account_id: Mapped[uuid.UUID] = ref("account.id")
    accepted_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("terms_id", "account_id"),)


class Category(Base):
    __tablename__ = "category"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    key: Mapped[str]
    name: Mapped[Texts] = mapped_column(JSONB)
    position: Mapped[int]
    __table_args__ = (UniqueConstraint("contest_id", "key"),)


class Round(Base):
    """One pass of judging with its own deliverables, rubric and tally."""

    __tablename__ = "round"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    kind: Mapped[str] = mapped_column(server_default=RoundKind.FINAL)
    name: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    position: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str] = mapped_column(server_default=RoundState.PLANNED)
    judges_per_entry: Mapped[int] = mapped_column(server_default="3")
    #: How its scorecards become a ranking: a name of `contest.scoring.methods`, and its options as texts.
    method: Mapped[str] = mapped_column(server_default="mean")
    method_options: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    contest: Mapped[Contest] = relationship(back_populates="rounds")
    deliverables: Mapped[list[Deliverable]] = relationship(
        order_by="Deliverable.position", cascade="all, delete-orphan", back_populates="round"
    )
    criteria: Mapped[list[Criterion]] = relationship(
        order_by="Criterion.position", cascade="all, delete-orphan", back_populates="round"
    )
    rubric_version: Mapped[int] = mapped_column(server_default="1")
    rubric_frozen_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", RoundKind, "kind"),
        one_of("state", RoundState, "state"),
        UniqueConstraint("contest_id", "position"),
        CheckConstraint("judges_per_entry BETWEEN 1 AND 50", name="judges_per_entry"),
        CheckConstraint("(state = 'planned') = (opened_at IS NULL)", name="opened_when_open"),
        CheckConstraint("(state IN ('planned', 'open')) = (closed_at IS NULL)", name="closed_when_closed"),
    )


class Deliverable(Base):
    """A slot that a round asks for."""

    __tablename__ = "deliverable"
    id: Mapped[Id]
    round_id: Mapped[uuid.UUID] = ref("round.id")
    key: Mapped[str]
    name: Mapped[Texts] = mapped_column(JSONB)
    hint: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    required: Mapped[bool] = mapped_column(server_default=text("true"))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    max_bytes: Mapped[int]
    max_files: Mapped[int] = mapped_column(server_default="1")
    position: Mapped[int]
    round: Mapped[Round] = relationship(back_populates="deliverables")
    __table_args__ = (
        UniqueConstraint("round_id", "key"),
        CheckConstraint("max_bytes BETWEEN 1 AND 5368709120", name="max_bytes"),
        CheckConstraint("max_files BETWEEN 1 AND 100", name="max_files"),
        CheckConstraint("cardinality(kinds) > 0", name="kinds"),
    )


class Criterion(Base):
    """One criterion of a round's rubric: weight in thousandths, `points` levels (1 is the lowest)."""

    __tablename__ = "criterion"
    id: Mapped[Id]
    round_id: Mapped[uuid.UUID] = ref("round.id")
    key: Mapped[str]
    name: Mapped[Texts] = mapped_column(JSONB)
    question: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    weight: Mapped[int]
    points: Mapped[int]
    #: One text per level, lowest first: `points` of them.
    levels: Mapped[list[Texts]] = mapped_column(JSONB)
    position: Mapped[int]
    round: Mapped[Round] = relationship(back_populates="criteria")
    __table_args__ = (
        UniqueConstraint("round_id", "key"),
        CheckConstraint("weight BETWEEN 1 AND 1000", name="weight"),
        CheckConstraint("points BETWEEN 3 AND 10", name="points"),
        CheckConstraint("jsonb_array_length(levels) = points", name="levels"),
    )


class Prize(Base):
    __tablename__ = "prize"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    key: Mapped[str]
    name: Mapped[Texts] = mapped_column(JSONB)
    amount: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    quantity: Mapped[int] = mapped_column(server_default="1")
    position: Mapped[int]
    __table_args__ = (
        UniqueConstraint("contest_id", "key"),
        CheckConstraint("quantity BETWEEN 1 AND 100", name="quantity"),
    )
