"""One contest at a glance: its checklist, its phase, the next thing to do; and announcing it."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed
from contest.errors import Invalid
from contest.services import assignment, contests, progress
from contest.services.checklist import checklist, completeness
from contest.web import actor, now, page, session, signed_in, writes


def draw_seed(slug: str) -> str:
    """The seed of a contest's draw: nobody knows it before the draw, and nobody can choose another."""
    return web.opaque("assignment", slug, length=32)


@bp.get("/manage/<slug>")
@signed_in
def contest(slug: str) -> Any:
    found = managed(slug)
    counts = progress.count(session(), found)
    return page(
        "manage/contest.html",
        contest=found,
        # A closing in the past is something to do only until the contest is announced.
        items=checklist(found, None if found.announced_at else now()),
        counts=counts,
        step=progress.next_step(found, counts, now()),
        completeness=completeness(found),
    )


@bp.get("/manage/<slug>/announce")
@signed_in
def announce(slug: str) -> Any:
    """Ask once more: what is announced is public, and from its opening on much of it stays."""
    found = managed(slug)
    return page("manage/announce.html", contest=found, items=checklist(found, now()))


@bp.post("/manage/<slug>/announce")
@signed_in
@writes
def do_announce(slug: str) -> Any:
    try:
        contests.announce(session(), actor(), slug, seed_digest=assignment.commitment(draw_seed(slug)))
    except Invalid:
        web.keep_and_roll_back()
        found = managed(slug)
        return page("manage/announce.html", 422, contest=found, items=checklist(found, now()), refused=True)
    web.flash_said(_("The contest is announced. Everybody can see it now."))
    return redirect(url_for(".contest", slug=slug))
