"""The lengths of containers, made piece by piece: whole, torn, joined, live, and with garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio import containers
from openline_audio.containers import WALKS, amr, asf, flv, matroska, transport
from openline_audio.formats import ASF_MAGIC
from tests.audio.support_windows import windowed


def end_of(walk: str, data: bytes) -> int | None:
    with windowed(data) as window:
        return WALKS[walk](window)


# Matroska.

MATROSKA = "WebM or Matroska"


def number(value: int, size: int) -> bytes:
    return (1 << 7 * size | value).to_bytes(size, "big")


def element(name: bytes, length: int, size: int = 0) -> bytes:
    sizes = [each for each in range(1, 9) if length < (1 << 7 * each) - 1]
    return name + number(length, size if size in sizes else sizes[0]) + bytes(length)


EBML = element(b"\x1a\x45\xdf\xa3", 20)
VOID, CHECKSUM = element(b"\xec", 9), element(b"\xbf", 4)


def segment(length: int, size: int = 0) -> bytes:
    return element(b"\x18\x53\x80\x67", length, size)


@given(st.integers(0, 40_000), st.integers(1, 8), st.lists(st.sampled_from([VOID, CHECKSUM])))
def test_matroska_ends_behind_its_segment_and_fillers(
    length: int, size: int, fillers: list[bytes]
) -> None:
    whole = EBML + VOID + segment(length, size) + b"".join(fillers)
    assert end_of(MATROSKA, whole) == len(whole)
    for more in (EBML, b"\x99garbage" * 3):
        assert end_of(MATROSKA, whole + more) == len(whole)
    again = whole + segment(5)
    assert end_of(MATROSKA, again) == len(again)


@pytest.mark.parametrize("size", range(1, 9))
def test_live_matroska_has_no_length(size: int) -> None:
    unknown = number((1 << 7 * size) - 1, size)
    assert end_of(MATROSKA, EBML + b"\x18\x53\x80\x67" + unknown + bytes(50)) is None
    known = number((1 << 7 * size) - 2, size)
    there = EBML + b"\x18\x53\x80\x67" + known
    assert end_of(MATROSKA, there + bytes(50)) == len(there) + (1 << 7 * size) - 2


def test_matroska_without_a_number_has_no_length() -> None:
    assert end_of(MATROSKA, EBML + b"\x18\x53\x80\x67") is None
    assert end_of(MATROSKA, EBML + b"\x18\x53\x80\x67\x00" + bytes(50)) is None
    assert end_of(MATROSKA, EBML + b"\x18\x53\x80\x67\x01\0\0") is None


# ASF.


def obj(name: bytes, length: int) -> bytes:
    return name + (24 + length).to_bytes(8, "little") + bytes(length)


HEADER, DATA = obj(ASF_MAGIC, 30), obj(b"0123456789abcdef", 500)


def test_asf_ends_behind_its_objects() -> None:
    whole = HEADER + DATA + obj(b"0123456789abcdef", 0)
    assert end_of("WMA", whole) == len(whole)
    assert end_of("WMA", whole + HEADER + DATA) == len(whole)
    assert end_of("WMA", whole + b"garbage " * 4) == len(whole)
    assert end_of("WMA", whole + bytes(40)) == len(whole)
    assert end_of("WMA", whole[:-30]) == len(whole) - 24
    large = whole + b"0123456789abcdef" + (1 << 48).to_bytes(8, "little")
    assert end_of("WMA", large) == len(whole) + (1 << 48)
    larger = whole + b"0123456789abcdef" + (1 + (1 << 48)).to_bytes(8, "little")
    assert end_of("WMA", larger) == len(whole)


def test_live_asf_has_no_length() -> None:
    assert end_of("WMA", ASF_MAGIC + (23).to_bytes(8, "little") + bytes(40)) is None


# FLV.


def tag(kind: int, length: int) -> bytes:
    return bytes([kind]) + length.to_bytes(3, "big") + bytes(7 + length + 4)


FLV = b"FLV\x01\x05\0\0\0\x09" + bytes(4)


@given(st.lists(st.tuples(st.sampled_from([8, 9, 18, 8 | 0x20]), st.integers(0, 70_000))))
def test_flv_ends_behind_its_tags(tags: list[tuple[int, int]]) -> None:
    whole = FLV + b"".join(tag(*each) for each in tags)
    assert end_of("FLV", whole) == len(whole)
    assert end_of("FLV", whole + FLV) == len(whole)
    assert end_of("FLV", whole + b"FLV") == len(whole)
    assert end_of("FLV", whole + b"\x07abc") == len(whole)
    if tags:
        assert end_of("FLV", whole[:-1]) == len(whole)


def test_a_longer_head_of_flv_is_skipped() -> None:
    whole = b"FLV\x01\x05\0\0\0\x0d" + bytes(8) + tag(8, 5)
    assert end_of("FLV", whole) == len(whole)


def test_a_torn_head_of_a_tag_ends_beyond_the_file() -> None:
    end = end_of("FLV", FLV + b"\x08\0")
    assert end is not None
    assert end > len(FLV) + 2


# Transport streams.


@pytest.mark.parametrize("packets", [1, 2, 3, 7])
def test_transport_ends_behind_its_packets(packets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_TS_PACKETS", 3)
    whole = (b"G" + bytes(187)) * packets
    assert end_of("MPEG transport", whole) == len(whole)
    assert end_of("MPEG transport", whole + b"X" + bytes(300)) == len(whole)
    assert end_of("MPEG transport", whole[:-1]) == len(whole)


# AMR.

NARROW = dict(zip([*range(9), 15], [13, 14, 16, 18, 20, 21, 27, 32, 6, 1], strict=True))
WIDE = dict(zip([*range(10), 14, 15], [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1], strict=True))


@pytest.mark.parametrize(("line", "sizes"), [(b"#!AMR\n", NARROW), (b"#!AMR-WB\n", WIDE)])
@pytest.mark.parametrize("block", [1, 50, 1 << 18])
def test_amr_ends_behind_its_frames(
    line: bytes, sizes: dict[int, int], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "_BLOCK", block)
    frames = [bytes([kind << 3 | 4]) + bytes(size - 1) for kind, size in sizes.items()]
    for whole in (line, line + b"".join(frames), line + b"".join(frames * 3)):
        assert end_of("AMR", whole) == len(whole)
        for other in {*range(16)} - {*sizes}:
            assert end_of("AMR", whole + bytes([other << 3]) + bytes(70)) == len(whole)
        for bits in (1, 2, 0x80):
            assert end_of("AMR", whole + bytes([bits]) + bytes(70)) == len(whole)
        assert end_of("AMR", whole + line) == len(whole)
        assert end_of("AMR", whole + frames[0][:-1]) == len(whole) + len(frames[0])


def test_amr_of_several_channels_does_not_tell() -> None:
    assert end_of("AMR", b"#!AMR_MC1.0\n" + bytes(4) + b"\x04" + bytes(60)) is None
    assert end_of("AMR", b"#!AMR-WB_MC1.0\n" + bytes(4) + b"\x04" + bytes(60)) is None


def test_every_walk_belongs_to_its_format() -> None:
    assert {
        "WebM or Matroska": matroska,
        "WMA": asf,
        "AMR": amr,
        "FLV": flv,
        "MPEG transport": transport,
    } == WALKS
