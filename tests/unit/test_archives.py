"""Which archives are safe to hand on, and the names in them."""

from __future__ import annotations

import csv
import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.previews import archives
from contest.previews.archives import ZIP_REASONS, check_zip, is_extra, shown_name

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def archive(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members:
            file.writestr(name, data, compress_type=method)
    return buffer.getvalue()


def check(data: bytes) -> str | None:
    return check_zip(io.BytesIO(data))


def named(name: bytes) -> bytes:
    """An archive with one file of exactly this name, no flag of its encoding set."""
    placeholder = b"x" * len(name)
    return archive((placeholder.decode(), b"data")).replace(placeholder, name)


def in_directory(data: bytes, offset: int, value: bytes) -> bytes:
    """`data` with a field of its first directory entry overwritten."""
    start = data.index(b"PK\x01\x02") + offset
    return data[:start] + value + data[start + len(value) :]


def with_mode(mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("link")
    member.external_attr = mode << 16
    return member


def unicode_path(name: str) -> zipfile.ZipInfo:
    """A member with a harmless name, and another in the field that Info-ZIP prefers."""
    member = zipfile.ZipInfo("harmless.txt")
    body = struct.pack("<BI", 1, 0) + name.encode()
    member.extra = struct.pack("<HH", 0x7075, len(body)) + body
    return member


def overlapping() -> bytes:
    """Two directory entries for one and the same data, as in bombs that do not nest."""
    data = archive(("a", bytes(range(256)) * 40))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), start, 0)
    return data[:start] + entry + entry.replace(b"a", b"b", 1) + tail


@pytest.mark.parametrize(
    "data",
    [
        archive(("design.png", b"\x89PNG"), ("fonts/", b""), ("fonts/a.ttf", b"font")),
        archive(),
        archive(("作品/表紙.png", b"data"), ("..hidden..", b"data"), ("a..b/c", b"data")),
        archive(("stored.bin", bytes(5000)), method=zipfile.ZIP_STORED),
        archive(("small-and-blank.bmp", bytes(900_000))),
        archive(("deck.pptx", archive(("ppt/slide.xml", b"x"))), ("screens.sketch", archive(("document.json", b"x")))),
        archive((with_mode(stat.S_IFREG | 0o644), b"data")),
        archive((unicode_path("無害.txt"), b"data")),
        # From Japanese Windows: the second byte of this letter is that of a backslash.
        named("表紙.png".encode("cp932")),
        named("ソ/資料.png".encode("cp932")),
        b"MZ a self-extracting stub" + archive(("a.txt", b"data")),
    ],
)
def test_a_decent_archive_passes(data: bytes) -> None:
    assert check(data) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive(("../evil.sh", b"x")), "zip_unsafe"),
        (archive(("a/../../evil.sh", b"x")), "zip_unsafe"),
        (archive(("a/..", b"x")), "zip_unsafe"),
        (archive(("/etc/cron.d/evil", b"x")), "zip_unsafe"),
        (named(b"..\\evil.sh"), "zip_unsafe"),
        (named(b"a\\b.txt"), "zip_unsafe"),
        (named(b"\x83\\..\\..\\e"), "zip_unsafe"),
        (archive(("C:evil.txt", b"x")), "zip_unsafe"),
        (archive(("c:/evil.txt", b"x")), "zip_unsafe"),
        (named(b"good.txt\x00.exe"), "zip_unsafe"),
        (named(b"new\nline"), "zip_unsafe"),
        (archive(("/", b"")), "zip_unsafe"),
        (archive((unicode_path("../evil.sh"), b"x")), "zip_unsafe"),
        (archive((with_mode(stat.S_IFLNK | 0o777), b"/etc/passwd")), "zip_unsafe"),
        (archive((with_mode(stat.S_IFIFO | 0o666), b"")), "zip_unsafe"),
        (archive(("Logo.png", b"1"), ("logo.PNG", b"2")), "zip_unsafe"),
        (archive(("caf\u00e9", b"1"), ("cafe\u0301", b"2")), "zip_unsafe"),
        (archive(("straße", b"1"), ("STRASSE", b"2")), "zip_unsafe"),
        (archive(("a", b"1"), ("a/", b"")), "zip_unsafe"),
        (archive(*((f"{n}", b"") for n in range(archives.MAX_MEMBERS + 1))), "zip_bomb"),
        (archive(("zeros", bytes(5_000_000))), "zip_bomb"),
        # Each member may be blank, but not all of them together.
        (archive(*((f"{n}.bmp", bytes(1_000_000)) for n in range(20))), "zip_bomb"),
        (in_directory(archive(("a", b"data")), 24, struct.pack("<I", 2**31 + 1)), "zip_bomb"),
        (overlapping(), "zip_bomb"),
        (archive(("more.zip", b"not even one")), "zip_nested"),
        (archive(("More.ZIP", b"x")), "zip_nested"),
        (archive(("hidden.dat", archive(("a", b"x")))), "zip_nested"),
        (archive(("empty.dat", archive())), "zip_nested"),
        (in_directory(archive(("a", b"data")), 8, b"\x01\x00"), "zip_encrypted"),
        (in_directory(archive(("a", b"data")), 8, b"\x41\x00"), "zip_encrypted"),
        (archive(("a", b"data" * 100), method=zipfile.ZIP_LZMA), "zip_broken"),
        (archive(("a", b"data"))[:-30], "zip_broken"),
        (archive(("a", b"sum of it"), method=zipfile.ZIP_STORED).replace(b"sum of it", b"some more"), "zip_broken"),
        # It says that it inflates to less than it does: whoever believes that is surprised later.
        (in_directory(archive(("a", b"data" * 100)), 24, struct.pack("<I", 10)), "zip_broken"),
        (in_directory(archive(("a", b"data")), 42, struct.pack("<I", 2**32 - 2)), "zip_broken"),
        (b"PK\x03\x04 and nothing else", "zip_broken"),
        (b"", "zip_broken"),
    ],
)
def test_a_dangerous_archive_is_named(data: bytes, reason: str) -> None:
    assert check(data) == reason
    assert reason in ZIP_REASONS


