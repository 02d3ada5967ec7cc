"""Words for pictures, how whole each language is, the log by person, and what is next on the desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import audit
from contest.models import Account, AuditEvent, Contest, Invitation
from contest.services.checklist import completeness
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Page, Pages
from tests.web.room import at, organiser_of, typed

# Words for pictures -------------------------------------------------------------------------------


def test_an_organiser_rewords_what_a_picture_shows_and_the_judge_reads_it(
    pages: Pages, session: Session, make: Make
) -> None:
    contest = make.contest("judging", judges_per_entry=1)
    judge, entry = make.member(contest, Role.JUDGE), make.entry(contest)
    card = make.assignment(entry, judge)
    make.open_round(contest)
    organiser = organiser_of(pages, session, contest)

    page = organiser.get(
        organiser.get(at(contest, f"/entries/{entry.number}")).link(f"Edit the text {entry.files[0].name}")
    )
    assert (page.h1, typed(page, "alt")) == ("What the picture shows", "A screen with a map.")
    kept = organiser.submit(page, "Save the text", {"alt": "A map <of> the bay."})

    assert "The text is saved. Judges see it from now on." in kept.text()
    assert "Reworded. The entrant wrote: A screen with a map." in kept.text()
    sheet = pages.as_(judge).get(f"/judge/{contest.slug}/{card.code}")
    alts = [image.get("alt") for image in sheet.all("img")]
    assert "A map <of> the bay." in alts and "A screen with a map." not in alts
    event = session.scalars(select(AuditEvent).where(AuditEvent.act == "entry.alt_edited")).one()
    assert (event.actor_id, event.contest_id, event.facts["after"]) == (
        contest.created_by,
        contest.id,
        "A map <of> the bay.",
    )


def test_two_organisers_do_not_overwrite_each_others_words(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/entries/{entry.number}/pictures/{entry.files[0].id}")
    first, second = organiser.get(url), organiser.get(url)
    organiser.submit(first, "Save the text", {"alt": "A map of the bay."})

    stale = organiser.submit(second, "Save the text", {"alt": "A chart."}, status=409)
    assert "A map of the bay." in stale.text()
    assert typed(stale, "alt") == "A chart."
    kept = organiser.submit(stale, "Save the text", {})

    assert "A chart." in kept.text()


def test_words_that_are_too_long_stay_in_the_form(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry = make.entry(contest)
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/entries/{entry.number}/pictures/{entry.files[0].id}")

    page = organiser.submit(organiser.get(url), "Save the text", {"alt": "x" * 301}, status=422)

    assert len(page.problems) == 1
    assert typed(page, "alt") == "x" * 301


def test_only_pictures_of_the_newest_revision_can_be_reworded(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entry, other, draft = make.entry(contest), make.entry(contest), make.entry(contest, state="draft")
    organiser = organiser_of(pages, session, contest)
    first = entry.files[0]
    organiser.get(at(contest, f"/entries/{entry.number}/pictures/{first.id}"))

    first.removed_at = datetime.now(UTC)
    second = make.file(entry)
    make.revision(entry, 2)

    organiser.get(at(contest, f"/entries/{entry.number}/pictures/{second.id}"))
    for number, file in (
        (entry.number, first.id),
        (entry.number, other.files[0].id),
        (draft.number, draft.files[0].id),
    ):
        organiser.get(at(contest, f"/entries/{number}/pictures/{file}"), status=404)


# Languages ----------------------------------------------------------------------------------------


def test_a_whole_contest_is_whole_in_both_languages(make: Make) -> None:
    english, japanese = completeness(make.contest("draft"))

    assert (english.locale, japanese.locale) == ("en", "ja")
    assert english.done == english.all == japanese.done == japanese.all > 20
    assert english.gaps == japanese.gaps == ()


def test_what_a_language_lacks_is_named_with_the_page_where_it_is_written(
    pages: Pages, session: Session, make: Make
) -> None:
    contest = make.contest("draft")
    contest.brief = {"en": "A brief."}
    contest.prizes[0].name = {"en": "First prize"}
    criterion = contest.round.criteria[0]
    criterion.levels = [{"en": level["en"]} if place == 2 else level for place, level in enumerate(criterion.levels)]
    page = organiser_of(pages, session, contest).get(at(contest))

    english, japanese = completeness(contest)

    assert (english.gaps, english.done - japanese.done) == ((), 3)
    assert [(gap.section, gap.field) for gap in japanese.gaps] == [
        ("texts", "brief"),
        ("prizes", "name"),
        ("rubric", "level 3"),
    ]
    assert f"日本語: {japanese.done} of {japanese.all} texts" in page.text()
    assert "3 are missing" in page.text()
    assert "Prizes: First prize, Name" in page.text()
    assert "Rubric: " in page.text() and ", Level 3" in page.text()


def test_a_bare_contest_lacks_what_it_must_have(make: Make, session: Session) -> None:
    organiser = make.account(is_staff=True)
    bare = Contest(slug="bare", title={"ja": "題"}, created_by=organiser.id)
    bare.rounds = []
    session.add(bare)
    session.flush()
    from contest.models import Round

    session.add(Round(contest_id=bare.id, name={}))
    session.flush()
    session.refresh(bare)

    english, japanese = completeness(bare)

    assert (english.done, english.all, japanese.done) == (0, 4, 1)


# The log ------------------------------------------------------------------------------------------


def test_the_log_is_narrowed_to_a_person(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    organiser = session.get_one(Account, contest.created_by)
    entrant = make.account("Amara Eze")
    audit.record(session, make.actor(entrant), "entry.started", contest_id=contest.id)
    audit.record(session, make.actor(organiser), "contest.changed", contest)
    audit.record(session, None, "file.accepted", contest_id=contest.id)
    visitor = organiser_of(pages, session, contest)

    def acts(page: Page) -> list[str]:
        cells = [cell for cell in page.all("td") if cell.get("data-l") == "What"]
        return [page.text(cell) for cell in cells]

    whole = visitor.get(at(contest, "/audit"))
    assert acts(whole) == ["file passed its check", "changed the contest", "started an entry"]
    assert acts(visitor.get(whole.link("Amara Eze"))) == ["started an entry"]
    assert acts(visitor.get(at(contest, "/audit?who=others"))) == ["started an entry"]
    assert acts(visitor.get(at(contest, "/audit?who=system"))) == ["file passed its check"]
    assert acts(visitor.get(at(contest, f"/audit?who={organiser.id}&group=contest"))) == ["changed the contest"]
    assert len(acts(visitor.get(at(contest, "/audit?who=nobody&group=nothing&before=x")))) == 3


# People and the desk ------------------------------------------------------------------------------


def test_invitations_that_work_no_more_are_told_first(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    for number, days in enumerate((-1, 3)):
        session.add(
            Invitation(
                contest_id=contest.id,
                role="judge",
                email=f"i{number}@example.org",
                email_key=f"i{number}@example.org",
                invited_by=contest.created_by,
                expires_at=datetime.now(UTC) + timedelta(days=days),
            )
        )

    page = organiser_of(pages, session, contest).get(at(contest, "/people"))
    expired = organiser_of(pages, session, contest).get(at(contest, "/people?invitations-state=expired"))

    assert "One invitation works no more. Send it again or withdraw it." in page.text()
    assert ("i0@example.org" in expired.text(), "i1@example.org" in expired.text()) == (True, False)


@pytest.mark.parametrize(
    "phase, words",
    [
        ("draft", "Everything is ready. Announce the contest."),
        ("announced", "There are too few judges. Invite more."),
        ("open", "There are too few judges. Invite more."),
        ("grace", "There are too few judges. Invite more."),
        ("judging", "No entry was submitted. You may set a later deadline: the contest then takes entries again."),
    ],
)
def test_the_desk_says_what_is_next_as_the_overview_does(
    pages: Pages, session: Session, make: Make, phase: str, words: str
) -> None:
    contest = make.contest(phase)
    organiser = organiser_of(pages, session, contest)
    page, overview = organiser.get("/desk"), organiser.get(at(contest))

    [cell] = [page.text(cell) for cell in page.all("td") if cell.get("data-l") == "What is next"]
    assert cell.startswith(words)
    assert words in overview.text()
    link = cell.removeprefix(words).strip()
    assert page.link(link) == overview.link(link)


def test_an_empty_desk_offers_the_first_step(pages: Pages, make: Make) -> None:
    staff, entrant = pages.as_(make.account(is_staff=True)), pages.as_(make.account())

    assert "You run no contest yet." in staff.get("/desk").text()
    assert "You are invited by mail when somebody needs you." in entrant.get("/desk").text()
