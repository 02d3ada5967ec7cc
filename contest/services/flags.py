"""What judges tell the app team of an entry, and the answers. It changes no score, and nothing happens by itself.

A judge tells it while scores are taken, and takes it back until it is answered. Other judges never see it; the app
team sees all of it, also of a judge who stepped back since or who lost the entry, for it may be true all the same.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from contest import audit, clock, mail, outbox
from contest.clock import phase_of
from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, Assignment, Contest, Entry, Flag, MailMessage, Membership, Recusal, Round
from contest.permissions import Actor, Decision, may_organise, no
from contest.services import assignment, contests, queues
from contest.services.listing import Listing, newest_title, total
from contest.services.sheets import Told
from contest.settings import Settings
from contest.vocabulary import EntryState, FlagKind, Phase, Role, RoundState

#: Longest words and longest answer, in characters.
MOST = 2000
#: The app team gets one mail in so long, however many judges tell something.
PEACE = timedelta(hours=1)
#: What the app team's list can show besides what waits for an answer, and its rows on one page.
SHOWS, PAGE = ("all",), 20

# The judge ---------------------------------------------------------------------------------------


def told(session: Session, actor: Actor, round_: Round, codes: Sequence[str]) -> dict[str, tuple[Told, ...]]:
    """What the judge told of these entries of theirs and did not take back, by code; the first first."""
    found: dict[str, list[Told]] = defaultdict(list)
    rows = session.execute(
        select(Assignment.code, Flag.kind, Flag.words, Flag.created_at, Flag.answer, Flag.answered_at)
        .join(Assignment, Assignment.id == Flag.assignment_id)
        .where(
            Assignment.round_id == round_.id,
            Assignment.judge_id == actor.account_id,
            Assignment.code.in_(codes),
            Assignment.removed_at.is_(None),
            Flag.withdrawn_at.is_(None),
        )
        .order_by(Flag.created_at, Flag.id)
    )
    for code, kind, words, at, answer, answered_at in rows:
        found[code].append(Told(kind, words, at, answer, answered_at))
    return {code: tuple(each) for code, each in found.items()}


def tell(session: Session, actor: Actor, slug: str, code: str, *, kind: str, words: str) -> None:
    """Tell the app team something of an entry. Telling it again, in the same words, does nothing.

    Raises NotFound; Denied("round_closed" | "cancelled"); Invalid (fields `kind`, `words`).
    """
    held = queues.hold(session, actor, slug, code)
    problems = {}
    if kind not in set(FlagKind):
        problems["kind"] = "kind_of_flag"
    if len(words) > MOST:
        problems["words"] = "too_long"
    elif kind == FlagKind.OTHER and not words.strip():
        problems["words"] = "flag_words_missing"
    if problems:
        raise Invalid(problems)
    waiting = _waiting(session, held.assignment.id, kind)
    if waiting is not None:
        if waiting.words == words:
            return
        raise Invalid("words", "flag_there")
    now = clock.read(session)
    flag = Flag(assignment_id=held.assignment.id, kind=kind, words=words, created_at=now)
    session.add(flag)
    session.flush()
    audit.record(session, actor, "flag.told", flag, contest_id=held.contest.id, kind=kind, code=code)
    last = session.scalar(
        select(func.max(MailMessage.created_at)).where(MailMessage.key.startswith(_key(held.contest.id)))
    )
    pause = max(last + PEACE - now, timedelta()) if last else timedelta()
    outbox.add(
        session,
        "mail_flags",
        queue="mail",
        key=f"flags:{held.contest.id}",
        delay=pause or None,
        contest_id=str(held.contest.id),
    )


def take_back(session: Session, actor: Actor, slug: str, code: str, kind: str) -> None:
    """Take back what was told, until it is answered; a second time does nothing.

    Raises NotFound; Denied("round_closed" | "cancelled" | "flag_answered").
    """
    held = queues.hold(session, actor, slug, code)
    flag = _waiting(session, held.assignment.id, kind)
    if flag is None:
        of_kind = (Flag.assignment_id == held.assignment.id, Flag.kind == kind)
        last = session.scalars(select(Flag).where(*of_kind).order_by(Flag.created_at.desc()).limit(1)).first()
        if last is None:
            raise NotFound
        if last.answered_at is not None:
            raise Denied("flag_answered")
        return
    flag.withdrawn_at = clock.read(session)
    audit.record(session, actor, "flag.taken_back", flag, contest_id=held.contest.id, kind=kind, code=code)


def _waiting(session: Session, assignment_id: uuid.UUID, kind: str) -> Flag | None:
    """What waits for an answer, held against one that comes just now."""
    return session.scalars(
        select(Flag)
        .where(Flag.assignment_id == assignment_id, Flag.kind == kind, _open())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def _open() -> ColumnElement[bool]:
    return Flag.withdrawn_at.is_(None) & Flag.answered_at.is_(None)


# The app team ------------------------------------------------------------------------------------


def waiting(contest_id: uuid.UUID | SQLColumnExpression[uuid.UUID]) -> Select[int]:
    """How many wait for an answer in a contest."""
    return (
        select(func.count())
        .select_from(Flag)
        .join(Assignment, Assignment.id == Flag.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .where(Round.contest_id == contest_id, _open())
    )


def _rows(contest: Contest) -> Select[*tuple[Any, ...]]:
    """id, kind, words, at, withdrawn_at, answer, answered_at, answerer, judge, number, title, state, then two more.

    state: the entry's. The last two: whether the judge has no more to do with it, and why.
    """
    by = aliased(Account)
    return (
        select(
            Flag.id,
            Flag.kind,
            Flag.words,
            Flag.created_at.label("at"),
            Flag.withdrawn_at,
            Flag.answer,
            Flag.answered_at,
            by.name.label("answerer"),
            Account.name.label("judge"),
            Assignment.removed_at,
            exists().where(Recusal.assignment_id == Assignment.id).label("recused"),
            Entry.number,
            newest_title().label("title"),
            Entry.state,
        )
        .join(Assignment, Assignment.id == Flag.assignment_id)
        .join(Round, Round.id == Assignment.round_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .join(Account, Account.id == Assignment.judge_id)
        .outerjoin(by, by.id == Flag.answered_by)
        .where(Round.contest_id == contest.id)
    )


def listed(session: Session, contest: Contest, listing: Listing) -> tuple[Listing, Sequence[Row[*tuple[Any, ...]]]]:
    """One page: what waits for an answer, the oldest first; with `show` "all" then the rest, the newest first."""
    query = _rows(contest)
    if listing.filters.get("show") != "all":
        query = query.where(_open())
    listing = listing.counted(total(session, query.with_only_columns(Flag.id)))
    age = func.extract("epoch", Flag.created_at)
    query = query.order_by(_open().desc(), case((_open(), age), else_=-age), Flag.id)
    return listing, session.execute(query.offset((listing.page - 1) * listing.per).limit(listing.per)).all()


def get_flag(session: Session, contest: Contest, flag_id: uuid.UUID) -> Row[*tuple[Any, ...]]:
    """One of the contest, as in `listed`. Raises NotFound."""
    found = session.execute(_rows(contest).where(Flag.id == flag_id)).first()
    if found is None:
        raise NotFound
    return found


def of_entry(session: Session, contest: Contest, entry_id: uuid.UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    """All that was told of one entry, as in `listed`, the newest first."""
    return session.execute(_rows(contest).where(Entry.id == entry_id).order_by(Flag.created_at.desc(), Flag.id)).all()


def to_discuss(session: Session, round_id: uuid.UUID, numbers: Sequence[int]) -> Mapping[int, int]:
    """How many of the judges who judge an entry find it worth discussing, by its number; nothing of the others."""
    return dict(
        iter(
            session.execute(
                select(Entry.number, func.count(Assignment.judge_id.distinct()))
                .select_from(Flag)
                .join(Assignment, Assignment.id == Flag.assignment_id)
                .join(Entry, Entry.id == Assignment.entry_id)
                .outerjoin(Recusal, Recusal.assignment_id == Assignment.id)
                .where(
                    Assignment.round_id == round_id,
                    Assignment.removed_at.is_(None),
                    Recusal.id.is_(None),
                    Flag.kind == FlagKind.DISCUSS,
                    Flag.withdrawn_at.is_(None),
                    Entry.number.in_(numbers),
                )
                .group_by(Entry.number)
            )
        )
    )


def may_answer(actor: Actor, contest: Contest, now: datetime) -> Decision:
    """Until the winners are public: then no judge can read it any more."""
    if not (organise := may_organise(actor, contest)):
        return organise
    return no("published_fixed") if phase_of(contest, now) is Phase.PUBLISHED else organise


def answer(session: Session, actor: Actor, slug: str, flag_id: uuid.UUID, words: str) -> bool:
    """Answer a judge, once and for good; tells whether the judge gets a mail.

    Raises NotFound, Denied("flag_settled" | "published_fixed" | …) or Invalid (field `answer`).
    """
    # The contest before the message, as judges lock them: it is neither called off nor published meanwhile.
    contest = contests.get_managed(session, actor, slug, lock=True)
    now = clock.read(session)
    may_answer(actor, contest, now).require()
    of_contest = select(Assignment.id).join(Round).where(Round.contest_id == contest.id)
    flag = session.scalars(
        select(Flag).where(Flag.id == flag_id, Flag.assignment_id.in_(of_contest)).with_for_update()
    ).first()
    if flag is None:
        raise NotFound
    if flag.answered_at is not None and flag.answered_by == actor.account_id and flag.answer == words:
        return _reader(session, flag) is not None
    if flag.answered_at is not None or flag.withdrawn_at is not None:
        raise Denied("flag_settled")
    if not words.strip():
        raise Invalid("answer", "required")
    if len(words) > MOST:
        raise Invalid("answer", "too_long")
    flag.answer, flag.answered_by, flag.answered_at = words, actor.account_id, now
    number = session.scalar(
        select(Entry.number)
        .join(Assignment, Assignment.entry_id == Entry.id)
        .where(Assignment.id == flag.assignment_id)
    )
    audit.record(session, actor, "flag.answered", flag, contest_id=contest.id, kind=flag.kind, entry=number)
    if _reader(session, flag) is None:
        return False
    outbox.add(session, "mail_flag_answer", queue="mail", flag_id=str(flag.id))
    return True


def _reader(session: Session, flag: Flag) -> Account | None:
    """The judge who told it, as long as they have to do with the entry and may read the answer."""
    held = flag.assignment
    contest = held.round.contest
    if held.removed_at is not None or held.recusal is not None or contest.published_at is not None:
        return None
    if held.round.state == RoundState.CONFIRMED:
        # Their pages stay closed when what was public is taken back.
        return None
    wanted = select(Account).where(Account.id == held.judge_id, Account.id.in_(assignment.judges_of(contest.id)))
    return session.scalars(wanted).first()


# Mail --------------------------------------------------------------------------------------------


def _key(contest_id: uuid.UUID) -> str:
    """What the keys of all mails to the app team begin with."""
    return f"flags:{contest_id}:"


def mail_flags(session: Session, settings: Settings, contest_id: uuid.UUID, *, nonce: str) -> None:
    """The job: tell the organisers how many wait for an answer. Nothing of what was told: it may name somebody."""
    contest = session.get(Contest, contest_id)
    many = session.scalar(waiting(contest_id)) or 0
    if contest is None or contest.cancelled_at is not None or not many:
        return
    organisers = session.scalars(
        select(Account)
        .where(
            Account.suspended_at.is_(None),
            Account.id.in_(
                select(Membership.account_id).where(
                    Membership.contest_id == contest_id,
                    Membership.removed_at.is_(None),
                    Membership.role == Role.ORGANISER,
                )
            ),
            # Who judges it blind is none of the app team.
            Account.id.not_in(assignment.judges_of(contest_id)),
        )
        .order_by(Account.id)
    )
    for account in organisers:
        mail.queue_for(
            session,
            settings,
            "flags",
            account,
            key=f"{_key(contest_id)}{nonce}:{account.id}",
            contest=dict(contest.title),
            waiting=many,
            link=f"{settings.base_url}/manage/{contest.slug}/flags",
        )


def mail_flag_answer(session: Session, settings: Settings, flag_id: uuid.UUID) -> None:
    """The job: give the judge the answer, by the entry's code. Not to one who has no more to do with the entry."""
    flag = session.get(Flag, flag_id)
    if flag is None or flag.answered_at is None:
        return
    judge, contest = _reader(session, flag), flag.assignment.round.contest
    if judge is None:
        return
    mail.queue_for(
        session,
        settings,
        "flag_answered",
        judge,
        key=f"flag-answered:{flag.id}",
        contest=dict(contest.title),
        code=flag.assignment.code,
        words=flag.words,
        answer=flag.answer,
        # What left the contest has no page for judges any more.
        there=flag.assignment.entry.state == EntryState.SUBMITTED,
        link=f"{settings.base_url}/judge/{contest.slug}",
    )
