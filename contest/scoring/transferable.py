"""The single transferable vote: a shortlist that gives every group of judges its share of the places."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from contest.scoring import orders
from contest.scoring.cards import Ballots, Cards
from contest.scoring.methods import listed
from contest.scoring.orders import Votes
from contest.scoring.outcome import Result
from contest.scoring.refusals import Note, Refused, note, some

#: Every stage is kept with its votes, so that room grows with the square of this.
MOST_ENTRIES = 1_000
#: Each surplus doubles the digits of exact values: from so many bits of a denominator on, they are cut after DECIMALS.
_BITS, DECIMALS = 1_000, 100


def stv(given: Cards | Ballots, *, seats: int = 1, decision: Sequence[str] = ()) -> Result:
    """Elects `seats` entries: single transferable vote, Droop quota, weighted inclusive Gregory transfers, exact.

    Each ballot is one vote for the best entry on it that still stands. Quota = floor(votes / (seats + 1)) + 1,
    counting the ballots that rank at least one entry. Stage by stage:

    1. Who has the quota is elected. If no more stand than places are left, all of them are.
    2. Else, if someone elected has a surplus over the quota, the largest goes on (equal ones together): every vote
       that the entry holds moves, at its value × surplus / the entry's votes, to the next on its ballot.
    3. Else the entry with the fewest votes is eliminated and its votes move at their whole value.

    Equals on a ballot share its value equally among those of them that still stand. A vote with nobody left is
    exhausted; what is seen but not ranked gets nothing. With one seat this is instant-runoff voting.

    Ties for elimination: fewer votes at the most recent stage that tells them apart; then `decision`, names in the
    order in which they go first (who is in it goes before who is not); then all of the tied together, if that
    leaves enough entries, their votes together could not lift any of them to the next one and, while several seats
    are open, nobody to the quota, so that their order does not change who is elected; else refused
    (`tie_needs_decision`).

    Score = votes at the last stage in which the entry stood; extra columns `elected` and `stage` (of election, of
    elimination, or the last one). Ranks: the elected in the order of election, at one stage by their votes; then who
    was left standing, by votes; then the eliminated, the latest first. `model`: `quota`, `seats`, `elected`,
    `exhausted`, `exact` and `stages`, each with `votes` of all in play, `exhausted`, who was `elected`, and whose votes
    then moved, as `surplus` or `eliminated`.

    Every surplus that goes on doubles the digits of the values. After some ten of them, a value that moves is cut
    after 100 decimals, what is cut off counts as exhausted, and `exact` is false.

    Refused: no vote (`no_scores`), more seats than entries (`too_many_seats`), a name in `decision` that is unknown or
    stands twice (`unknown_entry`, `decided_twice`), more than 1,000 entries with a first place
    (`too_many_entries`).

    Source: The Scottish Local Government Elections Order 2007, schedule 1, which cuts values after five decimals and
    draws lots where this refuses.
    """
    votes = orders.choosing(given)
    stand = [entry for entry, seen in enumerate(votes.seen) if seen]
    if seats > len(stand):
        raise Refused(
            "too_many_seats",
            "{seats} seats are more than the {entries} entries that stand: choose fewer seats.",
            seats=seats,
            entries=len(stand),
        )
    count = _Count(votes, set(stand), seats, _order(votes, decision))
    if sum(1 for sum_ in count.votes.values() if sum_) > MOST_ENTRIES:
        raise Refused(
            "too_many_entries",
            "More than {most} entries have a first place, which is too many for this method. Use borda or copeland.",
            entries=len(stand),
            most=MOST_ENTRIES,
        )
    while count.stage():
        pass
    groups = [*count.elected, *_level(count.standing, count.votes), *reversed(count.eliminated)]
    place = {entry: number for number, group in enumerate(groups) for entry in group}
    elected = {entry for group in count.elected for entry in group}
    made = orders.rows(
        votes,
        [count.last[entry] if entry in place else None for entry in range(len(votes.entries))],
        [
            {
                "elected": entry in elected,
                "stage": count.left.get(entry, len(count.stages)) if entry in place else None,
            }
            for entry in range(len(votes.entries))
        ],
        [entry in place for entry in range(len(votes.entries))],
        order=[-place.get(entry, 0) for entry in range(len(votes.entries))],
    )
    return Result(
        "stv",
        {"seats": seats, "decision": list(decision)},
        made,
        votes.judges,
        votes.components,
        votes.excluded,
        (*votes.notes, *_views(votes), *_below(count)),
        {
            "quota": count.quota,
            "seats": seats,
            "elected": [row.entry for row in made if row.extra["elected"]],
            "exhausted": count.exhausted,
            "exact": count.exact,
            "stages": count.stages,
        },
    )


def _order(votes: Votes, decision: Sequence[str]) -> dict[int, int]:
    """Each entry's place in the decision."""
    at = {name: number for number, name in enumerate(votes.entries)}
    for name in decision:
        if name not in at:
            raise Refused(
                "unknown_entry", "The decision names {entry}, which is not an entry: check the name.", entry=name
            )
    if len(set(decision)) != len(decision):
        twice = next(name for name in decision if list(decision).count(name) > 1)
        raise Refused("decided_twice", "The decision names {entry} twice: name each entry once.", entry=twice)
    return {at[name]: place for place, name in enumerate(decision)}


