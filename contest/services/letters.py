"""Mail that is written already: handing it to the server, and showing it where mail is caught."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import clock, mail
from contest.errors import NotFound
from contest.models import MailMessage
from contest.services import codes
from contest.settings import Settings

#: Caught mails on one page.
PER_PAGE = 40


def send_mail(session: Session, settings: Settings, mail_id: uuid.UUID) -> None:
    """The job: hand one mail to the server. A sent code or link is blanked in its row.

    A code that ran out while the server was away is not sent: it would be taken for the one that was asked for since.
    """
    message = session.get(MailMessage, mail_id, with_for_update=True)
    if message is None or message.sent_at is not None:
        return
    is_code, now = message.key.startswith("code:"), clock.read(session)
    stale = is_code and bool(settings.mail_url) and now > message.created_at + codes.VERIFY_LIFE
    if not stale:
        mail.deliver(settings, message)
        message.sent_at = clock.read(session)
    if settings.mail_url and (is_code or message.key.startswith("invitation:")):
        message.text = message.html = ""


@dataclass(frozen=True)
class Line:
    """One caught mail in the list."""

    id: uuid.UUID
    address: str
    subject: str
    locale: str
    at: datetime


@dataclass(frozen=True)
class Box:
    """One page of the caught mail, newest first."""

    lines: tuple[Line, ...]
    page: int
    total: int
    per: int = PER_PAGE
    name: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per))

    def query(self, *, page: int) -> dict[str, int]:
        """What the address of another page says."""
        return {"page": page}


def box(session: Session, page: int = 1) -> Box:
    """A page of the caught mail: for the demo only. A page that does not exist is the nearest one."""
    total = session.scalar(select(func.count()).select_from(MailMessage)) or 0
    page = min(max(1, page), Box((), 1, total).pages)
    rows = session.execute(
        select(
            MailMessage.id,
            MailMessage.address,
            MailMessage.subject,
            MailMessage.locale,
            MailMessage.created_at.label("at"),
        )
        .order_by(MailMessage.created_at.desc(), MailMessage.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    return Box(tuple(Line(**row._mapping) for row in rows), page, total)


def get_letter(session: Session, mail_id: uuid.UUID) -> MailMessage:
    """One caught mail: for the demo only. Raises NotFound."""
    found = session.get(MailMessage, mail_id)
    if found is None:
        raise NotFound
    return found
