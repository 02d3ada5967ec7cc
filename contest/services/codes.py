"""One-time codes by mail: random, hashed, single use, with few tries, and beside each other until one is used."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox
from contest.errors import Invalid
from contest.models import Account, Code
from contest.permissions import Actor
from contest.services import attempts, notices
from contest.services.addresses import email_key
from contest.settings import Settings
from contest.vocabulary import CodePurpose

CODE_LIFE = timedelta(minutes=10)
#: Somebody's first mail from us may wait at a provider that lets strangers' mails in late. Nobody has anything to
#: steal in an account whose address is not proven yet.
VERIFY_LIFE = timedelta(minutes=30)
#: Tries that each browser that asked for a code has in a window of `attempts`. Nobody can use up those of another.
CODE_TRIES = 5


def code_life(purpose: str, *, verified: bool = False) -> timedelta:
    """How long a code of a purpose works; `verified`: in an account whose address was proven before."""
    return VERIFY_LIFE if purpose == CodePurpose.VERIFY and not verified else CODE_LIFE


def own_place(actor: Actor) -> str:
    """The actor's session, as a place of `attempts`."""
    return f"session:{actor.session_id}"


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
    request_code(session, email=actor.email, purpose=CodePurpose.CONFIRM, locale=locale, own=own_place(actor))


def request_address_code(session: Session, actor: Actor, new_email: str, *, network: str) -> None:
    """Owe a code to the address that the actor's account shall have. Raises Denied.

    Counted with all other codes for that address: they are mails to somebody who may not have asked.
    """
    attempts.ask(session, email_key(new_email), network=network)
    audit.record(session, actor, "account.code_requested", purpose=CodePurpose.ADDRESS)
    outbox.add(
        session,
        "send_code",
        queue="mail",
        email_key=email_key(actor.email),
        purpose=str(CodePurpose.ADDRESS),
        locale=actor.locale,
        new_email=new_email,
    )


def make_code(
    session: Session,
    settings: Settings,
    key: str,
    purpose: str,
    locale: str,
    *,
    nonce: str,
    new_email: str = "",
) -> None:
    """The job behind a request: mail a new code, to the account's address or to the one that it shall have.

    Those mailed before live on: anybody may ask, and must not end the code that the owner waits for or types.
    How many there are is bounded by how often one may ask (`attempts.ask`).
    """
    # Whoever changes the address or shuts the account out waits, and then ends this code too; or this waits for them.
    account = session.scalars(select(Account).where(Account.email_key == key).with_for_update(read=True)).first()
    if account is None or account.suspended_at is not None:
        return
    if new_email and (holder := _holder(session, new_email)) is not None and holder.id != account.id:
        # Only who reads the mailbox learns that the address is taken.
        if holder.suspended_at is None:
            notices.owe(session, holder, "address_taken")
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
            new_email=new_email,
        )
    )
    mail.queue(
        session,
        settings,
        "code",
        key=f"code:{nonce}",
        address=new_email or account.email,
        locale=account.locale,
        account=account,
        code=f"{digits[:4]} {digits[4:]}",
        purpose=purpose,
        minutes=int(life.total_seconds() // 60),
    )


def _holder(session: Session, email: str) -> Account | None:
    """Whose address it is; one that nobody has proven is nobody's."""
    return session.scalars(
        select(Account).where(Account.email_key == email_key(email), Account.verified_at.is_not(None))
    ).first()


def use_code(
    session: Session,
    *,
    email: str,
    code: str,
    purposes: tuple[str, ...],
    asker: str = "",
    claim: str = "",
    new_email: str = "",
) -> Account:
    """Consume a one-time code; returns its account, verified by it. Raises Invalid or Denied.

    Any live code of the purposes will do, whoever asked for it: who reads one owns the mailbox. The first that is
    used ends the others, so that none is left over in the mailbox. `new_email`: for the purpose ADDRESS, to which
    address it was mailed.

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
        .where(
            Account.email_key == key,
            Code.purpose.in_(purposes),
            Code.new_email == new_email,
            Code.used_at.is_(None),
            Code.expires_at > now,
        )
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


def end_codes(session: Session, account: Account) -> None:
    """End codes of every purpose: whoever had the mailbox before keeps none."""
    session.execute(
        update(Code).where(Code.account_id == account.id, Code.used_at.is_(None)).values(used_at=func.clock_timestamp())
    )


def keeps_password(account: Account, claim: str) -> bool:
    """Whether the password behind a claim is the account's: not if the address had an owner before."""
    return secrets.compare_digest(claim_to(account.password_hash), claim)


def claim_to(hashed: str | None) -> str:
    """The claim to a password, known only to the browser that chose it: the hash is salted, and no page shows it."""
    return hashlib.sha256(hashed.encode()).hexdigest() if hashed else ""


def _hash_code(code: str, email: str, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}\0{email}\0{code}".encode()).digest()
