"""After a restore: which files, previews and receipts are whole, which are missing, which are not what they were."""

from __future__ import annotations

import pytest
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from contest import doctor
from contest.models import Entry, Preview, Receipt
from contest.services import entries, holdings
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make


@pytest.fixture
def entry(make: Make, session: Session, settings: Settings, storage: Storage) -> Entry:
    """An entry with three files, of which the first is in a sealed revision, all with their objects."""
    made = make.entry(make.contest(), make.account(), state="draft", files=0)
    make.file(made, body=b"sealed", storage=storage)
    entries.submit(session, make.actor(made.account), made.contest.slug, settings=settings)
    for body in (b"second", b"third"):
        make.file(made, body=body, storage=storage)
    session.execute(update(Preview).values(size=16))
    session.commit()
    session.refresh(made)
    return made


def test_what_is_whole_is_told_so(session: Session, storage: Storage, entry: Entry) -> None:
    assert holdings.originals(session, storage) == holdings.Held(3)
    assert holdings.previews(session, storage) == holdings.Held(9)
    assert holdings.signed(session) == holdings.Held(1)


def test_what_is_missing_or_changed_is_named(
    session: Session, storage: Storage, settings: Settings, entry: Entry
) -> None:
    sealed, second, third = sorted(entry.files, key=lambda file: file.position)
    lost, cut = (file.previews[0].key for file in (second, third))
    # Gone from the entry, but still in what judges see: it must be there.
    sealed.removed_at = sealed.accepted_at
    assert sealed.key and second.key
    storage.delete(sealed.key)
    storage.put(second.key, b"secund", content_type="image/png")
    storage.delete(lost)
    storage.put(cut, b"RIFF", content_type="image/webp")
    session.execute(text("SET LOCAL session_replication_role = replica"))  # else no act changes a receipt
    session.execute(update(Receipt).values(payload=func.replace(Receipt.payload, '"revision":1', '"revision":2')))
    session.commit()

    assert holdings.originals(session, storage) == holdings.Held(3, (sealed.key,), (second.key,))
    assert holdings.previews(session, storage) == holdings.Held(9, (lost,), (cut,))
    assert holdings.signed(session) == holdings.Held(1, (), (f"R-{entry.number:04d}-1",))
    told = {check.name: check for check in doctor.files(settings)}
    assert [check.ok for check in told.values()] == [False, False, False]
    assert f"1 missing, 1 changed; missing: {sealed.key}; changed: {second.key}" in told["files"].detail


def test_a_file_that_was_taken_out_before_it_counted_is_not_missed(
    session: Session, storage: Storage, entry: Entry
) -> None:
    third = max(entry.files, key=lambda file: file.position)
    assert third.key
    third.removed_at = third.accepted_at
    session.commit()
    storage.delete(third.key)

    assert holdings.originals(session, storage) == holdings.Held(2)


def test_a_store_that_answers_no_more_is_told_apart_from_files_that_are_gone(
    session: Session, storage: Storage, settings: Settings, entry: Entry
) -> None:
    keys = {file.key for file in entry.files}
    away = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:1"})

    originals = holdings.originals(session, Storage.from_settings(away, patience=1))
    previews = holdings.previews(session, Storage.from_settings(away, patience=1))

    assert (originals.looked_at, set(originals.unknown), originals.missing, originals.whole) == (3, keys, (), False)
    assert (previews.looked_at, len(previews.unknown), previews.missing) == (9, 9, ())
    told = doctor._held("files", originals, "Bring them back.")
    assert "0 looked at, 0 missing, 0 changed; 3 could not be asked for; no answer: " in told.detail
    assert "run this again" in told.fix
