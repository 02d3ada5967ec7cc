"""Assignments, progress of judging and entries, on the organiser's pages."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Account, Assignment, Contest, Entry, OutboxItem
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.web.room import at, buttons, organiser_of, typed

# Assignments, progress, entries ------------------------------------------------------------------


def _judging(
    make: Make, entries: int = 2, judges: int = 2, need: int = 2
) -> tuple[Contest, list[Entry], list[Account]]:
    contest = make.contest("judging", judges_per_entry=need)
    people = [make.member(contest, Role.JUDGE, make.account(f"Judge {n}")) for n in range(judges)]
    return contest, [make.entry(contest, title=f"Work {n}") for n in range(entries)], people


def test_the_draw_fills_the_matrix(pages: Pages, session: Session, make: Make) -> None:
    contest, entries, _ = _judging(make, entries=3)
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/assignments"))
    assert "3 of 3 entries have too few judges." in page.text()

    page = organiser.submit(page, "Assign what is missing")
    again = organiser.submit(page, "Assign what is missing")

    assert "6 assignments are made." in page.text() and "Every entry has its 2 judges." in page.text()
    assert "Nothing was missing." in again.text()
    assert session.scalar(select(func.count()).select_from(Assignment)) == 6
    assert page.link(f"{entries[0].number:04d}").endswith(f"/entries/{entries[0].number}")


def test_the_draw_needs_enough_judges(pages: Pages, session: Session, make: Make) -> None:
    contest, _, _ = _judging(make, judges=1)
    organiser = organiser_of(pages, session, contest)

    page = organiser.submit(organiser.get(at(contest, "/assignments")), "Assign what is missing", status=422)

    assert page.problems == ["There are fewer judges than each entry needs. Invite judges, Ask for fewer judges"]


def test_many_judges_are_told_by_name(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry], judges = _judging(make, entries=1, judges=12, need=1)
    make.assignment(entry, judges[3])

    page = organiser_of(pages, session, contest).get(at(contest, "/assignments"))

    assert "Judge 3: Not started" in page.text()


def test_one_judge_is_given_and_taken_back_on_the_entrys_page(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], [first, second] = _judging(make)
    organiser = organiser_of(pages, session, contest)
    url = at(contest, f"/entries/{entry.number}")

    page = organiser.submit(organiser.get(url), "Assign", {"judge_id": str(second.id)})
    assert "The judge has this entry now." in page.text()
    offered = [o.get("value") for s in page.all("select") if s.get("name") == "judge_id" for o in s.iter("option")]
    assert offered == [str(first.id)]
    page = organiser.submit(page, "Take back Judge 1")

    assert "The assignment is taken back." in page.text()
    assert "Nobody judges this entry yet." in page.text()
    organiser.post(f"{url}/judges", {"judge_id": str(make.account().id)}, status=404)
    organiser.post(f"{url}/judges", {"judge_id": "x"}, status=404)


def test_a_conflict_of_interest_is_told(pages: Pages, session: Session, make: Make) -> None:
    contest, _, [judge, _] = _judging(make)
    own = make.entry(contest, judge)

    page = organiser_of(pages, session, contest).post(
        at(contest, f"/entries/{own.number}/judges"), {"judge_id": str(judge.id)}, follow=True
    )

    assert "This judge made that entry." in page.text()


def test_judging_is_opened_watched_closed_and_reopened(pages: Pages, session: Session, make: Make) -> None:
    contest, entries, judges = _judging(make, need=1)
    organiser = organiser_of(pages, session, contest)
    organiser.post(at(contest, "/judging/open"), status=403)
    rows = [make.assignment(entry, judges[0]) for entry in entries]
    planned = organiser.get(at(contest, "/progress"))

    opened = organiser.submit(planned, "Open judging")
    late = organiser.submit(planned, "Open judging")
    make.scorecard(rows[0], [5, 5, 5])
    make.scorecard(rows[1], [4, None, None], state="draft")
    half = organiser.get(at(contest, "/progress"))
    closed = organiser.submit(half, "Close judging")
    again = organiser.submit(half, "Close judging")
    reopened = organiser.submit(closed, "Reopen judging")

    assert planned.h1 == "Judging has not begun"
    assert "Nothing changed: somebody else has done this already." in late.text()
    assert (opened.h1, "Judging is open. Each judge gets a mail." in opened.text()) == (
        "0 of 2 scorecards are in",
        True,
    )
    assert (half.h1, "Closing now counts only what is submitted." in half.text()) == ("1 of 2 scorecards are in", True)
    cells = [half.text(cell) for cell in half.all("td")]
    assert {"Submitted", "Draft", "1 of 2", "Under way 1 draft Remind Judge 0", "Nothing assigned"} <= set(cells)
    assert "Judging has closed." in closed.text()
    assert (again.h1, "somebody else has done this already" in again.text()) == (closed.h1, True)
    assert "Judging is open again." in reopened.text()


def test_who_is_late_is_reminded_from_the_progress_page(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], judges = _judging(make)
    make.open_round(contest)
    for judge in judges:
        make.assignment(entry, judge)
    organiser = organiser_of(pages, session, contest)
    publisher = pages.as_(make.member(contest, Role.PUBLISHER))

    one = organiser.submit(organiser.get(at(contest, "/progress")), "Remind Judge 1")
    assert "1 judge gets a mail." in one.text() and "Reminded less than 1 minute ago" in one.text()
    rest = organiser.submit(one, "Remind 1 judge")
    assert "1 judge gets a mail." in rest.text()
    assert "All who have something left were reminded within a day." in rest.text()
    again = organiser.post(at(contest, "/judging/remind"), follow=True)

    assert "Nobody was left to remind: each was reminded within a day or has finished." in again.text()
    organiser.post(at(contest, "/judging/remind"), {"judge": "x"}, status=404)
    assert not [button for button in buttons(publisher.get(at(contest, "/progress"))) if "Remind" in button]
    assert [tuple(row) for row in session.execute(select(OutboxItem.job, OutboxItem.args["judge_id"].astext))] == [
        ("mail_reminder", str(judge.id)) for judge in (judges[1], judges[0])
    ]


def test_judging_says_why_it_cannot_be_opened_or_reopened(pages: Pages, session: Session, make: Make) -> None:
    draft, closed = make.contest("draft"), make.contest("judging")
    draft.opens_at = draft.closes_at = None
    make.close_round(closed)
    make.proposal(closed)
    session.flush()

    bare = organiser_of(pages, session, draft).get(at(draft, "/progress"))
    page = organiser_of(pages, session, closed).get(at(closed, "/progress"))

    assert "The contest is not announced yet. Complete the checklist and announce it first." in bare.text()
    assert "that takes the proposal back" in page.text() and "Reopen judging" not in buttons(page)


def test_progress_tells_neither_scores_nor_notes(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], [judge, _] = _judging(make)
    make.open_round(contest)
    card = make.scorecard(make.assignment(entry, judge), [5, 4, 3], total=4242)
    card.note, card.comment = "A private thought.", "A word to the entrant."
    organiser = organiser_of(pages, session, contest)

    for path in ("/progress", "/assignments", f"/entries/{entry.number}"):
        html = organiser.get(at(contest, path)).html
        assert "Submitted" in html
        assert not [word for word in ("A private thought.", "A word to the entrant.", "4242") if word in html]


def test_the_entries_are_listed_by_state_in_the_contests_zone(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    sealed, draft = make.entry(contest, title="Tide <i>line</i>"), make.entry(contest, state="draft", title="Not yet")
    local = sealed.revisions[0].sealed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    organiser = organiser_of(pages, session, contest)

    page = organiser.get(at(contest, "/entries"))
    drafts = organiser.get(at(contest, "/entries?state=draft"))
    odd = organiser.get(at(contest, "/entries?state=odd&page=0"))

    assert "Tide <i>line</i>" in page.text() and sealed.account.name in page.text()
    assert "Sealed, Tokyo time" in page.text()
    assert f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S}" in page.text()
    assert (f"{draft.number:04d}" in drafts.text(), f"{sealed.number:04d}" in drafts.text()) == (True, False)
    assert f"{sealed.number:04d}" in odd.text()


def test_long_lists_have_pages(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging")
    entries = [make.entry(contest, files=0, title=f"Work {number:02d}") for number in range(51)]
    organiser = organiser_of(pages, session, contest)

    for path in ("/entries", "/assignments", "/progress"):
        first = organiser.get(at(contest, path))
        second = organiser.get(first.link("Next"))
        assert ("1 to 50 of 51" in first.text(), "51 to 51 of 51" in second.text()) == (True, True)
        assert second.link("Back").rstrip("?").endswith(path)
        assert [entry.title for entry in entries if entry.title in second.text()] == ["Work 50"]


def test_an_entry_shows_its_revisions_and_files(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("open")
    entry = make.entry(contest, credit="Studio <b>")
    make.file(
        entry, "document", kind="pdf", name="plan.pdf", preview_state="failed", preview_reason="timeout", previews=False
    )
    make.revision(entry, 2)
    organiser = organiser_of(pages, session, contest)

    page = organiser.get(at(contest, f"/entries/{entry.number}"))

    assert page.h1 == entry.title
    for words in (
        entry.account.email,
        "Studio <b>",
        "Revision 2",
        "Revision 1",
        "plan.pdf",
        "The preview took too long to make. Simplify the file, or add a PNG or PDF export.",
    ):
        assert words in page.text()
    url, _ = page.form("Download plan.pdf, revision 2")
    assert re.fullmatch(r"/files/[0-9a-f-]{36}/original", url)
    organiser.get(at(contest, "/entries/2147483647"), 404)
    organiser.get(at(contest, "/entries/99999999999999999999"), 404)


def test_an_entry_is_taken_out_and_back_in(pages: Pages, session: Session, make: Make) -> None:
    contest, [entry, _], _ = _judging(make)
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, f"/entries/{entry.number}"))

    refused = organiser.submit(page, "Disqualify the entry", {"reason": ""}, status=422)
    long = organiser.submit(page, "Disqualify the entry", {"reason": "x" * 1001}, status=422)
    out = organiser.submit(page, "Disqualify the entry", {"reason": "Copied <from> another."})
    assert entry.state == "disqualified"
    back = organiser.submit(out, "Take the entry back into the contest")

    assert refused.problems == ["Fill this in."]
    assert typed(long, "reason") == "x" * 1001
    assert "Reason for disqualification: Copied <from> another." in out.text()
    assert ("Out of the contest" in back.text(), entry.state) == (False, "submitted")
