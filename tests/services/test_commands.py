"""Accounts from the command line: the first administrator, and one that was stolen."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from contest import cli
from contest.models import Account
from contest.services import accounts
from contest.settings import Settings


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
