"""Composites of Photoshop documents in all their colours, through the real rendering process."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy
import pytest
import pyvips
from PIL import Image
from psd_tools import PSDImage

from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import HEAD_BYTES, Kind, sniff
from contest.previews.outcome import MAX_PIXELS
from tests.rendering import near, pixels, preview
from tests.samples.documents import (
    BITMAP,
    CMYK,
    DUOTONE,
    GREY,
    INDEXED,
    LAB,
    MULTICHANNEL,
    flat_planes,
    photoshop,
)

#: The least that an eye sees side by side; CIE76.
DELTA_E = 2.5
WIDTH, HEIGHT = 300, 200
COLOUR = (200, 120, 60)
#: The same colour as shares of white light.
LIGHT = tuple(((level / 255 + 0.055) / 1.055) ** 2.4 for level in COLOUR)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def patch(colour: tuple[int, ...]) -> pyvips.Image:
    return (pyvips.Image.black(1, 1, bands=len(colour)) + list(colour)).cast("uchar").copy(interpretation="srgb")


def profile(name: str) -> bytes:
    return bytes(pyvips.Operation.call("profile_load", name))


def levels_in(name: str) -> list[int]:
    """`COLOUR` in the colours of one of libvips' profiles."""
    rendering = {"intent": "relative", "black_point_compensation": True}
    return [int(level) for level in patch(COLOUR).icc_transform(name, input_profile="srgb", **rendering)(0, 0)]


def wide(levels: list[int], depth: int) -> list[bytes]:
    """Channels of one level each, 0 to 255, at another depth."""
    form = {16: ">H", 32: ">f"}[depth]
    values = [level * 257 if depth == 16 else level for level in levels]
    return [struct.pack(form, value) * (WIDTH * HEIGHT) for value in values]


def differs(result: Result, colour: tuple[int, ...] = COLOUR) -> float:
    """CIE76 between the middle of the preview and `colour`."""
    shown = pixels(result.outputs[1])
    seen = patch(tuple(int(level) for level in shown(shown.width // 2, shown.height // 2)[:3]))
    return float(seen.colourspace("lab").dE76(patch(colour).colourspace("lab")).avg())


def lab() -> list[int]:
    lightness, a, b = patch(COLOUR).colourspace("lab")(0, 0)
    return [round(lightness * 2.55), round(a + 128), round(b + 128)]


MODES = {
    "rgb": lambda: photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT),
    "rgb, packed": lambda: photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT, packed=True),
    "rgb, large": lambda: photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT, packed=True, large=True),
    "rgb, 16 bits": lambda: photoshop(wide(list(COLOUR), 16), WIDTH, HEIGHT, depth=16, packed=True),
    "rgb, 32 bits": lambda: photoshop(wide(list(LIGHT), 32), WIDTH, HEIGHT, depth=32),
    "rgb, P3": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, *levels_in("p3")), WIDTH, HEIGHT, resources={1039: profile("p3")}
    ),
    "rgb, broken profile": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT, resources={1039: b"no profile" * 20}
    ),
    "lab": lambda: photoshop(flat_planes(WIDTH, HEIGHT, *lab()), WIDTH, HEIGHT, mode=LAB),
    "lab, 16 bits": lambda: photoshop(wide(lab(), 16), WIDTH, HEIGHT, mode=LAB, depth=16),
    "cmyk": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, *(255 - ink for ink in levels_in("cmyk"))),
        WIDTH,
        HEIGHT,
        mode=CMYK,
        resources={1039: profile("cmyk")},
    ),
    "cmyk without a profile": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, *(255 - ink for ink in levels_in("cmyk"))), WIDTH, HEIGHT, mode=CMYK, packed=True
    ),
    "inks": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, *(255 - ink for ink in levels_in("cmyk")), 255), WIDTH, HEIGHT, mode=MULTICHANNEL
    ),
    "indexed": lambda: photoshop(
        flat_planes(WIDTH, HEIGHT, 7),
        WIDTH,
        HEIGHT,
        mode=INDEXED,
        palette=b"".join(bytes([0] * 7 + [level] + [0] * 248) for level in COLOUR),
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_colours_come_out_in_srgb(server: PreviewServer, mode: str) -> None:
    data = MODES[mode]()
    kind = Kind.PSB if "large" in mode else Kind.PSD
    assert sniff(data[:HEAD_BYTES], size=len(data)) is kind
    result = preview(server, data, kind, presets=("320", "1280"))
    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 1, WIDTH, HEIGHT)
    assert differs(result) <= (8 if mode == "cmyk without a profile" else DELTA_E)
    assert result.facts["hdr"] == ("32" in mode)
    assert result.facts["alpha"] == 0


