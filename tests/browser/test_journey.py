"""The main job as people do it: from the idea of a contest to its winners, each role in a browser of its own.

Only three things are arranged behind the pages: the first staff account, and twice the passing of time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest import i18n
from tests.browser.steps import (
    Post,
    accept_invitation,
    choose,
    describe,
    expect_loaded,
    file,
    register,
    row,
    said,
    sign_in,
    throttle,
    until,
)
from tests.factories import Make
from tests.pictures import noise, pdf, png, svg

Visit = Callable[..., Page]
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


@dataclass(frozen=True)
class Disk:
    """What the entrant's disk holds, by name."""

    screen = file("okafor-final-2.png", noise(640, 400))
    sign = file("sign.svg", svg("Harbour"))
    booklet = file("booklet.pdf", pdf(2))
    better = file("okafor-final-3.png", png(900, 600, (24, 90, 130)))


def test_from_the_idea_to_the_winners(visit: Visit, make: Make, session: Session, tmp_path: Path) -> None:
    make.account("Aino Virtanen", email=ORGANISER, is_staff=True)
    session.commit()
    post, disk = Post(visit()), Disk()
    organiser, entrant, emeka = (visit(expect_errors=True) for _ in range(3))
    haruka, publisher, public = visit(lang="ja"), visit(), visit(expect_errors=True)

    organiser.goto("/")
    sign_in(organiser, post, ORGANISER)
    create_contest(organiser)
    announce(organiser)

    enter(entrant, post)
    hand_in(entrant, disk)
    check_receipt(public, entrant, disk, tmp_path)
    hand_in_again(entrant, post, disk)
    pass_the_deadline(session)
    be_refused_after_it(entrant)

    invite(organiser)
    accept_invitation(emeka, post, *EMEKA)
    accept_invitation(haruka, post, *HARUKA, say=say_ja)
    open_judging(organiser)
    judge_in_two_tabs(emeka, post)
    expect_no_identity(emeka, session, disk)
    expect_half_done(organiser)
    judge_in_japanese(haruka, post)
    close_judging(organiser)

    propose(organiser)
    be_refused_as_the_same_person(organiser, post)
    accept_invitation(publisher, post, PUBLISHER, "Bela Bartók")
    let_minutes_pass(session)
    approve_and_publish(publisher, post)
    read_winners(public)
    read_interface(public)
    read_letters(post)
    read_audit(organiser)


# The organiser prepares -----------------------------------------------------------------------------


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
    both(page, "Terms", "You keep your rights.\n\nWe may show your work.", "権利は応募者に残ります。\n\n作品を公開することがあります。")
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
    page.get_by_role("button", name="Save the number").click()
    said(page, "Saved.")


def announce(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text("Everything is ready. Announce the contest.")).to_be_visible()
    page.get_by_role("link", name="Announce the contest").click()
    page.get_by_role("button", name="Announce it now").click()
    said(page, "The contest is announced. Everybody can see it now.")


# The entrant hands in -------------------------------------------------------------------------------


def enter(page: Page, post: Post) -> None:
    """From the public list, through registering, to an entry of one's own."""
    page.goto("/")
    page.get_by_role("link", name="A map of the harbour").click()
    expect(page.get_by_text("One sees the way at once.")).to_be_visible()
    page.get_by_role("link", name="Start an entry").click()
    register(page, post, ENTRANT, "Chidi Okafor", "Africa/Lagos")
    expect(page.get_by_role("heading", level=1, name="Start an entry")).to_be_visible()
    page.get_by_role("button", name="Start the entry").click()
    expect(page.locator("#problems")).to_be_focused()
    page.get_by_label("I have read the terms and accept them.").check()
    page.get_by_role("button", name="Start the entry").click()
    expect(page.get_by_text("Your entry is a draft.")).to_be_visible()


