"""Mean, trimmed mean, median, pass or fail: published figures, properties and bad input."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import means
from contest.scoring.cards import Cards, Excluded, cards
from contest.scoring.methods import METHODS
from contest.scoring.outcome import EntryRow, Result, as_json
from contest.scoring.refusals import Refused


def numbers(text: str) -> list[str]:
    return text.split()


#: 20 observations with results of R's WRS functions; github.com/mrxiaohe/RobustStats.jl, test/runtests.jl.
WILCOX = numbers(
    "1.672064 0.7876588 0.317322 0.9721646 0.4004206 1.665123 3.059971 0.09459603 1.27424 3.522148 "
    "0.8211308 1.328767 2.825956 0.1102891 0.06314285 2.59152 8.624108 0.6516885 5.770285 0.5154299"
)
#: Student's sleep data (Biometrika 6, 1908), group 1 and 2, as in R's `sleep`.
SLEEP = (numbers("0.7 -1.6 -0.2 -1.2 -0.1 3.4 3.7 0.8 0.0 2.0"), numbers("1.9 0.8 1.1 0.1 -0.1 4.4 5.5 1.6 4.6 3.4"))


def panel(values: list[str] | list[int], entry: str = "a") -> dict[tuple[str, str], Fraction]:
    """One entry's scores by judges 00, 01, …"""
    return {(entry, f"{number:02d}"): Fraction(value) for number, value in enumerate(values)}


def row(result: Result, entry: str = "a") -> EntryRow:
    return next(row for row in result.entries if row.entry == entry)


def codes(result: Result) -> list[str]:
    return [note.code for note in result.warnings]


# Published figures --------------------------------------------------------------------------------


def test_mean_and_its_error_of_student_s_sleep_data() -> None:
    found = means.mean(cards(panel(SLEEP[0]) | panel(SLEEP[1], "b")))

    # As R prints them: mean and sd of `sleep`; t.test's "sample estimates" are the same means.
    assert [(one.entry, one.score, one.rank) for one in found.entries] == [
        ("b", Fraction("2.33"), 1),
        ("a", Fraction("0.75"), 2),
    ]
    assert round(row(found, "a").extra["sd"], 6) == 1.789010
    assert round(row(found, "b").extra["sd"], 6) == 2.002249
    assert row(found, "a").se == pytest.approx(1.789010 / 10**0.5, abs=5e-7)


@pytest.mark.parametrize(
    ("values", "trim", "printed", "places"),
    [
        (WILCOX, "0", "1.853401259", 9),
        (WILCOX, "0.2", "1.2921802667", 10),
        (WILCOX, "0.3", "1.1466045875", 10),
        # R, help page of mean(): x <- c(0:10, 50).
        ([*range(11), 50], "0.1", "5.50", 2),
        ([*range(11), 50], "0", "8.75", 2),
        # scipy.stats.trim_mean, its examples.
        ([1, 2, 3, 5], "0.25", "2.5", 1),
        ([10, 20, 30, 50], "0.24999", "27.5", 1),
        # garstats.wordpress.com/2017/11/28/trimmed-means.
        ([39, 92, 75, 61, 45, 87, 59, 51, 87, 12, 8, 93, 74, 16, 32, 39, 87, 12, 47, 50], "0.2", "54.92", 2),
        # en.wikipedia.org/wiki/Truncated_mean: 5 % of 20.
        ([92, 19, 101, 58, 1053, 91, 26, 78, 10, 13, -40, 101, 86, 85, 15, 89, 89, 28, -5, 41], "0.05", "56.5", 1),
        # Skating: nine judges, highest and lowest dropped; fsuniverse.net, thread 103024, post 5321120.
        (numbers("9.50 10.00 9.75 9.75 9.50 9.75 10.00 9.50 9.75"), "0.12", "9.71", 2),
    ],
)
def test_trimmed_means_that_others_printed(values: list[str], trim: str, printed: str, places: int) -> None:
    found = row(means.trimmed(cards(panel(values)), trim=Fraction(trim)))

    assert isinstance(found.score, Fraction)
    assert f"{float(found.score):.{places}f}" == printed


