"""The length that is told is the length that is there: what came, and what is missing.

For every format, coding, rate and number of channels, cut off anywhere, in a file and in a pipe.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from openline_audio.pushed_pcm import HeaderPcm, PushedPcm, RawPcm
from tests.audio.support_recordings import Got, encoded, noise, read
from tests.support_profiles import some

RATES = (8_000, 11_025, 16_000, 44_100, 48_000)
SECONDS = 1.5
#: Told to a hundredth.
TOLD = 0.011
#: PCM with a header that states its size. (A CAF without its end has no size of its own.)
FORMS = [
    (form, subtype)
    for form in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU")
    for subtype in (
        "PCM_U8",
        "PCM_S8",
        "PCM_16",
        "PCM_24",
        "PCM_32",
        "FLOAT",
        "DOUBLE",
        "ULAW",
        "ALAW",
    )
    if soundfile.check_format(form, subtype)
]
#: What libsndfile reads: the frames of these codecs are not of one sample.
COMPRESSED = [
    ("WAV", "IMA_ADPCM", 0.07),
    ("WAV", "MS_ADPCM", 0.07),
    ("WAV", "GSM610", 0.05),
    ("FLAC", "PCM_16", 0.6),
    ("FLAC", "PCM_24", 0.6),
]


@cache
def recording(form: str, subtype: str, rate: int, channels: int) -> bytes:
    return encoded(noise(SECONDS, rate, channels), rate, format=form, subtype=subtype)


def from_file(data: bytes) -> Got:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "it"
        path.write_bytes(data)
        return read(path)


def from_pipe(pcm: PushedPcm, data: bytes, pieces: Sequence[int]) -> float:
    """Seconds that come out of ``data``, which comes in ``pieces``."""
    frames: list[bytes] = []
    at = 0
    for piece in pieces:
        frames += pcm.feed(data[at : at + piece])
        at += piece
    if at < len(data):
        frames += pcm.feed(data[at:])
    frames += pcm.finish()
    return len(b"".join(frames)) / 32_000


def missing(loss: str | None) -> float:
    """The seconds that a loss tells."""
    found = re.search(r"is cut short \(([\d.]+) s are missing\)", loss or "")
    return 0.0 if found is None else float(found[1])


PIECES = st.lists(st.integers(1, 9_000), max_size=6)
FORM = st.sampled_from(FORMS)
RATE = st.sampled_from(RATES)
CHANNELS = st.integers(1, 3)
#: The part of a recording that there is.
PART = st.floats(0.1, 0.98)


@given(form=FORM, rate=RATE, channels=CHANNELS, part=PART, pieces=PIECES)
def test_what_came_and_what_is_missing_are_what_was_stated(
    form: tuple[str, str], rate: int, channels: int, part: float, pieces: list[int]
) -> None:
    whole = recording(*form, rate, channels)
    data = whole[: round(len(whole) * part)]
    got = from_file(data)
    assert got.seconds + missing(got.loss) == pytest.approx(SECONDS, abs=TOLD), "in a file"
    assert missing(got.loss) > 0
    pcm = HeaderPcm()
    came = from_pipe(pcm, data, pieces)
    assert came + missing("; ".join(pcm.losses)) == pytest.approx(SECONDS, abs=TOLD), "in a pipe"
    assert pcm.seconds == pytest.approx(came, abs=0.001), "the pipe's own count is another"


@settings(max_examples=some(40))
@given(form=st.sampled_from(COMPRESSED), channels=st.integers(1, 2), part=st.floats(0.4, 0.9))
def test_a_cut_codec_misses_what_did_not_come(
    form: tuple[str, str, float], channels: int, part: float
) -> None:
    kind, subtype, block = form
    if subtype == "GSM610":
        channels = 1
    rate = 8_000 if kind == "WAV" else 48_000
    whole = recording(kind, subtype, rate, channels)
    got = from_file(whole[: round(len(whole) * part)])
    assert got.loss is not None
    if missing(got.loss):
        # Torn blocks count as whole, and what is missing is reckoned from the blocks there.
        assert got.seconds + missing(got.loss) == pytest.approx(SECONDS, abs=2 * block / part)


@given(form=FORM, rate=RATE, channels=CHANNELS)
def test_a_whole_recording_is_as_long_as_it_states(
    form: tuple[str, str], rate: int, channels: int
) -> None:
    data = recording(*form, rate, channels)
    got = from_file(data)
    assert got.duration == pytest.approx(round(SECONDS * rate) / rate)
    pcm = HeaderPcm()
    assert from_pipe(pcm, data, [1]) == pytest.approx(SECONDS, abs=0.001)
    assert (got.loss, pcm.losses) == (None, [])
    assert got.seconds == pytest.approx(SECONDS, abs=0.001)


@given(
    rate=st.integers(4_000, 192_000),
    channels=st.integers(1, 8),
    frames=st.integers(0, 5_000),
    torn=st.integers(0, 15),
    pieces=PIECES,
)
def test_raw_audio_is_as_long_as_its_frames(
    rate: int, channels: int, frames: int, torn: int, pieces: list[int]
) -> None:
    pcm = RawPcm(rate, channels)
    data = bytes(2 * channels * frames + torn % (2 * channels))
    came = from_pipe(pcm, data, pieces)
    assert pcm.seconds == pytest.approx(frames / rate), "what came in is counted wrongly"
    assert came == pytest.approx(frames / rate, abs=0.001), "more or less comes out"
