"""What becomes of files that need a program: prototypes are photographed, PostScript and slides become a PDF.

A program gets the file, or the members of a prototype, in a folder made for it, and what it leaves there goes to
the confined renderer like a file of a stranger's own.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from contest.previews import client, pack
from contest.previews.client import Output, Progress, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import PRESETS, Page
from contest.previews.tools import Spent, ToolFailed, Tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contest.previews.pipeline import Order

SITE = "site"
#: Pages of a prototype that are photographed: index.html, and others beside it. All of them in so many seconds.
MAX_SCREENS = 8
_ALL_S = 60.0
#: What is unpacked for the browser.
_MAX_BYTES = 500_000_000
_COPY = 1024 * 1024
_LONGEST, _LONGEST_PATH = 255, 2000

#: Kinds that a program turns into a PDF, and which.
CONVERTED = {Kind.EPS: "ghostscript", Kind.PPTX: "libreoffice"}


def convert(file: BinaryIO, kind: Kind, order: Order, inside: Callable[[], Result]) -> Result:
    """Previews of the PDF that a program makes of `file`; those that `inside` makes where there is no such program.

    Slides have a picture inside most times. It is enough for a first look, and it stays, as a part of the whole,
    where the program makes nothing of them.
    """
    tools, program = order.tools, CONVERTED[kind]
    if tools is None or program not in tools:
        return inside()
    slides = kind is Kind.PPTX
    if slides and order.quick and (found := inside()).page_list:
        return found
    try:
        result = _printed(file, kind, order, tools)
    except ToolFailed as error:
        return _without(error, inside()) if slides else _failed(error)
    if slides:
        result = replace(result, page_list=tuple(replace(page, label="slide") for page in result.page_list))
    return result


def _printed(file: BinaryIO, kind: Kind, order: Order, tools: Tools) -> Result:
    with _folders(order) as (given, out):
        name = f"file.{kind.value}"
        with open(given / name, "wb") as copy:
            _copy(file, copy)
        printed = (tools.print_postscript if kind is Kind.EPS else tools.print_slides)(given, name, out)
        with open(printed.path, "rb") as pdf:
            result = client.render(
                pdf,
                Kind.PDF,
                address=order.address,
                presets=order.presets,
                quick=order.quick,
                keep=order.keep,
                told=order.told,
            )
    if result.verdict == "ready" and not printed.whole:
        result = replace(result, verdict="damaged", reason="unreadable")
    return _with(result, printed.spent)


def _without(error: ToolFailed, found: Result) -> Result:
    """What slides show by themselves when their program failed: never as if that were all of them."""
    if found.page_list:
        return replace(found, verdict="damaged", reason=error.reason)
    failed = _failed(error)
    return (
        found
        if found.verdict in ("failed", "refused")
        else replace(found, verdict=failed.verdict, reason=failed.reason)
    )


def with_screens(order: Order, render: Callable[[Order], Result]) -> Result:
    """A prototype's previews: what `render` makes of it (its tree and `site`), and photographs of its pages.

    `render` is called with the order that it shall follow. Without a browser there is the `site` alone.
    """
    if order.tools is None or "chromium" not in order.tools:
        return render(order)
    taken: list[BinaryIO] = []

    def take(output: Output) -> None:
        if output.preset != SITE:
            _hand(order, output)
            return
        assert output.file is not None
        taken.append(_reopened(output.file))
        if SITE in order.presets:
            _hand(order, output)
        else:
            output.file.close()

    # Not quick even where only the first picture is wanted: no browser without the whole.
    wanted = replace(order, presets=tuple(dict.fromkeys((*order.presets, SITE))), quick=False)
    whole = render(replace(wanted, keep=take) if order.keep is not None else wanted)
    if order.keep is None:
        sites = [output for output in whole.outputs if output.preset == SITE and output.file is not None]
        taken += [_reopened(output.file) for output in sites if output.file is not None]
    try:
        if SITE not in order.presets:
            for output in whole.outputs:
                if output.preset == SITE and output.file is not None:
                    output.file.close()
            whole = replace(whole, outputs=tuple(output for output in whole.outputs if output.preset != SITE))
        return _photographed(whole, taken[0], order, order.tools) if taken else whole
    finally:
        for site in taken:
            site.close()


def _hand(order: Order, output: Output) -> None:
    assert order.keep is not None
    order.keep(output)


def _photographed(whole: Result, site: BinaryIO, order: Order, tools: Tools) -> Result:
    pages: list[Page] = []
    outputs = list(whole.outputs)
    spent, first_error = Spent(0.0, 0.0), None
    with _folders(order) as (given, out):
        screens = _screens(unpack(site, given))[: 1 if order.quick else MAX_SCREENS]
        deadline = time.monotonic() + _ALL_S
        for done, member in enumerate(screens, 1):
            try:
                made, took = tools.photograph(given, member, out)
            except ToolFailed as error:
                first_error = first_error or error
                if member == screens[0] or time.monotonic() > deadline:
                    break
                continue
            part = _screen(made, order, len(pages) + 1)
            spent = Spent(spent.cpu_s + took.cpu_s + part.cpu_s, max(spent.peak_mb, took.peak_mb, part.peak_mb))
            made.unlink()
            if part.page_list:
                at = len(pages) + 1
                outputs += [replace(output, page=at) for output in part.outputs]
                pages.append(replace(part.page_list[0], page=at, number=at, label="screen"))
            if order.told is not None:
                order.told(Progress(done, len(screens)))
            if time.monotonic() > deadline:
                break
    if not pages:
        failed = _failed(first_error or ToolFailed("unreadable"))
        return _with(replace(whole, verdict=failed.verdict, reason=failed.reason), spent)
    return _with(
        replace(
            whole,
            verdict="ready",
            reason=None,
            pages=len(pages),
            width=pages[0].width,
            height=pages[0].height,
            outputs=tuple(outputs),
            page_list=tuple(pages),
        ),
        spent,
    )


def _screen(made: Path, order: Order, page: int) -> Result:
    """One photograph as page `page`."""

    def keep(output: Output) -> None:
        _hand(order, replace(output, page=page))

    with open(made, "rb") as file:
        return client.render(
            file,
            Kind.PNG,
            address=order.address,
            presets=[preset for preset in order.presets if preset in PRESETS],
            quick=order.quick,
            keep=keep if order.keep is not None else None,
        )


def _screens(members: list[str]) -> list[str]:
    """The pages of a prototype that stand beside its index.html, that one first, the others as people count."""
    others = sorted((name for name in members if re.fullmatch(r"[^/]+\.html?", name)), key=_counted)
    return ["index.html", *(name for name in others if name != "index.html")]


def _counted(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"(\d{1,9})", name)]


def unpack(site: BinaryIO, folder: Path) -> list[str]:
    """Write the members of a `site` pack into `folder`; their paths, of those that could lie there.

    The pack was made by a child in a stranger's hands: no path leads out, and no more than _MAX_BYTES come.
    """
    descriptor = site.fileno()
    size = os.fstat(descriptor).st_size
    index = pack.read_index(lambda start, end: os.pread(descriptor, end - start, start), size)
    left, written = _MAX_BYTES, []
    for path, (start, length) in index.members.items():
        if length > left or not is_plain(path):
            continue
        left -= length
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as out:
                for at in range(start, start + length, _COPY):
                    out.write(os.pread(descriptor, min(_COPY, start + length - at), at))
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            # Two members whose paths need the same name: the first one stands.
            continue
        written.append(path)
    return written


def is_plain(path: str) -> bool:
    """Whether a path stays below where it begins, and can lie in a file system."""
    parts = path.split("/")
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return False
    return (
        "\0" not in path
        and "\\" not in path
        and all(part not in ("", ".", "..") for part in parts)
        and max(lengths) <= _LONGEST
        and sum(lengths) <= _LONGEST_PATH
        and len(parts) <= 32
    )


@contextmanager
def _folders(order: Order) -> Iterator[tuple[Path, Path]]:
    """One to read and one to write, which vanish: with the renderer at the latest, in whose folder they are."""
    place = os.path.dirname(order.address)
    with tempfile.TemporaryDirectory(prefix="tool-", dir=place, ignore_cleanup_errors=True) as folder:
        given, out = Path(folder, "given"), Path(folder, "out")
        given.mkdir()
        out.mkdir()
        yield given, out


def _copy(file: BinaryIO, out: BinaryIO) -> None:
    with _reopened(file) as source:
        shutil.copyfileobj(source, out, _COPY)


def _reopened(file: BinaryIO) -> BinaryIO:
    """A second, read-only opening of a file: with a position and an end of its own."""
    file.flush()
    return open(f"/proc/self/fd/{file.fileno()}", "rb")


def _failed(error: ToolFailed) -> Result:
    verdict = "refused" if error.reason == "too_large" else "failed"
    return Result(verdict, error.reason, 0, 0, 0, (), 0.0, 0.0)


def _with(result: Result, spent: Spent) -> Result:
    return replace(result, cpu_s=result.cpu_s + spent.cpu_s, peak_mb=max(result.peak_mb, spent.peak_mb))
