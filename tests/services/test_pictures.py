"""The pictures of a revision: their order, what each shows, and what there is beside them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Entry, EntryFile, Preview
from contest.services import pictures
from contest.services.sheets import Members, Picture, Tiles
from tests.factories import Make


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest("judging"), files=0, state="draft")


def seal(make: Make, entry: Entry) -> uuid.UUID:
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    make.session.flush()
    return make.revision(entry).id


def made(make: Make, file: EntryFile, page: int, *presets: str, width: int = 640) -> None:
    """Rows of what the renderer made of a page."""
    for preset in presets:
        values: dict[str, Any] = {"width": width, "height": width // 2, "size": 10, "key": f"previews/{uuid.uuid4()}"}
        make.session.add(Preview(file_id=file.id, page=page, preset=preset, **values))
    make.session.flush()


@pytest.mark.parametrize("moved", ["320", "1280", "2560"])
def test_sizes_of_a_small_picture_keep_their_order(make: Make, session: Session, moved: str) -> None:
    # A picture smaller than the presets is as wide in each of them, and a digest is taken over their list.
    entry = make.entry(make.contest("judging"))
    session.execute(text("UPDATE preview SET width = 200, height = 100"))
    # An updated row moves to the end of its table.
    session.execute(text("UPDATE preview SET size = size + 1 WHERE preset = :moved"), {"moved": moved})

    (picture,), _ = pictures.of_revision(session, entry.revisions[-1].id)

    assert [size.preset for size in picture.sizes] == ["320", "1280", "2560"]


def test_each_page_says_what_it_is_of_its_file(make: Make, session: Session, entry: Entry) -> None:
    document = make.file(entry, "document", kind="pdf", alt="A report", previews=False)
    document.preview_pages, document.preview_facts = 23, {"width": 595, "height": 842}
    for page in (1, 2, 3):
        made(make, document, page, "320", "1280")
        make.page(document, page, label="page", placeholder=b"\x01\x02\x03")
    film = make.file(entry, kind="mp4", alt="A film", previews=False, preview_facts={"duration_ms": 34000, "hdr": 1})
    made(make, film, 1, "320")
    made(make, film, 2, "320")
    make.page(film, 1, label="poster")
    make.page(film, 2, label="frame", number=12)
    old = make.file(entry, alt="Drawn before pages had labels")

    found, plain = pictures.of_revision(session, seal(make, entry))

    by = {(one.alt, one.page): one for one in found}
    assert plain == ()
    told = [(one.label, one.place, one.of, one.several) for one in found if one.kind == "pdf"]
    assert told == [("page", 1, 23, True), ("page", 2, 23, True), ("page", 3, 23, True)]
    assert by["A report", 1].placeholder == "010203"
    assert (by["A film", 1].label, by["A film", 1].of, by["A film", 1].facts["hdr"]) == ("poster", 0, 1)
    assert (by["A film", 2].label, by["A film", 2].place) == ("frame", 12)
    plainly = by[old.alt, 1]
    assert (plainly.label, plainly.place, plainly.of, plainly.several) == ("picture", 1, 1, False)


def test_what_stands_beside_pictures_is_no_size_and_has_no_picture_address(
    make: Make, session: Session, entry: Entry
) -> None:
    large = make.file(entry)
    made(make, large, 1, "tiles", width=6000)
    moving = make.file(entry)
    made(make, moving, 1, "moving", "webm")
    revision = seal(make, entry)

    (first, second), _ = pictures.of_revision(session, revision)

    assert first.tiles == Tiles(6000, 3000, 510, 1)
    assert (second.tiles, second.moving, second.video) == (None, True, "webm")
    assert [size.preset for one in (first, second) for size in one.sizes] == ["320", "1280", "2560"] * 2
    assert pictures.key_of(session, revision, 2, 1, "1280")
    for preset in ("tiles", "moving", "webm", "site", "card", ""):
        for number in (1, 2):
            with pytest.raises(NotFound):
                pictures.key_of(session, revision, number, 1, preset)


def test_a_picture_keeps_its_address_when_another_file_gets_one_later(
    make: Make, session: Session, entry: Entry
) -> None:
    first = make.file(entry, kind="prototype", previews=False, preview_state="icon")
    for clickable in (first, *(make.file(entry, kind="prototype", previews=False) for _ in "ab")):
        made(make, clickable, 1, "site", width=0)
    shown = make.file(entry, alt="The only picture")
    revision = seal(make, entry)
    # In the order of slots and places: three files of the first slot stand before the picture.

    found, plain = pictures.of_revision(session, revision)

    assert [(one.number, one.nth, one.alt, one.prototype) for one in found] == [(4, 1, "The only picture", 0)]
    assert [one.prototype for one in plain] == [1, 2, 3]
    assert len(pictures.sites(session, revision)) == 3
    key = next(preview.key for preview in shown.previews if preview.preset == "320")
    assert pictures.key_of(session, revision, 4, 1, "320") == key
    for number in (0, 1, 5, -1):
        with pytest.raises(NotFound):
            pictures.key_of(session, revision, number, 1, "320")
    # An earlier file is drawn again, and now has a picture: what people call them changes, no address does.
    made(make, first, 1, "320")
    first.preview_state = "ready"
    session.flush()
    found, _ = pictures.of_revision(session, revision)
    assert [(one.number, one.nth, one.alt) for one in found] == [(1, 1, first.alt), (4, 2, "The only picture")]
    assert pictures.key_of(session, revision, 4, 1, "320") == key
    assert pictures.first_looks(session, [revision])[revision].thumb == Picture(1, 1, 1, first.alt, found[0].sizes)


def test_a_package_tells_kinds_and_no_name(make: Make, session: Session, entry: Entry) -> None:
    tree = [
        ["Yamada/", 0, 0],
        ["Yamada/screen.PNG", 10, 0],
        ["b.png", 10, 0],
        ["c.pdf", 10, 0],
        ["notes.yamada", 9, 0],
        ["LICENCE", 9, 0],
        ["d.png", 10, 0],
    ]
    make.file(entry, kind="zip", previews=False, preview_state="icon", preview_tree=tree)

    _, (package,) = pictures.of_revision(session, seal(make, entry))

    assert package.members == (Members("png", 3), Members("pdf", 1), Members("", 2))
    assert "amada" not in repr(package)


def test_first_looks_and_whole_ones_agree(make: Make, session: Session, entry: Entry) -> None:
    make.file(entry, kind="zip", previews=False, preview_state="icon")
    document = make.file(entry, kind="pdf")
    made(make, document, 2, "320")
    revision = seal(make, entry)

    found, plain = pictures.of_revision(session, revision)
    look = pictures.first_looks(session, [revision])[revision]

    assert (look.pictures, look.files) == (found[-1].nth, len(plain)) == (1, 1)
    assert look.thumb == Picture(found[0].number, 1, 1, document.alt, found[0].sizes[:1])
