"""Lottie animations, bare and in their package, by rlottie.

Each document is read here first and written anew, so that rlottie's own reader sees no odd text, no picture
that lies elsewhere, and no layers that hold each other without end.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyvips
from rlottie_python.rlottie_wrapper import LottieAnimation

from contest.previews.animations import MOVING_EDGE, Strip
from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_PIXELS
from contest.previews.packages import note_tree, opened

_MAX_BYTES = 30_000_000
#: Layers and shapes that one frame may ask for, with each composition counted where it is used.
_MAX_LAYERS = 20_000
_MAX_VALUES = 2_000_000
_MAX_COPIES = 500
_MAX_FRAMES = 100_000
_LONGEST_EDGE = 20_000
#: Pages after the poster.
_MORE_FRAMES = 11
#: After so much of either, the frames that are there are enough.
_CPU_S, _WALL_S = 10.0, 20.0

#: Of the moving picture: as many pixels as `animations` keeps of one, and so many frames make it smooth.
_MOVING_PIXELS, _SMOOTH = 15_000_000, 120

#: Before this version of the exporter, colours went to 255 and not to 1.
_COLOURS_TO_ONE = (4, 1, 9)

#: Where a package keeps its animations, in the order in which its manifest would name them.
_FOLDERS = ("animations/", "a/")


def draw_lottie(data: Any, canvas: Canvas) -> None:
    """The poster of an animation and frames on the way through it."""
    _draw(bytes(data[: _MAX_BYTES + 1]), canvas, members=0)


def draw_dotlottie(data: Any, canvas: Canvas) -> None:
    """The same for the first animation of a package."""
    with opened(data) as archive:
        members = note_tree(archive, canvas)
        for member in members:
            if member.path.startswith(_FOLDERS) and member.path.lower().endswith(".json"):
                with archive.open(member.info) as stream:
                    document = stream.read(_MAX_BYTES + 1)
                break
        else:
            raise GiveUp("icon", "nothing_inside")
    _draw(document, canvas, members=len(members))


def _draw(document: bytes, canvas: Canvas, *, members: int) -> None:
    told = _read(document)
    width, height, frames, rate = _measures(told)
    _check_layers(told)
    _drop_what_lies_elsewhere(told)
    if _version(told) < _COLOURS_TO_ONE:
        _divide_colours(told)
    with LottieAnimation.from_data(json.dumps(told, allow_nan=False), resource_path="") as animation:
        if not vars(animation)["animation_p"]:  # annotated as None for good
            raise GiveUp("failed", "unreadable")
        # What rlottie counts is what it draws.
        frames = min(frames, max(1, animation.lottie_animation_get_totalframe()))
        facts = {"frames": frames, "duration_ms": round(1000 * frames / rate)} | (
            {"members": members} if members else {}
        )
        canvas.source(pages=1, width=width, height=height, **facts)
        poster = _poster(animation, frames, width, height)
        canvas.draw(_frame(animation, poster, *_fit(width, height, canvas.edge())), label="frame", number=poster + 1)
        if canvas.quick:
            return
        others = [number for number in _spread(frames, 1 + _MORE_FRAMES) if number != poster][:_MORE_FRAMES]
        others = [number for number in others if _seen(animation, number, width, height) > 0]
        canvas.source(pages=1 + len(others), width=width, height=height, **facts)
        for page, number in enumerate(others, 2):
            if canvas.late(cpu_s=_CPU_S, wall_s=_WALL_S):
                raise GiveUp("damaged", "timeout")
            image = _frame(animation, number, *_fit(width, height, canvas.edge("1280")))
            canvas.draw(image, page=page, label="frame", number=number + 1, largest="1280")
        if canvas.wants("moving") and frames > 1:
            _move(animation, canvas, (width, height), frames, rate)


def _move(animation: LottieAnimation, canvas: Canvas, size: tuple[int, int], frames: int, rate: float) -> None:
    """The extra `moving`: smooth rather than large, as there is room for so many pixels in all. None if it is late."""
    smooth = math.sqrt(_MOVING_PIXELS / min(frames, _SMOOTH) * max(size) / min(size))
    size = _fit(*size, round(min(MOVING_EDGE, max(MOVING_EDGE / 2, smooth))))
    ends = [round(1000 * (number + 1) / rate) for number in range(frames)]
    strip = Strip(size, [end - start for start, end in zip([0, *ends], ends, strict=False)])
    for number in sorted(strip.wanted):
        if canvas.late(cpu_s=_CPU_S, wall_s=_WALL_S):
            return
        strip.add(_frame(animation, number, *size))
    strip.write(canvas)


def _read(document: bytes) -> dict[str, Any]:
    if len(document) > _MAX_BYTES:
        raise GiveUp("refused", "too_large")
    try:
        told = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise GiveUp("failed", "unreadable") from error
    if not isinstance(told, dict) or not isinstance(told.get("layers"), list):
        raise GiveUp("failed", "unreadable")
    return told


def _measures(told: Mapping[str, Any]) -> tuple[int, int, int, float]:
    """Width and height in pixels, number of frames and frames a second."""
    numbers: list[Any] = [told.get(name) for name in ("w", "h", "ip", "op", "fr")]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
        raise GiveUp("failed", "unreadable")
    width, height, first, last, rate = numbers
    if not (width >= 1 and height >= 1 and first < last and 0.01 <= rate <= 1000):
        raise GiveUp("failed", "unreadable")
    if max(width, height) > _LONGEST_EDGE or width * height > MAX_PIXELS:
        raise GiveUp("refused", "too_many_pixels")
    if last - first > _MAX_FRAMES:
        raise GiveUp("refused", "too_large")
    return round(width), round(height), max(1, round(last - first)), rate


def _check_layers(told: Mapping[str, Any]) -> None:
    """Refuse what unfolds to far more than its size, or without end: compositions within each other, repeaters."""
    compositions = {}
    for asset in _dicts(told.get("assets")):
        if isinstance(asset.get("layers"), list):
            compositions[str(asset.get("id"))] = asset["layers"]
    known: dict[str, int] = {}

    def weight(layers: object, within: tuple[str, ...]) -> int:
        total = 0
        for layer in _dicts(layers):
            own, copies = _weight_of_values(layer)
            total += own * copies
            name = str(layer.get("refId"))
            if name in compositions:
                if name in within or len(within) > 50:
                    raise GiveUp("refused", "bomb")
                if name not in known:
                    known[name] = weight(compositions[name], (*within, name))
                total += known[name]
            if total > _MAX_VALUES:
                raise GiveUp("refused", "bomb")
        return total

    weight(told["layers"], ())
    if sum(len(layers) for layers in compositions.values()) + len(told["layers"]) > _MAX_LAYERS:
        raise GiveUp("refused", "bomb")


def _weight_of_values(layer: Mapping[str, Any]) -> tuple[int, int]:
    """How many values a layer holds, and how often repeaters draw them at most."""
    count, copies = 0, 1
    waiting: list[Any] = [layer]
    while waiting:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            if value.get("ty") == "rp":
                wanted = value.get("c")
                number = wanted.get("k") if isinstance(wanted, dict) else wanted
                most = max((abs(each) for each in _numbers(number)), default=1)
                if most > _MAX_COPIES:
                    raise GiveUp("refused", "bomb")
                copies = min(copies * max(1, round(most)), _MAX_VALUES)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return count, copies


def _numbers(value: object) -> Iterator[float]:
    """The numbers in a value or in its keyframes."""
    if type(value) in (int, float):
        yield value  # type: ignore[misc]
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, dict):
        for name in ("s", "e", "k"):
            yield from _numbers(value.get(name))


def _version(told: Mapping[str, Any]) -> tuple[int, ...]:
    """The exporter's version; that of today if the document does not say."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", str(told.get("v")))
    return tuple(int(part) for part in found.groups()) if found else _COLOURS_TO_ONE


