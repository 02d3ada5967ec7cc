"""The scores that are published with a result: who gets them, what they say, and when they go."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import cli
from contest.models import Entry, Publication
from tests.pages import Pages
from tests.web.results.steps import DECIDE, award

FILE = "/api/v1/publications/ferry/1"


def test_anybody_computes_the_published_ranking_again(
    published: Pages,
    pages: Pages,
    entries: list[Entry],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = pages.get("/en/contests/ferry/winners")
    address = page.link("Download the scores (ZIP)")

    scores = pages.open(address)

    frozen = pages.open(FILE).get_json()["snapshot"]["scores"]
    assert (address, scores.mimetype) == (f"{FILE}/scores.zip", "application/zip")
    assert hashlib.sha256(scores.data).hexdigest() == frozen["sha256"] == scores.headers["ETag"].strip('"')
    assert frozen["command"] in page.text() and frozen["sha256"] in page.text().replace(" ", "")
    same = pages.open(address, headers={"If-None-Match": scores.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    monkeypatch.chdir(tmp_path)
    Path("publication.json").write_bytes(pages.open(FILE).data)
    Path("scores.zip").write_bytes(scores.data)
    assert cli.main(["verify", "publication.json", "scores.zip"]) == 0
    assert "every rank and every score of 3 entries" in capsys.readouterr().out
    csv = pages.open(page.link("Download the standings (CSV)"))
    assert csv.mimetype == "text/csv"
    assert csv.get_data(as_text=True).splitlines()[1].startswith(f"1,1,C-{entries[0].number:04d},first,100.0000,")


def test_an_entrant_without_a_prize_sees_what_the_own_entry_was_given(
    published: Pages, pages: Pages, entries: list[Entry]
) -> None:
    page = pages.as_(entries[2].account).get("/contests/ferry/result")

    assert ["".join(cell.itertext()) for cell in page.all("td")] == [
        *("50 %", "4.0", "5"),
        *("30 %", "4.0", "5"),
        *("20 %", "4.0", "5"),
    ]
    assert f"C-{entries[2].number:04d}" in page.text()
    assert page.link("Download the scores (ZIP)") == f"{FILE}/scores.zip"


def test_the_second_person_sees_what_becomes_public_and_nobody_else_does(
    organiser: Pages, publisher: Pages, pages: Pages, entries: list[Entry]
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication")

    page = publisher.get(DECIDE)

    assert "3 scorecards become public" in page.text()
    waiting = publisher.open(page.link("Download what becomes public (ZIP)"))
    assert (waiting.status_code, waiting.headers["Cache-Control"]) == (200, "private, no-cache")
    pages.as_(entries[0].account).get(f"{DECIDE}/proposed-scores", status=404)
    assert pages.open(f"{FILE}/scores.zip").status_code == 404
    publisher.submit(page, "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")
    assert pages.open(f"{FILE}/scores.zip").data == waiting.data
    assert organiser.open(f"{DECIDE}/proposed-scores").status_code == 404


def test_scores_that_are_not_to_be_public_are_not(
    organiser: Pages, publisher: Pages, pages: Pages, entries: list[Entry], session: Session
) -> None:
    award(organiser, entries)
    organiser.submit(organiser.get(DECIDE), "Propose publication", {"scores": None})
    page = publisher.get(DECIDE)
    assert "They are not published." in page.text()
    publisher.submit(page, "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")

    assert session.scalars(select(Publication)).one().snapshot["scores"] is None
    assert pages.open(f"{FILE}/scores.zip").status_code == 404
    winners = pages.get("/en/contests/ferry/winners").text()
    assert "Download the standings (CSV)" in winners and "Download the scores" not in winners
    assert pages.as_(entries[2].account).get("/contests/ferry/result").all("table") == []


def test_a_retraction_takes_the_scores_out_of_sight(published: Pages, publisher: Pages, pages: Pages) -> None:
    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "The wrong picture was shown."})

    for file in ("scores.zip", "standings.csv"):
        gone = pages.open(f"{FILE}/{file}")
        assert (gone.status_code, gone.get_json()["reason"]) == (410, "The wrong picture was shown.")
    told = [one for one in published.get(DECIDE).text().split(".") if "earlier publication" in one]
    assert len(told) == 1


def test_an_entrant_reads_what_the_rank_and_the_score_are_made_of(
    published: Pages, pages: Pages, entries: list[Entry], session: Session
) -> None:
    """The second of two equals, whose scorecards are fewer than were planned."""
    entries[2].contest.round.judges_per_entry = 3
    session.flush()

    page = pages.as_(entries[2].account).get("/contests/ferry/result")

    rank, score, cards = (page.text(one) for one in page.all("dl")[0].iter("dd"))
    assert (rank.startswith("2 of 3 judged entries"), rank.endswith("Shared with 1 other entry.")) == (True, True)
    assert score == "80.00 %"
    assert cards.startswith("1 of 3 planned")
    assert "Each criterion counts with its weight." in page.text()
    weights = [page.text(next(row.iter("td"))).removesuffix(" %") for row in page.all("tr")[1:]]
    assert sum(map(float, weights)) == 100
