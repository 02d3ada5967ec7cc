"""Mail over a real connection: what arrives, what is kept, what happens while the server is away."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import jobs, mail
from contest.db import Database
from contest.models import MailMessage, OutboxItem
from contest.settings import Settings
from contest.storage import Storage


class _Sink(socketserver.ThreadingTCPServer):
    """A mail server of a few lines that keeps what it is given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[EmailMessage] = []
        self.refuse = False


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
            elif word == b"DATA":
                self._say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.mails.append(email.message_from_bytes(body, policy=default))  # type: ignore[arg-type]
                self._say("250 kept")
            elif word == b"QUIT":
                self._say("221 bye")
                return
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
        update={"mail_url": f"smtp://127.0.0.1:{sink.server_address[1]}", "mail_from": "site@contest.example"}
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


def _queue(session: Session, key: str = "code:1", **facts: object) -> None:
    mail.queue(
        session,
        "code",
        key=key,
        address="山田@例え.example" if facts.pop("wide", False) else "ada@example.org",
        locale="ja",
        code="1234 5678",
        purpose="sign_in",
        minutes=10,
        site="http://localhost",
        **facts,
    )
    session.commit()


def test_a_mail_arrives_once_in_the_readers_language(
    session: Session, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session)
    _queue(session)

    assert send() == ["done"]

    (got,) = sink.mails
    row = session.scalars(select(MailMessage)).one()
    assert (got["To"], got["From"], got["Content-Language"], got["Auto-Submitted"]) == (
        "ada@example.org",
        "site@contest.example",
        "ja",
        "auto-generated",
    )
    assert got["Message-ID"] == f"<{row.id}@localhost>"
    assert "1234 5678" in got.get_content()
    assert "コード" in got["Subject"]


def test_a_sent_code_is_not_kept(session: Session, send: Callable[[], list[str]]) -> None:
    _queue(session)
    send()
    session.expire_all()

    row = session.scalars(select(MailMessage)).one()
    assert (row.text, row.sent_at is not None) == ("", True)


def test_a_refused_mail_is_tried_again_and_nothing_is_lost(
    session: Session, send: Callable[[], list[str]], sink: _Sink
) -> None:
    _queue(session)
    sink.refuse = True
    assert send() == ["failed"]
    session.expire_all()
    item = session.scalars(select(OutboxItem)).one()
    assert (item.done_at, item.failed_at, item.not_before > item.created_at) == (None, None, True)

    sink.refuse = False
    session.execute(update(OutboxItem).values(not_before=func.clock_timestamp()))
    session.commit()

    assert send() == ["done"]
    assert len(sink.mails) == 1


def test_a_name_cannot_add_a_header(session: Session) -> None:
    subject, _ = mail.render(
        "invitation",
        "en",
        name="A",
        role="judge",
        contest={"en": "Title\r\nBcc: all@example.org"},
        inviter="I",
        link="x",
        days=14,
        site="s",
    )

    assert subject == "Invitation: Title"
    session.add(MailMessage(key="k", address="a@example.org\nBcc: b@example.org", locale="en", subject="s", text="t"))
    with pytest.raises(IntegrityError, match="one_line"):
        session.flush()


def test_a_users_words_are_never_a_template() -> None:
    _, text = mail.render(
        "invitation",
        "en",
        name="{{ 7 * 7 }}{% raw %}",
        role="staff",
        contest=None,
        inviter="%(name)s{0.__class__}",
        link="x",
        days=14,
        site="s",
    )

    assert "{{ 7 * 7 }}{% raw %}" in text
    assert "%(name)s{0.__class__}" in text
