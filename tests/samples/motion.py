"""Lottie animations."""

from __future__ import annotations

import base64
import json
from typing import Any

from contest.previews.kinds import Kind
from tests.samples import CANARY, Maker
from tests.samples.packages import png, zipped


def square(colour: tuple[float, ...] = (1, 0, 0), *, first: int = 0, last: int = 60, **more: Any) -> dict[str, Any]:
    """A layer with a square of one colour, which moves from the left to the right."""
    moves = {
        "a": 1,
        "k": [
            {"t": first, "s": [60, 60, 0], "e": [140, 60, 0], "i": {"x": 1, "y": 1}, "o": {"x": 0, "y": 0}},
            {"t": last},
        ],
    }
    still = {"a": {"k": [0, 0, 0]}, "s": {"k": [100, 100, 100]}, "r": {"k": 0}, "o": {"k": 100}}
    shape = [
        {"ty": "rc", "s": {"k": [60, 60]}, "p": {"k": [0, 0]}, "r": {"k": 0}},
        {"ty": "fl", "c": {"k": [*colour, 1]}, "o": {"k": 100}},
        {"ty": "tr", "a": {"k": [0, 0]}, "p": {"k": [0, 0]}, "s": {"k": [100, 100]}, "r": {"k": 0}, "o": {"k": 100}},
    ]
    layer = {"ty": 4, "ip": first, "op": last, "st": 0, "ks": {**still, "p": moves}, "sr": 1, "ind": 1}
    return layer | {"shapes": [{"ty": "gr", "it": shape}]} | more


def document(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An animation of 200 × 120 px, two seconds at 30 frames a second."""
    told = {"v": "5.7.1", "fr": 30, "ip": 0, "op": 60, "w": 200, "h": 120, "nm": "", "assets": []}
    return told | {"layers": list(layers or (square(),))} | more


def lottie(text: str = "") -> bytes:
    picture = "data:image/png;base64," + base64.b64encode(png(40, 40, (0, 200, 0), text.encode())).decode()
    assets = [{"id": "1", "w": 40, "h": 40, "u": "", "p": picture, "e": 1}]
    still = {"a": {"k": [20, 20, 0]}, "s": {"k": [100, 100, 100]}, "r": {"k": 0}, "o": {"k": 100}, "p": {"k": [30, 90]}}
    image = {"ty": 2, "refId": "1", "ip": 0, "op": 60, "st": 0, "ks": still, "sr": 1, "ind": 2, "nm": text}
    return json.dumps(document(square(nm=text), image, assets=assets, nm=text, meta={"a": text, "d": text})).encode()


def dotlottie(text: str = "") -> bytes:
    manifest = {"version": "1.0", "author": text, "animations": [{"id": "one"}]}
    members = {"manifest.json": json.dumps(manifest), "animations/one.json": lottie(text)}
    return zipped(members, comment=text.encode())


SAMPLES: dict[Kind, Maker] = {Kind.LOTTIE: lottie, Kind.DOTLOTTIE: dotlottie}
MARKED: dict[Kind, Maker] = {
    Kind.LOTTIE: lambda: lottie(CANARY.decode()),
    Kind.DOTLOTTIE: lambda: dotlottie(CANARY.decode()),
}
