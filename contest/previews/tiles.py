"""Pyramids of large pictures, cut in tiles for a viewer that zooms, packed in one object."""

from __future__ import annotations

import encodings.cp437  # noqa: F401  zipfile's, which cannot be imported once the child is shut in
import resource
import zipfile
from typing import BinaryIO, cast

import pyvips

from contest.previews import colours, pack
from contest.previews.canvas import Canvas
from contest.previews.colours import Cicp
from contest.previews.extras import OVERLAP, TILE, tile_sizes
from contest.previews.outcome import TILES_ABOVE

_JPEG = ".jpeg[Q=85,keep=none]"
#: How close to the limit of a file's size libvips comes before a write fails.
_NEARLY = 1_000_000
_WEBP = ".webp[Q=80,effort=2,keep=none]"


def wanted(canvas: Canvas, width: int, height: int) -> bool:
    """Whether a whole picture of this size gets a pyramid."""
    return canvas.wants("tiles") and max(width, height) > TILES_ABOVE


def write(image: pyvips.Image, canvas: Canvas, *, cicp: Cicp | None, alpha: bool) -> None:
    """Write the pyramid of `image`, which is upright and may be read row by row: see `extras.tile_sizes`.

    `alpha`: whether anything of it is transparent. A picture that makes too large a pyramid gets none.
    """
    image = colours.in_srgb(image, cicp)
    if image.hasalpha() and not alpha:
        image = image.extract_band(0, n=image.bands - 1)
    archive = canvas.scratch("tiles.zip")
    try:
        # One archive, because the process may hold few files open and thousands of small ones are slow.
        image.dzsave(
            str(archive),
            imagename="p",
            layout="dz",
            container="zip",
            compression=0,
            tile_size=TILE,
            overlap=OVERLAP,
            depth="onepixel",
            suffix=_WEBP if alpha else _JPEG,
            keep="none",
        )
    except pyvips.Error:
        # The picture was whole when its previews were made. A pyramid that is too large for us is left out.
        written = archive.stat().st_size if archive.exists() else 0
        archive.unlink(missing_ok=True)
        if not 0 <= resource.getrlimit(resource.RLIMIT_FSIZE)[0] - written < _NEARLY:
            raise
        return
    names = tile_sizes(image.width, image.height)
    suffix = (_WEBP if alpha else _JPEG).partition("[")[0]
    with zipfile.ZipFile(archive) as made, canvas.extra("tiles").open("wb") as out:
        size = {"width": image.width, "height": image.height}
        paths = {name: f"p_files/{name}{suffix}" for name in names}
        pack.write(
            out,
            size,
            ((name, cast(BinaryIO, made.open(path)), made.getinfo(path).file_size) for name, path in paths.items()),
        )
    archive.unlink()
    canvas.made_extra("tiles", width=image.width, height=image.height)
