"""Pages that show a click-through prototype in a frame. What runs in the frame comes from another host.

Nothing of this exists where PROTOTYPE_URL is not set.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from contest import permissions, web
from contest.errors import NotFound
from contest.services import judging, prototypes, publications
from contest.web import actor, public, session, signed_in

bp = Blueprint("prototypes", __name__)

#: Widths of the frame: a phone's, a tablet's, or all that the page has.
WIDTHS = ("wide", "tablet", "phone")


@bp.get("/prototypes/<uuid:preview_id>")
@signed_in
def entry(preview_id: UUID) -> Any:
    """For the entrant and the app team; judges and the public have addresses of their own."""
    found = prototypes.get_visible(session(), actor(), preview_id)
    owner = found.file.entry
    if permissions.owns(actor(), owner):
        back = url_for("submission.entry", slug=owner.contest.slug), _("My entry")
    else:
        number = f"{owner.number:04d}"
        back = url_for("manage.entry", slug=owner.contest.slug, number=number), _("Entry %(number)s", number=number)
    return _page(found.key, back)


@bp.get("/judge/<slug>/<code>/prototype/<int(max=2147483647):number>")
@signed_in
def judge(slug: str, code: str, number: int) -> Any:
    """A prototype under the judge's own code: neither this address nor the frame's tells from whom it is."""
    key = prototypes.key_for_judge(session(), actor(), slug, code, number)
    back = url_for("judging.sheet", slug=slug, code=code), _("Entry %(code)s", code=code)
    return _page(key, back, head=judging.sheet(session(), actor(), slug, code).head)


@bp.get("/prototypes/<slug>/<int(max=2147483647):number>/<int(max=2147483647):award>/<int(max=2147483647):at>")
@public
def winner(slug: str, number: int, award: int, at: int) -> Any:
    """A winner's prototype, public while its publication is in force."""
    key = prototypes.key_of_winner(session(), slug, number, award, at)
    title = dict(publications.get_public(session(), slug, number, whole=False).snapshot["contest"]["title"])
    return _page(key, (url_for("results.winners_any", slug=slug), _("Winners")), title=title)


def _page(key: str, back: tuple[str, str], **values: Any) -> Any:
    settings = web.settings()
    if not settings.prototype_url:
        raise NotFound
    own = f"{settings.prototype_url}/{prototypes.seal(settings.secret_key, key, time.time())}/"
    width = request.args.get("width", "")
    response = web.page(
        "prototype.html",
        address=own,
        back=back,
        widths=WIDTHS,
        width=width if width in WIDTHS else WIDTHS[0],
        **values,
    )
    # Only what lies under this word may be in the frame: a prototype cannot lead it elsewhere.
    response.headers["Content-Security-Policy"] = web.policy(frame=own)
    return response
