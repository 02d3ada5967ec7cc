"""Pictures of files of each kind, through the real rendering process."""

from __future__ import annotations

import base64
import gzip
import io
import json
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pyvips

from contest.previews import client, webp
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import HEAD_BYTES, PREVIEWABLE, Kind, sniff
from contest.previews.outcome import REASONS, VERDICTS
from contest.previews.render import RENDERERS

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CANARY = b"CANARY-of-the-entrant"
MAGENTA, RED, BLUE, WHITE = (255, 0, 255), (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def preview(server: PreviewServer, data: bytes, kind: Kind, **options: object) -> Result:
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


# Files of our own making.


def flat(width: int, height: int, colour: tuple[int, ...]) -> pyvips.Image:
    black = pyvips.Image.black(width, height, bands=len(colour))
    return (black + list(colour)).cast("uchar").copy(interpretation="srgb")


def two_colours(width: int = 400, height: int = 200) -> pyvips.Image:
    """Red on the left, blue on the right."""
    return flat(width // 2, height, RED).join(flat(width - width // 2, height, BLUE), "horizontal")


def noise(width: int = 700, height: int = 500) -> pyvips.Image:
    grey = pyvips.Image.gaussnoise(width, height, mean=128, sigma=40, seed=1).cast("uchar")
    return grey.bandjoin([grey.rot180(), grey.flip("horizontal")]).copy(interpretation="srgb")


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def hand_made_png(width: int, height: int, *more: bytes, rows: bytes = b"") -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    body = png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + body + png_chunk(b"IEND", b"")


def svg(content: str, *, size: str = 'width="200" height="100"', before: str = "") -> bytes:
    root = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>'
    return f"{before}{root}{content}</svg>".encode()


def entity_bomb() -> bytes:
    doubled = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return svg("<text>&e9;</text>", before=f'<!DOCTYPE svg [<!ENTITY e0 "lol">{doubled}]>')


def use_bomb(depth: int = 9) -> bytes:
    groups = "".join(
        f'<g id="g{n}">{f"""<use xlink:href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, depth)
    )  # fmt: skip
    return svg(f'<defs><rect id="g0" width="9" height="9"/>{groups}</defs><use xlink:href="#g{depth - 1}"/>')


def compressed_bomb() -> bytes:
    return gzip.compress(svg("<!--" + " " * 70_000_000 + "-->"))


def pdf(*pages: tuple[float, ...], box: str = "0 0 200 100", encrypted: bool = False, kids: str | None = None) -> bytes:
    """A PDF by hand: each page is one flat colour, given as red, green and blue between 0 and 1."""
    objects = {1: "<< /Type /Catalog /Pages 2 0 R >>"}
    for index, colour in enumerate(pages):
        page = 3 + 2 * index
        content = f"{' '.join(map(str, colour))} rg 0 0 99999 99999 re f"
        objects[page] = f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {page + 1} 0 R >>"
        objects[page + 1] = f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"
    names = kids if kids is not None else " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects[2] = f"<< /Type /Pages /Kids [{names}] /Count {len(names.split()) // 3} >>"
    extra = ""
    if encrypted:
        owner, user = "4f" * 32, "55" * 32
        objects[900] = f"<< /Filter /Standard /V 1 /R 2 /O <{owner}> /U <{user}> /P -4 >>"
        extra = f"/Encrypt 900 0 R /ID [<{'ab' * 16}> <{'ab' * 16}>]"
    body, places = b"%PDF-1.4\n", {}
    for number, text in sorted(objects.items()):
        places[number] = len(body)
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{number} 1\n{place:010} 00000 n \n" for number, place in sorted(places.items()))
    trailer = f"trailer\n<< /Root 1 0 R /Size 901 {extra} >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + f"xref\n0 1\n0000000000 65535 f \n{table}{trailer}".encode()


def with_metadata() -> bytes:
    """A JPEG that names its entrant in every place that a JPEG has for it."""
    image = two_colours().icc_transform("p3", input_profile="srgb").copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-ImageDescription", f"{CANARY.decode()} (x, ASCII, 0, 0)")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>")
    image.set_type(pyvips.GValue.blob_type, "iptc-data", b"Photoshop 3.0\0" + CANARY)
    data: bytes = image.jpegsave_buffer(Q=95)
    comment = b"\xff\xfe" + struct.pack(">H", len(CANARY) + 2) + CANARY
    return data[:2] + comment + data[2:]


SAMPLES = {
    "png": (Kind.PNG, lambda: noise().pngsave_buffer()),
    "jpeg": (Kind.JPEG, lambda: noise().jpegsave_buffer()),
    "webp": (Kind.WEBP, lambda: noise().webpsave_buffer()),
    "gif": (Kind.GIF, lambda: noise(120, 80).gifsave_buffer()),
    "svg": (Kind.SVG, lambda: svg('<rect width="90" height="50" fill="#f00"/>')),
    "svgz": (Kind.SVGZ, lambda: gzip.compress(svg('<rect width="90" height="50" fill="#f00"/>'))),
    "pdf": (Kind.PDF, lambda: pdf((1, 0, 0))),
}


def test_there_is_a_renderer_for_each_kind_that_promises_previews() -> None:
    assert set(RENDERERS) == PREVIEWABLE == {kind for kind, _ in SAMPLES.values()}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_kind_becomes_three_bare_webp(server: PreviewServer, name: str) -> None:
    kind, make = SAMPLES[name]
    data = make()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is kind
    result = preview(server, data, kind)
    assert (result.verdict, result.reason, result.pages) == ("ready", None, 1)
    assert [(output.preset, output.page) for output in result.outputs] == [("320", 1), ("1280", 1), ("2560", 1)]
    for output in result.outputs:
        assert webp.measure(output.data) == (output.width, output.height)
        assert sniff(output.data[:HEAD_BYTES], size=len(output.data)) is Kind.WEBP
        assert max(output.width, output.height) <= int(output.preset)
    assert result.cpu_s > 0
    assert result.peak_mb > 1


def test_sizes_are_the_long_edge_and_nothing_is_made_larger(server: PreviewServer) -> None:
    wide = preview(server, noise(3000, 300).jpegsave_buffer(), Kind.JPEG)
    tall = preview(server, noise(300, 3000).pngsave_buffer(), Kind.PNG)
    small = preview(server, noise(50, 40).pngsave_buffer(), Kind.PNG)
    assert (wide.width, wide.height) == (3000, 300)
    assert [(o.width, o.height) for o in wide.outputs] == [(320, 32), (1280, 128), (2560, 256)]
    assert [(o.width, o.height) for o in tall.outputs] == [(32, 320), (128, 1280), (256, 2560)]
    assert [(o.width, o.height) for o in small.outputs] == [(50, 40)] * 3


def test_only_the_wanted_presets_are_made(server: PreviewServer) -> None:
    for kind, make in (SAMPLES["png"], SAMPLES["svg"], SAMPLES["pdf"]):
        result = preview(server, make(), kind, presets=("320",))
        assert [output.preset for output in result.outputs] == ["320"]


def test_the_first_picture_is_handed_over_early_and_once(server: PreviewServer) -> None:
    seen: list[Output] = []
    result = preview(server, pdf((1, 0, 0), (0, 1, 0)), Kind.PDF, keep=seen.append)
    assert [(output.preset, output.page) for output in seen] == [
        (preset, page) for page in (1, 2) for preset in ("320", "1280", "2560")
    ]
    assert [replace(output, data=b"") for output in seen] == list(result.outputs)


@pytest.mark.parametrize(
    ("orientation", "size", "red", "blue"),
    [
        (1, (400, 200), (50, 100), (350, 100)),
        (2, (400, 200), (350, 100), (50, 100)),
        (3, (400, 200), (350, 100), (50, 100)),
        (6, (200, 400), (100, 50), (100, 350)),
        (7, (200, 400), (100, 350), (100, 50)),
        (8, (200, 400), (100, 350), (100, 50)),
    ],
)
def test_a_photograph_is_turned_as_its_exif_says(
    server: PreviewServer, orientation: int, size: tuple[int, int], red: tuple[int, int], blue: tuple[int, int]
) -> None:
    image = two_colours().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    result = preview(server, image.jpegsave_buffer(Q=95), Kind.JPEG)
    shown = pixels(result.outputs[1])
    assert (result.width, result.height) == size == (shown.width, shown.height)
    assert near(shown, *red, RED)
    assert near(shown, *blue, BLUE)


def test_transparency_is_kept_but_for_the_smallest(server: PreviewServer) -> None:
    clear, solid = flat(200, 200, (*RED, 0)), flat(200, 200, (*BLUE, 255))
    result = preview(server, clear.join(solid, "horizontal").pngsave_buffer(), Kind.PNG)
    small, middle, large = map(pixels, result.outputs)
    assert small.bands == 3
    assert near(small, 50, 80, WHITE)
    assert near(small, 250, 80, BLUE)
    for image in (middle, large):
        assert image(50, 100)[3] == 0
        assert near(image, 350, 100, (*BLUE, 255))


def test_a_drawing_keeps_its_transparency_too(server: PreviewServer) -> None:
    result = preview(server, svg('<rect width="100" height="100" fill="#f00"/>'), Kind.SVG)
    assert pixels(result.outputs[1])(1000, 300)[3] == 0
    assert near(pixels(result.outputs[0]), 300, 50, WHITE)


@pytest.mark.parametrize("profile", ["p3", "srgb"])
def test_colours_come_out_in_srgb(server: PreviewServer, profile: str) -> None:
    soft = flat(300, 200, (200, 120, 60))
    data = soft.icc_transform(profile, input_profile="srgb").jpegsave_buffer(Q=95)
    shown = pixels(preview(server, data, Kind.JPEG).outputs[1])
    assert near(shown, 150, 100, (200, 120, 60), 6)


def test_print_colours_come_out_in_srgb(server: PreviewServer) -> None:
    data = two_colours().icc_transform("cmyk", input_profile="srgb").jpegsave_buffer(Q=95)
    assert pyvips.Image.new_from_buffer(data, "").interpretation == "cmyk"
    shown = pixels(preview(server, data, Kind.JPEG).outputs[1])
    assert near(shown, 50, 100, RED, 45)
    assert shown(350, 100)[2] > shown(350, 100)[0] + 60


def test_without_a_profile_print_colours_are_guessed(server: PreviewServer) -> None:
    image = two_colours().icc_transform("cmyk", input_profile="srgb").copy()
    image.remove("icc-profile-data")
    shown = pixels(preview(server, image.jpegsave_buffer(Q=95, keep="none"), Kind.JPEG).outputs[1])
    assert near(shown, 50, 100, RED, 60)


def test_a_broken_profile_is_no_reason_to_show_nothing(server: PreviewServer) -> None:
    data = two_colours().jpegsave_buffer(Q=95)
    body = b"ICC_PROFILE\0\x01\x01" + b"this is no profile at all" * 10
    result = preview(server, data[:2] + b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body + data[2:], Kind.JPEG)
    assert result.verdict == "ready"
    assert near(pixels(result.outputs[1]), 50, 100, RED)


@pytest.mark.parametrize("interpretation", ["grey16", "rgb16"])
def test_sixteen_bits_become_eight(server: PreviewServer, interpretation: str) -> None:
    bands = 1 if interpretation == "grey16" else 3
    image = (pyvips.Image.black(300, 200, bands=bands) + 128 * 257).cast("ushort").copy(interpretation=interpretation)
    result = preview(server, image.pngsave_buffer(bitdepth=16), Kind.PNG)
    assert near(pixels(result.outputs[1]), 150, 100, (128, 128, 128), 3)


@pytest.mark.parametrize("kind", [Kind.GIF, Kind.WEBP])
def test_of_an_animation_the_first_frame_is_shown(server: PreviewServer, kind: Kind) -> None:
    frames = flat(100, 80, RED).join(flat(100, 80, BLUE), "vertical").copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 80)
    data = frames.gifsave_buffer() if kind is Kind.GIF else frames.webpsave_buffer(lossless=True)
    result = preview(server, data, kind)
    assert (result.width, result.height, result.pages) == (100, 80, 1)
    assert near(pixels(result.outputs[1]), 50, 70, RED)


def test_nothing_of_the_metadata_is_left(server: PreviewServer) -> None:
    text = png_chunk(b"tEXt", b"Author\0" + CANARY) + png_chunk(b"zTXt", b"Title\0\0" + zlib.compress(CANARY))
    rows = (b"\0" + bytes(30)) * 10
    gif = flat(20, 10, RED).gifsave_buffer()
    files = {
        Kind.JPEG: with_metadata(),
        Kind.PNG: hand_made_png(10, 10, text, rows=rows),
        Kind.GIF: gif[:-1] + b"\x21\xfe" + bytes([len(CANARY)]) + CANARY + b"\0" + gif[-1:],
        Kind.SVG: svg(f"<title>{CANARY.decode()}</title><metadata>{CANARY.decode()}</metadata><desc>x</desc>"),
        Kind.PDF: pdf((1, 0, 0)).replace(b"/Root", b"/Info << /Author (" + CANARY + b") >> /Root"),
    }
    for kind, data in files.items():
        assert CANARY in data
        result = preview(server, data, kind)
        assert result.verdict == "ready", kind
        for output in result.outputs:
            assert CANARY not in output.data
            # Refuses any chunk but those of pixels, and so EXIF, XMP and ICC.
            assert webp.measure(output.data)


# Documents.


def test_each_page_is_drawn_in_order(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), (0, 0, 1), (1, 1, 1)), Kind.PDF)
    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 3, 200, 100)
    assert [(o.page, o.preset) for o in result.outputs] == [
        (page, preset) for page in (1, 2, 3) for preset in ("320", "1280", "2560")
    ]
    assert [(o.width, o.height) for o in result.outputs[:3]] == [(320, 160), (1280, 640), (2560, 1280)]
    for output, colour in zip(result.outputs[2::3], (RED, BLUE, WHITE), strict=True):
        assert near(pixels(output), 1000, 500, colour)


