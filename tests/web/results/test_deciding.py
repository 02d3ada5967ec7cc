"""The page on which two people decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest.models import (
    Account,
    AuditEvent,
    Award,
    Contest,
    Entry,
    Invitation,
    LoginSession,
    MailMessage,
    Publication,
)
from contest.services import results
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.web.results.steps import DECIDE, WORDS, award


def test_the_standings_share_ties_and_say_what_was_not_counted(
    organiser: Pages, session: Session, make: Make, contest: Contest, entries: list[Entry]
) -> None:
    page = organiser.get(DECIDE)

    rows = [[page.text(cell) for cell in row] for row in page.all("tr")][1:4]
    number = [f"{entry.number:04d}" for entry in entries]
    assert rows == [
        ["1", f"{number[0]} Work 5", "100.00 %", "1", "No prize"],
        ["2, shared by 2", f"{number[1]} Work 4", "80.00 %", "1", "No prize"],
        ["2, shared by 2", f"{number[2]} Work 4", "80.00 %", "1", "No prize"],
    ]
    assert "Every scorecard of every entry counts." in page.text()
    entries[2].state = "disqualified"
    session.flush()
    results.make_tally(session, contest.round.id, contest.created_by)
    page = organiser.get(DECIDE)
    assert f"The organiser took the entry out of the contest: {number[2]}" in page.text()
    assert "Tally 2. Entries: 2, judges: 1, scorecards that count: 2." in page.text()


def test_awards_are_saved_and_refused_at_their_field(organiser: Pages, session: Session, entries: list[Entry]) -> None:
    page = organiser.get(DECIDE)
    refused = organiser.submit(
        page,
        "Save the awards",
        {"entry-0": "999999", "statement-0_en": "Good.", "entry-1": "what", "entry-2": str(entries[1].number)},
        status=422,
    )
    unknown = "Entry number: No judged entry of this contest has this number."
    english, japanese = (
        f"The jury's statement in {lang}: Write the jury's statement in both languages."
        for lang in ("English", "Japanese")
    )
    assert refused.problems == [unknown, japanese, unknown, english, japanese, english, japanese]
    _, data = refused.form("Save the awards")
    assert (data["entry-0"], data["statement-0_en"], data["entry-1"]) == ("999999", "Good.", "what")
    assert session.scalars(select(Award)).all() == []

    page = award(organiser, entries)

    assert "2 awards are saved." in page.text()
    _, data = page.form("Save the awards")
    assert (data["entry-0"], data["statement-0_ja"]) == (str(entries[0].number), WORDS["ja"])
    slips = [page.text(one) for one in page.all("span") if one.get("class") == "slip"]
    assert slips == ["First prize", "Second prize"]


def test_two_people_decide(
    organiser: Pages,
    publisher: Pages,
    session: Session,
    make: Make,
    contest: Contest,
    entries: list[Entry],
    run_jobs: Callable[[], list[str]],
) -> None:
    award(organiser, entries)
    page = organiser.submit(organiser.get(DECIDE), "Propose publication")
    assert page.h1 == "2 awards wait for approval"
    assert "Only a publisher or the chair of this contest may do this." in page.text()
    assert "mail_proposal" in run_jobs()
    assert session.scalars(select(MailMessage.subject)).all() == ["Please approve: winners of Ferry app"]

    page = publisher.get(DECIDE)
    draft = session.scalars(select(Publication)).one()
    for words in (WORDS["en"], WORDS["ja"], "Maker 5", "これも良い。"):
        assert words in page.text()
    url, data = page.form("Approve")
    assert data["digest"] == draft.digest
    wrong = publisher.post(url, {"digest": "0" * 64}, status=403)
    assert wrong.h1 == "The proposal changed"
    page = publisher.submit(page, "Approve")
    assert page.h1 == "Approved, ready to publish"
    assert "Okada Jun" in page.text()

    page = organiser.submit(organiser.get(DECIDE), "Publish")

    assert page.h1 == "The winners are published"
    session.expire_all()
    assert (draft.state, contest.published_at is not None) == ("published", True)


def test_one_person_is_not_two(
    organiser: Pages, make: Make, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    make.member(contest, Role.PUBLISHER, session.get_one(Account, contest.created_by))
    make.member(contest, Role.CHAIR, session.get_one(Account, contest.created_by))
    award(organiser, entries)
    page = organiser.submit(organiser.get(DECIDE), "Propose publication")
    digest = session.scalars(select(Publication.digest)).one()

    assert "You proposed this." in page.text()
    for act in ("approve", "publish"):
        refused = organiser.post(f"{DECIDE}/1/{act}", {"digest": digest}, status=403)
        assert refused.h1 in ("A second person must approve", "This is not possible")
    assert session.scalars(select(Publication.state)).all() == ["draft"]


def test_everybody_sees_who_brought_the_second_person_in(
    organiser: Pages, publisher: Pages, make: Make, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    proposer = session.get_one(Account, contest.created_by)
    second = make.member(contest, Role.CHAIR, make.account("Quick Friend"))
    assert contest.round.closed_at is not None
    late = contest.round.closed_at + timedelta(hours=1)
    sent = {"contest_id": contest.id, "role": "chair", "email": second.email, "email_key": second.email_key}
    # Invited twice; the first time, before judging closed, they did not come.
    for moment, account in ((late - timedelta(days=9), None), (late, second)):
        done = {"accepted_at": moment, "account_id": second.id} if account else {"revoked_at": moment}
        session.add(Invitation(**sent, **done, invited_by=proposer.id, created_at=moment, expires_at=late))
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")

    seen = f"Invited by {proposer.name}"
    warning = "The proposer invited this person after judging had closed."
    for reader in (publisher, organiser):
        told = reader.get(DECIDE).text()
        listed = told[told.index("Who may approve") :]
        assert listed.index("Okada Jun") < listed.index("Quick Friend") < listed.index(seen) < listed.index(warning)
        assert listed.count("Invited by") == 1
    friend = publisher.as_(second)
    friend.submit(friend.get(DECIDE), "Approve")

    told = publisher.get(DECIDE).text()
    assert "Who may approve" not in told
    assert seen in told and warning in told
    facts = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "publication.approved")).one()
    invited = {name: value for name, value in facts.items() if name.startswith("approver_")}
    assert invited == {"approver_invited_by": str(proposer.id), "approver_invited_at": late.isoformat()}


def test_an_old_proof_of_identity_leads_to_confirming_and_back(
    organiser: Pages, publisher: Pages, session: Session, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    session.execute(update(LoginSession).values(fresh_at=datetime.now(UTC) - timedelta(minutes=6)))
    url, data = publisher.get(DECIDE).form("Approve")

    response = publisher.post(url, data, status=302, headers={"Referer": f"http://localhost{DECIDE}"})

    assert response.headers["Location"] == "/confirm"
    with publisher.client.session_transaction() as cookie:
        assert cookie["next"] == DECIDE
    assert session.scalars(select(Publication.approved_at)).all() == [None]


def test_changing_the_awards_takes_the_proposal_back(
    organiser: Pages, publisher: Pages, session: Session, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    url, data = publisher.get(DECIDE).form("Approve")
    award(organiser, entries, **{"statement-0_en": "Said otherwise."})

    refused = publisher.post(url, data, status=403)

    assert "no longer a proposal" in refused.text()
    assert session.scalars(select(Publication.state)).all() == ["superseded"]


def test_the_page_is_for_the_app_team_only(
    organiser: Pages, pages: Pages, make: Make, session: Session, contest: Contest, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    judge, entrant = make.member(contest, Role.JUDGE), entries[0].account
    for account in (judge, entrant):
        visitor = pages.as_(account)
        visitor.get(DECIDE, status=404)
        for path in ("/awards", "/propose", "/1/approve", "/1/publish", "/1/retract"):
            visitor.post(f"{DECIDE}{path}", {}, status=404)
    assert pages.open(DECIDE).headers["Location"] == "/sign-in"


def test_before_the_tally_there_is_nothing_to_decide(
    organiser: Pages, make: Make, session: Session, contest: Contest
) -> None:
    other = make.contest("judging", slug="other", organiser=session.get_one(Account, contest.created_by))
    make.entry(other)

    page = organiser.get("/manage/other/results")

    assert page.h1 == "There is no result yet"
    assert organiser.post("/manage/other/results/propose", status=403).h1 == "This is not possible"


def test_deciding_takes_few_statements(organiser: Pages, session: Session, app: Any, published: Pages) -> None:
    from sqlalchemy import event

    engine = app.extensions["contest.db"].engine
    seen: list[str] = []
    note = lambda *given: seen.append(given[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    try:
        organiser.get(DECIDE)
        assert len(seen) <= 14, "\n".join(seen)
        seen.clear()
        organiser.get("/en/contests/ferry/winners")
        assert len(seen) <= 4, seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
