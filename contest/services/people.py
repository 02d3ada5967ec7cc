"""Who works on a contest: members by role, invitations, and taking a role back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from contest import audit, clock, outbox
from contest.errors import Denied, NotFound
from contest.models import Account, Contest, Invitation, Membership, Round, Tally
from contest.permissions import Actor, organises
from contest.services import assignment, attempts, contests, invitations
from contest.services.listing import Listing, by_name
from contest.vocabulary import Role

#: Mails that one invitation may cause in the window of `attempts.count_attempt`.
RESENDS = 5
#: Orders of the lists of members and of invitations, and what an invitation can be.
MEMBER_SORTS = ("role", "name", "email", "since")
INVITATION_SORTS = ("sent", "email", "role", "state", "until")
INVITATION_STATES = ("waiting", "expired", "accepted", "revoked")


def members(session: Session, contest: Contest) -> Sequence[Row[*tuple[Any, ...]]]:
    """Live roles: account_id, role, name, email, locale, suspended, since, ordered; by role, then name."""
    order = case({role: number for number, role in enumerate(Role)}, value=Membership.role)
    return session.execute(
        select(
            Membership.account_id,
            Membership.role,
            Account.name,
            Account.email,
            Account.locale,
            Account.suspended_at.is_not(None).label("suspended"),
            Membership.created_at.label("since"),
            by_name().label("ordered"),
        )
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.contest_id == contest.id, Membership.removed_at.is_(None))
        .order_by(order, by_name(), Account.id)
    ).all()


@dataclass(frozen=True)
class Approver:
    """Somebody who may approve as the second person, and who brought them in; None: nobody invited them."""

    name: str
    inviter_id: uuid.UUID | None
    inviter: str | None
    invited_at: datetime | None
    #: Whoever invited them then could know the scores.
    after_closing: bool


def approvers(session: Session, contest: Contest, round_: Round) -> Mapping[uuid.UUID, Approver]:
    """The contest's publishers and chairs by account, by name, each with the newest invitation that they accepted.

    Two accounts may be one person's. Who invited whom, and when, is what others can judge that by.
    """
    inviter = aliased(Account)
    rows = session.execute(
        select(
            Membership.account_id,
            Account.name,
            Invitation.invited_by,
            inviter.name,
            Invitation.created_at,
            # Who opens judging again and closes it anew does not make scores unknown.
            select(func.min(Tally.created_at)).where(Tally.round_id == round_.id).scalar_subquery(),
        )
        .join(Account, Account.id == Membership.account_id)
        .outerjoin(
            Invitation,
            and_(
                Invitation.contest_id == contest.id,
                Invitation.account_id == Membership.account_id,
                Invitation.role == Membership.role,
                Invitation.accepted_at.is_not(None),
            ),
        )
        .outerjoin(inviter, inviter.id == Invitation.invited_by)
        .where(
            Membership.contest_id == contest.id,
            Membership.removed_at.is_(None),
            Membership.role.in_((Role.PUBLISHER, Role.CHAIR)),
            Account.suspended_at.is_(None),
        )
        .order_by(by_name(), Account.id, Invitation.created_at.nulls_first())
    )
    return {
        account_id: Approver(
            name, by, who, at, after_closing=any(at and known and at > known for known in (round_.closed_at, first))
        )
        for account_id, name, by, who, at, first in rows
    }


def arrange_members(
    rows: Sequence[Row[*tuple[Any, ...]]], listing: Listing
) -> tuple[Listing, list[Row[*tuple[Any, ...]]]]:
    """One page of members, who come by role and name. Filter: `role`; words are looked for in name and address."""
    by_names = {row.account_id: place for place, row in enumerate(rows)}
    words, role = listing.q.casefold(), listing.filters.get("role")
    roles = list(Role)
    return listing.arrange(
        [
            row
            for row in rows
            if (not role or row.role == role) and (words in row.name.casefold() or words in row.email.casefold())
        ],
        {
            "role": lambda row: roles.index(Role(row.role)),
            "name": lambda row: (row.ordered, by_names[row.account_id]),
            "email": lambda row: row.email.casefold(),
            "since": lambda row: row.since,
        },
    )


def arrange_invitations(
    rows: Sequence[Row[*tuple[Any, ...]]], listing: Listing
) -> tuple[Listing, list[Row[*tuple[Any, ...]]]]:
    """One page of invitations, which come newest first. Filter: `state`."""
    words, state = listing.q.casefold(), listing.filters.get("state")
    roles = list(Role)
    return listing.arrange(
        [
            row
            for row in rows
            if (not state or row.state == state) and (words in row.name.casefold() or words in row.email.casefold())
        ],
        {
            "sent": lambda row: row.created_at,
            "email": lambda row: row.email.casefold(),
            "role": lambda row: roles.index(Role(row.role)),
            "state": lambda row: INVITATION_STATES.index(row.state),
            "until": lambda row: row.expires_at if row.state in ("waiting", "expired") else None,
        },
    )


def invited(session: Session, contest: Contest) -> Sequence[Row[*tuple[Any, ...]]]:
    """Invitations, newest first: id, role, email, name, created_at, expires_at, inviter, orphaned, state.

    State: waiting, expired, accepted or revoked. An accepted or revoked one stays in the list. Orphaned: it may still
    be accepted, and who sent it does not organise the contest any more.
    """
    state = case(
        (Invitation.accepted_at.is_not(None), "accepted"),
        (Invitation.revoked_at.is_not(None), "revoked"),
        (Invitation.expires_at <= func.clock_timestamp(), "expired"),
        else_="waiting",
    )
    inviter = aliased(Account)
    organising = select(Membership.id).where(
        Membership.contest_id == Invitation.contest_id,
        Membership.account_id == Invitation.invited_by,
        Membership.role == Role.ORGANISER,
        Membership.removed_at.is_(None),
    )
    return session.execute(
        select(
            Invitation.id,
            Invitation.role,
            Invitation.email,
            Invitation.name,
            Invitation.created_at,
            Invitation.expires_at,
            inviter.name.label("inviter"),
            and_(
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
                or_(inviter.suspended_at.is_not(None), and_(~inviter.is_admin, ~organising.exists())),
            ).label("orphaned"),
            state.label("state"),
        )
        .join(inviter, inviter.id == Invitation.invited_by)
        .where(Invitation.contest_id == contest.id)
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(2000)
    ).all()


def invite(session: Session, actor: Actor, slug: str, *, email: str, name: str, role: str, locale: str) -> Invitation:
    """Invite a person by mail to a role. Raises Denied or Invalid("email")."""
    contest = contests.get_for_change(session, actor, slug)
    return invitations.invite(session, actor, contest, email=email, name=name, role=Role(role).value, locale=locale)


def withdraw(session: Session, actor: Actor, slug: str, invitation_id: uuid.UUID) -> None:
    """Make an invitation's link worthless."""
    contest = contests.get_managed(session, actor, slug)
    invitations.revoke_invitation(session, actor, contest, invitation_id)


