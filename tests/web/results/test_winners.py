"""The winners' pages in both languages: what they show, and when they are there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import pyvips
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest.models import (
    Award,
    Contest,
    Entry,
    EntryFile,
    Preview,
    Publication,
)
from contest.previews import jpeg
from contest.services import results
from contest.storage import Storage
from tests.factories import Make, both
from tests.pages import Page, Pages
from tests.web.results.steps import DECIDE, WORDS, award


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_winners_page_in_both_languages(published: Pages, pages: Pages, entries: list[Entry], lang: str) -> None:
    page = pages.get(f"/{lang}/contests/ferry/winners")

    assert page.root.get("lang") == lang
    assert page.h1 == both("Ferry app")[lang]
    text = page.text()
    for words in ("Work 5", "Maker 5", "Maker 4", WORDS[lang], both("First prize")[lang], both("¥100,000")[lang]):
        assert words in text
    assert WORDS["ja" if lang == "en" else "en"] not in text
    images = page.all("img")
    assert images[0].get("src") == "/pictures/ferry/1/1/1/1280"
    assert [one.get("alt") for one in images] == ["A picture of work 5", "A picture of work 4"]
    links = {one.get("hreflang"): one.get("href") for one in page.all("link") if one.get("rel") == "alternate"}
    assert links == {
        "en": "http://localhost:5000/en/contests/ferry/winners",
        "ja": "http://localhost:5000/ja/contests/ferry/winners",
        "x-default": "http://localhost:5000/contests/ferry/winners",
    }
    for image in images:
        assert pages.open(image.get("src")).status_code == 200
        for part in image.get("srcset").split(", "):
            assert pages.open(part.split()[0]).status_code == 200


@pytest.fixture
def moving(make: Make, entries: list[Entry], storage: Storage) -> EntryFile:
    """The winner's first file is a video of two pictures."""
    [file] = [each for each in entries[0].files if each.alt]
    file.kind = "mp4"
    make.page(file, 1, label="poster")
    make.page(file, 2, label="frame", number=12)
    for page, preset in ((1, "mp4"), (2, "320")):
        preview = Preview(
            file_id=file.id, page=page, preset=preset, key=f"previews/{file.id}{page}", width=320, height=160, size=9
        )
        make.session.add(preview)
        storage.put(preview.key, b"123456789", content_type="video/mp4")
    make.session.flush()
    return file


def test_a_winner_shows_its_pages_and_its_video(moving: EntryFile, published: Pages, pages: Pages) -> None:
    page = pages.get("/en/contests/ferry/winners")

    [film] = page.all("video")
    assert (film.get("src"), film.get("preload")) == ("/pictures/ferry/1/1/1/media/mp4", "none")
    assert film.get("poster") == "/pictures/ferry/1/1/1/1280"
    assert pages.open("/pictures/ferry/1/1/1/media/mp4").data == b"123456789"
    assert [pages.open(f"/pictures/ferry/1/1/{number}/media/mp4").status_code for number in (2, 3, 9)] == [404] * 3


def test_published_pictures_stay_when_another_file_gets_one_later(
    published: Pages, pages: Pages, session: Session, entries: list[Entry], storage: Storage
) -> None:
    first, second = sorted(entries[0].files, key=lambda each: each.alt, reverse=True)
    storage.put(
        next(each.key for each in second.previews if each.preset == "320"), b"second", content_type="image/webp"
    )
    assert pages.open("/pictures/ferry/1/1/2/320").data == b"second"

    first.preview_state = "pending"
    session.flush()

    assert pages.open("/pictures/ferry/1/1/1/320").status_code == 404
    assert pages.open("/pictures/ferry/1/1/2/320").data == b"second"


def test_a_publication_of_the_second_version_is_still_shown(
    published: Pages, pages: Pages, session: Session, contest: Contest
) -> None:
    [public] = session.scalars(select(Publication).where(Publication.contest_id == contest.id))
    old = json.loads(json.dumps(public.snapshot))
    for given in old["awards"]:
        del given["prototypes"]
        given["pictures"] = [{name: each[name] for name in ("page", "alt", "sizes")} for each in given["pictures"]]
    before = pages.get("/en/contests/ferry/winners").text()
    public.snapshot = old | {"format": 2}
    session.flush()

    assert pages.get("/en/contests/ferry/winners").text() == before
    assert [pages.open(f"/pictures/ferry/1/1/{page}/320").status_code for page in (1, 2, 3)] == [200, 200, 404]


