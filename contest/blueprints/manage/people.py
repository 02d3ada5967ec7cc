"""People of a contest: members, invitations, and taking a role back."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _

from contest import texts, web
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import checked, managed, show, told
from contest.errors import Invalid, NotFound
from contest.forms import people as forms
from contest.models import Contest
from contest.received import uuid_or_404
from contest.services import people as service
from contest.services.listing import read
from contest.vocabulary import Role
from contest.web import actor, session, signed_in, writes


def _page(contest: Contest, form: forms.Invite, status: int = 200) -> Any:
    members, listed = service.arrange_members(
        service.members(session(), contest),
        read(request.args, sorts=service.MEMBER_SORTS, filters={"role": list(Role)}),
    )
    everyone = service.invited(session(), contest)
    invitations, invited = service.arrange_invitations(
        everyone,
        read(
            request.args,
            sorts=service.INVITATION_SORTS,
            default="-sent",
            filters={"state": service.INVITATION_STATES},
            name="invitations",
        ),
    )
    heads = {"name": _("Name"), "role": _("Role"), "email": _("E-mail"), "since": _("Since")}
    invitation_heads = {
        "email": _("E-mail"),
        "role": _("Role"),
        "state": _("State"),
        "sent": _("Sent"),
        "until": _("Works until"),
    }
    return show(
        "manage/people.html",
        status,
        parts={"rows": lambda: told(members, heads), "beside": lambda: told(invitations, invitation_heads)},
        contest=contest,
        form=form,
        heads=heads,
        roles=[(role.value, texts.role_name(role)) for role in Role],
        invitation_heads=invitation_heads,
        states=Counter(row.state for row in everyone),
        orphaned=sum(row.orphaned for row in everyone),
        listing=members.with_beside(invitations),
        members=listed,
        invitations_list=invitations.with_beside(members),
        invitations=invited,
    )


@bp.get("/manage/<slug>/people")
@signed_in
def people(slug: str) -> Any:
    contest = managed(slug)
    return _page(contest, forms.Invite(locale=contest.default_locale))


@bp.post("/manage/<slug>/people")
@signed_in
@writes
def invite(slug: str) -> Any:
    form = forms.Invite()
    try:
        checked(form)
        service.invite(
            session(),
            actor(),
            slug,
            email=form.email.data,
            name=form.name.data,
            role=form.role.data,
            locale=form.locale.data,
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _page(managed(slug), form, 422)
    web.flash_said(_("The invitation to %(email)s is on its way.", email=form.email.data))
    return redirect(url_for(".people", slug=slug))


@bp.post("/manage/<slug>/invitations/<uuid:invitation_id>/withdraw")
@signed_in
@writes
def withdraw_invitation(slug: str, invitation_id: UUID) -> Any:
    service.withdraw(session(), actor(), slug, invitation_id)
    web.flash_said(_("The invitation is withdrawn; its link works no more."))
    return redirect(url_for(".people", slug=slug))


@bp.post("/manage/<slug>/invitations/<uuid:invitation_id>/again")
@signed_in
@writes
def send_invitation_again(slug: str, invitation_id: UUID) -> Any:
    sent = service.send_again(session(), actor(), slug, invitation_id)
    web.flash_said(_("The invitation to %(email)s is on its way again, under a new link.", email=sent.email))
    return redirect(url_for(".people", slug=slug))


@bp.post("/manage/<slug>/people/remove")
@signed_in
@writes
def remove_role(slug: str) -> Any:
    role = request.form.get("role", "")
    if role not in list(Role):
        raise NotFound
    service.remove_role(session(), actor(), slug, uuid_or_404(request.form.get("account_id", "")), role)
    web.flash_said(_("The role is taken back: %(role)s.", role=texts.role_name(role)))
    return redirect(url_for(".people", slug=slug))
