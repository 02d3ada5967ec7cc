"""Assignments: the draw's promises, single changes, recusals, codes and mails."""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.db import Database
from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, Assignment, AuditEvent, Contest, Entry, MailMessage, OutboxItem, Recusal
from contest.permissions import Actor
from contest.services import assignment, draw, people
from contest.vocabulary import Role
from tests.factories import Make

Run = Callable[[], list[str]]


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def _live(session: Session, contest: Contest) -> list[Assignment]:
    return list(
        session.scalars(
            select(Assignment)
            .where(Assignment.round_id == contest.round.id, Assignment.removed_at.is_(None))
            .order_by(Assignment.entry_id, Assignment.judge_id)
        )
    )


def _pairs(session: Session, contest: Contest) -> set[tuple[uuid.UUID, uuid.UUID]]:
    return {(row.entry_id, row.judge_id) for row in _live(session, contest)}


def _recuse(session: Session, row: Assignment) -> None:
    session.add(Recusal(assignment_id=row.id, kind="personal", reason="A friend.", created_at=datetime.now(UTC)))
    session.flush()


def _setting(make: Make, entries: int, judges: int, need: int) -> tuple[Contest, list[Entry], list[Account]]:
    contest = make.contest("judging", judges_per_entry=need)
    people = [make.member(contest, Role.JUDGE, make.account(f"Judge {n:02d}")) for n in range(judges)]
    return contest, [make.entry(contest, files=0) for _ in range(entries)], people


# The pure draw -----------------------------------------------------------------------------------

_sizes = st.tuples(st.integers(0, 24), st.integers(1, 9), st.integers(1, 5), st.text(max_size=4))


def _loads(pairs: list[tuple[int, str]], judges: list[str]) -> list[int]:
    counted = Counter(judge for _, judge in pairs)
    return [counted[judge] for judge in judges]


@given(_sizes)
def test_without_conflicts_every_entry_gets_its_judges_and_loads_differ_by_one_at_most(
    sizes: tuple[int, int, int, str],
) -> None:
    n_entries, n_judges, need, seed = sizes
    entries, judges = list(range(n_entries)), [f"j{n}" for n in range(n_judges)]

    pairs = draw.balanced(entries, judges, need, {}, set(), seed)

    each = Counter(entry for entry, _ in pairs)
    assert all(each[entry] == min(need, n_judges) for entry in entries)
    assert len(set(pairs)) == len(pairs)
    loads = _loads(pairs, judges)
    assert max(loads) - min(loads) <= 1
    assert pairs == draw.balanced(entries, judges, need, {}, set(), seed)


@given(_sizes, st.data())
def test_no_barred_pair_is_drawn_and_what_is_held_stays(sizes: tuple[int, int, int, str], data: Any) -> None:
    n_entries, n_judges, need, seed = sizes
    entries, judges = list(range(n_entries)), [f"j{n}" for n in range(n_judges)]
    everything = [(entry, judge) for entry in entries for judge in judges]
    held_pairs = data.draw(st.lists(st.sampled_from(everything), unique=True)) if everything else []
    free = [pair for pair in everything if pair not in held_pairs]
    barred = set(data.draw(st.lists(st.sampled_from(free), unique=True))) if free else set()
    held: dict[int, list[str]] = {}
    for entry, judge in held_pairs:
        held.setdefault(entry, []).append(judge)

    pairs = draw.balanced(entries, judges, need, held, barred, seed)

    assert not set(pairs) & (barred | set(held_pairs))
    for entry in entries:
        have = len(held.get(entry, []))
        may = sum((entry, judge) not in barred and judge not in held.get(entry, []) for judge in judges)
        assert sum(e == entry for e, _ in pairs) == min(max(need - have, 0), may)
    assert draw.balanced(entries, judges, need, _with(held, pairs), barred, seed) == []


