"""Uploads from the browser, previews and originals."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, redirect

from contest import streams, texts, web
from contest.errors import Invalid
from contest.models import EntryFile
from contest.received import json_body, uuid_or_404
from contest.services import parts, previews, uploads
from contest.storage import Grant
from contest.vocabulary import PreviewState
from contest.web import actor, session, signed_in, writes

bp = Blueprint("files", __name__)

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_DIGESTS = re.compile(r"(?:[0-9a-fA-F]{64})+")


# Uploads: JSON for our script -----------------------------------------------------------------------


@bp.post("/uploads")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def begin() -> Any:
    """Grant one upload: {entry, slot, name, size, sha256, type, replaces} → where and how to PUT it.

    `parts`: of a file that is sent in parts, their SHA-256 one after the other; each part is granted on its own.
    """
    body = json_body()
    row, grant = uploads.grant(
        session(),
        actor(),
        web.storage(),
        entry_id=uuid_or_404(_text(body, "entry")),
        slot_key=_text(body, "slot"),
        name=_text(body, "name"),
        size=_size(body),
        sha256=_digest(body),
        media_type=_text(body, "type") if "type" in body else "",
        replaces=uuid_or_404(_text(body, "replaces")) if body.get("replaces") else None,
        part_digests=_digests(body) if "parts" in body else None,
    )
    return _granted(row, grant)


@bp.post("/uploads/<uuid:upload_id>/grant")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def begin_again(upload_id: UUID) -> Any:
    """Sign the grant of an unfinished upload anew: a grant lives 15 minutes, a broken line may last longer."""
    return _granted(*uploads.grant_again(session(), actor(), web.storage(), upload_id))


@bp.post("/uploads/<uuid:upload_id>/parts")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def open_parts(upload_id: UUID) -> Any:
    """Which parts of an unfinished upload have arrived; where nothing has, it begins here."""
    row, arrived = uploads.open_parts(session(), actor(), web.storage(), upload_id)
    return jsonify(id=str(row.id), arrived=arrived)


@bp.post("/uploads/<uuid:upload_id>/parts/grant")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def grant_parts(upload_id: UUID) -> Any:
    """Grant some parts: {parts: [number, …]} → where and how to PUT each."""
    numbers = json_body().get("parts")
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        raise Invalid("parts", "invalid")
    row, grants = uploads.grant_parts(session(), actor(), web.storage(), upload_id, set(numbers))
    return jsonify(
        id=str(row.id),
        grants=[
            {"number": number, "url": grant.url, "method": grant.method, "headers": grant.headers}
            for number, grant in sorted(grants.items())
        ],
    )


@bp.get("/uploads/<uuid:upload_id>")
@signed_in
def state(upload_id: UUID) -> Any:
    return _told(uploads.get_own(session(), actor(), upload_id))


@bp.post("/uploads/<uuid:upload_id>/complete")
@signed_in
@writes
def complete(upload_id: UUID) -> Any:
    return _told(uploads.complete(session(), actor(), web.storage(), upload_id))


@bp.delete("/uploads/<uuid:upload_id>")
@signed_in
@writes
def cancel(upload_id: UUID) -> Any:
    uploads.remove(session(), actor(), web.storage(), upload_id)
    return "", 204


def _granted(row: EntryFile, grant: Grant | None) -> Any:
    if grant is None:
        return jsonify(id=str(row.id), part_size=parts.PART, parts=parts.count(row.declared_size))
    # A single PUT is one part of the whole size.
    return jsonify(
        id=str(row.id), url=grant.url, method=grant.method, headers=grant.headers, part_size=row.declared_size, parts=1
    )


def _told(row: EntryFile) -> Any:
    """The state of an upload, with its sentence in the page's language."""
    if row.reason:
        message = texts.rejection(row.reason)
    elif row.preview_state == PreviewState.PENDING:
        message = texts.preview_progress(row.preview_done, row.preview_pages)
    else:
        message = texts.preview_state(row.preview_state, row.preview_reason, row.kind)
    return jsonify(
        id=str(row.id),
        name=row.name,
        size=row.declared_size,
        state=row.state,
        reason=row.reason,
        message=message,
        preview=row.preview_state,
        done=row.preview_done,
        pages=row.preview_pages,
    )


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Invalid(name, "invalid")
    return value


def _size(body: dict[str, Any]) -> int:
    value = body.get("size")
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid("size", "invalid")
    return value


def _digest(body: dict[str, Any]) -> bytes:
    value = _text(body, "sha256")
    if not _DIGEST.fullmatch(value):
        raise Invalid("sha256", "digest_invalid")
    return bytes.fromhex(value)


def _digests(body: dict[str, Any]) -> bytes:
    value = _text(body, "parts")
    if not _DIGESTS.fullmatch(value):
        raise Invalid("parts", "digest_invalid")
    return bytes.fromhex(value)


# Previews and originals -----------------------------------------------------------------------------


@bp.get("/previews/<uuid:preview_id>")
@signed_in
def preview(preview_id: UUID) -> Any:
    """A preview for the entrant and the app team; judges and the public have addresses of their own."""
    found = previews.get_visible(session(), actor(), preview_id)
    return web.picture(found.key, etag=web.opaque("preview", found.id, found.size), public_cache=False)


@bp.get("/previews/<uuid:preview_id>/media")
@signed_in
def media(preview_id: UUID) -> Any:
    """A video or an animation, for the same people."""
    found = previews.get_visible(session(), actor(), preview_id, tuple(streams.MEDIA_TYPES))
    etag = web.opaque("preview", found.id, found.size)
    return streams.stream(found.key, size=found.size, preset=found.preset, etag=etag, public_cache=False)


@bp.get(f"/previews/<uuid:preview_id>/{streams.TILE}")
@signed_in
def tile(preview_id: UUID, level: int, column: int, row: int) -> Any:
    """One tile of a deep-zoom pyramid, for the same people."""
    found = previews.get_visible(session(), actor(), preview_id, ("tiles",))
    etag = web.opaque("tile", found.id, found.size, level, column, row)
    return streams.tile(found.key, level=level, column=column, row=row, etag=etag, public_cache=False)


@bp.post("/files/<uuid:file_id>/original")
@signed_in
@writes
def original(file_id: UUID) -> Any:
    """Download an original: a link that works for a minute, noted in the audit log, so it is a POST."""
    return redirect(uploads.original(session(), actor(), web.storage(), file_id))
