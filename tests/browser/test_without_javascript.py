"""Everything that must be done can be done with plain forms: an entrant hands in, a judge scores and steps back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, Contest, Recusal, Scorecard
from contest.storage import Storage
from contest.vocabulary import Role
from tests.browser.steps import Post, choose, expect_loaded, file, register, row, said, until
from tests.factories import Make
from tests.pictures import pdf, png

Visit = Callable[..., Page]


def test_an_entrant_enters_sends_files_and_submits(visit: Visit, make: Make, session: Session) -> None:
    make.contest("open", slug="plain")
    session.commit()
    page, post = visit(javascript=False, expect_errors=True), Post(visit())
    screen, booklet = file("screen.png", png()), file("booklet.pdf", pdf(1))

    page.goto("/contests/plain")
    page.get_by_role("link", name="Start an entry").click()
    register(page, post, "dalia@studio.example", "Dalia Haddad", "Asia/Beirut")
    page.get_by_label("Category").select_option(label="Web")
    page.get_by_label("I have read the terms and accept them.").check()
    page.get_by_role("button", name="Start the entry").click()
    for label, words in (
        ("Title of the entry", "Plain lines"),
        ("Statement", "It is plain."),
        ("Declaration", "None."),
        ("Credit", "Haddad & Haddad"),
    ):
        page.get_by_label(label, exact=True).fill(words)

    # Any button keeps what was typed: here one that sends files, of which one is refused.
    send(page, "Screens", screen, file("empty.png", b""))
    said(page, "The details are saved.")
    expect(page.get_by_label("Statement", exact=True)).to_have_value("It is plain.")
    expect(page.get_by_role("alert")).to_contain_text("A file was not taken")
    expect(page.get_by_role("alert")).to_contain_text("empty.png: The file is empty.")
    send(page, "Document", booklet)
    said(page, "The files have arrived. We check them now.")
    for name in ("screen.png", "booklet.pdf"):
        reload_until_shown(page, name)
        expect_loaded(row(page, name).get_by_role("img"))

    # It says “not yet” to assistive technology, and can be pressed to be told why.
    page.get_by_role("button", name="Submit revision 1").click(force=True)
    expect(page.get_by_role("alert")).to_contain_text("One thing is missing")
    page.get_by_role("link", name="Write one sentence for those who cannot see the picture.").click()
    row(page, "screen.png").get_by_label("What the picture shows, in one sentence").fill("An orange screen.")
    page.get_by_role("button", name="Submit revision 1").click(force=True)

    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    shown = re.sub(r"\s", "", page.locator(".slipsheet").inner_text())
    for sent in (screen, booklet):
        assert hashlib.sha256(sent["buffer"]).hexdigest() in shown
    assert "empty.png" not in shown


def send(page: Page, slot: str, *files: dict[str, object]) -> None:
    """By the form's own button."""
    choose(page, slot, *files)  # type: ignore[arg-type]
    page.get_by_role("button", name=f"Send {slot}").click()


def reload_until_shown(page: Page, name: str) -> None:
    """Nothing moves by itself here: load the page anew until the file has its picture."""

    def shown() -> bool:
        page.goto(page.url.partition("#")[0])
        return row(page, name).get_by_role("img").count() > 0

    until(page, shown, f"a picture of {name}", seconds=90)


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="quiet")


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Emeka Obi"))


@pytest.fixture
def assignments(make: Make, session: Session, store: Storage, contest: Contest, judge: Account) -> list[Assignment]:
    """Two entries of others, each with two pictures."""
    made = []
    for place, code in enumerate(("B-1180", "K-0931"), 1):
        entry = make.entry(contest, state="draft", files=0, title=f"Work {place}")
        for _ in range(2):
            make.file(entry, body=png(), storage=store)
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        session.flush()
        make.revision(entry)
        made.append(make.assignment(entry, judge, code=code, position=place))
    make.open_round(contest)
    session.commit()
    return made


