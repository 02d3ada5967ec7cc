"""Take pictures of a running demo's chief pages, for eyes to look at: each language, theme and width.

python scripts/shots.py [--data demo-data] [--out screenshots] [--only winners] [--quick] [--all]
                        [--beside FOLDER]   # lays each page beside a picture of its mock-up: winners.png, …
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromium import find
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

LANGUAGES, THEMES, WIDTHS = ("en", "ja"), ("light", "dark"), (1280, 820, 360)
_OPENED = "main a.btn, .queue a.code"  # the queue leads to the sheet that is next


@dataclass(frozen=True)
class Shot:
    """A page: its name, who sees it (nobody: everybody), its address, and what its mock-up is called."""

    name: str
    role: str
    path: str
    mockup: str = ""
    open_first: bool = False


def chief(facts: dict[str, Any]) -> list[Shot]:
    """The ten pages by which the product is judged."""
    live, judged, done = (facts["contests"][state]["slug"] for state in ("open", "judging", "published"))
    return [
        Shot("contest", "", f"/{{lang}}/contests/{live}", "contest"),
        Shot("entry", "entrant", f"/contests/{live}/entry", "entry"),
        Shot("receipt", "entrant2", f"/contests/{live}/receipts/1", "receipt"),
        Shot("queue", "judge", f"/judge/{judged}", "judge-queue"),
        Shot("sheet", "judge", f"/judge/{judged}", "judge-sheet", open_first=True),
        Shot("progress", "organiser", f"/manage/{judged}/progress", "progress"),
        Shot("decide", "organiser", f"/manage/{done}/results", "decide"),
        Shot("winners", "", f"/{{lang}}/contests/{done}/winners", "winners"),
        Shot("sign-in", "", "/sign-in", "signin"),
        Shot("error", "", "/nothing", "error"),
    ]


def others(facts: dict[str, Any]) -> list[Shot]:
    judged, done = (facts["contests"][state]["slug"] for state in ("judging", "published"))
    rooms = ("", "/texts", "/dates", "/rubric", "/people", "/assignments", "/entries", "/audit")
    return [
        Shot("start", "", "/{lang}/"),
        Shot("register", "", "/register"),
        Shot("receipt-check", "", "/receipts/check"),
        Shot("accessibility", "", "/{lang}/accessibility"),
        Shot("mail", "", "/mail"),
        Shot("kit", "", "/kit", "kit"),
        Shot("contest-judging", "", f"/{{lang}}/contests/{judged}"),
        Shot("contest-done", "", f"/{{lang}}/contests/{done}"),
        Shot("account", "entrant", "/account"),
        Shot("desk", "organiser", "/desk"),
        Shot("create", "organiser", "/manage/new"),
        *(Shot(f"room{room.replace('/', '-')}", "organiser", f"/manage/{judged}{room}") for room in rooms),
    ]


def sign_in(browser: Browser, base: str, person: dict[str, str]) -> BrowserContext:
    context = browser.new_context(base_url=base, locale="en", reduced_motion="reduce")
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("input[name=email]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.click("main form:has(input[name=password]) button[type=submit]")
    page.wait_for_url(lambda address: not address.endswith("/sign-in"))
    return context


@contextmanager
def visitors(browser: Browser, facts: dict[str, Any], roles: set[str]) -> Iterator[dict[str, Page]]:
    """A page for each role. What somebody's account has chosen as its language is put back in the end."""
    base, accounts = facts["base_url"], facts["accounts"]
    people = {role: given[0] for role, given in accounts.items()} | {"entrant2": accounts["entrant"][-1]}
    found = {role: sign_in(browser, base, people[role]).new_page() for role in roles - {""}}
    chosen = {}
    for role, page in found.items():
        page.goto("/account")
        chosen[role] = page.locator("html").get_attribute("lang") or "en"
    found[""] = browser.new_context(base_url=base, locale="en", reduced_motion="reduce").new_page()
    try:
        yield found
    finally:
        for role, lang in chosen.items():
            speak(found[role], lang)


def speak(page: Page, lang: str) -> None:
    """Choose a language as anybody does, by the button of the head. A signed-in account keeps it."""
    page.goto("/receipts/check")
    if page.locator("html").get_attribute("lang") != lang:
        page.locator(f"button[name=lang][value='{lang}']").first.click()
        page.wait_for_selector(f"html[lang={lang}]")


def show(page: Page, shot: Shot, lang: str) -> None:
    page.goto(shot.path.format(lang=lang))
    if shot.open_first:
        page.goto(page.locator(_OPENED).first.get_attribute("href") or shot.path)
    # The machine's theme decides here, not what an account has chosen.
    page.evaluate("document.documentElement.removeAttribute('data-theme')")


def take(page: Page, theme: str, width: int) -> bytes:
    """The whole page in one look, once its pictures are there."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(
        """async () => {
            for (const image of document.images) image.loading = "eager";
            await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
            await document.fonts.ready;
        }"""
    )
    return page.screenshot(full_page=True)


def mockup_of(folder: Path, shot: Shot, lang: str, theme: str) -> Path | None:
    """The picture that fits best: of this language and theme, of one of them, or the only one."""
    if not shot.mockup:
        return None
    names = (f"{shot.mockup}.{lang}-{theme}", f"{shot.mockup}-{theme}", f"{shot.mockup}.{lang}", shot.mockup)
    return next((folder / f"{name}.png" for name in names if (folder / f"{name}.png").is_file()), None)


def lay_beside(page: Page, product: bytes, mockup: Path) -> bytes:
    """One picture of both, the product at the start."""
    sources = (base64.b64encode(body).decode() for body in (product, mockup.read_bytes()))
    images = "".join(f'<img style="width:1280px" src="data:image/png;base64,{source}">' for source in sources)
    page.set_viewport_size({"width": 2592, "height": 900})
    page.set_content(f'<body style="margin:0;display:flex;gap:32px;align-items:start;background:#888">{images}')
    page.wait_for_function("[...document.images].every(image => image.complete)")
    return page.screenshot(full_page=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("demo-data"), help="folder of the running demo")
    parser.add_argument("--base", default="", help="address of the site, where it is not the demo's own")
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--quick", action="store_true", help="English, light, 1280 px only")
    parser.add_argument("--all", action="store_true", help="more pages than the ten chief ones")
    parser.add_argument("--beside", type=Path, help="folder of the mock-ups' pictures, 1280 px wide")
    chosen = parser.parse_args()
    facts = json.loads((chosen.data / "demo.json").read_text("utf-8"))
    facts["base_url"] = chosen.base or facts["base_url"]
    shots = [*chief(facts), *(others(facts) if chosen.all or chosen.only else ())]
    shots = [shot for shot in shots if chosen.only in shot.name]
    looks = [("en", ("light",), (1280,))] if chosen.quick else [(lang, THEMES, WIDTHS) for lang in LANGUAGES]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        table = browser.new_page()
        with visitors(browser, facts, {shot.role for shot in shots}) as pages:
            for lang, themes, widths in looks:
                for page in pages.values():
                    speak(page, lang)
                for shot in shots:
                    show(pages[shot.role], shot, lang)
                    for theme, width in ((theme, width) for theme in themes for width in widths):
                        body = take(pages[shot.role], theme, width)
                        mockup = mockup_of(chosen.beside, shot, lang, theme) if chosen.beside else None
                        if mockup and width == WIDTHS[0]:
                            body = lay_beside(table, body, mockup)
                        (chosen.out / f"{shot.name}-{lang}-{theme}-{width}.png").write_bytes(body)
        browser.close()
    print(f"Look into {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
