"""Per-judge z-scores: published figures, a second implementation, what is only centred, and the notes."""

from __future__ import annotations

import json
import random
import statistics
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import means
from contest.scoring.cards import Cards, cards
from contest.scoring.methods import METHODS
from contest.scoring.outcome import Result, as_json
from contest.scoring.refusals import Refused
from contest.scoring.standardised import unlike, zscore

Scores = dict[tuple[str, str], Fraction]


def codes(result: Result) -> set[str]:
    return {note.code for note in result.warnings}


def z_of(result: Result) -> dict[str, float]:
    return {one.entry: one.extra["z"] for one in result.entries}


def scores_of(result: Result) -> dict[str, float]:
    return {one.entry: one.score for one in result.entries}


def drawn(lot: random.Random, entries: int, judges: int, share: float) -> Scores:
    """A random incomplete design in which every judge has at least five scorecards, not all equal."""
    found: Scores = {}
    for judge in range(judges):
        seen = [entry for entry in range(entries) if lot.random() < share]
        seen += [entry for entry in range(entries) if entry not in seen][: max(0, 5 - len(seen))]
        for place, entry in enumerate(seen):
            found[f"e{entry:02d}", f"j{judge}"] = Fraction(lot.randint(1, 100) if place > 1 else 50 + place, 10)
    return found


# Published figures --------------------------------------------------------------------------------


def test_z_as_in_scikit_learn_s_guide() -> None:
    # scikit-learn user guide, "Preprocessing data": three columns here are three judges; digits cut off, not rounded.
    table = {"x": (1, 2, 0), "y": (-1, 0, 1), "z": (2, 0, -1)}
    printed = {"x": ("0", "1.22", "-1.22"), "y": ("-1.22", "0", "1.22"), "z": ("1.33", "-0.26", "-1.06")}
    for judge, values in table.items():
        found = z_of(zscore(cards({(f"e{place}", judge): value for place, value in enumerate(values)}), min_n=2))
        for place, text in enumerate(printed[judge]):
            assert abs(found[f"e{place}"]) - abs(float(text)) == pytest.approx(0.005, abs=0.005)
            assert found[f"e{place}"] * float(text) >= 0

    together = zscore(
        cards({(f"e{place}", judge): table[judge][place] for judge in table for place in range(3)}), min_n=2
    )
    assert z_of(together) == pytest.approx({"e0": 0.0372, "e1": 0.3192, "e2": -0.3563}, abs=5e-5)
    assert {one.judge: round(float(one.extra["mean"]), 2) for one in together.judges} == {"x": 1, "y": 0, "z": 0.33}


def test_z_as_in_scipy_s_example() -> None:
    # scipy.stats.zscore, first example of its documentation; it printed the z of values with more digits than it
    # shows, so that the last digit may differ.
    values = "0.7972 0.0767 0.4383 0.7866 0.8091 0.1954 0.6307 0.6599 0.1065 0.0508"
    printed = (1.1273, -1.2470, -0.0552, 1.0923, 1.1664, -0.8559, 0.5786, 0.6748, -1.1488, -1.3324)
    found = zscore(cards({(f"e{place}", "x"): Fraction(value) for place, value in enumerate(values.split())}))

    for place, z in enumerate(printed):
        assert z_of(found)[f"e{place}"] == pytest.approx(z, abs=2.5e-4)
    # One judge: the map to the raw range gives the raw scores again.
    assert [f"{score:.4f}" for _, score in sorted(scores_of(found).items())] == values.split()


def test_spread_is_the_population_s() -> None:
    # en.wikipedia.org/wiki/Standard_deviation: mean 5 and population standard deviation 2.
    found = zscore(cards({(f"e{place}", "x"): value for place, value in enumerate((2, 4, 4, 4, 5, 5, 7, 9))}))

    assert [z for _, z in sorted(z_of(found).items())] == [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2]
    assert [one.rank for one in found.entries] == [1, 2, 3, 3, 5, 5, 5, 8]
    judge = found.judges[0]
    assert judge.extra == {"mean": 5, "centred": False}
    assert judge.sd == pytest.approx((32 / 7) ** 0.5)


# Definition ---------------------------------------------------------------------------------------


