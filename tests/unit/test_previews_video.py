"""Videos: posters, frames, colours, the copy that browsers play, and that nothing else is opened."""

from __future__ import annotations

import io
import socket
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest
import pyvips

from contest.previews import boxes, client, video
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.extras import measure
from contest.previews.kinds import Kind, identify
from contest.previews.outcome import EXTRAS, PRESETS
from tests.samples import CANARY
from tests.samples.video import MARKED, RED, SAMPLES, film, film_apart, sound


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


@dataclass
class Made:
    result: Result
    files: dict[tuple[int, str], bytes] = field(default_factory=dict)

    @property
    def copy(self) -> bytes:
        return next(data for (_, preset), data in self.files.items() if preset in ("mp4", "webm"))

    def picture(self, page: int, preset: str = "320") -> pyvips.Image:
        return pyvips.Image.new_from_buffer(self.files[page, preset], "")


def made(server: PreviewServer, data: bytes, kind: Kind | None = None, **options: Any) -> Made:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        found = kind or identify(file, size=len(data))  # type: ignore[arg-type]
        assert found is not None
        files: dict[tuple[int, str], bytes] = {}

        def keep(output: Output) -> None:
            files[output.page, output.preset] = output.file.read() if output.file else output.data

        wanted = (*PRESETS, *EXTRAS)
        return Made(
            client.render(file, found, address=server.address, presets=wanted, keep=keep, **options),  # type: ignore[arg-type]
            files,
        )


def decoded(data: bytes) -> tuple[list[Any], list[Any]]:
    with av.open(io.BytesIO(data), "r") as container:
        streams = [(stream.type, stream.codec_context.codec.canonical_name) for stream in container.streams]
        return list(container.decode(video=0)), streams


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_poster_frames_and_a_copy(server: PreviewServer, kind: Kind) -> None:
    shown = made(server, SAMPLES[kind]())

    result = shown.result
    assert (result.verdict, result.reason, result.pages) == ("ready", None, 8)
    assert (result.width, result.height) == (64, 48)
    assert [page.label for page in result.page_list] == ["poster"] + ["frame"] * 7
    assert [page.number for page in result.page_list[1:]] == sorted({page.number for page in result.page_list[1:]})
    assert result.facts["sound"] == 1
    assert result.facts["hdr"] == 0
    assert 2900 <= result.facts["duration_ms"] <= 3150
    if kind is Kind.AVI:  # which has a clip instead
        assert not any(preset in ("mp4", "webm") for _, preset in shown.files)
        return
    frames, streams = decoded(shown.copy)
    assert len(frames) == 24
    assert [kind for kind, _ in streams] == ["video", "audio"]


@pytest.mark.parametrize("kind", MARKED)
def test_no_word_of_the_maker_is_left(server: PreviewServer, kind: Kind) -> None:
    data = MARKED[kind]()
    assert data.count(CANARY) >= 4

    shown = made(server, data)

    assert shown.result.verdict == "ready"
    assert any(preset in ("mp4", "webm") for _, preset in shown.files) is (kind is not Kind.AVI)
    for at, each in shown.files.items():
        assert CANARY not in each, at
        assert b"35.0" not in each, at


@pytest.mark.parametrize(
    ("container", "codec", "sound", "expected"),
    [
        ("mp4", "libx264", "mp3", ("mp4", ["h264", "mp3"])),
        ("matroska", "libx264", "libopus", ("mp4", ["h264", "opus"])),
        ("mov", "libx264", "pcm_s16le", ("mp4", ["h264", "aac"])),
        ("matroska", "libvpx-vp9", "aac", ("webm", ["vp9", "opus"])),
        ("matroska", "libx264", "wavpack", ("mp4", ["h264"])),
        ("avi", "libx264", "mp3", (None, [])),
        ("webm", "libvpx-vp9", "vorbis", ("webm", ["vp9", "vorbis"])),
        ("mp4", "libsvtav1", "", ("mp4", ["av1"])),
        ("mp4", "libx265", "aac", (None, [])),
        ("mov", "png", "", (None, [])),
    ],
)
def test_what_a_browser_plays_is_copied(
    server: PreviewServer, container: str, codec: str, sound: str, expected: tuple[str | None, list[str]]
) -> None:
    pixels = "rgb24" if codec == "png" else "yuv420p"
    make = film_apart if codec == "libsvtav1" else film
    shown = made(server, make(container, codec, sound, pixels=pixels))

    assert shown.result.verdict == "ready"
    assert shown.result.facts["sound"] == int(bool(sound))
    assert shown.result.facts.get("mute", 0) == int(sound == "wavpack")
    copies = [preset for _, preset in shown.files if preset in ("mp4", "webm")]
    assert copies == ([expected[0]] if expected[0] else [])
    if copies:
        frames, streams = decoded(shown.copy)
        assert len(frames) == 24
        assert [frame.pts for frame in frames] == sorted({frame.pts for frame in frames})
        assert [codec for _, codec in streams] == expected[1]


