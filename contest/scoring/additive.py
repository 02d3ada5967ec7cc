"""The additive model with fixed effects: a score is an entry's quality plus its judge's severity plus chance.

Formula: y_ij = mu + q_i + b_j + e_ij for the pairs (i, j) that have a card, sum q_i = 0 over the entries and
sum b_j = 0 over the judges, e_ij independent with one standard deviation sigma; least squares.
Units: `score` (mu + q_i), `severity` (b_j) and `sigma` are in the units of the scores.
Errors: refused when there is no card, when judges do not link all entries (`linked.require`), and when both
sides are larger than LARGEST. Without degrees of freedom (cards − entries − judges + 1 = 0) there is no sigma
and no standard error, which a note says.
Source: R. A. Fisher, Statistical Methods for Research Workers (1925), two-way analysis; F. Yates, Journal of the
American Statistical Association 29 (1934), unequal numbers; W. H. Greene, Econometric Analysis, "absorbing" one
set of effects, which is the elimination below.

The larger side (usually the entries) is eliminated: what is left is a dense matrix of the smaller side, whose
pseudo-inverse is the exact covariance of its effects divided by sigma². Everything else follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy
from numpy.typing import ArrayLike, NDArray

from contest.scoring import linked
from contest.scoring.cards import Cards
from contest.scoring.means import exact, remarks
from contest.scoring.outcome import EntryRow, JudgeRow, Result, ranks
from contest.scoring.refusals import Note, Refused, note, some

Floats = NDArray[numpy.float64]
Numbers = NDArray[numpy.intp]

#: The smaller of the two sides may have at most so many: its dense matrix then takes 200 MB, the fit some 0.9 GB.
LARGEST = 5_000
#: Below so many degrees of freedom sigma is a guess, and a note says so.
FEW = 10
#: Residuals below this share of the scores are rounding: the model fits exactly.
EXACT = 1e-12
#: Pairs of cards that are handled at once; 8 MB for each array of them.
_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Arrays:
    """Cards as arrays, with entries and judges that have a card numbered from 0 without gaps."""

    entry: Numbers
    judge: Numbers
    y: Floats
    #: The numbers of these entries and judges in `Cards.entries` and `Cards.judges`.
    entries: Numbers
    judges: Numbers


def arrays(given: Cards) -> Arrays:
    """The cards as arrays. Each score is the float next to the exact one."""
    entries, entry = _numbered(given.entry, len(given.entries))
    judges, judge = _numbered(given.judge, len(given.judges))
    most = max(map(abs, given.total), default=0)
    if max(most, given.unit) < 2**53:
        y = numpy.asarray(given.total, dtype=numpy.float64) / given.unit
    else:
        y = numpy.array([total / given.unit for total in given.total], dtype=numpy.float64)
    return Arrays(entry, judge, y, entries, judges)


def _numbered(given: ArrayLike, n: int) -> tuple[Numbers, Numbers]:
    """Which numbers occur, and each number's place among them."""
    numbers: Numbers = numpy.asarray(given, dtype=numpy.intp)
    occurs = numpy.bincount(numbers, minlength=n) > 0
    if occurs.all():
        return numpy.arange(n), numbers
    place = numpy.cumsum(occurs) - 1
    return numpy.flatnonzero(occurs), place[numbers]


@dataclass(frozen=True)
class Block:
    """Members of the larger side that have the same number m of cards."""

    #: Their numbers (k), and the smaller side's numbers on their cards (m × k).
    members: Numbers
    inner: Numbers

    @property
    def m(self) -> int:
        """The cards of each."""
        return len(self.inner)


