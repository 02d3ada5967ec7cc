"""Judging: a judge's queue, sheets, pictures, saving, stepping back. Pages get a JudgeSheet and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from contest import clock, streams, texts, web
from contest.errors import Conflict, Denied, Invalid
from contest.forms import judging as forms
from contest.received import json_body
from contest.services import comparing, flags, judging, pictures, sheets
from contest.web import actor, session, signed_in, writes

bp = Blueprint("judging", __name__)


def _time(value: datetime | None) -> str:
    """The time of day in the judge's zone, to the second."""
    return f"{clock.to_local(value, actor().zone):%H:%M:%S}" if value else ""


@bp.get("/judge/<slug>")
@signed_in
def queue(slug: str) -> Any:
    show, number = request.args.get("show", "all"), request.args.get("page", 1, type=int)
    return web.page("judging/queue.html", queue=judging.queue(session(), actor(), slug, show=show, page=number))


@bp.get("/judge/<slug>/scores")
@signed_in
def scores(slug: str) -> Any:
    """The judge's own scores side by side: whether the first was measured as the last."""
    return web.page("judging/scores.html", scored=judging.scores(session(), actor(), slug))


@bp.get("/judge/<slug>/<code>")
@signed_in
def sheet(slug: str, code: str) -> Any:
    return _sheet_page(judging.sheet(session(), actor(), slug, code))


def _sheet_page(
    found: sheets.JudgeSheet,
    status: int = 200,
    *,
    entered: forms.Entered | None = None,
    sentence: str = "",
    problems: dict[str, str] | None = None,
    tell: forms.Tell | None = None,
) -> Any:
    """The sheet, with what was just entered in place of what is stored, so that a refusal loses nothing.

    `tell`: another form to the app team than the one that came along.
    """
    card = found.card
    if entered is not None:
        levels = {key: level for key, level in entered.levels.items() if level}
        card = replace(card, version=entered.version, levels=levels, note=entered.note, comment=entered.comment)
    return web.page(
        "judging/sheet.html",
        status,
        sheet=found,
        card=card,
        shown=_shown(found.pictures),
        sentence=sentence,
        problems=problems or {},
        unsaved=entered is not None,
        tell=tell or forms.Tell(),
        # Under which name this judge's browser keeps what is not saved yet.
        store=web.opaque("draft", actor().account_id, found.head.slug, found.code),
    )


def _shown(seen: Sequence[sheets.Picture], name: str = "picture", otherwise: int = 1) -> int:
    """Which picture the address asks for, from 1; the nearest that there is."""
    number = request.args.get(name, otherwise, type=int)
    return min(max(number, 1), max(len(seen), 1))


@bp.get("/judge/<slug>/<code>/compare")
@signed_in
def compare(slug: str, code: str) -> Any:
    """Two entries of the judge side by side, or two pictures of one."""
    found = comparing.compare(session(), actor(), slug, code, request.args.get("to", ""))
    this = _shown(found.this.pictures)
    # The picture in the same place of another entry, or the next one of the same.
    beside = this if found.that.code != code else this % max(len(found.this.pictures), 1) + 1
    that = _shown(found.that.pictures, "other", beside)
    return web.page("judging/compare.html", found=found, this=this, that=that)


@bp.post("/judge/<slug>/<code>")
@signed_in
@writes
def save(slug: str, code: str) -> Any:
    """Save a draft or submit (form), or save by itself while the judge works (JSON)."""
    if web.wants_json():
        return _autosave(slug, code)
    entered = forms.read_form(request.form)
    act = request.form.get("do", "save")
    try:
        judging.save(session(), actor(), slug, code, **entered.values(), submit=act in ("submit", "next"))
    except Conflict as error:
        web.keep_and_roll_back()
        found = judging.sheet(session(), actor(), slug, code)
        return web.page(
            "judging/conflict.html",
            409,
            sheet=found,
            sent=entered,
            sentence=texts.conflict(error.reason),
            differences=sheets.differences(found, found.card, entered.values()),
        )
    except Denied as error:
        return _too_late(slug, code, error)
    except Invalid as error:
        web.keep_and_roll_back()
        problems = {name: texts.field_error(why, error.facts) for name, why in error.problems.items()}
        if set(error.problems.values()) == {"criterion_missing"} and entered.anything:
            # Too early to submit, but what there is stays: the page may be left now.
            judging.save(session(), actor(), slug, code, **entered.values())
            return _sheet_page(judging.sheet(session(), actor(), slug, code), 422, problems=problems)
        found = judging.sheet(session(), actor(), slug, code)
        return _sheet_page(found, 422, entered=entered, problems=problems)
    if forms.Tell().anything:
        # Typed, but not sent: it is not left behind by going on.
        web.flash_said(_("The draft is saved.") if act == "save" else _("The scorecard is submitted."))
        return _sheet_page(judging.sheet(session(), actor(), slug, code))
    if act == "next":
        return redirect(_next(slug, code))
    web.flash_said(_("The scorecard is submitted.") if act == "submit" else _("The draft is saved."))
    return redirect(url_for(".sheet", slug=slug, code=code))


def _next(slug: str, code: str) -> str:
    """The next entry to judge; the queue when nothing is left."""
    following = judging.sheet(session(), actor(), slug, code).next_open
    if following is None:
        web.flash_said(_("You have judged everything that is yours to judge."))
        return url_for(".queue", slug=slug)
    return url_for(".sheet", slug=slug, code=following)


