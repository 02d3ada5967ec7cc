"""How fast and how small the scoring engine is: `python benchmarks/scoring.py [--only NAME …]`.

Prints JSON and exits 1 when a target is missed. Each part is a file `benchmarks/scoring_NAME.py` with

    def measure() -> dict[str, Any]

which returns `{"targets": {"what is compared": target(value, limit), …}, "figures": {…}}` and is called in a
process of its own. A part uses `from alone import alone, alternate, target`: `alternate` for ratios (the
functions in turns, in one process), `alone` for memory and CPU seconds (one function of the part's file in a
fresh interpreter, so that an oracle's memory is not counted as ours), and `from scoring_made import made` for the
common made-up contest: 10,000 entries, 300 judges, 10 judges an entry. A new part is named in PARTS.

The default tally, from PostgreSQL to stored standings, has its own command: `benchmarks/tally.py`. How often rank
intervals hold the truth: `benchmarks/scoring_coverage.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys

from alone import HERE, alone

#: In the order in which they are measured.
PARTS = ("additive", "mixed", "pairs", "agreement")


def main() -> int:
    there = [part for part in PARTS if (HERE / f"scoring_{part}.py").exists()]
    parser = argparse.ArgumentParser(description="Time the scoring engine against its targets.")
    parser.add_argument("--only", nargs="+", choices=there, metavar="NAME", help=f"parts: {', '.join(there)}")
    chosen = parser.parse_args().only or there
    found = {part: alone(f"scoring_{part}", "measure").value for part in chosen}
    missed = [
        f"{part}: {what}" for part, one in found.items() for what, seen in one["targets"].items() if not seen["met"]
    ]
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, "parts": found, "missed": missed}, indent=2))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
