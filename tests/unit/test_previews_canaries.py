"""Files that reach out for what is not theirs, and files that tell who made them: neither gets through.

Canaries: a picture of one loud colour and a text outside of the renderer's folder, and two sockets of this host that
listen. Each hostile file names them in the way that its format knows.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pyvips

from contest.previews import client, jpeg, pack, webp
from contest.previews.client import Output, PreviewServer, Result
from contest.previews.kinds import MODELS, Kind, identify
from contest.previews.outcome import CARDS, PRESETS
from contest.previews.pipeline import EVERYTHING, Order, preview
from tests.pictures import archive
from tests.samples import CANARY, gathered

LOUD = (255, 0, 255)
SECRET = b"CANARY-this-was-never-handed-in"


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


@dataclass
class Outside:
    """What lies outside, and who listens there."""

    folder: Path
    tcp: socket.socket
    udp: socket.socket
    picture: Path = field(init=False)
    text: Path = field(init=False)

    def __post_init__(self) -> None:
        self.picture, self.text = self.folder / "canary.png", self.folder / "canary.txt"
        loud = (pyvips.Image.black(64, 64, bands=3) + list(LOUD)).cast("uchar").copy(interpretation="srgb")
        self.picture.write_bytes(loud.pngsave_buffer())
        self.text.write_bytes(SECRET)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.tcp.getsockname()[1]}"

    @property
    def datagrams(self) -> str:
        return f"127.0.0.1:{self.udp.getsockname()[1]}"

    def heard(self) -> bool:
        """Whether anybody has called."""
        for call in (lambda: self.tcp.accept()[0].close(), lambda: self.udp.recv(1)):
            try:
                call()
            except BlockingIOError:
                continue
            return True
        return False


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for one in (tcp, udp):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        tcp.listen()
        yield Outside(tmp_path_factory.mktemp("outside"), tcp, udp)


def render(server: PreviewServer, data: bytes, kind: Kind, presets: Sequence[str] = EVERYTHING) -> tuple[Result, dict]:
    """What becomes of a file and of the members of a package; and all bytes that were made, by page and preset."""
    made: dict[tuple[int, str], bytes] = {}

    def keep(output: Output) -> None:
        if output.file is None:
            made[output.page, output.preset] = output.data
        else:
            with output.file:
                made[output.page, output.preset] = output.file.read()

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return preview(file, kind, Order(server.address, presets=presets, keep=keep)), made


# Reaching out.


def svg(body: str, head: str = "", style: str = "") -> bytes:
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:xi="http://www.w3.org/2001/XInclude" width="99" height="99">{style}'
        f'<rect width="9" height="9" fill="#123456"/>{body}</svg>'
    ).encode()


def drawings(out: Outside) -> Iterator[bytes]:
    places = (f"file://{out.picture}", str(out.picture), out.picture.name, f"http://{out.address}/a.png")
    for place in (*places, f"//{out.address}/a", f"ftp://{out.address}/a"):
        yield svg(f'<image href="{place}" width="99" height="99"/><image xlink:href="{place}" width="99" height="99"/>')
        yield svg(f'<filter id="f"><feImage href="{place}"/></filter><rect width="99" height="99" filter="url(#f)"/>')
        yield svg(f'<use href="{place}#a"/><rect width="99" height="99" fill="url({place}#a)"/>')
        yield svg('<text y="50">a</text>', style=f"<style>@import url({place}); text {{fill: url({place})}}</style>")
        yield svg(f"<foreignObject width='99' height='99'><iframe src='{place}'/></foreignObject>")
    for place in (f"file://{out.text}", f"http://{out.address}/a"):
        yield svg('<text y="50">a</text>', head=f'<?xml-stylesheet href="{place}"?>')
        yield svg(f'<text y="50"><xi:include href="{place}" parse="text"/></text>')
        yield svg('<text y="50">&a;</text>', head=f'<!DOCTYPE svg [<!ENTITY a SYSTEM "{place}">]>')
        yield svg('<text y="50">a</text>', head=f'<!DOCTYPE svg [<!ENTITY % a SYSTEM "{place}"> %a;]>')
        yield svg('<text y="50">a</text>', head=f'<!DOCTYPE svg SYSTEM "{place}">')


def document(*extra: str, catalog: str = "", page: str = "") -> bytes:
    """A PDF of one page; its readers mend the missing table of places."""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] {page} >>",
        *extra,
    ]
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n%%EOF\n".encode()


def documents(out: Outside) -> Iterator[bytes]:
    url = f"http://{out.address}/a"
    for action in (
        f"<< /S /URI /URI ({url}) >>",
        f"<< /S /Launch /F ({out.text}) >>",
        f"<< /S /GoToR /F ({out.text}) /D [0 /Fit] >>",
        f"<< /S /GoToR /F << /FS /URL /F ({url}) >> /D [0 /Fit] >>",
        f"<< /S /SubmitForm /F << /FS /URL /F ({url}) >> >>",
        f"<< /S /ImportData /F ({out.text}) >>",
        f"<< /S /JavaScript /JS (app.launchURL\\('{url}'\\); this.submitForm\\('{url}'\\)) >>",
    ):
        link = f"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 99 99] /A {action} >>] /AA << /O {action} >>"
        yield document(catalog=f"/OpenAction {action} /AA << /WS {action} >>", page=link)
    places = (f"({out.text})", f"<< /FS /URL /F ({url}) >>", f"<< /Type /Filespec /F ({out.picture}) >>")
    for place in places:
        image = f"<< /Type /XObject /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Length 0 /F {place} >>\nstream\n\nendstream"
        form = f"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 0 /Ref << /F {place} /Page 0 >> >>\nstream\n\nendstream"
        words = "<< /Length 30 >>\nstream\n99 0 0 99 0 0 cm /A Do /B Do\nendstream"
        yield document(image, form, words, page="/Resources << /XObject << /A 4 0 R /B 5 0 R >> >> /Contents 6 0 R")
        yield document(f"<< /Length 0 /F {place} >>\nstream\n\nendstream", page="/Contents 4 0 R")
        yield document(catalog=f"/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F {place} >>] >> >>")


def offices(out: Outside) -> Iterator[bytes]:
    for place in (f"file://{out.picture}", f"http://{out.address}/a", str(out.picture)):
        relations = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail" '
            f'TargetMode="External" Target="{place}"/></Relationships>'
        ).encode()
        entity = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "{place}">]><a>&a;</a>'.encode()
        for main in ("ppt/presentation.xml", "word/document.xml", "3D/3dmodel.model"):
            yield archive({"[Content_Types].xml": entity, "_rels/.rels": relations, main: entity})


def playlists(out: Outside) -> Iterator[bytes]:
    for place in (f"file://{out.picture}", str(out.picture), f"http://{out.address}/a.ts", f"udp://{out.datagrams}"):
        yield f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{place}\n#EXT-X-ENDLIST\n".encode()
        yield f"ffconcat version 1.0\nfile '{place}'\n".encode()
        yield f'<?xml version="1.0"?><MPD><BaseURL>{place}</BaseURL></MPD>'.encode()
        yield f"v=0\nc=IN IP4 127.0.0.1\nm=video {out.datagrams.split(':')[1]} RTP/AVP 96\na={place}\n".encode()


def motions(out: Outside) -> Iterator[bytes]:
    for folder, name in (
        (f"{out.folder}/", out.picture.name),
        ("", f"file://{out.picture}"),
        (f"http://{out.address}/", "a.png"),
    ):
        layer = {"ty": 2, "refId": "i", "ip": 0, "op": 9, "st": 0, "ind": 1}
        layer["ks"] = {key: {"a": 0, "k": value} for key, value in
                       {"o": 100, "r": 0, "p": [32, 32, 0], "a": [32, 32, 0], "s": [100, 100, 100]}.items()}  # fmt: skip
        asset = {"id": "i", "w": 64, "h": 64, "u": folder, "p": name, "e": 0}
        whole = {"v": "5.5.7", "fr": 9, "ip": 0, "op": 9, "w": 64, "h": 64, "assets": [asset], "layers": [layer]}
        yield json.dumps(whole).encode()


def models(out: Outside) -> Iterator[bytes]:
    for place in (f"file://{out.picture}", str(out.picture), f"http://{out.address}/a.bin"):
        yield json.dumps(
            {
                "asset": {"version": "2.0"},
                "scene": 0,
                "scenes": [{"nodes": [0]}],
                "nodes": [{"mesh": 0}],
                "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
                "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}],
                "bufferViews": [{"buffer": 0, "byteLength": 36}],
                "buffers": [{"uri": place, "byteLength": 36}],
                "images": [{"uri": place}],
                "textures": [{"source": 0}],
                "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
            }
        ).encode()


def wavefronts(out: Outside) -> Iterator[bytes]:
    libraries = f"mtllib ../../../..{out.text}\nmtllib {out.text}\nmtllib http://{out.address}/a.mtl\n"
    yield f"{libraries}usemtl a\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n".encode()


def layered(out: Outside) -> Iterator[bytes]:
    """A PSD of one colour whose smart object lies in a file elsewhere."""
    name = str(out.picture).encode()
    linked = b"liFE" + struct.pack(">I", 7) + bytes([len(name)]) + name + bytes(64)
    block = b"8BIMlnkE" + struct.pack(">I", len(linked)) + linked + bytes(-len(linked) % 4)
    layers = struct.pack(">II", 0, 0) + block
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 16, 16, 8, 3) + struct.pack(">III", 0, 0, len(layers)) + layers
    yield head + b"\0\0" + b"\x12" * (16 * 16 * 3)


def scripts(out: Outside) -> Iterator[bytes]:
    yield f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({out.text}) run\n({out.text}) (r) file\nshowpage\n".encode()


ATTACKS: dict[Kind, Callable[[Outside], Iterator[bytes]]] = {
    Kind.SVG: drawings,
    Kind.SVGZ: lambda out: (gzip.compress(each, 1) for each in list(drawings(out))[::9]),
    Kind.PDF: documents,
    Kind.AI: lambda out: iter(list(documents(out))[::5]),
    Kind.PPTX: offices,
    Kind.ZIP: offices,
    Kind.THREEMF: offices,
    Kind.MP4: playlists,
    Kind.MOV: playlists,
    Kind.WEBM: playlists,
    Kind.AVI: playlists,
    Kind.LOTTIE: motions,
    Kind.DOTLOTTIE: lambda out: (
        archive({"manifest.json": b'{"animations": [{"id": "a"}]}', "animations/a.json": each}) for each in motions(out)
    ),
    Kind.GLTF: models,
    Kind.OBJ: wavefronts,
    Kind.PSD: layered,
    Kind.EPS: scripts,
}


def is_loud(picture: pyvips.Image) -> bool:
    """Whether the canary's colour is anywhere in a picture."""
    far = (picture.extract_band(0, n=3) - list(LOUD)).abs()
    return bool((far.extract_band(0) + far.extract_band(1) + far.extract_band(2)).min() < 60)


