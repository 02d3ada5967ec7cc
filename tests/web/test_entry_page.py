"""The entry's page as a visitor without JavaScript meets it: submitting, leaving; and receipts."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Entry, EntryFile, MailMessage, Receipt, Revision
from contest.services import admissions
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.pictures import png
from tests.web.reading import sections, statements, tasks

Run = Callable[[], list[str]]
WORDS = {"title": "Tide Line", "statement": "One.\r\n\r\nTwo.", "declaration": "None", "credit": "Studio Ọlá"}


class TestWholeJourney:
    def test_from_the_start_page_to_a_checked_receipt(
        self, pages: Pages, make: Make, session: Session, run_jobs: Run
    ) -> None:
        contest = make.contest(slug="ferry")
        account = make.account(email="ada@example.org", zone="Africa/Lagos")
        visitor = pages.as_(account)
        page = visitor.get(visitor.get(visitor.get("/").link(contest.title["en"])).link("Start an entry"))
        page = visitor.submit(page, "Start the entry", {"accept": "y", "category": str(contest.categories[0].id)})
        page = visitor.submit(page, "Save the details", WORDS)
        url, data = page.form("Send Screens")
        page = visitor.post(
            url,
            {**data, "file.screens": [(io.BytesIO(png()), "画面 1.png"), (io.BytesIO(png(80, 60)), "two.png")]},
            follow=True,
        )
        assert tasks(page)["Screens"] == "Checking"
        assert "Reload to see how far the check is" in page.html
        run_jobs()
        page = visitor.get("/contests/ferry/entry")
        assert tasks(page)["Screens"] == "2 of 8, 2 to look at"
        for number, row in enumerate(session.scalars(select(EntryFile).order_by(EntryFile.position)).all(), 1):
            page = visitor.submit(page, f"Save the sentence for {row.name}", {f"{row.id}.alt": f"Screen {number}."})
        assert tasks(page)["Check and submit"] == "Ready to submit"

        page = visitor.submit(page, "Submit revision 1")

        assert page.h1 == "Received in time"
        run_jobs()
        message = session.scalars(select(MailMessage)).one()
        assert (message.address, "R-0001-1" in message.subject) == ("ada@example.org", True)
        saved = visitor.open(page.link("Save the receipt’s file"))
        assert saved.headers["Content-Disposition"] == 'attachment; filename="R-0001-1.json"'
        stranger = pages.as_(None)
        page = stranger.submit(
            stranger.get("/receipts/check"), "Check the receipt", {"text": saved.get_data(as_text=True)}, status=200
        )
        assert "Valid. This site signed exactly this receipt." in page.html
        assert "画面 1.png" in page.html
        page = visitor.get("/contests/ferry/entry")
        assert tasks(page)["Check and submit"] == "Done"
        assert "1, judges see this" in sections(page)["Revisions"]


class TestSubmitting:
    def test_what_is_missing_is_listed_with_links(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0, statement="")
        silent = make.file(entry, alt="", name="02-map.png")
        visitor = pages.as_(entry.account)

        page = visitor.submit(visitor.get("/contests/ferry/entry"), "Submit revision 1", status=422)

        assert page.problems == [
            "Write the statement.",
            "02-map.png: Write one sentence for those who cannot see the picture.",
        ]
        for words, target in (
            ("Write the statement.", "statement"),
            ("Write one sentence for those who cannot see the picture.", f"alt-{silent.id}"),
        ):
            assert page.link(words).endswith(f"#{target}")
            assert page.by_id(target) is not None

    def test_every_gap_links_to_something_on_the_page(self, pages: Pages, make: Make) -> None:
        entry = make.entry(
            make.contest(slug="ferry"), state="draft", files=0, title="", statement="", declaration="", credit=""
        )
        make.file(entry, state="expected")
        make.file(entry, state="received")
        entry.category_id = None

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        box = next(div for div in page.all("div") if div.get("data-live") == "submit")
        targets = [str(a.get("href")).removeprefix("#") for a in box.iter("a")]
        assert len(targets) == 7
        for target in targets:
            page.by_id(target)

    def test_a_second_click_leads_to_the_receipt(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft")
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")

        shown = [visitor.submit(page, "Submit revision 1") for _ in range(2)]

        assert [each.url for each in shown] == ["/contests/ferry/receipts/1"] * 2
        assert "Nothing has changed since the last revision." in shown[1].html
        assert session.scalar(select(func.count()).select_from(Revision)) == 1

    def test_one_second_after_the_deadline(self, pages: Pages, make: Make, session: Session) -> None:
        contest = make.contest(slug="ferry", grace_seconds=0)
        entry = make.entry(contest, state="draft", title="Kept")
        row = make.file(entry)
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")
        contest.closes_at = datetime.now(UTC) - timedelta(seconds=1)

        for button in ("Save the details", "Submit revision 1", f"Remove {row.name}"):
            url, data = page.form(button)
            typed = {"title": "Late"} if button == "Save the details" else {}
            refused = visitor.post(url, {**data, **typed}, 403, headers={"Accept": "text/html"})
            (box,) = (one for one in refused.all("div") if (one.get("class") or "").startswith("problem"))
            told = refused.text(box)
            assert told.startswith("What you sent now is not saved The contest closed at ")
            assert len(set(re.findall(r"\d\d:\d\d:\d\d", told))) == 2
            assert "Your entry was not submitted, so it is not in the contest." in told
            lost = [refused.text(each) for each in refused.all("blockquote")]
            assert lost == list(typed.values())
        url, data = page.form("Send Screens")
        page = visitor.post(url, {**data, "file.screens": (io.BytesIO(png()), "late.png")}, 403)
        assert "late.png: It came after the close." in page.text()
        visitor.get("/contests/ferry/entry/withdraw", 403)
        visitor.post("/contests/ferry/entry/withdraw", {}, 403)

        session.expire_all()
        assert (entry.state, entry.title, len(entry.files)) == ("draft", "Kept", 2)
        page = visitor.get("/contests/ferry/entry")
        assert "Your entry was not submitted. Your draft is kept." in page.html
        assert not [form for form in page.all("form") if "/entry" in (form.get("action") or "")]

    def test_within_the_grace_the_page_says_so(self, pages: Pages, make: Make) -> None:
        contest = make.contest("grace", slug="ferry")
        entry = make.entry(contest, state="draft", files=0)
        make.file(entry, created_at=contest.closes_at - timedelta(minutes=1))
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")
        assert "An upload of yours began before the close." in page.html

        page = visitor.submit(page, "Submit revision 1")

        assert page.h1 == "Received within the grace"
        assert "sealed within the grace of 30 min" in page.html

    def test_the_page_costs_few_statements_however_many_files(self, pages: Pages, make: Make, app: Any) -> None:
        entry = make.entry(make.contest(slug="ferry"), files=1)
        visitor = pages.as_(entry.account)
        counts = []
        for _ in range(2):
            with statements(app) as seen:
                visitor.get("/contests/ferry/entry")
            counts.append(len(seen))
            for _ in range(6):
                make.file(entry)

        assert counts[0] == counts[1] <= 12

    @pytest.mark.parametrize(
        ("words", "files", "sentence"),
        [
            ({"title": ""}, 1, "Fill in the details, then check and submit."),
            ({"declaration": ""}, 0, "Write the declaration, then send files for “Screens”."),
            ({}, 1, "Check and submit."),
        ],
    )
    def test_says_the_one_next_thing(
        self, pages: Pages, make: Make, words: dict[str, str], files: int, sentence: str
    ) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=files, **words)

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        head = next(div for div in page.all("div") if div.get("data-live") == "headline")
        assert page.text(list(head)[1]) == sentence
        for link in head.iter("a"):
            page.by_id(str(link.get("href")).removeprefix("#"))

    def test_what_will_be_sealed_can_be_read_once_more(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", title="Tide <Line>", credit="")

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        box = next(div for div in page.all("div") if div.get("data-live") == "answers")
        told = {
            page.text(row.find("dt")): page.text(row.find("dd"))
            for row in box.iter("div")
            if row.find("dt") is not None
        }
        assert (told["Title of the entry"], told["Credit"], told["Screens"]) == ("Tide <Line>", "Not yet", "1 file")
        for link in box.iter("a"):
            page.by_id(str(link.get("href")).removeprefix("#"))

    @pytest.mark.parametrize(
        ("phase", "state", "sentence"),
        [
            ("open", "withdrawn", "You may enter again until the close."),
            ("judging", "disqualified", "it cannot win a prize"),
            ("judging", "submitted", "Judges look at revision 1, exactly as you sealed it."),
            ("judging", "draft", "What was not submitted by then does not take part."),
        ],
    )
    def test_where_nothing_can_be_done_the_page_says_what_holds(
        self, pages: Pages, make: Make, session: Session, phase: str, state: str, sentence: str
    ) -> None:
        entry = make.entry(make.contest(phase, slug="ferry"), state="draft")
        if state != "draft":
            make.revision(entry)
            entry.submitted_at = datetime.now(UTC)
            entry.state, entry.changed_at = state, None
            entry.withdrawn_at = entry.submitted_at if state == "withdrawn" else None
        session.flush()

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        assert sentence in page.text()
        assert not {"What to do", "Check and submit", "Leave the contest"} & set(sections(page))
        assert not [form for form in page.all("form") if "/entry" in (form.get("action") or "")]

    def test_the_reason_of_a_disqualification_is_told_while_it_holds(
        self, pages: Pages, make: Make, session: Session
    ) -> None:
        contest = make.contest("judging", slug="ferry")
        entry = make.entry(contest)
        organiser = make.actor(make.member(contest, Role.ORGANISER))
        entrant = pages.as_(entry.account)
        session.flush()

        admissions.disqualify(session, organiser, "ferry", entry.number, reason="Copied <from> another.")
        session.flush()
        text = entrant.get("/contests/ferry/entry").text()
        assert "The reason is:Copied <from> another." in text
        admissions.reinstate(session, organiser, "ferry", entry.number)
        session.flush()
        assert "Copied" not in entrant.get("/contests/ferry/entry").text()

    @pytest.mark.parametrize(("phase", "word"), [("judging", "Judges will see"), ("published", "Judges saw")])
    def test_what_judges_see_or_saw(self, pages: Pages, make: Make, session: Session, phase: str, word: str) -> None:
        contest = make.contest("judging", slug="ferry")
        entry = make.entry(contest)
        entry.changed_at, contest.published_at = None, datetime.now(UTC) if phase == "published" else None
        session.flush()

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        assert f"Revision 1 is sealed. {word} exactly that." in page.text()

    def test_an_entry_that_nobody_started(self, pages: Pages, make: Make) -> None:
        make.contest(slug="ferry")

        pages.as_(make.account()).get("/contests/ferry/entry", 404)


class TestLeaving:
    def test_asks_once_more_then_withdraws(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"))
        visitor = pages.as_(entry.account)
        page = visitor.get(visitor.get("/contests/ferry/entry").link("Withdraw this entry"))
        assert (page.h1, entry.state) == ("Withdraw your entry?", "submitted")

        page = visitor.submit(page, "Withdraw the entry")

        session.refresh(entry)
        assert entry.state == "withdrawn"
        assert "Your entry is withdrawn. Judges will not see it." in page.html
        page = visitor.get("/contests/ferry/entry")
        assert "You withdrew this entry." in page.html
        assert page.link("Start a new entry").endswith("/contests/ferry/enter")


class TestReceipts:
    @pytest.fixture
    def entry(self, make: Make, pages: Pages) -> Entry:
        made = make.entry(make.contest(slug="ferry"), make.account(zone="Africa/Lagos"), state="draft")
        visitor = pages.as_(made.account)
        visitor.submit(visitor.get("/contests/ferry/entry"), "Submit revision 1")
        return made

    def test_tells_three_times_in_three_zones(self, pages: Pages, entry: Entry, session: Session) -> None:
        sealed = session.scalars(select(Revision.sealed_at)).one()

        page = pages.as_(entry.account).get("/contests/ferry/receipts/1")

        text = page.text(page.all("main")[0])
        for moment in (sealed, sealed + timedelta(hours=9), sealed + timedelta(hours=1)):
            assert f"{moment:%H:%M:%S}" in text
        assert (text.count("Lagos"), text.count("UTC ")) == (3, 3)
        signed = session.scalars(select(Receipt.payload)).one()
        assert hashlib.sha256(signed.encode()).hexdigest() in text.replace(" ", "")
        digest = entry.files[0].sha256
        assert digest is not None
        assert " ".join("".join(page.root.itertext()).split()).replace(" ", "").count(digest.hex()) == 1

    def test_is_for_its_entrant_alone(self, pages: Pages, make: Make, entry: Entry) -> None:
        other = make.entry(entry.contest, state="draft").account

        for account in (other, make.member(entry.contest, Role.ORGANISER), make.account()):
            pages.as_(account).get("/contests/ferry/receipts/1", 404)
            assert pages.as_(account).open("/contests/ferry/receipts/1.json").status_code == 404

    def test_the_file_can_be_checked_by_upload(self, pages: Pages, entry: Entry) -> None:
        body = pages.as_(entry.account).open("/contests/ferry/receipts/1.json").get_data()

        page = pages.post("/receipts/check", {"file": (io.BytesIO(body), "r.json")}, 200)

        assert "Valid. This site signed exactly this receipt." in page.html

    def test_a_changed_one_and_a_foreign_one(self, pages: Pages, entry: Entry) -> None:
        whole = json.loads(pages.as_(entry.account).open("/contests/ferry/receipts/1.json").get_data())
        changed = {**whole, "payload": {**whole["payload"], "revision": 9}}
        foreign = {**whole, "key_id": "0" * 16}

        found = [pages.post("/receipts/check", {"text": json.dumps(each)}, 200) for each in (changed, foreign)]

        assert "Changed. This is not what this site signed." in found[0].html
        assert "Unknown key. This site never signed with it." in found[1].html
        assert whole["payload"]["entry"]["title"] not in found[0].html.partition("<form")[0]

    @pytest.mark.parametrize("text", ["", "x", "{}", "\0", "{" * 50_000, '"><svg onload=alert(1)>'])
    def test_what_is_no_receipt(self, pages: Pages, text: str) -> None:
        page = pages.post("/receipts/check", {"text": text}, 422)

        assert page.problems == ["This is not the text of a receipt. Paste the whole text, from { to }."]

    def test_needs_its_token(self, pages: Pages) -> None:
        assert pages.open("/receipts/check", method="POST", data={"text": "x"}).status_code == 400


def test_previews_are_for_the_entrant_and_the_app_team(
    pages: Pages, make: Make, session: Session, storage: Storage
) -> None:
    entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
    row = make.file(entry, body=png(), storage=storage)
    path = f"/previews/{row.previews[0].id}"
    allowed = [entry.account, make.member(entry.contest, Role.PUBLISHER)]
    others = [make.entry(entry.contest).account, make.member(entry.contest, Role.JUDGE), make.account()]

    statuses = [pages.as_(account).open(path).status_code for account in (*allowed, *others)]

    assert statuses == [200, 200, 404, 404, 404]
    answer = pages.as_(entry.account).open(path)
    assert (answer.mimetype, answer.headers["Content-Disposition"]) == ("image/webp", "inline")
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    again = pages.as_(entry.account).open(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
