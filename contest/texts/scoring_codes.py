"""What scoring refuses or warns of, by the code of `contest.scoring`: what is wrong, and the cure.

A sentence uses facts of the engine as `%(name)s`. Names of judges are left to the table of judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

_REFUSALS: dict[str, Any] = {
    # Comparing
    "no_scores": _l("No scorecard counts, so there is nothing to rank. Let judges submit their scorecards first."),
    "disconnected": _l(
        "%(groups)s groups of judges share no entry, so nobody can say whether one group is stricter. Let one judge score an entry of each group, for example %(one)s and %(other)s; or choose the weighted mean."
    ),
    "nothing_compared": _l("No judge saw two entries, so nothing is compared. Let each judge score at least two."),
    "no_science": _l(
        "The server lacks the packages numpy and scipy, which this computation needs. Ask its operator to install them, then close judging anew; or choose the weighted mean."
    ),
    "analysis_failed": _l(
        "How reliable the ranking is could not be worked out, by a fault of the software. The ranking stands. Tell the server’s operator; the log says more."
    ),
    # Fitting
    "too_large": _l(
        "%(entries)s entries and %(judges)s judges are too many for this method: one of the two numbers may be at most %(most)s. Choose the weighted mean."
    ),
    "too_many_draws": _l("%(draws)s draws for %(entries)s entries need too much memory. Take at most %(most)s draws."),
    "too_many_entries": _l(
        "%(entries)s entries are too many for this method: it takes at most %(most)s. Choose points for places (Borda) or the weighted mean."
    ),
    "too_many_votes": _l("%(votes)s votes are more than can be counted exactly: at most %(most)s are. Split the file."),
    "no_convergence": _l(
        "The computation did not settle on these scores. Choose the adjustment for severity or the mean."
    ),
    "no_residual": _l(
        "%(cards)s scorecards on %(entries)s entries by %(judges)s judges leave nothing to tell chance from merit. Let more judges score the same entries, or choose the weighted mean."
    ),
    "exact_fit": _l(
        "Each score is exactly what its entry and its judge add up to, so there is no chance to weigh by. Choose the adjustment for severity."
    ),
    # Equal scores
    "tie_rule_unknown": _l("“%(rule)s” is not a rule for equal scores. Choose one from the list."),
    "tie_marks_unknown": _l(
        "The rule “%(rule)s” needs the points of each criterion, but only totals are known. Leave the rule out."
    ),
    "tie_criterion_unknown": _l(
        "The rule “%(rule)s” names a criterion that is not in the rubric. Choose another rule."
    ),
    "tie_decision_malformed": _l(
        "“%(rule)s” is not a decision. Name two or more different entries, the better first, for example 0012 > 0007."
    ),
    "tie_entry_unknown": _l("The decision names an entry that is not in the contest. Correct the decision."),
    # Method and options
    "unknown_method": _l("There is no method “%(name)s”. Choose one from the list."),
    "unknown_option": _l("The method has no option “%(option)s”. Leave it out."),
    "bad_option": _l("“%(value)s” does not fit the option “%(option)s”. Correct it."),
    # A transferable vote
    "too_many_seats": _l("%(seats)s seats are more than the %(entries)s entries that stand. Choose fewer seats."),
    "decided_twice": _l("The decision names %(entry)s twice. Name each entry once."),
    "tie_needs_decision": _l(
        "%(names)s have equally few votes at stage %(stage)s, and which of them goes may change who is elected. Decide who goes first."
    ),
    "unknown_entry": _l("The decision names %(entry)s, which is not an entry. Check the name."),
    # Comparisons of two
    "no_maximum": _l(
        "Some entries never lost, or never won, so nothing tells how far ahead they are. Collect more comparisons, or set a ridge such as 0.1."
    ),
    "unknown_reference": _l("%(entry)s is in no comparison. Choose an entry that was compared as the reference."),
    "too_many_comparisons": _l("%(count)s comparisons are more than can be counted. Split the file."),
    "self_comparison": _l("%(entry)s is compared with itself. Winner and loser must be two entries."),
    "bad_count": _l("The comparison of %(winner)s with %(loser)s has the count %(count)s. It must be 1 or more."),
}
_NOTES: dict[str, Any] = {
    # How much there is to go by
    "one_judge": _l("Only one judge scored, so this is that judge’s own ranking. Let more judges score."),
    "too_few_judges": _l(
        "Entries with fewer than %(least)s judges: %(entries)s. They get no rank. Assign more judges."
    ),
    "all_equal": _l("All results are the same, so nothing tells the entries apart. Look at the levels of the rubric."),
    "no_spare_scores": _l(
        "There are just as many scores as the method needs, so nothing tells how exact they are. Let more judges score each entry."
    ),
    "few_spare_scores": _l(
        "Scores left over to measure chance: %(df)s. The errors are rough. Let more judges score each entry."
    ),
    "no_intervals": _l("There are no likely ranks, because the scores do not tell how large chance is."),
    "few_judges": _l(
        "With %(judges)s judges only, it is only roughly known how much they differ in severity. Ask more judges."
    ),
    "entries_alike": _l(
        "Entries differ no more than chance makes them differ, so they share one score. Let more judges score each entry."
    ),
    "little_severity": _l(
        "The judges hardly differ in severity. The weighted mean is as exact as an adjustment, and simpler."
    ),
    "judges_saw_different_entries": _l(
        "Some judges had better entries than others. Part of that is taken for severity: choose the plain adjustment for severity."
    ),
    "judges_with_one_card": _l(
        "Judges who scored one entry only: %(n)s. Their scores say nothing, because nobody knows how strict they are. Let them score more."
    ),
    # Who saw what
    "unlinked": _l(
        "%(groups)s groups of judges share no entry, so one group may simply be stricter. Let one judge score an entry of each group, for example %(one)s and %(other)s."
    ),
    "random_assignment": _l(
        "This method is fair only if entries were given to judges at random, or every judge saw every entry."
    ),
    "sets_differ": _l(
        "Judges who seem to have seen better or worse entries than the others: %(n)s. This method hides that difference: choose the weighted mean or the adjustment for severity."
    ),
    "ballots_differ": _l(
        "Judges saw from %(least)s to %(most)s entries. A place counts by its share of what the judge saw."
    ),
    "one_entry_ballots": _l(
        "Judges who saw one entry only: %(judges)s. That compares nothing, so they do not count here. Let them score more."
    ),
    "no_order": _l("Judges who gave all their entries the same score: %(judges)s. They set none before another."),
    "blank_ballots": _l("Ballots that rank no entry: %(ballots)s. They do not count as votes."),
    "pairs_not_compared": _l(
        "%(missing)s of %(pairs)s pairs of entries were seen together by no judge. Entries with few comparisons stay near the middle."
    ),
    # Means
    "nothing_cut": _l(
        "No score is left out, because no entry has more than %(most)s judges. This is the plain mean: leave out a larger share, or let more judges score."
    ),
    "too_few_left": _l(
        "Entries with fewer than three scores left: %(entries)s. Leave out a smaller share, or let more judges score."
    ),
    "unequal_judges": _l(
        "Entries have from %(least)s to %(most)s judges, so not the same share is left out of each. Let equally many judges score each entry."
    ),
    "mark_always_reached": _l("Every score reaches the mark, so every entry passes. Look at the mark."),
    "mark_never_reached": _l("No score reaches the mark, so no entry passes. Look at the mark."),
    "judges_centred": _l(
        "Judges with fewer than %(least)s scorecards: %(n)s. That is too few to know their spread, so only their mean is taken out."
    ),
    "judges_with_one_value": _l(
        "Judges who gave every entry the same score: %(n)s. It counts as the middle and tells nothing."
    ),
    "all_z_equal": _l("By each judge’s own scale all entries are equal, so they share a rank."),
    "means_equal": _l(
        "All entries have the same mean, so the score shown does not tell them apart. The rank follows z."
    ),
    "decision_incomplete": _l(
        "The decision names only some of %(equal)s equal entries, so they still share a rank. Name them all."
    ),
    "unlinked_orders": _l(
        "%(groups)s groups of judges share no entry, so nobody compares their places. Let one judge score an entry of each group, for example %(one)s and %(other)s."
    ),
    # A transferable vote
    "unequal_views": _l("Not every judge saw every entry: an entry that more judges saw can collect more votes."),
    "elected_below_quota": _l("Elected without the quota of %(quota)s: %(entries)s. They were the last that stood."),
    # Agreement
    "agreement_one_judge": _l("Agreement needs two judges or more. Let more judges score."),
    "agreement_few_entries": _l(
        "Agreement needs two entries or more that two judges scored; there are %(entries)s. Let judges share entries."
    ),
    "agreement_all_equal": _l(
        "All scores that can be compared are equal. This may be agreement, or a scale that nobody used."
    ),
    "agreement_single_scores": _l("Entries with one scorecard only: %(entries)s. Alpha leaves them out."),
    "agreement_negative": _l("Alpha for ratios needs scores from 0 on, but some are below."),
    "agreement_incomplete": _l(
        "W and ICC need every judge to score every entry; here %(percent)s %% of these scorecards are there. Alpha does without."
    ),
    "agreement_uneven": _l(
        "Fleiss’ kappa needs the same number of judges for each entry; here it is from %(least)s to %(most)s."
    ),
    "agreement_no_order": _l("Each judge gave one score to all entries, so there is no order to compare."),
    "agreement_equal_means": _l("All entries have the same mean, so ICC cannot be told."),
    "agreement_many_values": _l(
        "Fleiss’ kappa takes each of %(values)s different scores as a name, so it says little here. Read alpha instead."
    ),
    "agreement_rough_p": _l("With %(entries)s entries only, W is rough."),
    # Comparisons of two
    "no_errors_size": _l("Errors are left out: %(entries)s entries are too many for them, at most %(most)s."),
    "no_errors_distance": _l("Errors are left out, because some entries are too far apart."),
    "unlinked_pairs": _l(
        "%(groups)s groups of entries were never compared with each other, so ranks count within a group only. Compare an entry of each, for example %(one)s and %(other)s."
    ),
    "held_by_ridge": _l(
        "Some entries never lost, or never won. How far apart they are rests on the ridge of %(ridge)s. More comparisons would tell."
    ),
}
CODES = frozenset(_REFUSALS) | frozenset(_NOTES)


class _Facts(dict[str, str]):
    """Facts as texts. One that an older tally did not keep is a dash, so that its sentence can still be read."""

    def __missing__(self, key: str) -> str:
        return "–"


def _said(sentence: Any, facts: Mapping[str, Any]) -> str:
    return str(sentence) % _Facts({key: _text(value) for key, value in facts.items()})


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return str(_(", ")).join(_text(part) for part in value)
    return str(value)


def refusal(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """Why there is no result, and what to do. A code that a newer version stored is told as it is."""
    if code not in _REFUSALS:
        return _("No result can be given (%(code)s). Ask the operator of this site to update it.", code=code)
    return _said(_REFUSALS[code], facts or {})


def note(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """What a reader of the result must know. A code that a newer version stored is told as it is."""
    if code not in _NOTES:
        return _("There is a warning that this version does not know (%(code)s).", code=code)
    return _said(_NOTES[code], facts or {})
