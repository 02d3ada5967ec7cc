"""What became of a file and of its previews."""

from __future__ import annotations

from flask_babel import gettext as _


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
        "zip_unsafe": _("The archive holds names or links that lead outside it. Pack it again without them."),
        "zip_bomb": _("The archive unpacks to far more than its size. Pack it again without such files."),
        "zip_nested": _("The archive holds another archive. Pack the files themselves."),
        "zip_encrypted": _("The archive has a password. Pack it again without one."),
        "zip_broken": _("The archive is damaged. Pack it again."),
        "late": _("The upload was finished after the deadline and its grace."),
        "unchecked": _("We could not check this file. Send it again; if that fails too, tell the organiser."),
    }[reason]


def preview_state(state: str, reason: str | None) -> str:
    """One sentence about a file's preview; empty while there is nothing to say."""
    if state == "pending":
        return _("Preview is being made.")
    if state in ("ready", "none"):
        return ""
    reasons = {
        "truncated": _("The file arrived, but it ends in the middle of the picture. Export it again and replace it."),
        "too_many_pixels": _("The picture has more than 120 million pixels, so we make no preview. Export it smaller."),
        "encrypted": _(
            "The PDF has a password, so judges could not open it. Save it without a password and replace it."
        ),
        "timeout": _("The preview took too long to make. Simplify the file or add a PNG of it."),
        "memory": _("The preview needed too much memory. Simplify the file or add a PNG of it."),
        "unreadable": _("We could not read the file. Export it again and replace it."),
        "no_pages": _("The PDF has no pages. Export it again and replace it."),
        "bomb": _("The file unpacks to far more than its size, so we make no preview. Export it again."),
        "crashed": _("The file could not be shown. Export it again, or add a PNG of it."),
    }
    return reasons.get(reason or "", _("We could not make a preview. Add a PNG or a PDF of it."))


def kind_name(kind: str) -> str:
    """A type of file as people call it."""
    return {"webp": "WebP"}.get(kind, kind.upper())
