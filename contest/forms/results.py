"""Forms of results: the awards, line by line, what is proposed, and the reason of a retraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.widgets import HiddenInput

from contest import i18n, web
from contest.forms.kit import (
    Form,
    IntegerField,
    SelectField,
    TextsFields,
    fill_texts,
    line,
    optional,
    prose,
    read_texts,
    required,
)
from contest.services.awards import MOST_STATEMENT, Pick, Slot
from contest.services.certificates import BOTH
from contest.services.publications import MOST_REASON
from contest.vocabulary import LOCALES


class Retract(Form):
    reason = prose(
        _l("Why is it retracted?"),
        required(),
        most=MOST_REASON,
        hint=_l("Everybody who opens the winners’ page reads this. Write it in every language of your readers."),
    )


class Propose(Form):
    scores = BooleanField(
        _l("Publish the scores, so that anybody can compute the ranking again"),
        description=_l(
            "Judges are called J1, J2 and so on; entries have their numbers. What judges wrote is not in it."
        ),
    )


class Jury(Form):
    """What the jury says of the contest as a whole, and who it was. `version`: of the contest that it was made from."""

    version = IntegerField(validators=[optional()], widget=HiddenInput())

    jury_statement = TextsFields(
        _l("The jury about the contest"),
        area=True,
        most=MOST_STATEMENT,
        hint=_l("Optional. What the jury looked for and what it found. Say it here if places were close."),
    )
    jury = TextsFields(
        _l("Who judged"),
        area=True,
        most=MOST_STATEMENT,
        hint=_l("Optional. Names, as they are to be public."),
    )


class Certificate(Form):
    """How a certificate is shown, from the address of its page. What is not offered counts as nothing chosen."""

    language = SelectField(_l("Language of the certificate"), default=BOTH)
    name = SelectField(_l("Below the credit"), default="")

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen, by the fields' names: the values of the same page's and of the PDF's address."""
        return {"language": self.language.data, "name": self.name.data}


def certificate(asked: Any, names: Mapping[str, str]) -> Certificate:
    """The form for what `asked`, an address's values, say. `names`: what may stand below the credit, by value."""
    form = Certificate(formdata=asked, meta={"csrf": False})
    reader = web.locale()
    languages = {BOTH: _("English and Japanese"), **{one: i18n.name(one, reader) for one in LOCALES}}
    offered = {key: name or _("Nothing more") for key, name in names.items()}
    for field, choices in ((form.language, languages), (form.name, offered)):
        field.choices = list(choices.items())
        if field.data not in choices:
            field.data = field.default
    return form


def awards(slots: Sequence[Slot]) -> Form:
    """A form with three fields for each slot: `entry-N`, `statement-N_en` and `statement-N_ja`, N from 0."""
    fields: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for place, slot in enumerate(slots):
        fields[f"entry-{place}"] = line(
            _l("Entry number"),
            most=12,
            hint=_l("Leave it empty to give no prize here."),
            render_kw={"inputmode": "numeric"},
        )
        fields[f"statement-{place}"] = TextsFields(_l("The jury's statement"), area=True, most=MOST_STATEMENT)
        data[f"entry-{place}"] = "" if slot.pick.entry is None else str(slot.pick.entry)
        data |= fill_texts(f"statement-{place}", slot.pick.statement)
    made: Form = type("Awards", (Form,), fields)(data=data)
    return made


def picks(form: Form, slots: Sequence[Slot]) -> list[Pick]:
    """What was entered, one pick for each slot. A number that cannot be one is 0, which no entry has."""
    found = []
    for place, slot in enumerate(slots):
        typed = form[f"entry-{place}"].data or ""
        digits = typed.removeprefix("C-")  # as the files of a publication and the export write it
        number = int(digits) if digits.isascii() and digits.isdigit() else 0
        found.append(Pick(slot.prize.key, number if typed else None, read_texts(form, f"statement-{place}")))
    return found
