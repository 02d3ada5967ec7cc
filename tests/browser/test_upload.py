"""Uploads in a browser: what is refused and how it says so, what is cancelled, what survives a broken line."""

from __future__ import annotations

import hashlib
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, Request, Route, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Account, AuditEvent, Contest, Entry, EntryFile, Revision
from contest.services.parts import PART
from contest.settings import Settings
from contest.storage import ObjectMissing, Storage
from tests.browser.steps import choose, expect_loaded, file, row, throttle, until
from tests.factories import Make
from tests.pictures import noise, pdf, png

Visit = Callable[..., Page]


@pytest.fixture
def entrant(make: Make) -> Account:
    return make.account("Dalia Haddad")


@pytest.fixture
def contest(make: Make, entrant: Account, session: Session) -> Contest:
    """An open contest in which the entrant's draft has its words and no file yet."""
    made = make.contest(
        "open",
        slug="send",
        deliverables=[
            {"key": "screens", "kinds": ["png", "svg"], "max_files": 3, "max_bytes": 900_000},
            {"key": "document", "kinds": ["pdf"], "required": False},
            {"key": "package", "kinds": ["zip"], "max_bytes": 10**8, "required": False},
        ],
    )
    make.entry(made, entrant, state="draft", files=0)
    session.commit()
    return made


