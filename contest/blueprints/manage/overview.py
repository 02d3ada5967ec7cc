"""One contest at a glance: its checklist, its phase, the next thing to do; announcing it, and calling it off."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import checked, managed
from contest.errors import Denied, Invalid
from contest.forms import contests as forms
from contest.forms.kit import read_texts
from contest.permissions import may_cancel
from contest.services import assignment, cancelling, contests, progress
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


@bp.get("/manage/<slug>/cancel")
@signed_in
def cancel(slug: str) -> Any:
    """Ask once more: who is called off cannot go on, and who they are is proven before a word is typed."""
    found = managed(slug)
    decision = may_cancel(actor(), found, now())
    if decision.reason == "cancelled":
        return redirect(url_for(".contest", slug=slug))
    if decision.reason == "fresh_sign_in_needed":
        cookie["next"] = request.path
        return redirect(url_for("auth.confirm"))
    decision.require()
    return _cancel_page(slug, forms.Cancel())


def _cancel_page(slug: str, form: forms.Cancel, status: int = 200, *, stale: bool = False) -> Any:
    """`stale`: the proof of identity grew old while the reason was written."""
    found = managed(slug)
    affected = cancelling.affected(session(), found)
    return page("manage/cancel.html", status, contest=found, form=form, affected=affected, stale=stale)


@bp.post("/manage/<slug>/cancel")
@signed_in
@writes
def do_cancel(slug: str) -> Any:
    form = forms.Cancel()
    try:
        checked(form)
        cancelling.cancel(session(), actor(), slug, reason=read_texts(form, "reason"), sure=form.sure.data)
    except Denied as error:
        if error.reason != "fresh_sign_in_needed":
            raise
        web.keep_and_roll_back()
        # What was typed is not thrown away: identity is proven in another tab.
        cookie["next"] = url_for(".contest", slug=slug)
        return _cancel_page(slug, form, 422, stale=True)
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _cancel_page(slug, form, 422)
    web.flash_said(_("The contest is called off. Everyone who has a part in it gets a mail."))
    return redirect(url_for(".contest", slug=slug))
