"""Rules for equal scores: what each decides, in which order, and what it leaves alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest

from contest.scoring import means, methods, ties
from contest.scoring.cards import Cards, cards
from contest.scoring.outcome import Result
from contest.scoring.refusals import Refused


def marked(given: Mapping[tuple[str, str], tuple[int, ...]], keys: str = "xyz") -> Cards:
    """Cards whose total is the sum of the marks of criteria x, y, z."""
    plain = cards({pair: sum(marks) for pair, marks in given.items()})
    pairs = [(plain.entries[entry], plain.judges[judge]) for entry, judge in zip(plain.entry, plain.judge, strict=True)]
    marks = {key: [given[pair][place] for pair in pairs] for place, key in enumerate(keys)}
    return Cards(plain.entries, plain.judges, plain.entry, plain.judge, plain.total, plain.unit, (), marks)


def order(result: Result) -> list[tuple[str, int | None, str | None]]:
    return [(one.entry, one.rank, one.extra.get("tie_rule")) for one in result.entries]


#: b, a and c are equal in all; in y, a leads; in x, b and c do.
EQUAL = {
    ("a", "p"): (1, 4, 2),
    ("a", "q"): (2, 3, 2),
    ("b", "p"): (3, 2, 2),
    ("b", "q"): (3, 1, 3),
    ("c", "p"): (2, 1, 4),
    ("c", "q"): (4, 2, 1),
    ("d", "p"): (1, 1, 1),
}


def test_without_rules_equals_share_a_rank() -> None:
    found = means.mean(marked(EQUAL))

    assert order(found) == [("a", 1, None), ("b", 1, None), ("c", 1, None), ("d", 4, None)]
    assert found.params["ties"] == []


def test_a_criterion_decides_by_its_exact_mean() -> None:
    found = means.mean(marked(EQUAL), ties=("criterion:y",))

    # Sums of y: a 7, b 3, c 3.
    assert order(found) == [("a", 1, "criterion:y"), ("b", 2, "criterion:y"), ("c", 2, "criterion:y"), ("d", 4, None)]
    assert found.entries[1].tied_with == ("c",)
    assert found.params["ties"] == ["criterion:y"]


def test_a_later_rule_is_asked_only_about_those_still_equal() -> None:
    given = marked(EQUAL)

    # In x b and c lead with 6 each; z would put c before b with 5 to 5: equal; y too. Then the chair.
    found = means.mean(given, ties=("criterion:x", "criterion:z", "decision:c>b"))
    assert order(found) == [
        ("c", 1, "decision:c>b"),
        ("b", 2, "decision:c>b"),
        ("a", 3, "criterion:x"),
        ("d", 4, None),
    ]
    # The chair cannot overrule a rule that stands before.
    assert [one[0] for one in order(means.mean(given, ties=("criterion:y", "decision:c>b>a")))] == ["a", "c", "b", "d"]


def test_a_criterion_s_mean_counts_and_not_its_sum() -> None:
    given = marked({("a", "p"): (3, 1, 0), ("b", "p"): (2, 2, 0), ("b", "q"): (2, 2, 0)})

    assert [one[:2] for one in order(means.mean(given, ties=("criterion:x",)))] == [("a", 1), ("b", 2)]


def test_top_counts_the_highest_marks_anybody_gave() -> None:
    # Highest: x 5 (by d), y 4, z 4.
    given = marked(EQUAL | {("d", "p"): (5, 0, 0)})
    found = means.mean(given, ties=("top",))

    # a has one 4 in y, c one 4 in z, b none.
    assert order(found) == [("a", 1, "top"), ("c", 1, "top"), ("b", 3, "top"), ("d", 4, None)]


def test_head_to_head_counts_judges_and_not_points() -> None:
    given = cards(
        {
            **{("a", judge): score for judge, score in zip("pqr", (6, 6, 3), strict=True)},
            **{("b", judge): score for judge, score in zip("pqr", (5, 5, 5), strict=True)},
            # Judge s did not see a: between a and b it says nothing.
            ("b", "s"): 5,
        }
    )

    assert order(means.mean(given, ties=("head",))) == [("a", 1, "head"), ("b", 2, "head")]


@pytest.mark.parametrize(
    "scores",
    [
        # In a circle: p has a > b > c, q has b > c > a, r has c > a > b.
        {"a": (3, 1, 2), "b": (2, 3, 1), "c": (1, 2, 3)},
        # As many for as against.
        {"a": (3, 1), "b": (1, 3)},
        {"a": (2, 2), "b": (2, 2)},
    ],
)
def test_head_to_head_leaves_circles_and_draws_alone(scores: dict[str, tuple[int, ...]]) -> None:
    given = cards(
        {(entry, judge): mark for entry, marks in scores.items() for judge, mark in zip("pqr", marks, strict=False)}
    )

    found = means.mean(given, ties=("head",))

    assert {(one.rank, one.extra.get("tie_rule")) for one in found.entries} == {(1, None)}


def test_head_to_head_needs_shared_judges_for_every_pair_it_parts() -> None:
    given = cards({("a", "p"): 6, ("a", "q"): 4, ("b", "r"): 5, ("c", "p"): 5, ("c", "q"): 5})

    assert {one.rank for one in means.mean(given, ties=("head",)).entries} == {1}


def test_one_who_beats_all_stands_before_those_in_a_circle() -> None:
    circle = {"b": (3, 1, 2), "c": (2, 3, 1), "d": (1, 2, 3)}
    scores = {
        (entry, judge): mark * 10 for entry, marks in circle.items() for judge, mark in zip("pqr", marks, strict=True)
    }
    # a has the same mean of 20, and beats each by two judges to one.
    scores |= {("a", "p"): 31, ("a", "q"): 31, ("a", "r"): -2}

    assert order(means.mean(cards(scores), ties=("head",))) == [
        ("a", 1, "head"),
        ("b", 2, "head"),
        ("c", 2, "head"),
        ("d", 2, "head"),
    ]


def parts_by_definition(given: Cards, group: list[int]) -> list[set[int]]:
    """The finest ordered parts, by trying every subset as the part that beats the rest."""
    scored = {(entry, judge): total for entry, judge, total in zip(given.entry, given.judge, given.total, strict=True)}

    def beats(one: int, other: int) -> bool:
        shared = [judge for judge in range(len(given.judges)) if (one, judge) in scored and (other, judge) in scored]
        better = sum(scored[one, judge] > scored[other, judge] for judge in shared)
        return better > sum(scored[one, judge] < scored[other, judge] for judge in shared)

    for size in range(1, len(group)):
        for some in itertools.combinations(group, size):
            rest = [entry for entry in group if entry not in some]
            if all(beats(one, other) for one in some for other in rest):
                return [set(some), *parts_by_definition(given, rest)]
    return [set(group)]


def test_head_to_head_finds_the_finest_parts() -> None:
    lot = random.Random(7)
    parted = 0
    for _ in range(300):
        entries, judges = lot.randint(2, 6), lot.randint(1, 4)
        share = lot.choice([0.6, 1, 1])
        scores = {
            (f"e{entry}", f"j{judge}"): lot.randint(0, 3)
            for entry in range(entries)
            for judge in range(judges)
            if judge == 0 or lot.random() < share
        }
        given = cards(scores)
        group = lot.sample(range(entries), entries)

        found, decided = ties.resolve(given, [group], ["head"])

        assert [set(part) for part in found] == parts_by_definition(given, group)
        assert set(decided) == (set(given.entries) if len(found) > 1 else set())
        parted += 1 < len(found) < entries
    assert parted > 20


def test_large_groups_without_comparisons_stay_together_at_once() -> None:
    # One judge each for 40,000 equal entries, and a judge who scored two of them.
    size = 40_000
    given = Cards(
        tuple(f"{number:05d}" for number in range(size)),
        ("x", "y"),
        [*range(size), 0, 1],
        [0] * size + [1, 1],
        [1] * size + [5, 3],
    )

    (together,), decided = ties.resolve(given, [list(range(size))], ["head"])
    assert sorted(together) == list(range(size))
    assert decided == {}
    assert ties.resolve(given, [[0, 1]], ["head"]) == ([[0], [1]], {"00000": "head", "00001": "head"})


def test_a_decision_that_leaves_one_out_decides_nothing_and_says_so() -> None:
    found = means.mean(marked(EQUAL), ties=("decision:c>a",))

    assert [one[1] for one in order(found)] == [1, 1, 1, 4]
    assert [note.code for note in found.warnings if note.code.startswith("decision")] == ["decision_incomplete"]
    note = next(note for note in found.warnings if note.code == "decision_incomplete")
    assert note.facts == {"rule": "decision:c>a", "equal": 3, "entry": "b"}
    # It may name others too, and then needs no note.
    whole = means.mean(marked(EQUAL), ties=("decision:d > c>a >b",))
    assert [one[:2] for one in order(whole)] == [("c", 1), ("a", 2), ("b", 3), ("d", 4)]
    assert "decision_incomplete" not in {note.code for note in whole.warnings}


def test_a_decision_may_name_an_entry_with_the_sign_in_its_name() -> None:
    names = ("North > South", 'The "best"', "Hill, second")
    given = cards({(name, "p"): Fraction(3) for name in names})
    # As on the command line: the list of rules is one row of CSV, the decision in it another one.
    (rule,) = methods.names('"decision:Hill, second > ""North > South"" >""The """"best"""""""')
    assert rule == 'decision:Hill, second > "North > South" >"The ""best"""'

    found = means.mean(given, ties=(rule,))

    assert [one[:2] for one in order(found)] == [("Hill, second", 1), ("North > South", 2), ('The "best"', 3)]
    with pytest.raises(Refused, match="North, which is not an entry"):
        means.mean(given, ties=("decision:North > South>Hill, second",))


