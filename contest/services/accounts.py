"""Accounts: register, verify, sign in, sessions, codes and passwords.

The rules (docs/decisions/0003-accounts.md): answers never tell whether an address exists; codes are random,
hashed, single use, with few tries, and live beside each other; a session is a row, its cookie a random token.
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
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import audit, clock, i18n, mail, outbox
from contest.errors import Conflict, Invalid, NotFound
from contest.models import (
    Account,
    Code,
    LoginSession,
    Membership,
)
from contest.permissions import Actor
from contest.services import attempts
from contest.settings import Settings
from contest.vocabulary import DEFAULT_LOCALE, CodePurpose, Role

# OWASP's parameters: a seventh of the library's default cost, so that a rush at the deadline can sign in.
_hasher = PasswordHasher(memory_cost=19456, time_cost=2, parallelism=1, type=Type.ID)
MIN_PASSWORD, MAX_PASSWORD = 15, 1024
CODE_LIFE = timedelta(minutes=10)
#: Somebody's first mail from us may wait at a provider that lets strangers' mails in late. Nobody has anything to
#: steal in an account whose address is not proven yet.
VERIFY_LIFE = timedelta(minutes=30)
#: Tries that each browser that asked for a code has in a window of `attempts`. Nobody can use up those of another.
CODE_TRIES = 5


@dataclass(frozen=True)
class SessionKind:
    idle: timedelta
    whole: timedelta


ENTRANT = SessionKind(timedelta(hours=24), timedelta(days=30))
JUDGE = SessionKind(timedelta(hours=20), timedelta(days=30))
STAFF = SessionKind(timedelta(hours=8), timedelta(hours=24))
#: Who judges may leave a sheet open over a working day (WCAG 2.2, 2.2.1), whatever else they do.
STAFF_WHO_JUDGE = SessionKind(timedelta(hours=20), timedelta(hours=24))


def email_key(email: str) -> str:
    """What makes two spellings the same address: NFKC, small letters, and the domain as IDNA 2008 reads it.

    Small letters, not case folding: strauß@ and strauss@ may be two people, and straße.de is not strasse.de.
    """
    local, at, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    try:
        domain = validate_email(f"a@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        # No account has it: `check_email` refuses it too.
        domain = domain.lower()
    return f"{local.lower()}{at}{domain}"


def check_email(email: str) -> str:
    """The address as typed, checked without asking DNS. Raises Invalid("email")."""
    try:
        return validate_email(email.strip(), check_deliverability=False, allow_smtputf8=True).original
    except EmailNotValidError:
        raise Invalid("email", "email_invalid") from None


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


def _hash_code(code: str, email: str, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}\0{email}\0{code}".encode()).digest()


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

    The caller answers the same in both cases. Returns the claim to the password, for `use_code` by the same
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
        audit.record(session, Actor(account_id=made.id), "account.registered", made)
    else:
        # Nobody has proven the address yet: what was typed last counts, and its password may still be claimed.
        session.execute(update(Account).where(Account.email_key == key, Account.verified_at.is_(None)).values(**typed))
    # For an address that is taken and verified, the same code simply signs its owner in.
    request_code(session, email=email, purpose=CodePurpose.VERIFY, locale=locale, network=network, own=own)
    return _claim(hashed)


def keeps_password(account: Account, claim: str) -> bool:
    """Whether the password behind a claim is the account's: not if the address had an owner before."""
    return secrets.compare_digest(_claim(account.password_hash), claim)


def _claim(hashed: str | None) -> str:
    """Known only to the browser that chose the password: the hash is salted, and no page shows it."""
    return hashlib.sha256(hashed.encode()).hexdigest() if hashed else ""


def request_code(session: Session, *, email: str, purpose: str, locale: str, network: str = "", own: str = "") -> None:
    """Owe a code. One row whether or not the address exists; the job looks it up. Raises Denied.

    `own`: see `attempts`.
    """
    key = email_key(email)
    attempts.ask(session, key, network=network, own=own)
    audit.record(session, None, "account.code_requested", purpose=purpose)
    outbox.add(session, "send_code", queue="mail", email_key=key, purpose=str(purpose), locale=locale)


def request_confirmation(session: Session, actor: Actor, *, locale: str) -> None:
    """Owe the actor a code to prove identity again with. Raises Denied."""
    request_code(session, email=actor.email, purpose=CodePurpose.CONFIRM, locale=locale, own=_own_place(actor))


def _own_place(actor: Actor) -> str:
    return f"session:{actor.session_id}"


def code_life(purpose: str, *, verified: bool = False) -> timedelta:
    """How long a code of a purpose works; `verified`: in an account whose address was proven before."""
    return VERIFY_LIFE if purpose == CodePurpose.VERIFY and not verified else CODE_LIFE


