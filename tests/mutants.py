"""Sound files, spoiled in the ways that break decoders: the same seed makes the same mutants."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

#: What lengths, counts and sizes are set to.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
NUMBERS = (b"0", b"-1", b"1e308", b"-1e308", b"99999999999", b"0.0000001", b"NaN", b"2147483648", b"")
#: Fields that matter stand mostly in the head of a file.
HEAD = 512


def mutants(sound: bytes, others: list[bytes], *, seed: str, count: int) -> Iterator[bytes]:
    """`count` spoiled versions of `sound`; parts of `others` are spliced into some of them."""
    rng = random.Random(seed)
    for _ in range(count):
        yield _through_the_shell(rng, sound, others)


def _through_the_shell(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Half of the time what is spoiled lies behind the checksums and compressions that would give it away."""
    if rng.random() < 0.5:
        if data.startswith(b"PK\x03\x04"):
            return _in_a_member(rng, data, others)
        if data.startswith(b"\x89PNG"):
            return _with_sums(_spoil(rng, data, others))
        if data.startswith(b"\x1f\x8b"):
            return gzip.compress(_spoil(rng, gzip.decompress(data), others), 1, mtime=0)
    return _spoil(rng, data, others)


def _spoil(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    body = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        rng.choice(WAYS)(rng, body, others)
    return bytes(body)


def _at(rng: random.Random, body: bytearray) -> int:
    return rng.randrange(min(len(body), HEAD) if rng.random() < 0.5 else len(body)) if body else 0


def _block(rng: random.Random, body: bytearray) -> slice:
    start = _at(rng, body)
    return slice(start, start + rng.choice((1, 2, 4, 16, 64, 512, 4096)))


def flip(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    for _ in range(rng.choice((1, 2, 8, 32)) if body else 0):
        body[_at(rng, body)] ^= 1 << rng.randrange(8)


def cut_end(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    del body[_at(rng, body) :]


def cut_out(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    del body[_block(rng, body)]


def insert(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    at = _at(rng, body)
    body[at:at] = rng.randbytes(rng.choice((1, 4, 64, 1000)))


def repeat(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    at = _at(rng, body)
    body[at:at] = body[_block(rng, body)] * rng.choice((1, 2, 50))


def swap(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    one, other = _block(rng, body), _block(rng, body)
    body[one], body[other] = body[other], body[one]


def field(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice(EXTREMES) % 256**size
    at = _at(rng, body)
    body[at : at + size] = value.to_bytes(size, rng.choice(("big", "little")))


def number(rng: random.Random, body: bytearray, _others: list[bytes]) -> None:
    """In formats of text: a number becomes an extreme one."""
    found = [match.span() for match in re.finditer(rb"-?\d+(?:\.\d+)?", bytes(body[:100_000]))]
    if found:
        start, end = rng.choice(found)
        body[start:end] = rng.choice(NUMBERS)


def splice(rng: random.Random, body: bytearray, others: list[bytes]) -> None:
    other = bytearray(rng.choice(others)) if others else body
    body[_at(rng, body) :] = other[_at(rng, other) :]


WAYS: tuple[Callable[[random.Random, bytearray, list[bytes]], None], ...] = (
    *(flip, cut_end, cut_out, insert, repeat, swap),
    *(field, field, field, number, number, splice),
)


def _in_a_member(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    chosen = rng.randrange(len(members))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for index, (name, body) in enumerate(members):
            info = zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0))
            made.writestr(info, _spoil(rng, body, others) if index == chosen else body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _with_sums(data: bytes) -> bytes:
    """The chunks of a PNG, as far as they can be told apart, with their checksums put right."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out + data[at:])
