"""Receipts: what is signed, who may read one, the check that works for ever, and the mail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Invalid, NotFound
from contest.models import Entry, MailMessage, Receipt, Revision, SigningKey
from contest.services import entries, receipts
from contest.settings import Settings
from tests.factories import Make


@pytest.fixture
def entry(make: Make) -> Entry:
    account = make.account("Ọlá Adé", zone="Africa/Lagos", email="ola@example.org")
    made = make.entry(make.contest(), account, state="draft", files=0, title="Tide “Line” 波")
    make.file(made, name="画面-01.png", body=b"one")
    return made


@pytest.fixture
def sealed(make: Make, session: Session, settings: Settings, entry: Entry) -> Revision:
    return entries.submit(session, make.actor(entry.account), entry.contest.slug, settings=settings)


def _receipt(session: Session, revision: Revision) -> Receipt:
    return session.scalars(select(Receipt).where(Receipt.revision_id == revision.id)).one()


def _document(session: Session, revision: Revision) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(receipts.document(_receipt(session, revision)))
    return whole


def test_says_what_arrived_and_when(session: Session, entry: Entry, sealed: Revision) -> None:
    payload = json.loads(_receipt(session, sealed).payload)
    contest, file = entry.contest, entry.files[0]

    def utc(moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def sha256(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    tokyo, lagos = timedelta(hours=9), timedelta(hours=1)
    local = "%Y-%m-%dT%H:%M:%S"
    assert payload == {
        "version": 1,
        "issuer": "http://localhost:5000",
        "receipt": f"R-{entry.number:04d}-1",
        "contest": {"slug": contest.slug, "title": contest.title},
        "entry": {"number": entry.number, "title": "Tide “Line” 波"},
        "revision": 1,
        "sealed_at": utc(sealed.sealed_at),
        "sealed_at_contest": {"zone": "Asia/Tokyo", "local": f"{sealed.sealed_at + tokyo:{local}}+09:00"},
        "sealed_at_entrant": {"zone": "Africa/Lagos", "local": f"{sealed.sealed_at + lagos:{local}}+01:00"},
        "deadline": utc(contest.closes_at),
        "deadline_contest": {"zone": "Asia/Tokyo", "local": f"{contest.closes_at + tokyo:{local}}+09:00"},
        "grace_seconds": 1800,
        "grace_used": 0,
        "texts": {
            "statement": sha256(entry.statement),
            "declaration": sha256(entry.declaration),
            "credit": sha256(entry.credit),
        },
        "files": [
            {
                "slot": "screens",
                "name": "画面-01.png",
                "size": 3,
                "sha256": sha256("one"),
                "begun_at": utc(file.created_at),
                "received_at": utc(file.received_at),
            }
        ],
    }


def test_the_signature_holds_over_the_canonical_bytes(session: Session, settings: Settings, sealed: Revision) -> None:
    receipt = _receipt(session, sealed)
    key = session.get_one(SigningKey, receipt.key_id)

    Ed25519PublicKey.from_public_bytes(key.public_key).verify(receipt.signature, receipt.payload.encode())

    assert receipt.payload.encode() == receipts.canonical(json.loads(receipt.payload))
    assert receipt.key_id == hashlib.sha256(key.public_key).hexdigest()[:16]


def test_the_key_of_the_settings_signs_and_old_ones_stay(
    make: Make, session: Session, settings: Settings, entry: Entry, sealed: Revision
) -> None:
    private = Ed25519PrivateKey.generate()
    later = settings.model_copy(update={"receipt_key": private.private_bytes_raw().hex()})
    other = make.entry(entry.contest, state="draft")

    new = entries.submit(session, make.actor(other.account), other.contest.slug, settings=later)

    assert (
        session.get_one(SigningKey, _receipt(session, new).key_id).public_key == private.public_key().public_bytes_raw()
    )
    verdicts = [receipts.check(session, json.dumps(_document(session, each))).outcome for each in (sealed, new)]
    assert verdicts == ["valid", "valid"]


class TestCheck:
    def test_valid_tells_what_it_proves(self, session: Session, sealed: Revision, entry: Entry) -> None:
        verdict = receipts.check(session, receipts.document(_receipt(session, sealed)).decode())

        assert verdict.outcome == "valid"
        assert verdict.told is not None
        assert verdict.told.number == f"R-{entry.number:04d}-1"
        assert verdict.told.sealed_at == sealed.sealed_at
        assert verdict.told.first_byte == entry.files[0].created_at

    @pytest.mark.parametrize(
        "write",
        [
            lambda whole: json.dumps(whole),
            lambda whole: json.dumps(whole, ensure_ascii=False, indent=8),
            lambda whole: "Dear you,\n> " + json.dumps(dict(reversed(whole.items()))) + "\n-- \nSent from a phone",
        ],
        ids=["escaped", "indented", "in a mail"],
    )
    def test_valid_however_it_is_written(
        self, session: Session, sealed: Revision, write: Callable[[dict[str, Any]], str]
    ) -> None:
        assert receipts.check(session, write(_document(session, sealed))).outcome == "valid"

    @pytest.mark.parametrize(
        "change",
        [
            lambda payload: payload.update(revision=2),
            lambda payload: payload["files"][0].update(sha256="0" * 64),
            lambda payload: payload["files"][0].update(size=4),
            lambda payload: payload.update(grace_used=False),
            lambda payload: payload.update(sealed_at="2020-01-01T00:00:00.000000Z"),
            lambda payload: payload.pop("texts"),
            lambda payload: payload.update(more=1),
        ],
    )
    def test_any_change_is_seen(
        self, session: Session, sealed: Revision, change: Callable[[dict[str, Any]], Any]
    ) -> None:
        whole = _document(session, sealed)
        change(whole["payload"])

        assert receipts.check(session, json.dumps(whole)) == receipts.Verdict("changed", key_id=whole["key_id"])

    def test_a_key_that_never_signed_here(self, session: Session, sealed: Revision) -> None:
        whole = _document(session, sealed)
        private = Ed25519PrivateKey.generate()
        whole["signature"] = private.sign(receipts.canonical(whole["payload"])).hex()
        whole["key_id"] = receipts.key_id(private.public_key().public_bytes_raw())

        assert receipts.check(session, json.dumps(whole)) == receipts.Verdict("unknown_key", key_id=whole["key_id"])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{}",
            "[]",
            "{",
            "no receipt",
            "\0",
            '{"payload": {}}',
            "{" * 100_000,
            '{"payload": [], "signature": "' + "a" * 128 + '", "key_id": "' + "a" * 16 + '"}',
            '{"payload": {"a": NaN}, "signature": "' + "a" * 128 + '", "key_id": "' + "a" * 16 + '"}',
            '{"payload": {"a": 1.5}, "signature": "' + "a" * 128 + '", "key_id": "' + "a" * 16 + '"}',
            '{"payload": {"a": 1, "a": 2}, "signature": "' + "a" * 128 + '", "key_id": "' + "a" * 16 + '"}',
            '{"payload": {"a": "\\ud800"}, "signature": "' + "a" * 128 + '", "key_id": "' + "a" * 16 + '"}',
            '{"payload": {}, "signature": 7, "key_id": null}',
            '{"payload": {}, "signature": "xyz", "key_id": "../../etc"}',
            '{"payload": ' + '{"a":' * 5000 + "1" + "}" * 5000 + ', "signature": "", "key_id": ""}',
            '{"payload": {"a": ' + "9" * 5000 + '}, "signature": "", "key_id": ""}',
            '{"payload": "' + "x" * 2_000_000 + '"}',
        ],
        ids=lambda text: text[:30] or "nothing",
    )
    def test_what_is_no_receipt_is_said_to_be_none(self, session: Session, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            receipts.check(session, text)

        assert refused.value.problems == {"text": "receipt_unreadable"}

    def test_it_writes_nothing(self, session: Session, sealed: Revision, database: Any) -> None:
        text = receipts.document(_receipt(session, sealed)).decode()
        session.commit()

        with database.reading() as reading:
            assert receipts.check(reading, text).outcome == "valid"


class TestReading:
    def test_the_entrant_reads_their_own(self, make: Make, session: Session, sealed: Revision, entry: Entry) -> None:
        shown = receipts.get_own(session, make.actor(entry.account), entry.contest.slug, 1)

        assert shown.receipt.id == _receipt(session, sealed).id

    @pytest.mark.parametrize("who", ["other", "organiser"])
    def test_nobody_else_does(self, make: Make, session: Session, sealed: Revision, entry: Entry, who: str) -> None:
        account = (
            make.entry(entry.contest, state="draft").account
            if who == "other"
            else make.member(entry.contest, "organiser")
        )

        with pytest.raises(NotFound):
            receipts.get_own(session, make.actor(account), entry.contest.slug, 1)

    def test_a_withdrawn_entry_keeps_its_receipts(
        self, make: Make, session: Session, settings: Settings, sealed: Revision, entry: Entry
    ) -> None:
        actor, slug = make.actor(entry.account), entry.contest.slug
        entries.withdraw(session, actor, slug)
        entries.enter(session, actor, slug, accepted_version=1)

        assert receipts.get_own(session, actor, slug, 1).entry.id == entry.id


@pytest.mark.parametrize(("locale", "subject"), [("en", "Receipt"), ("ja", "")])
def test_the_mail_tells_the_same_facts_once(
    make: Make, session: Session, settings: Settings, sealed: Revision, entry: Entry, locale: str, subject: str
) -> None:
    entry.account.locale = locale
    session.flush()

    receipts.mail_receipt(session, settings, sealed.id)
    receipts.mail_receipt(session, settings, sealed.id)

    message = session.scalars(select(MailMessage)).one()
    number = f"R-{entry.number:04d}-1"
    assert (message.address, message.locale) == ("ola@example.org", locale)
    assert number in message.subject
    assert subject in message.subject
    for fact in (
        "Tide “Line” 波",
        "画面-01.png",
        hashlib.sha256(b"one").hexdigest(),
        _receipt(session, sealed).signature.hex(),
        f"http://localhost:5000/contests/{entry.contest.slug}/receipts/1",
        "http://localhost:5000/receipts/check",
        f"{sealed.sealed_at + timedelta(hours=9):%H:%M:%S}",
        f"{sealed.sealed_at + timedelta(hours=1):%H:%M:%S}",
    ):
        assert fact in message.text, fact


def test_times_are_utc_to_the_microsecond(make: Make, session: Session, settings: Settings) -> None:
    contest = make.contest("grace")
    entry = make.entry(contest, state="draft", files=0)
    make.file(entry, created_at=contest.closes_at - timedelta(microseconds=1))

    revision = entries.submit(session, make.actor(entry.account), contest.slug, settings=settings)

    told = receipts.Told(json.loads(_receipt(session, revision).payload))
    assert told.sealed_at == revision.sealed_at.astimezone(UTC)
    assert told.deadline == contest.closes_at
    assert told.late == timedelta(seconds=revision.grace_used)
    assert told.first_byte == contest.closes_at - timedelta(microseconds=1)
