"""Publications: what the public sees is frozen, confirmed by two people, numbered, and never edited.

`snapshot` holds all of it under numbers of our own; `digest` is the SHA-256 of its canonical JSON. The
proposer freezes it, with the file of the scores if that is to be public; a second person approves the digest
that they looked at; publishing checks again that nothing has moved. A correction is a new publication that
supersedes the old one.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, exists, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased, defer

from contest import audit, clock, outbox, permissions
from contest.errors import Denied, Invalid, NotFound
from contest.models import (
    Account,
    Award,
    Contest,
    Entry,
    Publication,
    Revision,
    Round,
    Standing,
    Tally,
)
from contest.permissions import Actor
from contest.scoring import digest as digests
from contest.services import awards, contests, exports, people, pictures
from contest.services.snapshots import snapshot
from contest.storage import Storage
from contest.vocabulary import (
    AWARD_TRANSITIONS,
    PUBLICATION_TRANSITIONS,
    ROUND_TRANSITIONS,
    AwardState,
    EntryState,
    PublicationState,
    RoundState,
    check_transition,
)

MOST_REASON = 2000
#: Below it lie the files of scores, by the publication's id; and what they are.
SCORES_PREFIX, ZIP = "scores/", "application/zip"
#: From this version of the snapshot on each winner has a card of its own.
OWN_CARDS = 6


# Proposing, approving, publishing ----------------------------------------------------------------


def _hold(session: Session, actor: Actor, slug: str) -> tuple[Contest, Round]:
    """Contest and round, both locked, in the order in which every act takes them. Raises NotFound."""
    contest = contests.get_managed(session, actor, slug, lock=True)
    return contest, contests.lock_round(session, contest)


def _held(session: Session, contest: Contest, number: int) -> Publication:
    publication = session.scalars(
        select(Publication)
        .where(Publication.contest_id == contest.id, Publication.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if publication is None:
        raise NotFound
    return publication


def propose(session: Session, actor: Actor, slug: str, *, scores_to: Storage | None = None) -> Publication:
    """Freeze what would be published now and ask a second person to look at it.

    `scores_to`: where the file of the scores goes that will be public too; without it none will be. An older
    proposal is superseded; the same proposal again by the same person changes nothing. Raises
    NotFound; Denied("organiser_only" | "no_tally_yet" | "tally_refused" | "awards_missing" | "award_entry_out" |
    "scores_changed").
    """
    name, scores, counted = uuid.uuid4(), None, None
    if scores_to is not None:
        # Thousands of scores take a moment to write down: no lock is held meanwhile. Object first, row second.
        contest = contests.get_managed(session, actor, slug)
        tally = counted = _proposable(session, actor, contest, contest.round)
        packed = exports.pack(*exports.files_of(session, tally))
        scores_to.put(_scores_key(name), packed, content_type=ZIP)
        scores = {
            "sha256": hashlib.sha256(packed).hexdigest(),
            "bytes": len(packed),
            "command": exports.command(tally),
        }
    contest, round_ = _hold(session, actor, slug)
    tally = _proposable(session, actor, contest, round_)
    if counted is not None and counted.id != tally.id:
        raise Denied("scores_changed")
    frozen = snapshot(session, contest, round_, tally, scores)
    digest = digests.sha256(frozen)
    draft = session.scalars(
        select(Publication).where(Publication.contest_id == contest.id, Publication.state == PublicationState.DRAFT)
    ).first()
    if draft is not None and (draft.digest, draft.proposed_by) == (digest, actor.account_id):
        return draft
    awards.take_back_draft(session, contest)
    last = session.scalar(select(func.max(Publication.number)).where(Publication.contest_id == contest.id))
    publication = Publication(
        id=name,
        contest_id=contest.id,
        tally_id=tally.id,
        number=(last or 0) + 1,
        snapshot=frozen,
        digest=digest,
        state=PublicationState.DRAFT,
        proposed_by=actor.account_id,
        proposed_at=clock.read(session),
    )
    session.add(publication)
    session.flush()
    audit.record(session, actor, "publication.proposed", publication, number=publication.number, digest=digest)
    outbox.add(session, "mail_proposal", queue="mail", publication_id=str(publication.id))
    return publication


def _proposable(session: Session, actor: Actor, contest: Contest, round_: Round) -> Tally:
    """The tally on which a proposal would stand now. Raises Denied as `propose`."""
    permissions.may_propose_awards(actor, contest, round_).require()
    tally = _tally_of(session, round_)
    permissions.may_propose_awards(actor, contest, round_, tally).require()
    if not awards.live(session, contest.id):
        raise Denied("awards_missing")
    if out := _out(session, contest, tally):
        raise Denied("award_entry_out", entry=f"{out[0]:04d}")
    if _overtaken(session, contest, tally):
        raise Denied("scores_changed")
    return tally


def _overtaken(session: Session, contest: Contest, tally: Tally) -> bool:
    """Whether an entry left the contest or came back since it was counted, so that a new tally is owed."""
    counted = select(Standing.entry_id).where(Standing.tally_id == tally.id, Standing.entry_id == Entry.id).exists()
    there = Entry.state == EntryState.SUBMITTED
    found = select(Entry.id).where(Entry.contest_id == contest.id, or_(counted & ~there, there & ~counted))
    return bool(session.scalar(select(found.exists())))


def _scores_key(publication_id: uuid.UUID) -> str:
    return f"{SCORES_PREFIX}{publication_id}"


def _tally_of(session: Session, round_: Round) -> Tally:
    return session.scalars(
        select(Tally).where(Tally.round_id == round_.id).order_by(Tally.number.desc()).limit(1)
    ).one()


def approve(session: Session, actor: Actor, slug: str, number: int, *, digest: str) -> Publication:
    """The second person confirms the snapshot that they looked at, named by its digest.

    Raises NotFound; Denied("publisher_only" | "not_a_draft" | "second_person_needed" |
    "fresh_sign_in_needed" | "digest_changed").
    """
    contest, round_ = _hold(session, actor, slug)
    publication = _held(session, contest, number)
    now = clock.read(session)
    permissions.may_approve(actor, contest, publication, now).require()
    _require_unchanged(session, contest, round_, publication, digest)
    if publication.approved_at is not None:
        return publication
    publication.approved_by, publication.approved_at = actor.account_id, now
    for award, _, _ in awards.live(session, contest.id):
        if award.state == AwardState.PROPOSED:
            check_transition(AWARD_TRANSITIONS, award.state, AwardState.CONFIRMED)
            award.state = AwardState.CONFIRMED
    # Recorded, because parts and their holders change. A host looks here whether two accounts are one person's.
    brought = next(
        (one for key, one in people.approvers(session, contest, round_).items() if key == actor.account_id), None
    )
    audit.record(
        session,
        actor,
        "publication.approved",
        publication,
        number=number,
        digest=digest,
        approver_invited_by=brought.inviter_id if brought else None,
        approver_invited_at=brought.invited_at if brought else None,
    )
    return publication


def _require_unchanged(
    session: Session, contest: Contest, round_: Round, publication: Publication, digest: str
) -> None:
    """Refuse unless the digest seen, the digest stored, the snapshot stored and what is stored now agree."""
    tally = _tally_of(session, round_)
    stored = digests.sha256(publication.snapshot)
    # The scores' file belongs to the tally, of which the snapshot tells the digests: it is not written again.
    now = digests.sha256(snapshot(session, contest, round_, tally, publication.snapshot.get("scores")))
    if not digest == publication.digest == stored == now or _out(session, contest, tally):
        raise Denied("digest_changed")


def _out(session: Session, contest: Contest, tally: Tally) -> list[int]:
    """Numbers of entries that have an award, but left the contest since or are not ranked by this tally."""
    ranked = (
        select(Standing.entry_id)
        .where(Standing.tally_id == tally.id, Standing.entry_id == Entry.id, Standing.rank.is_not(None))
        .exists()
    )
    return list(
        session.scalars(
            select(Entry.number)
            .join(Award, Award.entry_id == Entry.id)
            .where(Award.contest_id == contest.id, Award.withdrawn_at.is_(None))
            .where(or_(Entry.state != EntryState.SUBMITTED, ~ranked))
            .order_by(Entry.number)
        )
    )


def publish(session: Session, actor: Actor, slug: str, number: int, *, digest: str) -> Publication:
    """Make an approved publication public, and tell entrants. What was public before is superseded.

    Raises NotFound; Denied("publisher_only" | "not_a_draft" | "not_approved" | "digest_changed").
    """
    contest, round_ = _hold(session, actor, slug)
    publication = _held(session, contest, number)
    permissions.may_publish(actor, contest, publication).require()
    _require_unchanged(session, contest, round_, publication, digest)
    now = clock.read(session)
    old = session.scalars(
        select(Publication).where(Publication.contest_id == contest.id, Publication.state == PublicationState.PUBLISHED)
    ).first()
    if old is not None:
        check_transition(PUBLICATION_TRANSITIONS, old.state, PublicationState.SUPERSEDED)
        old.state = PublicationState.SUPERSEDED
        # One publication is public at a time: the old one leaves before the new one comes.
        session.flush()
    check_transition(PUBLICATION_TRANSITIONS, publication.state, PublicationState.PUBLISHED)
    publication.state, publication.published_at = PublicationState.PUBLISHED, now
    for award, _, _ in awards.live(session, contest.id):
        if award.state != AwardState.ANNOUNCED:
            check_transition(AWARD_TRANSITIONS, award.state, AwardState.ANNOUNCED)
            award.state = AwardState.ANNOUNCED
    if round_.state != RoundState.CONFIRMED:
        check_transition(ROUND_TRANSITIONS, round_.state, RoundState.CONFIRMED)
        round_.state = RoundState.CONFIRMED
    contest.published_at = contest.published_at or now
    session.flush()
    audit.record(session, actor, "publication.published", publication, number=number, digest=publication.digest)
    outbox.add(session, "mail_published", queue="mail", publication_id=str(publication.id))
    outbox.add(session, "draw_card", queue="previews", publication_id=str(publication.id))
    return publication


def retract(session: Session, actor: Actor, slug: str, number: int, *, reason: str) -> Publication:
    """Take a publication back, with a reason that its own address tells from now on.

    Raises NotFound; Denied("publisher_only" | "not_published" | "fresh_sign_in_needed"); Invalid("reason").
    """
    contest, _ = _hold(session, actor, slug)
    publication = _held(session, contest, number)
    now = clock.read(session)
    permissions.may_retract(actor, contest, publication, now).require()
    reason = reason.strip()
    if not reason:
        raise Invalid("reason", "reason_missing")
    if len(reason) > MOST_REASON:
        raise Invalid("reason", "too_long")
    check_transition(PUBLICATION_TRANSITIONS, publication.state, PublicationState.RETRACTED)
    publication.state, publication.retracted_at, publication.retracted_reason = PublicationState.RETRACTED, now, reason
    contest.published_at = None
    session.flush()
    audit.record(session, actor, "publication.retracted", publication, number=number, reason=reason)
    return publication


# What the public sees ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Retraction:
    """That a publication was taken back, and with it all that it had replaced."""

    number: int
    at: datetime
    reason: str
    #: Of the contest, as the publication told it.
    contest: Mapping[str, Any]
    #: Whether the contest was called off since, so that no other result will come.
    cancelled: bool


class Retracted(NotFound):
    """Nothing is in force: what was published last was taken back, by `by`."""

    def __init__(self, by: Retraction) -> None:
        super().__init__()
        self.by = by


@dataclass(frozen=True)
class Public:
    """A publication that is or was public: its number, its state and what it says."""

    number: int
    state: str
    published_at: datetime
    digest: str
    snapshot: Mapping[str, Any]
    #: Whether its pictures for links have been drawn.
    card: bool
    id: uuid.UUID
    #: The number of the publication that is in force now.
    in_force: int | None

    @property
    def winner_cards(self) -> bool:
        """Whether each winner with pictures has a card of its own; before OWN_CARDS only the first had one."""
        return self.card and self.snapshot["format"] >= OWN_CARDS


#: A snapshot without its standings, which for ten thousand entries are most of it.
_short = type_coerce(Publication.snapshot.op("-")(literal("standings", Text)), JSONB)


def get_public(session: Session, slug: str, number: int | None = None, *, whole: bool = True) -> Public:
    """The publication in force, or one by its number, also when it was superseded or retracted.

    `whole`: with the standings of all entries, which only the public interface gives out.
    Raises NotFound for a contest that is unknown or has published nothing, with nothing to tell them apart; and without
    a number Retracted, if what was published last is not in force any more.
    """
    newest = aliased(Publication)
    wanted = select(
        Publication.number,
        Publication.state,
        Publication.published_at,
        Publication.digest,
        Publication.snapshot if whole else _short,
        (Publication.card_key != "").label("card"),
        Publication.id,
        select(newest.number)
        .where(newest.contest_id == Publication.contest_id, newest.state == PublicationState.PUBLISHED)
        .scalar_subquery(),
    ).join(Contest, Contest.id == Publication.contest_id)
    if number is None:
        wanted = wanted.where(Publication.state == PublicationState.PUBLISHED)
    else:
        wanted = wanted.where(Publication.number == number, Publication.published_at.is_not(None))
    row = session.execute(wanted.where(Contest.slug == slug)).first()
    if row is None:
        if number is None and (taken_back := retraction(session, slug)) is not None:
            raise Retracted(taken_back)
        raise NotFound
    return Public(*row)


def retraction(session: Session, slug: str, number: int | None = None) -> Retraction | None:
    """By what a publication was taken back: its own retraction, or the next one after another took its place.

    Without a number: that of the newest publication, if nothing is in force. A retraction says that the result does not
    hold, so it takes back what was said of it before too; what is published afterwards stands for itself.
    """
    found = (
        select(
            Publication.number,
            Publication.retracted_at,
            Publication.retracted_reason,
            Publication.snapshot["contest"],
            Contest.cancelled_at.is_not(None),
        )
        .join(Contest, Contest.id == Publication.contest_id)
        .where(Contest.slug == slug, Publication.state == PublicationState.RETRACTED)
    )
    if number is not None:
        row = session.execute(found.where(Publication.number >= number).order_by(Publication.number).limit(1)).first()
        return None if row is None else Retraction(*row)
    other = aliased(Publication)
    standing = exists().where(other.contest_id == Contest.id, other.state == PublicationState.PUBLISHED)
    row = session.execute(found.where(~standing).order_by(Publication.number.desc()).limit(1)).first()
    return None if row is None else Retraction(*row)


def award_of(found: Public, entry: int) -> Mapping[str, Any]:
    """The award of a publication that an entry was given, by the entry's number. Raises NotFound."""
    for award in found.snapshot["awards"]:
        if award["entry"] == entry:
            given: Mapping[str, Any] = award
            return given
    raise NotFound


