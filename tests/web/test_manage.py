"""The organiser's room: who gets in, every page, the desk, announcing, people, the log and mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from contest import audit, mail
from contest.models import Account, AuditEvent, Contest, Entry, Invitation, MailMessage, Membership, OutboxItem
from contest.services import letters
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.web.room import PARTS, at, buttons, organiser_of, typed

SETUP = ("texts", "dates", "terms", "rubric", *PARTS)
ROOM = ("", "/people", "/entries", "/assignments", "/progress", "/audit", "/announce", *(f"/{part}" for part in SETUP))


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("draft")


# Every page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["draft", "announced", "open", "grace", "judging", "cancelled"])
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
        f"/rubric/{contest.round.criteria[0].id}",
        f"/categories/{contest.categories[0].id}",
        f"/deliverables/{contest.round.deliverables[0].id}",
        f"/prizes/{contest.prizes[0].id}",
        "/rubric/new",
        *(f"/{part}/new" for part in PARTS),
        f"/entries/{entry.number}",
    ]

    for path in (*ROOM, *things):
        page = organiser.get(at(contest, path))
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
        offered = set(buttons(reader.get(at(contest, path))))
        assert {words for words in offered if not any(words.startswith(known) for known in common)} == set()
    reader.post(at(contest, "/assignments"), status=403)
    reader.post(at(contest, f"/entries/{entry.number}/disqualify"), {"reason": "x"}, status=403)
    reader.post(at(contest, "/judging/open"), status=403)


def _routes(app: Flask, contest: Contest, entry: Entry) -> Iterator[tuple[str, str]]:
    """Method and address of every route of the room, with things that exist in `contest`."""
    values = {
        "slug": contest.slug,
        "number": entry.number,
        "part": "prizes",
        "item_id": contest.prizes[0].id,
        "criterion_id": contest.round.criteria[0].id,
        "side": "this",
    }
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("manage.") and "slug" in rule.arguments:
            given = {name: values.get(name, contest.id) for name in rule.arguments}
            built = rule.build(given)
            assert built is not None
            for method in (rule.methods or set()) & {"GET", "POST"}:
                yield method, built[1]


@pytest.mark.parametrize("visitor", ["organiser elsewhere", "judge", "stranger"])
def test_nobody_else_knows_of_the_room(app: Flask, pages: Pages, session: Session, make: Make, visitor: str) -> None:
    contest, other = make.contest("judging"), make.contest("judging")
    entry = make.entry(contest, files=0)
    account = {
        "organiser elsewhere": session.get_one(Account, other.created_by),
        "judge": make.member(contest, Role.JUDGE),
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
        # Numbers of requests, tokens and the seconds that the session has left differ each time.
        differs = r"[0-9A-F]{12}|value=\"[^\"]*\"|data-(left|most)=\"\d+\""
        plain, known = (re.sub(differs, "", each.get_data(as_text=True)) for each in (response, nowhere))
        assert plain == known


def test_visitors_are_sent_to_sign_in(app: Flask, pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest, files=0)
    token = pages.token()

    for method, url in [
        *_routes(app, contest, entry),
        ("GET", "/desk"),
        ("GET", "/manage/new"),
        ("POST", "/manage/new"),
    ]:
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
            session.add(
                Invitation(
                    contest_id=contest.id,
                    role="judge",
                    email=f"i{size}{_}@example.org",
                    email_key=f"i{size}{_}@example.org",
                    invited_by=account.id,
                    expires_at=datetime.now(UTC) + timedelta(days=1),
                )
            )
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
        for path in (*(at(contest, path) for path in ROOM), at(contest, f"/entries/{entries[0].number}"), "/desk"):
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
        staff.get("/manage/new"),
        "Create the contest",
        {
            "slug": "ferry-app",
            "title_en": "Ferry <b>app</b>",
            "title_ja": "渡し船",
            "default_locale": "ja",
            "zone": "Asia/Tokyo",
        },
    )

    made = session.scalars(select(Contest)).one()
    assert (made.slug, made.title, made.default_locale, made.zone, made.created_by) == (
        "ferry-app",
        {"en": "Ferry <b>app</b>", "ja": "渡し船"},
        "ja",
        "Asia/Tokyo",
        account.id,
    )
    assert (page.h1, page.url) == ("Ferry <b>app</b>", "/manage/ferry-app")
    assert "Nobody but you can see it yet." in page.text()


def test_a_new_contest_begins_in_the_zone_of_who_creates_it(pages: Pages, make: Make) -> None:
    staff = pages.as_(make.account(is_staff=True, zone="Asia/Calcutta"))

    unset = pages.as_(make.account(is_staff=True, zone="UTC"))

    begun = staff.get("/manage/new")

    assert typed(begun, "zone") == "Asia/Kolkata"
    # Who never chose one gets the browser's, if a script can tell it.
    marked = [page.by_id("zone").get("data-own-zone") for page in (begun, unset.get("/manage/new"))]
    assert marked == [None, ""]


def test_a_refused_creation_keeps_what_was_typed(pages: Pages, session: Session, make: Make) -> None:
    make.contest("draft", slug="taken")
    staff = pages.as_(make.account(is_staff=True))

    page = staff.submit(
        staff.get("/manage/new"),
        "Create the contest",
        {"slug": "taken", "title_en": "My title", "zone": "Africa/Lagos"},
        status=422,
    )

    assert page.problems == ["Another contest uses this address. Choose another."]
    assert [typed(page, name) for name in ("slug", "title_en", "zone")] == ["taken", "My title", "Africa/Lagos"]
    assert session.scalar(select(func.count()).select_from(Contest)) == 1


def test_others_cannot_create(pages: Pages, session: Session, make: Make) -> None:
    visitor = pages.as_(make.account())

    visitor.get("/manage/new", 403)
    visitor.post("/manage/new", {"slug": "mine", "title_en": "x", "default_locale": "en", "zone": "UTC"}, status=403)

    assert session.scalar(select(func.count()).select_from(Contest)) == 0


# Overview and announcing -------------------------------------------------------------------------


def test_the_overview_names_the_next_thing(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    ready = organiser.get(at(contest))
    contest.contact = ""
    missing = organiser.get(at(contest))

    assert "Everything is ready. Announce the contest." in ready.text()
    assert ready.link("Announce the contest").endswith(f"/manage/{contest.slug}/announce")
    assert "Complete the contest, then announce it." in missing.text()
    assert "Contact: Fill this in." in missing.text()
    assert missing.link("Go on with the checklist").endswith("/texts")


def test_announcing_makes_the_contest_public(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    public = f"/en/contests/{contest.slug}"
    pages.get(public, 404)

    page = organiser.submit(organiser.get(at(contest, "/announce")), "Announce it now")

    assert "The contest is announced. Everybody can see it now." in page.text()
    pages.get(public)
    [facts] = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "contest.announced"))
    assert re.fullmatch(r"[0-9a-f]{64}", facts["seed_digest"])


def test_an_opening_in_the_past_is_told_before_the_contest_is_announced(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    begun = make.contest("draft", opens_at=datetime(2020, 1, 1, tzinfo=UTC))
    said = "This is in the past: entries may come in as soon as you announce the contest."

    pages_of = (organiser_of(pages, session, each).get(at(each, "/announce")) for each in (begun, contest))

    assert [said in page.text() for page in pages_of] == [True, False]


def test_announcing_lists_everything_that_is_missing(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest(
        "draft", opens_at=datetime(2020, 1, 1, tzinfo=UTC), closes_at=datetime(2020, 2, 1, tzinfo=UTC)
    )
    contest.contact = ""
    contest.round.criteria[0].weight = 400
    contest.prizes[1].name = {"en": "Second"}
    organiser = organiser_of(pages, session, contest)
    expected = [
        "Texts: Contact: Fill this in.",
        "Dates: Closing: This time has passed. Choose a later one.",
        "Rubric: The weights must add up to 100 %; now they are 90 %.",
        "Prizes: Second: The Japanese text is missing.",
    ]

    asked = organiser.get(at(contest, "/announce"))
    refused = organiser.post(at(contest, "/announce"), status=422)

    assert asked.problems == refused.problems == expected
    assert "Announce it now" not in buttons(asked)
    # What the overview calls done is what announcing takes, and each page of the parts names the next one.
    assert organiser.get(at(contest)).text().count("To do") == 4
    texts = organiser.get(at(contest, "/texts"))
    assert "Checklist: 3 of 7 done. Next: Dates" in texts.text()
    assert texts.link("Dates").endswith("/dates")
    session.expire_all()
    assert contest.announced_at is None


def test_the_seed_of_the_draw_is_committed_before_and_told_after(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    organiser = organiser_of(pages, session, contest)
    organiser.submit(organiser.get(at(contest, "/announce")), "Announce it now")
    contest.round.judges_per_entry = 1
    make.member(contest, Role.JUDGE)
    make.entry(contest, files=0)
    organiser.submit(organiser.get(at(contest, "/assignments")), "Assign what is missing")

    facts = dict(
        session.execute(
            select(AuditEvent.act, AuditEvent.facts).where(AuditEvent.act.in_(["contest.announced", "assignment.made"]))
        ).all()
    )  # type: ignore[arg-type]
    assert (
        hashlib.sha256(facts["assignment.made"]["seed"].encode()).hexdigest()
        == facts["contest.announced"]["seed_digest"]
    )


# People ------------------------------------------------------------------------------------------


def test_people_are_invited(
    pages: Pages, session: Session, contest: Contest, run_jobs: Callable[[], list[str]]
) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(at(contest, "/people")),
        "Send the invitation",
        {"email": "kai@example.org", "name": "Kai", "role": "judge", "locale": "ja"},
    )

    made = session.scalars(select(Invitation)).one()
    assert (made.email, made.name, made.role, made.locale, made.contest_id) == (
        "kai@example.org",
        "Kai",
        "judge",
        "ja",
        contest.id,
    )
    assert "kai@example.org" in page.text() and "Not answered yet" in page.text()
    assert run_jobs().count("send_invitation") == 1


def test_who_is_invited_begins_in_the_zone_of_the_contest(
    pages: Pages, session: Session, make: Make, run_jobs: Callable[[], list[str]]
) -> None:
    """A script puts the browser's own in its place, if it knows it."""
    contest = make.contest("draft", zone="Africa/Lagos")
    organiser = organiser_of(pages, session, contest)
    organiser.submit(organiser.get(at(contest, "/people")), "Send the invitation", {"email": "kai@example.org"})
    run_jobs()
    [path] = re.findall(r"/invitations/\S+", session.scalars(select(MailMessage.text)).one())

    page = pages.as_(None).get(path)

    assert typed(page, "zone") == "Africa/Lagos"
    assert page.by_id("zone").get("data-own-zone") is not None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"email": "nobody"}, "Enter an address such as name@example.org."),
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "there@example.org"}, "This person has that role already."),
        (
            {"email": "twice@example.org"},
            "This person has been invited already. Send that invitation again, or withdraw it first.",
        ),
        ({"email": "a@example.org", "role": "admin"}, "Not a valid choice."),
    ],
)
def test_a_refused_invitation_is_kept_in_the_form(
    pages: Pages, session: Session, make: Make, contest: Contest, values: dict[str, str], problem: str
) -> None:
    make.member(contest, Role.JUDGE, make.account(email="there@example.org"))
    organiser = organiser_of(pages, session, contest)
    organiser.submit(
        organiser.get(at(contest, "/people")), "Send the invitation", {"email": "twice@example.org", "role": "judge"}
    )

    page = organiser.submit(
        organiser.get(at(contest, "/people")),
        "Send the invitation",
        {"role": "judge", "name": "Kept", **values},
        status=422,
    )

    assert page.problems == [problem]
    assert (typed(page, "email"), typed(page, "name")) == (values["email"], "Kept")
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1


