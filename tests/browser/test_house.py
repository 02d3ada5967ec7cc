"""The theme, the time zone and the end of a session in a real browser: nothing typed is lost, and the focus stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Page, expect
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from contest.models import Account, LoginSession
from contest.services import accounts
from contest.settings import Settings
from tests.factories import Make

Visit = Callable[..., Page]


def _rested(session: Session, account: Account, **length: int) -> None:
    """Turn the clock: the account's sessions were used so long ago."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account.id)
        .values(seen_at=func.clock_timestamp() - timedelta(**length))
    )
    session.commit()


def test_the_theme_changes_at_once_and_stays_and_nothing_typed_is_lost(visit: Visit) -> None:
    page = visit()
    page.goto("/receipts/check")
    page.locator("textarea").fill("Half a receipt")

    with page.expect_response("**/theme"):
        page.get_by_label("Dark").check()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("textarea")).to_have_value("Half a receipt")
    expect(page.get_by_role("button", name="Save theme")).to_be_hidden()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_the_theme_changes_without_a_script(visit: Visit) -> None:
    page = visit(javascript=False)
    page.goto("/receipts/check")
    page.get_by_label("Light").check()
    page.get_by_role("button", name="Save theme").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.url.endswith("/receipts/check")


def test_a_zone_that_nobody_chose_is_the_browsers_also_by_the_name_that_it_had(visit: Visit) -> None:
    page = visit(timezone_id="Asia/Calcutta")

    page.goto("/register")

    expect(page.get_by_label("Your time zone")).to_have_value("Asia/Kolkata")


def test_a_page_that_stays_open_warns_before_the_session_ends(visit: Visit, make: Make, session: Session) -> None:
    account = make.account("Ada")
    page = visit(account)
    page.clock.install()
    page.goto("/account")
    name, warning = page.locator("main input[name=name]"), page.locator("[data-when=idle]")
    name.fill("Ada, half typed")

    # Another tab used the session: the script asks, renews the forms' token and has nothing to say.
    token = page.locator("main input[name=csrf_token]").first
    token.evaluate("field => { field.value = 'old'; }")
    with page.expect_response("**/session"):
        page.clock.fast_forward("23:46:00")
    expect(token).not_to_have_value("old")
    expect(warning).to_be_hidden()
    _rested(session, account, hours=23, minutes=46)
    with page.expect_response("**/session"):
        page.clock.fast_forward("23:46:00")

    expect(warning).to_contain_text("You will be signed out soon")
    expect(name).to_be_focused()
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    expect(name).to_have_value("Ada, half typed")


def test_after_the_end_one_signs_in_elsewhere_and_sends_the_same_page(
    visit: Visit, make: Make, session: Session, app: Flask, site: Settings
) -> None:
    account = make.account("Ada")
    page = visit(account)
    page.clock.install()
    page.goto("/account")
    page.locator("main input[name=name]").fill("Ada Lovelace")
    _rested(session, account, hours=25)
    page.clock.fast_forward("24:00:01")
    expect(page.get_by_role("status").get_by_text("You are signed out.")).to_be_visible()

    # What signing in in another tab leaves behind: a new session and a new cookie without this page's token.
    token = accounts.start_session(session, account, address="127.0.0.1", agent="browser")
    session.commit()
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    value = str(serializer.dumps({"_user_id": token, "_fresh": True, "_permanent": True}))
    page.context.add_cookies([{"name": "session", "value": value, "url": site.base_url}])
    form_token = page.locator("main form input[name=csrf_token]").first
    before = form_token.input_value()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("status").get_by_text("You are signed in again.")).to_be_visible()
    expect(form_token).not_to_have_value(before)
    page.locator("main form").filter(has=page.locator("input[name=name]")).get_by_role("button").first.click()

    expect(page.get_by_text("Your details are saved.")).to_be_visible()
    session.expire_all()
    assert session.get_one(Account, account.id).name == "Ada Lovelace"