def picture_key(session: Session, slug: str, number: int, award: int, page: int, preset: str) -> str:
    """The object behind a winner's picture. Raises NotFound unless the publication is in force and shows it."""
    shown = _shown_award(session, slug, number, award)
    picture = _shown_picture(shown, page)
    if not any(size[0] == preset for size in picture["sizes"]):
        raise NotFound
    revision_id = _revision_of(session, slug, shown)
    return pictures.key_of(session, revision_id, *_source(session, revision_id, picture), preset)


def extra_of(session: Session, slug: str, number: int, award: int, page: int, preset: str) -> tuple[str, int]:
    """The object that holds a winner's video, animation or tiles, and its size. Raises NotFound as `picture_key`."""
    shown = _shown_award(session, slug, number, award)
    picture = _shown_picture(shown, page)
    # What two people did not confirm is not public.
    if preset not in picture.get("media", ()) and not (preset == "tiles" and picture.get("tiles")):
        raise NotFound
    revision_id = _revision_of(session, slug, shown)
    return pictures.extra_of(session, revision_id, *_source(session, revision_id, picture), preset)


def revision_with_prototype(session: Session, slug: str, number: int, award: int, prototype: int) -> uuid.UUID:
    """The revision that won an award. Raises NotFound unless the publication is in force and names its prototype."""
    shown = _shown_award(session, slug, number, award)
    if not 1 <= prototype <= shown.get("prototypes", 0):
        raise NotFound
    return _revision_of(session, slug, shown)


