"""The picture of a contest: sent by its organiser, drawn anew by the confined renderer, shown with its page.

The row is made with the upload and says what is wanted; a job makes the sizes that pages show and the card
for links. The bytes that were sent are never parsed here and never served.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import audit, clock, db, outbox, permissions
from contest.errors import Invalid, NotFound
from contest.models import Contest, ContestPicture, Publication, Texts
from contest.permissions import Actor
from contest.previews import client
from contest.previews.kinds import HEAD_BYTES, Kind, sniff
from contest.previews.outcome import CARDS, PRESETS
from contest.services import contests, publications
from contest.services.drafts import ALT_MOST
from contest.services.previews import UnitOfWork, fetch, renderer
from contest.services.uploads import STORED_TYPE, Incoming
from contest.storage import ObjectExists, ObjectMissing, Storage
from contest.vocabulary import LOCALES, PictureState, PublicationState

#: What may be sent.
KINDS = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.SVG})
MOST_BYTES = 20_000_000
#: An object that no row names may be one that a job is about to name.
KEEP = timedelta(days=1)
CAPTION_MOST = 300
CARD = "card"


@dataclass(frozen=True)
class Cover:
    """A contest's picture as its page shows it. `sizes`: (preset, width, height), the smallest first."""

    alt: Texts
    caption: Texts
    sizes: tuple[tuple[str, int, int], ...]
    card: bool


def of(picture: ContestPicture | None) -> Cover | None:
    """What a page may show of the picture; None while there is nothing."""
    return None if picture is None else made_of(picture.alt, picture.caption, picture.sizes)


def made_of(alt: Texts, caption: Texts, sizes: Sequence[dict[str, Any]] | None) -> Cover | None:
    """The same from the columns of a list. What was drawn stays while a new picture waits or has failed."""
    if not sizes:
        return None
    # A small picture is as wide in several presets; a page offers each width once.
    shown: dict[int, tuple[str, int, int]] = {}
    card = False
    for size in sizes:
        if size["preset"] in PRESETS:
            shown.setdefault(size["width"], (size["preset"], size["width"], size["height"]))
        card = card or size["preset"] == CARD
    return Cover(alt, caption, tuple(shown.values()), card)


def key_of(session: Session, actor: Actor, slug: str, preset: str) -> tuple[str, bool]:
    """The object of one size, and whether everybody may see it. Raises NotFound as the contest's page does."""
    contest = contests.get_public(session, actor, slug)
    picture = contest.picture
    for size in picture.sizes if picture is not None else []:
        if size["preset"] == preset:
            return str(size["key"]), contest.announced_at is not None
    raise NotFound


# Sending, wording, removing -------------------------------------------------------------------------


def save(
    session: Session,
    actor: Actor,
    storage: Storage,
    slug: str,
    *,
    incoming: Incoming | None,
    alt: Texts,
    caption: Texts,
    version: int | None = None,
) -> ContestPicture:
    """Set the contest's picture, or only its words where no file comes.

    Raises NotFound, Denied("organiser_only"), Conflict("stale"), and Invalid with the fields `file`,
    `alt_LOCALE` and `caption_LOCALE`.
    """
    # Asked before the bytes move, and again under the lock.
    permissions.may_organise(actor, contests.get_managed(session, actor, slug)).require()
    # One sentence each, however it was typed.
    alt, caption = (
        {at: line for at, text in each.items() if (line := " ".join(text.split()))} for each in (alt, caption)
    )
    problems = _problems(alt, caption)
    kind = None
    if incoming is not None:
        try:
            kind = _kind(incoming)
        except Invalid as error:
            problems |= error.problems
    if problems:
        raise Invalid(problems)
    name = str(uuid.uuid4())
    if incoming is not None:
        # Object first, row second; an object that gets no row is swept after a day.
        storage.put(_staging(name), incoming.stream, content_type=STORED_TYPE)
    contest = contests.get_for_change(session, actor, slug, version)
    picture = _locked(session, contest)
    if picture is None and kind is None:
        raise Invalid("file", "file_missing")
    changed = [] if kind is None else ["picture"]
    now = clock.read(session)
    if picture is None:
        assert kind is not None
        picture = ContestPicture(
            contest_id=contest.id, original_key=f"covers/{name}", kind=kind, alt=alt, caption=caption, changed_at=now
        )
        session.add(picture)
    else:
        if kind is not None:
            # What pages show of the old picture stays until the new one is drawn.
            db.after_commit(session, partial(_delete, storage, _originals(picture)))
            picture.original_key, picture.kind = f"covers/{name}", kind
            picture.state, picture.reason = PictureState.PENDING, ""
        if (picture.alt, picture.caption) != (alt, caption):
            picture.alt, picture.caption = alt, caption
            changed.append("picture_texts")
        picture.changed_at = now
    if changed:
        contests.touch(contest)
        session.flush()
        audit.record(session, actor, "contest.changed", contest, fields=changed)
    if kind is not None:
        outbox.add(
            session,
            "draw_cover",
            queue="previews",
            key=f"cover:{name}",
            picture_id=str(picture.id),
            original_key=picture.original_key,
        )
    return picture


def remove(session: Session, actor: Actor, storage: Storage, slug: str) -> None:
    """Take the picture off the contest's page; without one nothing happens. Raises NotFound, Denied."""
    contest = contests.get_for_change(session, actor, slug)
    picture = _locked(session, contest)
    if picture is None:
        return
    db.after_commit(session, partial(_delete, storage, [*_originals(picture), *_drawn(picture)]))
    session.delete(picture)
    contests.touch(contest)
    session.flush()
    session.expire(contest, ["picture"])
    audit.record(session, actor, "contest.changed", contest, fields=["picture"], removed=True)