def send_again(session: Session, actor: Actor, slug: str, invitation_id: uuid.UUID) -> Invitation:
    """Mail an invitation again, under a new link that lives its full time; the old link dies.

    Raises Denied if it was accepted or withdrawn, or was mailed too often.
    """
    contest = contests.get_for_change(session, actor, slug)
    invitation = session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.contest_id != contest.id:
        raise NotFound
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise Denied("invitation_over")
    attempts.count_attempt(session, f"invite:{invitation.id}", RESENDS)
    invitation.expires_at = clock.read(session) + invitations.INVITATION_LIFE
    assert actor.account_id is not None
    # Whoever sent it last stands for it, in the mail and in the list.
    invitation.invited_by = actor.account_id
    audit.record(session, actor, "invitation.sent", invitation, role=invitation.role, again=True)
    outbox.add(session, "send_invitation", queue="mail", invitation_id=str(invitation.id))
    return invitation


def remove_role(session: Session, actor: Actor, slug: str, account_id: uuid.UUID, role: str) -> datetime:
    """Take a role back; it works no more from the person's next request on.

    A judge's assignments without a submitted scorecard are taken back too, so that others can judge
    those entries. Raises Denied("last_organiser"): a contest always has one.
    """
    # The contest's lock keeps two organisers from removing each other at once.
    contest = contests.get_managed(session, actor, slug, lock=True)
    organises(actor, contest).require()
    live = session.scalars(
        select(Membership)
        .where(Membership.contest_id == contest.id, Membership.role == role, Membership.removed_at.is_(None))
        .with_for_update()
    ).all()
    membership = next((row for row in live if row.account_id == account_id), None)
    if membership is None:
        raise NotFound
    if role == Role.ORGANISER and len(live) == 1:
        raise Denied("last_organiser")
    now = clock.read(session)
    membership.removed_at = now
    session.flush()
    audit.record(session, actor, "role.removed", membership, role=role, account=account_id)
    if role == Role.JUDGE:
        assignment.take_back_all(session, actor, contest, account_id)
    return now
