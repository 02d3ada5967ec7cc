"""What a certificate as PDF costs a web process: the first one, one more, and what stays in memory.

    python benchmarks/documents.py

Processor time, not time on the clock: it holds on a busy machine too.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from contest.documents import typeset

WORDS = {
    "lang": "ja",
    "heading": "賞状",
    "prize": "最優秀賞",
    "awarded": "受賞者",
    "sentence": "作品「雨の日にも読める時刻表」をここに表彰します。",
    "host": "港湾デジタル庁",
    "date": "2026年11月14日",
    "judged": "審査",
    "jury": "高橋 美咲",
    "check": "この賞状の確認先：",
}
CODE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'


def _made(number: int) -> tuple[float, int]:
    """Milliseconds of a processor, and bytes, for a certificate of its own."""
    sheet = {
        "number": f"C-demo-1-{number}",
        "credit": f"Adaeze Okafor {number}",
        "name": "",
        "words": [WORDS],
        "address": f"https://contest.example/certificates/C-demo-1-{number}",
        "shown": f"contest.example/certificates/C-demo-1-{number}",
        "digest": "3f2a 91bc 77de 0a1b",
        "code": CODE,
    }
    values = {"title": "賞状", "author": "港湾デジタル庁", "lang": "ja", "sheets": [sheet]}
    begun = time.process_time()
    size = len(typeset("certificate", values, at=datetime(2026, 11, 14, tzinfo=UTC)))
    return (time.process_time() - begun) * 1000, size


def _memory() -> float:
    """Megabytes that this process keeps for itself."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


def main() -> None:
    before = _memory()
    first, size = _made(0)
    kept = _memory() - before
    more = [_made(number)[0] for number in range(1, 101)]
    print(f"first: {first:.0f} ms of a processor, {size:,} bytes, {kept:.0f} MB kept")
    print(f"each further: {statistics.median(more):.1f} ms, {_memory() - before - kept:.0f} MB more kept after 100")


if __name__ == "__main__":
    main()