def test_error_of_a_trimmed_mean_as_in_wilcox_s_trimse() -> None:
    found = row(means.trimmed(cards(panel(WILCOX)), trim=Fraction(1, 5)))

    assert found.se == pytest.approx(0.3724280347984342, rel=1e-14)


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        # en.wikipedia.org/wiki/Median.
        ([1, 3, 3, 6, 7, 8, 9], Fraction(6)),
        ([1, 2, 3, 4, 5, 6, 8, 9], Fraction("4.5")),
        (WILCOX, Fraction("1.1232023")),
        (SLEEP[0], Fraction("0.35")),
        (SLEEP[1], Fraction("1.75")),
    ],
)
def test_medians_that_others_printed(values: list[str], printed: Fraction) -> None:
    found = row(means.median(cards(panel(values))))

    assert found.score == printed
    assert found.se is None


# Exactness, ranks, rows ---------------------------------------------------------------------------


def test_equal_means_share_a_rank_where_floats_would_not() -> None:
    # 0.1 + 0.2 + 0.3 is not 0.6 in floats, and depends on the order.
    scores = panel(["0.1", "0.2", "0.3"]) | panel(["0.3", "0.2", "0.1"], "b") | panel(["0.2", "0.2"], "c")
    found = means.mean(cards(scores | panel(["0.2000000000000000001"], "d")))

    assert [(one.entry, one.rank, one.tied_with) for one in found.entries] == [
        ("d", 1, ()),
        ("a", 2, ("b", "c")),
        ("b", 2, ("a", "c")),
        ("c", 2, ("a", "b")),
    ]


def test_too_few_judges_keep_the_score_without_a_rank() -> None:
    given = cards(panel([9], "z") | panel([3, 4], "b") | panel([4, 4], "a"), entries=["none"])
    for method in (means.mean, means.trimmed, means.median):
        found = method(given, min_judges=2)

        assert [(one.entry, one.score, one.rank, one.n_judges) for one in found.entries] == [
            ("a", 4, 1, 2),
            ("b", Fraction(7, 2), 2, 2),
            ("none", None, None, 0),
            ("z", 9, None, 1),
        ]
        few = next(note for note in found.warnings if note.code == "too_few_judges")
        assert few.facts == {"entries": 1, "least": 2, "names": "z"}
        assert all(note.code != "too_few_judges" for note in method(given).warnings)


def test_who_was_cut_is_named_only_where_it_is_sure() -> None:
    scores = panel([1, 5, 5, 5, 9]) | panel([5, 5, 5, 7, 9], "b") | panel([4, 4, 4, 4, 4], "c") | panel([1, 2], "d")
    found = means.trimmed(cards(scores), trim=Fraction(1, 5))

    assert [
        (one.entry, one.score, one.extra["n_cut"], one.extra["cut"])
        for one in sorted(found.entries, key=lambda one: one.entry)
    ] == [
        ("a", 5, 2, ["00", "04"]),
        ("b", Fraction(17, 3), 2, ["04"]),
        ("c", 4, 2, []),
        ("d", Fraction(3, 2), 0, []),
    ]
    assert row(found, "c").se == 0


def test_notes_of_a_trimmed_mean() -> None:
    five = cards(panel([1, 2, 3, 4, 5]) | panel([1, 2, 3, 4, 9], "b"))
    nothing = means.trimmed(five)
    assert codes(nothing) == ["nothing_cut"]
    assert nothing.warnings[0].facts == {"trim": "0.1", "most": 5}
    assert [one.score for one in nothing.entries] == [one.score for one in means.mean(five).entries]
    assert codes(means.trimmed(five, trim=Fraction(1, 5))) == []
    assert codes(means.trimmed(five, trim=Fraction(0))) == []
    few = means.trimmed(five, trim=Fraction(2, 5))
    assert codes(few) == ["too_few_left"]
    assert few.warnings[0].facts == {"entries": 2, "names": "a, b"}
    assert {one.se for one in few.entries} == {None}
    two_left = means.trimmed(cards(panel([1, 2, 3, 4]) | panel([1, 2, 3, 5], "b")), trim=Fraction(1, 4))
    assert codes(two_left) == ["too_few_left"]
    # Winsorised 2, 2, 3, 3: sd √(1/3), over (1 − 2/4) √4.
    assert [one.se for one in two_left.entries] == [pytest.approx((1 / 3) ** 0.5)] * 2
    unequal = means.trimmed(cards(panel(list(range(10))) | panel(list(range(9)), "b")))
    assert codes(unequal) == ["unequal_judges"]
    assert unequal.warnings[0].facts == {"least": 9, "most": 10}