def _with(held: dict[int, list[str]], pairs: list[tuple[int, str]]) -> dict[int, list[str]]:
    whole = {entry: list(judges) for entry, judges in held.items()}
    for entry, judge in pairs:
        whole.setdefault(entry, []).append(judge)
    return whole


def test_loads_even_out_along_a_chain_of_judges() -> None:
    # a holds much already; b and c may not judge everything, so that one move alone does not help.
    entries = list(range(8))
    barred = {(entry, "c") for entry in range(4)} | {(entry, "b") for entry in range(4, 8)}

    pairs = draw.balanced(entries, ["a", "b", "c"], 1, {}, barred, "seed")

    assert sorted(_loads(pairs, ["a", "b", "c"])) == [2, 3, 3]


@pytest.mark.parametrize("seed", ["one", "two", "three", "four"])
def test_even_loads_where_conflicts_allow_them(seed: str) -> None:
    entries, judges = list(range(40)), [f"j{n}" for n in range(7)]
    barred = {(entry, "j0") for entry in range(0, 40, 2)} | {(entry, "j1") for entry in range(20)}

    loads = _loads(draw.balanced(entries, judges, 3, {}, barred, seed), judges)

    assert (sum(loads), max(loads) - min(loads)) == (120, 1)


def test_another_seed_is_another_draw() -> None:
    entries, judges = list(range(30)), [f"j{n}" for n in range(6)]

    drawn = {tuple(sorted(draw.balanced(entries, judges, 2, {}, set(), str(seed)))) for seed in range(5)}

    assert len(drawn) == 5


# The act -----------------------------------------------------------------------------------------


def test_each_entry_gets_its_judges_and_loads_are_even(session: Session, make: Make) -> None:
    contest, entries, judges = _setting(make, entries=10, judges=4, need=3)

    drawn = assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="s")

    rows = _live(session, contest)
    assert drawn == assignment.Drawn(made=30, judges=4, short=0)
    assert Counter(row.entry_id for row in rows) == {entry.id: 3 for entry in entries}
    assert sorted(Counter(row.judge_id for row in rows).values()) == [7, 7, 8, 8]
    assert {row.judge_id for row in rows} == {judge.id for judge in judges}


def test_a_second_run_adds_nothing(session: Session, make: Make) -> None:
    contest, _, _ = _setting(make, entries=5, judges=3, need=2)
    actor = _organiser(session, make, contest)
    assignment.assign_balanced(session, actor, contest.slug, seed="s")
    before = {(row.id, row.code, row.position) for row in _live(session, contest)}

    again = assignment.assign_balanced(session, actor, contest.slug, seed="s")

    assert again == assignment.Drawn(made=0, judges=0, short=0)
    assert {(row.id, row.code, row.position) for row in _live(session, contest)} == before
    assert session.scalar(select(func.count()).where(AuditEvent.act == "assignment.made")) == 1


def test_what_is_assigned_stays_and_later_entries_are_added(session: Session, make: Make) -> None:
    contest, _, judges = _setting(make, entries=4, judges=3, need=2)
    actor = _organiser(session, make, contest)
    assignment.assign_balanced(session, actor, contest.slug, seed="s")
    before = _pairs(session, contest)
    last = {judge.id: max(r.position for r in _live(session, contest) if r.judge_id == judge.id) for judge in judges}
    late = make.entry(contest, files=0)

    drawn = assignment.assign_balanced(session, actor, contest.slug, seed="s")

    assert drawn.made == 2
    assert before < _pairs(session, contest)
    assert all(row.position > last[row.judge_id] for row in _live(session, contest) if row.entry_id == late.id)