@pytest.fixture
def package(contest: Contest) -> FilePayload:
    """A source package of three parts: two whole ones and a bit."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("design.bin", random.Random(7).randbytes(2 * PART + 100_000))
    return {"name": "all.zip", "mimeType": "application/zip", "buffer": made.getvalue()}


def sha256_of(session: Session, store: Storage) -> str:
    """Of the original that counts, as the store holds it."""
    key = session.scalars(select(EntryFile.key)).one()
    assert key is not None
    return hashlib.sha256(store.read(key)).hexdigest()


def stored(session: Session) -> dict[str, str]:
    """Name → state of the files that the draft holds."""
    session.rollback()
    rows = session.execute(select(EntryFile.name, EntryFile.state).where(EntryFile.removed_at.is_(None)))
    return dict(rows.all())


def revisions(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Revision)) or 0


def open_entry(visit: Visit, entrant: Account, *, expect_errors: bool = False) -> Page:
    page = visit(entrant, expect_errors=expect_errors)
    page.goto("/contests/send/entry")
    return page


def test_another_type_behind_a_right_name_is_refused_by_the_check(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)

    choose(page, "Screens", file("screen.png", pdf(1)))

    refused = row(page, "screen.png")
    expect(refused).to_contain_text("What the file holds is not a type that this slot takes, whatever its name says.")
    expect(refused).to_contain_text("Refused")
    expect(page.locator("#h-todo ~ .body")).to_contain_text("0 of 3, 1 to look at")
    assert stored(session) == {"screen.png": "rejected"}
    refused.get_by_role("button", name="Remove").click()
    expect(refused).to_have_count(0)
    assert stored(session) == {}


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("empty.png", b"", "The file is empty. Choose it again; if it is empty on your disk too, export it anew."),
        (
            "large.png",
            noise(640, 500),
            "The file is larger than this slot takes. Make it smaller, or ask the organiser.",
        ),
        ("notes.txt", b"Dear jury", "This type of file is not taken here. See the types named beside the slot."),
    ],
    ids=["empty", "too large", "another type"],
)
def test_a_file_that_cannot_be_taken_is_refused_before_it_is_sent(
    visit: Visit, session: Session, contest: Contest, entrant: Account, name: str, body: bytes, sentence: str
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)

    choose(page, "Screens", file(name, body))

    expect(row(page, name)).to_contain_text(sentence)
    expect(page.locator("#said")).to_contain_text(f"{name} was not sent. {sentence}")
    assert stored(session) == {}
    row(page, name).get_by_role("button", name=f"Dismiss {name}").click()
    expect(row(page, name)).to_have_count(0)
    choose(page, "Screens", file("fine.png", png()))
    expect(row(page, "fine.png")).to_contain_text("Ready, no text yet")


def test_a_cancelled_upload_leaves_nothing(
    visit: Visit, session: Session, store: Storage, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)
    throttle(page, 50_000)
    choose(page, "Screens", file("slow.png", noise(600, 400)))
    expect(row(page, "slow.png")).to_contain_text(re.compile(r"[1-9]\d? %, "))

    row(page, "slow.png").get_by_role("button", name="Cancel slow.png").click()

    expect(row(page, "slow.png")).to_have_count(0)
    expect(page.locator("#said")).to_contain_text("slow.png is cancelled.")
    until(page, lambda: stored(session) == {}, "the server to hear of it")
    given_up = session.scalars(select(EntryFile)).one()
    assert (given_up.state, given_up.key) == ("expected", None)
    with pytest.raises(ObjectMissing):
        store.head(given_up.staging_key)


def test_a_broken_line_is_tried_again(
    visit: Visit, session: Session, site: Settings, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    tries: list[str] = []

    def break_once(route: Route) -> None:
        if route.request.method == "PUT":
            tries.append(route.request.url)
            if len(tries) == 1:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route(re.compile(r"/incoming/"), break_once)
    choose(page, "Screens", file("screen.png", png()))

    expect(row(page, "screen.png")).to_contain_text("The connection was lost. Trying again.")
    expect_loaded(row(page, "screen.png").get_by_role("img"))
    assert [url.startswith(f"{site.s3_endpoint}/{site.s3_bucket}/incoming/") for url in tries] == [True, True]
    assert stored(session) == {"screen.png": "accepted"}


def test_a_line_that_died_without_a_word_is_tried_again(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    page.clock.install()
    tries: list[str] = []

    def hang_once(route: Route) -> None:
        tries.append(route.request.method)
        if tries.count("PUT") != 1:
            route.continue_()

    page.route(re.compile(r"/incoming/"), hang_once)
    choose(page, "Screens", file("screen.png", png()))
    expect(row(page, "screen.png")).to_contain_text("Uploading")
    until(page, lambda: tries == ["PUT"], "the first try")

    page.clock.fast_forward("03:01")

    expect(row(page, "screen.png")).to_contain_text("Ready, no text yet")
    assert tries.count("PUT") == 2
    assert stored(session) == {"screen.png": "accepted"}


def part_of(request: Request) -> int:
    """The number of the part that a request sends."""
    return int(re.search(r"[?&]partNumber=(\d+)", request.url)[1])  # type: ignore[index]


def test_of_a_large_file_only_the_part_that_broke_is_sent_again(
    visit: Visit, session: Session, store: Storage, package: FilePayload, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    sent: list[int] = []

    def break_the_second_once(route: Route) -> None:
        if route.request.method == "PUT":
            sent.append(part_of(route.request))
            if sent.count(2) == 1 and sent[-1] == 2:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route(re.compile(r"/incoming/"), break_the_second_once)
    choose(page, "Package", package)

    until(page, lambda: stored(session) == {"all.zip": "accepted"}, "the whole file to be checked")
    assert sorted(sent) == [1, 2, 2, 3]
    assert sha256_of(session, store) == hashlib.sha256(package["buffer"]).hexdigest()


def test_a_file_that_changed_on_its_disk_is_said_so_at_once(
    visit: Visit, session: Session, package: FilePayload, entrant: Account, tmp_path: Path
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    disk = tmp_path / "all.zip"
    disk.write_bytes(package["buffer"])
    asked: list[Route] = []
    page.route(re.compile(r"/uploads/[^/]+/parts$"), lambda route: asked.append(route))
    page.get_by_label("Add a file: Package").or_(page.get_by_label("Add files: Package")).set_input_files(disk)
    until(page, lambda: asked, "the question which parts have arrived")
    expect(row(page, "all.zip").get_by_role("progressbar")).to_have_js_property("value", 0)

    disk.write_bytes(package["buffer"] + b" and more")
    asked[0].continue_()

    expect(row(page, "all.zip")).to_contain_text("It may have changed since you chose it; choose it again.")
    until(page, lambda: stored(session) == {}, "the server to hear of it")


def test_a_large_file_goes_on_after_the_page_was_closed(
    visit: Visit, session: Session, store: Storage, package: FilePayload, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    page.on("dialog", lambda dialog: dialog.accept())
    arrived: list[int] = []
    page.on("requestfinished", lambda request: arrived.append(part_of(request)) if request.method == "PUT" else None)
    page.route(re.compile(r"/incoming/.*partNumber=3"), lambda route: route.abort("connectionreset"))
    choose(page, "Package", package)
    expect(row(page, "all.zip")).to_contain_text("The connection was lost. Trying again.")
    until(page, lambda: sorted(arrived) == [1, 2], "two parts to arrive")
    page.close()

    page = open_entry(visit, entrant)
    expect(row(page, "all.zip")).to_contain_text("Not finished")
    page.on("requestfinished", lambda request: arrived.append(part_of(request)) if request.method == "PUT" else None)
    choose(page, "Package", package)

    until(page, lambda: stored(session) == {"all.zip": "accepted"}, "the whole file to be checked")
    assert sorted(arrived) == [1, 2, 3]
    assert sha256_of(session, store) == hashlib.sha256(package["buffer"]).hexdigest()


def test_what_is_chosen_before_the_script_has_come_is_sent(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = visit(entrant)
    held: list[Route] = []
    page.route(re.compile(r"/upload\."), lambda route: held.append(route))
    page.goto("/contests/send/entry", wait_until="commit")
    choose(page, "Screens", file("early.png", png()))
    until(page, lambda: held, "the browser to ask for the script")

    held[0].continue_()

    expect_loaded(row(page, "early.png").get_by_role("img"))
    assert stored(session) == {"early.png": "accepted"}


def test_what_is_chosen_while_offline_goes_on_by_itself(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    page.context.set_offline(True)
    choose(page, "Screens", file("screen.png", png()))
    expect(row(page, "screen.png")).to_contain_text(
        "Offline, paused. It goes on by itself when the connection is back."
    )

    page.context.set_offline(False)

    expect_loaded(row(page, "screen.png").get_by_role("img"))
    assert stored(session) == {"screen.png": "accepted"}


def test_of_two_files_the_good_one_stays(visit: Visit, session: Session, contest: Contest, entrant: Account) -> None:
    page = open_entry(visit, entrant)

    choose(page, "Screens", file("good.png", png()), file("bad.png", pdf(1)))

    expect_loaded(row(page, "good.png").get_by_role("img"))
    expect(row(page, "good.png")).to_contain_text("Ready, no text yet")
    expect(row(page, "bad.png")).to_contain_text("The other files are not affected.")
    assert stored(session) == {"good.png": "accepted", "bad.png": "rejected"}


def test_how_far_all_files_are_stays_in_sight(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)
    throttle(page, 60_000)
    choose(page, "Screens", file("one.png", noise(300, 200)), file("two.png", noise(300, 200)))

    whole = page.get_by_text(re.compile(r"^[01] of 2 files sent, \d\d? %"))
    expect(whole).to_be_visible()
    page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    expect(whole).to_be_in_viewport()
    expect(page.get_by_role("progressbar", name="All uploads")).to_be_in_viewport()

    expect(page.locator("#said")).to_contain_text("2 files have arrived. They are being checked.")
    expect(whole).to_be_hidden()


def test_a_double_click_seals_one_revision_and_going_back_does_no_harm(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)
    choose(page, "Screens", file("screen.png", png()))
    expect_loaded(row(page, "screen.png").get_by_role("img"))
    row(page, "screen.png").get_by_label("What the picture shows, in one sentence").fill("An orange screen.")
    row(page, "screen.png").get_by_role("button", name="Save the sentence").click()
    button = page.get_by_role("button", name="Submit revision 1")
    expect(button).not_to_have_attribute("aria-disabled", "true")

    button.dblclick()

    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    assert revisions(session) == 1
    page.reload()
    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Revision 1 is sealed. Judges will see exactly that.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Submit revision"))).to_have_count(0)
    page.go_forward()
    expect(page.get_by_role("heading", name="Received in time")).to_be_visible()
    assert revisions(session) == 1
    sealed = select(func.count()).select_from(AuditEvent).where(AuditEvent.act == "entry.submitted")
    assert session.scalar(sealed) == 1


def test_a_file_is_replaced_in_one_act(
    visit: Visit, session: Session, make: Make, contest: Contest, entrant: Account
) -> None:
    draft = session.scalars(select(Entry)).one()
    for name in ("first.png", "second.png"):
        make.file(draft, name=name, previews=False)
    session.commit()
    page = open_entry(visit, entrant)

    with page.expect_file_chooser() as chosen:
        row(page, "first.png").locator("summary", has_text="Replace").click()
    chosen.value.set_files([file("better.png", png())])

    expect(row(page, "first.png")).to_have_count(0)
    expect_loaded(row(page, "better.png").get_by_role("img"))
    expect(page.locator("li.file bdi").filter(has_text=re.compile(r"^(better|second)\.png$")).first).to_have_text(
        "better.png"
    )
    assert stored(session) == {"better.png": "accepted", "second.png": "accepted"}


def test_files_are_dropped_on_the_box(visit: Visit, session: Session, contest: Contest, entrant: Account) -> None:
    page = open_entry(visit, entrant)
    box = page.locator("form.drop").first
    held = page.evaluate_handle(
        """bytes => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
            return held;
        }""",
        list(png()),
    )

    box.dispatch_event("dragenter", {"dataTransfer": held})
    expect(box).to_have_attribute("data-over", "1")
    box.dispatch_event("drop", {"dataTransfer": held})

    expect(box).not_to_have_attribute("data-over", "1")
    expect(row(page, "dropped.png")).to_contain_text("Ready, no text yet")
    assert stored(session) == {"dropped.png": "accepted"}


def test_the_row_says_how_long_it_takes_and_who_waits(visit: Visit, contest: Contest, entrant: Account) -> None:
    page = open_entry(visit, entrant)
    throttle(page, 60_000)

    choose(
        page, "Screens", *(file(name, noise(600, 400, seed)) for seed, name in enumerate(("a.png", "b.png", "c.png")))
    )

    expect(row(page, "c.png")).to_contain_text("Next in line.")
    expect(row(page, "a.png")).to_contain_text(re.compile(r"[1-9]\d? %, .*, about \d+ seconds left"), timeout=20_000)


def test_words_are_kept_and_saved_while_a_file_is_on_its_way(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    fast = throttle(page, 50_000)
    choose(page, "Screens", file("slow.png", noise(600, 400)))
    expect(row(page, "slow.png")).to_contain_text(re.compile(r"[1-9]\d? %, "))

    page.get_by_label("Title of the entry").fill("Tide Line")
    page.get_by_role("button", name="Save the details").click()

    form = page.locator("form", has=page.get_by_role("button", name="Save the details"))
    expect(form).to_contain_text("The details are saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tide Line")
    expect(row(page, "slow.png")).to_contain_text("Uploading")
    fast()
    expect(row(page, "slow.png")).to_contain_text("Ready, no text yet")
    # What is typed and not saved is not left without a question, and can be saved after it.
    page.get_by_label("Title of the entry").fill("Tide Line 2")
    page.get_by_role("link", name="Account").click()
    until(page, lambda: asked == ["beforeunload"], "the browser to ask")
    page.get_by_role("button", name="Save the details").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tide Line 2")
    session.rollback()
    assert session.scalars(select(Entry.title)).one() == "Tide Line 2"


def test_in_the_grace_an_upload_that_broke_off_goes_on(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant)
    page.on("dialog", lambda dialog: dialog.accept())
    fast = throttle(page, 50_000)
    slow = file("slow.png", noise(600, 400))
    choose(page, "Screens", slow)
    expect(row(page, "slow.png")).to_contain_text(re.compile(r"[1-9]\d? %, "))
    session.rollback()
    contest.closes_at = session.scalars(select(EntryFile.created_at)).one() + timedelta(milliseconds=1)
    session.commit()
    page.reload()
    fast()

    with page.expect_file_chooser() as chooser:
        row(page, "slow.png").get_by_text("Choose the file again").click()
    chooser.value.set_files([slow])

    expect(page.locator("li.file", has_text="Ready, no text yet")).to_have_count(1)
    assert stored(session) == {"slow.png": "accepted"}


def test_what_is_here_is_not_sent_twice_and_what_finds_no_place_shares_a_row(
    visit: Visit, session: Session, contest: Contest, entrant: Account
) -> None:
    page = open_entry(visit, entrant, expect_errors=True)
    first = file("1.png", png(60, 60))
    choose(page, "Screens", first)
    expect(row(page, "1.png")).to_contain_text("Ready, no text yet")

    choose(page, "Screens", first, *(file(f"{n}.png", png(60 + n, 60)) for n in range(2, 6)))

    expect(row(page, "4.png")).to_contain_text("5.png")
    expect(row(page, "4.png")).to_contain_text("This slot is full.")
    expect(row(page, "1.png")).to_have_count(1)
    until(page, lambda: set(stored(session)) == {"1.png", "2.png", "3.png"}, "the files to be there, once each")
