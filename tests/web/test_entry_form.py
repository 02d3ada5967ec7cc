"""Without JavaScript the entry's page is one form: each button keeps all that was typed. And what the grace is for."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.db import Database
from contest.models import Contest, Entry, EntryFile
from contest.storage import Storage
from tests.factories import Make
from tests.pages import Page, Pages
from tests.pictures import png

PAGE = "/contests/ferry/entry"
RULE = (
    "An upload that began before the close has 30 min more to finish, be described and be submitted. "
    "Nothing else may change after the close: save all details and begin every upload before it."
)


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest(slug="ferry"), state="draft", files=0)


@pytest.fixture
def rows(make: Make, entry: Entry) -> tuple[EntryFile, EntryFile]:
    return make.file(entry, name="a.png"), make.file(entry, name="b.png", alt="")


def typed(rows: tuple[EntryFile, EntryFile], **more: object) -> dict[str, object]:
    return {"title": "Typed anew", f"{rows[1].id}.alt": "A map."} | more


class TestOneForm:
    @pytest.mark.parametrize(
        ("button", "said"),
        [
            ("Send Screens", ["The files have arrived. We check them now."]),
            ("Send the new file for a.png", ["The files have arrived. We check them now."]),
            ("Save the sentence for a.png", []),
            ("Remove a.png", ["a.png is removed."]),
            ("Save the details", []),
        ],
    )
    def test_each_button_keeps_what_was_typed(
        self,
        pages: Pages,
        session: Session,
        entry: Entry,
        rows: tuple[EntryFile, EntryFile],
        button: str,
        said: list[str],
    ) -> None:
        visitor = pages.as_(entry.account)
        place = f"file.screens.{rows[0].id}" if "new file" in button else "file.screens"
        files = {place: (io.BytesIO(png()), "c.png")} if button.startswith("Send") else {}

        page = visitor.submit(visitor.get(PAGE), button, typed(rows, **files))

        told = [page.text(sentence) for sentence in page.by_id("said").iter("p")]
        assert sorted(told) == sorted({*said, "The details are saved.", "The sentence is saved."})
        assert (entry.title, rows[1].alt) == ("Typed anew", "A map.")
        sent = session.scalars(select(EntryFile.name).where(EntryFile.state == "received")).all()
        assert sent == (["c.png"] if files else [])

    def test_submitting_seals_what_was_typed(
        self, pages: Pages, entry: Entry, rows: tuple[EntryFile, EntryFile]
    ) -> None:
        visitor = pages.as_(entry.account)

        page = visitor.submit(visitor.get(PAGE), "Submit revision 1", typed(rows))

        assert page.h1 == "Received in time"
        assert "Typed anew" in page.text()

    def test_a_part_that_cannot_be_kept_keeps_no_other_out(
        self, pages: Pages, session: Session, entry: Entry, rows: tuple[EntryFile, EntryFile]
    ) -> None:
        visitor = pages.as_(entry.account)
        given = typed(rows, title="x" * 121, **{"file.screens": (io.BytesIO(png()), "c.png")})

        page = visitor.submit(visitor.get(PAGE), "Remove a.png", given, status=422)

        assert page.problems == ["Use at most 120 characters; now there are 121."]
        assert page.by_id("title").get("value") == "x" * 121
        assert rows[1].alt == "A map."
        assert session.scalars(select(EntryFile.name).where(EntryFile.state == "received")).one() == "c.png"
        # The act itself waits until everything is kept.
        assert rows[0].removed_at is None

    def test_nothing_is_sealed_over_what_another_tab_saved(
        self, pages: Pages, entry: Entry, rows: tuple[EntryFile, EntryFile]
    ) -> None:
        visitor = pages.as_(entry.account)
        old = visitor.get(PAGE)
        visitor.submit(old, "Save the details", {"title": "From the other tab"})

        page = visitor.submit(old, "Submit revision 1", typed(rows), status=409)

        assert "From the other tab" in page.text()
        assert page.by_id("title").get("value") == "Typed anew"
        assert (entry.state, entry.title) == ("draft", "From the other tab")

    def test_nobody_else_finds_any_of_it(self, pages: Pages, make: Make, entry: Entry) -> None:
        stranger = pages.as_(make.account())
        row = make.file(entry)

        for path in ("", "/files", f"/files/{row.id}", f"/files/{row.id}/remove", "/submit"):
            stranger.post(f"{PAGE}{path}", {"version": "1", f"{row.id}.alt": "Mine"}, 404)

    @pytest.mark.parametrize("act", ["files", "files/{other}", "files/{other}/remove"])
    def test_a_form_about_another_entrys_file_leaves_nothing_in_the_store(
        self, pages: Pages, make: Make, storage: Storage, entry: Entry, act: str
    ) -> None:
        """What gets no row stays in the store for a day, and counts for no quota."""
        other = make.file(make.entry(entry.contest, state="draft", files=0))
        before = {each.key for each in storage.list("incoming/")}
        sentence = {f"{other.id}.alt": "Mine"} if act == "files" else {}
        form = {"file.screens": (io.BytesIO(png()), "c.png"), **sentence}

        pages.as_(entry.account).post(f"{PAGE}/{act.format(other=other.id)}", form, 404)

        assert {each.key for each in storage.list("incoming/")} == before

    def test_no_row_is_locked_while_bytes_move(
        self, app: Any, database: Database, pages: Pages, session: Session, make: Make
    ) -> None:
        """Else a slow store would keep the organiser from moving the deadline."""
        slots = [{"key": key, "kinds": ["png"], "max_files": 2} for key in ("screens", "details")]
        entry = make.entry(make.contest(slug="ferry", deliverables=slots), state="draft", files=0)
        visitor = pages.as_(entry.account)
        page = visitor.get(PAGE)
        free: list[int] = []

        def look(**_sent: object) -> None:
            with database.unit_of_work() as own:
                free.append(len(own.scalars(select(Contest.id).with_for_update(skip_locked=True)).all()))

        events = app.extensions["contest.storage"]._client("server").meta.events
        events.register("before-send.s3.PutObject", look)
        try:
            files = {f"file.{slot['key']}": (io.BytesIO(png()), f"{slot['key']}.png") for slot in slots}
            visitor.submit(page, "Save the details", files)
        finally:
            events.unregister("before-send.s3.PutObject", look)

        assert free == [1, 1]
        assert session.scalars(select(EntryFile.name).order_by(EntryFile.position)).all() == [
            "screens.png",
            "details.png",
        ]


class TestGrace:
    @pytest.fixture
    def late(self, make: Make) -> Entry:
        """A draft without a statement, whose upload began in time and is checked in the grace."""
        contest = make.contest("grace", slug="ferry")
        entry = make.entry(contest, state="draft", files=0, statement="")
        make.file(entry, created_at=contest.closes_at - timedelta(minutes=1))
        return entry

    def test_the_rule_is_told_in_the_same_words_everywhere(self, pages: Pages, make: Make, entry: Entry) -> None:
        visitor = pages.as_(entry.account)
        open_ = [visitor.get("/en/contests/ferry"), visitor.get(PAGE)]
        entry.contest.closes_at = datetime.now(UTC) - timedelta(minutes=5)
        closed = [visitor.get("/en/contests/ferry"), visitor.submit(open_[1], "Submit revision 1", status=403)]

        assert [RULE in page.text() for page in (*open_, *closed)] == [True] * 4

    def test_words_that_were_missing_at_the_close_are_told_and_cannot_be_typed(self, pages: Pages, late: Entry) -> None:
        visitor = pages.as_(late.account)

        page = visitor.get(PAGE)

        (note,) = (one for one in page.all("div") if (one.get("class") or "").startswith("note stop"))
        assert "can no longer be submitted" in page.text(note)
        assert [page.text(each) for each in note.iter("li")] == ["Statement"]
        assert RULE in page.text(note)
        assert "Your entry was not submitted. Your draft is kept." in page.text()
        assert not [one for one in page.all("button") if "Submit" in page.text(one)]
        visitor.post(f"{PAGE}/submit", {}, 422)
        refused = visitor.post(PAGE, {"version": "1", "title": "Late" * 40, "statement": "Later"}, 403)
        assert [refused.text(each) for each in refused.all("blockquote")] == ["Late" * 40, "Later"]

    def test_what_came_too_late_keeps_out_nothing_that_came_in_time(
        self, pages: Pages, make: Make, session: Session
    ) -> None:
        """Words are late, a sealed file's sentence too; the sentence of the upload that began in time is not."""
        contest = make.contest("grace", slug="ferry")
        late = make.entry(contest, statement="Sealed.")
        (before,) = late.files
        fresh = make.file(late, alt="", created_at=contest.closes_at - timedelta(minutes=1))

        page = pages.as_(late.account).post(
            f"{PAGE}/files/{fresh.id}",
            {
                "version": str(late.version),
                "statement": "Too late",
                f"{fresh.id}.alt": "In time.",
                f"{fresh.id}.was": fresh.alt,
                f"{before.id}.alt": "Late too.",
                f"{before.id}.was": before.alt,
            },
            403,
        )

        session.expire_all()
        assert (fresh.alt, before.alt == "Late too.", late.statement) == ("In time.", False, "Sealed.")
        lost = [page.text(each) for each in page.all("blockquote")]
        assert lost == ["Too late", "Late too."]
        assert "Revision 1, sealed" in page.text()
        assert [one for one in page.all("button") if "Submit revision 2" in page.text(one)]

    def test_a_page_from_before_the_close_still_submits(self, pages: Pages, make: Make, entry: Entry) -> None:
        row = make.file(entry)
        visitor = pages.as_(entry.account)
        page = visitor.get(PAGE)
        entry.contest.closes_at = row.created_at + timedelta(microseconds=1)

        changed = visitor.submit(page, "Submit revision 1", {"title": "Too late"}, status=403)
        shown: Page = visitor.submit(page, "Submit revision 1")

        assert [changed.text(each) for each in changed.all("blockquote")] == ["Too late"]
        assert shown.h1 == "Received within the grace"
        assert entry.title != "Too late"
