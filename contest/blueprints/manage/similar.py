"""Entries that look alike, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.services import similar as pairs
from contest.services.listing import Listing, read
from contest.web import actor, page, session, signed_in, writes

_PER_PAGE = 20


@bp.get("/manage/<slug>/similar")
@signed_in
def similar(slug: str) -> Any:
    contest, listing, found = pairs.pairs(session(), actor(), slug, _listing())
    return page("manage/similar.html", contest=contest, listing=listing, pairs=found)


@bp.get("/manage/<slug>/similar/<uuid:pair_id>/<any(this, that):side>")
@signed_in
def similar_picture(slug: str, pair_id: UUID, side: str) -> Any:
    key = pairs.picture_key(session(), actor(), slug, pair_id, side)
    return web.picture(key, etag=web.opaque("similar", pair_id, side, key), public_cache=False)


@bp.post("/manage/<slug>/similar/<uuid:pair_id>")
@signed_in
@writes
def put_aside(slug: str, pair_id: UUID) -> Any:
    pairs.put_aside(session(), actor(), slug, pair_id)
    web.flash_said(_("The pair is put aside."))
    shown = _listing()
    query: Mapping[str, Any] = shown.query(page=shown.page)
    # Back at the same place: pairs after this one move up, so the page begins at the one that the form named.
    goes_on = request.args.get("next", type=UUID)
    return redirect(url_for(".similar", slug=slug, _anchor=f"pair-{goes_on}" if goes_on else None, **query))


def _listing() -> Listing:
    """What the address says of the list."""
    return read(request.args, sorts=("distance", "found"), filters={"seen": ("all",)}, per=_PER_PAGE)
