"""Results: the page on which two people decide, the winners' pages, and winners' pictures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest import i18n, permissions, streams, web
from contest.documents import NotTypeset
from contest.errors import Invalid, NotFound
from contest.forms import results as forms
from contest.forms.kit import Form, fill_texts, read_texts
from contest.forms.scoring import criteria
from contest.models import Contest
from contest.scoring import MEANS
from contest.scoring.tally import decimals
from contest.services import (
    awards,
    certificates,
    contests,
    covers,
    flags,
    outcomes,
    people,
    publications,
    results,
    snapshots,
)
from contest.services.listing import read
from contest.web import actor, public, session, signed_in, writes

bp = Blueprint("results", __name__)


# The public --------------------------------------------------------------------------------------


@bp.get("/<lang:lang>/contests/<slug>/winners")
@public
def winners(lang: str, slug: str) -> Any:
    found = publications.get_public(session(), slug, whole=False)
    scores = [tuple(award["standing"]["score"]) for award in found.snapshot["awards"]]
    return web.page(
        "results/winners.html",
        publication=found,
        shown=found.snapshot,
        slug=slug,
        groups=_groups(found),
        cover=covers.of(contests.get_public(session(), actor(), slug).picture),
        places=decimals(scores),
        criteria={one["key"]: i18n.say(one["name"], lang).text for one in found.snapshot["round"]["criteria"]},
        own_score=any(award["standing"].get("method_score") for award in found.snapshot["awards"]),
    )


@bp.errorhandler(publications.Retracted)
def retracted(error: publications.Retracted) -> Any:
    return _taken_back(error.by)


def _taken_back(found: publications.Retraction) -> Any:
    """What stands in the place of a result that was retracted: whoever follows a link of before is told why."""
    return web.page("results/retracted.html", 410, found=found)


def _groups(found: publications.Public) -> list[list[dict[str, Any]]]:
    """The awards by prize, in the order of the prizes."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for award in found.snapshot["awards"]:
        groups.setdefault(award["prize"]["key"], []).append(award)
    return list(groups.values())


@bp.get("/contests/<slug>/winners")
@public
def winners_any(slug: str) -> Any:
    publications.get_public(session(), slug, whole=False)
    return web.negotiated(".winners", slug=slug)


@bp.get("/<lang:lang>/contests/<slug>/winners/<int(max=2147483647):entry>")
@public
def winner(lang: str, slug: str, entry: int) -> Any:
    """A winner by itself, under the number of its entry: all its pictures in the viewer, and the jury's words."""
    found = publications.get_public(session(), slug, whole=False)
    award = publications.award_of(found, entry)
    wanted = request.args.get("picture", 1, type=int)
    return web.page(
        "results/winner.html",
        publication=found,
        shown=found.snapshot,
        slug=slug,
        award=award,
        at=min(max(wanted, 1), len(award["pictures"])),
        **_beside(found, entry),
    )


def _beside(found: publications.Public, entry: int) -> dict[str, Any]:
    """The winners before and after, as the winners' page hangs them."""
    hung = [award for group in _groups(found) for award in group]
    at = next(place for place, award in enumerate(hung) if award["entry"] == entry)
    return {"before": hung[at - 1] if at else None, "after": hung[at + 1] if at + 1 < len(hung) else None}


@bp.get("/contests/<slug>/winners/<int(max=2147483647):entry>")
@public
def winner_any(slug: str, entry: int) -> Any:
    publications.award_of(publications.get_public(session(), slug, whole=False), entry)
    return web.negotiated(".winner", slug=slug, entry=entry)


@bp.get("/pictures/<slug>/<int(max=2147483647):number>/<int(max=2147483647):award>/<int(max=2147483647):page>/<preset>")
@public
def picture(slug: str, number: int, award: int, page: int, preset: str) -> Any:
    """A winner's picture, public while its publication is in force."""
    key = publications.picture_key(session(), slug, number, award, page, preset)
    return web.picture(key, etag=web.opaque("winner", slug, number, award, page, preset), public_cache=True)


@bp.get(
    "/pictures/<slug>/<int(max=2147483647):number>/<int(max=2147483647):award>/<int(max=2147483647):page>"
    f"/media/<{streams.MEDIA}>"
)
@public
def media(slug: str, number: int, award: int, page: int, preset: str) -> Any:
    """A winner's video or animation, as public as the picture."""
    key, size = publications.extra_of(session(), slug, number, award, page, preset)
    etag = web.opaque("winner", slug, number, award, page, preset, size)
    return streams.stream(key, size=size, preset=preset, etag=etag, public_cache=True)


