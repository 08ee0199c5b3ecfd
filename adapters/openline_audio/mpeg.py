"""Headers of MPEG audio frames (MP3, MP2), of ADTS frames (AAC) and of AC-3 frames.

A frame header is four bytes: a sync word, and the version, layer, bit rate, sampling rate,
padding and channel mode, from which the frame's length follows (ISO/IEC 11172-3, 2.4.2.3, and
13818-3 for the lower sampling rates). The first frame of most MP3 files holds no sound. It
holds a *length tag* instead, "Xing", "Info" or "VBRI", which states the number of frames. It is
missing in recordings that were streamed, and wrong in files that were joined by ``cat``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

#: The layer of MP3 (MP2 is layer 2).
LAYER_3: Final = 3
_VERSION_1: Final = 3
_VERSION_2_5: Final = 0
#: kbit/s by (version 1 or not, layer), for the bit rate's index.
_KBITS: Final = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
#: kbit/s of AC-3, for the upper bits of the frame size's code (ETSI TS 102 366, table 4.13).
_AC3_KBITS: Final = (
    *(32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640),
)
#: The last bit stream identification of AC-3, and of Enhanced AC-3.
_AC3, _EAC3 = 10, 16
_RATES: Final = (44_100, 48_000, 32_000)
_LENGTH_TAGS: Final = (b"Xing", b"Info", b"VBRI")
_VBRI_AT: Final = 32


class Frame(NamedTuple):
    """One MPEG audio frame: ``length`` in bytes (0 if free format), ``samples`` per channel."""

    rate: int
    channels: int
    version: int
    layer: int
    length: int
    samples: int

    @property
    def form(self) -> tuple[int, int, int, int]:
        """What all frames of one recording have in common."""
        return self.rate, self.channels, self.version, self.layer

    @property
    def side_bytes(self) -> int:
        """Bytes between the header and the main data, where Xing's tag is (layer 3)."""
        if self.version == _VERSION_1:
            return 32 if self.channels == 2 else 17
        return 17 if self.channels == 2 else 9


def frame_at(data: bytes, at: int) -> Frame | None:
    """The frame whose header is at ``data[at:]``; None if there is none."""
    return _frame(data[at : at + 4])


@lru_cache(maxsize=256)  # the frames of a recording differ in few bits
def _frame(data: bytes) -> Frame | None:
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return None
    version, layer = data[1] >> 3 & 3, 4 - (data[1] >> 1 & 3)
    kbits, rates = data[2] >> 4, data[2] >> 2 & 3
    if version == 1 or layer == 4 or kbits == 15 or rates == 3 or data[3] & 3 == 2:
        return None
    first = version == _VERSION_1
    rate = _RATES[rates] >> (0 if first else 2 if version == _VERSION_2_5 else 1)
    channels = 1 if data[3] >> 6 == 3 else 2
    bits = _KBITS[first, layer][kbits] * 1000
    padding = data[2] >> 1 & 1
    if layer == 1:
        return Frame(rate, channels, version, layer, (12 * bits // rate + padding) * 4, 384)
    samples = 576 if layer == 3 and not first else 1152
    length = samples // 8 * bits // rate + padding
    return Frame(rate, channels, version, layer, length if bits else 0, samples)


def length_tag(data: bytes, at: int, frame: Frame) -> int | None:
    """The offset in ``data`` of the length tag in the frame at ``at``; None if it has none."""
    # A checksum of two bytes may stand before the side information. VBRI has a place of its own.
    for place in (frame.side_bytes, frame.side_bytes + 2, _VBRI_AT):
        if data.startswith(_LENGTH_TAGS, at + 4 + place):
            return at + 4 + place
    return None


def stated_frames(data: bytes, tag: int) -> int | None:
    """The number of frames that the length tag at ``data[tag:]`` states; None if it does not."""
    if data.startswith(b"VBRI", tag):
        return int.from_bytes(data[tag + 14 : tag + 18], "big") or None
    if not data[tag + 7 : tag + 8] or not data[tag + 7] & 1:
        return None
    return int.from_bytes(data[tag + 8 : tag + 12], "big") or None


def tag_frame(like: bytes, frames: int) -> bytes:
    """A frame with a length tag that states ``frames``, for audio that begins with ``like``.

    Its header is the first frame's, with a bit rate at which the tag fits in.
    """
    header = bytearray(like[:4])
    header[1] |= 1  # no checksum behind the header
    for kbits in range(1, 15):
        header[2] = header[2] & 0x0D | kbits << 4
        frame = frame_at(bytes(header), 0)
        if frame is not None and frame.length >= 4 + frame.side_bytes + 12:
            body = bytes(frame.side_bytes) + b"Xing\0\0\0\1" + frames.to_bytes(4, "big")
            return (bytes(header) + body).ljust(frame.length, b"\0")
    raise ValueError("no bit rate has room for a tag")  # pragma: no cover  # 14 of 14 have


def adts_bytes(data: bytes, at: int) -> int:
    """The length in bytes of the ADTS frame at ``data[at:]``; 0 if there is none."""
    if len(data) < at + 6 or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0
    if data[at + 2] >> 2 & 15 > 12:  # the sampling rate's index
        return 0
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return length if length > 7 else 0


def loas_bytes(data: bytes, at: int) -> int:
    """The length in bytes of the LOAS frame (AAC in LATM) at ``data[at:]``; 0 if there is none."""
    if len(data) < at + 3 or data[at] != 0x56 or data[at + 1] & 0xE0 != 0xE0:
        return 0
    return 3 + ((data[at + 1] & 0x1F) << 8 | data[at + 2])


def ac3_bytes(data: bytes, at: int) -> int:
    """The length in bytes of the (Enhanced) AC-3 frame at ``data[at:]``; 0 if there is none."""
    if len(data) < at + 6 or data[at : at + 2] != b"\x0b\x77":
        return 0
    version, rate, code = data[at + 5] >> 3, data[at + 4] >> 6, data[at + 4] & 63
    if version > _EAC3:
        return 0
    if version > _AC3:
        return 2 * ((data[at + 2] & 7) << 8 | data[at + 3]) + 2
    if rate == 3 or code >= 2 * len(_AC3_KBITS):
        return 0
    kbits = _AC3_KBITS[code >> 1]
    return (4 * kbits, 2 * (320 * kbits // 147 + (code & 1)), 6 * kbits)[rate]
