"""How scores become a ranking: choosing the method of the round."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _

from contest import texts, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import again, checked, managed
from contest.errors import Conflict, Invalid
from contest.forms import scoring as forms
from contest.models import Contest
from contest.permissions import Decision, may_change_method
from contest.services import scoring
from contest.vocabulary import RoundState
from contest.web import actor, now, page, session, signed_in, writes


def _decision(contest: Contest) -> Decision:
    return may_change_method(actor(), contest, contest.round, now())


def _form(contest: Contest) -> type[Any]:
    return forms.method_form(contest, scoring.offered(contest.round), late=contest.round.state != RoundState.PLANNED)


def _beside(contest: Contest) -> dict[str, Any]:
    """What the page shows beside the form: the fields of each method, and those that rules for equal scores fit."""
    offered = scoring.offered(contest.round)
    return {
        "own": {name: forms.own_fields(name) for name in offered},
        "tying": [texts.method_name(name) for name in offered if "ties" in scoring.OFFERED[name]],
        "usual": "mean",
    }


@bp.get("/manage/<slug>/method")
@signed_in
def method(slug: str) -> Any:
    contest = managed(slug)
    form = _form(contest)(formdata=None, data=forms.stored(contest))
    return page("manage/method.html", contest=contest, form=form, decision=_decision(contest), **_beside(contest))


@bp.post("/manage/<slug>/method")
@signed_in
@writes
def do_method(slug: str) -> Any:
    contest = managed(slug)
    form = _form(contest)()
    beside = _beside(contest)
    try:
        checked(form)
        scoring.set_method(
            session(),
            actor(),
            slug,
            method=form.method.data,
            options=form.chosen(),
            reason=form.reason.data if "reason" in form else None,
            version=form.version.data,
        )
    except (Invalid, Conflict) as error:
        return again("manage/method.html", slug, form, error, stored=forms.stored, decision=_decision, **beside)
    web.flash_said(_("The method is saved."))
    return redirect(url_for(".rubric", slug=slug))
