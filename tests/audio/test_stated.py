"""PCM of which each piece states its form."""

from __future__ import annotations

import numpy as np
import pytest

from openline_audio.stated import StatedPcm

RAMP = np.arange(0, 3200, 10, dtype="<i2").tobytes()  # 320 samples


def test_pieces_cut_inside_of_a_sample() -> None:
    pcm = StatedPcm()
    frames = [each for at in range(0, 640, 7) for each in pcm.feed(RAMP[at : at + 7], 16_000)]
    assert (frames, pcm.finish()) == ([RAMP], [])


def test_the_form_changes_midway() -> None:
    pcm = StatedPcm()
    silence = bytes(4 * 2 * 480 * 50)  # a second of 32-bit stereo at 24 kHz
    assert b"".join(pcm.feed(RAMP, 16_000)) == RAMP
    frames = pcm.feed(silence, 24_000, width=4, channels=2)
    frames += pcm.feed(b"\x80" * 160, 8_000, width=1)
    rest = b"".join([*frames, *pcm.finish()])
    assert rest == bytes(len(rest))
    assert abs(len(rest) // 2 - 16_320) <= 2


def test_a_torn_sample_does_not_leave_its_form() -> None:
    pcm = StatedPcm()
    pcm.feed(b"\x01\x02\x03", 16_000)
    assert pcm.feed(RAMP, 16_000, channels=1, width=2)[0][:2] == b"\x01\x02"
    other = StatedPcm()
    other.feed(b"\x01", 16_000)
    other.feed(b"", 16_000, channels=2)
    assert b"".join([*other.feed(RAMP, 16_000), *other.finish()]) == RAMP


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ((1, 2, 1), "a rate of 1 Hz"),
        ((16_000, 5, 1), "5 bytes"),
        ((16_000, 2, 0), "0 channels"),
        ((0, 0, 0), "a rate of 0 Hz"),
    ],
)
def test_a_form_that_cannot_be(form: tuple[int, int, int], why: str) -> None:
    rate, width, channels = form
    with pytest.raises(ValueError, match=why):
        StatedPcm().feed(b"", rate, width=width, channels=channels)
