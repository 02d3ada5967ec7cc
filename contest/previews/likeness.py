"""How alike two pictures look: hashes of the differences between neighbouring pixels, 64 bits each.

dhash after N. Krawetz (2013): a picture as 9 × 8 grey pixels; a bit says whether a pixel is lighter than the
one to its right. Distance is the number of bits in which two hashes differ: unrelated pictures differ in 30
to 42 of 64, the same at another size, quality or brightness in 0 to 6. Crops keep some of nine tiles.
"""

from __future__ import annotations

from typing import Any

#: Hashes with fewer set bits or fewer unset ones than this say nothing: an empty page looks like any other.
LEAST_BITS = 10
#: Up to FLAG bits a pair is flagged, up to LOOK it may be worth a look.
FLAG, LOOK = 8, 14
#: Of the bits that either of two hashes has set, at most so many in a hundred may differ. Where a page is blank its
#: bits are unset, and all plain pages share that: they must be alike in what they show.
MOST_UNLIKE = 36
#: The same for turned pictures, of which there are seven to find something by chance.
MOST_UNLIKE_TURNED = 15
#: Pages with one layout and different pictures in it are alike as a whole: the tiles that tell in both pages may
#: differ in so many bits on average.
MOST_UNLIKE_TILES = 12


def hashes(grey: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Hashes of a numpy array of grey values, 72 × 72: of all eight orientations, the first as it is, and of
    nine tiles, row by row. Empty tuples if the picture is too plain; a tile that is too plain is 0.
    """
    import numpy

    if grey.shape != (72, 72):
        raise ValueError("72 × 72 grey values are needed")
    values = grey.astype(numpy.float64)
    turned = []
    for flipped in (values, values[:, ::-1]):
        for turns in range(4):
            turned.append(_hash(numpy, numpy.rot90(flipped, turns)))
    if not _tells(turned[0]):
        return (), ()
    tiles = [
        _hash(numpy, values[24 * row : 24 * row + 24, 24 * column : 24 * column + 24])
        for row in range(3)
        for column in range(3)
    ]
    return tuple(turned), tuple(tile if _tells(tile) else 0 for tile in tiles)


def _hash(numpy: Any, values: Any) -> int:
    # Means of blocks: 8 rows by 9 columns, whose edges need not fall on pixels.
    rows = _means(numpy, values, 8)
    small = _means(numpy, rows.T, 9).T
    # Noise in a plain area must not look like a pattern: less than half a level is no difference.
    bits = (small[:, :-1] - small[:, 1:] > 0.5).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _means(numpy: Any, values: Any, count: int) -> Any:
    """Means of `count` equal bands of rows, counting parts of rows."""
    sums = numpy.vstack([numpy.zeros((1, values.shape[1])), numpy.cumsum(values, axis=0)])
    edges = numpy.linspace(0, values.shape[0], count + 1)
    low = numpy.floor(edges).astype(int)
    high = numpy.minimum(low + 1, values.shape[0])
    at = sums[low] + (edges - low)[:, None] * (sums[high] - sums[low])
    return (at[1:] - at[:-1]) * count / values.shape[0]


def _tells(value: int) -> bool:
    return LEAST_BITS <= value.bit_count() <= 64 - LEAST_BITS


def distance(one: int, other: int) -> int:
    """Bits in which two hashes differ, 0 to 64."""
    return (one ^ other).bit_count()
