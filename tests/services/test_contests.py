"""Contests: who knows of one, creating, wording and dating it, and the desk."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.db import Database
from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest, Terms
from contest.permissions import ANONYMOUS, Actor
from contest.services import contests, rubric, setup
from contest.vocabulary import Role
from tests.factories import Make, both

TOKYO = ZoneInfo("Asia/Tokyo")


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def _events(session: Session, act: str) -> list[dict[str, Any]]:
    session.flush()
    return list(session.scalars(select(AuditEvent.facts).where(AuditEvent.act == act).order_by(AuditEvent.id)))


def _local(moment: datetime | None, zone: str = "Asia/Tokyo") -> datetime:
    """A moment as a form shows it: wall time, whole seconds."""
    assert moment is not None
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)


def _dates(contest: Contest, **changes: Any) -> dict[str, Any]:
    """What the form of the dates would send if nothing but `changes` were typed."""
    return {
        "zone": contest.zone,
        "opens_at": _local(contest.opens_at, contest.zone),
        "closes_at": _local(contest.closes_at, contest.zone),
        "grace_minutes": contest.grace_seconds // 60,
        "due_at": contest.round.due_at and _local(contest.round.due_at, contest.zone),
        "winners_at": contest.winners_at and _local(contest.winners_at, contest.zone),
        **changes,
    }


# Loading and creating ----------------------------------------------------------------------------


def test_a_contest_is_known_to_its_team_before_and_to_all_after_it_is_announced(session: Session, make: Make) -> None:
    hidden, shown = make.contest("draft"), make.contest("announced")
    judge, publisher, admin = (
        make.member(hidden, Role.JUDGE),
        make.member(hidden, Role.PUBLISHER),
        make.account(is_admin=True),
    )

    assert contests.get_public(session, ANONYMOUS, shown.slug) is shown
    assert contests.get_public(session, make.actor(publisher), hidden.slug) is hidden
    assert contests.get_managed(session, make.actor(admin), hidden.slug) is hidden
    for actor in (ANONYMOUS, make.actor(judge), _organiser(session, make, shown)):
        with pytest.raises(NotFound):
            contests.get_public(session, actor, hidden.slug)
    for actor in (ANONYMOUS, make.actor(judge), _organiser(session, make, hidden)):
        with pytest.raises(NotFound):
            contests.get_managed(session, actor, shown.slug)
    with pytest.raises(NotFound):
        contests.get_managed(session, make.actor(admin), "nowhere")


def test_the_creator_becomes_the_organiser_of_a_contest_with_one_final_round(session: Session, make: Make) -> None:
    staff = make.account(is_staff=True)

    made = contests.create(
        session, make.actor(staff), slug="ferry-app", title={"ja": "渡し船"}, default_locale="ja", zone="Africa/Lagos"
    )

    actor = make.actor(staff)
    assert (made.slug, made.title, made.default_locale, made.zone, made.announced_at, made.created_by) == (
        "ferry-app",
        {"ja": "渡し船"},
        "ja",
        "Africa/Lagos",
        None,
        staff.id,
    )
    assert [(r.kind, r.position, r.state, r.name["en"]) for r in made.rounds] == [
        ("final", 1, "planned", "Final round")
    ]
    assert made.terms == []
    assert actor.roles == {made.id: frozenset({Role.ORGANISER})}
    assert _events(session, "contest.created") == [{"slug": "ferry-app", "zone": "Africa/Lagos"}]


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"slug": "Ferry App"}, {"slug": "slug_invalid"}),
        ({"slug": "ab"}, {"slug": "slug_invalid"}),
        ({"slug": "a" * 61}, {"slug": "slug_invalid"}),
        ({"slug": "ferry--app"}, {"slug": "slug_invalid"}),
        ({"slug": "ferry-app\n"}, {"slug": "slug_invalid"}),
        ({"slug": "new"}, {"slug": "slug_taken"}),
        ({"slug": "taken"}, {"slug": "slug_taken"}),
        ({"title": {"ja": "渡し船"}}, {"title_en": "text_missing_en"}),
        ({"default_locale": "fr"}, {"default_locale": "invalid"}),
        ({"zone": "Mars/Olympus"}, {"zone": "zone_unknown"}),
        (
            {"slug": "", "title": {}, "zone": ""},
            {"slug": "slug_invalid", "title_en": "text_missing_en", "zone": "zone_unknown"},
        ),
    ],
)
def test_creating_names_each_problem(
    session: Session, make: Make, values: dict[str, Any], problems: dict[str, str]
) -> None:
    make.contest("draft", slug="taken")
    given: dict[str, Any] = {"slug": "ferry-app", "title": {"en": "Ferry"}, "default_locale": "en", "zone": "UTC"}

    with pytest.raises(Invalid) as error:
        contests.create(session, make.actor(make.account(is_staff=True)), **{**given, **values})

    assert error.value.problems == problems


def test_only_staff_create_contests(session: Session, make: Make) -> None:
    organiser_elsewhere = session.get_one(Account, make.contest().created_by)
    organiser_elsewhere.is_staff = False

    with pytest.raises(Denied, match="staff_only"):
        contests.create(
            session, make.actor(organiser_elsewhere), slug="mine", title=both("Mine"), default_locale="en", zone="UTC"
        )


# Texts and terms ---------------------------------------------------------------------------------


def test_texts_change_and_the_log_names_what_changed(session: Session, make: Make) -> None:
    contest = make.contest("open")
    old = contest.version

    contests.change_texts(
        session,
        _organiser(session, make, contest),
        contest.slug,
        version=old,
        title=both("Better"),
        summary=contest.summary,
        brief=both("New brief"),
        host=contest.host,
        contact=contest.contact,
    )

    assert (contest.title, contest.brief, contest.version) == (both("Better"), both("New brief"), old + 1)
    assert _events(session, "contest.changed") == [{"fields": ["title", "brief"]}]


def test_texts_that_are_the_same_change_nothing(session: Session, make: Make) -> None:
    contest = make.contest("open")

    contests.change_texts(
        session,
        _organiser(session, make, contest),
        contest.slug,
        title=dict(contest.title),
        summary=contest.summary,
        brief=contest.brief,
        host=contest.host,
        contact=contest.contact,
    )

    assert contest.version == 1
    assert _events(session, "contest.changed") == []


def test_an_announced_contest_keeps_every_text_in_both_languages(session: Session, make: Make) -> None:
    contest = make.contest("announced")

    with pytest.raises(Invalid) as error:
        contests.change_texts(
            session,
            _organiser(session, make, contest),
            contest.slug,
            title={"en": "Only"},
            summary={},
            brief=both("x"),
            host=both("y"),
            contact="",
        )

    assert error.value.problems == {
        "title_ja": "text_missing_ja",
        "summary_en": "text_missing_en",
        "summary_ja": "text_missing_ja",
        "contact": "required",
    }


def test_a_stale_form_is_refused(session: Session, make: Make) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)
    values: dict[str, Any] = {"summary": {}, "brief": {}, "host": {}, "contact": ""}
    contests.change_texts(session, actor, contest.slug, version=1, title=both("First"), **values)

    with pytest.raises(Conflict) as error:
        contests.change_texts(session, actor, contest.slug, version=1, title=both("Second"), **values)

    assert (error.value.reason, error.value.facts) == ("stale", {"version": 2})
    assert contest.title == both("First")


def test_two_organisers_at_once_one_is_told(database: Database, session: Session, make: Make) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)
    session.commit()
    outcome: list[str] = []

    def change(title: str) -> None:
        try:
            with database.unit_of_work() as own:
                contests.change_texts(
                    own, actor, contest.slug, version=1, title=both(title), summary={}, brief={}, host={}, contact=""
                )
            outcome.append("saved")
        except Conflict:
            outcome.append("stale")

    threads = [threading.Thread(target=change, args=(f"Title {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcome) == ["saved"] + ["stale"] * 7


def test_a_publisher_sees_but_does_not_change(session: Session, make: Make) -> None:
    contest = make.contest("draft")
    publisher = make.actor(make.member(contest, Role.PUBLISHER))

    with pytest.raises(Denied, match="organiser_only"):
        contests.change_terms(session, publisher, contest.slug, text=both("Mine"))


def test_a_changed_text_of_terms_is_a_new_version_and_the_same_text_none(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)

    same = contests.change_terms(session, actor, contest.slug, text=both("You keep your rights."))
    new = contests.change_terms(session, actor, contest.slug, text=both("You keep all rights."))

    assert (same.version, new.version) == (1, 2)
    stored = session.scalars(select(Terms).where(Terms.contest_id == contest.id).order_by(Terms.version)).all()
    assert [(t.version, t.text["en"]) for t in stored] == [(1, "You keep your rights."), (2, "You keep all rights.")]
    assert _events(session, "terms.changed") == [{"version": 2}]
    with pytest.raises(Invalid) as error:
        contests.change_terms(session, actor, contest.slug, text={"en": "Only English"})
    assert error.value.problems == {"text_ja": "text_missing_ja"}


# Dates -------------------------------------------------------------------------------------------


def test_dates_are_local_times_of_the_contest_and_kept_in_utc(session: Session, make: Make) -> None:
    contest = make.contest("draft")

    contests.change_dates(
        session,
        _organiser(session, make, contest),
        contest.slug,
        zone="Asia/Tokyo",
        opens_at=datetime(2030, 10, 1, 10),
        closes_at=datetime(2030, 11, 30, 23, 59, 59),
        grace_minutes=45,
        due_at=datetime(2030, 12, 16, 17),
    )

    assert (contest.opens_at, contest.closes_at, contest.grace_seconds, contest.round.due_at) == (
        datetime(2030, 10, 1, 1, tzinfo=UTC),
        datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC),
        2700,
        datetime(2030, 12, 16, 8, tzinfo=UTC),
    )


def test_every_changed_date_is_logged_with_old_and_new(session: Session, make: Make) -> None:
    contest = make.contest("open", closes_at=datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC))
    actor = _organiser(session, make, contest)

    contests.change_dates(session, actor, contest.slug, **_dates(contest, closes_at=datetime(2030, 12, 2, 18)))
    contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2030, 12, 24, 18)))
    contests.change_dates(session, actor, contest.slug, **_dates(contest))

    assert _events(session, "contest.deadline_moved") == [
        {"closes_at": ["2030-11-30T14:59:59+00:00", "2030-12-02T09:00:00+00:00"]}
    ]
    assert _events(session, "contest.changed") == [{"due_at": [None, "2030-12-24T09:00:00+00:00"]}]


def test_saving_what_the_form_shows_moves_nothing(session: Session, make: Make) -> None:
    closes = datetime.now(UTC) + timedelta(days=3, microseconds=123)
    contest = make.contest("open", closes_at=closes, zone="America/New_York")
    opened = contest.opens_at

    contests.change_dates(session, _organiser(session, make, contest), contest.slug, **_dates(contest))

    assert (contest.opens_at, contest.closes_at, contest.version) == (opened, closes, 1)


def test_the_second_reading_of_a_repeated_hour_survives_saving(session: Session, make: Make) -> None:
    # 06:30 UTC is 01:30 in New York for the second time that night; 05:30 UTC is the first.
    second = datetime(2030, 11, 3, 6, 30, tzinfo=UTC)
    contest = make.contest(
        "draft", opens_at=datetime(2030, 10, 1, tzinfo=UTC), closes_at=second, zone="America/New_York"
    )
    actor = _organiser(session, make, contest)

    contests.change_dates(session, actor, contest.slug, **_dates(contest, grace_minutes=10))

    assert contest.closes_at == second


def test_once_open_the_deadline_moves_only_later(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    closes = contest.closes_at
    assert closes is not None

    with pytest.raises(Denied) as earlier:
        contests.change_dates(
            session, actor, contest.slug, **_dates(contest, closes_at=_local(closes) - timedelta(seconds=1))
        )
    with pytest.raises(Denied, match="opening_fixed"):
        contests.change_dates(
            session, actor, contest.slug, **_dates(contest, opens_at=_local(contest.opens_at) - timedelta(hours=1))
        )
    contests.change_dates(session, actor, contest.slug, **_dates(contest, closes_at=_local(closes) + timedelta(days=1)))

    assert (earlier.value.reason, earlier.value.facts) == ("deadline_only_later", {"closes_at": closes})
    assert contest.closes_at == closes.replace(microsecond=0) + timedelta(days=1)


@pytest.mark.parametrize("phase", ["grace", "judging"])
def test_after_the_close_no_date_of_entries_moves(session: Session, make: Make, phase: str) -> None:
    contest = make.contest(phase)
    make.entry(contest, files=0)

    with pytest.raises(Denied, match="dates_fixed"):
        contests.change_dates(
            session,
            _organiser(session, make, contest),
            contest.slug,
            **_dates(contest, closes_at=_local(contest.closes_at) + timedelta(days=1)),
        )


@pytest.mark.parametrize("changes", [{"grace_minutes": 60}, {"zone": "Europe/Berlin"}])
def test_grace_and_zone_stay_once_open(session: Session, make: Make, changes: dict[str, Any]) -> None:
    contest = make.contest("open")
    values = _dates(contest, **changes)
    if "zone" in changes:
        # The same moments, told in another zone: only the zone itself is refused.
        values |= {name: _local(getattr(contest, name), "Europe/Berlin") for name in ("opens_at", "closes_at")}
        contest.opens_at = contest.opens_at and contest.opens_at.replace(microsecond=0)
        contest.closes_at = contest.closes_at and contest.closes_at.replace(microsecond=0)

    with pytest.raises(Denied, match="structure_fixed"):
        contests.change_dates(session, _organiser(session, make, contest), contest.slug, **values)


@pytest.mark.parametrize(
    ("phase", "changes", "problem"),
    [
        ("draft", {"closes_at": datetime(2030, 1, 1), "opens_at": datetime(2030, 1, 1)}, {"closes_at": "dates_order"}),
        ("draft", {"zone": "Nowhere"}, {"zone": "zone_unknown"}),
        ("draft", {"opens_at": datetime(1, 1, 1)}, {"opens_at": "date_invalid"}),
        ("draft", {"closes_at": datetime(9999, 12, 31, 23, 59)}, {"closes_at": "date_invalid"}),
        ("announced", {"closes_at": None}, {"closes_at": "required"}),
        (
            "announced",
            {"opens_at": datetime(2020, 1, 1), "closes_at": datetime(2020, 2, 1)},
            {"closes_at": "date_past"},
        ),
        ("draft", {"due_at": datetime(2020, 2, 1)}, {"due_at": "due_order"}),
    ],
)
def test_dates_that_make_no_sense(
    session: Session, make: Make, phase: str, changes: dict[str, Any], problem: dict[str, str]
) -> None:
    contest = make.contest(phase)

    with pytest.raises(Invalid) as error:
        contests.change_dates(session, _organiser(session, make, contest), contest.slug, **_dates(contest, **changes))

    assert error.value.problems == problem


def test_a_draft_may_have_no_dates(session: Session, make: Make) -> None:
    contest = make.contest("draft")

    contests.change_dates(
        session, _organiser(session, make, contest), contest.slug, **_dates(contest, opens_at=None, closes_at=None)
    )

    assert (contest.opens_at, contest.closes_at) == (None, None)


def test_the_due_date_moves_until_judging_has_closed(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    actor = _organiser(session, make, contest)
    make.open_round(contest)
    contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2031, 1, 1, 18)))
    assert contest.round.due_at == datetime(2031, 1, 1, 9, tzinfo=UTC)

    make.close_round(contest)
    with pytest.raises(Denied, match="due_fixed"):
        contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2031, 2, 1, 18)))


# The desk ----------------------------------------------------------------------------------------


def test_the_desk_lists_what_one_runs_and_what_one_judges(session: Session, make: Make) -> None:
    mine, judged, foreign = make.contest("draft"), make.contest("judging"), make.contest("open")
    account = session.get_one(Account, mine.created_by)
    make.member(judged, Role.JUDGE, account)
    make.open_round(judged)
    entries = [make.entry(judged) for _ in range(3)]
    for entry in entries[:2]:
        make.assignment(entry, account)
    actor = make.actor(account)

    assert [(row.slug, row.round, row.entries) for row in contests.managed_by(session, actor)] == [
        (mine.slug, "planned", 0)
    ]
    assert [(row.slug, row.assigned, row.submitted) for row in contests.judged_by(session, actor)] == [
        (judged.slug, 2, 0)
    ]
    admin = make.actor(make.account(is_admin=True))
    assert {row.slug for row in contests.managed_by(session, admin)} == {mine.slug, judged.slug, foreign.slug}


def test_a_judge_of_a_contest_that_is_not_announced_does_not_know_it(session: Session, make: Make) -> None:
    hidden = make.contest("draft")
    judge = make.member(hidden, Role.JUDGE)

    assert contests.judged_by(session, make.actor(judge)) == []


def test_another_contests_organiser_changes_nothing(session: Session, make: Make) -> None:
    mine, other = make.contest("draft"), make.contest("announced")
    actor = _organiser(session, make, mine)

    for act in (
        lambda: contests.announce(session, actor, other.slug),
        lambda: contests.change_terms(session, actor, other.slug, text=both("x")),
        lambda: contests.change_dates(session, actor, other.slug, **_dates(other)),
        lambda: setup.save_category(session, actor, other.slug, None, name=both("x")),
        lambda: rubric.set_judges_per_entry(session, actor, other.slug, 3),
    ):
        with pytest.raises(NotFound):
            act()
