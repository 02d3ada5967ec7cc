"""Accounts: register, sign in, sessions, passwords, addresses.

The rules (docs/decisions/0003-accounts.md): answers never tell whether an address exists; what proves a mailbox is
a code (`codes`); a session is a row, its cookie a random token; who loses something hears of it (`notices`).
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import audit, clock, i18n
from contest.errors import Conflict, Invalid, NotFound
from contest.models import Account, Invitation, LoginSession, Membership
from contest.permissions import Actor, may_change_sign_in
from contest.services import attempts, codes, notices, unproven
from contest.services.addresses import check_email, email_key
from contest.vocabulary import DEFAULT_LOCALE, CodePurpose, Role

# OWASP's parameters: a seventh of the library's default cost, so that a rush at the deadline can sign in.
_hasher = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1, type=Type.ID)
MIN_PASSWORD, MAX_PASSWORD = 15, 1024


@dataclass(frozen=True)
class SessionKind:
    idle: timedelta
    whole: timedelta


ENTRANT = SessionKind(timedelta(hours=24), timedelta(days=30))
JUDGE = SessionKind(timedelta(hours=20), timedelta(days=30))
STAFF = SessionKind(timedelta(hours=8), timedelta(hours=24))
#: Who judges may leave a sheet open over a working day (WCAG 2.2, 2.2.1), whatever else they do.
STAFF_WHO_JUDGE = SessionKind(timedelta(hours=20), timedelta(hours=24))


@lru_cache
def _common_passwords() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split("\n"))


def check_password(password: str) -> None:
    """Length and the offline list of common passwords; no rules of composition. Raises Invalid."""
    if len(password) > MAX_PASSWORD:
        raise Invalid("password", "password_too_long")
    if len(password) < MIN_PASSWORD:
        raise Invalid("password", "password_too_short", least=MIN_PASSWORD)
    folded = password.casefold()
    if folded in _common_passwords() or len(set(folded)) < 4:
        raise Invalid("password", "password_common")


def hash_password(password: str) -> str:
    return _hasher.hash(unicodedata.normalize("NFC", password))


@lru_cache
def _dummy_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _verify(stored: str | None, password: str) -> bool:
    """Check a password; an absent one costs the same time, so that time does not tell."""
    if len(password) > MAX_PASSWORD:
        return False
    try:
        _hasher.verify(stored or _dummy_hash(), unicodedata.normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


# Registration and codes --------------------------------------------------------------------------


def register(
    session: Session,
    *,
    email: str,
    name: str,
    locale: str,
    zone: str,
    password: str = "",
    latin_name: str = "",
    country: str = "",
    network: str = "",
    own: str = "",
) -> str:
    """Open an account that its owner verifies by a code. A known address gets a mail instead.

    The caller answers the same in both cases. Returns the claim to the password, for `codes.use_code` by the same
    browser; "" without a password. Raises Invalid.
    """
    email = check_email(email)
    if password:
        check_password(password)
    hashed = hash_password(password) if password else None
    key = email_key(email)
    locale = locale if locale in i18n.languages() else DEFAULT_LOCALE
    typed = {
        "email": email,
        "name": name,
        "latin_name": latin_name,
        "password_hash": hashed,
        "locale": locale,
        "zone": zone if clock.is_zone(zone) else "UTC",
        "country": country,
    }
    made = session.execute(
        insert(Account)
        .values(email_key=key, **typed)
        .on_conflict_do_nothing(index_elements=["email_key"])
        .returning(Account)
    ).scalar()
    if made is not None:
        # Who typed the address is not known to be its owner; and no event keeps an account that nobody proves.
        audit.record(session, None, "account.registered", made)
    else:
        # Nobody has proven the address yet: what was typed last counts, and its password may still be claimed. It
        # begins anew, or `unproven.forget` could come before its code is mailed.
        session.execute(
            update(Account)
            .where(Account.email_key == key, Account.verified_at.is_(None))
            .values(created_at=func.clock_timestamp(), **typed)
        )
    # For an address that is taken and verified, the same code simply signs its owner in.
    codes.request_code(session, email=email, purpose=CodePurpose.VERIFY, locale=locale, network=network, own=own)
    return codes.claim_to(hashed)


# Signing in --------------------------------------------------------------------------------------


def check_sign_in(session: Session, *, email: str, password: str, network: str, own: str = "") -> Account:
    """The account of an address and password. Raises Invalid("password", "sign_in_wrong") or Denied.

    `own`: see `attempts`. As with codes, the caller commits the counted guess also on Invalid.
    """
    key = email_key(email)
    attempts.guess(session, key, network=network, own=own)
    account = session.scalars(select(Account).where(Account.email_key == key)).first()
    good = _verify(account.password_hash if account else None, password)
    if account is None or not good or account.suspended_at is not None or account.verified_at is None:
        audit.record(session, None, "account.sign_in_failed", network=network)
        raise Invalid("password", "sign_in_wrong")
    assert account.password_hash is not None
    if _hasher.check_needs_rehash(account.password_hash):
        account.password_hash = hash_password(password)
    if not own:
        # Signing in by a code is told by that mail itself; a password may be in other hands.
        notices.owe(session, account, "signed_in", network=network)
    return account


def _kind(session: Session, account: Account) -> SessionKind:
    """How long sessions of this account last, by what it may do."""
    roles = set(
        session.scalars(
            select(Membership.role).where(Membership.account_id == account.id, Membership.removed_at.is_(None))
        )
    )
    staff = account.is_admin or account.is_staff or bool(roles & {Role.ORGANISER, Role.CHAIR, Role.PUBLISHER})
    judge = Role.JUDGE in roles
    return STAFF_WHO_JUDGE if staff and judge else STAFF if staff else JUDGE if judge else ENTRANT


def start_session(session: Session, account: Account, *, address: str, agent: str) -> str:
    """Open a session for an account that has proven itself; returns the token for the cookie."""
    now, kind = clock.read(session), _kind(session, account)
    token = secrets.token_urlsafe(32)
    row = LoginSession(
        token_hash=hashlib.sha256(token.encode()).digest(),
        account_id=account.id,
        seen_at=now,
        fresh_at=now,
        expires_at=now + kind.whole,
        idle_seconds=int(kind.idle.total_seconds()),
        address=address[:64],
        agent=agent[:200],
    )
    session.add(row)
    session.flush()
    audit.record(session, Actor(account_id=account.id), "account.signed_in", row)
    return token


def load_actor(session: Session, token: str, now: datetime | None = None) -> tuple[Actor, bool] | None:
    """The actor of a cookie's token, with its roles, in one statement; None if the session is over.

    The second value tells whether `seen_at` is older than a minute and should be written.
    """
    roles = (
        select(func.jsonb_agg(func.jsonb_build_array(Membership.contest_id, Membership.role), type_=JSONB))
        .where(Membership.account_id == LoginSession.account_id, Membership.removed_at.is_(None))
        .scalar_subquery()
    )
    row = session.execute(
        select(
            LoginSession.id,
            LoginSession.fresh_at,
            LoginSession.seen_at,
            LoginSession.expires_at,
            LoginSession.idle_seconds,
            Account.id.label("account_id"),
            Account.name,
            Account.email,
            Account.locale,
            Account.zone,
            Account.theme,
            Account.is_admin,
            Account.is_staff,
            Account.verified_at,
            roles.label("roles"),
            func.clock_timestamp().label("now"),
        )
        .join(Account)
        .where(
            LoginSession.token_hash == hashlib.sha256(token.encode()).digest(),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > func.clock_timestamp(),
            LoginSession.seen_at + func.make_interval(0, 0, 0, 0, 0, 0, LoginSession.idle_seconds)
            > func.clock_timestamp(),
            Account.suspended_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    held: dict[uuid.UUID, set[Role]] = {}
    for contest_id, role in row.roles or []:
        held.setdefault(uuid.UUID(contest_id), set()).add(Role(role))
    actor = Actor(
        account_id=row.account_id,
        name=row.name,
        email=row.email,
        locale=row.locale,
        zone=row.zone,
        theme=row.theme,
        is_admin=row.is_admin,
        is_staff=row.is_staff,
        verified=row.verified_at is not None,
        session_id=row.id,
        fresh_at=row.fresh_at,
        session_idle=timedelta(seconds=row.idle_seconds),
        session_unused=row.now - row.seen_at,
        session_most=row.expires_at - row.now,
        roles={key: frozenset(value) for key, value in held.items()},
    )
    return actor, row.now - row.seen_at > timedelta(minutes=1)


def touch(session: Session, actor: Actor) -> None:
    """Note that a session is in use."""
    session.execute(
        update(LoginSession).where(LoginSession.id == actor.session_id).values(seen_at=func.clock_timestamp())
    )


def stay(session: Session, actor: Actor) -> timedelta:
    """Start the idle time of the actor's session anew; returns what is left of the session.

    The whole length stays: past it one proves anew who one is (`confirm`).
    """
    touch(session, actor)
    row = session.get_one(LoginSession, actor.session_id, populate_existing=True)
    return min(timedelta(seconds=row.idle_seconds), row.expires_at - clock.read(session))


def sign_out(session: Session, actor: Actor) -> None:
    revoke_session(session, actor, actor.session_id, act="account.signed_out")


def revoke_session(
    session: Session, actor: Actor, session_id: uuid.UUID | None, *, act: str = "account.session_revoked"
) -> None:
    """End one of the actor's own sessions. Raises NotFound for anyone else's."""
    row = session.scalars(
        select(LoginSession).where(LoginSession.id == session_id, LoginSession.account_id == actor.account_id)
    ).first()
    if row is None:
        raise NotFound
    if row.revoked_at is None:
        row.revoked_at = clock.read(session)
        audit.record(session, actor, act, row)
        if row.id != actor.session_id:
            notices.owe(session, row.account, "session_ended")


def sessions_of(session: Session, actor: Actor) -> list[LoginSession]:
    """The actor's live sessions, newest first."""
    return list(
        session.scalars(
            select(LoginSession)
            .where(
                LoginSession.account_id == actor.account_id,
                LoginSession.revoked_at.is_(None),
                LoginSession.expires_at > func.clock_timestamp(),
                LoginSession.seen_at + func.make_interval(0, 0, 0, 0, 0, 0, LoginSession.idle_seconds)
                > func.clock_timestamp(),
            )
            .order_by(LoginSession.seen_at.desc())
        )
    )