def test_only_submitted_entries_and_live_judges_are_drawn(session: Session, make: Make) -> None:
    contest, [entry], judges = _setting(make, entries=1, judges=2, need=2)
    for state in ("draft", "withdrawn", "disqualified"):
        make.entry(contest, state=state, files=0)
    suspended = make.member(contest, Role.JUDGE, make.account(suspended_at=datetime.now(UTC)))
    other = make.contest("judging")
    stranger, publisher = make.member(other, Role.JUDGE), make.member(contest, Role.PUBLISHER)
    foreign = make.entry(other, files=0)

    assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="s")

    assert _pairs(session, contest) == {(entry.id, judge.id) for judge in judges}
    assert {suspended.id, stranger.id, publisher.id, foreign.id}.isdisjoint(
        {value for pair in _pairs(session, contest) for value in pair}
    )


def test_nobody_judges_their_own_entry(session: Session, make: Make) -> None:
    contest, _, judges = _setting(make, entries=0, judges=3, need=2)
    own = [make.entry(contest, judge, files=0) for judge in judges]

    assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="s")

    assert _pairs(session, contest) == {
        (entry.id, judge.id) for entry in own for judge in judges if judge.id != entry.account_id
    }


def test_a_judge_who_stepped_back_never_gets_that_entry_again(session: Session, make: Make) -> None:
    contest, [entry], _ = _setting(make, entries=1, judges=3, need=2)
    actor = _organiser(session, make, contest)
    assignment.assign_balanced(session, actor, contest.slug, seed="s")
    stepped_back, taken_back = _live(session, contest)
    _recuse(session, stepped_back)
    _recuse(session, taken_back)
    taken_back.removed_at = datetime.now(UTC)
    session.flush()

    drawn = assignment.assign_balanced(session, actor, contest.slug, seed="s")

    assert drawn == assignment.Drawn(made=1, judges=1, short=1)
    new = [row for row in _live(session, contest) if row.id != stepped_back.id]
    assert len(new) == 1
    assert new[0].judge_id not in (stepped_back.judge_id, taken_back.judge_id)
    total, rows = assignment.short_entries(session, contest)
    assert (total, [(row.number, row.judges) for row in rows]) == (1, [(entry.number, 1)])


def test_too_few_judges_is_said(session: Session, make: Make) -> None:
    contest, _, _ = _setting(make, entries=1, judges=2, need=3)

    with pytest.raises(Invalid) as error:
        assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="s")

    assert error.value.problems == {"judges": "too_few_judges"}
    assert _live(session, contest) == []


def test_codes_and_order_are_each_judges_own(session: Session, make: Make) -> None:
    contest, entries, judges = _setting(make, entries=30, judges=3, need=3)

    assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="s")

    rows = _live(session, contest)
    numbers = {entry.id: entry.number for entry in entries}
    orders = {}
    for judge in judges:
        mine = sorted((row for row in rows if row.judge_id == judge.id), key=lambda row: row.position)
        assert [row.position for row in mine] == list(range(1, 31))
        assert len({row.code for row in mine}) == 30
        orders[judge.id] = tuple(numbers[row.entry_id] for row in mine)
    assert len(set(orders.values())) == 3
    assert all(re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]-[1-9]\d{3}", row.code) for row in rows)
    assert all(int(row.code[2:]) != numbers[row.entry_id] for row in rows)


def test_the_seed_is_kept_in_the_log(session: Session, make: Make) -> None:
    contest, _, _ = _setting(make, entries=2, judges=2, need=2)

    assignment.assign_balanced(session, _organiser(session, make, contest), contest.slug, seed="a seed")

    session.flush()
    event = session.scalars(select(AuditEvent).where(AuditEvent.act == "assignment.made")).one()
    assert (event.contest_id, event.facts) == (
        contest.id,
        {"seed": "a seed", "method": draw.METHOD, "made": 4, "judges": 2, "entries": 2, "each": 2},
    )
    assert assignment.commitment("a seed") == hashlib.sha256(b"a seed").hexdigest()


def test_two_draws_at_once_make_one(database: Database, session: Session, make: Make) -> None:
    contest, _, _ = _setting(make, entries=6, judges=4, need=2)
    actor = _organiser(session, make, contest)
    session.commit()
    made: list[int] = []

    def run() -> None:
        with database.unit_of_work() as own:
            made.append(assignment.assign_balanced(own, actor, contest.slug, seed="s").made)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == [0, 0, 0, 12]
    assert len(_live(session, contest)) == 12


