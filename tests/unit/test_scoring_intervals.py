"""Rank intervals and ties within error: against draws and tests made the long way, and against the truth."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy
import pytest
from scipy.special import stdtrit

from contest.scoring import intervals as module
from contest.scoring import linked
from contest.scoring.additive import Fit, additive, arrays, fit
from contest.scoring.cards import Cards, cards
from contest.scoring.intervals import RankIntervals, rank_intervals, tied_within
from contest.scoring.refusals import Refused


def made(
    seed: int, entries: int, judges: int, each: int, *, quality: float = 1.5
) -> tuple[Cards, numpy.ndarray[Any, Any]]:
    """A contest whose judges link all entries, and the true qualities."""
    random = numpy.random.default_rng(seed)
    while True:
        truth = random.normal(0, quality, entries)
        severity = random.normal(0, 0.7, judges)
        found = {
            (f"e{entry:03}", f"j{judge:03}"): Fraction(round(4 * (truth[entry] + severity[judge] + random.normal())), 4)
            for entry in range(entries)
            for judge in random.choice(judges, each, replace=False).tolist()
        }
        if len(linked.components(given := cards(found))) == 1:
            return given, truth


def fitted(given: Cards) -> Fit:
    data = arrays(given)
    return fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))


def placed(found: Fit) -> numpy.ndarray[Any, Any]:
    """Ranks 1224 by score, equal ones told from rounding."""
    near = numpy.round(found.score, 9)
    return 1 + (near[None, :] > near[:, None]).sum(axis=1)


def everything(found: Fit, **options: Any) -> RankIntervals:
    return rank_intervals(found, numpy.arange(len(found.score)), placed(found), **options)


def covariance(found: Fit) -> numpy.ndarray[Any, Any]:
    """Of the differences between scores, in units of sigma²: least squares on dummies, without the mean's part."""
    n, m = len(found.score), len(found.severity)
    x = numpy.zeros((len(found.y), n + m))
    x[numpy.arange(len(x)), found.entry] = 1
    x[numpy.arange(len(x)), n + found.judge] = 1
    centre = numpy.eye(n) - 1 / n
    return centre @ numpy.linalg.pinv(x.T @ x)[:n, :n] @ centre


@pytest.mark.parametrize(("entries", "judges", "each"), [(25, 6, 3), (6, 25, 5)])
def test_draws_have_the_covariance_of_the_fit(entries: int, judges: int, each: int) -> None:
    found = fitted(made(1, entries, judges, each)[0])
    draws = numpy.vstack(list(module._drawn(found, numpy.arange(entries), 40_000, 3)))
    draws -= draws.mean(axis=1, keepdims=True)

    expected = covariance(found) * found.sigma**2 * found.df / (found.df - 2)
    assert numpy.abs(numpy.cov(draws.T) - expected).max() < 0.04 * expected.max()
    # Around the estimates, drawn together by one factor for all.
    centre = found.score - found.score.mean()
    error, spread = found.sigma**2 * numpy.trace(covariance(found)), (centre**2).sum()
    share = 1 - (entries - 3) / (entries - 1) * error / spread
    assert 0 < share < 1
    numpy.testing.assert_allclose(draws.mean(axis=0), numpy.sqrt(share) * centre, atol=0.03 * found.sigma)


def test_intervals_are_the_quantiles_of_the_ranks() -> None:
    found = fitted(made(2, 20, 6, 3)[0])
    draws = numpy.vstack(list(module._drawn(found, numpy.arange(20), 500, 9)))
    ranks = 1 + (draws[:, None, :] > draws[:, :, None]).sum(axis=2)
    result = everything(found, draws=500, seed=9, level=0.9, top=4)

    for entry in range(20):
        own = ranks[:, entry]
        possible = numpy.arange(1, 21)
        below = numpy.array([(own < rank).sum() + (own == rank).sum() / 2 for rank in possible])
        above = numpy.array([(own > rank).sum() + (own == rank).sum() / 2 for rank in possible])
        present = numpy.isin(possible, own)
        low, high = possible[present & (below >= 25)].min(), possible[present & (above >= 25)].max()
        # A rank that no draw had may be an end, next to the last one left out.
        assert result.low[entry] <= low <= high <= result.high[entry]
        assert not present[result.low[entry] - 1 : low - 1].any()
        assert not present[high : result.high[entry]].any()
        assert result.p_first[entry] == (own == 1).mean()
        assert result.p_top[entry] == (own <= 4).mean()
    assert result.p_first.sum() == pytest.approx(1)
    assert result.p_top.sum() == pytest.approx(4)


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    found = fitted(made(3, 40, 8, 3)[0])
    one, same, other = (everything(found, draws=300, seed=seed) for seed in (1, 1, 2))

    assert one.rows() == same.rows()
    assert one.rows() != other.rows()
    assert (one.draws, one.seed, one.level, one.top) == (300, 1, 0.95, 3)
    assert numpy.abs(one.p_first - other.p_first).max() < 0.15


