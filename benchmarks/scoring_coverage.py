"""How often rank intervals hold the true rank: `python benchmarks/scoring_coverage.py [--runs N] [--seed N]`.

Contests are made up with known qualities, scored by the additive model (`contest.scoring.additive`) with rank
intervals at the level .95, and the share of entries whose true rank lies in its interval is counted, over all
entries of all runs. Severity has SD .7 and chance 1; scores are whole numbers from 1 to 10, centre 5.5. Prints
JSON, and exits 1 when a design that is a target lies outside .93 to .97.

`all` is the target: the average over the entries, with its standard error `all_se`. `first_ten` and `last_ten` are
the ten truly best and worst (a quarter of fewer than 40). `se` is how often score ± t × standard error holds the
true score, both about their mean. Ranks are whole numbers: with a dozen entries no interval can hold exactly .95.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy
from alone import HERE  # noqa: F401  puts the project on the path
from numpy.typing import NDArray
from scipy.special import stdtrit

from contest.scoring import linked
from contest.scoring.additive import arrays, fit
from contest.scoring.cards import Cards
from contest.scoring.intervals import rank_intervals

LOW, HIGH, LEVEL, DRAWS = 0.93, 0.97, 0.95, 1_000


@dataclass(frozen=True)
class Plan:
    """A design."""

    entries: int
    judges: int
    each: int
    #: Entries come to three panels of unequal quality that share a fifth of them.
    panels: bool = False
    quality: float = 1.5
    target: bool = True


PLANS = {
    "120 entries, 15 judges, 4 each": Plan(120, 15, 4),
    "the same, quality SD 1": Plan(120, 15, 4, quality=1.0),
    "the same, quality SD .5": Plan(120, 15, 4, quality=0.5),
    "the same, three panels": Plan(120, 15, 4, panels=True),
    "40 entries, 8 judges, 4 each": Plan(40, 8, 4),
    "12 entries, 15 judges, 4 each": Plan(12, 15, 4, target=False),
    "120 entries, 15 judges, 2 each": Plan(120, 15, 2, target=False),
}


def one(random: numpy.random.Generator, plan: Plan) -> tuple[Cards, NDArray[numpy.float64]]:
    """A contest whose judges link all entries, and the true qualities."""
    panel = numpy.arange(plan.entries) % 3
    judges = numpy.arange(plan.judges)
    while True:
        linking = random.random(plan.entries) < 0.2
        chosen = [
            numpy.sort(
                random.choice(
                    judges[judges % 3 == panel[entry]] if plan.panels and not linking[entry] else judges,
                    plan.each,
                    replace=False,
                )
            )
            for entry in range(plan.entries)
        ]
        quality = random.normal(0, plan.quality, plan.entries) + (panel - 1.0 if plan.panels else 0)
        judge = numpy.concatenate(chosen)
        entry = numpy.repeat(numpy.arange(plan.entries), plan.each)
        exact = 5.5 + quality[entry] + random.normal(0, 0.7, plan.judges)[judge] + random.normal(0, 1, len(judge))
        cards = Cards(
            tuple(f"E{number:03}" for number in range(plan.entries)),
            tuple(f"J{number:02}" for number in judges),
            entry.tolist(),
            judge.tolist(),
            numpy.clip(numpy.rint(exact), 1, 10).astype(int).tolist(),
        )
        if len(linked.components(cards)) == 1:
            return cards, quality


def cover(plan: Plan, runs: int, seed: int) -> dict[str, Any]:
    """Shares of intervals that hold the truth, for one design."""
    entries = plan.entries
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    held, held_scores, widths = [], [], []
    for run in range(runs):
        cards, quality = one(random, plan)
        data = arrays(cards)
        fitted = fit(data.entry, data.judge, data.y, entries, len(data.judges))
        placed = numpy.empty(entries, dtype=numpy.intp)
        placed[numpy.argsort(-fitted.score)] = numpy.arange(1, entries + 1)
        found = rank_intervals(fitted, numpy.arange(entries), placed, draws=DRAWS, seed=seed + run, level=LEVEL)
        truth = numpy.argsort(numpy.argsort(-quality)) + 1
        in_truth_order = numpy.argsort(truth)
        held.append(((found.low <= truth) & (truth <= found.high))[in_truth_order])
        widths.append((found.high - found.low).mean())
        error = fitted.score_se
        assert error is not None
        off = fitted.score - fitted.mu - (quality - quality.mean())
        held_scores.append(numpy.abs(off) <= stdtrit(fitted.df, (1 + LEVEL) / 2) * error)
    table = numpy.array(held)
    by_run = table.mean(axis=1)
    ten = min(10, entries // 4)
    return {
        "target": plan.target,
        "all": round(float(table.mean()), 4),
        "all_se": round(float(by_run.std(ddof=1)) / math.sqrt(runs), 4),
        "first_ten": round(float(table[:, :ten].mean()), 4),
        "last_ten": round(float(table[:, -ten:].mean()), 4),
        "mean_width": round(float(numpy.mean(widths)), 1),
        "se": round(float(numpy.mean(held_scores)), 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Count how often rank intervals hold the true rank.")
    parser.add_argument("--runs", type=int, default=150, help="made-up contests of each design")
    parser.add_argument("--seed", type=int, default=20_261_001)
    chosen = parser.parse_args()
    start = time.process_time()
    found = {name: cover(plan, chosen.runs, chosen.seed) for name, plan in PLANS.items()}
    missed = [name for name, plan in PLANS.items() if plan.target and not LOW <= found[name]["all"] <= HIGH]
    print(
        json.dumps(
            {
                "level": LEVEL,
                "wanted": [LOW, HIGH],
                "runs": chosen.runs,
                "draws": DRAWS,
                "seed": chosen.seed,
                "designs": found,
                "missed": missed,
                "cpu_seconds": round(time.process_time() - start, 1),
            },
            indent=2,
        )
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
