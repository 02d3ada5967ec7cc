"""Tiles of deep-zoom pyramids: each is read by its range from the one object that holds them all."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict

from contest.errors import NotFound
from contest.previews import pack
from contest.storage import Storage

_KEPT = 32


class Tiles:
    """Reads tiles, and keeps the indexes of the pyramids that were looked at last. One per process; thread-safe."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._indexes: OrderedDict[tuple[str, int], pack.Index] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, key: str, size: int, level: int, column: int, row: int) -> tuple[bytes, str]:
        """A tile of the pyramid in the object `key` of `size` bytes, and its media type: JPEG or WebP.

        Levels count from that of one pixel. Raises NotFound, ObjectMissing and StorageDown.
        """
        place = self._index(key, size).members.get(f"{level}/{column}_{row}")
        if place is None:
            raise NotFound
        start, length = place
        data = self._storage.read_range(key, start, start + length)
        return data, "image/jpeg" if data.startswith(b"\xff\xd8") else "image/webp"

    def _index(self, key: str, size: int) -> pack.Index:
        # The size is part of the name: a pyramid that was made anew lies under the same key.
        with self._lock:
            if (key, size) in self._indexes:
                self._indexes.move_to_end((key, size))
                return self._indexes[key, size]
        found = pack.read_index(functools.partial(self._storage.read_range, key), size)
        with self._lock:
            self._indexes[key, size] = found
            while len(self._indexes) > _KEPT:
                self._indexes.popitem(last=False)
        return found
