"""Mail: rendered with the act in the recipient's language, kept as a row, sent by a job.

Each mail has one template in `templates/mail/` (`NAME.jinja`) that holds its sentences once. It is rendered
twice, with the parts of `kit/text.jinja` and with those of `kit/html.jinja`, so that plain text and HTML
cannot say different things. Each mail has a key, so that the same event never mails twice.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import i18n, outbox
from contest.models import Account, MailMessage
from contest.settings import Settings

#: Every mail that we send; a test wants a template for each.
TEMPLATES = (
    "code",
    "account",
    "receipt",
    "invitation",
    "assignments",
    "reminder",
    "flags",
    "flag_answered",
    "disqualified",
    "reinstated",
    "extension",
    "cancelled",
    "publication_proposed",
    "published",
)

#: The look, as on the pages: light in each element, because mail clients keep little of a style sheet.
_SANS = "font-family:'Noto Sans JP','Hiragino Sans','Noto Sans CJK JP',sans-serif"
_SERIF = "font-family:'Noto Serif JP','Hiragino Mincho ProN','Noto Serif CJK JP',Georgia,serif"
_MONO = "font-family:Consolas,'Liberation Mono',Menlo,monospace"
_STYLE = {
    "body": f"margin:0;padding:0;background:#fbfbf9;color:#181918;{_SANS};font-size:16px;line-height:28px;"
    "line-break:strict;-webkit-text-size-adjust:100%",
    "pre": "display:none;max-height:0;max-width:0;overflow:hidden;font-size:1px;line-height:1px;opacity:0",
    "sheet": "max-width:600px;margin:0 auto;padding:0 24px 48px;overflow-wrap:anywhere",
    "mast": "margin:0 0 40px;padding:20px 0;border-bottom:1px solid #d3d4cf;font-size:16px;line-height:24px",
    "mark": "display:inline-block;margin:0 12px 0 0;vertical-align:-3px;white-space:nowrap;font-size:0;line-height:0",
    "box": "display:inline-block;width:9px;height:17px;border:2px solid #181918",
    "dot": "display:inline-block;width:6px;height:9px;margin:0 0 0 3px;background:#181918",
    "host": "margin:0 0 0 12px;padding:0;color:#565853;font-size:14px",
    "h1": f"margin:0 0 24px;{_SERIF};font-weight:400;font-size:28px;line-height:38px;text-wrap:balance;"
    "word-break:auto-phrase",
    "p": "margin:0 0 16px",
    "small": "margin:0 0 24px;color:#565853;font-size:14px;line-height:24px",
    "button": "display:inline-block;margin:8px 0 0;padding:12px 24px;border:1px solid #0017c1;border-radius:4px;"
    "background:#0017c1;color:#ffffff;font-weight:700;line-height:24px;text-decoration:none",
    "link": "color:#0017c1;text-decoration:underline;word-break:break-all",
    "code": f"margin:8px 0 24px;padding:20px 24px;border:1px solid #d3d4cf;background:#ffffff;{_MONO};"
    "font-size:36px;line-height:44px;letter-spacing:4px",
    "facts": "margin:8px 0 24px;padding:0;border-top:1px solid #181918",
    "row": "margin:0;padding:12px 0;border-bottom:1px solid #d3d4cf",
    "label": "margin:0;color:#565853;font-size:14px;line-height:24px",
    "value": "margin:0;font-size:16px;line-height:24px;font-variant-numeric:tabular-nums",
    "sum": f"margin:0;{_MONO};font-size:14px;line-height:24px;word-break:break-all",
    "digest": f"margin:0 0 16px;{_MONO};font-size:14px;line-height:24px;word-break:break-all",
    "said": "margin:24px 0 4px;color:#565853;font-size:14px;line-height:24px",
    "quote": "margin:0 0 16px;padding:4px 0 4px 20px;border-left:3px solid #72746f",
    "foot": "margin:48px 0 0;padding:16px 0 0;border-top:1px solid #181918;color:#565853",
    "footline": "margin:0 0 8px;font-size:14px;line-height:24px",
}
#: What the dark theme says instead; clients that know no media query stay light.
_DARK = {
    "paper": "background: #131413 !important; color: #ecedea !important;",
    "sheet": "background: #1b1c1b !important; border-color: #3b3d3a !important;",
    "quiet": "color: #b2b5ae !important;",
    "hair": "border-color: #3b3d3a !important;",
    "rule": "border-color: #ecedea !important;",
    "edge": "border-color: #8d9089 !important;",
    "box": "border-color: #ecedea !important;",
    "dot": "background: #ecedea !important;",
    "link": "color: #9db7f9 !important;",
    "btn": "background: #9db7f9 !important; border-color: #9db7f9 !important; color: #0b1020 !important;",
}
#: Marks that turn the direction of all that follows them, and have no end in a plain line.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


class ServerAway(Exception):
    """Nobody can hand a mail to the mail server now, whatever mail it is."""


@dataclass(frozen=True)
class Letter:
    """A mail as it is sent: one line of subject, and the same words as plain text and as HTML."""

    subject: str
    text: str
    html: str


def _one_line(words: object) -> str:
    """What somebody typed, so that it can add neither a line of its own nor turn the rest of ours."""
    shown = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in str(words))
    return " ".join(_TURNING.sub("", shown).split())


def _isolated(words: object) -> Markup:
    return Markup("<bdi>{}</bdi>").format(_one_line(words))  # format() escapes


def _branded(link: str, on_link: str) -> tuple[dict[str, Markup], dict[str, str]]:
    """The look in the operator's colours, each "light,dark" or "" for ours: of elements, and of the dark theme."""
    ours = ("#0017c1,#9db7f9", "#ffffff,#0b1020")
    (light, dark), (on_light, on_dark) = (pair.split(",") for pair in (link or ours[0], on_link or ours[1]))
    style = {name: rule.replace("#0017c1", light) for name, rule in _STYLE.items()}
    style["button"] = style["button"].replace("#ffffff", on_light)
    night = {name: rule.replace("#9db7f9", dark).replace("#0b1020", on_dark) for name, rule in _DARK.items()}
    # Ours or checked when the settings were read: nobody's words.
    return {name: Markup(rule) for name, rule in style.items()}, night  # noqa: S704


