"""Results: the tally of a closed round, and its standings.

A tally counts frozen rows by the round's method and is never edited: another input makes another tally.
Its digests tell whether two tallies counted the same and came out the same:

- `cards`: SHA-256 over 56 bytes for each counted scorecard, in the order of the scorecards' ids: the ids
  of scorecard, entry and judge (16 bytes each) and the total (8 bytes, big-endian).
- Input digest: SHA-256 of the canonical JSON of `cards`, what each entry's cards add up to, the rubric's
  weights and points, the method with its options, and everything left out with its reason; with `marks`, the
  digest of {criterion: levels in the order of entry and judge}, where a rule for equal scores looks at them.
- Result digest: SHA-256 of the canonical JSON of the input digest and every standing. Scores of a fitted model
  are left out of it: their last digits depend on the machine, their ranks do not.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from contest import audit, clock, outbox
from contest.models import Analysis, Award, Criterion, Entry, Prize, Round, Standing, Tally
from contest.permissions import Actor, goes_on
from contest.scoring import ENGINE_VERSION, METHOD, digest, rubric
from contest.scoring import tally as exact
from contest.scoring.cards import Cards
from contest.scoring.methods import method as method_of
from contest.scoring.refusals import Refused
from contest.services import contests, counting
from contest.services.listing import Listing, newest_title
from contest.vocabulary import ROUND_TRANSITIONS, RoundState, check_transition

#: What a tally is refused with where the packages that its method needs are not installed.
NO_SCIENCE = "no_science"
#: Refusals of an analysis that another try may lift.
PASSING = (NO_SCIENCE, "analysis_failed")
#: The states of a round in which its scorecards are tallied. A confirmed round's scores are fixed, but once its
#: publication is retracted an entry may leave the contest: then the next publication needs a tally without it.
_COUNTABLE = (RoundState.CLOSED, RoundState.TALLIED, RoundState.CONFIRMED)
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
    INSERT INTO standing (tally_id, entry_id, rank, tied, numerator, denominator, scorecards, score, se, tie_rule)
    SELECT :tally, entry::uuid, rank, tied, numerator, denominator, cards, score, se, rule
    FROM unnest(cast(:entry AS text[]), cast(:rank AS bigint[]), cast(:tied AS bigint[]),
                cast(:numerator AS bigint[]), cast(:denominator AS bigint[]), cast(:cards AS bigint[]),
                cast(:score AS float8[]), cast(:se AS float8[]), cast(:rule AS text[]))
         AS given (entry, rank, tied, numerator, denominator, cards, score, se, rule)
    """
)


# The tally ---------------------------------------------------------------------------------------


def make_tally(session: Session, round_id: uuid.UUID, account_id: uuid.UUID) -> Tally | None:
    """The job: count the scorecards of a closed round and store the outcome.

    Returns the round's newest tally; None if the round is not closed (it was reopened meanwhile) or the contest
    was called off. An input that was counted already makes no second tally.
    """
    round_ = session.get_one(Round, round_id)
    ahead = _ahead(session, round_)
    round_ = contests.lock_round(session, round_.contest)
    if round_.state not in _COUNTABLE or not goes_on(round_.contest):
        return None
    job = _Job(session, round_, _count(session, round_))
    newest = latest_tally(session, round_id)
    if newest is None or _is_news(job, newest):
        # What changed between the two readings is counted here, under the lock: rare, and surely once.
        outcome = ahead[1] if ahead and ahead[0].same(job) else job.outcome()
        newest = _store(session, round_, account_id, job, outcome, newest)
    if lacks_analysis(session, newest.id):
        outbox.add(session, "analyse_tally", key=f"analyse:{newest.id}", tally_id=str(newest.id))
    if round_.state == RoundState.CLOSED:
        check_transition(ROUND_TRANSITIONS, round_.state, RoundState.TALLIED)
        round_.state = RoundState.TALLIED
    return newest


def _ahead(session: Session, round_: Round) -> tuple[_Job, _Outcome] | None:
    """The outcome before any lock is held, for methods that take seconds: nobody who scores waits for them.

    None for the weighted mean, which the database adds up in one statement, and where there is nothing to count.
    """
    plain = round_.method == METHOD and "ties" not in round_.method_options
    if plain or round_.state not in _COUNTABLE:
        return None
    job = _Job(session, round_, _count(session, round_))
    newest = latest_tally(session, round_.id)
    return (job, job.outcome()) if newest is None or _is_news(job, newest) else None


def _is_news(job: _Job, newest: Tally) -> bool:
    """Whether a job would come to another tally than the newest one."""
    return newest.input_digest != job.input_digest or _may_pass(newest.refused)


def _may_pass(refused: Mapping[str, Any] | None) -> bool:
    """Whether another try may come out otherwise: what was missing may be there since."""
    return refused is not None and refused["code"] in PASSING


