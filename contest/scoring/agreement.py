"""How far the judges agree: Kendall's W, Krippendorff's alpha, the intraclass correlations and Fleiss' kappa.

Each says something else. W: do the judges put the entries in the same order (1) or in unrelated ones (0)? Alpha: how
much less do scores of one entry differ than any two scores (1 full agreement, 0 chance, below 0 worse than that)? The
intraclass correlations: which share of the scores' variance lies between entries? Kappa: as alpha, with each score
as a name only. What the data do not allow is None, with a note that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from contest.scoring.refusals import Note, Refused, note
from contest.scoring.reliability import LEVELS, Ratings, alpha, coded, interval, ratings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contest.scoring.cards import Cards

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: The level of the bootstrap intervals of alpha.
LEVEL = 0.95
#: With fewer entries, W's chi-square is a rough guide only (Siegel & Castellan 1988, table T).
_FEW = 8
#: With more different scores, hardly two judges give the same, and kappa says little.
_MANY = 10
#: Means that differ by less than this share of the scores' spread are equal.
_SAME = 1e-12


@dataclass(frozen=True)
class Agreement:
    """What can be said about the judges' agreement. Entries and judges without a scorecard do not count."""

    #: w, chi2, df, p.
    kendall_w: Mapping[str, float | int] | None
    #: nominal, ordinal, interval, ratio.
    krippendorff_alpha: Mapping[str, float | None]
    #: icc1_1, icc2_1, icc3_1, icc1_k, icc2_k, icc3_k, and the mean squares bms, wms, jms, ems.
    icc: Mapping[str, float | None] | None
    fleiss_kappa: float | None
    n_entries: int
    n_judges: int
    notes: tuple[Note, ...]
    #: level, draws, seed and for each level of measurement (low, high) or None; empty without draws.
    krippendorff_interval: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The values as the command line prints them; `krippendorff_interval` only where there were draws."""
        return {
            "kendall_w": dict(self.kendall_w) if self.kendall_w is not None else None,
            "krippendorff_alpha": dict(self.krippendorff_alpha),
            **({"krippendorff_interval": dict(self.krippendorff_interval)} if self.krippendorff_interval else {}),
            "icc": dict(self.icc) if self.icc is not None else None,
            "fleiss_kappa": self.fleiss_kappa,
            "n_entries": self.n_entries,
            "n_judges": self.n_judges,
            "notes": [{"code": one.code, "sentence": str(one), "facts": dict(one.facts)} for one in self.notes],
        }


def agreement(given: Cards, *, draws: int = 0, seed: int = 0) -> Agreement:
    """All statistics of agreement for the scorecards as they are; nothing is imputed.

    `kendall_w` and `icc` need every judge to have scored every entry; `krippendorff_alpha` uses all entries with two
    scores or more (see `reliability`); `fleiss_kappa` needs the same number of judges for each entry, not the same
    judges. With `draws`, alpha has bootstrap intervals over the entries, seeded by `seed`. See `kendall_w`, `icc`
    and `fleiss_kappa` for formulas and sources.

    Raises Refused: no_scores.
    """
    if not len(given):
        raise Refused("no_scores", "There is no score at all.")
    entry, n_entries = _numbered(given.entry)
    judge, n_judges = _numbered(given.judge)
    code, domain, base = _values(given.total, given.unit)
    table = ratings(entry, code, domain, base)
    missing = dict.fromkeys(LEVELS)
    notes: list[Note] = []
    if (reason := _nothing(table, n_judges)) is not None:
        return Agreement(None, missing, None, None, n_entries, n_judges, (reason,))
    alphas = {level: alpha(table, level) for level in LEVELS}
    if table.left_out:
        notes.append(
            note(
                "agreement_single_scores",
                "{entries} entries have one score only: Krippendorff's alpha leaves them out.",
                entries=table.left_out,
            )
        )
    if table.least < 0:
        notes.append(
            note(
                "agreement_negative",
                "Krippendorff's alpha for ratios needs scores from 0 on: some are below.",
            )
        )
    concordance = correlations = None
    if len(code) == n_entries * n_judges:
        block = np.empty((n_entries, n_judges), dtype=np.int64)
        block[entry, judge] = code
        concordance = kendall_w(block)
        correlations = icc(domain[block])
        notes += _complete(concordance, correlations, n_entries)
    else:
        cells = n_entries * n_judges
        notes.append(
            note(
                "agreement_incomplete",
                "Kendall's W and the intraclass correlations need every judge to score every entry: "
                "{cards} of {cells} scorecards are there ({percent} %).",
                cards=len(code),
                cells=cells,
                percent=1000 * len(code) // cells / 10,
            )
        )
    held = np.bincount(entry)
    kappa = None
    if held.min() == held.max():
        kappa = fleiss_kappa(table)
        if len(domain) > _MANY:
            notes.append(
                note(
                    "agreement_many_values",
                    "Fleiss' kappa takes each of the {values} different scores as a category of its own, near or far: "
                    "with so many it says little. Read Krippendorff's alpha for intervals instead.",
                    values=len(domain),
                )
            )
    else:
        notes.append(
            note(
                "agreement_uneven",
                "Fleiss' kappa needs the same number of judges for each entry: here it is from {least} to {most}.",
                least=int(held.min()),
                most=int(held.max()),
            )
        )
    drawn: dict[str, Any] = {}
    if draws:
        drawn = {"level": LEVEL, "draws": draws, "seed": seed}
        drawn |= interval(table, LEVELS, draws=draws, seed=seed, level=LEVEL)
    return Agreement(concordance, alphas, correlations, kappa, n_entries, n_judges, tuple(notes), drawn)


def kendall_w(score: Numbers) -> dict[str, float | int] | None:
    """Kendall's coefficient of concordance for an (entries × judges) block, corrected for ties.

    Each judge's scores become mid-ranks; with R_i an entry's sum of ranks over m judges, n entries and t equal scores
    in each group of ties,

        W = 12 Σ (R_i − m(n + 1)/2)² / (m² (n³ − n) − m Σ (t³ − t)),  chi2 = m (n − 1) W,  df = n − 1.

    W is exact, rounded once. p is the upper tail of the chi-square distribution. None if every judge gave one value
    only. Source: Kendall & Babington Smith 1939, Annals of Mathematical Statistics 10:275; Siegel & Castellan 1988,
    Nonparametric Statistics, 9.7.
    """
    from scipy.special import chdtrc

    n, m = score.shape
    doubled = np.zeros(n, dtype=np.int64)
    ties = 0
    for column in score.T:
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        doubled += (2 * np.cumsum(count) - count + 1)[place]
        # Unsigned: the cubes of two million equal scores would not fit otherwise.
        tied = count[count > 1].astype(np.uint64)
        ties += int((tied**3 - tied).sum())
    room = m * m * (n**3 - n) - m * ties
    if not room:
        return None
    spread = sum(one * one for one in (doubled - m * (n + 1)).tolist())
    w = Fraction(3 * spread, room)
    chi2 = float(m * (n - 1) * w)
    return {"w": float(w), "chi2": chi2, "df": n - 1, "p": float(chdtrc(n - 1, chi2))}


def icc(score: Floats) -> dict[str, float | None]:
    """The six intraclass correlations of Shrout & Fleiss for an (entries × judges) block, and their mean squares.

    BMS, JMS and EMS are the mean squares between entries, between judges and of the residual, WMS that within
    entries, in the scores' units squared. With k judges and n entries:

        ICC(1,1) = (BMS − WMS)/(BMS + (k−1) WMS)                      ICC(1,k) = (BMS − WMS)/BMS
        ICC(2,1) = (BMS − EMS)/(BMS + (k−1) EMS + k (JMS − EMS)/n)    ICC(2,k) = (BMS − EMS)/(BMS + (JMS − EMS)/n)
        ICC(3,1) = (BMS − EMS)/(BMS + (k−1) EMS)                      ICC(3,k) = (BMS − EMS)/BMS

    (1) each entry has judges of its own; (2) the judges are a sample, and their severity counts as disagreement;
    (3) only these judges matter, and their severity does not count. k: of the mean of all judges. None where a
    denominator is 0, as in (1,k) and (3,k) when all entries have the same mean.
    Source: Shrout & Fleiss 1979, Psychological Bulletin 86:420.
    """
    n, k = score.shape
    # From the centre, in shares of the spread, so that the squares lose nothing.
    spread = float(score.max() - score.min()) or 1.0
    x = (score - score.mean()) / spread
    grand = float(x.mean())
    of_entry, of_judge = _level(x.mean(axis=1), grand), _level(x.mean(axis=0), grand)
    bms = k * float(((of_entry - grand) ** 2).sum()) / (n - 1)
    jms = n * float(((of_judge - grand) ** 2).sum()) / (k - 1)
    x -= of_entry[:, None]
    wms = float(np.einsum("ij,ij->", x, x)) / (n * (k - 1))
    x -= of_judge - grand
    ems = float(np.einsum("ij,ij->", x, x)) / ((n - 1) * (k - 1))

    def share(part: float, whole: float) -> float | None:
        return part / whole if whole else None

    return {
        "icc1_1": share(bms - wms, bms + (k - 1) * wms),
        "icc2_1": share(bms - ems, bms + (k - 1) * ems + k * (jms - ems) / n),
        "icc3_1": share(bms - ems, bms + (k - 1) * ems),
        "icc1_k": share(bms - wms, bms),
        "icc2_k": share(bms - ems, bms + (jms - ems) / n),
        "icc3_k": share(bms - ems, bms),
        **{name: one * spread**2 for name, one in (("bms", bms), ("wms", wms), ("jms", jms), ("ems", ems))},
    }


def fleiss_kappa(given: Ratings) -> float | None:
    """Fleiss' kappa, each different score a category; every entry has the same number m of scores.

        kappa = (P − Pe)/(1 − Pe),  P = (Σ n_ic² − N m)/(N m (m − 1)),  Pe = Σ (n_c / (N m))²

    with n_ic scores c on entry i of N. Exact, rounded once. None if all scores are equal.
    Source: Fleiss 1971, Psychological Bulletin 76:378.
    """
    entries, judges = len(given.size), int(given.size[0])
    scores = entries * judges
    same = int((given.times**2).sum())
    held = np.bincount(given.code, given.times).tolist()
    agreed = Fraction(same - scores, scores * (judges - 1))
    chance = Fraction(sum(int(one) ** 2 for one in held), scores**2)
    return float((agreed - chance) / (1 - chance)) if chance != 1 else None


def _numbered(names: Sequence[int]) -> tuple[Numbers, int]:
    """The names' numbers, without those that do not occur, and how many do."""
    number = np.asarray(names, dtype=np.int64)
    held = np.bincount(number) > 0
    count = int(held.sum())
    return (number if count == len(held) else (np.cumsum(held) - 1)[number]), count


