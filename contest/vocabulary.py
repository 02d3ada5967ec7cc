"""Every state, role and kind by name, and which change of state is allowed.

The same names stand in tables, URLs, pages, logs and docs. A stored state is one that a person
(or the check of an upload) brought about; phases are derived from dates in `contest.clock`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a member may do in one contest."""

    ORGANISER = "organiser"
    CHAIR = "chair"
    PUBLISHER = "publisher"
    JUDGE = "judge"


#: Roles of the app team; they see the contest before it is announced.
STAFF_ROLES = frozenset({Role.ORGANISER, Role.CHAIR, Role.PUBLISHER})


class Phase(StrEnum):
    """Where a contest is now. Derived from stored dates and the clock, never stored."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    GRACE = "grace"
    JUDGING = "judging"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class RoundKind(StrEnum):
    SCREENING = "screening"
    CHECKPOINT = "checkpoint"
    FINAL = "final"


class RoundState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    TALLIED = "tallied"
    CONFIRMED = "confirmed"


class EntryState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    DISQUALIFIED = "disqualified"


class FileState(StrEnum):
    EXPECTED = "expected"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class PictureState(StrEnum):
    """The picture on a contest's page."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class PreviewState(StrEnum):
    """Previews of one file as a whole. `none`: not accepted yet; `icon`: there is nothing to show of it."""

    NONE = "none"
    ICON = "icon"
    PENDING = "pending"
    READY = "ready"
    DAMAGED = "damaged"
    FAILED = "failed"
    REFUSED = "refused"


class ScorecardState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"


class AwardState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    ANNOUNCED = "announced"


class PublicationState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETRACTED = "retracted"
    SUPERSEDED = "superseded"


class CodePurpose(StrEnum):
    """What a one-time code by mail proves. A code works for its own purpose only."""

    VERIFY = "verify"
    SIGN_IN = "sign_in"
    RESET = "reset"
    CONFIRM = "confirm"
    #: Mailed to the address that the account shall have.
    ADDRESS = "address"


class FlagKind(StrEnum):
    """What a judge tells the app team of an entry. It changes nothing by itself."""

    DISCUSS = "discuss"
    IDENTITY = "identity"
    RULES = "rules"
    COPIED = "copied"
    BROKEN = "broken"
    OTHER = "other"


class RecusalKind(StrEnum):
    """Kinds of conflict of interest."""

    KNOWS_WORK = "knows_work"
    PERSONAL = "personal"
    PROFESSIONAL = "professional"
    FINANCIAL = "financial"
    OTHER = "other"


#: Languages in which a contest is written; each must be complete. Those of the interface: `i18n.languages()`.
LOCALES = ("en", "ja")
DEFAULT_LOCALE = "en"

Transitions = Mapping[str, frozenset[str]]

ROUND_TRANSITIONS: Transitions = {
    RoundState.PLANNED: frozenset({RoundState.OPEN}),
    RoundState.OPEN: frozenset({RoundState.CLOSED}),
    RoundState.CLOSED: frozenset({RoundState.TALLIED, RoundState.OPEN}),
    # Back to closed: another method was named, and what was counted by the old one is no result any more.
    RoundState.TALLIED: frozenset({RoundState.TALLIED, RoundState.CLOSED, RoundState.CONFIRMED, RoundState.OPEN}),
    RoundState.CONFIRMED: frozenset(),
}
ENTRY_TRANSITIONS: Transitions = {
    EntryState.DRAFT: frozenset({EntryState.SUBMITTED, EntryState.WITHDRAWN}),
    EntryState.SUBMITTED: frozenset({EntryState.SUBMITTED, EntryState.WITHDRAWN, EntryState.DISQUALIFIED}),
    EntryState.WITHDRAWN: frozenset(),
    EntryState.DISQUALIFIED: frozenset({EntryState.SUBMITTED}),
}
FILE_TRANSITIONS: Transitions = {
    FileState.EXPECTED: frozenset({FileState.RECEIVED, FileState.REJECTED}),
    FileState.RECEIVED: frozenset({FileState.ACCEPTED, FileState.REJECTED}),
    FileState.ACCEPTED: frozenset(),
    FileState.REJECTED: frozenset(),
}
SCORECARD_TRANSITIONS: Transitions = {
    ScorecardState.DRAFT: frozenset({ScorecardState.DRAFT, ScorecardState.SUBMITTED}),
    ScorecardState.SUBMITTED: frozenset({ScorecardState.DRAFT}),
}
AWARD_TRANSITIONS: Transitions = {
    AwardState.PROPOSED: frozenset({AwardState.CONFIRMED}),
    AwardState.CONFIRMED: frozenset({AwardState.ANNOUNCED, AwardState.PROPOSED}),
    AwardState.ANNOUNCED: frozenset(),
}
PUBLICATION_TRANSITIONS: Transitions = {
    PublicationState.DRAFT: frozenset({PublicationState.PUBLISHED, PublicationState.SUPERSEDED}),
    PublicationState.PUBLISHED: frozenset({PublicationState.RETRACTED, PublicationState.SUPERSEDED}),
    PublicationState.RETRACTED: frozenset(),
    PublicationState.SUPERSEDED: frozenset(),
}


class IllegalTransition(Exception):
    """A change of state that the tables above do not allow: a bug, never a user's mistake."""


def check_transition(table: Transitions, old: str, new: str) -> None:
    """Raise IllegalTransition unless `table` allows old → new."""
    if new not in table[old]:
        raise IllegalTransition(f"{old} → {new}")
