"""Forms of setting up a contest. Each carries the version that it was made from."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, StopValidation
from wtforms.widgets import HiddenInput

from contest import clock, i18n, texts
from contest.forms.kit import (
    BooleanField,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    TextsFields,
    WholeField,
    content_languages,
    line,
    moment,
    own_zone,
    prose,
    required,
    zones,
)
from contest.services.cancelling import MOST_REASON
from contest.services.checklist import percent
from contest.services.rubric import POINTS
from contest.services.setup import KIND_GROUPS
from contest.web import locale


class Versioned(Form):
    """Holds the contest's version, so that a form made from an older one is refused with both values."""

    version = IntegerField(validators=[InputRequired(_l("Reload the page, then send it again."))], widget=HiddenInput())


def whole(label: Any, least: int, most: int, *, hint: Any = "") -> WholeField:
    """A whole number between two; one sentence says so, whatever else was typed."""

    def check(_form: Any, field: Any) -> None:
        if field.data is None or not least <= field.data <= most:
            field.errors[:] = []
            raise StopValidation(
                _l("Enter a whole number from %(least)s to %(most)s.", least=f"{least:,}", most=f"{most:,}")
            )

    return WholeField(label, [check], description=hint, render_kw={"inputmode": "numeric", "min": least, "max": most})


class PercentField(StringField):
    """A percentage with at most one decimal; `data` is in thousandths."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        typed = unicodedata.normalize("NFKC", i18n.few_marks(str(valuelist[0])) if valuelist else "").replace(",", ".")
        typed = typed.replace("%", "").strip()
        try:
            value = Decimal(typed) * 10
        except InvalidOperation:
            raise ValueError(texts.field_error("weight_invalid")) from None
        if not value.is_finite() or not 1 <= value <= 1000 or value != value.to_integral_value():
            raise ValueError(texts.field_error("weight_invalid"))
        self.data = int(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return percent(self.data) if self.data else ""


def weight(label: Any, *, hint: Any = "") -> PercentField:
    return PercentField(label, description=hint, render_kw={"inputmode": "decimal", "maxlength": "8"})


class Create(Form):
    title = TextsFields(_l("Title"), most=120)
    slug = line(
        _l("Address"),
        required(),
        most=60,
        hint=_l("The last part of the contest's address, for example ferry-app-2026. It cannot be changed later."),
    )
    default_locale = SelectField(
        _l("Main language"),
        choices=content_languages,
        description=_l("Shown where a text is missing in another language."),
    )
    zone = SelectField(_l("Time zone"), choices=zones, description=_l("All dates of the contest are told in it."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An account that never chose a zone has UTC, in which hardly a contest is meant to run.
        if clock.name_today(self.zone.data or "") == "Etc/UTC":
            own_zone(self)


class Texts(Versioned):
    title = TextsFields(_l("Title"), most=120)
    summary = TextsFields(_l("Summary"), area=True, most=600, hint=_l("One or two sentences."))
    brief = TextsFields(_l("Brief"), area=True, most=20000, hint=_l("An empty line begins a new paragraph."))
    host = TextsFields(_l("Host"), most=200, hint=_l("The body that runs the contest."))
    contact = line(_l("Contact"), most=200, hint=_l("An address to which entrants may write."))


class Dates(Versioned):
    zone = SelectField(_l("Time zone"), choices=zones)
    opens_at = moment(_l("Entries open"), hint=_l("Date and time in the contest's zone."))
    closes_at = moment(
        _l("Entries close"),
        hint=_l(
            "An entry sealed at this second is too late. Choose 23:59:59, not midnight: midnight is easy to misread."
        ),
    )
    grace_minutes = whole(
        _l("Grace in minutes"),
        0,
        1440,
        hint=_l(
            "An upload that began before the close may finish, be described and be submitted within it. "
            "Nothing else may change after the close. The rule is shown to entrants."
        ),
    )
    due_at = moment(_l("Judging is due"), hint=_l("Optional. Judges see it; you close judging yourself."))
    winners_at = moment(
        _l("Winners are announced"),
        hint=_l("Optional. Everybody sees this plan; you publish the winners yourself."),
    )


class Terms(Versioned):
    text = TextsFields(_l("Terms"), area=True, most=50000, hint=_l("An empty line begins a new paragraph."))


class Category(Versioned):
    name = TextsFields(_l("Name"), most=120)


def _kinds() -> dict[str, list[tuple[str, str]]]:
    return {
        texts.kind_group(group): [(kind, texts.kind_name(kind)) for kind in kinds]
        for group, kinds in KIND_GROUPS.items()
    }


class Deliverable(Versioned):
    name = TextsFields(_l("Name"), most=120)
    hint = TextsFields(_l("What it holds"), most=300, hint=_l("Optional. One sentence."))
    required = BooleanField(_l("Every entry must have this"))
    kinds = SelectMultipleField(
        _l("Types of file"),
        choices=_kinds,
        description=_l("ZIP also takes Sketch, Figma, Adobe XD, PowerPoint, Keynote, dotLottie, 3MF and prototypes."),
    )
    max_megabytes = whole(_l("Largest size of one file, in MB"), 1, 5000)
    max_files = whole(_l("Most files"), 1, 100)


class Prize(Versioned):
    name = TextsFields(_l("Name"), most=120)
    amount = TextsFields(_l("What the winner gets"), most=200, hint=_l("Optional, for example ¥1,200,000."))
    quantity = whole(_l("How many of it"), 1, 100)


class Criterion(Versioned):
    name = TextsFields(_l("Name"), most=120)
    question = TextsFields(_l("Question"), area=True, most=500, hint=_l("What a judge asks of the entry."))
    weight = weight(
        _l("Weight in percent"), hint=_l("From 0.1 to 100, with at most one decimal. All weights together make 100.")
    )
    points = whole(_l("Number of levels"), POINTS.start, POINTS.stop - 1, hint=_l("Level 1 is the lowest."))

    def shown_points(self) -> int:
        """How many levels to show: as many as are asked for, within the bounds."""
        return min(max(self.points.data or 5, POINTS.start), POINTS.stop - 1)


# The sentences of the most levels that there may be; a page shows as many as there are points.
for _number in range(1, POINTS.stop):
    TextsFields(_l("Level %(number)s", number=_number), area=True, most=500).join(Criterion, f"level_{_number}")


class JudgesPerEntry(Versioned):
    judges_per_entry = whole(_l("Judges for each entry"), 1, 50)


def weights_form(criteria: Sequence[Any]) -> type[Versioned]:
    """A form with one weight per criterion, named weight_HEX."""
    made = {
        f"weight_{criterion.id.hex}": weight(
            _l("Weight of %(name)s in percent", name=i18n.say(criterion.name, locale()).text)
        )
        for criterion in criteria
    }
    return type("Weights", (Versioned,), made)


class Cancel(Form):
    reason = TextsFields(
        _l("Reason"),
        area=True,
        most=MOST_REASON,
        hint=_l("Everybody reads it: at the top of the contest’s page, and in the mail."),
    )
    sure = BooleanField(_l("Yes, call this contest off. I know that nobody can undo it."))


class Disqualify(Form):
    reason = prose(
        _l("Reason"),
        required(),
        most=1000,
        hint=_l("One or two sentences. The entrant gets them by mail, and the audit log keeps them."),
    )
