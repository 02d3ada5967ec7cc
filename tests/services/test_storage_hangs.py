"""A store that takes calls and never answers: whoever wants a picture waits once, not each time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from contest.storage import Storage, StorageDown
from contest.storage.breaker import ALIVE, PAUSE, Breaker


class _Silent:
    """A listener that takes every connection, says `first` and nothing more; it counts them."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.taken: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
                self.taken[-1].sendall(self.first)
            except OSError:
                return

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(60)
        for each in self.taken:
            each.close()


#: All that comes of a store whose disks hang: it knows the object, and cannot read it.
_HEADERS = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 9\r\nContent-Type: image/webp\r\n\r\n'


@pytest.fixture(params=[b"", _HEADERS], ids=["no answer", "no body"])
def silent(request: pytest.FixtureRequest) -> Iterator[_Silent]:
    made = _Silent(request.param)
    yield made
    made.close()


def test_after_one_wait_in_vain_nobody_asks_the_store(silent: _Silent) -> None:
    storage = Storage(
        endpoint=f"http://127.0.0.1:{silent.listener.getsockname()[1]}",
        public_endpoint="",
        access_key="a",
        secret_key="b",
        bucket="c",
        attempts=1,
        patience=0.2,
    )
    with pytest.raises(StorageDown, match=r"(?i)timeout|timed out"):
        storage.read("a")
    asked = len(silent.taken)

    for call in (lambda: storage.read("a"), lambda: storage.head("a"), lambda: storage.read_range("a", 0, 1)):
        with pytest.raises(StorageDown, match="a moment ago"):
            call()

    assert (asked, len(silent.taken)) == (1, 1)


class _Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _fails(breaker: Breaker) -> bool:
    try:
        breaker._before()
    except StorageDown:
        return True
    return False


def test_one_call_tries_again_after_a_while_and_its_answer_lets_all_through() -> None:
    time = _Time()
    breaker = Breaker(time)
    timeout = ReadTimeoutError(endpoint_url="http://store.example")
    breaker._failed(EndpointConnectionError(endpoint_url="http://store.example"))
    refused_at_once = _fails(breaker)
    breaker._failed(timeout)
    closed = [_fails(breaker) for _ in range(3)]
    time.now += PAUSE
    tries = [_fails(breaker) for _ in range(3)]
    breaker._failed(timeout)
    time.now += PAUSE / 2
    still = _fails(breaker)
    time.now += PAUSE
    again = _fails(breaker)
    breaker._answered()

    lets_through = [_fails(breaker) for _ in range(3)]
    # One call was slow, and others were answered meanwhile.
    breaker._failed(timeout)
    slow = _fails(breaker)
    time.now += ALIVE
    breaker._failed(timeout)

    assert (refused_at_once, closed, tries) == (False, [True] * 3, [False, True, True])
    assert (still, again, lets_through) == (True, False, [False] * 3)
    assert (slow, _fails(breaker)) == (False, True)
