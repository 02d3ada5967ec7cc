"""What a page weighs on the wire without its pictures: HTML, style sheet and scripts, compressed."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from contest.settings import Settings
from contest.storage import Storage
from tests import looks
from tests.factories import Make
from tests.looks import Look
from tests.pages import Page, Pages

#: kB by the beginning of the address, the first that fits; every other page is a public one. What a close-up loads
#: when somebody asks for it counts.
_CLOSE_UPS = ("/judge/", "/en/contests/done/winners/", "/ja/contests/done/winners/")
BUDGETS = (
    *((each, 130) for each in _CLOSE_UPS),
    ("/contests/live/entry", 65),
    ("/manage/", 65),
    ("/kit", 65),
    ("", 40),
)
SHEET = 12
_STATIC = Path(__file__).parents[2] / "contest" / "static"
_IMPORT = re.compile(r"""(?:^|[\s;}])(?:import|export)\s*(?:[\w*{}\s,$]+?\s*from\s*)?\(?["'](\.{1,2}/[^"']+)["']""")


def _weight(body: bytes) -> int:
    return len(gzip.compress(body, 6, mtime=0))


def _file(app: Flask, address: str) -> bytes:
    """What a page's address of a style sheet or a script answers."""
    path = urlsplit(address).path
    answer = app.test_client().get(address, headers={"Accept-Encoding": "identity"})
    if answer.status_code == 200:
        return answer.get_data()
    return (_STATIC / path.removeprefix("/static/")).read_bytes()


def parts(app: Flask, page: Page) -> dict[str, int]:
    """Address → compressed bytes of all that the page makes a browser fetch before its pictures."""
    wanted = [link.get("href") or "" for link in page.all("link") if link.get("rel") in ("stylesheet", "modulepreload")]
    wanted += [script.get("src") or "" for script in page.all("script") if script.get("src")]
    found = {"html": _weight(page.html.encode())}
    while wanted:
        address = urljoin("/", wanted.pop())
        if address in found:
            continue
        body = _file(app, address)
        found[address] = _weight(body)
        if urlsplit(address).path.endswith(".js"):
            wanted += [urljoin(address, name) for name in _IMPORT.findall(body.decode())]
    return found


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_page_weighs_more_than_its_budget(
    app: Flask, make: Make, session: Session, settings: Settings, storage: Storage, lang: str
) -> None:
    built = looks.prepare(make, session, settings, storage)
    for account in filter(None, built.people.values()):
        account.locale = lang
    weights = {}
    for look in looks.looks(built, lang):
        if look.status == 200 and look.data is None:
            page = Pages(app, session, built.people.get(look.visitor), lang).get(look.address)
            weights[look] = parts(app, page)
    heavy = {str(look): told for look, told in weights.items() if sum(told.values()) > _budget(look) * 1000}

    assert heavy == {}
    assert any(address.endswith(".js") for told in weights.values() for address in (urlsplit(a).path for a in told))


def _budget(look: Look) -> int:
    return next(budget for beginning, budget in BUDGETS if look.address.startswith(beginning))


def test_the_style_sheet_stays_small() -> None:
    assert _weight((_STATIC / "contest.css").read_bytes()) <= SHEET * 1000


def test_what_a_script_imports_is_weighed_with_it(app: Flask) -> None:
    html = (
        '<!doctype html><html lang="en" dir="ltr"><title>a | b</title><link rel="stylesheet" href="/static/contest.css">'
        '<script type="module" src="/static/upload.js"></script><h1>c</h1></html>'
    )
    answer = app.response_class(html)
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"] = "nosniff", "same-origin"

    found = parts(app, Page(answer, "/"))

    imported = set(_IMPORT.findall((_STATIC / "upload.js").read_text("utf-8")))
    assert {"html", "/static/contest.css", "/static/upload.js"} < set(found)
    assert imported and {urljoin("/static/", name) for name in imported} <= set(found)
    assert found["/static/contest.css"] == _weight((_STATIC / "contest.css").read_bytes()) > 5000
