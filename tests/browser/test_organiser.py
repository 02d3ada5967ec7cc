"""The organiser's and the publisher's whole work without JavaScript: from an empty form to published winners."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest.models import Account, Contest, Publication
from tests.browser import checks
from tests.browser.organising import (
    EMEKA,
    HARUKA,
    ORGANISER,
    PUBLISHER,
    SLUG,
    STATEMENT,
    announce,
    approve_and_publish,
    close_judging,
    create_contest,
    invite,
    let_minutes_pass,
    level,
    open_judging,
    pass_the_deadline,
    propose,
)
from tests.browser.steps import Post, accept_invitation, said
from tests.factories import Make

Visit = Callable[..., Page]


def test_a_contest_is_made_run_and_published_without_scripts(visit: Visit, make: Make, session: Session) -> None:
    staff = make.account("Aino Virtanen", email=ORGANISER, is_staff=True)
    organiser, publisher = visit(staff, javascript=False), visit(javascript=False)
    judges, public, post = [visit(javascript=False), visit(javascript=False)], visit(javascript=False), Post(visit())

    organiser.goto("/")
    create_contest(organiser)
    announce(organiser)
    hand_in(make, session)
    pass_the_deadline(session)
    organiser.goto(f"/manage/{SLUG}")
    invite(organiser)
    accept_invitation(judges[0], post, *EMEKA)
    accept_invitation(judges[1], post, HARUKA[0], HARUKA[1])
    accept_invitation(publisher, post, PUBLISHER, "Bela Bartók")
    session.execute(update(Account).values(locale="en"))  # one judge was invited in Japanese
    session.commit()
    open_judging(organiser)
    for judge, clarity in zip(judges, (3, 2), strict=True):
        score(judge, clarity)
    close_judging(organiser)
    propose(organiser)
    organiser.set_viewport_size({"width": 820, "height": 1000})
    assert checks.overflow(organiser) == []
    let_minutes_pass(session)
    approve_and_publish(publisher, post)

    publication = session.scalars(select(Publication)).one()
    assert (publication.state, publication.number) == ("published", 1)
    public.goto(f"/en/contests/{SLUG}/winners")
    winner = public.get_by_role("figure")
    expect(winner.get_by_role("heading", name="Tide lines")).to_be_visible()
    for words in ("First prize", "Okafor Studio, Lagos", STATEMENT["en"]):
        expect(winner).to_contain_text(words)


def hand_in(make: Make, session: Session) -> None:
    """One entry, as an entrant leaves it."""
    contest = session.scalars(select(Contest).where(Contest.slug == SLUG)).one()
    make.entry(contest, files=0, title="Tide lines", credit="Okafor Studio, Lagos").number = 1
    session.commit()


def score(page: Page, clarity: int) -> None:
    page.goto(f"/judge/{SLUG}")
    page.get_by_role("link", name="Go on with").click()
    level(page, "Clarity", clarity).check()
    level(page, "Welcome", 4).check()
    page.get_by_role("button", name="Submit", exact=True).click()
    said(page, "The scorecard is submitted.")
