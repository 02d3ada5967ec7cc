"""The command line's look into files: the same renderer, without database, queue or store.

contest preview FILE… --out DIR --json
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from contest.previews import tools
from contest.previews.client import PreviewServer
from contest.previews.kinds import Kind, identify
from contest.previews.outcome import (
    CARDS,
    EXTRAS,
    PRESETS,
    NoRoom,
    Output,
    RendererAway,
    RendererGone,
    Result,
    file_name,
)
from contest.previews.pipeline import EVERYTHING, Order, clip, lacks_film, preview, with_clip

#: Verdict, reason and kind → one sentence in English; empty for what is well.
Sentence = Callable[[str, str | None, str | None], str]

#: Ends as the shell expects of a program that Ctrl-C stopped.
_STOPPED = 130
_LONGEST_NAME = 200
_OURS = re.compile(rf"\d+-({'|'.join((*PRESETS, *CARDS, *EXTRAS))})\.\w+")


@dataclass(frozen=True)
class _Answer:
    """What became of one file: a result, or an error of the host that left it unread."""

    file: str
    kind: Kind | None = None
    result: Result | None = None
    #: (page, preset) → where it was written.
    paths: dict[tuple[int, str], Path] = field(default_factory=dict)
    error: str = ""


def main(
    files: Sequence[str],
    *,
    out: Path | None = None,
    as_json: bool = False,
    named: Sequence[str] = (),
    presets: Sequence[str] = EVERYTHING,
    quick: bool = False,
    sentence: Sentence | None = None,
) -> int:
    """Preview `files`, say what became of each on standard output, and return the exit code.

    Outputs go into one folder for each file below `out`, and nowhere without it. `named` are the programs
    that may be started (see `tools.PROGRAMS`), `presets` those of `pipeline.EVERYTHING` that are wanted,
    and `quick` is for the first picture alone. 0: each file got a verdict. 1: one could not be read.
    2: what was asked for makes no sense. Never asks for settings.
    """
    try:
        if strange := set(presets) - set(EVERYTHING):
            raise ValueError(f"no such preset: {', '.join(sorted(strange))}; there are {', '.join(EVERYTHING)}")
        if not set(presets) & PRESETS.keys():
            raise ValueError(f"name at least one size: {', '.join(PRESETS)}")
        started = tools.find(named)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        _warn(f"contest preview: {_printable(_told(error) if isinstance(error, OSError) else str(error))}")
        return 2
    if missing := sorted(set(named) - set(started.programs if started else ())):
        _warn(f"Not here, or without a bubblewrap that works: {', '.join(missing)}.")
    unread = 0
    try:
        with PreviewServer(allow_unconfined=True) as server:
            if without := sorted(name for name, works in server.layers.items() if not works):
                _warn(f"Warning: files are opened without {', '.join(without)}.")
            folders = _folders(out, files)
            for file, folder in zip(files, folders, strict=True):
                answer = _answer(server, file, folder, Order("", presets, quick, tools=started))
                unread += answer.result is None
                sys.stdout.write((_line(answer) if as_json else _words(answer, sentence)) + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        _warn("Stopped.")
        return _STOPPED
    except RendererGone as error:
        _warn(f"The renderer does not start or answer: {_printable(str(error))}")
        return 1
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # else the reader has seen enough
            _warn(f"contest preview: {_printable(_told(error))}")
        # Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 1 if unread else 0


def _answer(server: PreviewServer, file: str, folder: Path | None, order: Order) -> _Answer:
    try:
        with _opened(file) as opened:
            size = os.fstat(opened.fileno()).st_size
            kind = identify(opened, size=size)
            if kind is None:
                verdict = ("icon", "kind") if size else ("failed", "unreadable")
                return _Answer(file, None, Result(*verdict, 0, 0, 0, (), 0.0, 0.0))
            with _Shelf(folder) as shelf:
                result = _rendered(server, opened, kind, replace(order, keep=shelf.put))
                shelf.keep_only({(output.page, output.preset) for output in result.outputs})
                return _Answer(file, kind, result, shelf.paths)
    except NoRoom as error:
        return _Answer(file, error=str(error))
    except OSError as error:
        return _Answer(file, error=_told(error, file))


def _opened(file: str) -> BinaryIO:
    """Open a regular file. Raises OSError for anything else, without waiting for a pipe's writer."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "not a file, but a folder, pipe or device")
    return open(descriptor, "rb")


