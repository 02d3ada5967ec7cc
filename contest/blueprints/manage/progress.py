"""Progress of judging, and opening, closing and reopening the round."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import texts, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed, show, told, wanted_part
from contest.permissions import may_close_round, may_open_round
from contest.services import judging
from contest.services import progress as reports
from contest.services.listing import read
from contest.web import actor, now, session, signed_in, writes


@bp.get("/manage/<slug>/progress")
@signed_in
def progress(slug: str) -> Any:
    contest = managed(slug)
    counts = reports.count(session(), contest)
    judges = reports.judges(session(), contest)
    judges_list, shown = reports.arrange_judges(
        judges, contest, read(request.args, sorts=reports.JUDGE_SORTS, name="judges"), now()
    )
    rows_list, entries = reports.entries(session(), contest, read(request.args, sorts=reports.ENTRY_SORTS))
    heads = {"number": _("Entry"), "title": _("Title"), "assigned": _("Judges"), "submitted": _("Scored")}
    judge_heads = {
        "name": _("Judge"),
        "judged": _("Judged"),
        "recused": _("Stepped back"),
        "typical": _("Typical time"),
        "last": _("Last saved"),
        "state": _("State"),
        "assigned": _("Entries"),
        "drafts": _("Drafts"),
    }
    standing = reports.standing(judges, contest, counts, now())
    stage = f"{contest.round.state}-{10 * counts.submitted // max(counts.assigned, 1)}"
    seen = f"{stage}.{web.opaque(counts, [tuple(judge) for judge in judges], standing.silent)}"
    asked = request.args.get("seen", "")
    if wanted_part() == "live" and asked == seen:
        return "", 204

    def news() -> str:
        """What a list shows; but of a page that looks for itself only what has changed by much."""
        if not asked:
            return told(judges_list, judge_heads)
        return "" if asked.partition(".")[0] == stage else texts.cards_in(counts)

    return show(
        "manage/progress.html",
        parts={"rows": lambda: told(rows_list, heads), "live": news},
        contest=contest,
        counts=counts,
        standing=standing,
        seen=seen,
        state_of=reports.state_of,
        heads=heads,
        judge_heads=judge_heads,
        all_judges=judges,
        judges=shown,
        judges_list=judges_list.with_beside(rows_list),
        entries=entries,
        listing=rows_list.with_beside(judges_list),
        bars=reports.bars(contest, counts),
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
