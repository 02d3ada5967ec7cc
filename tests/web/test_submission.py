"""Contests, entering and the details of an entry, as a visitor without JavaScript meets them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Contest, Entry, EntryFile, Revision, Terms, TermsAcceptance
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.web.reading import alternates, sections, statements, tasks, without_numbers


class TestStartPage:
    def test_lists_what_is_announced_by_phase(self, pages: Pages, make: Make) -> None:
        for phase in ("open", "announced", "judging", "grace"):
            make.contest(phase, title=both(f"The {phase} one"))
        make.contest("draft", title=both("The secret one"))

        page = pages.get("/")

        told = sections(page)
        assert list(told) == ["Open for entries", "Just closed", "Opening soon", "Being judged"]
        assert "The open one" in told["Open for entries"]
        assert "Closes in 1 day 23 h" in told["Open for entries"]
        assert "The secret one" not in page.html

    def test_the_app_team_sees_what_it_prepares(self, pages: Pages, make: Make) -> None:
        contest = make.contest("draft", title=both("The secret one"))
        team, judge = make.member(contest, Role.PUBLISHER), make.member(contest, Role.JUDGE)
        admin, elsewhere = make.account(is_admin=True), make.member(make.contest("draft"), Role.ORGANISER)

        seen = ["The secret one" in pages.as_(account).get("/").html for account in (team, admin, judge, elsewhere)]

        assert seen == [True, True, False, False]

    def test_tells_of_ones_own_entry(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(), state="draft")

        page = pages.as_(entry.account).get("/")

        assert "Your entry" in sections(page)["Open for entries"]
        assert "Draft" in sections(page)["Open for entries"]

    def test_is_there_in_both_languages(self, pages: Pages, make: Make) -> None:
        make.contest(title={"en": "Ferry", "ja": "渡船"})

        english, japanese = pages.get("/en/"), pages.get("/ja/")

        assert (english.root.get("lang"), japanese.root.get("lang")) == ("en", "ja")
        assert ("渡船" in japanese.html, "渡船" in english.html) == (True, False)
        assert alternates(english) == {
            "en": "http://localhost:5000/en/",
            "ja": "http://localhost:5000/ja/",
            "x-default": "http://localhost:5000/",
        }

    def test_without_contests(self, pages: Pages) -> None:
        assert "No contest is announced" in pages.get("/").html

    def test_many_contests_cost_no_morestatements(self, pages: Pages, make: Make, app: Any) -> None:
        account = make.account()
        visitor = pages.as_(account)
        counts = []
        for _ in range(2):
            for phase in ("open", "judging", "announced"):
                make.contest(phase)
            with statements(app) as seen:
                visitor.get("/")
            counts.append(len(seen))

        assert counts[0] == counts[1] <= 12


class TestContestPage:
    def test_says_everything_before_anyone_signs_in(self, pages: Pages, make: Make, app: Any) -> None:
        contest = make.contest(
            slug="ferry",
            title={"en": "A ferry app", "ja": "渡船アプリ"},
            zone="Asia/Tokyo",
            closes_at=datetime(2031, 11, 30, 14, 59, 59, tzinfo=UTC),
        )
        contest.round.due_at = datetime(2031, 12, 16, 3, 0, tzinfo=UTC)

        with statements(app) as seen:
            page = pages.get("/en/contests/ferry")

        assert page.h1 == "A ferry app"
        told = sections(page)
        assert list(told) == [
            "Dates",
            "Brief",
            "What to hand in",
            "How entries are judged",
            "Prizes",
            "Terms",
            "Questions",
        ]
        assert "Sun 30 Nov 2031, 23:59:59" in told["Dates"]
        assert "until Mon 1 Dec 2031, 00:29:59" in told["Dates"]
        assert "until Tue 16 Dec 2031, 12:00:00" in told["Dates"]
        assert "2 judges read each entry, without names" in told["Dates"]
        assert "UTC+09:00" in told["Dates"]
        assert "PNG, JPEG, WebP, GIF, SVG" in told["What to hand in"]
        assert "8 files, 20 MB each" in told["What to hand in"]
        assert "(optional)" in told["What to hand in"]
        assert "50 %ClarityHow well?" in told["How entries are judged"]
        assert "1 of 5Level 1" in told["How entries are judged"]
        assert "Second prize¥100,0002 entries." in told["Prizes"]
        assert "You keep your rights." in told["Terms"]
        assert "team@example.org" in told["Questions"]
        assert alternates(page) == {
            "en": "http://localhost:5000/en/contests/ferry",
            "ja": "http://localhost:5000/ja/contests/ferry",
            "x-default": "http://localhost:5000/contests/ferry",
        }
        assert len(seen) <= 12

    def test_in_japanese_and_in_the_readers_zone(self, pages: Pages, make: Make) -> None:
        make.contest(
            slug="ferry",
            title={"en": "A ferry app", "ja": "渡船アプリ"},
            closes_at=datetime(2031, 11, 30, 14, 59, 59, tzinfo=UTC),
        )
        visitor = pages.as_(make.account(zone="Africa/Lagos"))

        page = visitor.get("/ja/contests/ferry")

        assert (page.h1, page.root.get("lang")) == ("渡船アプリ", "ja")
        assert "2031年11月30日(日) 23:59:59" in page.text()
        assert "2031年11月30日(日) 15:59:59" in page.text()
        assert "ラゴス" in page.text()

    def test_the_address_without_a_language_goes_to_the_readers(self, pages: Pages, make: Make) -> None:
        make.contest(slug="ferry")

        places = [
            visitor.open("/contests/ferry").headers["Location"]
            for visitor in (pages, pages.as_(None, lang="ja"), pages.as_(make.account(locale="ja")))
        ]

        assert places == ["/en/contests/ferry", "/ja/contests/ferry", "/ja/contests/ferry"]

    def test_what_is_not_announced_is_as_what_is_not_there(self, pages: Pages, make: Make) -> None:
        contest = make.contest("draft", slug="secret")
        organiser = make.member(contest, Role.ORGANISER)

        for path in ("/en/contests/%s", "/contests/%s/enter", "/contests/%s/entry", "/contests/%s/receipts/1"):
            for visitor in (pages.as_(make.account()), pages.as_(make.member(contest, Role.JUDGE))):
                found = [visitor.get(path % slug, 404) for slug in ("secret", "nothing")]
                assert without_numbers(found[0].html.replace("secret", "nothing")) == without_numbers(found[1].html)
        assert pages.as_(organiser).get("/en/contests/secret").h1 == contest.title["en"]

    @pytest.mark.parametrize(
        ("phase", "who", "words"),
        [
            ("open", "visitor", "Start an entry"),
            ("open", "account", "Start an entry"),
            ("open", "draft", "Go on with your entry"),
            ("open", "submitted", "Go on with your entry"),
            ("open", "organiser", "Manage this contest"),
            ("open", "judge", None),
            ("open", "withdrawn", "Start an entry"),
            ("announced", "visitor", "Register"),
            ("announced", "account", None),
            ("grace", "draft", "See your entry"),
            ("judging", "submitted", "See your entry"),
            ("judging", "visitor", None),
        ],
    )
    def test_the_one_next_thing(self, pages: Pages, make: Make, phase: str, who: str, words: str | None) -> None:
        contest = make.contest(phase, slug="ferry")
        account = {
            "visitor": lambda: None,
            "account": make.account,
            "organiser": lambda: make.member(contest, Role.ORGANISER),
            "judge": lambda: make.member(contest, Role.JUDGE),
        }.get(who, lambda: make.entry(contest, state=who).account)()

        page = pages.as_(account).get("/en/contests/ferry")

        buttons = [page.text(a) for a in page.by_id("main").iter("a") if "btn" in (a.get("class") or "").split()]
        assert buttons == ([words] if words else [])

    def test_hostile_words_stay_words(self, pages: Pages, make: Make) -> None:
        evil = '"><svg onload=alert(1)>{{7*7}}{0.__class__}'
        contest = make.contest(slug="ferry", title=both(evil))
        contest.summary = contest.brief = contest.host = both(evil)
        contest.contact = evil

        page = pages.get("/en/contests/ferry")

        assert page.h1 == evil
        assert all(element.get("onload") is None for element in page.root.iter())


class TestEntering:
    def test_reads_accepts_and_starts(self, pages: Pages, make: Make, session: Session) -> None:
        contest = make.contest(slug="ferry")
        visitor = pages.as_(make.account())
        page = visitor.get("/contests/ferry/enter")
        assert "You keep your rights." in page.html

        page = visitor.submit(page, "Start the entry", {"accept": "y", "category": str(contest.categories[1].id)})

        assert page.h1 == "Untitled entry"
        entry = session.scalars(select(Entry)).one()
        assert (entry.number, entry.category_id) == (1, contest.categories[1].id)
        assert session.scalar(select(func.count()).select_from(TermsAcceptance)) == 1

    def test_not_without_the_tick(self, pages: Pages, make: Make, session: Session) -> None:
        make.contest(slug="ferry")
        visitor = pages.as_(make.account())

        page = visitor.submit(visitor.get("/contests/ferry/enter"), "Start the entry", status=422)

        assert page.problems == ["Tick the box to accept the terms."]
        assert session.scalar(select(func.count()).select_from(Entry)) == 0

    def test_terms_that_changed_meanwhile_are_shown_again(self, pages: Pages, make: Make, session: Session) -> None:
        contest = make.contest(slug="ferry")
        visitor = pages.as_(make.account())
        page = visitor.get("/contests/ferry/enter")
        session.add(Terms(contest_id=contest.id, version=2, text=both("Now we keep them.")))

        page = visitor.submit(page, "Start the entry", {"accept": "y"}, status=422)

        assert page.problems == ["The terms changed while you read. Read the new version, then accept it."]
        assert "Now we keep them." in page.html
        assert visitor.submit(page, "Start the entry", {"accept": "y"}).h1 == "Untitled entry"

    @pytest.mark.parametrize("terms", ["", "x", "-1", "1e9", "9" * 100, "\0", "²"])
    def test_a_forged_version_is_no_consent(self, pages: Pages, make: Make, terms: str) -> None:
        make.contest(slug="ferry")
        visitor = pages.as_(make.account())

        page = visitor.post("/contests/ferry/enter", {"accept": "y", "terms": terms}, 422)

        assert "The terms changed while you read." in page.problems[0]

    def test_who_has_an_entry_goes_to_it(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft")
        visitor = pages.as_(entry.account)

        assert visitor.open("/contests/ferry/enter").headers["Location"] == "/contests/ferry/entry"
        answer = visitor.post("/contests/ferry/enter", {"accept": "y", "terms": "1"})

        assert answer.headers["Location"] == "/contests/ferry/entry"

    def test_changed_terms_are_accepted_before_submitting(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft")
        session.add(Terms(contest_id=entry.contest_id, version=2, text=both("Now we keep them.")))
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")
        assert tasks(page)["Changed terms"] == "Read and accept"
        page = visitor.submit(page, "Submit revision 1", status=422)
        assert page.problems == ["The terms changed. Read and accept the new version."]

        page = visitor.get(page.link("The terms changed. Read and accept the new version."))
        visitor.submit(page, "Accept the terms", {"accept": "y"})

        page = visitor.submit(visitor.get("/contests/ferry/entry"), "Submit revision 1")
        assert page.h1 == "Received in time"

    def test_a_visitor_signs_in_and_comes_back(self, pages: Pages, make: Make) -> None:
        make.contest(slug="ferry")

        page = pages.get("/contests/ferry/enter")

        assert page.h1 == "Sign in"
        with pages.client.session_transaction() as cookie:
            assert cookie["next"] == "/contests/ferry/enter"

    @pytest.mark.parametrize("phase", ["announced", "grace", "judging"])
    def test_a_closed_door_says_why_and_when(self, pages: Pages, make: Make, phase: str) -> None:
        make.contest(phase, slug="ferry")

        page = pages.as_(make.account()).get("/contests/ferry/enter", 403)

        closed = r"This contest closed .+ ago"
        assert re.fullmatch({"announced": "This contest is not open yet"}.get(phase, closed), page.h1)
        assert re.search(r"\d\d:\d\d:\d\d", page.text(page.all("main")[0]))


class TestDetails:
    @pytest.fixture
    def entry(self, make: Make) -> Entry:
        return make.entry(
            make.contest(slug="ferry"), state="draft", files=0, title="", statement="", declaration="", credit=""
        )

    WORDS = {"title": "Tide Line", "statement": "One.\r\n\r\nTwo.", "declaration": "None", "credit": "Studio Ọlá"}

    def test_are_saved_half_filled_and_whole(self, pages: Pages, entry: Entry) -> None:
        visitor = pages.as_(entry.account)
        page = visitor.submit(visitor.get("/contests/ferry/entry"), "Save the details", {"title": " Tide  Line "})
        assert page.h1 == "Tide Line"
        assert tasks(page)["Details and credit"] == "2 fields to fill in"

        page = visitor.submit(page, "Save the details", self.WORDS)

        assert (tasks(page)["Details and credit"], tasks(page)["Declaration"]) == ("Done", "Done")
        assert page.form("Save the details")[1]["statement"] == "One.\n\nTwo."

    def test_two_tabs_show_both_texts_and_lose_neither(self, pages: Pages, entry: Entry) -> None:
        visitor = pages.as_(entry.account)
        first, second = visitor.get("/contests/ferry/entry"), visitor.get("/contests/ferry/entry")
        visitor.submit(first, "Save the details", {"title": "From the first", "statement": "Stored words."})

        page = visitor.submit(
            second, "Save the details", {"title": "From the second", "statement": "Typed words."}, status=409
        )

        assert page.form("Save the details")[1]["statement"] == "Typed words."
        assert "Stored now" in page.html
        assert "Stored words." in page.text()
        assert "saved this first" in page.problems[0]
        page = visitor.submit(page, "Save the details")
        assert page.h1 == "From the second"

    def test_a_double_click_is_no_conflict(self, pages: Pages, entry: Entry) -> None:
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")

        answers = [visitor.submit(page, "Save the details", self.WORDS).h1 for _ in range(2)]

        assert answers == ["Tide Line", "Tide Line"]

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("title", "x" * 121, "Use at most 120 characters; now there are 121."),
            ("statement", "字" * 3001, "Use at most 3,000 characters; now there are 3,001."),
            ("declaration", "x" * 3001, "Use at most 3,000 characters; now there are 3,001."),
            ("credit", "x" * 121, "Use at most 120 characters; now there are 121."),
            ("title", "a\0b", "This holds a character that cannot be used."),
            ("statement", "a\0b", "This holds a character that cannot be used."),
            ("credit", "a\0b", "This holds a character that cannot be used."),
            ("declaration", "a\0b", "This holds a character that cannot be used."),
            ("category", "not an id", "Choose a category."),
            ("category", "\0", "Choose a category."),
            ("category", "00000000-0000-0000-0000-000000000000", "Choose a category."),
        ],
    )
    def test_bad_input_is_said_at_its_field(
        self, pages: Pages, entry: Entry, field: str, value: str, sentence: str
    ) -> None:
        visitor = pages.as_(entry.account)

        page = visitor.submit(
            visitor.get("/contests/ferry/entry"), "Save the details", {**self.WORDS, field: value}, status=422
        )

        assert page.problems == [sentence]

    def test_quotes_breaks_and_markup_stay_words(self, pages: Pages, entry: Entry) -> None:
        visitor = pages.as_(entry.account)

        page = visitor.submit(
            visitor.get("/contests/ferry/entry"),
            "Save the details",
            {"title": 'a"b\r\nSet-Cookie: x', "credit": '"><script>alert(1)</script>{{7*7}}', "statement": "{{7*7}}"},
        )

        data = page.form("Save the details")[1]
        assert (data["title"], data["credit"]) == ('a"b Set-Cookie: x', '"><script>alert(1)</script>{{7*7}}')
        assert data["statement"] == "{{7*7}}"

    def test_extra_fields_change_nothing_else(self, pages: Pages, entry: Entry, session: Session) -> None:
        visitor = pages.as_(entry.account)
        number, owner = entry.number, entry.account_id

        visitor.submit(
            visitor.get("/contests/ferry/entry"),
            "Save the details",
            {**self.WORDS, "state": "submitted", "number": "1", "account_id": str(entry.contest.created_by)},
        )

        session.refresh(entry)
        assert (entry.state, entry.number, entry.account_id) == ("draft", number, owner)

    def test_in_the_readers_language(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), make.account(locale="ja"), state="draft")

        page = pages.as_(entry.account, lang="ja").get("/contests/ferry/entry")

        assert page.root.get("lang") == "ja"


def test_reading_changes_nothing(pages: Pages, make: Make, session: Session, database: Any) -> None:
    entry = make.entry(make.contest(slug="ferry"), state="draft")
    visitor = pages.as_(entry.account)

    def counts() -> list[Any]:
        session.rollback()
        return [
            session.scalar(select(func.count()).select_from(table)) for table in (Entry, EntryFile, Contest, Revision)
        ]

    before = counts()
    for path in (
        "/",
        "/en/",
        "/en/contests/ferry",
        "/contests/ferry/entry",
        "/contests/ferry/entry/files",
        "/contests/ferry/entry/withdraw",
        "/receipts/check",
    ):
        visitor.open(path)

    assert counts() == before
