"""Accounts from the command line: the first administrator, one that was stolen, one whose mailbox is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from contest import cli, db, schema
from contest.models import Account, Code
from contest.services import accounts
from contest.settings import Settings

#: When a code ends that nobody uses in a test.
LATE = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _installation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))


def _the_one(session: Session) -> Account:
    session.rollback()
    (account,) = session.query(Account).all()
    return account


def test_the_first_administrator(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["user", "admin@example.org", "--name", "Ada", "--admin"]

    assert [cli.main(command), cli.main(command), cli.main(["user", "nobody", "--name", "x"])] == [0, 1, 2]

    account = _the_one(session)
    assert (account.email, account.is_admin, account.is_staff) == ("admin@example.org", True, True)
    told = capsys.readouterr()
    assert told.out == "admin@example.org can sign in now, by a code sent there.\n"
    assert told.err == "admin@example.org has an account already.\nnobody is not an address.\n"


def test_an_account_is_shut_out_and_let_in_again(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["user", "kim@example.org", "--name", "Kim"])
    token = accounts.start_session(session, _the_one(session), address="", agent="")
    session.commit()

    assert cli.main(["suspend", "Kim@example.org"]) == 0
    assert _the_one(session).suspended_at is not None and accounts.load_actor(session, token) is None
    assert cli.main(["suspend", "kim@example.org", "--lift"]) == 0
    assert _the_one(session).suspended_at is None
    assert cli.main(["suspend", "stranger@example.org"]) == 1

    assert capsys.readouterr().err == "stranger@example.org has no account here.\n"


def test_an_account_whose_mailbox_is_lost_gets_another_address(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["user", "kim@example.org", "--name", "Kim"])
    account = _the_one(session)
    token = accounts.start_session(session, account, address="", agent="")
    session.add(
        Code(email_key=account.email_key, purpose="sign_in", account_id=account.id, code_hash=b"", expires_at=LATE)
    )
    session.commit()

    assert cli.main(["address", "KIM@example.org", "Kim@New.example.org"]) == 0
    session.refresh(account)
    assert (account.email, account.email_key) == ("Kim@New.example.org", "kim@new.example.org")
    assert accounts.load_actor(session, token) is None
    assert session.query(Code).filter(Code.used_at.is_(None)).all() == []

    session.commit()
    cli.main(["user", "lee@example.org", "--name", "Lee"])
    changes = (("kim@example.org", "kim@other.example.org"), ("lee@example.org", "kim@NEW.example.org"))
    assert [cli.main(["address", *change]) for change in (*changes, ("lee@example.org", "lee"))] == [1, 1, 2]
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "kim@example.org has no account here.",
        "kim@NEW.example.org has an account already.",
        "lee is not an address.",
    ]


def test_settings_that_do_not_hold_are_one_sentence_without_the_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTEST_ENV", "production")
    monkeypatch.setenv("SECRET_KEY", "a-key-that-nobody-may-read-in-a-log-anywhere")
    monkeypatch.setenv("BASE_URL", "http://contest.example")
    monkeypatch.setenv("PROXY_HOPS", "many")

    # `web` says so itself, before gunicorn starts a process that would.
    assert [cli.main([command]) for command in ("web", "migrate", "doctor")] == [1, 1, 1]

    told = capsys.readouterr()
    assert told.err.count("\n") == 3 and told.out == ""
    assert "contest web: settings are missing or wrong. PROXY_HOPS " in told.err
    assert "a-key-that" not in told.err


def _at(settings: Settings, **changes: Any) -> dict[str, str]:
    return {"DATABASE_URL": make_url(settings.database_url).set(**changes).render_as_string(hide_password=False)}


@pytest.mark.parametrize(
    "elsewhere, command, said",
    [
        ({"port": 1, "host": "127.0.0.1", "query": {}}, ["migrate"], "The database does not answer. Check DATABASE"),
        ({"database": "nowhere"}, ["user", "a@b.example", "--name", "A"], "There is no such database."),
        ({"password": "old"}, ["migrate"], "The database refuses the sign-in."),
        ({"database": "postgres"}, ["suspend", "a@b.example"], "Run contest migrate."),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_with_what_to_do(
    elsewhere: dict[str, Any],
    command: list[str],
    said: str,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(*_at(settings, **elsewhere).popitem())

    assert cli.main(command) == 1

    told = capsys.readouterr().err
    assert told.startswith(f"contest {command[0]}: ") and said in told and told.count("\n") == 1


@pytest.mark.parametrize(
    "code, said",
    [
        ("25006", "the primary server"),
        ("42501", "must own its database"),
        ("53100", "The disk of the database is full."),
        ("53300", "Raise max_connections"),
        ("55P03", "Stop web and worker"),
        ("57014", "took too long"),
        ("57P03", "starting or stopping"),
        ("22012", ""),  # a division by zero is our own fault, and shows where it happened
    ],
)
def test_what_the_database_refuses_is_told_apart(session: Session, code: str, said: str) -> None:
    with pytest.raises(DBAPIError) as raised:
        session.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$"))

    assert said in db.advice(raised.value) and bool(said) is bool(db.advice(raised.value))


def test_a_release_older_than_the_schema_says_so(
    session: Session, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = session.execute(text("UPDATE alembic_version SET version_num = '9999'")) and schema.newest()
    session.commit()
    try:
        assert cli.main(["migrate"]) == 1
    finally:
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        session.commit()

    assert "The schema is of a newer release." in capsys.readouterr().err


def test_a_terminal_without_our_letters_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)

    assert cli.main(["settings"]) == 0

    terminal.flush()
    assert b'"ja": "X\\u5e02"' in terminal.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_port_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for port in ("0", "65536", "http"):
        with pytest.raises(SystemExit):
            cli.main(["demo", "--port", port])
    assert capsys.readouterr().err.count("a port is a number from 1 to 65535") == 3


def test_a_store_that_is_away_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_ENDPOINT", "http://127.0.0.1:1")

    assert cli.main(["setup"]) == 1

    told = capsys.readouterr().err
    assert "Check S3_ENDPOINT" in told and told.count("\n") == 1
