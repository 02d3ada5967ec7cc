"""The outcome for an entrant: where their own entry stands in what is published, and what judges wrote to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Entry, Publication, Round, Standing, Tally
from contest.permissions import Actor
from contest.services import announcements, entries
from contest.vocabulary import EntryState, PublicationState


@dataclass(frozen=True)
class Outcome:
    """What the publication in force says of one entry; the ranks of all entries are public under their numbers."""

    entry: Entry
    #: Number of the publication, for its file.
    publication: int
    method: str
    entries: int
    #: rank, tied, numerator, denominator, score, tie_rule, scorecards; None if the tally does not know the entry.
    standing: Row[*tuple[Any, ...]] | None
    #: The prize's name in the languages that it has; None without a prize.
    prize: dict[str, str] | None
    #: Without names, in the order of the mail that brought them.
    comments: list[str]


def own(session: Session, actor: Actor, slug: str) -> Outcome:
    """The outcome of the actor's own entry. Raises NotFound without an entry in the contest or anything in force."""
    entry = entries.get_own(session, actor, slug)
    if entry.state != EntryState.SUBMITTED:
        raise NotFound
    row = session.execute(
        select(Publication, Tally, Round.id.label("round_id"))
        .join(Tally, Tally.id == Publication.tally_id)
        .join(Round, Round.id == Tally.round_id)
        .where(Publication.contest_id == entry.contest_id, Publication.state == PublicationState.PUBLISHED)
    ).first()
    if row is None:
        raise NotFound
    standing = session.execute(
        select(
            Standing.rank,
            Standing.tied,
            Standing.numerator,
            Standing.denominator,
            Standing.score,
            Standing.tie_rule,
            Standing.scorecards,
        ).where(Standing.tally_id == row.Tally.id, Standing.entry_id == entry.id)
    ).first()
    won = [award["prize"]["name"] for award in row.Publication.snapshot["awards"] if award["entry"] == entry.number]
    return Outcome(
        entry=entry,
        publication=row.Publication.number,
        method=row.Tally.method,
        entries=row.Tally.n_entries,
        standing=standing,
        prize=won[0] if won else None,
        comments=announcements.comments_of(session, row.Publication, row.round_id, entry.id).get(entry.id, []),
    )
