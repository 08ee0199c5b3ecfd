"""What FFmpeg says of a container: which stream is read, its length, and what is missing."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest

from openline_audio.container import AvDecoder
from openline_audio.decoder import DecodeError
from tests.audio.support_recordings import encoded, media, noise


def tracks(values: list[int], default: int | None) -> bytes:
    """A second of each value in a stream of its own; ``default`` is marked as the default."""
    target = io.BytesIO()
    writer: Any = av
    with writer.open(
        target, "w", format="matroska", options={"default_mode": "passthrough"}
    ) as container:
        streams = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in values]
        if default is not None:
            streams[default].disposition = writer.stream.Disposition.default
        for stream, value in zip(streams, values, strict=True):
            for _ in range(16):
                frame = writer.AudioFrame.from_ndarray(
                    np.full((1, 1_000), value, np.int16), format="s16", layout="mono"
                )
                frame.sample_rate = 16_000
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return target.getvalue()


def all_of(decoder: AvDecoder) -> list[Any]:
    blocks: list[Any] = []
    while (block := decoder.read()) is not None:
        assert block[0] == decoder.rate
        blocks.append(block[1])
    return blocks


@pytest.mark.parametrize(
    ("default", "stream", "number"),
    [(None, None, 1), (0, None, 1), (1, None, 2), (2, None, 3), (2, 1, 1), (0, 3, 3)],
)
def test_the_default_stream_is_read_unless_another_is_asked_for(
    default: int | None, stream: int | None, number: int
) -> None:
    decoder = AvDecoder(io.BytesIO(tracks([100, 200, 300], default)), stream=stream)
    assert (decoder.streams, decoder.number) == (3, number)
    samples = np.concatenate(all_of(decoder))
    assert samples.shape == (16_000, 1)
    assert (samples == number * 100).all()
    assert decoder.missing() is None
    decoder.close()


@pytest.mark.parametrize("stream", [0, 4, -1])
def test_a_stream_that_is_not_there_is_refused(stream: int) -> None:
    with pytest.raises(DecodeError, match=f"it has 3 audio streams, and no number {stream}"):
        AvDecoder(io.BytesIO(tracks([1, 2, 3], 0)), stream=stream)
    with pytest.raises(DecodeError, match=f"it has 1 audio stream, and no number {stream}"):
        AvDecoder(io.BytesIO(tracks([1], 0)), stream=stream)


@pytest.mark.parametrize(
    ("codec", "form", "live", "seconds"),
    [
        ("aac", "ipod", None, 3.0),
        ("libopus", "webm", "0", 3.0),
        ("libopus", "webm", "1", None),
        ("aac", "adts", None, None),
        ("aac", "mpegts", None, None),
    ],
)
def test_a_length_is_known_where_the_header_states_it(
    codec: str, form: str, live: str | None, seconds: float | None
) -> None:
    made = media(codec, form) if live is None else media(codec, form, live=live)
    decoder = AvDecoder(io.BytesIO(made))
    if seconds is None:
        assert decoder.duration is None
    else:
        assert decoder.duration == pytest.approx(seconds, abs=0.1)
    assert sum(map(len, all_of(decoder))) == pytest.approx(3 * 48_000, abs=9_000)
    assert decoder.missing() is None
    decoder.close()


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_what_a_webm_states_and_does_not_have_is_missing(share: float) -> None:
    webm = media("libopus", "webm", seconds=4)
    decoder = AvDecoder(io.BytesIO(webm[: int(len(webm) * share)]))
    got = sum(map(len, all_of(decoder))) / 48_000
    missing = decoder.missing()
    assert missing is not None
    assert got + missing == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(
    ("subtype", "kind"),
    [("PCM_U8", "f"), ("PCM_16", "i"), ("PCM_24", "f"), ("PCM_32", "f"), ("FLOAT", "f"),
     ("DOUBLE", "f")],
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_those_of_libsndfile(subtype: str, kind: str, channels: int) -> None:
    sound = noise(0.5, channels=channels)
    decoder = AvDecoder(io.BytesIO(encoded(sound, format="WAV", subtype=subtype)))
    assert (decoder.rate, decoder.channels) == (16_000, channels)
    samples = np.concatenate(all_of(decoder))
    assert samples.dtype.kind == kind
    scale = 32_768 if kind == "i" else 1
    assert np.allclose(samples / scale, sound, atol=1 / 127 if subtype == "PCM_U8" else 1e-4)


def test_what_is_no_container_is_refused_by_its_name() -> None:
    with pytest.raises(DecodeError, match="Invalid data"):
        AvDecoder(io.BytesIO(b"garbage" * 90))
