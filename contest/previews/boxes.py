"""Strict readers of the MP4 and WebM files that `video` writes: pictures and sound, and no word besides.

Standard library only. What lies between the pictures themselves is not looked at: it is read by whoever plays it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO

_MOST_MOOV = 64_000_000
_MOST_HEAD = 4_000_000
_MOST_EDGE = 16384
_MOST_BOXES = 1000


# MP4 -----------------------------------------------------------------------------------------------

#: Boxes that hold boxes, and which: all that the writer makes of a film with sound, in bit-exact mode.
_HOLD: Mapping[bytes, frozenset[bytes]] = {
    b"moov": frozenset({b"mvhd", b"trak", b"free"}),
    b"trak": frozenset({b"tkhd", b"edts", b"mdia"}),
    b"edts": frozenset({b"elst"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"minf"}),
    b"minf": frozenset({b"vmhd", b"smhd", b"dinf", b"stbl"}),
    b"dinf": frozenset({b"dref"}),
    b"stbl": frozenset(b"stsd stts ctts stss stsc stsz stco co64 sgpd sbgp sdtp cslg".split()),
}
_PICTURES, _SOUND = frozenset({b"avc1", b"av01"}), frozenset({b"mp4a", b"Opus", b".mp3"})
_IN_ENTRY = frozenset(b"avcC av1C colr pasp btrt esds dOps fiel mdcv clli".split())
#: From the start of a sample entry to its first box: for pictures, for sound.
_PICTURE_HEAD, _SOUND_HEAD = 86, 36
_NAMES = (b"VideoHandler\0", b"SoundHandler\0")


def measure_mp4(file: BinaryIO, size: int) -> tuple[int, int]:
    """Width and height of the pictures in an MP4 of `size` bytes. Raises ValueError for what we never write."""
    top = list(_top(file, size))
    names = [name for name, _, _ in top]
    if names[:1] != [b"ftyp"] or [name for name in names[1:] if name != b"free"] != [b"moov", b"mdat"]:
        raise ValueError("not the boxes that we write")
    start, end = next((start, end) for name, start, end in top if name == b"moov")
    for name, begin, finish in top:
        if name == b"free" and (finish - begin > 64 or any(os.pread(file.fileno(), 64, begin)[: finish - begin])):
            raise ValueError("something in nothing")
    if end - start > _MOST_MOOV:
        raise ValueError("too large")
    found = list(_films(os.pread(file.fileno(), end - start, start)))
    films = [each for each in found if each != (0, 0)]
    if len(films) != 1 or len(found) > 2:
        raise ValueError("not one film")
    return films[0]


def notes(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Where the boxes for notes lie that the writer puts among those of an MP4: start and length."""
    for name, start, end in _top(file, size):
        if name == b"moov" and end - start <= _MOST_MOOV:
            at = start
            for inner, body in _boxes(os.pread(file.fileno(), end - start, start)):
                if inner == b"udta":
                    yield at, 8 + len(body)
                at += 8 + len(body)


def free(length: int) -> bytes:
    """A box of `length` bytes that holds nothing."""
    return length.to_bytes(4, "big") + b"free" + bytes(length - 8)


