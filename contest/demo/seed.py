"""Fill a demo: three contests lived through by the services themselves, weeks in a minute.

Every act goes through the same service as in the application, at its own moment of a database clock
that stands in the past (`past`). Previews are rendered by the confined renderer, as the worker would.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, update

from contest.demo import content
from contest.demo.files import drawings_of_all
from contest.demo.past import PastDatabase
from contest.demo.season import Season
from contest.demo.stage import Stage
from contest.models import LoginSession, MailMessage, OutboxItem
from contest.services import accounts
from contest.settings import Settings
from contest.storage import Storage

#: People whose accounts the demo prints, per role.
_SHOWN = {"admin": 1, "organiser": 1, "publisher": 2, "judge": 4, "entrant": 2}


def fill(settings: Settings, *, password: str, empty: bool) -> dict[str, Any]:
    """Make the demo's content. Returns accounts by role and contests by state, for demo.json."""
    storage = Storage.from_settings(settings)
    database = PastDatabase(settings.database_url)
    try:
        return _plant(Stage(settings, database, storage, password), empty=empty)
    finally:
        database.close()


def _plant(stage: Stage, *, empty: bool) -> dict[str, Any]:
    start = stage.today - timedelta(days=120)
    admin = {"email": "admin@contest.example", "password": stage.password, "name": "Administrator"}
    with stage.database.at(start) as session:
        made = accounts.create_account(session, email=admin["email"], name=admin["name"], is_admin=True, is_staff=True)
        made.password_hash = stage.hash
    if empty:
        return {"accounts": {"admin": [admin]}, "contests": {}}
    with stage.database.at(start + timedelta(hours=1)) as session:
        for person in content.STAFF:
            stage.account(session, person, is_staff=True)
    drawings = drawings_of_all()
    for planned in content.CONTESTS:
        Season(stage, planned, drawings).live()
    with stage.database.at(datetime.now(UTC)) as session:
        # What the seasons' acts owed is done or dull by now; only real visitors' jobs shall follow.
        session.execute(update(OutboxItem).where(OutboxItem.done_at.is_(None)).values(done_at=func.clock_timestamp()))
        session.execute(update(MailMessage).where(MailMessage.sent_at.is_(None)).values(sent_at=MailMessage.created_at))
        session.execute(update(LoginSession).values(revoked_at=func.clock_timestamp()))
        return _facts(stage.password, admin)


def _facts(password: str, admin: dict[str, str]) -> dict[str, Any]:
    def told(keys: list[str]) -> list[dict[str, str]]:
        named = {person.key: person for person in (*content.STAFF, *content.JUDGES, *content.ENTRANTS)}
        return [{"email": named[key].email, "password": password, "name": named[key].name} for key in keys]

    def unique(keys: list[str]) -> list[str]:
        return list(dict.fromkeys(keys))

    by_state = {contest.state: contest for contest in content.CONTESTS}
    current = by_state["judging"]
    draft = next(e.person for e in content.entries_of(by_state["open"].slug) if e.state == "draft")
    entrants = unique([draft, *(e.person for e in content.entries_of(by_state["open"].slug) if e.state != "draft")])
    roles = {
        "organiser": unique([key for contest in content.CONTESTS for key in contest.organisers]),
        "publisher": unique([key for contest in content.CONTESTS for key in (*contest.publishers, contest.chair)]),
        "judge": list(current.judges),
        "entrant": entrants,
    }
    return {
        "accounts": {"admin": [admin]} | {role: told(keys)[: _SHOWN[role]] for role, keys in roles.items()},
        "contests": {
            state: {"slug": contest.slug, "title": dict(contest.title)} for state, contest in by_state.items()
        },
    }
