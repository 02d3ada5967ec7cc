"""The form in which a round's method and its options are chosen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectField, StringField

from contest import i18n, texts
from contest.errors import Invalid
from contest.forms.contests import Versioned, whole
from contest.forms.kit import line, prose
from contest.scoring.methods import METHODS
from contest.services.scoring import LEAST_REASON, MOST_REASON, OFFERED
from contest.web import locale

#: Rules for equal scores that can be put in order, one after the other.
TIE_RULES = 3
_DECISION = "decision:"
_SHARES = {"trim": ("0", "49.9"), "mark": ("0", "100"), "share": ("0", "100")}
_WHOLES = {"min_judges": (1, 50), "min_n": (2, 1000)}
_WORDS = {"per": ("majority", "judge"), "strength": ("winning", "margins")}


class ShareField(StringField):
    """A percentage with at most two decimals; `data` is the share as the command line takes it: 10 is "0.1"."""

    data: Any

    def __init__(self, label: Any, least: str, most: str, **options: Any) -> None:
        super().__init__(label, render_kw={"inputmode": "decimal", "maxlength": "8"}, **options)
        self.least, self.most = Decimal(least), Decimal(most)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        typed = unicodedata.normalize("NFKC", i18n.few_marks(str(valuelist[0])) if valuelist else "").replace(",", ".")
        try:
            value = Decimal(typed.replace("%", "").strip())
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not self.least <= value <= self.most or value != round(value, 2):
            raise ValueError(
                _("Enter a number from %(least)s to %(most)s, for example 10.", least=self.least, most=self.most)
            )
        self.data = _plain(value / 100)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return percent_text(self.data) if self.data else ""


def percent_text(share: str) -> str:
    """A stored share such as "0.125" in percent: "12.5". Fractions are told as they are."""
    try:
        return _plain(Decimal(share) * 100)
    except InvalidOperation:
        return share


def _plain(value: Decimal) -> str:
    said = f"{value:f}"
    return said.rstrip("0").rstrip(".") if "." in said else said


class _Method(Versioned):
    """A method and the options of all that are offered; only those of the chosen one are looked at."""

    #: Field → the method that it belongs to.
    own: Mapping[str, str]
    method: RadioField

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for name, method in self.own.items():
            if method != self.method.data:
                self[name].errors = []
        if "ties" not in OFFERED.get(self.method.data, ()):
            for number in range(1, TIE_RULES + 1):
                self[f"tie_{number}"].errors = []
        return not self.errors

    def chosen(self) -> dict[str, str]:
        """The chosen method's options as texts of the command line; what is usual is left out."""
        method = self.method.data
        given: dict[str, str] = {}
        for option in OFFERED[method]:
            name = option.replace("_", "-")
            value = ",".join(self._ties()) if option == "ties" else str(self[_field(method, option)].data)
            if value and value != _usual(method, option):
                given[name] = value
        return given

    def _ties(self) -> list[str]:
        """The rules for equal scores in their order, each once; what a person decided comes last."""
        rules = [self[f"tie_{number}"].data for number in range(1, TIE_RULES + 1)]
        typed = unicodedata.normalize("NFKC", self["decision"].data) if "decision" in self else ""
        decided = ">".join(re.split(r"[>,、]", "".join(typed.split())))
        return list(dict.fromkeys(rule for rule in [*rules, decided and f"{_DECISION}{decided}"] if rule))

    def refuse(self, error: Invalid) -> None:
        """A service names an option; the form has a field of each method for it."""
        named = {}
        for name, why in error.problems.items():
            if name == "ties":
                name = "decision" if str(error.facts.get("value", "")).startswith(_DECISION) else "tie_1"
            elif name in OFFERED.get(self.method.data, ()):
                name = _field(self.method.data, name)
            named[name] = why
        super().refuse(Invalid(named, **error.facts))


