"""Ranks out of scores: exact where the scores are, above the noise where they are not, and cheap for many equals."""

from __future__ import annotations

import pickle
import tracemalloc
from fractions import Fraction

from contest.scoring.outcome import MOST_NAMED, EntryRow, Result, as_json, number, ranks, shared


def test_equal_scores_share_a_rank_and_as_many_places_are_skipped() -> None:
    found = ranks({"D": 1, "B": 3, "C": Fraction(3), "A": 2, "E": 3})

    assert found == {"B": (1, ("C", "E")), "C": (1, ("B", "E")), "E": (1, ("B", "C")), "A": (4, ()), "D": (5, ())}
    assert list(found) == ["B", "C", "E", "A", "D"]


def test_exact_scores_differ_by_whatever_differs_and_floats_by_more_than_noise() -> None:
    little = Fraction(1, 10**30)

    assert ranks({"A": 1 + little, "B": Fraction(1)})["B"] == (2, ())
    assert ranks({"A": 0.1 + 0.2, "B": 0.3, "C": 0.0})["B"] == (1, ("A",))
    assert ranks({"A": 0.3000001, "B": 0.3, "C": 0.0})["B"] == (2, ())


def test_those_that_share_a_rank_are_a_sequence_like_any_other() -> None:
    others = shared([["C", "A", "B"]])["B"][1]

    assert (len(others), list(others), others[0], others[-1], others[:1]) == (2, ["A", "C"], "A", "C", ("A",))
    assert "B" not in others and "C" in others
    plain = ("A", "C")
    assert others == plain and plain == others and others != ("C", "A") and others != ["A", "C"]
    assert hash(others) == hash(("A", "C")) and repr(others) == "('A', 'C')"
    assert pickle.loads(pickle.dumps(others)) == others


def test_ten_thousand_equals_need_no_list_of_the_others_each() -> None:
    names = [f"E{place:05d}" for place in range(10_000)]

    tracemalloc.start()
    found = shared([names])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found["E00000"][1]) == 9_999
    assert peak < 8_000_000


def test_fractions_become_numbers_of_json_wherever_they_are() -> None:
    assert number({"a": [Fraction(1, 2), (Fraction(4), None)], "b": {"c": Fraction(1, 4)}, "d": "x"}) == {
        "a": [0.5, [4, None]],
        "b": {"c": 0.25},
        "d": "x",
    }
    assert isinstance(number(Fraction(4)), int)


def test_json_names_a_thousand_equals_and_counts_the_rest() -> None:
    names = [f"E{place:04d}" for place in range(1_203)]
    places = shared([names, ["Z"]])
    rows = tuple(EntryRow(name, 1, *places[name], n_judges=1) for name in (*names, "Z"))
    counts = {"n_entries": len(rows), "n_judges": 1, "n_scorecards": len(rows)}

    found = as_json(Result("mean", {}, rows), engine_version="2", input_sha256="", **counts)["entries"]

    assert found[0]["tied_with"] == names[1:1001] and found[0]["n_tied"] == 1_202
    assert found[-1]["tied_with"] == [] and "n_tied" not in found[-1]


def test_json_names_fewer_where_all_together_would_name_millions() -> None:
    names = [f"E{place:04d}" for place in range(8_000)]
    places = shared([names])
    rows = tuple(EntryRow(name, 1, *places[name], n_judges=1) for name in names)

    found = as_json(
        Result("mean", {}, rows), engine_version="2", input_sha256="", n_entries=8_000, n_judges=1, n_scorecards=8_000
    )["entries"]

    assert sum(len(row["tied_with"]) for row in found) == MOST_NAMED
    assert found[0]["tied_with"] == names[1:626] and {row["n_tied"] for row in found} == {7_999}
