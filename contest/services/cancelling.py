"""Calling a contest off, for good; and the mail that tells it to everyone who has a part in it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import audit, clock, mail, outbox
from contest.errors import Invalid
from contest.models import Account, Contest, Entry, Membership, Texts
from contest.permissions import Actor, goes_on, may_cancel
from contest.services import awards, contests
from contest.settings import Settings
from contest.vocabulary import LOCALES, EntryState, Role

#: Longest reason, in characters.
MOST_REASON = 2000


def cancel(session: Session, actor: Actor, slug: str, *, reason: Texts, sure: bool) -> Contest:
    """Call the contest off, with a reason that everybody reads. Once it is called off, a second press does nothing.

    `sure`: whether the actor said that they know what it means.

    The contest's row is taken for this act alone. Whoever submits, scores or proposes holds it too: what they do is
    done before, or finds the contest called off. What waits for approval is no proposal any more.

    Raises NotFound; Denied("organiser_or_chair_only" | "nothing_to_cancel" | "published_fixed" |
    "fresh_sign_in_needed"); Invalid("reason_LOCALE" | "sure").
    """
    contest = contests.get_managed(session, actor, slug, lock=True)
    now = clock.read(session)
    decision = may_cancel(actor, contest, now)
    if decision.reason == "cancelled":
        return contest
    decision.require()
    given = {locale: reason.get(locale, "").strip() for locale in LOCALES}
    problems = {f"reason_{locale}": f"text_missing_{locale}" for locale, text in given.items() if not text}
    problems |= {f"reason_{locale}": "too_long" for locale, text in given.items() if len(text) > MOST_REASON}
    if not sure:
        problems["sure"] = "cancel_tick"
    if problems:
        raise Invalid(problems)
    awards.take_back_draft(session, contest)
    contest.cancelled_at, contest.cancelled_reason = now, given
    session.flush()
    audit.record(session, actor, "contest.cancelled", contest, reason=given)
    outbox.add(session, "mail_cancelled", queue="mail", contest_id=str(contest.id))
    return contest


@dataclass(frozen=True)
class Affected:
    """How many people the contest has, by what they do in it; nobody is counted twice in one number."""

    submitted: int
    drafts: int
    judges: int


def affected(session: Session, contest: Contest) -> Affected:
    """Who would be told if the contest were called off now, beside its own team."""
    parts = list(_parts(session, contest).values())
    return Affected(parts.count("submitted"), parts.count("draft"), parts.count("judge"))


def _parts(session: Session, contest: Contest) -> dict[uuid.UUID, str]:
    """Accounts that are to be told, each with its part: "team", "judge", "submitted" or "draft"."""
    found: dict[uuid.UUID, str] = {}
    entries = select(Entry.account_id, Entry.state).where(
        Entry.contest_id == contest.id, Entry.state != EntryState.WITHDRAWN
    )
    for account_id, state in session.execute(entries):
        found[account_id] = "draft" if state == EntryState.DRAFT else "submitted"
    members = select(Membership.account_id, Membership.role).where(
        Membership.contest_id == contest.id, Membership.removed_at.is_(None)
    )
    # Who has several roles is told as one of the team: nobody judges blind beside it.
    for account_id, role in session.execute(members):
        found[account_id] = "judge" if role == Role.JUDGE else "team"
    return found


def mail_cancelled(session: Session, settings: Settings, contest_id: uuid.UUID) -> None:
    """The job: tell everyone with a draft or an entry, every judge and the team, each once and in their language."""
    contest = session.get(Contest, contest_id)
    if contest is None or goes_on(contest):
        return
    parts = _parts(session, contest)
    accounts = select(Account).where(Account.id.in_(parts), Account.suspended_at.is_(None)).order_by(Account.id)
    for account in session.scalars(accounts):
        part = parts[account.id]
        entrant = part in ("submitted", "draft")
        mail.queue_for(
            session,
            settings,
            "cancelled",
            account,
            key=f"cancelled:{contest.id}:{account.id}",
            contest=dict(contest.title),
            part=part,
            reason=dict(contest.cancelled_reason),
            organiser=contest.contact,
            link=f"{settings.base_url}/contests/{contest.slug}{'/entry' if entrant else ''}",
        )
