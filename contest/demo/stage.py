"""Where the demo's seasons are lived: its database in the past, its people, its owed work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import jobs, outbox
from contest.demo import content
from contest.demo.past import PastDatabase, PastWork
from contest.models import Account, OutboxItem
from contest.permissions import Actor
from contest.previews import tools
from contest.previews.client import PreviewServer
from contest.services import accounts
from contest.settings import Settings
from contest.storage import Storage

#: Jobs that need the renderer; they are done together, in one.
_RENDERED = ("make_previews", "make_thumbnail", "make_clip", "draw_cover", "draw_card")


class Stage:
    """Services, people by their keys, and the moment of planting."""

    def __init__(self, settings: Settings, database: PastDatabase, storage: Storage, password: str) -> None:
        self.settings, self.database, self.storage, self.password = settings, database, storage, password
        self.hash = accounts.hash_password(password)
        self.today = datetime.now(UTC)
        self.people: dict[str, UUID] = {}

    def account(self, session: Session, person: content.Person, *, is_staff: bool = False) -> None:
        """Make a person's account."""
        made = accounts.create_account(
            session,
            email=person.email,
            name=person.name,
            latin_name=person.latin,
            locale=person.locale,
            zone=person.zone,
            country=person.country,
            is_staff=is_staff,
        )
        made.password_hash = self.hash
        self.people[person.key] = made.id

    def actor(self, session: Session, key: str) -> Actor:
        """The actor of a person, as a sign-in at this moment would make it."""
        session.flush()
        token = accounts.start_session(
            session, session.get_one(Account, self.people[key]), address="192.0.2.7", agent="Demo"
        )
        found = accounts.load_actor(session, token)
        assert found is not None
        return found[0]

    def work(self, names: tuple[str, ...] | None = None) -> None:
        """Do owed jobs of these names (all but those for the renderer by default), at the moment of the last act."""
        while True:
            with self.database.unit_of_work() as session:
                wanted = select(OutboxItem).where(OutboxItem.done_at.is_(None)).order_by(OutboxItem.id)
                wanted = (
                    wanted.where(OutboxItem.job.in_(names)) if names else wanted.where(OutboxItem.job.not_in(_RENDERED))
                )
                owed = [(item.id, item.job, dict(item.args), item.fence) for item in session.scalars(wanted)]
            if not owed:
                return
            for item_id, name, args, fence in owed:
                self.do(item_id, name, args, fence)

    def do(self, item_id: int, name: str, args: dict[str, Any], fence: int) -> None:
        """Do one owed job."""
        server = outbox.QueueServer(self.settings.redis_url)
        jobs.function(name)(PastWork(self.settings, self.database, server, self.storage, item_id, fence), **args)

    def previews(self) -> None:
        """Render what is owed, two files at a time, in one confined renderer."""
        with self.database.unit_of_work() as session:
            owed = [
                (item.id, item.job, dict(item.args), item.fence)
                for item in session.scalars(
                    select(OutboxItem)
                    .where(OutboxItem.done_at.is_(None), OutboxItem.job.in_(_RENDERED))
                    # Nobody waits for a first look here: after the whole there is nothing left to do for it.
                    .order_by(OutboxItem.job == "make_thumbnail", OutboxItem.id)
                )
            ]
        with _renderer(self.settings), ThreadPoolExecutor(2) as pool:
            for _ in pool.map(lambda each: self.do(*each), owed):
                pass


@contextmanager
def _renderer(settings: Settings) -> Iterator[None]:
    """A renderer and the programs of PREVIEW_TOOLS, told to the jobs as a worker does."""
    found = tools.find(settings.tools)
    with PreviewServer(allow_unconfined=True) as server:
        told = {"CONTEST_RENDERER": server.address} | ({tools.VARIABLE: found.encode()} if found else {})
        os.environ.update(told)
        try:
            yield
        finally:
            for name in told:
                del os.environ[name]
