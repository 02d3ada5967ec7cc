"""Mail: rendered with the act in the recipient's language, kept as a row, sent by a job.

Each mail has a template pair in `templates/mail/` (`NAME.txt`, first line the subject) and one key,
so that the same event never mails twice.
"""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import i18n, outbox
from contest.models import Account, MailMessage
from contest.settings import Settings

#: Every mail that we send; a test wants a template for each.
TEMPLATES = (
    "code",
    "receipt",
    "invitation",
    "assignments",
    "publication_proposed",
    "published",
)


@lru_cache
def _environment(locale: str) -> Environment:
    # Plain text: nothing is escaped, and a user's words are values, never templates.
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - text/plain only
    )
    env.install_gettext_translations(i18n.gettext(locale), newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        locale=locale,
        say=lambda texts: i18n.say(texts, locale).text,
        time_label=lambda moment, zone: i18n.time_label(moment, zone, locale),
        file_size=lambda size: i18n.file_size(size, locale),
    )
    return env


def render(template: str, locale: str, **facts: Any) -> tuple[str, str]:
    """Subject and text of a mail. Line breaks in facts cannot reach the subject."""
    if template not in TEMPLATES:
        raise KeyError(template)
    whole = _environment(locale).get_template(f"{template}.txt").render(**facts)
    subject, _, text = whole.partition("\n")
    return " ".join(subject.split()), text.strip() + "\n"


def queue(
    session: Session,
    template: str,
    *,
    key: str,
    address: str,
    locale: str,
    account: Account | None = None,
    **facts: Any,
) -> None:
    """Write a mail and owe its sending, in the act's transaction. The same `key` a second time does nothing."""
    subject, text = render(template, locale, **facts)
    made = session.execute(
        insert(MailMessage)
        .values(
            key=key,
            account_id=account.id if account else None,
            address=address,
            locale=locale,
            subject=subject,
            text=text,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(MailMessage.id)
    ).scalar()
    if made is not None:
        outbox.add(session, "send_mail", queue="mail", mail_id=str(made))


def deliver(settings: Settings, mail: MailMessage) -> None:
    """Hand one mail to the mail server. Without MAIL_URL it stays caught in its row.

    Raises OSError or smtplib.SMTPException; the job then tries again later.
    """
    if not settings.mail_url:
        return
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = Address(addr_spec=mail.address)
    message["Subject"] = mail.subject
    # The same id on every attempt, so that a mail sent twice shows once.
    message["Message-ID"] = f"<{mail.id}@{urlsplit(settings.base_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    # After the content: setting it drops every Content header.
    message["Content-Language"] = mail.locale
    with connect(settings) as server:
        server.send_message(message)


def connect(settings: Settings) -> smtplib.SMTP:
    """A signed-in connection to the mail server of MAIL_URL."""
    url = urlsplit(settings.mail_url)
    host = url.hostname or "localhost"
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=20, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=20)
        server.ehlo_or_helo_if_needed()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif host not in ("localhost", "127.0.0.1", "::1"):
            # Codes and passwords do not cross a network in clear text.
            server.close()
            raise smtplib.SMTPNotSupportedError("the mail server offers no STARTTLS")
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server
