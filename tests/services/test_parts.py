"""Uploads in parts: what has arrived stays, whatever breaks; what was not promised does not arrive."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import db
from contest.db import Database
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Entry, EntryFile, OutboxItem
from contest.services import checks, parts, uploads
from contest.services.checks import sweep_staging
from contest.storage import ObjectMissing, Storage
from tests.factories import Make

#: Two whole parts and a bit: no part is like another.
BODY = b"".join(bytes([number]) * parts.PART for number in (1, 2)) + b"the end"
PIECES = [BODY[at : at + parts.PART] for at in range(0, len(BODY), parts.PART)]
DIGESTS = b"".join(hashlib.sha256(piece).digest() for piece in PIECES)
SHA = hashlib.sha256(BODY).digest()


@pytest.fixture
def entry(make: Make) -> Entry:
    contest = make.contest(deliverables=[{"key": "source", "kinds": ["zip"], "max_bytes": 10**9, "max_files": 3}])
    return make.entry(contest, state="draft", files=0)


class Sender:
    """An entrant's browser, as far as the server sees it."""

    def __init__(self, make: Make, session: Session, storage: Storage, entry: Entry) -> None:
        self.session, self.storage, self.entry = session, storage, entry
        self.actor = make.actor(entry.account)

    def begin(self, **values: Any) -> EntryFile:
        asked = {"slot_key": "source", "name": "a.zip", "size": len(BODY), "sha256": SHA, "part_digests": DIGESTS}
        row, grant = uploads.grant(
            self.session, self.actor, self.storage, entry_id=self.entry.id, **{**asked, **values}
        )
        assert grant is None
        return row

    def arrived(self, row: EntryFile) -> list[int]:
        return uploads.open_parts(self.session, self.actor, self.storage, row.id)[1]

    def send(self, row: EntryFile, number: int, body: bytes | None = None) -> int:
        _row, grants = uploads.grant_parts(self.session, self.actor, self.storage, row.id, {number})
        grant = grants[number]
        body = PIECES[number - 1] if body is None else body
        return urllib3.request(grant.method, grant.url, headers=grant.headers, body=body, retries=False).status

    def complete(self, row: EntryFile) -> EntryFile:
        return uploads.complete(self.session, self.actor, self.storage, row.id)


@pytest.fixture
def sender(make: Make, session: Session, storage: Storage, entry: Entry) -> Sender:
    return Sender(make, session, storage, entry)


def test_the_parts_become_one_object_whose_check_is_owed_once(
    sender: Sender, session: Session, storage: Storage
) -> None:
    row = sender.begin()
    assert sender.arrived(row) == []
    # In any order, and one of them twice: its answer was lost.
    assert [sender.send(row, number) for number in (3, 1, 1, 2)] == [200] * 4

    answers = [sender.complete(row) for _ in range(2)]

    assert {(each.id, each.state) for each in answers} == {(row.id, "received")}
    assert storage.read(row.staging_key) == BODY
    assert session.scalars(select(OutboxItem.key)).all() == [f"check:{row.id}"]
    assert list(storage.parts.unfinished(row.staging_key)) == []


def test_a_line_that_broke_off_goes_on_with_what_is_missing(sender: Sender, storage: Storage) -> None:
    row = sender.begin()
    sender.arrived(row)
    sender.send(row, 2)

    # The page was closed, and the file is chosen again.
    again = sender.begin()

    assert (again.id, sender.arrived(again)) == (row.id, [2])
    with pytest.raises(Conflict) as conflict:
        sender.complete(row)
    assert (conflict.value.reason, row.state) == ("not_received", "expected")
    assert [sender.send(row, number) for number in (1, 3)] == [200, 200]
    assert sender.complete(row).state == "received"
    assert storage.read(row.staging_key) == BODY


@pytest.mark.parametrize(
    "body", [PIECES[1], PIECES[0][:-1], PIECES[0] + b"!", b""], ids=["other", "short", "long", "no"]
)
def test_the_store_refuses_other_bytes_than_those_that_were_promised(sender: Sender, body: bytes) -> None:
    row = sender.begin()
    sender.arrived(row)

    assert sender.send(row, 1, body) in (400, 403)

    assert sender.arrived(row) == []


def test_an_upload_that_the_store_has_forgotten_begins_anew(sender: Sender, storage: Storage) -> None:
    row = sender.begin()
    sender.arrived(row)
    sender.send(row, 1)
    assert row.parts_id is not None
    storage.parts.give_up(row.staging_key, row.parts_id)

    assert sender.arrived(row) == []

    assert [sender.send(row, number) for number in (1, 2, 3)] == [200] * 3
    assert sender.complete(row).state == "received"


