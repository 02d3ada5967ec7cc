"""Forms of entries: entering, details, a picture's sentence, withdrawing, checking a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from contest.forms.kit import BooleanField, FileField, Form, ProseField, SelectField, line, prose
from contest.services.drafts import ALT_MOST, CREDIT_MOST, DECLARATION_MOST, STATEMENT_MOST, TITLE_MOST


def choices(categories: Sequence[Any], say: Any) -> list[tuple[str, str]]:
    """Categories for a select; `say` tells their name in the page's language."""
    return [("", _l("Choose one"))] + [(str(each.id), str(say(each.name))) for each in categories]


class _WithCategories(Form):
    """A form that is given the contest's categories, and `say` for their names."""

    category: SelectField

    def __init__(self, *args: Any, categories: Sequence[Any] = (), say: Any = str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category.choices = choices(categories, say)


class Enter(_WithCategories):
    """Reading the terms and starting. `terms` carries the version that was shown."""

    terms = HiddenField()
    category = SelectField(_l("Category"), validate_choice=False)
    accept = BooleanField(_l("I have read the terms and accept them."))


class Details(_WithCategories):
    version = HiddenField()
    title = line(_l("Title of the entry"), most=TITLE_MOST, hint=_l("Judges see it. Leave your name out."))
    category = SelectField(_l("Category"), validate_choice=False)
    statement = prose(
        _l("Statement"),
        most=STATEMENT_MOST,
        hint=_l("What it is for and why you made it so; at most 3,000 characters. Judges see it without your name."),
    )
    declaration = prose(
        _l("Declaration"),
        most=DECLARATION_MOST,
        hint=_l("Fonts, stock pictures, other people’s parts, use of AI; or “none”. Judges see it without your name."),
    )
    credit = line(_l("Credit"), most=CREDIT_MOST, hint=_l("How you want to be named if you win. Judges do not see it."))


class Describe(Form):
    """The sentence for those who cannot see a picture. `was` is the one stored when the page was made."""

    alt = line(_l("What the picture shows, in one sentence"), most=ALT_MOST)
    was = HiddenField()


def _without_controls(value: str | None) -> str:
    return "".join(letter for letter in value or "" if letter in "\n\r\t" or letter >= " ")


class CheckReceipt(Form):
    # Nearly as it came: what is normalised is no longer what was signed. JSON knows no bare control characters.
    text = ProseField(_l("Text of the receipt"), filters=[_without_controls], description=_l("All of it, from { to }."))
    file = FileField(_l("Or the receipt’s file"), description=_l("It ends in .json."))
