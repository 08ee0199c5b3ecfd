"""What callers say, and when: recordings as PCM, and one pacer for the frames of all.

A frame is due when its last sample has been said: frame ``n`` of ``f`` seconds at ``start`` + n f.
Every due time is reckoned from ``start``, so that a late frame shifts no other. One timer of the
loop serves all voices: it stands for the soonest frame, and hands over all that are due when it
fires. A task and a timer for each frame of each caller would cost more than the frame itself.

A voice is live, as a microphone is: it waits for nothing. What a slow backend does not take in time
is kept by the session, and lost when that is full, as it would be for a person who talks.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Final

from openline.events import SourceKind
from openline_audio.source import SAMPLE_RATE, Sink
from openline_load.figures import Call
from openline_load.own import Own

#: Frames in one turn of the loop, so that a generator that is late still reads, and can be stopped.
_TURN: Final = 64


def now() -> float:
    """Seconds on the loop's clock, which all times of a load are on.

    asyncio's own loops read it anew at each call. uvloop reads it once a turn, so that it would
    hide how late a turn is: a load does not run on it.
    """
    return asyncio.get_running_loop().time()


class Pacer:
    """Hands over the frames of all voices on one loop, each when it is due."""

    def __init__(self, own: Own) -> None:
        self._own = own
        self._due: list[tuple[float, int, Voice]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._added = 0
        self._is_firing = False

    def add(self, at: float, voice: Voice) -> None:
        """The voice's next frame is due then."""
        self._added += 1
        heapq.heappush(self._due, (at, self._added, voice))
        if self._due[0][2] is voice and not self._is_firing:
            self._set()

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._fire)

    def _fire(self) -> None:
        self._timer, self._is_firing = None, True
        waiting = self._due
        for _ in range(_TURN):
            if not waiting or waiting[0][0] > (at := now()):
                break
            due, _, voice = heapq.heappop(waiting)
            if not voice.is_over:
                self._own.frame(due, at)
                voice.say()
        self._is_firing = False
        if waiting:
            self._set()


class Voice:
    """One caller's audio: ``pcm`` again and again, for ``seconds`` of audio, in frames.

    ``frame`` is in seconds, ``speed`` in seconds of audio a second.
    """

    kind = SourceKind.DEVICE
    may_be_silent = True

    def __init__(
        self,
        pacer: Pacer,
        call: Call,
        pcm: bytes,
        *,
        seconds: float,
        frame: float,
        speed: float = 1.0,
    ) -> None:
        self._pacer, self._call, self._pcm = pacer, call, pcm
        self._left = round(seconds * SAMPLE_RATE)
        self._frame = max(1, round(frame * SAMPLE_RATE))
        self._speed = speed
        self._at = 0
        self._said = 0
        self._start = 0.0
        self._audio: Callable[[bytes], None] = _nowhere
        self._over = asyncio.Event()
        self._fault: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether it says no more."""
        return self._over.is_set()

    @property
    def duration(self) -> float:
        """Seconds of audio in all."""
        return (self._said + self._left) / SAMPLE_RATE

    async def run(self, sink: Sink) -> None:
        """Say it."""
        self._audio = sink.audio
        self._start = now()
        self._call.talked(self._start, frame=self._frame, length=self._left)
        sink.started(self._start)
        self._next()
        try:
            await self._over.wait()
        finally:
            self._over.set()
        if self._fault is not None:
            raise self._fault

    def say(self) -> None:
        """The next frame is due. It raises nothing: what the session raises ends ``run``."""
        size = 2 * min(self._frame, self._left)
        end = self._at + size
        again = -(-end // len(self._pcm))  # from its beginning
        frame = (self._pcm if again == 1 else self._pcm * again)[self._at : end]
        self._at = end % len(self._pcm)
        self._said += size // 2
        self._left -= size // 2
        try:
            self._audio(frame)
        except Exception as exc:  # noqa: BLE001  # of the app's dialect
            self._fault = exc
            self._over.set()
        else:
            self._next()

    def _next(self) -> None:
        samples = min(self._frame, self._left)
        if not samples:
            self._over.set()
            return
        due = self._start + (self._said + samples) / (SAMPLE_RATE * self._speed)
        self._pacer.add(due, self)


def _nowhere(_frame: bytes) -> None:
    """Before ``run``."""
