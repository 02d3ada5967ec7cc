"""Colours of previews against those that were meant, as CIE76 distance in Lab (2.3 is just noticeable).

Each sample holds the same patches, which lie in every gamut here, in another space. The values come from the
definitions of these spaces, computed here, so that nothing is compared with itself. Of JPEG XL's space XYB,
which JPEG files wear as a profile, no library here writes any: `turned`, a profile whose red is blue's place,
stands for it, because the trap is the same, that of a picture which is nonsense without its profile.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import av
import numpy
import pytest
import pyvips

from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import Kind
from tests.rendering import near, pixels, preview
from tests.samples.pictures import RED, by_pillow, flat, png, png_chunk, two_colours

#: What a patch may be off: the loss of WebP, and for ink that of four inks in eight bits.
SCREEN, INK = 3.0, 5.0
PATCHES = (
    (200, 120, 60),
    (70, 130, 90),
    (90, 120, 160),
    (230, 230, 225),
    (45, 45, 48),
    (170, 80, 120),
    (128, 128, 128),
)
EDGE = 64


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


# Colour by its definitions.

SRGB = numpy.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
P3 = numpy.array([[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]])
BT2020 = numpy.array(
    [[0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017], [0.0, 0.0280727, 1.0609851]]
)
#: ProPhoto's are for the white of D50.
PROPHOTO = numpy.array([[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0.0, 0.0, 0.8252100]])
#: Bradford's adaptation of D65 to D50.
TO_D50 = numpy.array(
    [[1.0478112, 0.0228866, -0.0501270], [0.0295424, 0.9904844, -0.0170491], [-0.0092345, 0.0150436, 0.7521316]]
)
D65 = numpy.array([0.95047, 1.0, 1.08883])


def linear(levels: Any) -> Any:
    share = numpy.asarray(levels, dtype=float) / 255
    return numpy.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def srgb_levels(light: Any) -> Any:
    light = numpy.clip(light, 0, 1)
    return 255 * numpy.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def lab(levels: Any) -> Any:
    share = SRGB @ linear(levels) / D65
    f = numpy.where(share > 216 / 24389, numpy.cbrt(share), (24389 / 27 * share + 16) / 116)
    return numpy.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    return float(numpy.linalg.norm(lab(one) - lab(other)))


def profile(colorants: Any, gamma: float) -> bytes:
    """A display profile of version 2: three colorants for D50 as columns, and one curve."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(65536 * value)) for value in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags = {
        b"desc": text,
        b"cprt": b"text" + bytes(4) + b"none\0\0\0\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249),
    }
    for column, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        tags[name] = b"XYZ " + bytes(4) + fixed(*colorants[:, column])
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12)
    head += b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


# The samples.


def board(patches: Sequence[Sequence[float]], *, deep: bool = False) -> pyvips.Image:
    """Patches side by side."""
    top = 65535 / 255 if deep else 1
    values = numpy.round(numpy.asarray(patches) * top).astype(numpy.uint16 if deep else numpy.uint8)
    rows = numpy.repeat(numpy.repeat(values[None], EDGE, axis=0), EDGE, axis=1)
    image = pyvips.Image.new_from_memory(
        rows.tobytes(), rows.shape[1], EDGE, rows.shape[2], "ushort" if deep else "uchar"
    )
    return image.copy(interpretation="rgb16" if deep else "srgb")


def with_profile(colorants: Any, gamma: float, *, deep: bool = False) -> pyvips.Image:
    levels = [
        255 * numpy.clip(numpy.linalg.inv(colorants) @ TO_D50 @ SRGB @ linear(patch), 0, 1) ** (1 / gamma)
        for patch in PATCHES
    ]
    image = board(levels, deep=deep).copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile(colorants, gamma))
    return image


def in_numbers(primaries: int, transfer: int) -> bytes:
    """A PNG that says by numbers what its colours are."""
    space = {1: SRGB, 9: BT2020, 12: P3}[primaries]
    light = [numpy.linalg.inv(space) @ SRGB @ linear(patch) for patch in PATCHES]
    rows = board([coded(each, space, transfer) for each in light]).numpy()
    chunk = png_chunk(b"cICP", bytes([primaries, transfer, 0, 1]))
    return png(rows.shape[1], EDGE, chunk, rows=b"".join(b"\0" + row.tobytes() for row in rows))


def coded(light: Any, space: Any, transfer: int) -> Any:
    """Levels of a colour that is linear light in `space`."""
    if transfer == 18:
        return hlg_levels(light, float(space[1] @ light))
    return pq_levels(light) if transfer == 16 else srgb_levels(light)