def by_definition(scores: Scores, min_n: int) -> tuple[dict[str, float], dict[str, float], dict[str, float | None]]:
    """z, score and se of each entry, in floats."""
    own: dict[str, list[float]] = {}
    for (_, judge), score in scores.items():
        own.setdefault(judge, []).append(float(score))
    z: dict[str, list[float]] = {}
    raw: dict[str, list[float]] = {}
    for (entry, judge), score in scores.items():
        values = own[judge]
        spread = statistics.pstdev(values) if len(values) >= min_n else 0
        z.setdefault(entry, []).append((float(score) - statistics.fmean(values)) / (spread or 1))
        raw.setdefault(entry, []).append(float(score))
    mean = {entry: statistics.fmean(values) for entry, values in z.items()}
    plain = [statistics.fmean(values) for values in raw.values()]
    slope = (max(plain) - min(plain)) / (max(mean.values()) - min(mean.values()))
    score = {entry: min(plain) + (value - min(mean.values())) * slope for entry, value in mean.items()}
    error = {
        entry: statistics.stdev(values) / len(values) ** 0.5 * slope if len(values) > 1 else None
        for entry, values in z.items()
    }
    return mean, score, error


def test_agrees_with_the_definition_on_random_incomplete_designs() -> None:
    lot = random.Random(11)
    for _ in range(60):
        scores = drawn(lot, lot.randint(5, 20), lot.randint(2, 6), lot.choice([0.4, 0.8]))
        min_n = lot.choice([2, 5, 8])

        found = zscore(cards(scores), min_n=min_n)

        z, score, error = by_definition(scores, min_n)
        assert z_of(found) == pytest.approx(z, abs=1e-12)
        assert scores_of(found) == pytest.approx(score, abs=1e-11)
        assert {one.entry: one.se for one in found.entries} == {
            entry: None if value is None else pytest.approx(value, abs=1e-11) for entry, value in error.items()
        }
        assert [one.rank for one in found.entries] == sorted(
            1 + sum(other > value + 1e-9 for other in z.values()) for value in z.values()
        )


def test_scores_span_the_range_of_the_raw_means() -> None:
    given = cards(drawn(random.Random(4), 12, 4, 0.6), entries=["none"])
    raw = [one.score for one in means.mean(given).entries if one.score is not None]

    found = zscore(given)

    assert found.entries[0].score == pytest.approx(float(max(raw)))
    assert found.entries[-2].score == pytest.approx(float(min(raw)))
    none = found.entries[-1]
    assert (none.entry, none.score, none.rank, none.n_judges, none.se, none.extra) == (
        "none",
        None,
        None,
        0,
        None,
        {"z": None},
    )


def test_a_judge_s_own_scale_does_not_matter() -> None:
    """Multiplying and shifting all scores of one judge changes no z."""
    scores = drawn(random.Random(5), 12, 4, 0.7)
    moved = {(entry, judge): score * 7 - 3 if judge == "j1" else score for (entry, judge), score in scores.items()}

    before, after = zscore(cards(scores)), zscore(cards(moved))

    assert z_of(after) == pytest.approx(z_of(before), abs=1e-12)
    assert [(one.entry, one.rank) for one in after.entries] == [(one.entry, one.rank) for one in before.entries]


def test_few_judges_do_not_stretch_the_map() -> None:
    scores = drawn(random.Random(8), 10, 3, 1)
    scores["z", "j0"] = Fraction(99)

    found = zscore(cards(scores), min_judges=2)

    ranked = [one for one in found.entries if one.rank]
    raw = {one.entry: one.score for one in means.mean(cards(scores)).entries}
    assert ranked[0].score == pytest.approx(float(max(raw[one.entry] for one in ranked)))
    last = found.entries[-1]
    assert (last.entry, last.rank) == ("z", None)
    assert last.score > ranked[0].score
    assert "too_few_judges" in codes(found)


# Only centred -------------------------------------------------------------------------------------


def test_few_scorecards_are_only_centred_and_then_all_is_exact() -> None:
    scores = {
        ("a", "x"): Fraction("0.1"),
        ("b", "x"): Fraction("0.2"),
        ("a", "y"): Fraction("0.4"),
        ("b", "y"): Fraction("0.3"),
    }
    found = zscore(cards(scores | {("c", "x"): Fraction("0.3"), ("c", "y"): Fraction("0.5")}))

    # x has the mean 1/5, y 2/5.
    assert z_of(found) == {"c": Fraction(1, 10), "a": Fraction(-1, 20), "b": Fraction(-1, 20)}
    assert [(one.entry, one.rank, one.tied_with) for one in found.entries] == [
        ("c", 1, ()),
        ("a", 2, ("b",)),
        ("b", 2, ("a",)),
    ]
    assert scores_of(found) == {"c": Fraction(2, 5), "a": Fraction(1, 4), "b": Fraction(1, 4)}
    note = next(note for note in found.warnings if note.code == "judges_centred")
    assert note.facts == {"n": 2, "least": 5, "judges": "x, y"}
    assert {one.extra["centred"] for one in found.judges} == {True}


