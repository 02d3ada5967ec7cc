"""The kit: every component is on its page, and no page makes a control of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes

import contest
from contest.settings import Settings
from tests.pages import Pages

TEMPLATES = Path(contest.__file__).parent / "templates"
#: Where components are shown: the kit's page, what every page has, and what components are made of.
EXAMPLES = (TEMPLATES / "kit_page.html", TEMPLATES / "base.html", TEMPLATES / "kit.html")
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if path.name != "kit.html")

#: Controls that pages make themselves, each with its reason. Add to the kit before adding to this.
OWN_CONTROLS = {
    "about/foot.html": "the choice of a theme, on every page",
    "judging/compare.html": "the choice of what to compare with, which is an address and changes nothing",
    "manage/audit.html": "the filter of the list",
    "manage/entry.html": "a choice among the judges",
    "manage/parts.html": "search and filters of a list",
    "submission/entry.html": "files, of which no form class knows",
    "submission/live_parts.html": "the sentence beside each file",
}
#: Fields that nobody sees: the version of what is shown, the terms that are accepted.
UNSEEN = {"submission/enter.html": {"terms"}, "submission/entry.html": {"version"}}
#: A control that somebody sees: hidden values are no fields.
CONTROL = re.compile(r'<(?:select|textarea)\b|<input\b(?![^>]*type="hidden")')
ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"])


def tree(path: Path) -> nodes.Template:
    return ENVIRONMENT.parse(path.read_text("utf-8"))


def fields_rendered(template: nodes.Template) -> set[str]:
    """What renders a field of a form by itself: {{ form.name }}, {{ form.name(…) }}, {{ form["name"] }}, .label()."""

    def of_form(node: nodes.Node) -> bool:
        while isinstance(node, (nodes.Getattr, nodes.Getitem)):
            node = node.node
        return isinstance(node, nodes.Name) and (node.name == "form" or node.name.endswith("_form"))

    found = set()
    for output in template.find_all(nodes.Output):
        for node in output.nodes:
            called = node.node if isinstance(node, nodes.Call) else node
            if isinstance(called, (nodes.Getattr, nodes.Getitem)) and of_form(called):
                name = called.attr if isinstance(called, nodes.Getattr) else "[]"
                # The value of a field and a list of its messages are texts, not controls.
                if name not in ("data", "errors", "id", "text"):
                    found.add(name)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_fields_of_forms_are_made_by_the_kit_alone(path: Path) -> None:
    assert fields_rendered(tree(path)) - UNSEEN.get(str(path.relative_to(TEMPLATES)), set()) == set()


def test_the_search_for_fields_finds_them() -> None:
    samples = {
        "{{ form.name }}": {"name"},
        "{{ form.name(class='in') }}": {"name"},
        "{{ form['name'] }}": {"[]"},
        "{{ leave_form.name.label }}": {"label"},
        "{{ field(form.name) }}{{ form.name.data }}": set(),
    }

    assert {text: fields_rendered(ENVIRONMENT.parse(text)) for text in samples} == samples


def test_no_page_makes_a_control_of_its_own_but_those_that_say_why() -> None:
    made = {str(path.relative_to(TEMPLATES)) for path in PAGES if CONTROL.search(path.read_text("utf-8"))}

    # Both ways: a reason that is no longer needed goes.
    assert made == set(OWN_CONTROLS)


def test_every_macro_of_the_kit_is_documented_and_on_its_page() -> None:
    text = (TEMPLATES / "kit.html").read_text("utf-8")
    kit = tree(TEMPLATES / "kit.html")
    macros = [macro.name for macro in kit.find_all(nodes.Macro)]
    called = {
        call.node.name
        for path in EXAMPLES
        for call in tree(path).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
    }

    assert len(macros) == len(set(macros)) > 25
    assert set(macros) - called == set()
    undocumented = [name for name in macros if not re.search(rf"#\}}\n\{{% macro {name}\(", text)]
    assert [name for name in undocumented if name not in ("csrf", "language_form", "prose", "digest")] == []


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_is_sound_in_both_languages(pages: Pages, lang: str) -> None:
    page = Pages(pages.app, pages.session, lang=lang).get("/kit")

    assert page.h1 == {"en": "Kit", "ja": "部品集"}[lang]
    assert page.response.headers["X-Robots-Tag"] == "noindex"
    named = [heading.get("id") for heading in page.all("h2") if (heading.get("id") or "").startswith("k-")]
    listed = [(link.get("href") or "") for link in page.all("a") if (link.get("href") or "").startswith("#k-")]
    assert [f"#{name}" for name in named] == listed[: len(named)]
    assert len(named) == 20


def test_the_sorted_head_says_so_and_turns_round(pages: Pages) -> None:
    def heads(url: str) -> list[tuple[str, str | None, str]]:
        page = pages.get(url)
        table = next(one for one in page.all("table") if any(cell.find("a") is not None for cell in one.iter("th")))
        return [
            (page.text(cell), cell.get("aria-sort"), cell.find("a").get("href") or "")  # type: ignore[union-attr]
            for cell in table.iter("th")
            if cell.find("a") is not None
        ]

    assert heads("/kit") == [
        ("Entry", None, "/kit?sort=number&page=1"),
        ("Title", None, "/kit?sort=title&page=1"),
        ("Points", "descending", "/kit?sort=points&page=1"),
    ]
    assert heads("/kit?sort=number&page=1")[0] == ("Entry", "ascending", "/kit?sort=number&down=1&page=1")


@pytest.mark.parametrize(
    ("at", "said", "links"),
    [
        (1, "1 to 50 of 571", ["1", "2", "12", "Next"]),
        (5, "201 to 250 of 571", ["Back", "1", "4", "5", "6", "12", "Next"]),
        (12, "551 to 571 of 571", ["Back", "1", "11", "12"]),
        (99, "551 to 571 of 571", ["Back", "1", "11", "12"]),
    ],
)
def test_pages_of_a_list(pages: Pages, at: int, said: str, links: list[str]) -> None:
    page = pages.get(f"/kit?sort=points&page={at}")
    nav = next(one for one in page.all("nav") if one.get("aria-label") == "Pages of the list")

    assert said in page.text(nav)
    assert [page.text(link).removeprefix("Page ") for link in nav.iter("a")] == links
    assert [page.text(link) for link in nav.iter("a") if link.get("aria-current")] == [f"Page {min(at, 12)}"]


def test_a_moment_is_told_in_both_zones_and_from_now(pages: Pages) -> None:
    page = pages.get("/kit")
    zones = next(one for one in page.all("dl") if one.get("class") == "zones")

    assert [page.text(one) for one in zones if one.tag in ("dt", "dd")] == [
        "Tokyo",
        "Mon 30 Nov 2026, 23:59:59 (UTC+09:00)",
        "Lagos, yours",
        "Mon 30 Nov 2026, 15:59:59 (UTC+01:00)",
        "From now",
        "in 2 days 3 h",
    ]


def test_production_has_no_kit(settings: Settings) -> None:
    from contest import create_app

    live = create_app(
        settings.model_copy(update={"contest_env": "production", "base_url": "http://localhost", "rate_limits": False})
    )

    assert live.test_client().get("/kit").status_code == 404


def test_fields_say_what_is_wrong_and_what_they_want(pages: Pages) -> None:
    page = pages.get("/kit")

    def told(id: str) -> tuple[Any, str]:
        field = page.by_id(id)
        about = [page.text(page.by_id(name)) for name in (field.get("aria-describedby") or "").split()]
        return field.get("aria-invalid"), " ".join(about)

    assert told("name") == (None, "As you want it printed, in any script.")
    assert told("title") == ("true", "Write a title, for example “Tide Line”.")
    assert told("k-note") == (None, "Nobody else sees this, not even the organiser.")
    assert page.by_id("k-judged").get("readonly") is not None
    assert page.problems[0] == "Write a title, for example “Tide Line”."
