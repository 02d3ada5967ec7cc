"""Agreement: published examples, other people's software, missing scores, and what cannot be told."""

from __future__ import annotations

import json
import random as chance
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import krippendorff
import numpy as np
import pandas
import pingouin
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as their_kappa

from contest.scoring import reliability
from contest.scoring.agreement import Agreement, agreement
from contest.scoring.cards import Cards, cards
from contest.scoring.refusals import Refused
from contest.scoring.reliability import LEVELS, Ratings, alpha, coded, interval, ratings

Table = Sequence[Sequence[int | Fraction | None]]


def scored(rows: Table) -> Cards:
    """Cards of a table (entries × judges); None where there is no score."""
    return cards(
        {
            (f"e{entry:03}", f"j{judge:02}"): score
            for entry, row in enumerate(rows)
            for judge, score in enumerate(row)
            if score is not None
        }
    )


def turned(rows: Table) -> Table:
    return list(zip(*rows, strict=True))


def drawn(seed: int, values: Sequence[float], entries: int = 30, judges: int = 5, missing: float = 0.0) -> np.ndarray:
    """A random table (entries × judges) whose judges half agree; NaN where nothing is."""
    random = np.random.default_rng(seed)
    quality = random.normal(0, 1, (entries, 1))
    wish = quality + random.normal(0, 1, (entries, judges))
    place = np.clip((wish + 2.5) / 5 * len(values), 0, len(values) - 1).astype(int)
    table = np.asarray(values, dtype=float)[place]
    table[random.random(table.shape) < missing] = np.nan
    return table


def tabulated(table: np.ndarray) -> Ratings:
    entry, judge = np.nonzero(~np.isnan(table))
    return ratings(entry, *coded(table[entry, judge]))


def codes(found: Agreement) -> list[str]:
    return [one.code for one in found.notes]


# Published -------------------------------------------------------------------------------------------

#: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section E: four observers, twelve units.
KRIPPENDORFF: Table = turned(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
)

#: Shrout & Fleiss 1979, table 2: four judges, six targets.
SHROUT: Table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