def _shown_award(session: Session, slug: str, number: int, award: int) -> dict[str, Any]:
    public = get_public(session, slug, number, whole=False)
    if public.state != PublicationState.PUBLISHED:
        raise NotFound
    shown = next((item for item in public.snapshot["awards"] if item["number"] == award), None)
    if shown is None:
        raise NotFound
    return dict(shown)


def _shown_picture(shown: Mapping[str, Any], page: int) -> Mapping[str, Any]:
    for picture in shown["pictures"]:
        if picture["page"] == page:
            found: Mapping[str, Any] = picture
            return found
    raise NotFound


def _source(session: Session, revision_id: uuid.UUID, picture: Mapping[str, Any]) -> tuple[int, int]:
    """File and page from which a published picture was made. Publications of version 2 counted pictures alone."""
    if "from" in picture:
        number, page = picture["from"]
        return number, page
    found, _ = pictures.of_revision(session, revision_id)
    if picture["page"] > len(found):
        raise NotFound
    return found[picture["page"] - 1].number, found[picture["page"] - 1].page


def _revision_of(session: Session, slug: str, shown: Mapping[str, Any]) -> uuid.UUID:
    revision_id: uuid.UUID | None = session.scalar(
        select(Revision.id)
        .join(Entry, Entry.id == Revision.entry_id)
        .join(Contest, Contest.id == Entry.contest_id)
        .where(Contest.slug == slug, Entry.number == shown["entry"], Revision.number == shown["revision"])
    )
    if revision_id is None:
        raise NotFound
    return revision_id


