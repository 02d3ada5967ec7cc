"""Previews that did not come out well, and trying them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest import i18n, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed, show, told
from contest.services import failures
from contest.services.listing import read
from contest.web import actor, session, signed_in, writes


@bp.get("/manage/<slug>/previews")
@signed_in
def previews(slug: str) -> Any:
    contest = managed(slug)
    heads = {
        "number": _("Entry"),
        "name": _("File"),
        "size": _("Size"),
        "accepted": _("Arrived, %(city)s time", city=i18n.city(contest.zone, web.locale())),
    }
    listing, rows = failures.listed(
        session(),
        contest,
        read(request.args, sorts=failures.SORTS, default="-accepted", filters={"verdict": failures.VERDICTS}),
    )
    return show(
        "manage/previews.html",
        parts={"rows": lambda: told(listing, heads)},
        contest=contest,
        heads=heads,
        listing=listing,
        files=rows,
        failed=session().scalar(failures.counting(contest.id)),
        making=session().scalar(failures.making(contest.id)),
        most=failures.MOST_AGAIN,
    )


@bp.post("/manage/<slug>/previews/<uuid:file_id>/again")
@signed_in
@writes
def retry_preview(slug: str, file_id: UUID) -> Any:
    failures.retry(session(), actor(), slug, file_id)
    web.flash_said(_("The preview is made again. Look here in a minute."))
    return _back(slug)


@bp.post("/manage/<slug>/previews/again")
@signed_in
@writes
def retry_previews(slug: str) -> Any:
    made = failures.retry_all(session(), actor(), slug)
    web.flash_said(
        ngettext("The preview of %(num)d file is made again.", "The previews of %(num)d files are made again.", made)
        if made
        else _("There is nothing to try again.")
    )
    return _back(slug)


def _back(slug: str) -> Any:
    """The list as it was narrowed when the button was pressed."""
    shown = read(request.args, sorts=failures.SORTS, default="-accepted", filters={"verdict": failures.VERDICTS})
    query: Mapping[str, Any] = shown.query(page=shown.page)
    return redirect(url_for(".previews", slug=slug, **query))
