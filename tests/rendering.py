"""One file through the rendering process, and a look at the pictures that come out."""

from __future__ import annotations

from pathlib import Path

import pyvips

from contest.previews import client
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import Kind

#: Real and hostile files of others, where they are there.
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def preview(server: PreviewServer, data: bytes, kind: Kind, **options: object) -> Result:
    """What becomes of `data`; `options` are those of `client.render`."""
    path = Path(server.address).with_name("input")
    path.write_bytes(data)
    with path.open("rb") as file:
        return client.render(file, kind, address=server.address, **options)  # type: ignore[arg-type]


def pixels(output: Output) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(output.data, "")


def near(image: pyvips.Image, x: int, y: int, colour: tuple[int, ...], distance: int = 12) -> bool:
    """Whether the pixel at x, y has about this colour: previews are lossy."""
    return all(abs(seen - meant) <= distance for seen, meant in zip(image(x, y), colour, strict=False))


def has_colour(image: pyvips.Image, colour: tuple[int, int, int]) -> bool:
    distance = (image.extract_band(0, n=3) - list(colour)).abs()
    return bool(distance.bandmean().min() < 30)
