"""The method of a round: who may name which, and the tally that follows it."""

from __future__ import annotations

import json
import re
import sys
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest, Entry, OutboxItem, Publication, Scorecard, Standing, Tally
from contest.scoring import digest, methods
from contest.scoring.rubric import FULL
from contest.services import awards, counting, publications, results, rounds, scoring
from contest.vocabulary import Role, RoundKind
from tests.factories import Make, both
from tests.services.scored import close_and_tally, judged_contest, scattered, score, unlinked

WHY = "Two panels turned out to differ."
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


@pytest.fixture
def planned(make: Make) -> Contest:
    return make.contest("judging")


@pytest.fixture
def judged(make: Make) -> tuple[Contest, Account, list[Account]]:
    return judged_contest(make)


def organiser_of(session: Session, make: Make, contest: Contest) -> Any:
    return make.actor(session.get_one(Account, contest.created_by))


def rows(session: Session, made: Tally) -> dict[str, Standing]:
    return {
        str(row.entry_id): row for row in session.scalars(select(Standing).where(Standing.tally_id == made.id)).all()
    }


# Naming it ----------------------------------------------------------------------------------------


def test_a_method_is_named_before_judging_without_a_reason(session: Session, make: Make, planned: Contest) -> None:
    actor = organiser_of(session, make, planned)
    entry, other = make.entry(planned, files=0), make.entry(planned, files=0)
    decision = f"decision:{other.number}>{entry.number:04d}"

    scoring.set_method(
        session,
        actor,
        planned.slug,
        method="trimmed",
        options={"trim": " 0.2 ", "min_judges": "2", "ties": f"criterion:fit, top,{decision}"},
        version=planned.version,
    )

    assert (planned.round.method, planned.round.method_options) == (
        "trimmed",
        {
            "trim": "0.2",
            "min-judges": "2",
            "ties": f"criterion:fit,top,decision:C-{other.number:04d}>C-{entry.number:04d}",
        },
    )
    told = session.scalars(select(AuditEvent).where(AuditEvent.act == "scoring.changed")).one()
    assert (told.contest_id, told.facts["method"], told.facts["options"][0]) == (
        planned.id,
        ["mean", "trimmed"],
        "",
    )
    assert told.facts["options"][1].startswith("min-judges=2 ties=criterion:fit,top,decision:C-")
    assert session.scalars(select(OutboxItem).where(OutboxItem.job == "make_tally")).all() == []
    version = planned.version
    scoring.set_method(
        session, actor, planned.slug, method="trimmed", options=dict(planned.round.method_options), version=version
    )
    assert planned.version == version
    assert len(session.scalars(select(AuditEvent).where(AuditEvent.act == "scoring.changed")).all()) == 1
    with pytest.raises(Conflict, match="stale"):
        scoring.set_method(session, actor, planned.slug, method="mean", options={}, version=version - 1)


