"""The methods by name: what each takes, which options it has, and where it is written.

A method's module is imported when it is used, and only those that fit a model import numpy and scipy.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import Any

from contest.scoring.cards import Ballots, Cards, Pairs
from contest.scoring.outcome import Result
from contest.scoring.refusals import Refused

#: What one value of an option may be, from its text. Raises ValueError.
Parser = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a method. `name` is the parameter's, which a user writes with hyphens."""

    name: str
    parse: Parser
    default: Any
    #: One line for the help.
    about: str


@dataclass(frozen=True)
class Method:
    """A way from judges' work to a ranking."""

    name: str
    #: "cards", "ballots" or "pairs". One that takes ballots also takes cards (see `cards.ballots_of`).
    takes: str
    #: "module:function" below this package; the function takes the data and the options by name.
    place: str
    options: tuple[Option, ...] = field(default=())

    def run(self, data: Cards | Ballots | Pairs, options: Mapping[str, Any] | None = None) -> Result:
        """The result; options that are not given have their defaults. Raises Refused."""
        module, function = self.place.split(":")
        given = {option.name: option.default for option in self.options} | dict(options or {})
        found: Result = getattr(import_module(f"contest.scoring.{module}"), function)(data, **given)
        return found

    def parsed(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The options from what a user wrote: {"min-n": "5"} → {"min_n": 5}. Raises Refused."""
        known = {option.name.replace("_", "-"): option for option in self.options}
        found = {}
        for name, value in texts.items():
            if (option := known.get(name)) is None:
                raise Refused(
                    "unknown_option",
                    "{method} has no option {option}; it has: {known}.",
                    method=self.name,
                    option=name,
                    known=", ".join(known) or "none",
                )
            try:
                found[option.name] = option.parse(value)
            except (ValueError, ZeroDivisionError) as error:
                raise Refused(
                    "bad_option",
                    "{option}={value} makes no sense: {why}.",
                    option=name,
                    value=value,
                    why=str(error) or "not a number",
                ) from error
        return found


def whole(least: int, most: int = 10**9) -> Parser:
    """A whole number from `least` to `most`."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most} is wanted")
        return int(value)

    return parse


def share(least: Fraction | int, most: Fraction | int, *, open_end: bool = False) -> Parser:
    """An exact number between two, written with a decimal point or as a fraction."""

    def parse(value: str) -> Fraction:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,12})?|[0-9]{1,9}/[0-9]{1,9}", value):
            raise ValueError("a number is wanted")
        number = Fraction(value)
        if not least <= number <= most or (open_end and number == most):
            raise ValueError(f"a number from {least} to {most} is wanted")
        return number

    return parse


def one_of(*words: str) -> Parser:
    """One of some words."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)} is wanted")
        return value

    return parse


def names(value: str) -> tuple[str, ...]:
    """Texts separated by commas; one that holds a comma stands in quotation marks, as in CSV."""
    try:
        found = tuple(part.strip() for part in next(csv.reader([value], skipinitialspace=True, strict=True), []))
    except csv.Error:
        raise ValueError("a quotation mark is not closed") from None
    if not found or not all(found):
        raise ValueError("a name is empty")
    return found


def listed(found: Sequence[str]) -> str:
    """Texts as `names` reads them."""
    return ",".join('"' + name.replace('"', '""') + '"' if set(name) & set(',"') else name for name in found)


def text(value: str) -> str:
    """A text that is not empty."""
    if not value:
        raise ValueError("it is empty")
    return value


_MINIMUM = Option("min_judges", whole(1), 1, "an entry with fewer judges is not ranked")
_TIES = Option("ties", names, (), "in this order: criterion:KEY, top, head, decision:A>B")
_INTERVALS = (
    Option("draws", whole(0, 100_000), 0, "draws for rank intervals; 0 for none"),
    Option("seed", whole(0, 2**32 - 1), 0, "the seed of the draws"),
    Option("level", share(Fraction(1, 2), 1, open_end=True), Fraction(95, 100), "the level of rank intervals"),
    Option("top", whole(1), 3, "k of the probability to be among the first k"),
)

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("mean", "cards", "means:mean", (_MINIMUM, _TIES)),
        Method(
            "trimmed",
            "cards",
            "means:trimmed",
            (
                _MINIMUM,
                _TIES,
                Option("trim", share(0, Fraction(1, 2), open_end=True), Fraction(1, 10), "the share cut at each end"),
            ),
        ),
        Method("median", "cards", "means:median", (_MINIMUM, _TIES)),
        Method(
            "pass",
            "cards",
            "means:passing",
            (
                _MINIMUM,
                Option("mark", share(0, 10**9), Fraction(1, 2), "the score from which a judge lets an entry pass"),
                Option("share", share(0, 1), Fraction(1, 2), "the share of the judges from which it has passed"),
            ),
        ),
        Method(
            "zscore",
            "cards",
            "standardised:zscore",
            (_MINIMUM, Option("min_n", whole(2), 5, "a judge with fewer scorecards is only centred")),
        ),
        Method("additive", "cards", "additive:additive", (_MINIMUM, *_INTERVALS)),
        Method("mixed", "cards", "mixed:mixed", (_MINIMUM,)),
        Method("borda", "ballots", "positions:borda", (_MINIMUM,)),
        Method("median-rank", "ballots", "positions:median_rank", (_MINIMUM,)),
        Method(
            "copeland",
            "ballots",
            "majority:copeland",
            (
                _MINIMUM,
                Option("per", one_of("majority", "judge"), "majority", "wins by majority, or within each ballot"),
            ),
        ),
        Method(
            "schulze",
            "ballots",
            "majority:schulze",
            (
                _MINIMUM,
                Option("strength", one_of("winning", "margins"), "winning", "how a majority's strength is counted"),
            ),
        ),
        Method(
            "bradley-terry",
            "pairs",
            "pairs:bradley_terry",
            (
                Option("reference", text, None, "the entry whose log-ability is 0"),
                Option("ridge", share(0, 10**6), Fraction(0), "weight of the pull towards equality"),
            ),
        ),
        Method(
            "stv",
            "ballots",
            "transferable:stv",
            (
                Option("seats", whole(1), 1, "how many are elected"),
                Option("decision", names, (), "who goes first where everything else is equal"),
            ),
        ),
    )
}


def method(name: str) -> Method:
    """The method of that name. Raises Refused."""
    found = METHODS.get(name)
    if found is None:
        raise Refused(
            "unknown_method", "There is no method {name}; there are: {known}.", name=name, known=", ".join(METHODS)
        )
    return found
