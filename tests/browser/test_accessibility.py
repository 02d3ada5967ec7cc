"""Every main page, by axe against WCAG 2.2 AA, in both languages and themes, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from contest.services import entries
from contest.settings import Settings
from contest.storage import Storage
from tests.factories import Make
from tests.pictures import png
from tests.world import World, build

Visit = Callable[..., Page]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
#: Each pair of language, theme and width once; every page is seen in each language, theme and width.
LOOKS = [("en", "light", 1280), ("ja", "dark", 1280), ("en", "dark", 360), ("ja", "light", 360)]


@dataclass(frozen=True)
class Look:
    """One page as one visitor sees it; `press` is the button that has a form refused first."""

    visitor: str
    address: str
    press: str = ""


def looks(world: World, lang: str) -> list[Look]:
    live, judged, done = (f"/manage/{contest.slug}" for contest in (world.open, world.judging, world.published))
    return [
        Look("anonymous", f"/{lang}/"),
        Look("anonymous", f"/{lang}/contests/live"),
        Look("anonymous", f"/{lang}/contests/done/winners"),
        Look("anonymous", "/sign-in"),
        Look("anonymous", "/register", "main form button"),
        Look("anonymous", "/receipts/check", "main form button"),
        Look("anonymous", "/no-such-page"),
        Look("entrant", "/contests/live/entry", "#h-submit ~ .body button"),
        Look("entrant", "/contests/live/receipts/1"),
        Look("entrant", "/contests/live/entry/withdraw"),
        Look("stranger", "/contests/live/enter"),
        Look("judge", "/desk"),
        Look("judge", "/judge/judged"),
        Look("judge", "/judge/judged/B-1180", "button[value=submit]"),
        Look("judge", "/judge/judged/B-1180/recuse"),
        Look("organiser", judged),
        Look("organiser", f"{judged}/progress"),
        Look("organiser", f"{judged}/assignments"),
        Look("organiser", f"{judged}/entries/{world.names['judged_number']}"),
        Look("organiser", f"{done}/results"),
        Look("organiser", f"{live}/people", "#h-invite ~ .body button"),
        Look("organiser", f"{live}/rubric"),
        Look("organiser", f"{live}/rubric/{world.names['criterion']}"),
        Look("organiser", f"{live}/dates"),
        Look("organiser", f"{live}/audit"),
        Look("organiser", "/account"),
    ]


@pytest.fixture
def world(make: Make, session: Session, site: Settings, store: Storage) -> World:
    """One of everything, with an entry that has a receipt and files in every state."""
    made = build(make, session, site, store)
    entries.submit(session, make.actor(made.people["entrant"]), "live", settings=site)  # type: ignore[arg-type]
    make.file(made.entry, state="rejected", reason="kind", name="notes.png")
    make.file(made.entry, state="received", name="a-very-long-name-without-any-space-in-it-that-goes-on-and-on.png")
    make.file(made.entry, "document", kind="pdf", name="booklet.pdf", preview_state="failed", previews=False)
    make.file(made.entry, alt="", name="screen.png", body=png(), storage=store)
    made.entry.changed_at = datetime.now(UTC)
    session.commit()
    return made


@pytest.mark.parametrize(("lang", "theme", "width"), LOOKS)
def test_no_page_keeps_anybody_out(
    visit: Visit, session: Session, world: World, lang: str, theme: str, width: int
) -> None:
    axe, found, pages = Axe(), [], {}
    for account in filter(None, world.people.values()):
        account.locale = lang
    session.commit()
    for look in looks(world, lang):
        if look.visitor not in pages:
            pages[look.visitor] = visit(
                world.people[look.visitor], lang=lang, width=width, color_scheme=theme, expect_errors=True
            )
        page = pages[look.visitor]
        answer = page.goto(look.address)
        assert answer and answer.status in (200, 404), f"{look.address}: {answer and answer.status}"
        if look.press:
            page.locator(look.press).last.click(force=True)
            page.wait_for_load_state()
        found += [f"{look.address}: {told}" for told in (*violations(axe, page), *overflow(page))]
        assert page.locator("html").get_attribute("lang") == lang, look.address

    assert found == []


def violations(axe: Axe, page: Page) -> Iterator[str]:
    for rule in axe.run(page, options=RULES).response["violations"]:
        for node in rule["nodes"]:
            yield f"{rule['id']} at {node['target']}: {node['html'][:160]}: {node['failureSummary'][:300]}"


def overflow(page: Page) -> Iterator[str]:
    """What sticks out, where the page scrolls sideways."""
    if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        yield "scrolls sideways: " + page.evaluate(
            """() => [...document.querySelectorAll("body *")]
                .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
                .slice(0, 4).map(element => element.outerHTML.slice(0, 120)).join(" | ")"""
        )


def test_the_checks_see_what_is_wrong(visit: Visit) -> None:
    page = visit(width=360)
    page.goto("/sign-in")
    assert (list(violations(Axe(), page)), list(overflow(page))) == ([], [])

    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
            "<img src='/static/mark.svg' width='800' height='20'><p><a href='/'>1</a><a href='/desk'>2</a></p>")"""
    )
    page.evaluate("document.querySelector('main img').style.maxInlineSize = 'none'")
    page.evaluate(
        "document.querySelectorAll('main p a').forEach(a => Object.assign(a.style, {display: 'inline-block'}))"
    )

    assert {told.split(" at ")[0] for told in violations(Axe(), page)} == {"image-alt", "target-size"}
    assert "mark.svg" in next(overflow(page))
