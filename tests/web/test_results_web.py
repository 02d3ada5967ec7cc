"""The pages of results: two people decide, the winners in both languages, the public interface."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pyvips
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    Award,
    Contest,
    Entry,
    EntryFile,
    LoginSession,
    MailMessage,
    Preview,
    Publication,
)
from contest.previews import jpeg
from contest.services import results
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Page, Pages
from tests.pictures import png

WORDS = {"en": "Clear and kind.", "ja": "分かりやすく、親切です。"}
DECIDE = "/manage/ferry/results"


@pytest.fixture
def contest(make: Make, storage: Storage) -> Contest:
    """Three judged entries; the round is closed and tallied."""
    contest = make.contest("judging", slug="ferry", title=both("Ferry app"), judges_per_entry=1)
    judge = make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))
    make.open_round(contest)
    for place, level in enumerate((5, 4, 4)):
        entry = make.entry(
            contest,
            make.account(f"Entrant of {level}", email=f"secret{place}@entrant.example"),
            title=f"Work {level}",
            credit=f"Maker {level}",
            files=0,
            state="draft",
        )
        make.file(entry, body=png(), storage=storage, alt=f"A picture of work {level}")
        make.file(entry, body=png(), storage=storage, alt="")
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        make.session.flush()
        make.revision(entry)
        make.scorecard(make.assignment(entry, judge), [level] * 3).comment = f"To the maker of {level}."
    make.close_round(contest)
    results.make_tally(make.session, contest.round.id, contest.created_by)
    make.session.flush()
    return contest


@pytest.fixture
def entries(session: Session, contest: Contest) -> list[Entry]:
    return list(session.scalars(select(Entry).where(Entry.contest_id == contest.id).order_by(Entry.number)))


@pytest.fixture
def organiser(pages: Pages, session: Session, contest: Contest) -> Pages:
    return pages.as_(session.get_one(Account, contest.created_by))


@pytest.fixture
def publisher(pages: Pages, make: Make, contest: Contest) -> Pages:
    return pages.as_(make.member(contest, Role.PUBLISHER, make.account("Okada Jun")))


def award(desk: Pages, entries: list[Entry], **changes: Any) -> Any:
    """Give the first prize to the first entry and a second prize to the second."""
    page = desk.get(DECIDE)
    values = {
        "entry-0": str(entries[0].number),
        "statement-0_en": WORDS["en"],
        "statement-0_ja": WORDS["ja"],
        "entry-1": str(entries[1].number),
        "statement-1_en": "Also good.",
        "statement-1_ja": "これも良い。",
    }
    return desk.submit(page, "Save the awards", values | changes)


@pytest.fixture
def published(organiser: Pages, publisher: Pages, entries: list[Entry]) -> Pages:
    """The winners are out; returns the organiser."""
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")
    return organiser


# Deciding -----------------------------------------------------------------------------------------


def test_the_standings_share_ties_and_say_what_was_not_counted(
    organiser: Pages, session: Session, make: Make, contest: Contest, entries: list[Entry]
) -> None:
    page = organiser.get(DECIDE)

    rows = [[page.text(cell) for cell in row] for row in page.all("tr")][1:4]
    number = [f"{entry.number:04d}" for entry in entries]
    assert rows == [
        ["1", f"{number[0]} Work 5", "100.00 %", "1", "No prize"],
        ["2, shared by 2", f"{number[1]} Work 4", "80.00 %", "1", "No prize"],
        ["2, shared by 2", f"{number[2]} Work 4", "80.00 %", "1", "No prize"],
    ]
    assert "Every scorecard of every entry counts." in page.text()
    entries[2].state = "disqualified"
    session.flush()
    results.make_tally(session, contest.round.id, contest.created_by)
    page = organiser.get(DECIDE)
    assert f"The organiser took the entry out of the contest: {number[2]}" in page.text()
    assert "Tally 2. Entries: 2, judges: 1, scorecards that count: 2." in page.text()


def test_awards_are_saved_and_refused_at_their_field(organiser: Pages, session: Session, entries: list[Entry]) -> None:
    page = organiser.get(DECIDE)
    refused = organiser.submit(
        page,
        "Save the awards",
        {"entry-0": "999999", "statement-0_en": "Good.", "entry-1": "what", "entry-2": str(entries[1].number)},
        status=422,
    )
    unknown = "Entry number: No judged entry of this contest has this number."
    english, japanese = (
        f"The jury's statement in {lang}: Write the jury's statement in both languages."
        for lang in ("English", "Japanese")
    )
    assert refused.problems == [unknown, japanese, unknown, english, japanese, english, japanese]
    _, data = refused.form("Save the awards")
    assert (data["entry-0"], data["statement-0_en"], data["entry-1"]) == ("999999", "Good.", "what")
    assert session.scalars(select(Award)).all() == []

    page = award(organiser, entries)

    assert "2 awards are saved." in page.text()
    _, data = page.form("Save the awards")
    assert (data["entry-0"], data["statement-0_ja"]) == (str(entries[0].number), WORDS["ja"])
    slips = [page.text(one) for one in page.all("span") if one.get("class") == "slip"]
    assert slips == ["First prize", "Second prize"]


def test_two_people_decide(
    organiser: Pages,
    publisher: Pages,
    session: Session,
    make: Make,
    contest: Contest,
    entries: list[Entry],
    run_jobs: Callable[[], list[str]],
) -> None:
    award(organiser, entries)
    page = organiser.submit(organiser.get(DECIDE), "Propose publication")
    assert page.h1 == "2 awards wait for approval"
    assert "Only a publisher or the chair of this contest may do this." in page.text()
    assert "mail_proposal" in run_jobs()
    assert session.scalars(select(MailMessage.subject)).all() == ["Please approve: winners of Ferry app"]

    page = publisher.get(DECIDE)
    draft = session.scalars(select(Publication)).one()
    for words in (WORDS["en"], WORDS["ja"], "Maker 5", "これも良い。"):
        assert words in page.text()
    url, data = page.form("Approve")
    assert data["digest"] == draft.digest
    wrong = publisher.post(url, {"digest": "0" * 64}, status=403)
    assert wrong.h1 == "The proposal changed"
    page = publisher.submit(page, "Approve")
    assert page.h1 == "Approved, ready to publish"
    assert "Okada Jun" in page.text()

    page = organiser.submit(organiser.get(DECIDE), "Publish")

    assert page.h1 == "The winners are published"
    session.expire_all()
    assert (draft.state, contest.published_at is not None) == ("published", True)


def test_one_person_is_not_two(
    organiser: Pages, make: Make, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    make.member(contest, Role.PUBLISHER, session.get_one(Account, contest.created_by))
    make.member(contest, Role.CHAIR, session.get_one(Account, contest.created_by))
    award(organiser, entries)
    page = organiser.submit(organiser.get(DECIDE), "Propose publication")
    digest = session.scalars(select(Publication.digest)).one()

    assert "You proposed this." in page.text()
    for act in ("approve", "publish"):
        refused = organiser.post(f"{DECIDE}/1/{act}", {"digest": digest}, status=403)
        assert refused.h1 in ("A second person must approve", "This is not possible")
    assert session.scalars(select(Publication.state)).all() == ["draft"]


def test_an_old_proof_of_identity_leads_to_confirming_and_back(
    organiser: Pages, publisher: Pages, session: Session, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    session.execute(update(LoginSession).values(fresh_at=datetime.now(UTC) - timedelta(minutes=6)))
    url, data = publisher.get(DECIDE).form("Approve")

    response = publisher.post(url, data, status=302, headers={"Referer": f"http://localhost{DECIDE}"})

    assert response.headers["Location"] == "/confirm"
    with publisher.client.session_transaction() as cookie:
        assert cookie["next"] == DECIDE
    assert session.scalars(select(Publication.approved_at)).all() == [None]


def test_changing_the_awards_takes_the_proposal_back(
    organiser: Pages, publisher: Pages, session: Session, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    url, data = publisher.get(DECIDE).form("Approve")
    award(organiser, entries, **{"statement-0_en": "Said otherwise."})

    refused = publisher.post(url, data, status=403)

    assert "no longer a proposal" in refused.text()
    assert session.scalars(select(Publication.state)).all() == ["superseded"]


def test_the_page_is_for_the_app_team_only(
    organiser: Pages, pages: Pages, make: Make, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    judge, entrant = make.member(contest, Role.JUDGE), entries[0].account
    for account in (judge, entrant):
        visitor = pages.as_(account)
        visitor.get(DECIDE, status=404)
        for path in ("/awards", "/propose", "/1/approve", "/1/publish", "/1/retract"):
            visitor.post(f"{DECIDE}{path}", {}, status=404)
    assert pages.open(DECIDE).headers["Location"] == "/sign-in"


def test_before_the_tally_there_is_nothing_to_decide(
    organiser: Pages, make: Make, session: Session, contest: Contest
) -> None:
    other = make.contest("judging", slug="other", organiser=session.get_one(Account, contest.created_by))
    make.entry(other)

    page = organiser.get("/manage/other/results")

    assert page.h1 == "There is no result yet"
    assert organiser.post("/manage/other/results/propose", status=403).h1 == "This is not possible"


def test_deciding_takes_few_statements(organiser: Pages, session: Session, app: Any, published: Pages) -> None:
    from sqlalchemy import event

    engine = app.extensions["contest.db"].engine
    seen: list[str] = []
    note = lambda *given: seen.append(given[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    try:
        organiser.get(DECIDE)
        assert len(seen) <= 12, "\n".join(seen)
        seen.clear()
        organiser.get("/en/contests/ferry/winners")
        assert len(seen) <= 4, seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


# The winners --------------------------------------------------------------------------------------


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
    told = [one.get("alt") for one in images]
    assert told[::2] == ["A picture of work 5", "A picture of work 4"]
    assert all("Work" in words and "2" in words for words in told[1::2])
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

    assert "Frame 12" in page.text() and "Still of the video" not in page.text()
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
    published.submit(published.get(DECIDE), "Retract", {"reason": "A mistake."}, status=403)
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
    assert (told["format"], told["jury"]["people"]) == (4, {"en": "Aoki Haruka <chair>", "ja": "青木 遥"})


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


# The public interface -----------------------------------------------------------------------------


def test_the_interface_gives_a_snapshot_that_anybody_can_check(published: Pages, pages: Pages) -> None:
    response = pages.open("/api/v1/publications/ferry")

    body = response.get_json()
    text = json.dumps(body["snapshot"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert (body["contest"], body["publication"], body["state"]) == ("ferry", 1, "published")
    assert [award["credit"] for award in body["snapshot"]["awards"]] == ["Maker 5", "Maker 4"]
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert pages.open("/api/v1/publications/ferry/1").get_json() == body
    page = pages.get("/en/contests/ferry/winners")
    assert body["digest"] in page.text().replace(" ", "")
    assert page.link("Open the file (JSON)") == "/api/v1/publications/ferry/1"


def test_the_interface_answers_an_unchanged_tag_with_nothing(published: Pages, pages: Pages) -> None:
    tag = pages.open("/api/v1/publications/ferry").headers["ETag"]

    same = pages.open("/api/v1/publications/ferry", headers={"If-None-Match": tag})
    other = pages.open("/api/v1/publications/ferry", headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert other.status_code == 200


def test_superseded_stays_at_its_number_and_retracted_says_why(
    published: Pages, publisher: Pages, pages: Pages, session: Session, entries: list[Entry]
) -> None:
    first_tag = pages.open("/api/v1/publications/ferry/1").headers["ETag"]
    award(published, entries, **{"statement-0_en": "Better said."})
    published.submit(published.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    published.submit(published.get(DECIDE), "Publish")

    assert pages.open("/api/v1/publications/ferry").get_json()["publication"] == 2
    old = pages.open("/api/v1/publications/ferry/1")
    assert (old.get_json()["state"], old.headers["ETag"] != first_tag) == ("superseded", True)
    assert "Better said." in pages.get("/en/contests/ferry/winners").text()

    page = publisher.get(DECIDE)
    assert publisher.submit(page, "Retract", {"reason": ""}, status=422).problems == ["Say in one sentence why."]
    publisher.submit(page, "Retract", {"reason": "The wrong picture was shown."})

    assert pages.open("/en/contests/ferry/winners").status_code == 404
    assert pages.open("/api/v1/publications/ferry").status_code == 404
    gone = pages.open("/api/v1/publications/ferry/2")
    assert (gone.status_code, gone.get_json()["reason"]) == (410, "The wrong picture was shown.")
    assert "snapshot" not in gone.get_json()
    assert "Retracted: The wrong picture was shown." in publisher.get(DECIDE).text()


def test_entrants_are_told_in_their_language(
    published: Pages, session: Session, entries: list[Entry], run_jobs: Callable[[], list[str]]
) -> None:
    entries[0].account.locale = "ja"
    session.commit()

    assert "mail_published" in run_jobs()

    mails = {
        mail.address: mail for mail in session.scalars(select(MailMessage).where(MailMessage.key.like("published:%")))
    }
    assert set(mails) == {entry.account.email for entry in entries}
    winner = mails[entries[0].account.email]
    assert winner.locale == "ja"
    assert both("First prize")["ja"] in winner.text
    assert "To the maker of 5." in winner.text
    assert "http://localhost:5000/ja/contests/ferry/winners" in winner.text
    assert not any("Aoki" in mail.text for mail in mails.values())
