"""What is taken as audio, and what is refused: no other numbers are taken for samples."""

from __future__ import annotations

import ctypes
from array import array
from typing import Any

import numpy as np
import pytest

from openline_audio.samples import as_pcm
from openline_trio.sources import PushSource

PCM = bytes([1, 0, 2, 0])
INT16 = np.array([1, 2], "int16")


@pytest.mark.parametrize(
    "audio",
    [
        PCM,
        bytearray(PCM),
        memoryview(PCM),
        memoryview(PCM).cast("b"),
        memoryview(PCM).cast("c"),
        memoryview(bytes([1, 9, 0, 9, 2, 9, 0, 9]))[::2],
        (ctypes.c_char * 4).from_buffer_copy(PCM),  # as from the callback of a C library
        array("h", [1, 2]),
        memoryview(array("h", [1, 2])),
        INT16,
        INT16.astype("<i2"),
        INT16.reshape(2, 1),
        np.array([[1, 9], [2, 9]], "int16")[:, 0],
    ],
)
def test_valid_audio_is_taken_unchanged(audio: Any) -> None:
    taken = as_pcm(audio)
    assert (type(taken), taken) == (bytes, PCM)


FLOATS = "make them with (x.clip(-1, 1) * 32767).astype('int16')"


@pytest.mark.parametrize(
    ("audio", "wrong"),
    [
        (np.zeros(320, "float32"), f"16-bit samples, not ndarray of float32: {FLOATS}"),
        (np.float64(0.5), f"16-bit samples, not float64 of float64: {FLOATS}"),
        (np.zeros(320, "int64"), "16-bit samples, not ndarray of int64: convert them first"),
        (np.zeros(9, ">i2"), "16-bit samples, not ndarray of >i2: convert them first"),
        (array("f", [0.5]), "16-bit samples, not array of f: convert them first"),
        (np.zeros((320, 2), "int16"), "one channel, such as x[:, 0], not an array of 320 by 2"),
        (np.zeros((1, 320), "int16"), "one channel, such as x[0], not an array of 1 by 320"),
        (np.zeros((2, 2, 9), "int16"), "one channel, not an array of 2 by 2 by 9"),
        (np.int16(5), "one channel, not a single number"),
        (memoryview(PCM).cast("B", (2, 2)), "16-bit samples, not memoryview of B: convert them"),
        ([1, 2], "bytes of 16-bit samples, not list"),
        ("12", "bytes of 16-bit samples, not str"),
        (None, "bytes of 16-bit samples, not NoneType"),
    ],
)
def test_anything_else_is_refused_with_a_conversion_if_known(audio: Any, wrong: str) -> None:
    source = PushSource()
    for take in (as_pcm, source.send, source.send_from_thread):
        with pytest.raises(TypeError) as caught:
            take(audio)
        assert str(caught.value).startswith(f"audio: give {wrong}")


LOUD = [-(2**15), 0, 2**15 - 1]


@pytest.mark.parametrize(
    ("x", "samples"),
    [
        *(
            (np.array([-3, -1, 0, 0.5, 1, 3], kind), [-32767, -32767, 0, 16383, 32767, 32767])
            for kind in ("float32", "float64")
        ),
        (np.array([-(2**31), 0, 2**31 - 1], "int32"), LOUD),
        (np.array([LOUD], "int16"), LOUD),
        (np.array([LOUD, LOUD[::-1]], "int16").T.copy(), LOUD),
    ],
)
def test_the_conversion_in_the_error_gives_audio(x: Any, samples: list[int]) -> None:
    with pytest.raises(TypeError) as caught:
        as_pcm(x)
    _, _, made = str(caught.value).rpartition("make them with ")
    _, such_as, channel = str(caught.value).rpartition("such as ")
    if such_as:
        made = channel.partition(", not ")[0]
    taken = as_pcm(eval(made, {"x": x}))  # noqa: S307  # it is what we told
    assert list(memoryview(taken).cast("h")) == samples