def _revoke_all(session: Session, account: Account, *, keep: uuid.UUID | None = None) -> None:
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account.id, LoginSession.revoked_at.is_(None), LoginSession.id != keep)
        .values(revoked_at=func.clock_timestamp())
    )


def confirm(session: Session, actor: Actor, *, password: str = "", code: str = "", network: str = "") -> str:
    """Prove identity again, for an act that cannot be undone. Raises Invalid; guesses count, for this session only.

    Returns the session's new token: a cookie that somebody copied before is worth nothing from now on.
    """
    if code:
        purposes = (CodePurpose.CONFIRM,)
        account = codes.use_code(session, email=actor.email, code=code, purposes=purposes, asker=codes.own_place(actor))
    else:
        own = codes.own_place(actor)
        account = check_sign_in(session, email=actor.email, password=password, network=network, own=own)
    if account.id != actor.account_id:
        raise Invalid("code", "code_wrong")
    row, now = session.get_one(LoginSession, actor.session_id), clock.read(session)
    # Whoever has just proven who they are has a session as if they had signed in anew.
    row.fresh_at = row.seen_at = now
    kind, token = _kind(session, account), secrets.token_urlsafe(32)
    row.expires_at, row.idle_seconds = max(row.expires_at, now + kind.whole), int(kind.idle.total_seconds())
    row.token_hash = hashlib.sha256(token.encode()).digest()
    audit.record(session, actor, "account.confirmed", row)
    return token


