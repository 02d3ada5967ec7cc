"""Names as people have them, countries, and what the account's page says of browsers."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest import i18n
from contest.models import Account, AuditEvent, LoginSession
from contest.services import accounts
from tests.factories import Make
from tests.pages import Page, Pages

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def _labels(page: Page) -> list[str]:
    main = page.root.find("body/main")
    assert main is not None
    return [page.text(label) for label in main.iter("label")]


def _save(pages: Pages, values: dict[str, str], status: int = 302) -> Any:
    return pages.submit(pages.get("/account"), "Save", values, status=status)


@pytest.mark.parametrize(
    "name",
    [
        "Ng",
        "O",
        "Ѐ",
        "竈門",
        "محمد بن سلمان",
        "\u200fمحمد\u200e",
        "🐙",
        "Jean-Paul d’Ārc III.",
        "van der Berg",
        "ꦱꦸꦏꦂꦤꦺꦴ",
        "X Æ A-12",
        "मोहन\u200dदास",
        "N" * 120,
    ],
)
def test_a_name_is_kept_as_its_owner_writes_it(pages: Pages, session: Session, make: Make, name: str) -> None:
    account = make.account()

    page = _save(pages.as_(account), {"name": name})

    session.refresh(account)
    assert account.name == name
    assert name in {field.get("value") for field in page.all("input")}


def test_a_name_is_normalised_without_changing_how_it_looks(pages: Pages, session: Session, make: Make) -> None:
    account = make.account()

    _save(pages.as_(account), {"name": "  Inês\u00a0 \tDuarte\u202e ".replace("ê", "e\u0302")})

    session.refresh(account)
    assert account.name == "Inês Duarte"
    assert unicodedata.is_normalized("NFC", account.name)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"name": ""}, "Enter your name."),
        ({"name": "   "}, "Enter your name."),
        ({"name": "\u200f\u200e"}, "Nobody can see this name. Use at least one letter, digit or sign."),
        ({"name": "N" * 121}, "Use at most 120 characters; now there are 121."),
        ({"country": "Atlantis"}, "Not a valid choice."),
        ({"zone": "Mars/Olympus"}, "Not a valid choice."),
    ],
)
def test_a_refused_name_is_kept_in_the_form(
    pages: Pages, session: Session, make: Make, values: dict[str, str], problem: str
) -> None:
    account = make.account("Ada")

    page = _save(pages.as_(account), values, status=422)

    assert page.problems == [problem]
    session.refresh(account)
    assert account.name == "Ada"


def test_one_name_is_enough_to_register(pages: Pages) -> None:
    assert _labels(pages.get("/register")) == ["E-mail address", "Your name", "Your time zone", "Password"]


def test_the_reading_of_a_name_is_asked_where_it_says_something(pages: Pages, session: Session, make: Make) -> None:
    japanese, english = make.account("竈門 炭治郎", locale="ja"), make.account("Ada", locale="en")
    visitor = pages.as_(japanese, "ja")
    reading = i18n.gettext("ja").gettext

    assert "Reading of your name" not in _labels(pages.as_(english).get("/account"))
    field = visitor.get("/account").by_id("furigana")
    assert (field.get("lang"), field.get("value") or "") == ("ja", "")
    url, data = visitor.get("/account").form(reading("Save"))
    assert visitor.open(url, method="POST", data={**data, "furigana": "竈門"}).status_code == 422
    assert visitor.open(url, method="POST", data={**data, "furigana": "かまど　タンジロー"}).status_code == 302

    session.refresh(japanese)
    assert japanese.furigana == "かまど タンジロー"
    # It is there now, so its owner may see and change it in every language.
    japanese.locale = "en"
    assert visitor.get("/account").by_id("furigana").get("value") == "かまど タンジロー"


def test_what_the_form_does_not_show_stays(pages: Pages, session: Session, make: Make) -> None:
    account = make.account("Haruka", furigana="", sort_name="Aoki", country="JP", zone="Asia/Calcutta")
    account.country = "Hyrule"

    _save(pages.as_(account), {"latin_name": "Haruka A."})

    session.refresh(account)
    assert (account.latin_name, account.sort_name, account.country, account.zone) == (
        "Haruka A.",
        "Aoki",
        "Hyrule",
        "Asia/Calcutta",
    )


def test_saving_what_is_there_is_no_act(pages: Pages, session: Session, make: Make) -> None:
    _save(pages.as_(make.account()), {})

    assert session.scalar(select(func.count()).where(AuditEvent.act == "account.changed")) == 0


def test_a_country_is_a_code_that_reads_as_a_name(pages: Pages, session: Session, make: Make) -> None:
    account = make.account()
    visitor = pages.as_(account)

    select_ = visitor.get("/account").by_id("country")
    offered = [(option.get("value"), "".join(option.itertext())) for option in select_.iter("option")]
    _save(visitor, {"country": "CI"})

    assert offered[:2] == [("", "I do not want to say"), ("AF", "Afghanistan")]
    # Å stands with A, as a reader looks for it, not behind Z.
    names = [name for _, name in offered[1:]]
    assert names.index("Åland Islands") < names.index("Albania") < names.index("Zimbabwe")
    session.refresh(account)
    assert (account.country, i18n.territory("CI", "en"), i18n.territory("CI", "ja")) == (
        "CI",
        "Côte d’Ivoire",
        "コートジボワール",
    )


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["Zoë", "Ábel", "abby", "Émile", "Eva"], ["abby", "Ábel", "Émile", "Eva", "Zoë"]),
        (["カマド", "がっき", "かき", "カーテン"], ["かき", "がっき", "カーテン", "カマド"]),
    ],
)
def test_lists_are_sorted_as_people_look(names: list[str], order: list[str]) -> None:
    assert sorted(names, key=i18n.collation) == order


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on macOS",
        ),
        ("Mozilla/5.0 (X11; CrOS x86_64 16000) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome on ChromeOS"),
        ("curl/8.16", "curl"),
        ("<b>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_told_in_words(pages: Pages, session: Session, make: Make, agent: str, said: str) -> None:
    account = make.account()
    accounts.start_session(session, account, address="192.0.2.7", agent=agent)

    page = pages.as_(account).get("/account")

    browsers = [page.text(row.find("th/span")) for row in page.all("tr") if row.find("th/span") is not None]
    assert said in browsers
    assert page.text().count("This browser") == 1
    assert agent in page.text()


def test_a_session_that_was_left_for_too_long_is_not_listed(pages: Pages, session: Session, make: Make) -> None:
    account = make.account()
    accounts.start_session(session, account, address="192.0.2.7", agent=PHONE)
    session.flush()
    old = session.scalars(select(LoginSession)).one()
    old.seen_at = old.seen_at - (accounts.ENTRANT.idle * 2)

    assert "iPhone" not in pages.as_(account).get("/account").text()


def test_the_sign_in_pages_help_the_browser_to_fill_them(pages: Pages) -> None:
    def hints(page: Page) -> dict[str | None, str | None]:
        return {f.get("name"): f.get("autocomplete") for f in page.all("input") if f.get("autocomplete")}

    code = pages.submit(pages.get("/sign-in"), "Send the code", {"email": "ada@example.org"})

    assert hints(pages.get("/sign-in")) == {"email": "username webauthn", "password": "current-password"}
    assert hints(pages.get("/register")) == {"email": "email", "name": "name", "password": "new-password"}
    assert hints(code) == {"code": "one-time-code"}
    assert code.by_id("code").get("inputmode") == "numeric"
    assert hints(pages.submit(pages.get("/password"), "Send the code", {"email": "ada@example.org"})) == {
        "code": "one-time-code",
        "password": "new-password",
    }


def test_the_code_page_says_where_and_until_when(pages: Pages) -> None:
    page = pages.submit(
        pages.get("/register"), "Register", {"email": "ada@example.org", "name": "Ada", "zone": "Africa/Lagos"}
    )

    assert "ada@example.org" in page.text()
    assert page.text().count("Lagos (UTC+01:00)") == 2
    assert page.link("Use another address") == "/register"
    assert "only if you have registered" not in page.text()
    again = pages.submit(page, "Send a new code")
    assert (again.h1, "A new code is on its way. A code that came before works as well" in again.text()) == (
        "Enter the code",
        True,
    )
    assert "Lagos (UTC+01:00)" in again.text()


def test_a_code_that_has_run_out_says_so(pages: Pages) -> None:
    page = pages.submit(pages.get("/sign-in"), "Send the code", {"email": "ada@example.org"})
    with pages.client.session_transaction() as cookie:
        cookie["code_for"] = {**cookie["code_for"], "sent": cookie["code_for"]["sent"] - 601}

    assert "The code has run out. Have a new one sent." not in page.text()
    assert "It comes only if you have registered with this address. Register" in page.text()
    assert "The code has run out. Have a new one sent." in pages.get("/code").text()


def test_a_name_that_turns_the_text_cannot_turn_the_page(pages: Pages, session: Session, make: Make) -> None:
    account = make.account()

    _save(pages.as_(account), {"name": "Ada\u202egnp.exe\u2066"})

    assert session.scalars(select(Account.name).where(Account.id == account.id)).one() == "Adagnp.exe"
