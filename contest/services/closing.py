"""What stays in a contest for somebody who came after its deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Contest, Revision
from contest.permissions import Actor
from contest.services import contests, entries
from contest.vocabulary import EntryState


@dataclass(frozen=True)
class Kept:
    """An entrant's entry as the deadline found it. `number` and `sealed_at`: its newest revision, if any."""

    number: int | None
    sealed_at: datetime | None
    #: Whether the newest revision is in the contest: neither withdrawn nor taken out of it.
    counts: bool


def kept(session: Session, actor: Actor, slug: str) -> tuple[Contest, Kept | None]:
    """The contest, and what the actor has in it; None without an entry. Raises NotFound."""
    contest = contests.get_public(session, actor, slug)
    entry = entries.find_own(session, actor, contest) if actor.signed_in else None
    if entry is None:
        return contest, None
    newest = session.execute(
        select(Revision.number, Revision.sealed_at)
        .where(Revision.entry_id == entry.id)
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()
    number, sealed_at = (newest.number, newest.sealed_at) if newest else (None, None)
    return contest, Kept(number, sealed_at, entry.state == EntryState.SUBMITTED)
