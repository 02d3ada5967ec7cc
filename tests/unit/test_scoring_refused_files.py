"""Files that hold nothing, or too much: each is refused with one sentence, and none is a crash."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.scoring import table
from contest.scoring.cards import Cards
from contest.scoring.reading import Input, read
from tests.unit.score_files import SCORES, WEIGHTS, exact, refusal, scores

# What is refused

HEAD = "entry,judge,score\n"
RANKS = "judge,entry,rank\n"
COUNTED = "judge,entry,rank,count\n"
PAIRS = "winner,loser,count\n"
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "nothing": ("", "empty_file", "The file of scores is empty."),
    "blank lines": ("\n \n,,\n", "empty_file", "The file of scores is empty."),
    "a byte order mark": (b"\xef\xbb\xbf", "empty_file", "The file of scores is empty."),
    "a header": (HEAD, "no_rows", "The file of scores has a header, and no line beneath it."),
    "a workbook": (
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00",
        "not_text",
        "The file of scores is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
    ),
    "a NUL": (
        HEAD + "A\0,J,1",
        "not_text",
        "The file of scores is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
    ),
    "half a UTF-16": (
        b"\xff\xfee",
        "not_text",
        "The file of scores is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
    ),
    "a Latin-1 space": (
        b"entry,judge,score\nA\xa0,J,1",
        "not_text",
        "The file of scores is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
    ),
    "Latin-1": (
        "entry,judge,score\nCafé,J,1".encode("latin-1"),
        "not_text",
        "The file of scores is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
    ),
    "no known column": (
        "a,b\x1b,c\n1,2,3",
        "unknown_columns",
        "The columns “a”, “b\ufffd”, “c” are none of those that can be read: entry,judge[,criterion],score, "
        "or judge,entry,rank[,count], or winner,loser[,judge][,count].",
    ),
    "an unknown column": (
        "entry,judge,score,remark\nA,J,1,x",
        "unknown_column",
        "The file of scores has an unknown column: “remark”; wanted is entry,judge[,criterion],score "
        "(read as separated by commas).",
    ),
    "a column of another kind": (
        "entry,judge,score,rank\nA,J,1,1",
        "unknown_column",
        "The file of scores has an unknown column: “rank”; wanted is entry,judge[,criterion],score "
        "(read as separated by commas).",
    ),
    "a missing column": (
        "entry;score\nA;1",
        "missing_column",
        "The file of scores has no column judge; wanted is entry,judge[,criterion],score "
        "(read as separated by semicolons).",
    ),
    "no loser": (
        "winner,judge\nA,J",
        "missing_column",
        "The file of scores has no column loser; wanted is winner,loser[,judge][,count] (read as separated by commas).",
    ),
    "a column twice": (
        "entry,judge,Entry,score\nA,J,A,1",
        "column_twice",
        "The file of scores has the column “entry” more than once.",
    ),
    "text": (HEAD + "A,J,1\nB,J,good", "not_a_number", "Line 3 of the scores: the score “good” is not a number."),
    "not a number": (HEAD + "A,J,NaN", "not_a_number", "Line 2 of the scores: the score “NaN” is not a number."),
    "infinity": (HEAD + "A,J,-inf", "not_a_number", "Line 2 of the scores: the score “-inf” is not a number."),
    "the sign of infinity": (HEAD + "A,J,∞", "not_a_number", "Line 2 of the scores: the score “∞” is not a number."),
    "a superscript": (HEAD + "A,J,5²", "not_a_number", "Line 2 of the scores: the score “5²” is not a number."),
    "a fraction": (HEAD + "A,J,1/2", "not_a_number", "Line 2 of the scores: the score “1/2” is not a number."),
    "an underscore": (HEAD + "A,J,1_0", "not_a_number", "Line 2 of the scores: the score “1_0” is not a number."),
    "only a point": (HEAD + "A,J,.", "not_a_number", "Line 2 of the scores: the score “.” is not a number."),
    "an exponent bomb": (
        HEAD + "A,J,1e999999999",
        "not_a_number",
        "Line 2 of the scores: the score “1e999999999” is not a number.",
    ),
    "a large exponent": (
        HEAD + "A,J,1e99",
        "too_long_a_number",
        "Line 2 of the scores: the score “1e99” has more than 15 digits before the point or 30 after it.",
    ),
    "a small exponent": (
        HEAD + "A,J,1e-99",
        "too_long_a_number",
        "Line 2 of the scores: the score “1e-99” has more than 15 digits before the point or 30 after it.",
    ),
    "many digits": (
        HEAD + "A,J," + "9" * 50,
        "too_long_a_number",
        "Line 2 of the scores: the score “" + "9" * 40 + "…” has more than 15 digits before the point or 30 after it.",
    ),
    "no score": (
        HEAD + "A,J,1\n\nB,J, ",
        "no_number",
        "Line 4 of the scores: the field score is empty: write a number, or leave the line out.",
    ),
    "a comma in a field": (
        HEAD + 'A,J,"3,5"',
        "decimal_comma",
        "Line 2 of the scores: the score “3,5” has a comma: write a point, or separate the columns by semicolons.",
    ),
    "two decimal signs": (
        "entry;judge;score\nA;J;3,5\nB;J;3.5",
        "mixed_decimals",
        "Line 3 of the scores: the score “3.5” has another decimal sign than those before: use one, "
        "and none for thousands.",
    ),
    "thousands": (
        "entry;judge;score\nA;J;1.000,5",
        "not_a_number",
        "Line 2 of the scores: the score “1.000,5” is not a number.",
    ),
    "no entry": (HEAD + ",J,1", "no_name", "Line 2 of the scores: the field entry is empty."),
    "no judge": (HEAD + "A,　,1", "no_name", "Line 2 of the scores: the field judge is empty."),
    "a line end in a name": (
        HEAD + '"A\nB",J,1',
        "control_character",
        "Line 3 of the scores: “A\ufffdB” holds an invisible or control character: no entry may.",
    ),
    "a right-to-left override": (
        HEAD + "A,J\u202e,1",
        "control_character",
        "Line 2 of the scores: “J\ufffd” holds an invisible or control character: no judge may.",
    ),
    "a long name": (
        HEAD + "A" * 1001 + ",J,1",
        "too_long",
        "Line 2 of the scores: a field has more than 1000 characters.",
    ),
    "a long number": (
        HEAD + "A,J," + "0" * 1001,
        "too_long",
        "Line 2 of the scores: a field has more than 1000 characters.",
    ),
    "an endless field": (
        HEAD + "A" * 200_000 + ",J,1",
        "bad_quotes",
        "Line 2 of the scores: a quotation mark is not closed, or stands within a field without being doubled.",
    ),
    "an open quotation mark": (
        HEAD + '"A,J,1\nB,J,2\n',
        "bad_quotes",
        "Line 3 of the scores: a quotation mark is not closed, or stands within a field without being doubled.",
    ),
    "too few fields": (HEAD + "A,J", "ragged", "Line 2 of the scores: 2 fields, where the header has 3."),
    "too many fields": (HEAD + "A,J,1,2", "ragged", "Line 2 of the scores: 4 fields, where the header has 3."),
    "twice": (
        HEAD + "B,J,1\nA,J,1\nB,K,1\nB,J,1\nA,J,1",
        "twice",
        "Line 5 of the scores: line 2 has a score of the same judge for the same entry already: take one of them out.",
    ),
    "a criterion twice": (
        "entry,judge,criterion,score\nA,J,x,1\nA,J,y,1\n A,J,x,1",
        "twice",
        "Line 4 of the scores: line 2 has a score of the same judge for the same entry and criterion already: take one of them out.",
    ),
    "a criterion on some lines": (
        "entry,judge,criterion,score\nA,J,x,1\nA,K,,1",
        "no_criterion",
        "Line 3 of the scores: the field criterion is empty, where other lines have one.",
    ),
    "no whole card": (
        "entry,judge,criterion,score\nA,J,x,1\nA,K,y,1",
        "no_complete_card",
        "No scorecard has all 2 criteria, so that none counts.",
    ),
    "a rank twice": (
        RANKS + "J,A,1\nJ,B,2\nJ,A,3",
        "twice",
        "Line 4 of the scores: line 2 has a rank of the same judge for the same entry already: take one of them out.",
    ),
    "rank 0": (RANKS + "J,A,0", "bad_rank", "Line 2 of the scores: the rank 0 is below 1, which is the best."),
    "a rank below 1": (
        RANKS + "J,A,.5",
        "bad_rank",
        "Line 2 of the scores: the rank .5 is below 1, which is the best.",
    ),
    "a rank in words": (RANKS + "J,A,1st", "not_a_number", "Line 2 of the scores: the rank “1st” is not a number."),
    "a count of nobody": (
        COUNTED + "J,A,1,0",
        "bad_count",
        "Line 2 of the scores: the count 0 is not a whole number from 1 to 1000000000.",
    ),
    "half a person": (
        COUNTED + "J,A,1,1.5",
        "bad_count",
        "Line 2 of the scores: the count 1.5 is not a whole number from 1 to 1000000000.",
    ),
    "no count": (
        COUNTED + "J,A,1,",
        "no_number",
        "Line 2 of the scores: the field count is empty: write a number, or leave the line out.",
    ),
    "counts that differ": (
        COUNTED + "J,A,1,2\nK,A,1,1\nJ,B,2,3",
        "counts_differ",
        "Line 4 of the scores: the count is not that of line 2, which is of the same ballot.",
    ),
    "against itself": (
        "winner,loser\nA,B\nA, A",
        "same_entry",
        "Line 3 of the scores: an entry cannot win against itself.",
    ),
    "a pair less than never": (
        PAIRS + "A,B,-1",
        "bad_count",
        "Line 2 of the scores: the count -1 is not a whole number from 1 to 1000000000.",
    ),
    "a judge on some lines": (
        "winner,loser,judge\nA,B,J\nB,A,",
        "no_name",
        "Line 3 of the scores: the field judge is empty, where other lines have one.",
    ),
}


@pytest.mark.parametrize("data, code, sentence", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_one_sentence(data: str | bytes, code: str, sentence: str) -> None:
    assert refusal(data) == (code, sentence)


WRONG_WEIGHTS: dict[str, tuple[str | bytes, str, str]] = {
    "nothing": ("", "empty_file", "The file of weights is empty."),
    "a header": (
        "criterion,weight",
        "no_rows",
        "The file of weights has a header, and no line beneath it.",
    ),
    "scores": (
        SCORES,
        "unknown_column",
        "The file of weights has unknown columns: “entry”, “judge”, “score”; wanted is criterion,weight[,points] "
        "(read as separated by commas).",
    ),
    "zero": (
        "criterion,weight\nIdea,1\nCraft,0.0",
        "not_above_zero",
        "Line 3 of the weights: the field weight is 0.0, which is not above 0.",
    ),
    "negative": (
        "criterion,weight\nIdea,-2\nCraft,1",
        "not_above_zero",
        "Line 2 of the weights: the field weight is -2, which is not above 0.",
    ),
    "not a number": (
        "criterion,weight\nIdea,nan",
        "not_a_number",
        "Line 2 of the weights: the weight “nan” is not a number.",
    ),
    "unknown": (
        WEIGHTS + "Cost,1",
        "unknown_criterion",
        "The weights name the criterion Cost, which no score has.",
    ),
    "missing": (
        "criterion,weight\nIdea,3",
        "no_weight",
        "The criterion Craft has no weight: each criterion of the scores needs one.",
    ),
    "twice": (WEIGHTS + " Idea,3", "weight_twice", "Line 4 of the weights: the criterion Idea has a weight already."),
    "no name": (WEIGHTS + ",3", "no_name", "Line 4 of the weights: the field criterion is empty."),
    "no points": (
        "criterion,weight,points\nIdea,3,\nCraft,1,5",
        "no_number",
        "Line 2 of the weights: the field points is empty: write a number, or leave the line out.",
    ),
    "points of zero": (
        "criterion,weight,points\nIdea,3,0\nCraft,1,5",
        "not_above_zero",
        "Line 2 of the weights: the field points is 0, which is not above 0.",
    ),
    "points exceeded": (
        "criterion,weight,points\nIdea,3,4\nCraft,1,4",
        "outside_scale",
        "Line 4 of the scores: the score 5 is outside the scale from 0 to 4.",
    ),
}


@pytest.mark.parametrize("weights, code, sentence", WRONG_WEIGHTS.values(), ids=WRONG_WEIGHTS)
def test_weights_are_refused_with_one_sentence(weights: str | bytes, code: str, sentence: str) -> None:
    assert refusal(SCORES, weights) == (code, sentence)


PIECES = [
    "entry",
    "judge",
    "score",
    "rank",
    "count",
    "winner",
    "loser",
    "criterion",
    *',;\t\n\r" .-+e0159',
    "A",
    "é",
    "\0",
]


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode()),
        st.tuples(
            st.sampled_from([HEAD, RANKS, COUNTED, PAIRS, "entry,judge,criterion,score\n"]),
            st.lists(st.sampled_from(PIECES), max_size=25),
        ).map(lambda parts: (parts[0] + "".join(parts[1])).encode()),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but a refusal with a sentence, whatever a file holds."""
    try:
        said = f"{read(data).n_scorecards} scorecards."
    except table.Unreadable as refused:
        said = str(refused)

    assert said.endswith(".") and "\n" not in said and said != "0 scorecards."


