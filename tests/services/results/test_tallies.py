"""Tallies: exact means, what is left out and why, and digests of what went in."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    AuditEvent,
    Contest,
    Recusal,
    Scorecard,
    Tally,
)
from contest.scoring import ENGINE_VERSION, METHOD
from contest.scoring.rubric import FULL
from contest.services import judging, listing, results
from contest.vocabulary import Role
from tests.factories import Make
from tests.services.results.steps import judge_entry, standings, tally


def test_a_tally_ranks_exact_means_and_shares_ties(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    best = judge_entry(make, contest, judges, [5, 5, 5], [5, 5, 4])
    # The same mean from two cards and from one: 0.5 × 3/5 + 0.3 × 3/5 + 0.2 × 3/5.
    even = judge_entry(make, contest, judges, [3, 3, 3], [3, 3, 3])
    single = judge_entry(make, contest, judges, [3, 3, 3])
    last = judge_entry(make, contest, judges, [1, 1, 1], [1, 1, 1])
    nobody = make.entry(contest)

    made = tally(session, make, contest, organiser)

    assert standings(session, made) == {
        best.number: (1, 1, FULL + FULL * 96 // 100, 2 * FULL, 2),
        even.number: (2, 2, 2 * FULL * 60 // 100, 2 * FULL, 2),
        single.number: (2, 2, FULL * 60 // 100, FULL, 1),
        last.number: (4, 1, 2 * FULL * 20 // 100, 2 * FULL, 2),
        nobody.number: (None, 1, None, None, 0),
    }
    assert (made.number, made.method, made.engine_version) == (1, METHOD, ENGINE_VERSION)
    assert (made.n_entries, made.n_judges, made.n_scorecards) == (5, 2, 7)
    assert made.params == {
        "minimum": 1,
        "full": FULL,
        "judges_per_entry": 2,
        "rubric": [["clarity", 500, 5], ["fit", 300, 5], ["craft", 200, 5]],
        "options": {},
    }
    assert made.excluded == []
    assert {(item["reason"], item["entry"], item["cards"], item["wanted"]) for item in made.warnings} == {
        ("few_scorecards", str(single.id), 1, 2),
        ("few_scorecards", str(nobody.id), 0, 2),
    }
    assert contest.round.state == "tallied"


def test_what_does_not_count_is_left_out_with_its_reason(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    counted = judge_entry(make, contest, judges, [2, 2, 2])
    draft = make.scorecard(make.assignment(counted, judges[1]), [5, 5, 5], state="draft")
    conflict = make.scorecard(make.assignment(counted, judges[2]), [5, 5, 5])
    unopened = make.assignment(judge_entry(make, contest, judges, [1, 1, 1]), judges[2])
    removed = make.scorecard(
        make.assignment(counted, make.member(contest, Role.JUDGE), removed_at=datetime.now(UTC)),
        [5, 5, None],
        state="draft",
    )
    for held in (conflict.assignment_id, unopened.id):
        session.add(Recusal(assignment_id=held, kind="other", reason="x", created_at=datetime.now(UTC)))
    out = judge_entry(make, contest, judges, [5, 5, 5], [5, 5, 5])
    out.state = "disqualified"
    gone = judge_entry(make, contest, judges, [5, 5, 5])
    gone.state, gone.withdrawn_at = "withdrawn", datetime.now(UTC)
    make.entry(contest, state="draft")
    session.flush()

    made = tally(session, make, contest, organiser)

    assert standings(session, made) == {
        counted.number: (1, 1, FULL * 40 // 100, FULL, 1),
        unopened.entry.number: (2, 1, FULL * 20 // 100, FULL, 1),
    }
    key = lambda item: (item["entry"], item["reason"], item.get("scorecard", ""))  # noqa: E731
    assert sorted(made.excluded, key=key) == sorted(
        [
            {"entry": str(counted.id), "scorecard": str(draft.id), "reason": "draft"},
            {"entry": str(counted.id), "scorecard": str(conflict.id), "reason": "recused"},
            {"entry": str(counted.id), "scorecard": str(removed.id), "reason": "removed"},
            {"entry": str(unopened.entry_id), "reason": "recused"},
            {"entry": str(out.id), "reason": "disqualified"},
            {"entry": str(gone.id), "reason": "withdrawn"},
        ],
        key=key,
    )
    assert (made.n_judges, made.n_scorecards) == (1, 2)
    told = {one.reason: one.entries for one in results.left_out(session, made)}
    assert told["recused"] == tuple(sorted([(counted.number, 1), (unopened.entry.number, 1)]))
    assert told["disqualified"] == ((out.number, 1),)


def test_the_input_digest_is_what_the_module_says(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    for levels in ([5, 4, 3], [1, 2, 3], [2, 2, 2]):
        judge_entry(make, contest, judges, levels, levels[::-1])

    made = tally(session, make, contest, organiser)

    cards = session.scalars(select(Scorecard)).all()
    hashed = hashlib.sha256()
    for card in sorted(cards, key=lambda card: card.id.bytes):
        hashed.update(card.id.bytes + card.entry_id.bytes + card.judge_id.bytes + card.total.to_bytes(8, "big"))
    sums = {}
    for card in cards:
        total, number = sums.get(str(card.entry_id), (0, 0))
        sums[str(card.entry_id)] = (total + card.total, number + 1)
    whole = {
        "method": METHOD,
        "engine": ENGINE_VERSION,
        "params": made.params,
        "cards": hashed.hexdigest(),
        "excluded": [],
        "entries": [sorted(sums), [sums[key][0] for key in sorted(sums)], [sums[key][1] for key in sorted(sums)]],
    }
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert made.input_digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_second_run_on_the_same_input_makes_no_second_tally(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    judge_entry(make, contest, judges, [5, 4, 3], [1, 2, 3])
    first = tally(session, make, contest, organiser)

    again = results.make_tally(session, contest.round.id, organiser.id)
    judging.reopen_round(session, make.actor(organiser), contest.slug)
    assert results.make_tally(session, contest.round.id, organiser.id) is None
    judging.close_round(session, make.actor(organiser), contest.slug)
    third = results.make_tally(session, contest.round.id, organiser.id)

    assert again is first
    assert third is first
    assert contest.round.state == "tallied"
    assert len(session.scalars(select(AuditEvent).where(AuditEvent.act == "tally.made")).all()) == 1


@pytest.mark.parametrize("change", ["total", "draft", "recused", "weights"])
def test_any_other_input_makes_another_tally_and_keeps_the_first(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account], change: str
) -> None:
    entry = judge_entry(make, contest, judges, [5, 4, 3], [1, 2, 3])
    first = tally(session, make, contest, organiser)
    before = standings(session, first)
    card = session.scalars(select(Scorecard).where(Scorecard.judge_id == judges[0].id)).one()
    if change == "total":
        card.total += 1
    elif change == "draft":
        make.scorecard(make.assignment(entry, judges[2]), [1, None, None], state="draft")
    elif change == "recused":
        session.add(Recusal(assignment_id=card.assignment_id, kind="other", reason="x", created_at=datetime.now(UTC)))
    else:
        contest.round.criteria[0].weight, contest.round.criteria[1].weight = 400, 400
    session.flush()

    second = results.make_tally(session, contest.round.id, organiser.id)

    assert (second.number, second.id != first.id, second.input_digest != first.input_digest) == (2, True, True)
    assert standings(session, first) == before
    assert results.latest_tally(session, contest.round.id) is second


def test_the_stored_ranks_equal_fractions_on_random_cards(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    lot = random.Random(7)
    judges = [make.member(contest, Role.JUDGE) for _ in range(5)]
    for _ in range(25):
        judge_entry(make, contest, judges, *([lot.randint(2, 4)] * 3 for _ in range(lot.randint(0, 5))))

    made = tally(session, make, contest, organiser)

    totals: dict[Any, list[int]] = {}
    for card in session.scalars(select(Scorecard)):
        totals.setdefault(card.entry_id, []).append(card.total)
    scores = {key: Fraction(sum(values), len(values) * FULL) for key, values in totals.items()}
    for row in made.standings:
        score = scores.get(row.entry_id)
        assert row.rank == (None if score is None else 1 + sum(other > score for other in scores.values()))
        assert row.tied == (1 if score is None else sum(other == score for other in scores.values()))
    assert any(row.tied > 1 for row in made.standings)


def test_no_tally_of_an_open_round(session: Session, make: Make, contest: Contest, organiser: Account) -> None:
    assert results.make_tally(session, contest.round.id, organiser.id) is None
    assert session.scalars(select(Tally)).all() == []


def test_a_contest_without_entries_or_cards_can_still_be_tallied(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    made = tally(session, make, contest, organiser)

    assert (made.n_entries, made.n_scorecards, made.excluded) == (0, 0, [])
    assert results.table(session, made).rows == []


def test_standings_come_in_pages_the_unranked_last(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    nobody, low, high = (judge_entry(make, contest, judges, *cards) for cards in ([], [[1, 1, 1]], [[5, 5, 5]]))
    made = tally(session, make, contest, organiser)

    def page(number: str) -> tuple[list[int | None], int, int]:
        found = results.table(session, made, listing.read({"page": number}, sorts=results.SORTS, per=2))
        return [row.number for row in found.rows], found.listing.page, found.listing.pages

    assert page("1") == ([high.number, low.number], 1, 2)
    assert page("2") == page("9") == ([nobody.number], 2, 2)


def test_the_database_keeps_tallies_from_being_edited(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    judge_entry(make, contest, judges, [5, 5, 5])
    made = tally(session, make, contest, organiser)

    made.standings[0].rank = 7
    with pytest.raises(Exception, match="append-only"):
        session.flush()
    session.rollback()
