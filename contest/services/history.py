"""The audit log of a contest as pages of readable lines, newest first, with the state of their seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from contest import audit
from contest.models import Account, AuditEvent, AuditSeal, Contest

#: Events on one page.
PAGE = 50
#: Groups of acts that happen in a contest, by the first word of their names.
GROUPS = tuple(sorted({act.split(".")[0] for act in audit.ACTS} - {"account"}))


@dataclass(frozen=True)
class History:
    """One page. `older` is the id before which the next page begins, None on the last."""

    events: Sequence[Row[*tuple[Any, ...]]]
    older: int | None
    #: The newest seal: id, last_id, digest, at; None while nothing is sealed.
    seal: Row[*tuple[Any, ...]] | None


def read(session: Session, contest: Contest, *, before: int | None = None, group: str = "") -> History:
    """One page of events: id, at, act, actor (name or None), facts, sealed. In two statements."""
    sealed_to = select(func.coalesce(func.max(AuditSeal.last_id), 0)).scalar_subquery()
    query = (
        select(
            AuditEvent.id,
            AuditEvent.at,
            AuditEvent.act,
            Account.name.label("actor"),
            AuditEvent.facts,
            (AuditEvent.id <= sealed_to).label("sealed"),
        )
        .outerjoin(Account, Account.id == AuditEvent.actor_id)
        .where(AuditEvent.contest_id == contest.id)
        .order_by(AuditEvent.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(AuditEvent.id < before)
    if group:
        query = query.where(AuditEvent.act.in_([act for act in audit.ACTS if act.split(".")[0] == group]))
    rows = session.execute(query).all()
    newest = session.execute(
        select(AuditSeal.id, AuditSeal.last_id, AuditSeal.digest, AuditSeal.at).order_by(AuditSeal.id.desc()).limit(1)
    ).first()
    events = rows[:PAGE]
    return History(events, events[-1].id if len(rows) > PAGE else None, newest)
