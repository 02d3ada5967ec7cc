"""Accounts: register, sign in by password or code, verify, confirm, profile, invitations."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from contest import clock, i18n, web
from contest.errors import Invalid, NotFound
from contest.forms import accounts as forms
from contest.models import Account
from contest.services import accounts, invitations
from contest.vocabulary import CodePurpose
from contest.web import actor, now, page, public, session, signed_in, writes

bp = Blueprint("auth", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> Any:
    if actor().signed_in:
        return redirect(web.return_path(url_for("submission.start")))
    return page("auth/sign_in.html", form=forms.SignIn())


@bp.post("/sign-in")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_sign_in() -> Any:
    """With a password sign in; without one owe a code and ask for it, whoever the address is."""
    form = forms.SignIn()
    if not form.validate():
        return page("auth/sign_in.html", 422, form=form)
    try:
        if not form.password.data:
            _send_code(form.email.data, CodePurpose.SIGN_IN, zone=_zone_sent())
            return redirect(url_for(".enter_code"))
        account = accounts.check_sign_in(
            session(),
            email=form.email.data,
            password=form.password.data,
            network=web.network(),
            own=web.known_browser(form.email.data),
        )
    except Invalid as error:
        # The counted guess commits; only the sign-in is refused.
        form.refuse(error)
        return page("auth/sign_in.html", 422, form=form)
    web.sign_in(account)
    return redirect(web.return_path(url_for("submission.start")))


@dataclass(frozen=True)
class Asked:
    """What a browser remembers of a code that it asked for, in its signed cookie.

    `claim`: that to the password chosen here, see `accounts.use_code`. `zone`: in which to say when it was sent.
    `asker`: chosen at random with each request, so that nobody else can use up the tries of this browser.
    """

    email: str
    purpose: str
    sent: int
    claim: str = ""
    zone: str = ""
    asker: str = ""

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.sent, UTC)

    @property
    def until(self) -> datetime:
        return self.at + accounts.CODE_LIFE

    @property
    def wrong_address(self) -> str:
        """Where to type another address."""
        pages = {CodePurpose.VERIFY: "auth.register", CodePurpose.RESET: "auth.forgot"}
        return url_for(pages.get(CodePurpose(self.purpose), "auth.sign_in"))


def _asked() -> Asked | None:
    stored = cookie.get("code_for")
    return Asked(**stored) if isinstance(stored, dict) else None


def _asker(asked: Asked) -> str:
    """Who tries a code. Raises Invalid once the page says that it is over: tries are not saved up for later codes."""
    if asked.until <= now():
        raise Invalid("code", "code_wrong")
    return asked.asker


def _zone_sent() -> str:
    """The browser's own zone, if its script sent one."""
    sent = request.form.get("zone", "")
    return sent if clock.is_zone(sent) else ""


def _remember(email: str, purpose: CodePurpose, *, claim: str = "", zone: str = "") -> None:
    """Keep what was asked for, for the next page, after the commit."""
    asked = Asked(email, str(purpose), int(now().timestamp()), claim, zone, secrets.token_urlsafe(12))

    def keep() -> None:
        cookie["code_for"] = asdict(asked)

    web.after_commit(keep)


def _send_code(email: str, purpose: CodePurpose, *, claim: str = "", zone: str = "") -> None:
    own = web.known_browser(email)
    accounts.request_code(session(), email=email, purpose=purpose, locale=web.locale(), network=web.network(), own=own)
    _remember(email, purpose, claim=claim, zone=zone)


def _code_page(template: str, form: forms.Form, asked: Asked, status: int = 200) -> Any:
    zone = web.viewer_zone() or asked.zone or "UTC"
    return page(template, status, form=form, asked=asked, zone=zone, over=asked.until <= now())


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
            password=form.password.data or "",
            locale=web.locale(),
            zone=form.zone.data,
            network=web.network(),
        )
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return page("auth/register.html", 422, form=form)
    _remember(form.email.data, CodePurpose.VERIFY, claim=claim, zone=form.zone.data)
    return redirect(url_for(".enter_code"))


@bp.get("/code")
@public
def enter_code() -> Any:
    asked = _asked()
    if asked is None:
        return redirect(url_for(".sign_in"))
    return _code_page("auth/code.html", forms.EnterCode(), asked)


