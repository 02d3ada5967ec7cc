"""Pictures of files of each kind, through the real rendering process."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pyvips

from contest.previews import client, webp
from contest.previews.client import Output, PreviewServer
from contest.previews.kinds import HEAD_BYTES, NOT_SUPPORTED, PREVIEWABLE, Kind, sniff
from contest.previews.render import RENDERERS
from tests.rendering import near, pixels, preview
from tests.samples import CANARY, gathered
from tests.samples.documents import pdf
from tests.samples.pictures import (
    BLUE,
    MARKED,
    RED,
    SAMPLES,
    by_pillow,
    exif,
    flat,
    heic,
    noise,
    png,
    roll,
    two_colours,
)

WHITE = (255, 255, 255)
#: Where a picture of two colours has them when it is turned: size, a red place and a blue one.
TURNED = {
    **dict.fromkeys((1, 4), ((400, 200), (50, 100), (350, 100))),
    **dict.fromkeys((2, 3), ((400, 200), (350, 100), (50, 100))),
    **dict.fromkeys((5, 6), ((200, 400), (100, 50), (100, 350))),
    **dict.fromkeys((7, 8), ((200, 400), (100, 350), (100, 50))),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def test_there_is_a_renderer_and_a_sample_for_each_kind_that_promises_previews() -> None:
    assert set(RENDERERS) == PREVIEWABLE | NOT_SUPPORTED
    # PostScript is read by a program that is started: see the tests of tools.
    assert set(gathered("SAMPLES")) >= PREVIEWABLE - {Kind.EPS}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_becomes_three_bare_webp(server: PreviewServer, kind: Kind) -> None:
    data = SAMPLES[kind]()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is kind
    result = preview(server, data, kind)
    assert (result.verdict, result.reason) == ("ready", None)
    first = [output for output in result.outputs if output.page == 1]
    assert [output.preset for output in first] == ["320", "1280", "2560"]
    for output in result.outputs:
        assert webp.measure(output.data) == (output.width, output.height)
        assert sniff(output.data[:HEAD_BYTES], size=len(output.data)) is Kind.WEBP
        assert max(output.width, output.height) <= int(output.preset)
    assert result.cpu_s > 0
    assert result.peak_mb > 1


def test_sizes_are_the_long_edge_and_nothing_is_made_larger(server: PreviewServer) -> None:
    wide = preview(server, noise(3000, 300).jpegsave_buffer(), Kind.JPEG)
    tall = preview(server, noise(300, 3000).pngsave_buffer(), Kind.PNG)
    small = preview(server, noise(50, 40).pngsave_buffer(), Kind.PNG)
    assert (wide.width, wide.height) == (3000, 300)
    assert [(o.width, o.height) for o in wide.outputs] == [(320, 32), (1280, 128), (2560, 256)]
    assert [(o.width, o.height) for o in tall.outputs] == [(32, 320), (128, 1280), (256, 2560)]
    assert [(o.width, o.height) for o in small.outputs] == [(50, 40)] * 3


def test_only_the_wanted_presets_are_made(server: PreviewServer) -> None:
    for kind in (Kind.PNG, Kind.HEIC, Kind.TIFF):
        result = preview(server, SAMPLES[kind](), kind, presets=("320",))
        assert [output.preset for output in result.outputs] == ["320"]


def test_the_first_picture_is_handed_over_early_and_once(server: PreviewServer) -> None:
    seen: list[Output] = []
    result = preview(server, pdf((1, 0, 0), (0, 1, 0)), Kind.PDF, keep=seen.append)
    assert [(output.preset, output.page) for output in seen] == [
        (preset, page) for page in (1, 2) for preset in ("320", "1280", "2560")
    ]
    assert [replace(output, data=b"") for output in seen] == list(result.outputs)


@pytest.mark.parametrize("orientation", TURNED)
def test_a_photograph_is_turned_as_its_exif_says(server: PreviewServer, orientation: int) -> None:
    size, red, blue = TURNED[orientation]
    image = two_colours().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    result = preview(server, image.jpegsave_buffer(Q=95), Kind.JPEG)
    shown = pixels(result.outputs[1])
    assert (result.width, result.height) == size == (shown.width, shown.height)
    assert near(shown, *red, RED)
    assert near(shown, *blue, BLUE)


def test_up_and_down_are_told_apart(server: PreviewServer) -> None:
    image = two_colours(200, 400).rot90().copy()  # red above, blue below
    for orientation, above in ((1, RED), (4, BLUE), (3, BLUE)):
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        shown = pixels(preview(server, image.jpegsave_buffer(Q=95), Kind.JPEG).outputs[0])
        assert near(shown, shown.width // 2, 10, above)


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF, Kind.HEIC])
@pytest.mark.parametrize("orientation", [3, 6])
def test_each_kind_is_turned_once(server: PreviewServer, kind: Kind, orientation: int) -> None:
    size, red, blue = TURNED[orientation]
    image = two_colours().copy()
    if kind is Kind.HEIC:
        data = heic(image, exif=exif(orientation))
    elif kind in (Kind.AVIF, Kind.PNG):
        data = by_pillow([image], kind.name, exif=exif(orientation))
    else:
        image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        data = image.tiffsave_buffer() if kind is Kind.TIFF else image.webpsave_buffer(lossless=True)
    result = preview(server, data, kind)
    shown = pixels(result.outputs[1])
    assert (result.width, result.height) == size == (shown.width, shown.height)
    assert near(shown, *red, RED)
    assert near(shown, *blue, BLUE)


def test_transparency_is_kept_but_for_the_smallest(server: PreviewServer) -> None:
    clear, solid = flat(200, 200, (*RED, 0)), flat(200, 200, (*BLUE, 255))
    result = preview(server, clear.join(solid, "horizontal").pngsave_buffer(), Kind.PNG)
    small, middle, large = map(pixels, result.outputs)
    assert small.bands == 3
    assert near(small, 50, 80, WHITE)
    assert near(small, 250, 80, BLUE)
    for image in (middle, large):
        assert image(50, 100)[3] == 0
        assert near(image, 350, 100, (*BLUE, 255))
    assert result.facts["alpha"] == 1


@pytest.mark.parametrize("opacity", [0, 255])
def test_transparency_that_hides_nothing_or_all_is_let_go(server: PreviewServer, opacity: int) -> None:
    image = two_colours().bandjoin(opacity)
    result = preview(server, image.pngsave_buffer(), Kind.PNG)
    assert result.facts["alpha"] == 0
    assert pixels(result.outputs[2]).bands == 3
    assert near(pixels(result.outputs[2]), 50, 100, RED)


def test_each_page_of_a_tiff_is_a_page(server: PreviewServer) -> None:
    pages = [flat(100, 80, RED), flat(100, 80, BLUE), flat(100, 80, WHITE)]
    result = preview(server, roll(pages).tiffsave_buffer(), Kind.TIFF)
    assert (result.verdict, result.pages) == ("ready", 3)
    assert [(page.label, page.number) for page in result.page_list] == [("page", 1), ("page", 2), ("page", 3)]
    for output, colour in zip(result.outputs[2::3], (RED, BLUE, WHITE), strict=True):
        assert near(pixels(output), 50, 40, colour)
    assert {
        output.page for output in preview(server, roll(pages).tiffsave_buffer(), Kind.TIFF, quick=True).outputs
    } == {1}


def test_the_smaller_copies_in_a_tiff_are_no_pages(server: PreviewServer) -> None:
    for options in ({}, {"bigtiff": True}):
        data = noise(600, 400).tiffsave_buffer(tile=True, pyramid=True, compression="deflate", **options)
        assert pyvips.Image.new_from_buffer(data, "").get("n-pages") > 1
        result = preview(server, data, Kind.TIFF)
        assert (result.verdict, result.pages, result.page_list[0].label) == ("ready", 1, "picture")


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzw", "predictor": "horizontal"},
        {"compression": "deflate", "tile": True},
        {"compression": "jpeg", "Q": 95},
        {"bitdepth": 1, "compression": "ccittfax4"},
    ],
)
def test_a_tiff_of_any_making_is_read(server: PreviewServer, options: dict[str, object]) -> None:
    image = two_colours()
    if options.get("bitdepth") == 1:
        image = image.extract_band(0).copy(interpretation="b-w")  # white and black
    result = preview(server, image.tiffsave_buffer(**options), Kind.TIFF)
    assert result.verdict == "ready"
    shown = pixels(result.outputs[1])
    assert near(shown, 50, 100, WHITE if image.bands == 1 else RED)
    assert near(shown, 350, 100, (0, 0, 0) if image.bands == 1 else BLUE)


@pytest.mark.parametrize("kind", MARKED)
def test_nothing_of_the_metadata_is_left(server: PreviewServer, kind: Kind) -> None:
    data = MARKED[kind]()
    assert CANARY in data
    result = preview(server, data, kind, presets=("320", "1280", "2560", "moving"))
    assert result.verdict == "ready"
    for output in result.outputs:
        found = output.file.read() if output.file else output.data
        assert CANARY not in found
        assert CANARY.decode().encode("utf-16-le") not in found
        # Refuses any chunk but those of pixels, and so EXIF, XMP and ICC.
        assert webp.measure_animation(found) if output.file else webp.measure(found)


# Damage.


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.JPEG, Kind.WEBP])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_truncated_picture_is_shown_and_called_damaged(server: PreviewServer, kind: Kind, kept: float) -> None:
    data = SAMPLES[kind]()
    result = preview(server, data[: int(len(data) * kept)], kind)
    assert (result.verdict, result.reason, len(result.outputs)) == ("damaged", "truncated", 3)


@pytest.mark.parametrize(("broken", "verdict"), [(0.5, "damaged"), (1, "failed")])
def test_parts_of_a_tiff_that_cannot_be_read_are_no_black_picture(
    server: PreviewServer, broken: float, verdict: str
) -> None:
    data = bytearray(noise(400, 400).tiffsave_buffer(compression="deflate"))
    (directory,) = struct.unpack_from("<I", data, 4)
    end = 8 + int((directory - 8) * broken)
    data[8:end] = bytes(end - 8)
    result = preview(server, bytes(data), Kind.TIFF)
    assert (result.verdict, result.reason, bool(result.outputs)) == (verdict, "unreadable", verdict == "damaged")


def test_a_truncated_webp_shows_what_there_is_of_it(server: PreviewServer) -> None:
    image = flat(200, 100, RED).join(noise(200, 200), "vertical")
    for options in ({"Q": 90}, {"Q": 90, "effort": 0}, {"lossless": True}):
        for whole in (image, image.bandjoin(flat(200, 300, (128,)))):
            data = whole.webpsave_buffer(**options)
            result = preview(server, data[: len(data) * 7 // 10], Kind.WEBP)
            assert (result.verdict, result.reason) == ("damaged", "truncated"), options
            if "Q" in options:
                assert near(pixels(result.outputs[1]), 100, 40, RED, 20)
    # A profile and alpha before the pixels, EXIF and XMP behind them.
    data = MARKED[Kind.WEBP]()
    assert preview(server, data[: data.index(b"EXIF") - 20], Kind.WEBP).verdict == "damaged"


@pytest.mark.parametrize("kind", [Kind.GIF, Kind.TIFF, Kind.AVIF, Kind.HEIC])
def test_of_half_a_file_without_a_whole_picture_nothing_is_shown(server: PreviewServer, kind: Kind) -> None:
    data = noise(60, 40).gifsave_buffer() if kind is Kind.GIF else SAMPLES[kind]()
    result = preview(server, data[: len(data) // 2], kind)
    assert (result.verdict, result.reason, result.outputs) == ("failed", "truncated", ())


def test_a_large_truncated_photograph_is_called_damaged_although_it_is_shrunk_while_read(server: PreviewServer) -> None:
    data = noise(5200, 300).jpegsave_buffer()
    assert preview(server, data, Kind.JPEG).verdict == "ready"
    assert preview(server, data[: len(data) // 2], Kind.JPEG).verdict == "damaged"


@pytest.mark.parametrize("kind", sorted(PREVIEWABLE))
@pytest.mark.parametrize("data", [b"", b"\0", b"not at all what it claims to be" * 100])
def test_nonsense_has_no_preview(server: PreviewServer, kind: Kind, data: bytes) -> None:
    result = preview(server, data, kind)
    assert result.verdict in {"failed", "refused", "icon"}
    assert result.reason not in {"crashed", "memory", "timeout"}
    assert result.outputs == ()
    if kind in SAMPLES:
        assert (result.verdict, result.reason) == ("failed", "unreadable")


@pytest.mark.parametrize("size", [(100_000, 100_000), (12_000, 12_000), (2**31 - 1, 1)])
def test_a_pixel_bomb_is_refused_by_its_header(server: PreviewServer, size: tuple[int, int]) -> None:
    result = preview(server, png(*size), Kind.PNG)
    assert (result.verdict, result.outputs) in {("refused", ()), ("failed", ())}
    assert result.reason in {"too_many_pixels", "unreadable"}
    assert result.peak_mb < 200


def test_a_file_is_read_as_its_kind_and_no_other(server: PreviewServer) -> None:
    for wrong in (Kind.JPEG, Kind.GIF, Kind.WEBP, Kind.TIFF, Kind.AVIF, Kind.HEIC, Kind.SVG, Kind.PDF):
        assert preview(server, SAMPLES[Kind.PNG](), wrong).verdict == "failed"


LOADERS = """
import io, json, sys
import pyvips
from contest.previews.images import allow_loader
from contest.previews.kinds import Kind

