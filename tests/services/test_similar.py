"""Similar entries: who is compared with whom, what is noted, and what an organiser sees."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import jobs
from contest.db import Database
from contest.errors import Denied, NotFound
from contest.models import AuditEvent, Contest, Entry, EntryFile, Similarity
from contest.services import awards, publications, results, rounds, similar
from contest.services.listing import Listing, read
from contest.vocabulary import Role
from tests.factories import Make, both

#: Eight hashes far from each other, as one picture's orientations are.
TURNED = [
    0x0F0F_3333_5555_AAAA >> 1,
    *(0x6A09_E667_F3BC_C908 ^ (0x0123_4567_89AB_CDEF * n) % 2**62 for n in range(1, 8)),
]
TILES = [0x1234_5678_1234_5678 ^ (n << 17) for n in range(9)]


def near(value: int, bits: int) -> int:
    """`value` with so many of its bits changed."""
    return value ^ ((1 << bits) - 1)


def listing(**values: str) -> Listing:
    return read(values, sorts=("distance", "found"), filters={"seen": ("all",)}, per=20)


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging")


def entered(make: Make, contest: Contest, **hashes: Any) -> EntryFile:
    """A submitted entry of somebody new with one picture."""
    entry = make.entry(contest, make.account(), files=0)
    file = make.file(entry)
    make.page(file, **hashes)
    return file


def found(session: Session) -> list[tuple[uuid.UUID, uuid.UUID, str, int]]:
    rows = session.scalars(select(Similarity).order_by(Similarity.distance))
    return [(row.file_id, row.other_id, row.way, row.distance) for row in rows]


@pytest.mark.parametrize(("bits", "expected"), [(0, 1), (8, 1), (14, 1), (15, 0), (40, 0)])
def test_pages_within_fourteen_bits_are_a_pair(
    make: Make, session: Session, contest: Contest, bits: int, expected: int
) -> None:
    first = entered(make, contest, turned=TURNED)
    later = entered(make, contest, turned=[near(TURNED[0], bits), *([2**62 - 1] * 7)])

    similar.compare(session, later.id)

    assert found(session) == [(later.id, first.id, "whole", bits)] * expected


@pytest.mark.parametrize(("apart", "expected"), [(0, 1), (2, 1), (4, 0), (7, 0)])
def test_plain_pages_are_alike_in_what_they_show_not_in_what_is_blank(
    make: Make, session: Session, contest: Contest, apart: int, expected: int
) -> None:
    """Two screens with twelve edges each, of which so many lie elsewhere: 0 to 14 bits."""
    edges = [1 << (5 * n) for n in range(12)]
    moved = [edge << 2 for edge in edges[:apart]] + edges[apart:]
    first = entered(make, contest, turned=[sum(edges), *([2**62 - 1] * 7)])
    later = entered(make, contest, turned=[sum(moved), *([2**62 - 1] * 7)])

    similar.compare(session, later.id)

    assert found(session) == [(later.id, first.id, "whole", 2 * apart)] * expected


@pytest.mark.parametrize(("bits", "expected"), [(12, 1), (13, 0)])
def test_pages_of_one_layout_are_alike_in_their_tiles_too(
    make: Make, session: Session, contest: Contest, bits: int, expected: int
) -> None:
    """Two slides with the same frame and different pictures; tiles that are plain in either of them do not count."""
    first = entered(make, contest, turned=TURNED, tiles=[*TILES[:4], 0, 0, *TILES[6:]])
    tiles = [*(near(tile, bits) for tile in TILES[:6]), 0, *(near(tile, bits) for tile in TILES[7:])]
    later = entered(make, contest, turned=TURNED, tiles=tiles)

    similar.compare(session, later.id)

    assert found(session) == [(later.id, first.id, "whole", 0)] * expected


@pytest.mark.parametrize(("apart", "expected"), [(0, 1), (1, 0)])
def test_plain_pages_are_turned_copies_only_if_nothing_lies_elsewhere(
    make: Make, session: Session, contest: Contest, apart: int, expected: int
) -> None:
    """Twelve edges, of which so many lie elsewhere: 0 or 2 of the 13 bits that either page sets."""
    edges = [1 << (5 * n) for n in range(12)]
    moved = [edge << 2 for edge in edges[:apart]] + edges[apart:]
    first = entered(make, contest, turned=[sum(edges), *([2**62 - 1] * 7)])
    later = entered(make, contest, turned=[2**62 - 1, sum(moved), *([2**62 - 1] * 6)])

    similar.compare(session, later.id)

    assert found(session) == [(later.id, first.id, "turned", 0)] * expected


def test_a_mirrored_page_is_found_and_a_hash_with_its_highest_bit_set_too(
    make: Make, session: Session, contest: Contest
) -> None:
    high = -(2**63) + 0x1234_5678_9ABC
    first = entered(make, contest, turned=[high, *TURNED[1:]])
    later = entered(make, contest, turned=[TURNED[3], TURNED[2], TURNED[1] ^ 1, high ^ 7, *TURNED[4:]])

    similar.compare(session, later.id)

    assert found(session) == [(later.id, first.id, "turned", 3)]


def test_parts_are_alike_when_five_of_nine_tiles_are_and_plain_tiles_do_not_count(
    make: Make, session: Session, contest: Contest
) -> None:
    other = [2**62 - 1] * 8
    five = entered(make, contest, turned=other, tiles=[*TILES[:5], 1, 1, 1, 1])
    entered(make, contest, turned=other, tiles=[*TILES[:4], 1, 1, 1, 1, 1])
    entered(make, contest, turned=other, tiles=[0] * 9)
    later = entered(make, contest, turned=TURNED, tiles=[near(tile, 2) for tile in TILES])

    similar.compare(session, later.id)

    assert found(session) == [(later.id, five.id, "part", 2)]


def test_own_pages_plain_pages_and_other_contests_are_not_compared(
    make: Make, session: Session, contest: Contest
) -> None:
    later = entered(make, contest, turned=TURNED)
    own = make.file(later.entry)
    make.page(own, turned=TURNED)
    entered(make, contest)
    entered(make, make.contest("open"), turned=TURNED)

    similar.compare(session, later.id)

    assert found(session) == []


def test_the_later_file_is_named_first_whichever_is_compared(make: Make, session: Session, contest: Contest) -> None:
    first, later = (entered(make, contest, turned=TURNED) for _ in range(2))
    for file in (first, later, first):
        similar.compare(session, file.id)
    assert found(session) == [(later.id, first.id, "whole", 0)]


def test_a_winner_of_a_past_contest_is_compared_once_it_is_public(make: Make, session: Session) -> None:
    past, organiser, publisher = make.contest("judging", judges_per_entry=1), make.account(), make.account()
    make.member(past, Role.ORGANISER, organiser)
    make.member(past, Role.PUBLISHER, publisher)
    judge = make.member(past, Role.JUDGE)
    make.open_round(past)
    winner = make.entry(past, make.account(), files=0, state="draft")
    won = make.file(winner)
    make.page(won, turned=TURNED)
    winner.state, winner.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(winner)
    make.scorecard(make.assignment(won.entry, judge), [5, 5, 5])
    session.commit()
    rounds.close_round(session, make.actor(organiser), past.slug)
    session.flush()
    results.make_tally(session, past.round.id, organiser.id)
    session.flush()
    pick = awards.Pick("first", won.entry.number, both("Clear and kind."))
    awards.propose(session, make.actor(organiser), past.slug, [pick])
    publication = publications.propose(session, make.actor(organiser), past.slug)
    session.flush()
    here = make.contest("judging")
    later = entered(make, here, turned=TURNED)

    similar.compare(session, later.id)
    assert found(session) == []

    actor = make.actor(publisher)
    publications.approve(session, actor, past.slug, publication.number, digest=publication.digest)
    publications.publish(session, actor, past.slug, publication.number, digest=publication.digest)
    session.flush()
    similar.compare(session, later.id)

    assert found(session) == [(later.id, won.id, "whole", 0)]
    (pair,) = similar.pairs(session, make.actor(make.member(here, Role.ORGANISER)), here.slug, listing())[2]
    assert (pair.elsewhere, pair.that.number, pair.close) == (past.title, won.entry.number, True)

    # The other contest's team learns nothing of our entries, even where theirs came later; and its own
    # comparison takes nothing away from us.
    later.accepted_at = won.accepted_at - timedelta(days=1)
    session.flush()
    similar.compare(session, later.id)
    similar.compare(session, won.id)
    assert found(session) == [(later.id, won.id, "whole", 0)]
    assert similar.pairs(session, make.actor(organiser), past.slug, listing())[2] == []


def test_of_a_winner_elsewhere_only_what_was_handed_in_is_compared(
    make: Make, session: Session, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = entered(make, make.contest("judging"), turned=TURNED)
    later = entered(make, contest, turned=TURNED)
    monkeypatch.setattr(similar, "_winners", lambda _session: [elsewhere.entry_id])

    similar.compare(session, later.id)

    assert found(session) == []


class TestShowing:
    @pytest.fixture
    def pair(self, make: Make, session: Session, contest: Contest) -> Similarity:
        first, later = (entered(make, contest, turned=TURNED) for _ in range(2))
        similar.compare(session, later.id)
        assert first.id != later.id
        return session.scalars(select(Similarity)).one()

    def organiser(self, make: Make, contest: Contest) -> Any:
        return make.actor(make.member(contest, Role.ORGANISER))

    def test_put_aside_once_it_is_no_longer_listed_nor_found_anew(
        self, make: Make, session: Session, contest: Contest, pair: Similarity
    ) -> None:
        actor = self.organiser(make, contest)
        assert similar.waiting(session, contest.id) == 1

        similar.put_aside(session, actor, contest.slug, pair.id)
        similar.put_aside(session, actor, contest.slug, pair.id)
        session.flush()
        similar.compare(session, pair.file_id)

        assert similar.waiting(session, contest.id) == 0
        assert similar.pairs(session, actor, contest.slug, listing())[2] == []
        shown = similar.pairs(session, actor, contest.slug, listing(seen="all"))[2]
        assert [(each.id, each.seen) for each in shown] == [(pair.id, True)]
        acts = session.scalars(select(AuditEvent.act).where(AuditEvent.act == "entry.pair_seen")).all()
        assert acts == ["entry.pair_seen"]

    def test_drafts_and_forgotten_files_are_not_shown(
        self, make: Make, session: Session, contest: Contest, pair: Similarity
    ) -> None:
        actor = self.organiser(make, contest)
        file = session.get_one(EntryFile, pair.file_id)
        entry = session.get_one(Entry, file.entry_id)
        key = similar.picture_key(session, actor, contest.slug, pair.id, "this")
        assert key.startswith("previews/")

        file.removed_at = datetime.now(UTC)
        session.flush()
        assert similar.waiting(session, contest.id) == 0
        file.removed_at = None
        entry.state, entry.submitted_at = "draft", None
        session.flush()
        assert similar.waiting(session, contest.id) == 0
        with pytest.raises(NotFound):
            similar.picture_key(session, actor, contest.slug, pair.id, "this")

    def test_strangers_see_none_of_it_and_publishers_cannot_put_aside(
        self, make: Make, session: Session, contest: Contest, pair: Similarity
    ) -> None:
        elsewhere = self.organiser(make, make.contest("open"))
        for actor in (elsewhere, make.actor(make.account()), make.actor(make.member(contest, Role.JUDGE))):
            with pytest.raises(NotFound):
                similar.pairs(session, actor, contest.slug, listing())
            with pytest.raises(NotFound):
                similar.picture_key(session, actor, contest.slug, pair.id, "that")
        with pytest.raises(NotFound):
            similar.put_aside(session, elsewhere, session.get_one(Contest, contest.id).slug, pair.id)
        with pytest.raises(Denied):
            similar.put_aside(session, make.actor(make.member(contest, Role.PUBLISHER)), contest.slug, pair.id)


def test_the_job_is_owed_by_previews_and_known(database: Database) -> None:
    assert "compare_pages" in jobs.names()
