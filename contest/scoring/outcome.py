"""What comes out: a frozen result with a row for each entry and each judge, and how ranks are given.

Ranks are "1224": as many places are skipped as entries share one. Exact scores (integers, fractions) share a
rank if and only if they are equal. Scores that came out of floating point are first told apart from rounding
noise: two that differ by less than NOISE of the spread of all are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

from contest.scoring.cards import Excluded
from contest.scoring.refusals import Note

#: An exact score, or one from a fitted model.
Score = Fraction | int | float

#: Differences below this share of the scores' spread are rounding, not merit. A fit is good to about 1e-12.
NOISE = 1e-9


#: How many of those that share a rank are named in JSON, by one entry and by all together: thousands of equals
#: would name each other millions of times.
MOST_TIED, MOST_NAMED = 1_000, 5_000_000


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry's outcome. `rank` and `score` are None for one that is not ranked; `se` where there is none."""

    entry: str
    score: Score | None
    rank: int | None
    #: The names of the others that share the rank.
    tied_with: Sequence[str]
    #: Judges whose scorecard (ballot, comparison) counts for the entry.
    n_judges: int
    #: Standard error of `score`, in its units.
    se: float | None = None
    #: Further columns of the method, by name: `points`, `z`, `log_ability`, …
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """A judge's row. `severity` is what the judge adds to a score, in its units: below 0 is stricter."""

    judge: str
    severity: float | None
    se: float | None
    #: Sample standard deviation of the judge's scores; None for fewer than two.
    sd: float | None
    n: int
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Everything that a method returns. Entries stand from the best, equals by name, the unranked last."""

    method: str
    #: The options as they were used, defaults included.
    params: Mapping[str, Any]
    entries: tuple[EntryRow, ...]
    judges: tuple[JudgeRow, ...] = ()
    #: Groups of entries that judges link with each other, by name; one is what every comparison needs.
    components: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[Note, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)


class Others(Sequence[str]):
    """The names of a group but one. They are made when they are looked at: a group of thousands has millions."""

    __slots__ = ("_group", "_one")

    def __init__(self, group: Sequence[str], one: int) -> None:
        self._group, self._one = group, one

    def __len__(self) -> int:
        return len(self._group) - 1

    def __iter__(self) -> Iterator[str]:
        return (name for number, name in enumerate(self._group) if number != self._one)

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Others | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def ranks(scores: Mapping[str, Score]) -> dict[str, tuple[int, Sequence[str]]]:
    """Each entry's rank and the names that share it, the highest score first, in the order of the ranking.

    Exact scores are compared exactly; if one is a float, all are compared above NOISE.
    """
    order = sorted(scores, key=lambda name: name)
    order.sort(key=lambda name: scores[name], reverse=True)
    noise = 0.0
    if any(isinstance(score, float) for score in scores.values()) and order:
        noise = NOISE * max(float(scores[order[0]] - scores[order[-1]]), abs(float(scores[order[0]])) * 1e-6)
    groups: list[list[str]] = []
    for name in order:
        # Compared with the first of the group, so that a chain of small steps is not one group.
        if groups and scores[groups[-1][0]] - scores[name] <= noise:
            groups[-1].append(name)
        else:
            groups.append([name])
    return shared(groups)


def shared(groups: Sequence[Sequence[str]]) -> dict[str, tuple[int, Sequence[str]]]:
    """Ranks from groups of equals, the best first."""
    found: dict[str, tuple[int, Sequence[str]]] = {}
    place = 1
    for group in groups:
        names = sorted(group)
        for number, name in enumerate(names):
            found[name] = place, Others(names, number) if len(names) > 1 else ()
        place += len(names)
    return found


def as_json(
    result: Result, *, engine_version: str, input_sha256: str, n_entries: int, n_judges: int, n_scorecards: int
) -> dict[str, Any]:
    """The result as the command line prints it. Numbers at full precision; NaN never occurs.

    Of more than MOST_TIED entries that share a rank the first are named, and `n_tied` says how many they are; of
    fewer, if all together would name more than MOST_NAMED.
    """
    most = MOST_TIED
    if sum(min(len(row.tied_with), most) for row in result.entries) > MOST_NAMED:
        most = min(most, max(1, MOST_NAMED // len(result.entries)))
    return {
        "method": result.method,
        "params": dict(result.params),
        "engine_version": engine_version,
        "input_sha256": input_sha256,
        "n_entries": n_entries,
        "n_judges": n_judges,
        "n_scorecards": n_scorecards,
        "components": [list(group) for group in result.components],
        "excluded": [
            {"entry": one.entry, **({"judge": one.judge} if one.judge is not None else {}), "reason": one.reason}
            for one in result.excluded
        ],
        "warnings": [{"code": one.code, "sentence": str(one), "facts": one.facts} for one in result.warnings],
        "entries": [
            {
                "entry": row.entry,
                "score": number(row.score),
                "se": row.se,
                "rank": row.rank,
                "tied_with": list(islice(row.tied_with, most)),
                **({"n_tied": len(row.tied_with)} if len(row.tied_with) > most else {}),
                "n_judges": row.n_judges,
                **{key: number(value) for key, value in row.extra.items()},
            }
            for row in result.entries
        ],
        "judges": [
            {
                "judge": row.judge,
                "severity": row.severity,
                "se": row.se,
                "sd": row.sd,
                "n": row.n,
                **{key: number(value) for key, value in row.extra.items()},
            }
            for row in result.judges
        ],
        "model": {key: number(value) for key, value in result.model.items()},
    }


def number(value: Any) -> Any:
    """A value for JSON: an exact fraction, at any depth, as an integer where it is one, else as the nearest float."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    if isinstance(value, Mapping):
        return {key: number(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [number(one) for one in value]
    return value