def test_joined_before_the_answer_was_lost(sender: Sender, session: Session, storage: Storage) -> None:
    row = sender.begin()
    sender.arrived(row)
    for number in (1, 2, 3):
        sender.send(row, number)
    parts.join(storage, row)
    session.commit()

    assert sender.arrived(row) == [1, 2, 3]
    assert sender.complete(row).state == "received"
    assert storage.read(row.staging_key) == BODY


@pytest.mark.parametrize(
    ("size", "digests"),
    [
        (len(BODY), DIGESTS[:-32]),
        (len(BODY), DIGESTS + b"\0" * 32),
        (len(BODY), DIGESTS[:-1]),
        (len(BODY), b""),
        (parts.PART, DIGESTS[:32]),
        (9, DIGESTS[:32]),
    ],
    ids=["one too few", "one too many", "cut", "none", "one part", "small"],
)
def test_one_digest_for_each_part(sender: Sender, session: Session, size: int, digests: bytes) -> None:
    with pytest.raises(Invalid) as invalid:
        sender.begin(size=size, part_digests=digests)

    assert invalid.value.problems == {"parts": "digest_invalid"}
    assert session.scalars(select(EntryFile)).all() == []


@pytest.mark.parametrize("numbers", [set(), {0}, {4}, {-1}, {1, 4}, set(range(1, 10))])
def test_only_parts_of_the_file_are_granted(sender: Sender, numbers: set[int]) -> None:
    row = sender.begin()
    sender.arrived(row)

    with pytest.raises(Invalid) as invalid:
        uploads.grant_parts(sender.session, sender.actor, sender.storage, row.id, numbers)

    assert invalid.value.problems == {"parts": "invalid"}


def test_no_part_before_the_upload_has_begun_nor_after_it_has_arrived(sender: Sender) -> None:
    row = sender.begin()
    with pytest.raises(Conflict):
        sender.send(row, 1)
    sender.arrived(row)
    for number in (1, 2, 3):
        sender.send(row, number)
    sender.complete(row)

    for act in (sender.arrived, lambda row: sender.send(row, 1)):
        with pytest.raises(Conflict) as conflict:
            act(row)
        assert conflict.value.reason == "grant_used"


def test_another_browser_may_send_the_same_file_in_one_piece(
    sender: Sender, session: Session, storage: Storage
) -> None:
    row = sender.begin()
    sender.arrived(row)
    sender.send(row, 1)

    asked = {"slot_key": "source", "name": "a.zip", "size": len(BODY), "sha256": SHA}
    other, grant = uploads.grant(session, sender.actor, storage, entry_id=sender.entry.id, **asked)
    db.commit(session)

    assert grant is not None
    assert other.id == row.id
    assert list(storage.parts.unfinished(row.staging_key)) == []
    for act in (sender.arrived, lambda row: sender.send(row, 1)):
        with pytest.raises(Conflict):
            act(other)
    # And the first one goes on in parts again.
    assert sender.begin().id == row.id
    assert sender.arrived(row) == []


def test_an_upload_that_was_given_up_is_gone_and_not_finished(sender: Sender) -> None:
    row = sender.begin()
    sender.arrived(row)
    # Its line was away for more than a day.
    row.state, row.reason = "rejected", "missing"
    again: Callable[[EntryFile], Any] = lambda row: uploads.grant_again(  # noqa: E731
        sender.session, sender.actor, sender.storage, row.id
    )

    for act in (again, sender.arrived, lambda row: sender.send(row, 1)):
        with pytest.raises(NotFound):
            act(row)


def test_what_is_on_its_way_for_days_counts_among_what_was_begun(make: Make, sender: Sender, session: Session) -> None:
    counts = make.file(sender.entry, "source", kind="zip", previews=False)
    large = {"size": 10**9, "part_digests": bytes(32 * parts.count(10**9)), "replaces": counts.id}
    # One file may be replaced by many at once; whoever asks for a part now and then keeps an upload alive.
    for number in range(11):
        row = sender.begin(sha256=bytes([number]) * 32, **large)
        row.created_at = datetime.now(UTC) - timedelta(days=2)
        session.flush()

    with pytest.raises(Invalid) as invalid:
        sender.begin(sha256=b"more" * 8, **large)

    assert invalid.value.problems == {"file": "quota_used"}


