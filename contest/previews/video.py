"""Video: a poster, frames along it, and a copy without metadata that browsers play. By FFmpeg's libraries."""

from __future__ import annotations

import contextlib
import io
import struct
import time
from collections.abc import Iterator
from typing import Any, NoReturn

import av
import av.bitstream
import av.subtitles.stream  # else loaded for the first file, and the child can load nothing
import pyvips
from av.error import FFmpegError
from av.stream import Disposition

from contest.previews import boxes, colours, extras, soundtrack
from contest.previews.canvas import Canvas, GiveUp, Renderer, check_room
from contest.previews.kinds import VIDEOS, Kind
from contest.previews.outcome import FACTS, MAX_EXTRA_BYTES, MAX_PIXELS

#: Frames along the video, beside the poster.
FRAMES = 7
#: What is decoded at all: what cameras, screen recorders and motion programs write. The others are code of
#: decades that nobody looks after.
_CODECS = frozenset(("h264", "hevc", "vp8", "vp9", "av1", "prores", "dnxhd", "cfhd", "mpeg4", "mjpeg", "png", "qtrle"))
#: Where the poster may be, as parts of the length: the first of these frames that is not blank.
_POSTER_AT = (0.1, 0.2, 0.35, 0.5, 0.75, 0.0)
#: A frame whose brightness spreads less than this, of 255, shows nothing.
_BLANK = 2.5
#: For one frame, for all frames, and on the wall: the copy needs the rest.
_FRAME_CPU_S, _BUDGET_CPU_S, _BUDGET_WALL_S = 1.5, 10.0, 22.0
_WALK = 10_000
#: Within these first bytes lie the tables of a WebM that we write.
_HEAD_BYTES = 1_000_000

#: Codecs in our copy: extension → (video, sound).
_CARRIED = {
    "mp4": (frozenset({"h264", "av1"}), frozenset({"aac", "mp3", "opus"})),
    "webm": (frozenset({"vp8", "vp9", "av1"}), frozenset({"opus", "vorbis"})),
}
#: Sound that they do not take is encoded for them up to this length in seconds: it is the dearest part of a copy.
_SOUND_S = 300.0
#: Bitstream filters that take out what a person may have written between the pictures.
_FILTERS = {"h264": "filter_units=remove_types=6", "av1": "filter_units=remove_types=5"}
#: Light beyond white is taken from frames with 16 bits up to so many pixels, and with 8 above.
_DEEP_PIXELS = 40_000_000
_UNKNOWN, ITU709, _ITU601 = 2, 1, 5
_FULL_RANGE = 2


def draw_video(data: Any, canvas: Canvas) -> None:
    """Poster and frames of an MP4, MOV, WebM, Matroska or AVI file, and its `mp4` or `webm` if a browser can play it.

    Ends as `damaged` if the file is cut off or a part of it cannot be decoded.
    """
    whole = _is_whole(data)
    try:
        with opened(data) as container:
            film = Film(container)
            shown = _pictures(film, canvas, data)
    except (FFmpegError, ValueError) as error:
        raise GiveUp("failed", "unreadable" if whole else "truncated") from error
    if not shown:
        raise GiveUp("failed", "unreadable" if whole else "truncated")
    if not whole:
        raise GiveUp("damaged", "truncated")
    if film.broken:
        raise GiveUp("damaged", "unreadable")


def _pictures(film: Film, canvas: Canvas, data: Any) -> int:
    """Draw poster, copy and frames; the number of pages made."""
    poster = film.poster()
    if poster is None:
        return 0
    first = film.picture(poster)
    ends = [] if canvas.quick else film.moments()
    said = {"pages": 1 + len(ends), "width": first.width, "height": first.height, **film.facts(poster)}
    canvas.source(**said)
    canvas.draw(first, label="poster", number=1)
    if canvas.quick:
        return 1
    told = _copy(film, data, canvas)
    pages = _draw_along(film, canvas, ends)
    if ends and pages == 1:
        # All moments lie behind its end: it is not as long as it notes.
        film.measure()
        pages = _draw_along(film, canvas, film.moments())
    found = said | film.facts(poster) | told | {"pages": pages}
    if found != said:
        canvas.source(**found)
    return pages


def _draw_along(film: Film, canvas: Canvas, moments: list[float]) -> int:
    """Draw the frames at some moments, each once, as far as there is time; the number of pages with the poster."""
    pages, seen = 1, set()
    for moment in moments:
        if canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S):
            break
        frame = film.at(moment)
        if frame is None or frame.pts in seen:
            continue
        seen.add(frame.pts)
        pages += 1
        canvas.draw(film.picture(frame), page=pages, label="frame", number=film.number(frame), largest="1280")
    return pages