def test_names_may_hold_what_their_languages_need() -> None:
    names = ["नी\u200dया", "A\u00a0B", "青　井", "👩\u200d🎨", '5" "pipe', "=1+1", "{facts}"]
    text = HEAD + "".join('"' + name.replace('"', '""') + '",J,1\n' for name in names)

    assert scores(text).entries == tuple(sorted(names))


def test_weights_need_criteria() -> None:
    assert refusal(HEAD + "A,J,1", WEIGHTS) == ("no_criteria", "Weights are given, but the scores have no criterion.")
    assert refusal(RANKS + "J,A,1", WEIGHTS) == (
        "no_scores_to_weigh",
        "Weights and a scale are for scores, and this file has rankings.",
    )


def test_the_scale_holds_its_ends_and_no_more() -> None:
    scale = Fraction(1, 2), Fraction(5)

    assert len(scores(HEAD + "A,J,0.5\nB,J,5.0", scale=scale)) == 2
    assert refusal(HEAD + "A,J,5\nB,J,0.49", scale=scale) == (
        "outside_scale",
        "Line 3 of the scores: the score 0.49 is outside the scale from 1/2 to 5.",
    )
    assert refusal(HEAD + "A,J,5\nB,J,5.01", scale=scale)[0] == "outside_scale"


