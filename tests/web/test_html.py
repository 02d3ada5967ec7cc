"""Every page is valid HTML: read strictly by html5lib, and by the Nu Html Checker where that is at hand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from contest.settings import Settings
from contest.storage import Storage
from tests import access, looks
from tests.factories import Make
from tests.looks import Look
from tests.pages import Page, Pages
from tests.world import VISITORS, World

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import validator

#: What the Nu Html Checker says and we decided otherwise. One reason each.
KNOWN = (
    r"^Attribute “hx-[a-z:-]+” not allowed",  # htmx's own attributes; its other spelling is data-hx-
)
JAR = validator.find()
READERS = f"html5lib and {validator.PACKAGE} {validator.VERSION}" if JAR else "html5lib alone"


@pytest.fixture
def built(app: Flask, make: Make, session: Session, settings: Settings, storage: Storage) -> World:
    return looks.prepare(make, session, settings, storage)


def test_every_page_is_looked_at(app: Flask, session: Session, built: World) -> None:
    """Each GET route is a page of the list, or is shown here to be none."""
    adapter = app.url_map.bind("localhost")
    seen = {
        adapter.match(look.address.partition("?")[0])[0] for look in looks.looks(built, "en") if look.status == 200
    } | {"auth.address_code", "auth.enter_code", "auth.reset"}  # reached by sending the form before them
    gets = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())} - {"static"}

    assert seen == gets - looks.NO_PAGES
    for endpoint in looks.NO_PAGES:
        row = access.TABLE[f"{endpoint} GET"]
        visitor = VISITORS[min(range(len(row.statuses)), key=lambda place: row.statuses[place])]
        answer = Pages(app, session, built.people[visitor]).open(access.address(row.url, built))
        html = answer.mimetype == "text/html" and b"<!doctype html>" in answer.data and answer.status_code == 200
        assert not html, f"{endpoint} is a page"


@pytest.mark.parametrize("readers", [READERS])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_page_is_valid(
    app: Flask, session: Session, built: World, lang: str, tmp_path: Path, readers: str
) -> None:
    found = []
    for number, (name, read) in enumerate(_pages(app, session, built, lang)):
        try:
            page = read()  # html5lib reads it strictly here
        except AssertionError as told:
            found.append(f"{name}: {told}")
            continue
        assert page.root.get("lang") == lang, name
        (tmp_path / f"{number:03d}.html").write_text(f"{page.html}<!-- {name} -->", "utf-8")
    found += _told(validator.check(JAR, tmp_path)) if JAR else []

    assert not found, "\n".join(found)


def _pages(app: Flask, session: Session, built: World, lang: str) -> Iterator[tuple[str, Callable[[], Page]]]:
    """Every look and every error: its name, and how to get it as a page that the strict client accepts."""
    for account in filter(None, built.people.values()):
        account.locale = lang
    visitors: dict[str, Pages] = {}
    for look in looks.looks(built, lang):
        if look.visitor not in visitors:
            visitors[look.visitor] = Pages(app, session, built.people.get(look.visitor), lang)
        yield str(look), partial(_open, visitors[look.visitor], look)
    for name in looks.FAULTS:
        yield f"error {name}", lambda name=name: Page(looks.fault(app, name, lang), f"error {name}")


def _open(visitor: Pages, look: Look) -> Page:
    if look.data is None:
        return visitor.get(look.address, look.status)
    if look.status == 200:
        page = visitor.post(look.address, look.data, follow=True)
    else:
        page = visitor.post(look.address, look.data, status=look.status)
    assert isinstance(page, Page)
    return page


def _told(messages: str) -> list[str]:
    """The checker’s errors and warnings, each kind once, with the page where it was first seen."""
    found: dict[str, str] = {}
    for message in json.loads(messages)["messages"]:
        if message["type"] == "info" and message.get("subType") != "warning":
            continue
        told = message["message"]
        if any(re.search(known, told) for known in KNOWN):
            continue
        page = Path(message.get("url", "").removeprefix("file:"))
        name = page.read_text("utf-8").rpartition("<!--")[2].removesuffix("-->").strip() if page.is_file() else ""
        found.setdefault(re.sub(r"\d+", "0", told), f"{told} | {' '.join(message.get('extract', '').split())} | {name}")
    return list(found.values())


@pytest.mark.parametrize("readers", [READERS])
def test_the_readers_see_what_is_wrong(app: Flask, tmp_path: Path, readers: str) -> None:
    bad = '<!doctype html><html lang="en" dir="ltr"><title>a | b</title><h1>c</h1><ul><div>d</div></ul><p><div></p></html>'
    with pytest.raises(AssertionError, match="unexpected-end-tag"):
        Page(app.response_class(bad), "/bad")

    for wrong, told in {"<span><form></form></span>": "<form> inside <span>", "<ul><div></div></ul>": "<ul>"}.items():
        with pytest.raises(AssertionError, match=told):
            Page(
                app.response_class(f'<!doctype html><html lang="en" dir="ltr"><title>a | b</title><h1>c</h1>{wrong}'),
                "/",
            )

    (tmp_path / "bad.html").write_text(bad, "utf-8")
    told = " ".join(_told(validator.check(JAR, tmp_path))) if JAR else ""

    assert not JAR or "Element “div” not allowed as child of element “ul”" in told
