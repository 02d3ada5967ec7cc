"""Who may do what: pure predicates over values. No queries, no clock of their own.

Each returns a Decision; a service calls `.require()` where it loads the thing. Whether an actor may
know of a thing at all is a question of the loaders in services: what one may not see does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contest.clock import grace_end, phase_of
from contest.errors import Denied
from contest.models import Contest, Entry, Publication, Round, Tally
from contest.vocabulary import STAFF_ROLES, EntryState, Phase, PublicationState, Role, RoundState

#: How long a proof of identity counts as fresh for an act that cannot be undone.
FRESH = timedelta(minutes=5)


@dataclass(frozen=True)
class Actor:
    """Who acts: made once per request from the session's row, or for the system itself."""

    account_id: uuid.UUID | None = None
    name: str = ""
    email: str = ""
    locale: str = "en"
    zone: str = "UTC"
    is_admin: bool = False
    is_staff: bool = False
    suspended: bool = False
    verified: bool = False
    session_id: uuid.UUID | None = None
    fresh_at: datetime | None = None
    #: "light" or "dark"; "" as the system says.
    theme: str = ""
    #: How long the session may rest, since when it rests, and how long it lasts even when it is used.
    session_idle: timedelta = timedelta()
    session_unused: timedelta = timedelta()
    session_most: timedelta = timedelta()
    roles: Mapping[uuid.UUID, frozenset[Role]] = field(default_factory=dict)

    @property
    def signed_in(self) -> bool:
        return self.account_id is not None and not self.suspended

    @property
    def session_left(self) -> timedelta:
        """How long the session lasts if it is not used any more."""
        return min(self.session_idle - self.session_unused, self.session_most)

    def has(self, contest_id: uuid.UUID, *roles: Role) -> bool:
        """Whether the actor holds one of the roles in the contest."""
        return self.signed_in and not self.roles.get(contest_id, frozenset()).isdisjoint(roles)

    def fresh(self, now: datetime) -> bool:
        return self.fresh_at is not None and now - self.fresh_at < FRESH


ANONYMOUS = Actor()


@dataclass(frozen=True)
class Decision:
    allowed: bool
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raise Denied with the reason unless allowed."""
        if not self.allowed:
            raise Denied(self.reason, **self.facts)


YES = Decision(True)


def no(reason: str, **facts: Any) -> Decision:
    return Decision(False, reason, facts)


# Who may know of a thing ---------------------------------------------------------------------------


def may_see_contest(actor: Actor, contest: Contest) -> bool:
    """An announced contest is public; before, only its app team knows of it."""
    return contest.announced_at is not None or may_manage(actor, contest)


def may_manage(actor: Actor, contest: Contest) -> bool:
    """The app team: organisers, chairs and publishers of this contest, and admins.

    Whoever judges it blind is none of them until the winners are public, not even as an admin.
    """
    if contest.published_at is None and actor.has(contest.id, Role.JUDGE):
        return False
    return actor.signed_in and (actor.is_admin or actor.has(contest.id, *STAFF_ROLES))


def owns(actor: Actor, entry: Entry) -> bool:
    return actor.signed_in and entry.account_id == actor.account_id


# One's own account ---------------------------------------------------------------------------------


def may_change_sign_in(actor: Actor, now: datetime) -> Decision:
    """Change one's address or do without a password: with a fresh proof of identity."""
    if not actor.signed_in:
        return no("sign_in")
    return YES if actor.fresh(now) else no("fresh_sign_in_needed")


# Contests ------------------------------------------------------------------------------------------


def goes_on(contest: Contest) -> Decision:
    """Whether anything may still happen in the contest: nothing in one that was called off, whoever asks."""
    return YES if contest.cancelled_at is None else no("cancelled", cancelled_at=contest.cancelled_at)


def may_create_contest(actor: Actor) -> Decision:
    return YES if actor.signed_in and (actor.is_staff or actor.is_admin) else no("staff_only")


def organises(actor: Actor, contest: Contest) -> Decision:
    """Read what organisers alone read, and take back what somebody was given."""
    if actor.signed_in and (actor.is_admin or actor.has(contest.id, Role.ORGANISER)):
        return YES
    return no("organiser_only")


def may_organise(actor: Actor, contest: Contest) -> Decision:
    """Change the contest, invite, assign, open and close rounds, propose awards."""
    return goes_on(contest) if (organiser := organises(actor, contest)) else organiser


