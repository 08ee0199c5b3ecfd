"""Audio in the form of the wire: rate and encoding."""

from __future__ import annotations

import struct

import pytest

from openline.audio.forming import Former
from openline.audio.resampling import Resampler
from openline.dialects.traits import AudioForm, Encoding

PCM = struct.pack("<6h", 0, 1, -1, 32767, -32768, 16384)


def test_the_captured_form_is_left_as_it_is() -> None:
    former = Former(AudioForm(usual=0.1))
    assert former.delay == 0
    assert former.push(PCM) is PCM


def test_floats_are_little_endian_and_end_at_one() -> None:
    made = Former(AudioForm(encoding=Encoding.F32LE)).push(PCM)
    assert struct.unpack("<6f", made) == (0, 2**-15, -(2**-15), 32767 / 32768, -1.0, 0.5)


@pytest.mark.parametrize("rate", [8000, 24000, 48000])
def test_another_rate_keeps_its_state_from_message_to_message(rate: int) -> None:
    pcm = struct.pack("<640h", *(i * 97 % 20000 - 10000 for i in range(640)))
    former, resampler = Former(AudioForm(rate=rate)), Resampler(rate)
    assert former.delay == resampler.delay
    made = former.push(pcm[:700]) + former.push(pcm[700:])
    expected = resampler.push(pcm)
    assert made == expected
    samples = struct.unpack(f"<{len(expected) // 2}h", expected)
    floats = Former(AudioForm(rate=rate, encoding=Encoding.F32LE)).push(pcm)
    assert floats == struct.pack(f"<{len(samples)}f", *(each / 32768 for each in samples))
