"""Writing a contest on its pages: texts, dates, terms, parts and rubric; refused input is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest.models import AuditEvent, Category, Contest, Criterion, Deliverable, Prize
from contest.services import setup
from tests.factories import Make, both
from tests.pages import Pages
from tests.web.room import PARTS, at, buttons, organiser_of, told_meanwhile, typed


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("draft")


def _shown(moment: datetime | None, zone: str = "Asia/Tokyo") -> str:
    assert moment is not None
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")


# Texts, terms, stale forms -----------------------------------------------------------------------


def test_texts_are_saved(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(at(contest, "/texts")),
        "Save",
        {"brief_en": "One.\n\nTwo.", "contact": "ask@example.org", "version": "1"},
    )

    assert (contest.brief["en"], contest.contact, contest.version) == ("One.\n\nTwo.", "ask@example.org", 2)
    assert typed(page, "brief_en") == "One.\n\nTwo."
    assert "Saved." in page.text()


def test_refused_texts_are_kept_in_the_form(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(at(contest, "/texts")), "Save", {"title_en": "x" * 121, "host_ja": "別の主催者"}, status=422
    )
    missing = organiser.submit(organiser.get(at(contest, "/texts")), "Save", {"title_en": " "}, status=422)

    assert page.problems == ["Use at most 120 characters; now there are 121."]
    assert (typed(page, "title_en"), typed(page, "host_ja")) == ("x" * 121, "別の主催者")
    assert missing.problems == ["The English text is missing."]
    assert contest.version == 1


def test_a_stale_form_shows_both_texts_and_can_be_sent_again(pages: Pages, session: Session, contest: Contest) -> None:
    first, second = organiser_of(pages, session, contest), organiser_of(pages, session, contest)
    form = first.get(at(contest, "/texts"))
    second.submit(second.get(at(contest, "/texts")), "Save", {"title_en": "Theirs", "contact": "b@example.org"})

    refused = first.submit(form, "Save", {"title_en": "Mine"}, status=409)

    assert typed(refused, "title_en") == "Mine"
    assert told_meanwhile(refused) == {"Title in English": "Theirs", "Contact": "b@example.org"}
    assert contest.title["en"] == "Theirs"
    first.submit(refused, "Save")
    assert (contest.title["en"], contest.contact) == ("Mine", "team@example.org")


def test_a_form_without_its_version_is_refused(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    form = organiser.get(at(contest, "/texts"))

    assert organiser.submit(form, "Save", {"version": None}, status=422).problems == [
        "Reload the page, then send it again."
    ]
    organiser.submit(form, "Save", {"version": "x"}, status=422)
    assert contest.version == 1


def test_terms_get_a_version_with_each_change(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    organiser.submit(organiser.get(at(contest, "/terms")), "Save")
    page = organiser.submit(organiser.get(at(contest, "/terms")), "Save", {"text_en": "All rights stay."})
    refused = organiser.submit(page, "Save", {"text_ja": ""}, status=422)

    assert [(terms.version, terms.text["en"]) for terms in contest.terms] == [
        (1, "You keep your rights."),
        (2, "All rights stay."),
    ]
    assert "Version 2." in page.text()
    assert refused.problems == ["The Japanese text is missing."]


# Dates -------------------------------------------------------------------------------------------


def test_dates_are_typed_in_the_contests_zone(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(at(contest, "/dates")),
        "Save",
        {
            "opens_at": "2030-10-01T10:00",
            "closes_at": "2030-11-30T23:59:59",
            "grace_minutes": "45",
            "due_at": "2030-12-16 17:00",
        },
    )

    assert (contest.opens_at, contest.closes_at, contest.grace_seconds, contest.round.due_at) == (
        datetime(2030, 10, 1, 1, tzinfo=UTC),
        datetime(2030, 11, 30, 14, 59, 59, tzinfo=UTC),
        2700,
        datetime(2030, 12, 16, 8, tzinfo=UTC),
    )
    assert (typed(page, "closes_at"), typed(page, "zone")) == ("2030-11-30T23:59:59", "Asia/Tokyo")
    assert "Sat 30 Nov 2030, 23:59:59 (UTC+09:00)" in page.text()


def test_a_zone_that_is_stored_under_its_old_name_is_shown_once_and_stays(
    pages: Pages, session: Session, make: Make
) -> None:
    contest = make.contest("draft", zone="Asia/Calcutta")
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/dates"))

    organiser.submit(page, "Save", {"grace_minutes": "45"})

    offered = [option.get("value") for option in page.by_id("zone").iter("option")]
    assert ("Asia/Calcutta" in offered, "Asia/Kolkata" in offered) == (True, False)
    assert (typed(page, "zone"), contest.zone, contest.grace_seconds) == ("Asia/Calcutta", "Asia/Calcutta", 2700)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"closes_at": "yesterday"}, "Enter a date and a time, for example 2026-11-30 23:59:59."),
        (
            {"closes_at": "2029-01-01T00:00", "opens_at": "2029-01-01T00:00"},
            "The closing must be later than the opening.",
        ),
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
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(organiser.get(at(contest, "/dates")), "Save", values, status=422)

    assert page.problems == [problem]
    assert {name: typed(page, name) for name in values if name != "zone"} == {
        n: v for n, v in values.items() if n != "zone"
    }
    assert contest.version == 1


def test_the_deadline_of_an_open_contest_moves_only_later(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    organiser = organiser_of(pages, session, contest)
    closes = contest.closes_at
    assert closes is not None
    form = organiser.get(at(contest, "/dates"))

    for name, value, sentence in (
        ("closes_at", _shown(closes - timedelta(hours=1)), "While the contest is open the deadline moves only later"),
        ("opens_at", _shown(closes - timedelta(hours=1)), "The contest is open, so its opening stays as it is."),
        ("grace_minutes", "5", "Entrants already work on what was announced"),
    ):
        refused = organiser.submit(form, "Save", {name: value, "winners_at": "2031-01-31T10:00"}, status=422)
        assert [problem.startswith(sentence) for problem in refused.problems] == [True], refused.problems
        assert (typed(refused, name), typed(refused, "winners_at")) == (value, "2031-01-31T10:00")
    organiser.submit(form, "Save")
    assert contest.closes_at == closes
    organiser.submit(form, "Save", {"closes_at": _shown(closes + timedelta(hours=1))})

    assert contest.closes_at == closes.replace(microsecond=0) + timedelta(hours=1)
    session.commit()
    assert session.scalar(select(func.count()).where(AuditEvent.act == "contest.deadline_moved")) == 1


def test_the_dates_of_a_contest_that_closed_empty_say_what_can_be_done(
    pages: Pages, session: Session, make: Make
) -> None:
    contest, kept = make.contest("judging"), make.contest("judging")
    make.entry(kept, files=0)
    organiser = organiser_of(pages, session, contest)

    form = organiser.get(at(contest, "/dates"))
    organiser.submit(form, "Save", {"closes_at": "2031-01-31T23:59:59"})

    assert "This contest closed without an entry." in form.text()
    assert "closed without" not in organiser.get(at(contest, "/dates")).text()
    assert "closed without" not in organiser_of(pages, session, kept).get(at(kept, "/dates")).text()
    assert "Open for entries" in organiser.get(at(contest)).text()


# Parts -------------------------------------------------------------------------------------------

_NEW = {
    "categories": ("Add a category", {"name_en": "Widgets", "name_ja": "ウィジェット"}),
    "prizes": (
        "Add a prize",
        {"name_en": "Widgets", "name_ja": "ウィジェット", "amount_en": "¥1", "amount_ja": "一円", "quantity": "7"},
    ),
    "deliverables": (
        "Add a slot",
        {
            "name_en": "Widgets",
            "name_ja": "ウィジェット",
            "hint_en": "Two.",
            "hint_ja": "二つ。",
            "kinds": ["zip", "svg"],
            "required": None,
            "max_megabytes": "5000",
            "max_files": "100",
        },
    ),
}


@pytest.mark.parametrize("part", PARTS)
def test_things_are_added_changed_moved_and_removed(
    pages: Pages, session: Session, contest: Contest, part: str
) -> None:
    organiser = organiser_of(pages, session, contest)
    words, values = _NEW[part]
    listed = organiser.get(at(contest, f"/{part}"))

    listed = organiser.submit(organiser.get(listed.link(words)), "Save", values)
    again = organiser.submit(organiser.get(listed.link("Widgets")), "Save", {"name_en": "Gadgets"})
    kept = organiser.get(again.link("Gadgets"))
    for name, value in values.items():
        if isinstance(value, str) and name != "name_en":
            assert typed(kept, name) == value
    moved = organiser.submit(again, "Move up Gadgets")
    names = [moved.text(th) for th in moved.all("th") if th.get("scope") == "row"]
    assert names.index("Gadgets") == len(names) - 2
    moved = organiser.submit(moved, "Move down Gadgets")
    assert [moved.text(th) for th in moved.all("th") if th.get("scope") == "row"][-1] == "Gadgets"
    gone = organiser.submit(organiser.get(moved.link("Gadgets")), "Remove it")

    assert "Removed." in gone.text() and "Gadgets" not in gone.text()
    assert "Move up" not in [b.split(" ")[0] for b in buttons(gone) if names[0] in b]


@pytest.mark.parametrize(
    ("part", "kind", "changes", "sentence", "anchor"),
    [
        ("categories", Category, {"name": {"en": "Ships"}}, "Name: The Japanese text is missing.", "name_ja"),
        ("deliverables", Deliverable, {"hint": {"ja": "船"}}, "What it holds: The English text is missing.", "hint_en"),
        ("prizes", Prize, {"amount": {"en": "¥1"}}, "What the winner gets: The Japanese text is missing.", "amount_ja"),
        ("rubric", Criterion, {"levels": [{}] * 5}, "Each level needs a sentence in both languages.", "h-levels"),
    ],
)
def test_a_list_marks_what_lacks_a_language_and_leads_there(
    pages: Pages,
    session: Session,
    contest: Contest,
    part: str,
    kind: Any,
    changes: dict[str, Any],
    sentence: str,
    anchor: str,
) -> None:
    organiser = organiser_of(pages, session, contest)
    whole = organiser.get(at(contest, f"/{part}")).text()
    thing = setup.things(contest, part)[1]
    session.execute(update(kind).where(kind.id == thing.id).values(**changes))
    session.expire_all()

    page = organiser.get(at(contest, f"/{part}"))

    [row] = [row for row in page.all("tr") if "To do" in page.text(row)]
    assert ("To do" in whole, sentence in page.text(row)) == (False, True)
    path, _, place = page.link(sentence).partition("#")
    assert (path.endswith(f"/{part}/{thing.id}"), place) == (True, anchor)
    assert organiser.get(path).by_id(anchor) is not None


def test_a_slot_keeps_its_types_and_limits(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(organiser.get(at(contest, "/deliverables/new")), "Save", _NEW["deliverables"][1])

    slot = contest.round.deliverables[-1]
    assert (slot.key, slot.kinds, slot.required, slot.max_bytes, slot.max_files, slot.hint) == (
        "widgets",
        ["svg", "zip"],
        False,
        5_000_000_000,
        100,
        {"en": "Two.", "ja": "二つ。"},
    )
    assert "SVG, ZIP, up to 100 files, 5 GB, optional" in page.text()


@pytest.mark.parametrize(
    ("part", "values", "problems"),
    [
        ("categories", {"name_en": ""}, ["The English text is missing."]),
        ("categories", {"name_en": "App"}, ["This name is in use already."]),
        ("prizes", {"quantity": "0"}, ["Enter a whole number from 1 to 100."]),
        ("deliverables", {"kinds": None}, ["Choose at least one type of file."]),
        ("deliverables", {"kinds": ["exe"]}, ["'exe' is not a valid choice for this field."]),
        (
            "deliverables",
            {"max_megabytes": "5001", "max_files": "101"},
            [
                "Enter a whole number from 1 to 5,000.",
                "Enter a whole number from 1 to 100.",
            ],
        ),
    ],
)
def test_a_refused_thing_is_kept_in_the_form(
    pages: Pages, session: Session, contest: Contest, part: str, values: dict[str, Any], problems: list[str]
) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(at(contest, f"/{part}/new")), "Save", {**_NEW[part][1], "name_ja": "残る", **values}, status=422
    )

    assert page.problems == problems
    assert typed(page, "name_ja") == "残る"


@pytest.mark.parametrize("part", PARTS)
def test_a_stale_thing_shows_both_values(pages: Pages, session: Session, contest: Contest, part: str) -> None:
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/{part}/{setup.things(contest, part)[0].id}")
    form = organiser.get(url)
    organiser.submit(organiser.get(url), "Save", {"name_en": "Theirs"})

    refused = organiser.submit(form, "Save", {"name_en": "Mine"}, status=409)

    assert (typed(refused, "name_en"), told_meanwhile(refused)) == ("Mine", {"Name in English": "Theirs"})
    organiser.submit(refused, "Save")
    session.expire_all()
    assert setup.things(contest, part)[0].name["en"] == "Mine"


def test_types_of_file_stand_in_groups(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("announced")

    page = organiser_of(pages, session, contest).get(at(contest, "/deliverables/new"))

    groups = {
        page.text(group.find("legend")): [box.get("value") for box in group.iter("input")]
        for group in page.all("fieldset")
        if group.get("class") == "mt2"
    }
    assert groups["Documents"] == ["pdf", "pptx", "keynote"]
    assert groups["Packages and prototypes"] == ["zip", "prototype"]
    assert [kind for kinds in groups.values() for kind in kinds] == list(setup.KINDS)


def test_an_older_form_may_add_because_it_overwrites_nothing(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    form = organiser.get(at(contest, "/categories/new"))
    organiser.submit(organiser.get(at(contest, "/texts")), "Save", {"title_en": "Theirs"})

    organiser.submit(form, "Save", {"name_en": "Widgets"})

    assert [category.key for category in contest.categories] == ["app", "web", "widgets"]


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_of_an_open_contest_are_shown_with_the_reason_why_they_stay(
    pages: Pages, session: Session, make: Make, part: str
) -> None:
    contest = make.contest("open")
    organiser = organiser_of(pages, session, contest)
    thing = setup.things(contest, part)[0]

    for path in (f"/{part}", f"/{part}/{thing.id}"):
        page = organiser.get(at(contest, path))
        assert "Entrants already work on what was announced" in page.text()
        assert {"Save", "Remove it", "Move down"}.isdisjoint(buttons(page))
    organiser.post(at(contest, f"/{part}/{thing.id}/remove"), status=403)
    organiser.post(at(contest, f"/{part}/{thing.id}/move"), {"direction": "down"}, status=403)
    organiser.post(at(contest, f"/{part}/new"), {**_NEW[part][1], "required": "", "version": "1"}, status=403)


@pytest.mark.parametrize("part", [*PARTS, "rubric"])
def test_a_thing_of_another_contest_is_not_found(
    pages: Pages, session: Session, make: Make, contest: Contest, part: str
) -> None:
    foreign = setup.things(make.contest("draft"), part)[0]
    organiser = organiser_of(pages, session, contest)

    organiser.get(at(contest, f"/{part}/{foreign.id}"), 404)
    organiser.post(at(contest, f"/{part}/{foreign.id}/move"), status=404)
    organiser.post(at(contest, f"/{part}/{foreign.id}/remove"), status=404)


# Rubric ------------------------------------------------------------------------------------------

_LEVELS = {f"level_{n}_{lang}": f"{n} {lang}" for n in range(1, 6) for lang in ("en", "ja")}


def test_a_criterion_is_added(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(
        organiser.get(organiser.get(at(contest, "/rubric")).link("Add a criterion")),
        "Save",
        {"name_en": "Legible", "name_ja": "読みやすさ", "question_en": "Read it?", "weight": "33.3", **_LEVELS},
    )

    made = contest.round.criteria[-1]
    assert (made.key, made.name, made.question, made.weight, made.points) == (
        "legible",
        {"en": "Legible", "ja": "読みやすさ"},
        {"en": "Read it?"},
        333,
        5,
    )
    assert made.levels == [{"en": f"{n} en", "ja": f"{n} ja"} for n in range(1, 6)]
    assert "133.3 %" in page.text() and "they must make 100." in page.text()


def test_another_number_of_levels_keeps_what_was_typed(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/rubric/new"))

    more = organiser.submit(page, "Set the number of levels", {**_LEVELS, "name_en": "Half", "points": "7"}, status=200)
    fewer = organiser.submit(more, "Set the number of levels", {"level_7_en": "seven", "points": "3"}, status=200)
    back = organiser.submit(fewer, "Set the number of levels", {"points": "8"}, status=200)

    assert (typed(more, "name_en"), typed(more, "level_5_ja"), typed(more, "level_7_en")) == ("Half", "5 ja", "")
    assert "level_4_en" not in {c.get("name") for c in fewer.all("textarea")}
    assert (typed(back, "level_4_en"), typed(back, "level_7_en"), typed(back, "level_8_en")) == ("4 en", "seven", "")
    assert len(contest.round.criteria) == 3
    wrong = organiser.submit(back, "Set the number of levels", {"points": "11"}, status=422)
    assert (wrong.problems, typed(wrong, "level_5_ja")) == (["Enter a whole number from 3 to 10."], "5 ja")


def test_fewer_levels_are_saved_without_the_rest(pages: Pages, session: Session, contest: Contest) -> None:
    organiser = organiser_of(pages, session, contest)
    criterion = contest.round.criteria[0]

    organiser.submit(organiser.get(at(contest, f"/rubric/{criterion.id}")), "Save", {"points": "3"})

    assert (criterion.points, criterion.levels) == (3, [both("Level 1"), both("Level 2"), both("Level 3")])


@pytest.mark.parametrize("words", ["", "0", "100.1", "33.33", "much", "NaN", "1e400", "-5"])
def test_a_weight_that_is_none_is_refused_and_kept(
    pages: Pages, session: Session, contest: Contest, words: str
) -> None:
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/rubric/{contest.round.criteria[0].id}")

    page = organiser.submit(organiser.get(url), "Save", {"weight": words}, status=422)

    assert page.problems == ["Enter a percentage from 0.1 to 100 with at most one decimal, for example 33.3."]
    assert typed(page, "weight") == words
    assert contest.round.criteria[0].weight == 500


@pytest.mark.parametrize(
    ("words", "stored"), [("35", 350), ("0.1", 1), ("100", 1000), ("12,5 %", 125), ("３３.３", 333)]
)
def test_weights_as_people_type_them(pages: Pages, session: Session, contest: Contest, words: str, stored: int) -> None:
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/rubric/{contest.round.criteria[0].id}")

    organiser.submit(organiser.get(url), "Save", {"weight": words})

    assert contest.round.criteria[0].weight == stored


def test_all_weights_at_once(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("announced")
    organiser = organiser_of(pages, session, contest)
    names = [f"weight_{criterion.id.hex}" for criterion in contest.round.criteria]
    page = organiser.get(at(contest, "/rubric"))

    refused = organiser.submit(page, "Save the weights", dict(zip(names, ("40", "40", "40"), strict=True)), status=422)
    assert refused.problems == ["The weights must add up to 100 %; now they are 120 %."]
    assert [typed(refused, name) for name in names] == ["40", "40", "40"]
    organiser.submit(refused, "Save the weights", {names[2]: "20"})
    stale = organiser.submit(page, "Save the weights", dict(zip(names, ("60", "20", "20"), strict=True)), status=409)

    assert [criterion.weight for criterion in contest.round.criteria] == [400, 400, 200]
    assert told_meanwhile(stale) == {"Weight of Clarity in percent": "40 %", "Weight of Fit in percent": "40 %"}


def test_a_frozen_rubric_says_why_and_stays(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    contest.round.rubric_frozen_at = datetime.now(UTC)
    organiser = organiser_of(pages, session, contest)
    criterion = contest.round.criteria[0]

    for path in ("/rubric", f"/rubric/{criterion.id}"):
        page = organiser.get(at(contest, path))
        assert "A judge has begun to score with this rubric" in page.text()
        assert {"Save", "Save the weights", "Remove it"}.isdisjoint(buttons(page))
    organiser.post(
        at(contest, f"/rubric/{criterion.id}"),
        {
            "version": str(contest.version),
            "name_en": "x",
            "name_ja": "y",
            "weight": "50",
            "points": "5",
            **_LEVELS,
        },
        status=403,
    )
    organiser.post(at(contest, f"/rubric/{criterion.id}/remove"), status=403)
    assert criterion.name == both("Clarity")


def test_judges_per_entry(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/rubric"))

    refused = organiser.submit(page, "Save the number", {"judges_per_entry": "51"}, status=422)
    organiser.submit(refused, "Save the number", {"judges_per_entry": "4"})
    stale = organiser.submit(page, "Save the number", {"judges_per_entry": "5"}, status=409)

    assert (refused.problems, typed(refused, "judges_per_entry")) == (["Enter a whole number from 1 to 50."], "51")
    assert (typed(stale, "judges_per_entry"), told_meanwhile(stale)) == ("5", {"Judges for each entry": "4"})
    assert contest.round.judges_per_entry == 4
    make.open_round(contest)
    assert "Judging has been opened already." in organiser.get(at(contest, "/rubric")).text()
