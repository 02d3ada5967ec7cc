"""Sound of a film, encoded anew for browsers: one channel or two at a bounded rate, whatever it was before."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError

from contest.previews.canvas import check_room

#: What is decoded: what cameras, recorders and editors write; all that is not packed (PCM) besides.
_CODECS = frozenset(("aac", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "eac3"))
_PLAIN = "pcm_"
#: Encoder and samples of its frames, by the container.
_ENCODERS = {"mp4": ("aac", 1024), "webm": ("libopus", 960)}
_RATE, _BITS = 48_000, 128_000
#: Slower sound is no film's: a single packet of it would last for hours of ours.
_SLOWEST = 4_000
#: Among so many packets is one that can be decoded, or there is nothing to hear.
_TRIED = 50


class Soundtrack:
    """The sound stream of an open container on its way into a target; ends where it cannot be decoded any more.

    Made by `begin`. Times are counted from `origin_s`; what comes after `until_s` is left out.
    """

    def __init__(self, source: Any, target: Any, preset: str, first: Any, origin_s: Fraction, until_s: float) -> None:
        encoder, samples = _ENCODERS[preset]
        layout = "mono" if first.layout.nb_channels == 1 else "stereo"
        self._target, self._origin_s, self._until_s = target, origin_s, until_s
        self._stream = target.add_stream(encoder, rate=_RATE)
        self._stream.layout, self._stream.bit_rate = layout, _BITS if layout == "stereo" else _BITS // 2
        kind = self._stream.codec_context.format.name
        self._resampler = av.AudioResampler(format=kind, layout=layout, rate=_RATE, frame_size=samples)
        self._over = False
        #: Where the last frame stood, in seconds: what does not come after it is left out.
        self._last_s = Fraction(-1)
        #: Where it ended.
        self._next_s = Fraction(0)
        self.index: int = source.index

    def take(self, packet: Any) -> None:
        """Encode what a packet holds. Raises OSError if the disk is full."""
        if self._over:
            return
        for frame in _frames(packet):
            # Some formats tell when a packet is to be heard, and not each frame in it.
            told = None if frame.pts is None else frame.pts * frame.time_base - self._origin_s
            at_s = self._next_s if told is None else told
            if self._last_s < at_s <= self._until_s:
                self._last_s, self._next_s = at_s, at_s + Fraction(frame.samples, frame.sample_rate)
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(at_s * frame.sample_rate)
                self._encode(frame)

    def end(self) -> None:
        """Write what is still held back. Raises OSError if the disk is full."""
        if not self._over:
            self._encode(None)
        try:
            self._target.mux(self._stream.encode(None))
        except (FFmpegError, ValueError) as error:
            check_room(error)

    def _encode(self, frame: Any) -> None:
        try:
            for part in self._resampler.resample(frame):
                self._target.mux(self._stream.encode(part))
        except (FFmpegError, ValueError) as error:
            # Such as another number of channels from here on. The pictures go on.
            check_room(error)
            self._over = True


def begin(
    container: Any, source: Any, target: Any, preset: str, *, origin_s: Fraction = Fraction(), until_s: float
) -> Soundtrack | None:
    """The sound `source` of `container` as a new stream of `target`; None if there is nothing that can be decoded.

    The container stands at its beginning afterwards.
    """
    if source is None or not _is_decoded(source):
        return None
    source.codec_context.thread_count = 1
    first = _first(container, source)
    container.seek(0)
    if first is None or first.sample_rate < _SLOWEST:
        return None
    return Soundtrack(source, target, preset, first, origin_s, until_s)


def _is_decoded(source: Any) -> bool:
    if source.codec_context is None:
        return False
    name = str(source.codec_context.codec.canonical_name)
    return name in _CODECS or name.startswith(_PLAIN)


def _first(container: Any, source: Any) -> Any:
    """The first frame that can be decoded; None if there is none near the beginning."""
    try:
        for count, packet in enumerate(container.demux(source)):
            if frames := _frames(packet):
                return frames[0]
            if count == _TRIED:
                break
    except FFmpegError:
        pass
    return None


def _frames(packet: Any) -> list[Any]:
    """The frames of a packet; none of a broken one, for what is around it is still heard."""
    try:
        return list(packet.decode())
    except FFmpegError:
        return []
