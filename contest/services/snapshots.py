"""The snapshot: all that the public will see of a result, under numbers of our own, from what is stored now.

The same rows give the same snapshot, and a publication's digest is that of its canonical JSON. Once frozen it is
never made again: older publications keep the shape of their time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from contest.models import (
    AuditEvent,
    Contest,
    Criterion,
    Entry,
    Receipt,
    Revision,
    Round,
    Standing,
    Tally,
)
from contest.scoring import MEANS
from contest.services import awards, pictures, sheets

#: Version of the shape. Version 2 told no more of a picture than its sizes and its description, version 3 nothing
#: of a method's options and own scores, version 4 nothing of changes of the method and of close-ups, version 5
#: nothing of the scores' file, of what was done once a ranking was known, and of receipts and originals.
FORMAT = 6
#: What can change a ranking that is known already, or shows that one was taken back.
LATE_ACTS = {
    "round.reopened": "reopened",
    "entry.disqualified": "disqualified",
    "entry.reinstated": "reinstated",
    "publication.retracted": "retracted",
}


def snapshot(
    session: Session, contest: Contest, round_: Round, tally: Tally, scores: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the public will see. `scores`: of the file of scores that is published with it; None without one.

    {"sha256", "bytes", "command"}: of the ZIP, and the line that makes the ranking of it.
    """
    standings = _standings(session, tally)
    return {
        "format": FORMAT,
        "contest": {
            "slug": contest.slug,
            "title": dict(contest.title),
            "host": dict(contest.host),
            "zone": contest.zone,
            "contact": contest.contact,
        },
        "jury": {"statement": dict(contest.jury_statement), "people": dict(contest.jury)},
        "round": {
            "kind": round_.kind,
            "name": dict(round_.name),
            "criteria": _criteria(session, round_),
            "changes": method_changes(session, round_),
            "late": late_acts(session, round_),
        },
        "tally": {
            "number": tally.number,
            "method": tally.method,
            "options": tally.params.get("options", {}),
            "engine": tally.engine_version,
            "minimum": tally.params["minimum"],
            "full": tally.params["full"],
            "input_digest": tally.input_digest,
            "result_digest": tally.result_digest,
            "entries": tally.n_entries,
            "judges": tally.n_judges,
            "scorecards": tally.n_scorecards,
        },
        "scores": None if scores is None else dict(scores),
        "awards": _awards(session, contest, standings),
        "standings": standings,
    }


# What happened -----------------------------------------------------------------------------------


def _known(round_: Round) -> ColumnElement[Any]:
    """Of an event: the newest tally that was there by then, and with it a ranking; null if nobody could know one."""
    return (
        select(func.max(Tally.number))
        .where(Tally.round_id == round_.id, Tally.created_at < AuditEvent.at)
        # A tally that was refused ranks nothing; one that was not holds SQL's null or JSON's.
        .where(func.coalesce(func.jsonb_typeof(Tally.refused), "null") == "null")
        .correlate(AuditEvent)
        .scalar_subquery()
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def method_changes(session: Session, round_: Round) -> list[dict[str, Any]]:
    """How the way of counting was changed once judging had opened, the oldest first, from the audit log.

    `method` and `options`: before and after. `known`: the newest tally that was there by then, and with it a
    ranking; None if nobody could know one.
    """
    events = session.execute(
        select(AuditEvent.at, AuditEvent.facts, _known(round_).label("known"))
        .where(AuditEvent.contest_id == round_.contest_id, AuditEvent.act == "scoring.changed")
        # Only a change once judging has opened has a reason.
        .where(AuditEvent.subject_id == str(round_.id), AuditEvent.facts.has_key("reason"))
        .order_by(AuditEvent.id)
    )
    return [
        {
            "at": _instant(row.at),
            "method": row.facts["method"],
            "options": row.facts["options"],
            "reason": row.facts["reason"],
            "known": row.known,
        }
        for row in events
    ]


def late_acts(session: Session, round_: Round) -> list[dict[str, Any]]:
    """What was done about the result once a ranking was known, the oldest first, from the audit log.

    `act`: one of LATE_ACTS. Neither the entry nor the reason is told: who is out of the contest is not public.
    """
    known = _known(round_)
    events = session.execute(
        select(AuditEvent.at, AuditEvent.act, known.label("known"))
        .where(AuditEvent.contest_id == round_.contest_id, AuditEvent.act.in_(LATE_ACTS), known.is_not(None))
        .order_by(AuditEvent.id)
    )
    return [{"at": _instant(row.at), "act": LATE_ACTS[row.act], "known": row.known} for row in events]


# What is shown -----------------------------------------------------------------------------------


def _criteria(session: Session, round_: Round) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Criterion.key, Criterion.name, Criterion.weight, Criterion.points)
        .where(Criterion.round_id == round_.id)
        .order_by(Criterion.position)
    )
    return [{"key": row.key, "name": dict(row.name), "weight": row.weight, "points": row.points} for row in rows]


