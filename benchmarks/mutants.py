"""Whether the renderer answers whatever it is given: `python benchmarks/mutants.py [--per-kind 500] [--kind K]`.

Spoils the sound samples of each kind (tests/samples) by a seeded mutator (tests/mutants.py) and renders all of it,
two at a time, as a worker would. Prints for each kind how many got which verdict, the slowest and the largest.
What ended its process, or ran into the clock, is kept in `--keep`, beside the renderer's log; so are counted the
exceptions that no renderer names: the file gets a verdict all the same. Ends with 1 if a file got none.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.previews import client
from contest.previews.client import PreviewServer, RendererGone, Result
from contest.previews.kinds import Kind
from contest.previews.pipeline import EVERYTHING
from tests.mutants import mutants
from tests.samples import gathered

ABREAST = 2
#: In the renderer's log: an exception, and how a process ended.
_RAISED = re.compile(r"^preview of a (\S+): .*?\) [\"']+(\w+): ")
_ENDED = re.compile(r"^preview of a (\S+): \w+, crashed \((exit -?\d+),")
_NAMED = frozenset({"Error", "OSError", "MemoryError"})


def rendered(address: str, kind: Kind, data: bytes, folder: Path) -> Result | None:
    path = Path(tempfile.mkstemp(dir=folder)[1])
    path.write_bytes(data)
    try:
        with path.open("rb") as file:
            return client.render(file, kind, address=address, presets=EVERYTHING, keep=_close)
    except RendererGone:
        return None
    finally:
        path.unlink()


def _close(output: client.Output) -> None:
    if output.file is not None:
        output.file.close()


def try_kind(server: PreviewServer, kind: Kind, files: list[bytes], keep: Path, folder: Path) -> int:
    """Render all of `files`, print one line, keep what is worth a look; returns how many got no verdict."""
    began = time.monotonic()
    with ThreadPoolExecutor(ABREAST) as pool:
        results = list(pool.map(lambda data: rendered(server.address, kind, data, folder), files))
    counts: collections.Counter[str] = collections.Counter()
    for number, (data, result) in enumerate(zip(files, results, strict=True)):
        said = "nothing" if result is None else f"{result.verdict}/{result.reason}" if result.reason else "ready"
        counts[said] += 1
        if result is None or result.reason in ("crashed", "timeout"):
            (keep / f"{kind}-{number}-{said.replace('/', '-')}").write_bytes(data)
    answered = [result for result in results if result is not None]
    slowest = max((result.cpu_s for result in answered), default=0.0)
    largest = max((result.peak_mb for result in answered), default=0.0)
    told = ", ".join(f"{said} {count}" for said, count in counts.most_common())
    took = time.monotonic() - began
    print(f"{kind:10} {slowest:6.2f} s CPU {largest:5.0f} MB  {took:5.0f} s  {told}", flush=True)
    return counts["nothing"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-kind", type=int, default=500)
    parser.add_argument("--kind", action="append", type=Kind, choices=list(Kind))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "mutants")
    chosen = parser.parse_args()
    samples = {kind: make() for kind, make in gathered("SAMPLES").items()}
    others = list(samples.values())
    wanted = chosen.kind or sorted(samples)
    chosen.keep.mkdir(parents=True, exist_ok=True)
    log = chosen.keep / "log"
    # The renderer's own words go to its standard error, which is ours.
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    missing = 0
    with tempfile.TemporaryDirectory() as folder, PreviewServer(allow_unconfined=True) as server:
        for kind in wanted:
            files = list(mutants(samples[kind], others, seed=f"{chosen.seed}:{kind}", count=chosen.per_kind))
            missing += try_kind(server, kind, files, chosen.keep, Path(folder))
    lines = log.read_text(errors="replace").splitlines()
    found = [match.groups() for line in lines for way in (_RAISED, _ENDED) if (match := way.match(line))]
    counted = collections.Counter(each for each in found if each[1] not in _NAMED)
    print(f"{len(wanted)} kinds, {len(wanted) * chosen.per_kind} files, {missing} without a verdict")
    for (kind, what), count in sorted(counted.items()):
        print(f"  {kind:10} {what} {count}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
