"""The analysis of a tally: made once beside the result, seen by organisers, and recomputed by anybody."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.db import Database
from contest.errors import Denied, NotFound
from contest.models import (
    Account,
    AnalysedEntry,
    Analysis,
    Contest,
    Entry,
    OutboxItem,
    Scorecard,
    Standing,
    Tally,
)
from contest.outbox import QueueServer
from contest.scoring import ENGINE_VERSION, methods
from contest.scoring.agreement import agreement
from contest.services import analysis, counting, exports, judging, listing, results
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make
from tests.services.scored import analyse, close_and_tally, judged_contest, scattered, score, unlinked

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
Judged = tuple[Contest, Account, list[Account]]


@pytest.fixture
def judged(make: Make) -> Judged:
    return judged_contest(make)


def entries_of(session: Session, made: Tally) -> dict[str, AnalysedEntry]:
    rows = session.scalars(select(AnalysedEntry).where(AnalysedEntry.tally_id == made.id))
    return {str(row.entry_id): row for row in rows}


# Made by the job ----------------------------------------------------------------------------------


def test_an_analysis_stores_what_the_engine_says(session: Session, make: Make, judged: Judged) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges)
    nobody = make.entry(contest, files=0)
    made = close_and_tally(session, make, contest)

    found = analyse(session, made)

    assert found is not None
    cards = counting.cards_of(session, contest.round)
    seed = int(made.input_digest[:8], 16)
    # Three prizes: one first, two second.
    expected = methods.method("additive").run(cards, {"draws": 1000, "seed": seed, "top": 3})
    raw = {row.entry: row.se for row in methods.method("mean").run(cards).entries}
    rows = entries_of(session, made)
    assert {
        entry: (
            row.raw_se,
            row.adjusted,
            row.se,
            row.adjusted_rank,
            row.rank_low,
            row.rank_high,
            row.p_first,
            row.p_top,
        )
        for entry, row in rows.items()
    } == {
        row.entry: (
            raw[row.entry],
            row.score,
            row.se,
            row.rank,
            *(row.extra.get(name) for name in ("rank_low", "rank_high", "p_first", "p_top")),
        )
        for row in expected.entries
    }
    ranked = [row for row in rows.values() if row.adjusted_rank is not None]
    assert len(ranked) == 12
    assert all((row.tied_low or 0) <= (row.adjusted_rank or 0) <= (row.tied_high or 0) for row in ranked)
    assert rows[str(nobody.id)].tied_low is None
    assert {row["judge"]: (row["severity"], row["se"], row["n"]) for row in found.judges} == {
        row.judge: (row.severity, row.se, row.n) for row in expected.judges
    }
    assert found.agreement == json.loads(json.dumps(agreement(cards, draws=200, seed=seed).as_json()))
    assert found.model == {**dict(expected.model), "draws": 1000, "seed": seed, "level": 0.95, "top": 3}
    assert (found.refused, found.engine_version) == (None, ENGINE_VERSION)


def test_a_second_run_replaces_nothing(session: Session, make: Make, judged: Judged) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=5)
    made = close_and_tally(session, make, contest)
    first = analyse(session, made)
    assert first is not None
    when, before = first.created_at, len(entries_of(session, made))

    second = analyse(session, made)

    assert second is not None
    assert (second.created_at, len(entries_of(session, made)), before) == (when, 5, 5)


def test_two_workers_at_once_store_one_analysis(
    session: Session, make: Make, judged: Judged, database: Database
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=5)
    made = close_and_tally(session, make, contest)
    session.commit()

    @contextmanager
    def overtaken() -> Iterator[Session]:
        # The other worker comes to its end between our reading and our storing.
        analysis.analyse(database.unit_of_work, database.unit_of_work, made.id)
        with database.unit_of_work() as own:
            yield own

    analysis.analyse(database.unit_of_work, overtaken, made.id)

    assert len(entries_of(session, made)) == 5
    assert len(session.scalars(select(Analysis)).all()) == 1


def test_what_is_cut_short_leaves_nothing_and_is_done_by_the_next(
    session: Session, make: Make, judged: Judged, database: Database
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=5)
    made = close_and_tally(session, make, contest)
    session.commit()

    @contextmanager
    def killed() -> Iterator[Session]:
        with database.unit_of_work() as own:
            yield own
            own.flush()
            raise ConnectionError("the worker is gone")

    with pytest.raises(ConnectionError):
        analysis.analyse(database.unit_of_work, killed, made.id)
    assert session.scalars(select(AnalysedEntry)).all() == []

    analysis.analyse(database.unit_of_work, database.unit_of_work, made.id)

    assert len(entries_of(session, made)) == 5


def test_without_a_queue_the_work_stays_owed_and_is_owed_once(
    session: Session, make: Make, judged: Judged, database: Database, settings: Settings, run_jobs: Any
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    session.commit()
    away = QueueServer("redis://127.0.0.1:1/0")
    with outbox.unit_of_work(database, away) as own:
        judging.close_round(own, make.actor(organiser), contest.slug)
    session.commit()
    with outbox.unit_of_work(database, away) as own:
        assert results.make_tally(own, contest.round.id, organiser.id) is not None
    with outbox.unit_of_work(database, away) as own:
        results.make_tally(own, contest.round.id, organiser.id)
    owed = session.scalars(select(OutboxItem).where(OutboxItem.job == "analyse_tally")).one()
    assert owed.done_at is None

    assert set(run_jobs()) == {"make_tally", "analyse_tally"}

    session.expire_all()
    made = results.latest_tally(session, contest.round.id)
    assert made is not None
    assert session.get(Analysis, made.id) is not None
    assert jobs.perform(owed.id, settings) == "not wanted"


def test_a_job_that_fails_for_good_says_so_and_the_next_tally_tries_again(
    session: Session, make: Make, judged: Judged
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    made = close_and_tally(session, make, contest)
    for item in session.scalars(select(OutboxItem).where(OutboxItem.job == "analyse_tally")):
        item.failed_at = made.created_at
    session.flush()

    jobs.GIVEN_UP["analyse_tally"](session, {"tally_id": str(made.id)})

    seen = analysis.view(session, make.actor(organiser), contest.slug)
    assert seen.analysis is not None
    assert (seen.analysis.refused, len(seen.rows)) == ({"code": "analysis_failed", "facts": {}}, 5)
    results.make_tally(session, contest.round.id, organiser.id)
    owed = select(OutboxItem).where(OutboxItem.job == "analyse_tally", OutboxItem.failed_at.is_(None))
    assert session.scalars(owed).one().args == {"tally_id": str(made.id)}
    found = analyse(session, made)
    assert found is not None
    assert found.refused is None
    # What stands is not given up afterwards.
    analysis.give_up(session, made.id)
    session.expire_all()
    assert session.get_one(Analysis, made.id).refused is None


def test_scores_that_changed_since_are_left_to_the_next_tally(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    first = close_and_tally(session, make, contest)
    judging.reopen_round(session, make.actor(organiser), contest.slug)
    card = session.scalars(select(Scorecard).limit(1)).one()
    assert card.total is not None
    card.total += 1
    session.flush()

    assert analyse(session, first) is None
    assert entries_of(session, first) == {}

    second = close_and_tally(session, make, contest)
    assert second.number == 2
    assert analyse(session, second) is not None


def test_a_round_reopened_in_vain_keeps_its_tally_and_owes_the_analysis_anew(
    session: Session, make: Make, judged: Judged
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    first = close_and_tally(session, make, contest)
    for item in session.scalars(select(OutboxItem).where(OutboxItem.job == "analyse_tally")):
        item.done_at = first.created_at
    judging.reopen_round(session, make.actor(organiser), contest.slug)

    again = close_and_tally(session, make, contest)

    assert again is first
    owed = session.scalars(select(OutboxItem).where(OutboxItem.job == "analyse_tally")).all()
    assert [item.args for item in owed if item.done_at is None] == [{"tally_id": str(first.id)}]


def test_an_entry_taken_out_meanwhile_is_still_in_the_analysis_of_what_was_counted(
    session: Session, make: Make, judged: Judged
) -> None:
    contest, _, judges = judged
    out, *_ = scattered(make, contest, judges, entries=5)
    first = close_and_tally(session, make, contest)
    out.state = "disqualified"
    session.flush()

    assert analyse(session, first) is not None
    assert str(out.id) in entries_of(session, first)

    second = results.make_tally(session, contest.round.id, contest.created_by)
    assert second is not None
    assert analyse(session, second) is not None
    assert str(out.id) not in entries_of(session, second)


# Where it cannot be said --------------------------------------------------------------------------


def test_panels_that_share_no_entry_are_told_apart_with_their_entries(
    session: Session, make: Make, judged: Judged
) -> None:
    contest, organiser, judges = judged
    one, other = unlinked(make, contest, judges)
    made = close_and_tally(session, make, contest)

    found = analyse(session, made)

    assert found is not None
    assert found.refused is not None
    assert (found.refused["code"], found.refused["facts"]["groups"]) == ("disconnected", 2)
    assert [set(group) for group in found.refused["facts"]["members"]] == [
        {f"{entry.number:04d}" for entry in panel} for panel in (one, other)
    ]
    assert not ID.search(json.dumps(found.refused))
    # The default method still ranks, and what can be said is said.
    assert made.refused is None
    rows = entries_of(session, made).values()
    assert all(row.raw_se is not None and row.adjusted is None for row in rows)
    assert found.agreement["krippendorff_alpha"]["interval"] is not None
    seen = analysis.view(session, make.actor(organiser), contest.slug)
    assert [(line.name, line.severity, line.n) for line in seen.judges] == [
        ("Judge 0", None, 3),
        ("Judge 1", None, 3),
        ("Judge 2", None, 2),
        ("Judge 3", None, 2),
    ]


def test_without_the_packages_the_raw_errors_are_still_there(
    session: Session, make: Make, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=4)
    made = close_and_tally(session, make, contest)
    with monkeypatch.context() as away:
        for name in list(sys.modules):
            if name.split(".")[0] == "numpy" or name in ("contest.scoring.additive", "contest.scoring.agreement"):
                away.delitem(sys.modules, name)
        away.delattr("contest.scoring.agreement", raising=False)
        away.setitem(sys.modules, "numpy", None)

        found = analyse(session, made)

    assert found is not None
    assert (found.refused, found.agreement, len(found.judges)) == ({"code": "no_science", "facts": {}}, {}, 4)
    assert all(row.raw_se is not None for row in entries_of(session, made).values())
    # Once they are installed, the next run makes it whole.
    whole = analyse(session, made)
    assert whole is not None
    assert whole.refused is None
    assert all(row.adjusted is not None for row in entries_of(session, made).values())
    assert results.make_tally(session, contest.round.id, contest.created_by) is made


@pytest.mark.parametrize("entries", [0, 1])
def test_one_entry_or_none_is_no_crash(session: Session, make: Make, judged: Judged, entries: int) -> None:
    contest, organiser, judges = judged
    for _ in range(entries):
        score(make, contest, {0: [3, 3, 3]}, judges)
    make.entry(contest, files=0)
    made = close_and_tally(session, make, contest)

    found = analyse(session, made)

    assert found is not None
    assert (found.refused is None) == (entries == 1)
    assert len(analysis.view(session, make.actor(organiser), contest.slug).rows) == entries + 1


def test_equal_scores_everywhere_are_no_crash(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    for _ in range(4):
        score(make, contest, {number: [3, 3, 3] for number in range(3)}, judges)
    made = close_and_tally(session, make, contest)

    assert analyse(session, made) is not None

    seen = analysis.view(session, make.actor(organiser), contest.slug)
    assert {(row.rank, row.tied, row.adjusted_rank, row.rank_low, row.rank_high) for row in seen.rows} == {
        (1, 4, 1, 1, 1)
    }
    assert {flag for line in seen.judges for flag in line.flags} == {"straight", "few"}


# What the organiser sees --------------------------------------------------------------------------


def test_a_view_has_raw_and_adjusted_side_by_side(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges)
    contest.round.method = "zscore"
    made = close_and_tally(session, make, contest)
    actor = make.actor(organiser)
    before = analysis.view(session, actor, contest.slug)
    assert (before.tally, before.analysis, before.judges, before.agreement) == (made, None, (), {})
    assert len(before.rows) == 12
    assert {row.adjusted for row in before.rows} == {None}
    stored = analyse(session, made)

    seen = analysis.view(session, actor, contest.slug)

    assert seen.analysis is stored
    standings = {
        number: row
        for row, number in session.execute(
            select(Standing, Entry.number)
            .join(Entry, Entry.id == Standing.entry_id)
            .where(Standing.tally_id == made.id)
        )
    }
    numbers = {str(row.entry_id): number for number, row in standings.items()}
    analysed = {numbers[entry]: row for entry, row in entries_of(session, made).items()}
    assert [row.rank for row in seen.rows] == sorted(row.rank or 99 for row in standings.values())
    for row in seen.rows:
        standing, other = standings[row.number], analysed[row.number]
        assert (row.numerator, row.denominator, row.score, row.se, row.scorecards) == (
            standing.numerator,
            standing.denominator,
            standing.score,
            standing.se,
            3,
        )
        assert (row.raw_se, row.adjusted, row.adjusted_se, row.adjusted_rank, row.rank_low, row.tied_high) == (
            other.raw_se,
            other.adjusted,
            other.se,
            other.adjusted_rank,
            other.rank_low,
            other.tied_high,
        )
        assert row.title == f"Entry {row.number}"
    assert [line.name for line in seen.judges] == ["Judge 0", "Judge 1", "Judge 2", "Judge 3"]
    assert seen.agreement["n_judges"] == 4
    # Of the z-scores first, and nothing of it names an id.
    assert seen.notes[0]["code"] == results.notes_of(made)[0]["code"]
    assert len({note["code"] for note in seen.notes}) == len(seen.notes)
    assert not ID.search(json.dumps([dict(note) for note in seen.notes]))


def test_a_view_comes_in_pages_and_by_the_adjusted_rank(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=7)
    made = close_and_tally(session, make, contest)
    analyse(session, made)

    def page(number: int) -> list[int | None]:
        listed = listing.read({"sort": "adjusted", "page": str(number)}, sorts=analysis.SORTS, per=4)
        return [row.adjusted_rank for row in analysis.view(session, make.actor(organiser), contest.slug, listed).rows]

    ranks = [*page(1), *page(2)]
    assert len(page(1)) == 4
    assert len(ranks) == 7
    assert ranks == sorted(ranks, key=lambda rank: rank or 99)


def test_only_organisers_see_how_strict_who_is(session: Session, make: Make, judged: Judged) -> None:
    contest, _, judges = judged
    for who, error in (
        (make.member(contest, Role.CHAIR), Denied),
        (judges[0], NotFound),
        (make.account(), NotFound),
    ):
        for act in (analysis.view, exports.export_scores):
            with pytest.raises(error):
                act(session, make.actor(who), contest.slug)


def test_nothing_is_there_before_the_first_tally(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, _ = judged

    seen = analysis.view(session, make.actor(organiser), contest.slug)

    assert (seen.tally, seen.analysis, seen.rows, seen.judges) == (None, None, (), ())
    with pytest.raises(Denied, match="no_tally_yet"):
        exports.export_scores(session, make.actor(organiser), contest.slug)


def test_judges_who_stand_out_are_flagged(session: Session, make: Make, judged: Judged) -> None:
    contest, organiser, judges = judged
    for number in range(8):
        level = 2 + number % 3
        score(
            make,
            contest,
            {0: [level] * 3, 1: [level, level, min(5, level + number % 2)], 2: [max(1, level - 1)] * 3, 3: [5, 5, 5]}
            if number != 5
            else {0: [level] * 3, 1: [level] * 3},
            judges,
        )
    analyse(session, close_and_tally(session, make, contest))

    flags = {line.name: line.flags for line in analysis.view(session, make.actor(organiser), contest.slug).judges}

    assert "strict" in flags["Judge 2"]
    assert {"straight", "lenient"} <= set(flags["Judge 3"])
    assert {"lenient", "straight", "few"}.isdisjoint(flags["Judge 0"])