@dataclass(frozen=True)
class Scores:
    """The file of scores of a publication: where it lies, and its SHA-256."""

    key: str
    sha256: str


def scores_of(publication_id: uuid.UUID, frozen: Mapping[str, Any]) -> Scores:
    """The file of scores that a publication makes public, by its snapshot. Raises NotFound if it has none."""
    scores = frozen.get("scores")
    if not scores:
        raise NotFound
    return Scores(_scores_key(publication_id), scores["sha256"])


def kept_scores(session: Session) -> set[str]:
    """The keys of the files of scores that somebody may still ask for; what else there is may be swept."""
    later = aliased(Publication)
    taken_back = exists().where(
        later.contest_id == Publication.contest_id,
        later.number >= Publication.number,
        later.state == PublicationState.RETRACTED,
    )
    published = Publication.published_at.is_not(None) & ~taken_back
    ids = session.scalars(select(Publication.id).where((Publication.state == PublicationState.DRAFT) | published))
    return {_scores_key(publication_id) for publication_id in ids}


def card_key(session: Session, slug: str, number: int, award: int | None = None) -> str:
    """The object of a publication's card, or of one winner's. Raises NotFound unless it is drawn and in force."""
    row = session.execute(
        select(Publication.id, Publication.card_key, Publication.snapshot["format"].as_integer().label("format"))
        .join(Contest, Contest.id == Publication.contest_id)
        .where(Contest.slug == slug, Publication.number == number, Publication.state == PublicationState.PUBLISHED)
    ).first()
    if row is None or not row.card_key:
        raise NotFound
    if award is None:
        return str(row.card_key)
    if not _shown_award(session, slug, number, award)["pictures"] or row.format < OWN_CARDS:
        raise NotFound
    return winner_card_key(row.id, award)


