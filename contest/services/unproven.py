"""Accounts whose address nobody has proven: anybody can type an address, and must not hold it so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from contest import audit
from contest.models import Account, Base, Code, MailMessage

#: How long after the last mail to it such an account is kept.
KEPT = timedelta(days=7)
#: How many are removed in one unit of work.
MOST = 1000


def forget(session: Session) -> int:
    """The periodic task: remove those to which nothing was mailed for long; returns how many."""
    long_ago = func.clock_timestamp() - KEPT
    mailed = select(MailMessage.id).where(MailMessage.account_id == Account.id, MailMessage.created_at > long_ago)
    return _remove(session, Account.created_at < long_ago, ~mailed.exists())


def make_way(session: Session, key: str) -> bool:
    """Remove the account of an address if nobody has proven it; whether the address is free now."""
    _remove(session, Account.email_key == key)
    return session.scalar(select(Account.id).where(Account.email_key == key)) is None


def _remove(session: Session, *which: ColumnElement[bool]) -> int:
    doomed = session.scalars(
        select(Account)
        .where(Account.verified_at.is_(None), *_nothing_refers(), *which)
        .limit(MOST)
        # One that is being verified now, or mailed to, is left.
        .with_for_update(skip_locked=True)
    ).all()
    ids: Sequence[uuid.UUID] = [account.id for account in doomed]
    for account in doomed:
        audit.record(session, None, "account.removed", account)
    session.flush()
    session.execute(delete(MailMessage).where(MailMessage.account_id.in_(ids)))
    session.execute(delete(Account).where(Account.id.in_(ids)))
    return len(ids)


def _nothing_refers() -> list[ColumnElement[bool]]:
    """No row of any table names the account, but for its codes and the mails that they went out in."""
    return [
        ~select(key.parent).where(key.parent == Account.id).correlate(Account).exists()
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is Account.__table__.c.id and table not in (Code.__table__, MailMessage.__table__)
    ]
