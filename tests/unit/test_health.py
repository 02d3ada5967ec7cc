"""/readyz may be asked by anybody: the services behind it are asked once in a while only."""

from __future__ import annotations

import threading
from collections.abc import Callable

from contest.blueprints.health import FRESH, Recent


class _Times:
    """A clock that is set by hand, and a question that counts how often it was asked."""

    def __init__(self) -> None:
        self.now, self.asked = 100.0, 0

    def ask(self) -> dict[str, str]:
        self.asked += 1
        return {"bucket": f"answer {self.asked}"}

    def recent(self, ask: Callable[[], dict[str, str]] | None = None) -> Recent:
        return Recent(ask or self.ask, lambda: self.now)


def test_an_answer_stands_for_a_moment_and_no_longer() -> None:
    times = _Times()
    recent = times.recent()

    first = [recent()["bucket"] for _ in range(50)]
    times.now += FRESH * 0.9
    still = recent()["bucket"]
    times.now += FRESH * 0.2
    later = recent()["bucket"]

    assert (set(first), still, later, times.asked) == ({"answer 1"}, "answer 1", "answer 2", 2)


def test_nobody_waits_while_somebody_else_asks_a_service_that_hangs() -> None:
    times = _Times()
    hangs, asking = threading.Event(), threading.Event()

    def ask() -> dict[str, str]:
        if times.asked:
            asking.set()
            hangs.wait(60)
        return times.ask()

    recent = times.recent(ask)
    recent()
    times.now += 10 * FRESH
    slow = threading.Thread(target=recent)
    slow.start()
    assert asking.wait(60)

    meanwhile = recent()["bucket"]
    hangs.set()
    slow.join(60)

    assert (meanwhile, recent()["bucket"], times.asked) == ("answer 1", "answer 2", 2)


def test_those_who_come_first_together_ask_once() -> None:
    times = _Times()
    hangs, asking = threading.Event(), threading.Event()

    def ask() -> dict[str, str]:
        asking.set()
        hangs.wait(60)
        return times.ask()

    recent = times.recent(ask)
    told: list[str] = []
    crowd = [threading.Thread(target=lambda: told.append(recent()["bucket"])) for _ in range(4)]
    for one in crowd:
        one.start()
    assert asking.wait(60)
    hangs.set()
    for one in crowd:
        one.join(60)

    assert (told, times.asked) == (["answer 1"] * 4, 1)