def winner_card_key(publication_id: uuid.UUID, award: int) -> str:
    """Where the card of one winner lies, by the award's number in the snapshot."""
    return f"cards/{uuid.uuid5(publication_id, f'award-{award}')}"


def winner_cards(session: Session) -> set[str]:
    """The keys of all winners' cards of publications in force."""
    rows = session.execute(
        select(Publication.id, Publication.snapshot["awards"]).where(Publication.state == PublicationState.PUBLISHED)
    )
    return {winner_card_key(publication_id, award["number"]) for publication_id, given in rows for award in given}


# What the app team sees --------------------------------------------------------------------------


def history(session: Session, contest: Contest) -> Sequence[Row[Any]]:
    """All publications of a contest, newest first, with the names of the two people; without snapshots."""
    second = Account.__table__.alias("second")
    return session.execute(
        select(
            Publication.number,
            Publication.state,
            Publication.digest,
            Publication.proposed_at,
            Publication.proposed_by,
            Account.name.label("proposer"),
            Publication.approved_at,
            second.c.name.label("approver"),
            Publication.published_at,
            Publication.retracted_at,
            Publication.retracted_reason,
        )
        .join(Account, Account.id == Publication.proposed_by)
        .outerjoin(second, second.c.id == Publication.approved_by)
        .where(Publication.contest_id == contest.id)
        .order_by(Publication.number.desc())
    ).all()


def draft_of(session: Session, contest: Contest) -> tuple[Publication, Mapping[str, Any]] | None:
    """The publication that is proposed now, and its snapshot without the standings."""
    row = session.execute(
        select(Publication, _short)
        .where(Publication.contest_id == contest.id, Publication.state == PublicationState.DRAFT)
        .options(defer(Publication.snapshot))
    ).first()
    return None if row is None else (row[0], row[1])
