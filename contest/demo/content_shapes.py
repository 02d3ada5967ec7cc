"""The shapes of the demo's content: frozen values, no behaviour beyond a few readings.

Texts that the body writes are `Text`: a mapping with the keys "en" and "ja", both always filled.
Texts that people write (titles, statements, comments) are plain strings in that person's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Text = Mapping[str, str]


def both(en: str, ja: str) -> Text:
    return {"en": en, "ja": ja}


def paragraphs(*pairs: tuple[str, str]) -> Text:
    """Paragraphs in both languages, joined by blank lines."""
    return {"en": "\n\n".join(en for en, _ in pairs), "ja": "\n\n".join(ja for _, ja in pairs)}


@dataclass(frozen=True, slots=True)
class Moment:
    """A day counted from the day of planting (negative: past) and a wall clock "HH:MM:SS" in the contest's zone."""

    days: int
    clock: str = "10:00:00"


@dataclass(frozen=True, slots=True)
class Schedule:
    announced: Moment
    opens: Moment
    closes: Moment
    judging_opens: Moment
    judging_closes: Moment
    winners: Moment
    grace_seconds: int = 1800


@dataclass(frozen=True, slots=True)
class Person:
    """`name` in the person's own script, `latin` for certificates; `country` is ISO 3166 alpha-2."""

    key: str
    name: str
    latin: str
    email: str
    locale: str
    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class Category:
    key: str
    name: Text


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A slot; `kinds` are png, jpeg, webp, gif, svg, pdf, zip, mp4; `max_bytes` is for each file."""

    key: str
    name: Text
    hint: Text
    required: bool
    kinds: tuple[str, ...]
    max_bytes: int
    max_files: int


@dataclass(frozen=True, slots=True)
class Criterion:
    """`weight` in thousandths; `levels[0]` is the sentence for one point, the last one for the most."""

    key: str
    name: Text
    question: Text
    weight: int
    levels: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Prize:
    """`rank` orders prizes, 1 first. `jury` is a template with {title} and {credit}."""

    key: str
    name: Text
    amount: Text
    count: int
    rank: int
    jury: Text


@dataclass(frozen=True, slots=True)
class Contest:
    """`state` is what the demo shows: open, judging or published. People are given by their keys.

    `method` makes a ranking of the scores: a name of `contest.scoring.methods`.
    """

    slug: str
    state: str
    subject: str
    host: Text
    title: Text
    summary: Text
    brief: Text
    terms: Text
    categories: tuple[Category, ...]
    deliverables: tuple[Deliverable, ...]
    scale_points: int
    rubric: tuple[Criterion, ...]
    prizes: tuple[Prize, ...]
    schedule: Schedule
    judges: tuple[str, ...]
    chair: str
    organisers: tuple[str, ...]
    publishers: tuple[str, ...]
    method: str = "mean"
    #: How many judges score an entry, those whose scores stand in `content_scores`; None: all of them, by lot.
    judges_per_entry: int | None = None
    zone: str = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the entrant declares, each answer in the entry's language."""

    fonts: str
    assets: str
    ai: str

    @property
    def text(self) -> str:
        return "\n\n".join((self.fonts, self.assets, self.ai))


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry and how it is handed in.

    `key` also names the theme in `art_themes`. `line` is one public sentence about the work.
    `sent_minutes` is how long before the close (in an open contest: before planting) the last revision
    was sealed, none for a draft.
    `names` is the manner of the file names: number, plain, japanese, final, kebab or shot; `formats`
    repeats over the screens. `pdf_pages` 0 means no presentation.
    """

    key: str
    contest: str
    person: str
    title: str
    title_latin: str
    line: Text
    statement: str
    declaration: Declaration
    credit: str
    category: str
    locale: str
    state: str = "submitted"
    sent_minutes: int | None = None
    revisions: int = 1
    names: str = "number"
    formats: tuple[str, ...] = ("png",)
    pdf_pages: int = 4
    source: bool = True
    #: Whether all screens stand side by side in one large picture too, and whether they pass in a film.
    board: bool = False
    film: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """One judge's sheet for one entry: a level for each criterion by its key.

    `comment` is for the entrant, `note` for the jury only, both in the judge's language. A draft may
    lack criteria.
    """

    judge: str
    entry: str
    levels: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""
    note: str = ""
    state: str = "submitted"


@dataclass(frozen=True, slots=True)
class Flag:
    """What a judge tells the app team; `kind` is a value of vocabulary.FlagKind, `answer` what they said to it or ""."""

    judge: str
    entry: str
    kind: str
    words: str
    answer: str


@dataclass(frozen=True, slots=True)
class Recusal:
    """A judge who steps back; `kind` is a value of vocabulary.RecusalKind."""

    judge: str
    entry: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Award:
    entry: str
    prize: str
    statement: Text
