"""The method of a round: which ones are offered, and how one is chosen.

A method is named before judging opens. Afterwards it changes only with a reason that the audit log keeps,
and not at all once the result is public.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from contest import audit, clock, outbox, permissions
from contest.errors import Invalid
from contest.models import Contest, Round
from contest.permissions import Actor
from contest.scoring.methods import method as method_of
from contest.scoring.refusals import Refused
from contest.services import awards, contests
from contest.services.counting import DECISION, NUMBER, ids_of
from contest.vocabulary import ROUND_TRANSITIONS, RoundKind, RoundState, check_transition

#: The methods that a round may name, each with the options that an organiser may set.
OFFERED: Mapping[str, tuple[str, ...]] = {
    "mean": ("min_judges", "ties"),
    "trimmed": ("min_judges", "ties", "trim"),
    "median": ("min_judges", "ties"),
    "zscore": ("min_judges", "min_n"),
    "additive": ("min_judges",),
    "mixed": ("min_judges",),
    "borda": ("min_judges",),
    "median-rank": ("min_judges",),
    "copeland": ("min_judges", "per"),
    "schulze": ("min_judges", "strength"),
    "pass": ("min_judges", "mark", "share"),
}
#: Letters of a reason for a change while scores come in, at least and at most.
LEAST_REASON, MOST_REASON = 10, 2000


def offered(round_: Round) -> tuple[str, ...]:
    """The methods from which this round's is chosen. Only a screening lets entries pass or not."""
    return tuple(name for name in OFFERED if name != "pass" or round_.kind == RoundKind.SCREENING)


def set_method(
    session: Session,
    actor: Actor,
    slug: str,
    *,
    method: str,
    options: Mapping[str, str],
    reason: str | None = None,
    version: int | None = None,
) -> Contest:
    """Name the method with which the round's scorecards become a ranking.

    `options` are texts as on the command line, by name; an empty one is as if not given. Once judging is open
    a `reason` is needed, and a round that was closed owes a new tally. The same again changes nothing.

    Raises NotFound; Conflict("stale"); Denied("organiser_only" | "published_fixed" | "method_fixed");
    Invalid with the fields `method`, `reason` or an option's name.
    """
    contest = contests.get_for_change(session, actor, slug, version)
    round_ = contests.lock_round(session, contest)
    permissions.may_change_method(actor, contest, round_, clock.read(session)).require()
    given = {
        name.replace("_", "-"): value for name, text_ in options.items() if (value := " ".join(str(text_).split()))
    }
    _check(session, contest, round_, method, given)
    if "ties" in given:
        given["ties"] = ",".join(_plain_rule(rule) for rule in method_of(method).parsed(given)["ties"])
    old, new = [round_.method, dict(round_.method_options)], [method, given]
    if old == new:
        return contest
    # A reason tells a change once judging had opened from one before: publications look for it.
    said = (reason or "").strip() if round_.state != RoundState.PLANNED else ""
    if round_.state != RoundState.PLANNED:
        if len(said) < LEAST_REASON:
            raise Invalid("reason", "reason_short", least=LEAST_REASON)
        if len(said) > MOST_REASON:
            raise Invalid("reason", "too_long")
    round_.method, round_.method_options = method, given
    contests.touch(contest)
    session.flush()
    audit.record(
        session,
        actor,
        "scoring.changed",
        round_,
        contest_id=contest.id,
        method=[old[0], method],
        options=[_told(old[1]), _told(given)],
        **({"reason": said} if said else {}),
    )
    if round_.state in (RoundState.CLOSED, RoundState.TALLIED):
        # What was counted in another way is no longer the result: nothing is published of it meanwhile.
        awards.take_back_draft(session, contest)
        if round_.state == RoundState.TALLIED:
            check_transition(ROUND_TRANSITIONS, round_.state, RoundState.CLOSED)
            round_.state = RoundState.CLOSED
        outbox.add(session, "make_tally", round_id=str(round_.id), account_id=str(actor.account_id))
    return contest


def _told(options: Any) -> str:
    """Options on one line, as the command line takes them."""
    return " ".join(f"{name}={value}" for name, value in sorted(options.items()))


def _check(session: Session, contest: Contest, round_: Round, method: str, given: Mapping[str, str]) -> None:
    """Refuse what the product does not offer, what the engine does not take and what names nothing here."""
    if method not in offered(round_):
        raise Invalid("method", "option_invalid", option="method", value=method, why="")
    for name in given:
        if name.replace("-", "_") not in OFFERED[method]:
            raise Invalid(name.replace("-", "_"), "option_invalid", option=name, value=given[name], why="")
    try:
        parsed = method_of(method).parsed(given)
    except Refused as refused:
        field = str(refused.facts.get("option", "method")).replace("-", "_")
        raise Invalid(field, "option_invalid", **{"value": "", "why": ""} | refused.facts) from refused
    if parsed.get("mark", 0) > 1:
        raise Invalid("mark", "option_invalid", option="mark", value=given["mark"], why="")
    if wrong := [rule for rule in parsed.get("ties", ()) if not _is_rule(session, contest, round_, rule)]:
        raise Invalid("ties", "option_invalid", option="ties", value=wrong[0], why="")


def _is_rule(session: Session, contest: Contest, round_: Round, rule: str) -> bool:
    """Whether a rule for equal scores is one, and names criteria and entries that this contest has."""
    if rule.startswith("criterion:"):
        return rule.removeprefix("criterion:") in {criterion.key for criterion in round_.criteria}
    if rule.startswith(DECISION):
        words = [word.strip() for word in rule.removeprefix(DECISION).split(">")]
        found = [NUMBER.fullmatch(word) for word in words]
        numbers = [int(match.group(1)) for match in found if match]
        if len(numbers) != len(words) or len(numbers) < 2 or len(set(numbers)) != len(numbers):
            return False
        return set(ids_of(session, contest.id, numbers)) == set(numbers)
    return rule in ("top", "head")


def _plain_rule(rule: str) -> str:
    """A rule with entries written as the files for recomputing write them."""
    if not rule.startswith(DECISION):
        return rule
    return DECISION + ">".join(f"C-{int(number):04d}" for number in NUMBER.findall(rule.removeprefix(DECISION)))
