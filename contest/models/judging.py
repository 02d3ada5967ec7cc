"""Assignments, recusals, scorecards and scores."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.models.accounts import Account
from contest.models.base import Base, Created, Id, one_of, ref
from contest.models.contests import Round
from contest.models.entries import Entry, Revision
from contest.vocabulary import FlagKind, RecusalKind, ScorecardState


class Assignment(Base):
    """Judge × entry × round. `code` and `position` are random per judge: all that a judge sees of identity."""

    __tablename__ = "assignment"
    id: Mapped[Id]
    round_id: Mapped[uuid.UUID] = ref("round.id", index=False)
    entry_id: Mapped[uuid.UUID] = ref("entry.id")
    judge_id: Mapped[uuid.UUID] = ref("account.id")
    code: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
    round: Mapped[Round] = relationship()
    entry: Mapped[Entry] = relationship()
    judge: Mapped[Account] = relationship()
    recusal: Mapped[Recusal | None] = relationship(back_populates="assignment", uselist=False)
    scorecard: Mapped[Scorecard | None] = relationship(back_populates="assignment", uselist=False)
    __table_args__ = (
        Index(
            "uq_assignment_live",
            "round_id",
            "judge_id",
            "entry_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        UniqueConstraint("round_id", "judge_id", "code"),
    )


class Recusal(Base):
    """A judge stepped back from an entry. The reason is for the organiser only."""

    __tablename__ = "recusal"
    id: Mapped[Id]
    assignment_id: Mapped[uuid.UUID] = ref("assignment.id", unique=True)
    kind: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    assignment: Mapped[Assignment] = relationship(back_populates="recusal")
    __table_args__ = (one_of("kind", RecusalKind, "kind"),)


class Flag(Base):
    """A judge's word to the app team about an entry, and their answer. Never changed otherwise, and no score."""

    __tablename__ = "flag"
    id: Mapped[Id]
    assignment_id: Mapped[uuid.UUID] = ref("assignment.id")
    kind: Mapped[str]
    words: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    #: Taken back by the judge.
    withdrawn_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(server_default="")
    answered_by: Mapped[uuid.UUID | None] = ref("account.id")
    answered_at: Mapped[datetime | None]
    assignment: Mapped[Assignment] = relationship()
    __table_args__ = (
        one_of("kind", FlagKind, "kind"),
        CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered"),
        Index(
            "uq_flag_live",
            "assignment_id",
            "kind",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL AND answered_at IS NULL"),
        ),
    )


class Scorecard(Base):
    """One judge's sheet for one revision. `total` = Σ weight × points × 10^k stays beside its scores.

    The total is written in the transaction that stores the scores, so that a tally is one GROUP BY.
    """

    __tablename__ = "scorecard"
    id: Mapped[Id]
    assignment_id: Mapped[uuid.UUID] = ref("assignment.id", unique=True)
    round_id: Mapped[uuid.UUID] = ref("round.id", index=False)
    entry_id: Mapped[uuid.UUID] = ref("entry.id")
    judge_id: Mapped[uuid.UUID] = ref("account.id")
    revision_id: Mapped[uuid.UUID] = ref("revision.id", index=False)
    state: Mapped[str] = mapped_column(server_default=ScorecardState.DRAFT)
    version: Mapped[int] = mapped_column(server_default="1")
    #: Weighted total in the unit of contest.scoring.rubric; None while a criterion has no score.
    total: Mapped[int | None]
    #: For the judge's eyes only, not even the organiser's.
    note: Mapped[str] = mapped_column(server_default="")
    #: For the entrant, without the judge's name, after publication.
    comment: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[Created]
    updated_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    assignment: Mapped[Assignment] = relationship(back_populates="scorecard")
    revision: Mapped[Revision] = relationship()
    scores: Mapped[list[Score]] = relationship(back_populates="scorecard")
    __table_args__ = (
        one_of("state", ScorecardState, "state"),
        CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name="submitted"),
        CheckConstraint("(state = 'submitted') <= (total IS NOT NULL)", name="submitted_is_complete"),
        Index("ix_scorecard_tally", "round_id", "entry_id", "state", "total"),
    )


class Score(Base):
    """One criterion's value on one scorecard: an integer from 1 to the criterion's points."""

    __tablename__ = "score"
    scorecard_id: Mapped[uuid.UUID] = ref("scorecard.id", primary_key=True, index=False)
    criterion_id: Mapped[uuid.UUID] = ref("criterion.id", primary_key=True, index=False)
    points: Mapped[int] = mapped_column(SmallInteger)
    scorecard: Mapped[Scorecard] = relationship(back_populates="scores")
    __table_args__ = (CheckConstraint("points BETWEEN 1 AND 10", name="points"),)
