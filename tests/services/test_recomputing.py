"""The files and the command line with which anybody computes a tally again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Denied
from contest.models import (
    Account,
    AuditEvent,
    Contest,
    Entry,
    Scorecard,
    Standing,
    Tally,
)
from contest.scoring import checking, methods
from contest.scoring.cards import Cards
from contest.scoring.digest import sha256
from contest.scoring.reading import read
from contest.services import analysis, exports, judging, snapshots
from contest.vocabulary import Role
from tests.factories import Make
from tests.services.scored import analyse, close_and_tally, judged_contest, scattered, score

Judged = tuple[Contest, Account, list[Account]]


@pytest.fixture
def judged(make: Make) -> Judged:
    return judged_contest(make)


def differences(session: Session, contest: Contest, made: Tally, scores: bytes, weights: bytes) -> list[str]:
    """What `contest verify` finds between a publication of the tally and the files."""
    packed = exports.pack(scores, weights)
    named = {"sha256": hashlib.sha256(packed).hexdigest(), "bytes": len(packed), "command": exports.command(made)}
    frozen = snapshots.snapshot(session, contest, contest.round, made, named)
    digest = sha256(frozen)
    return checking.differences({"digest": digest, "snapshot": frozen}, digest, packed)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("mean", {}),
        ("mean", {"min-judges": "3", "ties": "criterion:fit,top,head"}),
        ("trimmed", {"trim": "0.25"}),
        ("additive", {}),
        ("borda", {}),
    ],
)
def test_the_files_give_anybody_the_same_ranking(
    session: Session, make: Make, judged: Judged, method: str, options: dict[str, str]
) -> None:
    contest, organiser, judges = judged
    entries = scattered(make, contest, judges, entries=14)
    score(make, contest, {0: [3, 3, 3], 1: [2, 2, 2]}, judges)
    contest.round.method, contest.round.method_options = method, options
    made = close_and_tally(session, make, contest)

    scores, weights = exports.export_scores(session, make.actor(organiser), contest.slug)

    given = read(scores, weights=weights)
    assert isinstance(given.value, Cards)
    result = methods.method(method).run(given.value, methods.method(method).parsed(options))
    rows = session.execute(
        select(Entry.number, Standing).join(Entry, Entry.id == Standing.entry_id).where(Standing.tally_id == made.id)
    ).all()
    assert len(rows) == len(entries) + 1
    stored = {f"C-{number:04d}": row for number, row in rows}
    assert {row.entry: (row.rank, 1 + len(row.tied_with)) for row in result.entries} == {
        entry: (row.rank, row.tied) for entry, row in stored.items()
    }
    for row in result.entries:
        standing = stored[row.entry]
        if method == "mean":
            assert row.score == Fraction(standing.numerator or 0, standing.denominator or 1)
        else:
            assert row.score == pytest.approx(standing.score, abs=1e-12)
        assert row.extra.get("tie_rule") == standing.tie_rule
    assert differences(session, contest, made, scores, weights) == []
    words = shlex.split(exports.command(made))
    assert words[:5] == ["contest", "tally", "SCORES.csv", "--weights", "W.csv"]
    assert words[5:] == ([] if method == "mean" else ["--method", method]) + [
        word for name, value in sorted(options.items()) for word in ("--option", f"{name}={value}")
    ]


def test_the_command_line_that_is_told_prints_the_stored_standings(
    session: Session, make: Make, judged: Judged, tmp_path: Path
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=14)
    contest.round.method, contest.round.method_options = "zscore", {"min-n": "3", "min-judges": "2"}
    made = close_and_tally(session, make, contest)
    for name, body in zip(
        ("SCORES.csv", "W.csv"), exports.export_scores(session, make.actor(organiser), contest.slug), strict=True
    ):
        (tmp_path / name).write_bytes(body)

    ended = subprocess.run(
        [sys.executable, "-m", "contest.cli", *shlex.split(exports.command(made))[1:], "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
    )

    told = json.loads(ended.stdout)
    rows = session.execute(
        select(Entry.number, Standing).join(Entry, Entry.id == Standing.entry_id).where(Standing.tally_id == made.id)
    ).all()
    assert {row["entry"]: (row["rank"], row["score"]) for row in told["entries"]} == {
        f"C-{number:04d}": (row.rank, pytest.approx(row.score, abs=1e-12)) for number, row in rows
    }
    assert (told["n_entries"], told["n_judges"], told["n_scorecards"]) == (14, 4, made.n_scorecards)


def test_the_files_give_anybody_the_same_intervals(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=14)
    made = close_and_tally(session, make, contest)
    found = analyse(session, made)
    assert found is not None

    scores, weights = exports.export_scores(session, make.actor(organiser), contest.slug)

    given = read(scores, weights=weights).value
    assert isinstance(given, Cards)
    wanted = {name: str(found.model[name]) for name in ("draws", "seed", "level", "top")}
    method = methods.method("additive")
    told = {row.entry: dict(row.extra) for row in method.run(given, method.parsed(wanted)).entries}
    assert told == {
        f"C-{row.number:04d}": {
            "rank_low": row.rank_low,
            "rank_high": row.rank_high,
            "p_first": row.p_first,
            "p_top": row.p_top,
        }
        for row in analysis.view(session, make.actor(organiser), contest.slug).rows
    }


def test_the_files_hold_what_was_counted_and_nobodys_name(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    entries = scattered(make, contest, judges, entries=5)
    make.scorecard(make.assignment(entries[0], make.member(contest, Role.JUDGE)), [1, 1, 1], state="draft")
    made = close_and_tally(session, make, contest)
    actor = make.actor(organiser)

    scores, weights = exports.export_scores(session, actor, contest.slug)

    rows = list(csv.DictReader(io.StringIO(scores.decode())))
    assert weights == b"criterion,weight,points\nclarity,500,5\nfit,300,5\ncraft,200,5\n"
    assert len(rows) == 5 * 3 * 3
    assert {row["entry"] for row in rows} == {f"C-{entry.number:04d}" for entry in entries}
    assert {row["judge"] for row in rows} == {"J1", "J2", "J3", "J4"}
    # One pseudonym is one judge: each has the levels of one account, whole.
    accounts: dict[Any, dict[tuple[str, str], str]] = {}
    for card in session.scalars(select(Scorecard).where(Scorecard.state == "submitted")):
        number = session.get_one(Entry, card.entry_id).number
        keys = {criterion.id: criterion.key for criterion in contest.round.criteria}
        accounts.setdefault(card.judge_id, {}).update(
            {(f"C-{number:04d}", keys[mark.criterion_id]): str(mark.points) for mark in card.scores}
        )
    told: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows:
        told.setdefault(row["judge"], {})[row["entry"], row["criterion"]] = row["score"]
    assert sorted(map(repr, map(sorted, (one.items() for one in told.values())))) == sorted(
        map(repr, map(sorted, (one.items() for one in accounts.values())))
    )
    assert exports.export_scores(session, actor, contest.slug) == (scores, weights)
    events = session.scalars(select(AuditEvent).where(AuditEvent.act == "scores.exported")).all()
    assert [(event.actor_id, event.contest_id, event.facts) for event in events] == [
        (organiser.id, contest.id, {"tally": made.number})
    ] * 2


def test_no_files_of_scores_that_are_not_those_of_the_tally(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=3)
    close_and_tally(session, make, contest)
    card = session.scalars(select(Scorecard).limit(1)).one()
    mark = card.scores[0]
    mark.points = 6 - mark.points if mark.points != 3 else 4
    session.flush()

    with pytest.raises(Denied, match="scores_changed"):
        exports.export_scores(session, make.actor(organiser), contest.slug)


@pytest.mark.parametrize("options", [{}, {"ties": "top"}])
def test_no_files_of_other_scores_with_the_same_sums(
    session: Session, make: Make, judged: Judged, options: dict[str, str]
) -> None:
    contest, organiser, judges = judged
    score(make, contest, {0: [3, 3, 3], 1: [2, 2, 2]}, judges)
    contest.round.method_options = options
    made = close_and_tally(session, make, contest)
    assert exports.export_scores(session, make.actor(organiser), contest.slug)
    judging.reopen_round(session, make.actor(organiser), contest.slug)
    # Two judges change their minds against each other: the entry's mean is what it was.
    one, other = session.scalars(select(Scorecard))
    for mark, before in zip(one.scores, other.scores, strict=True):
        mark.points, before.points = before.points, mark.points
    one.total, other.total = other.total, one.total
    session.flush()

    with pytest.raises(Denied, match="scores_changed"):
        exports.export_scores(session, make.actor(organiser), contest.slug)
    assert analyse(session, made) is None


def test_a_decision_about_entries_that_the_files_lack_is_told_without_them(
    session: Session, make: Make, judged: Judged
) -> None:
    contest, organiser, judges = judged
    one, other = (score(make, contest, {0: [3, 3, 3], 1: [2, 2, 2]}, judges) for _ in range(2))
    unjudged = make.entry(contest)
    names = [f"C-{entry.number:04d}" for entry in (other, unjudged, one)]
    rules = {"ties": "top,decision:" + ">".join(names)}
    contest.round.method_options = rules
    made = close_and_tally(session, make, contest)

    scores, weights = exports.export_scores(session, make.actor(organiser), contest.slug)

    assert differences(session, contest, made, scores, weights) == []
    words = shlex.split(exports.command(made))
    assert words[-2:] == ["--option", f"ties=top,decision:{names[0]}>{names[2]}"]
    mean = methods.method("mean")
    result = mean.run(read(scores, weights=weights).value, mean.parsed({"ties": words[-1].removeprefix("ties=")}))
    stored = session.execute(select(Standing.entry_id, Standing.rank).where(Standing.tally_id == made.id))
    ranks = {str(entry): rank for entry, rank in stored}
    assert [(row.entry, row.rank) for row in result.entries] == [(names[0], 1), (names[2], 2)]
    assert (ranks[str(other.id)], ranks[str(one.id)], ranks[str(unjudged.id)]) == (1, 2, None)
