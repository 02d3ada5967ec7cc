"""Files of scores, rankings and pairs: what they hold, and that the same values are one digest."""

from __future__ import annotations

import hashlib
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import rubric
from contest.scoring.cards import Ballot, Ballots, Cards, Excluded, Pairs
from contest.scoring.reading import read
from tests.unit.score_files import SCORES, WEIGHTS, ballots, exact, refusal, scores

# What a file holds


def test_scorecards_are_weighted_exactly_and_an_incomplete_one_is_no_zero() -> None:
    given_file = read(SCORES.encode(), weights=WEIGHTS.encode())
    found = given_file.value

    assert isinstance(found, Cards)
    assert exact(found) == {
        ("Bridge", "Aoi"): Fraction(29, 8),  # (3 × 4 + 2.5) / 4
        ("Bridge", "Ben"): Fraction(9, 2),
        ("Tower", "Aoi"): Fraction(7, 8),
    }
    assert found.excluded == (Excluded("Tower", "Ben", "incomplete"),)
    # The order is that of the weights; the marks are those of the cards that count.
    assert {name: [Fraction(mark, found.marks_unit) for mark in marks] for name, marks in found.marks.items()} == {
        "Idea": [4, 5, 1],
        "Craft": [Fraction(5, 2), 3, Fraction(1, 2)],
    }
    assert list(found.marks) == ["Idea", "Craft"]
    assert (given_file.kind, given_file.n_entries, given_file.n_judges, given_file.n_scorecards) == ("scores", 2, 2, 3)


def test_without_weights_all_criteria_weigh_the_same() -> None:
    assert exact(scores(SCORES))["Bridge", "Aoi"] == Fraction(13, 4)
    assert exact(scores(SCORES)) == exact(scores(SCORES, "criterion,weight\nCraft,0.5\nIdea,.50\n"))


def test_scores_without_criteria() -> None:
    found = scores("judge,score,entry\nJ,0.1,A\nK,0.20,A\nJ,-3,B\n")

    assert exact(found) == {("A", "J"): Fraction(1, 10), ("A", "K"): Fraction(1, 5), ("B", "J"): -3}
    assert not found.marks
    # A column with nothing in it is no column.
    assert scores("entry,judge,criterion,score\nA,J,,0.1\nA,K, ,0.20\nB,J,,-3\n") == found


def test_points_make_shares_as_a_rubric_does() -> None:
    """The same card here and in the product's tally: criteria of 3 and of 10 points compare."""
    criteria = [rubric.Criterion("Idea", 300, 3), rubric.Criterion("Craft", 700, 10)]
    whole = rubric.total(criteria, {"Idea": 2, "Craft": 9})
    assert whole is not None

    found = scores(
        "entry,judge,criterion,score\nA,J,Idea,2\nA,J,Craft,9\n", "criterion,weight,points\nIdea,300,3\nCraft,700,10\n"
    )

    assert exact(found) == {("A", "J"): Fraction(whole, rubric.FULL)}


def test_rankings_close_gaps_keep_ties_and_know_what_was_only_seen() -> None:
    found = read(b"judge,entry,rank,count\nK,A,7,3\nK,B,2.5,3\nK,C,7.0,3\nK,D,,3\nJ,D,1,1\n")

    assert found.value == Ballots(
        ("A", "B", "C", "D"),
        (Ballot(((3,),), (), 1, "J"), Ballot(((1,), (0, 2)), (3,), 3, "K")),
    )
    assert (found.kind, found.n_entries, found.n_judges, found.n_scorecards) == ("rankings", 4, 4, 4)
    assert ballots("judge,entry,rank\nK,A,2\nK,B,1\n") == ballots("judge,entry,rank\nK,A,99\nK,B,4\n")


def test_pairs_are_counted_together() -> None:
    found = read(b"winner,loser,judge,count\nA,B,J,2\nB,A,J,1\nA,B,K,4\nC,A,J,1\nA,B,J,1\n")

    assert found.value == Pairs(("A", "B", "C"), [0, 0, 1, 2], [1, 1, 0, 0], [3, 4, 1, 1], ("J", "K"), [0, 1, 0, 0])
    assert (found.kind, found.n_entries, found.n_judges, found.n_scorecards) == ("pairs", 3, 2, 9)
    plain = read(b"loser,winner\nB,A\nB,A\n")
    assert plain.value == Pairs(("A", "B"), [0], [1], [2], ())
    assert plain.input_sha256 == read(b"winner,loser,count\nA,B,2\n").input_sha256


