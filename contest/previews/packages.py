"""Files with files inside: archives, prototypes, and what design programs save.

Nothing inside is drawn here. Members are written out as they are, and each is then rendered by a child of
its own (see `pipeline`). The packages of design programs hold a picture of themselves; that is all we show.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from contest.previews import links, pack
from contest.previews.archives import View, check_zip, is_extra, shown_name
from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import (
    ARCHIVES,
    EXTENSIONS,
    FONTS,
    HEAD_BYTES,
    MODELS,
    PICTURES,
    PREVIEWABLE,
    VIDEOS,
    Kind,
    site_root,
    sniff,
)
from contest.previews.outcome import MAX_EXTRA_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS

#: The largest member that is handed out: what the child may write into one file.
_MAX_MEMBER = 190_000_000
_CHUNK = 1024 * 1024
#: Characters of all paths in a tree together: each may take twelve bytes in its file, of 4 million.
_TREE_ROOM = 300_000
_LONGEST_PATH = 1000
#: What is read of a prototype's pages for their links, all of them together: they are in memory at once.
_LINKS_ROOM = 50_000_000
#: How many members a hurried caller gets, who wants the first picture only.
_QUICK_MEMBERS = 3

#: Where each program keeps the picture of its document, the best first. Matched without regard to case.
_INSIDE: dict[Kind, tuple[str, ...]] = {
    Kind.SKETCH: (r"previews/preview\.(png|jpe?g)",),
    Kind.FIG: (r"thumbnail\.(png|jpe?g)",),
    Kind.XD: (r"preview\.(png|jpe?g)|thumbnail\.(png|jpe?g)|.*renditions?/.*\.(png|jpe?g)",),
    Kind.PPTX: (r"docprops/thumbnail\.(jpe?g|png)",),
    Kind.KEYNOTE: (
        r"preview\.(jpe?g|png)",
        r"quicklook/thumbnail\.(jpe?g|png)",
        r"preview-web\.(jpe?g|png)",
        r"preview-micro\.(jpe?g|png)",
    ),
}
_STILL = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.TIFF})

_BY_EXTENSION = {extension: kind for kind, extensions in EXTENSIONS.items() for extension in extensions}
#: Kinds that are worth a page of an archive, by how much they look like a picture. Anything else comes last.
_RANKS: tuple[tuple[frozenset[Kind], int], ...] = (
    (PICTURES, 0),
    (frozenset({Kind.PDF, Kind.AI, Kind.EPS, Kind.PSD, Kind.PSB}), 1),
    (ARCHIVES, 1),
    (VIDEOS | {Kind.LOTTIE}, 2),
    (MODELS, 3),
    (FONTS, 4),
)
_LAST = 5


@dataclass(frozen=True)
class Member:
    """A file in an archive: its number in the tree, its name as shown, and where it lies."""

    index: int
    path: str
    info: zipfile.ZipInfo


@contextmanager
def opened(data: Any) -> Iterator[zipfile.ZipFile]:
    """The archive in `data` (bytes or a mapping), once `check_zip` finds nothing against it.

    Raises GiveUp with its reason, also for damage that shows up later.
    """
    if (reason := check_zip(View(data))) is not None:  # type: ignore[arg-type]
        raise GiveUp("refused", reason)
    try:
        with zipfile.ZipFile(View(data)) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise GiveUp("refused", "zip_broken") from error


def draw_package(kind: Kind) -> Renderer:
    """A renderer of a design program's package: hands out the picture that the program put into it."""

    def draw(data: Any, canvas: Canvas) -> None:
        if kind is Kind.FIG and data[:4] != b"PK\x03\x04":
            raise GiveUp("icon", "nothing_inside")
        with opened(data) as archive:
            members = note_tree(archive, canvas)
            for pattern in _INSIDE[kind]:
                matching = [member for member in members if re.fullmatch(pattern, member.path.lower())]
                for member in sorted(matching, key=lambda member: -member.info.file_size):
                    if _kind_of(archive, member) in _STILL and _hand_out(archive, member, canvas, MAX_MEMBER_BYTES):
                        return
        raise GiveUp("icon", "nothing_inside")

    return draw


def draw_archive(data: Any, canvas: Canvas) -> None:
    """The tree of an archive; hands out the members that are most worth a picture."""
    with opened(data) as archive:
        _hand_out_best(archive, note_tree(archive, canvas), canvas)


