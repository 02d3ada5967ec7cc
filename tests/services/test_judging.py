"""Judging: queues, sheets, saving, stepping back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import (
    Account,
    Assignment,
    AuditEvent,
    Contest,
    Recusal,
    Score,
    Scorecard,
)
from contest.permissions import Actor
from contest.scoring.rubric import FULL
from contest.services import judging, sheets
from contest.services.sheets import CardView, Progress
from contest.vocabulary import Role
from tests.factories import Make, both

LEVELS = {"clarity": 5, "fit": 4, "craft": 2}
#: 0.5 × 5/5 + 0.3 × 4/5 + 0.2 × 2/5 of full marks.
TOTAL = FULL * 82 // 100


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE)


@pytest.fixture
def assignment(make: Make, contest: Contest, judge: Account) -> Assignment:
    made = make.assignment(make.entry(contest, title="Tide Line"), judge, code="B-1180", position=1)
    make.open_round(contest)
    return made


def save(session: Session, make: Make, judge: Account, assignment: Assignment, **values: Any) -> CardView:
    values = {"version": 0, "levels": {}, "note": "", "comment": ""} | values
    return judging.save(session, make.actor(judge), assignment.round.contest.slug, assignment.code, **values)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """The statements that the session's database is sent meanwhile."""
    seen: list[str] = []

    def note(*given: Any) -> None:
        seen.append(given[2])

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)


def stored_card(session: Session, assignment: Assignment) -> dict[str, Any]:
    session.flush()
    session.expire_all()
    card = session.scalars(select(Scorecard).where(Scorecard.assignment_id == assignment.id)).one()
    scores = {score.criterion_id: score.points for score in card.scores}
    keys = {criterion.id: criterion.key for criterion in assignment.round.criteria}
    return {
        "state": card.state,
        "version": card.version,
        "total": card.total,
        "note": card.note,
        "comment": card.comment,
        "levels": {keys[criterion_id]: points for criterion_id, points in scores.items()},
    }


# The queue ----------------------------------------------------------------------------------------


def test_the_queue_is_in_the_judges_own_order_and_tells_each_state(
    session: Session, make: Make, contest: Contest, judge: Account
) -> None:
    made = {
        code: make.assignment(make.entry(contest), judge, code=code, position=place)
        for place, code in enumerate(("B-5", "B-4", "B-3", "B-2", "B-1"), 1)
    }
    make.open_round(contest)
    make.scorecard(made["B-5"], [5, 5, 5])
    make.scorecard(made["B-3"], [3, None, None], state="draft")
    session.add(Recusal(assignment_id=made["B-1"].id, kind="personal", reason="A friend", created_at=datetime.now(UTC)))
    other = make.member(contest, Role.JUDGE)
    make.assignment(make.entry(contest), other, code="K-1")
    session.flush()

    queue = judging.queue(session, make.actor(judge), contest.slug)

    assert [(row.code, row.state, row.scored, row.criteria, row.conflict) for row in queue.rows] == [
        ("B-5", "judged", 3, 3, ""),
        ("B-4", "skipped", 0, 3, ""),
        ("B-3", "draft", 1, 3, ""),
        ("B-2", "open", 0, 3, ""),
        ("B-1", "conflict", 0, 3, "personal"),
    ]
    assert queue.progress == Progress(all=5, judged=1, draft=1, skipped=1, conflict=1, open=1)
    assert queue.progress.to_go == 2
    assert queue.next_open == "B-3"
    assert [row.code for row in judging.queue(session, make.actor(judge), contest.slug, show="skipped").rows] == ["B-4"]
    assert len(judging.queue(session, make.actor(judge), contest.slug, show="nonsense").rows) == 5