# One by one --------------------------------------------------------------------------------------


def test_one_entry_is_given_to_one_judge_once(session: Session, make: Make) -> None:
    contest, [entry], [judge, _] = _setting(make, entries=1, judges=2, need=1)
    actor = _organiser(session, make, contest)

    for _ in range(2):
        assignment.assign_one(session, actor, contest.slug, entry_id=entry.id, judge_id=judge.id)

    assert _pairs(session, contest) == {(entry.id, judge.id)}
    session.flush()
    assert session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "assignment.made")).all() == [
        {"entry": entry.number, "judge": str(judge.id), "made": 1}
    ]


def test_a_conflict_of_interest_is_refused(session: Session, make: Make) -> None:
    contest, [entry], [judge] = _setting(make, entries=1, judges=1, need=1)
    actor = _organiser(session, make, contest)
    own = make.entry(contest, judge, files=0)
    _recuse(session, make.assignment(entry, judge))

    for entry_id, code in ((entry.id, "judge_conflict"), (own.id, "judge_is_entrant")):
        with pytest.raises(Invalid) as error:
            assignment.assign_one(session, actor, contest.slug, entry_id=entry_id, judge_id=judge.id)
        assert error.value.problems == {"judge_id": code}
    assert assignment.free_judges(session, contest, entry.id) == []


def test_entries_and_judges_of_another_contest_do_not_exist(session: Session, make: Make) -> None:
    contest, [entry], [judge] = _setting(make, entries=1, judges=1, need=1)
    other, [foreign], [stranger] = _setting(make, entries=1, judges=1, need=1)
    actor = _organiser(session, make, contest)
    row = make.assignment(foreign, stranger)

    for entry_id, judge_id in ((foreign.id, judge.id), (entry.id, stranger.id), (uuid.uuid4(), judge.id)):
        with pytest.raises(NotFound):
            assignment.assign_one(session, actor, contest.slug, entry_id=entry_id, judge_id=judge_id)
    with pytest.raises(NotFound):
        assignment.remove_one(session, actor, contest.slug, row.id)
    with pytest.raises(NotFound):
        assignment.assign_balanced(session, actor, other.slug, seed="s")


def test_an_assignment_is_taken_back_until_its_scorecard_is_submitted(session: Session, make: Make) -> None:
    contest, [entry], [judge, other] = _setting(make, entries=1, judges=2, need=1)
    actor = _organiser(session, make, contest)
    draft, done = make.assignment(entry, judge), make.assignment(entry, other)
    make.scorecard(draft, [3, None, None], state="draft")
    make.scorecard(done, [3, 3, 3])

    assignment.remove_one(session, actor, contest.slug, draft.id)
    assignment.remove_one(session, actor, contest.slug, draft.id)
    with pytest.raises(Denied, match="scorecard_submitted"):
        assignment.remove_one(session, actor, contest.slug, done.id)

    assert _pairs(session, contest) == {(entry.id, other.id)}
    session.flush()
    assert session.scalar(select(func.count()).where(AuditEvent.act == "assignment.removed")) == 1


def test_after_a_judge_was_taken_back_the_draw_fills_the_place(session: Session, make: Make) -> None:
    contest, [entry], [judge] = _setting(make, entries=1, judges=1, need=1)
    actor = _organiser(session, make, contest)
    assignment.assign_balanced(session, actor, contest.slug, seed="s")
    old = _live(session, contest)[0]
    assignment.remove_one(session, actor, contest.slug, old.id)

    assignment.assign_balanced(session, actor, contest.slug, seed="s")

    [new] = _live(session, contest)
    assert (new.id != old.id, new.code != old.code, new.entry_id, new.judge_id) == (True, True, entry.id, judge.id)


