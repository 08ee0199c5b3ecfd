"""Audio that survives resampling and tells its own place, and a recogniser that reads it.

Each frame of 20 ms has one level, above that of the frame before it:

    level of frame n = 1,000 + 45 n        (frames 0 to 679: 13 s; a level below 500 is silence)

A resampler or a float encoding changes a level by less than half a step, but for the ripple at
the edges of a frame. So the recogniser takes the median of a frame, and says which frames it
heard: "8-9" are the frames 8 and 9, which are a word. Silence has no words.

``Levels`` is a source of such audio. ``told`` reads the frames in a transcript, in the order in
which it is told, whatever the backend's language made of the words.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterable, Sequence
from statistics import median_low
from typing import Final

import trio

from openline.updates import Transcript
from openline_audio.source import FRAME_SAMPLES, Sink
from openline_server.recognizer import Echo, Hypothesis, Question

_FIRST: Final = 1_000
_STEP: Final = 45
_SILENT: Final = 500
#: Frames of a word. As short as a frame of sherpa's decoder, whose tokens prove no more.
_WORD: Final = 2


def level(number: int) -> bytes:
    """Frame ``number``."""
    return struct.pack("<h", _FIRST + _STEP * number) * FRAME_SAMPLES


def frames_of(pcm: bytes) -> list[int]:
    """The numbers of the frames in ``pcm``; where it is silent, none."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    found: list[int] = []
    for at in range(0, len(samples), FRAME_SAMPLES):
        frame = samples[at : at + FRAME_SAMPLES]
        middle = median_low(frame)
        if 2 * len(frame) >= FRAME_SAMPLES and middle > _SILENT:
            found.append(round((middle - _FIRST) / _STEP))
    return found


class LevelReader(Echo):
    """Says which frames a segment has: "0-1 2-3"."""

    async def recognise(self, question: Question) -> Hypothesis | None:
        """The frames, two a word."""
        words: list[list[int]] = []
        for number in frames_of(question.segment.pcm):
            if words and words[-1][-1] == number - 1 and len(words[-1]) < _WORD:
                words[-1].append(number)
            else:
                words.append([number])
        said = " ".join(f"{word[0]}-{word[-1]}" for word in words)
        return Hypothesis(said, language="en")


class Levels:
    """A source of ``seconds`` of numbered frames, ``speed`` times as fast as time.

    ``silence``: the frames of these numbers are silent. ``pause``: so many seconds pass without
    a frame, before frame ``pause_at``.
    """

    may_pause = True

    def __init__(
        self,
        seconds: float,
        *,
        speed: float = 1.0,
        silence: range = range(0),
        pause: float = 0.0,
        pause_at: int = 0,
    ) -> None:
        self.count = round(seconds * 50)
        self.silence = silence
        self._speed = speed
        self._pause = pause
        self._pause_at = pause_at

    @property
    def duration(self) -> float | None:
        return self.count / 50

    @property
    def spoken(self) -> list[int]:
        """The frames that have words."""
        return [number for number in range(self.count) if number not in self.silence]

    async def run(self, sink: Sink) -> None:
        start = trio.current_time()
        sink.started(start)
        for number in range(self.count):
            if number == self._pause_at:
                start += self._pause
            await trio.sleep_until(start + (number + 1) / 50 / self._speed)
            silent = number in self.silence
            sink.audio(bytes(2 * FRAME_SAMPLES) if silent else level(number))


def told(transcript: Iterable[Transcript]) -> list[int]:
    """The frames that the finals name, in their order."""
    return [number for each in transcript if each.final for number in numbers_in(each.text)]


def numbers_in(text: str) -> list[int]:
    """The frames that ``text`` names."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)-(\d+)", text):
        found += range(int(first), int(last) + 1)
    return found


def once_each(numbers: Sequence[int], spoken: Sequence[int], torn: int = 0) -> str:
    """ "" if ``numbers`` are ``spoken``, in order and once each; else what differs.

    ``torn``: so many frames may be missing or twice, as one is where a seam cuts through it.
    """
    if list(numbers) != sorted(numbers):
        at = next(i for i in range(1, len(numbers)) if numbers[i] < numbers[i - 1])
        if torn == 0 or numbers[at] < numbers[at - 1] - torn:
            return f"out of order: {numbers[at]} follows {numbers[at - 1]}"
    missing = sorted(set(spoken) - set(numbers))
    wrong = sorted(set(numbers) - set(spoken))
    twice = sorted({n for n in numbers if numbers.count(n) > 1})
    if len(missing) + len(wrong) + len(twice) <= torn:
        return ""
    return f"missing {missing}, not spoken {wrong}, twice {twice}"
