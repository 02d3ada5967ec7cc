"""What a judge tells the app team, on the pages of both; without a script."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, AuditEvent, Contest, Flag, Scorecard
from contest.services import awards, publications, results
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.web.room import at, organiser_of


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka"))


@pytest.fixture
def mine(make: Make, contest: Contest, judge: Account) -> list[Assignment]:
    made = [
        make.assignment(make.entry(contest, title=f"Work {place}"), judge, code=f"B-{place}", position=place)
        for place in (1, 2)
    ]
    make.open_round(contest)
    return made


@pytest.fixture
def desk(pages: Pages, judge: Account, mine: list[Assignment]) -> Pages:
    return pages.as_(judge)


def test_a_judge_tells_something_and_takes_it_back(desk: Pages, session: Session) -> None:
    page = desk.get("/judge/ferry/B-1")
    page = desk.submit(page, "Send to the app team", {"kind": "identity", "words": "A name on\npage 2."})

    assert "The app team is told." in page.text()
    told = page.text(page.by_id("tell"))
    assert "It shows who made it" in told and "No answer yet" in told and "A name on page 2." in told
    assert "Told the app team: It shows who made it" in desk.get("/judge/ferry").text()
    page = desk.submit(page, "Take it back: It shows who made it")
    assert "You took it back." in page.text()
    assert "A name on" not in page.text()
    assert "Told the app team" not in desk.get("/judge/ferry").text()
    assert session.scalars(select(Scorecard)).all() == []


def test_a_refusal_opens_the_form_and_stands_on_top_of_the_page(desk: Pages) -> None:
    page = desk.submit(desk.get("/judge/ferry/B-1"), "Send to the app team", status=422)

    assert page.problems == ["Choose what it is about."]
    assert "open" in next(page.by_id("tell").iter("details")).attrib


def test_telling_leaves_an_unsaved_sheet_as_it_was(desk: Pages, session: Session) -> None:
    page = desk.get("/judge/ferry/B-1")
    page = desk.submit(
        page, "Send to the app team", {"level-clarity": "4", "note": "mine", "kind": "discuss"}, status=200
    )

    _, data = page.form("Save draft")
    assert (data["level-clarity"], data["note"], data.get("kind"), data["words"]) == ("4", "mine", None, "")
    assert [flag.kind for flag in session.scalars(select(Flag))] == ["discuss"]
    # A refusal keeps both.
    page = desk.submit(
        page, "Send to the app team", {"level-clarity": "5", "note": "mine", "kind": "other"}, status=422
    )
    assert "Say in one or two sentences what it is." in page.text(page.by_id("tell"))
    _, data = page.form("Save draft")
    assert (data["level-clarity"], data["kind"]) == ("5", "other")


@pytest.mark.parametrize(
    ("button", "said"), [("Save draft", "The draft is saved."), ("Submit and next", "The scorecard is submitted.")]
)
def test_going_on_does_not_leave_behind_what_is_not_sent(desk: Pages, session: Session, button: str, said: str) -> None:
    levels = {"level-clarity": "5", "level-fit": "4", "level-craft": "2"}
    page = desk.submit(desk.get("/judge/ferry/B-1"), button, levels | {"words": "Look at page 2."}, status=200)

    assert page.text(page.all("h1")[0]) == "Entry B-1"
    assert said in page.text() and "This is not sent yet." in page.text(page.by_id("tell"))
    _, data = page.form("Send to the app team")
    assert data["words"] == "Look at page 2."
    assert session.scalars(select(Scorecard)).one().total is not None


def test_what_comes_after_the_close_is_shown_to_copy(
    desk: Pages, make: Make, contest: Contest, session: Session
) -> None:
    page = desk.get("/judge/ferry/B-1")
    make.close_round(contest)
    session.commit()

    page = desk.submit(page, "Send to the app team", {"kind": "rules", "words": "It has no page 3."}, status=403)

    told = page.text(page.by_id("tell"))
    assert "This was not sent to the app team. Copy what you need." in told and "It has no page 3." in told
    assert "Send to the app team" not in page.text()


def test_the_team_reads_and_answers_and_the_judge_reads_the_answer(
    pages: Pages, desk: Pages, session: Session, make: Make, contest: Contest, mine: list[Assignment]
) -> None:
    flag = make.flag(mine[0], "copied", words="<b>As</b> in the harbour app.")
    session.commit()
    room, number = organiser_of(pages, session, contest), f"{mine[0].entry.number:04d}"

    assert "1 message from a judge waits for an answer" in room.get(at(contest, "/progress")).text()
    assert "1 waits for an answer" in room.get(at(contest)).text()
    page = room.get(at(contest, "/flags"))
    for words in (f"It seems copied: Entry {number}", "Aoki Haruka", "<b>As</b> in the harbour app.", "Work 1"):
        assert words in page.text()
    page = room.get(at(contest, f"/flags/{flag.id}"))
    page = room.submit(page, "Send the answer", {"answer": " "}, status=422)
    assert page.problems == ["Fill this in."]
    page = room.submit(page, "Send the answer", {"answer": "We look at it."})
    assert "The answer is sent. The judge gets a mail." in page.text()
    assert "No message waits for an answer." in page.text()
    assert "We look at it." in room.get(at(contest, "/flags?show=all")).text()
    assert "We look at it." in room.get(at(contest, f"/entries/{mine[0].entry.number}")).text()
    assert "None waits for an answer" in room.get(at(contest)).text()

    told = desk.get("/judge/ferry/B-1")
    assert "We look at it." in told.text(told.by_id("tell"))
    assert "Take it back" not in told.text()
    assert "It seems copied (answered)" in desk.get("/judge/ferry").text()
    facts = session.execute(select(AuditEvent.facts).where(AuditEvent.act == "flag.answered")).scalar_one()
    assert facts == {"kind": "copied", "entry": mine[0].entry.number}
    # No words in the log: it can be read by more people than a message.
    assert not [e for e in session.scalars(select(AuditEvent)) if "harbour" in json.dumps(e.facts)]


def test_a_publisher_reads_but_does_not_answer(
    pages: Pages, session: Session, make: Make, contest: Contest, mine: list[Assignment]
) -> None:
    flag = make.flag(mine[0], "discuss")
    reader = pages.as_(make.member(contest, Role.PUBLISHER))
    session.commit()

    page = reader.get(at(contest, f"/flags/{flag.id}"))

    assert "Only an organiser" in page.text() and not list(page.all("textarea"))
    assert reader.get(at(contest, "/flags")).text().count("Worth discussing") == 1


def test_worth_discussing_stands_beside_the_rank_and_is_published_nowhere(
    pages: Pages, session: Session, make: Make, contest: Contest, mine: list[Assignment], storage: Storage
) -> None:
    for held in mine:
        make.scorecard(held, [5, 4, 2])
    make.flag(mine[0], "discuss", words="Canary words.", answer="Canary answer.", **answered(contest))
    make.flag(mine[1], "discuss", withdrawn_at=datetime.now(UTC))
    make.close_round(contest)
    results.make_tally(session, contest.round.id, contest.created_by)
    session.commit()
    room = organiser_of(pages, session, contest)

    for path in ("/results", "/results/ranking"):
        page = room.get(at(contest, path))
        assert page.text().count("1 judge finds it worth discussing") == 1, path
        assert "Canary" not in page.text()
    actor = make.actor(session.get_one(Account, contest.created_by))
    awards.propose(session, actor, "ferry", [awards.Pick("first", mine[0].entry.number, both("Clear."))])
    proposed = publications.propose(session, actor, "ferry", scores_to=storage)
    assert "Clear." in json.dumps(proposed.snapshot)
    assert "Canary" not in json.dumps(proposed.snapshot) and "discuss" not in json.dumps(proposed.snapshot)


def answered(contest: Contest) -> dict[str, Any]:
    return {"answered_by": contest.created_by, "answered_at": datetime.now(UTC)}
