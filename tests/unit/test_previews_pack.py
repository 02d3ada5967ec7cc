"""Packs: what goes in comes out by its range, and anything that is no pack is told apart."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.previews import pack

PATHS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def written(info: Mapping[str, int], members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    pack.write(out, info, [(path, io.BytesIO(data), len(data)) for path, data in members.items()])
    return out.getvalue()


def read(data: bytes, *, size: int | None = None) -> pack.Index:
    return pack.read_index(lambda start, end: data[start:end], size)


def by_hand(index: object, body: bytes = b"") -> bytes:
    text = index if isinstance(index, bytes) else json.dumps(index).encode()
    return pack.MAGIC + len(text).to_bytes(8, "big") + text + body


@given(
    info=st.dictionaries(PATHS, st.integers(0, 2**53 - 1), max_size=5),
    members=st.dictionaries(PATHS, st.binary(max_size=200), max_size=20),
)
@settings(max_examples=80, deadline=None)
def test_what_goes_in_comes_out(info: dict[str, int], members: dict[str, bytes]) -> None:
    data = written(info, members)
    index = read(data, size=len(data))
    assert index.info == info
    assert {path: data[start : start + length] for path, (start, length) in index.members.items()} == members


def test_a_member_is_read_from_where_its_file_stands_and_no_further() -> None:
    out, source = io.BytesIO(), io.BytesIO(b"--abc--")
    source.seek(2)
    pack.write(out, {}, [("a", source, 3)])
    start, length = read(out.getvalue(), size=len(out.getvalue())).members["a"]
    assert out.getvalue()[start : start + length] == b"abc"
    assert source.tell() == 5


def test_the_head_is_enough_to_find_a_member() -> None:
    data = written({"width": 9}, {f"{n}/0_0": bytes([n]) * 1000 for n in range(50)})
    asked: list[tuple[int, int]] = []

    def ranged(start: int, end: int) -> bytes:
        asked.append((start, end))
        return data[start:end]

    start, length = pack.read_index(ranged).members["7/0_0"]
    assert data[start : start + length] == b"\x07" * 1000
    assert len(asked) == 2
    assert max(end for _, end in asked) < len(data) - 49_000


def test_a_file_that_is_shorter_than_announced_is_an_error() -> None:
    with pytest.raises(ValueError):
        pack.write(io.BytesIO(), {}, [("a", io.BytesIO(b"ab"), 3)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"CPACK",
        b"PK\x03\x04" + bytes(40),
        pack.MAGIC,
        pack.MAGIC + (2**62).to_bytes(8, "big"),
        pack.MAGIC + (10**9).to_bytes(8, "big") + b"{}",
        by_hand(b"not json"),
        by_hand(b"\xff\xfe"),
        by_hand(b"[" * 100_000),
        by_hand([]),
        by_hand({}),
        by_hand({"info": {}, "members": []}),
        by_hand({"info": [], "members": {}}),
        by_hand({"info": {"a": "1"}, "members": {}}),
        by_hand({"info": {"a": True}, "members": {}}),
        by_hand({"info": {"a": -1}, "members": {}}),
        by_hand({"info": {"a": 1.5}, "members": {}}),
        by_hand({"info": {"a": 2**60}, "members": {}}),
        by_hand({"info": {}, "members": {"a": 1}}),
        by_hand({"info": {}, "members": {"a": [0]}}),
        by_hand({"info": {}, "members": {"a": [0, "1"]}}, b"x"),
        by_hand({"info": {}, "members": {"": [0, 1]}}, b"x"),
        by_hand({"info": {}, "members": {"a": [-1, 2]}}, b"x"),
        by_hand({"info": {}, "members": {"a": [0, -1]}}, b"x"),
        by_hand({"info": {}, "members": {"a": [1, 1]}}, b"xy"),
        by_hand({"info": {}, "members": {"a": [0, 2], "b": [1, 1]}}, b"xy"),
        by_hand({"info": {}, "members": {"a": [0, 2**60]}}, b"xy"),
        by_hand({"info": {}, "members": {"a": [0, 3]}}, b"xy"),
        by_hand({"info": {}, "members": {"a": [0, 1]}}, b"xy"),
    ],
)
def test_anything_else_is_no_pack(data: bytes) -> None:
    with pytest.raises(ValueError):
        read(data, size=len(data))


@given(data=st.binary(max_size=120), at=st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_a_spoiled_pack_is_told_apart_or_still_sound(data: bytes, at: int) -> None:
    whole = bytearray(written({"width": 1}, {"a": b"abc", "b/c": b"defg"}))
    whole[at : at + len(data)] = data
    try:
        index = read(bytes(whole), size=len(whole))
    except ValueError:
        return
    assert all(0 < start <= start + length <= len(whole) for start, length in index.members.values())
