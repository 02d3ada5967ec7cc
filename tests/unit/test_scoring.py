"""Scoring: exact totals, ranks and digests, against properties and a second implementation in fractions."""

from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import digest, rubric, tally
from contest.scoring.rubric import FULL, Criterion
from contest.scoring.tally import Counted

# Rubrics and cards --------------------------------------------------------------------------------


@st.composite
def rubrics(draw: st.DrawFn) -> list[Criterion]:
    """Rubrics whose weights add up to 1,000."""
    number = draw(st.integers(1, 8))
    cuts = draw(st.sets(st.integers(1, 999), min_size=number - 1, max_size=number - 1))
    edges = [0, *sorted(cuts), 1000]
    points = draw(st.lists(st.integers(3, 10), min_size=number, max_size=number))
    return [Criterion(f"c{place}", edges[place + 1] - edges[place], points[place]) for place in range(number)]


@st.composite
def cards(draw: st.DrawFn) -> tuple[list[Criterion], dict[str, int]]:
    criteria = draw(rubrics())
    return criteria, {one.key: draw(st.integers(1, one.points)) for one in criteria}


def test_unit_is_the_least_common_multiple_of_all_scales() -> None:
    assert rubric.UNIT == 2520 == math.lcm(3, 4, 5, 6, 7, 8, 9, 10)
    assert FULL == 2_520_000


@given(cards())
def test_a_total_is_the_weighted_sum_of_shares(card: tuple[list[Criterion], dict[str, int]]) -> None:
    criteria, levels = card
    rubric.check(criteria)

    found = rubric.total(criteria, levels)

    share = sum(Fraction(one.weight, 1000) * Fraction(levels[one.key], one.points) for one in criteria)
    assert found == share * FULL
    assert 0 < found <= FULL


@given(rubrics())
def test_the_highest_levels_are_full_marks_whatever_the_scales(criteria: list[Criterion]) -> None:
    assert rubric.total(criteria, {one.key: one.points for one in criteria}) == FULL


@given(cards(), st.data())
def test_a_higher_level_gives_a_higher_total(card: tuple[list[Criterion], dict[str, int]], data: st.DataObject) -> None:
    criteria, levels = card
    one = data.draw(st.sampled_from(criteria))
    if levels[one.key] == one.points:
        levels[one.key] -= 1

    better = {**levels, one.key: levels[one.key] + 1}

    assert rubric.total(criteria, better) > rubric.total(criteria, levels)


@given(cards(), st.randoms())
def test_the_order_of_criteria_does_not_matter(card: tuple[list[Criterion], dict[str, int]], lot: object) -> None:
    criteria, levels = card
    turned = list(criteria)
    lot.shuffle(turned)

    assert rubric.total(turned, dict(reversed(levels.items()))) == rubric.total(criteria, levels)


def test_a_missing_level_is_not_a_zero() -> None:
    criteria = [Criterion("a", 400, 5), Criterion("b", 600, 3)]

    assert rubric.total(criteria, {"a": 5}) is None
    assert rubric.total(criteria, {"a": 5, "b": None}) is None
    assert rubric.missing(criteria, {"a": 5, "b": None}) == ["b"]
    assert rubric.total([], {}) is None


def test_levels_and_weights_outside_their_scale_are_refused() -> None:
    criteria = [Criterion("a", 1000, 5)]

    for level in (0, 6, -1):
        with pytest.raises(ValueError, match="level"):
            rubric.total(criteria, {"a": level})
    with pytest.raises(ValueError, match="no such criteria"):
        rubric.total(criteria, {"a": 1, "b": 1})
    for weight, points in ((0, 5), (1001, 5), (500, 2), (500, 11)):
        with pytest.raises(ValueError, match="between"):
            Criterion("x", weight, points)
    with pytest.raises(ValueError, match="999"):
        rubric.check([Criterion("a", 999, 5)])
    with pytest.raises(ValueError, match="same key"):
        rubric.check([Criterion("a", 500, 5), Criterion("a", 500, 5)])


# Ranks --------------------------------------------------------------------------------------------


