"""The single transferable vote."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction
from typing import Any

import pytest

from contest.scoring.cards import Ballot, Ballots, cards
from contest.scoring.outcome import as_json
from contest.scoring.refusals import Refused
from contest.scoring.transferable import stv
from tests.unit.rankings import ballots, codes, mixed_up, order, some, spread, stages, told

#: What to serve at a party, three of five for 20 guests: en.wikipedia.org/wiki/Single_transferable_vote, as kept at
#: liquisearch.com/single_transferable_vote/example.
PARTY = """
4 Oranges
2 Pears Oranges
8 Chocolate Strawberries
4 Chocolate Sweets
1 Strawberries
1 Sweets
"""

#: The election of a party's steering committee in 2005, 94 ballots, 4 of 13: file SC.blt of
#: github.com/jklundell/droop (test/blt). Letters in the order of that file, A to M.
COMMITTEE = """
19 GHIKL
3 DCMA
2 ADMG
2 CMAB
2 DAEMBC
2 DAMGCEB
2 GAHIMCBDLEK
2 GHKI
2 MABGDEC
1 ADMBGECIHLK
1 ADMECB
1 AMCDGEB
1 AMCGBDE
1 BCDAMG
1 BDME
1 BGHLMKAEI
1 CADBMGIEH
1 CADM
1 CADMBG
1 CDGBLMHAE
1 CMADBGE
1 CMDAGBE
1 DABHC
1 DABMIE
1 DAMCBGH
1 DBMAC
1 DCABK
1 DCMAG
1 DCMH
1 DEBCM
1 DEMCBA
1 DGHB
1 DGME
1 DHGEMBACI
1 DMBG
1 DMBGAH
1 DMEBAC
1 EAMCBDG
1 EMBGDA
1 GCDMAE
1 GDBM
1 GEDHKBMACIL
1 GHDIL
1 GHICLBMEAD
1 GHIK
1 GHILK
1 GHKIL
1 GHLAMIBDKE
1 GIHLKBM
1 HDGKMI
1 IKHG
1 MADBECG
1 MAGD
1 MBDGEA
1 MCDABEG
1 MCDAGBE
1 MCEB
1 MDAB
1 MDAC
1 MDCABE
1 MDGBH
1 MDGCAEHBI
1 MEBAGCH
1 MEBDACG
1 MEGBDA
1 MGCBEDA
1 MGEDBA
"""

#: Votes after each transfer by the Scottish rules, which cut values after five decimals: file
#: test/ref/dump/SC-scotland-fixed-p5-d5.txt there. The four without any vote go one by one, which moves nothing.
SCOTTISH = """
A        B        C         D   E        G   H         I        M         exhausted
6        3        8         22  2        33  1         1        18        0
6.84848  3.42424  8.42424   22  2.42424  19  12.45448  1.42424  18        0
7.80300  3.56060  9.24240   19  2.69696  19  12.72720  1.42424  18.54544  0
7.80300  3.56060  9.24240   19  2.69696  19  12.72720  1.42424  18.54544  0
7.80300  3.56060  9.24240   19  2.69696  19  14.15144  -        18.54544  0
8.80300  3.69696  9.24240   19  -        19  14.57568  -        19.68180  0
9.01084  3.95360  9.45496   19  -        19  14.57568  -        19        0.00472
9.36448  -        10.59132  19  -        19  15.61032  -        19        1.43368
-        -        16.62204  19  -        19  16.59988  -        19        3.77788
-        -        18.59172  19  -        19  -         -        19        18.40808
"""


def test_what_to_serve_at_the_party() -> None:
    found = stv(ballots(PARTY), seats=3)

    assert found.model["quota"] == 6
    assert [(stage["votes"], stage["elected"], stage["surplus"], stage["eliminated"]) for stage in stages(found)] == [
        (
            {"Chocolate": 12, "Oranges": 4, "Pears": 2, "Strawberries": 1, "Sweets": 1},
            ["Chocolate"],
            ["Chocolate"],
            [],
        ),
        ({"Chocolate": 6, "Oranges": 4, "Pears": 2, "Strawberries": 5, "Sweets": 3}, [], [], ["Pears"]),
        ({"Chocolate": 6, "Oranges": 6, "Strawberries": 5, "Sweets": 3}, ["Oranges"], [], ["Sweets"]),
        ({"Chocolate": 6, "Oranges": 6, "Strawberries": 5}, ["Strawberries"], [], []),
    ]
    assert found.model["elected"] == ["Chocolate", "Oranges", "Strawberries"]
    assert found.model["exhausted"] == 3


def test_a_real_count_agrees_with_the_scottish_rules_to_their_decimals() -> None:
    voted = [line.split() for line in COMMITTEE.strip().splitlines()]
    everyone = "ABCDEFGHIJKLM"
    found = stv(
        ballots(
            "\n".join(f"{times} {' '.join(word)} / {' '.join(sorted({*everyone} - {*word}))}" for times, word in voted)
        ),
        seats=4,
    )

    assert found.model["quota"] == 19
    head, *table = (line.split() for line in SCOTTISH.strip().splitlines())
    for stage, line in zip(stages(found), table, strict=True):
        printed = {name: Fraction(number) for name, number in zip(head, line, strict=True) if number != "-"}
        exact = {name: number for name, number in stage["votes"].items() if number}
        # Their values are cut, ours are exact: they print no more, and less by a few last digits only; what they cut
        # off goes nowhere.
        assert abs(stage["exhausted"] - printed.pop("exhausted")) < Fraction(15, 100_000)
        assert exact.keys() == printed.keys()
        assert all(0 <= number - printed[name] < Fraction(15, 100_000) for name, number in exact.items())
    assert [(stage["elected"], stage["surplus"], stage["eliminated"]) for stage in stages(found)] == [
        (["G", "D"], ["G"], []),
        ([], ["D"], []),
        ([], [], ["F", "J", "K", "L"]),
        ([], [], ["I"]),
        ([], [], ["E"]),
        (["M"], ["M"], []),
        ([], [], ["B"]),
        ([], [], ["A"]),
        ([], [], ["H"]),
        (["C"], [], []),
    ]
    assert order(found) == [
        ("G", 1),
        ("D", 2),
        ("M", 3),
        ("C", 4),
        ("H", 5),
        ("A", 6),
        ("B", 7),
        ("E", 8),
        ("I", 9),
        ("F", 10),
        ("J", 10),
        ("K", 10),
        ("L", 10),
    ]
    assert found.model["elected"] == ["G", "D", "M", "C"]
    assert [(one.code, one.facts) for one in found.warnings] == [
        ("elected_below_quota", {"entries": 1, "quota": 19, "names": "C"})
    ]


def test_one_seat_is_instant_runoff_voting() -> None:
    # The capital of Tennessee at en.wikipedia.org/wiki/Instant-runoff_voting: Chattanooga goes, then Nashville, and
    # Knoxville has 58 of 100.
    found = stv(spread("42 MNCK\n26 NCKM\n15 CKNM\n17 KCNM"))

    assert [(row.entry, row.rank, row.score, dict(row.extra)) for row in found.entries] == [
        ("K", 1, 58, {"elected": True, "stage": 3}),
        ("M", 2, 42, {"elected": False, "stage": 3}),
        ("N", 3, 26, {"elected": False, "stage": 2}),
        ("C", 4, 15, {"elected": False, "stage": 1}),
    ]
    assert found.model["quota"] == 51
    assert found.params == {"seats": 1, "decision": []}
    assert found.warnings == ()


def test_a_surplus_moves_at_a_reduced_value() -> None:
    found = stv(spread("6 AB\n3 AC\n4 BA\n3 CA\n2 D"), seats=2)

    # Quota 7. Of A's 9 votes, 2/9 go on: 4/3 to B and 2/3 to C.
    assert [(stage["votes"], stage["elected"]) for stage in stages(found)] == [
        ({"A": 9, "B": 4, "C": 3, "D": 2}, ["A"]),
        ({"A": 7, "B": 4 + Fraction(4, 3), "C": 3 + Fraction(2, 3), "D": 2}, []),
        ({"A": 7, "B": 4 + Fraction(4, 3), "C": 3 + Fraction(2, 3)}, []),
        ({"A": 7, "B": 4 + Fraction(4, 3)}, ["B"]),
    ]
    assert {row.entry: row.score for row in found.entries}["B"] == Fraction(16, 3)


def _naive(
    votes: list[tuple[list[int], Fraction]], entries: int, seats: int, quota: int
) -> tuple[list[set[int]], list[dict[int, Fraction]]] | None:
    """Strict orders with values, counted pile by pile; None where the fewest votes are shared."""
    piles: dict[int, list[tuple[list[int], Fraction]]] = {entry: [] for entry in range(entries)}
    for ranking, value in votes:
        piles[ranking[0]].append((ranking, value))
    standing, waiting, elected, seen = set(range(entries)), set(), [], []
    while True:
        total = {entry: sum((value for _, value in pile), Fraction(0)) for entry, pile in piles.items()}
        seen.append(total)
        left = seats - sum(map(len, elected))
        won = set(standing) if len(standing) <= left else {entry for entry in standing if total[entry] >= quota}
        if won:
            elected.append(won)
        standing -= won
        waiting |= won
        if len(won) == left:
            return elected, seen
        over = {entry: total[entry] for entry in waiting if total[entry] > quota}
        if over:
            moved = [entry for entry in over if over[entry] == max(over.values())]
        else:
            moved = [entry for entry in standing if total[entry] == min(total[one] for one in standing)]
            if len(moved) > 1:
                return None
            standing -= set(moved)
        for entry in moved:
            share = (total[entry] - quota) / total[entry] if over else Fraction(1)
            pile, piles[entry] = piles[entry], []
            for ranking, value in pile:
                following = [one for one in ranking if one in standing]
                if following:
                    piles[following[0]].append((ranking, value * share))
                if over:
                    piles[entry].append((ranking, value * (1 - share)))
            if not over:
                del piles[entry]


@pytest.mark.parametrize("seed", range(60))
def test_the_count_agrees_with_one_pile_by_pile(seed: int) -> None:
    rng = random.Random(seed)
    entries, seats = rng.randint(3, 7), rng.randint(1, 3)
    # Large uneven counts, so that ties are rare; every entry is first somewhere.
    rankings = [
        [entry, *rng.sample([one for one in range(entries) if one != entry], rng.randint(0, entries - 1))]
        for entry in range(entries)
    ]
    rankings += [rng.sample(range(entries), rng.randint(1, entries)) for _ in range(10)]
    counts = [rng.randint(100, 10_000) for _ in rankings]
    given = Ballots(
        tuple(f"e{entry}" for entry in range(entries)),
        tuple(
            Ballot(tuple((one,) for one in ranking), count=count)
            for ranking, count in zip(rankings, counts, strict=True)
        ),
    )
    quota = sum(counts) // (seats + 1) + 1
    expected = _naive(
        [(ranking, Fraction(count)) for ranking, count in zip(rankings, counts, strict=True)], entries, seats, quota
    )
    assert expected is not None

    found = stv(given, seats=seats)

    elected, votes = expected
    assert found.model["quota"] == quota
    assert [set(stage["elected"]) for stage in stages(found) if stage["elected"]] == [
        {f"e{entry}" for entry in group} for group in elected
    ]
    assert [stage["votes"] for stage in stages(found)] == [
        {f"e{entry}": number for entry, number in total.items()} for total in votes
    ]
    assert {sum(stage["votes"].values()) + stage["exhausted"] for stage in stages(found)} == {sum(counts)}


@pytest.mark.parametrize("seed", range(25))
def test_equals_count_like_all_their_orders_in_equal_parts(seed: int) -> None:
    rng = random.Random(seed)
    given = some(rng, 5, 8)
    given = Ballots(
        given.entries,
        tuple(Ballot(ballot.groups, ballot.unranked, rng.randint(1_000, 9_999)) for ballot in given.ballots),
    )
    voters = sum(ballot.count for ballot in given.ballots)
    parts = []
    for ballot in given.ballots:
        orders = [
            [entry for group in choice for entry in group]
            for choice in itertools.product(*(itertools.permutations(group) for group in ballot.groups))
        ]
        parts += [(one, Fraction(ballot.count, len(orders))) for one in orders]
    expected = _naive(parts, 5, 2, voters // 3 + 1)
    assert expected is not None

    found = stv(given, seats=2)

    assert [stage["votes"] for stage in stages(found)] == [
        {f"e{entry}": number for entry, number in total.items()} for total in expected[1]
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_result_is_the_same_in_any_order_and_under_any_names(seed: int) -> None:
    rng = random.Random(f"order {seed}")
    given = some(rng, 6, 9)
    given = Ballots(
        given.entries,
        tuple(Ballot(ballot.groups, ballot.unranked, rng.randint(5, 60)) for ballot in given.ballots),
    )
    other, names = mixed_up(rng, given)

    assert told(stv(other, seats=2), names) == told(stv(given, seats=2))


def test_equals_share_a_vote_and_pass_it_to_each_other_first() -> None:
    found = stv(ballots("7 A=B C\n5 C\n1 A\n2 D C"))

    assert [(stage["votes"], stage["elected"]) for stage in stages(found)] == [
        ({"A": Fraction(9, 2), "B": Fraction(7, 2), "C": 5, "D": 2}, []),
        ({"A": Fraction(9, 2), "B": Fraction(7, 2), "C": 7}, []),
        ({"A": 8, "C": 7}, ["A"]),
    ]


def test_equal_surpluses_move_together() -> None:
    found = stv(spread("6 AC\n6 BD\n1 C\n1 D\n1 E"), seats=3, decision=["C", "D", "E"])

    assert found.model["quota"] == 4
    assert stages(found)[0]["surplus"] == ["A", "B"]
    assert stages(found)[1]["votes"] == {"A": 4, "B": 4, "C": 3, "D": 3, "E": 1}
    assert [(row.entry, row.rank) for row in found.entries[:2]] == [("A", 1), ("B", 1)]


def test_as_many_seats_as_entries_elects_all_by_their_votes() -> None:
    found = stv(ballots("3 A B\n1 B A\n1 C / D"), seats=4)

    assert order(found) == [("A", 1), ("B", 2), ("C", 2), ("D", 4)]
    assert {row.entry: (row.score, row.n_judges) for row in found.entries} == {
        "A": (3, 4),
        "B": (1, 4),
        "C": (1, 1),
        "D": (0, 1),
    }
    assert codes(found.warnings) == ["unequal_views", "elected_below_quota"]


def test_ballots_that_rank_nobody_are_no_votes() -> None:
    found = stv(Ballots(("A", "B", "C"), (Ballot(((0,), (1,)), count=2), Ballot((), (0, 1), 9))))

    assert found.model["quota"] == 2
    assert order(found) == [("A", 1), ("B", 2), ("C", None)]
    assert [row.n_judges for row in found.entries] == [11, 11, 0]
    assert [(one.code, one.facts) for one in found.warnings] == [
        ("blank_ballots", {"ballots": 9}),
    ]


@pytest.mark.parametrize(
    ("given", "options", "code", "sentence"),
    [
        (Ballots((), ()), {}, "no_scores", "There is no ballot at all: nobody ranked or scored an entry."),
        (
            Ballots(("A",), (Ballot((), (0,)),)),
            {},
            "no_scores",
            "Nobody ranked any entry: there is no vote to count.",
        ),
        (
            ballots("1 A B", also="C"),
            {"seats": 3},
            "too_many_seats",
            "3 seats are more than the 2 entries that stand: choose fewer seats.",
        ),
        (
            ballots("1 A B"),
            {"decision": ["A", "X"]},
            "unknown_entry",
            "The decision names X, which is not an entry: check the name.",
        ),
        (
            ballots("1 A B"),
            {"decision": ["A", "B", "A"]},
            "decided_twice",
            "The decision names A twice: name each entry once.",
        ),
        (
            Ballots(
                tuple(f"e{number:04}" for number in range(1_001)),
                tuple(Ballot(((number,),)) for number in range(1_001)),
            ),
            {},
            "too_many_entries",
            "More than 1000 entries have a first place, which is too many for this method. Use borda or copeland.",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(given: Ballots, options: dict[str, Any], code: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        stv(given, **options)

    assert (refused.value.code, str(refused.value)) == (code, sentence)


def test_those_left_standing_rank_by_their_votes() -> None:
    found = stv(spread("9 A\n2 B\n1 C\n1 D"))

    assert order(found) == [("A", 1), ("B", 2), ("C", 3), ("D", 3)]
    assert [(row.score, dict(row.extra)) for row in found.entries] == [
        (9, {"elected": True, "stage": 1}),
        (2, {"elected": False, "stage": 1}),
        (1, {"elected": False, "stage": 1}),
        (1, {"elected": False, "stage": 1}),
    ]


def test_one_entry_is_elected() -> None:
    found = stv(ballots("3 A"))

    assert order(found) == [("A", 1)]
    assert found.model["elected"] == ["A"]


def test_all_equal_is_refused_for_who_goes_first_cannot_be_known() -> None:
    given = cards({(entry, judge): 3 for entry in "ABC" for judge in "xy"})

    with pytest.raises(Refused, match="A, B, C have equally few votes at stage 1"):
        stv(given)


def test_fractions_at_any_depth_become_numbers_in_json() -> None:
    printed = as_json(
        stv(spread("7 AB\n7 AC\n4 B\n5 C"), seats=2),
        engine_version="x",
        input_sha256="y",
        n_entries=3,
        n_judges=23,
        n_scorecards=0,
    )

    assert printed["model"]["stages"][1]["votes"] == {"A": 8, "B": 7.0, "C": 8.0}
    assert math.isclose(printed["entries"][0]["score"], 14)


def test_many_surpluses_do_not_make_endless_fractions() -> None:
    rng = random.Random(2)
    pull = [rng.expovariate(1) + 0.01 for _ in range(60)]
    made = [
        Ballot(tuple((entry,) for entry in sorted(range(60), key=lambda entry: -(rng.random() ** (1 / pull[entry])))))
        for _ in range(3_000)
    ]
    names = tuple(f"E{entry:02}" for entry in range(60))

    found = stv(Ballots(names, tuple(made)), seats=20, decision=names)

    assert not found.model["exact"] and len(found.model["elected"]) == 20
    assert sum(bool(stage["surplus"]) for stage in stages(found)) > 12
    for stage in stages(found):
        assert sum(stage["votes"].values()) + stage["exhausted"] == 3_000
        assert all(one.denominator.bit_length() < 100_000 for one in stage["votes"].values())
