"""What previews cost, against plain ways to the same end: `python benchmarks/previews.py [--times 3] [--only WORD]`.

Makes its own pictures in a temporary folder, and measures in one run, alternately and several times: processor
seconds and peak memory of the confined child of the real rendering server, and of a process that does the
straight thing (Pillow's decoding, LANCZOS and WebP of method 4, after its imports). Prints a table of medians;
exits with 1 if a limit is broken. `--json` prints the same as JSON.

`CASES` are functions of a running server and a folder that give rows (what, ours, peer, unit, limit of the
ratio or None). Modules beside this one (`MODULES`) add theirs under the same name.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.previews import client
from contest.previews.client import PreviewServer
from contest.previews.kinds import Kind
from contest.previews.outcome import PRESETS

#: Others' cases, by module in this folder.
MODULES = ("previews_documents", "previews_packages")
#: A comparison: what, ours, the peer's, their unit, and the limit of ours over the peer's, or of ours alone
#: if there is no peer.
Row = tuple[str, float, float | None, str, float | None]

TIMES = 3
_SMALL_FILES = 40


def times(one: Callable[[], Any]) -> list[Any]:
    return [one() for _ in range(TIMES)]


def middle(values: Any) -> float:
    return statistics.median(values)


# The rows.


def photograph(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """A JPEG of 12 megapixels to three sizes: against Pillow's chain, and against decoding it."""
    path = _made(folder, "photograph.jpeg")
    runs = times(lambda: (_ours(server, path, Kind.JPEG), _peer("chain", path), _peer("decode", path)))
    ours = middle(run[0].cpu_s for run in runs)
    yield "12 MP JPEG to three sizes / Pillow's chain", ours, middle(run[1]["cpu"] for run in runs), "CPU s", 0.55
    yield "12 MP JPEG to three sizes / decoding alone", ours, middle(run[2]["cpu"] for run in runs), "CPU s", 6.0


