"""Ballots for tests, from short texts and at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from contest.scoring.cards import Ballot, Ballots
from contest.scoring.outcome import Result


def ballots(text: str, *, also: str = "") -> Ballots:
    """Ballots from lines "5 A C=B / D": five people put A first, C and B next, and saw D but did not rank it.

    `also`: further entries, which nobody saw.
    """
    lines = [line.split() for line in text.strip().splitlines()]
    names = sorted({name for line in lines for word in line[1:] for name in word.split("=") if name != "/"} | {*also})
    at = {name: number for number, name in enumerate(names)}
    found = []
    for times, *words in lines:
        ranked = words[: words.index("/")] if "/" in words else words
        found.append(
            Ballot(
                tuple(tuple(at[name] for name in word.split("=")) for word in ranked),
                tuple(at[name] for name in words[len(ranked) + 1 :]),
                int(times),
            )
        )
    return Ballots(tuple(names), tuple(found))


def spread(text: str) -> Ballots:
    """Ballots from words "5 ACBED": one letter an entry, the best first."""
    return ballots("\n".join(f"{line.split()[0]} {' '.join(line.split()[1])}" for line in text.strip().splitlines()))


def some(rng: random.Random, entries: int, judges: int, *, equals: bool = True, least: int = 2) -> Ballots:
    """Ballots of judges who each saw some of the entries; with equals, unranked ones and counts."""
    names = tuple(f"e{number}" for number in range(entries))
    found = []
    for judge in range(judges):
        seen = rng.sample(range(entries), rng.randint(least, entries))
        cut = rng.randint(1, len(seen)) if equals and rng.random() < 0.3 else len(seen)
        groups: list[tuple[int, ...]] = []
        for entry in seen[:cut]:
            if groups and equals and rng.random() < 0.25:
                groups[-1] = (*groups[-1], entry)
            else:
                groups.append((entry,))
        found.append(Ballot(tuple(groups), tuple(seen[cut:]), rng.choice((1, 1, 2, 3)), f"j{judge}"))
    return Ballots(names, tuple(found))


def mixed_up(rng: random.Random, given: Ballots) -> tuple[Ballots, dict[str, str]]:
    """The same ballots in another order, split into people, the entries renumbered and renamed; new name → old."""
    order = rng.sample(range(len(given.entries)), len(given.entries))
    # Names are sorted in every input, so the new name follows from the new number.
    names = tuple(f"n{number:03}" for number in range(len(order)))
    moved = []
    for ballot in given.ballots:
        one = Ballot(
            tuple(tuple(rng.sample([order[entry] for entry in group], len(group))) for group in ballot.groups),
            tuple(order[entry] for entry in ballot.unranked),
        )
        moved += [one] * ballot.count
    rng.shuffle(moved)
    return Ballots(names, tuple(moved)), {names[order[old]]: name for old, name in enumerate(given.entries)}


def raised(given: Ballots, ballot: int, entry: int) -> Ballots:
    """The same, but on one ballot the entry alone goes first."""
    old = given.ballots[ballot]
    groups = tuple(tuple(other for other in group if other != entry) for group in old.groups)
    new = Ballot(
        ((entry,), *(group for group in groups if group)),
        tuple(other for other in old.unranked if other != entry),
        old.count,
        old.judge,
    )
    return Ballots(given.entries, (*given.ballots[:ballot], new, *given.ballots[ballot + 1 :]))


def told(result: Result, names: dict[str, str] | None = None) -> dict[str, object]:
    """What a result says of each entry, for comparisons: rank, score, ties, judges, further columns."""
    called = (lambda name: names[name]) if names else (lambda name: name)
    return {
        called(row.entry): (
            row.rank,
            row.score,
            {called(name) for name in row.tied_with},
            row.n_judges,
            dict(row.extra),
        )
        for row in result.entries
    }


def order(result: Result) -> list[tuple[str, int | None]]:
    """The entries with their ranks, as they stand."""
    return [(row.entry, row.rank) for row in result.entries]


def codes(notes: Sequence[object]) -> list[str]:
    """The codes of a result's warnings."""
    return [getattr(one, "code", "") for one in notes]


def stages(found: Result) -> list[dict[str, Any]]:
    """What happened at each stage of a count by transferable votes."""
    made: list[dict[str, Any]] = found.model["stages"]
    return made
