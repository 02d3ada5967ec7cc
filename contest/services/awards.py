"""Awards: which entry is given which prize, and what the jury says about it.

An award is never edited. Proposing other awards withdraws the old ones and takes back a publication that
was proposed with them.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from contest import audit, clock, permissions
from contest.errors import Invalid
from contest.models import Award, Contest, Entry, Prize, Publication, Standing, Tally, Texts
from contest.permissions import Actor
from contest.services import contests, results, rounds
from contest.vocabulary import (
    LOCALES,
    PUBLICATION_TRANSITIONS,
    AwardState,
    EntryState,
    PublicationState,
    check_transition,
)

MOST_STATEMENT = 3000


@dataclass(frozen=True)
class Pick:
    """One line of the form: a prize's key, the number of the entry that gets it, the jury's statement."""

    prize: str
    entry: int | None = None
    statement: Texts = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return self.entry is None and not any(text.strip() for text in self.statement.values())


def live(session: Session, contest_id: uuid.UUID) -> Sequence[Row[Award, Prize, int]]:
    """The awards as they stand: Award, Prize and the entry's number, in the order of a winners' page."""
    return session.execute(
        select(Award, Prize, Entry.number)
        .join(Prize, Prize.id == Award.prize_id)
        .join(Entry, Entry.id == Award.entry_id)
        .where(Award.contest_id == contest_id, Award.withdrawn_at.is_(None))
        .order_by(Prize.position, Entry.number)
    ).all()


def propose(session: Session, actor: Actor, slug: str, picks: Sequence[Pick]) -> int:
    """Let the awards be these and no others; returns how many. The same awards again change nothing.

    Raises NotFound; Denied("organiser_only" | "no_tally_yet" | "tally_refused"); Invalid with fields `entry-N` and
    `statement-N_LOCALE`, where N is the place in `picks`, from 0.
    """
    contest, round_ = rounds.hold(session, actor, slug)
    tally = results.latest_tally(session, round_.id)
    permissions.may_propose_awards(actor, contest, round_, tally).require()
    assert tally is not None, "a tallied round has a tally"
    prizes = {prize.key: prize for prize in contest.prizes}
    entries = _entries(session, contest, tally, picks)
    _check(picks, prizes, entries)
    wanted = {
        entries[pick.entry]: (prizes[pick.prize].id, _clean(pick.statement)) for pick in picks if pick.entry is not None
    }
    now = clock.read(session)
    changed = False
    for award, _, _ in live(session, contest.id):
        if wanted.get(award.entry_id) == (award.prize_id, award.statement):
            del wanted[award.entry_id]
        else:
            award.withdrawn_at = now
            changed = True
    # Withdrawn before the new ones are added: an entry has one live award.
    session.flush()
    session.add_all(
        Award(
            contest_id=contest.id,
            tally_id=tally.id,
            prize_id=prize_id,
            entry_id=entry_id,
            statement=statement,
            proposed_by=actor.account_id,
            proposed_at=now,
        )
        for entry_id, (prize_id, statement) in wanted.items()
    )
    session.flush()
    given = sum(pick.entry is not None for pick in picks)
    if changed or wanted:
        take_back_draft(session, contest)
        audit.record(
            session,
            actor,
            "awards.proposed",
            contest,
            tally=tally.number,
            awards=[[pick.prize, pick.entry] for pick in picks if pick.entry is not None],
        )
    return given


def _entries(session: Session, contest: Contest, tally: Tally, picks: Sequence[Pick]) -> Mapping[int, uuid.UUID]:
    """Number → id of the picked entries that the tally ranks and that are still in the contest."""
    numbers = [pick.entry for pick in picks if pick.entry is not None]
    rows = session.execute(
        select(Entry.number, Entry.id)
        .join(Standing, (Standing.entry_id == Entry.id) & (Standing.tally_id == tally.id))
        .where(Standing.rank.is_not(None))
        .where(Entry.contest_id == contest.id, Entry.number.in_(numbers), Entry.state == EntryState.SUBMITTED)
    )
    return dict(rows.all())


def _check(picks: Sequence[Pick], prizes: Mapping[str, Prize], entries: Mapping[int, uuid.UUID]) -> None:
    problems: dict[str, str] = {}
    given: Counter[str] = Counter()
    taken: set[int] = set()
    for place, pick in enumerate(picks):
        if pick.empty:
            continue
        if pick.entry is None:
            problems[f"entry-{place}"] = "required"
        elif pick.entry not in entries:
            problems[f"entry-{place}"] = "entry_unknown"
        elif pick.entry in taken:
            problems[f"entry-{place}"] = "entry_twice"
        else:
            taken.add(pick.entry)
        given[pick.prize] += 1
        if pick.prize not in prizes:
            problems[f"entry-{place}"] = "invalid"
        elif given[pick.prize] > prizes[pick.prize].quantity:
            problems[f"entry-{place}"] = "prize_over"
        for locale in LOCALES:
            text = pick.statement.get(locale, "").strip()
            if not text:
                problems[f"statement-{place}_{locale}"] = "statement_en_ja"
            elif len(text) > MOST_STATEMENT:
                problems[f"statement-{place}_{locale}"] = "too_long"
    if problems:
        raise Invalid(problems)


def _clean(statement: Texts) -> Texts:
    return {locale: statement[locale].strip() for locale in LOCALES}


def save_jury(
    session: Session, actor: Actor, slug: str, *, statement: Texts, people: Texts, version: int | None = None
) -> None:
    """Store what the jury says of the contest as a whole and who it was; the next proposal freezes both.

    Each may be left out, but not in one language only. `version`: of the contest as the form was made from it.
    Raises NotFound; Denied("organiser_only" | "no_tally_yet"); Conflict("stale"); Invalid with the fields
    `jury_statement_LOCALE` and `jury_LOCALE`.
    """
    contest = contests.get_for_change(session, actor, slug, version)
    round_ = contests.lock_round(session, contest)
    permissions.may_propose_awards(actor, contest, round_).require()
    given = {"jury_statement": statement, "jury": people}
    problems: dict[str, str] = {}
    for name, texts in given.items():
        filled = {locale: text for locale in LOCALES if (text := texts.get(locale, "").strip())}
        for locale in LOCALES:
            if filled and locale not in filled:
                problems[f"{name}_{locale}"] = f"text_missing_{locale}"
            elif len(filled.get(locale, "")) > MOST_STATEMENT:
                problems[f"{name}_{locale}"] = "too_long"
        given[name] = filled
    if problems:
        raise Invalid(problems)
    changed = [name for name, texts in given.items() if getattr(contest, name) != texts]
    if not changed:
        return
    contest.jury_statement, contest.jury = given["jury_statement"], given["jury"]
    take_back_draft(session, contest)
    session.flush()
    audit.record(session, actor, "contest.changed", contest, fields=changed)


def take_back_draft(session: Session, contest: Contest) -> Publication | None:
    """Supersede the proposed publication, if there is one: what it shows is no longer what is proposed.

    Awards that its approval had confirmed are proposals again.
    """
    draft = session.scalars(
        select(Publication)
        .where(Publication.contest_id == contest.id, Publication.state == PublicationState.DRAFT)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if draft is None:
        return None
    check_transition(PUBLICATION_TRANSITIONS, draft.state, PublicationState.SUPERSEDED)
    draft.state = PublicationState.SUPERSEDED
    for award, _, _ in live(session, contest.id):
        if award.state == AwardState.CONFIRMED:
            award.state = AwardState.PROPOSED
    session.flush()
    return draft


@dataclass(frozen=True)
class Slot:
    """A line of the form for one prize, filled with the award that stands there, if any."""

    prize: Prize
    #: From 1; None where a prize is given once.
    place: int | None
    pick: Pick


def slots(session: Session, contest: Contest) -> list[Slot]:
    """The form's lines: each award that stands, and for prizes that may be given more often some empty ones."""
    found: dict[uuid.UUID, list[Row[Award, Prize, int]]] = {}
    for row in live(session, contest.id):
        found.setdefault(row.Prize.id, []).append(row)
    lines = []
    for prize in contest.prizes:
        given = found.get(prize.id, [])
        for place in range(min(prize.quantity, max(len(given) + 1, 3))):
            pick = Pick(prize.key)
            if place < len(given):
                pick = Pick(prize.key, given[place].number, dict(given[place].Award.statement))
            lines.append(Slot(prize, place + 1 if prize.quantity > 1 else None, pick))
    return lines
