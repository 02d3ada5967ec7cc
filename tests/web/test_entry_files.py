"""The files on the entry's page as a visitor without JavaScript meets them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import EntryFile
from tests.factories import Make
from tests.pages import Pages
from tests.pictures import png
from tests.web.reading import without_numbers

Run = Callable[[], list[str]]


class TestFiles:
    def test_previews_under_way(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        queued = make.file(entry, name="queued.png", preview_state="pending", previews=False)
        queued.preview_pages = 0
        working = make.file(entry, "document", name="long.pdf", kind="pdf", preview_state="pending", preview_done=3)
        working.preview_pages = 23
        visitor = pages.as_(entry.account)

        page = visitor.get("/contests/ferry/entry")

        assert "The file waits for its preview." in page.text(page.by_id(f"file-{queued.id}"))
        assert "3 of 23 pages have a preview." in page.text(page.by_id(f"file-{working.id}"))
        (bar,) = page.by_id(f"file-{working.id}").iter("progress")
        assert (bar.get("max"), bar.get("value")) == ("23", "3")
        assert len(list(page.by_id(f"file-{working.id}").iter("img"))) == 1
        assert not list(page.by_id(f"file-{queued.id}").iter("img"))

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            ("pending", None),
            ("icon", "nothing_inside"),
            ("damaged", "truncated"),
            ("failed", "crashed"),
            ("refused", "bomb"),
        ],
    )
    def test_no_preview_ever_keeps_an_entry_out(
        self, pages: Pages, make: Make, session: Session, state: str, reason: str | None
    ) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        make.file(
            entry, kind="psd", preview_state=state, preview_reason=reason, alt="" if state == "icon" else "A map."
        )
        visitor = pages.as_(entry.account)

        page = visitor.submit(visitor.get("/contests/ferry/entry"), "Submit revision 1")

        assert page.h1 == "Received in time"

    def test_each_state_says_what_happened_and_the_cure(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        wanted = {
            "ready.png": make.file(entry, name="ready.png"),
            "silent.png": make.file(entry, name="silent.png", alt=""),
            "coming.png": make.file(entry, name="coming.png", state="expected"),
            "checked.png": make.file(entry, name="checked.png", state="received"),
            "refused.png": make.file(entry, name="refused.png", state="rejected", reason="kind"),
            "damaged.png": make.file(entry, name="damaged.png", preview_state="damaged", preview_reason="truncated"),
            "failed.png": make.file(
                entry, name="failed.png", preview_state="failed", preview_reason="unreadable", previews=False
            ),
        }

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        told = {name: page.text(page.by_id(f"file-{row.id}")) for name, row in wanted.items()}
        for name, state, sentence in (
            ("ready.png", "Ready", "A screen with a map."),
            ("silent.png", "Ready, no text yet", "One sentence is needed before you submit."),
            ("coming.png", "Not finished", "choose the same file again to go on"),
            ("checked.png", "Checking", "The whole file has arrived."),
            ("refused.png", "Refused", "is not a type that this slot takes"),
            ("damaged.png", "Damaged", "The file ends too early."),
            ("failed.png", "No preview", "Export it again and replace it."),
        ):
            assert state in told[name], told[name]
            assert sentence in told[name], told[name]

    def test_names_are_shown_so_that_they_cannot_deceive(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        make.file(entry, name='gpj.\u202eexe <img src=x onerror="1">.png')

        page = pages.as_(entry.account).get("/contests/ferry/entry")

        names = [page.text(bdi) for bdi in page.all("bdi")]
        assert 'gpj.\ufffdexe <img src=x onerror="1">.png' in names
        assert "\u202e" not in page.html

    def test_remove_and_describe_by_plain_forms(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        row = make.file(entry, name="a.png", alt="")
        visitor = pages.as_(entry.account)
        page = visitor.submit(
            visitor.get("/contests/ferry/entry"), "Save the sentence for a.png", {f"{row.id}.alt": "A  map.\r\n"}
        )
        assert "Description for people who cannot see it: “A map.”" in page.html

        page = visitor.submit(page, "Remove a.png")

        assert "a.png is removed." in page.html
        session.refresh(row)
        assert row.removed_at is not None

    def test_replace_by_a_plain_form(self, pages: Pages, make: Make, session: Session, run_jobs: Run) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        old, last = make.file(entry, name="old.png"), make.file(entry, name="last.png")
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")

        url, data = page.form("Send the new file for old.png")
        page = visitor.post(url, {**data, f"file.screens.{old.id}": (io.BytesIO(png()), "new.png")}, follow=True)

        new = session.scalars(select(EntryFile).where(EntryFile.name == "new.png")).one()
        assert "It stays until new.png has passed the check." in page.text(page.by_id(f"file-{old.id}"))
        assert "It takes the place of old.png" in page.text(page.by_id(f"file-{new.id}"))
        run_jobs()
        page = visitor.get("/contests/ferry/entry")
        rows = [li.get("id") for li in page.all("li") if (li.get("id") or "").startswith("file-")]
        assert rows == [f"file-{new.id}", f"file-{last.id}"]

    def test_a_replacement_whose_file_went_in_another_tab_is_kept(
        self, pages: Pages, make: Make, session: Session
    ) -> None:
        slots = [{"key": "screens", "kinds": ["png"], "max_files": 2}]
        entry = make.entry(make.contest(slug="ferry", deliverables=slots), state="draft", files=0)
        old, last = make.file(entry, name="old.png"), make.file(entry, name="last.png")
        visitor = pages.as_(entry.account)
        url, data = visitor.get("/contests/ferry/entry").form("Send the new file for old.png")
        page = visitor.post(f"/contests/ferry/entry/files/{old.id}/remove", follow=True)
        assert "old.png is removed." in page.html

        page = visitor.post(url, {**data, f"file.screens.{old.id}": (io.BytesIO(png()), "new.png")}, follow=True)

        assert "The file that it should replace was removed meanwhile." in page.html
        new = session.scalars(select(EntryFile).where(EntryFile.name == "new.png")).one()
        rows = [li.get("id") for li in page.all("li") if (li.get("id") or "").startswith("file-")]
        assert rows == [f"file-{new.id}", f"file-{last.id}"]
        # Where its place is taken by now, it is refused in words, on the entry's page.
        visitor.post(f"/contests/ferry/entry/files/{new.id}/remove", follow=True)
        make.file(entry, name="third.png")
        page = visitor.post(url, {**data, f"file.screens.{old.id}": (io.BytesIO(png(80, 60)), "more.png")}, 422)
        assert page.problems == ["more.png: This slot is full. Remove a file first."]

    def test_a_second_tab_removes_and_describes_what_is_gone(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        row = make.file(entry, name="a.png", alt="")
        other = make.file(make.entry(entry.contest, state="draft", files=0))
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")

        told = [visitor.submit(page, "Remove a.png").html for _ in range(2)]
        assert all("a.png is removed." in each for each in told)
        page = visitor.submit(page, "Save the sentence for a.png", {f"{row.id}.alt": "A map."})

        assert "This file was removed meanwhile, so its sentence is not saved." in page.html
        session.refresh(row)
        assert row.alt == ""
        visitor.post(f"/contests/ferry/entry/files/{other.id}/remove", {}, 404)

    def test_a_file_that_is_here_is_not_sent_twice(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        visitor = pages.as_(entry.account)
        url, data = visitor.get("/contests/ferry/entry").form("Send Screens")

        def send(*names: str) -> list[tuple[io.BytesIO, str]]:
            return [(io.BytesIO(png()), name) for name in names]

        visitor.post(url, {**data, "file.screens": send("a.png")})
        page = visitor.post(url, {**data, "file.screens": send("a.png", "b.png")}, 422)

        assert page.problems == ["a.png: This file is here already, so it was not sent twice."]
        assert session.scalars(select(EntryFile.name).order_by(EntryFile.position)).all() == ["a.png", "b.png"]

    @pytest.mark.parametrize(
        ("values", "status", "sentence"),
        [
            ({"alt": "x" * 301}, 422, "Use at most 300 characters; now there are 301."),
            ({"alt": "a\0b"}, 422, "This holds a character that cannot be used."),
            ({"alt": "Mine", "was": "Another"}, 409, "saved this first"),
        ],
    )
    def test_a_sentence_that_cannot_be_kept_stays_in_its_field(
        self, pages: Pages, make: Make, values: dict[str, str], status: int, sentence: str
    ) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        row = make.file(entry, alt="Theirs.")
        visitor = pages.as_(entry.account)

        sent = {f"{row.id}.{name}": value for name, value in ({"was": "Theirs."} | values).items()}
        page = visitor.post(f"/contests/ferry/entry/files/{row.id}", sent, status)

        assert sentence in page.text(page.by_id(f"file-{row.id}"))
        assert page.by_id(f"alt-{row.id}").get("value") == values["alt"].replace("\0", "")

    @pytest.mark.parametrize(
        ("name", "body", "sentence"),
        [
            ("a.png", b"", "The file is empty."),
            ("a.tiff", b"II*\0", "This type of file is not taken here."),
            ("big.png", b"x" * 100_001, "larger than this slot takes"),
            ("a\0b.png", png(), "This file name cannot be used."),
            ("", b"", "Choose a file."),
        ],
    )
    def test_a_file_that_is_not_taken(self, pages: Pages, make: Make, name: str, body: bytes, sentence: str) -> None:
        slots = [{"key": "screens", "kinds": ["png"], "max_bytes": 100_000}]
        entry = make.entry(make.contest(slug="ferry", deliverables=slots), state="draft", files=0)
        visitor = pages.as_(entry.account)

        page = visitor.post("/contests/ferry/entry/files", {"file.screens": (io.BytesIO(body), name)}, 422)

        assert len(page.problems) == 1
        assert sentence in page.problems[0]

    def test_three_hundred_bytes_and_both_directions(
        self, pages: Pages, make: Make, session: Session, run_jobs: Run
    ) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
        visitor = pages.as_(entry.account)
        names = ["画" * 100 + ".png", "שלום-abc-عربي.png", "a; rm -rf 'b'.png"]

        for name in names:
            visitor.post("/contests/ferry/entry/files", {"file.screens": (io.BytesIO(png()), name)})
        run_jobs()

        assert session.scalars(select(EntryFile.name).order_by(EntryFile.position)).all() == names
        page = visitor.get("/contests/ferry/entry")
        assert all(name in [page.text(bdi) for bdi in page.all("bdi")] for name in names)

    def test_a_slot_that_is_not_there(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)

        page = pages.as_(entry.account).post(
            "/contests/ferry/entry/files", {"file.a\0b": (io.BytesIO(png()), "a.png")}, 422
        )

        assert "does not ask for such a file" in page.problems[0]

    def test_the_fragment_holds_the_same_parts_as_the_page(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=2)
        make.file(entry, state="received")
        visitor = pages.as_(entry.account)
        page = visitor.get("/contests/ferry/entry")

        answer = visitor.open("/contests/ferry/entry/files")

        fragment = without_numbers(answer.get_data(as_text=True))
        assert answer.status_code == 200
        assert 'data-pending="1"' in fragment
        whole = without_numbers(page.html)
        for part in re.split(r"\n(?=<(?:ol|ul|p|div) [^>]*data-live)", "\n" + fragment.strip()):
            assert part.strip() in whole

    def test_when_nothing_is_pending_it_says_so(self, pages: Pages, make: Make) -> None:
        entry = make.entry(make.contest(slug="ferry"), state="draft", files=2)

        fragment = pages.as_(entry.account).open("/contests/ferry/entry/files").get_data(as_text=True)

        assert 'data-pending="0"' in fragment
