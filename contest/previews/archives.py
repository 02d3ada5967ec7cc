"""Whether a ZIP archive is safe to hand on: to a judge's desktop as well as to our own code.

Nothing is ever unpacked to disk here. Names and sizes come from the central directory; each member is
then inflated as a stream and its bytes counted, because a directory can lie.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import mmap
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from typing import BinaryIO

# Names in an archive may be in these, and a confined process can load no codec any more.
codecs.lookup("cp437")
codecs.lookup("cp932")

#: Every answer of `check_zip` but None.
ZIP_REASONS = frozenset({"zip_unsafe", "zip_bomb", "zip_nested", "zip_encrypted", "zip_broken"})

MAX_MEMBERS = 2000
MAX_TOTAL = 2 * 1024**3
MAX_RATIO = 100
#: Blank pixels and white space compress far beyond 1:100. Below these sizes that is harmless.
FREE_MEMBER = 1024**2
FREE_TOTAL = 16 * 1024**2
#: The largest single read: a directory of 2000 members with names of a thousand bytes.
_MAX_READ = 2 * 1024**2
_CHUNK = 256 * 1024

#: Documents that are ZIP archives inside. They belong in a design package; a bare archive hides things.
_DOCUMENTS = frozenset(
    {
        *("sketch", "fig", "xd", "penpot", "rp", "procreate", "kra", "ora", "afdesign", "afphoto", "afpub"),
        *("idml", "indt", "epub", "xps", "key", "pages", "numbers", "pptx", "potx", "ppsx", "docx", "dotx", "xlsx"),
        *("vsdx", "odt", "odp", "ods", "odg", "lottie", "3mf", "usdz", "f3d"),
    }
)


class _Unsafe(Exception):
    """Carries the reason out of nested checks."""


class _Nowhere(OSError):
    """A seek before the start or far behind the end: damage, where any other OSError is the disk's or the net's."""


class _Careful(io.RawIOBase):
    """The archive, with a cap on a single read: `zipfile` reads the whole directory in one, of whatever size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(_MAX_READ + 1 if size < 0 else min(size, _MAX_READ + 1))
        if len(data) > _MAX_READ:
            raise _Unsafe("zip_bomb")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._size}[whence]
        if not 0 <= start + offset <= self._size:
            raise _Nowhere(f"seek to {start + offset} of {self._size}")
        return self._file.seek(start + offset)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class View(io.RawIOBase):
    """Bytes, or a mapping of a file, as a file that `zipfile` reads: `mmap` itself is not quite one."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data, self._at = data, 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        found = self._data[self._at : end]
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True


#: What macOS and Windows put into an archive beside what a person chose.
_EXTRAS = frozenset({".ds_store", "thumbs.db", "desktop.ini", "__macosx"})


def is_extra(name: str) -> bool:
    """Whether a member is nobody's work: what a system adds, and hidden files and folders."""
    parts = [part for part in name.split("/") if part != "."]
    return any(part.startswith(".") or part.lower() in _EXTRAS for part in parts)


def shown_name(member: zipfile.ZipInfo) -> str:
    """The name of a member of a safe archive as the one who packed it saw it, composed (NFC)."""
    name = next(iter(_unicode_names(member.extra)), member.filename)
    if name is member.filename and not member.flag_bits & 0x800 and not name.isascii():
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("cp932")
    return unicodedata.normalize("NFC", name)


def member_names(fileobj: BinaryIO) -> list[str] | None:
    """The names in an archive's directory, at most MAX_MEMBERS of them; None if it cannot be read."""
    try:
        with zipfile.ZipFile(_Careful(fileobj)) as archive:
            return archive.namelist()[:MAX_MEMBERS]
    except (_Unsafe, zipfile.BadZipFile, _Nowhere, zlib.error, struct.error, EOFError, RuntimeError, ValueError):
        return None


