"""The house: theme, brand, foot, marks, statement on accessibility, sessions that end, and pages about failures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest import create_app, failures
from contest.models import Account, LoginSession
from contest.permissions import Actor
from contest.services import accounts
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Page, Pages
from tests.web.reading import alternates

OWN = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"title": "A title of mine", "statement": "First line.\nSecond <b>line</b>.", "version": "1"}


@pytest.fixture
def branded(app: Any, settings: Settings) -> Iterator[Callable[..., Any]]:
    """An application with settings of its own: branded(brand_link=…)."""
    made: list[Any] = []

    def make_app(**values: Any) -> Any:
        made.append(create_app(Settings(**settings.model_copy(update=values).model_dump())))
        return made[-1]

    yield make_app
    for each in made:
        each.extensions["contest.db"].close()


def _theme(page: Page) -> tuple[str | None, str | None, list[str]]:
    metas = {meta.get("name"): meta.get("content") for meta in page.all("meta")}
    colours = [meta.get("content") or "" for meta in page.all("meta") if meta.get("name") == "theme-color"]
    return page.root.get("data-theme"), metas.get("color-scheme"), colours


def _checked(page: Page) -> list[str | None]:
    return [i.get("value") for i in page.all("input") if i.get("name") == "theme" and i.get("checked") is not None]


class TestTheme:
    def test_is_as_the_system_says_until_one_chooses(self, pages: Pages) -> None:
        page = pages.get("/")

        assert _theme(page) == (None, "light dark", ["#fbfbf9", "#131413"])
        assert _checked(page) == [""]

    @pytest.mark.parametrize("theme, colour", [("light", "#fbfbf9"), ("dark", "#131413")])
    def test_a_visitor_chooses_it_without_a_script(self, pages: Pages, theme: str, colour: str) -> None:
        page = pages.submit(pages.get("/receipts/check"), "Save theme", {"theme": theme})

        assert page.url.endswith("/receipts/check")
        assert (_theme(page), _checked(page)) == ((theme, theme, [colour]), [theme])

    def test_auto_takes_the_choice_back(self, pages: Pages) -> None:
        dark = pages.submit(pages.get("/"), "Save theme", {"theme": "dark"})

        assert _theme(pages.submit(dark, "Save theme", {"theme": ""}))[0] is None

    def test_an_account_keeps_it_on_every_device(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account()
        here = pages.as_(account)
        here.submit(here.get("/account"), "Save theme", {"theme": "dark"})

        assert session.scalars(select(Account.theme).where(Account.id == account.id)).one() == "dark"
        assert _theme(pages.as_(account).get("/"))[0] == "dark"
        here.post("/theme", {"theme": "", "back": "/"})
        assert _theme(pages.as_(account).get("/"))[0] is None

    def test_nothing_else_is_taken(self, pages: Pages) -> None:
        pages.post("/theme", {"theme": "pink"}, status=404)
        pages.client.set_cookie("theme", '"><script>')

        assert _theme(pages.get("/"))[0] is None

    def test_a_page_elsewhere_is_never_gone_back_to(self, pages: Pages) -> None:
        assert pages.post("/theme", {"theme": "dark", "back": "//evil.example/x"}).headers["Location"] == "/"


class TestBrand:
    def test_without_one_there_is_no_sheet_and_our_mark(self, pages: Pages) -> None:
        page = pages.get("/")

        assert "/brand" not in page.html
        assert 'class="mark"' in page.html

    def test_colours_come_as_a_sheet_that_may_be_kept_for_long(self, branded: Any, session: Session) -> None:
        visitor = Pages(branded(brand_link="#006633,#99ffcc", brand_on_link="#ffffff,#001a0d"), session)
        page = visitor.get("/")
        links = [e.get("href") or "" for e in page.all("link") if e.get("rel") == "stylesheet"]

        kept, other = visitor.open(links[1]), visitor.open("/brand.css?v=old")

        assert [link.split("?")[0] for link in links] == ["/static/contest.css", "/brand.css"]
        assert "--link: light-dark(#006633, #99ffcc)" in kept.get_data(as_text=True)
        assert (kept.mimetype, kept.headers["Cache-Control"]) == ("text/css", "public, max-age=31536000, immutable")
        assert other.headers["Cache-Control"] == "no-cache"

    def test_a_logo_stands_for_our_mark_and_can_do_nothing(
        self, branded: Any, session: Session, tmp_path: Path
    ) -> None:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        (tmp_path / "logo.svg").write_bytes(svg)
        visitor = Pages(branded(brand_logo=str(tmp_path / "logo.svg"), site_name="Shiosaki"), session)
        page = visitor.get("/")
        [logo] = [e for e in page.all("img") if e.get("class") == "logo"]

        served = visitor.open(logo.get("src") or "")

        assert (logo.get("alt"), 'class="mark"' in page.html) == ("", False)
        assert (served.data, served.mimetype) == (svg, "image/svg+xml")
        assert "sandbox" in served.headers["Content-Security-Policy"]
        assert "default-src 'none'" in served.headers["Content-Security-Policy"]
        assert served.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_logo_that_is_missing_keeps_the_site_from_starting(self, branded: Any, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="BRAND_LOGO cannot be read"):
            branded(brand_logo=str(tmp_path / "none.svg"))

    def test_marks_and_manifest_are_there(self, pages: Pages, branded: Any, session: Session) -> None:
        visitor = Pages(branded(site_name="Shiosaki"), session)
        manifest = visitor.open("/site.webmanifest")
        named = [e.get("href") or "" for e in visitor.get("/").all("link") if "icon" in (e.get("rel") or "")]
        icons = [icon["src"] for icon in manifest.get_json()["icons"]]

        assert (manifest.mimetype, manifest.get_json()["name"]) == ("application/manifest+json", "Shiosaki")
        assert pages.open("/favicon.ico").headers["Location"] == "/static/favicon.ico"
        assert {url: pages.open(url).status_code for url in (*named, *icons)} == dict.fromkeys((*named, *icons), 200)
        assert len(named) == 3


class TestFoot:
    def test_says_who_runs_the_site_and_where_to_ask(self, branded: Any, session: Session) -> None:
        app = branded(
            operator='{"en": "City of X", "ja": "X市"}',
            contact_url="team@city.example",
            privacy_url="https://city.example/privacy",
            source_url="https://city.example/source",
        )
        english, japanese = Pages(app, session).get("/"), Pages(app, session, lang="ja").get("/")

        assert "Run by City of X" in english.text(english.all("footer")[0])
        assert "運営：X市" in japanese.text(japanese.all("footer")[0])
        assert english.link("Contact") == "mailto:team@city.example"
        assert english.link("Personal data") == "https://city.example/privacy"
        assert english.link("Source code") == "https://city.example/source"
        assert english.link("Accessibility") == "/en/accessibility"

    def test_does_not_pass_for_a_public_body_where_nobody_says_who_runs_it(self, pages: Pages) -> None:
        foot = pages.get("/").text(pages.get("/").all("footer")[0])

        assert "do not take it for the site of a public body" in foot
        assert "Run by" not in foot
        assert "Personal data" not in foot
        assert "Source code" not in foot

    def test_names_are_shown_as_text(self, branded: Any, session: Session) -> None:
        page = Pages(branded(operator="A & B <b>x</b>"), session).get("/")

        assert "Run by A & B <b>x</b>" in page.text(page.all("footer")[0])


class TestAccessibility:
    def test_says_what_is_aimed_at_tested_and_missing_in_both_languages(self, pages: Pages) -> None:
        english, japanese = pages.get("/en/accessibility"), pages.get("/ja/accessibility")

        assert "WCAG 2.2, level AA" in english.text()
        assert "Partially conforming" in english.text()
        assert "Not yet done" in english.text()
        assert "JIS X 8341-3:2016 の適合レベルAAに一部準拠" in japanese.text()
        assert alternates(english) == {
            "en": "http://localhost:5000/en/accessibility",
            "ja": "http://localhost:5000/ja/accessibility",
            "x-default": "http://localhost:5000/accessibility",
        }

    def test_an_address_without_a_language_leads_to_the_readers(self, pages: Pages) -> None:
        assert pages.as_(None, lang="ja").open("/accessibility").headers["Location"] == "/ja/accessibility"

    def test_names_the_contact(self, branded: Any, session: Session) -> None:
        app = branded(operator="City of X", contact_url="team@city.example")

        assert Pages(app, session).get("/en/accessibility").link("Contact City of X") == "mailto:team@city.example"


def _clock(
    session: Session, account: Account, *, unused: timedelta = timedelta(), most: timedelta | None = None
) -> None:
    """Turn the clock of the account's sessions: used `unused` ago, over in `most`."""
    values: dict[str, Any] = {"seen_at": func.clock_timestamp() - unused}
    if most is not None:
        values["expires_at"] = func.clock_timestamp() + most
    session.execute(update(LoginSession).where(LoginSession.account_id == account.id).values(values))
    session.commit()


