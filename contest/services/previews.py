"""Previews: made by jobs from an accepted file, shown to those who may see the file."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from typing import BinaryIO

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contest import outbox, permissions
from contest.errors import NotFound
from contest.models import Entry, EntryFile, Preview, PreviewPage
from contest.permissions import Actor
from contest.previews import pipeline, tools
from contest.previews.client import Output, PreviewServer, Progress, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import CARDS, PRESETS
from contest.previews.pipeline import Order
from contest.storage import Storage
from contest.vocabulary import FileState, PreviewState

log = structlog.get_logger(__name__)

UnitOfWork = Callable[[], AbstractContextManager[Session]]
Rendering = Callable[[BinaryIO, Kind, Order], Result]

#: The smallest picture of the first page: what somebody waits for.
FIRST = "320"
#: Progress is noted at most so often: a page of a plain document takes a tenth of this.
_NOTE_EVERY_S = 1.0
_MEDIA_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "tiles": "application/octet-stream"}
_CHUNK = 1024 * 1024
#: States in which all previews of a file may be owed: a damaged file keeps its own while it is tried again.
_WANTED = (PreviewState.PENDING, PreviewState.DAMAGED)
#: States of a file that has pictures.
_SHOWN = (PreviewState.READY, PreviewState.DAMAGED)


def owe(session: Session, row: EntryFile) -> None:
    """Ask for the previews of an accepted file. The small picture has a queue of its own, so that it comes first."""
    row.preview_state, row.preview_reason, row.preview_done = PreviewState.PENDING, None, 0
    share, file_id = _share(session, row), str(row.id)
    outbox.add(session, "make_thumbnail", queue="thumbnails", key=f"thumbnail:{file_id}", share=share, file_id=file_id)
    outbox.add(session, "make_previews", queue="previews", key=f"preview:{file_id}", share=share, file_id=file_id)


def owe_again(session: Session, row: EntryFile) -> None:
    """Ask for the previews of an accepted file once more.

    A damaged file keeps its pictures and its verdict until then: judges may be looking at them.
    """
    if row.preview_state != PreviewState.DAMAGED:
        owe(session, row)
        row.preview_pages = 0
        return
    share, file_id = _share(session, row), str(row.id)
    outbox.add(session, "make_previews", queue="previews", key=f"preview:{file_id}", share=share, file_id=file_id)


def _share(session: Session, row: EntryFile) -> uuid.UUID:
    """Whose share of the renderer a file takes: its entrant's."""
    return session.scalars(select(Entry.account_id).where(Entry.id == row.entry_id)).one()


def make_thumbnail(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, file_id: uuid.UUID) -> None:
    """The job: the first picture of one file, at its smallest. Decides nothing; that is for `make`.

    Raises RendererGone and StorageDown; the job then comes again.
    """
    source = _source(unit_of_work, file_id)
    if source is None:
        with finishing():
            return
    order = Order("", presets=(FIRST,), quick=True)
    result = _render(pipeline.preview, storage, file_id, *source, order)
    with finishing() as session:
        if _lock(session, file_id) is None or not result.outputs:
            return
        _note_page(session, file_id, result)
        _note_output(session, file_id, result.outputs[0])


def make(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, file_id: uuid.UUID) -> None:
    """The job: render one accepted file in the confined process, put what is made, then note it.

    Raises RendererGone and StorageDown; the job then comes again. The key of an object follows from file,
    page and preset, so that a second run writes the same objects.
    """
    source = _source(unit_of_work, file_id, _WANTED)
    if source is None:
        with finishing():
            return
    noted = time.monotonic()

    def told(progress: Progress) -> None:
        nonlocal noted
        if time.monotonic() - noted < _NOTE_EVERY_S:
            return
        noted = time.monotonic()
        with unit_of_work() as session:
            session.execute(
                update(EntryFile)
                .where(EntryFile.id == file_id, EntryFile.preview_state == PreviewState.PENDING)
                .values(preview_done=progress.done, preview_pages=progress.pages)
            )

    result = _render(pipeline.preview, storage, file_id, *source, Order("", told=told))
    with finishing() as session:
        row = _lock(session, file_id, _WANTED)
        if row is None or (row.preview_state == PreviewState.DAMAGED and not _is_better(session, row, result)):
            return
        lacks_film = pipeline.lacks_film(source[1], result)
        _note(session, row, result, keeps_clip=lacks_film)
        if lacks_film:
            owe_clip(session, row)
        if any(page.turned for page in result.page_list):
            outbox.add(
                session,
                "compare_pages",
                queue="previews",
                key=f"compare:{file_id}",
                share=_share(session, row),
                file_id=str(file_id),
            )


