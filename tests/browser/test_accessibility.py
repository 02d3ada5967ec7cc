"""Every page, in English: axe in each theme and width, no sideways scrolling, large text, large targets."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from contest.settings import Settings
from contest.storage import Storage
from tests import looks
from tests.browser import checks, rounds
from tests.factories import Make

Visit = Callable[..., Page]


def test_no_page_keeps_anybody_out(
    visit: Visit, app: Flask, make: Make, session: Session, site: Settings, store: Storage
) -> None:
    world = looks.prepare(make, session, site, store)

    found = rounds.walk(visit, app, world, "en")

    assert not found, "\n".join(found)


def test_a_site_without_contests_keeps_nobody_out(visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    page.goto("/en/")

    assert [*checks.in_every_theme_and_width(page), *checks.enlarged(page), *checks.small_targets(page)] == []


def test_the_checks_see_what_is_wrong(visit: Visit) -> None:
    page = visit()
    page.goto("/sign-in")
    assert [*checks.in_every_theme_and_width(page), *checks.enlarged(page), *checks.small_targets(page)] == []

    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
            "<img src='/static/mark.svg' width='800' height='20'><p><a href='/'>1</a><a href='/desk'>2</a></p>")"""
    )
    page.evaluate("document.querySelector('main img').style.maxInlineSize = 'none'")
    page.evaluate(
        "document.querySelectorAll('main p a').forEach(a => Object.assign(a.style, {display: 'inline-block'}))"
    )
    page.evaluate(
        "Object.assign(document.querySelector('h1').style, {overflow: 'hidden', blockSize: '40px', display: 'block'})"
    )

    page.evaluate("document.querySelector('.lede, main p').style.color = 'rgb(105 105 105)'")

    told = [*checks.in_every_theme_and_width(page)]
    rules = {tuple(re.findall(r"(light|dark): ([a-z-]+) at ", each)) for each in told} - {()}
    assert {pair for found in rules for pair in found} == {
        ("light", "image-alt"),
        ("light", "target-size"),
        ("dark", "color-contrast"),
    }
    assert [each for each in told if each.startswith("320 px: scrolls sideways") and "mark.svg" in each]
    assert [each for each in checks.enlarged(page) if each.startswith("text at 200 % is cut off: <h1")]
    assert len([each for each in checks.small_targets(page) if each.endswith((">1</a>", ">2</a>"))]) == 6
