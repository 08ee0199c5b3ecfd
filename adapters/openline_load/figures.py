"""What one call measured: events with their times in, figures out.

A ``Call`` is told what happens to one synthetic caller, in order, each with its time in seconds on
one clock. It keeps what its figures need and no more, so a call may last for hours. What each
figure is:

============  =================================================================================
connect       the first dial that opened its socket: from the dial to the open WebSocket (DNS, TCP,
              proxy, TLS, upgrade)
ack           from the start message to the line that is acknowledged; none where the dialect sends
              no start
first_words   from the caller's first sample to the first words of it, partial or final
final_lag     one for each final: from the moment at which the frame with the audio at its end was
              due until it came. Words that the backend will not change count when they come,
              though they become final only with their proof
lost          seconds of audio that were captured and not transcribed
reconnects    how often an acknowledged line was lost, and dialled again
refusals      how often a dial ended before it was acknowledged
============  =================================================================================

Time is reckoned from when a frame *should* have been handed over, never from when it was sent. So
a backend that stalls makes every final of the stall late, not only one: figures that wait for the
slow answer before they ask again would hide it (coordinated omission). A lag begins with the frame
because no backend can have the audio sooner: how long the caller takes to fill a frame is no
lateness of the backend.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from openline.updates import (
    SAMPLE_RATE,
    Ended,
    Gap,
    GapWithdrawn,
    State,
    StateChanged,
    Transcript,
    Update,
)
from openline_load.faults import Strike
from openline_load.own import Own


class Outcome(StrEnum):
    """How a call ended."""

    COMPLETE = "complete"  #: every captured sample is accounted for
    INCOMPLETE = "incomplete"  #: it ended, and something is missing
    LEFT = "left"  #: a fault of the load had it leave without a stop
    CUT_SHORT = "cut_short"  #: the load was interrupted before its end


class Interval(NamedTuple):
    """A figure and where it was measured: from ``start`` to ``end``."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length; below 0 where a backend claims an end behind the audio that it has."""
        return self.end - self.start


