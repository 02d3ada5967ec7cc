"""Mail over a real connection: what arrives, what is kept, what happens while the server is away."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import jobs, mail, outbox
from contest.db import Database
from contest.models import MailMessage, OutboxItem
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import LOCALES


class _Sink(socketserver.ThreadingTCPServer):
    """A mail server of a few lines that keeps what it is given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[EmailMessage] = []
        self.refuse = False
        self.signs_in = True
        self.knows_us = True
        self.goodbye = "221 bye"


class _Talk(socketserver.StreamRequestHandler):
    server: _Sink

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA" and self.server.refuse:
                self._say("451 later")
            elif word == b"EHLO":
                self._say("250-sink")
                self._say("250 AUTH PLAIN")
            elif word == b"AUTH":
                self._say("235 come in" if self.server.signs_in else "535 who are you")
            elif word == b"DATA":
                self._say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.mails.append(email.message_from_bytes(body, policy=default))  # type: ignore[arg-type]
                self._say("250 kept")
            elif word == b"QUIT":
                self._say(self.server.goodbye)
                return
            elif word == b"MAIL" and not self.server.knows_us:
                self._say("553 not your address")
            else:
                self._say("250 ok")


@pytest.fixture
def sink() -> Iterator[_Sink]:
    with _Sink() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def send(database: Database, settings: Settings, storage: Storage, sink: _Sink) -> Callable[[], list[str]]:
    """Do the owed mail jobs against the sink."""
    own = settings.model_copy(
        update={"mail_url": f"smtp://site:word@127.0.0.1:{sink.server_address[1]}", "mail_from": "site@contest.example"}
    )

    def run() -> list[str]:
        with database.reading() as session:
            owed = session.scalars(
                select(OutboxItem.id).where(OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None))
            ).all()
        made = jobs._process
        kept = dict(made)
        made.clear()
        try:
            return [jobs.perform(item_id, own) for item_id in owed]
        finally:
            made.clear()
            made.update(kept)

    return run


def _queue(session: Session, settings: Settings, key: str = "code:1") -> None:
    mail.queue(
        session,
        settings,
        "code",
        key=key,
        address="ada@example.org",
        locale="ja",
        code="1234 5678",
        purpose="sign_in",
        minutes=10,
    )
    session.commit()


def test_a_mail_arrives_once_in_the_readers_language(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings)
    _queue(session, settings)

    assert send() == ["done"]

    (got,) = sink.mails
    session.expire_all()
    row = session.scalars(select(MailMessage)).one()
    assert (got["To"], got["From"], got["Content-Language"], got["Auto-Submitted"]) == (
        "ada@example.org",
        "site@contest.example",
        "ja",
        "auto-generated",
    )
    assert got["Message-ID"] == f"<{row.id}@localhost>"
    assert "コード" in got["Subject"]
    assert got.get_content_type() == "multipart/alternative"
    plain, rich = got.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert "1234 5678" in plain.get_content() and "1234 5678" in rich.get_content()


def test_a_sent_code_is_not_kept(session: Session, settings: Settings, send: Callable[[], list[str]]) -> None:
    _queue(session, settings)
    send()
    session.expire_all()

    row = session.scalars(select(MailMessage)).one()
    assert (row.text, row.html, row.sent_at is not None) == ("", "", True)


def test_a_refused_mail_is_tried_again_and_nothing_is_lost(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings)
    sink.refuse = True
    # "Later" is said for hours where the server's own disk is full.
    session.execute(update(OutboxItem).values(fence=outbox.MAX_ATTEMPTS))
    session.commit()
    assert send() == ["failed"]
    session.expire_all()
    item = session.scalars(select(OutboxItem)).one()
    assert (item.done_at, item.failed_at, item.not_before > item.created_at) == (None, None, True)

    sink.refuse = False
    session.execute(update(OutboxItem).values(not_before=func.clock_timestamp()))
    session.commit()

    assert send() == ["done"]
    assert len(sink.mails) == 1


def test_a_password_that_was_changed_is_no_mails_fault(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings)
    sink.signs_in = False
    # Many tries later the pause is short still: whoever mends it need not wait for half an hour.
    session.execute(update(OutboxItem).values(fence=50))
    session.commit()

    assert send() == ["away"]

    session.expire_all()
    item = session.scalars(select(OutboxItem)).one()
    soon = func.clock_timestamp() + timedelta(seconds=61)
    assert (item.failed_at, item.outages) == (None, 1)
    assert session.scalar(select(OutboxItem.not_before < soon))


