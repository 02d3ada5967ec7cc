"""Pictures of pixels: PNG, JPEG, WebP, GIF, TIFF and AVIF by libvips, HEIC by libheif."""

from __future__ import annotations

import mmap
import struct
from typing import Any

import pillow_heif
import pyvips

from contest.previews import colours, tiles
from contest.previews.canvas import Canvas, GiveUp, Renderer
from contest.previews.colours import Cicp
from contest.previews.kinds import Kind
from contest.previews.outcome import MAX_LARGE_PAGES, MAX_PAGES, MAX_PIXELS
from contest.previews.partial import breaks_off, completed_webp

#: The one loader that each kind may use. Subclasses are named on purpose: nothing here opens a path.
LOADERS = {
    Kind.PNG: "VipsForeignLoadPngSource",
    Kind.JPEG: "VipsForeignLoadJpegSource",
    Kind.WEBP: "VipsForeignLoadWebpSource",
    Kind.GIF: "VipsForeignLoadNsgifSource",
    Kind.TIFF: "VipsForeignLoadTiffSource",
    Kind.AVIF: "VipsForeignLoadHeifSource",
    Kind.SVG: "VipsForeignLoadSvgBuffer",
    Kind.SVGZ: "VipsForeignLoadSvgBuffer",
}

#: Past these, no further page is begun: what is drawn is worth more than a rendering that is cut down.
_BUDGET_CPU_S, _BUDGET_WALL_S = 12.0, 24.0
#: A tag of TIFF, and the type of its value.
_NEW_SUBFILE_TYPE, _LONG = 254, 4
#: What differs less than this, in levels, is an empty area.
_EMPTY = 2
#: Mapped files above this size are let go of while they are read.
_LARGE_FILE = 16 * 1024**2

# The host's cores are shared out among children, not among threads.
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def allow_loader(kind: Kind | None) -> None:
    """Block every loader of libvips in this process but that of `kind`; all of them for None or a PDF.

    Cannot be relied on after other code used libvips here: call it first, in a process of its own.
    """
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    if kind in LOADERS:
        # SVG counts as untrusted, so this must come after the general block.
        pyvips.operation_block_set(LOADERS[kind], False)


def draw_raster(data: Any, canvas: Canvas) -> None:
    """Previews of a picture of pixels: its first frame, turned as its EXIF says, in sRGB.

    A picture that ends in the middle is drawn as far as it goes, and then ends as `damaged`.
    """
    completed = completed_webp(data)
    if completed is not None:
        data = completed
    head = _first_look(data)
    width, height = upright_size(head)
    check_size(canvas, width, height)
    cicp = _numbers(data, head)
    image, whole = read(data, canvas.edge(), cicp=cicp)
    if not whole and _is_tiff(data) and _one_colour(image):
        # What libtiff fills the gaps with is no part of the picture.
        canvas.source(pages=1, width=width, height=height)
        raise GiveUp("failed", _fault(data))
    canvas.source(pages=1, width=width, height=height, **facts(image, cicp))
    canvas.draw(image)
    if completed is not None or not whole:
        raise GiveUp("damaged", _fault(data))
    if tiles.wanted(canvas, width, height):
        tiles.write(upright(open_image(data)), canvas, cicp=cicp, alpha=image.hasalpha())


def draw_tiff(data: Any, canvas: Canvas) -> None:
    """Previews of each page of a TIFF, which is most often one. The smaller copies of a pyramid are no pages."""
    head = _first_look(data)
    directories = head.get("n-pages") if head.get_typeof("n-pages") else 1
    reduced = _reduced(data)
    shown = [index for index in range(directories) if index not in reduced]
    if len(shown) < 2:
        draw_raster(data, canvas)
        return
    left = MAX_PIXELS
    drawn, damage = 0, ""
    for number, index in enumerate(shown[: 1 if canvas.quick else MAX_PAGES], 1):
        largest = "2560" if number <= MAX_LARGE_PAGES else "1280"
        try:
            head = open_image(data, page=index)
            width, height = upright_size(head)
            left -= width * height
            if drawn and (left < 0 or canvas.late(cpu_s=_BUDGET_CPU_S, wall_s=_BUDGET_WALL_S)):
                break
            check_size(canvas, width, height)
            image, whole = read(data, canvas.edge(largest), page=index)
            if not whole and _one_colour(image):
                damage = damage or "unreadable"
                continue
        except pyvips.Error as error:
            if out_of_memory(error):
                raise
            damage = damage or "unreadable"
            continue
        damage = damage or ("" if whole else _fault(data))
        if not drawn:
            canvas.source(pages=len(shown), width=width, height=height, **facts(image))
        canvas.draw(image, page=number, largest=largest, label="page", original=(width, height))
        drawn += 1
    if not drawn:
        raise GiveUp("failed", "unreadable")
    if damage:
        raise GiveUp("damaged", damage)


