"""A publication against its own scores: what is published must be what the scores give, to the last rank."""

from __future__ import annotations

import csv
import hashlib
import io
import shlex
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

from contest.scoring import MEANS, METHOD, reading
from contest.scoring.cards import Cards
from contest.scoring.methods import method
from contest.scoring.outcome import EntryRow
from contest.scoring.table import Unreadable

#: The names of the two files in the ZIP.
SCORES, WEIGHTS = "SCORES.csv", "W.csv"
#: Differences that are told.
MOST_TOLD = 20
#: A file in the ZIP that is larger is none of ours.
MOST_BYTES = {SCORES: 500_000_000, WEIGHTS: 1_000_000}
#: Scores of fitted models are published with six decimals.
_CLOSE = 1e-6


def differences(told: Mapping[str, Any], digest: str, packed: bytes) -> list[str]:
    """What does not agree, a sentence each; empty if all does.

    `told`: the JSON of a publication whose snapshot has scores. `digest`: the SHA-256 of that snapshot's canonical
    JSON. `packed`: the ZIP of its scores. Raises Refused if its scores cannot be counted, and
    Unreadable, which is one, if the ZIP cannot be read or the publication lacks what it should have.
    """
    try:
        return list(islice(_differences(told, digest, packed), MOST_TOLD))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, csv.Error) as error:
        # A stranger wrote it, or a later version did: what has another shape is not compared.
        raise Unreadable(
            "strange_publication", "This publication is not whole, or newer than this program: nothing was compared."
        ) from error


def _differences(told: Mapping[str, Any], digest: str, packed: bytes) -> Iterator[str]:
    snapshot = told["snapshot"]
    if digest != told["digest"]:
        yield f"the file names the digest {told['digest']}, but that is not its own: it was changed."
        return
    if hashlib.sha256(packed).hexdigest() != snapshot["scores"]["sha256"]:
        # Whatever else is found would be about other scores.
        yield "these are not the scores of this publication: their SHA-256 is another."
        return
    files = _unpacked(packed)
    if _weights(files[WEIGHTS]) != {
        one["key"]: (one["weight"], one["points"]) for one in snapshot["round"]["criteria"]
    }:
        yield "the weights are not those of the published criteria."
    name, options = _rules(snapshot)
    tally = snapshot["tally"]
    if name != (METHOD if tally["method"] in MEANS else tally["method"]):
        yield f"the published method is {tally['method']}, but the command line names {name}."
    if _fixed(options) != _fixed(tally["options"]):
        yield "the options of the command line are not those of the published method."
    yield from _standings(snapshot, files, name, options)
    places = {row["entry"]: row for row in snapshot["standings"]}
    if tally["entries"] != len(places):
        yield f"the number of entries {tally['entries']} is published, the standings give {len(places)}."
    for award in snapshot["awards"]:
        if award["standing"] != places.get(award["entry"]):
            yield f"{_entry(award['entry'])}: its award shows another standing than the standings do."


def _standings(
    snapshot: Mapping[str, Any], files: Mapping[str, bytes], name: str, options: Mapping[str, str]
) -> Iterator[str]:
    read = reading.read(files[SCORES], weights=files[WEIGHTS])
    given = read.value
    if not isinstance(given, Cards):
        raise Unreadable("wrong_kind", "The ZIP holds no scorecards.")
    tally = snapshot["tally"]
    for what, published, found in (
        ("scorecards", tally["scorecards"], read.n_scorecards),
        ("judges", tally["judges"], read.n_judges),
    ):
        if published != found:
            yield f"the number of {what} {published} is published, the scores give {found}."
    chosen = method(name)
    made = {row.entry: row for row in chosen.run(given, chosen.parsed(options)).entries}
    means = {row.entry: row for row in method(METHOD).run(given).entries}
    for standing in snapshot["standings"]:
        entry = _entry(standing["entry"])
        row, mean = made.pop(entry, None), means.get(entry)
        for what, published, found in _pairs(standing, row, mean):
            if published != found:
                yield f"{entry}: {what} {_shown(published)} is published, the scores give {_shown(found)}."
    for entry in made:
        yield f"{entry}: it has scores, but no published standing."


def _pairs(standing: Mapping[str, Any], row: EntryRow | None, mean: EntryRow | None) -> Iterator[tuple[str, Any, Any]]:
    """What is published of an entry, and what the scores give for the same."""
    yield "the rank", standing["rank"], row.rank if row else None
    yield "the number of equals", standing["tied"], 1 + len(row.tied_with) if row else 1
    yield "the number of scorecards", standing["scorecards"], mean.n_judges if mean else 0
    yield "the score", Fraction(*standing["score"]) if standing["score"] else None, mean.score if mean else None
    if (own := standing.get("method_score")) is not None:
        found = None if row is None or row.score is None else float(row.score)
        near = found is not None and abs(float(own) - found) <= _CLOSE * max(1.0, abs(found))
        yield "the method's score", float(own), float(own) if near else found
    if "tie_rule" in standing:
        # A decision may name entries without scores, which the command line leaves out.
        yield "the rule", _kind(standing["tie_rule"]), _kind(row.extra.get("tie_rule") if row else None)


def _kind(rule: str | None) -> str | None:
    return "decision" if rule and rule.startswith("decision:") else rule


def _shown(value: Any) -> str:
    return f"{float(100 * value):.6f} %" if isinstance(value, Fraction) else "none" if value is None else str(value)


def _entry(number: int) -> str:
    return f"C-{number:04d}"


def _unpacked(packed: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            members = files.infolist()
            for one in members:
                if one.file_size > MOST_BYTES.get(one.filename, 0):
                    raise zipfile.BadZipFile(one.filename)
                # Of other ways to pack, Python unpacks more at once than was announced.
                if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise zipfile.BadZipFile(one.filename)
            # Of two with one name, another program would read the other.
            if sorted(one.filename for one in members) != [SCORES, WEIGHTS]:
                raise zipfile.BadZipFile
            return {name: files.read(name) for name in (SCORES, WEIGHTS)}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Unreadable(
            "no_zip", "This is no ZIP with {one} and {other} and nothing else.", one=SCORES, other=WEIGHTS
        ) from error


def _weights(body: bytes) -> dict[str, tuple[int, int]]:
    rows = csv.DictReader(io.StringIO(body.decode()))
    return {row["criterion"]: (int(row["weight"]), int(row["points"])) for row in rows}


def _rules(snapshot: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The method and the options of the published command line."""
    # Given nothing, `split` would read from the terminal.
    words = shlex.split(str(snapshot["scores"]["command"]))
    pairs = list(pairwise(words))
    options = [value.partition("=") for word, value in pairs if word == "--option"]
    name = next((value for word, value in pairs if word == "--method"), METHOD)
    return name, {option: value for option, _, value in options}


def _fixed(options: Mapping[str, Any]) -> dict[str, str]:
    """The options without rules for equal scores: of these the command line leaves out what decides nothing."""
    return {name: str(value) for name, value in options.items() if name != "ties"}
