"""The public interface: publications that anybody can check, and what entrants are told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import (
    Entry,
    MailMessage,
)
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
    assert (old.get_json()["state"], old.headers["ETag"] != first_tag) == ("superseded", True)
    assert "Better said." in pages.get("/en/contests/ferry/winners").text()

    page = publisher.get(DECIDE)
    assert publisher.submit(page, "Retract", {"reason": ""}, status=422).problems == ["Say in one sentence why."]
    publisher.submit(page, "Retract", {"reason": "The wrong picture was shown."})

    assert pages.open("/en/contests/ferry/winners").status_code == 404
    assert pages.open("/api/v1/publications/ferry").status_code == 404
    gone = pages.open("/api/v1/publications/ferry/2")
    assert (gone.status_code, gone.get_json()["reason"]) == (410, "The wrong picture was shown.")
    assert "snapshot" not in gone.get_json()
    assert "Retracted: The wrong picture was shown." in publisher.get(DECIDE).text()


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
    assert not any("Aoki" in mail.text for mail in mails.values())
