"""Models in three dimensions: views of each kind, what is missing, and what is no model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pyvips

from contest.previews import client, models
from contest.previews.canvas import Canvas, GiveUp
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import Kind, identify
from contest.previews.pipeline import Order, preview
from tests.samples import CANARY
from tests.samples.models import MARKED, SAMPLES, gltf, obj, stl
from tests.samples.packages import zipped


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def drawn(server: PreviewServer, data: bytes, kind: Kind, **options: Any) -> tuple[Result, dict[int, bytes]]:
    pictures: dict[int, bytes] = {}

    def keep(output: Output) -> None:
        pictures[output.page] = output.data

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        given: dict[str, Any] = {"presets": ("320",), "quick": True, "keep": keep, **options}
        return client.render(file, kind, address=server.address, **given), pictures  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", MARKED)
def test_each_kind_is_drawn_without_its_makers_words(server: PreviewServer, kind: Kind) -> None:
    result, pictures = drawn(server, MARKED[kind](), kind)

    assert (result.verdict, result.reason) == ("ready", None)
    assert [page.label for page in result.page_list] == ["view"]
    picture = pyvips.Image.new_from_buffer(pictures[1], "")
    assert (picture.width, picture.height) == (320, 240)
    # The ground is light; the thing stands in the middle of it and is darker.
    assert min(picture(4, 4)) > 215
    assert picture.crop(80, 60, 160, 120).min() < 190
    assert CANARY not in pictures[1]


def test_three_views_and_how_many_triangles(server: PreviewServer) -> None:
    result, pictures = drawn(server, SAMPLES[Kind.GLB](), Kind.GLB, quick=False)

    assert (result.verdict, result.pages, len(result.page_list)) == ("ready", 3, 3)
    assert [(page.label, page.number) for page in result.page_list] == [("view", 1), ("view", 2), ("view", 3)]
    assert result.facts == {"triangles": 4}
    assert len(set(pictures.values())) == 3


@pytest.mark.parametrize(
    "data",
    [
        gltf(address="scene.bin"),
        gltf(address="https://files.example/scene.bin"),
        gltf(address="file:///etc/hostname"),
        gltf(picture="wood.png"),
    ],
)
def test_what_lies_in_another_file_is_missing(server: PreviewServer, data: bytes) -> None:
    result, _ = drawn(server, data, Kind.GLTF)

    assert (result.verdict, result.reason) == ("failed", "missing_part")


def test_materials_in_a_file_of_their_own_are_not_fetched(server: PreviewServer, tmp_path: Path) -> None:
    other = tmp_path / "other.mtl"
    other.write_text("newmtl red\nKd 1 0 0\n")
    named = f"mtllib {other}\nusemtl red\n".encode()

    result, pictures = drawn(server, obj().replace(b"f 1", named + b"f 1", 1), Kind.OBJ)

    assert result.verdict == "ready"
    red, green, blue = pyvips.Image.new_from_buffer(pictures[1], "")(160, 120)
    assert red - max(green, blue) < 60


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.STL, b"solid nothing\nendsolid nothing\n"),
        (Kind.OBJ, b"v 0 0 0\n"),
        (Kind.STEP, b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n"),
        (Kind.GLB, b"glTF\2\0\0\0" + b"\0" * 40),
        (Kind.GLTF, b'{"asset": {"version": "2.0"}, "buffers": [7]}'),
        (Kind.THREEMF, b"PK\3\4" + b"\0" * 40),
    ],
)
def test_what_is_no_model_fails(server: PreviewServer, kind: Kind, data: bytes) -> None:
    result, _ = drawn(server, data, kind)

    assert result.verdict == "failed"
    assert result.reason in ("unreadable", "no_pages")


def test_a_model_in_a_package(server: PreviewServer) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(zipped({"parts/part.stl": stl()}))
        file.flush()
        kind = identify(file, size=file.tell())  # type: ignore[arg-type]
        assert kind is Kind.ZIP

        result = preview(file, kind, Order(server.address, presets=("320",)))  # type: ignore[arg-type]

    assert result.verdict == "ready"
    assert [(entry.path, entry.page) for entry in result.tree] == [("parts/part.stl", 1)]


def test_without_the_tool_there_is_an_icon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "f3d", None)

    with pytest.raises(GiveUp) as end:
        models.RENDERERS[Kind.STL](stl(), Canvas(tmp_path, ("320",), lambda _event: None))

    assert (end.value.verdict, end.value.reason) == ("icon", "no_tool")
