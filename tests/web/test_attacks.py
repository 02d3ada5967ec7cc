"""What a hostile visitor tries on the pages: addresses that are not theirs, numbers that are too large, blanks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import web
from contest.models import Account, MailMessage
from contest.services import accounts, attempts, codes, invitations
from contest.services.addresses import email_key
from contest.vocabulary import CodePurpose, Role
from tests.factories import Make
from tests.pages import Pages

Run = Callable[[], list[str]]
STRANGERS = "a stranger waits for the owner"
OWN = "five quiet ferries at noon"


def _mailed(session: Session, what: str = r"\d{4} \d{4}") -> str:
    body = session.scalars(select(MailMessage.text).order_by(MailMessage.created_at.desc())).first() or ""
    found = re.search(what, body)
    assert found, body
    return found.group(0)


def _register(pages: Pages, email: str, password: str) -> Any:
    return pages.submit(
        pages.get("/register"), "Register", {"email": email, "name": "A", "zone": "UTC", "password": password}
    )


def _sign_in(pages: Pages, email: str, password: str, status: int) -> None:
    pages.submit(
        pages.get("/sign-in"),
        "Sign in with the password",
        {"email": email, "password": password},
        status=status,
        follow=status == 302,
    )


# An address that its owner has not proven yet --------------------------------------------------------


def test_a_strangers_password_ends_when_the_owner_proves_the_address(
    pages: Pages, session: Session, run_jobs: Run
) -> None:
    _register(pages.as_(None), "ada@example.org", STRANGERS)
    page = _register(pages, "ada@example.org", OWN)
    run_jobs()
    pages.submit(page, "Sign in", {"code": _mailed(session)})

    _sign_in(pages.as_(None), "ada@example.org", STRANGERS, 422)
    _sign_in(pages.as_(None), "ada@example.org", OWN, 302)


def test_a_stranger_who_comes_second_gets_nothing_either(pages: Pages, session: Session, run_jobs: Run) -> None:
    page = _register(pages, "ada@example.org", OWN)
    _register(pages.as_(None), "ada@example.org", STRANGERS)
    run_jobs()
    pages.submit(page, "Sign in", {"code": _mailed(session)})

    assert session.scalars(select(Account.password_hash)).one() is None
    _sign_in(pages.as_(None), "ada@example.org", STRANGERS, 422)


def test_signing_in_by_code_does_not_keep_a_strangers_password(pages: Pages, session: Session, run_jobs: Run) -> None:
    _register(pages.as_(None), "ada@example.org", STRANGERS)
    page = pages.submit(pages.get("/sign-in"), "Send the code", {"email": "ada@example.org"})
    run_jobs()
    pages.submit(page, "Sign in", {"code": _mailed(session)})

    assert session.scalars(select(Account.password_hash)).one() is None


def test_ones_own_password_is_kept_also_after_another_code(pages: Pages, session: Session, run_jobs: Run) -> None:
    page = _register(pages, "ada@example.org", OWN)
    page = pages.post("/code", {"again": "1"}, follow=True)
    run_jobs()
    pages.submit(page, "Sign in", {"code": _mailed(session)})

    _sign_in(pages.as_(None), "ada@example.org", OWN, 302)


def test_an_invitation_is_not_taken_up_into_a_strangers_account(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    contest = make.contest("open")
    organiser = session.get_one(Account, contest.created_by)
    _register(pages.as_(None), "judy@example.org", STRANGERS)
    invitations.invite(
        session, make.actor(organiser), contest, email="judy@example.org", name="Judy", role=Role.JUDGE, locale="en"
    )
    session.commit()
    run_jobs()
    invitation = pages.get(_mailed(session, r"/invitations/\S+"))

    pages.submit(invitation, "Accept", {"name": "Judy", "password": OWN})

    judge = session.scalars(select(Account).where(Account.email == "judy@example.org")).one()
    assert (judge.name, judge.verified_at is not None) == ("Judy", True)
    _sign_in(pages.as_(None), "judy@example.org", STRANGERS, 422)
    _sign_in(pages.as_(None), "judy@example.org", OWN, 302)


# Limits ---------------------------------------------------------------------------------------------


def test_guessing_codes_from_one_network_does_not_shut_the_owner_out(
    pages: Pages, session: Session, make: Make
) -> None:
    account = make.account(password_hash=accounts.hash_password(OWN))
    attacker = pages.as_(None)
    page = attacker.submit(attacker.get("/sign-in"), "Send the code", {"email": account.email})
    url, data = page.form("Sign in")
    statuses = [
        attacker.open(
            url, method="POST", data={**data, "code": "00000000"}, environ_base={"REMOTE_ADDR": "9.9.9.9"}
        ).status_code
        for _ in range(attempts.TRIES_EVERYWHERE + 5)
    ]
    tries = codes.CODE_TRIES
    assert statuses == [422] * tries + [429] * (attempts.TRIES_EVERYWHERE + 5 - tries)

    _sign_in(pages, account.email, OWN, 302)


def test_a_stranger_who_asks_and_guesses_does_not_spoil_the_owners_code(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account()
    mine = pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email})
    stranger = pages.as_(None)
    page = stranger.submit(stranger.get("/sign-in"), "Send the code", {"email": account.email})
    run_jobs()
    for _ in range(codes.CODE_TRIES):
        stranger.submit(page, "Sign in", {"code": "00000000"}, status=422)
    stranger.submit(page, "Sign in", {"code": "00000000"}, status=429)

    pages.submit(mine, "Sign in", {"code": _mailed(session)})

    assert pages.get("/account").h1 == "Your account"


def test_strangers_who_guess_from_everywhere_do_not_shut_out_a_browser_that_signed_in_before(
    pages: Pages, session: Session, make: Make
) -> None:
    account, other = make.account(password_hash=accounts.hash_password(OWN)), make.account()
    _sign_in(pages, account.email, OWN, 302)
    pages.post("/sign-out", {})
    for email in (account.email, other.email):
        for kind, most in (("guess", attempts.TRIES_EVERYWHERE), ("code", attempts.ASKS_EVERYWHERE)):
            for _ in range(most):
                attempts.count_attempt(session, f"{kind}:{email_key(email)}", 1000)
    session.commit()

    _sign_in(pages.as_(None), account.email, OWN, 429)
    _sign_in(pages, other.email, OWN, 429)
    pages.submit(pages.get("/sign-in"), "Send the code", {"email": other.email}, status=429)
    pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email})
    _sign_in(pages, account.email, OWN, 302)


def test_guesses_count_also_in_a_browser_that_signed_in_before(pages: Pages, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(OWN))
    _sign_in(pages, account.email, OWN, 302)
    pages.post("/sign-out", {})

    for _ in range(attempts.TRIES - 1):
        _sign_in(pages, account.email, STRANGERS, 422)
    _sign_in(pages, account.email, OWN, 302)
    pages.post("/sign-out", {})
    _sign_in(pages, account.email, OWN, 429)


def test_a_neighbours_tries_do_not_shut_out_a_browser_that_signed_in_before(
    pages: Pages, app: Flask, make: Make
) -> None:
    account = make.account(password_hash=accounts.hash_password(OWN))
    _sign_in(pages, account.email, OWN, 302)
    known = next(one for one in pages.client._cookies.values() if one.key == "known").value

    def where(email: str, cookie: str) -> str:
        with app.test_request_context(
            "/sign-in",
            method="POST",
            data={"email": email},
            headers={"Cookie": cookie},
            environ_base={"REMOTE_ADDR": "9.9.9.9"},
        ):
            return web.place()

    assert where(account.email, f"known={known}") == f"browser:{known.partition('.')[0]}"
    assert where("other@example.org", f"known={known}") == "9.9.9.9"
    assert where(account.email, f"known={known[:-1]}") == "9.9.9.9"
    assert where("", "known=.") == "9.9.9.9"


def test_tries_are_not_saved_up_for_a_later_code(pages: Pages, session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    page = pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email})
    with pages.client.session_transaction() as cookie:
        cookie["code_for"] = {**cookie["code_for"], "sent": cookie["code_for"]["sent"] - 601}
    run_jobs()

    page = pages.submit(page, "Sign in", {"code": _mailed(session)}, status=422)

    assert "The code has run out. Have a new one sent." in page.text()


def test_an_answer_under_the_old_token_does_not_take_the_new_one_away(
    pages: Pages, session: Session, make: Make
) -> None:
    """Proving identity gives a new token; a poll that was under way with the old one may be answered later."""
    account = make.account(password_hash=accounts.hash_password(OWN))
    visitor = pages.as_(account)
    with visitor.client.session_transaction() as cookie:
        before = dict(cookie)
    visitor.submit(visitor.get("/confirm"), "Confirm", {"password": OWN})
    other = pages.as_(None)
    with other.client.session_transaction() as cookie:
        cookie.update(before)

    answers = [other.open(path, headers={"Sec-Fetch-Dest": "empty"}) for path in ("/session", "/account", "/desk")]

    assert answers[0].json["who"] == ""
    assert [answer.headers.get("Set-Cookie") for answer in answers] == [None] * 3
    assert visitor.get("/account").h1 == "Your account"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::2:0:0:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_a_network_is_an_ipv4_address_or_64_bits(app: Flask, address: str, network: str) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert web.network() == network


def test_a_forged_forwarded_address_is_not_believed_without_a_proxy(app: Flask) -> None:
    with app.test_client() as client:
        client.get("/sign-in", headers={"X-Forwarded-For": "1.2.3.4"}, environ_base={"REMOTE_ADDR": "9.9.9.9"})
        assert web.network() == "9.9.9.9"


# Input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["2147483648", "99999999999999999999999", "-1", "1.5", "0x1"])
def test_numbers_in_addresses_that_the_database_cannot_hold_are_unknown(pages: Pages, make: Make, number: str) -> None:
    contest = make.contest("open")
    entrant = make.account()
    make.entry(contest, entrant)
    visitor = pages.as_(entrant)

    visitor.get(f"/contests/{contest.slug}/receipts/{number}", status=404)
    visitor.get(f"/contests/{contest.slug}/receipts/{number}.json", status=404)


@pytest.mark.parametrize("name", ["   ", "\u3000", "\x01", "\x01 \x02"])
def test_a_name_of_blanks_is_no_name(pages: Pages, session: Session, make: Make, name: str) -> None:
    account = make.account("Ada")
    visitor = pages.as_(account)

    page = visitor.submit(visitor.get("/account"), "Save", {"name": name}, status=422)
    other = pages.submit(pages.get("/register"), "Register", {"email": "b@example.org", "name": name}, status=422)

    assert (len(page.problems), len(other.problems)) == (1, 1)
    assert session.scalars(select(Account.name)).all() == ["Ada"]


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "/\t/evil.example",
        "///evil.example",
        "https:evil.example",
        "http://evil.example/",
        "javascript:alert(1)",
        "/en/\r\nX-Evil: yes",
    ],
)
def test_the_way_back_stays_on_this_site(pages: Pages, back: str) -> None:
    response = pages.post("/language", {"lang": "ja", "back": back})

    assert response.headers["Location"].startswith("/")
    assert "evil" not in response.headers["Location"].lower()
    assert "X-Evil" not in response.headers


def test_a_code_of_an_address_is_good_for_one_purpose_of_confirming(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    """The code that was mailed to sign in does not also confirm an act that cannot be undone."""
    account = make.account()
    visitor = pages.as_(account)
    codes.request_code(session, email=account.email, purpose=CodePurpose.SIGN_IN, locale="en")
    session.commit()
    run_jobs()

    visitor.submit(visitor.get("/confirm"), "Confirm", {"code": _mailed(session)}, status=422)


def test_a_stranger_cannot_make_the_server_keep_a_large_form(pages: Pages, make: Make) -> None:
    contest = make.contest()
    body = b"--x\r\n" + b"x" * 3_000_000

    response = pages.open(
        f"/contests/{contest.slug}/entry/files",
        method="POST",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=x",
    )

    assert response.status_code == 413


def test_the_link_of_an_invitation_does_not_sign_in_to_an_account_that_exists(
    pages: Pages, session: Session, make: Make, run_jobs: Callable[[], list[str]]
) -> None:
    contest = make.contest()
    known = make.account(
        "Known", email="known@example.org", password_hash=accounts.hash_password("five quiet ferries at noon")
    )
    organiser = make.actor(session.get_one(Account, contest.created_by))
    invitations.invite(session, organiser, contest, email=known.email, name="K", role="judge", locale="en")
    session.commit()
    run_jobs()
    found = re.search(r"/invitations/\S+", session.scalars(select(MailMessage.text)).one())
    assert found

    page = pages.submit(pages.get(found.group(0)), "Sign in to accept")
    assert page.h1 == "Sign in"
    page = pages.submit(
        page, "Sign in with the password", {"email": known.email, "password": "five quiet ferries at noon"}
    )

    assert page.h1 == "You are invited"
    pages.submit(page, "Accept")
    assert contest.title["en"] in pages.get("/desk").text()


def test_files_of_the_site_tell_other_sites_nothing_and_run_nothing(pages: Pages) -> None:
    headers = pages.open("/static/contest.css").headers

    assert {
        name: headers.get(name) for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")
    } == {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }


def test_an_administrator_reads_every_entry_and_so_enters_nowhere(pages: Pages, make: Make) -> None:
    contest = make.contest("open")
    admin = pages.as_(make.account(is_admin=True))

    admin.post(f"/contests/{contest.slug}/enter", {"accept": "y"}, status=403)
