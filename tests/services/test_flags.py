"""What judges tell the app team of entries: who may, until when, who reads it, and which mails it sends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contest.errors import Denied, Invalid, NotFound
from contest.i18n import gettext as translator
from contest.models import Account, Assignment, AuditEvent, Contest, Flag, MailMessage, OutboxItem, Recusal
from contest.permissions import Actor
from contest.services import admissions, flags, judging, progress
from contest.services.listing import read
from contest.vocabulary import Role
from tests.factories import Make

Run = Callable[[], list[str]]


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry")


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka", locale="ja"))


@pytest.fixture
def mine(make: Make, contest: Contest, judge: Account) -> list[Assignment]:
    made = [
        make.assignment(make.entry(contest, title=f"Work {place}"), judge, code=f"B-{place}", position=place)
        for place in (1, 2)
    ]
    make.open_round(contest)
    return made


@pytest.fixture
def team(session: Session, make: Make, contest: Contest) -> Actor:
    return make.actor(session.get_one(Account, contest.created_by))


def kinds(session: Session, actor: Actor, code: str) -> list[str]:
    return [one.kind for one in judging.sheet(session, actor, "ferry", code).told]


def open_flags(session: Session, contest: Contest, show: str = "") -> list[tuple[Any, ...]]:
    listing = read({"show": show}, sorts=("at",), filters={"show": flags.SHOWS}, per=flags.PAGE)
    return [(row.number, row.kind, row.words, row.judge) for row in flags.listed(session, contest, listing)[1]]


def test_what_a_judge_tells_stands_on_their_sheet_and_in_the_teams_list_and_nowhere_else(
    session: Session, make: Make, contest: Contest, judge: Account, mine: list[Assignment]
) -> None:
    actor = make.actor(judge)
    rival = make.member(contest, Role.JUDGE)
    make.assignment(mine[0].entry, rival, code="K-1")

    flags.tell(session, actor, "ferry", "B-1", kind="copied", words="As in the harbour app.")
    flags.tell(session, actor, "ferry", "B-1", kind="copied", words="As in the harbour app.")
    flags.tell(session, actor, "ferry", "B-1", kind="discuss", words="")

    assert kinds(session, actor, "B-1") == ["copied", "discuss"]
    assert [[one.kind for one in row.told] for row in judging.queue(session, actor, "ferry").rows] == [
        ["copied", "discuss"],
        [],
    ]
    assert kinds(session, make.actor(rival), "K-1") == []
    number = mine[0].entry.number
    assert open_flags(session, contest) == [
        (number, "copied", "As in the harbour app.", "Aoki Haruka"),
        (number, "discuss", "", "Aoki Haruka"),
    ]
    assert progress.count(session, contest).flags == 2
    made = select(AuditEvent.act, AuditEvent.facts).where(AuditEvent.act.startswith("flag.")).order_by(AuditEvent.id)
    acts = session.execute(made).all()
    assert acts == [("flag.told", {"kind": kind, "code": "B-1"}) for kind in ("copied", "discuss")]


@pytest.mark.parametrize(
    ("kind", "words", "problems"),
    [
        ("nothing", "x", {"kind": "kind_of_flag"}),
        ("other", " ", {"words": "flag_words_missing"}),
        ("discuss", "x" * (flags.MOST + 1), {"words": "too_long"}),
        ("copied", "Other words than those that wait.", {"words": "flag_there"}),
    ],
)
def test_what_cannot_be_told_is_refused(
    session: Session, make: Make, judge: Account, mine: list[Assignment], kind: str, words: str, problems: Any
) -> None:
    make.flag(mine[0], "copied", words="First.")

    with pytest.raises(Invalid) as refused:
        flags.tell(session, make.actor(judge), "ferry", "B-1", kind=kind, words=words)

    assert refused.value.problems == problems
    assert kinds(session, make.actor(judge), "B-1") == ["copied"]


def test_it_is_taken_back_until_it_is_answered(
    session: Session, make: Make, contest: Contest, judge: Account, team: Actor, mine: list[Assignment]
) -> None:
    actor = make.actor(judge)
    flags.tell(session, actor, "ferry", "B-1", kind="rules", words="Rule 4.")
    flags.take_back(session, actor, "ferry", "B-1", "rules")
    flags.take_back(session, actor, "ferry", "B-1", "rules")
    with pytest.raises(NotFound):
        flags.take_back(session, actor, "ferry", "B-2", "rules")
    assert kinds(session, actor, "B-1") == []
    [taken] = session.scalars(select(Flag))
    with pytest.raises(Denied, match="flag_settled"):
        flags.answer(session, team, "ferry", taken.id, "Too late.")

    flags.tell(session, actor, "ferry", "B-1", kind="rules", words="Rule 5.")
    [waits] = session.scalars(select(Flag).where(Flag.withdrawn_at.is_(None)))
    assert flags.answer(session, team, "ferry", waits.id, "It keeps rule 5.")

    with pytest.raises(Denied, match="flag_answered"):
        flags.take_back(session, actor, "ferry", "B-1", "rules")
    [told] = judging.sheet(session, actor, "ferry", "B-1").told
    assert (told.words, told.answer, told.answered_at is not None) == ("Rule 5.", "It keeps rule 5.", True)
    # Something new may be told of the same kind then.
    flags.tell(session, actor, "ferry", "B-1", kind="rules", words="But rule 6.")
    assert open_flags(session, contest) == [(mine[0].entry.number, "rules", "But rule 6.", "Aoki Haruka")]
    assert [words for _, _, words, _ in open_flags(session, contest, "all")] == ["But rule 6.", "Rule 5.", "Rule 4."]


def test_one_answer_counts(session: Session, make: Make, contest: Contest, team: Actor, mine: list[Assignment]) -> None:
    flag = make.flag(mine[0], "broken", words="Page 2 is empty.")
    colleague = make.actor(make.member(contest, Role.ORGANISER))

    with pytest.raises(Invalid, match="answer"):
        flags.answer(session, team, "ferry", flag.id, " ")
    flags.answer(session, team, "ferry", flag.id, "It opens now.")
    flags.answer(session, team, "ferry", flag.id, "It opens now.")
    with pytest.raises(Denied, match="flag_settled"):
        flags.answer(session, colleague, "ferry", flag.id, "We look.")
    for stranger in (make.actor(make.member(contest, Role.PUBLISHER)), make.actor(make.member(contest, Role.CHAIR))):
        with pytest.raises(Denied, match="organiser_only"):
            flags.answer(session, stranger, "ferry", flag.id, "We look.")
    with pytest.raises(NotFound):
        flags.answer(session, team, "ferry", uuid.uuid4(), "We look.")

    session.refresh(flag)
    assert (flag.answer, flag.answered_by) == ("It opens now.", team.account_id)
    assert session.scalars(select(OutboxItem.job)).all() == ["mail_flag_answer"]


def _recuse(session: Session, held: Assignment) -> None:
    session.add(Recusal(assignment_id=held.id, kind="other", reason="x", created_at=datetime.now(UTC)))


def _remove(session: Session, held: Assignment) -> None:
    held.removed_at = datetime.now(UTC)


def _withdraw(session: Session, held: Assignment) -> None:
    held.entry.state, held.entry.withdrawn_at = "withdrawn", datetime.now(UTC)


@pytest.mark.parametrize("ended", [_recuse, _remove, _withdraw])
def test_who_has_no_more_to_do_with_an_entry_tells_nothing_but_what_was_told_stays(
    session: Session, make: Make, contest: Contest, judge: Account, team: Actor, mine: list[Assignment],
    run_jobs: Run, ended: Callable[[Session, Assignment], None],
) -> None:  # fmt: skip
    flag = make.flag(mine[0], "discuss")
    ended(session, mine[0])
    session.commit()
    actor = make.actor(judge)

    for act in (
        lambda: flags.tell(session, actor, "ferry", "B-1", kind="rules", words="Rule 4."),
        lambda: flags.take_back(session, actor, "ferry", "B-1", "discuss"),
    ):
        with pytest.raises(NotFound):
            act()
        session.rollback()
    assert [row[1] for row in open_flags(session, contest)] == ["discuss"]
    # Who stepped back or lost the entry gets no answer; who judged what is gone now may know why.
    mails = flags.answer(session, team, "ferry", flag.id, "Thank you.")
    session.commit()
    run_jobs()
    assert mails == (ended is _withdraw) == bool(session.scalars(select(MailMessage)).all())
    # Only the word of those who judge it is evidence for the jury.
    seen = flags.to_discuss(session, contest.round.id, [mine[0].entry.number])
    assert seen == ({mine[0].entry.number: 1} if ended is _withdraw else {})


def test_after_the_close_nothing_is_told_but_answers_are_read(
    session: Session, make: Make, contest: Contest, judge: Account, team: Actor, mine: list[Assignment]
) -> None:
    flag = make.flag(mine[0], "identity", words="A name on page 2.")
    make.close_round(contest)
    actor = make.actor(judge)

    with pytest.raises(Denied, match="round_closed"):
        flags.tell(session, actor, "ferry", "B-2", kind="discuss", words="")
    with pytest.raises(Denied, match="round_closed"):
        flags.take_back(session, actor, "ferry", "B-1", "identity")
    assert flags.answer(session, team, "ferry", flag.id, "It is covered now.")
    assert [one.answer for one in judging.sheet(session, actor, "ferry", "B-1").told] == ["It is covered now."]


def test_no_answer_goes_where_the_judges_pages_stay_closed(
    session: Session, make: Make, contest: Contest, team: Actor, mine: list[Assignment], run_jobs: Run
) -> None:
    flag = make.flag(mine[0], "discuss")
    # The winners were published, and taken back.
    make.close_round(contest)
    contest.round.state = "confirmed"
    session.flush()

    assert not flags.answer(session, team, "ferry", flag.id, "We talked of it.")

    session.commit()
    run_jobs()
    assert session.scalars(select(MailMessage)).all() == []


def test_a_disqualified_entry_keeps_what_was_told_and_its_judge_hears_of_it(
    session: Session, make: Make, judge: Account, team: Actor, mine: list[Assignment], run_jobs: Run
) -> None:
    flag = make.flag(mine[0], "copied", words="Seen in the harbour app.")
    admissions.disqualify(session, team, "ferry", mine[0].entry.number, reason="It is a copy.")
    flags.answer(session, team, "ferry", flag.id, "You were right. It is out.")
    session.commit()
    run_jobs()

    [mail] = session.scalars(select(MailMessage).where(MailMessage.account_id == judge.id))
    assert (mail.address, mail.locale) == (judge.email, "ja")
    assert "B-1" in mail.subject
    # Its page is gone with it, so nobody is sent there.
    with pytest.raises(NotFound):
        judging.sheet(session, make.actor(judge), "ferry", "B-1")
    assert translator("ja").gettext("It stands on the page of the entry too.") not in mail.text
    for words in ("Seen in the harbour app.", "You were right. It is out."):
        assert words in mail.text and words in mail.html
    entry = mine[0].entry
    for telling in (entry.account.name, entry.account.email, f"{entry.number:04d}", entry.title, str(entry.id)):
        assert telling not in mail.text and telling not in mail.html


def test_the_team_is_mailed_at_most_once_an_hour(
    session: Session, make: Make, contest: Contest, judge: Account, team: Actor, mine: list[Assignment], run_jobs: Run
) -> None:
    actor = make.actor(judge)
    make.member(contest, Role.JUDGE, make.member(contest, Role.ORGANISER))  # judges it blind, so none of the team

    def mails() -> list[tuple[str, str]]:
        session.commit()
        run_jobs()
        session.expire_all()
        found = session.scalars(select(MailMessage).order_by(MailMessage.created_at))
        return [
            (mail.address, next(n for n in ("1 message", "2 messages", "3 messages") if n in mail.text))
            for mail in found
        ]

    flags.tell(session, actor, "ferry", "B-1", kind="discuss", words="Secret words.")
    first = mails()
    assert first == [(team.email, "1 message")]
    assert "Secret words." not in session.scalars(select(MailMessage.text)).one()
    flags.tell(session, actor, "ferry", "B-1", kind="rules", words="")
    flags.tell(session, actor, "ferry", "B-2", kind="discuss", words="")
    assert mails() == first
    # The hour passes.
    session.execute(update(OutboxItem).where(OutboxItem.done_at.is_(None)).values(not_before=datetime.now(UTC)))
    assert mails() == [*first, (team.email, "3 messages")]
    # Long after, and answered or taken back before the mail went out.
    session.execute(update(MailMessage).values(created_at=datetime.now(UTC) - timedelta(hours=2)))
    session.execute(update(Flag).values(withdrawn_at=datetime.now(UTC)))
    flags.tell(session, actor, "ferry", "B-2", kind="broken", words="")
    flags.take_back(session, actor, "ferry", "B-2", "broken")
    assert len(mails()) == 2