def _field(method: str, option: str) -> str:
    """The name of an option's field. What every method has stands once."""
    return option if option == "min_judges" else f"{method}-{option}"


def own_fields(method: str) -> list[str]:
    """The names of the fields that only this method has."""
    return [_field(method, option) for option in OFFERED[method] if option not in ("min_judges", "ties")]


def _usual(method: str, option: str) -> str:
    """An option's default as text of the command line."""
    value = next(known.default for known in METHODS[method].options if known.name == option)
    return _plain(Decimal(value.numerator) / value.denominator) if isinstance(value, Fraction) else str(value)


def method_form(contest: Any, offered: Sequence[str], *, late: bool) -> type[_Method]:
    """The form for a contest's round. `late`: judging has opened, so that a change needs a reason."""
    fields: dict[str, Any] = {
        "method": RadioField(_l("Method"), choices=lambda: [(name, texts.method_name(name)) for name in offered]),
        "min_judges": whole(
            texts.option_name("min_judges"), *_WHOLES["min_judges"], hint=texts.option_hint("min_judges")
        ),
        "own": {name: method for method in offered for name in own_fields(method)},
    }
    for method in offered:
        for option in OFFERED[method]:
            if (name := _field(method, option)) in fields["own"]:
                fields[name] = _made(option)
    rules = [("", _("No rule: they share the rank")), *tie_rules(contest)]
    for number, label in enumerate((_("First rule"), _("Second rule"), _("Third rule")), 1):
        fields[f"tie_{number}"] = SelectField(label, choices=lambda: rules)
    if late:
        fields["decision"] = line(
            _l("Decision of the chair"),
            hint=_l("Optional. Numbers of entries with equal scores, the better first, for example 0012 > 0007."),
        )
        fields["reason"] = prose(
            _l("Why is it changed?"),
            most=MOST_REASON,
            hint=_l(
                "At least %(least)s characters. They are published with the result, so name no judge and no entrant.",
                least=LEAST_REASON,
            ),
        )
    made: type[_Method] = type("Method", (_Method,), fields)
    return made


def _made(option: str) -> Field:
    label, hint = texts.option_name(option), texts.option_hint(option)
    if option in _SHARES:
        return ShareField(label, *_SHARES[option], description=hint)
    if option in _WHOLES:
        return whole(label, *_WHOLES[option], hint=hint)
    return SelectField(
        label, choices=lambda: [(word, texts.option_word(word)) for word in _WORDS[option]], description=hint
    )


def tie_rules(contest: Any) -> list[tuple[str, str]]:
    """Rules for equal scores as choices: one for each criterion, then the others."""
    names = criteria(contest)
    rules = [f"criterion:{key}" for key in names] + ["top", "head"]
    return [(rule, texts.tie_rule(rule, names)) for rule in rules]


def criteria(contest: Any) -> dict[str, str]:
    """The names of a contest's criteria by key, in the reader's language."""
    return {criterion.key: i18n.say(criterion.name, locale()).text for criterion in contest.round.criteria}


def stored(contest: Any) -> dict[str, Any]:
    """Initial data: what is stored for the chosen method, the usual for all others."""
    round_ = contest.round
    data: dict[str, Any] = {"method": round_.method, "version": contest.version}
    for method, options in OFFERED.items():
        given = round_.method_options if method == round_.method else {}
        for option in options:
            if option == "ties" or (option == "min_judges" and method != round_.method):
                continue
            value = given.get(option.replace("_", "-"), _usual(method, option))
            data[_field(method, option)] = int(value) if option in _WHOLES else value
    rules = round_.method_options.get("ties", "").split(",")
    data |= {f"tie_{number}": rule for number, rule in enumerate((r for r in rules if not r.startswith(_DECISION)), 1)}
    decided = [rule.removeprefix(_DECISION) for rule in rules if rule.startswith(_DECISION)]
    data["decision"] = decided[0].replace("C-", "").replace(">", " > ") if decided else ""
    return data
