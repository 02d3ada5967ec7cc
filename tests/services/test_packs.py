"""Packs in the store: read member by member, with an index that is kept and never outlives its object."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from contest.services import packs
from contest.services.packs import Pack, Packs
from contest.storage import ObjectMissing, Storage
from tests.prototypes import packed
from tests.services.wire import at_once


class Counting(Storage):
    """The store at hand, that notes which key was asked for what."""

    def __init__(self, storage: Storage) -> None:
        self.__dict__ = storage.__dict__ | {"asked": []}

    def head(self, key: str) -> Any:
        self.asked.append("head")
        return super().head(key)

    def read_range(self, key: str, start: int, end: int, *, etag: str | None = None) -> bytes:
        self.asked.append((start, end))
        return super().read_range(key, start, end, etag=etag)


@pytest.fixture
def key(storage: Storage) -> str:
    made = f"previews/{uuid.uuid4()}"
    storage.put(made, packed({"a.txt": b"first", "b.txt": b"second"}), content_type="application/octet-stream")
    return made


def read(pack: Pack, name: str = "b.txt") -> bytes:
    start, length = pack.members[name]
    return pack.read(start, start + length)


def test_the_index_is_read_once(storage: Storage, key: str) -> None:
    counting = Counting(storage)
    reader = Packs(counting)

    assert [reader.use(key, read) for _ in range(3)] == [b"second"] * 3

    # Its version, the length of its index, the index; then one range for each member.
    assert counting.asked[0] == "head"
    assert len(counting.asked) == 3 + 3
    assert len(set(counting.asked[3:])) == 1


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        # As long as before, so that only the version tells: each member lies where the other did.
        ({"b.txt": b"third!", "a.txt": b"hello"}, b"third!"),
        # Shorter: where the member was, there is nothing any more.
        ({"b.txt": b"."}, b"."),
        ({"0.txt": b"0" * 5000, "b.txt": b"moved on"}, b"moved on"),
    ],
    ids=["as long", "shorter", "longer"],
)
def test_what_was_made_anew_under_its_key_is_read_as_it_is_now(
    storage: Storage, key: str, members: dict[str, bytes], expected: bytes
) -> None:
    reader = Packs(storage)
    assert reader.use(key, read) == b"second"

    storage.put(key, packed(members), content_type="application/octet-stream")

    assert [reader.use(key, read) for _ in range(2)] == [expected] * 2


def test_an_answer_on_its_way_never_goes_on_with_another_edition(storage: Storage, key: str) -> None:
    begun = Packs(storage).use(key, lambda pack: pack)
    storage.put(key, packed({"a.txt": b"other", "b.txt": b"bytes!"}), content_type="application/octet-stream")

    with pytest.raises(ObjectMissing):
        read(begun)


def test_what_is_deleted_is_gone_and_not_kept(storage: Storage, key: str) -> None:
    reader = Packs(storage)
    reader.use(key, read)

    storage.delete(key)

    for _ in range(2):
        with pytest.raises(ObjectMissing):
            reader.use(key, read)
    assert len(reader._kept) == 0


def test_a_process_keeps_only_those_that_were_asked_for_last(
    storage: Storage, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "KEPT", 2)
    counting = Counting(storage)
    reader = Packs(counting)
    others = [f"{key}-{number}" for number in range(2)]
    for other in others:
        storage.put(other, packed({"b.txt": b"other"}), content_type="application/octet-stream")

    for asked in (key, others[0], key, others[1], key):
        reader.use(asked, read)

    assert list(reader._kept) == [others[1], key]
    assert counting.asked.count("head") == 3


def test_many_threads_get_their_own_members(storage: Storage, key: str) -> None:
    reader = Packs(storage)

    def one(number: int) -> bytes:
        return reader.use(key, lambda pack: read(pack, "ab"[number % 2] + ".txt"))

    assert at_once(one, 16) == [b"first", b"second"] * 8


def test_what_is_no_pack_is_refused(storage: Storage, key: str) -> None:
    storage.put(key, b"not a pack", content_type="text/plain")

    with pytest.raises(ValueError, match="not a pack"):
        Packs(storage).use(key, read)
