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
    #: {"code", "facts"} where the method gives no honest ranking; then no standing has a rank.
    refused: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None] = ref("account.id")
    round: Mapped[Round] = relationship()
    standings: Mapped[list[Standing]] = relationship(order_by="Standing.rank, Standing.entry_id")
    __table_args__ = (UniqueConstraint("round_id", "number"),)


class Standing(Base):
    """An entry's row in a tally; rank None = not ranked.

    The raw score is numerator / denominator, exact: the mean of the scorecards as a share of full marks.
    `score` is the method's own where that is another, with its standard error, in the method's units.
    """

    __tablename__ = "standing"
    tally_id: Mapped[uuid.UUID] = ref("tally.id", primary_key=True, index=False)
    entry_id: Mapped[uuid.UUID] = ref("entry.id", primary_key=True)
    rank: Mapped[int | None]
    tied: Mapped[int] = mapped_column(server_default="1")
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    score: Mapped[float | None]
    se: Mapped[float | None]
    #: The rule that parted it from entries with the same score.
    tie_rule: Mapped[str | None]
    scorecards: Mapped[int]
    entry: Mapped[Entry] = relationship()
    __table_args__ = (
        CheckConstraint("(rank IS NULL) <= (scorecards = 0 OR numerator IS NOT NULL)", name="rank"),
        CheckConstraint("denominator IS NULL OR denominator > 0", name="denominator"),
    )


class Analysis(Base):
    """What can be said about a tally's reliability: evidence for those who decide, never part of the result."""

    __tablename__ = "analysis"
    tally_id: Mapped[uuid.UUID] = ref("tally.id", primary_key=True, index=False)
    #: {"code", "facts"} where scores of different judges cannot be compared; then no entry has an adjusted score.
    refused: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    #: One object a judge: {"judge": id, "severity", "se", "sd", "n", …}, in shares of full marks.
    judges: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    #: As `contest agreement` prints it.
    agreement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    notes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    #: Of the fit and of the draws: sigma, df, draws, seed, level, top.
    model: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    engine_version: Mapped[str]
    created_at: Mapped[datetime]


class AnalysedEntry(Base):
    """An entry in an analysis: raw beside adjusted for the severity of its judges, in shares of full marks."""

    __tablename__ = "analysed_entry"
    tally_id: Mapped[uuid.UUID] = ref("tally.id", primary_key=True, index=False)
    entry_id: Mapped[uuid.UUID] = ref("entry.id", primary_key=True)
    raw_se: Mapped[float | None]
    adjusted: Mapped[float | None]
    se: Mapped[float | None]
    adjusted_rank: Mapped[int | None]
    #: Rank interval at the analysis' level.
    rank_low: Mapped[int | None]
    rank_high: Mapped[int | None]
    p_first: Mapped[float | None]
    p_top: Mapped[float | None]
    #: The best and the worst rank among the entries that cannot be told from it.
    tied_low: Mapped[int | None]
    tied_high: Mapped[int | None]


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
