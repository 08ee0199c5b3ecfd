"""How other clients dial again: formulas, played through the same world.

Three are the usual ones, with openline's own first delay and cap, so that only their shape
differs. d doubles from 1 s to 10 s; the delay is d (*no jitter*), U(d/2, d) (*equal jitter*) or
U(0, d) (*full jitter*). The fourth is what ``async for … in connect(…)`` of websockets does: at
once after a line is lost, then U(0, 5), then 3.1 s, and 1.618 times more at each failure up to
90 s, without jitter.

A formula knows nothing of why a dial failed: a 503 and a refusal are the same to it. A line that
opens resets each of them, as the loops around them do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

from websockets import client as websockets

from bench.herd.backend import LOSS, HerdBackend, Outcome
from openline import Policy

#: Seconds before the try with this number, from 0, since a line was open.
Delay: TypeAlias = Callable[[int, Random], float]
#: The first d and the largest, in seconds.
FIRST: Final = Policy().backoff_first
CAP: Final = Policy().backoff_cap
#: Seconds that a dial may take: openline's and websockets' default.
PATIENCE: Final = 10.0
#: Seconds after which a line that went mute is noticed, the least and the most: by pings that
#: go out each five seconds and wait for five, as openline's do.
NOTICED: Final = (5.0, 10.0)


def _doubled(number: int, first: float = FIRST, cap: float = CAP) -> float:
    return min(cap, first * 2.0 ** min(number, 64))


def no_jitter(number: int, _random: Random) -> float:
    """d."""
    return _doubled(number)


def equal_jitter(number: int, random: Random, *, first: float = FIRST, cap: float = CAP) -> float:
    """U(d/2, d), of a d that doubles from ``first`` to ``cap`` seconds."""
    return _doubled(number, first, cap) * (1 + random.random()) / 2


def full_jitter(number: int, random: Random) -> float:
    """U(0, d)."""
    return _doubled(number) * random.random()


def of_websockets(number: int, random: Random) -> float:
    """The delays of websockets, with its own constants."""
    if number == 0:
        return 0.0
    if number == 1:
        return random.random() * websockets.BACKOFF_INITIAL_DELAY
    delay = websockets.BACKOFF_MIN_DELAY * websockets.BACKOFF_FACTOR ** min(number - 2, 64)
    return min(delay, websockets.BACKOFF_MAX_DELAY)


PEERS: Final[Mapping[str, Delay]] = MappingProxyType(
    {
        "full jitter": full_jitter,
        "equal jitter": equal_jitter,
        "no jitter": no_jitter,
        "websockets": of_websockets,
    }
)


class PeerClient:
    """One client that dials by ``delay``; the rest is as with ``MachineClient``."""

    __slots__ = ("_answer", "_backend", "_delay", "_random", "_rtt", "_tries", "at", "dials",
                 "streams_at")  # fmt: skip

    failed = False

    def __init__(
        self,
        backend: HerdBackend,
        *,
        delay: Delay,
        random: Random,
        rtt: float,
        loss: int | None,
    ) -> None:
        self._backend, self._delay, self._random, self._rtt = backend, delay, random, rtt
        self._answer: Outcome | None = None  # of the dial that is under way
        self._tries = self.dials = 0
        self.streams_at: float | None = None
        self.at = LOSS + (random.uniform(*NOTICED) if loss is None else rtt / 2)
        self._wait()

    def step(self) -> float:
        """Do what is due at ``at``; return the next ``at``."""
        answer = self._answer
        if answer is None:
            self._begin()
        elif answer is Outcome.OPENED:
            self.streams_at, self.at = self.at, math.inf
        else:
            if answer is Outcome.RESTARTING:
                self._tries = 0
            self._answer = None
            self._wait()
        return self.at

    def _wait(self) -> None:
        self.at += self._delay(self._tries, self._random)
        self._tries += 1

    def _begin(self) -> None:
        self.dials += 1
        outcome, after = self._backend.dial(self.at)
        self._answer, rtt = outcome, self._rtt
        match outcome:
            case Outcome.MUTE:
                self.at += PATIENCE
            case Outcome.OPENED:
                self.at += rtt + after + rtt  # the ack of the start
            case Outcome.RESTARTING:
                self.at += rtt + after + rtt / 2
            case _:
                self.at += rtt + after
