"""What the tests of pages read from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.pages import Page


@contextmanager
def statements(app: Any) -> Iterator[list[str]]:
    """The SQL statements that the application sends meanwhile."""
    seen: list[str] = []
    engine = app.extensions["contest.db"].engine

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def sections(page: Page) -> dict[str, str]:
    """Heading → text of each section."""
    return {page.text(section.find("h2")): page.text(section) for section in page.all("section")}


def tasks(page: Page) -> dict[str, str]:
    """Task → state of the list of what to do."""
    found = next(ol for ol in page.all("ol") if ol.get("data-live") == "tasks")
    return {page.text(list(li)[1]): page.text(list(li)[2]) for li in found.iter("li")}


def alternates(page: Page) -> dict[str, str]:
    """Language → address of the same page in it."""
    return {
        str(link.get("hreflang")): str(link.get("href")) for link in page.all("link") if link.get("rel") == "alternate"
    }


def without_numbers(html: str) -> str:
    """A page without what differs each time: tokens and the request's number."""
    return re.sub(r'name="csrf_token" value="[^"]*"|[0-9A-F]{12}', "", html)
