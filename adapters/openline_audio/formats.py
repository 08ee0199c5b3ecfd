"""Recognise a recording by its first bytes.

Theory of operation. Each format begins with a magic number, at offset 0 or a little behind it.
Most are four bytes that raw PCM does not begin with by chance. Some begin with no more than a
sync word of eleven to sixteen bits, which raw samples have as well: MP3, AAC and AC-3 count only
if a second frame follows where the first one's header says. So `recognise` may need up to
`HEAD_BYTES`, and `undecided` says whether more bytes could change its answer.

`BY_LIBSNDFILE` are the formats that libsndfile reads. All others need PyAV.
"""

from __future__ import annotations

from typing import Final

from openline_audio.mpeg import ac3_bytes, adts_bytes, frame_at, loas_bytes

#: The bytes that are enough for every decision: two of the longest MPEG frames (2,881 bytes at
#: 160 kb/s and 8 kHz, layer 2), rounded up.
HEAD_BYTES: Final = 8_192
#: The most bytes of a magic number, the offset before it included.
MAGIC_BYTES: Final = 16

#: The header formats whose samples are not compressed, or may be.
WAV: Final = "WAV"
W64: Final = "W64"
AIFF: Final = "AIFF"
AU: Final = "AU"
CAF: Final = "CAF"
FLAC: Final = "FLAC"
OGG: Final = "OGG"
MP3: Final = "MP3"
MP4: Final = "MP4"
MATROSKA: Final = "WebM or Matroska"
AAC: Final = "AAC"
AC3: Final = "AC-3"
AMR: Final = "AMR"
ASF: Final = "WMA"

#: Formats whose header states rate, channels and coding, with PCM behind it.
WITH_HEADER: Final = frozenset({WAV, W64, AIFF, AU, CAF})
#: Formats that libsndfile reads.
BY_LIBSNDFILE: Final = WITH_HEADER | {FLAC, OGG, MP3}

_W64_MAGIC: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
ASF_MAGIC: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
EBML_MAGIC: Final = b"\x1a\x45\xdf\xa3"
#: Formats, offset and magic number, each enough by itself.
_MAGIC: Final = (
    (W64, 0, _W64_MAGIC),
    (AIFF, 8, b"AIFF"),
    (AIFF, 8, b"AIFC"),
    (AU, 0, b".snd"),
    (AU, 0, b"dns."),
    (CAF, 0, b"caff\x00\x01"),
    (FLAC, 0, b"fLaC"),
    (OGG, 0, b"OggS"),
    (MP3, 0, b"ID3\x02"),
    (MP3, 0, b"ID3\x03"),
    (MP3, 0, b"ID3\x04"),
    (MP4, 4, b"ftyp"),
    (MATROSKA, 0, EBML_MAGIC),
    (ASF, 0, ASF_MAGIC),
    (AMR, 0, b"#!AMR"),
    ("FLV", 0, b"FLV\x01"),
    ("MPEG program", 0, b"\x00\x00\x01\xba"),
    ("AAC", 0, b"ADIF"),
    ("WavPack", 0, b"wvpk"),
    ("Monkey's Audio", 0, b"MAC "),
    ("TTA", 0, b"TTA1"),
    ("DSF", 0, b"DSD "),
    ("Musepack", 0, b"MPCK"),
    ("SILK", 0, b"#!SILK"),
    ("SILK", 0, b"\x02#!SILK"),
    ("VOC", 0, b"Creative Voice F"),
    ("NIST", 0, b"NIST_1A"),
    ("RealMedia", 0, b".RMF"),
    ("DTS", 0, b"\x7f\xfe\x80\x01"),
)
#: What a RIFF file holds, by the four bytes at offset 8.
_RIFF: Final = {b"WAVE": WAV, b"AVI ": "AVI"}
_RIFF_MAGIC: Final = (b"RIFF", b"RIFX", b"RF64", b"BW64")
#: Boxes that begin a QuickTime file which has no ``ftyp``.
_BOXES: Final = (b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot")
#: The first byte of such a box is below this: 256 MB, which audio before its index may have.
_BOX_BEGINS: Final = 0x10
_MP3_SYNC: Final = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")
_TS_BYTES: Final = 188


def recognise(head: bytes) -> str | None:
    """The format of a recording that begins with ``head``; None if it is none that is known.

    The answer is final if ``undecided(head)`` is false.
    """
    if head[:4] in _RIFF_MAGIC and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    for kind, at, magic in _MAGIC:
        if head.startswith(magic, at) and (kind != AIFF or head.startswith(b"FORM")):
            return kind
    if head[4:8] in _BOXES and head[0] < _BOX_BEGINS:
        return MP4
    if head[: 3 * _TS_BYTES : _TS_BYTES] == b"GGG":
        return "MPEG transport"
    first = frame_at(head, 0)
    if first is not None and first.length and frame_at(head, first.length) is not None:
        return MP3
    for frame_bytes in (adts_bytes, loas_bytes):
        length = frame_bytes(head, 0)
        if length and frame_bytes(head, length):
            return AAC
    length = ac3_bytes(head, 0)
    return AC3 if length and ac3_bytes(head, length) else None


def begins_like(head: bytes) -> str | None:
    """As `recognise`, for a file that cannot be decoded: one MPEG sync word is enough."""
    kind = recognise(head)
    if kind is None and head[:4] in _RIFF_MAGIC:
        return WAV
    if kind is None and (head.startswith(b"ID3") or head[:2] in _MP3_SYNC):
        return MP3
    return kind


def undecided(head: bytes) -> bool:
    """Whether more bytes behind ``head`` could make it a recording, or another."""
    if recognise(head) is not None:
        return False
    if len(head) < MAGIC_BYTES and _begins_one(head):
        return True
    if head[:1] == b"G" and len(head) <= 2 * _TS_BYTES:
        return head[::_TS_BYTES] == b"G" * len(head[::_TS_BYTES])
    if len(head) < 7 and head[:1] == b"\xff":
        return len(head) < 2 or head[1] >= 0xE0
    if len(head) < 6 and b"\x0b\x77".startswith(head[:2]):
        return True
    if len(head) < 3 and head[:1] == b"\x56":
        return len(head) < 2 or head[1] >= 0xE0
    first = frame_at(head, 0)
    length = first.length if first is not None else _frame_bytes(head)
    return bool(length) and len(head) < length + 7


def _frame_bytes(head: bytes) -> int:
    """The length of the frame that ``head`` begins with, of any other coding than MPEG's."""
    return adts_bytes(head, 0) or loas_bytes(head, 0) or ac3_bytes(head, 0)


def _begins_one(head: bytes) -> bool:
    """Whether ``head``, shorter than a magic number, is the beginning of one."""
    if any(magic.startswith(head[:4]) for magic in (*_RIFF_MAGIC, b"FORM")):
        return True
    is_box = len(head) < 8 and (not head or head[0] < _BOX_BEGINS)
    if is_box and any(box.startswith(head[4:]) for box in (*_BOXES, b"ftyp")):
        return True
    return any(magic.startswith(head) for _, at, magic in _MAGIC if at == 0)