def test_a_directory_of_any_length_is_not_read_into_memory() -> None:
    length = 40_000_000
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 3, 3, length, 0, 0)

    class Endless(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            Endless.largest = max(Endless.largest, len(data))
            return data

    assert check_zip(Endless(bytes(length) + tail)) == "zip_bomb"
    assert Endless.largest < 3_000_000


def test_a_fault_of_the_disk_says_nothing_about_the_archive() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output error"):
        check_zip(Failing(archive(("a", b"data"))))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8), st.integers(0, 400))
def test_a_damaged_archive_raises_nothing(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(archive(("a/b.txt", b"text" * 50), (unicode_path("c"), b"x"), ("d", b"y")))
    for position, value in changes:
        data[position % len(data)] = value
    assert check(bytes(data[: len(data) - cut % 30])) in {None, *ZIP_REASONS}


def test_real_archives_pass_and_the_slip_does_not(tmp_path: Path) -> None:
    own = tmp_path / "own.zip"
    own.write_bytes(archive(("a", b"data")))
    manifest = CORPUS / "manifest.tsv"
    rows = list(csv.DictReader(manifest.read_text().splitlines(), delimiter="\t")) if manifest.exists() else []
    tried = [(own, "preview"), *((CORPUS / row["file"], row["expected"]) for row in rows)]
    answers = {}
    for path, expected in tried:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                answers[path.name] = (check_zip(file), expected)
    assert {name for name, (reason, expected) in answers.items() if reason and expected != "reject"} == set()
    assert {reason for reason, expected in answers.values() if expected == "reject"} <= {"zip_unsafe"}


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("board.png", False),
        ("a/b.png", False),
        ("./a.png", False),
        ("DS_Store.png", False),
        (".DS_Store", True),
        ("a/.DS_Store", True),
        ("__MACOSX/a/._b.png", True),
        ("a/Thumbs.db", True),
        ("Desktop.ini", True),
        (".git/HEAD", True),
        ("a/.thumbnails/b.png", True),
    ],
)
def test_what_a_system_adds_is_told_from_what_a_person_packed(name: str, extra: bool) -> None:
    assert is_extra(name) is extra


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (archive(("作品/表紙.png", b"x")), "作品/表紙.png"),
        (archive(("cafe\u0301.png", b"x")), "caf\u00e9.png"),
        # Neither says which encoding it is in.
        (named("ソ/資料.png".encode("cp932")), "ソ/資料.png"),
        (named("é.png".encode("cp437")), "é.png"),
        (archive((unicode_path("無害.txt"), b"x")), "無害.txt"),
    ],
)
def test_a_name_is_shown_as_the_packer_saw_it(data: bytes, shown: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert [shown_name(member) for member in file.infolist()] == [shown]


def test_a_view_of_bytes_reads_like_a_file() -> None:
    data = archive(("a.txt", b"some text"), ("b.txt", b"more"))
    view, file = archives.View(data), io.BytesIO(data)
    for offset, whence in ((0, 0), (5, 0), (3, 1), (-4, 2), (0, 2), (10, 2)):
        assert view.seek(offset, whence) == file.seek(offset, whence)
        assert view.tell() == file.tell()
        assert view.read(4) == file.read(4)
    assert view.seek(2) == 2
    assert view.read() == data[2:]
    with zipfile.ZipFile(archives.View(data)) as opened:  # type: ignore[arg-type]
        assert opened.read("b.txt") == b"more"
