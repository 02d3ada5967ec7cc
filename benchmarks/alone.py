"""Measuring one thing in a process of its own, and things against each other in one.

`alone("scoring_mixed", "once", 4)` calls that function of a file beside this one in a fresh interpreter and
returns what it gave with its seconds, CPU seconds and the process's highest memory. `alternate` times
functions in turns, so that a ratio compares moments that lie close together.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


@dataclass(frozen=True)
class Measured:
    """What a function gave (as JSON) and took in a process of its own."""

    value: Any
    seconds: float
    cpu_seconds: float
    #: Highest resident memory of the whole process, interpreter and libraries included, in MB of 10^6 bytes.
    peak_mb: float


def peak_mb() -> float:
    """This process's highest resident memory so far."""
    # Not ru_maxrss, which a child inherits from the process that started it.
    with open("/proc/self/status", encoding="ascii") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return kib * 1024 / 1e6


def cpu_seconds() -> float:
    """CPU time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def alone(module: str, function: str, *arguments: Any) -> Measured:
    """Call `module.function(*arguments)` in a fresh interpreter; arguments and result go as JSON."""
    done = subprocess.run(
        [sys.executable, str(HERE / "alone.py"), module, function, json.dumps(arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{module}.{function} failed")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def alternate(acts: Mapping[str, Callable[[], Any]], repeats: int = 5) -> dict[str, float]:
    """Seconds of each function, the fastest of several turns after one that is not counted."""
    for act in acts.values():
        act()
    best = dict.fromkeys(acts, float("inf"))
    for _ in range(repeats):
        for name, act in acts.items():
            gc.collect()
            start = time.perf_counter()
            act()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def target(value: float, limit: float) -> dict[str, Any]:
    """A figure with what it may be at most."""
    return {"value": round(value, 4), "limit": limit, "met": bool(value <= limit)}


def _main() -> None:
    module, function, arguments = sys.argv[1:]
    act = getattr(import_module(module), function)
    start, before = time.perf_counter(), cpu_seconds()
    value = act(*json.loads(arguments))
    seconds, used = time.perf_counter() - start, cpu_seconds() - before
    print(json.dumps({"value": value, "seconds": seconds, "cpu_seconds": used, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    _main()
