"""The audit log: append-only, sealed in order, and a change behind our back shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contest import audit
from contest.models import AuditEvent
from tests.factories import Make

NOW = timedelta(0)


def test_an_event_says_who_what_and_in_which_contest(session: Session, make: Make) -> None:
    contest = make.contest()
    actor = make.actor(make.account())

    audit.record(session, actor, "contest.changed", contest, fields=["title"])
    session.flush()

    event = session.scalars(select(AuditEvent).where(AuditEvent.act == "contest.changed")).one()
    assert (event.actor_id, event.contest_id, event.subject_type, event.subject_id, event.facts) == (
        actor.account_id,
        contest.id,
        "contest",
        str(contest.id),
        {"fields": ["title"]},
    )


def test_an_unknown_act_is_a_bug(session: Session) -> None:
    with pytest.raises(KeyError):
        audit.record(session, None, "contest.painted")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET act = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_the_database_refuses_to_change_events(session: Session, statement: str) -> None:
    audit.record(session, None, "contest.created")
    session.commit()

    with pytest.raises(IntegrityError, match="append-only"):
        session.execute(text(statement))


def test_seals_chain_and_a_changed_event_breaks_them(session: Session) -> None:
    for number in range(5):
        audit.record(session, None, "contest.changed", number=number)
    session.commit()
    first = audit.seal(session, settle=NOW, limit=3)
    second = audit.seal(session, settle=NOW)
    session.commit()
    assert first is not None and second is not None
    assert (first.events, second.events, second.previous) == (3, 2, first.digest)
    assert audit.verify(session) is None
    assert audit.seal(session, settle=NOW) is None

    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(
        text("UPDATE audit_event SET facts = '{\"number\": 7}' WHERE id = (SELECT min(id) + 1 FROM audit_event)")
    )
    session.commit()
    session.expire_all()

    assert audit.verify(session) == first.id


def test_an_event_put_between_two_batches_breaks_the_chain(session: Session) -> None:
    audit.record(session, None, "contest.created")
    session.commit()
    audit.seal(session, settle=NOW)
    session.execute(text("SELECT nextval(pg_get_serial_sequence('audit_event', 'id'))"))  # as a refused act leaves it
    audit.record(session, None, "contest.changed")
    session.commit()
    second = audit.seal(session, settle=NOW)
    session.commit()
    assert second is not None and audit.verify(session) is None

    forged = {"id": second.first_id - 1, "at": second.at}
    session.execute(
        text(
            "INSERT INTO audit_event (id, at, act, subject_type, subject_id, facts) OVERRIDING SYSTEM VALUE"
            " VALUES (:id, :at, 'entry.disqualified', '', '', '{}')"
        ),
        forged,
    )
    session.commit()

    assert audit.verify(session) == second.id


def test_fresh_events_rest_before_they_are_sealed(session: Session) -> None:
    audit.record(session, None, "contest.created")
    session.commit()

    assert audit.seal(session) is None
