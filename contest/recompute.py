"""The commands by which anyone recomputes a result: files in, a table or JSON out; no service, no settings.

contest tally SCORES.csv --method M [--weights W.csv] [--option k=v …] [--json]
contest agreement SCORES.csv [--weights W.csv] [--option k=v …] [--json]
contest verify PUBLICATION.json SCORES.zip

Exit code 0: there is a result. 2: there is none, and one sentence on standard error says why and what helps.
`verify` ends with 1 if what is published differs from what the scores give.
"""

from __future__ import annotations

import json
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from contest.scoring import ENGINE_VERSION, checking, methods, outcome, reading
from contest.scoring.digest import canonical, sha256
from contest.scoring.refusals import Refused
from contest.scoring.table import Numbers, Wrong

#: Ends as the shell expects of a program that Ctrl-C stopped.
_STOPPED = 130
#: Five million lines of a hundred characters: an endless stream ends here.
_MOST_BYTES = 500_000_000
#: What a method takes → the kind of file that holds it.
_KINDS = {"cards": ("scores",), "ballots": ("rankings", "scores"), "pairs": ("pairs",)}
#: What is counted in each kind of file.
_ONE = {"scores": "scorecard", "rankings": "ballot", "pairs": "comparison"}
_AGREEMENT = methods.Method(
    "agreement",
    "cards",
    "agreement:agreement",
    (
        methods.Option("draws", methods.whole(0, 100_000), 0, "draws for the interval of Krippendorff's alpha"),
        methods.Option("seed", methods.whole(0, 2**32 - 1), 0, "the seed of the draws"),
    ),
)


def tally(
    file: str, *, method: str, weights: str | None = None, options: Sequence[str] = (), as_json: bool = False
) -> int:
    """Rank what a file holds, say it on standard output, and return the exit code."""

    def run() -> str:
        chosen = methods.method(method)
        given, parsed, scale = _given(chosen, file, weights, options)
        result = chosen.run(_data(chosen, given), parsed)
        _hint(given)
        if scale is not None:
            result = replace(result, params={**result.params, "scale": scale})
        return _json(_told(result, given)) if as_json else _words(result, given)

    return _said("tally", run)


def agreement(file: str, *, weights: str | None = None, options: Sequence[str] = (), as_json: bool = False) -> int:
    """Say how far the judges of a file agree, and return the exit code."""

    def run() -> str:
        given, parsed, _ = _given(_AGREEMENT, file, weights, options)
        from contest.scoring import agreement

        found = agreement.agreement(_data(_AGREEMENT, given), **parsed)
        _hint(given)
        told = found.as_json()
        return _json(told) if as_json else _agreed(told)

    return _said("agreement", run)


def verify(publication: str, scores: str) -> int:
    """Compare what a publication says with what its own scores give, say it, and return the exit code.

    `publication`: the JSON of the public interface. `scores`: the ZIP that it names.
    """
    found: list[str] = []

    def run() -> str:
        told = _published(_bytes(publication))
        snapshot = told["snapshot"]
        if not snapshot.get("scores"):
            raise Refused("no_scores", "With this publication no scores are public: only its digest can be checked.")
        digest = sha256(snapshot)
        found.extend(checking.differences(told, digest, _bytes(scores)))
        tally = snapshot["tally"]
        lines = [f"Publication {told['publication']}, SHA-256 {digest}.", *(f"Differs: {one}" for one in found)]
        if not found:
            lines.append(
                f"Computed again by {tally['method']} from {_count(tally['scorecards'], 'scorecard')}: every rank and"
                f" every score of {_count(len(snapshot['standings']), 'entry', 'entries')} is what is published."
            )
        if told.get("state", "published") != "published":
            # The newest is the one that holds: whoever keeps an old file is not to take it for the result.
            lines.append(f"No longer in force: publication {told.get('in_force')} took its place.")
        if tally["engine"] != ENGINE_VERSION:
            # What differs may then be the program's doing.
            lines.append(f"Note: published with engine {tally['engine']}, computed with {ENGINE_VERSION}.")
        # Nothing that a stranger wrote begins a line of its own or moves the cursor.
        return "\n".join(map(_printable, lines))

    return _said("verify", run) or (1 if found else 0)


