"""What a contest still lacks before it can be announced: pure over a loaded contest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contest.models import Contest, Criterion, Round, Texts
from contest.vocabulary import LOCALES

#: Parts of a contest in the order of the checklist, each with the page where it is written.
SECTIONS: Mapping[str, str] = {
    "texts": "manage.texts",
    "dates": "manage.dates",
    "categories": "manage.categories",
    "deliverables": "manage.deliverables",
    "rubric": "manage.rubric",
    "prizes": "manage.prizes",
    "terms": "manage.terms",
}
#: Weights are thousandths; together they are one.
WHOLE = 1000


@dataclass(frozen=True)
class Problem:
    """One thing that is missing: in which part, of which field or thing, and its code in contest.texts."""

    section: str
    field: str
    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    #: What the thing is called, where it is not a field of the part's page.
    subject: Texts | None = None


@dataclass(frozen=True)
class Item:
    """One line of the checklist: `code` says what is missing first, "" when it is done."""

    key: str
    done: bool
    code: str
    endpoint: str
    problems: tuple[Problem, ...] = ()


def checklist(contest: Contest, now: datetime | None = None) -> list[Item]:
    """Every part of the contest and whether it is ready. `now` also refuses a closing in the past."""
    found = problems_of(contest, now)
    items = []
    for key, endpoint in SECTIONS.items():
        mine = tuple(problem for problem in found if problem.section == key)
        items.append(Item(key, not mine, mine[0].code if mine else "", endpoint, mine))
    return items


def problems_of(contest: Contest, now: datetime | None = None) -> list[Problem]:
    """Everything that keeps the contest from being announced, in the order of the checklist."""
    return [
        *_texts(contest),
        *_dates(contest, now),
        *_categories(contest),
        *_deliverables(contest),
        *rubric_problems(contest.round),
        *_prizes(contest),
        *_terms(contest),
    ]


def lacking(contest: Contest, part: str) -> dict[str, list[Problem]]:
    """What the things of a part lack, by their keys: a thing that lacks nothing is not among them."""
    found: dict[str, list[Problem]] = {}
    for problem in problems_of(contest):
        if problem.section == part and problem.subject is not None:
            found.setdefault(problem.field.partition(".")[0], []).append(problem)
    return found


def _texts(contest: Contest) -> Iterator[Problem]:
    for name in ("title", "summary", "brief", "host"):
        for locale in LOCALES:
            if not getattr(contest, name).get(locale):
                yield Problem("texts", f"{name}_{locale}", f"text_missing_{locale}")
    if not contest.contact:
        yield Problem("texts", "contact", "required")


def _dates(contest: Contest, now: datetime | None) -> Iterator[Problem]:
    if contest.opens_at is None:
        yield Problem("dates", "opens_at", "required")
    if contest.closes_at is None:
        yield Problem("dates", "closes_at", "required")
    elif now is not None and contest.closes_at <= now:
        yield Problem("dates", "closes_at", "date_past")


def _named(section: str, thing: Any, *optional: str) -> Iterator[Problem]:
    """A name in every language; an optional text in every language or in none."""
    for locale in LOCALES:
        for name in ("name", *optional):
            texts: Texts = getattr(thing, name)
            if not texts.get(locale) and (name == "name" or any(texts.values())):
                yield Problem(section, f"{thing.key}.{name}_{locale}", f"text_missing_{locale}", subject=thing.name)


def _categories(contest: Contest) -> Iterator[Problem]:
    if not contest.categories:
        yield Problem("categories", "categories", "no_categories")
    for category in contest.categories:
        yield from _named("categories", category)


def _deliverables(contest: Contest) -> Iterator[Problem]:
    slots = contest.round.deliverables
    if not any(slot.required for slot in slots):
        yield Problem("deliverables", "deliverables", "no_deliverables")
    for slot in slots:
        yield from _named("deliverables", slot, "hint")


def rubric_problems(round_: Round) -> Iterator[Problem]:
    """What keeps a rubric from being scored with."""
    if not round_.criteria:
        yield Problem("rubric", "criteria", "no_criteria")
        return
    weight = sum(criterion.weight for criterion in round_.criteria)
    if weight != WHOLE:
        yield Problem("rubric", "weights", "weights_sum", {"now": percent(weight)})
    for criterion in round_.criteria:
        yield from _named("rubric", criterion, "question")
        if not levels_whole(criterion):
            yield Problem("rubric", f"{criterion.key}.levels", "levels_missing", subject=criterion.name)


def levels_whole(criterion: Criterion) -> bool:
    return all(level.get(locale) for level in criterion.levels for locale in LOCALES)


def _prizes(contest: Contest) -> Iterator[Problem]:
    if not contest.prizes:
        yield Problem("prizes", "prizes", "no_prizes")
    for prize in contest.prizes:
        yield from _named("prizes", prize, "amount")


def _terms(contest: Contest) -> Iterator[Problem]:
    if not contest.terms:
        yield Problem("terms", "text", "terms_missing")


@dataclass(frozen=True)
class Gap:
    """A text that a language lacks: in which part, of which field, of which thing ({} for the contest itself)."""

    section: str
    field: str
    subject: Texts


@dataclass(frozen=True)
class Completeness:
    """How many of the organisers' texts there are in one language, and which are missing."""

    locale: str
    done: int
    all: int
    gaps: tuple[Gap, ...]


def completeness(contest: Contest) -> list[Completeness]:
    """Every language's share of the texts that entrants, judges and readers get. Pure over a loaded contest.

    A text counts if it must be there, or if another language has it.
    """
    texts = list(_every_text(contest))
    found = []
    for locale in LOCALES:
        gaps = tuple(Gap(section, name, subject) for section, name, subject, text in texts if not text.get(locale))
        found.append(Completeness(locale, len(texts) - len(gaps), len(texts), gaps))
    return found


def _every_text(contest: Contest) -> Iterator[tuple[str, str, Texts, Texts]]:
    """(part, field, thing's name, text in each language)."""
    for name in ("title", "summary", "brief", "host"):
        yield "texts", name, {}, getattr(contest, name)
    if contest.terms:
        yield "terms", "text", {}, contest.terms[-1].text
    named: list[tuple[str, Any, tuple[str, ...]]] = [
        *(("categories", thing, ()) for thing in contest.categories),
        *(("deliverables", thing, ("hint",)) for thing in contest.round.deliverables),
        *(("rubric", thing, ("question",)) for thing in contest.round.criteria),
        *(("prizes", thing, ("amount",)) for thing in contest.prizes),
    ]
    for section, thing, optional in named:
        yield section, "name", thing.name, thing.name
        for name in optional:
            if any(getattr(thing, name).values()):
                yield section, name, thing.name, getattr(thing, name)
    for criterion in contest.round.criteria:
        for number, level in enumerate(criterion.levels, 1):
            yield "rubric", f"level {number}", criterion.name, level


def percent(thousandths: int) -> str:
    """A weight as people write it: 350 → 35, 333 → 33.3."""
    whole, tenth = divmod(thousandths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