@pytest.mark.parametrize(("entries", "judges", "each"), [(40, 8, 3), (8, 40, 6)])
def test_portions_change_no_distribution(entries: int, judges: int, each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted(made(4, entries, judges, each)[0])
    whole, tied = everything(found, draws=4_000), tied_within(found, numpy.arange(entries), placed(found))
    monkeypatch.setattr(module, "_AT_ONCE", 100 * entries)
    parts, again = everything(found, draws=4_000), tied_within(found, numpy.arange(entries), placed(found))

    assert numpy.abs(whole.low - parts.low).max() <= 2
    assert numpy.abs(whole.p_top - parts.p_top).max() < 0.04
    assert (tied.best.tolist(), tied.worst.tolist()) == (again.best.tolist(), again.worst.tolist())


def test_only_the_entries_asked_about_are_ranked() -> None:
    found = fitted(made(5, 30, 6, 4)[0])
    chosen = numpy.array([20, 3, 11])
    ranks = 1 + numpy.argsort(numpy.argsort(-found.score[chosen]))
    result = rank_intervals(found, chosen, ranks, draws=200, top=2)

    assert result.high.max() <= 3
    assert result.p_first.sum() == pytest.approx(1)
    assert result.p_top.sum() == pytest.approx(2)
    best = int(numpy.argmin(ranks))
    assert result.p_first[best] == result.p_first.max()


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # benchmarks/scoring_coverage.py has the exact figures.
    held = []
    for seed in range(30):
        given, truth = made(100 + seed, 40, 8, 4, quality=1.0)
        result = everything(fitted(given), draws=400, seed=seed)
        rank = 1 + numpy.argsort(numpy.argsort(-truth))
        held.append(((result.low <= rank) & (rank <= result.high)).mean())

    assert 0.92 < numpy.mean(held) < 0.98


def test_without_any_quality_every_rank_is_possible() -> None:
    found = fitted(made(6, 30, 6, 3, quality=0.0)[0])
    result = everything(found, draws=1_000)

    assert (result.high - result.low).min() > 10


def test_a_clear_winner_is_sure_of_the_first_rank() -> None:
    given, _ = made(7, 20, 6, 4)
    best = given.entry.index(7)
    totals = [
        total + 1_000 * (entry == given.entry[best]) for entry, total in zip(given.entry, given.total, strict=True)
    ]
    found = additive(Cards(given.entries, given.judges, given.entry, given.judge, totals, given.unit), draws=200)

    assert (found.entries[0].entry, dict(found.entries[0].extra)) == (
        "e007",
        {"rank_low": 1, "rank_high": 1, "p_first": 1.0, "p_top": 1.0},
    )
    assert all(row.extra["rank_low"] >= 2 for row in found.entries[1:])


def test_scores_without_chance_keep_their_shared_ranks() -> None:
    scores = {"a": 5, "b": 4, "c": 4, "d": 1}
    given = cards({(entry, judge): score + int(judge) for entry, score in scores.items() for judge in "123"})
    found = additive(given, draws=50, top=2)

    assert {row.entry: tuple(row.extra.values()) for row in found.entries} == {
        "a": (1, 1, 1.0, 1.0),
        "b": (2, 2, 0.0, 1.0),
        "c": (2, 2, 0.0, 1.0),
        "d": (4, 4, 0.0, 0.0),
    }
    exact = fitted(given)
    tied = tied_within(exact, numpy.arange(4), placed(exact))
    assert (tied.best.tolist(), tied.worst.tolist()) == ([1, 2, 2, 4], [1, 2, 2, 4])


def test_one_draw_and_one_entry_are_enough() -> None:
    found = fitted(made(8, 12, 4, 3)[0])
    one = everything(found, draws=1, seed=4)

    assert sorted(one.low.tolist()) == sorted(one.high.tolist()) == list(range(1, 13))
    alone = rank_intervals(found, numpy.array([3]), numpy.array([1]), draws=5)
    assert alone.rows() == [{"rank_low": 1, "rank_high": 1, "p_first": 1.0, "p_top": 1.0}]


def test_there_is_no_interval_without_degrees_of_freedom() -> None:
    found = fitted(cards({("a", "1"): 1, ("b", "1"): 2}))
    with pytest.raises(ValueError, match="degrees of freedom"):
        everything(found)
    with pytest.raises(ValueError, match="degrees of freedom"):
        tied_within(found, numpy.arange(2), placed(found))


def test_more_draws_than_memory_holds_are_refused_before_any_work() -> None:
    found = fitted(made(3, 40, 8, 3)[0])
    with pytest.raises(Refused, match="take at most 5000000") as caught:
        everything(found, draws=module.MOST // 40 + 1)
    assert caught.value.code == "too_many_draws"


# Tied within error --------------------------------------------------------------------------------


@pytest.mark.parametrize(("entries", "judges", "each", "level"), [(30, 6, 3, 0.95), (7, 30, 6, 0.95), (20, 5, 5, 0.5)])
def test_ties_are_those_of_a_test_of_each_two(entries: int, judges: int, each: int, level: float) -> None:
    found = fitted(made(9, entries, judges, each)[0])
    ranks = placed(found)
    result = tied_within(found, numpy.arange(entries), ranks, level=level)

    spread = covariance(found) * found.sigma**2
    times = stdtrit(found.df, (1 + level) / 2)
    told_apart = 0
    for entry in range(entries):
        error = numpy.sqrt((spread[entry, entry] + spread.diagonal() - 2 * spread[entry]).clip(0))
        tied = numpy.abs(found.score[entry] - found.score) < times * error
        tied[entry] = True
        told_apart += (~tied).sum()
        assert result.best[entry] == ranks[tied].min()
        assert result.worst[entry] == ranks[tied].max()
    assert told_apart > 0


def test_ties_are_mutual_at_their_ends() -> None:
    found = fitted(made(10, 60, 8, 3)[0])
    ranks = placed(found)
    result = tied_within(found, numpy.arange(60), ranks)
    of_rank = {rank: entry for entry, rank in enumerate(ranks.tolist())}

    assert (result.best <= ranks).all()
    assert (ranks <= result.worst).all()
    for entry in range(60):
        other = of_rank[int(result.best[entry])]
        assert result.worst[other] >= ranks[entry]


def test_sharing_judges_tells_more_apart_than_errors_alone() -> None:
    # Two entries by the same two judges, and these tied to the rest by little: severities cancel between the two.
    random = numpy.random.default_rng(0)
    scores = {("a", "1"): 3.5, ("a", "2"): 4.0, ("b", "1"): 1.75, ("b", "2"): 1.75}
    scores |= {(f"x{number}", judge): random.normal(6, 1) for number in range(12) for judge in "345"}
    scores |= {("x0", "1"): 7.0}
    given = cards({key: Fraction(round(value * 4), 4) for key, value in scores.items()})
    found = fitted(given)
    tied = tied_within(found, numpy.arange(len(found.score)), placed(found))
    a, b = given.entries.index("a"), given.entries.index("b")

    assert found.score_se is not None
    assert found.score[a] - found.score[b] < stdtrit(found.df, 0.975) * numpy.hypot(
        found.score_se[a], found.score_se[b]
    )
    assert (placed(found)[a], placed(found)[b], tied.worst[a], tied.best[b]) == (13, 14, 13, 14)


@pytest.mark.parametrize(("entries", "judges"), [(9, 4), (5, 7)])
def test_equals_have_the_same_interval_whatever_they_are_called(entries: int, judges: int) -> None:
    random = numpy.random.default_rng(5)
    # Each entry stands twice, with the same scores of the same judges.
    scores = {
        (f"e{entry}{twin}", f"j{judge}"): mark
        for entry in range(entries)
        for judge in range(judges)
        if (mark := int(random.integers(1, 4))) and (judge + entry) % 3
        for twin in "ab"
    }
    renamed = {entry: str(place) for place, entry in enumerate(sorted({entry for entry, _ in scores}, reverse=True))}

    found = additive(cards(scores), draws=50)
    other = additive(cards({(renamed[entry], judge): mark for (entry, judge), mark in scores.items()}), draws=50)

    wanted = {renamed[row.entry]: row.extra for row in found.entries}
    assert {row.entry: row.extra for row in other.entries} == wanted
    extra = {row.entry: row.extra for row in found.entries}
    assert all(extra[f"e{entry}a"] == extra[f"e{entry}b"] for entry in range(entries))
    assert sum(one["p_first"] for one in extra.values()) == pytest.approx(1)
