"""What importing the engine loads."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "modules",
    [
        "contest.scoring",
        "contest.scoring.tally, contest.scoring.rubric, contest.scoring.digest, contest.scoring.cards, "
        "contest.scoring.outcome, contest.scoring.refusals, contest.scoring.methods, contest.scoring.linked, "
        "contest.scoring.means, contest.scoring.ties, contest.scoring.standardised",
    ],
)
def test_the_default_tally_needs_neither_numpy_nor_scipy(modules: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import {modules}, sys; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "contest.scoring" in loaded
    assert not {"numpy", "scipy", "pandas"} & set(loaded)


def test_fitting_a_model_does_not_load_scipy_s_statistics() -> None:
    # It alone takes seconds and 96 MB.
    code = (
        "from contest.scoring.cards import cards; from contest.scoring.additive import additive; import sys;"
        "additive(cards({(e, j): ord(e) * int(j) % 5 for e in 'abcde' for j in '123'}), draws=10);"
        "print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "numpy" in loaded
    assert "scipy.stats" not in loaded
