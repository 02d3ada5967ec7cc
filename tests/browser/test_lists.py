"""An organiser's lists: sorted, searched and turned with and without JavaScript; the focus stays, and it is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, Contest
from contest.vocabulary import Role
from tests.factories import Make

Visit = Callable[..., Page]


@pytest.fixture
def contest(make: Make, session: Session) -> Contest:
    """53 entries, two judges, judging open."""
    made = make.contest("judging", slug="listed", judges_per_entry=1)
    judges = [make.member(made, Role.JUDGE, make.account(name)) for name in ("Ada Obi", "Ben Ito")]
    make.open_round(made)
    for number in range(53):
        entry = make.entry(made, files=0, title=f"Work {(number * 7) % 53:02d}")
        entry.number = number + 1
        make.assignment(entry, judges[number % 2])
    session.commit()
    return made


@pytest.fixture
def organiser(session: Session, contest: Contest) -> Account:
    return session.get_one(Account, contest.created_by)


def first_title(page: Page) -> str:
    return page.locator("#rows tbody tr").first.locator("td").first.inner_text()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_list_is_sorted_turned_and_searched(
    visit: Visit, organiser: Account, contest: Contest, javascript: bool
) -> None:
    page = visit(organiser, javascript=javascript)
    page.goto("/manage/listed/entries")

    page.get_by_role("link", name="Title").click()
    expect(page).to_have_url("/manage/listed/entries?sort=title")
    expect(page.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "ascending")
    assert first_title(page) == "Work 00"
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("51 to 53 of 53")).to_be_visible()
    assert first_title(page) == "Work 50"
    page.get_by_label("Number, title or entrant").fill("work 3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#rows tbody tr")).to_have_count(10)
    page.go_back()
    expect(page.get_by_text("51 to 53 of 53")).to_be_visible()
    assert first_title(page) == "Work 50"


def test_the_focus_stays_on_what_was_pressed_and_the_order_is_said(
    visit: Visit, organiser: Account, contest: Contest
) -> None:
    page = visit(organiser)
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto("/manage/listed/entries")
    status = page.locator("#said").element_handle()
    assert status is not None

    page.locator("#sort-title").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Sorted by Title. Page 1 of 2.")
    expect(page.locator("#sort-title")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Sorted by Title, from last to first. Page 1 of 2.")
    expect(page.locator("#sort-title")).to_be_focused()
    page.locator("#page-next").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Sorted by Title, from last to first. Page 2 of 2.")

    # There is no next page: the list has the focus. The status region is the one of the beginning.
    expect(page.locator("#rows")).to_be_focused()
    assert status.evaluate("node => node.isConnected && node.id") == "said"
    assert len(loads) == 1


def test_two_lists_of_a_page_keep_each_others_place(visit: Visit, organiser: Account, contest: Contest) -> None:
    page = visit(organiser)
    page.goto("/manage/listed/assignments")

    page.locator("#judges-sort-name").click()
    expect(page).to_have_url("/manage/listed/assignments?judges-sort=-name")
    page.locator("#sort-title").click()
    expect(page).to_have_url("/manage/listed/assignments?sort=title&judges-sort=-name")
    page.locator("#judges-sort-assigned").click()

    expect(page).to_have_url("/manage/listed/assignments?judges-sort=assigned&sort=title")
    assert first_title(page) == "Work 00"


def test_a_session_that_ended_leads_to_the_sign_in_page(
    visit: Visit, organiser: Account, contest: Contest, session: Session
) -> None:
    page = visit(organiser)
    page.goto("/manage/listed/entries")
    page.context.clear_cookies()

    page.locator("#sort-title").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("#rows")).to_have_count(0)


def test_progress_looks_for_itself_and_leaves_the_focus_where_it_is(
    visit: Visit, organiser: Account, contest: Contest, session: Session, make: Make
) -> None:
    page = visit(organiser)
    page.goto("/manage/listed/progress")
    expect(page.get_by_role("heading", level=1)).to_have_text("0 of 53 scorecards are in")
    button = page.get_by_role("button", name="Close judging")
    button.focus()
    cards = iter(session.scalars(select(Assignment).order_by(Assignment.id)).all())

    # Twice, because what it puts in must go on looking.
    for many in (6, 12):
        for _ in range(6):
            make.scorecard(next(cards), [3, 4, 5])
        session.commit()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{many} of 53 scorecards are in")
        expect(button).to_be_focused()
        expect(page.locator("#said")).to_have_text(f"{many} of 53 scorecards are in")


def test_the_matrix_is_cards_on_a_phone(visit: Visit, organiser: Account, contest: Contest) -> None:
    page = visit(organiser, width=360)
    page.goto("/manage/listed/progress")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    card = page.locator("#rows tbody tr").first
    assert card.evaluate("row => row.scrollWidth <= row.clientWidth")
    expect(card).to_contain_text("Not started")
    # Headings that sort are there for everybody who can reach them.
    expect(page.locator("#sort-title")).to_be_visible()
