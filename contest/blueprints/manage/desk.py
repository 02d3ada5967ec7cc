"""The desk of a signed-in person, creating a contest, and the caught mail of the demo."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import checked
from contest.errors import Invalid, NotFound
from contest.forms import contests as forms
from contest.forms.kit import read_texts
from contest.permissions import may_create_contest
from contest.services import contests, letters
from contest.web import actor, page, public, session, signed_in, writes


@bp.get("/desk")
@signed_in
def desk() -> Any:
    """Everything that the signed-in person works on."""
    return page(
        "manage/desk.html",
        managed=contests.managed_by(session(), actor()),
        judged=contests.judged_by(session(), actor()),
    )


@bp.get("/manage/new")
@signed_in
def create() -> Any:
    may_create_contest(actor()).require()
    return page("manage/create.html", form=forms.Create(default_locale=web.locale()))


@bp.post("/manage/new")
@signed_in
@writes
def do_create() -> Any:
    form = forms.Create()
    try:
        checked(form)
        contest = contests.create(
            session(),
            actor(),
            slug=form.slug.data,
            title=read_texts(form, "title"),
            default_locale=form.default_locale.data,
            zone=form.zone.data,
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return page("manage/create.html", 422, form=form)
    web.flash_said(_("The contest is created. Nobody but you can see it yet."))
    return redirect(url_for(".contest", slug=contest.slug))


@bp.get("/mail")
@public
def mail() -> Any:
    """Mail that was caught instead of sent; there is no such page in production."""
    if web.settings().contest_env not in ("demo", "test"):
        raise NotFound
    return page("manage/mail.html", messages=letters.caught_mail(session()))
