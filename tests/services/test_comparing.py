"""Two entries side by side: whose, which, and with which scores."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Account, Assignment, Contest, Recusal
from contest.permissions import Actor
from contest.services import comparing, judging
from contest.services.sheets import Offer
from contest.vocabulary import Role
from tests.factories import Make


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry")


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))


@pytest.fixture
def mine(make: Make, contest: Contest, judge: Account) -> list[Assignment]:
    """Four entries in the judge's order: all scored, stepped back from, half scored, not begun."""
    made = [
        make.assignment(make.entry(contest, title=f"Work {place}"), judge, code=f"B-{place}", position=place)
        for place in range(1, 5)
    ]
    make.open_round(contest)
    make.scorecard(made[0], [5, 4, 2])
    make.scorecard(made[2], [3, None, None], state="draft")
    make.session.add(Recusal(assignment_id=made[1].id, kind="other", reason="x", created_at=datetime.now(UTC)))
    make.session.flush()
    return made


def test_the_neighbour_stands_beside_it_with_ones_own_scores(
    session: Session, make: Make, judge: Account, mine: list[Assignment]
) -> None:
    rival = make.member(mine[0].round.contest, Role.JUDGE)
    make.scorecard(make.assignment(mine[0].entry, rival, code="K-1"), [1, 1, 1])

    found = comparing.compare(session, make.actor(judge), "ferry", "B-3")

    assert [
        (side.code, side.title, side.state, dict(side.levels), side.share) for side in (found.this, found.that)
    ] == [
        ("B-3", "Work 3", "draft", {"clarity": 3}, None),
        # 500 × 5/5 + 300 × 4/5 + 200 × 2/5
        ("B-1", "Work 1", "judged", {"clarity": 5, "fit": 4, "craft": 2}, 820),
    ]
    assert [len(side.pictures) for side in (found.this, found.that)] == [1, 1]
    assert found.offers == (Offer("B-1", "judged", 820), Offer("B-3", "draft", None), Offer("B-4", "open", None))
    assert found.scored
    assert comparing.compare(session, make.actor(judge), "ferry", "B-1").that.code == "B-3"
    alone = comparing.compare(session, make.actor(judge), "ferry", "B-4", "B-4")
    assert (alone.this, alone.scored) == (alone.that, False)


def test_only_what_the_judge_may_see_is_compared(
    session: Session, make: Make, contest: Contest, judge: Account, mine: list[Assignment]
) -> None:
    rival = make.member(contest, Role.JUDGE)
    make.assignment(mine[3].entry, rival, code="K-4")
    for actor, code, other in (
        (make.actor(judge), "B-2", "B-1"),  # stepped back from
        (make.actor(judge), "B-1", "B-2"),
        (make.actor(judge), "B-1", "K-4"),  # another judge's code, also of an entry that is the judge's
        (make.actor(judge), "K-4", ""),
        (make.actor(judge), "B-1", "B-9"),
        (make.actor(rival), "B-1", "B-3"),
        (make.actor(session.get(Account, contest.created_by)), "B-1", "B-3"),
        (Actor(), "B-1", "B-3"),
    ):
        with pytest.raises(NotFound):
            comparing.compare(session, actor, "ferry", code, other)

    assert comparing.compare(session, make.actor(judge), "ferry", "B-1", "B-3").that.code == "B-3"
    mine[2].entry.state, mine[2].entry.withdrawn_at = "withdrawn", datetime.now(UTC)
    session.flush()
    with pytest.raises(NotFound):
        comparing.compare(session, make.actor(judge), "ferry", "B-1", "B-3")
    contest.published_at = datetime.now(UTC)
    session.flush()
    with pytest.raises(NotFound):
        comparing.compare(session, make.actor(judge), "ferry", "B-1", "B-4")


def test_a_sheet_tells_what_one_gave_its_neighbours(
    session: Session, make: Make, judge: Account, mine: list[Assignment]
) -> None:
    between = judging.sheet(session, make.actor(judge), "ferry", "B-3")
    last = judging.sheet(session, make.actor(judge), "ferry", "B-4")

    assert (between.before, between.after, dict(between.shares)) == ("B-1", "B-4", {"B-1": 820})
    assert (last.before, last.after, dict(last.shares)) == ("B-3", None, {})
