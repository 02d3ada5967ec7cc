"""Small real files of every kind, made by hand or by the libraries, for the tests of previews.

Each module of this folder has `SAMPLES`: kind → function that makes a sound file of it; and may have
`MARKED`: kind → function that makes one with `CANARY` in each place where such a file can name a person.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from contest.previews.kinds import Kind

#: Stands for a name, a place, a serial number, a path.
CANARY = b"CANARY-Taro-Yamada"

Maker = Callable[[], bytes]


def gathered(name: str) -> dict[Kind, Maker]:
    """The tables called `name` of all modules here, as one."""
    found: dict[Kind, Maker] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(importlib.import_module(f"{__name__}.{module.name}"), name, {})
    return found
