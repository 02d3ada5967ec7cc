"""Lists that a script swaps: one list alone with what is said of it, whole pages for everybody else, and htmx's rules."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import contest as package
from contest.models import Account, Assignment, Contest, LoginSession
from contest.services import listing
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Page, Pages
from tests.web.room import at, organiser_of

TEMPLATES = Path(package.__file__).parent / "templates"
#: What a template may ask of htmx; docs/front-end.md says what each is for.
ALLOWED = {
    "hx-boost:inherited",
    "hx-get",
    "hx-ignore",
    "hx-indicator",
    "hx-nonce",
    "hx-post",
    "hx-push-url",
    "hx-select",
    "hx-swap",
    "hx-swap-oob",
    "hx-sync",
    "hx-target",
    "hx-trigger",
}


def forbidden(text: str) -> list[str]:
    """What a template must not say to htmx: code, filters, and what nobody has agreed on."""
    found = [name for name in re.findall(r"\s((?:data-)?hx-[a-z:-]+)", text) if name not in ALLOWED]
    found += re.findall(r"""["'\s](?:js|javascript):""", text)
    return found + re.findall(r'hx-trigger="[^"]*\[[^"]*"', text)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_use_what_is_agreed_of_htmx(path: Path) -> None:
    assert forbidden(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        '<a hx-on:click="alert(1)">',
        '<a data-hx-get="/x">',
        '<a hx-vals="js:{a: 1}">',
        "<a hx-vals='js:{a: 1}'>",
        '<a href="javascript:alert(1)">',
        '<i hx-trigger="every 2s [document.hidden]">',
        '<i hx-ext="sse">',
    ],
)
def test_the_search_for_what_is_forbidden_finds_it(text: str) -> None:
    assert forbidden(text) != []
    assert forbidden('<div id="rows" hx-get="/x" hx-trigger="every 10s" hx-swap="outerMorph" data-hint>') == []


def _part(visitor: Pages, url: str, name: str) -> tuple[Any, list[Element]]:
    """What a script gets that asks for one list: the response, and the elements at its top."""
    response = visitor.open(url, headers={"HX-Request": "true", "HX-Target": f"div#{name}"})
    html = response.get_data(as_text=True)
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return response, list(fragment)


@pytest.fixture
def contest(make: Make) -> Contest:
    made = make.contest("judging", judges_per_entry=1)
    judges = [make.member(made, Role.JUDGE, make.account(f"Judge {number:02d}")) for number in range(12)]
    make.open_round(made)
    for number in range(53):
        entry = make.entry(made, files=0, title=f"Work {number:02d}")
        entry.number = number + 1
        make.assignment(entry, judges[number % 12])
    return made


@pytest.mark.parametrize(
    "path, name, said",
    [
        ("/entries?sort=-title", "rows", "Sorted by Title, from last to first. Page 1 of 2."),
        ("/entries?q=work+07", "rows", "1 row found. Sorted by Entry."),
        ("/assignments?page=2", "rows", "Sorted by Entry. Page 2 of 2."),
        ("/assignments?judges-sort=assigned", "beside", "Sorted by Entries."),
        ("/progress?sort=title&page=2", "rows", "Sorted by Title. Page 2 of 2."),
        ("/progress?judges-sort=-judged", "live", "Sorted by Judged, from last to first."),
        ("/people?role=judge", "rows", "12 rows found. Sorted by Role."),
        ("/people?invitations-sort=email", "beside", "Sorted by E-mail."),
        ("/audit?who=system", "rows", "0 events shown, the newest first."),
    ],
)
def test_a_script_gets_the_list_alone_and_what_to_say(
    pages: Pages, session: Session, contest: Contest, path: str, name: str, said: str
) -> None:
    organiser = organiser_of(pages, session, contest)

    response, top = _part(organiser, at(contest, path), name)
    whole = organiser.get(at(contest, path))

    assert [(element.tag, element.get("id")) for element in top] == [("div", name), ("div", "said")]
    assert top[1].get("hx-swap-oob") == "innerHTML"
    assert " ".join("".join(top[1].itertext()).split()) == said
    assert "HX-Request" in response.headers["Vary"]
    # The list of the page and the list alone are the same, but for what is signed anew.
    words = [" ".join("".join(element.itertext()).split()) for element in (top[0], whole.by_id(name))]
    assert re.sub(r"\d\d:\d\d:\d\d", "", words[0]) == re.sub(r"\d\d:\d\d:\d\d", "", words[1])


