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
from contest.texts.scoring import (
    agreement,
    close,
    flag,
    measure,
    method_about,
    method_name,
    method_score,
    option_hint,
    option_name,
    option_word,
    points,
    severity,
    tie_rule,
)
from contest.texts.scoring_codes import note, refusal
from contest.texts.setup import bar, cards_in, field_name, judge_state, part_name, part_problem, step, typical_time

__all__ = [
    "act_group",
    "act_name",
    "ago",
    "agreement",
    "bar",
    "browser_name",
    "cards_in",
    "close",
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
    "flag",
    "invitation_state",
    "judge_state",
    "kept",
    "kind_group",
    "kind_mark",
    "kind_name",
    "left_out",
    "measure",
    "method_about",
    "method_name",
    "method_score",
    "note",
    "option_hint",
    "option_name",
    "option_word",
    "page_name",
    "part_name",
    "part_problem",
    "phase_name",
    "points",
    "preview_progress",
    "preview_state",
    "problem",
    "recusal_kind",
    "refusal",
    "rejection",
    "role_duty",
    "role_name",
    "safe",
    "severity",
    "state_name",
    "step",
    "tie_rule",
    "typical_time",
]
