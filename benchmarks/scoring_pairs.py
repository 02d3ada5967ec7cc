"""Bradley–Terry on 10,000 entries and 100,000 comparisons, against choix's minorisation–maximisation.

A part of `benchmarks/scoring.py`. Ours is the whole of it: reading the comparisons, the existence check, the fit
with ridge 0.1, ranks and rows; choix (with its alpha of 0.1, which is not the same penalty) returns abilities only.
At this size ours gives no standard errors, nor does choix at any; what they cost is measured with 3,000 entries.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from alone import alone, alternate, target

from contest.scoring.cards import Pairs
from contest.scoring.pairs import bradley_terry

ENTRIES, VOTES, SEED = 10_000, 100_000, 20_261_002
RIDGE = Fraction(1, 10)


def made(entries: int = ENTRIES, votes: int = VOTES) -> Pairs:
    """Random pairs, decided by abilities of SD 1."""
    random = np.random.Generator(np.random.PCG64(SEED))
    ability = random.normal(0, 1, entries)
    one = random.integers(0, entries, votes)
    other = (one + random.integers(1, entries, votes)) % entries
    won = random.random(votes) < 1 / (1 + np.exp(ability[other] - ability[one]))
    return Pairs(
        tuple(f"E{number:05}" for number in range(entries)),
        np.where(won, one, other).tolist(),
        np.where(won, other, one).tolist(),
        [1] * votes,
    )


def ours(entries: int, votes: int) -> dict[str, Any]:
    """One fit, for its memory."""
    found = bradley_terry(made(entries, votes), ridge=RIDGE)
    return {"iterations": found.model["iterations"], "with_errors": found.entries[0].se is not None}


def measure() -> dict[str, Any]:
    """The ratio in one process; memory in others."""
    import choix

    data = made()
    votes = list(zip(data.winner, data.loser, strict=True))
    seconds = alternate(
        {
            "ours": lambda: bradley_terry(data, ridge=RIDGE),
            "choix": lambda: choix.mm_pairwise(len(data.entries), votes, alpha=float(RIDGE)),
        },
        repeats=2,
    )
    large, small = alone("scoring_pairs", "ours", ENTRIES, VOTES), alone("scoring_pairs", "ours", 3_000, 30_000)
    return {
        "targets": {"Bradley-Terry / choix mm_pairwise": target(seconds["ours"] / seconds["choix"], 0.1)},
        "figures": {
            "entries": ENTRIES,
            "votes": VOTES,
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
            "iterations": large.value["iterations"],
            "peak_mb": round(large.peak_mb),
            "3,000 entries with standard errors": {
                "seconds": round(small.seconds, 2),
                "cpu_seconds": round(small.cpu_seconds, 2),
                "peak_mb": round(small.peak_mb),
            },
        },
    }