def test_a_file_of_too_many_rows_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 3)

    assert len(scores(HEAD + "A,J,1\nB,J,1\nC,J,1\n")) == 3
    assert refusal(HEAD + "A,J,1\nB,J,1\nC,J,1\nD,J,") == (
        "too_many_rows",
        "Line 5 of the scores: more than 3 rows are too many.",
    )


def test_a_number_of_any_float_is_exact() -> None:
    """As Python, R and a spreadsheet print them: up to 17 digits, with zeros and exponents before them."""
    texts = ["0.30000000000000004", "1.2345678901234567e-05", "-3.3333333333333335", "999999999999999", "1E+14"]

    found = scores(HEAD + "".join(f"E{number},J,{text}\n" for number, text in enumerate(texts)))

    assert list(exact(found).values()) == [Fraction(text) for text in texts]


def test_a_million_rows() -> None:
    """In whole, and in no more memory than a few numbers a row."""
    rows = [
        f"E{card // 10:05d},J{card % 10 + card // 10 % 290},{criterion},{(card * 7 + place) % 10 + 1}\n"
        for card in range(250_000)
        for place, criterion in enumerate(("Idea", "Craft", "Use", "Care"))
    ]
    data = ("entry,judge,criterion,score\n" + "".join(rows)).encode()
    assert len(rows) == 1_000_000
    del rows

    found = read(data)

    assert (found.n_entries, found.n_judges, found.n_scorecards) == (25_000, 299, 250_000)
    assert isinstance(found.value, Cards)
    # Card 0: 1, 2, 3 and 4.
    assert found.value.score(0) == Fraction(5, 2)


def test_memory_is_a_few_numbers_a_row() -> None:
    rows = 20_000
    data = (HEAD + "".join(f"E{row // 10:05d},J{row % 10},{row % 7}\n" for row in range(rows))).encode()

    tracemalloc.start()
    found: Input = read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found.n_scorecards == rows
    # The text of the file, ten lists of numbers, and the numbers.
    assert peak < rows * 400


def test_a_header_longer_than_a_field_may_be_has_unknown_columns() -> None:
    header = ",".join(f"c{number}" for number in range(30_000))

    with pytest.raises(table.Unreadable) as refused:
        read(f"{header}\n1\n".encode())

    assert refused.value.code == "unknown_columns"
