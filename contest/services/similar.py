"""Similar entries: pages that look alike, found by their hashes, shown to the app team as evidence.

Nothing is ever done about a pair but showing it. Screens share layouts, and a brief hands out the same logo to
everybody: only a person can say what a likeness means.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from contest import audit, clock
from contest.errors import NotFound
from contest.models import (
    Award,
    Contest,
    Entry,
    EntryFile,
    Preview,
    Publication,
    RevisionFile,
    Similarity,
    Texts,
)
from contest.permissions import Actor
from contest.previews.likeness import FLAG, LOOK, MOST_UNLIKE, MOST_UNLIKE_TILES, MOST_UNLIKE_TURNED
from contest.services import contests
from contest.services.listing import Listing
from contest.vocabulary import EntryState, FileState, PublicationState

#: Of the nine tiles so many must be alike, each within so many bits, for pages that differ as a whole.
TILES_ALIKE, TILE_BITS = 5, 6
#: Pairs noted for one file at most: a page that resembles everything says nothing.
MOST_PAIRS = 200
#: Sides of a pair, by the word in an address.
SIDES = ("this", "that")


def _tiles(of: str, *, within: int = TILE_BITS) -> str:
    """SQL that adds up `of` over the nine places where both pages have a tile and the two are alike."""
    alike = "mine.tiles[{0}] <> 0 AND o.tiles[{0}] <> 0 AND bit_count((mine.tiles[{0}] # o.tiles[{0}])::bit(64)) <= {1}"
    terms = (f"CASE WHEN {alike.format(at, within)} THEN {of.format(at)} ELSE 0 END" for at in range(1, 10))
    return " + ".join(terms)


_BITS = "bit_count((mine.tiles[{0}] # o.tiles[{0}])::bit(64))"


# One statement for all pages of a file: each of its orientations against the upright hash of every page of
# other entrants in the contest and of winners of any contest, where upright pages must be alike in their tiles as
# well; then tiles against tiles. Terms are written out,
# because the database goes through millions of pairs and joins of small arrays would cost ten times as much.
_PAIRS = text(f"""
WITH mine AS MATERIALIZED (
    SELECT p.page, p.turned, p.tiles FROM preview_page p WHERE p.file_id = :file AND p.turned <> '{{}}'
), others AS MATERIALIZED (
    SELECT p.file_id, p.page, p.turned[1] AS upright, p.tiles
    FROM preview_page p JOIN entry_file f ON f.id = p.file_id JOIN entry e ON e.id = f.entry_id
    WHERE p.turned <> '{{}}' AND e.account_id <> :account AND f.state = 'accepted'
      AND (e.contest_id = :contest
           -- Of another contest's winner only what was handed in there: nobody looks into a draft.
           OR e.id = ANY(:winners) AND EXISTS (SELECT FROM revision_file r WHERE r.file_id = f.id))
), ways AS MATERIALIZED (
    SELECT mine.page, mine.tiles, way.hash, way.ordinality > 1 AS is_turned
    FROM mine CROSS JOIN LATERAL unnest(mine.turned) WITH ORDINALITY AS way(hash, ordinality)
), wholes AS (
    SELECT mine.page, o.file_id, o.page AS other_page, mine.is_turned,
           bit_count((mine.hash # o.upright)::bit(64)) AS distance
    FROM ways mine JOIN others o
      ON bit_count((mine.hash # o.upright)::bit(64)) <= CASE WHEN mine.is_turned THEN :flag ELSE :look END
     AND bit_count((mine.hash # o.upright)::bit(64)) * 100
         <= CASE WHEN mine.is_turned THEN :most_unlike_turned ELSE :most_unlike END
            * bit_count((mine.hash | o.upright)::bit(64))
    -- Tiles are those of the upright page, so they say nothing of one that was turned.
    WHERE mine.is_turned OR {_tiles(_BITS, within=64)} <= :most_unlike_tiles * ({_tiles("1", within=64)})
), parts AS (
    SELECT mine.page, o.file_id, o.page AS other_page,
           ({_tiles(_BITS)}) / ({_tiles("1")}) AS distance
    FROM mine JOIN others o ON {_tiles("1")} >= :tiles_alike
)
SELECT DISTINCT ON (file_id, page, other_page) file_id, page, other_page, way, distance FROM (
    SELECT page, file_id, other_page, CASE WHEN is_turned THEN 'turned' ELSE 'whole' END AS way, distance,
           is_turned::int AS place
    FROM wholes
    UNION ALL SELECT page, file_id, other_page, 'part', distance, 2 FROM parts
) found
ORDER BY file_id, page, other_page, place, distance
""")  # noqa: S608  of constants of this module


def compare(session: Session, file_id: uuid.UUID) -> None:
    """The job: compare the pages of one file with those of other entrants, and note pairs that look alike.

    Running it again finds the same pairs; those that somebody has put aside stay aside.
    """
    own = session.execute(
        select(EntryFile.accepted_at, Entry.contest_id, Entry.account_id)
        .join(Entry, Entry.id == EntryFile.entry_id)
        .where(EntryFile.id == file_id, EntryFile.state == FileState.ACCEPTED)
    ).first()
    if own is None:
        return
    session.execute(
        delete(Similarity).where(
            # Those of other contests, in which it stands as a winner, are not looked for again here.
            Similarity.contest_id == own.contest_id,
            or_(Similarity.file_id == file_id, Similarity.other_id == file_id),
            Similarity.seen_at.is_(None),
        )
    )
    found = session.execute(
        _PAIRS,
        {
            "file": file_id,
            "account": own.account_id,
            "contest": own.contest_id,
            "winners": _winners(session),
            "look": LOOK,
            # Seven further tries find seven times as much by chance.
            "flag": FLAG,
            "most_unlike": MOST_UNLIKE,
            "most_unlike_turned": MOST_UNLIKE_TURNED,
            "most_unlike_tiles": MOST_UNLIKE_TILES,
            "tiles_alike": TILES_ALIKE,
        },
    ).all()
    nearest = sorted(found, key=lambda row: (row.way == "part", row.distance, str(row.file_id), row.page))[:MOST_PAIRS]
    facts = _facts(session, {row.file_id for row in nearest})
    for row in nearest:
        accepted_at, contest_id = facts[row.file_id]
        # The later file is the one that may have taken something; ties go by id, so that a pair is one pair. Beside
        # a winner of another contest it is always ours: that contest's team has no business with our entries.
        elsewhere = contest_id != own.contest_id
        later = elsewhere or (own.accepted_at, str(file_id)) > (accepted_at, str(row.file_id))
        this, that = ((file_id, row.page), (row.file_id, row.other_page))
        if not later:
            this, that = that, this
        session.execute(
            insert(Similarity)
            .values(
                id=uuid.uuid4(),
                contest_id=own.contest_id,
                file_id=this[0],
                page=this[1],
                other_id=that[0],
                other_page=that[1],
                way=row.way,
                distance=row.distance,
            )
            .on_conflict_do_nothing()
        )


def _winners(session: Session) -> list[uuid.UUID]:
    """Entries that won in any contest and whose winners are public."""
    public = exists().where(Publication.contest_id == Award.contest_id, Publication.state == PublicationState.PUBLISHED)
    return list(session.scalars(select(Award.entry_id).where(Award.withdrawn_at.is_(None), public)))


def _facts(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[datetime, uuid.UUID]]:
    rows = session.execute(
        select(EntryFile.id, EntryFile.accepted_at, Entry.contest_id)
        .join(Entry, Entry.id == EntryFile.entry_id)
        .where(EntryFile.id.in_(list(ids)))
    )
    return {row.id: (row.accepted_at, row.contest_id) for row in rows}


# Showing --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Half:
    """One side of a pair, for the app team."""

    number: int
    title: str
    file_name: str
    alt: str
    page: int
    accepted_at: datetime
    #: Size of the picture that stands for it; 0 if there is none any more.
    width: int
    height: int


@dataclass(frozen=True)
class Pair:
    id: uuid.UUID
    #: `whole`, `turned` or `part`, and how many of 64 bits differ.
    way: str
    distance: int
    seen: bool
    this: Half
    that: Half
    #: The contest in which the other entry won, if it is another one.
    elsewhere: Texts | None

    @property
    def close(self) -> bool:
        """Whether the two are nearly the same, rather than worth a look."""
        return self.way != "part" and self.distance <= FLAG


_This, _That = aliased(EntryFile), aliased(EntryFile)
_ThisEntry, _ThatEntry = aliased(Entry), aliased(Entry)
_ThisPicture, _ThatPicture = aliased(Preview), aliased(Preview)
_Home = aliased(Contest)
_SHOWN = (EntryState.SUBMITTED, EntryState.DISQUALIFIED)


def _counts(file: Any) -> Any:
    """Whether a file is still in its draft, or in a sealed revision."""
    return or_(file.removed_at.is_(None), exists().where(RevisionFile.file_id == file.id))


def _shown(contest_id: uuid.UUID, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Pairs of a contest whose entries are both submitted: nobody looks into a draft."""
    return (
        select(*columns)
        .select_from(Similarity)
        .join(_This, _This.id == Similarity.file_id)
        .join(_That, _That.id == Similarity.other_id)
        .join(_ThisEntry, _ThisEntry.id == _This.entry_id)
        .join(_ThatEntry, _ThatEntry.id == _That.entry_id)
        .where(
            Similarity.contest_id == contest_id,
            _ThisEntry.state.in_(_SHOWN),
            _ThatEntry.state.in_(_SHOWN),
            _counts(_This),
            _counts(_That),
        )
    )


def waiting(session: Session, contest_id: uuid.UUID) -> int:
    """How many pairs nobody has put aside yet."""
    query = _shown(contest_id, func.count()).where(Similarity.seen_at.is_(None))
    return int(session.execute(query).scalar_one())


def pairs(session: Session, actor: Actor, slug: str, listing: Listing) -> tuple[Contest, Listing, list[Pair]]:
    """The pairs of a contest, for its app team. Filter `seen`: "" for those that wait, "all". Raises NotFound."""
    contest = contests.get_managed(session, actor, slug)
    narrow = () if listing.filters.get("seen") == "all" else (Similarity.seen_at.is_(None),)
    total = session.execute(_shown(contest.id, func.count()).where(*narrow)).scalar_one()
    listing = listing.counted(int(total))
    query = (
        _shown(
            contest.id,
            Similarity,
            _This,
            _That,
            _ThisEntry,
            _ThatEntry,
            _ThisPicture,
            _ThatPicture,
            _Home.id.label("home_id"),
            _Home.title.label("home"),
        )
        .join(_Home, _Home.id == _ThatEntry.contest_id)
        .outerjoin(_ThisPicture, _picture(_ThisPicture, Similarity.file_id, Similarity.page))
        .outerjoin(_ThatPicture, _picture(_ThatPicture, Similarity.other_id, Similarity.other_page))
        .where(*narrow)
    )
    orders = {"distance": (Similarity.way == "part", Similarity.distance), "found": (Similarity.found_at,)}
    rows = session.execute(listing.apply(query, orders, Similarity.id)).all()
    return contest, listing, [_pair(contest, *row) for row in rows]


def _picture(preview: Any, file_id: Any, page: Any) -> Any:
    return and_(preview.file_id == file_id, preview.page == page, preview.preset == "1280")


def _pair(
    contest: Contest,
    row: Similarity,
    this: EntryFile,
    that: EntryFile,
    this_entry: Entry,
    that_entry: Entry,
    this_picture: Preview | None,
    that_picture: Preview | None,
    home_id: uuid.UUID,
    home: Texts,
) -> Pair:
    return Pair(
        row.id,
        row.way,
        row.distance,
        row.seen_at is not None,
        _half(this_entry, this, row.page, this_picture),
        _half(that_entry, that, row.other_page, that_picture),
        None if home_id == contest.id else home,
    )


def _half(entry: Entry, file: EntryFile, page: int, picture: Preview | None) -> Half:
    assert file.accepted_at is not None
    size = (picture.width, picture.height) if picture else (0, 0)
    return Half(entry.number, entry.title, file.name, file.alt, page, file.accepted_at, *size)


def picture_key(session: Session, actor: Actor, slug: str, pair_id: uuid.UUID, side: str) -> str:
    """The object with one side of a pair, for the app team of the pair's contest. Raises NotFound."""
    contest = contests.get_managed(session, actor, slug)
    file, page = (
        (Similarity.file_id, Similarity.page) if side == "this" else (Similarity.other_id, Similarity.other_page)
    )
    key = session.scalar(
        _shown(contest.id, Preview.key).join(Preview, _picture(Preview, file, page)).where(Similarity.id == pair_id)
    )
    if key is None or side not in SIDES:
        raise NotFound
    return str(key)


def put_aside(session: Session, actor: Actor, slug: str, pair_id: uuid.UUID) -> None:
    """Note that an organiser has looked at a pair. Twice changes nothing. Raises NotFound and Denied."""
    contest = contests.get_for_change(session, actor, slug)
    row = session.scalars(
        select(Similarity).where(Similarity.id == pair_id, Similarity.contest_id == contest.id).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    if row.seen_at is None:
        row.seen_at, row.seen_by = clock.read(session), actor.account_id
        audit.record(session, actor, "entry.pair_seen", row, distance=row.distance, way=row.way)
