"""The viewer of judges and of winners in a browser: close-ups, animations, videos, with and without a script."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction

import av
import numpy
import pytest
import pyvips
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from contest.models import Account, Entry, EntryFile, Preview
from contest.previews import pack, placeholder
from contest.previews.extras import tile_sizes
from contest.services import awards, publications, results
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both

Visit = Callable[..., Page]
SHEET = "/judge/ferry/B-1180"
WIDE, HIGH = 6000, 4000


def stripes(width: int, height: int, *, alpha: bool = False) -> bytes:
    """A WebP with something to see in it."""
    ramp = pyvips.Image.xyz(width, height)
    bands = [ramp[0] * 255 / width, ramp[1] * 255 / height, (ramp[0] / 40).floor() % 2 * 200]
    picture = bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")
    if alpha:
        picture = picture.bandjoin(((ramp[0] / 80).floor() % 2 * 255).cast("uchar"))
    return bytes(picture.webpsave_buffer(Q=60, effort=0))


def pyramid() -> bytes:
    """A pack of tiles of plain colours, one colour a level."""
    made: dict[tuple[int, int, int], bytes] = {}
    members = []
    for name, (width, height) in tile_sizes(WIDE, HIGH).items():
        level = int(name.split("/")[0])
        if (level, width, height) not in made:
            plain = pyvips.Image.black(width, height, bands=3) + [20 * level % 256, 90, 160]
            made[level, width, height] = plain.cast("uchar").copy(interpretation="srgb").jpegsave_buffer(keep="none")
        body = made[level, width, height]
        members.append((name, io.BytesIO(body), len(body)))
    out = io.BytesIO()
    pack.write(out, {"width": WIDE, "height": HIGH}, members)
    return out.getvalue()


def moving() -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("#b5330b", "#1f7a4d")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return out.getvalue()


def film() -> bytes:
    """Half a second of WebM."""
    out = io.BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 48, "yuv420p", Fraction(1, 10)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(numpy.full((48, 64, 3), 40 * number, numpy.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


class Draw:
    """Puts previews under a file: rows and objects as the job leaves them."""

    def __init__(self, make: Make, store: Storage) -> None:
        self.make, self.store = make, store

    def __call__(self, file: EntryFile, page: int, preset: str, body: bytes, width: int, height: int) -> None:
        values = {"width": width, "height": height, "size": len(body), "key": f"previews/{uuid.uuid4()}"}
        preview = Preview(file_id=file.id, page=page, preset=preset, **values)
        self.make.session.add(preview)
        self.store.put(preview.key, body, content_type="application/octet-stream")

    def page(self, file: EntryFile, number: int, label: str, *, width: int = 1280, alpha: bool = False) -> None:
        height = width * 2 // 3
        for preset, wide in (("320", 320), ("1280", width)):
            body = stripes(wide, wide * 2 // 3, alpha=alpha and preset != "320")
            self(file, number, preset, body, wide, wide * 2 // 3)
        small = placeholder.encode(3, 2, bytes((40, 90, 160, 255)) * 6)
        self.make.page(file, number, label=label, width=width, height=height, placeholder=small)


@pytest.fixture
def judge(make: Make, session: Session, store: Storage) -> Account:
    """A judge of one entry: a picture with a pyramid, a transparent one, a document, an animation, a video."""
    contest = make.contest("judging", slug="ferry", title=both("Ferry app"))
    judge = make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))
    entry: Entry = make.entry(contest, title="Tide Line", files=0, state="draft")
    draw = Draw(make, store)
    kept = {"previews": False, "storage": store, "body": b"x"}
    large = make.file(entry, alt="A map of the bay", preview_facts={"width": WIDE, "height": HIGH}, **kept)
    draw.page(large, 1, "picture")
    draw(large, 1, "tiles", pyramid(), WIDE, HIGH)
    draw.page(make.file(entry, alt="A mark", preview_facts={"alpha": 1}, **kept), 1, "picture", width=400, alpha=True)
    animation = make.file(entry, kind="gif", alt="A loading mark", preview_facts={"frames": 2}, **kept)
    draw.page(animation, 1, "frame", width=640)
    draw(animation, 1, "moving", moving(), 64, 48)
    video = make.file(entry, kind="webm", alt="A walk through", preview_facts={"duration_ms": 500, "hdr": 1}, **kept)
    draw.page(video, 1, "poster", width=640)
    draw.page(video, 2, "frame", width=640)
    draw(video, 1, "webm", film(), 64, 48)
    document = make.file(entry, "document", kind="pdf", alt="A report", **kept)
    document.preview_pages = 23
    for page in range(1, 4):
        draw.page(document, page, "page")
    make.file(
        entry,
        "source",
        kind="sketch",
        preview_state="icon",
        preview_reason="nothing_inside",
        preview_tree=[["a.png", 1, 0], ["b.jpg", 1, 0], ["c.JPEG", 1, 0], ["d.json", 1, 0]],
        **kept,
    )
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    make.assignment(entry, judge, code="B-1180")
    make.open_round(contest)
    session.commit()
    return judge


def test_a_close_up_comes_when_asked_for_and_gives_the_focus_back(visit: Visit, judge: Account) -> None:
    page = visit(judge)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(SHEET)
    button = page.get_by_role("button", name="Close-up")
    expect(button).to_be_visible()
    expect(page.locator("#wait")).to_have_count(0)
    assert [url for url in asked if "openseadragon" in url or "zoom.js" in url or "/tiles/" in url] == []

    with page.expect_response("**/pictures/1/1/tiles/**") as tile:
        button.click()

    assert (tile.value.status, tile.value.headers["content-type"]) == (200, "image/jpeg")
    near = page.get_by_role("group", name="Close-up.")
    expect(near).to_be_focused()
    expect(near.locator("canvas").first).to_be_visible()
    expect(page.locator("#scale")).not_to_have_text("0 %")
    page.get_by_role("button", name="100 %").click()
    expect(page.locator("#scale")).to_have_text("100 %")
    near.focus()
    page.keyboard.press("+")
    expect(page.locator("#scale")).to_have_text("150 %")
    with page.expect_response("**/pictures/1/1/tiles/13/11_*"):
        for _ in range(30):
            page.keyboard.press("ArrowRight")
    # The sheet's own keys hold still meanwhile: 0 fits the close-up, and takes back no score.
    page.keyboard.press("0")
    expect(page.locator("#scale")).not_to_have_text("150 %")
    page.keyboard.press("Escape")

    expect(near).to_have_count(0)
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("z")
    expect(near).to_be_focused()
    page.get_by_role("link", name="Picture 2:").click()
    expect(near).to_have_count(0)
    expect(button).to_be_hidden()
    expect(page.locator("#shown")).to_have_class("alpha")


def test_an_animation_plays_when_asked_for_and_stops(visit: Visit, judge: Account) -> None:
    page = visit(judge)
    page.goto(f"{SHEET}?picture=3")
    expect(page.locator("#caption")).to_contain_text("GIF, 2 frames")
    still = page.locator("#shown").get_attribute("src")

    page.get_by_role("button", name="Play the animation").click()
    expect(page.locator("#shown")).to_have_attribute("src", f"{SHEET}/pictures/3/1/media/moving")
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Stop the animation").click()

    expect(page.locator("#shown")).to_have_attribute("src", still or "")
    page.get_by_role("link", name="Picture 1:").click()
    expect(page.get_by_role("button", name="Play the animation")).to_be_hidden()


def test_a_video_plays_and_its_stills_are_pictures(visit: Visit, judge: Account) -> None:
    page = visit(judge)
    page.goto(SHEET)
    page.get_by_role("link", name="Picture 4.1: A walk through (Still of the video)").click()
    film = page.locator("#film")
    expect(film).to_be_visible()
    expect(page.locator("#shown")).to_be_hidden()
    expect(page.locator("#caption")).to_contain_text("HDR, colours are approximate")
    assert film.evaluate("film => film.play().then(() => [film.videoWidth, film.error])") == [64, None]

    page.keyboard.press(".")

    expect(film).to_be_hidden()
    expect(page.locator("#shown")).to_be_visible()
    expect(page.locator("#caption b")).to_have_text("Picture 4.2: Frame 2")
    assert film.evaluate("film => film.paused && !film.getAttribute('src')")
    page.get_by_role("link", name="Picture 5.3").click()
    expect(page.locator("#caption")).to_contain_text("Page 3 of 23")


def test_two_pictures_side_by_side_keep_in_step(visit: Visit, judge: Account) -> None:
    page = visit(judge, width=820, has_touch=True)
    page.goto(SHEET)
    page.get_by_role("link", name="Picture 5.2").click()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two pictures of B-1180")
    this, that = page.locator("#view-picture"), page.locator("#view-other")
    expect(page.locator("#caption-picture b")).to_have_text("Picture 5.2: Page 2 of 23")
    expect(page.locator("#caption-other b")).to_have_text("Picture 5.3: Page 3 of 23")
    assert this.bounding_box()["y"] == that.bounding_box()["y"]

    page.get_by_role("button", name="Black").click()
    page.get_by_role("button", name="100 %").click()
    this.evaluate("view => view.scrollTo(view.scrollWidth, 0)")

    expect(page.locator(".view.black.whole")).to_have_count(2)
    page.wait_for_function("() => document.getElementById('view-other').scrollTop === 0")
    at_its_end = "view => view.scrollLeft > 0 && view.scrollLeft === view.scrollWidth - view.clientWidth"
    assert that.evaluate(at_its_end)
    # Each side has its own picture; the other one, mat and zoom stay, also when the page is loaded anew.
    page.locator("#strip-other").get_by_role("link", name="Picture 1: A map").click()
    expect(page.locator("#caption-other b")).to_have_text("Picture 1")
    expect(page.locator("#scale")).to_have_text("100 %")
    page.reload()
    expect(page.locator("#caption-picture b")).to_have_text("Picture 5.2: Page 2 of 23")
    expect(page.locator("#caption-other b")).to_have_text("Picture 1")
    page.set_viewport_size({"width": 360, "height": 740})
    assert this.bounding_box()["y"] < that.bounding_box()["y"]
    # An animation beside a video, which has no size to compare.
    page.goto(f"{SHEET}/compare?to=B-1180&picture=3&other=4")
    expect(page.locator("#film-other")).to_be_visible()
    expect(page.locator("#scale")).to_have_text(re.compile(r"^[1-9]\d* %$"))
    page.locator("#play-picture").click()
    expect(page.locator("#shown-picture")).to_have_attribute("src", f"{SHEET}/pictures/3/1/media/moving")


def test_two_close_ups_side_by_side_keep_in_step_by_keys(visit: Visit, judge: Account) -> None:
    page = visit(judge)
    page.goto(f"{SHEET}/compare?to=B-1180&picture=1&other=1")
    expect(page.get_by_role("button", name="Close-up")).to_be_visible()
    page.keyboard.press("z")

    near = page.get_by_role("group", name="Close-up.")
    expect(near).to_have_count(2)
    expect(page.locator("#view-picture .near")).to_be_focused()
    expect(page.locator("#scale")).to_have_text(re.compile(r"^[1-9]\d* %$"))
    page.keyboard.press("+")
    with page.expect_response("**/pictures/1/1/tiles/13/11_*"):
        page.get_by_role("button", name="100 %").click()
        expect(page.locator("#scale")).to_have_text("100 %")
        page.locator("#view-other .near").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
    expect(page.locator("#scale")).to_have_text("100 %")
    page.keyboard.press("Escape")
    expect(near).to_have_count(0)
    expect(page.get_by_role("button", name="Close-up")).to_be_focused()
    # The next picture of both sides; of one only where it has the focus.
    page.keyboard.press(".")
    expect(page.locator("#strip-other [aria-current]")).to_have_attribute("aria-label", re.compile("^Picture 2"))
    expect(page.locator("#strip-picture [aria-current]")).to_have_attribute("aria-label", re.compile("^Picture 2"))
    page.locator("#view-picture").focus()
    page.keyboard.press(",")
    expect(page.locator("#strip-picture [aria-current]")).to_have_attribute("aria-label", re.compile("^Picture 1"))
    expect(page.locator("#strip-other [aria-current]")).to_have_attribute("aria-label", re.compile("^Picture 2"))


def test_a_picture_is_asked_for_again_when_the_line_is_back(visit: Visit, judge: Account) -> None:
    page = visit(judge, expect_errors=True)
    page.goto(SHEET)
    page.context.set_offline(True)
    page.get_by_role("link", name="Picture 5.1").click()
    expect(page.get_by_text("This picture did not load.")).to_be_visible()

    page.context.set_offline(False)

    expect(page.get_by_text("This picture did not load.")).to_be_hidden()
    assert page.locator("#shown").evaluate("image => image.naturalWidth") > 0


def test_without_a_script_all_is_a_link(visit: Visit, judge: Account) -> None:
    page = visit(judge, javascript=False)
    page.goto(f"{SHEET}?picture=4")
    assert page.locator("#film").get_attribute("src") == f"{SHEET}/pictures/4/1/media/webm"
    expect(page.locator("#film")).to_be_visible()
    page.get_by_role("link", name="Picture 3:").click()
    expect(page.locator("#film")).to_be_hidden()
    assert page.get_by_role("link", name="Play the animation").get_attribute("href") == (
        f"{SHEET}/pictures/3/1/media/moving"
    )
    page.get_by_role("link", name="Picture 1:").click()
    expect(page.get_by_role("button", name="Close-up")).to_be_hidden()
    expect(page.get_by_role("link", name="Open in full size")).to_be_visible()
    expect(page.get_by_role("list", name="Files without a picture")).to_contain_text(
        "In it: 2 × JPEG, 1 × PNG, 1 × other files"
    )


@pytest.fixture
def winner(make: Make, session: Session, store: Storage) -> str:
    """The address of a published winner with a large picture and a small one."""
    contest = make.contest("judging", slug="done", title=both("Ferry app"), judges_per_entry=1)
    organiser, judge = session.get_one(Account, contest.created_by), make.member(contest, Role.JUDGE)
    make.open_round(contest)
    entry: Entry = make.entry(contest, title="Tide Line", credit="Adaeze", files=0, state="draft")
    draw = Draw(make, store)
    kept = {"previews": False, "storage": store, "body": b"x"}
    large = make.file(entry, alt="A map of the bay", **kept)
    draw.page(large, 1, "picture")
    draw(large, 1, "tiles", pyramid(), WIDE, HIGH)
    draw.page(make.file(entry, alt="A mark", **kept), 1, "picture", width=400)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    make.scorecard(make.assignment(entry, judge), [5, 5, 5])
    make.close_round(contest)
    results.make_tally(session, contest.round.id, organiser.id)
    session.flush()
    awards.propose(session, make.actor(organiser), "done", [awards.Pick("first", entry.number, both("Clear."))])
    draft = publications.propose(session, make.actor(organiser), "done")
    second = make.actor(make.member(contest, Role.PUBLISHER))
    publications.approve(session, second, "done", draft.number, digest=draft.digest)
    publications.publish(session, second, "done", draft.number, digest=draft.digest)
    session.commit()
    return f"/en/contests/done/winners/{entry.number}"


def test_anybody_looks_closely_at_a_winner(visit: Visit, winner: str) -> None:
    page = visit(None)
    page.goto(winner)
    with page.expect_response("**/pictures/done/1/1/1/tiles/**") as tile:
        page.get_by_role("button", name="Close-up").click()

    assert (tile.value.status, tile.value.headers["cache-control"]) == (200, "public, max-age=300")
    near = page.get_by_role("group", name="Close-up.")
    expect(near).to_be_focused()
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    expect(near).to_have_count(0)
    page.get_by_role("link", name="Picture 2:").click()
    expect(page.locator("#shown")).to_have_attribute("alt", "A mark")
    expect(page.locator("#caption b")).to_have_text("Picture 2")
    expect(page.get_by_role("button", name="Close-up")).to_be_hidden()

    page = visit(None, javascript=False)
    page.goto(winner)
    expect(page.get_by_role("button", name="Close-up")).to_be_hidden()
    assert page.get_by_role("link", name="Open in full size").get_attribute("href") == "/pictures/done/1/1/1/1280"
    page.get_by_role("link", name="Picture 2:").click()
    expect(page.locator("#shown")).to_have_attribute("alt", "A mark")