def make_clip(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, file_id: uuid.UUID) -> None:
    """The job: a clip of a video that browsers do not play, once its pictures are there.

    Where none could be made, the fact `clip_ms` is 0, unless an earlier one still plays.

    Raises RendererGone and StorageDown; the job then comes again.
    """
    source = _source(unit_of_work, file_id, _SHOWN)
    if source is None:
        with finishing():
            return
    result = _render(pipeline.clip, storage, file_id, *source, Order(""))
    with finishing() as session:
        row = _lock(session, file_id, _SHOWN)
        if row is None:
            return
        if not result.outputs:
            _note_no_clip(row)
            return
        _note_output(session, file_id, result.outputs[0])
        row.preview_facts = {**row.preview_facts, **result.facts}


def give_up_clip(session: Session, file_id: uuid.UUID) -> None:
    """Note that no clip could be made at all: of the video there are pictures only."""
    if (row := _lock(session, file_id, _SHOWN)) is not None:
        _note_no_clip(row)


def _note_no_clip(row: EntryFile) -> None:
    row.preview_facts = {"clip_ms": 0, **row.preview_facts}


def owe_clip(session: Session, row: EntryFile) -> None:
    """Ask for the clip of a video. It takes as long as many pictures, so it has a queue of its own."""
    share, file_id = _share(session, row), str(row.id)
    outbox.add(session, "make_clip", queue="clips", key=f"clip:{file_id}", share=share, file_id=file_id)


def _source(
    unit_of_work: UnitOfWork, file_id: uuid.UUID, states: Collection[str] = (PreviewState.PENDING,)
) -> tuple[str, Kind] | None:
    """Key and kind of a file whose previews are still wanted."""
    with unit_of_work() as session:
        row = _lock(session, file_id, states)
        if row is None:
            return None
        assert row.key is not None and row.kind is not None
        return row.key, Kind(row.kind)


def _is_better(session: Session, row: EntryFile, result: Result) -> bool:
    """Whether a further try shows at least as much of a damaged file as its pictures do that are there."""
    pages = session.scalar(select(func.count()).select_from(PreviewPage).where(PreviewPage.file_id == row.id)) or 0
    return result.verdict == "ready" or (result.verdict == "damaged" and len(result.page_list) >= pages)


def _lock(session: Session, file_id: uuid.UUID, states: Collection[str] = (PreviewState.PENDING,)) -> EntryFile | None:
    """The row if its previews are still wanted."""
    return session.scalars(
        select(EntryFile)
        .where(
            EntryFile.id == file_id,
            EntryFile.state == FileState.ACCEPTED,
            EntryFile.preview_state.in_(states),
        )
        .with_for_update()
    ).first()


def _render(by: Rendering, storage: Storage, file_id: uuid.UUID, key: str, kind: Kind, order: Order) -> Result:
    """Render what lies under `key`; each output is put while the next is made."""

    def keep(output: Output) -> None:
        media_type = _MEDIA_TYPES.get(output.preset, "image/webp")
        if output.file is None:
            storage.put(object_key(file_id, output), output.data, content_type=media_type)
            return
        with closing(output.file) as file:
            if output.preset != "moving":
                media_type = _MEDIA_TYPES.get(output.preset, "application/octet-stream")
            storage.put(object_key(file_id, output), file, content_type=media_type)

    with tempfile.TemporaryFile() as file, renderer() as address:
        fetch(storage, key, file)
        return by(file, kind, replace(order, address=address, keep=keep, tools=tools.at_hand()))


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