def test_a_sender_that_the_server_does_not_know_is_no_mails_fault(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings)
    sink.knows_us = False
    session.execute(update(OutboxItem).values(fence=outbox.MAX_ATTEMPTS))
    session.commit()

    assert send() == ["away"]

    session.expire_all()
    assert session.scalars(select(OutboxItem.failed_at)).one() is None


def test_a_mail_that_was_kept_is_not_sent_again_over_a_rude_goodbye(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings)
    sink.goodbye = "421 too busy"

    assert send() == ["done"]

    assert len(sink.mails) == 1


def test_a_code_that_ran_out_while_the_server_was_away_is_not_sent(
    session: Session, settings: Settings, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session, settings, "code:1")
    _queue(session, settings, "receipt:1")
    session.execute(update(MailMessage).values(created_at=MailMessage.created_at - timedelta(minutes=31)))
    session.commit()

    assert send() == ["done", "done"]

    assert len(sink.mails) == 1
    session.expire_all()
    rows = {row.key: row for row in session.scalars(select(MailMessage))}
    assert (rows["code:1"].sent_at, rows["code:1"].text, rows["code:1"].html) == (None, "", "")
    assert rows["receipt:1"].sent_at is not None


def test_an_address_or_a_subject_of_two_lines_is_refused_by_the_database(session: Session) -> None:
    session.add(MailMessage(key="k", address="a@example.org\nBcc: b@example.org", locale="en", subject="s", text="t"))
    with pytest.raises(IntegrityError, match="one_line"):
        session.flush()


# What a mail says ------------------------------------------------------------------------------------