def draw_prototype(data: Any, canvas: Canvas) -> None:
    """The tree of a prototype, and its members below the index.html as a `site`. Its pictures are a browser's work.

    One that is too large to be served is shown like any other archive.
    """
    with opened(data) as archive:
        members = note_tree(archive, canvas)
        root = site_root(member.path for member in members)
        if root is None:  # its kind was told by names in another encoding
            _hand_out_best(archive, members, canvas)
            return
        below = [member for member in members if member.path.startswith(root)]
        if sum(member.info.file_size for member in below) > MAX_EXTRA_BYTES - pack.MAX_INDEX:
            _hand_out_best(archive, members, canvas)
            return
        if canvas.wants("site"):
            served = list(_served(archive, [(member.path[len(root) :], member.info) for member in below]))
            with canvas.extra("site").open("wb") as out:
                pack.write(out, {}, served)
            canvas.made_extra("site", width=0, height=0)
    raise GiveUp("icon", "no_tool")


def _served(
    archive: zipfile.ZipFile, members: Sequence[tuple[str, zipfile.ZipInfo]]
) -> Iterator[tuple[str, BinaryIO, int]]:
    """Members as they are served: what the entrant packed, but for links that would lead nowhere."""
    names, room = {path for path, _ in members}, _LINKS_ROOM
    for path, info in members:
        if path.lower().endswith(links.READ) and info.file_size <= min(room, links.MOST_READ):
            room -= info.file_size
            body = links.relative(archive.read(info), path, names)
            yield path, io.BytesIO(body), len(body)
        else:
            yield path, _Stream(archive, info), info.file_size  # type: ignore[misc]


class _Stream:
    """A member that is opened when it is first read, and closed at its end: an open one holds 40 kB."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._open: Callable[[], IO[bytes]] = lambda: archive.open(info)
        self._stream: IO[bytes] | None = None
        self._left = info.file_size

    def read(self, size: int) -> bytes:
        if self._stream is None:
            self._stream = self._open()
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left <= 0 or not data:
            self._stream.close()
        return data


def note_tree(archive: zipfile.ZipFile, canvas: Canvas) -> list[Member]:
    """Note the files of an archive as its tree, but for what systems add, and return them."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    named = [(shown_name(info), info) for info in infos]
    members = [
        Member(index, path, info)
        for index, (path, info) in enumerate((path, info) for path, info in named if not is_extra(path))
    ]
    longest = min(_LONGEST_PATH, _TREE_ROOM // max(1, len(members)))
    canvas.tree((_short(member.path, longest), member.info.file_size) for member in members)
    canvas.source(pages=0, width=0, height=0, members=len(members))
    return members


def _short(path: str, longest: int) -> str:
    """A path with its end, which tells most, if it is too long to keep."""
    return path if len(path) <= longest else "…" + path[1 - longest :]


def _hand_out_best(archive: zipfile.ZipFile, members: Sequence[Member], canvas: Canvas) -> None:
    most, room = _QUICK_MEMBERS if canvas.quick else MAX_MEMBERS, MAX_MEMBER_BYTES
    for member in sorted(members, key=_worth):
        if canvas.members == most:
            break
        kind = _kind_of(archive, member)
        if kind is Kind.ZIP:  # a document that is an archive inside; its own name says which
            kind = _BY_EXTENSION.get(_extension(member.path), Kind.ZIP)
        if kind in PREVIEWABLE and kind not in (Kind.ZIP, Kind.PROTOTYPE):
            room -= _hand_out(archive, member, canvas, room)
    if not canvas.members:
        raise GiveUp("icon", "nothing_inside")


def _worth(member: Member) -> tuple[int, int, list[tuple[int, str]]]:
    """Sorts shallow and picture-like members first, and names as people count: 2 before 10."""
    kind = _BY_EXTENSION.get(_extension(member.path))
    rank = next((rank for kinds, rank in _RANKS if kind in kinds), _LAST)
    depth = member.path.count("/")
    parts = re.split(r"(\d{1,9})", member.path.casefold())
    return depth + rank, depth, [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _extension(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()


def _kind_of(archive: zipfile.ZipFile, member: Member) -> Kind | None:
    with archive.open(member.info) as stream:
        return sniff(stream.read(HEAD_BYTES), size=member.info.file_size)


def _hand_out(archive: zipfile.ZipFile, member: Member, canvas: Canvas, room: int) -> int:
    """Write a member out for a rendering of its own; its bytes, or 0 if there is no room for it."""
    size = member.info.file_size
    if not 0 < size <= min(_MAX_MEMBER, room):
        return 0
    path = canvas.scratch(str(member.index))
    with archive.open(member.info) as stream, path.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            out.write(chunk)
    canvas.member(path, member.index)
    return size


RENDERERS: dict[Kind, Renderer] = {
    **{kind: draw_package(kind) for kind in _INSIDE},
    Kind.ZIP: draw_archive,
    Kind.PROTOTYPE: draw_prototype,
}
