"""Which entries can be compared at all: those that judges link with each other.

Two entries are linked when one judge scored both, and so on through others. Between groups that share no judge,
a difference in scores may be a difference of judges: nothing in the data can tell.
"""

from __future__ import annotations

from contest.scoring.cards import Cards
from contest.scoring.refusals import Refused


def components(given: Cards) -> tuple[tuple[str, ...], ...]:
    """The groups of linked entries that have a card, by name; the largest first, then by their first name."""
    parent = list(range(len(given.entries) + len(given.judges)))
    first_judge = len(given.entries)

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for entry, judge in zip(given.entry, given.judge, strict=True):
        one, other = root(entry), root(first_judge + judge)
        if one != other:
            parent[one] = other
    groups: dict[int, list[str]] = {}
    for entry in sorted(set(given.entry)):
        groups.setdefault(root(entry), []).append(given.entries[entry])
    return tuple(sorted((tuple(sorted(group)) for group in groups.values()), key=lambda group: (-len(group), group)))


def require(given: Cards) -> tuple[tuple[str, ...], ...]:
    """The one group that all entries with a card are in. Raises Refused if there are several, or none."""
    found = components(given)
    if not found:
        raise Refused("no_scores", "There is no score at all.")
    if len(found) > 1:
        raise Refused(
            "disconnected",
            "{groups} groups of judges share no entry, so that their scores cannot be compared: "
            "let one judge score an entry of each (for example {one} and {other}).",
            groups=len(found),
            one=found[0][0],
            other=found[1][0],
        )
    return found
