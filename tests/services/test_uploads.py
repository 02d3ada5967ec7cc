"""Uploads: grants, finishing, describing, removing and downloading, by the service functions."""

from __future__ import annotations

import hashlib
import io
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import db
from contest.db import Database
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Entry, EntryFile, OutboxItem
from contest.services import filenames, uploads
from contest.storage import ObjectMissing, Storage
from tests.factories import Make
from tests.pictures import png

PNG = png()
SHA = hashlib.sha256(PNG).digest()


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest(), state="draft", files=0)


def _grant(session: Session, storage: Storage, make: Make, entry: Entry, **values: Any) -> Any:
    asked = {"slot_key": "screens", "name": "a.png", "size": len(PNG), "sha256": SHA, **values}
    return uploads.grant(session, make.actor(entry.account), storage, entry_id=entry.id, **asked)


def _put(grant: Any, body: bytes = PNG) -> int:
    return urllib3.request(grant.method, grant.url, headers=grant.headers, body=body, retries=False).status


class TestNames:
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("a.png", "a.png"),
            ("C:\\fake\\path\\a.png", "a.png"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nContent-Type: text/html\t.png", "aContent-Type: text/html.png".rpartition("/")[2]),
            ('say "hello"; rm.png', 'say "hello"; rm.png'),
            ("か\u3099.png", "が.png"),
            ("gpj.\u202eexe.png", "gpj.\u202eexe.png"),
            ("画面" * 50 + ".png", "画面" * 50 + ".png"),
            ("字" * 400 + ".png", "字" * 251 + ".png"),
            ("x" * 400, "x" * 255),
            ("\ud800a.png", "a.png"),
            ("  a b .png ", "a b .png"),
        ],
    )
    def test_stay_as_typed_but_for_what_could_harm(self, typed: str, kept: str) -> None:
        assert filenames.clean_name(typed) == kept

    @pytest.mark.parametrize("typed", ["", ".", "..", "/", "a/", "\x01\x02", "a\0.png"])
    def test_with_nothing_left_are_refused(self, typed: str) -> None:
        with pytest.raises(Invalid) as refused:
            filenames.clean_name(typed)

        assert refused.value.problems == {"name": "name_invalid"}