def test_a_list_shown_whole_again_leaves_the_other_list_as_it_was(
    pages: Pages, session: Session, contest: Contest
) -> None:
    page = organiser_of(pages, session, contest).get(at(contest, "/people?role=judge&sort=name&invitations-sort=email"))

    [form] = [each for each in page.all("form") if each.get("role") == "search"]
    assert page.link("Show all") == at(contest, "/people?invitations-sort=email")
    assert {e.get("name"): e.get("value") for e in form.iter("input") if e.get("type") == "hidden"} == {
        "sort": "name",
        "invitations-sort": "email",
    }


def test_a_choice_of_a_list_with_a_name_is_not_sent_twice(app: Flask) -> None:
    asked = listing.read(
        {"beside-state": "open", "beside-sort": "-age"},
        sorts=("name", "age"),
        filters={"state": ["open"]},
        name="beside",
    )
    with app.test_request_context("/"):
        parts = app.jinja_env.get_template("manage/parts.html").module
        form = str(parts.narrow("/list", asked, "Words", [("state", "State", [("open", "Open")], "All")]))  # type: ignore[attr-defined]

    assert form.count('name="beside-state"') == 1
    assert '<input type="hidden" name="beside-sort" value="-age">' in form


@pytest.mark.parametrize("asked", [{}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Target": "div#elsewhere"}])
def test_everybody_else_gets_the_page(pages: Pages, session: Session, contest: Contest, asked: dict[str, str]) -> None:
    response = organiser_of(pages, session, contest).open(at(contest, "/entries"), headers=asked)

    assert Page(response, "/entries").h1 == "Entries"


def test_the_nonce_of_the_page_is_in_its_policy_and_on_all_that_htmx_may_touch(
    pages: Pages, session: Session, contest: Contest
) -> None:
    organiser = organiser_of(pages, session, contest)
    seen = set()
    for path in ("/entries", "/people", "/assignments", "/progress", "/audit"):
        page = organiser.get(at(contest, path))
        [nonce] = {script.get("nonce") for script in page.all("script") if script.get("nonce")}
        assert f"script-src 'self' 'nonce-{nonce}';" in page.response.headers["Content-Security-Policy"]
        for element in page.root.iter():
            asks = {name for name in element.attrib if name.startswith("hx-")} - {"hx-ignore"}
            assert not asks or element.get("hx-nonce") == nonce, f"{path}: {element.attrib}"
        seen.add(nonce)
    assert len(seen) == 5
    assert "nonce" not in organiser.get(at(contest)).response.headers["Content-Security-Policy"]


def test_what_can_be_pressed_in_a_list_keeps_its_name(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    for path, name in (("/entries", "rows"), ("/progress", "live"), ("/assignments", "beside"), ("/people", "rows")):
        region = organiser.get(at(contest, path)).by_id(name)
        ignored = {id(each) for part in region.iter() if part.get("hx-ignore") is not None for each in part.iter()}
        links = [a for a in region.iter("a") if id(a) not in ignored and not (a.get("href") or "#").startswith("#")]
        assert links
        # The focus comes back to it by its id.
        assert [a.get("href") for a in links if a.get("id") is None and "aria-current" not in a.attrib] == []


def test_the_first_row_of_each_order(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    def numbers(path: str) -> list[str]:
        page = organiser.get(at(contest, path))
        return [page.text(cell) for cell in page.all("th") if cell.get("scope") == "row"]

    assert (len(numbers("/entries")), numbers("/entries")[0]) == (50, "0001")
    assert numbers("/entries?page=2") == ["0051", "0052", "0053"]
    assert numbers("/entries?page=9999") == ["0051", "0052", "0053"]
    assert numbers("/entries?sort=-title")[0] == "0053"
    assert numbers("/entries?q=%2352") == numbers("/entries?q=work+51") == ["0052"]
    assert numbers("/entries?q=nothing") == []


def test_the_sorted_head_is_marked_and_turns_round(pages: Pages, session: Session, contest: Contest) -> None:
    page = organiser_of(pages, session, contest).get(at(contest, "/entries?sort=title&page=2"))

    marked = {page.text(th): th.get("aria-sort") for th in page.all("th") if th.get("aria-sort")}

    assert marked == {"Title": "ascending"}
    assert page.by_id("sort-title").get("href") == f"{at(contest, '/entries')}?sort=-title"
    assert page.by_id("sort-number").get("href", "").rstrip("?") == at(contest, "/entries")


# The page that looks for itself ---------------------------------------------------------------------


def _poll(page: Page) -> str:
    live = page.by_id("live")
    assert (live.get("hx-trigger"), live.get("hx-swap")) == ("every 10s", "outerMorph")
    return live.get("hx-get") or ""


def test_progress_asks_again_and_gets_nothing_while_nothing_changes(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    organiser = organiser_of(pages, session, contest)
    poll = _poll(organiser.get(at(contest, "/progress")))

    assert _part(organiser, poll, "live")[0].status_code == 204
    judge = make.member(contest, Role.JUDGE, make.account("Newcomer"))
    response, top = _part(organiser, poll, "live")

    assert response.status_code == 200
    assert judge.name in "".join(top[0].itertext())
    # Nobody is told of a small change.
    assert [element.get("id") for element in top] == ["live"]


def test_progress_says_it_when_much_has_changed(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    poll = _poll(organiser.get(at(contest, "/progress")))
    for card in session.scalars(select(Assignment).limit(6)):
        make.scorecard(card, [3, 3, 3])

    _, top = _part(organiser, poll, "live")

    assert [element.get("id") for element in top] == ["live", "said"]
    assert " ".join("".join(top[1].itertext()).split()) == "6 of 53 scorecards are in"


def test_a_page_that_looks_for_itself_keeps_nobody_signed_in(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    poll = _poll(organiser.get(at(contest, "/progress")))
    long_ago = datetime.now(UTC) - timedelta(minutes=30)
    session.execute(update(LoginSession).values(seen_at=long_ago))

    assert _part(organiser, poll, "live")[0].status_code == 204
    assert session.scalars(select(LoginSession.seen_at)).all() == [long_ago]
    organiser.get(at(contest, "/progress"))
    assert session.scalars(select(LoginSession.seen_at)).one() > long_ago


def test_opening_the_pairs_put_aside_is_no_poll(pages: Pages, session: Session, contest: Contest) -> None:
    """Their link carries a word that a poll carries too, and yet somebody followed it."""
    organiser = organiser_of(pages, session, contest)
    organiser.get("/desk")
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    session.execute(update(LoginSession).values(seen_at=long_ago))

    organiser.get(at(contest, "/similar?seen=all"))

    assert session.scalars(select(LoginSession.seen_at)).one() > long_ago


@pytest.mark.parametrize("phase, state", [("open", "planned"), ("judging", "planned"), ("judging", "tallied")])
def test_progress_is_still_where_there_is_nothing_to_wait_for(
    pages: Pages, session: Session, make: Make, phase: str, state: str
) -> None:
    made = make.contest(phase)
    if state == "tallied":
        make.open_round(made)
        make.close_round(made)
        made.round.state = "tallied"

    page = organiser_of(pages, session, made).get(at(made, "/progress"))

    assert page.by_id("live").get("hx-get") is None


def test_the_poll_of_another_contest_is_not_there(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    stranger = pages.as_(session.get_one(Account, make.contest("judging").created_by))

    assert _part(stranger, at(contest, "/progress?seen=x"), "live")[0].status_code == 404
