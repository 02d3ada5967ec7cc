"""Steps that several browser tests take: reading mail, signing in, sending files, as people do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from playwright.sync_api import FilePayload, Locator, Page, expect

Found = TypeVar("Found")
_MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "zip": "application/zip"}
_LETTERS = """rows => rows.map(row => ({
    address: row.querySelector("td").innerText,
    page: row.querySelector("a").getAttribute("href"),
}))"""


def until(page: Page, ask: Callable[[], Found | None], what: str, *, seconds: float = 30) -> Found:
    """Ask again and again until there is an answer, and give it."""
    deadline = time.monotonic() + seconds
    while True:
        found = ask()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        page.wait_for_timeout(150)


@dataclass
class Post:
    """The page on which caught mail is read."""

    page: Page

    def letters(self, address: str, words: str = "") -> list[str]:
        """Mails to an address that hold the words, newest first."""
        answer = self.page.goto("/mail")
        assert answer and answer.ok, "the page of the mails fails"
        found = self.page.locator("main tbody tr").evaluate_all(_LETTERS)
        letters = [self.read(each["page"]) for each in found if address in each["address"]]
        return [letter for letter in letters if words in letter]

    def read(self, address: str) -> str:
        """Subject and plain text of one mail."""
        answer = self.page.goto(address)
        assert answer and answer.ok, "the page of a mail fails"
        return self.page.locator("h1").inner_text() + "\n" + self.page.locator("pre").inner_text()

    def wait(self, address: str, words: str = "", *, more_than: int = 0) -> str:
        """The newest such mail, once there are more than so many."""

        def ask() -> str | None:
            letters = self.letters(address, words)
            return letters[0] if len(letters) > more_than else None

        return until(self.page, ask, f"mail to {address} with “{words}”")

    def code(self, address: str, *, more_than: int = 0) -> str:
        """The code of the newest mail with one."""
        found = re.search(r"^\s*(\d{4} \d{4})\s*$", self.wait(address, "Your code", more_than=more_than), re.M)
        assert found
        return found.group(1)

    def link(self, address: str, words: str, path: str, *, more_than: int = 0) -> str:
        """The address on our site, below `path`, that a mail with these words holds."""
        found = re.search(rf"https?://\S+?({path}\S*)", self.wait(address, words, more_than=more_than))
        assert found
        return found.group(1)


def sign_in(page: Page, post: Post, address: str) -> None:
    """With a code by mail, from wherever the page says “Sign in”."""
    known = len(post.letters(address, "Your code"))
    page.get_by_role("navigation", name="Main pages").get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send the code").click()
    give_code(page, post, address, more_than=known)


def register(page: Page, post: Post, address: str, name: str, zone: str) -> None:
    """From a page that asks to sign in, through the code that checks the address."""
    page.get_by_role("main").get_by_role("link", name="Register").click()
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Your name", exact=True).fill(name)
    page.get_by_label("Your time zone").select_option(zone)
    page.get_by_role("button", name="Register").click()
    give_code(page, post, address)


def give_code(page: Page, post: Post, address: str, *, more_than: int = 0) -> None:
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    page.get_by_label("Eight digits").fill(post.code(address, more_than=more_than))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Account")).to_be_visible()


def accept_invitation(page: Page, post: Post, address: str, name: str, say: Callable[[str], str] = str) -> None:
    """Open the mailed link and accept, as somebody who has no account yet. `say` tells the page's language."""
    page.goto(post.link(address, "", "/invitations/"))
    page.get_by_label(say("Your name")).fill(name)
    page.get_by_role("button", name=say("Accept")).click()
    said(page, say("Welcome. You are in."))


def said(page: Page, sentence: str) -> None:
    """What the page's status region tells after an act."""
    expect(page.locator("#said")).to_contain_text(sentence)


def file(name: str, body: bytes) -> FilePayload:
    """A file as a person's disk holds it."""
    return {"name": name, "mimeType": _MEDIA.get(name.rpartition(".")[2], "application/octet-stream"), "buffer": body}


def choose(page: Page, slot: str, *files: FilePayload) -> None:
    """Choose files for a slot; the script sends them at once."""
    page.get_by_label(re.compile(rf"^Add (a file|files): {slot}$")).set_input_files(list(files))


def row(page: Page, name: str) -> Locator:
    """The line of one file on the entry's page."""
    return page.locator("li.file").filter(has=page.locator("bdi", has_text=re.compile(rf"^{re.escape(name)}$")))


def expect_loaded(picture: Locator) -> None:
    """A picture that the browser has fetched and decoded."""
    expect(picture).to_be_attached(timeout=60_000)  # previews wait for their turn in the worker
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0


def describe(page: Page, name: str, sentence: str) -> None:
    """Say what a picture shows, in its row."""
    row(page, name).get_by_label("What the picture shows, in one sentence").fill(sentence)
    row(page, name).get_by_role("button", name="Save the sentence").click()
    expect(row(page, name)).to_contain_text(f"Description for people who cannot see it: “{sentence}”")


def throttle(page: Page, bytes_per_second: int) -> Callable[[], None]:
    """Make the line slow; call what is returned to make it fast again."""
    wire = page.context.new_cdp_session(page)

    def set_rate(rate: int) -> None:
        wire.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate},
        )

    set_rate(bytes_per_second)
    return lambda: set_rate(-1)