def test_pixels_that_browsers_cannot_show_are_not_copied(server: PreviewServer) -> None:
    shown = made(server, film(pixels="yuv444p"))

    assert shown.result.verdict == "ready"
    assert not any(preset in ("mp4", "webm") for _, preset in shown.files)


def test_it_begins_to_play_before_it_has_loaded(server: PreviewServer) -> None:
    data = made(server, SAMPLES[Kind.MOV]()).copy

    assert 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize(("turned", "upright"), [(90, (48, 64)), (-90, (48, 64)), (180, (64, 48))])
def test_it_stands_upright(server: PreviewServer, turned: int, upright: tuple[int, int]) -> None:
    shown = made(server, film(turned=turned))

    assert (shown.result.width, shown.result.height) == upright
    last = shown.picture(8)
    assert (last.width, last.height) == upright
    # The white bar lies along the upper edge as it was filmed, and the angle turns against the clock.
    at = {90: (4, 50), -90: (44, 14), 180: (50, 44)}[turned]
    assert min(last(*at)) > 200
    # The copy keeps the angle, for the player to turn.
    frames, _ = decoded(shown.copy)
    assert abs(frames[0].rotation) == abs(turned)


@pytest.mark.parametrize(("matrix", "full"), [(5, False), (1, False), (1, True), (9, False)])
def test_colours_are_those_that_the_file_means(server: PreviewServer, matrix: int, full: bool) -> None:
    shown = made(server, film(matrix=matrix, full=full))

    found = shown.picture(1, "1280")(5, 40)
    assert max(abs(one - other) for one, other in zip(found, RED, strict=True)) <= 6


def test_high_dynamic_range_is_noted(server: PreviewServer) -> None:
    for curve in (16, 18):
        assert made(server, film(matrix=9, curve=curve)).result.facts["hdr"] == 1


def test_the_poster_is_not_the_black_before_the_film(server: PreviewServer) -> None:
    shown = made(server, film(blank=12))

    assert shown.picture(1).deviate() > 10


def test_an_all_black_film_has_a_poster_all_the_same(server: PreviewServer) -> None:
    assert made(server, film(blank=24)).result.verdict == "ready"


def test_the_first_picture_alone(server: PreviewServer) -> None:
    shown = made(server, SAMPLES[Kind.MP4](), quick=True)

    assert {page for page, _ in shown.files} == {1}
    assert shown.result.page_list[0].label == "poster"
    assert not any(preset in EXTRAS for _, preset in shown.files)


def test_one_frame_is_one_page(server: PreviewServer) -> None:
    shown = made(server, film(frames=1))

    assert (shown.result.verdict, shown.result.pages) == ("ready", 1)


