"""Where speech begins and ends: a pure cutter around any voice detector.

Audio is judged in frames of 32 ms, each by a detector's probability of voice. An utterance
opens with a voiced frame (0.3 s before it are included: soft onsets), and closes after
0.6 s without one (0.3 s of which are included). While it is open, a partial is due
each 0.4 s. Fewer than three voiced frames are a click and not an utterance.

A speaker who does not pause must be cut all the same: clients rely on audio being
finalised within 15 s of leaving the queue, and recognition needs some of these for itself.
At 11 s the utterance is cut at its quietest 0.16 s between 5.5 s and the end, which is
a gap between words in all but the worst case, and the utterance continues from there.

Every sample is in at most one final, in order: an utterance never reaches back before
the end of the one before.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from operator import mul
from typing import Final, TypeAlias

from openline.updates import SAMPLE_RATE
from openline_server.recognizer import Segment

FRAME_SAMPLES: Final = 512
_FRAME_BYTES: Final = 2 * FRAME_SAMPLES

#: The probability that a frame of 512 samples (16-bit little-endian) is voiced.
Detector: TypeAlias = Callable[[bytes], float]


def _frames(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / FRAME_SAMPLES)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every threshold of the endpointer; lengths are in frames of 32 ms."""

    onset: float = 0.5
    offset: float = 0.35
    before: int = _frames(0.3)
    after: int = _frames(0.3)
    pause: int = _frames(0.6)
    least: int = 3
    partial: int = _frames(0.4)
    longest: int = _frames(11.0)
    earliest_cut: int = _frames(5.5)
    quiet: int = _frames(0.16)


RULES: Final = Rules()


def level(frame: bytes) -> float:
    """The root mean square of a frame, in units of the samples."""
    samples = array("h", frame)
    return sqrt(sum(map(mul, samples, samples)) / max(1, len(samples)))


class EnergyDetector:
    """Voice is louder than the background noise of the last seconds by a factor.

    The floor is the tenth percentile of the last five seconds, so that it follows a
    steady noise within seconds and a talking speaker does not raise it.
    """

    _SPAN: Final = _frames(5.0)
    _FACTOR: Final = 2.5
    _LEAST: Final = 40.0

    def __init__(self) -> None:
        """The floor is not measured yet, so it starts low."""
        self._levels: deque[float] = deque(maxlen=self._SPAN)

    def __call__(self, frame: bytes) -> float:
        """1 at twice the threshold, 0.5 at it, 0 in silence."""
        now = level(frame)
        self._levels.append(now)
        if len(self._levels) < _frames(0.5):
            floor = 0.0
        else:
            floor = sorted(self._levels)[len(self._levels) // 10]
        return min(1.0, now / max(self._LEAST, floor * self._FACTOR) / 2)


class Endpointer:
    """Cuts one source into utterances."""

    def __init__(self, detector: Detector, rules: Rules = RULES) -> None:
        """``detector`` may keep a state of its own; it sees every frame once, in order."""
        self._detect, self._rules = detector, rules
        self._rest = b""
        self._frames: deque[bytes] = deque()
        self._levels: deque[float] = deque()
        self._start = 0
        self._speaking = False
        self._voiced = 0
        self._last_voiced = 0
        self._since_partial = 0

    @property
    def held_from(self) -> int:
        """The first sample of the open utterance, or of the lead-in to the next."""
        return self._start

    def push(self, pcm: bytes) -> list[Segment]:
        """Append audio; return the segments that it completes."""
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % _FRAME_BYTES
        self._rest = pcm[whole:]
        ready: list[Segment] = []
        for at in range(0, whole, _FRAME_BYTES):
            ready += self._frame(pcm[at : at + _FRAME_BYTES])
        return ready

    def flush(self) -> list[Segment]:
        """Close the open utterance where the audio ends."""
        if self._speaking and self._rest:
            self._frames.append(self._rest)
            self._rest = b""
        return self._close(len(self._frames)) if self._speaking else []

    def _frame(self, frame: bytes) -> list[Segment]:
        rules, voice = self._rules, self._detect(frame)
        self._frames.append(frame)
        self._levels.append(level(frame))
        if not self._speaking:
            if voice < rules.onset:
                while len(self._frames) > rules.before:
                    self._forget(1)
                return []
            self._speaking, self._voiced, self._since_partial = True, 0, 0
        if voice >= rules.offset:
            self._voiced += 1
            self._last_voiced = len(self._frames)
        self._since_partial += 1
        if len(self._frames) - self._last_voiced >= rules.pause:
            return self._close(self._last_voiced + rules.after)
        if len(self._frames) >= rules.longest:
            return self._cut()
        if self._since_partial >= rules.partial and self._voiced >= rules.least:
            self._since_partial = 0
            return [self._segment(len(self._frames), final=False)]
        return []

    def _close(self, frames: int) -> list[Segment]:
        frames = min(frames, len(self._frames))
        ready = [self._segment(frames, final=True)] if self._voiced >= self._rules.least else []
        self._forget(frames)
        while len(self._frames) > self._rules.before:
            self._forget(1)
        self._speaking = False
        return ready

    def _cut(self) -> list[Segment]:
        rules, levels = self._rules, list(self._levels)
        last = len(levels) - rules.quiet
        at = min(
            range(rules.earliest_cut, last + 1),
            key=lambda first: sum(levels[first : first + rules.quiet]),
        )
        frames = at + rules.quiet // 2
        ready = [self._segment(frames, final=True)]
        self._forget(frames)
        self._last_voiced = max(0, self._last_voiced - frames)
        self._voiced = self._last_voiced
        self._since_partial = 0
        return ready

    def _segment(self, frames: int, *, final: bool) -> Segment:
        pcm = b"".join(list(self._frames)[:frames])
        return Segment(self._start, self._start + len(pcm) // 2, pcm, final)

    def _forget(self, frames: int) -> None:
        for _ in range(min(frames, len(self._frames))):
            self._start += len(self._frames.popleft()) // 2
        for _ in range(min(frames, len(self._levels))):
            self._levels.popleft()