def _autosave(slug: str, code: str) -> Any:
    entered = forms.read_json(json_body())
    try:
        stored = judging.save(session(), actor(), slug, code, **entered.values())
    except Conflict as error:
        web.keep_and_roll_back()
        was: sheets.CardView = error.facts["stored"]
        return jsonify(
            error=error.reason,
            message=texts.conflict(error.reason),
            sent=entered.values(),
            stored={
                "version": was.version,
                "state": was.state,
                "levels": dict(was.levels),
                "note": was.note,
                "comment": was.comment,
                "saved": _time(was.saved_at),
            },
        ), 409
    return jsonify(version=stored.version, saved=_time(stored.saved_at))


@bp.post("/judge/<slug>/<code>/reopen")
@signed_in
@writes
def reopen(slug: str, code: str) -> Any:
    judging.reopen(session(), actor(), slug, code)
    web.flash_said(_("The scorecard is a draft again."))
    return redirect(url_for(".sheet", slug=slug, code=code))


@bp.post("/judge/<slug>/<code>/told")
@signed_in
@writes
def tell(slug: str, code: str) -> Any:
    """Tell the app team something of an entry, from the sheet's form."""
    form = forms.Tell()
    try:
        flags.tell(session(), actor(), slug, code, kind=form.kind.data or "", words=form.words.data or "")
    except Denied as error:
        return _too_late(slug, code, error)
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        found = judging.sheet(session(), actor(), slug, code)
        problems = {name: texts.field_error(why, error.facts) for name, why in error.problems.items()}
        return _sheet_page(found, 422, entered=_entered(), tell=form, problems=problems)
    return _told(slug, code, _("The app team is told."))


@bp.post("/judge/<slug>/<code>/told/back")
@signed_in
@writes
def take_back(slug: str, code: str) -> Any:
    try:
        flags.take_back(session(), actor(), slug, code, request.form.get("taken", ""))
    except Denied as error:
        return _too_late(slug, code, error)
    return _told(slug, code, _("You took it back. The app team sees that you did."))


def _entered() -> forms.Entered | None:
    """What came along of a scorecard that is not submitted: without a script the sheet is one form."""
    return forms.read_form(request.form) if "version" in request.form else None


def _told(slug: str, code: str, said: str) -> Any:
    """The sheet again. What was not saved of it stays on the page, as unsaved as it was."""
    web.flash_said(said)
    entered = _entered()
    found = judging.sheet(session(), actor(), slug, code)
    if entered is None or found.card.state == "submitted" or found.card.same_as(**_of_card(entered)):
        return redirect(url_for(".sheet", slug=slug, code=code, _anchor="tell"))
    return _sheet_page(found, entered=entered, tell=forms.Tell(formdata=None))


def _of_card(entered: forms.Entered) -> dict[str, Any]:
    return {"levels": entered.levels, "note": entered.note, "comment": entered.comment}


def _too_late(slug: str, code: str, error: Denied) -> Any:
    web.keep_and_roll_back()
    sentence = texts.denial(error.reason, error.facts, zone=actor().zone, locale=web.locale())
    return _sheet_page(judging.sheet(session(), actor(), slug, code), 403, entered=_entered(), sentence=sentence)


@bp.get("/judge/<slug>/<code>/recuse")
@signed_in
def recuse(slug: str, code: str) -> Any:
    return web.page("judging/recuse.html", form=forms.Recuse(), sheet=judging.sheet(session(), actor(), slug, code))


@bp.post("/judge/<slug>/<code>/recuse")
@signed_in
@writes
def do_recuse(slug: str, code: str) -> Any:
    form = forms.Recuse()
    try:
        judging.recuse(session(), actor(), slug, code, kind=form.kind.data or "", reason=form.reason.data or "")
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        found = judging.sheet(session(), actor(), slug, code)
        return web.page("judging/recuse.html", 422, form=form, sheet=found)
    web.flash_said(_("You stepped back from %(code)s. It is hidden from you now.", code=code))
    return redirect(url_for(".queue", slug=slug))


@bp.get("/judge/<slug>/<code>/pictures/<int(max=2147483647):number>/<int(max=2147483647):page>/<preset>")
@signed_in
def picture(slug: str, code: str, number: int, page: int, preset: str) -> Any:
    """A picture under the judge's own code. Its tag is ours, and nothing tells when it came or from whom."""
    key = judging.picture_key(session(), actor(), slug, code, number, page, preset)
    return web.picture(key, etag=web.opaque("judge", slug, code, number, page, preset), public_cache=False)


@bp.get(
    f"/judge/<slug>/<code>/pictures/<int(max=2147483647):number>/<int(max=2147483647):page>/media/<{streams.MEDIA}>"
)
@signed_in
def media(slug: str, code: str, number: int, page: int, preset: str) -> Any:
    """The video or animation of a page, under the same code."""
    revision_id = judging.revision_for_judge(session(), actor(), slug, code)
    key, size = pictures.extra_of(session(), revision_id, number, page, preset)
    etag = web.opaque("judge", slug, code, number, page, preset, size)
    return streams.stream(key, size=size, preset=preset, etag=etag, public_cache=False)


@bp.get(f"/judge/<slug>/<code>/pictures/<int(max=2147483647):number>/<int(max=2147483647):page>/{streams.TILE}")
@signed_in
def tile(slug: str, code: str, number: int, page: int, level: int, column: int, row: int) -> Any:
    """One tile of a page's deep-zoom pyramid, under the same code."""
    revision_id = judging.revision_for_judge(session(), actor(), slug, code)
    key, size = pictures.extra_of(session(), revision_id, number, page, "tiles")
    etag = web.opaque("judge", slug, code, number, page, size, level, column, row)
    return streams.tile(key, level=level, column=column, row=row, etag=etag, public_cache=False)
