"""Keeps a store that hangs from taking the pages with it.

A web process has a few threads. A store that accepts calls and never answers would hold each of them until its
time-out, for every picture of every page, and pages without any picture would wait behind them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from contest.storage.errors import StorageDown

#: For how many seconds nobody waits any more, before one call tries again.
PAUSE = 10.0
#: A store that answered somebody so recently lives, and was slow over one call alone; less than any wait in vain takes.
ALIVE = 1.0


class Breaker:
    """After one wait in vain, while nobody else was answered, calls fail at once; each `PAUSE` one goes through, and
    its answer opens the way again. An answer with a body counts once the first of that is here: a store whose disks
    hang sends headers still."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: Until when calls fail; None while the store answers.
        self._until: float | None = None
        #: When the store last answered.
        self._answered_at = -ALIVE

    def watch(self, client: Any) -> None:
        """Hear of each call that a boto3 client makes."""
        client.meta.events.register("before-call.s3", self._before)
        client.meta.events.register("after-call.s3", self._answered)
        client.meta.events.register("after-call-error.s3", self._failed)

    def _before(self, **_of_call: Any) -> None:
        with self._lock:
            if self._until is None:
                return
            now = self._clock()
            if now < self._until:
                raise StorageDown("the store did not answer a moment ago; nobody waits for it now")
            self._until = now + PAUSE  # this call tries; others go on failing meanwhile

    def _answered(self, parsed: dict[str, Any] | None = None, **_of_call: Any) -> None:
        body = (parsed or {}).get("Body")
        if parsed is not None and hasattr(body, "read"):
            parsed["Body"] = _Body(body, self)
        else:
            self._lives()

    def _lives(self) -> None:
        with self._lock:
            self._until, self._answered_at = None, self._clock()

    def _failed(self, exception: Exception, **_of_call: Any) -> None:
        # A store that refuses connections costs nobody time.
        if isinstance(exception, (ConnectTimeoutError, ReadTimeoutError)):
            with self._lock:
                now = self._clock()
                if now - self._answered_at >= ALIVE:
                    self._until = now + PAUSE


class _Body:
    """What a caller reads of an answer, with the breaker told how each wait for it ended."""

    def __init__(self, body: Any, breaker: Breaker) -> None:
        self._body, self._breaker = body, breaker

    def read(self, size: int | None = None) -> bytes:
        try:
            data: bytes = self._body.read(size)
        except ReadTimeoutError as error:
            self._breaker._failed(error)
            raise
        self._breaker._lives()
        return data

    def close(self) -> None:
        self._body.close()
