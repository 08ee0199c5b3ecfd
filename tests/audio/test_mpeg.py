"""Frames of MPEG audio and of ADTS: lengths by the tables of the standards, and length tags."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.mpeg import (
    ac3_bytes,
    adts_bytes,
    frame_at,
    length_tag,
    stated_frames,
    tag_frame,
)
from tests.audio.support_recordings import media

#: kbit/s, and the sampling rates in Hz, by version (3: 1, 2: 2, 0: 2.5) and layer.
KBITS = {
    (1, 1): "32 64 96 128 160 192 224 256 288 320 352 384 416 448",
    (1, 2): "32 48 56 64 80 96 112 128 160 192 224 256 320 384",
    (1, 3): "32 40 48 56 64 80 96 112 128 160 192 224 256 320",
    (2, 1): "32 48 56 64 80 96 112 128 144 160 176 192 224 256",
    (2, 2): "8 16 24 32 40 48 56 64 80 96 112 128 144 160",
    (2, 3): "8 16 24 32 40 48 56 64 80 96 112 128 144 160",
}
RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}


def header(*form: int) -> bytes:
    """Four bytes, without a checksum: version, layer, kbits, rate, padding and mode."""
    version, layer, kbits, rate, padding, mode = form
    return bytes(
        [
            0xFF,
            0xE0 | version << 3 | (4 - layer) << 1 | 1,
            kbits << 4 | rate << 2 | padding << 1,
            mode << 6,
        ]
    )


EVERY = [*product(RATES, (1, 2, 3), range(1, 15), (0, 1, 2), (0, 1), (0, 1, 2, 3))]


def test_every_frame_is_as_long_as_the_standard_says() -> None:
    for version, layer, index, rates, padding, mode in EVERY:
        head = header(version, layer, index, rates, padding, mode)
        found = frame_at(b"some" + head + b"more", 4)
        assert found is not None
        rate = RATES[version][rates]
        bits = 1000 * int(KBITS[1 if version == 3 else 2, layer].split()[index - 1])
        if layer == 1:
            samples, length = 384, (12 * bits // rate + padding) * 4
        else:
            samples = 576 if layer == 3 and version != 3 else 1152
            length = (144 if samples == 1152 else 72) * bits // rate + padding
        channels = 1 if mode == 3 else 2
        assert found == (rate, channels, version, layer, length, samples)
        assert found.form == (rate, channels, version, layer)


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xfb\x90",
        b"\xfe\xfb\x90\x00",
        b"\xff\xdb\x90\x00",
        header(1, 3, 9, 0, 0, 0),
        header(3, 4, 9, 0, 0, 0),
        header(3, 3, 15, 0, 0, 0),
        header(3, 3, 9, 3, 0, 0),
        b"\xff\xfb\x90\x02",
    ],
)
def test_other_bytes_are_no_frame(head: bytes) -> None:
    assert frame_at(head, 0) is None


@pytest.mark.parametrize("version", RATES)
def test_free_format_has_a_frame_of_no_known_length(version: int) -> None:
    for padding in (0, 1):
        for layer in (2, 3):
            found = frame_at(header(version, layer, 0, 0, padding, 0), 0)
            assert found is not None
            assert found.length == 0


@given(st.sampled_from([each for each in EVERY if each[1] == 3]), st.integers(1, 2**32 - 1))
def test_a_made_length_tag_is_found_and_states_the_frames(
    form: tuple[int, int, int, int, int, int], frames: int
) -> None:
    like = bytearray(header(*form))
    like[1] &= 0xFE  # with a checksum
    made = tag_frame(bytes(like) + b"more", frames)
    first, given_form = frame_at(made, 0), frame_at(bytes(like), 0)
    assert first is not None
    assert given_form is not None
    assert first.form == given_form.form
    assert len(made) == first.length
    assert made[1] & 1, "a checksum is announced and not there"
    assert made[2] & 0x02 == 0, "a padding is announced"
    side = {(3, 2): 32, (3, 1): 17, (2, 2): 17, (2, 1): 9, (0, 2): 17, (0, 1): 9}
    place = 4 + side[first.version, first.channels]
    assert length_tag(made, 0, first) == place
    assert made[place : place + 12] == b"Xing\0\0\0\1" + frames.to_bytes(4, "big")
    assert stated_frames(made, place) == frames


@pytest.mark.parametrize("name", [b"Xing", b"Info", b"VBRI"])
@pytest.mark.parametrize("place", [32, 34])
def test_a_length_tag_is_found_at_its_places_alone(name: bytes, place: int) -> None:
    head = header(3, 3, 9, 0, 0, 0)
    frame = frame_at(head, 0)
    assert frame is not None
    assert length_tag(b"ab" + head + bytes(place) + name, 2, frame) == 2 + 4 + place
    assert length_tag(head + bytes(place + 1) + name, 0, frame) is None
    mono = header(3, 3, 9, 0, 0, 3)
    frame = frame_at(mono, 0)
    assert frame is not None
    for there in (17, 19, 32):
        assert length_tag(mono + bytes(there) + name, 0, frame) == 4 + there


@pytest.mark.parametrize(
    ("tag", "frames"),
    [
        (b"Xing\0\0\0\x01\0\1\2\3", 0x10203),
        (b"Info\0\0\0\x0f\0\1\2\3more", 0x10203),
        (b"Xing\0\0\0\x0e\0\1\2\3", None),
        (b"Xing\0\0\0\x01\0\0\0\0", None),
        (b"Xing\0\0\0", None),
        (b"VBRI" + bytes(10) + b"\0\1\2\3\4", 0x10203),
        (b"VBRI" + bytes(10) + b"\5\1\2\3\4", 0x5010203),
        (b"VBRI" + bytes(14), None),
    ],
)
def test_a_length_tag_states_its_frames_or_none(tag: bytes, frames: int | None) -> None:
    assert stated_frames(tag, 0) == frames
    assert stated_frames(b"before" + tag, 6) == frames


@given(st.integers(8, 8191), st.integers(0, 12), st.booleans(), st.booleans())
def test_an_adts_frame_is_as_long_as_it_states(
    length: int, rate: int, v2: bool, unprotected: bool
) -> None:
    head = bytes(
        [
            0xFF,
            0xF0 | v2 << 3 | unprotected,
            1 << 6 | rate << 2,
            0x80 | length >> 11,
            length >> 3 & 0xFF,
            (length & 7) << 5 | 0x1F,
        ]
    )
    assert adts_bytes(b"abc" + head, 3) == length
    assert adts_bytes(head[:5], 0) == 0
    assert adts_bytes(b"\xfe" + head[1:], 0) == 0
    assert adts_bytes(head[:1] + bytes([head[1] | 2]) + head[2:], 0) == 0
    assert adts_bytes(head[:1] + bytes([head[1] ^ 0x10]) + head[2:], 0) == 0
    assert adts_bytes(head[:2] + b"\x74" + head[3:], 0) == 0  # no such rate


def test_an_adts_frame_of_its_head_alone_is_none() -> None:
    assert adts_bytes(b"\xff\xf1\x50\x80\x00\xff", 0) == 0


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("codec", ["ac3", "eac3"])
def test_the_frames_of_ac3_are_all_of_it(codec: str, rate: int) -> None:
    data = media(codec, codec, rate, seconds=1)
    at, frames = 0, 0
    while length := ac3_bytes(data, at):
        at += length
        frames += 1
    assert at == len(data)
    assert frames == -(-rate // 1_536)


#: kb/s of AC-3, and words of a frame at 48, 44.1 and 32 kHz (ETSI TS 102 366, table 4.13).
AC3_WORDS = [(32, 64, 69, 96), (56, 112, 121, 168), (320, 640, 696, 960), (640, 1280, 1393, 1920)]


@pytest.mark.parametrize(("kbits", "words"), [(each[0], each[1:]) for each in AC3_WORDS])
def test_an_ac3_frame_is_as_long_as_its_table_says(kbits: int, words: tuple[int, ...]) -> None:
    code = 2 * [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576,
                640].index(kbits)  # fmt: skip
    for rate, size in enumerate(words):
        for odd in (0, 1):
            head = b"\x0b\x77\0\0" + bytes([rate << 6 | code | odd, 8 << 3])
            assert ac3_bytes(b"ab" + head, 2) == 2 * (size + (odd if rate == 1 else 0))


def test_what_is_no_ac3_frame() -> None:
    head = b"\x0b\x77\0\0\x08\x40"
    assert ac3_bytes(head, 0) == 256
    assert ac3_bytes(head[:5], 0) == 0
    assert ac3_bytes(b"\x0b\x78" + head[2:], 0) == 0
    assert ac3_bytes(head[:4] + b"\xc8" + head[5:], 0) == 0  # no such rate
    assert ac3_bytes(head[:4] + b"\x26" + head[5:], 0) == 0  # no such size
    assert ac3_bytes(head[:5] + bytes([17 << 3]), 0) == 0  # no such version
    assert ac3_bytes(head[:5] + bytes([16 << 3]), 0) == 2
    assert ac3_bytes(head[:5] + bytes([10 << 3 | 7]), 0) == 256
    assert ac3_bytes(head[:2] + b"\xff\xff\0" + bytes([11 << 3]), 0) == 4096
