"""Invitations by mail to a role in a contest, or to the staff, and the roles that they give."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import audit, clock, i18n, mail, outbox
from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, Contest, Entry, Invitation, Membership
from contest.permissions import Actor, goes_on, may_organise, organises
from contest.services.accounts import check_password, create_account, hash_password
from contest.services.addresses import check_email, email_key
from contest.settings import Settings
from contest.vocabulary import DEFAULT_LOCALE, STAFF_ROLES, EntryState, Phase, Role

INVITATION_LIFE = timedelta(days=14)


def invite(
    session: Session, actor: Actor, contest: Contest | None, *, email: str, name: str, role: str, locale: str
) -> Invitation:
    """Invite a person by mail to a role in a contest, or (without contest) to the staff."""
    if contest is not None:
        may_organise(actor, contest).require()
    elif not actor.is_admin:
        raise Denied("admin_only")
    email = check_email(email)
    key = email_key(email)
    if contest is not None and session.scalar(
        select(Membership.id)
        .join(Account)
        .where(
            Membership.contest_id == contest.id,
            Membership.role == role,
            Membership.removed_at.is_(None),
            Account.email_key == key,
        )
    ):
        raise Invalid("email", "already_member")
    known = session.scalar(select(Account.id).where(Account.email_key == key))
    if contest is not None and known is not None:
        _refuse_conflict(session, contest, known, role)
    now = clock.read(session)
    invitation = Invitation(
        contest_id=contest.id if contest else None,
        role=role,
        email=email,
        email_key=key,
        name=name,
        locale=locale if locale in i18n.languages() else DEFAULT_LOCALE,
        invited_by=actor.account_id,
        expires_at=now + INVITATION_LIFE,
    )
    try:
        with session.begin_nested():
            # Added inside: opening the savepoint flushes what was pending before it.
            session.add(invitation)
    except IntegrityError as error:
        raise Invalid("email", "already_invited") from error
    audit.record(session, actor, "invitation.sent", invitation, role=role)
    outbox.add(session, "send_invitation", queue="mail", invitation_id=str(invitation.id))
    return invitation


def mail_invitation(session: Session, settings: Settings, invitation_id: uuid.UUID, *, nonce: str) -> None:
    """The job: give the invitation its token and mail the link. Only the token's hash is kept."""
    invitation = session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.accepted_at or invitation.revoked_at:
        return
    token = secrets.token_urlsafe(24)
    invitation.token_hash = hashlib.sha256(token.encode()).digest()
    contest = contest_of(session, invitation)
    if contest is not None and not goes_on(contest):
        return
    inviter = session.get_one(Account, invitation.invited_by)
    mail.queue(
        session,
        settings,
        "invitation",
        key=f"invitation:{invitation.id}:{nonce}",
        address=invitation.email,
        locale=invitation.locale,
        name=invitation.name,
        role=invitation.role,
        contest=dict(contest.title) if contest else None,
        inviter=inviter.name,
        link=f"{settings.base_url}/invitations/{token}",
        days=INVITATION_LIFE.days,
    )


def get_invitation(session: Session, token: str) -> Invitation:
    """The live invitation of a link.

    Raises NotFound if it is unknown, used or revoked; Denied("invitation_late" | "invitation_stopped" |
    "cancelled").
    """
    invitation = _of_link(session, token)
    if invitation.accepted_at is not None:
        raise NotFound
    if invitation.expires_at <= clock.read(session):
        raise Denied("invitation_late", days=INVITATION_LIFE.days)
    if session.get_one(Account, invitation.invited_by).suspended_at is not None:
        # Perhaps it was not that person who sent it. Another organiser may send it again, and then stands for it.
        raise Denied("invitation_stopped")
    if contest := contest_of(session, invitation):
        goes_on(contest).require()
    return invitation


def accepted_by(session: Session, token: str) -> Account | None:
    """Who took up the invitation of a link; None if it is still open. Raises NotFound."""
    invitation = _of_link(session, token)
    return session.get(Account, invitation.account_id) if invitation.account_id is not None else None


def _of_link(session: Session, token: str) -> Invitation:
    invitation = session.scalars(
        select(Invitation).where(
            Invitation.token_hash == hashlib.sha256(token.encode()).digest(), Invitation.revoked_at.is_(None)
        )
    ).first()
    if invitation is None:
        raise NotFound
    return invitation


def contest_of(session: Session, invitation: Invitation) -> Contest | None:
    """The contest that an invitation is for; None for the staff."""
    return session.get(Contest, invitation.contest_id) if invitation.contest_id else None