@dataclass(slots=True)
class Call:
    """One caller, by ``number``; it was to begin at ``due``.

    ``speed``: seconds of audio that it says in a second.
    """

    number: int
    due: float
    speed: float = 1.0
    connect: Interval | None = None
    ack: Interval | None = None
    first_words: Interval | None = None
    reconnects: int = 0
    refusals: int = 0
    starved: int = 0  #: of the refusals those for which the generator could open no file
    first_refusal: str = ""  #: why its first refused dial was refused
    dials: int = 0
    lost: float = 0.0
    audio: float = 0.0
    outcome: Outcome | None = None
    reason: str = ""
    began_at: float | None = None
    dialled_at: float | None = None  #: the newest dial
    opened_at: float | None = None  #: its WebSocket
    acked_at: float | None = None
    ended_at: float | None = None
    losses: list[float] = field(default_factory=list[float])  #: when lines were lost, or refused
    struck: list[Strike] = field(default_factory=list[Strike])  #: what the load did to it
    _captured: array[float] = field(default_factory=lambda: array("d"))
    _came: array[float] = field(default_factory=lambda: array("d"))
    _seen: set[str] = field(default_factory=set[str])
    _talked_at: float | None = None
    _frame: int = 0
    _length: int = 0
    _asked_at: float | None = None
    _is_acked: bool = False
    _has_left: bool = False

    def began(self, at: float) -> None:
        """The session is being opened."""
        self.began_at = at

    def opened(self, at: float) -> None:
        """The WebSocket of a dial is open."""
        self.opened_at = at
        if self.connect is None and self.dialled_at is not None:
            self.connect = Interval(self.dialled_at, at)

    def asked(self, at: float) -> None:
        """The start message of a dial goes out."""
        self._asked_at = at

    def talked(self, at: float, *, frame: int = 0, length: int = 0) -> None:
        """The caller's first sample was captured then.

        It hands over ``frame`` samples at a time, ``length`` in all; 0: each when it was captured.
        """
        self._talked_at, self._frame, self._length = at, frame, length

    def left(self) -> None:
        """A fault has it leave: what follows is no failure, and what it leaves behind no loss."""
        self._has_left = True

    def interrupted(self, at: float) -> None:
        """The load ends now; nothing more comes. An end that has come already stands."""
        if self.outcome is None:
            self.outcome, self.reason, self.ended_at = Outcome.CUT_SHORT, "interrupted", at

    def update(self, update: Update, at: float) -> None:
        """The session reported this."""
        match update:
            case StateChanged():
                self._entered(update, at)
            case Transcript():
                self._heard(update, at)
            case Ended():
                self._ended(update, at)
            case Gap() if not self._has_left:
                self.lost += update.seconds
            case GapWithdrawn() if not self._has_left:
                self.lost -= update.gap.seconds
            case _:
                pass

    @property
    def faults(self) -> list[str]:
        """What the load did to it, as text."""
        return [str(strike) for strike in self.struck]

    @property
    def final_lags(self) -> list[Interval]:
        """One for each final, in order of arrival."""
        return [Interval(*each) for each in zip(self._captured, self._came, strict=True)]

    @property
    def final_count(self) -> int:
        """How many finals have come."""
        return len(self._came)

    def final_lag(self, place: int) -> Interval:
        """The lag of one of them, from 0."""
        return Interval(self._captured[place], self._came[place])

    @property
    def is_live(self) -> bool:
        """Whether its line is acknowledged now."""
        return self._is_acked and self.outcome is None

    @property
    def failed(self) -> bool:
        """Whether it ended, of itself, and something is missing."""
        return self.outcome is Outcome.INCOMPLETE

    def lags_since(self, at: float) -> list[float]:
        """The final lags of those that came at ``at`` or later, in seconds."""
        first = len(self._came)
        while first and self._came[first - 1] >= at:
            first -= 1
        return [
            came - captured
            for captured, came in zip(self._captured[first:], self._came[first:], strict=True)
        ]

    def _entered(self, change: StateChanged, at: float) -> None:
        self.dials = max(self.dials, change.dial)
        match change.state:
            case State.CONNECTING:
                self.dialled_at, self._asked_at, self._is_acked = at, None, False
                self.opened_at = None
            case State.STREAMING | State.FINISHING if not self._is_acked:
                self._acked(at)
            case State.RECONNECTING | State.FAILED:
                self.losses.append(at)
                if self._is_acked:
                    self.reconnects += change.state is State.RECONNECTING
                else:
                    self.refusals += 1
                    self.first_refusal = self.first_refusal or change.reason
                self._is_acked = False
            case _:
                pass

    def _acked(self, at: float) -> None:
        self._is_acked = True
        if self.acked_at is None:
            self.acked_at = at
            if self._asked_at is not None:
                self.ack = Interval(self._asked_at, at)

    def _heard(self, words: Transcript, at: float) -> None:
        if self._talked_at is None:
            return
        if self.first_words is None:
            self.first_words = Interval(self._talked_at, at)
        if not (words.final or words.settled):
            return
        name = ".".join(words.id.split(".")[:3])  # a part counts as the whole
        if name and name in self._seen:
            return
        self._seen.add(name)
        self._captured.append(self._talked_at + self._handed_over(words.end) / self.speed)
        self._came.append(at)

    def _handed_over(self, end: float) -> float:
        """How many seconds of audio are there when the frame with the audio at ``end`` is due."""
        if not self._frame:
            return end
        samples = round(end * SAMPLE_RATE)
        filled = -(-samples // self._frame) * self._frame
        return min(filled, max(self._length, samples)) / SAMPLE_RATE

    def _ended(self, ended: Ended, at: float) -> None:
        self.ended_at = at
        self.dials = ended.statistics.dials
        captured = [each.captured for each in ended.statistics.sources.values()]
        self.audio = sum(captured) / SAMPLE_RATE
        self.reason = ended.reason
        if self._has_left:
            self.outcome, self.reason = Outcome.LEFT, "left without a stop"
        else:
            self.lost = sum(gap.samples for gap in ended.missing) / SAMPLE_RATE
            self.outcome = Outcome.COMPLETE if ended.complete else Outcome.INCOMPLETE


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least of ``ordered``, which is sorted, that ``share`` of them do not exceed.

    It is one of them (nearest rank), so that no figure is told that nobody measured.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Many measurements of one figure, in seconds; ``flagged``: how many may be our own fault."""

    count: int
    p50: float
    p95: float
    p99: float
    most: float
    flagged: int


def spread(intervals: Sequence[Interval], own: Own) -> Spread | None:
    """How they are spread; None if there are none."""
    if not intervals:
        return None
    ordered = sorted(each.seconds for each in intervals)
    flagged = sum(own.is_own(*each) for each in intervals)
    p50, p95, p99 = (quantile(ordered, share) for share in (0.5, 0.95, 0.99))
    return Spread(len(ordered), p50, p95, p99, ordered[-1], flagged)
