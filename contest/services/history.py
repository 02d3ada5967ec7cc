"""The audit log of a contest as pages of readable lines, newest first, with the state of their seals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from contest import audit
from contest.models import Account, AuditEvent, AuditSeal, Contest, Membership
from contest.services.listing import by_name

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


def read(
    session: Session, contest: Contest, *, before: int | None = None, group: str = "", who: UUID | str = ""
) -> History:
    """One page of events: id, at, act, actor (name or None), actor_id, facts, sealed. In two statements.

    `who` is an account, "system" for what nobody did, "others" for those who never were of the team, or "".
    """
    sealed_to = select(func.coalesce(func.max(AuditSeal.last_id), 0)).scalar_subquery()
    query = (
        select(
            AuditEvent.id,
            AuditEvent.at,
            AuditEvent.act,
            Account.name.label("actor"),
            AuditEvent.actor_id,
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
    if isinstance(who, UUID):
        query = query.where(AuditEvent.actor_id == who)
    elif who == "system":
        query = query.where(AuditEvent.actor_id.is_(None))
    elif who == "others":
        team = select(Membership.account_id).where(Membership.contest_id == contest.id)
        query = query.where(AuditEvent.actor_id.not_in(team))
    rows = session.execute(query).all()
    newest = session.execute(
        select(AuditSeal.id, AuditSeal.last_id, AuditSeal.digest, AuditSeal.at).order_by(AuditSeal.id.desc()).limit(1)
    ).first()
    events = rows[:PAGE]
    return History(events, events[-1].id if len(rows) > PAGE else None, newest)


def people(session: Session, contest: Contest, also: UUID | str = "") -> Sequence[Row[UUID, str]]:
    """Whom the log can be asked for: everybody who is or was of the team, by name; and the account `also`."""
    ids = select(Membership.account_id).where(Membership.contest_id == contest.id)
    wanted: ColumnElement[bool] = Account.id.in_(ids)
    if isinstance(also, UUID):
        # A name is told only where it stands in this log already.
        acted = exists().where(AuditEvent.contest_id == contest.id, AuditEvent.actor_id == also)
        wanted = or_(wanted, and_(Account.id == also, acted))
    return session.execute(select(Account.id, Account.name).where(wanted).order_by(by_name(), Account.id)).all()