@pytest.mark.parametrize("kind", [Kind.MOV, Kind.WEBM, Kind.AVI])
def test_a_film_that_breaks_off_shows_what_there_is(server: PreviewServer, kind: Kind) -> None:
    data = SAMPLES[kind]() if kind is Kind.AVI else made(server, SAMPLES[kind]()).copy

    shown = made(server, data[: len(data) * 4 // 5])

    assert (shown.result.verdict, shown.result.reason) == ("damaged", "truncated")
    assert (1, "320") in shown.files


def test_a_length_that_is_a_lie_hides_nothing(server: PreviewServer) -> None:
    data = bytearray(film("matroska", "mpeg4"))
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 8] = struct.pack(">d", 1e12)

    result = made(server, bytes(data)).result

    assert (result.verdict, len(result.page_list)) == ("ready", 8)
    assert 2800 <= result.facts["duration_ms"] <= 3100


def test_a_film_without_its_table_fails(server: PreviewServer) -> None:
    data = film()  # the table stands at its end

    result = made(server, data[: len(data) // 2]).result

    assert (result.verdict, result.reason) == ("failed", "truncated")


def test_what_nobody_looks_after_is_not_decoded(server: PreviewServer) -> None:
    result = made(server, film("mov", "mpeg2video")).result

    assert (result.verdict, result.reason) == ("failed", "codec")


def test_sound_alone_has_no_pages(server: PreviewServer) -> None:
    result = made(server, sound()).result

    assert (result.verdict, result.reason) == ("failed", "no_pages")


# What other files and addresses a video may name ----------------------------------------------------


PLAYLISTS = (
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile {address}\n",
    "<MPD><Period><BaseURL>{address}</BaseURL></Period></MPD>",
    "[playlist]\nFile1={address}\n",
    "RTSPtext {address}",
)


@pytest.mark.parametrize("playlist", PLAYLISTS)
@pytest.mark.parametrize("kind", [Kind.MP4, Kind.MOV, Kind.WEBM, Kind.AVI])
def test_a_list_of_files_is_no_video(server: PreviewServer, playlist: str, kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        data = playlist.format(address=f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts").encode()

        assert identify(io.BytesIO(data), size=len(data)) is None
        result = made(server, data, kind).result

        assert result.verdict == "failed"
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_samples_that_lie_in_another_file_are_not_fetched(server: PreviewServer, tmp_path: Path) -> None:
    other = tmp_path / "other.mov"
    other.write_bytes(film("mov"))
    data = film("mov")  # the table stands at its end, so that it can grow
    own = struct.pack(">I4sI", 12, b"url ", 1)
    name = str(other).encode()
    # An alias as QuickTime writes it: volume, name, no levels, then the path as its item 2.
    alias = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16) + bytes(20)
    alias += struct.pack(">2H", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">2H", 0xFFFF, 0)
    named = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = data.rfind(box) - 4
        (length,) = struct.unpack(">I", data[at : at + 4])
        data = data[:at] + struct.pack(">I", length + len(alias)) + data[at + 4 :]
    data = named.join(data.rsplit(own, 1))
    at, end = data.find(b"mdat") + 4, data.find(b"moov") - 4
    data = data[:at] + bytes(end - at) + data[end:]
    # A reader without our care finds the pictures.
    careless = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(io.BytesIO(data), "r", format="mov", container_options=careless) as container:
        assert len(list(container.decode(video=0))) == 24

    result = made(server, data, Kind.MOV).result

    assert (result.verdict, result.reason) == ("failed", "unreadable")


# The last look before it is stored -----------------------------------------------------------------


def _measured(preset: str, data: bytes) -> tuple[int, int]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return measure(preset, file, len(data))


@pytest.fixture(scope="module")
def copies(server: PreviewServer) -> dict[str, bytes]:
    return {"mp4": made(server, SAMPLES[Kind.MP4]()).copy, "webm": made(server, SAMPLES[Kind.WEBM]()).copy}


@pytest.mark.parametrize("preset", ["mp4", "webm"])
def test_our_own_copy_is_sound(copies: dict[str, bytes], preset: str) -> None:
    assert _measured(preset, copies[preset]) == (64, 48)


@pytest.mark.parametrize("preset", ["mp4", "webm"])
def test_an_entrants_file_is_never_taken_for_ours(copies: dict[str, bytes], preset: str) -> None:
    marked = MARKED[Kind(preset)]()
    for data in (marked, SAMPLES[Kind(preset)](), copies[preset][:-1], copies[preset] + b"\0" * 8, b"", b"\0" * 64):
        with pytest.raises(ValueError):
            _measured(preset, data)


@pytest.mark.parametrize(
    ("preset", "was", "now"),
    [
        ("mp4", b"ftypisom", b"uuidisom"),
        ("mp4", b"VideoHandler\0", b"Taro Yamada!\0"),
        ("mp4", b"mvhd\0\0\0\0\0\0\0\0", b"mvhd\0\0\0\0\0\0\0\1"),
        ("mp4", b"url \0\0\0\1", b"url \0\0\0\0"),
        ("mp4", b"avc1\0\0\0\0", b"jpeg\0\0\0\0"),
        ("webm", b"Lavf", b"Taro"),
        ("webm", b"\x83und", b"\x83deu"),
        ("webm", b"V_VP8", b"V_XYZ"),
        ("webm", b"\x16\x54\xae\x6b", b"\x12\x54\xc3\x67"),
    ],
)
def test_each_place_for_a_word_is_looked_at(copies: dict[str, bytes], preset: str, was: bytes, now: bytes) -> None:
    data = copies[preset]
    assert was in data

    with pytest.raises(ValueError):
        _measured(preset, data.replace(was, now))


def test_no_more_boxes_than_we_would_ever_write(copies: dict[str, bytes]) -> None:
    empty = (8).to_bytes(4, "big") + b"free"
    assert _measured("mp4", copies["mp4"] + empty * 3) == (64, 48)
    with pytest.raises(ValueError, match="too many"):
        _measured("mp4", copies["mp4"] + empty * 2000)


def test_nothing_inside_nothing(copies: dict[str, bytes]) -> None:
    data = copies["mp4"]
    at = data.find(b"free") + 4

    with pytest.raises(ValueError, match="nothing"):
        _measured("mp4", data[:at] + b"Taro" + data[at + 4 :])


@pytest.mark.parametrize("length", [2, 3, 127, 128, 129, 5000])
def test_an_element_of_nothing_is_as_long_as_asked(length: int) -> None:
    void = boxes.void(length)

    assert len(void) == length
    assert list(boxes._elements(void)) == [(0xEC, bytes(length - (2 if length < 128 else 9)))]


def test_remarks_in_the_sound_are_blanked() -> None:
    remark = b"ARTIST=" + CANARY
    words = b"\x03vorbis" + struct.pack("<I", 4) + b"Lavf" + struct.pack("<2I", 1, len(remark)) + remark + b"\1"
    head = b"\x01vorbis" + bytes(23) + words + b"\x05vorbis" + b"tables"
    file = io.BytesIO(head)

    video._blank_vorbis(file, bytearray(head))

    assert len(file.getvalue()) == len(head)
    assert CANARY not in file.getvalue()
    assert boxes._is_silent(file.getvalue())
    assert not boxes._is_silent(head)
