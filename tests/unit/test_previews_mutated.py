"""Spoiled files of every kind: each gets a verdict, within its limits. The whole run: benchmarks/mutants.py."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from contest.previews import client
from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import MODELS, Kind
from contest.previews.outcome import REASONS, VERDICTS
from tests.mutants import mutants
from tests.samples import gathered

EACH = 12
SAMPLES = {kind: make() for kind, make in gathered("SAMPLES").items()}


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer(wall_s=20) as running:
        yield running


def verdict(server: PreviewServer, kind: Kind, data: bytes) -> Result:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return client.render(file, kind, address=server.address, presets=("320",), quick=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_spoiled_file_gets_a_verdict(server: PreviewServer, kind: Kind) -> None:
    pid = server.pid
    count = 1 if kind in MODELS else EACH  # a model takes a second or two
    files = mutants(SAMPLES[kind], list(SAMPLES.values()), seed=f"test:{kind}", count=count)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda data: verdict(server, kind, data), files))
    assert len(results) == count
    for result in results:
        assert result.verdict in VERDICTS
        assert result.reason in REASONS | {None}
        assert result.reason not in ("crashed", "timeout"), result
        assert result.cpu_s < 20
    assert server.alive()
    assert server.pid == pid


def test_the_same_seed_makes_the_same_mutants() -> None:
    one, again, other = (list(mutants(b"x" * 99, [b"y" * 99], seed=seed, count=9)) for seed in ("a", "a", "b"))
    assert one == again != other
    assert len(set(one)) > 5


def test_nothing_is_left_behind(server: PreviewServer) -> None:
    folder = os.path.dirname(server.address)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: verdict(server, Kind.SVG, b"<svg"), range(4)))
    assert len([name for name in os.listdir(folder) if name.startswith("job-")]) <= 2