def test_nothing_is_assigned_after_the_round_has_closed(session: Session, make: Make) -> None:
    contest, [entry], [judge] = _setting(make, entries=1, judges=1, need=1)
    actor = _organiser(session, make, contest)
    row = make.assignment(entry, judge)
    make.close_round(contest)

    for act in (
        lambda: assignment.assign_balanced(session, actor, contest.slug, seed="s"),
        lambda: assignment.assign_one(session, actor, contest.slug, entry_id=entry.id, judge_id=judge.id),
        lambda: assignment.remove_one(session, actor, contest.slug, row.id),
    ):
        with pytest.raises(Denied, match="round_closed"):
            act()


def test_only_organisers_assign(session: Session, make: Make) -> None:
    contest, _, [judge] = _setting(make, entries=1, judges=1, need=1)
    publisher = make.member(contest, Role.PUBLISHER)

    with pytest.raises(Denied, match="organiser_only"):
        assignment.assign_balanced(session, make.actor(publisher), contest.slug, seed="s")
    with pytest.raises(NotFound):
        assignment.assign_balanced(session, make.actor(judge), contest.slug, seed="s")


# Mail --------------------------------------------------------------------------------------------


def test_each_judge_with_new_entries_gets_one_mail(session: Session, make: Make, run_jobs: Run) -> None:
    contest, _, judges = _setting(make, entries=3, judges=2, need=2)
    contest.round.due_at = datetime(2030, 12, 16, 8, tzinfo=UTC)
    judges[1].locale, judges[1].zone = "ja", "Africa/Lagos"
    actor = _organiser(session, make, contest)
    assignment.assign_balanced(session, actor, contest.slug, seed="s")
    session.commit()

    assert run_jobs().count("mail_assignments") == 2

    mails = {mail.address: mail for mail in session.scalars(select(MailMessage))}
    assert set(mails) == {judge.email for judge in judges}
    first = mails[judges[0].email]
    assert first.subject == f"Entries to judge: {contest.title['en']}"
    for part in (
        "Dear Judge 00,",
        f"3 entries of “{contest.title['en']}” wait for your scores.",
        "Judging has not begun yet.",
        "Mon 16 Dec 2030 17:00:00, Tokyo (UTC+09:00)",
        f"http://localhost:5000/judge/{contest.slug}",
    ):
        assert part in first.text
    assert "2030年12月16日(月) 09:00:00" in mails[judges[1].email].text
    assert not [entry for entry in session.scalars(select(Entry.title)) if entry in first.text]


def test_a_judge_without_new_entries_gets_no_mail(session: Session, make: Make, run_jobs: Run) -> None:
    contest, [entry], [judge, _other] = _setting(make, entries=1, judges=2, need=1)
    make.open_round(contest)
    actor = _organiser(session, make, contest)
    assignment.assign_one(session, actor, contest.slug, entry_id=entry.id, judge_id=judge.id)
    session.commit()
    run_jobs()

    mail = session.scalars(select(MailMessage)).one()
    assert (mail.address, "1 entry of" in mail.text, "Judging is open." in mail.text) == (judge.email, True, True)


def test_what_was_taken_back_before_the_job_ran_is_not_mailed(session: Session, make: Make, run_jobs: Run) -> None:
    contest, [entry], [judge] = _setting(make, entries=1, judges=1, need=1)
    actor = _organiser(session, make, contest)
    assignment.assign_one(session, actor, contest.slug, entry_id=entry.id, judge_id=judge.id)
    assignment.remove_one(session, actor, contest.slug, _live(session, contest)[0].id)
    session.commit()

    assert run_jobs() == ["mail_assignments"]

    assert session.scalar(select(func.count()).select_from(MailMessage)) == 0


