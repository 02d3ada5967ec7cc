"""Entries as the organiser sees them, and taking one out of the contest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import i18n, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import NUMBER, checked, managed, show, told
from contest.errors import Conflict, Invalid
from contest.forms.contests import Disqualify
from contest.forms.entries import Describe
from contest.services import admissions, assignment, flags, similar
from contest.services.listing import read
from contest.vocabulary import EntryState
from contest.web import actor, now, page, session, signed_in, writes


@bp.get("/manage/<slug>/entries")
@signed_in
def entries(slug: str) -> Any:
    contest = managed(slug)
    heads = {
        "number": _("Entry"),
        "title": _("Title"),
        "entrant": _("Entrant"),
        "category": _("Category"),
        "state": _("State"),
        "revision": _("Revision"),
        "sealed": _("Sealed, %(city)s time", city=i18n.city(contest.zone, web.locale())),
        "files": _("Files"),
    }
    listing, rows = admissions.listed(
        session(),
        contest,
        read(
            request.args,
            sorts=admissions.SORTS,
            filters={"state": list(EntryState), "category": [category.key for category in contest.categories]},
        ),
    )
    return show(
        "manage/entries.html",
        parts={"rows": lambda: told(listing, heads)},
        contest=contest,
        states=admissions.states(session(), contest),
        similar=similar.waiting(session(), contest.id),
        heads=heads,
        listing=listing,
        categories=[(each.key, i18n.say(each.name, web.locale()).text) for each in contest.categories],
        entries=rows,
    )


def _entry(slug: str, number: int, form: Disqualify, status: int = 200) -> Any:
    contest = managed(slug)
    detail = admissions.detail(session(), contest, number)
    return page(
        "manage/entry.html",
        status,
        contest=contest,
        detail=detail,
        form=form,
        judges=assignment.judges_of_entry(session(), contest, detail.entry.id),
        free=assignment.free_judges(session(), contest, detail.entry.id),
        told=flags.of_entry(session(), contest, detail.entry.id),
        may_answer=flags.may_answer(actor(), contest, now()),
    )


@bp.get(f"/manage/<slug>/entries/{NUMBER}")
@signed_in
def entry(slug: str, number: int) -> Any:
    return _entry(slug, number, Disqualify())


@bp.post(f"/manage/<slug>/entries/{NUMBER}/disqualify")
@signed_in
@writes
def disqualify(slug: str, number: int) -> Any:
    form = Disqualify()
    try:
        checked(form)
        admissions.disqualify(session(), actor(), slug, number, reason=form.reason.data)
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _entry(slug, number, form, 422)
    web.flash_said(
        _("The entry is out of the contest, and the entrant gets a mail with the reason. You can take it back in.")
    )
    return redirect(url_for(".entry", slug=slug, number=number))


@bp.post(f"/manage/<slug>/entries/{NUMBER}/reinstate")
@signed_in
@writes
def reinstate(slug: str, number: int) -> Any:
    admissions.reinstate(session(), actor(), slug, number)
    web.flash_said(_("The entry is in the contest again, and the entrant gets a mail."))
    return redirect(url_for(".entry", slug=slug, number=number))


def _words(slug: str, number: int, file_id: UUID, form: Describe | None = None, status: int = 200, **more: Any) -> Any:
    contest = managed(slug)
    words = admissions.words_of(session(), contest, number, file_id)
    form = form or Describe(alt=words.shown, was=words.shown)
    return page("manage/words.html", status, contest=contest, words=words, form=form, **more)


@bp.get(f"/manage/<slug>/entries/{NUMBER}/pictures/<uuid:file_id>")
@signed_in
def words(slug: str, number: int, file_id: UUID) -> Any:
    """What a picture shows, in words for those who cannot see it."""
    return _words(slug, number, file_id)


@bp.post(f"/manage/<slug>/entries/{NUMBER}/pictures/<uuid:file_id>")
@signed_in
@writes
def do_words(slug: str, number: int, file_id: UUID) -> Any:
    form = Describe()
    try:
        checked(form)
        admissions.reword(session(), actor(), slug, number, file_id, was=form.was.data or "", alt=form.alt.data or "")
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _words(slug, number, file_id, form, 422)
    except Conflict as error:
        web.keep_and_roll_back()
        form.was.data, form.was.raw_data = error.facts["stored"], None
        return _words(slug, number, file_id, form, 409, stored=error.facts["stored"])
    web.flash_said(_("The text is saved. Judges see it from now on."))
    return redirect(url_for(".entry", slug=slug, number=number))
