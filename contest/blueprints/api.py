"""The public interface: publications as JSON, for everybody, with tags for caches.

`digest` is the SHA-256 of the canonical JSON of `snapshot` (sorted keys, no spaces, UTF-8), so that
anybody can check it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, jsonify, request
from flask_babel import gettext as _

from contest.services import publications
from contest.vocabulary import PublicationState
from contest.web import public, session

bp = Blueprint("api", __name__)


@bp.get("/api/v1/publications/<slug>", endpoint="publications")
@public
def newest(slug: str) -> Any:
    """The publication in force."""
    return _answer(slug, publications.get_public(session(), slug))


@bp.get("/api/v1/publications/<slug>/<int(max=2147483647):number>")
@public
def publication(slug: str, number: int) -> Any:
    """One publication by its number, also after another took its place."""
    return _answer(slug, publications.get_public(session(), slug, number))


def _answer(slug: str, found: publications.Public) -> Any:
    if found.state == PublicationState.RETRACTED:
        return jsonify(
            error="retracted",
            message=_("This publication was retracted."),
            reason=found.retracted_reason,
            contest=slug,
            publication=found.number,
        ), 410
    response = jsonify(
        contest=slug,
        publication=found.number,
        state=found.state,
        published_at=found.published_at.isoformat(),
        digest=found.digest,
        snapshot=found.snapshot,
    )
    tag = hashlib.sha256(f"{found.number} {found.state} {found.digest}".encode()).hexdigest()[:32]
    response.set_etag(tag)
    response.headers["Cache-Control"] = "public, max-age=60"
    return response.make_conditional(request)
