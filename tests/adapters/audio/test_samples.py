"""What is audio and what is not: nothing is heard as noise that nobody told of."""

from __future__ import annotations

import ctypes
from array import array
from typing import Any

import numpy as np
import pytest

from openline_trio.audio import PushSource
from openline_trio.audio.samples import as_pcm

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
        (ctypes.c_char * 4).from_buffer_copy(PCM),  # what a C library's callback may bring
        array("h", [1, 2]),
        memoryview(array("h", [1, 2])),
        INT16,
        INT16.astype("<i2"),
        INT16.reshape(2, 1),
        np.array([[1, 9], [2, 9]], "int16")[:, 0],
    ],
)
def test_what_is_audio_is_taken_as_it_is(audio: Any) -> None:
    taken = as_pcm(audio)
    assert (type(taken), taken) == (bytes, PCM)


FLOATS = "make them with (x * 32767).astype('int16')"


@pytest.mark.parametrize(
    ("audio", "wrong"),
    [
        (np.zeros(320, "float32"), f"16-bit samples, not ndarray of float32: {FLOATS}"),
        (np.zeros(320), f"16-bit samples, not ndarray of float64: {FLOATS}"),
        (np.float64(0.5), f"16-bit samples, not float64 of float64: {FLOATS}"),
        (array("f", [0.0]), f"16-bit samples, not array of f: {FLOATS}"),
        (np.zeros(320, "int32"), "16-bit samples, not ndarray of int32: convert them first"),
        (np.zeros(320, "uint8"), "16-bit samples, not ndarray of uint8: convert them first"),
        (np.zeros(320, "uint16"), "16-bit samples, not ndarray of uint16: convert them first"),
        (array("b", [1]), "16-bit samples, not array of b: convert them first"),
        (np.zeros(9, ">i2"), "16-bit samples, not ndarray of >i2: make them with x.astype('<i2')"),
        (np.zeros((320, 2), "int16"), "one channel, such as x[:, 0], not an array of 320 by 2"),
        (np.zeros((1, 320), "int16"), "one channel, such as x[:, 0], not an array of 1 by 320"),
        (np.int16(5), "one channel, such as x[:, 0], not an array of a single number"),
        (memoryview(PCM).cast("B", (2, 2)), "16-bit samples, not memoryview of B: convert them"),
        ([1, 2], "bytes of 16-bit samples, not list"),
        ("12", "bytes of 16-bit samples, not str"),
        (None, "bytes of 16-bit samples, not NoneType"),
    ],
)
def test_what_is_none_is_refused_and_told_what_makes_it(audio: Any, wrong: str) -> None:
    source = PushSource()
    for take in (as_pcm, source.send, source.send_from_thread):
        with pytest.raises(TypeError) as caught:
            take(audio)
        assert str(caught.value).startswith(f"audio: give {wrong}")
