"""Bradley–Terry: abilities from comparisons of two entries at a time.

    P(i is preferred to j) = 1 / (1 + exp(θ_j − θ_i))

Source: Bradley & Terry 1952, Biometrika 39:324; when a maximum exists: Ford 1957, American Mathematical Monthly
64(8):28, and Hunter 2004, Annals of Statistics 32:384. The whole set of comparisons is fitted at once, so that
the order in which they were made does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from contest.scoring.outcome import EntryRow, JudgeRow, Result, ranks
from contest.scoring.refusals import Note, Refused, note, some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contest.scoring.cards import Pairs

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

#: Standard errors need a dense matrix of entries × entries: at this size 72 MB and 3 seconds of CPU.
MOST_WITH_ERRORS = 3_000
#: Above this, a float cannot count comparisons one by one.
_MOST = 2**53
#: The largest change of an ability in the last step, relative to the largest ability (or 1).
_CLOSE = 1e-10
#: A last step up to this is accepted too if steps have stopped shrinking: what is left is rounding.
_ROUNDING = 1e-6
_STEPS = 200


def bradley_terry(given: Pairs, *, reference: str | None = None, ridge: Fraction = Fraction(0)) -> Result:
    """Log-abilities θ that maximise Σ count × log P(winner is preferred to loser) − ½ × ridge × Σ θ².

    `score` = `log_ability` = θ, in log-odds: an entry with 1 more than another is preferred e = 2.72 times as often
    as not. With a `reference`, that entry's θ is 0; else all θ add up to 0. (With a ridge and a reference, the
    maximum is found first and then shifted.) `se` is the standard error of θ from the full inverse of the second
    derivatives, under that same condition: with a reference, of the difference to it, so its own is 0. With a ridge
    it is the spread of the penalised likelihood. For more than MOST_WITH_ERRORS entries it is None, with a note.
    Entries also have `wins` and `losses`; an entry in no comparison is unranked. `n_judges` counts who compared the
    entry, or its comparisons where judges have no names. Preferences may run in a circle: that is no error.

    `model`: log_likelihood (without the penalty), iterations, ridge, components (strong components of the graph
    from winners to losers: 1 is what a maximum without ridge needs). `Result.components`: entries that comparisons
    link, in whatever direction.

    Raises Refused: no_scores; self_comparison; bad_count (not a whole number from 1, or all together 2^53 or more);
    unknown_reference; no_maximum, when ridge = 0 and some entries never lost to (or never won against) the
    others, or were never compared with them, so that their distance could be anything; no_convergence.
    """
    data = _counted(given)
    if reference is not None and reference not in data.names:
        raise Refused(
            "unknown_reference",
            "{entry} is in no comparison, so it cannot be the reference: name an entry that was compared.",
            entry=reference,
        )
    strong, weak = _groups(data, "strong"), _groups(data, "weak")
    if ridge == 0 and len(strong) > 1:
        raise _no_maximum(data, strong, weak)
    found = _fit(data, float(ridge), _labels(data, weak))
    notes = _notes(strong, weak, ridge)
    errors = _errors(data, found, float(ridge), reference, notes)
    ability = found.ability - (found.ability[data.names.index(reference)] if reference is not None else 0.0)
    if reference is not None:
        # Exactly, and never −0.0.
        ability[data.names.index(reference)] = 0.0
    heard, judges = _judges(given, data)
    scores = {name: float(value) for name, value in zip(data.names, ability, strict=True)}
    places = ranks(scores)
    at = {name: number for number, name in enumerate(data.names)}
    rows = [
        EntryRow(
            name,
            scores[name],
            rank,
            tied,
            int(heard[at[name]]),
            float(errors[at[name]]) if errors is not None else None,
            {"log_ability": scores[name], "wins": int(data.wins[at[name]]), "losses": int(data.losses[at[name]])},
        )
        for name, (rank, tied) in places.items()
    ]
    rows += [
        EntryRow(name, None, None, (), 0, None, {"log_ability": None, "wins": 0, "losses": 0})
        for name in sorted(set(given.entries) - set(data.names))
    ]
    return Result(
        "bradley-terry",
        {"reference": reference, "ridge": _written(ridge)},
        tuple(rows),
        judges,
        weak,
        warnings=tuple(notes),
        model={
            "log_likelihood": found.log_likelihood,
            "iterations": found.iterations,
            "ridge": ridge,
            "components": len(strong),
        },
    )


@dataclass(frozen=True)
class _Counted:
    """Comparisons by unordered pair, of the entries that are in one. Pair k: `one[k]` < `other[k]`."""

    names: tuple[str, ...]
    one: Numbers
    other: Numbers
    #: How often `one` was preferred, and how often the pair was compared.
    won: Floats
    met: Floats
    #: Per entry.
    wins: Floats
    losses: Floats
    #: Each entry's number here, by its number in the input; -1 for one in no comparison.
    number: Numbers


@dataclass(frozen=True)
class _Fit:
    #: Adding up to 0 within each group of linked entries.
    ability: Floats
    log_likelihood: float
    iterations: int


def _counted(given: Pairs) -> _Counted:
    if not len(given.winner):
        raise Refused("no_scores", "There is no comparison at all.")
    first, second = np.asarray(given.winner, dtype=np.int64), np.asarray(given.loser, dtype=np.int64)
    count = np.asarray(given.count, dtype=np.float64)
    if (same := np.flatnonzero(first == second)).size:
        raise Refused(
            "self_comparison",
            "{entry} is compared with itself: winner and loser must be two entries.",
            entry=given.entries[first[same[0]]],
        )
    if (low := np.flatnonzero(count < 1)).size:
        raise Refused(
            "bad_count",
            "The comparison of {winner} with {loser} has the count {count}: it must be 1 or more.",
            winner=given.entries[first[low[0]]],
            loser=given.entries[second[low[0]]],
            count=int(count[low[0]]),
        )
    if count.sum() >= _MOST:
        raise Refused(
            "too_many_comparisons",
            "The counts add up to {count}, which is more than can be fitted: they must stay below 2^53.",
            count=sum(map(int, given.count)),
        )
    size = len(given.entries)
    there = np.zeros(size, dtype=bool)
    there[first] = there[second] = True
    number = np.where(there, np.cumsum(there) - 1, -1)
    kept = np.flatnonzero(there)
    key = np.minimum(first, second) * size + np.maximum(first, second)
    pair, place = np.unique(key, return_inverse=True)
    return _Counted(
        tuple(given.entries[entry] for entry in kept.tolist()),
        number[pair // size],
        number[pair % size],
        _sums(place, np.where(first < second, count, 0.0), len(pair)),
        _sums(place, count, len(pair)),
        _sums(number[first], count, len(kept)),
        _sums(number[second], count, len(kept)),
        number,
    )


def _sums(place: Any, weight: Floats, size: int) -> Floats:
    """The sum of the weights at each place below `size`."""
    return np.asarray(np.bincount(place, weight, minlength=size), dtype=np.float64)


def _groups(data: _Counted, connection: str) -> tuple[tuple[str, ...], ...]:
    """Strong or weak components of the graph from winners to losers; the largest first, then by first name."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    down, up = data.won > 0, data.won < data.met
    first = np.concatenate((data.one[down], data.other[up]))
    second = np.concatenate((data.other[down], data.one[up]))
    size = len(data.names)
    graph = csr_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))
    _, label = connected_components(graph, directed=True, connection=connection)
    groups: dict[int, list[str]] = {}
    for name, group in zip(data.names, label.tolist(), strict=True):
        groups.setdefault(group, []).append(name)
    return tuple(sorted((tuple(sorted(group)) for group in groups.values()), key=lambda group: (-len(group), group)))