@st.composite
def contests(draw: st.DrawFn) -> list[Counted]:
    """Entries with few different means, so that ties across different numbers of cards are common."""
    number = draw(st.integers(0, 25))
    rows = []
    for place in range(number):
        count = draw(st.integers(0, 7))
        mean = draw(st.one_of(st.integers(0, 6).map(lambda part: part * FULL // 6), st.integers(0, FULL)))
        rows.append(Counted(f"e{place:02d}", min(mean * count, count * FULL), count))
    return rows


def by_fractions(rows: list[Counted], minimum: int) -> dict[str, tuple[int | None, int]]:
    """The second implementation: straight from the definition, one entry against all others."""
    scores = {row.entry: Fraction(row.total, row.cards * FULL) for row in rows if row.cards >= minimum}
    return {
        row.entry: (
            (
                1 + sum(other > scores[row.entry] for other in scores.values()),
                sum(other == scores[row.entry] for other in scores.values()),
            )
            if row.entry in scores
            else (None, 1)
        )
        for row in rows
    }


@settings(max_examples=1500)
@given(contests(), st.integers(1, 4))
def test_ranks_equal_those_of_the_second_implementation(rows: list[Counted], minimum: int) -> None:
    found = tally.rank(rows, minimum=minimum)

    assert {place.entry: (place.rank, place.tied) for place in found} == by_fractions(rows, minimum)
    for place in found:
        row = next(row for row in rows if row.entry == place.entry)
        assert place.cards == row.cards
        if row.cards:
            assert Fraction(place.numerator, place.denominator) == Fraction(row.total, row.cards * FULL)
        else:
            assert (place.numerator, place.denominator) == (None, None)


@given(contests(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[Counted], lot: object) -> None:
    turned = list(rows)
    lot.shuffle(turned)

    assert tally.rank(turned) == tally.rank(rows)


@given(contests())
def test_ranks_are_competition_ranks(rows: list[Counted]) -> None:
    ranked = [place for place in tally.rank(rows) if place.rank is not None]

    for position, place in enumerate(ranked, 1):
        sharing = [other for other in ranked if other.rank == place.rank]
        assert place.tied == len(sharing)
        assert place.rank <= position < place.rank + place.tied
        for other in ranked:
            same = place.numerator * other.denominator == other.numerator * place.denominator
            assert (place.rank == other.rank) == same


@given(contests(), st.data())
def test_more_points_never_worsen_a_rank(rows: list[Counted], data: st.DataObject) -> None:
    can = [row for row in rows if row.cards and row.total < row.cards * FULL]
    if not can:
        return
    one = data.draw(st.sampled_from(can))
    more = data.draw(st.integers(1, one.cards * FULL - one.total))
    before = {place.entry: place.rank for place in tally.rank(rows)}

    after = tally.rank([Counted(row.entry, row.total + (more if row is one else 0), row.cards) for row in rows])

    for place in after:
        if place.entry == one.entry:
            assert place.rank <= before[place.entry]
        elif place.rank is not None:
            assert place.rank >= before[place.entry]


@given(contests(), st.integers(1, 5))
def test_more_cards_with_the_same_mean_change_no_rank(rows: list[Counted], times: int) -> None:
    more = [Counted(row.entry, row.total * times, row.cards * times) for row in rows]

    assert [(p.entry, p.rank, p.tied) for p in tally.rank(more)] == [
        (p.entry, p.rank, p.tied) for p in tally.rank(rows)
    ]


def test_ties_are_exact_where_floats_are_not() -> None:
    # One third of full marks from 3, 6 and 7 cards, and one unit less: floats could not hold these apart.
    third = FULL // 3
    rows = [
        Counted("a", 3 * third, 3),
        Counted("b", 6 * third, 6),
        Counted("c", 7 * third, 7),
        Counted("d", 7 * third - 1, 7),
    ]

    found = tally.rank(rows)

    assert [(place.entry, place.rank, place.tied) for place in found] == [
        ("a", 1, 3),
        ("b", 1, 3),
        ("c", 1, 3),
        ("d", 4, 1),
    ]


def test_too_few_cards_take_no_place() -> None:
    rows = [Counted("a", FULL, 1), Counted("b", FULL, 2), Counted("c", 0, 0)]

    found = tally.rank(rows, minimum=2)

    assert [(place.entry, place.rank, place.numerator, place.cards) for place in found] == [
        ("b", 1, FULL, 2),
        ("a", None, FULL, 1),
        ("c", None, None, 0),
    ]


def test_impossible_rows_are_refused() -> None:
    for total, count in ((1, 0), (-1, 1), (FULL + 1, 1), (0, -1)):
        with pytest.raises(ValueError, match="a total of"):
            Counted("a", total, count)
    with pytest.raises(ValueError, match="twice"):
        tally.rank([Counted("a", 1, 1), Counted("a", 2, 1)])
    with pytest.raises(ValueError, match="at least one"):
        tally.rank([], minimum=0)


# Showing ------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.data(), st.integers(0, 9))
def test_percent_is_the_exact_score_rounded_half_up(count: int, data: st.DataObject, places: int) -> None:
    over, under = data.draw(st.integers(0, count * FULL)), count * FULL

    shown = tally.percent(over, under, places)

    assert abs(Fraction(shown) - Fraction(100 * over, under)) <= Fraction(1, 2 * 10**places)
    assert len(shown.partition(".")[2]) == places


def test_percent_by_example() -> None:
    assert tally.percent(0, FULL) == "0.00"
    assert tally.percent(FULL, FULL) == "100.00"
    assert tally.percent(1, 3) == "33.33"
    assert tally.percent(1, 200_00, 2) == "0.01"
    assert tally.percent(2, 3, 0) == "67"


def test_decimals_grow_until_different_scores_look_different() -> None:
    assert tally.decimals([(1, 3), (2, 3)]) == 2
    assert tally.decimals([(1, 3), (2, 6)]) == 2
    assert tally.decimals([(80_000, 100_000), (80_001, 100_000)]) == 3
    assert tally.decimals([(1, 2), (10**12 + 1, 2 * 10**12)]) == 8
    assert tally.decimals([]) == 2


# Digests ------------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_canonical_json_reads_back_and_hashes_the_same(value: object) -> None:
    written = digest.canonical(value) if _encodes(value) else b"null"
    if not _encodes(value):
        return

    assert json.loads(written) == value
    assert digest.sha256(json.loads(written)) == digest.sha256(value) == hashlib.sha256(written).hexdigest()


def _encodes(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def test_canonical_json_by_example() -> None:
    assert digest.canonical({"b": [1, None, True], "a": "作品"}) == '{"a":"作品","b":[1,null,true]}'.encode()
    for inexact in (0.5, [1.0], {"a": {"b": 2.5}}):
        with pytest.raises(ValueError, match="exact"):
            digest.canonical(inexact)
    with pytest.raises(ValueError, match="key"):
        digest.canonical({1: 2})