def may_cancel(actor: Actor, contest: Contest, now: datetime) -> Decision:
    """Call the contest off for good: from announcing it to publishing its winners, with a fresh proof of identity."""
    if not (actor.signed_in and (actor.is_admin or actor.has(contest.id, Role.ORGANISER, Role.CHAIR))):
        return no("organiser_or_chair_only")
    if not (on := goes_on(contest)):
        return on
    if contest.announced_at is None:
        return no("nothing_to_cancel")
    if contest.published_at is not None:
        return no("published_fixed")
    return YES if actor.fresh(now) else no("fresh_sign_in_needed")


def may_change_structure(actor: Actor, contest: Contest, now: datetime) -> Decision:
    """Deliverables, categories, prizes and grace stay as announced once entries may come in."""
    if not (organise := may_organise(actor, contest)):
        return organise
    if phase_of(contest, now) in (Phase.DRAFT, Phase.ANNOUNCED):
        return YES
    return no("structure_fixed")


def may_change_rubric(actor: Actor, contest: Contest, round_: Round) -> Decision:
    """The rubric freezes with the first scorecard."""
    if not (organise := may_organise(actor, contest)):
        return organise
    return no("rubric_frozen") if round_.rubric_frozen_at is not None else YES


def may_move_dates(
    contest: Contest, opens_at: datetime, closes_at: datetime, now: datetime, *, failed: bool = False
) -> Decision:
    """Once open, the opening stays and the deadline moves only later; after the close nothing moves.

    Unless the contest `failed`, that is, closed without an entry: a later deadline takes nothing from anybody.
    """
    if not (on := goes_on(contest)):
        return on
    phase = phase_of(contest, now)
    if phase in (Phase.DRAFT, Phase.ANNOUNCED):
        return YES
    if phase is not Phase.OPEN and not (failed and phase is Phase.JUDGING):
        same = opens_at == contest.opens_at and closes_at == contest.closes_at
        return YES if same else no("dates_fixed")
    assert contest.closes_at is not None
    if opens_at != contest.opens_at:
        return no("opening_fixed")
    return YES if closes_at >= contest.closes_at else no("deadline_only_later", closes_at=contest.closes_at)


# Entries -------------------------------------------------------------------------------------------


def accepts_entries(contest: Contest, now: datetime) -> Decision:
    """Whether drafts may change and uploads may begin at `now`."""
    if not (on := goes_on(contest)):
        return on
    phase = phase_of(contest, now)
    if phase is Phase.OPEN:
        return YES
    if phase in (Phase.DRAFT, Phase.ANNOUNCED):
        return no("not_open_yet", opens_at=contest.opens_at)
    return no("deadline_passed", closes_at=contest.closes_at, now=now)


def may_enter(actor: Actor, contest: Contest, now: datetime) -> Decision:
    """Start an entry. Whoever organises or judges a contest, or administers all of them, does not enter it."""
    if actor.is_admin or actor.roles.get(contest.id):
        return no("team_may_not_enter")
    return accepts_entries(contest, now)


def may_accept_terms(contest: Contest, now: datetime) -> Decision:
    """Accept changed terms for an entry that exists: as long as it could still be submitted."""
    accept = accepts_entries(contest, now)
    return YES if phase_of(contest, now) is Phase.GRACE else accept


def may_edit_entry(actor: Actor, entry: Entry, now: datetime) -> Decision:
    if not owns(actor, entry):
        return no("not_yours")
    if entry.state == EntryState.WITHDRAWN:
        return no("withdrawn")
    if entry.state == EntryState.DISQUALIFIED:
        return no("disqualified")
    return accepts_entries(entry.contest, now)


def may_finish_upload(actor: Actor, entry: Entry, begun_at: datetime, now: datetime) -> Decision:
    """An upload begun before the deadline may finish within the contest's visible grace."""
    edit = may_edit_entry(actor, entry, now)
    if edit or edit.reason != "deadline_passed":
        return edit
    return YES if _in_grace(entry.contest, begun_at, now) else edit


