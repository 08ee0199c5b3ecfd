"""How busy a server is, by its own measurement, and so how many sessions it carries.

Two things can be used up. The event loop, which frames, queues and answers: it is busy while it
does not wait for the kernel (a trio instrument tells). And the recogniser, if it has a number of
workers: they are busy while they answer. Over an interval the server also counts how many seconds
of audio came through each: ``heard`` by the loop, and ``answered``, with finals, by the recogniser.

A source brings a second of audio each second. So what came through each second, by the part of it
that was busy, is how many sources would keep it busy all the time. Example: 20 sources bring 20 s
of audio a second, the loop is busy 25 % of the time and the one worker 40 %. The loop would carry
80, the worker 50: the capacity is 50. The figure is a proportion, so it is the better the nearer
the server is to its limit. More than ``max_sessions`` it never carries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import trio

from openline_server.recognizer import Recognizer


@runtime_checkable
class Staffed(Protocol):
    """A recogniser with a number of workers; any other answers everything at once."""

    @property
    def workers(self) -> int:
        """How many questions it answers at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a server did in an interval of ``seconds``.

    ``sessions`` are those of now, of ``most``; ``refused`` the starts that found no free session.
    ``heard``, ``answered`` and ``dropped`` are seconds of audio; ``loop`` and ``recogniser`` parts
    of the time that each was busy, 0 to 1.
    """

    seconds: float
    sessions: int
    most: int
    refused: int
    heard: float
    answered: float
    dropped: float
    loop: float
    recogniser: float

    @property
    def capacity(self) -> int | None:
        """How many sessions of one source it carries; None: it did nothing yet to tell by."""
        carried = [
            audio / self.seconds / busy
            for audio, busy in ((self.heard, self.loop), (self.answered, self.recogniser))
            if audio > 0 and busy > 0
        ]
        return min(self.most, *map(int, carried)) if carried else None

    def __str__(self) -> str:
        room = "" if self.capacity is None else f"; carries {self.capacity}"
        return (
            f"figures: {self.sessions} sessions, {self.refused} refused; "
            f"{self.heard / self.seconds:.1f} s of audio heard a second, "
            f"{self.dropped / self.seconds:.1f} s dropped; "
            f"loop {100 * self.loop:.0f} %, recogniser {100 * self.recogniser:.0f} %{room}"
        )


class Usage(trio.abc.Instrument):
    """Counts what a server does. Add it to the loop that serves, for the loop's part."""

    def __init__(self, recognizer: Recognizer, clock: Callable[[], float]) -> None:
        """``clock``: seconds, of a clock that never runs backwards."""
        self._clock = clock
        self._workers = recognizer.workers if isinstance(recognizer, Staffed) else 0
        self._waits_since: float | None = None
        self._since = clock()
        self._refused = 0
        self._heard = self._answered = self._dropped = self._waited = self._answering = 0.0

    def refused(self) -> None:
        """A start found no free session."""
        self._refused += 1

    def heard(self, seconds: float) -> None:
        """Recognisers took so much audio."""
        self._heard += seconds

    def dropped(self, seconds: float) -> None:
        """So much audio was dropped."""
        self._dropped += seconds

    def answered(self, seconds: float, audio: float) -> None:
        """A worker took so long for an answer, which makes so much audio final."""
        self._answering += seconds
        self._answered += audio

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002  # trio's
        """The loop has nothing to do."""
        self._waits_since = self._clock()

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002  # trio's
        """It has something to do."""
        if self._waits_since is not None:
            self._waited += self._clock() - self._waits_since
            self._waits_since = None

    def read(self, sessions: int, most: int) -> Reading:
        """What was done since the last reading, and begin the next interval."""
        now = self._clock()
        seconds = max(1e-9, now - self._since)
        staff = self._answering / seconds / self._workers if self._workers else 0.0
        reading = Reading(
            seconds, sessions, most, self._refused, self._heard, self._answered, self._dropped,
            min(1.0, max(0.0, 1 - self._waited / seconds)), min(1.0, staff),
        )  # fmt: skip
        self._since, self._refused = now, 0
        self._heard = self._answered = self._dropped = self._waited = self._answering = 0.0
        return reading


async def tell(
    usage: Usage, read: Callable[[], Reading], every: float, announce: Callable[[str], None]
) -> None:
    """Announce what ``read`` reads, ``every`` so many seconds, and once more when cancelled."""
    trio.lowlevel.add_instrument(usage)
    read()
    due = trio.current_time()
    try:
        while True:
            due += every
            await trio.sleep_until(due)
            announce(str(read()))
    finally:
        announce(str(read()))
