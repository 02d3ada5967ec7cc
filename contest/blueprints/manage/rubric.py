"""The rubric: all criteria with their weights, and one criterion a page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import again, checked, managed
from contest.errors import Conflict, Invalid
from contest.forms import contests as forms
from contest.forms.kit import fill_texts, read_texts
from contest.models import Contest
from contest.permissions import may_change_rubric
from contest.services import rubric as rubrics
from contest.services import setup
from contest.services.checklist import WHOLE
from contest.web import actor, page, session, signed_in, writes


def _decision(contest: Contest) -> Any:
    return may_change_rubric(actor(), contest, contest.round)


def _weights_data(contest: Contest) -> dict[str, Any]:
    return {f"weight_{criterion.id.hex}": criterion.weight for criterion in contest.round.criteria}


def _judges_form(contest: Contest) -> forms.JudgesPerEntry:
    """Filled from what is stored, never from the other form of the page."""
    return forms.JudgesPerEntry(
        formdata=None, data={"judges_per_entry": contest.round.judges_per_entry, "version": contest.version}
    )


def _weights_form(contest: Contest) -> Any:
    return forms.weights_form(contest.round.criteria)(
        formdata=None, data={**_weights_data(contest), "version": contest.version}
    )


@bp.get("/manage/<slug>/rubric")
@signed_in
def rubric(slug: str) -> Any:
    contest = managed(slug)
    return page(
        "manage/rubric.html",
        contest=contest,
        decision=_decision(contest),
        form=_weights_form(contest),
        judges_form=_judges_form(contest),
    )


@bp.post("/manage/<slug>/rubric/weights")
@signed_in
@writes
def do_weights(slug: str) -> Any:
    criteria = managed(slug).round.criteria
    form: Any = forms.weights_form(criteria)()
    try:
        checked(form)
        weights = {criterion.id: form[f"weight_{criterion.id.hex}"].data for criterion in criteria}
        rubrics.set_weights(session(), actor(), slug, weights, version=form.version.data)
    except (Invalid, Conflict) as error:
        return again(
            "manage/rubric.html", slug, form, error, stored=_weights_data, decision=_decision, judges_form=_judges_form
        )
    web.flash_said(_("The weights are saved."))
    return redirect(url_for(".rubric", slug=slug))


@bp.post("/manage/<slug>/rubric/judges")
@signed_in
@writes
def do_judges_per_entry(slug: str) -> Any:
    judges_form = forms.JudgesPerEntry()
    try:
        checked(judges_form)
        rubrics.set_judges_per_entry(
            session(), actor(), slug, judges_form.judges_per_entry.data, version=judges_form.version.data
        )
    except (Invalid, Conflict) as error:
        web.keep_and_roll_back()
        contest = managed(slug)
        return _judges_again(contest, judges_form, error)
    web.flash_said(_("Saved."))
    return redirect(url_for(".rubric", slug=slug))


def _judges_again(contest: Contest, form: Any, error: Invalid | Conflict) -> Any:
    """The rubric's page with the refused number of judges."""
    shown: dict[str, Any] = {"decision": _decision(contest), "form": _weights_form(contest), "judges_form": form}
    if isinstance(error, Invalid):
        form.refuse(error)
        return page("manage/rubric.html", 422, contest=contest, **shown)
    form.version.raw_data, form.version.data = None, contest.version
    stored = [(form.judges_per_entry.label.text, str(contest.round.judges_per_entry))]
    return page("manage/rubric.html", 409, contest=contest, judges_stale=True, judges_meanwhile=stored, **shown)


# One criterion ------------------------------------------------------------------------------------


def _criterion_data(criterion: Any) -> dict[str, Any]:
    levels: dict[str, Any] = {}
    for number, level in enumerate(criterion.levels, 1):
        levels.update(fill_texts(f"level_{number}", level))
    return {
        **fill_texts("name", criterion.name),
        **fill_texts("question", criterion.question),
        "weight": criterion.weight,
        "points": criterion.points,
        **levels,
    }


@bp.get("/manage/<slug>/rubric/new")
@signed_in
def new_criterion(slug: str) -> Any:
    contest = managed(slug)
    form = forms.Criterion(data={"points": 5, "weight": _left(contest), "version": contest.version})
    return page("manage/criterion.html", contest=contest, thing=None, form=form, decision=_decision(contest))


def _left(contest: Contest) -> int | None:
    """The weight that the criteria leave to a new one, in thousandths."""
    return max(WHOLE - sum(criterion.weight for criterion in contest.round.criteria), 0) or None


@bp.get("/manage/<slug>/rubric/<uuid:criterion_id>")
@signed_in
def criterion(slug: str, criterion_id: UUID) -> Any:
    contest = managed(slug)
    found = setup.get(contest, "rubric", criterion_id)
    form = forms.Criterion(data={**_criterion_data(found), "version": contest.version})
    return page("manage/criterion.html", contest=contest, thing=found, form=form, decision=_decision(contest))


@bp.post("/manage/<slug>/rubric/new")
@signed_in
@writes
def add_criterion(slug: str) -> Any:
    return _save(slug, None)


@bp.post("/manage/<slug>/rubric/<uuid:criterion_id>")
@signed_in
@writes
def change_criterion(slug: str, criterion_id: UUID) -> Any:
    return _save(slug, criterion_id)


def _save(slug: str, criterion_id: UUID | None) -> Any:
    form: Any = forms.Criterion()
    if "set_levels" in request.form:
        return _other_levels(slug, criterion_id, form)
    try:
        checked(form)
        rubrics.save_criterion(
            session(),
            actor(),
            slug,
            criterion_id,
            name=read_texts(form, "name"),
            question=read_texts(form, "question"),
            weight=form.weight.data,
            points=form.points.data,
            # A new criterion overwrites nobody's words, so that an older form may add it.
            version=form.version.data if criterion_id else None,
            levels=[read_texts(form, f"level_{number}") for number in range(1, form.points.data + 1)],
        )
    except (Invalid, Conflict) as error:

        def find(contest: Contest) -> Any:
            return setup.get(contest, "rubric", criterion_id) if criterion_id else None

        return again(
            "manage/criterion.html",
            slug,
            form,
            error,
            decision=_decision,
            thing=find,
            stored=lambda contest: _criterion_data(find(contest)) if criterion_id else {},
        )
    web.flash_said(_("Saved."))
    return redirect(url_for(".rubric", slug=slug))


def _other_levels(slug: str, criterion_id: UUID | None, form: Any) -> Any:
    """Show the form with another number of levels and all that was typed; nothing is saved."""
    contest = managed(slug)
    found = setup.get(contest, "rubric", criterion_id) if criterion_id else None
    wrong = not form.points.validate(form)
    return page(
        "manage/criterion.html",
        422 if wrong else 200,
        contest=contest,
        thing=found,
        form=form,
        decision=_decision(contest),
    )