@pytest.mark.parametrize("kind", sorted(ATTACKS))
def test_nothing_outside_is_read_and_nobody_is_called(server: PreviewServer, outside: Outside, kind: Kind) -> None:
    for data in ATTACKS[kind](outside):
        result, made = render(server, data, kind, presets=("320",))
        assert result.reason != "timeout", data
        for output in made.values():
            assert SECRET not in output
            assert not is_loud(pyvips.Image.webpload_buffer(output)), data
        assert not outside.heard(), data


def test_a_playlist_is_no_video_to_begin_with(outside: Outside, tmp_path: Path) -> None:
    for data in playlists(outside):
        path = tmp_path / "clip.mp4"
        path.write_bytes(data)
        with path.open("rb") as file:
            assert identify(file, size=len(data)) is None


OPEN_DOORS = """
import sys, pyvips
pyvips.Image.svgload(sys.argv[1]).pngsave(sys.argv[2])
"""


def test_these_canaries_would_be_seen(outside: Outside, tmp_path: Path) -> None:
    """The same library without our care does bring the picture in, and a caller is heard."""
    drawing, drawn = outside.folder / "drawing.svg", tmp_path / "drawn.png"
    drawing.write_bytes(svg(f'<image href="{outside.picture.name}" width="99" height="99"/>'))
    subprocess.run([sys.executable, "-c", OPEN_DOORS, str(drawing), str(drawn)], check=True)
    assert is_loud(pyvips.Image.new_from_file(str(drawn)))
    with socket.create_connection(outside.tcp.getsockname()):
        assert outside.heard()


