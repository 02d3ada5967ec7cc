"""Progress: numbers, the one next thing, states without scores; the organiser's view of entries and the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from contest import audit
from contest.db import Database
from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest, Entry, Membership, OutboxItem, Recusal
from contest.permissions import Actor
from contest.services import admissions, history, listing, progress
from contest.vocabulary import Role
from tests.factories import Make


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _judging(make: Make, entries: int, judges: int, need: int) -> tuple[Contest, list[Entry], list[Account]]:
    contest = make.contest("judging", judges_per_entry=need)
    people = [make.member(contest, Role.JUDGE, make.account(f"Judge {n:02d}")) for n in range(judges)]
    return contest, [make.entry(contest, files=0) for _ in range(entries)], people


def _recuse(session: Session, assignment: Any) -> None:
    session.add(Recusal(assignment_id=assignment.id, kind="financial", reason="A loan.", created_at=datetime.now(UTC)))
    session.flush()


def _every(sorts: tuple[str, ...]) -> listing.Listing:
    """The first page of a list, as it is without any wish."""
    return listing.read({}, sorts=sorts)


def _half_done(session: Session, make: Make) -> tuple[Contest, list[Entry], list[Account]]:
    """Two entries, three judges: one submitted, one draft, one stepped back, one not begun."""
    contest, entries, judges = _judging(make, entries=2, judges=3, need=2)
    make.open_round(contest)
    first, second = entries
    make.scorecard(make.assignment(first, judges[0]), [5, 4, 3])
    make.scorecard(make.assignment(first, judges[1]), [5, None, None], state="draft")
    make.assignment(second, judges[0])
    _recuse(session, make.assignment(second, judges[2]))
    return contest, entries, judges


# Numbers and states ------------------------------------------------------------------------------


def test_counts_tell_what_is_in_and_what_is_missing(session: Session, make: Make) -> None:
    contest, _, judges = _half_done(session, make)
    make.entry(contest, state="draft", files=0)
    out = make.entry(contest, state="disqualified", files=0)
    make.scorecard(make.assignment(out, judges[0]), [1, 1, 1])
    make.member(contest, Role.PUBLISHER)

    counts = progress.count(session, contest)

    assert counts == progress.Counts(
        drafts=1,
        entries=2,
        disqualified=1,
        judges=3,
        deciders=1,
        invited=0,
        short=1,
        assigned=3,
        submitted=1,
        scorecard_drafts=1,
        recused=1,
        waiting=1,
    )
    assert counts.missing == 2
    assert progress.bars(contest, counts) == [("cards_missing", 2), ("entries_short", 1), ("recusals_waiting", 1)]


def test_a_recusal_that_another_took_over_waits_no_more(session: Session, make: Make) -> None:
    contest, [_, second], [_, judge, _] = _half_done(session, make)
    make.assignment(second, judge)

    counts = progress.count(session, contest)

    assert (counts.recused, counts.waiting, counts.short) == (1, 0, 0)


def test_judges_by_name_with_their_states(session: Session, make: Make) -> None:
    contest, _, _ = _half_done(session, make)
    make.member(contest, Role.JUDGE, make.account("Judge 99"))

    rows = progress.judges(session, contest)

    assert [(r.name, r.live, r.assigned, r.submitted, r.drafts, r.recused, r.last_at is not None) for r in rows] == [
        ("Judge 00", True, 2, 1, 0, 0, True),
        ("Judge 01", True, 1, 0, 1, 0, True),
        ("Judge 02", True, 0, 0, 0, 1, False),
        ("Judge 99", True, 0, 0, 0, 0, False),
    ]


def test_a_judge_whose_role_is_gone_is_still_named_with_what_counts(session: Session, make: Make) -> None:
    contest, [entry], _ = _judging(make, entries=1, judges=0, need=1)
    make.scorecard(make.assignment(entry, make.account("Gone")), [1, 1, 1])

    assert [(r.name, r.live, r.submitted) for r in progress.judges(session, contest)] == [("Gone", False, 1)]


def test_entries_tell_states_and_no_scores(session: Session, make: Make) -> None:
    contest, [first, second], [a, b, c] = _half_done(session, make)

    found, rows = progress.entries(session, contest, _every(progress.ENTRY_SORTS))

    assert [(r.number, r.title, r.assigned, r.submitted) for r in rows] == [
        (first.number, first.title, 2, 1),
        (second.number, second.title, 1, 0),
    ]
    assert [{judge: (state, name) for judge, (_, state, name) in r.cells.items()} for r in rows] == [
        {a.id: ("submitted", a.name), b.id: ("draft", b.name)},
        {a.id: ("not_started", a.name), c.id: ("recused", c.name)},
    ]
    assert (found.total, found.page, found.pages) == (2, 1, 1)


@pytest.mark.parametrize(
    "values, wanted",
    [
        ({"sort": "-submitted"}, [1, 2]),
        ({"sort": "submitted"}, [2, 1]),
        ({"sort": "-assigned", "page": "7"}, [1, 2]),
        ({"q": "0002"}, [2]),
        ({"q": "WORK 0"}, [1]),
        ({"q": "nothing like that"}, []),
    ],
)
def test_entries_in_the_order_and_by_the_words_asked_for(
    session: Session, make: Make, values: dict[str, str], wanted: list[int]
) -> None:
    contest, judges = make.contest("judging", judges_per_entry=2), [make.account(), make.account()]
    entries = [make.entry(contest, files=0, title=f"Work {place}") for place in range(2)]
    for place, entry in enumerate(entries, 1):
        entry.number = place
    make.open_round(contest)
    make.scorecard(make.assignment(entries[0], judges[0]), [5, 4, 3])
    make.assignment(entries[0], judges[1])
    make.assignment(entries[1], judges[1])

    _, rows = progress.entries(session, contest, listing.read(values, sorts=progress.ENTRY_SORTS))

    assert [r.number for r in rows] == wanted


def test_the_number_of_statements_does_not_grow(database: Database, session: Session, make: Make) -> None:
    def measure(entries: int, judges: int) -> int:
        contest, made, people = _judging(make, entries=entries, judges=judges, need=1)
        for entry in made:
            for judge in people:
                make.scorecard(make.assignment(entry, judge), [1, 1, 1])
        session.commit()
        with database.reading() as reading, _statements(database) as seen:
            found = reading.get_one(Contest, contest.id)
            progress.count(reading, found)
            progress.judges(reading, found)
            progress.entries(reading, found, _every(progress.ENTRY_SORTS))
            admissions.states(reading, found)
            admissions.listed(reading, found, _every(admissions.SORTS))
            admissions.detail(reading, found, made[0].number)
            history.read(reading, found)
        return len(seen)

    assert measure(1, 1) == measure(4, 3) <= 17


# The next thing ----------------------------------------------------------------------------------


def test_the_steps_of_many_contests_are_those_of_each_in_as_many_statements(
    database: Database, session: Session, make: Make
) -> None:
    contests = [make.contest(phase) for phase in ("draft", "announced", "open", "grace", "draft")]
    for need in (1, 2):
        contest, entries, people = _judging(make, entries=need + 1, judges=2, need=need)
        make.scorecard(make.assignment(entries[0], people[0]), [1, 1, 1])
        _recuse(session, make.assignment(entries[1], people[0]))
        contests.append(contest)
    session.commit()
    now = datetime.now(UTC)

    def measure(ids: list[Any]) -> int:
        with database.reading() as reading, _statements(database) as seen:
            found = progress.next_steps(reading, ids, now)
            made = len(seen)
        assert set(found) == set(ids)
        for each in ids:
            loaded = session.get_one(Contest, each)
            counts = progress.count(session, loaded)
            assert found[each] == (progress.next_step(loaded, counts, now), counts)
        return made

    ids = [contest.id for contest in contests]
    assert measure(ids) == measure([ids[0], ids[-1]]) <= 12
    assert progress.next_steps(session, [], now) == {}


def _step(session: Session, contest: Contest) -> tuple[str, str]:
    session.expire_all()
    step = progress.next_step(contest, progress.count(session, contest), datetime.now(UTC))
    return step.code, step.endpoint


def test_before_the_close_the_next_thing_is_to_announce_and_invite(session: Session, make: Make) -> None:
    draft, bare, announced, open_, grace = (make.contest(p) for p in ("draft", "draft", "announced", "open", "grace"))
    bare.contact = ""
    bare.round.due_at = None
    session.flush()
    few = make.contest("open")
    for contest in (announced, open_, grace):
        for _ in range(2):
            make.member(contest, Role.JUDGE)

    assert [_step(session, contest) for contest in (draft, bare, few, announced, open_, grace)] == [
        ("announce", "manage.announce"),
        ("complete", "manage.texts"),
        ("invite_judges", "manage.people"),
        ("wait_opening", "submission.contest_any"),
        ("wait_close", "manage.entries"),
        ("wait_grace", "manage.entries"),
    ]


def test_without_an_entry_the_next_thing_is_a_later_deadline(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    seen = [_step(session, contest)]
    make.entry(contest, state="disqualified", files=0)
    seen.append(_step(session, contest))
    make.open_round(contest)
    seen.append(_step(session, contest))

    assert seen == [("no_entries", "manage.dates"), ("none_left", "manage.entries"), ("none_left", "manage.entries")]


def test_judging_goes_from_assigning_to_deciding(session: Session, make: Make) -> None:
    contest = make.contest("judging", judges_per_entry=1)
    seen = [_step(session, contest)]
    entry = make.entry(contest, files=0)
    seen.append(_step(session, contest))
    judge = make.member(contest, Role.JUDGE)
    seen.append(_step(session, contest))
    row = make.assignment(entry, judge)
    seen.append(_step(session, contest))
    contest.round.criteria[0].weight = 499
    session.flush()
    seen.append(_step(session, contest))
    contest.round.criteria[0].weight = 500
    make.open_round(contest)
    seen.append(_step(session, contest))
    make.scorecard(row, [1, 1, 1])
    seen.append(_step(session, contest))
    make.close_round(contest)
    seen.append(_step(session, contest))
    contest.round.state = "tallied"
    session.flush()
    seen.append(_step(session, contest))
    chair = make.member(contest, Role.CHAIR)
    seen.append(_step(session, contest))
    publication = make.proposal(contest)
    seen.append(_step(session, contest))
    publication.approved_by, publication.approved_at = chair.id, datetime.now(UTC)
    session.flush()
    seen.append(_step(session, contest))
    contest.published_at = datetime.now(UTC)
    session.flush()
    seen.append(_step(session, contest))

    assert [code for code, _ in seen] == [
        "no_entries",
        "invite_judges",
        "assign",
        "open_judging",
        "fix_rubric",
        "watch",
        "close_judging",
        "wait_tally",
        "invite_publisher",
        "decide",
        "wait_approval",
        "publish",
        "see_winners",
    ]


def test_an_entry_that_leaves_takes_the_waiting_proposal_back(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    make.close_round(contest)
    contest.round.state = "tallied"
    proposal = make.proposal(contest)
    actor = _organiser(session, make, contest)

    admissions.disqualify(session, actor, contest.slug, entry.number, reason="Copied.")

    assert proposal.state == "superseded"


# Entries -----------------------------------------------------------------------------------------


def test_the_list_of_entries_tells_what_is_sealed(session: Session, make: Make) -> None:
    contest = make.contest("open")
    sealed, draft = make.entry(contest, files=2), make.entry(contest, state="draft", files=1)
    sealed.title = "Changed since"
    make.entry(make.contest("open"))
    session.flush()

    found, rows = admissions.listed(session, contest, _every(admissions.SORTS))

    assert [
        (r.number, r.state, r.entrant, r.category, r.title, r.revision, r.sealed_at is not None, r.files) for r in rows
    ] == [
        (
            sealed.number,
            "submitted",
            sealed.account.name,
            contest.categories[0].name,
            sealed.revisions[0].title,
            1,
            True,
            2,
        ),
        (draft.number, "draft", draft.account.name, contest.categories[0].name, draft.title, None, False, 0),
    ]
    assert admissions.states(session, contest) == {"submitted": 1, "draft": 1}
    assert found.total == 2


@pytest.mark.parametrize(
    "values, wanted",
    [
        ({"state": "draft"}, [2]),
        ({"category": "web"}, [2]),
        ({"category": "app", "state": "draft"}, []),
        ({"q": "amara"}, [1]),
        ({"q": "#2"}, [2]),
        ({"q": "100%"}, [2]),
        ({"sort": "-title"}, [2, 1]),
        ({"sort": "sealed"}, [1, 2]),
        ({"sort": "-sealed"}, [1, 2]),
        ({"sort": "entrant", "page": "3"}, [1, 2]),
    ],
)
def test_the_list_of_entries_is_searched_filtered_and_sorted(
    session: Session, make: Make, values: dict[str, str], wanted: list[int]
) -> None:
    contest = make.contest("open")
    first = make.entry(contest, make.account("Amara Eze"), title="A calm map", files=0)
    second = make.entry(contest, make.account("Bruno"), title="Zoom 100%", state="draft", files=0)
    first.number, second.number, second.category_id = 1, 2, contest.categories[1].id
    session.flush()
    keys = [category.key for category in contest.categories]

    found, rows = admissions.listed(
        session,
        contest,
        listing.read(values, sorts=admissions.SORTS, filters={"state": ["draft"], "category": keys}),
    )

    assert [r.number for r in rows] == wanted
    assert (found.total, found.page) == (len(wanted), 1)


def test_one_entry_with_every_revision_and_file(session: Session, make: Make) -> None:
    contest = make.contest("open")
    entry = make.entry(contest, files=1)
    make.file(entry, "source", kind="zip", preview_state="none", previews=False)
    make.revision(entry, 2)

    found = admissions.detail(session, contest, entry.number)

    second, first = found.revisions
    assert (found.entry.name, found.entry.email, found.reason) == (entry.account.name, entry.account.email, "")
    assert [(r.number, r.statement, r.credit, r.receipt) for r in found.revisions] == [
        (2, entry.statement, entry.credit, None),
        (1, entry.statement, entry.credit, None),
    ]
    assert [(f.kind, f.preview_state, f.thumb is not None) for f in found.files[second.id]] == [
        ("png", "ready", True),
        ("zip", "none", False),
    ]
    assert [f.kind for f in found.files[first.id]] == ["png"]
    with pytest.raises(NotFound):
        admissions.detail(session, make.contest("open"), entry.number)


def test_disqualifying_keeps_the_reason_and_can_be_undone(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    actor = _organiser(session, make, contest)

    admissions.disqualify(session, actor, contest.slug, entry.number, reason=" Not their own work. ")
    assert (entry.state, admissions.detail(session, contest, entry.number).reason) == (
        "disqualified",
        "Not their own work.",
    )
    admissions.reinstate(session, actor, contest.slug, entry.number)

    assert (entry.state, admissions.detail(session, contest, entry.number).reason) == ("submitted", "")
    session.flush()
    acts = session.execute(select(AuditEvent.act, AuditEvent.facts).where(AuditEvent.subject_id == str(entry.id)))
    assert [tuple(row) for row in acts] == [
        ("entry.disqualified", {"number": entry.number, "reason": "Not their own work."}),
        ("entry.reinstated", {"number": entry.number}),
    ]
    assert session.scalars(select(OutboxItem.job)).all() == ["mail_admission"] * 2


def test_after_the_tally_scores_are_counted_anew(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    make.close_round(contest)
    actor = _organiser(session, make, contest)

    admissions.disqualify(session, actor, contest.slug, entry.number, reason="Late.")

    owed = session.execute(select(OutboxItem.job, OutboxItem.args).where(OutboxItem.job != "mail_admission")).all()
    assert [tuple(row) for row in owed] == [
        ("make_tally", {"round_id": str(contest.round.id), "account_id": str(actor.account_id)})
    ]


def test_what_cannot_be_disqualified(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry, draft = make.entry(contest), make.entry(contest, state="draft")
    actor = _organiser(session, make, contest)

    with pytest.raises(Invalid) as error:
        admissions.disqualify(session, actor, contest.slug, entry.number, reason="  ")
    assert error.value.problems == {"reason": "reason_missing"}
    with pytest.raises(Denied, match="not_submitted"):
        admissions.disqualify(session, actor, contest.slug, draft.number, reason="x")
    with pytest.raises(NotFound):
        admissions.disqualify(session, actor, contest.slug, 10**6, reason="x")
    with pytest.raises(Denied, match="organiser_only"):
        admissions.disqualify(
            session, make.actor(make.member(contest, Role.CHAIR)), contest.slug, entry.number, reason="x"
        )
    contest.published_at = datetime.now(UTC)
    session.flush()
    with pytest.raises(Denied, match="published_fixed"):
        admissions.disqualify(session, actor, contest.slug, entry.number, reason="x")


# The log -----------------------------------------------------------------------------------------


def test_the_log_is_read_by_pages_and_groups(session: Session, make: Make) -> None:
    contest, other = make.contest("open"), make.contest("open")
    actor = _organiser(session, make, contest)
    for number in range(history.PAGE + 3):
        audit.record(session, actor, "contest.changed", contest, number=number)
    audit.record(session, None, "file.accepted", contest_id=contest.id)
    audit.record(session, actor, "contest.changed", other)
    session.flush()

    first = history.read(session, contest)
    second = history.read(session, contest, before=first.older)

    assert (len(first.events), first.events[0].act, first.events[0].actor) == (history.PAGE, "file.accepted", None)
    assert [e.facts["number"] for e in second.events] == [3, 2, 1, 0]
    assert second.older is None
    assert [e.act for e in history.read(session, contest, group="file").events] == ["file.accepted"]
    assert [e.act for e in history.read(session, contest, who="system").events] == ["file.accepted"]
    assert len(history.read(session, contest, who=actor.account_id or "").events) == history.PAGE
    assert history.read(session, contest, who="others").events == []
    assert history.read(session, contest, who=make.account().id).events == []
    assert first.events[1].actor == actor.name
    assert "account" not in history.GROUPS


def test_the_log_tells_what_is_sealed(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    audit.record(session, actor, "contest.changed", contest)
    session.flush()
    assert history.read(session, contest).seal is None
    seal = audit.seal(session, settle=timedelta(0))
    audit.record(session, actor, "contest.announced", contest)
    session.flush()

    found = history.read(session, contest)

    assert [(e.act, e.sealed) for e in found.events] == [("contest.announced", False), ("contest.changed", True)]
    assert seal is not None and found.seal is not None
    assert (found.seal.id, found.seal.digest, found.seal.last_id) == (seal.id, seal.digest, seal.last_id)


def test_the_log_names_whom_it_can_be_asked_for_and_nobody_else(session: Session, make: Make) -> None:
    contest = make.contest("open")
    organiser = session.get_one(Account, contest.created_by)
    gone, entrant, stranger = make.member(contest, Role.CHAIR), make.account("Amara"), make.account("Bruno")
    session.execute(update(Membership).where(Membership.account_id == gone.id).values(removed_at=datetime.now(UTC)))
    audit.record(session, make.actor(entrant), "entry.started", contest_id=contest.id)
    session.flush()

    def named(also: Any = "") -> set[str]:
        return {person.name for person in history.people(session, contest, also)}

    assert named() == {organiser.name, gone.name}
    assert named(entrant.id) == {organiser.name, gone.name, "Amara"}
    assert named(stranger.id) == named("system") == named()


# Judges and their pace ----------------------------------------------------------------------------


def test_judges_are_silent_once_they_saved_nothing_for_days(session: Session, make: Make) -> None:
    contest, _, _ = _half_done(session, make)
    make.member(contest, Role.JUDGE, make.account("Judge 99"))
    now = datetime.now(UTC)

    def states(at: datetime) -> list[str]:
        return [progress.state_of(judge, contest, at) for judge in progress.judges(session, contest)]

    assert states(now) == ["under_way", "under_way", "nothing_assigned", "nothing_assigned"]
    assert states(now + progress.SILENT) == ["silent", "silent", "nothing_assigned", "nothing_assigned"]
    found = progress.standing(
        progress.judges(session, contest), contest, progress.count(session, contest), now + progress.SILENT
    )
    assert found == progress.Standing(judging=2, finished=0, not_begun=0, silent=2, complete_at=None)


def test_the_pace_tells_when_the_last_scorecard_comes_in(session: Session, make: Make) -> None:
    contest, entries, [judge] = _judging(make, entries=8, judges=1, need=1)
    make.open_round(contest)
    cards = [make.assignment(entry, judge) for entry in entries]
    for card in cards[:6]:
        make.scorecard(card, [3, 3, 3])
    opened = contest.round.opened_at
    assert opened is not None
    counts = progress.count(session, contest)
    rows = progress.judges(session, contest)

    after_a_day = progress.standing(rows, contest, counts, opened + timedelta(days=1))
    at_once = progress.standing(rows, contest, counts, opened + timedelta(hours=1))

    assert after_a_day.complete_at == opened + timedelta(days=1, hours=8)
    assert at_once.complete_at is None


@pytest.mark.parametrize(
    "values, wanted",
    [
        ({}, ["Judge 00", "Judge 01", "Judge 02"]),
        ({"judges-sort": "-judged"}, ["Judge 00", "Judge 01", "Judge 02"]),
        ({"judges-sort": "recused"}, ["Judge 00", "Judge 01", "Judge 02"]),
        ({"judges-sort": "-recused"}, ["Judge 02", "Judge 00", "Judge 01"]),
        ({"judges-sort": "state"}, ["Judge 00", "Judge 01", "Judge 02"]),
        ({"judges-q": "01"}, ["Judge 01"]),
    ],
)
def test_judges_in_the_order_asked_for(session: Session, make: Make, values: dict[str, str], wanted: list[str]) -> None:
    contest, _, _ = _half_done(session, make)
    asked = listing.read(values, sorts=progress.JUDGE_SORTS, name="judges")

    _, rows = progress.arrange_judges(progress.judges(session, contest), contest, asked, datetime.now(UTC))

    assert [row.name for row in rows] == wanted


def test_people_stand_where_their_reading_puts_them(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    for name, reading, key in (("森", "もり", ""), ("青木", "あおき", ""), ("Zoë", "", "aaa"), ("bruno", "", "")):
        make.member(contest, Role.JUDGE, make.account(name, furigana=reading, sort_name=key))

    assert [judge.name for judge in progress.judges(session, contest)] == ["Zoë", "bruno", "青木", "森"]
