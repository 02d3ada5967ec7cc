"""Forms of judging. A sheet comes as a form or as JSON; both give the same values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from contest import texts
from contest.errors import Invalid
from contest.forms.kit import Form, RadioField, prose, required
from contest.received import clean
from contest.vocabulary import FlagKind, RecusalKind

#: Names of the form's radio buttons begin so; the rest is the criterion's key.
LEVEL = "level-"


@dataclass(frozen=True)
class Entered:
    """What a judge sent: the version they saw, a level or None per criterion, and the two texts."""

    version: int
    levels: Mapping[str, int | None]
    note: str
    comment: str

    @property
    def anything(self) -> bool:
        """Whether there is something to keep."""
        return any(self.levels.values()) or bool(self.note or self.comment)

    def values(self) -> dict[str, Any]:
        return {"version": self.version, "levels": self.levels, "note": self.note, "comment": self.comment}


def read_form(sent: Mapping[str, str]) -> Entered:
    """The values of the sheet's form. A level that is no number is refused by the service as out of its scale."""
    levels = {name.removeprefix(LEVEL): _level(value) for name, value in sent.items() if name.startswith(LEVEL)}
    version = sent.get("version", "")
    return Entered(
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
        levels=levels,
        note=clean(sent.get("note", ""), lines=True),
        comment=clean(sent.get("comment", ""), lines=True),
    )


def _level(value: str) -> int | None:
    if not value:
        return None
    return int(value) if value.isascii() and value.isdigit() and len(value) < 3 else 0


def read_json(body: Mapping[str, Any]) -> Entered:
    """The values of {"version", "levels": {key: level or null}, "note", "comment"}. Raises Invalid."""
    version, levels = body.get("version"), body.get("levels")
    note, comment = body.get("note", ""), body.get("comment", "")
    if type(version) is not int or not isinstance(levels, dict):
        raise Invalid("version", "invalid")
    # A bool is an int to Python, but not a level.
    if any(value is not None and type(value) is not int for value in levels.values()):
        raise Invalid("levels", "invalid")
    if not isinstance(note, str) or not isinstance(comment, str):
        raise Invalid("note", "invalid")
    return Entered(version, levels, clean(note, lines=True), clean(comment, lines=True))


class Recuse(Form):
    kind = RadioField(
        _l("What is the conflict?"),
        choices=lambda: [(str(kind), texts.recusal_kind(kind)) for kind in RecusalKind],
        validate_choice=False,
    )
    reason = prose(
        _l("Say in one sentence why"),
        required(),
        most=5000,
        hint=_l("The organiser reads this, so that another judge can take over. Nobody else does."),
    )


class Tell(Form):
    """What a judge tells the app team of an entry. It stands in the sheet's own form."""

    kind = RadioField(
        _l("What is it about?"),
        choices=lambda: [(str(kind), texts.flag_kind(kind)) for kind in FlagKind],
        validate_choice=False,
    )
    words = prose(
        _l("In your words, if they help"),
        most=2000,
        hint=_l("For example which picture, or where you have seen it. Name nobody whom you do not need to name."),
    )

    @property
    def anything(self) -> bool:
        """Whether something stands in it that was not sent."""
        return bool(self.kind.data or self.words.data)

    @property
    def unsent(self) -> str:
        """The words, where they can be sent no more."""
        return self.words.data


class Answer(Form):
    """The app team's answer to a judge."""

    answer = prose(
        _l("Answer to the judge"),
        most=2000,
        hint=_l("It goes to the judge by mail and cannot be changed. Do not say who made the entry."),
    )
