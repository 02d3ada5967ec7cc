"""The default methods against a second implementation that shares no code with them, on 10,000 contests.

The second one is written from the definitions alone: plain Python, fractions only, every entry compared with every
other. It knows rubrics, scorecards, the weighted mean, the trimmed mean, the median, ranks and ties.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import means, rubric, tally
from contest.scoring.cards import Cards

ONE = Fraction(1)


@dataclass(frozen=True)
class Contest:
    """Weights in thousandths and points by criterion; levels by (entry, judge) and criterion, None for missing."""

    weights: tuple[int, ...]
    points: tuple[int, ...]
    levels: dict[tuple[str, str], tuple[int | None, ...]]
    entries: tuple[str, ...]
    minimum: int
    trim: Fraction


class Row(NamedTuple):
    score: Fraction | None
    rank: int | None
    tied: frozenset[str]
    judges: int


# The second implementation ------------------------------------------------------------------------


def plain_score(contest: Contest, levels: tuple[int | None, ...]) -> Fraction | None:
    """A card's share of full marks: Σ weight/1000 · level/points; None if a level is missing."""
    score = Fraction(0)
    for weight, points, level in zip(contest.weights, contest.points, levels, strict=True):
        if level is None:
            return None
        score += Fraction(weight * level, 1000 * points)
    return score


def plain_mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def plain_trimmed(values: list[Fraction], trim: Fraction) -> Fraction:
    """Takes the lowest and the highest away, one pair for each whole number in trim · n."""
    left = list(values)
    again = trim * len(values)
    while again >= 1:
        left.remove(min(left))
        left.remove(max(left))
        again -= 1
    return plain_mean(left)


def plain_median(values: list[Fraction]) -> Fraction:
    """Takes the lowest and the highest away until one or two are left."""
    left = list(values)
    while len(left) > 2:
        left.remove(min(left))
        left.remove(max(left))
    return plain_mean(left)


def plain_rows(contest: Contest, scored: dict[str, list[Fraction]], scores: dict[str, Fraction]) -> dict[str, Row]:
    """Rank = 1 + how many ranked entries are better; ties are equal fractions."""
    ranked = [entry for entry in scores if len(scored[entry]) >= contest.minimum]
    rows = {}
    for entry in contest.entries:
        if entry in ranked:
            better = [other for other in ranked if scores[other] > scores[entry]]
            equal = frozenset(other for other in ranked if scores[other] == scores[entry] and other != entry)
            rows[entry] = Row(scores[entry], 1 + len(better), equal, len(scored[entry]))
        else:
            rows[entry] = Row(scores.get(entry), None, frozenset(), len(scored[entry]))
    return rows


def plain(contest: Contest) -> dict[str, dict[str, Row]]:
    """Each method's rows."""
    scored: dict[str, list[Fraction]] = {entry: [] for entry in contest.entries}
    for (entry, _), levels in contest.levels.items():
        score = plain_score(contest, levels)
        if score is not None:
            scored[entry].append(score)
    full = {entry: values for entry, values in scored.items() if values}
    return {
        "mean": plain_rows(contest, scored, {entry: plain_mean(values) for entry, values in full.items()}),
        "trimmed": plain_rows(
            contest, scored, {entry: plain_trimmed(values, contest.trim) for entry, values in full.items()}
        ),
        "median": plain_rows(contest, scored, {entry: plain_median(values) for entry, values in full.items()}),
    }


# What is tested -----------------------------------------------------------------------------------


def totals(contest: Contest) -> dict[tuple[str, str], int]:
    """The product's integer total of each complete card."""
    keys = [f"c{place}" for place in range(len(contest.weights))]
    criteria = [
        rubric.Criterion(key, weight, points)
        for key, weight, points in zip(keys, contest.weights, contest.points, strict=True)
    ]
    rubric.check(criteria)
    found = {
        pair: rubric.total(criteria, dict(zip(keys, levels, strict=True))) for pair, levels in contest.levels.items()
    }
    return {pair: total for pair, total in found.items() if total is not None}


def by_tally(contest: Contest, found: dict[tuple[str, str], int]) -> dict[str, Row]:
    """The product's default tally, which only knows sums and counts."""
    counted = []
    for entry in contest.entries:
        own = [total for (name, _), total in found.items() if name == entry]
        counted.append(tally.Counted(entry, sum(own), len(own)))
    places = tally.rank(counted, minimum=contest.minimum)
    rows = {}
    for place in places:
        same = [one.entry for one in places if one.rank == place.rank and one.rank is not None and one is not place]
        assert place.tied == 1 + len(same)
        score = None if place.numerator is None else Fraction(place.numerator, place.denominator)
        rows[place.entry] = Row(score, place.rank, frozenset(same), place.cards)
    return rows


