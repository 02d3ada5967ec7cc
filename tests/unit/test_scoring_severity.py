"""Judges' quality: against fits that leave a card out, against a regression with time, and at its edges."""

from __future__ import annotations

from fractions import Fraction

import numpy
import pytest

from contest.scoring import linked
from contest.scoring.additive import Arrays, Fit, additive, arrays, fit
from contest.scoring.cards import Cards, cards
from contest.scoring.severity import OUTLYING, JudgeQuality, quality, without

Scores = dict[tuple[str, str], Fraction]


def made(seed: int, entries: int, judges: int, each: int) -> Scores:
    """A contest whose judges link all entries."""
    random = numpy.random.default_rng(seed)
    while True:
        truth, severity = random.normal(6, 1.5, entries), random.normal(0, 0.7, judges)
        found = {
            (f"e{entry:03}", f"j{judge:03}"): Fraction(round(4 * (truth[entry] + severity[judge] + random.normal())), 4)
            for entry in range(entries)
            for judge in random.choice(judges, each, replace=False).tolist()
        }
        if len(linked.components(cards(found))) == 1:
            return found


def fitted(given: Cards) -> tuple[Arrays, Fit]:
    data = arrays(given)
    return data, fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))


def rows(scores: Scores, times: list[float] | None = None) -> dict[str, JudgeQuality]:
    given = cards(scores)
    return {row.judge: row for row in quality(given, *fitted(given), times)}


@pytest.mark.parametrize(("entries", "judges", "each"), [(12, 5, 3), (4, 9, 4)])
def test_a_score_without_a_card_is_that_of_a_fit_without_it(entries: int, judges: int, each: int) -> None:
    scores = made(1, entries, judges, each)
    given = cards(scores)
    found = without(fitted(given)[1])

    left_out = 0
    for card in range(len(given)):
        entry, judge = given.entries[given.entry[card]], given.judges[given.judge[card]]
        rest = cards({key: value for key, value in scores.items() if key != (entry, judge)})
        if rest.judges == given.judges and len(linked.components(rest)) == 1:
            again = {row.entry: row.score for row in additive(rest).entries}
            assert found[card] == pytest.approx(again[entry], abs=1e-9)
            left_out += 1
        else:
            assert numpy.isnan(found[card])
    assert left_out > 10


def test_correlation_is_that_with_the_scores_of_the_others() -> None:
    scores = made(2, 20, 5, 3)
    given = cards(scores)
    data, model = fitted(given)
    others = without(model)

    for place, row in enumerate(quality(given, data, model)):
        own = data.judge == place
        assert row.correlation == pytest.approx(numpy.corrcoef(data.y[own], others[own])[0, 1], abs=1e-9)


def test_a_judge_who_turns_the_scale_around_stands_out() -> None:
    scores = made(3, 40, 6, 4)
    turned = {key: 12 - value if key[1] == "j002" else value for key, value in scores.items()}
    found = rows(turned)

    assert found["j002"].correlation is not None
    assert found["j002"].correlation < -0.3
    assert all(row.correlation is not None and row.correlation > 0.3 for row in found.values() if row.judge != "j002")


def test_severity_and_spread_are_those_of_the_result() -> None:
    scores = made(4, 20, 5, 3)
    found = rows(scores)

    for judge in additive(cards(scores)).judges:
        row = found[judge.judge]
        assert (row.severity, row.se, row.sd, row.n) == (judge.severity, judge.se, judge.sd, judge.n)
        own = [float(score) for (_, name), score in scores.items() if name == judge.judge]
        assert row.sd == pytest.approx(numpy.std(own, ddof=1))
        assert row.n == len(own)
        assert not row.straight
        assert (row.drift, row.drift_se) == (None, None)


def test_one_value_for_every_entry_is_straight() -> None:
    scores = {key: Fraction(33, 10) if key[1] == "j001" else value for key, value in made(5, 15, 4, 3).items()}
    row = rows(scores)["j001"]

    assert (row.straight, row.sd, row.correlation) == (True, 0.0, None)


def test_one_card_is_not_straight_and_says_nothing() -> None:
    row = rows(made(6, 15, 4, 3) | {("e000", "new"): Fraction(4)})["new"]

    assert (row.n, row.straight, row.sd, row.correlation, row.outlying) == (1, False, None, None, ())


