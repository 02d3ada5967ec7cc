"""The entrant's way: contests, entering, the entry's page, submitting, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _

from contest import i18n, texts, web
from contest.documents import NotTypeset
from contest.errors import Conflict, Denied, Invalid
from contest.forms import entries as forms
from contest.received import uuid_or_404
from contest.services import catalogue, entries, printed, receipts, uploads
from contest.services.calendar import contest_calendar as dates_as_calendar
from contest.services.drafts import Details
from contest.services.parts import PART
from contest.web import actor, page, public, session, signed_in, writes

bp = Blueprint("submission", __name__)


def _say(value: Mapping[str, str]) -> str:
    return i18n.say(value, web.locale()).text


def _uuid(value: str | None) -> UUID | None:
    """The id that a select sent: None for nothing, the nil id for what is no id at all."""
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError:
        return UUID(int=0)


def _whole(value: str | None) -> int:
    """A hidden number; -1, which nothing has, for what is none."""
    return int(value) if value and value.isdecimal() and len(value) < 10 else -1


# What the public reads ------------------------------------------------------------------------------


@bp.get("/")
@public
def start() -> Any:
    return page("submission/start.html", listing=catalogue.listing(session(), actor()))


@bp.get("/<lang:lang>/")
@public
def start_in(lang: str) -> Any:
    return start()


@bp.get("/<lang:lang>/contests/<slug>")
@public
def contest(lang: str, slug: str) -> Any:
    return page("submission/contest.html", at=catalogue.contest_page(session(), actor(), slug))


@bp.get("/contests/<slug>")
@public
def contest_any(slug: str) -> Any:
    return web.negotiated(".contest", slug=slug)


@bp.get("/<lang:lang>/contests/<slug>/dates.ics")
@public
def calendar(lang: str, slug: str) -> Any:
    """The dates for people's own calendars, which come back for what has changed."""
    body = dates_as_calendar(session(), actor(), slug, locale=lang, base_url=web.settings().base_url)
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f"inline; filename={slug}.ics"
    response.add_etag()
    return response.make_conditional(request)


# Entering -------------------------------------------------------------------------------------------


@bp.get("/contests/<slug>/enter")
@signed_in
def enter(slug: str) -> Any:
    at = catalogue.contest_page(session(), actor(), slug)
    try:
        entries.check_enter(actor(), at.contest, at.terms, at.entry_state, at.now)
    except Conflict:
        # The entry exists already: that is where its entrant wanted to be.
        return redirect(url_for(".entry", slug=slug))
    form = forms.Enter(categories=at.categories, say=_say, data={"terms": at.terms.version})
    return page("submission/enter.html", at=at, form=form)


@bp.post("/contests/<slug>/enter")
@signed_in
@writes
def do_enter(slug: str) -> Any:
    form = forms.Enter()
    version = _whole(form.terms.data) if form.accept.data else None
    try:
        entries.enter(session(), actor(), slug, accepted_version=version, category_id=_uuid(form.category.data))
    except Invalid as error:
        web.keep_and_roll_back()
        at = catalogue.contest_page(session(), actor(), slug)
        form = forms.Enter(categories=at.categories, say=_say)
        form.terms.data = str(at.terms.version)
        form.validate()
        form.refuse(error)
        return page("submission/enter.html", 422, at=at, form=form)
    except Conflict:
        web.keep_and_roll_back()
    return redirect(url_for(".entry", slug=slug))


# The entry's page -----------------------------------------------------------------------------------