def lacks_analysis(session: Session, tally_id: uuid.UUID) -> bool:
    """Whether a tally has no analysis, or one that came to nothing for no fault of the scores."""
    analysis = session.get(Analysis, tally_id)
    return analysis is None or _may_pass(analysis.refused)


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

    def each(self) -> Iterator[tuple[str, int, int]]:
        """Entry, sum of the totals of its cards, number of its cards."""
        return zip(self.entries, self.totals, self.cards, strict=True)


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


#: Ids of entries, sums of the totals of their cards, numbers of their cards.
_Columns = list[list[Any]]


def _input_digest(
    method: str,
    engine: str,
    params: Mapping[str, Any],
    cards: str,
    entries: _Columns,
    excluded: Sequence[Mapping[str, Any]],
    marks: Mapping[str, Sequence[int]],
) -> str:
    """The digest of everything that is counted; see the module's text."""
    return digest.sha256(
        {
            "method": method,
            "engine": engine,
            "params": dict(params),
            "cards": cards,
            "entries": list(entries),
            "excluded": list(excluded),
            **({"marks": digest.sha256(dict(marks))} if marks else {}),
        }
    )


class _Job:
    """What a tally is about to count, by which method; `outcome` counts it."""

    def __init__(self, session: Session, round_: Round, counted: _Counted) -> None:
        self.session, self.round, self.counted = session, round_, counted
        self.method = round_.method
        self.options: dict[str, Any] = {}
        self.rules: dict[str, str] = {}
        self.refused: Refused | None = None
        try:
            self.options, self.rules = counting.engine_options(session, round_)
        except Refused as refused:
            self.refused = refused
        ties = self.options.get("ties", ())
        # The mean needs no object per scorecard: the database has added them up.
        self.plain = self.method == METHOD and not ties
        self.cards: Cards | None = None
        if not self.plain and self.refused is None:
            self.cards = counting.cards_of(session, round_, counted.entries, marks=bool(ties))
        self.minimum: int = self.options.get("min_judges", 1)
        self.params: dict[str, Any] = {
            "minimum": self.minimum,
            "full": rubric.FULL,
            "judges_per_entry": round_.judges_per_entry,
            "rubric": [[one.key, one.weight, one.points] for one in _rubric(session, round_.id)],
            "options": dict(round_.method_options),
        }
        marks = self.cards.marks if self.cards else {}
        entries: _Columns = [counted.entries, counted.totals, counted.cards]
        self.input_digest = _input_digest(
            self.method, ENGINE_VERSION, self.params, counted.digest, entries, counted.left_out, marks
        )

    def same(self, other: _Job) -> bool:
        """Whether both come to the same outcome: it follows from these alone."""
        return (self.input_digest, self.method, self.options, self.rules, self.cards) == (
            other.input_digest,
            other.method,
            other.options,
            other.rules,
            other.cards,
        )

    def outcome(self) -> _Outcome:
        """The standings, or why there are none."""
        if self.plain and self.refused is None:
            return _plain(self.counted, self.minimum)
        try:
            if self.refused is not None:
                raise self.refused
            return self._by_method()
        except Refused as refused:
            return self._unranked(refused.code, refused.facts)
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.split(".")[0] not in ("numpy", "scipy"):
                raise
            return self._unranked(NO_SCIENCE, {})

    def _by_method(self) -> _Outcome:
        assert self.cards is not None
        result = method_of(self.method).run(self.cards, self.options)
        found = _Outcome(notes=[{"code": one.code, "facts": self._public(one.facts)} for one in result.warnings])
        sums = {entry: row for entry, *row in self.counted.each()}
        for row in result.entries:
            total, cards = sums.pop(row.entry)
            rule = self.rules.get(row.extra.get("tie_rule", ""))
            own = None if self.method == METHOD else row.score
            found.add(row.entry, total, cards, row.rank, 1 + len(row.tied_with), own, row.se, rule)
        assert not sums, "a method returns each entry"
        return found

    def _unranked(self, code: str, facts: Mapping[str, Any]) -> _Outcome:
        found = _Outcome(refused={"code": code, "facts": self._public(facts)})
        for entry, total, cards in self.counted.each():
            found.add(entry, total, cards)
        return found

    def _public(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts without ids: entries by their public numbers, judges not at all."""
        told: dict[str, Any] = counting.in_public_words(facts, self._names)
        return told

    @cached_property
    def _names(self) -> dict[str, str]:
        return counting.entry_names(self.session, self.round.contest_id)


@dataclass
class _Outcome:
    """What a tally stores: standings as columns, and what its method says besides."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in ("entry", "rank", "tied", "numerator", "denominator", "cards", "score", "se", "rule")
        }
    )
    #: Exact scores of the method as texts, for the digest; of a fitted model none.
    scores: list[str | None] = field(default_factory=list)
    refused: dict[str, Any] | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        entry: str,
        total: int,
        cards: int,
        rank: int | None = None,
        tied: int = 1,
        score: Fraction | float | None = None,
        se: float | None = None,
        rule: str | None = None,
    ) -> None:
        """Put one more entry below the others; `total` and `cards` make its raw score."""
        raw = (total, cards * rubric.FULL) if cards else (None, None)
        given = (entry, rank, tied, *raw, cards, None if score is None else float(score), se, rule)
        for column, value in zip(self.columns.values(), given, strict=True):
            column.append(value)
        self.scores.append(None if score is None or isinstance(score, float) else str(score))

    def result_digest(self, input_digest: str) -> str:
        standings = {name: column for name, column in self.columns.items() if name not in ("score", "se")}
        return digest.sha256({"input": input_digest, "standings": standings | {"score": self.scores}})