def test_two_tabs_join_at_once(sender: Sender, database: Database, session: Session, storage: Storage) -> None:
    row = sender.begin()
    sender.arrived(row)
    for number in (1, 2, 3):
        sender.send(row, number)
    session.commit()
    barrier, states = threading.Barrier(4), []

    def complete() -> None:
        barrier.wait()
        with database.unit_of_work() as own:
            states.append(uploads.complete(own, sender.actor, storage, row.id).state)

    tabs = [threading.Thread(target=complete) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert states == ["received"] * 4
    assert storage.read(row.staging_key) == BODY
    assert session.scalars(select(OutboxItem.key)).all() == [f"check:{row.id}"]


def test_someone_elses_parts_are_as_none(make: Make, sender: Sender) -> None:
    row = sender.begin()
    sender.arrived(row)
    stranger = make.actor(make.entry(sender.entry.contest, state="draft", files=0).account)
    acts: list[Callable[[uuid.UUID], Any]] = [
        lambda id: uploads.open_parts(sender.session, stranger, sender.storage, id),
        lambda id: uploads.grant_parts(sender.session, stranger, sender.storage, id, {1}),
    ]

    for act in acts:
        for file_id in (row.id, uuid.uuid4()):
            with pytest.raises(NotFound):
                act(file_id)


@pytest.mark.parametrize(
    ("closed", "state"), [(timedelta(0), "deadline_passed"), (timedelta(microseconds=1), "received")]
)
def test_within_the_grace_only_if_begun_before_the_close(
    make: Make, session: Session, storage: Storage, closed: timedelta, state: str
) -> None:
    contest = make.contest(
        "open", deliverables=[{"key": "source", "kinds": ["zip"], "max_bytes": 10**9, "max_files": 3}]
    )
    sender = Sender(make, session, storage, make.entry(contest, state="draft", files=0))
    row = sender.begin()
    sender.arrived(row)
    for number in (1, 2):
        sender.send(row, number)
    contest.closes_at = row.created_at + closed
    session.flush()

    try:
        assert sender.arrived(row) == [1, 2]
        sender.send(row, 3)
        found = sender.complete(row).state
    except Denied as denied:
        found = denied.reason

    assert found == state


def test_what_is_cancelled_leaves_no_parts(sender: Sender, session: Session, storage: Storage) -> None:
    row = sender.begin()
    sender.arrived(row)
    sender.send(row, 1)
    assert [left.upload for left in storage.parts.unfinished(row.staging_key)] == [row.parts_id]

    uploads.remove(session, sender.actor, storage, row.id)
    db.commit(session)

    assert list(storage.parts.unfinished(row.staging_key)) == []


def test_the_sweep_keeps_what_comes_and_ends_what_does_not(
    sender: Sender, session: Session, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    comes = sender.begin()
    # It began two days ago, and its line is slow.
    comes.created_at = datetime.now(UTC) - timedelta(days=2)
    sender.arrived(comes)
    sender.send(comes, 1)
    rests = sender.begin(name="b.zip")
    sender.arrived(rests)
    rests.parts_at = rests.created_at = datetime.now(UTC) - timedelta(days=2)
    orphan = f"incoming/{uuid.uuid4()}"
    storage.parts.begin(orphan, content_type="application/octet-stream")
    session.commit()

    def left() -> set[str]:
        mine = {comes.staging_key, rests.staging_key, orphan}
        return {found.key for found in storage.parts.unfinished("incoming/")} & mine

    sweep_staging(session, storage)
    db.commit(session)
    session.refresh(comes), session.refresh(rests)
    # The store's clock cannot be turned: all three were begun a moment ago, so none is swept yet.
    assert (comes.state, rests.state, rests.reason) == ("expected", "rejected", "missing")
    assert left() == {comes.staging_key, rests.staging_key, orphan}

    monkeypatch.setattr(checks, "KEEP", timedelta(days=-1))
    session.execute(EntryFile.__table__.update().values(parts_at=datetime.now(UTC) + timedelta(days=2)))
    sweep_staging(session, storage)
    db.commit(session)

    assert left() == {comes.staging_key}
    assert sender.arrived(comes) == [1]


def test_joining_what_was_given_up_is_told(storage: Storage) -> None:
    key = f"incoming/{uuid.uuid4()}"
    upload = storage.parts.begin(key, content_type="application/octet-stream")
    storage.parts.give_up(key, upload)
    storage.parts.give_up(key, upload)

    with pytest.raises(ObjectMissing):
        storage.parts.arrived(key, upload)
    with pytest.raises(ObjectMissing):
        storage.parts.join(key, upload, {}, {})
