"""The public interface: publications as JSON, CSV and scores, for everybody, with tags for caches.

`digest` is the SHA-256 of the canonical JSON of `snapshot` (sorted keys, no spaces, UTF-8), so that
anybody can check it. Where the snapshot has `scores`, their ZIP has the SHA-256 that stands there.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _

from contest import streams
from contest.services import exports, publications
from contest.vocabulary import PublicationState
from contest.web import public, session

bp = Blueprint("api", __name__)


@bp.get("/api/v1/publications/<slug>", endpoint="publications")
@public
def newest(slug: str) -> Any:
    """The publication in force; the retraction if nothing is since."""
    try:
        found = publications.get_public(session(), slug)
    except publications.Retracted as error:
        return _retracted(slug, error.by.number, error.by)
    return _answer(slug, found)


@bp.get("/api/v1/publications/<slug>/<int(max=2147483647):number>")
@public
def publication(slug: str, number: int) -> Any:
    """One publication by its number, also after another took its place."""
    return _answer(slug, publications.get_public(session(), slug, number))


@bp.get("/api/v1/publications/<slug>/<int(max=2147483647):number>/standings.csv")
@public
def standings(slug: str, number: int) -> Any:
    """The standings of a publication, for a spreadsheet."""
    found = publications.get_public(session(), slug, number)
    if (taken_back := publications.retraction(session(), slug, number)) is not None:
        return _retracted(slug, number, taken_back)
    response = Response(exports.standings(found.snapshot), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{_name("standings", slug, found)}.csv"'
    return _cached(response, found, "csv")


@bp.get("/api/v1/publications/<slug>/<int(max=2147483647):number>/scores.zip")
@public
def scores(slug: str, number: int) -> Any:
    """The scores that the tally of a publication counted, as `contest tally` reads them."""
    found = publications.get_public(session(), slug, number, whole=False)
    if (taken_back := publications.retraction(session(), slug, number)) is not None:
        return _retracted(slug, number, taken_back)
    file = publications.scores_of(found.id, found.snapshot)
    return streams.package(file.key, etag=file.sha256, name=f"{_name('scores', slug, found)}.zip", public_cache=True)


def _name(what: str, slug: str, found: publications.Public) -> str:
    """A file that lies in a folder for years still says that another took its place."""
    return f"{what}-{slug}-{found.number}" + ("-superseded" if found.state == PublicationState.SUPERSEDED else "")


def _answer(slug: str, found: publications.Public) -> Any:
    if (taken_back := publications.retraction(session(), slug, found.number)) is not None:
        return _retracted(slug, found.number, taken_back)
    response = jsonify(
        contest=slug,
        publication=found.number,
        state=found.state,
        in_force=found.in_force,
        published_at=found.published_at.isoformat(),
        digest=found.digest,
        snapshot=found.snapshot,
    )
    return _cached(response, found, "json")


def _cached(response: Response, found: publications.Public, form: str) -> Any:
    tag = hashlib.sha256(f"{form} {found.number} {found.in_force} {found.digest}".encode()).hexdigest()[:32]
    response.set_etag(tag)
    response.headers["Cache-Control"] = "public, max-age=60"
    return response.make_conditional(request)


def _retracted(slug: str, number: int, taken_back: publications.Retraction) -> Any:
    """What was taken back is named, with the reason and the number under which it was, and no longer given out."""
    return jsonify(
        error="retracted",
        message=_("This publication was retracted."),
        reason=taken_back.reason,
        contest=slug,
        publication=number,
        retracted=taken_back.number,
        retracted_at=taken_back.at.isoformat(),
    ), 410
