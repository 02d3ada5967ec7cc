"""Results: the tally of a closed round, and its standings.

A tally counts frozen rows with exact arithmetic and is never edited: another input makes another tally.
Its digests tell whether two tallies counted the same and came out the same:

- `cards`: SHA-256 over 56 bytes for each counted scorecard, in the order of the scorecards' ids: the ids
  of scorecard, entry and judge (16 bytes each) and the total (8 bytes, big-endian).
- Input digest: SHA-256 of the canonical JSON of `cards`, what each entry's cards add up to, the rubric's
  weights and points, the method with its parameters, and everything left out with its reason.
- Result digest: SHA-256 of the canonical JSON of the input digest and every standing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from contest import audit, clock
from contest.models import Award, Criterion, Entry, Prize, Revision, Round, Standing, Tally
from contest.permissions import Actor
from contest.scoring import ENGINE_VERSION, METHOD, digest, rubric
from contest.scoring import tally as scoring
from contest.services import contests
from contest.services.listing import Listing
from contest.vocabulary import ROUND_TRANSITIONS, RoundState, check_transition

#: An entry is ranked from this many scorecards on; fewer than were promised is a warning.
MINIMUM = 1
#: Rows of a page of standings, and their one order.
PAGE, SORTS = 100, ("rank",)

# One statement, so that everything is read in one snapshot; one row with a column of values each, so that
# no object is made per entry. What is out of the count is little and found first: a card then needs no join
# but a look into two short lists.
_COUNT = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT a.id, a.entry_id, 'recused' AS reason FROM recusal r JOIN assignment a ON a.id = r.assignment_id
        WHERE a.round_id = :round
        UNION ALL
        SELECT a.id, a.entry_id, 'removed' FROM assignment a
        WHERE a.round_id = :round AND a.removed_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM recusal r WHERE r.assignment_id = a.id)
    ), out AS MATERIALIZED (
        SELECT id, state FROM entry
        WHERE contest_id = :contest AND submitted_at IS NOT NULL AND state <> 'submitted'
    ), card AS MATERIALIZED (
        SELECT c.id, c.assignment_id, c.entry_id, c.judge_id, c.total,
               coalesce(out.state, gone.reason, nullif(c.state, 'submitted')) AS reason
        FROM scorecard c LEFT JOIN gone ON gone.id = c.assignment_id LEFT JOIN out ON out.id = c.entry_id
        WHERE c.round_id = :round
    ), summed AS (
        SELECT entry_id, sum(total)::bigint AS total, count(*) AS cards FROM card WHERE reason IS NULL GROUP BY entry_id
    ), counted AS (
        SELECT array_agg(e.id::text ORDER BY e.id) AS entries, array_agg(coalesce(s.total, 0) ORDER BY e.id) AS totals,
               array_agg(coalesce(s.cards, 0) ORDER BY e.id) AS cards
        FROM entry e LEFT JOIN summed s ON s.entry_id = e.id
        WHERE e.contest_id = :contest AND e.state = 'submitted'
    ), left_out AS (
        SELECT id::text AS entry, NULL AS scorecard, state AS reason FROM out
        UNION ALL
        SELECT c.entry_id::text, c.id::text, c.reason FROM card c
        WHERE c.reason IS NOT NULL AND NOT EXISTS (SELECT FROM out WHERE out.id = c.entry_id)
        UNION ALL
        SELECT g.entry_id::text, NULL, g.reason FROM gone g
        WHERE g.reason = 'recused' AND NOT EXISTS (SELECT FROM card WHERE card.assignment_id = g.id)
              AND NOT EXISTS (SELECT FROM out WHERE out.id = g.entry_id)
    )
    SELECT counted.entries, counted.totals, counted.cards,
           (SELECT json_agg(json_strip_nulls(row_to_json(left_out)) ORDER BY entry, reason, scorecard)
            FROM left_out) AS left_out,
           (SELECT count(*) FROM (SELECT DISTINCT judge_id FROM card WHERE reason IS NULL) judge) AS judges,
           (SELECT encode(sha256(coalesce(string_agg(
                       uuid_send(id) || uuid_send(entry_id) || uuid_send(judge_id) || int8send(total),
                       ''::bytea ORDER BY id), ''::bytea)), 'hex')
            FROM card WHERE reason IS NULL) AS digest
    FROM counted
    """
)
_STORE = text(
    """
    INSERT INTO standing (tally_id, entry_id, rank, tied, numerator, denominator, scorecards)
    SELECT :tally, entry::uuid, rank, tied, numerator, denominator, cards
    FROM unnest(cast(:entry AS text[]), cast(:rank AS bigint[]), cast(:tied AS bigint[]),
                cast(:numerator AS bigint[]), cast(:denominator AS bigint[]), cast(:cards AS bigint[]))
         AS given (entry, rank, tied, numerator, denominator, cards)
    """
)


