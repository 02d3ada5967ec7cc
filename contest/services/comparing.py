"""Two entries side by side, as their judge may see them. Reading only: a comparison is kept nowhere."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Revision
from contest.permissions import Actor
from contest.services import pictures, queues
from contest.services.sheets import Comparison, Head, Offer, Side


def compare(session: Session, actor: Actor, slug: str, code: str, other: str = "") -> Comparison:
    """An entry of the judge beside another one of the same round; without `other` it is the neighbour in their order.

    Raises NotFound for either wherever its sheet is not shown: to others, after a recusal, once winners are public.
    """
    contest, round_ = queues.judged(session, actor, slug)
    rows = queues.rows_of(session, actor, round_)
    place, this = queues.find(rows, code)
    # What stands before it is likely scored, and so something to measure by.
    beside = queues.beside(rows[:place][::-1]) or queues.beside(rows[place + 1 :]) or code
    _, that = queues.find(rows, other or beside)
    head = queues.head(contest, round_)
    left = _side(session, head, this)
    return Comparison(
        head=head,
        criteria=queues.criteria_of(session, round_),
        this=left,
        that=left if that == this else _side(session, head, that),
        offers=tuple(Offer(row.code, row.state, row.share) for row in rows if row.state != "conflict"),
    )


def _side(session: Session, head: Head, row: queues.Row) -> Side:
    seen, _ = pictures.of_revision(session, row.revision_id)
    title = session.scalars(select(Revision.title).where(Revision.id == row.revision_id)).one()
    return Side(head, row.code, title, seen, row.state, queues.card_of(session, row.card_id).levels, row.share)
