"""The main job as people do it: from the idea of a contest to its winners, each role in a browser of its own.

Only three things are arranged behind the pages: the first staff account, and twice the passing of time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser.organising import (
    EMEKA,
    ENTRANT,
    HARUKA,
    ORGANISER,
    PUBLISHER,
    SLUG,
    STATEMENT,
    announce,
    approve_and_publish,
    close_judging,
    create_contest,
    invite,
    let_minutes_pass,
    level,
    open_judging,
    pass_the_deadline,
    propose,
    say_ja,
    shown_digest,
)
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
)
from tests.factories import Make
from tests.pictures import noise, pdf, png, svg

Visit = Callable[..., Page]


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
    change_once_more(entrant)
    pass_the_deadline(session)
    be_refused_after_it(entrant)

    invite(organiser)
    accept_invitation(emeka, post, *EMEKA)
    accept_invitation(haruka, post, *HARUKA, say=say_ja)
    accept_invitation(publisher, post, PUBLISHER, "Bela Bartók")
    open_judging(organiser)
    judge_in_two_tabs(emeka, post)
    expect_no_identity(emeka, session, disk)
    expect_half_done(organiser)
    judge_in_japanese(haruka, post)
    close_judging(organiser)

    propose(organiser)
    be_refused_as_the_same_person(organiser, post)
    let_minutes_pass(session)
    approve_and_publish(publisher, post)
    read_winners(public)
    read_interface(public)
    read_letters(post)
    read_audit(organiser)


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
    page.get_by_label("Credit", exact=True).fill("Okafor Studio, Lagos")
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
    hurry = throttle(page, 100_000)
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
        for part in page.locator(".slipsheet .mt2")
        .filter(has=page.locator("bdi"))
        .filter(has=page.locator("code"))
        .all()
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


def change_once_more(page: Page) -> None:
    """A change that is ready to be submitted, and is not."""
    page.get_by_role("link", name="Back to your entry").click()
    page.get_by_label("Statement").fill("It follows the water, late.")
    page.get_by_role("button", name="Save the details").click()
    expect(page.get_by_role("button", name="Submit revision 3")).to_be_visible()


def be_refused_after_it(page: Page) -> None:
    """The page was opened before the deadline; its button is pressed after it."""
    page.get_by_role("button", name="Submit revision 3").click()
    expect(page.get_by_role("heading", name="What you sent now is not saved")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(
        re.compile(
            r"The contest closed at .+ Your request came at \d\d:\d\d:\d\d by the server’s clock\."
            r".+Revision 2, sealed .+, is in the contest and will be judged\.",
            re.S,
        )
    )
    page.goto(f"/contests/{SLUG}/entry")
    expect(page.get_by_text("What you changed after it was not submitted.")).to_be_visible()
    expect(page.get_by_text("It follows the water, late.")).to_be_visible()
    expect(page.get_by_role("button", name="Submit revision")).to_have_count(0)


# The judges score -----------------------------------------------------------------------------------


def expect_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))


def judge_in_two_tabs(page: Page, post: Post) -> None:
    """What is chosen saves itself; a tab that was overtaken shows both values and loses neither."""
    page.goto(post.link(EMEKA[0], "Entries to judge", "/judge/"))
    expect(page.get_by_role("heading", level=1, name="0 of 1 judged")).to_be_visible()
    page.get_by_role("link", name="Go on with").click()
    expect_loaded(page.get_by_role("img", name="A sign that says Harbour."))
    level(page, "Clarity", 3).check()
    expect_saved(page)
    page.reload()
    expect(level(page, "Clarity", 3)).to_be_checked()
    expect_saved(page)

    stale = page.context.new_page()
    stale.goto(page.url)
    level(page, "Welcome", 2).check()
    expect(page.locator("input[name=version]")).to_have_value("2")
    level(stale, "Welcome", 4).check()
    clash = stale.locator("#clash").get_by_role("alert")
    expect(clash).to_be_focused()
    expect(clash.get_by_role("row", name=re.compile("Welcome"))).to_have_text(re.compile(r"Welcome\s*2\s*4"))
    clash.get_by_role("button", name="Keep mine").click()
    expect_saved(stale)
    stale.get_by_label("To the designer").fill("The tide is a lovely thought.")
    stale.get_by_role("button", name="Submit", exact=True).click()
    said(stale, "The scorecard is submitted.")
    expect(level(stale, "Welcome", 4)).to_be_checked()
    stale.close()
    page.reload()
    expect(level(page, "Welcome", 4)).to_be_checked()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()


def expect_no_identity(page: Page, session: Session, disk: Disk) -> None:
    """Nothing of the sheet or the queue tells whose the entry is."""
    entry_id = session.execute(text("SELECT id::text FROM entry")).scalar_one()
    names = ["Okafor", "Chidi", ENTRANT, "studio.example", "Lagos", entry_id, entry_id.replace("-", "")]
    names += [sent["name"] for sent in (disk.screen, disk.sign, disk.booklet, disk.better)]
    picture = page.request.get(page.locator("#shown").get_attribute("src") or "")
    assert picture.status == 200
    sources = [page.content(), str(picture.headers)]
    page.get_by_role("navigation", name="Main pages").get_by_role("link", name="Queue").click()
    expect(page.get_by_role("heading", level=1, name="1 of 1 judged")).to_be_visible()
    sources.append(page.content())
    assert "A sign that says Harbour." in sources[0]
    assert [name for name in names for source in sources if name.lower() in source.lower()] == []


def expect_half_done(page: Page) -> None:
    page.get_by_role("link", name="Progress").click()
    expect(page.get_by_role("heading", level=1, name="1 of 2 scorecards are in")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Emeka Obi")).first).to_contain_text("1 of 1")
    expect(page.get_by_text("One scorecard is missing.").first).to_be_visible()


def judge_in_japanese(page: Page, post: Post) -> None:
    """Another judge, another language, another code for the same entry."""
    page.goto(post.link(HARUKA[0], "「", "/judge/"))
    heading = say_ja("%(judged)s of %(all)s judged") % {"judged": 0, "all": 1}
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    page.locator(".queue a.code").click()
    level(page, "わかりやすさ", 2).check()
    level(page, "親しみやすさ", 4).check()
    page.get_by_role("button", name=say_ja("Submit"), exact=True).click()
    said(page, say_ja("The scorecard is submitted."))


# Two people decide ----------------------------------------------------------------------------------


def be_refused_as_the_same_person(page: Page, post: Post) -> None:
    """The organiser takes the publisher's role too; the proposal still needs somebody else."""
    page.get_by_role("link", name="People").click()
    page.get_by_label("Role").select_option("publisher")
    page.get_by_label("E-mail address").fill(ORGANISER)
    page.get_by_role("button", name="Send the invitation").click()
    page.goto(post.link(ORGANISER, "Invitation", "/invitations/"))
    page.get_by_role("button", name="Accept").click()
    page.goto(f"/manage/{SLUG}/results")
    expect(page.get_by_text("You proposed this. Ask another publisher or the chair to approve it.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    # What the page does not offer, its address refuses too.
    answer = page.request.post(
        f"/manage/{SLUG}/results/1/approve",
        form={"csrf_token": page.locator("input[name=csrf_token]").first.input_value(), "digest": shown_digest(page)},
        headers={"Referer": page.url},
    )
    assert (answer.status, "A second person must approve" in answer.text()) == (403, True)


# Everybody reads ------------------------------------------------------------------------------------


def read_winners(page: Page) -> None:
    for lang, prize, city in (("en", "First prize", "Harbour Bureau"), ("ja", "最優秀賞", "港湾局")):
        page.goto(f"/{lang}/contests/{SLUG}/winners")
        expect(page.locator("html")).to_have_attribute("lang", lang)
        winner = page.get_by_role("figure")
        expect(winner.get_by_role("heading", name="Tide lines")).to_be_visible()
        for words in (prize, "Okafor Studio, Lagos", STATEMENT[lang]):
            expect(winner).to_contain_text(words)
        expect(page.locator(".brand")).to_contain_text(city)
        expect_loaded(winner.get_by_role("img", name="A sign that says Harbour."))
        assert "It follows the water, late." not in page.content()


def read_interface(page: Page) -> None:
    """The publication as a file: its digest can be recomputed, and a cache need not fetch it twice."""
    found = page.request.get(f"/api/v1/publications/{SLUG}")
    body = found.json()
    canonical = json.dumps(body["snapshot"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert (found.status, body["contest"], body["publication"], body["state"]) == (200, SLUG, 1, "published")
    assert hashlib.sha256(canonical.encode()).hexdigest() == body["digest"]
    assert [(award["entry"], award["credit"]) for award in body["snapshot"]["awards"]] == [(1, "Okafor Studio, Lagos")]
    again = page.request.get(f"/api/v1/publications/{SLUG}", headers={"If-None-Match": found.headers["etag"]})
    assert (again.status, again.body()) == (304, b"")


def read_letters(post: Post) -> None:
    letter = post.wait(ENTRANT, "You won a prize")
    assert "First prize" in letter
    assert "The tide is a lovely thought." in letter
    assert "Emeka" not in letter


def read_audit(page: Page) -> None:
    """Who did what, from the first act to the last; nothing else under anybody else's name."""
    page.goto(f"/manage/{SLUG}")
    page.get_by_role("link", name="Audit log").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    seen: list[tuple[str, str]] = []
    while True:
        # Read in one go: the list is swapped in place when another page of it is asked for.
        lines = page.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.querySelectorAll('td')].slice(0, 2).map(cell => cell.innerText))"
        )
        seen += [(who, what.splitlines()[0]) for who, what in lines]
        older = page.get_by_role("link", name="Older events")
        if not older.count():
            break
        last = page.locator("tbody tr").last
        known = last.inner_text()
        older.click()
        expect(last).not_to_have_text(known, use_inner_text=True)
    story = [
        ("Aino Virtanen", "created the contest"),
        ("Aino Virtanen", "announced the contest"),
        ("Chidi Okafor", "accepted the terms"),
        ("Chidi Okafor", "started an entry"),
        ("Chidi Okafor", "submitted a revision"),
        ("Chidi Okafor", "submitted a revision"),
        ("Aino Virtanen", "assigned entries"),
        ("Aino Virtanen", "opened judging"),
        ("Emeka Obi", "submitted a scorecard"),
        ("青木 遥", "submitted a scorecard"),
        ("Aino Virtanen", "closed judging"),
        ("Aino Virtanen", "proposed the publication"),
        ("Bela Bartók", "approved the publication"),
        ("Bela Bartók", "published the winners"),
    ]
    told = {what for _, what in story}
    assert [each for each in reversed(seen) if each[1] in told] == story
    assert ("The system", "file passed its check") in seen