# The tally ---------------------------------------------------------------------------------------


def make_tally(session: Session, round_id: uuid.UUID, account_id: uuid.UUID) -> Tally | None:
    """The job: count the scorecards of a closed round and store the outcome.

    Returns the round's newest tally; None if the round is not closed (it was reopened meanwhile). An
    input that was counted already makes no second tally.
    """
    round_ = contests.lock_round(session, session.get_one(Round, round_id).contest)
    if round_.state not in (RoundState.CLOSED, RoundState.TALLIED):
        return None
    criteria = _rubric(session, round_id)
    counted = _count(session, round_)
    params: dict[str, Any] = {
        "minimum": MINIMUM,
        "full": rubric.FULL,
        "judges_per_entry": round_.judges_per_entry,
        "rubric": [[criterion.key, criterion.weight, criterion.points] for criterion in criteria],
    }
    input_digest = digest.sha256(
        {
            "method": METHOD,
            "engine": ENGINE_VERSION,
            "params": params,
            "cards": counted.digest,
            "entries": [counted.entries, counted.totals, counted.cards],
            "excluded": counted.left_out,
        }
    )
    newest = latest_tally(session, round_id)
    if newest is None or newest.input_digest != input_digest:
        newest = _store(session, round_, account_id, params, counted, input_digest, newest)
    if round_.state != RoundState.TALLIED:
        check_transition(ROUND_TRANSITIONS, round_.state, RoundState.TALLIED)
        round_.state = RoundState.TALLIED
    return newest


@dataclass(frozen=True)
class _Counted:
    """What counts: per entry the sum of its cards' totals and their number; what does not, and why."""

    entries: list[str]
    totals: list[int]
    cards: list[int]
    #: {"entry": id, "scorecard": id where it is about one, "reason": code}
    left_out: list[dict[str, Any]]
    judges: int
    digest: str


def _rubric(session: Session, round_id: uuid.UUID) -> list[rubric.Criterion]:
    rows = session.execute(
        select(Criterion.key, Criterion.weight, Criterion.points)
        .where(Criterion.round_id == round_id)
        .order_by(Criterion.position, Criterion.key)
    )
    criteria = [rubric.Criterion(row.key, row.weight, row.points) for row in rows]
    rubric.check(criteria)
    return criteria


def _count(session: Session, round_: Round) -> _Counted:
    """Read everything that a tally of the round counts or leaves out."""
    # The statement sorts all cards once; that fits into memory where the default would spill to disk.
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    row = session.execute(_COUNT, {"round": round_.id, "contest": round_.contest_id}).one()
    return _Counted(row.entries or [], row.totals or [], row.cards or [], row.left_out or [], row.judges, row.digest)


