"""The values that go in: scorecards, rankings, pairs.

All names are texts; all numbers are integers with one common denominator, so that sums and comparisons are
exact. Nothing here depends on the order in which rows came: names are sorted, rows too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Excluded:
    """What does not count, and why: "incomplete", "recused", "withdrawn", … `judge` where it is about one card."""

    entry: str
    judge: str | None
    reason: str


@dataclass(frozen=True)
class Cards:
    """Scorecards: one exact score for each judge who scored an entry, at most one per pair.

    Card number c is of entry `entries[entry[c]]` by judge `judges[judge[c]]`, and its score is
    `total[c] / unit`. Cards are sorted by (entry, judge). Entries and judges without a card may stand in
    the names: they are then unranked, or have no row of their own.
    """

    entries: tuple[str, ...]
    judges: tuple[str, ...]
    entry: Sequence[int]
    judge: Sequence[int]
    total: Sequence[int]
    #: Score = total / unit.
    unit: int = 1
    #: What was left out while the cards were made.
    excluded: tuple[Excluded, ...] = ()
    #: Per criterion, in the rubric's order, each card's value × `marks_unit`; empty where only totals are known.
    marks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    marks_unit: int = 1

    def __len__(self) -> int:
        return len(self.total)

    def score(self, card: int) -> Fraction:
        """The exact score of one card."""
        return Fraction(self.total[card], self.unit)

    def of_entries(self) -> list[list[int]]:
        """The numbers of each entry's cards."""
        found: list[list[int]] = [[] for _ in self.entries]
        for card, entry in enumerate(self.entry):
            found[entry].append(card)
        return found

    def of_judges(self) -> list[list[int]]:
        """The numbers of each judge's cards."""
        found: list[list[int]] = [[] for _ in self.judges]
        for card, judge in enumerate(self.judge):
            found[judge].append(card)
        return found

    def only(self, entries: Iterable[int]) -> Cards:
        """The cards of some entries (by number); all names stay, so that the others come out as unranked."""
        wanted = set(entries)
        kept = [card for card, entry in enumerate(self.entry) if entry in wanted]
        return Cards(
            self.entries,
            self.judges,
            [self.entry[card] for card in kept],
            [self.judge[card] for card in kept],
            [self.total[card] for card in kept],
            self.unit,
            self.excluded,
            {key: [values[card] for card in kept] for key, values in self.marks.items()},
            self.marks_unit,
        )


def cards(
    scores: Mapping[tuple[str, str], Fraction | int],
    *,
    entries: Iterable[str] = (),
    judges: Iterable[str] = (),
    excluded: Iterable[Excluded] = (),
) -> Cards:
    """Cards from {(entry, judge): score}; further names may be given. For tests and small inputs."""
    names = tuple(sorted({entry for entry, _ in scores} | set(entries)))
    people = tuple(sorted({judge for _, judge in scores} | set(judges)))
    at = {name: number for number, name in enumerate(names)}
    by = {name: number for number, name in enumerate(people)}
    rows = sorted((at[entry], by[judge], Fraction(score)) for (entry, judge), score in scores.items())
    unit = 1
    for *_, score in rows:
        unit = unit * score.denominator // _gcd(unit, score.denominator)
    return Cards(
        names,
        people,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [int(row[2] * unit) for row in rows],
        unit,
        tuple(excluded),
    )


def _gcd(one: int, other: int) -> int:
    while other:
        one, other = other, one % other
    return one


@dataclass(frozen=True, slots=True)
class Ballot:
    """One judge's order: groups of equals from the best, and what was seen but not ranked (below all that are).

    Entries are numbers into `Ballots.entries`; `count` people voted so.
    """

    groups: tuple[tuple[int, ...], ...]
    unranked: tuple[int, ...] = ()
    count: int = 1
    judge: str = ""

    def levels(self) -> tuple[tuple[int, ...], ...]:
        """All groups, with the unranked as the last."""
        return (*self.groups, self.unranked) if self.unranked else self.groups

    @property
    def seen(self) -> int:
        """How many entries the judge saw."""
        return sum(map(len, self.groups)) + len(self.unranked)


@dataclass(frozen=True)
class Ballots:
    """Rankings of the entries that each judge saw. What a judge did not see is in no place at all."""

    entries: tuple[str, ...]
    ballots: tuple[Ballot, ...]

    @property
    def judges(self) -> int:
        """How many people voted."""
        return sum(ballot.count for ballot in self.ballots)


def ballots_of(given: Cards) -> Ballots:
    """Each judge's order by the exact scores of the judge's cards; equal scores are equals."""
    found = []
    for judge, numbers in zip(given.judges, given.of_judges(), strict=True):
        if not numbers:
            continue
        by_score: dict[int, list[int]] = {}
        for card in numbers:
            by_score.setdefault(given.total[card], []).append(given.entry[card])
        groups = tuple(tuple(sorted(by_score[score])) for score in sorted(by_score, reverse=True))
        found.append(Ballot(groups, judge=judge))
    return Ballots(given.entries, tuple(found))


@dataclass(frozen=True)
class Pairs:
    """Comparisons: `count[k]` times the entry `winner[k]` was preferred to the entry `loser[k]` (numbers)."""

    entries: tuple[str, ...]
    winner: Sequence[int]
    loser: Sequence[int]
    count: Sequence[int]
    #: The names of those who judged, where they were given.
    judges: tuple[str, ...] = ()
    #: Who judged each (numbers into `judges`); empty where that is not known.
    judge: Sequence[int] = ()
