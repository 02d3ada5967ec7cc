"""Pyramids of large pictures: every tile of every level, where a viewer looks for it."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips

from contest.previews import extras, jpeg, pack, webp
from contest.previews.client import Limits, Output, PreviewServer, Result
from contest.previews.extras import OVERLAP, TILE, tile_sizes
from contest.previews.kinds import Kind
from contest.previews.outcome import EXTRAS, MAX_PIXELS, PRESETS
from tests.rendering import near, preview
from tests.samples.pictures import BLUE, RED, flat, noise, two_colours

WITH_TILES = (*PRESETS, "tiles")


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def tiles_of(result: Result) -> Output | None:
    return next((output for output in result.outputs if output.preset == "tiles"), None)


def unpacked(result: Result) -> tuple[pack.Index, dict[str, bytes]]:
    output = tiles_of(result)
    assert output is not None
    assert output.file is not None
    data = output.file.read()
    assert len(data) == output.size
    index = pack.read_index(lambda start, end: data[start:end], len(data))
    return index, {name: data[start : start + length] for name, (start, length) in index.members.items()}


def test_a_wide_picture_gets_a_whole_pyramid(server: PreviewServer) -> None:
    result = preview(server, two_colours(4400, 700).jpegsave_buffer(Q=90), Kind.JPEG, presets=WITH_TILES)
    index, tiles = unpacked(result)
    assert index.info == {"width": 4400, "height": 700}
    sizes = tile_sizes(4400, 700)
    assert tiles.keys() == sizes.keys()
    assert {name: jpeg.measure(tile) for name, tile in tiles.items()} == sizes
    assert sizes["13/0_0"] == (TILE + OVERLAP, TILE + OVERLAP)
    assert sizes["13/1_0"] == (TILE + 2 * OVERLAP, TILE + OVERLAP)
    assert sizes["0/0_0"] == (1, 1)
    left, right = (pyvips.Image.new_from_buffer(tiles[name], "") for name in ("13/0_1", "13/8_1"))
    assert near(left, 100, 100, RED)
    assert near(right, 100, 100, BLUE)


def test_only_a_large_picture_gets_one_and_only_where_it_is_asked_for(server: PreviewServer) -> None:
    at_limit = flat(4096, 20, RED).pngsave_buffer()
    above = flat(20, 4097, RED).pngsave_buffer()
    assert tiles_of(preview(server, at_limit, Kind.PNG, presets=WITH_TILES)) is None
    assert tiles_of(preview(server, above, Kind.PNG, presets=WITH_TILES)) is not None
    assert tiles_of(preview(server, above, Kind.PNG)) is None
    assert tiles_of(preview(server, above, Kind.PNG, presets=WITH_TILES, quick=True)) is None


def test_transparency_is_kept_in_tiles_that_have_it(server: PreviewServer) -> None:
    clear = flat(2200, 60, (*RED, 0)).join(flat(2200, 60, (*BLUE, 255)), "horizontal")
    _, tiles = unpacked(preview(server, clear.pngsave_buffer(), Kind.PNG, presets=WITH_TILES))
    assert {name: webp.measure(tile) for name, tile in tiles.items()} == tile_sizes(4400, 60)
    assert pyvips.Image.new_from_buffer(tiles["13/0_0"], "")(30, 30)[3] == 0
    solid = flat(4400, 60, (*RED, 255))
    _, tiles = unpacked(preview(server, solid.pngsave_buffer(), Kind.PNG, presets=WITH_TILES))
    assert jpeg.measure(tiles["0/0_0"]) == (1, 1)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_pyramid_is_turned_as_the_previews_are(server: PreviewServer, orientation: int) -> None:
    image = two_colours(4400, 60).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    index, tiles = unpacked(preview(server, image.jpegsave_buffer(Q=95), Kind.JPEG, presets=WITH_TILES))
    first = pyvips.Image.new_from_buffer(tiles["13/0_0"], "")
    if orientation == 6:
        assert index.info == {"width": 60, "height": 4400}
        assert near(first, 30, 30, RED)
    else:
        assert index.info == {"width": 4400, "height": 60}
        assert near(first, 30, 30, BLUE)


@pytest.mark.parametrize("space", ["p3", "cmyk", "grey", "deep"])
def test_a_pyramid_has_the_colours_of_the_previews(server: PreviewServer, space: str) -> None:
    image = flat(4200, 40, (180, 120, 80))
    if space in ("p3", "cmyk"):
        data = image.icc_transform(space, input_profile="srgb", black_point_compensation=True).tiffsave_buffer()
    elif space == "grey":
        data = image.colourspace("b-w").tiffsave_buffer()
    else:
        data = image.colourspace("rgb16").tiffsave_buffer()
    result = preview(server, data, Kind.TIFF, presets=WITH_TILES)
    _, tiles = unpacked(result)
    shown = pyvips.Image.new_from_buffer(tiles["13/0_0"], "")
    meant = pyvips.Image.new_from_buffer(result.outputs[2].data, "")
    assert (shown.bands, shown.interpretation) == (3, "srgb")
    assert near(shown, 20, 20, tuple(meant(20, 20)), 6)
    if space != "grey":
        assert near(shown, 20, 20, (180, 120, 80), 12)


def test_of_a_damaged_picture_there_is_no_pyramid(server: PreviewServer) -> None:
    data = noise(4200, 60).jpegsave_buffer()
    result = preview(server, data[: len(data) // 2], Kind.JPEG, presets=WITH_TILES)
    assert (result.verdict, result.reason, tiles_of(result)) == ("damaged", "truncated", None)


def test_a_pyramid_that_is_too_large_is_left_out() -> None:
    data = noise(4400, 700).jpegsave_buffer()
    with PreviewServer(limits=Limits(file_size=1_500_000)) as narrow:
        result = preview(narrow, data, Kind.JPEG, presets=WITH_TILES)
    assert (result.verdict, len(result.outputs), tiles_of(result)) == ("ready", 3, None)


def test_the_child_leaves_nothing_but_the_pack(server: PreviewServer) -> None:
    result = preview(server, flat(4200, 40, RED).pngsave_buffer(), Kind.PNG, presets=WITH_TILES)
    assert [output.preset for output in result.outputs] == ["320", "1280", "2560", "tiles"]
    assert not list(Path(server.address).parent.glob("job-*/scratch-*"))


# The last look.


def packed(members: dict[str, bytes], info: dict[str, int]) -> bytes:
    out = io.BytesIO()
    pack.write(out, info, [(name, io.BytesIO(data), len(data)) for name, data in members.items()])
    return out.getvalue()


def measured(data: bytes, folder: Path) -> tuple[int, int]:
    path = folder / "extra"
    path.write_bytes(data)
    with path.open("rb") as file:
        return extras.measure("tiles", file, len(data))


def test_a_pyramid_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    sizes = tile_sizes(600, 20)
    info = {"width": 600, "height": 20}
    sound = {name: flat(*size, RED).jpegsave_buffer(keep="none") for name, size in sizes.items()}
    assert measured(packed(sound, info), tmp_path) == (600, 20)
    noted = flat(600, 20, RED).copy()
    noted.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x/>")
    top = f"{max(int(name.split('/')[0]) for name in sizes)}/0_0"
    for members, said in (
        ({name: data for name, data in sound.items() if name != "0/0_0"}, info),
        ({**sound, "../../x": b"x"}, info),
        ({**sound, "99/0_0": sound["0/0_0"]}, info),
        ({**sound, "0/0_0": sound[top]}, info),
        ({**sound, "0/0_0": b"<script>"}, info),
        ({**sound, "0/0_0": b""}, info),
        ({**sound, "0/0_0": sound["0/0_0"] + b"PK\3\4"}, info),
        # Sound, but far larger than a tile can be: each is read whole.
        ({**sound, top: sound[top][:2] + (b"\xff\xdb\xff\xff" + bytes(65533)) * 62 + sound[top][2:]}, info),
        ({**sound, top: noted.crop(0, 0, 511, 20).jpegsave_buffer()}, info),
        (sound, {"width": 601, "height": 20}),
        (sound, {"width": 600}),
        (sound, {**info, "more": 1}),
        (sound, {"width": 0, "height": 0}),
        (sound, {"width": 2**40, "height": MAX_PIXELS}),
    ):
        with pytest.raises(ValueError):
            measured(packed(members, said), tmp_path)
    whole = packed(sound, info)
    for data in (whole + b"x", whole[:-1], b"", whole[:9]):
        with pytest.raises(ValueError):
            measured(data, tmp_path)
    assert EXTRAS["tiles"] == "pack"


def test_the_tiles_of_a_pyramid_cover_each_level_once() -> None:
    rng = random.Random(1)
    for _ in range(200):
        width, height = rng.randint(1, 9000), rng.randint(1, 9000)
        sizes = tile_sizes(width, height)
        top = max(int(name.split("/")[0]) for name in sizes)
        assert sizes["0/0_0"] == (1, 1)
        for level in {top, top // 2, 1 if top else 0}:
            row = sorted(
                (int(name.split("/")[1].split("_")[0]), size[0])
                for name, size in sizes.items()
                if name.startswith(f"{level}/") and name.endswith("_0")
            )
            inner = 2 * OVERLAP * (len(row) - 1)
            assert sum(wide for _, wide in row) - inner == max(1, -(-width >> (top - level)))
