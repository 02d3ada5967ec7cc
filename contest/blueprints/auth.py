"""Accounts: register, sign in by password or code, verify, confirm, profile, invitations."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext as _

from contest import clock, i18n, web
from contest.errors import Denied, Invalid, NotFound
from contest.forms import accounts as forms
from contest.forms.kit import Form
from contest.models import Account, Invitation
from contest.permissions import may_change_sign_in
from contest.services import accounts, codes, invitations, profiles
from contest.services.addresses import email_key
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
            return _send_first(_SIGNS_IN, form.email.data)
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
    _begin_session(account)
    return redirect(web.return_path(url_for("submission.start")))


@dataclass(frozen=True)
class Asked:
    """What a browser remembers of a code that it asked for, in its signed cookie.

    `claim`: that to the password chosen here, see `codes.use_code`. `zone`: in which to say when it was sent.
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
        return self.at + codes.code_life(self.purpose)

    @property
    def wrong_address(self) -> str:
        """Where to type another address."""
        pages = {
            CodePurpose.VERIFY: "auth.register",
            CodePurpose.RESET: "auth.forgot",
            CodePurpose.ADDRESS: "auth.new_address",
        }
        return url_for(pages.get(CodePurpose(self.purpose), "auth.sign_in"))


@dataclass(frozen=True)
class CodePage:
    """A page where a code is typed: what the code is for, its template and form, and where one asks for such a code."""

    purposes: tuple[CodePurpose, ...]
    template: str
    form: type[Form]
    endpoint: str
    begin: str


#: Both purposes sign in.
_SIGNS_IN = CodePage(
    (CodePurpose.SIGN_IN, CodePurpose.VERIFY), "auth/code.html", forms.EnterCode, "auth.enter_code", "auth.sign_in"
)
_RESETS = CodePage((CodePurpose.RESET,), "auth/reset.html", forms.Reset, "auth.reset", "auth.forgot")
_MOVES = CodePage(
    (CodePurpose.ADDRESS,), "auth/address_code.html", forms.EnterCode, "auth.address_code", "auth.new_address"
)


def _asked(kind: CodePage) -> Asked | None:
    """What this browser asked for last, if that page is for it."""
    stored = cookie.get("code_for")
    return Asked(**stored) if isinstance(stored, dict) and stored["purpose"] in kind.purposes else None


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
    if purpose == CodePurpose.ADDRESS:
        email = accounts.request_address(session(), actor(), email=email, network=web.network())
    else:
        own = web.known_browser(email)
        codes.request_code(session(), email=email, purpose=purpose, locale=web.locale(), network=web.network(), own=own)
    _remember(email, purpose, claim=claim, zone=zone)


def _send_first(kind: CodePage, email: str) -> Any:
    """Send a code. Whoever begins anew in the same browser too often goes on with what they asked for."""
    try:
        _send_code(email, kind.purposes[0], zone=_zone_sent())
    except Denied as error:
        asked = _asked(kind)
        if error.reason != "too_many_tries" or asked is None or email_key(asked.email) != email_key(email):
            raise
        return _codes_enough(kind, asked, kind.form(formdata=None))
    return redirect(url_for(kind.endpoint))


def _send_again(kind: CodePage, asked: Asked, form: Form) -> Any:
    try:
        _send_code(asked.email, CodePurpose(asked.purpose), claim=asked.claim, zone=asked.zone)
    except Denied as error:
        if error.reason != "too_many_tries":
            raise
        return _codes_enough(kind, asked, form)
    said = _("A new code is on its way. A code that came before works as well, until its time is over.")
    web.after_commit(partial(web.flash_said, said))
    return redirect(url_for(kind.endpoint))


def _codes_enough(kind: CodePage, asked: Asked, form: Form) -> Any:
    """Whoever waits for slow mail stays where they can type a code that was sent before."""
    form.refuse(Invalid("code", "codes_enough"))
    return _code_page(kind, asked, form, 429)


