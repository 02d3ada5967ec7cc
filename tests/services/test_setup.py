"""Setting a contest up: its parts, the rubric, the checklist, and announcing it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest
from contest.permissions import ANONYMOUS, Actor
from contest.services import checklist, contests, rubric, setup
from tests.factories import Make, both

TOKYO = ZoneInfo("Asia/Tokyo")


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def _events(session: Session, act: str) -> list[dict[str, Any]]:
    session.flush()
    return list(session.scalars(select(AuditEvent.facts).where(AuditEvent.act == act).order_by(AuditEvent.id)))


# Parts -------------------------------------------------------------------------------------------


def _save(session: Session, actor: Actor, slug: str, part: str, item_id: uuid.UUID | None, name: dict[str, str]) -> Any:
    if part == "categories":
        return setup.save_category(session, actor, slug, item_id, name=name)
    if part == "prizes":
        return setup.save_prize(session, actor, slug, item_id, name=name, amount=both("¥5"), quantity=3)
    return setup.save_deliverable(
        session,
        actor,
        slug,
        item_id,
        name=name,
        hint=both("Six screens."),
        required=True,
        kinds=["pdf", "png"],
        max_bytes=5_000_000,
        max_files=8,
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
        "screens-of-the-app",
        both("Screens of the app"),
        both("Six screens."),
        True,
        ["png", "pdf"],
        5_000_000,
        8,
    )
    with pytest.raises(Invalid) as error:
        setup.save_deliverable(
            session,
            actor,
            contest.slug,
            made.id,
            name=made.name,
            hint={},
            required=True,
            kinds=["exe"],
            max_bytes=1,
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
            session,
            actor,
            contest.slug,
            screens.id,
            name=screens.name,
            hint={},
            required=False,
            kinds=["png"],
            max_bytes=1,
            max_files=1,
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
        "name": both("Legible"),
        "question": both("Can it be read?"),
        "weight": 333,
        "points": 4,
        "levels": [both(f"Level {n}") for n in range(1, 5)],
        **changes,
    }


def test_a_criterion_keeps_weight_points_and_a_sentence_per_level(session: Session, make: Make) -> None:
    contest = make.contest("draft")

    made = rubric.save_criterion(session, _organiser(session, make, contest), contest.slug, None, **_criterion())

    assert (made.key, made.name, made.question, made.weight, made.points, made.position) == (
        "legible",
        both("Legible"),
        both("Can it be read?"),
        333,
        4,
        4,
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
        (
            {"levels": [both("One"), {"en": "Two"}]},
            {
                "level_2_ja": "levels_missing",
                "level_3_en": "levels_missing",
                "level_3_ja": "levels_missing",
                "level_4_en": "levels_missing",
                "level_4_ja": "levels_missing",
            },
        ),
    ],
)
def test_a_criterion_of_an_announced_contest_is_whole(
    session: Session, make: Make, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    contest = make.contest("open")

    with pytest.raises(Invalid) as error:
        rubric.save_criterion(session, _organiser(session, make, contest), contest.slug, None, **_criterion(**changes))

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
        session,
        make.actor(make.account(is_staff=True)),
        slug="bare",
        title={"en": "Bare"},
        default_locale="en",
        zone="UTC",
    )

    assert [(item.key, item.done, item.code, item.endpoint) for item in contests.checklist(contest)] == [
        ("texts", False, "text_missing_ja", "manage.texts"),
        ("dates", False, "required", "manage.dates"),
        ("categories", False, "no_categories", "manage.categories"),
        ("deliverables", False, "no_deliverables", "manage.deliverables"),
        ("rubric", False, "no_criteria", "manage.rubric"),
        ("prizes", False, "no_prizes", "manage.prizes"),
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
        "texts.summary_ja": "text_missing_ja",
        "texts.contact": "required",
        "dates.closes_at": "date_past",
        "deliverables.deliverables": "no_deliverables",
        "rubric.weights": "weights_sum",
        "rubric.fit.levels": "levels_missing",
        "prizes.first.amount_en": "text_missing_en",
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


@pytest.mark.parametrize(("thousandths", "told"), [(350, "35"), (333, "33.3"), (1000, "100"), (1, "0.1")])
def test_weights_are_told_in_percent(thousandths: int, told: str) -> None:
    assert checklist.percent(thousandths) == told


def test_a_change_of_a_part_counts_as_a_change_of_the_contest(session: Session, make: Make) -> None:
    contest = make.contest("announced")
    actor = _organiser(session, make, contest)
    setup.move(session, actor, contest.slug, "prizes", contest.prizes[0].id, up=False)

    with pytest.raises(Conflict, match="stale"):
        setup.save_category(session, actor, contest.slug, contest.categories[0].id, name=both("x"), version=1)
