"""Publications by two people, and the mails that follow."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Denied, Invalid, NotFound
from contest.models import (
    Account,
    AuditEvent,
    Contest,
    Entry,
    MailMessage,
    OutboxItem,
    Publication,
    Recusal,
    Scorecard,
)
from contest.scoring.rubric import FULL
from contest.services import admissions, announcements, awards, judging, publications, results
from contest.services.awards import Pick
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.services.results.steps import WORDS, live_awards


def test_a_proposal_freezes_everything_under_public_numbers(
    session: Session, make: Make, contest: Contest, decided: list[Entry], proposed: Publication
) -> None:
    text = json.dumps(proposed.snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert (proposed.number, proposed.state) == (1, "draft")
    assert proposed.digest == hashlib.sha256(text.encode()).hexdigest()
    first = proposed.snapshot["awards"][0]
    assert first == {
        "number": 1,
        "entry": decided[0].number,
        "revision": 1,
        "receipt": None,
        "title": "Work 5",
        "credit": "Maker 5",
        "statement": WORDS,
        "standing": proposed.snapshot["standings"][0],
        "prize": {"key": "first", "name": both("First prize"), "amount": both("¥100,000"), "position": 1},
        "pictures": [
            {
                "page": 1,
                "alt": "A screen with a map.",
                "sizes": [["320", 320, 160], ["1280", 1280, 640], ["2560", 2560, 1280]],
                "from": [1, 1],
                "original": decided[0].files[0].sha256.hex(),
                "label": "",
                "number": 1,
                "of": 1,
                "media": [],
                "tiles": None,
            }
        ],
        "prototypes": 0,
    }
    assert proposed.snapshot["standings"] == [
        {"entry": entry.number, "rank": place, "tied": 1, "scorecards": 2, "score": [2 * FULL * level // 5, 2 * FULL]}
        for place, (entry, level) in enumerate(zip(decided, (5, 4, 3), strict=True), 1)
    ]
    secrets = [str(entry.id) for entry in decided] + [str(entry.account_id) for entry in decided]
    secrets += [file.key for entry in decided for file in entry.files] + [
        p.key for e in decided for f in e.files for p in f.previews
    ]
    secrets += [entry.account.email for entry in decided]
    assert [secret for secret in secrets if secret in text] == []
    owed = session.scalars(select(OutboxItem).where(OutboxItem.job == "mail_proposal")).one()
    assert owed.args == {"publication_id": str(proposed.id)}


def test_proposing_needs_an_award(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry]
) -> None:
    with pytest.raises(Denied, match="awards_missing"):
        publications.propose(session, make.actor(organiser), contest.slug)


def test_proposing_again_is_dull_and_another_proposal_supersedes(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry], proposed: Publication
) -> None:
    assert publications.propose(session, make.actor(organiser), contest.slug) is proposed

    awards.propose(session, make.actor(organiser), contest.slug, [Pick("first", decided[1].number, WORDS)])
    assert proposed.state == "superseded"
    second = publications.propose(session, make.actor(organiser), contest.slug)

    assert (second.number, second.state, second.digest != proposed.digest) == (2, "draft", True)


def test_two_people_and_one_digest(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, proposed: Publication
) -> None:
    make.member(contest, Role.PUBLISHER, organiser)
    slug, digest = contest.slug, proposed.digest
    judge = make.member(contest, Role.JUDGE)

    for account, fresh, given, reason in (
        (organiser, True, digest, "second_person_needed"),
        (publisher, False, digest, "fresh_sign_in_needed"),
        (publisher, True, "0" * 64, "digest_changed"),
        (publisher, True, "", "digest_changed"),
    ):
        with pytest.raises(Denied) as refused:
            publications.approve(session, make.actor(account, fresh=fresh), slug, 1, digest=given)
        assert refused.value.reason == reason
    with pytest.raises(NotFound):
        publications.approve(session, make.actor(judge), slug, 1, digest=digest)
    with pytest.raises(NotFound):
        publications.approve(session, make.actor(publisher), slug, 2, digest=digest)
    with pytest.raises(Denied, match="not_approved"):
        publications.publish(session, make.actor(organiser), slug, 1, digest=digest)

    publications.approve(session, make.actor(publisher), slug, 1, digest=digest)

    assert (proposed.approved_by, proposed.state) == (publisher.id, "draft")
    assert {state for _, _, state in live_awards(session, contest)} == {"confirmed"}


def test_publishing_announces_confirms_and_owes_the_mails(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, proposed: Publication
) -> None:
    publications.approve(session, make.actor(publisher), contest.slug, 1, digest=proposed.digest)

    publications.publish(session, make.actor(organiser), contest.slug, 1, digest=proposed.digest)

    assert (proposed.state, contest.published_at, contest.round.state) == (
        "published",
        proposed.published_at,
        "confirmed",
    )
    assert {state for _, _, state in live_awards(session, contest)} == {"announced"}
    public = publications.get_public(session, contest.slug)
    assert (public.number, public.digest, public.snapshot) == (1, proposed.digest, proposed.snapshot)
    assert session.scalars(select(OutboxItem.args).where(OutboxItem.job == "mail_published")).one() == {
        "publication_id": str(proposed.id)
    }
    acts = session.scalars(
        select(AuditEvent.act).where(AuditEvent.act.like("publication.%")).order_by(AuditEvent.id)
    ).all()
    assert acts == ["publication.proposed", "publication.approved", "publication.published"]


@pytest.mark.parametrize("change", ["snapshot", "title", "disqualified"])
@pytest.mark.parametrize("step", ["approve", "publish"])
def test_whatever_moves_after_the_proposal_stops_it(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    decided: list[Entry],
    proposed: Publication,
    change: str,
    step: str,
) -> None:
    if step == "publish":
        publications.approve(session, make.actor(publisher), contest.slug, 1, digest=proposed.digest)
    if change == "snapshot":
        altered = json.loads(json.dumps(proposed.snapshot))
        altered["awards"][0]["entry"] = decided[2].number
        proposed.snapshot = altered
    elif change == "title":
        contest.title = both("Another title")
    else:
        decided[0].state = "disqualified"
    session.flush()

    with pytest.raises(Denied, match="digest_changed"):
        if step == "approve":
            publications.approve(session, make.actor(publisher), contest.slug, 1, digest=proposed.digest)
        else:
            publications.publish(session, make.actor(organiser), contest.slug, 1, digest=proposed.digest)


def test_taking_back_an_approved_proposal_voids_the_approval(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    decided: list[Entry],
    proposed: Publication,
) -> None:
    publications.approve(session, make.actor(publisher), contest.slug, 1, digest=proposed.digest)

    awards.propose(session, make.actor(organiser), contest.slug, [Pick("first", decided[0].number, WORDS)])

    assert proposed.state == "superseded"
    assert live_awards(session, contest) == [("first", decided[0].number, "proposed")]
    with pytest.raises(Denied, match="not_a_draft"):
        publications.publish(session, make.actor(organiser), contest.slug, 1, digest=proposed.digest)


def published(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, draft: Publication
) -> Publication:
    publications.approve(session, make.actor(publisher), contest.slug, draft.number, digest=draft.digest)
    return publications.publish(session, make.actor(organiser), contest.slug, draft.number, digest=draft.digest)


def test_a_correction_takes_the_place_of_what_is_out(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    decided: list[Entry],
    proposed: Publication,
) -> None:
    published(session, make, contest, organiser, publisher, proposed)
    awards.propose(
        session,
        make.actor(organiser),
        contest.slug,
        [Pick("first", decided[0].number, {**WORDS, "en": "Better said."})],
    )
    second = publications.propose(session, make.actor(organiser), contest.slug)
    assert publications.get_public(session, contest.slug).number == 1

    published(session, make, contest, organiser, publisher, second)

    assert (proposed.state, second.state) == ("superseded", "published")
    assert publications.get_public(session, contest.slug).number == 2
    assert publications.get_public(session, contest.slug, 1).state == "superseded"
    assert live_awards(session, contest) == [("first", decided[0].number, "announced")]


def test_after_a_retraction_an_entry_that_leaves_is_in_no_later_standings(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    decided: list[Entry],
    proposed: Publication,
) -> None:
    published(session, make, contest, organiser, publisher, proposed)
    publications.retract(session, make.actor(publisher), contest.slug, 1, reason="One entry was copied.")

    admissions.disqualify(session, make.actor(organiser), contest.slug, decided[2].number, reason="Copied.")
    results.make_tally(session, contest.round.id, organiser.id)
    second = publications.propose(session, make.actor(organiser), contest.slug)
    published(session, make, contest, organiser, publisher, second)

    assert [line["entry"] for line in second.snapshot["standings"]] == [entry.number for entry in decided[:2]]
    assert contest.round.state == "confirmed"


def test_a_retraction_needs_a_reason_and_a_fresh_proof(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, proposed: Publication
) -> None:
    published(session, make, contest, organiser, publisher, proposed)
    actor = make.actor(publisher)
    for who, reason, error, code in (
        (actor, "  ", Invalid, "reason_missing"),
        (actor, "x" * 2001, Invalid, "too_long"),
        (make.actor(publisher, fresh=False), "A mistake.", Denied, "fresh_sign_in_needed"),
        (make.actor(organiser), "A mistake.", Denied, "publisher_only"),
    ):
        with pytest.raises(error, match=code):
            publications.retract(session, who, contest.slug, 1, reason=reason)

    publications.retract(session, actor, contest.slug, 1, reason=" A mistake. ")

    assert (proposed.state, proposed.retracted_reason, contest.published_at) == ("retracted", "A mistake.", None)
    with pytest.raises(NotFound):
        publications.get_public(session, contest.slug)
    taken_back = publications.retraction(session, contest.slug, 1)
    assert taken_back is not None and (taken_back.number, taken_back.reason) == (1, "A mistake.")
    with pytest.raises(Denied, match="not_published"):
        publications.retract(session, actor, contest.slug, 1, reason="Again.")
    with pytest.raises(NotFound):
        judging.queue(session, make.actor(make.member(contest, Role.JUDGE)), contest.slug)


def test_nothing_tells_an_unpublished_contest_from_an_unknown_one(
    session: Session, contest: Contest, proposed: Publication
) -> None:
    for slug, number in ((contest.slug, None), (contest.slug, 1), (contest.slug, 2), ("unknown", None), ("unknown", 1)):
        with pytest.raises(NotFound):
            publications.get_public(session, slug, number)
    with pytest.raises(NotFound):
        publications.picture_key(session, contest.slug, 1, 1, 1, "320")


def test_winners_pictures_are_public_while_the_publication_is(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    decided: list[Entry],
    proposed: Publication,
) -> None:
    published(session, make, contest, organiser, publisher, proposed)
    key = decided[1].files[0].previews[0].key

    assert publications.picture_key(session, contest.slug, 1, 2, 1, "320") == key
    for number, award, page, preset in (
        (1, 3, 1, "320"),
        (1, 1, 2, "320"),
        (1, 1, 1, "640"),
        (2, 1, 1, "320"),
        (1, 0, 1, "320"),
    ):
        with pytest.raises(NotFound):
            publications.picture_key(session, contest.slug, number, award, page, preset)
    publications.retract(session, make.actor(publisher), contest.slug, 1, reason="A mistake.")
    with pytest.raises(NotFound):
        publications.picture_key(session, contest.slug, 1, 2, 1, "320")


# Mail ---------------------------------------------------------------------------------------------


def mails(session: Session) -> dict[str, MailMessage]:
    return {message.address: message for message in session.scalars(select(MailMessage))}


def test_those_who_may_approve_are_asked_but_not_the_proposer(
    session: Session,
    make: Make,
    settings: Settings,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    proposed: Publication,
) -> None:
    make.member(contest, Role.PUBLISHER, organiser)
    chair = make.member(contest, Role.CHAIR, make.account("Mori Yui"))
    make.member(contest, Role.CHAIR, publisher)
    make.member(contest, Role.JUDGE)

    announcements.mail_proposal(session, settings, proposed.id)
    announcements.mail_proposal(session, settings, proposed.id)

    found = mails(session)
    assert set(found) == {publisher.email, chair.email}
    assert proposed.digest in found[chair.email].text
    assert f"/manage/{contest.slug}/results" in found[chair.email].text
    assert (found[publisher.email].locale, found[chair.email].locale) == ("ja", "en")


def test_entrants_get_the_outcome_and_comments_without_names(
    session: Session,
    make: Make,
    settings: Settings,
    contest: Contest,
    organiser: Account,
    publisher: Account,
    judges: list[Account],
    decided: list[Entry],
    proposed: Publication,
) -> None:
    judges[0].name = "Aoki Haruka"
    for card in session.scalars(select(Scorecard).where(Scorecard.entry_id == decided[2].id)):
        card.comment = f"To the third, {'a' if card.judge_id == judges[0].id else 'b'}."
        card.note = "A private note"
    quiet = make.scorecard(make.assignment(decided[2], judges[2]), [1, 1, 1])
    quiet.comment = "From one who stepped back"
    session.add(Recusal(assignment_id=quiet.assignment_id, kind="other", reason="x", created_at=datetime.now(UTC)))
    session.flush()
    published(session, make, contest, organiser, publisher, proposed)

    announcements.mail_published(session, settings, proposed.id)
    announcements.mail_published(session, settings, proposed.id)

    found = mails(session)
    assert set(found) == {entry.account.email for entry in decided}
    winner, other = found[decided[0].account.email], found[decided[2].account.email]
    assert winner.subject == "You won a prize: Ferry app"
    assert "First prize" in winner.text
    assert "“Work 5”" in winner.text
    assert other.subject == "The winners of Ferry app are published"
    assert {"> To the third, a.", "> To the third, b.", "Judge 1:", "Judge 2:"} <= set(other.text.split("\n"))
    for hidden in ("Aoki", "private note", "stepped back", "Judge 3"):
        assert hidden not in other.text
    assert f"/en/contests/{contest.slug}/winners" in other.text


def test_no_mail_about_what_is_no_more(
    session: Session, make: Make, settings: Settings, contest: Contest, proposed: Publication
) -> None:
    proposed.state = "superseded"
    session.flush()

    announcements.mail_proposal(session, settings, proposed.id)
    announcements.mail_published(session, settings, proposed.id)

    assert mails(session) == {}