def _code_page(kind: CodePage, asked: Asked, form: Form, status: int = 200) -> Any:
    zone = web.viewer_zone() or asked.zone or "UTC"
    return page(kind.template, status, form=form, asked=asked, zone=zone, over=asked.until <= now())


def _empty_code_page(kind: CodePage) -> Any:
    asked = _asked(kind)
    return redirect(url_for(kind.begin)) if asked is None else _code_page(kind, asked, kind.form())


def _typed_code(kind: CodePage, use: Callable[[Any, Asked], Any]) -> Any:
    """Send another code if that was asked for, or `use` the one that was typed: it answers, or raises Invalid."""
    asked = _asked(kind)
    if asked is None:
        return redirect(url_for(kind.begin))
    form = kind.form()
    if request.form.get("again"):
        return _send_again(kind, asked, form)
    if not form.validate():
        return _code_page(kind, asked, form, 422)
    try:
        if asked.until <= now():
            # The page says that it is over: tries are not saved up for later codes.
            raise Invalid("code", "code_wrong")
        return use(form, asked)
    except Invalid as error:
        # The counted guess commits.
        form.refuse(error)
        return _code_page(kind, asked, form, 422)
    except Denied:
        # Tried too often: with another code one may go on.
        form.refuse(Invalid("code", "code_wrong"))
        return _code_page(kind, asked, form, 429)


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
            own=web.known_browser(form.email.data),
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
    return _empty_code_page(_SIGNS_IN)


@bp.post("/code")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_enter_code() -> Any:
    return _typed_code(_SIGNS_IN, _enter)


def _enter(form: forms.EnterCode, asked: Asked) -> Any:
    """A code that verifies an address also signs its owner in: both prove the same."""
    account = codes.use_code(
        session(),
        email=asked.email,
        code=form.code.data,
        purposes=_SIGNS_IN.purposes,
        asker=asked.asker,
        claim=asked.claim,
    )
    _begin_session(account)
    if asked.claim and not codes.keeps_password(account, asked.claim):
        web.after_commit(
            partial(
                web.flash_said, _("There was an account for this address already, so your new password is not kept.")
            )
        )
    return redirect(web.return_path(url_for("submission.start")))


@bp.get("/password")
@public
def forgot() -> Any:
    return page("auth/forgot.html", form=forms.Forgot(email=actor().email))


@bp.post("/password")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_forgot() -> Any:
    form = forms.Forgot()
    if not form.validate():
        return page("auth/forgot.html", 422, form=form)
    return _send_first(_RESETS, form.email.data)


@bp.get("/password/new")
@public
def reset() -> Any:
    return _empty_code_page(_RESETS)


@bp.post("/password/new")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT, key_func=web.place)
@writes
def do_reset() -> Any:
    return _typed_code(_RESETS, _set_password)


def _set_password(form: forms.Reset, asked: Asked) -> Any:
    account = accounts.reset_password(
        session(), email=asked.email, code=form.code.data, password=form.password.data, asker=asked.asker
    )
    _begin_session(account)
    # Signing in begins a new cookie after the commit; what is said must go into that one.
    web.after_commit(partial(web.flash_said, _("Your password is changed.")))
    return redirect(url_for("submission.start"))


@bp.post("/sign-out")
@public
@writes
def sign_out() -> Any:
    _leave_session()
    return redirect(url_for("submission.start"))


def _leave_session() -> None:
    """End this browser's session, if it has one."""
    if actor().signed_in:
        accounts.sign_out(session(), actor())
    web.sign_out()


def _begin_session(account: Account) -> None:
    """Sign in here; the session that this browser was in before does not live on unseen."""
    if actor().signed_in:
        accounts.sign_out(session(), actor())
    web.sign_in(account)


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
        codes.request_confirmation(session(), actor(), locale=web.locale())
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
    stored = profiles.own_account(session(), actor())
    return _account_page(forms.Profile(stored), stored)


def _account_page(form: forms.Profile, stored: Account, status: int = 200) -> Any:
    sessions = accounts.sessions_of(session(), actor())
    return page("auth/account.html", status, form=form, sessions=sessions, has_password=bool(stored.password_hash))


