"""Borda and median rank."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from fractions import Fraction

import pytest

from contest.scoring.cards import Ballots, Cards, Excluded, cards
from contest.scoring.methods import method
from contest.scoring.outcome import Result
from contest.scoring.positions import borda, median_rank
from contest.scoring.refusals import Refused
from tests.unit.rankings import ballots, codes, mixed_up, order, raised, some, spread, told

#: en.wikipedia.org/wiki/Borda_count, the capital of Tennessee, with the points that it prints.
TENNESSEE = """
42 Memphis Nashville Chattanooga Knoxville
26 Nashville Chattanooga Knoxville Memphis
15 Chattanooga Knoxville Nashville Memphis
17 Knoxville Chattanooga Nashville Memphis
"""


def test_borda_gives_the_points_that_are_printed_for_tennessee() -> None:
    found = borda(ballots(TENNESSEE))

    assert [(row.entry, row.extra["points"], row.rank) for row in found.entries] == [
        ("Nashville", 194, 1),
        ("Chattanooga", 173, 2),
        ("Memphis", 126, 3),
        ("Knoxville", 107, 4),
    ]
    assert [row.score for row in found.entries] == [Fraction(points, 300) for points in (194, 173, 126, 107)]
    assert found.model == {"condorcet_winner": "Nashville"}
    assert found.params == {"min_judges": 1}
    assert found.warnings == ()


def test_borda_can_pass_over_the_condorcet_winner() -> None:
    # Condorcet's 81 voters, the "other paradox" of P. Fishburn and W. Gehrlein: A beats B by 41 to 40 and C by 60 to
    # 21, yet B has more points, whatever decreasing points places have.
    found = borda(spread("30 ABC\n1 ACB\n10 CAB\n29 BAC\n10 BCA\n1 CBA"))

    assert [(row.entry, row.extra["points"], row.rank) for row in found.entries] == [
        ("B", 109, 1),
        ("A", 101, 2),
        ("C", 33, 3),
    ]
    assert found.model == {"condorcet_winner": "A"}


def test_equals_share_points_and_the_unranked_are_below_all_and_equal() -> None:
    found = borda(ballots("1 A B=C D / E F G"))

    assert {row.entry: row.extra["points"] for row in found.entries} == {
        "A": 6,
        "B": Fraction(9, 2),
        "C": Fraction(9, 2),
        "D": 3,
        "E": 1,
        "F": 1,
        "G": 1,
    }
    assert order(found)[-3:] == [("E", 5), ("F", 5), ("G", 5)]
    assert codes(found.warnings) == ["one_judge"]


def test_a_place_counts_by_its_share_of_its_own_ballot() -> None:
    # B has more points, for it stood on a longer ballot; A was first wherever it stood.
    found = borda(ballots("1 A C\n1 B C D E"))

    assert {row.entry: (row.score, row.extra["points"], row.n_judges) for row in found.entries} == {
        "A": (1, 1, 1),
        "B": (1, 3, 1),
        "C": (Fraction(1, 3), 2, 2),
        "D": (Fraction(1, 3), 1, 1),
        "E": (0, 0, 1),
    }
    assert order(found) == [("A", 1), ("B", 1), ("C", 3), ("D", 3), ("E", 5)]
    assert [(one.code, one.facts) for one in found.warnings] == [
        ("random_assignment", {}),
        ("ballots_differ", {"least": 2, "most": 4}),
    ]


def test_the_median_rank_by_hand() -> None:
    # Positions of A: 1 1 1 2 3, of B: 1 2 2 2 3, of C: 2 3 3 3 3 (sorted); with five judges the third of each.
    found = median_rank(spread("2 ABC\n1 ACB\n1 BAC\n1 CBA"))

    assert [(row.entry, row.extra["median_rank"], row.score, row.rank) for row in found.entries] == [
        ("A", 1, 1, 1),
        ("B", 2, Fraction(1, 2), 2),
        ("C", 3, 0, 3),
    ]
    assert found.model == {"condorcet_winner": "A"}


def test_of_an_even_number_of_judges_the_middle_two_count() -> None:
    found = median_rank(spread("1 ABC\n1 BCA\n2 CAB"))

    # A: 1 2 2 3; B: 1 2 3 3; C: 1 1 2 3.
    assert {row.entry: (row.extra["median_rank"], row.score) for row in found.entries} == {
        "A": (2, Fraction(1, 2)),
        "B": (Fraction(5, 2), Fraction(1, 4)),
        "C": (Fraction(3, 2), Fraction(3, 4)),
    }


def _places(given: Ballots, entry: int) -> list[tuple[Fraction, int]]:
    """Position and length for each person who saw the entry, by counting the others one by one."""
    found = []
    for ballot in given.ballots:
        place = {one: level for level, group in enumerate(ballot.levels()) for one in group}
        if entry in place:
            before = sum(1 for other in place if place[other] < place[entry])
            equal = sum(1 for other in place if place[other] == place[entry])
            found += [(1 + before + Fraction(equal - 1, 2), len(place))] * ballot.count
    return found


@pytest.mark.parametrize("seed", range(30))
def test_both_agree_with_counting_one_by_one(seed: int) -> None:
    given = some(random.Random(seed), 7, 6)
    one, other = (
        {row.entry: row for row in borda(given).entries},
        {row.entry: row for row in median_rank(given).entries},
    )

    for number, name in enumerate(given.entries):
        places = _places(given, number)
        if not places:
            assert (one[name].score, one[name].rank, other[name].score, other[name].rank) == (None, None, None, None)
            continue
        shares = [(length - position) / (length - 1) for position, length in places]
        assert one[name].score == sum(shares) / len(shares)
        assert one[name].extra == {"points": sum(length - position for position, length in places)}
        assert other[name].score == statistics.median(shares)
        assert other[name].extra == {"median_rank": statistics.median(position for position, _ in places)}
        assert one[name].n_judges == other[name].n_judges == len(places)
    ranked = [row for row in one.values() if row.rank is not None]
    for row in ranked:
        assert row.rank == 1 + sum(1 for rival in ranked if rival.score > row.score)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("run", [borda, median_rank])
def test_the_result_is_the_same_in_any_order_and_under_any_names(seed: int, run: Callable[..., Result]) -> None:
    rng = random.Random(seed)
    given = some(rng, 6, 8)
    other, names = mixed_up(rng, given)

    assert told(run(other), names) == told(run(given))


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("run", [borda, median_rank])
def test_raising_an_entry_on_a_ballot_never_costs_it_anything(seed: int, run: Callable[..., Result]) -> None:
    rng = random.Random(seed)
    given = some(rng, 6, 7)
    number = rng.randrange(len(given.ballots))
    entry = rng.choice([entry for level in given.ballots[number].levels() for entry in level])
    before = told(run(given))[given.entries[entry]]
    after = told(run(raised(given, number, entry)))[given.entries[entry]]

    assert after[0] <= before[0]  # rank
    assert after[1] >= before[1]  # score


@pytest.mark.parametrize("run", [borda, median_rank])
def test_entries_with_few_judges_or_none_are_not_ranked(run: Callable[..., Result]) -> None:
    found = run(ballots("2 A B C\n1 A B\n4 C", also="D"), min_judges=3)

    # Those who saw C alone compared it with nothing.
    assert order(found) == [("A", 1), ("B", 2), ("C", None), ("D", None)]
    assert [row.n_judges for row in found.entries] == [3, 3, 2, 0]
    assert [row.score is None for row in found.entries] == [False, False, False, True]
    assert [(one.code, one.facts) for one in found.warnings] == [
        ("one_entry_ballots", {"judges": 4}),
        ("too_few_judges", {"entries": 1, "least": 3, "names": "C"}),
        ("random_assignment", {}),
        ("ballots_differ", {"least": 2, "most": 3}),
    ]


@pytest.mark.parametrize("run", [borda, median_rank])
def test_groups_without_a_link_are_said(run: Callable[..., Result]) -> None:
    found = run(ballots("1 A B\n1 C D"))

    assert [(one.code, one.facts) for one in found.warnings] == [
        ("random_assignment", {}),
        ("unlinked_orders", {"groups": 2, "one": "A", "other": "C"}),
    ]
    assert found.components == (("A", "B"), ("C", "D"))


@pytest.mark.parametrize("run", [borda, median_rank])
def test_a_judge_who_gave_one_value_only_is_said(run: Callable[..., Result]) -> None:
    found = run(ballots("1 A=B=C\n1 A B C"))

    assert order(found) == [("A", 1), ("B", 2), ("C", 3)]
    assert [(one.code, one.facts) for one in found.warnings] == [("no_order", {"judges": 1})]


@pytest.mark.parametrize("run", [borda, median_rank])
def test_all_equal_share_the_first_rank(run: Callable[..., Result]) -> None:
    found = run(cards({(entry, judge): 3 for entry in "ABC" for judge in "xy"}))

    assert order(found) == [("A", 1), ("B", 1), ("C", 1)]
    assert {row.score for row in found.entries} == {Fraction(1, 2)}
    assert codes(found.warnings) == ["no_order", "all_equal"]


@pytest.mark.parametrize("run", [borda, median_rank])
@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        (Ballots((), ()), "no_scores", "There is no ballot at all: nobody ranked or scored an entry."),
        (cards({}, entries=["A"]), "no_scores", "There is no ballot at all: nobody ranked or scored an entry."),
        (
            ballots("3 A"),
            "nothing_compared",
            "No judge saw two entries, so that nothing is compared: let each judge judge at least two.",
        ),
    ],
)
def test_nothing_to_compare_is_refused(
    run: Callable[..., Result], given: Ballots | Cards, code: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        run(given)

    assert (refused.value.code, str(refused.value)) == (code, sentence)


def test_scores_are_read_as_orders_and_what_was_excluded_is_kept() -> None:
    left_out = Excluded("B", "z", "incomplete")
    given = cards({("A", "x"): 9, ("B", "x"): 7, ("A", "y"): 1, ("B", "y"): 2, ("C", "y"): 2}, excluded=[left_out])

    found = method("borda").run(given)
    middle = method("median-rank").run(given)

    assert [(row.entry, row.score, row.extra["points"]) for row in found.entries] == [
        ("C", Fraction(3, 4), Fraction(3, 2)),
        ("A", Fraction(1, 2), 1),
        ("B", Fraction(3, 8), Fraction(3, 2)),
    ]
    assert (found.method, middle.method) == ("borda", "median-rank")
    assert found.excluded == (left_out,)
    assert [(row.judge, row.n) for row in found.judges] == [("x", 2), ("y", 3)]
