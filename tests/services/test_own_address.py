"""One's own address: given up for another one, held by nobody who has not proven it, and who hears of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest.db import Database
from contest.errors import Conflict, Denied, Invalid
from contest.models import Account, AuditEvent, Code, Invitation, MailMessage
from contest.permissions import Actor
from contest.services import accounts, codes, invitations, people, unproven
from contest.vocabulary import CodePurpose, Role
from tests.factories import Make

Run = Callable[[], list[str]]
NEW = "ada@new.example.org"
SENTENCE = "five quiet ferries at noon"


def _ask(session: Session, run_jobs: Run, actor: Actor, email: str = NEW) -> str:
    """The code that comes to the new address."""
    accounts.request_address(session, actor, email=email, network="n")
    session.commit()
    run_jobs()
    newest = session.scalars(
        select(MailMessage.text).where(MailMessage.address == email).order_by(MailMessage.created_at.desc()).limit(1)
    ).one()
    found = re.search(r"\d{4} \d{4}", newest)
    assert found
    return found.group(0)


def _notices(session: Session, run_jobs: Run) -> list[tuple[str, str]]:
    session.commit()
    run_jobs()
    rows = select(MailMessage.address, MailMessage.subject).where(MailMessage.key.startswith("notice:"))
    return [tuple(row) for row in session.execute(rows.order_by(MailMessage.created_at))]


def test_a_new_address_takes_all_along_and_shuts_all_others_out(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account(email="ada@old.example.org", locale="ja")
    actor, stolen = make.actor(account), accounts.start_session(session, account, address="", agent="")
    code = _ask(session, run_jobs, actor)
    assert account.email == "ada@old.example.org"
    codes.request_code(session, email=account.email, purpose=CodePurpose.RESET, locale="en")
    session.commit()
    run_jobs()

    token = accounts.change_own_address(session, actor, email=NEW, code=code)

    assert (account.email, account.email_key) == (NEW, NEW)
    kept = accounts.load_actor(session, token)
    assert kept is not None and kept[0].session_id == actor.session_id
    assert accounts.load_actor(session, stolen) is None
    assert session.scalar(select(func.count()).select_from(Code).where(Code.used_at.is_(None))) == 0
    [(told_at, _)] = _notices(session, run_jobs)
    assert told_at == "ada@old.example.org"
    last = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (last.act, last.actor_id) == ("account.address_changed", account.id)
    told = session.scalars(select(MailMessage).where(MailMessage.key.startswith("notice:"))).one()
    assert told.locale == "ja" and NEW not in told.text + told.html


def test_only_who_has_just_proven_themselves_asks_for_a_new_address(session: Session, make: Make) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    stale = make.actor(account, fresh=False)

    with pytest.raises(Denied, match="fresh_sign_in_needed"):
        accounts.request_address(session, stale, email=NEW, network="n")
    with pytest.raises(Denied, match="fresh_sign_in_needed"):
        accounts.remove_password(session, stale)
    assert account.password_hash is not None


@pytest.mark.parametrize("wanted", ["b@例え.jp", "B@XN--r8jz45g.jp"])
def test_a_taken_address_gets_no_code_and_its_owner_hears_of_it(
    session: Session, make: Make, run_jobs: Run, wanted: str
) -> None:
    make.account(email="b@例え.jp")
    actor = make.actor(make.account())

    assert accounts.request_address(session, actor, email=wanted, network="n") == wanted

    assert _notices(session, run_jobs) == [("b@例え.jp", "You have an account with this address already")]
    assert session.scalar(select(func.count()).select_from(Code)) == 0


def test_a_code_is_good_for_the_address_that_it_went_to_and_once(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    actor, other = make.actor(account), make.actor(make.account())
    code = _ask(session, run_jobs, actor)
    sign_in = {"email": actor.email, "code": code, "purposes": tuple(set(CodePurpose) - {CodePurpose.ADDRESS})}

    for attempt in (
        lambda: accounts.change_own_address(session, actor, email="x@example.org", code=code),
        lambda: accounts.change_own_address(session, other, email=NEW, code=code),
        lambda: codes.use_code(session, **sign_in),
    ):
        with pytest.raises(Invalid, match="code_wrong"):
            attempt()
    accounts.change_own_address(session, actor, email=NEW, code=code)
    with pytest.raises(Invalid, match="code_wrong"):
        accounts.change_own_address(session, make.actor(account), email=NEW, code=code)


def test_of_two_accounts_that_want_one_address_one_gets_it(
    database: Database, session: Session, make: Make, run_jobs: Run
) -> None:
    actors = [make.actor(make.account()) for _ in range(2)]
    typed = [_ask(session, run_jobs, actor) for actor in actors]
    session.commit()
    barrier, outcomes = threading.Barrier(2), []

    def change(actor: Actor, code: str) -> None:
        barrier.wait()
        try:
            with database.unit_of_work() as own:
                accounts.change_own_address(own, actor, email=NEW, code=code)
            outcomes.append("")
        except Invalid as error:
            outcomes.append(error.problems["code"])

    threads = [threading.Thread(target=change, args=pair) for pair in zip(actors, typed, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["", "address_taken"]


def test_invitations_go_along_and_the_old_mailbox_gets_no_part(session: Session, make: Make, run_jobs: Run) -> None:
    contest = make.contest()
    organiser = make.actor(session.get_one(Account, contest.created_by))
    account = make.account(email="ada@old.example.org")
    for email, role in ((account.email, Role.JUDGE), (account.email, Role.CHAIR), (NEW, Role.CHAIR)):
        invitations.invite(session, organiser, contest, email=email, name="", role=role, locale="en")
    session.commit()
    run_jobs()
    links = {
        (row.address, row.text.count("judge entries")): row.text.split("/invitations/")[1].split()[0]
        for row in session.scalars(select(MailMessage))
    }
    actor = make.actor(account)

    accounts.change_own_address(session, actor, email=NEW, code=_ask(session, run_jobs, actor))
    session.commit()

    rows = session.execute(select(Invitation.email_key, Invitation.role, Invitation.revoked_at.is_not(None)))
    assert sorted(map(tuple, rows)) == [
        ("ada@new.example.org", "chair", False),
        ("ada@new.example.org", "judge", False),
        ("ada@old.example.org", "chair", True),
    ]
    found = invitations.get_invitation(session, links["ada@old.example.org", 1])
    # The link in the old mailbox asks for this account.
    assert invitations.has_account(session, found) and invitations.is_for(found, make.actor(account))


def test_what_nobody_has_proven_holds_no_address(session: Session, make: Make, run_jobs: Run) -> None:
    accounts.register(session, email=NEW, name="Squatter", locale="en", zone="UTC", password=SENTENCE)
    session.commit()
    run_jobs()
    account = make.account()
    actor = make.actor(account)

    accounts.change_own_address(session, actor, email=NEW, code=_ask(session, run_jobs, actor))

    assert session.scalars(select(Account.name).where(Account.email_key == NEW)).all() == [account.name]


def test_accounts_that_nobody_proves_are_removed_a_week_after_the_last_mail(
    session: Session, make: Make, run_jobs: Run
) -> None:
    long_ago = datetime.now(UTC) - unproven.KEPT - timedelta(hours=1)
    for name in ("gone", "mailed", "entered", "proven"):
        accounts.register(session, email=f"{name}@example.org", name=name, locale="en", zone="UTC")
    session.commit()
    run_jobs()
    session.execute(update(Account).values(created_at=long_ago))
    session.execute(update(MailMessage).values(created_at=long_ago))
    people = {row.name: row for row in session.scalars(select(Account))}
    people["proven"].verified_at = datetime.now(UTC)
    make.entry(make.contest(), people["entered"], files=0)
    codes.request_code(session, email="mailed@example.org", purpose=CodePurpose.VERIFY, locale="en", network="n")
    session.commit()
    run_jobs()
    gone = people["gone"].id

    assert unproven.forget(session) == 1
    session.commit()

    left = set(session.scalars(select(Account.name).where(Account.name.in_(people))))
    assert left == {"mailed", "entered", "proven"}
    told = session.scalars(select(AuditEvent.subject_id).where(AuditEvent.act == "account.removed")).all()
    assert told == [str(gone)]
    assert session.scalar(select(func.count()).select_from(MailMessage).where(MailMessage.address.like("gone@%"))) == 0
    assert unproven.forget(session) == 0


def test_who_registers_anew_is_kept_until_the_code_has_gone_out(session: Session, run_jobs: Run) -> None:
    typed = {"email": NEW, "name": "Ada", "locale": "en", "zone": "UTC", "network": "n"}
    accounts.register(session, **typed)
    session.commit()
    run_jobs()
    for table in (Account, MailMessage):
        session.execute(update(table).values(created_at=datetime.now(UTC) - unproven.KEPT - timedelta(hours=1)))
    accounts.register(session, **typed)
    session.commit()

    assert unproven.forget(session) == 0

    run_jobs()
    assert session.scalar(select(func.count()).select_from(MailMessage).where(MailMessage.address == NEW)) == 2


def test_an_operator_gives_no_address_that_somebody_has(session: Session, make: Make, run_jobs: Run) -> None:
    account, other = make.account(email="ada@old.example.org"), make.account()

    with pytest.raises(Conflict, match="account_exists"):
        accounts.change_address(session, account.email, other.email.upper())
    accounts.change_address(session, account.email, NEW)

    assert _notices(session, run_jobs) == [("ada@old.example.org", "The address of your account was changed")]


def test_who_loses_something_hears_of_it(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account(email="ada@example.org")
    actor = make.actor(account)
    told = []
    for password in (SENTENCE, f"{SENTENCE} again"):
        codes.request_code(session, email=account.email, purpose=CodePurpose.RESET, locale="en", own="browser")
        session.commit()
        run_jobs()
        body = session.scalars(
            select(MailMessage.text).where(MailMessage.key.startswith("code:")).order_by(MailMessage.created_at.desc())
        ).first()
        found = re.search(r"\d{4} \d{4}", body or "")
        assert found
        accounts.reset_password(session, email=account.email, code=found.group(0), password=password)
    # In a browser that the account knows nobody is told; nor where a session ends itself.
    accounts.check_sign_in(session, email=account.email, password=f"{SENTENCE} again", network="n", own="browser")
    accounts.check_sign_in(session, email=account.email, password=f"{SENTENCE} again", network="203.0.113.7")
    actor, elsewhere = make.actor(account), make.actor(account)
    accounts.revoke_session(session, actor, elsewhere.session_id)
    accounts.remove_password(session, actor)
    accounts.remove_password(session, actor)
    accounts.sign_out(session, actor)

    told = [subject for _, subject in _notices(session, run_jobs)]

    assert told == [
        "A password was set for your account",
        "Your password was changed",
        "Your password was used in a new browser",
        "You were signed out of a browser",
        "Your password was removed",
    ]
    assert account.password_hash is None


def test_an_invitation_stands_for_whoever_sent_it_last(session: Session, make: Make, run_jobs: Run) -> None:
    contest = make.contest()
    first = session.get_one(Account, contest.created_by)
    second = make.actor(make.member(contest, Role.ORGANISER))
    actor = make.actor(first)
    people.invite(session, actor, contest.slug, email="judge@example.org", name="", role="judge", locale="en")
    session.commit()
    run_jobs()

    def link() -> str:
        newest = select(MailMessage.text).order_by(MailMessage.created_at.desc()).limit(1)
        return session.scalars(newest).one().split("/invitations/")[1].split()[0]

    def listed() -> list[tuple[str, bool]]:
        return [(row.inviter, row.orphaned) for row in people.invited(session, contest)]

    assert listed() == [(first.name, False)]
    people.remove_role(session, second, contest.slug, first.id, Role.ORGANISER)
    # Who merely left may have invited rightly: the others see it, and decide.
    assert listed() == [(first.name, True)] and invitations.get_invitation(session, link())
    accounts.suspend(session, first.email)
    with pytest.raises(Denied, match="invitation_stopped"):
        invitations.accept_invitation(session, link(), name="Judge Judy")

    [row] = people.invited(session, contest)
    people.send_again(session, second, contest.slug, row.id)
    session.commit()
    run_jobs()

    assert listed() == [(second.name, False)]
    assert invitations.accept_invitation(session, link(), name="Judge Judy").name == "Judge Judy"
