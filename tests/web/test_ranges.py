"""Videos, animations and tiles over HTTP: by range, and to nobody who may not see the page's pictures."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest import streams
from contest.models import Entry, EntryFile, Preview, Publication
from contest.previews import extras, pack
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import PublicationState
from tests.factories import Make
from tests.pages import Pages, check_headers
from tests.world import VISITORS, build

MB = 1024 * 1024
FILM = bytes(range(256)) * 40  # 10 240 bytes, of which each place is known
WIDE, HIGH = 1300, 600


def pyramid() -> bytes:
    members = [
        (name, b"\xff\xd8 tile " + name.encode() if name != "0/0_0" else b"RIFF tile")
        for name in extras.tile_sizes(WIDE, HIGH)
    ]
    out = io.BytesIO()
    pack.write(out, {"width": WIDE, "height": HIGH}, [(name, io.BytesIO(body), len(body)) for name, body in members])
    return out.getvalue()


def give(session: Session, storage: Storage, file: EntryFile, preset: str, body: bytes = FILM) -> Preview:
    made = Preview(
        file_id=file.id, preset=preset, page=1, key=f"previews/{uuid.uuid4()}", width=64, height=48, size=len(body)
    )
    session.add(made)
    session.flush()
    storage.put(made.key, body, content_type="application/octet-stream")
    return made


@pytest.fixture
def file(make: Make) -> EntryFile:
    entry: Entry = make.entry(make.contest(slug="ferry"), state="draft", files=0)
    row: EntryFile = make.file(entry, name="film.mp4", kind="mp4")
    return row


@pytest.fixture
def film(session: Session, storage: Storage, file: EntryFile) -> Preview:
    return give(session, storage, file, "mp4")


@pytest.fixture
def visitor(pages: Pages, file: EntryFile) -> Pages:
    return pages.as_(file.entry.account)


def at(preview: Preview) -> str:
    return f"/previews/{preview.id}/media"


def asked(visitor: Pages, preview: Preview, wanted: str, **headers: str) -> Any:
    return visitor.open(at(preview), headers={"Range": wanted, **headers})


class TestAWholeFilm:
    def test_comes_as_it_is_with_headers_of_ours_only(self, visitor: Pages, film: Preview) -> None:
        response = visitor.open(at(film))

        assert (response.status_code, response.data) == (200, FILM)
        assert response.headers["Content-Type"] == "video/mp4"
        assert response.headers["Content-Length"] == "10240"
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["Content-Disposition"] == "inline"
        assert response.headers["Cache-Control"] == "private, max-age=3600"
        policy = response.headers["Content-Security-Policy"]
        assert "script-src" not in policy
        # The player of a browser's own page for a video asks without our session if that page is sandboxed.
        assert "sandbox" not in policy
        check_headers(response, at(film))
        assert "Last-Modified" not in response.headers
        assert film.key not in str(response.headers)
        assert str(film.file_id) not in str(response.headers)

    def test_asked_for_its_head(self, visitor: Pages, film: Preview, storage: Storage) -> None:
        response = visitor.open(at(film), method="HEAD", headers={"Range": "bytes=0-9"})

        assert (response.status_code, response.data) == (200, b"")
        assert response.headers["Content-Length"] == "10240"
        assert response.headers["Accept-Ranges"] == "bytes"

    def test_that_the_browser_has_is_not_sent_again(self, visitor: Pages, film: Preview) -> None:
        tag = visitor.open(at(film)).headers["ETag"]

        response = visitor.open(at(film), headers={"If-None-Match": tag, "Range": "bytes=0-9"})

        assert (response.status_code, response.data) == (304, b"")

    def test_longer_than_one_piece(self, visitor: Pages, session: Session, storage: Storage, file: EntryFile) -> None:
        body = FILM * 250  # about 2.4 MB: three pieces
        made = give(session, storage, file, "webm", body)

        response = visitor.open(at(made))

        assert response.data == body
        assert response.headers["Content-Type"] == "video/webm"


class TestARange:
    def test_is_what_was_asked_for(self, visitor: Pages, film: Preview) -> None:
        for wanted, start, end in (
            ("bytes=0-0", 0, 1),
            ("bytes=0-499", 0, 500),
            ("bytes=500-", 500, 10240),
            ("bytes=10239-", 10239, 10240),
            ("bytes=10000-99999999999", 10000, 10240),
            ("bytes=-1", 10239, 10240),
            ("bytes=-500", 9740, 10240),
            ("bytes=-99999", 0, 10240),
            ("BYTES=1-2", 1, 3),
            ("bytes= 1 - 2", 1, 3),
        ):
            response = asked(visitor, film, wanted)
            assert (response.status_code, response.data) == (206, FILM[start:end]), wanted
            assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/10240"
            assert response.headers["Content-Length"] == str(end - start)
            assert response.headers["Content-Type"] == "video/mp4"

    def test_beyond_the_end_is_refused(self, visitor: Pages, film: Preview) -> None:
        for wanted in ("bytes=10240-", "bytes=10240-20000", "bytes=999999999999999999-", f"bytes={'9' * 40}-"):
            response = asked(visitor, film, wanted)
            assert (response.status_code, response.data) == (416, b""), wanted
            assert response.headers["Content-Range"] == "bytes */10240"

    def test_that_is_none_gets_the_whole(self, visitor: Pages, film: Preview) -> None:
        no_numbers = "٣-٤".encode().decode("latin-1")
        for wanted in (
            "", "bytes", "bytes=", "bytes=-", "bytes=9-1", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes=0--1",
            "bytes=1-2-3", "bytes=-0", f"bytes={'9' * 5000}-", f"bytes={no_numbers}",
        ):  # fmt: skip
            response = asked(visitor, film, wanted)
            assert (response.status_code, response.data) == (200, FILM), wanted

    def test_is_no_longer_than_four_megabytes(
        self, visitor: Pages, session: Session, storage: Storage, file: EntryFile
    ) -> None:
        body = bytes(9 * MB)
        made = give(session, storage, file, "mp4", body)

        response = asked(visitor, made, "bytes=100-")

        assert response.status_code == 206
        assert response.headers["Content-Range"] == f"bytes 100-{100 + 4 * MB - 1}/{9 * MB}"
        assert len(response.data) == 4 * MB

    def test_of_another_edition_gets_the_whole(self, visitor: Pages, film: Preview) -> None:
        tag = visitor.open(at(film)).headers["ETag"]

        assert asked(visitor, film, "bytes=0-9", **{"If-Range": tag}).status_code == 206
        for other in ('"0123"', f"W/{tag}", "Wed, 21 Oct 2026 07:28:00 GMT", "nonsense"):
            response = asked(visitor, film, "bytes=0-9", **{"If-Range": other})
            assert (response.status_code, len(response.data)) == (200, len(FILM)), other

    def test_when_the_store_is_away(self, app: Any, visitor: Pages, film: Preview, settings: Settings) -> None:
        kept = app.extensions["contest.storage"]
        app.extensions["contest.storage"] = Storage(
            endpoint="http://127.0.0.1:9",
            public_endpoint="",
            access_key="none",
            secret_key="none",
            bucket=settings.s3_bucket,
            attempts=1,
        )
        try:
            page = visitor.get(at(film), 503, headers={"Range": "bytes=0-9"})
        finally:
            app.extensions["contest.storage"] = kept

        assert "Retry-After" in page.response.headers
        assert "Content-Range" not in page.response.headers


class TestTiles:
    @pytest.fixture
    def tiles(self, session: Session, storage: Storage, file: EntryFile) -> Preview:
        return give(session, storage, file, "tiles", pyramid())

    def test_each_comes_alone(self, visitor: Pages, tiles: Preview) -> None:
        for name in extras.tile_sizes(WIDE, HIGH):
            response = visitor.open(f"/previews/{tiles.id}/tiles/{name}")
            jpeg = name != "0/0_0"
            assert response.status_code == 200
            assert response.data == (b"\xff\xd8 tile " + name.encode() if jpeg else b"RIFF tile")
            assert response.headers["Content-Type"] == ("image/jpeg" if jpeg else "image/webp")
            check_headers(response, name)

    def test_what_is_not_there(self, visitor: Pages, tiles: Preview) -> None:
        for name in ("0/1_0", "11/3_0", "12/0_0", "99/0_0", "0/0", "0/0_0_0", "-1/0_0", "0/0_0.jpg", "../index"):
            assert visitor.open(f"/previews/{tiles.id}/tiles/{name}").status_code == 404, name

    def test_that_the_browser_has_is_not_sent_again(self, visitor: Pages, tiles: Preview) -> None:
        address = f"/previews/{tiles.id}/tiles/0/0_0"
        tag = visitor.open(address).headers["ETag"]

        assert visitor.open(address, headers={"If-None-Match": tag}).status_code == 304
        assert visitor.open(f"/previews/{tiles.id}/tiles/1/0_0").headers["ETag"] != tag


class TestWhoMaySee:
    def test_presets_are_not_mixed_up(
        self, visitor: Pages, session: Session, storage: Storage, file: EntryFile, film: Preview
    ) -> None:
        site, tiles = give(session, storage, file, "site"), give(session, storage, file, "tiles", pyramid())
        moving = give(session, storage, file, "moving", b"RIFF moving")
        picture = session.scalars(select(Preview).where(Preview.preset == "320")).first()
        assert picture is not None
        for preview in (site, tiles, picture):
            assert visitor.open(at(preview)).status_code == 404, preview.preset
        for preview in (film, site, moving, picture):
            assert visitor.open(f"/previews/{preview.id}/tiles/0/0_0").status_code == 404, preview.preset
        for preview in (film, site, tiles, moving):
            assert visitor.open(f"/previews/{preview.id}").status_code == 404, preview.preset
        assert visitor.open(at(moving)).headers["Content-Type"] == "image/webp"

    def test_the_same_people_as_the_pictures(
        self, make: Make, session: Session, settings: Settings, storage: Storage, pages: Pages
    ) -> None:
        world = build(make, session, settings, storage)
        judged = session.get_one(EntryFile, world.names["judged_file"])
        won = session.scalars(
            select(EntryFile).join(Entry, Entry.id == EntryFile.entry_id).where(Entry.contest_id == world.published.id)
        ).one()
        own = give(session, storage, world.file, "mp4")
        for file in (judged, won):
            give(session, storage, file, "mp4")
            give(session, storage, file, "tiles", pyramid())
        tiles = give(session, storage, world.file, "tiles", pyramid())
        picture, judge = f"/previews/{world.preview.id}", f"/judge/judged/{world.assignment.code}/pictures/1/1"
        winner = "/pictures/done/1/1/1"
        # What nobody confirmed is not public.
        assert pages.as_(None).open(f"{winner}/media/mp4").status_code == 404
        [public] = session.scalars(select(Publication).where(Publication.contest_id == world.published.id))
        [award] = public.snapshot["awards"]
        shown = [award["pictures"][0] | {"media": ["mp4"]}, *award["pictures"][1:]]
        public.snapshot = public.snapshot | {"awards": [award | {"pictures": shown}]}
        session.flush()
        same = {
            at(own): picture,
            f"/previews/{tiles.id}/tiles/0/0_0": picture,
            f"{judge}/media/mp4": f"{judge}/320",
            f"{judge}/tiles/0/0_0": f"{judge}/320",
            f"{winner}/media/mp4": f"{winner}/320",
        }
        allowed = 0
        for name in VISITORS:
            visitor = pages.as_(world.people[name] if name != "suspended" else None)
            for address, like in same.items():
                response, pictured = visitor.open(address), visitor.open(like)
                assert response.status_code == pictured.status_code, (name, address)
                allowed += response.status_code == 200
                if response.status_code == 404:
                    # Nothing tells it from what was never there.
                    nothing = visitor.open(address.replace(str(own.id), str(uuid.uuid4())).replace("B-1180", "B-0001"))
                    assert nothing.status_code == 404
        assert allowed > len(VISITORS)
        response = pages.as_(None).open(f"{winner}/media/mp4")
        assert response.data == FILM
        assert response.headers["Cache-Control"] == "public, max-age=300"

        session.execute(update(Publication).values(state=PublicationState.RETRACTED))
        assert pages.as_(None).open(f"{winner}/media/mp4").status_code == 404

    def test_no_preset_but_ours_has_an_address(self) -> None:
        assert set(streams.MEDIA_TYPES) == {"mp4", "webm", "moving"}