def _published(data: bytes) -> dict[str, Any]:
    """What the public interface says of a publication. Raises Refused for anything else."""
    try:
        told = json.loads(data)
        if isinstance(told, dict) and told.get("error") == "retracted":
            raise Refused(
                "retracted",
                "Publication {publication} was retracted, so nothing was compared. The reason: {reason}",
                publication=str(told.get("publication")),
                reason=str(told.get("reason")),
            )
        canonical(told["snapshot"])
        whole = isinstance(told["snapshot"]["standings"], list) and told["publication"] and told["digest"]
        if whole and told["snapshot"]["tally"]["engine"]:
            return dict(told)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Refused("no_publication", "This is no publication: take the JSON file to which the winners' page points.")


def listing() -> int:
    """Name the methods, what each takes and its options."""

    def run() -> str:
        lines = []
        for method in methods.METHODS.values():
            lines.append(f"{method.name}: from {' or '.join(_KINDS[method.takes])}")
            for option in method.options:
                name, default = option.name.replace("_", "-"), _default(option.default)
                lines.append(f"    --option {name}={default}  {option.about}")
        lines.append("Each, if it takes scores: --option scale=1..5  refuses a score outside")
        return "\n".join(lines)

    return _said("tally", run)


def _default(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{float(value):g}"
    return "…" if value in ((), None) else str(value)


# In


def _given(
    method: methods.Method, file: str, weights: str | None, options: Sequence[str]
) -> tuple[reading.Input, dict[str, Any], str | None]:
    """What was read, the method's options, and the scale as it was written."""
    texts: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name:
            raise Refused(
                "bad_option", "The option {option} lacks its value: write --option name=value.", option=option
            )
        if texts.setdefault(name, value) != value:
            raise Refused("option_twice", "The option {option} is given twice, with two values.", option=name)
    scale = texts.pop("scale", None)
    parsed = method.parsed(texts)
    if file == weights == "-":
        raise Refused("one_input", "Standard input holds one file: name the other.")
    given = reading.read(
        _bytes(file),
        weights=None if weights is None else _bytes(weights),
        scale=None if scale is None else _scale(scale),
    )
    return given, parsed, scale


def _bytes(file: str) -> bytes:
    if file == "-":
        data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        with open(file, "rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise Refused("too_large", "{file} has more than {most} bytes.", file=file, most=_MOST_BYTES)
    return data


def _scale(text: str) -> tuple[Fraction, Fraction]:
    ends = text.split("..")
    numbers = Numbers("scale")
    try:
        least, most = (
            Fraction(numbers.digits[one], 10 ** numbers.places[one]) for one in (numbers[end] for end in ends)
        )
    except (Wrong, ValueError):
        least = most = Fraction(0)
    if least >= most:
        raise Refused(
            "bad_option", "scale={value} makes no sense: write the least and the highest, as scale=1..5.", value=text
        )
    return least, most


def _data(method: methods.Method, given: reading.Input) -> Any:
    """What the method takes. Raises Refused for a file of another kind."""
    kinds = _KINDS[method.takes]
    if given.kind not in kinds:
        wanted = [reading.COLUMNS[kind][2] for kind in kinds]
        raise Refused(
            "wrong_kind",
            "The method {method} takes {kinds}, and this file has {kind}: the columns {columns} are wanted.",
            method=method.name,
            kinds=" or ".join(kinds),
            kind=given.kind,
            columns=" or ".join(wanted),
        )
    return given.value


# Out


def _said(command: str, run: Callable[[], str]) -> int:
    """Print what `run` returns; whatever goes wrong is one sentence."""
    try:
        text = run()
        # A terminal of an old locale has no sign for some names: they are escaped there, not lost.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except Refused as refused:
        return _failed(command, str(refused))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"numpy", "scipy"}:
            raise
        return _failed(command, "This needs numpy and scipy: pip install 'contest[scoring]'.")
    except MemoryError:
        return _failed(command, "This needs more memory than there is: use a larger machine, or the method mean.")
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return _STOPPED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        return _failed(command, f"{name}{error.strerror or error}")
    return 0


def _failed(command: str, sentence: str) -> int:
    sys.stderr.write(f"contest {command}: {_printable(sentence)}\n")
    return 2


def _hint(given: reading.Input) -> None:
    if given.guessed:
        sys.stderr.write(
            "The file is not UTF-8 and was read as Japanese (cp932): if names look wrong, save it as UTF-8.\n"
        )


def _told(result: outcome.Result, given: reading.Input) -> dict[str, Any]:
    return outcome.as_json(
        result,
        engine_version=ENGINE_VERSION,
        input_sha256=given.input_sha256,
        n_entries=given.n_entries,
        n_judges=given.n_judges,
        n_scorecards=given.n_scorecards,
    )


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, allow_nan=False)


