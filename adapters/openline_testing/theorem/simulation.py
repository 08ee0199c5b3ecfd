"""The state that all parts of a play share: schedule, policy, and virtual time.

The heap holds the pending actions, in order of time, and of scheduling where the time is
the same. The parts report the true fate of every sample to a ``Ledger``; none of them
reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappush
from typing import NamedTuple, Protocol

from openline.commands import Command
from openline.events import Event
from openline.policy import Policy
from openline.reconnect.verdicts import MAX_STRIKES
from openline.session import PastSource
from openline.updates import Transcript
from openline_testing.theorem.schedule import HORIZON, Schedule, keeps_up
from openline_testing.theorem.speech import Speech, claims_its_ends
from openline_testing.theorem.words import HeardWord


class Telling(NamedTuple):
    """A final of a backend that claims its ends: its text, and the words in it.

    ``bounds`` are session samples: the earliest and the latest that its beginning may be
    reported at, and the earliest of its end. None: a drop makes them uncertain.
    """

    text: str
    words: tuple[HeardWord, ...]
    bounds: tuple[int, ...] | None


class Ledger(Protocol):
    """Receives the true course of a play. Spans are session samples, from and up to."""

    def captured(self, source: str, start: int, end: int) -> None:
        """A source captured this."""
        ...

    def accepted_none(self, samples: int) -> None:
        """This many samples came after the stop, and must be refused."""
        ...

    def hole(self, source: str, start: int, end: int) -> None:
        """A source could not capture this."""
        ...

    def breaks_off(self, source: str) -> None:
        """A source fails before the stop."""
        ...

    def dropped(self, source: str, spans: list[tuple[int, int]], frames: int) -> None:
        """The backend dropped this."""
        ...

    def discarded(self, source: str, spans: list[tuple[int, int]]) -> None:
        """The backend discarded this as silence."""
        ...

    def finalised(
        self, key: str, source: str, spans: list[tuple[int, int]], telling: Telling | None = None
    ) -> None:
        """The backend made a final of this; ``key`` is its text, without a ``telling``."""
        ...

    def left(self, source: str, spans: list[tuple[int, int]], words: set[str]) -> None:
        """The backend ends, and leaves a partial of these spans, with these words if it claims."""
        ...

    def promised(self, key: str) -> None:
        """The backend sends that final after its final message, and does not lose it."""
        ...

    def ignored(self, source: str) -> None:
        """The backend ignores a frame of this source, and says so."""
        ...

    def happens(self, what: str) -> None:
        """The backend did this, which a check must not miss."""
        ...

    def sent(self, source: str, dial: int, start: int, end: int) -> None:
        """The session sent this on a dial."""
        ...

    def arrives(self, key: str, *, live: bool, known: Mapping[str, int]) -> None:
        """The session receives that final next; ``live``: its dial is not over for it.

        ``known``: by source, the session sample up to which figures that arrived on this dial
        show the audio to be out of the queue.
        """
        ...

    def commanded(self, event: Event, commands: list[Command]) -> None:
        """The commands of the session after ``event``."""
        ...


class Past:
    """The disk of a killed process."""

    __slots__ = ("sources", "transcript")

    def __init__(
        self, sources: tuple[PastSource, ...] = (), transcript: tuple[Transcript, ...] = ()
    ) -> None:
        self.sources = sources
        self.transcript = transcript


class Simulation:
    """The virtual time and the options of one play."""

    __slots__ = ("_count", "claims", "heap", "ledger", "now", "policy", "schedule", "speech")

    def __init__(self, schedule: Schedule, policy: Policy, speech: Speech, ledger: Ledger) -> None:
        self.schedule = schedule
        self.policy = policy
        self.speech = speech
        self.ledger = ledger
        self.claims = claims_its_ends(speech, schedule.claims)
        self.now = 0.0
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count: int = 0

    def at(self, delay: float, do: Callable[[], None]) -> None:
        """Call ``do`` after ``delay`` seconds."""
        self._count += 1
        heappush(self.heap, (self.now + delay, self._count, do))


#: Seconds: ping, pong, connect and ack of ``brisk``.
_DETECTION = 1.4


def brisk(schedule: Schedule, lag: float) -> Policy:
    """A policy under which much happens in little time, with the limits of ``schedule``.

    ``lag``: that of the dialect's traits.
    """
    return Policy(
        start_delay=0.02,
        connect_timeout=0.4,
        ack_timeout=0.4,
        ping_interval=0.3,
        pong_timeout=0.3,
        send_timeout=0.5,
        stall_timeout=8.0,  # longer than a window waits for figures
        backoff_first=0.1,
        backoff_cap=0.5,
        stable_after=1.0,
        prompt_retry=0.05,
        scatter=0.3,
        later_floor=0.2,
        proof_timeout=4.0,
        give_up_after=schedule.give_up,
        source_timeout=schedule.patience,
        finish_timeout=schedule.finish,
        close_timeout=0.5,
        # A simpler schedule may have a shorter buffer than the timeouts above allow.
        buffer_seconds=lag + max(schedule.buffer - HORIZON, _DETECTION),
        memory_seconds=schedule.memory,
    )


def calm(schedule: Schedule, policy: Policy) -> bool:
    """Whether no fault of the schedule excuses a loss: faults end and memory holds them."""
    return (
        schedule.aborts_at is None
        and schedule.metrics > 0  # without figures a silent source makes it seem deaf
        and (policy.buffer_seconds is None or policy.buffer_seconds >= 60)
        and policy.finish_timeout >= max(200, _longest_way(schedule, policy))
        and policy.give_up_after is None
        and policy.max_attempts is None
        and policy.dials_per_minute > len(schedule.dials) + len(schedule.faults) + 3
        # A deaf dial is a strike, and a session may not dial on after the last one.
        and schedule.dials.count("deaf") < MAX_STRIKES
        and schedule.disk_fails_at is None
        and not schedule.disk_forgets
        and keeps_up(schedule)
    )


def _longest_way(schedule: Schedule, policy: Policy) -> float:
    """An upper bound of the seconds to detect and retry every fault of the schedule."""
    noticed = policy.ping_interval + policy.pong_timeout + policy.send_timeout
    again = policy.backoff_cap + policy.later_floor + policy.scatter + 1
    once = noticed + again + policy.connect_timeout + policy.ack_timeout
    times = len(schedule.dials) + len(schedule.faults) + 1
    deaf = sum(way == "deaf" for way in schedule.dials) * (policy.stall_timeout + 1)
    return once * times + deaf + sum(fault.seconds for fault in schedule.faults)
