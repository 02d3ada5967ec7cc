"""Mail that is written already: handing it to the server, and showing it where mail is caught."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock, mail
from contest.models import MailMessage
from contest.settings import Settings


def send_mail(session: Session, settings: Settings, mail_id: uuid.UUID) -> None:
    """The job: hand one mail to the server. A sent code or link is blanked in its row."""
    message = session.get(MailMessage, mail_id, with_for_update=True)
    if message is None or message.sent_at is not None:
        return
    mail.deliver(settings, message)
    message.sent_at = clock.read(session)
    if settings.mail_url and message.key.startswith(("code:", "invitation:")):
        message.text = ""


def caught_mail(session: Session, *, limit: int = 200) -> list[dict[str, Any]]:
    """Caught mail, newest first: for the demo's mail page only."""
    rows = session.scalars(select(MailMessage).order_by(MailMessage.created_at.desc()).limit(limit))
    return [
        {
            "id": row.id,
            "address": row.address,
            "subject": row.subject,
            "text": row.text,
            "at": row.created_at,
            "locale": row.locale,
        }
        for row in rows
    ]