def _labels(data: _Counted, groups: Sequence[Sequence[str]]) -> Numbers:
    """The number of each entry's group."""
    group_of = {name: number for number, group in enumerate(groups) for name in group}
    return np.array([group_of[name] for name in data.names], dtype=np.int64)


def _no_maximum(data: _Counted, strong: Sequence[Sequence[str]], weak: Sequence[Sequence[str]]) -> Refused:
    """Why the likelihood has no maximum, with entries that show it: the smallest group that does."""
    if len(weak) > 1:
        return Refused(
            "no_maximum",
            "{groups} groups of entries were never compared with each other, so that nothing tells how far apart they "
            "are: compare an entry of each (for example {one} and {other}), or use --option ridge=0.1.",
            case="apart",
            groups=len(weak),
            one=weak[0][0],
            other=weak[1][0],
        )
    label = _labels(data, strong)
    down, up = data.won > 0, data.won < data.met
    beats = np.concatenate((label[data.one[down]], label[data.other[up]]))
    beaten = np.concatenate((label[data.other[down]], label[data.one[up]]))
    across = beats != beaten
    never_lost = set(range(len(strong))) - set(beaten[across].tolist())
    never_won = set(range(len(strong))) - set(beats[across].tolist())
    # Groups stand from the largest: the last is the smallest. An acyclic graph has one of each.
    top, bottom = max(never_lost), max(never_won)
    if len(strong[top]) <= len(strong[bottom]):
        case, group = "never_lost", strong[top]
        sentence = "No other entry was ever preferred to {group}, so that nothing tells how much better"
    else:
        case, group = "never_won", strong[bottom]
        sentence = "{group}: never preferred to any other entry, so that nothing tells how much worse"
    return Refused(
        "no_maximum",
        sentence + " that is: collect more comparisons, or use --option ridge=0.1.",
        case=case,
        groups=len(strong),
        group=some(tuple(group)),
    )


