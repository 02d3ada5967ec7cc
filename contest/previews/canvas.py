"""What renderers share: the way from a decoded picture to WebP files, and the ways to give up."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy  # noqa: F401  imported before the child is shut in; `likeness` and `placeholder` need it
import pyvips

from contest.previews import likeness, placeholder
from contest.previews.outcome import CARDS, EXTRAS, PRESETS, TREE, file_name, member_name

#: Told of each step: `source` once the file's measures are known, `page` before the pictures of each page,
#: `output` for each file that is whole, `tree` and `member` for a package.
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


def check_room(error: Exception) -> None:
    """Raise OSError if what FFmpeg could not do was writing to a full disk: the film is not to blame."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise OSError(error.errno, os.strerror(error.errno)) from error


class Canvas:
    """Where a renderer puts what it makes: files in the child's folder, each announced when it is whole."""

    def __init__(self, out: Path, presets: Iterable[str], emit: Emit, *, quick: bool = False) -> None:
        self._out = out
        self._emit = emit
        wanted = set(presets)
        #: Only the first picture is wanted, as soon as may be: no further page, no extras.
        self.quick = quick
        #: Wanted presets, smallest first, and cards.
        self.presets = sorted(wanted & PRESETS.keys(), key=PRESETS.__getitem__)
        self.cards = sorted(wanted & CARDS.keys())
        self._extras = wanted & EXTRAS.keys()
        self.outputs: list[dict[str, Any]] = []
        self.members = 0
        self.pages = self.width = self.height = 0
        self._began = time.monotonic(), time.process_time()

    def wants(self, extra: str) -> bool:
        """Whether one of EXTRAS is to be made."""
        return extra in self._extras and not self.quick

    def source(self, *, pages: int, width: int, height: int, **facts: int) -> None:
        """Note the measures of the original (as in `outcome.Result`), and what is known of `outcome.FACTS`."""
        self.pages, self.width, self.height = pages, width, height
        self._emit({"event": "source", "pages": pages, "width": width, "height": height, "facts": facts})

    def edge(self, largest: str | None = None) -> int:
        """The long edge that the largest wanted preset needs, at most that of preset `largest`."""
        edges = [PRESETS[preset] for preset in self.presets] + [max(CARDS[card]) for card in self.cards]
        return max(edges) if largest is None else min(max(edges), PRESETS[largest])

    def draw(
        self,
        image: pyvips.Image,
        *,
        page: int = 1,
        largest: str | None = None,
        label: str = "picture",
        number: int | None = None,
        original: tuple[int, int] | None = None,
    ) -> None:
        """Write the previews of one page from `image`: sRGB pixels in memory, at least `edge()` long or native.

        `label` and `number` (that of the page unless given) name it without a word of the file's;
        `original` is its own size, that of the file unless given.

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
        if levels:
            self._note(levels[-1][1], page, label, number or page, original or (self.width, self.height))
        for preset, level in reversed(levels):
            # Lists of small pictures lie on any background; only the large ones are worth a checkerboard.
            flat = level.flatten(background=255) if preset == "320" and level.hasalpha() else level
            flat.webpsave(str(self._out / file_name(page, preset)), Q=80, effort=2, keep="none")
            self._made(page, preset, flat.width, flat.height)

    def _note(self, small: pyvips.Image, page: int, label: str, number: int, original: tuple[int, int]) -> None:
        """Announce a page with what stands for it until it has loaded and what compares it with others."""
        tiny = small.thumbnail_image(32, height=32, size="down").colourspace("srgb")
        tiny = tiny if tiny.hasalpha() else tiny.bandjoin(255)
        event: dict[str, Any] = {"event": "page", "page": page, "label": label, "number": number}
        event |= {"width": original[0], "height": original[1]}
        event["placeholder"] = placeholder.encode(tiny.width, tiny.height, tiny.write_to_memory()).hex()
        # Specimens are laid out alike, whatever the font: their likeness says nothing.
        if len(self.presets) > 1 and label != "specimen":
            flat = small.flatten(background=255) if small.hasalpha() else small
            grey = flat.colourspace("b-w").thumbnail_image(72, height=72, size="force")
            turned, tiles = likeness.hashes(grey.numpy().reshape(72, 72))
            event |= {"turned": [f"{value:016x}" for value in turned], "tiles": [f"{value:016x}" for value in tiles]}
        self._emit(event)

    def extra(self, preset: str, page: int = 1) -> Path:
        """Where to write one of EXTRAS; call `made_extra` when it is whole."""
        return self._out / file_name(page, preset)

    def made_extra(self, preset: str, *, page: int = 1, width: int, height: int) -> None:
        """Announce one of EXTRAS, with its size in pixels (0 for a `site`)."""
        self._made(page, preset, width, height)

    def scratch(self, name: str) -> Path:
        """A file of the child's own; `name` must not look like an output's."""
        return self._out / f"scratch-{name}"

    def tree(self, entries: Iterable[tuple[str, int]]) -> None:
        """Note the members of a package: path and size in bytes, in its own order."""
        listed = [[path, size] for path, size in entries]
        (self._out / TREE).write_text(json.dumps(listed, ensure_ascii=True))
        self._emit({"event": "tree"})

    def member(self, data: bytes | Path, index: int) -> None:
        """Hand out a member, number `index` of the tree from 0, for a rendering of its own: bytes or a scratch file."""
        self.members += 1
        path = self._out / member_name(index)
        if isinstance(data, Path):
            data.rename(path)
        else:
            path.write_bytes(data)
        self._emit({"event": "member", "index": index})

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
        self._made(1, card, ground.width, ground.height)

    def _made(self, page: int, preset: str, width: int, height: int) -> None:
        output = {"page": page, "preset": preset, "width": width, "height": height}
        self.outputs.append(output)
        self._emit({"event": "output", **output})

    def late(self, *, cpu_s: float, wall_s: float) -> bool:
        """Whether this rendering has used more than so much processor time or time on the wall."""
        wall, cpu = self._began
        return time.process_time() - cpu > cpu_s or time.monotonic() - wall > wall_s


#: Draws one kind of file: takes its bytes, or a mapping of them, and raises `GiveUp`, OSError, MemoryError or
#: pyvips.Error for what is wrong with them.
Renderer = Callable[[Any, Canvas], None]


def plain(image: pyvips.Image) -> pyvips.Image:
    """`image` as 8-bit sRGB with or without alpha, computed once and held in memory.

    The copy is needed because a picture that is read as a stream can be read only once.
    """
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar")
    return image.copy_memory()
