"""The scores that a tally counted, as two files from which anybody computes the ranking again.

SCORES.csv holds a line for each score, with the entry's public number and a pseudonym for the judge; W.csv the
weights. Nobody's words are in them. `contest tally` reads both.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shlex
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from contest import audit, permissions
from contest.errors import Denied
from contest.models import Criterion, Entry, Standing, Tally
from contest.permissions import Actor
from contest.scoring import MEANS, rubric
from contest.scoring.cards import Cards
from contest.scoring.checking import SCORES, WEIGHTS
from contest.services import contests, counting, results


def export_scores(session: Session, actor: Actor, slug: str) -> tuple[bytes, bytes]:
    """The two files of the newest tally, for its organisers, also before anything is public.

    The audit log keeps who took them, so that this is an act.
    Raises NotFound; Denied("organiser_only" | "no_tally_yet" | "scores_changed").
    """
    contest = contests.get_managed(session, actor, slug)
    permissions.organises(actor, contest).require()
    tally = results.latest_tally(session, contest.round.id)
    if tally is None:
        raise Denied("no_tally_yet")
    found = files_of(session, tally)
    audit.record(session, actor, "scores.exported", tally, contest_id=contest.id, tally=tally.number)
    return found


def files_of(session: Session, tally: Tally) -> tuple[bytes, bytes]:
    """SCORES.csv and W.csv of what a tally counted: the same tally gives the same bytes.

    Only entries of its standings are in them. Raises Denied("scores_changed") if the scores are others by now.
    """
    cards = results.counted_cards(session, tally, marks=True)
    criteria = session.execute(
        select(Criterion.key, Criterion.weight, Criterion.points)
        .where(Criterion.round_id == tally.round_id)
        .order_by(Criterion.position, Criterion.key)
    ).all()
    scale = [rubric.Criterion(row.key, row.weight, row.points) for row in criteria]
    if cards is None or not _whole(cards, scale):
        raise Denied("scores_changed")
    entries = counting.entry_names(session, tally.round.contest_id)
    judges = _pseudonyms(tally, cards.judges)
    levels = [(one.key, cards.marks.get(one.key, ())) for one in scale]
    order = sorted(
        range(len(cards)),
        key=lambda card: (entries[cards.entries[cards.entry[card]]], judges[cards.judges[cards.judge[card]]]),
    )
    scores = (
        (
            f"C-{entries[cards.entries[cards.entry[card]]]}",
            f"J{judges[cards.judges[cards.judge[card]]]}",
            key,
            marks[card],
        )
        for card in order
        for key, marks in levels
    )
    return (
        _csv(("entry", "judge", "criterion", "score"), scores),
        _csv(("criterion", "weight", "points"), ((one.key, one.weight, one.points) for one in scale)),
    )


def pack(scores: bytes, weights: bytes) -> bytes:
    """Both files as a ZIP, which has no time of its own: the same scores make the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        for name, body in ((SCORES, scores), (WEIGHTS, weights)):
            files.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _whole(cards: Cards, scale: Sequence[rubric.Criterion]) -> bool:
    """Whether the levels make the totals: both were read from the same scores."""
    if not len(cards):
        return True
    if {one.key for one in scale} != set(cards.marks) or any(
        len(marks) != len(cards) for marks in cards.marks.values()
    ):
        return False
    columns = [(one.weight * (rubric.UNIT // one.points), cards.marks[one.key]) for one in scale]
    return all(total == sum(part * marks[card] for part, marks in columns) for card, total in enumerate(cards.total))


def _pseudonyms(tally: Tally, judges: Sequence[str]) -> dict[str, int]:
    """A number for each judge, from 1, the same in every copy of a tally's files, and of no other meaning.

    The order follows from accounts' ids, which the public never sees: it tells nobody who is who.
    """
    mixed = sorted(judges, key=lambda judge: hashlib.sha256(f"{tally.input_digest}:{judge}".encode()).digest())
    return {judge: number for number, judge in enumerate(mixed, 1)}


def standings(frozen: Mapping[str, Any]) -> bytes:
    """The standings of a snapshot as CSV. `score` is the raw mean in per cent; beside it stands the exact fraction."""
    prizes = {award["entry"]: award["prize"]["key"] for award in frozen["awards"]}
    return _csv(
        (
            "rank",
            "tied",
            "entry",
            "prize",
            "score",
            "numerator",
            "denominator",
            "scorecards",
            "method_score",
            "tie_rule",
        ),
        (
            (
                row["rank"],
                row["tied"],
                f"C-{row['entry']:04d}",
                prizes.get(row["entry"]),
                row["score"] and f"{100 * row['score'][0] / row['score'][1]:.4f}",
                *(row["score"] or (None, None)),
                row["scorecards"],
                row.get("method_score"),
                row.get("tie_rule"),
            )
            for row in frozen["standings"]
        ),
    )


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return file.getvalue().encode()


def command(tally: Tally) -> str:
    """The command line that recomputes a tally from its two files."""
    words = ["contest", "tally", SCORES, "--weights", WEIGHTS]
    if tally.method not in MEANS:
        words += ["--method", tally.method]
    for name, value in sorted(tally.params.get("options", {}).items()):
        if name == "ties":
            value = ",".join(filter(None, (_in_files(tally, rule) for rule in value.split(","))))
        if value:
            words += ["--option", f"{name}={value}"]
    return shlex.join(words)


def _in_files(tally: Tally, rule: str) -> str:
    """A rule for equal scores with the entries that the files have; nothing if that leaves it nothing to decide."""
    if not rule.startswith(counting.DECISION):
        return rule
    session = object_session(tally)
    assert session is not None
    numbers = session.scalars(
        select(Entry.number)
        .join(Standing, Standing.entry_id == Entry.id)
        .where(Standing.tally_id == tally.id, Standing.scorecards > 0)
    )
    known = {f"C-{number:04d}" for number in numbers}
    left = [name for name in rule.removeprefix(counting.DECISION).split(">") if name in known]
    return counting.DECISION + ">".join(left) if len(left) > 1 else ""
