"""Profiles: what people say of themselves, and how they want to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from contest import audit, clock, i18n
from contest.errors import Invalid
from contest.models import Account
from contest.permissions import Actor
from contest.vocabulary import DEFAULT_LOCALE

#: What people say of themselves. The reading and the order of a name are for lists; the Latin name for certificates.
PROFILE = ("name", "latin_name", "furigana", "sort_name", "locale", "zone", "country")


def change_profile(session: Session, actor: Actor, *, changes: Mapping[str, str]) -> Account:
    """Change the actor's own profile: what `changes` names of PROFILE. What it does not name stays.

    Raises Invalid. A stored country or language that the lists do not have (any more) may stay.
    """
    account = session.get_one(Account, actor.account_id, with_for_update=True)
    known: dict[str, Callable[[str], bool]] = {
        "name": bool,
        "zone": clock.is_zone,
        "locale": lambda language: language in i18n.languages(),
        "country": lambda code: not code or i18n.territory(code, DEFAULT_LOCALE) != code,
    }
    problem = {"name": "required", "zone": "zone_unknown", "locale": "invalid", "country": "invalid"}
    changed = {name: value for name, value in changes.items() if getattr(account, name) != value}
    wrong = {name: problem[name] for name, value in changed.items() if name in known and not known[name](value)}
    if wrong:
        raise Invalid(wrong)
    for name in PROFILE:
        if name in changed:
            setattr(account, name, changed[name])
    if changed:
        audit.record(session, actor, "account.changed", account)
    return account


def set_locale(session: Session, actor: Actor, locale: str) -> None:
    """Keep the language of the actor's pages and mails. Reading in another one is no act to audit."""
    session.execute(update(Account).where(Account.id == actor.account_id).values(locale=locale))


def set_theme(session: Session, actor: Actor, theme: str) -> None:
    """Keep light or dark ("": as the system says) for the actor's pages. As with the language, no act to audit."""
    session.execute(update(Account).where(Account.id == actor.account_id).values(theme=theme))


def own_account(session: Session, actor: Actor) -> Account:
    return session.get_one(Account, actor.account_id)