def test_the_page_shows_the_snapshot_and_nothing_else(
    published: Pages, pages: Pages, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    """What changes behind a publication does not change what is public."""
    before = pages.open("/en/contests/ferry/winners").data
    contest.title = both("Renamed")
    session.execute(update(Award).values(statement=both("Rewritten")))
    entries[0].title, entries[0].account.name = "Retitled", "Another name"
    session.flush()

    after = pages.open("/en/contests/ferry/winners").data

    hide = lambda page: re.sub(rb'name="csrf_token" value="[^"]+"', b"", page)  # noqa: E731
    assert hide(after) == hide(before)
    for hidden in ("Entrant of", "entrant.example", "Aoki", "To the maker", str(entries[0].id)):
        assert hidden.encode() not in after


def test_links_to_the_winners_show_the_first_of_them(
    published: Pages,
    pages: Pages,
    make: Make,
    contest: Contest,
    entries: list[Entry],
    storage: Storage,
    run_jobs: Callable[[], list[str]],
) -> None:
    for preview in entries[0].files[0].previews:
        storage.put(preview.key, pyvips.Image.black(1200, 600, bands=3).webpsave_buffer(), content_type="image/webp")

    def image(page: Page) -> str | None:
        return next((each.get("content") for each in page.all("meta") if each.get("property") == "og:image"), None)

    address = "/pictures/ferry/1/card"
    assert image(pages.get("/en/contests/ferry/winners")) is None
    assert pages.open(address).status_code == 404
    make.cover(contest)
    assert image(pages.get("/en/contests/ferry/winners")) == "http://localhost:5000/covers/ferry/card"

    assert "draw_card" in run_jobs()

    page = pages.get("/ja/contests/ferry/winners")
    assert image(page) == f"http://localhost:5000{address}"
    told = {each.get("property"): each.get("content") for each in page.all("meta")}
    assert (told["og:type"], told["og:image:alt"]) == ("article", "A picture of work 5")
    assert told["og:description"].startswith(both("First prize")["ja"]) and "Work 5" in told["og:description"]
    card = pages.open(address)
    assert (card.status_code, card.mimetype, jpeg.measure(card.data)) == (200, "image/jpeg", (1200, 630))
    # A link to one winner shows that winner; one whose pictures are gone shows none.
    assert image(pages.get(f"/en/contests/ferry/winners/{entries[0].number}")) == (
        "http://localhost:5000/pictures/ferry/1/1/card"
    )
    assert pages.open("/pictures/ferry/1/1/card").data == card.data
    assert pages.open("/pictures/ferry/1/3/card").status_code == 404
    # Who may not take it back is not asked to.
    assert "Retract publication" not in published.get(DECIDE).text()
    published.post(f"{DECIDE}/1/retract", {"reason": "A mistake."}, status=403)
    assert pages.open(address).status_code == 200
    assert pages.open("/pictures/ferry/2/card").status_code == 404


@pytest.mark.parametrize("drawn", [True, False], ids=["drawn before", "drawn too late"])
def test_a_card_goes_with_its_publication(
    published: Pages,
    publisher: Pages,
    pages: Pages,
    session: Session,
    entries: list[Entry],
    storage: Storage,
    run_jobs: Callable[[], list[str]],
    drawn: bool,
) -> None:
    for preview in entries[0].files[0].previews:
        storage.put(preview.key, pyvips.Image.black(1200, 600, bands=3).webpsave_buffer(), content_type="image/webp")
    address = "/pictures/ferry/1/card"
    if drawn:
        assert "draw_card" in run_jobs()
        assert pages.open(address).status_code == 200

    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "A mistake."})
    # Without a card yet, the job comes when nothing is public any more, and draws none.
    assert ("draw_card" in run_jobs()) is not drawn

    assert pages.open(address).status_code == 404
    row = session.scalars(select(Publication)).one()
    assert (row.state, row.card_key != "") == ("retracted", drawn)


def test_of_two_who_write_the_jurys_words_the_second_is_told(organiser: Pages) -> None:
    first, second = organiser.get(DECIDE), organiser.get(DECIDE)
    words = {"jury_statement_en": "We looked for kindness.", "jury_statement_ja": "やさしさを探しました。"}
    organiser.submit(first, "Save the jury’s words", words)

    organiser.submit(second, "Save the jury’s words", words | {"jury_statement_en": "We looked."}, status=409)

    assert organiser.get(DECIDE).form("Save the jury’s words")[1]["jury_statement_en"] == "We looked for kindness."