# Telling who made it.

FORMS = tuple(CANARY.decode().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
#: Two of the models: each starts a software renderer, for seconds, and what all of them make takes the same way.
PASSED_OVER = MODELS - {Kind.GLTF, Kind.STEP}
MARKED = {kind: make() for kind, make in gathered("MARKED").items() if kind not in PASSED_OVER}


def boxes(data: bytes) -> set[bytes]:
    """The types of all boxes outside the media itself."""
    found, todo = set(), [(0, len(data))]
    while todo:
        at, end = todo.pop()
        while at + 8 <= end:
            size, name = struct.unpack(">I4s", data[at : at + 8])
            head = 8
            if size == 1:
                size, head = struct.unpack(">Q", data[at + 8 : at + 16])[0], 16
            found.add(name)
            if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta"):
                todo.append((at + head, at + size))
            at += max(size, 8)
    return found


def strange_chunks(data: bytes) -> set[bytes]:
    """Chunks of a WebP, and of its frames, that are no picture."""
    found, todo = set(), [(12, len(data))]
    while todo:
        at, end = todo.pop()
        while at + 8 <= end:
            name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
            found.add(name)
            if name == b"ANMF":
                todo.append((at + 8 + 16, at + 8 + size))
            at += 8 + size + size % 2
    return found - {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}


def check_picture(data: bytes) -> None:
    if data.startswith(b"\xff\xd8"):
        jpeg.measure(data)
        assert not {data[at + 1] for at in range(2, 30) if data[at] == 0xFF} & {*range(0xE1, 0xF0), 0xFE}
        return
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert strange_chunks(data) == set()
    assert len(data) == 8 + int.from_bytes(data[4:8], "little")


def tiles(data: bytes) -> Iterator[bytes]:
    index = pack.read_index(lambda start, end: data[start:end], len(data))
    for start, length in index.members.values():
        yield data[start : start + length]


@pytest.mark.parametrize("kind", sorted(MARKED))
def test_no_output_tells_who_made_the_file(server: PreviewServer, kind: Kind) -> None:
    # A model's views are drawn by a software renderer, in seconds; one size shows what is in all.
    result, made = render(server, MARKED[kind], kind, presets=("320",) if kind in MODELS else EVERYTHING)
    assert result.verdict in ("ready", "damaged", "icon"), result
    for (_, preset), data in made.items():
        if preset == "site":
            continue  # an entrant's own pages, served apart; what they hold is for the entrant to say
        for form in FORMS:
            assert form not in data
        if preset in PRESETS:
            check_picture(data)
            assert webp.measure(data)
        elif preset == "moving":
            check_picture(data)
        elif preset == "tiles":
            for tile in tiles(data):
                check_picture(tile)
        elif preset == "mp4":
            assert not boxes(data) & {b"udta", b"meta", b"uuid", b"ilst", b"keys"}
        else:
            assert preset == "webm"


def test_cards_tell_nothing_either(server: PreviewServer) -> None:
    for kind in sorted(MARKED.keys() & {Kind.PNG, Kind.JPEG, Kind.SVG}):
        with tempfile.TemporaryFile() as file:
            file.write(MARKED[kind])
            _check_cards(client.render(file, kind, address=server.address, presets=tuple(CARDS)))  # type: ignore[arg-type]


def _check_cards(result: Result) -> None:
    assert {output.preset for output in result.outputs} == set(CARDS)
    for output in result.outputs:
        assert not any(form in output.data for form in FORMS)
        check_picture(output.data)
