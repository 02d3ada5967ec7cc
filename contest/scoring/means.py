"""Scores that need no model of judges: the mean, the trimmed mean, the median, and pass or fail.

All are exact fractions of the cards' integers, so that entries share a rank if and only if their scores are equal
(or the tie rules leave them equal). What is a square root (standard deviations and errors) is a float, computed
from exact sums. Every function raises Refused("no_scores") where there is no scorecard, and what `ties.resolve`
refuses; an entry without scorecards has no score, and one with fewer than `min_judges` has no rank.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from contest.scoring import linked, ties
from contest.scoring.cards import Cards
from contest.scoring.outcome import EntryRow, JudgeRow, Result, shared
from contest.scoring.refusals import Note, Refused, note, some


def mean(given: Cards, *, min_judges: int = 1, ties: Sequence[str] = ()) -> Result:
    """The mean of an entry's scorecards, which hold the weighted rubric's totals.

    score = Σ x / n, in the units of the scores; se = sd / √n with the sample standard deviation
    sd = √(Σ (x − score)² / (n − 1)), both None for n < 2. Extra: `sd`.
    The se measures how far this entry's judges differ; it takes its judges for a random sample of all judges.

    Source: any textbook; a worked example is NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2.
    """
    found = of_entries(given)
    deviations = [deviation(totals, given.unit) for totals in found]
    return _result(
        "mean",
        {"min_judges": min_judges, "ties": list(ties)},
        given,
        [Fraction(sum(totals), len(totals) * given.unit) if totals else None for totals in found],
        ties,
        errors=[
            None if sd is None else sd / math.sqrt(len(totals)) for sd, totals in zip(deviations, found, strict=True)
        ],
        extra=lambda entry: {"sd": deviations[entry]},
    )


def trimmed(given: Cards, *, min_judges: int = 1, ties: Sequence[str] = (), trim: Fraction = Fraction(1, 10)) -> Result:
    """The mean of an entry's scorecards without the g lowest and the g highest.

    g = ⌊trim · n⌋ scorecards are cut at each end (`trim` from 0 to below 1/2, taken exactly), and
    score = mean of the n − 2g that are left, in the units of the scores. Its standard error is Tukey's and
    McLaughlin's, se = s_w / ((1 − 2g/n) √n): s_w is the sample standard deviation after each cut score is
    replaced by the nearest one that is left. None where fewer than two are left.

    Extra: `n_cut` = 2g, and `cut`: the judges whose scorecard is cut whatever else. Where a score at the edge was
    given by several judges, the score is cut and not a judge's, and they are not named.

    Notes: nothing_cut (trim · n < 1 everywhere), too_few_left (n < 2g + 3), unequal_judges (not the same share is
    cut from each entry). Trimming is against manipulation: without outliers it costs accuracy. Raises ValueError for
    a `trim` outside its range, which the registry's parser refuses first.

    Source: Tukey, J. W. and McLaughlin, D. H. (1963), Sankhyā A 25, 331–352; Wilcox, R. R. (2012), Introduction to
    Robust Estimation and Hypothesis Testing, 3.3; g as in scipy.stats.trim_mean.
    """
    if not 0 <= trim < Fraction(1, 2):
        raise ValueError(f"a share of {trim} cannot be cut at each end")
    found = of_entries(given)
    ordered = [sorted(totals) for totals in found]
    cut = [math.floor(trim * len(totals)) for totals in found]
    kept = [totals[g : len(totals) - g] for totals, g in zip(ordered, cut, strict=True)]

    def error(totals: list[int], left: list[int], g: int) -> float | None:
        if len(left) < 2:
            return None
        winsorised = deviation([left[0]] * g + left + [left[-1]] * g, given.unit)
        return None if winsorised is None else winsorised * math.sqrt(len(totals)) / len(left)

    cards = given.of_entries()

    def extra(entry: int) -> dict[str, Any]:
        left = kept[entry]
        return {
            "n_cut": 2 * cut[entry],
            "cut": [
                given.judges[given.judge[card]] for card in cards[entry] if not left[0] <= given.total[card] <= left[-1]
            ],
        }

    return _result(
        "trimmed",
        {"min_judges": min_judges, "ties": list(ties), "trim": exact(trim)},
        given,
        [Fraction(sum(left), len(left) * given.unit) if left else None for left in kept],
        ties,
        errors=[error(*one) for one in zip(ordered, kept, cut, strict=True)],
        extra=extra,
        notes=_trimming(given, trim, [len(totals) for totals in found], cut),
    )


def median(given: Cards, *, min_judges: int = 1, ties: Sequence[str] = ()) -> Result:
    """The middle one of an entry's scorecards in order; the mean of the middle two where their number is even.

    Score in the units of the scores; no standard error, because from a handful of judges there is no sound one.
    One judge who is far off hardly moves it, but with whole marks many entries come out equal: name tie rules.

    Source: any textbook; NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.1.
    """

    def middle(totals: list[int]) -> Fraction | None:
        if not totals:
            return None
        ordered = sorted(totals)
        half = len(ordered) // 2
        return Fraction(ordered[half] + ordered[-half - 1], 2 * given.unit)

    found = of_entries(given)
    return _result(
        "median",
        {"min_judges": min_judges, "ties": list(ties)},
        given,
        [middle(totals) for totals in found],
        ties,
        errors=[None] * len(found),
        extra=lambda entry: {},
    )


def passing(
    given: Cards, *, min_judges: int = 1, mark: Fraction = Fraction(1, 2), share: Fraction = Fraction(1, 2)
) -> Result:
    """Pass or fail, for screening: an entry passes if enough of its judges let it pass.

    A judge lets an entry pass with a score of `mark` or more (in the units of the scores).
    score = the share of the entry's judges who do, exact; `passed` is score ≥ `share`, and None below
    `min_judges`. Ranks are by the score, so that those with the same share stand together; they say who is how
    far from failing, not who is best. No standard error: the share is a vote and not an estimate.

    Extra: `passed`; for judges `passes`, the number of entries that they let pass. Model: `passed`, the number of
    entries that pass. Notes: mark_always_reached, mark_never_reached (the mark is not on the scores' scale?).

    Source: the passing score of Topcoder's review scorecards and the majority rule of juries.
    """
    found = of_entries(given)
    least = mark * given.unit
    scores = [Fraction(sum(total >= least for total in totals), len(totals)) if totals else None for totals in found]

    def passed(entry: int) -> bool | None:
        score = scores[entry]
        return None if score is None or len(found[entry]) < min_judges else score >= share

    notes = []
    reached = sum(total >= least for total in given.total)
    if reached == len(given):
        notes.append(
            note(
                "mark_always_reached",
                "Every score reaches the mark of {mark}: look whether the mark is on the scale of the scores.",
                mark=exact(mark),
            )
        )
    if reached == 0:
        notes.append(
            note(
                "mark_never_reached",
                "No score reaches the mark of {mark}: look whether the mark is on the scale of the scores.",
                mark=exact(mark),
            )
        )
    passes = dict.fromkeys(given.judges, 0)
    for judge, total in zip(given.judge, given.total, strict=True):
        passes[given.judges[judge]] += total >= least
    return _result(
        "pass",
        {"min_judges": min_judges, "mark": exact(mark), "share": exact(share)},
        given,
        scores,
        (),
        errors=[None] * len(found),
        extra=lambda entry: {"passed": passed(entry)},
        notes=notes,
        judges=severities(given, lambda judge: {"passes": passes[judge]}),
        model={"passed": sum(bool(passed(entry)) for entry in range(len(found)))},
    )


# What the methods share ---------------------------------------------------------------------------


def of_entries(given: Cards) -> list[list[int]]:
    """The totals of each entry's cards. Raises Refused if there is not one card."""
    if not len(given):
        raise Refused("no_scores", "There is no score at all.")
    found: list[list[int]] = [[] for _ in given.entries]
    for entry, total in zip(given.entry, given.total, strict=True):
        found[entry].append(total)
    return found


def deviation(totals: Sequence[int], unit: int) -> float | None:
    """The sample standard deviation of totals / unit, from exact sums; None for fewer than two."""
    n = len(totals)
    if n < 2:
        return None
    squares = n * sum(total * total for total in totals) - sum(totals) ** 2
    return math.sqrt(squares / (n * (n - 1) * unit * unit))


def severities(given: Cards, extra: Callable[[str], Mapping[str, Any]] = lambda judge: {}) -> tuple[JudgeRow, ...]:
    """Each judge's row without a model: how far the judge's scores lie from the means of the same entries.

    severity = mean over the judge's cards of (score − mean of the entry's cards); se = sd of these differences
    / √n, None for n < 2. An entry's mean holds the judge's own score too, so that this says less than is true
    where entries have few judges.
    """
    found = of_entries(given)
    sums = [sum(totals) for totals in found]
    # Over a common denominator of all entries' numbers of cards, each difference is an integer.
    common = math.lcm(*{len(totals) for totals in found if totals})
    differences: dict[int, list[int]] = defaultdict(list)
    own: dict[int, list[int]] = defaultdict(list)
    for entry, judge, total in zip(given.entry, given.judge, given.total, strict=True):
        n = len(found[entry])
        differences[judge].append((n * total - sums[entry]) * (common // n))
        own[judge].append(total)
    rows = []
    for judge in sorted(own, key=given.judges.__getitem__):
        n = len(own[judge])
        sd = deviation(differences[judge], given.unit * common)
        rows.append(
            JudgeRow(
                given.judges[judge],
                sum(differences[judge]) / (n * given.unit * common),
                None if sd is None else sd / math.sqrt(n),
                deviation(own[judge], given.unit),
                n,
                extra(given.judges[judge]),
            )
        )
    return tuple(rows)


def exact(value: Fraction | int) -> int | str:
    """A number for `Result.params`: whole, or the text of its decimal or, where that has no end, its fraction."""
    number = Fraction(value)
    if number.denominator == 1:
        return number.numerator
    places = next((places for places in range(1, 13) if 10**places % number.denominator == 0), None)
    if places is None:
        return str(number)
    digits = f"{abs(number.numerator) * (10**places // number.denominator):0{places + 1}d}"
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def remarks(given: Cards, groups: Sequence[Sequence[str]], min_judges: int) -> list[Note]:
    """What has to be said of any score made of cards: one judge, all equal, judges who are not linked, too few."""
    found = []
    if len(set(given.judge)) == 1:
        found.append(note("one_judge", "There is one judge only: the result is that judge's own order."))
    if len(given) > 1 and len(set(given.total)) == 1:
        found.append(note("all_equal", "All scores are the same, so that they say nothing about who is better."))
    if len(groups) > 1:
        found.append(
            note(
                "unlinked",
                "{groups} groups of judges share no entry: a difference between their entries may be one between "
                "strict and generous judges. Let one judge score an entry of each (for example {one} and {other}).",
                groups=len(groups),
                one=groups[0][0],
                other=groups[1][0],
            )
        )
    few = sorted(
        name for name, totals in zip(given.entries, of_entries(given), strict=True) if 0 < len(totals) < min_judges
    )
    if few:
        found.append(
            note(
                "too_few_judges",
                "{entries} of the entries have fewer than {least} judges and are not ranked: {names}.",
                entries=len(few),
                least=min_judges,
                names=some(few),
            )
        )
    return found


def _trimming(given: Cards, trim: Fraction, counts: list[int], cut: list[int]) -> list[Note]:
    found = []
    scored = [count for count in counts if count]
    if trim and not any(cut):
        found.append(
            note(
                "nothing_cut",
                "A share of {trim} cuts no score, because no entry has more than {most} judges: this is the plain "
                "mean. Cut a larger share, or let more judges score.",
                trim=exact(trim),
                most=max(scored),
            )
        )
    few = sorted(name for name, count, g in zip(given.entries, counts, cut, strict=True) if 0 < count < 2 * g + 3)
    if few:
        found.append(
            note(
                "too_few_left",
                "{entries} of the entries have fewer than three scores left to take the mean of: {names}. "
                "Cut a smaller share, or let more judges score.",
                entries=len(few),
                names=some(few),
            )
        )
    if min(scored) < max(scored):
        found.append(
            note(
                "unequal_judges",
                "Entries have from {least} to {most} judges, so that not the same share is cut from each: "
                "let equally many judges score each entry.",
                least=min(scored),
                most=max(scored),
            )
        )
    return found


def _result(
    method: str,
    params: Mapping[str, Any],
    given: Cards,
    scores: Sequence[Fraction | None],
    rules: Sequence[str],
    *,
    errors: Sequence[float | None],
    extra: Callable[[int], dict[str, Any]],
    notes: Sequence[Note] = (),
    judges: tuple[JudgeRow, ...] | None = None,
    model: Mapping[str, Any] | None = None,
) -> Result:
    """The rows of exact scores, ranked, with equals parted by the rules."""
    counts = [len(totals) for totals in of_entries(given)]
    by_score: dict[Fraction, list[int]] = defaultdict(list)
    for entry, score in enumerate(scores):
        if score is not None and counts[entry] >= params["min_judges"]:
            by_score[score].append(entry)
    equal = [by_score[score] for score in sorted(by_score, reverse=True)]
    groups, decided = ties.resolve(given, equal, rules)
    places = shared([[given.entries[entry] for entry in group] for group in groups])
    numbers = {name: number for number, name in enumerate(given.entries)}

    def row(name: str) -> EntryRow:
        entry = numbers[name]
        more = extra(entry) | ({"tie_rule": decided[name]} if name in decided else {})
        rank, others = places.get(name, (None, ()))
        return EntryRow(name, scores[entry], rank, others, counts[entry], errors[entry], more)

    unranked = sorted(name for name in given.entries if name not in places)
    components = linked.components(given)
    return Result(
        method,
        dict(params),
        tuple(row(name) for name in itertools.chain(places, unranked)),
        severities(given) if judges is None else judges,
        components,
        given.excluded,
        (*remarks(given, components, params["min_judges"]), *notes, *ties.undecided(given, groups, rules)),
        dict(model or {}),
    )