def draw_heic(data: Any, canvas: Canvas) -> None:
    """Previews of the first picture of a HEIC. libheif has turned it already; what its EXIF says is a repetition."""
    try:
        picture = pillow_heif.open_heif(bytes(data), convert_hdr_to_8bit=True)
        width, height = picture.size
        check_size(canvas, width, height)
        pixels, stride, mode = picture.data, picture.stride, picture.mode
    except (ValueError, RuntimeError, EOFError, SyntaxError, IndexError) as error:
        raise GiveUp("failed", "truncated" if breaks_off(data) else "unreadable") from error
    bands = len(mode)
    if stride % bands or stride < width * bands:
        raise GiveUp("failed", "unreadable")
    image = pyvips.Image.new_from_memory(pixels, stride // bands, height, bands, "uchar").crop(0, 0, width, height)
    image = image.copy(interpretation="srgb" if bands > 2 else "b-w")
    if mode.endswith("a"):
        image = image.unpremultiply().cast("uchar")
    profile = picture.info.get("icc_profile")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    cicp = None if profile else colours.nclx(data)
    small = _shown(colours.shrunk(image, canvas.edge(), cicp))
    canvas.source(pages=1, width=width, height=height, **facts(small, colours.nclx(data)))
    canvas.draw(small)
    if tiles.wanted(canvas, width, height):
        tiles.write(image, canvas, cicp=cicp, alpha=small.hasalpha())


def open_image(data: Any, *, strict: bool = False, **options: Any) -> pyvips.Image:
    """A picture that is read row by row. Strictly: its reading raises pyvips.Error where data are missing."""
    source = pyvips.Source.new_from_memory(data)
    # A strip of a TIFF that cannot be read is an error to libtiff, wherever the file ends.
    least = "error" if _is_tiff(data) else "truncated"
    image = pyvips.Image.new_from_source(
        source, "", access="sequential", fail_on=least if strict else "none", **options
    )
    if isinstance(data, mmap.mmap) and len(data) > _LARGE_FILE:
        _let_go(image, data)
    return image


def _first_look(data: Any) -> pyvips.Image:
    """`open_image` for the head alone. Raises GiveUp if the file ends before there is a picture."""
    try:
        return open_image(data)
    except pyvips.Error as error:
        if breaks_off(data):
            raise GiveUp("failed", "truncated") from error
        raise


#: Pictures whose reading calls back: pyvips forgets a callback with the object on which it was set.
_watched: list[pyvips.Image] = []


def _let_go(image: pyvips.Image, data: mmap.mmap) -> None:
    """Unmap again and again what has been read of a large file, which would count as this process's memory."""
    turns = 0

    def evaluated(_image: Any, _progress: Any) -> None:
        nonlocal turns
        turns += 1
        if turns % 8 == 0:
            # Nobody writes to the mapping, so the kernel may read each page again.
            data.madvise(mmap.MADV_DONTNEED)

    image.set_progress(True)
    image.signal_connect("eval", evaluated)
    _watched.append(image)


def read(data: Any, edge: int, *, cicp: Cicp | None = None, **options: Any) -> tuple[pyvips.Image, bool]:
    """The picture read once and shrunk to `edge` (see `colours.shrunk`), and whether nothing of it is missing."""
    # `thumbnail_buffer` would take truncated files at every level of fail_on; loading with fail_on and
    # shrinking after it tells them apart, in one pass. That forgoes only the shrinking within the JPEG
    # decoder, which is therefore asked for by hand.
    head = open_image(data, **options)
    if head.get("vips-loader").startswith("jpegload"):
        shrink = max((n for n in (1, 2, 4, 8) if max(head.width, head.height) // n >= edge), default=1)
        options |= {"shrink": shrink} if shrink > 1 else {}
    try:
        return _shown(colours.shrunk(open_image(data, strict=True, **options), edge, cicp)), True
    except pyvips.Error as error:
        if out_of_memory(error):
            raise
    return _shown(colours.shrunk(open_image(data, **options), edge, cicp)), False


def _shown(image: pyvips.Image) -> pyvips.Image:
    """`image` without an alpha that hides nothing, or a whole picture: then it was meant for something else."""
    image = colours.without_idle_alpha(image)
    if image.hasalpha() and image.extract_band(image.bands - 1).max() == 0:
        hidden = image.extract_band(0, n=image.bands - 1).copy_memory()
        return hidden if hidden.deviate() > _EMPTY else image
    return image


def _is_tiff(data: Any) -> bool:
    return bytes(data[:2]) in (b"II", b"MM")


def _fault(data: Any) -> str:
    """Why something of a picture is missing. Parts of a TIFF may be unreadable in a file that is whole."""
    return "unreadable" if _is_tiff(data) and not breaks_off(data) else "truncated"


def _one_colour(image: pyvips.Image) -> bool:
    return all(low == high for low, high in image.stats().numpy()[1:, :2].tolist())


def upright_size(head: pyvips.Image) -> tuple[int, int]:
    """Width and height after turning as EXIF says."""
    turned = head.get_typeof("orientation") and head.get("orientation") in (5, 6, 7, 8)
    return (head.height, head.width) if turned else (head.width, head.height)


def upright(image: pyvips.Image) -> pyvips.Image:
    """`image` turned as its EXIF says; still read row by row if there is nothing to turn."""
    if not image.get_typeof("orientation") or image.get("orientation") in (0, 1):
        return image
    return image.copy_memory().autorot()


def check_size(canvas: Canvas, width: int, height: int) -> None:
    """Raises GiveUp for a picture of more pixels than we decode, and says how large it is."""
    if width * height > MAX_PIXELS:
        canvas.source(pages=1, width=width, height=height)
        raise GiveUp("refused", "too_many_pixels")


def facts(image: pyvips.Image, cicp: Cicp | None = None) -> dict[str, int]:
    """What `Canvas.source` is told of a picture beside its size."""
    return {"alpha": int(image.hasalpha())} | ({"hdr": 1} if cicp is not None and cicp.hdr else {})


def out_of_memory(error: pyvips.Error) -> bool:
    """Whether libvips failed for want of memory, and not for what is in the file."""
    return "out of memory" in str(error) or "unable to allocate" in str(error)


def _numbers(data: Any, head: pyvips.Image) -> Cicp | None:
    loader = head.get("vips-loader")
    if loader.startswith("heifload"):
        return colours.nclx(data)
    if loader.startswith("pngload"):
        start = bytes(data[: 64 * 1024])
        at = start.find(b"\0\0\0\4cICP", 0, start.find(b"IDAT")) + 8
        return Cicp(start[at], start[at + 1]) if at >= 8 else None
    return None


def _reduced(data: Any) -> set[int]:
    """Which of the first directories of a TIFF hold smaller copies of others, by its own word (NewSubfileType)."""
    order = "<" if data[:2] == b"II" else ">"
    # Offset of a directory, count of its entries, and an entry: tag, type, count and value or its place.
    offset, count, entry = ("Q", "Q", "HHQ8s") if data[2:4] in (b"+\0", b"\0+") else ("I", "H", "HHI4s")
    found: set[int] = set()
    try:
        (at,) = struct.unpack_from(order + offset, data, 8 if offset == "Q" else 4)
        for index in range(MAX_PAGES):
            (entries,) = struct.unpack_from(order + count, data, at)
            at += struct.calcsize(order + count)
            for _ in range(min(entries, 1000)):
                tag, kind, _, value = struct.unpack_from(order + entry, data, at)
                at += struct.calcsize(order + entry)
                if tag == _NEW_SUBFILE_TYPE and kind == _LONG and struct.unpack_from(order + "I", value)[0] & 1:
                    found.add(index)
            (at,) = struct.unpack_from(order + offset, data, at)
            if at == 0:
                break
    except struct.error:
        # libtiff says what is wrong with the file.
        pass
    return found


RENDERERS: dict[Kind, Renderer] = {Kind.JPEG: draw_raster, Kind.TIFF: draw_tiff, Kind.HEIC: draw_heic}
