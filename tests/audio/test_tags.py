"""The length of a tag: ID3, APE and Lyrics3, at every boundary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.tags import tag_bytes


def id3(length: int, *, flags: int = 0, version: int = 4) -> bytes:
    size = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + size


def ape(length: int, *, header: bool) -> bytes:
    flags = 0xA000_0000 if header else 0x8000_0000
    fields = (2000, length, 3, flags)
    return b"APETAGEX" + b"".join(field.to_bytes(4, "little") for field in fields) + bytes(8)


@given(st.integers(0, (1 << 28) - 1), st.sampled_from([2, 3, 4]), st.integers(0, 255))
def test_id3_counts_its_head_and_its_footer(length: int, version: int, flags: int) -> None:
    footer = 10 if flags & 0x10 else 0
    assert tag_bytes(id3(length, flags=flags, version=version)) == 10 + length + footer


@given(st.integers(0, (1 << 32) - 1))
def test_ape_counts_its_header_if_it_has_one(length: int) -> None:
    assert tag_bytes(ape(length, header=True)) == length + 32
    assert tag_bytes(ape(length, header=False) + b"more") == 32


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"TAG", 128),
        (b"TAG" + bytes(200), 128),
        (b"LYRICSBEGIN" + b"la la 000123LYRICS200" + b"more", 32),
        (b"LYRICSBEGIN" + b"la la", 11),
        (id3(5)[:9], 0),
        (id3(5, version=5), 0),
        (id3(5)[:6] + b"\x80\x00\x00\x00", 0),
        (id3(5)[:6] + b"\x00\x80\x00\x00", 0),
        (id3(5)[:6] + b"\x00\x00\x80\x00", 0),
        (id3(5)[:6] + b"\x00\x00\x00\x80", 0),
        (ape(5, header=True)[:31], 0),
        (b"", 0),
        (b"RIFF", 0),
    ],
)
def test_a_tag_is_as_long_as_its_kind(data: bytes, length: int) -> None:
    assert tag_bytes(data) == length