def _entry_page(
    slug: str,
    status: int = 200,
    *,
    form: forms.Details | None = None,
    stored: Details | None = None,
    pressed: bool = False,
    refused: Sequence[tuple[str, str]] = (),
    alts: Mapping[UUID, Mapping[str, str]] | None = None,
    denied: Denied | None = None,
    late_alts: Mapping[UUID, str] | None = None,
) -> Response:
    """The page of one's own entry. `pressed`: submit was tried, so that what is missing is a problem.

    `stored`: what another tab saved meanwhile; `refused`: (name, sentence) of files that were not taken;
    `alts`: per file what was typed, what is stored and what is wrong with it; `denied`: why what was sent came too
    late, with `form` and `late_alts`, the sentences that were typed for files.
    """
    at = entries.workspace(session(), actor(), slug)
    if form is not None and denied is None and not at.may_edit:
        # What is wrong with a text is of no use where no text can be saved any more.
        denied, status = Denied(at.may_edit.reason, **at.may_edit.facts), 403
    if form is None:
        values = at.details
        form = forms.Details(
            formdata=None,
            categories=at.categories,
            say=_say,
            data={
                "version": at.entry.version,
                "title": values.title,
                "statement": values.statement,
                "declaration": values.declaration,
                "credit": values.credit,
                "category": str(values.category_id or ""),
            },
        )
    else:
        form.category.choices = forms.choices(at.categories, _say)
    return page(
        "submission/entry.html",
        status,
        at=at,
        form=form,
        stored=stored,
        pressed=pressed,
        refused=refused,
        alts=alts or {},
        part_bytes=PART,
        denied=denied,
        late_alts=late_alts or {},
    )


@bp.get("/contests/<slug>/entry")
@signed_in
def entry(slug: str) -> Any:
    return _entry_page(slug)


