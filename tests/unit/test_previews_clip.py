"""The clip of a video that browsers do not play: what it shows, that it plays, and where it ends."""

from __future__ import annotations

import errno
import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from contest.previews import clip, pipeline, video
from contest.previews.canvas import Canvas, Renderer
from contest.previews.client import PreviewServer, RendererGone, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import PRESETS
from contest.previews.pipeline import EVERYTHING, Order
from tests.pictures import png
from tests.rendering import preview
from tests.samples import CANARY
from tests.samples.video import RED, film


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def _clip(server: PreviewServer, data: bytes, kind: Kind = Kind.MOV) -> tuple[Result, bytes]:
    result = preview(server, data, kind, presets=("mp4",), clips=True)
    (output,) = result.outputs
    assert (result.verdict, output.preset, output.page) == ("ready", "mp4", 1)
    assert output.file is not None
    with output.file as file:
        return result, file.read()


def _frames(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data), "r") as container:
        return list(container.decode(video=0))


def _colour(frame: Any, x: int, y: int) -> list[int]:
    pixels = frame.reformat(format="rgb24", src_colorspace=1, dst_color_range=2).to_ndarray()
    return [int(value) for value in pixels[y, x]]


def _near(seen: list[int], meant: tuple[int, ...], distance: int = 10) -> bool:
    return all(abs(one - other) <= distance for one, other in zip(seen, meant, strict=True))


@pytest.mark.parametrize(
    ("container", "codec", "pixels", "sound", "heard"),
    [
        ("mp4", "libx265", "yuv420p10le", "aac", ["aac"]),
        ("mov", "prores_ks", "yuv422p10le", "pcm_s16le", ["aac"]),
        ("mp4", "libx264", "yuv422p10le", "mp3", ["aac"]),
        ("matroska", "libx264", "yuv444p", "vorbis", ["aac"]),
        ("matroska", "mpeg4", "yuv420p", "flac", ["aac"]),
        ("mov", "mjpeg", "yuvj420p", "", []),
        ("mov", "qtrle", "rgb24", "alac", ["aac"]),
        ("avi", "mpeg4", "yuv420p", "ac3", ["aac"]),
        # What few programs write is not opened: the pictures are all there is.
        ("matroska", "mjpeg", "yuvj420p", "wavpack", []),
    ],
)
def test_browsers_play_it(
    server: PreviewServer, container: str, codec: str, pixels: str, sound: str, heard: list[str]
) -> None:
    data = film(container, codec, sound, pixels=pixels)
    result, made = _clip(server, data, {"matroska": Kind.WEBM, "avi": Kind.AVI}.get(container, Kind.MOV))

    assert 2900 <= result.facts["clip_ms"] <= 3150
    assert result.facts["mute"] == int(bool(sound) and not heard)
    with av.open(io.BytesIO(made), "r") as opened:
        (pictures,) = opened.streams.video
        context = pictures.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert [stream.codec_context.codec.canonical_name for stream in opened.streams.audio] == heard
        for stream in opened.streams.audio:
            assert stream.layout.name == "stereo"
            assert 2.9 < float(stream.duration * stream.time_base) < 3.1
        frames = list(opened.decode(pictures))
    assert [round(frame.time, 3) for frame in frames] == [number / 8 for number in range(24)]
    assert _near(_colour(frames[-1], 5, 40), RED)
    assert _near(_colour(frames[-1], 5, 4), (255, 255, 255))
    assert 0 < made.find(b"moov") < made.find(b"mdat")