def has_account(session: Session, invitation: Invitation) -> bool:
    """Whether the invited person has an account; one whose address nobody has proven is not theirs yet."""
    return (
        session.scalar(
            select(Account.id).where(Account.email_key == invitation.email_key, Account.verified_at.is_not(None))
        )
        is not None
    )


def is_for(invitation: Invitation, actor: Actor) -> bool:
    """Whether the invitation is for the account that is signed in."""
    return actor.signed_in and email_key(actor.email) == invitation.email_key


def accept_invitation(session: Session, token: str, *, name: str, password: str = "", zone: str = "UTC") -> Account:
    """Take up an invitation. The link came by mail, so it proves the address; returns the account.

    A new account is made with `name` and, if given, a password; one that was never verified gets them in
    place of what a stranger may have typed. Raises NotFound, Denied or Invalid.
    """
    invitation = get_invitation(session, token)
    # The contest before the invitation, as an organiser locks them who sends it again: a role refers to its contest.
    contest = session.scalars(
        select(Contest)
        .where(Contest.id == invitation.contest_id)
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    ).first()
    if contest is not None:
        goes_on(contest).require()
    session.refresh(invitation, with_for_update=True)
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise NotFound
    now = clock.read(session)
    account = session.scalars(
        select(Account).where(Account.email_key == invitation.email_key).with_for_update(key_share=True)
    ).first()
    if account is None or account.verified_at is None:
        if not name.strip():
            raise Invalid("name", "required")
        if password:
            check_password(password)
    if account is None:
        account = create_account(
            session, email=invitation.email, name=name.strip(), locale=invitation.locale, zone=zone, password=password
        )
    elif account.verified_at is None:
        account.email, account.locale = invitation.email, invitation.locale
        account.name, account.latin_name, account.zone = name.strip(), "", zone if clock.is_zone(zone) else "UTC"
        account.password_hash = hash_password(password) if password else None
    if account.suspended_at is not None:
        raise NotFound
    account.verified_at = account.verified_at or now
    invitation.accepted_at, invitation.account_id = now, account.id
    if invitation.contest_id is None:
        account.is_staff = True
    else:
        grant_role(session, invitation.contest_id, account.id, invitation.role)
    audit.record(
        session,
        Actor(account_id=account.id),
        "invitation.accepted",
        invitation,
        role=invitation.role,
    )
    return account


def grant_role(session: Session, contest_id: uuid.UUID, account_id: uuid.UUID, role: str) -> None:
    """Give a role; having it already is fine. Raises Invalid("email", "role_conflict")."""
    session.flush()
    # Entering a contest takes the first lock and submitting the second, so that nobody does either meanwhile.
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    session.execute(
        select(Entry.id).where(Entry.contest_id == contest_id, Entry.account_id == account_id).with_for_update()
    )
    _refuse_conflict(session, session.get_one(Contest, contest_id), account_id, role)
    session.execute(
        insert(Membership).values(contest_id=contest_id, account_id=account_id, role=role).on_conflict_do_nothing()
    )


def _refuse_conflict(session: Session, contest: Contest, account_id: uuid.UUID, role: str) -> None:
    """Nobody judges blind in a contest whose entrants' names they may read as its app team, or that they entered.

    A draft that can no longer be submitted takes part in nothing, so it is in nobody's way.
    """
    others = STAFF_ROLES if role == Role.JUDGE else {Role.JUDGE}
    still: ColumnElement[bool] = Membership.removed_at.is_(None)
    if role == Role.JUDGE:
        # Names that somebody read on the team stay known. Before the contest opened there were none.
        still = or_(still, Membership.removed_at > contest.opens_at)
    held = session.scalar(
        select(Membership.id).where(
            Membership.contest_id == contest.id,
            Membership.account_id == account_id,
            Membership.role.in_(others),
            still,
        )
    )
    if held is not None:
        raise Invalid("email", "role_conflict")
    taking_part = {EntryState.SUBMITTED, EntryState.DISQUALIFIED}
    if clock.phase_of(contest, clock.read(session)) in (Phase.OPEN, Phase.GRACE):
        taking_part.add(EntryState.DRAFT)
    if session.scalar(
        select(Entry.id).where(
            Entry.contest_id == contest.id, Entry.account_id == account_id, Entry.state.in_(taking_part)
        )
    ):
        raise Invalid("email", "entrant_conflict")


def revoke_invitation(session: Session, actor: Actor, contest: Contest, invitation_id: uuid.UUID) -> None:
    organises(actor, contest).require()
    invitation = session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.contest_id != contest.id:
        raise NotFound
    if invitation.accepted_at is None and invitation.revoked_at is None:
        invitation.revoked_at = clock.read(session)
        audit.record(session, actor, "invitation.revoked", invitation)
