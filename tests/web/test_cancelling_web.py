"""Calling a contest off, as its people see it: the page that asks, and what every room says afterwards."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest.models import Account, Contest, LoginSession, OutboxItem
from contest.services import accounts, invitations
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.web.room import at, organiser_of, typed

REASON = {"reason_en": "The building burned down.\n\nNobody was hurt.", "reason_ja": "建物が焼けました。"}
BUTTON = "Call the contest off"
SENTENCE = "six loud ferries at night"


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("open", slug="ferry", title={"en": "The ferry", "ja": "渡船"})


def _grow_stale(session: Session) -> None:
    """Nobody who is signed in proved lately who they are."""
    session.execute(update(LoginSession).values(fresh_at=func.now() - timedelta(minutes=6)))
    session.commit()


# Asking ------------------------------------------------------------------------------------------


def test_the_organiser_says_why_ticks_and_calls_it_off(
    pages: Pages, session: Session, make: Make, contest: Contest
) -> None:
    make.entry(contest)
    make.entry(contest, state="draft", files=0)
    make.member(contest, Role.JUDGE)
    organiser = organiser_of(pages, session, contest)
    asked = organiser.get(organiser.get(at(contest)).link(BUTTON))

    refused = organiser.submit(asked, BUTTON, {"reason_en": "Because."}, status=422)

    assert "Everyone with an entry (1) or a draft (1), every judge (1) and the team get a mail" in asked.text()
    assert refused.problems == ["The Japanese text is missing.", "Tick the box to call the contest off."]
    assert typed(refused, "reason_en") == "Because."
    assert contest.cancelled_at is None

    done = organiser.submit(refused, BUTTON, {**REASON, "sure": "y"})

    assert contest.cancelled_at is not None
    assert contest.cancelled_reason == {"en": REASON["reason_en"], "ja": REASON["reason_ja"]}
    for words in ("The contest is called off. Everyone", "There is nothing left to do.", "Nobody was hurt."):
        assert words in done.text()
    assert BUTTON not in done.text()
    # A second press and a second visit say the same.
    organiser.submit(refused, BUTTON, {**REASON, "sure": "y"})
    assert organiser.get(at(contest, "/cancel")).url == at(contest)
    assert "called the contest off" in organiser.get(at(contest, "/audit")).text()
    assert session.scalar(select(func.count()).where(OutboxItem.job == "mail_cancelled")) == 1


def test_who_signed_in_long_ago_proves_who_they_are_and_loses_no_word(
    pages: Pages, session: Session, contest: Contest
) -> None:
    account = session.get_one(Account, contest.created_by)
    account.password_hash = accounts.hash_password(SENTENCE)
    organiser = pages.as_(account)
    _grow_stale(session)
    confirm = organiser.get(at(contest, "/cancel"))
    assert confirm.h1 == "Confirm that it is you"

    asked = organiser.submit(confirm, "Confirm", {"password": SENTENCE})
    assert asked.h1 == BUTTON
    _grow_stale(session)
    kept = organiser.submit(asked, BUTTON, {**REASON, "sure": "y"}, status=422)

    assert "You confirmed more than five minutes ago that it is you." in kept.text()
    assert typed(kept, "reason_ja") == REASON["reason_ja"]
    assert contest.cancelled_at is None
    # In another tab; then the button once more.
    organiser.submit(organiser.get(kept.link("Confirm it again in another tab")), "Confirm", {"password": SENTENCE})
    organiser.submit(kept, BUTTON)
    assert contest.cancelled_at is not None


def test_nothing_offers_what_is_not_possible(pages: Pages, session: Session, make: Make) -> None:
    draft, published, open_ = make.contest("draft"), make.contest("judging"), make.contest("open")
    published.published_at = published.closes_at
    publisher = pages.as_(make.member(open_, Role.PUBLISHER))

    for visitor, contest in (
        (organiser_of(pages, session, draft), draft),
        (organiser_of(pages, session, published), published),
        (publisher, open_),
    ):
        assert BUTTON not in visitor.get(at(contest)).text()
        assert visitor.get(at(contest, "/cancel"), status=403).h1 == "This is not possible"
    chair = pages.as_(make.member(open_, Role.CHAIR))
    chair.submit(chair.get(at(open_, "/cancel")), BUTTON, {**REASON, "sure": "y"})
    assert open_.cancelled_at is not None


# Afterwards --------------------------------------------------------------------------------------


@pytest.fixture
def off(make: Make) -> Contest:
    return make.contest("cancelled", slug="ferry", title={"en": "The ferry", "ja": "渡船"})


@pytest.mark.parametrize(
    "lang, words", [("en", "The building burned down."), ("ja", "The building burned down.（日本語）")]
)
def test_the_public_reads_that_it_is_off_and_why(pages: Pages, off: Contest, lang: str, words: str) -> None:
    page = pages.get(f"/{lang}/contests/ferry")
    listed = pages.get(f"/{lang}/")

    main = page.text(page.all("main")[0])
    # At the top: before the title.
    assert main.index(words) < main.index(off.title[lang])
    group = next(each for each in listed.all("section") if each.get("aria-labelledby") == "h-cancelled")
    assert [a.get("href") for a in group.iter("a")] == [f"/{lang}/contests/ferry"]
    # Nothing of the contest's former course is left to act on.
    assert [a.get("href") for a in page.all("a") if "/contests/ferry/enter" in a.get("href", "")] == []
    assert [p for found in (page, listed) for p in found.all("p") if p.get("class") == "due-big"] == []


def test_calendars_strike_every_date_out(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    contest.round.due_at = contest.closes_at and contest.closes_at + timedelta(days=9)

    def read() -> dict[str, Any]:
        found = Calendar.from_ical(pages.open("/en/contests/ferry/dates.ics").get_data())
        return {str(event["uid"]): event for event in found.walk("VEVENT")}

    before = read()
    organiser = organiser_of(pages, session, contest)
    organiser.submit(organiser.get(at(contest, "/cancel")), BUTTON, {**REASON, "sure": "y"})
    after = read()

    assert before.keys() == after.keys()
    assert {str(event["status"]) for event in before.values()} == {"CONFIRMED", "TENTATIVE"}
    assert {str(event["status"]) for event in after.values()} == {"CANCELLED"}
    for name, event in after.items():
        assert int(event["sequence"]) > int(before[name]["sequence"])
        assert event.decoded("last-modified") >= before[name].decoded("last-modified")
        assert str(event["summary"]).startswith("Called off: ")
        assert event.walk("VALARM") == []


def test_entrants_read_on_and_are_told_why_they_can_do_nothing(pages: Pages, make: Make, off: Contest) -> None:
    account = make.account()
    entry = make.entry(off, account)
    entrant, stranger = pages.as_(account), pages.as_(make.account())

    page = entrant.get("/contests/ferry/entry")

    assert "This contest was called off on" in page.text()
    assert "The building burned down." in page.text()
    assert "Judges will see" not in page.text()
    buttons = {page.text(button) for main in page.all("main") for button in main.iter("button")}
    assert [words for words in buttons if not words.startswith("Download")] == []
    entrant.post(f"/files/{entry.files[0].id}/original", status=302)
    for visitor, address in ((entrant, "entry/submit"), (entrant, "entry/withdraw"), (stranger, "enter")):
        refused = visitor.post(f"/contests/ferry/{address}", {"accept": "1"}, status=403)
        assert "The organiser called this contest off" in refused.text()
    asked = {
        "entry": str(entry.id),
        "slot": "screens",
        "name": "a.png",
        "size": 3,
        "sha256": "00" * 32,
        "type": "image/png",
    }
    assert entrant.json("POST", "/uploads", asked, status=403)["error"] == "cancelled"


def test_a_draft_is_not_told_of_judges_and_receipts(pages: Pages, make: Make, off: Contest) -> None:
    account = make.account()
    make.entry(off, account, state="draft", files=0)

    page = pages.as_(account).get("/contests/ferry/entry")

    assert "Nothing can be submitted any more. You can still read your draft" in page.text()
    assert "Nobody judges your entry any more" not in page.text()


def test_judges_see_that_it_is_over(pages: Pages, make: Make, off: Contest) -> None:
    account = make.member(off, Role.JUDGE)
    make.assignment(make.entry(off), account, code="B-1180")
    make.open_round(off)
    judge = pages.as_(account)

    queue, sheet, desk = judge.get("/judge/ferry"), judge.get("/judge/ferry/B-1180"), judge.get("/desk")

    assert queue.h1 == "This contest was called off"
    assert "nothing is asked of you any more" in queue.text()
    assert "B-1180" not in queue.text()
    assert "The organiser called this contest off" in sheet.text()
    assert "Called off" in desk.text()
    refused = judge.post("/judge/ferry/B-1180", {"version": "0"}, status=403)
    assert "called this contest off" in refused.text()


def test_an_invitation_to_it_leads_nowhere(pages: Pages, session: Session, make: Make, contest: Contest) -> None:
    organiser = make.actor(session.get_one(Account, contest.created_by))
    invited = invitations.invite(
        session, organiser, contest, email="guest@example.org", name="Guest", role=Role.JUDGE, locale="en"
    )
    invited.token_hash = hashlib.sha256(b"token").digest()
    contest.cancelled_at, contest.cancelled_reason = func.clock_timestamp(), both("Why.")
    session.commit()

    assert pages.get("/invitations/token", status=403).h1 == "This contest was called off"
    assert pages.post("/invitations/token", {"name": "Guest"}, status=403).h1 == "This contest was called off"