@pytest.mark.parametrize("method", [means.mean, means.trimmed, means.median])
def test_rules_hold_for_each_method_with_exact_scores(method: Callable[..., Result]) -> None:
    given = marked({("a", "p"): (1, 3, 0), ("b", "p"): (3, 1, 0), ("c", "p"): (4, 4, 0)})

    assert order(method(given, ties=("criterion:y",))) == [
        ("c", 1, None),
        ("a", 2, "criterion:y"),
        ("b", 3, "criterion:y"),
    ]


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("names", "tie_rule_unknown", "criterion:KEY, top, head"),
        ("TOP", "tie_rule_unknown", "TOP is not a rule"),
        ("", "tie_rule_unknown", "is not a rule"),
        ("criterion:w", "tie_criterion_unknown", "there are: x, y, z"),
        ("criterion:", "tie_criterion_unknown", "does not exist"),
        ("decision:", "tie_decision_malformed", "two or more"),
        ('decision:"a>b', "tie_decision_malformed", "two or more"),
        ("decision:a", "tie_decision_malformed", "two or more"),
        ("decision:a>", "tie_decision_malformed", "two or more"),
        ("decision:a>b>a", "tie_decision_malformed", "different"),
        ("decision:a>nobody", "tie_entry_unknown", "nobody, which is not an entry"),
    ],
)
def test_a_wrong_rule_is_refused_even_if_nothing_is_equal(rule: str, code: str, says: str) -> None:
    for given in (marked(EQUAL), marked({("a", "p"): (1, 1, 1), ("b", "p"): (2, 2, 2)})):
        with pytest.raises(Refused, match=says) as caught:
            means.mean(given, ties=("head", rule))
        assert caught.value.code == code


