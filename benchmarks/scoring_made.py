"""The made-up contest that the scoring benchmarks share."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.scoring.cards import Cards

ENTRIES, JUDGES, EACH, SEED = 10_000, 300, 10, 20_261_001


def made(entries: int = ENTRIES, judges: int = JUDGES, each: int = EACH, seed: int = SEED) -> Cards:
    """Cards with whole scores from 0 to 100: quality (SD 10) + severity (SD 7) + chance (SD 10), judges at random."""
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    # The `each` smallest of random numbers are a random choice without repeats.
    judge = numpy.argpartition(random.random((entries, judges), dtype=numpy.float32), each - 1, axis=1)[:, :each]
    judge.sort(axis=1)
    entry = numpy.repeat(numpy.arange(entries), each)
    quality = random.normal(0, 10, entries)
    severity = random.normal(0, 7, judges)
    score = 55 + quality[entry] + severity[judge.ravel()] + random.normal(0, 10, entries * each)
    return Cards(
        tuple(f"E{number:05}" for number in range(entries)),
        tuple(f"J{number:03}" for number in range(judges)),
        entry.tolist(),
        judge.ravel().tolist(),
        numpy.clip(numpy.rint(score), 0, 100).astype(int).tolist(),
    )
