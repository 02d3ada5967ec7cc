"""Results: tallies, awards, publications by two people, and the mails that follow."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
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
    MailMessage,
    OutboxItem,
    Publication,
    Recusal,
    Scorecard,
    Standing,
    Tally,
)
from contest.scoring import ENGINE_VERSION, METHOD
from contest.scoring.rubric import FULL
from contest.services import announcements, awards, judging, publications, results
from contest.services.awards import Pick
from contest.settings import Settings
from contest.vocabulary import Role
from tests.factories import Make, both

WORDS = {"en": "Clear and kind.", "ja": "分かりやすく、親切です。"}


@pytest.fixture
def contest(make: Make) -> Contest:
    contest = make.contest("judging", title=both("Ferry app"), judges_per_entry=2)
    make.open_round(contest)
    return contest


@pytest.fixture
def organiser(session: Session, contest: Contest) -> Account:
    return session.get_one(Account, contest.created_by)


@pytest.fixture
def judges(make: Make, contest: Contest) -> list[Account]:
    return [make.member(contest, Role.JUDGE) for _ in range(3)]


def judge_entry(make: Make, contest: Contest, judges: list[Account], *levels: list[int | None], **values: Any) -> Entry:
    """An entry with one submitted scorecard for each list of levels."""
    entry = make.entry(contest, **values)
    for judge, given in zip(judges, levels, strict=False):
        make.scorecard(make.assignment(entry, judge), given)
    return entry


def tally(session: Session, make: Make, contest: Contest, organiser: Account) -> Tally:
    make.close_round(contest)
    made = results.make_tally(session, contest.round.id, organiser.id)
    assert made is not None
    session.flush()
    session.expire_all()
    return made


def standings(session: Session, made: Tally) -> dict[int, tuple[Any, ...]]:
    rows = session.execute(
        select(
            Entry.number, Standing.rank, Standing.tied, Standing.numerator, Standing.denominator, Standing.scorecards
        )
        .join(Entry, Entry.id == Standing.entry_id)
        .where(Standing.tally_id == made.id)
    )
    return {row[0]: tuple(row[1:]) for row in rows}


# The tally ----------------------------------------------------------------------------------------


def test_a_tally_ranks_exact_means_and_shares_ties(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    best = judge_entry(make, contest, judges, [5, 5, 5], [5, 5, 4])
    # The same mean from two cards and from one: 0.5 × 3/5 + 0.3 × 3/5 + 0.2 × 3/5.
    even = judge_entry(make, contest, judges, [3, 3, 3], [3, 3, 3])
    single = judge_entry(make, contest, judges, [3, 3, 3])
    last = judge_entry(make, contest, judges, [1, 1, 1], [1, 1, 1])
    nobody = make.entry(contest)

    made = tally(session, make, contest, organiser)

    assert standings(session, made) == {
        best.number: (1, 1, FULL + FULL * 96 // 100, 2 * FULL, 2),
        even.number: (2, 2, 2 * FULL * 60 // 100, 2 * FULL, 2),
        single.number: (2, 2, FULL * 60 // 100, FULL, 1),
        last.number: (4, 1, 2 * FULL * 20 // 100, 2 * FULL, 2),
        nobody.number: (None, 1, None, None, 0),
    }
    assert (made.number, made.method, made.engine_version) == (1, METHOD, ENGINE_VERSION)
    assert (made.n_entries, made.n_judges, made.n_scorecards) == (5, 2, 7)
    assert made.params == {
        "minimum": 1,
        "full": FULL,
        "judges_per_entry": 2,
        "rubric": [["clarity", 500, 5], ["fit", 300, 5], ["craft", 200, 5]],
    }
    assert made.excluded == []
    assert {(item["reason"], item["entry"], item["cards"], item["wanted"]) for item in made.warnings} == {
        ("few_scorecards", str(single.id), 1, 2),
        ("few_scorecards", str(nobody.id), 0, 2),
    }
    assert contest.round.state == "tallied"


def test_what_does_not_count_is_left_out_with_its_reason(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    counted = judge_entry(make, contest, judges, [2, 2, 2])
    draft = make.scorecard(make.assignment(counted, judges[1]), [5, 5, 5], state="draft")
    conflict = make.scorecard(make.assignment(counted, judges[2]), [5, 5, 5])
    unopened = make.assignment(judge_entry(make, contest, judges, [1, 1, 1]), judges[2])
    removed = make.scorecard(
        make.assignment(counted, make.member(contest, Role.JUDGE), removed_at=datetime.now(UTC)),
        [5, 5, None],
        state="draft",
    )
    for held in (conflict.assignment_id, unopened.id):
        session.add(Recusal(assignment_id=held, kind="other", reason="x", created_at=datetime.now(UTC)))
    out = judge_entry(make, contest, judges, [5, 5, 5], [5, 5, 5])
    out.state = "disqualified"
    gone = judge_entry(make, contest, judges, [5, 5, 5])
    gone.state, gone.withdrawn_at = "withdrawn", datetime.now(UTC)
    make.entry(contest, state="draft")
    session.flush()

    made = tally(session, make, contest, organiser)

    assert standings(session, made) == {
        counted.number: (1, 1, FULL * 40 // 100, FULL, 1),
        unopened.entry.number: (2, 1, FULL * 20 // 100, FULL, 1),
    }
    key = lambda item: (item["entry"], item["reason"], item.get("scorecard", ""))  # noqa: E731
    assert sorted(made.excluded, key=key) == sorted(
        [
            {"entry": str(counted.id), "scorecard": str(draft.id), "reason": "draft"},
            {"entry": str(counted.id), "scorecard": str(conflict.id), "reason": "recused"},
            {"entry": str(counted.id), "scorecard": str(removed.id), "reason": "removed"},
            {"entry": str(unopened.entry_id), "reason": "recused"},
            {"entry": str(out.id), "reason": "disqualified"},
            {"entry": str(gone.id), "reason": "withdrawn"},
        ],
        key=key,
    )
    assert (made.n_judges, made.n_scorecards) == (1, 2)
    told = {one.reason: one.entries for one in results.left_out(session, made)}
    assert told["recused"] == tuple(sorted([(counted.number, 1), (unopened.entry.number, 1)]))
    assert told["disqualified"] == ((out.number, 1),)


def test_the_input_digest_is_what_the_module_says(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    for levels in ([5, 4, 3], [1, 2, 3], [2, 2, 2]):
        judge_entry(make, contest, judges, levels, levels[::-1])

    made = tally(session, make, contest, organiser)

    cards = session.scalars(select(Scorecard)).all()
    hashed = hashlib.sha256()
    for card in sorted(cards, key=lambda card: card.id.bytes):
        hashed.update(card.id.bytes + card.entry_id.bytes + card.judge_id.bytes + card.total.to_bytes(8, "big"))
    sums = {}
    for card in cards:
        total, number = sums.get(str(card.entry_id), (0, 0))
        sums[str(card.entry_id)] = (total + card.total, number + 1)
    whole = {
        "method": METHOD,
        "engine": ENGINE_VERSION,
        "params": made.params,
        "cards": hashed.hexdigest(),
        "excluded": [],
        "entries": [sorted(sums), [sums[key][0] for key in sorted(sums)], [sums[key][1] for key in sorted(sums)]],
    }
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert made.input_digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_second_run_on_the_same_input_makes_no_second_tally(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    judge_entry(make, contest, judges, [5, 4, 3], [1, 2, 3])
    first = tally(session, make, contest, organiser)

    again = results.make_tally(session, contest.round.id, organiser.id)
    judging.reopen_round(session, make.actor(organiser), contest.slug)
    assert results.make_tally(session, contest.round.id, organiser.id) is None
    judging.close_round(session, make.actor(organiser), contest.slug)
    third = results.make_tally(session, contest.round.id, organiser.id)

    assert again is first
    assert third is first
    assert contest.round.state == "tallied"
    assert len(session.scalars(select(AuditEvent).where(AuditEvent.act == "tally.made")).all()) == 1


@pytest.mark.parametrize("change", ["total", "draft", "recused", "weights"])
def test_any_other_input_makes_another_tally_and_keeps_the_first(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account], change: str
) -> None:
    entry = judge_entry(make, contest, judges, [5, 4, 3], [1, 2, 3])
    first = tally(session, make, contest, organiser)
    before = standings(session, first)
    card = session.scalars(select(Scorecard).where(Scorecard.judge_id == judges[0].id)).one()
    if change == "total":
        card.total += 1
    elif change == "draft":
        make.scorecard(make.assignment(entry, judges[2]), [1, None, None], state="draft")
    elif change == "recused":
        session.add(Recusal(assignment_id=card.assignment_id, kind="other", reason="x", created_at=datetime.now(UTC)))
    else:
        contest.round.criteria[0].weight, contest.round.criteria[1].weight = 400, 400
    session.flush()

    second = results.make_tally(session, contest.round.id, organiser.id)

    assert (second.number, second.id != first.id, second.input_digest != first.input_digest) == (2, True, True)
    assert standings(session, first) == before
    assert results.latest_tally(session, contest.round.id) is second


def test_the_stored_ranks_equal_fractions_on_random_cards(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    lot = random.Random(7)
    judges = [make.member(contest, Role.JUDGE) for _ in range(5)]
    for _ in range(25):
        judge_entry(make, contest, judges, *([lot.randint(2, 4)] * 3 for _ in range(lot.randint(0, 5))))

    made = tally(session, make, contest, organiser)

    totals: dict[Any, list[int]] = {}
    for card in session.scalars(select(Scorecard)):
        totals.setdefault(card.entry_id, []).append(card.total)
    scores = {key: Fraction(sum(values), len(values) * FULL) for key, values in totals.items()}
    for row in made.standings:
        score = scores.get(row.entry_id)
        assert row.rank == (None if score is None else 1 + sum(other > score for other in scores.values()))
        assert row.tied == (1 if score is None else sum(other == score for other in scores.values()))
    assert any(row.tied > 1 for row in made.standings)


def test_no_tally_of_an_open_round(session: Session, make: Make, contest: Contest, organiser: Account) -> None:
    assert results.make_tally(session, contest.round.id, organiser.id) is None
    assert session.scalars(select(Tally)).all() == []


def test_a_contest_without_entries_or_cards_can_still_be_tallied(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    made = tally(session, make, contest, organiser)

    assert (made.n_entries, made.n_scorecards, made.excluded) == (0, 0, [])
    assert results.table(session, made).rows == []


def test_the_database_keeps_tallies_from_being_edited(
    session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]
) -> None:
    judge_entry(make, contest, judges, [5, 5, 5])
    made = tally(session, make, contest, organiser)

    made.standings[0].rank = 7
    with pytest.raises(Exception, match="append-only"):
        session.flush()
    session.rollback()


# Awards -------------------------------------------------------------------------------------------


@pytest.fixture
def decided(session: Session, make: Make, contest: Contest, organiser: Account, judges: list[Account]) -> list[Entry]:
    """Three ranked entries of a tallied round, the best first."""
    entries = [
        judge_entry(make, contest, judges, [level] * 3, [level] * 3, title=f"Work {level}", credit=f"Maker {level}")
        for level in (5, 4, 3)
    ]
    tally(session, make, contest, organiser)
    return entries


def live_awards(session: Session, contest: Contest) -> list[tuple[str, int, str]]:
    return [(row.Prize.key, row.number, row.Award.state) for row in awards.live(session, contest.id)]


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


def test_only_the_organiser_proposes_and_only_after_the_tally(
    session: Session, make: Make, contest: Contest, organiser: Account
) -> None:
    chair, stranger = make.member(contest, Role.CHAIR), make.account()

    for act in (
        lambda who: awards.propose(session, who, contest.slug, []),
        lambda who: publications.propose(session, who, contest.slug),
    ):
        with pytest.raises(Denied, match="no_tally_yet"):
            act(make.actor(organiser))
        with pytest.raises(Denied, match="organiser_only"):
            act(make.actor(chair))
        with pytest.raises(NotFound):
            act(make.actor(stranger))


# Publications -------------------------------------------------------------------------------------


@pytest.fixture
def publisher(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.PUBLISHER, make.account("Okada Jun", locale="ja"))


@pytest.fixture
def proposed(
    session: Session, make: Make, contest: Contest, organiser: Account, publisher: Account, decided: list[Entry]
) -> Publication:
    actor = make.actor(organiser)
    awards.propose(
        session,
        actor,
        contest.slug,
        [Pick("first", decided[0].number, WORDS), Pick("second", decided[1].number, WORDS)],
    )
    return publications.propose(session, actor, contest.slug)


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
            }
        ],
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
    assert publications.get_public(session, contest.slug, 1).retracted_reason == "A mistake."
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
    assert {"To the third, a.", "To the third, b.", "Judge 1:", "Judge 2:"} <= set(other.text.split("\n"))
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
