"""Ranks from exact means.

An entry's score is the mean of its cards' totals as a share of full marks, an exact fraction:

    score = (sum of totals) / (number of cards × FULL)

Entries are ranked by it from the highest, "1224": as many places are skipped as entries share one.
Equal scores share a rank; nothing else (number, time, name, chance) ever decides between them.

What holds, and is tested:
- The result does not depend on the order of the rows.
- It is exact: two entries share a rank if and only if a/b = c/d, that is a × d = c × b.
- More points for one entry never worsen its rank, nor better anybody else's.
- Multiplying every total by the same factor changes no rank.
- An entry with fewer than `minimum` cards has no rank and takes no place from the others.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from contest.scoring.rubric import FULL


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts for an entry: the sum of the totals of its cards, and how many cards."""

    entry: str
    total: int
    cards: int

    def __post_init__(self) -> None:
        if self.cards < 0 or not 0 <= self.total <= self.cards * FULL:
            raise ValueError(f"{self.entry}: a total of {self.total} from {self.cards} cards")


@dataclass(frozen=True, slots=True)
class Place:
    """An entry's row in a tally. Score = numerator / denominator; None without cards. `tied`: how many share it."""

    entry: str
    rank: int | None
    tied: int
    numerator: int | None
    denominator: int | None
    cards: int


def rank(counted: Iterable[Counted], *, minimum: int = 1) -> list[Place]:
    """Rank entries; the best first, ties in the order of `entry`, the unranked last.

    Raises ValueError for an entry that stands twice or a minimum below 1.
    """
    rows = sorted(counted, key=lambda row: row.entry)
    if minimum < 1:
        raise ValueError("a score needs at least one card")
    if any(one.entry == other.entry for one, other in itertools.pairwise(rows)):
        raise ValueError("an entry stands twice")
    ranked = [row for row in rows if row.cards >= minimum]
    # Cross-multiplying with the others' denominators, for all pairs at once: over a common denominator
    # the numerators are integers, and comparing them is exact.
    common = math.lcm(*{row.cards for row in ranked})
    keys = {row.entry: row.total * (common // row.cards) for row in ranked}
    ranked.sort(key=lambda row: -keys[row.entry])
    shared = Counter(keys.values())
    places: list[Place] = []
    for position, row in enumerate(ranked, 1):
        before = places[-1] if places else None
        same = before is not None and keys[before.entry] == keys[row.entry]
        number = before.rank if before is not None and same else position
        places.append(Place(row.entry, number, shared[keys[row.entry]], row.total, row.cards * FULL, row.cards))
    for row in rows:
        if row.cards < minimum:
            none = row.cards == 0
            places.append(
                Place(row.entry, None, 1, None if none else row.total, None if none else row.cards * FULL, row.cards)
            )
    return places


def percent(numerator: int, denominator: int, places: int = 2) -> str:
    """A score as per cent of full marks with `places` decimals, rounded half up; exact until then."""
    scaled = (2 * 100 * 10**places * numerator + denominator) // (2 * denominator)
    if places == 0:
        return str(scaled)
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}d}"


def decimals(scores: Iterable[tuple[int, int]], *, least: int = 2, most: int = 8) -> int:
    """How many decimals it takes until different scores also look different; from `least` to `most`.

    `scores` are (numerator, denominator). Equal scores look the same with any number of decimals.
    """
    exact = {(over // (part := math.gcd(over, under)), under // part) for over, under in scores}
    for places in range(least, most):
        if len({percent(over, under, places) for over, under in exact}) == len(exact):
            return places
    return most
