"""What a publication freezes of the scores, and of what was done once a ranking was known."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from contest.errors import Denied
from contest.models import Account, Contest, Entry, Invitation, Publication
from contest.services import admissions, awards, exports, judging, outcomes, people, publications, results, snapshots
from contest.services.awards import Pick
from contest.storage import Storage
from tests.factories import Make, both
from tests.services.results.steps import WORDS, judge_entry, tally


def test_the_scores_are_frozen_under_numbers_and_pseudonyms(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    judges: list[Account],
    decided: list[Entry],
    storage: Storage,
) -> None:
    """Not those of an entry that the standings do not have."""
    decided[2].state = "disqualified"
    session.flush()
    made = results.make_tally(session, contest.round.id, organiser.id)
    assert made is not None
    actor = make.actor(organiser)
    awards.propose(session, actor, contest.slug, [Pick("first", decided[0].number, WORDS)])

    proposed = publications.propose(session, actor, contest.slug, scores_to=storage)

    frozen = proposed.snapshot["scores"]
    file = publications.scores_of(proposed.id, proposed.snapshot)
    packed = storage.read(file.key)
    assert frozen == {
        "sha256": hashlib.sha256(packed).hexdigest(),
        "bytes": len(packed),
        "command": "contest tally SCORES.csv --weights W.csv",
    }
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        assert files.namelist() == ["SCORES.csv", "W.csv"]
        rows = list(csv.DictReader(io.StringIO(files.read("SCORES.csv").decode())))
    numbers = {f"C-{row['entry']:04d}" for row in proposed.snapshot["standings"]}
    assert {row["entry"] for row in rows} == numbers == {f"C-{entry.number:04d}" for entry in decided[:2]}
    assert {row["judge"] for row in rows} == {"J1", "J2"}
    # The same again is dull; without the scores it is another proposal.
    assert publications.propose(session, actor, contest.slug, scores_to=storage) is proposed
    assert publications.propose(session, actor, contest.slug).snapshot["scores"] is None
    assert proposed.state == "superseded"


def test_no_proposal_with_scores_that_are_not_the_tallys(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry], storage: Storage
) -> None:
    actor = make.actor(organiser)
    with pytest.raises(Denied, match="awards_missing"):
        publications.propose(session, actor, contest.slug, scores_to=storage)
    awards.propose(session, actor, contest.slug, [Pick("first", decided[0].number, WORDS)])
    make.scorecard(make.assignment(decided[0], make.account()), [1, 1, 1])
    session.flush()

    with pytest.raises(Denied, match="scores_changed"):
        publications.propose(session, actor, contest.slug, scores_to=storage)


def test_nothing_is_proposed_while_an_entry_is_out_that_was_counted(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry], storage: Storage
) -> None:
    """Nor while one is back that was not: the job that counts anew may come late."""
    actor, slug = make.actor(organiser), contest.slug
    awards.propose(session, actor, slug, [Pick("first", decided[0].number, WORDS)])

    def refused() -> bool:
        for scores_to in (None, storage):
            with pytest.raises(Denied, match="scores_changed"):
                publications.propose(session, actor, slug, scores_to=scores_to)
        return True

    admissions.disqualify(session, actor, slug, decided[2].number, reason="Copied from a neighbour.")
    assert refused()
    results.make_tally(session, contest.round.id, organiser.id)
    first = publications.propose(session, actor, slug)
    assert [row["entry"] for row in first.snapshot["standings"]] == [entry.number for entry in decided[:2]]
    admissions.reinstate(session, actor, slug, decided[2].number)
    assert refused()
    results.make_tally(session, contest.round.id, organiser.id)
    assert len(publications.propose(session, actor, slug).snapshot["standings"]) == 3


def test_an_entrants_own_result_does_without_everybodys_standings(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, proposed: Publication
) -> None:
    slug, number, digest = contest.slug, proposed.number, proposed.digest
    publications.approve(session, make.actor(publisher), slug, number, digest=digest)
    publications.publish(session, make.actor(organiser), slug, number, digest=digest)
    entrant = make.actor(session.scalars(select(Entry).order_by(Entry.number)).all()[0].account)
    session.flush()
    session.expunge_all()
    loaded: list[Any] = []
    event.listen(session, "loaded_as_persistent", lambda _, one: loaded.append(one))

    found = outcomes.own(session, entrant, slug)

    assert (found.prize, found.scores, found.means) == (both("First prize"), None, ())
    (public,) = (one for one in loaded if isinstance(one, Publication))
    assert "snapshot" in inspect(public).unloaded


def test_an_invitation_after_the_first_close_stays_one_when_judging_was_opened_again(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, decided: list[Entry]
) -> None:
    assert contest.round.closed_at is not None
    late = datetime.now(UTC)
    session.add(
        Invitation(
            contest_id=contest.id,
            role="publisher",
            email=publisher.email,
            email_key=publisher.email_key,
            account_id=publisher.id,
            invited_by=organiser.id,
            created_at=late,
            accepted_at=late,
            expires_at=late + timedelta(days=1),
        )
    )
    session.flush()
    judging.reopen_round(session, make.actor(organiser), contest.slug)
    make.close_round(contest)
    assert contest.round.closed_at > late

    assert people.approvers(session, contest, contest.round)[publisher.id].after_closing


def test_files_of_scores_are_kept_while_somebody_may_ask_for_them(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, proposed: Publication
) -> None:
    actor, slug = make.actor(organiser), contest.slug

    def kept(publication: Publication) -> bool:
        return f"scores/{publication.id}" in publications.kept_scores(session)

    def out(publication: Publication) -> None:
        publications.approve(session, make.actor(publisher), slug, publication.number, digest=publication.digest)
        publications.publish(session, actor, slug, publication.number, digest=publication.digest)

    assert kept(proposed)
    awards.take_back_draft(session, contest)
    assert not kept(proposed)
    first = publications.propose(session, actor, slug)
    out(first)
    second = publications.propose(session, actor, slug)
    awards.propose(session, actor, slug, [Pick("first", first.snapshot["awards"][0]["entry"], WORDS)])
    third = publications.propose(session, actor, slug)
    out(third)
    assert [kept(one) for one in (first, second, third)] == [True, False, True]

    publications.retract(session, make.actor(publisher), slug, third.number, reason="A mistake.")
    assert [kept(one) for one in (first, third)] == [False, False]


def test_what_was_done_once_a_ranking_was_known_is_told_without_the_entry(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    entries = [judge_entry(make, contest, judges, [level] * 3, [level] * 3) for level in (5, 4, 3)]
    actor = make.actor(organiser)
    for act in (admissions.disqualify, admissions.reinstate):
        # Before anybody knew a ranking: nobody's business.
        act(session, actor, contest.slug, entries[0].number, **({"reason": "Late."} if act.__name__[0] == "d" else {}))
    tally(session, make, contest, organiser)
    admissions.disqualify(session, actor, contest.slug, entries[2].number, reason="Copied from a neighbour.")
    results.make_tally(session, contest.round.id, organiser.id)
    admissions.reinstate(session, actor, contest.slug, entries[2].number)
    judging.reopen_round(session, actor, contest.slug)
    tally(session, make, contest, organiser)
    awards.propose(session, actor, contest.slug, [Pick("first", entries[0].number, WORDS)])

    told = publications.propose(session, actor, contest.slug).snapshot["round"]["late"]

    assert [(one["act"], one["known"]) for one in told] == [("disqualified", 1), ("reinstated", 2), ("reopened", 2)]
    assert [sorted(one) for one in told] == [["act", "at", "known"]] * 3
    assert told == snapshots.late_acts(session, contest.round)


def test_standings_for_a_spreadsheet(proposed: Publication, decided: list[Entry]) -> None:
    rows = list(csv.DictReader(io.StringIO(exports.standings(proposed.snapshot).decode())))

    assert [(row["rank"], row["entry"], row["prize"], row["score"]) for row in rows] == [
        ("1", f"C-{decided[0].number:04d}", "first", "100.0000"),
        ("2", f"C-{decided[1].number:04d}", "second", "80.0000"),
        ("3", f"C-{decided[2].number:04d}", "", "60.0000"),
    ]