class TestGranting:
    def test_allows_one_put_of_exactly_these_bytes(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        row, grant = _grant(session, storage, make, entry, name="画面 1.png")

        assert (row.state, row.name, row.declared_size, row.declared_sha256, row.key) == (
            "expected",
            "画面 1.png",
            len(PNG),
            SHA,
            None,
        )
        assert row.staging_key.startswith("incoming/")
        assert [_put(grant, PNG[:-1] + b"!"), _put(grant, PNG + b"!")] == [400, 403]
        assert [_put(grant), _put(grant)] == [200, 412]
        assert storage.read(row.staging_key) == PNG
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "file.granted")).one()
        assert (event.subject_id, event.facts) == (str(row.id), {"entry": entry.number, "size": len(PNG)})

    @pytest.mark.parametrize(
        ("values", "problem"),
        [
            ({"slot_key": "nowhere"}, {"slot": "slot_unknown"}),
            ({"slot_key": "a\0b"}, {"slot": "slot_unknown"}),
            ({"size": 0}, {"file": "file_empty"}),
            ({"size": -1}, {"file": "file_empty"}),
            ({"size": 20_000_001}, {"file": "file_too_large"}),
            ({"size": 10**30}, {"file": "file_too_large"}),
            ({"name": "a.tiff"}, {"file": "file_type"}),
            ({"name": "a.pdf"}, {"file": "file_type"}),
            ({"name": "a", "media_type": "application/pdf"}, {"file": "file_type"}),
            ({"slot_key": "source", "name": "a.png"}, {"file": "file_type"}),
            ({"name": "\0"}, {"name": "name_invalid"}),
        ],
    )
    def test_refuses_what_the_slot_does_not_take(
        self,
        make: Make,
        session: Session,
        storage: Storage,
        entry: Entry,
        values: dict[str, Any],
        problem: dict[str, str],
    ) -> None:
        with pytest.raises(Invalid) as refused:
            _grant(session, storage, make, entry, **values)

        assert refused.value.problems == problem
        assert session.scalar(select(func.count()).select_from(EntryFile)) == 0

    @pytest.mark.parametrize(
        ("slot", "name"),
        [("screens", "A.JPG"), ("screens", "noextension"), ("source", "design.sketch"), ("source", "all.ZIP")],
    )
    def test_takes_names_that_may_mean_a_type_of_the_slot(
        self, make: Make, session: Session, storage: Storage, entry: Entry, slot: str, name: str
    ) -> None:
        row, _ = _grant(session, storage, make, entry, slot_key=slot, name=name)

        assert row.name == name

    def test_a_full_slot(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        make.file(entry, "document", kind="pdf")

        with pytest.raises(Invalid) as refused:
            _grant(session, storage, make, entry, slot_key="document", name="b.pdf")

        assert refused.value.problems == {"file": "slot_full"}

    @pytest.mark.parametrize(
        "gone", [{"state": "rejected", "reason": "kind"}, {"state": "accepted", "removed_at": datetime.now(UTC)}]
    )
    def test_refused_and_removed_files_take_no_place(
        self, make: Make, session: Session, storage: Storage, entry: Entry, gone: dict[str, Any]
    ) -> None:
        make.file(entry, "document", **gone)

        row, _ = _grant(session, storage, make, entry, slot_key="document", name="b.pdf")

        assert row.state == "expected"

    def test_sending_and_removing_for_ever_has_an_end(self, make: Make, session: Session, storage: Storage) -> None:
        contest = make.contest(deliverables=[{"key": "screens", "kinds": ["png"], "max_bytes": len(PNG)}])
        entry = make.entry(contest, state="draft", files=0)
        actor = make.actor(entry.account)

        for _ in range(4):
            row, _ = _grant(session, storage, make, entry)
            uploads.remove(session, actor, storage, row.id)
        with pytest.raises(Invalid) as refused:
            _grant(session, storage, make, entry)

        assert refused.value.problems == {"file": "quota_used"}

    def test_two_tabs_cannot_overfill_a_slot(
        self, make: Make, session: Session, storage: Storage, entry: Entry, database: Database
    ) -> None:
        actor = make.actor(entry.account)
        session.commit()
        barrier, results = threading.Barrier(6), []

        def begin(number: int) -> None:
            barrier.wait()
            try:
                with database.unit_of_work() as own:
                    uploads.grant(
                        own,
                        actor,
                        storage,
                        entry_id=entry.id,
                        slot_key="document",
                        name=f"{number}.pdf",
                        size=9,
                        sha256=SHA,
                    )
                results.append("granted")
            except Invalid as error:
                results.append(error.problems["file"])

        threads = [threading.Thread(target=begin, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(results) == ["granted", *["slot_full"] * 5]

    def test_of_someone_elses_entry_is_as_of_none(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        stranger = make.actor(make.account())

        for entry_id in (entry.id, uuid.uuid4()):
            with pytest.raises(NotFound):
                uploads.grant(
                    session, stranger, storage, entry_id=entry_id, slot_key="screens", name="a.png", size=9, sha256=SHA
                )

    @pytest.mark.parametrize("phase", ["grace", "judging"])
    def test_not_after_the_close(self, make: Make, session: Session, storage: Storage, phase: str) -> None:
        entry = make.entry(make.contest(phase), state="draft", files=0)

        with pytest.raises(Denied) as denied:
            _grant(session, storage, make, entry)

        assert denied.value.reason == "deadline_passed"

    def test_the_same_file_again_goes_on_with_the_same_upload(
        self, make: Make, session: Session, storage: Storage
    ) -> None:
        contest = make.contest(deliverables=[{"key": "screens", "kinds": ["png"]}])
        entry = make.entry(contest, state="draft", files=0)
        first, _ = _grant(session, storage, make, entry)
        contest.closes_at = first.created_at + timedelta(microseconds=1)
        session.flush()

        again, grant = _grant(session, storage, make, entry)

        assert (again.id, again.created_at) == (first.id, first.created_at)
        assert _put(grant) == 200
        with pytest.raises(Denied):
            _grant(session, storage, make, entry, name="another.png")
        assert session.scalar(select(func.count()).select_from(EntryFile)) == 1

    def test_anew_for_an_upload_that_has_not_arrived(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        row, _ = _grant(session, storage, make, entry)
        begun = row.created_at

        again, grant = uploads.grant_again(session, make.actor(entry.account), storage, row.id)

        assert _put(grant) == 200
        assert (again.id, again.created_at) == (row.id, begun)
        uploads.complete(session, make.actor(entry.account), storage, row.id)
        with pytest.raises(Conflict) as conflict:
            uploads.grant_again(session, make.actor(entry.account), storage, row.id)
        assert conflict.value.reason == "grant_used"


class TestFinishing:
    def test_notes_the_arrival_and_owes_the_check_once(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        actor = make.actor(entry.account)
        row, grant = _grant(session, storage, make, entry)
        _put(grant)

        answers = [uploads.complete(session, actor, storage, row.id) for _ in range(3)]

        assert {(each.id, each.state) for each in answers} == {(row.id, "received")}
        owed = session.execute(select(OutboxItem.job, OutboxItem.key, OutboxItem.args)).all()
        assert [tuple(each) for each in owed] == [("check_file", f"check:{row.id}", {"file_id": str(row.id)})]

    def test_nothing_has_arrived(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        row, _ = _grant(session, storage, make, entry)

        with pytest.raises(Conflict) as conflict:
            uploads.complete(session, make.actor(entry.account), storage, row.id)

        assert conflict.value.reason == "not_received"
        assert row.state == "expected"

    def test_bytes_of_another_size(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        row, _ = _grant(session, storage, make, entry)
        storage.put(row.staging_key, PNG[:-1], content_type="image/png")

        with pytest.raises(Conflict) as conflict:
            uploads.complete(session, make.actor(entry.account), storage, row.id)

        assert conflict.value.reason == "not_received"

    @pytest.mark.parametrize(
        ("begun", "state"), [(-timedelta(microseconds=1), "received"), (timedelta(0), "deadline_passed")]
    )
    def test_within_the_grace_only_if_begun_before_the_close(
        self, make: Make, session: Session, storage: Storage, begun: timedelta, state: str
    ) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, state="draft", files=0)
        row = make.file(entry, state="expected", body=PNG, created_at=contest.closes_at + begun)
        storage.put(row.staging_key, PNG, content_type="image/png")

        try:
            found = uploads.complete(session, make.actor(entry.account), storage, row.id).state
        except Denied as denied:
            found = denied.reason

        assert found == state

    def test_not_after_the_grace(self, make: Make, session: Session, storage: Storage) -> None:
        contest = make.contest("judging")
        entry = make.entry(contest, state="draft", files=0)
        row = make.file(entry, state="expected", body=PNG, created_at=contest.closes_at - timedelta(minutes=1))
        storage.put(row.staging_key, PNG, content_type="image/png")

        with pytest.raises(Denied):
            uploads.complete(session, make.actor(entry.account), storage, row.id)

    @pytest.mark.parametrize("act", ["get", "complete", "remove", "describe", "grant_again"])
    def test_someone_elses_upload_is_as_one_that_is_not_there(
        self, make: Make, session: Session, storage: Storage, entry: Entry, act: str
    ) -> None:
        row, _ = _grant(session, storage, make, entry)
        stranger = make.actor(make.entry(entry.contest, state="draft").account)
        acts: dict[str, Callable[[uuid.UUID], Any]] = {
            "get": lambda id: uploads.get_own(session, stranger, id),
            "complete": lambda id: uploads.complete(session, stranger, storage, id),
            "remove": lambda id: uploads.remove(session, stranger, storage, id),
            "describe": lambda id: uploads.describe(session, stranger, id, alt="x", was=""),
            "grant_again": lambda id: uploads.grant_again(session, stranger, storage, id),
        }

        for file_id in (row.id, uuid.uuid4()):
            with pytest.raises(NotFound):
                acts[act](file_id)


class TestPlainForm:
    def _receive(
        self,
        session: Session,
        storage: Storage,
        make: Make,
        entry: Entry,
        *files: tuple[str, bytes],
        slot: str = "screens",
    ) -> tuple[uploads.Refused, ...]:
        incoming = [uploads.Incoming(name, io.BytesIO(body)) for name, body in files]
        actor = make.actor(entry.account)
        return uploads.receive(session, actor, storage, entry.contest.slug, slot, incoming).refused

    def test_takes_the_bytes_and_owes_the_same_check(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        refused = self._receive(session, storage, make, entry, ("a.png", PNG))

        row = session.scalars(select(EntryFile)).one()
        assert refused == ()
        assert (row.state, row.declared_size, row.declared_sha256) == ("received", len(PNG), SHA)
        assert storage.read(row.staging_key) == PNG
        assert session.scalars(select(OutboxItem.key)).all() == [f"check:{row.id}"]

    def test_a_good_file_survives_its_neighbours(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        refused = self._receive(
            session, storage, make, entry, ("empty.png", b""), ("a.tiff", b"II*\0"), ("good.png", PNG), ("\0", PNG)
        )

        assert [(each.name, each.code) for each in refused] == [
            ("empty.png", "file_empty"),
            ("a.tiff", "file_type"),
            ("\0", "name_invalid"),
        ]
        assert session.scalars(select(EntryFile.name)).all() == ["good.png"]

    def test_more_than_the_slot_takes(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        refused = self._receive(
            session, storage, make, entry, ("1.pdf", b"%PDF-1"), ("2.pdf", b"%PDF-2"), slot="document"
        )

        assert [(each.name, each.code) for each in refused] == [("2.pdf", "slot_full")]

    def test_nothing_chosen(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        with pytest.raises(Invalid) as refused:
            self._receive(session, storage, make, entry)

        assert refused.value.problems == {"file": "file_missing"}

    def test_not_after_the_close_nor_within_the_grace(self, make: Make, session: Session, storage: Storage) -> None:
        entry = make.entry(make.contest("grace"), state="draft", files=0)

        with pytest.raises(Denied) as denied:
            self._receive(session, storage, make, entry, ("a.png", PNG))

        assert denied.value.reason == "deadline_passed"


class TestDescribing:
    def test_keeps_the_sentence(self, make: Make, session: Session, entry: Entry) -> None:
        row = make.file(entry, alt="")

        uploads.describe(session, make.actor(entry.account), row.id, alt="A map of the bay.", was="")

        assert row.alt == "A map of the bay."

    def test_a_stale_form_tells_what_is_stored(self, make: Make, session: Session, entry: Entry) -> None:
        row, actor = make.file(entry, alt="First tab."), make.actor(entry.account)

        with pytest.raises(Conflict) as conflict:
            uploads.describe(session, actor, row.id, alt="Second tab.", was="")

        assert conflict.value.facts == {"stored": "First tab."}
        assert uploads.describe(session, actor, row.id, alt="First tab.", was="").alt == "First tab."

    def test_too_long(self, make: Make, session: Session, entry: Entry) -> None:
        row = make.file(entry, alt="")

        with pytest.raises(Invalid) as refused:
            uploads.describe(session, make.actor(entry.account), row.id, alt="x" * 301, was="")

        assert refused.value.problems == {"alt": "too_long"}

    def test_goes_on_within_the_grace_for_what_began_in_time(self, make: Make, session: Session) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, state="draft", files=0)
        before = make.file(entry, alt="", created_at=contest.closes_at - timedelta(minutes=1))
        after = make.file(entry, alt="", created_at=contest.closes_at)
        actor = make.actor(entry.account)

        uploads.describe(session, actor, before.id, alt="In time.", was="")
        with pytest.raises(Denied):
            uploads.describe(session, actor, after.id, alt="Too late.", was="")

        assert (before.alt, after.alt) == ("In time.", "")

    def test_what_is_sealed_stays_after_the_close(self, make: Make, session: Session) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, files=1)
        row = entry.files[0]
        row.created_at = contest.closes_at - timedelta(minutes=1)
        session.flush()

        with pytest.raises(Denied) as denied:
            uploads.describe(session, make.actor(entry.account), row.id, alt="New.", was=row.alt)

        assert denied.value.reason == "deadline_passed"


class TestRemoving:
    def test_leaves_the_draft_and_its_object_goes_after_the_commit(
        self, make: Make, session: Session, storage: Storage, entry: Entry
    ) -> None:
        row, grant = _grant(session, storage, make, entry)
        _put(grant)

        uploads.remove(session, make.actor(entry.account), storage, row.id)

        assert storage.read(row.staging_key) == PNG
        db.commit(session)
        with pytest.raises(ObjectMissing):
            storage.head(row.staging_key)
        assert row.removed_at is not None
        with pytest.raises(NotFound):
            uploads.get_own(session, make.actor(entry.account), row.id)

    def test_a_sealed_file_stays_in_its_revision(self, make: Make, session: Session, storage: Storage) -> None:
        entry = make.entry(make.contest(), files=0, state="draft")
        row = make.file(entry, body=PNG, storage=storage)
        make.revision(entry)

        uploads.remove(session, make.actor(entry.account), storage, row.id)
        db.commit(session)

        assert row.key is not None
        assert storage.read(row.key) == PNG

    def test_after_the_close_only_what_never_counted(self, make: Make, session: Session, storage: Storage) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, state="draft", files=0)
        begun = contest.closes_at - timedelta(minutes=1)
        stuck, kept = make.file(entry, state="expected", created_at=begun), make.file(entry, created_at=begun)
        actor = make.actor(entry.account)

        uploads.remove(session, actor, storage, stuck.id)
        with pytest.raises(Denied):
            uploads.remove(session, actor, storage, kept.id)

        assert (stuck.removed_at is None, kept.removed_at is None) == (False, True)


class TestOriginals:
    @pytest.fixture
    def row(self, make: Make, entry: Entry, storage: Storage) -> EntryFile:
        return make.file(entry, body=PNG, storage=storage, name='画面 "1";\u202e.png')

    @pytest.mark.parametrize("who", ["entrant", "organiser", "publisher"])
    def test_the_entrant_and_the_app_team_download(
        self, make: Make, session: Session, storage: Storage, entry: Entry, row: EntryFile, who: str
    ) -> None:
        account = entry.account if who == "entrant" else make.member(entry.contest, who)

        link = uploads.original(session, make.actor(account), storage, row.id)

        answer = urllib3.request("GET", link)
        assert answer.data == PNG
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        assert "\u202e" not in answer.headers["Content-Disposition"]
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "file.downloaded")).one()
        assert (event.actor_id, event.contest_id, event.subject_id) == (account.id, entry.contest_id, str(row.id))

    @pytest.mark.parametrize("who", ["judge", "other entrant", "organiser elsewhere"])
    def test_nobody_else_knows_of_it(
        self, make: Make, session: Session, storage: Storage, entry: Entry, row: EntryFile, who: str
    ) -> None:
        account: Account = {
            "judge": lambda: make.member(entry.contest, "judge"),
            "other entrant": lambda: make.entry(entry.contest).account,
            "organiser elsewhere": lambda: make.member(make.contest(), "organiser"),
        }[who]()

        with pytest.raises(NotFound):
            uploads.original(session, make.actor(account), storage, row.id)
