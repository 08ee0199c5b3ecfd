"""How long a container is, from the lengths of its pieces.

Each function here walks over the pieces of one format from the beginning of a window, and returns
the offset behind the last one: where the next recording begins, or garbage, or nothing. The offset
is beyond the window if the last piece is torn. None means that the format does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from openline_audio import formats
from openline_audio.window import Window

_SEGMENT: Final = b"\x18\x53\x80\x67"
#: Elements of Matroska that may stand beside a segment: void, and a checksum.
_FILLERS: Final = (b"\xec", b"\xbf")
_TS_BYTES: Final = 188
_TS_PACKETS: Final = 4_096
_FLV_KINDS: Final = frozenset({8, 9, 18})
#: Bytes of a frame with its head, by its type (3GPP TS 26.101 and TS 26.201).
_AMR: Final = {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}
_AMR_WB: Final = {
    0: 18, 1: 24, 2: 33, 3: 37, 4: 41, 5: 47, 6: 51, 7: 59, 8: 61, 9: 6, 14: 1, 15: 1
}  # fmt: skip
_BLOCK: Final = 1 << 18


def matroska(window: Window) -> int | None:
    """An EBML header and a segment; None if the segment's length is unknown, as in live ones."""
    at, seen = 0, False
    while at < len(window):
        head = window.peek(at, 12)
        is_segment, is_filler = head.startswith(_SEGMENT), head.startswith(_FILLERS)
        if seen and not (is_segment or is_filler):
            return at
        name = 1 if is_filler else 4
        length, size = _vint(head[name:])
        if length is None:
            return None
        at += name + size + length
        seen = seen or is_segment
    return at


def _vint(data: bytes) -> tuple[int | None, int]:
    """The value and the size in bytes of a number of EBML; None if it is unknown or none."""
    size = 9 - data[0].bit_length() if data and data[0] else 0
    if not size or len(data) < size:
        return None, size
    value = int.from_bytes(data[:size], "big") & ((1 << 7 * size) - 1)
    return (None if value == (1 << 7 * size) - 1 else value), size


def asf(window: Window) -> int | None:
    """Objects of 16 bytes of name and 8 of length; a second header begins the next file."""
    at = 0
    while at < len(window):
        head = window.peek(at, 24)
        length = int.from_bytes(head[16:24], "little")
        if at and (head.startswith(formats.ASF_MAGIC) or length < 24 or length > 1 << 48):
            return at
        if length < 24:  # a live stream
            return None
        at += length
    return at


def flv(window: Window) -> int | None:
    """A header, and tags of 11 bytes and a payload, each with its length behind it."""
    at = int.from_bytes(window.peek(5, 4), "big") + 4
    while at < len(window):
        head = window.peek(at, 4)
        if (len(head) == 4 and head[0] & 0xDF not in _FLV_KINDS) or head.startswith(b"FLV"):
            return at
        at += 11 + int.from_bytes(head[1:4], "big") + 4
    return at


def transport(window: Window) -> int | None:
    """Packets of 188 bytes, each of which begins with G."""
    at = 0
    while block := window.peek(at, _TS_BYTES * _TS_PACKETS):
        heads = block[::_TS_BYTES]
        whole = len(heads) - len(heads.lstrip(b"G"))
        if whole < len(heads):
            return at + whole * _TS_BYTES
        at += len(heads) * _TS_BYTES
    return at


def amr(window: Window) -> int | None:
    """A line, and frames whose first byte is their type."""
    wide = window.peek(0, 9) == b"#!AMR-WB\n"
    sizes = _AMR_WB if wide else _AMR
    if not wide and window.peek(0, 6) != b"#!AMR\n":
        return None  # of several channels
    at = 9 if wide else 6
    block, base = b"", at
    while at < len(window):
        if at >= base + len(block):
            block, base = window.peek(at, _BLOCK), at
        if not block:  # the file has become shorter
            return at
        head = block[at - base]
        size = sizes.get(head >> 3 & 15, 0)
        if not size or head & 0x83:
            return at
        at += size
    return at


#: The walks by format.
WALKS: Final[Mapping[str, Callable[[Window], int | None]]] = {
    formats.MATROSKA: matroska,
    formats.ASF: asf,
    formats.AMR: amr,
    "FLV": flv,
    "MPEG transport": transport,
}