def test_assigning_twice_owes_one_mail(session: Session, make: Make) -> None:
    contest, entries, [judge] = _setting(make, entries=2, judges=1, need=1)
    actor = _organiser(session, make, contest)

    for entry in entries:
        assignment.assign_one(session, actor, contest.slug, entry_id=entry.id, judge_id=judge.id)

    owed = session.execute(select(OutboxItem.job, OutboxItem.key, OutboxItem.args)).all()
    assert [tuple(row) for row in owed] == [
        (
            "mail_assignments",
            f"assign:{contest.round.id}:{judge.id}",
            {"round_id": str(contest.round.id), "judge_id": str(judge.id)},
        )
    ]


# People ------------------------------------------------------------------------------------------


def test_a_removed_judge_gives_back_what_is_not_submitted(session: Session, make: Make) -> None:
    contest, [first, second, third], [judge] = _setting(make, entries=3, judges=1, need=1)
    make.open_round(contest)
    done, draft, untouched = (make.assignment(entry, judge) for entry in (first, second, third))
    make.scorecard(done, [3, 3, 3])
    make.scorecard(draft, [3, 3, 3], state="draft")

    people.remove_role(session, _organiser(session, make, contest), contest.slug, judge.id, "judge")

    assert _pairs(session, contest) == {(first.id, judge.id)}
    assert make.actor(judge).roles == {}
    session.flush()
    facts = session.execute(
        select(AuditEvent.act, AuditEvent.facts)
        .where(AuditEvent.act.in_(["role.removed", "assignment.removed"]))
        .order_by(AuditEvent.id)
    ).all()
    assert [tuple(row) for row in facts] == [
        ("role.removed", {"role": "judge", "account": str(judge.id)}),
        ("assignment.removed", {"judge": str(judge.id), "removed": 2}),
    ]
    assert untouched.id not in {row.id for row in _live(session, contest)}


def test_a_contest_always_has_an_organiser(database: Database, session: Session, make: Make) -> None:
    contest = make.contest("open")
    second = make.member(contest, Role.ORGANISER)
    pair = [contest.created_by, second.id]
    actors = {account_id: make.actor(session.get_one(Account, account_id)) for account_id in pair}
    session.commit()
    outcome: list[str] = []

    def remove(actor_id: uuid.UUID, other_id: uuid.UUID) -> None:
        try:
            with database.unit_of_work() as own:
                people.remove_role(own, actors[actor_id], contest.slug, other_id, "organiser")
            outcome.append("removed")
        except Denied as error:
            outcome.append(error.reason)

    threads = [threading.Thread(target=remove, args=args) for args in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome) == ["last_organiser", "removed"]


def test_an_invitation_is_sent_again_under_a_new_link(session: Session, make: Make, run_jobs: Run) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    invitation = people.invite(
        session, actor, contest.slug, email="k@example.org", name="Kai", role="judge", locale="en"
    )
    session.commit()
    run_jobs()
    session.expire_all()
    old, invitation.expires_at = invitation.token_hash, datetime.now(UTC) - timedelta(days=1)
    session.flush()
    assert [(row.state, row.role, row.email) for row in people.invited(session, contest)] == [
        ("expired", "judge", "k@example.org")
    ]

    people.send_again(session, actor, contest.slug, invitation.id)
    session.commit()
    run_jobs()
    session.expire_all()

    assert [row.state for row in people.invited(session, contest)] == ["waiting"]
    assert invitation.token_hash not in (None, old)
    assert session.scalar(select(func.count()).select_from(MailMessage)) == 2
    people.withdraw(session, actor, contest.slug, invitation.id)
    assert [row.state for row in people.invited(session, contest)] == ["revoked"]
    with pytest.raises(Denied, match="invitation_over"):
        people.send_again(session, actor, contest.slug, invitation.id)


def test_an_invitation_does_not_become_a_mail_bomb(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    invitation = people.invite(session, actor, contest.slug, email="k@example.org", name="", role="judge", locale="en")

    for _ in range(people.RESENDS):
        people.send_again(session, actor, contest.slug, invitation.id)
    with pytest.raises(Denied, match="too_many_tries"):
        people.send_again(session, actor, contest.slug, invitation.id)
