"""Which method comes closest to the truth: `python benchmarks/scoring_simulation.py [--runs N] [--seed N]`.

Contests are made up whose true qualities are known, scored by every method, and the rankings compared with the
truth by Kendall's tau-b (1 = the same order, 0 = no relation). Prints two Markdown tables, means over the runs:
the methods by design, and the additive model against the mean by how many entries link the panels.

Quality has SD 1.2, chance .8; 120 entries, 15 judges, 4 of them for each entry; scores are whole numbers from 1 to
10 around 5.5. Severity has SD .7 unless a design says otherwise. With panels there are three of 5 judges and 40
entries, and the panels' mean qualities are 1 below, at and 1 above the middle; a linked entry has judges from all.
All normal, all chosen: the figures say how methods differ, not what a real contest will give.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy
from alone import HERE  # noqa: F401  puts the project on the path
from numpy.typing import NDArray

from contest.scoring import linked
from contest.scoring.cards import Cards
from contest.scoring.methods import method
from contest.scoring.outcome import Result
from contest.scoring.refusals import Refused

ENTRIES, JUDGES, EACH, PANELS = 120, 15, 4, 3
QUALITY, CHANCE, STEP = 1.2, 0.8, 1.0


@dataclass(frozen=True)
class Design:
    """How a contest is made up."""

    severity: float = 0.7
    #: SD of the logarithm of how far a judge spreads the scores.
    scale: float = 0.0
    #: Share of the entries that have judges of all panels; None: no panels.
    linked: float | None = None


DESIGNS = {
    "judges at random, severity SD .7": Design(),
    "judges at random, severity SD .2": Design(severity=0.2),
    "judges at random, severity SD .7, scales differ": Design(scale=0.3),
    "three panels of unequal quality, 30 % linked": Design(linked=0.3),
    "three panels of unequal quality, 10 % linked": Design(linked=0.1),
    "three panels of unequal quality, not linked": Design(linked=0.0),
}
#: With four judges an entry, trimming a tenth would cut nobody.
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "mean": ("mean", {}),
    "trimmed": ("trimmed", {"trim": Fraction(1, 4)}),
    "median": ("median", {}),
    "zscore": ("zscore", {}),
    "additive": ("additive", {}),
    "mixed": ("mixed", {}),
    "borda": ("borda", {}),
    "median-rank": ("median-rank", {}),
    "copeland": ("copeland", {}),
    "schulze": ("schulze", {}),
}
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)


def made(random: numpy.random.Generator, design: Design) -> tuple[Cards, NDArray[numpy.float64]]:
    """A contest, and the true qualities. A design with links is drawn until all entries are linked."""
    while True:
        panel = numpy.arange(ENTRIES) % PANELS
        quality = random.normal(0, QUALITY, ENTRIES)
        chosen = []
        links = numpy.zeros(ENTRIES, dtype=bool)
        if design.linked is not None:
            quality += STEP * (panel - (PANELS - 1) / 2)
            links[random.permutation(ENTRIES)[: round(design.linked * ENTRIES)]] = True
        for entry in range(ENTRIES):
            among = numpy.arange(JUDGES)
            if design.linked is not None and not links[entry]:
                among = among[among % PANELS == panel[entry]]
            chosen.append(numpy.sort(random.choice(among, EACH, replace=False)))
        judge = numpy.concatenate(chosen)
        entry_of = numpy.repeat(numpy.arange(ENTRIES), EACH)
        scale = numpy.exp(random.normal(0, design.scale, JUDGES)) if design.scale else numpy.ones(JUDGES)
        seen = quality[entry_of] + random.normal(0, CHANCE, len(judge))
        exact = 5.5 + random.normal(0, design.severity, JUDGES)[judge] + scale[judge] * seen
        cards = Cards(
            tuple(f"E{number:03}" for number in range(ENTRIES)),
            tuple(f"J{number:02}" for number in range(JUDGES)),
            entry_of.tolist(),
            judge.tolist(),
            numpy.clip(numpy.rint(exact), 1, 10).astype(int).tolist(),
        )
        if not design.linked or len(linked.components(cards)) == 1:
            return cards, quality


def tau(result: Result, quality: NDArray[numpy.float64]) -> float:
    """Kendall's tau-b between the ranks and the true order. Entries stand by name, which is their number."""
    rank = numpy.array([row.rank for row in sorted(result.entries, key=lambda row: row.entry)], dtype=float)
    one = numpy.sign(rank[None, :] - rank[:, None])
    other = numpy.sign(quality[:, None] - quality[None, :])
    return float((one * other).sum() / numpy.sqrt((one**2).sum() * (other**2).sum()))


def measure(design: Design, names: Sequence[str], runs: int, seed: int) -> dict[str, tuple[float, float] | None]:
    """The mean tau of each method and its standard error; None where the method refuses."""
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        cards, quality = made(random, design)
        for name in names:
            method_name, options = METHODS[name]
            try:
                found[name].append(tau(method(method_name).run(cards, options), quality))
            except Refused as refused:
                if refused.code != "disconnected":
                    raise
    return {
        name: (float(numpy.mean(taus)), float(numpy.std(taus, ddof=1) / len(taus) ** 0.5)) if taus else None
        for name, taus in found.items()
    }


def row(name: str, values: Sequence[tuple[float, float] | None]) -> str:
    best = max((round(value[0], 3) for value in values if value), default=0.0)
    cells = [
        "refused"
        if value is None
        else ("**{}**" if round(value[0], 3) == best else "{}").format(f"{value[0]:.3f}".lstrip("0"))
        for value in values
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the methods where the truth is known.")
    parser.add_argument("--runs", type=int, default=40, help="made-up contests of each design")
    parser.add_argument("--seed", type=int, default=20_261_001)
    chosen = parser.parse_args()
    start = time.process_time()
    print(f"| design ({chosen.runs} runs, seed {chosen.seed}) | " + " | ".join(METHODS) + " |")
    print("|---" * (len(METHODS) + 1) + "|")
    errors = []
    for name, design in DESIGNS.items():
        found = measure(design, tuple(METHODS), chosen.runs, chosen.seed)
        errors += [value[1] for value in found.values() if value]
        print(row(name, list(found.values())), flush=True)
    print(f"\nStandard errors of these means: up to {max(errors):.3f}.\n")
    print("| entries that link three unequal panels | " + " | ".join(f"{share:.0%}" for share in SHARES) + " |")
    print("|---" * (len(SHARES) + 1) + "|")
    by_share = [
        measure(Design(linked=share), ("mean", "additive", "mixed"), chosen.runs, chosen.seed) for share in SHARES
    ]
    for name in by_share[0]:
        print(row(name, [found[name] for found in by_share]).replace("**", ""))
    print(f"\nCPU: {time.process_time() - start:.0f} s.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
