"""Two-way random effects: variances by REML, entries and judges by best linear unbiased prediction.

    y_ij = mu + q_i + b_j + e_ij,   q ~ N(0, sd_entry²),  b ~ N(0, sd_judge²),  e ~ N(0, sd_residual²)

The three variances maximise the restricted likelihood (Patterson & Thompson 1971, Biometrika 58:545). With them,
q and b are predicted by Henderson's mixed model equations (Henderson 1975, Biometrics 31:423), which also give
the prediction error variances with mu unknown; that the variances are estimates themselves is not in them.

How it is solved. With the ratios g = sd_entry²/sd_residual² and h = sd_judge²/sd_residual² the covariance is
sd_residual² × V, V = I + g ZZ' + h WW'. The residual variance is profiled out, and the longer side (mostly the
entries) is eliminated: what remains is one dense matrix over the shorter side,

    A = W'KW,  K = (I + g ZZ')⁻¹,  A = diag(cards of each judge) − Σ_d g/(1 + g d) × G_d,

where G_d counts, over the entries with d cards, how often two judges met. The few G_d are made once, so that an
evaluation costs a factorisation of that size and a few passes over the cards. The two ratios are found by Newton
steps with the exact slope and curvature (Lindstrom & Bates 1988, JASA 83:1014), and kept at or above 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contest.scoring import additive, linked
from contest.scoring.cards import Cards
from contest.scoring.outcome import EntryRow, JudgeRow, Result, ranks
from contest.scoring.refusals import Note, Refused, note

Floats = NDArray[np.float64]

#: Bytes that the matrices G_d may take together; more of them are made anew for each evaluation.
_KEPT = 48_000_000
#: With a residual below this share of the scores' spread the model fits as good as exactly.
_EXACT = 1e-5
#: The smaller of the two sides may have at most so many: some ten matrices of its size stand at once.
_LARGEST = 2_000
_STEPS = 300
#: A ratio is searched in units of itself, or of this where it is smaller.
_UNIT = 0.01
#: With fewer judges their variance is a guess.
_FEW_JUDGES = 5


def mixed(given: Cards, *, min_judges: int = 1) -> Result:
    """Scores shrunk to what the entry's judges, their severity and the noise allow.

    `score` = mu + BLUP(q), in the units of the scores; `se` = posterior standard deviation of mu + q.
    A judge's `severity` = BLUP(b), `se` its posterior standard deviation. `model`: mu, sd_entry, sd_judge,
    sd_residual and `reml`, the REML deviance −2 log L with all constants, as lme4 prints it (None if all scores
    are equal: every variance is then 0 and all entries share the first rank).

    With panels of unequal quality part of their difference is taken for severity; a note says so.
    Cards of entries with fewer than `min_judges` judges inform the model; such an entry has a score but no rank.

    Raises Refused: no_scores, disconnected (`linked.require`), no_residual (no more cards than an entry's and
    a judge's part need, for example with one judge or one entry), exact_fit (hardly any residual), too_large
    (both sides), no_convergence.
    """
    groups = linked.require(given)
    data = additive.arrays(given)
    cards_of_entry = np.bincount(data.entry).tolist()
    if np.ptp(data.y) == 0:
        found = _equal(float(data.y[0]), len(data.entries), len(data.judges))
        notes = [
            note("all_equal", "All scores are the same, so that every entry shares the first rank: look at the scale.")
        ]
    else:
        if len(data.y) <= len(data.entries) + len(data.judges) - 1:
            raise Refused(
                "no_residual",
                "{cards} scorecards of {entries} entries by {judges} judges leave nothing to tell chance from merit: "
                "let more judges score the same entries, or take the method mean.",
                cards=len(data.y),
                entries=len(data.entries),
                judges=len(data.judges),
            )
        if min(len(data.entries), len(data.judges)) > _LARGEST:
            raise Refused(
                "too_large",
                "{entries} entries and {judges} judges are too many for this method: "
                "one of the two numbers may be at most {most}. Use the mean instead.",
                entries=len(data.entries),
                judges=len(data.judges),
                most=_LARGEST,
            )
        fixed = additive.fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))
        if not fixed.sigma or fixed.sigma <= _EXACT * float(np.std(data.y)):
            raise Refused(
                "exact_fit",
                "Every score is as good as exactly the entry's part plus the judge's part, so that there is no chance "
                "to weigh them by: take the method additive.",
            )
        found = fit(fixed)
        notes = _notes(found, fixed)

    names = [given.entries[number] for number in data.entries.tolist()]
    scores = dict(zip(names, (found.mu + found.entry).tolist(), strict=True))
    enough = [name for name, n in zip(names, cards_of_entry, strict=True) if n >= min_judges]
    placed = ranks({name: scores[name] for name in enough})
    rows = {
        name: EntryRow(
            name, scores[name], placed.get(name, (None, ()))[0], placed.get(name, (None, ()))[1], n_judges=n, se=se
        )
        for name, n, se in zip(names, cards_of_entry, found.score_se.tolist(), strict=True)
    }
    unranked = [name for name in sorted(given.entries) if name not in placed]
    return Result(
        method="mixed",
        params={"min_judges": min_judges},
        entries=(
            *(rows[name] for name in placed),
            *(rows.get(name) or EntryRow(name, None, None, (), 0) for name in unranked),
        ),
        judges=tuple(
            JudgeRow(given.judges[number], severity, se, sd, n)
            for number, severity, se, sd, n in zip(
                data.judges.tolist(),
                found.judge.tolist(),
                found.judge_se.tolist(),
                additive.deviations(data.judge, data.y),
                np.bincount(data.judge).tolist(),
                strict=True,
            )
        ),
        components=groups,
        excluded=given.excluded,
        warnings=tuple(notes),
        model={
            "mu": found.mu,
            "sd_entry": found.sd_entry,
            "sd_judge": found.sd_judge,
            "sd_residual": found.sd_residual,
            "reml": found.reml,
        },
    )


@dataclass(frozen=True)
class Fit:
    """A fitted model. Effects and their standard errors by number, in the units of the scores."""

    mu: float
    sd_entry: float
    sd_judge: float
    sd_residual: float
    reml: float | None
    entry: Floats
    #: Posterior standard deviation of mu + the entry's effect.
    score_se: Floats
    judge: Floats
    #: Posterior standard deviation of the judge's effect alone.
    judge_se: Floats


def _equal(value: float, n_entries: int, n_judges: int) -> Fit:
    nothing, nobody = np.zeros(n_entries), np.zeros(n_judges)
    return Fit(value, 0.0, 0.0, 0.0, None, nothing, nothing, nobody, nobody)


def fit(fixed: additive.Fit) -> Fit:
    """The random effects model of the same cards as a least squares fit, which must leave a residual.

    Raises Refused("no_convergence") if the search for the variances does not settle.
    """
    at = _search(_Sums(fixed))
    sums, (g, h) = at.sums, at.ratios
    sd = sums.spread * math.sqrt(at.variance)
    rows, columns = sums.spread * g * at.p, sums.spread * h * at.w
    # The eliminated side is mostly the entries.
    entries_kept = fixed.kept == "entry"
    rows_se, columns_se = at.errors(entries_kept)
    n = len(fixed.y)
    return Fit(
        mu=sums.centre + sums.spread * at.mu,
        sd_entry=sd * math.sqrt(h if entries_kept else g),
        sd_judge=sd * math.sqrt(g if entries_kept else h),
        sd_residual=sd,
        reml=at.deviance + 2 * (n - 1) * math.log(sums.spread),
        entry=columns if entries_kept else rows,
        score_se=sd * (columns_se if entries_kept else rows_se),
        judge=rows if entries_kept else columns,
        judge_se=sd * (rows_se if entries_kept else columns_se),
    )


def _sums(group: additive.Numbers, values: Floats, n: int) -> Floats:
    return np.asarray(np.bincount(group, values, n), dtype=np.float64)


class _Sums:
    """What every evaluation needs of the cards. Rows are the design's larger side, columns its smaller one."""

    def __init__(self, fixed: additive.Fit) -> None:
        self.design = fixed.design
        # In the scores' own spread around their mean, so that the search does not depend on their units.
        self.centre, self.spread = float(fixed.y.mean()), float(fixed.y.std())
        self.y: Floats = (fixed.y - self.centre) / self.spread
        assert fixed.sigma, "no residual"
        self.residual = (fixed.sigma / self.spread) ** 2
        self.count = self.design.outer_counts.astype(np.float64)
        self.column_count = self.design.inner_counts.astype(np.float64)
        self.row_sum = _sums(self.design.outer, self.y, self.design.n_outer)
        self.column_sum = _sums(self.design.inner, self.y, self.design.n_inner)
        self.sizes = np.array([block.m for block in self.design.blocks], dtype=np.float64)
        self._met: Floats | None = None
        if len(self.sizes) * self.design.n_inner**2 * 8 <= _KEPT:
            self._met = np.array([self.design.together(block).ravel() for block in self.design.blocks])

    def weighed(self, weights: Floats) -> Floats:
        """For each line of weights the sum of the matrices G_d, the line having one weight for each."""
        size = self.design.n_inner
        if self._met is not None:
            found: Floats = (weights @ self._met).reshape(-1, size, size)
            return found
        found = np.zeros((len(weights), size, size))
        for number, block in enumerate(self.design.blocks):
            found += weights[:, number, None, None] * self.design.together(block)
        return found

    def to_rows(self, columns: Floats) -> Floats:
        """Each row's sum over the columns of its cards."""
        return _sums(self.design.outer, columns[self.design.inner], self.design.n_outer)

    def to_columns(self, rows: Floats) -> Floats:
        """Each column's sum over the rows of its cards."""
        return _sums(self.design.inner, rows[self.design.outer], self.design.n_inner)


def _inverse(system: Floats) -> tuple[Floats, float]:
    """The inverse of a positive definite matrix and the logarithm of its determinant."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(system, lower=1)
    assert not failed
    logdet = 2 * float(np.log(np.diag(factor)).sum())
    half, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    assert not failed
    lower = np.tril(half)
    found: Floats = lower + np.tril(half, -1).T
    return found, logdet


class _At:
    """The profiled restricted likelihood at one pair of ratios, with its slope and curvature.

    P = V⁻¹ − V⁻¹1(1'V⁻¹1)⁻¹1'V⁻¹; `p` = Z'Py and `w` = W'Py, so that the predictions are g p and h w.
    """

    def __init__(self, sums: _Sums, ratios: tuple[float, float]) -> None:
        self.sums, self.ratios = sums, ratios
        g, h = ratios
        n = len(sums.y)
        #: K reduces a row's sum by this.
        self.shrink: Floats = 1 / (1 + g * sums.count)
        #: A, and what its first and second derivatives in g are made of.
        shrink = 1 / (1 + g * sums.sizes)
        self.matrix, self.first, self.second = sums.weighed(np.stack([-g * shrink, shrink**2, sums.sizes * shrink**3]))
        self.matrix[np.diag_indices_from(self.matrix)] += sums.column_count
        system = h * self.matrix
        system[np.diag_indices_from(system)] += 1
        self.inverse, logdet = _inverse(system)
        ones = sums.to_columns(self.shrink)
        self.one_w: Floats = self.inverse @ ones
        self.one_z: Floats = self.shrink * (sums.count - h * sums.to_rows(self.one_w))
        self.one_one = float(sums.count @ self.shrink - h * (ones @ self.one_w))
        right = sums.column_sum - g * sums.to_columns(self.shrink * sums.row_sum)
        self.mu = float((sums.row_sum @ self.shrink - h * (self.one_w @ right)) / self.one_one)
        self.w: Floats = self.inverse @ (right - self.mu * ones)
        self.p: Floats = self.shrink * (sums.row_sum - sums.count * self.mu - h * sums.to_rows(self.w))
        rest = sums.y - self.mu - g * self.p[sums.design.outer] - h * self.w[sums.design.inner]
        self.squares = np.array([float(self.p @ self.p), float(self.w @ self.w)])
        # y'Py as a sum of squares, in which nothing cancels.
        self.variance = (float(rest @ rest) + float(self.squares @ ratios)) / (n - 1)
        logdet += float(np.log1p(g * sums.count).sum())
        self.deviance = logdet + math.log(self.one_one) + (n - 1) * (1 + math.log(2 * math.pi * self.variance))

    def derivatives(self) -> tuple[Floats, Floats]:
        """The deviance's slope and curvature in g and h, from tr(P V_i), tr(P V_i P V_j) and y'P V_i P V_j Py."""
        sums, h = self.sums, self.ratios[1]
        seen = sums.count * self.shrink
        of_w, of_z = self.inverse @ self.matrix, self.inverse @ self.first
        cross = float(np.vdot(of_z, self.inverse))
        both = seen @ seen - 2 * h * np.vdot(self.inverse, self.second) + h**2 * np.vdot(of_z, of_z.T)
        twice = np.array([[float(both), cross], [cross, float(np.vdot(of_w, of_w.T))]])
        once = np.array([float(seen.sum() - h * np.trace(of_z)), float(np.trace(of_w))])
        # What P has less than V⁻¹.
        ones = np.array([float(self.one_z @ self.one_z), float(self.one_w @ self.one_w)]) / self.one_one
        twice += np.outer(ones, ones) - 2 / self.one_one * self._over(self.one_z, self.one_w)
        means = np.array([float(self.one_z @ self.p), float(self.one_w @ self.w)])
        fitted = self._over(self.p, self.w) - np.outer(means, means) / self.one_one
        share = self.squares / self.variance
        curve = 2 * fitted / self.variance - np.outer(share, share) / (len(sums.y) - 1) - twice
        return once - ones - share, curve

    def _over(self, z: Floats, w: Floats) -> Floats:
        """The products over V⁻¹ of the vectors Zz and Ww with themselves and each other."""
        sums, h = self.sums, self.ratios[1]
        towards, solved = sums.to_columns(self.shrink * z), self.inverse @ w
        own = float((sums.count * self.shrink) @ z**2 - h * (towards @ (self.inverse @ towards)))
        cross = float(towards @ solved)
        return np.array([[own, cross], [cross, float(w @ (self.matrix @ solved))]])

    def errors(self, entries_kept: bool) -> tuple[Floats, Floats]:
        """Posterior SDs in units of the residual's: (rows, columns), mu added to the side that is the entries."""
        sums, (g, h) = self.sums, self.ratios
        part = g * self.shrink
        # How far an error in mu reaches: into the effect alone, or into mu + the effect.
        reach = g * self.one_z if entries_kept else 1 - g * self.one_z
        quadratic = sums.design.quadratic(h * self.inverse)
        rows = part + (part * sums.count) ** 2 * quadratic + reach**2 / self.one_one
        reach = 1 - h * self.one_w if entries_kept else h * self.one_w
        columns = h * np.diag(self.inverse) + reach**2 / self.one_one
        return np.sqrt(rows), np.sqrt(columns)


def _start(sums: _Sums) -> tuple[float, float]:
    """Ratios from sums of squares and their expectations (Henderson 1953, method 1) and the least squares residual."""
    n, rows, columns = len(sums.y), sums.design.n_outer, sums.design.n_inner
    whole = sums.y.sum() ** 2 / n
    seen = np.array(
        [
            (sums.row_sum**2 / sums.count).sum() - whole,
            (sums.column_sum**2 / sums.column_count).sum() - whole,
            sums.y @ sums.y - whole,
        ]
    )
    by_row, by_column = (sums.count**2).sum() / n, (sums.column_count**2).sum() / n
    expected = np.array(
        [
            [n - by_row, rows - by_column, rows - 1],
            [columns - by_row, n - by_column, columns - 1],
            [n - by_row, n - by_column, n - 1],
        ]
    )
    g, h, _ = np.linalg.lstsq(expected, seen, rcond=None)[0] / sums.residual
    return max(g, _UNIT), max(h, _UNIT)


def _step(at: _At, ratios: Floats) -> Floats:
    """Newton's step with every curvature taken as upward, so that it goes down."""
    # A ratio at 0 stays there while the slope, or the step itself, says so.
    slopes, curve = at.derivatives()
    free = (ratios > 0) | (slopes < 0)
    while True:
        step = np.zeros(2)
        if not free.any():
            return step
        units = np.maximum(ratios, _UNIT)[free]
        bends, ways = np.linalg.eigh(curve[np.ix_(free, free)] * np.outer(units, units))
        slope = ways.T @ (slopes[free] * units)
        ahead = slope / np.maximum(np.abs(bends), 1e-12 * len(at.sums.y))
        step[free] = -units * (ways @ ahead)
        stuck = (ratios == 0) & (step < 0)
        if not stuck.any():
            return step
        free &= ~stuck


def _moved(sums: _Sums, ratios: Floats, step: Floats, reach: float) -> _At:
    moved = ratios + reach * step
    moved[moved < 1e-12 * ratios] = 0
    return _At(sums, (float(moved[0]), float(moved[1])))


def _search(sums: _Sums) -> _At:
    """The ratios, at or above 0, with the least deviance: Newton's steps, halved where they overshoot."""
    at, before = _At(sums, _start(sums)), math.inf
    for _ in range(_STEPS):
        ratios = np.array(at.ratios)
        step = _step(at, ratios)
        size = float(np.max(np.abs(step) / np.maximum(ratios, _UNIT)))
        # Close to the end a step squares what is left. Where that no longer shows, the rest is rounding.
        if size < 1e-3 and size > before / 2:
            return at
        # Not below 0: the step ends where the first ratio meets it.
        down = step < 0
        reach = float(np.min(ratios[down] / -step[down], initial=1.0))
        there = _moved(sums, ratios, step, reach)
        if size < 1e-6 and reach == 1:
            return there
        while size > 0.05 and there.deviance > at.deviance and reach > 1e-9:
            reach /= 2
            there = _moved(sums, ratios, step, reach)
        at, before = there, size if reach == 1 else math.inf
    raise Refused(
        "no_convergence",
        "The variances of entries and judges could not be settled from these scores: take the method additive.",
    )


def _notes(found: Fit, fixed: additive.Fit) -> list[Note]:
    """What a reader must know about the fit."""
    notes = []
    n_judges = len(found.judge)
    if n_judges < _FEW_JUDGES:
        notes.append(
            note(
                "few_judges",
                "How much judges differ in severity is known from {judges} judges only, and therefore roughly.",
                judges=n_judges,
            )
        )
    if found.sd_entry == 0:
        notes.append(
            note(
                "entries_alike",
                "The entries differ no more than chance makes them differ, so that all share one score: "
                "let more judges score each entry.",
            )
        )
        return notes
    by_mean, adjusted = _errors(found, fixed)
    if by_mean <= adjusted:
        notes.append(
            note(
                "little_severity",
                "The judges differ little in severity (by {sd_judge:.2g}, chance by {sd_residual:.2g}): "
                "the plain mean is as exact as an adjustment, and simpler.",
                sd_judge=found.sd_judge,
                sd_residual=found.sd_residual,
            )
        )
    times, surprising = _different(found, fixed)
    if surprising:
        notes.append(
            note(
                "judges_saw_different_entries",
                "The entries of some judges are better than those of others, {times:.1f} times as much as chance "
                "gives; part of that is taken for severity: the method additive does not do so.",
                times=times,
            )
        )
    return notes


def _errors(found: Fit, fixed: additive.Fit) -> tuple[float, float]:
    """Mean square errors of an entry's mean and of its least squares score, both against the average entry's.

    With the judges' severities as far apart as found. What a mean errs by falls with severity, what the
    adjustment errs by does not, since it must estimate them.
    """
    entry, judge = fixed.entry, fixed.judge
    share = 1 / np.bincount(entry)
    each = float(share.mean())
    # A judge's part in the mean of all entries, which is the same for all.
    common = np.bincount(judge, share[entry]) / len(share)
    chance = found.sd_residual**2
    by_mean = chance * each * (1 - 1 / len(share)) + found.sd_judge**2 * (each - float(common @ common))
    if fixed.kept == "entry":
        return by_mean, chance * float(fixed.spread.diagonal().mean())
    of_mu = each / len(share) + float(common @ fixed.spread @ common)
    return by_mean, chance * (float(fixed.unit_variances[0].mean()) - of_mu)


def _different(found: Fit, fixed: additive.Fit) -> tuple[float, bool]:
    """Whether judges saw entries of different quality: what prediction, unlike least squares, takes for severity.

    The model lets no quality depend on who scored (the condition that Mundlak 1978, Econometrica 46:69, tests).
    For each judge the mean least squares quality of what the judge scored is compared with its variance under
    random assignment; the sum of squares over its degrees of freedom is the first value. It is surprising
    beyond the .001 point of chi-square (Wilson & Hilferty's approximation).
    """
    n = np.bincount(fixed.judge)
    seen = np.bincount(fixed.judge, fixed.score[fixed.entry]) / n
    severity = fixed.unit_variances[1] - 1 / n
    variance = found.sd_entry**2 * (1 / n - 1 / len(fixed.score)) + found.sd_residual**2 * severity.clip(0)
    # A judge who scored everything has no variance to compare with, and saw what all saw.
    some = n < len(fixed.score)
    df = int(some.sum()) - 1
    if df < 1:
        return 1.0, False
    weight = 1 / variance[some]
    middle = float(seen[some] @ weight) / float(weight.sum())
    times = float((seen[some] - middle) ** 2 @ weight) / df
    bend = 2 / (9 * df)
    return times, (times ** (1 / 3) - 1 + bend) / math.sqrt(bend) > 3.09
