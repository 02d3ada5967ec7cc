"""The judge's pages: queue, sheet, saving with and without a script, stepping back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, Contest, Entry, Preview, Recusal, Scorecard
from contest.previews import placeholder
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Page, Pages
from tests.pictures import png


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka", zone="Europe/Vienna"))


@pytest.fixture
def assignments(make: Make, contest: Contest, judge: Account, storage: Storage) -> list[Assignment]:
    """Three entries in the judge's order, with pictures in the store."""
    made = []
    for place, code in enumerate(("B-1180", "B-0931", "B-1544"), 1):
        entry = make.entry(contest, title=f"Work {place}", files=0, state="draft")
        make.file(entry, body=png(), storage=storage, alt=f"Screen of work {place}")
        make.file(entry, body=png(), storage=storage, alt="")
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        make.session.flush()
        make.revision(entry)
        made.append(make.assignment(entry, judge, code=code, position=place))
    make.open_round(contest)
    return made


@pytest.fixture
def desk(pages: Pages, judge: Account, assignments: list[Assignment]) -> Pages:
    return pages.as_(judge)


ALL = {"level-clarity": "5", "level-fit": "4", "level-craft": "2"}
LEVELS = {"clarity": 5, "fit": 4, "craft": 2}


def card(session: Session, assignment: Assignment) -> Scorecard | None:
    return session.scalars(select(Scorecard).where(Scorecard.assignment_id == assignment.id)).first()


def levels(page: Page) -> list[Any]:
    """The radio buttons of the criteria: not those of the theme in the foot."""
    return [one for one in page.all("input") if (one.get("name") or "").startswith("level-")]


# The queue and the sheet --------------------------------------------------------------------------


def test_the_queue_leads_through_all_entries(desk: Pages, session: Session, assignments: list[Assignment]) -> None:
    page = desk.get("/judge/ferry")
    assert page.h1 == "0 of 3 judged"
    sheet = desk.get(page.link("Go on with B-1180"))
    for code in ("B-1180", "B-0931", "B-1544"):
        assert sheet.h1 == f"Entry {code}"
        sheet = desk.submit(sheet, "Submit and next", ALL)

    assert sheet.h1 == "3 of 3 judged"
    assert "You have judged everything" in sheet.text()
    assert [card(session, one).state for one in assignments] == ["submitted"] * 3


def test_the_queue_is_filtered_and_says_each_state(desk: Pages, make: Make, assignments: list[Assignment]) -> None:
    make.scorecard(assignments[1], [5, None, None], state="draft")

    page = desk.get("/judge/ferry")
    assert "2 to go, 1 skipped, 0 hidden for a conflict of interest." in page.text()
    assert "Begun, 1 of 3 scored" in page.text()
    assert [page.text(one) for one in page.all("a") if "code" in (one.get("class") or "")] == [
        "B-1180",
        "B-0931",
        "B-1544",
    ]
    begun = desk.get(page.link("Begun 1"))
    assert [begun.text(one) for one in begun.all("a") if "code" in (one.get("class") or "")] == ["B-0931"]
    assert "No entry of yours is in this state." in desk.get("/judge/ferry?show=conflict").text()

    make.scorecard(assignments[2], [5, 4, 2], state="draft")
    assert "All scored, not submitted yet" in desk.get("/judge/ferry?show=draft").text()


def test_a_finished_queue_thanks_and_says_what_happens_next(
    desk: Pages, make: Make, contest: Contest, assignments: list[Assignment]
) -> None:
    for one in assignments[:2]:
        make.scorecard(one, [5, 4, 2])
    assert "Thank you." not in desk.get("/judge/ferry").text()
    make.scorecard(assignments[2], [1, 1, 1])

    page = desk.get("/judge/ferry")
    assert "Thank you. You have judged everything that is yours to judge." in page.text()
    assert [page.text(one) for one in page.all("li")].count(
        "Until the round closes you may reopen a scorecard and change it."
    ) == 1
    assert page.link("See your scores side by side") == "/judge/ferry/scores"

    make.close_round(contest)
    page = desk.get("/judge/ferry")
    assert "Judging is over. It closed " in page.text()
    assert "Thank you." not in page.text()


