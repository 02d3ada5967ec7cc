"""Sentences for codes: the one place that says to a person, in their language, what services speak in codes.

A sentence says what happened and what to do. Use these as `texts.NAME(…)`.
"""

from contest.texts.audit import act_group, act_name, fact_name, fact_value
from contest.texts.files import kind_name, preview_state, rejection
from contest.texts.names import (
    count_entries,
    invitation_state,
    left_out,
    phase_name,
    recusal_kind,
    role_name,
    state_name,
)
from contest.texts.refusals import conflict, denial, denied_page, field_error, problem
from contest.texts.setup import bar, part_name, part_problem, step

__all__ = [
    "act_group",
    "act_name",
    "bar",
    "conflict",
    "count_entries",
    "denial",
    "denied_page",
    "fact_name",
    "fact_value",
    "field_error",
    "invitation_state",
    "kind_name",
    "left_out",
    "part_name",
    "part_problem",
    "phase_name",
    "preview_state",
    "problem",
    "recusal_kind",
    "rejection",
    "role_name",
    "state_name",
    "step",
]
