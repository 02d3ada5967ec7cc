"""Progress of judging, and opening, closing and reopening the round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest import texts, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed, show, told, wanted_part
from contest.errors import Denied, NotFound
from contest.permissions import may_close_round, may_open_round, may_organise
from contest.services import judging, reminders, rounds
from contest.services import progress as reports
from contest.services.listing import read
from contest.vocabulary import RoundState
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
    unfinished = reports.unfinished(judges, contest) if may_organise(actor(), contest) else []
    reminded = reminders.last_reminded(session(), contest, now()) if unfinished else {}
    stage = f"{contest.round.state}-{10 * counts.submitted // max(counts.assigned, 1)}"
    seen = f"{stage}.{web.opaque(counts, [tuple(judge) for judge in judges], standing.silent, reminded)}"
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
        unfinished=unfinished,
        reminded=reminded,
        remindable=sum(judge.account_id not in reminded for judge in unfinished),
        judges_list=judges_list.with_beside(rows_list),
        entries=entries,
        listing=rows_list.with_beside(judges_list),
        bars=reports.bars(contest, counts),
        at=now(),
        may_open=may_open_round(actor(), contest, contest.round, now()),
        may_close=may_close_round(actor(), contest, contest.round),
        may_reopen=rounds.may_reopen(session(), actor(), contest, contest.round),
    )


@bp.post("/manage/<slug>/judging/open")
@signed_in
@writes
def open_judging(slug: str) -> Any:
    return _turned(slug, judging.open_round, RoundState.OPEN, _("Judging is open. Each judge gets a mail."))


@bp.post("/manage/<slug>/judging/close")
@signed_in
@writes
def close_judging(slug: str) -> Any:
    said = _("Judging has closed. The scores are being tallied.")
    return _turned(slug, judging.close_round, RoundState.CLOSED, said)


def _turned(slug: str, act: Callable[..., Any], goal: RoundState, said: str) -> Any:
    """Open or close judging. Where a colleague was first, what was wanted is so, and is said."""
    try:
        act(session(), actor(), slug)
    except Denied:
        web.keep_and_roll_back()
        contest = managed(slug)
        if contest.round.state != goal or not may_organise(actor(), contest):
            raise
        said = _("Nothing changed: somebody else has done this already.")
    web.flash_said(said)
    return redirect(url_for(".progress", slug=slug))


@bp.post("/manage/<slug>/judging/reopen")
@signed_in
@writes
def reopen_judging(slug: str) -> Any:
    judging.reopen_round(session(), actor(), slug)
    web.flash_said(_("Judging is open again."))
    return redirect(url_for(".progress", slug=slug))


@bp.post("/manage/<slug>/judging/remind")
@signed_in
@writes
def remind(slug: str) -> Any:
    """Remind one judge, or everybody who has something left."""
    try:
        judge_id = UUID(wanted) if (wanted := request.form.get("judge", "")) else None
    except ValueError:
        raise NotFound from None
    many = reminders.remind(session(), actor(), slug, judge_id)
    web.flash_said(
        ngettext("%(num)d judge gets a mail.", "%(num)d judges get a mail.", many)
        if many
        else _("Nobody was left to remind: each was reminded within a day or has finished.")
    )
    return redirect(url_for(".progress", slug=slug))
