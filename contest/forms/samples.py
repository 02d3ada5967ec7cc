"""The form of the kit's page: one field of each kind, and none of them is ever sent."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from contest import texts
from contest.forms.kit import (
    BooleanField,
    FileField,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextsFields,
    code,
    email,
    line,
    moment,
    optional,
    password,
    prose,
)

#: Text of an entrant who writes from right to left: what the interface must set in its own direction.
ARABIC = "تطبيق العبّارة للجميع"
LONG = (
    "A Ferry Timetable That Is Read at Arm’s Length in Rain, in Sun, on a Moving Deck, and by Those Who Cannot See It"
)


class Samples(Form):
    name = line(_l("Name"), hint=_l("As you want it printed, in any script."), render_kw={"autocomplete": "name"})
    title = line(_l("Title of the entry"))
    long_title = line(_l("A long title"))
    arabic = line(_l("A title from right to left"), render_kw={"lang": "ar", "dir": "auto"})
    mail = email()
    secret = password(_l("Password"), hint=_l("At least 12 characters. A sentence is good."), new=True)
    digits = code()
    number = IntegerField(_l("Judges for each entry"))
    closes = moment(_l("Entries close"), hint=_l("For example 2026-11-30 23:59"))
    zone = SelectField(
        _l("Contest zone"), choices=lambda: [("Asia/Tokyo", "Tokyo (UTC+09:00)"), ("Africa/Lagos", "Lagos (UTC+01:00)")]
    )
    fixed = line(_l("Number of the entry"), hint=_l("It cannot change."), render_kw={"disabled": True})
    picture = FileField(_l("Preview picture"), validators=[optional()])
    comment = prose(_l("Comment"), hint=_l("Sent without your name, after the winners are published."))
    ai = RadioField(
        _l("Did you use AI?"),
        choices=lambda: [
            ("no", _l("No")),
            ("drafts", _l("Yes, for drafts that are not in the entry")),
            ("parts", _l("Yes, parts are in the entry")),
        ],
    )
    parts = SelectMultipleField(
        _l("What does the entry hold?"),
        choices=lambda: [("screens", _l("Screens")), ("source", _l("Source files")), ("film", _l("A film"))],
    )
    way = RadioField(
        _l("Method"), choices=lambda: [(name, texts.method_name(name)) for name in ("mean", "trimmed", "median")]
    )
    terms = BooleanField(_l("I have read the terms, version 3"))
    about = TextsFields(_l("About the contest"), area=True)


def samples() -> Samples:
    """The form, filled in, with what a check has found in three of its fields."""
    form = Samples(
        formdata=None,
        data={
            "name": "Adaeze Nwosu",
            "long_title": LONG,
            "arabic": ARABIC,
            "mail": "adaeze@halyard.example",
            "number": 3,
            "fixed": "0127",
            "ai": "drafts",
            "parts": ["screens", "source"],
            "way": "trimmed",
            "terms": True,
            "about_en": "A ferry app that anyone can read.",
            "about_ja": "だれもが読めるフェリーのアプリ。",
        },
    )
    form.title.errors = [_l("Write a title, for example “Tide Line”.")]
    form.picture.errors = [_l("This file has 48 MB. Choose one of 20 MB or less.")]
    return form