def opened(data: Any) -> Any:
    """The file as one of three formats, by its bytes alone: playlists and lists of files are never tried."""
    name = {b"\x1aE\xdf\xa3": "matroska", b"RIFF": "avi"}.get(bytes(data[:4]), "mov")
    options = {"protocol_whitelist": "none"}
    if name == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    return av.open(
        _Reader(data), "r", format=name, container_options=options, metadata_errors="replace", io_open=_no_other
    )


class _Reader:
    """A file's bytes, or a mapping of them. FFmpeg may look behind their end, which a mapping refuses."""

    def __init__(self, data: Any) -> None:
        self._data, self._at = data, 0

    def read(self, size: int) -> bytes:
        part: bytes = self._data[self._at : self._at + size]
        self._at += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def _no_other(*_asked: Any) -> NoReturn:
    """A file that names another one gets nothing."""
    raise FileNotFoundError


class Film:
    """One open video: its first stream of pictures, and frames of it at any moment."""

    def __init__(self, container: Any) -> None:
        self.container = container
        films = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
        if not films:
            raise GiveUp("failed", "no_pages")
        self.stream = films[0]
        self.codec = codec_of(self.stream)
        if self.codec and self.stream.codec_context.codec_tag in ("encv", "drmi"):
            raise GiveUp("refused", "encrypted")
        if self.codec not in _CODECS:
            raise GiveUp("failed", "codec")
        if self.stream.width * self.stream.height > MAX_PIXELS:
            raise GiveUp("refused", "too_many_pixels")
        self.stream.codec_context.thread_count = 1
        self.sound = next(iter(container.streams.audio), None)
        #: Whether a part could not be decoded.
        self.broken = False
        self._start = self.stream.start_time or 0
        self._rate = float(self.stream.average_rate or self.stream.guessed_rate or 0)
        self._at: int | None = None
        self._frames: Iterator[Any] = iter(())
        self.seconds = self._length()

    def _length(self) -> float:
        """Length in seconds. What records a screen in a browser does not note it: then packets tell."""
        if self.container.duration:
            return float(self.container.duration / av.time_base)
        if self.stream.duration:
            return float(self.stream.duration * self.stream.time_base)
        return self._measured()

    def measure(self) -> None:
        """Take the length from the packets, whatever the file notes of it."""
        self.container.seek(0)
        self.seconds, self._at = self._measured(), None

    def _measured(self) -> float:
        last = self._start
        try:
            for packet in self.container.demux(self.stream):
                last = max(last, packet.pts or 0)
        except FFmpegError:
            self.broken = True
        self.container.seek(0)
        return float((last - self._start) * self.stream.time_base)

    def facts(self, frame: Any) -> dict[str, int]:
        found = {"sound": int(self.sound is not None), "hdr": int(meant(frame).hdr)}
        counts = {"duration_ms": round(self.seconds * 1000), "frames": self.stream.frames}
        return found | {name: count for name, count in counts.items() if 0 < count <= FACTS[name]}

    def moments(self) -> list[float]:
        """Seconds at which frames along the video are taken; none if it stands still."""
        count = self.stream.frames or round(self.seconds * self._rate)
        wanted = min(FRAMES, max(count - 1, 0))
        return [(each + 0.5) / wanted * self.seconds for each in range(wanted)]

    def number(self, frame: Any) -> int:
        """Which frame it is, as a person counts."""
        seconds = float((frame.pts - self._start) * self.stream.time_base)
        return max(1, round(seconds * self._rate) + 1)

    def poster(self) -> Any:
        """A frame near the beginning that shows something; one that shows nothing if there is no other."""
        blank = None
        for part in _POSTER_AT:
            frame = self.at(self._keyframe_after(part * self.seconds))
            if frame is None:
                continue
            if not _is_blank(frame):
                return frame
            blank = blank or frame
        return blank

    def _keyframe_after(self, second: float) -> float:
        """The moment of the next frame that stands for itself, if it is not far: it costs a hundredth of the others."""
        index = self.stream.index_entries
        found = index.search_timestamp(self._start + int(second / self.stream.time_base), backward=False)
        if found < 0:
            return second
        moment = float((index[found].timestamp - self._start) * self.stream.time_base)
        return moment if second <= moment <= second + self.seconds / 5 else second

    def at(self, second: float) -> Any:
        """The frame at `second`, or the last that could be decoded before it in the time for one; None if none."""
        wanted = self._start + int(second / self.stream.time_base)
        if self._must_seek(wanted):
            self._at = None
            try:
                self.container.seek(wanted, stream=self.stream, backward=True)
            except FFmpegError:
                # An AVI without its end has no index: then what comes next is all that there is.
                with contextlib.suppress(FFmpegError):
                    self.container.seek(0)
            self._frames = self.container.decode(self.stream)
        found, began = None, time.process_time()
        try:
            for frame in self._frames:
                if frame.pts is None:
                    continue
                found, self._at = frame, frame.pts
                if frame.pts >= wanted or time.process_time() - began > _FRAME_CPU_S:
                    break
        except FFmpegError:
            self.broken, self._at = True, None
        return found

    def _must_seek(self, wanted: int) -> bool:
        """Whether to jump rather than decode on from where we are."""
        if self._at is None or wanted <= self._at:
            return True
        index = self.stream.index_entries
        found = index.search_timestamp(wanted, backward=True)
        return bool(found >= 0 and index[found].timestamp > self._at)

    def picture(self, frame: Any) -> pyvips.Image:
        """A frame in sRGB as one sees it: colours by what the file says, square pixels, turned upright."""
        alpha = has_alpha(frame)
        said = meant(frame)
        deep = said.hdr and frame.width * frame.height <= _DEEP_PIXELS
        pixels = frame.reformat(
            format=("rgba64le" if alpha else "rgb48le") if deep else "rgba" if alpha else "rgb24",
            src_colorspace=matrix_of(frame),
            dst_color_range=_FULL_RANGE,
            threads=1,
        ).to_ndarray()
        height, width, bands = pixels.shape
        image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "ushort" if deep else "uchar")
        image = colours.from_numbers(image, said).copy(interpretation="srgb")
        aspect = self.stream.sample_aspect_ratio
        if aspect and 0.2 < aspect < 5 and aspect != 1:
            image = image.resize(float(aspect), vscale=1.0)
        turns = round(-frame.rotation / 90) % 4
        return (image.rot(f"d{turns * 90}") if turns else image).copy_memory()