def object_key(file_id: uuid.UUID, output: Output) -> str:
    """Where an output lies: it follows from file, page and preset."""
    return f"previews/{uuid.uuid5(file_id, f'{output.page}:{output.preset}')}"


def _note(session: Session, row: EntryFile, result: Result, *, keeps_clip: bool) -> None:
    """Write what became of a file; what an earlier run noted and this one did not make goes.

    `keeps_clip`: but for its clip, which plays until the next one is made: that may take hours.
    """
    kept = {(output.page, output.preset) for output in result.outputs}
    clip = {name: value for name, value in row.preview_facts.items() if name in ("clip_ms", "mute") and keeps_clip}
    if clip.get("clip_ms"):
        kept.add((1, "mp4"))
    for preview in session.scalars(select(Preview).where(Preview.file_id == row.id)):
        # Its object is left to the sweeper: nothing is deleted before the commit.
        if (preview.page, preview.preset) not in kept:
            session.delete(preview)
    session.execute(delete(PreviewPage).where(PreviewPage.file_id == row.id))
    _note_page(session, row.id, result)
    for output in result.outputs:
        _note_output(session, row.id, output)
    row.preview_state, row.preview_reason = result.verdict, result.reason
    row.preview_pages, row.preview_done = result.pages, len(result.page_list)
    row.preview_facts = {"width": result.width, "height": result.height, **clip, **result.facts}
    row.preview_tree = [[entry.path, entry.size, entry.page] for entry in result.tree] or None


def _note_page(session: Session, file_id: uuid.UUID, result: Result) -> None:
    for page in result.page_list:
        values = {
            "label": page.label,
            "number": page.number,
            "width": page.width,
            "height": page.height,
            "placeholder": page.placeholder,
            "turned": [_signed(value) for value in page.turned],
            "tiles": [_signed(value) for value in page.tiles],
        }
        session.execute(
            insert(PreviewPage)
            .values(file_id=file_id, page=page.page, **values)
            .on_conflict_do_update(index_elements=["file_id", "page"], set_=values)
        )


def _signed(value: int) -> int:
    """A 64-bit hash as PostgreSQL's bigint keeps it."""
    return value - 2**64 if value >= 2**63 else value


def _note_output(session: Session, file_id: uuid.UUID, output: Output) -> None:
    measures = {"width": output.width, "height": output.height, "size": output.size}
    session.execute(
        insert(Preview)
        .values(
            id=uuid.uuid4(),
            file_id=file_id,
            page=output.page,
            preset=output.preset,
            key=object_key(file_id, output),
            **measures,
        )
        .on_conflict_do_update(index_elements=["file_id", "page", "preset"], set_=measures)
    )


def give_up(session: Session, file_id: uuid.UUID) -> None:
    """Note that no preview could be made at all; the entry is none the worse for it."""
    row = _lock(session, file_id)
    if row is not None:
        row.preview_state, row.preview_reason = PreviewState.FAILED, "crashed"


def get_visible(
    session: Session, actor: Actor, preview_id: uuid.UUID, presets: Collection[str] = (*PRESETS, *CARDS)
) -> Preview:
    """A preview of one of `presets` for the file's entrant or the contest's app team. Raises NotFound."""
    row = session.execute(
        select(Preview, Entry)
        .join(EntryFile, Preview.file_id == EntryFile.id)
        .join(Entry, EntryFile.entry_id == Entry.id)
        .where(Preview.id == preview_id, Preview.preset.in_(tuple(presets)))
    ).first()
    if row is None:
        raise NotFound
    contest = row.Entry.contest
    own = permissions.owns(actor, row.Entry) and permissions.may_see_contest(actor, contest)
    if not own and not permissions.may_manage(actor, contest):
        raise NotFound
    found: Preview = row.Preview
    return found