def _fit(data: _Counted, ridge: float, group: Numbers) -> _Fit:
    """Newton's method; each step solves a sparse system by conjugate gradients.

    The objective is concave: a step that is halved until the objective does not fall always gets there. At its
    maximum the abilities add up to 0 within each group of linked entries, whatever the ridge.
    """
    from scipy.sparse import csr_array
    from scipy.special import expit

    one, other, won, met = data.one, data.other, data.won, data.met
    size, pairs = len(data.names), len(one)
    # The matrix is the same but for its values: `edge` says which pair each of them belongs to.
    edge = csr_array(
        (np.tile(np.arange(1, pairs + 1), 2), (np.concatenate((one, other)), np.concatenate((other, one)))),
        shape=(size, size),
    )
    links = csr_array((np.empty(2 * pairs), edge.indices, edge.indptr), shape=(size, size))
    place = edge.data - 1
    theta = np.zeros(size)
    members = np.bincount(group)

    def centred(values: Floats) -> Floats:
        return values - (_sums(group, values, len(members)) / members)[group]

    def likelihood(theta: Floats) -> float:
        apart = theta[one] - theta[other]
        # Of two entries, the weaker was preferred that often: −log P is |apart| more for it.
        upset = np.where(apart > 0, met - won, won)
        apart = np.abs(apart)
        return -float((met * np.log1p(np.exp(-apart)) + upset * apart).sum())

    def value(theta: Floats) -> float:
        return likelihood(theta) - 0.5 * ridge * float(theta @ theta)

    height, last = value(theta), np.inf
    for iteration in range(1, _STEPS + 1):
        expected = met * expit(theta[one] - theta[other])
        surplus = won - expected
        slope = _sums(one, surplus, size) - _sums(other, surplus, size) - ridge * theta
        # It adds up to 0 but for rounding, of which the matrix with little or no ridge would make anything.
        slope = centred(slope)
        weight = expected * expit(theta[other] - theta[one])
        links.data = weight[place]
        diagonal = _sums(one, weight, size) + _sums(other, weight, size) + ridge
        step = _solved(links, diagonal, slope)
        for _ in range(40):
            tried = centred(theta + step)
            new = value(tried)
            if new >= height - 1e-12 * (1 + abs(height)):
                break
            step *= 0.5
        moved = float(np.abs(tried - theta).max())
        theta, height = tried, new
        scale = max(1.0, float(np.abs(theta).max()))
        if moved <= _CLOSE * scale or (last / 2 <= moved <= _ROUNDING * scale):
            return _Fit(theta, likelihood(theta), iteration)
        last = moved
    raise Refused(
        "no_convergence",
        "The abilities did not settle after {steps} steps, because some are very far apart: "
        "use --option ridge=0.1, or collect more comparisons.",
        steps=_STEPS,
    )


def _solved(links: Any, diagonal: Floats, right: Floats) -> Floats:
    """x with (diag(diagonal) − links) x = right, by conjugate gradients scaled by the diagonal.

    Without ridge the matrix leaves out one direction, all abilities together; `right` has no part in it.
    """
    found = np.zeros_like(right)
    rest = right.copy()
    scaled: Floats = rest / diagonal
    way = scaled.copy()
    energy = float(rest @ scaled)
    enough = 1e-16 * energy
    for _ in range(10 * len(right)):
        if energy <= enough:
            break
        image = diagonal * way - links @ way
        bent = float(way @ image)
        if bent <= 0:
            break
        found += energy / bent * way
        rest -= energy / bent * image
        scaled = rest / diagonal
        energy, before = float(rest @ scaled), energy
        way = scaled + energy / before * way
    return found


