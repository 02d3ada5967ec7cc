"""Reminding judges of what they have not submitted yet, by mail and at most once a day."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox
from contest.errors import Denied, NotFound
from contest.models import Account, AuditEvent, Contest, Round
from contest.permissions import Actor, may_organise, may_score
from contest.services import assignment, contests
from contest.settings import Settings
from contest.vocabulary import RoundState

#: A judge who was reminded is left in peace for so long, whoever asks.
PEACE = timedelta(days=1)


def last_reminded(session: Session, contest: Contest, now: datetime) -> Mapping[uuid.UUID, datetime]:
    """Judges who were reminded less than a day ago, and when. The audit log knows it, so no job needs to tell."""
    events = session.execute(
        select(AuditEvent.at, AuditEvent.facts)
        .where(
            AuditEvent.contest_id == contest.id,
            AuditEvent.act == "assignment.reminded",
            AuditEvent.at > now - PEACE,
        )
        .order_by(AuditEvent.id)
    )
    return {uuid.UUID(judge): event.at for event in events for judge in event.facts["left"]}


def remind(session: Session, actor: Actor, slug: str, judge_id: uuid.UUID | None = None) -> int:
    """Owe a mail to each judge with something left to submit, or to one of them; returns to how many.

    Who was reminded within a day is passed over, so that a second press or a second organiser mails nobody twice.
    Raises NotFound for a judge with nothing left, and Denied.
    """
    contest = contests.get_managed(session, actor, slug)
    # The lock makes two organisers come one after the other.
    round_ = contests.lock_round(session, contest)
    may_organise(actor, contest).require()
    if round_.state != RoundState.OPEN:
        raise Denied("round_not_open")
    left = {
        row.judge_id: row.entries
        for row in session.execute(
            assignment.waiting(round_.id).where(
                Account.id.in_(assignment.judges_of(contest.id)), *([Account.id == judge_id] if judge_id else [])
            )
        )
    }
    if judge_id is not None and not left:
        raise NotFound
    chosen = sorted(left.keys() - last_reminded(session, contest, clock.read(session)).keys())
    if chosen:
        told = {str(each): left[each] for each in chosen}
        audit.record(session, actor, "assignment.reminded", round_, made=len(chosen), left=told)
    for each in chosen:
        outbox.add(
            session,
            "mail_reminder",
            queue="mail",
            key=f"remind:{round_.id}:{each}",
            round_id=str(round_.id),
            judge_id=str(each),
        )
    return len(chosen)


def mail_reminder(
    session: Session, settings: Settings, round_id: uuid.UUID, judge_id: uuid.UUID, *, nonce: str
) -> None:
    """The job: tell a judge what is left and until when. Submitted meanwhile, closed or no judge any more: no mail."""
    round_ = session.get(Round, round_id)
    if round_ is None or not may_score(round_):
        return
    contest, now = round_.contest, clock.read(session)
    judge = session.scalars(
        select(Account).where(Account.id == judge_id, Account.id.in_(assignment.judges_of(contest.id)))
    ).first()
    left = session.execute(assignment.waiting(round_id).where(Account.id == judge_id)).first()
    if judge is None or left is None:
        return
    mail.queue_for(
        session,
        settings,
        "reminder",
        judge,
        key=f"reminder:{round_id}:{judge_id}:{nonce}",
        contest=dict(contest.title),
        waiting=left.entries,
        drafts=left.drafts,
        due_at=round_.due_at,
        late=round_.due_at is not None and round_.due_at <= now,
        zone=contest.zone,
        own_zone=judge.zone,
        link=f"{settings.base_url}/judge/{contest.slug}",
    )
