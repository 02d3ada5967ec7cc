"""What a judge may see of an entry: frozen values, and nothing else reaches a judging page.

Anonymity is this type. No field holds an id of ours, an entrant, a file's name, a country or a time of
the entry; a test walks through all field types, and another through the templates. Times are the
judge's own (when they saved) or the round's.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from contest.previews import placeholder

#: {locale: text}, written by the organiser.
Texts = Mapping[str, str]

#: States of a row in a judge's queue: not opened; passed over in their order; begun; submitted; stepped back.
QUEUE_STATES = ("open", "skipped", "draft", "judged", "conflict")


@dataclass(frozen=True)
class Head:
    """What stands above every judging page."""

    slug: str
    contest: Texts
    round: Texts
    #: The contest's zone.
    zone: str
    due_at: datetime | None
    #: Whether scores are taken now; else `reason` is the code of why not, and since when.
    open: bool
    reason: str
    closed_at: datetime | None
    #: When the contest was called off, so that nothing is asked of its judges any more.
    cancelled_at: datetime | None


@dataclass(frozen=True)
class PictureSize:
    """One rendering: its preset (the long edge in pixels, at most) and its real size."""

    preset: str
    width: int
    height: int

    def __iter__(self) -> Iterator[Any]:
        """As snapshots and covers hold a size."""
        return iter((self.preset, self.width, self.height))


@dataclass(frozen=True)
class Tiles:
    """A deep-zoom pyramid: the whole picture in pixels, and how it is cut (the last level is the whole)."""

    width: int
    height: int
    #: A tile's edge without its overlap, and the overlap on each inner side, in pixels.
    edge: int
    overlap: int


@dataclass(frozen=True)
class Picture:
    """A page of a picture file. `number` counts all files of the entry, `page` the pages of one, from 1.

    Its address is made of the judge's code, these two numbers and a preset: it stays with the picture when
    previews of another file are made later.
    """

    number: int
    page: int
    #: How many pages of this file there are to see.
    pages: int
    alt: str
    #: The smallest first; never empty.
    sizes: tuple[PictureSize, ...]
    #: Which of the entry's picture files it belongs to, from 1: what people call it.
    nth: int = 1
    #: What it shows: one of previews.outcome.LABELS, its number as a person counts, and how many of these the
    #: file has (0 where nobody counts them); also more than there are to see.
    label: str = "picture"
    place: int = 1
    of: int = 1
    #: Kind of the file, and what is known of it as a whole: names of previews.outcome.FACTS, `width`, `height`.
    kind: str = ""
    facts: Mapping[str, int] = field(default_factory=dict)
    #: Its colours as the hexadecimal digits of a previews.placeholder; empty if there are none.
    placeholder: str = ""
    #: What there is beside its sizes: a pyramid, an animation, a video as `mp4` or `webm`.
    tiles: Tiles | None = None
    moving: bool = False
    video: str = ""
    #: Which of the entry's click-through prototypes its file is, from 1; 0 if it is none.
    prototype: int = 0

    @property
    def shown(self) -> PictureSize:
        """The size for a page: the one in the middle, or the largest that there is."""
        return next((size for size in self.sizes if size.preset == "1280"), self.sizes[-1])

    @property
    def small(self) -> PictureSize:
        return self.sizes[0]

    @property
    def several(self) -> bool:
        """Whether its file has more pages than this one."""
        return self.pages > 1 or self.of > 1

    @property
    def alpha(self) -> bool:
        """Whether parts of it may be transparent."""
        return bool(self.facts.get("alpha"))

    @property
    def waiting(self) -> str:
        """Its placeholder as an address that holds the picture itself; empty if there is none, or it is transparent."""
        return _inline(self.placeholder) if not self.alpha else ""


@lru_cache(maxsize=512)
def _inline(digits: str) -> str:
    try:
        return f"data:image/png;base64,{b64encode(placeholder.png(bytes.fromhex(digits))).decode()}"
    except ValueError:
        return ""


@dataclass(frozen=True)
class Members:
    """How many files of one kind a package holds; those of kinds that we do not know have none."""

    kind: str
    count: int


@dataclass(frozen=True)
class PlainFile:
    """A file without pictures: our own name for it, its kind and its size in bytes."""

    name: str
    kind: str
    size: int
    #: State and reason of its preview, as codes: why there is no picture.
    preview: str
    preview_reason: str
    #: What a package holds, the most first, then what we do not know: names stay with the entrant.
    members: tuple[Members, ...] = ()
    #: As in Picture.
    prototype: int = 0


def prototypes_in(pictures: Iterable[Picture], files: Iterable[PlainFile]) -> tuple[int, ...]:
    """The numbers of the click-through prototypes among them, in order."""
    numbers = {picture.prototype for picture in pictures} | {file.prototype for file in files}
    return tuple(sorted(numbers - {0}))


@dataclass(frozen=True)
class SheetCriterion:
    """A criterion with a sentence for each level, lowest first."""

    key: str
    name: Texts
    question: Texts
    #: In thousandths.
    weight: int
    levels: tuple[Texts, ...]


@dataclass(frozen=True)
class CardView:
    """The judge's own scorecard. Version 0: nothing is saved yet."""

    version: int = 0
    state: str = "draft"
    saved_at: datetime | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    comment: str = ""

    def same_as(self, levels: Mapping[str, int | None], note: str, comment: str) -> bool:
        """Whether these values are what is saved already."""
        given = {key: level for key, level in levels.items() if level is not None}
        return dict(self.levels) == given and self.note == note and self.comment == comment