def test_an_incomplete_card_is_left_out_wherever_it_stands() -> None:
    """First, last, or between two that are whole."""
    text = "entry,judge,criterion,score\n" + "".join(
        f"E{entry},J,{criterion},1\n"
        for entry in range(5)
        for criterion in "abc"
        if (entry, criterion) not in {(0, "c"), (2, "a"), (2, "b"), (4, "a")}
    )

    found = scores(text)

    assert [name for name, _ in exact(found)] == ["E1", "E3"]
    assert [one.entry for one in found.excluded] == ["E0", "E2", "E4"]
    assert found.entries == ("E0", "E1", "E2", "E3", "E4")


# However it is written

JAPANESE = "entry,judge,criterion,score\n橋,青井,アイデア,4\n橋,青井,技,2.5\n塔,青井,アイデア,1\n塔,青井,技,0.5\n橋,弁,アイデア,3\n橋,弁,技,3\n"


def semicolons(text: str) -> str:
    return text.replace(",", ";").replace(".", ",")


WRITTEN = {
    "a byte order mark": JAPANESE.encode("utf-8-sig"),
    "UTF-16, little end first": b"\xff\xfe" + JAPANESE.encode("utf-16-le"),
    "UTF-16, big end first": b"\xfe\xff" + JAPANESE.encode("utf-16-be"),
    "Excel in Japan": JAPANESE.replace("\n", "\r\n").encode("cp932"),
    "Excel in Germany": semicolons(JAPANESE).replace("\n", "\r\n").encode("utf-8-sig"),
    "semicolons and points": JAPANESE.replace(",", ";").encode(),
    "tabs": JAPANESE.replace(",", "\t").encode("utf-16"),
    "an old Macintosh": JAPANESE.replace("\n", "\r").encode(),
    "no line end at the end": JAPANESE.rstrip().encode(),
    "blank lines": JAPANESE.replace("\n", "\n\n,,,\n  \n").encode(),
    "blank lines first": b'\n,,\n"",""\n' + JAPANESE.encode(),
    "empty columns": JAPANESE.replace("\n", ",,\n").encode(),
    "spaces": JAPANESE.replace(",", " , ").replace("\n", "　\n").encode(),
    "another header": JAPANESE.replace("entry,judge", "Ｅntry, JUDGE ").encode(),
    "quotation marks": "".join('"' + line.replace(",", '","') + '"\n' for line in JAPANESE.splitlines()).encode(),
    "spaces before quotation marks": "".join(
        '"' + line.replace(",", '", "') + '"\n' for line in JAPANESE.splitlines()
    ).encode(),
    "full width": JAPANESE.replace("4", "４").replace("2.5", "２．５").replace(",3\n", ",＋３\n").encode(),
    "needless signs": JAPANESE.replace("4", "+4.000").replace("0.5", ".50").replace(",3\n", ",03.\n").encode(),
    "exponents": JAPANESE.replace("4", "0.4E1").replace("2.5", "25e-1").replace(",1\n", ",10E-01\n").encode(),
    "another order": "\n".join([(lines := JAPANESE.splitlines())[0], *lines[:0:-1]]).encode(),
    "other columns first": "\n".join(",".join(line.split(",")[::-1]) for line in JAPANESE.splitlines()).encode(),
    "a decomposed letter": JAPANESE.replace("ア", "ア").replace("デ", "テ\u3099").encode(),
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN)
def test_the_same_values_are_the_same_however_written(data: bytes) -> None:
    found = read(data)

    expected = read(JAPANESE.encode())
    assert (found.value, found.input_sha256) == (expected.value, expected.input_sha256)
    assert found.guessed is (data == WRITTEN["Excel in Japan"])