def poster(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """A PNG of 100 megapixels: three sizes against Pillow's chain, and the pyramid beside them."""
    path = _made(folder, "poster.png")
    runs = times(lambda: (_ours(server, path, Kind.PNG), _peer("chain", path)))
    ours, peer = [run[0] for run in runs], [run[1] for run in runs]
    yield (
        "100 MP PNG to three sizes / Pillow's chain",
        middle(run.cpu_s for run in ours),
        middle(run["cpu"] for run in peer),
        "CPU s",
        0.45,
    )
    yield (
        "100 MP PNG to three sizes / Pillow's chain",
        max(run.peak_mb for run in ours),
        middle(run["peak_mb"] for run in peer),
        "MB",
        0.2,
    )
    whole = [_ours(server, path, Kind.PNG, (*PRESETS, "tiles")) for _ in range(TIMES)]
    assert all(any(output.preset == "tiles" for output in run.outputs) for run in whole)
    yield "100 MP PNG to three sizes and a pyramid", max(run.peak_mb for run in whole), None, "MB", 200.0
    yield "100 MP PNG to three sizes and a pyramid", middle(run.cpu_s for run in whole), None, "CPU s", None


def confinement(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """Small files through the server, and through the same function in a warm process that forks but confines not."""
    paths = []
    for number in range(_SMALL_FILES):
        path = folder / f"small-{number}.png"
        _make(path, 300 + 10 * number, 200 + 5 * number)
        paths.append(path)
    command = [sys.executable, __file__, "--warm", str(folder)]
    environment = {**os.environ, "VIPS_CONCURRENCY": "1", "VIPS_BLOCK_UNTRUSTED": "1", "OPENBLAS_NUM_THREADS": "1"}
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    cpu: list[tuple[float, float]] = []
    wall: list[tuple[float, float]] = []
    with subprocess.Popen(command, **pipe) as warm:  # type: ignore[call-overload]
        for path in [paths[0], *paths]:
            began, own, forking = time.monotonic(), time.process_time(), _cpu_of(server.pid)
            result = _ours(server, path, Kind.PNG)
            confined = time.monotonic() - began
            spent = result.cpu_s + time.process_time() - own + _cpu_of(server.pid) - forking
            warm.stdin.write(f"{path}\n")
            warm.stdin.flush()
            bare_wall, bare_cpu = map(float, warm.stdout.readline().split())
            wall.append((1000 * confined, 1000 * bare_wall))
            cpu.append((1000 * spent, 1000 * bare_cpu))
        warm.stdin.close()
    # The first of each warms up.
    for name, pairs, limit in (("CPU", cpu[1:], 25.0), ("time", wall[1:], None)):
        unit = f"ms {name}"
        yield "small PNG in a warm process, unconfined", middle(bare for _, bare in pairs), None, unit, None
        yield "confinement, above that", middle(ours - bare for ours, bare in pairs), None, unit, limit


CASES: tuple[Callable[[PreviewServer, Path], Iterator[Row]], ...] = (photograph, poster, confinement)


# The measuring.


def _ours(server: PreviewServer, path: Path, kind: Kind, presets: tuple[str, ...] = tuple(PRESETS)) -> client.Result:
    with path.open("rb") as file:
        result = client.render(file, kind, address=server.address, presets=presets)
    assert result.verdict == "ready", (path, result.verdict, result.reason)
    return result


def _peer(way: str, path: Path) -> dict[str, float]:
    """Processor seconds and peak memory in MB of a process of its own, without its start."""
    done = subprocess.run([sys.executable, __file__, "--peer", way, str(path)], check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _be_peer(way: str, path: str) -> None:
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.init()
    Image.MAX_IMAGE_PIXELS = None
    began = time.process_time()
    with Image.open(path) as picture:
        picture.load()
        if way == "chain":
            image = picture.convert("RGB")
            for edge in sorted(PRESETS.values(), reverse=True):
                scale = edge / max(image.size)
                image = image.resize(
                    (round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS
                )
                image.save(f"{path}.{edge}.webp", quality=80, method=4)
    cpu = time.process_time() - began
    print(json.dumps({"cpu": cpu, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _be_warm(folder: str) -> None:
    """Render each path that comes in, in a fork that is not confined, and say how long that took and what it cost."""
    from contest.previews import render

    for line in sys.stdin:
        began, own = time.monotonic(), time.process_time()
        out = tempfile.mkdtemp(dir=folder)
        child = os.fork()
        if child == 0:
            with open(line.strip(), "rb") as file:
                render.render(file.fileno(), Kind.PNG, Path(out))
            os._exit(0)
        usage = os.wait4(child, 0)[2]
        for made in Path(out).iterdir():
            made.read_bytes()
        cpu = usage.ru_utime + usage.ru_stime + time.process_time() - own
        print(time.monotonic() - began, cpu, flush=True)


def _cpu_of(process: int | None) -> float:
    """Processor seconds of a process's own, to the nanosecond."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


# The pictures.


def _made(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        # In a process of its own: this one must not have used libvips, nor be large.
        subprocess.run([sys.executable, __file__, "--make", str(path)], check=True)
    return path


def _make(path: Path, width: int, height: int) -> None:
    subprocess.run([sys.executable, __file__, "--make", str(path), f"{width}x{height}"], check=True)


def _be_maker(path: str, size: str) -> None:
    import pyvips

    width, height = map(int, size.split("x"))
    # Clouds of several sizes and a little grain, as photographs have.
    grey = None
    for cell, strength in ((width // 4, 60), (width // 16, 30), (width // 64, 12), (max(1, width // 400), 5)):
        cell = max(1, cell)
        noise = pyvips.Image.gaussnoise(-(-width // cell) + 2, -(-height // cell) + 2, mean=0, sigma=strength, seed=1)
        cloud = noise.resize(cell, kernel="cubic").crop(0, 0, width, height)
        grey = cloud if grey is None else grey + cloud
    grain = pyvips.Image.gaussnoise(width, height, mean=128, sigma=2, seed=2)
    if path.endswith(".jpeg"):
        _coloured(grey, grain).jpegsave(path, Q=90)
        return
    # A poster: areas of one colour, a shade, and a photograph on a quarter of it.
    shade = pyvips.Image.xyz(width, height).extract_band(1) * (200 / height) + 20
    ground = _coloured(shade - 128, pyvips.Image.black(width, height) + 128)
    for step in range(6):
        edge = min(width, height) // 8
        ground = ground.draw_rect([40 * step, 250 - 40 * step, 120], step * edge, step * edge, edge, edge, fill=True)
    photograph = _coloured(grey, grain).crop(0, 0, width // 2, height // 2)
    ground.insert(photograph, width // 2, height // 2).pngsave(path, compression=6, filter="all")


def _coloured(grey: Any, light: Any) -> Any:
    bands = [(grey * strength + light).cast("uchar") for strength in (1, 0.7, -0.5)]
    return bands[0].bandjoin(bands[1:]).copy(interpretation="srgb")


_SIZES = {"photograph.jpeg": "4000x3000", "poster.png": "12000x8334"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--only", default="", help="cases with this word in their name")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--warm", help=argparse.SUPPRESS)
    parser.add_argument("--make", nargs="+", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.peer:
        _be_peer(*wanted.peer)
        return 0
    if wanted.warm:
        _be_warm(wanted.warm)
        return 0
    if wanted.make:
        path, *size = wanted.make
        _be_maker(path, *(size or [_SIZES[Path(path).name]]))
        return 0
    globals()["TIMES"] = wanted.times
    return _report(list(_rows(wanted.only)), as_json=wanted.json)


def _rows(only: str) -> Iterator[Row]:
    cases = list(CASES)
    for module in MODULES:
        if Path(__file__).with_name(f"{module}.py").exists():
            cases += importlib.import_module(module).CASES
    with PreviewServer(allow_unconfined=True) as server, tempfile.TemporaryDirectory() as folder:
        for case in cases:
            if only in case.__name__:
                yield from case(server, Path(folder))


def _report(rows: list[Row], *, as_json: bool) -> int:
    broken = 0
    table = []
    for what, ours, peer, unit, limit in rows:
        compared = ours if peer is None else ours / peer
        good = limit is None or compared <= limit
        broken += not good
        table.append(
            {"what": what, "unit": unit, "ours": ours, "peer": peer, "ratio": None if peer is None else compared}
            | {"limit": limit, "ok": good}
        )
    if as_json:
        print(json.dumps(table, indent=2))
        return min(broken, 1)
    print(f"{'what':46} {'unit':6} {'ours':>9} {'peer':>9} {'ratio':>7} {'limit':>7}  ok")
    for row in table:
        cells = [f"{row[name]:.3f}" if row[name] is not None else "-" for name in ("ours", "peer", "ratio", "limit")]
        print(
            f"{row['what']:46} {row['unit']:6} {cells[0]:>9} {cells[1]:>9} {cells[2]:>7} {cells[3]:>7}  "
            f"{'yes' if row['ok'] else 'NO'}"
        )
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
