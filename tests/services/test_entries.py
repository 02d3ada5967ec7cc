"""Entries: entering, wording, sealing and leaving, by the service functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.db import Database
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import (
    AuditEvent,
    Contest,
    Entry,
    OutboxItem,
    Receipt,
    Revision,
    RevisionFile,
    Terms,
    TermsAcceptance,
)
from contest.services import entries
from contest.services.drafts import Details
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make, both


def _together(count: int, act: Callable[[], Any]) -> list[Any]:
    """Run `act` in threads that start at once; their results or errors."""
    barrier, results = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            results.append(act())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _shift(contest: Contest, closes_in: timedelta) -> None:
    """Put the deadline so far from now."""
    contest.closes_at = datetime.now(UTC) + closes_in


class TestEntering:
    def test_starts_an_entry_with_the_newest_terms(self, make: Make, session: Session) -> None:
        contest, actor = make.contest(), make.actor(make.account())

        entry = entries.enter(session, actor, contest.slug, accepted_version=1, category_id=contest.categories[1].id)

        assert (entry.number, entry.state, entry.category_id) == (1, "draft", contest.categories[1].id)
        accepted = session.scalars(select(TermsAcceptance).where(TermsAcceptance.account_id == actor.account_id)).one()
        assert accepted.terms_id == contest.terms[-1].id
        assert abs(accepted.accepted_at - datetime.now(UTC)) < timedelta(seconds=5)
        acts = session.scalars(
            select(AuditEvent.act).where(AuditEvent.contest_id == contest.id).order_by(AuditEvent.id)
        ).all()
        assert acts == ["terms.accepted", "entry.started"]

    def test_numbers_follow_each_other_in_each_contest(self, make: Make, session: Session) -> None:
        one, other = make.contest(), make.contest()

        numbers = [
            entries.enter(session, make.actor(make.account()), contest.slug, accepted_version=1).number
            for contest in (one, one, other, one)
        ]

        assert numbers == [1, 2, 1, 3]

    def test_numbers_are_single_when_many_start_at_once(self, make: Make, session: Session, database: Database) -> None:
        contest = make.contest()
        actors = [make.actor(make.account()) for _ in range(8)]
        session.commit()

        def start() -> int:
            with database.unit_of_work() as own:
                return entries.enter(own, actors.pop(), contest.slug, accepted_version=1).number

        assert sorted(_together(8, start)) == list(range(1, 9))

    def test_one_live_entry_per_account_even_at_once(self, make: Make, session: Session, database: Database) -> None:
        contest, actor = make.contest(), make.actor(make.account())
        session.commit()

        def start() -> int:
            with database.unit_of_work() as own:
                return entries.enter(own, actor, contest.slug, accepted_version=1).number

        results = _together(6, start)

        assert sorted(str(result) for result in results) == ["1", *["already_in_contest"] * 5]
        assert session.scalar(select(func.count()).select_from(Entry).where(Entry.contest_id == contest.id)) == 1

    @pytest.mark.parametrize(("version", "code"), [(None, "terms_tick"), (0, "terms_changed"), (2, "terms_changed")])
    def test_needs_the_tick_for_the_newest_terms(
        self, make: Make, session: Session, version: int | None, code: str
    ) -> None:
        contest, actor = make.contest(), make.actor(make.account())

        with pytest.raises(Invalid) as refused:
            entries.enter(session, actor, contest.slug, accepted_version=version)

        assert refused.value.problems == {"accept": code}
        assert session.scalar(select(func.count()).select_from(TermsAcceptance)) == 0

    def test_a_category_of_another_contest_is_refused(self, make: Make, session: Session) -> None:
        contest, other, actor = make.contest(), make.contest(), make.actor(make.account())

        with pytest.raises(Invalid) as refused:
            entries.enter(session, actor, contest.slug, accepted_version=1, category_id=other.categories[0].id)

        assert refused.value.problems == {"category": "category_missing"}

    @pytest.mark.parametrize(
        ("phase", "reason"),
        [("announced", "not_open_yet"), ("grace", "deadline_passed"), ("judging", "deadline_passed")],
    )
    def test_only_while_open(self, make: Make, session: Session, phase: str, reason: str) -> None:
        contest, actor = make.contest(phase), make.actor(make.account())

        with pytest.raises(Denied) as denied:
            entries.enter(session, actor, contest.slug, accepted_version=1)

        assert denied.value.reason == reason

    def test_an_unannounced_contest_does_not_exist(self, make: Make, session: Session) -> None:
        contest, actor = make.contest("draft"), make.actor(make.account())

        with pytest.raises(NotFound):
            entries.enter(session, actor, contest.slug, accepted_version=1)

    @pytest.mark.parametrize("role", [Role.ORGANISER, Role.JUDGE, Role.PUBLISHER, Role.CHAIR])
    def test_whoever_runs_or_judges_it_does_not_enter(self, make: Make, session: Session, role: Role) -> None:
        contest = make.contest()
        actor = make.actor(make.member(contest, role))

        with pytest.raises(Denied) as denied:
            entries.enter(session, actor, contest.slug, accepted_version=1)

        assert denied.value.reason == "team_may_not_enter"

    def test_after_withdrawing_one_may_start_anew(self, make: Make, session: Session) -> None:
        contest, account = make.contest(), make.account()
        actor = make.actor(account)
        first = entries.enter(session, actor, contest.slug, accepted_version=1)
        entries.withdraw(session, actor, contest.slug)

        second = entries.enter(session, actor, contest.slug, accepted_version=1)

        assert (first.state, second.state, second.number) == ("withdrawn", "draft", 2)
        assert entries.get_own(session, actor, contest.slug).id == second.id

    def test_changed_terms_are_accepted_for_the_entry_that_exists(self, make: Make, session: Session) -> None:
        contest, account = make.contest(), make.account()
        entry = make.entry(contest, account)
        session.add(Terms(contest_id=contest.id, version=2, text=both("New terms.")))
        session.flush()

        same = entries.enter(session, make.actor(account), contest.slug, accepted_version=2)

        assert same.id == entry.id
        with pytest.raises(Conflict) as conflict:
            entries.enter(session, make.actor(account), contest.slug, accepted_version=2)
        assert conflict.value.reason == "already_in_contest"


class TestWording:
    @pytest.fixture
    def entry(self, make: Make) -> Entry:
        return make.entry(make.contest(), state="draft", files=0, title="", statement="", declaration="", credit="")

    def test_a_half_filled_draft_is_kept(self, make: Make, session: Session, entry: Entry) -> None:
        actor = make.actor(entry.account)

        entries.save_details(session, actor, entry.contest.slug, Details(title="Tide Line"), version=1)

        assert entries.details_of(entry) == Details(title="Tide Line")
        assert entry.version == 2
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "entry.changed")).one()
        assert event.facts == {"fields": ["category_id", "title"]}

    def test_the_same_words_twice_change_nothing(self, make: Make, session: Session, entry: Entry) -> None:
        actor, details = make.actor(entry.account), Details(title="Tide Line")
        entries.save_details(session, actor, entry.contest.slug, details, version=1)

        entries.save_details(session, actor, entry.contest.slug, details, version=1)

        assert entry.version == 2

    def test_a_stale_save_tells_both_and_loses_neither(self, make: Make, session: Session, entry: Entry) -> None:
        actor = make.actor(entry.account)
        first = Details("First tab", "", "", "", entry.category_id)
        entries.save_details(session, actor, entry.contest.slug, first, version=1)

        with pytest.raises(Conflict) as conflict:
            entries.save_details(session, actor, entry.contest.slug, Details("Second tab"), version=1)

        assert conflict.value.reason == "stale"
        assert conflict.value.facts == {"stored": first, "version": 2}
        assert entry.title == "First tab"

    @pytest.mark.parametrize(
        ("field", "most"), [("title", 120), ("statement", 3000), ("declaration", 3000), ("credit", 120)]
    )
    def test_lengths(self, make: Make, session: Session, entry: Entry, field: str, most: int) -> None:
        actor, slug = make.actor(entry.account), entry.contest.slug
        entries.save_details(session, actor, slug, Details(**{field: "字" * most}), version=1)

        with pytest.raises(Invalid) as refused:
            entries.save_details(session, actor, slug, Details(**{field: "字" * (most + 1)}), version=2)

        assert refused.value.problems == {field: "too_long"}

    def test_someone_elses_entry_cannot_be_named(self, make: Make, session: Session, entry: Entry) -> None:
        with pytest.raises(NotFound):
            entries.save_details(session, make.actor(make.account()), entry.contest.slug, Details("X"), version=1)

    @pytest.mark.parametrize(
        "act",
        [
            lambda session, actor, slug, settings: entries.save_details(session, actor, slug, Details("X"), version=1),
            lambda session, actor, slug, settings: entries.withdraw(session, actor, slug),
            lambda session, actor, slug, settings: entries.submit(session, actor, slug, settings=settings),
        ],
        ids=["details", "withdraw", "submit"],
    )
    def test_one_second_after_the_deadline_everything_is_refused(
        self, make: Make, session: Session, settings: Settings, act: Callable[..., Any]
    ) -> None:
        entry = make.entry(make.contest(grace_seconds=0), state="draft")
        _shift(entry.contest, -timedelta(seconds=1))
        session.flush()

        with pytest.raises(Denied) as denied:
            act(session, make.actor(entry.account), entry.contest.slug, settings)

        assert denied.value.reason == "deadline_passed"
        assert denied.value.facts["closes_at"] == entry.contest.closes_at
        late = denied.value.facts["now"] - entry.contest.closes_at
        assert timedelta(seconds=1) <= late < timedelta(seconds=30)


class TestMissing:
    def test_an_empty_draft_misses_everything(self, make: Make, session: Session, settings: Settings) -> None:
        entry = make.entry(make.contest(), state="draft", files=0, title="", statement="", declaration="", credit="")
        entry.category_id = None
        session.add(Terms(contest_id=entry.contest_id, version=2, text=both("New terms.")))
        session.flush()

        with pytest.raises(Invalid) as refused:
            entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)

        assert refused.value.problems == {
            "terms": "terms_not_accepted",
            "title": "title_missing",
            "category": "category_missing",
            "statement": "statement_missing",
            "declaration": "declaration_missing",
            "credit": "credit_missing",
            "slot-screens": "slot_empty",
        }

    def test_files_on_their_way_and_pictures_without_a_sentence(
        self, make: Make, session: Session, settings: Settings
    ) -> None:
        entry = make.entry(make.contest(), state="draft", files=1)
        coming = make.file(entry, state="expected")
        checked = make.file(entry, state="received")
        silent = make.file(entry, alt="")
        make.file(entry, "document", kind="pdf", alt="")
        make.file(entry, state="rejected", reason="kind")

        with pytest.raises(Invalid) as refused:
            entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)

        assert refused.value.problems == {
            f"file-{coming.id}": "upload_unfinished",
            f"file-{checked.id}": "files_unchecked",
            f"alt-{silent.id}": "alt_missing",
        }

    def test_a_refused_file_does_not_fill_a_slot(self, make: Make, session: Session, settings: Settings) -> None:
        entry = make.entry(make.contest(), state="draft", files=0)
        make.file(entry, state="rejected", reason="kind")

        with pytest.raises(Invalid) as refused:
            entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)

        assert refused.value.problems == {"slot-screens": "slot_empty"}


class TestSealing:
    def test_seals_words_files_and_receipt_in_one_act(self, make: Make, session: Session, settings: Settings) -> None:
        entry = make.entry(make.contest(), state="draft", files=0)
        document = make.file(entry, "document", kind="pdf", alt="")
        second, first = make.file(entry, alt="Second."), make.file(entry, alt="First.")
        first.position, second.position = 1, 2
        removed = make.file(entry, removed_at=datetime.now(UTC))
        session.flush()

        revision = entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)

        assert (revision.number, revision.title, revision.statement, revision.grace_used) == (
            1,
            entry.title,
            entry.statement,
            0,
        )
        assert revision.category_id == entry.category_id
        held = session.execute(
            select(RevisionFile.file_id, RevisionFile.position, RevisionFile.alt)
            .where(RevisionFile.revision_id == revision.id)
            .order_by(RevisionFile.position)
        ).all()
        assert [tuple(row) for row in held] == [
            (first.id, 1, "First."),
            (second.id, 2, "Second."),
            (document.id, 3, ""),
        ]
        assert removed.id not in {row.file_id for row in held}
        assert entry.state == "submitted"
        receipt = session.scalars(select(Receipt).where(Receipt.revision_id == revision.id)).one()
        assert receipt.number == f"R-{entry.number:04d}-1"
        owed = session.execute(select(OutboxItem.job, OutboxItem.queue, OutboxItem.args)).all()
        assert [tuple(row) for row in owed] == [("send_receipt", "mail", {"revision_id": str(revision.id)})]

    def test_nothing_changed_is_no_revision(self, make: Make, session: Session, settings: Settings) -> None:
        entry = make.entry(make.contest(), state="draft")
        actor, slug = make.actor(entry.account), entry.contest.slug
        entries.submit(session, actor, slug, settings=settings)

        with pytest.raises(Invalid) as refused:
            entries.submit(session, actor, slug, settings=settings)

        assert refused.value.problems == {"entry": "nothing_changed"}
        assert refused.value.facts == {"number": 1}

    @pytest.mark.parametrize("what", ["words", "file", "alt", "order"])
    def test_any_change_is_a_new_revision(self, make: Make, session: Session, settings: Settings, what: str) -> None:
        entry = make.entry(make.contest(), state="draft", files=2)
        actor, slug = make.actor(entry.account), entry.contest.slug
        entries.submit(session, actor, slug, settings=settings)
        session.refresh(entry)
        if what == "words":
            entries.save_details(
                session,
                actor,
                slug,
                Details("New", entry.statement, entry.declaration, entry.credit, entry.category_id),
                version=1,
            )
        elif what == "file":
            make.file(entry)
        elif what == "alt":
            entry.files[0].alt = "Something else."
        else:
            entry.files[0].position, entry.files[1].position = entry.files[1].position, entry.files[0].position
        session.flush()

        revision = entries.submit(session, actor, slug, settings=settings)

        assert revision.number == 2
        assert entries.workspace(session, actor, slug).changed is False

    def test_ten_clicks_at_once_seal_one_revision(
        self, make: Make, session: Session, settings: Settings, database: Database
    ) -> None:
        entry = make.entry(make.contest(), state="draft")
        actor, slug = make.actor(entry.account), entry.contest.slug
        session.commit()

        def submit() -> int:
            with database.unit_of_work() as own:
                return entries.submit(own, actor, slug, settings=settings).number

        results = _together(10, submit)

        assert [result for result in results if result == 1] == [1]
        others = [result for result in results if result != 1]
        assert [(type(each), each.problems) for each in others] == [(Invalid, {"entry": "nothing_changed"})] * 9
        assert session.scalar(select(func.count()).select_from(Revision)) == 1
        assert session.scalar(select(func.count()).select_from(OutboxItem)) == 1

    def test_within_the_grace_only_with_an_upload_begun_before_the_close(
        self, make: Make, session: Session, settings: Settings
    ) -> None:
        contest = make.contest("grace")
        late, on_time = make.entry(contest, state="draft", files=0), make.entry(contest, state="draft", files=0)
        make.file(late, created_at=contest.closes_at)
        make.file(on_time, created_at=contest.closes_at - timedelta(microseconds=1))

        with pytest.raises(Denied) as denied:
            entries.submit(session, make.actor(late.account), contest.slug, settings=settings)
        revision = entries.submit(session, make.actor(on_time.account), contest.slug, settings=settings)

        assert denied.value.reason == "deadline_passed"
        assert 300 <= revision.grace_used <= 330
        with pytest.raises(Invalid) as again:
            entries.submit(session, make.actor(on_time.account), contest.slug, settings=settings)
        assert again.value.facts == {"number": 1}

    def test_a_refused_upload_gives_no_claim_to_the_grace(
        self, make: Make, session: Session, settings: Settings
    ) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, state="draft", files=0)
        sealed = make.file(entry, created_at=contest.closes_at)
        make.file(entry, state="rejected", reason="kind", created_at=contest.closes_at - timedelta(hours=1))

        with pytest.raises(Denied) as denied:
            entries.submit(session, make.actor(entry.account), contest.slug, settings=settings)

        assert denied.value.reason == "deadline_passed"
        assert sealed.removed_at is None

    def test_a_moved_deadline_counts_at_once(
        self, make: Make, session: Session, settings: Settings, database: Database
    ) -> None:
        entry = make.entry(make.contest(), state="draft")
        actor, slug = make.actor(entry.account), entry.contest.slug
        session.commit()
        with database.sessions() as stale:
            stale.scalars(select(Contest).where(Contest.slug == slug)).one()
            _shift(entry.contest, -timedelta(minutes=45))
            session.commit()

            with pytest.raises(Denied) as denied:
                entries.submit(stale, actor, slug, settings=settings)

        assert denied.value.reason == "deadline_passed"

    @pytest.mark.parametrize(("state", "reason"), [("withdrawn", "withdrawn"), ("disqualified", "disqualified")])
    def test_not_once_it_is_out(
        self, make: Make, session: Session, settings: Settings, state: str, reason: str
    ) -> None:
        entry = make.entry(make.contest(), state=state)

        with pytest.raises(Denied) as denied:
            entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)

        assert denied.value.reason == reason


def test_the_workspace_tells_the_whole_draft(make: Make, session: Session) -> None:
    entry = make.entry(make.contest(), state="submitted", files=1)
    refused = make.file(entry, state="rejected", reason="zip_bomb", name="x.zip")
    make.file(entry, removed_at=datetime.now(UTC))

    at = entries.workspace(session, make.actor(entry.account), entry.contest.slug)

    assert [(slot.key, slot.taken, slot.ready, slot.to_fix) for slot in at.slots] == [
        ("screens", 1, 1, 1),
        ("document", 0, 0, 0),
        ("source", 0, 0, 0),
    ]
    assert [file.id for file in at.files if file.needs_care] == [refused.id]
    assert [file.thumb is not None for file in at.files] == [True, False]
    assert [file.sealed for file in at.files] == [True, False]
    assert (at.changed, at.missing, at.pending, bool(at.may_edit), bool(at.may_submit)) == (
        False,
        (),
        False,
        True,
        True,
    )
    assert [(row.number, row.files) for row in at.revisions] == [(1, 1)]