def test_an_invitation_is_sent_again_and_withdrawn(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    page = organiser.submit(
        organiser.get(at(contest, "/people")), "Send the invitation", {"email": "k@example.org", "role": "chair"}
    )

    page = organiser.submit(page, "Send again k@example.org")
    assert "on its way again" in page.text()
    page = organiser.submit(page, "Withdraw k@example.org")

    assert "Withdrawn" in page.text()
    assert "Send again k@example.org" not in buttons(page)
    assert session.scalar(select(func.count()).where(OutboxItem.job == "send_invitation")) == 2


def test_roles_are_taken_back_but_never_the_last_organisers(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    owner = session.get_one(Account, contest.created_by)
    judge = make.member(contest, Role.JUDGE, make.account("Kai"))
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/people"))

    refused = organiser.submit(page, f"Take the role back {owner.name}, Organiser", status=403)
    page = organiser.submit(page, "Take the role back Kai, Judge")

    assert "A contest always has an organiser." in refused.text()
    assert "The role is taken back: Judge." in page.text()
    live = session.scalars(select(Membership.account_id).where(Membership.removed_at.is_(None)))
    assert judge.id not in set(live)
    organiser.post(at(contest, "/people/remove"), {"account_id": str(judge.id), "role": "judge"}, status=404)
    organiser.post(at(contest, "/people/remove"), {"account_id": "x", "role": "judge"}, status=404)
    organiser.post(at(contest, "/people/remove"), {"account_id": str(judge.id), "role": "king"}, status=404)


def test_a_removed_organiser_is_out_at_the_next_request(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    other = make.member(contest, Role.ORGANISER, make.account("Lee"))
    removed, organiser = pages.as_(other), organiser_of(pages, session, contest)
    removed.get(at(contest))

    organiser.submit(organiser.get(at(contest, "/people")), "Take the role back Lee, Organiser")

    removed.get(at(contest), 404)


# Audit log and mail ------------------------------------------------------------------------------


def test_the_log_is_told_in_words(pages: Pages, session: Session, make: Make) -> None:
    contest, other = make.contest("draft"), make.contest("draft")
    organiser, elsewhere = organiser_of(pages, session, contest), organiser_of(pages, session, other)
    owner = session.get_one(Account, contest.created_by)
    organiser.submit(organiser.get(at(contest, "/dates")), "Save", {"closes_at": "2030-11-30T23:59:59"})
    organiser.submit(
        organiser.get(at(contest, "/people")), "Send the invitation", {"email": "k@example.org", "role": "judge"}
    )
    elsewhere.submit(elsewhere.get(at(other, "/terms")), "Save", {"text_en": "Foreign."})

    page = organiser.get(at(contest, "/audit"))
    some = organiser.get(at(contest, "/audit?group=invitation"))

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
    organiser = organiser_of(pages, session, contest)

    first = organiser.get(at(contest, "/audit"))
    older = organiser.get(first.link("Older events"))

    assert seal.digest in first.text().replace(" ", "")
    assert ("1002" in first.text(), "1001" in first.text(), "1000" in older.text()) == (True, True, True)
    assert "Sealed" in first.text()
    for odd in ("before=x", "before=-5", f"before={10**30}", "group=nothing", "group=account"):
        organiser.get(at(contest, f"/audit?{odd}"))


def test_caught_mail_is_shown_where_mail_is_caught(
    app: Flask, pages: Pages, session: Session, settings: Settings
) -> None:
    for number in range(letters.PER_PAGE + 1):
        mail.queue(
            session,
            settings,
            "invitation",
            key=f"k{number}",
            address=f"a{number:03d}@example.org",
            locale="en",
            name="<i>Ada</i>",
            role="staff",
            contest=None,
            inviter="Ola",
            link="https://contest.example/invitations/abc?a=1&b=2",
            days=14,
        )
        session.commit()

    box = pages.get("/mail")
    shown = re.findall(r"a\d{3}@example\.org", box.text())
    assert shown == [f"a{number:03d}@example.org" for number in range(letters.PER_PAGE, 0, -1)]
    assert "a000@example.org" in pages.get("/mail?page=2").text()
    for odd in ("0", "-1", "x", "9" * 40):
        pages.get(f"/mail?page={odd}")
    letter = pages.get(next(a.get("href") or "" for a in box.all("a") if "/mail/" in (a.get("href") or "")))
    assert letter.h1 == "Invitation to the staff"
    assert "To a040@example.org" in letter.text() and "Dear <i>Ada</i>," in letter.text()
    frame = letter.all("iframe")[0]
    assert "allow-scripts" not in frame.get("sandbox") and "allow-same-origin" not in frame.get("sandbox")
    assert "frame-src 'self'" in letter.response.headers["Content-Security-Policy"]
    rich = pages.open(frame.get("src"))
    policy = rich.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';") and "; sandbox" in policy
    assert "script" not in policy and rich.mimetype == "text/html"
    assert "&lt;i&gt;Ada&lt;/i&gt;" in rich.get_data(as_text=True)
    for env in ("production", "development"):
        app.extensions["contest.settings"] = settings.model_copy(update={"contest_env": env})
        try:
            for url in ("/mail", urlsplit(letter.url).path, frame.get("src")):
                pages.get(url, 404)
        finally:
            app.extensions["contest.settings"] = settings
