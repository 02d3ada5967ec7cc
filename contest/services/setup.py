"""The parts of a contest that are fixed once it opens: categories, deliverables and prizes."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from contest import audit, clock
from contest.errors import Denied, Invalid, NotFound
from contest.models import Category, Contest, Deliverable, Prize, Texts
from contest.permissions import Actor, may_change_rubric, may_change_structure
from contest.services import contests
from contest.services.checklist import problems_of, rubric_problems
from contest.vocabulary import LOCALES, RoundState

#: Kinds of file that a deliverable may ask for, in the order in which they are offered, by what they have in common.
KIND_GROUPS: Mapping[str, tuple[str, ...]] = {
    "pictures": ("png", "jpeg", "webp", "gif", "svg", "svgz", "tiff", "avif", "heic"),
    "documents": ("pdf", "pptx", "keynote"),
    "sources": ("ai", "eps", "indd", "psd", "psb", "sketch", "fig", "xd"),
    "motion": ("mp4", "mov", "webm", "avi", "lottie", "dotlottie"),
    "fonts": ("ttf", "otf", "woff", "woff2"),
    "models": ("glb", "gltf", "stl", "obj", "step", "3mf"),
    "packages": ("zip", "prototype"),
}
KINDS = tuple(kind for kinds in KIND_GROUPS.values() for kind in kinds)
#: Parts that are lists, by the word in their address.
PARTS = ("categories", "deliverables", "prizes", "rubric")


def things(contest: Contest, part: str) -> list[Any]:
    """The things of a part, in their order."""
    listed: dict[str, list[Any]] = {
        "categories": contest.categories,
        "deliverables": contest.round.deliverables,
        "prizes": contest.prizes,
        "rubric": contest.round.criteria,
    }
    return listed[part]


def get(contest: Contest, part: str, item_id: uuid.UUID) -> Any:
    """One thing of a part of this contest. Raises NotFound, also for a thing of another contest."""
    for thing in things(contest, part):
        if thing.id == item_id:
            return thing
    raise NotFound


def load(session: Session, actor: Actor, slug: str, part: str, version: int | None = None) -> Contest:
    """The locked contest, if its `part` may change now. Raises NotFound, Denied, Conflict("stale")."""
    contest = contests.get_for_change(session, actor, slug, version)
    round_ = contests.lock_round(session, contest)
    if part == "rubric":
        may_change_rubric(actor, contest, round_).require()
    else:
        may_change_structure(actor, contest, clock.read(session)).require()
    return contest


def save_category(
    session: Session, actor: Actor, slug: str, item_id: uuid.UUID | None, *, name: Texts, version: int | None = None
) -> Category:
    """Add a category (without `item_id`) or rename one."""
    contest = load(session, actor, slug, "categories", version)
    check_name(contest, "categories", name, item_id)
    old = get(contest, "categories", item_id) if item_id else None
    category: Category = old or add(contest, "categories", Category(), name)
    category.name = name
    record(session, actor, contest, "categories", category)
    return category


def save_deliverable(
    session: Session,
    actor: Actor,
    slug: str,
    item_id: uuid.UUID | None,
    *,
    name: Texts,
    hint: Texts,
    required: bool,
    kinds: Iterable[str],
    max_bytes: int,
    max_files: int,
    version: int | None = None,
) -> Deliverable:
    """Add a slot for files or change one. An announced contest keeps at least one that is required."""
    contest = load(session, actor, slug, "deliverables", version)
    check_name(contest, "deliverables", name, item_id)
    check_optional(contest, "hint", hint)
    chosen = [kind for kind in KINDS if kind in set(kinds)]
    if not chosen:
        raise Invalid("kinds", "kinds_missing")
    others = [slot for slot in contest.round.deliverables if slot.id != item_id]
    if contest.announced_at and not required and not any(slot.required for slot in others):
        raise Invalid("required", "no_deliverables")
    old = get(contest, "deliverables", item_id) if item_id else None
    slot: Deliverable = old or add(contest, "deliverables", Deliverable(), name)
    slot.name, slot.hint, slot.required, slot.kinds = name, hint, required, chosen
    slot.max_bytes, slot.max_files = max_bytes, max_files
    record(session, actor, contest, "deliverables", slot)
    return slot


def save_prize(
    session: Session,
    actor: Actor,
    slug: str,
    item_id: uuid.UUID | None,
    *,
    name: Texts,
    amount: Texts,
    quantity: int,
    version: int | None = None,
) -> Prize:
    """Add a prize or change one."""
    contest = load(session, actor, slug, "prizes", version)
    check_name(contest, "prizes", name, item_id)
    check_optional(contest, "amount", amount)
    old = get(contest, "prizes", item_id) if item_id else None
    prize: Prize = old or add(contest, "prizes", Prize(), name)
    prize.name, prize.amount, prize.quantity = name, amount, quantity
    record(session, actor, contest, "prizes", prize)
    return prize


def move(session: Session, actor: Actor, slug: str, part: str, item_id: uuid.UUID, *, up: bool) -> None:
    """Move a thing one place up or down in its list. At the end of the list nothing happens."""
    contest = load(session, actor, slug, part)
    listed = things(contest, part)
    thing = get(contest, part, item_id)
    old = listed.index(thing)
    new = old - 1 if up else old + 1
    if not 0 <= new < len(listed):
        return
    listed.insert(new, listed.pop(old))
    _number(listed)
    record(session, actor, contest, part, thing)


def remove(session: Session, actor: Actor, slug: str, part: str, item_id: uuid.UUID) -> None:
    """Remove a thing. An announced contest keeps what it needs. Raises Denied."""
    contest = load(session, actor, slug, part)
    thing = get(contest, part, item_id)
    listed = things(contest, part)
    listed.remove(thing)
    _number(listed)
    if contest.announced_at is not None:
        for problem in problems_of(contest):
            if problem.section == part and problem.code.startswith("no_"):
                raise Denied("part_needed")
    record(session, actor, contest, part, thing, removed=True)


# What the parts share ----------------------------------------------------------------------------


def check_name(contest: Contest, part: str, name: Texts, item_id: uuid.UUID | None) -> None:
    """A name in the languages that are needed, which no other thing of the part has. Raises Invalid."""
    wanted = LOCALES if contest.announced_at else (contest.default_locale,)
    problems = {f"name_{locale}": f"text_missing_{locale}" for locale in wanted if not name.get(locale)}
    for other in things(contest, part):
        for locale in LOCALES:
            if other.id != item_id and name.get(locale) and other.name.get(locale) == name[locale]:
                problems[f"name_{locale}"] = "key_taken"
    if problems:
        raise Invalid(problems)


def check_optional(contest: Contest, field: str, texts: Texts) -> None:
    """An optional text of an announced contest stands in every language or in none. Raises Invalid."""
    if contest.announced_at and any(texts.values()):
        missing = {f"{field}_{locale}": f"text_missing_{locale}" for locale in LOCALES if not texts.get(locale)}
        if missing:
            raise Invalid(missing)


def add(contest: Contest, part: str, thing: Any, name: Texts) -> Any:
    """Put a new thing at the end of its list, under a key made from its name."""
    listed = things(contest, part)
    thing.id = uuid.uuid4()
    thing.key = _key(part, name, [other.key for other in listed])
    thing.name = name
    thing.position = len(listed) + 1
    listed.append(thing)
    return thing


def _key(part: str, name: Texts, taken: Sequence[str]) -> str:
    """A short word for exports and logs: from the English name, else from the part; never changed later."""
    ascii_name = unicodedata.normalize("NFKD", name.get("en", "")).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40].rstrip("-")
    base = words or {"categories": "category", "deliverables": "slot", "prizes": "prize", "rubric": "criterion"}[part]
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _number(listed: Sequence[Any]) -> None:
    for position, thing in enumerate(listed, 1):
        thing.position = position


def record(session: Session, actor: Actor, contest: Contest, part: str, thing: Any, *, removed: bool = False) -> None:
    """Store and audit a change of a part, if there is one.

    Weights may be out of balance only until judging opens: after that each change leaves the rubric whole.
    """
    if not removed and thing in session and thing not in session.new and not session.is_modified(thing):
        return
    facts: dict[str, Any] = {"part": part, "key": thing.key, **({"removed": True} if removed else {})}
    if part == "rubric":
        round_ = contest.round
        if round_.state != RoundState.PLANNED:
            require_whole(contest)
        round_.rubric_version += 1
        facts["version"] = round_.rubric_version
    contests.touch(contest)
    session.flush()
    audit.record(session, actor, "rubric.changed" if part == "rubric" else "contest.changed", contest, **facts)


def require_whole(contest: Contest) -> None:
    """Raise Invalid unless judges can score with the rubric: weights of 100 %, every level in words."""
    problems = list(rubric_problems(contest.round))
    if problems:
        facts = {name: value for problem in problems for name, value in problem.facts.items()}
        raise Invalid({problem.field: problem.code for problem in problems}, **facts)
