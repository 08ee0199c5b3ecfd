"""The converter: bit for bit where it can be, the same whatever the cuts, never wrapped."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_audio.channels import Mixer, scaled
from openline_audio.convert import (
    FRAME_BYTES,
    Converter,
    Framer,
    Joiner,
    describe_unusable,
    to_s16le,
)
from openline_audio.source import SourceError
from tests.support_profiles import some

RNG = np.random.default_rng(7)


def convert(data: bytes, rate: int, channels: int, cuts: list[int]) -> list[bytes]:
    """All output for ``data`` fed in pieces cut at ``cuts``."""
    converter = Converter(rate, channels)
    ends = [*sorted(cuts), len(data)]
    frames: list[bytes] = []
    start = 0
    for end in ends:
        frames += converter.feed(data[start:end])
        start = end
    return frames + converter.flush()


def cuts_of(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, size), max_size=12)


@given(st.binary(max_size=5_000), st.data())
def test_16k_mono_passes_bit_for_bit_however_it_is_cut(data: bytes, draw: st.DataObject) -> None:
    frames = convert(data, 16_000, 1, draw.draw(cuts_of(len(data))))
    assert b"".join(frames) == data[: len(data) // 2 * 2]
    assert all(len(frame) == FRAME_BYTES for frame in frames[:-1])
    assert all(0 < len(frame) <= FRAME_BYTES for frame in frames)


@settings(max_examples=some(40), deadline=None)
@given(
    st.sampled_from([(8_000, 1), (16_000, 2), (44_100, 2), (48_000, 6), (11_025, 1)]),
    st.integers(0, 20_000),
    st.data(),
)
def test_any_cut_of_any_format_gives_the_same(
    format_: tuple[int, int], size: int, draw: st.DataObject
) -> None:
    data = RNG.bytes(size)
    cuts = draw.draw(cuts_of(size))
    assert convert(data, *format_, cuts) == convert(data, *format_, [])


@given(st.lists(st.binary(max_size=2_000), max_size=10))
def test_framing_keeps_every_byte(pieces: list[bytes]) -> None:
    framer = Framer()
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    assert all(len(frame) == FRAME_BYTES for frame in frames)
    assert b"".join(frames + framer.flush()) == b"".join(pieces)
    assert framer.flush() == []


def test_a_torn_sample_at_the_end_is_dropped_and_counted() -> None:
    converter = Converter(16_000, 2)
    converter.feed(b"\1\0\3\0" + b"\5\0\7")
    assert converter.torn == 3
    assert converter.flush() == [b"\2\0"]


def test_int16_survives_the_way_through_floats() -> None:
    every = np.arange(-32_768, 32_768).astype(np.int16)
    assert to_s16le(scaled(every)) == every.astype("<i2").tobytes()
    mixer = Mixer(16_000, 2)
    mixed = np.concatenate([mixer.feed(np.stack([every, every], axis=1)), mixer.flush()])
    assert to_s16le(mixed) == every.astype("<i2").tobytes()


def test_int16_arrays_at_16k_mono_pass_bit_for_bit() -> None:
    samples = RNG.integers(-32_768, 32_768, 700).astype(np.int16)
    converter = Converter(16_000, 1)
    assert b"".join(converter.feed(samples) + converter.flush()) == samples.tobytes()


def test_overflow_is_clipped_and_nan_is_silence() -> None:
    wild = np.array([1.0, 1.5, 3e38, np.inf, -1.0, -1.5, -np.inf, np.nan, 0.5], np.float32)
    converter = Converter(16_000, 1)
    got = np.frombuffer(b"".join(converter.feed(wild) + converter.flush()), "<i2")
    assert got.tolist() == [32_767] * 4 + [-32_768] * 3 + [0, 16_384]


def test_a_full_scale_square_does_not_wrap_in_the_resampler() -> None:
    square = np.tile(np.repeat(np.array([32_767, -32_768], np.int16), 40), 200)
    frames = convert(square.astype("<i2").tobytes(), 48_000, 1, [])
    got = np.frombuffer(b"".join(frames), "<i2").astype(np.int32)
    # A wrapped overshoot would jump by nearly 65,536 within one flat half of the square.
    inner = got[200:-200]
    assert inner.max() == 32_767
    assert inner.min() == -32_768
    assert np.abs(np.diff(inner)).max() < 60_000


def test_channels_are_mixed_by_their_mean() -> None:
    data = np.array([[100, 300], [-5, -6], [32_767, 32_767]], "<i2").tobytes()
    got = np.frombuffer(b"".join(convert(data, 16_000, 2, [])), "<i2")
    assert got.tolist() == [200, -6, 32_767]  # -5.5 goes to the even neighbour


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_length_and_pitch_survive(rate: int) -> None:
    seconds = 1.25
    time = np.arange(int(rate * seconds)) / rate
    sine = (np.sin(2 * np.pi * 1_000 * time) * 16_000).astype("<i2")
    got = np.frombuffer(b"".join(convert(sine.tobytes(), rate, 1, [])), "<i2")
    assert abs(len(got) - len(sine) * 16_000 / rate) <= 1  # one sample, 62.5 microseconds
    spectrum = np.abs(np.fft.rfft(got * np.hanning(len(got))))
    assert np.argmax(spectrum) * 16_000 / len(got) == pytest.approx(1_000, abs=1)
    middle = got[1_000:-1_000]
    assert np.abs(middle).max() == pytest.approx(16_000, rel=0.01)


def test_nothing_in_nothing_out() -> None:
    assert convert(b"", 44_100, 2, []) == []


@pytest.mark.parametrize(
    ("rate", "channels", "line"),
    [
        (0, 1, "a rate of 0 Hz is outside of 4000 to 768000 Hz"),
        (768_001, 1, "a rate of 768001 Hz is outside of 4000 to 768000 Hz"),
        (16_000, 0, "0 channels are outside of 1 to 256"),
        (16_000, 257, "257 channels are outside of 1 to 256"),
    ],
)
def test_absurd_formats_are_refused(rate: int, channels: int, line: str) -> None:
    assert describe_unusable(rate, channels) == line
    with pytest.raises(ValueError, match=line):
        Converter(rate, channels)


def test_without_soxr_only_16k_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    Converter(16_000, 2)
    with pytest.raises(SourceError) as caught:
        Converter(8_000, 1)
    assert str(caught.value) == (
        "audio at 8000 Hz: the soxr package is not installed; "
        'pip install "openline[audio]", or give 16000 Hz'
    )


@settings(max_examples=some(40), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([(8_000, 1), (16_000, 1), (16_000, 2), (44_100, 2), (48_000, 6)]),
            st.integers(1, 3_000),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_joined_streams_are_what_each_of_them_is_alone(
    parts: list[tuple[tuple[int, int], int, int]],
) -> None:
    joiner, frames, alone = Joiner(), list[bytes](), list[bytes]()
    before: Converter | None = None
    for (rate, channels), size, blocks in parts:
        sound = RNG.integers(-9_000, 9_000, (size, channels)).astype(np.int16)
        # The next part of the same form is more of the same stream.
        if before is None or (before.rate, before.channels) != (rate, channels):
            alone += [] if before is None else before.flush()
            before = Converter(rate, channels)
        alone += before.feed(sound)
        for block in np.array_split(sound, blocks):
            frames += joiner.feed(rate, block)
    assert before is not None
    frames += joiner.flush()
    assert b"".join(frames) == b"".join(alone + before.flush())
    assert all(len(frame) == FRAME_BYTES for frame in frames[:-1])
    assert joiner.frames == len(frames)