def reset_password(session: Session, *, email: str, code: str, password: str, asker: str = "") -> Account:
    """Set a new password by a code of purpose reset; every session ends."""
    check_password(password)
    account = codes.use_code(session, email=email, code=code, purposes=(CodePurpose.RESET,), asker=asker)
    had_one = account.password_hash is not None
    account.password_hash = hash_password(password)
    _revoke_all(session, account)
    codes.end_codes(session, account)
    audit.record(session, Actor(account_id=account.id), "account.password_changed", account)
    notices.owe(session, account, "password_changed" if had_one else "password_set")
    return account


def remove_password(session: Session, actor: Actor) -> None:
    """From now on the actor signs in by codes alone. Having none is fine. Raises Denied."""
    may_change_sign_in(actor, clock.read(session)).require()
    account = session.get_one(Account, actor.account_id, with_for_update=True)
    if account.password_hash is None:
        return
    account.password_hash = None
    audit.record(session, actor, "account.password_removed", account)
    notices.owe(session, account, "password_removed")


def request_address(session: Session, actor: Actor, *, email: str, network: str) -> str:
    """Owe a code to the address that the actor's account shall have; returns that as it was checked.

    Whether somebody else has it is said only in the mail. Raises Denied or Invalid("email").
    """
    may_change_sign_in(actor, clock.read(session)).require()
    email = check_email(email)
    if email == actor.email:
        raise Invalid("email", "address_same")
    codes.request_address_code(session, actor, email, network=network)
    return email