def test_the_jury_speaks_on_the_winners_page(
    organiser: Pages, publisher: Pages, pages: Pages, entries: list[Entry]
) -> None:
    award(organiser, entries)
    words = {
        "jury_statement_en": "We looked for kindness.\n\nWe found it.",
        "jury_statement_ja": "やさしさを探しました。",
        "jury_en": "Aoki Haruka <chair>",
        "jury_ja": "青木 遥",
    }
    refused = organiser.submit(organiser.get(DECIDE), "Save the jury’s words", words | {"jury_ja": ""}, status=422)
    assert refused.problems == ["The Japanese text is missing."]
    assert refused.form("Save the jury’s words")[1]["jury_en"] == "Aoki Haruka <chair>"
    page = organiser.submit(organiser.get(DECIDE), "Save the jury’s words", words)
    assert "The jury’s words are saved." in page.text()
    organiser.submit(page, "Propose publication")
    asked = publisher.get(DECIDE)
    assert "We looked for kindness." in asked.text() and "やさしさを探しました。" in asked.text()
    publisher.submit(asked, "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")

    page = pages.get("/en/contests/ferry/winners")

    assert "<p>We looked for kindness.</p><p>We found it.</p>" in page.html
    assert "Aoki Haruka <chair>" in page.text() and "やさしさ" not in page.text()
    assert "青木 遥" in pages.get("/ja/contests/ferry/winners").text()
    told = pages.json("GET", "/api/v1/publications/ferry")["snapshot"]
    assert (told["format"], told["jury"]["people"]) == (6, {"en": "Aoki Haruka <chair>", "ja": "青木 遥"})


def test_a_shared_first_rank_is_pointed_out(
    organiser: Pages, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    assert "The first rank is shared" not in organiser.get(DECIDE).text()
    entries[0].state = "disqualified"
    session.flush()
    results.make_tally(session, contest.round.id, contest.created_by)

    numbers = ", ".join(f"{entry.number:04d}" for entry in entries[1:])
    assert f"The first rank is shared by {numbers}." in organiser.get(DECIDE).text()


def test_an_address_without_a_language_leads_to_the_readers(published: Pages, pages: Pages) -> None:
    assert pages.open("/contests/ferry/winners").headers["Location"] == "/en/contests/ferry/winners"
    assert pages.as_(None, "ja").open("/contests/ferry/winners").headers["Location"] == "/ja/contests/ferry/winners"


def test_nothing_is_public_before(organiser: Pages, pages: Pages, publisher: Pages, entries: list[Entry]) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")

    for path in (
        "/{lang}/contests/{slug}/winners",
        "/contests/{slug}/winners",
        "/pictures/{slug}/1/1/1/320",
        "/api/v1/publications/{slug}",
        "/api/v1/publications/{slug}/1",
    ):
        mine, unknown = (pages.open(path.format(lang="en", slug=slug)) for slug in ("ferry", "never"))
        assert (mine.status_code, unknown.status_code) == (404, 404)
        assert _without_numbers(mine, "ferry") == _without_numbers(unknown, "never")


def _without_numbers(response: Any, slug: str) -> tuple[Any, ...]:
    """Headers and body without the request's number, its token and the address that was asked for."""
    number = response.headers["X-Request-ID"]
    body = response.get_data(as_text=True).replace(number, "NUMBER").replace(slug, "SLUG")
    body = re.sub(r'name="csrf_token" value="[^"]+"', "", body)
    kept = {
        name: value
        for name, value in response.headers.items()
        if name not in ("X-Request-ID", "Set-Cookie", "Date", "Content-Length")
    }
    return body, sorted(kept.items())


def test_pictures_are_cached_and_end_with_the_publication(published: Pages, pages: Pages, publisher: Pages) -> None:
    first = pages.open("/pictures/ferry/1/1/1/320")
    assert first.headers["Cache-Control"].startswith("public")
    assert "Last-Modified" not in first.headers
    assert pages.open("/pictures/ferry/1/1/1/320", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    for path in ("1/3/1/320", "1/1/3/320", "1/1/0/320", "2/1/1/320", "1/1/1/640", "99999999999999999999/1/1/320"):
        assert pages.open(f"/pictures/ferry/{path}").status_code == 404

    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "A mistake."})

    assert pages.open("/pictures/ferry/1/1/1/320").status_code == 404