def _top(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """The outermost boxes: name, where each begins behind its head, where it ends."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at == size:
            return
        head = os.pread(file.fileno(), 16, at)
        length, body = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, body = int.from_bytes(head[8:16], "big"), 16
        if length < body or at + length > size:
            raise ValueError("boxes that do not add up")
        yield head[4:8], at + body, at + length
        at += length
    raise ValueError("too many")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 8 or at + length > len(data):
            raise ValueError("boxes that do not add up")
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def _films(data: bytes, name: bytes = b"moov") -> Iterator[tuple[int, int]]:
    """Of each track within: the size of its pictures, or (0, 0) for sound."""
    for inner, body in _boxes(data):
        if inner not in _HOLD[name]:
            raise ValueError("a box that we never write")
        if inner in _HOLD:
            if inner == b"dinf":
                _only_itself(body)
            else:
                yield from _films(body, inner)
        elif inner == b"hdlr":
            if body[24:] not in _NAMES:
                raise ValueError("a name")
        elif inner in (b"mvhd", b"tkhd", b"mdhd"):
            # Times of making and changing: 4 bytes each, or 8 by the version.
            if any(body[4 : 20 if body[:1] == b"\1" else 12]):
                raise ValueError("a time")
        elif inner == b"free":
            if any(body):
                raise ValueError("something in nothing")
        elif inner == b"stsd":
            yield _entry(body)


def _only_itself(body: bytes) -> None:
    """The samples lie in this file: one reference, which says so and has no address."""
    if body[8:] != b"\0\0\0\0\0\0\0\1\0\0\0\x0curl \0\0\0\1" or body[4:8] != b"dref":
        raise ValueError("samples elsewhere")


def _entry(body: bytes) -> tuple[int, int]:
    entries = list(_boxes(body[8:]))
    if int.from_bytes(body[4:8], "big") != 1 or len(entries) != 1:
        raise ValueError("not one format")
    name, entry = entries[0]
    if name in _PICTURES:
        size = int.from_bytes(entry[24:26], "big"), int.from_bytes(entry[26:28], "big")
        # The name of the program that compressed it.
        if any(entry[42:74]) or not all(0 < edge <= _MOST_EDGE for edge in size):
            raise ValueError("not the pictures that we write")
        head = _PICTURE_HEAD
    elif name in _SOUND:
        size, head = (0, 0), _SOUND_HEAD
    else:
        raise ValueError("a format that we do not write")
    if any(inner not in _IN_ENTRY for inner, _ in _boxes(entry[head - 8 :])):
        raise ValueError("a box that we never write")
    return size


# WebM ----------------------------------------------------------------------------------------------

EBML_HEAD, _SEGMENT = 0x1A45DFA3, 0x18538067
_SEEK_HEAD, _INFO, _TRACKS, _CUES, _CLUSTER, _VOID = 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1F43B675, 0xEC
TAGS = 0x1254C367
_TOP = frozenset({_SEEK_HEAD, _INFO, _TRACKS, _CUES, _CLUSTER, _VOID})
_TRACK, _PICTURE, _AUDIO, _COLOUR, _CODEC, _PRIVATE, _LANGUAGE = 0xAE, 0xE0, 0xE1, 0x55B0, 0x86, 0x63A2, 0x22B59C
_WIDTH, _HEIGHT, _KIND = 0xB0, 0xBA, 0x83
#: TimestampScale, Duration, MuxingApp, WritingApp.
_IN_INFO = frozenset({0x2AD7B1, 0x4489, 0x4D80, 0x5741})
#: Number, UID, kind, codec and its data, default and forced flags, lacing, language, durations and delays, pre-roll.
_IN_TRACK = frozenset(
    {0xD7, 0x73C5, _KIND, _CODEC, _PRIVATE, 0x88, 0x55AA, 0xB9, 0x9C, _LANGUAGE, 0x23E383, 0x56AA, 0x56BB}
) | {_PICTURE, _AUDIO}  # fmt: skip
#: Sizes shown, their unit, alpha, interlacing, colour; and within colour all but names, of which it has none.
_IN_PICTURE = frozenset(
    {_WIDTH, _HEIGHT, 0x54B0, 0x54BA, 0x54B2, 0x53C0, 0x9A, 0x9D, 0x53B8, _COLOUR, 0x54AA, 0x54BB, 0x54CC, 0x54DD}
)
_IN_AUDIO = frozenset({0xB5, 0x78B5, 0x9F, 0x6264})
_CODECS = {b"V_VP8", b"V_VP9", b"V_AV1", b"A_OPUS", b"A_VORBIS"}
_MOST_ELEMENTS = 1_000_000


def measure_webm(file: BinaryIO, size: int) -> tuple[int, int]:
    """The same for a WebM."""
    films: list[tuple[int, int]] = []
    tracks = 0
    for name, start, end in webm_top(file, size):
        if name not in _TOP:
            raise ValueError("an element that we never write")
        if name in (_CUES, _CLUSTER):
            continue
        if end - start > _MOST_HEAD:
            raise ValueError("too large")
        data = os.pread(file.fileno(), end - start, start)
        (_, body), *rest = _elements(data)
        if rest:
            raise ValueError("elements that do not add up")
        if name == _VOID and any(body):
            raise ValueError("something in nothing")
        if name == _INFO:
            for inner, value in _elements(body):
                if inner not in _IN_INFO or (inner in (0x4D80, 0x5741) and value != b"Lavf"):
                    raise ValueError("a title")
        if name == _TRACKS:
            for inner, value in _elements(body):
                if inner != _TRACK:
                    raise ValueError("not a track")
                tracks += 1
                films += _track(value)
    if len(films) != 1 or tracks > 2:
        raise ValueError("not one film")
    return films[0]


def _track(data: bytes) -> list[tuple[int, int]]:
    """The size of a track's pictures, if it has any."""
    fields = dict(_elements(data))
    if not fields.keys() <= _IN_TRACK or fields.get(_CODEC) not in _CODECS:
        raise ValueError("not a track that we write")
    if fields.get(_LANGUAGE, b"und") != b"und":
        raise ValueError("a language")
    if fields[_CODEC] == b"A_VORBIS" and not _is_silent(fields.get(_PRIVATE, b"")):
        raise ValueError("words in the sound")
    if not dict(_elements(fields.get(_AUDIO, b""))).keys() <= _IN_AUDIO:
        raise ValueError("not sound that we write")
    if _PICTURE not in fields:
        return []
    picture = dict(_elements(fields[_PICTURE]))
    if not picture.keys() <= _IN_PICTURE:
        raise ValueError("not pictures that we write")
    size = int.from_bytes(picture.get(_WIDTH, b""), "big"), int.from_bytes(picture.get(_HEIGHT, b""), "big")
    if not all(0 < edge <= _MOST_EDGE for edge in size):
        raise ValueError("not pictures that we write")
    return [size]


def _is_silent(private: bytes) -> bool:
    """Whether the second of Vorbis's headers names nobody: a blank writer, and no remarks."""
    at, end = private.find(b"\x03vorbis"), private.find(b"\x05vorbis")
    length = end - at - 16
    return 0 <= at < end and private[at + 11 : end] == b" " * length + bytes(4) + b"\1"


def webm_top(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """The elements of the segment of a WebM that fills `size` bytes: name, where each begins, where it ends."""
    head = os.pread(file.fileno(), 128, 0)
    name, body, length = _head(head, 0)
    if name != EBML_HEAD or length is None:
        raise ValueError("not EBML")
    at = body + length
    name, body, length = _head(head, at)
    if name != _SEGMENT or length is None or body + length != size:
        raise ValueError("not one segment")
    at = body
    for _ in range(_MOST_ELEMENTS):
        if at == size:
            return
        name, body, length = _head(os.pread(file.fileno(), 16, at), 0)
        if length is None or at + body + length > size:
            raise ValueError("elements that do not add up")
        yield name, at, at + body + length
        at += body + length
    raise ValueError("too many")


def webm_reaches(head: bytes, size: int) -> bool:
    """Whether a Matroska file of `size` bytes that begins with `head` holds all of its segment."""
    try:
        _, body, length = _head(head, 0)
        _, body, length = _head(head, body + (length or 0))
    except ValueError:
        return True
    return length is None or body + length <= size


def void(length: int) -> bytes:
    """An element of `length` bytes that holds nothing."""
    if length < 2:
        raise ValueError("too short")
    return b"\xec" + ((0x80 | length - 2).to_bytes(1, "big") + bytes(length - 2) if length < 128 else _long(length))


def _long(length: int) -> bytes:
    return (1 << 56 | length - 9).to_bytes(8, "big") + bytes(length - 9)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        name, body, length = _head(data, at)
        if length is None or body + length > len(data):
            raise ValueError("elements that do not add up")
        yield name, data[body : body + length]
        at = body + length


def _head(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Name of the element at `at`, where its content begins, and how long that is (None: not told)."""
    if at >= len(data) or data[at] == 0:
        raise ValueError("not an element")
    wide = 9 - data[at].bit_length()
    behind = at + wide
    if behind >= len(data) or data[behind] == 0:
        raise ValueError("not an element")
    long = 9 - data[behind].bit_length()
    number = data[behind : behind + long]
    if len(number) != long:
        raise ValueError("not an element")
    length = int.from_bytes(number, "big") & (1 << 7 * long) - 1
    told = length != (1 << 7 * long) - 1
    return int.from_bytes(data[at:behind], "big"), behind + long, length if told else None