def may_submit(actor: Actor, entry: Entry, begun: list[datetime], now: datetime) -> Decision:
    """Seal a revision: until the deadline, or within the grace if one of its uploads began before it.

    `begun` holds the starts of the uploads that are not in a sealed revision yet.
    """
    edit = may_edit_entry(actor, entry, now)
    if edit or edit.reason != "deadline_passed":
        return edit
    return YES if any(_in_grace(entry.contest, start, now) for start in begun) else edit


def _in_grace(contest: Contest, begun_at: datetime, now: datetime) -> bool:
    if phase_of(contest, now) is not Phase.GRACE:
        return False
    assert contest.closes_at is not None
    return begun_at < contest.closes_at and now < grace_end(contest.closes_at, contest.grace_seconds)


def may_withdraw(actor: Actor, entry: Entry, now: datetime) -> Decision:
    return may_edit_entry(actor, entry, now)


# Judging -------------------------------------------------------------------------------------------


def may_open_round(actor: Actor, contest: Contest, round_: Round, now: datetime) -> Decision:
    if not (organise := may_organise(actor, contest)):
        return organise
    phase = phase_of(contest, now)
    if phase is Phase.DRAFT:
        return no("not_announced")
    if phase is not Phase.JUDGING:
        return no("entries_still_open", closes_at=contest.closes_at)
    return YES if round_.state == RoundState.PLANNED else no("round_not_planned")


def may_close_round(actor: Actor, contest: Contest, round_: Round) -> Decision:
    if not (organise := may_organise(actor, contest)):
        return organise
    return YES if round_.state == RoundState.OPEN else no("round_not_open")


def may_score(round_: Round) -> Decision:
    """Asked under the round's share lock: a score that lost the race against closing is refused."""
    if not (on := goes_on(round_.contest)):
        return on
    if round_.state == RoundState.OPEN:
        return YES
    if round_.state == RoundState.PLANNED:
        return no("judging_not_begun")
    return no("round_closed", closed_at=round_.closed_at)


# Results -------------------------------------------------------------------------------------------


def may_change_method(actor: Actor, contest: Contest, round_: Round, now: datetime) -> Decision:
    """What is public was counted in one way; no other may be named for it afterwards."""
    if not (organise := may_organise(actor, contest)):
        return organise
    if phase_of(contest, now) is Phase.PUBLISHED:
        return no("published_fixed")
    # A result that was public once stays counted as it was, also when it was retracted.
    return no("method_fixed") if round_.state == RoundState.CONFIRMED else YES


def may_propose_awards(actor: Actor, contest: Contest, round_: Round, tally: Tally | None = None) -> Decision:
    """`tally`: the round's newest. One that came out without a ranking gives no awards."""
    if not (organise := may_organise(actor, contest)):
        return organise
    # Also after a publication: a correction is a new proposal that supersedes what is out.
    if round_.state not in (RoundState.TALLIED, RoundState.CONFIRMED):
        return no("no_tally_yet")
    return no("tally_refused") if tally is not None and tally.refused is not None else YES


def may_approve(actor: Actor, contest: Contest, publication: Publication, now: datetime) -> Decision:
    """Another person than the proposer, a publisher or chair, with a fresh proof of identity."""
    if not (actor.signed_in and (actor.is_admin or actor.has(contest.id, Role.PUBLISHER, Role.CHAIR))):
        return no("publisher_only")
    if not (on := goes_on(contest)):
        return on
    if publication.state != PublicationState.DRAFT:
        return no("not_a_draft")
    if publication.proposed_by == actor.account_id:
        return no("second_person_needed")
    return YES if actor.fresh(now) else no("fresh_sign_in_needed")


def may_publish(actor: Actor, contest: Contest, publication: Publication) -> Decision:
    if not (actor.signed_in and (actor.is_admin or actor.has(contest.id, Role.ORGANISER, Role.PUBLISHER))):
        return no("publisher_only")
    if not (on := goes_on(contest)):
        return on
    if publication.state != PublicationState.DRAFT:
        return no("not_a_draft")
    return YES if publication.approved_at is not None else no("not_approved")


def may_retract(actor: Actor, contest: Contest, publication: Publication, now: datetime) -> Decision:
    if not (actor.signed_in and (actor.is_admin or actor.has(contest.id, Role.PUBLISHER, Role.CHAIR))):
        return no("publisher_only")
    if publication.state != PublicationState.PUBLISHED:
        return no("not_published")
    return YES if actor.fresh(now) else no("fresh_sign_in_needed")
