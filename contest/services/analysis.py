"""How reliable a tally is: evidence for those who decide, made by a job beside the result and never part of it.

Raw scores stand beside scores adjusted for severity, with standard errors and rank intervals; each judge has a
row, and agreement is measured. Where judges are not linked the adjustment is refused, and what can still be said
is. Everything is in shares of full marks.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import clock, permissions
from contest.models import (
    Account,
    AnalysedEntry,
    Analysis,
    Contest,
    Entry,
    Prize,
    Round,
    Standing,
    Tally,
)
from contest.permissions import Actor
from contest.scoring import ENGINE_VERSION
from contest.scoring import tally as exact
from contest.scoring.cards import Cards
from contest.scoring.methods import method as method_of
from contest.scoring.refusals import Note, Refused
from contest.services import contests, counting, results
from contest.services.listing import Listing, by_name, newest_title

#: Draws behind the rank intervals, and their level; and those behind the intervals of alpha, which cost more.
DRAWS, LEVEL, ALPHA_DRAWS = 1_000, 0.95, 200
#: A judge with fewer scorecards: what is said of the judge is hardly certain.
FEW = 5
#: A judge is called strict or lenient beyond so many standard errors and so much of full marks.
CLEARLY, MATTERS = 2, 0.05
#: With fewer scorecards nothing is said of a judge's change from the first to the last.
ENOUGH = 10
#: From the one to the other chance, whether an entry is among the first is not sure.
UNSURE = (0.05, 0.95)
#: How many outlying scorecards of a judge are named, the farthest first.
NAMED = 5
#: Rows of a page, and their orders.
PAGE, SORTS = 100, ("rank", "adjusted")
#: How many groups of entries that no judge links are told, and how many entries of each.
_GROUPS, _MEMBERS = 5, 5

UnitOfWork = Callable[[], AbstractContextManager[Session]]

_STORE = text(
    """
    INSERT INTO analysed_entry (tally_id, entry_id, raw_se, adjusted, se, adjusted_rank, rank_low, rank_high,
                                p_first, p_top, tied_low, tied_high)
    SELECT :tally, entry::uuid, raw_se, adjusted, se, adjusted_rank, rank_low, rank_high, p_first, p_top,
           tied_low, tied_high
    FROM unnest(cast(:entry AS text[]), cast(:raw_se AS float8[]), cast(:adjusted AS float8[]), cast(:se AS float8[]),
                cast(:adjusted_rank AS bigint[]), cast(:rank_low AS bigint[]), cast(:rank_high AS bigint[]),
                cast(:p_first AS float8[]), cast(:p_top AS float8[]), cast(:tied_low AS bigint[]),
                cast(:tied_high AS bigint[]))
         AS given (entry, raw_se, adjusted, se, adjusted_rank, rank_low, rank_high, p_first, p_top, tied_low,
                   tied_high)
    """
)
_COLUMNS = (
    "entry",
    "raw_se",
    "adjusted",
    "se",
    "adjusted_rank",
    "rank_low",
    "rank_high",
    "p_first",
    "p_top",
    "tied_low",
    "tied_high",
)


# The job -----------------------------------------------------------------------------------------


def analyse(unit_of_work: UnitOfWork, finishing: UnitOfWork, tally_id: uuid.UUID) -> None:
    """The job: analyse a tally once. Reads, computes without a transaction, then stores all or nothing.

    Nothing is stored for a tally whose scorecards have changed since: it gets a successor, which has its own.
    """
    with unit_of_work() as session:
        given = _read(session, tally_id)
    found = _analyse(given) if given else None
    with finishing() as session:
        if found is not None:
            _store(session, tally_id, found)


def give_up(session: Session, tally_id: uuid.UUID) -> None:
    """The job failed for good: say so where its outcome is waited for. The next tally of the round tries again."""
    _store(session, tally_id, _Found({}, [], refused={"code": "analysis_failed", "facts": {}}))


@dataclass(frozen=True)
class _Given:
    cards: Cards
    seed: int
    minimum: int
    #: k of the chance to be among the first k: as many as there are prizes.
    top: int
    #: When each card was begun; None if that is not known of each.
    times: list[float] | None


@dataclass
class _Found:
    """What an analysis stores; `entries` by id, each with some of `_COLUMNS`."""

    entries: dict[str, dict[str, Any]]
    judges: list[dict[str, Any]]
    agreement: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, Any] | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)


def _read(session: Session, tally_id: uuid.UUID) -> _Given | None:
    tally = session.get(Tally, tally_id)
    if tally is None or not results.lacks_analysis(session, tally_id):
        return None
    cards = results.counted_cards(session, tally)
    if cards is None:
        return None
    prizes = session.scalar(select(func.sum(Prize.quantity)).where(Prize.contest_id == tally.round.contest_id))
    times = counting.begun(session, tally.round, cards.entries)
    return _Given(
        cards,
        int(tally.input_digest[:8], 16),
        tally.params["minimum"],
        max(1, int(prizes or 3)),
        times if len(times) == len(cards) else None,
    )


def _analyse(given: _Given) -> _Found:
    found = _Found({entry: {} for entry in given.cards.entries}, [])
    try:
        raw = method_of("mean").run(given.cards)
        found.entries = {row.entry: {"raw_se": row.se} for row in raw.entries}
        found.judges = [{"judge": row.judge, "n": row.n, "sd": row.sd} for row in raw.judges]
        found.agreement = _agreement(given)
        _adjust(given, found)
    except Refused as refused:
        found.refused = _refused(given.cards, refused)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] not in ("numpy", "scipy"):
            raise
        found.refused = {"code": results.NO_SCIENCE, "facts": {}}
    return found


def _agreement(given: _Given) -> dict[str, Any]:
    from contest.scoring.agreement import agreement

    told: dict[str, Any] = counting.json_of(agreement(given.cards, draws=ALPHA_DRAWS, seed=given.seed).as_json())
    return told


def _adjust(given: _Given, found: _Found) -> None:
    """Adjusted scores with their errors and rank intervals, what cannot be told apart, and the judges."""
    options = {"min_judges": given.minimum, "draws": DRAWS, "seed": given.seed, "top": given.top}
    adjusted = method_of("additive").run(given.cards, options)
    for row in adjusted.entries:
        found.entries[row.entry] |= {
            "adjusted": row.score,
            "se": row.se,
            "adjusted_rank": row.rank,
            **{name: row.extra.get(name) for name in ("rank_low", "rank_high", "p_first", "p_top")},
        }
    found.model = counting.json_of(dict(adjusted.model)) | {
        "draws": DRAWS,
        "seed": given.seed,
        "level": LEVEL,
        "top": given.top,
    }
    found.notes = _notes(adjusted.warnings)
    _fitted(given.cards, given.times, found)


def _fitted(cards: Cards, times: Sequence[float] | None, found: _Found) -> None:
    """What needs the fit itself: entries that are tied within error, and the quality of each judge."""
    import numpy

    from contest.scoring import additive, intervals, severity

    data = additive.arrays(cards)
    fit = additive.fit(data.entry, data.judge, data.y, len(data.entries), len(data.judges))
    ranked = [
        (place, row)
        for place, number in enumerate(data.entries.tolist())
        if (row := found.entries[cards.entries[number]])["adjusted_rank"] is not None
    ]
    if ranked and fit.sigma is not None:
        within = intervals.tied_within(
            fit,
            numpy.array([place for place, _ in ranked]),
            numpy.array([row["adjusted_rank"] for _, row in ranked]),
            level=LEVEL,
        )
        for (_, row), low, high in zip(ranked, within.best.tolist(), within.worst.tolist(), strict=True):
            row |= {"tied_low": low, "tied_high": high}
    found.judges = [_judge(quality) for quality in severity.quality(cards, data, fit, times)]


def _judge(quality: Any) -> dict[str, Any]:
    return {
        "judge": quality.judge,
        "severity": quality.severity,
        "se": quality.se,
        "sd": quality.sd,
        "n": quality.n,
        "correlation": quality.correlation,
        "straight": quality.straight,
        "outlying": [{"entry": one.entry, "residual": one.residual} for one in quality.outlying],
        "drift": quality.drift,
        "drift_se": quality.drift_se,
    }


def _notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    return [{"code": one.code, "facts": counting.json_of(one.facts)} for one in notes]


def _refused(cards: Cards, refused: Refused) -> dict[str, Any]:
    """Why there is no adjustment; of groups that no judge links, some entries of each by id."""
    facts = counting.json_of(refused.facts)
    if refused.code == "disconnected":
        from contest.scoring import linked

        facts["members"] = [list(group[:_MEMBERS]) for group in linked.components(cards)[:_GROUPS]]
    return {"code": refused.code, "facts": facts}


def _store(session: Session, tally_id: uuid.UUID, found: _Found) -> None:
    tally = session.get_one(Tally, tally_id)
    names = counting.entry_names(session, tally.round.contest_id)
    if found.refused is not None:
        found.refused = found.refused | {"facts": counting.in_public_words(found.refused["facts"], names)}
    # One that came to nothing for no fault of the scores gives way; any other stays.
    lacking = select(Analysis.tally_id).where(
        Analysis.tally_id == tally_id, Analysis.refused["code"].astext.in_(results.PASSING)
    )
    session.execute(delete(AnalysedEntry).where(AnalysedEntry.tally_id.in_(lacking)))
    session.execute(delete(Analysis).where(Analysis.tally_id.in_(lacking)))
    made = session.execute(
        insert(Analysis)
        .values(
            tally_id=tally_id,
            refused=found.refused,
            judges=found.judges,
            agreement=found.agreement,
            notes=found.notes,
            model=found.model,
            engine_version=ENGINE_VERSION,
            created_at=clock.read(session),
        )
        .on_conflict_do_nothing()
        .returning(Analysis.tally_id)
    ).scalar()
    if made is None:
        return
    rows = [{"entry": entry, **row} for entry, row in found.entries.items()]
    session.execute(_STORE, {"tally": tally_id, **{name: [row.get(name) for row in rows] for name in _COLUMNS}})


# What the organiser sees -------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """An entry: its place in the result, and beside it what the analysis says (None where it says nothing)."""

    rank: int | None
    tied: int
    number: int
    title: str
    #: The raw score as an exact share of full marks.
    numerator: int | None
    denominator: int | None
    #: The method's own score and its standard error, in the method's units.
    score: float | None
    se: float | None
    raw_se: float | None
    adjusted: float | None
    adjusted_se: float | None
    adjusted_rank: int | None
    rank_low: int | None
    rank_high: int | None
    p_first: float | None
    p_top: float | None
    tied_low: int | None
    tied_high: int | None
    scorecards: int
    tie_rule: str | None


@dataclass(frozen=True)
class OutlyingCard:
    """A judge's scorecard that stands out: its entry's number, and whether it is above what was expected."""

    number: int
    above: bool


@dataclass(frozen=True)
class JudgeLine:
    """A judge: `severity` is what the judge adds to a score, as a share of full marks; below 0 is stricter."""

    id: str
    name: str
    severity: float | None
    se: float | None
    sd: float | None
    n: int
    #: With the adjusted means of the others.
    correlation: float | None
    #: Of "straight", "few", "outlying", "strict", "lenient".
    flags: tuple[str, ...]
    #: The farthest first, at most NAMED; and how many there are in all.
    outlying: tuple[OutlyingCard, ...]
    n_outlying: int
    #: Change of severity from the first scorecard to the last, with its error; None with fewer than ENOUGH.
    drift: float | None
    drift_se: float | None


@dataclass(frozen=True)
class View:
    """The newest tally of a round and its analysis, a page of entries at a time; None while there is none."""

    contest: Contest
    round: Round
    tally: Tally | None
    analysis: Analysis | None
    rows: Sequence[Line]
    listing: Listing
    judges: Sequence[JudgeLine]
    #: As `contest agreement` prints it.
    agreement: Mapping[str, Any]
    #: {"code", "facts"} each: of the method first, then of the analysis.
    notes: Sequence[Mapping[str, Any]]
    #: Decimals with which different raw scores of this page look different.
    decimals: int
    #: Of how many entries it is not sure whether they are among the first k; None where nothing is known of it.
    unsure: int | None = None


def view(session: Session, actor: Actor, slug: str, listing: Listing | None = None) -> View:
    """The ranking of a round and how sure it is. Raises NotFound or Denied("organiser_only")."""
    contest = contests.get_managed(session, actor, slug)
    permissions.organises(actor, contest).require()
    listing = listing or Listing(SORTS, SORTS[0], default=SORTS[0], per=PAGE)
    round_ = contest.round
    tally = results.latest_tally(session, round_.id)
    if tally is None:
        return View(contest, round_, None, None, (), listing.counted(0), (), {}, (), exact.decimals(()))
    analysis = session.get(Analysis, tally.id)
    listing = listing.counted(tally.n_entries)
    rows = _rows(session, tally, listing)
    scores = [(row.numerator, row.denominator) for row in rows if row.numerator is not None and row.denominator]
    judges: Sequence[JudgeLine] = ()
    notes: list[Mapping[str, Any]] = list(results.notes_of(tally))
    if analysis is not None:
        people = _people(session, analysis)
        outlying = any(outlying_of(row) for row in analysis.judges)
        entries = counting.entry_names(session, contest.id) if analysis.notes or outlying else {}
        judges = [_line(people.get(row["judge"], ""), row, entries) for row in _in_order(analysis.judges, people)]
        names = entries | people
        said = {note["code"] for note in notes}
        notes += [
            {"code": note["code"], "facts": counting.in_public_words(note["facts"], names)}
            for note in analysis.notes
            if note["code"] not in said
        ]
    agreement = analysis.agreement if analysis else {}
    places = exact.decimals(scores)
    unsure = _unsure(session, tally) if analysis and not analysis.refused else None
    return View(contest, round_, tally, analysis, rows, listing, judges, agreement, notes, places, unsure)


def _unsure(session: Session, tally: Tally) -> int | None:
    known = AnalysedEntry.p_top.is_not(None)
    between = AnalysedEntry.p_top.between(*UNSURE)
    found = session.execute(
        select(func.count().filter(known), func.count().filter(between)).where(AnalysedEntry.tally_id == tally.id)
    ).one()
    return found[1] if found[0] else None


def _rows(session: Session, tally: Tally, listing: Listing) -> list[Line]:
    title = newest_title()
    query = (
        select(
            Standing.rank,
            Standing.tied,
            Entry.number,
            func.coalesce(title, "").label("title"),
            Standing.numerator,
            Standing.denominator,
            Standing.score,
            Standing.se,
            AnalysedEntry.raw_se,
            AnalysedEntry.adjusted,
            AnalysedEntry.se.label("adjusted_se"),
            AnalysedEntry.adjusted_rank,
            AnalysedEntry.rank_low,
            AnalysedEntry.rank_high,
            AnalysedEntry.p_first,
            AnalysedEntry.p_top,
            AnalysedEntry.tied_low,
            AnalysedEntry.tied_high,
            Standing.scorecards,
            Standing.tie_rule,
        )
        .join(Entry, Entry.id == Standing.entry_id)
        .outerjoin(
            AnalysedEntry,
            (AnalysedEntry.tally_id == Standing.tally_id) & (AnalysedEntry.entry_id == Standing.entry_id),
        )
        .where(Standing.tally_id == tally.id)
    )
    orders = {"rank": (Standing.rank,), "adjusted": (AnalysedEntry.adjusted_rank,)}
    return [Line(**row._mapping) for row in session.execute(listing.apply(query, orders, Entry.number))]


def _people(session: Session, analysis: Analysis) -> dict[str, str]:
    """The judges' names by id, in the order in which people are listed."""
    ids = [uuid.UUID(row["judge"]) for row in analysis.judges]
    rows = session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)).order_by(by_name(), Account.id))
    return {str(account_id): name for account_id, name in rows}


