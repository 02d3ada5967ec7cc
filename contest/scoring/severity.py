"""The quality of judges' work: how strict, how spread, how much in line with the others, and what stands out.

Everything is read off the additive fit (see `additive`): an entry's adjusted score without a judge's own card is
what the other judges say of it, once their severities are taken out. Units: those of the scores, unless said.
Nothing here is a verdict on a person; a judge who alone is right stands out as well.
Errors: none of its own; what the data do not allow is None.
Source: J. M. Linacre, Many-Facet Rasch Measurement (1989), for what is asked of raters; R. D. Cook, S. Weisberg,
Residuals and Influence in Regression (1982), sections 2.1 and 2.2, for leaving one card out without a new fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from contest.scoring.additive import EXACT, Arrays, Fit, Floats, deviations
from contest.scoring.cards import Cards

#: A card whose standardised residual is larger stands out.
OUTLYING = 3.0
#: A card with more leverage than this decides its own fitted score: it can neither agree nor stand out.
_ALONE = 1 - 1e-9
#: Sums of squares below this are rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Outlying:
    """A card far from what the entry's other judges and the judge's own severity let expect."""

    entry: str
    #: Residual divided by its standard error: above 0 the judge gave more than expected.
    residual: float


@dataclass(frozen=True, slots=True)
class JudgeQuality:
    """What can be said of one judge's scores."""

    judge: str
    n: int
    #: What the judge adds to a score; below 0 is stricter. With its standard error.
    severity: float
    se: float | None
    #: Sample standard deviation of the scores; None for fewer than two.
    sd: float | None
    #: Correlation of the scores with the same entries' adjusted scores from the other judges; None for fewer
    #: than three entries, or where one of the two does not vary.
    correlation: float | None
    #: The same score for every entry (two or more).
    straight: bool
    #: The largest first.
    outlying: tuple[Outlying, ...]
    #: Change of severity from the first to the last card, by the straight line through the residuals, and its
    #: standard error. None without times, or for fewer than three cards.
    drift: float | None
    drift_se: float | None


def quality(given: Cards, data: Arrays, fitted: Fit, times: Sequence[float] | None = None) -> tuple[JudgeQuality, ...]:
    """A row for each judge who has a card, in the order of `given.judges`.

    `data` are the arrays of `given` and `fitted` their fit; `times` says when each card was given, in any unit:
    only their order within a judge counts.
    """
    n_judges = len(data.judges)
    counts = numpy.bincount(data.judge, minlength=n_judges)
    spreads = deviations(data.judge, data.y)
    errors: list[float | None] = [None] * n_judges if fitted.severity_se is None else fitted.severity_se.tolist()
    correlations = _correlations(data, fitted, n_judges)
    outlying = _outlying(given, data, fitted)
    drifts: list[tuple[float | None, float | None]] = [(None, None)] * n_judges
    if times is not None:
        drifts = _drifts(data, fitted, numpy.asarray(times, dtype=numpy.float64))
    rows = [
        JudgeQuality(
            judge=given.judges[number],
            n=n,
            severity=severity,
            se=error,
            sd=spread,
            correlation=correlation,
            straight=spread == 0,
            outlying=tuple(outlying.get(place, ())),
            drift=drift[0],
            drift_se=drift[1],
        )
        for place, (number, n, severity, error, spread, correlation, drift) in enumerate(
            zip(
                data.judges.tolist(),
                counts.tolist(),
                fitted.severity.tolist(),
                errors,
                spreads,
                correlations,
                drifts,
                strict=True,
            )
        )
    ]
    return tuple(rows)


def without(fitted: Fit) -> Floats:
    """For each card its entry's adjusted score as a fit of all other cards gives it.

    NaN for a card that decides its own fitted score: without it entry or judge would hang in the air.
    """
    scores, severities = fitted.unit_variances
    leverage = fitted.leverage
    # Covariance of score_i with the fitted score on card (i, j), whose variance is the leverage.
    towards = (leverage + scores[fitted.entry] - severities[fitted.judge]) / 2
    free = leverage < _ALONE
    found = numpy.full(len(leverage), numpy.nan)
    moved = towards[free] * fitted.residual[free] / (1 - leverage[free])
    found[free] = fitted.score[fitted.entry[free]] - moved
    return found


def _correlations(data: Arrays, fitted: Fit, n_judges: int) -> list[float | None]:
    others = without(fitted)
    usable = ~numpy.isnan(others)
    judge, own, others = data.judge[usable], data.y[usable], others[usable]
    counts = numpy.bincount(judge, minlength=n_judges)
    at_least = numpy.maximum(counts, 1)

    def centred(values: Floats) -> Floats:
        about: Floats = values - (numpy.bincount(judge, values, minlength=n_judges) / at_least)[judge]
        # What is left of equal values is rounding.
        about[numpy.abs(about) <= EXACT * numpy.abs(data.y).max()] = 0
        return about

    own, others = centred(own), centred(others)
    both = numpy.bincount(judge, own * others, minlength=n_judges)
    squares = numpy.bincount(judge, own**2, minlength=n_judges) * numpy.bincount(judge, others**2, minlength=n_judges)
    return [
        max(-1.0, min(1.0, product / math.sqrt(square))) if n >= 3 and square > 0 else None
        for product, square, n in zip(both.tolist(), squares.tolist(), counts.tolist(), strict=True)
    ]


def _outlying(given: Cards, data: Arrays, fitted: Fit) -> dict[int, list[Outlying]]:
    """The cards that stand out, by judge."""
    found: dict[int, list[Outlying]] = {}
    if not fitted.sigma:
        return found
    leverage = fitted.leverage
    error = fitted.sigma * numpy.sqrt(numpy.where(leverage < _ALONE, 1 - leverage, numpy.inf))
    standardised = fitted.residual / error
    cards = numpy.flatnonzero(numpy.abs(standardised) > OUTLYING)
    for card in cards[numpy.argsort(-numpy.abs(standardised[cards]), kind="stable")].tolist():
        name = given.entries[int(data.entries[data.entry[card]])]
        found.setdefault(int(data.judge[card]), []).append(Outlying(name, float(standardised[card])))
    return found


def _drifts(data: Arrays, fitted: Fit, times: Floats) -> list[tuple[float | None, float | None]]:
    """Slope of each judge's residuals over the judge's cards in order, from 0 (first) to 1 (last).

    The part of the slope that the entries' scores have taken up is given back by leverage; its error is that of
    the fit's sigma. Cards of one moment share a place.
    """
    judge = data.judge
    order = numpy.lexsort((times, judge))
    counts = numpy.bincount(judge)
    place = numpy.arange(len(order)) - numpy.repeat(numpy.cumsum(counts) - counts, counts)
    starts = numpy.r_[True, (numpy.diff(judge[order]) != 0) | (numpy.diff(times[order]) != 0)]
    moment = numpy.cumsum(starts) - 1
    shared = numpy.bincount(moment, place) / numpy.bincount(moment)
    at = numpy.empty(len(order))
    at[order] = shared[moment] / numpy.maximum(counts - 1, 1)[judge[order]]
    at -= (numpy.bincount(judge, at) / counts)[judge]
    weight = numpy.bincount(judge, at**2 * (1 - fitted.leverage).clip(0))
    along = numpy.bincount(judge, at * fitted.residual)
    sigma = fitted.sigma
    return [
        (one / by, None if sigma is None else sigma / math.sqrt(by)) if n >= 3 and by > _ROUNDING else (None, None)
        for one, by, n in zip(along.tolist(), weight.tolist(), counts.tolist(), strict=True)
    ]
