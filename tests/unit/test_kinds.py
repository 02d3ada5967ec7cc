"""What a file is, by its content."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contest.previews.kinds import (
    EXTENSIONS,
    FONTS,
    MEDIA_TYPES,
    MODELS,
    PREVIEWABLE,
    VIDEOS,
    Kind,
    called,
    identify,
    sniff,
    takes,
)
from tests.samples import gathered
from tests.samples.packages import zipped

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
    assert set(Kind) - PREVIEWABLE == {Kind.INDD, Kind.ICO, Kind.JPEG2000}
    assert all(names and name == name.lower() for names in EXTENSIONS.values() for name in names)


@given(st.binary(max_size=300), st.sampled_from([b"", b"<", b"<?", b"<!--", b"<!DOCTYPE", b"\x1f\x8b\x08", b"<\x00"]))
def test_sniffing_takes_any_bytes(data: bytes, start: bytes) -> None:
    assert sniff(start + data, size=len(start + data)) in {None, *Kind}


@pytest.mark.parametrize(
    "head",
    [
        b"#" + b"\n" * 60_000 + b"x",
        b"o " + b" " * 60_000,
        b"{" + b'"asset":{' * 7_000,
        b"{" + b'"asset":{"version":' * 3_000,
    ],
    ids=["blank lines", "spaces", "assets", "versions"],
)
def test_text_made_to_be_read_for_ever_is_told_at_once(head: bytes) -> None:
    # In a process of its own with a limit: a pattern that has gone astray is not to be stopped otherwise.
    read = "import sys; from contest.previews.kinds import sniff; head = sys.stdin.buffer.read(); "
    limit = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1)); "
    code = read + limit + "sniff(head, size=len(head))"
    # Its start takes some of that second.
    assert subprocess.run([sys.executable, "-c", code], input=head, check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"# made by hand\n\nmtllib a.mtl\no box\n\nv 1.0 2 3\n", Kind.OBJ),
        (b"g a\r\nv -1 0 0\r\n", Kind.OBJ),
        (b"# v 1 2 3\nvn 1 2 3\n", None),
        (b"v of one\n", None),
        (b'{"asset": {"generator": "x", "version": "2.0"}}', Kind.GLTF),
        (b'{"asset": {"generator": "x"}, "version": "2.0"}', None),
    ],
)
def test_models_in_text_are_told_by_how_they_begin(text: bytes, kind: Kind | None) -> None:
    assert sniff(text, size=len(text)) is kind


# Whole files.


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["document.json", "meta.json", "user.json"], Kind.SKETCH),
        (["canvas.fig", "meta.json"], Kind.FIG),
        (["mimetype", "manifest", "artwork/a/graphics/graphicContent.agc"], Kind.XD),
        (["mimetype", "content.xml"], Kind.ZIP),
        (["[Content_Types].xml", "ppt/presentation.xml"], Kind.PPTX),
        (["[Content_Types].xml", "word/document.xml"], Kind.ZIP),
        (["[Content_Types].xml", "3D/3dmodel.model"], Kind.THREEMF),
        (["Index/Document.iwa", "Index/Slide-12.iwa"], Kind.KEYNOTE),
        (["index.apxl.gz", "QuickLook/Thumbnail.jpg"], Kind.KEYNOTE),
        (["Index/Document.iwa", "Index/Tables/1.iwa"], Kind.ZIP),
        (["manifest.json", "animations/one.json"], Kind.DOTLOTTIE),
        (["manifest.json", "a/one.json"], Kind.DOTLOTTIE),
        (["manifest.json", "one.json"], Kind.ZIP),
        (["index.html", "about/index.html"], Kind.PROTOTYPE),
        (["site/index.html", "site/a.css", "__MACOSX/site/._a.css", ".DS_Store"], Kind.PROTOTYPE),
        (["./index.html", "./a.css"], Kind.PROTOTYPE),
        (["site/index.html", "notes.txt"], Kind.ZIP),
        (["a/b/index.html"], Kind.ZIP),
        (["board.png"], Kind.ZIP),
    ],
)
def test_an_archive_is_what_its_members_make_it(members: list[str], kind: Kind) -> None:
    data = zipped(dict.fromkeys(members, b"x"))
    assert identify(io.BytesIO(data), size=len(data)) is kind


def test_an_archive_that_cannot_be_read_is_a_zip() -> None:
    data = b"PK\x03\x04" + bytes(200)
    assert identify(io.BytesIO(data), size=len(data)) is Kind.ZIP


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind in gathered("SAMPLES")])
def test_a_sample_is_of_its_kind(kind: Kind) -> None:
    data = gathered("SAMPLES")[kind]()
    assert identify(io.BytesIO(data), size=len(data)) is kind


def test_a_slot_takes_special_cases_of_its_kinds() -> None:
    assert takes(["zip"], Kind.SKETCH)
    assert takes(["zip", "png"], Kind.PROTOTYPE)
    assert takes(["pdf"], Kind.AI)
    assert not takes(["ai"], Kind.PDF)
    assert not takes(["sketch"], Kind.ZIP)
    assert not takes([], Kind.PNG)


def test_real_files_are_what_their_folder_says() -> None:
    manifest = CORPUS / "manifest.tsv"
    rows = list(csv.DictReader(manifest.read_text().splitlines(), delimiter="\t")) if manifest.exists() else []
    wrong = []
    for row in rows:
        path = CORPUS / row["file"]
        with path.open("rb") as file:
            kind = identify(file, size=path.stat().st_size)
        if kind is None or (kind not in _FOLDERS.get(row["kind"], {kind}) and kind.value != row["kind"]):
            wrong.append((row["file"], kind))
    assert wrong == []


#: Where a folder of the corpus is named otherwise than a kind, or holds several.
_FOLDERS = {
    "apng": {Kind.PNG},
    "eps": {Kind.EPS},
    "font": FONTS,
    "model3d": {*MODELS, Kind.ZIP},
    "pdf": {Kind.PDF, Kind.AI},
    "svg": {Kind.SVG, Kind.SVGZ},
    "video": VIDEOS,
    "hostile": frozenset(Kind),
}


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (Kind.AI, "Logo.AI", Kind.AI),
        (Kind.AI, "slides.pdf", Kind.PDF),
        (Kind.AI, "slides", Kind.PDF),
        (Kind.PNG, "slides.pdf", Kind.PNG),
    ],
)
def test_what_illustrator_saved_as_a_pdf_is_called_a_pdf(kind: Kind, name: str, expected: Kind) -> None:
    assert called(kind, name) == expected
