"""Click-through prototypes for tests: their members as previews keep them, and one that works."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from typing import Any

from contest.models import EntryFile, Preview
from contest.previews import pack
from contest.storage import Storage

#: Three pages that need a script, a module, a sheet of styles and data of their own.
DECENT: Mapping[str, bytes] = {
    "index.html": b"""<!doctype html><meta charset="utf-8"><title>One</title><link rel="stylesheet" href="css/look.css">
<h1>Start</h1><p id="told">not yet</p><a href="pages/two.html">Go on</a>
<script type="module">import { word } from "./js/word.mjs";
const data = await (await fetch("data/facts.json")).json();
document.querySelector("#told").textContent = word + " " + data.boats;</script>""",
    "css/look.css": b"h1 { color: rgb(1, 2, 3); background: url(../img/dot.svg) }",
    "img/dot.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>',
    "js/word.mjs": b'export const word = "boats:";',
    "data/facts.json": b'{"boats": 7}',
    "pages/two.html": b"""<!doctype html><meta charset="utf-8"><title>Two</title><h1>Second</h1>
<form action="../three/"><button>Send</button></form>""",
    "three/index.html": b"""<!doctype html><meta charset="utf-8"><title>Three</title><h1>Third</h1>
<a href="../index.html">Home</a>""",
}


def packed(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    pack.write(out, {}, [(path, io.BytesIO(body), len(body)) for path, body in members.items()])
    return out.getvalue()


def give(session: Any, storage: Storage, file: EntryFile, members: Mapping[str, bytes]) -> Preview:
    """Store `members` as the prototype of a file, and note it."""
    body = packed(members)
    made = Preview(
        file_id=file.id, preset="site", page=1, key=f"previews/{uuid.uuid4()}", width=0, height=0, size=len(body)
    )
    session.add(made)
    session.flush()
    storage.put(made.key, body, content_type="application/octet-stream")
    return made