def test_the_least_number_of_scorecards_counts() -> None:
    scores = cards({(f"e{place}", "x"): place for place in range(5)})

    assert "judges_centred" not in codes(zscore(scores))
    assert max(z_of(zscore(scores)).values()) == pytest.approx(2**0.5)
    assert "judges_centred" in codes(zscore(scores, min_n=6))
    assert max(z_of(zscore(scores, min_n=6)).values()) == 2


def test_a_judge_with_one_value_says_nothing() -> None:
    scores = {(f"e{place}", "x"): Fraction(place) for place in range(6)}
    with_flat = scores | {(f"e{place}", "flat"): Fraction(9) for place in range(6)}

    found, without = zscore(cards(with_flat)), zscore(cards(scores))

    note = next(note for note in found.warnings if note.code == "judges_with_one_value")
    assert note.facts == {"n": 1, "judges": "flat"}
    assert "judges_centred" not in codes(found)
    assert z_of(found) == pytest.approx({entry: z / 2 for entry, z in z_of(without).items()})
    assert [one.entry for one in found.entries] == [one.entry for one in without.entries]


# Bad input and notes ------------------------------------------------------------------------------


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        zscore(cards({}, entries=["a"]))
    assert caught.value.code == "no_scores"


def test_random_assignment_is_always_asked_for() -> None:
    for scores in (drawn(random.Random(1), 8, 3, 0.5), {("a", "x"): Fraction(1)}):
        assert "random_assignment" in codes(zscore(cards(scores)))


def test_one_entry_and_all_equal() -> None:
    one = zscore(cards({("a", "x"): 3, ("a", "y"): 6}))
    assert [(row.score, row.rank, row.se, row.extra["z"]) for row in one.entries] == [(Fraction(9, 2), 1, None, 0)]

    equal = zscore(cards({(entry, judge): 7 for entry in "abcdef" for judge in "xyz"}))
    assert {(row.score, row.rank, row.extra["z"], len(row.tied_with)) for row in equal.entries} == {(7, 1, 0, 5)}
    assert codes(equal) == {"random_assignment", "all_equal", "judges_with_one_value"}


def test_rounding_is_not_stretched_over_the_range() -> None:
    # y is x upside down on another scale: all z cancel out, but not for floats.
    scores = {(f"e{place}", "x"): value for place, value in enumerate((1, 2, 4, 7, 11, 13))}
    scores |= {(entry, "y"): 100 - 7 * value for (entry, _), value in scores.items()}
    found = zscore(cards(scores))

    assert 0 < max(abs(z) for z in z_of(found).values()) < 1e-15
    assert {one.rank for one in found.entries} == {1}
    assert len(set(scores_of(found).values())) == 1
    assert {one.se for one in found.entries} == {None}
    assert "all_z_equal" in codes(found)


def test_equal_raw_means_are_ranked_by_z() -> None:
    # Raw means are all 3; x uses a narrow scale, so that what x says weighs more.
    x, y = (1, 2, 3, 4, 5), (5, 4, 3, 2, 1)
    scores = {(f"e{place}", "x"): value for place, value in enumerate(x)} | {
        (f"e{place}", "y"): value for place, value in enumerate(y)
    }
    # A wide scale for y, by an entry that only y saw and that has the mean 3 too.
    scores |= {("f", "y"): 3, ("g", "z"): 3} | {("h", "y"): 3}
    found = zscore(cards(scores), min_n=2)

    assert "means_equal" in codes(found)
    assert {one.score for one in found.entries} == {3}
    # Σ(y − 3)² = 10 over 7 cards and over 5 of x: z of x is smaller by √(5/7).
    assert [one.entry for one in found.entries] == ["e0", "e1", "e2", "f", "g", "h", "e3", "e4"]
    assert [one.rank for one in found.entries] == [1, 2, 3, 3, 3, 3, 7, 8]


def panels(lot: random.Random, kind: str) -> Cards:
    """120 entries by 15 judges in three panels, four a piece; one in ten by judges of all panels."""
    scores: dict[tuple[str, str], int] = {}
    for entry in range(120):
        panel = entry % 3
        quality = lot.gauss(1.2 * (panel - 1) if kind == "unequal" else 0, 1)
        all_judges = kind == "random" or lot.random() < 0.1
        for judge in lot.sample(range(15), 4) if all_judges else lot.sample(range(5 * panel, 5 * panel + 5), 4):
            scores[f"e{entry}", f"j{judge}"] = round(50 + 15 * quality + lot.gauss(0, 15))
    return cards(scores)


def test_sets_of_different_quality_are_noticed() -> None:
    lot = random.Random(20)
    found = [len(unlike(panels(lot, "unequal"))) for _ in range(10)]
    alarms = [len(unlike(panels(lot, "random"))) for _ in range(40)]

    assert found == [1] * 10
    # Five in a hundred are allowed: nine or more of forty come once in about five thousand such lots.
    assert sum(alarms) < 9
    note = unlike(panels(lot, "unequal"))[0]
    assert note.code == "sets_differ"
    assert note.facts["n"] >= 5
    assert "sets_differ" in codes(zscore(panels(lot, "unequal")))


