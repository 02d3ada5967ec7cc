"""Choosing the method on the organiser's page, and the words for what scoring says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

import contest.scoring
from contest import texts
from contest.models import Contest
from contest.scoring.methods import METHODS
from contest.services.scoring import OFFERED
from contest.texts import scoring_codes
from tests.factories import Make
from tests.pages import Page, Pages
from tests.web.room import at, organiser_of

# The method --------------------------------------------------------------------------------------


def _method_page(pages: Pages, session: Session, contest: Contest) -> tuple[Pages, Page]:
    organiser = organiser_of(pages, session, contest)
    return organiser, organiser.get(at(contest, "/method"))


def _checked(page: Page) -> list[str | None]:
    return [one.get("value") for one in page.all("input") if one.get("name") == "method" and "checked" in one.attrib]


def test_the_weighted_mean_stands_first_and_is_recommended(pages: Pages, session: Session, make: Make) -> None:
    _, page = _method_page(pages, session, make.contest("open"))

    radios = [one.get("value") for one in page.all("input") if one.get("name") == "method"]
    assert radios == [name for name in OFFERED if name != "pass"]
    assert _checked(page) == ["mean"]
    assert "Recommended" in page.text(page.by_id("method-mean"))
    assert all("Danger:" in page.text(page.by_id(f"method-{name}")) for name in radios)
    assert page.link("Rubric").endswith("/rubric")


def test_a_method_is_chosen_with_its_options(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    organiser, page = _method_page(pages, session, contest)
    key = contest.round.criteria[1].key

    page = organiser.submit(
        page,
        "Save the method",
        {
            "method": "trimmed",
            "min_judges": "3",
            "trimmed-trim": "２０ %",
            "tie_1": f"criterion:{key}",
            "tie_2": "head",
            # Of a method that is not chosen: not even looked at.
            "zscore-min_n": "many",
        },
    )

    assert contest.round.method == "trimmed"
    assert contest.round.method_options == {"min-judges": "3", "trim": "0.2", "ties": f"criterion:{key},head"}
    assert "The method is saved." in page.text() and "Trimmed mean." in page.text()
    again = organiser.get(at(contest, "/method"))
    assert _checked(again) == ["trimmed"]
    assert again.by_id("trimmed-trim").get("value") == "20"
    data = again.form("Save the method")[1]
    assert [data["tie_1"], data["tie_2"], data["tie_3"]] == [f"criterion:{key}", "head", ""]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"method": "trimmed", "trimmed-trim": "50"}, "Enter a number from 0 to 49.9, for example 10."),
        ({"method": "trimmed", "trimmed-trim": "ten"}, "Enter a number from 0 to 49.9, for example 10."),
        ({"method": "zscore", "zscore-min_n": "1"}, "Enter a whole number from 2 to 1,000."),
        ({"min_judges": "0"}, "Enter a whole number from 1 to 50."),
        ({"method": "guess"}, "Not a valid choice."),
    ],
)
def test_what_does_not_fit_comes_back_with_its_cure(
    pages: Pages, session: Session, make: Make, values: dict[str, str], problem: str
) -> None:
    contest = make.contest("open")
    organiser, page = _method_page(pages, session, contest)

    page = organiser.submit(page, "Save the method", values, status=422)

    assert page.problems == [problem]
    assert contest.round.method == "mean"


def test_once_judging_is_open_a_change_needs_a_reason(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    make.open_round(contest)
    organiser, page = _method_page(pages, session, contest)
    assert "you must say why" in page.text()

    short = organiser.submit(page, "Save the method", {"method": "median", "reason": "Because"}, status=422)
    saved = organiser.submit(short, "Save the method", {"reason": "Two judges mixed up the ends of the scale."})

    assert short.problems == ["Say why in at least 10 letters; the log keeps it."]
    assert "The method is saved." in saved.text() and contest.round.method == "median"
    assert "Two judges mixed up the ends of the scale." in organiser.get(at(contest, "/audit")).text()


def test_a_decision_of_the_chair_names_entries_of_the_contest(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    one, other = make.entry(contest), make.entry(contest)
    make.close_round(contest)
    organiser, page = _method_page(pages, session, contest)
    why = {"reason": "The chair decided on 3 May."}

    unknown = organiser.submit(page, "Save the method", {"decision": f"{one.number} > 9999", **why}, status=422)
    organiser.submit(unknown, "Save the method", {"decision": f"{other.number} > {one.number}", **why})

    assert unknown.problems == ["This choice does not fit the method or this contest. Choose again."]
    assert contest.round.method_options == {"ties": f"decision:C-{other.number:04d}>C-{one.number:04d}"}


def test_a_decision_may_be_typed_as_in_japan(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    one, other = make.entry(contest), make.entry(contest)
    make.close_round(contest)
    organiser, page = _method_page(pages, session, contest)
    wide = f"{one.number:04d}、{other.number:04d}".translate({ord(str(n)): 0xFF10 + n for n in range(10)})

    organiser.submit(page, "Save the method", {"decision": wide, "reason": "The chair decided on 3 May."})

    assert contest.round.method_options == {"ties": f"decision:C-{one.number:04d}>C-{other.number:04d}"}


def test_nobody_overwrites_what_another_chose(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    organiser, page = _method_page(pages, session, contest)
    organiser.submit(page, "Save the method", {"method": "median"})

    stale = organiser.submit(page, "Save the method", {"method": "borda"}, status=409)

    assert "median" in stale.text() and contest.round.method == "median"


def test_a_publisher_reads_but_does_not_choose(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    publisher = pages.as_(make.member(contest, "publisher"))

    page = publisher.get(at(contest, "/method"))

    assert not [one for one in page.all("button") if page.text(one) == "Save the method"]
    chosen = {"method": "median", "min_judges": "1", "tie_1": "", "tie_2": "", "tie_3": "", "version": "1"}
    publisher.post(at(contest, "/method"), chosen, status=403)


# Words -------------------------------------------------------------------------------------------


def test_every_method_and_option_that_is_offered_is_named_and_told(app: Flask) -> None:
    with app.test_request_context("/"):
        for name, options in OFFERED.items():
            assert texts.method_name(name) != name and all(texts.method_about(name))
            assert all(texts.option_name(option) and texts.option_hint(option) for option in options)
            assert set(options) <= {option.name for option in METHODS[name].options}


def _codes() -> dict[str, list[set[str]]]:
    """Each code that scoring refuses with or warns of, and the facts that come with it at each place.

    Without those about files that cannot be read: no page reads one, so that the command line alone tells them.
    """
    found: dict[str, list[set[str]]] = {}
    for path in sorted((Path(contest.scoring.__file__).parent).glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in ("Refused", "note") and path.name != "refusals.py":
                assert isinstance(call.args[0], ast.Constant), f"{path.name}:{call.lineno}: a code is a text"
                facts = {keyword.arg for keyword in call.keywords}
                found.setdefault(str(call.args[0].value), []).append({fact or "*" for fact in facts})
    return found


def test_every_code_of_scoring_is_told_in_words_with_facts_that_it_has() -> None:
    codes = _codes() | {"no_science": [set()], "analysis_failed": [set()]}

    assert len(codes) > 40
    assert {code for code in codes if code not in scoring_codes.CODES} == set()
    assert scoring_codes.CODES - set(codes) == set(), "told, but nowhere said"
    told = {**scoring_codes._REFUSALS, **scoring_codes._NOTES}
    for code, places in codes.items():
        wanted = set(re.findall(r"%\((\w+)\)s", told[code]._args[0]))
        assert all("*" in facts or wanted <= facts for facts in places), f"{code}: {wanted}, {places}"


def test_facts_stand_in_the_sentences(app: Flask) -> None:
    with app.test_request_context("/"):
        said = texts.refusal("disconnected", {"groups": 2, "one": "0001", "other": "0009", "members": [["0001"]]})
        assert said.startswith("2 groups of judges share no entry") and "0001 and 0009" in said
        assert "–" in texts.note("few_spare_scores", {})