@dataclass(frozen=True)
class Design:
    """Who judged what, seen from the larger side (`outer`, the one that is eliminated)."""

    outer: Numbers
    inner: Numbers
    n_outer: int
    n_inner: int

    @cached_property
    def outer_counts(self) -> Numbers:
        """Cards of each member of the larger side."""
        return numpy.bincount(self.outer, minlength=self.n_outer)

    @cached_property
    def inner_counts(self) -> Numbers:
        """Cards of each member of the smaller side."""
        return numpy.bincount(self.inner, minlength=self.n_inner)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The larger side by its number of cards."""
        inner = self.inner
        if numpy.any(self.outer[1:] < self.outer[:-1]):
            inner = inner[numpy.argsort(self.outer, kind="stable")]
        starts = numpy.cumsum(self.outer_counts) - self.outer_counts
        made = []
        for m in numpy.flatnonzero(numpy.bincount(self.outer_counts)).tolist():
            members = numpy.flatnonzero(self.outer_counts == m)
            made.append(Block(members, inner[starts[members] + numpy.arange(m)[:, None]]))
        return tuple(made)

    def together(self, block: Block) -> Floats:
        """How many members of the block each two of the smaller side share (on the diagonal: have)."""
        n = self.n_inner
        square = numpy.zeros((n, n))
        if self._full(block):
            for _, held in self._rows(block):
                square += held.T @ held
            return square
        for _, pairs in self._pairs(block):
            square += numpy.bincount(pairs.ravel(), minlength=n * n).reshape(n, n)
        square += square.T
        square[numpy.diag_indices(n)] += numpy.bincount(block.inner.ravel(), minlength=n)
        return square

    def quadratic(self, matrix: Floats) -> Floats:
        """a' M a for each member of the larger side; a has 1/m at those on its m cards. M is symmetric."""
        found = numpy.empty(self.n_outer)
        flat, diagonal = matrix.ravel(), matrix.diagonal()
        for block in self.blocks:
            if self._full(block):
                sums = numpy.empty(len(block.members))
                for columns, held in self._rows(block):
                    sums[columns] = ((held @ matrix) * held).sum(axis=1)
            else:
                sums = diagonal[block.inner].sum(axis=0)
                for columns, pairs in self._pairs(block):
                    sums[columns] += 2 * flat[pairs].sum(axis=0)
            found[block.members] = sums / block.m**2
        return found

    def _full(self, block: Block) -> bool:
        """Whether members have so many cards that rows with zeros cost less than each two of their cards."""
        return block.m > self.n_inner // 4

    def _rows(self, block: Block) -> Iterator[tuple[slice, Floats]]:
        """A row for each member with 1 at those on its cards, in bearable portions."""
        height = max(1, _AT_ONCE // self.n_inner)
        for start in range(0, len(block.members), height):
            columns = slice(start, start + height)
            inner = block.inner[:, columns]
            held = numpy.zeros((inner.shape[1], self.n_inner))
            held[numpy.arange(inner.shape[1]), inner] = 1
            yield columns, held

    def _pairs(self, block: Block) -> Iterator[tuple[slice, Numbers]]:
        """Places in the smaller side's matrix for each two cards of a member, in bearable portions."""
        one, other = numpy.triu_indices(block.m, 1)
        width = max(1, _AT_ONCE // max(1, len(one)))
        for start in range(0, len(block.members) if len(one) else 0, width):
            columns = slice(start, start + width)
            inner = block.inner[:, columns]
            yield columns, (inner * self.n_inner)[one] + inner[other]

    def means(self, values: Floats) -> Floats:
        """For each member of the larger side the mean of the smaller side's values over its cards."""
        sums = numpy.bincount(self.outer, values[self.inner], minlength=self.n_outer)
        found: Floats = sums / self.outer_counts
        return found


@dataclass(frozen=True)
class Fit:
    """A least squares fit; entries and judges by number."""

    entry: Numbers
    judge: Numbers
    y: Floats
    design: Design
    #: The smaller side, whose matrix `spread` is: "judge", or "entry" where there are fewer entries.
    kept: str
    mu: float
    #: mu + q_i.
    score: Floats
    #: b_j.
    severity: Floats
    #: Covariance of the smaller side's effects (they sum to 0), divided by sigma².
    spread: Floats
    residual: Floats
    df: int
    #: None without degrees of freedom; 0 where the model fits exactly.
    sigma: float | None
    #: Share of the scores' variance that the model explains; None where they do not vary.
    r2: float | None

    @cached_property
    def unit_variances(self) -> tuple[Floats, Floats]:
        """Exact variances of all `score` and all `severity`, divided by sigma²."""
        kept = self.spread.diagonal()
        of_outer = 1 / self.design.outer_counts
        if self.kept == "judge":
            # score_i = mean of y over i's cards − mean of b over them; the two are independent.
            return of_outer + self.design.quadratic(self.spread), kept
        # mu + b_j = mean of y over j's cards − mean of q over them; mu is the mean of these over the judges.
        n = self.design.n_outer
        weight = numpy.bincount(self.design.inner, of_outer[self.design.outer], minlength=self.design.n_inner) / n
        common = of_outer.sum() / n**2
        towards = self.spread @ weight
        of_mu = weight @ towards
        scores = common + kept - 2 * towards + of_mu
        judges = of_outer * (1 - 2 / n) + common
        judges += self.design.quadratic(self.spread) - 2 * self.design.means(towards) + of_mu
        return scores, judges

    @cached_property
    def score_se(self) -> Floats | None:
        """Standard error of each score; None without sigma."""
        return self._errors(0)

    @cached_property
    def severity_se(self) -> Floats | None:
        """Standard error of each severity; None without sigma."""
        return self._errors(1)

    def _errors(self, side: int) -> Floats | None:
        if self.sigma is None:
            return None
        found: Floats = self.sigma * numpy.sqrt(self.unit_variances[side].clip(0))
        return found

    @cached_property
    def leverage(self) -> Floats:
        """How much of each card's fitted score is the card itself: from 0 to 1. Their sum is cards − df."""
        design, spread = self.design, self.spread
        own = 1 / design.outer_counts + design.quadratic(spread)
        found = numpy.empty(len(self.y))
        # In the order of the cards, since the portions are rows of the design: (spread a)_j on card (i, j).
        step = max(1, _AT_ONCE // design.n_inner)
        order = numpy.argsort(design.outer, kind="stable")
        ends = numpy.cumsum(design.outer_counts)
        for start in range(0, design.n_outer, step):
            last = min(start + step, design.n_outer)
            cards = order[(ends[start - 1] if start else 0) : ends[last - 1]]
            rows = numpy.zeros((last - start, design.n_inner))
            numpy.add.at(rows, (design.outer[cards] - start, design.inner[cards]), 1.0)
            rows /= design.outer_counts[start:last, None]
            towards = rows @ spread
            inner, outer = design.inner[cards], design.outer[cards]
            found[cards] = own[outer] - 2 * towards[outer - start, inner] + spread.diagonal()[inner]
        return found


def fit(entry: Numbers, judge: Numbers, y: Floats, n_entries: int, n_judges: int) -> Fit:
    """Least squares on cards: card c is judge[c]'s score y[c] of entry[c].

    Every entry and every judge from 0 has a card, no pair has two, and judges link all entries: the caller has
    seen to it (`arrays`, `linked.require`). Raises Refused when the smaller side is larger than LARGEST.
    """
    kept = "judge" if n_judges <= n_entries else "entry"
    design = Design(entry, judge, n_entries, n_judges) if kept == "judge" else Design(judge, entry, n_judges, n_entries)
    if design.n_inner > LARGEST:
        raise Refused(
            "too_large",
            "{entries} entries and {judges} judges are too many for this method: "
            "one of the two numbers may be at most {most}. Use the mean instead.",
            entries=n_entries,
            judges=n_judges,
            most=LARGEST,
        )
    # About their mean, so that nothing is lost where scores are large and differ little.
    middle = float(y.mean())
    centred = y - middle
    means = numpy.bincount(design.outer, centred, minlength=design.n_outer) / design.outer_counts
    towards = numpy.bincount(design.inner, centred - means[design.outer], minlength=design.n_inner)
    spread = _pseudo_inverse(_reduced(design))
    inner = spread @ towards
    inner -= inner.mean()
    outer = means - design.means(inner)
    # Both sides sum to 0 about mu: the smaller does, so mu is the mean of the larger.
    mu = float(outer.mean())
    residual = centred - outer[design.outer] - inner[design.inner]
    df = len(y) - n_entries - n_judges + 1
    if numpy.abs(residual).max() <= EXACT * numpy.abs(y).max():
        residual = numpy.zeros_like(residual)
    sigma = math.sqrt(float(residual @ residual) / df) if df > 0 else None
    total = float(centred @ centred)
    varies = numpy.ptp(y) > 0
    score, severity = (outer, inner) if kept == "judge" else (mu + inner, outer - mu)
    return Fit(
        entry=entry,
        judge=judge,
        y=y,
        design=design,
        kept=kept,
        mu=middle + mu,
        score=middle + score,
        severity=severity,
        spread=spread,
        residual=residual,
        df=df,
        sigma=sigma,
        r2=1 - float(residual @ residual) / total if varies else None,
    )


def _reduced(design: Design) -> Floats:
    """What is left of the normal equations once the larger side is eliminated (the Schur complement)."""
    reduced = numpy.diag(design.inner_counts.astype(numpy.float64))
    for block in design.blocks:
        reduced -= design.together(block) / block.m
    return reduced


def _pseudo_inverse(reduced: Floats) -> Floats:
    """Of a matrix whose null space is known to be the constant vectors: fill it, invert, take it out again."""
    from scipy.linalg import lapack

    n = len(reduced)
    filling = max(float(reduced.diagonal().mean()), 1.0)
    # Both leave the upper triangle alone, which `clean` fills with zeros.
    factor, failed = lapack.dpotrf(reduced + filling / n, lower=1, clean=1)
    if failed:
        raise ValueError("the judges do not link all entries")
    inverse, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    assert not failed
    found: Floats = inverse + inverse.T
    found[numpy.diag_indices(n)] /= 2
    found -= 1 / (filling * n)
    return found


def additive(
    given: Cards,
    *,
    min_judges: int = 1,
    draws: int = 0,
    seed: int = 0,
    level: Fraction = Fraction(95, 100),
    top: int = 3,
) -> Result:
    """Scores adjusted for severity, by the two-way additive model with fixed effects.

    `score` = mu + q_i, its exact standard error and the judges' severities ± theirs; `model` has sigma, df,
    components, mu and r2. Cards of entries below `min_judges` inform the fit; these entries have a score and no
    rank. With `draws` > 0 each ranked entry also has `rank_low`, `rank_high`, `p_first`, `p_top` (see
    `intervals.rank_intervals`; `top` is k). Formula, units, errors and source: see the module.
    """
    components = linked.require(given)
    data = arrays(given)
    fitted = fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))
    names = [given.entries[number] for number in data.entries.tolist()]
    n_judges = numpy.bincount(data.entry).tolist()
    ranked = [place for place, n in enumerate(n_judges) if n >= min_judges]
    scores = fitted.score.tolist()
    errors: list[float | None] = [None] * len(names) if fitted.score_se is None else fitted.score_se.tolist()
    placed = ranks({names[place]: scores[place] for place in ranked})
    extra: dict[int, dict[str, Any]] = {}
    if draws and ranked and fitted.sigma is not None:
        from contest.scoring import intervals

        given_ranks = numpy.array([placed[names[place]][0] for place in ranked])
        found = intervals.rank_intervals(
            fitted, numpy.array(ranked), given_ranks, draws=draws, seed=seed, level=float(level), top=top
        )
        extra = dict(zip(ranked, found.rows(), strict=True))
    rows = {}
    for place, name in enumerate(names):
        rank, tied = placed.get(name, (None, ()))
        rows[name] = EntryRow(name, scores[place], rank, tied, n_judges[place], errors[place], extra.get(place, {}))
    unranked = [name for name in sorted(given.entries) if name not in placed]
    return Result(
        method="additive",
        params={"min_judges": min_judges, "draws": draws, "seed": seed, "level": exact(level), "top": top},
        entries=(
            *(rows[name] for name in placed),
            *(rows.get(name) or EntryRow(name, None, None, (), 0) for name in unranked),
        ),
        judges=_judges(given, data, fitted),
        components=components,
        excluded=given.excluded,
        warnings=_notes(given, data, fitted, components, min_judges, draws),
        model={
            "sigma": fitted.sigma,
            "df": fitted.df,
            "components": len(components),
            "mu": fitted.mu,
            "r2": fitted.r2,
        },
    )


def _judges(given: Cards, data: Arrays, fitted: Fit) -> tuple[JudgeRow, ...]:
    spreads = deviations(data.judge, data.y)
    errors: list[float | None] = [None] * len(spreads) if fitted.severity_se is None else fitted.severity_se.tolist()
    counts = numpy.bincount(data.judge).tolist()
    return tuple(
        JudgeRow(given.judges[number], severity, error, spread, n)
        for number, severity, error, spread, n in zip(
            data.judges.tolist(), fitted.severity.tolist(), errors, spreads, counts, strict=True
        )
    )


def deviations(group: Numbers, values: Floats) -> list[float | None]:
    """Sample standard deviation of each group's values, groups being numbered from 0; None below two values."""
    counts = numpy.bincount(group)
    # About the group's mean; exactly 0 where all values are the same.
    lowest = numpy.full(len(counts), numpy.inf)
    numpy.minimum.at(lowest, group, values)
    shifted = values - lowest[group]
    means = numpy.bincount(group, shifted) / numpy.maximum(counts, 1)
    squares = numpy.bincount(group, (shifted - means[group]) ** 2)
    return [
        math.sqrt(square / (n - 1)) if n > 1 else None
        for square, n in zip(squares.tolist(), counts.tolist(), strict=True)
    ]


def _notes(
    given: Cards, data: Arrays, fitted: Fit, components: Sequence[Sequence[str]], min_judges: int, draws: int
) -> tuple[Note, ...]:
    found = remarks(given, components, min_judges)
    if fitted.df == 0:
        found.append(
            note(
                "no_spare_scores",
                "There are no more scores than the method needs, so that it cannot say how exact its results are: "
                "let more judges score each entry.",
            )
        )
        if draws:
            found.append(
                note(
                    "no_intervals", "There are no rank intervals, because there is no measure of chance in the scores."
                )
            )
    elif fitted.df < FEW:
        found.append(
            note(
                "few_spare_scores",
                "Scores left over to measure chance: {df}. With so few the standard errors are rough: "
                "let more judges score each entry.",
                df=fitted.df,
            )
        )
    single = [
        given.judges[number]
        for number, n in zip(data.judges.tolist(), numpy.bincount(data.judge).tolist(), strict=True)
        if n == 1
    ]
    if single and len(data.entries) > 1:
        found.append(
            note(
                "judges_with_one_card",
                "{n} of the judges scored only one entry ({judges}): their scores say nothing about it, because "
                "their severity is not known. Let them score more entries.",
                n=len(single),
                judges=some(single),
            )
        )
    return tuple(found)
