"""Forms of accounts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from contest import web
from contest.forms.kit import (
    Form,
    SelectField,
    code,
    countries,
    email,
    furigana,
    languages,
    or_stored,
    own_zone,
    password,
    person,
    required,
    zones,
)

_NAME_HINT = _l("As you write it: any script, any order, one word or many.")
_PASSWORD_HINT = _l(
    "Optional. With one you need no mail to sign in. At least 15 characters: a sentence is easy to keep."
)


def _name(*checks: Any) -> Any:
    return person(_l("Your name"), *checks, hint=_NAME_HINT, render_kw={"autocomplete": "name"})


class SignIn(Form):
    # "webauthn" lets a browser offer a passkey in the same field.
    email = email(autocomplete="username webauthn")
    password = password(_l("Password"))


class Register(Form):
    email = email(hint=_l("We send a code there. Nobody else sees it but the organiser."))
    name = _name(required(_l("Enter your name.")))
    zone = SelectField(
        _l("Your time zone"), choices=zones, default="UTC", description=_l("Deadlines are shown in it too.")
    )
    password = password(_l("Password"), hint=_PASSWORD_HINT, new=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own_zone(self)


class EnterCode(Form):
    code = code()


class Forgot(Form):
    email = email(autocomplete="username")


class Reset(Form):
    code = code()
    password = password(
        _l("New password"),
        required(_l("Enter a new password.")),
        hint=_l("At least 15 characters; a sentence is easy to remember."),
        new=True,
    )


class NewAddress(Form):
    email = email(_l("New e-mail address"), hint=_l("We send a code there. Nothing changes until you type it."))


class Confirm(Form):
    password = password(_l("Password"))
    code = code()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.code.validators = [check for check in self.code.validators if not hasattr(check, "field_flags")]


class Profile(Form):
    """What people say of themselves. Furigana is asked on Japanese pages, and elsewhere if it is there."""

    name = _name(required(_l("Enter your name.")))
    locale = SelectField(_l("Language of pages and mails"), choices=languages)
    zone = SelectField(_l("Your time zone"), choices=zones, description=_l("Deadlines are shown in it too."))
    latin_name = person(
        _l("Your name in Latin letters"),
        hint=_l("Optional. If you win a prize, you may put it on your certificate."),
        render_kw={"autocomplete": "off"},
    )
    furigana = furigana(_l("Reading of your name"), hint=_l("Optional. In hiragana or katakana: やまだ はなこ."))
    sort_name = person(
        _l("Name for lists"),
        hint=_l("Optional. Lists are sorted by it, for example by your family name: Mokoena, Thandi."),
        render_kw={"autocomplete": "off"},
    )
    country = SelectField(
        _l("Country or region"),
        choices=countries,
        description=_l("Optional. Organisers see it; judges do not."),
        render_kw={"autocomplete": "country"},
    )

    def __init__(self, stored: Any, **data: Any) -> None:
        """`stored`: the account, whose values may be ones that the lists do not offer any more."""
        names = ("name", "locale", "zone", "latin_name", "furigana", "sort_name", "country")
        super().__init__(data={name: getattr(stored, name) for name in names} | data)
        self.zone.choices = zones(stored.zone)
        self.locale.choices = or_stored(languages(), stored.locale)
        self.country.choices = or_stored(countries(), stored.country)
        if web.locale().partition("-")[0] != "ja" and not stored.furigana:
            del self.furigana

    def typed(self) -> dict[str, str]:
        """What was typed, by the names of the account's columns."""
        return {field.name: field.data or "" for field in self if field.name != "csrf_token"}


class AcceptInvitation(Form):
    name = _name()
    zone = SelectField(
        _l("Your time zone"), choices=zones, description=_l("Choose where you work. Deadlines are shown in it too.")
    )
    password = password(_l("Password"), hint=_PASSWORD_HINT, new=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own_zone(self)
