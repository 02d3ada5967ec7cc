"""What Lighthouse says of the chief pages, on a slow phone as it plays one: every category at 95 or more.

python benchmarks/lighthouse.py [--data demo-data] [--only winners]

Asks the demo whose folder is named; where none answers it starts one of its own and ends it again. Lighthouse
comes from npm in a pinned version, into a cache outside of the tree, and drives the Chromium of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from chromium import find
from playwright.sync_api import sync_playwright

VERSION, LEAST = "12.8.2", 95
#: Pages behind the sign-in tell search engines to stay away, which is what this category would mark down.
SIGNED_IN_WITHOUT = {"seo"}
TRIES = 3


def install() -> Path:
    """Lighthouse's command, fetched once. It is told to bring no browser."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "contest" / f"lighthouse-{VERSION}"
    command = folder / "node_modules" / ".bin" / "lighthouse"
    if not command.exists():
        if not shutil.which("npm"):
            raise SystemExit("Lighthouse needs Node and npm.")
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Fetching Lighthouse {VERSION} into {folder}.", file=sys.stderr)
        subprocess.run(
            ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), f"lighthouse@{VERSION}"],
            check=True,
            env=os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"},
            stdout=sys.stderr,
        )
    return command


def answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=3):
            return True
    except (OSError, urllib.error.HTTPError):
        return False


@contextmanager
def demo(data: Path) -> Iterator[dict[str, Any]]:
    """The facts of a demo that answers."""
    known = data / "demo.json"
    if known.is_file():
        facts = json.loads(known.read_text("utf-8"))
        if answers(facts["base_url"]):
            yield facts
            return
    with tempfile.TemporaryDirectory(prefix="contest-lighthouse-") as folder:
        own = Path(folder) / "demo.json"
        print("Starting a demo.", file=sys.stderr)
        process = subprocess.Popen(
            [sys.executable, "-m", "contest.cli", "demo", "--data", folder],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 300
            while not (own.is_file() and answers(json.loads(own.read_text("utf-8"))["base_url"])):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The demo did not start.")
                time.sleep(0.5)
            yield json.loads(own.read_text("utf-8"))
        finally:
            process.terminate()
            process.wait(60)


def pages(facts: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Name → role and path."""
    slugs = {state: contest["slug"] for state, contest in facts["contests"].items()}
    return {
        "contest": ("", f"/en/contests/{slugs['open']}"),
        "contest (ja)": ("", f"/ja/contests/{slugs['open']}"),
        "winners": ("", f"/en/contests/{slugs['published']}/winners"),
        "upload": ("entrant", f"/contests/{slugs['open']}/entry"),
        "sheet": ("judge", f"/judge/{slugs['judging']}"),
    }


def open_as(facts: dict[str, Any], role: str, path: str) -> tuple[str, str]:
    """The page's whole address, and the cookie of somebody who may see it."""
    base = facts["base_url"]
    if not role:
        return f"{base}{path}", ""
    person = facts["accounts"][role][0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(base_url=base, locale="en").new_page()
        page.goto("/sign-in")
        page.fill("input[name=email]", person["email"])
        page.fill("input[name=password]", person["password"])
        page.click("main form:has(input[name=password]) button[type=submit]")
        page.wait_for_url(lambda address: not address.endswith("/sign-in"))
        page.goto(path)
        if role == "judge":
            page.goto(page.locator("main a[href^='/judge/'].btn, .queue a.code").first.get_attribute("href") or path)
        found = page.url, "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
        browser.close()
    return found


def measure(command: Path, url: str, cookie: str) -> dict[str, Any]:
    """Lighthouse's own report of one page."""
    with tempfile.TemporaryDirectory(prefix="contest-lighthouse-") as folder:
        headers, report = Path(folder) / "headers.json", Path(folder) / "report.json"
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}), "utf-8")
        asked = [
            str(command),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--extra-headers={headers}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu --no-first-run",
        ]
        # Now and then it loses the browser's trace and asks to be run again.
        for left in reversed(range(TRIES)):
            if not subprocess.run(asked, env=os.environ | {"CHROME_PATH": find() or ""}, check=not left).returncode:
                break
        told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    if told.get("runtimeError"):
        raise SystemExit(f"{url}: {told['runtimeError']['message']}")
    if told["finalDisplayedUrl"].rstrip("/") != url.rstrip("/"):
        raise SystemExit(f"{url} led to {told['finalDisplayedUrl']}: the sign-in did not hold.")
    return told


def lost(report: dict[str, Any], wanted: set[str]) -> list[str]:
    """The audits of these categories that cost points."""
    return sorted(
        f"{category}: {report['audits'][audit['id']]['title']}"
        for category, told in report["categories"].items()
        if category in wanted
        for audit in told["auditRefs"]
        if audit["weight"] and (report["audits"][audit["id"]]["score"] or 0) < 0.9
        if report["audits"][audit["id"]]["scoreDisplayMode"] not in ("notApplicable", "manual", "informative")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("demo-data"), help="folder of a running demo")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    chosen = parser.parse_args()
    command, kept, found = install(), True, {}
    with demo(chosen.data) as facts:
        for name, (role, path) in pages(facts).items():
            if chosen.only not in name:
                continue
            report = measure(command, *open_as(facts, role, path))
            scores = {each: round(100 * (told["score"] or 0)) for each, told in report["categories"].items()}
            counted = set(scores) - (SIGNED_IN_WITHOUT if role else set())
            below = {each for each in counted if scores[each] < LEAST}
            kept = kept and not below
            weight = report["audits"]["total-byte-weight"]["numericValue"]
            found[name] = scores | {"kB": round(weight / 1000), "lost": lost(report, counted)}
    print(
        json.dumps(
            {"pages": found, "least": LEAST, "kept": kept, "lighthouse": VERSION, "cores": os.cpu_count()}
            | {"machine": platform.machine()},
            indent=1,
            ensure_ascii=False,
        )
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
