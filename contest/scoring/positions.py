"""Ranking by places on ballots: Borda and median rank.

A place is counted within what the judge saw, as a share: 1 for the first, 0 for the last. So judges who saw
many entries and judges who saw few weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from contest.scoring import orders
from contest.scoring.cards import Ballots, Cards
from contest.scoring.outcome import Result

#: An entry's places: (twice the entries below it on a ballot, equals by half; the others on it) → how often.
Places = dict[tuple[int, int], int]


def borda(given: Cards | Ballots, *, min_judges: int = 1) -> Result:
    """The mean share of the other entries that an entry is put before.

    On a ballot with n entries, an entry gets one point for each one below it and half a point for each one level
    with it: n − 1 for the first, 0 for the last. Unranked entries are below all ranked ones and level with
    each other. Score = mean over its judges of points / (n − 1), exact, from 0 to 1; extra column `points` = sum
    of the points. Where all judges saw the same n entries, the score is points / (judges × (n − 1)), and the
    ranking is the classical Borda count's. Where they did not, the sum would favour who was seen by many or on
    long ballots; the mean does not. `model`: the Condorcet winner or null.

    It is fair only if entries were given out at random (note `random_assignment`): an entry on a ballot of
    strong entries gets a low place. Ballots with one entry do not count; without others there is no result
    (`nothing_compared`).

    Source: J.-C. de Borda, Mémoire sur les élections au scrutin (1781); D. Black, The theory of committees and
    elections (1958). Points of equals are the mean of those of the places that they share.
    """

    return _result("borda", given, min_judges, _mean, "points", _points)


def median_rank(given: Cards | Ballots, *, min_judges: int = 1) -> Result:
    """The median of an entry's places.

    On a ballot with n entries, the entry in position p (1 is best; equals share the mean of their positions) has
    the place (n − p) / (n − 1): 1 for the first, 0 for the last. Score = median over its judges, exact; of an even
    number of judges the mean of the middle two. Higher is better; 1 − score is the median rank fraction. Extra
    column `median_rank` = median of the positions p themselves. `model`: the Condorcet winner or null.

    One judge out of line moves a median little; in exchange many entries tie. It is fair only under random
    assignment, and refuses, as `borda` does.

    Source: G. W. Bassett and J. Persky, Robust voting, Public Choice 99 (1999) 299–310, for complete ballots; the
    share of the ballot's length, as in `borda`, extends it to ballots of different lengths.
    """
    return _result(
        "median-rank",
        given,
        min_judges,
        lambda places: _median([(Fraction(halves, 2 * others), times) for (halves, others), times in places.items()]),
        "median_rank",
        lambda places: _median(
            [(others + 1 - Fraction(halves, 2), times) for (halves, others), times in places.items()]
        ),
    )


def _result(
    method: str,
    given: Cards | Ballots,
    min_judges: int,
    score: Callable[[Places], Fraction],
    column: str,
    value: Callable[[Places], Fraction],
) -> Result:
    votes = orders.comparing(given)
    places = _places(votes)
    scores = [score(found) if found else None for found in places]
    may, few = orders.ranked(votes, scores, min_judges)
    made = orders.rows(votes, scores, [{column: value(found) if found else None} for found in places], may)
    return Result(
        method,
        {"min_judges": min_judges},
        made,
        votes.judges,
        votes.components,
        votes.excluded,
        (*votes.notes, *few, *orders.assigned(votes), *orders.lengths(votes), *orders.remarks(votes, made)),
        {"condorcet_winner": orders.condorcet(votes, may)},
    )


def _places(votes: orders.Votes) -> list[Places]:
    found: list[Places] = [{} for _ in votes.entries]
    for ballot in votes.ballots:
        below = seen = ballot.seen
        for level in ballot.levels():
            below -= len(level)
            place = 2 * below + len(level) - 1, seen - 1
            for entry in level:
                found[entry][place] = found[entry].get(place, 0) + ballot.count
    return found


def _mean(places: Places) -> Fraction:
    shares = sum((Fraction(halves * times, 2 * others) for (halves, others), times in places.items()), Fraction(0))
    return shares / sum(places.values())


def _points(places: Places) -> Fraction:
    return Fraction(sum(halves * times for (halves, _), times in places.items()), 2)


def _median(values: Sequence[tuple[Fraction, int]]) -> Fraction:
    """The exact median of values that each stand for several people."""
    ordered = sorted(values)
    people = sum(times for _, times in ordered)

    def at(place: int) -> Fraction:
        for value, times in ordered:
            place -= times
            if place < 0:
                return value
        raise AssertionError("a place beyond the last")

    return (at((people - 1) // 2) + at(people // 2)) / 2
