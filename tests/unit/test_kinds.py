"""What a file is by its content, and which archives are safe."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.previews import archives
from contest.previews.kinds import (
    EXTENSIONS,
    HEAD_BYTES,
    MEDIA_TYPES,
    PREVIEWABLE,
    ZIP_REASONS,
    Kind,
    check_zip,
    sniff,
)

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
ILLUSTRATOR = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<!-- Generator: Adobe -->\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [\n'
    '  <!-- it\'s > here -->\n  <!ENTITY ns_svg "http://www.w3.org/2000/svg">\n  <!ENTITY gt ">">\n]>\n'
    '<svg xmlns="&ns_svg;"></svg>'
)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(20), Kind.PNG),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", Kind.JPEG),
        (b"GIF89a" + bytes(20), Kind.GIF),
        (b"GIF87a" + bytes(20), Kind.GIF),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", Kind.WEBP),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"PK\x03\x04" + bytes(30), Kind.ZIP),
        (b"PK\x05\x06" + bytes(18), Kind.ZIP),
        (b"%PDF-1.7\n", Kind.PDF),
        (bytes(1000) + b"%PDF-1.7\n", Kind.PDF),
        (bytes(1024) + b"%PDF-1.7\n", None),
        (SVG.encode(), Kind.SVG),
        (b"\xef\xbb\xbf \n" + SVG.encode(), Kind.SVG),
        (SVG.encode("utf-16"), Kind.SVG),
        (SVG.encode("utf-16-le"), Kind.SVG),
        (SVG.encode("utf-16-be"), Kind.SVG),
        (b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>", Kind.SVG),
        (ILLUSTRATOR.encode(), Kind.SVG),
        (b"<!--" + b" " * 5000 + b"-->" + SVG.encode(), Kind.SVG),
        (gzip.compress(SVG.encode()), Kind.SVGZ),
        (gzip.compress(SVG.encode() + b"<!--" + bytes(range(256)) * 100)[:200], Kind.SVGZ),
        (gzip.compress(b"a tarball, perhaps"), None),
        (b"\x1f\x8b and then nothing of gzip", None),
        # Not an svg, although the letters stand in it.
        (b"<html><body>" + SVG.encode(), None),
        (b"<svgs/>", None),
        (b"<SVG/>", None),
        (b"<!-- <svg> -->", None),
        (b"<!-- <svg>", None),
        (b"<!DOCTYPE svg [ <!ENTITY a '", None),
        (b"<?xml version='1.0'?>", None),
        (b"text that says <svg>", None),
        (b"", None),
        (b"\x00", None),
        # Polyglots: what stands at the very start wins.
        (b"\x89PNG\r\n\x1a\n" + b"tEXt %PDF-1.7" + SVG.encode(), Kind.PNG),
        (SVG.encode() + b"%PDF-1.7", Kind.SVG),
        (b"GIF89a/*%PDF-1.4*/", Kind.GIF),
    ],
)
def test_a_kind_is_told_by_the_first_bytes(head: bytes, kind: Kind | None) -> None:
    assert sniff(head, size=len(head)) == kind


def test_what_stands_behind_the_end_of_the_file_does_not_count() -> None:
    assert sniff(b"%PDF-1.7", size=4) is None


def test_each_kind_has_a_media_type_and_extensions() -> None:
    assert set(MEDIA_TYPES) == set(EXTENSIONS) == set(Kind)
    assert set(Kind) - PREVIEWABLE == {Kind.ZIP}
    assert all(names and name == name.lower() for names in EXTENSIONS.values() for name in names)


@given(st.binary(max_size=300), st.sampled_from([b"", b"<", b"<?", b"<!--", b"<!DOCTYPE", b"\x1f\x8b\x08", b"<\x00"]))
def test_sniffing_takes_any_bytes(data: bytes, start: bytes) -> None:
    assert sniff(start + data, size=len(start + data)) in {None, *Kind}


# Archives.


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


def corpus_archives() -> list[tuple[Path, str]]:
    manifest = CORPUS / "manifest.tsv"
    rows = [line.split("\t") for line in manifest.read_text().splitlines()[1:]] if manifest.exists() else []
    return [(CORPUS / row[0], row[4]) for row in rows]


def of_the_corpus(keep: Callable[[Kind | None], bool]) -> list[tuple[Path, str]]:
    return [
        (path, expected)
        for path, expected in corpus_archives()
        if keep(sniff(path.read_bytes()[:HEAD_BYTES], size=path.stat().st_size))
    ]


def test_real_archives_pass_and_the_slip_does_not(tmp_path: Path) -> None:
    own = tmp_path / "own.zip"
    own.write_bytes(archive(("a", b"data")))
    answers = {}
    for path, expected in [(own, "preview"), *of_the_corpus(lambda kind: kind is Kind.ZIP)]:
        with path.open("rb") as file:
            answers[path.name] = (check_zip(file), expected)
    assert {name for name, (reason, expected) in answers.items() if reason and expected != "reject"} == set()
    assert {reason for reason, expected in answers.values() if expected == "reject"} <= {"zip_unsafe"}


def test_real_files_are_what_their_folder_says() -> None:
    known = {kind.value for kind in Kind}
    wrong = [
        path
        for path, _ in corpus_archives()
        if path.parent.name in known
        and sniff(path.read_bytes()[:HEAD_BYTES], size=path.stat().st_size)
        not in {Kind(path.parent.name), Kind.SVGZ if path.suffix == ".svgz" else None}
    ]
    assert wrong == []
