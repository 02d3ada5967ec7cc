"""What the organiser's views share: loading a contest, lists, and showing a refused form again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import ngettext

from contest import web
from contest.errors import Conflict, Invalid
from contest.forms.kit import Form
from contest.models import Contest
from contest.services import contests
from contest.services.checklist import percent
from contest.services.listing import Listing
from contest.web import actor, page, session

#: Numbers in addresses stay within what the database can hold.
NUMBER = "<int(max=2147483647):number>"


def managed(slug: str) -> Contest:
    """The contest of an organiser's page. Raises NotFound for everybody outside its app team."""
    return contests.get_managed(session(), actor(), slug)


def wanted_part() -> str:
    """The name of the list that a script asked for alone, or "" where a whole page is wanted."""
    if request.headers.get("HX-Request") != "true":
        return ""
    return request.headers.get("HX-Target", "").rpartition("#")[2]


def show(template: str, status: int = 200, /, *, parts: Mapping[str, Callable[[], str]], **values: Any) -> Response:
    """A page with lists; or one list alone, with what is said of it, if a script asked for it.

    `parts` name the lists as the template's blocks and regions do; each tells the sentence for the status region.
    """
    wanted = wanted_part()
    part = wanted if wanted in parts and status == 200 else ""
    response = page(template, status, part=part, sentence=parts[part]() if part else "", **values)
    response.vary.add("HX-Request")
    return response


def told(listing: Listing, heads: Mapping[str, Any]) -> str:
    """What a list shows now, in a sentence or three: found, order, page."""
    said = []
    if listing.narrowed:
        said.append(ngettext("%(num)d row found.", "%(num)d rows found.", listing.total))
    order = heads[listing.sort]
    said.append(
        _("Sorted by %(column)s, from last to first.", column=order)
        if listing.descending
        else _("Sorted by %(column)s.", column=order)
    )
    if listing.pages > 1:
        said.append(_("Page %(page)s of %(pages)s.", page=listing.page, pages=listing.pages))
    return ("" if web.locale() == "ja" else " ").join(said)


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