def test_trim_is_taken_exactly() -> None:
    # 0.29 · 100 is 28.999999999999996 in floats.
    found = means.trimmed(cards({("a", f"{n:03d}"): n for n in range(100)}), trim=Fraction("0.29"))

    assert row(found).extra["n_cut"] == 58
    for trim in (Fraction(1, 2), Fraction(-1, 10)):
        with pytest.raises(ValueError, match="cannot be cut"):
            means.trimmed(cards(panel([1, 2])), trim=trim)


def test_judges_rows() -> None:
    scores = {("a", "x"): 4, ("a", "y"): 6, ("b", "x"): 2, ("b", "y"): 8, ("c", "y"): 5}
    given = cards(
        scores | {("d", "u"): 1, ("d", "v"): 4, ("d", "w"): 10, ("a2", "w"): 2, ("a2", "v"): 4}, judges=["idle"]
    )
    found = means.mean(given)

    assert [one.judge for one in found.judges] == ["u", "v", "w", "x", "y"]
    x, y = found.judges[3:]
    # x: 4 − 5 and 2 − 5; y: 6 − 5, 8 − 5 and 5 − 5.
    assert (x.severity, x.n) == (-2, 2)
    assert (x.se, x.sd) == (pytest.approx(1), pytest.approx(2**0.5))
    assert y.severity == pytest.approx(4 / 3)
    assert y.se == pytest.approx(statistics.stdev([1, 3, 0]) / 3**0.5)
    assert y.sd == pytest.approx(statistics.stdev([6, 8, 5]))
    # w: 10 − 5 and 2 − 3.
    assert (found.judges[2].severity, found.judges[2].se) == (2, pytest.approx(3))
    single = means.mean(cards({("a", "x"): 4, ("a", "y"): 6})).judges[0]
    assert (single.severity, single.se, single.sd) == (-1, None, None)


def test_results_say_what_went_in_and_are_json() -> None:
    given = cards(panel([1, 2, 3]), entries=["none"], excluded=[Excluded("none", "00", "recused")])
    for name, options in (
        ("mean", {"min-judges": "2"}),
        ("trimmed", {"trim": "1/3"}),
        ("median", {}),
        ("pass", {"mark": "2.5", "share": "1"}),
    ):
        method = METHODS[name]
        found = method.run(given, method.parsed(options))

        assert found.method == name
        assert set(found.params) == {option.name for option in method.options}
        assert found.excluded == given.excluded
        assert found.components == (("a",),)
        text = as_json(found, engine_version="1", input_sha256="", n_entries=2, n_judges=3, n_scorecards=3)
        assert json.loads(json.dumps(text, allow_nan=False))["entries"][0]["entry"] == "a"
    assert METHODS["trimmed"].run(given, {"trim": Fraction(1, 3)}).params == {
        "min_judges": 1,
        "ties": [],
        "trim": "1/3",
    }
    assert METHODS["pass"].run(given, {"mark": Fraction("2.50")}).params["mark"] == "2.5"


@pytest.mark.parametrize(
    ("value", "text"),
    [(2, 2), (Fraction(1, 10), "0.1"), (Fraction(-1, 8), "-0.125"), (Fraction(61, 20), "3.05"), (Fraction(2, 7), "2/7"), (Fraction(1, 10**12), "0.000000000001")],
)  # fmt: skip
def test_numbers_of_params_are_exact(value: Fraction, text: str | int) -> None:
    assert means.exact(value) == text
    assert Fraction(text) == value


