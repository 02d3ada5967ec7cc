"""Cards for links: drawn in the confined process, a bare JPEG of one size, without a word on it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
import pyvips

from contest.previews import jpeg
from contest.previews.client import PreviewServer
from contest.previews.kinds import Kind
from tests.rendering import preview
from tests.samples import CANARY
from tests.samples.pictures import marked_jpeg

MAT, SLIP = (232, 232, 230), (181, 51, 11)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def field(width: int, height: int, *colour: int) -> bytes:
    image = pyvips.Image.black(width, height, bands=len(colour)) + list(colour)
    made: bytes = image.cast("uchar").copy(interpretation="srgb").pngsave_buffer()
    return made


def near(image: pyvips.Image, x: int, y: int, colour: tuple[int, int, int]) -> bool:
    return all(abs(found - wanted) <= 6 for found, wanted in zip(image(x, y), colour, strict=True))


@pytest.mark.parametrize("size", [(1600, 900), (400, 1600), (300, 200)], ids=str)
def test_a_picture_hangs_whole_on_the_mat(server: PreviewServer, size: tuple[int, int]) -> None:
    result = preview(server, field(*size, 20, 90, 160), Kind.PNG, presets=("card", "award"))

    assert (result.verdict, [(each.preset, each.width, each.height) for each in result.outputs]) == (
        "ready",
        [("award", 1200, 630), ("card", 1200, 630)],
    )
    for each in result.outputs:
        assert jpeg.measure(each.data) == (1200, 630)
        image = pyvips.Image.jpegload_buffer(each.data)
        assert near(image, 600, 315, (20, 90, 160))
        # Never larger than it is, and never over the edge of the mat.
        scale = min(1, 1008 / size[0], 534 / size[1])
        half = round(size[0] * scale / 2)
        assert near(image, 600 - half - 8, 315, MAT) and near(image, 600 - half + 8, 315, (20, 90, 160))
        assert near(image, 600, 20, MAT) and near(image, 600, 610, MAT)
        assert near(image, 50, 60, SLIP if each.preset == "award" else MAT)


def test_what_is_transparent_shows_the_mat(server: PreviewServer) -> None:
    result = preview(server, field(800, 400, 0, 0, 0, 0), Kind.PNG, presets=("card",))

    assert near(pyvips.Image.jpegload_buffer(result.outputs[0].data), 600, 315, MAT)


def test_nothing_of_the_original_but_its_pixels_is_on_a_card(server: PreviewServer) -> None:
    data = marked_jpeg()
    assert CANARY in data

    result = preview(server, data, Kind.JPEG, presets=("card",))

    assert CANARY not in result.outputs[0].data


def test_cards_are_drawn_only_where_asked_for(server: PreviewServer) -> None:
    assert [each.preset for each in preview(server, field(9, 9, 0, 0, 0), Kind.PNG).outputs] == ["320", "1280", "2560"]


def bare(**options: object) -> bytes:
    made: bytes = pyvips.Image.black(40, 30, bands=3).jpegsave_buffer(keep="none", **options)
    return made


@pytest.mark.parametrize("options", [{}, {"interlace": True}, {"optimize_coding": True}, {"Q": 100}], ids=str)
def test_a_bare_jpeg_is_measured(options: dict[str, object]) -> None:
    assert jpeg.measure(bare(**options)) == (40, 30)


def _with(segment: bytes) -> bytes:
    return bare()[:2] + segment + bare()[2:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        bare() + b"PK\x03\x04",
        bare() + bare(),
        bare()[:-2],
        bare()[:200],
        bare()[:21],
        _with(b"\xff\xfe\x00\x06evil"),
        _with(b"\xff\xe1\x00\x08Exif\0\0"),
        _with(b"\xff\xe2\x00\x06ICC_"),
        _with(b"\xff\xe0" + struct.pack(">H", 22) + b"JFIF\0" + bytes(15)),
        _with(b"\xff\xe0\x00\x01"),
        _with(b"\xff\xdb\xff\xff"),
        _with(b"\xff\xc1\x00\x0b\x08\x00\x1e\x00\x28\x01\x01\x11\x00"),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff\xdb\x00\x02" * 300 + b"\xff\xd9",
    ],
    ids=range(16),
)
def test_anything_else_is_no_card(data: bytes) -> None:
    with pytest.raises(ValueError):
        jpeg.measure(data)
