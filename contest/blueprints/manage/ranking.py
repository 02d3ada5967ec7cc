"""The ranking with all that is known of its reliability, for those who decide; and the scores to compute it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from contest import texts
from contest.blueprints.manage import bp
from contest.blueprints.manage.common import NUMBER
from contest.forms.scoring import criteria, percent_text
from contest.scoring import MEANS
from contest.services import analysis, exports, flags, scorecards
from contest.services.listing import read
from contest.web import actor, page, session, signed_in, writes

#: Notes about measures of agreement that the page leaves to the command line.
_OF_OTHERS = ("agreement_uneven", "agreement_many_values", "agreement_negative")


@bp.get("/manage/<slug>/results/ranking")
@signed_in
def ranking(slug: str) -> Any:
    listed = read(request.args, sorts=analysis.SORTS, per=analysis.PAGE)
    view = analysis.view(session(), actor(), slug, listed)
    made, tally = view.analysis, view.tally
    named = criteria(view.contest)
    severities = [abs(judge.severity) + 2 * (judge.se or 0) for judge in view.judges if judge.severity is not None]
    return page(
        "results/ranking.html",
        contest=view.contest,
        round=view.round,
        tally=tally,
        analysis=made,
        rows=view.rows,
        discuss=flags.to_discuss(session(), view.round.id, [row.number for row in view.rows]),
        listing=view.listing,
        judges=view.judges,
        decimals=view.decimals,
        criteria=named,
        widest=max(severities, default=0.0),
        own_score=_own_score(tally, made),
        measures=_measures(view.agreement) if made else [],
        agreement_notes=_notes(one for one in view.agreement.get("notes", ()) if one["code"] not in _OF_OTHERS),
        notes=_notes(view.notes),
        lede=_lede(view) if made else [],
        level=f"{100 * made.model.get('level', 0.95):.0f}" if made else "",
        options=_options(tally, named) if tally else [],
        commands=_commands(tally, made) if tally else [],
        ranks=_ranks,
        chance=_chance,
        top=made.model.get("top", 1) if made else 1,
        changes=any(judge.drift is not None for judge in view.judges),
        enough=analysis.ENOUGH,
        tied=_tied(view.rows),
    )


@bp.get(f"/manage/<slug>/results/entries/{NUMBER}")
@signed_in
def entry_scorecards(slug: str, number: int) -> Any:
    """What each judge gave one entry, side by side."""
    view = scorecards.of_entry(session(), actor(), slug, number)
    return page("results/scorecards.html", view=view, contest=view.contest)


@bp.post("/manage/<slug>/results/scores")
@signed_in
@writes
def export_scores(slug: str) -> Response:
    """What was counted, as two files that `contest tally` reads."""
    packed = exports.pack(*exports.export_scores(session(), actor(), slug))
    response = Response(packed, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="scores-{slug}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_score(tally: Any, made: Any) -> bool:
    """Whether the method has a score that does not stand on the page anyway, as the mean or the adjusted score."""
    if tally is None or tally.refused or tally.method in MEANS:
        return False
    return tally.method != "additive" or made is None or bool(made.refused)


# Numbers as people read them ---------------------------------------------------------------------


def _ranks(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return "–"
    return str(low) if low == high else _("%(low)s to %(high)s", low=low, high=high)


def _tied(rows: Sequence[Any]) -> Callable[[Any], str]:
    """Tells of a row which adjusted ranks cannot be told from its own."""
    shared = Counter(row.adjusted_rank for row in rows)

    def told(row: Any) -> str:
        alone = row.tied_low is not None and row.tied_low == row.tied_high and shared[row.adjusted_rank] == 1
        return _("with none") if alone else _ranks(row.tied_low, row.tied_high)

    return told


def _chance(probability: float | None) -> str:
    """A probability out of draws in whole per cent: it is no more certain than that."""
    if probability is None:
        return "–"
    if probability < 0.01:
        return _("under %(percent)s %%", percent=1)
    if probability > 0.99:
        return _("over %(percent)s %%", percent=99)
    return f"{probability * 100:.0f} %"


# Sentences ---------------------------------------------------------------------------------------


def _lede(view: Any) -> list[str]:
    """What the ranking says to those who decide, in one or two sentences; about the first page only."""
    if view.listing.page > 1 or not view.rows:
        return [_("The rest of the ranking. What it means stands on the first page.")]
    if view.analysis.refused:
        if view.analysis.refused["code"] != "disconnected":
            return [_("The ranking stands, but how certain it is cannot be told.")]
        return [
            _("The scores stand, but scores by different judges cannot be compared here, so their error is not known.")
        ]
    said = []
    ahead = [row for row in view.rows if row.adjusted_rank == 1]
    leading = [row for row in view.rows if row.rank == 1]
    first = (ahead or leading)[0] if ahead or leading else None
    if first is None:
        return [_("No entry has a rank.")]
    if leading and ahead and not {row.number for row in leading} & {row.number for row in ahead}:
        said.append(
            _(
                "Entry %(raw)s leads by its score, but entry %(adjusted)s if the severity of its judges is taken out.",
                raw=f"{leading[0].number:04d}",
                adjusted=f"{ahead[0].number:04d}",
            )
        )
    if view.tally.method == "additive" and (plain := _by_mean(view)) and first.number not in plain:
        said.append(
            _(
                "By the plain mean, %(raw)s would lead. Entry %(adjusted)s leads because its judges were stricter.",
                raw=f"{plain[0]:04d}",
                adjusted=f"{first.number:04d}",
            )
        )
    if first.tied_high is not None:
        # A rank that several share ends the group with more entries than its number says.
        within = [row for row in view.rows if row.adjusted_rank and row.adjusted_rank <= first.tied_high]
        close = max(first.tied_high, len(within))
        if close > 1:
            said += [texts.close(close), _("Let the jury decide between them.")]
        else:
            said.append(
                _("Entry %(entry)s leads: no other comes within the error of judging.", entry=f"{first.number:04d}")
            )
    top = view.analysis.model.get("top", 1)
    if top > 1 and view.unsure is not None:
        said.append(texts.unsure(view.unsure, top))
    return said or [_("The ranking stands, but how certain it is cannot be told.")]


def _by_mean(view: Any) -> list[int]:
    """The numbers of the ranked entries with the best mean; none if the page does not show them all."""
    if view.tally.n_entries > analysis.PAGE:
        return []
    scores = {
        row.number: Fraction(row.numerator, row.denominator)
        for row in view.rows
        if row.rank is not None and row.denominator
    }
    return [number for number, score in scores.items() if score == max(scores.values())]


def _notes(notes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Warnings in words, each once."""
    return list(dict.fromkeys(texts.note(one["code"], one["facts"]) for one in notes))


