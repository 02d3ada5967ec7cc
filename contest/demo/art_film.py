"""A short film of an entry's screens: each stands for a moment, then the next one pushes it out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

#: Pixels, both even as the codec wants them; frames a second; frames that a screen stands and moves.
WIDTH, HEIGHT, RATE, STANDS, MOVES = 586, 1268, 12, 12, 6


def film(pictures: Sequence[Any]) -> bytes:
    """An MP4 without sound. `pictures`: arrays of HEIGHT × WIDTH × 3 bytes, red, green, blue."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        # One thread: with more the bytes would depend on the host.
        track = target.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "threads": "1"})
        track.width, track.height, track.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for rows in _frames(pictures):
            target.mux(track.encode(av.VideoFrame.from_ndarray(rows, format="rgb24")))
        target.mux(track.encode(None))
    return out.getvalue()


def _frames(pictures: Sequence[Any]) -> Iterator[Any]:
    import numpy

    for number, picture in enumerate(pictures):
        for step in range(1, MOVES + 1) if number else ():
            # It leaves fast and arrives softly.
            gone = round(WIDTH * (1 - (1 - step / MOVES) ** 2))
            beside = numpy.concatenate((pictures[number - 1], picture), axis=1)
            yield numpy.ascontiguousarray(beside[:, gone : gone + WIDTH])
        for _ in range(STANDS):
            yield picture
