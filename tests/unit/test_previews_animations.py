"""Animations: which frames become pages, and the one that moves."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from contest.previews import webp
from contest.previews.animations import Film, Strip, draw_film
from contest.previews.canvas import Canvas
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_PIXELS
from contest.previews.partial import breaks_off, gif_frames
from tests.rendering import near, pixels, preview
from tests.samples.pictures import BLUE, RED, by_pillow, flat, marching, noise, png_chunk, roll

MOVING = ("320", "1280", "2560", "moving")

Maker = Callable[[list[pyvips.Image]], bytes]
MAKERS: dict[str, tuple[Kind, Maker]] = {
    "gif": (Kind.GIF, lambda frames: roll(frames).gifsave_buffer()),
    "webp": (Kind.WEBP, lambda frames: roll(frames).webpsave_buffer(lossless=True)),
    "apng": (Kind.PNG, lambda frames: by_pillow(frames, "PNG", duration=100)),
    "avif": (Kind.AVIF, lambda frames: by_pillow(frames, "AVIF", duration=100, quality=90, speed=10)),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def moving(result: Result) -> Image.Image:
    """The moving picture, whole in memory."""
    (found,) = (output for output in result.outputs if output.preset == "moving")
    assert found.file is not None
    data = found.file.read()
    assert webp.measure_animation(data) == (found.width, found.height)
    return Image.open(io.BytesIO(data), formats=["WEBP"])


def duration(picture: Image.Image) -> int:
    total = 0
    for index in range(getattr(picture, "n_frames", 1)):
        picture.seek(index)
        picture.load()
        total += int(picture.info["duration"])
    return total


def largest(result: Result) -> list[Output]:
    return [output for output in result.outputs if output.preset == "2560"]


def place(image: pyvips.Image) -> float:
    """The middle of what is red, in pixels from the left."""
    red = (image.extract_band(0) - image.extract_band(2)) > 100
    columns, _ = red.project()
    xs = pyvips.Image.xyz(columns.width, 1).extract_band(0)
    return (columns * xs).avg() / columns.avg()


@pytest.mark.parametrize("name", MAKERS)
def test_frames_become_pages_and_a_moving_picture(server: PreviewServer, name: str) -> None:
    kind, make = MAKERS[name]
    result = preview(server, make(marching(30)), kind, presets=MOVING)
    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 12, 120, 80)
    assert (result.facts["frames"], result.facts["duration_ms"]) == (30, 3000)
    assert {page.label for page in result.page_list} == {"frame"}
    numbers = [page.number for page in result.page_list]
    assert numbers[0] == 1
    assert {after - before for before, after in pairwise(numbers)} <= {2, 3}
    for page, output in zip(result.page_list, largest(result), strict=True):
        assert place(pixels(output)) == pytest.approx(3 * (page.number - 1) + 9.5, abs=1.5)
    film = moving(result)
    assert (film.n_frames, film.size, film.info["loop"]) == (30, (120, 80), 0)
    assert duration(film) == pytest.approx(3000, abs=60)


def test_of_a_film_in_a_hurry_only_the_first_frame_is_drawn(server: PreviewServer) -> None:
    for kind, make in MAKERS.values():
        result = preview(server, make(marching(5)), kind, presets=MOVING, quick=True)
        assert (result.verdict, len(result.page_list), len(result.outputs)) == ("ready", 1, 3)
        assert result.facts["frames"] == 5


def test_the_first_page_is_the_first_frame_with_something_on_it(server: PreviewServer) -> None:
    # What saves a GIF joins frames that are alike, and so the empty ones.
    data = roll(marching(9, blank=4)).gifsave_buffer()
    assert [page.number for page in preview(server, data, Kind.GIF).page_list] == [2, 3, 4, 5, 6]
    assert [page.number for page in preview(server, data, Kind.GIF, quick=True).page_list] == [2]


def test_a_film_of_empty_frames_has_one_page(server: PreviewServer) -> None:
    result = preview(server, roll([flat(50, 40, RED), flat(50, 40, BLUE)]).gifsave_buffer(), Kind.GIF, presets=MOVING)
    assert (result.verdict, result.pages, result.page_list[0].number) == ("ready", 1, 1)
    assert near(pixels(result.outputs[1]), 25, 20, RED)
    assert moving(result).n_frames == 2


def test_what_does_not_move_has_no_moving_picture(server: PreviewServer) -> None:
    result = preview(server, roll([noise(50, 40)] * 3).webpsave_buffer(lossless=True), Kind.WEBP, presets=MOVING)
    assert result.verdict == "ready"
    assert "moving" not in {output.preset for output in result.outputs}


def test_a_long_film_keeps_its_length(server: PreviewServer) -> None:
    frames = [flat(16, 16, (7 * index % 256, 90 * (index % 3), 255 * (index % 2))) for index in range(200)]
    data = roll(frames, 50).webpsave_buffer(lossless=True, effort=0)
    film = moving(preview(server, data, Kind.WEBP, presets=("320", "moving")))
    assert 100 < film.n_frames <= 150
    assert duration(film) == pytest.approx(10_000, abs=100)


def test_a_wide_film_is_made_smaller_and_a_slow_one_keeps_its_delays(server: PreviewServer) -> None:
    frames = marching(3, 1300, 650)
    result = preview(server, roll(frames, [40, 5, 2000]).gifsave_buffer(), Kind.GIF, presets=MOVING)
    film = moving(result)
    assert film.size == (640, 320)
    # No browser shows a frame for no time at all; nor do we.
    assert result.facts["duration_ms"] == duration(film) == 2140
    assert [output.width for output in result.outputs if output.page == 1][:3] == [320, 1280, 1300]


def test_frames_are_chosen_evenly_within_the_room_for_them() -> None:
    strip = Strip((1920, 1080), [100] * 500)
    assert len(strip.wanted) == 60_000_000 // (4 * 640 * 360)
    gaps = {after - before for before, after in pairwise(sorted(strip.wanted))}
    assert gaps <= {7, 8}
    assert 0 in strip.wanted


def test_frames_past_the_limit_of_pixels_are_not_decoded(tmp_path: Path) -> None:
    asked = []

    def frame(index: int) -> pyvips.Image:
        asked.append(index)
        return noise(40, 30, index + 1)

    told: list[dict[str, Any]] = []
    draw_film(Film((4000, 3000), [100] * 14, frame), Canvas(tmp_path, ["320", "moving"], told.append))
    assert asked == list(range(MAX_PIXELS // (4000 * 3000)))
    assert [event["facts"]["frames"] for event in told if event["event"] == "source"] == [14]


def test_an_animation_keeps_its_transparency(server: PreviewServer) -> None:
    frames = [flat(60, 40, (*RED, 0)).draw_rect([*BLUE, 255], 10 * index, 5, 20, 20, fill=True) for index in range(3)]
    for name in ("webp", "apng"):
        kind, make = MAKERS[name]
        result = preview(server, make(frames), kind, presets=MOVING)
        assert result.facts["alpha"] == 1
        assert pixels(largest(result)[0])(55, 35)[3] == 0
        assert moving(result).convert("RGBA").getpixel((55, 35))[3] == 0


def test_an_animated_png_may_have_a_picture_for_others_before_it(server: PreviewServer) -> None:
    still, *frames = marching(4)
    data = by_pillow([still.invert(), *frames], "PNG", duration=100, default_image=True)
    result = preview(server, data, Kind.PNG)
    assert (result.facts["frames"], result.pages) == (3, 3)
    assert place(pixels(largest(result)[0])) == pytest.approx(34.5, abs=2)


def test_a_png_that_only_says_that_it_moves_is_a_picture(server: PreviewServer) -> None:
    data = noise(40, 30).pngsave_buffer()
    chunk = png_chunk(b"acTL", struct.pack(">II", 1000, 0))
    result = preview(server, data[:33] + chunk + data[33:], Kind.PNG)
    assert (result.verdict, result.pages, result.page_list[0].label) == ("ready", 1, "picture")


@pytest.mark.parametrize("name", ["gif", "apng"])
def test_a_film_that_breaks_off_shows_what_came_before(server: PreviewServer, name: str) -> None:
    kind, make = MAKERS[name]
    data = make([noise(80, 60, seed) for seed in range(1, 7)])
    result = preview(server, data[: len(data) * 6 // 10], kind, presets=MOVING)
    assert (result.verdict, result.reason) == ("damaged", "truncated")
    assert 2 <= len(result.page_list) < 6
    assert "moving" not in {output.preset for output in result.outputs}
    first = preview(server, data[: len(data) // 10], kind)
    assert (first.verdict, first.reason) == (("failed" if kind is Kind.GIF else "damaged"), "truncated")


@pytest.mark.parametrize("name", ["webp", "avif"])
def test_a_film_that_cannot_be_read_in_part_fails(server: PreviewServer, name: str) -> None:
    kind, make = MAKERS[name]
    data = make(marching(6))
    result = preview(server, data[: len(data) * 6 // 10], kind)
    assert (result.verdict, result.reason, result.outputs) == ("failed", "truncated", ())


def test_an_avif_whose_frames_begin_in_the_middle_is_not_read(server: PreviewServer) -> None:
    data = bytearray(MAKERS["avif"][1](marching(3)))
    at = struct.unpack_from(">I", data, data.find(b"stco") + 12)[0]
    data[at] = 4 << 3 | 2
    result = preview(server, bytes(data), Kind.AVIF)
    assert (result.verdict, result.reason) == ("failed", "unreadable")


def test_the_frames_of_a_gif_are_counted() -> None:
    data = roll(marching(5)).gifsave_buffer()
    assert gif_frames(data) == (5, True)
    assert gif_frames(data[:-1]) == (5, True)
    assert gif_frames(data + b"left over") == (5, True)
    assert gif_frames(data[:-3]) == (4, False)
    assert [gif_frames(data[:cut]) for cut in (0, 5, 13, 20)] == [(0, False)] * 4


def test_nothing_breaks_off_that_is_whole() -> None:
    for data in (
        noise(20, 20).webpsave_buffer(),
        noise(20, 20).tiffsave_buffer(),
        noise(20, 20).heifsave_buffer(compression="av1", effort=0),
    ):
        assert not breaks_off(data)
        assert breaks_off(data[: len(data) // 2])


# The last look.


def test_a_moving_picture_with_anything_else_in_it_is_refused() -> None:
    frames = roll(marching(3))
    sound = frames.webpsave_buffer(keep="none")
    assert webp.measure_animation(sound) == (120, 80)
    named = frames.copy()
    named.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x/>")
    frame = sound.index(b"ANMF")
    length = struct.unpack_from("<I", sound, frame + 4)[0]

    def changed(at: int, value: bytes) -> bytes:
        return sound[:at] + value + sound[at + len(value) :]

    def longer(more: bytes) -> bytes:
        return sound[:4] + struct.pack("<I", len(sound) + len(more) - 8) + sound[8:] + more

    for data in (
        named.webpsave_buffer(),
        noise(20, 20).webpsave_buffer(keep="none"),
        noise(20, 20).bandjoin(9).webpsave_buffer(keep="none"),
        sound + b"PK\x03\x04",
        longer(b"JUNK" + bytes(4)),
        longer(b"XMP " + bytes(4)),
        sound[:-1],
        sound[:40],
        sound[:12],
        b"",
        changed(20, b"\xff"),  # all flags at once
        changed(20, b"\0"),  # no animation
        changed(frame + 8, b"\xff\xff"),  # a frame far to the right
        changed(frame + 24, b"EXIF"),  # metadata inside a frame
        changed(frame + 4, struct.pack("<I", length - 2)),
    ):
        with pytest.raises(ValueError):
            webp.measure_animation(data)
    with pytest.raises(ValueError):
        webp.measure(sound)
