"""What judges told the app team of entries, and the answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import managed
from contest.errors import Invalid
from contest.forms.judging import Answer
from contest.services import flags as told
from contest.services.listing import read
from contest.web import actor, now, page, session, signed_in, writes


@bp.get("/manage/<slug>/flags")
@signed_in
def flags(slug: str) -> Any:
    contest = managed(slug)
    listing = read(request.args, sorts=("at",), filters={"show": told.SHOWS}, per=told.PAGE)
    listing, rows = told.listed(session(), contest, listing)
    may_answer = told.may_answer(actor(), contest, now())
    return page("manage/flags.html", contest=contest, listing=listing, rows=rows, may_answer=may_answer)


@bp.get("/manage/<slug>/flags/<uuid:flag_id>")
@signed_in
def flag(slug: str, flag_id: UUID) -> Any:
    """One message, with the form for its answer."""
    return _flag(slug, flag_id, Answer())


def _flag(slug: str, flag_id: UUID, form: Answer, status: int = 200) -> Any:
    contest = managed(slug)
    row = told.get_flag(session(), contest, flag_id)
    may_answer = told.may_answer(actor(), contest, now())
    return page("manage/flag.html", status, contest=contest, row=row, form=form, may_answer=may_answer)


@bp.post("/manage/<slug>/flags/<uuid:flag_id>")
@signed_in
@writes
def answer_flag(slug: str, flag_id: UUID) -> Any:
    form = Answer()
    try:
        mails = told.answer(session(), actor(), slug, flag_id, form.answer.data or "")
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _flag(slug, flag_id, form, 422)
    web.flash_said(_("The answer is sent. The judge gets a mail.") if mails else _("The answer is kept."))
    return redirect(url_for(".flags", slug=slug))
