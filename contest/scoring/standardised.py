"""Per-judge z-scores: each judge's scores on a scale of the judge's own mean and spread. The standard library only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from contest.scoring import linked, means
from contest.scoring.cards import Cards
from contest.scoring.outcome import NOISE, EntryRow, Result, Score, ranks
from contest.scoring.refusals import Note, note, some

#: A judge's set of entries is compared with the rest if both have this many; below, a normal tail says little.
_COMPARED = 5
#: In this share of contests, at most, sets may be called different although they were drawn at random.
_ALPHA = 0.05


def zscore(given: Cards, *, min_judges: int = 1, min_n: int = 5) -> Result:
    """The mean of an entry's z-scores: z = (x − mean of the judge) / population standard deviation of the judge.

    A judge with fewer than `min_n` scorecards, or whose scores are all equal, is only centred: z = x − mean, which
    is in the units of the scores and not of the spread (so that on a wide scale such a judge weighs more). An
    entry's `z` is the mean of the z of its scorecards, and decides the rank. For readers,
    score = a + (z − z₀) (b − a) / (z₁ − z₀), where z₀ and z₁ are the lowest and the highest z and a and b the
    lowest and the highest raw mean of the ranked entries (of all, if none is ranked): a number in the units of
    the scores. Where all z are equal, every score is the mean of the raw means. se = sd of the entry's z / √n,
    stretched like the score; None for n < 2. It takes the judges' means and spreads for known.

    Extra: `z`; for judges `mean`, and `centred` where no spread was divided by. Severity is as in `means`.
    Ranks are exact where every judge is only centred, else above `outcome.NOISE`.

    Notes: random_assignment, always: a judge's mean and spread are taken for the judge's habit, so that the method
    erases every real difference between the sets that judges saw. sets_differ when they do look different (see
    `unlike`); judges_centred (n < min_n), judges_with_one_value (standard deviation 0), all_z_equal, means_equal.

    Raises Refused: no_scores.

    Sources: "Score normalization explained", help.evalato.com/en/articles/6484940 (the map to the raw range);
    "Guide: Standardizing the Judges Scores", herox.com/help/77-guide-standardizing-the-judges-scores.
    """
    cards = means.of_entries(given)
    notes = [
        note(
            "random_assignment",
            "This method is fair only if the entries were given out at random: a judge who was given the better ones "
            "pulls them down.",
        )
    ]
    values, centred, habits = _standardised(given, min_n)
    notes += habits

    of_entry: list[list[Score]] = [[] for _ in given.entries]
    for entry, value in zip(given.entry, values, strict=True):
        of_entry[entry].append(value)
    zs = {number: _mean(found) for number, found in enumerate(of_entry) if found}
    raw = {number: Fraction(sum(cards[number]), len(cards[number]) * given.unit) for number in zs}
    counted = [number for number in zs if len(cards[number]) >= min_judges]
    scale = counted or list(zs)
    low, high = min(zs[number] for number in scale), max(zs[number] for number in scale)
    least, most = min(raw[number] for number in scale), max(raw[number] for number in scale)
    # What rounding left of z must not be stretched over the whole range; exact z are equal or not.
    noise = NOISE * max(abs(float(value)) for value in values) if isinstance(high - low, float) else 0.0
    equal = high - low <= noise
    slope: Score | None = None if equal else (most - least) / (high - low)
    if equal:
        middle = sum((raw[number] for number in scale), Fraction(0)) / len(scale)
        scores: dict[int, Score] = dict.fromkeys(zs, middle)
        # That all scores are the same is said by `means.remarks`.
        if len(scale) > 1 and len(set(given.total)) > 1:
            notes.append(
                note(
                    "all_z_equal",
                    "On each judge's own scale all entries are equal, so that they share a rank; "
                    "the score shown is the mean of all.",
                )
            )
    else:
        assert slope is not None
        scores = {number: least + (z - low) * slope for number, z in zs.items()}
        if least == most:
            notes.append(
                note(
                    "means_equal",
                    "All entries have the same raw mean, so that the score shown cannot tell them apart: "
                    "look at z, by which they are ranked.",
                )
            )
    notes += unlike(given)
    groups = linked.components(given)
    notes += means.remarks(given, groups, min_judges)

    places = ranks({given.entries[number]: Fraction(0) if equal else zs[number] for number in counted})
    numbers = {name: number for number, name in enumerate(given.entries)}

    def row(name: str) -> EntryRow:
        number = numbers[name]
        rank, others = places.get(name, (None, ()))
        return EntryRow(
            name,
            scores.get(number),
            rank,
            others,
            len(cards[number]),
            _error(of_entry[number], slope),
            {"z": zs.get(number)},
        )

    own_mean = {
        judge: Fraction(sum(given.total[card] for card in found), len(found) * given.unit)
        for judge, found in zip(given.judges, given.of_judges(), strict=True)
        if found
    }
    unranked = sorted(name for name in given.entries if name not in places)
    return Result(
        "zscore",
        {"min_judges": min_judges, "min_n": min_n},
        tuple(row(name) for name in itertools.chain(places, unranked)),
        means.severities(given, lambda judge: {"mean": own_mean[judge], "centred": judge in centred}),
        groups,
        given.excluded,
        tuple(notes),
    )


def _standardised(given: Cards, min_n: int) -> tuple[list[Score], set[str], list[Note]]:
    """Each card's z (exact where it is only centred), who was only centred, and the notes on them."""
    values: list[Score] = [Fraction(0)] * len(given)
    few, same = [], []
    for judge, numbers in zip(given.judges, given.of_judges(), strict=True):
        if not numbers:
            continue
        n = len(numbers)
        own = [given.total[card] for card in numbers]
        whole = sum(own)
        squares = n * sum(total * total for total in own) - whole * whole
        if n < min_n:
            few.append(judge)
        elif not squares:
            same.append(judge)
        # n times the difference is an integer, and n times the standard deviation the root of one. Both lose as many
        # bits as floats have no room for.
        half = max(0, squares.bit_length() - 1_000) // 2
        root = math.sqrt(squares >> 2 * half)
        for card, total in zip(numbers, own, strict=True):
            difference = n * total - whole
            if n < min_n or not squares:
                values[card] = Fraction(difference, n * given.unit)
            else:
                values[card] = difference / (1 << half) / root
    notes = []
    if few:
        notes.append(
            note(
                "judges_centred",
                "{n} of the judges gave fewer than {least} scores, too few to know their spread: only their mean was "
                "taken off ({judges}). Let them score more entries.",
                n=len(few),
                least=min_n,
                judges=some(sorted(few)),
            )
        )
    if same:
        notes.append(
            note(
                "judges_with_one_value",
                "{n} of the judges gave the same score to every entry, which then counts as their average and says "
                "nothing ({judges}).",
                n=len(same),
                judges=some(sorted(same)),
            )
        )
    return values, {*few, *same}, notes


