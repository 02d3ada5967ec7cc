"""Accounts: codes, passwords, sessions, invitations, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from contest.errors import Denied, Invalid, NotFound
from contest.models import Account, Attempt, Code, Invitation, LoginSession, MailMessage, Membership
from contest.services import accounts, attempts, codes, invitations
from contest.services.addresses import email_key
from contest.vocabulary import CodePurpose, Role
from tests.factories import Make

Run = Callable[[], list[str]]
SENTENCE = "five quiet ferries at noon"


def _mailed_code(session: Session) -> str:
    body = session.scalars(select(MailMessage.text).order_by(MailMessage.created_at.desc())).first() or ""
    found = re.search(r"\d{4} \d{4}", body)
    assert found
    return found.group(0)


def _code_for(session: Session, run_jobs: Run, email: str, purpose: CodePurpose = CodePurpose.SIGN_IN) -> str:
    codes.request_code(session, email=email, purpose=purpose, locale="en")
    session.commit()
    run_jobs()
    return _mailed_code(session)


def test_registering_makes_an_account_that_a_code_verifies(session: Session, run_jobs: Run) -> None:
    accounts.register(session, email="Ada@Example.org", name="Ada", locale="ja", zone="Africa/Lagos")
    session.commit()
    assert "send_code" in run_jobs()
    mail = session.scalars(select(MailMessage)).one()
    assert (mail.address, mail.locale) == ("Ada@Example.org", "ja")

    account = codes.use_code(
        session, email="ada@example.ORG", code=_mailed_code(session), purposes=(CodePurpose.VERIFY,)
    )

    assert (account.email, account.email_key, account.zone, account.verified_at is not None) == (
        "Ada@Example.org",
        "ada@example.org",
        "Africa/Lagos",
        True,
    )


def test_two_spellings_are_one_account(session: Session, run_jobs: Run) -> None:
    accounts.register(session, email="ada@example.org", name="Ada", locale="en", zone="UTC")
    accounts.register(session, email="ADA@example.org", name="Ada N.", locale="ja", zone="Africa/Lagos")
    session.commit()

    # What was typed last counts, until the address is proven.
    [account] = session.scalars(select(Account))
    assert (account.name, account.locale, account.zone) == ("Ada N.", "ja", "Africa/Lagos")
    account.verified_at = datetime.now(UTC)
    accounts.register(session, email="ada@example.org", name="Someone else", locale="en", zone="UTC")
    session.refresh(account)
    assert account.name == "Ada N."


def test_a_code_for_an_unknown_address_mails_nobody(session: Session, run_jobs: Run) -> None:
    codes.request_code(session, email="nobody@example.org", purpose=CodePurpose.SIGN_IN, locale="en")
    session.commit()
    run_jobs()

    assert session.scalar(select(func.count()).select_from(MailMessage)) == 0
    assert session.scalar(select(func.count()).select_from(Code)) == 0


def test_a_code_works_once_for_its_purpose_only(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    code = _code_for(session, run_jobs, account.email)
    with pytest.raises(Invalid, match="code_wrong"):
        codes.use_code(session, email=account.email, code=code, purposes=(CodePurpose.RESET,))

    assert codes.use_code(session, email=account.email, code=code, purposes=(CodePurpose.SIGN_IN,)).id == account.id
    with pytest.raises(Invalid, match="code_wrong"):
        codes.use_code(session, email=account.email, code=code, purposes=(CodePurpose.SIGN_IN,))


def test_full_width_digits_and_spaces_are_the_same_code(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    code = _code_for(session, run_jobs, account.email)
    typed = " ".join(chr(ord(ch) + 0xFEE0) for ch in code if ch.isdigit())

    assert codes.use_code(session, email=account.email, code=typed, purposes=(CodePurpose.SIGN_IN,)).id == account.id


def test_the_sixth_try_is_one_too_many(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    code = _code_for(session, run_jobs, account.email)
    for _ in range(codes.CODE_TRIES):
        with pytest.raises(Invalid):
            codes.use_code(session, email=account.email, code="0000 0000", purposes=(CodePurpose.SIGN_IN,))

    with pytest.raises(Denied, match="too_many_tries"):
        codes.use_code(session, email=account.email, code=code, purposes=(CodePurpose.SIGN_IN,))


def test_the_tries_of_one_browser_are_not_those_of_another(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    code = _code_for(session, run_jobs, account.email)
    purposes = (CodePurpose.SIGN_IN,)
    for _ in range(codes.CODE_TRIES):
        with pytest.raises(Invalid):
            codes.use_code(session, email=account.email, code="0000 0000", purposes=purposes, asker="stranger")

    with pytest.raises(Denied, match="too_many_tries"):
        codes.use_code(session, email=account.email, code=code, purposes=purposes, asker="stranger")
    assert codes.use_code(session, email=account.email, code=code, purposes=purposes, asker="owner").id == account.id


def test_asking_for_codes_is_limited_per_network_and_everywhere(session: Session) -> None:
    def ask(network: str) -> None:
        codes.request_code(session, email="a@example.org", purpose=CodePurpose.SIGN_IN, locale="en", network=network)

    for _ in range(attempts.ASKS):
        ask("a")
    with pytest.raises(Denied, match="too_many_tries"):
        ask("a")
    for number in range(attempts.ASKS_EVERYWHERE - attempts.ASKS):
        ask(f"b{number}")
    with pytest.raises(Denied, match="too_many_tries"):
        ask("c")


def test_strangers_neither_guess_nor_ask_away_the_owners_confirming(
    session: Session, make: Make, run_jobs: Run
) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE))
    actor = make.actor(account)
    for number in range(attempts.ASKS_EVERYWHERE):
        codes.request_code(
            session, email=account.email, purpose=CodePurpose.RESET, locale="en", network=f"stranger {number}"
        )
    for number in range(attempts.TRIES_EVERYWHERE):
        attempts.count_attempt(session, f"guess:{account.email_key}", number + 1)
    with pytest.raises(Denied):
        accounts.check_sign_in(session, email=account.email, password=SENTENCE, network="n")

    codes.request_confirmation(session, actor, locale="en")
    session.commit()
    run_jobs()

    assert accounts.confirm(session, actor, code=_mailed_code(session))
    assert accounts.confirm(session, actor, password=SENTENCE)
    for _ in range(attempts.TRIES):
        with pytest.raises((Invalid, Denied)):
            accounts.confirm(session, actor, password="another sentence here")
    with pytest.raises(Denied, match="too_many_tries"):
        accounts.confirm(session, actor, password=SENTENCE)


def test_codes_live_beside_each_other_until_one_is_used(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    late = _code_for(session, run_jobs, account.email)
    # A stranger asks as often as one may, from wherever one may.
    for number in range(1, attempts.ASKS_EVERYWHERE):
        codes.request_code(
            session, email=account.email, purpose=CodePurpose.SIGN_IN, locale="en", network=f"stranger {number}"
        )
    session.commit()
    run_jobs()
    newest = _mailed_code(session)
    live = select(func.count()).select_from(Code).where(Code.used_at.is_(None))
    assert session.scalar(live) == attempts.ASKS_EVERYWHERE

    assert codes.use_code(session, email=account.email, code=late, purposes=(CodePurpose.SIGN_IN,)).id == account.id

    assert session.scalar(live) == 0
    with pytest.raises(Invalid, match="code_wrong"):
        codes.use_code(session, email=account.email, code=newest, purposes=(CodePurpose.SIGN_IN,))


def test_a_code_ends_after_its_time(session: Session, make: Make, run_jobs: Run) -> None:
    known, new = make.account(), make.account(verified_at=None)
    for account, purpose, minutes in (
        (known, CodePurpose.RESET, 10),
        (known, CodePurpose.VERIFY, 10),
        (new, CodePurpose.VERIFY, 30),
    ):
        code = _code_for(session, run_jobs, account.email, purpose)
        [row] = session.scalars(select(Code).where(Code.purpose == purpose, Code.account_id == account.id))
        assert round((row.expires_at - row.created_at).total_seconds() / 60) == minutes
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        session.flush()
        with pytest.raises(Invalid, match="code_wrong"):
            codes.use_code(session, email=account.email, code=code, purposes=(purpose,))


def test_a_new_password_ends_codes_of_every_purpose(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    left_over = _code_for(session, run_jobs, account.email, CodePurpose.SIGN_IN)
    code = _code_for(session, run_jobs, account.email, CodePurpose.RESET)

    accounts.reset_password(session, email=account.email, code=code, password=SENTENCE)

    with pytest.raises(Invalid, match="code_wrong"):
        codes.use_code(session, email=account.email, code=left_over, purposes=(CodePurpose.SIGN_IN,))


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ａｄａ@ｅｘａｍｐｌｅ.org", "ada@example.org"),
        ("山田@XN--r8jz45g.jp", "山田@例え.jp"),
        ("山田@例え。JP", "山田@例え.jp"),
        # Two domains, which may have two owners; and two people at one.
        ("a@straße.de", "a@straße.de"),
        ("a@STRASSE.de", "a@strasse.de"),
        ("Strauß@example.org", "strauß@example.org"),
        # No account has these.
        ("Root@LOCALHOST", "root@localhost"),
        ("a@xn--zzzzzzzz.jp", "a@xn--zzzzzzzz.jp"),
        ("Nobody", "nobody"),
    ],
)
def test_what_makes_two_spellings_one_address(typed: str, key: str) -> None:
    assert email_key(typed) == key
    assert email_key(key) == key


def test_codes_and_tokens_are_stored_hashed_only(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    code = _code_for(session, run_jobs, account.email).replace(" ", "")
    token = accounts.start_session(session, account, address="", agent="")
    session.commit()

    dump = str(session.execute(text("SELECT string_agg(c::text, '') FROM code c")).scalar())
    dump += str(session.execute(text("SELECT string_agg(s::text, '') FROM login_session s")).scalar())
    assert code not in dump
    assert token not in dump


@pytest.mark.parametrize(
    "password, why",
    [
        ("short", "password_too_short"),
        ("x" * 1025, "password_too_long"),
        ("passwordpassword", "password_common"),
        ("PASSWORDpassword", "password_common"),
        ("aaaaaaaaaaaaaaaaaa", "password_common"),
    ],
)
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        accounts.check_password(password)


def test_password_sign_in_and_rehash(session: Session, make: Make) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(memory_cost=8192, time_cost=1, parallelism=1).hash(SENTENCE)
    account = make.account(password_hash=old)

    assert accounts.check_sign_in(session, email=account.email, password=SENTENCE, network="n").id == account.id

    session.flush()
    session.refresh(account)
    assert account.password_hash is not None
    assert "m=19456,t=2,p=1" in account.password_hash


@pytest.mark.parametrize("wrong", ["unknown address", "wrong password", "no password", "not verified", "suspended"])
def test_every_wrong_sign_in_says_the_same(session: Session, make: Make, wrong: str) -> None:
    account = make.account(password_hash=accounts.hash_password(SENTENCE) if wrong != "no password" else None)
    if wrong == "not verified":
        account.verified_at = None
    if wrong == "suspended":
        account.suspended_at = datetime.now(UTC)
    session.flush()
    email = "nobody@example.org" if wrong == "unknown address" else account.email

    with pytest.raises(Invalid) as caught:
        accounts.check_sign_in(
            session,
            email=email,
            password="another sentence here" if wrong == "wrong password" else SENTENCE,
            network="n",
        )

    assert caught.value.problems == {"password": "sign_in_wrong"}


def test_guesses_are_limited_per_network_and_everywhere(session: Session, make: Make) -> None:
    account = make.account()
    for _ in range(attempts.TRIES):
        with pytest.raises(Invalid):
            accounts.check_sign_in(session, email=account.email, password="no", network="a")
    with pytest.raises(Denied, match="too_many_tries"):
        accounts.check_sign_in(session, email=account.email, password="no", network="a")

    with pytest.raises(Invalid):
        accounts.check_sign_in(session, email=account.email, password="no", network="b")
    session.execute(
        update(Attempt).where(Attempt.key == f"guess:{account.email_key}").values(count=attempts.TRIES_EVERYWHERE)
    )
    with pytest.raises(Denied):
        accounts.check_sign_in(session, email=account.email, password="no", network="c")


def test_a_session_dies_by_revoking_idling_expiry_and_suspension(session: Session, make: Make) -> None:
    account = make.account()

    def opened() -> tuple[str, LoginSession]:
        token = accounts.start_session(session, account, address="", agent="")
        session.flush()
        return token, session.scalars(select(LoginSession).order_by(LoginSession.created_at.desc())).first()  # type: ignore[return-value]

    token, row = opened()
    assert accounts.load_actor(session, token) is not None
    row.revoked_at = datetime.now(UTC)
    session.flush()
    assert accounts.load_actor(session, token) is None

    token, row = opened()
    row.seen_at = datetime.now(UTC) - timedelta(seconds=row.idle_seconds + 1)
    session.flush()
    assert accounts.load_actor(session, token) is None

    token, row = opened()
    row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    session.flush()
    assert accounts.load_actor(session, token) is None

    token, _ = opened()
    accounts.suspend(session, account.email.upper())
    session.flush()
    assert accounts.load_actor(session, token) is None
    accounts.restore(session, account.email)
    session.flush()
    assert accounts.load_actor(session, token) is None
    assert accounts.load_actor(session, opened()[0]) is not None
    with pytest.raises(NotFound):
        accounts.suspend(session, "nobody@example.org")
    assert accounts.load_actor(session, "no such token") is None


def test_judges_get_twenty_hours_and_staff_eight(session: Session, make: Make) -> None:
    contest = make.contest()
    judge, staff, entrant = make.member(contest, Role.JUDGE), make.account(is_staff=True), make.account()

    idle = []
    for account in (judge, staff, entrant):
        accounts.start_session(session, account, address="", agent="")
        session.flush()
        idle.append(session.scalar(select(LoginSession.idle_seconds).where(LoginSession.account_id == account.id)))

    assert idle == [20 * 3600, 8 * 3600, 24 * 3600]


def test_resetting_a_password_ends_every_session(session: Session, make: Make, run_jobs: Run) -> None:
    account = make.account()
    token = accounts.start_session(session, account, address="", agent="")
    code = _code_for(session, run_jobs, account.email, CodePurpose.RESET)

    accounts.reset_password(session, email=account.email, code=code, password=SENTENCE)
    session.flush()

    assert accounts.load_actor(session, token) is None
    assert accounts.check_sign_in(session, email=account.email, password=SENTENCE, network="n").id == account.id


def test_a_removed_role_is_gone_at_the_next_look(session: Session, make: Make) -> None:
    contest = make.contest()
    judge = make.member(contest, Role.JUDGE)
    token = accounts.start_session(session, judge, address="", agent="")
    found = accounts.load_actor(session, token)
    assert found is not None and found[0].has(contest.id, Role.JUDGE)

    session.execute(update(Membership).where(Membership.account_id == judge.id).values(removed_at=datetime.now(UTC)))
    found = accounts.load_actor(session, token)

    assert found is not None and not found[0].roles


def _invite(session: Session, make: Make, run_jobs: Run, **values: str) -> tuple[Invitation, str]:
    contest = make.contest()
    organiser = session.get_one(Account, contest.created_by)
    invitation = invitations.invite(
        session,
        make.actor(organiser),
        contest,
        **{"email": "judge@example.org", "name": "J", "role": "judge", "locale": "ja", **values},  # type: ignore[arg-type]
    )
    session.commit()
    run_jobs()
    body = session.scalars(select(MailMessage.text)).one()
    found = re.search(r"/invitations/(\S+)", body)
    assert found
    return invitation, found.group(1)


def test_an_invitation_makes_an_account_with_the_role_once(session: Session, make: Make, run_jobs: Run) -> None:
    _, token = _invite(session, make, run_jobs)

    account = invitations.accept_invitation(session, token, name="Judge Judy")
    session.flush()

    roles = session.scalars(select(Membership.role).where(Membership.account_id == account.id)).all()
    assert (account.name, account.locale, account.verified_at is not None, roles) == (
        "Judge Judy",
        "ja",
        True,
        ["judge"],
    )
    with pytest.raises(NotFound):
        invitations.accept_invitation(session, token, name="Again")


def test_an_invitation_joins_an_account_that_exists(session: Session, make: Make, run_jobs: Run) -> None:
    known = make.account("Known", email="JUDGE@example.org")
    _, token = _invite(session, make, run_jobs)

    assert invitations.accept_invitation(session, token, name="").id == known.id


def test_one_live_invitation_per_person_and_role(session: Session, make: Make, run_jobs: Run) -> None:
    invitation, token = _invite(session, make, run_jobs)
    contest = invitations.contest_of(session, invitation)
    assert contest is not None
    actor = make.actor(session.get_one(Account, contest.created_by))
    with pytest.raises(Invalid, match="already_invited"):
        invitations.invite(session, actor, contest, email="Judge@Example.org", name="", role="judge", locale="en")

    invitations.revoke_invitation(session, actor, contest, invitation.id)
    session.flush()
    with pytest.raises(NotFound):
        invitations.get_invitation(session, token)
    invitations.invite(session, actor, contest, email="judge@example.org", name="", role="judge", locale="en")


def test_only_organisers_invite(session: Session, make: Make) -> None:
    contest = make.contest()
    judge = make.member(contest, Role.JUDGE)

    with pytest.raises(Denied):
        invitations.invite(
            session, make.actor(judge), contest, email="x@example.org", name="", role="judge", locale="en"
        )


@pytest.mark.parametrize("held, wanted", [("judge", "chair"), ("judge", "organiser"), ("publisher", "judge")])
def test_nobody_judges_where_they_may_read_the_names(session: Session, make: Make, held: str, wanted: str) -> None:
    contest = make.contest()
    person = make.member(contest, held)
    organiser = make.actor(session.get_one(Account, contest.created_by))

    with pytest.raises(Invalid, match="role_conflict"):
        invitations.invite(session, organiser, contest, email=person.email, name="", role=wanted, locale="en")
    with pytest.raises(Invalid, match="role_conflict"):
        invitations.grant_role(session, contest.id, person.id, wanted)


@pytest.mark.parametrize(
    ("phase", "state", "barred"),
    [
        ("open", "draft", True),
        ("open", "submitted", True),
        ("open", "withdrawn", False),
        ("judging", "submitted", True),
        ("judging", "disqualified", True),
        ("judging", "draft", False),
    ],
)
def test_nobody_judges_or_runs_a_contest_that_they_take_part_in(
    session: Session, make: Make, phase: str, state: str, barred: bool
) -> None:
    contest = make.contest(phase)
    person = make.entry(contest, state=state, files=0).account
    organiser = make.actor(session.get_one(Account, contest.created_by))

    for role in (Role.JUDGE, Role.PUBLISHER):
        if barred:
            with pytest.raises(Invalid, match="entrant_conflict"):
                invitations.invite(session, organiser, contest, email=person.email, name="", role=role, locale="en")
            with pytest.raises(Invalid, match="entrant_conflict"):
                invitations.grant_role(session, contest.id, person.id, role)
        else:
            invitations.invite(session, organiser, contest, email=person.email, name="", role=role, locale="en")


def test_whoever_left_the_team_after_the_opening_has_read_names_and_does_not_judge(
    session: Session, make: Make
) -> None:
    contest = make.contest("judging")
    assert contest.opens_at is not None
    person, early = make.member(contest, Role.CHAIR), make.member(contest, Role.CHAIR)
    for one, moment in ((person, contest.opens_at), (early, contest.opens_at - timedelta(days=1))):
        session.execute(
            update(Membership).where(Membership.account_id == one.id).values(removed_at=moment + timedelta(seconds=1))
        )

    with pytest.raises(Invalid, match="role_conflict"):
        invitations.grant_role(session, contest.id, person.id, Role.JUDGE)
    invitations.grant_role(session, contest.id, early.id, Role.JUDGE)
    invitations.grant_role(session, contest.id, person.id, Role.PUBLISHER)


def test_a_judge_is_not_of_the_team_until_the_winners_are_public(session: Session, make: Make) -> None:
    from contest.permissions import may_manage

    contest = make.contest("judging")
    judge = make.member(contest, Role.JUDGE, make.account(is_admin=True))
    assert not may_manage(make.actor(judge), contest)

    contest.published_at = datetime.now(UTC)

    assert may_manage(make.actor(judge), contest)