@pytest.mark.parametrize(
    "one, other",
    [
        ("entry,judge,score\nA,J,1\nB,J,2\n", "entry,judge,score\nA,J,1\nB,J,3\n"),
        ("entry,judge,score\nA,J,1\nB,J,2\n", "entry,judge,score\nA,J,1\nB,K,2\n"),
        ("entry,judge,score\nA,J,1\n", "entry,judge,criterion,score\nA,J,x,1\n"),
        ("judge,entry,rank\nJ,A,1\nJ,B,\n", "judge,entry,rank\nJ,A,1\nJ,B,2\n"),
        ("judge,entry,rank,count\nJ,A,1,1\n", "judge,entry,rank,count\nJ,A,1,2\n"),
        ("winner,loser\nA,B\n", "winner,loser\nB,A\n"),
        ("winner,loser,judge\nA,B,J\n", "winner,loser,judge\nA,B,K\n"),
    ],
)
def test_another_value_is_another_digest(one: str, other: str) -> None:
    assert read(one.encode()).input_sha256 != read(other.encode()).input_sha256


def test_weights_are_in_the_digest() -> None:
    digests = {
        read(SCORES.encode(), weights=weights).input_sha256
        for weights in (
            None,
            b"criterion,weight\nIdea,1\nCraft,1\n",
            b"criterion,weight\nIdea,2\nCraft,1\n",
            b"criterion,weight,points\nIdea,2,5\nCraft,1,5\n",
            b"criterion,weight,points\nCraft,1.0,5\nIdea,2.0,5.00\n",
        )
    }

    assert len(digests) == 4


def test_the_digest_is_that_of_sorted_lines() -> None:
    """Byte by byte, as `contest.scoring.canonical` says; a space in a name comes after the end of a shorter one."""
    text = "judge,entry,rank,count\nJ x,A,1,2\nJ,Ä b,2,1\nJ,Ä,,1\n"
    lines = "rank\tJ\tÄ\t\t1\nrank\tJ\tÄ b\t2\t1\nrank\tJ x\tA\t1\t2\n"
    assert lines.encode().splitlines() == sorted(lines.encode().splitlines())

    assert read(text.encode()).input_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert (
        read(b"winner,loser\nB,C\nA,C\nB,C\n").input_sha256
        == hashlib.sha256(b"pair\tA\tC\t\t1\npair\tB\tC\t\t2\n").hexdigest()
    )


def test_anyone_can_compute_the_digest_in_a_shell(tmp_path: Path) -> None:
    from contest.scoring import canonical

    (tmp_path / "SCORES.csv").write_text(SCORES)
    (tmp_path / "W.csv").write_text("criterion,weight,points\nIdea,3,5\nCraft,1,5\n")
    command = (canonical.__doc__ or "").split("order:\n\n")[1]
    said = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    found = read((tmp_path / "SCORES.csv").read_bytes(), weights=(tmp_path / "W.csv").read_bytes())

    assert said.split()[0] == found.input_sha256


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=4).filter(
    lambda name: bool(name.strip())
)
NUMBERS = st.decimals(-1000, 1000, places=3)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(NAMES, NAMES, st.sampled_from(["x", "y"])), NUMBERS, min_size=1), st.randoms())
def test_any_order_any_names_any_numbers(table_of: dict[tuple[str, str, str], object], random: object) -> None:
    """Against the definition in fractions, and however the lines are shuffled."""
    import csv
    import io
    import unicodedata

    def plain(name: str) -> str:
        return unicodedata.normalize("NFC", name.strip())

    wanted: dict[tuple[str, str], dict[str, Fraction]] = {}
    rows = []
    for (entry, judge, criterion), score in table_of.items():
        card = wanted.setdefault((plain(entry), plain(judge)), {})
        if criterion not in card:
            card[criterion] = Fraction(score)  # type: ignore[arg-type]
            rows.append((entry, judge, criterion, score))

    def written() -> bytes:
        random.shuffle(rows)  # type: ignore[attr-defined]
        text = io.StringIO()
        csv.writer(text).writerows([("entry", "judge", "criterion", "score"), *rows])
        return text.getvalue().encode()

    criteria = {criterion for _, _, criterion, _ in rows}
    expected = {card: sum(marks.values()) / len(criteria) for card, marks in wanted.items() if set(marks) == criteria}
    if not expected:
        assert refusal(written())[0] == "no_complete_card"
        return
    one, other = read(written()), read(written())

    assert isinstance(one.value, Cards)
    assert exact(one.value) == expected
    assert one == other