@pytest.mark.parametrize("rule", ["top", "criterion:x"])
def test_rules_about_marks_need_marks(rule: str) -> None:
    with pytest.raises(Refused, match="by criterion, or leave the rule out") as caught:
        means.median(cards({("a", "p"): 1, ("b", "p"): 1}), ties=(rule,))
    assert caught.value.code == "tie_marks_unknown"
    assert caught.value.facts == {"rule": rule}


def test_names_never_decide() -> None:
    """Under every renaming, the same entry wins, and what is equal stays equal."""
    rules = ("criterion:z", "top", "head")
    lot = random.Random(3)
    for _ in range(60):
        scores = {
            (entry, judge): tuple(lot.randint(1, 2) for _ in "xyz")
            for entry in "abcde"
            for judge in "pqr"
            if lot.random() < 0.8
        }
        if not scores:
            continue
        new = dict(zip("abcde", lot.sample("abcde", 5), strict=True))
        people = dict(zip("pqr", lot.sample("pqr", 3), strict=True))
        before = means.mean(marked(scores), ties=rules)
        after = means.mean(
            marked({(new[one], people[other]): marks for (one, other), marks in scores.items()}), ties=rules
        )

        assert {one.entry: (one.rank, one.extra.get("tie_rule"), set(one.tied_with)) for one in after.entries} == {
            new[one.entry]: (one.rank, one.extra.get("tie_rule"), {new[other] for other in one.tied_with})
            for one in before.entries
        }


def test_a_rule_parts_equals_only() -> None:
    """Between different scores, no rule changes the order."""
    lot = random.Random(5)
    for _ in range(60):
        scores = {(entry, judge): tuple(lot.randint(1, 3) for _ in "xyz") for entry in "abcdef" for judge in "pq"}
        given = marked(scores)
        plain = {one.entry: one.score for one in means.mean(given).entries}
        found = means.mean(given, ties=("top", "criterion:x", "head", "decision:f>e>d>c>b>a"))

        assert [plain[one.entry] for one in found.entries] == sorted(plain.values(), reverse=True)
        assert {one.entry: one.score for one in found.entries} == plain
        assert sorted(one.rank for one in found.entries) == [1, 2, 3, 4, 5, 6]
        for one in found.entries:
            assert ("tie_rule" in one.extra) == (list(plain.values()).count(Fraction(plain[one.entry])) > 1)
