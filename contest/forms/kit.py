"""Base form and fields. Every text is normalised; every message says the cure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import has_request_context
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FileField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    validators,
    widgets,
)

from contest import clock, i18n, texts, web
from contest.errors import Invalid
from contest.received import clean
from contest.vocabulary import DEFAULT_LOCALE, LOCALES

__all__ = [
    "BooleanField",
    "FileField",
    "Form",
    "IntegerField",
    "RadioField",
    "SelectField",
    "SelectMultipleField",
    "TextsFields",
    "code",
    "email",
    "length",
    "line",
    "moment",
    "optional",
    "password",
    "prose",
    "required",
]


class Form(FlaskForm):
    """A form whose texts come out normalised and that takes a service's refusals."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, value in list(vars(cls).items()):
            if isinstance(value, TextsFields):
                delattr(cls, name)
                value.join(cls, name)

    def refuse(self, error: Invalid) -> None:
        """Put a service's problems onto the fields they name; unknown names go to the form as a whole."""
        for name, why in error.problems.items():
            sentence = texts.field_error(why, error.facts)
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(sentence)
            else:
                field.errors = [*field.errors, sentence]

    def problems(self) -> list[tuple[str, str]]:
        """(field's id or "", sentence) for the error summary, in the order of the fields."""
        found = [("", str(sentence)) for sentence in self.form_errors]
        for field in self:
            found += [(field.id, str(sentence)) for sentence in field.errors]
        return found


class TextField(StringField):
    """Text whose filter gives "" where nothing was sent."""

    data: str


class ProseField(TextAreaField):
    """The same, in several lines."""

    data: str


class WholeField(IntegerField):
    """A number that its validator insists on: an int in each valid form."""

    data: Any


class _Filled(validators.InputRequired):
    """Something was sent, and something is left of it after normalising: blanks alone are nothing."""

    def __call__(self, form: Any, field: Any) -> None:
        super().__call__(form, field)
        if isinstance(field.data, str) and not field.data.strip():
            field.errors[:] = []
            raise validators.StopValidation(self.message or "")


def required(cure: Any = None) -> validators.InputRequired:
    return _Filled(cure or _l("Fill this in."))


def optional() -> validators.Optional:
    return validators.Optional()


def length(most: int) -> Callable[[Any, Any], None]:
    """At most so many characters, counted after normalising."""

    def check(_form: Any, field: Any) -> None:
        if field.data and len(field.data) > most:
            raise validators.ValidationError(
                _l(
                    "Use at most %(most)s characters; now there are %(now)s.",
                    most=f"{most:,}",
                    now=f"{len(field.data):,}",
                )
            )

    return check


def _no_control(_form: Any, field: Any) -> None:
    if field.raw_data and any("\0" in str(value) for value in field.raw_data):
        raise validators.ValidationError(_l("This holds a character that cannot be used."))


def _line_filter(value: str | None) -> str:
    return clean(value or "")


def _prose_filter(value: str | None) -> str:
    return clean(value or "", lines=True)


def line(label: Any, *checks: Any, most: int = 200, hint: Any = "", **options: Any) -> TextField:
    """One line of text. `required()` among the checks makes it required."""
    return TextField(label, [*checks, length(most), _no_control], filters=[_line_filter], description=hint, **options)


def prose(label: Any, *checks: Any, most: int = 5000, hint: Any = "", **options: Any) -> ProseField:
    """Text of several lines."""
    return ProseField(label, [*checks, length(most), _no_control], filters=[_prose_filter], description=hint, **options)


#: Marks that turn the direction of all that follows; a name that holds one would turn the list that it is in.
#: The marks that people who write from the right need inside a name (U+200E, U+200F, U+061C) stay.
_TURNING = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def _name_filter(value: str | None) -> str:
    return clean((value or "").translate(_TURNING))


def _something_to_see(_form: Any, field: Any) -> None:
    if field.data and not any(unicodedata.category(letter)[0] in "LNSP" for letter in field.data):
        raise validators.StopValidation(texts.field_error("name_unseen"))


def _kana(_form: Any, field: Any) -> None:
    said = unicodedata.normalize("NFKC", field.data or "")
    if any(
        letter.isalnum() and not unicodedata.name(letter, "").startswith(("HIRAGANA", "KATAKANA")) for letter in said
    ):
        raise validators.ValidationError(texts.field_error("furigana_kana"))


def person(label: Any, *checks: Any, hint: Any = "", **options: Any) -> TextField:
    """A name in any script and of any length up to 120 characters, as its owner writes it."""
    checks = (*checks, length(120), _no_control, _something_to_see)
    return TextField(label, [*checks], filters=[_name_filter], description=hint, **options)


def furigana(label: Any, *, hint: Any = "") -> TextField:
    """The reading of a Japanese name, in either kana."""
    return person(label, _kana, hint=hint, render_kw={"lang": "ja", "autocomplete": "off"})


