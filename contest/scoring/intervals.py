"""How sure a rank is: draws around the additive fit, and which entries cannot be told from each other.

Rank intervals. Formula: draw the scores from the normal distribution around the estimates with the full
covariance sigma² C of the fit, rank each draw, and take for each entry the level's two-sided quantiles of its
ranks and the shares of draws in which it is first and among the first k. Units: ranks, 1 is best.
- Estimates are more spread than the truth, because their errors spread them. Draws around them would be spread
  twice, and intervals would miss the best and the worst. So the estimates are first drawn together by the factor
  sqrt(1 − (n − 3) / (n − 1) × error / spread); error is the sum of the n estimates' variances about their mean,
  spread their sum of squares.
  It is one factor for all: no entry passes another.
- sigma² is drawn as well, as df × sigma² / chi²(df): with little data that widens the intervals as Student's t does.
- Ranks are whole numbers, so a quantile counts half of its own rank (mid-p); else intervals of few entries hold
  too much.
Errors: refused when entries × draws exceed MOST; without degrees of freedom there is no sigma, and no interval.
The intervals are approximate: on average over the entries they hold the true rank as often as `level` says
(`benchmarks/scoring_coverage.py`), not for the extreme ranks in particular, and not for all entries at once.
Source: N. M. Laird, T. A. Louis, Journal of Educational Statistics 14 (1989), ranks from shrunken estimates;
B. Efron, C. Morris, Journal of the American Statistical Association 68 (1973), the factor; H. Goldstein,
D. J. Spiegelhalter, Journal of the Royal Statistical Society A 159 (1996), intervals of ranks by simulation;
H. O. Lancaster, Journal of the American Statistical Association 56 (1961), mid-p.

Tied within error. Two entries cannot be told apart when their scores differ by less than t × the exact standard
error of the difference, in which shared judges and shared severities count; t is Student's quantile for the level.
Source: R. A. Fisher, The Design of Experiments (1935), least significant difference; no correction for the number
of comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from contest.scoring.additive import Fit, Floats, Numbers
from contest.scoring.refusals import Refused

#: At most so many ranks are drawn, entries times draws: they take 400 MB.
MOST = 200_000_000
#: Entries and judges are told apart by what is at most so many cards away.
_ROUNDS = 20
#: Numbers in one portion of the work; 16 MB for each array of them.
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class RankIntervals:
    """For each entry asked about, in the order asked: ranks `low` (best) to `high`, P(rank 1), P(rank <= top)."""

    low: Numbers
    high: Numbers
    p_first: Floats
    p_top: Floats
    draws: int
    seed: int
    level: float
    top: int

    def rows(self) -> list[dict[str, Any]]:
        """Each entry's further columns."""
        return [
            {"rank_low": low, "rank_high": high, "p_first": first, "p_top": top}
            for low, high, first, top in zip(
                self.low.tolist(), self.high.tolist(), self.p_first.tolist(), self.p_top.tolist(), strict=True
            )
        ]


def rank_intervals(
    fitted: Fit,
    entries: Numbers,
    placed: Numbers,
    *,
    draws: int = 1_000,
    seed: int = 0,
    level: float = 0.95,
    top: int = 3,
) -> RankIntervals:
    """Rank intervals of some entries (by number in the fit) among each other; `placed` are their ranks.

    The same seed gives the same draws with the same numpy. Which random numbers an entry gets depends on its
    score and not on its name; entries that differ in nothing but the name share all their draws. Raises Refused for
    more draws than memory holds, and ValueError for a fit without degrees of freedom.
    """
    if fitted.sigma is None:
        raise ValueError("without degrees of freedom there are no intervals")
    if fitted.sigma == 0:
        # Nothing is left to chance: ranks are what they are, shared ones included.
        first, among = (placed == 1).astype(float), (placed <= top).astype(float)
        return RankIntervals(placed, placed, first, among, draws, seed, level, top)
    n = len(entries)
    if n * draws > MOST:
        raise Refused(
            "too_many_draws",
            "{draws} draws for {entries} entries need too much memory: take at most {most}.",
            draws=draws,
            entries=n,
            most=MOST // n,
        )
    places = numpy.empty((n, draws), dtype=numpy.uint16 if n < 2**16 else numpy.uint32)
    numbers = numpy.arange(1, n + 1, dtype=places.dtype)
    done = 0
    for scores in _drawn(fitted, entries, draws, seed):
        portion = numpy.empty(scores.shape, dtype=places.dtype)
        numpy.put_along_axis(portion, numpy.argsort(-scores, axis=1), numbers[None, :], axis=1)
        places[:, done : done + len(portion)] = portion.T
        done += len(portion)
    first = numpy.count_nonzero(places == 1, axis=1) / draws
    among = numpy.count_nonzero(places <= top, axis=1) / draws
    low, high = _ends(places, level)
    for equals in _equals(fitted, entries):
        first[equals], among[equals] = first[equals].mean(), among[equals].mean()
        low[equals], high[equals] = _ends(places[equals].reshape(1, -1), level)
    return RankIntervals(low, high, first, among, draws, seed, level, top)


