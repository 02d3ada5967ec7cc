"""A winner by itself, its close-up, and what pages say of a method that was changed while scores came in."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import audit
from contest.errors import Denied
from contest.models import Account, Contest, Entry, EntryFile, Preview, Publication, Scorecard
from contest.previews import pack
from contest.previews.extras import OVERLAP, TILE
from contest.services import awards, publications, results, scoring
from contest.services.awards import Pick
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.pictures import png

WHY = "Two judges turned out to score <far> lower than all others."
DECIDE = "/manage/ferry/results"
Publish = Callable[[], None]


@pytest.fixture
def contest(make: Make, storage: Storage) -> Contest:
    """Three judged entries of a closed round, before its tally; the first has a picture with a pyramid."""
    contest = make.contest("judging", slug="ferry", title=both("Ferry app"), judges_per_entry=1)
    judge = make.member(contest, Role.JUDGE)
    make.open_round(contest)
    for level in (5, 4, 3):
        entry = make.entry(contest, title=f"Work {level}", credit=f"Maker {level}", files=0, state="draft")
        file = make.file(entry, body=png(), storage=storage, alt=f"A picture of work {level}")
        make.file(entry, body=png(), storage=storage, alt="")
        pyramid(make.session, file, storage)
        entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
        make.session.flush()
        make.revision(entry)
        make.scorecard(make.assignment(entry, judge), [level] * 3)
    make.close_round(contest)
    return contest


def pyramid(session: Session, file: EntryFile, storage: Storage) -> None:
    """A pyramid of two tiles, of which one tells whose it is."""
    out = io.BytesIO()
    tiles = {"0/0_0": b"\xff\xd8 small", "13/1_0": b"RIFF" + file.alt.encode()}
    pack.write(
        out,
        {"width": 6000, "height": 4000},
        [(name, io.BytesIO(body), len(body)) for name, body in tiles.items()],
    )
    values = {"width": 6000, "height": 4000, "size": out.tell(), "key": f"previews/{uuid.uuid4()}"}
    session.add(Preview(file_id=file.id, page=1, preset="tiles", **values))
    storage.put(str(values["key"]), out.getvalue(), content_type="application/octet-stream")


@pytest.fixture
def entries(session: Session, contest: Contest) -> list[Entry]:
    return list(session.scalars(select(Entry).where(Entry.contest_id == contest.id).order_by(Entry.number)))


@pytest.fixture
def organiser(session: Session, contest: Contest) -> Account:
    return session.get_one(Account, contest.created_by)


@pytest.fixture
def propose(session: Session, make: Make, contest: Contest, organiser: Account, entries: list[Entry]) -> Any:
    """Tally, give the first and the second prize, and propose to publish them."""

    def act() -> Publication:
        assert results.make_tally(session, contest.round.id, organiser.id)
        session.flush()
        picks = [
            Pick(key, entry.number, both("Clear.")) for key, entry in zip(("first", "second"), entries, strict=False)
        ]
        awards.propose(session, make.actor(organiser), contest.slug, picks)
        return publications.propose(session, make.actor(organiser), contest.slug)

    return act


@pytest.fixture
def publish(session: Session, make: Make, contest: Contest, propose: Any) -> Publish:
    def act() -> None:
        draft = propose()
        second = make.actor(make.member(contest, Role.PUBLISHER))
        publications.approve(session, second, contest.slug, draft.number, digest=draft.digest)
        publications.publish(session, second, contest.slug, draft.number, digest=draft.digest)
        session.flush()

    return act


def test_a_winner_has_a_page_of_its_own_with_all_its_pictures(
    publish: Publish, pages: Pages, entries: list[Entry]
) -> None:
    publish()
    address = f"/en/contests/ferry/winners/{entries[0].number}"

    links = [one.get("href") for one in pages.get("/en/contests/ferry/winners").all("a")]
    page = pages.get(address)

    assert address in links
    assert page.h1 == "Work 5"
    for words in ("Maker 5", "First prize", "¥100,000", "Clear.", f"Entry {entries[0].number:04d}", "Next: Work 4"):
        assert words in page.text()
    shown, *strip = page.all("img")
    assert (shown.get("src"), shown.get("alt")) == ("/pictures/ferry/1/1/1/1280", "A picture of work 5")
    assert [one.get("src") for one in strip] == ["/pictures/ferry/1/1/1/320", "/pictures/ferry/1/1/2/320"]
    turned = pages.get(f"{address}?picture=2")
    assert turned.all("img")[0].get("alt") == "Work 5, picture 2"
    for wrong in ("9", "0", "-1", "x"):
        assert pages.get(f"{address}?picture={wrong}").h1 == "Work 5"
    assert pages.open(address.removeprefix("/en")).headers["Location"] == address
    for other in (entries[2].number, 0, 999_999):
        pages.get(f"/en/contests/ferry/winners/{other}", status=404)
        assert pages.open(f"/contests/ferry/winners/{other}").status_code == 404


def test_a_close_up_is_as_public_as_its_winner_and_no_more(
    publish: Publish, pages: Pages, session: Session, entries: list[Entry]
) -> None:
    first = "/pictures/ferry/1/1/1/tiles"
    assert pages.open(f"{first}/13/1_0").status_code == 404
    publish()

    found = pages.open(f"{first}/13/1_0")

    assert (found.status_code, found.mimetype, found.data) == (200, "image/webp", b"RIFFA picture of work 5")
    assert found.headers["Cache-Control"] == "public, max-age=300"
    assert pages.open(f"{first}/13/1_0", headers={"If-None-Match": found.headers["ETag"]}).status_code == 304
    [link] = [
        one for one in pages.get(f"/en/contests/ferry/winners/{entries[0].number}").all("a") if one.get("data-tiles")
    ]
    assert (link.get("data-tiles"), link.get("data-cut")) == (f"{first}/0/0_0", f"6000 4000 {TILE} {OVERLAP}")
    assert pages.open(str(link.get("data-tiles"))).mimetype == "image/jpeg"
    # No other tile, no other picture, no award that was not given, and the pyramid never in one piece.
    for path in ("1/1/1/tiles/13/9_9", "1/1/2/tiles/0/0_0", "1/3/1/tiles/0/0_0", "2/1/1/tiles/0/0_0"):
        assert pages.open(f"/pictures/ferry/{path}").status_code == 404
    for path in ("1/1/1/tiles", "1/1/1/media/tiles"):
        assert pages.open(f"/pictures/ferry/{path}").status_code == 404
    # A pyramid that was made later than two people looked is not public.
    public = session.scalars(select(Publication)).one()
    old = json.loads(json.dumps(public.snapshot))
    for given in old["awards"]:
        for picture in given["pictures"]:
            del picture["tiles"]
    public.snapshot = old | {"format": 4}
    session.flush()
    assert pages.open(f"{first}/13/1_0").status_code == 404
    assert "data-tiles" not in pages.get(f"/en/contests/ferry/winners/{entries[0].number}").html
    public.snapshot, public.state = old, "retracted"
    session.flush()
    assert pages.open("/pictures/ferry/1/1/1/320").status_code == 404


def change(session: Session, make: Make, contest: Contest, organiser: Account, method: str, **options: str) -> None:
    scoring.set_method(session, make.actor(organiser), contest.slug, method=method, options=options, reason=WHY)


def test_a_method_changed_after_judging_opened_is_told_to_the_second_person_and_to_all(
    propose: Any, pages: Pages, session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    change(session, make, contest, organiser, "median")
    propose()
    change(session, make, contest, organiser, "trimmed", trim="0.2")
    change(session, make, contest, organiser, "trimmed", trim="0.1")
    draft = propose()

    told = draft.snapshot["round"]["changes"]

    assert draft.snapshot["format"] == 6
    assert [(one["method"], one["options"], one["reason"], one["known"]) for one in told] == [
        (["mean", "median"], ["", ""], WHY, None),
        (["median", "trimmed"], ["", "trim=0.2"], WHY, 1),
        (["trimmed", "trimmed"], ["trim=0.2", "trim=0.1"], WHY, 1),
    ]
    second = pages.as_(make.member(contest, Role.PUBLISHER)).get(DECIDE)
    publications.approve(
        session, make.actor(make.member(contest, Role.CHAIR)), contest.slug, draft.number, digest=draft.digest
    )
    publications.publish(session, make.actor(organiser), contest.slug, draft.number, digest=draft.digest)
    session.flush()
    for page in (second, pages.get("/en/contests/ferry/winners")):
        words = page.text()
        assert (
            "The method was changed after judging had opened" in words and "from “Weighted mean” to “Median”" in words
        )
        assert words.count(WHY) == 3 and words.count("A ranking was already known by then.") == 2
        assert "The rules of the method “Trimmed mean” were changed" in words and "trim=0.2 → trim=0.1" in words


def test_a_method_named_before_judging_is_no_change(
    publish: Publish, pages: Pages, session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    contest.round.state, opened, closed = "planned", contest.round.opened_at, contest.round.closed_at
    contest.round.opened_at = contest.round.closed_at = None
    session.flush()
    change(session, make, contest, organiser, "median")
    contest.round.state, contest.round.opened_at, contest.round.closed_at = "closed", opened, closed
    publish()

    public = session.scalars(select(Publication)).one()
    assert public.snapshot["round"]["changes"] == []
    assert "after judging had opened" not in pages.get("/en/contests/ferry/winners").text()


def test_a_change_between_proposal_and_approval_stops_it(
    session: Session, make: Make, contest: Contest, organiser: Account, propose: Any
) -> None:
    """The log alone is enough: an approval names the digest of what stands in it now."""
    draft = propose()
    audit.record(
        session,
        make.actor(organiser),
        "scoring.changed",
        contest.round,
        contest_id=contest.id,
        method=["mean", "mean"],
        options=["", ""],
        reason=WHY,
    )
    session.flush()

    with pytest.raises(Denied, match="digest_changed"):
        publications.approve(
            session, make.actor(make.member(contest, Role.CHAIR)), contest.slug, draft.number, digest=draft.digest
        )


def test_an_entrant_finds_rank_score_and_comments_of_the_own_entry_alone(
    publish: Publish, pages: Pages, session: Session, make: Make, entries: list[Entry]
) -> None:
    for entry, words in zip(entries, ("For the winner.", "For the second.", "Larger <letters>."), strict=True):
        session.scalars(select(Scorecard).where(Scorecard.entry_id == entry.id)).one().comment = words
    session.flush()
    lost = pages.as_(entries[2].account)
    lost.get("/contests/ferry/result", status=404)
    publish()

    page = lost.get("/contests/ferry/result")

    words = page.text()
    assert page.h1 == "My result"
    for told in ("did not win a prize", "3 of 3 judged entries", "60.00 %", "Judge 1:", "Larger <letters>."):
        assert told in words
    assert "For the winner." not in words and "For the second." not in words
    assert "/contests/ferry/result" in [one.get("href") for one in lost.get("/contests/ferry/entry").all("a")]
    won = pages.as_(entries[0].account).get("/contests/ferry/result").text()
    assert "First prize" in won and "1 of 3 judged entries" in won and "Larger" not in won
    pages.as_(make.account()).get("/contests/ferry/result", status=404)
    row = session.scalars(select(Publication)).one()
    row.state, row.retracted_at, row.retracted_reason = "retracted", datetime.now(UTC), "A mistake."
    session.flush()
    lost.get("/contests/ferry/result", status=410)