def _shown(page: Page) -> list[str]:
    """What the page says of the session's end without a script."""
    parts = [e for e in page.root.iter() if e.get("data-when") and e.get("hidden") is None]
    return [part.get("data-when") or "" for part in parts]


class TestSession:
    @pytest.mark.parametrize(
        "roles, hours, days",
        [
            ((), 24, 30),
            ((Role.JUDGE,), 20, 30),
            ((Role.ORGANISER,), 8, 1),
            ((Role.ORGANISER, Role.JUDGE), 20, 1),
        ],
    )
    def test_lasts_a_working_day_for_everyone_who_judges(
        self, make: Make, session: Session, roles: tuple[Role, ...], hours: int, days: int
    ) -> None:
        account = make.account()
        for role in roles:
            make.member(make.contest(), role, account)
        accounts.start_session(session, account, address="", agent="")
        row = session.scalars(select(LoginSession)).one()

        assert row.idle_seconds == hours * 3600
        assert row.expires_at - row.seen_at == timedelta(days=days)

    def test_nothing_is_said_while_it_lasts(self, pages: Pages, make: Make) -> None:
        assert _shown(pages.as_(make.account()).get("/account")) == []

    def test_whoever_is_not_signed_in_hears_nothing_of_it(self, pages: Pages) -> None:
        assert "data-session" not in pages.get("/").html

    def test_a_page_says_that_the_whole_length_is_nearly_over(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account()
        visitor = pages.as_(account)
        _clock(session, account, most=timedelta(minutes=14))

        page = visitor.get("/account")

        assert _shown(page) == ["last"]
        assert page.link("Stay signed in (opens a new tab)") == "/confirm"

    def test_a_short_rest_is_said_too_and_can_be_made_longer(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account()
        visitor = pages.as_(account)
        session.execute(update(LoginSession).values(idle_seconds=600))
        _clock(session, account, unused=timedelta(seconds=50))
        page = visitor.get("/account")

        told = visitor.submit(page, "Stay signed in")

        assert _shown(page) == ["idle"]
        assert "You stay signed in." in told.text()
        assert told.url.endswith("/account")

    def test_staying_starts_the_rest_anew_but_not_the_whole_length(
        self, pages: Pages, make: Make, session: Session
    ) -> None:
        account = make.account()
        visitor = pages.as_(account)
        _clock(session, account, unused=timedelta(hours=23, minutes=50), most=timedelta(days=2))

        left = visitor.json("POST", "/session")["left"]
        again = visitor.json("POST", "/session")
        _clock(session, account, most=timedelta(minutes=5))

        assert 86390 <= left <= 86400
        assert again["left"] == pytest.approx(left, abs=2)
        assert 290 <= visitor.json("POST", "/session")["left"] <= 300

    def test_asking_how_long_it_lasts_is_not_using_it(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account()
        visitor = pages.as_(account)
        _clock(session, account, unused=timedelta(hours=23, minutes=50))

        first, second = (visitor.open("/session").get_json()["left"] for _ in range(2))
        visitor.get("/account")

        assert 590 <= second <= first <= 600
        assert visitor.open("/session").get_json()["left"] > 86000

    def test_who_it_is_is_told_only_to_tell_accounts_apart(self, pages: Pages, make: Make) -> None:
        one, other = make.account(), make.account()
        told = [pages.as_(each).open("/session").get_json()["who"] for each in (one, one, other, None)]

        assert (told[0] == told[1], told[0] == told[2], told[3]) == (True, False, "")
        assert str(one.id) not in told[0]

    def test_over_it_is_over_for_staying_too(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account()
        visitor = pages.as_(account)
        _clock(session, account, unused=timedelta(hours=25))

        visitor.json("POST", "/session", status=401)

        assert visitor.open("/session").get_json()["left"] == 0

    def test_showing_anew_who_one_is_makes_the_whole_length_longer(self, make: Make, session: Session) -> None:
        account = make.account(password_hash=accounts.hash_password("a sentence that is long"))
        accounts.start_session(session, account, address="", agent="")
        row = session.scalars(select(LoginSession)).one()
        _clock(session, account, most=timedelta(minutes=5))
        before = row.expires_at

        who = Actor(account_id=account.id, email=account.email, session_id=row.id)
        known = row.token_hash
        token = accounts.confirm(session, who, password="a sentence that is long")

        assert row.expires_at - before > timedelta(days=29)
        # A cookie that somebody copied before does not live on with it.
        assert (row.token_hash, known != row.token_hash) == (hashlib.sha256(token.encode()).digest(), True)

    def test_the_browser_goes_on_under_the_new_token(self, pages: Pages, make: Make, session: Session) -> None:
        account = make.account(password_hash=accounts.hash_password("a sentence that is long"))
        visitor = pages.as_(account)
        known = session.scalars(select(LoginSession.token_hash)).one()
        page = visitor.get("/confirm")

        visitor.submit(page, "Confirm", {"password": "a sentence that is long"})

        session.expire_all()
        assert session.scalars(select(LoginSession.token_hash)).one() != known
        assert visitor.get("/account").h1 == "Your account"


class TestFailures:
    @pytest.mark.parametrize(
        ("referer", "path"),
        [
            ("http://[x", "/"),
            ("http://localhost//evil.example/x", "/evil.example/x"),
            ("http://localhost/register", "/register"),
        ],
    )
    def test_a_referer_leads_nowhere_else(self, pages: Pages, referer: str, path: str) -> None:
        page = pages.get("/theme", 405, headers={"Referer": referer})

        assert page.link("Go to the contests" if path == "/" else "Go back") == path

    def test_nothing_there(self, pages: Pages, make: Make) -> None:
        page, known = pages.get("/nowhere", 404), pages.as_(make.account()).get("/nowhere", 404)

        assert page.h1 == "There is nothing at this address"
        assert (page.link("Go to the contests"), page.link("Sign in")) == ("/", "/sign-in")
        assert known.link("See which account this is") == "/account"

    def test_after_the_deadline_it_says_what_is_safe(self, pages: Pages, make: Make, storage: Storage) -> None:
        contest = make.contest("judging")
        entry = make.entry(contest, account=make.account(zone="Africa/Lagos"))
        make.revision(entry, 2)

        page = pages.as_(entry.account).post(f"/contests/{contest.slug}/entry/withdraw", {}, 403, headers=OWN)

        assert page.h1.startswith("This contest closed ")
        assert page.h1.endswith(" ago")
        assert "Nothing is lost. Revision 2, sealed " in page.text()
        assert page.link("See the receipt of revision 2") == f"/contests/{contest.slug}/receipts/2"
        assert page.link("Ask the organiser") == "mailto:team@example.org"
        [label] = [e for e in page.root.iter() if e.get("class") == "label"]
        assert "Tokyo" in page.text(label)
        assert "Lagos" in page.text(label)
        assert page.response.headers["X-Request-ID"] in page.text(label)

    def test_what_was_typed_too_late_stands_beside_the_proof_of_what_counts(self, pages: Pages, make: Make) -> None:
        contest = make.contest("judging")
        entry = make.entry(contest, account=make.account(zone="Africa/Lagos"))
        make.revision(entry, 2)

        page = pages.as_(entry.account).post(f"/contests/{contest.slug}/entry", TYPED, 403, headers=OWN)

        assert "Revision 2, sealed " in page.text()
        assert page.link("See the receipt of revision 2") == f"/contests/{contest.slug}/receipts/2"

    def test_in_the_grace_it_says_why_the_grace_does_not_help(self, pages: Pages, make: Make) -> None:
        contest = make.contest("grace")
        entry = make.entry(contest, state="draft")

        page = pages.as_(entry.account).post(f"/contests/{contest.slug}/entry/submit", {}, 403)

        assert "An upload that began before the close has 30 min more to finish" in page.text()
        assert "Your entry was not submitted, so it is not in the contest." in page.text()
        assert "Nothing is lost" not in page.text()

    def test_after_the_deadline_a_stranger_learns_nothing_of_entries(self, pages: Pages, make: Make) -> None:
        contest = make.contest("judging")
        make.entry(contest)

        page = pages.as_(make.account()).get(f"/contests/{contest.slug}/enter", 403)

        assert "Revision" not in page.text()
        assert page.link("Go to the contest") == f"/en/contests/{contest.slug}"

    def test_what_was_typed_is_shown_as_text_and_never_lost(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(), state="draft")
        visitor = pages.as_(entry.account)
        token = visitor.token()
        _clock(session, entry.account, unused=timedelta(hours=25))

        data = TYPED | {"csrf_token": token, "password": "a secret of mine"}
        page = visitor.post(f"/contests/{entry.contest.slug}/entry", data, 403, headers=OWN)

        assert page.h1 == "You are signed out"
        quotes = ["".join(e.itertext()) for e in page.all("blockquote")]
        assert quotes == [TYPED["title"], TYPED["statement"]]
        assert "a secret of mine" not in page.html

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
            {"Origin": "http://evil.example"},
            {"Referer": "http://evil.example/localhost"},
        ],
    )
    def test_a_form_of_another_site_is_never_shown(self, pages: Pages, make: Make, headers: dict[str, str]) -> None:
        page = pages.post("/contests/x/entry", TYPED | {"csrf_token": "forged"}, 400, headers=headers)

        assert page.h1 == "This form is too old"
        assert "A title of mine" not in page.html

    def test_an_old_form_shows_what_was_typed(self, pages: Pages) -> None:
        page = pages.post(
            "/contests/x/entry", TYPED | {"csrf_token": "old"}, 400, headers={"Origin": "http://localhost"}
        )

        assert TYPED["title"] in page.text()
        assert page.link("Sign in") == "/sign-in"

    @pytest.mark.parametrize("lang, said", [("en", "Number"), ("ja", "番号")])
    def test_the_plain_page_needs_nothing(self, app: Any, lang: str, said: str) -> None:
        with app.test_request_context("/", headers={"Accept-Language": lang}):
            told = failures.Told("A title", "A sentence <b>.", "All is safe.")
            html = failures.plain(503, told, "ABCD").get_data(as_text=True)

        assert f'<html lang="{lang}">' in html
        assert "A sentence &lt;b&gt;." in html
        assert "All is safe." in html
        assert f"{said}: ABCD" in html

    def test_clients_that_ask_on_their_own_are_told_when(self, app: Any) -> None:
        with app.test_request_context("/api/v1/x"):
            waits = {
                status: failures.problem(status, failures.Told("a", "b")).headers.get("Retry-After")
                for status in (404, 429, 503)
            }

        assert waits == {404: None, 429: "600", 503: "60"}