def test_the_judges_own_scores_stand_side_by_side(
    desk: Pages, make: Make, contest: Contest, assignments: list[Assignment]
) -> None:
    page = desk.get("/judge/ferry/scores")
    assert "You have not submitted a scorecard yet." in page.text()
    make.scorecard(assignments[0], [1, 2, 3])
    make.scorecard(assignments[1], [5, 5, 5])
    make.scorecard(assignments[2], [5, None, None], state="draft")
    other = make.member(contest, Role.JUDGE)
    make.scorecard(make.assignment(assignments[0].entry, other, code="X-9999"), [4, 4, 4])

    page = desk.get("/judge/ferry/scores")

    rows = [[page.text(cell) for cell in row] for row in page.all("tr")]
    assert rows[0][0] == "Entry"
    assert [row[:4] for row in rows[1:]] == [
        ["B-0931", "5 of 5", "5 of 5", "5 of 5"],
        ["B-1180", "1 of 5", "2 of 5", "3 of 5"],
    ]
    assert rows[1][4] == "100.0 %"
    assert "2 of 3 are judged." in page.text()


def test_a_long_queue_has_pages(pages: Pages, make: Make, contest: Contest, judge: Account) -> None:
    for place in range(1, 53):
        make.assignment(make.entry(contest, files=0), judge, code=f"C-{place:04d}", position=place)
    make.open_round(contest)
    desk = pages.as_(judge)

    def codes(url: str) -> list[str]:
        page = desk.get(url)
        return [page.text(one) for one in page.all("a") if one.get("class") == "code"]

    assert codes("/judge/ferry") == [f"C-{place:04d}" for place in range(1, 51)]
    assert desk.get("/judge/ferry").link("Next") == "/judge/ferry?page=2"
    assert codes("/judge/ferry?page=2") == codes("/judge/ferry?page=99") == ["C-0051", "C-0052"]
    assert codes("/judge/ferry?page=what")[0] == "C-0001"
    assert desk.get("/judge/ferry?show=open&page=2").link("Back") == "/judge/ferry?show=open"


def test_a_judge_without_entries_is_told_what_to_do(pages: Pages, make: Make, contest: Contest, judge: Account) -> None:
    make.assignment(make.entry(contest, files=0), make.member(contest, Role.JUDGE), code="X-1", position=1)
    make.open_round(contest)

    page = pages.as_(judge).get("/judge/ferry")

    assert page.h1 == "Your queue"
    assert "Nothing is assigned to you yet. You get a mail when it is." in page.text()
    assert page.link("Read about the contest") == "/en/contests/ferry"


def test_the_due_time_is_told_in_both_zones(desk: Pages, session: Session, contest: Contest) -> None:
    contest.round.due_at = datetime(2099, 12, 16, 8, 0, tzinfo=UTC)

    for url in ("/judge/ferry", "/judge/ferry/B-1180"):
        page = desk.get(url)
        told = [page.text(one) for one in page.all("dd")][:2]
        assert told == ["Wed 16 Dec 2099, 17:00:00 (UTC+09:00)", "Wed 16 Dec 2099, 09:00:00 (UTC+01:00)"]


def test_the_sheet_shows_pictures_text_and_every_level(desk: Pages) -> None:
    page = desk.get("/judge/ferry/B-1180")

    shown = page.by_id("shown")
    assert shown.get("alt") == "Screen of work 1"
    assert shown.get("src") == "/judge/ferry/B-1180/pictures/1/1/1280"
    assert shown.get("srcset") == ", ".join(
        f"/judge/ferry/B-1180/pictures/1/1/{edge} {edge}w" for edge in (320, 1280, 2560)
    )
    assert "What it is for." in page.text()
    radios = levels(page)
    assert [(one.get("name"), one.get("value")) for one in radios if one.get("name") == "level-fit"] == [
        ("level-fit", value) for value in ("1", "2", "3", "4", "5", "")
    ]
    assert [one for one in radios if one.get("checked") is not None] == []
    assert "Level 3" in page.text()
    assert page.by_id("level-clarity").find("legend") is not None
    assert page.text(page.by_id("level-clarity").find("legend")) == "1. Clarity50 %"


def test_another_picture_is_a_link_away_without_a_script(desk: Pages) -> None:
    page = desk.get("/judge/ferry/B-1180?picture=2")

    assert page.by_id("shown").get("src") == "/judge/ferry/B-1180/pictures/2/1/1280"
    assert page.by_id("shown").get("alt") == "Entry B-1180, picture 2 of 2, no description given"
    for wrong in ("99", "0", "-1", "x"):
        assert desk.get(f"/judge/ferry/B-1180?picture={wrong}").status == 200


