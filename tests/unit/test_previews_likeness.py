"""Likeness: the same picture in other clothes is near, another one is far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy
import pytest
import pyvips

from contest.previews.client import PreviewServer
from contest.previews.kinds import Kind
from contest.previews.likeness import FLAG, LOOK, distance, hashes
from contest.previews.outcome import Page
from tests.rendering import preview
from tests.samples.pictures import clouds, flat, roll

SEEDS = range(1, 7)

CHANGES: dict[str, Callable[[pyvips.Image], pyvips.Image]] = {
    "half its size": lambda image: image.resize(0.5),
    "a poor JPEG": lambda image: pyvips.Image.new_from_buffer(image.jpegsave_buffer(Q=30), ""),
    "lighter": lambda image: (image * 0.8 + 45).cast("uchar"),
    "darker": lambda image: (image * 0.75).cast("uchar"),
    "without colour": lambda image: image.colourspace("b-w").colourspace("srgb"),
    "stretched": lambda image: image.resize(0.7, vscale=0.9),
}
TURNS: dict[str, Callable[[pyvips.Image], pyvips.Image]] = {
    "mirrored": lambda image: image.fliphor(),
    "upside down": lambda image: image.flipver(),
    "to the right": lambda image: image.rot90(),
    "to the left": lambda image: image.rot270(),
    "by half": lambda image: image.rot180(),
    "mirrored and turned": lambda image: image.fliphor().rot90(),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


@pytest.fixture(scope="module")
def look(server: PreviewServer) -> Callable[[pyvips.Image], Page]:
    """What the renderer says of a picture."""

    def looked(image: pyvips.Image) -> Page:
        result = preview(server, image.pngsave_buffer(compression=1), Kind.PNG, presets=("320", "1280"))
        return result.page_list[0]

    return looked


@pytest.fixture(scope="module")
def pages(look: Callable[[pyvips.Image], Page]) -> dict[int, Page]:
    return {seed: look(clouds(seed=seed)) for seed in SEEDS}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_picture_is_near(look: Callable[[pyvips.Image], Page], pages: dict[int, Page], change: str) -> None:
    for seed in (1, 2, 3):
        changed = look(CHANGES[change](clouds(seed=seed)))
        assert distance(changed.turned[0], pages[seed].turned[0]) <= FLAG, seed


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_picture_is_found_among_the_orientations(
    look: Callable[[pyvips.Image], Page], pages: dict[int, Page], turn: str
) -> None:
    for seed in (1, 2):
        turned = look(TURNS[turn](clouds(seed=seed))).turned
        assert min(distance(hash_, pages[seed].turned[0]) for hash_ in turned) <= FLAG
        assert distance(turned[0], pages[seed].turned[0]) > LOOK


def test_other_pictures_are_far(pages: dict[int, Page]) -> None:
    for one, other in combinations(SEEDS, 2):
        apart = min(distance(hash_, pages[other].turned[0]) for hash_ in pages[one].turned)
        assert apart > FLAG, (one, other)
        assert distance(pages[one].turned[0], pages[other].turned[0]) > 20


def test_a_part_of_a_picture_shares_a_tile_with_it(
    look: Callable[[pyvips.Image], Page], pages: dict[int, Page]
) -> None:
    # Other edges, the same middle.
    image = clouds(seed=1).insert(flat(700, 160, (250, 250, 250)), 0, 0)
    changed = look(image)
    same = [distance(a, b) for a, b in zip(changed.tiles, pages[1].tiles, strict=True) if a and b]
    assert sum(apart <= FLAG for apart in same) >= 5
    assert distance(changed.turned[0], pages[1].turned[0]) > FLAG


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (120, 60, 200)])
def test_an_empty_picture_says_nothing(look: Callable[[pyvips.Image], Page], colour: tuple[int, int, int]) -> None:
    page = look(flat(300, 200, colour))
    assert (page.turned, page.tiles) == ((), ())


def test_each_page_has_its_own(server: PreviewServer) -> None:
    data = roll([clouds(300, 200, seed) for seed in (1, 2)]).tiffsave_buffer()
    one, other = preview(server, data, Kind.TIFF).page_list
    assert distance(one.turned[0], other.turned[0]) > 20
    assert (len(one.turned), len(one.tiles)) == (8, 9)


def test_a_thumbnail_alone_is_not_compared(server: PreviewServer) -> None:
    result = preview(server, clouds().pngsave_buffer(compression=1), Kind.PNG, presets=("320",), quick=True)
    assert result.page_list[0].turned == ()


def test_grain_in_an_empty_area_is_no_pattern() -> None:
    grey = 250 + numpy.random.default_rng(1).normal(0, 0.4, (72, 72))
    assert hashes(grey) == ((), ())


def test_only_the_one_size_is_taken() -> None:
    with pytest.raises(ValueError):
        hashes(numpy.zeros((8, 9)))
