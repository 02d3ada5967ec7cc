"""Forms of accounts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from contest.forms.kit import (
    Form,
    SelectField,
    code,
    email,
    languages,
    line,
    password,
    required,
    zones,
)

_NAME_HINT = _l("In any script, in the order that you use.")
_PASSWORD_HINT = _l(
    "Optional. At least 15 characters; a sentence is easy to remember. Without one we mail you a code each time."
)


class SignIn(Form):
    email = email()
    password = password(_l("Password"), hint=_l("Leave it empty to get a code by mail."))


class Register(Form):
    email = email(hint=_l("We send a code there. Nobody else sees it but the organiser."))
    name = line(_l("Your name"), required(), most=120, hint=_NAME_HINT, render_kw={"autocomplete": "name"})
    latin_name = line(_l("Your name in Latin letters"), most=120, hint=_l("Optional, for certificates."))
    zone = SelectField(_l("Your time zone"), choices=zones, default="UTC")
    password = password(_l("Password"), hint=_PASSWORD_HINT, new=True)


class EnterCode(Form):
    code = code()


class Forgot(Form):
    email = email()


class Reset(Form):
    code = code()
    password = password(
        _l("New password"), required(), hint=_l("At least 15 characters; a sentence is easy to remember."), new=True
    )


class Confirm(Form):
    password = password(_l("Password"))
    code = code()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.code.validators = [check for check in self.code.validators if not hasattr(check, "field_flags")]


class Profile(Form):
    name = line(_l("Your name"), required(), most=120, hint=_NAME_HINT, render_kw={"autocomplete": "name"})
    latin_name = line(_l("Your name in Latin letters"), most=120, hint=_l("Optional, for certificates."))
    country = line(_l("Country or region"), most=80, render_kw={"autocomplete": "country-name"})
    locale = SelectField(_l("Language of pages and mails"), choices=languages)
    zone = SelectField(_l("Your time zone"), choices=zones)


class AcceptInvitation(Form):
    name = line(_l("Your name"), most=120, hint=_NAME_HINT, render_kw={"autocomplete": "name"})
    zone = SelectField(_l("Your time zone"), choices=zones, default="Asia/Tokyo")
    password = password(_l("Password"), hint=_PASSWORD_HINT, new=True)
