"""Notices: what happened to somebody's account, by mail, so that a stranger's act does not stay unseen.

They hold no link that signs in, and never the new address: the mailbox that one goes to may be in other hands by now.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from contest import clock, mail, outbox
from contest.models import Account
from contest.settings import Settings


def owe(session: Session, account: Account, about: str, *, address: str = "", network: str = "") -> None:
    """Owe a notice to an account, at `address` if it is not the account's any more.

    `about`: "password_set", "password_changed", "password_removed", "address_changed", "address_taken", "signed_in",
    "session_ended".
    """
    outbox.add(
        session,
        "mail_notice",
        queue="mail",
        account_id=str(account.id),
        about=about,
        address=address or account.email,
        network=network,
        at=clock.read(session).isoformat(),
    )


def mail_notice(
    session: Session,
    settings: Settings,
    account_id: uuid.UUID,
    *,
    about: str,
    address: str,
    network: str,
    at: datetime,
    nonce: str,
) -> None:
    """The job."""
    account = session.get_one(Account, account_id)
    mail.queue(
        session,
        settings,
        "account",
        key=f"notice:{nonce}",
        address=address,
        locale=account.locale,
        account=account,
        name=account.name,
        about=about,
        network=network,
        at=at,
        zone=account.zone,
        link=f"{settings.base_url}/password",
    )
