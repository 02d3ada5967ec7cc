"""The contest's picture from the organiser's form to the public pages, and what links to those pages show."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy.orm import Session

from contest.models import Account, Contest
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Page, Pages
from tests.pictures import noise, pdf

WORDS = {
    "alt_en": "A bay with “ferries” & <b>piers</b>.",
    "alt_ja": "渡船のある湾。",
    "caption_en": "The bay at noon.",
    "caption_ja": "昼の湾。",
}


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("draft", slug="ferry", title=both("Ferry app"))


@pytest.fixture
def organiser(pages: Pages, session: Session, contest: Contest) -> Pages:
    return pages.as_(session.get_one(Account, contest.created_by))


def send(desk: Pages, body: bytes | None, name: str = "bay.png", **options: Any) -> Page:
    page = desk.get("/manage/ferry/picture")
    values: dict[str, Any] = dict(WORDS)
    values["file"] = None if body is None else (BytesIO(body), name)
    return desk.submit(page, "Save the picture", values, **options)


def meta(page: Page) -> dict[str, str]:
    found = [(each.get("property") or each.get("name"), each.get("content")) for each in page.all("meta")]
    return {name: content for name, content in found if name and name.startswith(("og:", "twitter:"))}


def test_from_the_form_to_the_page(
    pages: Pages, organiser: Pages, session: Session, contest: Contest, run_jobs: Callable[[], list[str]]
) -> None:
    page = send(organiser, noise(1600, 600))
    assert "The picture has arrived. We draw it now." in page.text() and "Being drawn" in page.text()
    assert not organiser.get("/en/contests/ferry").all("figure")
    run_jobs()
    assert "Remove the picture" in organiser.get("/manage/ferry/picture").text()

    page = organiser.get("/en/contests/ferry")

    (figure,) = page.all("figure")
    (image,) = page.all("img")
    assert image.get("alt") == WORDS["alt_en"]
    assert (image.get("width"), image.get("height"), image.get("loading")) == ("1280", "480", "eager")
    assert image.get("srcset") == ", ".join(
        f"/covers/ferry/{preset} {width}w" for preset, width in (("320", 320), ("1280", 1280), ("2560", 1600))
    )
    assert page.text(figure) == "The bay at noon."
    japanese = organiser.get("/ja/contests/ferry")
    assert japanese.all("img")[0].get("alt") == "渡船のある湾。"
    # The contest is a draft: its picture is no more public than its page.
    assert [pages.open(f"/covers/ferry/{preset}").status_code for preset in ("1280", "card")] == [404, 404]
    mine = organiser.open("/covers/ferry/1280")
    assert (mine.status_code, mine.mimetype, mine.headers["Cache-Control"]) == (
        200,
        "image/webp",
        "private, max-age=3600",
    )
    contest.announced_at = contest.opens_at = datetime.now(UTC)
    card = pages.open("/covers/ferry/card")
    assert (card.status_code, card.mimetype, card.headers["Cache-Control"]) == (
        200,
        "image/jpeg",
        "public, max-age=300",
    )
    assert pages.open("/covers/ferry/card", headers={"If-None-Match": card.headers["ETag"]}).status_code == 304
    assert pages.open("/covers/ferry/640").status_code == 404


@pytest.mark.parametrize(
    ("body", "name", "values", "problem"),
    [
        (pdf(1), "bay.png", {}, "This is no PNG, JPEG, WebP or SVG. Save the picture as one of these, then choose it again."),
        (None, "", {}, "Choose a file."),
        (noise(9, 9), "bay.png", {"alt_ja": " "}, "The Japanese text is missing."),
        (noise(9, 9), "bay.png", {"caption_en": ""}, "The English text is missing."),
    ],
    ids=["no picture", "no file", "no words", "half a caption"],
)  # fmt: skip
def test_a_refused_picture_says_why_and_keeps_the_words(
    organiser: Pages, body: bytes | None, name: str, values: dict[str, str], problem: str
) -> None:
    page = organiser.get("/manage/ferry/picture")
    given: dict[str, Any] = WORDS | values
    given["file"] = None if body is None else (BytesIO(body), name)

    refused = organiser.submit(page, "Save the picture", given, status=422)

    assert refused.problems == [problem]
    _, data = refused.form("Save the picture")
    assert data["alt_en"] == WORDS["alt_en"]


def test_a_large_picture_is_let_in_and_one_too_large_is_told(organiser: Pages) -> None:
    large = noise(9, 9)
    page = send(organiser, large + bytes(3_000_000), status=302)
    assert "Being drawn" in page.text()
    refused = send(organiser, large + bytes(20_000_001), status=422)
    assert refused.problems == ["The picture is larger than 20 MB. Save it smaller, then choose it again."]


def test_a_form_from_an_older_page_shows_what_is_stored(organiser: Pages, make: Make, contest: Contest) -> None:
    make.cover(contest)
    old = organiser.get("/manage/ferry/picture")
    organiser.submit(organiser.get("/manage/ferry/picture"), "Save the picture", {"alt_en": "Another bay."})

    stale = organiser.submit(old, "Save the picture", {"alt_en": "My bay."}, status=409)

    assert "Another bay." in stale.text()
    assert stale.form("Save the picture")[1]["alt_en"] == "My bay."


def test_a_picture_that_cannot_be_drawn_says_so_and_can_go(
    organiser: Pages, make: Make, contest: Contest, session: Session
) -> None:
    make.cover(contest, state="failed", reason="truncated", sizes=[])
    page = organiser.get("/manage/ferry/picture")
    assert "The file arrived, but it ends too early to be shown." in page.text()
    assert not organiser.get("/en/contests/ferry").all("figure")

    page = organiser.submit(page, "Remove the picture")

    assert "The picture is taken off the page of the contest." in page.text()
    session.refresh(contest)
    assert contest.picture is None


def test_a_publisher_sees_the_picture_and_cannot_change_it(pages: Pages, make: Make, contest: Contest) -> None:
    make.cover(contest)
    desk = pages.as_(make.member(contest, Role.PUBLISHER))
    page = desk.get("/manage/ferry/picture")
    assert page.all("img") and "Remove the picture" not in page.text() and "Save the picture" not in page.text()


# The public pages ---------------------------------------------------------------------------------


def test_the_wall_shows_pictures_and_says_when_it_is_empty(pages: Pages, make: Make, storage: Storage) -> None:
    page = pages.get("/en/")
    assert "The wall is empty" in page.text()
    assert meta(page)["twitter:card"] == "summary"
    contest = make.contest("open", slug="ferry", title=both("Ferry app"))
    make.cover(contest, storage=storage)
    make.contest("judging", slug="shelter", winners_at=datetime.now(UTC) + timedelta(days=3))
    hidden = make.contest("draft", slug="unseen-plan", title=both("Secret plan"))
    make.cover(hidden)

    page = pages.get("/en/")

    assert [image.get("src") for image in page.all("img")] == ["/covers/ferry/1280"]
    assert page.all("img")[0].get("alt") == "A bay with ferries."
    assert "Winners: " in page.text() and "Secret plan" not in page.html and "unseen-plan" not in page.html
    assert meta(page)["og:image"].endswith("/covers/ferry/card")


def test_links_to_a_contest_show_its_picture(pages: Pages, make: Make) -> None:
    contest = make.contest("open", slug="ferry", title={"en": 'A "ferry" & more', "ja": "渡船"})
    plain = meta(pages.get("/ja/contests/ferry"))
    assert "og:image" not in plain and plain["twitter:card"] == "summary"
    make.cover(contest)

    told = meta(pages.get("/en/contests/ferry"))

    base = told["og:url"].removesuffix("/en/contests/ferry")
    assert base.startswith("http")
    assert told == {
        "og:site_name": told["og:site_name"],
        "og:type": "website",
        "og:title": 'A "ferry" & more',
        "og:description": "Design a thing that people can use.",
        "og:url": f"{base}/en/contests/ferry",
        "og:locale": "en_US",
        "og:locale:alternate": "ja_JP",
        "og:image": f"{base}/covers/ferry/card",
        "og:image:type": "image/jpeg",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "A bay with ferries.",
        "twitter:card": "summary_large_image",
    }


@pytest.mark.parametrize("points", [3, 4, 5, 7, 10])
def test_levels_are_shown_in_three_and_all_on_request(pages: Pages, make: Make, points: int) -> None:
    make.contest("open", slug="ferry", points=points)

    page = pages.get("/en/contests/ferry")

    shown = re.findall(r"<dt>(\d+) of (\d+)</dt>", page.html)[:3]
    assert shown == [("1", str(points)), (str((points + 1) // 2), str(points)), (str(points), str(points))]
    assert (f"All {points} levels" in page.text()) is (points > 3)
    assert page.html.count('<ol class="scale">') == (page.html.count('class="crit"') if points > 3 else 0)


def test_each_phase_says_the_one_next_thing(pages: Pages, make: Make, session: Session) -> None:
    later = datetime.now(UTC) + timedelta(days=9)
    for phase, words in {
        "announced": "Have your account ready when it opens.",
        "open": "Start an entry",
        "grace": "No new entry can begin. An upload that began before the close has 30 min more to finish",
        "judging": "The judges are reading the entries.",
    }.items():
        make.contest(phase, slug=phase, winners_at=later)
        page = pages.get(f"/en/contests/{phase}")
        assert words in page.text(), phase
        assert "planned, in 8 days" in page.text(), phase
        assert "Add the dates to your calendar" in page.text(), phase
    visitor = pages.as_(make.account())
    assert "Your account is ready. Come back when it opens." in visitor.get("/en/contests/announced").text()

    late = make.contest("judging", slug="late", winners_at=datetime.now(UTC) - timedelta(hours=1))
    assert "The winners are not decided yet." in pages.get("/en/contests/late").text()
    late.winners_at = None
    make.open_round(late)
    make.close_round(late)
    page = pages.get("/en/contests/late")
    assert "The judges have finished. The winners are being decided." in page.text()

    draft = make.contest("draft", slug="draft")
    team = pages.as_(session.get_one(Account, draft.created_by))
    page = team.get("/en/contests/draft")
    assert "This is a preview." in page.text()
    assert meta(page) == {} and not page.html.count("hreflang")