def by_engine(contest: Contest, found: dict[tuple[str, str], int]) -> dict[str, dict[str, Row]]:
    names, people = sorted(contest.entries), sorted({judge for _, judge in found})
    rows = sorted((names.index(entry), people.index(judge), total) for (entry, judge), total in found.items())
    given = Cards(
        tuple(names),
        tuple(people),
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        rubric.FULL,
    )
    results = {
        "mean": means.mean(given, min_judges=contest.minimum),
        "trimmed": means.trimmed(given, min_judges=contest.minimum, trim=contest.trim),
        "median": means.median(given, min_judges=contest.minimum),
    }
    for result in results.values():
        ranks = [(one.rank is None, one.rank or 0, one.entry) for one in result.entries]
        assert ranks == sorted(ranks)
    return {
        name: {one.entry: Row(one.score, one.rank, frozenset(one.tied_with), one.n_judges) for one in result.entries}
        for name, result in results.items()
    }


def agree(contest: Contest) -> dict[str, dict[str, Row]]:
    """Compares everything to the last digit, and gives back what both say."""
    expected = plain(contest)
    found = totals(contest)
    assert by_tally(contest, found) == expected["mean"]
    if found:
        assert by_engine(contest, found) == expected
    return expected


# Contests -----------------------------------------------------------------------------------------


def drawn(lot: random.Random) -> Contest:
    """Small contests, with few levels so that ties are common, missing cards and missing levels."""
    criteria = lot.randint(1, 3)
    cuts = sorted(lot.sample(range(1, 1000), criteria - 1))
    if criteria == 2 and lot.random() < 0.5:
        cuts = [500]
    points = [lot.randint(3, 10) for _ in range(criteria)]
    entries = tuple(f"e{number}" for number in range(lot.randint(1, 6)))
    judges = lot.randint(1, 6)
    share, most = lot.choice([0.5, 0.9, 1.0]), lot.choice([2, 3, 10])
    levels = {
        (entry, f"j{judge}"): tuple(
            None if lot.random() < 0.02 else lot.randint(1, min(most, points[place])) for place in range(criteria)
        )
        for entry in entries
        for judge in range(judges)
        if lot.random() < share
    }
    return Contest(
        tuple(high - low for low, high in zip([0, *cuts], [*cuts, 1000], strict=True)),
        tuple(points),
        levels,
        entries,
        lot.choice([1, 1, 2, 3]),
        lot.choice([Fraction(0), Fraction(1, 10), Fraction(1, 5), Fraction(1, 4), Fraction(1, 3), Fraction(49, 100)]),
    )


@st.composite
def contests(draw: st.DrawFn) -> Contest:
    """The same by draws that can be made smaller when one fails."""
    points = draw(st.lists(st.integers(3, 10), min_size=1, max_size=3))
    cuts = sorted(draw(st.sets(st.integers(1, 999), min_size=len(points) - 1, max_size=len(points) - 1)))
    entries = tuple(f"e{number}" for number in range(draw(st.integers(1, 5))))
    pairs = st.tuples(st.sampled_from(entries), st.sampled_from(["j0", "j1", "j2", "j3", "j4"]))
    cards = st.tuples(*(st.one_of(st.none(), st.integers(1, most), st.integers(1, 2)) for most in points))
    return Contest(
        tuple(high - low for low, high in zip([0, *cuts], [*cuts, 1000], strict=True)),
        tuple(points),
        draw(st.dictionaries(pairs, cards, max_size=12)),
        entries,
        draw(st.integers(1, 3)),
        draw(st.fractions(0, Fraction(49, 100), max_denominator=100)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_both_agree_on_many_contests(seed: int) -> None:
    lot = random.Random(seed)
    ties = cut = unranked = 0
    for _ in range(2425):
        rows = agree(drawn(lot))
        ties += any(row.tied for row in rows["mean"].values())
        cut += rows["mean"] != rows["trimmed"]
        unranked += any(row.score is not None and row.rank is None for row in rows["mean"].values())
    # The contests are of the kind that matters.
    assert min(ties, cut, unranked) > 300


@settings(max_examples=300, deadline=None)
@given(contests())
def test_both_agree_on_contests_that_shrink(contest: Contest) -> None:
    agree(contest)


def test_the_second_implementation_by_hand() -> None:
    contest = Contest(
        (600, 400),
        (5, 10),
        {("a", "x"): (5, 5), ("a", "y"): (3, 10), ("b", "x"): (4, 8), ("b", "y"): (None, 1)},
        ("a", "b"),
        1,
        ONE / 10,
    )

    # a: .6 + .2 = .8 and .36 + .4 = .76; b: .48 + .32 = .8.
    assert agree(contest)["mean"] == {
        "a": Row(Fraction(78, 100), 2, frozenset(), 2),
        "b": Row(Fraction(80, 100), 1, frozenset(), 1),
    }
