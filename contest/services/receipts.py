"""Receipts: the signed record of a sealed revision, its mail, and the check that works for ever.

What is signed is canonical JSON: keys sorted, no white space, UTF-8, integers and texts only. A check makes
the same bytes of what it is given, so that a receipt survives being indented, escaped or sent by mail.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import clock, i18n, mail
from contest.errors import Invalid, NotFound
from contest.models import Contest, Entry, Receipt, Revision, SigningKey
from contest.permissions import Actor, may_see_contest
from contest.settings import Settings
from contest.vocabulary import EntryState

#: The longest text that a check reads, in bytes: a receipt of 100 files has about 40,000.
MOST_BYTES = 1024 * 1024
_KEY_ID = re.compile(r"[0-9a-f]{16}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


class SealedFile(Protocol):
    """What of a file stands on the receipt."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> bytes | None: ...
    @property
    def begun_at(self) -> datetime: ...
    @property
    def received_at(self) -> datetime | None: ...


class Keyed(Protocol):
    @property
    def key(self) -> str: ...


# Signing --------------------------------------------------------------------------------------------


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The bytes that are signed. Raises ValueError for what is no plain JSON."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8"
    )


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The key that signs now. Without RECEIPT_KEY (never in production) it follows from the secret key."""
    if settings.receipt_key:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings.receipt_key))
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"contest: receipts")
    return Ed25519PrivateKey.from_private_bytes(derive.derive(settings.secret_key.encode()))


def key_id(public_key: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def number_of(entry_number: int, revision_number: int) -> str:
    return f"R-{entry_number:04d}-{revision_number}"


def issue(
    session: Session,
    settings: Settings,
    entry: Entry,
    revision: Revision,
    files: Sequence[tuple[Keyed, SealedFile]],
) -> Receipt:
    """Sign the receipt of a revision, in the transaction that seals it."""
    payload = canonical(_payload(settings, entry, revision, files))
    private = signing_key(settings)
    public = private.public_key().public_bytes_raw()
    session.execute(
        insert(SigningKey).values(id=key_id(public), public_key=public).on_conflict_do_nothing(index_elements=["id"])
    )
    receipt = Receipt(
        revision_id=revision.id,
        number=number_of(entry.number, revision.number),
        payload=payload.decode(),
        signature=private.sign(payload),
        key_id=key_id(public),
        created_at=revision.sealed_at,
    )
    session.add(receipt)
    session.flush()
    return receipt


def _payload(
    settings: Settings, entry: Entry, revision: Revision, files: Sequence[tuple[Keyed, SealedFile]]
) -> dict[str, Any]:
    contest = entry.contest
    assert contest.closes_at is not None
    return {
        "version": 1,
        "issuer": settings.base_url,
        "receipt": number_of(entry.number, revision.number),
        "contest": {"slug": contest.slug, "title": dict(contest.title)},
        "entry": {"number": entry.number, "title": revision.title},
        "revision": revision.number,
        "sealed_at": _utc(revision.sealed_at),
        "sealed_at_contest": _local(revision.sealed_at, contest.zone),
        "sealed_at_entrant": _local(revision.sealed_at, entry.account.zone),
        "deadline": _utc(contest.closes_at),
        "deadline_contest": _local(contest.closes_at, contest.zone),
        "grace_seconds": contest.grace_seconds,
        "grace_used": revision.grace_used,
        # The words are the entrant's own; their digests prove them without telling them.
        "texts": {
            name: hashlib.sha256(getattr(revision, name).encode()).hexdigest()
            for name in ("statement", "declaration", "credit")
        },
        "files": [
            {
                "slot": slot.key,
                "name": file.name,
                "size": file.size,
                "sha256": file.sha256.hex() if file.sha256 else "",
                "begun_at": _utc(file.begun_at),
                "received_at": _utc(file.received_at or file.begun_at),
            }
            for slot, file in files
        ],
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _local(moment: datetime, zone: str) -> dict[str, str]:
    return {"zone": zone, "local": clock.to_local(moment, zone).isoformat(timespec="seconds")}


def document(receipt: Receipt) -> bytes:
    """The receipt as a file: what was signed, the signature and the key's name, as one JSON object."""
    signed = json.loads(receipt.payload)
    whole = {"payload": signed, "signature": receipt.signature.hex(), "key_id": receipt.key_id}
    return json.dumps(whole, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"


# Reading --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a receipt says, as its page and mail show it: taken from the signed text alone."""

    payload: dict[str, Any]

    @property
    def number(self) -> str:
        return str(self.payload["receipt"])

    @property
    def sealed_at(self) -> datetime:
        return _moment(self.payload["sealed_at"])

    @property
    def deadline(self) -> datetime:
        return _moment(self.payload["deadline"])

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.payload["grace_seconds"])

    @property
    def late(self) -> timedelta:
        """How long after the deadline it was sealed; 0 if before."""
        return timedelta(seconds=self.payload["grace_used"])

    @property
    def contest_zone(self) -> str:
        return str(self.payload["sealed_at_contest"]["zone"])

    @property
    def entrant_zone(self) -> str:
        return str(self.payload["sealed_at_entrant"]["zone"])

    @property
    def first_byte(self) -> datetime | None:
        """When the earliest of the uploads began; None without files."""
        return min((_moment(file["begun_at"]) for file in self.payload["files"]), default=None)

    @property
    def last_byte(self) -> datetime | None:
        return max((_moment(file["received_at"]) for file in self.payload["files"]), default=None)

    @property
    def digest(self) -> str:
        """SHA-256 of the signed text: one line that stands for the whole receipt."""
        return hashlib.sha256(canonical(self.payload)).hexdigest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True)