def _awards(session: Session, contest: Contest, standings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each award with all that a winners' page needs, so that the page can do without the long standings."""
    places = {row["entry"]: row for row in standings}
    found = []
    for number, row in enumerate(awards.live(session, contest.id), 1):
        revision = _judged_revision(session, row.Award.entry_id)
        shown, plain = pictures.of_revision(session, revision.id)
        originals = pictures.originals(session, revision.id)
        found.append(
            {
                "number": number,
                "entry": row.number,
                "revision": revision.number,
                # Of the signed text: whoever holds the receipt can show that it is this very revision's.
                "receipt": revision.payload and hashlib.sha256(revision.payload.encode()).hexdigest(),
                "title": revision.title,
                "credit": revision.credit,
                "statement": dict(row.Award.statement),
                "standing": places.get(row.number),
                "prize": {
                    "key": row.Prize.key,
                    "name": dict(row.Prize.name),
                    "amount": dict(row.Prize.amount),
                    "position": row.Prize.position,
                },
                "pictures": [
                    {
                        "page": page,
                        "alt": picture.alt,
                        "sizes": [[size.preset, size.width, size.height] for size in picture.sizes],
                        # Where it comes from: which file of the revision, and which page of it.
                        "from": [picture.number, picture.page],
                        # Of that file as it was handed in: what is shown is drawn from it.
                        "original": originals[picture.number - 1],
                        "label": picture.label if picture.several or picture.label != "picture" else "",
                        "number": picture.place,
                        "of": picture.of,
                        "media": [*(["moving"] if picture.moving else []), *([picture.video] if picture.video else [])],
                        # Of its close-up: width, height, a tile's edge and overlap.
                        "tiles": list(astuple(picture.tiles)) if picture.tiles else None,
                    }
                    for page, picture in enumerate(shown, 1)
                ],
                "prototypes": len(sheets.prototypes_in(shown, plain)),
            }
        )
    return found


def _judged_revision(session: Session, entry_id: UUID) -> Row[UUID, int, str, str, str | None]:
    """The revision that was judged: the last one sealed, since nothing is sealed once judging is open.

    With the signed text of its receipt.
    """
    return session.execute(
        select(Revision.id, Revision.number, Revision.title, Revision.credit, Receipt.payload)
        .outerjoin(Receipt, Receipt.revision_id == Revision.id)
        .where(Revision.entry_id == entry_id)
        .order_by(Revision.number.desc())
        .limit(1)
    ).one()


def _standings(session: Session, tally: Tally) -> list[dict[str, Any]]:
    """`score` is the raw mean, exact. Another method than the mean adds its own score, to six decimals."""
    rows = session.execute(
        select(
            Entry.number,
            Standing.rank,
            Standing.tied,
            Standing.numerator,
            Standing.denominator,
            Standing.score,
            Standing.tie_rule,
            Standing.scorecards,
        )
        .join(Entry, Entry.id == Standing.entry_id)
        .where(Standing.tally_id == tally.id)
        .order_by(Standing.rank.asc().nulls_last(), Entry.number)
    )
    own, ruled = tally.method not in MEANS, bool(tally.params.get("options", {}).get("ties"))
    return [
        {
            "entry": row.number,
            "rank": row.rank,
            "tied": row.tied,
            "scorecards": row.scorecards,
            "score": None if row.numerator is None else [row.numerator, row.denominator],
            **({"method_score": None if row.score is None else f"{row.score:.6f}"} if own else {}),
            **({"tie_rule": row.tie_rule} if ruled else {}),
        }
        for row in rows
    ]
