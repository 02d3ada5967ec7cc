"""Files that anyone can write → the values that methods take: scorecards, rankings or pairs, from CSV.

    entry,judge[,criterion],score        scorecards; one line for each score
    judge,entry,rank[,count]             rankings; an empty rank: seen, but not ranked; `count` people voted alike
    winner,loser[,judge][,count]         pairs: `count` times the first was preferred to the second
    criterion,weight[,points]            weights of the criteria; `points` is the highest score of the criterion

The columns tell which it is. With `points` a score counts as the share of them (4 of 5 is 0.8), as in a rubric;
without, as it is. A card's score is Σ weight × score / Σ weight, exact, in integers with a common unit; without
weights all criteria weigh the same. A card that lacks a criterion is excluded as "incomplete", and is no zero.
Only the order of ranks counts: gaps are closed, equal ranks are equals.

Everything else is refused with the line and one sentence: nothing is guessed, dropped or filled in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from contest.scoring import canonical
from contest.scoring.cards import Ballot, Ballots, Cards, Excluded, Pairs
from contest.scoring.table import Names, Numbers, Table, Unreadable, Wrong, order, shown

#: The columns of each kind of file: those that it must have, those that it may have, and both in a sentence.
COLUMNS: Mapping[str, tuple[Sequence[str], Sequence[str], str]] = {
    "scores": (("entry", "judge", "score"), ("criterion",), "entry,judge[,criterion],score"),
    "rankings": (("judge", "entry", "rank"), ("count",), "judge,entry,rank[,count]"),
    "pairs": (("winner", "loser"), ("judge", "count"), "winner,loser[,judge][,count]"),
    "weights": (("criterion", "weight"), ("points",), "criterion,weight[,points]"),
}
#: People who voted alike, in one line.
MOST_COUNT = 10**9

Kind = Literal["scores", "rankings", "pairs"]


@dataclass(frozen=True)
class Input:
    """What was read, and what it is called: the digest of its values and how much there is."""

    kind: Kind
    value: Cards | Ballots | Pairs
    input_sha256: str
    #: All names in the file, whether or not a card of theirs counts.
    n_entries: int
    n_judges: int
    #: Cards that count; ballots; comparisons.
    n_scorecards: int
    #: Neither UTF-8 nor UTF-16, so that it was read as cp932: names may look wrong.
    guessed: bool = False


@dataclass(frozen=True)
class _Rubric:
    """The criteria in the order of the file: exact weight and highest score of each."""

    weights: Mapping[str, Fraction]
    points: Mapping[str, Fraction]
    lines: Sequence[str]

    def check(self, criteria: Iterable[str]) -> None:
        found = set(criteria)
        if unknown := sorted(set(self.weights) - found):
            raise Unreadable(
                "unknown_criterion",
                "The weights name the criterion {criterion}, which no score has.",
                criterion=unknown[0],
            )
        if missing := sorted(found - set(self.weights)):
            raise Unreadable(
                "no_weight",
                "The criterion {criterion} has no weight: each criterion of the scores needs one.",
                criterion=missing[0],
            )


def read(data: bytes, *, weights: bytes | None = None, scale: tuple[Fraction, Fraction] | None = None) -> Input:
    """The values in a file. `scale` is the least and the highest score that may be. Raises Unreadable."""
    table = Table(data, "scores")
    kind = _kind(table)
    table.require(*COLUMNS[kind])
    if kind != "scores":
        if weights is not None or scale is not None:
            raise Unreadable(
                "no_scores_to_weigh", "Weights and a scale are for scores, and this file has {kind}.", kind=kind
            )
        return _rankings(table) if kind == "rankings" else _pairs(table)
    return _scores(table, None if weights is None else _weights(Table(weights, "weights")), scale)


def _kind(table: Table) -> Kind:
    columns = set(table.columns)
    if "score" in columns:
        return "scores"
    if "rank" in columns:
        return "rankings"
    if columns & {"winner", "loser"}:
        return "pairs"
    raise Unreadable(
        "unknown_columns",
        "The columns {columns} are none of those that can be read: {wanted}.",
        columns=", ".join(map(shown, table.columns[:9])),
        wanted=", or ".join(COLUMNS[kind][2] for kind in ("scores", "rankings", "pairs")),
    )


def _comma(table: Table) -> bool:
    return table.delimiter == ";"


# Scores


def _weights(table: Table) -> _Rubric:
    table.require(*COLUMNS["weights"])
    has_points = "points" in table.columns
    names, texts = Names("criterion"), {key: Numbers(key, comma=_comma(table)) for key in ("weight", "points")}
    read: dict[int, tuple[int, ...]] = {}
    with table.located():
        columns = ("criterion", "weight", "points") if has_points else ("criterion", "weight")
        for name, *numbers in table.rows(columns):
            if (criterion := names[name]) in read:
                raise Wrong("weight_twice", "the criterion {criterion} has a weight already.", criterion=name.strip())
            read[criterion] = tuple(texts[key][text] for key, text in zip(columns[1:], numbers, strict=True))
            for key, text, number in zip(columns[1:], numbers, read[criterion], strict=True):
                if texts[key].digits[number] <= 0:
                    raise Wrong(
                        "not_above_zero",
                        "the field {column} is {value}, which is not above 0.",
                        column=key,
                        value=text.strip(),
                    )
    values = {key: _fractions(one) for key, one in texts.items()}
    written = {key: one.texts() for key, one in texts.items()}
    lines = [
        f"weight\t{name}\t{written['weight'][found[0]]}\t{written['points'][found[1]] if has_points else ''}\n"
        for name, found in sorted(zip(names.numbers, read.values(), strict=True))
    ]
    return _Rubric(
        {name: values["weight"][found[0]] for name, found in zip(names.numbers, read.values(), strict=True)},
        {name: values["points"][found[1]] for name, found in zip(names.numbers, read.values(), strict=True)}
        if has_points
        else {},
        lines,
    )


def _fractions(numbers: Numbers) -> list[Fraction]:
    scaled, unit = numbers.scaled()
    return [Fraction(value, unit) for value in scaled]


class _Scores(Numbers):
    """Scores, each checked against the scale when it is met first."""

    def __init__(self, scale: tuple[Fraction, Fraction] | None, *, comma: bool) -> None:
        super().__init__("score", comma=comma)
        self._scale = scale

    def __missing__(self, text: str) -> int:
        number = super().__missing__(text)
        if self._scale is not None:
            within(Fraction(self.digits[number], 10 ** self.places[number]), self._scale, text)
        return number


def within(value: Fraction, scale: tuple[Fraction, Fraction], text: str) -> None:
    """Raise Wrong for a score outside its scale."""
    if not scale[0] <= value <= scale[1]:
        raise Wrong(
            "outside_scale",
            "the score {value} is outside the scale from {least} to {most}.",
            value=text.strip(),
            least=str(scale[0]),
            most=str(scale[1]),
        )


def _scores(table: Table, rubric: _Rubric | None, scale: tuple[Fraction, Fraction] | None) -> Input:
    entries, judges, criteria = Names("entry"), Names("judge"), Names("criterion", optional=True)
    numbers = _Scores(scale, comma=_comma(table))
    of_entry: list[int] = []
    of_judge: list[int] = []
    of_criterion: list[int] = []
    values: list[int] = []
    lines: list[int] = []
    with table.located():
        if "criterion" in table.columns:
            for entry, judge, criterion, score in table.rows(("entry", "judge", "criterion", "score")):
                of_entry.append(entries[entry])
                of_judge.append(judges[judge])
                of_criterion.append(criteria[criterion])
                values.append(numbers[score])
                lines.append(table.line)
        else:
            for entry, judge, score in table.rows(("entry", "judge", "score")):
                of_entry.append(entries[entry])
                of_judge.append(judges[judge])
                values.append(numbers[score])
                lines.append(table.line)
            of_criterion = [criteria[""]] * len(values)
    if "" in criteria.numbers and len(criteria.numbers) > 1:
        empty = lines[of_criterion.index(criteria.numbers[""])]
        raise table.refused(Wrong("no_criterion", "the field criterion is empty, where other lines have one."), empty)
    if rubric is not None:
        if "" in criteria.numbers:
            raise Unreadable("no_criteria", "Weights are given, but the scores have no criterion.")
        rubric.check(criteria.numbers)
        _within_points(table, rubric, criteria, numbers, of_criterion, values, lines)

    entry_names, entry_place = order(entries.numbers)
    judge_names, judge_place = order(judges.numbers)
    criterion_names, criterion_place = order(criteria.numbers)
    n_judges, n_criteria = len(judge_names), len(criterion_names)
    keys = [
        (entry_place[entry] * n_judges + judge_place[judge]) * n_criteria + criterion_place[criterion]
        for entry, judge, criterion in zip(of_entry, of_judge, of_criterion, strict=True)
    ]
    del of_entry, of_judge, of_criterion
    rows = sorted(range(len(keys)), key=keys.__getitem__)
    what = "a score of the same judge for the same entry"
    _once(table, keys, rows, lines, what if n_criteria == 1 else f"{what} and criterion")
    # From here on by entry, judge, criterion.
    keys, values = [keys[row] for row in rows], [values[row] for row in rows]
    del rows, lines

    texts = numbers.texts()

    def canonical_lines() -> Iterator[str]:
        for key, value in zip(keys, values, strict=True):
            card = key // n_criteria
            entry, judge = entry_names[card // n_judges], judge_names[card % n_judges]
            yield f"score\t{entry}\t{judge}\t{criterion_names[key % n_criteria]}\t{texts[value]}\n"

    digest = canonical.sha256(canonical_lines(), rubric.lines if rubric else ())
    scaled, unit = numbers.scaled()
    found = _cards(
        tuple(entry_names), tuple(judge_names), criterion_names, rubric, keys, [scaled[value] for value in values], unit
    )
    return Input("scores", found, digest, len(entry_names), n_judges, len(found), table.guessed)


def _within_points(
    table: Table,
    rubric: _Rubric,
    criteria: Names,
    numbers: Numbers,
    of_criterion: Sequence[int],
    values: Sequence[int],
    lines: Sequence[int],
) -> None:
    """Raise Unreadable for the first score that its criterion's points do not allow."""
    if not rubric.points:
        return
    exact, texts = _fractions(numbers), numbers.texts()
    points = {number: rubric.points[name] for name, number in criteria.numbers.items()}
    bad = {
        (criterion, value)
        for criterion, value in set(zip(of_criterion, values, strict=True))
        if not 0 <= exact[value] <= points[criterion]
    }
    if bad:
        row = next(row for row, pair in enumerate(zip(of_criterion, values, strict=True)) if pair in bad)
        try:
            within(exact[values[row]], (Fraction(0), points[of_criterion[row]]), texts[values[row]])
        except Wrong as wrong:
            raise table.refused(wrong, lines[row]) from None


