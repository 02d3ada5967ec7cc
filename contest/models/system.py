"""Audit events and their seals, owed jobs, mail, and when periodic work last ran."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from contest.models.base import Base, Created, Id, ref


class AuditEvent(Base):
    """One act by one person (or the system). Append-only: triggers refuse UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[Created]
    act: Mapped[str]
    actor_id: Mapped[uuid.UUID | None] = ref("account.id")
    contest_id: Mapped[uuid.UUID | None] = ref("contest.id", index=False)
    subject_type: Mapped[str] = mapped_column(server_default="")
    subject_id: Mapped[str] = mapped_column(server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    __table_args__ = (Index("ix_audit_event_contest", "contest_id", "id"),)


class AuditSeal(Base):
    """A batch of committed events, hashed in order onto the seal before."""

    __tablename__ = "audit_seal"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    first_id: Mapped[int]
    last_id: Mapped[int] = mapped_column(unique=True)
    events: Mapped[int]
    digest: Mapped[str]
    previous: Mapped[str]
    at: Mapped[Created]


class OutboxItem(Base):
    """A job that is owed because this row says so. The queue is only the doorbell."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    job: Mapped[str]
    queue: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: One live row per key: asking twice for the same work is dull.
    key: Mapped[str | None]
    created_at: Mapped[Created]
    not_before: Mapped[Created]
    #: Whose work it is (an entrant's account), where many may send much; and its turn among what waits.
    share: Mapped[uuid.UUID | None]
    turn: Mapped[int] = mapped_column(server_default="0")
    #: Fencing token: grows with each lease, so that the late commit of an orphan loses.
    fence: Mapped[int] = mapped_column(server_default="0")
    #: How often its worker gave it back; `fence` less this says how often a worker was lost over it.
    returned: Mapped[int] = mapped_column(server_default="0")
    #: How often of these a service was away.
    outages: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        Index(
            "uq_outbox_key_live",
            "key",
            unique=True,
            postgresql_where=text("key IS NOT NULL AND done_at IS NULL AND failed_at IS NULL"),
        ),
        Index(
            "ix_outbox_owed",
            "queue",
            "turn",
            "id",
            # Last, so that rows in a pause are passed over within the index.
            "not_before",
            postgresql_where=text("done_at IS NULL AND failed_at IS NULL"),
        ),
        Index(
            "ix_outbox_share",
            "queue",
            "share",
            "turn",
            postgresql_where=text("done_at IS NULL AND failed_at IS NULL"),
        ),
        CheckConstraint("done_at IS NULL OR failed_at IS NULL", name="one_end"),
    )


class MailMessage(Base):
    """One mail, written with the act that causes it and sent by a job. `key` makes each mail single."""

    __tablename__ = "mail_message"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[uuid.UUID | None] = ref("account.id")
    address: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[Created]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("position(E'\\n' in address || subject) = 0", name="one_line"),
        CheckConstraint("position(E'\\r' in address || subject) = 0", name="one_line_cr"),
    )


class Periodic(Base):
    """When a periodic task last ran, so that one of many hosts runs it."""

    __tablename__ = "periodic"
    name: Mapped[str] = mapped_column(primary_key=True)
    last_run_at: Mapped[datetime]
