"""From several channels to one: a mix that loses no party, and none that cancels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.channels import Mixer
from openline_audio.convert import Converter, Joiner
from tests.audio.support_recordings import noise


def mixed(mixer: Mixer, sound: object, cut: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    samples = np.asarray(sound, np.float32)
    pieces = [mixer.feed(samples[at : at + cut]) for at in range(0, len(samples), cut)]
    return np.concatenate([*pieces, mixer.flush()])


@given(st.integers(1, 4_000), st.integers(1, 3_000), st.sampled_from([2, 3, 6]))
def test_output_depends_on_the_stream_and_not_on_its_pieces(
    samples: int, cut: int, channels: int
) -> None:
    sound = noise(samples / 16_000, channels=channels)
    sound[: samples // 2, 1] = -sound[: samples // 2, 0]
    whole, pieces = Mixer(16_000, channels), Mixer(16_000, channels)
    assert np.array_equal(mixed(whole, sound, samples), mixed(pieces, sound, cut))
    assert whole.cancelled == pieces.cancelled


@given(st.floats(0.6, 1.6), st.integers(2, 4_000))
def test_channel_that_is_turned_over_does_not_cancel_the_other(gain: float, samples: int) -> None:
    voice = 0.5 * noise(samples / 16_000)
    sound = np.hstack([voice, -gain * voice])
    mixer = Mixer(16_000, 2)
    got = mixed(mixer, sound, 999)
    assert mixer.cancelled == samples
    loudest = sound[:, 0 if gain < 1 else 1]
    assert np.allclose(np.abs(got), np.abs(loudest), atol=1e-6)


@pytest.mark.parametrize("channels", [2, 6])
def test_one_party_on_one_channel_is_mixed(channels: int) -> None:
    for speaking in range(channels):
        sound = np.zeros((8_000, channels))
        sound[:, speaking] = noise(0.5)[:, 0]
        mixer = Mixer(16_000, channels)
        assert np.allclose(mixed(mixer, sound, 640), sound.mean(axis=1), atol=1e-6)
        assert mixer.cancelled == 0


def test_the_rest_is_judged_as_a_window_is() -> None:
    """A few samples that cancel are chance."""
    sound = np.full((300, 2), 0.5)
    sound[7] = 0.5, -0.5
    mixer = Mixer(16_000, 2)
    assert np.allclose(mixed(mixer, sound, 300), sound.mean(axis=1), atol=1e-6)
    assert mixer.cancelled == 0


def test_two_parties_at_once_are_both_heard() -> None:
    sound = np.hstack([noise(2, seed=1), noise(2, seed=2)])
    mixer = Mixer(16_000, 2)
    assert np.allclose(mixed(mixer, sound, 640), sound.mean(axis=1), atol=1e-6)
    assert mixer.cancelled == 0


@pytest.mark.parametrize("channel", [0, 1, 5])
def test_picked_channel_passes_bit_for_bit(channel: int) -> None:
    sound = np.random.default_rng(2).integers(-9_000, 9_000, (5_000, 6)).astype(np.int16)
    joiner = Joiner(channel)
    got = b"".join(joiner.feed(16_000, sound) + joiner.flush())
    assert got == sound[:, channel].tobytes()
    assert joiner.remarks() == []


def test_cancelling_channels_are_said_after_the_whole() -> None:
    voice = noise(1, 8_000)
    joiner = Joiner()
    frames = joiner.feed(8_000, np.hstack([voice, -voice]).astype(np.float32))
    frames += joiner.feed(16_000, noise(1, channels=2).astype(np.float32)) + joiner.flush()
    assert abs(sum(map(len, frames)) // 2 - 32_000) <= 1
    assert joiner.remarks() == [
        "has channels that cancel each other, for 1.0 s: there the loudest was sent, and not a mix"
    ]


def test_without_a_block_there_is_nothing_to_flush() -> None:
    joiner = Joiner()
    assert joiner.flush() == []
    assert joiner.remarks() == []


@pytest.mark.parametrize("channel", [-1, 2])
def test_channel_that_is_not_there_is_refused(channel: int) -> None:
    with pytest.raises(ValueError, match=f"there is no channel {channel} in 2, counted from 0"):
        Converter(16_000, 2, channel=channel)
