"""The organiser's room: every page renders, every form works and refuses, nobody else gets in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from contest import audit, mail
from contest.models import Account, Assignment, AuditEvent, Contest, Entry, Invitation, Membership, OutboxItem
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Page, Pages

PARTS = ("categories", "deliverables", "prizes")
SETUP = ("texts", "dates", "terms", "rubric", *PARTS)
ROOM = ("", "/people", "/entries", "/assignments", "/progress", "/audit", "/announce", *(f"/{part}" for part in SETUP))


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("draft")


def _organiser(pages: Pages, session: Session, contest: Contest, lang: str = "en") -> Pages:
    return pages.as_(session.get_one(Account, contest.created_by), lang)


def _at(contest: Contest, path: str = "") -> str:
    return f"/manage/{contest.slug}{path}"


def _value(page: Page, name: str) -> str:
    """What the control of this name holds."""
    for tag in ("input", "textarea", "select"):
        for control in page.all(tag):
            if control.get("name") == name and control.get("type") != "hidden":
                if tag == "textarea":
                    return (control.text or "").removeprefix("\n")
                if tag == "select":
                    return next((o.get("value") or "" for o in control.iter("option") if o.get("selected") is not None), "")
                return control.get("value") or ""
    raise AssertionError(f"no control {name} on {page.url}")


def _shown(moment: datetime | None, zone: str = "Asia/Tokyo") -> str:
    assert moment is not None
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


def _meanwhile(page: Page) -> dict[str, str]:
    """What the page of a stale form tells of what is stored now."""
    [note] = [div for div in page.all("div") if "stop" in (div.get("class") or "").split()]
    return {page.text(row.find("dt")): page.text(row.find("dd")) for row in note.iter("div") if row.find("dt") is not None}


def _buttons(page: Page) -> list[str]:
    return [page.text(button) for button in page.all("button")]


# Every page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["draft", "announced", "open", "grace", "judging"])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_page_renders_in_every_phase(pages: Pages, session: Session, make: Make, phase: str, lang: str) -> None:
    contest = make.contest(phase)
    judge = make.member(contest, Role.JUDGE)
    entry = make.entry(contest)
    make.assignment(entry, judge)
    account = session.get_one(Account, contest.created_by)
    account.locale = lang
    organiser = pages.as_(account, lang)
    things = [
        f"/rubric/{contest.round.criteria[0].id}", f"/categories/{contest.categories[0].id}",
        f"/deliverables/{contest.round.deliverables[0].id}", f"/prizes/{contest.prizes[0].id}",
        "/rubric/new", *(f"/{part}/new" for part in PARTS), f"/entries/{entry.number}",
    ]

    for path in (*ROOM, *things):
        page = organiser.get(_at(contest, path))
        assert page.root.get("lang") == lang


def test_a_bare_contest_renders_too(pages: Pages, make: Make, session: Session) -> None:
    staff = pages.as_(make.account(is_staff=True))
    staff.submit(staff.get("/manage/new"), "Create the contest", {"slug": "bare", "title_en": "Bare", "zone": "UTC"})

    for path in ROOM:
        staff.get(f"/manage/bare{path}")


@pytest.mark.parametrize("role", [Role.CHAIR, Role.PUBLISHER])
def test_the_rest_of_the_team_reads_and_cannot_write(pages: Pages, session: Session, make: Make, role: Role) -> None:
    contest = make.contest("judging")
    judge = make.member(contest, Role.JUDGE)
    entry = make.entry(contest)
    make.assignment(entry, judge)
    reader = pages.as_(make.member(contest, role))
    common = {"Sign out", "日本語", "Download", "Show"}

    for path in (*ROOM, f"/entries/{entry.number}", f"/rubric/{contest.round.criteria[0].id}"):
        offered = set(_buttons(reader.get(_at(contest, path))))
        assert {words for words in offered if not any(words.startswith(known) for known in common)} == set()
    reader.post(_at(contest, "/assignments"), status=403)
    reader.post(_at(contest, f"/entries/{entry.number}/disqualify"), {"reason": "x"}, status=403)
    reader.post(_at(contest, "/judging/open"), status=403)


def _routes(app: Flask, contest: Contest, entry: Entry) -> Iterator[tuple[str, str]]:
    """Method and address of every route of the room, with things that exist in `contest`."""
    values = {
        "slug": contest.slug, "number": entry.number, "part": "prizes", "item_id": contest.prizes[0].id,
        "criterion_id": contest.round.criteria[0].id,
    }
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("manage.") and "slug" in rule.arguments:
            given = {name: values.get(name, contest.id) for name in rule.arguments}
            built = rule.build(given)
            assert built is not None
            for method in (rule.methods or set()) & {"GET", "POST"}:
                yield method, built[1]


@pytest.mark.parametrize("visitor", ["organiser elsewhere", "judge", "stranger"])
def test_nobody_else_knows_of_the_room(
    app: Flask, pages: Pages, session: Session, make: Make, visitor: str
) -> None:
    contest, other = make.contest("judging"), make.contest("judging")
    entry = make.entry(contest, files=0)
    account = {
        "organiser elsewhere": session.get_one(Account, other.created_by), "judge": make.member(contest, Role.JUDGE),
        "stranger": make.account(),
    }[visitor]
    asking = pages.as_(account)
    nowhere = asking.open("/manage/no-such-contest")
    data = {"csrf_token": asking.token(), "reason": "x", "role": "judge", "account_id": str(account.id)}
    routes = list(_routes(app, contest, entry))
    assert len(routes) > 40

    for method, url in routes:
        response = asking.open(url, method=method, data=data if method == "POST" else None)
        assert response.status_code == 404, f"{method} {url}: {response.status_code}"
        plain = re.sub(r"[0-9A-F]{12}|value=\"[^\"]*\"", "", response.get_data(as_text=True))
        assert plain == re.sub(r"[0-9A-F]{12}|value=\"[^\"]*\"", "", nowhere.get_data(as_text=True))


def test_visitors_are_sent_to_sign_in(app: Flask, pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest, files=0)
    token = pages.token()

    for method, url in [*_routes(app, contest, entry), ("GET", "/desk"), ("GET", "/manage/new"), ("POST", "/manage/new")]:
        response = pages.open(url, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert (response.status_code, response.headers.get("Location")) == (302, "/sign-in"), f"{method} {url}"


@contextmanager
def _statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = app.extensions["contest.db"].engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_statements_do_not_grow_with_the_contest(app: Flask, pages: Pages, session: Session, make: Make) -> None:
    def measure(size: int) -> dict[str, int]:
        contest = make.contest("judging", judges_per_entry=1)
        account = session.get_one(Account, contest.created_by)
        for _ in range(size - 1):
            make.contest("open", organiser=account)
            make.member(contest, Role.ORGANISER)
            session.add(Invitation(
                contest_id=contest.id, role="judge", email=f"i{size}{_}@example.org", email_key=f"i{size}{_}@example.org",
                invited_by=account.id, expires_at=datetime.now(UTC) + timedelta(days=1),
            ))
        judges = [make.member(contest, Role.JUDGE) for _ in range(size)]
        judged = make.contest("judging")
        make.member(judged, Role.JUDGE, account)
        entries = [make.entry(contest, files=size) for _ in range(size)]
        for entry in entries:
            for judge in judges:
                make.assignment(entry, judge)
        for _ in range(size):
            audit.record(session, make.actor(account), "contest.changed", contest)
        organiser = pages.as_(account)
        counts = {}
        for path in (*(_at(contest, path) for path in ROOM), _at(contest, f"/entries/{entries[0].number}"), "/desk"):
            organiser.get(path)
            with _statements(app) as seen:
                organiser.get(path)
            counts[re.sub(r"/manage/[^/]+|\d+", "", path)] = len(seen)
        return counts

    one, three = measure(1), measure(3)

    assert one == three
    assert {path: count for path, count in three.items() if count > 12} == {}


# Desk and creating -------------------------------------------------------------------------------


def test_the_desk_shows_what_one_works_on(pages: Pages, session: Session, make: Make) -> None:
    mine, judged, foreign = make.contest("draft"), make.contest("judging"), make.contest("open")
    account = session.get_one(Account, mine.created_by)
    make.member(judged, Role.JUDGE, account)
    make.assignment(make.entry(judged, files=0), account)

    page = pages.as_(account).get("/desk")

    assert page.link(mine.title["en"]).endswith(f"/manage/{mine.slug}")
    assert page.link(judged.title["en"]).endswith(f"/judge/{judged.slug}")
    assert "0 of 1" in page.text()
    assert foreign.title["en"] not in page.text()
    assert page.link("Create a contest").endswith("/manage/new")
    assert "Create a contest" not in pages.as_(make.account()).get("/desk").text()


def test_staff_create_a_contest(pages: Pages, session: Session, make: Make) -> None:
    account = make.account(is_staff=True)
    staff = pages.as_(account)

    page = staff.submit(
        staff.get("/manage/new"), "Create the contest",
        {"slug": "ferry-app", "title_en": "Ferry <b>app</b>", "title_ja": "渡し船", "default_locale": "ja", "zone": "Asia/Tokyo"},
    )

    made = session.scalars(select(Contest)).one()
    assert (made.slug, made.title, made.default_locale, made.zone, made.created_by) == (
        "ferry-app", {"en": "Ferry <b>app</b>", "ja": "渡し船"}, "ja", "Asia/Tokyo", account.id,
    )
    assert (page.h1, page.url) == ("Ferry <b>app</b>", "/manage/ferry-app")
    assert "Nobody but you can see it yet." in page.text()


def test_a_refused_creation_keeps_what_was_typed(pages: Pages, session: Session, make: Make) -> None:
    make.contest("draft", slug="taken")
    staff = pages.as_(make.account(is_staff=True))

    page = staff.submit(
        staff.get("/manage/new"), "Create the contest",
        {"slug": "taken", "title_en": "My title", "zone": "Africa/Lagos"}, status=422,
    )

    assert page.problems == ["Another contest uses this address. Choose another."]
    assert [_value(page, name) for name in ("slug", "title_en", "zone")] == ["taken", "My title", "Africa/Lagos"]
    assert session.scalar(select(func.count()).select_from(Contest)) == 1


def test_others_cannot_create(pages: Pages, session: Session, make: Make) -> None:
    visitor = pages.as_(make.account())

    visitor.get("/manage/new", 403)
    visitor.post("/manage/new", {"slug": "mine", "title_en": "x", "default_locale": "en", "zone": "UTC"}, status=403)

    assert session.scalar(select(func.count()).select_from(Contest)) == 0


# Texts, terms, stale forms -----------------------------------------------------------------------


def test_texts_are_saved(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(_at(contest, "/texts")), "Save", {"brief_en": "One.\n\nTwo.", "contact": "ask@example.org", "version": "1"}
    )

    assert (contest.brief["en"], contest.contact, contest.version) == ("One.\n\nTwo.", "ask@example.org", 2)
    assert _value(page, "brief_en") == "One.\n\nTwo."
    assert "Saved." in page.text()


def test_refused_texts_are_kept_in_the_form(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(_at(contest, "/texts")), "Save", {"title_en": "x" * 121, "host_ja": "別の主催者"}, status=422
    )
    missing = organiser.submit(organiser.get(_at(contest, "/texts")), "Save", {"title_en": " "}, status=422)

    assert page.problems == ["Use at most 120 characters; now there are 121."]
    assert (_value(page, "title_en"), _value(page, "host_ja")) == ("x" * 121, "別の主催者")
    assert missing.problems == ["The English text is missing."]
    assert contest.version == 1


def test_a_stale_form_shows_both_texts_and_can_be_sent_again(pages: Pages, session: Session, contest: Contest) -> None:
    first, second = _organiser(pages, session, contest), _organiser(pages, session, contest)
    form = first.get(_at(contest, "/texts"))
    second.submit(second.get(_at(contest, "/texts")), "Save", {"title_en": "Theirs", "contact": "b@example.org"})

    refused = first.submit(form, "Save", {"title_en": "Mine"}, status=409)

    assert _value(refused, "title_en") == "Mine"
    assert _meanwhile(refused) == {"Title in English": "Theirs", "Contact": "b@example.org"}
    assert contest.title["en"] == "Theirs"
    first.submit(refused, "Save")
    assert (contest.title["en"], contest.contact) == ("Mine", "team@example.org")


def test_a_form_without_its_version_is_refused(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    form = organiser.get(_at(contest, "/texts"))

    assert organiser.submit(form, "Save", {"version": None}, status=422).problems == ["Reload the page, then send it again."]
    organiser.submit(form, "Save", {"version": "x"}, status=422)
    assert contest.version == 1


def test_terms_get_a_version_with_each_change(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    organiser.submit(organiser.get(_at(contest, "/terms")), "Save")
    page = organiser.submit(organiser.get(_at(contest, "/terms")), "Save", {"text_en": "All rights stay."})
    refused = organiser.submit(page, "Save", {"text_ja": ""}, status=422)

    assert [(terms.version, terms.text["en"]) for terms in contest.terms] == [
        (1, "You keep your rights."), (2, "All rights stay."),
    ]
    assert "Version 2." in page.text()
    assert refused.problems == ["The Japanese text is missing."]


# Dates -------------------------------------------------------------------------------------------


def test_dates_are_typed_in_the_contests_zone(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(_at(contest, "/dates")), "Save",
        {"opens_at": "2030-10-01T10:00", "closes_at": "2030-11-30T23:59:59", "grace_minutes": "45", "due_at": "2030-12-16 17:00"},
    )

    assert (contest.opens_at, contest.closes_at, contest.grace_seconds, contest.round.due_at) == (
        datetime(2030, 10, 1, 1, tzinfo=UTC), datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC), 2700,
        datetime(2030, 12, 16, 8, tzinfo=UTC),
    )
    assert (_value(page, "closes_at"), _value(page, "zone")) == ("2030-11-30T23:59:59", "Asia/Tokyo")
    assert "Sat 30 Nov 2030 23:59:59, Tokyo (UTC+09:00)" in page.text()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"closes_at": "yesterday"}, "Enter a date and a time, for example 2026-11-30 23:59:59."),
        ({"closes_at": "2029-01-01T00:00", "opens_at": "2029-01-01T00:00"}, "The closing must be later than the opening."),
        ({"closes_at": "9999-01-01T00:00"}, "Enter a date and a time, for example 2026-11-30 23:59:59."),
        ({"grace_minutes": "1441"}, "Enter a whole number from 0 to 1,440."),
        ({"grace_minutes": "soon"}, "Enter a whole number from 0 to 1,440."),
        ({"due_at": "2020-01-01T00:00"}, "Judging is due after the closing and its grace. Choose a later time."),
        ({"zone": "Mars/Olympus"}, "Not a valid choice."),
    ],
)
def test_refused_dates_are_kept(
    pages: Pages, session: Session, contest: Contest, values: dict[str, str], problem: str
) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(organiser.get(_at(contest, "/dates")), "Save", values, status=422)

    assert page.problems == [problem]
    assert {name: _value(page, name) for name in values if name != "zone"} == {n: v for n, v in values.items() if n != "zone"}
    assert contest.version == 1


def test_the_deadline_of_an_open_contest_moves_only_later(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    organiser = _organiser(pages, session, contest)
    closes = contest.closes_at
    assert closes is not None
    form = organiser.get(_at(contest, "/dates"))

    refused = organiser.submit(form, "Save", {"closes_at": _shown(closes - timedelta(hours=1))}, status=403)
    organiser.submit(form, "Save", {"opens_at": _shown(closes - timedelta(hours=1))}, status=403)
    organiser.submit(form, "Save", {"grace_minutes": "5"}, status=403)
    organiser.submit(form, "Save")
    assert contest.closes_at == closes
    organiser.submit(form, "Save", {"closes_at": _shown(closes + timedelta(hours=1))})

    assert "the deadline moves only later than" in refused.text()
    assert contest.closes_at == closes.replace(microsecond=0) + timedelta(hours=1)
    session.commit()
    assert session.scalar(select(func.count()).where(AuditEvent.act == "contest.deadline_moved")) == 1


# Parts -------------------------------------------------------------------------------------------

_NEW = {
    "categories": ("Add a category", {"name_en": "Widgets", "name_ja": "ウィジェット"}),
    "prizes": ("Add a prize", {"name_en": "Widgets", "name_ja": "ウィジェット", "amount_en": "¥1", "amount_ja": "一円", "quantity": "7"}),
    "deliverables": ("Add a slot", {
        "name_en": "Widgets", "name_ja": "ウィジェット", "hint_en": "Two.", "hint_ja": "二つ。", "kinds": ["zip", "svg"],
        "required": None, "max_megabytes": "5000", "max_files": "100",
    }),
}


@pytest.mark.parametrize("part", PARTS)
def test_things_are_added_changed_moved_and_removed(pages: Pages, session: Session, contest: Contest, part: str) -> None:
    organiser = _organiser(pages, session, contest)
    words, values = _NEW[part]
    listed = organiser.get(_at(contest, f"/{part}"))

    listed = organiser.submit(organiser.get(listed.link(words)), "Save", values)
    again = organiser.submit(organiser.get(listed.link("Widgets")), "Save", {"name_en": "Gadgets"})
    kept = organiser.get(again.link("Gadgets"))
    for name, value in values.items():
        if isinstance(value, str) and name != "name_en":
            assert _value(kept, name) == value
    moved = organiser.submit(again, "Move up Gadgets")
    names = [moved.text(th) for th in moved.all("th") if th.get("scope") == "row"]
    assert names.index("Gadgets") == len(names) - 2
    moved = organiser.submit(moved, "Move down Gadgets")
    assert [moved.text(th) for th in moved.all("th") if th.get("scope") == "row"][-1] == "Gadgets"
    gone = organiser.submit(organiser.get(moved.link("Gadgets")), "Remove it")

    assert "Removed." in gone.text() and "Gadgets" not in gone.text()
    assert "Move up" not in [b.split(" ")[0] for b in _buttons(gone) if names[0] in b]


def test_a_slot_keeps_its_types_and_limits(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(organiser.get(_at(contest, "/deliverables/new")), "Save", _NEW["deliverables"][1])

    slot = contest.round.deliverables[-1]
    assert (slot.key, slot.kinds, slot.required, slot.max_bytes, slot.max_files, slot.hint) == (
        "widgets", ["svg", "zip"], False, 5_000_000_000, 100, {"en": "Two.", "ja": "二つ。"},
    )
    assert "SVG, ZIP; up to 100 files, 5.0 GB; optional" in page.text()


@pytest.mark.parametrize(
    ("part", "values", "problems"),
    [
        ("categories", {"name_en": ""}, ["The English text is missing."]),
        ("categories", {"name_en": "App"}, ["This name is in use already."]),
        ("prizes", {"quantity": "0"}, ["Enter a whole number from 1 to 100."]),
        ("deliverables", {"kinds": None}, ["Choose at least one type of file."]),
        ("deliverables", {"kinds": ["exe"]}, ["'exe' is not a valid choice for this field."]),
        ("deliverables", {"max_megabytes": "5001", "max_files": "101"}, [
            "Enter a whole number from 1 to 5,000.", "Enter a whole number from 1 to 100.",
        ]),
    ],
)
def test_a_refused_thing_is_kept_in_the_form(
    pages: Pages, session: Session, contest: Contest, part: str, values: dict[str, Any], problems: list[str]
) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(_at(contest, f"/{part}/new")), "Save", {**_NEW[part][1], "name_ja": "残る", **values}, status=422
    )

    assert page.problems == problems
    assert _value(page, "name_ja") == "残る"


@pytest.mark.parametrize("part", PARTS)
def test_a_stale_thing_shows_both_values(pages: Pages, session: Session, contest: Contest, part: str) -> None:
    from contest.services import setup

    organiser = _organiser(pages, session, contest)
    url = _at(contest, f"/{part}/{setup.things(contest, part)[0].id}")
    form = organiser.get(url)
    organiser.submit(organiser.get(url), "Save", {"name_en": "Theirs"})

    refused = organiser.submit(form, "Save", {"name_en": "Mine"}, status=409)

    assert (_value(refused, "name_en"), _meanwhile(refused)) == ("Mine", {"Name in English": "Theirs"})
    organiser.submit(refused, "Save")
    session.expire_all()
    assert setup.things(contest, part)[0].name["en"] == "Mine"


def test_an_older_form_may_add_because_it_overwrites_nothing(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    form = organiser.get(_at(contest, "/categories/new"))
    organiser.submit(organiser.get(_at(contest, "/texts")), "Save", {"title_en": "Theirs"})

    organiser.submit(form, "Save", {"name_en": "Widgets"})

    assert [category.key for category in contest.categories] == ["app", "web", "widgets"]


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_of_an_open_contest_are_shown_with_the_reason_why_they_stay(
    pages: Pages, session: Session, make: Make, part: str
) -> None:
    from contest.services import setup

    contest = make.contest("open")
    organiser = _organiser(pages, session, contest)
    thing = setup.things(contest, part)[0]

    for path in (f"/{part}", f"/{part}/{thing.id}"):
        page = organiser.get(_at(contest, path))
        assert "Entrants already work on what was announced" in page.text()
        assert {"Save", "Remove it", "Move down"}.isdisjoint(_buttons(page))
    organiser.post(_at(contest, f"/{part}/{thing.id}/remove"), status=403)
    organiser.post(_at(contest, f"/{part}/{thing.id}/move"), {"direction": "down"}, status=403)
    organiser.post(_at(contest, f"/{part}/new"), {**_NEW[part][1], "required": "", "version": "1"}, status=403)


@pytest.mark.parametrize("part", [*PARTS, "rubric"])
def test_a_thing_of_another_contest_is_not_found(pages: Pages, session: Session, make: Make, contest: Contest, part: str) -> None:
    from contest.services import setup

    foreign = setup.things(make.contest("draft"), part)[0]
    organiser = _organiser(pages, session, contest)

    organiser.get(_at(contest, f"/{part}/{foreign.id}"), 404)
    organiser.post(_at(contest, f"/{part}/{foreign.id}/move"), status=404)
    organiser.post(_at(contest, f"/{part}/{foreign.id}/remove"), status=404)


# Rubric ------------------------------------------------------------------------------------------

_LEVELS = {f"level_{n}_{lang}": f"{n} {lang}" for n in range(1, 6) for lang in ("en", "ja")}


def test_a_criterion_is_added(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(organiser.get(_at(contest, "/rubric")).link("Add a criterion")), "Save",
        {"name_en": "Legible", "name_ja": "読みやすさ", "question_en": "Read it?", "weight": "33.3", **_LEVELS},
    )

    made = contest.round.criteria[-1]
    assert (made.key, made.name, made.question, made.weight, made.points) == (
        "legible", {"en": "Legible", "ja": "読みやすさ"}, {"en": "Read it?"}, 333, 5,
    )
    assert made.levels == [{"en": f"{n} en", "ja": f"{n} ja"} for n in range(1, 6)]
    assert "133.3 %" in page.text() and "they must make 100." in page.text()


def test_another_number_of_levels_keeps_what_was_typed(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    page = organiser.get(_at(contest, "/rubric/new"))

    more = organiser.submit(page, "Set the number of levels", {**_LEVELS, "name_en": "Half", "points": "7"}, status=200)
    fewer = organiser.submit(more, "Set the number of levels", {"level_7_en": "seven", "points": "3"}, status=200)
    back = organiser.submit(fewer, "Set the number of levels", {"points": "8"}, status=200)

    assert (_value(more, "name_en"), _value(more, "level_5_ja"), _value(more, "level_7_en")) == ("Half", "5 ja", "")
    assert "level_4_en" not in {c.get("name") for c in fewer.all("textarea")}
    assert (_value(back, "level_4_en"), _value(back, "level_7_en"), _value(back, "level_8_en")) == ("4 en", "seven", "")
    assert len(contest.round.criteria) == 3
    wrong = organiser.submit(back, "Set the number of levels", {"points": "11"}, status=422)
    assert (wrong.problems, _value(wrong, "level_5_ja")) == (["Enter a whole number from 3 to 10."], "5 ja")


def test_fewer_levels_are_saved_without_the_rest(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    criterion = contest.round.criteria[0]

    organiser.submit(organiser.get(_at(contest, f"/rubric/{criterion.id}")), "Save", {"points": "3"})

    assert (criterion.points, criterion.levels) == (3, [both("Level 1"), both("Level 2"), both("Level 3")])


@pytest.mark.parametrize("typed", ["", "0", "100.1", "33.33", "much", "NaN", "1e400", "-5"])
def test_a_weight_that_is_none_is_refused_and_kept(pages: Pages, session: Session, contest: Contest, typed: str) -> None:
    organiser = _organiser(pages, session, contest)
    url = _at(contest, f"/rubric/{contest.round.criteria[0].id}")

    page = organiser.submit(organiser.get(url), "Save", {"weight": typed}, status=422)

    assert page.problems == ["Enter a percentage from 0.1 to 100 with at most one decimal, for example 33.3."]
    assert _value(page, "weight") == typed
    assert contest.round.criteria[0].weight == 500


@pytest.mark.parametrize(("typed", "stored"), [("35", 350), ("0.1", 1), ("100", 1000), ("12,5 %", 125), ("３３.３", 333)])
def test_weights_as_people_type_them(pages: Pages, session: Session, contest: Contest, typed: str, stored: int) -> None:
    organiser = _organiser(pages, session, contest)
    url = _at(contest, f"/rubric/{contest.round.criteria[0].id}")

    organiser.submit(organiser.get(url), "Save", {"weight": typed})

    assert contest.round.criteria[0].weight == stored


def test_all_weights_at_once(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("announced")
    organiser = _organiser(pages, session, contest)
    names = [f"weight_{criterion.id.hex}" for criterion in contest.round.criteria]
    page = organiser.get(_at(contest, "/rubric"))

    refused = organiser.submit(page, "Save the weights", dict(zip(names, ("40", "40", "40"), strict=True)), status=422)
    assert refused.problems == ["The weights must add up to 100 %; now they are 120 %."]
    assert [_value(refused, name) for name in names] == ["40", "40", "40"]
    organiser.submit(refused, "Save the weights", {names[2]: "20"})
    stale = organiser.submit(page, "Save the weights", dict(zip(names, ("60", "20", "20"), strict=True)), status=409)

    assert [criterion.weight for criterion in contest.round.criteria] == [400, 400, 200]
    assert _meanwhile(stale) == {"Weight of Clarity in percent": "40 %", "Weight of Fit in percent": "40 %"}


def test_a_frozen_rubric_says_why_and_stays(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    contest.round.rubric_frozen_at = datetime.now(UTC)
    organiser = _organiser(pages, session, contest)
    criterion = contest.round.criteria[0]

    for path in ("/rubric", f"/rubric/{criterion.id}"):
        page = organiser.get(_at(contest, path))
        assert "A judge has begun to score with this rubric" in page.text()
        assert {"Save", "Save the weights", "Remove it"}.isdisjoint(_buttons(page))
    organiser.post(_at(contest, f"/rubric/{criterion.id}"), {
        "version": str(contest.version), "name_en": "x", "name_ja": "y", "weight": "50", "points": "5", **_LEVELS,
    }, status=403)
    organiser.post(_at(contest, f"/rubric/{criterion.id}/remove"), status=403)
    assert criterion.name == both("Clarity")


def test_judges_per_entry(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    organiser = _organiser(pages, session, contest)
    page = organiser.get(_at(contest, "/rubric"))

    refused = organiser.submit(page, "Save the number", {"judges_per_entry": "51"}, status=422)
    organiser.submit(refused, "Save the number", {"judges_per_entry": "4"})
    stale = organiser.submit(page, "Save the number", {"judges_per_entry": "5"}, status=409)

    assert (refused.problems, _value(refused, "judges_per_entry")) == (["Enter a whole number from 1 to 50."], "51")
    assert (_value(stale, "judges_per_entry"), _meanwhile(stale)) == ("5", {"Judges for each entry": "4"})
    assert contest.round.judges_per_entry == 4
    make.open_round(contest)
    assert "Judging has been opened already." in organiser.get(_at(contest, "/rubric")).text()


# Overview and announcing -------------------------------------------------------------------------


def test_the_overview_names_the_next_thing(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    ready = organiser.get(_at(contest))
    contest.contact = ""
    missing = organiser.get(_at(contest))

    assert "Everything is ready. Announce the contest." in ready.text()
    assert ready.link("Announce the contest").endswith(f"/manage/{contest.slug}/announce")
    assert "Complete the contest, then announce it." in missing.text()
    assert "Contact: Fill this in." in missing.text()
    assert missing.link("Go on with the checklist").endswith("/texts")


def test_announcing_makes_the_contest_public(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    public = f"/en/contests/{contest.slug}"
    pages.get(public, 404)

    page = organiser.submit(organiser.get(_at(contest, "/announce")), "Announce it now")

    assert "The contest is announced. Everybody can see it now." in page.text()
    pages.get(public)
    [facts] = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "contest.announced"))
    assert re.fullmatch(r"[0-9a-f]{64}", facts["seed_digest"])


def test_announcing_lists_everything_that_is_missing(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("draft", opens_at=datetime(2020, 1, 1, tzinfo=UTC), closes_at=datetime(2020, 2, 1, tzinfo=UTC))
    contest.contact = ""
    contest.round.criteria[0].weight = 400
    contest.prizes[1].name = {"en": "Second"}
    organiser = _organiser(pages, session, contest)
    expected = [
        "Texts: Contact: Fill this in.", "Dates: Closing: This time has passed. Choose a later one.",
        "Rubric: The weights must add up to 100 %; now they are 90 %.", "Prizes: Second: The Japanese text is missing.",
    ]

    asked = organiser.get(_at(contest, "/announce"))
    refused = organiser.post(_at(contest, "/announce"), status=422)

    assert asked.problems == refused.problems == expected
    assert "Announce it now" not in _buttons(asked)
    session.expire_all()
    assert contest.announced_at is None


def test_the_seed_of_the_draw_is_committed_before_and_told_after(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    organiser = _organiser(pages, session, contest)
    organiser.submit(organiser.get(_at(contest, "/announce")), "Announce it now")
    contest.round.judges_per_entry = 1
    make.member(contest, Role.JUDGE)
    make.entry(contest, files=0)
    organiser.submit(organiser.get(_at(contest, "/assignments")), "Assign what is missing")

    facts = dict(session.execute(
        select(AuditEvent.act, AuditEvent.facts).where(AuditEvent.act.in_(["contest.announced", "assignment.made"]))
    ).all())  # type: ignore[arg-type]
    assert hashlib.sha256(facts["assignment.made"]["seed"].encode()).hexdigest() == facts["contest.announced"]["seed_digest"]


# People ------------------------------------------------------------------------------------------


def test_people_are_invited(pages: Pages, session: Session, contest: Contest, run_jobs: Callable[[], list[str]]) -> None:
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(
        organiser.get(_at(contest, "/people")), "Send the invitation",
        {"email": "kai@example.org", "name": "Kai", "role": "judge", "locale": "ja"},
    )

    made = session.scalars(select(Invitation)).one()
    assert (made.email, made.name, made.role, made.locale, made.contest_id) == (
        "kai@example.org", "Kai", "judge", "ja", contest.id,
    )
    assert "kai@example.org" in page.text() and "Not answered yet" in page.text()
    assert run_jobs().count("send_invitation") == 1


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"email": "nobody"}, "Enter an address such as name@example.org."),
        ({"email": ""}, "Fill this in."),
        ({"email": "there@example.org"}, "This person has that role already."),
        ({"email": "twice@example.org"}, "This person has been invited already. Withdraw that invitation to send a new one."),
        ({"email": "a@example.org", "role": "admin"}, "Not a valid choice."),
    ],
)
def test_a_refused_invitation_is_kept_in_the_form(
    pages: Pages, session: Session, make: Make, contest: Contest, values: dict[str, str], problem: str
) -> None:
    make.member(contest, Role.JUDGE, make.account(email="there@example.org"))
    organiser = _organiser(pages, session, contest)
    organiser.submit(organiser.get(_at(contest, "/people")), "Send the invitation", {"email": "twice@example.org", "role": "judge"})

    page = organiser.submit(
        organiser.get(_at(contest, "/people")), "Send the invitation", {"role": "judge", "name": "Kept", **values}, status=422
    )

    assert page.problems == [problem]
    assert (_value(page, "email"), _value(page, "name")) == (values["email"], "Kept")
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1


def test_an_invitation_is_sent_again_and_withdrawn(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = _organiser(pages, session, contest)
    page = organiser.submit(organiser.get(_at(contest, "/people")), "Send the invitation", {"email": "k@example.org", "role": "chair"})

    page = organiser.submit(page, "Send again k@example.org")
    assert "on its way again" in page.text()
    page = organiser.submit(page, "Withdraw k@example.org")

    assert "Withdrawn" in page.text()
    assert "Send again k@example.org" not in _buttons(page)
    assert session.scalar(select(func.count()).where(OutboxItem.job == "send_invitation")) == 2


def test_roles_are_taken_back_but_never_the_last_organisers(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    owner = session.get_one(Account, contest.created_by)
    judge = make.member(contest, Role.JUDGE, make.account("Kai"))
    organiser = _organiser(pages, session, contest)
    page = organiser.get(_at(contest, "/people"))

    refused = organiser.submit(page, f"Take the role back {owner.name}, Organiser", status=403)
    page = organiser.submit(page, "Take the role back Kai, Judge")

    assert "A contest always has an organiser." in refused.text()
    assert "The role is taken back: Judge." in page.text()
    live = session.scalars(select(Membership.account_id).where(Membership.removed_at.is_(None)))
    assert judge.id not in set(live)
    organiser.post(_at(contest, "/people/remove"), {"account_id": str(judge.id), "role": "judge"}, status=404)
    organiser.post(_at(contest, "/people/remove"), {"account_id": "x", "role": "judge"}, status=404)
    organiser.post(_at(contest, "/people/remove"), {"account_id": str(judge.id), "role": "king"}, status=404)


def test_a_removed_organiser_is_out_at_the_next_request(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    other = make.member(contest, Role.ORGANISER, make.account("Lee"))
    removed, organiser = pages.as_(other), _organiser(pages, session, contest)
    removed.get(_at(contest))

    organiser.submit(organiser.get(_at(contest, "/people")), "Take the role back Lee, Organiser")

    removed.get(_at(contest), 404)


# Assignments, progress, entries ------------------------------------------------------------------


def _judging(make: Make, entries: int = 2, judges: int = 2, need: int = 2) -> tuple[Contest, list[Entry], list[Account]]:
    contest = make.contest("judging", judges_per_entry=need)
    people = [make.member(contest, Role.JUDGE, make.account(f"Judge {n}")) for n in range(judges)]
    return contest, [make.entry(contest, title=f"Work {n}") for n in range(entries)], people


def test_the_draw_fills_the_matrix(pages: Pages, session: Session, make: Make) -> None:
    contest, entries, _ = _judging(make, entries=3)
    organiser = _organiser(pages, session, contest)
    page = organiser.get(_at(contest, "/assignments"))
    assert "3 of 3 entries have too few judges." in page.text()

    page = organiser.submit(page, "Assign what is missing")
    again = organiser.submit(page, "Assign what is missing")

    assert "6 assignments are made." in page.text() and "Every entry has its 2 judges." in page.text()
    assert "Nothing was missing." in again.text()
    assert session.scalar(select(func.count()).select_from(Assignment)) == 6
    assert page.link(f"{entries[0].number:04d}").endswith(f"/entries/{entries[0].number}")


def test_the_draw_needs_enough_judges(pages: Pages, session: Session, make: Make) -> None:
    contest, _, _ = _judging(make, judges=1)
    organiser = _organiser(pages, session, contest)

    page = organiser.submit(organiser.get(_at(contest, "/assignments")), "Assign what is missing", status=422)

    assert page.problems == ["There are fewer judges than each entry needs. Invite judges"]


def test_many_judges_are_told_by_name(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry], judges = _judging(make, entries=1, judges=12, need=1)
    make.assignment(entry, judges[3])

    page = _organiser(pages, session, contest).get(_at(contest, "/assignments"))

    assert "Judge 3: Not started" in page.text()


def test_one_judge_is_given_and_taken_back_on_the_entrys_page(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], [first, second] = _judging(make)
    organiser = _organiser(pages, session, contest)
    url = _at(contest, f"/entries/{entry.number}")

    page = organiser.submit(organiser.get(url), "Assign", {"judge_id": str(second.id)})
    assert "The judge has this entry now." in page.text()
    offered = [o.get("value") for s in page.all("select") if s.get("name") == "judge_id" for o in s.iter("option")]
    assert offered == [str(first.id)]
    page = organiser.submit(page, "Take back Judge 1")

    assert "The assignment is taken back." in page.text()
    assert "Nobody judges this entry yet." in page.text()
    organiser.post(f"{url}/judges", {"judge_id": str(make.account().id)}, status=404)
    organiser.post(f"{url}/judges", {"judge_id": "x"}, status=404)


def test_a_conflict_of_interest_is_told(pages: Pages, session: Session, make: Make) -> None:
    contest, _, [judge, _] = _judging(make)
    own = make.entry(contest, judge)

    page = _organiser(pages, session, contest).post(
        _at(contest, f"/entries/{own.number}/judges"), {"judge_id": str(judge.id)}, follow=True
    )

    assert "This judge made that entry." in page.text()


def test_judging_is_opened_watched_closed_and_reopened(pages: Pages, session: Session, make: Make) -> None:
    contest, entries, judges = _judging(make, need=1)
    organiser = _organiser(pages, session, contest)
    organiser.post(_at(contest, "/judging/open"), status=403)
    rows = [make.assignment(entry, judges[0]) for entry in entries]
    planned = organiser.get(_at(contest, "/progress"))

    opened = organiser.submit(planned, "Open judging")
    make.scorecard(rows[0], [5, 5, 5])
    make.scorecard(rows[1], [4, None, None], state="draft")
    half = organiser.get(_at(contest, "/progress"))
    closed = organiser.submit(half, "Close judging")
    reopened = organiser.submit(closed, "Reopen judging")

    assert planned.h1 == "Judging has not begun"
    assert (opened.h1, "Judging is open. Each judge gets a mail." in opened.text()) == ("0 of 2 scorecards are in", True)
    assert (half.h1, "Closing now counts only what is submitted." in half.text()) == ("1 of 2 scorecards are in", True)
    cells = [half.text(cell) for cell in half.all("td")]
    assert {"Submitted", "Draft", "1 of 2", "Under way", "Nothing assigned"} <= set(cells)
    assert "Judging has closed." in closed.text()
    assert "Judging is open again." in reopened.text()


def test_progress_tells_neither_scores_nor_notes(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], [judge, _] = _judging(make)
    make.open_round(contest)
    card = make.scorecard(make.assignment(entry, judge), [5, 4, 3], total=4242)
    card.note, card.comment = "A private thought.", "A word to the entrant."
    organiser = _organiser(pages, session, contest)

    for path in ("/progress", "/assignments", f"/entries/{entry.number}"):
        html = organiser.get(_at(contest, path)).html
        assert "Submitted" in html
        assert not [word for word in ("A private thought.", "A word to the entrant.", "4242") if word in html]


def test_the_entries_are_listed_by_state_in_the_contests_zone(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    sealed, draft = make.entry(contest, title="Tide <i>line</i>"), make.entry(contest, state="draft", title="Not yet")
    local = sealed.revisions[0].sealed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    organiser = _organiser(pages, session, contest)

    page = organiser.get(_at(contest, "/entries"))
    drafts = organiser.get(_at(contest, "/entries?state=draft"))
    odd = organiser.get(_at(contest, "/entries?state=odd&page=0"))

    assert "Tide <i>line</i>" in page.text() and sealed.account.name in page.text()
    assert "Sealed, Tokyo time" in page.text()
    assert f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S}" in page.text()
    assert (f"{draft.number:04d}" in drafts.text(), f"{sealed.number:04d}" in drafts.text()) == (True, False)
    assert f"{sealed.number:04d}" in odd.text()


def test_long_lists_have_pages(pages: Pages, session: Session, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from contest.services import admissions, progress

    monkeypatch.setattr(admissions, "PAGE", 2)
    monkeypatch.setattr(progress, "PAGE", 2)
    contest, entries, _ = _judging(make, entries=3)
    organiser = _organiser(pages, session, contest)

    for path in ("/entries", "/assignments", "/progress"):
        first = organiser.get(_at(contest, path))
        second = organiser.get(first.link("Next"))
        assert ("1 to 2 of 3" in first.text(), "3 to 3 of 3" in second.text()) == (True, True)
        assert second.link("Back").endswith("page=1")
        assert [entry.title for entry in entries if entry.title in first.text()] == ["Work 0", "Work 1"]


def test_an_entry_shows_its_revisions_and_files(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    entry = make.entry(contest, credit="Studio <b>")
    make.file(entry, "document", kind="pdf", name="plan.pdf", preview_state="failed", preview_reason="timeout", previews=False)
    make.revision(entry, 2)
    organiser = _organiser(pages, session, contest)

    page = organiser.get(_at(contest, f"/entries/{entry.number}"))

    assert page.h1 == entry.title
    for words in (
        entry.account.email, "Studio <b>", "Revision 2", "Revision 1", "plan.pdf",
        "The preview took too long to make. Simplify the file or add a PNG of it.",
    ):
        assert words in page.text()
    url, _ = page.form("Download plan.pdf, revision 2")
    assert re.fullmatch(r"/files/[0-9a-f-]{36}/original", url)
    organiser.get(_at(contest, "/entries/2147483647"), 404)
    organiser.get(_at(contest, "/entries/99999999999999999999"), 404)


def test_an_entry_is_taken_out_and_back_in(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], _ = _judging(make)
    organiser = _organiser(pages, session, contest)
    page = organiser.get(_at(contest, f"/entries/{entry.number}"))

    refused = organiser.submit(page, "Disqualify the entry", {"reason": ""}, status=422)
    long = organiser.submit(page, "Disqualify the entry", {"reason": "x" * 1001}, status=422)
    out = organiser.submit(page, "Disqualify the entry", {"reason": "Copied <from> another."})
    assert entry.state == "disqualified"
    back = organiser.submit(out, "Take the entry back into the contest")

    assert refused.problems == ["Fill this in."]
    assert _value(long, "reason") == "x" * 1001
    assert "Out of the contest: Copied <from> another." in out.text()
    assert ("Out of the contest" in back.text(), entry.state) == (False, "submitted")


# Audit log and mail ------------------------------------------------------------------------------


def test_the_log_is_told_in_words(pages: Pages, session: Session, make: Make) -> None:
    contest, other = make.contest("draft"), make.contest("draft")
    organiser, elsewhere = _organiser(pages, session, contest), _organiser(pages, session, other)
    owner = session.get_one(Account, contest.created_by)
    organiser.submit(organiser.get(_at(contest, "/dates")), "Save", {"closes_at": "2030-11-30T23:59:59"})
    organiser.submit(organiser.get(_at(contest, "/people")), "Send the invitation", {"email": "k@example.org", "role": "judge"})
    elsewhere.submit(elsewhere.get(_at(other, "/terms")), "Save", {"text_en": "Foreign."})

    page = organiser.get(_at(contest, "/audit"))
    some = organiser.get(_at(contest, "/audit?group=invitation"))

    text = page.text()
    assert owner.name in text and "moved the dates" in text and "invited a person" in text
    assert "→ Sat 30 Nov 2030 23:59:59, Tokyo (UTC+09:00)" in text
    assert "changed the terms" not in text
    assert "Nothing is sealed yet." in text
    assert ("invited a person" in some.text(), "moved the dates" in some.text()) == (True, False)


def test_the_log_shows_its_seal_and_goes_back_in_time(
    pages: Pages, session: Session, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contest.services import history

    monkeypatch.setattr(history, "PAGE", 2)
    contest = make.contest("draft")
    actor = make.actor(session.get_one(Account, contest.created_by))
    for number in range(3):
        audit.record(session, actor, "contest.changed", contest, number=1000 + number)
    session.flush()
    seal = audit.seal(session, settle=timedelta(0))
    assert seal is not None
    organiser = _organiser(pages, session, contest)

    first = organiser.get(_at(contest, "/audit"))
    older = organiser.get(first.link("Older events"))

    assert seal.digest in first.text().replace(" ", "")
    assert ("1002" in first.text(), "1001" in first.text(), "1000" in older.text()) == (True, True, True)
    assert "Sealed" in first.text()
    for odd in ("before=x", "before=-5", f"before={10**30}", "group=nothing", "group=account"):
        organiser.get(_at(contest, f"/audit?{odd}"))


def test_caught_mail_is_shown_where_mail_is_caught(app: Flask, pages: Pages, session: Session, settings: Settings) -> None:
    mail.queue(
        session, "code", key="k", address="a@example.org", locale="en", code="1234 5678", purpose="sign_in", minutes=10,
        site="http://localhost:5000/?a=1&b=<i>",
    )

    page = pages.get("/mail")
    assert "1234 5678" in page.text() and "To a@example.org" in page.text() and "<i>" in page.text()
    for env in ("production", "development"):
        app.extensions["contest.settings"] = settings.model_copy(update={"contest_env": env})
        try:
            pages.get("/mail", 404)
        finally:
            app.extensions["contest.settings"] = settings
