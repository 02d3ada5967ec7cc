"""SHA-256 over canonical JSON: the same value has the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """The one way to write a value: JSON with sorted keys, no spaces, UTF-8.

    Raises ValueError for a fraction of any kind: scores are integers, and floats print differently elsewhere.
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(value: Any) -> str:
    """The digest of a value's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


_EXACT = {int, str, bool, type(None)}


def _refuse_floats(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key of JSON is a text")
        value = value.values()
    elif not isinstance(value, list | tuple):
        value = (value,)
    # A long list of numbers is looked at once, not number by number.
    for kind in set(map(type, value)) - _EXACT:
        if issubclass(kind, float):
            raise ValueError("a float is not exact")
        for part in value:
            if type(part) is kind and issubclass(kind, dict | list | tuple):
                _refuse_floats(part)
