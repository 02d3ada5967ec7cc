"""What the organiser's views share: loading a contest, and showing a refused form again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _

from contest import web
from contest.errors import Conflict, Invalid
from contest.forms.kit import Form
from contest.models import Contest
from contest.services import contests
from contest.services.checklist import percent
from contest.web import actor, page, session

#: Numbers in addresses stay within what the database can hold.
NUMBER = "<int(max=2147483647):number>"


def managed(slug: str) -> Contest:
    """The contest of an organiser's page. Raises NotFound for everybody outside its app team."""
    return contests.get_managed(session(), actor(), slug)


def page_number() -> int:
    """The wanted page of a list, from 1."""
    return min(max(request.args.get("page", 1, type=int), 1), 100_000)


def checked(form: Form) -> Any:
    """The form, if its fields are well formed. Raises Invalid, with the sentences on the fields already."""
    if not form.validate():
        raise Invalid({})
    return form


def again(
    template: str,
    slug: str,
    form: Any,
    error: Invalid | Conflict,
    *,
    stored: Callable[[Contest], Mapping[str, Any]] | None = None,
    **values: Any,
) -> Any:
    """The page of a refused form with what was typed: 422, or 409 with what another has stored meanwhile."""
    web.keep_and_roll_back()
    contest = managed(slug)
    made = {name: value(contest) if callable(value) else value for name, value in values.items()}
    if isinstance(error, Invalid):
        form.refuse(error)
        return page(template, 422, contest=contest, form=form, **made)
    form.version.raw_data, form.version.data = None, contest.version
    meanwhile = _differences(form, stored(contest) if stored else {})
    return page(template, 409, contest=contest, form=form, stale=True, meanwhile=meanwhile, **made)


def _differences(form: Any, stored: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, stored value) of the fields in which the form differs from what is stored now."""
    return [
        (str(field.label.text), _told(field, stored[field.name]))
        for field in form
        if field.name in stored and field.data != stored[field.name]
    ]


def _told(field: Any, value: Any) -> str:
    if value is None or value == "":
        return str(_("nothing"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(str(part).upper() for part in value)
    return f"{percent(value)} %" if field.type == "PercentField" else str(value)
