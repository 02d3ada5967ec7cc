"""Every page in a language that is a third longer, and from right to left, on the narrowest phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from contest.settings import Settings
from contest.storage import Storage
from tests import looks
from tests.browser import checks, rounds
from tests.catalogues import begin, place, pseudo, pseudo_catalogue, template
from tests.factories import Make

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def translations(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pseudo-language, and its texts once more as Arabic: what matters here is where the lines begin."""
    folder = tmp_path_factory.mktemp("translations")
    texts = template(folder)
    pseudo_catalogue(texts, folder)
    arabic = begin(texts, "ar", folder)
    for entry in arabic:
        if entry.msgid_plural:
            entry.msgstr_plural = dict.fromkeys(range(6), pseudo(entry.msgid_plural))
        else:
            entry.msgstr = pseudo(entry.msgid)
    arabic.save(str(place("ar", folder)))
    return str(folder)


@pytest.mark.parametrize(("lang", "direction"), [("en-XA", "ltr"), ("ar", "rtl")])
def test_no_page_is_too_wide_in_a_longer_language(
    visit: Visit, make: Make, session: Session, site: Settings, store: Storage, lang: str, direction: str
) -> None:
    world = looks.prepare(make, session, site, store)
    for account in filter(None, world.people.values()):
        account.locale = lang
    session.commit()
    pages: dict[str, Page] = {}
    found: list[str] = []

    for look in looks.looks(world, lang):
        if look.visitor not in pages:
            pages[look.visitor] = visit(world.people.get(look.visitor), lang=lang, width=320, expect_errors=True)
        page = pages[look.visitor]
        status = rounds.show(page, look)
        found += [] if status == look.status else [f"{look}: {status}"]
        found += [f"{look}: {told}" for told in checks.overflow(page)]
        root = page.locator("html")
        if (root.get_attribute("lang"), root.get_attribute("dir")) != (lang, direction):
            found.append(f"{look}: in {root.get_attribute('lang')}")

    assert not found, "\n".join(found)