def _level(means: Floats, grand: float) -> Floats:
    """The means, without a difference that is rounding only."""
    return np.full_like(means, grand) if float(np.ptp(means)) <= _SAME else means


def _values(total: Sequence[int], unit: int) -> tuple[Numbers, Floats, float]:
    """What `coded` makes of the scores; exact however long the numbers are."""
    try:
        code, domain, least = coded(np.asarray(total, dtype=np.int64))
    except OverflowError:
        values = sorted(set(total))
        place = {value: number for number, value in enumerate(values)}
        code = np.array([place[value] for value in total], dtype=np.int64)
        return code, np.array([(value - values[0]) / unit for value in values]), values[0] / unit
    return code, domain / unit, least / unit


def _nothing(table: Ratings, judges: int) -> Note | None:
    """Why nothing at all can be said, if so."""
    if judges < 2:
        return note("agreement_one_judge", "Agreement needs two judges or more: all scores are of one.")
    if len(table.size) < 2:
        return note(
            "agreement_few_entries",
            "Agreement needs two entries or more that two judges scored: there are {entries}.",
            entries=len(table.size),
        )
    if len(table.domain) < 2:
        return note(
            "agreement_all_equal",
            "All scores that can be compared are equal: agreement cannot be told from giving everybody the same.",
        )
    return None


def _complete(
    concordance: Mapping[str, Any] | None, correlations: Mapping[str, float | None], entries: int
) -> list[Note]:
    """What must be said about statistics of a complete block."""
    found = []
    if concordance is None:
        found.append(
            note("agreement_no_order", "Each judge gave one score to all entries: there is no order to compare.")
        )
    elif entries < _FEW:
        found.append(
            note(
                "agreement_rough_p",
                "With {entries} entries, the p of Kendall's W is rough.",
                entries=entries,
            )
        )
    if correlations["icc3_k"] is None:
        found.append(
            note(
                "agreement_equal_means",
                "All entries have the same mean score: the intraclass correlations of means are undefined.",
            )
        )
    return found
