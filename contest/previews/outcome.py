"""What a rendering answers: verdicts, reasons, pictures and facts. Standard library only; both sides import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

#: The long edge in pixels of each preview, the smallest first, by the name under which it is stored.
PRESETS = {"320": 320, "1280": 1280, "2560": 2560}

#: Pictures for links to a page, made only where asked for: width and height in pixels. JPEG, because that is
#: what every reader of such links takes. `award` has the slip of a prize on it.
CARDS = {"card": (1200, 630), "award": (1200, 630)}

#: What is made beside the pictures of a page, where its kind allows: preset → extension of its file.
#: `tiles`: a deep-zoom pyramid, packed (see `pack`). `moving`: an animation of at most 640 px as WebP.
#: `mp4`, `webm`: the same video without metadata, for browsers that play it; where none does, `mp4` is a clip
#: that was encoded anew (see `clip`). `site`: the members of a
#: click-through prototype, packed. Only `site` may hold what an entrant wrote; it is served apart.
EXTRAS = {"tiles": "pack", "moving": "webp", "mp4": "mp4", "webm": "webm", "site": "pack"}

#: `ready`: all is well. `damaged`: there are pictures, but not of the whole file. `failed`: none could be
#: made. `refused`: the file breaks one of our limits, or has a password. `icon`: nothing to show, by its kind.
VERDICTS = frozenset({"ready", "damaged", "failed", "refused", "icon"})

#: Codes only; the sentences are the app's (contest.texts.files).
REASONS = frozenset(
    {
        # damaged, failed
        "truncated",
        "unreadable",
        "no_pages",
        "missing_part",
        "codec",
        "timeout",
        "memory",
        "crashed",
        # refused
        "too_many_pixels",
        "too_large",
        "encrypted",
        "bomb",
        "not_supported",
        "zip_unsafe",
        "zip_bomb",
        "zip_nested",
        "zip_encrypted",
        "zip_broken",
        # icon
        "kind",
        "nothing_inside",
        "no_tool",
    }
)

#: What a page of a preview is, for a label without a word of the file's: "page 3", "frame 12", "picture 2".
LABELS = frozenset({"picture", "page", "slide", "frame", "artboard", "poster", "specimen", "view", "screen"})

#: Facts of a file as a whole: name → largest value. Numbers only; what is not known is left out.
#: `hdr`, `alpha`, `sound` and `mute` are 0 or 1. `clip_ms`: how much of a video its `mp4` shows, if that is a clip;
#: `mute`: what plays of it lacks the sound that it has.
FACTS: Mapping[str, int] = {
    "frames": 10**7,
    "duration_ms": 10**9,
    "clip_ms": 10**9,
    "hdr": 1,
    "alpha": 1,
    "sound": 1,
    "mute": 1,
    "members": 10**5,
    "glyphs": 10**6,
    "triangles": 10**9,
}

MAX_PIXELS = 120_000_000
#: Above this long edge a picture gets a pyramid.
TILES_ABOVE = 4096
#: Pages of a document that get previews, and those that also get the largest one.
MAX_PAGES = 60
MAX_LARGE_PAGES = 20
#: Files inside a package that get previews, and what they may hold together, in bytes.
MAX_MEMBERS = 50
MAX_MEMBER_BYTES = 400_000_000
#: What the client accepts from a renderer that it does not trust: how many outputs, how large a picture,
#: and how large anything else.
MAX_OUTPUTS = 260
MAX_OUTPUT_BYTES = 30_000_000
MAX_EXTRA_BYTES = 2_000_000_000

#: The members of a package, as the child writes them.
TREE = "tree.json"
MAX_TREE_BYTES = 4_000_000

#: The renderer's font configuration, in its own folder.
FONTS_FILE = "fonts.xml"


def file_name(page: int, preset: str) -> str:
    """The name of one output in the child's folder: both sides build it, so no name ever crosses between them."""
    return f"{page}-{preset}.{'jpeg' if preset in CARDS else EXTRAS.get(preset, 'webp')}"


def member_name(index: int) -> str:
    """The same for a member of a package, handed out for a rendering of its own and never kept."""
    return f"member-{index}"


class RendererGone(Exception):
    """The rendering process is away or does not answer. The file is not to blame: try again later."""


class RendererAway(RendererGone):
    """It could not even be asked: whatever ended it was another file."""


class NoRoom(RendererGone):
    """The disk where renderings are made is full: a matter of the host, however long it lasts."""


@dataclass(frozen=True)
class Output:
    """One file that was made: for a preset of PRESETS a bare WebP, for one of CARDS a JPEG, else see EXTRAS."""

    preset: str
    #: The page that it shows, from 1.
    page: int
    #: Size in pixels, read from the bytes themselves; of a pyramid its largest level, of a `site` 0.
    width: int
    height: int
    #: Size in bytes.
    size: int
    #: The bytes of a picture; empty for EXTRAS, and once a `keep` has taken the output.
    data: bytes = b""
    #: An extra as an open file, at its start; whoever takes the output closes it.
    file: BinaryIO | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Page:
    """One page, frame or member that has previews: what it is, its size, and what compares it with others."""

    #: From 1, as in `Output.page`.
    page: int
    #: One of LABELS, and its number as a person counts.
    label: str
    number: int
    #: Pixels after turning, or points.
    width: int
    height: int
    #: A ThumbHash of the page (see `placeholder`); at most 30 bytes.
    placeholder: bytes = b""
    #: 64-bit perceptual hashes (see `likeness`): of the page as it is and its seven other orientations, and
    #: of its nine tiles. Empty where there is too little to compare.
    turned: tuple[int, ...] = ()
    tiles: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A member of a package: its path as it stands there, its size in bytes, and the page that shows it or 0."""

    path: str
    size: int
    page: int = 0


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    #: One of VERDICTS.
    verdict: str
    #: One of REASONS; None if and only if the verdict is `ready`.
    reason: str | None
    #: Pages of the document (of which only the first ones may have outputs); 1 for a picture, 0 if unknown.
    pages: int
    #: Size of the original as one sees it: pixels after turning, or points of the first page of a PDF. 0 if unknown.
    width: int
    height: int
    #: In the order in which they were made: the smallest of a page first.
    outputs: tuple[Output, ...]
    #: Processor seconds and the largest resident memory of the process that made it, in MB.
    cpu_s: float
    peak_mb: float
    #: By page.
    page_list: tuple[Page, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    #: The members of a package, in its own order.
    tree: tuple[Entry, ...] = ()