def _divide_colours(told: Mapping[str, Any]) -> None:
    """Write the colours of fills and strokes of an old document as those of a new one."""
    waiting: list[Any] = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            colour = value.get("c")
            if value.get("ty") in ("fl", "st") and isinstance(colour, dict) and isinstance(colour.get("k"), list):
                colour["k"] = _divided(colour["k"])
            waiting.extend(value.values())


def _divided(values: list[Any]) -> list[Any]:
    """Numbers from 255 to 1, also within keyframes."""
    return [
        each / 255
        if type(each) in (int, float)
        else {**each, **{name: _divided(each[name]) for name in ("s", "e") if isinstance(each.get(name), list)}}
        if isinstance(each, dict)
        else each
        for each in values
    ]


def _drop_what_lies_elsewhere(told: dict[str, Any]) -> None:
    """Leave only pictures that the document itself holds: rlottie would look for the others on the disk."""
    assets = []
    for asset in _dicts(told.get("assets")):
        if "layers" in asset:
            assets.append({name: value for name, value in asset.items() if name not in ("p", "u", "e")})
        elif _holds_picture(asset):
            assets.append({**asset, "u": "", "e": 1})
    told["assets"] = assets


def _holds_picture(asset: Mapping[str, Any]) -> bool:
    """Whether an asset is a small enough PNG or JPEG, embedded, by its bytes."""
    path = asset.get("p")
    if not isinstance(path, str) or not path.startswith("data:image/") or ";base64," not in path[:64]:
        return False
    try:
        picture = base64.b64decode(path.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return False
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
        return width * height <= MAX_PIXELS
    return picture.startswith(b"\xff\xd8\xff")


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _poster(animation: LottieAnimation, frames: int, width: int, height: int) -> int:
    """The number of a frame, from 0, that shows something: the middle one, or the fullest of a few."""
    middle = frames // 2
    if _seen(animation, middle, width, height) > 2:
        return middle
    few = (middle, frames * 2 // 3, frames // 3, frames - 1, frames // 10, 0)
    return max(few, key=lambda number: _seen(animation, number, width, height))


def _seen(animation: LottieAnimation, number: int, width: int, height: int) -> float:
    """How much of a frame is not transparent, from 0 to 255."""
    return float(_frame(animation, number, *_fit(width, height, 64))[3].avg())


def _spread(frames: int, most: int) -> list[int]:
    """At most `most` numbers of frames from the first to the last, evenly apart."""
    count = min(frames, most)
    return [round(at * (frames - 1) / max(1, count - 1)) for at in range(count)]


def _fit(width: int, height: int, edge: int) -> tuple[int, int]:
    """The size with `edge` as the long edge: an animation has no pixels of its own, so it may be made larger."""
    scale = edge / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _frame(animation: LottieAnimation, number: int, width: int, height: int) -> pyvips.Image:
    """One frame as sRGB with alpha: rlottie gives blue, green, red, and multiplied with alpha."""
    pixels = animation.lottie_animation_render(number, width=width, height=height)
    blue, green, red, alpha = pyvips.Image.new_from_memory(pixels, width, height, 4, "uchar").bandsplit()
    image = red.bandjoin([green, blue, alpha]).copy(interpretation="srgb")
    return image.unpremultiply().cast("uchar").copy(interpretation="srgb").copy_memory()


RENDERERS: dict[Kind, Renderer] = {Kind.LOTTIE: draw_lottie, Kind.DOTLOTTIE: draw_dotlottie}