def make_code(session: Session, settings: Settings, key: str, purpose: str, locale: str, *, nonce: str) -> None:
    """The job behind `request_code`: mail a new code.

    Those mailed before live on: anybody may ask, and must not end the code that the owner waits for or types.
    How many there are is bounded by how often one may ask (`attempts.ask`).
    """
    # Whoever changes the address or shuts the account out waits, and then ends this code too; or this waits for them.
    account = session.scalars(select(Account).where(Account.email_key == key).with_for_update(read=True)).first()
    if account is None or account.suspended_at is not None:
        return
    digits = f"{secrets.randbelow(10**8):08d}"
    life = code_life(purpose, verified=account.verified_at is not None)
    session.add(
        Code(
            email_key=key,
            purpose=purpose,
            account_id=account.id,
            code_hash=_hash_code(digits, key, purpose),
            expires_at=clock.read(session) + life,
        )
    )
    mail.queue_for(
        session,
        settings,
        "code",
        account,
        key=f"code:{nonce}",
        code=f"{digits[:4]} {digits[4:]}",
        purpose=purpose,
        minutes=int(life.total_seconds() // 60),
    )


def use_code(
    session: Session, *, email: str, code: str, purposes: tuple[str, ...], asker: str = "", claim: str = ""
) -> Account:
    """Consume a one-time code; returns its account, verified by it. Raises Invalid or Denied.

    Any live code of the purposes will do, whoever asked for it: who reads one owns the mailbox. The first that is
    used ends the others, so that none is left over in the mailbox.

    `asker` stands for the browser that asked for a code, or the session that confirms. Tries count for it alone:
    a stranger who knows the address has tries of its own, and as few, for it must ask too, and asking is limited.

    A password that somebody chose before the address was proven stays only with the `claim` to it:
    otherwise a stranger could register an address and wait until its owner verifies it.
    A wrong guess is counted and commits with the caller's answer, so the caller must commit also when this
    raises Invalid.
    """
    key = email_key(email)
    digits = "".join(ch for ch in unicodedata.normalize("NFKC", code) if ch.isdigit())
    attempts.guess(session, key, network="", own=f"asker:{asker}", limit=CODE_TRIES)
    now = clock.read(session)
    # The account before its codes, as whatever ends all codes of an account locks them; two tries at once wait for
    # each other, and the second finds nothing left.
    session.execute(select(Account.id).where(Account.email_key == key).with_for_update())
    rows = session.scalars(
        select(Code)
        .join(Account, Account.id == Code.account_id)
        .where(Account.email_key == key, Code.purpose.in_(purposes), Code.used_at.is_(None), Code.expires_at > now)
        .order_by(Code.created_at, Code.id)
        .with_for_update(of=Code)
    ).all()
    for row in rows:
        if secrets.compare_digest(row.code_hash, _hash_code(digits, row.email_key, row.purpose)):
            for live in rows:
                live.used_at = now
            account = session.get_one(Account, row.account_id, with_for_update=True)
            if account.suspended_at is not None:
                break
            if account.verified_at is None:
                if not keeps_password(account, claim):
                    account.password_hash = None
                account.verified_at = now
                audit.record(session, Actor(account_id=account.id), "account.verified", account)
            return account
        row.tries += 1
    raise Invalid("code", "code_wrong")


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


def _end_codes(session: Session, account: Account) -> None:
    """End codes of every purpose: whoever had the mailbox before keeps none."""
    session.execute(
        update(Code).where(Code.account_id == account.id, Code.used_at.is_(None)).values(used_at=func.clock_timestamp())
    )


def confirm(session: Session, actor: Actor, *, password: str = "", code: str = "", network: str = "") -> str:
    """Prove identity again, for an act that cannot be undone. Raises Invalid; guesses count, for this session only.

    Returns the session's new token: a cookie that somebody copied before is worth nothing from now on.
    """
    if code:
        purposes = (CodePurpose.CONFIRM,)
        account = use_code(session, email=actor.email, code=code, purposes=purposes, asker=_own_place(actor))
    else:
        own = _own_place(actor)
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
    account = use_code(session, email=email, code=code, purposes=(CodePurpose.RESET,), asker=asker)
    account.password_hash = hash_password(password)
    _revoke_all(session, account)
    _end_codes(session, account)
    audit.record(session, Actor(account_id=account.id), "account.password_changed", account)
    return account


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

    Its sessions end and its codes die; its entries, parts and password stay. Raises NotFound, Invalid or Conflict.
    """
    account = _by_address(session, email)
    account.email, account.email_key = check_email(new), email_key(new)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("account_exists") from error
    _revoke_all(session, account)
    _end_codes(session, account)
    audit.record(session, None, "account.address_changed", account)


def _by_address(session: Session, email: str) -> Account:
    account = session.scalars(select(Account).where(Account.email_key == email_key(email)).with_for_update()).first()
    if account is None:
        raise NotFound
    return account
