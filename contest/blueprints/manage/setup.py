"""Writing a contest: texts, dates, terms, categories, deliverables and prizes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import clock, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import again, checked, managed
from contest.errors import Conflict, Denied, Invalid
from contest.forms import contests as forms
from contest.forms.kit import fill_texts, read_texts, zones
from contest.models import Contest
from contest.permissions import may_change_structure
from contest.services import contests, setup
from contest.texts import denial
from contest.web import actor, now, page, session, signed_in, writes


def _saved() -> None:
    web.flash_said(_("Saved."))


# Texts, dates and terms ---------------------------------------------------------------------------


def _texts_data(contest: Contest) -> dict[str, Any]:
    return {
        **fill_texts("title", contest.title),
        **fill_texts("summary", contest.summary),
        **fill_texts("brief", contest.brief),
        **fill_texts("host", contest.host),
        "contact": contest.contact,
    }


@bp.get("/manage/<slug>/texts")
@signed_in
def texts(slug: str) -> Any:
    contest = managed(slug)
    form = forms.Texts(data={**_texts_data(contest), "version": contest.version})
    return page("manage/texts.html", contest=contest, form=form)


@bp.post("/manage/<slug>/texts")
@signed_in
@writes
def do_texts(slug: str) -> Any:
    form = forms.Texts()
    try:
        checked(form)
        contests.change_texts(
            session(),
            actor(),
            slug,
            version=form.version.data,
            contact=form.contact.data,
            **{name: read_texts(form, name) for name in ("title", "summary", "brief", "host")},
        )
    except (Invalid, Conflict) as error:
        return again("manage/texts.html", slug, form, error, stored=_texts_data)
    _saved()
    return redirect(url_for(".texts", slug=slug))


def _local(value: Any, zone: str) -> Any:
    """A stored moment as a form shows it: wall time in the contest's zone, whole seconds."""
    return value and clock.to_local(value, zone).replace(tzinfo=None, microsecond=0)


def _dates_data(contest: Contest) -> dict[str, Any]:
    return {
        "zone": contest.zone,
        "opens_at": _local(contest.opens_at, contest.zone),
        "closes_at": _local(contest.closes_at, contest.zone),
        "grace_minutes": contest.grace_seconds // 60,
        "due_at": _local(contest.round.due_at, contest.zone),
        "winners_at": _local(contest.winners_at, contest.zone),
    }


def _grace_end(contest: Contest) -> datetime | None:
    return contest.closes_at and clock.grace_end(contest.closes_at, contest.grace_seconds)


def _empty(contest: Contest) -> bool:
    return contests.closed_empty(session(), contest, now())


#: The rules of moving dates that a form may break, each with the field that has to go back; "": one of several.
_DATE_RULES = {
    "opening_fixed": "opens_at",
    "deadline_only_later": "closes_at",
    "dates_fixed": "closes_at",
    "structure_fixed": "",
    "due_fixed": "due_at",
    "published_fixed": "winners_at",
}


def _dates_form(contest: Contest, data: Mapping[str, Any] | None = None) -> forms.Dates:
    form = forms.Dates(data=data)
    form.zone.choices = zones(contest.zone)
    return form


@bp.get("/manage/<slug>/dates")
@signed_in
def dates(slug: str) -> Any:
    contest = managed(slug)
    form = _dates_form(contest, {**_dates_data(contest), "version": contest.version})
    return page("manage/dates.html", contest=contest, form=form, grace_end=_grace_end(contest), empty=_empty(contest))


@bp.post("/manage/<slug>/dates")
@signed_in
@writes
def do_dates(slug: str) -> Any:
    form = _dates_form(managed(slug))
    try:
        checked(form)
        contests.change_dates(
            session(),
            actor(),
            slug,
            version=form.version.data,
            zone=form.zone.data,
            opens_at=form.opens_at.data,
            closes_at=form.closes_at.data,
            grace_minutes=form.grace_minutes.data,
            due_at=form.due_at.data,
            winners_at=form.winners_at.data,
        )
    except Denied as error:
        if error.reason not in _DATE_RULES:
            raise
        sentence = denial(error.reason, error.facts, zone=form.zone.data, locale=web.locale())
        if name := _DATE_RULES[error.reason]:
            form[name].errors = [*form[name].errors, sentence]
        else:
            form.form_errors.append(sentence)
        return again("manage/dates.html", slug, form, Invalid({}), grace_end=_grace_end, empty=_empty)
    except (Invalid, Conflict) as error:
        return again("manage/dates.html", slug, form, error, stored=_dates_data, grace_end=_grace_end, empty=_empty)
    _saved()
    return redirect(url_for(".dates", slug=slug))


def _terms_data(contest: Contest) -> dict[str, Any]:
    return fill_texts("text", contest.terms[-1].text if contest.terms else None)


@bp.get("/manage/<slug>/terms")
@signed_in
def terms(slug: str) -> Any:
    contest = managed(slug)
    form = forms.Terms(data={**_terms_data(contest), "version": contest.version})
    return page("manage/terms.html", contest=contest, form=form)


@bp.post("/manage/<slug>/terms")
@signed_in
@writes
def do_terms(slug: str) -> Any:
    form = forms.Terms()
    try:
        checked(form)
        contests.change_terms(session(), actor(), slug, version=form.version.data, text=read_texts(form, "text"))
    except (Invalid, Conflict) as error:
        return again("manage/terms.html", slug, form, error, stored=_terms_data)
    _saved()
    return redirect(url_for(".terms", slug=slug))


