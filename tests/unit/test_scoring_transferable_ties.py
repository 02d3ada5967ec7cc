"""The single transferable vote where votes are equal: what settles it, what is refused, and who goes together."""

from __future__ import annotations

import itertools
import random

import pytest

from contest.scoring.cards import Ballot, Ballots
from contest.scoring.methods import method
from contest.scoring.refusals import Refused
from contest.scoring.transferable import stv
from tests.unit.rankings import ballots, mixed_up, order, spread, stages


def test_a_tie_is_settled_by_the_latest_stage_that_differs() -> None:
    # After D has gone, B and C have 5 each; before that C had 4 and B 5, so that C goes.
    found = stv(spread("8 A\n5 BA\n4 CB\n1 DC"))

    assert [(stage["votes"], stage["eliminated"]) for stage in stages(found)] == [
        ({"A": 8, "B": 5, "C": 4, "D": 1}, ["D"]),
        ({"A": 8, "B": 5, "C": 5}, ["C"]),
        ({"A": 8, "B": 9}, ["A"]),
        ({"B": 9}, []),
    ]
    assert stages(found)[-1]["exhausted"] == 9


TIED = "4 A\n3 BC\n3 CB\n1 DA"


def test_a_tie_that_may_matter_is_refused_with_its_cure() -> None:
    with pytest.raises(Refused) as refused:
        stv(spread(TIED))

    assert str(refused.value) == (
        "B, C have equally few votes at stage 2, and which of them goes may change who is elected: "
        "decide who goes first and say so with --option decision=B,C."
    )
    assert refused.value.code == "tie_needs_decision"
    assert refused.value.facts["entries"] == ["B", "C"]


@pytest.mark.parametrize(
    ("decision", "winner"), [("B,C", "B"), ("C,B", "C"), ("B", "B"), ("A,C,B", "C"), ("C,D,A", "C")]
)
def test_a_decision_says_who_goes_first(decision: str, winner: str) -> None:
    stv_ = method("stv")

    found = stv_.run(spread(TIED), stv_.parsed({"decision": decision}))

    assert found.model["elected"] == [winner]
    assert found.params == {"seats": 1, "decision": decision.split(",")}


def test_a_decision_that_names_none_of_the_tied_settles_nothing() -> None:
    with pytest.raises(Refused, match="B, C have equally few votes"):
        stv(spread(TIED), decision=["A", "D"])


def test_those_who_cannot_matter_go_together() -> None:
    # D, E and F have 3 together, which lifts none of them to C.
    found = stv(spread("12 A\n10 B\n5 CB\n1 DE\n1 EA\n1 FB"))

    assert stages(found)[0]["eliminated"] == ["D", "E", "F"]
    assert order(found) == [("B", 1), ("A", 2), ("C", 3), ("D", 4), ("E", 4), ("F", 4)]
    assert {row.entry: row.tied_with for row in found.entries}["E"] == ("D", "F")


@pytest.mark.parametrize(
    ("text", "seats", "tied"),
    [
        # Together D and E reach C, so that who goes second may be C.
        ("12 A\n10 B\n2 C\n1 DE\n1 ED", 1, "D, E"),
        # With D's vote A has the quota of 9, and its surplus may save E.
        ("8 AE\n7 B\n5 C\n2 DA\n2 EA", 2, "D, E"),
        # Two seats are open, and only one entry has any vote left.
        ("1 A / B C", 2, "B, C"),
    ],
)
def test_those_who_may_matter_do_not_go_together(text: str, seats: int, tied: str) -> None:
    given = ballots(text) if "/" in text else spread(text)

    with pytest.raises(Refused, match=f"^{tied} have equally few votes at stage 1"):
        stv(given, seats=seats)


def test_going_together_may_leave_as_many_as_there_are_seats() -> None:
    found = stv(ballots("9 A / C D\n2 B / C D"), seats=2)

    assert [(stage["elected"], stage["surplus"], stage["eliminated"]) for stage in stages(found)] == [
        (["A"], ["A"], []),
        ([], [], ["C", "D"]),
        (["B"], [], []),
    ]
    assert found.model["exhausted"] == 5


def test_for_the_last_seat_it_is_no_matter_how_the_quota_is_reached() -> None:
    found = stv(spread("12 A\n8 B\n4 C\n1 DA\n1 EA"))

    assert [(stage["elected"], stage["eliminated"]) for stage in stages(found)] == [([], ["D", "E"]), (["A"], [])]


@pytest.mark.parametrize("orders", list(itertools.permutations("DEF")))
def test_going_together_is_the_same_as_one_by_one_in_any_order(orders: tuple[str, ...]) -> None:
    text = "12 A\n10 B\n5 CB\n1 DE\n1 EA\n1 FB"
    together, single = stv(spread(text)), stv(spread(text), decision=orders)

    assert [row.entry for row in together.entries[:3]] == [row.entry for row in single.entries[:3]]
    assert stages(together)[1]["votes"] == stages(single)[3]["votes"]
    assert {row.entry for row in single.entries[3:]} == {*orders}


@pytest.mark.parametrize("seed", range(20))
def test_going_together_leaves_the_votes_that_any_order_leaves(seed: int) -> None:
    rng = random.Random(seed)
    # Three strong entries and four weak ones with equal first places, each ballot going on at random.
    starts = [(0, 40), (1, 35), (2, 30), *((weak, 2) for weak in (3, 4, 5, 6))]
    lines = []
    for first, voters in starts:
        for _ in range(voters):
            rest = rng.sample([entry for entry in range(7) if entry != first], rng.randint(0, 6))
            lines.append(Ballot(((first,), *((entry,) for entry in rest)), tuple({*range(7)} - {first, *rest})))
    given = Ballots(tuple("ABCDEFG"), tuple(lines))
    together = stv(given)
    assert stages(together)[0]["eliminated"] == ["D", "E", "F", "G"]

    for decision in itertools.permutations("DEFG"):
        single = stv(given, decision=decision)
        assert [len(stage["eliminated"]) for stage in stages(single)[:4]] == [1, 1, 1, 1]
        assert stages(single)[4]["votes"] == stages(together)[1]["votes"]
        assert single.model["elected"] == together.model["elected"]


def test_a_refusal_is_the_same_under_any_names() -> None:
    other, names = mixed_up(random.Random(1), spread(TIED))

    with pytest.raises(Refused) as refused:
        stv(other)

    assert {names[name] for name in refused.value.facts["entries"]} == {"B", "C"}
