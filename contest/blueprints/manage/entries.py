"""Entries as the organiser sees them, and taking one out of the contest."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import NUMBER, checked, managed, page_number
from contest.errors import Invalid
from contest.forms.contests import Disqualify
from contest.services import admissions, assignment
from contest.vocabulary import EntryState
from contest.web import actor, page, session, signed_in, writes


@bp.get("/manage/<slug>/entries")
@signed_in
def entries(slug: str) -> Any:
    contest = managed(slug)
    state = request.args.get("state", "")
    state = state if state in list(EntryState) else ""
    states = admissions.states(session(), contest)
    return page(
        "manage/entries.html",
        contest=contest,
        state=state,
        states=states,
        total=states.get(state, 0) if state else sum(states.values()),
        number=page_number(),
        page_size=admissions.PAGE,
        entries=admissions.listed(session(), contest, state=state, page=page_number()),
    )


def _entry(slug: str, number: int, form: Disqualify, status: int = 200) -> Any:
    contest = managed(slug)
    detail = admissions.detail(session(), contest, number)
    return page(
        "manage/entry.html",
        status,
        contest=contest,
        detail=detail,
        form=form,
        judges=assignment.judges_of_entry(session(), contest, detail.entry.id),
        free=assignment.free_judges(session(), contest, detail.entry.id),
    )


@bp.get(f"/manage/<slug>/entries/{NUMBER}")
@signed_in
def entry(slug: str, number: int) -> Any:
    return _entry(slug, number, Disqualify())


@bp.post(f"/manage/<slug>/entries/{NUMBER}/disqualify")
@signed_in
@writes
def disqualify(slug: str, number: int) -> Any:
    form = Disqualify()
    try:
        checked(form)
        admissions.disqualify(session(), actor(), slug, number, reason=form.reason.data)
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _entry(slug, number, form, 422)
    web.flash_said(_("The entry is out of the contest. You can take it back in."))
    return redirect(url_for(".entry", slug=slug, number=number))


@bp.post(f"/manage/<slug>/entries/{NUMBER}/reinstate")
@signed_in
@writes
def reinstate(slug: str, number: int) -> Any:
    admissions.reinstate(session(), actor(), slug, number)
    web.flash_said(_("The entry is in the contest again."))
    return redirect(url_for(".entry", slug=slug, number=number))