def hand_in(page: Page, disk: Disk) -> None:
    page.get_by_label("Title of the entry").fill("Tide lines")
    page.get_by_label("Statement").fill("It follows the water.")
    page.get_by_label("Declaration").fill("None.")
    page.get_by_label("Credit").fill("Okafor Studio, Lagos")
    page.get_by_role("button", name="Save the details").click()
    said(page, "The details are saved.")

    page.evaluate("window.sameDocument = true")
    send_slowly(page, disk)
    choose(page, "Screens", disk.sign)
    choose(page, "Booklet", disk.booklet)
    for sent in (disk.screen, disk.sign, disk.booklet):
        expect_loaded(row(page, sent["name"]).get_by_role("img"))
    expect(row(page, disk.booklet["name"])).to_contain_text("2 pages")
    describe(page, disk.screen["name"], "A map with tide lines.")
    describe(page, disk.sign["name"], "A sign that says Harbour.")
    assert page.evaluate("window.sameDocument"), "the page was loaded anew"
    seal(page, 1)


def send_slowly(page: Page, disk: Disk) -> None:
    """On a line slow enough to see how far it is."""
    hurry = throttle(page, 250_000)
    choose(page, "Screens", disk.screen)
    sending = row(page, disk.screen["name"])
    expect(sending.get_by_role("progressbar")).to_be_visible()
    expect(sending).to_contain_text(re.compile(r"[1-9]\d? %, .+ of 7\d\d kB"))
    assert 0 < float(sending.get_by_role("progressbar").evaluate("bar => bar.position")) < 1
    hurry()


def seal(page: Page, revision: int) -> None:
    button = page.get_by_role("button", name=f"Submit revision {revision}")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    expect(page.get_by_text(f"Receipt R-0001-{revision}")).to_be_visible()


def digests(page: Page) -> dict[str, str]:
    """File name → SHA-256 as the receipt shows them."""
    return {
        part.locator("bdi").inner_text(): re.sub(r"\s", "", part.locator("code").inner_text())
        for part in page.locator(".slipsheet .mt2").filter(has=page.locator("bdi")).filter(has=page.locator("code")).all()
    }


def sha256(*files: Any) -> dict[str, str]:
    return {sent["name"]: hashlib.sha256(sent["buffer"]).hexdigest() for sent in files}


def check_receipt(public: Page, entrant: Page, disk: Disk, folder: Path) -> None:
    """The receipt tells the true digests; its file is valid, and not with one letter changed."""
    assert digests(entrant) == sha256(disk.screen, disk.sign, disk.booklet)
    with entrant.expect_download() as download:
        entrant.get_by_role("link", name="Save the receipt’s file").click()
    kept = folder / download.value.suggested_filename
    download.value.save_as(kept)

    public.goto("/")
    public.get_by_role("link", name="Check a receipt").click()
    public.get_by_label("Or the receipt’s file").set_input_files(kept)
    public.get_by_role("button", name="Check the receipt").click()
    expect(public.get_by_text("Valid. This site signed exactly this receipt.")).to_be_visible()
    assert kept.name == "R-0001-1.json"
    changed = kept.read_text("utf-8").replace("Tide lines", "Tide limes")
    public.get_by_label("Text of the receipt").fill(changed)
    public.get_by_role("button", name="Check the receipt").click()
    expect(public.get_by_text("Changed. This is not what this site signed.")).to_be_visible()


def hand_in_again(page: Page, post: Post, disk: Disk) -> None:
    """Put another picture in the place of the first, and seal revision 2."""
    page.get_by_role("link", name="Back to your entry").click()
    expect(page.get_by_text("Revision 1 is sealed. Judges will see exactly that.")).to_be_visible()
    row(page, disk.screen["name"]).get_by_role("button", name="Remove").click()
    expect(row(page, disk.screen["name"])).to_have_count(0)
    choose(page, "Screens", disk.better)
    expect_loaded(row(page, disk.better["name"]).get_by_role("img"))
    describe(page, disk.better["name"], "A blue map with tide lines.")
    seal(page, 2)
    assert digests(page) == sha256(disk.sign, disk.better, disk.booklet)
    letter = post.wait(ENTRANT, "Receipt R-0001-2")
    assert all(digest in letter for digest in sha256(disk.sign, disk.better, disk.booklet).values())


def pass_the_deadline(session: Session) -> None:
    session.execute(
        text("UPDATE contest SET closes_at = clock_timestamp() - interval '1 hour' WHERE slug = :slug"), {"slug": SLUG}
    )
    session.commit()


def be_refused_after_it(page: Page) -> None:
    """A page opened before the deadline; its button pressed after it."""
    page.get_by_role("link", name="Back to your entry").click()
