"""Uploads as far as `received`, and one renderer for a module, as a worker has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Entry, EntryFile
from contest.previews.client import PreviewServer
from contest.services import uploads
from contest.storage import Storage
from tests.factories import Make

SLOTS = [
    {"key": "screens", "kinds": ["png", "jpeg", "webp", "gif", "svg"], "max_files": 50, "max_bytes": 2_000_000},
    {"key": "document", "kinds": ["pdf"], "max_files": 50, "required": False},
    {"key": "source", "kinds": ["zip"], "max_files": 50, "required": False},
]


@pytest.fixture(scope="module")
def renderer() -> Iterator[str]:
    """One renderer for all, as a worker has."""
    with PreviewServer(allow_unconfined=True) as server:
        os.environ["CONTEST_RENDERER"] = server.address
        yield server.address
        del os.environ["CONTEST_RENDERER"]


@pytest.fixture
def entry(make: Make, session: Session) -> Entry:
    return make.entry(make.contest(deliverables=SLOTS), state="draft", files=0)


@pytest.fixture
def send(make: Make, session: Session, storage: Storage, entry: Entry) -> Callable[..., EntryFile]:
    """Send one file by a plain form, as far as `received`."""

    def send_one(body: bytes, name: str = "a.png", slot: str = "screens") -> EntryFile:
        incoming = [uploads.Incoming(name, BytesIO(body))]
        actor = make.actor(entry.account)
        assert not uploads.receive(session, actor, storage, entry.contest.slug, slot, incoming).refused
        session.commit()
        return session.scalars(select(EntryFile).order_by(EntryFile.position.desc()).limit(1)).one()

    return send_one