def _store(
    session: Session,
    round_: Round,
    account_id: uuid.UUID,
    params: dict[str, Any],
    counted: _Counted,
    input_digest: str,
    before: Tally | None,
) -> Tally:
    each = list(zip(counted.entries, counted.totals, counted.cards, strict=True))
    places = scoring.rank([scoring.Counted(*row) for row in each], minimum=MINIMUM)
    columns: dict[str, list[Any]] = {
        "entry": [place.entry for place in places],
        "rank": [place.rank for place in places],
        "tied": [place.tied for place in places],
        "numerator": [place.numerator for place in places],
        "denominator": [place.denominator for place in places],
        "cards": [place.cards for place in places],
    }
    wanted = round_.judges_per_entry
    tally = Tally(
        round_id=round_.id,
        number=before.number + 1 if before else 1,
        method=METHOD,
        params=params,
        engine_version=ENGINE_VERSION,
        input_digest=input_digest,
        result_digest=digest.sha256({"input": input_digest, "standings": columns}),
        n_entries=len(each),
        n_judges=counted.judges,
        n_scorecards=sum(counted.cards),
        excluded=counted.left_out,
        warnings=[
            {"entry": entry, "reason": "few_scorecards", "cards": cards, "wanted": wanted}
            for entry, _, cards in each
            if cards < wanted
        ],
        created_at=clock.read(session),
        created_by=account_id,
    )
    session.add(tally)
    session.flush()
    session.execute(_STORE, {"tally": tally.id, **columns})
    audit.record(
        session,
        Actor(account_id=account_id),
        "tally.made",
        tally,
        contest_id=round_.contest_id,
        number=tally.number,
        input_digest=tally.input_digest,
        result_digest=tally.result_digest,
    )
    return tally


# Reading -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftOut:
    """A reason, as a code, and the numbers of the entries that it concerns, with how often each."""

    reason: str
    entries: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Table:
    """A page of a tally's standings: rank, tied, number, title, numerator, denominator, scorecards, prize."""

    rows: Sequence[Row[Any]]
    listing: Listing
    #: Decimals with which different scores of this page look different.
    decimals: int


def latest_tally(session: Session, round_id: uuid.UUID) -> Tally | None:
    return session.scalars(
        select(Tally).where(Tally.round_id == round_id).order_by(Tally.number.desc()).limit(1)
    ).first()


def table(session: Session, tally: Tally, listing: Listing | None = None) -> Table:
    """A page of standings, the best first and the unranked last; ties in the order of the entries' numbers."""
    listing = (listing or Listing(SORTS, SORTS[0], default=SORTS[0], per=PAGE)).counted(tally.n_entries)
    title = (
        select(Revision.title)
        .where(Revision.entry_id == Entry.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .correlate(Entry)
        .scalar_subquery()
    )
    query = (
        select(
            Standing.rank,
            Standing.tied,
            Entry.number,
            title.label("title"),
            Standing.numerator,
            Standing.denominator,
            Standing.scorecards,
            Prize.name.label("prize"),
        )
        .join(Entry, Entry.id == Standing.entry_id)
        .outerjoin(Award, (Award.entry_id == Entry.id) & Award.withdrawn_at.is_(None))
        .outerjoin(Prize, Prize.id == Award.prize_id)
        .where(Standing.tally_id == tally.id)
    )
    rows = session.execute(listing.apply(query, {"rank": (Standing.rank,)}, Entry.number)).all()
    scores = [(row.numerator, row.denominator) for row in rows if row.numerator is not None]
    return Table(rows, listing, scoring.decimals(scores))


def left_out(session: Session, tally: Tally) -> list[LeftOut]:
    """What the tally left out or warns about, grouped by reason, with the entries' public numbers."""
    items = [*tally.excluded, *tally.warnings]
    if not items:
        return []
    ids = {uuid.UUID(item["entry"]) for item in items}
    found_numbers = session.execute(select(Entry.id, Entry.number).where(Entry.id.in_(ids)))
    numbers = {str(entry_id): number for entry_id, number in found_numbers}
    found: dict[str, dict[int, int]] = {}
    for item in items:
        of_reason = found.setdefault(item["reason"], {})
        number = numbers[item["entry"]]
        of_reason[number] = of_reason.get(number, 0) + 1
    return [LeftOut(reason, tuple(sorted(entries.items()))) for reason, entries in found.items()]