def _measures(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """(name, value, one word for it, what it means) of each measure of agreement."""
    w, alpha, icc = found.get("kendall_w") or {}, found.get("krippendorff_alpha") or {}, found.get("icc") or {}
    values = {
        "kendall_w": w.get("w"),
        "krippendorff_alpha": alpha.get("interval"),
        "icc_one": icc.get("icc2_1"),
        "icc_all": icc.get("icc2_k"),
    }
    if all(value is None for value in values.values()):
        return []
    drawn = (found.get("krippendorff_interval") or {}).get("interval")
    told = []
    for key, value in values.items():
        name, sentence = texts.measure(key)
        said = "" if value is None else _coefficient(value)
        if value is not None and key == "krippendorff_alpha" and drawn:
            low, high = map(_coefficient, drawn)
            said = _("%(value)s (likely %(low)s to %(high)s)", value=said, low=low, high=high)
        told.append((name, said, "" if value is None else texts.agreement(key, value, found["n_judges"]), sentence))
    return told


def _coefficient(value: float) -> str:
    # Rounded first, so that nothing becomes a zero below zero.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


# How it was computed -----------------------------------------------------------------------------


def _options(tally: Any, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The options of a tally in words; `names` are those of the criteria."""
    told = []
    for key, value in tally.params.get("options", {}).items():
        name = key.replace("-", "_")
        if name in ("trim", "mark", "share"):
            said = f"{percent_text(value)} %"
        elif name == "ties":
            said = _("; ").join(texts.tie_rule(rule, names) for rule in value.split(","))
        else:
            said = texts.option_word(value)
        told.append((texts.option_name(name), said))
    return told


def _commands(tally: Any, made: Any) -> list[str]:
    """The command lines that print the same from the two files."""
    files = "SCORES.csv --weights W.csv"
    lines = [f"{exports.command(tally)} --json"]
    if made and not made.refused:
        drawn = {"min-judges": tally.params["minimum"]} | {
            key: made.model[key] for key in ("draws", "seed", "level", "top") if key in made.model
        }
        lines.append(f"contest tally {files} --method additive{_given(drawn)} --json")
    drawn = (made.agreement if made else {}).get("krippendorff_interval") or {}
    return [*lines, f"contest agreement {files}{_given({k: drawn[k] for k in ('draws', 'seed') if k in drawn})} --json"]


def _given(options: Mapping[str, Any]) -> str:
    return "".join(f" --option {name}={value}" for name, value in options.items())
