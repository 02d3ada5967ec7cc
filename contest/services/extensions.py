"""Telling those who work on an entry that there is more time."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock, mail
from contest.models import Account, Contest, Entry
from contest.permissions import goes_on
from contest.settings import Settings
from contest.vocabulary import EntryState


def mail_extension(session: Session, settings: Settings, contest_id: uuid.UUID) -> None:
    """The job: tell everyone with a draft or an entry until when they may submit. One mail for each deadline.

    The deadline is the one of now: who moves it twice in a moment mails the last. One that is over needs no mail,
    and neither does a contest that was called off.
    """
    contest = session.get(Contest, contest_id)
    if contest is None or not goes_on(contest) or contest.closes_at is None or contest.closes_at <= clock.read(session):
        return
    rows = session.execute(
        select(Entry.id, Entry.state, Account)
        .join(Account, Account.id == Entry.account_id)
        .where(
            Entry.contest_id == contest.id,
            Entry.state.in_((EntryState.DRAFT, EntryState.SUBMITTED)),
            Account.suspended_at.is_(None),
        )
        .order_by(Entry.id)
    )
    for entry_id, state, account in rows:
        mail.queue_for(
            session,
            settings,
            "extension",
            account,
            key=f"extension:{entry_id}:{contest.closes_at.isoformat()}",
            contest=dict(contest.title),
            submitted=state == EntryState.SUBMITTED,
            closes_at=contest.closes_at,
            zone=contest.zone,
            own_zone=account.zone,
            link=f"{settings.base_url}/contests/{contest.slug}/entry",
        )