@dataclass(frozen=True)
class Told:
    """What the judge told the app team of an entry, and their answer. What was taken back is not among it."""

    #: One of vocabulary.FlagKind.
    kind: str
    words: str
    told_at: datetime
    answer: str
    #: None while it waits for an answer; until then it can be taken back.
    answered_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """A judge's queue in numbers; they add up to `all`."""

    all: int
    judged: int
    draft: int
    skipped: int
    conflict: int
    open: int

    @property
    def to_go(self) -> int:
        return self.open + self.draft

    @property
    def done(self) -> bool:
        """Whether everything that is the judge's to judge is judged."""
        return self.judged > 0 and not self.to_go and not self.skipped


@dataclass(frozen=True)
class JudgeSheet:
    """All that a judge sees of one entry, with their own scorecard and their place in the queue."""

    head: Head
    code: str
    #: What the entrant wrote in the judged revision.
    title: str
    statement: str
    declaration: str
    pictures: tuple[Picture, ...]
    files: tuple[PlainFile, ...]
    criteria: tuple[SheetCriterion, ...]
    card: CardView
    progress: Progress
    #: Place in the judge's own order, from 1, and the codes beside it.
    place: int
    before: str | None
    after: str | None
    #: The judge's own marks for these two, as in ScoredRow: code → share; nothing for one that is not all scored.
    shares: Mapping[str, int]
    #: The next entry that is not judged yet.
    next_open: str | None
    #: What the judge told the app team of it, the first first.
    told: tuple[Told, ...]

    @property
    def prototypes(self) -> tuple[int, ...]:
        """The numbers of the entry's click-through prototypes."""
        return prototypes_in(self.pictures, self.files)


@dataclass(frozen=True)
class QueueRow:
    code: str
    state: str
    scored: int
    criteria: int
    saved_at: datetime | None
    pictures: int
    files: int
    #: The first picture, for the row; never of an entry that the judge stepped back from.
    thumb: Picture | None
    #: The judge's own word for the conflict, as a code.
    conflict: str
    #: As in JudgeSheet.
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Queue:
    head: Head
    progress: Progress
    #: Which rows are shown: all, or one of QUEUE_STATES.
    show: str
    #: Those of this page; how many there are in all.
    rows: tuple[QueueRow, ...]
    total: int
    page: int
    #: Rows on a page.
    per: int
    #: Where to go on; None when nothing is left.
    next_open: str | None

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per))

    def query(self, **changes: Any) -> dict[str, Any]:
        """The address's values of this list, with some of them changed; what is the rule is left out."""
        at = {"show": self.show, "page": self.page, **changes}
        return {name: value for name, value in at.items() if value not in ("all", 1)}


@dataclass(frozen=True)
class ScoredRow:
    """One of the judge's submitted scorecards."""

    code: str
    levels: Mapping[str, int]
    #: The weighted sum in thousandths of full marks.
    share: int
    thumb: Picture | None


@dataclass(frozen=True)
class Scored:
    """The judge's own submitted scorecards side by side, the highest first."""

    head: Head
    progress: Progress
    criteria: tuple[SheetCriterion, ...]
    rows: tuple[ScoredRow, ...]


@dataclass(frozen=True)
class Offer:
    """An entry that can be compared with another one: its state in the queue, and the judge's own marks for it."""

    code: str
    state: str
    share: int | None


@dataclass(frozen=True)
class Side:
    """One of two entries side by side, with the judge's own levels so far."""

    head: Head
    code: str
    title: str
    pictures: tuple[Picture, ...]
    #: As in QUEUE_STATES.
    state: str
    levels: Mapping[str, int]
    #: As in ScoredRow; None while a level is missing.
    share: int | None


@dataclass(frozen=True)
class Comparison:
    """Two entries of the judge side by side; the same one twice compares its own pictures."""

    head: Head
    criteria: tuple[SheetCriterion, ...]
    this: Side
    that: Side
    #: Every entry that the judge may put beside it, in their own order, itself included.
    offers: tuple[Offer, ...]

    @property
    def scored(self) -> bool:
        """Whether the judge gave either of them a level."""
        return bool(self.this.levels or self.that.levels)


@dataclass(frozen=True)
class Difference:
    """What two tabs disagree on: a field, what is stored and what was sent. Levels stand as digits."""

    #: A criterion's key, or `note`, `comment`.
    field: str
    name: Texts
    stored: str
    sent: str


#: Every type that may reach a judging template.
SHEET_TYPES = (
    Head,
    PictureSize,
    Tiles,
    Picture,
    Members,
    PlainFile,
    SheetCriterion,
    CardView,
    Told,
    Progress,
    JudgeSheet,
    QueueRow,
    Queue,
    ScoredRow,
    Scored,
    Offer,
    Side,
    Comparison,
    Difference,
)


def names() -> frozenset[str]:
    """Every name that a judging template may read from these types."""
    found: set[str] = set()
    for kind in SHEET_TYPES:
        found.update(item.name for item in fields(kind))
        found.update(name for name, value in vars(kind).items() if isinstance(value, property))
    return frozenset(found)


def differences(sheet: JudgeSheet, stored: CardView, sent: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Field by field where what was sent (`levels`, `note`, `comment`) is not what is stored."""
    found = []
    for criterion in sheet.criteria:
        was, now = stored.levels.get(criterion.key), sent["levels"].get(criterion.key)
        if was != now:
            found.append(Difference(criterion.key, criterion.name, str(was or ""), str(now or "")))
    for name in ("note", "comment"):
        if getattr(stored, name) != sent[name]:
            found.append(Difference(name, {}, getattr(stored, name), sent[name]))
    return tuple(found)
