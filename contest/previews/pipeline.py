"""From a file to its previews, whatever it takes: one rendering, or one for each member of a package.

Runs where the renderer's client runs (worker, command line), without database, queue or store. A package is
taken apart by a confined child of its own, and each member of it is then rendered like a file of its own, so
that a hostile one spoils only itself. Programs that must be started (`tools`) get what they need in a folder,
and what they make is rendered again like a stranger's file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from contest.previews import client
from contest.previews.client import Output, Progress, Result
from contest.previews.kinds import Kind, identify
from contest.previews.outcome import EXTRAS, MAX_PAGES, PRESETS, Entry, Page

#: All that a file may get.
EVERYTHING = (*PRESETS, *EXTRAS)


@dataclass(frozen=True)
class Order:
    """What is wanted of one file, and who takes what is made (as in `client.render`)."""

    address: str
    presets: Sequence[str] = EVERYTHING
    quick: bool = False
    keep: Callable[[Output], None] | None = None
    told: Callable[[Progress], None] | None = None


def preview(file: BinaryIO, kind: Kind, order: Order) -> Result:
    """Previews of `file`, an open regular file. Raises RendererGone, and what `keep` and `told` raise."""
    members: list[tuple[int, BinaryIO]] = []
    try:
        result = _render(file, kind, order, lambda index, member: members.append((index, member)))
        if result.verdict in ("ready", "damaged", "icon") and members:
            result = _with_members(result, members, order)
        return result
    finally:
        for _, member in members:
            member.close()


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


def _with_members(whole: Result, members: Sequence[tuple[int, BinaryIO]], order: Order) -> Result:
    """The package's own pages, then the first page of each member; the tree says which page shows which."""
    pages, outputs = list(whole.page_list), list(whole.outputs)
    entries = list(whole.tree)
    cpu, peak, damaged = whole.cpu_s, whole.peak_mb, whole.verdict == "damaged"
    at = max((page.page for page in pages), default=0)
    for done, (index, file) in enumerate(members, 1):
        if at == MAX_PAGES or (order.quick and at):
            break
        part, shown = _member(file, order, at + 1)
        cpu, peak = cpu + part.cpu_s, max(peak, part.peak_mb)
        if shown:
            at += 1
            outputs += [replace(output, page=at) for output in part.outputs]
            pages.append(replace(part.page_list[0], page=at, number=at))
            entries[index] = replace(entries[index], page=at)
            damaged = damaged or part.verdict == "damaged"
        if order.told is not None:
            order.told(Progress(done, len(members)))
    verdict, reason = whole.verdict, whole.reason
    if pages:
        verdict, reason = ("damaged", whole.reason or "unreadable") if damaged else ("ready", None)
    else:
        verdict, reason = "icon", "nothing_inside"
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


def _member(file: BinaryIO, order: Order, page: int) -> tuple[Result, bool]:
    """The first page of one member as page `page` of its package, and whether there is one."""
    size = os.fstat(file.fileno()).st_size
    kind = identify(file, size=size)
    if kind is None:
        return Result("icon", "kind", 0, 0, 0, (), 0.0, 0.0), False

    def keep(output: Output) -> None:
        if order.keep is not None and output.page == 1:
            order.keep(replace(output, page=page))

    presets = [preset for preset in order.presets if preset in PRESETS]
    result = client.render(file, kind, address=order.address, presets=presets, quick=True, keep=keep)
    return result, result.verdict in ("ready", "damaged") and bool(result.page_list)


__all__ = ["EVERYTHING", "Entry", "Order", "Page", "preview"]
