"""One walk through every page in one language: what two files share, so that two workers may take one each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from playwright.sync_api import Page, Route

from tests import looks
from tests.browser import checks
from tests.looks import Look
from tests.world import World

Visit = Callable[..., Page]
#: Pages of entrants and judges: pressed with a thumb, on a tablet or a phone.
THUMBED = ("/contests/live/", "/contests/judged/", "/judge/", "/sign-in", "/register", "/code", "/invitations/")
_SEND = """([address, data]) => {
    const form = document.createElement("form"), token = document.querySelector("[name=csrf_token]");
    Object.assign(form, {method: "post", action: address, hidden: true});
    for (const [name, value] of Object.entries({csrf_token: token.value, ...data})) {
        form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
    }
    document.body.append(form);
    form.submit();
}"""


def walk(visit: Visit, app: Flask, world: World, lang: str) -> list[str]:
    """What is wrong with any page, for anybody, in any theme and width."""
    pages: dict[str, Page] = {}
    found: list[str] = []
    for look in looks.looks(world, lang):
        if look.visitor not in pages:
            pages[look.visitor] = visit(
                world.people.get(look.visitor), lang=lang, expect_errors=True, reduced_motion="reduce"
            )
        page = pages[look.visitor]
        status = show(page, look)
        found += [] if status == look.status else [f"{look}: {status}, wanted {look.status}"]
        found += [f"{look}: {told}" for told in _told(page, lang, look.address.startswith(THUMBED))]
    page = pages["anonymous"]
    for name in looks.FAULTS:
        show_fault(page, app, name, lang)
        found += [f"error {name}: {told}" for told in _told(page, lang, thumbed=True)]
    return found


def _told(page: Page, lang: str, thumbed: bool) -> list[str]:
    found = [*checks.in_every_theme_and_width(page), *checks.enlarged(page)]
    found += checks.small_targets(page) if thumbed else ()
    told = page.locator("html").get_attribute("lang")
    return found if told == lang else [*found, f"is in {told}"]


def show(page: Page, look: Look) -> int:
    """Have the page on the screen, as its look says; gives its status."""
    if look.data is None:
        answer = page.goto(look.address)
    else:
        if not page.locator("[name=csrf_token]").count():
            page.goto("/receipts/check")
        with page.expect_navigation() as sent:
            page.evaluate(_SEND, [look.address, look.data])
        answer = sent.value
    assert answer is not None
    return answer.status


def show_fault(page: Page, app: Flask, name: str, lang: str) -> None:
    """The application's answer to an error that no request provokes, in the site's own surroundings."""
    made: Any = looks.fault(app, name, lang)

    def answer(route: Route) -> None:
        route.fulfill(
            status=made.status_code,
            body=made.get_data(as_text=True),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": made.headers["Content-Security-Policy"],
            },
        )

    page.route(f"**/fault/{name}", answer)
    page.goto(f"/fault/{name}")
