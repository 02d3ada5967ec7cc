"""The public interface: publications that anybody can check, and what entrants are told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import (
    Entry,
    MailMessage,
    Publication,
)
from contest.services import publications
from tests.factories import both
from tests.pages import Pages
from tests.web.results.steps import DECIDE, award


def test_the_interface_gives_a_snapshot_that_anybody_can_check(published: Pages, pages: Pages) -> None:
    response = pages.open("/api/v1/publications/ferry")

    body = response.get_json()
    text = json.dumps(body["snapshot"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert (body["contest"], body["publication"], body["state"]) == ("ferry", 1, "published")
    assert [award["credit"] for award in body["snapshot"]["awards"]] == ["Maker 5", "Maker 4"]
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert pages.open("/api/v1/publications/ferry/1").get_json() == body
    page = pages.get("/en/contests/ferry/winners")
    assert body["digest"] in page.text().replace(" ", "")
    assert page.link("Open the file (JSON)") == "/api/v1/publications/ferry/1"


def test_the_interface_answers_an_unchanged_tag_with_nothing(published: Pages, pages: Pages) -> None:
    tag = pages.open("/api/v1/publications/ferry").headers["ETag"]

    same = pages.open("/api/v1/publications/ferry", headers={"If-None-Match": tag})
    other = pages.open("/api/v1/publications/ferry", headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert other.status_code == 200


def test_superseded_stays_at_its_number_and_retracted_says_why(
    published: Pages, publisher: Pages, pages: Pages, session: Session, entries: list[Entry]
) -> None:
    first_tag = pages.open("/api/v1/publications/ferry/1").headers["ETag"]
    award(published, entries, **{"statement-0_en": "Better said."})
    published.submit(published.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    published.submit(published.get(DECIDE), "Publish")

    assert pages.open("/api/v1/publications/ferry").get_json()["publication"] == 2
    old = pages.open("/api/v1/publications/ferry/1")
    body = old.get_json()
    assert (body["state"], body["in_force"], old.headers["ETag"] != first_tag) == ("superseded", 2, True)
    table = pages.open("/api/v1/publications/ferry/1/standings.csv")
    assert table.headers["Content-Disposition"] == 'attachment; filename="standings-ferry-1-superseded.csv"'
    assert "Better said." in pages.get("/en/contests/ferry/winners").text()

    page = publisher.get(DECIDE)
    assert publisher.submit(page, "Retract", {"reason": ""}, status=422).problems == ["Say in one sentence why."]
    publisher.submit(page, "Retract", {"reason": "The wrong picture was shown."})

    assert "Retracted: The wrong picture was shown." in publisher.get(DECIDE).text()
    for path in ("", "/1", "/2", "/1/standings.csv", "/2/standings.csv", "/1/scores.zip", "/2/scores.zip"):
        gone = pages.open(f"/api/v1/publications/ferry{path}")
        told = gone.get_json()
        assert (gone.status_code, told["retracted"], told["reason"]) == (410, 2, "The wrong picture was shown.")
        assert told["publication"] == (1 if path.startswith("/1") else 2)
        assert "snapshot" not in told
    assert pages.open("/api/v1/publications/ferry/3").status_code == 404


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_who_follows_a_link_to_a_retracted_result_is_told_why(
    published: Pages, publisher: Pages, pages: Pages, entries: list[Entry], lang: str
) -> None:
    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "The wrong\npicture was shown."})

    for path in ("winners", f"winners/{entries[0].number}"):
        page = pages.get(f"/{lang}/contests/ferry/{path}", 410)
        (why,) = page.all("blockquote")
        assert page.text(why) == "The wrong picture was shown."
        assert "Work 5" not in page.html
    assert pages.as_(entries[0].account).get("/contests/ferry/result", 410).all("blockquote")


def test_a_new_result_after_a_retraction_stands_alone(
    published: Pages, publisher: Pages, pages: Pages, session: Session
) -> None:
    first = session.scalars(select(Publication.id)).one()
    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "The wrong picture was shown."})
    assert publications.kept_scores(session) == set()
    published.submit(published.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    published.submit(published.get(DECIDE), "Publish")

    answers = [pages.open(f"/api/v1/publications/ferry{path}") for path in ("", "/1", "/2")]

    assert [each.status_code for each in answers] == [200, 410, 200]
    assert [each.get_json()["publication"] for each in answers] == [2, 1, 2]
    (kept,) = publications.kept_scores(session)
    assert kept != f"scores/{first}"
    pages.get("/en/contests/ferry/winners")


def test_entrants_are_told_in_their_language(
    published: Pages, session: Session, entries: list[Entry], run_jobs: Callable[[], list[str]]
) -> None:
    entries[0].account.locale = "ja"
    session.commit()

    assert "mail_published" in run_jobs()

    mails = {
        mail.address: mail for mail in session.scalars(select(MailMessage).where(MailMessage.key.like("published:%")))
    }
    assert set(mails) == {entry.account.email for entry in entries}
    winner = mails[entries[0].account.email]
    assert winner.locale == "ja"
    assert both("First prize")["ja"] in winner.text
    assert "To the maker of 5." in winner.text
    assert "http://localhost:5000/ja/contests/ferry/winners" in winner.text
    certificate = "http://localhost:5000/contests/ferry/certificate"
    assert {address for address, mail in mails.items() if certificate in mail.text} == {
        entries[0].account.email,
        entries[1].account.email,
    }
    assert not any("Aoki" in mail.text for mail in mails.values())


def test_a_contest_called_off_after_its_retraction_promises_no_new_result(
    published: Pages, publisher: Pages, pages: Pages
) -> None:
    promise = "When there is a new result, it will be published at this address."
    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "A mistake."})
    assert promise in pages.get("/en/contests/ferry/winners", status=410).text()
    asked = published.get("/manage/ferry/cancel")
    published.submit(asked, "Call the contest off", {"reason_en": "Why.", "reason_ja": "理由", "sure": "y"})

    text = pages.get("/en/contests/ferry/winners", status=410).text()

    assert promise not in text
    assert "The contest was called off since" in text
