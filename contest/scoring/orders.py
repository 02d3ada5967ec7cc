"""What the methods that read orders share: the ballots that count, who saw what, and the rows that come out.

A judge's order says something about the entries that the judge saw and nothing about the others. Seen but not
ranked means below all that are ranked and equal among themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contest.scoring import linked
from contest.scoring.cards import Ballot, Ballots, Cards, Excluded, ballots_of
from contest.scoring.outcome import EntryRow, JudgeRow, Score, ranks
from contest.scoring.refusals import Note, Refused, note, some

#: Sums of votes stay exact in 64 bits with much room.
MOST_VOTES = 10**15


@dataclass(frozen=True)
class Votes:
    """The ballots that count, equal ones as one with their counts added, and what there is to say about them."""

    entries: tuple[str, ...]
    ballots: tuple[Ballot, ...]
    #: For each entry, how many people saw it, of so many.
    seen: tuple[int, ...]
    people: int
    judges: tuple[JudgeRow, ...]
    excluded: tuple[Excluded, ...]
    notes: tuple[Note, ...]

    @property
    def voters(self) -> int:
        """How many people voted."""
        return sum(ballot.count for ballot in self.ballots)

    @property
    def complete(self) -> bool:
        """Whether everyone saw every entry that anyone saw."""
        return all(count in (0, self.people) for count in self.seen)

    def names(self, numbers: Sequence[int]) -> list[str]:
        """The names of some entries, sorted."""
        return sorted(self.entries[number] for number in numbers)

    @cached_property
    def sights(self) -> Cards:
        """Who saw what, as scorecards without scores: what `linked` asks for."""
        pairs = sorted(
            (entry, number)
            for number, ballot in enumerate(self.ballots)
            for level in ballot.levels()
            for entry in level
        )
        return Cards(
            self.entries,
            tuple(map(str, range(len(self.ballots)))),
            [entry for entry, _ in pairs],
            [number for _, number in pairs],
            [0] * len(pairs),
        )

    @cached_property
    def components(self) -> tuple[tuple[str, ...], ...]:
        """The groups of entries that ballots link with each other."""
        return linked.components(self.sights)


def comparing(given: Cards | Ballots) -> Votes:
    """The ballots that compare entries: those of judges who saw two or more. Raises Refused if there is none."""
    heard = _heard(given)
    kept = [ballot for ballot in heard.ballots if ballot.seen > 1]
    if not kept:
        raise Refused(
            "nothing_compared",
            "No judge saw two entries, so that nothing is compared: let each judge judge at least two.",
        )
    notes = []
    alone = heard.judges - sum(ballot.count for ballot in kept)
    if alone:
        notes.append(
            note(
                "one_entry_ballots",
                "{judges} of the judges saw one entry only, which compares nothing: they do not count here.",
                judges=alone,
            )
        )
    flat = [ballot for ballot in kept if len(ballot.levels()) == 1]
    if flat:
        notes.append(
            note(
                "no_order",
                "{judges} of the judges put all the entries that they saw level: they set none before another.",
                judges=sum(ballot.count for ballot in flat),
            )
        )
    return _votes(given, heard, kept, kept, notes)


def choosing(given: Cards | Ballots) -> Votes:
    """The ballots that choose: those that rank at least one entry. Raises Refused if there is none.

    What is seen on any ballot stands for election, also if nobody ranks it.
    """
    heard = _heard(given)
    kept = [ballot for ballot in heard.ballots if ballot.groups]
    if not kept:
        raise Refused("no_scores", "Nobody ranked any entry: there is no vote to count.")
    notes = []
    blank = heard.judges - sum(ballot.count for ballot in kept)
    if blank:
        notes.append(
            note("blank_ballots", "{ballots} ballots rank no entry: they are not counted as votes.", ballots=blank)
        )
    return _votes(given, heard, kept, heard.ballots, notes)


def _heard(given: Cards | Ballots) -> Ballots:
    """Ballots from either, without empty groups. ValueError for what no reader lets through."""
    ballots = ballots_of(given) if isinstance(given, Cards) else given
    found = []
    for ballot in ballots.ballots:
        groups = tuple(tuple(sorted(group)) for group in ballot.groups if group)
        one = Ballot(groups, tuple(sorted(ballot.unranked)), ballot.count, ballot.judge)
        if one.count < 1:
            raise ValueError("a ballot counts for at least one person")
        if len({entry for level in one.levels() for entry in level}) != one.seen:
            raise ValueError("a ballot names an entry twice")
        if one.seen:
            found.append(one)
    if not found:
        raise Refused("no_scores", "There is no ballot at all: nobody ranked or scored an entry.")
    heard = Ballots(ballots.entries, tuple(found))
    if heard.judges > MOST_VOTES:
        raise Refused(
            "too_many_votes",
            "{votes} votes are more than can be counted exactly: at most {most} are.",
            votes=heard.judges,
            most=MOST_VOTES,
        )
    return heard


def _votes(
    given: Cards | Ballots, heard: Ballots, kept: Sequence[Ballot], shown: Sequence[Ballot], notes: list[Note]
) -> Votes:
    """Equal ballots joined, in an order that depends on nothing but what they say; seen is what is on `shown`."""
    counts: dict[tuple[tuple[tuple[int, ...], ...], tuple[int, ...]], int] = {}
    for ballot in kept:
        key = (ballot.groups, ballot.unranked)
        counts[key] = counts.get(key, 0) + ballot.count
    seen = [0] * len(heard.entries)
    for ballot in shown:
        for level in ballot.levels():
            for entry in level:
                seen[entry] += ballot.count
    return Votes(
        heard.entries,
        tuple(Ballot(groups, unranked, count) for (groups, unranked), count in sorted(counts.items())),
        tuple(seen),
        sum(ballot.count for ballot in shown),
        tuple(
            JudgeRow(ballot.judge, None, None, None, sum(map(len, ballot.groups)))
            for ballot in sorted(heard.ballots, key=lambda ballot: ballot.judge)
            if ballot.judge
        ),
        given.excluded if isinstance(given, Cards) else (),
        tuple(notes),
    )


def rows(
    votes: Votes,
    scores: Sequence[Score | None],
    extra: Sequence[Mapping[str, Any]],
    may_rank: Sequence[bool],
    *,
    order: Sequence[Score] | None = None,
) -> tuple[EntryRow, ...]:
    """The entries' rows, the best first. `order` ranks them where the score alone does not say it all."""
    by = scores if order is None else order
    # An entry that may be ranked has a score.
    placed = ranks({name: by[number] or 0 for number, name in enumerate(votes.entries) if may_rank[number]})
    at = {name: number for number, name in enumerate(votes.entries)}
    names = [*placed, *sorted(name for name in votes.entries if name not in placed)]
    found = []
    for name in names:
        number = at[name]
        rank, tied = placed.get(name, (None, ()))
        found.append(EntryRow(name, scores[number], rank, tied, votes.seen[number], extra=extra[number]))
    return tuple(found)