def _errors(data: _Counted, found: _Fit, ridge: float, reference: str | None, notes: list[Note]) -> Floats | None:
    """Standard errors of all abilities, under their condition; None with a note where there are none."""
    from scipy.linalg.lapack import dpotrf, dpotri
    from scipy.special import expit

    size = len(data.names)
    if size > MOST_WITH_ERRORS:
        notes.append(
            note(
                "no_errors_size",
                "Standard errors are left out: {entries} entries are too many for them (at most {most}).",
                entries=size,
                most=MOST_WITH_ERRORS,
            )
        )
        return None
    apart = found.ability[data.one] - found.ability[data.other]
    weight = data.met * expit(apart) * expit(-apart)
    curve = np.zeros((size, size), order="F")
    curve[data.one, data.other] = curve[data.other, data.one] = -weight
    diagonal = -curve.sum(axis=0)
    # Filling in the direction that the matrix leaves out makes it invertible, and is taken away again afterwards.
    fill = float(diagonal.mean())
    curve += fill / size
    curve[np.diag_indices(size)] += diagonal + ridge
    curve, failed = dpotrf(curve, lower=1, overwrite_a=1)
    if not failed:
        curve, failed = dpotri(curve, lower=1, overwrite_c=1)
    if failed:
        notes.append(
            note(
                "no_errors_distance",
                "Standard errors are left out: some abilities are too far apart to compute them.",
            )
        )
        return None
    variance = np.diag(curve).copy()
    if reference is None:
        variance -= 1 / ((fill + ridge) * size)
    else:
        at = data.names.index(reference)
        # Only the lower half is filled.
        variance += variance[at] - 2 * np.concatenate((curve[at, :at], curve[at:, at]))
        variance[at] = 0.0
    return np.sqrt(np.maximum(variance, 0.0))


def _judges(given: Pairs, data: _Counted) -> tuple[Numbers, tuple[JudgeRow, ...]]:
    """How many judges compared each entry, and a row for each judge where it is known who judged what."""
    if not len(given.judge):
        return (data.wins + data.losses).astype(np.int64), ()
    judge = np.asarray(given.judge, dtype=np.int64)
    size = len(given.judges)
    entry = data.number[np.concatenate((np.asarray(given.winner), np.asarray(given.loser)))]
    heard = np.unique(entry * size + np.tile(judge, 2)) // size
    count = _sums(judge, np.asarray(given.count, dtype=np.float64), size)
    rows = (JudgeRow(name, None, None, None, int(n)) for name, n in zip(given.judges, count, strict=True) if n)
    return np.bincount(heard, minlength=len(data.names)), tuple(sorted(rows, key=lambda row: row.judge))


def _notes(strong: Sequence[Sequence[str]], weak: Sequence[Sequence[str]], ridge: Fraction) -> list[Note]:
    """What must be said about a maximum that only the ridge gives."""
    if len(weak) > 1:
        return [
            note(
                "unlinked_pairs",
                "{groups} groups of entries were never compared with each other: ranks compare within a group only. "
                "Let judges compare an entry of each, for example {one} and {other}.",
                groups=len(weak),
                one=weak[0][0],
                other=weak[1][0],
            )
        ]
    if len(strong) > 1:
        return [
            note(
                "held_by_ridge",
                "Some entries never lost to the others, or never won: how far apart the {groups} groups are rests on "
                "the ridge of {ridge}. More comparisons would tell.",
                groups=len(strong),
                ridge=_written(ridge),
            )
        ]
    return []


def _written(number: Fraction) -> int | str:
    """An option's exact value: a whole number, or the text of a decimal or a fraction."""
    if number.denominator == 1:
        return number.numerator
    for places in range(1, 13):
        if (shifted := number * 10**places).denominator == 1:
            whole, rest = divmod(abs(shifted.numerator), 10**places)
            return f"{'-' if number < 0 else ''}{whole}.{rest:0{places}}"
    return str(number)