@pytest.mark.parametrize(
    ("method", "options", "field"),
    [
        ("sorcery", {}, "method"),
        ("bradley-terry", {}, "method"),
        ("pass", {}, "method"),
        ("mean", {"trim": "0.1"}, "trim"),
        ("additive", {"draws": "5"}, "draws"),
        ("trimmed", {"trim": "half"}, "trim"),
        ("trimmed", {"trim": "0.5"}, "trim"),
        ("mean", {"min-judges": "0"}, "min_judges"),
        ("zscore", {"min_n": "1"}, "min_n"),
        ("mean", {"ties": "name"}, "ties"),
        ("mean", {"ties": "top,,head"}, "ties"),
        ("mean", {"ties": "criterion:beauty"}, "ties"),
        ("mean", {"ties": "decision:1"}, "ties"),
        ("mean", {"ties": "decision:1>1"}, "ties"),
        ("mean", {"ties": "decision:999999>999998"}, "ties"),
        ("copeland", {"per": "chance"}, "per"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    session: Session, make: Make, planned: Contest, method: str, options: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        scoring.set_method(session, organiser_of(session, make, planned), planned.slug, method=method, options=options)

    assert refused.value.problems == {field: "option_invalid"}
    assert (planned.round.method, planned.round.method_options) == ("mean", {})


def test_a_screening_may_let_entries_pass(session: Session, make: Make, planned: Contest) -> None:
    planned.round.kind = RoundKind.SCREENING
    session.flush()
    actor = organiser_of(session, make, planned)

    scoring.set_method(session, actor, planned.slug, method="pass", options={"mark": "0.6", "share": "2/3"})

    assert planned.round.method_options == {"mark": "0.6", "share": "2/3"}
    with pytest.raises(Invalid) as refused:
        scoring.set_method(session, actor, planned.slug, method="pass", options={"mark": "3"})
    assert refused.value.problems == {"mark": "option_invalid"}


def test_once_judging_is_open_a_change_needs_a_reason_and_a_new_tally(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=4)
    actor = make.actor(organiser)
    for reason in (None, "", "too few", " short     "):
        with pytest.raises(Invalid) as refused:
            scoring.set_method(session, actor, contest.slug, method="median", options={}, reason=reason)
        assert refused.value.problems == {"reason": "reason_short"}
    scoring.set_method(session, actor, contest.slug, method="median", options={}, reason=WHY)
    owed = select(OutboxItem.args).where(OutboxItem.job == "make_tally")
    assert session.scalars(owed).all() == []
    first = close_and_tally(session, make, contest)

    scoring.set_method(session, actor, contest.slug, method="mean", options={}, reason=WHY)

    assert session.scalars(owed).one() == {"round_id": str(contest.round.id), "account_id": str(organiser.id)}
    # Until the new tally is there, nothing follows from the old one.
    assert contest.round.state == "closed"
    with pytest.raises(Denied, match="no_tally_yet"):
        awards.propose(session, actor, contest.slug, [])
    facts = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "scoring.changed")).all()
    assert [(one["method"], one["reason"]) for one in facts] == [
        (["mean", "median"], WHY),
        (["median", "mean"], WHY),
    ]
    second = results.make_tally(session, contest.round.id, organiser.id)
    assert second is not None
    assert [(made.number, made.method) for made in (first, second)] == [(1, "median"), (2, "mean")]


def test_a_proposal_of_what_was_counted_otherwise_is_taken_back(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, judges = judged
    best = score(make, contest, {0: [5, 5, 5], 1: [5, 4, 5]}, judges)
    score(make, contest, {0: [1, 1, 1], 1: [2, 1, 1]}, judges)
    close_and_tally(session, make, contest)
    actor = make.actor(organiser)
    awards.propose(session, actor, contest.slug, [awards.Pick("first", best.number, both("Clear and kind."))])
    proposed = publications.propose(session, actor, contest.slug)

    scoring.set_method(session, actor, contest.slug, method="median", options={}, reason=WHY)

    assert proposed.state == "superseded"


def test_who_may_not_and_when_it_is_too_late(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, _ = judged
    for who, error in (
        (make.member(contest, Role.CHAIR), Denied),
        (make.account(), NotFound),
        (judged[2][0], NotFound),
    ):
        with pytest.raises(error):
            scoring.set_method(session, make.actor(who), contest.slug, method="median", options={}, reason=WHY)
    make.close_round(contest)
    contest.round.state, contest.published_at = "confirmed", contest.closes_at
    session.flush()
    for reason in ("published_fixed", "method_fixed"):
        with pytest.raises(Denied, match=reason):
            scoring.set_method(session, make.actor(organiser), contest.slug, method="median", options={}, reason=WHY)
        contest.published_at = None
        session.flush()


# Counting by it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [name for name in scoring.OFFERED if name != "mean"])
def test_the_tally_is_what_the_engine_says_of_the_same_cards(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]], method: str
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges)
    nobody = make.entry(contest, files=0)
    contest.round.method, contest.round.method_options = method, {"min-judges": "2"}

    made = close_and_tally(session, make, contest)

    assert (made.method, made.refused, made.params["minimum"], made.params["options"]) == (
        method,
        None,
        2,
        {"min-judges": "2"},
    )
    cards = counting.cards_of(session, contest.round)
    assert (len(cards), len(cards.entries), cards.unit) == (36, 13, FULL)
    expected = methods.method(method).run(cards, {"min_judges": 2})
    found = rows(session, made)
    assert {entry: (row.rank, row.tied, row.score, row.se, row.scorecards) for entry, row in found.items()} == {
        row.entry: (
            row.rank,
            1 + len(row.tied_with),
            None if row.score is None else float(row.score),
            row.se,
            row.n_judges,
        )
        for row in expected.entries
    }
    # The raw mean stays beside it, exact.
    totals: dict[str, list[int]] = {}
    for card in session.scalars(select(Scorecard)):
        totals.setdefault(str(card.entry_id), []).append(card.total or 0)
    assert {entry: (row.numerator, row.denominator) for entry, row in found.items() if entry != str(nobody.id)} == {
        entry: (sum(values), len(values) * FULL) for entry, values in totals.items()
    }
    assert (found[str(nobody.id)].rank, found[str(nobody.id)].numerator) == (None, None)
    assert {note["code"] for note in results.notes_of(made)} == {note.code for note in expected.warnings}
    assert not ID.search(json.dumps(results.notes_of(made)))
    assert results.make_tally(session, contest.round.id, contest.created_by) is made


def test_a_trimmed_tally_by_hand(session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]) -> None:
    contest, _, judges = judged
    fan = score(make, contest, {0: [5, 5, 5], 1: [3, 3, 3], 2: [3, 3, 3], 3: [1, 1, 1]}, judges)
    solid = score(make, contest, {0: [3, 3, 3], 1: [3, 3, 3], 2: [4, 4, 4], 3: [1, 1, 1]}, judges)
    contest.round.method, contest.round.method_options = "trimmed", {"trim": "1/4"}

    made = close_and_tally(session, make, contest)

    found = rows(session, made)
    # The raw means part them, 12/20 against 11/20; without the highest and the lowest both have 3/5.
    assert [(found[str(one.id)].rank, found[str(one.id)].tied, found[str(one.id)].score) for one in (fan, solid)] == [
        (1, 2, 0.6),
        (1, 2, 0.6),
    ]
    raw = [Fraction(found[str(one.id)].numerator or 0, found[str(one.id)].denominator or 1) for one in (fan, solid)]
    assert raw == [Fraction(12, 20), Fraction(11, 20)]