def test_two_entries_stand_side_by_side_without_a_script(
    desk: Pages, make: Make, assignments: list[Assignment]
) -> None:
    make.scorecard(assignments[0], [5, 4, 2])
    sheet = desk.get("/judge/ferry/B-0931?picture=2")
    assert "Previous: B-1180your score 82.0 %" in sheet.text()

    page = desk.get(sheet.link("Compare"))

    assert page.h1 == "B-0931 beside B-1180"
    assert [page.by_id(f"shown-{side}").get("src") for side in ("picture", "other")] == [
        "/judge/ferry/B-0931/pictures/2/1/1280",
        "/judge/ferry/B-1180/pictures/2/1/1280",
    ]
    assert "–4 of 5" in page.text()
    assert [page.text(one) for one in page.all("option")] == [
        "B-1180, your score 82.0 %",
        "B-0931, another picture of it",
        "B-1544, To judge",
    ]
    # Each side is turned by itself, and the other one stays.
    first = next(one for one in page.all("a") if one.get("aria-label") == "Picture 1: Screen of work 1")
    turned = desk.get(first.get("href") or "")
    assert [turned.by_id(f"shown-{side}").get("src") for side in ("picture", "other")] == [
        "/judge/ferry/B-0931/pictures/2/1/1280",
        "/judge/ferry/B-1180/pictures/1/1/1280",
    ]
    url, data = page.form("Show")
    alone = desk.get(f"{url}?picture={data['picture']}&to=B-0931")
    assert alone.h1 == "Two pictures of B-0931"
    assert alone.by_id("shown-other").get("src") == "/judge/ferry/B-0931/pictures/1/1/1280"
    for wrong in ("picture=99&other=0", "picture=x&other=-1", "other=", "to=&picture=1"):
        assert desk.get(f"/judge/ferry/B-0931/compare?{wrong}").status == 200
    assert desk.open("/judge/ferry/B-0931/compare?to=B-9").status_code == 404