noise = pyvips.Image.gaussnoise(40, 30, mean=128, sigma=40).cast("uchar")
colour = noise.bandjoin([noise, noise]).copy(interpretation="srgb")
files = {
    "png": colour.pngsave_buffer(), "jpeg": colour.jpegsave_buffer(), "webp": colour.webpsave_buffer(),
    "gif": colour.gifsave_buffer(), "tiff": colour.tiffsave_buffer(),
    "heif": colour.heifsave_buffer(compression="av1"), "ppm": b"P6 2 2 255 " + bytes(12),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>',
    "csv": b"1,2,3\\n4,5,6\\n",
}
def source(data): return pyvips.Image.new_from_source(pyvips.Source.new_from_memory(data), "")
def buffer(data): return pyvips.Image.new_from_buffer(data, "")
def svg(data): return pyvips.Image.svgload_buffer(data)
def csv(data): return pyvips.Operation.call("csvload_source", pyvips.Source.new_from_memory(data))
def path(data):
    with open(sys.argv[2], "wb") as file:
        file.write(data)
    return pyvips.Image.new_from_file(sys.argv[2])
opened = []
for kind in ["anything", None, *map(Kind, sys.argv[1].split())]:
    if kind != "anything":
        allow_loader(kind)
    for name, data in files.items():
        for way in (source, buffer, svg, csv, path):
            try:
                way(data).avg()
            except pyvips.Error:
                continue
            opened.append((kind, name, way.__name__))