class Shown:
    """A receipt for its page."""

    receipt: Receipt
    told: Told
    contest: Contest
    entry: Entry
    revision: Revision


def get_own(session: Session, actor: Actor, slug: str, number: int) -> Shown:
    """The receipt of a revision of the actor's entry; that of a live entry before a withdrawn one's.

    Raises NotFound.
    """
    row = session.execute(
        select(Receipt, Revision, Entry, Contest)
        .join(Revision, Receipt.revision_id == Revision.id)
        .join(Entry, Revision.entry_id == Entry.id)
        .join(Contest, Entry.contest_id == Contest.id)
        .where(Contest.slug == slug, Entry.account_id == actor.account_id, Revision.number == number)
        .order_by(Entry.state == EntryState.WITHDRAWN, Entry.created_at.desc())
        .limit(1)
    ).first()
    if row is None or not may_see_contest(actor, row.Contest):
        raise NotFound
    return Shown(row.Receipt, Told(json.loads(row.Receipt.payload)), row.Contest, row.Entry, row.Revision)


# Checking -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What a check found: "valid", "changed" or "unknown_key". Only a valid receipt is told."""

    outcome: str
    told: Told | None = None
    key_id: str = ""


def check(session: Session, text: str) -> Verdict:
    """Check the text of a receipt against every key that has ever signed one. Raises Invalid("text")."""
    payload, signature, key = _parse(text)
    stored = session.get(SigningKey, key)
    if stored is None:
        return Verdict("unknown_key", key_id=key)
    try:
        Ed25519PublicKey.from_public_bytes(stored.public_key).verify(signature, canonical(payload))
    except InvalidSignature:
        return Verdict("changed", key_id=key)
    return Verdict("valid", Told(payload), key)


def _parse(text: str) -> tuple[dict[str, Any], bytes, str]:
    """Payload, signature and key of a receipt's text; what mail programs add around it is passed over."""
    text = text[text.find("{") : text.rfind("}") + 1]
    try:
        if len(text.encode()) > MOST_BYTES:
            raise ValueError("too large")
        whole = json.loads(text, object_pairs_hook=_no_duplicates, parse_float=_refuse, parse_constant=_refuse)
        payload, signature, key = whole["payload"], whole["signature"], whole["key_id"]
        if not (
            isinstance(payload, dict)
            and isinstance(signature, str)
            and isinstance(key, str)
            and _SIGNATURE.fullmatch(signature)
            and _KEY_ID.fullmatch(key)
        ):
            raise ValueError("not a receipt")
        canonical(payload)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid("text", "receipt_unreadable") from None
    return payload, bytes.fromhex(signature), key


def _refuse(_value: str) -> Any:
    raise ValueError("a receipt holds texts and whole numbers only")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("the same name twice")
    return made


# Mail -----------------------------------------------------------------------------------------------


def mail_receipt(session: Session, settings: Settings, revision_id: uuid.UUID) -> None:
    """The job: mail a receipt to its entrant, in their language, once."""
    row = session.execute(
        select(Receipt, Entry, Contest)
        .join(Revision, Receipt.revision_id == Revision.id)
        .join(Entry, Revision.entry_id == Entry.id)
        .join(Contest, Entry.contest_id == Contest.id)
        .where(Receipt.revision_id == revision_id)
    ).first()
    if row is None:
        return
    account, told = row.Entry.account, Told(json.loads(row.Receipt.payload))
    mail.queue_for(
        session,
        settings,
        "receipt",
        account,
        key=f"receipt:{revision_id}",
        contest=told.payload["contest"]["title"],
        told=told,
        payload=told.payload,
        files=[{**file, "name": i18n.safe_name(file["name"])} for file in told.payload["files"]],
        signature=row.Receipt.signature.hex(),
        key_id=row.Receipt.key_id,
        link=f"{settings.base_url}/contests/{row.Contest.slug}/receipts/{told.payload['revision']}",
        check=f"{settings.base_url}/receipts/check",
    )
