"""The clip of a video that browsers do not play: a copy for viewing, encoded anew as H.264 and not large.

A rendering of its own after that of the pictures, because it may take as long as the clip lasts. What is cut off
by its limits (length, processor time) is the end; what is there plays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy
import pyvips
from av.error import FFmpegError

from contest.previews import colours, extras, soundtrack, video
from contest.previews.canvas import Canvas, GiveUp, Renderer, check_room
from contest.previews.kinds import VIDEOS, Kind

#: At most so long an edge in pixels, and so many seconds of the film.
EDGE, SECONDS = 1280, 60.0
#: Frames closer to each other than this are left out: at most thirty a second, as few cameras need more.
_SHORTEST_S = 1 / 33
#: What it may take: as many processor seconds as the longest clip lasts, and on the wall the time that these need
#: at a low priority beside other work.
_CPU_S, _WALL_S = 60.0, 360.0
#: Good enough for an interface's small text, and never more than 30 MB.
_ENCODING = {"preset": "veryfast", "crf": "23", "maxrate": "4M", "bufsize": "8M"}
#: A keyframe after so many frames, so that a player finds its place.
_KEYFRAMES = 60
_TICKS = Fraction(1, 90_000)
_LIMITED_RANGE = 1
#: Edge of the table through which foreign colours go; between its entries they are blended.
_TABLE = 33
#: For that: three planes of 16 bits, for which the filter has its fast code.
_DEEP = "gbrp16le"


def draw_clip(data: Any, canvas: Canvas) -> None:
    """The extra `mp4` of a video, and the fact `clip_ms`: how much of the film it shows; `mute` without its sound.

    Upright pixels are square; colours are sRGB's as those of the poster; what is transparent is white. Raises GiveUp,
    and OSError if the disk is full.
    """
    path = canvas.extra("mp4")
    try:
        with video.opened(data) as container:
            film = _Clip(video.Film(container), canvas)
            shown_s = film.write(path)
        video.blank_notes(path)
        with path.open("rb") as file:
            width, height = extras.measure("mp4", file, path.stat().st_size)
    except (FFmpegError, ValueError) as error:
        check_room(error)
        raise GiveUp("failed", "unreadable") from error
    canvas.source(pages=1, width=width, height=height, clip_ms=max(1, round(shown_s * 1000)), mute=int(film.mute))
    canvas.made_extra("mp4", width=width, height=height)


class _Clip:
    """One film on its way into an MP4."""

    def __init__(self, film: video.Film, canvas: Canvas) -> None:
        self._film, self._canvas = film, canvas
        first = film.at(0.0)
        if first is None:
            raise GiveUp("failed", "unreadable")
        film.container.seek(0)
        self._first = first
        self._size = _fit(first, film.stream.sample_aspect_ratio)
        self._origin_s = Fraction(film.container.start_time or 0, av.time_base)
        said = video.meant(first)
        self._colours = _Colours(said, canvas.scratch("colours.cube")) if said.foreign else None
        #: The moment of the frame that was taken last, and what the clip shows; in seconds.
        self._last_s = -1.0
        self._shown_s = 0.0
        #: Whether the film has sound that could not be decoded.
        self.mute = False

    def write(self, path: Path) -> float:
        """Write the file; the seconds of the film that are in it."""
        film = self._film
        options = {"fflags": "+bitexact", "movflags": "+faststart"}
        with av.open(str(path), "w", format="mp4", container_options=options) as target:
            pictures = self._pictures(target)
            sound = soundtrack.begin(
                film.container, film.sound, target, "mp4", origin_s=self._origin_s, until_s=SECONDS
            )
            self.mute = film.sound is not None and sound is None
            for packet in _packets(film.container, [film.stream] + ([film.sound] if sound else [])):
                if sound is not None and packet.stream.index == sound.index:
                    # Of the pictures this may be the last one, and hours of sound behind it.
                    sound.take(packet)
                else:
                    for frame in _frames(packet):
                        if self._takes(frame):
                            target.mux(pictures.encode(self._drawn(frame)))
                if self._last_s > SECONDS:
                    break
                # Of what takes so long, there is at least something to see.
                if self._last_s >= 0 and self._canvas.late(cpu_s=_CPU_S, wall_s=_WALL_S):
                    break
            target.mux(pictures.encode(None))
            if sound is not None:
                sound.end()
        return self._shown_s

    def _pictures(self, target: Any) -> Any:
        rate = self._film.stream.average_rate or self._film.stream.guessed_rate or 30
        stream = target.add_stream("libx264", rate=min(Fraction(rate), 30), options=dict(_ENCODING))
        stream.width, stream.height, stream.pix_fmt = *self._size, "yuv420p"
        context = stream.codec_context
        context.time_base, context.gop_size, context.thread_count = _TICKS, _KEYFRAMES, 1
        context.colorspace = context.color_primaries = context.color_trc = video.ITU709
        context.color_range = _LIMITED_RANGE
        if self._first.rotation:
            stream.set_display_rotation(self._first.rotation)
        return stream

    def _takes(self, frame: Any) -> bool:
        """Whether a frame belongs to the clip: neither behind its end nor too close to the one before."""
        if frame.pts is None:
            return False
        at_s = float(frame.pts * frame.time_base - self._origin_s)
        if at_s - self._last_s < _SHORTEST_S:
            return False
        self._last_s = at_s
        if at_s > SECONDS:
            return False
        self._shown_s = min(SECONDS, at_s + float((frame.duration or 0) * frame.time_base))
        return True

    def _drawn(self, frame: Any) -> Any:
        """A frame as the encoder takes it."""
        width, height = self._size
        matrix = video.matrix_of(frame)
        small = {"width": width, "height": height, "src_colorspace": matrix, "interpolation": "BILINEAR", "threads": 1}
        at = frame.pts * frame.time_base - self._origin_s
        if self._colours is not None:
            frame = self._colours.changed(frame.reformat(format=_DEEP, dst_color_range=2, **small))
            small["src_colorspace"] = None
        elif video.has_alpha(frame):
            frame = _on_white(frame.reformat(format="rgba", dst_color_range=2, **small))
            small["src_colorspace"] = None
        made = frame.reformat(format="yuv420p", dst_colorspace=video.ITU709, dst_color_range=_LIMITED_RANGE, **small)
        made.pts, made.time_base = round(at / _TICKS), _TICKS
        # Where keyframes stand is the encoder's to say.
        made.pict_type = 0
        return made


class _Colours:
    """Foreign colours to those of sRGB, frame by frame, through a table that is made as the poster is."""

    def __init__(self, said: colours.Cicp, path: Path) -> None:
        levels = numpy.linspace(0, 65_535, _TABLE).round().astype("uint16")
        blue, green, red = numpy.meshgrid(levels, levels, levels, indexing="ij")
        grid = numpy.stack([red, green, blue], axis=-1).reshape(1, -1, 3)
        image = pyvips.Image.new_from_memory(grid.tobytes(), grid.shape[1], 1, 3, "ushort")
        made = colours.from_numbers(image.copy(interpretation="rgb16"), said).numpy().reshape(-1, 3) / 255
        rows = "\n".join(f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in made.tolist())
        path.write_text(f"LUT_3D_SIZE {_TABLE}\n{rows}\n")
        # By its name alone, since this process stands in its folder: a path could hold what a filter's options mean.
        self._name = path.name
        self._graph: Any = None

    def changed(self, frame: Any) -> Any:
        """`frame`, of the kind _DEEP, as sRGB of the same size and kind."""
        if self._graph is None:
            self._graph = av.filter.Graph()
            self._graph.threads = 1
            nodes = (
                self._graph.add_buffer(
                    width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
                ),
                self._graph.add("lut3d", file=self._name, interp="tetrahedral"),
                self._graph.add("buffersink"),
            )
            self._graph.link_nodes(*nodes).configure()
        self._graph.push(frame)
        return self._graph.pull()


def _packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """The packets of streams, as far as they can be found."""
    try:
        yield from container.demux(streams)
    except FFmpegError:
        return


def _frames(packet: Any) -> list[Any]:
    """The frames of a packet; none of a broken one, for what is around it still plays."""
    try:
        return list(packet.decode())
    except FFmpegError:
        return []


def _fit(frame: Any, aspect: Fraction | None) -> tuple[int, int]:
    """The size of the clip: square pixels, no more of them than the film has, even numbers as the encoder wants."""
    width = float(frame.width * (aspect if aspect and 0.2 < aspect < 5 else 1))
    scale = min(1.0, EDGE / max(width, frame.height))
    return max(2, round(width * scale / 2) * 2), max(2, round(frame.height * scale / 2) * 2)


def _on_white(frame: Any) -> Any:
    """RGB of a frame with alpha, of the same size."""
    pixels = frame.to_ndarray().astype("uint16")
    alpha = pixels[..., 3:]
    flat = (pixels[..., :3] * alpha + 255 * (255 - alpha)) // 255
    return av.VideoFrame.from_ndarray(flat.astype("uint8"), format="rgb24")


RENDERERS: Mapping[Kind, Renderer] = dict.fromkeys(VIDEOS, draw_clip)
