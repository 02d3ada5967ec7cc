"""The organiser's page of previews that failed, and how pages tell what became of a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import texts
from contest.models import AuditEvent, Entry, EntryFile, Preview
from contest.previews.kinds import NOT_SUPPORTED, Kind
from contest.previews.outcome import LABELS, REASONS, VERDICTS
from contest.services import setup
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.web.room import at, organiser_of

#: Reasons that a verdict comes with.
REASONS_OF = {
    "damaged": {"truncated", "timeout", "memory", "missing_part", "unreadable", "codec", "crashed"},
    "failed": {"truncated", "unreadable", "no_pages", "missing_part", "codec", "timeout", "memory", "crashed"},
    "icon": {"kind", "nothing_inside", "no_tool"},
}
REASONS_OF["refused"] = set(REASONS) - REASONS_OF["damaged"] - REASONS_OF["failed"] - REASONS_OF["icon"]


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest(), state="draft", files=0, title="Tide Line")


def _failed(make: Make, entry: Entry, name: str, *, minutes: int = 60, **values: Any) -> EntryFile:
    given = {"preview_state": "failed", "preview_reason": "unreadable"} | values
    row = make.file(entry, name=name, previews=False, **given)
    row.accepted_at = datetime.now(UTC) - timedelta(minutes=minutes)
    make.session.flush()
    return row


def _names(page: Any) -> list[str]:
    bodies = [row for table in page.all("table") for row in table.iter("tr") if row.find("td") is not None]
    return [page.text(next(row.iter("bdi"))) for row in bodies]


class TestList:
    def test_tells_what_happened_and_where(self, pages: Pages, make: Make, session: Session, entry: Entry) -> None:
        _failed(make, entry, "map.psd", kind="psd", preview_reason="timeout")
        _failed(make, entry, "cut.png", minutes=5, preview_state="damaged", preview_reason="truncated")
        make.file(entry, name="fine.png")
        organiser = organiser_of(pages, session, entry.contest)

        page = organiser.get(at(entry.contest, "/previews"))

        assert _names(page) == ["cut.png", "map.psd"]
        for said in (
            "2 files are not shown, or not whole.",
            f"{entry.number:04d}",
            "Photoshop (PSD)",
            "The preview took too long to make.",
            "The file ends too early.",
        ):
            assert said in page.text()
        overview = organiser.get(at(entry.contest))
        assert overview.link("2 files to look at").endswith("/previews")

    def test_is_narrowed_found_and_paged(self, pages: Pages, make: Make, session: Session, entry: Entry) -> None:
        for number in range(51):
            _failed(make, entry, f"{number:02d}.png", minutes=100 - number)
        _failed(make, entry, "cut.png", preview_state="damaged", preview_reason="truncated")
        organiser = organiser_of(pages, session, entry.contest)
        here = at(entry.contest, "/previews")

        assert _names(organiser.get(f"{here}?verdict=damaged")) == ["cut.png"]
        assert _names(organiser.get(f"{here}?q=07.p")) == ["07.png"]
        assert len(_names(organiser.get(here))) == 50
        assert _names(organiser.get(f"{here}?verdict=failed&page=2")) == ["00.png"]
        assert "No file is like that." in organiser.get(f"{here}?verdict=refused").text()

    def test_nothing_failed(self, pages: Pages, make: Make, session: Session, entry: Entry) -> None:
        page = organiser_of(pages, session, entry.contest).get(at(entry.contest, "/previews"))

        assert "Every file has its preview." in page.text()
        assert "Try all failed again" not in page.html


class TestAgain:
    def test_one_and_all(self, pages: Pages, make: Make, session: Session, entry: Entry) -> None:
        rows = [_failed(make, entry, f"{number}.png") for number in range(3)]
        organiser = organiser_of(pages, session, entry.contest)
        page = organiser.get(f"{at(entry.contest, '/previews')}?verdict=failed")

        page = organiser.submit(page, f"Try again 0.png, entry {entry.number:04d}")

        assert page.url.endswith("/previews?verdict=failed")
        assert "The preview is made again." in page.text()
        assert sorted(_names(page)) == ["1.png", "2.png"]
        page = organiser.submit(page, "Try all failed again")
        assert "The previews of 2 files are made again." in page.text()
        session.expire_all()
        assert {row.preview_state for row in rows} == {"pending"}
        acts = session.scalars(select(AuditEvent.act).where(AuditEvent.act == "previews.retried")).all()
        assert len(acts) == 2
        shown = organiser.get(at(entry.contest, "/previews")).text()
        assert "3 previews are being made now." in shown
        assert "Every file has its preview." not in shown and "There is nothing to do here." not in shown

    def test_the_rest_of_the_team_reads(self, pages: Pages, make: Make, entry: Entry) -> None:
        _failed(make, entry, "a.png")

        page = pages.as_(make.member(entry.contest, Role.PUBLISHER)).get(at(entry.contest, "/previews"))

        assert _names(page) == ["a.png"]
        assert "Try again" not in page.text()


class TestEntry:
    def test_pages_members_and_facts(self, pages: Pages, make: Make, session: Session) -> None:
        entry = make.entry(make.contest(), state="draft", files=0)
        film = make.file(
            entry,
            name="film.mp4",
            kind="mp4",
            preview_facts={"duration_ms": 34_000, "width": 640, "height": 360, "clip_ms": 20_000},
        )
        bundle = make.file(
            entry,
            "source",
            name="bundle.zip",
            kind="zip",
            previews=False,
            preview_facts={"members": 2},
            preview_tree=[["海/地図.png", 900, 2], ["read me.txt", 12, 0]],
        )
        session.add(Preview(file_id=film.id, preset="mp4", page=1, key="previews/film", width=9, height=9, size=9))
        for number, (file, page, label) in enumerate(
            ((film, 1, "poster"), (film, 2, "frame"), (bundle, 1, "picture"), (bundle, 2, "picture"))
        ):
            make.page(file, page, label=label, number=page)
            if (file, page) != (film, 1):
                session.add_all(
                    Preview(
                        file_id=file.id,
                        preset=preset,
                        page=page,
                        key=f"previews/{number}-{preset}",
                        width=9,
                        height=9,
                        size=9,
                    )
                    for preset in ("320", "1280")
                )
        make.revision(entry)
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        session.flush()
        organiser = organiser_of(pages, session, entry.contest)

        for page in (
            organiser.get(at(entry.contest, f"/entries/{entry.number}")),
            pages.as_(entry.account).get(f"/contests/{entry.contest.slug}/entry"),
        ):
            for said in (
                "0:34 of video, plays its first 0:20, 640 × 360 px",
                "Watch the video film.mp4 A copy made for viewing; the original can be downloaded.",
                "See all 2 previews",
                "Still of the video",
                "Frame 2",
                "2 files inside",
                "See 2 files inside",
                "read me.txt",
            ):
                assert said in page.text(), said
            member = session.scalars(
                select(Preview.id).where(Preview.file_id == bundle.id, Preview.page == 2, Preview.preset == "1280")
            ).one()
            assert page.link("海/地図.png") == f"/previews/{member}"


class TestSentences:
    def test_every_reason_belongs_to_a_verdict(self) -> None:
        assert set().union(*REASONS_OF.values()) == REASONS
        assert {*REASONS_OF, "ready"} == VERDICTS

    @pytest.mark.parametrize("locale", ["en", "ja"])
    def test_every_reason_has_its_own_sentence_for_every_kind(self, app: Flask, locale: str) -> None:
        with app.test_request_context(f"/{locale}"):
            usual = texts.preview_state("failed", "no such reason")
            for verdict, reasons in REASONS_OF.items():
                for kind in (None, *Kind):
                    told = [texts.preview_state(verdict, reason, kind) for reason in reasons]
                    assert len(set(told)) == len(reasons), (verdict, kind)
                    assert usual not in told
                    assert not any("%(" in sentence for sentence in told)

    def test_japanese_is_said_in_japanese(self, app: Flask) -> None:
        def all_of(locale: str) -> list[str]:
            with app.test_request_context(f"/{locale}"):
                return [
                    *(
                        texts.preview_state(verdict, each)
                        for verdict, reasons in REASONS_OF.items()
                        for each in reasons
                    ),
                    *(texts.page_name(label, 2) for label in LABELS),
                    *(texts.kind_group(group) for group in setup.KIND_GROUPS),
                    texts.preview_progress(0, 0),
                    texts.preview_progress(1, 0),
                    texts.preview_progress(3, 23),
                ]

        assert [
            english for english, japanese in zip(all_of("en"), all_of("ja"), strict=True) if english == japanese
        ] == []

    def test_every_kind_has_a_name_and_a_short_mark(self, app: Flask) -> None:
        with app.test_request_context():
            names = [texts.kind_name(kind) for kind in Kind]
        assert len(set(names)) == len(names)
        assert max(len(texts.kind_mark(kind)) for kind in Kind) <= 6
        assert set(setup.KINDS) == set(Kind) - NOT_SUPPORTED
        assert len(setup.KINDS) == len(set(setup.KINDS))

    def test_facts(self, app: Flask) -> None:
        with app.test_request_context("/en"):
            for kind, pages, facts, told in (
                ("pdf", 23, {"width": 595, "height": 842}, ["23 pages"]),
                ("pdf", 1, {}, []),
                (
                    "gif",
                    10,
                    {"frames": 12, "duration_ms": 2_600, "width": 9, "height": 8},
                    ["12 frames", "0:03 long", "9 × 8 px"],
                ),
                ("mp4", 1, {"duration_ms": 3_725_000, "sound": 0}, ["1:02:05 of video", "without sound"]),
                ("mov", 1, {"duration_ms": 185_000, "clip_ms": 60_000}, ["3:05 of video", "plays its first 1:00"]),
                ("mov", 1, {"duration_ms": 6_000, "clip_ms": 5_960}, ["0:06 of video"]),
                ("avif", 1, {"width": 9, "height": 8, "hdr": 1}, ["9 × 8 px", "HDR, colours are approximate"]),
                ("png", 1, {"width": 2784, "height": 1824}, ["2,784 × 1,824 px"]),
                ("ttf", 1, {"glyphs": 1}, ["1 glyph"]),
                ("pptx", 1, {"members": 20}, []),
            ):
                assert texts.file_facts(kind, pages, facts) == told


class TestSimilar:
    def test_whoever_puts_a_pair_aside_stays_where_they_were(self, pages: Pages, make: Make, session: Session) -> None:
        contest = make.contest("judging")
        own, *others = (make.entry(contest, make.account()) for _ in range(23))
        pairs = [make.similarity(own.files[0], other.files[0], distance=n) for n, other in enumerate(others)]
        organiser = organiser_of(pages, session, contest)
        page = organiser.get(at(contest, "/similar") + "?page=2")

        page = organiser.submit(page, f"Put this pair aside: {own.number:04d}, {others[20].number:04d}")

        assert page.url.endswith(f"/similar?page=2#pair-{pairs[21].id}")
        assert "The pair is put aside." in page.text()
        assert [each.get("id") for each in page.all("h2") if (each.get("id") or "").startswith("pair-")] == [
            f"pair-{pairs[21].id}"
        ]
