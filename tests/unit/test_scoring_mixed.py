"""Random effects: published examples, dense and foreign oracles, boundaries, and what is refused."""

import math
import random
import warnings
from fractions import Fraction

import numpy
import pytest

from contest.scoring import additive
from contest.scoring.cards import Cards, cards
from contest.scoring.mixed import _At, _Sums, mixed
from contest.scoring.refusals import Refused

# Davies & Goldsmith (eds), Statistical Methods in Research and Production, 4th ed. 1972, section 6.6: zones of
# inhibition (mm) of six samples of penicillin (A to F) on each of 24 plates (a to x), plate by plate.
PENICILLIN = (
    "27 23 26 23 23 21  27 23 26 23 23 21  25 21 25 24 24 20  26 23 25 23 23 20  25 22 26 22 23 20  24 22 25 23 22 19 "
    "24 20 23 21 22 19  26 22 26 24 24 21  24 21 24 22 22 20  24 21 24 23 22 19  26 23 26 24 24 21  25 22 26 24 24 20 "
    "26 24 26 24 25 22  26 23 26 23 23 20  26 23 25 24 24 22  25 22 25 23 23 20  25 21 24 23 23 20  25 22 24 23 23 19 "
    "24 21 23 21 21 19  26 23 26 24 24 21  25 21 24 22 22 18  25 22 25 22 22 20  24 21 24 22 24 19  24 21 24 22 21 18"
)
# Shrout & Fleiss 1979, Psychological Bulletin 86:420, table 2: six targets by four judges.
SHROUT_FLEISS = ("9258", "6132", "8468", "7126", "10 5 6 9", "6247")


