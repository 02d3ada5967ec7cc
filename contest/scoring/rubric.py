"""One exact integer for a scorecard.

A level `s` of a criterion with `p` points is the share s/p of the marks that the criterion can give:
4 of 5 is 80 %, and the highest level is everything. The total of a card is the weighted sum of these
shares, kept as an integer in units of 1/2520 of a thousandth:

    total = Σ weight × s × (2520 / p)

2520 is the least common multiple of 3 to 10, so that 2520 / p is whole for every scale that a rubric
may have, and nothing is rounded, ever. Weights are thousandths and add up to 1,000, so that full marks
are FULL = 1,000 × 2520 = 2,520,000 whatever the scales are: criteria of 3 and of 10 points compare.
The lowest level gives 1/p and not nothing; a criterion that nobody scored makes the card incomplete,
which is not a zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_POINTS, MOST_POINTS = 3, 10
#: Least common multiple of all scales.
UNIT = math.lcm(*range(LEAST_POINTS, MOST_POINTS + 1))
#: What the weights of a rubric add up to.
WEIGHTS = 1000
#: The total of a card with the highest level everywhere.
FULL = WEIGHTS * UNIT


@dataclass(frozen=True)
class Criterion:
    """A criterion as scoring needs it: `weight` in thousandths, levels 1 to `points`."""

    key: str
    weight: int
    points: int

    def __post_init__(self) -> None:
        if not 1 <= self.weight <= WEIGHTS:
            raise ValueError(f"{self.key}: weight {self.weight} is not between 1 and {WEIGHTS}")
        if not LEAST_POINTS <= self.points <= MOST_POINTS:
            raise ValueError(f"{self.key}: {self.points} points are not between {LEAST_POINTS} and {MOST_POINTS}")

    def part(self, level: int) -> int:
        """What a level adds to a card's total. Raises ValueError for one that the scale does not have."""
        if not 1 <= level <= self.points:
            raise ValueError(f"{self.key}: level {level} is not between 1 and {self.points}")
        return self.weight * level * (UNIT // self.points)


def check(criteria: Sequence[Criterion]) -> None:
    """Raise ValueError unless the keys differ and the weights add up to 1,000."""
    if len({criterion.key for criterion in criteria}) != len(criteria):
        raise ValueError("two criteria have the same key")
    weights = sum(criterion.weight for criterion in criteria)
    if weights != WEIGHTS:
        raise ValueError(f"the weights add up to {weights}, not to {WEIGHTS}")


def missing(criteria: Sequence[Criterion], levels: Mapping[str, int | None]) -> list[str]:
    """The keys of the criteria that have no level yet, in the rubric's order."""
    return [criterion.key for criterion in criteria if levels.get(criterion.key) is None]


def total(criteria: Sequence[Criterion], levels: Mapping[str, int | None]) -> int | None:
    """The exact total of a card, from 0 to FULL; None while a criterion has no level.

    Raises ValueError for a level outside its scale and for a key that the rubric does not have.
    """
    if unknown := set(levels) - {criterion.key for criterion in criteria}:
        raise ValueError(f"no such criteria: {sorted(unknown)}")
    parts = [None if (level := levels.get(criterion.key)) is None else criterion.part(level) for criterion in criteria]
    if not parts or any(part is None for part in parts):
        return None
    return sum(part for part in parts if part is not None)
