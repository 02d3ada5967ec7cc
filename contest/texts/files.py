"""What became of a file and of its previews."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from contest.previews.kinds import EXTENSIONS, FONTS, MODELS, PICTURES, VIDEOS, Kind, called


def rejection(reason: str) -> str:
    """Why an upload was refused by its check, and the cure."""
    return {
        "missing": _("The file did not arrive. Send it again."),
        "size": _("Fewer or more bytes arrived than announced. Send it again."),
        "too_large": _("The file is larger than this slot takes. Make it smaller and send it again."),
        "empty": _("The file is empty. Export it again and replace it."),
        "digest": _("The bytes that arrived are not those that your browser read. Send it again."),
        "kind": _(
            "What the file holds is not a type that this slot takes, whatever its name says. Save it as one of the types named beside the slot."
        ),
        **_archive_faults(),
        "late": _("The upload was finished after the deadline and its grace."),
        "unchecked": _("We could not check this file. Send it again; if that fails too, tell the organiser."),
    }[reason]


def _archive_faults() -> dict[str, str]:
    return {
        "zip_unsafe": _("The archive holds names or links that lead outside it. Pack it again without them."),
        "zip_bomb": _("The archive unpacks to far more than its size. Pack it again without such files."),
        "zip_nested": _("The archive holds another archive. Pack the files themselves."),
        "zip_encrypted": _("The archive has a password. Pack it again without one."),
        "zip_broken": _("The archive is damaged. Pack it again."),
    }


# Previews -------------------------------------------------------------------------------------------


def preview_state(state: str, reason: str | None, kind: str | None = None) -> str:
    """What a file's previews lack and what to do, in a sentence or two; empty while there is nothing to say."""
    if state == "pending":
        return _("Preview is being made.")
    if state in ("ready", "none"):
        return ""
    told = {"damaged": _damaged, "failed": _failed, "refused": _refused, "icon": _icon}[state](kind)
    return told.get(reason or "") or _("We could not make a preview. Add a PNG or PDF export.")


def _damaged(kind: str | None) -> dict[str, str]:
    """Pictures were made, but not of all that the file should hold."""
    inside: dict[str, str] = {}
    if kind in _OPENED:
        inside = {
            "truncated": _("A file inside ends too early. Export that file again, then pack and replace the archive."),
            "timeout": _("Previews of the first files only: the rest took too long. Send fewer files, or split it."),
        }
    return {
        "truncated": _("The file ends too early. The preview shows what arrived. Export it again and replace it."),
        "timeout": _("Previews of the first pages only: the rest took too long. Simplify the file or split it."),
        "memory": _("Previews of a part only: the rest needed too much memory. Simplify the file or split it."),
        "missing_part": _("A part that the file links to is missing. Embed it, export again and replace the file."),
        "unreadable": _("A part of the file cannot be read. Export it again and replace it."),
        "codec": _("A part of the file cannot be decoded. Export it as MP4 with H.264 and replace it."),
        "crashed": _("A part of the file could not be shown. Export it again and replace it."),
        "too_many_pixels": _("A part has more than 120 million pixels and is not shown. Export it smaller."),
        "too_large": _("A part of the file is too large to be shown. Make it smaller or add a PNG or PDF export."),
        "bomb": _("A part unpacks to far more than its size and is not shown. Export it again."),
        "encrypted": _("A part of the file has a password and is not shown. Save it without one."),
        "no_pages": _("A part of the file has no pages. Export it again and replace it."),
        **inside,
    }


def _failed(kind: str | None) -> dict[str, str]:
    """Nothing could be shown."""
    unreadable = _("We could not read the file. Export it again and replace it.")
    if kind in FONTS:
        unreadable = _("We could not read the font. Export it again, or add a PNG or PDF that shows it.")
    elif kind in VIDEOS:
        unreadable = _("We could not read the video. Export it as MP4 with H.264 and replace it.")
    elif kind in MODELS:
        unreadable = _("We could not read the model. Export it as GLB, or add a PNG of it.")
    return {
        "truncated": _("The file arrived, but it ends too early to be shown. Export it again and replace it."),
        "unreadable": unreadable,
        "no_pages": _("The document has no pages. Export it again and replace it."),
        "missing_part": _(
            "The file needs another file that is not in it. Export it as one file (for a model: GLB) and replace it."
        ),
        "codec": (
            _("The Photoshop file is packed in a way that we cannot read. Save it anew, or add a PNG.")
            if kind in (Kind.PSD, Kind.PSB)
            else _("The video uses a format that we cannot decode. Export it as MP4 with H.264 and replace it.")
        ),
        "timeout": _("The preview took too long to make. Simplify the file, or add a PNG or PDF export."),
        "memory": _("The preview needed too much memory. Simplify the file, or add a PNG or PDF export."),
        "crashed": _("The file could not be shown. Export it again, or add a PNG or PDF export."),
    }