def test_a_picture_comes_with_headers_of_ours_only(desk: Pages, assignments: list[Assignment], pages: Pages) -> None:
    response = desk.open("/judge/ferry/B-1180/pictures/1/1/1280")

    assert (response.status_code, response.mimetype) == (200, "image/webp")
    assert response.data.startswith(b"RIFF")
    assert "Last-Modified" not in response.headers
    assert response.headers["Cache-Control"].startswith("private")
    tag = response.headers["ETag"]
    again = desk.open("/judge/ferry/B-1180/pictures/1/1/1280", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert desk.open("/judge/ferry/B-0931/pictures/1/1/1280").headers["ETag"] != tag
    for path in ("B-1180/pictures/3/1/1280", "B-1180/pictures/1/1/640", "B-9/pictures/1/1/1280"):
        assert desk.open(f"/judge/ferry/{path}").status_code == 404


def test_pages_in_japanese(pages: Pages, judge: Account, assignments: list[Assignment], session: Session) -> None:
    judge.locale = "ja"
    session.flush()
    page = pages.as_(judge, "ja").get("/judge/ferry/B-1180")

    assert page.root.get("lang") == "ja"
    assert "Level 3（日本語）" in page.text()


# Saving without a script --------------------------------------------------------------------------


def test_a_draft_is_saved_and_shown_again(desk: Pages, session: Session, assignments: list[Assignment]) -> None:
    page = desk.get("/judge/ferry/B-1180")

    page = desk.submit(
        page, "Save draft", {"level-clarity": "4", "note": "Compare\nwith B-0931", "comment": "  Good.  "}
    )

    assert "The draft is saved." in page.text()
    stored = card(session, assignments[0])
    assert (stored.state, stored.version, stored.note, stored.comment) == ("draft", 1, "Compare\nwith B-0931", "Good.")
    chosen = [one.get("value") for one in levels(page) if one.get("checked") is not None]
    assert chosen == ["4"]
    assert page.text(page.by_id("saved")).startswith("Saved ")
    _, data = page.form("Save draft")
    assert (data["note"].replace("\r\n", "\n"), data["comment"], data["version"]) == (
        "Compare\nwith B-0931",
        "Good.",
        "1",
    )


def test_submitting_too_early_keeps_what_was_entered(
    desk: Pages, session: Session, assignments: list[Assignment]
) -> None:
    page = desk.get("/judge/ferry/B-1180")

    page = desk.submit(page, "Submit", {"level-clarity": "4", "note": "kept"}, status=422)

    assert page.problems == [f"{name}: Choose a level for this criterion." for name in ("Fit", "Craft")]
    assert [one.get("href") for one in page.all("a") if (one.get("href") or "").startswith("#level")] == [
        "#level-fit",
        "#level-craft",
    ]
    _, data = page.form("Submit")
    assert (data["level-clarity"], data["note"], data["version"]) == ("4", "kept", "1")
    kept = card(session, assignments[0])
    assert kept is not None
    assert (kept.state, kept.note, kept.submitted_at) == ("draft", "kept", None)


def test_submitting_nothing_begins_no_scorecard(desk: Pages, session: Session, assignments: list[Assignment]) -> None:
    page = desk.submit(desk.get("/judge/ferry/B-1180"), "Submit", status=422)

    assert len(page.problems) == 3
    assert card(session, assignments[0]) is None


def test_a_submitted_sheet_is_fixed_until_it_is_reopened(
    desk: Pages, session: Session, assignments: list[Assignment]
) -> None:
    page = desk.submit(desk.get("/judge/ferry/B-1180"), "Submit", ALL)
    assert page.text(page.by_id("saved")) == "Submitted"
    assert page.by_id("level-clarity").get("disabled") is not None
    assert page.by_id("note").get("readonly") is not None

    page = desk.submit(page, "Reopen")

    assert page.by_id("level-clarity").get("disabled") is None
    assert card(session, assignments[0]).state == "draft"


def test_two_tabs_both_texts_are_shown_and_nothing_is_lost(
    desk: Pages, session: Session, assignments: list[Assignment]
) -> None:
    first, second = desk.get("/judge/ferry/B-1180"), desk.get("/judge/ferry/B-1180")
    desk.submit(first, "Save draft", {"level-clarity": "5", "note": "first tab"})

    page = desk.submit(second, "Save draft", {"level-clarity": "1", "note": "second tab"}, status=409)

    assert [[page.text(cell) for cell in row] for row in page.all("tr")][1:] == [
        ["Clarity", "5", "1"],
        ["To yourself", "first tab", "second tab"],
    ]
    assert card(session, assignments[0]).note == "first tab"
    page = desk.submit(page, "Save what you sent")
    assert card(session, assignments[0]).note == "second tab"
    _, data = page.form("Save draft")
    assert data["level-clarity"] == "1"


def test_a_closed_round_refuses_and_keeps_the_text_on_the_page(
    desk: Pages, session: Session, make: Make, contest: Contest, assignments: list[Assignment]
) -> None:
    page = desk.get("/judge/ferry/B-1180")
    make.close_round(contest)

    page = desk.submit(page, "Submit", {**ALL, "comment": "Written too late"}, status=403)

    assert "What you had saved before is kept" in page.text()
    assert "Written too late" in page.text(page.by_id("comment"))
    chosen = [one.get("value") for one in levels(page) if one.get("checked") is not None]
    assert chosen == ["5", "4", "2"]
    assert card(session, assignments[0]) is None
    assert "It closed" in desk.get("/judge/ferry").text()


def test_stepping_back_hides_the_entry(desk: Pages, session: Session, assignments: list[Assignment]) -> None:
    page = desk.get(desk.get("/judge/ferry/B-1180").link("I have a conflict of interest"))
    refused = desk.submit(page, "Step back", {}, status=422)
    assert len(refused.problems) == 2

    page = desk.submit(page, "Step back", {"kind": "professional", "reason": "We share an office."})

    assert "You stepped back from B-1180." in page.text()
    assert "Hidden from you." in page.text()
    assert session.scalars(select(Recusal)).one().reason == "We share an office."
    for path in ("", "/recuse", "/pictures/1/1/320"):
        assert desk.open(f"/judge/ferry/B-1180{path}").status_code == 404


# Saving by the script -----------------------------------------------------------------------------

URL = "/judge/ferry/B-1180"


def test_saving_by_itself_answers_with_version_and_time(
    desk: Pages, session: Session, assignments: list[Assignment]
) -> None:
    answer = desk.json("POST", URL, {"version": 0, "levels": LEVELS, "note": "n", "comment": ""})

    stored = card(session, assignments[0])
    local = stored.updated_at.astimezone(ZoneInfo("Europe/Vienna"))
    assert answer == {"version": 1, "saved": f"{local:%H:%M:%S}"}
    assert (stored.state, stored.total is not None) == ("draft", True)
    assert (
        desk.json("POST", URL, {"version": 1, "levels": {"clarity": None}, "note": "", "comment": ""})["version"] == 2
    )


def test_saving_by_itself_after_another_tab_answers_with_both(desk: Pages) -> None:
    desk.json("POST", URL, {"version": 0, "levels": LEVELS, "note": "first", "comment": ""})

    answer = desk.json(
        "POST", URL, {"version": 0, "levels": {"clarity": 1}, "note": "second", "comment": ""}, status=409
    )

    assert answer["error"] == "stale"
    assert answer["sent"] == {"version": 0, "levels": {"clarity": 1}, "note": "second", "comment": ""}
    assert {name: answer["stored"][name] for name in ("version", "state", "levels", "note", "comment")} == {
        "version": 1,
        "state": "draft",
        "levels": LEVELS,
        "note": "first",
        "comment": "",
    }


def test_saving_by_itself_after_the_close_says_so(desk: Pages, make: Make, contest: Contest) -> None:
    make.close_round(contest)

    answer = desk.json("POST", URL, {"version": 0, "levels": LEVELS, "note": "", "comment": ""}, status=403)

    assert answer["error"] == "round_closed"
    assert answer["message"].startswith("Judging closed ")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 0, "levels": {"clarity": 6}}, 422),
        ({"version": 0, "levels": {"clarity": True}}, 422),
        ({"version": 0, "levels": {"clarity": "5"}}, 422),
        ({"version": 0, "levels": {"nothing": 5}}, 422),
        ({"version": 0, "levels": []}, 422),
        ({"version": "0", "levels": {}}, 422),
        ({}, 422),
        ({"version": 0, "levels": {}, "note": 7}, 422),
        ({"version": 0, "levels": {}, "note": "x" * 5001}, 422),
        ([], 400),
        ({"version": 2**80, "levels": {}, "note": "x"}, 409),
        ({"version": 0, "levels": {"clarity": 2**80}}, 422),
    ],
)
def test_json_that_is_not_a_sheet_is_refused(desk: Pages, session: Session, body: Any, status: int) -> None:
    desk.json("POST", URL, body, status=status)

    assert session.scalars(select(Scorecard)).all() == []