def test_rules_part_equal_scores_and_belong_to_what_was_counted(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, judges = judged
    # Weights 500, 300, 200: the same totals, other levels.
    for criterion in contest.round.criteria:
        criterion.weight = {"clarity": 400, "fit": 400, "craft": 200}[criterion.key]
    clear = score(make, contest, {0: [5, 3, 3], 1: [5, 3, 3]}, judges)
    fit = score(make, contest, {0: [3, 5, 3], 1: [3, 5, 3]}, judges)
    twin = score(make, contest, {0: [3, 5, 3], 1: [3, 5, 3]}, judges)
    decision = f"decision:C-{twin.number:04d}>C-{fit.number:04d}"
    contest.round.method_options = {"ties": f"criterion:fit,{decision}"}

    made = close_and_tally(session, make, contest)

    found = rows(session, made)
    assert {
        entry.number: (found[str(entry.id)].rank, found[str(entry.id)].tied, found[str(entry.id)].tie_rule)
        for entry in (clear, fit, twin)
    } == {
        twin.number: (1, 1, decision),
        fit.number: (2, 1, decision),
        clear.number: (3, 1, "criterion:fit"),
    }
    assert {row.score for row in found.values()} == {None}
    # Other levels with the same totals are another input.
    for card in session.scalars(select(Scorecard).where(Scorecard.entry_id == clear.id)):
        for mark in card.scores:
            mark.points = {"clarity": 3, "fit": 5, "craft": 3}[
                next(one.key for one in contest.round.criteria if one.id == mark.criterion_id)
            ]
    session.flush()
    second = results.make_tally(session, contest.round.id, organiser.id)
    assert second is not None
    assert (second.number, second.input_digest != made.input_digest) == (2, True)
    # The decision does not name all three who are equal now.
    assert {row.rank for row in rows(session, second).values()} == {1}


def test_the_result_digest_is_over_what_is_the_same_on_every_machine(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=5)
    contest.round.method = "median"

    made = close_and_tally(session, make, contest)

    ordered = sorted(rows(session, made).values(), key=lambda row: (row.rank is None, row.rank or 0, str(row.entry_id)))
    result = methods.method("median").run(counting.cards_of(session, contest.round))
    texts = {row.entry: str(row.score) for row in result.entries}
    columns = {
        "entry": [str(row.entry_id) for row in ordered],
        "rank": [row.rank for row in ordered],
        "tied": [row.tied for row in ordered],
        "numerator": [row.numerator for row in ordered],
        "denominator": [row.denominator for row in ordered],
        "cards": [row.scorecards for row in ordered],
        "rule": [None for _ in ordered],
        "score": [texts[str(row.entry_id)] for row in ordered],
    }
    assert made.result_digest == digest.sha256({"input": made.input_digest, "standings": columns})


# Refused ------------------------------------------------------------------------------------------


def refused_round(make: Make, judged: tuple[Contest, Account, list[Account]]) -> tuple[list[Entry], list[Entry]]:
    contest, _, judges = judged
    contest.round.method = "additive"
    return unlinked(make, contest, judges)


def test_no_honest_ranking_is_a_refusal_with_public_numbers_and_no_ranks(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    one, other = refused_round(make, judged)

    made = close_and_tally(session, make, judged[0])

    assert made.refused is not None
    assert (made.refused["code"], made.refused["facts"]["groups"]) == ("disconnected", 2)
    numbers = [{f"{entry.number:04d}" for entry in panel} for panel in (one, other)]
    assert made.refused["facts"]["one"] in numbers[0]
    assert made.refused["facts"]["other"] in numbers[1]
    assert not ID.search(json.dumps(made.refused))
    found = rows(session, made)
    assert len(found) == 5
    assert all((row.rank, row.score) == (None, None) and row.numerator for row in found.values())
    assert judged[0].round.state == "tallied"
    event = session.scalars(select(AuditEvent).where(AuditEvent.act == "tally.made")).one()
    assert event.facts["refused"] == "disconnected"


def test_no_prize_follows_from_a_refused_tally_and_another_method_is_the_cure(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, _ = judged
    one, _ = refused_round(make, judged)
    close_and_tally(session, make, contest)
    actor = make.actor(organiser)
    picks = [awards.Pick("first", one[0].number, both("Clear and kind."))]
    for act in (
        lambda: awards.propose(session, actor, contest.slug, picks),
        lambda: publications.propose(session, actor, contest.slug),
    ):
        with pytest.raises(Denied, match="tally_refused"):
            act()

    scoring.set_method(session, actor, contest.slug, method="mean", options={}, reason=WHY)
    results.make_tally(session, contest.round.id, organiser.id)

    assert awards.propose(session, actor, contest.slug, picks) == 1
    assert publications.propose(session, actor, contest.slug).snapshot["tally"]["method"] == "mean"


def test_without_the_packages_the_tally_says_so_and_is_made_once_they_are_there(
    session: Session,
    make: Make,
    judged: tuple[Contest, Account, list[Account]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges)
    contest.round.method = "additive"
    with monkeypatch.context() as away:
        for name in list(sys.modules):
            if name.split(".")[0] == "numpy" or name == "contest.scoring.additive":
                away.delitem(sys.modules, name)
        away.setitem(sys.modules, "numpy", None)

        made = close_and_tally(session, make, contest)

    assert made.refused == {"code": "no_science", "facts": {}}
    assert {row.rank for row in rows(session, made).values()} == {None}
    again = results.make_tally(session, contest.round.id, organiser.id)
    assert again is not None
    assert (again.number, again.refused) == (2, None)


def test_nothing_to_count_is_refused_by_a_method_too(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, _, _ = judged
    make.entry(contest, files=0)
    contest.round.method = "median"

    made = close_and_tally(session, make, contest)

    assert made.refused == {"code": "no_scores", "facts": {}}


def test_a_criterion_that_is_gone_is_a_refusal_and_no_crash(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, _, judges = judged
    scattered(make, contest, judges, entries=3, each=2)
    contest.round.method_options = {"ties": "criterion:beauty"}

    made = close_and_tally(session, make, contest)

    assert made.refused is not None
    assert made.refused["code"] == "tie_criterion_unknown"


# Published ----------------------------------------------------------------------------------------


def test_a_publication_tells_the_method_and_its_scores(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]]
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    contest.round.method = "additive"
    made = close_and_tally(session, make, contest)
    actor = make.actor(organiser)
    best = session.execute(
        select(Entry.number, Standing.score, Standing.se)
        .join(Standing, Standing.entry_id == Entry.id)
        .where(Standing.tally_id == made.id, Standing.rank == 1)
    ).first()
    assert best is not None
    awards.propose(session, actor, contest.slug, [awards.Pick("first", best.number, both("Clear and kind."))])

    proposed = publications.propose(session, actor, contest.slug)

    told: Publication = proposed
    assert (told.snapshot["format"], told.snapshot["tally"]["method"], told.snapshot["tally"]["options"]) == (
        6,
        "additive",
        {},
    )
    standing = told.snapshot["awards"][0]["standing"]
    assert standing["method_score"] == f"{best.score:.6f}"
    assert "tie_rule" not in standing
    assert len(standing["score"]) == 2


def test_closing_ends_in_a_tally_by_the_method_through_the_jobs(
    session: Session, make: Make, judged: tuple[Contest, Account, list[Account]], run_jobs: Any
) -> None:
    contest, organiser, judges = judged
    scattered(make, contest, judges, entries=5)
    contest.round.method = "borda"
    session.commit()
    rounds.close_round(session, make.actor(organiser), contest.slug)
    session.commit()

    assert run_jobs() == ["make_tally", "analyse_tally"]

    session.expire_all()
    made = results.latest_tally(session, contest.round.id)
    assert made is not None
    assert (made.method, made.refused, contest.round.state) == ("borda", None, "tallied")