@pytest.mark.parametrize("mode", [GREY, DUOTONE])
@pytest.mark.parametrize("depth", [8, 16])
def test_grey_stays_grey(server: PreviewServer, mode: int, depth: int) -> None:
    planes = flat_planes(WIDTH, HEIGHT, 100) if depth == 8 else wide([100], depth)
    result = preview(server, photoshop(planes, WIDTH, HEIGHT, mode=mode, depth=depth), Kind.PSD)
    assert differs(result, (100, 100, 100)) <= DELTA_E


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_bitmap_the_set_bits_are_black(server: PreviewServer, packed: bool) -> None:
    row = b"\xff" * 5 + b"\0" * 5  # 75 pixels, and 5 bits that belong to none
    data = photoshop([row * 40], 75, 40, mode=BITMAP, depth=1, packed=packed)
    shown = pixels(preview(server, data, Kind.PSD).outputs[1])
    assert (shown.width, shown.height) == (75, 40)
    assert near(shown, 20, 20, (0, 0, 0))
    assert near(shown, 60, 20, (255, 255, 255))


def test_rows_and_columns_stand_where_they_were(server: PreviewServer) -> None:
    down, across = numpy.mgrid[0:47, 0:61]
    picture = numpy.stack([down * 5, across * 4, 250 - down * 2 - across * 2], axis=-1).astype(numpy.uint8)
    for compression in (0, 1):
        made = io.BytesIO()
        PSDImage.frompil(Image.fromarray(picture), compression=compression).save(made)  # type: ignore[arg-type]
        shown = pixels(preview(server, made.getvalue(), Kind.PSD).outputs[2])
        assert numpy.abs(shown.numpy().astype(int) - picture).mean() < 4


# Transparency.


def test_transparency_is_kept_and_the_white_behind_it_taken_out(server: PreviewServer) -> None:
    alpha = (b"\0" * 100 + b"\x80" * 100 + b"\xff" * 100) * HEIGHT
    # As Photoshop writes it: the colour laid on white by its transparency.
    over = []
    for level in COLOUR:
        half = round(255 + (level - 255) * 128 / 255)
        over.append((b"\xff" * 100 + bytes([half]) * 100 + bytes([level]) * 100) * HEIGHT)
    result = preview(server, photoshop([*over, alpha], WIDTH, HEIGHT, layers=-2), Kind.PSD)
    assert (result.verdict, result.facts["alpha"]) == ("ready", 1)
    shown = pixels(result.outputs[1])
    assert shown(50, 100)[3] == 0
    assert near(shown, 150, 100, (*COLOUR, 128))
    assert near(shown, 250, 100, (*COLOUR, 255))
    small = pixels(result.outputs[0])
    assert small.bands == 3
    assert near(small, 50, 100, (255, 255, 255))


@pytest.mark.parametrize(
    ("layers", "identifiers", "alpha"), [(2, None, 0), (0, b"\0\0\0\5", 0), (0, b"\0\0\0\0", 1), (0, None, 1)]
)
def test_a_saved_selection_is_no_transparency(
    server: PreviewServer, layers: int, identifiers: bytes | None, alpha: int
) -> None:
    resources = {1053: identifiers} if identifiers else {}
    data = photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR, 90), WIDTH, HEIGHT, layers=layers, resources=resources)
    result = preview(server, data, Kind.PSD)
    assert result.facts["alpha"] == alpha
    assert pixels(result.outputs[1]).bands == 3 + alpha