def _words(result: outcome.Result, given: reading.Input) -> str:
    """The result for people: a table, and beneath it what to know."""
    counts = [_count(given.n_entries, "entry", "entries")]
    if given.n_judges:  # pairs may come without names
        counts.append(_count(given.n_judges, "judge"))
    counts.append(_count(given.n_scorecards, _ONE[given.kind]))
    lines = [f"{result.method}: {', '.join(counts)}", ""]
    scores = {row.entry: outcome.number(row.score) for row in result.entries}
    places = _places(list(scores.values()), [row.se for row in result.entries])
    rows = [("rank", "entry", "score", "", "comparisons" if given.kind == "pairs" else "judges", "")]
    for row in result.entries:
        rank = "–" if row.rank is None else f"{'=' if row.tied_with else ''}{row.rank}"
        score = "–" if row.score is None else f"{scores[row.entry]:.{places}f}"
        error = "" if row.se is None else f"± {row.se:.{places}f}"
        # What a method says with yes or no: elected, passed.
        marks = [key for key, value in row.extra.items() if value is True]
        if rule := row.extra.get("tie_rule"):
            marks.append(f"by {rule}")
        if (low := row.extra.get("rank_low")) is not None:
            marks.append(f"likely rank {low} to {row.extra['rank_high']}")
        rows.append((rank, row.entry, score, error, str(row.n_judges), ", ".join(marks)))
    to_the_left = (False, True, False, True, False, True)
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        padded = (_pad(cell, width, left) for cell, width, left in zip(cells, widths, to_the_left, strict=True))
        lines.append("  ".join(padded).rstrip())
    lines.append("")
    if result.excluded:
        reasons = sorted({one.reason for one in result.excluded})
        lines.append(f"Not counted: {_count(len(result.excluded), 'scorecard')} ({', '.join(reasons)}).")
    lines += [f"Note: {warning}" for warning in result.warnings]
    options = ", ".join(
        f"{name.replace('_', '-')}={methods.listed(value) if isinstance(value, list | tuple) else value}"
        for name, value in result.params.items()
        if value not in (None, [], ())
    )
    if options:
        lines.append(f"Options: {options}.")
    lines.append(f"Engine {ENGINE_VERSION}, input {given.input_sha256}.")
    return "\n".join(lines)


def _places(scores: Sequence[float | None], errors: Sequence[float | None]) -> int:
    """Decimals that tell the scores apart; none where all are whole and exact."""
    known = [score for score in scores if score is not None]
    if all(isinstance(score, int) for score in known) and not any(errors):
        return 0
    spread = max(known) - min(known) or abs(known[0]) or 1
    return max(0, min(12, 3 - math.floor(math.log10(spread))))


def _agreed(told: dict[str, Any]) -> str:
    """The statistics for people, one a line; those that the data do not allow have their note beneath."""
    lines = []
    for name, value in told.items():
        if name == "notes":
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {_figure(one)}" for key, one in value.items())
        lines.append(f"{name}: {_figure(value)}")
    lines += [f"Note: {one['sentence']}" for one in told["notes"]]
    return "\n".join(lines)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) >= 0.0001 or not value else f"{value:.2e}"
    return "–" if value is None else str(value)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _width(text: str) -> int:
    """Columns on a terminal, where Chinese, Japanese and Korean signs take two."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def _pad(text: str, width: int, left: bool) -> str:
    blank = " " * (width - _width(text))
    return text + blank if left else blank + text


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
