"""Wait for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 10.0, said: Callable[[], object] | None = None) -> None:
    """Return as soon as `condition` holds; fail after `seconds` with what `said` tells instead."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {said() if said else ''}")
        time.sleep(0.05)