def change_own_address(session: Session, actor: Actor, *, email: str, code: str, asker: str = "") -> str:
    """Give the actor's account the address `email`, by the code that was mailed there.

    Returns the new token of this session; all others end. Raises Invalid or Denied; guesses count, as in `use_code`.
    """
    _hold_invitations(session, actor.email, email)
    account = codes.use_code(
        session, email=actor.email, code=code, purposes=(CodePurpose.ADDRESS,), asker=asker, new_email=email
    )
    try:
        _give_address(session, actor, account, email)
    except Conflict:
        # Whoever typed this code reads that mailbox, and may know.
        raise Invalid("code", "address_taken") from None
    row, token = session.get_one(LoginSession, actor.session_id), secrets.token_urlsafe(32)
    row.token_hash = hashlib.sha256(token.encode()).digest()
    return token


def create_account(
    session: Session,
    *,
    email: str,
    name: str,
    locale: str = "en",
    zone: str = "UTC",
    password: str = "",
    latin_name: str = "",
    country: str = "",
    is_admin: bool = False,
    is_staff: bool = False,
) -> Account:
    """A verified account, for the command line and for accepted invitations. Raises Conflict if it exists."""
    account = Account(
        email=check_email(email),
        email_key=email_key(email),
        name=name,
        locale=locale,
        zone=zone,
        latin_name=latin_name,
        country=country,
        is_admin=is_admin,
        is_staff=is_staff,
        password_hash=hash_password(password) if password else None,
        verified_at=clock.read(session),
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("account_exists") from error
    audit.record(session, Actor(account_id=account.id), "account.registered", account)
    return account


def suspend(session: Session, email: str) -> None:
    """Shut an account out at once, by the operator of this host: its sessions end, its codes die. Raises NotFound."""
    account = _by_address(session, email)
    account.suspended_at = clock.read(session)
    _revoke_all(session, account)
    audit.record(session, None, "account.suspended", account)


def restore(session: Session, email: str) -> None:
    """Let a suspended account in again. Its owner signs in anew. Raises NotFound."""
    account = _by_address(session, email)
    account.suspended_at = None
    audit.record(session, None, "account.restored", account)


def change_address(session: Session, email: str, new: str) -> None:
    """Give an account another address, by the operator of this host, who answers for whose mailbox that is.

    Raises NotFound, Invalid or Conflict.
    """
    _hold_invitations(session, email, new)
    _give_address(session, None, _by_address(session, email), check_email(new))


def _hold_invitations(session: Session, *emails: str) -> None:
    """Lock the open invitations of addresses: before the account, as whoever accepts one does."""
    keys = {email_key(email) for email in emails}
    session.execute(
        select(Invitation.id)
        .where(Invitation.email_key.in_(keys), Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
        .order_by(Invitation.id)
        .with_for_update()
    )


def _give_address(session: Session, actor: Actor | None, account: Account, new: str) -> None:
    """Give an account an address, with the invitations that wait at its old one.

    Its other sessions end and its codes die; entries, parts and password stay. The old address hears of it.
    Raises Conflict if another account has the address.
    """
    old, old_key, key = account.email, account.email_key, email_key(new)
    if key != old_key and not unproven.make_way(session, key):
        raise Conflict("account_exists")
    try:
        with session.begin_nested():
            account.email, account.email_key = new, key
    except IntegrityError as error:
        raise Conflict("account_exists") from error
    _revoke_all(session, account, keep=actor.session_id if actor else None)
    codes.end_codes(session, account)
    _take_invitations_along(session, old_key, account)
    audit.record(session, actor, "account.address_changed", account)
    notices.owe(session, account, "address_changed", address=old)


def _take_invitations_along(session: Session, old_key: str, account: Account) -> None:
    """Whoever reads the old mailbox now does not get the parts that were offered to this person."""
    there = select(Invitation).where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    twice = {
        (row.contest_id, row.role) for row in session.scalars(there.where(Invitation.email_key == account.email_key))
    }
    for row in session.scalars(there.where(Invitation.email_key == old_key)):
        if (row.contest_id, row.role) in twice and old_key != account.email_key:
            row.revoked_at = clock.read(session)
        else:
            row.email, row.email_key = account.email, account.email_key


def _by_address(session: Session, email: str) -> Account:
    account = session.scalars(select(Account).where(Account.email_key == email_key(email)).with_for_update()).first()
    if account is None:
        raise NotFound
    return account