def test_an_outlying_card_is_found_with_its_sign() -> None:
    scores = made(7, 40, 6, 6)
    scores["e005", "j001"] -= 9
    scores["e020", "j004"] += 9
    found = rows(scores)

    cards_out = [(row.judge, card) for row in found.values() for card in row.outlying]
    cards_out.sort(key=lambda one: -abs(one[1].residual))
    assert {(judge, card.entry, card.residual > 0) for judge, card in cards_out[:2]} == {
        ("j001", "e005", False),
        ("j004", "e020", True),
    }
    assert all(abs(card.residual) > OUTLYING for _, card in cards_out)
    assert len(cards_out) < 5


def test_standardised_residuals_are_residuals_over_their_errors() -> None:
    scores = made(8, 30, 5, 3)
    scores["e003", next(name for entry, name in scores if entry == "e003")] += 30
    given = cards(scores)
    data, model = fitted(given)
    x = numpy.zeros((len(given), len(model.score) + len(model.severity)))
    x[numpy.arange(len(x)), data.entry] = 1
    x[numpy.arange(len(x)), len(model.score) + data.judge] = 1
    hat = x @ numpy.linalg.pinv(x)
    residual = data.y - hat @ data.y
    expected = residual / numpy.sqrt(residual @ residual / model.df * (1 - numpy.diag(hat)))

    found = sorted(card.residual for row in quality(given, data, model) for card in row.outlying)
    numpy.testing.assert_allclose(found, sorted(expected[numpy.abs(expected) > OUTLYING]), rtol=1e-9)
    assert found


def test_drift_is_the_slope_of_a_regression_with_time() -> None:
    given = cards(made(9, 60, 6, 4))
    data, model = fitted(given)
    random = numpy.random.default_rng(9)
    times = random.permutation(len(given)).astype(float)
    judge = 2
    own = numpy.flatnonzero(data.judge == judge)
    place = numpy.zeros(len(given))
    place[own] = numpy.argsort(numpy.argsort(times[own])) / (len(own) - 1)
    # Judge number 2 becomes stricter by three points from first to last.
    tired = data.y - 3 * place
    model = fit(data.entry, data.judge, tired, len(data.entries), len(data.judges))
    x = numpy.zeros((len(given), len(model.score) + len(model.severity) + 1))
    x[numpy.arange(len(x)), data.entry] = 1
    x[numpy.arange(len(x)), len(model.score) + data.judge] = 1
    x[:, -1] = place
    exact = numpy.linalg.lstsq(x, tired, rcond=None)[0][-1]
    changed = Arrays(data.entry, data.judge, tired, data.entries, data.judges)

    row = quality(given, changed, model, times.tolist())[judge]

    assert row.drift == pytest.approx(exact, abs=0.1)
    assert row.drift_se is not None
    assert row.drift_se == pytest.approx(model.sigma * numpy.sqrt(numpy.linalg.pinv(x.T @ x)[-1, -1]), rel=0.05)
    assert row.drift < -4 * row.drift_se
    calm = [row.drift for row in quality(given, *fitted(given), times.tolist())]
    assert all(drift is not None and abs(drift) < 2 for drift in calm)


def test_drift_depends_on_the_order_and_not_on_the_clock() -> None:
    scores = made(10, 20, 5, 3)
    order = numpy.random.default_rng(3).permutation(len(scores)).astype(float)
    one, other = rows(scores, order.tolist()), rows(scores, (order**3 + 5).tolist())
    at_once = rows(scores, [1.0] * len(scores))

    assert one == other
    assert all(row.drift is None for row in at_once.values())


def test_nothing_is_said_where_nothing_is_left_to_chance() -> None:
    exact = {(entry, judge): Fraction(ord(entry) % 7 + int(judge)) for entry in "abcde" for judge in "123"}
    found = rows(exact)
    assert all(row.outlying == () and row.se == 0 for row in found.values())
    assert [row.correlation for row in found.values()] == [pytest.approx(1)] * 3

    bare = rows({("a", "1"): Fraction(1), ("b", "1"): Fraction(2), ("b", "2"): Fraction(2)}, [1, 2, 3])
    assert all((row.se, row.correlation, row.outlying, row.drift) == (None, None, (), None) for row in bare.values())


def test_names_of_cards_without_entries_or_judges_in_between_are_right() -> None:
    scores = made(11, 30, 5, 3)
    scores["e003", next(name for entry, name in scores if entry == "e003")] += 30
    plain, wide = cards(scores), cards(scores, entries=["a", "e0035"], judges=["a", "j0015"])

    assert quality(wide, *fitted(wide)) == quality(plain, *fitted(plain))
    assert any(card.entry == "e003" for row in quality(wide, *fitted(wide)) for card in row.outlying)
