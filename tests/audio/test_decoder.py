"""What libsndfile decodes: in which form, and how much of it is missing."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile

from openline_audio.decoder import DecodeError, Decoder
from tests.audio.support_recordings import encoded, noise
from tests.audio.support_windows import windowed


@pytest.mark.parametrize(("subtype", "form"), [("PCM_16", "int16"), ("PCM_24", "float32")])
def test_16_bits_stay_as_they_are_and_more_become_floats(subtype: str, form: Any) -> None:
    data = encoded(noise(0.1), 8_000, format="FLAC", subtype=subtype)
    reader: Any = soundfile
    expected = reader.read(io.BytesIO(data), dtype=form, always_2d=True)[0]
    with windowed(data) as window:
        got = Decoder(window).read()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_what_is_read_and_what_is_missing_make_up_what_was_promised(share: float) -> None:
    data = encoded(noise(2), 8_000, format="FLAC")
    with windowed(data[: int(len(data) * share)]) as window:
        decoder = Decoder(window)
        read, samples = 0, -1
        while samples:
            try:
                samples = len(decoder.read())
            except DecodeError as error:
                samples = 0 if error.partial is None else len(error.partial)
                read += samples
                break
            read += samples
        missing = decoder.missing()
    assert (missing is None) == (share == 1)
    assert read + round((missing or 0) * decoder.rate) == decoder.frames
