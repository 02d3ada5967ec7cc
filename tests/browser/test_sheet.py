"""The sheet in a browser: it saves itself, survives a lost line and another tab, and works with keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, Contest, Flag, Scorecard
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.browser.steps import until
from tests.factories import Make, both
from tests.pictures import png

Visit = Callable[..., Page]
#: "Saved" and a time of day.
SAVED = re.compile(r"^Saved \d\d:")
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('contest:')).length"


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))


@pytest.fixture
def assignments(make: Make, session: Session, site: Settings, contest: Contest, judge: Account) -> list[Assignment]:
    store = Storage.from_settings(site)
    made = []
    for place, code in enumerate(("B-1180", "B-0931"), 1):
        entry = make.entry(contest, title=f"Work {place}", files=0, state="draft")
        for _ in range(2):
            make.file(entry, body=png(), storage=store)
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        session.flush()
        make.revision(entry)
        made.append(make.assignment(entry, judge, code=code, position=place))
    make.open_round(contest)
    session.commit()
    return made


def stored(session: Session, assignment: Assignment) -> dict[str, Any]:
    session.rollback()
    session.expire_all()
    card = session.scalars(select(Scorecard).where(Scorecard.assignment_id == assignment.id)).one()
    return {
        "version": card.version,
        "state": card.state,
        "note": card.note,
        "levels": sorted(score.points for score in card.scores),
    }


def test_the_sheet_saves_itself_and_the_next_one_follows(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")

    page.locator("#level-clarity input[value='4']").check()
    expect(page.locator("#saved")).to_have_text(SAVED)
    page.locator("#note").fill("Compare with the other")
    expect(page.locator("input[name=version]")).to_have_value("2")
    expect(page.locator("#saved")).to_have_text(SAVED)
    assert page.evaluate("document.activeElement.id") == "note"
    assert stored(session, assignments[0]) == {
        "version": 2,
        "state": "draft",
        "note": "Compare with the other",
        "levels": [4],
    }
    assert page.evaluate(KEPT) == 0

    # Typed and sent at once: the button waits for the saving under way.
    page.locator("#level-fit input[value='3']").focus()
    page.keyboard.press("5")
    page.locator("#level-craft input[value='2']").check()
    page.get_by_role("button", name="Submit and next").click()

    expect(page.locator("h1")).to_have_text("Entry B-0931")
    assert stored(session, assignments[0])["state"] == "submitted"
    assert stored(session, assignments[0])["levels"] == [2, 4, 5]
    assert page.evaluate(KEPT) == 0


def test_a_lost_line_loses_nothing(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    page.context.set_offline(True)
    page.locator("#note").fill("Written on the boat")
    page.locator("#note").blur()
    expect(page.locator("#saved")).to_contain_text("Not saved.")
    expect(page.locator("#lost")).to_have_text("The connection is lost. 1 change waits and is sent when it is back.")
    page.locator("#level-clarity input[value='4']").check()
    expect(page.locator("#lost")).to_contain_text("2 changes wait")
    assert page.evaluate(KEPT) == 1

    page.context.set_offline(False)

    expect(page.locator("#saved")).to_have_text(SAVED)
    expect(page.locator("#lost")).to_be_hidden()
    assert stored(session, assignments[0])["note"] == "Written on the boat"
    assert page.evaluate(KEPT) == 0


def test_a_closed_tab_brings_its_text_back(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    page.route(
        "**/judge/ferry/B-1180", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    page.locator("#note").fill("Not sent yet")
    expect(page.locator("#saved")).to_contain_text("Not saved.")
    page.unroute("**/judge/ferry/B-1180")

    page.goto("/judge/ferry")
    page.goto("/judge/ferry/B-1180")

    expect(page.locator("#note")).to_have_value("Not sent yet")
    expect(page.locator("#saved")).to_have_text(SAVED)
    assert stored(session, assignments[0])["note"] == "Not sent yet"


def test_a_page_that_was_made_before_the_last_saving_is_loaded_anew(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")
    saving: list[Route] = []
    loading: list[tuple[Route, APIResponse]] = []
    answered: list[str] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            saving.append(route)
        elif not loading:
            loading.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/judge/ferry/B-1180", hold)
    page.on("requestfinished", lambda request: answered.append(request.method) if request.method == "POST" else None)
    page.locator("#note").fill("Typed on the way out")
    until(page, lambda: saving, "the sheet to be saved")
    page.evaluate("window.before = true; setTimeout(() => location.reload())")
    until(page, lambda: loading, "the page to be asked for again")
    saving[0].continue_()
    until(page, lambda: answered, "the saving")
    route, old = loading[0]
    route.fulfill(response=old)

    page.wait_for_function("!window.before")
    expect(page.locator("#note")).to_have_value("Typed on the way out")
    expect(page.locator("input[name=version]")).to_have_value("1")
    expect(page.locator("#clash")).to_be_hidden()
    assert page.evaluate(KEPT) == 0


@pytest.mark.parametrize("reload", [False, True], ids=["the same page", "loaded again"])
def test_what_was_saved_without_an_answer_is_no_clash_with_what_is_typed_on(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment], reload: bool
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    lost: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            if not lost:
                lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/judge/ferry/B-1180", lose_the_answer)
    page.locator("#note").fill("The first half ")
    expect(page.locator("#saved")).to_contain_text("Not saved.")
    page.locator("#note").fill("The first half and the second")
    if reload:
        page.evaluate("window.before = true")
        page.reload()
        page.wait_for_function("!window.before")
    page.unroute("**/judge/ferry/B-1180")

    expect(page.locator("input[name=version]")).to_have_value("2")
    expect(page.locator("#saved")).to_have_text(SAVED)
    expect(page.locator("#clash")).to_be_hidden()
    assert lost == [200]
    assert stored(session, assignments[0])["note"] == "The first half and the second"
    assert page.evaluate(KEPT) == 0


@pytest.mark.parametrize(("choice", "note"), [("Keep mine", "second"), ("Take what is stored", "first")])
def test_two_tabs_the_judge_chooses(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment], choice: str, note: str
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    other = page.context.new_page()
    other.goto("/judge/ferry/B-1180")
    other.locator("#note").fill("first")
    expect(other.locator("#saved")).to_have_text(SAVED)

    page.locator("#note").fill("second")
    box = page.locator("#clash")
    expect(box).to_contain_text("first")
    expect(box).to_contain_text("second")
    assert stored(session, assignments[0])["note"] == "first"
    # The other tab goes on, and this one is loaded anew: what was not saved here is still there.
    other.locator("#comment").fill("More")
    expect(other.locator("input[name=version]")).to_have_value("2")
    page.reload()
    expect(box).to_contain_text("second")
    box.get_by_role("button", name=choice).click()

    expect(page.locator("#saved")).to_have_text(SAVED)
    expect(page.locator("#note")).to_have_value(note)
    assert stored(session, assignments[0])["note"] == note


def test_the_close_stops_the_saving_and_keeps_the_text(
    visit: Visit, session: Session, make: Make, contest: Contest, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    make.close_round(contest)
    session.commit()

    for criterion in page.locator("fieldset.c").all():
        criterion.locator("input[value='3']").check()
    page.locator("#note").fill("Too late")

    expect(page.locator("#saved")).to_contain_text("Judging closed")
    expect(page.get_by_role("button", name="Submit and next")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#note")).to_have_value("Too late")
    assert session.scalars(select(Scorecard)).all() == []

    page.reload()
    box = page.locator("#clash")
    expect(box).to_contain_text("Too late")
    expect(box).to_be_in_viewport()
    expect(page.locator("#note")).to_have_value("")
    box.get_by_role("button", name="Delete what was not saved").click()
    expect(box).to_be_hidden()
    assert page.evaluate(KEPT) == 0


def test_a_button_waits_for_the_server_instead_of_losing_the_page(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    page.route(
        "**/judge/ferry/B-1180",
        lambda route: route.fulfill(status=503) if route.request.method == "POST" else route.continue_(),
    )
    for name in ("clarity", "fit", "craft"):
        page.locator(f"#level-{name} input[value='3']").check()
    page.locator("#note").fill("Written while it was away")
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator("#saved")).to_contain_text("Not submitted.")
    expect(page.locator("h1")).to_have_text("Entry B-1180")

    page.goto("/judge/ferry")
    page.unroute("**/judge/ferry/B-1180")
    page.goto("/judge/ferry/B-1180")
    expect(page.locator("#note")).to_have_value("Written while it was away")
    page.get_by_role("button", name="Submit and next").click()

    expect(page.locator("h1")).to_have_text("Entry B-0931")
    assert stored(session, assignments[0]) == {
        "version": 2,
        "state": "submitted",
        "note": "Written while it was away",
        "levels": [3, 3, 3],
    }
    assert page.evaluate(KEPT) == 0


def test_signed_in_again_in_another_tab_what_was_typed_is_saved(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    page.context.clear_cookies()
    page.locator("#note").fill("Typed meanwhile")
    expect(page.locator("#saved")).to_contain_text("You are signed out.")
    expect(page.get_by_role("link", name="Sign in (opens a new tab)")).to_be_visible()

    page.context.add_cookies(visit(judge).context.cookies())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("#saved")).to_have_text(SAVED)
    assert stored(session, assignments[0])["note"] == "Typed meanwhile"


def test_the_focus_is_never_behind_the_pictures_of_a_tablet(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, width=820)
    page.goto("/judge/ferry/B-1180")
    page.locator("#comment").focus()

    hidden = []
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
        focused = page.locator(":focus")
        top = focused.evaluate("(e) => e.getBoundingClientRect().top")
        if top < page.locator(".stage").evaluate("(e) => e.getBoundingClientRect().bottom"):
            hidden.append(focused.evaluate("(e) => e.name || e.textContent"))

    assert hidden == []


def test_pictures_change_in_place_and_keys_stay_out_of_texts(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")

    page.get_by_role("link", name="Picture 2").click()
    expect(page.locator("#shown")).to_have_attribute("src", "/judge/ferry/B-1180/pictures/2/1/1280")
    expect(page).to_have_url(re.compile(r"/judge/ferry/B-1180\?picture=2$"))
    page.get_by_role("button", name="Black").click()
    expect(page.locator("#view")).to_have_class("view black")
    page.get_by_role("button", name="100 %").click()
    expect(page.locator("#view")).to_have_class("view black whole")
    page.locator("#note").focus()
    page.keyboard.type("4 of 5")
    expect(page.locator("#note")).to_have_value("4 of 5")
    assert page.locator("#sheet input[type=radio]:checked").count() == 0
    page.locator("#level-fit input[value='1']").focus()
    page.keyboard.press("3")
    expect(page.locator("#level-fit input[value='3']")).to_be_checked()
    page.keyboard.press("0")
    expect(page.locator("#level-fit input[value='']")).to_be_checked()
    expect(page.locator("#saved")).to_have_text(SAVED)


def test_the_picture_is_magnified_and_asked_for_again(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.route("**/pictures/**", lambda route: route.abort())
    page.goto("/judge/ferry/B-1180")
    miss = page.locator("#miss")
    expect(miss).to_contain_text("This picture did not load.")
    page.unroute("**/pictures/**")

    with page.expect_response("**/pictures/1/1/*"):
        miss.get_by_role("button", name="Load it again").click()
    page.get_by_role("button", name="100 %").click()
    expect(page.locator("#scale")).to_have_text("100 %")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#scale")).to_have_text("150 %")
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Zoom out").click()
    expect(page.locator("#scale")).to_have_text("75 %")
    page.get_by_role("button", name="Fit").click()
    expect(page.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#view")).to_have_class("view")


def test_single_keys_are_listed_act_and_can_be_switched_off(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("next entry, previous entry")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Entry B-1180")

    page.keyboard.press(".")
    expect(page.get_by_role("link", name="Picture 2")).to_have_attribute("aria-current", "page")
    expect(page.locator("#caption")).to_contain_text("Picture 2")
    page.keyboard.press("s")
    expect(page.get_by_role("group", name="Clarity").get_by_role("radio").first).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text("Entry B-0931")

    page.locator("#keys summary").click()
    keys.get_by_label("Use these keys in this browser").uncheck()
    keys.get_by_role("button", name="Close").click()
    expect(page.locator("#keys summary")).to_be_focused()
    page.reload()
    page.locator("#level-fit input[value='1']").focus()
    page.keyboard.press("3")
    page.keyboard.press("k")
    page.keyboard.press("n")
    expect(page.locator("#level-fit input[value='1']")).to_be_focused()
    assert page.locator("#sheet input[type=radio]:checked").count() == 0


def test_the_bar_says_what_is_scored_and_submitting_waits_for_it(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")
    submit = page.get_by_role("button", name="Submit and next")
    expect(page.get_by_role("button", name="Save draft")).to_be_hidden()
    expect(submit).to_have_attribute("aria-disabled", "true")
    expect(submit).to_have_accessible_description("0 of 3 scored")

    for place, name in enumerate(("clarity", "fit", "craft"), 1):
        page.locator(f"#level-{name} input[value='2']").check()
        expect(page.locator("#scored")).to_have_text(f"{place} of 3 scored")

    expect(submit).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#saved")).to_have_text(SAVED)


def test_everything_works_without_a_script(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, javascript=False)
    page.goto("/judge/ferry")
    page.get_by_role("link", name="Go on with B-1180").click()
    expect(page.get_by_role("button", name="Black")).to_be_hidden()
    page.get_by_role("link", name="Picture 2").click()
    for name, level in (("clarity", "5"), ("fit", "4"), ("craft", "2")):
        page.locator(f"#level-{name} input[value='{level}']").check()

    page.get_by_role("button", name="Submit and next").click()

    expect(page.locator("h1")).to_have_text("Entry B-0931")
    assert stored(session, assignments[0])["state"] == "submitted"


def test_what_is_told_to_the_app_team_survives_a_lost_line_and_leaves_the_sheet_alone(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/ferry/B-1180")
    page.context.set_offline(True)
    page.get_by_role("link", name="Tell the app team").click()
    expect(page.get_by_role("radio", name="Worth discussing")).to_be_focused()
    page.get_by_role("radio", name="It seems copied").check()
    page.get_by_label("In your words").fill("As in the harbour app.")
    page.get_by_role("button", name="Send to the app team").click()
    expect(page.locator("#tell [role=status]")).to_contain_text("Not sent. Your text is kept in this browser.")

    # The tab is lost, and the line comes back.
    page.context.set_offline(False)
    page.goto("/judge/ferry/B-1180")
    expect(page.locator("#tell [role=status]")).to_contain_text("is back from this browser")
    expect(page.get_by_role("radio", name="It seems copied")).to_be_checked()
    expect(page.get_by_label("In your words")).to_have_value("As in the harbour app.")
    # Enter on a choice sends it, and not the sheet.
    page.locator("#note").fill("Unsaved")
    page.get_by_role("radio", name="It seems copied").press("Enter")

    expect(page.get_by_role("list", name="What you told the app team")).to_contain_text("As in the harbour app.")
    expect(page.locator("#tell [role=status]")).to_have_text("The app team is told.")
    expect(page.get_by_label("In your words")).to_have_value("")
    expect(page.locator("#note")).to_have_value("Unsaved")
    session.rollback()
    told = session.execute(select(Flag.assignment_id, Flag.kind, Flag.words)).all()
    assert told == [(assignments[0].id, "copied", "As in the harbour app.")]
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('contest-tell:'))") == []
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("list", name="What you told the app team")).to_have_count(0)
    expect(page.locator("#tell [role=status]")).to_contain_text("You took it back.")
    # From elsewhere a link leads into the form itself.
    page.goto("/judge/ferry/B-0931#tell")
    expect(page.get_by_role("radio", name="Worth discussing")).to_be_focused()


def test_what_is_typed_while_something_is_told_stays(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge)
    page.goto("/judge/ferry/B-1180")
    held: list[Route] = []
    page.route("**/told", lambda route: held.append(route))
    page.get_by_role("link", name="Tell the app team").click()
    page.get_by_role("radio", name="Worth discussing").check()
    page.get_by_label("In your words").fill("See the second picture.")
    page.get_by_role("button", name="Send to the app team").click()
    until(page, lambda: held, "the browser to send it")
    page.get_by_label("In your words").fill("See the second picture. The third, too.")
    held[0].continue_()

    expect(page.get_by_role("list", name="What you told the app team")).to_contain_text("See the second picture.")
    expect(page.get_by_label("In your words")).to_have_value("See the second picture. The third, too.")
    expect(page.get_by_label("In your words")).to_be_focused()
    session.rollback()
    assert session.scalars(select(Flag.words)).all() == ["See the second picture."]