def _problems(alt: Texts, caption: Texts) -> dict[str, str]:
    problems = {f"alt_{locale}": f"text_missing_{locale}" for locale in LOCALES if not alt.get(locale)}
    for name, given, most in (("alt", alt, ALT_MOST), ("caption", caption, CAPTION_MOST)):
        for locale, text in given.items():
            if len(text) > most:
                problems[f"{name}_{locale}"] = "too_long"
    # A caption in one language only would leave the readers of the other without it.
    if caption:
        problems |= {f"caption_{each}": f"text_missing_{each}" for each in LOCALES if not caption.get(each)}
    return problems


def _kind(incoming: Incoming) -> Kind:
    """The kind by content, from the first bytes only: what a picture holds is the renderer's to read."""
    stream = incoming.stream
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise Invalid("file", "file_empty")
    if size > MOST_BYTES:
        raise Invalid("file", "picture_too_large")
    kind = sniff(stream.read(HEAD_BYTES), size=size)
    stream.seek(0)
    if kind not in KINDS:
        raise Invalid("file", "picture_type")
    return kind


def _locked(session: Session, contest: Contest) -> ContestPicture | None:
    return session.scalars(
        select(ContestPicture)
        .where(ContestPicture.contest_id == contest.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def _staging(name: str) -> str:
    return f"incoming/{name}"


def _originals(picture: ContestPicture) -> list[str]:
    return [_staging(picture.original_key.removeprefix("covers/")), picture.original_key]


def _drawn(picture: ContestPicture) -> list[str]:
    return [str(size["key"]) for size in picture.sizes]


def _delete(storage: Storage, keys: Iterable[str]) -> None:
    for key in keys:
        storage.delete(key)


# Drawing --------------------------------------------------------------------------------------------


def draw(
    unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, picture_id: uuid.UUID, original_key: str
) -> None:
    """The job: draw what pages show from the picture that was sent, if it is still the one wanted.

    Raises RendererGone and StorageDown; the job then comes again and writes the same objects.
    """
    with unit_of_work() as session:
        row = _wanted(session, picture_id, original_key)
        kind = Kind(row.kind) if row is not None else None
    if kind is None:
        with finishing():
            return
    staging = _staging(original_key.removeprefix("covers/"))
    reason = _keep(storage, staging, original_key)
    sizes: list[dict[str, Any]] = []
    if not reason:
        with tempfile.TemporaryFile() as file, renderer() as address:
            fetch(storage, original_key, file)
            result = client.render(file, kind, address=address, presets=(*PRESETS, CARD))
        # A picture of which a part is missing is no face for a contest.
        reason = result.reason or ""
        for output in result.outputs if not reason else ():
            key = f"covers/{uuid.uuid5(picture_id, f'{original_key}:{output.preset}')}"
            media_type = "image/jpeg" if output.preset in CARDS else "image/webp"
            storage.put(key, output.data, content_type=media_type)
            sizes.append({"preset": output.preset, "key": key, "width": output.width, "height": output.height})
    sizes.sort(key=lambda size: (size["preset"] not in PRESETS, size["width"], PRESETS.get(size["preset"], 0)))
    with finishing() as session:
        row = _wanted(session, picture_id, original_key)
        db.after_commit(session, partial(storage.delete, staging))
        if row is None:
            # Replaced or removed meanwhile: what was drawn is nobody's.
            db.after_commit(session, partial(_delete, storage, [original_key, *(size["key"] for size in sizes)]))
            return
        if not reason:
            db.after_commit(session, partial(_delete, storage, _drawn(row)))
            row.sizes = sizes
        row.reason, row.state = reason, PictureState.FAILED if reason else PictureState.READY


def _wanted(session: Session, picture_id: uuid.UUID, original_key: str) -> ContestPicture | None:
    """The row while it waits for just this picture."""
    return session.scalars(
        select(ContestPicture)
        .where(
            ContestPicture.id == picture_id,
            ContestPicture.original_key == original_key,
            ContestPicture.state == PictureState.PENDING,
        )
        .with_for_update()
    ).first()


def _keep(storage: Storage, staging: str, key: str) -> str:
    """Copy the picture to its own key, once. Returns the reason why it cannot be, or ""."""
    try:
        storage.copy_if_absent(staging, key, content_type=STORED_TYPE)
    except ObjectExists:
        return ""
    except ObjectMissing:
        return "crashed"
    return ""


def give_up(session: Session, picture_id: uuid.UUID, original_key: str) -> None:
    """Note that the picture could not be drawn at all, so that its organiser can send another."""
    row = _wanted(session, picture_id, original_key)
    if row is not None:
        row.state, row.reason = PictureState.FAILED, "crashed"


# Sweeping -------------------------------------------------------------------------------------------


def sweep(session: Session, storage: Storage) -> None:
    """Periodic: delete drawn pictures, cards and published scores that no row names, a day after they were stored.

    A job that was killed between the object and the row leaves one, and so does a delete that failed.
    """
    known = set(session.scalars(select(Publication.card_key).where(Publication.state == PublicationState.PUBLISHED)))
    known |= publications.winner_cards(session) | publications.kept_scores(session)
    for picture in session.scalars(select(ContestPicture)):
        known |= {picture.original_key, *_drawn(picture)}

    def delete_objects() -> None:
        before = datetime.now(UTC) - KEEP
        for prefix in ("covers/", "cards/", publications.SCORES_PREFIX):
            for found in storage.list(prefix):
                if found.modified < before and found.key not in known:
                    storage.delete(found.key)

    db.after_commit(session, delete_objects)