def test_of_a_long_document_sixty_pages_are_drawn_and_twenty_large(server: PreviewServer) -> None:
    result = preview(server, pdf(*[(0.5, 0.5, 0.5)] * 63), Kind.PDF)
    assert (result.verdict, result.pages) == ("ready", 63)
    counts = {preset: [o.page for o in result.outputs if o.preset == preset] for preset in ("320", "1280", "2560")}
    assert counts == {"320": list(range(1, 61)), "1280": list(range(1, 61)), "2560": list(range(1, 21))}
    assert {(o.width, o.height) for o in result.outputs if o.preset == "1280"} == {(1280, 640)}


@pytest.mark.parametrize("box", ["0 0 0.01 0.02", "0 0 14400 10", "0 0 99999999 1", "0 0 1e9 1e9", "5 5 5 5"])
def test_pages_of_any_size_keep_to_ours(server: PreviewServer, box: str) -> None:
    result = preview(server, pdf((1, 0, 0), box=box), Kind.PDF)
    assert result.verdict in {"ready", "failed"}
    assert all(max(o.width, o.height) <= int(o.preset) for o in result.outputs)


def test_a_document_with_a_password_is_refused(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), encrypted=True), Kind.PDF)
    assert (result.verdict, result.reason, result.outputs) == ("refused", "encrypted", ())


