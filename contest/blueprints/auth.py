"""Accounts: register, sign in by password or code, verify, confirm, profile, invitations."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from contest import web
from contest.errors import Invalid, NotFound
from contest.forms import accounts as forms
from contest.services import accounts, invitations
from contest.vocabulary import LOCALES, CodePurpose
from contest.web import actor, page, public, session, signed_in, writes

bp = Blueprint("auth", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> Any:
    if actor().signed_in:
        return redirect(web.return_path(url_for("submission.start")))
    return page("auth/sign_in.html", form=forms.SignIn())


@bp.post("/sign-in")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_sign_in() -> Any:
    """With a password sign in; without one owe a code and ask for it, whoever the address is."""
    form = forms.SignIn()
    if not form.validate():
        return page("auth/sign_in.html", 422, form=form)
    try:
        if not form.password.data:
            return _send_code(form.email.data, CodePurpose.SIGN_IN)
        account = accounts.check_sign_in(
            session(), email=form.email.data, password=form.password.data, network=web.network()
        )
    except Invalid as error:
        # The counted guess commits; only the sign-in is refused.
        form.refuse(error)
        return page("auth/sign_in.html", 422, form=form)
    web.sign_in(account)
    return redirect(web.return_path(url_for("submission.start")))


def _send_code(email: str, purpose: CodePurpose, claim: str = "") -> Any:
    accounts.request_code(session(), email=email, purpose=purpose, locale=web.locale())
    _remember(email, purpose, claim)
    return redirect(url_for(".enter_code"))


def _remember(email: str, purpose: CodePurpose, claim: str = "") -> None:
    """Keep the address for the next page, in the signed cookie, after the commit.

    `claim`: that to the password chosen here, see `accounts.use_code`.
    """

    def keep() -> None:
        cookie["code_for"] = [email, str(purpose), claim]

    web.after_commit(keep)


@bp.get("/register")
@public
def register() -> Any:
    return page("auth/register.html", form=forms.Register())


@bp.post("/register")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_register() -> Any:
    form = forms.Register()
    if not form.validate():
        return page("auth/register.html", 422, form=form)
    try:
        claim = accounts.register(
            session(),
            email=form.email.data,
            name=form.name.data,
            latin_name=form.latin_name.data,
            password=form.password.data or "",
            locale=web.locale(),
            zone=form.zone.data,
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return page("auth/register.html", 422, form=form)
    _remember(form.email.data, CodePurpose.VERIFY, claim)
    return redirect(url_for(".enter_code"))


@bp.get("/code")
@public
def enter_code() -> Any:
    if "code_for" not in cookie:
        return redirect(url_for(".sign_in"))
    return page("auth/code.html", form=forms.EnterCode(), email=cookie["code_for"][0])


@bp.post("/code")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_enter_code() -> Any:
    """A code that verifies an address also signs its owner in: both prove the same."""
    if "code_for" not in cookie:
        return redirect(url_for(".sign_in"))
    email, purpose, claim = cookie["code_for"]
    form = forms.EnterCode()
    if request.form.get("again"):
        return _send_code(email, CodePurpose(purpose), claim)
    if not form.validate():
        return page("auth/code.html", 422, form=form, email=email)
    try:
        account = accounts.use_code(
            session(),
            email=email,
            code=form.code.data,
            purposes=(CodePurpose.SIGN_IN, CodePurpose.VERIFY),
            network=web.network(),
            claim=claim,
        )
    except Invalid as error:
        form.refuse(error)
        return page("auth/code.html", 422, form=form, email=email)
    web.sign_in(account)
    return redirect(web.return_path(url_for("submission.start")))


@bp.get("/password")
@public
def forgot() -> Any:
    return page("auth/forgot.html", form=forms.Forgot())


@bp.post("/password")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_forgot() -> Any:
    form = forms.Forgot()
    if not form.validate():
        return page("auth/forgot.html", 422, form=form)
    accounts.request_code(session(), email=form.email.data, purpose=CodePurpose.RESET, locale=web.locale())
    _remember(form.email.data, CodePurpose.RESET)
    return redirect(url_for(".reset"))


@bp.get("/password/new")
@public
def reset() -> Any:
    if "code_for" not in cookie:
        return redirect(url_for(".forgot"))
    return page("auth/reset.html", form=forms.Reset(), email=cookie["code_for"][0])


@bp.post("/password/new")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_reset() -> Any:
    if "code_for" not in cookie:
        return redirect(url_for(".forgot"))
    email = cookie["code_for"][0]
    form = forms.Reset()
    if not form.validate():
        return page("auth/reset.html", 422, form=form, email=email)
    try:
        account = accounts.reset_password(
            session(), email=email, code=form.code.data, password=form.password.data, network=web.network()
        )
    except Invalid as error:
        form.refuse(error)
        return page("auth/reset.html", 422, form=form, email=email)
    web.sign_in(account)
    # Signing in begins a new cookie after the commit; what is said must go into that one.
    web.after_commit(partial(web.flash_said, _("Your password is changed.")))
    return redirect(url_for("submission.start"))


@bp.post("/sign-out")
@public
@writes
def sign_out() -> Any:
    if actor().signed_in:
        accounts.sign_out(session(), actor())
    web.sign_out()
    return redirect(url_for("submission.start"))


@bp.get("/confirm")
@signed_in
def confirm() -> Any:
    return page("auth/confirm.html", form=forms.Confirm())


@bp.post("/confirm")
@signed_in
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_confirm() -> Any:
    """Prove identity again before an act that cannot be undone."""
    form = forms.Confirm()
    if request.form.get("send"):
        accounts.request_code(session(), email=actor().email, purpose=CodePurpose.CONFIRM, locale=web.locale())
        web.flash_said(_("A code is on its way to %(email)s.", email=actor().email))
        return redirect(url_for(".confirm"))
    try:
        if not form.validate():
            raise Invalid("password", "required")
        accounts.confirm(
            session(), actor(), password=form.password.data or "", code=form.code.data or "", network=web.network()
        )
    except Invalid as error:
        form.refuse(error)
        return page("auth/confirm.html", 422, form=form)
    return redirect(web.return_path(url_for("submission.start")))


@bp.get("/account")
@signed_in
def account() -> Any:
    profile = {name: getattr(actor(), name) for name in ("name", "locale", "zone")}
    stored = accounts.own_account(session(), actor())
    form = forms.Profile(data=profile | {"latin_name": stored.latin_name, "country": stored.country})
    return page("auth/account.html", form=form, sessions=accounts.sessions_of(session(), actor()))


@bp.post("/account")
@signed_in
@writes
def change_account() -> Any:
    form = forms.Profile()
    if not form.validate():
        return page("auth/account.html", 422, form=form, sessions=accounts.sessions_of(session(), actor()))
    accounts.change_profile(
        session(),
        actor(),
        changes={name: form[name].data or "" for name in ("name", "latin_name", "locale", "zone", "country")},
    )
    web.flash_said(_("Your details are saved."))
    return redirect(url_for(".account"))


@bp.post("/account/sessions/<uuid:session_id>/end")
@signed_in
@writes
def end_session(session_id: UUID) -> Any:
    accounts.revoke_session(session(), actor(), session_id)
    if session_id == actor().session_id:
        web.sign_out()
        return redirect(url_for(".sign_in"))
    web.flash_said(_("The session has ended."))
    return redirect(url_for(".account"))


@bp.get("/invitations/<token>")
@public
def invitation(token: str) -> Any:
    """Show an invitation. Opening the link changes nothing: mail scanners open links too."""
    found = invitations.get_invitation(session(), token)
    return page(
        "auth/invitation.html",
        form=forms.AcceptInvitation(),
        invitation=found,
        token=token,
        known=invitations.has_account(session(), found),
        contest=invitations.contest_of(session(), found),
    )


@bp.post("/invitations/<token>")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def accept_invitation(token: str) -> Any:
    form = forms.AcceptInvitation()
    found = invitations.get_invitation(session(), token)
    known, contest = invitations.has_account(session(), found), invitations.contest_of(session(), found)
    if known and not invitations.is_for(found, actor()):
        # A link in a mail never signs in to an account that exists.
        web.after_commit(partial(_return_to, url_for(".invitation", token=token)))
        web.after_commit(partial(web.flash_said, _("Sign in as %(email)s first, then accept.", email=found.email)))
        return redirect(url_for(".sign_in"))
    try:
        if not form.validate():
            raise Invalid({})
        account = invitations.accept_invitation(
            session(), token, name=form.name.data or "", password=form.password.data or "", zone=form.zone.data
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        found = invitations.get_invitation(session(), token)
        return page("auth/invitation.html", 422, form=form, invitation=found, token=token, known=known, contest=contest)
    if not known:
        web.sign_in(account)
    web.after_commit(partial(web.flash_said, _("Welcome. You are in.")))
    return redirect(url_for("submission.start"))


def _return_to(path: str) -> None:
    cookie["next"] = path


@bp.post("/language")
@public
@writes
def set_language() -> Any:
    """Keep the language in the account or else in a cookie, and go back to the same page in it."""
    wanted = request.form.get("lang", "")
    if wanted not in LOCALES:
        raise NotFound
    if actor().signed_in:
        accounts.set_locale(session(), actor(), wanted)
    response = redirect(web.own_page(request.form.get("back", ""), wanted))
    response.set_cookie(
        "lang", wanted, max_age=365 * 86400, samesite="Lax", httponly=True, secure=web.settings().secure
    )
    return response
