"""Tags that players and editors put before or behind any recording.

They hold titles and pictures and no sound: ID3v1 (128 bytes at the end), ID3v2 (id3.org, section
3.1), APEv2 and Lyrics3.
"""

from __future__ import annotations

from typing import Final

#: What states the length of an ID3v2 tag.
ID3_HEAD_BYTES: Final = 10
_ID3V1_BYTES: Final = 128
_APE_HEAD_BYTES: Final = 32
#: Lyrics3 states its length behind its text; so it is searched for.
_LYRICS: Final = (b"LYRICSBEGIN", b"LYRICS200")


def tag_bytes(data: bytes) -> int:
    """The length in bytes of the tag that ``data`` begins with; 0 if it begins with none."""
    if data.startswith(b"TAG"):
        return _ID3V1_BYTES
    if (
        data.startswith(b"ID3")
        and len(data) >= ID3_HEAD_BYTES
        and data[3] < 5
        and max(data[6:10]) < 0x80
    ):
        length = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
        footer = ID3_HEAD_BYTES if data[5] & 0x10 else 0
        return ID3_HEAD_BYTES + length + footer
    if data.startswith(b"APETAGEX") and len(data) >= _APE_HEAD_BYTES:
        # The length counts the footer. A tag that begins with a header has both.
        length = int.from_bytes(data[12:16], "little")
        is_header = bool(data[23] & 0x20)
        return length + _APE_HEAD_BYTES if is_header else _APE_HEAD_BYTES
    if data.startswith(_LYRICS[0]):
        end = data.find(_LYRICS[1])
        return end + len(_LYRICS[1]) if end >= 0 else len(_LYRICS[0])
    return 0
