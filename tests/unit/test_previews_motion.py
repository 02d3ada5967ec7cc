"""Lottie animations, drawn by the real renderer."""

from __future__ import annotations

import base64
import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pyvips

from contest.previews import client
from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import Output
from tests.samples.motion import document, dotlottie, lottie, square
from tests.samples.packages import png, zipped


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def seen(server: PreviewServer, data: bytes | dict[str, Any], kind: Kind = Kind.LOTTIE, **options: object) -> Result:
    with tempfile.TemporaryFile() as file:
        file.write(data if isinstance(data, bytes) else json.dumps(data).encode())
        return client.render(file, kind, address=server.address, **{"presets": ("320",), **options})  # type: ignore[arg-type]


def at(output: Output, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given as parts of width and height."""
    image = pyvips.Image.new_from_buffer(output.data, "")
    return tuple(round(value) for value in image(int(x * image.width), int(y * image.height)))


def near(found: tuple[int, ...], *meant: int) -> bool:
    return all(abs(one - other) < 20 for one, other in zip(found, meant, strict=False))


@pytest.mark.parametrize(("data", "kind"), [(lottie(), Kind.LOTTIE), (dotlottie(), Kind.DOTLOTTIE)])
def test_an_animation_has_a_poster_and_frames_on_the_way(server: PreviewServer, data: bytes, kind: Kind) -> None:
    result = seen(server, data, kind)
    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 12, 200, 120)
    assert (result.facts["frames"], result.facts["duration_ms"]) == (60, 2000)
    assert [(page.label, page.number) for page in result.page_list[:3]] == [("frame", 31), ("frame", 1), ("frame", 6)]
    assert [(output.width, output.height) for output in result.outputs] == [(320, 192)] * 12
    # The square goes from 60 to 140 px; the embedded picture stays where it is.
    first, last = result.outputs[1], result.outputs[-1]
    assert near(at(first, 0.3, 0.5), 255, 0, 0)
    assert near(at(first, 0.7, 0.5), 255, 255, 255)
    assert near(at(last, 0.7, 0.5), 255, 0, 0)
    assert near(at(last, 0.15, 0.75), 0, 200, 0)


def test_it_moves_and_keeps_what_is_transparent(server: PreviewServer) -> None:
    result = seen(server, lottie(), presets=("320", "moving"))
    moving = result.outputs[-1]
    assert (moving.preset, moving.width, moving.height) == ("moving", 640, 384)
    assert moving.file is not None
    with moving.file as file:
        film = pyvips.Image.new_from_buffer(file.read(), "", n=-1)
    assert film.get("n-pages") == 60
    assert sum(film.get("delay")) == 2000
    (large,) = seen(server, lottie(), presets=("1280",), quick=True).outputs
    assert near(at(large, 0.5, 0.5), 255, 0, 0, 255)
    assert at(large, 0.9, 0.1)[3] == 0


def test_a_hurried_caller_gets_the_poster_alone(server: PreviewServer) -> None:
    result = seen(server, lottie(), quick=True, presets=("320", "moving"))
    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320")]


def test_the_poster_and_the_frames_show_something(server: PreviewServer) -> None:
    """A square that is there for the last tenth only."""
    result = seen(server, document(square(first=54, last=60, ip=54, op=60)))
    assert result.verdict == "ready"
    assert all(page.number > 54 for page in result.page_list)
    nothing = seen(server, document(square(ip=100, op=200)))
    assert (nothing.verdict, nothing.pages) == ("ready", 1)


def test_colours_of_old_exporters_are_as_they_were(server: PreviewServer) -> None:
    """Before 4.1.9 they went to 255."""
    for version in ("4.1.8", "3.0.0"):
        result = seen(server, document(square((0, 128, 255)), v=version))
        assert near(at(result.outputs[0], 0.5, 0.5), 0, 128, 255)


def _used(depth: int, width: int) -> dict[str, Any]:
    """Compositions that each use the one below them several times."""
    assets: list[dict[str, Any]] = [{"id": "0", "layers": [square()]}]
    for level in range(1, depth):
        assets.append({"id": f"{level}", "layers": [_use(f"{level - 1}")] * width})
    return document(_use(f"{depth - 1}"), assets=assets)


def _use(name: str) -> dict[str, Any]:
    return {**square(), "ty": 0, "refId": name, "w": 200, "h": 120}


def _repeated(copies: float) -> dict[str, Any]:
    layer = square()
    layer["shapes"].append({"ty": "rp", "c": {"a": 0, "k": copies}, "o": {"k": 0}, "tr": {"p": {"k": [1, 1]}}})
    return document(layer)


@pytest.mark.parametrize(
    ("data", "verdict", "reason"),
    [
        (b"{", "failed", "unreadable"),
        (b"[]", "failed", "unreadable"),
        (b'{"v": "5", "fr": 30}', "failed", "unreadable"),
        (b'{"layers": ' + b"[" * 100_000, "failed", "unreadable"),
        (b'{"layers": ' + b"[" * 5000 + b"]" * 5000 + b"}", "failed", "unreadable"),
        (document(w="wide"), "failed", "unreadable"),
        (document(fr=0), "failed", "unreadable"),
        (document(op=-1), "failed", "unreadable"),
        (json.dumps(document()).replace('"w": 200', '"w": NaN').encode(), "failed", "unreadable"),
        (json.dumps(document()).replace('"w": 200', '"w": 1e999').encode(), "failed", "unreadable"),
        (document(w=100_000, h=100_000), "refused", "too_many_pixels"),
        (document(op=10**8), "refused", "too_large"),
        (b" " * 31_000_000, "refused", "too_large"),
        (document(_use("a"), assets=[{"id": "a", "layers": [_use("a")]}]), "refused", "bomb"),
        (
            document(_use("a"), assets=[{"id": "a", "layers": [_use("b")]}, {"id": "b", "layers": [_use("a")]}]),
            "refused",
            "bomb",
        ),
        (_used(12, 10), "refused", "bomb"),
        (_repeated(10**9), "refused", "bomb"),
        (document(*[{"ty": 3}] * 21_000), "refused", "bomb"),
        (_used(4, 2), "ready", None),
        (_repeated(5), "ready", None),
    ],
)
def test_what_is_no_animation_or_too_much_of_one_is_told(
    server: PreviewServer, data: bytes | dict[str, Any], verdict: str, reason: str | None
) -> None:
    result = seen(server, data, quick=True)
    assert (result.verdict, result.reason) == (verdict, reason)


def test_pictures_that_lie_elsewhere_are_neither_read_nor_fetched(server: PreviewServer, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(40, 40, (0, 200, 0)))
    image = {**square(), "ty": 2, "refId": "1"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        remote = "data:image/png;base64," + base64.b64encode(b"<svg/>").decode()
        for asset in (
            {"u": f"{tmp_path}/", "p": "secret.png", "e": 0},
            {"u": "", "p": f"{tmp_path}/secret.png"},
            {"u": "", "p": f"file://{tmp_path}/secret.png", "e": 1},
            {"u": address, "p": "secret.png"},
            {"u": "", "p": remote, "e": 1},
            {"u": f"{tmp_path}/", "p": "secret.png", "e": 0, "layers": []},
        ):
            result = seen(server, document(image, assets=[{"id": "1", "w": 40, "h": 40, **asset}]), quick=True)
            assert result.verdict == "ready"
            drawn = pyvips.Image.new_from_buffer(result.outputs[0].data, "")
            assert drawn.min() == drawn.max() == 255
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_package_without_an_animation_has_an_icon(server: PreviewServer) -> None:
    result = seen(server, zipped({"manifest.json": "{}", "animations/readme.txt": "x"}), Kind.DOTLOTTIE)
    assert (result.verdict, result.reason) == ("icon", "nothing_inside")
    assert len(result.tree) == 2