def _loud(container: str, codec: str, channels: str, *, seconds: int = 4, pictures: int | None = None) -> bytes:
    """A film whose sound is noise, which no encoder makes small, at twice the rate of ours.

    `pictures`: how many there are, one a second; as many as the sound needs unless given.
    """
    rate, out = 96_000, io.BytesIO()
    noise = numpy.random.default_rng(1).integers(-9_000, 9_000, (seconds * rate // 960, 960 * 6), dtype="int16")
    with av.open(out, "w", format=container) as target:
        shown: Any = target.add_stream("mjpeg", rate=1)
        shown.width, shown.height, shown.pix_fmt = 64, 48, "yuvj420p"
        heard: Any = target.add_stream(codec, rate=rate)
        heard.layout = channels
        count = heard.layout.nb_channels
        for number in range(seconds if pictures is None else pictures):
            picture = av.VideoFrame.from_ndarray(numpy.full((48, 64, 3), number * 60, "uint8"), format="rgb24")
            target.mux(shown.encode(picture))
        for number, row in enumerate(noise):
            frame = av.AudioFrame.from_ndarray(row[None, : 960 * count], format="s16", layout=channels)
            frame.sample_rate, frame.pts = rate, number * 960
            target.mux(heard.encode(frame))
        target.mux([*shown.encode(None), *heard.encode(None)])
    return out.getvalue()


@pytest.mark.parametrize(("channels", "layout", "bits"), [("mono", "mono", 64_000), ("5.1", "stereo", 128_000)])
def test_sound_has_two_channels_and_a_bounded_rate(
    server: PreviewServer, channels: str, layout: str, bits: int
) -> None:
    with av.open(io.BytesIO(_clip(server, _loud("mov", "pcm_s16le", channels))[1]), "r") as opened:
        (heard,) = opened.streams.audio
        assert (heard.rate, heard.layout.name) == (48_000, layout)
        length_s = float(heard.duration * heard.time_base)
        sent = sum(packet.size for packet in opened.demux(heard))

    assert 3.9 < length_s < 4.1
    assert 8 * sent / length_s < bits * 1.1


def test_sound_that_breaks_leaves_the_pictures(server: PreviewServer) -> None:
    data = bytearray(film("matroska", "mjpeg", "flac", pixels="yuvj420p"))
    with av.open(io.BytesIO(bytes(data)), "r") as opened:
        packets = [bytes(packet) for packet in opened.demux(opened.streams.audio[0]) if packet.size]
    for at, mute in ((len(packets) // 2, 0), (0, 1)):
        for packet in packets[at:]:
            found = data.find(packet)
            if found >= 0:
                data[found : found + len(packet)] = bytes(len(packet))

        result, made = _clip(server, bytes(data), Kind.WEBM)

        assert (len(_frames(made)), result.facts["mute"]) == (24, mute)


def test_sound_of_one_sample_a_second_is_left_out(server: PreviewServer) -> None:
    data = bytearray(film("mov", "mjpeg", "pcm_s16le", pixels="yuvj420p"))
    rate = data.index(b"sowt", data.index(b"stsd", data.index(b"soun"))) + 28
    assert data[rate : rate + 4] == struct.pack(">I", 48_000 << 16)
    data[rate : rate + 4] = struct.pack(">I", 1 << 16)

    result, made = _clip(server, bytes(data))

    assert (len(_frames(made)), result.facts["mute"]) == (24, 1)
    assert len(made) < 100_000


def test_no_word_of_the_maker_is_left(server: PreviewServer) -> None:
    data = film("mov", "libx265", "aac", text=CANARY.decode(), flags="use_metadata_tags")
    assert CANARY in data

    assert CANARY not in _clip(server, data)[1]


@pytest.mark.parametrize(("curve", "matrix"), [(16, 9), (18, 9), (1, 9), (1, 1)])
def test_its_colours_are_those_of_the_poster(server: PreviewServer, curve: int, matrix: int) -> None:
    data = film("mp4", "libx265", pixels="yuv420p10le", matrix=matrix, curve=curve)
    with video.opened(data) as container:
        own = video.Film(container)
        frame = own.at(1.0)
        poster = own.picture(frame)

    shown = _frames(_clip(server, data, Kind.MP4)[1])[8]
    for x, y in ((5, 40), (5, 4), (60, 20)):
        assert _near(_colour(shown, x, y), tuple(poster(x, y)))


def test_what_is_transparent_is_white(server: PreviewServer) -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="mov") as target:
        stream: Any = target.add_stream("png", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgba"
        pixels = numpy.zeros((48, 64, 4), "uint8")
        pixels[:, 32:] = (*RED, 255)
        for _ in range(4):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba")))
        target.mux(stream.encode(None))

    frame = _frames(_clip(server, out.getvalue())[1])[0]
    assert _near(_colour(frame, 8, 24), (255, 255, 255))
    assert _near(_colour(frame, 56, 24), RED)


def test_it_is_small_even_and_upright(server: PreviewServer) -> None:
    result, made = _clip(server, film("mov", "mjpeg", pixels="yuvj420p", size=(1602, 802), frames=2, turned=90))

    assert (result.outputs[0].width, result.outputs[0].height) == (1280, 640)
    assert abs(_frames(made)[0].rotation) == 90


def _drawn(data: bytes, out: Path) -> tuple[dict[str, int], list[Any]]:
    told: list[dict[str, Any]] = []
    clip.draw_clip(data, Canvas(out, ("mp4",), told.append))
    (source,) = (event for event in told if event["event"] == "source")
    return source["facts"], _frames((out / "1-mp4.mp4").read_bytes())


@pytest.mark.parametrize(
    ("name", "value", "frames", "length"),
    [("SECONDS", 1.0, 9, 1000), ("_SHORTEST_S", 0.2, 12, 2875), ("_CPU_S", 0.0, None, None)],
)
def test_it_ends_where_it_must(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: float, frames: int | None, length: int | None
) -> None:
    monkeypatch.setattr(clip, name, value)

    facts, shown = _drawn(film("mov", "libx265", "pcm_s16le"), tmp_path)

    if frames is None:
        assert 1 <= len(shown) < 24
        assert facts["clip_ms"] == round(len(shown) * 125)
    else:
        assert (len(shown), facts["clip_ms"]) == (frames, length)


def test_sound_behind_the_last_picture_does_not_cost_the_clip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hours of it would take all the time that the renderer has, which then ends with nothing made."""
    monkeypatch.setattr(clip, "_CPU_S", 0.1)

    _drawn(_loud("matroska", "pcm_s16le", "stereo", seconds=20, pictures=2), tmp_path)

    with av.open(str(tmp_path / "1-mp4.mp4")) as opened:
        (heard,) = opened.streams.audio
        assert float(heard.duration * heard.time_base) < 15


@pytest.mark.parametrize(("draw", "codec"), [(clip.draw_clip, "mjpeg"), (video.draw_video, "libx264")])
def test_a_full_disk_is_not_the_films_fault(tmp_path: Path, draw: Renderer, codec: str) -> None:
    (tmp_path / "1-mp4.mp4").symlink_to("/dev/full")
    data = film("mov", codec, pixels="yuvj420p" if codec == "mjpeg" else "yuv420p")

    with pytest.raises(OSError, match="No space left") as raised:
        draw(data, Canvas(tmp_path, ("320", "mp4"), lambda _event: None))

    # As `render` tells it from what is wrong with the film.
    assert (type(raised.value), raised.value.errno) == (OSError, errno.ENOSPC)


def test_a_film_that_breaks_off_plays_as_far_as_it_goes(server: PreviewServer) -> None:
    data = film("matroska", "mjpeg", pixels="yuvj420p")

    result, made = _clip(server, data[: len(data) * 3 // 4], Kind.WEBM)

    assert 0 < len(_frames(made)) < 24
    assert result.facts["clip_ms"] < 3000


def test_nothing_else_has_a_clip(server: PreviewServer) -> None:
    with pytest.raises(RendererGone):
        preview(server, png(), Kind.PNG, presets=("mp4",), clips=True)


@pytest.mark.parametrize(
    ("make", "lacks"),
    [
        (lambda: film("mov", "libx264"), False),
        (lambda: film("mov", "libx265"), True),
        # One frame is a picture.
        (lambda: film("mov", "mjpeg", pixels="yuvj420p", frames=1), False),
    ],
)
def test_who_lacks_a_film(server: PreviewServer, tmp_path: Path, make: Callable[[], bytes], lacks: bool) -> None:
    path = tmp_path / "film"
    path.write_bytes(make())
    with path.open("rb") as file:
        result = pipeline.preview(file, Kind.MOV, Order(server.address, presets=EVERYTHING))

    assert set(PRESETS) <= {output.preset for output in result.outputs}
    assert pipeline.lacks_film(Kind.MOV, result) is lacks
