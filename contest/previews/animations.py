"""Animations (GIF, APNG, WebP, AVIF sequences, and films of other rooms): frames as pages, and one that moves."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pyvips
from PIL import AvifImagePlugin, PngImagePlugin

from contest.previews import colours, webp
from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.colours import Cicp
from contest.previews.images import check_size, draw_raster, facts, open_image, out_of_memory
from contest.previews.kinds import Kind
from contest.previews.outcome import FACTS, MAX_PIXELS
from contest.previews.partial import breaks_off, gif_frames

#: Frames that become pages.
MAX_FRAMES = 12
#: Of the moving picture: its long edge, its frames, and the bytes of all its pixels while it is made.
MOVING_EDGE, _MOVING_FRAMES, _MOVING_BYTES = 640, 150, 60_000_000
#: What browsers make of a frame that is to be shown for no time at all, and what counts as such.
_NO_TIME_MS, _USUAL_MS = 10, 100
_LONGEST_MS = 60_000
#: How far tables are read that say how long frames last and where they are.
_MOST_ENTRIES = 10_000
#: The unit of AV1 that only ever follows the head of a frame.
_TILE_GROUP = 4
#: What decoders raise for a frame that is not there, or not in order.
_BROKEN = (pyvips.Error, OSError, ValueError, SyntaxError, EOFError, RuntimeError, IndexError, struct.error)
#: A frame whose levels differ by less has nothing on it yet.
_BLANK = 12


class Film:
    """An animation whose frames are asked for in rising order, each at most once.

    `delays`: for how long each frame is shown, in milliseconds; their number is that of all frames.
    `frame(index)` gives frame `index` from 0, at its full size, in any colours that `colours.in_srgb` takes;
    raises pyvips.Error, OSError or ValueError if it is missing.
    """

    def __init__(
        self,
        size: tuple[int, int],
        delays: Sequence[int],
        frame: Callable[[int], pyvips.Image],
        *,
        cicp: Cicp | None = None,
        whole: bool = True,
    ) -> None:
        self.size = size
        self.delays = [_USUAL_MS if delay <= _NO_TIME_MS else min(delay, _LONGEST_MS) for delay in delays]
        self.frame = frame
        self.cicp = cicp
        #: Whether all frames that the file promises are there.
        self.whole = whole


def draw_still_or_moving(data: Any, canvas: Canvas) -> None:
    """Previews of a PNG, GIF, WebP or AVIF: as a picture, or as an animation if it has several frames."""
    film = _film(data)
    if film is None:
        draw_raster(data, canvas)
    else:
        draw_film(film, canvas)


def draw_film(film: Film, canvas: Canvas) -> None:
    """Up to twelve frames as pages, the first that is not blank before all, and the extra `moving`.

    No more frames are decoded than have `MAX_PIXELS` together; those behind are not shown. A film that
    breaks off is `damaged`, and `failed` if it does so in its first frame.
    """
    width, height = film.size
    check_size(canvas, width, height)
    count = max(1, min(len(film.delays), MAX_PIXELS // (width * height)))
    strip = Strip(film.size, film.delays[:count]) if canvas.wants("moving") and count > 1 else None
    pages = _Pages(film, canvas, count)
    whole = film.whole
    for index in range(count):
        page = pages.wants(index)
        moves = strip is not None and index in strip.wanted
        if not (page or moves):
            continue
        try:
            edge = canvas.edge() if page else MOVING_EDGE
            image = colours.shrunk(film.frame(index), edge, film.cicp)
        except _BROKEN as error:
            if isinstance(error, pyvips.Error) and out_of_memory(error):
                raise
            whole = False
            break
        if strip is not None and moves:
            strip.add(image)
        if page:
            pages.take(index, image)
        if canvas.quick and pages.drawn:
            return
    pages.end()
    if not whole:
        raise GiveUp("damaged", "truncated")
    if strip is not None:
        strip.write(canvas)


class _Pages:
    """The pages of a film: its first frame that is not blank, and others spread evenly behind it."""

    def __init__(self, film: Film, canvas: Canvas, count: int) -> None:
        self._film, self._canvas, self._count = film, canvas, count
        self._label = "frame" if len(film.delays) > 1 else "picture"
        self._first: pyvips.Image | None = None
        self._others: frozenset[int] = frozenset()
        self.drawn = 0

    def wants(self, index: int) -> bool:
        return not self.drawn or index in self._others

    def take(self, index: int, image: pyvips.Image) -> None:
        image = colours.without_idle_alpha(image)
        if self.drawn:
            self._draw(index, image)
            return
        self._first = self._first or image
        if not _blank(image):
            self._begin(index, image)

    def end(self) -> None:
        """With all frames seen: if all are blank, the first is as good as any, and enough."""
        if self._first is None:
            raise GiveUp("failed", "truncated")
        if not self.drawn:
            self._count = 1
            self._begin(0, self._first)

    def _begin(self, index: int, image: pyvips.Image) -> None:
        behind = self._count - index
        pages = 1 if self._canvas.quick else min(MAX_FRAMES, behind)
        self._others = frozenset(index + behind * turn // pages for turn in range(1, pages))
        told = facts(image, self._film.cicp)
        if len(self._film.delays) > 1:
            duration = min(sum(self._film.delays), FACTS["duration_ms"])
            told |= {"frames": len(self._film.delays), "duration_ms": duration}
        width, height = self._film.size
        self._canvas.source(pages=pages, width=width, height=height, **told)
        self._draw(index, image)

    def _draw(self, index: int, image: pyvips.Image) -> None:
        self.drawn += 1
        self._canvas.draw(image, page=self.drawn, label=self._label, number=index + 1)


class Strip:
    """The moving picture in the making: small frames, evenly chosen, which last as long as those they stand for."""

    def __init__(self, size: tuple[int, int], delays: Sequence[int]) -> None:
        scale = min(1.0, MOVING_EDGE / max(size))
        self._size = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        room = _MOVING_BYTES // (4 * self._size[0] * self._size[1])
        count = max(1, min(len(delays), _MOVING_FRAMES, room))
        chosen = [len(delays) * turn // count for turn in range(count)]
        #: The frames that `add` wants, in this order.
        self.wanted = frozenset(chosen)
        self._delays = [sum(delays[at:end]) for at, end in zip(chosen, [*chosen[1:], len(delays)], strict=True)]
        self._frames: list[pyvips.Image] = []

    def add(self, image: pyvips.Image) -> None:
        """Take the next frame, in sRGB."""
        width, height = self._size
        small = image.thumbnail_image(width, height=height, size="force")
        small = small.colourspace("srgb") if small.bands < 3 else small
        small = small if small.hasalpha() else small.bandjoin(255)
        self._frames.append(small.cast("uchar").copy_memory())

    def write(self, canvas: Canvas) -> None:
        """Write the extra `moving`, unless nothing moves."""
        width, height = self._size
        roll = pyvips.Image.arrayjoin(self._frames, across=1)
        if roll.extract_band(3).min() == 255:
            roll = roll.extract_band(0, n=3)
        roll = roll.copy(interpretation="srgb")
        roll.set_type(pyvips.GValue.gint_type, "page-height", height)
        roll.set_type(pyvips.GValue.gint_type, "loop", 0)
        roll.set_type(pyvips.GValue.array_int_type, "delay", self._delays)
        data = roll.webpsave_buffer(Q=75, effort=2, keep="none")
        try:
            webp.measure_animation(data)
        except ValueError:
            # All frames were alike, and the encoder has made a still picture of them.
            return
        canvas.extra("moving").write_bytes(data)
        canvas.made_extra("moving", width=width, height=height)


def _blank(image: pyvips.Image) -> bool:
    flat = image.flatten(background=255) if image.hasalpha() else image
    # Two rows for each band below a first one for all: minimum and maximum are the first two columns.
    stats = flat.thumbnail_image(64, height=64, size="down").stats()
    return all(stats(1, band)[0] - stats(0, band)[0] < _BLANK for band in range(1, flat.bands + 1))


# Where the frames come from.


def _film(data: Any) -> Film | None:
    """The animation in a file, or None if it is a still picture."""
    start = bytes(data[:16])
    if start.startswith(b"\x89PNG"):
        return _apng(data)
    if start[4:8] == b"ftyp":
        brands = bytes(data[8 : min(int.from_bytes(start[:4], "big"), 256)])
        return _avif(data) if b"avis" in brands else None
    return _roll(data)


def _roll(data: Any) -> Film | None:
    """GIF and WebP: all frames one below the other, of which libvips reads row by row what is asked for."""
    try:
        head = open_image(data)
    except pyvips.Error:
        # A WebP that breaks off, or nothing at all: the renderer of still pictures knows.
        return None
    pages, whole = int(head.get("n-pages")) if head.get_typeof("n-pages") else 1, True
    if head.get("vips-loader").startswith("gifload"):
        # libvips does not tell a GIF that breaks off from one with fewer frames.
        frames, whole = gif_frames(data)
        if not frames:
            raise GiveUp("failed", "truncated")
        pages = min(pages, frames)
    if whole and pages < 2:
        return None
    width, height = head.width, head.height
    roll = open_image(data, strict=whole, n=max(1, min(pages, MAX_PIXELS // (width * height))))
    delays = head.get("delay") if head.get_typeof("delay") else []

    def frame(index: int) -> pyvips.Image:
        return roll.crop(0, index * height, width, height).copy_memory()

    return Film((width, height), [*delays, *[_USUAL_MS] * pages][:pages], frame, whole=whole)


def _apng(data: Any) -> Film | None:
    """An animated PNG, by Pillow: libvips sees no frame but its first."""
    promised, delays = _apng_delays(data)
    if promised < 2 or len(delays) < 2:
        return None
    try:
        picture = PngImagePlugin.PngImageFile(io.BytesIO(data))
    except (OSError, ValueError, SyntaxError) as error:
        raise GiveUp("failed", "unreadable") from error
    # A picture for programs that know no animation comes first, and is none of its frames.
    skipped = int(bool(picture.default_image))
    return _by_pillow(picture, delays, skipped=skipped, whole=len(delays) == promised)


def _apng_delays(data: Any) -> tuple[int, list[int]]:
    """How many frames a PNG promises, and the delays in milliseconds of those that begin."""
    promised, delays = 0, []
    at = 8
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length] if name in (b"acTL", b"fcTL") else b""
        if name == b"acTL" and len(body) == 8:
            promised = struct.unpack(">I", body[:4])[0]
        elif name == b"fcTL" and len(body) == 26:
            over, under = struct.unpack(">HH", body[20:24])
            delays.append(1000 * over // (under or 100))
        elif name == b"IDAT" and not promised:
            break
        at += 12 + length
    return promised, delays[:promised]


def _avif(data: Any) -> Film | None:
    """A sequence of AVIF frames, by libavif in Pillow: libvips and libheif see no frame but its first."""
    file = bytes(data)
    try:
        delays, starts = _avif_delays(file), _avif_starts(file)
    except (struct.error, IndexError) as error:
        raise GiveUp("failed", "unreadable") from error
    if any(_kind_of_obu(file[at]) == _TILE_GROUP for at in starts if at < len(file)):
        # Decoders do not agree on what a frame is that begins in the middle.
        raise GiveUp("failed", "unreadable")
    try:
        picture = AvifImagePlugin.AvifImageFile(io.BytesIO(file))
    except (OSError, ValueError, SyntaxError) as error:
        raise GiveUp("failed", "truncated" if breaks_off(data) else "unreadable") from error
    delays = [*delays, *[_USUAL_MS] * picture.n_frames][: picture.n_frames]
    cicp = None if "icc_profile" in picture.info else colours.nclx(data)
    return _by_pillow(picture, delays, cicp=cicp)


def _avif_delays(data: bytes) -> list[int]:
    """The delays in milliseconds of the first track that has a table of them."""
    clock, table = data.find(b"mdhd") + 4, data.find(b"stts") + 4
    if clock < 4 or table < 4:
        return []
    scale = struct.unpack_from(">I", data, clock + (20 if data[clock] else 12))[0]
    delays: list[int] = []
    for entry in range(min(struct.unpack_from(">I", data, table + 4)[0], _MOST_ENTRIES)):
        count, ticks = struct.unpack_from(">II", data, table + 8 + 8 * entry)
        delays += [1000 * ticks // max(1, scale)] * min(count, _MOST_ENTRIES)
    return delays


def _avif_starts(data: bytes) -> list[int]:
    """Where the frames of the first track begin, as far as that is known without all of its tables."""
    lengths, chunks = data.find(b"stsz") + 4, data.find(b"stco") + 4
    if lengths < 4 or chunks < 4:
        return []
    count = min(struct.unpack_from(">I", data, chunks + 4)[0], _MOST_ENTRIES)
    starts = list(struct.unpack_from(f">{count}I", data, chunks + 8))
    each, frames = struct.unpack_from(">II", data, lengths + 4)
    if count == 1:
        for index in range(min(frames, _MOST_ENTRIES) - 1):
            length = each or struct.unpack_from(">I", data, lengths + 12 + 4 * index)[0]
            starts.append(starts[-1] + length)
    return starts


def _kind_of_obu(header: int) -> int:
    return header >> 3 & 15


def _by_pillow(picture: Any, delays: Sequence[int], *, skipped: int = 0, **options: Any) -> Film:
    profile = picture.info.get("icc_profile")

    def frame(index: int) -> pyvips.Image:
        picture.seek(index + skipped)
        shown = picture.convert("RGBA")
        image = pyvips.Image.new_from_memory(shown.tobytes(), shown.width, shown.height, 4, "uchar")
        image = image.copy(interpretation="srgb")
        if profile:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        return image

    return Film(picture.size, delays, frame, **options)


# The host's cores are shared out among children, not among threads.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

RENDERERS: dict[Kind, Renderer] = dict.fromkeys((Kind.PNG, Kind.GIF, Kind.WEBP, Kind.AVIF), draw_still_or_moving)