# Pass or fail -------------------------------------------------------------------------------------


def test_passing_counts_the_judges_at_or_above_the_mark() -> None:
    scores = panel([6, 5, 5, 9]) | panel([6, 6, 1, 1], "b") | panel([6, 7, 8, 9], "c") | panel([9], "d")
    found = means.passing(cards(scores), mark=Fraction(6), share=Fraction(1, 2), min_judges=2)

    assert [(one.entry, one.score, one.rank, one.extra["passed"]) for one in found.entries] == [
        ("c", 1, 1, True),
        ("a", Fraction(1, 2), 2, True),
        ("b", Fraction(1, 2), 2, True),
        ("d", 1, None, None),
    ]
    assert found.model == {"passed": 3}
    assert {one.judge: one.extra["passes"] for one in found.judges} == {"00": 4, "01": 2, "02": 1, "03": 2}
    strict = means.passing(cards(scores), mark=Fraction("6.001"), share=Fraction(1, 2))
    assert {one.entry: one.extra["passed"] for one in strict.entries} == {"a": False, "b": False, "c": True, "d": True}


def test_a_mark_off_the_scale_is_noticed() -> None:
    given = cards(panel([6, 5]) | panel([3, 4], "b"))

    assert codes(means.passing(given)) == ["mark_always_reached"]
    assert codes(means.passing(given, mark=Fraction(60))) == ["mark_never_reached"]
    assert codes(means.passing(given, mark=Fraction(4))) == []


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [means.mean, means.trimmed, means.median, means.passing])
def test_nothing_to_score_is_refused(method: Callable[..., Result]) -> None:
    for empty in (cards({}), cards({}, entries=["a"], judges=["x"])):
        with pytest.raises(Refused, match="no score") as caught:
            method(empty)
        assert caught.value.code == "no_scores"


@pytest.mark.parametrize("method", [means.mean, means.trimmed, means.median])
def test_odd_input_has_a_result_and_a_note(method: Callable[..., Result]) -> None:
    one_judge = method(cards({("a", "x"): 3, ("b", "x"): 5}))
    assert [(one.entry, one.rank, one.se) for one in one_judge.entries] == [("b", 1, None), ("a", 2, None)]
    assert "one_judge" in codes(one_judge)

    one_entry = method(cards(panel([2, 4, 9])))
    assert row(one_entry).rank == 1

    equal = method(cards({(entry, judge): 7 for entry in "abc" for judge in "xyz"}))
    assert {(one.rank, one.score, len(one.tied_with)) for one in equal.entries} == {(1, 7, 2)}
    assert {one.severity for one in equal.judges} == {0}
    assert "all_equal" in codes(equal)

    one_value = method(cards(panel([7, 1, 5]) | panel([7, 2, 6], "b")))
    assert one_value.judges[0].sd == 0

    unlinked = method(cards({("a", "x"): 3, ("b", "x"): 5, ("c", "y"): 1}))
    assert unlinked.components == (("a", "b"), ("c",))
    note = next(note for note in unlinked.warnings if note.code == "unlinked")
    assert note.facts == {"groups": 2, "one": "a", "other": "c"}


def test_the_default_methods_need_neither_numpy_nor_scipy() -> None:
    code = (
        "import sys; from fractions import Fraction; from contest.scoring.cards import cards; "
        "from contest.scoring.methods import METHODS; given = cards({('a', 'x'): 1, ('b', 'x'): 2}); "
        "[METHODS[name].run(given) for name in ('mean', 'trimmed', 'median', 'pass', 'zscore')]; "
        "sys.exit(bool({'numpy', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Properties ---------------------------------------------------------------------------------------


@st.composite
def contests(draw: st.DrawFn) -> dict[tuple[str, str], Fraction]:
    """Incomplete designs with few different scores, so that equal results are common."""
    values = st.integers(0, draw(st.sampled_from([2, 5, 40]))).map(lambda value: Fraction(value, 4))
    pairs = st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))
    return draw(st.dictionaries(pairs, values, min_size=1, max_size=30))


