"""Who judges what: the draw, the matrix of entries and judges, and single changes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest import texts, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import NUMBER, managed, show, told
from contest.blueprints.manage.overview import draw_seed
from contest.errors import Invalid
from contest.received import uuid_or_404
from contest.services import admissions, assignment
from contest.services import progress as reports
from contest.services.listing import read
from contest.web import actor, now, session, signed_in, writes


def _page(slug: str, status: int = 200, problems: list[str] | None = None) -> Any:
    contest = managed(slug)
    short_total, short = assignment.short_entries(session(), contest)
    judges = reports.judges(session(), contest)
    rows_list, entries = reports.entries(
        session(), contest, read(request.args, sorts=reports.ENTRY_SORTS, default="number")
    )
    judges_list, shown = reports.arrange_judges(
        judges, contest, read(request.args, sorts=("name", "assigned", "recused"), name="judges"), now()
    )
    heads = {
        "number": _("Entry"),
        "title": _("Title"),
        "assigned": _("Judges"),
        "submitted": _("Scored"),
    }
    judge_heads = {"name": _("Judge"), "assigned": _("Entries"), "recused": _("Stepped back")}
    return show(
        "manage/assignments.html",
        status,
        parts={"rows": lambda: told(rows_list, heads), "beside": lambda: told(judges_list, judge_heads)},
        contest=contest,
        problems=problems or [],
        counts=reports.count(session(), contest),
        heads=heads,
        judge_heads=judge_heads,
        all_judges=judges,
        judges=shown,
        judges_list=judges_list.with_beside(rows_list),
        entries=entries,
        listing=rows_list.with_beside(judges_list),
        short=short,
        short_total=short_total,
        at=now(),
    )


@bp.get("/manage/<slug>/assignments")
@signed_in
def assignments(slug: str) -> Any:
    return _page(slug)


@bp.post("/manage/<slug>/assignments")
@signed_in
@writes
def draw(slug: str) -> Any:
    """Assign by lot what is missing; nobody chooses the pairs, nor the seed."""
    try:
        drawn = assignment.assign_balanced(session(), actor(), slug, seed=draw_seed(slug))
    except Invalid as error:
        web.keep_and_roll_back()
        return _page(slug, 422, [texts.field_error(code, error.facts) for code in error.problems.values()])
    web.flash_said(
        ngettext("One assignment is made.", "%(num)d assignments are made.", drawn.made)
        if drawn.made
        else _("Nothing could be added.")
        if drawn.short
        else _("Nothing was missing.")
    )
    return redirect(url_for(".assignments", slug=slug))


@bp.post(f"/manage/<slug>/entries/{NUMBER}/judges")
@signed_in
@writes
def assign(slug: str, number: int) -> Any:
    entry = admissions.detail(session(), managed(slug), number).entry
    try:
        assignment.assign_one(
            session(), actor(), slug, entry_id=entry.id, judge_id=uuid_or_404(request.form.get("judge_id", ""))
        )
    except Invalid as error:
        # The list offers no such judge; one who stepped back since it was shown gets here.
        web.keep_and_roll_back()
        web.flash_said(" ".join(texts.field_error(code, error.facts) for code in error.problems.values()))
        return redirect(url_for(".entry", slug=slug, number=number))
    web.flash_said(_("The judge has this entry now."))
    return redirect(url_for(".entry", slug=slug, number=number))


@bp.post("/manage/<slug>/assignments/<uuid:assignment_id>/remove")
@signed_in
@writes
def unassign(slug: str, assignment_id: UUID) -> Any:
    removed = assignment.remove_one(session(), actor(), slug, assignment_id)
    web.flash_said(_("The assignment is taken back."))
    return redirect(url_for(".entry", slug=slug, number=removed.entry.number))