def _ends(places: NDArray[Any], level: float) -> tuple[Numbers, Numbers]:
    """The interval of each row of ranks, which are put into another order."""
    draws = places.shape[1]
    tail = (1 - level) / 2 * draws
    outside = min(math.floor(tail + 1e-9), (draws - 1) // 2)
    places.partition((outside, draws - 1 - outside), axis=1)
    low = _middle(places, places[:, outside], tail, 1)
    high = _middle(places, places[:, draws - 1 - outside], tail, -1)
    # Both ends of an interval of one rank may have stepped inwards.
    return numpy.minimum(low, high), numpy.maximum(low, high)


def _middle(places: NDArray[Any], end: NDArray[Any], tail: float, inwards: int) -> Numbers:
    """An interval's end, moved one rank inwards where half of the draws at it are too few for the tail."""
    beyond = numpy.count_nonzero(places < end[:, None] if inwards > 0 else places > end[:, None], axis=1)
    at = numpy.count_nonzero(places == end[:, None], axis=1)
    moved: Numbers = end.astype(numpy.intp) + inwards * (beyond + at / 2 < tail)
    return moved


def _drawn(fitted: Fit, entries: Numbers, draws: int, seed: int) -> Iterator[Floats]:
    """Draws of the scores of some entries, portion by portion (draws × entries)."""
    assert fitted.sigma is not None
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    # Chance is dealt out in the order of the results, so that names and the order of rows do not matter.
    kinds = _kinds(fitted)
    dealt = numpy.lexsort(_keys(fitted, 0, kinds[0])[:, entries])
    chosen = entries[dealt]
    if fitted.kept == "judge":
        inner = numpy.lexsort(_keys(fitted, 1, kinds[1]))
        means = _means(fitted, chosen)[:, inner]
        own = 1 / numpy.sqrt(fitted.design.outer_counts[chosen])
    else:
        inner = numpy.lexsort(_keys(fitted, 0, kinds[0]))
        place = numpy.argsort(inner)[chosen]
    factor = _root(fitted.spread[numpy.ix_(inner, inner)])
    centre = math.sqrt(_share(fitted)) * (fitted.score - fitted.mu)
    step = max(1, _AT_ONCE // len(fitted.score))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        sigma = fitted.sigma * numpy.sqrt(fitted.df / random.chisquare(fitted.df, size))
        errors = factor @ random.standard_normal((len(factor), size))
        if fitted.kept == "judge":
            # Severities first; given these, the entries are independent of each other.
            errors = own[:, None] * random.standard_normal((len(own), size)) - means @ errors
        else:
            errors = errors[place]
        scores = numpy.empty((size, len(entries)))
        scores[:, dealt] = (errors * sigma).T
        yield scores + centre[entries]


def _share(fitted: Fit) -> float:
    """The share of the estimates' spread that is not their errors': James and Stein's factor, 0 to 1."""
    assert fitted.sigma is not None
    n = len(fitted.score)
    error = float(fitted.spread.trace())
    if fitted.kept == "judge":
        # The variances of the scores, less that of their mean.
        design = fitted.design
        each = 1 / design.outer_counts
        weight = numpy.bincount(design.inner, each[design.outer], minlength=design.n_inner) / n
        error = float(fitted.unit_variances[0].sum() - each.sum() / n - n * (weight @ fitted.spread @ weight))
    spread = float(((fitted.score - fitted.mu) ** 2).sum())
    if n <= 3 or spread == 0:
        return float(n <= 3)
    return max(0.0, 1 - (n - 3) / (n - 1) * fitted.sigma**2 * error / spread)


def _keys(fitted: Fit, side: int, kinds: Floats) -> Floats:
    """What the entries (side 0) or the judges (1) are sorted by: by result, its variance, both above rounding; kind."""
    assert fitted.sigma is not None
    values = fitted.severity if side else fitted.score
    return numpy.stack(
        (kinds, numpy.round(fitted.unit_variances[side] * 1e9), numpy.round(values / (fitted.sigma * 1e-6)))
    )


def _equals(fitted: Fit, entries: Numbers) -> Iterator[Numbers]:
    """Groups of two or more entries that nothing but the name tells apart, as places in `entries`."""
    keys = _keys(fitted, 0, _kinds(fitted)[0])[:, entries]
    order = numpy.lexsort(keys)
    starts = 1 + numpy.flatnonzero((numpy.diff(keys[:, order], axis=1) != 0).any(axis=0))
    return (group for group in numpy.split(order, starts) if len(group) > 1)


def _kinds(fitted: Fit) -> tuple[Floats, Floats]:
    """A number for each entry and each judge; the same where scores, and the kinds of who gave or got them, are.

    Each round tells apart by what is one card further away (Weisfeiler and Leman, 1968), and ends when a round finds
    nothing new. The numbers are mixed bits of sums, which do not depend on any order.
    """
    score = _mixed(numpy.unique(fitted.y, return_inverse=True)[1].astype(numpy.uint64) + numpy.uint64(1))
    kinds = [numpy.zeros(len(fitted.score), dtype=numpy.uint64), numpy.zeros(len(fitted.severity), dtype=numpy.uint64)]
    found = 2
    for _ in range(_ROUNDS):
        sums = [kind.copy() for kind in kinds]
        numpy.add.at(sums[0], fitted.entry, _mixed(score + kinds[1][fitted.judge]))
        numpy.add.at(sums[1], fitted.judge, _mixed(score ^ kinds[0][fitted.entry]))
        kinds = [_mixed(one) for one in sums]
        before, found = found, sum(len(numpy.unique(kind)) for kind in kinds)
        if found == before:
            break
    # Floats hold 53 bits exactly.
    entries, judges = ((kind >> numpy.uint64(11)).astype(numpy.float64) for kind in kinds)
    return entries, judges


def _mixed(bits: NDArray[numpy.uint64]) -> NDArray[numpy.uint64]:
    """Numbers of 64 bits that look random, equal where these are (Steele, Lea and Flood, 2014: SplitMix)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> numpy.uint64(shift))) * numpy.uint64(factor)
    return bits ^ (bits >> numpy.uint64(31))


def _means(fitted: Fit, entries: Numbers) -> Any:
    """A sparse matrix with a row for each of some entries: 1/n at each of its judges. Only where judges are kept."""
    from scipy.sparse import csr_matrix

    design = fitted.design
    weights = 1 / design.outer_counts[design.outer]
    return csr_matrix((weights, (design.outer, design.inner)), shape=(design.n_outer, design.n_inner))[entries]


def _root(spread: Floats) -> Floats:
    """A matrix whose product with its transpose is `spread`, which is singular along the constant vectors."""
    n = len(spread)
    filling = max(float(spread.diagonal().mean()), 1e-300) / n
    root: Floats = numpy.linalg.cholesky(spread + filling).astype(numpy.float64, copy=False)
    # What the filling added is the same for all: it is taken out with each column's mean.
    root -= root.mean(axis=0)
    return root


@dataclass(frozen=True)
class Within:
    """For each entry asked about, the best and the worst rank among the entries that cannot be told from it.

    Not every entry between the two need be one of them: those that share its judges are told apart sooner.
    """

    best: Numbers
    worst: Numbers


def tied_within(fitted: Fit, entries: Numbers, placed: Numbers, *, level: float = 0.95) -> Within:
    """Which entries cannot be told apart: `entries` by number in the fit, `placed` their ranks.

    An entry's own rank is always among them. Raises ValueError for a fit without degrees of freedom.
    """
    if fitted.sigma is None:
        raise ValueError("without degrees of freedom nothing can be told apart")
    from scipy.special import stdtrit

    times = float(stdtrit(fitted.df, (1 + level) / 2)) * fitted.sigma
    order = numpy.argsort(-fitted.score[entries], kind="stable")
    ranks, score = placed[order], fitted.score[entries][order]
    variance, covariances = _covariances(fitted, entries[order])
    # A difference has at most the sum of the two standard errors: further away nothing can be tied.
    reach = times * (numpy.sqrt(variance) + math.sqrt(float(variance.max())))
    first = numpy.searchsorted(-score, -(score + reach), side="left")
    last = numpy.searchsorted(-score, -(score - reach), side="right")
    best, worst = numpy.empty_like(order), numpy.empty_like(order)
    step = max(1, _AT_ONCE // len(order))
    for start in range(0, len(order), step):
        rows = slice(start, min(start + step, len(order)))
        near = slice(int(first[rows].min()), int(last[rows].max()))
        unit = variance[rows, None] + variance[near] - 2 * covariances(rows, near)
        tied = (score[rows, None] - score[near]) ** 2 < times**2 * unit
        tied |= ranks[rows, None] == ranks[near]
        best[order[rows]] = ranks[near.start + tied.argmax(axis=1)]
        worst[order[rows]] = ranks[near.stop - 1 - tied[:, ::-1].argmax(axis=1)]
    return Within(best, worst)


def _covariances(fitted: Fit, entries: Numbers) -> tuple[Floats, Callable[[slice, slice], Floats]]:
    """For differences between scores, in units of sigma²: variances, and covariances between different entries."""
    spread = fitted.spread
    if fitted.kept == "entry":
        # Without the variance of mu, which all scores share.
        return spread.diagonal()[entries], lambda rows, near: spread[numpy.ix_(entries[rows], entries[near])]
    means = _means(fitted, entries)
    return fitted.unit_variances[0][entries], lambda rows, near: (means[near] @ (means[rows] @ spread).T).T
