"""Tallies, standings, awards and publications. None of them is ever edited: supersede or retract."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.models.base import Base, Id, Texts, one_of, ref
from contest.models.contests import Prize, Round
from contest.models.entries import Entry
from contest.vocabulary import AwardState, PublicationState


class Tally(Base):
    """The immutable outcome of a round: what went in (digest), how, and what came out (digest)."""

    __tablename__ = "tally"
    id: Mapped[Id]
    round_id: Mapped[uuid.UUID] = ref("round.id")
    number: Mapped[int]
    method: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    engine_version: Mapped[str]
    #: SHA-256, hexadecimal, of the canonical JSON of everything that was counted.
    input_digest: Mapped[str]
    result_digest: Mapped[str]
    n_entries: Mapped[int]
    n_judges: Mapped[int]
    n_scorecards: Mapped[int]
    #: [{"scorecard"|"entry": id, "reason": code}]: what was left out and why.
    excluded: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = ref("account.id")
    round: Mapped[Round] = relationship()
    standings: Mapped[list[Standing]] = relationship(order_by="Standing.rank, Standing.entry_id")
    __table_args__ = (UniqueConstraint("round_id", "number"),)


class Standing(Base):
    """An entry's row in a tally. Score = numerator / denominator, exact; rank None = not ranked."""

    __tablename__ = "standing"
    tally_id: Mapped[uuid.UUID] = ref("tally.id", primary_key=True, index=False)
    entry_id: Mapped[uuid.UUID] = ref("entry.id", primary_key=True)
    rank: Mapped[int | None]
    tied: Mapped[int] = mapped_column(server_default="1")
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    scorecards: Mapped[int]
    entry: Mapped[Entry] = relationship()
    __table_args__ = (
        CheckConstraint("(rank IS NULL) <= (scorecards = 0 OR numerator IS NOT NULL)", name="rank"),
        CheckConstraint("denominator IS NULL OR denominator > 0", name="denominator"),
    )


class Award(Base):
    """That an entry is given a prize, with the jury's statement."""

    __tablename__ = "award"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    tally_id: Mapped[uuid.UUID] = ref("tally.id")
    prize_id: Mapped[uuid.UUID] = ref("prize.id")
    entry_id: Mapped[uuid.UUID] = ref("entry.id")
    state: Mapped[str] = mapped_column(server_default=AwardState.PROPOSED)
    statement: Mapped[Texts] = mapped_column(JSONB, server_default=text("'{}'"))
    proposed_by: Mapped[uuid.UUID] = ref("account.id")
    proposed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    prize: Mapped[Prize] = relationship()
    entry: Mapped[Entry] = relationship()
    __table_args__ = (
        one_of("state", AwardState, "state"),
        Index("uq_award_live", "contest_id", "entry_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
    )


class Publication(Base):
    """A public, numbered release. `snapshot` is all that the public sees; `digest` is what two people confirm."""

    __tablename__ = "publication"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    tally_id: Mapped[uuid.UUID] = ref("tally.id")
    number: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=PublicationState.DRAFT)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str]
    proposed_by: Mapped[uuid.UUID] = ref("account.id")
    proposed_at: Mapped[datetime]
    approved_by: Mapped[uuid.UUID | None] = ref("account.id")
    approved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    retracted_at: Mapped[datetime | None]
    retracted_reason: Mapped[str] = mapped_column(server_default="")
    #: Where the picture for links to the winners lies, once a job has drawn it.
    card_key: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        one_of("state", PublicationState, "state"),
        UniqueConstraint("contest_id", "number"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_people"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint("(state IN ('published', 'retracted')) <= (approved_at IS NOT NULL)", name="approved_first"),
        Index("uq_publication_published", "contest_id", unique=True, postgresql_where=text("state = 'published'")),
        Index("uq_publication_draft", "contest_id", unique=True, postgresql_where=text("state = 'draft'")),
    )
