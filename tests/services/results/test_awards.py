"""Awards: who proposes which, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import Denied, Invalid, NotFound
from contest.models import (
    Account,
    AuditEvent,
    Award,
    Contest,
    Entry,
    Publication,
)
from contest.services import awards, publications, results
from contest.services.awards import Pick
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.services.results.steps import WORDS, judge_entry, live_awards, tally


def test_awards_are_proposed_and_proposed_anew(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry]
) -> None:
    one, two, three = (entry.number for entry in decided)
    actor = make.actor(organiser)

    assert (
        awards.propose(
            session, actor, contest.slug, [Pick("first", one, WORDS), Pick("second", None), Pick("second", two, WORDS)]
        )
        == 2
    )
    first = session.scalars(select(Award).where(Award.entry_id == decided[0].id)).one()
    assert awards.propose(session, actor, contest.slug, [Pick("first", one, WORDS), Pick("second", three, WORDS)]) == 2

    assert live_awards(session, contest) == [("first", one, "proposed"), ("second", three, "proposed")]
    kept = session.scalars(select(Award).where(Award.entry_id == decided[0].id)).all()
    assert kept == [first]
    assert len(session.scalars(select(Award)).all()) == 3
    events = session.scalars(select(AuditEvent).where(AuditEvent.act == "awards.proposed")).all()
    assert [item.facts["awards"] for item in events] == [
        [["first", one], ["second", two]],
        [["first", one], ["second", three]],
    ]


@pytest.mark.parametrize(
    ("picks", "problems"),
    [
        (lambda a, b: [Pick("first", a, {"en": "Only English"})], {"statement-0_ja": "statement_en_ja"}),
        (lambda a, b: [Pick("first", None, WORDS)], {"entry-0": "required"}),
        (lambda a, b: [Pick("first", 0, WORDS)], {"entry-0": "entry_unknown"}),
        (lambda a, b: [Pick("first", a, WORDS), Pick("second", a, WORDS)], {"entry-1": "entry_twice"}),
        (lambda a, b: [Pick("first", a, WORDS), Pick("first", b, WORDS)], {"entry-1": "prize_over"}),
        (lambda a, b: [Pick("third", a, WORDS)], {"entry-0": "invalid"}),
        (lambda a, b: [Pick("first", a, {**WORDS, "en": "x" * 3001})], {"statement-0_en": "too_long"}),
    ],
)
def test_awards_that_cannot_be_are_refused_at_their_field(
    session: Session,
    make: Make,
    contest: Contest,
    organiser: Account,
    decided: list[Entry],
    picks: Callable[..., Any],
    problems: dict[str, str],
) -> None:
    with pytest.raises(Invalid) as refused:
        awards.propose(session, make.actor(organiser), contest.slug, picks(decided[0].number, decided[1].number))

    assert refused.value.problems == problems
    assert session.scalars(select(Award)).all() == []


def test_an_entry_out_of_the_contest_gets_no_prize(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry]
) -> None:
    decided[0].state = "disqualified"
    session.flush()

    with pytest.raises(Invalid, match="entry_unknown"):
        awards.propose(session, make.actor(organiser), contest.slug, [Pick("first", decided[0].number, WORDS)])


def test_an_unranked_entry_gets_no_prize(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    judge_entry(make, contest, judges, [5, 5, 5])
    nobody = make.entry(contest)
    tally(session, make, contest, organiser)

    with pytest.raises(Invalid, match="entry_unknown"):
        awards.propose(session, make.actor(organiser), contest.slug, [Pick("first", nobody.number, WORDS)])


def test_an_award_of_an_entry_that_left_is_not_published(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry]
) -> None:
    awards.propose(session, make.actor(organiser), contest.slug, [Pick("first", decided[0].number, WORDS)])
    decided[0].state = "disqualified"
    session.flush()
    results.make_tally(session, contest.round.id, organiser.id)

    with pytest.raises(Denied) as refused:
        publications.propose(session, make.actor(organiser), contest.slug)

    assert (refused.value.reason, refused.value.facts) == (
        "award_entry_out",
        {"entry": f"{decided[0].number:04d}"},
    )


def test_the_jurys_words_are_frozen_with_the_next_proposal(
    session: Session, make: Make, contest: Contest, organiser: Account, proposed: Publication
) -> None:
    actor = make.actor(organiser)
    assert proposed.snapshot["jury"] == {"statement": {}, "people": {}}

    awards.save_jury(
        session, actor, contest.slug, statement={"en": " We looked. ", "ja": "見ました。\n"}, people=both("Aoki Haruka")
    )

    # What waited for approval no longer is what would be published.
    assert (proposed.state, contest.jury_statement, contest.jury) == (
        "superseded",
        {"en": "We looked.", "ja": "見ました。"},
        both("Aoki Haruka"),
    )
    second = publications.propose(session, actor, contest.slug)
    assert second.snapshot["jury"] == {
        "statement": {"en": "We looked.", "ja": "見ました。"},
        "people": both("Aoki Haruka"),
    }
    awards.save_jury(
        session, actor, contest.slug, statement={"en": "We looked.", "ja": "見ました。"}, people=both("Aoki Haruka")
    )
    assert second.state == "draft"
    told = session.scalars(select(AuditEvent.facts).where(AuditEvent.act == "contest.changed")).all()
    assert told == [{"fields": ["jury_statement", "jury"]}]


def test_the_jurys_words_are_in_both_languages_or_in_none(
    session: Session, make: Make, contest: Contest, organiser: Account, decided: list[Entry]
) -> None:
    actor = make.actor(organiser)
    with pytest.raises(Invalid) as refused:
        awards.save_jury(session, actor, contest.slug, statement={"en": "a" * 3001, "ja": " "}, people={"ja": "青木"})
    assert refused.value.problems == {
        "jury_statement_en": "too_long",
        "jury_statement_ja": "text_missing_ja",
        "jury_en": "text_missing_en",
    }
    awards.save_jury(session, actor, contest.slug, statement=both("Words."), people={})
    awards.save_jury(session, actor, contest.slug, statement={}, people={})
    assert (contest.jury_statement, contest.jury) == ({}, {})


def test_only_the_organiser_proposes_and_only_after_the_tally(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    chair, stranger = make.member(contest, Role.CHAIR), make.account()

    for act in (
        lambda who: awards.propose(session, who, contest.slug, []),
        lambda who: awards.save_jury(session, who, contest.slug, statement={}, people={}),
        lambda who: publications.propose(session, who, contest.slug),
    ):
        with pytest.raises(Denied, match="no_tally_yet"):
            act(make.actor(organiser))
        with pytest.raises(Denied, match="organiser_only"):
            act(make.actor(chair))
        with pytest.raises(NotFound):
            act(make.actor(stranger))
