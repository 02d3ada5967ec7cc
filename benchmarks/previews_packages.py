"""Cases of `previews.py`: a ZIP of fifty pictures, against the same pictures one by one, and against decoding alone.

There is no limit to these ratios: they say what taking a package apart adds to its members.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.previews import client
from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import Kind, identify
from contest.previews.outcome import PRESETS
from contest.previews.pipeline import Order, preview

Row = tuple[str, float, float | None, str, float | None]

MEMBERS = 50
SIZE = (1440, 900)
_TIMES = 3


def package(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """A ZIP of fifty screens, half PNG and half JPEG, to three sizes each."""
    place = folder / "members"
    place.mkdir()
    subprocess.run([sys.executable, __file__, "make", str(place)], check=True)
    paths = sorted(place.iterdir())
    whole = folder / "members.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"screens/{path.name}")
    runs = [(_packed(server, whole), _alone(server, paths), _decoded(place)) for _ in range(_TIMES)]
    ours, alone, bare = zip(*runs, strict=True)
    what = f"{MEMBERS}-member ZIP to three sizes"
    cpu_s = statistics.median(run[0] for run in ours)
    yield f"{what} / its members alone", cpu_s, statistics.median(run[0] for run in alone), "CPU s", None
    yield f"{what} / decoding alone", cpu_s, statistics.median(bare), "CPU s", None
    yield f"{what} / its members alone", max(run[1] for run in ours), max(run[1] for run in alone), "MB", None


CASES: tuple[Callable[[PreviewServer, Path], Iterator[Row]], ...] = (package,)


def _packed(server: PreviewServer, path: Path) -> tuple[float, float]:
    """Processor seconds in all, and the largest memory in MB, of the confined children."""
    with path.open("rb") as file:
        result = preview(file, Kind.ZIP, Order(server.address, presets=tuple(PRESETS)))
    return _spent([result], len(result.page_list))


def _alone(server: PreviewServer, paths: list[Path]) -> tuple[float, float]:
    results = []
    for path in paths:
        with path.open("rb") as file:
            kind = identify(file, size=path.stat().st_size)
            assert kind is not None
            results.append(client.render(file, kind, address=server.address, presets=tuple(PRESETS)))
    return _spent(results, len(results))


def _spent(results: list[Result], pages: int) -> tuple[float, float]:
    assert pages == MEMBERS, pages
    assert all(result.verdict == "ready" for result in results), results
    return sum(result.cpu_s for result in results), max(result.peak_mb for result in results)


def _decoded(place: Path) -> float:
    done = subprocess.run([sys.executable, __file__, "decode", str(place)], check=True, stdout=subprocess.PIPE)
    return float(done.stdout)


def _make(place: Path) -> None:
    import pyvips

    draw = random.Random(7)
    for number in range(MEMBERS):
        shapes = "".join(
            f'<rect x="{draw.random() * SIZE[0]:.0f}" y="{draw.random() * SIZE[1]:.0f}"'
            f' width="{draw.random() * 300:.0f}" height="90" rx="12" fill="hsl({draw.random() * 360:.0f} 60% 60%)"/>'
            for _ in range(80)
        )
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE[0]}" height="{SIZE[1]}">{shapes}</svg>'
        screen = pyvips.Image.new_from_buffer(svg.encode(), "").flatten(background=255)
        screen.write_to_file(str(place / f"{number:02}.{'png' if number % 2 else 'jpg'}"))


def _decode(place: Path) -> None:
    """Print the processor seconds of decoding all pictures in a process that has its libraries."""
    import pyvips

    before = resource.getrusage(resource.RUSAGE_SELF)
    for name in sorted(os.listdir(place)):
        pyvips.Image.new_from_file(str(place / name), access="sequential").copy_memory()
    after = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(f"{after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}\n")


if __name__ == "__main__":
    {"make": _make, "decode": _decode}[sys.argv[1]](Path(sys.argv[2]))