def test_forms_with_nonsense_are_refused(desk: Pages, session: Session) -> None:
    for data in ({"level-clarity": "9"}, {"level-clarity": "five"}, {"level-": "1"}, {"level-other": "1"}):
        assert desk.post(URL, {"version": "0", **data}, status=422).problems
    assert (
        desk.post(URL, {"version": "what", "note": "x"}, status=409).h1
        == "The scorecard of B-1180 was saved elsewhere first"
    )
    assert session.scalars(select(Scorecard)).all() == []


def test_a_forged_saving_is_refused(desk: Pages, session: Session) -> None:
    response = desk.open(
        URL, method="POST", json={"version": 0, "levels": LEVELS}, headers={"Accept": "application/json"}
    )

    assert (response.status_code, response.get_json()["error"]) == (400, "csrf")
    assert session.scalars(select(Scorecard)).all() == []


def test_others_find_nothing(pages: Pages, make: Make, contest: Contest, assignments: list[Assignment]) -> None:
    other = make.member(contest, Role.JUDGE)
    for account in (other, assignments[0].entry.account, make.member(contest, Role.CHAIR)):
        visitor = pages.as_(account)
        for path in ("/B-1180", "/B-1180/recuse", "/B-1180/pictures/1/1/320"):
            random_code = path.replace("B-1180", "B-7777")
            mine, theirs = visitor.open(f"/judge/ferry{path}"), visitor.open(f"/judge/ferry{random_code}")
            assert (mine.status_code, theirs.status_code) == (404, 404)
    assert pages.open("/judge/ferry").status_code == 302


# What there is to see --------------------------------------------------------------------------------