CLOSE = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
TITLE = {"en": "Ferry app", "ja": "渡船アプリ"}
LINK = "https://contest.example/there?a=1&b=2"
#: Each mail with every fact that it has, under the name of its template and of what is special.
FACTS: dict[str, dict[str, Any]] = {
    **{
        f"code {purpose}": {"code": "1234 5678", "purpose": purpose, "minutes": 10}
        for purpose in ("sign_in", "verify", "reset", "confirm")
    },
    **{
        f"invitation {role}": {
            "name": "Inês",
            "role": role,
            "contest": None if role == "staff" else TITLE,
            "inviter": "岡田 淳",
            "link": LINK,
            "days": 14,
        }
        for role in ("judge", "organiser", "staff")
    },
    **{
        f"assignments {state}": {
            "name": "青木 遥",
            "contest": TITLE,
            "waiting": waiting,
            "open": state == "open",
            "due_at": CLOSE,
            "zone": "Asia/Tokyo",
            "own_zone": "Africa/Lagos",
            "link": LINK,
        }
        for waiting, state in ((1, "open"), (12, "planned"))
    },
    **{
        f"reminder {state}": {
            "name": "青木 遥",
            "contest": TITLE,
            "waiting": 12,
            "drafts": drafts,
            "due_at": CLOSE,
            "late": state == "late",
            "zone": "Asia/Tokyo",
            "own_zone": "Africa/Lagos",
            "link": LINK,
        }
        for drafts, state in ((0, "soon"), (3, "late"))
    },
    "disqualified": {
        "name": "Adaeze",
        "contest": TITLE,
        "title": "Tide Line",
        "number": "0127",
        "reason": "The map shows the entrant's name.\nRule 4 forbids it.",
        "organiser": "contest@city.example",
        "link": LINK,
    },
    "reinstated": {"name": "Adaeze", "contest": TITLE, "title": "Tide Line", "link": LINK},
    **{
        f"account {about}": {
            "name": "Adaeze",
            "about": about,
            "network": "203.0.113.7" if about == "signed_in" else "",
            "at": CLOSE,
            "zone": "Africa/Lagos",
            "link": LINK,
        }
        for about in (
            *("password_set", "password_changed", "password_removed"),
            *("address_changed", "address_taken", "signed_in", "session_ended"),
        )
    },
    **{
        f"extension {state}": {
            "name": "Adaeze",
            "contest": TITLE,
            "submitted": bool(state),
            "closes_at": CLOSE,
            "zone": "Asia/Tokyo",
            "own_zone": "Africa/Lagos",
            "link": LINK,
        }
        for state in ("submitted", "")
    },
    **{
        f"cancelled {part}": {
            "name": "Adaeze",
            "contest": TITLE,
            "part": part,
            "reason": dict.fromkeys(("en", "ja"), "The building burned down.\nNobody was hurt."),
            "organiser": "contest@city.example",
            "link": LINK,
        }
        for part in ("submitted", "draft", "judge", "team")
    },
    "publication_proposed": {
        "name": "林 紗季",
        "contest": TITLE,
        "proposer": "岡田 淳",
        "awards": 3,
        "digest": "79b2" * 16,
        "link": LINK,
    },
    **{
        f"published {prize and 'prize'}": {
            "name": "Adaeze",
            "contest": TITLE,
            "title": "Tide Line",
            "number": 127,
            "prize": prize,
            "comments": ["Clear at a glance.\nThe map reads without colour.", "海の色がきれいです。"],
            "link": LINK,
            "certificate": LINK,
        }
        for prize in ({"en": "Gold", "ja": "金賞"}, None)
    },
    "flags": {"name": "岡田 淳", "contest": TITLE, "waiting": 3, "link": LINK},
    "flag_answered": {
        "name": "青木 遥",
        "contest": TITLE,
        "code": "B-1180",
        "words": "A name on\npage 2.",
        "answer": "It is covered now.",
        "there": True,
        "link": LINK,
    },
    "receipt": {
        "contest": TITLE,
        "told": SimpleNamespace(
            number="R-0127-3",
            sealed_at=CLOSE + timedelta(minutes=7),
            contest_zone="Asia/Tokyo",
            entrant_zone="Africa/Lagos",
            deadline=CLOSE,
        ),
        "payload": {"revision": 3, "entry": {"title": "Tide Line"}, "grace_used": True},
        "files": [{"name": "画面-01.png", "size": 1_800_000, "sha256": "8d1dce9c" * 8}],
        "signature": "76dda361" * 16,
        "key_id": "cce546e0c523c769",
        "link": LINK,
        "check": "https://contest.example/receipts/check",
    },
}
#: What each must say in both parts, whatever the language.
MUST = {
    "code": ["1234 5678", "10"],
    "invitation": ["岡田 淳", LINK, "14"],
    "assignments": ["青木 遥", LINK, "23:59:59", "15:59:59", "UTC+09:00", "UTC+01:00"],
    "reminder": ["青木 遥", "12", LINK, "23:59:59", "15:59:59", "UTC+09:00", "UTC+01:00"],
    "flags": ["岡田 淳", "3", LINK],
    "flag_answered": ["青木 遥", "B-1180", "page 2.", "It is covered now.", LINK],
    "disqualified": [
        *("Adaeze", "Tide Line", "0127", "The map shows the entrant's name.", "Rule 4 forbids it."),
        *("contest@city.example", LINK),
    ],
    "reinstated": ["Adaeze", "Tide Line", LINK],
    "account": ["Adaeze", "15:59:59"],
    "extension": ["Adaeze", "23:59:59", "15:59:59", "UTC+09:00", "UTC+01:00", LINK],
    "cancelled": ["Adaeze", "The building burned down.", "Nobody was hurt.", LINK],
    "publication_proposed": ["林 紗季", "岡田 淳", "3", "79b2" * 16, LINK],
    "published": ["Adaeze", "Tide Line", LINK, "The map reads without colour.", "海の色がきれいです。"],
    "receipt": [
        *("Tide Line", "画面-01.png", "1.8 MB", "8d1dce9c" * 8, "76dda361" * 16, "cce546e0c523c769", LINK),
        *("https://contest.example/receipts/check", "00:06:59", "16:06:59", "23:59:59", "15:59:59"),
    ],
}
HOSTILE = '<b>O\'Hara</b> "&amp;" {{ 7 * 7 }}{% raw %} %(name)s{0}\r\nBcc: all@example.org\u202e<script>x()</script>'


