"""What scoring says instead of a number: refusals and notes, each a code, its facts and an English sentence.

The command line prints the sentence; the product has its own for each code, in each language (`contest.texts.scoring`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """No result can be given honestly. `code` names the reason, `facts` its particulars, `str()` says it with the cure.

    `sentence` is a format string over `facts`: Refused("disconnected", "{groups} groups of judges …", groups=2).
    """

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        super().__init__(sentence.format(**facts))
        self.code = code
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader of the result must know; made like a refusal, by `note`."""

    code: str
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.format(**self.facts)


def note(code: str, sentence: str, **facts: Any) -> Note:
    """A note whose facts are checked against its sentence at once."""
    made = Note(code, sentence, facts)
    str(made)
    return made


def some(names: list[str] | tuple[str, ...], most: int = 5) -> str:
    """A few names for a sentence: "a, b, c and 7 more"."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
