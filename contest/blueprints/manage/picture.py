"""The picture of a contest: sending one, wording it, taking it off."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import again, checked, managed
from contest.errors import Conflict, Invalid
from contest.forms import pictures as forms
from contest.forms.kit import fill_texts, read_texts
from contest.models import Contest
from contest.services import covers
from contest.services.uploads import Incoming
from contest.web import actor, page, session, signed_in, writes


def _data(contest: Contest) -> dict[str, Any]:
    found = contest.picture
    return {
        **fill_texts("alt", found.alt if found else None),
        **fill_texts("caption", found.caption if found else None),
    }


@bp.get("/manage/<slug>/picture")
@signed_in
def picture(slug: str) -> Any:
    contest = managed(slug)
    form = forms.Cover(formdata=None, data={**_data(contest), "version": contest.version})
    return page("manage/picture.html", contest=contest, form=form, cover=covers.of(contest.picture))


@bp.post("/manage/<slug>/picture")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def do_picture(slug: str) -> Any:
    form = forms.Cover()
    sent = request.files.get("file")
    incoming = Incoming(sent.filename, sent.stream) if sent is not None and sent.filename else None  # type: ignore[arg-type]
    try:
        checked(form)
        covers.save(
            session(),
            actor(),
            web.storage(),
            slug,
            version=form.version.data,
            incoming=incoming,
            alt=read_texts(form, "alt"),
            caption=read_texts(form, "caption"),
        )
    except (Invalid, Conflict) as error:
        return again(
            "manage/picture.html",
            slug,
            form,
            error,
            stored=_data,
            cover=lambda contest: covers.of(contest.picture),
        )
    web.flash_said(_("The picture has arrived. We draw it now.") if incoming else _("Saved."))
    return redirect(url_for(".picture", slug=slug))


@bp.post("/manage/<slug>/picture/remove")
@signed_in
@writes
def remove_picture(slug: str) -> Any:
    covers.remove(session(), actor(), web.storage(), slug)
    web.flash_said(_("The picture is taken off the page of the contest."))
    return redirect(url_for(".picture", slug=slug))
