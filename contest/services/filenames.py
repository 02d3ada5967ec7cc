"""Names of files as people's disks have them: what of a name is kept, and what it lets expect."""

from __future__ import annotations

import unicodedata

from contest import i18n
from contest.errors import Invalid
from contest.previews.kinds import EXTENSIONS, MEDIA_TYPES, Kind, takes
from contest.services.drafts import Slot

NAME_MOST = 255


def clean_name(name: str) -> str:
    """The name as typed without folders and control characters; NFC, at most 255 characters.

    Raises Invalid for a name that holds NUL or has nothing left.
    """
    if "\0" in name:
        raise Invalid("name", "name_invalid")
    name = unicodedata.normalize("NFC", i18n.few_marks(name)).replace("\\", "/").rpartition("/")[2]
    # Controls cannot be shown and lone surrogates cannot be stored. Marks of direction stay; pages show them.
    name = "".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cs")).strip()
    if len(name) > NAME_MOST:
        stem, dot, extension = name.rpartition(".")
        if not dot or len(extension) > 20:
            stem, dot, extension = name, "", ""
        name = stem[: NAME_MOST - len(dot + extension)] + dot + extension
    if name.strip(". ") == "":
        raise Invalid("name", "name_invalid")
    return name


def fits_name(name: str, media_type: str, slot: Slot) -> bool:
    """Whether the extension, or without one the browser's word, may mean a type that the slot takes.

    A hint only, to spare a long upload; the content decides later. Where archives are taken any extension
    that we do not know is fine: many formats are archives inside.
    """
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension:
        meant = {kind for kind, known in EXTENSIONS.items() if extension in known}
    else:
        meant = {kind for kind, known in MEDIA_TYPES.items() if known == media_type}
    if not meant:
        return not extension or Kind.ZIP in slot.kinds
    return any(takes(slot.kinds, kind) for kind in meant)