def _rendered(server: PreviewServer, file: BinaryIO, kind: Kind, order: Order) -> Result:
    """The result; a file that takes the renderer down twice is to blame. Raises RendererGone where the host is."""
    for _ in range(2):
        address = server.start()
        try:
            own = replace(order, address=address)
            result = preview(file, kind, own)
            if "mp4" in order.presets and not order.quick and lacks_film(kind, result):
                result = with_clip(result, clip(file, kind, own))
            return result
        except (NoRoom, RendererAway):
            raise
        except RendererGone as error:
            _warn(f"The renderer ended: {_printable(str(error))}")
    return Result("failed", "crashed", 0, 0, 0, (), 0.0, 0.0)


class _Shelf:
    """The folder that takes the outputs of one file; what an error leaves half done is taken away."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.paths: dict[tuple[int, str], Path] = {}

    def __enter__(self) -> _Shelf:
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
            for path in self._folder.iterdir():
                if _OURS.fullmatch(path.name):  # of an earlier run
                    path.unlink()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.keep_only(set())

    def put(self, output: Output) -> None:
        if self._folder is not None:
            path = self._folder / file_name(output.page, output.preset)
            self.paths[output.page, output.preset] = path
            with path.open("wb") as written:
                if output.file is None:
                    written.write(output.data)
                else:
                    shutil.copyfileobj(output.file, written)
        if output.file is not None:
            output.file.close()

    def keep_only(self, wanted: set[tuple[int, str]]) -> None:
        """Remove what no result names, and the folder if nothing is left in it."""
        for at in self.paths.keys() - wanted:
            self.paths.pop(at).unlink(missing_ok=True)
        if self._folder is not None and not any(self._folder.iterdir()):
            self._folder.rmdir()


def _folders(out: Path | None, files: Sequence[str]) -> list[Path | None]:
    """A folder below `out` for each file, named after it; those of equal names are numbered."""
    if out is None:
        return [None] * len(files)
    taken: set[str] = set()
    folders: list[Path | None] = []
    for file in files:
        stem = os.fsdecode(os.fsencode(os.path.basename(os.path.abspath(file)))[:_LONGEST_NAME])
        # Not the file's own name: it may lie in the same folder.
        name, number = f"{stem}.previews", 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}.previews", number + 1
        taken.add(name.casefold())
        folders.append(out / name)
    return folders


def _line(answer: _Answer) -> str:
    """The answer as one JSON object. A file that could not be read has no verdict, but an `error`."""
    told: dict[str, Any] = {"file": answer.file, "kind": answer.kind and answer.kind.value}
    result = answer.result or Result("", None, 0, 0, 0, (), 0.0, 0.0)
    told |= {"verdict": result.verdict or None, "reason": result.reason}
    told |= {"pages": result.pages, "width": result.width, "height": result.height}
    told["outputs"] = [
        {
            "preset": output.preset,
            "page": output.page,
            "path": str(path) if (path := answer.paths.get((output.page, output.preset))) else None,
            "width": output.width,
            "height": output.height,
            "bytes": output.size,
        }
        for output in result.outputs
    ]
    told |= {"cpu_s": round(result.cpu_s, 3), "peak_mb": round(result.peak_mb, 1)}
    told["page_list"] = [
        {"page": page.page, "label": page.label, "number": page.number, "width": page.width, "height": page.height}
        for page in result.page_list
    ]
    told["facts"] = dict(result.facts)
    told["tree"] = [{"path": entry.path, "bytes": entry.size, "page": entry.page} for entry in result.tree]
    if answer.error:
        told["error"] = answer.error
    return json.dumps(told)


def _words(answer: _Answer, sentence: Sentence | None) -> str:
    """The answer for a person: a line of facts, and one of what it means if all is not well."""
    name = _printable(answer.file)
    result = answer.result
    if result is None:
        return f"{name}: no verdict: {_printable(answer.error)}"
    facts = [answer.kind.value if answer.kind else "unknown kind"]
    if result.pages > 1:
        facts.append(f"{result.pages} pages")
    if result.width:
        facts.append(f"{result.width} × {result.height}")
    if result.tree:
        facts.append(_count(len(result.tree), "member"))
    facts.append(_count(len(result.outputs), "preview"))
    facts.append(f"{result.cpu_s:.2f} s, {result.peak_mb:.0f} MB")
    verdict = f"{result.verdict} ({result.reason})" if result.reason else result.verdict
    meaning = sentence(result.verdict, result.reason, answer.kind) if sentence and result.reason else ""
    return f"{name}: {verdict}: {', '.join(facts)}" + (f"\n    {meaning}" if meaning else "")


def _count(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _told(error: OSError, file: str | None = None) -> str:
    """What the host said, with the path that it is about unless that is `file`."""
    said = error.strerror or str(error)
    return said if error.filename in (None, file) else f"{said}: {os.fspath(error.filename)}"


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
