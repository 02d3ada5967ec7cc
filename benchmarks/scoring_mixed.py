"""REML and prediction against the additive model, on 100,000 scorecards of 300 judges.

The target: at most 8 times the additive model with its exact standard errors, on the same arrays. Both as a whole,
from cards to rows, are among the figures, and so is the model where entries have many different numbers of cards.
"""

from __future__ import annotations

from typing import Any

from alone import alone, alternate, target
from scoring_made import made

LIMIT, MEMORY = 8.0, 250.0


def once() -> dict[str, float]:
    """One whole result; for memory and CPU seconds."""
    from contest.scoring.mixed import mixed

    found = mixed(made())
    return {name: round(value, 4) for name, value in found.model.items()}


def measure() -> dict[str, Any]:
    """See the module."""
    import numpy

    from contest.scoring import additive, mixed
    from contest.scoring.cards import Cards

    cards = made()
    data = additive.arrays(cards)
    random = numpy.random.Generator(numpy.random.PCG64(1))
    kept = numpy.flatnonzero(random.random(len(cards)) < random.random(len(cards.entries))[data.entry]).tolist()
    uneven = Cards(
        cards.entries,
        cards.judges,
        [cards.entry[card] for card in kept],
        [cards.judge[card] for card in kept],
        [cards.total[card] for card in kept],
    )
    other = additive.arrays(uneven)

    def fixed(of: additive.Arrays = data) -> additive.Fit:
        fitted = additive.fit(of.entry, of.judge, of.y, len(of.entries), len(of.judges))
        assert fitted.score_se is not None and fitted.severity_se is not None
        return fitted

    best = alternate(
        {
            "additive.fit": fixed,
            # Its least squares fit, on which it stands, is part of it.
            "mixed.fit": lambda: mixed.fit(fixed()),
            "additive.fit, uneven": lambda: fixed(other),
            "mixed.fit, uneven": lambda: mixed.fit(fixed(other)),
            "additive, from cards": lambda: additive.additive(cards),
            "mixed, from cards": lambda: mixed.mixed(cards),
        }
    )
    own = alone("scoring_mixed", "once")
    return {
        "targets": {
            "REML / additive model": target(best["mixed.fit"] / best["additive.fit"], LIMIT),
            "REML / additive model, uneven": target(best["mixed.fit, uneven"] / best["additive.fit, uneven"], LIMIT),
            "peak MB": target(own.peak_mb, MEMORY),
        },
        "figures": {
            "seconds": {name: round(seconds, 4) for name, seconds in best.items()},
            "from cards, ratio": round(best["mixed, from cards"] / best["additive, from cards"], 2),
            "CPU seconds with imports and making the data": round(own.cpu_seconds, 2),
            "model": own.value,
        },
    }
