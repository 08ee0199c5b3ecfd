"""Read the headers of WAV, RF64, W64, AIFF, AU and CAF, forwards only.

Theory of operation. A parser here is a generator that asks for bytes and gets them: it yields a
positive number for the next so many bytes (fewer only at the end of the stream) and a negative
number to skip. So one parser serves a file and a pipe, and needs no seek. It returns a `Header`,
and then the stream stands at the first byte of audio; or None if this is nothing that it can
read, such as a torn header, which libsndfile may still understand or explain.

The size of the audio is what the header states, and is not trusted. A recorder that crashed
leaves 0 or a placeholder, one that writes to a pipe a placeholder, and one that updates its header
now and then leaves less than there is. `Header.stated` is None for the first two.
"""

from __future__ import annotations

import struct
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeAlias

from openline_audio.codings import Coding, floats, integers

#: A 32-bit size from here on is a placeholder: writers to a pipe put values near 2 or 4 GiB.
PLACEHOLDER: Final = 0x7F00_0000
_PLACEHOLDER_64: Final = 1 << 62
#: A header larger than this (it may hold a picture) is none.
_MOST_BYTES: Final = 1 << 28
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
#: The end of the identifiers of all formats in an extensible header.
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
_W64_TAIL: Final = bytes.fromhex("f3acd3118cd100c04f8edb8a")
#: The chunks that writers put behind the audio.
CHUNKS: Final = frozenset(
    b"LIST INFO id3 ID3 cue smpl inst fact bext iXML axml aXML _PMX PAD JUNK junk FLLR plst note "
    b"labl cart umid acid PEAK afsp AFAn minf elm1 regn strc SMED chna levl link DISP list levl "
    b"COMT MARK INST MIDI AESD APPL AUTH NAME (c) ANNO FVER CHAN LGWV basc trns cate COMM "
    b"pakt strg mark ovvw peak edct info uuid free midi chan kuki desc".split()
)
#: Names of chunks begin with a letter and are printable.
LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_(")
PRINTABLE: Final = frozenset(range(32, 127))


@dataclass(frozen=True, slots=True)
class Chunks:
    """How the chunks of a format are written: bytes of name and size, and what these mean."""

    name: int
    size: int
    big: bool
    pad: int  #: a chunk begins at a multiple of this, from the chunk before
    whole: bool = False  #: a size counts name and size as well
    audio: bytes = b"data"  #: the name of a chunk of audio
    lead: int = 0  #: bytes in such a chunk before the audio

    @property
    def head(self) -> int:
        """Bytes of a chunk's name and size."""
        return self.name + self.size

    def length(self, head: bytes) -> int:
        """The payload's length in bytes, from a chunk's head; below 0 if that is none."""
        size = int.from_bytes(head[self.name : self.head], "big" if self.big else "little")
        return size - self.head if self.whole else size

    def padded(self, length: int) -> int:
        """``length`` with the padding behind it."""
        return length + -length % self.pad

    def audio_size(self, head: bytes) -> int | None:
        """The bytes of audio that a chunk of it states, from its head; None if unknown."""
        size = _size(self.length(head), self)
        return None if size is None else max(size - self.lead, 0) or None


@dataclass(frozen=True, slots=True)
class Header:
    """What a header states. ``coding`` is None for a compressed one.

    ``unit`` is the bytes of a frame (a sample of each channel), or of a block of a compressed
    coding. ``chunks`` is how the chunks behind the audio are written, None if there are none.
    """

    rate: int
    channels: int
    coding: Coding | None
    unit: int
    stated: int | None
    chunks: Chunks | None


Parser: TypeAlias = Generator[int, bytes, Header | None]

_LITTLE: Final = Chunks(4, 4, big=False, pad=2)
_BIG: Final = Chunks(4, 4, big=True, pad=2)
_IFF: Final = Chunks(4, 4, big=True, pad=2, audio=b"SSND", lead=8)
_WAVE64: Final = Chunks(16, 8, big=False, pad=8, whole=True)
_CORE: Final = Chunks(4, 8, big=True, pad=1, lead=4)


def read_header() -> Parser:
    """Parse whichever header comes; None for another format's."""
    magic = yield 4
    if magic in {b"RIFF", b"RIFX", b"RF64", b"BW64"}:
        return (yield from _wave(_BIG if magic == b"RIFX" else _LITTLE, 8))
    if magic == b"riff":
        return (yield from _wave(_WAVE64, 36))
    if magic == b"FORM":
        return (yield from _aiff())
    if magic in {b".snd", b"dns."}:
        return (yield from _au(big=magic == b".snd"))
    if magic == b"caff":
        return (yield from _caf())
    return None


def _wave(chunks: Chunks, skip: int) -> Parser:
    yield -skip
    order = "big" if chunks.big else "little"
    form: bytes | None = None
    large: int | None = None
    is_odd = False
    while True:
        head = yield chunks.head
        if is_odd and not _is_unpadded(head):
            head = head[1:] + (yield 1)
        if len(head) < chunks.head:
            return None
        length = chunks.length(head)
        if head.startswith(b"data"):
            stated = _size(length, chunks)
            if stated is None and large:
                stated = large
            return None if form is None else _wave_form(form, order, stated, chunks)
        if not 0 <= length <= _MOST_BYTES:
            return None
        padding = chunks.padded(length) - length
        is_odd = padding == 1
        if head.startswith((b"fmt ", b"ds64")) and length <= 4096:
            body = yield length
            if head.startswith(b"fmt "):
                form = body
            else:
                large = int.from_bytes(body[8:16], "little")
        else:
            yield -length
        if not is_odd:
            yield -padding


def _is_unpadded(head: bytes) -> bool:
    """Whether a chunk's head stands directly behind an odd chunk, where a byte of padding belongs.

    Some recorders leave it out. It is 0, which begins no name; one that is a letter is told by the
    name behind it.
    """
    name, other = head[:4], head[1:5]
    if not name or name[0] not in LETTERS or not PRINTABLE.issuperset(name):
        return False
    return _is_known(name) or not _is_known(other)


def _is_known(name: bytes) -> bool:
    return name in {b"data", b"fmt ", b"ds64"} or name.rstrip() in CHUNKS


def _wave_form(form: bytes, order: str, stated: int | None, chunks: Chunks) -> Header | None:
    def number(at: int, size: int) -> int:
        return int.from_bytes(form[at : at + size], "big" if order == "big" else "little")

    code, channels, rate, unit, bits = (
        number(0, 2), number(2, 2), number(4, 4), number(12, 2), number(14, 2)
    )  # fmt: skip
    if len(form) < 16 or not channels or not rate:
        return None
    if code == _EXTENSIBLE and form[26:40] == _GUID_TAIL:
        code = number(24, 2)
    coding: Coding | None = None
    size = -(-bits // 8)
    if unit % channels == 0 and size <= unit // channels <= 8:
        size = unit // channels
    if code == _PCM:
        big = order == "big"
        coding = Coding("u", 1) if size == 1 else integers(size, big=big)
    elif code == _FLOAT:
        coding = floats(size, big=order == "big")
    elif code in {_ALAW, _ULAW}:
        coding = Coding("alaw" if code == _ALAW else "ulaw", 1)
    unit = coding.size * channels if coding else max(unit, 1)
    return Header(rate, channels, coding, unit, stated, chunks)


def _aiff() -> Parser:
    yield -4
    compressed = (yield 4) == b"AIFC"
    form = b""
    while True:
        head = yield _BIG.head
        if len(head) < _BIG.head:
            return None
        length = _BIG.length(head)
        if head.startswith(b"SSND"):
            offset = int.from_bytes((yield 8)[:4], "big")
            if not form or offset > _MOST_BYTES:
                return None  # the description may stand behind the audio
            yield -offset
            stated = _size(length, _BIG)
            if stated is not None:
                stated = max(stated - 8 - offset, 0) or None
            return _aiff_form(form, stated, compressed=compressed)
        if length > _MOST_BYTES:
            return None
        if head.startswith(b"COMM") and length <= 4096:
            form = yield length
            yield length - _BIG.padded(length)
        else:
            yield -_BIG.padded(length)


def _aiff_form(form: bytes, stated: int | None, *, compressed: bool) -> Header | None:
    if len(form) < 18:
        return None
    channels, bits = int.from_bytes(form[:2], "big"), int.from_bytes(form[6:8], "big")
    exponent = int.from_bytes(form[8:10], "big") - 16_383 - 63
    mantissa = int.from_bytes(form[10:18], "big")
    if not channels or not -63 <= exponent < 0:
        return None
    rate = mantissa >> -exponent
    size = -(-bits // 8)
    name = form[18:22] if compressed else b"NONE"
    coding = {
        b"NONE": integers(size, big=True),
        b"twos": integers(size, big=True),
        b"sowt": integers(size, big=False),
        b"fl32": floats(4, big=True),
        b"FL32": floats(4, big=True),
        b"fl64": floats(8, big=True),
        b"FL64": floats(8, big=True),
        b"in24": integers(3, big=True),
        b"42ni": integers(3, big=False),
        b"42n1": integers(3, big=False),
        b"23ni": integers(4, big=False),
        b"23n1": integers(4, big=False),
        b"in32": integers(4, big=True),
        b"raw ": Coding("u", 1),
        b"alaw": Coding("alaw", 1),
        b"ALAW": Coding("alaw", 1),
        b"ulaw": Coding("ulaw", 1),
        b"ULAW": Coding("ulaw", 1),
    }.get(name)
    unit = coding.size * channels if coding else 1
    return Header(rate, channels, coding, unit, stated, _IFF)


#: The codings of AU, by number.
_AU: Final = {
    True: {6: floats(4, big=True), 7: floats(8, big=True)},
    False: {6: floats(4, big=False), 7: floats(8, big=False)},
}
_AU_COMPANDED: Final = {1: Coding("ulaw", 1), 27: Coding("alaw", 1)}


def _au(*, big: bool) -> Parser:
    body = yield 20
    if len(body) < 20:
        return None
    at, size, code, rate, channels = (
        int.from_bytes(body[i : i + 4], "big" if big else "little") for i in range(0, 20, 4)
    )
    if not 24 <= at <= _MOST_BYTES or not channels or not rate:
        return None
    yield 24 - at
    # 2 to 5 are whole numbers of 1 to 4 bytes.
    whole = integers(code - 1, big=big) if code < 6 else None
    coding = _AU_COMPANDED.get(code) or _AU[big].get(code) or whole
    unit = coding.size * channels if coding else 1
    return Header(rate, channels, coding, unit, _size(size, _BIG), None)


def _caf() -> Parser:
    yield -4
    form = b""
    while True:
        head = yield _CORE.head
        if len(head) < _CORE.head:
            return None
        length = _CORE.length(head)
        if head.startswith(b"data"):
            yield -4  # a count of edits
            stated = _size(length, _CORE)
            return _caf_form(form, None if stated is None else max(stated - 4, 0) or None)
        if length > _MOST_BYTES:
            return None
        if head.startswith(b"desc"):
            form = yield length
        else:
            yield -length


def _caf_form(form: bytes, stated: int | None) -> Header | None:
    if len(form) < 32:
        return None
    rate, name, flags, _, _, channels, bits = struct.unpack(">d4sIIIII", form[:32])
    if not channels or not 0 < rate < 1 << 31:
        return None
    coding: Coding | None = None
    if name == b"lpcm":
        big = not flags & 2
        coding = (floats if flags & 1 else integers)(-(-bits // 8), big=big)
    elif name in {b"alaw", b"ulaw"}:
        coding = Coding(name.decode(), 1)
    unit = coding.size * channels if coding else 1
    return Header(int(rate), channels, coding, unit, stated, _CORE)


def _size(length: int, chunks: Chunks) -> int | None:
    """The size of the audio; None for 0 and for placeholders."""
    most = PLACEHOLDER if chunks.size == 4 else _PLACEHOLDER_64
    return length if 0 < length < most else None
