"""State tables: complete, closed over their own words, and strict."""

from __future__ import annotations

import pytest

from contest import vocabulary as words

TABLES = [
    (words.RoundState, words.ROUND_TRANSITIONS),
    (words.EntryState, words.ENTRY_TRANSITIONS),
    (words.FileState, words.FILE_TRANSITIONS),
    (words.ScorecardState, words.SCORECARD_TRANSITIONS),
    (words.AwardState, words.AWARD_TRANSITIONS),
    (words.PublicationState, words.PUBLICATION_TRANSITIONS),
]


@pytest.mark.parametrize("states, table", TABLES)
def test_every_state_has_its_row_and_leads_to_known_states(states: type, table: words.Transitions) -> None:
    assert set(table) == set(states)
    assert set().union(*table.values()) <= set(states)


@pytest.mark.parametrize("states, table", TABLES)
def test_each_pair_is_allowed_or_refused(states: type, table: words.Transitions) -> None:
    for old in states:
        for new in states:
            if new in table[old]:
                words.check_transition(table, old, new)
            else:
                with pytest.raises(words.IllegalTransition):
                    words.check_transition(table, old, new)


def test_what_is_final_stays() -> None:
    assert not words.ROUND_TRANSITIONS["confirmed"]
    assert not words.FILE_TRANSITIONS["accepted"]
    assert not words.PUBLICATION_TRANSITIONS["retracted"]