#: Fleiss 1971: six psychiatrists' diagnoses of thirty patients, as counts of five categories.
FLEISS = (
    "00060 03003 01410 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)


def test_krippendorffs_own_example() -> None:
    found = agreement(scored(KRIPPENDORFF))

    assert {level: f"{value:.3f}" for level, value in found.krippendorff_alpha.items()} == {
        "nominal": "0.743",
        "ordinal": "0.815",
        "interval": "0.849",
        "ratio": "0.797",
    }
    # The twelfth unit has one value only.
    assert found.notes[0].facts == {"entries": 1}
    assert codes(found)[0] == "agreement_single_scores"


def test_shrout_and_fleiss_example() -> None:
    found = agreement(scored(SHROUT)).icc

    assert {name: f"{value:.2f}" for name, value in found.items()} == {
        "icc1_1": "0.17",
        "icc2_1": "0.29",
        "icc3_1": "0.71",
        "icc1_k": "0.44",
        "icc2_k": "0.62",
        "icc3_k": "0.91",
        "bms": "11.24",
        "wms": "6.26",
        "jms": "32.49",
        "ems": "1.02",
    }


def test_siegels_three_executives() -> None:
    # Siegel 1956, Nonparametric Statistics, table 9.8: three executives rank six applicants. W = .16.
    found = agreement(scored(turned([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]))).kendall_w

    assert f"{found['w']:.2f}" == "0.16"
    assert found["df"] == 5
    assert found["chi2"] == pytest.approx(3 * 5 * 25.5 / 157.5)


def test_siegels_three_rankings_with_ties() -> None:
    # Siegel 1956, section on tied observations: three rankings of ten individuals. W = .828, without ties .796.
    ranks = [
        [1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10],
        [2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5],
        [2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10],
    ]
    found = agreement(scored(turned([[Fraction(rank) for rank in row] for row in ranks]))).kendall_w

    assert f"{found['w']:.3f}" == "0.828"
    assert found["w"] == 591 / 714


def test_fleiss_diagnoses() -> None:
    patients = [FLEISS[first : first + 5] for first in range(0, len(FLEISS), 6)]
    rows = [[category for category in range(5) for _ in range(int(patient[category]))] for patient in patients]

    assert f"{agreement(scored(rows)).fleiss_kappa:.3f}" == "0.430"


# Other software --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize(
    "values",
    [range(1, 11), range(101), (0, 1), range(99_000, 99_100), (0, 1e-6, 1, 5.5), (0.25, 0.5, 1e6), range(0, 5000, 7)],
    ids=str,
)
def test_alpha_is_that_of_krippendorff(level: str, missing: float, values: Sequence[float]) -> None:
    table = drawn(len(values), values, missing=missing)

    found = alpha(tabulated(table), level)

    wanted = krippendorff.alpha(reliability_data=table.T, level_of_measurement=level)
    assert found == pytest.approx(float(wanted), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_w_is_friedmans_statistic_rescaled(seed: int) -> None:
    table = drawn(seed, range(1, 6), entries=12, judges=4)

    found = agreement(scored(table.astype(int).tolist())).kendall_w

    # Friedman's test is the same statistic: chi2 = m (n − 1) W.
    chi2, p = scipy.stats.friedmanchisquare(*table)
    assert found["chi2"] == pytest.approx(chi2, abs=1e-10)
    assert found["p"] == pytest.approx(p, abs=1e-12)
    assert found["w"] == pytest.approx(chi2 / (4 * 11), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_icc_is_that_of_pingouin(seed: int) -> None:
    table = drawn(seed, range(0, 100, 3), entries=9, judges=4)
    long = pandas.DataFrame(
        [(entry, judge, table[entry, judge]) for entry in range(9) for judge in range(4)],
        columns=["entry", "judge", "score"],
    )

    found = agreement(scored(table.astype(int).tolist())).icc

    with warnings.catch_warnings():
        # It calls pandas in ways that pandas is giving up.
        warnings.simplefilter("ignore")
        theirs = pingouin.intraclass_corr(long, targets="entry", raters="judge", ratings="score")["ICC"]
    assert [found[name] for name in ("icc1_1", "icc2_1", "icc3_1", "icc1_k", "icc2_k", "icc3_k")] == pytest.approx(
        theirs.tolist(), abs=1e-10
    )


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_statsmodels(seed: int) -> None:
    table = drawn(seed, range(4)).astype(int)

    found = agreement(scored(table.tolist())).fleiss_kappa

    assert found == pytest.approx(their_kappa(aggregate_raters(table)[0]), abs=1e-12)


# From the definition ---------------------------------------------------------------------------------


def plain_alpha(rows: list[list[Fraction]], level: str) -> Fraction | None:
    """Alpha by listing all pairs, in fractions."""
    units = [row for row in rows if len(row) > 1]
    values = sorted(value for row in units for value in row)
    if len(units) < 2 or values[0] == values[-1] or (level == "ratio" and values[0] < 0):
        return None
    place = {value: Fraction(2 * values.index(value) + values.count(value), 2) for value in values}

    def distance(one: Fraction, other: Fraction) -> Fraction:
        if one == other:
            return Fraction(0)
        return {
            "nominal": lambda: Fraction(1),
            "ordinal": lambda: (place[one] - place[other]) ** 2,
            "interval": lambda: (one - other) ** 2,
            "ratio": lambda: ((one - other) / (one + other)) ** 2,
        }[level]()

    observed = sum(sum(distance(*pair) for pair in combinations(row, 2)) / (len(row) - 1) for row in units)
    expected = sum(distance(*pair) for pair in combinations(values, 2)) / (len(values) - 1)
    return 1 - observed / expected


@given(
    st.lists(
        st.lists(st.fractions(-2, 5, max_denominator=4), min_size=0, max_size=4).map(list), min_size=1, max_size=6
    ).filter(any)
)
@settings(max_examples=60, deadline=None)
def test_alpha_is_the_plain_definition(rows: list[list[Fraction]]) -> None:
    """Any number of scores an entry, singles and negative ones among them."""
    found = agreement(scored([[*row, *[None] * (4 - len(row))] for row in rows])).krippendorff_alpha

    for level in LEVELS:
        wanted = plain_alpha(rows, level)
        assert found[level] == (None if wanted is None else pytest.approx(float(wanted), abs=1e-11))


# Properties ------------------------------------------------------------------------------------------


def test_order_and_names_do_not_matter() -> None:
    table = drawn(4, range(1, 11), entries=12, judges=4).astype(int).tolist()
    shuffler = chance.Random(3)
    entries, judges = list(range(12)), list(range(4))
    shuffler.shuffle(entries)
    shuffler.shuffle(judges)

    one = agreement(scored(table)).as_json()
    other = agreement(scored([[table[entry][judge] for judge in judges] for entry in entries])).as_json()

    assert one["kendall_w"] == other["kendall_w"]
    assert one["fleiss_kappa"] == other["fleiss_kappa"]
    assert one["krippendorff_alpha"] == pytest.approx(other["krippendorff_alpha"], abs=1e-13)
    assert one["icc"] == pytest.approx(other["icc"], abs=1e-12)


def test_units_do_not_matter() -> None:
    table = drawn(5, range(1, 11), entries=12, judges=4).astype(int).tolist()

    one = agreement(scored(table))
    other = agreement(scored([[Fraction(score, 7) for score in row] for row in table]))

    assert other.kendall_w == one.kendall_w
    assert other.fleiss_kappa == one.fleiss_kappa
    assert other.krippendorff_alpha == pytest.approx(dict(one.krippendorff_alpha), abs=1e-13)
    for name, value in one.icc.items():
        assert other.icc[name] == pytest.approx(value / 49 if name.endswith("ms") else value, abs=1e-12)


def test_full_agreement_is_exactly_one() -> None:
    found = agreement(scored([[Fraction(score, 3)] * 3 for score in (1, 2, 5, 7, 7, 10, 11, 12)]))

    assert found.kendall_w["w"] == 1
    assert set(found.krippendorff_alpha.values()) == {1.0}
    assert found.fleiss_kappa == 1
    assert [found.icc[name] for name in ("icc1_1", "icc2_1", "icc3_1", "icc1_k", "icc2_k", "icc3_k")] == [1.0] * 6
    assert found.notes == ()


def test_a_strict_judge_does_not_change_the_order() -> None:
    found = agreement(scored([[score, score - 3] for score in (4, 6, 7, 9, 10, 11, 12, 15)]))

    assert found.kendall_w["w"] == 1
    assert found.icc["icc3_1"] == pytest.approx(1, abs=1e-15)
    assert found.icc["icc2_1"] < 0.9
    assert found.krippendorff_alpha["interval"] < 0.9


def test_numbers_of_any_length_are_told_apart() -> None:
    far = 10**30
    table = [[far, far + 1], [far + 2, far + 2], [far + 1, far + 3], [far, far]]

    found = agreement(scored(table))

    same = agreement(scored([[score - far for score in row] for row in table]))
    assert found.krippendorff_alpha["nominal"] == same.krippendorff_alpha["nominal"]
    assert found.krippendorff_alpha["ordinal"] == same.krippendorff_alpha["ordinal"]
    assert found.krippendorff_alpha["interval"] == pytest.approx(same.krippendorff_alpha["interval"], abs=1e-15)
    assert found.icc == pytest.approx(dict(same.icc), abs=1e-15)
    assert found.kendall_w == same.kendall_w
    assert found.fleiss_kappa == same.fleiss_kappa


def test_close_and_distant_integers_are_coded_alike() -> None:
    close, distant = coded([5, 3, 3, 9]), coded([5, 3, 3, 9 + 10**12])

    assert close[0].tolist() == distant[0].tolist() == [1, 0, 0, 2]
    assert (close[1].tolist(), close[2]) == ([0, 2, 6], 3)
    assert (distant[1].tolist(), distant[2]) == ([0, 2, 6 + 10**12], 3)
    assert coded([2**63 - 1, -(2**63)])[1].tolist() == [0, 2**64]
    assert coded([])[0].tolist() == []


# Bootstrap -------------------------------------------------------------------------------------------


def test_the_interval_is_reproducible_and_holds_alpha() -> None:
    data = scored(KRIPPENDORFF)

    found = agreement(data, draws=200, seed=5)

    assert found.krippendorff_interval == agreement(data, draws=200, seed=5).krippendorff_interval
    assert found.krippendorff_interval != agreement(data, draws=200, seed=6).krippendorff_interval
    assert {key: found.krippendorff_interval[key] for key in ("level", "draws", "seed")} == {
        "level": 0.95,
        "draws": 200,
        "seed": 5,
    }
    for level in LEVELS:
        low, high = found.krippendorff_interval[level]
        assert low < found.krippendorff_alpha[level] < high <= 1


@pytest.mark.parametrize("level", LEVELS)
def test_each_draw_is_alpha_of_the_drawn_entries(level: str) -> None:
    # Chance is dealt out in the order of the entries' scores.
    rows = drawn(7, range(1, 8), entries=10, missing=0.3).tolist()
    table = np.array(sorted(rows, key=lambda row: sorted(Counter(one for one in row if one == one).items())))
    random = np.random.Generator(np.random.PCG64(3))
    values = []
    for _ in range(40):
        rows = table[random.integers(0, 10, 10)]
        values.append(float(krippendorff.alpha(reliability_data=rows.T, level_of_measurement=level)))

    low, high = interval(tabulated(table), [level], draws=40, seed=3)[level]

    assert (low, high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=1e-10)


def test_weights_too_many_to_keep_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tabulated(drawn(8, range(1, 60)))
    kept = alpha(data, "ratio"), interval(data, ["ratio"], draws=5, seed=1)

    monkeypatch.setattr(reliability, "_KEPT", 0)
    monkeypatch.setattr(reliability, "_BLOCK", 100)

    assert alpha(data, "ratio") == pytest.approx(kept[0], abs=1e-14)
    assert interval(data, ["ratio"], draws=5, seed=1)["ratio"] == pytest.approx(kept[1]["ratio"], abs=1e-14)


# What the data do not allow --------------------------------------------------------------------------


def nothing(found: Agreement) -> bool:
    return (found.kendall_w, found.icc, found.fleiss_kappa) == (None, None, None) and set(
        found.krippendorff_alpha.values()
    ) == {None}


def test_no_score_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        agreement(cards({}, entries=["a"], judges=["x"]))

    assert caught.value.code == "no_scores"


@pytest.mark.parametrize(
    "rows, code",
    [
        ([[1], [2], [3]], "agreement_one_judge"),
        ([[1, 2, 3]], "agreement_few_entries"),
        ([[1, None], [None, 2]], "agreement_few_entries"),
        ([[1, 2], [None, 2]], "agreement_few_entries"),
        ([[4, 4], [4, 4], [4, 4]], "agreement_all_equal"),
        ([[4, 4], [4, 4], [9, None]], "agreement_all_equal"),
    ],
)
def test_nothing_can_be_said(rows: Table, code: str) -> None:
    found = agreement(scored(rows), draws=10)

    assert nothing(found)
    assert codes(found) == [code]
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["notes"][0]["sentence"]


def test_missing_scores_leave_alpha_only() -> None:
    found = agreement(scored([[1, 2, None], [2, 2, 3], [3, None, 3]]))

    assert (found.kendall_w, found.icc, found.fleiss_kappa) == (None, None, None)
    assert None not in found.krippendorff_alpha.values()
    assert [(one.code, one.facts) for one in found.notes] == [
        ("agreement_incomplete", {"cards": 7, "cells": 9, "percent": 77.7}),
        ("agreement_uneven", {"least": 2, "most": 3}),
    ]
    assert str(found.notes[0]) == (
        "Kendall's W and the intraclass correlations need every judge to score every entry: "
        "7 of 9 scorecards are there (77.7 %)."
    )


def test_kappa_does_not_need_the_same_judges() -> None:
    found = agreement(scored([[1, 1, None], [2, None, 2], [None, 1, 2]]))

    assert found.fleiss_kappa == pytest.approx(their_kappa(np.array([[2, 0], [0, 2], [1, 1]])), abs=1e-14)
    assert found.kendall_w is None


def test_names_without_a_card_do_not_count() -> None:
    found = agreement(
        cards({("a", "x"): 1, ("a", "y"): 2, ("b", "x"): 3, ("b", "y"): 3}, entries=["0", "aa", "c"], judges=["w", "z"])
    )

    assert (found.n_entries, found.n_judges) == (2, 2)
    assert found.kendall_w["w"] == 1


def test_negative_scores_have_no_ratio() -> None:
    found = agreement(scored([[-1, 2], [2, 2], [3, 1]]))

    assert found.krippendorff_alpha["ratio"] is None
    assert found.krippendorff_alpha["interval"] is not None
    assert "agreement_negative" in codes(found)


def test_judges_with_one_value_each_have_no_order() -> None:
    found = agreement(scored([[3, 4]] * 8))

    assert found.kendall_w is None
    assert (found.icc["icc1_k"], found.icc["icc3_k"], found.icc["icc3_1"]) == (None, None, None)
    assert found.icc["bms"] == found.icc["ems"] == 0
    assert codes(found) == ["agreement_no_order", "agreement_equal_means"]


def test_one_judge_with_one_value_is_no_obstacle() -> None:
    found = agreement(scored([[1, 3], [2, 3], [3, 3], [4, 3], [5, 3], [6, 3], [7, 3], [8, 3]]))

    # One judge's order against none at all: half of the variance of the sums of ranks.
    assert found.kendall_w["w"] == 0.5
    assert found.notes == ()


def test_equal_means_leave_out_what_they_divide_by() -> None:
    found = agreement(scored([[1, 3], [3, 1], [2, 2], [1, 3], [3, 1], [2, 2], [1, 3], [3, 1]]))

    assert found.icc["icc3_k"] is None
    assert found.icc["icc3_1"] == -1
    assert codes(found) == ["agreement_equal_means"]


def test_judges_with_equal_means_do_not_differ_by_rounding() -> None:
    found = agreement(scored([[Fraction(a, 7), Fraction(b, 7)] for a, b in [(3, 4), (2, 2), (5, 4)]])).icc

    assert found["jms"] == 0
    assert found["bms"] == pytest.approx(19 / 6 / 49)


def test_few_entries_and_many_values_are_said() -> None:
    found = agreement(scored([[n, n + 1, 20 - n] for n in range(7)]))

    assert codes(found) == ["agreement_rough_p", "agreement_many_values"]


def test_json_has_the_promised_keys() -> None:
    found = agreement(scored(SHROUT)).as_json()

    assert list(found) == [
        "kendall_w",
        "krippendorff_alpha",
        "icc",
        "fleiss_kappa",
        "n_entries",
        "n_judges",
        "notes",
    ]
    assert list(found["kendall_w"]) == ["w", "chi2", "df", "p"]
    assert list(found["krippendorff_alpha"]) == ["nominal", "ordinal", "interval", "ratio"]
    assert set(found["icc"]) == {
        *("icc1_1", "icc2_1", "icc3_1", "icc1_k", "icc2_k", "icc3_k"),
        *("bms", "wms", "jms", "ems"),
    }
    assert (found["n_entries"], found["n_judges"]) == (6, 4)
    assert "krippendorff_interval" in agreement(scored(SHROUT), draws=2).as_json()
    json.dumps(found, allow_nan=False)


def test_a_highest_score_of_zero_is_as_good_as_any() -> None:
    rows = [[-2, 0, -1, None], [0, 0, -2, -2], [-1, None, -1, 0]]

    found = agreement(scored(rows), draws=10)

    shifted = [[None if score is None else score + 5 for score in row] for row in rows]
    for level in ("nominal", "ordinal", "interval"):
        assert found.krippendorff_alpha[level] == pytest.approx(agreement(scored(shifted)).krippendorff_alpha[level])
    json.dumps(found.as_json(), allow_nan=False)


def test_an_interval_of_alpha_does_not_depend_on_names() -> None:
    rng = chance.Random(8)
    rows = [[rng.randint(1, 5) if rng.random() < 0.8 else None for _ in range(4)] for _ in range(12)]
    found = agreement(scored(rows), draws=20)

    rng.shuffle(rows)

    shuffled = agreement(scored(rows), draws=20)
    for level in LEVELS:
        wanted = found.krippendorff_interval[level]
        assert shuffled.krippendorff_interval[level] == pytest.approx(wanted, abs=1e-12)
