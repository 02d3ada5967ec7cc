"""The check of uploads: what each kind of file becomes, twice and after a kill; and sweeping up after it."""

from __future__ import annotations

import hashlib
import stat
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from contest import outbox
from contest.db import Database
from contest.models import AuditEvent, Entry, EntryFile, OutboxItem, Preview
from contest.services import checks, uploads
from contest.storage import ObjectExists, ObjectMissing, Storage
from tests.factories import Make
from tests.pictures import archive, pdf, png, svg

pytestmark = pytest.mark.usefixtures("renderer")


def _zip_with(name: str, *, mode: int = 0, body: bytes = b"x") -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        made.writestr(info, body)
    return out.getvalue()


def _encrypted_zip() -> bytes:
    body = bytearray(archive({"a.txt": b"secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + offset] |= 1
    return bytes(body)


class TestChecking:
    def test_accepts_copies_to_a_key_of_its_own_and_owes_the_preview(
        self, session: Session, storage: Storage, send: Callable[..., EntryFile], run_jobs: Callable[[], list[str]]
    ) -> None:
        body = png(390, 844)
        row = send(body)
        staged = row.staging_key

        done = run_jobs()

        session.refresh(row)
        assert done == ["check_file", "make_thumbnail", "make_previews"]
        assert (row.state, row.kind, row.size, row.sha256, row.reason) == (
            "accepted",
            "png",
            len(body),
            hashlib.sha256(body).digest(),
            None,
        )
        assert row.key is not None
        assert row.key.startswith("entries/")
        assert str(row.id) not in row.key
        assert staged.removeprefix("incoming/") not in row.key
        assert storage.read(row.key) == body
        assert storage.head(row.key).content_type == "application/octet-stream"
        with pytest.raises(ObjectMissing):
            storage.head(staged)
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "file.accepted")).one()
        assert event.contest_id == row.entry.contest_id
        assert event.facts["sha256"] == hashlib.sha256(body).hexdigest()

    @pytest.mark.parametrize(
        ("name", "slot", "body", "kind"),
        [
            ("a.jpg", "screens", b"\xff\xd8\xff\xe0" + b"\0" * 100, "jpeg"),
            ("wrong-extension.gif", "screens", png(), "png"),
            ("a.svg", "screens", svg(), "svg"),
            ("a.pdf", "document", pdf(), "pdf"),
            ("a.sketch", "source", archive({"a/b.json": b"{}"}), "zip"),
        ],
    )
    def test_the_content_says_what_it_is(
        self,
        session: Session,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        name: str,
        slot: str,
        body: bytes,
        kind: str,
    ) -> None:
        row = send(body, name, slot)

        run_jobs()

        session.refresh(row)
        assert (row.state, row.kind) == ("accepted", kind)

    @pytest.mark.parametrize(
        ("name", "slot", "body", "reason"),
        [
            ("a.png", "screens", b"MZ\x90\0 a program", "kind"),
            ("a.png", "screens", b"<html><script>alert(1)</script>", "kind"),
            ("a.png", "screens", pdf(), "kind"),
            ("a.pdf", "document", png(), "kind"),
            ("a.zip", "source", png(), "kind"),
            ("a.zip", "source", _zip_with("../../outside.txt"), "zip_unsafe"),
            ("a.zip", "source", _zip_with("/etc/passwd"), "zip_unsafe"),
            ("a.zip", "source", _zip_with("..\\outside.txt"), "zip_unsafe"),
            ("a.zip", "source", _zip_with("link", mode=stat.S_IFLNK | 0o777, body=b"/etc/passwd"), "zip_unsafe"),
            ("a.zip", "source", archive({"zeros.bin": b"\0" * 40_000_000}), "zip_bomb"),
            ("a.zip", "source", archive({"inner.zip": archive({"a": b"a"})}), "zip_nested"),
            ("a.zip", "source", _encrypted_zip(), "zip_encrypted"),
            ("a.zip", "source", archive({"a": b"a"})[:-30], "zip_broken"),
        ],
    )
    def test_refuses_with_the_reason(
        self,
        session: Session,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        name: str,
        slot: str,
        body: bytes,
        reason: str,
    ) -> None:
        row = send(body, name, slot)
        staged, before = row.staging_key, {found.key for found in storage.list("entries/")}

        assert run_jobs() == ["check_file"]

        session.refresh(row)
        assert (row.state, row.reason, row.key, row.preview_state) == ("rejected", reason, None, "none")
        assert {found.key for found in storage.list("entries/")} == before
        with pytest.raises(ObjectMissing):
            storage.head(staged)
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "file.rejected")).one()
        assert event.facts == {"reason": reason}

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda storage, row, body: storage.delete(row.staging_key), "missing"),
            (lambda storage, row, body: storage.put(row.staging_key, body + b"!", content_type="a/b"), "size"),
            (lambda storage, row, body: storage.put(row.staging_key, b"", content_type="a/b"), "size"),
            (lambda storage, row, body: storage.put(row.staging_key, body[:-1] + b"!", content_type="a/b"), "digest"),
            (lambda storage, row, body: setattr(row.deliverable, "max_bytes", len(body) - 1), "too_large"),
        ],
    )
    def test_refuses_what_is_not_as_announced(
        self,
        session: Session,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        change: Callable[..., None],
        reason: str,
    ) -> None:
        body = png()
        row = send(body)
        change(storage, row, body)
        session.commit()

        run_jobs()

        session.refresh(row)
        assert (row.state, row.reason) == ("rejected", reason)

    def test_running_it_twice_is_dull(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
    ) -> None:
        row = send(png())
        run_jobs()
        session.refresh(row)
        before = (row.key, row.accepted_at, row.preview_state)

        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        assert (row.key, row.accepted_at, row.preview_state) == before
        assert session.scalar(select(func.count()).where(AuditEvent.act == "file.accepted")) == 1

    def test_killed_between_copy_and_commit_it_goes_on(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
    ) -> None:
        row, killed = send(png()), []

        @contextmanager
        def dying() -> Iterator[Session]:
            with database.unit_of_work() as own:
                yield own
                killed.extend(found.key for found in storage.list("entries/"))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            checks.check_file(database.unit_of_work, dying, storage, row.id)
        session.refresh(row)
        assert (row.state, row.key in killed) == ("received", True)

        run_jobs()

        session.refresh(row)
        assert row.state == "accepted"
        assert row.key in killed
        assert storage.read(row.key) == png()

    def test_a_foreign_object_at_the_key_is_never_taken_for_the_copy(
        self, session: Session, database: Database, storage: Storage, send: Callable[..., EntryFile]
    ) -> None:
        row = send(png())
        row.key = f"entries/{uuid.uuid4()}"
        storage.put(row.key, b"something else", content_type="a/b")
        session.commit()

        with pytest.raises(RuntimeError, match="other bytes"):
            checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        assert row.state == "received"

    def test_removed_while_it_was_checked(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
    ) -> None:
        row = send(png())

        @contextmanager
        def after_removal() -> Iterator[Session]:
            uploads.remove(session, make.actor(row.entry.account), storage, row.id)
            session.commit()
            with database.unit_of_work() as own:
                yield own

        checks.check_file(database.unit_of_work, after_removal, storage, row.id)

        session.refresh(row)
        assert row.state == "received"
        assert row.key is not None
        with pytest.raises(ObjectMissing):
            storage.head(row.key)

    def test_the_old_link_cannot_replace_what_was_accepted(
        self, make: Make, session: Session, storage: Storage, entry: Entry, run_jobs: Callable[[], list[str]]
    ) -> None:
        import urllib3

        body = png()
        row, grant = uploads.grant(
            session,
            make.actor(entry.account),
            storage,
            entry_id=entry.id,
            slot_key="screens",
            name="a.png",
            size=len(body),
            sha256=hashlib.sha256(body).digest(),
        )
        urllib3.request(grant.method, grant.url, headers=grant.headers, body=body)
        uploads.complete(session, make.actor(entry.account), storage, row.id)
        session.commit()
        run_jobs()

        urllib3.request(grant.method, grant.url, headers=grant.headers, body=body)

        session.refresh(row)
        assert row.key is not None
        before = storage.head(row.key)
        assert storage.read(row.key) == body
        with pytest.raises(ObjectExists):
            storage.put(row.key, b"other", content_type="a/b", if_absent=True)
        assert storage.head(row.key) == before

    def test_given_up_for_good(self, session: Session, database: Database, send: Callable[..., EntryFile]) -> None:
        row = send(png())

        with database.unit_of_work() as own:
            checks.give_up_check(own, row.id)
            checks.give_up_check(own, row.id)

        session.refresh(row)
        assert (row.state, row.reason) == ("rejected", "unchecked")


