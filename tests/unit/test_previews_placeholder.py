"""Placeholders: a picture in some 25 bytes, and what anyone's 25 bytes may not do."""

from __future__ import annotations

import io

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contest.previews import placeholder


def rgba(colour: tuple[int, ...], width: int = 32, height: int = 20) -> bytes:
    return bytes(colour) * (width * height)


def halves(width: int = 32, height: int = 20) -> bytes:
    """Red on the left, blue on the right."""
    row = bytes((220, 30, 30, 255)) * (width // 2) + bytes((30, 30, 220, 255)) * (width - width // 2)
    return row * height


@given(width=st.integers(1, 100), height=st.integers(1, 100), seed=st.integers(0, 2**32 - 1), clear=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_small_picture_has_one_that_can_be_shown(width: int, height: int, seed: int, clear: bool) -> None:
    pixels = numpy.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=numpy.uint8)
    if not clear:
        pixels[..., 3] = 255
    data = placeholder.encode(width, height, pixels.tobytes())
    assert 5 < len(data) <= placeholder.MOST_BYTES
    wide, high, shown = placeholder.decode(data)
    assert (wide, high) == placeholder.size_of(data)
    assert max(wide, high) == 16
    assert len(shown) == 4 * wide * high
    # The sides are kept in sevenths, or fifths where there is alpha.
    if max(width, height) <= 2 * min(width, height):
        assert abs(wide / high - width / height) < 0.35 * width / height


def test_it_looks_like_the_picture() -> None:
    data = placeholder.encode(32, 20, halves())
    width, height, shown = placeholder.decode(data)
    left = shown[4 * (width * (height // 2) + 2) :][:4]
    right = shown[4 * (width * (height // 2) + width - 3) :][:4]
    assert left[0] > left[2] + 80
    assert right[2] > right[0] + 80
    assert width > height


@pytest.mark.parametrize("colour", [(200, 30, 90), (0, 0, 0), (255, 255, 255), (12, 130, 70)])
def test_the_mean_is_kept(colour: tuple[int, int, int]) -> None:
    data = placeholder.encode(32, 20, rgba((*colour, 255)))
    _, _, shown = placeholder.decode(data)
    assert all(abs(seen - meant) <= 12 for seen, meant in zip(shown[:3], colour, strict=True))
    told = placeholder.average(data)
    assert all(abs(int(told[at : at + 2], 16) - meant) <= 12 for at, meant in zip((1, 3, 5), colour, strict=True))


def test_transparency_is_kept() -> None:
    clear = bytes((0, 0, 0, 0)) * 16 + bytes((255, 0, 0, 255)) * 16
    _, _, shown = placeholder.decode(placeholder.encode(32, 20, clear * 20))
    row = shown[4 * 16 * 5 : 4 * 16 * 6]
    assert row[4 * 1 + 3] < 60
    assert row[4 * 14 + 3] > 195
    nothing = placeholder.encode(8, 8, bytes(8 * 8 * 4))
    assert max(placeholder.decode(nothing)[2][3::4]) < 20


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (101, 5), (5, 101)])
def test_a_large_picture_is_not_taken(width: int, height: int) -> None:
    with pytest.raises(ValueError):
        placeholder.encode(width, height, bytes(4 * width * height))


def test_as_a_png_it_is_the_same_picture() -> None:
    data = placeholder.encode(32, 20, halves())
    width, height, shown = placeholder.decode(data)
    with Image.open(io.BytesIO(placeholder.png(data)), formats=["PNG"]) as picture:
        assert (picture.size, picture.mode) == ((width, height), "RGBA")
        assert picture.tobytes() == shown


@given(data=st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_anyones_bytes_are_a_small_picture_or_none(data: bytes) -> None:
    try:
        width, height, shown = placeholder.decode(data)
    except ValueError:
        return
    assert 1 <= min(width, height) <= max(width, height) == 16
    assert len(shown) == 4 * width * height
    assert len(placeholder.average(data)) == 7
    assert placeholder.png(data).startswith(b"\x89PNG")
