"""The audit log of a contest, read only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed, show
from contest.services import history
from contest.web import session, signed_in


@bp.get("/manage/<slug>/audit")
@signed_in
def audit(slug: str) -> Any:
    contest = managed(slug)
    group = request.args.get("group", "")
    group = group if group in history.GROUPS else ""
    who = _who(request.args.get("who", ""))
    before = request.args.get("before", None, type=int)
    before = None if before is None else min(max(before, 0), 2**62)
    found = history.read(session(), contest, before=before, group=group, who=who)
    return show(
        "manage/audit.html",
        parts={"rows": lambda: _told(found)},
        contest=contest,
        group=group,
        groups=history.GROUPS,
        who=str(who),
        people=history.people(session(), contest, who),
        before=before,
        history=found,
    )


def _who(text: str) -> UUID | str:
    """An account, "system" or "others"; "" for anything else."""
    if text in ("system", "others"):
        return text
    try:
        return UUID(text)
    except ValueError:
        return ""


def _told(found: history.History) -> str:
    shown = ngettext(
        "%(num)d event shown, the newest first.", "%(num)d events shown, the newest first.", len(found.events)
    )
    return f"{shown} {_('There are older ones.')}" if found.older else shown
