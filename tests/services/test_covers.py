"""The picture of a contest: sent, drawn by the confined renderer, replaced, removed, and never half."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import db
from contest.db import Database
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest, ContestPicture, OutboxItem
from contest.permissions import ANONYMOUS
from contest.previews import jpeg
from contest.previews.client import PreviewServer, RendererGone
from contest.services import covers
from contest.services.uploads import Incoming
from contest.storage import ObjectMissing, Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pictures import noise, pdf, png, svg

ALT = {"en": "A bay with ferries.", "ja": "渡船のある湾。"}
CAPTION = {"en": "The bay.", "ja": "湾。"}


@pytest.fixture(scope="module", autouse=True)
def renderer() -> Iterator[str]:
    """One renderer for all, as a worker has."""
    with PreviewServer(allow_unconfined=True) as server:
        os.environ["CONTEST_RENDERER"] = server.address
        yield server.address
        del os.environ["CONTEST_RENDERER"]


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("draft", slug="ferry")


@pytest.fixture
def send(session: Session, make: Make, storage: Storage, contest: Contest) -> Callable[..., ContestPicture]:
    def send_one(body: bytes | None, **values: Any) -> ContestPicture:
        incoming = None if body is None else Incoming("picture.png", BytesIO(body))
        given = {"alt": dict(ALT), "caption": {}, "incoming": incoming} | values
        actor = make.actor(session.get_one(Account, contest.created_by))
        picture = covers.save(session, actor, storage, "ferry", **given)
        db.commit(session)
        return picture

    return send_one


def gone(storage: Storage, keys: list[str]) -> bool:
    def is_gone(key: str) -> bool:
        try:
            storage.head(key)
        except ObjectMissing:
            return True
        return False

    return all(is_gone(key) for key in keys)


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        (noise(1600, 900), "png", ["320", "1280", "2560"]),
        (svg("Harbour"), "svg", ["320", "1280"]),
        (png(200, 100), "png", ["320"]),
    ],
    ids=["a photograph", "a drawing", "a small one"],
)
def test_a_picture_is_drawn_in_the_sizes_of_pages_and_as_a_card(
    session: Session,
    storage: Storage,
    contest: Contest,
    send: Callable[..., ContestPicture],
    run_jobs: Callable[[], list[str]],
    body: bytes,
    kind: str,
    shown: list[str],
) -> None:
    picture = send(body, caption=dict(CAPTION))
    assert (picture.state, picture.kind, picture.sizes, covers.of(picture)) == ("pending", kind, [], None)

    assert run_jobs() == ["draw_cover"]

    session.refresh(picture)
    assert (picture.state, picture.reason) == ("ready", "")
    cover = covers.of(picture)
    assert cover is not None
    assert (cover.alt, cover.caption, cover.card) == (ALT, CAPTION, True)
    assert [size[0] for size in cover.sizes] == shown
    assert [size["preset"] for size in picture.sizes] == ["320", "1280", "2560", "card"]
    card = storage.read(picture.sizes[-1]["key"])
    assert jpeg.measure(card) == (1200, 630)
    assert storage.read(picture.original_key) == body
    assert gone(storage, [picture.original_key.replace("covers/", "incoming/")])
    acts = session.scalars(select(AuditEvent).where(AuditEvent.act == "contest.changed")).all()
    assert [event.facts for event in acts] == [{"fields": ["picture"]}]


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"body": None}, {"file": "file_missing"}),
        ({"body": b""}, {"file": "file_empty"}),
        ({"body": pdf(1)}, {"file": "picture_type"}),
        ({"body": b"GIF89a" + bytes(40)}, {"file": "picture_type"}),
        ({"body": b"<html><script>alert(1)</script></html>"}, {"file": "picture_type"}),
        ({"body": png() + bytes(20_000_001 - len(png()))}, {"file": "picture_too_large"}),
        ({"alt": {"en": "A bay."}}, {"alt_ja": "text_missing_ja"}),
        ({"alt": {"en": "  ", "ja": "\n"}}, {"alt_en": "text_missing_en", "alt_ja": "text_missing_ja"}),
        ({"alt": {"en": "a" * 301, "ja": "湾"}}, {"alt_en": "too_long"}),
        ({"caption": {"ja": "湾"}}, {"caption_en": "text_missing_en"}),
        ({"body": pdf(1), "alt": {"ja": "湾"}}, {"alt_en": "text_missing_en", "file": "picture_type"}),
    ],
    ids=range(11),
)
def test_what_cannot_be_shown_is_refused_at_its_field(
    session: Session,
    storage: Storage,
    send: Callable[..., ContestPicture],
    values: dict[str, Any],
    problems: dict[str, str],
) -> None:
    given = {"body": png()} | values
    with pytest.raises(Invalid) as refused:
        send(given.pop("body"), **given)

    session.rollback()
    assert refused.value.problems == problems
    assert session.scalars(select(ContestPicture)).all() == []
    assert session.scalars(select(OutboxItem)).all() == []


def test_the_words_change_without_the_picture(
    session: Session, send: Callable[..., ContestPicture], run_jobs: Callable[[], list[str]]
) -> None:
    picture = send(png())
    run_jobs()
    session.refresh(picture)
    before = list(picture.sizes)

    send(None, alt={"en": " Two\nlines. ", "ja": "湾。"}, caption=dict(CAPTION))

    session.refresh(picture)
    assert (picture.alt["en"], picture.caption, picture.state, picture.sizes) == (
        "Two lines.",
        CAPTION,
        "ready",
        before,
    )
    assert run_jobs() == []


def test_the_old_picture_stays_until_another_is_drawn(
    session: Session, storage: Storage, send: Callable[..., ContestPicture], run_jobs: Callable[[], list[str]]
) -> None:
    picture = send(png())
    run_jobs()
    session.refresh(picture)
    sizes = list(picture.sizes)

    send(png()[:60])
    assert picture.sizes == sizes
    run_jobs()

    session.refresh(picture)
    assert (picture.state, picture.sizes) == ("failed", sizes)
    shown = covers.of(picture)
    assert shown is not None
    assert all(storage.read(size["key"]) for size in sizes)


def test_another_picture_takes_its_place_and_the_old_one_goes(
    session: Session, storage: Storage, send: Callable[..., ContestPicture], run_jobs: Callable[[], list[str]]
) -> None:
    picture = send(png())
    run_jobs()
    session.refresh(picture)
    original, old = picture.original_key, [size["key"] for size in picture.sizes]

    send(noise(640, 400))
    assert gone(storage, [original])
    run_jobs()

    session.refresh(picture)
    assert gone(storage, old)
    assert (picture.state, picture.sizes[1]["width"]) == ("ready", 640)
    assert {size["key"] for size in picture.sizes}.isdisjoint(old)
    assert len(session.scalars(select(ContestPicture)).all()) == 1


def test_the_job_of_a_picture_that_was_replaced_is_dull(
    session: Session, database: Database, storage: Storage, send: Callable[..., ContestPicture]
) -> None:
    picture = send(png())
    first = picture.original_key
    send(noise(640, 400))

    covers.draw(database.unit_of_work, database.unit_of_work, storage, picture.id, first)

    session.refresh(picture)
    assert (picture.state, picture.sizes) == ("pending", [])
    covers.draw(database.unit_of_work, database.unit_of_work, storage, picture.id, picture.original_key)
    session.refresh(picture)
    again = list(picture.sizes)
    covers.draw(database.unit_of_work, database.unit_of_work, storage, picture.id, picture.original_key)
    session.refresh(picture)
    assert (picture.state, picture.sizes) == ("ready", again)


def test_a_picture_removed_while_it_is_drawn_leaves_nothing_behind(
    session: Session,
    database: Database,
    make: Make,
    storage: Storage,
    contest: Contest,
    send: Callable[..., ContestPicture],
) -> None:
    picture = send(png())
    key, organiser = picture.original_key, make.actor(session.get_one(Account, contest.created_by))
    kept = {each.key for each in storage.list("covers/")}
    began = [database.unit_of_work]

    def removing_first() -> Any:
        # The unit of work of the effects: by then the organiser has taken the picture away.
        with database.unit_of_work() as own:
            covers.remove(own, organiser, storage, "ferry")
        return database.unit_of_work()

    covers.draw(began[0], removing_first, storage, picture.id, key)

    session.expire_all()
    assert session.scalars(select(ContestPicture)).all() == []
    assert {each.key for each in storage.list("covers/")} <= kept
    assert gone(storage, [key])
    events = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "contest.changed")).all()
    assert {"fields": ["picture"], "removed": True} in events


@pytest.mark.parametrize(
    ("body", "reason"),
    [(png()[:20], "unreadable"), (noise(400, 300)[:40_000], "truncated")],
    ids=["no picture", "half a picture"],
)
def test_what_cannot_be_drawn_says_why(
    session: Session,
    send: Callable[..., ContestPicture],
    run_jobs: Callable[[], list[str]],
    body: bytes,
    reason: str,
) -> None:
    picture = send(body)

    run_jobs()

    session.refresh(picture)
    assert (picture.state, picture.reason, picture.sizes) == ("failed", reason, [])


def test_the_renderer_is_away(
    session: Session,
    database: Database,
    storage: Storage,
    send: Callable[..., ContestPicture],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = send(png())
    monkeypatch.setenv("CONTEST_RENDERER", "/nowhere/s")

    with pytest.raises(RendererGone):
        covers.draw(database.unit_of_work, database.unit_of_work, storage, picture.id, picture.original_key)
    session.refresh(picture)
    assert picture.state == "pending"
    with database.unit_of_work() as own:
        covers.give_up(own, picture.id, f"covers/{uuid.uuid4()}")
    session.refresh(picture)
    assert picture.state == "pending"
    with database.unit_of_work() as own:
        covers.give_up(own, picture.id, picture.original_key)

    session.refresh(picture)
    assert (picture.state, picture.reason) == ("failed", "crashed")


def test_who_may_send_and_from_which_version(
    session: Session, make: Make, storage: Storage, contest: Contest, send: Callable[..., ContestPicture]
) -> None:
    publisher, stranger = make.member(contest, Role.PUBLISHER), make.account()
    with pytest.raises(Denied, match="organiser_only"):
        covers.save(session, make.actor(publisher), storage, "ferry", incoming=None, alt=ALT, caption={})
    with pytest.raises(Denied, match="organiser_only"):
        covers.remove(session, make.actor(publisher), storage, "ferry")
    for outside in (make.actor(stranger), ANONYMOUS):
        with pytest.raises(NotFound):
            covers.save(session, outside, storage, "ferry", incoming=None, alt=ALT, caption={})
        with pytest.raises(NotFound):
            covers.remove(session, outside, storage, "ferry")
    with pytest.raises(Conflict, match="stale"):
        send(png(), version=contest.version + 1)


def test_a_draft_shows_its_picture_to_its_team_only(session: Session, make: Make, contest: Contest) -> None:
    picture = make.cover(contest)
    organiser = make.actor(session.get_one(Account, contest.created_by))
    key = picture.sizes[1]["key"]

    assert covers.key_of(session, organiser, "ferry", "1280") == (key, False)
    for actor, slug, preset in (
        (ANONYMOUS, "ferry", "1280"),
        (make.actor(make.account()), "ferry", "1280"),
        (organiser, "ferry", "640"),
        (organiser, "never", "1280"),
    ):
        with pytest.raises(NotFound):
            covers.key_of(session, actor, slug, preset)
    announced = make.contest("open", slug="open", title=both("Open"))
    public = make.cover(announced)
    assert covers.key_of(session, ANONYMOUS, "open", "card") == (public.sizes[3]["key"], True)
    public.sizes = []
    session.flush()
    with pytest.raises(NotFound):
        covers.key_of(session, ANONYMOUS, "open", "card")


def test_what_no_row_names_is_swept(
    session: Session, database: Database, make: Make, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = make.cover(make.contest("open", slug="open"))
    named = [picture.original_key, *(size["key"] for size in picture.sizes)]
    for key in (*named, "covers/nobodys", "cards/nobodys"):
        storage.put(key, png(), content_type="image/webp")
    session.commit()
    with database.unit_of_work() as own:
        covers.sweep(own, storage)
    assert storage.read("covers/nobodys")

    # The store stamps objects by its own clock, which no test can set back; so nothing is kept for long here.
    monkeypatch.setattr(covers, "KEEP", timedelta(seconds=-60))
    with database.unit_of_work() as own:
        covers.sweep(own, storage)

    assert gone(storage, ["covers/nobodys", "cards/nobodys"])
    assert all(storage.read(key) for key in named)
