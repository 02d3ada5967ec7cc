"""Krippendorff's alpha of 10,000 entries × 300 judges, against the krippendorff package.

A part of `benchmarks/scoring.py`. Both start from arrays of whole scores from 0 to 100: ours from (entry, score) of
each card, the package from the matrix. The package's time and memory grow with the number of different scores, ours
hardly does; on a scale of 1 to 10 the ratio is therefore another, given as a figure.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from alone import alone, alternate, target

from contest.scoring.agreement import agreement
from contest.scoring.cards import Cards
from contest.scoring.reliability import LEVELS, alpha, coded, interval, ratings

ENTRIES, JUDGES, SEED = 10_000, 300, 20_261_003
#: Whole scores from 0 to 100, and from 1 to 10.
WIDE, NARROW = (0, 100), (1, 10)


def made(least: int, most: int, judges: int = JUDGES) -> np.ndarray:
    """Scores (entries × judges) of quality, severity and chance."""
    random = np.random.Generator(np.random.PCG64(SEED))
    score = random.normal(0, 1, (ENTRIES, 1)) + random.normal(0, 0.7, judges)
    score = score + random.normal(0, 1, (ENTRIES, judges))
    middle, step = (least + most) / 2, (most - least) / 8
    return np.clip(np.rint(middle + step * score), least, most).astype(np.int64)


def ours(table: np.ndarray, levels: list[str]) -> dict[str, float | None]:
    """Alpha from the cards' entries and scores."""
    entry = np.repeat(np.arange(table.shape[0]), table.shape[1])
    data = ratings(entry, *coded(table.ravel()))
    return {level: alpha(data, level) for level in levels}


def ours_alone(levels: list[str]) -> dict[str, float | None]:
    """For its memory."""
    return ours(made(*WIDE), levels)


def theirs_alone(level: str) -> float:
    """The package's, for its memory."""
    import krippendorff

    return float(krippendorff.alpha(reliability_data=made(*WIDE).T, level_of_measurement=level))


def whole_alone() -> dict[str, float]:
    """Everything that `contest agreement` says, from cards in memory; CPU seconds of the call."""
    table = made(*WIDE)
    cards = Cards(
        tuple(f"E{number:05}" for number in range(ENTRIES)),
        tuple(f"J{number:03}" for number in range(JUDGES)),
        np.repeat(np.arange(ENTRIES), JUDGES),
        np.tile(np.arange(JUDGES), ENTRIES),
        table.ravel(),
    )
    start = time.process_time()
    agreement(cards)
    return {"cpu_seconds": time.process_time() - start}


def draws_alone(draws: int) -> dict[str, float]:
    """Bootstrap intervals at all levels with 10 judges an entry; CPU seconds of the call."""
    table = made(*WIDE, judges=10)
    data = ratings(np.repeat(np.arange(ENTRIES), 10), *coded(table.ravel()))
    start = time.process_time()
    interval(data, LEVELS, draws=draws, seed=1)
    return {"cpu_seconds": time.process_time() - start}


def held_alone(entries: int, runs: int) -> float:
    """How often the 95 % interval (level interval, 300 draws, 4 judges an entry) holds the true alpha of a half."""
    random = np.random.Generator(np.random.PCG64(SEED))
    held = 0
    for run in range(runs):
        score = random.normal(0, 1, (entries, 1)) + random.normal(0, 1, (entries, 4))
        data = ratings(np.repeat(np.arange(entries), 4), *coded(score.ravel()))
        low, high = interval(data, ["interval"], draws=300, seed=run)["interval"]
        held += low <= 0.5 <= high
    return held / runs


def measure() -> dict[str, Any]:
    """Ratios in one process; memory in others."""
    import krippendorff

    seconds: dict[str, dict[str, float]] = {}
    for name, scale in (("0-100", WIDE), ("1-10", NARROW)):
        table = made(*scale)
        for level in ("interval", "ordinal", "ratio") if scale == WIDE else ("interval",):
            seconds[f"{name}, {level}"] = alternate(
                {
                    "ours": lambda table=table, level=level: ours(table, [level]),
                    "krippendorff": lambda table=table, level=level: krippendorff.alpha(
                        reliability_data=table.T, level_of_measurement=level
                    ),
                },
                repeats=2,
            )
        seconds[f"{name}, all four levels"] = alternate(
            {"ours": lambda table=table: ours(table, list(LEVELS))}, repeats=2
        )
    one = seconds["0-100, interval"]
    memory = alone("scoring_agreement", "ours_alone", ["interval"])
    package = alone("scoring_agreement", "theirs_alone", "interval")
    if abs(memory.value["interval"] - package.value) > 1e-9:
        raise SystemExit("the two alphas differ")
    return {
        "targets": {
            "Krippendorff's alpha (interval, 0-100) / krippendorff": target(one["ours"] / one["krippendorff"], 0.05),
            "peak MB": target(memory.peak_mb, 300),
        },
        "figures": {
            "entries": ENTRIES,
            "judges": JUDGES,
            "seconds": {name: {who: round(took, 4) for who, took in each.items()} for name, each in seconds.items()},
            "peak_mb": {
                "ours": round(memory.peak_mb),
                "ours, all four levels": round(alone("scoring_agreement", "ours_alone", list(LEVELS)).peak_mb),
                "krippendorff": round(package.peak_mb),
                "the whole of agreement": round((whole := alone("scoring_agreement", "whole_alone")).peak_mb),
            },
            "share of 95 % intervals that hold the true alpha, by entries": {
                entries: round(alone("scoring_agreement", "held_alone", entries, 400).value, 3)
                for entries in (15, 30, 100)
            },
            "cpu_seconds": {
                "the whole of agreement": round(whole.value["cpu_seconds"], 2),
                "1,000 draws at all levels, 10,000 × 10": round(
                    alone("scoring_agreement", "draws_alone", 1_000).value["cpu_seconds"], 1
                ),
            },
        },
    }
