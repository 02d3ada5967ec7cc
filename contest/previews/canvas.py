"""What renderers share: the way from a decoded picture to WebP files, and the ways to give up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyvips

from contest.previews.outcome import CARDS, PRESETS

#: Told of each step: {"event": "source", …} once the file's measures are known, then {"event": "output", …}.
Emit = Callable[[dict[str, Any]], None]


#: A card: the mat and the slip in the colours of the style sheet, the width of the mat beside and above
#: the picture, and the slip's place and size, which leave the picture free.
_MAT, _VERMILION, _MAT_EDGES, _SLIP = (232, 232, 230), (181, 51, 11), (96, 48), (28, 44, 150)


class GiveUp(Exception):
    """Ends a rendering with a verdict and a reason of `outcome`."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(verdict, reason)
        self.verdict = verdict
        self.reason = reason


class Canvas:
    """Where a renderer puts its pictures: one WebP per preset and page, each announced when it is whole."""

    def __init__(self, out: Path, presets: Iterable[str], emit: Emit) -> None:
        self._out = out
        self._emit = emit
        wanted = set(presets)
        #: Wanted presets, smallest first, and cards.
        self.presets = sorted(wanted - CARDS.keys(), key=PRESETS.__getitem__)
        self.cards = sorted(wanted & CARDS.keys())
        self.outputs: list[dict[str, Any]] = []
        self.pages = self.width = self.height = 0
        self._began = time.monotonic(), time.process_time()

    def source(self, *, pages: int, width: int, height: int) -> None:
        """Note the measures of the original (as in `outcome.Result`)."""
        self.pages, self.width, self.height = pages, width, height
        self._emit({"event": "source", "pages": pages, "width": width, "height": height})

    def edge(self, largest: str | None = None) -> int:
        """The long edge that the largest wanted preset needs, at most that of preset `largest`."""
        edges = [PRESETS[preset] for preset in self.presets] + [max(CARDS[card]) for card in self.cards]
        return max(edges) if largest is None else min(max(edges), PRESETS[largest])

    def draw(self, image: pyvips.Image, *, page: int = 1, largest: str | None = None) -> None:
        """Write the previews of one page from `image`: sRGB pixels in memory, at least `edge()` long or native.

        Sizes are chained from the largest down, so that each pixel of the original is read once; files
        are written from the smallest up, because encoding is most of the work and somebody waits for a
        first picture. Pictures are never made larger than `image`.
        """
        levels = []
        if page == 1:
            for card in self.cards:
                self._card(card, image)
        for preset in reversed(self.presets):
            if largest is None or PRESETS[preset] <= PRESETS[largest]:
                edge = PRESETS[preset]
                if max(image.width, image.height) > edge:
                    image = image.thumbnail_image(edge, height=edge, size="down").copy_memory()
                levels.append((preset, image))
        for preset, level in reversed(levels):
            # Lists of small pictures lie on any background; only the large ones are worth a checkerboard.
            flat = level.flatten(background=255) if preset == "320" and level.hasalpha() else level
            flat.webpsave(str(self._out / file_name(page, preset)), Q=80, effort=2, keep="none")
            self._made(page, preset, flat)

    def _card(self, card: str, image: pyvips.Image) -> None:
        """The picture whole on the neutral mat; for an award with the slip of the prize at the mat's edge.

        No words: a host may lack the fonts, and readers of links put the title beside the picture.
        """
        width, height = CARDS[card]
        beside, above = _MAT_EDGES
        hung = image.thumbnail_image(width - 2 * beside, height=height - 2 * above, size="down")
        hung = hung.flatten(background=_MAT) if hung.hasalpha() else hung
        hung = hung.colourspace("srgb")
        ground = hung.gravity("centre", width, height, extend="background", background=_MAT)
        if card == "award":
            left, slip_width, slip_height = _SLIP
            slip = (pyvips.Image.black(slip_width, slip_height, bands=3) + list(_VERMILION)).cast("uchar")
            ground = ground.insert(slip.copy(interpretation="srgb"), left, 0)
        ground.jpegsave(str(self._out / file_name(1, card)), Q=86, optimize_coding=True, keep="none")
        self._made(1, card, ground)

    def _made(self, page: int, preset: str, image: pyvips.Image) -> None:
        output = {"page": page, "preset": preset, "width": image.width, "height": image.height}
        self.outputs.append(output)
        self._emit({"event": "output", **output})

    def late(self, *, cpu_s: float, wall_s: float) -> bool:
        """Whether this rendering has used more than so much processor time or time on the wall."""
        wall, cpu = self._began
        return time.process_time() - cpu > cpu_s or time.monotonic() - wall > wall_s


def file_name(page: int, preset: str) -> str:
    """The name of one output in the folder: both sides build it, so no name ever crosses between them."""
    return f"{page}-{preset}.{'jpeg' if preset in CARDS else 'webp'}"


def plain(image: pyvips.Image) -> pyvips.Image:
    """`image` as 8-bit sRGB with or without alpha, computed once and held in memory.

    The copy is needed because a picture that is read as a stream can be read only once.
    """
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar")
    return image.copy_memory()
