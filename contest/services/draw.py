"""The draw: which judge sees which entry. Pure: values and a seed in, pairs out; the same on every run.

Nobody chooses. Each entry gets the judges it still needs from those with the least to do, ties by lot;
then new pairs are moved along chains of judges until no two loads differ by more than one, as far as
those who may not judge an entry allow.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Mapping, Sequence, Set
from heapq import nsmallest
from random import Random
from typing import TypeVar

#: Written beside the seed, so that a draw can be repeated by the same rules.
METHOD = "least-loaded-1"

E = TypeVar("E", bound=Hashable)
J = TypeVar("J", bound=Hashable)


def balanced(
    entries: Sequence[E],
    judges: Sequence[J],
    need: int,
    held: Mapping[E, Sequence[J]],
    barred: Set[tuple[E, J]],
    seed: str,
) -> list[tuple[E, J]]:
    """New pairs that give each entry `need` judges, where enough may judge it.

    `held`: pairs that exist and stay, counted as loads. `barred`: pairs that must never be. The order
    of `entries` and `judges` is part of the input.
    """
    lot = Random(seed)  # noqa: S311 - a draw that anyone can repeat, not a secret
    on = {entry: set(held.get(entry, ())) for entry in entries}
    loads = dict.fromkeys(judges, 0)
    for assigned in on.values():
        for judge in assigned:
            if judge in loads:
                loads[judge] += 1
    made: dict[J, list[E]] = defaultdict(list)
    order = list(entries)
    lot.shuffle(order)
    for entry in order:
        missing = need - len(on[entry])
        if missing <= 0:
            continue
        free = [judge for judge in judges if judge not in on[entry] and (entry, judge) not in barred]
        keys = {judge: (loads[judge], lot.random()) for judge in free}
        for judge in nsmallest(missing, free, key=keys.__getitem__):
            on[entry].add(judge)
            made[judge].append(entry)
            loads[judge] += 1
    while _even_out(judges, loads, made, on, barred):
        pass
    return [(entry, judge) for judge in judges for entry in made[judge]]


def _even_out(
    judges: Sequence[J],
    loads: dict[J, int],
    made: dict[J, list[E]],
    on: dict[E, set[J]],
    barred: Set[tuple[E, J]],
) -> bool:
    """Move one pair's worth of load from a judge to one with at least two less; False if none can move."""
    least = min(loads.values(), default=0)
    for level in sorted(set(loads.values()), reverse=True):
        if level - least < 2:
            return False
        path = _path([judge for judge in judges if loads[judge] == level], level - 2, judges, loads, made, on, barred)
        if path:
            for giver, entry, taker in path:
                made[giver].remove(entry)
                made[taker].append(entry)
                on[entry].remove(giver)
                on[entry].add(taker)
            loads[path[0][0]] -= 1
            loads[path[-1][2]] += 1
            return True
    return False


def _path(
    sources: Sequence[J],
    enough: int,
    judges: Sequence[J],
    loads: Mapping[J, int],
    made: Mapping[J, list[E]],
    on: Mapping[E, set[J]],
    barred: Set[tuple[E, J]],
) -> list[tuple[J, E, J]]:
    """The shortest chain (giver, entry, taker) from a source to a judge with at most `enough` load."""
    came: dict[J, tuple[J, E] | None] = dict.fromkeys(sources)
    waiting = deque(sources)
    while waiting:
        giver = waiting.popleft()
        for entry in made.get(giver, ()):
            for taker in judges:
                if taker in came or taker in on[entry] or (entry, taker) in barred:
                    continue
                came[taker] = (giver, entry)
                if loads[taker] <= enough:
                    return _walk_back(taker, came)
                waiting.append(taker)
    return []


def _walk_back(last: J, came: Mapping[J, tuple[J, E] | None]) -> list[tuple[J, E, J]]:
    chain: list[tuple[J, E, J]] = []
    step = came[last]
    while step is not None:
        giver, entry = step
        chain.append((giver, entry, last))
        last, step = giver, came[giver]
    return chain[::-1]