def _in_order(judges: Iterable[dict[str, Any]], people: Mapping[str, str]) -> list[dict[str, Any]]:
    place = {judge: number for number, judge in enumerate(people)}
    return sorted(judges, key=lambda row: place.get(row["judge"], len(place)))


def outlying_of(judge: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A stored judge's outlying scorecards, {"entry", "residual"} each; older analyses only counted them."""
    found = judge.get("outlying")
    return found if isinstance(found, list) else []


def _line(name: str, row: Mapping[str, Any], entries: Mapping[str, str]) -> JudgeLine:
    severity, se = row.get("severity"), row.get("se")
    flags = [flag for flag in ("straight", "outlying") if row.get(flag)]
    if row["n"] < FEW:
        flags.append("few")
    if severity is not None and se is not None and abs(severity) > max(CLEARLY * se, MATTERS):
        flags.append("strict" if severity < 0 else "lenient")
    outlying = [
        OutlyingCard(int(entries[one["entry"]]), one["residual"] > 0)
        for one in outlying_of(row)
        if one["entry"] in entries
    ]
    enough = row["n"] >= ENOUGH
    return JudgeLine(
        row["judge"],
        name,
        severity,
        se,
        row["sd"],
        row["n"],
        row.get("correlation"),
        tuple(flags),
        tuple(outlying[:NAMED]),
        len(outlying),
        row.get("drift") if enough else None,
        row.get("drift_se") if enough else None,
    )
