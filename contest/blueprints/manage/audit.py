"""The audit log of a contest, read only."""

from __future__ import annotations

from typing import Any

from flask import request

from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed
from contest.services import history
from contest.web import page, session, signed_in


@bp.get("/manage/<slug>/audit")
@signed_in
def audit(slug: str) -> Any:
    contest = managed(slug)
    group = request.args.get("group", "")
    group = group if group in history.GROUPS else ""
    before = request.args.get("before", None, type=int)
    before = None if before is None else min(max(before, 0), 2**62)
    return page(
        "manage/audit.html",
        contest=contest,
        group=group,
        groups=history.GROUPS,
        history=history.read(session(), contest, before=before, group=group),
    )