@bp.post("/code")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_enter_code() -> Any:
    """A code that verifies an address also signs its owner in: both prove the same."""
    asked = _asked()
    if asked is None:
        return redirect(url_for(".sign_in"))
    form = forms.EnterCode()
    if request.form.get("again"):
        _send_code(asked.email, CodePurpose(asked.purpose), claim=asked.claim, zone=asked.zone)
        web.after_commit(partial(web.flash_said, _("A new code is on its way. The old one works no more.")))
        return redirect(url_for(".enter_code"))
    if not form.validate():
        return _code_page("auth/code.html", form, asked, 422)
    try:
        account = accounts.use_code(
            session(),
            email=asked.email,
            code=form.code.data,
            purposes=(CodePurpose.SIGN_IN, CodePurpose.VERIFY),
            asker=_asker(asked),
            claim=asked.claim,
        )
    except Invalid as error:
        form.refuse(error)
        return _code_page("auth/code.html", form, asked, 422)
    web.sign_in(account)
    return redirect(web.return_path(url_for("submission.start")))


@bp.get("/password")
@public
def forgot() -> Any:
    return page("auth/forgot.html", form=forms.Forgot())


@bp.post("/password")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_forgot() -> Any:
    form = forms.Forgot()
    if not form.validate():
        return page("auth/forgot.html", 422, form=form)
    _send_code(form.email.data, CodePurpose.RESET)
    return redirect(url_for(".reset"))


@bp.get("/password/new")
@public
def reset() -> Any:
    asked = _asked()
    if asked is None:
        return redirect(url_for(".forgot"))
    return _code_page("auth/reset.html", forms.Reset(), asked)


@bp.post("/password/new")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_reset() -> Any:
    asked = _asked()
    if asked is None:
        return redirect(url_for(".forgot"))
    form = forms.Reset()
    if request.form.get("again"):
        _send_code(asked.email, CodePurpose.RESET, zone=asked.zone)
        web.after_commit(partial(web.flash_said, _("A new code is on its way. The old one works no more.")))
        return redirect(url_for(".reset"))
    if not form.validate():
        return _code_page("auth/reset.html", form, asked, 422)
    try:
        account = accounts.reset_password(
            session(), email=asked.email, code=form.code.data, password=form.password.data, asker=_asker(asked)
        )
    except Invalid as error:
        form.refuse(error)
        return _code_page("auth/reset.html", form, asked, 422)
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
        accounts.request_confirmation(session(), actor(), locale=web.locale())
        web.flash_said(_("A code is on its way to %(email)s.", email=actor().email))
        return redirect(url_for(".confirm"))
    try:
        if not form.validate():
            raise Invalid("password", "required")
        token = accounts.confirm(
            session(), actor(), password=form.password.data or "", code=form.code.data or "", network=web.network()
        )
    except Invalid as error:
        form.refuse(error)
        return page("auth/confirm.html", 422, form=form)
    web.renew(token)
    return redirect(web.return_path(url_for("submission.start")))


@bp.get("/account")
@signed_in
def account() -> Any:
    stored = accounts.own_account(session(), actor())
    return _account_page(forms.Profile(stored), stored)


def _account_page(form: forms.Profile, stored: Account, status: int = 200) -> Any:
    sessions = accounts.sessions_of(session(), actor())
    return page("auth/account.html", status, form=form, sessions=sessions, has_password=bool(stored.password_hash))


@bp.post("/account")
@signed_in
@writes
def change_account() -> Any:
    stored = accounts.own_account(session(), actor())
    form = forms.Profile(stored)
    if not form.validate():
        return _account_page(form, stored, 422)
    try:
        accounts.change_profile(session(), actor(), changes=form.typed())
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _account_page(form, accounts.own_account(session(), actor()), 422)
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
    # Where their part stands, with what is next.
    return redirect(url_for("manage.desk"))


def _return_to(path: str) -> None:
    cookie["next"] = path


@bp.post("/language")
@public
@writes
def set_language() -> Any:
    """Keep the language in the account or else in a cookie, and go back to the same page in it."""
    wanted = request.form.get("lang", "")
    if wanted not in i18n.languages():
        raise NotFound
    if actor().signed_in:
        accounts.set_locale(session(), actor(), wanted)
    response = redirect(web.own_page(request.form.get("back", ""), wanted))
    response.set_cookie("lang", wanted, max_age=web.YEAR, samesite="Lax", httponly=True, secure=web.settings().secure)
    return response
