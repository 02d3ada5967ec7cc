"""Archives, prototypes and the packages of design programs, taken apart by the real renderer."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import pytest
import pyvips

from contest.previews import client, pack
from contest.previews.client import PreviewServer, Result
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_MEMBERS, PRESETS, Output
from contest.previews.pipeline import Order, preview
from tests.samples import packages
from tests.samples.packages import jpeg, png, zipped


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def seen(server: PreviewServer, data: bytes, kind: Kind, **order: object) -> Result:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        return preview(file, kind, Order(server.address, **{"presets": ("320",), **order}))  # type: ignore[arg-type]


def apart(server: PreviewServer, data: bytes, kind: Kind, **options: object) -> tuple[Result, dict[str, bytes]]:
    """One rendering of a package, without those of its members: the result, and what was handed out by path."""
    members: dict[int, BinaryIO] = {}
    with tempfile.TemporaryFile() as file:
        file.write(data)
        result = client.render(file, kind, address=server.address, member=members.__setitem__, **options)  # type: ignore[arg-type]
    found = {}
    for index, member in members.items():
        with member:
            found[result.tree[index].path] = member.read()
    return result, found


def shows(output: Output, *colour: int) -> bool:
    """Whether the middle has about this colour: the samples have one in a white frame."""
    image = pyvips.Image.new_from_buffer(output.data, "")
    return all(
        abs(found - meant) < 20
        for found, meant in zip(image(image.width // 2, image.height // 2), colour, strict=False)
    )


# What design programs save.


@pytest.mark.parametrize(
    ("kind", "inside", "label"),
    [
        (Kind.SKETCH, "previews/preview.png", "artboard"),
        (Kind.FIG, "thumbnail.png", "artboard"),
        (Kind.XD, "preview.png", "artboard"),
        (Kind.PPTX, "docProps/thumbnail.jpeg", "slide"),
        (Kind.KEYNOTE, "preview.jpg", "slide"),
    ],
)
def test_a_package_shows_the_picture_of_itself(server: PreviewServer, kind: Kind, inside: str, label: str) -> None:
    result = seen(server, packages.SAMPLES[kind](), kind, presets=tuple(PRESETS))
    assert (result.verdict, result.reason, result.pages) == ("ready", None, 1)
    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320"), (1, "1280"), (1, "2560")]
    assert shows(result.outputs[0], 200, 40, 30)
    (page,) = result.page_list
    assert (page.label, page.number, page.page) == (label, 1, 1)
    assert (page.width, page.height) == (result.width, result.height)
    assert [entry.path for entry in result.tree if entry.page] == [inside]
    assert result.facts["members"] == len(result.tree)


@pytest.mark.parametrize(
    ("kind", "members", "chosen"),
    [
        (Kind.KEYNOTE, {"preview-micro.jpg": 1, "preview-web.jpg": 2}, "preview-web.jpg"),
        (Kind.KEYNOTE, {"QuickLook/Thumbnail.jpg": 1, "preview-micro.jpg": 2}, "QuickLook/Thumbnail.jpg"),
        (
            Kind.XD,
            {"thumbnail.png": 1, "resources/renditions/a.png": 3, "preview.png": 2},
            "resources/renditions/a.png",
        ),
        (Kind.PPTX, {"ppt/media/image1.jpeg": 9, "docProps/thumbnail.jpeg": 1}, "docProps/thumbnail.jpeg"),
        (Kind.SKETCH, {"images/1.png": 9, "Previews/Preview.png": 1}, "Previews/Preview.png"),
    ],
)
def test_the_best_picture_of_a_package_is_chosen(
    server: PreviewServer, kind: Kind, members: dict[str, int], chosen: str
) -> None:
    given = {name: png(80, 50) + bytes(1000 * size) for name, size in members.items()}
    _, found = apart(server, zipped(given), kind)  # type: ignore[arg-type]
    assert list(found) == [chosen]


@pytest.mark.parametrize("kind", [Kind.SKETCH, Kind.FIG, Kind.XD, Kind.PPTX, Kind.KEYNOTE])
@pytest.mark.parametrize(
    "named", ["", "previews/preview.png thumbnail.png docProps/thumbnail.jpeg preview.jpg preview.png"]
)
def test_a_package_without_a_picture_has_an_icon(server: PreviewServer, kind: Kind, named: str) -> None:
    """Also where a member has the right name, but is no picture."""
    data = zipped({"a.txt": "x"} | dict.fromkeys(named.split(), b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    result = seen(server, data, kind)
    assert (result.verdict, result.reason, result.outputs) == ("icon", "nothing_inside", ())
    assert result.tree[0].path == "a.txt"


def test_a_bare_figma_file_has_an_icon(server: PreviewServer) -> None:
    result = seen(server, b"fig-kiwi" + bytes(500), Kind.FIG)
    assert (result.verdict, result.reason) == ("icon", "nothing_inside")


def test_a_broken_picture_of_itself_is_told(server: PreviewServer) -> None:
    result = seen(server, zipped({"thumbnail.png": png()[:20], "canvas.fig": b"x"}), Kind.FIG)
    assert result.verdict == "failed"
    assert not result.outputs
    half = png(500, 400)
    result = seen(server, zipped({"thumbnail.png": half[: len(half) - 200], "canvas.fig": b"x"}), Kind.FIG)
    assert (result.verdict, result.reason) == ("damaged", "truncated")
    assert len(result.outputs) == 1


# Archives of anything.


def test_an_archive_has_a_page_for_each_picture_and_tells_which_shows_which(server: PreviewServer) -> None:
    result = seen(server, packages.mixed(), Kind.ZIP)
    assert (result.verdict, result.pages, result.facts) == ("ready", 3, {"members": 4})
    assert [(entry.path, entry.page) for entry in result.tree] == [
        ("board 10.png", 2),
        ("board 2.png", 1),
        ("screens/ホーム.png", 3),
        ("notes.txt", 0),
    ]
    assert [(page.label, page.number) for page in result.page_list] == [("picture", 1), ("picture", 2), ("picture", 3)]
    second, tenth, home = result.outputs
    assert shows(second, 30, 140, 60)
    assert shows(tenth, 20, 60, 160)
    assert shows(home, 200, 40, 30)
    assert (result.width, result.height) == (300, 200)


def test_shallow_and_picture_like_members_come_first_and_extras_never(server: PreviewServer) -> None:
    data = zipped(
        {
            "fonts/a.ttf": b"\0\1\0\0\0" + bytes(20),
            "deep/in/side/c.png": png(),
            "film.mp4": b"\0\0\0\x18ftypmp42" + bytes(20),
            "side/b.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "brief.pdf": "%PDF-1.4\n",
            "a.png": png(),
            "strange.dat": png(),
            "app.js": "let a = 1",
            "sources.sketch": packages.sketch(),
            "__MACOSX/._a.png": png(),
            ".thumbnails/a.png": png(),
            "Thumbs.db": png(),
            "nothing.png": "",
        }
    )
    result, found = apart(server, data, Kind.ZIP)
    assert list(found) == [
        "a.png",
        "brief.pdf",
        "sources.sketch",
        "side/b.svg",
        "film.mp4",
        "deep/in/side/c.png",
        "strange.dat",
        "fonts/a.ttf",
    ]
    assert found["a.png"] == png()
    assert len(result.tree) == 10


def test_of_many_members_fifty_are_shown(server: PreviewServer) -> None:
    data = zipped({f"{number}.png": png(20 + number % 5, 20) for number in range(MAX_MEMBERS + 8)})
    _, found = apart(server, data, Kind.ZIP)
    assert list(found) == [f"{number}.png" for number in range(MAX_MEMBERS)]


def test_a_hurried_caller_gets_one_page_soon(server: PreviewServer) -> None:
    data = zipped({"0.png": png()[:20]} | {f"{number}.png": png() for number in range(1, 20)})
    _, found = apart(server, data, Kind.ZIP, quick=True)
    assert len(found) == 3
    result = seen(server, data, Kind.ZIP, quick=True)
    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320")]
    assert [entry.path for entry in result.tree if entry.page] == ["1.png"]


def test_a_hostile_member_spoils_only_itself(server: PreviewServer) -> None:
    bomb = png()[:16] + struct.pack(">II", 60_000, 60_000) + png()[24:]
    data = zipped({"a.png": png(), "b.png": bomb, "c.jpg": jpeg()[:20], "d.jpg": jpeg()})
    result = seen(server, data, Kind.ZIP)
    assert [(entry.path, entry.page) for entry in result.tree] == [
        ("a.png", 1), ("b.png", 0), ("c.jpg", 0), ("d.jpg", 2),
    ]  # fmt: skip
    assert (result.verdict, result.pages, len(result.outputs)) == ("damaged", 2, 2)


def test_a_package_in_an_archive_shows_its_picture_and_an_archive_in_it_stays_shut(server: PreviewServer) -> None:
    inner = zipped(
        {"document.json": "{}", "meta.json": "{}", "previews/preview.png": png(), "board.fig": packages.fig()}
    )
    data = zipped({"app.sketch": inner, "deck.pptx": packages.pptx()})
    result = seen(server, data, Kind.ZIP)
    assert [(entry.path, entry.page) for entry in result.tree] == [("app.sketch", 1), ("deck.pptx", 2)]
    assert (result.verdict, len(result.outputs)) == ("ready", 2)


def test_an_archive_without_pictures_has_an_icon_and_its_tree(server: PreviewServer) -> None:
    result = seen(server, zipped({"a.txt": "x", "b/c.py": "pass"}), Kind.ZIP)
    assert (result.verdict, result.reason) == ("icon", "nothing_inside")
    assert [(entry.path, entry.size) for entry in result.tree] == [("a.txt", 1), ("b/c.py", 4)]
    empty = seen(server, zipped({}), Kind.ZIP)
    assert (empty.verdict, empty.tree) == ("icon", ())


def test_long_names_in_many_members_fit_the_tree(server: PreviewServer) -> None:
    names = [f"{'絵𝕏' * 300}/{number}.txt" for number in range(700)]
    result = seen(server, zipped(dict.fromkeys(names, "")), Kind.ZIP)
    assert result.verdict == "icon"
    assert len(result.tree) == 700
    assert all(entry.path.startswith("…") and entry.path.endswith(".txt") for entry in result.tree)


def _links() -> bytes:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"../../evil.png": png()}), "zip_unsafe"),
        (_links(), "zip_unsafe"),
        (zipped({"zeros.png": bytes(5_000_000)}), "zip_bomb"),
        (zipped({"more.zip": zipped({"a.png": png()})}), "zip_nested"),
        (zipped({"a.png": png()})[:-30], "zip_broken"),
        (b"PK\x03\x04", "zip_broken"),
    ],
)
@pytest.mark.parametrize("kind", [Kind.ZIP, Kind.PROTOTYPE, Kind.SKETCH, Kind.KEYNOTE, Kind.DOTLOTTIE])
def test_an_unsafe_archive_is_refused_whatever_its_kind(
    server: PreviewServer, data: bytes, reason: str, kind: Kind
) -> None:
    result = seen(server, data, kind)
    assert (result.verdict, result.reason, result.outputs, result.tree) == ("refused", reason, (), ())


# Prototypes.


def site(result: Result) -> dict[str, bytes]:
    (output,) = (output for output in result.outputs if output.preset == "site")
    assert output.file is not None
    with output.file as file:
        index = pack.read_index(
            lambda start, end: os.pread(file.fileno(), end - start, start), os.fstat(file.fileno()).st_size
        )
        return {path: os.pread(file.fileno(), length, start) for path, (start, length) in index.members.items()}


def test_a_prototype_is_packed_from_its_root(server: PreviewServer) -> None:
    result = seen(server, packages.prototype(), Kind.PROTOTYPE, presets=("320", "site"))
    assert (result.verdict, result.reason) == ("icon", "no_tool")
    assert [entry.path for entry in result.tree][:2] == ["ferry/index.html", "ferry/two.html"]
    members = site(result)
    assert set(members) == {"index.html", "two.html", "css/look.css", "js/app.js", "img/船.png"}
    assert members["img/船.png"] == png()
    assert b"Ferry" in members["index.html"]


def test_names_in_a_prototype_are_composed_and_read_in_their_encoding(server: PreviewServer) -> None:
    decomposed = unicodedata.normalize("NFD", "ガイド.html")
    placeholder = b"x" * len("船.png".encode("cp932"))
    data = zipped({"index.html": "<p>", decomposed: "<p>", placeholder.decode(): png()})
    data = data.replace(placeholder, "船.png".encode("cp932"))
    result = seen(server, data, Kind.PROTOTYPE, presets=("site",))
    assert set(site(result)) == {"index.html", "ガイド.html", "船.png"}


def test_links_of_a_prototype_that_begin_at_the_top_begin_where_their_page_lies(server: PreviewServer) -> None:
    page = (
        "<script type=module crossorigin src=\"/assets/app.js\"></script><link href='/look.css?v=2#a'>"
        '<img src=/img/%E8%88%B9.png><a href="/">top</a><a href="/deep/">deep</a>'
    )
    kept = '<img src="//other.example/a.png"><a href="/away"><a href="assets/app.js"><a data-src="/look.css">'
    data = {
        "index.html": page + kept,
        "deep/index.html": page + kept,
        "look.css": 'a{background:url("/img/船.png")} b{background:url(/nothing.png)}',
        "assets/app.js": 'fetch("/look.css")',
        "img/船.png": png(),
    }
    members = site(
        seen(server, zipped({f"dist/{name}": body for name, body in data.items()}), Kind.PROTOTYPE, presets=("site",))
    )
    for name, up in (("index.html", "./"), ("deep/index.html", "../")):
        turned = page.replace("=/", f"={up}")
        for quote in "\"'":
            turned = turned.replace(f"={quote}/", f"={quote}{up}")
        assert members[name].decode() == turned + kept
    assert members["look.css"].decode() == 'a{background:url("./img/船.png")} b{background:url(/nothing.png)}'
    assert members["assets/app.js"] == b'fetch("/look.css")'


def test_a_link_that_is_no_name_costs_nothing(server: PreviewServer) -> None:
    """Marks in the wrong order: to sort so many takes longer than the renderer has."""
    page = '<a href="/%s">' % ("\u0301\u0323" * 200_000)
    data = zipped({"index.html": page})

    assert site(seen(server, data, Kind.PROTOTYPE, presets=("site",)))["index.html"].decode() == page


def test_a_site_is_packed_only_where_it_is_wanted(server: PreviewServer) -> None:
    result = seen(server, packages.prototype(), Kind.PROTOTYPE)
    assert (result.verdict, result.outputs) == ("icon", ())
    assert result.tree
