"""A small world with one of everything, and its visitors: what the access table is tried on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import db
from contest.models import Account, Assignment, Contest, Entry, EntryFile, Preview, Publication
from contest.services import accounts, awards, invitations, publications, results, rounds
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pictures import png

#: Who asks, in the order of the table's columns.
VISITORS = (
    "anonymous",
    "entrant",
    "other_entrant",
    "judge",
    "other_judge",
    "stranger",
    "organiser",
    "publisher",
    "suspended",
)


@dataclass
class World:
    """Three contests (open, judging, published) with the same people, and the ids that routes need."""

    people: dict[str, Account | None]
    open: Contest
    judging: Contest
    published: Contest
    entry: Entry
    file: EntryFile
    preview: Preview
    assignment: Assignment
    names: dict[str, Any] = field(default_factory=dict)


def build(make: Make, session: Session, settings: Settings, storage: Storage) -> World:
    """Make the world and commit it."""
    organiser, publisher = make.account("Aino", is_staff=True), make.account("Bela")
    entrant, other = make.account("Chidi"), make.account("Dalia")
    judge, other_judge = make.account("Emeka"), make.account("Farid")
    stranger = make.account("Goran", is_staff=True)
    suspended = make.account("Hana")
    make.contest("open", organiser=stranger, slug="elsewhere")

    live = make.contest("open", organiser=organiser, slug="live")
    judged = make.contest("judging", organiser=organiser, slug="judged")
    done = make.contest("judging", organiser=organiser, slug="done", judges_per_entry=1)
    for contest in (live, judged, done):
        make.member(contest, Role.PUBLISHER, publisher)
        make.member(contest, Role.JUDGE, judge)
        make.member(contest, Role.JUDGE, other_judge)
        make.member(contest, Role.ORGANISER, suspended)
    make.cover(live, storage=storage)
    entry = make.entry(live, entrant, state="draft", files=0)
    row = make.file(entry, body=png(), storage=storage)
    make.entry(live, other)

    make.open_round(judged)
    mine = make.entry(judged, entrant, files=0, state="draft")
    judged_file = make.file(mine, body=png(), storage=storage)
    mine.state, mine.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(mine)
    assignment = make.assignment(mine, judge, code="B-1180")
    flag = make.flag(assignment, "identity", words="A signature in the corner.")
    theirs = make.entry(judged, other)
    make.assignment(theirs, other_judge, code="K-2290")
    session.refresh(theirs)
    pair = make.similarity(judged_file, theirs.files[0])

    make.open_round(done)
    won = make.entry(done, entrant, files=0, state="draft")
    make.file(won, body=png(), storage=storage)
    won.state, won.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(won)
    make.scorecard(make.assignment(won, judge), [5, 5, 5])
    session.commit()
    _publish(make, session, storage, done, organiser, publisher, won)
    shown = session.scalars(select(Publication).where(Publication.contest_id == done.id)).one()
    shown.card_key = "cards/done"
    for key in (shown.card_key, publications.winner_card_key(shown.id, 1)):
        storage.put(key, b"\xff\xd8\xff\xd9", content_type="image/jpeg")
    session.commit()

    invitation = invitations.invite(
        session, make.actor(organiser), live, email="invited@example.org", name="", role="judge", locale="en"
    )
    invitations.mail_invitation(session, settings, invitation.id, nonce="0")
    token = accounts.start_session(session, suspended, address="", agent="")
    suspended.suspended_at = datetime.now(UTC)
    session.commit()
    preview = session.scalars(select(Preview).where(Preview.file_id == row.id)).first()
    assert preview is not None
    return World(
        {
            "anonymous": None,
            "entrant": entrant,
            "other_entrant": other,
            "judge": judge,
            "other_judge": other_judge,
            "stranger": stranger,
            "organiser": organiser,
            "publisher": publisher,
            "suspended": suspended,
        },
        live,
        judged,
        done,
        entry,
        row,
        preview,
        assignment,
        {
            "suspended_token": token,
            "invitation": invitation.id,
            "judged_number": mine.number,
            "done_number": won.number,
            "won_number": won.number,
            "criterion": live.round.criteria[0].id,
            "category": live.categories[0].id,
            "prize": live.prizes[0].id,
            "deliverable": live.round.deliverables[0].id,
            "judge_id": judge.id,
            "judged_entry": mine.id,
            "judged_file": judged_file.id,
            "pair": pair.id,
            "flag": flag.id,
        },
    )


def _publish(
    make: Make, session: Session, storage: Storage, contest: Contest, organiser: Account, publisher: Account, won: Entry
) -> None:
    rounds.close_round(session, make.actor(organiser), contest.slug)
    session.flush()
    results.make_tally(session, contest.round.id, organiser.id)
    session.flush()
    awards.propose(
        session, make.actor(organiser), contest.slug, [awards.Pick("first", won.number, both("Clear and kind."))]
    )
    publication = publications.propose(session, make.actor(organiser), contest.slug, scores_to=storage)
    session.flush()
    actor = make.actor(publisher)
    publications.approve(session, actor, contest.slug, publication.number, digest=publication.digest)
    publications.publish(session, actor, contest.slug, publication.number, digest=publication.digest)
    db.commit(session)