def _views(votes: Votes) -> tuple[Note, ...]:
    if votes.complete:
        return ()
    return (
        note(
            "unequal_views",
            "Not every judge saw every entry: an entry that more judges saw can collect more votes.",
        ),
    )


def _below(count: _Count) -> tuple[Note, ...]:
    below = [entry for group in count.elected for entry in group if count.last[entry] < count.quota]
    if not below:
        return ()
    return (
        note(
            "elected_below_quota",
            "{entries} of the elected did not reach the quota of {quota}; they were the last that stood: {names}.",
            entries=len(below),
            quota=count.quota,
            names=some(count.ballots.names(below)),
        ),
    )


def _level(entries: Sequence[int] | set[int], votes: dict[int, Fraction]) -> list[list[int]]:
    """Entries with equal votes together, the most first."""
    groups: dict[Fraction, list[int]] = {}
    for entry in sorted(entries):
        groups.setdefault(votes[entry], []).append(entry)
    return [groups[number] for number in sorted(groups, reverse=True)]


@dataclass
class _Count:
    """The count as it goes on; each call of `stage` is one stage."""

    ballots: Votes
    standing: set[int]
    seats: int
    decision: dict[int, int]
    quota: int = 0
    #: What each entry holds that may still move: ballot → value.
    held: dict[int, dict[int, Fraction]] = field(default_factory=dict)
    votes: dict[int, Fraction] = field(default_factory=dict)
    exhausted: Fraction = Fraction(0)
    #: Whether no value has been cut.
    exact: bool = True
    #: Groups of equals, in order.
    elected: list[list[int]] = field(default_factory=list)
    eliminated: list[list[int]] = field(default_factory=list)
    #: The stage at which an entry was elected or eliminated, and its votes when it last stood.
    left: dict[int, int] = field(default_factory=dict)
    last: dict[int, Fraction] = field(default_factory=dict)
    stages: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[int, Fraction]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.quota = self.ballots.voters // (self.seats + 1) + 1
        self.held = {entry: {} for entry in self.standing}
        self.votes = {entry: Fraction(0) for entry in self.standing}
        for number, ballot in enumerate(self.ballots.ballots):
            self._give(number, Fraction(ballot.count))

    def stage(self) -> bool:
        """Counts, elects, and moves votes; False when all seats are filled."""
        self.history.append({entry: self.votes[entry] for entry in self.standing})
        self.last |= self.history[-1]
        open_seats = self.seats - sum(map(len, self.elected))
        if len(self.standing) <= open_seats:
            reached = set(self.standing)
        else:
            reached = {entry for entry in self.standing if self.votes[entry] >= self.quota}
        record: dict[str, Any] = {
            "votes": {self.ballots.entries[entry]: self.votes[entry] for entry in sorted(self.votes)},
            "exhausted": self.exhausted,
            "elected": [name for group in _level(reached, self.votes) for name in self.ballots.names(group)],
            "surplus": [],
            "eliminated": [],
        }
        self.stages.append(record)
        self.elected += _level(reached, self.votes)
        self.standing -= reached
        self.left |= dict.fromkeys(reached, len(self.stages))
        if len(reached) == open_seats:
            return False
        over = [entry for entry in self.votes if entry not in self.standing and self.votes[entry] > self.quota]
        if over:
            largest = max(self.votes[entry] for entry in over)
            moving = [entry for entry in over if self.votes[entry] == largest]
            self._move(moving, (largest - self.quota) / largest)
            record["surplus"] = self.ballots.names(moving)
        else:
            moving = self._lowest()
            self.standing -= set(moving)
            self._move(moving, Fraction(1))
            self.eliminated.append(moving)
            self.left |= dict.fromkeys(moving, len(self.stages))
            record["eliminated"] = self.ballots.names(moving)
        return True

    def _give(self, number: int, value: Fraction) -> None:
        """A ballot's value to the best on it that still stand."""
        for group in self.ballots.ballots[number].groups:
            standing = [entry for entry in group if entry in self.standing]
            if standing:
                share = value / len(standing)
                for entry in standing:
                    self.held[entry][number] = self.held[entry].get(number, Fraction(0)) + share
                    self.votes[entry] += share
                return
        self.exhausted += value

    def _move(self, entries: Sequence[int], share: Fraction) -> None:
        """A share of all that some entries hold, which stand no more. Who gives all of it is out of play."""
        given: dict[int, Fraction] = {}
        for entry in entries:
            # What an elected entry keeps never moves again: its votes say enough.
            for number, value in self.held.pop(entry).items():
                given[number] = given.get(number, Fraction(0)) + value * share
            self.votes[entry] *= 1 - share
            if share == 1:
                del self.votes[entry]
        for number, value in given.items():
            if value.denominator.bit_length() > _BITS:
                value = Fraction(math.floor(value * 10**DECIMALS), 10**DECIMALS)
                self.exact = False
            self._give(number, value)
        if not self.exact:
            # What was cut off has not reached anybody.
            self.exhausted = self.ballots.voters - sum(self.votes.values(), Fraction(0))

    def _lowest(self) -> list[int]:
        """Who is eliminated now."""
        tied = sorted(self.standing)
        for votes in reversed(self.history):
            least = min(votes[entry] for entry in tied)
            tied = [entry for entry in tied if votes[entry] == least]
        if len(tied) > 1 and self.decision:
            # Who is not named goes behind who is; of the named, the last.
            behind = max(self.decision.get(entry, len(self.decision)) for entry in tied)
            tied = [entry for entry in tied if self.decision.get(entry, len(self.decision)) == behind]
        if len(tied) == 1 or self._harmless(tied):
            return tied
        names = self.ballots.names(tied)
        raise Refused(
            "tie_needs_decision",
            "{names} have equally few votes at stage {stage}, and which of them goes may change who is elected: "
            "decide who goes first and say so with --option {option}.",
            names=some(names),
            stage=len(self.stages),
            option=shlex.quote(f"decision={listed(names)}"),
            entries=names,
        )

    def _harmless(self, tied: Sequence[int]) -> bool:
        """Whether all of them can go at once, because who is elected is the same in whatever order they go.

        Their votes together lift none of them to the next entry, so that in every order they all go first. Votes
        only grow until somebody is elected. Where that ends the count, it is the same entry in every order; where it
        would set off a surplus in between, the order might matter.
        """
        rest = [self.votes[entry] for entry in self.standing if entry not in tied]
        together = sum((self.votes[entry] for entry in tied), Fraction(0))
        open_seats = self.seats - sum(map(len, self.elected))
        return (
            len(rest) >= open_seats and together < min(rest) and (open_seats == 1 or max(rest) + together < self.quota)
        )
