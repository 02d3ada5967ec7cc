"""Drawings of vectors, through the real rendering process."""

from __future__ import annotations

import base64
import gzip
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import HEAD_BYTES, Kind, sniff
from tests.rendering import has_colour, near, pixels, preview
from tests.samples.documents import compressed_bomb, entity_bomb, svg, use_bomb
from tests.samples.packages import png

MAGENTA, RED, BLUE, WHITE = (255, 0, 255), (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


@pytest.mark.parametrize(
    ("size", "edge"),
    [
        ('width="10" height="5"', 1280),
        ('viewBox="0 0 2000 1000"', 2000),
        ('width="100000" height="50000"', 2560),
        ('width="210mm" height="105mm"', 1280),
    ],
)
def test_a_drawing_is_drawn_between_1280_and_2560(server: PreviewServer, size: str, edge: int) -> None:
    result = preview(server, svg("<circle r='5'/>", size=size), Kind.SVG)
    large = result.outputs[-1]
    assert (result.verdict, large.preset) == ("ready", "2560")
    assert large.width == pytest.approx(edge, abs=3)
    assert result.outputs[0].width == 320


def test_a_drawing_shows_text_in_both_scripts(server: PreviewServer) -> None:
    for text in ("Design", "設計"):
        drawing = svg(f'<text x="10" y="60" font-size="50">{text}</text>', size='width="300" height="90"')
        shown = pixels(preview(server, drawing, Kind.SVG).outputs[0])
        assert has_colour(shown, (0, 0, 0)), text


def test_a_drawing_with_a_large_photograph_inside_is_drawn(server: PreviewServer) -> None:
    picture = base64.b64encode(png(100, 100, MAGENTA)).decode()
    padding = " " * 11_000_000
    drawing = svg(f'<image width="200" height="100" xlink:href="data:image/png;base64,{picture}{padding}"/>')
    result = preview(server, drawing, Kind.SVG)
    assert result.verdict == "ready"
    assert has_colour(pixels(result.outputs[0]), MAGENTA)


@pytest.mark.parametrize("way", ["href", "xlink:href"])
def test_a_drawing_shows_no_file_of_ours_and_calls_nobody(server: PreviewServer, tmp_path: Path, way: str) -> None:
    planted = tmp_path / "canary.png"
    planted.write_bytes(png(100, 100, MAGENTA))
    beside = Path(server.address).with_name("beside.png")
    beside.write_bytes(planted.read_bytes())
    embedded = base64.b64encode(planted.read_bytes()).decode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        remote = f"http://127.0.0.1:{listener.getsockname()[1]}/canary.png"
        for target in (str(planted), planted.as_uri(), "beside.png", "../beside.png", remote):
            content = f'<style>@import url("{target}");</style><image width="200" height="100" {way}="{target}"/>'
            result = preview(server, svg(content), Kind.SVG)
            assert result.verdict == "ready", target
            assert not any(has_colour(pixels(output), MAGENTA) for output in result.outputs), target
        with pytest.raises(BlockingIOError):
            listener.accept()
    # The test can see what it looks for: the same picture inside the drawing does show.
    inside = svg(f'<image width="200" height="100" {way}="data:image/png;base64,{embedded}"/>')
    assert has_colour(pixels(preview(server, inside, Kind.SVG).outputs[0]), MAGENTA)


def test_a_drawing_cannot_quote_a_file(server: PreviewServer, tmp_path: Path) -> None:
    planted = tmp_path / "secret.txt"
    planted.write_text("WWWWWWWW")

    def drawn(entity: str) -> Result:
        text = '<text x="5" y="60" font-size="40">&secret;</text>'
        return preview(server, svg(text, before=f"<!DOCTYPE svg [<!ENTITY secret {entity}>]>"), Kind.SVG)

    quoted, empty = drawn(f'SYSTEM "{planted.as_uri()}"'), drawn('""')
    if quoted.verdict == "ready":
        assert [o.data for o in quoted.outputs] == [o.data for o in empty.outputs]
    assert [o.data for o in drawn('"WWWWWWWW"').outputs] != [o.data for o in empty.outputs]


@pytest.mark.parametrize(
    ("make", "kind"), [(entity_bomb, Kind.SVG), (use_bomb, Kind.SVG), (compressed_bomb, Kind.SVGZ)]
)
def test_a_bomb_is_refused(server: PreviewServer, make: Callable[[], bytes], kind: Kind) -> None:
    data = make()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is kind
    result = preview(server, data, kind)
    assert (result.verdict, result.reason, result.outputs) == ("refused", "bomb", ())


def test_a_drawing_keeps_its_transparency_too(server: PreviewServer) -> None:
    result = preview(server, svg('<rect width="100" height="100" fill="#f00"/>'), Kind.SVG)
    assert pixels(result.outputs[1])(1000, 300)[3] == 0
    assert near(pixels(result.outputs[0]), 300, 50, WHITE)


@pytest.mark.parametrize(
    ("content", "clear"),
    [
        ('<rect width="200" height="100" fill="#fff"/>', 0),
        ('<rect width="199" height="100" fill="#fff"/>', 1),
        ('<rect width="200" height="100" fill="#fff" opacity=".5"/>', 1),
    ],
)
def test_it_is_known_whether_anything_shows_through(server: PreviewServer, content: str, clear: int) -> None:
    assert dict(preview(server, svg(content), Kind.SVG).facts) == {"alpha": clear}


@pytest.mark.parametrize("size", ["", 'width="100%" height="100%"', 'width="100%" viewBox="0 0 20 10"'])
def test_a_drawing_without_a_size_is_drawn(server: PreviewServer, size: str) -> None:
    result = preview(server, svg('<rect x="5" y="5" width="300" height="150" fill="#f00"/>', size=size), Kind.SVG)
    assert result.verdict == "ready"
    assert has_colour(pixels(result.outputs[0]), RED)


@pytest.mark.parametrize("size", ['width="0" height="0"', 'width="-5" height="9"', 'width="1e30" height="1"'])
def test_a_drawing_of_an_impossible_size_fails(server: PreviewServer, size: str) -> None:
    result = preview(server, svg("<rect/>", size=size), Kind.SVG)
    assert (result.verdict, result.reason) in {("failed", "unreadable"), ("ready", None)}
    assert all(max(o.width, o.height) <= int(o.preset) for o in result.outputs)


def test_pages_and_scripts_within_a_drawing_are_left_out(server: PreviewServer) -> None:
    body = '<body xmlns="http://www.w3.org/1999/xhtml" style="background:#f0f"><h1 style="color:#f0f">WWW</h1></body>'
    foreign = f'<foreignObject width="200" height="100">{body}</foreignObject>'
    script = "<script>document.documentElement.style.background = '#f0f'</script>"
    result = preview(server, svg(foreign + script + '<rect width="9" height="9" fill="#00f"/>'), Kind.SVG)
    shown = pixels(result.outputs[0])
    assert result.verdict == "ready"
    assert not has_colour(shown, MAGENTA)
    assert has_colour(shown, BLUE)


@pytest.mark.parametrize(
    "content",
    [
        '<pattern id="a" width="9" height="9"><rect width="9" height="9" fill="url(#a)"/></pattern>'
        '<rect width="90" height="90" fill="url(#a)"/>',
        '<g id="a"><use xlink:href="#a"/></g>',
        '<mask id="a"><rect width="9" height="9" mask="url(#a)"/></mask><rect width="9" height="9" mask="url(#a)"/>',
        '<linearGradient id="a" xlink:href="#b"/><linearGradient id="b" xlink:href="#a"/>'
        '<rect width="9" height="9" fill="url(#a)"/>',
        '<filter id="a" x="-9999" y="-9999" width="99999" height="99999"><feGaussianBlur stdDeviation="9999"/></filter>'
        '<rect width="9" height="9" filter="url(#a)"/>',
    ],
)
def test_what_leads_to_itself_comes_to_an_end(server: PreviewServer, content: str) -> None:
    result = preview(server, svg(content), Kind.SVG)
    assert result.verdict in {"ready", "failed", "refused"}
    assert result.reason in {None, "unreadable", "bomb"}


def test_markup_beyond_all_measure_is_refused_unread(server: PreviewServer) -> None:
    result = preview(server, svg("<!--" + " " * 68_000_000 + "-->"), Kind.SVG)
    assert (result.verdict, result.reason) == ("refused", "too_large")
    assert result.peak_mb < 200


def test_half_a_compressed_drawing_fails(server: PreviewServer) -> None:
    whole = gzip.compress(svg('<rect width="9" height="9" fill="#f00"/>' * 50))
    for data in (whole[: len(whole) // 2], whole[:11] + bytes(40)):
        assert (preview(server, data, Kind.SVGZ).verdict, preview(server, data, Kind.SVGZ).reason) == (
            "failed",
            "unreadable",
        )
