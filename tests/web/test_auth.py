"""Sign-in as a visitor meets it: pages, cookies, codes, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from contest.models import Account, LoginSession, MailMessage
from contest.services import accounts, attempts, invitations
from tests.factories import Make
from tests.pages import Pages

SENTENCE = "five quiet ferries at noon"
Run = Callable[[], list[str]]


def _mailed(session: Session, what: str) -> str:
    body = session.scalars(select(MailMessage.text).order_by(MailMessage.created_at.desc())).first() or ""
    found = re.search(what, body)
    assert found, body
    return found.group(0)


def test_register_verify_and_be_signed_in(pages: Pages, session: Session, run_jobs: Run) -> None:
    page = pages.submit(
        pages.get("/register"),
        "Register",
        {"email": "ada@example.org", "name": "Ada  Ngozi", "zone": "Africa/Lagos", "password": SENTENCE},
    )
    assert page.h1 == "Enter the code"
    run_jobs()

    page = pages.submit(page, "Sign in", {"code": _mailed(session, r"\d{4} \d{4}")})

    assert "Account" in page.html
    account = session.scalars(select(Account)).one()
    assert (account.name, account.zone, account.verified_at is not None) == ("Ada Ngozi", "Africa/Lagos", True)


def test_code_and_password_sign_in(pages: Pages, session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    page = pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email})
    run_jobs()
    page = pages.submit(page, "Sign in", {"code": _mailed(session, r"\d{4} \d{4}")})
    assert pages.get("/account").h1 == "Your account"

    pages.submit(page, "Sign out")
    assert pages.get("/account").h1 == "Sign in"
    pages.submit(pages.get("/sign-in"), "Sign in with the password", {"email": account.email, "password": SENTENCE})

    assert pages.get("/account").h1 == "Your account"


@pytest.mark.parametrize(
    "path, button", [("/sign-in", "Send the code"), ("/register", "Register"), ("/password", "Send the code")]
)
def test_answers_do_not_tell_whether_an_address_exists(pages: Pages, make: Make, path: str, button: str) -> None:
    known = make.account()

    def answer(email: str) -> tuple[str, int]:
        visitor = pages.as_(None)
        page = visitor.submit(visitor.get(path), button, {"email": email, "name": "A", "zone": "UTC"})
        body = re.sub(r'value="[^"]{20,}"', "", page.html).replace(email, "")
        # The second at which each was asked for.
        body = re.sub(r"\d\d:\d\d:\d\d", "", body)
        return body, page.status

    assert answer(known.email) == answer("stranger@example.org")


def test_wrong_passwords_say_the_same_for_known_and_unknown(pages: Pages, make: Make) -> None:
    known = make.account(password_hash=accounts.hash_password(SENTENCE))

    said = []
    for email in (known.email, "stranger@example.org"):
        visitor = pages.as_(None)
        page = visitor.submit(
            visitor.get("/sign-in"),
            "Sign in with the password",
            {"email": email, "password": "not that at all"},
            status=422,
        )
        said.append(page.problems)

    assert said[0] == said[1]
    assert len(said[0]) == 1


def test_a_guess_is_counted_although_it_is_refused(pages: Pages, session: Session, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    for _ in range(attempts.TRIES):
        pages.submit(
            pages.get("/sign-in"),
            "Sign in with the password",
            {"email": account.email, "password": "wrong"},
            status=422,
        )

    page = pages.submit(
        pages.get("/sign-in"), "Sign in with the password", {"email": account.email, "password": SENTENCE}, status=429
    )

    assert "Try again in 10 minutes" in page.text()


def test_a_copied_cookie_dies_at_sign_out(pages: Pages, make: Make) -> None:
    account = make.account()
    owner = pages.as_(account)
    thief = pages.as_(None)
    with owner.client.session_transaction() as cookie:
        stolen = dict(cookie)
    with thief.client.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get("/account").h1 == "Your account"

    owner.submit(owner.get("/account"), "Sign out")

    assert thief.get("/account").h1 == "Sign in"


def test_the_cookie_holds_no_account_id_and_is_guarded(pages: Pages, session: Session, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    url, data = pages.get("/sign-in").form("Send the code")

    response = pages.post(url, {**data, "email": account.email, "password": SENTENCE})

    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    with pages.client.session_transaction() as held:
        assert str(account.id) not in str(dict(held))


def test_a_failed_commit_leaves_nobody_signed_in(pages: Pages, session: Session, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    url, data = pages.get("/sign-in").form("Send the code")
    session.commit()

    def fail(_session: Any) -> None:
        raise RuntimeError("the disk is full")

    event.listen(Session, "before_commit", fail)
    try:
        response = pages.client.post(url, data={**data, "email": account.email, "password": SENTENCE})
    finally:
        event.remove(Session, "before_commit", fail)

    assert response.status_code == 500
    assert pages.get("/account").h1 == "Sign in"
    assert session.scalar(select(func.count()).select_from(LoginSession)) == 0


def test_one_commit_a_request(pages: Pages, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    url, data = pages.get("/sign-in").form("Send the code")
    pages.session.commit()
    commits: list[int] = []

    def count(_session: Any) -> None:
        commits.append(1)

    event.listen(Session, "after_commit", count)
    try:
        pages.client.post(url, data={**data, "email": account.email, "password": SENTENCE})
    finally:
        event.remove(Session, "after_commit", count)

    assert len(commits) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "///evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "@evil.example",
    ],
)
def test_a_return_path_leads_only_to_pages_of_ours(pages: Pages, make: Make, wanted: str) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    url, data = pages.get("/sign-in?next=" + "x").form("Send the code")
    with pages.client.session_transaction() as cookie:
        cookie["next"] = wanted

    response = pages.post(url, {**data, "email": account.email, "password": SENTENCE, "next": wanted})

    assert response.headers["Location"] == "/"


def test_after_signing_in_one_is_where_one_wanted_to_go(pages: Pages, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    page = pages.get("/account")
    assert page.h1 == "Sign in"

    page = pages.submit(page, "Sign in with the password", {"email": account.email, "password": SENTENCE})

    assert page.h1 == "Your account"


def test_a_foreign_host_is_refused(pages: Pages) -> None:
    assert pages.open("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_reset_sets_a_password_and_ends_other_sessions(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account()
    elsewhere = pages.as_(account)
    page = pages.submit(pages.get("/password"), "Send the code", {"email": account.email})
    run_jobs()
    pages.submit(page, "Change the password", {"code": _mailed(session, r"\d{4} \d{4}"), "password": SENTENCE})

    assert elsewhere.get("/account").h1 == "Sign in"
    assert pages.get("/account").h1 == "Your account"


def test_confirming_makes_a_session_fresh(pages: Pages, session: Session, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    visitor = pages.as_(account)
    row = session.scalars(select(LoginSession)).one()
    row.fresh_at = row.fresh_at.replace(year=2020)
    session.commit()

    visitor.submit(visitor.get("/confirm"), "Confirm", {"password": "wrong wrong wrong"}, status=422)
    visitor.submit(visitor.get("/confirm"), "Confirm", {"password": SENTENCE})

    session.expire_all()
    assert session.scalars(select(LoginSession)).one().fresh_at.year > 2020


def test_ending_a_session_elsewhere_and_nobody_elses(pages: Pages, session: Session, make: Make) -> None:
    account, other = make.account(), make.account()
    here, there, stranger = pages.as_(account), pages.as_(account), pages.as_(other)
    page = here.get("/account")
    here.submit(page, "End")
    assert there.get("/account").h1 == "Sign in"

    mine = session.scalars(select(LoginSession.id).where(LoginSession.account_id == account.id)).first()
    stranger.post(f"/account/sessions/{mine}/end", status=404)


@pytest.mark.parametrize("bad", ["a\r\nb", 'quote " and <b>', "nul\x00nul", "x" * 5000, "‮RTL"])
def test_odd_text_in_a_name_is_cleaned_or_refused_never_an_error(
    pages: Pages, session: Session, make: Make, bad: str
) -> None:
    visitor = pages.as_(make.account())
    url, data = visitor.get("/account").form("Save")

    response = visitor.open(url, method="POST", data={**data, "name": bad})

    assert response.status_code in (302, 400, 422)
    session.expire_all()
    assert all("\n" not in name and "\x00" not in name for name in session.scalars(select(Account.name)))


def test_a_form_without_its_token_is_refused(pages: Pages, make: Make) -> None:
    visitor = pages.as_(make.account())

    page = visitor.post("/account", {"csrf_token": "x", "name": "y"}, status=400)

    assert page.h1 == "This form is too old"


def test_language_follows_address_account_cookie_browser(pages: Pages, make: Make) -> None:
    assert pages.as_(None, "ja").get("/sign-in").root.get("lang") == "ja"
    assert pages.as_(make.account(locale="ja"), "en").get("/account").root.get("lang") == "ja"

    visitor = pages.as_(None, "en")
    visitor.post("/language", {"lang": "ja", "back": "/sign-in"})
    assert visitor.get("/sign-in").root.get("lang") == "ja"
    visitor.post("/language", {"lang": "xx", "back": "/"}, status=404)


def test_an_invitation_page_changes_nothing_until_it_is_accepted(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    contest = make.contest()
    invitations.invite(
        session,
        make.actor(session.get_one(Account, contest.created_by)),
        contest,
        email="j@example.org",
        name="J",
        role="judge",
        locale="en",
    )
    session.commit()
    run_jobs()
    path = _mailed(session, r"/invitations/\S+")
    page = pages.get(path)
    assert session.scalar(select(func.count()).select_from(Account).where(Account.email == "j@example.org")) == 0

    pages.submit(page, "Accept", {"name": "Judge"})

    assert pages.get("/account").h1 == "Your account"
    # Opened again, here by its owner and elsewhere by whoever has the mail; a second press ends there too.
    assert pages.get(path).h1 == pages.get("/desk").h1
    assert pages.post(path).headers["Location"] == "/desk"
    assert pages.get("/account").h1 == "Your account"
    elsewhere = pages.as_(None).get(path)
    assert (elsewhere.h1, "accepted before" in elsewhere.text()) == ("Sign in", True)


def test_an_invitation_that_ran_out_says_whom_to_ask(pages: Pages, session: Session, make: Make, run_jobs: Run) -> None:
    contest = make.contest()
    owner = make.actor(session.get_one(Account, contest.created_by))
    sent = invitations.invite(session, owner, contest, email="j@example.org", name="J", role="judge", locale="en")
    session.commit()
    run_jobs()
    path = _mailed(session, r"/invitations/\S+")
    session.refresh(sent)
    sent.expires_at = sent.created_at
    session.commit()

    assert "Ask whoever invited you" in pages.get(path, status=403).text()

    sent.revoked_at = sent.created_at
    session.commit()
    pages.get(path, status=404)


def test_an_invitation_for_another_account_ends_the_session_of_this_one(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    contest, other = make.contest(), make.account()
    known = make.account(email="j@example.org", password_hash=accounts.hash_password(SENTENCE))
    owner = make.actor(session.get_one(Account, contest.created_by))
    for email in (known.email, "new@example.org"):
        invitations.invite(session, owner, contest, email=email, name="J", role="judge", locale="en")
    session.commit()
    run_jobs()
    links = {mail.address: mail.text for mail in session.scalars(select(MailMessage))}
    path, new = (re.findall(r"/invitations/\S+", links[email])[0] for email in (known.email, "new@example.org"))
    visitor = pages.as_(other)
    live = select(LoginSession).where(LoginSession.revoked_at.is_(None), LoginSession.account_id != owner.account_id)

    page = visitor.get(path)
    assert f"You are signed in as {other.email}." in page.text()
    page = visitor.submit(page, "Sign in with the other account")
    assert (page.h1, session.scalars(live).all()) == ("Sign in", [])
    page = visitor.submit(page, "Sign in with the password", {"email": known.email, "password": SENTENCE})
    assert page.h1 == "You are invited"

    visitor.submit(visitor.get(new), "Accept", {"name": "New"})
    [left] = session.scalars(live)
    assert left.account.email == "new@example.org"


def test_whoever_waits_for_slow_mail_may_type_any_of_the_codes_that_were_sent(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account()
    page = pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email})
    run_jobs()
    first = _mailed(session, r"\d{4} \d{4}")
    for _ in range(attempts.ASKS - 1):
        page = pages.submit(page, "Send a new code")
        assert "A code that came before works as well" in page.text()
    run_jobs()

    again = pages.submit(page, "Send a new code", status=429)
    anew = pages.submit(pages.get("/sign-in"), "Send the code", {"email": account.email}, status=429)

    for page in (again, anew):
        assert page.h1 == "Enter the code"
        assert [problem for problem in page.problems if "Each works until its time is over" in problem]
    pages.submit(page, "Sign in", {"code": first})
    assert pages.get("/account").h1 == "Your account"


def test_whoever_registers_again_is_told_that_the_new_password_is_not_kept(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    typed = {"email": account.email, "name": "A", "zone": "UTC", "password": "six loud ferries at night"}
    page = pages.submit(pages.get("/register"), "Register", typed)
    run_jobs()

    page = pages.submit(page, "Sign in", {"code": _mailed(session, r"\d{4} \d{4}")})

    assert "your new password is not kept" in page.text()
    assert accounts.check_sign_in(session, email=account.email, password=SENTENCE, network="n").id == account.id


def test_changing_ones_own_address(pages: Pages, session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account(email="ada@old.example.org", password_hash=accounts.hash_password(SENTENCE))
    mine, elsewhere = pages.as_(account), pages.as_(account)
    session.execute(update(LoginSession).values(fresh_at=func.now() - timedelta(minutes=6)))
    session.commit()

    page = mine.get("/account/address")
    assert page.h1 == "Confirm that it is you"
    page = mine.submit(page, "Confirm", {"password": SENTENCE})
    assert page.h1 == "Change your address"
    page = mine.submit(page, "Send the code", {"email": account.email}, status=422)
    assert page.problems == ["This is your address already. Type another one."]
    page = mine.submit(page, "Send the code", {"email": "ada@new.example.org"})
    assert page.h1 == "Confirm the new address"
    page = mine.submit(page, "Change the address", {"code": "0000 0000"}, status=422)
    page = mine.submit(page, "Send a new code")
    run_jobs()
    copied = mine.client.get_cookie("session")
    page = mine.submit(page, "Change the address", {"code": _mailed(session, r"\d{4} \d{4}")})

    assert page.h1 == "Your account"
    assert "From now on you sign in with ada@new.example.org." in page.text()
    assert elsewhere.get("/account").h1 == "Sign in"
    # A cookie that was copied before is worth nothing, and the code page is over.
    assert mine.get("/account/address/code").h1 == "Change your address"
    # The account knows this browser by its new address too.
    run_jobs()
    mine.submit(mine.get("/account"), "Sign out")
    mine.submit(
        mine.get("/sign-in"), "Sign in with the password", {"email": "ada@new.example.org", "password": SENTENCE}
    )
    run_jobs()
    told = select(MailMessage.address).where(MailMessage.key.startswith("notice:"))
    assert session.scalars(told).all() == ["ada@old.example.org"]
    assert copied is not None
    thief = pages.as_(None)
    thief.client.set_cookie("session", copied.value)
    assert thief.get("/account").h1 == "Sign in"


def test_a_taken_address_answers_as_a_free_one_does(pages: Pages, make: Make, run_jobs: Run) -> None:
    account, taken = make.account(), make.account()

    def answers(email: str) -> list[tuple[str, int]]:
        visitor, told = pages.as_(account), []
        page = visitor.submit(visitor.get("/account/address"), "Send the code", {"email": email})
        run_jobs()
        for fields, status in (({}, 422), ({"code": "0000 0000"}, 422)):
            body = re.sub(r'value="[^"]{20,}"', "", page.html).replace(email, "")
            # The second at which each was asked for, and what is left of the session.
            told.append((re.sub(r"\d\d:\d\d:\d\d|data-(left|most)=\S+", "", body), page.status))
            page = visitor.submit(page, "Change the address", fields, status=status)
        return told

    assert answers(taken.email) == answers("stranger@example.org")


def test_a_password_in_a_new_browser_is_told_once_and_a_code_never(
    pages: Pages, session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    told = select(func.count()).select_from(MailMessage).where(MailMessage.key.startswith("notice:"))
    for _ in range(2):
        page = pages.submit(
            pages.get("/sign-in"), "Sign in with the password", {"email": account.email, "password": SENTENCE}
        )
        pages.submit(page, "Sign out")
    run_jobs()
    assert session.scalar(told) == 1

    visitor = pages.as_(None)
    page = visitor.submit(visitor.get("/sign-in"), "Send the code", {"email": account.email})
    run_jobs()
    visitor.submit(page, "Sign in", {"code": _mailed(session, r"\d{4} \d{4}")})
    run_jobs()

    assert session.scalar(told) == 1


def test_removing_a_password_asks_who_it_is_and_is_offered_where_there_is_one(
    pages: Pages, session: Session, make: Make
) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    mine = pages.as_(account)
    session.execute(update(LoginSession).values(fresh_at=func.now() - timedelta(minutes=6)))
    session.commit()
    page = mine.submit(mine.get("/account"), "Remove the password")
    assert page.h1 == "Confirm that it is you"
    mine.submit(page, "Confirm", {"password": SENTENCE})

    page = mine.submit(mine.get("/account"), "Remove the password")

    session.refresh(account)
    assert account.password_hash is None
    assert "Remove the password" not in page.html
