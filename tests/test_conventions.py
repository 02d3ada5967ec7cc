"""What every route promises: its guard, who gets what, no GET that writes, CSRF, headers, the same 404."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Base
from contest.settings import Settings
from contest.storage import Storage
from tests import access, world
from tests.factories import Make
from tests.pages import Page, Pages, check_headers
from tests.world import VISITORS, World

#: POSTs that answer a question and change nothing.
READ_ONLY_POSTS = {"submission.do_check_receipt"}
#: Tables that reading may touch: the note that a session is in use.
TOUCHED_BY_READING = {"login_session"}
KEYS = sorted(access.TABLE)
GETS = [key for key in KEYS if key.endswith(" GET")]


@pytest.fixture
def built(app: Any, make: Make, session: Session, settings: Settings, storage: Storage) -> World:
    return world.build(make, session, settings, storage)


def _visitor(app: Any, session: Session, built: World, name: str) -> Pages:
    if name != "suspended":
        return Pages(app, session, built.people[name])
    pages = Pages(app, session)
    with pages.client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = built.names["suspended_token"], True
    return pages


def _ask(pages: Pages, key: str, built: World, *, token: bool = True, **options: Any) -> Any:
    row, method = access.TABLE[key], key.split()[1]
    url = access.address(row.url, built)
    if method == "GET":
        return pages.open(url, **options)
    if row.json is not None:
        body = {
            name: access.address(value, built) if isinstance(value, str) else value for name, value in row.json.items()
        }
        headers = {"X-CSRFToken": pages.token()} if token else {}
        return pages.open(url, method=method, json=body, headers=headers)
    data = {**(row.data or {}), **({"csrf_token": pages.token()} if token else {})}
    return pages.open(url, method=method, data=data)


def _routes(app: Any) -> dict[str, Any]:
    return {
        f"{rule.endpoint} {method}": app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }


def test_every_route_is_in_the_access_table_and_the_other_way_round(app: Any) -> None:
    assert set(access.TABLE) == set(_routes(app))
    assert all(len(row.statuses) == len(VISITORS) for row in access.TABLE.values())


def test_every_route_states_its_guard_and_every_post_that_it_writes(app: Any) -> None:
    routes = _routes(app)

    assert {
        key for key, view in routes.items() if getattr(view, "__guard__", None) not in ("public", "signed_in")
    } == set()
    unmarked = {
        key.split()[0]
        for key, view in routes.items()
        if not key.endswith(" GET") and not getattr(view, "__writes__", False)
    }
    assert unmarked == READ_ONLY_POSTS


@pytest.mark.parametrize("key", KEYS)
def test_who_gets_what(app: Any, session: Session, built: World, key: str) -> None:
    said = []
    for name in VISITORS:
        response = _ask(_visitor(app, session, built, name), key, built)
        check_headers(response, f"{key} as {name}")
        said.append(response.status_code)

    assert dict(zip(VISITORS, said, strict=True)) == dict(zip(VISITORS, access.TABLE[key].statuses, strict=True))


def test_no_get_writes(app: Any, session: Session, built: World) -> None:
    def counted() -> dict[str, int]:
        session.rollback()
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in TOUCHED_BY_READING
        }

    visitors = [_visitor(app, session, built, name) for name in VISITORS]
    session.commit()
    before = counted()
    for visitor in visitors:
        for key in GETS:
            assert _ask(visitor, key, built).status_code < 500, key

    assert counted() == before


def test_every_post_needs_a_csrf_token(app: Any, session: Session, built: World) -> None:
    organiser = _visitor(app, session, built, "organiser")

    said = {key: _ask(organiser, key, built, token=False).status_code for key in KEYS if not key.endswith(" GET")}

    assert {key: status for key, status in said.items() if status != 400} == {}


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_page_is_sound_in_both_languages(app: Any, session: Session, built: World, lang: str) -> None:
    english = re.compile(r"\b(the|Save|Submit|your|Judges?|Entries|Closed)\b")
    seen = 0
    for name in ("anonymous", "entrant", "judge", "organiser"):
        account = built.people[name]
        if account is not None:
            account.locale = lang
        visitor = Pages(app, session, account, lang)
        for key in GETS:
            url = access.address(access.TABLE[key].url, built).replace("/en/", f"/{lang}/")
            response = visitor.open(url)
            if response.mimetype != "text/html" or response.status_code in (301, 302) or key.endswith("files GET"):
                continue
            page = Page(response, f"{url} as {name}")
            seen += 1
            assert page.root.get("lang") == lang
            if lang == "ja":
                assert not english.search(_interface(page)), f"{url}: {english.findall(_interface(page))[:5]}"
    assert seen > 60


def _interface(page: Page) -> str:
    """The words of headings, buttons, links and labels: what the interface itself says."""
    parts = [
        page.text(element) for name in ("h1", "h2", "button", "label", "th", "legend") for element in page.all(name)
    ]
    return " ".join(part for part in parts if part.isascii() is False or "Contest" not in part)


@pytest.mark.parametrize(
    "who, hidden, random",
    [
        ("other_judge", "/judge/judged/{code}", "/judge/judged/Z-9999"),
        ("other_entrant", "/previews/{preview}", "/previews/00000000-0000-4000-8000-000000000000"),
        ("stranger", "/manage/live", "/manage/no-such-contest"),
        ("entrant", "/manage/live/entries", "/manage/no-such-contest/entries"),
        ("anonymous", "/en/contests/drafted", "/en/contests/no-such-contest"),
    ],
)
def test_what_one_may_not_see_is_a_404_like_any_other(
    app: Any, session: Session, make: Make, built: World, who: str, hidden: str, random: str
) -> None:
    make.contest("draft", slug="drafted")
    visitor = _visitor(app, session, built, who)

    answers = []
    for url in (access.address(hidden, built), random):
        response = visitor.open(url)
        assert response.status_code == 404
        body = response.get_data(as_text=True).replace(url, "").replace(response.headers["X-Request-ID"], "")
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("X-Request-ID", "Date", "Set-Cookie")
        }
        answers.append((re.sub(r'value="[\w.-]{40,}"', "", body), {**headers, "Content-Length": ""}))

    assert answers[0] == answers[1]


def test_a_removed_role_is_refused_at_the_next_request(app: Any, session: Session, built: World) -> None:
    from datetime import UTC, datetime

    from sqlalchemy import update

    from contest.models import Membership

    organiser = _visitor(app, session, built, "organiser")
    assert organiser.open("/manage/live").status_code == 200

    account = built.people["organiser"]
    assert account is not None
    session.execute(update(Membership).where(Membership.account_id == account.id).values(removed_at=datetime.now(UTC)))

    assert organiser.open("/manage/live").status_code == 404
