"""Videos of a red field with a white bar that grows, made by the same library that reads them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker

RED = (220, 40, 30)
ROOT = Path(__file__).resolve().parents[2]


def picture(width: int, height: int, part: float, colour: tuple[int, int, int] = RED) -> Any:
    rows = numpy.full((height, width, 3), colour, dtype="uint8")
    rows[: height // 4, : int(width * part)] = 255
    return rows


def film(
    container: str = "mp4",
    codec: str = "libx264",
    sound: str = "",
    *,
    text: str = "",
    size: tuple[int, int] = (64, 48),
    frames: int = 24,
    turned: int = 0,
    blank: int = 0,
    matrix: int = 5,
    full: bool = False,
    curve: int = 1,
    pixels: str = "yuv420p",
    flags: str = "",
) -> bytes:
    """Eight frames a second, a keyframe each second; the first `blank` frames are black.

    `text` stands wherever such a file keeps words. `matrix` and `full`: its colours as the file names them;
    5 is BT.601, 1 is BT.709. `curve`: 16 is PQ, 18 is HLG.
    """
    out = io.BytesIO()
    options = {"movflags": flags} if flags else {}
    with av.open(out, "w", format=container, options=options) as target:
        words = ("title", "artist", "comment", "location", "com.apple.quicktime.location.ISO6709", "make")
        target.metadata.update(dict.fromkeys(words, f"+35.0+139.0/{text}") if text else {})
        pictures: Any = target.add_stream(codec, rate=8)
        pictures.width, pictures.height, pictures.pix_fmt = *size, pixels
        pictures.codec_context.gop_size = 8
        pictures.codec_context.colorspace = matrix
        pictures.codec_context.color_range = 2 if full else 1
        pictures.codec_context.color_trc = curve
        if text:
            pictures.metadata.update(title=text, handler_name=text)
        if turned:
            pictures.set_display_rotation(turned)
        heard: Any = target.add_stream(sound, rate=48000, options={"strict": "-2"}) if sound else None
        if heard:
            heard.layout = "stereo"
        for number in range(frames):
            rows = picture(*size, number / frames) if number >= blank else numpy.zeros((size[1], size[0], 3), "uint8")
            frame = av.VideoFrame.from_ndarray(rows, format="rgb24")
            frame = frame.reformat(format=pixels, dst_colorspace=matrix, dst_color_range=2 if full else 1)
            target.mux(pictures.encode(frame))
        target.mux(pictures.encode(None))
        if heard:
            _silence(target, heard, frames / 8)
    return _signed(out.getvalue(), text.encode())


def film_apart(*arguments: str, **options: Any) -> bytes:
    """The same, made in a process of its own: SVT-AV1 gives whoever calls it as root the highest real-time
    priority, and all that a test starts afterwards would inherit it and starve the machine."""
    code = (
        "import json, sys; from tests.samples.video import film; given = json.load(sys.stdin);"
        " sys.stdout.buffer.write(film(*given[0], **given[1]))"
    )
    given = json.dumps([arguments, options]).encode()
    made = subprocess.run([sys.executable, "-c", code], input=given, stdout=subprocess.PIPE, cwd=ROOT, check=True)
    return made.stdout


def sound() -> bytes:
    """Three seconds without a picture."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        heard: Any = target.add_stream("aac", rate=48000)
        heard.layout = "stereo"
        _silence(target, heard, 3)
    return out.getvalue()


def _silence(target: Any, stream: Any, seconds: float) -> None:
    for number in range(int(seconds * 48000 / 960)):
        frame = av.AudioFrame.from_ndarray(numpy.zeros((2, 960), "float32"), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, number * 960
        target.mux(stream.encode(frame))
    target.mux(stream.encode(None))


def _signed(data: bytes, text: bytes) -> bytes:
    """The name of the encoder, which it writes between the pictures, overwritten by `text`."""
    found = data.find(b"x264 - core")
    return data[:found] + text + data[found + len(text) :] if text and found >= 0 else data


SAMPLES: dict[Kind, Maker] = {
    Kind.MP4: lambda: film("mp4", "libx264", "aac"),
    Kind.MOV: lambda: film("mov", "libx264", "aac"),
    Kind.WEBM: lambda: film("webm", "libvpx", "libopus"),
    Kind.AVI: lambda: film("avi", "mjpeg", "mp3", pixels="yuvj420p"),
}
MARKED: dict[Kind, Maker] = {
    Kind.MP4: lambda: film("mp4", "libx264", "aac", text=CANARY.decode()),
    Kind.MOV: lambda: film("mov", "libx264", "aac", text=CANARY.decode(), flags="use_metadata_tags"),
    Kind.WEBM: lambda: film("webm", "libvpx", "vorbis", text=CANARY.decode()),
    Kind.AVI: lambda: film("avi", "mjpeg", "mp3", pixels="yuvj420p", text=CANARY.decode()),
}