def test_a_judge_scores_saves_and_submits(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, javascript=False, expect_errors=True)
    page.goto("/desk")
    page.get_by_role("region", name="You judge").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1, name="0 of 2 judged")).to_be_visible()
    page.get_by_role("link", name="Go on with B-1180").click()

    page.get_by_role("link", name="Picture 2").click()
    expect(page.get_by_role("navigation", name="Pictures of this entry").get_by_role("link").nth(1)).to_have_attribute(
        "aria-current", "page"
    )
    choose_level(page, "Clarity", 4)
    page.get_by_label("To yourself").fill("Look at it again.")
    page.get_by_role("button", name="Save draft").click()
    said(page, "The draft is saved.")
    expect(page.get_by_role("group", name="Clarity").get_by_role("radio", name="4 Level 4")).to_be_checked()
    expect(page.get_by_label("To yourself")).to_have_value("Look at it again.")

    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert").get_by_role("link", name="Choose a level for this criterion.")).to_have_count(2)
    choose_level(page, "Fit", 5)
    choose_level(page, "Craft", 3)
    page.get_by_role("button", name="Submit and next").click()
    expect(page.get_by_role("heading", level=1, name="Entry K-0931")).to_be_visible()
    card = session.scalars(select(Scorecard)).one()
    assert (card.assignment_id, card.state, card.note) == (assignments[0].id, "submitted", "Look at it again.")
    assert sorted(score.points for score in card.scores) == [3, 4, 5]


def choose_level(page: Page, criterion: str, level: int) -> None:
    page.get_by_role("group", name=criterion).get_by_role("radio", name=f"{level} Level {level}").check()


def test_a_judge_sees_both_texts_when_another_tab_was_first(
    visit: Visit, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, javascript=False, expect_errors=True)
    page.goto("/judge/quiet/B-1180")
    other = page.context.new_page()
    other.goto("/judge/quiet/B-1180")
    choose_level(page, "Clarity", 2)
    page.get_by_role("button", name="Save draft").click()
    said(page, "The draft is saved.")

    choose_level(other, "Clarity", 5)
    other.get_by_role("button", name="Save draft").click()
    expect(other.get_by_role("row", name=re.compile("Clarity"))).to_have_text(re.compile(r"Clarity\s*2.*\s*5.*"))
    other.get_by_role("button", name="Save what you sent").click()
    said(other, "The draft is saved.")

    page.reload()
    expect(page.get_by_role("group", name="Clarity").get_by_role("radio", name="5 Level 5")).to_be_checked()


def test_a_judge_steps_back_with_a_reason(
    visit: Visit, session: Session, judge: Account, assignments: list[Assignment]
) -> None:
    page = visit(judge, javascript=False, expect_errors=True)
    page.goto("/judge/quiet/K-0931")
    page.get_by_role("link", name="I have a conflict of interest").click()

    page.get_by_label("Colleague, employer, teacher or client").check()
    page.get_by_role("button", name="Step back").click()
    expect(page.get_by_role("alert").get_by_role("link", name="Say in one sentence why.")).to_be_visible()
    expect(page.get_by_label("Colleague, employer, teacher or client")).to_be_checked()
    page.get_by_label("Say in one sentence why").fill("I taught the maker.")
    page.get_by_role("button", name="Step back").click()

    said(page, "You stepped back from K-0931. It is hidden from you now.")
    hidden = page.get_by_role("listitem").filter(has_text="K-0931")
    expect(hidden).to_contain_text("Hidden from you. You stepped back: Colleague, employer, teacher or client")
    expect(page.get_by_role("link", name="K-0931")).to_have_count(0)
    recusal = session.scalars(select(Recusal)).one()
    assert (recusal.assignment_id, recusal.kind, recusal.reason) == (
        assignments[1].id,
        "professional",
        "I taught the maker.",
    )
    answer = page.goto("/judge/quiet/K-0931")
    assert answer and answer.status in (403, 404)
