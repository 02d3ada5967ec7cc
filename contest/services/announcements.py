"""Mails about publications: to those who may approve one, and to every entrant once it is out."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import mail
from contest.models import (
    Account,
    Assignment,
    Contest,
    Entry,
    Membership,
    Publication,
    Recusal,
    Scorecard,
    Tally,
)
from contest.services.listing import newest_title
from contest.settings import Settings
from contest.vocabulary import EntryState, PublicationState, Role, ScorecardState


def mail_proposal(session: Session, settings: Settings, publication_id: uuid.UUID) -> None:
    """The job: ask those who may approve, but not the proposer. A proposal that is no more needs no mail."""
    publication = session.get(Publication, publication_id)
    if publication is None or publication.state != PublicationState.DRAFT:
        return
    contest = session.get_one(Contest, publication.contest_id)
    proposer = session.get_one(Account, publication.proposed_by)
    readers = session.scalars(
        select(Account)
        .where(
            Account.suspended_at.is_(None),
            Account.id != publication.proposed_by,
            Account.id.in_(
                select(Membership.account_id).where(
                    Membership.contest_id == contest.id,
                    Membership.removed_at.is_(None),
                    Membership.role.in_((Role.PUBLISHER, Role.CHAIR)),
                )
            ),
        )
        .order_by(Account.id)
    )
    for account in readers:
        mail.queue_for(
            session,
            settings,
            "publication_proposed",
            account,
            key=f"proposed:{publication.id}:{account.id}",
            contest=dict(contest.title),
            proposer=proposer.name,
            awards=len(publication.snapshot["awards"]),
            digest=publication.digest,
            link=f"{settings.base_url}/manage/{contest.slug}/results",
        )


def mail_published(session: Session, settings: Settings, publication_id: uuid.UUID) -> None:
    """The job: tell every entrant the outcome, in their language, with the judges' comments to them.

    Comments carry no names: "Judge 1" of one entry is nobody's number in another.
    """
    publication = session.get(Publication, publication_id)
    if publication is None or publication.state != PublicationState.PUBLISHED:
        return
    contest = session.get_one(Contest, publication.contest_id)
    tally = session.get_one(Tally, publication.tally_id)
    prizes = {award["entry"]: award["prize"]["name"] for award in publication.snapshot["awards"]}
    comments = comments_of(session, publication, tally.round_id)
    title = newest_title()
    rows = session.execute(
        select(Entry.id, Entry.number, title, Account)
        .join(Account, Account.id == Entry.account_id)
        .where(Entry.contest_id == contest.id, Entry.state == EntryState.SUBMITTED, Account.suspended_at.is_(None))
        .order_by(Entry.number)
    )
    for entry_id, number, judged_title, account in rows:
        mail.queue_for(
            session,
            settings,
            "published",
            account,
            key=f"published:{publication.id}:{entry_id}",
            contest=dict(contest.title),
            title=judged_title,
            number=number,
            prize=prizes.get(number),
            comments=comments.get(entry_id, []),
            link=f"{settings.base_url}/{account.locale}/contests/{contest.slug}/winners",
            certificate=f"{settings.base_url}/contests/{contest.slug}/certificate",
        )


def comments_of(
    session: Session, publication: Publication, round_id: uuid.UUID, entry_id: uuid.UUID | None = None
) -> Mapping[uuid.UUID, list[str]]:
    """What judges wrote to each entrant, or to one, from scorecards that counted, in an order of each entry's own."""
    wanted = (
        select(Scorecard.entry_id, Scorecard.id, Scorecard.comment)
        .join(Assignment, Assignment.id == Scorecard.assignment_id)
        .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
        .where(
            Scorecard.round_id == round_id,
            Scorecard.state == ScorecardState.SUBMITTED,
            Scorecard.comment != "",
            Assignment.removed_at.is_(None),
            Recusal.id.is_(None),
        )
    )
    if entry_id is not None:
        wanted = wanted.where(Scorecard.entry_id == entry_id)
    found: dict[uuid.UUID, list[tuple[bytes, str]]] = {}
    for of_entry, card_id, comment in session.execute(wanted):
        # An order that nobody can foresee and every run of the job repeats.
        place = hashlib.sha256(publication.id.bytes + card_id.bytes).digest()
        found.setdefault(of_entry, []).append((place, comment))
    return {of_entry: [comment for _, comment in sorted(texts)] for of_entry, texts in found.items()}
