"""Cases of `previews.py`: documents and drawings, against what opening and drawing them costs alone.

There is no limit to these ratios: they say how much of the work is the encoding of pictures and the process
around it, which the other side does without.
"""

from __future__ import annotations

import json
import math
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from contest.previews import client
from contest.previews.client import PreviewServer
from contest.previews.kinds import Kind

Row = tuple[str, float, float | None, str, float | None]

PAGES, DRAWINGS, EDGE = 20, 40, 1280
_WORDS = (
    "ferry",
    "leaves",
    "its",
    "pier",
    "at",
    "dawn",
    "visitor",
    "reads",
    "sign",
    "after",
    "the",
    "museum",
    "market",
)
_TIMES = 3


def document(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """A document of 20 pages at 1280 pixels to WebP: against drawing the pages."""
    path = folder / "document.pdf"
    path.write_bytes(_document())
    runs = [(_ours(server, [path], Kind.PDF), _peer("pdf", path)) for _ in range(_TIMES)]
    what = f"{PAGES}-page PDF at {EDGE} px / drawing alone"
    yield what, _middle(run[0][0] for run in runs), _middle(run[1]["cpu"] for run in runs), "CPU s", None
    yield what, max(run[0][1] for run in runs), _middle(run[1]["peak_mb"] for run in runs), "MB", None


def drawings(server: PreviewServer, folder: Path) -> Iterator[Row]:
    """Forty drawings at 1280 pixels to WebP, each in a process of its own: against drawing them in one."""
    place = folder / "drawings"
    place.mkdir()
    paths = [place / f"{number:02}.svg" for number in range(DRAWINGS)]
    for number, path in enumerate(paths):
        path.write_text(_drawing(number))
    runs = [(_ours(server, paths, Kind.SVG), _peer("svg", place)) for _ in range(_TIMES)]
    what = f"{DRAWINGS} SVGs at {EDGE} px / drawing alone"
    yield what, _middle(run[0][0] for run in runs), _middle(run[1]["cpu"] for run in runs), "CPU s", None
    yield what, max(run[0][1] for run in runs), _middle(run[1]["peak_mb"] for run in runs), "MB", None


CASES: tuple[Callable[[PreviewServer, Path], Iterator[Row]], ...] = (document, drawings)


def _ours(server: PreviewServer, paths: list[Path], kind: Kind) -> tuple[float, float]:
    """Processor seconds in all, and the largest memory in MB, of the confined children."""
    results = []
    for path in paths:
        with path.open("rb") as file:
            results.append(client.render(file, kind, address=server.address, presets=(str(EDGE),)))
    assert all(result.verdict == "ready" for result in results), results
    assert sum(len(result.outputs) for result in results) == (PAGES if kind is Kind.PDF else DRAWINGS)
    return sum(result.cpu_s for result in results), max(result.peak_mb for result in results)


def _peer(way: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, way, str(path)], check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _middle(values: Iterator[float]) -> float:
    return statistics.median(values)


def _be_peer(way: str, path: str) -> None:
    """Draw into memory and keep nothing; measured without imports."""
    import pypdfium2
    import pyvips

    began = time.process_time()
    if way == "pdf":
        for page in pypdfium2.PdfDocument(path):
            page.render(scale=EDGE / max(page.get_size()))
    else:
        for drawing in sorted(Path(path).iterdir()):
            data = drawing.read_bytes()
            native = pyvips.Image.svgload_buffer(data)
            pyvips.Image.svgload_buffer(data, scale=EDGE / max(native.width, native.height)).copy_memory()
    cpu = time.process_time() - began
    print(json.dumps({"cpu": cpu, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


# What is drawn.


def _document() -> bytes:
    """A PDF of text, lines, areas and a shade, as a project's description has them."""
    rng = random.Random(1)
    bodies = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: "<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [50 0 545 0] "
        "/Function << /FunctionType 2 /Domain [0 1] /C0 [.1 .3 .6] /C1 [.9 .8 .5] /N 1 >> >>",
    }
    pages = []
    for number in range(PAGES):
        lines = " ".join(f"({' '.join(rng.choices(_WORDS, k=14))}) Tj T*" for _ in range(38))
        bars = " ".join(f"{60 + 24 * n} 60 16 {rng.randint(10, 90)} re" for n in range(20))
        curves = " ".join(
            f"{50 + 5 * n} 180 m {60 + 5 * n} {180 + 40 * math.sin(n):.1f} {90 + 4 * n} 210 {540 - n} 190 c S"
            for n in range(30)
        )
        shade = "q 50 700 495 90 re W n /S sh Q"
        drawn = f"{shade} BT /F 10 Tf 12 TL 50 680 Td {lines} ET .2 .5 .7 rg {bars} f .4 w {curves}"
        page, content = 10 + 2 * number, 11 + 2 * number
        pages.append(f"{page} 0 R")
        bodies[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R "
            "/Resources << /Font << /F 3 0 R >> /Shading << /S 4 0 R >> >> >>"
        )
        bodies[content] = f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream"
    bodies[2] = f"<< /Type /Pages /Kids [{' '.join(pages)}] /Count {PAGES} >>"
    made, places = b"%PDF-1.4\n", []
    for number, body in sorted(bodies.items()):
        places.append(f"{number} 1\n{len(made):010} 00000 n \n")
        made += f"{number} 0 obj\n{body}\nendobj\n".encode()
    end = f"trailer << /Root 1 0 R /Size {max(bodies) + 1} >>\nstartxref\n{len(made)}\n%%EOF\n"
    return made + f"xref\n0 1\n0000000000 65535 f \n{''.join(places)}{end}".encode()


def _drawing(number: int) -> str:
    """A mark of circles, curves, a gradient and a word; every fifth has a shadow."""
    rng = random.Random(number)
    shapes = []
    for _ in range(60):
        x, y, size = rng.randint(0, 800), rng.randint(0, 600), rng.randint(5, 90)
        colour = f"hsl({rng.randint(0, 359)} 60% 50%)"
        shapes.append(f'<circle cx="{x}" cy="{y}" r="{size}" fill="{colour}" fill-opacity=".7"/>')
        shapes.append(f'<path d="M{x} {y}c{size} 0 0 {size} {size} {size}s{size} 0 {size} -{size}z" stroke="#123"/>')
    shadow = '<filter id="s"><feGaussianBlur stdDeviation="6"/></filter>' if number % 5 == 0 else ""
    gradient = '<linearGradient id="g"><stop stop-color="#fff"/><stop offset="1" stop-color="#cde"/></linearGradient>'
    ground = '<rect width="800" height="600" fill="url(#g)"/>'
    blurred = 'filter="url(#s)"' if shadow else ""
    word = f'<text x="60" y="500" font-size="120" {blurred}>Ferry</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600"><defs>{gradient}{shadow}</defs>'
        f"{ground}{''.join(shapes)}{word}</svg>"
    )


if __name__ == "__main__":
    _be_peer(*sys.argv[1:])