def _mean(values: Sequence[Score]) -> Score:
    """The mean; exact if all are, else rounded once, so that it does not depend on the order."""
    if all(isinstance(value, Fraction) for value in values):
        return sum(values, Fraction(0)) / len(values)
    return math.fsum(values) / len(values)


def _error(values: Sequence[Score], slope: Score | None) -> float | None:
    if len(values) < 2 or slope is None:
        return None
    middle = math.fsum(values) / len(values)
    squares = math.fsum((float(value) - middle) ** 2 for value in values)
    return float(slope) * math.sqrt(squares / ((len(values) - 1) * len(values)))


def unlike(given: Cards) -> tuple[Note, ...]:
    """A note if judges' sets of entries look of different quality, by what the other judges say of them.

    For each judge j, all of j's scorecards are taken out, and every entry that is left has the mean of the others'.
    If j's entries were drawn at random, their average differs from that of all N only by the draw: its variance is
    S² / n · (1 − n / N), with S² the variance of the N means, whatever the other judges are like. Judges who saw
    everything are never unlike. The two-sided normal tail of the largest such difference is multiplied by the
    number of judges compared (Bonferroni: sound although judges of one panel have the same set), and the note given
    below 5 %. Judges of a panel of their own are judged by each other: with strict and generous panels the note may
    come although the entries are alike, and it says so.

    Source: sampling without replacement, Cochran, W. G. (1977), Sampling Techniques, 2.4–2.6.
    """
    cards = means.of_entries(given)
    sums, counts = [sum(totals) for totals in cards], [len(totals) for totals in cards]
    unit = given.unit
    centre = sum(given.total) / (len(given) * unit)
    average = [total / (n * unit) - centre if n else 0.0 for total, n in zip(sums, counts, strict=True)]
    scored = sum(1 for n in counts if n)
    all_sum, all_squares = math.fsum(average), math.fsum(value * value for value in average)
    found: list[tuple[float, str]] = []
    compared = 0
    for judge, numbers in zip(given.judges, given.of_judges(), strict=True):
        without = [
            (sums[entry] - total) / ((counts[entry] - 1) * unit) - centre
            for entry, total in ((given.entry[card], given.total[card]) for card in numbers)
            if counts[entry] > 1
        ]
        mine = [average[given.entry[card]] for card in numbers]
        n, everything = len(without), scored - len(numbers) + len(without)
        if n < _COMPARED or everything - n < _COMPARED:
            continue
        compared += 1
        whole = all_sum - math.fsum(mine) + math.fsum(without)
        squares = all_squares - math.fsum(v * v for v in mine) + math.fsum(v * v for v in without)
        variance = (squares - whole * whole / everything) / (everything - 1)
        if variance <= NOISE * all_squares / scored:
            continue
        error = math.sqrt(variance / n * (1 - n / everything))
        away = abs(math.fsum(without) / n - whole / everything) / error
        found.append((math.erfc(away / math.sqrt(2)), judge))
    different = sorted(judge for tail, judge in found if tail * compared < _ALPHA)
    if not different:
        return ()
    return (
        note(
            "sets_differ",
            "{n} of the judges seem to have been given better or worse entries than the rest, or sit with stricter or "
            "more generous judges ({judges}): z-scores would erase that difference. Take the method additive or mean.",
            n=len(different),
            judges=some(different),
        ),
    )
