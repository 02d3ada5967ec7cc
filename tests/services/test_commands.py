"""Accounts from the command line: the first administrator, one that was stolen, one whose mailbox is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from contest import cli
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


@pytest.mark.parametrize(
    "away, command, said",
    [
        ({"DATABASE_URL": "postgresql+psycopg://u:p@127.0.0.1:1/x"}, ["migrate"], "the database does not answer"),
        (
            {"DATABASE_URL": "postgresql+psycopg://u:p@127.0.0.1:1/x"},
            ["user", "a@b.example", "--name", "A"],
            "DATABASE",
        ),
        ({"S3_ENDPOINT": "http://127.0.0.1:1"}, ["setup"], "Check S3_ENDPOINT"),
    ],
)
def test_a_service_that_is_away_is_one_sentence(
    away: dict[str, str],
    command: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in away.items():
        monkeypatch.setenv(name, value)

    assert cli.main(command) == 1

    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
