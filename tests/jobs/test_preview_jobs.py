"""The making of previews: a small picture first, then all of them, a verdict, and what a second run leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.db import Database
from contest.errors import NotFound
from contest.models import Entry, EntryFile, OutboxItem, Preview, PreviewPage
from contest.previews.client import RendererGone
from contest.services import checks, drafts, failures, previews
from contest.storage import ObjectMissing, Storage
from tests.factories import Make
from tests.pictures import archive, noise, pdf, png
from tests.samples.video import film

pytestmark = pytest.mark.usefixtures("renderer")


def _encrypted_pdf() -> bytes:
    """A PDF that says it is encrypted, with keys that no password opens."""
    whole = pdf(1)
    handler = b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
    return whole.replace(
        b"trailer\n<< ", b"trailer\n<< /ID [<" + b"aa" * 16 + b"><" + b"aa" * 16 + b">] /Encrypt " + handler
    )


class TestPreviews:
    def test_of_a_picture(
        self, session: Session, storage: Storage, send: Callable[..., EntryFile], run_jobs: Callable[[], list[str]]
    ) -> None:
        row = send(noise(800, 600))

        run_jobs()

        session.refresh(row)
        made = session.scalars(select(Preview).where(Preview.file_id == row.id).order_by(Preview.width)).all()
        assert (row.preview_state, row.preview_reason, row.preview_pages) == ("ready", None, 1)
        assert [(each.preset, each.page, each.width, each.height) for each in made] == [
            ("320", 1, 320, 240),
            ("1280", 1, 800, 600),
            ("2560", 1, 800, 600),
        ]
        for each in made:
            data = storage.read(each.key)
            assert (data[:4], data[8:12], len(data)) == (b"RIFF", b"WEBP", each.size)
            assert each.key.startswith("previews/")
            assert str(row.id) not in each.key

    @pytest.mark.parametrize(
        ("name", "slot", "body", "verdict", "reason"),
        [
            ("a.png", "screens", noise(400, 400)[:200_000], "damaged", "truncated"),
            ("a.png", "screens", b"\x89PNG\r\n\x1a\n" + b"nothing more", "failed", "unreadable"),
            ("a.pdf", "document", _encrypted_pdf(), "refused", "encrypted"),
            (
                "a.svg",
                "screens",
                b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
                b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text>&b;</text></svg>',
                None,
                None,
            ),
            (
                "a.svg",
                "screens",
                b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" '
                b'xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10"><image width="9" height="9" '
                b'xlink:href="http://169.254.169.254/"/><text>&x;</text></svg>',
                None,
                None,
            ),
        ],
        ids=["truncated", "unreadable", "encrypted", "entities", "external"],
    )
    def test_a_bad_one_never_blocks_the_file(
        self,
        session: Session,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        name: str,
        slot: str,
        body: bytes,
        verdict: str | None,
        reason: str | None,
    ) -> None:
        row = send(body, name, slot)

        assert run_jobs()[:3] == ["check_file", "make_thumbnail", "make_previews"]

        session.refresh(row)
        assert row.state == "accepted"
        if verdict is None:
            assert row.preview_state in ("ready", "failed", "refused", "damaged")
        else:
            assert (row.preview_state, row.preview_reason) == (verdict, reason)

    def test_an_archive_of_nothing_to_show_has_an_icon_and_its_tree(
        self, session: Session, send: Callable[..., EntryFile], run_jobs: Callable[[], list[str]]
    ) -> None:
        row = send(archive({"a.txt": b"abc"}), "a.zip", "source")

        run_jobs()

        session.refresh(row)
        assert (row.preview_state, row.preview_reason) == ("icon", "nothing_inside")
        assert row.preview_tree == [["a.txt", 3, 0]]
        assert session.scalars(select(Preview).where(Preview.file_id == row.id)).all() == []

    def test_a_kind_that_nobody_opens_has_an_icon_at_once(
        self, entry: Entry, session: Session, send: Callable[..., EntryFile], run_jobs: Callable[[], list[str]]
    ) -> None:
        entry.contest.round.deliverables[-1].kinds = ["indd"]
        session.commit()
        row = send(bytes.fromhex("0606edf5d81d46e5bd31efe7fe74b71d") + bytes(64), "a.indd", "source")

        assert run_jobs() == ["check_file"]

        session.refresh(row)
        assert (row.state, row.preview_state, row.preview_reason) == ("accepted", "icon", "kind")

    def test_every_page_of_a_document(
        self, session: Session, send: Callable[..., EntryFile], run_jobs: Callable[[], list[str]]
    ) -> None:
        row = send(pdf(3), "a.pdf", "document")

        run_jobs()

        session.refresh(row)
        assert (row.preview_state, row.preview_pages) == ("ready", 3)
        pages = session.execute(
            select(Preview.page, func.count()).where(Preview.file_id == row.id).group_by(Preview.page)
        ).all()
        assert sorted(tuple(each) for each in pages) == [(1, 3), (2, 3), (3, 3)]

    def test_running_it_twice_makes_the_same(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
    ) -> None:
        row = send(png(), "a.png")
        run_jobs()
        session.refresh(row)
        row.preview_state = "pending"
        session.commit()
        keys = select(Preview.id, Preview.key).where(Preview.file_id == row.id).order_by(Preview.key)
        before = session.execute(keys).all()

        previews.make(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        assert row.preview_state == "ready"
        assert session.execute(keys).all() == before

    def test_the_renderer_is_away(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = send(png())
        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)
        monkeypatch.setenv("CONTEST_RENDERER", "/nowhere/s")

        with pytest.raises(RendererGone):
            previews.make(database.unit_of_work, database.unit_of_work, storage, row.id)
        session.refresh(row)
        assert row.preview_state == "pending"
        with database.unit_of_work() as own:
            previews.give_up(own, row.id)

        session.refresh(row)
        assert (row.state, row.preview_state, row.preview_reason) == ("accepted", "failed", "crashed")

    def test_without_a_worker_a_renderer_is_started_for_the_call(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = send(png())
        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)
        monkeypatch.delenv("CONTEST_RENDERER")

        previews.make(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        assert row.preview_state == "ready"


class TestClip:
    def test_of_a_video_that_browsers_do_not_play(
        self,
        entry: Entry,
        make: Make,
        session: Session,
        storage: Storage,
        database: Database,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
    ) -> None:
        entry.contest.round.deliverables[-1].kinds = ["mov"]
        session.commit()
        plain = send(film("mov", "libx264"), "a.mov", "source")
        assert "make_clip" not in run_jobs()
        row = send(film("mov", "prores_ks", "pcm_s16le", pixels="yuv422p10le"), "b.mov", "source")

        assert run_jobs()[-1] == "make_clip"

        session.expire_all()
        assert "clip_ms" not in plain.preview_facts
        assert (row.preview_state, row.preview_facts["clip_ms"], row.preview_facts["width"]) == ("ready", 3000, 64)
        found = session.scalars(select(Preview).where(Preview.file_id == row.id, Preview.preset == "mp4")).one()
        data = storage.read(found.key)
        assert (found.page, found.width, found.height, data[4:8], len(data)) == (1, 64, 48, b"ftyp", found.size)
        assert session.scalars(select(OutboxItem.queue).where(OutboxItem.job == "make_clip")).all() == ["clips"]

        # With its pictures made anew, so is the clip.
        row.preview_state = "failed"
        failures.retry(session, make.actor(make.member(entry.contest, "organiser")), entry.contest.slug, row.id)
        session.commit()
        assert run_jobs() == ["make_thumbnail", "make_previews", "make_clip"]
        assert session.scalars(select(Preview.key).where(Preview.preset == "mp4")).all().count(found.key) == 1

        # Until then the old one plays.
        row.preview_state = "damaged"
        session.commit()
        previews.make(database.unit_of_work, database.unit_of_work, storage, row.id)
        session.refresh(row)
        assert (row.preview_state, row.preview_facts["clip_ms"]) == ("ready", 3000)
        assert session.scalar(select(Preview.id).where(Preview.file_id == row.id, Preview.preset == "mp4")) == found.id

    @pytest.mark.parametrize("lost", [False, True])
    def test_of_a_video_of_which_none_can_be_made(
        self,
        entry: Entry,
        make: Make,
        session: Session,
        storage: Storage,
        database: Database,
        run_jobs: Callable[[], list[str]],
        *,
        lost: bool,
    ) -> None:
        """It says so; judges would look for what plays."""
        row = make.file(
            entry, "source", body=b"no film", storage=storage, kind="mov", previews=False, preview_state="ready"
        )
        row.preview_facts = {"duration_ms": 3000}
        session.commit()
        with outbox.unit_of_work(database, None) as own:
            previews.owe_clip(own, own.get_one(EntryFile, row.id))
            if lost:
                own.execute(update(OutboxItem).values(fence=outbox.TRIES_OF_A_FILE))

        if lost:
            jobs.perform(session.scalars(select(OutboxItem.id)).one(), make.settings)
        else:
            run_jobs()

        session.refresh(row)
        assert (row.preview_state, row.preview_facts) == ("ready", {"duration_ms": 3000, "clip_ms": 0})

    def test_of_videos_that_were_sent_before_there_were_clips(
        self,
        entry: Entry,
        make: Make,
        session: Session,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
    ) -> None:
        entry.contest.round.deliverables[-1].kinds = ["mov", "avi"]
        entry.contest.round.deliverables[-1].max_files = 9
        session.commit()
        old = send(film("avi", "mjpeg", "mp3", pixels="yuvj420p"), "a.avi", "source")
        plain = send(film("mov", "libx264"), "b.mov", "source")
        run_jobs()
        slug, other = entry.contest.slug, make.contest().slug
        session.expire_all()
        assert [row.preview_state for row in (old, plain)] == ["ready", "ready"]
        assert failures.owe_clips(session) == (0, 0)
        kept = dict(old.preview_facts)

        # One that has none, and then one whose sound was left out.
        for lacks in ("clip", "sound"):
            if lacks == "clip":
                session.execute(delete(Preview).where(Preview.file_id == old.id, Preview.preset == "mp4"))
            else:
                old.preview_facts = {name: value for name, value in kept.items() if name != "mute"}
            session.commit()
            assert failures.owe_clips(session, other) == (0, 0)
            assert failures.owe_clips(session, slug) == (1, 1)
            assert failures.owe_clips(session) == (1, 0)
            session.commit()
            assert run_jobs() == ["make_clip"]
            session.refresh(old)
            assert (old.preview_facts["mute"], failures.owe_clips(session)) == (0, (0, 0))
        with pytest.raises(NotFound):
            failures.owe_clips(session, "no-such-contest")


class TestSoon:
    def test_the_thumbnail_is_there_while_the_rest_is_made(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        entry: Entry,
        send: Callable[..., EntryFile],
    ) -> None:
        row = send(pdf(3), "a.pdf", "document")
        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)

        previews.make_thumbnail(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        (made,) = session.scalars(select(Preview).where(Preview.file_id == row.id))
        assert (row.preview_state, made.page, made.preset) == ("pending", 1, "320")
        assert storage.read(made.key)[8:12] == b"WEBP"
        (shown,) = drafts.files_of(session, entry)
        assert (shown.thumb, shown.pending, shown.pages) == (made.id, True, ())

    def test_the_thumbnail_decides_nothing(
        self, session: Session, database: Database, storage: Storage, send: Callable[..., EntryFile]
    ) -> None:
        row = send(b"\x89PNG\r\n\x1a\n" + b"nothing more")
        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)

        previews.make_thumbnail(database.unit_of_work, database.unit_of_work, storage, row.id)

        session.refresh(row)
        assert (row.preview_state, row.preview_reason) == ("pending", None)

    def test_pages_are_counted_while_they_are_made(
        self,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row, seen = send(pdf(4), "a.pdf", "document"), []
        checks.check_file(database.unit_of_work, database.unit_of_work, storage, row.id)
        monkeypatch.setattr(previews, "_NOTE_EVERY_S", 0.0)

        @contextmanager
        def watched() -> Iterator[Session]:
            with database.reading() as reading:
                noted = reading.get_one(EntryFile, row.id)
                seen.append((noted.preview_state, noted.preview_pages, noted.preview_done > 0))
            with database.unit_of_work() as own:
                yield own

        previews.make(database.unit_of_work, watched, storage, row.id)

        session.refresh(row)
        assert seen == [("pending", 4, True)]
        assert (row.preview_state, row.preview_pages, row.preview_done) == ("ready", 4, 4)


class TestAgain:
    @pytest.mark.parametrize(
        ("now", "verdict", "reason", "width"),
        [
            (noise(400, 400), "ready", None, 320),
            (noise(300, 400)[:200_000], "damaged", "truncated", 240),
            (b"\x89PNG\r\n\x1a\n" + b"nothing more", "damaged", "truncated", 320),
        ],
        ids=["better", "as good", "worse"],
    )
    def test_a_damaged_file_that_is_tried_again_never_shows_less(
        self,
        entry: Entry,
        make: Make,
        session: Session,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        now: bytes,
        verdict: str,
        reason: str | None,
        width: int,
    ) -> None:
        """What a newer program makes of it is told by another file in its place."""
        row = send(noise(400, 400)[:200_000])
        run_jobs()
        session.refresh(row)
        assert (row.preview_state, row.key is not None) == ("damaged", True)
        storage.put(str(row.key), now, content_type="image/png")
        organiser = make.actor(make.member(entry.contest, "organiser"))
        session.commit()

        failures.retry(session, organiser, entry.contest.slug, row.id)
        session.commit()
        assert run_jobs()[0] == "make_previews"

        session.refresh(row)
        assert (row.preview_state, row.preview_reason, row.preview_pages) == (verdict, reason, 1)
        smallest = select(Preview.width).where(Preview.file_id == row.id, Preview.preset == "320")
        assert session.scalars(smallest).all() == [width]

    def test_what_a_second_run_does_not_make_goes(
        self,
        make: Make,
        session: Session,
        database: Database,
        storage: Storage,
        send: Callable[..., EntryFile],
        run_jobs: Callable[[], list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = send(pdf(3), "a.pdf", "document")
        run_jobs()
        session.refresh(row)
        assert row.key is not None
        storage.put(row.key, pdf(1), content_type="application/octet-stream")
        row.preview_state, row.preview_reason = "failed", "timeout"
        contest = row.entry.contest
        organiser = make.actor(make.member(contest, "organiser"))
        before = {each.key: each.page for each in session.scalars(select(Preview).where(Preview.file_id == row.id))}
        failures.retry(session, organiser, contest.slug, row.id)
        session.commit()
        assert row.preview_state == "pending"

        run_jobs()

        session.expire_all()
        left = session.scalars(select(Preview).where(Preview.file_id == row.id)).all()
        assert (row.preview_state, row.preview_pages, {each.page for each in left}) == ("ready", 1, {1})
        assert session.scalars(select(PreviewPage.page).where(PreviewPage.file_id == row.id)).all() == [1]
        monkeypatch.setattr(checks, "KEEP", timedelta(seconds=-60))
        with database.unit_of_work() as own:
            checks.sweep_previews(own, storage)
        for key, page in before.items():
            if page == 1:
                assert storage.head(key).size > 0
            else:
                with pytest.raises(ObjectMissing):
                    storage.head(key)