class TestSweeping:
    def test_deletes_what_nothing_waits_for_and_nothing_else(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        entry: Entry,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        waiting = make.file(entry, state="received")
        orphan = f"incoming/{uuid.uuid4()}"
        for key in (waiting.staging_key, orphan):
            storage.put(key, b"x", content_type="a/b")
        session.commit()

        with database.unit_of_work() as own:
            checks.sweep_staging(own, storage)
        assert storage.read(orphan) == b"x"
        monkeypatch.setattr(checks, "KEEP", timedelta(0))
        with database.unit_of_work() as own:
            checks.sweep_staging(own, storage)

        assert storage.read(waiting.staging_key) == b"x"
        with pytest.raises(ObjectMissing):
            storage.head(orphan)

    def test_gives_up_grants_that_were_never_used(
        self, make: Make, session: Session, database: Database, storage: Storage, entry: Entry
    ) -> None:
        now = datetime.now(UTC)
        old = make.file(entry, state="expected", created_at=now - timedelta(hours=25))
        young = make.file(entry, state="expected", created_at=now - timedelta(hours=23))
        closed = make.entry(make.contest("judging"), state="draft", files=0)
        late = make.file(closed, state="expected", created_at=now)
        session.commit()

        with database.unit_of_work() as own:
            checks.sweep_staging(own, storage)

        for row in (old, young, late):
            session.refresh(row)
        assert [(row.state, row.reason) for row in (old, young, late)] == [
            ("rejected", "missing"),
            ("expected", None),
            ("rejected", "late"),
        ]

    def test_a_picture_that_waits_to_be_drawn_is_waited_for(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        entry: Entry,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # The store stamps objects by its own clock, which no test can set back; so nothing is kept for long here.
        monkeypatch.setattr(checks, "KEEP", timedelta(seconds=-60))
        picture = make.cover(entry.contest)
        picture.state = "pending"
        wanted = f"incoming/{picture.original_key.removeprefix('covers/')}"
        for key in (wanted, "incoming/nobodys"):
            storage.put(key, png(), content_type="image/png")
        session.commit()

        with database.unit_of_work() as own:
            checks.sweep_staging(own, storage)

        assert [found.key for found in storage.list("incoming/")] == [wanted]

    def test_forgets_removed_files_unless_a_revision_holds_them(
        self, make: Make, session: Session, database: Database, storage: Storage, entry: Entry
    ) -> None:
        sealed = make.file(entry, body=png(), storage=storage)
        make.revision(entry)
        gone = make.file(entry, body=png(), storage=storage)
        recent = make.file(entry, body=png(), storage=storage)
        sealed.removed_at = gone.removed_at = datetime.now(UTC) - timedelta(hours=25)
        recent.removed_at = datetime.now(UTC)
        kept = {sealed.id: sealed.key, recent.id: recent.key}
        pictures = session.scalars(select(Preview.key).where(Preview.file_id == gone.id)).all()
        dropped = [gone.key, *pictures]
        session.commit()

        with database.unit_of_work() as own:
            checks.sweep_staging(own, storage)

        session.expunge_all()
        assert {row.id: row.key for row in session.scalars(select(EntryFile))} == kept
        assert len(dropped) == 4
        for key in dropped:
            with pytest.raises(ObjectMissing):
                storage.head(key or "")
        for key in kept.values():
            assert storage.read(key or "") == png()

    def test_outputs_of_the_renderer_that_no_row_names_are_deleted(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        entry: Entry,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        named = session.scalars(
            select(Preview.key).where(Preview.file_id == make.file(entry, body=png(), storage=storage).id)
        ).all()
        orphans = [f"previews/{uuid.uuid4()}" for _ in range(3)]
        for key in orphans:
            storage.put(key, b"x", content_type="a/b")
        session.commit()

        with database.unit_of_work() as own:
            checks.sweep_previews(own, storage)
        assert [storage.read(key) for key in orphans] == [b"x"] * 3
        monkeypatch.setattr(checks, "KEEP", timedelta(seconds=-60))
        with database.unit_of_work() as own:
            checks.sweep_previews(own, storage)

        left = {found.key for found in storage.list("previews/")}
        assert left == set(named)

    def test_one_run_deletes_so_many_and_asks_for_a_page_of_keys_at_once(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(checks, "KEEP", timedelta(seconds=-60))
        with database.unit_of_work() as own:
            checks.sweep_previews(own, storage)
        for _ in range(5):
            storage.put(f"previews/{uuid.uuid4()}", b"x", content_type="a/b")
        monkeypatch.setattr(checks, "_PAGE", 2)
        monkeypatch.setattr(checks, "MOST_SWEPT", 3)
        asked: list[str] = []

        def note(*told: Any) -> None:
            asked.append(told[2])

        event.listen(database.engine, "before_cursor_execute", note)
        with database.unit_of_work() as own:
            checks.sweep_previews(own, storage)
        event.remove(database.engine, "before_cursor_execute", note)

        assert len(list(storage.list("previews/"))) == 1
        assert len([each for each in asked if "preview.key IN" in each]) == 2


def test_an_owed_check_is_owed_once(session: Session, send: Callable[..., EntryFile], database: Database) -> None:
    row = send(png())

    with database.unit_of_work() as own:
        outbox.add(own, "check_file", key=f"check:{row.id}", file_id=str(row.id))

    assert session.scalar(select(func.count()).select_from(OutboxItem)) == 1