@bp.post("/account")
@signed_in
@writes
def change_account() -> Any:
    stored = profiles.own_account(session(), actor())
    form = forms.Profile(stored)
    if not form.validate():
        return _account_page(form, stored, 422)
    try:
        profiles.change_profile(session(), actor(), changes=form.typed())
    except Invalid as error:
        web.keep_and_roll_back()
        form.refuse(error)
        return _account_page(form, profiles.own_account(session(), actor()), 422)
    web.flash_said(_("Your details are saved."))
    return redirect(url_for(".account"))


@bp.post("/account/password/remove")
@signed_in
@writes
def remove_password() -> Any:
    accounts.remove_password(session(), actor())
    web.flash_said(_("Your password is removed. From now on a code by mail signs you in."))
    return redirect(url_for(".account"))


@bp.get("/account/address")
@signed_in
def new_address() -> Any:
    if not may_change_sign_in(actor(), now()):
        web.keep_return_path()
        return redirect(url_for(".confirm"))
    return page("auth/address.html", form=forms.NewAddress())


@bp.post("/account/address")
@signed_in
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_new_address() -> Any:
    form = forms.NewAddress()
    if not form.validate():
        return page("auth/address.html", 422, form=form)
    try:
        return _send_first(_MOVES, form.email.data)
    except Invalid as error:
        form.refuse(error)
        return page("auth/address.html", 422, form=form)


@bp.get("/account/address/code")
@signed_in
def address_code() -> Any:
    return _empty_code_page(_MOVES)


@bp.post("/account/address/code")
@signed_in
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def do_address_code() -> Any:
    return _typed_code(_MOVES, _move)


def _move(form: forms.EnterCode, asked: Asked) -> Any:
    token = accounts.change_own_address(session(), actor(), email=asked.email, code=form.code.data, asker=asked.asker)
    web.renew(token)
    web.know_browser(asked.email)
    web.after_commit(partial(cookie.pop, "code_for", None))
    web.flash_said(_("Your address is changed. From now on you sign in with %(email)s.", email=asked.email))
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
    if (owner := invitations.accepted_by(session(), token)) is not None:
        # Opened again: it leads to its owner's part.
        if owner.id != actor().account_id:
            web.flash_said(_("This invitation was accepted before. Sign in to go on."))
        return redirect(url_for("manage.desk"))
    found = invitations.get_invitation(session(), token)
    contest = invitations.contest_of(session(), found)
    # Without the browser's own zone the list begins at the contest's.
    zone = clock.name_today(contest.zone) if contest else "UTC"
    return _invitation_page(found, token, forms.AcceptInvitation(zone=zone))


def _invitation_page(found: Invitation, token: str, form: Form, status: int = 200) -> Any:
    return page(
        "auth/invitation.html",
        status,
        form=form,
        invitation=found,
        token=token,
        known=invitations.has_account(session(), found),
        mine=invitations.is_for(found, actor()),
        contest=invitations.contest_of(session(), found),
    )


@bp.post("/invitations/<token>")
@public
@web.limiter.limit(web.SIGN_IN_LIMIT)
@writes
def accept_invitation(token: str) -> Any:
    form = forms.AcceptInvitation()
    if invitations.accepted_by(session(), token) is not None:
        # A second press. The first one may have signed in by now: an answer that sets the cookie would undo it.
        return redirect(url_for("manage.desk"))
    found = invitations.get_invitation(session(), token)
    known = invitations.has_account(session(), found)
    if known and not invitations.is_for(found, actor()):
        # A link in a mail never signs in to an account that exists.
        _leave_session()
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
        return _invitation_page(invitations.get_invitation(session(), token), token, form, 422)
    if not known:
        _begin_session(account)
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
        profiles.set_locale(session(), actor(), wanted)
    response = redirect(web.own_page(request.form.get("back", ""), wanted))
    response.set_cookie("lang", wanted, max_age=web.YEAR, samesite="Lax", httponly=True, secure=web.settings().secure)
    return response
