"""Documents to keep and to print: values in, tagged PDF out (PDF/UA-1), typeset by typst.

A document is a source beside this file, named as in `DOCUMENTS`. It gets its values as JSON and shows them as
text: nothing that a person typed is ever read as markup. Typst reads below this folder only, and no network.
The packages are the extra `documents`; where they are not installed, pages are printed from a browser instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
DOCUMENTS = ("certificate", "receipt")
#: The package that brings letters for Japanese, Korean and Chinese; its folder is read, its code is not.
_LETTERS = "justmytype_intl_cjk"
#: By preference, where the host or the packages have them: a face for what is large, one for the rest, one for digests.
_SERIF = ("Libertinus Serif", "Noto Serif JP", "Noto Serif CJK JP")
# The packages' own first: one file of 10 MB for all weights, where the host's are 20 MB for each, kept in memory.
_SANS = ("Noto Sans JP", "Noto Sans CJK JP", "Noto Sans", "Noto Sans KR", "Noto Sans SC", "Noto Sans TC")
_MONO = ("DejaVu Sans Mono",)


class NotTypeset(Exception):
    """There is no PDF. `reason`: "packages" are not installed, or no font here has all of the "letters"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def typeset(document: str, values: Mapping[str, Any], *, at: datetime) -> bytes:
    """The PDF of a document. The same values and moment give the same bytes on one host. Raises NotTypeset."""
    assert document in DOCUMENTS
    try:
        import typst
    except ImportError:
        raise NotTypeset("packages") from None
    fonts, families = _fonts()
    compiler = typst.Compiler(str(_FOLDER / f"{document}.typ"), root=str(_FOLDER), font_paths=fonts)
    # The standard forbids the byte order mark, which nobody sees and which comes along with a text copied from a file.
    given = json.dumps({**values, "fonts": families}, ensure_ascii=False).replace("\ufeff", "")
    try:
        made = compiler.compile(
            sys_inputs={"values": given}, format="pdf", pdf_standards="ua-1", timestamp=int(at.timestamp())
        )
    except typst.TypstError as error:
        # The standard wants each letter to be one: a name in a script that no font here has is refused, not boxed.
        if "could not be displayed" in str(error):
            raise NotTypeset("letters") from error
        raise
    assert isinstance(made, bytes)
    return made


@lru_cache(maxsize=1)
def _fonts() -> tuple[Any, dict[str, list[str]]]:
    """The fonts of the host and of the packages, opened once, and by role those of our choice that are there."""
    import typst

    letters = find_spec(_LETTERS)
    folders = list(letters.submodule_search_locations or ()) if letters else []
    fonts = typst.Fonts(font_paths=folders)
    there = set(fonts.families())
    roles = {"serif": (*_SERIF, *_SANS), "sans": (*_SANS, *_SERIF), "mono": (*_MONO, *_SANS)}
    return fonts, {role: [family for family in wanted if family in there] for role, wanted in roles.items()}
