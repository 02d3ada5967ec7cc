"""Previews: made by a job from an accepted file, shown to those who may see the file."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import permissions
from contest.errors import NotFound
from contest.models import Entry, EntryFile, Preview
from contest.permissions import Actor
from contest.previews import client
from contest.previews.client import Output, PreviewServer
from contest.previews.kinds import Kind
from contest.previews.outcome import PRESETS
from contest.storage import Storage
from contest.vocabulary import FileState, PreviewState

UnitOfWork = Callable[[], AbstractContextManager[Session]]

_CHUNK = 1024 * 1024


def make(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, file_id: uuid.UUID) -> None:
    """The job: render one accepted file in the confined process, put the pictures, then note them.

    Raises RendererGone and StorageDown; the job then comes again. A picture's key follows from file, page
    and preset, so that a second run writes the same objects.
    """
    with unit_of_work() as session:
        row = _lock(session, file_id)
        source = (row.key, row.kind) if row is not None else None
    if source is None:
        with finishing():
            return
    key, kind = source
    assert key is not None and kind is not None
    with tempfile.TemporaryFile() as file, renderer() as address:
        fetch(storage, key, file)
        result = client.render(file, Kind(kind), address=address, presets=tuple(PRESETS))
    for output in result.outputs:
        storage.put(_key(file_id, output), output.data, content_type="image/webp")
    with finishing() as session:
        row = _lock(session, file_id)
        if row is None:
            return
        for output in result.outputs:
            _note(session, file_id, output)
        row.preview_state, row.preview_reason = result.verdict, result.reason
        row.preview_pages = result.pages


def _lock(session: Session, file_id: uuid.UUID) -> EntryFile | None:
    """The row if its previews are still wanted."""
    return session.scalars(
        select(EntryFile)
        .where(
            EntryFile.id == file_id,
            EntryFile.state == FileState.ACCEPTED,
            EntryFile.preview_state == PreviewState.PENDING,
        )
        .with_for_update()
    ).first()


@contextmanager
def renderer() -> Iterator[str]:
    """The address of the worker's renderer; without a worker one is started for this call."""
    address = os.environ.get("CONTEST_RENDERER")
    if address:
        yield address
        return
    with PreviewServer(allow_unconfined=True) as server:
        yield server.address


def fetch(storage: Storage, key: str, file: BinaryIO) -> None:
    with storage.open(key) as stream:
        while chunk := stream.read(_CHUNK):
            file.write(chunk)
    file.flush()


def _key(file_id: uuid.UUID, output: Output) -> str:
    return f"previews/{uuid.uuid5(file_id, f'{output.page}:{output.preset}')}"


def _note(session: Session, file_id: uuid.UUID, output: Output) -> None:
    measures = {"width": output.width, "height": output.height, "size": len(output.data)}
    session.execute(
        insert(Preview)
        .values(
            id=uuid.uuid4(),
            file_id=file_id,
            page=output.page,
            preset=output.preset,
            key=_key(file_id, output),
            **measures,
        )
        .on_conflict_do_update(index_elements=["file_id", "page", "preset"], set_=measures)
    )


def give_up(session: Session, file_id: uuid.UUID) -> None:
    """Note that no preview could be made at all; the entry is none the worse for it."""
    row = _lock(session, file_id)
    if row is not None:
        row.preview_state, row.preview_reason = PreviewState.FAILED, "crashed"


def get_visible(session: Session, actor: Actor, preview_id: uuid.UUID) -> Preview:
    """A preview for the file's entrant or the contest's app team. Raises NotFound."""
    row = session.execute(
        select(Preview, Entry)
        .join(EntryFile, Preview.file_id == EntryFile.id)
        .join(Entry, EntryFile.entry_id == Entry.id)
        .where(Preview.id == preview_id)
    ).first()
    if row is None:
        raise NotFound
    contest = row.Entry.contest
    own = permissions.owns(actor, row.Entry) and permissions.may_see_contest(actor, contest)
    if not own and not permissions.may_manage(actor, contest):
        raise NotFound
    found: Preview = row.Preview
    return found
