"""The additive model and rank intervals: 100,000 scorecards of 10,000 entries by 300 judges.

`ratio` is the fit with exact standard errors of all entries and judges over scipy's `lsqr` without any, at its
default tolerances, the sparse matrix being there already; both start from arrays and stand in turns in one process.
"""

from __future__ import annotations

from typing import Any

import numpy
from alone import alone, alternate, target
from scoring_made import made

from contest.scoring.additive import Fit, additive, arrays, fit

LARGEST_RATIO, LARGEST_MB = 1.0, 250
DRAWS, DRAWS_SECONDS, DRAWS_MB = 1_000, 5, 400


def with_errors() -> Fit:
    """The fit of the made-up contest with all its standard errors."""
    data = arrays(made())
    found = fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))
    assert found.score_se is not None and found.severity_se is not None
    return found


def once() -> float:
    """From cards to the fit: for memory."""
    found = with_errors()
    assert found.sigma is not None
    return found.sigma


def whole(draws: int) -> int:
    """From cards to a result with a row for each entry and judge."""
    return len(additive(made(), draws=draws).entries)


def ranks() -> dict[str, float]:
    """Only the draws and their ranks, after a fit."""
    import time

    from contest.scoring.intervals import rank_intervals, tied_within

    fitted = with_errors()
    entries = numpy.arange(len(fitted.score))
    placed = numpy.empty_like(entries)
    placed[numpy.argsort(-fitted.score, kind="stable")] = entries + 1
    start, used = time.perf_counter(), time.process_time()
    rank_intervals(fitted, entries, placed, draws=DRAWS, seed=1)
    drawn, drawn_used = time.perf_counter() - start, time.process_time() - used
    start, used = time.perf_counter(), time.process_time()
    tied_within(fitted, entries, placed)
    return {
        "draws_seconds": drawn,
        "draws_cpu_seconds": drawn_used,
        "tied_seconds": time.perf_counter() - start,
        "tied_cpu_seconds": time.process_time() - used,
    }


def measure() -> dict[str, Any]:
    """Ratios in one process; memory and the draws each in a process of its own."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsqr

    data = arrays(made())
    n, n_entries, n_judges = len(data.y), len(data.entries), len(data.judges)
    columns = numpy.stack([data.entry, n_entries + data.judge], axis=1).ravel()
    matrix = csr_matrix((numpy.ones(2 * n), columns, numpy.arange(0, 2 * n + 1, 2)), shape=(n, n_entries + n_judges))
    cards = made()

    def ours() -> None:
        found = fit(data.entry, data.judge, data.y, n_entries, n_judges)
        assert found.score_se is not None and found.severity_se is not None

    seconds = alternate(
        {
            "fit_with_errors": ours,
            "lsqr": lambda: lsqr(matrix, data.y),
            "lsqr_to_rounding": lambda: lsqr(matrix, data.y, atol=1e-14, btol=1e-14),
            "from_cards_to_rows": lambda: additive(cards),
        },
        repeats=15,
    )
    fitted, drawn = alone("scoring_additive", "once"), alone("scoring_additive", "ranks")
    rows = alone("scoring_additive", "whole", DRAWS)
    return {
        "targets": {
            "fit with exact standard errors / lsqr": target(
                seconds["fit_with_errors"] / seconds["lsqr"], LARGEST_RATIO
            ),
            "MB, cards to fit": target(fitted.peak_mb, LARGEST_MB),
            f"s, {DRAWS} rank draws": target(drawn.value["draws_seconds"], DRAWS_SECONDS),
            f"MB, {DRAWS} rank draws": target(drawn.peak_mb, DRAWS_MB),
        },
        "figures": {
            "seconds": {name: round(taken, 4) for name, taken in seconds.items()},
            "ratio to lsqr run to rounding": round(seconds["fit_with_errors"] / seconds["lsqr_to_rounding"], 3),
            **{name: round(taken, 3) for name, taken in drawn.value.items()},
            "cards to rows with draws": {"cpu_seconds": round(rows.cpu_seconds, 2), "peak_mb": round(rows.peak_mb)},
        },
    }