@lru_cache(maxsize=64)
def _environment(locale: str, form: str, catalogue: NullTranslations, link: str, on_link: str) -> Environment:
    """The templates of one language in one form, "text" or "html". A user's words are values, never templates."""
    style, dark = _branded(link, on_link)
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=form == "html",  # noqa: S701 - plain text has nothing to escape
    )
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        page=f"kit/{form}_page.jinja",
        kit=f"kit/{form}.jinja",
        locale=locale,
        direction=i18n.direction(locale),
        style=style,
        dark=dark.items(),
        own=_isolated if form == "html" else _one_line,
        say=lambda texts: i18n.say(texts, locale).text,
        time_label=lambda moment, zone: i18n.time_label(moment, zone, locale),
        file_size=lambda size: i18n.file_size(size, locale),
    )
    return env


def render(settings: Settings, template: str, locale: str, **facts: Any) -> Letter:
    """A mail in a language. What people typed cannot break out of its place in the subject, the text or the HTML."""
    if template not in TEMPLATES:
        raise KeyError(template)
    whole: dict[str, Any] = {
        **facts,
        "site": settings.base_url,
        "site_name": settings.site_name,
        "operator": i18n.say(settings.operator_texts, locale).text or settings.site_name,
        "contact": settings.contact_url,
        "contact_link": settings.contact_link,
    }
    catalogue, brand = i18n.gettext(locale), settings.brand_colours
    plain, rich = (
        _environment(locale, form, catalogue, brand["link"], brand["on-link"]).get_template(f"{template}.jinja")
        for form in ("text", "html")
    )
    whole["subject"] = _one_line("".join(plain.blocks["subject"](plain.new_context(whole))))
    text = re.sub(r"\n\s*\n", "\n\n", plain.render(**whole)).strip()
    return Letter(whole["subject"], text + "\n", re.sub(r"\n\s*\n", "\n", rich.render(**whole)).strip() + "\n")


def queue(
    session: Session,
    settings: Settings,
    template: str,
    *,
    key: str,
    address: str,
    locale: str,
    account: Account | None = None,
    **facts: Any,
) -> None:
    """Write a mail and owe its sending, in the act's transaction. The same `key` a second time does nothing."""
    letter = render(settings, template, locale, **facts)
    made = session.execute(
        insert(MailMessage)
        .values(
            key=key,
            account_id=account.id if account else None,
            address=address,
            locale=locale,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(MailMessage.id)
    ).scalar()
    if made is not None:
        outbox.add(session, "send_mail", queue="mail", mail_id=str(made))


def queue_for(session: Session, settings: Settings, template: str, account: Account, *, key: str, **facts: Any) -> None:
    """The same to somebody with an account, in their language and by their `name`."""
    to, locale = account.email, account.locale
    queue(session, settings, template, key=key, address=to, locale=locale, account=account, name=account.name, **facts)


def deliver(settings: Settings, mail: MailMessage) -> None:
    """Hand one mail to the mail server. Without MAIL_URL it stays caught in its row.

    Raises ServerAway before its recipient is said, and OSError or smtplib.SMTPException over the mail itself; the job
    then tries again later.
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
    if mail.html:
        # The last alternative is the one that a client prefers.
        message.add_alternative(mail.html, subtype="html")
    # After the content: setting it drops every Content header.
    message["Content-Language"] = mail.locale
    try:
        server = connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        # A name that is not found, a certificate that ran out, a password that was changed: no mail's fault.
        raise ServerAway(f"{type(error).__name__}: {error}") from error
    with contextlib.closing(server):
        try:
            server.send_message(message)
        except smtplib.SMTPSenderRefused as error:
            # All our mails have one sender: MAIL_FROM is wrong, or the server takes nothing of us now.
            raise ServerAway(f"{type(error).__name__}: {error}") from error
        # It has the mail: how it says goodbye must not have it sent again.
        with contextlib.suppress(smtplib.SMTPException):
            server.quit()


def asks_to_wait(error: Exception) -> bool:
    """Whether the server refused a mail for now only (a code of 4xx): greylisting, a full mailbox, a full disk."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(400 <= code < 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and 400 <= error.smtp_code < 500


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
    try:
        if url.scheme != "smtps":
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif host not in ("localhost", "127.0.0.1", "::1"):
                # Codes and passwords do not cross a network in clear text.
                raise smtplib.SMTPNotSupportedError("the mail server offers no STARTTLS")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server
