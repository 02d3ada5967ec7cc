"""The additive model: published blocks, least squares by other means, relabelling, and bad input."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from typing import Any

import numpy
import pytest
from scipy.sparse import csr_matrix

from contest.scoring import additive as model
from contest.scoring import linked
from contest.scoring.additive import Fit, additive, arrays, fit
from contest.scoring.cards import Cards, cards
from contest.scoring.methods import METHODS
from contest.scoring.outcome import EntryRow, JudgeRow, Result, as_json
from contest.scoring.refusals import Refused

# D. C. Montgomery, Design and Analysis of Experiments (8th ed. 2012), example 4.1 (vascular grafts): percentage of
# tubes without flicks, by pressure (entry) and batch of resin (judge).
GRAFTS = {
    "8500": "90.3 89.2 98.2 93.9 87.4 97.9",
    "8700": "92.5 89.5 90.6 94.7 87.0 95.8",
    "8900": "85.5 90.8 89.6 86.2 88.0 93.4",
    "9100": "82.5 89.5 85.6 87.4 78.9 90.7",
}
# The same book, example 4.5 (section 4.4.1): a balanced incomplete block, catalysts (entries) by batches (judges).
CATALYSTS = {"1": "73 74 - 71", "2": "- 75 67 72", "3": "73 75 68 -", "4": "75 - 72 75"}


def table(rows: dict[str, str]) -> Cards:
    return cards(
        {
            (entry, f"batch {number}"): Fraction(value)
            for entry, line in rows.items()
            for number, value in enumerate(line.split(), 1)
            if value != "-"
        }
    )


def design(seed: int, entries: int, judges: int, most: int) -> dict[tuple[str, str], Fraction]:
    """A contest in which each entry has from one to `most` judges, and all are linked."""
    random = numpy.random.default_rng(seed)
    while True:
        found = {}
        for entry in range(entries):
            for judge in random.choice(judges, random.integers(1, most + 1), replace=False).tolist():
                value = Fraction(round(2 * random.normal(6 + entry % 5, 2)), 2)
                found[f"e{entry:03}", f"j{judge:03}"] = value
        if len(linked.components(cards(found))) == 1:
            return found


def fitted(given: Cards) -> Fit:
    data = arrays(given)
    return fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))


def by_entry(result: Result) -> dict[str, EntryRow]:
    return {row.entry: row for row in result.entries}


def by_judge(result: Result) -> dict[str, JudgeRow]:
    return {row.judge: row for row in result.judges}


def codes(result: Result) -> list[str]:
    return [note.code for note in result.warnings]


def dummies(given: Cards) -> numpy.ndarray[Any, Any]:
    """Effect coding: a constant, entries and judges each less their last, which is minus all others."""
    data = arrays(given)

    def side(of: Any, n: int) -> numpy.ndarray[Any, Any]:
        codes = numpy.vstack([numpy.eye(n - 1), -numpy.ones(n - 1)])
        return codes[of]

    return numpy.hstack(
        [numpy.ones((len(given), 1)), side(data.entry, len(data.entries)), side(data.judge, len(data.judges))]
    )


# Published figures --------------------------------------------------------------------------------


def test_a_randomised_block_as_it_is_printed() -> None:
    found = additive(table(GRAFTS))

    assert {name: f"{row.score:.2f}" for name, row in by_entry(found).items()} == {
        "8500": "92.82",
        "8700": "91.68",
        "8900": "88.92",
        "9100": "85.77",
    }
    # "Std. Dev. 2.71", residual 15 degrees of freedom, 109.89 = SSE, standard error of each mean 1.10 (or 1.11).
    assert (f"{found.model['sigma']:.2f}", found.model["df"]) == ("2.71", 15)
    assert f"{found.model['sigma'] ** 2 * 15:.2f}" == "109.89"
    assert {f"{row.se:.3f}" for row in found.entries} == {"1.105"}
    # SS of treatments 178.17 and of blocks 192.25 are those of the effects.
    assert f"{sum((row.score - found.model['mu']) ** 2 for row in found.entries) * 6:.2f}" == "178.17"
    assert f"{sum(row.severity**2 for row in found.judges) * 4:.2f}" == "192.25"
    assert f"{found.model['r2']:.4f}" == f"{1 - 109.89 / 480.31:.4f}"
    assert codes(found) == []


def test_a_balanced_incomplete_block_as_it_is_printed() -> None:
    found = additive(table(CATALYSTS))
    row = by_entry(found)

    # "Least squares means: 71.38, 71.63, 72.00, 75.00", each with standard error 0.4868; MSE 0.65 with 5 df.
    assert [f"{row[name].score:.3f}" for name in "1234"] == ["71.375", "71.625", "72.000", "75.000"]
    assert {f"{one.se:.4f}" for one in found.entries} == {"0.4868"}
    assert f"{found.model['sigma'] ** 2:.2f}" == "0.65"
    assert found.model["df"] == 5
    assert [one.entry for one in found.entries] == ["4", "3", "2", "1"]
    assert codes(found) == ["few_spare_scores"]
    assert "left over to measure chance: 5. With so few" in str(found.warnings[0])


# The same by other means --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "entries", "judges", "most"),
    [
        (1, 40, 7, 5),
        (2, 7, 40, 3),
        (3, 12, 12, 4),
        (4, 60, 5, 5),
        (5, 3, 9, 9),
        (6, 2, 2, 2),
        (7, 25, 6, 2),
        (8, 60, 30, 6),
    ],
)
def test_agrees_with_least_squares_on_dummies(seed: int, entries: int, judges: int, most: int) -> None:
    given = cards(design(seed, entries, judges, most))
    data, found = arrays(given), fitted(given)
    n, m = len(data.entries), len(data.judges)
    x = dummies(given)

    solved, _, rank, _ = numpy.linalg.lstsq(x, data.y)
    assert rank == n + m - 1
    inverse = numpy.linalg.inv(x.T @ x)
    of_score = numpy.zeros((n, x.shape[1]))
    of_score[:, 0] = 1
    of_score[:, 1:n] = numpy.vstack([numpy.eye(n - 1), -numpy.ones(n - 1)])
    of_judge = numpy.zeros((m, x.shape[1]))
    of_judge[:, n:] = numpy.vstack([numpy.eye(m - 1), -numpy.ones(m - 1)])
    residual = data.y - x @ solved

    assert found.kept == ("judge" if m <= n else "entry")
    assert found.df == len(data.y) - rank
    numpy.testing.assert_allclose(found.score, of_score @ solved, atol=1e-9)
    numpy.testing.assert_allclose(found.severity, of_judge @ solved, atol=1e-9)
    assert found.mu == pytest.approx(solved[0], abs=1e-9)
    numpy.testing.assert_allclose(found.unit_variances[0], numpy.diag(of_score @ inverse @ of_score.T), atol=1e-9)
    numpy.testing.assert_allclose(found.unit_variances[1], numpy.diag(of_judge @ inverse @ of_judge.T), atol=1e-9)
    numpy.testing.assert_allclose(found.leverage, numpy.diag(x @ inverse @ x.T), atol=1e-9)
    numpy.testing.assert_allclose(found.residual, residual, atol=1e-9)
    if found.df:
        assert found.sigma == pytest.approx(numpy.sqrt(residual @ residual / found.df), abs=1e-9)


def test_agrees_with_statsmodels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.api import OLS

        given = cards(design(11, 30, 6, 4))
        reference = OLS(arrays(given).y, dummies(given)).fit()
    found = additive(given)
    row, judge = by_entry(found), by_judge(found)

    first = given.entries[:-1]
    of_scores = numpy.hstack([numpy.ones((len(first), 1)), numpy.eye(len(first), len(reference.params) - 1)])
    test = reference.t_test(of_scores)
    numpy.testing.assert_allclose([row[name].score for name in first], test.effect, atol=1e-9)
    numpy.testing.assert_allclose([row[name].se for name in first], numpy.ravel(test.sd), atol=1e-9)
    for place, name in enumerate(given.judges[:-1], len(given.entries)):
        assert judge[name].severity == pytest.approx(reference.params[place], abs=1e-9)
        assert judge[name].se == pytest.approx(reference.bse[place], abs=1e-9)
    assert found.model["mu"] == pytest.approx(reference.params[0], abs=1e-9)
    assert found.model["r2"] == pytest.approx(reference.rsquared, abs=1e-9)
    assert found.model["sigma"] == pytest.approx(numpy.sqrt(reference.mse_resid), abs=1e-9)
    assert found.model["df"] == reference.df_resid


def test_small_portions_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    given = cards(design(21, 40, 12, 6))
    whole = fitted(given)
    expected = whole.score, whole.unit_variances, whole.leverage
    monkeypatch.setattr(model, "_AT_ONCE", 20)
    parts = fitted(given)

    numpy.testing.assert_allclose(parts.score, expected[0], atol=1e-12)
    numpy.testing.assert_allclose(parts.unit_variances[0], expected[1][0], atol=1e-12)
    numpy.testing.assert_allclose(parts.leverage, expected[2], atol=1e-12)


def test_shared_cards_are_counted_as_the_product_of_the_table() -> None:
    found = fitted(cards(design(22, 30, 12, 5))).design
    held = csr_matrix((numpy.ones(len(found.outer)), (found.outer, found.inner))).toarray()

    for block in found.blocks:
        numpy.testing.assert_array_equal(found.together(block), held[block.members].T @ held[block.members])
    assert sum(block.inner.size for block in found.blocks) == len(found.outer)


# Order and names ----------------------------------------------------------------------------------


def test_cards_in_any_order_are_the_same_fit() -> None:
    given = cards(design(31, 30, 7, 4))
    data, found = arrays(given), fitted(given)
    order = numpy.random.default_rng(0).permutation(len(data.y))

    mixed = fit(data.entry[order], data.judge[order], data.y[order], len(data.entries), len(data.judges))

    numpy.testing.assert_allclose(mixed.score, found.score, atol=1e-12)
    numpy.testing.assert_allclose(mixed.severity, found.severity, atol=1e-12)
    numpy.testing.assert_allclose(mixed.unit_variances[0], found.unit_variances[0], atol=1e-12)
    numpy.testing.assert_allclose(mixed.leverage, found.leverage[order], atol=1e-12)


def test_names_do_not_matter() -> None:
    scores = design(32, 25, 6, 4)
    random = numpy.random.default_rng(1)
    old = sorted({entry for entry, _ in scores}), sorted({judge for _, judge in scores})
    entry_name = dict(zip(old[0], random.permutation(old[0]).tolist(), strict=True))
    judge_name = dict(zip(old[1], random.permutation(old[1]).tolist(), strict=True))
    one = additive(cards(scores), draws=200, seed=5)
    other = additive(
        cards({(entry_name[entry], judge_name[judge]): score for (entry, judge), score in scores.items()}),
        draws=200,
        seed=5,
    )

    renamed = by_entry(other)
    for name, row in by_entry(one).items():
        found = renamed[entry_name[name]]
        assert found.score == pytest.approx(row.score, abs=1e-12)
        assert found.se == pytest.approx(row.se, abs=1e-12)
        assert (found.rank, found.n_judges, dict(found.extra)) == (row.rank, row.n_judges, dict(row.extra))
        assert set(found.tied_with) == {entry_name[tied] for tied in row.tied_with}
    for name, judge in by_judge(one).items():
        assert by_judge(other)[judge_name[name]].severity == pytest.approx(judge.severity, abs=1e-12)


def test_scores_follow_the_scale() -> None:
    scores = design(33, 20, 5, 4)
    one = additive(cards(scores))
    other = additive(cards({key: score * 1000 + 10**6 for key, score in scores.items()}))

    for row, wider in zip(one.entries, other.entries, strict=True):
        assert (wider.entry, wider.rank) == (row.entry, row.rank)
        assert wider.score == pytest.approx(row.score * 1000 + 10**6, rel=1e-12)
        assert wider.se == pytest.approx(row.se * 1000, rel=1e-9)


def test_a_lenient_judge_moves_only_the_own_severity() -> None:
    scores = design(34, 20, 5, 4)
    one, other = additive(cards(scores)), additive(cards({k: v + 5 * (k[1] == "j002") for k, v in scores.items()}))

    assert by_judge(other)["j002"].severity - by_judge(one)["j002"].severity == pytest.approx(5 * 4 / 5)
    # All scores rise by the fifth of the judges' sum, so that the ranking stays.
    assert [row.rank for row in other.entries] == [row.rank for row in one.entries]
    for row, moved in zip(one.entries, other.entries, strict=True):
        assert (moved.entry, moved.score) == (row.entry, pytest.approx(row.score + 1))


def test_a_complete_design_is_ranked_as_by_the_mean() -> None:
    found = additive(cards({(entry, judge): ord(entry) * 7 % 5 + int(judge) for entry in "abcde" for judge in "123"}))

    # The scores differ by judge only in severity: the model fits exactly, and nothing is left to chance.
    assert found.model["sigma"] == 0
    assert {row.se for row in found.entries} == {0}
    assert found.model["r2"] == pytest.approx(1)
    assert [f"{row.score:.6f}" for row in found.entries] == sorted(
        (f"{ord(entry) * 7 % 5 + 2:.6f}" for entry in "abcde"), reverse=True
    )


# What cannot be said ------------------------------------------------------------------------------


def test_panels_that_share_no_entry_are_refused() -> None:
    with pytest.raises(Refused) as caught:
        additive(cards({("a", "1"): 1, ("b", "1"): 2, ("c", "2"): 3, ("d", "2"): 4}))

    assert caught.value.code == "disconnected"
    assert caught.value.facts["groups"] == 2
    assert "let one judge score an entry of each" in str(caught.value)


def test_no_score_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="no score") as caught:
        additive(cards({}, entries=["a"]))
    assert caught.value.code == "no_scores"


def test_too_many_on_both_sides_are_refused_before_any_work() -> None:
    n = model.LARGEST + 1
    numbers = numpy.arange(n)
    with pytest.raises(Refused, match="at most 5000") as caught:
        fit(numbers, numbers, numbers.astype(float), n, n)
    assert (caught.value.code, caught.value.facts) == (
        "too_large",
        {"entries": n, "judges": n, "most": model.LARGEST},
    )


def test_one_judge_is_taken_as_is_without_errors() -> None:
    found = additive(cards({("a", "1"): 3, ("b", "1"): 5, ("c", "1"): 5}))

    assert [(row.entry, row.score, row.rank, row.se) for row in found.entries] == [
        ("b", 5.0, 1, None),
        ("c", 5.0, 1, None),
        ("a", 3.0, 3, None),
    ]
    assert found.judges == (JudgeRow("1", 0.0, None, pytest.approx(2 / 3**0.5), 3),)
    assert codes(found) == ["one_judge", "no_spare_scores"]
    assert found.model["sigma"] is None
    assert found.model["df"] == 0


def test_one_card_is_its_own_result() -> None:
    found = additive(cards({("a", "1"): 3}), draws=10)

    assert found.entries == (EntryRow("a", 3.0, 1, (), 1),)
    assert found.judges == (JudgeRow("1", 0.0, None, None, 1),)
    assert codes(found) == ["one_judge", "no_spare_scores", "no_intervals"]


def test_one_entry_has_its_mean_and_no_error() -> None:
    found = additive(cards({("a", "1"): 3, ("a", "2"): 5}), draws=10)

    assert (found.entries[0].score, found.entries[0].rank, found.entries[0].se) == (4.0, 1, None)
    assert [row.severity for row in found.judges] == [-1.0, 1.0]
    assert codes(found) == ["no_spare_scores", "no_intervals"]
    assert "rank_low" not in found.entries[0].extra


def test_equal_scores_share_the_first_rank() -> None:
    found = additive(cards({(entry, judge): Fraction(33, 10) for entry in "abc" for judge in "12"}), draws=10)

    assert [(row.rank, row.score, row.se) for row in found.entries] == [(1, pytest.approx(3.3), 0.0)] * 3
    assert found.entries[0].tied_with == ("b", "c")
    assert {tuple(row.extra.values()) for row in found.entries} == {(1, 1, 1.0, 1.0)}
    assert codes(found) == ["all_equal", "few_spare_scores"]
    assert found.model["r2"] is None
    assert [(row.severity, row.sd) for row in found.judges] == [(0.0, 0.0), (0.0, 0.0)]


def test_entries_with_few_judges_inform_the_fit_and_have_no_rank() -> None:
    scores = {("a", "1"): 4, ("a", "2"): 6, ("b", "1"): 5, ("b", "2"): 8, ("c", "2"): 9}
    given = cards(scores, entries=["d"], judges=["3"])
    found = additive(given, min_judges=2, draws=50)
    free = additive(given)

    assert [(row.entry, row.rank, row.n_judges) for row in found.entries] == [
        ("b", 1, 2),
        ("a", 2, 2),
        ("c", None, 1),
        ("d", None, 0),
    ]
    row = by_entry(found)
    assert row["c"].score == by_entry(free)["c"].score is not None
    assert by_entry(free)["c"].rank == 1
    assert row["c"].se == by_entry(free)["c"].se is not None
    assert (row["d"].score, row["d"].se) == (None, None)
    assert dict(row["c"].extra) == {}
    assert set(row["b"].extra) == {"rank_low", "rank_high", "p_first", "p_top"}
    assert row["b"].extra["p_first"] + row["a"].extra["p_first"] == pytest.approx(1)
    assert [judge.judge for judge in found.judges] == ["1", "2"]
    assert "too_few_judges" in codes(found)
    assert found.components == (("a", "b", "c"),)


def test_nobody_has_enough_judges() -> None:
    found = additive(cards({("a", "1"): 4, ("b", "1"): 5}), min_judges=3, draws=10)

    assert [(row.entry, row.rank) for row in found.entries] == [("a", None), ("b", None)]


def test_a_judge_with_one_card_is_named() -> None:
    scores = design(41, 20, 4, 3) | {("e000", "new"): Fraction(1000)}
    without, found = additive(cards(design(41, 20, 4, 3))), additive(cards(scores))

    assert "judges_with_one_card" in codes(found)
    note = next(note for note in found.warnings if note.code == "judges_with_one_card")
    assert note.facts == {"n": 1, "judges": "new"}
    # The card says nothing about its entry: differences between entries stay as they were.
    first, second = by_entry(without), by_entry(found)
    assert second["e000"].score - second["e001"].score == pytest.approx(first["e000"].score - first["e001"].score)
    assert found.model["df"] == without.model["df"]


def test_huge_units_are_as_exact_as_small_ones() -> None:
    scores = design(42, 15, 4, 3)
    whole = cards(scores)
    fine = Cards(
        whole.entries,
        whole.judges,
        whole.entry,
        whole.judge,
        [total * 10**30 for total in whole.total],
        whole.unit * 10**30,
    )

    assert additive(fine).entries == additive(whole).entries


# As it is registered and printed ------------------------------------------------------------------


def test_runs_by_its_name_and_prints_its_options() -> None:
    given = cards(design(51, 12, 4, 3))
    method = METHODS["additive"]
    found = method.run(given, method.parsed({"draws": "100", "seed": "7", "level": "0.9", "top": "2"}))

    assert dict(found.params) == {"min_judges": 1, "draws": 100, "seed": 7, "level": "0.9", "top": 2}
    printed = as_json(found, engine_version="2", input_sha256="0", n_entries=12, n_judges=4, n_scorecards=len(given))
    assert set(printed["model"]) >= {"sigma", "df", "components"}
    assert printed["model"]["components"] == 1
    first = json.loads(json.dumps(printed, allow_nan=False))["entries"][0]
    assert 1 <= first["rank_low"] <= first["rank_high"] <= 12
    assert 0 <= first["p_first"] <= first["p_top"] <= 1
