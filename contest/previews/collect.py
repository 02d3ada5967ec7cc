"""What the worker believes of a rendering: every word and every file of the child is checked here.

The child may be in a stranger's hands. Words that make no sense, and files that are not as our renderers
make them, turn the whole into a failure.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from contest.previews import jpeg, webp
from contest.previews.extras import measure
from contest.previews.outcome import (
    CARDS,
    EXTRAS,
    FACTS,
    LABELS,
    MAX_EXTRA_BYTES,
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    MAX_OUTPUT_BYTES,
    MAX_OUTPUTS,
    MAX_PAGES,
    MAX_TREE_BYTES,
    PRESETS,
    REASONS,
    TREE,
    VERDICTS,
    Entry,
    Output,
    Page,
    Result,
    file_name,
    member_name,
)
from contest.previews.placeholder import MOST_BYTES

_MAX_ENTRIES = 20_000
_MAX_PATH = 2000
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Progress:
    """How far a rendering is: pages that have their first picture, of how many that will."""

    done: int
    pages: int


class Collector:
    """The result of one rendering, gathered from the words of the server."""

    def __init__(
        self,
        parent: str,
        presets: Sequence[str],
        *,
        keep: Callable[[Output], None] | None = None,
        told: Callable[[Progress], None] | None = None,
        member: Callable[[int, BinaryIO], None] | None = None,
    ) -> None:
        self._parent = parent
        self._wanted = frozenset(presets)
        self._keep, self._told, self._member = keep, told, member
        self._folder = -1
        self._pages = self._width = self._height = 0
        self._facts: dict[str, int] = {}
        self._page_list: dict[int, Page] = {}
        self._outputs: dict[tuple[int, str], Output] = {}
        self._tree: tuple[Entry, ...] = ()
        self._members: set[int] = set()
        self._member_bytes = 0

    def hear(self, event: dict[str, Any]) -> Result | None:
        """One word of the server; the result with the last. Raises what `keep`, `told` and `member` raise."""
        try:
            result = self._hear(event)
        except (ValueError, KeyError, TypeError, OSError, RecursionError):
            # Said by a child in a stranger's hands, or by a bug of ours. The file gets no previews.
            return Result("failed", "crashed", 0, 0, 0, (), 0.0, 0.0)
        if event["event"] == "output":
            self._hand_over(natural(event["page"]), event["preset"])
        elif event["event"] == "member" and self._member is not None:
            self._member(event["index"], self._open(member_name(event["index"])))
        return result

    def close(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _hear(self, event: dict[str, Any]) -> Result | None:
        match event["event"]:
            case "folder":
                path = os.path.join(self._parent, os.path.basename(event["name"]))
                self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            case "source":
                self._pages, self._width, self._height = (natural(event[name]) for name in ("pages", "width", "height"))
                self._facts = _facts(event.get("facts", {}))
            case "page":
                page = _page(event)
                if page.page in self._page_list:
                    raise ValueError("a page twice")
                self._page_list[page.page] = page
            case "output":
                self._take(event)
            case "tree":
                self._tree = self._read_tree()
            case "member":
                self._check_member(natural(event["index"]))
            case _:
                return self._done(event)
        return None

    def _take(self, event: dict[str, Any]) -> None:
        page, preset = natural(event["page"]), event["preset"]
        if not 1 <= page <= MAX_PAGES or preset not in self._wanted or (page, preset) in self._outputs:
            raise ValueError("an output that nobody asked for")
        if len(self._outputs) == MAX_OUTPUTS:
            raise ValueError("too many outputs")
        self._outputs[page, preset] = (
            self._extra(page, preset, event) if preset in EXTRAS else self._picture(page, preset)
        )

    def _hand_over(self, page: int, preset: str) -> None:
        output = self._outputs[page, preset]
        if self._keep is not None:
            self._keep(output)
            self._outputs[page, preset] = replace(output, data=b"", file=None)
        if self._told is not None and preset in PRESETS:
            done = len({page for page, preset in self._outputs if preset in PRESETS})
            self._told(Progress(done, min(self._pages, MAX_PAGES)))

    def _picture(self, page: int, preset: str) -> Output:
        """Read one picture. The name is ours, links are not followed, the bytes are measured."""
        with self._open(file_name(page, preset)) as file:
            data = file.read(MAX_OUTPUT_BYTES + 1)
        if len(data) > MAX_OUTPUT_BYTES:
            raise ValueError("too large")
        if preset in CARDS:
            if jpeg.measure(data) != CARDS[preset]:
                raise ValueError("not of the size that we asked for")
            return Output(preset, page, *CARDS[preset], len(data), data)
        width, height = webp.measure(data)
        if not (0 < width <= PRESETS[preset] and 0 < height <= PRESETS[preset]):
            raise ValueError("not of the size that we asked for")
        return Output(preset, page, width, height, len(data), data)

    def _extra(self, page: int, preset: str, event: dict[str, Any]) -> Output:
        """Measure one of EXTRAS and keep it open: it lives as long as that, whatever becomes of the folder."""
        file = self._open(file_name(page, preset))
        try:
            size = os.fstat(file.fileno()).st_size
            if not 0 < size <= MAX_EXTRA_BYTES:
                raise ValueError("too large")
            width, height = measure(preset, file, size)
            if (width, height) != (natural(event["width"]), natural(event["height"])):
                raise ValueError("not of the size that was announced")
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Output(preset, page, width, height, size, file=file)

    def _open(self, name: str) -> BinaryIO:
        descriptor = os.open(name, _FLAGS, dir_fd=self._folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ValueError("not a file")
        return open(descriptor, "rb")

    def _read_tree(self) -> tuple[Entry, ...]:
        with self._open(TREE) as file:
            data = file.read(MAX_TREE_BYTES + 1)
        listed = json.loads(data) if len(data) <= MAX_TREE_BYTES else None
        if not isinstance(listed, list) or len(listed) > _MAX_ENTRIES or self._tree:
            raise ValueError("not a list of members")
        entries = []
        for path, size in listed:
            # The database keeps no NUL.
            if not isinstance(path, str) or not 0 < len(path) <= _MAX_PATH or "\0" in path:
                raise ValueError("not a path")
            path.encode()  # a lone surrogate cannot be stored
            entries.append(Entry(path, natural(size, 2**50)))
        return tuple(entries)

    def _check_member(self, index: int) -> None:
        if index >= len(self._tree) or index in self._members or len(self._members) == MAX_MEMBERS:
            raise ValueError("a member that is not in the tree, or one too many")
        self._members.add(index)
        with self._open(member_name(index)) as file:
            self._member_bytes += os.fstat(file.fileno()).st_size
        if self._member_bytes > MAX_MEMBER_BYTES:
            raise ValueError("too much")

    def _done(self, event: dict[str, Any]) -> Result:
        verdict, reason = event["verdict"], event["reason"]
        spent = float(event["cpu_s"]), float(event["peak_mb"])
        if verdict not in VERDICTS or (reason is None) != (verdict == "ready"):
            raise ValueError("a verdict that we do not know")
        if reason is not None and reason not in REASONS:
            raise ValueError("a reason that we do not know")
        shown = verdict in ("ready", "damaged")
        if shown and not self._outputs and not self._members:
            raise ValueError("a preview without a picture")
        # What has nothing to show may still have a prototype to click through.
        kept = {at for at in self._outputs if shown or (verdict == "icon" and at[1] in EXTRAS)}
        outputs = tuple(output for at, output in self._outputs.items() if at in kept)
        for at, output in self._outputs.items():
            if at not in kept and output.file is not None:
                output.file.close()
        pages = tuple(page for _, page in sorted(self._page_list.items())) if shown else ()
        return Result(
            verdict,
            reason,
            self._pages,
            self._width,
            self._height,
            outputs,
            *spent,
            page_list=pages,
            facts=self._facts,
            tree=self._tree,
        )


def natural(value: Any, most: int = 10**9) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("not a count")
    return value


def _facts(told: Any) -> dict[str, int]:
    if not isinstance(told, dict) or not told.keys() <= FACTS.keys():
        raise ValueError("facts that we do not know")
    return {name: natural(value, FACTS[name]) for name, value in told.items()}


def _page(event: dict[str, Any]) -> Page:
    page, label = natural(event["page"]), event["label"]
    if not 1 <= page <= MAX_PAGES or label not in LABELS:
        raise ValueError("a page that we do not know")
    mark = bytes.fromhex(event["placeholder"])
    if len(mark) > MOST_BYTES:
        raise ValueError("a placeholder too long")
    turned, tiles = (tuple(_hash(each) for each in event.get(name, ())) for name in ("turned", "tiles"))
    if len(turned) not in (0, 8) or len(tiles) not in (0, 9):
        raise ValueError("odd hashes")
    sizes = natural(event["width"]), natural(event["height"])
    return Page(page, label, natural(event["number"]), *sizes, mark, turned, tiles)


def _hash(text: Any) -> int:
    if not isinstance(text, str) or len(text) != 16:
        raise ValueError("not a hash")
    return int(text, 16)