def email(label: Any = None, hint: Any = "", autocomplete: str = "email") -> TextField:
    return TextField(
        label or _l("E-mail address"),
        [required(_l("Enter your e-mail address.")), length(254), _no_control],
        filters=[_line_filter],
        description=hint,
        widget=widgets.EmailInput(),
        render_kw={"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"},
    )


def _as_typed(value: str | None) -> str:
    return value or ""


def password(label: Any, *checks: Any, hint: Any = "", new: bool = False) -> TextField:
    return TextField(
        label,
        [*checks, length(1024)],
        filters=[_as_typed],
        description=hint,
        widget=widgets.PasswordInput(),
        render_kw={"autocomplete": "new-password" if new else "current-password"},
    )


def code(label: Any = None) -> TextField:
    return TextField(
        label or _l("Eight digits"),
        [required(_l("Enter the eight digits from the mail.")), length(40), _no_control],
        filters=[_line_filter],
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
            "class": "in code",
        },
    )


class MomentField(StringField):
    """Local wall time in the contest's zone, typed or picked. `data` is naive; the service adds the zone."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = clean(str(valuelist[0])) if valuelist else ""
        if not text:
            self.data = None
            return
        for shape in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
            try:
                self.data = datetime.strptime(text, shape)  # noqa: DTZ007 - wall time; the service adds the zone
                return
            except ValueError:
                continue
        self.data = None
        raise ValueError(texts.field_error("date_invalid"))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime("%Y-%m-%dT%H:%M:%S") if self.data else ""


def moment(label: Any, *checks: Any, hint: Any = "") -> MomentField:
    return MomentField(label, [*checks], description=hint, render_kw={"type": "datetime-local", "step": "1"})


def zones(stored: str = "") -> list[tuple[str, str, dict[str, str]]]:
    """Each zone once as a choice, UTC first: the city, by which people look, and its offset today.

    A zone that is `stored` under an old name keeps it, so that saving a form does not change it. Other old
    names stand beside an option: a browser may know its own zone by one of them, see `contest.js`.
    """
    now, locale = datetime.now(UTC), web.locale() if has_request_context() else DEFAULT_LOCALE
    offered = {clock.name_today(name): name for name in (*clock.places(), stored) if clock.is_zone(name)}
    named = [
        (today, name, i18n.city(name, locale), i18n.offset(clock.to_local(now, name)))
        for today, name in offered.items()
        if today != "Etc/UTC"
    ]
    named.sort(key=lambda each: (i18n.collation(each[2]), each[0]))
    return [(offered.get("Etc/UTC", "UTC"), "UTC", {})] + [
        (name, f"{city} ({offset})", {"data-was": " ".join(before)} if (before := clock.names_before(today)) else {})
        for today, name, city, offset in named
    ]


def own_zone(form: Any) -> None:
    """Let the list begin at the browser's own zone, until somebody has chosen: see `contest.js`."""
    if not form.is_submitted():
        form.zone.render_kw = {"data-own-zone": ""}


def countries() -> list[tuple[str, str]]:
    """Countries and regions by name in the reader's language, none first."""
    return [("", gettext("I do not want to say")), *i18n.territories(web.locale())]


def or_stored(choices: list[tuple[str, str]], stored: str) -> list[tuple[str, str]]:
    """Choices with one that is stored but not offered any more, so that saving a form does not change it."""
    return choices if stored in dict(choices) else [*choices, (stored, stored)]


def languages() -> list[tuple[str, str]]:
    """The languages of the interface, each as it calls itself."""
    return [(language, i18n.endonym(language)) for language in i18n.languages()]


def content_languages() -> list[tuple[str, str]]:
    """The languages in which contests are written."""
    return [(language, i18n.endonym(language)) for language in LOCALES]


class TextsFields:
    """A text in several languages, as a form's class has it: `title` becomes the fields `title_en` and `title_ja`."""

    def __init__(self, label: Any, *, area: bool = False, most: int = 200, hint: Any = "") -> None:
        make = prose if area else line
        self.fields = {
            locale: make(
                _in_language(label, locale),
                most=most,
                hint=hint,
                render_kw={"lang": locale, "dir": i18n.direction(locale)},
            )
            for locale in LOCALES
        }

    def join(self, form: type[Form], name: str) -> None:
        """Give the fields to a class of forms."""
        for locale, field in self.fields.items():
            setattr(form, f"{name}_{locale}", field)


class _LanguageName:
    """The name of a language, said when the label is: in the language of the page."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __str__(self) -> str:
        return i18n.name(self.language, web.locale())


def _in_language(label: Any, locale: str) -> Any:
    return _l("%(label)s in %(language)s", label=label, language=_LanguageName(locale))


def read_texts(form: Any, name: str) -> dict[str, str]:
    """The texts of `TextsFields` as {locale: text}, empty ones left out."""
    found = {locale: form[f"{name}_{locale}"].data or "" for locale in LOCALES}
    return {locale: text for locale, text in found.items() if text}


def fill_texts(name: str, stored: Mapping[str, str] | None) -> dict[str, str]:
    """Initial data for `TextsFields` from stored texts."""
    return {f"{name}_{locale}": (stored or {}).get(locale, "") for locale in LOCALES}
