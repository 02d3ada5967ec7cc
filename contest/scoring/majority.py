"""Ranking by majorities between two entries: Copeland and Schulze, with the Condorcet winner and the Smith set.

For two entries, only judges who saw both are asked. An entry beats another when more of them put it before the
other than after it; putting both level counts for neither. Two entries that nobody saw together are not
compared, which is not a draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contest.scoring import linked, orders
from contest.scoring.cards import Ballots, Cards
from contest.scoring.orders import Votes
from contest.scoring.outcome import Result
from contest.scoring.refusals import Note, Refused, note

#: Strongest paths take the cube of this many steps: about ten seconds.
MOST_ENTRIES = 2_000
#: Duels alone take its square: as long for this many.
MOST_DUELS = 20_000
#: Cells of a matrix, and comparisons, that are held at once.
_CELLS = 4_000_000

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Tournament:
    """Every entry against every other, by majority of those who saw both. One number for each entry."""

    wins: tuple[int, ...]
    losses: tuple[int, ...]
    draws: tuple[int, ...]
    #: The smallest group whose members each beat everyone outside it, as numbers; only of those that may be ranked.
    smith: tuple[int, ...]

    def compared(self, entry: int) -> int:
        """How many others the entry was compared with."""
        return self.wins[entry] + self.losses[entry] + self.draws[entry]


def copeland(given: Cards | Ballots, *, min_judges: int = 1, per: str = "majority") -> Result:
    """Wins minus losses.

    With per="majority", of an entry against every other: score = entries that it beats − entries that beat it,
    between −(n−1) and n−1. The extra columns are `wins`, `losses`, `draws` and `compared`, the number of other
    entries that somebody saw together with it. Entries that no chain of judges links are refused
    (`disconnected`), since no majority says anything about them.

    With per="judge", within each ballot: score = sum over the ballots of the entries below it minus those above
    it. The i-th (from 0) of r ranked entries, u more being unranked, so gets r + u − 1 − 2i, and each unranked one
    gets −r. The extra columns then count over all ballots.

    An entry's score uses all comparisons, also those with entries that have fewer than `min_judges` judges.
    `model` names the Condorcet winner (who beats every other entry) or null, and the Smith set: the smallest
    group whose members each beat everyone outside it. It takes the duels by majority, with either `per`; so more than
    20,000 entries are refused (`too_many_entries`), since time grows with their square.

    Source: A. H. Copeland, A "reasonable" social welfare function (1951); P. C. Fishburn, Condorcet social choice
    functions, SIAM J. Appl. Math. 33 (1977). Per judge: github.com/hackutd/jury, server/judging/scoring.go.
    """
    votes = orders.comparing(given)
    _at_most(MOST_DUELS, sum(map(bool, votes.seen)))
    if per == "majority":
        linked.require(votes.sights)
    may, few = orders.ranked(votes, [0 if seen else None for seen in votes.seen], min_judges)
    met = tournament(votes, may)
    if per == "majority":
        wins, losses, draws = met.wins, met.losses, met.draws
        notes = not_compared(votes, met)
    else:
        wins, losses, draws = _within(votes)
        notes = orders.assigned(votes)
    scores = [wins[entry] - losses[entry] if votes.seen[entry] else None for entry in range(len(votes.entries))]
    made = orders.rows(
        votes,
        scores,
        [
            {
                "wins": wins[entry],
                "losses": losses[entry],
                "draws": draws[entry],
                "compared": wins[entry] + losses[entry] + draws[entry],
            }
            for entry in range(len(votes.entries))
        ],
        may,
    )
    return Result(
        "copeland",
        {"min_judges": min_judges, "per": per},
        made,
        votes.judges,
        votes.components,
        votes.excluded,
        (*votes.notes, *few, *notes, *orders.remarks(votes, made)),
        {"condorcet_winner": orders.condorcet(votes, may), "smith_set": votes.names(met.smith)},
    )


def schulze(given: Cards | Ballots, *, min_judges: int = 1, strength: str = "winning") -> Result:
    """Strongest paths of majorities.

    A step from x to y exists where x beats y. It is as strong as the number of judges who put x before y
    (strength="winning") or as their lead over those who put y before x ("margins"). A path is as strong as its
    weakest step. x stands above y when the strongest path from x to y is stronger than that from y to x. This is
    never circular. Score = number of entries that the entry stands above; of equal scores the one that fewer
    stand above comes first (extra column `beaten_by`: how many stand above it).

    Paths also go through entries that have fewer than `min_judges` judges. `model`: the Condorcet winner or
    null, and `winners`: all that no other ranked entry stands above. Refused: entries that no chain of judges links
    (`disconnected`); more than 2,000 entries (`too_many_entries`), since time grows with their cube.

    Source: M. Schulze, A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent
    single-winner election method, Social Choice and Welfare 36 (2011) 267–303.
    """
    votes = orders.comparing(given)
    linked.require(votes.sights)
    stand = [entry for entry, seen in enumerate(votes.seen) if seen]
    _at_most(MOST_ENTRIES, len(stand))
    may, few = orders.ranked(votes, [0 if seen else None for seen in votes.seen], min_judges)
    paths = strongest(votes, strength)
    above = paths > paths.T
    beaten: Sequence[int] = above.sum(axis=1).tolist()
    beaten_by: Sequence[int] = above.sum(axis=0).tolist()
    lost: Sequence[bool] = above[np.array(may, dtype=bool)].any(axis=0).tolist()
    count = len(votes.entries)
    met = tournament(votes, may)
    made = orders.rows(
        votes,
        [beaten[entry] if votes.seen[entry] else None for entry in range(count)],
        [{"beaten_by": beaten_by[entry]} for entry in range(count)],
        may,
        order=[beaten[entry] * count - beaten_by[entry] for entry in range(count)],
    )
    return Result(
        "schulze",
        {"min_judges": min_judges, "strength": strength},
        made,
        votes.judges,
        votes.components,
        votes.excluded,
        (*votes.notes, *few, *not_compared(votes, met), *orders.remarks(votes, made)),
        {
            "condorcet_winner": orders.condorcet(votes, may),
            "winners": votes.names([entry for entry in stand if may[entry] and not lost[entry]]),
        },
    )


def _at_most(most: int, entries: int) -> None:
    if entries > most:
        raise Refused(
            "too_many_entries",
            "{entries} entries are too many for this method: it takes at most {most}. Use borda or the mean.",
            entries=entries,
            most=most,
        )


def not_compared(votes: Votes, met: Tournament) -> tuple[Note, ...]:
    """A note on the pairs of entries that nobody saw together."""
    stand = sum(1 for seen in votes.seen if seen)
    pairs = stand * (stand - 1) // 2
    missing = pairs - sum(map(met.compared, range(len(votes.entries)))) // 2
    if not missing:
        return ()
    return (
        note(
            "pairs_not_compared",
            "{missing} of the {pairs} pairs of entries were seen together by no judge: they count neither as won "
            "nor as lost, so that entries with few comparisons stay near the middle.",
            missing=missing,
            pairs=pairs,
        ),
    )


def tournament(votes: Votes, may: Sequence[bool]) -> Tournament:
    """Wins, losses and draws of every entry against every other; the Smith set among those that `may` be ranked.

    Smith set: by wins minus losses among those, the k entries with the most of it beat everyone else if and only
    if their sum is k(n − k), for what they win of each other they also lose; the smallest such k gives the set.
    (H. G. Landau, On dominance relations III, 1953, for tournaments; draws change nothing.)
    """
    count = len(votes.entries)
    eligible = np.array(may, dtype=bool)
    wins, losses, draws = [], [], []
    lead = np.zeros(count, dtype=np.int64)
    width = max(1, _CELLS // max(count, 1))
    for start in range(0, count, width):
        stop = min(count, start + width)
        over, under, met = against(votes, start, stop)
        sign = np.sign(over - under)
        wins += (sign > 0).sum(axis=1).tolist()
        losses += (sign < 0).sum(axis=1).tolist()
        draws += (met & (sign == 0)).sum(axis=1).tolist()
        lead[start:stop] = sign[:, eligible].sum(axis=1)
    stand = sorted(np.flatnonzero(eligible).tolist(), key=lambda entry: -lead[entry])
    total, smith = 0, stand
    for size, entry in enumerate(stand, start=1):
        total += int(lead[entry])
        if total == size * (len(stand) - size):
            smith = stand[:size]
            break
    return Tournament(tuple(wins), tuple(losses), tuple(draws), tuple(smith))


def against(votes: Votes, start: int, stop: int) -> tuple[Counts, Counts, NDArray[np.bool_]]:
    """Entries `start` to `stop` (rows) against all (columns).

    How many judges put the row's entry before the column's, how many after it, and whether anyone saw both.
    """
    count = len(votes.entries)
    shape = (stop - start, count)
    over, under = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    met = np.zeros(shape, dtype=bool)
    for who, place, times in _by_length(votes):
        ballot, at = np.nonzero((who >= start) & (who < stop))
        step = max(1, _CELLS // who.shape[1])
        for first in range(0, len(ballot), step):
            some, spot = ballot[first : first + step], at[first : first + step]
            # In one dimension, where adding takes a quarter of the time.
            cells = ((who[some, spot] - start)[:, None] * count + who[some]).ravel()
            ahead = place[some] - place[some, spot][:, None]
            often = times[some][:, None]
            np.add.at(over.reshape(-1), cells, (often * (ahead > 0)).ravel())
            np.add.at(under.reshape(-1), cells, (often * (ahead < 0)).ravel())
            met.reshape(-1)[cells] = True
    rows = np.arange(start, stop)
    met[rows - start, rows] = False
    return over, under, met


def _by_length(votes: Votes) -> Iterator[tuple[Counts, Counts, Counts]]:
    """Ballots with the same number of entries together: the entries, their levels (0 is best), the counts."""
    groups: dict[int, list[tuple[list[int], list[int], int]]] = {}
    for ballot in votes.ballots:
        levels = ballot.levels()
        who = [entry for group in levels for entry in group]
        place = [number for number, group in enumerate(levels) for _ in group]
        groups.setdefault(len(who), []).append((who, place, ballot.count))
    for group in groups.values():
        who_all, place_all, times = zip(*group, strict=True)
        yield (
            np.array(who_all, dtype=np.int64),
            np.array(place_all, dtype=np.int64),
            np.array(times, dtype=np.int64),
        )


def strongest(votes: Votes, strength: str = "winning") -> Counts:
    """The strength of the strongest path from each entry (row) to each other (column); 0 where there is none."""
    over, under, _ = against(votes, 0, len(votes.entries))
    steps = np.where(over > under, over if strength == "winning" else over - under, 0)
    # Only the order of strengths matters on the way: small numbers make each round several times faster.
    values, order = np.unique(steps, return_inverse=True)
    paths = order.reshape(steps.shape).astype(np.min_scalar_type(len(values)))
    through = np.empty_like(paths)
    for middle in range(len(paths)):
        np.minimum(paths[:, middle, None], paths[None, middle, :], out=through)
        np.maximum(paths, through, out=paths)
    found: Counts = values[paths]
    np.fill_diagonal(found, 0)
    return found


def _within(votes: Votes) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """For each entry, over all ballots: the entries below it, above it, and level with it."""
    count = len(votes.entries)
    wins, losses, draws = [0] * count, [0] * count, [0] * count
    for ballot in votes.ballots:
        above, seen = 0, ballot.seen
        for level in ballot.levels():
            for entry in level:
                wins[entry] += ballot.count * (seen - above - len(level))
                losses[entry] += ballot.count * above
                draws[entry] += ballot.count * (len(level) - 1)
            above += len(level)
    return tuple(wins), tuple(losses), tuple(draws)
