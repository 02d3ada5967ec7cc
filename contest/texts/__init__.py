"""Sentences for codes: the one place that says to a person, in their language, what services speak in codes.

A sentence says what happened and what to do. Use these as `texts.NAME(…)`.
"""

from contest.texts.accounts import browser_name, role_duty
from contest.texts.audit import act_group, act_name, fact_name, fact_value
from contest.texts.failures import ago, closed_sentence, kept, safe
from contest.texts.files import (
    file_facts,
    kind_group,
    kind_mark,
    kind_name,
    page_name,
    preview_progress,
    preview_state,
    rejection,
)
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
from contest.texts.setup import bar, cards_in, field_name, judge_state, part_name, part_problem, step, typical_time

__all__ = [
    "act_group",
    "act_name",
    "ago",
    "bar",
    "browser_name",
    "cards_in",
    "closed_sentence",
    "conflict",
    "count_entries",
    "denial",
    "denied_page",
    "fact_name",
    "fact_value",
    "field_error",
    "field_name",
    "file_facts",
    "invitation_state",
    "judge_state",
    "kept",
    "kind_group",
    "kind_mark",
    "kind_name",
    "left_out",
    "page_name",
    "part_name",
    "part_problem",
    "phase_name",
    "preview_progress",
    "preview_state",
    "problem",
    "recusal_kind",
    "rejection",
    "role_duty",
    "role_name",
    "safe",
    "state_name",
    "step",
    "typical_time",
]