def _refused(kind: str | None) -> dict[str, str]:
    """The file breaks a limit of ours, or is closed to us and so to judges."""
    bomb = _("The file unpacks to far more than its size, so we make no preview. Export it again.")
    if kind == Kind.SVG:
        bomb = _("The drawing repeats its parts too often, so we make no preview. Simplify it, or add a PNG export.")
    return {
        "too_many_pixels": _("The picture has more than 120 million pixels, so we make no preview. Export it smaller."),
        "too_large": _("The file is too large to be opened safely. Make it smaller, or add a PNG or PDF export."),
        "encrypted": _("The file has a password, so judges could not open it. Save it without one and replace it."),
        "bomb": bomb,
        "not_supported": _("We do not open %(kind)s files. Export it as PNG or PDF and replace it.", kind=_named(kind)),
        **_archive_faults(),
    }


def _icon(kind: str | None) -> dict[str, str]:
    """There is nothing to show, through no fault of the file."""
    name = _named(kind)
    inside: dict[str, str] = {
        Kind.AI: _("The Illustrator file was saved without PDF in it. Save it PDF compatible, or add a PDF export."),
        Kind.PSD: _("The Photoshop file holds no whole picture. Save it with maximum compatibility, or add a PNG."),
        Kind.PSB: _("The Photoshop file holds no whole picture. Save it with maximum compatibility, or add a PNG."),
        Kind.PPTX: _("The presentation holds no preview. Save it with a preview picture, or add a PDF export."),
        Kind.KEYNOTE: _("The presentation holds no preview. Save it with a preview picture, or add a PDF export."),
        Kind.ZIP: _(
            "The archive holds nothing that we can show. Add a PNG or PDF of what is in it. A prototype needs its index.html at the top or in the only folder."
        ),
        Kind.PROTOTYPE: _("The prototype has no page that we can show. Add a PNG or PDF of its screens."),
    }
    no_tool: dict[str, str] = {
        Kind.PROTOTYPE: _("We make no pictures of prototypes here. Add a PNG or PDF of its screens."),
        **dict.fromkeys(MODELS, _("We make no pictures of 3D models here. Add a PNG of each view that matters.")),
    }
    return {
        "kind": _("%(kind)s files have no preview. Add a PNG or PDF export, so that judges see it.", kind=name),
        "nothing_inside": inside.get(
            kind or "",
            _("The %(kind)s file holds no picture of itself. Add a PNG or PDF export.", kind=name),
        ),
        "no_tool": no_tool.get(
            kind or "",
            _("This site does not open %(kind)s files. Add a PNG or PDF export, so that judges see it.", kind=name),
        ),
    }


def preview_progress(done: int, pages: int) -> str:
    """How far the previews of a file are, while they are made. `done` pages of `pages`; 0 while nobody knows."""
    if pages > 1:
        return _("%(done)s of %(all)s pages have a preview.", done=min(done, pages), all=pages)
    return _("The preview is being made.") if done or pages else _("The file waits for its preview.")


def page_name(label: str, number: int) -> str:
    """What a picture shows, by one of previews.outcome.LABELS and its number as a person counts."""
    return {
        "picture": _("Picture %(number)s", number=number),
        "page": _("Page %(number)s", number=number),
        "slide": _("Slide %(number)s", number=number),
        "frame": _("Frame %(number)s", number=number),
        "artboard": _("Artboard %(number)s", number=number),
        "poster": _("Still of the video"),
        "specimen": _("Type specimen"),
        "view": _("View %(number)s", number=number),
        "screen": _("Screen %(number)s", number=number),
    }[label]