def test_a_document_without_pages_fails(server: PreviewServer) -> None:
    result = preview(server, pdf(), Kind.PDF)
    assert (result.verdict, result.reason) == ("failed", "no_pages")


def test_a_document_with_a_lost_page_shows_the_others(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), (0, 0, 1), kids="3 0 R 800 0 R 5 0 R"), Kind.PDF)
    assert (result.verdict, result.reason, result.pages) == ("damaged", "unreadable", 3)
    assert {output.page for output in result.outputs} == {1, 3}


# Drawings.


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
    picture = base64.b64encode(flat(100, 100, MAGENTA).pngsave_buffer()).decode()
    padding = " " * 11_000_000
    drawing = svg(f'<image width="200" height="100" xlink:href="data:image/png;base64,{picture}{padding}"/>')
    result = preview(server, drawing, Kind.SVG)
    assert result.verdict == "ready"
    assert has_colour(pixels(result.outputs[0]), MAGENTA)


@pytest.mark.parametrize("way", ["href", "xlink:href"])
def test_a_drawing_shows_no_file_of_ours_and_calls_nobody(server: PreviewServer, tmp_path: Path, way: str) -> None:
    planted = tmp_path / "canary.png"
    flat(100, 100, MAGENTA).pngsave(str(planted))
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