def _once(table: Table, keys: Sequence[int], rows: Sequence[int], lines: Sequence[int], what: str) -> None:
    """Raise Unreadable if two rows have the same key: for the first line that repeats an earlier one."""
    again = [(lines[row], lines[before]) for before, row in pairwise(rows) if keys[row] == keys[before]]
    if again:
        line, first = min(again)
        raise table.refused(
            Wrong("twice", "line {first} has {thing} already: take one of them out.", first=first, thing=what), line
        )


def _cards(
    entries: tuple[str, ...],
    judges: tuple[str, ...],
    criteria: Sequence[str],
    rubric: _Rubric | None,
    keys: Sequence[int],
    scores: Sequence[int],
    unit: int,
) -> Cards:
    """Scorecards from scores × unit, sorted by their keys: the places of entry, judge and criterion in one number."""
    weights = [rubric.weights[name] if rubric else Fraction(1) for name in criteria]
    points = [rubric.points[name] if rubric and rubric.points else Fraction(1) for name in criteria]
    whole = sum(weights)
    shares = [weight / most / whole for weight, most in zip(weights, points, strict=True)]
    # What a criterion's score is multiplied by, as integers with one denominator.
    common = math.lcm(*(share.denominator for share in shares))
    factors = [int(share * common) for share in shares]

    width = len(criteria)
    starts, excluded = [], []
    start = 0
    while start < len(keys):
        card, end = keys[start] // width, start + width
        # No key stands twice: as many of one card as there are criteria are all of them.
        if end <= len(keys) and keys[end - 1] // width == card:
            starts.append(start)
            start = end
        else:
            excluded.append(Excluded(entries[card // len(judges)], judges[card % len(judges)], "incomplete"))
            while start < len(keys) and keys[start] // width == card:
                start += 1
    if not starts:
        raise Unreadable(
            "no_complete_card", "No scorecard has all {count} criteria, so that none counts.", count=len(criteria)
        )
    marks = [[scores[start + number] for start in starts] for number in range(width)]
    totals = [sum(map(int.__mul__, factors, card)) for card in zip(*marks, strict=True)]
    # Small integers are fast ones.
    shrink = math.gcd(unit * common, *totals)
    by_criterion = dict(zip(criteria, marks, strict=True))
    each = width * len(judges)
    return Cards(
        entries,
        judges,
        [keys[start] // each for start in starts],
        [keys[start] // width % len(judges) for start in starts],
        [total // shrink for total in totals],
        unit * common // shrink,
        tuple(excluded),
        {name: by_criterion[name] for name in (rubric.weights if rubric else criteria) if name},
        unit,
    )


# Rankings and pairs


class _Counts(Numbers):
    """Whole numbers from 1 to MOST_COUNT."""

    def __init__(self, *, comma: bool) -> None:
        super().__init__("count", comma=comma)

    def __missing__(self, text: str) -> int:
        number = super().__missing__(text)
        if self.places[number] or not 1 <= self.digits[number] <= MOST_COUNT:
            raise Wrong(
                "bad_count",
                "the count {value} is not a whole number from 1 to {most}.",
                value=text.strip(),
                most=MOST_COUNT,
            )
        return number


class _Ranks(Numbers):
    """Places from 1, which may lie between two whole numbers."""

    def __init__(self, *, comma: bool) -> None:
        super().__init__("rank", comma=comma)
        #: What an empty cell is.
        self[""] = -1

    def __missing__(self, text: str) -> int:
        if not text.strip():
            return -1
        number = super().__missing__(text)
        if self.digits[number] < 10 ** self.places[number]:
            raise Wrong("bad_rank", "the rank {value} is below 1, which is the best.", value=text.strip())
        return number


def _rankings(table: Table) -> Input:
    entries, judges = Names("entry"), Names("judge")
    ranks, counts = _Ranks(comma=_comma(table)), _Counts(comma=_comma(table))
    of_judge: list[int] = []
    of_entry: list[int] = []
    values: list[int] = []
    lines: list[int] = []
    #: For each judge the count, and the line that gave it.
    votes: list[tuple[int, int]] = []
    columns = ("judge", "entry", "rank", "count") if "count" in table.columns else ("judge", "entry", "rank")
    with table.located():
        for judge, entry, rank, *more in table.rows(columns):
            voter = judges[judge]
            count = counts.digits[counts[more[0]]] if more else 1
            if voter == len(votes):
                votes.append((count, table.line))
            elif votes[voter][0] != count:
                raise Wrong(
                    "counts_differ",
                    "the count is not that of line {first}, which is of the same ballot.",
                    first=votes[voter][1],
                )
            of_judge.append(voter)
            of_entry.append(entries[entry])
            values.append(ranks[rank])
            lines.append(table.line)

    entry_names, entry_place = order(entries.numbers)
    judge_names, judge_place = order(judges.numbers)
    n_entries = len(entry_names)
    keys = [
        judge_place[judge] * n_entries + entry_place[entry] for judge, entry in zip(of_judge, of_entry, strict=True)
    ]
    rows = sorted(range(len(keys)), key=keys.__getitem__)
    _once(table, keys, rows, lines, "a rank of the same judge for the same entry")

    # Number -1, an empty cell, is the last.
    texts = [*ranks.texts(), ""]
    # In the order of the sorted names: how many voted so.
    people = [1] * len(judge_names)
    for voter, (count, _) in enumerate(votes):
        people[judge_place[voter]] = count

    def canonical_lines() -> Iterator[str]:
        for row in rows:
            judge, entry = divmod(keys[row], n_entries)
            yield f"rank\t{judge_names[judge]}\t{entry_names[entry]}\t{texts[values[row]]}\t{people[judge]}\n"

    digest = canonical.sha256(canonical_lines())
    scaled, _ = ranks.scaled()
    #: Of each judge: rank → entries, and what was not ranked.
    groups: list[dict[int, list[int]]] = [{} for _ in judge_names]
    unranked: list[list[int]] = [[] for _ in judge_names]
    for row in rows:
        voter, place = divmod(keys[row], n_entries)
        if values[row] < 0:
            unranked[voter].append(place)
        else:
            groups[voter].setdefault(scaled[values[row]], []).append(place)
    ballots = tuple(
        Ballot(tuple(tuple(ranked[rank]) for rank in sorted(ranked)), tuple(rest), count, name)
        for name, ranked, rest, count in zip(judge_names, groups, unranked, people, strict=True)
    )
    found = Ballots(tuple(entry_names), ballots)
    return Input("rankings", found, digest, n_entries, found.judges, found.judges, table.guessed)


def _pairs(table: Table) -> Input:
    entries, judges = Names("entry"), Names("judge", optional=True)
    counts = _Counts(comma=_comma(table))
    optional = [name for name in ("judge", "count") if name in table.columns]
    sums: dict[tuple[int, int, int], int] = {}
    nobody: list[int] = []
    with table.located():
        for cells in table.rows(("winner", "loser", *optional)):
            more = dict(zip(optional, cells[2:], strict=True))
            winner, loser = entries[cells[0]], entries[cells[1]]
            if winner == loser:
                raise Wrong("same_entry", "an entry cannot win against itself.")
            judge = judges[more.get("judge", "")]
            count = counts.digits[counts[more.get("count", "1")]]
            sums[winner, loser, judge] = sums.get((winner, loser, judge), 0) + count
            if not nobody and judge == judges.numbers.get(""):
                nobody.append(table.line)
    if "" in judges.numbers and len(judges.numbers) > 1:
        raise table.refused(
            Wrong("no_name", "the field {column} is empty, where other lines have one.", column="judge"), *nobody
        )

    entry_names, entry_place = order(entries.numbers)
    judge_names, judge_place = order(judges.numbers)
    rows = sorted(
        (entry_place[winner], entry_place[loser], judge_place[judge], count)
        for (winner, loser, judge), count in sums.items()
    )
    digest = canonical.sha256(
        f"pair\t{entry_names[winner]}\t{entry_names[loser]}\t{judge_names[judge]}\t{count}\n"
        for winner, loser, judge, count in rows
    )
    named = tuple(name for name in judge_names if name)
    found = Pairs(
        tuple(entry_names),
        [winner for winner, _, _, _ in rows],
        [loser for _, loser, _, _ in rows],
        [count for *_, count in rows],
        named,
        # Either every line names its judge or none does.
        [judge for _, _, judge, _ in rows] if named else (),
    )
    return Input("pairs", found, digest, len(entry_names), len(named), sum(found.count), table.guessed)