def by_name(result: Result) -> dict[str, tuple[object, ...]]:
    return {one.entry: (one.score, one.rank, set(one.tied_with), one.se, one.n_judges) for one in result.entries}


METHODS_HERE = (
    lambda given: means.mean(given, min_judges=2),
    lambda given: means.trimmed(given, trim=Fraction(1, 4)),
    means.median,
    lambda given: means.passing(given, mark=Fraction(3)),
)


@settings(max_examples=60, deadline=None)
@given(contests(), st.randoms(use_true_random=False))
def test_order_and_names_of_the_input_do_not_matter(scores: dict[tuple[str, str], Fraction], lot: object) -> None:
    rows = list(scores.items())
    lot.shuffle(rows)
    names, people = list("abcdef"), list("uvwxyz")
    lot.shuffle(names)
    lot.shuffle(people)
    entry, judge = dict(zip("abcdef", names, strict=True)), dict(zip("uvwxyz", people, strict=True))
    turned = cards({(entry[one], judge[other]): score for (one, other), score in rows})
    for method in METHODS_HERE:
        before, after = method(cards(scores)), method(turned)

        assert method(cards(dict(rows))) == before
        assert by_name(after) == {
            entry[name]: (score, rank, {entry[other] for other in tied}, se, n)
            for name, (score, rank, tied, se, n) in by_name(before).items()
        }
        assert {one.judge: (one.severity, one.se, one.sd, one.n) for one in after.judges} == {
            judge[one.judge]: (one.severity, one.se, one.sd, one.n) for one in before.judges
        }
        if "cut" in before.entries[0].extra:
            assert {one.entry: set(one.extra["cut"]) for one in after.entries} == {
                entry[one.entry]: {judge[other] for other in one.extra["cut"]} for one in before.entries
            }


@settings(max_examples=80, deadline=None)
@given(contests(), st.data())
def test_a_higher_score_never_worsens_the_entry_nor_betters_another(
    scores: dict[tuple[str, str], Fraction], data: st.DataObject
) -> None:
    raised = data.draw(st.sampled_from(sorted(scores)))
    higher = {**scores, raised: scores[raised] + Fraction(data.draw(st.integers(1, 20)), 4)}
    for method in METHODS_HERE:
        before, after = by_name(method(cards(scores))), by_name(method(cards(higher)))

        for name, (score, rank, *_) in after.items():
            if rank is None:
                assert before[name][1] is None
            elif name == raised[0]:
                assert rank <= before[name][1]
                assert score >= before[name][0]
            else:
                assert rank >= before[name][1]
                assert score == before[name][0]


@settings(max_examples=40, deadline=None)
@given(contests(), st.integers(1, 7), st.integers(-3, 9))
def test_scaling_and_shifting_all_scores_changes_no_rank(
    scores: dict[tuple[str, str], Fraction], times: int, plus: int
) -> None:
    moved = cards({key: score * times + plus for key, score in scores.items()})
    for method in METHODS_HERE[:3]:
        before, after = method(cards(scores)), method(moved)

        assert [(one.entry, one.rank) for one in after.entries] == [(one.entry, one.rank) for one in before.entries]
        for one, other in zip(before.entries, after.entries, strict=True):
            assert other.score == (None if one.score is None else one.score * times + plus)
            assert other.se == (None if one.se is None else pytest.approx(one.se * times, abs=1e-12))


def test_cards_may_be_named_in_any_order() -> None:
    """Nothing takes the order of the cards for the order of the names."""
    given = Cards(("a", "b"), ("x", "y"), [1, 0, 1, 0], [1, 0, 0, 1], [4, 9, 2, 1], 2)

    assert [(one.entry, one.score) for one in means.mean(given).entries] == [
        ("a", Fraction(5, 2)),
        ("b", Fraction(3, 2)),
    ]