def penicillin(*, transposed=False):
    values = list(map(int, PENICILLIN.split()))
    plates = [chr(97 + number // 6) for number in range(144)]
    samples = ["ABCDEF"[number % 6] for number in range(144)]
    pairs = zip(samples, plates, strict=True) if transposed else zip(plates, samples, strict=True)
    return cards(dict(zip(pairs, values, strict=True)))


def table(*lines):
    """Cards of a complete table: a line for each entry, its figures being the judges'."""
    rows = [line.split() if " " in line else list(line) for line in lines]
    return cards({(f"e{i}", f"j{j}"): Fraction(v) for i, row in enumerate(rows) for j, v in enumerate(row)})


def made(seed, *, sd_entry=1.0, sd_judge=1.0, sd=1.0, entries=9, judges=5, share=0.7, places=2):
    """An incomplete linked design with more cards than effects."""
    dice = random.Random(seed)
    while True:
        quality = [dice.gauss(0, sd_entry) for _ in range(entries)]
        severity = [dice.gauss(0, sd_judge) for _ in range(judges)]
        found = cards(
            {
                (f"e{i}", f"j{j}"): Fraction(round(10**places * (7 + q + b + dice.gauss(0, sd))), 10**places)
                for i, q in enumerate(quality)
                for j, b in enumerate(severity)
                if dice.random() < share
            }
        )
        try:
            mixed(found)
        except Refused:
            continue
        return found


def dense(given, model):
    """mu, scores ± errors, severities ± errors and the REML deviance by the definitions, with n × n matrices."""
    data = additive.arrays(given)
    n, z, w = len(data.y), numpy.eye(len(data.entries))[data.entry], numpy.eye(len(data.judges))[data.judge]
    v = model["sd_entry"] ** 2 * z @ z.T + model["sd_judge"] ** 2 * w @ w.T + model["sd_residual"] ** 2 * numpy.eye(n)
    inverse, ones = numpy.linalg.inv(v), numpy.ones(n)
    x = ones @ inverse @ ones
    mu = ones @ inverse @ data.y / x
    p = inverse - numpy.outer(inverse @ ones, inverse @ ones) / x
    effects = numpy.hstack([z * model["sd_entry"] ** 2, w * model["sd_judge"] ** 2])
    found = effects.T @ p @ data.y
    prior = numpy.diag([model["sd_entry"] ** 2] * z.shape[1] + [model["sd_judge"] ** 2] * w.shape[1])
    # Prediction errors: Var(u − û), and with that of mu and their covariance for mu + u.
    errors = numpy.diag(prior - effects.T @ p @ effects)
    with_mu = errors + 1 / x - 2 * (effects.T @ inverse @ ones) / x
    k = z.shape[1]
    deviance = (n - 1) * math.log(2 * math.pi) + numpy.linalg.slogdet(v)[1] + math.log(x) + data.y @ p @ data.y
    return mu, mu + found[:k], with_mu[:k].clip(0) ** 0.5, found[k:], errors[k:].clip(0) ** 0.5, deviance


def by_name(result):
    return sorted(result.entries, key=lambda row: row.entry)


# --- published examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("transposed", [False, True])
def test_penicillin_is_what_other_programs_print(transposed):
    # lme4 (Bates 2010, chapter 2): 330.9; sd 0.8467, 1.9316, 0.5499. SPSS: 330.860589. To more digits, with the
    # standard error of mu: tests of MixedModels.jl (JuliaStats), 330.86058899122156; 0.8467056820846379,
    # 1.9315555733321477, 0.5499230109588108; 22.972222222222218.
    found = mixed(penicillin(transposed=transposed))
    plate, sample = ("sd_judge", "sd_entry") if transposed else ("sd_entry", "sd_judge")
    assert found.model["reml"] == pytest.approx(330.86058899122156, abs=1e-8)
    # Theirs are good to the search's tolerance; the balanced closed form below is exact.
    assert found.model[plate] == pytest.approx(0.8467056820846379, abs=3e-6)
    assert found.model[sample] == pytest.approx(1.9315555733321477, abs=3e-6)
    assert found.model["sd_residual"] == pytest.approx(0.5499230109588108, abs=1e-6)
    assert found.model["mu"] == pytest.approx(22.972222222222218, abs=1e-12)
    assert found.model["reml"] <= 330.86058899122156 + 1e-11


def test_the_first_prediction_of_penicillin():
    # MixedModels.jl prints u[1] = 0.523162392717432 for the first plate by maximum likelihood; by the closed form of
    # a balanced design the BLUP is the plate's deviation × 6 sd² / (6 sd² + residual²), and so by REML too.
    found = mixed(penicillin())
    model = found.model
    kept = 6 * model["sd_entry"] ** 2 / (6 * model["sd_entry"] ** 2 + model["sd_residual"] ** 2)
    row = by_name(found)[0]
    assert row.score == pytest.approx(22.972222222222222 + kept * (143 / 6 - 22.972222222222222), abs=1e-10)


def test_shrout_and_fleiss_by_variances():
    # Their table 3: BMS 11.24, JMS 32.49, EMS 1.02; table 4: ICC(2,1) = .29. A balanced REML is the analysis of
    # variance, so that sd_entry² = (BMS − EMS)/4 and sd_judge² = (JMS − EMS)/6.
    model = mixed(table(*SHROUT_FLEISS)).model
    entry, judge, rest = (model[name] ** 2 for name in ("sd_entry", "sd_judge", "sd_residual"))
    assert round(4 * entry + rest, 2) == 11.24
    assert round(6 * judge + rest, 2) == 32.49
    assert round(rest, 2) == 1.02
    assert round(entry / (entry + judge + rest), 2) == 0.29


# --- oracles --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(9, 5, 0.7), (5, 9, 0.6), (4, 4, 0.9), (14, 3, 1.0)])
@pytest.mark.parametrize("seed", range(6))
def test_everything_is_as_dense_matrices_say(seed, shape):
    entries, judges, share = shape
    given = made(seed, entries=entries, judges=judges, share=share, sd_judge=(0, 0.5, 3)[seed % 3])
    found = mixed(given)
    mu, score, score_se, severity, severity_se, deviance = dense(given, found.model)
    rows = by_name(found)
    # The oracle inverts a matrix whose condition the variances make: hence not the last digits.
    close = {"rel": 1e-9, "abs": 1e-7}
    assert found.model["mu"] == pytest.approx(mu, **close)
    assert found.model["reml"] == pytest.approx(deviance, abs=1e-8)
    assert [row.score for row in rows] == pytest.approx(score, **close)
    assert [row.se for row in rows] == pytest.approx(score_se, **close)
    assert [row.severity for row in found.judges] == pytest.approx(severity, **close)
    assert [row.se for row in found.judges] == pytest.approx(severity_se, **close)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_variances_have_a_smaller_deviance(seed):
    from scipy.optimize import minimize

    given = made(100 + seed, sd_entry=(0, 0.3, 2)[seed % 3], sd_judge=(0.3, 0, 2)[seed // 3])
    found = mixed(given)

    def deviance(sds):
        names = ("sd_entry", "sd_judge", "sd_residual")
        return dense(given, dict(zip(names, (*sds[:2], abs(sds[2]) + 1e-3), strict=True)))[-1]

    least = min(
        minimize(deviance, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}).fun
        for start in ([1, 1, 1], [0.1, 1, 1], [1, 0.1, 1])
    )
    assert found.model["reml"] <= least + 1e-9
    assert found.model["reml"] == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_statsmodels_finds_the_same(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

        given = made(200 + seed, entries=12, judges=5, sd=0.5)
        data = additive.arrays(given)
        n, entries, judges = len(data.y), len(data.entries), len(data.judges)
        names = [[f"{kind}{k}" for k in range(size)] for kind, size in (("entry", entries), ("judge", judges))]
        parts = [numpy.eye(entries)[data.entry], numpy.eye(judges)[data.judge]]
        spec = VCSpec(["entry", "judge"], [[part] for part in names], [[part] for part in parts])
        model = MixedLM(data.y, numpy.ones((n, 1)), groups=numpy.zeros(n), exog_vc=spec)
        fitted = model.fit(reml=True, method="lbfgs", gtol=1e-8)
    found = mixed(given).model
    assert found["mu"] == pytest.approx(fitted.fe_params[0], abs=1e-4)
    assert found["sd_entry"] == pytest.approx(math.sqrt(fitted.vcomp[0]), rel=2e-4)
    assert found["sd_judge"] == pytest.approx(math.sqrt(fitted.vcomp[1]), rel=2e-4)
    assert found["sd_residual"] == pytest.approx(math.sqrt(fitted.scale), rel=2e-4)


@pytest.mark.parametrize("ratios", [(0.3, 2.0), (5.0, 0.0), (0.0, 0.4), (0.0, 0.0)])
@pytest.mark.parametrize("judges", [4, 12])
def test_slope_and_curvature_are_those_of_the_deviance(ratios, judges):
    # Without them the search would still arrive, but slowly.
    data = additive.arrays(made(7, entries=8, judges=judges))
    sums = _Sums(additive.fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges)))
    slope, curve = _At(sums, ratios).derivatives()
    step = 1e-5
    for way in range(2):
        # Forwards, since a ratio cannot be below 0; of the second order.
        away = [_At(sums, tuple(r + k * step * (at == way) for at, r in enumerate(ratios))) for k in range(3)]
        seen = (4 * away[1].deviance - 3 * away[0].deviance - away[2].deviance) / (2 * step)
        assert slope[way] == pytest.approx(seen, rel=1e-4, abs=1e-4)
        slopes = [one.derivatives()[0] for one in away]
        bent = (4 * slopes[1] - 3 * slopes[0] - slopes[2]) / (2 * step)
        assert list(curve[way]) == pytest.approx(list(bent), rel=1e-4, abs=1e-3)


# --- boundaries -----------------------------------------------------------------------------------------------


def test_judges_that_do_not_differ_have_no_variance():
    # Each judge's scores sum to the same: less severity than chance would give.
    found = mixed(table("135", "351", "513", "246", "462", "624"))
    assert found.model["sd_judge"] == 0
    assert [row.severity for row in found.judges] == [0, 0, 0]
    assert [row.se for row in found.judges] == [0, 0, 0]
    codes = [one.code for one in found.warnings]
    assert "little_severity" in codes or "entries_alike" in codes


def test_entries_that_do_not_differ_share_the_first_rank():
    found = mixed(table("136", "316", "163", "253", "432", "523"))
    assert found.model["sd_entry"] == 0
    assert {row.score for row in found.entries} == {found.model["mu"]}
    assert {row.rank for row in found.entries} == {1}
    assert "entries_alike" in [one.code for one in found.warnings]


def test_all_scores_equal_is_a_tie_and_no_failure():
    found = mixed(table("777", "777"))
    assert [(row.entry, row.score, row.rank, row.tied_with, row.se) for row in found.entries] == [
        ("e0", 7.0, 1, ("e1",), 0.0),
        ("e1", 7.0, 1, ("e0",), 0.0),
    ]
    assert found.model == {"mu": 7.0, "sd_entry": 0.0, "sd_judge": 0.0, "sd_residual": 0.0, "reml": None}
    assert [one.code for one in found.warnings] == ["all_equal"]


def test_a_variance_far_above_chance_is_found():
    given = made(3, sd_entry=1000, sd=0.01, entries=20, places=6)
    found = mixed(given)
    assert found.model["reml"] == pytest.approx(dense(given, found.model)[-1], rel=1e-4)
    assert found.model["sd_residual"] < 0.02 < 300 < found.model["sd_entry"]


@pytest.mark.parametrize(
    "given, code",
    [
        (cards({}), "no_scores"),
        (cards({("a", "x"): 1, ("b", "y"): 2}), "disconnected"),
        (cards({("a", "x"): 1, ("b", "x"): 2, ("c", "x"): 3}), "no_residual"),
        (cards({("a", "x"): 1, ("a", "y"): 2}), "no_residual"),
        (table("12", "23", "34"), "exact_fit"),
        (table("11", "22", "34").only([0, 1]), "exact_fit"),
    ],
)
def test_what_cannot_be_is_refused(given, code):
    with pytest.raises(Refused) as refused:
        mixed(given)
    assert refused.value.code == code


def test_two_large_sides_are_refused(monkeypatch):
    narrow, wide = made(1, entries=9, judges=4), made(1, entries=9, judges=5)
    monkeypatch.setattr("contest.scoring.mixed._LARGEST", 4)
    assert mixed(narrow).model["sd_residual"] > 0
    with pytest.raises(Refused, match=r"9 entries and 5 judges are too many.* at most 4"):
        mixed(wide)


def test_many_sizes_of_juries_need_little_memory(monkeypatch):
    given = made(5, entries=15, judges=6)
    kept = mixed(given)
    monkeypatch.setattr("contest.scoring.mixed._KEPT", 0)
    again = mixed(given)
    assert [row.score for row in again.entries] == pytest.approx([row.score for row in kept.entries], abs=1e-12)
    assert again.model == pytest.approx(kept.model, abs=1e-10)


# --- invariance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_names_units_and_order_do_not_matter(seed):
    given = made(300 + seed, entries=10, judges=4)
    found = {row.entry: row for row in mixed(given).entries}
    dice = random.Random(seed)
    names = [f"e{number}" for number in range(10)]
    new = dict(zip(names, dice.sample(names, 10), strict=True))
    people = {f"j{number}": f"k{9 - number}" for number in range(4)}
    other = mixed(
        cards(
            {
                (new[given.entries[entry]], people[given.judges[judge]]): 3 * given.score(card) - 100
                for card, (entry, judge) in enumerate(zip(given.entry, given.judge, strict=True))
            }
        )
    )
    changed = {row.entry: row for row in other.entries}
    for name, row in found.items():
        twin = changed[new[name]]
        assert (twin.rank, set(twin.tied_with)) == (row.rank, {new[one] for one in row.tied_with})
        assert twin.score == pytest.approx(3 * row.score - 100, abs=1e-8)
        assert twin.se == pytest.approx(3 * row.se, abs=1e-8)


def test_the_same_scores_by_the_same_judges_are_a_tie():
    given = {
        (f"e{i}", f"j{j}"): score
        for i, row in enumerate(["9897", "3241", "9897", "6574"])
        for j, score in enumerate(map(int, row))
    }
    ranks = {row.entry: (row.rank, row.tied_with) for row in mixed(cards(given)).entries}
    assert ranks["e0"][1] == ("e2",)
    assert ranks["e0"][0] == ranks["e2"][0]


def test_an_entry_with_few_judges_has_a_score_and_no_rank():
    given = cards(
        {**{(f"e{i}", f"j{j}"): 2 * i + j % 2 + i * j % 3 for i in range(4) for j in range(4)}, ("e9", "j0"): 9},
        entries=["none"],
    )
    found = mixed(given, min_judges=2)
    unranked = {row.entry: row for row in found.entries if row.rank is None}
    assert [row.entry for row in found.entries[-2:]] == ["e9", "none"]
    assert set(unranked) == {"e9", "none"}
    assert unranked["e9"].score is not None and unranked["e9"].n_judges == 1
    assert (unranked["none"].score, unranked["none"].se, unranked["none"].n_judges) == (None, None, 0)
    assert sorted(row.rank for row in found.entries if row.rank) == [1, 2, 3, 4]
    # Fewer judges, more doubt.
    assert unranked["e9"].se > max(row.se for row in found.entries if row.rank)
    assert found.params == {"min_judges": 2}


# --- notes ----------------------------------------------------------------------------------------------------


def panels(*, shift, linked, severity=0.7, seed=1):
    """60 entries, 12 judges in three panels of shifted quality, four judges an entry, some entries before all."""
    dice = numpy.random.Generator(numpy.random.PCG64(seed))
    harsh = dice.normal(0, severity, 12)
    rows = []
    for entry in range(60):
        panel = entry % 3
        among = numpy.arange(12) if entry < linked else numpy.arange(12)[numpy.arange(12) % 3 == panel]
        quality = dice.normal(0, 1) + shift * (panel - 1)
        rows += [
            (entry, int(judge), quality + harsh[judge] + dice.normal(0, 0.8))
            for judge in sorted(dice.choice(among, 4, replace=False))
        ]
    return Cards(
        tuple(f"e{entry:02}" for entry in range(60)),
        tuple(f"j{judge:02}" for judge in range(12)),
        [row[0] for row in rows],
        [row[1] for row in rows],
        [round(1000 * row[2]) for row in rows],
        1000,
    )


def codes(given):
    return {one.code for one in mixed(given).warnings}


def test_panels_of_unequal_quality_are_noticed_and_others_are_not():
    assert all("judges_saw_different_entries" in codes(panels(shift=1.5, linked=12, seed=seed)) for seed in range(10))
    assert (
        sum("judges_saw_different_entries" in codes(panels(shift=0, linked=60, seed=seed)) for seed in range(40)) <= 1
    )


def test_little_severity_is_noticed_and_much_is_not():
    assert all("little_severity" in codes(panels(shift=0, linked=60, severity=0, seed=seed)) for seed in range(10))
    assert not any(
        "little_severity" in codes(panels(shift=0, linked=60, severity=1.5, seed=seed)) for seed in range(10)
    )
    # More judges than entries: the other side is eliminated, the question is the same.
    assert "little_severity" in codes(made(1, entries=5, judges=12, sd_judge=0, sd_entry=3))


def test_few_judges_are_noticed():
    assert "few_judges" in codes(table("135", "359", "518"))
    assert "few_judges" not in codes(table("13529", "35901", "51849"))
