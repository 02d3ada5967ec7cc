"""Copeland, Schulze, the Condorcet winner and the Smith set."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import networkx as nx
import pytest

from contest.scoring import orders
from contest.scoring.cards import Ballot, Ballots, Cards, cards
from contest.scoring.majority import against, copeland, schulze, strongest, tournament
from contest.scoring.methods import method
from contest.scoring.outcome import Result, Score
from contest.scoring.refusals import Refused
from tests.unit.rankings import ballots, codes, mixed_up, order, raised, some, spread, told

#: Which city shall be the capital: en.wikipedia.org/wiki/Copeland%27s_method, and most articles on voting there.
TENNESSEE = """
42 Memphis Nashville Chattanooga Knoxville
26 Nashville Chattanooga Knoxville Memphis
15 Chattanooga Knoxville Nashville Memphis
17 Knoxville Chattanooga Nashville Memphis
"""

#: Copeland's method without a Condorcet winner; who is not on a ballot is below all who are. Same article.
FIVE = """
31 A E C D B
30 B A E / C D
29 C D B / A E
10 D A E / B C
"""

#: M. Schulze, Social Choice and Welfare 36 (2011), and en.wikipedia.org/wiki/Schulze_method.
FORTY_FIVE = """
5 ACBED
5 ADECB
8 BEDAC
3 CABED
7 CAEBD
2 CBADE
7 DCEBA
8 EBADC
"""


def test_tennessee_has_a_condorcet_winner() -> None:
    found = copeland(ballots(TENNESSEE))

    assert [(row.entry, row.extra["wins"], row.extra["losses"], row.score, row.rank) for row in found.entries] == [
        ("Nashville", 3, 0, 3, 1),
        ("Chattanooga", 2, 1, 1, 2),
        ("Knoxville", 1, 2, -1, 3),
        ("Memphis", 0, 3, -3, 4),
    ]
    assert found.model == {"condorcet_winner": "Nashville", "smith_set": ["Nashville"]}
    assert {row.n_judges for row in found.entries} == {100}
    assert found.warnings == ()


def test_five_candidates_without_a_condorcet_winner() -> None:
    found = copeland(ballots(FIVE))

    assert [
        (row.entry, row.extra["wins"], row.extra["losses"], row.score, row.rank, row.tied_with) for row in found.entries
    ] == [
        ("A", 3, 1, 2, 1, ()),
        ("B", 2, 2, 0, 2, ("C", "E")),
        ("C", 2, 2, 0, 2, ("B", "E")),
        ("E", 2, 2, 0, 2, ("B", "C")),
        ("D", 1, 3, -2, 5, ()),
    ]
    assert found.model == {"condorcet_winner": None, "smith_set": ["A", "B", "C", "D", "E"]}


def test_a_cycle_ties_and_its_loser_is_outside_the_smith_set() -> None:
    found = copeland(spread("1 ABCD\n1 BCAD\n1 CABD"))

    assert order(found) == [("A", 1), ("B", 1), ("C", 1), ("D", 4)]
    assert found.model == {"condorcet_winner": None, "smith_set": ["A", "B", "C"]}


def test_copeland_within_each_ballot_follows_the_formula_for_seen_entries() -> None:
    # The i-th (from 0) of r ranked with u unranked has r + u − 1 − 2i, an unranked one −r.
    found = copeland(ballots("1 A B C / D E\n2 E A / B"), per="judge")

    assert {row.entry: row.score for row in found.entries} == {
        "A": 4 + 2 * 0,
        "B": 2 + 2 * -2,
        "C": 0,
        "D": -3,
        "E": -3 + 2 * 2,
    }
    assert order(found) == [("A", 1), ("E", 2), ("C", 3), ("B", 4), ("D", 5)]
    assert codes(found.warnings) == ["random_assignment"]
    assert {row.entry: dict(row.extra) for row in found.entries}["D"] == {
        "wins": 0,
        "losses": 3,
        "draws": 1,
        "compared": 4,
    }


def test_what_nobody_saw_together_is_no_draw() -> None:
    found = copeland(ballots("1 A B\n1 B C"))

    assert {row.entry: dict(row.extra) for row in found.entries} == {
        "A": {"wins": 1, "losses": 0, "draws": 0, "compared": 1},
        "B": {"wins": 1, "losses": 1, "draws": 0, "compared": 2},
        "C": {"wins": 0, "losses": 1, "draws": 0, "compared": 1},
    }
    assert [(one.code, one.facts) for one in found.warnings] == [("pairs_not_compared", {"missing": 1, "pairs": 3})]
    # A does not beat C, so that nobody is kept out.
    assert found.model == {"condorcet_winner": None, "smith_set": ["A", "B", "C"]}


def test_the_pairwise_counts_of_the_45_voters() -> None:
    over, under, met = against(orders.comparing(spread(FORTY_FIVE)), 0, 5)

    assert over.tolist() == [
        [0, 20, 26, 30, 22],
        [25, 0, 16, 33, 18],
        [19, 29, 0, 17, 24],
        [15, 12, 28, 0, 14],
        [23, 27, 21, 31, 0],
    ]
    assert under.tolist() == over.T.tolist()
    assert met.sum() == 20


def test_schulze_ranks_the_45_voters_as_printed() -> None:
    given = spread(FORTY_FIVE)

    found = schulze(given)

    assert strongest(orders.comparing(given)).tolist() == [
        [0, 28, 28, 30, 24],
        [25, 0, 28, 33, 24],
        [25, 29, 0, 29, 24],
        [25, 28, 28, 0, 24],
        [25, 28, 28, 31, 0],
    ]
    assert [(row.entry, row.score, row.rank) for row in found.entries] == [
        ("E", 4, 1),
        ("A", 3, 2),
        ("C", 2, 3),
        ("B", 1, 4),
        ("D", 0, 5),
    ]
    assert found.model == {"condorcet_winner": None, "winners": ["E"]}


@pytest.mark.parametrize(
    ("text", "winners", "ranking"),
    [
        # Examples 2 to 4 at electowiki.org/wiki/Schulze_method, with their printed results.
        ("5 ACBD\n2 ACDB\n3 ADCB\n4 BACD\n3 CBDA\n3 CDBA\n1 DACB\n5 DBAC\n4 DCBA", ["D"], "DACB"),
        (
            "3 ABDEC\n5 ADEBC\n1 ADECB\n2 BADEC\n2 BDECA\n4 CABDE\n6 CBADE\n2 DBECA\n5 DECAB",
            ["B"],
            "BADEC",
        ),
        # Here the order is not complete: B is above C and D above A, nothing else.
        ("3 ABCD\n2 DABC\n2 DBCA\n2 CBDA", ["B", "D"], None),
    ],
)
def test_schulze_on_the_other_published_examples(text: str, winners: list[str], ranking: str | None) -> None:
    found = schulze(spread(text))

    assert found.model["winners"] == winners
    if ranking:
        assert "".join(row.entry for row in found.entries) == ranking
        assert [row.rank for row in found.entries] == list(range(1, len(ranking) + 1))
    else:
        assert order(found) == [("B", 1), ("D", 1), ("A", 3), ("C", 3)]


def test_of_equal_scores_the_one_that_fewer_stand_above_comes_first() -> None:
    found = schulze(ballots("1 A B\n1 A=C\n1 B=C"))

    assert [(row.entry, row.score, row.extra, row.rank) for row in found.entries] == [
        ("A", 1, {"beaten_by": 0}, 1),
        ("C", 0, {"beaten_by": 0}, 2),
        ("B", 0, {"beaten_by": 1}, 3),
    ]
    assert found.model["winners"] == ["A", "C"]


def test_strength_by_winning_votes_and_by_margins_can_differ() -> None:
    # A cycle A → B → C → A with 4, 6 and 7 votes, and leads of 3, 1 and 2: the weakest step is another.
    given = ballots(
        """
        4 A B
        1 B A
        6 B C
        5 C B
        7 C A
        5 A C
        """
    )

    assert order(schulze(given, strength="winning")) == [("B", 1), ("C", 2), ("A", 3)]
    assert order(schulze(given, strength="margins")) == [("C", 1), ("A", 2), ("B", 3)]


@pytest.mark.parametrize("seed", range(40))
def test_winner_smith_set_and_counts_agree_with_networkx(seed: int) -> None:
    rng = random.Random(seed)
    given = some(rng, rng.randint(2, 9), rng.randint(1, 7))
    votes = orders.comparing(given)
    graph = nx.DiGraph()
    beats = nx.DiGraph()
    for entry, seen in enumerate(votes.seen):
        if seen:
            graph.add_node(entry)
            beats.add_node(entry)
    for one in graph:
        for other in graph:
            lead = 0
            for ballot in given.ballots:
                place = {entry: level for level, group in enumerate(ballot.levels()) for entry in group}
                if one != other and one in place and other in place:
                    lead += ballot.count * ((place[one] < place[other]) - (place[one] > place[other]))
            if lead > 0:
                beats.add_edge(one, other)
    # Who is not beaten by another is not kept out by it: the Smith set is the source of the condensation.
    graph.add_edges_from(
        (one, other) for one in graph for other in graph if one != other and not beats.has_edge(other, one)
    )
    condensed = nx.condensation(graph)
    (source,) = (node for node in condensed if condensed.in_degree(node) == 0)
    everyone = [count > 0 for count in votes.seen]

    found = tournament(votes, everyone)

    assert set(found.smith) == condensed.nodes[source]["members"]
    assert {entry: (found.wins[entry], found.losses[entry]) for entry in graph} == {
        entry: (beats.out_degree(entry), beats.in_degree(entry)) for entry in beats
    }
    winners = [entry for entry in beats if beats.out_degree(entry) == len(beats) - 1]
    assert orders.condorcet(votes, everyone) == (votes.entries[winners[0]] if winners else None)


@pytest.mark.parametrize("strength", ["winning", "margins"])
@pytest.mark.parametrize("seed", range(15))
def test_strongest_paths_agree_with_widest_paths_of_networkx(seed: int, strength: str) -> None:
    rng = random.Random(seed)
    given = some(rng, rng.randint(2, 9), rng.randint(1, 9))
    votes = orders.comparing(given)
    over, under, _ = against(votes, 0, len(votes.entries))
    width = {
        (one, other): int(over[one, other] - (0 if strength == "winning" else under[one, other]))
        for one in range(len(votes.entries))
        for other in range(len(votes.entries))
        if over[one, other] > under[one, other]
    }
    widest: dict[tuple[int, int], int] = {}
    for least in sorted(set(width.values())):
        wide = nx.DiGraph([pair for pair, found in width.items() if found >= least])
        widest |= {(one, other): least for one in wide for other in nx.descendants(wide, one)}

    found = strongest(votes, strength)

    assert {
        (one, other): found[one, other]
        for one in range(len(votes.entries))
        for other in range(len(votes.entries))
        if found[one, other]
    } == widest


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("options", [{}, {"per": "judge"}])
def test_copeland_is_the_same_in_any_order_and_under_any_names(seed: int, options: dict[str, str]) -> None:
    rng = random.Random(seed)
    given = some(rng, 6, 8, least=4)
    other, names = mixed_up(rng, given)

    assert told(copeland(other, **options), names) == told(copeland(given, **options))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("strength", ["winning", "margins"])
def test_schulze_is_the_same_in_any_order_and_under_any_names(seed: int, strength: str) -> None:
    rng = random.Random(seed)
    given = some(rng, 6, 8, least=4)
    other, names = mixed_up(rng, given)

    assert told(schulze(other, strength=strength), names) == told(schulze(given, strength=strength))


@pytest.mark.parametrize("seed", range(25))
def test_raising_an_entry_on_a_ballot_never_costs_it_anything(seed: int) -> None:
    rng = random.Random(seed)
    given = some(rng, 6, 7, least=4)
    number = rng.randrange(len(given.ballots))
    entry = rng.choice([entry for level in given.ballots[number].levels() for entry in level])
    name = given.entries[entry]
    better = raised(given, number, entry)

    def of(result: Result) -> tuple[Score | None, int]:
        (row,) = (row for row in result.entries if row.entry == name)
        return row.score, -(row.rank or 0)

    assert of(copeland(better)) >= of(copeland(given))
    assert of(copeland(better))[1] >= of(copeland(given))[1]
    assert of(copeland(better, per="judge"))[0] >= of(copeland(given, per="judge"))[0]
    # What others have among themselves may change in Schulze's ranking; what the raised entry has may not fall.
    assert of(schulze(better))[0] >= of(schulze(given))[0]
    assert name in schulze(better).model["winners"] or name not in schulze(given).model["winners"]


@pytest.mark.parametrize("run", [copeland, schulze])
def test_groups_without_a_link_are_refused(run: Callable[..., Result]) -> None:
    with pytest.raises(Refused) as refused:
        run(ballots("1 A B\n1 C D"))

    assert refused.value.code == "disconnected"
    assert refused.value.facts == {"groups": 2, "one": "A", "other": "C"}


def test_within_ballots_a_missing_link_is_a_warning() -> None:
    found = copeland(ballots("1 A B\n1 C D"), per="judge")

    assert codes(found.warnings) == ["random_assignment", "unlinked_orders"]
    assert found.components == (("A", "B"), ("C", "D"))


@pytest.mark.parametrize("run", [copeland, schulze])
def test_entries_with_few_judges_or_none_are_not_ranked(run: Callable[..., Result]) -> None:
    found = run(ballots("2 A B C\n1 B A", also="D"), min_judges=3)

    assert order(found) == [("A", 1), ("B", 2), ("C", None), ("D", None)]
    assert [(row.score is None, row.n_judges) for row in found.entries] == [
        (False, 3),
        (False, 3),
        (False, 2),
        (True, 0),
    ]
    assert codes(found.warnings) == ["too_few_judges"]
    assert found.components == (("A", "B", "C"),)
    assert found.model["condorcet_winner"] == "A"


def test_an_entry_that_is_not_ranked_keeps_nobody_from_winning() -> None:
    given = ballots("1 C A B\n2 A B")

    # C beats both, but one judge is too few for a rank.
    assert copeland(given, min_judges=2).model == {"condorcet_winner": "A", "smith_set": ["A"]}
    assert schulze(given, min_judges=2).model == {"condorcet_winner": "A", "winners": ["A"]}


@pytest.mark.parametrize("run", [copeland, schulze])
def test_all_equal_share_the_first_rank(run: Callable[..., Result]) -> None:
    found = run(ballots("3 A=B=C"))

    assert order(found) == [("A", 1), ("B", 1), ("C", 1)]
    assert codes(found.warnings) == ["no_order", "all_equal"]


@pytest.mark.parametrize("run", [copeland, schulze])
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Ballots((), ()), "no_scores"),
        (Ballots(("A", "B"), ()), "no_scores"),
        (ballots("3 A"), "nothing_compared"),
        (ballots("1 A\n1 B"), "nothing_compared"),
        (cards({}), "no_scores"),
        (cards({("A", "j"): 3}), "nothing_compared"),
        (Ballots(("A", "B"), (Ballot(((0,), (1,)), count=10**16),)), "too_many_votes"),
    ],
)
def test_nothing_to_compare_is_refused(run: Callable[..., Result], given: Ballots | Cards, code: str) -> None:
    with pytest.raises(Refused) as refused:
        run(given)

    assert refused.value.code == code


def test_schulze_refuses_more_entries_than_it_can_take() -> None:
    many = Ballots(tuple(f"e{number:04}" for number in range(2_001)), (Ballot((tuple(range(2_001)),)),))

    with pytest.raises(Refused, match="2001 entries are too many for this method: it takes at most 2000"):
        schulze(many)


@pytest.mark.parametrize("ballot", [Ballot(((0,), (0,))), Ballot(((0,),), (0, 1)), Ballot(((0,), (1,)), count=0)])
def test_a_ballot_that_makes_no_sense_is_an_error(ballot: Ballot) -> None:
    with pytest.raises(ValueError, match="a ballot"):
        copeland(Ballots(("A", "B"), (ballot,)))


def test_scores_are_read_as_orders_with_equals() -> None:
    given = cards(
        {("A", "x"): 9, ("B", "x"): 7, ("C", "x"): 7, ("A", "y"): Fraction(5, 2), ("B", "y"): 3, ("C", "z"): 4}
    )

    found = method("copeland").run(given)

    assert {row.entry: dict(row.extra) for row in found.entries} == {
        "A": {"wins": 1, "losses": 0, "draws": 1, "compared": 2},
        "B": {"wins": 0, "losses": 0, "draws": 2, "compared": 2},
        "C": {"wins": 0, "losses": 1, "draws": 1, "compared": 2},
    }
    assert [(row.judge, row.n, row.severity) for row in found.judges] == [
        ("x", 3, None),
        ("y", 2, None),
        ("z", 1, None),
    ]
    assert codes(found.warnings) == ["one_entry_ballots"]
    assert found.params == {"min_judges": 1, "per": "majority"}


def test_a_large_round_is_counted_in_blocks_like_a_small_one() -> None:
    # 2,100 entries need two blocks of the matrix; every entry beats those with a higher number that it met.
    rng = random.Random(5)
    names = tuple(f"e{number:04}" for number in range(2_100))
    seen = [sorted(rng.sample(range(2_100), 100)) for _ in range(60)]
    seen += [list(range(start, start + 100)) for start in range(0, 2_050, 50)]
    given = Ballots(names, tuple(Ballot(tuple((entry,) for entry in one)) for one in seen))
    others: list[set[int]] = [set() for _ in names]
    for one in seen:
        for entry in one:
            others[entry] |= set(one)

    found = copeland(given)

    assert {row.entry: (row.extra["wins"], row.extra["losses"], row.extra["draws"]) for row in found.entries} == {
        name: (
            sum(1 for other in others[number] if other > number),
            sum(1 for other in others[number] if other < number),
            0,
        )
        for number, name in enumerate(names)
    }


def test_nobody_is_the_condorcet_winner_of_nobody() -> None:
    votes = orders.comparing(ballots("2 A B C\n1 B C A"))

    assert orders.condorcet(votes, [True] * 3) == "A"
    assert orders.condorcet(votes, [False, True, True]) == "B"
    assert orders.condorcet(votes, [False] * 3) is None


@pytest.mark.parametrize(("method", "most"), [(copeland, 20_000), (schulze, 2_000)])
def test_too_many_duels_are_refused_with_the_cure(method: Callable[..., Result], most: int) -> None:
    one_judge = Ballots(tuple(f"{n:05d}" for n in range(most + 1)), (Ballot(((0,), tuple(range(1, most + 1)))),))

    with pytest.raises(Refused, match="Use borda or the mean") as refused:
        method(one_judge)

    assert (refused.value.code, refused.value.facts) == ("too_many_entries", {"entries": most + 1, "most": most})
