"""What can go wrong in an act, without a word of HTTP.

The web layer maps each class to a status once; services raise them and know nothing of pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ContestError(Exception):
    """Base of the errors that a person can act on."""


class NotFound(ContestError):
    """The thing does not exist, or the actor may not know that it does."""


class Denied(ContestError):
    """The actor may know of the thing but may not do this.

    `reason` is a code with a sentence in `contest.texts`; `facts` fill that sentence.
    """

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


class Conflict(ContestError):
    """The thing changed meanwhile; `facts` hold what is stored now."""

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


class Invalid(ContestError):
    """Input that breaks a rule: field name → code with a sentence in `contest.texts`."""

    def __init__(self, field: str | Mapping[str, str], code: str | None = None, **facts: Any) -> None:
        self.problems: dict[str, str] = dict(field) if isinstance(field, Mapping) else {field: code or "invalid"}
        self.facts = facts
        super().__init__(", ".join(f"{name}: {why}" for name, why in self.problems.items()))
