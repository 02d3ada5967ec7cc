"""Words for the numbers of a ranking are true of them."""

import pytest
from flask import Flask

from contest import texts


@pytest.mark.parametrize(
    "w, judges, word",
    [
        # No agreement at all: chance alone gives 1 / judges.
        (0.5, 2, "low"),
        (0.34, 3, "low"),
        (0.34, 20, "middling"),
        (0.7, 2, "middling"),
        (0.9, 2, "high"),
        (1.0, 3, "high"),
    ],
)
def test_the_same_order_by_chance_is_no_agreement(app: Flask, w: float, judges: int, word: str) -> None:
    with app.test_request_context("/"):
        assert texts.agreement("kendall_w", w, judges) == word


@pytest.mark.parametrize(
    "severity, se, said",
    [
        (1e-17, None, "like the others"),
        (-1e-17, 0.0, "like the others"),
        (0.0004, None, "like the others"),
        (0.0004, 1e-9, "like the others"),
        (0.004, None, "milder by 0.4"),
        (-0.05, 0.02, "stricter by 5.0"),
        (-0.05, 0.06, "like the others"),
        (None, None, "not known"),
    ],
)
def test_a_difference_that_rounds_to_nothing_is_none(
    app: Flask, severity: float | None, se: float | None, said: str
) -> None:
    with app.test_request_context("/"):
        assert texts.severity(severity, se) == said
