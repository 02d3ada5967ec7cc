"""Roles, phases, states and kinds by name."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext


def role_name(role: str) -> str:
    return {
        "organiser": _("Organiser"),
        "chair": _("Chair"),
        "publisher": _("Publisher"),
        "judge": _("Judge"),
        "staff": _("Staff"),
        "admin": _("Administrator"),
        "entrant": _("Entrant"),
    }[role]


def phase_name(phase: str) -> str:
    return {
        "draft": _("Not announced"),
        "announced": _("Announced"),
        "open": _("Open for entries"),
        "grace": _("Grace for uploads"),
        "judging": _("Judging"),
        "published": _("Winners published"),
        "cancelled": _("Called off"),
    }[phase]


def state_name(state: str) -> str:
    """A stored state as a word."""
    return {
        "draft": _("Draft"),
        "submitted": _("Submitted"),
        "withdrawn": _("Withdrawn"),
        "disqualified": _("Disqualified"),
        "expected": _("Uploading"),
        "received": _("Checking"),
        "accepted": _("Ready"),
        "rejected": _("Refused"),
        "planned": _("Planned"),
        "open": _("Open"),
        "closed": _("Closed"),
        "tallied": _("Tallied"),
        "confirmed": _("Confirmed"),
        "proposed": _("Proposed"),
        "announced": _("Announced"),
        "published": _("Published"),
        "retracted": _("Retracted"),
        "superseded": _("Superseded"),
        "recused": _("Stepped back"),
        "not_started": _("Not started"),
        "none": _("No preview"),
        "icon": _("No preview"),
        "pending": _("Preview is being made"),
        "ready": _("Ready"),
        "damaged": _("Damaged"),
        "failed": _("No preview"),
        "refused": _("No preview"),
    }[state]


def recusal_kind(kind: str) -> str:
    return {
        "knows_work": _("I know this work or who made it"),
        "personal": _("Family or friend"),
        "professional": _("Colleague, employer, teacher or client"),
        "financial": _("Money is involved"),
        "other": _("Another reason"),
    }[kind]


def flag_kind(kind: str) -> str:
    """What a judge tells of an entry, as the judge says it."""
    return {
        "discuss": _("Worth discussing"),
        "identity": _("It shows who made it"),
        "rules": _("It breaks a rule"),
        "copied": _("It seems copied"),
        "broken": _("It does not open"),
        "other": _("Something else"),
    }[kind]


def count_entries(number: int) -> str:
    return ngettext("%(num)d entry", "%(num)d entries", number)


def invitation_state(state: str) -> str:
    return {
        "waiting": _("Not answered yet"),
        "expired": _("Out of date"),
        "accepted": _("Accepted"),
        "revoked": _("Withdrawn"),
    }[state]


def left_out(reason: str) -> str:
    """Why a tally did not count something, or warns about it: begins a list of entries."""
    return {
        "draft": _("A scorecard was begun but not submitted, so it does not count"),
        "recused": _("A judge stepped back, so nothing of that judge counts"),
        "removed": _("A judge was taken off before submitting"),
        "withdrawn": _("The entrant withdrew the entry"),
        "disqualified": _("The organiser took the entry out of the contest"),
        "few_scorecards": _("Fewer scorecards count than judges were promised"),
    }[reason]
