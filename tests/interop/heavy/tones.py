"""Words as tones, for a recogniser that needs no training: one pitch a word.

A *melody* is a row of notes with gaps between them. The stand-in model of sherpa-onnx
(``programs/sherpa_model.py``) says the word of a note where its band of the spectrum is the
loudest. So the words that were heard can be compared with those that were said one by one: a
recogniser of speech would be wrong by itself, and a word that is lost or said twice could
hide behind that.

The bands are those of sherpa-onnx: 80 filters, spaced evenly on Slaney's mel scale from 0 to
8,000 Hz. That scale is linear up to 1,000 Hz, with 200/3 Hz a mel, and logarithmic above, with 27
mels for a factor of 6.4. Neighbouring notes are five filters apart.

This module imports nothing but the standard library, for two venvs use it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import exp, log, pi, sin
from random import Random
from typing import Final

WORDS: Final = ("do", "re", "mi", "fa", "so", "la", "ti", "ut", "ma", "ba", "pa", "ko")
FILTERS: Final = 80
#: The filter in whose middle the note of each word lies.
BANDS: Final = tuple(8 + 5 * each for each in range(len(WORDS)))
RATE: Final = 16_000
_STEP: Final = log(6.4) / 27
_TOP: Final = 15 + log(8) / _STEP
#: Seconds: a note, the gap behind it, and how long it swells and fades.
NOTE: Final = 0.24
GAP: Final = 0.12
_RAMP: Final = 0.015
_LOUDNESS: Final = 9_000


def pitch(word: str) -> float:
    """The frequency of a word's note, in Hz."""
    mel = (BANDS[WORDS.index(word)] + 1) * _TOP / (FILTERS + 1)
    return mel * 200 / 3 if mel < 15 else 1000 * exp(_STEP * (mel - 15))


def draw(count: int, seed: int = 1) -> list[str]:
    """So many words."""
    random = Random(seed)
    return [random.choice(WORDS) for _ in range(count)]


def melody(words: Sequence[str], *, phrase: int = 6, pause: float = 1.6) -> bytes:
    """16 kHz, 16-bit, mono: a note a word, and a ``pause`` (s) behind each ``phrase`` of them."""
    samples = silence(0.3)
    for at, word in enumerate(words, 1):
        samples += _note(pitch(word)) + silence(GAP if at % phrase else pause)
    return samples


def silence(seconds: float) -> bytes:
    """Digital silence."""
    return bytes(2 * round(seconds * RATE))


def _note(frequency: float) -> bytes:
    count, ramp = round(NOTE * RATE), _RAMP * RATE
    return array(
        "h",
        (
            round(
                _LOUDNESS
                * min(1.0, at / ramp, (count - at) / ramp)
                * sin(2 * pi * frequency * at / RATE)
            )
            for at in range(count)
        ),
    ).tobytes()
