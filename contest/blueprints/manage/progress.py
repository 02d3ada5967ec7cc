"""Progress of judging, and opening, closing and reopening the round."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed, page_number
from contest.permissions import may_close_round, may_open_round
from contest.services import judging
from contest.services import progress as reports
from contest.web import actor, now, page, session, signed_in, writes


@bp.get("/manage/<slug>/progress")
@signed_in
def progress(slug: str) -> Any:
    contest = managed(slug)
    counts = reports.count(session(), contest)
    return page(
        "manage/progress.html",
        contest=contest,
        counts=counts,
        judges=reports.judges(session(), contest),
        entries=reports.entries(session(), contest, page_number()),
        bars=reports.bars(contest, counts),
        number=page_number(),
        page_size=reports.PAGE,
        at=now(),
        may_open=may_open_round(actor(), contest, contest.round, now()),
        may_close=may_close_round(actor(), contest, contest.round),
    )


@bp.post("/manage/<slug>/judging/open")
@signed_in
@writes
def open_judging(slug: str) -> Any:
    judging.open_round(session(), actor(), slug)
    web.flash_said(_("Judging is open. Each judge gets a mail."))
    return redirect(url_for(".progress", slug=slug))


@bp.post("/manage/<slug>/judging/close")
@signed_in
@writes
def close_judging(slug: str) -> Any:
    judging.close_round(session(), actor(), slug)
    web.flash_said(_("Judging has closed. The scores are being tallied."))
    return redirect(url_for(".progress", slug=slug))


@bp.post("/manage/<slug>/judging/reopen")
@signed_in
@writes
def reopen_judging(slug: str) -> Any:
    judging.reopen_round(session(), actor(), slug)
    web.flash_said(_("Judging is open again."))
    return redirect(url_for(".progress", slug=slug))