def test_the_queue_shows_the_first_picture_but_none_of_a_conflict(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    make.file(assignment.entry, alt="Second file")
    other = make.assignment(make.entry(contest), judge, position=2)
    session.add(Recusal(assignment_id=other.id, kind="other", reason="x", created_at=datetime.now(UTC)))
    session.flush()

    first, conflict = judging.queue(session, make.actor(judge), contest.slug).rows

    assert first.thumb == sheets.Picture(1, 1, 1, "A screen with a map.", (sheets.PictureSize("320", 320, 160),))
    assert (first.pictures, first.files) == (1, 0)
    assert (conflict.thumb, conflict.pictures) == (None, 0)


def test_queue_and_sheet_take_as_many_statements_for_thirty_entries_as_for_one(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    actor = make.actor(judge)

    def count(act: Any) -> int:
        session.flush()
        session.expire_all()
        with statements(session) as seen:
            act()
        return len(seen)

    few = (
        count(lambda: judging.queue(session, actor, contest.slug)),
        count(lambda: judging.sheet(session, actor, contest.slug, "B-1180")),
    )
    for place in range(2, 31):
        make.scorecard(make.assignment(make.entry(contest), judge, position=place), [1, 2, 3])
    many = (
        count(lambda: judging.queue(session, actor, contest.slug)),
        count(lambda: judging.sheet(session, actor, contest.slug, "B-1180")),
    )

    assert few[1] == many[1] <= 9
    assert many[0] <= few[0] + 1 <= 8


def test_before_the_round_opens_nothing_is_shown(
    session: Session, make: Make, contest: Contest, judge: Account
) -> None:
    make.assignment(make.entry(contest), judge, code="B-1180")

    queue = judging.queue(session, make.actor(judge), contest.slug)

    assert (queue.rows, queue.head.open, queue.head.reason) == ((), False, "judging_not_begun")
    with pytest.raises(NotFound):
        judging.sheet(session, make.actor(judge), contest.slug, "B-1180")
    with pytest.raises(NotFound):
        judging.picture_key(session, make.actor(judge), contest.slug, "B-1180", 1, 1, "320")


def test_an_entry_that_left_the_contest_is_gone(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    assignment.entry.state = "disqualified"
    session.flush()

    assert judging.queue(session, make.actor(judge), contest.slug).rows == ()
    with pytest.raises(NotFound):
        judging.sheet(session, make.actor(judge), contest.slug, "B-1180")
    with pytest.raises(NotFound):
        save(session, make, judge, assignment)


# The sheet ----------------------------------------------------------------------------------------


def test_a_sheet_is_what_the_judge_may_know_and_nothing_more(
    session: Session, make: Make, contest: Contest, judge: Account
) -> None:
    entry = make.entry(
        contest, title="Tide Line", statement="One.\n\nTwo.", declaration="Noto Sans.", files=0, state="draft"
    )
    make.file(entry, "document", kind="pdf", alt="A document")
    make.file(entry, "source", kind="zip", previews=False, preview_state="none", body=b"x" * 1234)
    make.file(entry, alt="A map")
    broken = make.file(entry, previews=False, preview_state="failed", preview_reason="truncated")
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    make.assignment(make.entry(contest), judge, code="B-1", position=1)
    make.assignment(entry, judge, code="B-2", position=2)
    make.assignment(make.entry(contest), judge, code="B-3", position=3)
    make.open_round(contest)
    session.flush()

    sheet = judging.sheet(session, make.actor(judge), contest.slug, "B-2")

    sizes = tuple(sheets.PictureSize(str(edge), edge, edge // 2) for edge in (320, 1280, 2560))
    assert (sheet.code, sheet.title, sheet.statement, sheet.declaration) == (
        "B-2",
        "Tide Line",
        "One.\n\nTwo.",
        "Noto Sans.",
    )
    assert sheet.pictures == (
        sheets.Picture(1, 1, 1, "A map", sizes, kind="png"),
        sheets.Picture(3, 1, 1, "A document", sizes, nth=2, kind="pdf"),
    )
    assert sheet.files == (
        sheets.PlainFile("file-1.png", "png", broken.size, "failed", "truncated"),
        sheets.PlainFile("file-2.zip", "zip", 1234, "none", ""),
    )
    assert [(c.key, c.weight, len(c.levels)) for c in sheet.criteria] == [
        ("clarity", 500, 5),
        ("fit", 300, 5),
        ("craft", 200, 5),
    ]
    assert sheet.card == CardView()
    assert (sheet.place, sheet.before, sheet.after, sheet.next_open) == (2, "B-1", "B-3", "B-3")
    assert sheet.head.contest == dict(contest.title)


def test_a_sheet_does_not_exist_for_anybody_else(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    other = make.member(contest, Role.JUDGE)
    entrant, organiser = assignment.entry.account, session.get(Account, contest.created_by)
    elsewhere = make.contest("judging")
    make.member(elsewhere, Role.JUDGE, judge)

    for actor, slug, code in (
        (make.actor(other), contest.slug, "B-1180"),
        (make.actor(entrant), contest.slug, "B-1180"),
        (make.actor(organiser), contest.slug, "B-1180"),
        (Actor(), contest.slug, "B-1180"),
        (make.actor(judge), contest.slug, "B-9999"),
        (make.actor(judge), elsewhere.slug, "B-1180"),
        (make.actor(judge), "no-such-contest", "B-1180"),
    ):
        for act in (
            lambda a=actor, s=slug, c=code: judging.sheet(session, a, s, c),
            lambda a=actor, s=slug, c=code: judging.picture_key(session, a, s, c, 1, 1, "320"),
            lambda a=actor, s=slug, c=code: judging.save(session, a, s, c, version=0, levels={}, note="", comment=""),
            lambda a=actor, s=slug, c=code: judging.reopen(session, a, s, c),
            lambda a=actor, s=slug, c=code: judging.recuse(session, a, s, c, kind="other", reason="x"),
        ):
            with pytest.raises(NotFound):
                act()


def test_access_ends_with_the_role_with_the_assignment_and_with_the_publication(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    assert judging.sheet(session, make.actor(judge), contest.slug, "B-1180").title == "Tide Line"

    contest.published_at = datetime.now(UTC)
    session.flush()
    for act in (
        lambda: judging.queue(session, make.actor(judge), contest.slug),
        lambda: judging.sheet(session, make.actor(judge), contest.slug, "B-1180"),
    ):
        with pytest.raises(NotFound):
            act()
    contest.published_at = None
    assignment.removed_at = datetime.now(UTC)
    session.flush()
    with pytest.raises(NotFound):
        judging.sheet(session, make.actor(judge), contest.slug, "B-1180")


def test_judges_see_the_last_sealed_revision_and_then_the_one_that_they_began_with(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    entry = assignment.entry
    entry.title = "Second"
    session.flush()
    make.revision(entry, 2)
    entry.title = "Draft"
    session.flush()
    save(session, make, judge, assignment, note="x")
    make.revision(entry, 3)

    assert judging.sheet(session, make.actor(judge), contest.slug, "B-1180").title == "Second"


def test_a_picture_is_found_by_our_numbers_only(
    session: Session, make: Make, contest: Contest, judge: Account, assignment: Assignment
) -> None:
    preview = assignment.entry.files[0].previews[1]

    assert judging.picture_key(session, make.actor(judge), contest.slug, "B-1180", 1, 1, "1280") == preview.key
    for number, page, preset in ((2, 1, "320"), (1, 2, "320"), (0, 1, "320"), (1, 1, "640"), (1, 1, "")):
        with pytest.raises(NotFound):
            judging.picture_key(session, make.actor(judge), contest.slug, "B-1180", number, page, preset)


# Saving -------------------------------------------------------------------------------------------


def test_a_draft_is_saved_without_a_total_and_without_an_event(
    session: Session, make: Make, judge: Account, assignment: Assignment
) -> None:
    saved = save(session, make, judge, assignment, levels={"clarity": 5, "fit": None}, note="mine", comment="yours")

    assert (saved.version, saved.state, dict(saved.levels)) == (1, "draft", {"clarity": 5})
    assert stored_card(session, assignment) == {
        "state": "draft",
        "version": 1,
        "total": None,
        "note": "mine",
        "comment": "yours",
        "levels": {"clarity": 5},
    }
    assert session.scalars(select(AuditEvent).where(AuditEvent.act.like("scorecard%"))).all() == []


def test_changing_clearing_and_completing_keep_total_and_scores_together(
    session: Session, make: Make, judge: Account, assignment: Assignment
) -> None:
    save(session, make, judge, assignment, levels=LEVELS)
    assert stored_card(session, assignment)["total"] == TOTAL

    save(session, make, judge, assignment, version=1, levels={"clarity": 1, "fit": None, "craft": 2})
    assert stored_card(session, assignment) | {"note": ""} == {
        "state": "draft",
        "version": 2,
        "total": None,
        "note": "",
        "comment": "",
        "levels": {"clarity": 1, "craft": 2},
    }

    save(session, make, judge, assignment, version=2, levels=LEVELS, submit=True)
    assert stored_card(session, assignment)["levels"] == LEVELS
    assert stored_card(session, assignment)["total"] == TOTAL


def test_all_scores_are_stored_in_two_statements_at_most(
    session: Session, make: Make, judge: Account, assignment: Assignment
) -> None:
    save(session, make, judge, assignment, levels=LEVELS)

    with statements(session) as seen:
        save(session, make, judge, assignment, version=1, levels={"clarity": 1, "fit": 2})

    assert [text.split()[0] for text in seen if " score " in text and not text.startswith("SELECT")] == [
        "DELETE",
        "INSERT",
    ]


def test_submitting_records_the_act_and_needs_every_criterion(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    with pytest.raises(Invalid) as refused:
        save(session, make, judge, assignment, levels={"clarity": 5}, submit=True)
    assert refused.value.problems == {"level-fit": "criterion_missing", "level-craft": "criterion_missing"}
    session.rollback()


def test_submitted_is_counted_and_audited_without_what_was_written(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    saved = save(session, make, judge, assignment, levels=LEVELS, note="secret note", comment="kind words", submit=True)

    assert (saved.state, saved.version) == ("submitted", 1)
    session.flush()
    happened = session.scalars(select(AuditEvent).where(AuditEvent.act == "scorecard.submitted")).one()
    assert (happened.actor_id, happened.contest_id, happened.facts) == (
        judge.id,
        contest.id,
        {"code": "B-1180", "version": 1},
    )


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"levels": {"clarity": 6}}, "level-clarity", "invalid"),
        ({"levels": {"clarity": 0}}, "level-clarity", "invalid"),
        ({"levels": {"other": 1}}, "level-other", "invalid"),
        ({"note": "x" * 5001}, "note", "too_long"),
        ({"comment": "x" * 5001}, "comment", "too_long"),
    ],
)
def test_values_out_of_their_scale_are_refused(
    session: Session, make: Make, judge: Account, assignment: Assignment, values: Any, field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        save(session, make, judge, assignment, **values)

    assert refused.value.problems == {field: code}


def test_another_tab_that_saved_first_is_not_overwritten(
    session: Session, make: Make, judge: Account, assignment: Assignment
) -> None:
    save(session, make, judge, assignment, levels={"clarity": 5}, note="first tab")

    with pytest.raises(Conflict) as refused:
        save(session, make, judge, assignment, levels={"clarity": 1}, note="second tab")

    stored = refused.value.facts["stored"]
    assert (refused.value.reason, stored.version, dict(stored.levels), stored.note) == (
        "stale",
        1,
        {"clarity": 5},
        "first tab",
    )
    assert stored_card(session, assignment)["note"] == "first tab"


def test_the_same_values_again_are_fine_whatever_the_version(
    session: Session, make: Make, judge: Account, assignment: Assignment
) -> None:
    first = save(session, make, judge, assignment, levels=LEVELS, note="n")

    again = save(session, make, judge, assignment, version=0, levels=LEVELS, note="n")
    submitted = save(session, make, judge, assignment, version=0, levels=LEVELS, note="n", submit=True)
    twice = save(session, make, judge, assignment, version=1, levels=LEVELS, note="n", submit=True)

    assert (first.version, again.version, submitted.version, twice.version) == (1, 1, 2, 2)
    assert len(session.scalars(select(AuditEvent).where(AuditEvent.act == "scorecard.submitted")).all()) == 1


def test_a_submitted_scorecard_is_reopened_before_it_changes(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    save(session, make, judge, assignment, levels=LEVELS, submit=True)
    with pytest.raises(Denied, match="already_submitted"):
        save(session, make, judge, assignment, version=1, levels=LEVELS | {"craft": 5})

    judging.reopen(session, make.actor(judge), contest.slug, "B-1180")
    judging.reopen(session, make.actor(judge), contest.slug, "B-1180")
    save(session, make, judge, assignment, version=2, levels=LEVELS | {"craft": 5}, submit=True)

    assert stored_card(session, assignment)["version"] == 3
    acts = session.scalars(
        select(AuditEvent.act).where(AuditEvent.act.like("scorecard%")).order_by(AuditEvent.id)
    ).all()
    assert acts == ["scorecard.submitted", "scorecard.reopened", "scorecard.submitted"]


def test_the_first_scorecard_freezes_the_rubric(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    assert contest.round.rubric_frozen_at is None

    save(session, make, judge, assignment, note="n")

    assert contest.round.rubric_frozen_at is not None


def test_a_closed_round_takes_nothing(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    save(session, make, judge, assignment, levels=LEVELS, submit=True)
    make.close_round(contest)

    for act in (
        lambda: save(session, make, judge, assignment, version=1, levels=LEVELS, note="late"),
        lambda: judging.reopen(session, make.actor(judge), contest.slug, "B-1180"),
        lambda: judging.recuse(session, make.actor(judge), contest.slug, "B-1180", kind="other", reason="x"),
    ):
        with pytest.raises(Denied) as refused:
            act()
        assert refused.value.reason == "round_closed"
        assert refused.value.facts["closed_at"] == contest.round.closed_at
    sheet = judging.sheet(session, make.actor(judge), contest.slug, "B-1180")
    assert (sheet.head.open, sheet.head.reason, dict(sheet.card.levels)) == (False, "round_closed", LEVELS)


def test_scores_stay_within_their_card(session: Session, make: Make, contest: Contest, judge: Account) -> None:
    one = make.assignment(make.entry(contest), judge, code="B-1")
    two = make.assignment(make.entry(contest), judge, code="B-2")
    make.open_round(contest)
    save(session, make, judge, one, levels=LEVELS)

    save(session, make, judge, two, levels={"clarity": 1})

    assert stored_card(session, one)["levels"] == LEVELS
    assert len(session.scalars(select(Score)).all()) == 4


# Stepping back ------------------------------------------------------------------------------------


def test_stepping_back_hides_the_entry_at_once(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    save(session, make, judge, assignment, levels={"clarity": 1})

    judging.recuse(session, make.actor(judge), contest.slug, "B-1180", kind="professional", reason="Same office.")

    recusal = session.scalars(select(Recusal)).one()
    assert (recusal.assignment_id, recusal.kind, recusal.reason) == (assignment.id, "professional", "Same office.")
    queue = judging.queue(session, make.actor(judge), contest.slug)
    assert [(row.state, row.conflict) for row in queue.rows] == [("conflict", "professional")]
    for act in (
        lambda: judging.sheet(session, make.actor(judge), contest.slug, "B-1180"),
        lambda: judging.picture_key(session, make.actor(judge), contest.slug, "B-1180", 1, 1, "320"),
        lambda: save(session, make, judge, assignment, version=1, note="after"),
        lambda: judging.recuse(session, make.actor(judge), contest.slug, "B-1180", kind="other", reason="again"),
    ):
        with pytest.raises(NotFound):
            act()
    happened = session.scalars(select(AuditEvent).where(AuditEvent.act == "assignment.recused")).one()
    assert happened.facts == {"kind": "professional", "code": "B-1180"}


def test_stepping_back_needs_a_kind_and_a_reason(
    session: Session, make: Make, judge: Account, assignment: Assignment, contest: Contest
) -> None:
    with pytest.raises(Invalid) as refused:
        judging.recuse(session, make.actor(judge), contest.slug, "B-1180", kind="mood", reason="  ")

    assert refused.value.problems == {"kind": "kind_of_conflict", "reason": "reason_missing"}
