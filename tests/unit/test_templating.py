"""What templates have beside the values of their views."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from contest import templating
from contest.services.sheets import PictureSize

SIZES = [["320", 200, 150], ["1280", 200, 150], ["2560", 400, 300]]


@pytest.mark.parametrize(
    "sizes", [SIZES, [PictureSize(*size) for size in SIZES]], ids=["as stored", "as judges see it"]
)
def test_each_width_of_a_picture_is_offered_once(sizes: list[list[object]]) -> None:
    found = templating.srcset(sizes, lambda preset: Markup(f"/p/{preset}?a=1&amp;b=2"))

    assert found == Markup("/p/320?a=1&amp;b=2 200w, /p/2560?a=1&amp;b=2 400w")


def test_an_address_is_escaped() -> None:
    assert templating.srcset(SIZES[:1], lambda preset: f'/p/{preset}"') == Markup("/p/320&#34; 200w")


def test_a_page_shows_the_size_in_the_middle_or_the_largest() -> None:
    assert templating.middle(SIZES) == SIZES[1]
    assert templating.middle(SIZES[:1]) == SIZES[0]


def test_what_is_done_and_what_is_not_is_said_in_words(app: Flask) -> None:
    with app.test_request_context("/"):
        found = render_template_string(
            '{% from "kit.html" import check %}{{ check(true, "Dates") }}{{ check(false, "Terms", "/terms", "Write them") }}'
            "{% call check(true) %}Nothing to do{% endcall %}"
        )

    assert found.splitlines() == [
        '<li><span><span class="vh">Done: </span>Dates</span></li>',
        '<li class="no"><span><strong>Terms</strong> <a href="/terms">Write them</a></span></li>',
        "<li><span>Nothing to do</span></li>",
    ]
