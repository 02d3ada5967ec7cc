"""Every picture's colours as sRGB: embedded profiles, print colours, Lab, and the numbers that video uses."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy
import pyvips

_PROFILE = "icc-profile-data"
#: Colours that a profile may describe. Lab and its like say themselves what they are.
_PROFILED = frozenset({"srgb", "rgb", "rgb16", "b-w", "grey16"})
#: Largest difference in levels at which a profile counts as sRGB's own: rounding, not colour.
_SAME = 2
#: Black of one becomes black of the other, as design programs show it.
_RENDERING = {"intent": "relative", "black_point_compensation": True}

# From linear light of other primaries of ITU-T H.273 to that of sRGB; all have the white D65.
_PRIMARIES = {
    12: ((1.2249402, -0.2249402, 0.0), (-0.0420570, 1.0420570, 0.0), (-0.0196376, -0.0786361, 1.0982737)),
    9: ((1.6604910, -0.5876411, -0.0728499), (-0.1245505, 1.1328999, -0.0083494), (-0.0181508, -0.1005789, 1.1187297)),
}
_BT2020, _PQ, _HLG = 9, 16, 18
#: White of paper after BT.2408, and the peak of the screen for which HLG is meant, in candela per square metre.
_WHITE, _HLG_PEAK, _HLG_GAMMA = 203.0, 1000.0, 1.2
#: What red, green and blue of sRGB add to luminance.
_LUMINANCE = [0.2126390, 0.7151687, 0.0721923]
#: Light above this share of white is pressed together, so that highlights keep their drawing.
_KNEE = 0.75


@dataclass(frozen=True)
class Cicp:
    """Primaries and transfer by their numbers in ITU-T H.273, as AVIF, HEIC and PNG name them."""

    primaries: int
    transfer: int

    @property
    def hdr(self) -> bool:
        """Whether it means light beyond white; what we make of that is approximate."""
        return self.transfer in (_PQ, _HLG)

    @property
    def foreign(self) -> bool:
        """Whether it means other colours than sRGB would."""
        return self.hdr or self.primaries in _PRIMARIES


def of_film(primaries: int, transfer: int) -> Cicp:
    """What a video says. Light beyond white with nothing said of primaries has those that it always has."""
    said = Cicp(primaries, transfer)
    return Cicp(_BT2020, transfer) if said.hdr and primaries not in (1, *_PRIMARIES) else said


def nclx(data: Any) -> Cicp | None:
    """What the first `colr` box of an AVIF or HEIC says in numbers, if it does."""
    head = bytes(data[: 64 * 1024])
    at = head.find(b"colrnclx") + 8
    return Cicp(*struct.unpack_from(">HH", head, at)) if 8 <= at <= len(head) - 4 else None


def shrunk(image: pyvips.Image, edge: int, cicp: Cicp | None = None) -> pyvips.Image:
    """`image` turned upright, at most `edge` long, as 8-bit sRGB with alpha where it has one, in memory.

    Shrunk first and transformed after it, because a transform costs more than all the rest. Raises
    pyvips.Error for a broken file; a broken profile counts as none.
    """
    if image.interpretation == "cmyk":
        # thumbnail_image would transform it, and without matching the black of ink to that of a screen.
        scale = min(1.0, edge / max(image.width, image.height))
        small = image.resize(scale).copy_memory().autorot()
    else:
        if image.get_typeof(_PROFILE) and image.interpretation not in _PROFILED:
            image = image.copy()
            image.remove(_PROFILE)
        small = image.thumbnail_image(edge, height=edge, size="down")
    # In memory before all else, because a picture that is read as a stream can be read only once.
    return in_srgb(small.copy_memory(), cicp).copy_memory()


def in_srgb(image: pyvips.Image, cicp: Cicp | None = None) -> pyvips.Image:
    """`image` as 8-bit sRGB with or without alpha; not computed yet."""
    kind = image.interpretation
    if kind == "cmyk":
        image = image.icc_transform("srgb", embedded=True, input_profile="cmyk", **_RENDERING)
    elif image.get_typeof(_PROFILE) and kind in _PROFILED:
        if not _is_srgb(image):
            try:
                image = image.icc_transform("srgb", embedded=True, **_RENDERING)
            except pyvips.Error:
                image = image.colourspace("srgb")
        cicp = None
    if image.interpretation != "srgb":
        image = image.colourspace("srgb")
    if image.format != "uchar":
        image = image.cast("uchar")
    if image.bands > 4:
        # Channels for spot colours or saved selections, which would make a picture invisible.
        image = image.extract_band(0, n=3)
    if cicp is not None and image.bands >= 3:
        image = from_numbers(image, cicp)
    return image


def without_idle_alpha(image: pyvips.Image) -> pyvips.Image:
    """`image`, in memory, without its alpha if that hides nothing."""
    if image.hasalpha() and image.extract_band(image.bands - 1).min() == 255:
        return image.extract_band(0, n=image.bands - 1).copy_memory()
    return image


def _is_srgb(image: pyvips.Image) -> bool:
    """Whether the profile of an RGB picture changes none of 125 colours: most only say "sRGB" at length."""
    if image.bands < 3:
        return False
    steps = numpy.linspace(0, 255, 5).astype(numpy.uint8)
    colours = numpy.stack(numpy.meshgrid(steps, steps, steps), axis=-1).reshape(1, 125, 3)
    probe = pyvips.Image.new_from_memory(colours.tobytes(), 125, 1, 3, "uchar").copy(interpretation="srgb")
    probe.set_type(pyvips.GValue.blob_type, _PROFILE, image.get(_PROFILE))
    try:
        shown = probe.icc_transform("srgb", embedded=True, **_RENDERING)
        return bool((probe - shown).abs().max() <= _SAME)
    except pyvips.Error:
        return True


def from_numbers(image: pyvips.Image, cicp: Cicp) -> pyvips.Image:
    """RGB of 8 or 16 bits from other primaries or from light beyond white to 8-bit sRGB; not computed yet."""
    matrix = _PRIMARIES.get(cicp.primaries)
    if not cicp.foreign and image.format == "uchar":
        return image
    deep = image.format == "ushort"
    count = 65_536 if deep else 256
    light = numpy.asarray(_light(numpy.arange(count) / (count - 1), cicp.transfer), dtype=numpy.float32)
    table = pyvips.Image.new_from_memory(light.tobytes(), count, 1, 1, "float")
    colour = image.extract_band(0, n=3).maplut(table).copy(interpretation="scrgb")
    if matrix is not None:
        colour = colour.recomb(pyvips.Image.new_from_array([list(row) for row in matrix]))
    if cicp.transfer == _HLG:
        # From the light before the camera to that of a screen, which is brighter in bright places (BT.2100).
        luminance = colour.recomb(pyvips.Image.new_from_array([_LUMINANCE]))
        colour = colour * (luminance > 0).ifthenelse(luminance, 0) ** (_HLG_GAMMA - 1) * (_HLG_PEAK / _WHITE)
    if cicp.hdr:
        beyond = 1 - (1 - _KNEE) * ((_KNEE - colour) / (1 - _KNEE)).exp()
        colour = (colour <= _KNEE).ifthenelse(colour, beyond)
    # sRGB's own curve; only what lies outside of its colours is cut off.
    colour = colour.copy(interpretation="scrgb").colourspace("srgb").cast("uchar")
    if image.bands == 3:
        return colour
    alpha = image.extract_band(3)
    return colour.bandjoin((alpha >> 8).cast("uchar") if deep else alpha)


def _light(levels: Any, transfer: int) -> Any:
    """Linear light for coded levels from 0 to 1; 1 is the white of paper, but for HLG the most light of the scene."""
    if transfer == _PQ:
        power = levels ** (1 / 78.84375)
        return (numpy.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125) * (
            10_000 / _WHITE
        )
    if transfer == _HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return numpy.where(levels <= 0.5, levels**2 / 3, (numpy.exp((levels - c) / a) + b) / 12)
    return numpy.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
