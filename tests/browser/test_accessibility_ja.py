"""Every page, in Japanese: what `test_accessibility.py` does in English."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from contest.settings import Settings
from contest.storage import Storage
from tests import looks
from tests.browser import rounds
from tests.factories import Make


def test_no_page_keeps_anybody_out(
    visit: Callable[..., Page], app: Flask, make: Make, session: Session, site: Settings, store: Storage
) -> None:
    world = looks.prepare(make, session, site, store)
    for account in filter(None, world.people.values()):
        account.locale = "ja"
    session.commit()

    found = rounds.walk(visit, app, world, "ja")

    assert not found, "\n".join(found)
