"""Bradley–Terry: published examples, other people's software, and what cannot be told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

import choix
import numpy as np
import pytest
import statsmodels.api as sm

from contest.scoring import outcome, pairs
from contest.scoring.cards import Pairs
from contest.scoring.methods import method
from contest.scoring.outcome import EntryRow, Result
from contest.scoring.pairs import bradley_terry
from contest.scoring.refusals import Refused

Rows = Iterable[tuple[str, str, int]]

#: Games won in the 1987 season between the American League's eastern teams, home and away together:
#: Agresti 2002, Categorical Data Analysis (2nd ed.), table 10.10.
BASEBALL = {
    "Milwaukee": {"Detroit": 7, "Toronto": 9, "New York": 7, "Boston": 7, "Cleveland": 9, "Baltimore": 11},
    "Detroit": {"Milwaukee": 6, "Toronto": 7, "New York": 5, "Boston": 11, "Cleveland": 9, "Baltimore": 9},
    "Toronto": {"Milwaukee": 4, "Detroit": 6, "New York": 7, "Boston": 7, "Cleveland": 8, "Baltimore": 12},
    "New York": {"Milwaukee": 6, "Detroit": 8, "Toronto": 6, "Boston": 6, "Cleveland": 7, "Baltimore": 10},
    "Boston": {"Milwaukee": 6, "Detroit": 2, "Toronto": 6, "New York": 7, "Cleveland": 7, "Baltimore": 12},
    "Cleveland": {"Milwaukee": 4, "Detroit": 4, "Toronto": 5, "New York": 6, "Boston": 6, "Baltimore": 6},
    "Baltimore": {"Milwaukee": 2, "Detroit": 4, "Toronto": 1, "New York": 3, "Boston": 1, "Cleveland": 7},
}

#: Citations between four journals of statistics (Stigler 1994; Agresti 2002, p. 448): the cited one is the winner.
CITATIONS = {
    "Biometrika": {"Comm Statist": 730, "JASA": 498, "JRSS-B": 221},
    "Comm Statist": {"Biometrika": 33, "JASA": 68, "JRSS-B": 17},
    "JASA": {"Biometrika": 320, "Comm Statist": 813, "JRSS-B": 142},
    "JRSS-B": {"Biometrika": 284, "Comm Statist": 276, "JASA": 325},
}


def listed(table: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str, int]]:
    return [(winner, loser, count) for winner, row in table.items() for loser, count in row.items()]


def given(rows: Rows, entries: Iterable[str] = (), judges: Iterable[str] = ()) -> Pairs:
    rows = list(rows)
    names = tuple(sorted({name for winner, loser, _ in rows for name in (winner, loser)} | set(entries)))
    people = list(judges)
    known = tuple(sorted(set(people)))
    return Pairs(
        names,
        [names.index(winner) for winner, _, _ in rows],
        [names.index(loser) for _, loser, _ in rows],
        [count for *_, count in rows],
        known,
        [known.index(judge) for judge in people],
    )


def by_name(result: Result) -> dict[str, EntryRow]:
    return {row.entry: row for row in result.entries}


def drawn(seed: int, entries: int = 12, votes: int = 150) -> list[tuple[str, str, int]]:
    """Random comparisons of random pairs; not every pair meets, and some meet often."""
    random = np.random.default_rng(seed)
    ability = random.normal(0, 0.5, entries)
    rows = []
    for _ in range(votes):
        one, other = random.choice(entries, 2, replace=False)
        if random.random() > 1 / (1 + math.exp(ability[other] - ability[one])):
            one, other = other, one
        rows.append((f"e{one:02}", f"e{other:02}", 1 + int(random.integers(3))))
    return rows


# Published -------------------------------------------------------------------------------------------


def test_agrestis_baseball_teams() -> None:
    result = bradley_terry(given(listed(BASEBALL)), reference="Baltimore")

    # Agresti 2002, table 10.11, third column.
    assert [(row.entry, f"{row.score:.2f}", row.rank) for row in result.entries] == [
        ("Milwaukee", "1.58", 1),
        ("Detroit", "1.44", 2),
        ("Toronto", "1.29", 3),
        ("New York", "1.25", 4),
        ("Boston", "1.11", 5),
        ("Cleveland", "0.68", 6),
        ("Baltimore", "0.00", 7),
    ]
    # "about 0.3", p. 438; the reference's is 0.
    assert [f"{row.se:.1f}" for row in result.entries] == ["0.3"] * 6 + ["0.0"]
    assert result.entries[0].extra == {"log_ability": result.entries[0].score, "wins": 50, "losses": 28}
    assert result.components == (tuple(sorted(BASEBALL)),)
    assert result.model["components"] == 1


def test_stiglers_citations() -> None:
    rows = by_name(bradley_terry(given(listed(CITATIONS)), reference="Biometrika"))

    # Turner & Firth 2012, Journal of Statistical Software 48(9), section 2.1.
    assert {name: f"{row.score:.4f}" for name, row in rows.items()} == {
        "Biometrika": "0.0000",
        "Comm Statist": "-2.9491",
        "JASA": "-0.4796",
        "JRSS-B": "0.2690",
    }


# Other software --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("ridge", [Fraction(0), Fraction(1, 10), Fraction(3)])
def test_abilities_are_those_of_choix(seed: int, ridge: Fraction) -> None:
    data = given(drawn(seed))
    votes = [
        (winner, loser)
        for winner, loser, count in zip(data.winner, data.loser, data.count, strict=True)
        for _ in range(count)
    ]

    rows = by_name(bradley_terry(data, ridge=ridge))

    # Its penalty is alpha × Σ θ².
    wanted = choix.opt_pairwise(len(data.entries), votes, alpha=float(ridge) / 2, method="Newton-CG", tol=1e-12)
    found = np.array([rows[name].score for name in data.entries])
    assert found == pytest.approx(wanted - wanted.mean(), abs=1e-6)
    assert sum(found) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_standard_errors_and_likelihood_are_those_of_a_logistic_regression(seed: int) -> None:
    data = given(drawn(seed))
    size = len(data.entries)
    design = np.zeros((len(data.winner), size))
    design[np.arange(len(data.winner)), data.winner] = 1
    design[np.arange(len(data.winner)), data.loser] = -1
    # Every comparison is a success of winner − loser; half of them are turned round, as one outcome would separate.
    sign = np.where(np.arange(len(data.winner)) % 2, -1, 1)
    model = sm.GLM(
        (sign > 0).astype(float), (design * sign[:, None])[:, 1:], sm.families.Binomial(), freq_weights=data.count
    )
    fit = model.fit(tol=1e-14)

    against = by_name(bradley_terry(data, reference=data.entries[0]))
    centred = by_name(bradley_terry(data))

    assert [against[name].score for name in data.entries] == pytest.approx([0, *fit.params], abs=1e-9)
    assert [against[name].se for name in data.entries] == pytest.approx([0, *fit.bse], abs=1e-8)
    assert bradley_terry(data).model["log_likelihood"] == pytest.approx(fit.llf, abs=1e-8)
    # Under Σ θ = 0: the same covariance, seen from the mean of all.
    turned = np.eye(size) - 1 / size
    covariance = turned[:, 1:] @ fit.cov_params() @ turned[:, 1:].T
    assert [centred[name].se for name in data.entries] == pytest.approx(np.sqrt(np.diag(covariance)), abs=1e-8)


def test_the_ridges_standard_errors_are_those_of_the_penalised_curve() -> None:
    data, ridge = given(drawn(5)), 0.4
    result = by_name(bradley_terry(data, ridge=Fraction(2, 5)))
    ability = np.array([result[name].score for name in data.entries])
    size = len(ability)
    curve = ridge * np.eye(size)
    for winner, loser, count in zip(data.winner, data.loser, data.count, strict=True):
        chance = 1 / (1 + math.exp(ability[loser] - ability[winner]))
        both = np.zeros(size)
        both[[winner, loser]] = 1, -1
        curve += count * chance * (1 - chance) * np.outer(both, both)
    turned = np.eye(size) - 1 / size

    wanted = np.sqrt(np.diag(turned @ np.linalg.inv(curve) @ turned))
    assert [result[name].se for name in data.entries] == pytest.approx(wanted, abs=1e-10)


# Properties ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", [Fraction(0), Fraction(1, 10)])
def test_the_order_of_rows_and_how_they_are_counted_do_not_matter(ridge: Fraction) -> None:
    rows = drawn(7)
    shuffled = [(winner, loser, 1) for winner, loser, count in reversed(rows) for _ in range(count)]

    assert bradley_terry(given(rows), ridge=ridge) == bradley_terry(given(shuffled), ridge=ridge)


def test_other_names_give_the_same_abilities() -> None:
    rows = drawn(8)
    renamed = {name: f"x{97 - int(name[1:]) * 7 % 13:02}" for row in rows for name in row[:2]}

    one = by_name(bradley_terry(given(rows)))
    other = by_name(bradley_terry(given([(renamed[winner], renamed[loser], count) for winner, loser, count in rows])))

    for name, row in one.items():
        assert other[renamed[name]].score == pytest.approx(row.score, abs=1e-10)
        assert other[renamed[name]].se == pytest.approx(row.se, abs=1e-10)
        assert other[renamed[name]].rank == row.rank


def test_what_is_turned_round_has_the_opposite_abilities() -> None:
    rows = drawn(9)

    one = by_name(bradley_terry(given(rows)))
    other = by_name(bradley_terry(given([(loser, winner, count) for winner, loser, count in rows])))

    assert {name: row.score for name, row in one.items()} == pytest.approx(
        {name: -row.score for name, row in other.items()}, abs=1e-10
    )


@pytest.mark.parametrize("seed", range(10, 16))
def test_one_more_win_never_worsens_a_rank(seed: int) -> None:
    rows = drawn(seed)
    winner, loser = rows[seed][:2]

    before = by_name(bradley_terry(given(rows)))
    after = by_name(bradley_terry(given([*rows, (winner, loser, 2)])))

    assert after[winner].score > before[winner].score
    assert after[winner].rank <= before[winner].rank
    assert after[loser].score < before[loser].score


def test_a_reference_only_shifts() -> None:
    for ridge in (Fraction(0), Fraction(1, 2)):
        free = by_name(bradley_terry(given(drawn(3)), ridge=ridge))
        held = by_name(bradley_terry(given(drawn(3)), ridge=ridge, reference="e04"))

        assert held["e04"].score == held["e04"].se == 0
        for name, row in free.items():
            assert held[name].score == pytest.approx(row.score - free["e04"].score, abs=1e-12)
            assert held[name].rank == row.rank


def test_preferences_in_a_circle_are_a_tie() -> None:
    result = bradley_terry(given([("a", "b", 2), ("b", "c", 2), ("c", "a", 2)]))

    assert [(row.entry, row.score, row.rank, row.tied_with) for row in result.entries] == [
        ("a", 0, 1, ("b", "c")),
        ("b", 0, 1, ("a", "c")),
        ("c", 0, 1, ("a", "b")),
    ]
    assert result.model["log_likelihood"] == pytest.approx(6 * math.log(0.5))


def test_two_entries_have_their_odds() -> None:
    result = by_name(bradley_terry(given([("a", "b", 3), ("b", "a", 1)]), reference="b"))

    assert result["a"].score == pytest.approx(math.log(3), abs=1e-12)
    # The variance of a log-odds: 1/3 + 1/1.
    assert result["a"].se == pytest.approx(math.sqrt(4 / 3), abs=1e-12)


def test_a_long_chain_of_one_sided_pairs_is_still_solved() -> None:
    rows = [(f"e{n:03}", f"e{n + 1:03}", 10**6) for n in range(60)]
    rows += [(f"e{n + 1:03}", f"e{n:03}", 1) for n in range(60)]

    scores = [row.score for row in bradley_terry(given(rows)).entries]

    assert -np.diff(scores) == pytest.approx([math.log(10**6)] * 60, abs=1e-8)


def test_who_compared_is_counted() -> None:
    rows = [("a", "b", 2), ("b", "a", 1), ("a", "b", 1), ("c", "a", 1), ("a", "c", 1)]
    result = bradley_terry(given(rows, entries=["unseen"], judges=["Y", "X", "X", "Y", "Z"]))

    assert {row.entry: row.n_judges for row in result.entries} == {"a": 3, "b": 2, "c": 2, "unseen": 0}
    assert [(row.judge, row.n, row.severity) for row in result.judges] == [
        ("X", 2, None),
        ("Y", 3, None),
        ("Z", 1, None),
    ]
    # Without names, comparisons are counted.
    assert {row.entry: row.n_judges for row in bradley_terry(given(rows)).entries} == {"a": 6, "b": 4, "c": 2}


def test_an_entry_in_no_comparison_is_not_ranked() -> None:
    last = bradley_terry(given([("b", "c", 1), ("c", "b", 2)], entries=["a"])).entries[-1]

    assert last == EntryRow("a", None, None, (), 0, None, {"log_ability": None, "wins": 0, "losses": 0})


# Refusals and notes ----------------------------------------------------------------------------------


def refused(rows: Rows, **options: object) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        bradley_terry(given(rows), **options)
    return caught.value.code, str(caught.value)


def test_what_has_no_maximum_is_refused_with_the_cure() -> None:
    circle = [("a", "b", 1), ("b", "c", 1), ("c", "a", 1)]

    assert refused([*circle, ("best", "a", 5)]) == (
        "no_maximum",
        "No other entry was ever preferred to best, so that nothing tells how much better that is: "
        "collect more comparisons, or use --option ridge=0.1.",
    )
    assert refused([*circle, ("b", "worst", 5)]) == (
        "no_maximum",
        "worst: never preferred to any other entry, so that nothing tells how much worse that is: "
        "collect more comparisons, or use --option ridge=0.1.",
    )
    # Each entry wins and loses, and still one group never lost to the other.
    assert refused([*circle, ("x", "y", 1), ("y", "x", 1), ("a", "x", 1)])[1].startswith("x, y: never preferred")
    assert refused([*circle, ("x", "y", 1), ("y", "x", 1)]) == (
        "no_maximum",
        "2 groups of entries were never compared with each other, so that nothing tells how far apart they are: "
        "compare an entry of each (for example a and x), or use --option ridge=0.1.",
    )


def test_the_same_is_solved_with_a_ridge_and_said() -> None:
    circle = [("a", "b", 1), ("b", "c", 1), ("c", "a", 1)]

    never_lost = bradley_terry(given([*circle, ("best", "a", 5)]), ridge=Fraction(1, 10))
    apart = bradley_terry(given([*circle, ("x", "y", 1), ("y", "x", 1)]), ridge=Fraction(1, 10))

    assert never_lost.entries[0].entry == "best"
    assert [(one.code, one.facts) for one in never_lost.warnings] == [("held_by_ridge", {"groups": 2, "ridge": "0.1"})]
    assert never_lost.model["components"] == 2
    assert never_lost.components == (("a", "b", "best", "c"),)
    assert [one.code for one in apart.warnings] == ["unlinked_pairs"]
    assert apart.components == (("a", "b", "c"), ("x", "y"))


def test_a_heavier_ridge_pulls_closer() -> None:
    spreads = [
        max(row.score for row in bradley_terry(given(drawn(2)), ridge=Fraction(ridge)).entries)
        for ridge in (0, "0.1", 1, 10, 1000)
    ]

    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 0.1


def test_a_ridge_however_small_keeps_unlinked_groups_around_zero() -> None:
    circle = [("a", "b", 2), ("b", "c", 1), ("c", "a", 1)]
    alone = by_name(bradley_terry(given(circle)))

    both = by_name(bradley_terry(given([*circle, ("x", "y", 3), ("y", "x", 1)]), ridge=Fraction(1, 10**12)))

    assert [both[name].score for name in "abc"] == pytest.approx([alone[name].score for name in "abc"], abs=1e-9)
    assert both["x"].score == pytest.approx(math.log(3) / 2, abs=1e-9)
    assert both["x"].score == pytest.approx(-both["y"].score, abs=1e-12)


def test_bad_input_is_refused() -> None:
    assert refused([]) == ("no_scores", "There is no comparison at all.")
    assert refused([("a", "b", 1), ("b", "b", 1)]) == (
        "self_comparison",
        "b is compared with itself: winner and loser must be two entries.",
    )
    assert refused([("a", "b", 0)])[0] == refused([("a", "b", -2)])[0] == "bad_count"
    assert refused([("a", "b", 2**52), ("b", "a", 2**52)])[0] == "too_many_comparisons"
    assert refused([("a", "b", 1), ("b", "a", 1)], reference="c") == (
        "unknown_reference",
        "c is in no comparison, so it cannot be the reference: name an entry that was compared.",
    )


def test_very_many_entries_have_no_standard_errors() -> None:
    rows = [(f"e{n}", "hub", 1) for n in range(pairs.MOST_WITH_ERRORS)]
    rows += [(loser, winner, 1) for winner, loser, _ in rows]
    names = tuple(sorted({name for row in rows for name in row[:2]}))
    place = {name: number for number, name in enumerate(names)}

    result = bradley_terry(
        Pairs(names, [place[row[0]] for row in rows], [place[row[1]] for row in rows], [1] * len(rows))
    )

    assert {row.se for row in result.entries} == {None}
    assert [one.code for one in result.warnings] == ["no_errors_size"]


def test_the_result_is_json_and_names_its_options() -> None:
    result = method("bradley-terry").run(
        given(drawn(1)), method("bradley-terry").parsed({"ridge": "0.25", "reference": "e01"})
    )

    text = json.dumps(
        outcome.as_json(result, engine_version="1", input_sha256="", n_entries=1, n_judges=1, n_scorecards=1),
        allow_nan=False,
    )

    assert json.loads(text)["params"] == {"reference": "e01", "ridge": "0.25"}
    assert bradley_terry(given(drawn(1)), ridge=Fraction(1, 3)).params == {"reference": None, "ridge": "1/3"}
    assert bradley_terry(given(drawn(1)), ridge=Fraction(2)).params["ridge"] == 2
    assert set(json.loads(text)["model"]) == {"log_likelihood", "iterations", "ridge", "components"}
