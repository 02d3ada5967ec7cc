"""People, their sessions, codes and invitations."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.models.base import Base, Created, Id, one_of, ref
from contest.vocabulary import CodePurpose, Role


class Account(Base):
    """A person. `email` is kept as typed; `email_key` (see `services.addresses.email_key`) is what must be unique."""

    __tablename__ = "account"
    id: Mapped[Id]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    latin_name: Mapped[str] = mapped_column(server_default="")
    #: Japanese reading of the name, and what a list is sorted by where the name itself does not say it.
    furigana: Mapped[str] = mapped_column(server_default="")
    sort_name: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    zone: Mapped[str] = mapped_column(server_default="UTC")
    #: Empty: as the system says.
    theme: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="")
    is_admin: Mapped[bool] = mapped_column(server_default=text("false"))
    is_staff: Mapped[bool] = mapped_column(server_default=text("false"))
    suspended_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    __table_args__ = (
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("theme IN ('', 'light', 'dark')", name="theme"),
        CheckConstraint("position(E'\\n' in email) = 0", name="email_one_line"),
    )


class LoginSession(Base):
    """One signed-in browser. The cookie holds a random token; only its SHA-256 is stored."""

    __tablename__ = "login_session"
    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[uuid.UUID] = ref("account.id")
    created_at: Mapped[Created]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    idle_seconds: Mapped[int]
    fresh_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(server_default="")
    agent: Mapped[str] = mapped_column(server_default="")
    account: Mapped[Account] = relationship()


class Code(Base):
    """A one-time code sent by mail: hashed, single use, few tries."""

    __tablename__ = "code"
    id: Mapped[Id]
    #: The account's when the code was mailed: the hash holds it.
    email_key: Mapped[str]
    purpose: Mapped[str]
    account_id: Mapped[uuid.UUID] = ref("account.id", ondelete="CASCADE")
    code_hash: Mapped[bytes]
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    #: The address as typed, where it shall become the account's.
    new_email: Mapped[str] = mapped_column(server_default="")
    #: Wrong ones in all; how often each browser may try is counted in `attempt`.
    tries: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("purpose", CodePurpose, "purpose"),
        CheckConstraint("(purpose = 'address') = (new_email <> '')", name="new_email"),
    )


class Attempt(Base):
    """Counts guesses and codes asked for per key (account and place) in a window: limits hold without Redis."""

    __tablename__ = "attempt"
    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class Membership(Base):
    """A role of an account in one contest. A removed role works no more from the next request on."""

    __tablename__ = "membership"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID] = ref("contest.id")
    account_id: Mapped[uuid.UUID] = ref("account.id")
    role: Mapped[str]
    created_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
    account: Mapped[Account] = relationship()
    __table_args__ = (
        one_of("role", Role, "role"),
        Index(
            "uq_membership_live",
            "contest_id",
            "account_id",
            "role",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )


class Invitation(Base):
    """An invitation by mail to a role in a contest, or to the staff (no contest)."""

    __tablename__ = "invitation"
    id: Mapped[Id]
    contest_id: Mapped[uuid.UUID | None] = ref("contest.id")
    role: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    locale: Mapped[str] = mapped_column(server_default="en")
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    invited_by: Mapped[uuid.UUID] = ref("account.id")
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    account_id: Mapped[uuid.UUID | None] = ref("account.id")
    __table_args__ = (
        CheckConstraint("role IN ('organiser', 'chair', 'publisher', 'judge', 'staff')", name="role"),
        Index(
            "uq_invitation_live",
            "contest_id",
            "email_key",
            "role",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
    )
