"""The organiser's and the publisher's steps, from the empty contest to its winners; two journeys take them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest import i18n
from tests.browser.steps import (
    Post,
    said,
    until,
)

SLUG = "harbour-map-2026"
ORGANISER, PUBLISHER, ENTRANT = "aino@city.example", "bela@city.example", "chidi.okafor@studio.example"
EMEKA, HARUKA = ("emeka@jury.example", "Emeka Obi"), ("haruka@jury.example", "青木 遥")
#: Criteria with their weights in percent and a sentence for each level.
RUBRIC = {
    "Clarity": (60, ["One gets lost.", "One finds the way.", "One sees the way at once."]),
    "Welcome": (40, ["It shuts people out.", "It lets people in.", "It asks people in.", "It is everybody's own."]),
}
STATEMENT = {"en": "The map reads itself to you.", "ja": "地図がみずから語りかけてくる。"}
say_ja = i18n.gettext("ja").gettext


def create_contest(page: Page) -> None:
    """Every part, in English and Japanese, each found by the one link that says what is next."""
    page.get_by_role("link", name="Your work").click()
    page.get_by_role("link", name="Create a contest").click()
    both(page, "Title", "A map of the harbour", "港の地図")
    page.get_by_label("Address").fill(SLUG)
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Create the contest").click()
    said(page, "Nobody but you can see it yet.")

    write_texts(page)
    write_dates(page)
    go_on(page, "Categories")
    page.get_by_role("link", name="Add a category").click()
    both(page, "Name", "Maps", "地図")
    save(page)
    write_deliverables(page)
    write_rubric(page)
    go_on(page, "Prizes")
    page.get_by_role("link", name="Add a prize").click()
    both(page, "Name", "First prize", "最優秀賞")
    both(page, "What the winner gets", "¥500,000", "50万円")
    save(page)
    go_on(page, "Terms")
    both(
        page,
        "Terms",
        "You keep your rights.\n\nWe may show your work.",
        "権利は応募者に残ります。\n\n作品を公開することがあります。",
    )
    save(page)


def go_on(page: Page, part: str) -> None:
    """From the overview to the part that its link names as the next."""
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("listitem").filter(has_text=part).filter(has_text="To do").first).to_be_visible()
    page.get_by_role("link", name="Go on with the checklist").click()
    expect(page.get_by_role("heading", level=1, name=part)).to_be_visible()


def both(page: Page, label: str, english: str, japanese: str) -> None:
    page.get_by_label(f"{label} in English").fill(english)
    page.get_by_label(f"{label} in Japanese").fill(japanese)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    said(page, "Saved.")


def write_texts(page: Page) -> None:
    go_on(page, "Texts")
    both(page, "Summary", "Help people find their way.", "人が迷わない港へ。")
    both(page, "Brief", "Draw a map.\n\nIt must work in rain.", "地図を描いてください。\n\n雨の中でも使えること。")
    both(page, "Host", "Harbour Bureau", "港湾局")
    page.get_by_label("Contact").fill("harbour@city.example")
    save(page)


def write_dates(page: Page) -> None:
    """Open since yesterday, for a week more."""
    go_on(page, "Dates")
    now = datetime.now(ZoneInfo("Asia/Tokyo"))
    for label, days in (("Entries open", -1), ("Entries close", 7), ("Judging is due", 14)):
        page.get_by_label(label).fill(f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:00}")
    page.get_by_label("Grace in minutes").fill("10")
    save(page)


def write_deliverables(page: Page) -> None:
    go_on(page, "What to hand in")
    add_slot(page, "Screens", "画面", ["PNG", "SVG"], files=2, required=True)
    add_slot(page, "Booklet", "冊子", ["PDF"], files=1, required=False)


def add_slot(page: Page, english: str, japanese: str, kinds: list[str], *, files: int, required: bool) -> None:
    page.get_by_role("link", name="Add a slot").click()
    both(page, "Name", english, japanese)
    both(page, "What it holds", f"{english} of the map.", f"地図の{japanese}。")
    page.get_by_label("Every entry must have this").set_checked(required)
    for box in page.get_by_role("group", name="Types of file").get_by_role("checkbox").all():
        box.set_checked((box.get_attribute("value") or "").upper() in kinds)
    page.get_by_label("Most files").fill(str(files))
    save(page)


def write_rubric(page: Page) -> None:
    go_on(page, "Rubric")
    for name, (weight, levels) in RUBRIC.items():
        page.get_by_role("link", name="Add a criterion").click()
        both(page, "Name", name, {"Clarity": "わかりやすさ", "Welcome": "親しみやすさ"}[name])
        both(page, "Question", f"How is its {name.lower()}?", "どうですか。")
        page.get_by_label("Weight in percent").fill(str(weight))
        page.get_by_label("Number of levels").fill(str(len(levels)))
        page.get_by_role("button", name="Set the number of levels").click()
        expect(page.get_by_label(re.compile(r"^Level \d+ in English"))).to_have_count(len(levels))
        for number, sentence in enumerate(levels, 1):
            both(page, f"Level {number}", sentence, f"段階{number}。")
        save(page)
    page.get_by_label("Judges for each entry").fill("2")
    # "Saved." stands here already, from the criterion: what is new is the page and its number.
    with page.expect_navigation():
        page.get_by_role("button", name="Save the number").click()
    said(page, "Saved.")
    expect(page.get_by_label("Judges for each entry")).to_have_value("2")


def announce(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Everything is ready. Announce the contest.")).to_be_visible()
    page.get_by_role("link", name="Announce the contest").click()
    page.get_by_role("button", name="Announce it now").click()
    said(page, "The contest is announced. Everybody can see it now.")


def pass_the_deadline(session: Session) -> None:
    session.execute(
        text("UPDATE contest SET closes_at = clock_timestamp() - interval '1 hour' WHERE slug = :slug"), {"slug": SLUG}
    )
    session.commit()


def invite(page: Page) -> None:
    """Two judges, one of them in Japanese, and a publisher."""
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Invite judges").click()
    for address, role, language in (
        (EMEKA[0], "judge", "en"),
        (HARUKA[0], "judge", "ja"),
        (PUBLISHER, "publisher", "en"),
    ):
        page.get_by_label("Role").select_option(role)
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Language of the mail").select_option(language)
        page.get_by_role("button", name="Send the invitation").click()
        said(page, f"The invitation to {address} is on its way.")


def open_judging(page: Page) -> None:
    page.get_by_role("link", name="Assignments").click()
    page.get_by_role("button", name="Assign what is missing").click()
    said(page, "2 assignments are made.")
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Go and open judging").click()
    page.get_by_role("button", name="Open judging").click()
    said(page, "Judging is open. Each judge gets a mail.")


def level(page: Page, criterion: str, number: int) -> Locator:
    return page.get_by_role("group", name=criterion).get_by_role("radio", name=re.compile(rf"^{number} "))


def close_judging(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Go and close judging").click()
    page.get_by_role("button", name="Close judging").click()
    said(page, "Judging has closed. The scores are being tallied.")

    def tallied() -> bool:
        page.reload()
        return page.get_by_text("The scores are tallied.").is_visible()

    until(page, tallied, "the tally")


def propose(page: Page) -> None:
    """Clarity counts 60 and Welcome 40 per cent; the mean of the two judges is told exactly."""
    page.get_by_role("link", name="Decide the awards").click()
    standing = page.get_by_role("row", name=re.compile("Tide lines")).first
    expect(standing).to_contain_text("90.00 %")
    page.get_by_label("Entry number").fill("1")
    both(page, "The jury's statement", STATEMENT["en"], STATEMENT["ja"])
    page.get_by_role("button", name="Save the awards").click()
    said(page, "One award is saved.")
    page.get_by_role("button", name="Propose publication").click()
    said(page, "Publishers and the chair have a mail that asks them to approve.")


def shown_digest(page: Page) -> str:
    return re.sub(r"\s", "", page.locator(".steps2 .digest").inner_text())


def let_minutes_pass(session: Session) -> None:
    """Nobody's sign-in is fresh any more."""
    session.execute(text("UPDATE login_session SET fresh_at = fresh_at - interval '6 minutes'"))
    session.commit()


def approve_and_publish(page: Page, post: Post) -> None:
    page.goto(post.link(PUBLISHER, "Please approve", "/manage/"))
    assert shown_digest(page) in post.wait(PUBLISHER, "Please approve")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("button", name="Mail me a code").click()
    said(page, f"A code is on its way to {PUBLISHER}.")
    page.get_by_label("Eight digits").fill(post.code(PUBLISHER))
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_role("button", name="Approve").click()
    said(page, "You approved the publication.")
    page.get_by_role("button", name="Publish", exact=True).click()
    said(page, "The winners are published.")