# Lists: categories, deliverables, prizes ----------------------------------------------------------


def _list(slug: str, part: str) -> Any:
    contest = managed(slug)
    may = may_change_structure(actor(), contest, now())
    return page("manage/list.html", contest=contest, part=part, things=setup.things(contest, part), decision=may)


@bp.get("/manage/<slug>/categories")
@signed_in
def categories(slug: str) -> Any:
    return _list(slug, "categories")


@bp.get("/manage/<slug>/deliverables")
@signed_in
def deliverables(slug: str) -> Any:
    return _list(slug, "deliverables")


@bp.get("/manage/<slug>/prizes")
@signed_in
def prizes(slug: str) -> Any:
    return _list(slug, "prizes")


_FORMS = {"categories": forms.Category, "deliverables": forms.Deliverable, "prizes": forms.Prize}


def _thing_data(part: str, thing: Any) -> dict[str, Any]:
    """What a form of the part shows of a stored thing."""
    names = fill_texts("name", thing.name)
    if part == "categories":
        return dict(names)
    if part == "prizes":
        return {**names, **fill_texts("amount", thing.amount), "quantity": thing.quantity}
    return {
        **names,
        **fill_texts("hint", thing.hint),
        "required": thing.required,
        "kinds": list(thing.kinds),
        "max_megabytes": -(-thing.max_bytes // 1_000_000),
        "max_files": thing.max_files,
    }


_NEW: dict[str, dict[str, Any]] = {
    "categories": {},
    "prizes": {"quantity": 1},
    "deliverables": {"required": True, "kinds": ["png"], "max_megabytes": 20, "max_files": 1},
}


def _decision(contest: Contest) -> Any:
    return may_change_structure(actor(), contest, now())


@bp.get("/manage/<slug>/<any(categories,deliverables,prizes):part>/new")
@signed_in
def new_thing(slug: str, part: str) -> Any:
    contest = managed(slug)
    form = _FORMS[part](data={**_NEW[part], "version": contest.version})
    return page("manage/thing.html", contest=contest, part=part, thing=None, form=form, decision=_decision(contest))


@bp.get("/manage/<slug>/<any(categories,deliverables,prizes):part>/<uuid:item_id>")
@signed_in
def thing(slug: str, part: str, item_id: UUID) -> Any:
    contest = managed(slug)
    found = setup.get(contest, part, item_id)
    form = _FORMS[part](data={**_thing_data(part, found), "version": contest.version})
    return page("manage/thing.html", contest=contest, part=part, thing=found, form=form, decision=_decision(contest))


@bp.post("/manage/<slug>/<any(categories,deliverables,prizes):part>/new")
@signed_in
@writes
def add_thing(slug: str, part: str) -> Any:
    return _save(slug, part, None)


@bp.post("/manage/<slug>/<any(categories,deliverables,prizes):part>/<uuid:item_id>")
@signed_in
@writes
def change_thing(slug: str, part: str, item_id: UUID) -> Any:
    return _save(slug, part, item_id)


def _save(slug: str, part: str, item_id: UUID | None) -> Any:
    form: Any = _FORMS[part]()
    common: dict[str, Any] = {}
    try:
        checked(form)
        # A new thing overwrites nobody's words, so that an older form may add it.
        common = {"version": form.version.data if item_id else None, "name": read_texts(form, "name")}
        if part == "categories":
            setup.save_category(session(), actor(), slug, item_id, **common)
        elif part == "prizes":
            setup.save_prize(
                session(),
                actor(),
                slug,
                item_id,
                amount=read_texts(form, "amount"),
                quantity=form.quantity.data,
                **common,
            )
        else:
            setup.save_deliverable(
                session(),
                actor(),
                slug,
                item_id,
                hint=read_texts(form, "hint"),
                required=form.required.data,
                kinds=form.kinds.data or [],
                max_bytes=form.max_megabytes.data * 1_000_000,
                max_files=form.max_files.data,
                **common,
            )
    except (Invalid, Conflict) as error:

        def stored(contest: Contest) -> dict[str, Any]:
            return _thing_data(part, setup.get(contest, part, item_id)) if item_id else {}

        return again(
            "manage/thing.html",
            slug,
            form,
            error,
            stored=stored,
            part=part,
            decision=_decision,
            thing=lambda contest: setup.get(contest, part, item_id) if item_id else None,
        )
    _saved()
    return redirect(url_for(f".{part}", slug=slug))


@bp.post("/manage/<slug>/<any(categories,deliverables,prizes,rubric):part>/<uuid:item_id>/move")
@signed_in
@writes
def move(slug: str, part: str, item_id: UUID) -> Any:
    setup.move(session(), actor(), slug, part, item_id, up=request.form.get("direction") == "up")
    return redirect(url_for(f".{part}", slug=slug))


@bp.post("/manage/<slug>/<any(categories,deliverables,prizes,rubric):part>/<uuid:item_id>/remove")
@signed_in
@writes
def remove(slug: str, part: str, item_id: UUID) -> Any:
    setup.remove(session(), actor(), slug, part, item_id)
    web.flash_said(_("Removed."))
    return redirect(url_for(f".{part}", slug=slug))
