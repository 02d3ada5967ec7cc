"""From a file to its previews, whatever it takes: one rendering, or one for each member of a package.

Runs where the renderer's client runs (worker, command line), without database, queue or store. A package is
taken apart by a confined child of its own, and each member of it is then rendered like a file of its own, so
that a hostile one spoils only itself. Programs that must be started (`tools`) get what they need in a folder,
and what they make is rendered again like a stranger's file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from contest.previews import client, started
from contest.previews.client import Output, Progress, Result
from contest.previews.kinds import ARCHIVES, VIDEOS, Kind, identify
from contest.previews.outcome import EXTRAS, MAX_PAGES, PRESETS
from contest.previews.tools import Tools

#: All that a file may get.
EVERYTHING = (*PRESETS, *EXTRAS)

#: What the one picture in a design program's package shows.
_LABELS = {
    Kind.SKETCH: "artboard",
    Kind.FIG: "artboard",
    Kind.XD: "artboard",
    Kind.PPTX: "slide",
    Kind.KEYNOTE: "slide",
}
#: An archive in an archive is never opened; a design program's package in one is.
_NESTED = frozenset({Kind.ZIP, Kind.PROTOTYPE})
#: What says nothing against a package: its members may need each other, or be of kinds that we do not draw.
_NO_FAULT = frozenset({None, "missing_part", "not_supported", "kind", "nothing_inside", "no_tool"})
#: After so long no further member of a package is begun; those that have a page then are enough.
_MEMBERS_WALL_S = 240.0
#: The same where only a first picture is wanted: others wait behind it for theirs.
_QUICK_WALL_S = 30.0


@dataclass(frozen=True)
class Order:
    """What is wanted of one file, and who takes what is made (as in `client.render`)."""

    address: str
    presets: Sequence[str] = EVERYTHING
    quick: bool = False
    keep: Callable[[Output], None] | None = None
    told: Callable[[Progress], None] | None = None
    #: The programs that may be started; without them the kinds that need one have an icon.
    tools: Tools | None = None


def preview(file: BinaryIO, kind: Kind, order: Order) -> Result:
    """Previews of `file`, an open regular file. Raises RendererGone, and what `keep` and `told` raise."""
    if kind is Kind.PROTOTYPE:
        return started.with_screens(order, lambda own: _with_members(file, kind, own))
    rendered = partial(_with_members if kind in ARCHIVES else _render, file, kind, order)
    return started.convert(file, kind, order, rendered) if kind in started.CONVERTED else rendered()


def lacks_film(kind: Kind, result: Result) -> bool:
    """Whether browsers play nothing of a video whose pictures are made: `clip` is for that."""
    plays = any(output.preset in ("mp4", "webm") for output in result.outputs)
    return kind in VIDEOS and len(result.page_list) > 1 and not plays


def clip(file: BinaryIO, kind: Kind, order: Order) -> Result:
    """The clip of a video (see the module of that name), as `mp4`, and nothing else. Raises as `preview` does."""
    return client.render(file, kind, address=order.address, presets=("mp4",), clips=True, keep=order.keep)


def with_clip(result: Result, made: Result) -> Result:
    """A video's pictures and its clip as one result; where no clip could be made, its pictures are all."""
    return replace(
        result,
        outputs=(*result.outputs, *made.outputs),
        facts={**result.facts, **made.facts} if made.outputs else result.facts,
        cpu_s=result.cpu_s + made.cpu_s,
        peak_mb=max(result.peak_mb, made.peak_mb),
    )


def _render(file: BinaryIO, kind: Kind, order: Order, member: Callable[[int, BinaryIO], None] | None = None) -> Result:
    return client.render(
        file,
        kind,
        address=order.address,
        presets=order.presets,
        quick=order.quick,
        keep=order.keep,
        told=order.told if member is None else None,
        member=member,
    )


# Packages.


def _with_members(file: BinaryIO, kind: Kind, order: Order, *, inside: bool = False) -> Result:
    """A package's own pages, then those of the members that its rendering hands out."""
    members: list[tuple[int, BinaryIO]] = []
    try:
        whole = _render(file, kind, order, lambda index, member: members.append((index, member)))
        if whole.verdict in ("ready", "damaged", "icon") and members:
            whole = _joined(whole, kind, members, order, inside=inside)
        return whole
    finally:
        for _, member in members:
            member.close()


def _joined(
    whole: Result, kind: Kind, members: Sequence[tuple[int, BinaryIO]], order: Order, *, inside: bool
) -> Result:
    """The package's own pages, then the first page of each member; the tree says which page shows which.

    A member that cannot be shown has no page, and changes nothing for the others; the whole is then `damaged`.
    """
    pages, outputs, entries = list(whole.page_list), list(whole.outputs), list(whole.tree)
    cpu, peak = whole.cpu_s, whole.peak_mb
    damage = whole.reason if whole.verdict == "damaged" else None
    failure: Result | None = None
    until = time.monotonic() + (_QUICK_WALL_S if order.quick else _MEMBERS_WALL_S)
    for done, (index, file) in enumerate(members, 1):
        if len(pages) == MAX_PAGES or (order.quick and pages):
            break
        if time.monotonic() > until:
            damage = damage or "timeout"
            break
        at = max((page.page for page in pages), default=0) + 1
        part = _member(file, order, at, inside=inside)
        cpu, peak = cpu + part.cpu_s, max(peak, part.peak_mb)
        if part.page_list:
            outputs += [replace(output, page=at) for output in part.outputs]
            pages.append(replace(part.page_list[0], page=at, label=_LABELS.get(kind, "picture"), number=at))
            entries[index] = replace(entries[index], page=at)
        elif part.reason not in _NO_FAULT:
            failure = failure or part
        if part.verdict != "icon" and part.reason not in _NO_FAULT:
            damage = damage or part.reason
        if order.told is not None:
            order.told(Progress(done, len(members)))
    verdict, reason = ("damaged", damage) if damage else ("ready", None)
    if not pages:
        verdict, reason = (failure.verdict, failure.reason) if failure else ("icon", "nothing_inside")
    return replace(
        whole,
        verdict=verdict,
        reason=reason,
        pages=max(len(pages), whole.pages),
        width=whole.width or (pages[0].width if pages else 0),
        height=whole.height or (pages[0].height if pages else 0),
        outputs=tuple(outputs),
        cpu_s=cpu,
        peak_mb=peak,
        page_list=tuple(pages),
        tree=tuple(entries),
    )


def _member(file: BinaryIO, order: Order, page: int, *, inside: bool) -> Result:
    """The first page of one member, handed over as page `page` of its package; no page if it cannot be shown."""
    kind = identify(file, size=os.fstat(file.fileno()).st_size)
    if kind is None or kind in _NESTED or (inside and kind in ARCHIVES):
        return Result("icon", "kind", 0, 0, 0, (), 0.0, 0.0)
    taker = order.keep

    def keep(output: Output) -> None:
        if taker is not None and output.page == 1:
            taker(replace(output, page=page))

    own = replace(
        order,
        presets=[preset for preset in order.presets if preset in PRESETS],
        quick=True,
        keep=None if taker is None else keep,
        told=None,
    )
    part = _with_members(file, kind, own, inside=True) if kind in ARCHIVES else _render(file, kind, own)
    outputs = tuple(output for output in part.outputs if output.page == 1)
    shown = part.verdict in ("ready", "damaged") and bool(outputs)
    return replace(part, outputs=outputs, page_list=part.page_list[:1] if shown else ())