def matrix_of(frame: Any) -> int | None:
    """How a frame's numbers become red, green and blue, by its number in ITU-T H.273; None if they are that."""
    matrix: int = frame.colorspace
    # What says nothing is standard definition or not by its size, as browsers have it.
    if matrix == _UNKNOWN:
        matrix = ITU709 if frame.height >= 720 or frame.width >= 1280 else _ITU601
    return matrix if not frame.format.is_rgb and matrix in (ITU709, 4, _ITU601, 6, 7, 9) else None


def has_alpha(frame: Any) -> bool:
    return any(component.is_alpha for component in frame.format.components)


def meant(frame: Any) -> colours.Cicp:
    """What a frame says of its colours."""
    return colours.of_film(frame.color_primaries, frame.color_trc)


def _is_blank(frame: Any) -> bool:
    grey = frame.reformat(width=64, height=64, format="gray", threads=1).to_ndarray()
    return bool(grey.std() < _BLANK)


def codec_of(stream: Any) -> str:
    """The name of a stream's codec, "" if there is nothing to decode it with."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context is not None else ""


# The copy ------------------------------------------------------------------------------------------


def _copy(film: Film, data: Any, canvas: Canvas) -> dict[str, int]:
    """Write the packets of pictures and sound into a new file, if a browser plays them; else, or on error, nothing.

    Returns what is to be said of it: `mute` of a film whose sound is left out.
    """
    preset = _preset(film, data)
    if preset is None or not canvas.wants(preset) or len(data) > MAX_EXTRA_BYTES - 10_000_000:
        return {}
    path = canvas.extra(preset)
    try:
        # An opening of its own: the other one stands where frames are decoded.
        with opened(data) as container:
            heard = _carry(container, film, str(path), preset)
        (_blank_tags if preset == "webm" else blank_notes)(path)
        with path.open("rb") as file:
            width, height = extras.measure(preset, file, path.stat().st_size)
    except (FFmpegError, ValueError) as error:
        check_room(error)
        path.unlink(missing_ok=True)
        return {}
    canvas.made_extra(preset, width=width, height=height)
    return {} if heard or film.sound is None else {"mute": 1}


def _preset(film: Film, data: Any) -> str | None:
    """The format of a copy that browsers play. None of an AVI: its packets do not tell when they are to be seen."""
    if data[:4] == b"RIFF":
        return None
    if film.codec == "h264":
        return "mp4" if film.stream.pix_fmt in ("yuv420p", "yuvj420p") else None
    if film.codec == "av1":
        return "webm" if data[:4] == b"\x1aE\xdf\xa3" else "mp4"
    return "webm" if film.codec in _CARRIED["webm"][0] else None


def _carry(container: Any, film: Film, path: str, preset: str) -> bool:
    """Write the copy; whether it has sound. What the format does not take is encoded, if it is not long."""
    source = [container.streams[film.stream.index]]
    sound = None if film.sound is None else container.streams[film.sound.index]
    carried = sound is not None and codec_of(sound) in _CARRIED[preset][1]
    if carried:
        source.append(sound)
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if preset == "mp4" else {})
    with av.open(path, "w", format=preset, container_options=options) as target:
        streams = {each.index: target.add_stream_from_template(each, opaque=True) for each in source}
        pictures = source[0].index
        described = _FILTERS.get(film.codec)
        cleaner = described and av.bitstream.BitStreamFilterContext(described, source[0], streams[pictures])
        times = iter(_decoding_times(container, source[0])) if _matroska_film(container, film) else None
        track = None
        if not carried and film.seconds <= _SOUND_S:
            track = soundtrack.begin(container, sound, target, preset, until_s=_SOUND_S)
        for packet in container.demux(source + ([sound] if track else [])):
            index = packet.stream.index
            if track is not None and index == track.index:
                track.take(packet)
                continue
            if not packet.size:
                continue
            if times is not None and index == pictures:
                packet.dts = next(times)
            try:
                cleaned = cleaner.filter(packet) if cleaner and index == pictures else (packet,)
            except FFmpegError:
                continue  # a broken packet: what is around it still plays
            for each in cleaned:
                each.stream = streams[index]
                target.mux_one(each)
        if track is not None:
            track.end()
    return carried or track is not None


def _matroska_film(container: Any, film: Film) -> bool:
    return film.codec == "h264" and "matroska" in container.format.name


def _decoding_times(container: Any, stream: Any) -> list[int]:
    """When each packet is to be decoded: Matroska tells only when it is to be seen, and an MP4 needs both."""
    packets = [(packet.pts, packet.dts) for packet in container.demux(stream) if packet.size]
    container.seek(0)
    if all(decoded is not None for _, decoded in packets):
        return [decoded for _, decoded in packets]
    if any(seen is None for seen, _ in packets):
        raise ValueError("packets without a time")
    ordered = sorted(seen for seen, _ in packets)
    late = max((when - seen for when, (seen, _) in zip(ordered, packets, strict=True)), default=0)
    return [when - late for when in ordered]


def blank_notes(path: Any) -> None:
    """Turn the table of notes, which the writer of MP4 adds though it is empty, into room of the same length."""
    with path.open("r+b") as file:
        for start, length in boxes.notes(file, path.stat().st_size):
            file.seek(start)
            file.write(boxes.free(length))


_SEEK_TO_TAGS = b"\x53\xab\x84\x12\x54\xc3\x67"


def _blank_tags(path: Any) -> None:
    """Turn what the writer of WebM notes of its own, lengths as tags, into nothing of the same length."""
    with path.open("r+b") as file:
        head = bytearray(file.read(_HEAD_BYTES))
        for name, start, end in list(boxes.webm_top(file, path.stat().st_size)):
            if name == boxes.TAGS:
                file.seek(start)
                file.write(boxes.void(end - start))
        at = head.find(_SEEK_TO_TAGS)
        if at >= 3:
            # Seek: its id, one byte of length, then the seven bytes that were found, then the position.
            file.seek(at - 3)
            file.write(boxes.void(3 + (head[at - 1] & 0x7F)))
        _blank_vorbis(file, head)


def _blank_vorbis(file: Any, head: bytearray) -> None:
    """Vorbis keeps titles and names in the second of its headers: make them one blank name of the writer."""
    at, end = head.find(b"\x03vorbis"), head.find(b"\x05vorbis")
    if 0 <= at < end and end - at >= 16:
        vendor = end - at - 16
        file.seek(at)
        file.write(b"\x03vorbis" + struct.pack("<I", vendor) + b" " * vendor + bytes(4) + b"\x01")


# Whether it is all there ---------------------------------------------------------------------------


def _is_whole(data: Any) -> bool:
    """Whether the file reaches as far as its outermost boxes say."""
    size, at = len(data), 0
    if data[:4] == b"\x1aE\xdf\xa3":
        return boxes.webm_reaches(data[:64], size)
    if data[:4] == b"RIFF":
        # A longer film has further ones behind it, and some programs a rest of zeros.
        return 8 + int.from_bytes(data[4:8], "little") <= size
    for _ in range(_WALK):
        if at == size:
            return True
        if at + 8 > size:
            # Some programs end a file with a few zeros.
            return not any(data[at:size])
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length == 0:
            return True
        if length < 8 or at + length > size:
            return False
        at += length
    return True


RENDERERS: dict[Kind, Renderer] = dict.fromkeys(VIDEOS, draw_video)
