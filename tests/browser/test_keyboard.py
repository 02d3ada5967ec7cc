"""Everything by keys alone: signing in, the queue, a whole sheet; and where the focus lands."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Contest, Criterion, Entry, Invitation, Score, Scorecard
from contest.storage import Storage
from contest.vocabulary import Role
from tests.browser.steps import Post, expect_loaded, file, row, said
from tests.factories import Make
from tests.pictures import png

Visit = Callable[..., Page]


@pytest.fixture
def judge(make: Make, session: Session, store: Storage) -> Account:
    """A judge with one entry to score, three criteria of five levels."""
    contest = make.contest("judging", slug="keys", judges_per_entry=1)
    judge = make.member(contest, Role.JUDGE, make.account("Emeka Obi", email="emeka@jury.example"))
    entry = make.entry(contest, state="draft", files=0)
    for _ in range(2):
        make.file(entry, body=png(), storage=store)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    make.assignment(entry, judge, code="B-1180")
    make.open_round(contest)
    session.commit()
    return judge


def go_to(page: Page, wanted: Locator, *, most: int = 60) -> None:
    """Press Tab until the wanted control has the focus, as one who sees where it is."""
    expect(wanted).to_be_visible()
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by the Tab key")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    go_to(page, wanted)
    page.keyboard.press(key)


def write(page: Page, label: str, words: str) -> None:
    """Into the field of this label, in the place of what it holds."""
    go_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def test_a_judge_signs_in_scores_and_submits(visit: Visit, session: Session, judge: Account) -> None:
    page, post = visit(), Post(visit())
    page.goto("/")

    go_to(page, page.get_by_role("navigation", name="Main pages").get_by_role("link", name="Sign in"))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_label("E-mail address"))
    page.keyboard.type("emeka@jury.example")
    page.keyboard.press("Enter")
    code = page.get_by_label("Eight digits")
    expect(code).to_be_visible()
    digits = post.code("emeka@jury.example")
    go_to(page, code)
    page.keyboard.type(digits)
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("link", name="Your work"))
    page.keyboard.press("Enter")
    go_to(page, page.get_by_role("region", name="You judge").get_by_role("link"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="0 of 1 judged")).to_be_visible()
    go_to(page, page.get_by_role("link", name="Go on with B-1180"))
    page.keyboard.press("Enter")

    score_by_keys(page)
    go_to(page, page.get_by_role("button", name="Submit and next"))
    page.keyboard.press("Enter")
    said(page, "You have judged everything that is yours to judge.")
    expect(page.get_by_role("heading", level=1, name="1 of 1 judged")).to_be_visible()
    card = session.scalars(select(Scorecard)).one()
    levels = dict(session.execute(select(Criterion.key, Score.points).join(Score)).all())
    assert (card.state, levels, card.comment) == (
        "submitted",
        {"clarity": 4, "fit": 3, "craft": 1},
        "Well done: 5 of 5",
    )


def score_by_keys(page: Page) -> None:
    """A digit, the arrows and the space bar each choose a level; digits typed into a comment do not."""
    clarity, fit, craft = (page.get_by_role("group", name=name) for name in ("Clarity", "Fit", "Craft"))
    go_to(page, clarity.get_by_role("radio").first)
    page.keyboard.press("4")
    expect(clarity.get_by_role("radio", name="4 Level 4")).to_be_checked()
    expect(page.locator("#saved")).to_contain_text("Saved")
    go_to(page, fit.get_by_role("radio").first)
    page.keyboard.press("Space")
    expect(fit.get_by_role("radio", name="1 Level 1")).to_be_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(fit.get_by_role("radio", name="3 Level 3")).to_be_checked()
    go_to(page, craft.get_by_role("radio").first)
    page.keyboard.press("5")
    page.keyboard.press("0")
    expect(craft.get_by_role("radio", name="Not decided yet")).to_be_checked()
    page.keyboard.press("1")
    go_to(page, page.get_by_label("To the designer"))
    page.keyboard.type("Well done: 5 of 5")
    expect(craft.get_by_role("radio", name="1 Level 1")).to_be_checked()
    expect(page.get_by_label("To the designer")).to_be_focused()


def test_the_pictures_are_changed_by_keys(visit: Visit, judge: Account) -> None:
    page = visit(judge)
    page.goto("/judge/keys/B-1180")
    shown, second = page.locator("#shown"), page.get_by_role("link", name="Picture 2: ")
    first = shown.get_attribute("src")

    go_to(page, page.get_by_role("button", name="Black"))
    page.keyboard.press("Space")
    go_to(page, second)
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Black")).to_have_attribute("aria-pressed", "true")
    expect(second).to_have_attribute("aria-current", "page")
    expect(second).to_be_focused()
    assert shown.get_attribute("src") != first


def test_the_focus_lands_on_the_problems_of_a_refused_sheet(visit: Visit, judge: Account) -> None:
    page = visit(judge, expect_errors=True)
    page.goto("/judge/keys/B-1180")

    go_to(page, page.get_by_role("button", name="Submit", exact=True))
    page.keyboard.press("Enter")

    expect(page.locator("#problems")).to_be_focused()
    page.keyboard.press("Tab")
    first = page.locator("#problems").get_by_role("link").first
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("group", name="Clarity").get_by_role("radio").first).to_be_focused()


def test_the_focus_lands_on_the_problems_of_a_refused_form(visit: Visit) -> None:
    page = visit(expect_errors=True)
    page.goto("/register")

    go_to(page, page.get_by_role("button", name="Register"))
    page.keyboard.press("Enter")

    box = page.locator("#problems")
    expect(box).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("E-mail address")).to_have_accessible_description(
        "We send a code there. Nobody else sees it but the organiser. Enter your e-mail address."
    )


def test_the_skip_link_is_first_and_leads_to_the_content(visit: Visit) -> None:
    page = visit()
    page.goto("/sign-in")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).not_to_be_in_viewport()

    page.keyboard.press("Tab")

    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("E-mail address")).to_be_focused()


def test_an_entrant_hands_in_and_submits(visit: Visit, make: Make, session: Session) -> None:
    contest = make.contest("open", slug="keys", deliverables=[{"key": "screens", "kinds": ["png"], "max_files": 2}])
    entrant = make.account("Dalia Haddad")
    page = visit(entrant, expect_errors=True)
    page.on("filechooser", lambda _: None)  # asked for early: a busy browser takes it up after the key was pressed
    page.goto("/")
    press(page, page.get_by_role("link", name=contest.title["en"]))
    press(page, page.get_by_role("link", name="Start an entry"))
    press(page, page.get_by_role("button", name="Start the entry"))
    expect(page.locator("#problems")).to_be_focused()
    press(page, page.get_by_label("I have read the terms and accept them."), "Space")
    go_to(page, page.get_by_label("Category"))
    page.keyboard.press("W")
    press(page, page.get_by_role("button", name="Start the entry"))

    for label, words in (
        ("Title of the entry", "Plain lines"),
        ("Statement", "It is plain."),
        ("Declaration", "None."),
    ):
        write(page, label, words)
    write(page, "Credit", "Haddad & Haddad")
    press(page, page.get_by_role("button", name="Save the details"))
    said(page, "The details are saved.")
    go_to(page, page.get_by_label(re.compile("^Add (a file|files): Screens$")))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([file("screen.png", png())])
    expect_loaded(row(page, "screen.png").get_by_role("img"))
    go_to(page, row(page, "screen.png").get_by_label("What the picture shows, in one sentence"))
    page.keyboard.type("An orange screen.")
    press(page, row(page, "screen.png").get_by_role("button", name="Save the sentence"))
    expect(row(page, "screen.png")).to_contain_text("An orange screen.")
    submit = page.get_by_role("button", name="Submit revision 1")
    expect(submit).not_to_have_attribute("aria-disabled", "true")
    press(page, submit)

    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    entry = session.scalars(select(Entry)).one()
    assert (entry.state, entry.title, entry.credit, entry.category.key) == (
        "submitted",
        "Plain lines",
        "Haddad & Haddad",
        "web",
    )
    assert [(each.name, each.alt) for each in entry.files] == [("screen.png", "An orange screen.")]


def test_an_organiser_creates_announces_and_invites(visit: Visit, make: Make, session: Session) -> None:
    organiser = make.account("Aino Virtanen", is_staff=True)
    make.contest("draft", slug="nearly", organiser=organiser)
    page = visit(organiser, expect_errors=True)
    page.goto("/")

    press(page, page.get_by_role("link", name="Your work"))
    press(page, page.get_by_role("link", name="Create a contest"))
    write(page, "Title in English", "A map of the harbour")
    write(page, "Title in Japanese", "港の地図")
    write(page, "Address", "harbour")
    zone = page.get_by_label("Time zone")
    before = zone.input_value()
    go_to(page, zone)
    page.keyboard.press("ArrowDown")
    expect(zone).not_to_have_value(before)
    chosen = zone.input_value()
    press(page, page.get_by_role("button", name="Create the contest"))
    said(page, "Nobody but you can see it yet.")
    press(page, page.get_by_role("link", name="Go on with the checklist"))
    expect(page.get_by_role("heading", level=1, name="Texts")).to_be_visible()
    write(page, "Summary in English", "Help people find their way.")
    press(page, page.get_by_role("button", name="Save", exact=True))
    said(page, "Saved.")

    page.goto("/manage/nearly/categories")
    move = page.locator("tr").filter(has_text="Web").get_by_role("button", name=re.compile("up", re.I))
    press(page, move)
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"Web.*App", re.S))
    press(page, page.get_by_role("link", name="Overview"))
    press(page, page.get_by_role("link", name="Announce the contest"))
    press(page, page.get_by_role("button", name="Announce it now"))
    said(page, "The contest is announced. Everybody can see it now.")
    press(page, page.get_by_role("link", name="People"))
    go_to(page, page.get_by_label("Role"))
    page.keyboard.press("J")
    write(page, "E-mail address", "judge@jury.example")
    press(page, page.get_by_role("button", name="Send the invitation"))
    said(page, "The invitation to judge@jury.example is on its way.")

    found = {each.slug: each for each in session.scalars(select(Contest))}
    assert (found["harbour"].title, found["harbour"].zone) == (
        {"en": "A map of the harbour", "ja": "港の地図"},
        chosen,
    )
    assert found["harbour"].summary["en"] == "Help people find their way."
    assert found["nearly"].announced_at is not None
    assert [each.key for each in found["nearly"].categories] == ["web", "app"]
    assert [(each.role, each.email) for each in session.scalars(select(Invitation))] == [
        ("judge", "judge@jury.example")
    ]
