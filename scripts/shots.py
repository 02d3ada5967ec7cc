"""Take screenshots of a running demo's pages: each width, theme and language, for eyes to look at.

python scripts/shots.py --data demo-data --out screenshots [--only winners] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from chromium import find
from playwright.sync_api import Browser, sync_playwright

WIDTHS = (1280, 820, 360)


def pages(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, role, path) of every page worth a look."""
    slugs = {state: contest["slug"] for state, contest in facts["contests"].items()}
    live, judged, done = slugs["open"], slugs["judging"], slugs["published"]
    return [
        ("start", "", "/{lang}/"),
        ("contest", "", f"/{{lang}}/contests/{live}"),
        ("winners", "", f"/{{lang}}/contests/{done}/winners"),
        ("sign-in", "", "/sign-in"),
        ("register", "", "/register"),
        ("receipt-check", "", "/receipts/check"),
        ("not-found", "", "/nothing"),
        ("mail", "", "/mail"),
        ("entry", "entrant", f"/contests/{live}/entry"),
        ("receipt", "entrant2", f"/contests/{live}/receipts/1"),
        ("account", "entrant", "/account"),
        ("queue", "judge", f"/judge/{judged}"),
        ("sheet", "judge", f"/judge/{judged}#first"),
        ("desk", "organiser", "/desk"),
        ("create", "organiser", "/manage/new"),
        ("overview", "organiser", f"/manage/{live}"),
        ("rubric", "organiser", f"/manage/{live}/rubric"),
        ("people", "organiser", f"/manage/{judged}/people"),
        ("assignments", "organiser", f"/manage/{judged}/assignments"),
        ("progress", "organiser", f"/manage/{judged}/progress"),
        ("entries", "organiser", f"/manage/{judged}/entries"),
        ("decide", "organiser", f"/manage/{done}/results"),
        ("audit", "organiser", f"/manage/{done}/audit"),
    ]


def sign_in(browser: Browser, base: str, person: dict[str, str], lang: str) -> Any:
    context = browser.new_context(locale=lang, base_url=base)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("input[name=email]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.click("main button.btn[type=submit]")
    return context.storage_state()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("demo-data"))
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true", help="1280 px, light, English only")
    chosen = parser.parse_args()
    facts = json.loads((chosen.data / "demo.json").read_text("utf-8"))
    base = facts["base_url"]
    people = {role: facts["accounts"][role][0] for role in ("entrant", "judge", "organiser")}
    people["entrant2"] = facts["accounts"]["entrant"][-1]
    chosen.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        for lang in ("en",) if chosen.quick else ("en", "ja"):
            states = {role: sign_in(browser, base, person, lang) for role, person in people.items()}
            for theme in ("light",) if chosen.quick else ("light", "dark"):
                for width in (1280,) if chosen.quick else WIDTHS:
                    for name, role, path in pages(facts):
                        if chosen.only and chosen.only not in name:
                            continue
                        context = browser.new_context(
                            locale=lang,
                            base_url=base,
                            color_scheme=theme,
                            viewport={"width": width, "height": 900},
                            storage_state=states.get(role),
                        )
                        context.add_cookies([{"name": "lang", "value": lang, "url": base}])
                        page = context.new_page()
                        page.goto(path.format(lang=lang).removesuffix("#first"))
                        if path.endswith("#first"):
                            page.locator("main .btn").first.click()
                        page.wait_for_load_state("networkidle")
                        page.screenshot(path=chosen.out / f"{name}-{lang}-{theme}-{width}.png", full_page=True)
                        context.close()
        browser.close()
    print(f"Look into {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