@bp.get(
    "/pictures/<slug>/<int(max=2147483647):number>/<int(max=2147483647):award>/<int(max=2147483647):page>"
    f"/{streams.TILE}"
)
@public
def tile(slug: str, number: int, award: int, page: int, level: int, column: int, row: int) -> Any:
    """One tile of a winner's deep-zoom pyramid, as public as the picture."""
    key, size = publications.extra_of(session(), slug, number, award, page, "tiles")
    etag = web.opaque("winner", slug, number, award, page, size, level, column, row)
    return streams.tile(key, level=level, column=column, row=row, etag=etag, public_cache=True)


@bp.get("/contests/<slug>/result")
@signed_in
def own(slug: str) -> Any:
    """The outcome for the entrant who asks."""
    if taken_back := publications.retraction(session(), slug):
        return _taken_back(taken_back)
    found = outcomes.own(session(), actor(), slug)
    return web.page(
        "results/own.html",
        found=found,
        contest=found.entry.contest,
        own_score=found.method not in MEANS,
        criteria=criteria(found.entry.contest),
    )


# Certificates ------------------------------------------------------------------------------------


@bp.get("/<lang:lang>/certificates/<number>")
@public
def certificate(lang: str, number: str) -> Any:
    """Whether a certificate stands, and what it must say: where its QR code leads."""
    made = certificates.check(session(), number)
    return web.page("results/certificate.html", 200 if made.stands else 410, made=made)


@bp.get("/certificates/<number>")
@public
def certificate_any(number: str) -> Any:
    certificates.check(session(), number)
    return web.negotiated(".certificate", number=number)


@bp.get("/contests/<slug>/certificate")
@signed_in
def own_certificate(slug: str) -> Any:
    """The winner's own certificate, to be printed as it is."""
    return _own_certificate(slug)


def _own_certificate(slug: str, status: int = 200, reason: str = "") -> Any:
    found = certificates.own(session(), actor(), slug)
    made, form = found.certificate, forms.certificate(request.args, found.names)
    if not made.stands:
        return web.page("results/certificate_own.html", 410, made=made)
    chosen = form.chosen
    sheet = certificates.sheet(web.settings(), made, chosen["language"], found.names[chosen["name"]])
    return web.page(
        "results/certificate_own.html", status, made=made, sheet=sheet, form=form, chosen=chosen, reason=reason
    )


@bp.get("/contests/<slug>/certificate.pdf")
@signed_in
def own_certificate_file(slug: str) -> Any:
    found = certificates.own(session(), actor(), slug)
    made = found.certificate
    if not made.stands:
        return _own_certificate(slug)
    chosen = forms.certificate(request.args, found.names).chosen
    sheet = certificates.sheet(web.settings(), made, chosen["language"], found.names[chosen["name"]])
    try:
        body = certificates.pdf(web.settings(), [sheet], at=made.found.published_at)
    except NotTypeset as error:
        return _own_certificate(slug, 501, error.reason)
    return web.document(body, made.number)


@bp.get("/manage/<slug>/results/certificates")
@signed_in
def certificates_all(slug: str) -> Any:
    """Every certificate of the publication in force, a sheet each, for the app team to print."""
    return _certificates(slug)


def _certificates(slug: str, status: int = 200, reason: str = "") -> Any:
    contest, found = certificates.all_of(session(), actor(), slug)
    form = forms.certificate(request.args, {"": ""})
    return web.page(
        "results/certificates.html",
        status,
        contest=contest,
        sheets=[certificates.sheet(web.settings(), one, form.chosen["language"]) for one in found],
        publication=found[0].found.number if found else None,
        form=form,
        chosen=form.chosen,
        reason=reason,
    )


@bp.get("/manage/<slug>/results/certificates.pdf")
@signed_in
def certificates_file(slug: str) -> Any:
    _contest, found = certificates.all_of(session(), actor(), slug)
    if not found:
        raise NotFound
    language = forms.certificate(request.args, {"": ""}).chosen["language"]
    sheets = [certificates.sheet(web.settings(), one, language) for one in found]
    try:
        body = certificates.pdf(web.settings(), sheets, at=found[0].found.published_at)
    except NotTypeset as error:
        return _certificates(slug, 501, error.reason)
    return web.document(body, f"certificates-{slug}-{found[0].found.number}")


# The app team ------------------------------------------------------------------------------------


@bp.get("/manage/<slug>/results")
@signed_in
def decide(slug: str) -> Any:
    return _decide(slug)