def test_a_set_is_compared_with_all_draws_of_its_size() -> None:
    # y scored twelve entries from 1 to 12; the mean of six of them has the mean 6.5 and the variance
    # 13 / 6 · (1 − 6 / 12). Two in a hundred are further out than 53 / 6, five and a half than 51 / 6.
    def of_x(*seen: int) -> Cards:
        scores = {(f"e{score}", "y"): score for score in range(1, 13)}
        return cards(scores | {(f"e{score}", "x"): 100 + score % 5 for score in seen})

    assert [note.facts for note in unlike(of_x(4, 7, 9, 10, 11, 12))] == [{"n": 1, "judges": "x"}]
    assert [note.facts for note in unlike(of_x(9, 6, 4, 3, 2, 1))] == [{"n": 1, "judges": "x"}]
    assert unlike(of_x(2, 7, 9, 10, 11, 12)) == ()
    # Four are too few for a normal tail.
    assert unlike(of_x(9, 10, 11, 12)) == ()


def test_judges_who_all_saw_everything_are_never_unlike() -> None:
    # However different their severity.
    lot = random.Random(2)
    scores = {
        (f"e{entry}", f"j{judge}"): entry + 40 * judge + lot.randint(0, 5) for entry in range(30) for judge in range(4)
    }

    assert unlike(cards(scores)) == ()
    # Nor those of whom nothing can be said.
    assert unlike(cards({("a", "x"): 1, ("b", "x"): 2})) == ()
    assert unlike(cards({(f"e{entry}", f"j{entry % 2}"): entry for entry in range(40)})) == ()


# Properties ---------------------------------------------------------------------------------------


@st.composite
def contests(draw: st.DrawFn) -> Scores:
    values = st.integers(1, draw(st.sampled_from([2, 5, 40]))).map(lambda value: Fraction(value, 3))
    pairs = st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))
    return draw(st.dictionaries(pairs, values, min_size=1, max_size=36))


@settings(max_examples=80, deadline=None)
@given(contests(), st.randoms(use_true_random=False))
def test_order_and_names_of_the_input_do_not_matter(scores: Scores, lot: random.Random) -> None:
    rows = list(scores.items())
    lot.shuffle(rows)
    names, people = list("abcdef"), list("uvwxyz")
    lot.shuffle(names)
    lot.shuffle(people)
    entry, judge = dict(zip("abcdef", names, strict=True)), dict(zip("uvwxyz", people, strict=True))
    before = zscore(cards(scores), min_n=3)
    after = zscore(cards({(entry[one], judge[other]): score for (one, other), score in rows}), min_n=3)

    assert zscore(cards(dict(rows)), min_n=3) == before
    assert {
        one.entry: (one.score, one.rank, set(one.tied_with), one.se, one.n_judges, one.extra) for one in after.entries
    } == {
        entry[one.entry]: (
            one.score,
            one.rank,
            {entry[other] for other in one.tied_with},
            one.se,
            one.n_judges,
            one.extra,
        )
        for one in before.entries
    }
    assert codes(after) == codes(before)


@settings(max_examples=60, deadline=None)
@given(contests())
def test_results_are_whole(scores: Scores) -> None:
    found = METHODS["zscore"].run(cards(scores), METHODS["zscore"].parsed({"min-n": "4"}))
    raw = [one.score for one in means.mean(cards(scores)).entries]

    assert found.params == {"min_judges": 1, "min_n": 4}
    ranked = [one.score for one in found.entries]
    assert ranked == sorted(ranked, reverse=True)
    assert float(min(raw)) - 1e-9 <= min(ranked) <= max(ranked) <= float(max(raw)) + 1e-9
    text = as_json(found, engine_version="1", input_sha256="", n_entries=1, n_judges=1, n_scorecards=len(scores))
    assert json.loads(json.dumps(text, allow_nan=False))["method"] == "zscore"


def test_numbers_longer_than_floats_change_nothing() -> None:
    short = cards(drawn(random.Random(4), 12, 6, 0.8))
    times = 7**500
    long = Cards(
        short.entries, short.judges, short.entry, short.judge, [one * times for one in short.total], short.unit * times
    )

    found, wanted = zscore(long), zscore(short)

    assert z_of(found) == pytest.approx(z_of(wanted), rel=1e-14, abs=1e-14)
    assert [(row.entry, row.rank) for row in found.entries] == [(row.entry, row.rank) for row in wanted.entries]
    assert codes(found) == codes(wanted)
