"""Click-through prototypes of some of the demo's entries: their screens, joined by links, keys and a few styles."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from contest.demo.content_shapes import Text

#: The entries whose source package can be clicked through: one of each contest, and one more where judges are at work.
ENTRIES = frozenset({"kamome", "higher-ground", "one-word", "what-day"})

_WORDS = {
    "en": {
        "next": "Next screen",
        "back": "Screen before",
        "first": "To the first screen",
        "of": "Screen {at} of {all}",
    },
    "ja": {"next": "次の画面", "back": "前の画面", "first": "最初の画面へ", "of": "画面 {at} / {all}"},
}
_STYLE = """html { color-scheme: light; font: 1rem/1.5 system-ui, sans-serif; background: #eef0f2; color: #1b1f24 }
body { margin: 0; min-block-size: 100vh; display: grid; grid-template-rows: 1fr auto }
main { display: grid; place-items: center; padding: 1rem }
main a { display: block; border-radius: 1rem; overflow: hidden; box-shadow: 0 .5rem 2rem #0003 }
main img { display: block; max-inline-size: 100%; max-block-size: calc(100vh - 7rem) }
nav { display: flex; justify-content: center; align-items: center; gap: 2rem; padding: .5rem 1rem 1rem }
nav a { min-block-size: 2.75rem; display: inline-flex; align-items: center; color: #0b4fae }
"""
_SCRIPT = """// The arrow keys turn the screens, as the links do.
const turn = { ArrowRight: "next", ArrowLeft: "prev" };
addEventListener("keydown", (event) => document.querySelector(`a[rel="${turn[event.key]}"]`)?.click());
"""


def pages(title: str, alts: Sequence[Text], locale: str) -> list[tuple[str, str]]:
    """(path, text) of the pages for screens that lie at screens/00.svg and so on."""
    words = _WORDS[locale]
    made = [("look.css", _STYLE), ("turn.js", _SCRIPT)]
    for at, alt in enumerate(alts):
        last = at == len(alts) - 1
        forth, label = (_name(0), words["first"]) if last else (_name(at + 1), words["next"])
        back = f'<a rel="prev" href="{_name(at - 1)}">{words["back"]}</a>' if at else ""
        number = words["of"].format(at=at + 1, all=len(alts))
        made.append(
            (
                _name(at),
                f'<!doctype html>\n<html lang="{locale}">\n<meta charset="utf-8">\n'
                f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
                '<link rel="stylesheet" href="look.css">\n<script type="module" src="turn.js"></script>\n'
                f'<main><a href="{forth}"><img src="screens/{at:02d}.svg" alt="{escape(alt[locale])}"></a></main>\n'
                f'<nav>{back}<span>{number}</span><a rel="next" href="{forth}">{label}</a></nav>\n</html>\n',
            )
        )
    return made


def _name(at: int) -> str:
    return f"screen-{at + 1}.html" if at else "index.html"