def assigned(votes: Votes) -> tuple[Note, ...]:
    """What has to be said of a score made of places on ballots, when not everyone saw everything."""
    if votes.complete:
        return ()
    found = [
        note(
            "random_assignment",
            "This method is fair only if the entries were given out at random: a judge who was given the better ones "
            "pulls them down.",
        )
    ]
    groups = votes.components
    if len(groups) > 1:
        found.append(
            note(
                "unlinked_orders",
                "{groups} groups of judges share no entry: places of different groups are not compared by anyone. "
                "Let one judge see an entry of each (for example {one} and {other}).",
                groups=len(groups),
                one=groups[0][0],
                other=groups[1][0],
            )
        )
    return tuple(found)


def lengths(votes: Votes) -> tuple[Note, ...]:
    """A note when ballots have different lengths, for methods that count a place by its share of the ballot."""
    found = [ballot.seen for ballot in votes.ballots]
    if min(found) == max(found):
        return ()
    return (
        note(
            "ballots_differ",
            "Ballots have from {least} to {most} entries; a place counts by its share of its own ballot.",
            least=min(found),
            most=max(found),
        ),
    )


def remarks(votes: Votes, made: Sequence[EntryRow]) -> tuple[Note, ...]:
    """A note when all that is ranked shares the first rank, or when one judge's order is the whole result."""
    found = []
    first = [row for row in made if row.rank is not None]
    if len(first) > 1 and all(row.rank == 1 for row in first):
        found.append(note("all_equal", "All scores are the same, so that they say nothing about who is better."))
    if votes.voters == 1:
        found.append(note("one_judge", "There is one judge only: the result is that judge's own order."))
    return tuple(found)


def ranked(votes: Votes, scores: Sequence[Score | None], min_judges: int) -> tuple[list[bool], tuple[Note, ...]]:
    """Which entries may be ranked, and a note on those that too few saw."""
    may = [score is not None and seen >= min_judges for score, seen in zip(scores, votes.seen, strict=True)]
    few = votes.names([number for number, seen in enumerate(votes.seen) if seen and not may[number]])
    if not few:
        return may, ()
    return may, (
        note(
            "too_few_judges",
            "{entries} of the entries have fewer than {least} judges and are not ranked: {names}.",
            entries=len(few),
            least=min_judges,
            names=some(few),
        ),
    )


def condorcet(votes: Votes, may: Sequence[bool]) -> str | None:
    """The entry that beats every other one that `may` be ranked, if there is one; in one pass over the ballots.

    Who does not beat another is not it, and neither is who is beaten: each comparison leaves one of the two.
    """
    places: list[dict[int, int]] = [{} for _ in votes.entries]
    for number, ballot in enumerate(votes.ballots):
        for place, level in enumerate(ballot.levels()):
            for entry in level:
                places[entry][number] = place

    def beats(one: int, other: int) -> bool:
        own, its = places[one], places[other]
        fewer = own if len(own) < len(its) else its
        lead = 0
        for number in fewer:
            if number in own and number in its:
                lead += votes.ballots[number].count * ((own[number] < its[number]) - (own[number] > its[number]))
        return lead > 0

    stand = [entry for entry, might in enumerate(may) if might]
    if not stand:
        return None
    best = stand[0]
    for other in stand[1:]:
        if not beats(best, other):
            best = other
    return votes.entries[best] if all(beats(best, other) for other in stand if other != best) else None