print(json.dumps(opened))
"""


def test_each_kind_switches_on_its_own_loader_and_no_other(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    kinds = "png jpeg webp gif tiff avif heic svg svgz pdf"
    command = [sys.executable, "-c", LOADERS, kinds, str(tmp_path / "file")]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE)
    opened = [tuple(each) for each in json.loads(done.stdout)]
    before = {name for kind, name, _ in opened if kind == "anything"}
    assert before >= {"png", "jpeg", "webp", "gif", "svg", "tiff", "heif"}, "the files are good"
    assert [each for each in opened if each[0] != "anything"] == [
        ("png", "png", "source"),
        ("jpeg", "jpeg", "source"),
        ("webp", "webp", "source"),
        ("gif", "gif", "source"),
        ("tiff", "tiff", "source"),
        ("avif", "heif", "source"),
        ("svg", "svg", "buffer"),
        ("svg", "svg", "svg"),
        ("svgz", "svg", "buffer"),
        ("svgz", "svg", "svg"),
    ]


# The last look at what a renderer made.


def test_a_webp_is_measured() -> None:
    image = noise(70, 50)
    for data in (
        image.webpsave_buffer(keep="none"),
        image.webpsave_buffer(keep="none", lossless=True),
        image.bandjoin(noise(70, 50).extract_band(0)).webpsave_buffer(keep="none"),
        image.bandjoin(noise(70, 50).extract_band(0)).webpsave_buffer(keep="none", lossless=True),
    ):
        assert webp.measure(data) == (70, 50)


def test_a_webp_with_anything_else_in_it_is_refused() -> None:
    image = two_colours().copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x/>")
    frames = flat(10, 20, RED).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 10)
    bare = image.webpsave_buffer(keep="none")
    for data in (
        image.webpsave_buffer(),
        two_colours().icc_transform("p3", input_profile="srgb").webpsave_buffer(keep="icc"),
        frames.webpsave_buffer(),
        bare + b"PK\x03\x04",
        bare[:-1],
        bare[:12],
        bare[:12] + b"JUNK" + struct.pack("<I", 2**31),
        b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8X" + bytes(4),
        b"RIFF" + struct.pack("<I", 4) + b"WEBP",
        noise(9, 9).pngsave_buffer(),
        b"",
    ):
        with pytest.raises(ValueError):
            webp.measure(data)


# The file itself.


def test_a_file_object_is_left_as_it_was(server: PreviewServer, tmp_path: Path) -> None:
    path = tmp_path / "input.png"
    path.write_bytes(SAMPLES[Kind.PNG]())
    with path.open("r+b") as file:
        file.seek(17)
        assert client.render(file, Kind.PNG, address=server.address).verdict == "ready"
        assert file.tell() == 17
    with pytest.raises((ValueError, io.UnsupportedOperation)):
        client.render(io.BytesIO(b"x"), Kind.PNG, address=server.address)
