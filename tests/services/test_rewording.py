"""The alternative text of a picture in an organiser's words: shown, audited, and the sealed words stay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Conflict, Denied, Invalid, NotFound
from contest.models import Account, AuditEvent, Contest
from contest.permissions import Actor
from contest.services import admissions, pictures
from contest.vocabulary import Role
from tests.factories import Make


def _organiser(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def test_an_organisers_words_are_shown_and_the_sealed_ones_stay(session: Session, make: Make) -> None:
    contest = make.contest("judging")
    actor = _organiser(session, make, contest)
    entry = make.entry(contest)
    file, revision = entry.files[0], entry.revisions[0]
    digest = (revision.sealed_at, [(held.file_id, held.alt) for held in revision.files])

    def shown() -> set[str]:
        found, _ = pictures.of_revision(session, revision.id)
        thumb = pictures.first_looks(session, [revision.id])[revision.id].thumb
        assert thumb is not None
        return {picture.alt for picture in found} | {thumb.alt}

    def reword(was: str, alt: str) -> None:
        admissions.reword(session, actor, contest.slug, entry.number, file.id, was=was, alt=alt)
        session.flush()

    assert shown() == {"A screen with a map."}
    reword("A screen with a map.", "A map of the bay.")
    reword("A map of the bay.", "A map of the bay with two piers.")
    reword("A map of the bay with two piers.", "A map of the bay with two piers.")

    assert shown() == {"A map of the bay with two piers."}
    assert (revision.sealed_at, [(held.file_id, held.alt) for held in revision.files]) == digest
    words = admissions.words_of(session, contest, entry.number, file.id)
    assert (words.original, words.shown) == ("A screen with a map.", "A map of the bay with two piers.")
    events = session.scalars(select(AuditEvent).where(AuditEvent.act == "entry.alt_edited").order_by(AuditEvent.id))
    assert [(e.facts["original"], e.facts["before"], e.facts["after"], e.facts["entry"]) for e in events] == [
        ("A screen with a map.", "A screen with a map.", "A map of the bay.", entry.number),
        ("A screen with a map.", "A map of the bay.", "A map of the bay with two piers.", entry.number),
    ]
    with pytest.raises(Conflict, match="stale"):
        reword("A screen with a map.", "Mine.")
    with pytest.raises(Invalid):
        reword("A map of the bay with two piers.", "x" * 301)


def test_new_words_of_the_entrant_are_theirs_again(session: Session, make: Make) -> None:
    contest = make.contest("open")
    entry = make.entry(contest)
    admissions.reword(
        session,
        _organiser(session, make, contest),
        contest.slug,
        entry.number,
        entry.files[0].id,
        was="A screen with a map.",
        alt="A map.",
    )
    entry.files[0].alt = "Another picture altogether."
    session.flush()
    second = make.revision(entry, 2)

    found, _ = pictures.of_revision(session, second.id)

    assert {picture.alt for picture in found} == {"Another picture altogether."}


def test_only_organisers_reword_and_only_pictures_of_the_contest(session: Session, make: Make) -> None:
    contest, other = make.contest("judging"), make.contest("judging")
    entry, elsewhere = make.entry(contest), make.entry(other)
    chair, organiser = make.actor(make.member(contest, Role.CHAIR)), _organiser(session, make, contest)
    words = {"was": "A screen with a map.", "alt": "A map."}

    with pytest.raises(Denied, match="organiser_only"):
        admissions.reword(session, chair, contest.slug, entry.number, entry.files[0].id, **words)
    with pytest.raises(NotFound):
        admissions.reword(session, organiser, contest.slug, entry.number, elsewhere.files[0].id, **words)
    contest.published_at = datetime.now(UTC)
    session.flush()
    with pytest.raises(Denied, match="published_fixed"):
        admissions.reword(session, organiser, contest.slug, entry.number, entry.files[0].id, **words)
