"""Scoring in words: methods with their options, what the numbers of a ranking mean, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

#: Name, what it does, when to choose it, what its danger is: each a sentence or two.
_METHODS: dict[str, tuple[Any, Any, Any, Any]] = {
    "mean": (
        _l("Weighted mean"),
        _l("The points of a scorecard make one score by the weights of the rubric. The mean of these is the score."),
        _l("Choose it unless you have a reason not to. Anyone can follow it and check it by hand."),
        _l("A strict judge lowers every entry that he or she scores. Give each entry enough judges."),
    ),
    "trimmed": (
        _l("Trimmed mean"),
        _l("Like the weighted mean, but the highest and the lowest scores of each entry are left out."),
        _l("Choose it if one judge alone must not lift or sink an entry, and each entry has five judges or more."),
        _l("It throws away honest work too. Without odd scores it is less exact than the weighted mean."),
    ),
    "median": (
        _l("Median"),
        _l("The score in the middle: half of an entry’s judges gave more, half gave less."),
        _l("Choose it if single scores may be far off and you do not want to judge which ones."),
        _l("It does not see how far scores are apart, so more entries share a rank."),
    ),
    "pass": (
        _l("Pass or fail"),
        _l("Each judge lets an entry pass or not. An entry passes if enough of its judges let it pass."),
        _l("Choose it to sort out before the round that decides."),
        _l("It tells nothing about the order of those that pass."),
    ),
    "zscore": (
        _l("Standard scores (z)"),
        _l("Each score is measured by the judge’s own mean and spread. The mean of these is the score."),
        _l("Choose it only if entries were given to judges at random, and each judge scores many."),
        _l("A panel that saw better entries than another loses that: its good entries fall behind."),
    ),
    "additive": (
        _l("Adjusted for severity"),
        _l("How strict each judge is follows from the entries that judges share. That is taken out of the scores."),
        _l("Choose it if some judges are clearly stricter, and panels share 20 to 30 percent of their entries."),
        _l("It needs shared entries: if two groups of judges share none, there is no ranking."),
    ),
    "mixed": (
        _l("Adjusted for severity, with caution"),
        _l("Like the adjustment for severity, but an entry with few scores is drawn towards the middle."),
        _l("Choose it for large contests with few judges for an entry, if entries were given out at random."),
        _l("If one panel saw better entries, part of that is lost. It is hard to explain to entrants."),
    ),
    "borda": (
        _l("Points for places (Borda)"),
        _l("Each judge’s scores become an order. An entry gets a point for every entry below it."),
        _l("Choose it if you trust the order that a judge makes, but not the distances."),
        _l("It depends on what a judge saw. Use it if entries were given out at random, or every judge saw all."),
    ),
    "median-rank": (
        _l("Median place"),
        _l("Each judge’s scores become an order. The place in the middle decides."),
        _l("Choose it if orders count and a single judge’s order may be far off."),
        _l("It depends on what a judge saw, and many entries share a rank."),
    ),
    "copeland": (
        _l("Duels (Copeland)"),
        _l("Entries meet two by two. Whom more judges prefer wins; wins minus losses is the score."),
        _l("Choose it for a short list that every judge saw."),
        _l("Entries that no judge saw together do not meet, so with few judges each it decides little."),
    ),
    "schulze": (
        _l("Duels with chains (Schulze)"),
        _l("Entries meet two by two. Where the majorities run in a circle, the strongest chain decides."),
        _l("Choose it for a short list that every judge saw, if the choice of one winner matters most."),
        _l("It is hard to explain, and entries that no judge saw together are hardly told apart."),
    ),
}
#: Name and hint of each option.
_OPTIONS: dict[str, tuple[Any, Any]] = {
    "min_judges": (
        _l("Fewest judges for a rank"),
        _l("An entry with fewer scorecards gets no rank. It is shown as not ranked."),
    ),
    "ties": (_l("If scores are equal"), _l("The first rule that tells the entries apart decides.")),
    "trim": (
        _l("Share left out at each end, in percent"),
        _l(
            "Of an entry’s scores, rounded down. To leave out one at each end, enter 20 with five judges, 10 with ten. With fewer judges none is left out."
        ),
    ),
    "min_n": (
        _l("Fewest scorecards for a judge’s own spread"),
        _l("Of a judge with fewer, only the mean is taken out."),
    ),
    "mark": (
        _l("Score with which a judge lets an entry pass, in percent"),
        _l("Of full marks. This score or more is a pass."),
    ),
    "share": (_l("Judges who must let it pass, in percent"), _l("This share of an entry’s judges or more.")),
    "per": (_l("What is counted"), _l("Duels decided by the majority of judges, or every judge’s duels one by one.")),
    "strength": (_l("What makes a majority strong"), _l("How many are for it, or how many more than against it.")),
}
_WORDS: dict[str, Any] = {
    "majority": _l("Duels by majority"),
    "judge": _l("Each judge’s duels"),
    "winning": _l("How many are for it"),
    "margins": _l("How many more are for it than against it"),
}


#: What tallies were called before methods could be chosen.
_FORMER = {"weighted_rubric_mean": "mean"}


def method_name(method: str) -> str:
    """A method by its name in the engine; one that nobody knows any more is told as it is."""
    known = _METHODS.get(_FORMER.get(method, method))
    return str(known[0]) if known else method


def method_about(method: str) -> tuple[str, str, str]:
    """What a method does, when to choose it, what its danger is."""
    known = _METHODS.get(_FORMER.get(method, method))
    return (str(known[1]), str(known[2]), str(known[3])) if known else ("", "", "")


def option_name(option: str) -> str:
    return str(_OPTIONS[option][0])


def option_hint(option: str) -> str:
    return str(_OPTIONS[option][1])


def option_word(value: str) -> str:
    """One of the words that an option may have; a number as it is."""
    return str(_WORDS.get(value, value))


def tie_rule(rule: str, criteria: Mapping[str, str] | None = None) -> str:
    """A rule for equal scores; `criteria` are the names of the rubric's criteria by key."""
    kind, _colon, rest = rule.partition(":")
    if kind == "criterion":
        return _("the higher mean for “%(criterion)s”", criterion=(criteria or {}).get(rest, rest))
    return {
        "top": _("more of the highest marks"),
        "head": _("preferred by more of the judges who scored both"),
        "decision": _("the recorded decision of the chair"),
    }.get(kind, rule)