def _decide(
    slug: str,
    status: int = 200,
    *,
    form: Form | None = None,
    jury: Form | None = None,
    retract: Form | None = None,
) -> Any:
    """Standings, awards and publications. `form`, `jury` and `retract` come back with their problems."""
    contest = contests.get_managed(session(), actor(), slug)
    round_ = contest.round
    tally = results.latest_tally(session(), round_.id)
    listed = read(request.args, sorts=results.SORTS, per=results.PAGE)
    table = results.table(session(), tally, listed) if tally else None
    slots = awards.slots(session(), contest)
    history = publications.history(session(), contest)
    return web.page(
        "results/decide.html",
        status,
        contest=contest,
        round=round_,
        tally=tally,
        table=table,
        discuss=flags.to_discuss(session(), round_.id, [row.number for row in table.rows]) if table else {},
        left_out=results.left_out(session(), tally) if tally else [],
        own_score=tally is not None and tally.method not in MEANS and not tally.refused,
        changes=snapshots.method_changes(session(), round_),
        late=snapshots.late_acts(session(), round_),
        criteria=criteria(contest),
        may_propose=permissions.may_propose_awards(actor(), contest, round_, tally),
        slots=slots,
        form=form or forms.awards(slots),
        jury=jury or forms.Jury(formdata=None, data=_jury_data(contest)),
        retract=retract or forms.Retract(formdata=None),
        history=history,
        **_step(contest),
    )


def _jury_data(contest: Contest) -> dict[str, Any]:
    return {
        "version": contest.version,
        **fill_texts("jury_statement", contest.jury_statement),
        **fill_texts("jury", contest.jury),
    }


def _step(contest: Any) -> dict[str, Any]:
    """The proposal that waits, if any, and what this reader may do with it."""
    found = publications.draft_of(session(), contest)
    if found is None:
        form = forms.Propose(formdata=None, data={"scores": True})
        return {"draft": None, "proposed": {}, "proposal": form, "may_approve": None, "may_publish": None}
    draft, proposed = found
    return {
        "draft": draft,
        "proposed": proposed,
        "approvers": people.approvers(session(), contest, contest.round),
        # What was chosen stays chosen when the same is proposed anew.
        "proposal": forms.Propose(formdata=None, data={"scores": proposed.get("scores") is not None}),
        "may_approve": permissions.may_approve(actor(), contest, draft, web.now()),
        "may_publish": permissions.may_publish(actor(), contest, draft),
    }


@bp.post("/manage/<slug>/results/awards")
@signed_in
@writes
def save_awards(slug: str) -> Any:
    slots = awards.slots(session(), contests.get_managed(session(), actor(), slug))
    form = forms.awards(slots)
    try:
        if not form.validate():
            raise Invalid({})
        given = awards.propose(session(), actor(), slug, forms.picks(form, slots))
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _decide(slug, 422, form=form)
    web.flash_said(ngettext("One award is saved.", "%(num)d awards are saved.", given))
    return redirect(url_for(".decide", slug=slug))


@bp.post("/manage/<slug>/results/jury")
@signed_in
@writes
def save_jury(slug: str) -> Any:
    form = forms.Jury()
    try:
        if not form.validate():
            raise Invalid({})
        given = {name: read_texts(form, name) for name in ("jury_statement", "jury")}
        awards.save_jury(
            session(),
            actor(),
            slug,
            statement=given["jury_statement"],
            people=given["jury"],
            version=form.version.data,
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _decide(slug, 422, jury=form)
    web.flash_said(_("The jury’s words are saved."))
    return redirect(url_for(".decide", slug=slug, _anchor="h-jury"))


@bp.post("/manage/<slug>/results/propose")
@signed_in
@writes
def propose(slug: str) -> Any:
    scores_to = web.storage() if forms.Propose().scores.data else None
    publications.propose(session(), actor(), slug, scores_to=scores_to)
    web.flash_said(_("Publishers and the chair have a mail that asks them to approve."))
    return redirect(url_for(".decide", slug=slug))


@bp.get("/manage/<slug>/results/proposed-scores")
@signed_in
def proposed_scores(slug: str) -> Any:
    """The file of scores that the proposal would make public, for those who decide."""
    found = publications.draft_of(session(), contests.get_managed(session(), actor(), slug))
    if found is None:
        raise NotFound
    scores = publications.scores_of(found[0].id, found[1])
    return streams.package(scores.key, etag=scores.sha256, name=f"scores-{slug}.zip", public_cache=False)


@bp.post("/manage/<slug>/results/<int(max=2147483647):number>/approve")
@signed_in
@writes
def approve(slug: str, number: int) -> Any:
    publications.approve(session(), actor(), slug, number, digest=request.form.get("digest", ""))
    web.flash_said(_("You approved the publication."))
    return redirect(url_for(".decide", slug=slug))


@bp.post("/manage/<slug>/results/<int(max=2147483647):number>/publish")
@signed_in
@writes
def publish(slug: str, number: int) -> Any:
    publications.publish(session(), actor(), slug, number, digest=request.form.get("digest", ""))
    web.flash_said(_("The winners are published."))
    return redirect(url_for(".decide", slug=slug))


@bp.post("/manage/<slug>/results/<int(max=2147483647):number>/retract")
@signed_in
@writes
def retract(slug: str, number: int) -> Any:
    form = forms.Retract()
    try:
        publications.retract(session(), actor(), slug, number, reason=form.reason.data or "")
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _decide(slug, 422, retract=form)
    web.flash_said(_("The publication is retracted."))
    return redirect(url_for(".decide", slug=slug))