# Damage.


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.JPEG, Kind.GIF])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_a_truncated_picture_is_shown_and_called_damaged(server: PreviewServer, kind: Kind, kept: float) -> None:
    data = SAMPLES[kind.value][1]()
    result = preview(server, data[: int(len(data) * kept)], kind)
    assert (result.verdict, result.reason, len(result.outputs)) == ("damaged", "truncated", 3)


def test_a_large_truncated_photograph_is_called_damaged_although_it_is_shrunk_while_read(server: PreviewServer) -> None:
    data = noise(6000, 4000).jpegsave_buffer()
    assert preview(server, data, Kind.JPEG).verdict == "ready"
    assert preview(server, data[: len(data) // 2], Kind.JPEG).verdict == "damaged"


@pytest.mark.parametrize("kind", sorted(PREVIEWABLE))
@pytest.mark.parametrize("data", [b"", b"\0", b"not at all what it claims to be" * 100])
def test_nonsense_fails(server: PreviewServer, kind: Kind, data: bytes) -> None:
    result = preview(server, data, kind)
    assert result.verdict == "failed"
    assert result.reason == "unreadable"
    assert result.outputs == ()


@pytest.mark.parametrize("kind", [Kind.WEBP, Kind.SVG, Kind.SVGZ])
def test_half_a_file_that_cannot_be_shown_in_part_fails(server: PreviewServer, kind: Kind) -> None:
    data = SAMPLES[kind.value][1]()
    result = preview(server, data[: len(data) // 2], kind)
    assert (result.verdict, result.reason) == ("failed", "unreadable")


@pytest.mark.parametrize("size", [(100_000, 100_000), (12_000, 12_000), (2**31 - 1, 1)])
def test_a_pixel_bomb_is_refused_by_its_header(server: PreviewServer, size: tuple[int, int]) -> None:
    result = preview(server, hand_made_png(*size), Kind.PNG)
    assert (result.verdict, result.outputs) in {("refused", ()), ("failed", ())}
    assert result.reason in {"too_many_pixels", "unreadable"}
    assert result.peak_mb < 200


def test_a_file_is_read_as_its_kind_and_no_other(server: PreviewServer) -> None:
    for wrong in (Kind.JPEG, Kind.GIF, Kind.WEBP, Kind.SVG, Kind.PDF):
        assert preview(server, SAMPLES["png"][1](), wrong).verdict == "failed"


LOADERS = """
import io, json, sys
import pyvips
from contest.previews.images import allow_loader
from contest.previews.kinds import Kind

noise = pyvips.Image.gaussnoise(40, 30, mean=128, sigma=40).cast("uchar")
colour = noise.bandjoin([noise, noise]).copy(interpretation="srgb")
files = {
    "png": colour.pngsave_buffer(), "jpeg": colour.jpegsave_buffer(), "webp": colour.webpsave_buffer(),
    "gif": colour.gifsave_buffer(), "tiff": colour.tiffsave_buffer(),
    "heif": colour.heifsave_buffer(compression="av1"), "ppm": b"P6 2 2 255 " + bytes(12),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>',
    "csv": b"1,2,3\\n4,5,6\\n",
}
def source(data): return pyvips.Image.new_from_source(pyvips.Source.new_from_memory(data), "")
def buffer(data): return pyvips.Image.new_from_buffer(data, "")
def svg(data): return pyvips.Image.svgload_buffer(data)
def csv(data): return pyvips.Operation.call("csvload_source", pyvips.Source.new_from_memory(data))
def path(data):
    with open(sys.argv[2], "wb") as file:
        file.write(data)
    return pyvips.Image.new_from_file(sys.argv[2])
opened = []
for kind in ["anything", None, *map(Kind, sys.argv[1].split())]:
    if kind != "anything":
        allow_loader(kind)
    for name, data in files.items():
        for way in (source, buffer, svg, csv, path):
            try:
                way(data).avg()
            except pyvips.Error:
                continue
            opened.append((kind, name, way.__name__))
print(json.dumps(opened))
"""


def test_each_kind_switches_on_its_own_loader_and_no_other(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    kinds = "png jpeg webp gif svg svgz pdf"
    command = [sys.executable, "-c", LOADERS, kinds, str(tmp_path / "file")]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE)
    opened = [tuple(each) for each in json.loads(done.stdout)]
    before = {name for kind, name, _ in opened if kind == "anything"}
    assert before >= {"png", "jpeg", "webp", "gif", "svg", "tiff", "heif"}, "the files are good"
    assert [each for each in opened if each[0] != "anything"] == [
        ("png", "png", "source"),
        ("jpeg", "jpeg", "source"),
        ("webp", "webp", "source"),
        ("gif", "gif", "source"),
        ("svg", "svg", "buffer"),
        ("svg", "svg", "svg"),
        ("svgz", "svg", "buffer"),
        ("svgz", "svg", "svg"),
    ]


# The last look at what a renderer made.


def test_a_webp_is_measured() -> None:
    image = noise(70, 50)
    for data in (
        image.webpsave_buffer(keep="none"),
        image.webpsave_buffer(keep="none", lossless=True),
        image.bandjoin(noise(70, 50).extract_band(0)).webpsave_buffer(keep="none"),
        image.bandjoin(noise(70, 50).extract_band(0)).webpsave_buffer(keep="none", lossless=True),
    ):
        assert webp.measure(data) == (70, 50)


def test_a_webp_with_anything_else_in_it_is_refused() -> None:
    image = two_colours().copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x/>")
    frames = flat(10, 20, RED).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 10)
    bare = image.webpsave_buffer(keep="none")
    for data in (
        image.webpsave_buffer(),
        two_colours().icc_transform("p3", input_profile="srgb").webpsave_buffer(keep="icc"),
        frames.webpsave_buffer(),
        bare + b"PK\x03\x04",
        bare[:-1],
        bare[:12],
        bare[:12] + b"JUNK" + struct.pack("<I", 2**31),
        b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8X" + bytes(4),
        b"RIFF" + struct.pack("<I", 4) + b"WEBP",
        noise(9, 9).pngsave_buffer(),
        b"",
    ):
        with pytest.raises(ValueError):
            webp.measure(data)


# Files of others.


def corpus() -> list[tuple[str, Path | None, str]]:
    manifest = CORPUS / "manifest.tsv"
    rows = [line.split("\t") for line in manifest.read_text().splitlines()[1:]] if manifest.exists() else []
    return [(name, None, "preview") for name in SAMPLES] + [(row[0], CORPUS / row[0], row[4]) for row in rows]


def previewable() -> list[tuple[str, Path | None, str]]:
    """Our own samples, and each file of the corpus that we would try: whatever folder it lies in."""
    return [
        row
        for row in corpus()
        if row[1] is None or sniff(row[1].read_bytes()[:HEAD_BYTES], size=row[1].stat().st_size) in PREVIEWABLE
    ]


@pytest.mark.parametrize(("name", "path", "expected"), previewable(), ids=lambda value: str(value).replace("/", "-"))
def test_files_of_others_end_as_expected(server: PreviewServer, name: str, path: Path | None, expected: str) -> None:
    data = path.read_bytes() if path else SAMPLES[name][1]()
    kind = sniff(data[:HEAD_BYTES], size=len(data))
    assert kind is not None
    before = server.pid
    result = preview(server, data, kind)
    assert result.verdict in {"preview": {"ready"}, "reject": VERDICTS - {"ready"}}.get(expected, VERDICTS)
    assert result.reason in ({None} if result.verdict == "ready" else REASONS - {"crashed", "memory"})
    assert bool(result.outputs) == (result.verdict in {"ready", "damaged"})
    assert result.peak_mb < 400
    for output in result.outputs:
        assert webp.measure(output.data) == (output.width, output.height)
        assert pixels(output).avg() >= 0
    assert server.alive()
    assert server.pid == before


def test_a_file_object_is_left_as_it_was(server: PreviewServer, tmp_path: Path) -> None:
    path = tmp_path / "input.png"
    path.write_bytes(SAMPLES["png"][1]())
    with path.open("r+b") as file:
        file.seek(17)
        assert client.render(file, Kind.PNG, address=server.address).verdict == "ready"
        assert file.tell() == 17
    with pytest.raises((ValueError, io.UnsupportedOperation)):
        client.render(io.BytesIO(b"x"), Kind.PNG, address=server.address)
