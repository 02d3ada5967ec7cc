"""The organiser's list of previews that failed, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import outbox
from contest.errors import Denied, NotFound
from contest.models import AuditEvent, Contest, Entry, EntryFile, OutboxItem
from contest.permissions import Actor
from contest.services import failures
from contest.services.listing import read
from contest.vocabulary import Role
from tests.factories import Make


def _ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest()


@pytest.fixture
def organiser(make: Make, contest: Contest) -> Actor:
    return make.actor(make.member(contest, Role.ORGANISER))


@pytest.fixture
def entry(make: Make, contest: Contest) -> Entry:
    return make.entry(contest, state="draft", files=0)


def _file(
    make: Make, entry: Entry, state: str, reason: str | None = None, *, name: str = "a.png", minutes: int = 60
) -> EntryFile:
    """A file that arrived so long ago, with this state of its previews."""
    row = make.file(entry, name=name, preview_state=state, preview_reason=reason, previews=False)
    row.accepted_at = _ago(minutes)
    make.session.flush()
    return row


def _listed(session: Session, contest: Contest, **asked: str) -> list[str]:
    listing = read(asked, sorts=failures.SORTS, default="-accepted", filters={"verdict": failures.VERDICTS})
    return [row.name for row in failures.listed(session, contest, listing)[1]]


def _one_of_each(make: Make, entry: Entry) -> dict[str, EntryFile]:
    given = {
        "ready": ("ready", None),
        "damaged": ("damaged", "truncated"),
        "failed": ("failed", "unreadable"),
        "refused": ("refused", "encrypted"),
        "icon": ("icon", "nothing_inside"),
        "no_tool": ("icon", "no_tool"),
        "waiting": ("pending", None),
    }
    return {name: _file(make, entry, state, reason, name=name) for name, (state, reason) in given.items()}


class TestList:
    def test_holds_what_needs_somebody(self, make: Make, session: Session, contest: Contest, entry: Entry) -> None:
        _one_of_each(make, entry)

        assert sorted(_listed(session, contest)) == ["damaged", "failed", "refused", "waiting"]
        assert session.scalar(failures.counting(contest.id)) == 4
        for verdict in failures.VERDICTS:
            assert _listed(session, contest, verdict=verdict) == [verdict]

    def test_the_newest_first(self, make: Make, session: Session, contest: Contest, entry: Entry) -> None:
        for name, minutes in (("old", 3), ("new", 1), ("older", 5)):
            _file(make, entry, "failed", "crashed", name=name, minutes=minutes)

        assert _listed(session, contest) == ["new", "old", "older"]
        assert _listed(session, contest, q="OLD") == ["old", "older"]
        assert _listed(session, contest, sort="name") == ["new", "old", "older"]

    def test_what_was_asked_for_just_now_is_given_its_time(
        self, make: Make, session: Session, contest: Contest, entry: Entry
    ) -> None:
        waits, asked = (_file(make, entry, "pending", name=name) for name in ("waits", "asked"))
        _file(make, entry, "pending", name="young", minutes=5)
        for row in (waits, asked):
            outbox.add(session, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))
        item = session.scalars(select(OutboxItem).where(OutboxItem.key == f"preview:{waits.id}")).one()
        item.created_at = _ago(11)
        session.flush()

        assert _listed(session, contest) == ["waits"]

    def test_only_files_that_count(self, make: Make, session: Session, contest: Contest) -> None:
        left = make.entry(contest, state="draft", files=0)
        _file(make, left, "failed", "crashed", name="removed").removed_at = _ago(0)
        _file(make, make.entry(contest, state="withdrawn", files=0), "failed", "crashed", name="withdrawn")
        _file(make, make.entry(make.contest(), state="draft", files=0), "failed", "crashed", name="elsewhere")
        sealed = _file(make, left, "failed", "crashed", name="sealed")
        make.revision(left)
        sealed.removed_at = _ago(0)
        session.flush()

        assert _listed(session, contest) == ["sealed"]


class TestAgain:
    @pytest.mark.parametrize("name", ["failed", "refused", "waiting", "no_tool"])
    def test_owes_both_jobs_and_is_audited(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor, name: str
    ) -> None:
        row = _one_of_each(make, entry)[name]

        failures.retry(session, organiser, contest.slug, row.id)

        assert (row.preview_state, row.preview_reason, row.preview_done, row.preview_pages) == ("pending", None, 0, 0)
        owed = session.scalars(select(OutboxItem.key).order_by(OutboxItem.key)).all()
        assert owed == [f"preview:{row.id}", f"thumbnail:{row.id}"]
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "previews.retried")).one()
        assert (event.contest_id, event.actor_id) == (contest.id, organiser.account_id)
        assert event.facts == {"entry": entry.number, "file": str(row.id)}
        assert _listed(session, contest).count(name) == 0

    def test_a_damaged_file_keeps_its_pictures_meanwhile(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor
    ) -> None:
        row = _file(make, entry, "damaged", "timeout", name="long.pdf")
        row.preview_pages = 9
        session.flush()

        failures.retry(session, organiser, contest.slug, row.id)

        assert (row.preview_state, row.preview_reason, row.preview_pages) == ("damaged", "timeout", 9)
        assert session.scalars(select(OutboxItem.key)).all() == [f"preview:{row.id}"]
        listing = read({}, sorts=failures.SORTS, default="-accepted", filters={"verdict": failures.VERDICTS})
        assert [(each.name, each.asked) for each in failures.listed(session, contest, listing)[1]] == [
            ("long.pdf", True)
        ]
        with pytest.raises(Denied, match="preview_fine"):
            failures.retry(session, organiser, contest.slug, row.id)

    @pytest.mark.parametrize("name", ["ready", "icon"])
    def test_what_is_fine_is_left_alone(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor, name: str
    ) -> None:
        row = _one_of_each(make, entry)[name]

        with pytest.raises(Denied, match="preview_fine"):
            failures.retry(session, organiser, contest.slug, row.id)

        assert row.preview_state == name
        assert session.scalars(select(OutboxItem)).all() == []

    def test_a_second_press_is_refused(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor
    ) -> None:
        row = _file(make, entry, "failed", "crashed")
        failures.retry(session, organiser, contest.slug, row.id)

        with pytest.raises(Denied):
            failures.retry(session, organiser, contest.slug, row.id)

        assert len(session.scalars(select(OutboxItem)).all()) == 2

    def test_a_parked_file_gets_new_jobs(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor
    ) -> None:
        row = _file(make, entry, "failed", "crashed")
        outbox.add(session, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))
        parked = session.scalars(select(OutboxItem)).one()
        parked.failed_at, parked.fence = _ago(0), 3
        session.flush()

        failures.retry(session, organiser, contest.slug, row.id)

        live = session.scalars(select(OutboxItem).where(OutboxItem.failed_at.is_(None))).all()
        assert sorted(item.job for item in live) == ["make_previews", "make_thumbnail"]
        assert [item.fence for item in live] == [0, 0]

    def test_a_job_that_waits_for_its_next_try_is_due_now(
        self, make: Make, session: Session, contest: Contest, entry: Entry, organiser: Actor
    ) -> None:
        row = _file(make, entry, "pending")
        outbox.add(session, "make_previews", queue="previews", key=f"preview:{row.id}", file_id=str(row.id))
        item = session.scalars(select(OutboxItem)).one()
        item.created_at, item.not_before = _ago(60), _ago(-30)
        session.flush()

        failures.retry(session, organiser, contest.slug, row.id)

        session.refresh(item)
        assert item.not_before < _ago(-5)

    def test_all_at_once_takes_what_may_come_out_otherwise(
        self,
        make: Make,
        session: Session,
        contest: Contest,
        entry: Entry,
        organiser: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rows = _one_of_each(make, entry)
        _file(make, entry, "failed", "timeout")

        assert failures.retry_all(session, organiser, contest.slug) == 3

        assert [rows[name].preview_state for name in ("failed", "waiting", "damaged", "refused")] == [
            "pending",
            "pending",
            "damaged",
            "refused",
        ]
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "previews.retried")).one()
        assert event.facts == {"made": 3}
        session.flush()
        monkeypatch.setattr(failures, "MOST_AGAIN", 2)
        for _ in range(3):
            _file(make, entry, "failed", "crashed")
        assert [failures.retry_all(session, organiser, contest.slug) for _ in range(3)] == [2, 1, 0]

    def test_is_the_organisers_act(self, make: Make, session: Session, contest: Contest, entry: Entry) -> None:
        row = _file(make, entry, "failed", "crashed")
        publisher = make.actor(make.member(contest, Role.PUBLISHER))
        stranger = make.actor(make.account())
        elsewhere = make.contest()

        for act in (
            lambda actor: failures.retry(session, actor, contest.slug, row.id),
            lambda actor: failures.retry_all(session, actor, contest.slug),
        ):
            with pytest.raises(Denied, match="organiser_only"):
                act(publisher)
            with pytest.raises(NotFound):
                act(stranger)
        with pytest.raises(NotFound):
            failures.retry(session, make.actor(make.member(elsewhere, Role.ORGANISER)), elsewhere.slug, row.id)