def test_one_colour_of_a_palette_may_be_clear(server: PreviewServer) -> None:
    plane = (b"\1" * 150 + b"\2" * 150) * HEIGHT
    resources = {1047: b"\0\2"}
    data = photoshop([plane], WIDTH, HEIGHT, mode=INDEXED, palette=b"\xff" * 768, resources=resources)
    shown = pixels(preview(server, data, Kind.PSD).outputs[1])
    assert (shown(50, 100)[3], shown(250, 100)[3]) == (255, 0)


# What cannot be shown, or only in part.


def test_a_document_without_a_composite_shows_none(server: PreviewServer) -> None:
    for real, verdict in ((1, "ready"), (0, "icon")):
        resources = {1057: struct.pack(">IB", 1, real) + bytes(12)}
        data = photoshop(flat_planes(WIDTH, HEIGHT, 255, 255, 255), WIDTH, HEIGHT, layers=3, resources=resources)
        result = preview(server, data, Kind.PSD)
        assert (result.verdict, result.reason) == (verdict, None if real else "nothing_inside")
        assert bool(result.outputs) == bool(real)


@pytest.mark.parametrize("packed", [False, True])
def test_pixels_that_end_early_are_shown_and_called_damaged(server: PreviewServer, packed: bool) -> None:
    data = photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT, packed=packed)
    # Of the last channel the last rows are missing; then some of the second and all of the third.
    grey = (200, 200, 200)
    for kept, above in ((0.98, COLOUR), (0.6, grey)):
        result = preview(server, data[: int(len(data) * kept)], Kind.PSD)
        assert (result.verdict, result.reason, len(result.outputs)) == ("damaged", "truncated", 3)
        shown = pixels(result.outputs[1])
        assert near(shown, 150, 20, above)
        assert near(shown, 150, 198, grey)


def test_a_document_that_ends_before_its_pixels_fails(server: PreviewServer) -> None:
    data = photoshop(flat_planes(WIDTH, HEIGHT, *COLOUR), WIDTH, HEIGHT, resources={1060: b"x" * 90})
    for size, reason in ((3, "unreadable"), (20, "truncated"), (60, "truncated"), (150, "truncated")):
        result = preview(server, data[:size], Kind.PSD)
        assert (result.verdict, result.reason) == ("failed", reason), size


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (12, 0, "unreadable"),  # channels
        (12, 57, "unreadable"),
        (22, 7, "unreadable"),  # depth
        (24, 6, "unreadable"),  # mode
        (4, 3, "unreadable"),  # version
    ],
)
def test_a_header_that_makes_no_sense_fails(server: PreviewServer, at: int, value: int, reason: str) -> None:
    data = bytearray(photoshop(flat_planes(30, 20, *COLOUR), 30, 20))
    struct.pack_into(">H", data, at, value)
    result = preview(server, bytes(data), Kind.PSD)
    assert (result.verdict, result.reason) == ("failed", reason)


def test_a_document_of_too_many_pixels_is_refused_by_its_header(server: PreviewServer) -> None:
    data = bytearray(photoshop(flat_planes(30, 20, *COLOUR), 30, 20, large=True))
    struct.pack_into(">II", data, 14, 20_000, MAX_PIXELS // 20_000 + 1)
    result = preview(server, bytes(data), Kind.PSB)
    assert (result.verdict, result.reason) == ("refused", "too_many_pixels")
    assert result.peak_mb < 100


def test_a_composite_in_a_compression_that_no_program_writes_there_fails(server: PreviewServer) -> None:
    data = photoshop(flat_planes(30, 20, *COLOUR), 30, 20, compression=3)
    assert preview(server, data, Kind.PSD).reason == "codec"


# Size.


def test_a_large_document_gets_a_pyramid_within_bounds_of_memory(server: PreviewServer) -> None:
    width, height = 5000, 2000
    data = photoshop(flat_planes(width, height, *COLOUR), width, height)
    result = preview(server, data, Kind.PSD, presets=("320", "tiles"))
    assert (result.verdict, [output.preset for output in result.outputs]) == ("ready", ["320", "tiles"])
    tiles = result.outputs[1]
    assert (tiles.width, tiles.height) == (width, height)
    assert tiles.file is not None
    tiles.file.close()
    # The channels as bytes, the file as it is read, and what a rendering needs anyhow.
    assert result.peak_mb < 200