#: Methods whose score counts duels; that of all others is a share.
_COUNTS = ("copeland", "schulze")


def points(share: float) -> str:
    """A share of full marks as points of 100, with one decimal; two where one would be a zero that is none."""
    said = f"{share * 100:.1f}"
    return (f"{share * 100:.2f}" if said in ("0.0", "-0.0") and share else said).replace("-", "−")


def method_score(method: str, score: float) -> str:
    """A method's own score, or its standard error: as fine as the mean beside it, so that ranks can be followed."""
    return f"{score:g}".replace("-", "−") if method in _COUNTS else f"{score * 100:.2f}".replace("-", "−")


# What the numbers mean ---------------------------------------------------------------------------


def severity(value: float | None, se: float | None) -> str:
    """How strict a judge is, in words and points of 100."""
    if value is None:
        return _("not known")
    # A difference that rounds to nothing is none, whatever its error.
    if abs(value) <= max(se or 0, 0.0005):
        return _("like the others")
    size = points(abs(value))
    return _("stricter by %(points)s", points=size) if value < 0 else _("milder by %(points)s", points=size)


def flag(code: str) -> str:
    """What is unusual about a judge's scorecards, and what to do."""
    return {
        "straight": _("Gave every entry the same score. Ask whether the scale was understood."),
        "few": _("Very few scorecards: what is said of this judge is not certain."),
        "outlying": _(
            "Some scores are far from what the other judges gave. Read this judge’s scorecards before you decide."
        ),
        "strict": _("Clearly stricter than the others. No fault, but look at the adjusted scores."),
        "lenient": _("Clearly milder than the others. No fault, but look at the adjusted scores."),
    }[code]


def sureness(probability: float) -> str:
    """A probability in a word or two."""
    if probability >= 0.95:
        return _("nearly certain")
    if probability >= 0.75:
        return _("likely")
    if probability > 0.25:
        return _("could go either way")
    return _("unlikely") if probability > 0.05 else _("hardly possible")


def unsure(entries: int, top: int) -> str:
    """For how many entries it is not sure whether they are among the first `top`."""
    if not entries:
        return _("It is nearly certain which entries are the first %(top)s.", top=top)
    return ngettext(
        "For %(num)d entry it is not certain whether it belongs among the first %(top)s.",
        "For %(num)d entries it is not certain whether they belong among the first %(top)s.",
        entries,
        top=top,
    )


def drift(value: float | None, se: float | None) -> str:
    """How a judge's severity changed from the first scorecard to the last, in points of 100."""
    if value is None:
        return _("too few scorecards")
    # Twice the standard error, as for what is called clearly strict.
    if abs(value) <= max(2 * (se or 0), 0.0005):
        return _("no clear change")
    size = points(abs(value))
    return (
        _("stricter at the end by %(points)s", points=size)
        if value < 0
        else _("milder at the end by %(points)s", points=size)
    )


def outlying(above: bool) -> str:
    """Where an outlying scorecard lies."""
    return _("much higher than expected") if above else _("much lower than expected")


def measure(key: str) -> tuple[str, str]:
    """The name of a measure of agreement, and what it tells."""
    return {
        "kendall_w": (
            _("Order: Kendall’s W"),
            _(
                "Whether judges put the entries in the same order: 1 is the same order. Chance alone gives 1 divided by the number of judges. Less than 30 percent of the way from there to 1 is low."
            ),
        ),
        "krippendorff_alpha": (
            _("Scores: Krippendorff’s alpha"),
            _(
                "How far judges agree on the scores, beyond chance: 1 is full agreement, 0 is chance, and less is worse than chance. Below 0.67 is low, and usual where taste counts."
            ),
        ),
        "icc_one": (
            _("One judge: ICC(2,1)"),
            _("How far the score of a single judge can be trusted, from 0 to 1. Below 0.5 is low."),
        ),
        "icc_all": (
            _("All judges together: ICC(2,k)"),
            _(
                "How far the mean of all judges can be trusted, from 0 to 1. Below 0.5 is low: ask more judges next time."
            ),
        ),
    }[key]


def agreement(key: str, value: float, judges: int) -> str:
    """A measure of agreement as one of three words. The limits are those of the field, and no more than customs."""
    if key == "kendall_w":
        # Without the share that chance gives, 1/judges: with two judges 0.5 is no agreement.
        value = (judges * value - 1) / (judges - 1)
    # Kendall's W as usual in the social sciences; Krippendorff (2004), page 241; Koo and Li (2016) for the ICC.
    low, high = {"kendall_w": (0.3, 0.7), "krippendorff_alpha": (0.667, 0.8)}.get(key, (0.5, 0.75))
    return _("low") if value < low else _("high") if value >= high else _("middling")


def close(number: int) -> str:
    """That the first entries of a ranking cannot be told apart."""
    return ngettext(
        "The first entry cannot be told from the others: the distances are smaller than the error of judging.",
        "The first %(num)d entries cannot be told apart: the distances are smaller than the error of judging.",
        number,
    )
