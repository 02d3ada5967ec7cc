"""Contests: creating, wording, dating, the parts, the rubric, the checklist and announcing."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
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
from contest.services import checklist, contests, rubric, setup
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
        "zone": contest.zone, "opens_at": _local(contest.opens_at, contest.zone),
        "closes_at": _local(contest.closes_at, contest.zone), "grace_minutes": contest.grace_seconds // 60,
        "due_at": contest.round.due_at and _local(contest.round.due_at, contest.zone), **changes,
    }


# Loading and creating ----------------------------------------------------------------------------


def test_a_contest_is_known_to_its_team_before_and_to_all_after_it_is_announced(session: Session, make: Make) -> None:
    hidden, shown = make.contest("draft"), make.contest("announced")
    judge, publisher, admin = make.member(hidden, Role.JUDGE), make.member(hidden, Role.PUBLISHER), make.account(is_admin=True)

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
        "ferry-app", {"ja": "渡し船"}, "ja", "Africa/Lagos", None, staff.id,
    )
    assert [(r.kind, r.position, r.state, r.name["en"]) for r in made.rounds] == [("final", 1, "planned", "Final round")]
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
        ({"slug": "", "title": {}, "zone": ""}, {"slug": "slug_invalid", "title_en": "text_missing_en", "zone": "zone_unknown"}),
    ],
)
def test_creating_names_each_problem(session: Session, make: Make, values: dict[str, Any], problems: dict[str, str]) -> None:
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
        session, _organiser(session, make, contest), contest.slug, version=old, title=both("Better"),
        summary=contest.summary, brief=both("New brief"), host=contest.host, contact=contest.contact,
    )

    assert (contest.title, contest.brief, contest.version) == (both("Better"), both("New brief"), old + 1)
    assert _events(session, "contest.changed") == [{"fields": ["title", "brief"]}]


def test_texts_that_are_the_same_change_nothing(session: Session, make: Make) -> None:
    contest = make.contest("open")

    contests.change_texts(
        session, _organiser(session, make, contest), contest.slug, title=dict(contest.title), summary=contest.summary,
        brief=contest.brief, host=contest.host, contact=contest.contact,
    )

    assert contest.version == 1
    assert _events(session, "contest.changed") == []


def test_an_announced_contest_keeps_every_text_in_both_languages(session: Session, make: Make) -> None:
    contest = make.contest("announced")

    with pytest.raises(Invalid) as error:
        contests.change_texts(
            session, _organiser(session, make, contest), contest.slug, title={"en": "Only"}, summary={}, brief=both("x"),
            host=both("y"), contact="",
        )

    assert error.value.problems == {
        "title_ja": "text_missing_ja", "summary_en": "text_missing_en", "summary_ja": "text_missing_ja",
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
        session, _organiser(session, make, contest), contest.slug, zone="Asia/Tokyo", opens_at=datetime(2030, 10, 1, 10),
        closes_at=datetime(2030, 11, 30, 23, 59, 59), grace_minutes=45, due_at=datetime(2030, 12, 16, 17),
    )

    assert (contest.opens_at, contest.closes_at, contest.grace_seconds, contest.round.due_at) == (
        datetime(2030, 10, 1, 1, tzinfo=UTC), datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC), 2700,
        datetime(2030, 12, 16, 8, tzinfo=UTC),
    )


def test_every_changed_date_is_logged_with_old_and_new(session: Session, make: Make) -> None:
    contest = make.contest("open", closes_at=datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC))
    actor = _organiser(session, make, contest)

    contests.change_dates(session, actor, contest.slug, **_dates(contest, closes_at=datetime(2030, 12, 2)))
    contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2030, 12, 24)))
    contests.change_dates(session, actor, contest.slug, **_dates(contest))

    assert _events(session, "contest.deadline_moved") == [
        {"closes_at": ["2030-11-30T14:59:59+00:00", "2030-12-01T15:00:00+00:00"]}
    ]
    assert _events(session, "contest.changed") == [{"due_at": [None, "2030-12-23T15:00:00+00:00"]}]


def test_saving_what_the_form_shows_moves_nothing(session: Session, make: Make) -> None:
    closes = datetime.now(UTC) + timedelta(days=3, microseconds=123)
    contest = make.contest("open", closes_at=closes, zone="America/New_York")
    opened = contest.opens_at

    contests.change_dates(session, _organiser(session, make, contest), contest.slug, **_dates(contest))

    assert (contest.opens_at, contest.closes_at, contest.version) == (opened, closes, 1)


def test_the_second_reading_of_a_repeated_hour_survives_saving(session: Session, make: Make) -> None:
    # 06:30 UTC is 01:30 in New York for the second time that night; 05:30 UTC is the first.
    second = datetime(2030, 11, 3, 6, 30, tzinfo=UTC)
    contest = make.contest("draft", opens_at=datetime(2030, 10, 1, tzinfo=UTC), closes_at=second, zone="America/New_York")
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

    with pytest.raises(Denied, match="dates_fixed"):
        contests.change_dates(
            session, _organiser(session, make, contest), contest.slug,
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
        ("announced", {"opens_at": datetime(2020, 1, 1), "closes_at": datetime(2020, 2, 1)}, {"closes_at": "date_past"}),
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
    contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2031, 1, 1)))
    assert contest.round.due_at == datetime(2030, 12, 31, 15, tzinfo=UTC)

    make.close_round(contest)
    with pytest.raises(Denied, match="due_fixed"):
        contests.change_dates(session, actor, contest.slug, **_dates(contest, due_at=datetime(2031, 2, 1)))


# Parts -------------------------------------------------------------------------------------------


def _save(session: Session, actor: Actor, slug: str, part: str, item_id: uuid.UUID | None, name: dict[str, str]) -> Any:
    if part == "categories":
        return setup.save_category(session, actor, slug, item_id, name=name)
    if part == "prizes":
        return setup.save_prize(session, actor, slug, item_id, name=name, amount=both("¥5"), quantity=3)
    return setup.save_deliverable(
        session, actor, slug, item_id, name=name, hint=both("Six screens."), required=True, kinds=["pdf", "png"],
        max_bytes=5_000_000, max_files=8,
    )


@pytest.mark.parametrize("part", ["categories", "deliverables", "prizes"])
def test_things_are_added_at_the_end_under_a_key_from_their_name(session: Session, make: Make, part: str) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    before = [thing.key for thing in setup.things(contest, part)]

    first = _save(session, actor, contest.slug, part, None, {"en": "Étude & Plan", "ja": "習作"})
    second = _save(session, actor, contest.slug, part, None, {"en": "étude plan!", "ja": "図面"})
    third = _save(session, actor, contest.slug, part, None, {"en": "第三", "ja": "第三の"})

    word = {"categories": "category", "deliverables": "slot", "prizes": "prize"}[part]
    assert [thing.key for thing in setup.things(contest, part)] == [*before, "etude-plan", "etude-plan-2", word]
    assert [thing.position for thing in (first, second, third)] == [len(before) + 1, len(before) + 2, len(before) + 3]
    assert _events(session, "contest.changed")[0] == {"part": part, "key": "etude-plan"}


def test_a_deliverable_keeps_what_was_set(session: Session, make: Make) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)

    made = _save(session, actor, contest.slug, "deliverables", None, both("Screens of the app"))

    assert (made.key, made.name, made.hint, made.required, made.kinds, made.max_bytes, made.max_files) == (
        "screens-of-the-app", both("Screens of the app"), both("Six screens."), True, ["png", "pdf"], 5_000_000, 8,
    )
    with pytest.raises(Invalid) as error:
        setup.save_deliverable(
            session, actor, contest.slug, made.id, name=made.name, hint={}, required=True, kinds=["exe"], max_bytes=1,
            max_files=1,
        )
    assert error.value.problems == {"kinds": "kinds_missing"}


@pytest.mark.parametrize("part", ["categories", "deliverables", "prizes"])
def test_names_are_needed_and_single(session: Session, make: Make, part: str) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    taken = setup.things(contest, part)[0].name["ja"]

    with pytest.raises(Invalid) as error:
        _save(session, actor, contest.slug, part, None, {"ja": taken})

    assert error.value.problems == {"name_en": "text_missing_en", "name_ja": "key_taken"}


@pytest.mark.parametrize("part", ["categories", "deliverables", "prizes"])
def test_saving_the_same_again_changes_nothing(session: Session, make: Make, part: str) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)
    made = _save(session, actor, contest.slug, part, None, both("New"))
    version = contest.version

    _save(session, actor, contest.slug, part, made.id, both("New"))
    assert (contest.version, len(_events(session, "contest.changed"))) == (version, 1)

    _save(session, actor, contest.slug, part, made.id, both("Newer"))
    assert (contest.version, len(_events(session, "contest.changed"))) == (version + 1, 2)
    assert made.name == both("Newer")


@pytest.mark.parametrize("part", setup.PARTS)
def test_things_move_by_one_place_and_stop_at_the_ends(session: Session, make: Make, part: str) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    keys = [thing.key for thing in setup.things(contest, part)]
    first, second = setup.things(contest, part)[:2]

    setup.move(session, actor, contest.slug, part, first.id, up=True)
    assert [thing.key for thing in setup.things(contest, part)] == keys
    setup.move(session, actor, contest.slug, part, second.id, up=True)
    session.expire_all()

    assert [thing.key for thing in setup.things(contest, part)] == [keys[1], keys[0], *keys[2:]]
    assert [thing.position for thing in setup.things(contest, part)] == list(range(1, len(keys) + 1))


@pytest.mark.parametrize("part", ["categories", "prizes", "rubric"])
def test_things_are_removed_but_an_announced_contest_keeps_the_last(session: Session, make: Make, part: str) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    things = list(setup.things(contest, part))
    for thing in things[:-1]:
        setup.remove(session, actor, contest.slug, part, thing.id)
    session.expire_all()
    assert [(thing.key, thing.position) for thing in setup.things(contest, part)] == [(things[-1].key, 1)]

    with pytest.raises(Denied, match="part_needed"):
        setup.remove(session, actor, contest.slug, part, things[-1].id)


def test_an_announced_contest_keeps_a_required_slot(session: Session, make: Make) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    screens = contest.round.deliverables[0]

    with pytest.raises(Invalid) as error:
        setup.save_deliverable(
            session, actor, contest.slug, screens.id, name=screens.name, hint={}, required=False, kinds=["png"],
            max_bytes=1, max_files=1,
        )

    assert error.value.problems == {"required": "no_deliverables"}


@pytest.mark.parametrize("phase", ["open", "grace", "judging"])
@pytest.mark.parametrize("part", ["categories", "deliverables", "prizes"])
def test_structure_is_fixed_once_open(session: Session, make: Make, phase: str, part: str) -> None:
    contest = make.contest(phase)
    actor = _organiser(session, make, contest)
    thing = setup.things(contest, part)[0]

    for act in (
        lambda: _save(session, actor, contest.slug, part, None, both("New")),
        lambda: _save(session, actor, contest.slug, part, thing.id, both("Other")),
        lambda: setup.move(session, actor, contest.slug, part, thing.id, up=False),
        lambda: setup.remove(session, actor, contest.slug, part, thing.id),
    ):
        with pytest.raises(Denied, match="structure_fixed"):
            act()


@pytest.mark.parametrize("part", setup.PARTS)
def test_a_thing_of_another_contest_does_not_exist(session: Session, make: Make, part: str) -> None:
    mine, other = make.contest("announced"), make.contest("announced")
    actor, thing = _organiser(session, make, mine), setup.things(other, part)[0]

    with pytest.raises(NotFound):
        setup.remove(session, actor, mine.slug, part, thing.id)
    with pytest.raises(NotFound):
        setup.move(session, actor, other.slug, part, thing.id, up=True)


# Rubric ------------------------------------------------------------------------------------------


def _criterion(**changes: Any) -> dict[str, Any]:
    return {
        "name": both("Legible"), "question": both("Can it be read?"), "weight": 333, "points": 4,
        "levels": [both(f"Level {n}") for n in range(1, 5)], **changes,
    }


def test_a_criterion_keeps_weight_points_and_a_sentence_per_level(session: Session, make: Make) -> None:
    contest = make.contest("draft")

    made = rubric.save_criterion(session, _organiser(session, make, contest), contest.slug, None, **_criterion())

    assert (made.key, made.name, made.question, made.weight, made.points, made.position) == (
        "legible", both("Legible"), both("Can it be read?"), 333, 4, 4,
    )
    assert made.levels == [both(f"Level {n}") for n in range(1, 5)]
    assert contest.round.rubric_version == 2
    assert _events(session, "rubric.changed") == [{"part": "rubric", "key": "legible", "version": 2}]


def test_levels_follow_the_number_of_points(session: Session, make: Make) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)
    made = rubric.save_criterion(session, actor, contest.slug, None, **_criterion(points=6))
    assert made.levels == [*(both(f"Level {n}") for n in range(1, 5)), {}, {}]

    rubric.save_criterion(session, actor, contest.slug, made.id, **_criterion(points=3))
    session.expire_all()
    assert made.levels == [both(f"Level {n}") for n in range(1, 4)]


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"points": 2}, {"points": "points_range"}),
        ({"points": 11}, {"points": "points_range"}),
        ({"weight": 0}, {"weight": "weight_invalid"}),
        ({"weight": 1001}, {"weight": "weight_invalid"}),
        ({"name": {"en": "Legible"}}, {"name_ja": "text_missing_ja"}),
        ({"question": {"en": "Only?"}}, {"question_ja": "text_missing_ja"}),
        ({"levels": [both("One"), {"en": "Two"}]}, {
            "level_2_ja": "levels_missing", "level_3_en": "levels_missing", "level_3_ja": "levels_missing",
            "level_4_en": "levels_missing", "level_4_ja": "levels_missing",
        }),
    ],
)
def test_a_criterion_of_an_announced_contest_is_whole(
    session: Session, make: Make, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    contest = make.contest("open")

    with pytest.raises(Invalid) as error:
        rubric.save_criterion(
            session, _organiser(session, make, contest), contest.slug, None, **_criterion(**changes)
        )

    assert error.value.problems == problems


def test_weights_of_an_announced_contest_make_a_hundred(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    first, second, third = contest.round.criteria

    with pytest.raises(Invalid) as error:
        rubric.set_weights(session, actor, contest.slug, {first.id: 333, second.id: 333, third.id: 333})
    assert (error.value.problems, error.value.facts) == ({"weights": "weights_sum"}, {"now": "99.9"})
    session.rollback()


def test_weights_are_set_together(session: Session, make: Make) -> None:
    contest = make.contest("open")
    actor = _organiser(session, make, contest)
    first, second, third = contest.round.criteria

    rubric.set_weights(session, actor, contest.slug, {first.id: 333, second.id: 333, third.id: 334}, version=1)

    assert [criterion.weight for criterion in contest.round.criteria] == [333, 333, 334]
    assert _events(session, "rubric.changed") == [
        {"part": "weights", "version": 2, "weights": {"clarity": 333, "fit": 333, "craft": 334}}
    ]


def test_the_rubric_is_frozen_by_the_first_scorecard(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    actor, criterion = _organiser(session, make, contest), contest.round.criteria[0]
    contest.round.rubric_frozen_at = datetime.now(UTC)
    session.flush()

    for act in (
        lambda: rubric.save_criterion(session, actor, contest.slug, None, **_criterion()),
        lambda: rubric.save_criterion(session, actor, contest.slug, criterion.id, **_criterion()),
        lambda: rubric.set_weights(session, actor, contest.slug, {criterion.id: 1}),
        lambda: setup.move(session, actor, contest.slug, "rubric", criterion.id, up=False),
        lambda: setup.remove(session, actor, contest.slug, "rubric", criterion.id),
    ):
        with pytest.raises(Denied, match="rubric_frozen"):
            act()


def test_while_judging_is_open_each_change_leaves_the_rubric_whole(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    actor = _organiser(session, make, contest)
    make.open_round(contest)
    criterion = contest.round.criteria[0]
    whole = _criterion(name=both("Clarity"), weight=500, points=5, levels=[both(f"Step {n}") for n in range(1, 6)])

    rubric.save_criterion(session, actor, contest.slug, criterion.id, **whole)
    with pytest.raises(Invalid) as error:
        rubric.save_criterion(session, actor, contest.slug, criterion.id, **{**whole, "weight": 600})

    assert (error.value.problems, error.value.facts) == ({"weights": "weights_sum"}, {"now": "110"})


def test_the_number_of_judges_is_fixed_once_judging_opens(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    actor = _organiser(session, make, contest)

    rubric.set_judges_per_entry(session, actor, contest.slug, 3)
    for number in (0, 51):
        with pytest.raises(Invalid) as error:
            rubric.set_judges_per_entry(session, actor, contest.slug, number)
        assert error.value.problems == {"judges_per_entry": "judges_range"}
    make.open_round(contest)
    with pytest.raises(Denied, match="round_not_planned"):
        rubric.set_judges_per_entry(session, actor, contest.slug, 4)

    assert contest.round.judges_per_entry == 3
    assert _events(session, "contest.changed") == [{"judges_per_entry": [2, 3]}]


# Checklist and announcing ------------------------------------------------------------------------


def test_a_new_contest_lacks_every_part(session: Session, make: Make) -> None:
    contest = contests.create(
        session, make.actor(make.account(is_staff=True)), slug="bare", title={"en": "Bare"}, default_locale="en",
        zone="UTC",
    )

    assert [(item.key, item.done, item.code, item.endpoint) for item in contests.checklist(contest)] == [
        ("texts", False, "text_missing_ja", "manage.texts"), ("dates", False, "required", "manage.dates"),
        ("categories", False, "no_categories", "manage.categories"),
        ("deliverables", False, "no_deliverables", "manage.deliverables"),
        ("rubric", False, "no_criteria", "manage.rubric"), ("prizes", False, "no_prizes", "manage.prizes"),
        ("terms", False, "terms_missing", "manage.terms"),
    ]


def test_a_complete_contest_lacks_nothing(session: Session, make: Make) -> None:
    contest = make.contest("draft")

    assert [(item.key, item.done, item.code) for item in checklist.checklist(contest, datetime.now(UTC))] == [
        (key, True, "") for key in checklist.SECTIONS
    ]


def test_announcing_tells_every_problem_at_once(session: Session, make: Make) -> None:
    now = datetime.now(UTC)
    contest = make.contest("draft", opens_at=now - timedelta(days=2), closes_at=now - timedelta(days=1))
    contest.summary, contest.contact = {"en": "Only"}, ""
    contest.round.criteria[0].weight = 450
    contest.round.criteria[1].levels = [both("a"), both("b"), {"en": "c"}, both("d"), both("e")]
    contest.prizes[0].amount = {"ja": "一万円"}
    for slot in contest.round.deliverables:
        slot.required = False
    session.flush()

    with pytest.raises(Invalid) as error:
        contests.announce(session, _organiser(session, make, contest), contest.slug)

    assert error.value.problems == {
        "texts.summary_ja": "text_missing_ja", "texts.contact": "required", "dates.closes_at": "date_past",
        "deliverables.deliverables": "no_deliverables", "rubric.weights": "weights_sum",
        "rubric.fit.levels": "levels_missing", "prizes.first.amount_en": "text_missing_en",
    }
    assert error.value.facts == {"now": "95"}
    assert contest.announced_at is None


def test_announcing_is_done_once(session: Session, make: Make) -> None:
    contest = make.contest("draft")
    actor = _organiser(session, make, contest)

    contests.announce(session, actor, contest.slug, seed_digest="ab" * 32)
    first = contest.announced_at
    contests.announce(session, actor, contest.slug, seed_digest="cd" * 32)

    assert first is not None and contest.announced_at == first
    assert contests.get_public(session, ANONYMOUS, contest.slug) is contest
    [facts] = _events(session, "contest.announced")
    assert (facts["terms"], facts["rubric"], facts["seed_digest"]) == (1, 1, "ab" * 32)


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

    assert [(row.slug, row.round, row.entries) for row in contests.managed_by(session, actor)] == [(mine.slug, "planned", 0)]
    assert [(row.slug, row.assigned, row.submitted) for row in contests.judged_by(session, actor)] == [(judged.slug, 2, 0)]
    admin = make.actor(make.account(is_admin=True))
    assert {row.slug for row in contests.managed_by(session, admin)} == {mine.slug, judged.slug, foreign.slug}


def test_a_judge_of_a_contest_that_is_not_announced_does_not_know_it(session: Session, make: Make) -> None:
    hidden = make.contest("draft")
    judge = make.member(hidden, Role.JUDGE)

    assert contests.judged_by(session, make.actor(judge)) == []


@pytest.mark.parametrize(("thousandths", "told"), [(350, "35"), (333, "33.3"), (1000, "100"), (1, "0.1")])
def test_weights_are_told_in_percent(thousandths: int, told: str) -> None:
    assert checklist.percent(thousandths) == told


def test_everything_is_known_about_moves(session: Session, make: Make) -> None:
    """A move that races another organiser's counts as a change of the contest."""
    contest = make.contest("announced")
    actor: Callable[[], Actor] = lambda: _organiser(session, make, contest)  # noqa: E731
    setup.move(session, actor(), contest.slug, "prizes", contest.prizes[0].id, up=False)

    with pytest.raises(Conflict, match="stale"):
        setup.save_category(session, actor(), contest.slug, contest.categories[0].id, name=both("x"), version=1)
