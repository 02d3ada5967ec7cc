"""Forms of the people of a contest."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from contest import texts
from contest.forms.kit import Form, SelectField, email, languages, line
from contest.vocabulary import Role


def _roles() -> list[tuple[str, str]]:
    return [
        (role, _("%(role)s: %(does)s", role=texts.role_name(role), does=does))
        for role, does in (
            (Role.JUDGE.value, _("scores entries without their names")),
            (Role.CHAIR.value, _("leads the jury and approves the winners")),
            (Role.PUBLISHER.value, _("approves and publishes the winners")),
            (Role.ORGANISER.value, _("runs the contest")),
        )
    ]


class Invite(Form):
    role = SelectField(_l("Role"), choices=_roles)
    email = email(hint=_l("The invitation goes there."))
    name = line(_l("Name"), most=120, hint=_l("Optional, for the greeting."))
    locale = SelectField(_l("Language of the mail"), choices=languages)
