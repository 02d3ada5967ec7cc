"""What decides between entries with exactly equal scores: rules in an order that was fixed before judging.

A rule is one of these texts:

`criterion:KEY`   the higher mean of the marks for that criterion, an exact fraction.
`top`             more marks that are the highest which anybody gave for their criterion. It is a count, so that
                  it favours an entry that more judges scored: use it where all have equally many.
`head`            the judges who scored both: one entry beats another when more of them gave it the higher score.
                  Equals are parted where each of the one part beats each of the other. Those who beat each
                  other in a circle, or are compared by nobody, stay together.
`decision:A>B>C`  the chair's recorded decision, by name. It decides between equals if it names them all. A name with
                  a > or a quotation mark stands in quotation marks, as in CSV: `decision:"North > South">Kite`.

A rule is asked only about those whom the rules before it left equal. What no rule parts shares a rank. Neither a
name nor a number nor a time ever decides. The marks that count are those of all the entry's scorecards, also of
those that a trimmed mean cuts.

Sources for head-to-head: Smith, J. H. (1973), "Aggregation of preferences with variable electorate",
Econometrica 41(6), for the ordered parts; Landau, H. G. (1953), "On dominance relations and the structure of
animal societies III", Bulletin of Mathematical Biophysics 15, for finding them by adding up.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from contest.scoring.cards import Cards
from contest.scoring.refusals import Note, Refused, note

#: Parts a group of equals (numbers of entries), the best part first.
_Split = Callable[[list[int]], list[list[int]]]


def resolve(
    given: Cards, groups: Iterable[Sequence[int]], rules: Sequence[str]
) -> tuple[list[list[int]], dict[str, str]]:
    """The groups of equals, parted by the rules, and for each entry the rule that parted it last from an equal.

    `groups` hold numbers of entries, the best group first. Raises Refused for a rule that is none, that needs
    marks which are not known, or that names a criterion or an entry that does not exist; also if nothing is equal.
    """
    found = [list(group) for group in groups]
    decided: dict[str, str] = {}
    for rule in rules:
        split = _split(given, rule)
        finer: list[list[int]] = []
        for group in found:
            parts = split(group) if len(group) > 1 else [group]
            if len(parts) > 1:
                decided.update((given.entries[entry], rule) for entry in group)
            finer += parts
        found = finer
    return found, decided


def undecided(given: Cards, groups: Iterable[Sequence[int]], rules: Sequence[str]) -> tuple[Note, ...]:
    """A note for each decision that names some, but not all, of a group that is still equal after `resolve`."""
    notes = []
    for rule in rules:
        if not rule.startswith("decision:"):
            continue
        named = set(_named(given, rule))
        for group in groups:
            left = sorted(given.entries[entry] for entry in group if entry not in named)
            if left and len(left) < len(group):
                notes.append(
                    note(
                        "decision_incomplete",
                        "The decision {rule} names only some of {equal} equal entries, so that they share a rank: "
                        "name them all (for example {entry} is missing).",
                        rule=rule,
                        equal=len(group),
                        entry=left[0],
                    )
                )
    return tuple(notes)


def _split(given: Cards, rule: str) -> _Split:
    if rule.startswith("criterion:"):
        return _criterion(given, rule)
    if rule == "top":
        return _top(given)
    if rule == "head":
        return _head(given)
    if rule.startswith("decision:"):
        return _decision(_named(given, rule))
    raise Refused(
        "tie_rule_unknown",
        "{rule} is not a rule for equal scores: write criterion:KEY, top, head or decision:A>B.",
        rule=rule,
    )


def _by(group: Iterable[int], value: Callable[[int], Any]) -> list[list[int]]:
    """The group in parts of equal value, the highest first."""
    parts: dict[Any, list[int]] = defaultdict(list)
    for entry in group:
        parts[value(entry)].append(entry)
    return [parts[key] for key in sorted(parts, reverse=True)]


def _marks(given: Cards, rule: str) -> None:
    if not given.marks:
        raise Refused(
            "tie_marks_unknown",
            "The rule {rule} needs the marks for each criterion, but only totals are known: "
            "give the scores by criterion, or leave the rule out.",
            rule=rule,
        )


def _criterion(given: Cards, rule: str) -> _Split:
    _marks(given, rule)
    key = rule.removeprefix("criterion:")
    if key not in given.marks:
        raise Refused(
            "tie_criterion_unknown",
            "The rule {rule} names a criterion that does not exist; there are: {known}.",
            rule=rule,
            known=", ".join(given.marks),
        )
    sums, counts = [0] * len(given.entries), [0] * len(given.entries)
    for entry, mark in zip(given.entry, given.marks[key], strict=True):
        sums[entry] += mark
        counts[entry] += 1
    return lambda group: _by(group, lambda entry: Fraction(sums[entry], counts[entry]))


def _top(given: Cards) -> _Split:
    _marks(given, "top")
    counts = [0] * len(given.entries)
    for marks in given.marks.values():
        highest = max(marks)
        for entry, mark in zip(given.entry, marks, strict=True):
            counts[entry] += mark == highest
    return lambda group: _by(group, counts.__getitem__)


def _named(given: Cards, rule: str) -> list[int]:
    """The entries that a decision names, in its order."""
    numbers = {name: number for number, name in enumerate(given.entries)}
    try:
        # Not strict, so that blanks may stand around a name in quotation marks too.
        row = next(csv.reader([rule.removeprefix("decision:")], delimiter=">", skipinitialspace=True), [])
    except csv.Error:
        row = []
    names = [part.strip() for part in row]
    if len(names) < 2 or not all(names) or len(set(names)) < len(names):
        raise Refused(
            "tie_decision_malformed",
            "{rule} is not a decision: name two or more different entries, the best first, as in decision:A>B.",
            rule=rule,
        )
    for name in names:
        if name not in numbers:
            raise Refused(
                "tie_entry_unknown",
                "The decision {rule} names {entry}, which is not an entry. A name with a > stands in quotation marks.",
                rule=rule,
                entry=name,
            )
    return [numbers[name] for name in names]


def _decision(named: list[int]) -> _Split:
    place = {entry: number for number, entry in enumerate(named)}

    def split(group: list[int]) -> list[list[int]]:
        if any(entry not in place for entry in group):
            return [group]
        return [[entry] for entry in sorted(group, key=place.__getitem__)]

    return split


def _head(given: Cards) -> _Split:
    scored: list[dict[int, int]] = [{} for _ in given.entries]
    for entry, judge, total in zip(given.entry, given.judge, given.total, strict=True):
        scored[entry][judge] = total
    return lambda group: _beaten(scored, group)


def _beaten(scored: Sequence[dict[int, int]], group: list[int]) -> list[list[int]]:
    """Parts, each of which beats each later one member by member; `scored` are an entry's totals by judge.

    With s = wins − losses of an entry within the group of m, the first k by s beat all others if and only if
    their s add up to k(m − k): wins and losses among the k cancel out, and no more than k(m − k) pairs are left.
    Equal s never stand on both sides of such a k. So sorting and adding up finds every part.
    """
    sizes: dict[int, int] = defaultdict(int)
    for entry in group:
        for judge in scored[entry]:
            sizes[judge] += 1
    # Who stands on the smaller side of a parting is compared with half of the group or more.
    if 2 * max(sum(sizes[judge] - 1 for judge in scored[entry]) for entry in group) < len(group):
        return [group]
    # Entries with the same scores from the same judges fare alike: large groups of equals have few such kinds.
    kinds: dict[frozenset[tuple[int, int]], list[int]] = defaultdict(list)
    for entry in group:
        kinds[frozenset(scored[entry].items())].append(entry)
    many = {alike[0]: len(alike) for alike in kinds.values()}
    of_judge: dict[int, list[int]] = defaultdict(list)
    for entry in many:
        for judge in scored[entry]:
            of_judge[judge].append(entry)
    net = dict.fromkeys(group, 0)
    for alike in kinds.values():
        ahead: dict[int, int] = defaultdict(int)
        for judge, total in scored[alike[0]].items():
            for other in of_judge[judge]:
                ahead[other] += (total > scored[other][judge]) - (total < scored[other][judge])
        won = sum(many[other] * ((lead > 0) - (lead < 0)) for other, lead in ahead.items())
        net.update(dict.fromkeys(alike, won))
    parts: list[list[int]] = [[]]
    above = 0
    for number, entry in enumerate(sorted(group, key=net.__getitem__, reverse=True), 1):
        parts[-1].append(entry)
        above += net[entry]
        if above == number * (len(group) - number) and number < len(group):
            parts.append([])
    return parts