def _plain(counted: _Counted, minimum: int) -> _Outcome:
    """The outcome of the weighted mean, from sums alone."""
    places = exact.rank([exact.Counted(*row) for row in counted.each()], minimum=minimum)
    # No column of nothing: the database fills up what is shorter.
    none: list[Any] = []
    return _Outcome(
        {
            "entry": [place.entry for place in places],
            "rank": [place.rank for place in places],
            "tied": [place.tied for place in places],
            "numerator": [place.numerator for place in places],
            "denominator": [place.denominator for place in places],
            "cards": [place.cards for place in places],
            "score": none,
            "se": none,
            "rule": none,
        },
        none,
    )


def _store(
    session: Session, round_: Round, account_id: uuid.UUID, job: _Job, outcome: _Outcome, before: Tally | None
) -> Tally:
    counted, wanted = job.counted, round_.judges_per_entry
    tally = Tally(
        round_id=round_.id,
        number=before.number + 1 if before else 1,
        method=round_.method,
        params=job.params,
        engine_version=ENGINE_VERSION,
        input_digest=job.input_digest,
        result_digest=outcome.result_digest(job.input_digest),
        n_entries=len(counted.entries),
        n_judges=counted.judges,
        n_scorecards=sum(counted.cards),
        excluded=counted.left_out,
        warnings=[
            {"entry": entry, "reason": "few_scorecards", "cards": cards, "wanted": wanted}
            for entry, _, cards in counted.each()
            if cards < wanted
        ]
        + outcome.notes,
        refused=outcome.refused,
        created_at=clock.read(session),
        created_by=account_id,
    )
    session.add(tally)
    session.flush()
    session.execute(_STORE, {"tally": tally.id, **outcome.columns})
    audit.record(
        session,
        Actor(account_id=account_id),
        "tally.made",
        tally,
        contest_id=round_.contest_id,
        number=tally.number,
        input_digest=tally.input_digest,
        result_digest=tally.result_digest,
        **({"refused": outcome.refused["code"]} if outcome.refused else {}),
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
    """A page of a tally's standings.

    Rows: rank, tied, number, title, numerator, denominator, score, se, tie_rule, scorecards, prize.
    """

    rows: Sequence[Row[Any]]
    listing: Listing
    #: Decimals with which different scores of this page look different.
    decimals: int


def latest_tally(session: Session, round_id: uuid.UUID) -> Tally | None:
    return session.scalars(
        select(Tally).where(Tally.round_id == round_id).order_by(Tally.number.desc()).limit(1)
    ).first()


def counted_cards(session: Session, tally: Tally, *, marks: bool = False) -> Cards | None:
    """The scorecards that a tally counted; None if they are not the same any more, to the last one.

    `marks`: with the level of each criterion.
    """
    rows = session.execute(
        select(Standing.entry_id, Standing.numerator, Standing.scorecards)
        .where(Standing.tally_id == tally.id)
        .order_by(Standing.entry_id)
    ).all()
    names = [str(row.entry_id) for row in rows]
    entries: _Columns = [names, [row.numerator or 0 for row in rows], [row.scorecards for row in rows]]
    ruled = "ties" in tally.params.get("options", {})
    cards = counting.cards_of(session, tally.round, names, marks=marks or ruled)
    now = counting.digest_of(session, tally.round, names)
    # Where its rules could not be read, a tally never looked at the levels.
    for seen in (cards.marks, {}) if ruled else ({},):
        counted = _input_digest(tally.method, tally.engine_version, tally.params, now, entries, tally.excluded, seen)
        if counted == tally.input_digest:
            return cards
    return None


def table(session: Session, tally: Tally, listing: Listing | None = None) -> Table:
    """A page of standings, the best first and the unranked last; ties in the order of the entries' numbers."""
    listing = (listing or Listing(SORTS, SORTS[0], default=SORTS[0], per=PAGE)).counted(tally.n_entries)
    title = newest_title()
    query = (
        select(
            Standing.rank,
            Standing.tied,
            Entry.number,
            title.label("title"),
            Standing.numerator,
            Standing.denominator,
            Standing.score,
            Standing.se,
            Standing.tie_rule,
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
    return Table(rows, listing, exact.decimals(scores))


def notes_of(tally: Tally) -> list[dict[str, Any]]:
    """What the method says of its result: {"code", "facts"} each."""
    return [item for item in tally.warnings if "code" in item]


def left_out(session: Session, tally: Tally) -> list[LeftOut]:
    """What the tally left out or warns about, grouped by reason, with the entries' public numbers."""
    items = [*tally.excluded, *(item for item in tally.warnings if "entry" in item)]
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
