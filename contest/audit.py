"""The audit log: one event per act, append-only, sealed afterwards in batches into a hash chain.

An act only inserts its row, so that no act waits for another's lock. A periodic job seals committed
events in order; whoever changes an event behind our back breaks every later seal.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from contest.models import AuditEvent, AuditSeal, Base
from contest.permissions import Actor

#: Every act that may be recorded. `record` refuses others, and a test wants each one documented and used.
ACTS = frozenset(
    {
        "account.registered",
        "account.verified",
        "account.signed_in",
        "account.sign_in_failed",
        "account.signed_out",
        "account.code_requested",
        "account.password_changed",
        "account.password_removed",
        "account.confirmed",
        "account.session_revoked",
        "account.suspended",
        "account.restored",
        "account.changed",
        "account.address_changed",
        "account.removed",
        "invitation.sent",
        "invitation.accepted",
        "invitation.revoked",
        "role.removed",
        "contest.created",
        "contest.changed",
        "contest.announced",
        "contest.deadline_moved",
        "contest.cancelled",
        "terms.changed",
        "rubric.changed",
        "terms.accepted",
        "entry.started",
        "entry.changed",
        "entry.submitted",
        "entry.withdrawn",
        "entry.disqualified",
        "entry.reinstated",
        "entry.alt_edited",
        "entry.pair_seen",
        "file.granted",
        "file.received",
        "file.accepted",
        "file.rejected",
        "file.removed",
        "file.downloaded",
        "previews.retried",
        "assignment.made",
        "assignment.removed",
        "assignment.reminded",
        "assignment.recused",
        "flag.told",
        "flag.taken_back",
        "flag.answered",
        "round.opened",
        "round.closed",
        "round.reopened",
        "scorecard.submitted",
        "scorecard.reopened",
        "scoring.changed",
        "scores.exported",
        "tally.made",
        "awards.proposed",
        "publication.proposed",
        "publication.approved",
        "publication.published",
        "publication.retracted",
    }
)


def record(
    session: Session,
    actor: Actor | None,
    act: str,
    subject: Base | None = None,
    *,
    contest_id: uuid.UUID | None = None,
    **facts: Any,
) -> AuditEvent:
    """Add the event of an act to its unit of work.

    `facts` hold ids, codes and numbers, never a secret or a judge's note. The contest is taken from
    the subject where it has one. Raises KeyError for an act that is not registered.
    """
    if act not in ACTS:
        raise KeyError(act)
    if contest_id is None and subject is not None:
        contest_id = getattr(subject, "id" if subject.__tablename__ == "contest" else "contest_id", None)
    event = AuditEvent(
        act=act,
        actor_id=actor.account_id if actor else None,
        contest_id=contest_id,
        subject_type=subject.__tablename__ if subject is not None else "",
        subject_id=str(getattr(subject, "id", "")) if subject is not None else "",
        facts=json.loads(json.dumps(facts, default=_plain)),
    )
    session.add(event)
    return event


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def canonical(event: AuditEvent) -> bytes:
    """The bytes that a seal hashes: JSON with sorted keys, UTF-8, times in UTC to the microsecond."""
    return json.dumps(
        {
            "id": event.id,
            "at": event.at.isoformat(),
            "act": event.act,
            "actor": str(event.actor_id or ""),
            "contest": str(event.contest_id or ""),
            "subject": [event.subject_type, event.subject_id],
            "facts": event.facts,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def digest(previous: str, events: list[AuditEvent]) -> str:
    """SHA-256 over the seal before and each event's length and bytes, in order; hexadecimal."""
    hasher = hashlib.sha256(previous.encode())
    for event in events:
        body = canonical(event)
        hasher.update(len(body).to_bytes(8, "big") + body)
    return hasher.hexdigest()


def seal(session: Session, *, settle: timedelta = timedelta(seconds=90), limit: int = 5000) -> AuditSeal | None:
    """Seal the next batch of events; None if there is none.

    Ids are handed out before commit, so that a long transaction may commit an id below a sealed one.
    Events rest for `settle` (longer than any statement may run), and one sealer works at a time.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('contest.audit.seal'))"))
    last = session.scalars(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1)).first()
    events = list(
        session.scalars(
            select(AuditEvent)
            .where(AuditEvent.id > (last.last_id if last else 0), AuditEvent.at < func.clock_timestamp() - settle)
            .order_by(AuditEvent.id)
            .limit(limit)
        )
    )
    if not events:
        return None
    previous = last.digest if last else ""
    made = AuditSeal(
        first_id=events[0].id,
        last_id=events[-1].id,
        events=len(events),
        previous=previous,
        digest=digest(previous, events),
    )
    session.add(made)
    session.flush()
    return made


def verify(session: Session) -> int | None:
    """Check the whole chain. Returns the id of the first seal that does not hold, or None if all do.

    A seal answers for every id since the seal before it: ids that were never used leave room between two batches
    in which somebody could put an event.
    """
    previous, after = "", 0
    for sealed in session.scalars(select(AuditSeal).order_by(AuditSeal.id)):
        events = list(
            session.scalars(
                select(AuditEvent).where(AuditEvent.id > after, AuditEvent.id <= sealed.last_id).order_by(AuditEvent.id)
            )
        )
        if sealed.previous != previous or len(events) != sealed.events or digest(previous, events) != sealed.digest:
            return sealed.id
        previous, after = sealed.digest, sealed.last_id
    return None
