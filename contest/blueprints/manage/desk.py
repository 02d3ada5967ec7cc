"""The desk of a signed-in person, creating a contest, and the caught mail of the demo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _

from contest import clock, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import checked
from contest.errors import Invalid, NotFound
from contest.forms import contests as forms
from contest.forms.kit import read_texts
from contest.permissions import may_create_contest
from contest.services import contests, letters, progress
from contest.web import actor, now, page, public, session, signed_in, writes

#: A mail brings its styles along and links that open elsewhere; all else stays shut.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@bp.get("/desk")
@signed_in
def desk() -> Any:
    """Everything that the signed-in person works on."""
    managed = contests.managed_by(session(), actor())
    return page(
        "manage/desk.html",
        managed=managed,
        steps=progress.next_steps(session(), [row.id for row in managed], now()),
        judged=contests.judged_by(session(), actor()),
    )


@bp.get("/manage/new")
@signed_in
def create() -> Any:
    may_create_contest(actor()).require()
    form = forms.Create(default_locale=web.locale(), zone=clock.name_today(actor().zone))
    return page("manage/create.html", form=form)


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


def _where_mail_is_caught() -> None:
    """There are no such pages in production."""
    if web.settings().contest_env not in ("demo", "test"):
        raise NotFound


@bp.get("/mail")
@public
def mail() -> Any:
    """Mail that was caught instead of sent."""
    _where_mail_is_caught()
    number = request.args.get("page", "")
    box = letters.box(session(), int(number) if number.isdecimal() and len(number) < 6 else 1)
    return page("manage/mail.html", box=box)


@bp.get("/mail/<uuid:mail_id>")
@public
def letter(mail_id: UUID) -> Any:
    """One caught mail, as HTML and as plain text."""
    _where_mail_is_caught()
    response = page("manage/letter.html", letter=letters.get_letter(session(), mail_id))
    # The HTML of the mail is shown in a frame of its own.
    response.headers["Content-Security-Policy"] = web.policy(frame="'self'")
    return response


@bp.get("/mail/<uuid:mail_id>/html")
@public
def letter_html(mail_id: UUID) -> Any:
    """The HTML of a caught mail as a mail client gets it: nothing runs, nothing is loaded, only its own look."""
    _where_mail_is_caught()
    response = Response(letters.get_letter(session(), mail_id).html)
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    return response