def file_facts(kind: str | None, pages: int, facts: Mapping[str, int]) -> list[str]:
    """What is known of a file as a whole, each as a few words: pages, frames, length, measures, colours."""
    told = []
    if kind in _DOCUMENTS and pages > 1:
        told.append(ngettext("%(num)d page", "%(num)d pages", pages))
    if kind in _OPENED and facts.get("members"):
        told.append(ngettext("%(num)d file inside", "%(num)d files inside", facts["members"]))
    if facts.get("frames", 0) > 1 and kind not in VIDEOS:
        told.append(ngettext("%(num)d frame", "%(num)d frames", facts["frames"]))
    if facts.get("duration_ms", 0) >= 1000 or (kind in VIDEOS and facts.get("duration_ms")):
        length = _clock(facts["duration_ms"])
        told.append(_("%(time)s of video", time=length) if kind in VIDEOS else _("%(time)s long", time=length))
    if facts.get("clip_ms") and facts.get("duration_ms", 0) > facts["clip_ms"] + 1000:
        told.append(_("plays its first %(time)s", time=_clock(facts["clip_ms"])))
    if facts.get("clip_ms") == 0:
        told.append(_("stills only, it cannot be played here"))
    if kind in VIDEOS and facts.get("sound") == 0:
        told.append(_("without sound"))
    if facts.get("mute"):
        told.append(_("plays without its sound"))
    if facts.get("glyphs"):
        glyphs = facts["glyphs"]
        told.append(ngettext("%(count)s glyph", "%(count)s glyphs", glyphs, count=f"{glyphs:,}"))
    if facts.get("triangles"):
        triangles = facts["triangles"]
        told.append(ngettext("%(count)s triangle", "%(count)s triangles", triangles, count=f"{triangles:,}"))
    if kind in _MEASURED and facts.get("width") and facts.get("height"):
        told.append(_("%(width)s × %(height)s px", width=f"{facts['width']:,}", height=f"{facts['height']:,}"))
    if facts.get("hdr"):
        told.append(_("HDR, colours are approximate"))
    return told


def _clock(milliseconds: int) -> str:
    """A length as players write it: 0:34, 12:05, 1:02:03. What is not nothing is at least a second."""
    minutes, seconds = divmod(max(1, round(milliseconds / 1000)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


# Kinds ----------------------------------------------------------------------------------------------

_DOCUMENTS = frozenset({Kind.PDF, Kind.AI, Kind.EPS, Kind.PPTX, Kind.TIFF})
#: Packages whose members mean something to people; those of programs hold parts that only they know.
_OPENED = frozenset({Kind.ZIP, Kind.PROTOTYPE})
#: Kinds whose measures are pixels.
_MEASURED = (PICTURES - {Kind.SVG, Kind.SVGZ}) | VIDEOS | {Kind.PSD, Kind.PSB}
#: Names that are the same in every language; all others are the kind in capitals.
_NAMES: Mapping[str, str] = {
    Kind.WEBP: "WebP",
    Kind.AI: "Illustrator (AI)",
    Kind.PSD: "Photoshop (PSD)",
    Kind.PSB: "Photoshop (PSB)",
    Kind.SKETCH: "Sketch",
    Kind.FIG: "Figma",
    Kind.XD: "Adobe XD",
    Kind.INDD: "InDesign",
    Kind.PPTX: "PowerPoint",
    Kind.KEYNOTE: "Keynote",
    Kind.WEBM: "WebM",
    Kind.LOTTIE: "Lottie (JSON)",
    Kind.DOTLOTTIE: "dotLottie",
    Kind.GLTF: "glTF",
    Kind.JPEG2000: "JPEG 2000",
}


def kind_name(kind: str, name: str = "") -> str:
    """A type of file as people call it; of a file, give its `name` too."""
    kind = called(kind, name) if name else kind
    if kind == Kind.PROTOTYPE:
        return _("Prototype (ZIP with index.html)")
    return _NAMES.get(kind, kind.upper())


def kind_mark(kind: str) -> str:
    """A type of file as a mark of a few letters that stands where a picture would."""
    return EXTENSIONS[Kind(kind)][0].upper()


def kind_group(group: str) -> str:
    """A heading over types of file that belong together: a key of services.setup.KIND_GROUPS."""
    return {
        "pictures": _("Pictures"),
        "documents": _("Documents"),
        "sources": _("Design sources"),
        "motion": _("Video and motion"),
        "fonts": _("Fonts"),
        "models": _("3D models"),
        "packages": _("Packages and prototypes"),
    }[group]


def _named(kind: str | None) -> str:
    return kind_name(kind) if kind else _("Such")
