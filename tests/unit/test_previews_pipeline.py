"""From a file to its previews, with the packages that hold further files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from contest.previews import pipeline
from contest.previews.client import PreviewServer, Progress, RendererGone
from contest.previews.kinds import Kind
from contest.previews.outcome import Output
from contest.previews.pipeline import Order, preview
from tests.samples import packages
from tests.samples.packages import png, zipped


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def stored(data: bytes) -> BinaryIO:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(data)
    return file  # type: ignore[return-value]


def test_without_a_keeper_the_bytes_stand_in_the_result(server: PreviewServer) -> None:
    with stored(packages.mixed()) as file:
        result = preview(file, Kind.ZIP, Order(server.address, presets=("320", "1280")))
    assert [(output.page, output.preset) for output in result.outputs] == [
        (page, preset) for page in (1, 2, 3) for preset in ("320", "1280")
    ]
    assert all(len(output.data) == output.size > 0 for output in result.outputs)
    assert [page.page for page in result.page_list] == [1, 2, 3]
    assert len({page.placeholder for page in result.page_list}) == 3


def test_a_keeper_gets_each_output_under_its_page_as_it_is_made(server: PreviewServer) -> None:
    kept: list[Output] = []
    with stored(packages.mixed()) as file:
        result = preview(file, Kind.ZIP, Order(server.address, presets=("320", "1280"), keep=kept.append))
    assert [(output.page, output.preset, output.size) for output in kept] == [
        (output.page, output.preset, output.size) for output in result.outputs
    ]
    assert all(len(output.data) == output.size for output in kept)
    assert all(output.data == b"" for output in result.outputs)


def test_progress_counts_members_of_a_package_and_pages_of_anything_else(server: PreviewServer) -> None:
    told: list[Progress] = []
    order = Order(server.address, presets=("320",), told=told.append)
    with stored(packages.mixed()) as file:
        preview(file, Kind.ZIP, order)
    assert told == [Progress(1, 3), Progress(2, 3), Progress(3, 3)]
    told.clear()
    with stored(png()) as file:
        preview(file, Kind.PNG, order)
    assert told == [Progress(1, 1)]


@pytest.mark.parametrize("preset", ["320", "1280"])
def test_what_the_keeper_raises_ends_it_and_leaves_nothing_open(server: PreviewServer, preset: str) -> None:
    def full(output: Output) -> None:
        if output.page == 2:
            raise OSError("no room")

    opened = set(os.listdir("/proc/self/fd"))
    with stored(packages.mixed()) as file, pytest.raises(OSError, match="no room"):
        preview(file, Kind.ZIP, Order(server.address, presets=(preset,), keep=full))
    assert set(os.listdir("/proc/self/fd")) == opened


def test_without_a_renderer_nobody_is_blamed(tmp_path: Path) -> None:
    with stored(packages.mixed()) as file, pytest.raises(RendererGone):
        preview(file, Kind.ZIP, Order(str(tmp_path / "s")))


def test_of_a_member_only_the_first_page_is_shown(server: PreviewServer) -> None:
    """Whatever it is: a document, an animation, a package."""
    from tests.samples.motion import lottie

    data = zipped({"a.json": lottie(), "b.sketch": packages.sketch()})
    with stored(data) as file:
        result = preview(file, Kind.ZIP, Order(server.address, presets=("320", "moving")))
    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320"), (2, "320")]
    assert [page.label for page in result.page_list] == ["picture", "picture"]


def test_a_first_picture_is_not_looked_for_long(server: PreviewServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_QUICK_WALL_S", -1.0)
    order = Order(server.address, presets=("320",))
    with stored(packages.mixed()) as file:
        assert preview(file, Kind.ZIP, replace(order, quick=True)).outputs == ()
        assert len(preview(file, Kind.ZIP, order).outputs) == 3


def test_a_prototype_without_a_browser_has_its_site_alone(server: PreviewServer) -> None:
    kept: list[str] = []

    def keep(output: Output) -> None:
        kept.append(output.preset)
        assert output.file is not None
        output.file.close()

    with stored(packages.prototype()) as file:
        result = preview(file, Kind.PROTOTYPE, Order(server.address, keep=keep))
    assert (result.verdict, result.reason, kept) == ("icon", "no_tool", ["site"])
    assert [(output.preset, output.file) for output in result.outputs] == [("site", None)]
