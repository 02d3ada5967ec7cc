"""What a rendering answers: verdicts, reasons and pictures. Standard library only; both sides import it."""

from __future__ import annotations

from dataclasses import dataclass

#: The long edge in pixels of each preview, the smallest first, by the name under which it is stored.
PRESETS = {"320": 320, "1280": 1280, "2560": 2560}

#: Pictures for links to a page, made only where asked for: width and height in pixels. JPEG, because that is
#: what every reader of such links takes. `award` has the slip of a prize on it.
CARDS = {"card": (1200, 630), "award": (1200, 630)}

#: `ready`: all is well. `damaged`: there are pictures, but not of the whole file. `failed`: none could be
#: made. `refused`: the file breaks one of our limits, or has a password.
VERDICTS = frozenset({"ready", "damaged", "failed", "refused"})

#: Codes only; the sentences are the app's.
REASONS = frozenset(
    {
        "truncated",
        "too_many_pixels",
        "encrypted",
        "timeout",
        "memory",
        "unreadable",
        "no_pages",
        "bomb",
        "crashed",
    }
)

MAX_PIXELS = 120_000_000
#: Pages of a document that get previews, and those that also get the largest one.
MAX_PAGES = 60
MAX_LARGE_PAGES = 20
#: What the client accepts from a renderer that it does not trust.
MAX_OUTPUTS = 200
MAX_OUTPUT_BYTES = 30_000_000

#: The renderer's font configuration, in its own folder.
FONTS_FILE = "fonts.xml"


class RendererGone(Exception):
    """The rendering process is away or does not answer. The file is not to blame: try again later."""


@dataclass(frozen=True)
class Output:
    """One picture, a bare WebP (or JPEG, for a card): no metadata, no animation, nothing behind its end."""

    preset: str
    #: The page that it shows, from 1.
    page: int
    #: Size in pixels, read from the bytes themselves.
    width: int
    height: int
    data: bytes


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
    #: By page, and within a page the smallest first.
    outputs: tuple[Output, ...]
    #: Processor seconds and the largest resident memory of the process that made it.
    cpu_s: float
    peak_mb: float
