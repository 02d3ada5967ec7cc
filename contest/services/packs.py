"""Reads members of packs (see previews.pack) by their range: tiles of pyramids, files of prototypes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from contest.errors import NotFound
from contest.previews import pack
from contest.storage import ObjectMissing, Storage

#: Indexes that a process keeps: those that were asked for last.
KEPT = 64

Result = TypeVar("Result")


@dataclass(frozen=True)
class Pack:
    """One edition of a pack: `members` path → (offset, length); `read(start, end)` gives bytes of that edition only.

    `read` raises ObjectMissing when the object is gone, or another by now, and StorageDown.
    """

    members: Mapping[str, tuple[int, int]]
    read: Callable[[int, int], bytes]


class Packs:
    """The packs of a store, with the indexes of those that were asked for last. One per process; thread-safe."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: OrderedDict[str, Pack] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, key: str, act: Callable[[Pack], Result]) -> Result:
        """What `act` makes of the pack under `key`.

        A preview that is made anew lies under the same key, with its members elsewhere. So what is kept is read
        by the edition's ETag, and where that is gone, `act` is called once more with the edition that is there now.
        Raises ObjectMissing, StorageDown, ValueError for an object that is no pack, and what `act` raises.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        if kept is not None:
            try:
                return act(kept)
            except ObjectMissing:
                with self._lock:
                    self._kept.pop(key, None)
        return act(self._open(key))

    def _open(self, key: str) -> Pack:
        info = self._storage.head(key)
        read = partial(self._storage.read_range, key, etag=info.etag)
        opened = Pack(pack.read_index(read, info.size).members, read)
        with self._lock:
            self._kept[key] = opened
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return opened

    def tile(self, key: str, level: int, column: int, row: int) -> tuple[bytes, str]:
        """A tile of the pyramid under `key`, and its media type: JPEG or WebP.

        Levels count from that of one pixel. Raises NotFound, and as `use`.
        """

        def read(pyramid: Pack) -> bytes:
            place = pyramid.members.get(f"{level}/{column}_{row}")
            if place is None:
                raise NotFound
            start, length = place
            return pyramid.read(start, start + length)

        data = self.use(key, read)
        return data, "image/jpeg" if data.startswith(b"\xff\xd8") else "image/webp"