def check_zip(fileobj: BinaryIO) -> str | None:
    """A code of `ZIP_REASONS` if the archive in the seekable `fileobj` is unsafe, or None if it is fine.

    `zip_unsafe`: a name leads outside or means two files, or a member is a link or a device.
    `zip_bomb`: too many members, too many bytes, or too much from too little.
    `zip_nested`, `zip_encrypted`, `zip_broken` say what they mean; the last also names compressions
    that only some programs can open. Reads the archive once, in constant memory. An OSError of
    `fileobj` itself passes through: it says nothing about the archive.
    """
    try:
        with zipfile.ZipFile(_Careful(fileobj)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_TOTAL:
                return "zip_bomb"
            _check_names(members)
            _check_overlap(members)
            _check_contents(archive, members)
    except _Unsafe as unsafe:
        return str(unsafe)
    except (zipfile.BadZipFile, _Nowhere, zlib.error, struct.error, EOFError, RuntimeError, ValueError):
        # `zipfile` has no common base for what damage makes it raise.
        return "zip_broken"
    return None


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for member in members:
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _Unsafe("zip_unsafe")
        # One file on macOS and Windows, two in the directory: the second silently replaces the first.
        folded = {_fold(name) for name in _names(member)}
        if folded & seen:
            raise _Unsafe("zip_unsafe")
        seen |= folded


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).rstrip("/")


def _names(member: zipfile.ZipInfo) -> set[str]:
    """Each name that a program may read for this member; raises if one of them leads outside."""
    # `filename` ends at a NUL; `orig_filename` does not.
    name = member.orig_filename
    names = {name, *_unicode_names(member.extra)}
    if not member.flag_bits & 0x800 and not name.isascii():
        # Japanese Windows writes names in its own encoding and does not say so. The second byte of
        # some of its letters is that of a backslash: such a one is no separator.
        with contextlib.suppress(UnicodeError):
            names.add(name.encode("cp437").decode("cp932"))
            names.discard(name)
            if ".." in re.split(r"[/\\]", name):
                raise _Unsafe("zip_unsafe")
    if any(_leads_outside(each) for each in names):
        raise _Unsafe("zip_unsafe")
    return names


def _leads_outside(name: str) -> bool:
    return (
        name.startswith("/")
        or not name.strip("/")
        or "\\" in name
        or ".." in name.split("/")
        or any(ord(letter) < 32 or ord(letter) == 127 for letter in name)
        or re.match("[A-Za-z]:", name) is not None
    )


def _unicode_names(extra: bytes) -> set[str]:
    """Names in Info-ZIP's Unicode path field (0x7075), which some programs use instead of the first name."""
    names: set[str] = set()
    while len(extra) >= 4:
        tag, length = struct.unpack_from("<HH", extra)
        body = extra[4 : 4 + length]
        if tag == 0x7075 and len(body) > 5:
            try:
                names.add(body[5:].decode("utf-8"))
            except UnicodeDecodeError:
                raise _Unsafe("zip_broken") from None
        extra = extra[4 + length :]
    return names


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes: the trick behind bombs of one block used a thousand times."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise _Unsafe("zip_bomb")
        end = member.header_offset + 30 + member.compress_size


def _check_contents(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Inflate every member and count: encryption, nested archives, ratios and checksums."""
    packed = inflated = 0
    for member in members:
        if member.flag_bits & 0x41:  # encrypted; strongly encrypted
            raise _Unsafe("zip_encrypted")
        if member.is_dir():
            continue
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # LZMA may ask for gigabytes of dictionary, and Windows cannot open it.
            raise _Unsafe("zip_broken")
        extension = member.filename.rpartition(".")[2].lower()
        if extension == "zip":
            raise _Unsafe("zip_nested")
        packed += member.compress_size
        own = 0
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                if own == 0 and extension not in _DOCUMENTS and chunk.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                    raise _Unsafe("zip_nested")
                own += len(chunk)
                inflated += len(chunk)
                if (
                    inflated > MAX_TOTAL
                    or (own > FREE_MEMBER and own > MAX_RATIO * member.compress_size)
                    or (inflated > FREE_TOTAL and inflated > MAX_RATIO * packed)
                ):
                    raise _Unsafe("zip_bomb")