@pytest.fixture
def shown(make: Make, contest: Contest, judge: Account, storage: Storage) -> Entry:
    """An entry with a picture, a document of 23 pages of which 2 are drawn, and files without pictures."""
    entry = make.entry(contest, files=0, state="draft")
    make.file(entry, body=png(), storage=storage, alt="A map", preview_facts={"width": 640, "height": 480, "hdr": 1})
    document = make.file(entry, "document", kind="pdf", body=b"pdf", storage=storage, alt="A report", previews=False)
    document.preview_pages, document.preview_facts = 23, {"width": 595, "height": 842}
    for page in (1, 2):
        make.session.add_all(
            Preview(
                file_id=document.id, page=page, preset="320", key=f"previews/{uuid.uuid4()}", width=9, height=9, size=9
            )
            for _ in (1,)
        )
        make.page(document, page, label="page", placeholder=placeholder.encode(1, 1, b"\xff\0\0\xff"))
    tree = [["a.png", 1, 0], ["b.png", 1, 0], ["c.xyz", 1, 0]]
    make.file(
        entry, "source", kind="zip", previews=False, preview_state="icon", preview_reason="kind", preview_tree=tree
    )
    make.file(
        entry,
        "source",
        kind="pdf",
        previews=False,
        preview_state="refused",
        preview_reason="encrypted",
        body=b"x" * 2048,
    )
    make.file(
        entry, "source", kind="prototype", previews=False, preview_state="icon", preview_reason="no_tool", body=b"zip"
    )
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    make.session.flush()
    make.revision(entry)
    make.assignment(entry, judge, code="B-2300")
    make.open_round(contest)
    return entry


def test_pages_are_told_by_their_numbers(pages: Pages, judge: Account, shown: Entry) -> None:
    sheet = pages.as_(judge).get("/judge/ferry/B-2300?picture=3")

    assert "2 pictures, 3 files" in sheet.text()
    assert sheet.text(sheet.by_id("caption")) == "Picture 2.2: Page 2 of 23 A reportPDF, 23 pages"
    assert sheet.by_id("shown").get("alt") == "A report (Page 2 of 23)"
    strip = [one for one in sheet.all("a") if one.get("data-says")]
    assert [one.get("aria-label") for one in strip] == [
        "Picture 1: A map",
        "Picture 2.1: A report (Page 1 of 23)",
        "Picture 2.2: A report (Page 2 of 23)",
    ]
    assert [sheet.text(one) for one in strip] == ["1", "2.1", "2.2"]
    assert [one.get("class") for one in strip] == [None, "new", None]


def test_a_picture_has_its_measures_and_stands_in_until_it_comes(pages: Pages, judge: Account, shown: Entry) -> None:
    desk = pages.as_(judge)
    plain, document = desk.get("/judge/ferry/B-2300?picture=1"), desk.get("/judge/ferry/B-2300?picture=3")

    assert "PNG, 640 × 480 px, HDR, colours are approximate" in plain.text(plain.by_id("caption"))
    assert "data:image" not in plain.html
    assert document.html.count('<image href="data:image/png;base64,') == 1


def test_files_without_a_picture_say_what_they_are(pages: Pages, judge: Account, shown: Entry) -> None:
    sheet = pages.as_(judge).get("/judge/ferry/B-2300")

    rows = [sheet.text(one) for one in sheet.all("li") if "file" in (one.get("class") or "").split()]
    assert rows == [
        "ZIPfile-1.zip 1 kBZIPNothing in it can be shown here.In it: 2 × PNG, 1 × other files",
        "PDFfile-2.pdf 2 kBPDFIt has a password, so no picture can be shown.",
        "ZIPfile-3.zip 3 BPrototype (ZIP with index.html)No picture can be shown.",
    ]


def test_a_document_of_one_page_is_a_picture_like_others(
    pages: Pages, make: Make, contest: Contest, judge: Account, storage: Storage
) -> None:
    entry = make.entry(contest, files=0, state="draft")
    document = make.file(entry, "document", kind="pdf", body=b"pdf", storage=storage, alt="A sheet", previews=False)
    font = make.file(entry, "source", kind="ttf", body=b"ttf", storage=storage, alt="", previews=False)
    for file, label in ((document, "page"), (font, "specimen")):
        file.preview_pages = 1
        make.session.add(
            Preview(file_id=file.id, page=1, preset="320", key=f"previews/{uuid.uuid4()}", width=9, height=9, size=9)
        )
        make.page(file, 1, label=label)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    make.session.flush()
    make.revision(entry)
    make.assignment(entry, judge, code="B-2300")
    make.open_round(contest)

    sheet = pages.as_(judge).get("/judge/ferry/B-2300")

    said = [one.get("data-says") for one in sheet.all("a") if one.get("data-says")]
    assert said == ["Picture 1", "Picture 2: Type specimen"]
