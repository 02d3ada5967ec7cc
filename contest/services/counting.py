"""What the engine is given of a round, and what it says in words that may be shown.

Entries and judges are named by their ids inside; nothing of that leaves `in_public_words`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from contest.models import Entry, Round
from contest.scoring import rubric
from contest.scoring.cards import Cards
from contest.scoring.methods import method as method_of
from contest.vocabulary import EntryState

#: A rule for equal scores that names entries, and an entry in it: C-0012, 0012 or 12.
DECISION = "decision:"
NUMBER = re.compile(r"(?:C-)?([0-9]{1,9})")

# Options -----------------------------------------------------------------------------------------


def ids_of(session: Session, contest_id: uuid.UUID, numbers: Collection[int]) -> dict[int, str]:
    """The ids of the entries with these numbers, of those that are in the contest."""
    rows = session.execute(
        select(Entry.number, Entry.id).where(
            Entry.contest_id == contest_id, Entry.number.in_(numbers), Entry.state == EntryState.SUBMITTED
        )
    )
    return {number: str(entry_id) for number, entry_id in rows}


def engine_options(session: Session, round_: Round) -> tuple[dict[str, Any], dict[str, str]]:
    """The options for scorecards whose entries are named by their ids; and what each tie rule is called here.

    A recorded decision names entries by their public numbers; one that left the contest leaves the decision too.
    Raises Refused.
    """
    options = method_of(round_.method).parsed(round_.method_options)
    rules: dict[str, str] = {}
    for rule in options.get("ties", ()):
        meant = rule
        if rule.startswith(DECISION):
            numbers = [int(number) for number in NUMBER.findall(rule.removeprefix(DECISION))]
            ids = ids_of(session, round_.contest_id, numbers)
            meant = DECISION + ">".join(ids[number] for number in numbers if number in ids)
            if meant.count(">") == 0:
                continue
        rules[meant] = rule
    if "ties" in options:
        options["ties"] = tuple(rules)
    return options, rules


# Words -------------------------------------------------------------------------------------------


def json_of(value: Any) -> Any:
    """A value of the engine for a column of JSON: exact numbers as texts, tuples as lists."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    if isinstance(value, Mapping):
        return {str(key): json_of(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(part) for part in value]
    return value


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def in_public_words(value: Any, names: Mapping[str, str]) -> Any:
    """Facts of the engine with each id by its name in `names`; an id without a name becomes nothing."""
    if isinstance(value, str):
        return _ID.sub(lambda found: names.get(found.group(), ""), value)
    if isinstance(value, Mapping):
        return {key: in_public_words(part, names) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [word for part in value if (word := in_public_words(part, names)) != "" or part == ""]
    return json_of(value)


def entry_names(session: Session, contest_id: uuid.UUID) -> dict[str, str]:
    """Each submitted entry's public number, such as 0012, by its id."""
    rows = session.execute(
        select(Entry.id, Entry.number).where(Entry.contest_id == contest_id, Entry.submitted_at.is_not(None))
    )
    return {str(entry_id): f"{number:04d}" for entry_id, number in rows}


# The scorecards ----------------------------------------------------------------------------------

_COUNTED = """
    SELECT c.id, c.entry_id, c.judge_id, c.total, c.created_at
    FROM scorecard c JOIN assignment a ON a.id = c.assignment_id
    WHERE c.round_id = :round AND c.state = 'submitted' AND a.removed_at IS NULL
          AND c.entry_id = ANY(cast(:entries AS uuid[]))
          AND NOT EXISTS (SELECT FROM recusal r WHERE r.assignment_id = a.id)
"""
# One row with columns of values, so that no object is made per card.
_CARDS = text(
    f"""
    SELECT array_agg(entry_id::text ORDER BY entry_id, judge_id), array_agg(judge_id::text ORDER BY entry_id, judge_id),
           array_agg(total ORDER BY entry_id, judge_id)
    FROM ({_COUNTED}) card
    """  # noqa: S608 - put together from a constant
)
_BEGUN = text(
    f"""
    SELECT array_agg(extract(epoch FROM created_at)::float8 ORDER BY entry_id, judge_id) FROM ({_COUNTED}) card
    """  # noqa: S608 - put together from a constant
)
_MARKS = text(
    f"""
    SELECT k.key, array_agg(s.points::bigint ORDER BY card.entry_id, card.judge_id) AS points
    FROM ({_COUNTED}) card JOIN score s ON s.scorecard_id = card.id JOIN criterion k ON k.id = s.criterion_id
    GROUP BY k.id ORDER BY k.position, k.key
    """  # noqa: S608 - put together from a constant
)

_DIGEST = text(
    f"""
    SELECT encode(sha256(coalesce(string_agg(
               uuid_send(id) || uuid_send(entry_id) || uuid_send(judge_id) || int8send(total),
               ''::bytea ORDER BY id), ''::bytea)), 'hex')
    FROM ({_COUNTED}) card
    """  # noqa: S608 - put together from a constant
)


def digest_of(session: Session, round_: Round, entries: Sequence[str]) -> str:
    """The digest of the scorecards that `cards_of` reads, as a tally's input digest holds it."""
    found: str = session.execute(_DIGEST, {"round": round_.id, "entries": list(entries)}).scalar_one()
    return found


def cards_of(session: Session, round_: Round, entries: Sequence[str] | None = None, *, marks: bool = False) -> Cards:
    """The scorecards that a tally counts: submitted, assigned still, and nobody stepped back.

    Of `entries` (ids), or of all that are in the contest now. Names are ids; the score of a card is its share of
    full marks. `marks`: with the level of each criterion, which rules for equal scores may need.
    """
    if entries is None:
        wanted = select(Entry.id).where(Entry.contest_id == round_.contest_id, Entry.state == EntryState.SUBMITTED)
        entries = [str(entry_id) for entry_id in session.scalars(wanted)]
    names = tuple(sorted(entries))
    values = {"round": round_.id, "entries": list(names)}
    of_entry, of_judge, totals = session.execute(_CARDS, values).one()
    judges = tuple(sorted(set(of_judge or ())))
    at = {name: number for number, name in enumerate(names)}
    by = {name: number for number, name in enumerate(judges)}
    found = {row.key: row.points for row in session.execute(_MARKS, values)} if marks else {}
    return Cards(
        names,
        judges,
        [at[name] for name in of_entry or ()],
        [by[name] for name in of_judge or ()],
        totals or [],
        rubric.FULL,
        marks=found,
    )


def begun(session: Session, round_: Round, entries: Sequence[str]) -> list[float]:
    """When each scorecard that `cards_of` reads was begun, in its order: seconds since 1970."""
    return session.execute(_BEGUN, {"round": round_.id, "entries": list(entries)}).scalar_one() or []