def pq_levels(light: Any) -> Any:
    power = (numpy.clip(light, 0, None) * 203 / 10_000) ** 0.1593017578125
    return 255 * ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg_levels(light: Any, luminance: float) -> Any:
    """BT.2100's inverse of what a screen of 1000 candela per square metre does, then the curve."""
    scene = numpy.clip(light, 0, None) * 203 / 1000 * (luminance * 203 / 1000) ** ((1 - 1.2) / 1.2)
    logarithm = 0.17883277 * numpy.log(numpy.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return 255 * numpy.where(scene <= 1 / 12, numpy.sqrt(3 * scene), logarithm)


def lab_board() -> pyvips.Image:
    values = numpy.array([lab(patch) for patch in PATCHES], dtype=numpy.float32)
    rows = numpy.repeat(numpy.repeat(values[None], EDGE, axis=0), EDGE, axis=1)
    return pyvips.Image.new_from_memory(rows.tobytes(), rows.shape[1], EDGE, 3, "float").copy(interpretation="lab")


def ink() -> pyvips.Image:
    return board(PATCHES).icc_transform("cmyk", input_profile="srgb", black_point_compensation=True)


D50_P3 = TO_D50 @ P3
SAMPLES = {
    "srgb": (Kind.PNG, lambda: board(PATCHES).pngsave_buffer(), SCREEN),
    "p3-jpeg": (Kind.JPEG, lambda: with_profile(D50_P3, 2.2).jpegsave_buffer(Q=97, subsample_mode="off"), SCREEN),
    "p3-webp": (Kind.WEBP, lambda: with_profile(D50_P3, 2.2).webpsave_buffer(lossless=True), SCREEN),
    "p3-tiff": (Kind.TIFF, lambda: with_profile(D50_P3, 2.2).tiffsave_buffer(), SCREEN),
    "p3-avif": (
        Kind.AVIF,
        lambda: with_profile(D50_P3, 2.2).heifsave_buffer(compression="av1", Q=95, effort=0),
        SCREEN,
    ),
    "prophoto": (Kind.PNG, lambda: with_profile(PROPHOTO, 1.8).pngsave_buffer(), SCREEN),
    "prophoto-16": (Kind.PNG, lambda: with_profile(PROPHOTO, 1.8, deep=True).pngsave_buffer(), SCREEN),
    "turned": (Kind.PNG, lambda: with_profile((TO_D50 @ SRGB)[:, [1, 2, 0]], 2.2).pngsave_buffer(), SCREEN),
    "lab": (Kind.TIFF, lambda: lab_board().tiffsave_buffer(), SCREEN),
    "cmyk": (Kind.JPEG, lambda: ink().jpegsave_buffer(Q=97), INK),
    "cmyk-tiff": (Kind.TIFF, lambda: ink().tiffsave_buffer(), INK),
    "p3-numbers": (Kind.PNG, lambda: in_numbers(12, 13), SCREEN),
    "bt2020-numbers": (Kind.PNG, lambda: in_numbers(9, 13), SCREEN),
}


def worst(result: Result) -> float:
    """The largest distance of a patch from what it is meant to be."""
    shown = pixels(result.outputs[-1])
    return max(distance(shown(EDGE * n + EDGE // 2, EDGE // 2)[:3], patch) for n, patch in enumerate(PATCHES))


@pytest.mark.parametrize("name", SAMPLES)
def test_colours_come_out_as_they_were_meant(server: PreviewServer, name: str) -> None:
    kind, make, limit = SAMPLES[name]
    result = preview(server, make(), kind)
    assert result.verdict == "ready"
    assert worst(result) <= limit
    assert "hdr" not in result.facts


def test_the_samples_would_be_wrong_without_their_profiles(server: PreviewServer) -> None:
    for name in ("p3-tiff", "prophoto", "turned"):
        kind, make, _ = SAMPLES[name]
        image = pyvips.Image.new_from_buffer(make(), "").copy()
        image.remove("icc-profile-data")
        assert worst(preview(server, image.pngsave_buffer(), Kind.PNG)) > 5, name
    assert kind is Kind.PNG


@pytest.mark.parametrize("primaries", [1, 9, 12])
@pytest.mark.parametrize("transfer", [16, 18])
def test_light_beyond_white_is_shown_about_right_and_marked(
    server: PreviewServer, primaries: int, transfer: int
) -> None:
    result = preview(server, in_numbers(primaries, transfer), Kind.PNG)
    assert result.facts["hdr"] == 1
    # Eight bits are too few for it, and highlights are pressed together.
    assert worst(result) < 5


def film(primaries: int, transfer: int) -> bytes:
    """A short video of the patches with ten bits that says by numbers what its colours are."""
    space = {1: SRGB, 9: BT2020, 12: P3}[primaries]
    levels = [coded(numpy.linalg.inv(space) @ SRGB @ linear(patch), space, transfer) for patch in PATCHES]
    rows = board(levels, deep=True).numpy().astype("<u2")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        pictures: Any = target.add_stream("libx264", rate=8)
        pictures.width, pictures.height, pictures.pix_fmt = rows.shape[1], EDGE, "yuv420p10le"
        said = pictures.codec_context
        said.color_primaries, said.color_trc, said.colorspace, said.color_range = primaries, transfer, 9, 1
        frame = av.VideoFrame.from_ndarray(rows, format="rgb48le")
        target.mux(pictures.encode(frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)))
        target.mux(pictures.encode(None))
    return out.getvalue()


@pytest.mark.parametrize(("primaries", "transfer"), [(9, 16), (12, 16), (9, 18), (1, 18), (9, 1), (12, 1)])
def test_a_frame_of_a_video_is_what_its_numbers_mean(server: PreviewServer, primaries: int, transfer: int) -> None:
    result = preview(server, film(primaries, transfer), Kind.MP4)

    assert (result.verdict, result.facts["hdr"]) == ("ready", int(transfer in (16, 18)))
    assert worst(result) <= SCREEN


def test_an_avif_in_numbers_is_marked(server: PreviewServer) -> None:
    data = bytearray(by_pillow([two_colours()], "AVIF"))
    at = data.find(b"colrnclx") + 8
    assert at > 8
    assert "hdr" not in preview(server, bytes(data), Kind.AVIF).facts
    data[at : at + 4] = struct.pack(">HH", 9, 16)
    assert preview(server, bytes(data), Kind.AVIF).facts["hdr"] == 1


def test_print_colours_without_a_profile_are_guessed(server: PreviewServer) -> None:
    image = ink().copy()
    image.remove("icc-profile-data")
    assert worst(preview(server, image.jpegsave_buffer(Q=97, keep="none"), Kind.JPEG)) < 12


def test_the_black_of_ink_is_black(server: PreviewServer) -> None:
    black = (pyvips.Image.black(90, 60, bands=4) + [200, 190, 180, 255]).cast("uchar").copy(interpretation="cmyk")
    assert near(pixels(preview(server, black.tiffsave_buffer(), Kind.TIFF).outputs[1]), 40, 30, (0, 0, 0), 24)


def test_a_broken_profile_is_no_reason_to_show_nothing(server: PreviewServer) -> None:
    data = two_colours().jpegsave_buffer(Q=95)
    for said in (b"this is no profile at all" * 10, profile(D50_P3, 2.2)[:200], b""):
        body = b"ICC_PROFILE\0\x01\x01" + said
        result = preview(server, data[:2] + b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body + data[2:], Kind.JPEG)
        assert result.verdict == "ready"
        assert near(pixels(result.outputs[1]), 50, 100, RED)


def test_a_profile_for_other_colours_than_the_pictures_is_no_reason_either(server: PreviewServer) -> None:
    grey = flat(90, 60, (128, 128, 128)).extract_band(0).copy(interpretation="b-w")
    grey.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile(D50_P3, 2.2))
    lab_with = lab_board().copy()
    lab_with.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile(D50_P3, 2.2))
    assert near(pixels(preview(server, grey.pngsave_buffer(), Kind.PNG).outputs[1]), 40, 30, (128, 128, 128), 16)
    assert worst(preview(server, lab_with.tiffsave_buffer(), Kind.TIFF)) <= SCREEN


@pytest.mark.parametrize("interpretation", ["grey16", "rgb16"])
def test_sixteen_bits_become_eight(server: PreviewServer, interpretation: str) -> None:
    bands = 1 if interpretation == "grey16" else 3
    image = (pyvips.Image.black(300, 200, bands=bands) + 128 * 257).cast("ushort").copy(interpretation=interpretation)
    for data, kind in ((image.pngsave_buffer(bitdepth=16), Kind.PNG), (image.tiffsave_buffer(), Kind.TIFF)):
        assert near(pixels(preview(server, data, kind).outputs[1]), 150, 100, (128, 128, 128), 3)


def test_channels_beyond_colour_and_alpha_hide_nothing(server: PreviewServer) -> None:
    image = two_colours().bandjoin([0, 0])
    shown = pixels(preview(server, image.tiffsave_buffer(), Kind.TIFF).outputs[1])
    assert near(shown, 50, 100, RED)