def _parse(letter: mail.Letter) -> Element:
    """The HTML, strictly: a fault in it fails the test."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(letter.html)
    return root


def _seen(root: Element) -> str:
    """What is read in the HTML part, without what is there for the inbox only."""
    body = root.find("body")
    assert body is not None
    article = next(element for element in body if element.get("role") == "article")
    return " ".join("".join(article.itertext()).split())


def test_every_mail_is_tried_here() -> None:
    assert {key.split()[0] for key in FACTS} == set(mail.TEMPLATES) == set(MUST)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", FACTS)
def test_text_and_html_say_the_same(settings: Settings, key: str, locale: str) -> None:
    letter = mail.render(settings, key.split()[0], locale, **FACTS[key])
    root = _parse(letter)
    seen = _seen(root)

    assert (root.get("lang"), root.get("dir")) == (locale, "ltr")
    assert "\n" not in letter.subject and letter.subject in seen
    for fact in MUST[key.split()[0]]:
        assert fact in letter.text, fact
        assert fact in seen, fact
    # Each line of the text stands in the HTML too, so neither part says what the other leaves out.
    for line in letter.text.splitlines():
        words = " ".join(line.removeprefix(">").split())
        label, _, value = words.partition("：" if locale == "ja" else ": ")
        assert words in ("", "--") or words in seen or (label in seen and value in seen), line
    assert settings.base_url in letter.text and settings.site_name in letter.text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", FACTS)
def test_a_mail_loads_nothing_and_runs_nothing(settings: Settings, key: str, locale: str) -> None:
    letter = mail.render(settings, key.split()[0], locale, **FACTS[key])
    root = _parse(letter)

    names = {element.tag for element in root.iter() if isinstance(element.tag, str)}
    assert names.isdisjoint({"script", "img", "iframe", "link", "form", "object", "svg", "table", "video"})
    assert "url(" not in letter.html and "@import" not in letter.html
    links = {element.get("href") for element in root.iter("a")}
    assert links <= {LINK, "https://contest.example/receipts/check", settings.base_url}
    assert [meta.get("content") for meta in root.iter("meta") if meta.get("name") == "color-scheme"] == ["light dark"]


@pytest.mark.parametrize(
    "key",
    [
        "invitation judge",
        "assignments open",
        "reminder soon",
        "disqualified",
        "flag_answered",
        "publication_proposed",
        "published",
        "receipt",
    ],
)
def test_what_people_typed_is_inert(settings: Settings, key: str) -> None:
    template = key.split()[0]
    facts = {**next(facts for name, facts in FACTS.items() if name.startswith(key)), "contest": {"en": HOSTILE}}
    for name in ("name", "inviter", "proposer", "title", "reason", "organiser", "words", "answer"):
        if name in facts:
            facts[name] = HOSTILE
    if template == "published":
        facts["comments"] = [HOSTILE]
    if template == "receipt":
        facts["payload"] = {"revision": 3, "entry": {"title": HOSTILE}, "grace_used": False}
        facts["files"] = [{**facts["files"][0], "name": HOSTILE}]

    letter = mail.render(settings, template, "en", **facts)

    root = _parse(letter)
    assert {"b", "script"}.isdisjoint({element.tag for element in root.iter("bdi") for element in element})
    assert not list(root.iter("script"))
    inert = '<b>O\'Hara</b> "&amp;" {{ 7 * 7 }}{% raw %} %(name)s{0}'
    assert inert in letter.text and inert in _seen(root)
    assert "\n" not in letter.subject and "\r" not in letter.subject
    for part in (letter.subject, letter.text, _seen(root)):
        assert "\u202e" not in part
    # A line of theirs cannot pass for one of ours: it stands after their own words or behind a mark.
    assert not [line for line in letter.text.splitlines() if line.startswith("Bcc")]


def test_each_mail_says_who_runs_the_site_and_where_to_ask(settings: Settings) -> None:
    own = settings.model_copy(
        update={
            "operator": '{"en": "City of X", "ja": "X市"}',
            "contact_url": "help@x.example",
            "site_name": "Designs",
            "brand_link": "#005522,#88ddaa",
        }
    )
    for locale, said in (("en", "This mail is from Designs, run by City of X."), ("ja", "X市")):
        letter = mail.render(own, "code", locale, **FACTS["code sign_in"])
        root = _parse(letter)
        for part in (letter.text, _seen(root)):
            assert said in part and "Designs" in part and "help@x.example" in part
        assert "#005522" in letter.html and "#88ddaa" in letter.html and "#0017c1" not in letter.html
        assert "mailto:help@x.example" in {link.get("href") for link in root.iter("a")}


def test_an_unknown_mail_is_refused(settings: Settings) -> None:
    with pytest.raises(KeyError):
        mail.render(settings, "../code", "en")
