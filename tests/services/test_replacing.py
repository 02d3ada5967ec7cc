"""Replacing a file in one act: the new one takes the place of the old one, once it has passed its check."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Invalid
from contest.models import AuditEvent, Entry, EntryFile
from contest.services import drafts, entries, uploads
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pictures import pdf, png

Run = Callable[[], list[str]]


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest(slug="ferry"), state="draft", files=0)


@pytest.fixture
def send(session: Session, storage: Storage, make: Make, entry: Entry) -> Callable[..., EntryFile]:
    """Send a file as the script does: grant, PUT, complete."""

    def sent(replaces: EntryFile | None, body: bytes = b"", **values: Any) -> EntryFile:
        body = body or png(90, 60)
        asked = {"slot_key": "screens", "name": "new.png", **values}
        row, grant = uploads.grant(
            session,
            make.actor(entry.account),
            storage,
            entry_id=entry.id,
            size=len(body),
            sha256=hashlib.sha256(body).digest(),
            replaces=replaces.id if replaces else None,
            **asked,
        )
        assert urllib3.request(grant.method, grant.url, headers=grant.headers, body=body, retries=False).status == 200
        uploads.complete(session, make.actor(entry.account), storage, row.id)
        session.commit()
        return row

    return sent


def names(session: Session, entry: Entry) -> list[tuple[str, str]]:
    """The draft's files in order, with their states."""
    session.rollback()
    return [(file.name, file.state) for file in drafts.files_of(session, entry)]


def test_the_old_file_stays_until_the_new_one_is_accepted_and_the_order_is_kept(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    first, second, third = (make.file(entry, name=f"{n}.png", alt=f"Picture {n}.") for n in (1, 2, 3))
    session.commit()

    new = send(second)

    assert names(session, entry) == [
        ("1.png", "accepted"),
        ("2.png", "accepted"),
        ("new.png", "received"),
        ("3.png", "accepted"),
    ]
    slot = drafts.slots_of(session, entry.contest, drafts.files_of(session, entry))[0]
    told = {file.name: file for file in slot.files}
    assert (slot.taken, slot.replaced(told["new.png"]), slot.replacing(told["2.png"])) == (
        3,
        told["2.png"],
        told["new.png"],
    )
    assert [slot.replaced(told["1.png"]), slot.replacing(told["1.png"])] == [None, None]
    run_jobs()
    assert names(session, entry) == [("1.png", "accepted"), ("new.png", "accepted"), ("3.png", "accepted")]
    session.refresh(new)
    assert (new.alt, new.position) == ("Picture 2.", second.position)
    event = session.scalars(select(AuditEvent).where(AuditEvent.act == "file.removed")).one()
    assert (event.subject_id, event.facts["replaced_by"]) == (str(second.id), str(new.id))
    assert (first.removed_at, third.removed_at) == (None, None)


def test_a_new_file_that_is_refused_leaves_the_old_one(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run, settings: Settings
) -> None:
    old = make.file(entry, name="old.png")
    session.commit()

    refused = send(old, body=pdf(1))
    run_jobs()

    assert names(session, entry) == [("old.png", "accepted"), ("new.png", "rejected")]
    revision = entries.submit(session, make.actor(entry.account), "ferry", settings=settings)
    assert [each.file_id for each in revision.files] == [old.id]
    # Choosing another one in the place of the refused file ends well too.
    session.commit()
    send(refused, name="better.png")
    run_jobs()
    assert names(session, entry) == [("better.png", "accepted")]
    session.refresh(revision)
    assert [each.file_id for each in revision.files] == [old.id]


def test_a_full_slot_takes_what_replaces_and_nothing_else(
    session: Session, storage: Storage, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    old = make.file(entry, "document", name="old.pdf", kind="pdf")
    refused = make.file(entry, "document", name="odd.pdf", state="rejected", reason="kind")
    session.commit()

    for replaces in (None, refused):
        with pytest.raises(Invalid) as full:
            send(replaces, body=pdf(2), slot_key="document", name="new.pdf")
        assert full.value.problems == {"file": "slot_full"}
        session.rollback()

    send(old, body=pdf(2), slot_key="document", name="new.pdf")
    run_jobs()
    assert names(session, entry) == [("new.pdf", "accepted"), ("odd.pdf", "rejected")]


def test_the_newer_of_two_replacements_counts(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    old = make.file(entry, name="old.png")
    session.commit()
    send(old, name="one.png")
    send(old, body=png(70, 70), name="two.png")

    run_jobs()

    assert names(session, entry) == [("two.png", "accepted")]


def test_only_a_file_of_this_slot_and_draft_is_replaced(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    other = make.file(make.entry(entry.contest, state="draft", files=0))
    elsewhere = make.file(entry, "document", kind="pdf")
    session.commit()

    for number, not_ours in enumerate((other, elsewhere)):
        new = send(not_ours, body=png(90, 60 + number))
        run_jobs()
        session.refresh(new)
        session.refresh(not_ours)
        assert (new.state, not_ours.removed_at) == ("accepted", None)
        assert new.position > elsewhere.position


def test_a_place_that_was_given_up_meanwhile_is_taken_again(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    gone = make.file(entry, name="gone.png", alt="A map.")
    make.file(entry, name="last.png")
    gone.removed_at = gone.accepted_at
    session.commit()

    send(gone)
    run_jobs()

    assert names(session, entry) == [("new.png", "accepted"), ("last.png", "accepted")]


def test_what_another_tab_put_there_meanwhile_is_replaced_instead(
    session: Session, make: Make, entry: Entry, send: Callable[..., EntryFile], run_jobs: Run
) -> None:
    old = make.file(entry, "document", name="old.pdf", kind="pdf")
    session.commit()
    for name, body in (("one.pdf", pdf(1)), ("two.pdf", pdf(2))):
        send(old, body=body, slot_key="document", name=name)
        run_jobs()

    assert names(session, entry) == [("two.pdf", "accepted")]


def test_by_a_plain_form(session: Session, storage: Storage, make: Make, entry: Entry, run_jobs: Run) -> None:
    old = make.file(entry, name="old.png")
    make.file(entry, name="last.png")
    session.commit()

    arrived = uploads.receive(
        session,
        make.actor(entry.account),
        storage,
        "ferry",
        "screens",
        [uploads.Incoming("new.png", io.BytesIO(png(90, 60)))],
        replaces=old.id,
    )
    session.commit()

    assert arrived == uploads.Arrived(())
    run_jobs()
    assert names(session, entry) == [("new.png", "accepted"), ("last.png", "accepted")]
