"""What is safe when something failed, and how a passed deadline left an entry."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext as _

from contest import clock, i18n


def safe(code: str) -> str:
    """What is not lost, in one or two sentences; "" where there is nothing to say."""
    return {
        "conflict": _("What is stored now is kept. Load the page anew and make your change once more."),
        "invalid": _("Nothing was changed."),
        "csrf": _("Nothing was changed."),
        "storage_away": _("Nothing that you were shown as received is lost."),
        "database_away": _("What you were told is saved is saved."),
        "too_large": _("What was saved before is kept."),
        "too_many": _("What was saved before is kept."),
        "failed": _("What was saved before is kept. The failure is noted in our log."),
        "signed_out": _("What was saved before is kept."),
    }.get(code, "")


def grace_rule(grace_seconds: int, locale: str) -> str:
    """What may still be done after the close: one rule, told everywhere in these words."""
    if not grace_seconds:
        return _("What is not submitted at the close does not count. Begin early.")
    return _(
        "An upload that began before the close has %(span)s more to finish, be described and be submitted. Nothing else may change after the close: save all details and begin every upload before it.",
        span=i18n.duration(grace_seconds, locale),
    )


def closed_sentence(closes_at: datetime, now: datetime, grace_seconds: int, locale: str) -> str:
    """Why the grace does not help; "" in a contest without one."""
    if not grace_seconds:
        return ""
    if now < clock.grace_end(closes_at, grace_seconds):
        return grace_rule(grace_seconds, locale)
    span = i18n.duration(grace_seconds, locale)
    return _("The %(span)s of grace for uploads that had begun before have passed too.", span=span)


def kept(number: int | None, sealed_at: datetime | None, *, counts: bool, zone: str, locale: str) -> str:
    """What of an entry is in the contest. `number`: its newest revision; `counts`: whether it is judged."""
    if number is None or sealed_at is None:
        return _("Your entry was not submitted, so it is not in the contest. Your draft is kept; you can read it.")
    sealed = i18n.time_label(sealed_at, zone, locale)
    if not counts:
        return _(
            "Your entry is not in the contest any more. Revision %(number)s, sealed %(sealed)s, is kept with its receipt.",
            number=number,
            sealed=sealed,
        )
    return _(
        "Revision %(number)s, sealed %(sealed)s, is in the contest and will be judged. Your draft is kept.",
        number=number,
        sealed=sealed,
    )


def ago(since: timedelta, locale: str) -> str:
    """The title of a page about a contest that closed."""
    return _("This contest closed %(span)s ago", span=i18n.duration(since.total_seconds(), locale))