@dataclass
class _Sent:
    """What became of all that stood in the page when a button was pressed: what could not be kept, as it was typed."""

    form: forms.Details | None = None
    #: What another tab saved meanwhile.
    stored: Details | None = None
    #: Per file the sentence that was typed, what is wrong with it and what is stored.
    alts: dict[UUID, dict[str, str]] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    #: The slots to which files came.
    slots: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    #: Why something of it came too late, and the sentences that did, by file.
    denied: Denied | None = None
    late_alts: dict[UUID, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return not (self.form or self.alts or self.refused or self.denied)

    def deny(self, error: Denied) -> None:
        """Note a refusal that the page shall tell beside what was typed; a client without pages gets it as it is."""
        if web.wants_json():
            raise error
        self.denied = error

    def say(self) -> None:
        for sentence in dict.fromkeys(self.said):
            web.flash_said(sentence)

    def again(self, slug: str) -> Response:
        """The page with what could not be kept; what could is stored."""
        clash = self.stored is not None or any("stored" in each for each in self.alts.values())
        self.say()
        return _entry_page(
            slug,
            403 if self.denied else 409 if clash else 422,
            form=self.form,
            stored=self.stored,
            refused=self.refused,
            alts=self.alts,
            denied=self.denied,
            late_alts=self.late_alts,
        )


def _take(slug: str, *, details: bool = False, described: UUID | None = None, removed: UUID | None = None) -> _Sent:
    """Keep everything that the page sent: files that were chosen, sentences and details. Raises NotFound, Denied.

    Without JavaScript the buttons of the page share one form, so that none throws away what stands in another
    field. A part that cannot be kept keeps no other one out. `details`, `described`, `removed`: what the button is for.
    """
    sentences = _changed_sentences(described)
    uploads.check_own(session(), actor(), slug, sentences.keys() | ({removed} if removed else set()))
    sent = _Sent()
    _take_files(slug, sent)
    for file_id, form in sentences.items():
        _take_sentence(file_id, form, sent)
    if details or "version" in request.form:
        _take_details(slug, sent)
    return sent


def _changed_sentences(described: UUID | None) -> dict[UUID, forms.Describe]:
    """By file the sentences that were typed anew, and the one whose button was pressed."""
    sent = [uuid_or_404(name.removesuffix(".alt")) for name in request.form if name.endswith(".alt")]
    found = {file_id: forms.Describe(prefix=f"{file_id}.") for file_id in (*sent, *([described] if described else []))}
    return {
        file_id: form
        for file_id, form in found.items()
        if file_id == described or (form.alt.data or "") != form.was.data
    }


def _take_files(slug: str, sent: _Sent) -> None:
    """Those that are fine are kept, whatever is wrong with their neighbours."""
    staged = []
    for name in request.files:
        mark, _dot, place = name.partition(".")
        incoming = [
            uploads.Incoming(each.filename or "", each.stream)  # type: ignore[arg-type]
            for each in request.files.getlist(name)
            if each.filename
        ]
        if mark == "file" and incoming:
            try:
                staged.append((place, uploads.stage(session(), actor(), web.storage(), slug, incoming)))
            except Denied as error:
                _late_files([each.name for each in incoming], error, sent)
    for place, files in staged:
        slot, _dot, replaces = place.partition(".")
        try:
            # All files of a field or none: the time may be over between two of them.
            with session().begin_nested():
                arrived = uploads.attach(session(), actor(), web.storage(), slug, slot, files, replaces=_uuid(replaces))
        except Denied as error:
            _late_files([each.name for each in files], error, sent)
            continue
        sent.refused += [(each.name, texts.field_error(each.code)) for each in arrived.refused]
        if len(arrived.refused) < len(files):
            sent.slots.append(slot)
            if arrived.vacant:
                sent.said.append(
                    _("The file that it should replace was removed meanwhile. The new file is added instead.")
                )
            else:
                sent.said.append(_("The files have arrived. We check them now."))


def _late_files(names: Sequence[str], error: Denied, sent: _Sent) -> None:
    sent.deny(error)
    why = _("It came after the close.") if error.reason == "deadline_passed" else texts.denial(error.reason)
    sent.refused += [(name, why) for name in names]


def _take_sentence(file_id: UUID, form: forms.Describe, sent: _Sent) -> None:
    typed = form.alt.data or ""
    if not form.validate():
        sent.alts[file_id] = {"typed": typed, "error": " ".join(str(each) for each in form.alt.errors)}
        return
    try:
        uploads.describe(session(), actor(), file_id, alt=typed, was=form.was.data or "")
    except Invalid as error:
        sent.alts[file_id] = {"typed": typed, "error": texts.field_error(next(iter(error.problems.values())))}
    except Denied as error:
        sent.deny(error)
        sent.late_alts[file_id] = typed
    except Conflict as error:
        if error.reason == "file_gone":
            sent.said.append(texts.conflict(error.reason))
            return
        sent.alts[file_id] = {"typed": typed, "error": texts.conflict(error.reason), "stored": error.facts["stored"]}
    else:
        sent.said.append(_("The sentence is saved."))


def _take_details(slug: str, sent: _Sent) -> None:
    """A save from an old page shows both texts and loses neither."""
    form = forms.Details()
    if not form.validate():
        sent.form = form
        return
    title, statement, declaration, credit = (
        form[name].data or "" for name in ("title", "statement", "declaration", "credit")
    )
    given = Details(title, statement, declaration, credit, _uuid(form.category.data))
    version = _whole(form.version.data)
    try:
        changed = entries.save_details(session(), actor(), slug, given, version=version)
    except Invalid as error:
        form.refuse(error)
        sent.form = form
    except Denied as error:
        sent.deny(error)
        sent.form = form
    except Conflict as error:
        form.version.data = error.facts["version"]
        form.form_errors.append(texts.conflict(error.reason))
        sent.form, sent.stored = form, error.facts["stored"]
    else:
        if changed:
            sent.said.append(_("The details are saved."))


@bp.post("/contests/<slug>/entry")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def save_entry(slug: str) -> Any:
    """Keep the details, complete or not."""
    sent = _take(slug, details=True)
    if not sent.whole:
        return sent.again(slug)
    sent.said.append(_("The details are saved."))
    sent.say()
    return redirect(url_for(".entry", slug=slug, _anchor="h-details"))


@bp.get("/contests/<slug>/entry/files")
@signed_in
def entry_files(slug: str) -> Any:
    """The living parts of the entry's page, for the script that keeps them fresh."""
    return page("submission/live.html", at=entries.workspace(session(), actor(), slug), alts={}, pressed=False)


@bp.post("/contests/<slug>/entry/files")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def send_files(slug: str) -> Any:
    """Files by a plain form."""
    sent = _take(slug)
    if not sent.slots and not sent.refused:
        sent.refused.append(("", texts.field_error("file_missing")))
    if not sent.whole:
        return sent.again(slug)
    sent.say()
    return redirect(url_for(".entry", slug=slug, _anchor=f"slot-{sent.slots[0]}"))


@bp.post("/contests/<slug>/entry/files/<uuid:file_id>")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def describe_file(slug: str, file_id: UUID) -> Any:
    """Keep the sentence for those who cannot see a picture."""
    sent = _take(slug, described=file_id)
    if not sent.whole:
        return sent.again(slug)
    sent.say()
    return redirect(url_for(".entry", slug=slug, _anchor=f"file-{file_id}"))


@bp.post("/contests/<slug>/entry/files/<uuid:file_id>/remove")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def remove_file(slug: str, file_id: UUID) -> Any:
    """Take a file out of the draft. What was typed elsewhere is kept first; if it cannot be, nothing is removed."""
    sent = _take(slug, removed=file_id)
    if not sent.whole:
        return sent.again(slug)
    try:
        row = uploads.remove(session(), actor(), web.storage(), file_id)
    except Denied as error:
        sent.deny(error)
        return sent.again(slug)
    sent.said.append(_("%(name)s is removed.", name=i18n.safe_name(row.name)))
    sent.say()
    return redirect(url_for(".entry", slug=slug))


@bp.post("/contests/<slug>/entry/submit")
@signed_in
@web.limiter.limit(web.UPLOAD_LIMIT)
@writes
def submit(slug: str) -> Any:
    sent = _take(slug)
    if not sent.whole:
        return sent.again(slug)
    try:
        revision = entries.submit(session(), actor(), slug, settings=web.settings())
    except Invalid as error:
        if "number" in error.facts:
            web.flash_said(texts.field_error("nothing_changed"))
            return redirect(url_for(".receipt", slug=slug, number=error.facts["number"]))
        sent.say()
        return _entry_page(slug, 422, pressed=True)
    except Denied as error:
        sent.deny(error)
        return sent.again(slug)
    return redirect(url_for(".receipt", slug=slug, number=revision.number))


@bp.get("/contests/<slug>/entry/withdraw")
@signed_in
def withdraw(slug: str) -> Any:
    """Ask once more before an entry leaves the contest."""
    at = entries.workspace(session(), actor(), slug)
    at.may_edit.require()
    return page("submission/withdraw.html", at=at)


@bp.post("/contests/<slug>/entry/withdraw")
@signed_in
@writes
def do_withdraw(slug: str) -> Any:
    entries.withdraw(session(), actor(), slug)
    web.flash_said(_("Your entry is withdrawn. Judges will not see it."))
    return redirect(url_for(".contest", lang=web.locale(), slug=slug))


# Receipts -------------------------------------------------------------------------------------------


@bp.get("/contests/<slug>/receipts/<int(max=2147483647):number>")
@signed_in
def receipt(slug: str, number: int) -> Any:
    return page("submission/receipt.html", shown=receipts.get_own(session(), actor(), slug, number))


@bp.get("/contests/<slug>/receipts/<int(max=2147483647):number>.json")
@signed_in
def receipt_file(slug: str, number: int) -> Any:
    """The receipt as a file, for the check."""
    shown = receipts.get_own(session(), actor(), slug, number)
    response = Response(receipts.document(shown.receipt), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{shown.receipt.number}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/contests/<slug>/receipts/<int(max=2147483647):number>.pdf")
@signed_in
def receipt_pdf(slug: str, number: int) -> Any:
    """The receipt as a document to keep; the check reads the other file."""
    shown = receipts.get_own(session(), actor(), slug, number)
    try:
        body = printed.receipt(web.settings(), shown, web.locale())
    except NotTypeset as error:
        return page("submission/receipt.html", 501, shown=shown, reason=error.reason)
    return web.document(body, shown.told.number)


@bp.get("/receipts/check")
@public
def check_receipt() -> Any:
    return page("submission/check.html", form=forms.CheckReceipt(), verdict=None)


@bp.post("/receipts/check")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
def do_check_receipt() -> Any:
    """Check a pasted text or a file. It only reads, so its transaction is read-only although it is a POST."""
    form = forms.CheckReceipt()
    sent = request.files.get("file")
    text = form.text.data or ""
    if sent is not None and sent.filename:
        text = sent.stream.read(receipts.MOST_BYTES + 1).decode("utf-8", "replace")
    try:
        verdict = receipts.check(session(), text)
    except Invalid as error:
        form.refuse(error)
        return page("submission/check.html", 422, form=form, verdict=None)
    return page("submission/check.html", form=form, verdict=verdict)
